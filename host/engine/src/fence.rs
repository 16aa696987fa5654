//! What is fenced: of which no order leaves.
//!
//! In: instruments, sides of instruments, rules. Out: the arguments of the card's `Fence` and `Lift`. Why: whoever fences one thing takes
//! away nothing that somebody else has fenced, so fences are sets.
use crate::generation::{RULE_COUNT, rule_number};
use crate::input::Side;
use crate::message::fields;
use riposte_map::limits::{INSTRUMENTS, RULES};

/// A set of instruments, of their buys, of their sells, and of rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Fence {
    /// Bit per instrument, here and of the sides.
    pub instruments: u16,
    pub buys: u16,
    pub sells: u16,
    /// Bit `RULES` * instrument + rule.
    pub rules: u64,
}

fields!(Fence { instruments, buys, sells, rules });

impl Fence {
    pub const NONE: Fence = Fence { instruments: 0, buys: 0, sells: 0, rules: 0 };

    /// Of whole instruments, bit per instrument.
    pub const fn of(instruments: u16) -> Fence {
        Fence { instruments, ..Fence::NONE }
    }

    /// Of one rule; `None` if the card has no such.
    pub fn of_rule(instrument: u8, rule: u8) -> Option<Fence> {
        rule_number(instrument, rule).map(|at| Fence { rules: 1 << at, ..Fence::NONE })
    }

    /// Numbers of the rules, each with its instrument's.
    pub fn rules(self) -> impl Iterator<Item = (u8, u8)> {
        let all = (0..RULE_COUNT).filter(move |at| self.rules >> at & 1 == 1);
        all.map(|at| ((at / RULES) as u8, (at % RULES) as u8))
    }

    pub fn is_none(self) -> bool {
        self == Fence::NONE
    }

    pub(crate) fn with(self, other: Fence) -> Fence {
        self.combined(other, |one, other| one | other)
    }

    pub(crate) fn without(self, other: Fence) -> Fence {
        self.combined(other, |one, other| one & !other)
    }

    pub(crate) fn meets(self, other: Fence) -> bool {
        !self.combined(other, |one, other| one & other).is_none()
    }

    fn combined(self, other: Fence, of: impl Fn(u64, u64) -> u64) -> Fence {
        let masks = |one: u16, other: u16| of(one.into(), other.into()) as u16;
        Fence {
            instruments: masks(self.instruments, other.instruments),
            buys: masks(self.buys, other.buys),
            sells: masks(self.sells, other.sells),
            rules: of(self.rules, other.rules),
        }
    }

    /// Whether it holds an order of this rule and side back.
    pub(crate) fn stops(self, instrument: u8, rule: u8, side: Side) -> bool {
        let of_side = if side == Side::Buy { self.buys } else { self.sells };
        let whole = (self.instruments | of_side).checked_shr(instrument.into()).is_some_and(|mask| mask & 1 == 1);
        whole || rule_number(instrument, rule).is_some_and(|at| self.rules >> at & 1 == 1)
    }

    /// Arguments of the card's `Fence` and `Lift`.
    pub(crate) fn args(self) -> [u64; 2] {
        let instruments = [self.instruments, self.buys, self.sells];
        let masks = instruments.iter().rev().fold(0, |word, mask| word << 16 | u64::from(*mask));
        [masks, self.rules]
    }
}

const _: () = assert!(INSTRUMENTS <= 16 && RULE_COUNT <= 64);
