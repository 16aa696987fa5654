//! Orders, levels and top registers of all instruments: what each operation changes, and its error.
//!
//! The state after an operation depends on the operations before it alone, never on validity or on time.
use crate::{
    levels::Levels,
    orders::{Order, Orders, Side},
    pipeline::Way,
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
    /// Slow: the top register had to be read from the level table.
    pub way: Way,
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

    /// Adds an order; after `LevelOverflow` it is stored all the same. One that `is_early` moves the top even if it has another
    /// error.
    pub fn add(&mut self, instrument: usize, add: &Add, is_early: bool) -> Result<(), Reason> {
        let entered = self.enter(instrument, add);
        if is_early || entered.is_ok() {
            self.raise(instrument, add);
        }
        let side = entered?;
        let has_place = self.levels[instrument][side as usize].grow(add.price_e4, add.shares);
        if has_place { Ok(()) } else { Err(Reason::LevelOverflow) }
    }

    /// Stores an order; on which side it is.
    fn enter(&mut self, instrument: usize, add: &Add) -> Result<Side, Reason> {
        if self.orders.find(add.reference).is_some() {
            return Err(Reason::DuplicateReference);
        }
        let (Some(side), true) = (add.side, add.shares != 0) else {
            return Err(Reason::BadOrder);
        };
        let order = Order { shares: add.shares, price_e4: add.price_e4, instrument: instrument as u8, side };
        if self.orders.insert(add.reference, order) { Ok(side) } else { Err(Reason::OrderOverflow) }
    }

    /// What an add makes of its side's top; one of neither side is a bid.
    fn raise(&mut self, instrument: usize, add: &Add) {
        let Add { shares, price_e4, .. } = *add;
        let side = add.side.unwrap_or(Side::Bid);
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
        let way = if slow { Way::Slow } else { Way::Table };
        Ok(Removed { side: order.side, price_e4: order.price_e4, shares, way })
    }
}
