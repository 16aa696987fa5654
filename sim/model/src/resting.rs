//! The prices at which orders of ours rest, as the host told them or as the card has sent since.
//!
//! In: what the host tells, orders that passed. Out: whether an order would meet one of ours.
use crate::bank::{self, Template};
use riposte_map::{limits::INSTRUMENTS, shm::Command};

/// Dearest buy, cheapest sell.
#[derive(Clone, Copy, Debug)]
struct Prices {
    buy: u32,
    sell: u32,
}

#[derive(Clone, Copy, Debug)]
struct Instrument {
    told: Prices,
    /// Orders of the card that are in it.
    told_of: u32,
    sent: Prices,
    /// Orders of the card when it was sent, that one included.
    sent_as: u32,
}

/// Nothing was ever told: one of ours may be anywhere.
const UNTOLD: Instrument =
    Instrument { told: Prices { buy: u32::MAX, sell: 0 }, told_of: 0, sent: Prices { buy: u32::MAX, sell: 0 }, sent_as: 0 };

impl Instrument {
    fn prices(&self) -> Prices {
        let knows_all = self.told_of.wrapping_sub(self.sent_as) >> 31 == 0;
        if knows_all { self.told } else { self.sent }
    }
}

#[derive(Clone, Debug)]
pub struct Resting {
    instruments: [Instrument; INSTRUMENTS],
    /// Orders sent since reset.
    orders: u32,
}

impl Default for Resting {
    fn default() -> Resting {
        Resting { instruments: [UNTOLD; INSTRUMENTS], orders: 0 }
    }
}

impl Resting {
    /// Takes what the host tells.
    pub fn tell(&mut self, command: &Command) {
        let one = &mut self.instruments[bank::place(command)[0]];
        let [buy, sell] = bank::halves(command.args[0]);
        (one.told, one.told_of) = (Prices { buy, sell }, command.args[1] as u32);
    }

    /// Whether an order would trade with one of ours.
    pub fn meets(&self, instrument: usize, template: &Template) -> bool {
        let Prices { buy, sell } = self.instruments[instrument].prices();
        if template.side == b'B' { template.price_e4 >= sell } else { template.price_e4 <= buy }
    }

    /// Notes what passed. A mass cancel is no order, and one that is immediate never rests.
    pub fn send(&mut self, instrument: usize, template: &Template) {
        if template.is_cancel {
            return;
        }
        self.orders = self.orders.wrapping_add(1);
        if template.is_immediate {
            return;
        }
        let one = &mut self.instruments[instrument];
        let mut after = one.prices();
        if template.side == b'B' {
            after.buy = after.buy.max(template.price_e4);
        } else {
            after.sell = after.sell.min(template.price_e4);
        }
        (one.sent, one.sent_as) = (after, self.orders);
    }
}
