//! The rules of one instrument: which hold after a message.
use crate::bank::Rules;
use riposte_map::{limits::RULES, shm::Level};

/// Masks of the rules that hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// Rules on the book: they fire when they begin to hold.
    pub book: u8,
    /// Rules on trades: they fire on every print.
    pub trade: u8,
}

/// Judges all rules of an instrument; `print_e4` is the price of the message's print, if it has one.
#[inline]
pub fn judge(rules: &Rules, [bid, ask]: [Level; 2], print_e4: Option<u32>) -> Holding {
    let mut holding = Holding::default();
    if rules.conditions == [0; RULES] {
        return holding;
    }
    let has_bid = bid.quantity != 0;
    let has_ask = ask.quantity != 0;
    let spread = if has_bid && has_ask { ask.price_e4.checked_sub(bid.price_e4) } else { None };
    for (rule, (&condition, &threshold)) in
        rules.conditions.iter().zip(&rules.thresholds).enumerate()
    {
        let book = match condition {
            1 => has_bid && bid.price_e4 >= threshold,
            2 => has_bid && bid.price_e4 <= threshold,
            3 => has_ask && ask.price_e4 >= threshold,
            4 => has_ask && ask.price_e4 <= threshold,
            5 => spread.is_some_and(|spread| spread >= threshold),
            6 => spread.is_some_and(|spread| spread <= threshold),
            _ => false,
        };
        let trade = match condition {
            7 => print_e4.is_some_and(|price| price >= threshold),
            8 => print_e4.is_some_and(|price| price <= threshold),
            _ => false,
        };
        holding.book |= u8::from(book) << rule;
        holding.trade |= u8::from(trade) << rule;
    }
    holding
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(condition: u8, threshold: u32, top: [(u32, u32); 2], print_e4: Option<u32>) -> bool {
        let rules = Rules { conditions: [0, 0, condition, 0], thresholds: [0, 0, threshold, 0] };
        let top = top.map(|(price_e4, quantity)| Level { price_e4, quantity });
        let holding = judge(&rules, top, print_e4);
        assert!(holding.book | holding.trade == 0 || (holding.book | holding.trade) == 4);
        assert!(holding.trade == 0 || condition >= 7);
        holding != Holding::default()
    }

    #[test]
    fn each_condition_holds_at_its_threshold_and_not_beside_it() {
        let top = [(100, 1), (110, 1)];
        for (condition, at, beside) in
            [(1, 100, 101), (2, 100, 99), (3, 110, 111), (4, 110, 109), (5, 10, 11), (6, 10, 9)]
        {
            assert!(holds(condition, at, top, None), "condition {condition}");
            assert!(!holds(condition, beside, top, None), "condition {condition}");
        }
        assert!(holds(7, 105, top, Some(105)) && !holds(7, 106, top, Some(105)));
        assert!(holds(8, 105, top, Some(105)) && !holds(8, 104, top, Some(105)));
        assert!(!holds(7, 0, top, None), "no print");
        assert!(!holds(0, 0, top, Some(1)) && !holds(9, 0, top, Some(1)), "off and unknown");
    }

    #[test]
    fn a_missing_side_holds_nothing_and_a_crossed_book_has_no_spread() {
        assert!(!holds(1, 0, [(100, 0), (110, 1)], None));
        assert!(!holds(4, u32::MAX, [(100, 1), (110, 0)], None));
        assert!(!holds(5, 0, [(100, 0), (110, 1)], None));
        assert!(!holds(6, u32::MAX, [(111, 1), (110, 1)], None));
        assert!(holds(6, 0, [(110, 1), (110, 1)], None), "locked: spread 0");
    }
}
