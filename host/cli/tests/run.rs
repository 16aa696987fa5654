//! `riposte run` as its user meets it: a served card, a journal, signals, kills.
//!
//! No test waits for a time to pass: each asks until what it waits for is there; the limit only ends a test that fails.
use riposte_engine::{Body, Change, Input, Record as Decided};
use riposte_journal::{Contents, Entry, Reader};
use riposte_map::reason::Reason;
use riposte_map::shm::{Event, EventKind, Opcode};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const DESK: &str = include_str!("../../../demo/desk.toml");
const HOST: &str = "\n[limits]\nloss = 25000\ndrawdown = 25000\ninstrument_loss = 5000\nexposure = 1000000\nfree_messages = 100000\nmessages_per_trade = 100\n";

/// A folder of its own with a desk and a market; removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, messages: u32) -> Folder {
        let path = std::env::temp_dir().join(format!("riposte-run-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a folder for the test");
        std::fs::write(path.join("desk.toml"), format!("{DESK}{HOST}")).expect("a file in it");
        let folder = Folder(path);
        let made = folder.riposte(&["market", "--seed", "7", "--messages", &messages.to_string(), "--out", "market.pcap"]).status();
        assert!(made.expect("the binary runs").success());
        folder
    }

    fn riposte(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_riposte"));
        command.current_dir(&self.0).args(args).stdout(Stdio::piped()).stderr(Stdio::null());
        command
    }

    fn card(&self) -> Process {
        let args = ["card", "serve", "--port", "pcap:market.pcap", "--link", "./link", "--watchdog-ms", "60000", "--json"];
        Process(Some(self.riposte(&args).spawn().expect("the binary runs")))
    }

    fn host(&self) -> Process {
        let args = ["run", "-c", "desk.toml", "--link", "./link", "--journal", "journal", "--directory", "market.pcap"];
        Process(Some(self.riposte(&[&args[..], &["--rehearse", "--json"]].concat()).spawn().expect("the binary runs")))
    }

    /// Everything that is durable and whole by now.
    fn journaled(&self) -> Journaled {
        let mut found = Journaled::default();
        let Ok(mut reader) = Reader::open(&self.0.join("journal"), Contents::Open(None)) else { return found };
        while let Ok(Some(record)) = reader.next_record() {
            match record.entry() {
                Some(Entry::Input(bytes)) => found.inputs.push(Input::decode(bytes).expect("an input")),
                Some(Entry::Record(bytes)) => found.decided.push(Decided::decode(bytes).expect("a record")),
                _ => {}
            }
        }
        found
    }

    /// Waits until the journal tells of so many orders.
    fn orders(&self, count: usize) -> Journaled {
        wait_for("orders in the journal", || Some(self.journaled()).filter(|found| found.count(EventKind::OrderSent) >= count))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[derive(Default)]
struct Journaled {
    inputs: Vec<Input>,
    decided: Vec<Decided>,
}

impl Journaled {
    fn events(&self) -> impl Iterator<Item = &Event> {
        self.inputs.iter().filter_map(|input| if let Body::Card { event } = &input.body { Some(event) } else { None })
    }

    fn count(&self, kind: EventKind) -> usize {
        self.events().filter(|event| event.kind() == Some(kind)).count()
    }

    /// Carried out by the card, of the host's commands.
    fn done(&self, opcode: Opcode) -> usize {
        let is_it = |event: &&Event| event.kind() == Some(EventKind::Command) && event.detail == opcode as u16;
        self.events().filter(is_it).filter(|event| event.reason == Reason::None as u8 && event.feed_sequence > 0).count()
    }

    /// Each event of each card is there once and in order, and no command reached a card twice or undecided.
    fn check(&self) {
        let (mut next, mut answered) = (1, 0);
        for input in &self.inputs {
            match input.body {
                Body::CardUp { .. } => (next, answered) = (1, 0),
                Body::Card { event } if event.sequence >= next => {
                    assert_eq!(event.sequence, next, "an event is missing");
                    next += 1;
                    if event.kind() == Some(EventKind::Command) && event.feed_sequence > 0 {
                        assert!(event.feed_sequence > answered, "command {} twice", event.feed_sequence);
                        answered = event.feed_sequence;
                    }
                }
                _ => {}
            }
        }
        for (opcode, change) in [(Opcode::Arm, Change::Arm), (Opcode::ClearKill, Change::ClearKill)] {
            let decided = self.decided.iter().filter(|one| matches!(one, Decided::Done { change: done, .. } if *done == change));
            assert!(self.done(opcode) <= decided.count(), "{opcode:?} without its decision");
        }
    }
}

/// A process; killed at the end if it still runs.
struct Process(Option<Child>);

impl Process {
    fn kill(mut self) {
        let mut child = self.0.take().expect("it runs");
        child.kill().expect("it is killed");
        child.wait().expect("it has ended");
    }

    /// Ends it in order; gives what it says of itself.
    fn end(mut self) -> Value {
        let child = self.0.take().expect("it runs");
        assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill runs").success());
        let output = child.wait_with_output().expect("its output");
        assert!(output.status.success(), "{:?}", output.status);
        serde_json::from_slice(&output.stdout).expect("JSON")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Asks until there is something; 120 seconds at most.
fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(start.elapsed() < Duration::from_secs(120), "{what} does not come");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn is_whole(folder: &Path) -> bool {
    riposte_journal::prove(&folder.join("journal"), None, |_| {}).is_ok_and(|found| found.torn.is_none())
}

#[test]
fn a_rehearsal_trades_and_everything_is_journaled() {
    let folder = Folder::new("rehearsal", 20_000);
    let card = folder.card();
    let host = folder.host();
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
    let folder = Folder::new("restart", 400_000);
    let card = folder.card();
    let host = folder.host();
    let before = folder.orders(3).count(EventKind::OrderSent);
    host.kill();
    let host = folder.host();
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
