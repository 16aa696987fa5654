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
    parameters::{
        ALL_SIDES, BUY, Gate, Instrument, MOST, Rule, SELL, SELL_SHORT, command, credit, heartbeat, lease, opening,
        parameters, parameters_within, repeat, write_gate,
    },
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
        let blank = Instrument { locate: LOCATE, ..Instrument::UNSET };
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
            let template = command(Opcode::WriteTemplate, 0, 0, 0, 0, &[numbers, layout(words, last), 1]);
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
    let cooling = |cool_down_cycles| Rule { cool_down_cycles, ..ON_TRADE };
    let of = |one: Instrument, cool_down_cycles| {
        Instrument { locate: LOCATE, rules: instrument(&[cooling(cool_down_cycles)]).rules, ..one }
    };
    let wrong = of(Instrument::UNSET, 0);
    let permitted = Instrument { enabled: true, sides: BUY, ..wrong };
    let small = Instrument { quantity_max: 500, ..permitted };
    let cheap = Instrument { value_max: 65_000_000, ..small };
    let collared = Instrument { collar_e4: (600_000, 700_000), ..cheap };
    let right = of(Instrument::WIDE, 0);
    let unset = Gate { interval_cycles: 0, saved_max: 0, age_cycles_max: 0 };
    let fresh = Gate { age_cycles_max: 8, ..unset };
    let steps = [
        (unset, wrong, true, Reason::InstrumentDisabled),
        (unset, Instrument { sides: 0, ..permitted }, true, Reason::Side),
        (unset, permitted, true, Reason::Quantity),
        (unset, small, true, Reason::Value),
        (unset, cheap, true, Reason::Collar),
        (unset, collared, true, Reason::LiveCollar),
        (unset, right, true, Reason::TemplateUnset),
        (unset, right, false, Reason::SessionUnset),
    ];
    on_each_card(|card| {
        let mut bench = Bench::new(card, &[wrong]);
        bench.commands(&[bare(Opcode::Kill), bare(Opcode::Disarm), command(Opcode::Session, 0, 0, 0, 0, &[])]);
        bench.commands(&[heartbeat(0), credit(0, 0, 0), lease(0, 0, 0), repeat(0, 0, 0)]);
        bench.commands(&[command(Opcode::Fence, 0, 0, 0, 0, &[1])]);
        bench.show(&[action(LOCATE, b'H')]);
        bench.settle();
        assert_eq!(verdict(&mut bench), Reason::Killed);
        bench.simple(Opcode::ClearKill);
        assert_eq!(verdict(&mut bench), Reason::HostSilent);
        bench.commands(&[heartbeat(1 << 40)]);
        assert_eq!(verdict(&mut bench), Reason::Disarmed);
        bench.simple(Opcode::Arm);
        assert_eq!(verdict(&mut bench), Reason::Fenced);
        bench.commands(&[command(Opcode::Lift, 0, 0, 0, 0, &[1])]);
        assert_eq!(verdict(&mut bench), Reason::NotTrading);
        bench.show(&[action(LOCATE, b'T')]);
        bench.settle();
        for (generation, (limits, one, blank_template, expected)) in (2..).zip(steps) {
            let mut set = parameters_within(&limits, &[one], generation);
            if blank_template {
                let blank = [100 | 650_000 << 32, u64::from(b'B')];
                set.insert(set.len() - 1, command(Opcode::WriteTemplate, 0, 0, 0, 0, &blank));
            }
            bench.commands(&set);
            assert_eq!(verdict(&mut bench), expected);
        }
        let next = |limits, cool_down, generation| parameters_within(&limits, &[of(Instrument::WIDE, cool_down)], generation);
        let all = u64::MAX >> 1;
        for (commands, expected) in [
            (vec![command(Opcode::Session, 0, 0, 0, 0, &[0, 1])], Reason::Age),
            (next(fresh, 0, 10), Reason::CoolDown),
            (next(fresh, 1, 11), Reason::Repeated),
            (vec![repeat(0, 0, MOST)], Reason::Throttle),
            (next(Gate::WIDE, 1, 12), Reason::Position),
            (vec![lease(0, MOST, 0)], Reason::Exposure),
            (vec![credit(all, 0, 0)], Reason::OpenOrders),
            (vec![credit(all, MOST, 0)], Reason::Unacknowledged),
            (vec![credit(all, MOST, MOST)], SENT),
        ] {
            bench.commands(&commands);
            assert_eq!(verdict(&mut bench), expected);
        }
    });
}

#[test]
fn commands_are_refused_for_their_reason() {
    on_each_card(|card| {
        let mut bench = Bench::on_trade(card);
        bench.commands(&[
            Command { opcode: 0, ..Command::default() },
            Command { opcode: Opcode::ALL.len() as u8 + 1, ..Command::default() },
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

/// Generation `generation` in force; the first cycle in which it is visible.
fn commit(bench: &mut Bench, limits: &Gate, one: &Instrument, generation: u32) -> u64 {
    let mut set = parameters_within(limits, &[*one], generation);
    let last = set.pop().expect("a commit");
    bench.commands(&set);
    let shown = bench.card.cycle();
    bench.commands(&[last]);
    shown + 3
}

/// What the gate makes of prints that are before it in the given cycles: 19 behind the first word of their frames.
fn verdicts_in(bench: &mut Bench, gates: &[u64]) -> Vec<Reason> {
    for gate in gates {
        let cycles = gate - 19 - bench.card.cycle();
        bench.card.idle(cycles);
        bench.show(&[print()]);
    }
    bench.orders()
}

/// Verdicts on as many prints, one after the other.
fn verdicts<const N: usize>(bench: &mut Bench) -> [Reason; N] {
    [(); N].map(|()| verdict(bench))
}

/// An instrument whose one rule buys or sells on every print; it is limited in nothing.
fn sending(side: u8, quantity: u32, price_e4: u32) -> Instrument {
    let rule = Rule { side, quantity, price_e4, ..ON_TRADE };
    Instrument { locate: LOCATE, rules: instrument(&[rule]).rules, ..Instrument::WIDE }
}

#[test]
fn a_value_one_unit_above_its_maximum_is_refused() {
    let cases = [
        (100, 650_000, 65_000_000, SENT),
        (100, 650_000, 64_999_999, Reason::Value),
        (100, 650_000, 0, Reason::Value),
        (1, 0, 0, Reason::Value),
        (1, 0, 1, SENT),
        // 64 bits, nothing is cut off.
        (0x7fff_ffff, u32::MAX, 0x7fff_fffe_8000_0001, SENT),
        (0x7fff_ffff, u32::MAX, 0x7fff_fffe_8000_0000, Reason::Value),
        (0x1_0000, 0x1_0000, 0xffff_ffff, Reason::Value),
        (0x1_0000, 0x1_0000, 0x1_0000_0000, SENT),
    ];
    on_each_card(|card| {
        for (quantity, price_e4, value_max, expected) in cases {
            let mut bench = Bench::new(card, &[Instrument { value_max, ..sending(b'B', quantity, price_e4) }]);
            assert_eq!(verdict(&mut bench), expected, "{quantity} at {price_e4}, up to {value_max}");
        }
    });
}

#[test]
fn a_price_one_tick_beyond_the_live_collar_is_refused() {
    let bid = |price| add(LOCATE, 1, b'B', 100, price);
    let ask = |price| add(LOCATE, 2, b'S', 100, price);
    // An order at 650,000, the reach, and the book.
    let cases: [(u8, u32, &[Vec<u8>], Reason); 21] = [
        (b'B', 100, &[ask(649_900)], SENT),
        (b'B', 100, &[ask(649_899)], Reason::LiveCollar),
        (b'B', 100, &[ask(u32::MAX)], SENT),
        (b'B', 650_000, &[ask(0)], SENT),
        (b'B', 649_999, &[ask(0)], Reason::LiveCollar),
        (b'B', u32::MAX - 1, &[ask(u32::MAX)], SENT),
        (b'B', u32::MAX - 1, &[bid(650_000)], Reason::LiveCollar),
        (b'B', u32::MAX, &[], SENT),
        (b'B', 0, &[ask(650_000)], Reason::LiveCollar),
        (b'S', 100, &[bid(650_100)], SENT),
        (b'S', 100, &[bid(650_101)], Reason::LiveCollar),
        (b'S', 100, &[bid(1)], SENT),
        (b'S', u32::MAX - 650_000, &[bid(u32::MAX)], SENT),
        (b'S', u32::MAX - 650_001, &[bid(u32::MAX)], Reason::LiveCollar),
        (b'S', u32::MAX - 1, &[ask(650_000)], Reason::LiveCollar),
        (b'S', u32::MAX, &[], SENT),
        (b'S', 0, &[bid(650_000)], Reason::LiveCollar),
        (b'T', 100, &[bid(650_100), ask(650_200)], SENT),
        (b'T', 100, &[bid(650_101), ask(650_200)], Reason::LiveCollar),
        (b'E', 100, &[bid(650_101), ask(650_200)], Reason::LiveCollar),
        (b'B', 100, &[bid(649_000), ask(649_899)], Reason::LiveCollar),
    ];
    on_each_card(|card| {
        for (side, reach_e4, book, expected) in &cases {
            let mut bench = Bench::new(card, &[Instrument { reach_e4: *reach_e4, ..sending(*side, 100, 650_000) }]);
            bench.show(book);
            assert_eq!(verdict(&mut bench), *expected, "{side} {reach_e4} {book:x?}");
        }
        // The tops are the decision's: the ask comes nearer behind the print, while the order waits.
        let two = Rule { price_e4: 650_000, ..ON_TRADE };
        let one = Instrument { reach_e4: 100, rules: instrument(&[two, two]).rules, ..sending(b'B', 100, 650_000) };
        let mut bench = Bench::new(card, &[one]);
        bench.show(&[ask(649_900), print(), add(LOCATE, 3, b'S', 100, 649_000)]);
        assert_eq!(bench.orders(), [SENT, SENT]);
        assert_eq!(verdict_of_first(&mut bench), Reason::LiveCollar);
    });
}

/// What the gate makes of the first rule of one print.
fn verdict_of_first(bench: &mut Bench) -> Reason {
    bench.show(&[print()]);
    bench.orders()[0]
}

#[test]
fn a_side_that_is_not_permitted_is_refused() {
    on_each_card(|card| {
        for side in [b'B', b'S', b'T', b'E', b'X', 0, b'b', b'B' + 0x80] {
            for sides in 0..=ALL_SIDES {
                let needed = match side {
                    b'B' => BUY,
                    b'S' => SELL,
                    b'T' | b'E' => SELL_SHORT,
                    _ => 0,
                };
                let expected = if sides & needed != 0 { SENT } else { Reason::Side };
                let mut bench = Bench::new(card, &[Instrument { sides, ..sending(side, 100, 650_000) }]);
                assert_eq!(verdict(&mut bench), expected, "{side} of {sides:03b}");
            }
        }
    });
}

#[test]
fn a_decision_one_cycle_too_old_is_refused() {
    // Orders of one print: their first words are 8, 25, 42 and 59 cycles behind its decisive byte.
    let four = Instrument { rules: [Some(ON_TRADE); RULES], ..instrument(&[]) };
    let cases = [
        (8, [SENT, Reason::Age, Reason::Age, Reason::Age]),
        (7, [Reason::Age; 4]),
        (25, [SENT, SENT, Reason::Age, Reason::Age]),
        (24, [SENT, Reason::Age, Reason::Age, Reason::Age]),
        (59, [SENT; 4]),
        (58, [SENT, SENT, SENT, Reason::Age]),
        (0, [Reason::Age; 4]),
    ];
    on_each_card(|card| {
        for (age_cycles_max, expected) in cases {
            let mut bench = Bench::new(card, &[four]);
            commit(&mut bench, &Gate { age_cycles_max, ..Gate::WIDE }, &four, 2);
            bench.settle();
            bench.show(&[print()]);
            assert_eq!(bench.orders(), expected, "{age_cycles_max} cycles");
        }
    });
}

#[test]
fn the_throttle_lets_pass_as_many_as_it_has_saved() {
    on_each_card(|card| {
        for saved_max in 0..4 {
            let mut bench = Bench::on_trade(card);
            let limits = Gate { interval_cycles: 100_000, saved_max, ..Gate::WIDE };
            let from = commit(&mut bench, &limits, &instrument(&[ON_TRADE]), 2);
            let mut expected = [Reason::Throttle; 4];
            expected[..usize::from(saved_max)].fill(SENT);
            assert_eq!(verdicts_in(&mut bench, &[40, 80, 120, 160].map(|gate| from + gate)), expected);
        }
        let mut bench = Bench::new(card, &[instrument(&[ON_TRADE])]);
        let from = commit(&mut bench, &Gate { interval_cycles: 0, ..Gate::WIDE }, &instrument(&[ON_TRADE]), 2);
        assert_eq!(verdicts_in(&mut bench, &[from + 40]), [SENT], "what was saved is not taken away");
    });
}

#[test]
fn a_throttle_without_an_interval_never_lets_pass() {
    on_each_card(|card| {
        let mut bench = Bench::bare(card);
        bench.commands(&parameters_within(&Gate { interval_cycles: 0, ..Gate::WIDE }, &[instrument(&[ON_TRADE])], 1));
        bench.commands(&opening(1));
        bench.show(&[action(LOCATE, b'T')]);
        assert_eq!(verdicts(&mut bench), [Reason::Throttle; 2]);
    });
}

#[test]
fn a_token_comes_in_its_cycle_and_not_one_before() {
    // In force from c on, with what was saved before: the first wait begins in c, and its token is seen in c + 101.
    on_each_card(|card| {
        let one = instrument(&[ON_TRADE]);
        for (gate, expected) in [(100, Reason::Throttle), (101, SENT)] {
            let mut bench = Bench::new(card, &[one]);
            let from = commit(&mut bench, &Gate { interval_cycles: 100, saved_max: 1, ..Gate::WIDE }, &one, 2);
            assert_eq!(verdicts_in(&mut bench, &[from + 40, from + gate]), [SENT, expected], "{gate}");
        }
        // A token that comes in the cycle in which an order's is taken off, its own behind its gate, is not lost:
        // three are saved, a fourth comes for the order of c + 99.
        let mut bench = Bench::new(card, &[one]);
        let from = commit(&mut bench, &Gate { interval_cycles: 100, saved_max: 3, ..Gate::WIDE }, &one, 2);
        let gates = [40, 70, 99, 130, 160].map(|gate| from + gate);
        assert_eq!(verdicts_in(&mut bench, &gates), [SENT, SENT, SENT, SENT, Reason::Throttle]);
    });
}

#[test]
fn another_interval_begins_behind_the_wait_of_the_old_one() {
    // 100 cycles from c on and 50 from c + 60 on: tokens are seen in c + 101 and c + 151.
    let cases = [
        ([40, 100, 150], [SENT, Reason::Throttle, SENT]),
        ([40, 101, 150], [SENT, SENT, Reason::Throttle]),
        ([40, 101, 151], [SENT, SENT, SENT]),
    ];
    on_each_card(|card| {
        let one = instrument(&[ON_TRADE]);
        for (gates, expected) in cases {
            let mut bench = Bench::new(card, &[one]);
            let limits = Gate { interval_cycles: 100, saved_max: 1, ..Gate::WIDE };
            let from = commit(&mut bench, &limits, &one, 2);
            // The shadow is the first set, whole.
            bench.commands(&[write_gate(&Gate { interval_cycles: 50, ..limits })]);
            let gates = gates.map(|gate| from + gate);
            let ahead = from + 57 - bench.card.cycle();
            bench.command(ahead, command(Opcode::Commit, 0, 0, 0, 3, &[]));
            assert_eq!(verdicts_in(&mut bench, &gates), expected);
        }
    });
}

#[test]
fn a_rule_cools_down_to_the_last_cycle() {
    let cases: [(u64, &[u64], &[Reason]); 6] = [
        (100, &[40, 139], &[SENT, Reason::CoolDown]),
        (100, &[40, 140], &[SENT, SENT]),
        // Refusals do not begin it anew.
        (100, &[40, 100, 140], &[SENT, Reason::CoolDown, SENT]),
        (0, &[40], &[Reason::CoolDown]),
        (70_000, &[40, 70_039], &[SENT, Reason::CoolDown]),
        (70_000, &[40, 70_040], &[SENT, SENT]),
    ];
    on_each_card(|card| {
        for (cool_down_cycles, gates, expected) in cases {
            let one = instrument(&[Rule { cool_down_cycles, ..ON_TRADE }]);
            let mut bench = Bench::new(card, &[one]);
            let from = bench.card.cycle();
            let gates: Vec<u64> = gates.iter().map(|gate| from + gate).collect();
            assert_eq!(verdicts_in(&mut bench, &gates), expected, "{cool_down_cycles}");
        }
        // It is the cool-down of the template that sent that counts, not of the decision's.
        for (first, second, expected) in [(1 << 40, 1, Reason::CoolDown), (1, 1 << 40, SENT)] {
            let [one, other] = [first, second].map(|cool_down_cycles| instrument(&[Rule { cool_down_cycles, ..ON_TRADE }]));
            let mut bench = Bench::new(card, &[one]);
            assert_eq!(verdict(&mut bench), SENT);
            commit(&mut bench, &Gate::WIDE, &other, 2);
            assert_eq!(verdict(&mut bench), expected, "{first}, then {second}");
        }
        // The other rules do not cool down with it, and a commit does not end it.
        let one = instrument(&[Rule { cool_down_cycles: 1 << 47, ..ON_TRADE }, ON_TRADE]);
        let mut bench = Bench::new(card, &[one]);
        bench.show(&[print()]);
        assert_eq!(bench.orders(), [SENT, SENT]);
        commit(&mut bench, &Gate::WIDE, &one, 2);
        bench.show(&[print()]);
        assert_eq!(bench.orders(), [Reason::CoolDown, SENT]);
    });
}

#[test]
fn a_rule_sends_as_many_orders_as_it_was_granted() {
    on_each_card(|card| {
        let mut bench = Bench::on_trade(card);
        bench.commands(&[repeat(0, 0, 2), repeat(0, 0, 2), repeat(0, 1, 9), repeat(1, 0, 9)]);
        assert_eq!(verdicts(&mut bench), [SENT, SENT, Reason::Repeated]);
        bench.commands(&[repeat(0, 0, 2)]);
        assert_eq!(verdict(&mut bench), Reason::Repeated, "told twice, granted once");
        bench.commands(&[bare(Opcode::Arm), command(Opcode::Commit, 0, 0, 0, 2, &[])]);
        bench.commands(&parameters(&[instrument(&[ON_TRADE])], 3));
        assert_eq!(verdict(&mut bench), Reason::Repeated, "nothing else grants");
        bench.commands(&[repeat(0, 0, 3)]);
        assert_eq!(verdicts(&mut bench), [SENT, Reason::Repeated]);
        // Three were sent: fewer granted, or more by half of all numbers, is none.
        for none in [2, 0, 3 + (1 << 31), u32::MAX] {
            bench.commands(&[repeat(0, 0, none)]);
            assert_eq!(verdict(&mut bench), Reason::Repeated, "{none}");
        }
        bench.commands(&[repeat(0, 0, 2 + (1 << 31))]);
        assert_eq!(verdict(&mut bench), SENT, "the most that can be left");
    });
}

#[test]
fn a_lease_holds_to_the_last_share_of_its_side() {
    on_each_card(|card| {
        for side in *b"BSTE" {
            let of_side = |shares| if side == b'B' { lease(0, shares, MOST) } else { lease(0, MOST, shares) };
            let mut bench = Bench::new(card, &[sending(side, 100, 650_000)]);
            bench.commands(&[of_side(299)]);
            assert_eq!(verdicts(&mut bench), [SENT, SENT, Reason::Position]);
            bench.commands(&[of_side(300), of_side(300), lease(1, MOST, MOST)]);
            assert_eq!(verdicts(&mut bench), [SENT, Reason::Position], "told twice, granted once");
            bench.commands(&[of_side(200)]);
            assert_eq!(verdict(&mut bench), Reason::Position, "lowered below what was sent");
            bench.commands(&[of_side(399)]);
            assert_eq!(verdict(&mut bench), Reason::Position);
            bench.commands(&[of_side(400)]);
            assert_eq!(verdict(&mut bench), SENT);
        }
    });
}

#[test]
fn leases_wrap() {
    on_each_card(|card| {
        let mut bench = Bench::new(card, &[sending(b'B', MOST, 1)]);
        // After each order 2^31 - 1 more, in 32 bits.
        for total in [0x7fff_ffff, 0xffff_fffe, 0x7fff_fffd] {
            bench.commands(&[lease(0, total - 1, 0)]);
            assert_eq!(verdict(&mut bench), Reason::Position);
            bench.commands(&[lease(0, total, 0)]);
            assert_eq!(verdicts(&mut bench), [SENT, Reason::Position]);
        }
    });
}

#[test]
fn leases_make_an_instrument_reduce_only() {
    let sale = Rule { side: b'S', ..ON_TRADE };
    on_each_card(|card| {
        let mut bench = Bench::new(card, &[instrument(&[ON_TRADE, sale])]);
        let mut both = |leased| {
            bench.commands(&[leased]);
            bench.show(&[print()]);
            bench.orders()
        };
        let opening = lease(0, 300, 0);
        assert_eq!(both(opening), [SENT, Reason::Position]);
        assert_eq!(both(opening), [SENT, Reason::Position]);
        // 200 were bought and are held: no more may be, and at most 200 are sold.
        let reducing = lease(0, 200, 200);
        assert_eq!(both(reducing), [Reason::Position, SENT]);
        assert_eq!(both(reducing), [Reason::Position, SENT]);
        assert_eq!(both(reducing), [Reason::Position; 2], "it is closed and does not turn");
    });
}

#[test]
fn value_holds_to_the_last_unit_that_was_lent_and_wraps() {
    on_each_card(|card| {
        let value = |worth| credit(worth, MOST, MOST);
        let mut bench = Bench::on_trade(card);
        bench.commands(&[value(129_999_999)]);
        assert_eq!(verdicts(&mut bench), [SENT, Reason::Exposure]);
        bench.commands(&[value(130_000_000), value(130_000_000)]);
        assert_eq!(verdicts(&mut bench), [SENT, Reason::Exposure]);
        bench.commands(&[value(65_000_000)]);
        assert_eq!(verdict(&mut bench), Reason::Exposure, "below what was sent");
        // Sells of nearly 2^63 each; the third grant has wrapped.
        let one = u64::from(MOST) * u64::from(u32::MAX);
        let mut bench = Bench::new(bench.card, &[sending(b'S', MOST, u32::MAX)]);
        for orders in 1..4_u32 {
            let total = one.wrapping_mul(orders.into());
            bench.commands(&[lease(0, 0, MOST.wrapping_mul(orders)), value(total - 1)]);
            assert_eq!(verdict(&mut bench), Reason::Exposure);
            bench.commands(&[value(total)]);
            assert_eq!(verdict(&mut bench), SENT);
        }
        let mut bench = Bench::new(bench.card, &[sending(b'S', 100, 0)]);
        bench.commands(&[value(0)]);
        assert_eq!(verdict(&mut bench), Reason::Exposure, "nothing is lent, not even to an order without value");
        bench.commands(&[value(1)]);
        assert_eq!(verdict(&mut bench), SENT);
    });
}

/// As many orders pass as `most` of `credit` grants, on one instrument or two.
fn orders_are_capped(most: fn(u32) -> Command, reason: Reason) {
    let other = Instrument { locate: LOCATE + 1, ..instrument(&[ON_TRADE]) };
    on_each_card(|card| {
        let mut bench = Bench::new(card, &[instrument(&[ON_TRADE]), other]);
        let prints = [print(), trade(LOCATE + 1, 1, 650_000)];
        bench.commands(&[most(3), most(3)]);
        bench.show(&[prints.clone(), prints.clone()].concat());
        assert_eq!(bench.orders(), [SENT, SENT, SENT, reason]);
        bench.commands(&[most(4)]);
        bench.show(&prints);
        assert_eq!(bench.orders(), [SENT, reason]);
        for none in [3, 4 + (1 << 31)] {
            bench.commands(&[most(none)]);
            assert_eq!(verdict(&mut bench), reason, "{none}");
        }
        bench.commands(&[most(3 + (1 << 31))]);
        assert_eq!(verdict(&mut bench), SENT);
    });
}

#[test]
fn open_orders_are_capped() {
    orders_are_capped(|orders| credit(u64::MAX >> 1, orders, MOST), Reason::OpenOrders);
}

#[test]
fn unacknowledged_orders_are_capped() {
    orders_are_capped(|orders| credit(u64::MAX >> 1, MOST, orders), Reason::Unacknowledged);
}

#[test]
fn a_fence_stops_its_instruments_and_no_other() {
    let other = Instrument { locate: LOCATE + 1, ..instrument(&[ON_TRADE]) };
    let mask = |opcode, mask| command(opcode, 0, 0, 0, 0, &[mask]);
    on_each_card(|card| {
        let mut bench = Bench::new(card, &[instrument(&[ON_TRADE]), other]);
        let mut both = |change| {
            bench.commands(&[change]);
            bench.show(&[print(), trade(LOCATE + 1, 1, 650_000)]);
            bench.orders()
        };
        assert_eq!(both(mask(Opcode::Fence, 0)), [SENT, SENT]);
        assert_eq!(both(mask(Opcode::Fence, 0b10)), [SENT, Reason::Fenced]);
        assert_eq!(both(mask(Opcode::Fence, 0b01)), [Reason::Fenced; 2], "it adds to what is fenced");
        assert_eq!(both(mask(Opcode::Lift, 0xfffd)), [SENT, Reason::Fenced]);
        assert_eq!(both(bare(Opcode::Arm)), [SENT, Reason::Fenced], "arming does not lift it");
        assert_eq!(both(mask(Opcode::Lift, 0b10)), [SENT, SENT]);
    });
}

#[test]
fn a_silent_host_stops_orders_from_its_cycle_on() {
    // A heartbeat that is shown with the frame's first word is heard from 4 to 3 + n; the gate looks in 19.
    on_each_card(|card| {
        for (cycles, expected) in [(16, SENT), (15, Reason::HostSilent)] {
            let mut bench = Bench::on_trade(card);
            bench.command(0, heartbeat(cycles));
            bench.show(&[print()]);
            let output = bench.settle();
            assert_eq!(orders(&output), [expected], "{cycles} cycles");
            assert_eq!(reasons(&output, EventKind::Channel), [Reason::HostSilent]);
            assert_eq!(reasons(&output, EventKind::Invalid), []);
            assert_eq!(bench.count(Counter::HostSilences), 1);
            assert_eq!(verdict(&mut bench), Reason::HostSilent);
        }
        // A heartbeat in time goes on without a gap, in the last cycle in which it can; one cycle later it is told.
        for (second, silences) in [(100, 0), (101, 1)] {
            let mut bench = Bench::on_trade(card);
            bench.command(0, heartbeat(100));
            bench.command(second, heartbeat(1 << 40));
            let output = bench.settle();
            assert_eq!(reasons(&output, EventKind::Channel).len() as u32, silences);
            assert_eq!(bench.count(Counter::HostSilences), silences);
            assert_eq!(verdict(&mut bench), if silences == 0 { SENT } else { Reason::Disarmed });
        }
    });
}

#[test]
fn a_silent_host_disarms_until_the_card_is_armed_again() {
    on_each_card(|card| {
        let mut bench = Bench::on_trade(card);
        bench.commands(&[heartbeat(0)]);
        assert_eq!(verdict(&mut bench), Reason::HostSilent);
        bench.commands(&[heartbeat(1 << 40)]);
        assert_eq!(verdict(&mut bench), Reason::Disarmed);
        bench.simple(Opcode::Arm);
        assert_eq!(verdict(&mut bench), SENT);
        // Silent in 14 and disarmed in 15: an arm that is visible with it, three cycles behind its own, has lost.
        for (shown, expected) in [(12, Reason::Disarmed), (13, SENT)] {
            let mut bench = Bench::on_trade(bench.card);
            for (ahead, one) in [(0, heartbeat(10)), (shown, bare(Opcode::Arm)), (20, heartbeat(1 << 40))] {
                bench.command(ahead, one);
            }
            bench.settle();
            assert_eq!(verdict(&mut bench), expected, "arm in {shown}");
        }
    });
}
