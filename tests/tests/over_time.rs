//! Metrics over time fire at their threshold, within their window to the cycle; on model and gateware. Oracle: the card's page.
use riposte_map::{
    limits::{HOST_RULE, ROW_CYCLES},
    reason::Reason,
    shm::{Command, Condition, EventKind, Opcode, Row},
};
use riposte_tests::{
    bench::{Bench, LOCATE, ON_TRADE, instrument, on_each_card, reasons},
    messages::{action, add, cancel, delete, executed, replace, trade},
    parameters::{Instrument, Rule, command, order, parameters},
};

const PRICE_E4: u32 = 650_000;
const WINDOW: u32 = 300;

fn rule(condition: Condition, threshold: u32) -> Rule {
    Rule { condition, threshold, ..ON_TRADE }
}

fn within(cycles: u32, rules: &[Rule]) -> Instrument {
    Instrument { window_cycles: cycles, ..instrument(rules) }
}

fn print() -> Vec<u8> {
    trade(LOCATE, 1, PRICE_E4)
}

fn bid(reference: u64, price_e4: u32) -> Vec<u8> {
    add(LOCATE, reference, b'B', 100, price_e4)
}

fn ask(reference: u64, price_e4: u32) -> Vec<u8> {
    add(LOCATE, reference, b'S', 100, price_e4)
}

/// Orders that messages make, each shown so many cycles behind the first one's beginning.
fn fired(bench: &mut Bench, messages: &[(u64, Vec<u8>)]) -> usize {
    let start = bench.card.cycle();
    for (at, message) in messages {
        bench.card.idle(start + at - bench.card.cycle());
        bench.show(std::slice::from_ref(message));
    }
    let orders = bench.orders();
    assert!(orders.iter().all(|&reason| reason == Reason::None), "{orders:?}");
    orders.len()
}

#[test]
fn a_window_is_over_at_its_length_and_not_a_cycle_before() {
    on_each_card(|card| {
        for cycles in [30, 31, 32, 33, 64, 255, 256, 1000] {
            let mut bench = Bench::new(card, &[within(cycles, &[rule(Condition::RateAtLeast, 2)])]);
            let window = u64::from(cycles);
            for (behind, expected) in [(window - 1, 1), (window, 0), (window + 1, 0), (window - 2, 1)] {
                let count = fired(&mut bench, &[(0, print()), (behind, print())]);
                assert_eq!(count, expected, "{behind} cycles behind, a window of {cycles}");
            }
        }
        // The next window begins with the operation that found the last one over.
        let mut bench = Bench::new(card, &[within(100, &[rule(Condition::RateAtLeast, 2)])]);
        assert_eq!(fired(&mut bench, &[(0, print()), (130, print()), (229, print())]), 1);
        assert_eq!(fired(&mut bench, &[(0, print()), (130, print()), (230, print())]), 0);
    });
}

#[test]
fn messages_of_one_frame_are_counted_in_windows_of_a_few_cycles() {
    on_each_card(|card| {
        // Prints are 46 bytes with their lengths: five or six cycles apart.
        for (cycles, fires) in [(1, false), (2, false), (3, false), (5, false), (6, true), (7, true)] {
            let mut bench = Bench::new(card, &[within(cycles, &[rule(Condition::RateAtLeast, 2)])]);
            bench.show(&vec![print(); 8]);
            assert_eq!(!bench.orders().is_empty(), fires, "windows of {cycles}");
        }
    });
}

#[test]
fn a_rate_fires_when_it_reaches_its_threshold_and_anew_in_each_window() {
    on_each_card(|card| {
        let burst = |messages: u64| -> Vec<_> { (0..messages).map(|at| (at * 20, print())).collect() };
        let mut bench = Bench::new(card, &[within(WINDOW, &[rule(Condition::RateAtLeast, 5)])]);
        for (messages, expected) in [(4, 0), (5, 1), (6, 1), (12, 1), (4, 0), (5, 1)] {
            assert_eq!(fired(&mut bench, &burst(messages)), expected, "{messages} messages");
        }
        // It holds from the first message of all on, until a fourth one comes.
        let mut bench = Bench::new(card, &[within(WINDOW, &[rule(Condition::RateAtMost, 3)])]);
        for (messages, expected) in [(4, 0), (3, 1), (4, 0), (9, 1), (1, 1)] {
            assert_eq!(fired(&mut bench, &burst(messages)), expected, "{messages} messages");
        }
    });
}

#[test]
fn every_message_of_the_instrument_counts_once_and_nothing_else_does() {
    let place = Rule { condition: Condition::Host, quantity: 7, price_e4: PRICE_E4, ..Rule::WIDE };
    let mut other = instrument(&[]);
    other.locate = LOCATE + 1;
    on_each_card(|card| {
        let kinds = [
            bid(1, PRICE_E4), ask(2, PRICE_E4 + 300), replace(LOCATE, 1, 3, 90, PRICE_E4 - 100), executed(LOCATE, 3, 10),
            cancel(LOCATE, 3, 10), delete(LOCATE, 2), print(), action(LOCATE, b'T'),
        ];
        for (threshold, expected) in [(kinds.len() as u32, 1), (kinds.len() as u32 + 1, 0)] {
            let mut one = within(WINDOW, &[rule(Condition::RateAtLeast, threshold)]);
            one.rules[HOST_RULE] = Some(place);
            let mut bench = Bench::new(card, &[one, other]);
            let start = bench.card.cycle();
            for (at, message) in kinds.iter().enumerate() {
                bench.show(std::slice::from_ref(message));
                // Beside them a message of another instrument and an order of the host.
                if at == 3 {
                    bench.command(0, order(0, b'B', 5, PRICE_E4));
                    bench.show(&[trade(LOCATE + 1, 1, PRICE_E4)]);
                }
            }
            assert!(bench.card.cycle() - start < u64::from(WINDOW), "all in one window");
            let output = bench.settle();
            let made = output.events.iter().filter(|event| event.kind() == Some(EventKind::OrderSent) && event.time_ns != 0);
            assert_eq!(made.count(), expected, "at least {threshold}");
        }
    });
}

#[test]
fn a_move_is_measured_from_the_top_before_the_window_and_fires_at_its_threshold() {
    use Condition::*;
    on_each_card(|card| {
        for (condition, up) in [(RiseAtLeast, true), (FallAtLeast, false), (RiseAtMost, true), (FallAtMost, false)] {
            let order =
                |reference, moved| if up { bid(reference, PRICE_E4 + moved) } else { ask(reference, PRICE_E4 + 5000 - moved) };
            let at_least = [RiseAtLeast, FallAtLeast].contains(&condition);
            for moved in [199, 200, 201] {
                let holds = if at_least { moved >= 200 } else { moved <= 200 };
                // Each message with a window of its own: measured from what the one before has left.
                let mut bench = Bench::new(card, &[within(WINDOW, &[rule(condition, 200)])]);
                let mut after = |messages: &[(u64, Vec<u8>)]| fired(&mut bench, messages);
                assert_eq!(after(&[(0, order(1, 0))]), 0, "{condition:?}: nothing to be measured from");
                assert_eq!(after(&[(0, order(2, 50))]), usize::from(!at_least), "{condition:?}: 50");
                assert_eq!(after(&[(0, order(3, 50 + moved))]), usize::from(holds && at_least), "{condition:?} {moved}");
                assert_eq!(after(&[(0, print())]), usize::from(!holds && !at_least), "{condition:?}: 0, after {moved}");
                // Two in one window: both from before it.
                let first = 50 + moved;
                let steps = [(0, order(4, first + 100)), (40, order(5, first + moved))];
                assert_eq!(after(&steps), usize::from(holds && at_least), "{condition:?}: 100, then {moved}");
                assert_eq!(after(&[(0, print())]), usize::from(!holds && !at_least), "{condition:?}: 0, after 100 and {moved}");
            }
        }
    });
}

#[test]
fn no_move_is_a_value_and_one_the_other_way_is_none() {
    use Condition::*;
    on_each_card(|card| {
        let rules = [rule(RiseAtMost, u32::MAX), rule(FallAtMost, u32::MAX), rule(RiseAtLeast, 0), rule(FallAtLeast, 0)];
        for (index, one) in rules.into_iter().enumerate() {
            let of_bid = index % 2 == 0;
            let mut bench = Bench::new(card, &[within(WINDOW, &[one])]);
            let mut after = |message| fired(&mut bench, &[(0, message)]);
            assert_eq!(after(bid(1, PRICE_E4)) + after(ask(2, PRICE_E4 + 500)), usize::from(of_bid), "rule {index}: still there");
            assert_eq!(after(print()), usize::from(!of_bid), "rule {index}: 0 is a value");
            assert_eq!(after(bid(3, PRICE_E4 - 100)), 0, "rule {index}: as before");
            // The best of either side goes: both move away.
            assert_eq!(after(replace(LOCATE, 1, 4, 100, PRICE_E4 - 300)), 0, "rule {index}");
            assert_eq!(after(print()), usize::from(of_bid), "rule {index}: the bid fell in the window before, now it stands");
            assert_eq!(after(replace(LOCATE, 2, 5, 100, PRICE_E4 + 900)), 0, "rule {index}");
            assert_eq!(after(print()), usize::from(!of_bid), "rule {index}: so did the ask");
            assert_eq!(after(delete(LOCATE, 5)) + after(ask(6, PRICE_E4 + 900)), 0, "rule {index}: no ask, then none before");
        }
    });
}

#[test]
fn without_a_window_no_metric_over_time_is_there() {
    use Condition::*;
    on_each_card(|card| {
        for condition in [RateAtLeast, RateAtMost, RiseAtLeast, RiseAtMost, FallAtLeast, FallAtMost] {
            let threshold = if [RateAtLeast, RiseAtLeast, FallAtLeast].contains(&condition) { 0 } else { u32::MAX };
            for (cycles, expected) in [(0, 0), (WINDOW, 1)] {
                let mut bench = Bench::new(card, &[within(cycles, &[])]);
                bench.show(&[bid(1, PRICE_E4), ask(2, PRICE_E4 + 100)]);
                bench.settle();
                bench.commands(&parameters(&[within(cycles, &[rule(condition, threshold)])], 2));
                assert_eq!(fired(&mut bench, &[(0, print()), (50, print())]), expected, "{condition:?} with {cycles}");
            }
        }
    });
}

#[test]
fn a_commit_leaves_the_window_that_runs_and_the_next_one_has_the_new_length() {
    on_each_card(|card| {
        let [short, long] = [100, 900].map(|cycles| [within(cycles, &[rule(Condition::RateAtLeast, 2)])]);
        for (first, second, length) in [(&short, &long, 100), (&long, &short, 900)] {
            for (behind, expected) in [(length - 1, 1), (length, 0)] {
                let mut bench = Bench::new(card, first);
                let mut set = parameters(second, 2);
                let commit = set.pop().expect("a commit");
                bench.commands(&set);
                bench.settle();
                // What runs ends where it would have.
                let opened = bench.card.cycle();
                bench.show(&[print()]);
                bench.command(0, commit);
                bench.card.idle(opened + behind - bench.card.cycle());
                bench.show(&[print()]);
                assert_eq!(bench.orders().len(), expected, "{behind} cycles behind, of {length}");
                let next = u64::from(second[0].window_cycles);
                assert_eq!(fired(&mut bench, &[(0, print()), (next, print())]), 0);
                assert_eq!(fired(&mut bench, &[(0, print()), (next - 1, print())]), 1);
            }
        }
        // One without a window closes it.
        let mut bench = Bench::new(card, &long);
        let without = parameters(&[within(0, &[])], 2);
        let with = parameters(&long, 3);
        bench.settle();
        bench.show(&[print()]);
        bench.commands(&without);
        bench.show(&[print()]);
        bench.commands(&with);
        assert_eq!(fired(&mut bench, &[(0, print())]), 0, "another window");
        assert_eq!(fired(&mut bench, &[(0, print()), (50, print())]), 1);
    });
}

fn row(reference: u64, price_e4: u32) -> Command {
    command(Opcode::Row, 0, 0, Row::Add as usize, 0, &[reference, 100 | u64::from(price_e4) << 32, b'B'.into()])
}

#[test]
fn behind_a_clear_nothing_of_the_window_is_left_and_rows_are_what_a_move_is_measured_from() {
    on_each_card(|card| {
        for (rows, rise, expected) in [(vec![], 400, 0), (vec![row(1, PRICE_E4)], 399, 0), (vec![row(7, PRICE_E4 - 100), row(1, PRICE_E4)], 400, 1)] {
            // A window that is not over by then, and rates too: what came before the books were emptied is no part of it.
            let rules = [rule(Condition::RiseAtLeast, 400), rule(Condition::RateAtLeast, 2)];
            let mut bench = Bench::new(card, &[within(u32::MAX, &rules)]);
            bench.show(&[bid(1, PRICE_E4 - 2000)]);
            bench.settle();
            bench.commands(&[command(Opcode::Clear, 0, 0, 0, 0, &[])]);
            assert_eq!(reasons(&bench.settle(), EventKind::Channel), [Reason::Cleared]);
            for one in &rows {
                bench.command(0, *one);
                bench.card.idle(ROW_CYCLES);
            }
            bench.settle();
            let sequence = bench.sequence;
            bench.commands(&[command(Opcode::Resume, 0, 0, 0, 0, &[1, sequence])]);
            assert_eq!(reasons(&bench.settle(), EventKind::Command), [Reason::None]);
            let count = fired(&mut bench, &[(0, bid(9, PRICE_E4 + rise))]);
            assert_eq!(count, expected, "{} rows, then {rise} above", rows.len());
            assert_eq!(fired(&mut bench, &[(0, print())]), 1, "the second message");
        }
    });
}
