//! Hosts, cards and venues killed at seeded points while they trade: no order is sent twice, no fill is lost or invented, a card
//! whose host is gone sends nothing more, and each recovery is the engine that took every durable input without a break.
//!
//! Orders and answers go through a relay, which keeps them, so that there is a truth beside both accounts, also when the venue's is
//! gone. `RIPOSTE_CRASHES=N` for more points than a change is to wait for, `RIPOSTE_SEED=S` for others (`make crash`).
mod support;

use riposte_engine::{Body, Report};
use riposte_map::shm::{EventKind, Opcode};
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use support::crash::{Random, days, points, uninterrupted};
use support::relay::Relay;
use support::venue::Market;
use support::wire::Wire;
use support::{Folder, Journaled, Process, riposte, venue, wait_for};

const RUN: [&str; 9] = ["run", "-c", "desk.toml", "--link", "./link", "--journal", "journal", "--rehearse", "--json"];
/// What goes wrong at the venue, beside: it cuts off while it answers, and its answers come in pieces. What a busy machine loses
/// of the feed is restored from its snapshots.
const VENUE: [&str; 6] = ["--glimpse", "127.0.0.1:0", "--fault", "disconnect 0.01", "--fault", "partial 0.1"];
const POINTS_A_DAY: u64 = 12;
/// Of a card that looks after its host each millisecond, on a machine that may be busy.
const SILENT_WITHIN_NS: u64 = 1_001_000_000;
/// How long some deaths are left alone, so that a card that went on would be seen.
const LEFT_ALONE: Duration = Duration::from_millis(1_500);

fn start(folder: &Folder) -> Process {
    let mut command = riposte(&folder.0, &RUN);
    command.stderr(Stdio::null());
    Process::start(command)
}

fn now_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos() as u64
}

/// Of a card that is served with this wire for its orders, or without one.
fn card_options(orders: &Option<String>) -> Vec<&str> {
    orders.iter().flat_map(|wire| ["--orders", wire]).collect()
}

/// A market with a host in it, and what passed between both.
struct Day {
    folder: Folder,
    market: Market,
    relays: [Relay; 2],
    /// The host, but while it is dead.
    host: Option<Process>,
    /// When a host was dead, and when the next one was started.
    deaths: Vec<(u64, u64)>,
    /// The card's own, if its orders leave on one.
    wire: Option<Wire>,
}

impl Day {
    /// Of every second day the orders leave on the card's own wire, in a connection of the host's own TCP.
    fn new(name: &str, number: u64) -> Day {
        let folder = Folder::new(&format!("{name}-{number}"));
        let wire = if number % 2 == 1 { Wire::new() } else { None };
        let orders = wire.as_ref().map(Wire::option);
        let mut market = venue::market(&folder, &card_options(&orders), &VENUE);
        let relays = ["ouch", "dropcopy"].map(|stream| {
            let venue = market.addresses[stream];
            let relay = match &wire {
                Some(wire) if stream == "ouch" => Relay::at(wire.address(0), venue),
                _ => Relay::new(venue),
            };
            market.addresses.insert(stream.to_owned(), relay.address);
            relay
        });
        market.restoring_desk(&folder, market.addresses["glimpse"], &[("me", folder.uid(), "viewer")]);
        let desk = std::fs::read_to_string(folder.path("desk.toml")).expect("a desk");
        let desk = wire.as_ref().map_or(desk.clone(), |wire| wire.desk(&desk, relays[0].address));
        folder.write("desk.toml", desk.replace("[host]\n", "[host]\nsnapshot_inputs = 100\n"));
        let host = Some(start(&folder));
        let day = Day { folder, market, relays, host, deaths: Vec::new(), wire };
        wait_for("orders", || (day.executed() > 0).then_some(()));
        day
    }

    fn executed(&self) -> u64 {
        self.folder.journaled().reports(|one| matches!(one, Report::Executed { .. }))
    }

    /// Waits until this seed's next point.
    fn wait_for_point(&self, seed: u64) {
        let before = self.folder.journaled().inputs.len();
        wait_for("the next point", || (self.folder.journaled().inputs.len() >= before + seed as usize % 200).then_some(()));
        std::thread::sleep(Duration::from_micros(seed >> 8 & 0xfff));
    }

    fn kill_host(&mut self) {
        self.host.take().expect("a host").kill();
        self.deaths.push((now_ns(), 0));
    }

    fn start_host(&mut self, is_left_alone: bool) {
        if is_left_alone {
            std::thread::sleep(LEFT_ALONE);
        }
        self.deaths.last_mut().expect("a death").1 = now_ns();
        self.host = Some(start(&self.folder));
    }

    fn next_card(&mut self) {
        let orders = self.wire.as_ref().map(Wire::option);
        self.market.card = venue::card(&self.folder, self.market.lines, &card_options(&orders));
    }

    fn caught_up(&self) -> usize {
        let is_it = |body: &Body| matches!(body, Body::CaughtUp { session: 0, .. });
        self.folder.journaled().inputs.iter().filter(|input| is_it(&input.body)).count()
    }

    /// The order session has come back, and the host knows all that it missed.
    fn wait_for_session(&self, before: usize) {
        wait_for("a session that is back", || (self.caught_up() > before).then_some(()));
    }

    /// Executions of the order session as the host has journaled them.
    fn booked(&self) -> BTreeMap<u64, (u32, u32, u64)> {
        let told = self.folder.journaled().inputs.into_iter().filter_map(|input| match input.body {
            Body::Venue { report: Report::Executed { user_ref, quantity, price, execution, .. }, .. } => {
                Some((execution, (user_ref, quantity, price as u64)))
            }
            _ => None,
        });
        told.collect()
    }

    /// Every fill that the venue told is booked, and none that it did not tell; no order went to it twice.
    fn check_fills(&self) {
        let [mut told, mut booked] = [self.relays[0].executions().into_values().collect::<Vec<_>>(), self.booked().into_values().collect()];
        told.sort_unstable();
        booked.sort_unstable();
        assert_eq!(booked, told, "fills as booked, and as told");
        let mut orders = self.relays[0].orders(0);
        let sent = orders.len();
        orders.sort_unstable();
        orders.dedup();
        assert_eq!(orders.len(), sent, "an order was sent twice");
    }

    /// A card whose host died is killed by its watchdog, and sends nothing from then on until it is armed; gives how often that was,
    /// and the longest time from a death to an order.
    fn check_silence(&self, found: &Journaled) -> (u64, u64) {
        let (mut is_armed, mut is_killed, mut is_orphan) = (false, false, false);
        let (mut kills, mut slowest_ns, mut next) = (0, 0, 1);
        for input in &found.inputs {
            let event = match input.body {
                Body::CardUp { .. } => {
                    (is_armed, is_killed, is_orphan, next) = (false, false, false, 1);
                    continue;
                }
                Body::Restarted => {
                    is_orphan = is_armed;
                    continue;
                }
                Body::Card { event } if event.sequence >= next => event,
                _ => continue,
            };
            next = event.sequence + 1;
            let is_command = |opcode: Opcode| event.kind() == Some(EventKind::Command) && event.detail == opcode as u16;
            if is_command(Opcode::Kill) || is_command(Opcode::Disarm) {
                is_armed = false;
            }
            // Commands of the watchdog have no number.
            if is_command(Opcode::Kill) && event.feed_sequence == 0 {
                (is_killed, is_orphan) = (true, false);
                kills += 1;
            }
            if is_command(Opcode::Arm) && event.reason == 0 {
                assert!(!is_orphan, "a card is armed anew whose watchdog had not killed it when its host died");
                (is_armed, is_killed) = (true, false);
            }
            if event.kind() == Some(EventKind::OrderSent) {
                assert!(!is_killed, "order {} left behind the watchdog's kill", event.user_ref);
                let dead = self.deaths.iter().find(|(died_ns, next_ns)| (*died_ns..*next_ns).contains(&event.time_ns));
                slowest_ns = slowest_ns.max(dead.map_or(0, |(died_ns, _)| event.time_ns - died_ns));
            }
        }
        assert!(slowest_ns < SILENT_WITHIN_NS, "an order left {slowest_ns} ns behind its host's death");
        (kills, slowest_ns)
    }

    /// What the host says at its end is what an engine says that took every durable input without a break.
    fn check_engine(&mut self) -> usize {
        let summary = self.host.take().expect("a host").end();
        assert_eq!((&summary["digest"], &summary["misnumbered"]), (&summary["mirror_digest"], &0.into()));
        let (digest, compared) = uninterrupted(&self.folder);
        assert_eq!(Value::from(digest), summary["digest"]);
        compared
    }

    /// No order was sent twice, no fill is lost or invented, by the venue's account too.
    fn check_account(&self, account: &Value) {
        let orders = &account["orders"];
        assert_eq!(orders["ignored"], 0, "an order's number came twice: {orders}");
        let host = wait_for("orders", || self.folder.asked(&["orders", "--all"]));
        let host = host.as_array().expect("orders");
        // What had left when the venue's day ended stays unknown: all that it took was told before.
        let is_accepted = |order: &&Value| !["notreceived", "rejected", "unknown"].contains(&order["state"].as_str().unwrap_or_default());
        assert_eq!(orders["accepted"].as_u64(), Some(host.iter().filter(is_accepted).count() as u64), "{orders}: {host:?}");
        let filled: u64 = host.iter().filter_map(|order| order["filled"].as_u64()).sum();
        assert_eq!(orders["executed_shares"].as_u64(), Some(filled), "{orders}");
        let status = wait_for("a status", || self.folder.asked(&["status"]));
        assert_eq!(status["executions"], orders["executions"], "{status}");
        let positions = wait_for("positions", || self.folder.asked(&["positions"]));
        assert_eq!(positions[0]["quantity"].as_i64(), Some(account["positions"]["AAPL"].as_i64().unwrap_or(0)), "{positions}");
    }
}

#[test]
fn killed_at_any_point_with_a_venue_both_accounts_are_equal_at_the_end() {
    let (mut random, mut kills, mut slowest_ns, mut compared) = (Random::new(), 0, 0, 0);
    for (number, crashes) in days(points(2 * POINTS_A_DAY), POINTS_A_DAY) {
        println!("day {number}, {crashes} points");
        let mut day = Day::new("venue", number);
        let card_at = random.next() % crashes;
        for crash in 0..crashes {
            let (seed, before) = (random.next(), day.caught_up());
            day.wait_for_point(seed);
            let is_both = seed >> 40 & 1 == 0;
            if crash == card_at {
                day.market.card.crash();
            }
            if crash != card_at || is_both {
                day.kill_host();
            }
            if crash == card_at {
                day.next_card();
            }
            if day.host.is_none() {
                day.start_host(crash % 4 == 1);
                // Every third is killed while it comes back.
                if seed >> 32 & 3 != 0 {
                    day.wait_for_session(before);
                }
            }
        }
        wait_for("a session that stands", || day.folder.asked(&["status"]).filter(|status| status["session"] == "current"));
        day.market.venue.signal("TERM");
        wait_for("the end of the day", || {
            day.folder.journaled().holds(|body| matches!(body, Body::SessionEnd { session: 0 })).then_some(())
        });
        let account = day.market.venue.summary();
        let found = day.folder.journaled();
        found.check();
        day.check_account(&account);
        day.check_fills();
        let (killed, last_ns) = day.check_silence(&found);
        (kills, slowest_ns) = (kills + killed, slowest_ns.max(last_ns));
        compared += day.check_engine();
    }
    println!(
        "{compared} recoveries equal to their uninterrupted runs; {kills} cards silenced, the last order behind a host's death {} us later",
        slowest_ns / 1_000
    );
    assert!(compared > 2 && kills > 2, "{compared} recoveries, {kills} cards silenced");
}

/// What a venue told before it was killed is all there is of it: a host books that, and knows that it does not know the rest.
#[test]
fn a_venue_that_is_killed_costs_no_fill_and_its_successor_gets_no_order() {
    const DAY: u64 = 3;
    let (mut random, mut open) = (Random::new(), 0);
    // Most of such a day is waiting for what a venue's end brings, so of many points it takes a quarter.
    for (number, crashes) in days(points(8 * DAY) / 4, DAY) {
        println!("day {number}, {crashes} points");
        let (mut day, mut before) = (Day::new("gone", number), 0);
        for _ in 1..crashes {
            let seed = random.next();
            before = day.caught_up();
            day.wait_for_point(seed);
            day.kill_host();
            day.start_host(false);
            if seed >> 32 & 3 != 0 {
                day.wait_for_session(before);
            }
        }
        // What was told to nobody but a host that is dead dies with the venue.
        day.wait_for_session(before);
        day.wait_for_point(random.next());
        day.market.venue.crash();
        wait_for("the end of all connections", || day.relays.iter().all(Relay::is_quiet).then_some(()));
        wait_for("every fill that was told", || (day.booked().len() == day.relays[0].executions().len()).then_some(()));
        day.check_fills();
        // Another one in its place, of the same name, that knows nothing.
        let (mut successor, addresses) = venue::venue(&day.folder, day.market.lines, &VENUE);
        let connections = day.relays.each_ref().map(Relay::connections);
        day.relays[0].lead_to(addresses["ouch"]);
        day.relays[1].lead_to(addresses["dropcopy"]);
        // The host that was there, and one that begins anew.
        let heard = |relay: &Relay, before: usize| wait_for("a login", || (relay.connections() > before).then_some(()));
        heard(&day.relays[0], connections[0]);
        let inputs = day.folder.journaled().inputs.len();
        day.kill_host();
        day.start_host(false);
        heard(&day.relays[0], day.relays[0].connections());
        wait_for("a host that stands", || {
            let status = day.folder.asked(&["status"])?;
            (day.folder.journaled().inputs.len() > inputs && status["armed"] == false).then_some(())
        });
        day.check_fills();
        let sent = day.relays[0].orders(connections[0]);
        assert!(sent.is_empty(), "orders {sent:?} went to a venue that does not know what there was");
        let found = day.folder.journaled();
        found.check();
        let unknown = wait_for("orders", || day.folder.asked(&["orders"]));
        let unknown = unknown.as_array().expect("orders");
        assert!(unknown.iter().all(|order| order["state"] == "unknown"), "{unknown:?}");
        open += unknown.len();
        day.check_engine();
        successor.signal("TERM");
        assert_eq!(successor.summary()["orders"]["entered"], 0);
    }
    println!("{open} orders stay unknown");
}
