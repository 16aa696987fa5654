//! The control matrix claims only what there is, and the edges in time and count of what the gate has today: one cycle
//! or one item decides; on model and gateware. Oracle: the card's page.
use riposte_device::Card;
use riposte_map::{
    controls::CONTROLS,
    counter::Counter,
    limits::{DECISION_QUEUE, RULES},
    reason::Reason,
    shm::{Command, EventKind, Opcode},
};
use riposte_tests::{
    bench::{Bench, LOCATE, ON_TRADE, instrument, on_each_card, orders, reasons},
    messages::{add, trade},
    parameters::{Instrument, MOST, command, credit, lease, repeat, resting},
};
use std::{collections::BTreeMap, path::Path};

const SENT: Reason = Reason::None;
/// A command of cycle x acts in x+3; the gate looks one cycle before an order's first word.
const ACTS_BEFORE_FIRST_WORD: u64 = 4;

/// Names of all test functions in the sources, and how often each stands there.
fn tests_in_sources() -> BTreeMap<String, usize> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("..")];
    let mut found = BTreeMap::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the project") {
            let path = entry.expect("an entry of it").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() && !name.starts_with('.') && name != "target" && name != "out" {
                folders.push(path);
            } else if name.ends_with(".rs") {
                let text = std::fs::read_to_string(&path).unwrap_or_default();
                for test in test_functions(&text) {
                    *found.entry(test.to_owned()).or_default() += 1;
                }
            }
        }
    }
    found
}

/// Functions behind `#[test]` and other attributes.
fn test_functions(text: &str) -> Vec<&str> {
    let behind = text.split("#[test]").skip(1);
    let function = |rest: &'_ str| -> Option<usize> {
        let code = rest.lines().find(|line| !line.trim().is_empty() && !line.trim().starts_with("#["))?;
        code.trim().starts_with("fn ").then_some(rest.find("fn ")? + 3)
    };
    behind.filter_map(|rest| rest[function(rest)?..].split('(').next()).collect()
}

#[test]
fn every_test_that_a_control_names_exists_once() {
    let found = tests_in_sources();
    for control in &CONTROLS {
        for test in control.trips.iter().chain(control.passes) {
            assert_eq!(found.get(*test), Some(&1), "{}: `{test}` must be one test function in the sources", control.id);
        }
    }
}

#[test]
fn a_name_that_is_no_test_is_not_found() {
    let text = "#[test]\n#[ignore]\nfn one() {}\nfn two() {}\n    #[test]\n    fn three() {}\n";
    assert_eq!(test_functions(text), ["one", "three"]);
}

#[test]
fn every_reason_to_refuse_belongs_to_a_control() {
    for reason in Reason::ALL.iter().filter(|reason| **reason != Reason::None) {
        assert!(CONTROLS.iter().any(|control| control.reasons.contains(reason)), "{reason:?} belongs to no control");
    }
}

fn print() -> Vec<u8> {
    trade(LOCATE, 1, 650_000)
}

/// Two instruments, a rule on every print of the first; `change` is shown in cycle `at` after the print's first word.
fn verdict_with(card: &mut dyn Card, change: Option<(u64, Command)>) -> (Reason, u64) {
    let other = Instrument { locate: LOCATE + 1, ..instrument(&[ON_TRADE]) };
    let mut bench = Bench::new(card, &[instrument(&[ON_TRADE]), other]);
    let start = bench.card.cycle();
    if let Some((at, change)) = change {
        bench.command(at, change);
    }
    bench.show(&[print()]);
    let output = bench.settle();
    let verdicts = orders(&output);
    assert_eq!(verdicts.len(), 1, "{verdicts:?}");
    (verdicts[0], output.transmitted.first().map_or(0, |order| order.cycle - start))
}

/// Of what acts on the gate.
fn stops_up_to_the_gate(change: Command, reason: Reason) {
    stops_before_first_word(ACTS_BEFORE_FIRST_WORD, change, reason);
}

/// Of what is subtracted from before it is compared.
fn stops_up_to_the_reading(change: Command, reason: Reason) {
    stops_before_first_word(ACTS_BEFORE_FIRST_WORD + 2, change, reason);
}

/// The last cycle in which `change` still stops the order, and the first in which it comes too late.
fn stops_before_first_word(cycles: u64, change: Command, reason: Reason) {
    on_each_card(|card| {
        let (verdict, first_word) = verdict_with(card, None);
        assert_eq!(verdict, SENT);
        let last = first_word - cycles;
        assert_eq!(verdict_with(card, Some((last, change))).0, reason, "in time");
        assert_eq!(verdict_with(card, Some((last + 1, change))), (SENT, first_word), "one cycle too late");
    });
}

#[test]
fn a_kill_stops_an_order_up_to_the_gates_cycle() {
    stops_up_to_the_gate(command(Opcode::Kill, 0, 0, 0, 0, &[]), Reason::Killed);
}

#[test]
fn a_disarm_stops_an_order_up_to_the_gates_cycle() {
    stops_up_to_the_gate(command(Opcode::Disarm, 0, 0, 0, 0, &[]), Reason::Disarmed);
}

#[test]
fn a_commit_stops_an_older_order_up_to_the_gates_cycle() {
    stops_up_to_the_gate(command(Opcode::Commit, 0, 0, 0, 2, &[]), Reason::StaleGeneration);
}

#[test]
fn an_invalidation_stops_an_order_up_to_the_gates_cycle() {
    stops_up_to_the_gate(command(Opcode::Invalidate, 0, 0, 0, 0, &[1]), Reason::BookInvalid);
}

#[test]
fn an_invalidation_of_another_book_stops_nothing() {
    on_each_card(|card| {
        let (_, first_word) = verdict_with(card, None);
        let other = command(Opcode::Invalidate, 0, 0, 0, 0, &[2]);
        for at in 0..=first_word {
            assert_eq!(verdict_with(card, Some((at, other))), (SENT, first_word), "in cycle {at}");
        }
    });
}

#[test]
fn an_unset_session_stops_an_order_up_to_the_gates_cycle() {
    stops_up_to_the_gate(command(Opcode::Session, 0, 0, 0, 0, &[0, 0]), Reason::SessionUnset);
}

#[test]
fn a_fence_stops_an_order_up_to_the_gates_cycle() {
    // The instrument, its buys, the rule.
    for scope in [[1, 0], [1 << 16, 0], [0, 1]] {
        stops_up_to_the_gate(command(Opcode::Fence, 0, 0, 0, 0, &scope), Reason::Fenced);
    }
}

#[test]
fn a_lease_stops_an_order_up_to_two_cycles_before_the_gates() {
    stops_up_to_the_reading(lease(0, 0, MOST), Reason::Position);
}

#[test]
fn a_credit_stops_an_order_up_to_two_cycles_before_the_gates() {
    for (change, reason) in [
        (credit(0, MOST, MOST), Reason::Exposure),
        (credit(1 << 62, 0, MOST), Reason::OpenOrders),
        (credit(1 << 62, MOST, 0), Reason::Unacknowledged),
    ] {
        stops_up_to_the_reading(change, reason);
    }
}

#[test]
fn a_repeat_stops_an_order_up_to_two_cycles_before_the_gates() {
    stops_up_to_the_reading(repeat(0, 0, 0), Reason::Repeated);
}

#[test]
fn an_own_order_stops_an_order_up_to_two_cycles_before_the_gates() {
    stops_up_to_the_reading(resting(0, 0, 0, 0), Reason::SelfMatch);
}

#[test]
fn as_many_decisions_as_the_queue_holds_are_all_sent() {
    on_each_card(|card| {
        let mut verdicts = |prints: usize| {
            let mut bench = Bench::new(card, &[instrument(&[ON_TRADE; RULES])]);
            bench.show(&vec![print(); prints]);
            bench.orders()
        };
        let most = (1..).find(|prints| verdicts(prints + 1).contains(&Reason::QueueFull)).expect("the queue fills");
        assert!(most >= DECISION_QUEUE, "{most}");
        assert_eq!(verdicts(most), vec![SENT; most * RULES]);
        let mut more = verdicts(most + 1);
        more.retain(|reason| *reason != SENT);
        assert_eq!(more, [Reason::QueueFull], "one more is refused, whole");
    });
}

#[test]
fn one_event_more_than_the_queues_hold_kills_the_card() {
    on_each_card(|card| {
        // A Command event every cycle goes before the Book events, whose queue fills.
        let mut flooded = |commands: u64| {
            let mut bench = Bench::on_trade(card);
            for ahead in 0..commands {
                bench.command(ahead, command(Opcode::Trace, 0, 0, 0, 1, &[]));
            }
            let adds: Vec<_> = (1..30).map(|reference| add(LOCATE, reference, b'B', 100, 650_000)).collect();
            bench.show(&adds);
            let books = reasons(&bench.settle(), EventKind::Book).len();
            let lost = bench.count(Counter::EventsLost);
            bench.show(&[print()]);
            (books, lost, bench.orders())
        };
        let most = (1..).find(|commands| flooded(commands + 1).1 > 0).expect("the queue fills");
        assert_eq!(flooded(most), (29, 0, vec![SENT]), "{most} commands: every add is told and the card goes on");
        let (books, lost, verdicts) = flooded(most + 1);
        assert_eq!((books + lost as usize, verdicts), (29, vec![Reason::Killed]), "one more: an event is lost");
        assert_eq!(lost, 1);
    });
}
