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
    /// Of a client, so that the market's traders leave it alone but for trading with it.
    pub is_client: bool,
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

    /// Orders of the market's own traders.
    pub fn len_of_traders(&self) -> usize {
        self.orders.iter().filter(|order| !order.is_client).count()
    }

    /// Where an order stands.
    pub fn find(&self, reference: u64) -> Option<usize> {
        self.orders.iter().position(|order| order.reference == reference)
    }

    /// The first order of a client.
    pub fn first_of_clients(&self) -> Option<usize> {
        self.orders.iter().position(|order| order.is_client)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(prices: impl IntoIterator<Item = u32>) -> Queue {
        let mut queue = Queue::new(Side::Sell);
        for (price, reference) in prices.into_iter().zip(1..) {
            queue.insert(Resting { reference, price, shares: 100, is_client: false });
        }
        queue
    }

    #[test]
    fn side_with_40_levels_takes_orders_only_at_these() {
        let queue = queue((1..=40).map(|cents| cents * 100));
        assert!(!queue.has_room(4_100));
        assert!(queue.has_room(4_000) && queue.has_room(100));
    }

    #[test]
    fn full_row_of_the_cards_level_table_takes_no_other_price() {
        let row = |price: &u32| level_row(*price) == level_row(100);
        let prices: Vec<u32> = (1..).map(|cents| cents * 100).filter(row).take(17).collect();
        let full = queue(prices[..16].iter().copied());
        assert!(!full.has_room(prices[16]) && full.has_room(prices[15]));
        assert!(
            (1..100).map(|cents| cents * 100).any(|price| full.has_room(price) && !row(&price))
        );
    }

    #[test]
    fn orders_stand_in_price_time_order() {
        let queue = queue([300, 100, 200, 100, 300]);
        let references: Vec<_> = (0..5).map(|at| queue.get(at).unwrap().reference).collect();
        assert_eq!(references, [2, 4, 3, 1, 5]);
    }
}
