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
    /// Bought and sold.
    pieces: u64,
    /// Bought less sold, book value.
    net: i128,
}

#[derive(Clone, Copy, Default, Hash)]
pub(crate) struct Bursts {
    instruments: [Burst; INSTRUMENTS],
    book: Burst,
}

fields! {
    Burst { until_ns, pieces, net }
    Bursts { instruments, book }
}

impl Burst {
    /// Takes an execution at `now_ns`, into a window to `until_ns` if it falls into none.
    fn take(&mut self, now_ns: u64, until_ns: u64, pieces: u64, net: i128) {
        if now_ns >= self.until_ns {
            *self = Burst { until_ns, ..Burst::default() };
        }
        self.pieces = self.pieces.saturating_add(pieces);
        self.net = self.net.saturating_add(net);
    }
}

impl Engine {
    /// Whether what has traded of late, with the execution at `at`, stays within its limits; one that is unset limits nothing.
    pub(crate) fn watch_burst(&mut self, at: usize, out: &mut Outputs) {
        let execution = *self.executions.get(at);
        let (instrument, signed) = (execution.instrument, execution.signed());
        let net = value(execution.price, signed, self.config.instruments[usize::from(instrument)].multiplier);
        let until_ns = self.now_ns.saturating_add(self.config.times.protection_ns);
        let Bursts { instruments, book } = &mut self.bursts;
        let one = &mut instruments[usize::from(instrument)];
        one.take(self.now_ns, until_ns, signed.unsigned_abs(), net);
        book.take(self.now_ns, until_ns, signed.unsigned_abs(), net);
        let (pieces, net) = (one.pieces, book.net.unsigned_abs());
        let most = |limit, index| self.limits.get(limit, index).filter(|most| *most != 0);
        let of_one = most(Limit::ProtectionPieces, instrument).is_some_and(|most| pieces > most);
        let of_book = most(Limit::ProtectionNet, 0).is_some_and(|most| net > most.into());
        if of_one {
            self.trip(Guard::Protection, instrument, Effect::Fence(1 << instrument), out);
        }
        if of_book {
            self.trip(Guard::Protection, BOOK, Effect::Fence(ALL), out);
        }
    }
}
