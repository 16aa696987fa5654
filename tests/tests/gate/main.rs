//! Each reason of the gate refuses, and just inside the limit an order passes; on model and gateware. Oracle: the
//! card's page.
mod cancels;
mod grants;
mod limits;
mod resting;

use riposte_map::{
    counter::Counter,
    limits::{DECISION_QUEUE, RULES},
    reason::Reason,
    shm::{Command, EventKind, Opcode},
};
use riposte_tests::{
    bench::{Bench, LOCATE, ON_TRADE, instrument, is_order, on_each_card, orders, reasons},
    messages::{action, add, delete, trade},
    parameters::{
        ALL_SIDES, BUY, CANCEL, Gate, Instrument, MOST, Rule, SELL, SELL_SHORT, cancel_image, command, credit, heartbeat, lease,
        opening, order, parameters, parameters_within, repeat, resting, sum16, units, write_gate,
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
            let template = command(Opcode::WriteTemplate, 0, 0, 0, 0, &[numbers, layout(words, last), 1, 1 << 40, units(650_000, 100)]);
            set.insert(set.len() - 1, template);
            bench.commands(&set);
            assert_eq!(verdict(&mut bench), expected, "{words} words, {last} bytes in the last");
        }
    });
}

#[test]
fn a_price_is_whole_ticks_and_a_quantity_whole_lots() {
    const PRICE_E4: u32 = 650_000;
    let one = instrument(&[Rule { price_e4: PRICE_E4, quantity: 300, ..ON_TRADE }]);
    // Tick size and lot; the numbers of them that the template is said to be.
    let cases = [
        ([1, 1], [PRICE_E4, 300], SENT), ([100, 100], [6_500, 3], SENT), ([PRICE_E4, 300], [1, 1], SENT),
        ([100, 100], [6_501, 3], Reason::Increment), ([100, 100], [6_499, 3], Reason::Increment), ([100, 100], [6_500, 2], Reason::Increment),
        ([300, 100], [2_166, 3], Reason::Increment), ([100, 200], [6_500, 1], Reason::Increment), ([100, 100], [0, 0], Reason::Increment),
        ([0, 100], [6_500, 3], Reason::Increment), ([100, 0], [6_500, 3], Reason::Increment),
        // The product of 64 bits has nothing above the price: 2^32 more is another.
        ([16, 1], [(((1_u64 << 32) + u64::from(PRICE_E4)) >> 4) as u32, 300], Reason::Increment),
        ([1, 4], [PRICE_E4, (((1_u64 << 32) + 300) >> 2) as u32], Reason::Increment),
    ];
    on_each_card(|card| {
        for ([tick_e4, lot], [ticks, lots], expected) in cases {
            let mut bench = Bench::on_trade(card);
            let mut set = parameters(&[Instrument { tick_e4, lot, ..one }], 2);
            let rows = set.iter_mut().filter(|row| row.opcode == Opcode::WriteTemplate as u8 && row.instrument == 0);
            rows.for_each(|row| row.args[4] = units(ticks, lots));
            bench.commands(&set);
            assert_eq!(verdict(&mut bench), expected, "{ticks} of {tick_e4}, {lots} of {lot}");
        }
        // An instrument's row is for the templates behind it.
        let mut bench = Bench::on_trade(card);
        let mut set = parameters(&[one], 2);
        let row = set.iter().position(|row| row.opcode == Opcode::WriteInstrument as u8).expect("one each");
        set.insert(set.len() - 1, set[row]);
        bench.commands(&set);
        assert_eq!(verdict(&mut bench), Reason::Increment);
        // Also where the template is still being computed, and one's own alone.
        for (instrument, expected) in [(0, Reason::Increment), (1, SENT)] {
            for between in 0..8 {
                let mut bench = Bench::on_trade(card);
                let mut set = parameters(&[one], 2);
                let commit = set.pop().expect("a commit");
                bench.commands(&set);
                let place = |row: &&Command| row.opcode == Opcode::WriteTemplate as u8 && (row.instrument, row.rule) == (0, 0);
                let template = *set.iter().find(place).expect("one each");
                bench.command(1, template);
                bench.command(2 + between, Command { instrument, ..set[row] });
                bench.card.idle(20);
                bench.commands(&[commit]);
                assert_eq!(verdict(&mut bench), expected, "{between} cycles behind it");
            }
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
    let cooling = |cool_down_cycles| Rule { cool_down_cycles, lifetime_cycles: 0, ..ON_TRADE };
    let of = |one: Instrument, cool_down_cycles| {
        Instrument { locate: LOCATE, rules: instrument(&[cooling(cool_down_cycles)]).rules, ..one }
    };
    let wrong = of(Instrument::UNSET, 0);
    let permitted = Instrument { enabled: true, sides: BUY, ..wrong };
    let small = Instrument { quantity_max: 500, ..permitted };
    let cheap = Instrument { value_max: 65_000_000, ..small };
    let collared = Instrument { collar_e4: (600_000, 700_000), ..cheap };
    let right = of(Instrument::WIDE, 0);
    let unset = Gate { interval_cycles: 0, saved_max: 0, kept: 0, age_cycles_max: 0 };
    let fresh = Gate { age_cycles_max: 9, ..unset };
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
        bench.commands(&[heartbeat(0), credit(0, 0, 0), lease(0, 0, 0), repeat(0, 0, 0), resting(0, 0, 0, 0)]);
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
            (vec![credit(all, MOST, MOST)], Reason::Expired),
            (parameters(&[Instrument { tick_e4: 7, ..instrument(&[ON_TRADE]) }], 13), Reason::SelfMatch),
            (vec![resting(0, 0, u32::MAX, 0)], Reason::Increment),
            (parameters(&[instrument(&[ON_TRADE])], 14), SENT),
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

/// An instrument whose one rule buys or sells on every print; it is limited in nothing.
fn sending(side: u8, quantity: u32, price_e4: u32) -> Instrument {
    let rule = Rule { side, quantity, price_e4, ..ON_TRADE };
    Instrument { locate: LOCATE, rules: instrument(&[rule]).rules, ..Instrument::WIDE }
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
fn a_fence_of_a_side_or_of_a_rule_stops_that_alone() {
    let rules = [b'B', b'S', b'T', b'E'].map(|side| Rule { side, ..ON_TRADE });
    let other = Instrument { locate: LOCATE + 1, ..instrument(&rules) };
    // What is fenced, and which of the eight orders it stops: four of the first instrument, then four of the other.
    let sides = [(1 << 16, 0b1), (1 << 32, 0b1110), (1 << 17, 0b1_0000), (1 << 33, 0b1110_0000), (1 << 18, 0), (1 << 34, 0)];
    let of_sides = sides.map(|(instruments, stopped)| ([instruments, 0], stopped));
    let of_rules = (0..9).map(|rule| ([0, 1 << rule], (1 << rule) & 0xff));
    on_each_card(|card| {
        let mut bench = Bench::new(card, &[instrument(&rules), other]);
        let mut stopped = |opcode, scope: [u64; 2]| {
            bench.commands(&[command(opcode, 0, 0, 0, 0, &scope)]);
            bench.show(&[print(), trade(LOCATE + 1, 1, 650_000)]);
            let orders = bench.orders();
            assert!(orders.len() == 8 && orders.iter().all(|reason| [SENT, Reason::Fenced].contains(reason)), "{orders:?}");
            orders.iter().enumerate().fold(0, |mask, (at, &reason)| mask | u64::from(reason == Reason::Fenced) << at)
        };
        for (scope, expected) in of_sides.into_iter().chain(of_rules.clone()) {
            assert_eq!(stopped(Opcode::Fence, scope), expected, "{scope:x?}");
            assert_eq!(stopped(Opcode::Lift, scope.map(|bits| !bits)), expected, "all else is lifted: {scope:x?}");
            assert_eq!(stopped(Opcode::Lift, scope), 0, "{scope:x?}");
        }
    });
}

#[test]
fn a_silent_host_stops_orders_from_its_cycle_on() {
    // A heartbeat that is shown with the frame's first word is heard from 4 to 3 + n; the gate looks in 20.
    on_each_card(|card| {
        for (cycles, expected) in [(17, SENT), (16, Reason::HostSilent)] {
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
