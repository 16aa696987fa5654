//! `riposte run` on disks that fill, stay full and cannot be written.
//!
//! The disk is full for one process by `RLIMIT_FSIZE`: its next block is refused as on a full file system. A disk that does not
//! answer is in `src/run/tests.rs`, since no process can be given one.
mod support;

use serde_json::Value;
use std::fs::File;
use std::process::{Command, Stdio};
use support::desk::{Desk, PATIENT};
use support::{Folder, Process, riposte, wait_for};

const RUN: [&str; 11] =
    ["run", "-c", "desk.toml", "--link", "./link", "--journal", "journal", "--directory", "market.pcap", "--rehearse", "--json"];

/// A desk that trades, people who may look; what card and host say is in `card.err` and `host.err`.
fn folder(name: &str) -> Folder {
    let folder = Folder::new(name);
    folder.market(7, 400_000);
    let rules = [("take", "ask <= 200.00", ("buy", 1, "200.00", "IOC"))];
    let desk = Desk { collar: ["100.00", "300.00"], quantity_max: 500, rules: &rules, ..Desk::EMPTY }.text();
    let uid = folder.uid();
    folder.write("desk.toml", format!(
        "{desk}{PATIENT}control = \"control.sock\"\nsnapshot_inputs = 50\n[[person]]\nname = \"me\"\nuid = {uid}\nrole = \"risk\"\n"
    ));
    folder
}

fn card(folder: &Folder) -> Process {
    let args = ["card", "serve", "--port", "pcap:market.pcap", "--link", "./link", "--watchdog-ms", "1000", "--json"];
    let mut command = riposte(&folder.0, &args);
    command.stderr(File::create(folder.path("card.err")).expect("a file"));
    Process::start(command)
}

/// A host for which a write beyond its limit is an error, as on a full disk, and not its end.
fn host(folder: &Folder) -> Process {
    let plain = riposte(&folder.0, &RUN);
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(plain.get_program()).args(plain.get_args());
    command.current_dir(&folder.0).stdout(Stdio::piped()).stderr(File::create(folder.path("host.err")).expect("a file"));
    Process::start(command)
}

/// Lets no file of the process grow beyond so many bytes, until it is told otherwise.
fn limit(process: &Process, bytes: &str) -> bool {
    let done = Command::new("prlimit").args(["--pid", &process.id().to_string(), &format!("--fsize={bytes}:")]).status();
    done.is_ok_and(|status| status.success())
}

fn said(folder: &Folder) -> String {
    ["card.err", "host.err"].map(|name| std::fs::read_to_string(folder.path(name)).expect("what it says")).concat()
}

fn wait_for_words(folder: &Folder, words: &str) {
    wait_for(words, || said(folder).contains(words).then_some(()));
}

fn status(folder: &Folder) -> Value {
    wait_for("a status", || folder.asked(&["status"]))
}

/// A host that has traded, whose journal then finds its disk full.
fn full(folder: &Folder) -> Option<(Process, Process)> {
    let (card, host) = (card(folder), host(folder));
    wait_for("inputs", || (folder.journaled().inputs.len() > 500).then_some(()));
    let segments = std::fs::read_dir(folder.path("journal")).expect("a journal").map(|entry| entry.expect("an entry"));
    let most = segments.filter_map(|entry| entry.metadata().ok()).map(|one| one.len()).max().expect("a file");
    if !limit(&host, &(most + 4096).to_string()) {
        return None;
    }
    wait_for_words(folder, "alarm: the journal has halted (File too large");
    // No host's heart beats any more.
    wait_for_words(folder, "the card is killed");
    Some((card, host))
}

#[test]
fn a_full_disk_silences_the_card_is_told_loses_nothing_and_with_room_it_goes_on() {
    let folder = folder("full");
    let Some((_card, mut host)) = full(&folder) else {
        return println!("skipped: a_full_disk_...: no prlimit");
    };
    let status = status(&folder);
    assert!(status["journal"].as_str().is_some_and(|text| text.starts_with("has halted (File too large")), "{status}");
    let before = folder.journaled();
    before.check();
    // What waits in memory for room is neither lost nor done.
    assert!(limit(&host, "unlimited"));
    wait_for_words(&folder, "the journal goes on");
    wait_for("a card that its watchdog has silenced", || said(&folder).contains("alarm: CardSilenced").then_some(()));
    wait_for("inputs", || (folder.journaled().inputs.len() > before.inputs.len() + 100).then_some(()));
    assert_eq!(self::status(&folder)["journal"], "running");
    let summary = host.end();
    assert_eq!(summary["digest"], summary["mirror_digest"]);
    let after = folder.journaled();
    after.check();
    assert_eq!(after.inputs[..before.inputs.len()], before.inputs);
    assert!(riposte_journal::prove(&folder.path("journal"), None, |_| {}).is_ok_and(|found| found.torn.is_none()));
}

#[test]
fn a_disk_that_stays_full_lets_the_host_end_with_an_error_and_the_next_one_goes_on() {
    let folder = folder("stays-full");
    let Some((card, mut host)) = full(&folder) else {
        return println!("skipped: a_disk_that_stays_full_...: no prlimit");
    };
    host.signal("TERM");
    let ended = host.ended();
    assert_eq!(ended.status.code(), Some(1), "{}", said(&folder));
    let told = said(&folder);
    assert!(told.contains("not durable"), "{told}");
    let before = folder.journaled();
    before.check();
    drop(card);
    let (_card, mut host) = (self::card(&folder), self::host(&folder));
    wait_for("inputs", || (folder.journaled().inputs.len() > before.inputs.len() + 100).then_some(()));
    let summary = host.end();
    assert_eq!(summary["digest"], summary["mirror_digest"]);
    folder.journaled().check();
}

#[test]
fn a_disk_that_cannot_be_written_is_an_error_that_names_it() {
    let folder = folder("read-only");
    std::fs::create_dir_all(folder.path("journal")).expect("a folder");
    let script = "mount -t tmpfs -o ro none journal || exit 77; exec \"$0\" \"$@\"";
    let plain = riposte(&folder.0, &RUN);
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]).arg(plain.get_program()).args(plain.get_args());
    let Ok(output) = command.current_dir(&folder.0).output() else {
        return println!("skipped: a_disk_that_cannot_be_written_...: no unshare");
    };
    if output.status.code() == Some(77) || String::from_utf8_lossy(&output.stderr).contains("unshare") {
        return println!("skipped: a_disk_that_cannot_be_written_...: no name space of its own");
    }
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("journal/lock") && told.contains("Read-only file system"), "{told}");
}
