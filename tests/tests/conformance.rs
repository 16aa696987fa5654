//! Real captures and golden bytes, on model and gateware. Oracles: crate `itchy` with a book without levels, the
//! counts published with the data, the captured Enter Order, tshark, RFC 1071 by hand.
#[path = "../../host/cli/tests/support/desk.rs"]
#[allow(dead_code)] // Its own desk is another.
mod desk;

use desk::Desk;
use riposte_capture::{Capture, Channel, Packetiser, PcapWriter, Record, open};
use riposte_device::{Card, Frame, Output};
use riposte_map::{
    counter::Counter,
    reason::Reason,
    shm::{Condition, Event, EventKind},
};
use riposte_model::Model;
use riposte_tests::{
    bench::{Bench, instrument, on_each_card, orders, reasons},
    messages::trade,
    oracle::{Oracle, data, messages},
    parameters::{Instrument, Rule, opening, parameters, sum16},
};
use riposte_venue::{Config, Market};
use std::{collections::BTreeMap, path::Path, process::Command};

const AAPL: &str = "itch/nasdaq_20200130_AAPL_first10k.itch";
/// Real Enter Order with its SoupBinTCP framing (PROTOCOLS.md, 5.4): T 225 CVLT at 63.02, Firm LIME.
const ENTER_ORDER: &str = "0036554f0000007154000000e143564c54202020200000000000099db8\
                           3059414e4e4838465542384956202020202020000605024c494d45";
const TYPES: [(u8, Counter); 10] = [
    (b'S', Counter::MessagesSystem),
    (b'H', Counter::MessagesAction),
    (b'A', Counter::MessagesAdd),
    (b'F', Counter::MessagesAddMpid),
    (b'E', Counter::MessagesExecuted),
    (b'C', Counter::MessagesExecutedPrice),
    (b'X', Counter::MessagesCancel),
    (b'D', Counter::MessagesDelete),
    (b'U', Counter::MessagesReplace),
    (b'P', Counter::MessagesTrade),
];

/// What the card should have counted for messages of these types.
fn expected_counts(types: impl Iterator<Item = u8>) -> BTreeMap<&'static str, u32> {
    let mut counts: BTreeMap<_, _> = TYPES.iter().map(|(_, counter)| (counter.text(), 0)).collect();
    counts.insert(Counter::OtherTypes.text(), 0);
    for code in types {
        let counter = TYPES.iter().find(|(known, _)| *known == code).map_or(Counter::OtherTypes, |(_, counter)| *counter);
        *counts.entry(counter.text()).or_default() += 1;
    }
    counts
}

fn counts(card: &mut dyn Card) -> BTreeMap<&'static str, u32> {
    let counters = card.counters();
    let all = TYPES.iter().map(|(_, counter)| *counter).chain([Counter::OtherTypes]);
    all.map(|counter| (counter.text(), counters[counter as usize])).collect()
}

fn frames(messages: impl IntoIterator<Item = Vec<u8>>, vlan: Option<u16>) -> Vec<Record> {
    let mut packetiser = Packetiser::new(Channel { vlan, ..Channel::default() }).expect("a channel");
    let mut frames = Vec::new();
    for message in messages {
        packetiser.push(&message, &mut frames).expect("a message that fits");
    }
    frames.extend(packetiser.finish());
    frames
}

/// A card that watches `instruments`, traces, and has seen `frames`, with a few idle cycles between them.
fn replay(card: &mut dyn Card, instruments: &[Instrument], frames: &[Record]) -> Output {
    let mut bench = Bench::bare(card);
    bench.commands(&parameters(instruments, 1));
    bench.commands(&opening(instruments.len()));
    for record in frames {
        bench.card.idle(2);
        bench.card.frame(&Frame::new(&record.bytes, record.time_ns));
    }
    bench.settle()
}

#[test]
fn the_top_of_a_real_morning_is_the_oracles_at_every_message() {
    let Some(path) = data("the_top_of_a_real_morning_is_the_oracles_at_every_message", AAPL) else { return };
    let messages = messages(&path);
    let published = expected_counts(messages.iter().map(|(bytes, _)| bytes[0]));
    let of = |counter: Counter| published[counter.text()];
    assert_eq!((of(Counter::MessagesAdd), of(Counter::MessagesDelete), of(Counter::MessagesExecuted)), (4758, 4083, 849));
    assert_eq!((of(Counter::MessagesTrade), of(Counter::MessagesReplace), of(Counter::MessagesCancel)), (240, 7, 6));
    assert_eq!((of(Counter::MessagesAddMpid), of(Counter::MessagesAction)), (2, 1));
    assert_eq!(of(Counter::OtherTypes), 52 + 1 + 1, "L, R and Y");
    for vlan in [None, Some(141)] {
        let frames = frames(messages.iter().map(|(bytes, _)| bytes.clone()), vlan);
        on_each_card(|card| {
            let output = replay(card, &[instrument(&[])], &frames);
            assert!(output.events.iter().all(|event| event.kind() != Some(EventKind::Invalid)), "the book stays valid");
            assert!(reasons(&output, EventKind::Channel).is_empty());
            assert_eq!(counts(card), published);
            let counters = card.counters();
            assert_eq!(counters[Counter::Frames as usize], counters[Counter::Packets as usize]);
            assert_eq!(counters[Counter::EventsLost as usize], 0);
            let books: Vec<&Event> = output.events.iter().filter(|event| event.kind() == Some(EventKind::Book)).collect();
            compare_tops(&messages, &books);
        });
    }
}

/// One Book event a message that matters to a book, each with the oracle's top.
fn compare_tops(messages: &[(Vec<u8>, itchy::Message)], books: &[&Event]) {
    let mut oracle = Oracle::default();
    let mut books = books.iter();
    for (number, (bytes, message)) in (1u64..).zip(messages) {
        let (price_e4, quantity) = oracle.apply(message);
        if !b"AFECXDUPH".contains(&bytes[0]) {
            continue;
        }
        let book = books.next().unwrap_or_else(|| panic!("no Book event of message {number}"));
        assert_eq!((book.feed_sequence, book.detail), (number, u16::from(bytes[0])));
        assert_eq!([book.bid, book.ask], oracle.top(), "message {number}");
        assert_eq!((book.price_e4, book.quantity), (price_e4, quantity), "message {number}");
        assert_eq!((book.instrument, book.generation), (0, 1));
    }
    assert!(books.next().is_none(), "no Book event without a message");
    assert_eq!((oracle.live(), oracle.missing), (215, 0));
}

#[test]
fn a_real_morning_ends_with_the_published_live_orders() {
    let Some(path) = data("a_real_morning_ends_with_the_published_live_orders", AAPL) else { return };
    let frames = frames(messages(&path).into_iter().map(|(bytes, _)| bytes), None);
    let mut card = Model::new();
    replay(&mut card, &[instrument(&[])], &frames);
    assert_eq!(card.live_orders(), 215);
}

/// Types of the messages in a captured frame of this channel: VLAN tag, so MoldUDP64 begins at byte 46.
fn types_in(frame: &[u8]) -> Vec<u8> {
    let count = u16::from_be_bytes([frame[64], frame[65]]);
    let mut at = 66;
    let mut types = Vec::new();
    for _ in 0..count {
        types.push(frame[at + 2]);
        at += 2 + usize::from(u16::from_be_bytes([frame[at], frame[at + 1]]));
    }
    assert_eq!(at, frame.len(), "blocks fill the frame");
    types
}

fn captured(path: &Path) -> Vec<Record> {
    let Ok(Capture::Frames(frames)) = open(path) else { panic!("{} is no capture", path.display()) };
    frames.map(|frame| frame.expect("a whole frame")).collect()
}

#[test]
fn real_multicast_frames_are_counted_by_type() {
    let Some(folder) = data("real_multicast_frames_are_counted_by_type", "moldudp64") else { return };
    let entries = std::fs::read_dir(folder).expect("the folder");
    let records: Vec<Record> = entries.flat_map(|entry| captured(&entry.expect("an entry").path())).collect();
    assert_eq!(records.len(), 9);
    let sizes: Vec<_> = records.iter().map(|record| types_in(&record.bytes).len()).collect();
    assert_eq!((sizes.iter().max(), sizes.iter().sum::<usize>()), (Some(&38), 46));
    on_each_card(|card| {
        for record in &records {
            let types = types_in(&record.bytes);
            let output = replay(card, &[instrument(&[])], std::slice::from_ref(record));
            assert_eq!(counts(card), expected_counts(types.iter().copied()));
            let counters = card.counters();
            assert_eq!((counters[Counter::Packets as usize], counters[Counter::UnknownTypes as usize]), (1, 0));
            // The captures begin in the middle of a day.
            assert_eq!(reasons(&output, EventKind::Channel), [Reason::Gap]);
        }
    });
}

fn golden_desk() -> riposte_desk::Desk {
    let desk = Desk {
        session: "tcp_sequence = 4294967290\nacknowledgement = 77\nfirst_user_ref = 0x71\nfirm = \"LIME\"",
        symbol: "CVLT",
        locate: Some(13),
        quantity_max: 225,
        collar: ["63.02", "63.02"],
        rules: &[("follow a print", "trade >= 63.02", ("short", 225, "63.02", "DAY"))],
        order: "capacity = \"A\", client_order_id = \"H8FUB8IV\"",
        ..Desk::EMPTY
    };
    riposte_desk::check(&desk.text()).desk.expect("the test's configuration is right")
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
}

#[test]
fn a_transmitted_order_equals_the_golden_enter_order() {
    let name = "a_transmitted_order_equals_the_golden_enter_order";
    if let Some(capture) = data(name, "ouch50/EnterOrderMessage.pcap") {
        // Ethernet with a VLAN tag, IPv4, TCP.
        assert_eq!(captured(&capture)[0].bytes[18 + 20 + 20..], unhex(ENTER_ORDER));
    }
    on_each_card(|card| {
        let desk = golden_desk();
        let mut bench = Bench::bare(card);
        bench.commands(&desk.commands(1, 1));
        bench.commands(&[desk.grants(0), desk.nothing_rests(0)].concat());
        bench.commands(&[desk.session_command(0), riposte_desk::validate(0, desk.mask()), riposte_desk::arm(0)]);
        bench.show(&[riposte_tests::messages::action(13, b'T'), trade(13, 1, 630_200), trade(13, 1, 630_200)]);
        let output = bench.settle();
        assert_eq!(orders(&output), [Reason::None; 2]);
        let [first, second] = [&output.transmitted[0].bytes, &output.transmitted[1].bytes];
        assert_eq!(first[54..], unhex(ENTER_ORDER));
        // The TCP sequence number moves by the 56 bytes of the payload, and wraps.
        let tcp = |frame: &[u8]| [&frame[38..42], &frame[42..46], &frame[58..62]].map(|field| u32::from_be_bytes(field.try_into().expect("4")));
        assert_eq!(tcp(first), [4_294_967_290, 77, 0x71]);
        assert_eq!(tcp(second), [50, 77, 0x72]);
        check_sums(first);
        check_sums(second);
    });
}

/// RFC 1071: header, and pseudo header with segment, each sum to all ones.
fn sums_hold(frame: &[u8]) -> bool {
    let length = ((frame.len() - 34) as u16).to_be_bytes();
    let segment = [&frame[26..34], &[0, 6], &length, &frame[34..]].concat();
    sum16(&frame[14..34]) == 0xffff && sum16(&segment) == 0xffff
}

fn check_sums(frame: &[u8]) {
    assert!(sums_hold(frame), "{frame:02x?}");
    let mut broken = frame.to_vec();
    broken[65] ^= 1;
    assert!(!sums_hold(&broken), "the check can fail");
}

/// Rules that fire often on the generated market, whatever its prices.
fn busy_instruments(market: &Market) -> Vec<Instrument> {
    let rule = |condition, side, price_e4| Rule { condition, threshold: 300, side, quantity: 100, price_e4, ..Rule::WIDE };
    let rules = [
        Some(rule(Condition::TradeAtLeast, b'B', 1_234_567)),
        Some(rule(Condition::SpreadAtLeast, b'S', 98_765_432)),
        Some(rule(Condition::SpreadAtMost, b'T', 1)),
        None,
    ];
    let watch = |locate| Instrument { locate, quantity_max: 100, rules, ..Instrument::WIDE };
    market.instruments().iter().map(|one| watch(one.locate)).collect()
}

#[test]
fn checksums_of_transmitted_orders_hold_and_tshark_accepts_them() {
    let market = Market::new(Config { seed: 5, instruments: 8, messages: 6_000 }).expect("a market");
    let instruments = busy_instruments(&market);
    let frames = frames(market, None);
    on_each_card(|card| {
        let output = replay(card, &instruments, &frames);
        assert!(output.transmitted.len() >= 300, "{} orders", output.transmitted.len());
        output.transmitted.iter().for_each(|order| check_sums(&order.bytes));
        let folder = std::env::temp_dir().join(format!("riposte-conformance-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for the capture");
        let path = folder.join(format!("{}.pcap", card.name()));
        let mut writer = PcapWriter::new(std::fs::File::create(&path).expect("the file")).expect("its header");
        for order in &output.transmitted {
            writer.write(order.time_ns, &order.bytes).expect("a frame");
        }
        writer.finish().expect("all of it");
        tshark_accepts(&path, output.transmitted.len());
        std::fs::remove_dir_all(&folder).expect("the folder is ours");
    });
}

fn tshark_accepts(path: &Path, orders: usize) {
    let fields = ["ip.checksum.status", "tcp.checksum.status", "soupbintcp.packet_type", "tcp.analysis.flags"];
    let mut tshark = Command::new("tshark");
    tshark.args(["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-d", "tcp.port==8003,soupbintcp"]);
    tshark.args(["-T", "fields"]).args(fields.iter().flat_map(|field| ["-e", field])).arg("-r").arg(path);
    let Ok(output) = tshark.output() else {
        println!("skipped: checksums_of_transmitted_orders_hold_and_tshark_accepts_them: tshark is not installed");
        return;
    };
    let lines = String::from_utf8(output.stdout).expect("text").replace('\'', "");
    assert_eq!(lines.lines().count(), orders);
    // Checksums good, unsequenced data, nothing odd in the TCP sequence.
    for line in lines.lines() {
        assert_eq!(line.trim_end(), "1\t1\tU");
    }
}
