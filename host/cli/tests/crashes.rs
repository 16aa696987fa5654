//! Hosts and cards killed at seeded points while a venue trades with them, and cuts them off now and then: at the end of the day
//! the venue's account is the host's, to the share.
//!
//! `RIPOSTE_CRASHES=N` for more points than a change is to wait for.
mod support;

use riposte_engine::{Body, Report};
use serde_json::Value;
use std::process::Stdio;
use std::time::Duration;
use support::crash::{Random, points, uninterrupted};
use support::{Folder, Journaled, Process, riposte, venue, wait_for};

const RUN: [&str; 9] = ["run", "-c", "desk.toml", "--link", "./link", "--journal", "journal", "--rehearse", "--json"];
/// What goes wrong at the venue, beside: it cuts off while it answers, and its answers come in pieces.
const VENUE: [&str; 4] = ["--fault", "disconnect 0.01", "--fault", "partial 0.1"];

fn start(folder: &Folder, args: &[&str]) -> Process {
    let mut command = riposte(&folder.0, args);
    command.stderr(Stdio::null());
    Process::start(command)
}

fn caught_up(found: &Journaled) -> usize {
    found.inputs.iter().filter(|input| matches!(input.body, Body::CaughtUp { session: 0, .. })).count()
}

/// The order session has come back, and the host knows all that it missed.
fn wait_for_session(folder: &Folder, before: usize) {
    wait_for("a session that is back", || (caught_up(&folder.journaled()) > before).then_some(()));
}

#[test]
fn killed_at_any_point_with_a_venue_both_accounts_are_equal_at_the_end() {
    let (crashes, mut random) = (points(10), Random::new());
    let folder = Folder::new("venue");
    let mut market = venue::market(&folder, &[], &VENUE);
    market.desk(&folder, &[("me", folder.uid(), "viewer")]);
    let desk = std::fs::read_to_string(folder.path("desk.toml")).expect("a desk");
    folder.write("desk.toml", desk.replace("[host]\n", "[host]\nsnapshot_inputs = 100\n"));
    let mut host = start(&folder, &RUN);
    wait_for("orders", || (folder.journaled().reports(|one| matches!(one, Report::Executed { .. })) > 0).then_some(()));
    for _ in 0..crashes {
        let seed = random.next();
        let before = folder.journaled();
        wait_for("the next point", || (folder.journaled().inputs.len() >= before.inputs.len() + seed as usize % 200).then_some(()));
        std::thread::sleep(Duration::from_micros(seed >> 8 & 0xfff));
        host.kill();
        host = start(&folder, &RUN);
        // Every third is killed while it comes back.
        if seed >> 32 & 3 != 0 {
            wait_for_session(&folder, caught_up(&before));
        }
    }
    // A card that begins in the middle of the day trades no more; what the one before did is still read.
    let before = caught_up(&folder.journaled());
    market.card.kill();
    host.kill();
    let [a, b] = market.lines.map(|line| line.to_string());
    let _card = start(&folder, &["card", "serve", "--port", &format!("udp:{a},{b}"), "--link", "./link", "--watchdog-ms", "60000"]);
    let mut host = start(&folder, &RUN);
    wait_for_session(&folder, before);
    market.venue.signal("TERM");
    wait_for("the end of the day", || folder.journaled().holds(|body| matches!(body, Body::SessionEnd { session: 0 })).then_some(()));
    let account = market.venue.summary();
    check(&folder, &account);
    let summary = host.end();
    assert_eq!((&summary["digest"], &summary["misnumbered"]), (&summary["mirror_digest"], &0.into()));
    let (digest, compared) = uninterrupted(&folder);
    assert_eq!(Value::from(digest), summary["digest"]);
    assert!(compared > 2, "{compared} recoveries");
}

/// No order was sent twice, no fill is lost or invented.
fn check(folder: &Folder, account: &Value) {
    let told = folder.journaled();
    told.check();
    let orders = &account["orders"];
    assert_eq!(orders["ignored"], 0, "an order's number came twice: {orders}");
    let host = wait_for("orders", || folder.asked(&["orders", "--all"]));
    let host = host.as_array().expect("orders");
    let accepted = host.iter().filter(|order| order["state"] != "notreceived" && order["state"] != "rejected").count();
    assert_eq!(orders["accepted"].as_u64(), Some(accepted as u64), "{orders}");
    let filled: u64 = host.iter().filter_map(|order| order["filled"].as_u64()).sum();
    assert_eq!(orders["executed_shares"].as_u64(), Some(filled), "{orders}");
    let status = wait_for("a status", || folder.asked(&["status"]));
    assert_eq!(status["executions"], orders["executions"], "{status}");
    let positions = wait_for("positions", || folder.asked(&["positions"]));
    assert_eq!(positions[0]["quantity"].as_i64(), Some(account["positions"]["AAPL"].as_i64().unwrap_or(0)), "{positions}");
}
