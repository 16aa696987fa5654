//! `riposte run` as its user meets it: a served card, a journal, signals, kills.
//!
//! No test waits for a time to pass: each asks until what it waits for is there; the limit only ends a test that fails.
mod metrics;
mod remote;
mod service;
mod signed;
#[path = "../support/mod.rs"]
mod support;
mod top;

use riposte_engine::{Body, Change, Input, Record as Decided, Report, Side};
use riposte_journal::Entry;
use riposte_map::shm::{EventKind, Opcode};
use serde_json::Value;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use support::crash::{Random, days, points, uninterrupted};
use support::{BOB, Folder, Journaled, Process, riposte, wait_for};

const DESK: &str = include_str!("../../../../demo/desk.toml");
/// Snapshots often, so that many a crash finds one half written.
const HOST: &str = "\n[limits]\nloss = 25000\ndrawdown = 25000\ninstrument_loss = 5000\nexposure = 1000000\nfree_messages = 100000\nmessages_per_trade = 100\n[host]\nsnapshot_inputs = 20\n";

/// A folder with a desk and a market.
fn folder(name: &str, messages: u32) -> Folder {
    let folder = Folder::new(name);
    folder.write("desk.toml", format!("{DESK}{HOST}"));
    folder.market(7, messages);
    folder
}

impl Folder {
    fn start(&self, args: &[&str]) -> Process {
        let mut command = riposte(&self.0, args);
        // Nobody reads it while the process runs.
        command.stderr(Stdio::null());
        Process::start(command)
    }

    fn card(&self) -> Process {
        self.start(&["card", "serve", "--port", "pcap:market.pcap", "--link", "./link", "--watchdog-ms", "60000", "--json"])
    }

    fn host(&self) -> Process {
        self.host_with(&["--rehearse"])
    }

    fn host_with(&self, more: &[&str]) -> Process {
        Process::start(self.host_command(more))
    }

    fn host_command(&self, more: &[&str]) -> Command {
        let args = ["run", "-c", "desk.toml", "--link", "./link", "--journal", "journal", "--directory", "market.pcap", "--json"];
        let mut command = riposte(&self.0, &[&args[..], more].concat());
        // Nobody reads it while the process runs.
        command.stderr(Stdio::null());
        command
    }

    /// Waits until the journal tells of so many orders.
    fn orders(&self, count: usize) -> Journaled {
        wait_for("orders in the journal", || Some(self.journaled()).filter(|found| found.count(EventKind::OrderSent) >= count))
    }
}

#[test]
fn a_process_that_does_not_end_is_killed_with_the_test_that_waits_for_it() {
    let mut command = Command::new("sleep");
    command.arg("600").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = Process::start(command);
    let there = std::path::PathBuf::from(format!("/proc/{}", process.id()));
    let waited = std::thread::spawn(move || process.ended_within(Duration::from_millis(1))).join();
    assert!(waited.is_err() && !there.exists());
    let mut command = Command::new("sh");
    command.args(["-c", "head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2; exit 7"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = Process::start(command).ended();
    assert_eq!((output.status.code(), output.stdout.len(), output.stderr.len()), (Some(7), 1_000_000, 1_000_000));
}

fn is_whole(folder: &Path) -> bool {
    riposte_journal::prove(&folder.join("journal"), None, |_| {}).is_ok_and(|found| found.torn.is_none())
}

#[test]
fn a_rehearsal_trades_and_everything_is_journaled() {
    let folder = folder("rehearsal", 20_000);
    let mut card = folder.card();
    let mut host = folder.host();
    folder.orders(20);
    let summary = host.end();
    let card = card.end();
    let found = folder.journaled();
    found.check();
    assert!(is_whole(&folder.0));
    // All that the card told while a host was there; what the watchdog did behind it nobody has read.
    let told = found.events().last().expect("events").sequence;
    assert!(card["events"].as_u64() >= Some(told) && card["events"].as_u64() <= Some(told + 64), "{card}");
    assert_eq!((found.done(Opcode::Arm), found.done(Opcode::Commit)), (1, 1));
    assert_eq!(found.done(Opcode::Disarm), 1, "a host that leaves in order disarms");
    assert_eq!(summary["digest"], summary["mirror_digest"]);
    assert_eq!((&summary["recovered_inputs"], &summary["misnumbered"]), (&Value::from(0), &Value::from(0)));
}

#[test]
fn a_host_goes_on_where_the_one_that_was_killed_was_and_with_the_next_card() {
    let folder = folder("restart", 400_000);
    let card = folder.card();
    let host = folder.host();
    let before = folder.orders(3).count(EventKind::OrderSent);
    host.kill();
    let mut host = folder.host();
    // The watchdog has killed the card; the host lifts that, and has read every event.
    wait_for("a restart", || {
        let found = folder.journaled();
        let restarted = found.inputs.iter().any(|input| input.body == Body::Restarted);
        (restarted && found.done(Opcode::ClearKill) > 0 && found.count(EventKind::OrderSent) >= before).then_some(())
    });
    card.kill();
    let card = folder.card();
    wait_for("a set on the next card", || (folder.journaled().done(Opcode::Commit) == 2).then_some(()));
    let summary = host.end();
    drop(card);
    let found = folder.journaled();
    found.check();
    assert_eq!(found.inputs.iter().filter(|input| matches!(input.body, Body::CardUp { .. })).count(), 2);
    assert_eq!(found.inputs.iter().filter(|input| input.body == Body::CardLost).count(), 1);
    assert_eq!(found.done(Opcode::Arm), 1, "nobody knows what became of the orders before the restart, so nothing is armed");
    assert!(summary["recovered_inputs"].as_u64() > Some(0));
    assert_eq!(summary["digest"], summary["mirror_digest"]);
}

/// A host for three people: who runs it, who else may approve, and who may only look.
fn people(folder: &Folder) -> (Process, Process) {
    let desk = std::fs::read_to_string(folder.0.join("desk.toml")).expect("a desk");
    let person = |name: &str, uid: u32, role: &str| format!("\n[[person]]\nname = \"{name}\"\nuid = {uid}\nrole = \"{role}\"\n");
    let all = [person("ann", folder.uid(), "risk"), person("bob", BOB, "risk"), person("vic", VIC, "viewer")].concat();
    std::fs::write(folder.0.join("desk.toml"), format!("{desk}control = \"control.sock\"\n{}{all}", folder.trust("sid"))).expect("a desk");
    folder.sign("desk.toml", 1, "sid");
    let card = folder.card();
    let host = folder.host_with(&[]);
    wait_for("proposals", || {
        let (code, status) = folder.say_as(folder.uid(), &["status"]);
        (code == Some(0) && status["value"]["proposals"] == 4).then_some(())
    });
    (card, host)
}

const VIC: u32 = 61_002;
const NOBODY: u32 = 61_003;

#[test]
fn people_of_the_desk_are_heard_each_in_their_role_and_two_loosen() {
    let folder = folder("people", 20_000);
    let can_be_others = folder.has_two_people("people_of_the_desk_...");
    let (_card, mut host) = people(&folder);
    let own = folder.uid();
    // In the name of who started it; the same person cannot approve.
    let (code, refused) = folder.say_as(own, &["approve", "--all"]);
    assert_eq!((code, &refused["answer"]), (Some(3), &"refused".into()), "{refused}");
    assert_eq!(folder.say_as(own, &["arm", "--dry-run"]).0, Some(3), "nothing is in force that could be armed");
    assert_eq!(folder.told(&["params", "show"])["proposals"].as_array().map(Vec::len), Some(4));
    if !can_be_others {
        return;
    }
    let bob = |args: &[&str]| folder.say_as(BOB, args);
    assert_eq!(bob(&["approve", "--all", "--dry-run"]).1["value"]["would_approve"].as_array().map(Vec::len), Some(4));
    assert_eq!(bob(&["approve", "--all"]).1["answer"], "done");
    wait_for("the set", || (folder.told(&["status"])["generation"] == 1).then_some(()));
    let (code, proposed) = folder.say_as(own, &["arm"]);
    assert_eq!((code, &proposed["answer"]), (Some(0), &"proposed".into()));
    let request = proposed["request"].to_string();
    assert_eq!(folder.say_as(own, &["approve", &request]).0, Some(3), "the same person twice");
    assert_eq!(bob(&["approve", &request]).1["answer"], "done");
    wait_for("an armed card", || (folder.told(&["status"])["armed"] == true).then_some(()));
    // One person tightens; a dry run does not.
    assert_eq!(bob(&["kill", "--dry-run"]).1["value"]["needs_second_person"], false);
    assert_eq!(bob(&["limit", "set", "loss", "30000", "--dry-run"]).1["value"]["needs_second_person"], true);
    assert_eq!(bob(&["release", "--rule", "0.2", "--dry-run"]).1["value"]["needs_second_person"], true);
    assert_eq!(bob(&["release", "--rule", "0.4", "--dry-run"]).0, Some(3), "a rule that cannot be");
    assert_eq!(bob(&["lift", "--instruments", "1", "--dry-run"]).0, Some(3), "nothing is fenced");
    for wrong in [
        &["release"][..], &["release", "--rule", "2"], &["fence"], &["fence", "--side", "buy"], &["fence", "--rule", "0.2", "--instruments", "1"],
        &["fence", "--instruments", "1", "--side", "both"],
    ] {
        assert_eq!(bob(wrong).0, Some(2), "{wrong:?}");
    }
    assert_eq!(folder.told(&["status"])["armed"], true);
    for (uid, args) in [(VIC, &["disarm"][..]), (VIC, &["approve", "--all"]), (NOBODY, &["status"])] {
        assert_eq!(folder.say_as(uid, args).0, Some(3), "{uid} {args:?}");
    }
    assert_eq!(folder.say_as(VIC, &["status"]).1["value"]["armed"], true);
    assert_eq!(bob(&["fence", "--rule", "0.4"]).0, Some(3), "a rule that cannot be");
    assert_eq!(folder.act_as(BOB, &["fence", "--instruments", "1", "--side", "buy"])["card"]["card"], "carried-out");
    assert_eq!(folder.act_as(BOB, &["fence", "--rule", "0.2"])["card"]["card"], "carried-out");
    assert_eq!(folder.told(&["status"])["fenced"], serde_json::json!({ "instruments": 0, "buys": 1, "sells": 0, "rules": ["0.2"] }));
    assert_eq!(bob(&["reduce-only", "--instruments", "1", "--end"]).0, Some(3), "it is not");
    assert_eq!(bob(&["reduce-only", "--instruments", "1"]).1["answer"], "done");
    assert_eq!(folder.told(&["status"])["reduce_only"], 1);
    assert_eq!(bob(&["reduce-only", "--instruments", "1", "--end"]).1["answer"], "proposed");
    assert_eq!(bob(&["lift", "--rule", "0.2"]).1["answer"], "proposed");
    let done = folder.act_as(BOB, &["disarm"]);
    assert_eq!((&done["answer"], &done["card"]["card"]), (&"done".into(), &"carried-out".into()), "{done}");
    assert_eq!(folder.told(&["status"])["armed"], false);
    // The event that it names is the card's word on that command.
    let named = folder.journaled().events().find(|event| done["card"]["event"] == event.sequence).copied().expect("the event");
    assert_eq!((named.kind(), named.detail), (Some(EventKind::Command), Opcode::Disarm as u16));
    assert_eq!(done["card"]["command"], named.feed_sequence);
    assert!(done["card"]["cycle"].as_u64() > Some(0), "{done}");
    let same = ["kill", "--request", "77"];
    assert_eq!(bob(&same).1["answer"], "done");
    assert_eq!(bob(&same).1["answer"], "told", "the same number again is answered, and nothing is done");
    assert_eq!(folder.told(&["status"])["killed"], true);
    assert_eq!(bob(&["clear-kill"]).1["answer"], "proposed");
    let summary = host.end();
    assert_eq!(summary["digest"], summary["mirror_digest"]);
    let by_bob = |one: &&Decided| matches!(one, Decided::Done { by: 2, change: Change::Kill, .. });
    assert_eq!(folder.journaled().decided.iter().filter(by_bob).count(), 1, "who did it is journaled");
    assert!(!folder.0.join("control.sock").exists(), "the socket goes with its host");
}

/// Everything that waits is approved by the second person, and the card is armed.
fn armed_by_two(folder: &Folder) {
    folder.act_as(BOB, &["approve", "--all"]);
    let proposed = folder.act_as(folder.uid(), &["arm"]);
    let done = folder.act_as(BOB, &["approve", &proposed["request"].to_string()]);
    assert_eq!(done["card"]["card"], "carried-out", "{done}");
    assert_eq!(folder.told(&["status"])["armed"], true, "who is told that it is done finds it done");
}

#[test]
fn an_act_is_answered_when_the_card_has_it_and_a_silent_card_is_told() {
    let folder = folder("silent", 100_000);
    if !folder.has_two_people("an_act_is_answered_...") {
        return;
    }
    let (card, _host) = people(&folder);
    armed_by_two(&folder);
    card.signal("STOP");
    let (code, silent) = folder.say_as(folder.uid(), &["kill"]);
    assert_eq!((code, &silent["answer"]), (Some(3), &"silent".into()), "{silent}");
    assert!(silent["why"].as_str().expect("text").contains(&format!("command {}", silent["command"])), "{silent}");
    let status = folder.told(&["status"]);
    assert_eq!((&status["armed"], &status["killed"]), (&false.into(), &true.into()), "what the host decided stands");
    card.signal("CONT");
    let done = folder.act_as(folder.uid(), &["disarm"]);
    assert_eq!(done["card"]["card"], "carried-out", "{done}");
    card.kill();
    wait_for("the card's end", || (folder.act_as(folder.uid(), &["disarm"])["card"]["card"] == "absent").then_some(()));
}

#[test]
fn a_rehearsal_on_a_device_is_refused() {
    let folder = folder("device", 2_000);
    let card = folder.card();
    drop(folder.join());
    let mut bar = std::fs::read(folder.path("link")).expect("the region");
    card.kill();
    // What a device shows: a region in a BAR, which is longer, of the other kind, with no lock beside it.
    bar.resize(bar.len().next_power_of_two(), 0xff);
    bar[6 * 8] = 2;
    std::fs::remove_file(folder.path("link.card")).expect("the lock");
    folder.write("link", bar);
    std::fs::set_permissions(folder.path("link"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("rights");
    let args = ["run", "-c", "desk.toml", "--link", "./link", "--journal", "journal", "--directory", "market.pcap", "--rehearse"];
    let output = Process::start(riposte(&folder.0, &args)).ended();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && told.contains("is a device, and --rehearse arms simulated cards only"), "{told}");
    // Without a rehearsal it is a card like others.
    let mut host = folder.host_with(&[]);
    wait_for("a host", || folder.journaled().holds(|body| matches!(body, Body::CardUp { .. })).then_some(()));
    host.end();
}

#[test]
fn a_directory_of_bare_messages_serves_a_feed_that_is_no_group() {
    let folder = Folder::new("directory");
    folder.write("desk.toml", format!("{DESK}{HOST}").replace("233.54.12.111", "127.0.0.1"));
    let made = folder.run(&["market", "--seed", "7", "--messages", "2000", "--format", "itch", "--out", "market.itch"]);
    assert!(made.status.success());
    let mut command = riposte(&folder.0, &["run", "-c", "desk.toml", "--link", "./link", "--journal", "journal", "--directory", "market.itch", "--json"]);
    command.stderr(std::fs::File::create(folder.path("host.log")).expect("a file"));
    let mut host = Process::start(command);
    wait_for("a host", || (!folder.journaled().inputs.is_empty()).then_some(()));
    host.end();
    let told = std::fs::read_to_string(folder.path("host.log")).expect("what it said");
    assert!(!told.contains("is never named") && !told.contains("has no locate"), "{told}");
}

#[test]
fn orders_beyond_one_answer_are_all_told_once() {
    const ORDERS: u32 = 5_000;
    let folder = folder("many", 2_000);
    // A day as it is found again: nothing of it is old.
    let recovery = riposte_journal::open(riposte_journal::Options::new(folder.path("journal"))).expect("a journal");
    let (mut appender, journal) = recovery.start().expect("it starts");
    let mut put = |body| {
        let input = Input { time_ns: 1, body };
        appender.append_waiting(1, &Entry::Input(input.encode().bytes())).expect("it is taken");
    };
    put(Body::SessionUp { session: 0 });
    for user_ref in 1..=ORDERS {
        let report = Report::Accepted { user_ref, instrument: 0, side: Side::Buy, quantity: 100, price: 1_234_500 };
        put(Body::Venue { session: 0, sequence: u64::from(user_ref), report });
    }
    for (sequence, user_ref) in (u64::from(ORDERS) + 1..).zip((1..=ORDERS).step_by(3)) {
        put(Body::Venue { session: 0, sequence, report: Report::Cancelled { user_ref, quantity: 100 } });
    }
    journal.finish(appender).expect("it ends");
    let desk = std::fs::read_to_string(folder.path("desk.toml")).expect("a desk");
    let me = format!("control = \"control.sock\"\n[[person]]\nname = \"me\"\nuid = {}\nrole = \"viewer\"\n", folder.uid());
    // With a venue, of whose session this is; nobody listens there.
    let sessions = "[sessions]\norders = \"127.0.0.1:9\"\nusername = \"RIPO\"\npassword_file = \"password\"\n";
    folder.write("desk.toml", format!("{desk}\n{me}{sessions}"));
    folder.write("password", "riposte\n");
    std::fs::set_permissions(folder.path("password"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("rights");
    let mut host = folder.host_with(&[]);
    let told = |args: &[&str]| {
        let all = wait_for("orders", || folder.asked(args));
        let numbers = all.as_array().expect("a list").iter().map(|order| order["user_ref"].as_u64().expect("a number") as u32);
        numbers.collect::<Vec<_>>()
    };
    assert!(told(&["orders", "--all"]).into_iter().eq(1..=ORDERS), "each, once, in order");
    assert!(told(&["orders"]).into_iter().eq((1..=ORDERS).filter(|user_ref| user_ref % 3 != 1)), "those that may still trade");
    host.end();
}

#[test]
fn a_socket_is_its_owners_if_nobody_else_is_of_the_desk() {
    let folder = folder("socket", 2_000);
    let mut host = folder.host();
    let socket = folder.0.join("journal/control.sock");
    wait_for("a socket", || socket.exists().then_some(()));
    assert_eq!(std::fs::metadata(&socket).expect("a socket").mode() & 0o777, 0o600);
    host.end();
}

#[test]
fn killed_at_any_point_the_engine_comes_back_as_if_nothing_had_been() {
    let mut random = Random::new();
    for (number, crashes) in days(points(16), 25) {
        println!("day {number}, {crashes} points");
        killed_for_a_day(&format!("crashes-{number}"), crashes, &mut random);
    }
}

fn killed_for_a_day(name: &str, crashes: u64, random: &mut Random) {
    let folder = folder(name, 100_000);
    let (mut card, mut host) = (folder.card(), folder.host());
    let mut recoveries = 1;
    for crash in 0..crashes {
        let seed = random.next();
        let before = folder.journaled().inputs.len();
        let more = if seed.is_multiple_of(4) { seed as usize >> 8 & 0xf } else { seed as usize >> 8 & 0xfff };
        // Ticks come for ever, so the journal always grows.
        wait_for("the next point", || (folder.journaled().inputs.len() >= before + more % 300).then_some(()));
        std::thread::sleep(Duration::from_micros(more as u64));
        if !(seed >> 32).is_multiple_of(3) {
            host.kill();
            host = folder.host();
            recoveries += 1;
        } else {
            card.kill();
            card = folder.card();
        }
        // Both at once, now and then.
        if crash % 5 == 4 {
            card.kill();
            host.kill();
            (card, host) = (folder.card(), folder.host());
            recoveries += 1;
        }
    }
    let killed = folder.journaled().inputs.len();
    wait_for("a host that stands", || {
        let inputs = folder.journaled().inputs;
        (inputs.len() > killed && inputs.last().is_some_and(|last| last.body == Body::Tick)).then_some(())
    });
    let summary = host.end();
    drop(card);
    folder.journaled().check();
    assert!(is_whole(&folder.0));
    let (digest, compared) = uninterrupted(&folder);
    assert_eq!(Value::from(digest), summary["digest"]);
    assert!(compared as u64 * 4 >= crashes && compared <= recoveries, "{compared} of {recoveries}: a host may die before it journals that it began");
}
