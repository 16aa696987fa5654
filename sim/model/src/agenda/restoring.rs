//! Which frames are taken, and that the books are empty.
use super::{Agenda, NEVER, Rank, channel_event};
use riposte_device::Port;
use riposte_map::{counter::Counter, limits::INSTRUMENTS, reason::Reason};

impl Agenda {
    /// Whether a frame is taken whose words are shown from `first` to `last`; what commands did by `first` is seen.
    pub fn take(&mut self, port: Port, first: u64, last: u64) -> bool {
        if self.restoration.ready().is_some_and(|ready| ready <= first) {
            self.settle(first);
            self.empty_books(first);
        }
        let takes = self.restoration.take(port, first, last);
        if !takes {
            self.count(match port {
                Port::Wire => Counter::FramesMissed,
                Port::Host => Counter::FramesUnwanted,
            });
        }
        takes
    }

    /// The books were emptied before this frame: the sequence number that the session goes on with.
    pub fn emptied(&mut self) -> Option<u64> {
        self.emptied.take()
    }

    /// If from `cycle` on every book is empty and taken from the host, makes it known.
    pub(super) fn empty_books(&mut self, cycle: u64) -> bool {
        if self.restoration.ready().is_none_or(|ready| ready > cycle) {
            return false;
        }
        self.emptied = Some(self.restoration.cleared());
        self.emptied_at = Some(cycle);
        self.sound = u16::MAX;
        self.touched = [NEVER; INSTRUMENTS];
        self.wait(cycle, Rank::Cleared, channel_event(Reason::Cleared));
        true
    }

    /// Whether a command that acts in `cycle` finds the books being emptied.
    pub(super) fn clearing(&self, cycle: u64) -> bool {
        self.restoration.ready().is_some() || self.emptied_at == Some(cycle)
    }

    pub(super) fn restoring(&self, cycle: u64) -> bool {
        self.clearing(cycle) || self.restoration.takes_host()
    }
}
