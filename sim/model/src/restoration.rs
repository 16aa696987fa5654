//! Which port's frames are taken, and since when: the wire's, or the host's while it restores the books.
use riposte_device::Port;
use riposte_map::limits::CLEAR_CYCLES;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Frames of the wire that begin in this cycle or later are taken.
    Wire { from: u64 },
    /// The books are being emptied; from `ready` on the host's frames are taken.
    Clearing { ready: u64 },
    Host,
}

#[derive(Clone, Debug)]
pub struct Restoration {
    state: State,
    /// Port of the last frame that was taken, and the cycle of its last word.
    taken: Option<(Port, u64)>,
    /// Sequence number that the host's frames begin with.
    sequence: u64,
}

impl Default for Restoration {
    fn default() -> Restoration {
        Restoration { state: State::Wire { from: 0 }, taken: None, sequence: 0 }
    }
}

impl Restoration {
    /// Whether a frame is taken whose first word is shown in `first` and its last in `last`.
    pub fn take(&mut self, port: Port, first: u64, last: u64) -> bool {
        let takes = match (self.state, port) {
            (State::Wire { from }, Port::Wire) => first >= from,
            (State::Clearing { ready }, Port::Host) => first >= ready,
            (State::Host, Port::Host) => true,
            _ => false,
        };
        if takes {
            self.taken = Some((port, last));
        }
        takes
    }

    /// The cycle behind the last word of the frame of `port` that is under way in `cycle`, or `cycle`.
    fn behind(&self, cycle: u64, port: impl Fn(Port) -> bool) -> Option<u64> {
        self.taken.filter(|&(of, last)| port(of) && last >= cycle).map(|(_, last)| last + 1)
    }

    /// Clear, visible in `cycle`.
    pub fn clear(&mut self, cycle: u64, sequence: u64) {
        let idle = self.behind(cycle, |_| true).unwrap_or(cycle);
        self.state = State::Clearing { ready: idle + CLEAR_CYCLES };
        self.sequence = sequence;
    }

    /// Resume, visible in `cycle`.
    pub fn resume(&mut self, cycle: u64) {
        let idle = self.behind(cycle, |port| port == Port::Host).unwrap_or(cycle);
        self.state = State::Wire { from: idle + 1 };
    }

    /// Cycle from which on the books are empty, while they are being emptied.
    pub fn ready(&self) -> Option<u64> {
        if let State::Clearing { ready } = self.state { Some(ready) } else { None }
    }

    /// The books are empty.
    pub fn cleared(&mut self) -> u64 {
        self.state = State::Host;
        self.sequence
    }

    /// Whether the host's frames are taken.
    pub fn takes_host(&self) -> bool {
        self.state == State::Host
    }
}
