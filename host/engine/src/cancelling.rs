//! Which orders are to be gone, and the asking for it.
//!
//! In: instruments that are swept (kill, guard, reversion, reduce-only, C18), people's cancels, orders that come to light later.
//! Out: a few cancels with each input. Why: that an order is to be gone is written on the order, so it is asked for when its session
//! stands, and again where the asking was lost with the session; whoever swept need not remember.
//! Holds: a cancel that was asked for is asked again only behind a loss, or by people.
use crate::engine::{ALL, Engine};
use crate::input::Side;
use crate::order::{Cancel, Order};
use crate::output::{HostMessage, Outputs};
use crate::session::Standing;

/// Cancels that one input may cause.
const CANCELS: usize = 16;

impl Engine {
    /// What is open in these instruments is to be gone. `ALL` is everything.
    pub(crate) fn sweep(&mut self, instruments: u16) {
        for at in &self.orders.open {
            let order = self.orders.table.get_mut(*at as usize);
            let swept = 1u16.checked_shl(order.instrument.into()).map_or(instruments == ALL, |bit| instruments & bit != 0);
            if swept && order.cancel == Cancel::Unwanted {
                order.cancel = Cancel::Due;
            }
        }
        self.cancels_due = true;
    }

    /// An order of which we hear only now is to be gone if a sweep would have found it.
    pub(crate) fn sweep_late(&mut self, at: usize) {
        let order = *self.orders.table.get(at);
        let bit = 1u16.checked_shl(order.instrument.into()).unwrap_or(0);
        let opens = self.card.reduce_only & bit != 0 && !self.is_closing(&order);
        if self.card.killed || opens || (self.card.guarded | self.reverting()) & bit != 0 {
            self.want_cancel(at);
        }
    }

    /// Whether an order makes the position of its instrument smaller.
    fn is_closing(&self, order: &Order) -> bool {
        let held = self.holdings.get(usize::from(order.instrument)).map_or(0, |holding| holding.position.quantity);
        if order.side == Side::Sell { held > 0 } else { held < 0 }
    }

    /// A cancel is always allowed.
    pub(crate) fn on_cancel(&mut self, session: u8, user_ref: u32) {
        if let Some(at) = self.orders.find(session, user_ref)
            && self.orders.table.get(at).state.is_open()
        {
            self.want_cancel(at);
        }
    }

    fn want_cancel(&mut self, at: usize) {
        self.orders.table.get_mut(at).cancel = Cancel::Due;
        self.cancels_due = true;
    }

    /// Asks for what is due, on sessions that stand.
    pub(crate) fn cancel_due(&mut self, out: &mut Outputs) {
        let (mut place, mut sent) = (0, 0);
        while self.cancels_due && place < self.orders.open.len() && sent < CANCELS && out.room() > 3 {
            let order = self.orders.table.get_mut(self.orders.open[place] as usize);
            place += 1;
            if order.cancel == Cancel::Due && self.sessions[usize::from(order.session)].standing == Standing::Current {
                order.cancel = Cancel::Asked;
                let (session, user_ref) = (order.session, order.user_ref);
                self.count_message(session);
                self.send(HostMessage::Cancel { session, user_ref }, out);
                sent += 1;
            }
        }
        if place == self.orders.open.len() {
            self.cancels_due = false;
        }
    }
}
