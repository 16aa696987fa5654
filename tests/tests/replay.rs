//! Whole days in lockstep: real messages and a generated market of a million, without a difference; a second run has
//! the same digest. Oracle: the model, which was written from the card's page and the exchanges' documents.
use riposte_capture::{Channel, Packetiser, Record};
use riposte_device::Card;
use riposte_map::{
    counter::Counter,
    shm::{Condition, EventKind},
};
use riposte_model::Model;
use riposte_tests::{
    lockstep::{Ended, Lockstep},
    oracle::{data, messages},
    parameters::{Instrument, Rule, opening, parameters},
    traffic::Piece,
};
use riposte_venue::{Config, Market};
use riposte_verilated::Verilated;
use std::time::Instant;

/// Frames between two comparisons.
const BATCH_FRAMES: u64 = 64;

/// Messages as frames of the feed, in packets as they come within 5 microseconds.
struct Frames<M> {
    messages: M,
    packetiser: Packetiser,
}

impl<M: Iterator<Item = Vec<u8>>> Frames<M> {
    fn new(messages: M) -> Frames<M> {
        Frames { messages, packetiser: Packetiser::new(Channel::default()).expect("a channel") }
    }
}

impl<M: Iterator<Item = Vec<u8>>> Iterator for Frames<M> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        let mut frames = Vec::new();
        for message in self.messages.by_ref() {
            self.packetiser.push(&message, &mut frames).expect("a message that fits");
            if let Some(frame) = frames.pop() {
                return Some(frame);
            }
        }
        self.packetiser.finish()
    }
}

/// Rules that need no knowledge of the prices: the spread both ways, and prints on every fourth instrument.
fn watch(locates: impl Iterator<Item = u16>) -> Vec<Instrument> {
    let rule = |condition, threshold, side| {
        let (quantity, price_e4) = (100, 1_000_000);
        Some(Rule { condition, threshold, side, quantity, price_e4, ..Rule::WIDE })
    };
    let prints = rule(Condition::TradeAtLeast, 0, b'S');
    let one = |(index, locate)| Instrument {
        locate,
        enabled: index % 5 != 4,
        quantity_max: 100,
        collar_e4: if index % 7 == 6 { (0, 999_999) } else { (0, u32::MAX) },
        rules: [
            rule(Condition::SpreadAtMost, 100, b'B'),
            rule(Condition::SpreadAtLeast, 800, b'T'),
            if index % 4 == 0 { prints } else { None },
            rule(Condition::BidAtLeast, 1_000_000, b'B'),
        ],
        ..Instrument::WIDE
    };
    (0usize..).zip(locates).map(one).collect()
}

fn replay(cards: Vec<Box<dyn Card>>, instruments: &[Instrument], frames: impl Iterator<Item = Record>, seed: u64) -> Ended {
    let names: Vec<_> = cards.iter().map(|card| card.name()).collect();
    let start = Instant::now();
    let mut lockstep = Lockstep::new(cards);
    lockstep.commands(&parameters(instruments, 1));
    lockstep.commands(&opening(instruments.len()));
    for (number, record) in (0u64..).zip(frames) {
        let piece = Piece { bytes: record.bytes, time_ns: record.time_ns, fcs_good: true, stalls: 0, gap: number % 4 };
        lockstep.piece(&piece);
        if number % BATCH_FRAMES == 0 {
            lockstep.compare(seed);
        }
    }
    let ended = lockstep.finish(seed);
    let elapsed = start.elapsed();
    println!("{}: {} cycles in {} ms, digest {:016x}", names.join(" = "), ended.cycles, elapsed.as_millis(), ended.digest);
    ended
}

fn both() -> Vec<Box<dyn Card>> {
    vec![Box::new(Model::new()), Box::new(Verilated::new())]
}

fn model() -> Vec<Box<dyn Card>> {
    vec![Box::new(Model::new())]
}

fn gateware() -> Vec<Box<dyn Card>> {
    vec![Box::new(Verilated::new())]
}

#[test]
fn a_real_morning_has_no_difference_and_a_digest() {
    let name = "a_real_morning_has_no_difference_and_a_digest";
    let Some(path) = data(name, "itch/nasdaq_20200130_AAPL_first10k.itch") else { return };
    let messages: Vec<_> = messages(&path).into_iter().map(|(bytes, _)| bytes).collect();
    let instruments = watch([13].into_iter());
    let run = |cards| replay(cards, &instruments, Frames::new(messages.iter().cloned()), 0);
    let ended = run(both());
    assert!(ended.coverage.events(EventKind::OrderSent) + ended.coverage.events(EventKind::OrderRefused) > 0);
    assert_eq!(ended.coverage.count(Counter::OtherTypes), 54);
    assert_eq!(run(both()).digest, ended.digest, "the same again");
    assert_eq!((run(model()).digest, run(gateware()).digest), (ended.digest, ended.digest), "and each card alone");
    let other = replay(model(), &watch([14].into_iter()), Frames::new(messages.iter().cloned()), 0);
    assert_ne!(other.digest, ended.digest, "a digest can differ");
}

/// Once only, since it is long; the second run is the model's alone, whose equality the first has shown.
#[test]
fn a_market_of_a_million_messages_has_no_difference_and_a_digest() {
    let config = Config { seed: 20_26, instruments: 16, messages: 1_000_000 };
    let market = Market::new(config).expect("a market");
    let instruments = watch(market.instruments().iter().map(|one| one.locate));
    assert_eq!(instruments.len(), 16);
    let ended = replay(both(), &instruments, Frames::new(market.clone()), config.seed);
    ended.coverage.print();
    let counted = [
        Counter::MessagesSystem, Counter::MessagesAction, Counter::MessagesAdd, Counter::MessagesAddMpid,
        Counter::MessagesExecuted, Counter::MessagesExecutedPrice, Counter::MessagesCancel, Counter::MessagesDelete,
        Counter::MessagesReplace, Counter::MessagesTrade, Counter::OtherTypes,
    ];
    assert_eq!(counted.iter().map(|&counter| ended.coverage.count(counter)).sum::<u64>(), 1_000_000);
    assert_eq!((ended.coverage.events(EventKind::Channel), ended.coverage.events(EventKind::Invalid)), (0, 0));
    assert!(ended.coverage.events(EventKind::OrderSent) > 1000);
    assert_eq!(replay(model(), &instruments, Frames::new(market), config.seed).digest, ended.digest);
}
