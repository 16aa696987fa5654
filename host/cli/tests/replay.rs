//! The binary from outside: configurations checked, captures replayed, orders that other tools accept.
mod support;

use riposte_capture::{Capture, PcapWriter};
use serde_json::Value;
use std::process::Command;
use support::{Folder, aapl, desk::Desk, json};

/// What AAPL traded at on the morning of the recording.
fn rules() -> String {
    let rules = &[
        ("lift the offer", "ask <= 320.50", ("buy", 100, "320.50", "IOC")),
        ("too much", "spread <= 0.01", ("sell", 300, "321.50", "IOC")),
    ];
    Desk { quantity_max: 200, collar: ["300.00", "340.00"], rules, ..Desk::EMPTY }.text()
}

/// A folder with `desk.toml`.
fn folder(name: &str) -> Folder {
    let folder = Folder::new(name);
    folder.write("desk.toml", rules());
    folder
}

#[test]
fn real_messages_are_counted_and_the_book_is_right() {
    let Some(file) = aapl("real_messages_are_counted_and_the_book_is_right") else { return };
    let folder = folder("counts");
    let summary = json(&folder.run(&["replay", &file, "--config", "desk.toml", "--json"]));
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
    let folder = folder("digest");
    folder.market(3, 5000);
    let run = |config: &str, more: &[&str]| {
        let args = [&["replay", "market.pcap", "--config", config, "--json"], more].concat();
        json(&folder.run(&args))["digest"].clone()
    };
    folder.write("other.toml", rules().replace("320.50", "320.40").replace("AAPL", "SPY"));
    let digest = run("desk.toml", &[]);
    assert_eq!(digest.as_str().map(str::len), Some(64));
    assert_eq!(digest, run("desk.toml", &[]));
    assert_eq!(run("desk.toml", &["--seed", "5"]), run("desk.toml", &["--seed", "5"]));
    assert_ne!(digest, run("desk.toml", &["--seed", "5"]));
    assert_ne!(digest, run("other.toml", &[]));
}

/// What `make demo` prints, which runs lockstep: its first line is of both cards, the rest is the same of either.
#[test]
fn the_readme_shows_what_the_demonstration_prints() {
    const README: &str = include_str!("../../../README.md");
    let shown = README.split("```\n").find(|block| block.contains("$ riposte replay")).expect("the demonstration");
    let folder = folder("readme");
    folder.write("demo.toml", include_str!("../../../demo/desk.toml"));
    folder.market(7, 200_000);
    let output = folder.run(&["replay", "market.pcap", "--config", "demo.toml"]);
    let told = String::from_utf8_lossy(&output.stdout).replace("market.pcap", "out/market.pcap");
    let mut rest = told.as_str();
    for line in shown.lines().skip(2).filter(|line| !line.ends_with("...")) {
        let at = rest.find(line).unwrap_or_else(|| panic!("{line:?} is in README.md and not, or not here, in\n{told}"));
        rest = &rest[at + line.len()..];
    }
    assert!(shown.contains("Digest "));
}

#[test]
fn model_and_gateware_agree_on_a_market() {
    let folder = folder("lockstep");
    folder.market(3, 5000);
    folder.write("spy.toml", rules().replace("AAPL", "SPY").replace("320.50", "442.70").replace("300.00", "400.00").replace("340.00", "500.00"));
    for more in [&[][..], &["--seed", "11", "--gap", "2"], &["--gap", "0"]] {
        let digest = |card: &str| {
            let args = [&["replay", "market.pcap", "--config", "spy.toml", "--json", "--card", card], more].concat();
            let output = folder.run(&args);
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

/// Every frame of a market for line A, and for line B right behind it; each line loses some that the other has.
fn two_lines(folder: &Folder, name: &str, line_a: impl Fn(usize) -> bool, line_b: impl Fn(usize) -> bool) {
    let Ok(Capture::Frames(frames)) = riposte_capture::open(folder.path("market.pcap")) else { panic!("a market") };
    let mut file = PcapWriter::new(std::fs::File::create(folder.path(name)).expect("a file of the test")).expect("its header");
    for (at, record) in frames.enumerate() {
        let mut record = record.expect("a record");
        if line_a(at) {
            file.write(record.time_ns, &record.bytes).expect("a record of the test");
        }
        if line_b(at) {
            record.bytes[30..34].copy_from_slice(&[233, 49, 196, 111]);
            file.write(record.time_ns + 10, &record.bytes).expect("a record of the test");
        }
    }
}

#[test]
fn what_a_line_of_a_capture_lost_the_other_brings() {
    let folder = folder("two-lines");
    folder.market(3, 5000);
    let line_b = "[feed]\nreorder_us = 5\nline_b = { group = \"233.49.196.111\", port = 26477 }\n";
    folder.write("two.toml", rules().replace("[feed]\n", line_b));
    two_lines(&folder, "lossy.pcap", |at| at % 5 != 1, |at| at % 5 == 1 || at % 7 != 2);
    two_lines(&folder, "lost.pcap", |at| at != 50, |at| at != 50);
    let replay = |file: &str, config: &str, more: &[&str]| {
        let output = folder.run(&[&["replay", file, "--config", config, "--json"], more].concat());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        json(&output)
    };
    let whole = replay("market.pcap", "desk.toml", &[]);
    for more in [&["--card", "lockstep"][..], &["--seed", "11", "--gap", "30"], &["--gap", "3"]] {
        let both = replay("lossy.pcap", "two.toml", more);
        assert_eq!((both["counters"]["gaps"].as_u64(), &both["messages"]), (None, &whole["messages"]), "{more:?}");
        assert_eq!((&both["orders_sent"], &both["instruments"]), (&whole["orders_sent"], &whole["instruments"]), "{more:?}");
        assert!(both["counters"]["line_b_packets_used"].as_u64() > Some(20));
    }
    let lost = replay("lost.pcap", "two.toml", &["--card", "lockstep"]);
    assert_eq!(lost["counters"]["gaps"].as_u64(), Some(1));
    // Without its second line the desk sees what the first has lost.
    assert!(replay("lossy.pcap", "desk.toml", &[])["counters"]["gaps"].as_u64() > Some(20));
}

#[test]
fn model_and_gateware_agree_on_real_messages() {
    let Some(file) = aapl("model_and_gateware_agree_on_real_messages") else { return };
    let folder = folder("lockstep-real");
    let output = folder.run(&["replay", &file, "--config", "desk.toml", "--json", "--card", "lockstep"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(json(&output)["orders_sent"].as_u64() > Some(0));
}

#[test]
fn the_card_is_emitted_as_verilog() {
    let folder = folder("emit");
    let output = folder.run(&["card", "emit", "--out", "hdl"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(folder.path("hdl/riposte_card.v")).expect("the file it names");
    assert!(text.contains("module riposte_card(") && text.contains("endmodule"));
}

#[test]
fn tshark_accepts_every_transmitted_order() {
    let Some(file) = aapl("tshark_accepts_every_transmitted_order") else { return };
    if Command::new("tshark").arg("--version").output().is_err() {
        println!("skipped: tshark_accepts_every_transmitted_order: tshark is not installed");
        return;
    }
    let folder = folder("tshark");
    let args = ["replay", &file, "--config", "desk.toml", "--orders", "orders.pcap", "--json"];
    let sent = json(&folder.run(&args))["orders_sent"].as_u64().expect("a number");
    let fields = ["ip.checksum.status", "tcp.checksum.status", "soupbintcp.packet_type", "tcp.analysis.flags"];
    let mut tshark = Command::new("tshark");
    tshark.args(["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-d", "tcp.port==8003,soupbintcp"]);
    tshark.args(["-T", "fields"]).args(fields.iter().flat_map(|field| ["-e", field]));
    let output = tshark.arg("-r").arg(folder.path("orders.pcap")).output().expect("tshark runs");
    let lines = String::from_utf8(output.stdout).expect("text").replace('\'', "");
    assert_eq!(lines.lines().count() as u64, sent);
    assert!(sent > 0 && lines.lines().all(|line| line.trim_end() == "1\t1\tU"), "{lines}");
}

#[test]
fn every_output_is_whole() {
    let folder = folder("outputs");
    folder.market(3, 5000);
    let args = ["replay", "market.pcap", "--config", "desk.toml", "--orders", "out/o.pcap", "--events", "out/e.jsonl", "--report", "out/r.html"];
    let output = folder.run(&args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for part in ["Card     model", "messages", "lift the offer", "Orders ", "Digest "] {
        assert!(text.contains(part), "{part} not in {text}");
    }
    let events = std::fs::read_to_string(folder.path("out/e.jsonl")).expect("events");
    let mut sequences = events.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON")["sequence"].as_u64());
    assert!(sequences.clone().count() > 100);
    assert!((1..).zip(&mut sequences).all(|(wanted, found)| found == Some(wanted)), "numbered from 1 without a hole");
    let page = std::fs::read_to_string(folder.path("out/r.html")).expect("report");
    assert!(page.contains("<svg") && page.contains("Manifest of the run") && page.ends_with("</html>\n"));
    for from_outside in ["http:", "https:", "<script", "src=", "@import", "url(h"] {
        assert!(!page.contains(from_outside), "{from_outside}: the report must stand alone");
    }
}

fn names(folder: &Folder) -> Vec<String> {
    let entries = std::fs::read_dir(&folder.0).expect("the folder");
    let mut names: Vec<_> = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect();
    names.sort();
    names
}

#[test]
fn a_capture_that_is_cut_leaves_no_output() {
    let folder = folder("cut");
    folder.market(3, 5000);
    let bytes = std::fs::read(folder.path("market.pcap")).unwrap();
    folder.write("cut.pcap", &bytes[..bytes.len() - 5]);
    let args = ["replay", "cut.pcap", "--config", "desk.toml", "--orders", "o.pcap", "--events", "e.jsonl", "--report", "r.html"];
    let output = folder.run(&args);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("cut.pcap: record") && text.contains("cut in the middle"), "{text}");
    assert_eq!(names(&folder), ["cut.pcap", "desk.toml", "market.pcap"]);
}

#[test]
fn a_bad_configuration_is_refused_with_its_lines() {
    let folder = folder("config");
    folder.write("bad.toml", rules().replace("max_quantity", "max_quantty").replace("320.50\"", "320.50001\""));
    for args in [&["rules", "check", "bad.toml"][..], &["replay", "absent.pcap", "--config", "bad.toml"]] {
        let output = folder.run(args);
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains("bad.toml:14:1: unknown field `max_quantty` in `instrument`; did you mean `max_quantity`?"), "{text}");
        assert!(text.contains("bad.toml:20:8: `when`: price 320.50001 has too many decimals"), "{text}");
    }
    let output = folder.run(&["rules", "check", "bad.toml", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(json(&output)["errors"], 3);
    let output = folder.run(&["rules", "check", "desk.toml"]);
    assert!(output.status.success());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("desk.toml: usable, 1 warning") && text.contains("buy 100 at 320.50"), "{text}");
}

#[test]
fn what_cannot_be_read_or_written_is_named() {
    let folder = folder("paths");
    folder.market(3, 5000);
    for (args, wanted) in [
        (&["rules", "check", "absent.toml"][..], "absent.toml: cannot be read as text"),
        (&["replay", "absent.pcap", "--config", "desk.toml"], "absent.pcap"),
        (&["replay", "market.pcap", "--config", "desk.toml", "--orders", "desk.toml/o.pcap"], "desk.toml: cannot be made"),
    ] {
        let output = folder.run(args);
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains(wanted), "{text}");
    }
    let output = folder.run(&["replay", "market.pcap", "--config", "desk.toml", "--generation", "0"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_replay_sees_each_limit_that_the_desk_sets() {
    let folder = Folder::new("limits");
    folder.market(3, 5000);
    // An order on every print.
    let desk = rules().replace("300.00", "100.00").replace("ask <= 320.50", "trade >= 0.01").replace("320.50", "200.00");
    let run = |from: &str, to: &str| {
        assert!(desk.contains(from), "{from}");
        folder.write("limited.toml", desk.replacen(from, to, 1));
        let summary = json(&folder.run(&["replay", "market.pcap", "--config", "limited.toml", "--json"]));
        (summary["rules"][0]["sent"].as_u64().expect("a count"), summary["refusals"].clone())
    };
    let (most, refusals) = run("[gate]", "[gate]");
    assert!(most > 10, "{most}");
    let quantity = "quantity is zero or above the limit, or the limit is unset";
    assert!(refusals.as_object().expect("a map").keys().all(|reason| reason == quantity), "{refusals}");
    for (from, to, sent, reason) in [
        ("max_value = \"1000000.00\"", "max_value = 19999.99", 0, "value is above the limit, or the limit is unset"),
        ("live_collar = \"off\"", "live_collar = 0.01", 0, "price is too far from the top of book, or there is none"),
        ("sides = [\"buy\", ", "sides = [", 0, "side is not permitted"),
        ("buy = 1_000_000", "buy = 299", 2, "quantity is more than is left of the position's lease"),
        ("cooldown_us = 0.0064", "cooldown_us = 60_000_000", 1, "rule is cooling down, or its cool-down is unset"),
        ("max_orders = 1_000_000", "max_orders = 3", 3, "rule has sent as many orders as it may"),
        ("orders_per_second = 156_250_000", "orders_per_second = 1", 1, "more orders in a time than the throttle lets pass"),
        ("max_age_us = 419", "max_age_us = 0.0064", 0, "decision is older than the limit, or the limit is unset"),
        ("exposure = \"1000000000.00\"", "exposure = 59999.99", 2, "value is more than is left of the exposure's lease"),
        ("open_orders = 1_000_000", "open_orders = 4", 4, "as many orders are open as may be"),
        ("unacknowledged = 1_000_000", "unacknowledged = 5", 5, "as many orders are unacknowledged as may be"),
        ("heartbeat_ms = 60_000", "", 0, "host was not heard in time"),
    ] {
        let (found, refusals) = run(from, to);
        assert_eq!(found, sent, "{to}: {refusals}");
        assert!(refusals[reason].as_u64() > Some(0), "{to}: {refusals}");
    }
}
