//! How far a restoration is.
use riposte_map::limits::{CLEAR_CYCLES, RESUME_CYCLES, ROW_CYCLES};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Idle,
    /// The books are being emptied; from `ready` on they take rows.
    Clearing { ready: u64 },
    /// They take rows, from a cycle on.
    Open { since: u64 },
}

#[derive(Clone, Debug, Default)]
pub struct Restoration {
    state: State,
    /// First and last word of the last two frames.
    frames: [Option<(u64, u64)>; 2],
    /// In which cycle the last row acted.
    last_row: Option<u64>,
}

impl Restoration {
    /// A frame is shown from cycle `first` to `last`.
    pub fn frame(&mut self, first: u64, last: u64) {
        self.frames = [Some((first, last)), self.frames[0]];
    }

    /// The last frame is put off: it ends with cycle `last`, if it has not before.
    pub fn put_off(&mut self, last: u64) {
        if let Some(frame) = &mut self.frames[0] {
            frame.1 = frame.1.min(last);
        }
    }

    /// Clear, visible in `cycle`.
    pub fn clear(&mut self, cycle: u64) {
        let under_way = self.frames.into_iter().flatten().find(|&(first, last)| first < cycle && last >= cycle);
        let idle = under_way.map_or(cycle, |(_, last)| last + 1);
        self.state = State::Clearing { ready: idle + CLEAR_CYCLES };
    }

    /// Cycle from which on the books take rows, while they are being emptied.
    pub fn ready(&self) -> Option<u64> {
        if let State::Clearing { ready } = self.state { Some(ready) } else { None }
    }

    /// The books are empty.
    pub fn open(&mut self, since: u64) {
        self.state = State::Open { since };
    }

    pub fn resume(&mut self) {
        self.state = State::Idle;
    }

    /// The feed's messages are dropped.
    pub fn is_aside(&self) -> bool {
        self.state != State::Idle
    }

    /// As a command finds it that acts in `cycle`, which is decided in the cycle before.
    pub fn is_clearing(&self, cycle: u64) -> bool {
        match self.state {
            State::Idle => false,
            State::Clearing { .. } => true,
            State::Open { since } => since == cycle,
        }
    }

    pub fn is_open(&self, cycle: u64) -> bool {
        self.is_aside() && !self.is_clearing(cycle)
    }

    /// Whether a row that acts in `cycle` is too near to the last one.
    pub fn row_is_early(&self, cycle: u64) -> bool {
        self.last_row.is_some_and(|last| cycle - last < ROW_CYCLES)
    }

    pub fn resume_is_early(&self, cycle: u64) -> bool {
        self.last_row.is_some_and(|last| cycle - last < RESUME_CYCLES)
    }

    pub fn row(&mut self, cycle: u64) {
        self.last_row = Some(cycle);
    }
}
