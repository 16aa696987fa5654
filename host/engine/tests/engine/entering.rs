//! Orders of the host through the card: what is asked for, what the card says, and what becomes of the rest.
use crate::bench::*;
use riposte_engine::{Alarm, Body, Change, Fence, Limit, Origin, Output, Record, Refusal, Report, Side};
use riposte_map::limits::HOST_RULE;
use riposte_map::reason::Reason;
use riposte_map::shm::{Event, EventKind, NONE, Opcode};

/// A card whose gate has not judged yet.
fn placed() -> Bench {
    let mut bench = Bench::armed();
    bench.passes = false;
    bench
}

fn wish(bench: &mut Bench, number: u64, instrument: u8, side: Side, quantity: u32) -> Vec<Output> {
    bench.give(Body::Hedge { number, instrument, side, quantity, price: PRICE as u32 })
}

/// What the card was asked for: instrument, quantity, price and side, and the command's number.
fn asked(said: &[Output]) -> Vec<([u64; 4], u64)> {
    let one = |one: &Output| match one {
        Output::Command(command) if command.opcode == Opcode::Order as u8 => {
            let [numbers, side, ..] = command.args;
            Some(([command.instrument.into(), numbers & 0xffff_ffff, numbers >> 32, side], command.sequence))
        }
        _ => None,
    };
    said.iter().filter_map(one).collect()
}

/// The card's event on an order of the host.
fn judged(bench: &mut Bench, kind: EventKind, command: u64, user_ref: u32, (instrument, side, quantity): (u8, u8, u32)) -> Vec<Output> {
    let event = Event {
        kind: kind as u8,
        reason: if kind == EventKind::OrderRefused { Reason::Position as u8 } else { 0 },
        instrument,
        rule: HOST_RULE as u8,
        feed_sequence: command,
        price_e4: PRICE as u32,
        quantity,
        user_ref,
        detail: side.into(),
        ..Event::default()
    };
    bench.event(event)
}

#[test]
fn a_hedge_is_whole_ticks_and_lots_of_the_set_in_force_and_says_how_many() {
    let mut rows = set(500, 1);
    for row in rows.iter_mut().filter(|row| row.opcode == Opcode::WriteInstrument as u8) {
        row.args[5] = if row.instrument == 0 { 5 | 20 << 32 } else { 0 };
    }
    let mut bench = Bench::ready_with(config(), &rows);
    assert_eq!(bench.both(Change::Arm), None);
    for (number, instrument, price, quantity) in [(1, 0, 1000, 50), (2, 0, 1003, 40), (3, 1, 1000, 40)] {
        let said = bench.give(Body::Hedge { number, instrument, side: Side::Buy, quantity, price });
        assert_eq!((refusal(&said), asked(&said)), (Some(Refusal::BadField), vec![]), "{quantity} at {price}");
    }
    let said = bench.give(Body::Hedge { number: 4, instrument: 0, side: Side::Buy, quantity: 40, price: 1005 });
    let [order] = commands(&said, Opcode::Order)[..] else { panic!("one order: {said:?}") };
    assert_eq!((order.args[0], order.args[4]), (1005 << 32 | 40, 2 << 32 | 201));
}

#[test]
fn a_hedge_through_the_card_is_an_order_when_the_card_says_that_it_has_left() {
    let mut bench = placed();
    let said = wish(&mut bench, 1, 0, Side::Buy, 60);
    let [(order, command)] = asked(&said)[..] else { panic!("one command: {said:?}") };
    assert_eq!(order, [0, 60, PRICE as u64, b'B'.into()]);
    let command_record = |one: &Output| matches!(one, Output::Record(Record::Commanding { command: one }) if one.sequence == command);
    assert!(said.iter().position(command_record) < said.iter().position(|one| matches!(one, Output::Command(_))), "recorded first");
    assert_eq!((bench.engine.hedged_position(0), bench.engine.orders().count()), (60, 0), "it counts before it has left");
    judged(&mut bench, EventKind::OrderSent, command, 1, (0, b'B', 60));
    let order = *bench.engine.orders().next().expect("an order");
    assert_eq!((order.session, order.user_ref, order.origin), (CARD, 1, Origin::Host));
    assert_eq!(bench.engine.hedged_position(0), 60, "and once");
    // What of it does not trade at once ends by itself, and is no alarm.
    bench.venue(CARD, accepted(1, 60));
    let said = bench.venue(CARD, Report::Cancelled { user_ref: 1, quantity: 60 });
    assert!(!said.iter().any(|one| matches!(one, Output::Alarm(_))), "{said:?}");
    assert_eq!(bench.engine.hedged_position(0), 0);
}

#[test]
fn hedges_go_through_the_card_one_after_the_other_whatever_the_gate_says() {
    let mut bench = placed();
    let first = asked(&wish(&mut bench, 1, 0, Side::Buy, 60));
    assert_eq!(asked(&wish(&mut bench, 2, 1, Side::Sell, 40)), [], "the card takes one at a time");
    assert_eq!(refusal(&wish(&mut bench, 3, 1, Side::Sell, 1)), Some(Refusal::Busy));
    assert_eq!((bench.engine.hedged_position(0), bench.engine.hedged_position(1)), (60, -40));
    let said = judged(&mut bench, EventKind::OrderRefused, first[0].1, 0, (0, b'B', 60));
    let why = Alarm::CommandRefused { opcode: Opcode::Order as u8, reason: Reason::Position as u8 };
    assert!(said.contains(&Output::Alarm(why)), "{said:?}");
    let second = asked(&said);
    assert_eq!(second[0].0, [1, 40, PRICE as u64, b'T'.into()], "nothing is held: it is sold short");
    assert_eq!((bench.engine.hedged_position(0), bench.engine.hedged_position(1)), (0, -40));
    // An answer to another command is none to this one, nor is an order of a rule whose message has its number.
    let of_a_rule = Event { kind: EventKind::OrderRefused as u8, instrument: 1, rule: 1, time_ns: 9, feed_sequence: second[0].1, ..Event::default() };
    bench.event(of_a_rule);
    assert_eq!(bench.engine.hedged_position(1), -40);
    assert!(judged(&mut bench, EventKind::OrderRefused, first[0].1, 0, (0, b'B', 60)).is_empty());
    judged(&mut bench, EventKind::OrderSent, second[0].1, 1, (1, b'T', 40));
    let third = asked(&wish(&mut bench, 4, 1, Side::Buy, 1));
    assert_eq!(third.len(), 1, "the next may come");
    // One that finds no place in front of the gate names no rule.
    let full = Event {
        kind: EventKind::OrderRefused as u8, reason: Reason::QueueFull as u8, instrument: 1, rule: NONE, detail: 1 << HOST_RULE,
        feed_sequence: third[0].1, ..Event::default()
    };
    bench.event(full);
    assert_eq!((bench.engine.hedged_position(1), asked(&wish(&mut bench, 5, 1, Side::Buy, 1)).len()), (-40, 1));
}

#[test]
fn no_hedge_is_asked_for_of_what_is_fenced() {
    let rule = Fence::of_rule(0, HOST_RULE as u8).expect("a rule");
    let of = |buys, sells| Fence { buys, sells, ..Fence::NONE };
    let other = Fence { instruments: 2, rules: !rule.rules, ..of(2, 2) };
    let cases = [(Fence::of(1), [true, true]), (rule, [true, true]), (of(1, 0), [true, false]), (of(0, 1), [false, true]), (other, [false, false])];
    for (fence, refused) in cases {
        let mut bench = placed();
        bench.one(Change::Fence { fence });
        let whys = [(1, Side::Buy), (2, Side::Sell)].map(|(id, side)| refusal(&wish(&mut bench, id, 0, side, 1)));
        assert_eq!(whys, refused.map(|is_refused| is_refused.then_some(Refusal::Fenced)), "{fence:?}");
    }
}

#[test]
fn what_is_asked_for_counts_in_the_limit_of_hedges() {
    let mut bench = placed();
    bench.set_limit(Limit::Hedge, 0, 100);
    wish(&mut bench, 1, 0, Side::Buy, 60);
    assert_eq!(refusal(&wish(&mut bench, 2, 0, Side::Buy, 41)), Some(Refusal::LimitReached));
    assert_eq!(refusal(&wish(&mut bench, 3, 0, Side::Buy, 40)), None);
}

#[test]
fn without_a_place_a_card_or_an_arm_no_hedge_goes_through_the_card() {
    let mut rows = set(500, 7);
    rows.iter_mut().filter(|row| row.opcode == Opcode::WriteRules as u8).for_each(|row| row.args[0] &= 0xff);
    let mut bench = placed();
    bench.load(&rows, 2);
    assert_eq!(refusal(&wish(&mut bench, 1, 0, Side::Buy, 60)), Some(Refusal::BadField), "a rule may be in its place");
    let mut bench = placed();
    wish(&mut bench, 1, 0, Side::Buy, 60);
    wish(&mut bench, 2, 1, Side::Buy, 60);
    let said = bench.give(Body::CardLost);
    let refused = said.iter().filter(|one| matches!(one, Output::Alarm(Alarm::Refused { why: Refusal::NotArmed, .. })));
    assert_eq!(refused.count(), 2, "{said:?}");
    assert_eq!((bench.engine.hedged_position(0), bench.engine.hedged_position(1)), (0, 0));
    assert_eq!(refusal(&wish(&mut bench, 3, 0, Side::Buy, 60)), Some(Refusal::NotArmed));
}
