//! Orders on the card's own wire, in a connection of the host's own TCP, to the kernel's: the host connects, logs in, says that it lives,
//! cancels, and sends again what was lost; the card sends its orders itself, as it made them.
//!
//! What arrives is kept by a relay in front of the venue, behind the kernel's TCP.
mod support;

use riposte_capture::Channel;
use riposte_engine::{Body, Report};
use riposte_map::shm::Opcode;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;
use support::relay::Relay;
use support::venue::Market;
use support::wire::Wire;
use support::{Folder, Process, riposte, venue, wait_for};

const RUN: [&str; 9] = ["run", "-c", "desk.toml", "--link", "./link", "--journal", "journal", "--rehearse", "--json"];

/// A day on a wire.
struct Day {
    folder: Folder,
    market: Market,
    relay: Relay,
    host: Process,
    wire: Wire,
}

impl Day {
    fn new(name: &str, wire: Wire) -> Day {
        let folder = Folder::new(name);
        let mut market = venue::market(&folder, &["--orders", &wire.option(), "--transmit", "sent.pcap"], &["--glimpse", "127.0.0.1:0"]);
        let relay = Relay::at(wire.address(0), market.addresses["ouch"]);
        market.addresses.insert("ouch".to_owned(), relay.address);
        // A busy machine may lose a datagram of the feed.
        market.restoring_desk(&folder, market.addresses["glimpse"], &[("me", folder.uid(), "risk")]);
        let desk = std::fs::read_to_string(folder.path("desk.toml")).expect("a desk");
        folder.write("desk.toml", wire.desk(&desk, relay.address));
        let host = Process::start(riposte(&folder.0, &RUN));
        Day { folder, market, relay, host, wire }
    }

    fn count(&self, wanted: impl Fn(&Body) -> bool) -> usize {
        self.folder.journaled().inputs.iter().filter(|input| wanted(&input.body)).count()
    }

    fn wait_for(&self, what: &str, least: usize, wanted: impl Fn(&Body) -> bool) {
        wait_for(what, || (self.count(&wanted) >= least).then_some(()));
    }

    /// Numbers of the orders that have left, by the card's own recording.
    fn left(&self) -> Vec<u32> {
        let frames = riposte_capture::open(self.folder.path("sent.pcap")).expect("a capture").into_frames(Channel::default());
        let user_ref = |frame: &[u8]| {
            let payload = riposte_session::payload(frame).expect("an order");
            u32::from_be_bytes(payload[4..8].try_into().expect("four bytes"))
        };
        frames.expect("frames").map(|frame| user_ref(&frame.expect("a frame").bytes)).collect()
    }

    /// The end of the day: both accounts are equal, what left arrived, once and in its order. Gives the card's account.
    fn end(mut self) -> Value {
        wait_for("a session that stands", || self.folder.asked(&["status"]).filter(|status| status["session"] == "current"));
        // Its cancels go out between the card's orders; behind it nothing is open.
        assert!(self.folder.asked(&["revert", "apply", "orders", "--instruments", "1", "--request", "4711"]).is_some());
        wait_for("the end of every order", || {
            let reversion = self.folder.asked(&["revert", "status"])?;
            (reversion["step"] == "Committed").then_some(())
        });
        self.market.venue.signal("TERM");
        self.wait_for("the end of the day", 1, |body| matches!(body, Body::SessionEnd { session: 0 }));
        let venue = self.market.venue.summary();
        let told = self.folder.journaled();
        told.check();
        assert_eq!(venue["orders"]["accepted"], told.reports(|report| matches!(report, Report::Accepted { .. })));
        assert_eq!(venue["orders"]["executions"], told.reports(|report| matches!(report, Report::Executed { .. })));
        assert!(venue["orders"]["executions"].as_u64() > Some(0), "{}", venue["orders"]);
        let arrived = self.relay.orders(0);
        let different: BTreeSet<u32> = arrived.iter().copied().collect();
        assert_eq!(arrived.len(), different.len(), "none twice");
        let positions = wait_for("positions", || self.folder.asked(&["positions"]));
        assert_eq!(positions[0]["quantity"].as_i64(), Some(venue["positions"]["AAPL"].as_i64().unwrap_or(0)), "{positions}");
        let summary = self.host.end();
        assert_eq!((&summary["digest"], &summary["misnumbered"]), (&summary["mirror_digest"], &0.into()));
        self.market.card.end()
    }
}

fn is_executed(body: &Body) -> bool {
    matches!(body, Body::Venue { report: Report::Executed { .. }, .. })
}

fn is_delegated(body: &Body) -> bool {
    matches!(body, Body::Delegate { session: 0, .. })
}

#[test]
fn what_the_card_sends_arrives_as_it_made_it_and_the_host_speaks_in_between() {
    let Some(wire) = Wire::new() else { return };
    let day = Day::new("calm", wire);
    day.wait_for("executions", 100, is_executed);
    // It takes the connection back to say how far the venue was read, and gives it again.
    day.wait_for("the card's turns", 2, is_delegated);
    let (arrived, left) = (day.relay.orders(0), day.left());
    assert_eq!(arrived[..], left[..arrived.len()], "in the order in which they left");
    assert!(day.folder.journaled().done(Opcode::Session) >= 3, "numbers given, taken twice");
    let card = day.end();
    assert_eq!((&card["withheld"], &card["exceptions_lost"]), (&0.into(), &0.into()), "{card}");
}

#[test]
fn on_a_wire_that_loses_repeats_and_reorders_every_order_arrives_once() {
    let Some(wire) = Wire::bad() else { return };
    let day = Day::new("bad", wire);
    day.wait_for("executions", 100, is_executed);
    wait_for("frames that are lost", || (day.wire.dropped() > 10).then_some(()));
    assert_eq!(day.count(|body| matches!(body, Body::SessionDown { .. })), 0, "one connection all day");
    assert_eq!(day.end()["withheld"], 0);
}

#[test]
fn a_host_that_stops_takes_the_connection_back_and_logs_out() {
    let Some(wire) = Wire::new() else { return };
    let mut day = Day::new("stop", wire);
    day.wait_for("executions", 20, is_executed);
    // One connection has asked how much there is to read.
    let (before, arrived) = (day.relay.logouts(), day.relay.orders(0).len());
    assert!(arrived > 0);
    day.host.signal("TERM");
    let output = day.host.ended();
    let what = format!("a logout behind {}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{what}");
    wait_for(&what, || (day.relay.logouts() > before).then_some(()));
    assert_eq!(day.relay.orders(0), day.left(), "everything before it has arrived");
}

/// Longer than a host waits for the connection: it ends it, and comes back when the card moves.
#[test]
fn a_card_that_stands_still_costs_the_connection_and_nothing_else() {
    let Some(wire) = Wire::new() else { return };
    let day = Day::new("still", wire);
    day.wait_for("executions", 20, is_executed);
    day.market.card.signal("STOP");
    day.wait_for("the end of the connection", 1, |body| matches!(body, Body::SessionDown { session: 0 }));
    day.market.card.signal("CONT");
    day.wait_for("the next connection", 2, |body| matches!(body, Body::CaughtUp { session: 0, .. }));
    day.end();
}

#[test]
fn a_card_and_a_desk_that_mean_different_wires_do_not_come_together() {
    let Some(wire) = Wire::new() else { return };
    for (name, over_card) in [("desk", true), ("card", false)] {
        let folder = Folder::new(name);
        let option = wire.option();
        let options: &[&str] = if over_card { &[] } else { &["--orders", &option] };
        let market = venue::market(&folder, options, &[]);
        market.desk(&folder, &[("me", folder.uid(), "risk")]);
        if over_card {
            let desk = std::fs::read_to_string(folder.path("desk.toml")).expect("a desk");
            folder.write("desk.toml", wire.desk(&desk, market.addresses["ouch"]));
        }
        // Who comes before the card waits for another one.
        wait_for("a card", || folder.path("link").exists().then_some(()));
        let mut host = Process::start(riposte(&folder.0, &RUN));
        let output = host.ended_within(Duration::from_secs(60));
        let text = String::from_utf8_lossy(&output.stderr);
        let wants = if over_card { "serve the card with --orders" } else { "serve the card without --orders" };
        assert!(output.status.code() == Some(1) && text.contains(wants), "{:?}: {text}", output.status);
    }
}
