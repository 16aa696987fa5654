//! Adds on the short way: committed before they are looked up, judged with what the look-up says.
//!
//! On model and gateware alike, by hand: what an add with an error would have fired if nobody asked the order table, also when
//! it waits for its commit; and a level table that overflows behind the verdict. In lockstep all of it is the soak's.
use riposte_map::{
    counter::Counter,
    limits::{LEVEL_WAYS, ORDER_BANKS, ORDER_WAYS, level_row},
    reason::Reason,
    shm::{Condition, EventKind},
};
use riposte_tests::{
    bench::{Bench, LOCATE, ON_TRADE, instrument, on_each_card, orders, reasons},
    messages::{add, delete, trade, unknown},
    parameters::Rule,
    traffic::alike,
};

const PRICE_E4: u32 = 650_000;
const SENT: Reason = Reason::None;
const ADD_CYCLES: u16 = 10;

fn bid(reference: u64, price_e4: u32) -> Vec<u8> {
    add(LOCATE, reference, b'B', 100, price_e4)
}

/// One rule: the best bid is above `PRICE_E4`. A message in each frame, and nothing has fired.
fn above<'a>(card: &'a mut dyn riposte_device::Card, before: &[Vec<u8>]) -> Bench<'a> {
    let rule = Rule { condition: Condition::BidAtLeast, threshold: PRICE_E4 + 1, ..ON_TRADE };
    let mut bench = Bench::new(card, &[instrument(&[rule])]);
    for message in before {
        bench.show(std::slice::from_ref(message));
    }
    assert_eq!(bench.orders(), []);
    bench
}

/// Adds that raise the bid above the threshold but may not be, each with what must be there before.
fn wrong_adds() -> Vec<(Reason, Vec<Vec<u8>>, Vec<u8>)> {
    let references = alike(2, ORDER_BANKS * ORDER_WAYS + 1);
    let (last, full) = references.split_last().expect("more than there is room for");
    let full = full.iter().map(|&reference| bid(reference, PRICE_E4)).collect();
    vec![
        (Reason::DuplicateReference, vec![], bid(1, PRICE_E4 + 100)),
        (Reason::BadOrder, vec![], add(LOCATE, 2, b'X', 100, PRICE_E4 + 100)),
        (Reason::OrderOverflow, full, bid(*last, PRICE_E4 + 100)),
    ]
}

#[test]
fn an_add_that_is_right_fires_with_its_look_up_under_way() {
    on_each_card(|card| {
        let mut bench = above(card, &[bid(1, PRICE_E4)]);
        bench.show(&[bid(2, PRICE_E4 + 100)]);
        let output = bench.settle();
        assert_eq!(orders(&output), [SENT]);
        let sent = output.events.iter().find(|event| event.kind() == Some(EventKind::OrderSent)).expect("just seen");
        assert_eq!(sent.cycles, ADD_CYCLES);
    });
}

#[test]
fn an_add_with_an_error_fires_nothing() {
    for (reason, before, wrong) in wrong_adds() {
        on_each_card(|card| {
            let mut bench = above(card, &[vec![bid(1, PRICE_E4)], before.clone()].concat());
            bench.show(std::slice::from_ref(&wrong));
            let output = bench.settle();
            assert_eq!(reasons(&output, EventKind::Invalid), [reason]);
            assert_eq!(orders(&output), [], "{reason:?}");
        });
    }
}

#[test]
fn an_add_that_waits_for_its_commit_is_judged_with_its_look_up_all_the_same() {
    for (reason, before, wrong) in wrong_adds() {
        for filler in 20..60 {
            on_each_card(|card| {
                let top = add(LOCATE, 900, b'S', 1, PRICE_E4 + 500);
                let mut bench = above(card, &[vec![bid(1, PRICE_E4), top], before.clone()].concat());
                // The delete empties the top and waits for the next level, and what comes behind waits for it.
                bench.show(&[delete(LOCATE, 900), unknown(filler), wrong.clone()]);
                let output = bench.settle();
                assert_eq!(reasons(&output, EventKind::Invalid), [reason]);
                assert_eq!(orders(&output), [], "{reason:?} behind {filler} bytes");
            });
        }
    }
}

#[test]
fn a_level_table_that_overflows_closes_the_book_behind_the_add_and_is_told_once() {
    let rows = (PRICE_E4 - 40_000..PRICE_E4).filter(|&price| level_row(price) == level_row(PRICE_E4 + 100)).take(LEVEL_WAYS);
    let full: Vec<_> = (100..).zip(rows).map(|(reference, price)| bid(reference, price)).collect();
    assert_eq!(full.len(), LEVEL_WAYS);
    on_each_card(|card| {
        let mut bench = above(card, &full);
        // The top is right, so its order leaves; what is behind finds the book closed.
        let lost = bid(2, PRICE_E4 + 100);
        let also = (PRICE_E4 + 101..).find(|&price| level_row(price) == level_row(PRICE_E4 + 100)).expect("a row repeats");
        bench.show(&[lost, bid(3, also), trade(LOCATE, 1, PRICE_E4)]);
        let output = bench.settle();
        assert_eq!(orders(&output), [SENT]);
        assert_eq!(reasons(&output, EventKind::Invalid), [Reason::LevelOverflow]);
        assert_eq!(bench.count(Counter::Invalidations), 1);
        bench.show(&[delete(LOCATE, 2), delete(LOCATE, 3), bid(4, PRICE_E4 + 200)]);
        assert_eq!(bench.orders(), [], "no rule fires on a book without all its levels");
    });
}
