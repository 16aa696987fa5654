//! Price levels of one side of one instrument: sorted, best last, with the card's capacity by row.
use crate::orders::Side;
use riposte_map::{
    limits::{LEVEL_ROWS, LEVEL_WAYS},
    shm::Level,
};

/// Row of a price: the nibbles of the price without its two lowest bits, added without carry.
#[inline]
pub fn row(price_e4: u32) -> usize {
    let mut bits = price_e4 >> 2;
    bits ^= bits >> 16;
    bits ^= bits >> 8;
    bits ^= bits >> 4;
    (bits & 15) as usize
}

#[derive(Clone, Debug)]
pub struct Levels {
    side: Side,
    /// Worst first, so that the levels that change most are the cheapest to insert and remove.
    levels: Vec<Level>,
    rows: [u8; LEVEL_ROWS],
}

impl Levels {
    pub fn new(side: Side) -> Levels {
        Levels { side, levels: Vec::with_capacity(LEVEL_ROWS * LEVEL_WAYS), rows: [0; LEVEL_ROWS] }
    }

    pub fn clear(&mut self) {
        self.levels.clear();
        self.rows = [0; LEVEL_ROWS];
    }

    pub fn best(&self) -> Option<Level> {
        self.levels.last().copied()
    }

    /// Index of a price, or where it belongs.
    #[inline]
    fn find(&self, price_e4: u32) -> Result<usize, usize> {
        match self.side {
            Side::Bid => self.levels.binary_search_by_key(&price_e4, |level| level.price_e4),
            Side::Ask => self.levels.binary_search_by_key(&!price_e4, |level| !level.price_e4),
        }
    }

    /// Grows a level; `false` when the price is new and its row full.
    #[inline]
    pub fn grow(&mut self, price_e4: u32, shares: u32) -> bool {
        match self.find(price_e4) {
            Ok(index) => {
                let quantity = &mut self.levels[index].quantity;
                *quantity = quantity.saturating_add(shares);
            }
            Err(index) => {
                let held = &mut self.rows[row(price_e4)];
                if usize::from(*held) == LEVEL_WAYS {
                    return false;
                }
                *held += 1;
                self.levels.insert(index, Level { price_e4, quantity: shares });
            }
        }
        true
    }

    /// Shrinks a level; it is gone at 0, and one that is not there stays so.
    #[inline]
    pub fn shrink(&mut self, price_e4: u32, shares: u32) {
        if let Ok(index) = self.find(price_e4) {
            let level = &mut self.levels[index];
            level.quantity = level.quantity.saturating_sub(shares);
            if level.quantity == 0 {
                self.levels.remove(index);
                self.rows[row(price_e4)] -= 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_equal_the_contract() {
        for price in (0..4_000_000).step_by(7).chain([u32::MAX, 0x7735_9400, 0x8000_0000]) {
            assert_eq!(row(price), riposte_map::limits::level_row(price));
        }
    }

    #[test]
    fn a_full_row_refuses_a_new_price_and_still_grows_an_old_one() {
        let mut levels = Levels::new(Side::Ask);
        // Multiples of 0x44 << 2 have equal nibbles and so all lie in row 0.
        let prices: Vec<u32> =
            (0..17).map(|i| ((i & 15) * 0x11 + (i >> 4) * 0x1100) << 2).collect();
        for &price in &prices[..16] {
            assert!(levels.grow(price, 5));
        }
        assert!(!levels.grow(prices[16], 5), "row 0 is full");
        assert!(levels.grow(prices[3], u32::MAX), "an old price grows, saturating");
        levels.shrink(prices[3], u32::MAX);
        assert!(levels.grow(prices[16], 5), "a way is free again");
        assert_eq!(levels.best(), Some(Level { price_e4: 0, quantity: 5 }));
    }
}
