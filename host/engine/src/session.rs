//! What we know of a session: whether it stands, and which report comes next.
use crate::message::{fields, messages};

messages! {
    /// How far a session is.
    Standing {
        Down = 1;
        /// Logged in; the venue tells what we missed.
        Replaying = 2;
        Current = 3;
        /// The venue has ended the day.
        Ended = 4;
    }
}

/// Numbers of one stream of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Numbers {
    /// The report that comes next.
    pub expected: u64,
    /// Reports from `expected` on were asked for.
    pub asked: bool,
}

/// What to do with a report of this number.
pub(crate) enum Place {
    Next,
    Again,
    /// Reports are missing; `true` the first time.
    Gap(bool),
}

impl Numbers {
    pub const NEW: Numbers = Numbers { expected: 1, asked: false };

    pub fn place(&mut self, sequence: u64) -> Place {
        if sequence < self.expected {
            return Place::Again;
        }
        if sequence > self.expected {
            return Place::Gap(!std::mem::replace(&mut self.asked, true));
        }
        *self = Numbers { expected: self.expected.saturating_add(1), asked: false };
        Place::Next
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Session {
    pub standing: Standing,
    /// Of the session and of the drop copy.
    pub numbers: [Numbers; 2],
    /// Above every number that an order of it is known to have.
    pub next_user_ref: u32,
    pub heard_ns: u64,
    pub timer_asked_ns: u64,
    /// C27: when the venue cancels.
    pub timer_until_ns: u64,
    /// C26: open orders whose end is not proven.
    pub at_loss: u32,
    /// Their end is to be proven.
    pub proving: bool,
}

fields! {
    Numbers { expected, asked }
    Session { standing, numbers, next_user_ref, heard_ns, timer_asked_ns, timer_until_ns, at_loss, proving }
}

impl Session {
    pub const NEW: Session = Session {
        standing: Standing::Down,
        numbers: [Numbers::NEW; 2],
        next_user_ref: 1,
        heard_ns: 0,
        timer_asked_ns: 0,
        timer_until_ns: 0,
        at_loss: 0,
        proving: false,
    };
}
