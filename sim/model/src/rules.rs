//! The rules of one instrument: which hold after a message.
use crate::{bank::Rules, pace::Pace};
use riposte_map::{limits::RULES, shm::Level};

/// Masks of the rules that hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// Rules on the book: they fire when they begin to hold.
    pub book: u8,
    /// Rules with a term on trades: they fire on every print.
    pub trade: u8,
}

/// What a message has left of a book, and its own print if it has one: price and size.
#[derive(Clone, Copy, Debug)]
pub struct Scene {
    pub top: [Level; 2],
    pub print: Option<Level>,
    /// What came within the instrument's window, if it has one.
    pub pace: Option<Pace>,
}

/// Judges all rules of an instrument.
#[inline]
pub fn judge(rules: &Rules, scene: &Scene) -> Holding {
    let mut holding = Holding::default();
    if rules.terms[0].conditions == [0; RULES] {
        return holding;
    }
    for rule in 0..RULES {
        let terms = rules.terms.map(|terms| (terms.conditions[rule], terms.thresholds[rule]));
        let asked = terms.iter().filter(|(condition, _)| *condition != 0);
        if terms[0].0 == 0 || !asked.clone().all(|&(condition, threshold)| scene.meets(condition, threshold)) {
            continue;
        }
        if asked.clone().any(|(condition, _)| [7, 8, 23, 24].contains(condition)) {
            holding.trade |= 1 << rule;
        } else {
            holding.book |= 1 << rule;
        }
    }
    holding
}

impl Scene {
    fn meets(&self, condition: u8, threshold: u32) -> bool {
        let [bid, ask] = self.top.map(|level| Some(level).filter(|level| level.quantity != 0));
        let price = |level: Option<Level>| level.map(|level| level.price_e4);
        let size = |level: Option<Level>| level.map(|level| level.quantity);
        let metric = match condition {
            1 | 2 => price(bid),
            3 | 4 => price(ask),
            5 | 6 => bid.zip(ask).and_then(|(bid, ask)| ask.price_e4.checked_sub(bid.price_e4)),
            7 | 8 => price(self.print),
            17 | 18 => size(bid),
            19 | 20 => size(ask),
            23 | 24 => size(self.print),
            25 | 26 => self.pace.map(|pace| pace.rate),
            27 | 28 => self.pace.zip(bid).and_then(|(pace, bid)| bid.price_e4.checked_sub(pace.before(0)?)),
            29 | 30 => self.pace.zip(ask).and_then(|(pace, ask)| pace.before(1)?.checked_sub(ask.price_e4)),
            _ => None,
        };
        // Odd codes are "at least".
        metric.is_some_and(|metric| if condition % 2 == 1 { metric >= threshold } else { metric <= threshold })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bank::Terms;

    fn scene(top: [(u32, u32); 2], print: Option<(u32, u32)>) -> Scene {
        let level = |(price_e4, quantity)| Level { price_e4, quantity };
        Scene { top: top.map(level), print: print.map(level), pace: None }
    }

    /// Rule 2 with these terms.
    fn holds(terms: &[(u8, u32)], scene: &Scene) -> bool {
        let mut rules = Rules::default();
        for (place, &(condition, threshold)) in rules.terms.iter_mut().zip(terms) {
            *place = Terms { conditions: [0, 0, condition, 0], thresholds: [0, 0, threshold, 0] };
        }
        let holding = judge(&rules, scene);
        assert!([0, 4].contains(&(holding.book | holding.trade)) && holding.book & holding.trade == 0);
        assert!(holding.trade == 0 || terms.iter().any(|(condition, _)| [7, 8, 23, 24].contains(condition)));
        holding != Holding::default()
    }

    #[test]
    fn each_condition_holds_at_its_threshold_and_not_beside_it() {
        let scene = scene([(100, 5), (110, 7)], Some((105, 9)));
        for (condition, at, beside) in [
            (1, 100, 101), (2, 100, 99), (3, 110, 111), (4, 110, 109), (5, 10, 11), (6, 10, 9), (7, 105, 106),
            (8, 105, 104), (17, 5, 6), (18, 5, 4), (19, 7, 8), (20, 7, 6), (23, 9, 10), (24, 9, 8),
        ] {
            assert!(holds(&[(condition, at)], &scene), "condition {condition}");
            assert!(!holds(&[(condition, beside)], &scene), "condition {condition}");
        }
    }

    #[test]
    fn off_and_unknown_never_hold_and_no_print_is_none() {
        let quiet = scene([(100, 1), (110, 1)], None);
        for condition in [7, 8, 23, 24] {
            assert!(!holds(&[(condition, 0)], &quiet) && !holds(&[(condition, u32::MAX)], &quiet), "condition {condition}");
        }
        let loud = scene([(100, 1), (110, 1)], Some((1, 1)));
        for condition in [0, 9, 16, 21, 22, 31, 32, 33, 255] {
            assert!(!holds(&[(condition, 0)], &loud), "condition {condition}");
        }
    }

    #[test]
    fn a_missing_side_holds_nothing_and_a_crossed_book_has_no_spread() {
        assert!(!holds(&[(1, 0)], &scene([(100, 0), (110, 1)], None)));
        assert!(!holds(&[(17, 0)], &scene([(100, 0), (110, 1)], None)));
        assert!(!holds(&[(4, u32::MAX)], &scene([(100, 1), (110, 0)], None)));
        assert!(!holds(&[(5, 0)], &scene([(100, 0), (110, 1)], None)));
        assert!(!holds(&[(6, u32::MAX)], &scene([(111, 1), (110, 1)], None)));
        assert!(holds(&[(6, 0)], &scene([(110, 1), (110, 1)], None)), "locked: spread 0");
    }

    #[test]
    fn metrics_over_time_need_a_window_and_a_move_their_own_way() {
        let before = |bid, ask| [bid, ask].map(|(price_e4, quantity)| Level { price_e4, quantity });
        let moved = |before| Scene { pace: Some(Pace { rate: 7, before }), ..scene([(100, 5), (110, 7)], None) };
        let there = moved(before((97, 1), (114, 1)));
        for (condition, at, beside) in [(25, 7, 8), (26, 7, 6), (27, 3, 4), (28, 3, 2), (29, 4, 5), (30, 4, 3)] {
            assert!(holds(&[(condition, at)], &there), "condition {condition}");
            assert!(!holds(&[(condition, beside)], &there), "condition {condition}");
            assert!(!holds(&[(condition, at)], &Scene { pace: None, ..there }), "condition {condition} without a window");
        }
        let still = moved(before((100, 1), (110, 1)));
        assert!(holds(&[(27, 0), (28, 0)], &still) && holds(&[(29, 0), (30, 0)], &still), "0 is a value");
        let away = moved(before((101, 1), (109, 1)));
        let empty = moved(before((97, 0), (114, 0)));
        for scene in [away, empty] {
            assert!(!holds(&[(27, 0)], &scene) && !holds(&[(28, u32::MAX)], &scene), "no rise");
            assert!(!holds(&[(29, 0)], &scene) && !holds(&[(30, u32::MAX)], &scene), "no fall");
        }
        let gone = Scene { top: before((100, 0), (110, 0)), ..there };
        assert!(!holds(&[(27, 0)], &gone) && !holds(&[(30, u32::MAX)], &gone), "no side now");
    }

    #[test]
    fn a_rule_holds_if_it_has_a_first_term_and_all_hold() {
        let scene = scene([(100, 5), (110, 7)], Some((105, 9)));
        let (good, bad) = ((1, 100), (1, 101));
        assert!(holds(&[good, (20, 7), (23, 9)], &scene));
        assert!(!holds(&[bad, good, good], &scene) && !holds(&[good, bad, good], &scene) && !holds(&[good, good, bad], &scene));
        assert!(holds(&[good, (0, 0), good], &scene) && !holds(&[good, (0, 0), bad], &scene));
        assert!(!holds(&[(0, 0), good, good], &scene), "no first term");
        assert!(!holds(&[good, (9, 0)], &scene) && !holds(&[good, good, (40, 0)], &scene), "unknown terms never hold");
    }
}
