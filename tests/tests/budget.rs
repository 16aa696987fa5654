//! Tick-to-trade in cycles, as equality with the snapshot `budget.txt`: a change is a diff to defend.
//!
//! From the cycle that shows the word with the last byte the decision needs, to the cycle that shows the order's
//! first word; each path at each alignment of the message in the word, with and without a VLAN tag, on model and
//! gateware, measured twice: as the card reports it, and on the wire from the frame's start.
//! `RIPOSTE_BUDGET=write cargo test --release -p riposte-tests --test budget` takes the snapshot anew.
use riposte_device::{Card, Frame};
use riposte_map::{
    limits::{CLOCK_HZ, CLOCK_PS, RULES},
    shm::{Condition, EventKind, Opcode},
};
use riposte_tests::{
    bench::{Bench, LOCATE, ON_TRADE, instrument, on_each_card},
    messages::{add, cancel, delete, executed, executed_price, needed_bytes, replace, trade, unknown},
    parameters::{Rule, command, order},
};
use std::{collections::BTreeSet, fmt::Write, path::PathBuf};

const PRICE_E4: u32 = 650_000;

/// What is in the book before, the rule, and the message that makes it fire.
struct Path {
    name: &'static str,
    before: Vec<Vec<u8>>,
    condition: Condition,
    threshold: u32,
    message: Vec<u8>,
}

fn bid(reference: u64, shares: u32, price_e4: u32) -> Vec<u8> {
    add(LOCATE, reference, b'B', shares, price_e4)
}

/// Two bids, the better one alone on its level.
fn two_bids() -> Vec<Vec<u8>> {
    vec![bid(2, 100, PRICE_E4), bid(1, 100, PRICE_E4 - 100)]
}

fn paths() -> Vec<Path> {
    use Condition::*;
    let path = |name, before, condition, threshold, message| Path { name, before, condition, threshold, message };
    let ask = |reference, price_e4| add(LOCATE, reference, b'S', 100, price_e4);
    let falls = PRICE_E4 - 100;
    vec![
        path("trade print", vec![], TradeAtLeast, PRICE_E4, trade(LOCATE, 1, PRICE_E4)),
        path("add on an empty side", vec![], BidAtLeast, PRICE_E4, bid(1, 100, PRICE_E4)),
        path("add that improves the top", two_bids(), BidAtLeast, PRICE_E4 + 100, bid(3, 1, PRICE_E4 + 100)),
        path("add that narrows the spread", [two_bids(), vec![ask(8, PRICE_E4 + 900)]].concat(), SpreadAtMost, 100, ask(9, PRICE_E4 + 100)),
        path("execute print of a part of the top", two_bids(), TradeAtLeast, PRICE_E4, executed(LOCATE, 2, 1)),
        path("execute with price, print of a part of the top", two_bids(), TradeAtLeast, PRICE_E4, executed_price(LOCATE, 2, 1, b'Y', PRICE_E4)),
        path("execute print that empties the top", two_bids(), TradeAtLeast, PRICE_E4, executed(LOCATE, 2, 100)),
        path("execute that empties the top", two_bids(), BidAtMost, falls, executed(LOCATE, 2, 100)),
        path("cancel that empties the top", two_bids(), BidAtMost, falls, cancel(LOCATE, 2, 100)),
        path("delete that empties the top", two_bids(), BidAtMost, falls, delete(LOCATE, 2)),
        path("replace that improves the top", two_bids(), BidAtLeast, PRICE_E4 + 100, replace(LOCATE, 1, 3, 1, PRICE_E4 + 100)),
        path("replace of the top by a worse price", two_bids(), BidAtMost, falls, replace(LOCATE, 2, 3, 1, falls)),
        path("replace of the top by a better price", two_bids(), BidAtLeast, PRICE_E4 + 100, replace(LOCATE, 2, 3, 1, PRICE_E4 + 100)),
    ]
}

/// Cycles of `path` behind a filler of `filler` bytes that only shifts it; both measures must agree.
fn measure(card: &mut dyn Card, path: &Path, filler: usize, tagged: bool) -> u64 {
    let rule = Rule { condition: path.condition, threshold: path.threshold, ..ON_TRADE };
    let mut bench = Bench::new(card, &[instrument(&[rule])]);
    for message in &path.before {
        bench.show(std::slice::from_ref(message));
    }
    assert!(bench.settle().transmitted.is_empty(), "{}: nothing fires before", path.name);
    bench.tagged = tagged;
    let frame = bench.next_frame(&[unknown(filler), path.message.clone()]);
    let first_block = if tagged { 66 } else { 62 };
    let last_needed = first_block + 2 + filler + 2 + needed_bytes(&path.message) - 1;
    let start = bench.card.cycle();
    bench.raw(&frame);
    let output = bench.settle();
    let [order] = output.transmitted.as_slice() else { panic!("{}: {} orders", path.name, output.transmitted.len()) };
    let on_the_wire = order.cycle - (start + last_needed as u64 / 8);
    let sent = output.events.iter().find(|event| event.kind() == Some(EventKind::OrderSent)).expect("one left");
    assert_eq!(u64::from(sent.cycles), on_the_wire, "{}: the card tells what the wire shows", path.name);
    on_the_wire
}

/// Cycles at each alignment and with and without a tag.
fn measured(card: &mut dyn Card, path: &Path) -> BTreeSet<u64> {
    let mut cycles = BTreeSet::new();
    for tagged in [false, true] {
        // Isolated: the frame's headers and the filler's look-up are long over.
        cycles.extend((32..40).map(|filler| measure(card, path, filler, tagged)));
    }
    cycles
}

/// Cycles from the cycle that shows a command to the last cycle in which an order's first word is still shown, with
/// orders back to back; and to the last cycle of any word. The command is tried at each phase of the stream.
fn silence(card: &mut dyn Card, opcode: Opcode) -> [u64; 2] {
    let mut last = [0; 2];
    for ahead in 100..140 {
        let mut bench = Bench::new(card, &[instrument(&[ON_TRADE; RULES])]);
        let shown = bench.card.cycle() + ahead;
        bench.command(ahead, command(opcode, 0, 0, 0, 2, &[1]));
        bench.show(&vec![trade(LOCATE, 1, PRICE_E4); 20]);
        let output = bench.settle();
        let order = output.transmitted.last().expect("orders left before");
        assert!(output.events.iter().filter(|event| event.kind() == Some(EventKind::OrderRefused)).count() > 8);
        let words = order.bytes.len().div_ceil(8) as u64;
        for (last, cycle) in last.iter_mut().zip([order.cycle, order.cycle + words - 1]) {
            *last = (*last).max(cycle.saturating_sub(shown));
        }
    }
    last
}

/// Cycles from the cycle that shows a command that brings an order of the host to the order's first word, nothing in its way.
fn host_order(card: &mut dyn Card) -> u64 {
    let place = Rule { condition: Condition::Host, ..ON_TRADE };
    let mut bench = Bench::new(card, &[instrument(&[place; RULES])]);
    let shown = bench.card.cycle();
    bench.commands(&[order(0, b'B', 1, PRICE_E4)]);
    let output = bench.settle();
    output.transmitted.first().expect("an order").cycle - shown
}

fn row(table: &mut String, name: &str, cycles: &BTreeSet<u64>) {
    let text: Vec<_> = cycles.iter().map(u64::to_string).collect();
    writeln!(table, "{name} = {}", text.join(" or ")).expect("a string takes it");
}

fn table(card: &mut dyn Card) -> String {
    let mut table = String::new();
    for path in paths() {
        row(&mut table, path.name, &measured(card, &path));
    }
    row(&mut table, "order of the host, from its command", &[host_order(card)].into());
    for (name, opcode) in [
        ("kill", Opcode::Kill), ("disarm", Opcode::Disarm), ("invalidate", Opcode::Invalidate), ("commit", Opcode::Commit),
    ] {
        let [first, last] = silence(card, opcode);
        row(&mut table, &format!("{name} to the last start of an order"), &[first].into());
        row(&mut table, &format!("{name} to the last word of an order"), &[last].into());
    }
    table
}

/// The table with nanoseconds, for a reader.
fn with_ns(table: &str) -> String {
    let mut text = format!("cycles of {}.{:02} MHz\n", CLOCK_HZ / 1_000_000, CLOCK_HZ / 10_000 % 100);
    for line in table.lines() {
        let (name, cycles) = line.split_once(" = ").expect("a row");
        let ns: Vec<_> = cycles.split(" or ").map(|cycles| {
            let ps = cycles.parse::<u64>().expect("a number") * CLOCK_PS;
            format!("{}.{} ns", ps / 1000, ps % 1000 / 100)
        }).collect();
        writeln!(text, "{name:50} {cycles:>8}   {}", ns.join(" or ")).expect("a string takes it");
    }
    text
}

#[test]
fn cycles_equal_the_snapshot() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("budget.txt");
    on_each_card(|card| {
        let measured = table(card);
        println!("{}", with_ns(&measured));
        if std::env::var_os("RIPOSTE_BUDGET").is_some_and(|value| value == "write") {
            std::fs::write(&path, &measured).expect("the snapshot can be written");
        }
        let snapshot = std::fs::read_to_string(&path).expect("the snapshot is in git");
        assert_eq!(measured, snapshot, "on the {} card; if the change is wanted: RIPOSTE_BUDGET=write", card.name());
    });
}

#[test]
fn idle_cycles_inside_a_frame_do_not_lengthen_the_path() {
    on_each_card(|card| {
        let cycles = [0, u64::MAX, 0x5555_5555_5555_5555, 0xffff_0000].map(|stalls| {
            let mut bench = Bench::new(card, &[instrument(&[ON_TRADE])]);
            let frame = bench.next_frame(&[trade(LOCATE, 1, PRICE_E4)]);
            bench.card.frame(&Frame { stalls, ..Frame::new(&frame, 1) });
            let output = bench.settle();
            output.events.iter().find(|event| event.kind() == Some(EventKind::OrderSent)).expect("one left").cycles
        });
        assert_eq!(cycles, [cycles[0]; 4]);
    });
}
