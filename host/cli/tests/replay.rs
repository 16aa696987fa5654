//! The binary from outside: configurations checked, captures replayed, orders that other tools accept.
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const RULES: &str = r#"
[feed]
group = "233.54.12.111"
port = 26477
[session]
source_mac = "02:00:00:00:00:01"
destination_mac = "02:00:00:00:00:02"
source = "10.0.0.1:40000"
destination = "10.0.0.2:8003"
firm = "LIME"
[[instrument]]
symbol = "AAPL"
max_quantity = 200
collar = { low = "300.00", high = "340.00" }
enabled = true
[[rule]]
name = "lift the offer"
instrument = "AAPL"
when = "ask <= 320.50"
order = { side = "buy", quantity = 100, price = "320.50", time_in_force = "IOC", capacity = "P" }
[[rule]]
name = "too much"
instrument = "AAPL"
when = "spread <= 0.01"
order = { side = "sell", quantity = 300, price = "321.50", time_in_force = "IOC", capacity = "P" }
"#;

fn riposte(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_riposte")).current_dir(folder).args(args).output().expect("the binary runs")
}

fn json(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}{}", String::from_utf8_lossy(&output.stderr)))
}

/// A folder of its own with `desk.toml`, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("riposte-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder for the test");
        std::fs::write(path.join("desk.toml"), RULES).expect("a file in it");
        Folder(path)
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).expect("the folder");
        let mut names: Vec<_> = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Real day part: all messages of AAPL, 10,000 of them.
fn aapl(test: &str) -> Option<String> {
    let root = std::env::var_os("RIPOSTE_DATA").map(PathBuf::from);
    let root = root.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"));
    let path = root.join("itch/nasdaq_20200130_AAPL_first10k.itch").canonicalize();
    if path.is_err() {
        println!("skipped: {test}: no data in {}", root.display());
    }
    path.ok()?.to_str().map(str::to_owned)
}

/// A small generated market, so that nothing but the clone is needed.
fn market(folder: &Folder, name: &str) {
    let made = riposte(&folder.0, &["market", "--seed", "3", "--messages", "5000", "--out", name]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

#[test]
fn real_messages_are_counted_and_the_book_is_right() {
    let Some(file) = aapl("real_messages_are_counted_and_the_book_is_right") else { return };
    let folder = Folder::new("counts");
    let summary = json(&riposte(&folder.0, &["replay", &file, "--config", "desk.toml", "--json"]));
    for (name, count) in [("A", 4758), ("D", 4083), ("E", 849), ("P", 240), ("U", 7), ("X", 6), ("F", 2), ("H", 1)] {
        assert_eq!(summary["messages"][format!("messages_{name}")], count, "{name}");
    }
    assert_eq!(summary["messages"]["other_types"], 52 + 1 + 1, "L, R, Y");
    let book = &summary["instruments"][0];
    assert_eq!((book["symbol"].as_str(), book["book"].as_str()), (Some("AAPL"), Some("valid")));
    assert_eq!(book["bid"], serde_json::json!({ "price_e4": 3_201_400, "quantity": 25 }));
    assert_eq!(book["ask"], serde_json::json!({ "price_e4": 3_203_000, "quantity": 100 }));
    assert!(summary["orders_sent"].as_u64() > Some(0) && summary["orders_refused"].as_u64() > Some(0));
}

#[test]
fn a_replay_twice_gives_the_same_digest() {
    let folder = Folder::new("digest");
    market(&folder, "market.pcap");
    let run = |config: &str, more: &[&str]| {
        let args = [&["replay", "market.pcap", "--config", config, "--json"], more].concat();
        json(&riposte(&folder.0, &args))["digest"].clone()
    };
    std::fs::write(folder.0.join("other.toml"), RULES.replace("320.50", "320.40").replace("AAPL", "SPY")).unwrap();
    let digest = run("desk.toml", &[]);
    assert_eq!(digest.as_str().map(str::len), Some(64));
    assert_eq!(digest, run("desk.toml", &[]));
    assert_eq!(run("desk.toml", &["--seed", "5"]), run("desk.toml", &["--seed", "5"]));
    assert_ne!(digest, run("desk.toml", &["--seed", "5"]));
    assert_ne!(digest, run("other.toml", &[]));
}

#[test]
fn model_and_gateware_agree_on_a_market() {
    let folder = Folder::new("lockstep");
    market(&folder, "market.pcap");
    std::fs::write(folder.0.join("spy.toml"), RULES.replace("AAPL", "SPY").replace("320.50", "442.70").replace("300.00", "400.00").replace("340.00", "500.00")).unwrap();
    for more in [&[][..], &["--seed", "11", "--gap", "2"], &["--gap", "0"]] {
        let digest = |card: &str| {
            let args = [&["replay", "market.pcap", "--config", "spy.toml", "--json", "--card", card], more].concat();
            let output = riposte(&folder.0, &args);
            assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
            let summary = json(&output);
            assert!(summary["orders_refused"].as_u64() > Some(0), "there is something to compare");
            [summary["digest"].clone(), summary["cycles"].clone()]
        };
        let both = digest("lockstep");
        assert_eq!(both, digest("model"));
        assert_eq!(both, digest("verilated"));
    }
}

#[test]
fn model_and_gateware_agree_on_real_messages() {
    let Some(file) = aapl("model_and_gateware_agree_on_real_messages") else { return };
    let folder = Folder::new("lockstep-real");
    let output = riposte(&folder.0, &["replay", &file, "--config", "desk.toml", "--json", "--card", "lockstep"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(json(&output)["orders_sent"].as_u64() > Some(0));
}

#[test]
fn the_card_is_emitted_as_verilog() {
    let folder = Folder::new("emit");
    let output = riposte(&folder.0, &["card", "emit", "--out", "hdl"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(folder.0.join("hdl/riposte_card.v")).expect("the file it names");
    assert!(text.contains("module riposte_card(") && text.contains("endmodule"));
}

#[test]
fn tshark_accepts_every_transmitted_order() {
    let Some(file) = aapl("tshark_accepts_every_transmitted_order") else { return };
    if Command::new("tshark").arg("--version").output().is_err() {
        println!("skipped: tshark_accepts_every_transmitted_order: tshark is not installed");
        return;
    }
    let folder = Folder::new("tshark");
    let args = ["replay", &file, "--config", "desk.toml", "--orders", "orders.pcap", "--json"];
    let sent = json(&riposte(&folder.0, &args))["orders_sent"].as_u64().expect("a number");
    let fields = ["ip.checksum.status", "tcp.checksum.status", "soupbintcp.packet_type", "tcp.analysis.flags"];
    let mut tshark = Command::new("tshark");
    tshark.args(["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-d", "tcp.port==8003,soupbintcp"]);
    tshark.args(["-T", "fields"]).args(fields.iter().flat_map(|field| ["-e", field]));
    let output = tshark.arg("-r").arg(folder.0.join("orders.pcap")).output().expect("tshark runs");
    let lines = String::from_utf8(output.stdout).expect("text").replace('\'', "");
    assert_eq!(lines.lines().count() as u64, sent);
    assert!(sent > 0 && lines.lines().all(|line| line.trim_end() == "1\t1\tU"), "{lines}");
}

#[test]
fn every_output_is_whole() {
    let folder = Folder::new("outputs");
    market(&folder, "market.pcap");
    let args = ["replay", "market.pcap", "--config", "desk.toml", "--orders", "out/o.pcap", "--events", "out/e.jsonl", "--report", "out/r.html"];
    let output = riposte(&folder.0, &args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for part in ["Card     model", "messages", "lift the offer", "Orders ", "Digest "] {
        assert!(text.contains(part), "{part} not in {text}");
    }
    let events = std::fs::read_to_string(folder.0.join("out/e.jsonl")).expect("events");
    let mut sequences = events.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON")["sequence"].as_u64());
    assert!(sequences.clone().count() > 100);
    assert!((1..).zip(&mut sequences).all(|(wanted, found)| found == Some(wanted)), "numbered from 1 without a hole");
    let page = std::fs::read_to_string(folder.0.join("out/r.html")).expect("report");
    assert!(page.contains("<svg") && page.contains("Manifest of the run") && page.ends_with("</html>\n"));
    for from_outside in ["http:", "https:", "<script", "src=", "@import", "url(h"] {
        assert!(!page.contains(from_outside), "{from_outside}: the report must stand alone");
    }
}

#[test]
fn a_capture_that_is_cut_leaves_no_output() {
    let folder = Folder::new("cut");
    market(&folder, "whole.pcap");
    let bytes = std::fs::read(folder.0.join("whole.pcap")).unwrap();
    std::fs::write(folder.0.join("cut.pcap"), &bytes[..bytes.len() - 5]).unwrap();
    let args = ["replay", "cut.pcap", "--config", "desk.toml", "--orders", "o.pcap", "--events", "e.jsonl", "--report", "r.html"];
    let output = riposte(&folder.0, &args);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("cut.pcap: record") && text.contains("cut in the middle"), "{text}");
    assert_eq!(folder.names(), ["cut.pcap", "desk.toml", "whole.pcap"]);
}

#[test]
fn a_bad_configuration_is_refused_with_its_lines() {
    let folder = Folder::new("config");
    std::fs::write(folder.0.join("bad.toml"), RULES.replace("max_quantity", "max_quantty").replace("320.50\"", "320.50001\"")).unwrap();
    for args in [&["rules", "check", "bad.toml"][..], &["replay", "absent.pcap", "--config", "bad.toml"]] {
        let output = riposte(&folder.0, args);
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains("bad.toml:13:1: unknown field `max_quantty` in `instrument`; did you mean `max_quantity`?"), "{text}");
        assert!(text.contains("bad.toml:19:8: `when`: price 320.50001 has too many decimals"), "{text}");
    }
    let output = riposte(&folder.0, &["rules", "check", "bad.toml", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(json(&output)["errors"], 3);
    let output = riposte(&folder.0, &["rules", "check", "desk.toml"]);
    assert!(output.status.success());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("desk.toml: usable, 1 warning") && text.contains("buy 100 at 320.50"), "{text}");
}

#[test]
fn what_cannot_be_read_or_written_is_named() {
    let folder = Folder::new("paths");
    market(&folder, "market.pcap");
    for (args, wanted) in [
        (&["rules", "check", "absent.toml"][..], "absent.toml: cannot be read as text"),
        (&["replay", "absent.pcap", "--config", "desk.toml"], "absent.pcap"),
        (&["replay", "market.pcap", "--config", "desk.toml", "--orders", "desk.toml/o.pcap"], "desk.toml: cannot be made"),
    ] {
        let output = riposte(&folder.0, args);
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains(wanted), "{text}");
    }
    let output = riposte(&folder.0, &["replay", "market.pcap", "--config", "desk.toml", "--generation", "0"]);
    assert_eq!(output.status.code(), Some(2));
}
