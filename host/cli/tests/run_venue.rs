//! `riposte run` with a card on a live feed and a venue: four processes over the kernel's UDP and TCP, one account.
//!
//! No test waits for a time to pass; limits only end a test that fails.
mod support;

use riposte_engine::{Body, Report};
use support::{Folder, Process, json, riposte, venue, wait_for};

const RUN: [&str; 9] = ["run", "-c", "desk.toml", "--link", "./link", "--journal", "journal", "--rehearse", "--json"];

#[test]
fn orders_of_the_card_trade_at_the_venue_and_both_accounts_are_equal() {
    let folder = Folder::new("calm");
    let mut market = venue::market(&folder, &[], &["--messages", "16000"]);
    market.desk(&folder, &[("me", folder.uid(), "viewer")]);
    let mut host = Process::start(riposte(&folder.0, &RUN));
    let is_end = |body: &Body| matches!(body, Body::SessionEnd { session: 0 });
    wait_for("the end of the day", || folder.journaled().holds(is_end).then_some(()));
    let venue = market.venue.summary();
    let told = folder.journaled();
    assert_eq!(venue["orders"]["accepted"], told.reports(|report| matches!(report, Report::Accepted { .. })));
    assert_eq!(venue["orders"]["executions"], told.reports(|report| matches!(report, Report::Executed { .. })));
    // How many depends on when the desk was armed, and on whether the kernel lost a datagram, which ends the books' day.
    assert!(venue["orders"]["executions"].as_u64() > Some(0), "{}", venue["orders"]);
    let positions = wait_for("positions", || folder.asked(&["positions"]));
    assert_eq!(positions[0]["quantity"].as_i64(), Some(venue["positions"]["AAPL"].as_i64().unwrap_or(0)), "{positions}");
    let orders = wait_for("orders", || folder.asked(&["orders", "--all"]));
    // One that leaves when the venue has closed is rejected, or never answered.
    let is_answered = |order: &&serde_json::Value| order["state"] != "sent" && order["state"] != "unknown";
    let answered = orders.as_array().expect("orders").iter().filter(is_answered).count();
    assert_eq!(Some(answered as u64), venue["orders"]["entered"].as_u64());
    let summary = host.end();
    assert_eq!((&summary["digest"], &summary["misnumbered"]), (&summary["mirror_digest"], &0.into()));
}

#[test]
fn what_line_a_loses_the_card_takes_from_line_b() {
    let folder = Folder::new("lossy");
    let mut market = venue::market(&folder, &[], &["--messages", "16000", "--fault", "loss A 0.05"]);
    market.desk(&folder, &[("me", folder.uid(), "viewer")]);
    let mut host = Process::start(riposte(&folder.0, &RUN));
    let is_end = |body: &Body| matches!(body, Body::SessionEnd { session: 0 });
    wait_for("the end of the day", || folder.journaled().holds(is_end).then_some(()));
    let counters = wait_for("what the card has counted", || {
        let output = riposte(&folder.0, &["top", "--json", "--control", "control.sock"]).output().expect("it runs");
        let mut counters = json(&output)["card"]["counters"].take();
        (counters["ends_of_session"].as_u64() > Some(0)).then(|| counters.take())
    });
    let count = |name: &str| counters[name].as_u64().unwrap_or(0);
    // The kernel of a busy machine may lose some of both.
    let (gaps, used) = (count("gaps"), count("line_b_packets_used"));
    assert!(used > 20 && gaps * 10 < used, "{counters}");
    market.venue.summary();
    host.end();
}
