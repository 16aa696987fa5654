//! Hedges: orders that a model wants so that the book varies less. What they are was computed outside, in floats; whether
//! the card is asked for them is decided here, in integers; whether they leave, by the card's gate.
//!
//! Holds: a hedge leads to no position beyond the limit that people set, whatever else of ours trades meanwhile, unless all
//! that it can do is to make the position smaller.
use crate::engine::Engine;
use crate::entering::Wish;
use crate::input::Limit;
use crate::output::{Outputs, Refusal};
use crate::{Order, Origin, Side};

impl Engine {
    pub(crate) fn on_hedge(&mut self, wish: Wish, out: &mut Outputs) {
        if wish.number <= self.models.hedged {
            return;
        }
        self.models.hedged = wish.number;
        match self.may_enter(&wish).and_then(|()| self.may_hedge(&wish)) {
            Ok(()) => self.ask_card(wish, out),
            Err(why) => self.refuse(wish.number, why, out),
        }
    }

    pub(crate) fn may_hedge(&self, wish: &Wish) -> Result<(), Refusal> {
        let Wish { instrument, side, quantity, .. } = *wish;
        let limit = self.limits.get(Limit::Hedge, instrument).filter(|limit| *limit > 0).ok_or(Refusal::Unset)?;
        let holding = self.holdings.get(usize::from(instrument)).ok_or(Refusal::BadField)?;
        let held = i128::from(holding.position.quantity);
        let is_beside = |order: &&Order| order.instrument == instrument && order.side == side;
        let open: i128 = self.orders.open().filter(is_beside).map(|order| i128::from(order.open())).sum();
        let wished = self.entry.wishes().filter(|one| one.instrument == instrument && one.side == side);
        let wished: i128 = wished.map(|one| i128::from(one.quantity)).sum();
        let more = open + wished + i128::from(quantity);
        let worst = if side == Side::Buy { held + more } else { held - more };
        let only_reduces = held.signum() * worst.signum() >= 0 && worst.abs() <= held.abs();
        if only_reduces || worst.abs() <= limit.into() { Ok(()) } else { Err(Refusal::LimitReached) }
    }

    /// The position of an instrument once every order of the host that is open or asked for has traded, in pieces.
    pub fn hedged_position(&self, instrument: u8) -> i64 {
        let held = self.position(instrument).map_or(0, |position| position.quantity);
        let ours = self.orders.open().filter(|order| order.instrument == instrument && order.origin == Origin::Host);
        let wished = self.entry.wishes().filter(|one| one.instrument == instrument);
        held + ours.map(|order| order.side.signed(order.open())).chain(wished.map(|one| one.side.signed(one.quantity))).sum::<i64>()
    }
}
