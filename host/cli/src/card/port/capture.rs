//! A capture in the place of a wire.
use super::{Port, Received};
use riposte_capture::{Channel, Record};
use riposte_device::Transmitted;
use std::path::Path;

type Frames = Box<dyn Iterator<Item = Result<Record, riposte_capture::Error>> + Send>;

/// Frames of a file; what is sent goes nowhere.
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
