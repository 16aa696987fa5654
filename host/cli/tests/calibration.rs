//! A model's sets committed between messages of a market, engine and reference model together: each order is what the generation that
//! it carries makes of that book, old or new, and none is mixed. Each is asked of a card of its own that knows that one set only.
use riposte_capture::{Channel, Packetiser};
use riposte_desk::{Desk, check, move_threshold};
use riposte_device::{Card, Frame, Output as CardOutput};
use riposte_engine::{Body, Change, Config, Deployment, Engine, Input, Instrument, Limit, Output, Outputs, RiskTerms, Session, Times};
use riposte_map::identity::TABLE_HASH;
use riposte_map::limits::INSTRUMENTS;
use riposte_map::shm::{Command, Event, EventKind, NONE, Opcode};
use riposte_model::Model;
use riposte_venue::Market;
use std::collections::BTreeMap;

const SECOND: u64 = 1_000_000_000;
/// Of a market that does not show what is wanted; a thirtieth is enough.
const MESSAGES_MAX: u64 = 2_000_000;
const LOCATE: u16 = 13;
const LOWER: u32 = 0;
const UPPER: u32 = 1;
const DESK: &str = r#"
[feed]
group = "233.54.12.111"
port = 26477
silence_us = 27_487_790.688
[session]
source_mac = "02:00:00:00:00:01"
destination_mac = "02:00:00:00:00:02"
source = "10.0.0.1:40000"
destination = "10.0.0.2:8003"
[gate]
orders_per_second = 156_250_000
burst = 65535
max_age_us = 400
exposure = "1000000000.00"
open_orders = 60_000
unacknowledged = 60_000
heartbeat_ms = 60_000
[defaults]
max_value = "100000.00"
live_collar = "off"
sides = ["buy", "sell"]
position = { buy = 100_000_000, sell = 100_000_000 }
tick_size = "0.01"
lot = 1
cooldown_us = 0.0064
max_orders = 100_000
[[instrument]]
symbol = "AAPL"
locate = 13
max_quantity = 500
collar = { low = "100.00", high = "300.00" }
enabled = true
[[rule]]
name = "lower"
instrument = "AAPL"
when = "ask <= 186.36"
order = { side = "buy", quantity = 150, price = "186.50", time_in_force = "IOC", capacity = "P" }
[[rule]]
name = "upper"
instrument = "AAPL"
when = "bid >= 186.46"
order = { side = "sell", quantity = 70, price = "186.20", time_in_force = "IOC", capacity = "P" }
"#;

fn desk() -> Desk {
    check(DESK).desk.expect("a desk")
}

fn rows_of(desk: &Desk) -> Vec<Command> {
    let mut rows = desk.commands(1, 1);
    rows.pop();
    rows.extend(desk.grants(1));
    rows.iter_mut().for_each(|row| row.sequence = 0);
    rows
}

fn config() -> Config {
    let traded = Instrument { venue: 0, multiplier: 1, erroneous_bp: 1000 };
    let mut instruments = [Instrument { venue: NONE, ..traded }; INSTRUMENTS];
    instruments[0] = traded;
    let session = Session { venue: 0, cancel_on_disconnect: false, timer_renew_ns: 0, drop_copy: false };
    let long = 1000 * SECOND;
    Config {
        instruments,
        sessions: [session],
        risk: RiskTerms::default(),
        times: Times {
            protection_ns: long, answer_ns: long, silence_ns: long, mark_window_ns: long, mark_age_ns: long, drop_copy_ns: long, bust_window_ns: long,
            claim_ns: long, approval_ns: long, reversion_ns: long,
        },
        approved: Deployment { tables: TABLE_HASH, ..Deployment::default() },
        orders: 1 << 16,
        executions: 256,
        requests: 256,
    }
}

/// A card, the engine that commands it, and what both have led to.
struct Desks {
    card: Model,
    engine: Engine,
    out: Outputs,
    now_ns: u64,
    next_cycle: u64,
    requests: u64,
    base: Vec<Command>,
    /// Rows of each generation.
    sets: BTreeMap<u32, Vec<Command>>,
    orders: Vec<Event>,
    /// Best bid and offer of the newest book that had both.
    top: (u32, u32),
}

impl Desks {
    fn new() -> Desks {
        let engine = Engine::new(config()).expect("a sound configuration");
        let base = rows_of(&desk());
        let mut card = Model::new();
        card.reset();
        let mut desks = Desks {
            card, engine, out: Outputs::default(), now_ns: SECOND, next_cycle: 0, requests: 0, base, sets: BTreeMap::new(), orders: Vec::new(),
            top: (1_864_000, 1_865_000),
        };
        desks.give(Body::CardUp { deployment: config().approved });
        for limit in Limit::NEEDED {
            // What the venue may owe us is more than what it holds.
            let value = if limit == Limit::Counterparty { u64::MAX } else { u64::MAX >> 1 };
            desks.both(Change::SetLimit { limit, index: 0, value });
        }
        let rows = desks.base.clone();
        desks.give(Body::BeginSet);
        rows.iter().for_each(|row| desks.give(Body::Row { command: *row }));
        let content = desks.engine.written().expect("a whole set");
        desks.both(Change::Commit { generation: 1, content });
        desks.sets.insert(1, rows);
        desks.give(Body::CardSession { sequence: 1, acknowledgement: 1, user_ref: 1 });
        desks.give(Body::SessionUp { session: 0 });
        desks.give(Body::CaughtUp { session: 0, next_sequence: 1, next_user_ref: 1 });
        desks.give(Body::Position { session: 0, instrument: 0, quantity: 0, price: 0, as_of: 0 });
        desks.both(Change::Validate { instruments: 1 });
        desks.both(Change::Mandate {
            model: 0, instrument: 0, lower: LOWER as u8, upper: UPPER as u8, lowest: 1_500_000, highest: 2_200_000, step: 3000, interval_ns: 1,
            for_ns: 100 * SECOND,
        });
        desks.pump();
        desks.both(Change::Arm);
        desks.pump();
        assert!(desks.engine.is_permitted(), "{:?}", desks.engine.arming());
        desks
    }

    fn both(&mut self, change: Change) {
        self.requests += 1;
        let request = self.requests;
        self.give(Body::Propose { request, by: 1, change });
        self.give(Body::Approve { request, by: 2 });
    }

    /// One input; its commands go to the card one a cycle, beginning now, whatever the wire shows meanwhile.
    fn give(&mut self, body: Body) {
        self.now_ns += 1000;
        self.engine.apply(&Input { time_ns: self.now_ns, body }, &mut self.out);
        let said: Vec<Output> = self.out.iter().copied().collect();
        for one in said {
            match one {
                Output::Command(command) => {
                    let cycle = self.next_cycle.max(self.card.cycle() + 1);
                    self.next_cycle = cycle + 1;
                    self.card.schedule(cycle, &command);
                }
                Output::LoadCandidate { number } => {
                    let (_, _, rules) = self.engine.calibration().expect("a candidate");
                    let mut rows = self.base.clone();
                    for rule in [LOWER, UPPER] {
                        move_threshold(&mut rows, 0, rule as u8, rules[0].thresholds[rule as usize]).expect("a price");
                    }
                    self.sets.insert(self.engine.newest_generation() + 1, rows.clone());
                    self.give(Body::BeginCandidate { number });
                    rows.iter().for_each(|row| self.give(Body::Row { command: *row }));
                }
                _ => {}
            }
        }
    }

    /// What the card has to say.
    fn hear(&mut self) {
        let mut output = CardOutput::default();
        self.card.drain(&mut output);
        for event in output.events {
            if event.kind() == Some(EventKind::Book) && event.bid.quantity > 0 && event.ask.quantity > 0 {
                self.top = (event.bid.price_e4, event.ask.price_e4);
            }
            if event.kind() == Some(EventKind::OrderSent) {
                self.orders.push(event);
            }
            self.give(Body::Card { event });
        }
    }

    /// Lets all commands act.
    fn pump(&mut self) {
        let cycles = self.next_cycle.saturating_sub(self.card.cycle()) + 200;
        self.card.idle(cycles);
        self.hear();
    }
}

fn message(code: u8, rest: &[&[u8]]) -> Vec<u8> {
    let mut message = vec![code];
    message.extend(LOCATE.to_be_bytes());
    message.extend([0; 8]);
    rest.iter().for_each(|part| message.extend(*part));
    message
}

fn add(reference: u64, side: u8, price_e4: u32) -> Vec<u8> {
    message(b'A', &[&reference.to_be_bytes(), &[side], &100u32.to_be_bytes(), b"AAPL    ", &price_e4.to_be_bytes()])
}

fn packetiser() -> Packetiser {
    let desk = desk();
    let channel = Channel { group: desk.feed.group, port: desk.feed.port, window_ns: 20_000_000, ..Channel::default() };
    Packetiser::new(channel).expect("a channel")
}

/// What a card that knows one set only makes of the book of a decision: rule, side, price and quantity of each order.
fn asked(rows: &[Command], event: &Event) -> Vec<(u8, u16, u32, u32)> {
    let mut card = Model::new();
    card.reset();
    let simple = |opcode: Opcode, value: u32, args: [u64; 2]| Command {
        opcode: opcode as u8, value, args: [args[0], args[1], 0, 0, 0, 0], ..Command::default()
    };
    let opening = [
        simple(Opcode::Commit, 1, [0; 2]), simple(Opcode::Session, 0, [1 | 1 << 32, 1]), simple(Opcode::Validate, 0, [1, 0]),
        simple(Opcode::Resting, 0, [u64::from(u32::MAX) << 32, 0]), simple(Opcode::Arm, 0, [0; 2]),
    ];
    for (sequence, command) in (1..).zip(rows.iter().chain(&opening)) {
        card.schedule(card.cycle() + sequence, &Command { sequence, ..*command });
    }
    card.idle(rows.len() as u64 + 100);
    // The side that the rule looks at comes last, so that it is what makes the rule hold.
    let book = [(b'B', event.bid), (b'S', event.ask)];
    let mut sides: Vec<_> = book.iter().filter(|(_, level)| level.quantity > 0).collect();
    if event.rule == UPPER as u8 {
        sides.reverse();
    }
    let action = message(b'H', &[b"AAPL    ", b"T     "]);
    let adds = (1..).zip(sides).map(|(reference, (side, level))| add(reference, *side, level.price_e4));
    let (mut packetiser, mut frames) = (packetiser(), Vec::new());
    for message in std::iter::once(action).chain(adds) {
        packetiser.push(&message, &mut frames).expect("a message");
    }
    for frame in frames.into_iter().chain(packetiser.finish()) {
        card.frame(&Frame::new(&frame.bytes, SECOND));
    }
    card.idle(500);
    let mut output = CardOutput::default();
    card.drain(&mut output);
    let sent = output.events.iter().filter(|event| event.kind() == Some(EventKind::OrderSent));
    sent.map(|event| (event.rule, event.detail, event.price_e4, event.quantity)).collect()
}

/// What the orders of a market have shown so far.
#[derive(Debug, Default)]
struct Shown {
    /// Orders that were looked at: the first ones.
    orders: usize,
    /// The generation of the last of them, and how many there were.
    generation: u32,
    generations: u32,
    /// Orders that the next set, or the last one, would not have made of that book.
    not_by_the_next: u32,
    not_by_the_last: u32,
    commits_in_frames: u32,
}

impl Shown {
    fn is_enough(&self) -> bool {
        [self.generations, self.not_by_the_next, self.not_by_the_last, self.commits_in_frames].iter().all(|count| *count > 50)
    }

    /// Looks at the orders whose next generation is known.
    fn look(&mut self, desks: &Desks) {
        for order in &desks.orders[self.orders..] {
            let wanted = (order.rule, order.detail, order.price_e4, order.quantity);
            let of = |generation: u32| desks.sets.get(&generation).is_some_and(|rows| asked(rows, order).contains(&wanted));
            if !desks.sets.contains_key(&(order.generation + 1)) {
                return;
            }
            assert!(of(order.generation), "not of generation {}: {order:?}", order.generation);
            assert!(order.generation >= self.generation, "old, then new: {order:?} behind generation {}", self.generation);
            self.orders += 1;
            self.generations += u32::from(order.generation > self.generation);
            self.generation = order.generation;
            self.not_by_the_next += u32::from(!of(order.generation + 1));
            self.not_by_the_last += u32::from(!of(order.generation - 1));
        }
    }
}

/// A candidate about the market, so that both rules fire, and no further than a step. Its commit is on its way while the next
/// frame is shown.
fn calibrate(desks: &mut Desks, seed: u64) {
    let now = desks.engine.rules(0).expect("rules").thresholds;
    let (bid, ask) = desks.top;
    let moved = |from: u32, threshold: u32, by: u64| (from + (by % 9) as u32 * 100 - 400).clamp(threshold - 3000, threshold + 3000);
    let (lower, upper) = (moved(bid, now[0], seed), moved(ask, now[1], seed >> 32));
    if lower < upper {
        let number = desks.now_ns;
        desks.give(Body::Candidate { number, model: 0, lower, upper });
        desks.card.idle(desks.next_cycle.saturating_sub(desks.card.cycle() + 1 + seed % 40));
    }
}

#[test]
fn every_order_is_what_the_generation_that_it_carries_makes_of_its_book() {
    let mut desks = Desks::new();
    let mut market = Market::new(riposte_venue::Config { seed: 21, instruments: 1, messages: MESSAGES_MAX }).expect("a market");
    let (mut seed, mut shown, mut frames, mut waiting) = (0x9e37_79b9_7f4a_7c15u64, Shown::default(), 0, Vec::new());
    let mut packetiser = packetiser();
    while !shown.is_enough() {
        let message = market.next().unwrap_or_else(|| panic!("the market is over, and has shown no more than {shown:?}"));
        packetiser.push(&message, &mut waiting).expect("a message");
        for frame in waiting.drain(..) {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            frames += 1;
            if frames % 20 == 0 {
                calibrate(&mut desks, seed);
            }
            let (begun, pending) = (desks.card.cycle(), desks.next_cycle);
            desks.card.frame(&Frame::new(&frame.bytes, SECOND));
            shown.commits_in_frames += u32::from(begun < pending && pending <= desks.card.cycle());
            desks.card.idle(desks.card.cycle() % 3);
            desks.hear();
            shown.look(&desks);
        }
    }
    desks.pump();
    println!("{shown:?} in {frames} frames, {} sets", desks.sets.len());
    assert_eq!(desks.engine.content(), riposte_engine::content(desks.sets.values().next_back().expect("sets")));
}
