//! A desk at a venue without a rehearsal: people open it, state its positions, arm it, and book what differs.
mod support;

use riposte_engine::{Body, Change, Record as Decided};
use riposte_journal::hex;
use serde_json::Value;
use sha2::{Digest, Sha256};
use support::{BOB, Folder, Process, riposte, venue::Closed, wait_for};

const RUN: [&str; 8] = ["run", "-c", "desk.toml", "--link", "./link", "--journal", "journal", "--json"];

/// A host whose proposals a second person has approved: all is in force but the venue is not there yet.
fn opened(folder: &Folder) -> (Closed, Process) {
    let closed = Closed::new(folder, &[("ann", folder.uid(), "risk"), ("bob", BOB, "risk")]);
    let mut command = riposte(&folder.0, &RUN);
    command.stderr(std::fs::File::create(folder.path("host.log")).expect("a file"));
    let host = Process::start(command);
    wait_for("proposals", || folder.asked(&["status"]).filter(|status| status["proposals"] == 12));
    folder.act_as(BOB, &["approve", "--all"]);
    (closed, host)
}

fn position(folder: &Folder) -> Value {
    folder.told(&["positions"])[0].take()
}

#[test]
fn people_state_the_positions_of_a_venue_arm_without_a_rehearsal_and_trade() {
    let folder = Folder::new("state");
    if !folder.has_two_people("people_state_the_positions_...") {
        return;
    }
    let (closed, mut host) = opened(&folder);
    let ann = folder.uid();
    let state = ["positions", "state", "--rest-flat", "--evidence", "no positions, clearing statement of 2026-11-20"];
    let (code, refused) = folder.say_as(ann, &state);
    assert_eq!(code, Some(3), "without a session nothing is the venue's word: {refused}");
    let mut venue = closed.open(&folder, &["--messages", "400000"]);
    wait_for("a session", || folder.asked(&["status"]).filter(|status| status["session"] == "current"));
    let (code, refused) = folder.say_as(ann, &["arm"]);
    assert!(code == Some(3) && refused["why"].as_str().is_some_and(|why| why.contains("riposte positions state")), "{refused}");
    let dry = folder.told(&[&state[..], &["--dry-run"]].concat());
    assert_eq!((&dry[0]["needs_second_person"], &position(&folder)["confirmed"]), (&false.into(), &false.into()));
    let confirmed = folder.told(&state);
    assert_eq!((&confirmed[0]["instrument"], &confirmed[0]["confirmed"]), (&"AAPL".into(), &true.into()), "{confirmed}");
    let request = folder.act_as(ann, &["arm"])["request"].to_string();
    folder.act_as(BOB, &["approve", &request]);
    wait_for("a trade", || folder.asked(&["status"]).filter(|status| status["executions"].as_u64() > Some(0)));
    // What rests is ended, so that the position stands still.
    folder.act_as(ann, &["kill"]);
    wait_for("the end of what rests", || folder.asked(&["status"]).filter(|status| status["open_orders"] == 0));
    let ours = position(&folder)["quantity"].as_i64().expect("a position");
    let more = (ours + 1).to_string();
    let differs = ["positions", "state", "--instrument", "AAPL", "--quantity", &more, "--evidence", "prime broker, by telephone"];
    let (code, refused) = folder.say_as(ann, &differs);
    assert!(code == Some(3) && refused["why"].as_str().is_some_and(|why| why.contains("a difference is booked at a price")), "{refused}");
    let priced = folder.told(&[&differs[..], &["--price", "186.42"]].concat());
    let request = priced[0]["proposed"].to_string();
    assert_eq!((&position(&folder)["confirmed"], &position(&folder)["quantity"]), (&false.into(), &ours.into()), "one books nothing");
    assert_eq!(folder.say_as(ann, &["approve", &request]).0, Some(3), "the same person twice");
    folder.act_as(BOB, &["approve", &request]);
    assert_eq!((&position(&folder)["confirmed"], &position(&folder)["quantity"]), (&true.into(), &(ours + 1).into()));
    let account = venue.end();
    assert_eq!(account["positions"]["AAPL"].as_i64().unwrap_or(0), ours, "what traded is the venue's account");
    let summary = host.end();
    assert_eq!((&summary["digest"], &summary["misnumbered"]), (&summary["mirror_digest"], &0.into()));
    is_evident(&folder, &priced[0]["evidence"]);
}

/// Who stated it, who approved it, and from what, is in the journal and beside it.
fn is_evident(folder: &Folder, evidence: &Value) {
    let decided = folder.journaled().decided;
    let booked = decided.iter().find_map(|one| match one {
        Decided::Done { by: 1, second: 2, change: Change::StatePosition { evidence, .. }, .. } => Some(*evidence),
        _ => None,
    });
    let booked = booked.expect("two people have booked it");
    assert_eq!(*evidence, hex(&booked));
    let document = std::fs::read(folder.path(&format!("journal/evidence-{}.json", hex(&booked)))).expect("the evidence");
    assert_eq!(<[u8; 32]>::from(Sha256::digest(&document)), booked);
    let document: Value = serde_json::from_slice(&document).expect("JSON");
    assert_eq!((&document["by"], &document["evidence"]), (&"ann".into(), &"prime broker, by telephone".into()));
    assert!(!folder.journaled().holds(|body| matches!(body, Body::Position { .. })), "no rehearsal has stated anything");
}

#[test]
fn a_statement_of_what_a_desk_has_not_is_refused_as_a_whole() {
    let folder = Folder::new("refused");
    let closed = Closed::new(&folder, &[("ann", folder.uid(), "risk")]);
    let _host = Process::start(riposte(&folder.0, &RUN));
    wait_for("a host", || folder.asked(&["status"]));
    folder.write("statement.csv", "instrument,quantity,price\nAAPL,1,186.42\nMSFT,2,300\n");
    folder.write("float.json", "[{\"instrument\":\"AAPL\",\"quantity\":1,\"price\":186.42}]");
    let evidence = ["--evidence", "clearing"];
    for (args, code, says) in [
        (&["--file", "statement.csv"][..], 3, "`MSFT` is none of the desk's instruments: AAPL"),
        (&["--file", "float.json"], 1, "float.json: is no statement"),
        (&["--file", "absent.csv"], 1, "absent.csv: cannot be read"),
        (&["--instrument", "AAPL", "--quantity", "1", "--price", "1.23456"], 1, "too many decimals"),
        (&["--instrument", "AAPL"], 2, "--quantity"),
        (&[], 2, "--rest-flat"),
    ] {
        let output = folder.run(&[&["positions", "state", "--control", "control.sock"], args, &evidence].concat());
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(code) && told.contains(says), "{args:?}: {told}");
    }
    assert!(!folder.journaled().holds(|body| matches!(body, Body::Propose { change: Change::StatePosition { .. }, .. })));
    drop(closed);
}
