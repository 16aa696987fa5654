//! A capture of what a served card transmits.
use anyhow::{Context, ensure};
use riposte_capture::PcapWriter;
use riposte_device::Transmitted;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

/// A nanosecond pcap that grows with every frame.
pub struct SentFile {
    path: PathBuf,
    writer: PcapWriter<BufWriter<File>>,
}

impl SentFile {
    /// Replaces what is at `path`, unless the port reads it.
    pub fn create(path: &Path, read: Option<&Path>) -> anyhow::Result<SentFile> {
        let is_same = read.is_some_and(|read| path.canonicalize().ok() == read.canonicalize().ok() && read.exists());
        ensure!(!is_same, "{}: is read; name another file for --transmit", path.display());
        let make = || PcapWriter::new(BufWriter::new(File::create(path)?)).and_then(|mut writer| writer.flush().map(|()| writer));
        let writer = make().with_context(|| format!("{}: cannot be written", path.display()))?;
        Ok(SentFile { path: path.to_owned(), writer })
    }

    /// Writes a frame; it is in the file when this returns, also if the process ends behind it.
    pub fn write(&mut self, frame: &Transmitted) -> anyhow::Result<()> {
        // One write of the whole record, so that a killed process leaves none that is torn.
        let written = self.writer.write(frame.time_ns, &frame.bytes).and_then(|()| self.writer.flush());
        written.with_context(|| format!("{}: cannot be written", self.path.display()))
    }
}
