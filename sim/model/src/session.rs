//! The MoldUDP64 session: which messages of a packet are new, and what its header tells of the channel.
use riposte_map::{counter::Counter, reason::Reason};
use std::collections::VecDeque;

/// A MoldUDP64 downstream header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub session: [u8; 10],
    pub sequence: u64,
    /// 0 is a heartbeat, 0xffff the end of the session.
    pub count: u16,
}

/// What to do with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    /// Blocks that the packet announces.
    pub blocks: u64,
    /// The first so many of them are dropped.
    pub dropped: u64,
    /// Counters to count up.
    pub counters: [Option<Counter>; 2],
    /// A channel error of the header.
    pub error: Option<Reason>,
    /// Expected sequence number before this packet.
    pub expected: u64,
}

impl Header {
    /// Blocks that the packet announces.
    pub fn blocks(&self) -> u64 {
        if self.count == 0xffff { 0 } else { u64::from(self.count) }
    }
}

/// What the session knew in a cycle.
#[derive(Clone, Copy, Debug)]
pub struct View {
    pub known: Option<[u8; 10]>,
    pub expected: u64,
    pub fresh: bool,
}

/// A view is asked for at most so many cycles back.
const VIEW_CYCLES: u64 = 8;

/// State of the channel.
#[derive(Clone, Debug)]
pub struct Session {
    known: Option<[u8; 10]>,
    expected: u64,
    ended: bool,
    /// No packet came since a restart.
    fresh: bool,
    /// In which cycle the last packet was judged.
    judged: Option<u64>,
    /// What it knew, and from which cycle on; ascending.
    views: VecDeque<(u64, View)>,
}

impl Default for Session {
    fn default() -> Session {
        let view = View { known: None, expected: 1, fresh: false };
        Session { known: None, expected: 1, ended: false, fresh: false, judged: None, views: [(0, view)].into() }
    }
}

impl Session {
    /// What it knew in `cycle`; nothing earlier is asked for later.
    pub fn view(&mut self, cycle: u64) -> View {
        while self.views.get(1).is_some_and(|next| next.0 + VIEW_CYCLES <= cycle) {
            self.views.pop_front();
        }
        let known = self.views.iter().rev().find(|view| view.0 <= cycle);
        known.or(self.views.front()).map(|view| view.1).expect("there is always one")
    }

    fn changed(&mut self, from: u64) {
        let view = View { known: self.known, expected: self.expected, fresh: self.fresh };
        self.views.push_back((from, view));
    }

    /// From `cycle` on, whichever session comes, wherever it is, is the one.
    pub fn restart(&mut self, cycle: u64) {
        self.known = None;
        self.ended = false;
        self.fresh = true;
        self.changed(cycle);
    }

    /// Whether a command that acts in `cycle` finds the feed going on with `sequence`.
    pub fn may_resume(&self, cycle: u64, sequence: u64) -> bool {
        let moves = self.judged.is_some_and(|judged| judged + 3 >= cycle);
        !moves && self.expected == sequence
    }

    /// The feed goes on with what is expected.
    pub fn resume(&mut self, cycle: u64) {
        self.fresh = false;
        self.changed(cycle);
    }

    /// Takes the header of the next packet, judged in `cycle`; `aside`: its messages are dropped.
    pub fn admit(&mut self, cycle: u64, header: &Header, aside: bool) -> Admission {
        self.judged = Some(cycle);
        let mut admission = self.place(header);
        self.changed(cycle + 1);
        if aside {
            admission.dropped = admission.blocks;
        }
        admission
    }

    fn place(&mut self, header: &Header) -> Admission {
        let (sequence, expected) = (header.sequence, self.expected);
        let mut admission =
            Admission { blocks: 0, dropped: 0, counters: [None; 2], error: None, expected };
        let known = *self.known.get_or_insert(header.session);
        match header.count {
            count if known != header.session => {
                admission.counters[0] = Some(Counter::SessionChanges);
                admission.error = Some(Reason::SessionChange);
                if count != 0xffff {
                    admission.blocks = u64::from(count);
                    admission.dropped = admission.blocks;
                }
            }
            0xffff => {
                admission.counters[0] = Some(Counter::EndsOfSession);
                admission.error = (!self.ended).then_some(Reason::EndOfSession);
                self.ended = true;
            }
            count => {
                admission.blocks = u64::from(count);
                let next = sequence.wrapping_add(admission.blocks);
                if count == 0 {
                    admission.counters[0] = Some(Counter::Heartbeats);
                }
                if std::mem::take(&mut self.fresh) {
                    self.expected = next;
                } else if sequence > expected {
                    admission.counters[1] = Some(Counter::Gaps);
                    admission.error = Some(Reason::Gap);
                    self.expected = next;
                } else if sequence == expected {
                    self.expected = next;
                } else if count != 0 && next <= expected {
                    admission.counters[1] = Some(Counter::Duplicates);
                    admission.dropped = admission.blocks;
                } else if count != 0 {
                    admission.counters[1] = Some(Counter::Overlaps);
                    admission.dropped = expected - sequence;
                    self.expected = next;
                }
            }
        }
        admission
    }
}
