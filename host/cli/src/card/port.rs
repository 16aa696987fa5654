//! Where a served card's frames come from and go to.
use riposte_capture::{Channel, Record};
use riposte_device::Transmitted;
use std::path::{Path, PathBuf};

/// What a port has for the card at this moment.
#[derive(Debug, PartialEq, Eq)]
pub enum Received {
    Frame(Record),
    /// Nothing now.
    Nothing,
    /// Nothing, for ever.
    Ended,
}

/// A wire, both ways.
pub trait Port {
    /// The next frame, if it is due at `now_ns` of the server's clock.
    fn receive(&mut self, now_ns: u64) -> anyhow::Result<Received>;

    /// Sends a frame; it has left when this returns. A port that only receives forgets it.
    fn transmit(&mut self, frame: &Transmitted) -> anyhow::Result<()>;
}

/// Which port, as the command line names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortName {
    /// `pcap:FILE`.
    Capture(PathBuf),
}

impl std::str::FromStr for PortName {
    type Err = String;

    fn from_str(name: &str) -> Result<PortName, String> {
        match name.split_once(':') {
            Some(("pcap", file)) if !file.is_empty() => Ok(PortName::Capture(file.into())),
            _ => Err("a port is `pcap:FILE`, a capture or raw ITCH".to_owned()),
        }
    }
}

type Frames = Box<dyn Iterator<Item = Result<Record, riposte_capture::Error>> + Send>;

impl PortName {
    /// The file that the port reads.
    pub fn file(&self) -> Option<&Path> {
        let PortName::Capture(file) = self;
        Some(file)
    }
}

/// A capture in the place of a wire; what is sent goes nowhere.
pub struct CapturePort {
    frames: Frames,
    next: Option<Record>,
    pace: Pace,
}

/// When frames are due.
enum Pace {
    /// As soon as the card takes them.
    Free,
    /// As in the capture: the first at once.
    Unset,
    /// The server's clock and the capture's at the first frame.
    Since { now_ns: u64, time_ns: u64 },
}

impl CapturePort {
    pub fn open(file: &Path, is_paced: bool) -> anyhow::Result<CapturePort> {
        let frames = riposte_capture::open(file)?.into_frames(Channel::default())?;
        let pace = if is_paced { Pace::Unset } else { Pace::Free };
        Ok(CapturePort { frames, next: None, pace })
    }

    /// Whether a frame of this time may be shown.
    fn is_due(&mut self, frame_ns: u64, now_ns: u64) -> bool {
        match self.pace {
            Pace::Free => true,
            Pace::Unset => {
                self.pace = Pace::Since { now_ns, time_ns: frame_ns };
                true
            }
            // A capture whose clock goes back shows its frames without a wait.
            Pace::Since { now_ns: start_ns, time_ns } => {
                now_ns.saturating_sub(start_ns) >= frame_ns.saturating_sub(time_ns)
            }
        }
    }
}

impl Port for CapturePort {
    fn receive(&mut self, now_ns: u64) -> anyhow::Result<Received> {
        if self.next.is_none() {
            // An empty record of a damaged capture has no word to show.
            let has_words = |record: &Result<Record, _>| record.as_ref().map_or(true, |record| !record.bytes.is_empty());
            self.next = self.frames.by_ref().find(has_words).transpose()?;
        }
        let Some(record) = self.next.take() else { return Ok(Received::Ended) };
        if self.is_due(record.time_ns, now_ns) {
            return Ok(Received::Frame(record));
        }
        self.next = Some(record);
        Ok(Received::Nothing)
    }

    fn transmit(&mut self, _: &Transmitted) -> anyhow::Result<()> {
        Ok(())
    }
}

/// Opens the port that a name stands for.
pub fn open(name: &PortName, is_paced: bool) -> anyhow::Result<Box<dyn Port>> {
    let PortName::Capture(file) = name;
    Ok(Box::new(CapturePort::open(file, is_paced)?))
}
