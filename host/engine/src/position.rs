//! Position and result of one instrument, in integers.
//!
//! Value is price x quantity x multiplier, exactly. `cash` is what trading brought in; `cost` is what the open position
//! was bought for (negative: sold for), at average cost. Hence, with no rounding anywhere:
//!
//! - realised   = cash + cost
//! - unrealised = quantity x mark - cost
//! - result     = cash + quantity x mark
//!
//! Average cost divides when a position is reduced: the cost that leaves is truncated towards zero, the rest stays
//! with what is open, so a fraction of one unit moves between realised and unrealised, never out of the result; a flat
//! position has cost 0 and realised equals cash.

/// Quantity in pieces, negative is short; values in book units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Position {
    pub quantity: i64,
    pub cash: i128,
    pub cost: i128,
}

crate::message::fields!(Position { quantity, cash, cost });

/// Price, quantity and multiplier as a value. Cannot overflow: 2^47 x 2^63 x 2^16 is below 2^127.
pub(crate) fn value(price: i64, quantity: i64, multiplier: u16) -> i128 {
    i128::from(price) * i128::from(quantity) * i128::from(multiplier)
}

impl Position {
    /// A trade of `quantity` pieces, negative if sold.
    pub fn trade(&mut self, quantity: i64, price: i64, multiplier: u16) {
        self.cash -= value(price, quantity, multiplier);
        let closed = if self.quantity.signum() * quantity.signum() < 0 {
            quantity.unsigned_abs().min(self.quantity.unsigned_abs()) as i64
        } else {
            0
        };
        if closed > 0 {
            let (held, closed) = (i128::from(self.quantity.abs()), i128::from(closed));
            // Divided first: cost x closed would not fit.
            self.cost -= self.cost / held * closed + self.cost % held * closed / held;
        }
        let opened = quantity - quantity.signum() * closed;
        self.cost += value(price, opened, multiplier);
        self.quantity += quantity;
    }

    pub fn realised(&self) -> i128 {
        self.cash + self.cost
    }

    pub fn unrealised(&self, mark: i64, multiplier: u16) -> i128 {
        value(mark, self.quantity, multiplier) - self.cost
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn average_cost_by_hand() {
        let mut position = Position::default();
        position.trade(100, 10, 1);
        position.trade(100, 13, 1);
        assert_eq!((position.quantity, position.cost, position.realised()), (200, 2300, 0));
        position.trade(-50, 20, 1);
        // 2300 x 50 / 200 = 575 leave, 1000 come.
        assert_eq!((position.quantity, position.cost, position.realised()), (150, 1725, 425));
        assert_eq!(position.unrealised(12, 1), 150 * 12 - 1725);
        // Through zero: what was open closes at its cost, the rest opens at the trade's price.
        position.trade(-250, 11, 1);
        assert_eq!((position.quantity, position.cost, position.realised()), (-100, -1100, 425 + 150 * 11 - 1725));
        position.trade(100, 9, 1);
        assert_eq!(position, Position { quantity: 0, cash: 350 + 200, cost: 0 });
    }

    #[test]
    fn the_largest_numbers_do_not_overflow() {
        let mut position = Position::default();
        for _ in 0..1000 {
            position.trade(i64::from(u32::MAX), 1 << 47, u16::MAX);
        }
        position.trade(-999 * i64::from(u32::MAX), -(1 << 47), u16::MAX);
        assert_eq!(position.quantity, i64::from(u32::MAX));
    }

    proptest! {
        #[test]
        fn a_result_is_what_came_in_and_what_is_held(
            trades in prop::collection::vec((-1000i64..1000, -500i64..500), 0..60), mark in -500i64..500,
        ) {
            let mut position = Position::default();
            let (mut quantity, mut cash) = (0, 0);
            for (pieces, price) in trades {
                position.trade(pieces, price, 3);
                quantity += pieces;
                cash -= i128::from(pieces * price * 3);
                prop_assert_eq!(position.realised() + position.unrealised(mark, 3), cash + i128::from(quantity * mark * 3));
                prop_assert!(position.quantity != 0 || position.cost == 0);
            }
            prop_assert_eq!(position.quantity, quantity);
        }
    }
}
