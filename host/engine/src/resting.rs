//! Where orders of ours rest, as the card is told (C13).
//!
//! The card refuses an order that would reach one of ours. It adds what it sends itself; what has ended, and what others have
//! sent, it knows from here: dearest buy and cheapest sell of each instrument, and of how many of its own orders the host had
//! heard by then. A word that knows of fewer than the card has sent changes nothing, so each order that rests is
//! followed by another word.
//!
//! Holds: whatever may still trade is in it, whoever made it, but for what ends by itself. The nearest prices are kept; all
//! open orders are looked at only when the nearest has gone.
use crate::engine::Engine;
use crate::input::Side;
use crate::lending::words;
use crate::message::fields;
use crate::order::{Order, Orders};
use crate::output::Outputs;
use riposte_map::limits::INSTRUMENTS;
use riposte_map::shm::{Command, Opcode};

/// Prices of the dearest buy and of the cheapest sell.
type Prices = [u32; 2];
const NONE: Prices = [0, u32::MAX];

/// What the card was told of an instrument.
#[derive(Clone, Copy, Hash)]
struct Told {
    prices: Prices,
    /// Orders of the card that were known by then.
    orders: u32,
}

#[derive(Clone, Copy, Hash)]
pub(crate) struct Resting {
    nearest: [Prices; INSTRUMENTS],
    /// Instruments whose nearest buy, or sell, may have gone: what stands there is as near or nearer.
    gone: [u16; 2],
    /// Orders of the card behind the last one of the instrument that may rest.
    sent: [u32; INSTRUMENTS],
    told: [Option<Told>; INSTRUMENTS],
}

fields! {
    Told { prices, orders }
    Resting { nearest, gone, sent, told }
}

/// An order's price among those of its side, if it may rest.
fn resting_price(order: &Order) -> Option<(usize, u32)> {
    let price = u32::try_from(order.price.max(0)).unwrap_or(u32::MAX);
    (order.open() > 0 && !order.immediate).then_some((usize::from(order.side == Side::Sell), price))
}

fn nearer(prices: &mut Prices, side: usize, price: u32) {
    prices[side] = if side == 0 { prices[0].max(price) } else { prices[1].min(price) };
}

impl Resting {
    pub const NEW: Resting = Resting { nearest: [NONE; INSTRUMENTS], gone: [0; 2], sent: [0; INSTRUMENTS], told: [None; INSTRUMENTS] };

    /// A card after reset: it has sent nothing, and was told nothing.
    pub fn reset(&mut self) {
        self.sent = [0; INSTRUMENTS];
        self.forget();
    }

    /// Nobody knows what has reached the card.
    pub fn forget(&mut self) {
        self.told = [None; INSTRUMENTS];
    }

    /// The card has sent one that may rest, which makes so many in all.
    pub fn sent(&mut self, instrument: u8, orders: u32) {
        if let Some(sent) = self.sent.get_mut(usize::from(instrument)) {
            *sent = orders;
        }
    }

    /// Adds an order, or takes it away.
    pub fn weigh(&mut self, order: &Order, sign: i64) {
        let instrument = usize::from(order.instrument);
        let (Some((side, price)), Some(nearest)) = (resting_price(order), self.nearest.get_mut(instrument)) else { return };
        if sign > 0 {
            nearer(nearest, side, price);
        }
        if nearest[side] == price {
            self.gone[side] = self.gone[side] & !(1 << instrument) | u16::from(sign < 0) << instrument;
        }
    }

    /// Looks for the nearest anew where it may have gone.
    fn search(&mut self, orders: &Orders) {
        if self.gone == [0; 2] {
            return;
        }
        let gone = std::mem::take(&mut self.gone);
        for (instrument, nearest) in self.nearest.iter_mut().enumerate() {
            for side in 0..2 {
                if gone[side] >> instrument & 1 == 1 {
                    nearest[side] = NONE[side];
                }
            }
        }
        for order in orders.open() {
            if let (Some((side, price)), Some(nearest)) = (resting_price(order), self.nearest.get_mut(usize::from(order.instrument))) {
                nearer(nearest, side, price);
            }
        }
    }

    /// Whether the card has to be told of an instrument.
    fn is_due(&self, instrument: usize) -> bool {
        self.told[instrument].is_none_or(|told| {
            let knows_all = told.orders.wrapping_sub(self.sent[instrument]) as i32 >= 0;
            !knows_all || told.prices != self.nearest[instrument]
        })
    }
}

impl Engine {
    /// Tells the card of every instrument where it knows another thing.
    pub(crate) fn tell_resting(&mut self, out: &mut Outputs) {
        self.resting.search(&self.orders);
        let orders = self.lending.orders();
        for instrument in 0..INSTRUMENTS {
            if self.resting.is_due(instrument) && self.has_room(out) {
                let prices = self.resting.nearest[instrument];
                self.resting.told[instrument] = Some(Told { prices, orders });
                let args = [words(prices), orders.into(), 0, 0, 0, 0];
                let command = Command { opcode: Opcode::Resting as u8, instrument: instrument as u8, args, ..Command::default() };
                self.tell(command, out);
            }
        }
    }
}
