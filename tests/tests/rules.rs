//! Rules fire at their threshold, at the edge or at every print, under one whole generation; on model and gateware.
//! Oracle: the card's page and the documentation of `Condition`.
use riposte_map::{
    counter::Counter,
    reason::Reason,
    shm::{Action, Condition, Event, EventKind, NONE, Opcode},
};
use riposte_tests::{
    bench::{Bench, LOCATE, ON_TRADE, instrument, is_order, on_each_card, orders},
    messages::{action, add, add_mpid, cancel, delete, executed, executed_price, replace, trade},
    parameters::{Rule, command, parameters},
};
use std::collections::BTreeSet;

const PRICE_E4: u32 = 650_000;

fn rule(condition: Condition, threshold: u32) -> Rule {
    Rule { condition, threshold, ..ON_TRADE }
}

fn bid(reference: u64, price_e4: u32) -> Vec<u8> {
    add(LOCATE, reference, b'B', 100, price_e4)
}

fn ask(reference: u64, price_e4: u32) -> Vec<u8> {
    add(LOCATE, reference, b'S', 100, price_e4)
}

/// Orders that `messages`, one a frame, make.
fn fired(bench: &mut Bench, messages: &[Vec<u8>]) -> usize {
    for message in messages {
        bench.show(std::slice::from_ref(message));
        bench.card.idle(40);
    }
    let verdicts = bench.orders();
    assert!(verdicts.iter().all(|&reason| reason == Reason::None));
    verdicts.len()
}

/// Messages after which the metric of `condition` is `value`, and was not there before.
fn reaching(condition: Condition, value: u32) -> Vec<Vec<u8>> {
    match condition {
        Condition::BidAtLeast | Condition::BidAtMost => vec![bid(1, value)],
        Condition::AskAtLeast | Condition::AskAtMost => vec![ask(1, value)],
        Condition::SpreadAtLeast | Condition::SpreadAtMost => vec![bid(1, PRICE_E4), ask(2, PRICE_E4 + value)],
        Condition::BidSizeAtLeast | Condition::BidSizeAtMost => vec![add(LOCATE, 1, b'B', value, PRICE_E4)],
        Condition::AskSizeAtLeast | Condition::AskSizeAtMost => vec![add(LOCATE, 1, b'S', value, PRICE_E4)],
        Condition::TradeSizeAtLeast | Condition::TradeSizeAtMost => vec![trade(LOCATE, value, PRICE_E4)],
        _ => vec![trade(LOCATE, 5, value)],
    }
}

#[test]
fn each_condition_fires_at_its_threshold_and_not_one_tick_beyond() {
    use Condition::*;
    let cases = [
        (BidAtLeast, true), (BidAtMost, false), (AskAtLeast, true), (AskAtMost, false), (SpreadAtLeast, true),
        (SpreadAtMost, false), (TradeAtLeast, true), (TradeAtMost, false), (BidSizeAtLeast, true), (BidSizeAtMost, false),
        (AskSizeAtLeast, true), (AskSizeAtMost, false), (TradeSizeAtLeast, true), (TradeSizeAtMost, false),
    ];
    let others: Vec<_> = Condition::ALL.into_iter().filter(|condition| !condition.is_over_time()).collect();
    assert_eq!(cases.map(|(condition, _)| condition).to_vec(), others, "those over time: over_time.rs");
    on_each_card(|card| {
        for (condition, at_least) in cases {
            for threshold in [500, 650_100, 0x0100_0000] {
                for (value, above) in [(threshold - 1, -1), (threshold, 0), (threshold + 1, 1)] {
                    let mut bench = Bench::new(card, &[instrument(&[rule(condition, threshold)])]);
                    let expected = if at_least { above >= 0 } else { above <= 0 };
                    let count = fired(&mut bench, &reaching(condition, value));
                    assert_eq!(count, usize::from(expected), "{condition:?} {threshold} at {value}");
                    assert_eq!(bench.count(Counter::Decisions), count as u32);
                }
            }
        }
    });
}

#[test]
fn a_condition_on_an_empty_side_does_not_hold() {
    use Condition::*;
    // True of any price, so only the missing side can keep them silent.
    let loose = [
        (BidAtLeast, 0, ask(1, PRICE_E4)), (BidAtMost, u32::MAX, ask(1, PRICE_E4)), (AskAtLeast, 0, bid(1, PRICE_E4)),
        (AskAtMost, u32::MAX, bid(1, PRICE_E4)), (SpreadAtLeast, 0, bid(1, PRICE_E4)),
        (SpreadAtMost, u32::MAX, ask(1, PRICE_E4)), (BidSizeAtLeast, 0, ask(1, PRICE_E4)),
        (BidSizeAtMost, u32::MAX, ask(1, PRICE_E4)), (AskSizeAtLeast, 0, bid(1, PRICE_E4)),
        (AskSizeAtMost, u32::MAX, bid(1, PRICE_E4)),
    ];
    on_each_card(|card| {
        for (condition, threshold, message) in &loose {
            let mut bench = Bench::new(card, &[instrument(&[rule(*condition, *threshold)])]);
            assert_eq!(fired(&mut bench, std::slice::from_ref(message)), 0, "{condition:?}");
            let other = if message[19] == b'B' { ask(2, PRICE_E4 + 100) } else { bid(2, PRICE_E4 - 100) };
            assert_eq!(fired(&mut bench, &[other]), 1, "{condition:?}");
        }
    });
}

#[test]
fn a_book_rule_fires_once_each_time_its_condition_begins_to_hold() {
    on_each_card(|card| {
        let mut bench = Bench::new(card, &[instrument(&[rule(Condition::BidAtLeast, PRICE_E4)])]);
        let mut after = |message: Vec<u8>| fired(&mut bench, &[message]);
        assert_eq!(after(bid(1, PRICE_E4 - 100)), 0);
        assert_eq!(after(bid(2, PRICE_E4)), 1);
        assert_eq!(after(bid(3, PRICE_E4 + 100)), 0, "it held already");
        assert_eq!(after(executed(LOCATE, 3, 40)), 0);
        assert_eq!(after(delete(LOCATE, 3)), 0, "order 2 still holds it");
        assert_eq!(after(cancel(LOCATE, 2, 100)), 0, "it no longer holds");
        assert_eq!(after(replace(LOCATE, 1, 4, 10, PRICE_E4)), 1);
        assert_eq!(after(delete(LOCATE, 4)), 0);
        assert_eq!(after(add_mpid(LOCATE, 5, b'B', 1, PRICE_E4)), 1);
    });
}

#[test]
fn a_rule_holds_when_every_one_of_its_terms_does() {
    use Condition::*;
    // Bid at the price, at least 300 asked for, a spread of at most 2 cents: in each place among the terms.
    let terms = [(BidAtLeast, PRICE_E4), (AskSizeAtLeast, 300), (SpreadAtMost, 200)];
    on_each_card(|card| {
        for turn in 0..3 {
            let [(condition, threshold), further @ ..]: [_; 3] = std::array::from_fn(|at| terms[(at + turn) % 3]);
            let mut bench = Bench::new(card, &[instrument(&[Rule { further, ..rule(condition, threshold) }])]);
            let mut after = |message: Vec<u8>| fired(&mut bench, &[message]);
            assert_eq!(after(bid(1, PRICE_E4)), 0, "one term holds");
            assert_eq!(after(add(LOCATE, 2, b'S', 299, PRICE_E4 + 200)), 0, "two do");
            assert_eq!(after(add(LOCATE, 3, b'S', 1, PRICE_E4 + 200)), 1, "all do");
            assert_eq!(after(add(LOCATE, 4, b'S', 1, PRICE_E4 + 200)), 0, "they did before");
            assert_eq!(after(delete(LOCATE, 1)), 0, "no bid");
            assert_eq!(after(bid(5, PRICE_E4 - 100)), 0, "too low a bid, too wide a spread");
            assert_eq!(after(bid(6, PRICE_E4 + 100)), 1);
            assert_eq!(after(cancel(LOCATE, 2, 10)), 0, "too little is asked for");
            assert_eq!(after(add(LOCATE, 7, b'S', 9, PRICE_E4 + 200)), 1);
        }
    });
}

#[test]
fn a_rule_with_a_term_on_trades_fires_on_each_print_on_such_a_book() {
    use Condition::*;
    on_each_card(|card| {
        let further = [(BidSizeAtLeast, 100), (TradeAtMost, PRICE_E4)];
        for one in [
            Rule { further, ..rule(TradeSizeAtLeast, 50) },
            Rule { further: [(TradeSizeAtLeast, 50), (TradeAtMost, PRICE_E4)], ..rule(BidSizeAtLeast, 100) },
        ] {
            let mut bench = Bench::new(card, &[instrument(&[one])]);
            let mut after = |message: Vec<u8>| fired(&mut bench, &[message]);
            assert_eq!(after(trade(LOCATE, 50, PRICE_E4)), 0, "no bid");
            assert_eq!(after(bid(1, PRICE_E4)), 0, "no print");
            for _ in 0..3 {
                assert_eq!(after(trade(LOCATE, 50, PRICE_E4)), 1, "each one");
            }
            assert_eq!(after(trade(LOCATE, 49, PRICE_E4)), 0, "too small");
            assert_eq!(after(trade(LOCATE, 50, PRICE_E4 + 1)), 0, "too dear");
            assert_eq!(after(bid(2, PRICE_E4)), 0, "no print");
            assert_eq!(after(executed(LOCATE, 2, 50)), 1, "150 are still bid for");
            assert_eq!(after(executed(LOCATE, 1, 60)), 0, "90 are bid for behind this print");
        }
    });
}

#[test]
fn a_rule_without_a_first_term_and_one_with_an_unknown_condition_never_fire() {
    on_each_card(|card| {
        let instruments = [instrument(&[rule(Condition::TradeAtLeast, 0)])];
        for (term, condition, fires) in
            [(0, 0, false), (0, 9, false), (0, 21, false), (0, 33, false), (1, 9, false), (1, 22, false), (2, 16, false), (2, 0, true), (3, 9, true)]
        {
            let mut bench = Bench::new(card, &instruments);
            let mut set = parameters(&instruments, 2);
            set.insert(set.len() - 1, command(Opcode::WriteRules, 0, 0, term, 0, &[condition]));
            bench.commands(&set);
            let count = fired(&mut bench, &[trade(LOCATE, 1, PRICE_E4)]);
            assert_eq!(count == 1, fires, "condition {condition} as term {term}");
        }
    });
}

/// The events of `messages`, one a frame, that tell of rules.
fn told(bench: &mut Bench, messages: &[Vec<u8>]) -> Vec<Event> {
    for message in messages {
        bench.show(std::slice::from_ref(message));
        bench.card.idle(40);
    }
    let is_told = |event: &Event| is_order(event) || event.kind() == Some(EventKind::Notice);
    bench.settle().events.into_iter().filter(is_told).collect()
}

#[test]
fn a_rule_that_notifies_tells_of_its_message_and_sends_nothing() {
    let quiet = |condition, threshold| Rule { action: Action::Notify, ..rule(condition, threshold) };
    on_each_card(|card| {
        let rules = [quiet(Condition::TradeAtLeast, PRICE_E4), quiet(Condition::BidAtLeast, PRICE_E4), rule(Condition::TradeSizeAtLeast, 7)];
        for traces in [true, false] {
            let mut bench = Bench::new(card, &[instrument(&rules)]);
            bench.commands(&[command(Opcode::Trace, 0, 0, 0, traces.into(), &[])]);
            let [bought] = told(&mut bench, &[bid(1, PRICE_E4)])[..] else { panic!("the bid's rule") };
            assert_eq!((bought.kind(), bought.rule, bought.detail), (Some(EventKind::Notice), NONE, 0x0200 | u16::from(b'A')));
            assert_eq!((bought.bid.price_e4, bought.price_e4, bought.quantity), (PRICE_E4, PRICE_E4, 100));
            assert_eq!(told(&mut bench, &[bid(2, PRICE_E4)]), [], "it held before");
            // The print fires one that notifies and one that sends, each for itself.
            let both = told(&mut bench, &[trade(LOCATE, 7, PRICE_E4)]);
            let kinds: Vec<_> = both.iter().map(|event| event.kind()).collect();
            assert_eq!(kinds, [Some(EventKind::Notice), Some(EventKind::OrderSent)]);
            assert_eq!((both[0].detail, both[0].quantity, both[1].rule), (0x0100 | u16::from(b'P'), 7, 2));
            assert_eq!((both[0].feed_sequence, both[0].time_ns), (both[1].feed_sequence, both[1].time_ns));
            assert_eq!(bench.count(Counter::Decisions), 1, "nothing of the quiet ones went to the gate");
        }
    });
}

#[test]
fn a_rule_that_halts_fences_its_instrument_until_the_fence_is_lifted() {
    let halt = Rule { action: Action::Halt, ..rule(Condition::SpreadAtLeast, 500) };
    let mut other = instrument(&[ON_TRADE]);
    other.locate = LOCATE + 1;
    on_each_card(|card| {
        let mut bench = Bench::new(card, &[instrument(&[ON_TRADE, halt]), other]);
        let mut after = |message: Vec<u8>| -> Vec<_> {
            told(&mut bench, &[message]).iter().map(|event| (event.kind().expect("known"), event.reason().expect("known"))).collect()
        };
        let sent = [(EventKind::OrderSent, Reason::None)];
        assert_eq!(after(trade(LOCATE, 1, PRICE_E4)), sent);
        after(bid(1, PRICE_E4));
        assert_eq!(after(ask(2, PRICE_E4 + 500)), [(EventKind::Notice, Reason::None)]);
        assert_eq!(after(trade(LOCATE, 1, PRICE_E4)), [(EventKind::OrderRefused, Reason::Fenced)]);
        assert_eq!(after(trade(LOCATE + 1, 1, PRICE_E4)), sent, "another instrument goes on");
        bench.commands(&[command(Opcode::Lift, 0, 0, 0, 0, &[1])]);
        let events = told(&mut bench, &[trade(LOCATE, 1, PRICE_E4)]);
        assert_eq!(events[0].kind(), Some(EventKind::OrderSent), "it held before, and is not told again");
        assert_eq!(events.len(), 1);
    });
}

#[test]
fn a_halt_comes_before_the_orders_of_its_own_message_and_beats_a_lift() {
    let halt = Rule { action: Action::Halt, ..rule(Condition::TradeAtLeast, PRICE_E4) };
    on_each_card(|card| {
        let mut bench = Bench::new(card, &[instrument(&[ON_TRADE, halt])]);
        let events = told(&mut bench, &[trade(LOCATE, 1, PRICE_E4)]);
        let [notice, order] = events[..] else { panic!("{events:?}") };
        assert_eq!((notice.kind(), notice.detail), (Some(EventKind::Notice), 0x2200 | u16::from(b'P')));
        assert_eq!((order.reason(), order.rule), (Some(Reason::Fenced), 0));
        // Lifted around the verdict: whoever lifts in time before it has lifted nothing.
        let mut stays = Vec::new();
        for ahead in 0..40 {
            bench.commands(&[command(Opcode::Lift, 0, 0, 0, 0, &[1])]);
            bench.command(ahead, command(Opcode::Lift, 0, 0, 0, 0, &[1]));
            bench.show(&[trade(LOCATE, 1, PRICE_E4)]);
            bench.card.idle(60);
            bench.settle();
            // A print that does not halt, and would send.
            let events = told(&mut bench, &[trade(LOCATE, 1, PRICE_E4 - 1)]);
            stays.push(events[0].reason() == Some(Reason::Fenced));
        }
        let first = stays.iter().position(|stays| !stays).expect("one that lifts behind it");
        // The decisive byte is in word 12 of the frame, shown a cycle later, the verdict is 5 cycles on, and a command takes 3.
        assert_eq!(first, 12 + 1 + 5 + 1 - 3 + 1, "{stays:?}");
        assert!(stays[first..].iter().all(|stays| !stays));
    });
}

#[test]
fn a_commit_makes_book_rules_fire_again() {
    on_each_card(|card| {
        let instruments = [instrument(&[rule(Condition::BidAtLeast, PRICE_E4)])];
        let mut bench = Bench::new(card, &instruments);
        assert_eq!(fired(&mut bench, &[bid(1, PRICE_E4), bid(2, PRICE_E4)]), 1);
        bench.commands(&parameters(&instruments, 2));
        assert_eq!(fired(&mut bench, &[bid(3, PRICE_E4), bid(4, PRICE_E4)]), 1);
    });
}

#[test]
fn a_trade_rule_fires_on_every_print_and_on_no_other_message() {
    on_each_card(|card| {
        let rules = [rule(Condition::TradeAtLeast, PRICE_E4)];
        let mut bench = Bench::new(card, &[instrument(&rules)]);
        let mut after = |message: Vec<u8>| fired(&mut bench, &[message]);
        assert_eq!(after(trade(LOCATE, 1, PRICE_E4)), 1);
        assert_eq!(after(trade(LOCATE, 1, PRICE_E4)), 1);
        assert_eq!(after(add(LOCATE, 1, b'S', 500, PRICE_E4)), 0);
        assert_eq!(after(add(LOCATE, 2, b'B', 500, PRICE_E4 - 1)), 0);
        assert_eq!(after(executed(LOCATE, 1, 100)), 1, "an execution prints at the order's price");
        assert_eq!(after(executed(LOCATE, 2, 100)), 0, "below the threshold");
        assert_eq!(after(executed_price(LOCATE, 2, 100, b'Y', PRICE_E4)), 1, "at the message's price");
        assert_eq!(after(executed_price(LOCATE, 1, 100, b'Y', PRICE_E4 - 1)), 0);
        assert_eq!(after(executed_price(LOCATE, 1, 100, b'N', PRICE_E4)), 0, "it does not print");
        assert_eq!(after(cancel(LOCATE, 1, 100)), 0);
        assert_eq!(after(replace(LOCATE, 2, 3, 10, PRICE_E4 - 1)), 0);
        assert_eq!(after(delete(LOCATE, 1)), 0);
        assert_eq!(after(action(LOCATE, b'T')), 0);
        assert_eq!(after(trade(LOCATE + 1, 1, PRICE_E4)), 0, "another instrument");
    });
}

#[test]
fn all_rules_of_an_instrument_are_evaluated_at_once() {
    on_each_card(|card| {
        let rules = [
            rule(Condition::BidAtLeast, PRICE_E4), rule(Condition::BidAtLeast, PRICE_E4 + 1),
            rule(Condition::BidAtMost, PRICE_E4), rule(Condition::AskAtLeast, 0),
        ];
        let mut bench = Bench::new(card, &[instrument(&rules)]);
        bench.show(&[bid(1, PRICE_E4)]);
        let output = bench.settle();
        let rules: Vec<u8> = output.events.iter().filter(|event| is_order(event)).map(|event| event.rule).collect();
        assert_eq!(rules, [0, 2], "lowest index first");
        assert_eq!(bench.count(Counter::Decisions), 1);
    });
}

/// What an order of a generation must look like.
fn whole(event: &Event) -> bool {
    let order = (event.quantity, event.price_e4, event.detail);
    match event.generation {
        1 => order == (100, PRICE_E4, u16::from(b'B')),
        2 => order == (200, PRICE_E4 + 100, u16::from(b'S')),
        _ => false,
    }
}

#[test]
fn a_commit_between_two_messages_gives_the_old_or_the_new_generation_whole() {
    let new = Rule { quantity: 200, price_e4: PRICE_E4 + 100, side: b'S', ..ON_TRADE };
    let mut set = parameters(&[instrument(&[new])], 2);
    set.pop();
    on_each_card(|card| {
        let mut seen = BTreeSet::new();
        for ahead in 0..60 {
            let mut bench = Bench::on_trade(card);
            bench.commands(&set);
            bench.command(ahead, command(Opcode::Commit, 0, 0, 0, 2, &[]));
            bench.show(&vec![trade(LOCATE, 1, PRICE_E4); 5]);
            let output = bench.settle();
            let of_orders: Vec<&Event> = output.events.iter().filter(|event| is_order(event)).collect();
            assert_eq!(of_orders.len(), 5);
            for event in &of_orders {
                assert!(whole(event), "commit {ahead} cycles after the frame's start: {event:?}");
                let stale = event.reason() == Some(Reason::StaleGeneration);
                assert!(event.generation == 1 || !stale, "the generation in force is never stale");
            }
            assert!(of_orders.is_sorted_by_key(|event| event.generation), "never back");
            check_frames(&output.transmitted, &of_orders);
            seen.insert(of_orders.iter().filter(|event| event.generation == 1).count());
        }
        assert!(seen.len() >= 4, "the sweep crosses messages: {seen:?} old of five");
    });
}

/// Side, quantity and price on the wire are those of the event.
fn check_frames(transmitted: &[riposte_device::Transmitted], events: &[&Event]) {
    let sent = events.iter().filter(|event| event.kind() == Some(EventKind::OrderSent));
    for (order, event) in transmitted.iter().zip(sent) {
        let number = |at: usize| u32::from_be_bytes(order.bytes[at..at + 4].try_into().expect("4 bytes"));
        let found = (u16::from(order.bytes[62]), number(63), number(75), number(79), number(58));
        assert_eq!(found, (event.detail, event.quantity, 0, event.price_e4, event.user_ref));
    }
}

#[test]
fn every_order_event_carries_the_generation_in_force() {
    on_each_card(|card| {
        let mut bench = Bench::on_trade(card);
        for generation in [2, 3, 1000, u32::MAX] {
            bench.commands(&parameters(&[instrument(&[ON_TRADE])], generation));
            bench.show(&[trade(LOCATE, 1, PRICE_E4)]);
            let output = bench.settle();
            assert_eq!(orders(&output), [Reason::None]);
            let event = output.events.iter().find(|event| is_order(event)).expect("one");
            assert_eq!(event.generation, generation);
        }
    });
}
