//! Each reason of the gate refuses, and just inside the limit an order passes; on model and gateware. Oracle: the
//! card's page.
use riposte_map::{
    counter::Counter,
    limits::{DECISION_QUEUE, RULES},
    reason::Reason,
    shm::{Command, EventKind, Opcode},
};
use riposte_tests::{
    bench::{Bench, LOCATE, ON_TRADE, instrument, is_order, on_each_card, orders, reasons},
    messages::{action, add, trade},
    parameters::{Instrument, Rule, command, opening, parameters},
};

const SENT: Reason = Reason::None;

fn print() -> Vec<u8> {
    trade(LOCATE, 1, 650_000)
}

/// What the gate makes of one print.
fn verdict(bench: &mut Bench) -> Reason {
    bench.show(&[print()]);
    let verdicts = bench.orders();
    assert_eq!(verdicts.len(), 1, "{verdicts:?}");
    verdicts[0]
}

fn bare(opcode: Opcode) -> Command {
    command(opcode, 0, 0, 0, 0, &[])
}

#[test]
fn a_reset_card_sends_nothing() {
    on_each_card(|card| {
        let mut bench = Bench::on_trade(card);
        assert_eq!(verdict(&mut bench), SENT);
        let mut bench = Bench::bare(bench.card);
        bench.show(&[action(LOCATE, b'T'), print()]);
        let output = bench.settle();
        assert_eq!((output.events.len(), output.transmitted.len()), (0, 0));
        bench.commands(&opening(1));
        bench.show(&[action(LOCATE, b'T'), print()]);
        assert_eq!(bench.orders(), [], "armed and valid, but no feed and no rule is in force");
    });
}

#[test]
fn rows_of_zeros_send_nothing() {
    on_each_card(|card| {
        // The feed and a rule are set; limits, template and locate are what a reset leaves: zeros.
        let blank = Instrument { locate: LOCATE, enabled: false, quantity_max: 0, collar_e4: (0, 0), rules: [None; RULES] };
        let mut bench = Bench::bare(card);
        let mut set = parameters(&[blank], 1);
        set.insert(set.len() - 1, command(Opcode::WriteRules, 0, 0, 0, 0, &[7, 1]));
        bench.commands(&set);
        bench.show(&[action(LOCATE, b'T'), print()]);
        assert_eq!(bench.orders(), [], "not validated: no rule fires");
        let mut bench = Bench::bare(bench.card);
        bench.commands(&set);
        bench.commands(&opening(1));
        bench.show(&[action(LOCATE, b'T')]);
        assert_eq!(verdict(&mut bench), Reason::InstrumentDisabled);
    });
}

#[test]
fn kill_blocks_until_it_is_cleared() {
    on_each_card(|card| {
        let mut bench = Bench::on_trade(card);
        assert_eq!(verdict(&mut bench), SENT);
        bench.simple(Opcode::Kill);
        assert_eq!(verdict(&mut bench), Reason::Killed);
        bench.simple(Opcode::Arm);
        assert_eq!(verdict(&mut bench), Reason::Killed, "arming does not undo a kill");
        bench.simple(Opcode::ClearKill);
        assert_eq!(verdict(&mut bench), SENT, "a kill does not disarm");
    });
}

#[test]
fn a_card_that_is_not_armed_sends_nothing() {
    on_each_card(|card| {
        let mut bench = Bench::on_trade(card);
        bench.simple(Opcode::Disarm);
        assert_eq!(verdict(&mut bench), Reason::Disarmed);
        bench.simple(Opcode::Arm);
        assert_eq!(verdict(&mut bench), SENT);
    });
}

#[test]
fn limits_hold_to_the_last_share_and_tick() {
    let order = |quantity, price_e4| instrument(&[Rule { quantity, price_e4, ..ON_TRADE }]);
    let collar = |low, high| Instrument { collar_e4: (low, high), ..instrument(&[ON_TRADE]) };
    let maximum = |quantity_max| Instrument { quantity_max, ..instrument(&[ON_TRADE]) };
    let cases = [
        (order(500, 650_000), SENT),
        (order(501, 650_000), Reason::Quantity),
        (order(u32::MAX, 650_000), Reason::Quantity),
        (order(1, 650_000), SENT),
        (order(0, 650_000), Reason::Quantity),
        (maximum(100), SENT),
        (maximum(99), Reason::Quantity),
        (maximum(0), Reason::Quantity),
        (order(100, 600_000), SENT),
        (order(100, 599_999), Reason::Collar),
        (order(100, 700_000), SENT),
        (order(100, 700_001), Reason::Collar),
        (collar(650_000, 650_000), SENT),
        (collar(650_001, 700_000), Reason::Collar),
        (collar(600_000, 649_999), Reason::Collar),
        (collar(0, u32::MAX), SENT),
        (collar(0, 0), Reason::Collar),
        (collar(1, 0), Reason::Collar),
        (Instrument { enabled: false, ..instrument(&[ON_TRADE]) }, Reason::InstrumentDisabled),
    ];
    on_each_card(|card| {
        for (index, (one, expected)) in cases.iter().enumerate() {
            let mut bench = Bench::new(card, &[*one]);
            assert_eq!(verdict(&mut bench), *expected, "case {index}: {one:?}");
        }
    });
}

#[test]
fn an_instrument_must_trade() {
    on_each_card(|card| {
        let mut bench = Bench::on_trade(card);
        for state in *b"HPQ" {
            bench.show(&[action(LOCATE, state)]);
            bench.settle();
            assert_eq!(verdict(&mut bench), Reason::NotTrading);
            bench.show(&[action(LOCATE, b'T')]);
            bench.settle();
            assert_eq!(verdict(&mut bench), SENT);
        }
    });
}

#[test]
fn a_session_must_be_set() {
    on_each_card(|card| {
        let mut bench = Bench::on_trade(card);
        bench.commands(&[command(Opcode::Session, 0, 0, 0, 0, &[1, 0])]);
        assert_eq!(verdict(&mut bench), Reason::SessionUnset);
        bench.commands(&[command(Opcode::Session, 0, 0, 0, 0, &[1, u64::from(u32::MAX)])]);
        assert_eq!(verdict(&mut bench), SENT, "the last number is usable");
        assert_eq!(verdict(&mut bench), Reason::SessionUnset, "and then there is none");
    });
}

#[test]
fn a_template_must_be_set_and_have_a_shape() {
    let numbers = 100 | 650_000u64 << 32;
    let layout = |words: u64, last: u64| u64::from(b'B') | words << 8 | last << 16 | 50 << 24;
    on_each_card(|card| {
        let shapes = [
            ((2, 1), SENT), ((13, 8), SENT), ((16, 8), SENT), ((1, 8), Reason::TemplateUnset),
            ((17, 8), Reason::TemplateUnset), ((13, 0), Reason::TemplateUnset), ((13, 9), Reason::TemplateUnset),
        ];
        for ((words, last), expected) in shapes {
            let mut bench = Bench::on_trade(card);
            let mut set = parameters(&[instrument(&[ON_TRADE])], 2);
            let template = command(Opcode::WriteTemplate, 0, 0, 0, 0, &[numbers, layout(words, last)]);
            set.insert(set.len() - 1, template);
            bench.commands(&set);
            assert_eq!(verdict(&mut bench), expected, "{words} words, {last} bytes in the last");
        }
    });
}

/// Four orders of one print; the card's state changes while the second to fourth wait for the transmitter.
fn change_while_orders_wait(bench: &mut Bench, change: Command) -> Vec<Reason> {
    // The print's decisive byte is in word 12; the first order's words are shown from cycle 20 to 32.
    bench.command(26, change);
    bench.show(&[print()]);
    bench.orders()
}

#[test]
fn what_changes_while_an_order_waits_still_stops_it() {
    let four = instrument(&[ON_TRADE; RULES]);
    on_each_card(|card| {
        let mut bench = Bench::new(card, &[four]);
        bench.show(&[print()]);
        assert_eq!(bench.orders(), [SENT; 4]);
        for (change, reason) in [
            (bare(Opcode::Kill), Reason::Killed),
            (bare(Opcode::Disarm), Reason::Disarmed),
            (command(Opcode::Commit, 0, 0, 0, 2, &[]), Reason::StaleGeneration),
            (command(Opcode::Invalidate, 0, 0, 0, 0, &[1]), Reason::BookInvalid),
            (command(Opcode::Invalidate, 0, 0, 0, 0, &[2]), SENT),
        ] {
            let mut bench = Bench::new(bench.card, &[four]);
            assert_eq!(change_while_orders_wait(&mut bench, change), [SENT, reason, reason, reason], "{change:?}");
        }
    });
}

#[test]
fn a_decision_that_finds_the_queue_full_is_refused_whole() {
    on_each_card(|card| {
        let mut bench = Bench::new(card, &[instrument(&[ON_TRADE; RULES])]);
        // Four orders of 17 cycles for each print of 6: the queue fills.
        bench.show(&vec![print(); 24]);
        let output = bench.settle();
        let verdicts = orders(&output);
        let full = verdicts.iter().filter(|&&reason| reason == Reason::QueueFull).count();
        let sent = verdicts.iter().filter(|&&reason| reason == SENT).count();
        assert!(full > 0 && full <= 24 - DECISION_QUEUE, "{full}");
        assert_eq!(sent, (24 - full) * RULES, "the others leave whole");
        let mut refused = output.events.iter().filter(|event| event.reason() == Some(Reason::QueueFull));
        assert!(refused.all(|event| event.detail == 0xf && event.rule == 0xff));
    });
}

#[test]
fn the_first_reason_of_the_page_is_the_one_told() {
    // All is wrong; then one thing after another is put right, in the order of the page.
    let wrong = Instrument {
        enabled: false,
        quantity_max: 0,
        collar_e4: (0, 0),
        ..instrument(&[ON_TRADE])
    };
    let steps = [
        (wrong, true, Reason::InstrumentDisabled),
        (Instrument { enabled: true, ..wrong }, true, Reason::Quantity),
        (Instrument { enabled: true, quantity_max: 500, ..wrong }, true, Reason::Collar),
        (instrument(&[ON_TRADE]), true, Reason::TemplateUnset),
        (instrument(&[ON_TRADE]), false, Reason::SessionUnset),
    ];
    on_each_card(|card| {
        let mut bench = Bench::new(card, &[wrong]);
        bench.commands(&[bare(Opcode::Kill), bare(Opcode::Disarm), command(Opcode::Session, 0, 0, 0, 0, &[])]);
        bench.show(&[action(LOCATE, b'H')]);
        bench.settle();
        assert_eq!(verdict(&mut bench), Reason::Killed);
        bench.simple(Opcode::ClearKill);
        assert_eq!(verdict(&mut bench), Reason::Disarmed);
        bench.simple(Opcode::Arm);
        assert_eq!(verdict(&mut bench), Reason::NotTrading);
        bench.show(&[action(LOCATE, b'T')]);
        bench.settle();
        for (generation, (one, blank_template, expected)) in (2..).zip(steps) {
            let mut set = parameters(&[one], generation);
            if blank_template {
                set.insert(set.len() - 1, command(Opcode::WriteTemplate, 0, 0, 0, 0, &[100 | 650_000 << 32, 0]));
            }
            bench.commands(&set);
            assert_eq!(verdict(&mut bench), expected);
        }
        bench.commands(&[command(Opcode::Session, 0, 0, 0, 0, &[0, 1])]);
        assert_eq!(verdict(&mut bench), SENT);
    });
}

#[test]
fn commands_are_refused_for_their_reason() {
    on_each_card(|card| {
        let mut bench = Bench::on_trade(card);
        bench.commands(&[
            Command { opcode: 0, ..Command::default() },
            Command { opcode: 15, ..Command::default() },
            command(Opcode::Commit, 0, 0, 0, 1, &[]),
            command(Opcode::Commit, 0, 0, 0, 0, &[]),
            command(Opcode::Validate, 0, 0, 0, 0, &[1]),
            command(Opcode::Commit, 0, 0, 0, 2, &[]),
        ]);
        let output = bench.settle();
        let (unknown, old, touched) = (Reason::BadOpcode, Reason::OldGeneration, Reason::BookNotClean);
        assert_eq!(reasons(&output, EventKind::Command), [unknown, unknown, old, old, touched, Reason::None]);
        assert!(!output.events.iter().any(is_order));
    });
}

#[test]
fn a_card_that_would_lose_an_event_kills_itself() {
    on_each_card(|card| {
        let mut bench = Bench::on_trade(card);
        // A Command event every cycle goes before the Book events, whose queue fills.
        for ahead in 0..200 {
            bench.command(ahead, command(Opcode::Trace, 0, 0, 0, 1, &[]));
        }
        let adds: Vec<_> = (1..30).map(|reference| add(LOCATE, reference, b'B', 100, 650_000)).collect();
        bench.show(&adds);
        bench.settle();
        assert!(bench.count(Counter::EventsLost) > 0);
        assert_eq!(verdict(&mut bench), Reason::Killed);
        bench.simple(Opcode::ClearKill);
        assert_eq!(verdict(&mut bench), SENT, "a person may resume");
    });
}
