//! Where segments are written, as a trait, so that a test can fill the disk, break it or cut its power.
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Makes segments, and brings what of the machine the writer needs: clock and randomness.
pub trait Disk: Send {
    /// Makes or replaces `path` with `header` as its content, durable with its name when this returns.
    fn create(&mut self, path: &Path, header: &[u8]) -> io::Result<Box<dyn SegmentFile>>;

    /// Wall clock, nanoseconds since 1970 UTC.
    fn now_unix_ns(&mut self) -> u64;

    fn random(&mut self) -> io::Result<[u8; 16]>;
}

/// An open segment.
pub trait SegmentFile: Send {
    /// Writes all of `bytes`, or fails with any part of them written.
    fn write(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Returns when all that was written is durable.
    fn sync(&mut self) -> io::Result<()>;

    /// Drops what is behind `length`.
    fn cut(&mut self, length: u64) -> io::Result<()>;
}

/// The file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct Files;

impl Disk for Files {
    fn create(&mut self, path: &Path, header: &[u8]) -> io::Result<Box<dyn SegmentFile>> {
        Ok(Box::new(replace(path, &[header])?))
    }

    fn now_unix_ns(&mut self) -> u64 {
        now_unix_ns()
    }

    fn random(&mut self) -> io::Result<[u8; 16]> {
        random()
    }
}

impl SegmentFile for File {
    fn write(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}

/// Writes `parts` beside `path`, for its owner only, and renames: the name stands for the whole content or
/// the old one.
pub(crate) fn replace(path: &Path, parts: &[&[u8]]) -> io::Result<File> {
    let partial = path.with_extension(PARTIAL);
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(&partial)?;
    let mut offset = 0;
    let written = parts.iter().try_for_each(|part| {
        file.write_all_at(part, offset)?;
        offset += part.len() as u64;
        Ok(())
    });
    if let Err(error) = written.and_then(|()| file.sync_all()).and_then(|()| std::fs::rename(&partial, path)) {
        // On a full disk the partial file would keep the room that is needed.
        let _ = std::fs::remove_file(&partial);
        return Err(error);
    }
    sync_folder(path.parent().unwrap_or(Path::new(".")))?;
    Ok(file)
}

/// Makes names that were added to or removed from a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Extension of what is not yet whole.
pub(crate) const PARTIAL: &str = "partial";

/// Wall clock, nanoseconds since 1970 UTC.
pub fn now_unix_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

pub(crate) fn random() -> io::Result<[u8; 16]> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(bytes)
}
