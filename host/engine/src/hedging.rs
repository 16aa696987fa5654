//! Hedges: orders that a model wants so that the book varies less. What they are was computed outside, in floats; whether
//! they leave is decided here, in integers, as of any order of the host.
//!
//! Holds: a hedge leads to no position beyond the limit that people set, whatever else of ours trades meanwhile, unless all
//! that it can do is to make the position smaller.
use crate::engine::Engine;
use crate::input::{Body, Limit};
use crate::output::{HostOrder, Outputs, Refusal};
use crate::{Order, Side};

impl Engine {
    pub(crate) fn on_hedge(&mut self, body: &Body, out: &mut Outputs) {
        let Body::Hedge { number, session, instrument, side, quantity, price } = *body else { return };
        if number <= self.models.hedged {
            return;
        }
        self.models.hedged = number;
        let may = self.may_enter(session, (instrument, side), quantity, price);
        match may.and_then(|()| self.may_hedge(instrument, side, quantity)) {
            Ok(()) => self.enter(number, HostOrder::Enter { session, user_ref: 0, instrument, side, quantity, price }, true, out),
            Err(why) => self.refuse(number, why, out),
        }
    }

    fn may_hedge(&self, instrument: u8, side: Side, quantity: u32) -> Result<(), Refusal> {
        let limit = self.limits.get(Limit::Hedge, instrument).filter(|limit| *limit > 0).ok_or(Refusal::Unset)?;
        let holding = self.holdings.get(usize::from(instrument)).ok_or(Refusal::BadField)?;
        let held = i128::from(holding.position.quantity);
        let is_beside = |order: &&Order| order.instrument == instrument && order.side == side;
        let open: i128 = self.orders.open().filter(is_beside).map(|order| i128::from(order.open())).sum();
        let more = open + i128::from(quantity);
        let worst = if side == Side::Buy { held + more } else { held - more };
        let only_reduces = held.signum() * worst.signum() >= 0 && worst.abs() <= held.abs();
        if only_reduces || worst.abs() <= limit.into() { Ok(()) } else { Err(Refusal::LimitReached) }
    }

    /// The position of an instrument once everything of the sessions above the card's that is open has traded, in pieces.
    pub fn hedged_position(&self, instrument: u8) -> i64 {
        let held = self.position(instrument).map_or(0, |position| position.quantity);
        let ours = self.orders.open().filter(|order| order.instrument == instrument && order.session != crate::card::CARD);
        held + ours.map(|order| order.side.signed(order.open())).sum::<i64>()
    }
}
