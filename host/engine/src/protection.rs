//! Market-maker protection (C17): how much of an instrument, and of the whole book, trades within a window.
//!
//! In: executions as they are booked. Out: guard `Protection`, which fences and cancels. Why: an offer that many take at once is
//! wrong, and whoever made it wants to be out before he knows why.
//!
//! Holds: a window begins with the first execution that falls into none, and lasts `protection_ns`. An execution counts once,
//! when it is first told, however late; one that is broken gives nothing back. Not here: a protection that the venue has itself.
use crate::engine::{ALL, Engine};
use crate::guards::{BOOK, Effect};
use crate::input::Limit;
use crate::message::fields;
use crate::output::{Guard, Outputs};
use crate::position::value;
use riposte_map::limits::INSTRUMENTS;

/// What was executed in a window.
#[derive(Clone, Copy, Default, Hash)]
struct Burst {
    until_ns: u64,
    sum: i128,
}

#[derive(Clone, Copy, Default, Hash)]
pub(crate) struct Bursts {
    /// Pieces, bought and sold.
    instruments: [Burst; INSTRUMENTS],
    /// Bought less sold, book value.
    book: Burst,
}

fields! {
    Burst { until_ns, sum }
    Bursts { instruments, book }
}

impl Burst {
    /// Adds an execution at `now_ns`, into a window to `until_ns` if it falls into none; gives the window's sum.
    fn add(&mut self, now_ns: u64, until_ns: u64, more: i128) -> i128 {
        if now_ns >= self.until_ns {
            *self = Burst { until_ns, sum: 0 };
        }
        self.sum = self.sum.saturating_add(more);
        self.sum
    }
}

impl Engine {
    /// Whether what has traded of late, with the execution at `at`, stays within its limits; one that is unset limits nothing.
    pub(crate) fn watch_burst(&mut self, at: usize, out: &mut Outputs) {
        let execution = *self.executions.get(at);
        let (instrument, signed) = (execution.instrument, execution.signed());
        let net = value(execution.price, signed, self.config.instruments[usize::from(instrument)].multiplier);
        let until_ns = self.now_ns.saturating_add(self.config.times.protection_ns);
        let pieces = self.bursts.instruments[usize::from(instrument)].add(self.now_ns, until_ns, i128::from(signed).abs());
        let net = self.bursts.book.add(self.now_ns, until_ns, net).abs();
        let is_beyond = |sum: i128, limit, index| self.limits.get(limit, index).is_some_and(|most| most != 0 && sum > most.into());
        let [of_one, of_book] = [is_beyond(pieces, Limit::ProtectionPieces, instrument), is_beyond(net, Limit::ProtectionNet, 0)];
        if of_one {
            self.trip(Guard::Protection, instrument, Effect::Fence(1 << instrument), out);
        }
        if of_book {
            self.trip(Guard::Protection, BOOK, Effect::Fence(ALL), out);
        }
    }
}
