//! A card on a live feed, a host with the order session, and the venue: three processes over the kernel's UDP and TCP.
//!
//! The host is this test: it arms the card, takes what the card transmits, and keeps an account of what the venue tells, which must be
//! the venue's own, whatever goes wrong on the way. No test waits for a time to pass; limits only end a test that fails.
mod support;

use riposte_desk::{Desk, arm, validate};
use riposte_device::link::HostEnd;
use riposte_engine::{Body, Report, Side, Stream};
use riposte_map::shm::{EventKind, Opcode};
use riposte_session::{Close, Config, Notice, Runner, SendError, Session, is_unreadable, start};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use support::{Folder, LIMIT, Process, venue::{self, Market}, wait_for};

/// What the venue has told on one stream.
#[derive(Default)]
struct Account {
    reports: Vec<Report>,
    executions: BTreeMap<u64, (Side, u32)>,
    broken: BTreeSet<u64>,
}

impl Account {
    fn take(&mut self, sequence: u64, report: Report) {
        self.reports.push(report);
        assert_eq!(sequence, self.reports.len() as u64, "each report once, none left out");
        match report {
            Report::Executed { side, quantity, execution, instrument: 0, .. } => {
                assert_eq!(self.executions.insert(execution, (side, quantity)), None, "an execution twice");
            }
            Report::Broken { execution } => assert!(self.broken.insert(execution), "a bust twice"),
            _ => {}
        }
    }

    fn count(&self, wanted: fn(&Report) -> bool) -> u64 {
        self.reports.iter().filter(|report| wanted(report)).count() as u64
    }

    fn position(&self) -> i64 {
        let counts = self.executions.iter().filter(|(execution, _)| !self.broken.contains(execution));
        counts.map(|(_, (side, quantity))| side.signed(*quantity)).sum()
    }
}

/// The three processes, and what this one, the host, knows.
struct World {
    _folder: Folder,
    card: Process,
    venue: Process,
    host: HostEnd,
    sessions: [(Session, Runner); 2],
    accounts: [Account; 2],
    /// Orders that the card has told of, and frames of it that were handed to the session.
    told: BTreeSet<u32>,
    forwarded: u64,
    ups: u64,
    downs: u64,
    has_ended: bool,
}

/// Tells the card everything it needs, and waits until it is armed.
fn arm_card(host: &mut HostEnd, desk: &Desk) {
    let mut commands = desk.commands(1, 1);
    let next = commands.len() as u64 + 1;
    commands.extend([desk.session_command(next), validate(next + 1, desk.mask())]);
    commands.extend(desk.grants(next + 2));
    commands.extend(desk.nothing_rests(commands.len() as u64 + 1));
    commands.push(arm(commands.len() as u64 + 1));
    commands.iter().for_each(|command| assert_eq!(host.send(command), Ok(command.sequence)));
    wait_for("an armed card", || {
        let event = host.receive().expect("a whole ring")?;
        assert_eq!(event.reason, 0, "{event:?}");
        host.release_to(event.sequence);
        (event.kind() == Some(EventKind::Command) && event.detail == Opcode::Arm as u16).then_some(())
    });
}

impl World {
    /// A market that begins with the first login and ends by itself.
    fn new(name: &str, venue_options: &[&str]) -> World {
        let folder = Folder::new(name);
        let market = venue::market(&folder, &["--transmit", "sent.pcap"], venue_options);
        let desk = riposte_desk::check(&market.card_desk()).desk.expect("a desk");
        let mut host = folder.join();
        host.take_frames();
        arm_card(&mut host, &desk);
        let session = |address: &str, stream| {
            let mut config = Config { stream, ..Config::new(market.addresses[address], "RIPO", "riposte") };
            config.symbols[0] = "AAPL".to_owned();
            // A busy machine is not a silent venue.
            (config.times.silence, config.times.connect) = (LIMIT, LIMIT);
            config.times.retry_min = Duration::from_millis(1);
            start(&config).expect("a session")
        };
        // The market begins with the login of the order session.
        let copy = session("dropcopy", Stream::DropCopy);
        let sessions = [session("ouch", Stream::Session), copy];
        let accounts = [Account::default(), Account::default()];
        let (told, forwarded, ups, downs, has_ended) = (BTreeSet::new(), 0, 0, 0, false);
        let Market { card, venue, .. } = market;
        World { _folder: folder, card, venue, host, sessions, accounts, told, forwarded, ups, downs, has_ended }
    }

    /// What a pinned core does, once.
    fn turn(&mut self) {
        self.host.beat();
        while let Some(event) = self.host.receive().expect("a whole ring") {
            self.host.release_to(event.sequence);
            if event.kind() == Some(EventKind::OrderSent) {
                assert!(self.told.insert(event.user_ref), "a number twice");
            }
        }
        while let Some(frame) = self.host.frame().expect("a whole ring") {
            let sent = wait_for("room", || match self.sessions[0].0.forward(frame.bytes) {
                Err(SendError::Full) => None,
                sent => Some(sent),
            });
            assert_eq!(sent, Ok(()), "the card sends orders");
            self.host.release_frames();
            self.forwarded += 1;
        }
        for at in 0..2 {
            while let Some(body) = self.sessions[at].0.receive() {
                assert!(!is_unreadable(&body), "{:?}", self.sessions[at].1.notice());
                self.take(at, body);
            }
        }
    }

    fn take(&mut self, at: usize, body: Body) {
        match body {
            Body::Venue { sequence, report, .. } | Body::DropCopy { sequence, report, .. } => {
                if let Report::Accepted { user_ref, .. } = report {
                    assert!(self.told.contains(&user_ref), "order {user_ref} was accepted, and the card never told of it");
                }
                self.accounts[at].take(sequence, report);
            }
            Body::CaughtUp { next_sequence, .. } => {
                assert_eq!(next_sequence, self.accounts[0].reports.len() as u64 + 1, "everything that was missed was told");
                self.ups += 1;
            }
            Body::SessionDown { .. } => self.downs += 1,
            Body::SessionEnd { .. } => self.has_ended = true,
            _ => {}
        }
    }

    /// To the end of the day, which the market makes, or this host when it has seen enough: the venue's account has to be ours.
    fn day(mut self, is_enough: impl Fn(&Account) -> bool) -> (Value, Account, [u64; 2]) {
        let (start, mut is_told) = (Instant::now(), false);
        while !self.has_ended || !self.sessions.iter().all(|(_, runner)| runner.is_over()) {
            self.turn();
            if !is_told && is_enough(&self.accounts[0]) {
                is_told = true;
                self.venue.signal("TERM");
            }
            assert!(start.elapsed() < LIMIT, "the day does not end: {:?}", self.sessions[0].1.counts());
            std::thread::yield_now();
        }
        self.turn();
        let last = std::iter::from_fn(|| self.sessions[0].1.notice()).last();
        assert!(matches!(last, Some(Notice::Closed { why: Close::Ended, .. })), "{last:?}");
        let venue = self.venue.summary();
        let [ours, copied] = &self.accounts;
        assert_eq!(ours.reports, copied.reports, "session and drop copy tell the same");
        assert_eq!(venue["orders"]["accepted"], ours.count(|report| matches!(report, Report::Accepted { .. })));
        assert_eq!(venue["orders"]["rejected"], ours.count(|report| matches!(report, Report::Rejected { .. })));
        assert_eq!(venue["orders"]["executions"], ours.count(|report| matches!(report, Report::Executed { .. })));
        assert_eq!(venue["orders"]["broken"], ours.count(|report| matches!(report, Report::Broken { .. })));
        assert_eq!(venue["positions"]["AAPL"].as_i64().unwrap_or(0), ours.position());
        let counts = self.sessions[0].1.counts();
        assert_eq!(self.forwarded, counts.sent + counts.unsent, "every frame has its fate");
        assert!(venue["orders"]["entered"].as_u64() <= Some(counts.sent), "nothing twice");
        let card = self.card.end();
        self.turn();
        assert_eq!((&card["taken"], &card["unclaimed"]), (&self.forwarded.into(), &0.into()));
        let account = std::mem::take(&mut self.accounts[0]);
        (venue, account, [self.ups, self.downs])
    }
}

#[test]
fn orders_of_a_card_on_a_live_feed_are_accepted_and_filled_and_the_accounts_are_equal() {
    let (venue, account, [ups, downs]) = World::new("calm", &["--messages", "16000"]).day(|_| false);
    // How many depends on how soon a busy machine has armed the card.
    assert!(account.count(|report| matches!(report, Report::Accepted { .. })) > 0, "{}", venue["orders"]);
    assert!(!account.executions.is_empty(), "{}", venue["orders"]);
    assert_eq!((ups, downs), (1, 0));
}

#[test]
fn cut_off_in_mid_order_nothing_is_lost_and_nothing_twice() {
    let faults = ["disconnect 0.3", "partial 0.3", "slow-ack 5ms 0.3", "reject 0.1", "bust 0.2"];
    let faults: Vec<&str> = faults.into_iter().flat_map(|fault| ["--fault", fault]).collect();
    let (venue, account, [ups, downs]) = World::new("cut", &[&["--messages", "16000"], &faults[..]].concat()).day(|_| false);
    let struck = |name: &str| venue["faults"][name].as_u64().expect("a count");
    assert!(struck("disconnects") > 0 && struck("partials") > 0 && struck("slow_acks") > 0, "{}", venue["faults"]);
    assert_eq!(downs, struck("disconnects"), "each is told");
    assert!(ups == downs || ups == downs + 1, "{ups} returns from {downs}");
    assert!(!account.executions.is_empty(), "{}", venue["orders"]);
}

#[test]
fn a_storm_of_rejects_is_told_and_the_end_of_the_session_ends_the_day() {
    let rejected = |account: &Account| account.count(|report| matches!(report, Report::Rejected { .. }));
    let accepted = |account: &Account| account.count(|report| matches!(report, Report::Accepted { .. }));
    let world = World::new("storm", &["--fault", "reject next 3"]);
    let (venue, account, [ups, downs]) = world.day(|account| rejected(account) == 3 && accepted(account) > 0);
    assert!(accepted(&account) > 0, "{}", venue["orders"]);
    assert_eq!((rejected(&account), ups, downs), (3, 1, 0));
}
