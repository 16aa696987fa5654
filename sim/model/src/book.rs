//! Orders, levels and top registers of all instruments: what each operation changes, and its error.
//!
//! The state after an operation depends on the operations before it alone, never on validity or on time.
use crate::{
    levels::Levels,
    orders::{Order, Orders, Side},
};
use riposte_map::{limits::INSTRUMENTS, reason::Reason, shm::Level};

/// An order as an add describes it.
#[derive(Clone, Copy, Debug)]
pub struct Add {
    pub reference: u64,
    /// `None`: neither B nor S.
    pub side: Option<Side>,
    pub shares: u32,
    pub price_e4: u32,
}

/// What an operation took off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removed {
    pub side: Side,
    pub price_e4: u32,
    pub shares: u32,
    /// The top register had to be read from the level table.
    pub slow: bool,
}

#[derive(Clone, Debug)]
pub struct Books {
    orders: Orders,
    /// By instrument, then side.
    levels: Vec<[Levels; 2]>,
    tops: [[Level; 2]; INSTRUMENTS],
}

impl Default for Books {
    fn default() -> Books {
        Books {
            orders: Orders::default(),
            levels: (0..INSTRUMENTS)
                .map(|_| [Levels::new(Side::Bid), Levels::new(Side::Ask)])
                .collect(),
            tops: Default::default(),
        }
    }
}

impl Books {
    pub fn clear(&mut self) {
        self.orders.clear();
        self.levels.iter_mut().flatten().for_each(Levels::clear);
        self.tops = Default::default();
    }

    /// Live orders of all instruments.
    pub fn live(&self) -> usize {
        self.orders.live()
    }

    /// Bid and ask register of an instrument.
    pub fn top(&self, instrument: usize) -> [Level; 2] {
        self.tops[instrument]
    }

    /// Adds an order; after `LevelOverflow` it is stored all the same.
    pub fn add(&mut self, instrument: usize, add: &Add) -> Result<(), Reason> {
        if self.orders.find(add.reference).is_some() {
            return Err(Reason::DuplicateReference);
        }
        let (Some(side), true) = (add.side, add.shares != 0) else {
            return Err(Reason::BadOrder);
        };
        let Add { reference, shares, price_e4, .. } = *add;
        let order = Order { shares, price_e4, instrument: instrument as u8, side };
        if !self.orders.insert(reference, order) {
            return Err(Reason::OrderOverflow);
        }
        let stored = self.levels[instrument][side as usize].grow(price_e4, shares);
        let top = &mut self.tops[instrument][side as usize];
        let better = match side {
            Side::Bid => price_e4 > top.price_e4,
            Side::Ask => price_e4 < top.price_e4,
        };
        if top.quantity == 0 || better {
            *top = Level { price_e4, quantity: shares };
        } else if price_e4 == top.price_e4 {
            top.quantity = top.quantity.saturating_add(shares);
        }
        if stored { Ok(()) } else { Err(Reason::LevelOverflow) }
    }

    /// Takes shares off an order, all of them with `None`.
    pub fn remove(
        &mut self,
        instrument: usize,
        reference: u64,
        shares: Option<u32>,
    ) -> Result<Removed, Reason> {
        let slot = self.orders.find(reference).ok_or(Reason::UnknownReference)?;
        let order = self.orders.get(slot);
        if usize::from(order.instrument) != instrument {
            return Err(Reason::UnknownReference);
        }
        let shares = shares.unwrap_or(order.shares);
        if shares > order.shares {
            return Err(Reason::OverExecution);
        }
        self.orders.reduce(slot, shares);
        let levels = &mut self.levels[instrument][order.side as usize];
        levels.shrink(order.price_e4, shares);
        let top = &mut self.tops[instrument][order.side as usize];
        let at_top = top.quantity != 0 && top.price_e4 == order.price_e4;
        let slow = at_top && shares >= top.quantity;
        if slow {
            *top = levels.best().unwrap_or_default();
        } else if at_top {
            top.quantity -= shares;
        }
        Ok(Removed { side: order.side, price_e4: order.price_e4, shares, slow })
    }
}
