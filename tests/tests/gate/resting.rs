//! What rests of ours: no order meets an own one (C13).
use super::*;

const PRICE_E4: u32 = 650_000;

/// Rules on every print: a buy and a sell at these prices.
fn pair(buy: u32, sell: u32) -> Instrument {
    instrument(&[Rule { price_e4: buy, ..ON_TRADE }, Rule { side: b'S', price_e4: sell, ..ON_TRADE }])
}

fn both(bench: &mut Bench) -> Vec<Reason> {
    bench.show(&[print()]);
    bench.orders()
}

#[test]
fn an_order_may_come_within_a_tick_of_an_own_one() {
    on_each_card(|card| {
        for (side, told, expected) in [
            (b'B', (u32::MAX, PRICE_E4), Reason::SelfMatch),
            (b'B', (u32::MAX, PRICE_E4 - 1), Reason::SelfMatch),
            (b'B', (u32::MAX, PRICE_E4 + 1), SENT),
            (b'S', (PRICE_E4, 0), Reason::SelfMatch),
            (b'T', (PRICE_E4 + 1, 0), Reason::SelfMatch),
            (b'E', (u32::MAX, 0), Reason::SelfMatch),
            (b'S', (PRICE_E4 - 1, 0), SENT),
            (b'T', (0, 0), SENT),
            (b'E', (PRICE_E4 - 1, u32::MAX), SENT),
        ] {
            let mut bench = Bench::new(card, &[instrument(&[Rule { side, price_e4: PRICE_E4, ..ON_TRADE }])]);
            bench.commands(&[resting(0, told.0, told.1, MOST), resting(1, 0, u32::MAX, MOST)]);
            assert_eq!(verdict(&mut bench), expected, "{} beside {told:?}", side as char);
        }
    });
}

#[test]
fn a_card_that_was_told_of_no_orders_sends_none() {
    on_each_card(|card| {
        let mut bench = Bench::bare(card);
        bench.commands(&parameters(&[pair(PRICE_E4, PRICE_E4 + 1)], 1));
        let untold = opening(1).into_iter().filter(|one| one.opcode != Opcode::Resting as u8);
        bench.commands(&untold.collect::<Vec<_>>());
        bench.show(&[action(LOCATE, b'T')]);
        assert_eq!(both(&mut bench), [Reason::SelfMatch; 2]);
        bench.commands(&[resting(0, 0, u32::MAX, 0)]);
        assert_eq!(both(&mut bench), [SENT; 2]);
    });
}

#[test]
fn what_the_card_has_sent_rests_until_the_host_has_heard_of_it() {
    on_each_card(|card| {
        let mut bench = Bench::new(card, &[pair(PRICE_E4, PRICE_E4)]);
        bench.commands(&[resting(0, 0, u32::MAX, 0)]);
        assert_eq!(both(&mut bench), [SENT, Reason::SelfMatch]);
        assert_eq!(both(&mut bench), [SENT, Reason::SelfMatch], "of a buy its own side may go on");
        // Each time one more is sent than the host has heard of, or than half of all numbers allow.
        for known in [1, 2, 5 + (1 << 31), 4] {
            bench.commands(&[resting(0, 0, u32::MAX, known)]);
            assert_eq!(both(&mut bench)[1], Reason::SelfMatch, "{known}");
        }
        // Six by now, and none of them rests: the buy goes first, and rests again.
        bench.commands(&[resting(0, 0, u32::MAX, 6)]);
        assert_eq!(both(&mut bench), [SENT, Reason::SelfMatch]);
        bench.commands(&[resting(0, 0, PRICE_E4, 7)]);
        assert_eq!(both(&mut bench), [Reason::SelfMatch, SENT], "told of a sell, and of no buy");
        // What was told stays with what is sent on top of it.
        assert_eq!(both(&mut bench), [Reason::SelfMatch, SENT]);
    });
}

#[test]
fn the_nearest_of_what_was_sent_counts_and_what_is_immediate_never_rests() {
    let low = PRICE_E4 - 500;
    let rules = |immediate| {
        let [near, far] = [PRICE_E4, low].map(|price_e4| Rule { price_e4, is_immediate: immediate, ..ON_TRADE });
        instrument(&[near, far, Rule { side: b'S', price_e4: PRICE_E4 - 100, ..ON_TRADE }])
    };
    on_each_card(|card| {
        for (immediate, expected) in [(false, Reason::SelfMatch), (true, SENT)] {
            let mut bench = Bench::new(card, &[rules(immediate)]);
            bench.commands(&[resting(0, 0, u32::MAX, 0)]);
            assert_eq!(both(&mut bench), [SENT, SENT, expected], "the second buy is the farther one");
        }
        // A mass cancel is no order: it is not counted, and nothing of it rests.
        let cancels = Rule { side: b'C', price_e4: u32::MAX, ..ON_TRADE };
        let sale = Rule { side: b'S', price_e4: PRICE_E4, ..ON_TRADE };
        let mut bench = Bench::new(card, &[instrument(&[cancels, sale])]);
        bench.commands(&[resting(0, u32::MAX, 0, 0)]);
        assert_eq!(both(&mut bench), [SENT, Reason::SelfMatch], "nor does it meet one");
        bench.commands(&[resting(0, 0, u32::MAX, 0)]);
        assert_eq!(both(&mut bench), [SENT; 2]);
    });
}
