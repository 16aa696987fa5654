//! The session against the simulated venue, which reads and writes the protocols by itself: whatever goes wrong on the way, the
//! client's account is the venue's.
use super::{config, soup};
use riposte_engine::{Body, Report, Side, Stream};
use riposte_session::{Client, Close, Config, Retry, is_unreadable};
use riposte_venue::{Config as Market, Output, Port, Setup, Venue, faults};
use std::collections::BTreeMap;

const MILLISECOND_NS: u64 = 1_000_000;

/// A client with its connection to the venue.
struct Line {
    client: Client,
    port: Port,
    connection: Option<u64>,
    told: Vec<Body>,
    closes: Vec<Close>,
}

impl Line {
    fn new(config: &Config, port: Port) -> Line {
        Line { client: Client::new(config).expect("a configuration"), port, connection: None, told: Vec::new(), closes: Vec::new() }
    }

    /// Does what a thread does with it.
    fn turn(&mut self, venue: &mut Venue, now_ns: u64) {
        let over = self.closes.last().is_some_and(|close| close.retry() == Retry::Never);
        if self.connection.is_none() && !over {
            self.connection = Some(venue.connect(now_ns, self.port));
            self.client.connected(now_ns);
        }
        let Some(connection) = self.connection else { return };
        self.told.extend(std::iter::from_fn(|| self.client.next(now_ns)));
        self.client.tick(now_ns);
        let bytes = self.client.output().to_vec();
        self.client.written(bytes.len());
        venue.receive(now_ns, connection, &bytes);
        if let Some(close) = self.client.closing().cloned() {
            venue.disconnected(connection, riposte_venue::soup::Close::Client);
            self.ended(close);
        }
    }

    fn ended(&mut self, close: Close) {
        self.closes.push(close);
        self.connection = None;
        self.client.disconnected();
    }
}

struct World {
    venue: Venue,
    now_ns: u64,
    lines: [Line; 2],
}

impl World {
    fn new(seed: u64, script: &[&str]) -> World {
        let market = Market { seed, instruments: 1, messages: 1 << 40 };
        let mut setup = Setup::new(market, 20_000, "RIPO", "riposte");
        setup.script = script.iter().flat_map(|line| faults::script(line).expect("a fault")).collect();
        let copy = Config { stream: Stream::DropCopy, ..config() };
        let lines = [Line::new(&config(), Port::Orders), Line::new(&copy, Port::DropCopy)];
        World { venue: Venue::new(setup).expect("a venue"), now_ns: 0, lines }
    }

    /// A millisecond passes.
    fn step(&mut self) {
        self.now_ns += MILLISECOND_NS;
        self.venue.advance(self.now_ns);
        self.lines.iter_mut().for_each(|line| line.turn(&mut self.venue, self.now_ns));
        while let Some(output) = self.venue.output() {
            match output {
                Output::Packet { .. } => {}
                Output::Bytes { client, bytes } => {
                    if let Some(line) = self.lines.iter_mut().find(|line| line.connection == Some(client)) {
                        assert_eq!(line.client.receive(self.now_ns, &bytes), bytes.len(), "room");
                        line.told.extend(std::iter::from_fn(|| line.client.next(self.now_ns)));
                    }
                }
                Output::Close { client } => {
                    if let Some(line) = self.lines.iter_mut().find(|line| line.connection == Some(client)) {
                        line.ended(line.client.closing().cloned().unwrap_or(Close::Peer));
                    }
                }
            }
        }
    }

    /// Steps until `is_there`.
    fn until(&mut self, what: &str, is_there: impl Fn(&World) -> bool) {
        let end_ns = self.now_ns + 60_000 * MILLISECOND_NS;
        while !is_there(self) {
            assert!(self.now_ns < end_ns, "{what} does not come");
            self.step();
        }
    }
}

/// An order for AAPL that trades at once or is cancelled, as a card's template has it.
fn order(user_ref: u32, side: u8) -> Vec<u8> {
    let fields: [&[u8]; 7] = [
        b"O", &user_ref.to_be_bytes(), &[side], &(1 + user_ref % 50).to_be_bytes(), b"AAPL    ", &0x7fff_ffffu64.to_be_bytes(),
        b"3YPNN              \0\0",
    ];
    soup(b'U', &fields.concat())
}

/// Positions by the reports: executions by their ids, broken ones left out.
fn position(told: &[Body]) -> i64 {
    let mut trades = BTreeMap::new();
    for body in told {
        let (Body::Venue { report, .. } | Body::DropCopy { report, .. }) = body else { continue };
        match *report {
            Report::Executed { side, quantity, execution, .. } => {
                assert_eq!(trades.insert(execution, side.signed(quantity)), None, "an execution twice");
            }
            Report::Broken { execution } => assert!(trades.remove(&execution).is_some(), "a bust of nothing"),
            _ => {}
        }
    }
    trades.values().sum()
}

/// The reports without their stream, and their numbers.
fn reports(told: &[Body]) -> Vec<Report> {
    let numbered: Vec<(u64, Report)> = told
        .iter()
        .filter_map(|body| match *body {
            Body::Venue { sequence, report, .. } | Body::DropCopy { sequence, report, .. } => Some((sequence, report)),
            _ => None,
        })
        .collect();
    let numbers: Vec<_> = numbered.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>(), "each once, in order");
    numbered.into_iter().map(|(_, report)| report).collect()
}

fn account_is_equal(seed: u64, script: &[&str], orders: u32) -> World {
    let mut world = World::new(seed, script);
    let mut sent = 0;
    for user_ref in 1..=orders {
        world.until("a session", |world| world.lines[0].client.is_current());
        let client = &mut world.lines[0].client;
        let (epoch, before) = (client.epoch(), client.unsent());
        client.send(world.now_ns, epoch, &order(user_ref, if user_ref % 3 == 0 { b'S' } else { b'B' })).expect("room");
        sent += u64::from(client.unsent() == before);
        world.step();
    }
    // Whatever was delayed or cut is read in the end.
    for _ in 0..3_000 {
        world.step();
    }
    world.until("a session", |world| world.lines[0].client.is_current());
    let report = world.venue.report();
    let [session, copy] = world.lines.each_ref().map(|line| reports(&line.told));
    assert_eq!(session, copy, "session and drop copy tell the same");
    assert!(world.lines.iter().all(|line| line.client.unreadable() == 0 && !line.told.iter().any(is_unreadable)));
    let count = |wanted: fn(&Report) -> bool| session.iter().filter(|report| wanted(report)).count() as u64;
    assert_eq!(report.orders.accepted, count(|report| matches!(report, Report::Accepted { .. })));
    assert_eq!(report.orders.rejected, count(|report| matches!(report, Report::Rejected { .. })));
    assert_eq!(report.orders.executions, count(|report| matches!(report, Report::Executed { .. })));
    assert_eq!(report.orders.broken, count(|report| matches!(report, Report::Broken { .. })));
    let theirs = report.positions.values().sum::<i64>();
    assert_eq!(theirs, position(&world.lines[0].told));
    assert_eq!(theirs, position(&world.lines[1].told));
    assert!(report.orders.entered <= sent && report.orders.accepted > 0, "{sent} sent, {:?}", report.orders);
    world
}

#[test]
fn the_accounts_are_equal_when_nothing_goes_wrong() {
    let world = account_is_equal(1, &[], 200);
    let [session, copy] = &world.lines;
    assert_eq!((&session.closes[..], &copy.closes[..]), (&[Close::Probed][..], &[][..]), "the venue has begun its day already");
    assert_eq!(world.venue.report().orders.entered, 200);
    let first: Vec<_> = session.told.iter().take(2).collect();
    assert!(matches!(first[..], [Body::SessionUp { .. }, Body::CaughtUp { next_user_ref: 1, .. }]), "{first:?}");
    assert!(session.told.iter().any(|body| matches!(body, Body::Heartbeat { .. })));
}

#[test]
fn the_accounts_are_equal_whatever_goes_wrong() {
    for seed in 1..=8 {
        let script = ["disconnect 0.1", "partial 0.3", "slow-ack 5ms 0.3", "reject 0.1", "bust 0.2"];
        let world = account_is_equal(seed, &script, 200);
        let faults = world.venue.report().faults;
        assert!(faults.disconnects > 5 && faults.partials > 5 && faults.slow_acks > 5 && faults.rejects > 5, "{faults:?}");
        let told = &world.lines[0].told;
        let count = |wanted: fn(&Body) -> bool| told.iter().filter(|body| wanted(body)).count() as u64;
        assert_eq!(count(|body| matches!(body, Body::SessionDown { .. })), faults.disconnects);
        assert_eq!(count(|body| matches!(body, Body::SessionUp { .. })), faults.disconnects + 1);
    }
}

#[test]
fn what_the_venue_says_it_never_took_it_never_took() {
    let world = account_is_equal(5, &["disconnect 0.3", "slow-ack 20ms 0.5"], 150);
    let (mut open_end, mut accepted) = (Vec::new(), Vec::new());
    for body in &world.lines[0].told {
        match *body {
            Body::CaughtUp { next_user_ref, next_sequence, .. } => {
                assert!(accepted.iter().all(|&number| number < next_user_ref), "it has taken what it says it has not");
                assert_eq!(next_sequence, reports(&world.lines[0].told[..open_end.len()]).len() as u64 + 1);
            }
            Body::Venue { report: Report::Accepted { user_ref, .. }, .. } => accepted.push(user_ref),
            _ => {}
        }
        open_end.push(());
    }
    assert!(world.lines[0].client.epoch() > 10);
}

#[test]
fn the_end_of_the_day_ends_both() {
    let mut world = World::new(3, &["50ms end"]);
    world.until("the end", |world| world.lines.iter().all(|line| line.closes.last() == Some(&Close::Ended)));
    assert_eq!(world.lines[0].told.last(), Some(&Body::SessionEnd { session: 0 }));
}

#[test]
fn sides_of_executions_are_those_of_their_orders() {
    let world = account_is_equal(2, &[], 60);
    let mut sides = BTreeMap::new();
    for report in reports(&world.lines[0].told) {
        match report {
            Report::Accepted { user_ref, side, instrument, .. } => _ = sides.insert(user_ref, (side, instrument)),
            Report::Executed { user_ref, side, instrument, .. } => assert_eq!(sides[&user_ref], (side, instrument)),
            _ => {}
        }
    }
    assert!(sides.iter().all(|(&number, &one)| one == (if number % 3 == 0 { Side::Sell } else { Side::Buy }, 0)));
}
