//! What a host tells Prometheus: well formed, bounded, and the same as its status.
use super::{Folder, Process, wait_for};
use riposte_map::shm::EventKind;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

/// A rehearsal that serves its metrics.
fn host(name: &str, messages: u32) -> (Folder, SocketAddr, Process, Process) {
    let folder = super::folder(name, messages);
    let address = TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr()).expect("a port");
    let desk = std::fs::read_to_string(folder.0.join("desk.toml")).expect("a desk");
    let person = format!("[[person]]\nname = \"ann\"\nuid = {}\nrole = \"viewer\"\n", folder.uid());
    let host = format!("control = \"control.sock\"\nmetrics = \"{address}\"\n{person}");
    std::fs::write(folder.0.join("desk.toml"), format!("{desk}{host}")).expect("a desk");
    let (card, host) = (folder.card(), folder.host());
    (folder, address, card, host)
}

/// Sends a request; the status code and the body.
fn ask(address: SocketAddr, request: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}

fn scrape(address: SocketAddr) -> Option<String> {
    ask(address, "GET /metrics HTTP/1.1\r\nHost: riposte\r\n\r\n").filter(|(code, _)| *code == 200).map(|(_, body)| body)
}

/// Samples by name and labels, by a reading of the format of our own; every departure from it is a panic.
fn parsed(page: &str) -> BTreeMap<String, f64> {
    let (mut samples, mut declared, mut family) = (BTreeMap::new(), BTreeSet::new(), (String::new(), String::new()));
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit());
    assert!(page.ends_with('\n'));
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, text) = help.split_once(' ').expect("a name and its help");
            assert!(is_name(name) && !text.is_empty() && declared.insert(name.to_owned()), "{line}");
            let kind = lines.next().and_then(|line| line.strip_prefix("# TYPE ")?.strip_prefix(name)?.strip_prefix(' ')).expect(line);
            assert!(["gauge", "counter", "histogram", "summary"].contains(&kind), "{kind}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{name} is a {kind}");
            family = (name.to_owned(), kind.to_owned());
            continue;
        }
        let (what, value) = line.rsplit_once(' ').expect("a value");
        let name = what.split('{').next().expect("a name");
        let ends = match family.1.as_str() {
            "histogram" => &["_bucket", "_sum", "_count"][..],
            "summary" => &["_sum", "_count"],
            _ => &[],
        };
        let bare = ends.iter().find_map(|end| name.strip_suffix(end));
        assert_eq!(bare.unwrap_or(name), family.0, "{line} is under its family");
        let value: f64 = value.parse().expect(line);
        assert!(value.is_finite() && samples.insert(what.to_owned(), value).is_none(), "{line} twice, or no number");
    }
    samples
}

fn python_reads(page: &str) -> Option<usize> {
    const SCRIPT: &str = "
import sys
from prometheus_client.parser import text_string_to_metric_families
families = list(text_string_to_metric_families(sys.stdin.read()))
assert all(f.documentation and f.type != 'unknown' for f in families), families
print(sum(len(f.samples) for f in families))";
    let mut child = Command::new("python3").args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
    child.stdin.take()?.write_all(page.as_bytes()).ok()?;
    let output = child.wait_with_output().ok()?;
    assert!(output.status.success(), "prometheus_client refuses the page");
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

#[test]
fn metrics_are_well_formed_and_the_same_as_the_status() {
    let (folder, address, _card, mut host) = host("metrics", 20_000);
    folder.orders(20);
    // The end of the file: nothing moves any more.
    wait_for("the end of the feed", || {
        scrape(address).filter(|page| page.contains("riposte_card_feed_state{state=\"ended\"} 1\n") && page.contains("riposte_queue_records{queue=\"mirror\"} 0\n"))
    });
    let page = wait_for("a quiet host", || {
        let (one, other) = (scrape(address)?, scrape(address)?);
        let quiet = |page: &str| page.lines().find(|line| line.starts_with("riposte_card_events_published_total ")).map(str::to_owned);
        (quiet(&one) == quiet(&other)).then_some(other)
    });
    let samples = parsed(&page);
    let status = folder.told(&["status"]);
    let orders = folder.told(&["orders", "--all"]);
    let at = |name: &str| *samples.get(name).unwrap_or_else(|| panic!("{name} in\n{page}"));
    for (name, field) in [("generation", "generation"), ("open_orders", "open_orders"), ("executions", "executions"), ("proposals", "proposals")] {
        assert_eq!(Some(at(&format!("riposte_{name}"))), status[field].as_f64(), "{name}");
    }
    for (name, field) in [("armed", "armed"), ("killed", "killed"), ("card_approved", "card_approved")] {
        assert_eq!(Some(at(&format!("riposte_{name}")) == 1.0), status[field].as_bool(), "{name}");
    }
    let of_state = |state: &str| orders.as_array().expect("orders").iter().filter(|one| one["state"] == state).count() as f64;
    for state in ["sent", "unknown", "live", "filled", "cancelled", "rejected", "notreceived"] {
        assert_eq!(at(&format!("riposte_orders{{state=\"{state}\"}}")), of_state(state), "{state}");
    }
    let journaled = folder.journaled();
    let sent = journaled.count(EventKind::OrderSent) as f64;
    assert!(sent >= 20.0);
    assert_eq!(at("riposte_tick_to_trade_cycles_count"), sent);
    assert_eq!(at("riposte_tick_to_trade_cycles_bucket{le=\"+Inf\"}"), sent);
    assert_eq!(at("riposte_card_counter_total{counter=\"orders_sent\"}"), sent);
    let sum: u64 = journaled.events().filter(|event| event.kind() == Some(EventKind::OrderSent)).map(|event| u64::from(event.cycles)).sum();
    assert_eq!(at("riposte_tick_to_trade_cycles_sum"), sum as f64);
    // The card's cycles, exactly: what of the sorted orders stands there.
    let mut cycles: Vec<u64> = journaled.events().filter(|event| event.kind() == Some(EventKind::OrderSent)).map(|event| event.cycles.into()).collect();
    cycles.sort_unstable();
    for (part, field, thousandths) in [("0.5", "p50", 500), ("0.99", "p99", 990), ("0.999", "p999", 999), ("1", "max", 1000)] {
        let exact = cycles[(cycles.len() * thousandths).div_ceil(1000) - 1];
        assert_eq!(at(&format!("riposte_tick_to_trade_quantile_cycles{{quantile=\"{part}\"}}")), exact as f64);
        assert_eq!(at(&format!("riposte_tick_to_trade_quantile_nanoseconds{{quantile=\"{part}\"}}")), (exact * 64) as f64 / 10.0);
        assert_eq!(status["latency"]["cycles"][field], exact, "the status says the same");
        assert_eq!(status["latency"]["ps"][field], exact * 6400);
    }
    // Each event that the engine has heard was decided, and each command that came of one was sent.
    let stage = |name: &str, what: &str| at(&format!("riposte_host_nanoseconds_{what}{{stage=\"{name}\"}}"));
    assert_eq!(stage("decided", "count"), journaled.events().count() as f64);
    let commands = stage("event-to-command", "count");
    assert!(commands > 0.0 && commands == stage("durable", "count") && commands == stage("sent", "count"), "{commands}");
    assert!(stage("event-to-command", "sum") >= stage("durable", "sum") + stage("sent", "sum"));
    let stages = status["host_latency"].as_array().expect("stages");
    let of = |name: &str| stages.iter().find(|one| one["stage"] == name).expect(name);
    assert_eq!((of("event-to-command")["count"].as_f64(), of("report-to-command")["count"].as_f64()), (Some(commands), Some(0.0)), "a rehearsal has no venue");
    let ns = &of("event-to-command")["ns"];
    assert!(ns["p50"].as_u64() > Some(0) && ns["p50"].as_u64() <= ns["p99"].as_u64() && ns["p999"].as_u64() <= ns["max"].as_u64(), "{ns}");
    assert_eq!(Some(at("riposte_host_nanoseconds{stage=\"event-to-command\",quantile=\"1\"}")), ns["max"].as_f64());
    let all = |start: &str| -> Vec<f64> {
        samples.iter().filter(|(name, _)| name.starts_with(start)).map(|(_, value)| *value).collect()
    };
    let mut buckets = all("riposte_tick_to_trade_cycles_bucket");
    buckets.sort_by(f64::total_cmp);
    assert_eq!(buckets.last(), Some(&sent));
    assert_eq!(all("riposte_gate_refusals_total").iter().sum::<f64>(), at("riposte_card_counter_total{counter=\"orders_refused\"}"));
    let has = Command::new("python3").args(["-c", "import prometheus_client.parser"]).output();
    if has.is_ok_and(|output| output.status.success()) {
        assert_eq!(python_reads(&page), Some(samples.len()));
    } else {
        println!("skipped: metrics_are_well_formed_...: python3 with prometheus_client, which reads them too, is not installed");
    }
    host.end();
}

#[test]
fn who_scrapes_badly_is_told_so_and_keeps_nobody_else_out_for_long() {
    let (_folder, address, _card, mut host) = host("scrapes", 2_000);
    wait_for("metrics", || scrape(address));
    let long = format!("GET /metrics HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    for (request, wanted) in [
        ("GET / HTTP/1.1\r\n\r\n", 404), ("POST /metrics HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 405), ("\u{1}\r\n\r\n", 400),
        ("GET /metrics?x=1 HTTP/1.0\r\n\r\n", 200),
    ] {
        assert_eq!(ask(address, request).map(|(code, _)| code), Some(wanted), "{request:?}");
    }
    // Closed with bytes unread, so the answer may be lost on the way; what counts is that it ends.
    assert!(ask(address, &long).is_none_or(|(code, _)| code == 431));
    assert_eq!(ask(address, "HEAD /metrics HTTP/1.1\r\n\r\n"), Some((200, String::new())));
    // Eight who say nothing have all places; they lose them when their time is over.
    let mut silent: Vec<TcpStream> = Vec::new();
    wait_for("a refusal", || {
        silent.drain(..silent.len().saturating_sub(64));
        silent.extend((0..8).map(|_| TcpStream::connect(address).expect("a connection")));
        ask(address, "GET /metrics HTTP/1.1\r\n\r\n").filter(|(code, _)| *code == 503)
    });
    wait_for("a place", || scrape(address));
    drop(silent);
    host.end();
}
