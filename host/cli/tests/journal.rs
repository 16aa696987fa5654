//! The journal of a replay, from outside: complete, repeatable, proven, exported, killed.
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const DESK: &str = include_str!("../../../demo/desk.toml");
const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// A folder of its own with a desk and a market, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("riposte-journal-cli-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a folder for the test");
        std::fs::write(path.join("desk.toml"), DESK).expect("a file in it");
        let folder = Folder(path);
        folder.done(&["market", "--seed", "7", "--messages", "20000", "--out", "market.pcap"]);
        folder
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_riposte"));
        command.current_dir(&self.0).args(args).env("JOURNAL_KEY", KEY).env("OTHER_KEY", KEY.replace('0', "1"));
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the binary runs")
    }

    /// Runs what must succeed, and gives what it printed.
    fn done(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.done(args)).expect("JSON")
    }

    /// What a run that must end with `code` says on standard error.
    fn fails(&self, code: i32, args: &[&str]) -> String {
        let output = self.run(args);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {text}");
        text
    }

    fn replay(&self, journal: &str, more: &[&str]) -> Value {
        let args = [&["replay", "market.pcap", "--config", "desk.toml", "--json", "--journal", journal], more].concat();
        self.json(&args)
    }

    fn last_segment(&self, journal: &str) -> PathBuf {
        let entries = std::fs::read_dir(self.0.join(journal)).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "rj")).max().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn cut(path: &Path, bytes: u64) {
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_len(file.metadata().unwrap().len() - bytes).unwrap();
}

#[test]
fn every_command_event_and_frame_of_a_replay_is_journaled() {
    let folder = Folder::new("complete");
    let args = ["--events", "events.jsonl", "--orders", "orders.pcap"];
    let summary = folder.replay("journal", &args);
    let proof = folder.json(&["journal", "verify", "journal", "--json"]);
    assert_eq!((&proof["whole"], &proof["head"]), (&Value::Bool(true), &summary["journal"]["head"]));
    let sent = summary["orders_sent"].as_u64().unwrap();
    assert!(sent > 0);
    assert_eq!(proof["records"]["event"], summary["events"]);
    assert_eq!(proof["records"]["transmitted"], sent);
    assert_eq!((&proof["records"]["note"], &proof["records"]["closed"]), (&2.into(), &1.into()));
    let shown = folder.json(&["journal", "show", "journal", "--json"]);
    let shown = shown.as_array().unwrap();
    let of = |kind: &str| shown.iter().filter(|record| record["kind"] == kind).cloned().collect::<Vec<_>>();
    let events = std::fs::read_to_string(folder.0.join("events.jsonl")).unwrap();
    for (line, record) in events.lines().zip(of("event")) {
        let line: Value = serde_json::from_str(line).unwrap();
        for name in ["sequence", "generation", "price_e4", "quantity", "user_ref", "cycles", "detail", "feed_sequence"] {
            assert_eq!(line[name], record[name], "{name}");
        }
    }
    assert_eq!(of("command").last().unwrap()["opcode"], "Arm");
    let orders: String = std::fs::read(folder.0.join("orders.pcap")).unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(of("transmitted").iter().all(|frame| orders.contains(frame["bytes"].as_str().unwrap())));
    let kinds: Vec<_> = shown.iter().map(|record| record["kind"].as_str().unwrap()).collect();
    for (at, record) in shown.iter().enumerate().filter(|(_, record)| record["event"] == "OrderSent") {
        assert_eq!(kinds[at + 1], "transmitted", "a frame stands behind its event: {record}");
    }
    assert!(of("note")[1]["why"].as_str().unwrap().contains(summary["digest"].as_str().unwrap()));
}

#[test]
fn the_same_run_has_the_same_head_on_every_card() {
    let folder = Folder::new("head");
    let head = |journal: &str, more: &[&str]| folder.replay(journal, more)["journal"]["head"].clone();
    let first = head("one", &[]);
    assert_eq!(head("two", &[]), first);
    assert_eq!(head("three", &["--card", "lockstep"]), first);
    assert_eq!(head("four", &["--card", "verilated"]), first);
    assert_ne!(head("five", &["--seed", "3"]), first);
    assert!(folder.fails(1, &["replay", "market.pcap", "--config", "desk.toml", "--journal", "one"]).contains("holds a journal already"));
    folder.done(&["journal", "verify", "one", "--expect", first.as_str().unwrap()]);
    assert!(folder.fails(3, &["journal", "verify", "five", "--expect", first.as_str().unwrap()]).contains("another journal"));
}

#[test]
fn show_selects_and_export_writes_all() {
    let folder = Folder::new("show");
    let records = folder.replay("journal", &[])["journal"]["records"].as_u64().unwrap();
    let text = folder.done(&["journal", "show", "journal", "--kind", "note", "--limit", "1"]);
    assert!(text.contains(" note ") && text.contains("act=begin") && text.lines().count() == 1, "{text}");
    let shown = folder.json(&["journal", "show", "journal", "--from", "500", "--limit", "3", "--json"]);
    let positions: Vec<_> = shown.as_array().unwrap().iter().map(|record| record["position"].as_u64().unwrap()).collect();
    assert_eq!(positions, [500, 501, 502]);
    assert_eq!(folder.json(&["journal", "show", "journal", "--from", "999999", "--json"]), serde_json::json!([]));
    folder.fails(2, &["journal", "show", "journal", "--kind", "nonsense"]);
    for (format, file) in [("jsonl", "out.jsonl"), ("parquet", "out.parquet")] {
        let text = folder.done(&["journal", "export", "journal", "--format", format, "--out", file]);
        assert_eq!(text, format!("{records} records in {file}\n"));
    }
    let lines = std::fs::read_to_string(folder.0.join("out.jsonl")).unwrap();
    assert_eq!(lines.lines().count() as u64, records);
    assert_eq!(std::fs::read(folder.0.join("out.parquet")).unwrap()[..4], *b"PAR1");
    for verb in ["verify", "show", "export", "prune"] {
        let help = folder.done(&["journal", verb, "--help"]);
        assert!(help.contains("Examples:"), "{help}");
    }
}

/// Parquet as another implementation reads it.
#[test]
fn pyarrow_reads_the_export() {
    const SCRIPT: &str = "
import json, pyarrow.parquet as pq
rows = pq.read_table('out.parquet').to_pylist()
for row, line in zip(rows, open('out.jsonl'), strict=True):
    row = {k: v.hex() if isinstance(v, bytes) else v for k, v in row.items() if v is not None}
    assert row == json.loads(line), (row, line)
print(len(rows))";
    let has = Command::new("python3").args(["-c", "import pyarrow.parquet"]).output();
    if !has.is_ok_and(|output| output.status.success()) {
        println!("skipped: pyarrow_reads_the_export: python3 with pyarrow is not installed");
        return;
    }
    let folder = Folder::new("pyarrow");
    let records = folder.replay("journal", &[])["journal"]["records"].clone();
    for (format, file) in [("jsonl", "out.jsonl"), ("parquet", "out.parquet")] {
        folder.done(&["journal", "export", "journal", "--format", format, "--out", file]);
    }
    let output = Command::new("python3").args(["-c", SCRIPT]).current_dir(&folder.0).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), records.to_string());
}

#[test]
fn damage_and_torn_tails_are_told_apart() {
    let folder = Folder::new("damage");
    folder.replay("journal", &[]);
    let segment = folder.last_segment("journal");
    let whole = std::fs::read(&segment).unwrap();
    cut(&segment, 10);
    let text = folder.fails(3, &["journal", "verify", "journal"]);
    assert!(text.contains("54 bytes are no durable record") && text.contains("cut off when the journal is next written"), "{text}");
    folder.done(&["journal", "show", "journal", "--limit", "1"]);
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 4;
    std::fs::write(&segment, &damaged).unwrap();
    let text = folder.fails(3, &["journal", "verify", "journal"]);
    assert!(text.contains("is broken") && text.contains("no torn tail") && text.contains("put it back from a copy"), "{text}");
    let output = folder.run(&["journal", "verify", "journal", "--json"]);
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap()["whole"], false);
    let text = folder.fails(1, &["journal", "export", "journal", "--format", "jsonl", "--out", "out.jsonl"]);
    assert!(text.contains("is broken"), "{text}");
    assert!(!folder.0.join("out.jsonl").exists());
    assert!(folder.fails(1, &["journal", "verify", "absent"]).contains("absent"));
    assert!(folder.fails(1, &["journal", "verify", "."]).contains("no journal is here"));
    assert!(folder.fails(1, &["journal", "prune", "absent", "--keep-days", "1"]).contains("no journal is here"));
    assert!(!folder.0.join("absent").exists());
}

#[test]
fn an_encrypted_journal_needs_its_key() {
    let folder = Folder::new("key");
    let head = folder.replay("journal", &["--key-env", "JOURNAL_KEY"])["journal"]["head"].clone();
    let sealed = folder.json(&["journal", "verify", "journal", "--json"]);
    assert_eq!((&sealed["sealed"], &sealed["head"], &sealed["encrypted"]), (&true.into(), &head, &true.into()));
    let opened = folder.json(&["journal", "verify", "journal", "--json", "--key-env", "JOURNAL_KEY"]);
    assert_eq!((&opened["sealed"], &opened["head"]), (&false.into(), &head));
    assert!(folder.fails(1, &["journal", "show", "journal"]).contains("is encrypted; give its key"));
    assert!(folder.fails(1, &["journal", "verify", "journal", "--key-env", "OTHER_KEY"]).contains("the key is not the one"));
    assert!(folder.fails(1, &["journal", "show", "journal", "--key-env", "NO_SUCH_KEY"]).contains("NO_SUCH_KEY"));
    std::fs::write(folder.0.join("key"), KEY).unwrap();
    let rights = |mode| std::fs::set_permissions(folder.0.join("key"), std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    rights(0o644);
    assert!(folder.fails(1, &["journal", "show", "journal", "--key-file", "key"]).contains("chmod 600"));
    rights(0o600);
    folder.done(&["journal", "show", "journal", "--key-file", "key", "--limit", "1"]);
}

#[test]
fn a_replay_killed_at_any_time_leaves_a_prefix_of_the_whole_run() {
    let folder = Folder::new("kill");
    folder.replay("whole", &[]);
    let show = |journal: &str| folder.json(&["journal", "show", journal, "--json"]);
    let whole = show("whole");
    let (mut shortened, mut seed) = (0, 41_u64);
    for round in 0..20 {
        let journal = format!("killed-{round}");
        let args = ["replay", "market.pcap", "--config", "desk.toml", "--journal", &journal];
        let mut child = folder.command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let segment = folder.0.join(&journal).join("segment-0000000001.rj");
        while std::fs::metadata(&segment).map_or(0, |metadata| metadata.len()) == 0 && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(std::time::Duration::from_micros((seed >> 40) % 60_000));
        let _ = child.kill();
        child.wait().unwrap();
        let verified = folder.run(&["journal", "verify", &journal, "--json"]);
        let proof: Value = serde_json::from_slice(&verified.stdout).unwrap();
        assert!(verified.status.success() || !proof["torn"].is_null(), "{proof}");
        let part = show(&journal);
        let part = part.as_array().unwrap();
        assert_eq!(part[..], whole.as_array().unwrap()[..part.len()], "round {round}");
        shortened += u32::from(part.len() < whole.as_array().unwrap().len());
    }
    assert!(shortened > 0, "no run was killed before its end");
}

#[test]
fn nothing_is_pruned_without_a_snapshot() {
    let folder = Folder::new("prune");
    folder.replay("journal", &[]);
    let before = folder.json(&["journal", "verify", "journal", "--json"]);
    for more in [&["--dry-run"][..], &[]] {
        let args = [&["journal", "prune", "journal", "--keep-days", "0"], more].concat();
        assert!(folder.done(&args).contains("no snapshot to stand for them"));
    }
    assert_eq!(folder.json(&["journal", "verify", "journal", "--json"]), before);
}
