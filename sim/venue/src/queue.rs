//! The resting orders of one side of one instrument in price-time order, and what fits a card.

use riposte_map::limits::{LEVEL_ROWS, LEVEL_WAYS, level_row};

/// Price levels of a side at most.
const LEVELS_MAX: usize = 40;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Buy,
    Sell,
}

impl Side {
    pub fn other(self) -> Side {
        match self {
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        }
    }

    /// Whether an order of this side is ready to trade at `price` with limit `limit`.
    pub fn reaches(self, limit: u32, price: u32) -> bool {
        match self {
            Side::Buy => limit >= price,
            Side::Sell => limit <= price,
        }
    }

    /// `price` moved by `by` towards the other side (higher for a buyer).
    pub fn improve(self, price: u32, by: u32) -> u32 {
        match self {
            Side::Buy => price.saturating_add(by),
            Side::Sell => price.saturating_sub(by),
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Resting {
    pub reference: u64,
    pub price: u32,
    pub shares: u32,
}

/// One side: first is who trades next.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    side: Side,
    orders: Vec<Resting>,
}

impl Queue {
    pub fn new(side: Side) -> Queue {
        Queue { side, orders: Vec::new() }
    }

    pub fn len(&self) -> usize {
        self.orders.len()
    }

    pub fn best(&self) -> Option<u32> {
        self.orders.first().map(|order| order.price)
    }

    pub fn get(&self, index: usize) -> Option<Resting> {
        self.orders.get(index).copied()
    }

    /// Behind all orders of the same price.
    pub fn insert(&mut self, order: Resting) {
        let at = self.orders.partition_point(|other| self.side.reaches(other.price, order.price));
        self.orders.insert(at, order);
    }

    pub fn remove(&mut self, index: usize) -> Resting {
        self.orders.remove(index)
    }

    /// Takes `shares`, at most what it has, off the order; it leaves when none are left.
    pub fn reduce(&mut self, index: usize, shares: u32) {
        self.orders[index].shares -= shares;
        if self.orders[index].shares == 0 {
            self.orders.remove(index);
        }
    }

    /// Whether an order at `price` keeps the side within the card's level table.
    pub fn has_room(&self, price: u32) -> bool {
        let (mut levels, mut in_row, mut last) = (0, 0, None);
        for order in &self.orders {
            if order.price == price {
                return true;
            }
            if last != Some(order.price) {
                levels += 1;
                in_row += usize::from(level_row(order.price) == level_row(price));
                last = Some(order.price);
            }
        }
        levels < LEVELS_MAX && in_row < LEVEL_WAYS
    }
}

const _: () = assert!(LEVELS_MAX <= LEVEL_ROWS * LEVEL_WAYS);
