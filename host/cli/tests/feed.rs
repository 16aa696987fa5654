//! The binary on market data: `decode`, `book` and `market`, their output and exit codes.
#![forbid(unsafe_code)]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

fn riposte(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_riposte")).args(args).output().unwrap()
}

/// Standard output of a run that must succeed.
fn good(args: &[&str]) -> String {
    let output = riposte(args);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Exit code, and standard error.
fn bad(args: &[&str]) -> (i32, String) {
    let output = riposte(args);
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

fn json(args: &[&str]) -> Value {
    serde_json::from_str(&good(args)).unwrap()
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A file of the real data beside the project; says so aloud and gives `None` where it is absent.
fn data(name: &str) -> Option<PathBuf> {
    let root = env::var_os("RIPOSTE_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = root.join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is absent (set RIPOSTE_DATA)", path.display());
    None
}

fn market(name: &str, format: &str, messages: &str) -> PathBuf {
    let out = path(name);
    let args = ["--seed", "9", "--instruments", "4", "--format", format, "--messages", messages];
    good(&[&["market", "--out", text(&out)], &args[..]].concat());
    out
}

#[test]
fn decode_counts_real_itch_by_type() {
    let Some(file) = data("itch/nasdaq_20200130_AAPL_first10k.itch") else { return };
    let value = json(&["decode", "--json", text(&file)]);
    assert_eq!(value["messages"], 10_000);
    let types = &value["messages_by_type"];
    let published = [("A", 4758), ("D", 4083), ("E", 849), ("P", 240), ("L", 52), ("U", 7)];
    for (code, count) in published.into_iter().chain([("X", 6), ("F", 2), ("R", 1), ("H", 1)]) {
        assert_eq!(types[code], count, "{code}");
    }
    assert_eq!(types.as_object().unwrap().len(), 11);
}

#[test]
fn decode_counts_real_mold_frames_by_channel() {
    let Some(file) = data("moldudp64/Multiple.Packets.pcap") else { return };
    let value = json(&["decode", text(&file), "--json"]);
    assert_eq!((&value["frames"], &value["vlan_frames"]), (&2.into(), &2.into()));
    assert_eq!((&value["packets"], &value["messages"]), (&2.into(), &39.into()));
    let channel = &value["channels"][0];
    assert_eq!(channel["session"], "000010059B");
    assert_eq!((&channel["group"], &channel["port"]), (&"233.54.12.111".into(), &26477.into()));
    // Two packets of a day far apart: one gap.
    assert_eq!((&channel["gaps"], &channel["first_sequence"]), (&1.into(), &14_764_496.into()));
}

#[test]
fn decode_of_another_feed_says_what_it_is_not() {
    let Some(file) = data("cme_mdp3/Cme.Mdp3.Sbe.v8.1.Example.pcap") else { return };
    let value = json(&["decode", text(&file), "--json"]);
    assert_eq!((&value["frames"], &value["packets"]), (&10_000.into(), &0.into()));
    assert_eq!(value["malformed"]["session is not printable ASCII: not MoldUDP64"], 10_000);
}

/// A pcap of the frames of `whole` with these numbers, in this order.
fn shuffled(name: &str, whole: &[u8], order: &[usize]) -> PathBuf {
    let (mut frames, mut at) = (Vec::new(), 24);
    while at < whole.len() {
        let length = u32::from_le_bytes(whole[at + 8..at + 12].try_into().unwrap()) as usize;
        frames.push(&whole[at..at + 16 + length]);
        at += 16 + length;
    }
    let mut bytes = whole[..24].to_vec();
    order.iter().for_each(|&number| bytes.extend_from_slice(frames[number]));
    let out = path(name);
    fs::write(&out, bytes).unwrap();
    out
}

#[test]
fn decode_finds_gaps_duplicates_and_reorder() {
    let whole = fs::read(market("whole.pcap", "pcap", "2000")).unwrap();
    let channel = |order: &[usize]| {
        let file = shuffled("shuffled.pcap", &whole, order);
        json(&["decode", text(&file), "--json"])["channels"][0].clone()
    };
    let clean = channel(&[0, 1, 2, 3, 4]);
    assert_eq!((&clean["gaps"], &clean["duplicate_packets"]), (&0.into(), &0.into()));
    let gap = channel(&[0, 1, 3, 4]);
    assert_eq!((&gap["gaps"], &gap["duplicate_packets"]), (&1.into(), &0.into()));
    let missing = gap["missing_messages"].as_u64().unwrap();
    assert_eq!(gap["messages"].as_u64().unwrap() + missing, clean["messages"].as_u64().unwrap());
    let twice = channel(&[0, 0, 1, 1, 2, 3, 4]);
    assert_eq!((&twice["gaps"], &twice["duplicate_packets"]), (&0.into(), &2.into()));
    assert_eq!(twice["messages"], clean["messages"]);
    let reordered = channel(&[0, 2, 1, 3]);
    assert_eq!((&reordered["gaps"], &reordered["duplicate_packets"]), (&1.into(), &1.into()));
}

#[test]
fn decode_keeps_single_frames_of_sequence_zero_outside_the_sequence() {
    let mut whole = fs::read(market("zero.pcap", "pcap", "2000")).unwrap();
    // MoldUDP64 sequence number of the first frame: file and record header, UDP payload, session.
    let at = 24 + 16 + 42 + 10;
    assert_eq!(whole[at..at + 8], 1u64.to_be_bytes());
    whole[at..at + 8].fill(0);
    let file = shuffled("zero-sequence.pcap", &whole, &[0, 0, 5, 6]);
    let channel = &json(&["decode", text(&file), "--json"])["channels"][0];
    assert_eq!((&channel["gaps"], &channel["unsequenced_packets"]), (&0.into(), &2.into()));
}

#[test]
fn market_is_the_same_as_capture_and_as_raw_itch() {
    let pcap = json(&["decode", "--json", text(&market("same.pcap", "pcap", "20000"))]);
    let itch = json(&["decode", "--json", text(&market("same.itch", "itch", "20000"))]);
    assert_eq!(pcap["messages"], 20_000);
    assert_eq!(pcap["messages_by_type"], itch["messages_by_type"]);
    assert_eq!(pcap["channels"][0]["last_sequence"], 20_000);
    assert_eq!(pcap["channels"][0]["ends_of_session"], 1);
    let again = fs::read(market("again.pcap", "pcap", "20000")).unwrap();
    assert_eq!(again, fs::read(path("same.pcap")).unwrap());
}

#[test]
fn market_reports_what_it_wrote() {
    let out = path("report.itch");
    let args = ["--format", "itch", "--messages", "500", "--instruments", "2", "--seed", "3"];
    let value = json(&[&["market", "--json", "--out", text(&out)], &args[..]].concat());
    assert_eq!((&value["messages"], &value["seed"]), (&500.into(), &3.into()));
    assert_eq!(value["instruments"], serde_json::json!(["AAPL", "AMD"]));
}

#[test]
fn book_of_the_real_morning_ends_as_published() {
    let Some(file) = data("itch/nasdaq_20200130_AAPL_first10k.itch") else { return };
    let top = path("aapl.csv");
    let shown = good(&["book", text(&file), "--instrument", "aapl", "--top", text(&top)]);
    assert!(shown.contains("320.1400 | 320.3000"), "{shown}");
    let figure = |name: &str| {
        let line = shown.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().last().unwrap().to_owned()
    };
    assert_eq!(figure("live orders  "), "215");
    assert_eq!((figure("crossed"), figure("missing references")), ("0".into(), "0".into()));
    let lines = fs::read_to_string(top).unwrap();
    assert_eq!(lines.lines().count(), 10_001);
    let last = lines.lines().last().unwrap();
    assert!(last.starts_with("10000,") && last.ends_with("320.1400,25,320.3000,100"), "{last}");
    // By locate the same, in JSON: a line a message and the summary.
    let shown = good(&["book", text(&file), "--instrument", "13", "--json"]);
    let summary: Value = serde_json::from_str(shown.lines().last().unwrap()).unwrap();
    assert_eq!(shown.lines().count(), 10_001);
    assert_eq!(summary["statistics"]["live_orders"], 215);
    assert_eq!(summary["bids"][0]["price"], "320.1400");
    assert_eq!(summary["bids"].as_array().unwrap().len(), 8);
}

#[test]
fn book_is_the_same_from_capture_and_raw_itch() {
    let csv = |file: &Path| good(&["book", text(file), "-i", "AMZN", "--csv"]);
    let pcap = market("book.pcap", "pcap", "20000");
    let lines = csv(&pcap);
    assert_eq!(lines, csv(&market("book.itch", "itch", "20000")));
    assert!(lines.lines().count() > 1000);
    let header = "sequence,time_ns,type,bid_price,bid_size,ask_price,ask_size";
    assert_eq!(lines.lines().next(), Some(header));
    // The second line of the feed repeats the first: it changes nothing.
    let whole = fs::read(&pcap).unwrap();
    let order: Vec<usize> = (0..200).flat_map(|number| [number, number]).collect();
    let twice = csv(&shuffled("twice.pcap", &whole, &order));
    assert!(twice.lines().count() > 20 && lines.starts_with(&twice));
}

#[test]
fn closed_pipe_is_no_error() {
    let file = market("pipe.itch", "itch", "60000");
    let exe = env!("CARGO_BIN_EXE_riposte");
    let line = format!("set -o pipefail; '{exe}' book '{}' -i AAPL --csv | head -1", text(&file));
    let output = Command::new("bash").args(["-c", &line]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn bad_inputs_exit_with_1_and_say_what_to_do() {
    let write = |name: &str, bytes: &[u8]| {
        let out = path(name);
        fs::write(&out, bytes).unwrap();
        out
    };
    let whole = fs::read(market("good.pcap", "pcap", "2000")).unwrap();
    let mut linked = whole.clone();
    linked[20] = 113;
    let cases = [
        (write("empty", &[]), "the file is empty"),
        (write("magic", b"not market data"), "neither pcap, pcapng nor length-prefixed ITCH"),
        (write("link", &linked), "link type 113 (Linux cooked capture)"),
        (write("cut", &whole[..whole.len() - 9]), "cut in the middle"),
        (path("absent"), "cannot be read"),
    ];
    for command in ["decode", "book"] {
        for (file, reason) in &cases {
            let more: &[&str] = if command == "book" { &["-i", "AAPL"] } else { &[] };
            let (code, errors) = bad(&[&[command, text(file)], more].concat());
            assert_eq!(code, 1, "{command} {reason}");
            assert!(errors.contains(reason) && errors.contains(text(file)), "{errors}");
            assert!(!errors.contains("panicked"), "{errors}");
        }
    }
    // What was whole before the cut is counted all the same.
    let output = riposte(&["decode", "--json", text(&cases[3].0)]);
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(value["messages"].as_u64().unwrap() > 1_900);
    assert!(value["error"].as_str().unwrap().contains("cut in the middle"));
}

#[test]
fn unknown_instrument_exits_with_1() {
    let file = market("unknown.itch", "itch", "2000");
    let (code, errors) = bad(&["book", text(&file), "--instrument", "ZZZZ"]);
    assert_eq!(code, 1);
    assert!(errors.contains("no message of instrument ZZZZ"), "{errors}");
}

#[test]
fn impossible_markets_exit_with_1() {
    let out = path("never.pcap");
    let _ = fs::remove_file(&out);
    let (code, errors) = bad(&["market", "--out", text(&out), "--instruments", "0"]);
    assert_eq!((code, errors.contains("0 instruments where 1 to 32")), (1, true), "{errors}");
    let (code, errors) = bad(&["market", "--out", text(&out), "--messages", "5"]);
    assert_eq!((code, errors.contains("5 messages where")), (1, true), "{errors}");
    assert!(!out.exists());
    let (code, errors) = bad(&["market", "--out", "/nowhere/market.pcap"]);
    assert_eq!((code, errors.contains("/nowhere/market.pcap: cannot be written")), (1, true));
}

#[test]
fn usage_errors_exit_with_2() {
    for args in [&["decode"][..], &["book", "x"], &["market"], &["no-such-verb"], &[]] {
        assert_eq!(bad(args).0, 2, "{args:?}");
    }
}

#[test]
fn every_help_has_examples_and_exit_codes() {
    assert!(good(&["--help"]).contains("Exit codes:"));
    for command in ["decode", "book", "market"] {
        let help = good(&[command, "--help"]);
        assert!(help.contains("Examples:") && help.contains("Exit codes:"), "{command}");
    }
}
