//! `riposte top` on a host that runs: one page, whatever the terminal, and one value.
#[path = "../../src/top/page.rs"]
mod page;

use super::support::LIMIT;
use super::wait_for;
use riposte_control::overview::Overview;
use std::io::{Read, Write};
use std::process::{Command, Stdio};

/// Words of the first and the last panel, as they come: where a cell is blank, the cursor jumps.
const FIRST: &str = "┌Health─";
const LAST: &str = "alarms─";

#[test]
fn the_dashboard_shows_what_the_host_tells() {
    let folder = super::folder("top", 20_000);
    let desk = std::fs::read_to_string(folder.path("desk.toml")).expect("a desk");
    let person = format!("[[person]]\nname = \"ann\"\nuid = {}\nrole = \"viewer\"\n", folder.uid());
    folder.write("desk.toml", format!("{desk}control = \"control.sock\"\n{person}"));
    let nobody = folder.run(&["top", "--once", "--control", "control.sock"]);
    assert_eq!(nobody.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("no host answers here"));
    let (_card, mut host) = (folder.card(), folder.host());
    folder.orders(20);
    let top = |args: &[&str]| folder.run(&[&["top", "--control", "control.sock"], args].concat());
    // The end of the file: nothing moves any more but the time.
    let overview = wait_for("a quiet host", || {
        let overview = || serde_json::from_slice::<Overview>(&top(&["--json"]).stdout).ok();
        let (one, other) = (overview()?, overview()?);
        let quiet = |of: &Overview| (of.card.clone(), of.instruments.clone(), of.latency.clone(), of.orders.clone());
        (other.card.as_ref()?.feed == "ended" && other.latency.orders >= 20 && quiet(&one) == quiet(&other)).then_some(other)
    });
    let status = folder.told(&["status"]);
    assert_eq!(Some(u64::from(overview.engine.generation)), status["generation"].as_u64());
    assert_eq!(Some(overview.engine.arming.as_str()), status["arming"].as_str());
    let text = page::text(&page::page(&overview, 120));
    for one in &overview.instruments {
        assert!(text.lines().any(|line| line.contains(&one.symbol)), "{}", one.symbol);
    }
    let orders = format!("{} orders  p50 <= {}", overview.latency.orders, overview.latency.cycles_at(50).expect("orders"));
    assert!(text.contains(&orders), "{orders} in\n{text}");
    assert_eq!(text.lines().filter(|line| line.contains("gate: ")).count(), overview.gate_refusals.len(), "{text}");
    let once = top(&["--once"]);
    assert!(once.status.success());
    let once = String::from_utf8(once.stdout).expect("text");
    let is_time = |line: &&str| line.contains("up for") || line.contains("durable");
    let but_time = |text: &str| text.lines().skip(1).filter(|line| !is_time(line)).map(str::to_owned).collect::<Vec<_>>();
    let expected = page::text(&page::page(&overview, 120));
    assert_eq!(but_time(&once), but_time(&expected));
    let refused = top(&[]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--once"), "there is no terminal here");
    let shown = on_a_terminal(&folder.0);
    if let Some(shown) = shown {
        assert!(shown.contains(FIRST) && shown.contains("AAPL"), "{shown}");
        assert!(shown.contains("\u{1b}[?1049h") && shown.trim_end().ends_with("code 0"), "{shown}");
        assert!(shown.rfind("\u{1b}[?1049l") > shown.rfind(FIRST), "the terminal is left as it was found: {shown}");
    }
    host.end();
}

/// What comes on a terminal of 80 lines until somebody types q.
fn on_a_terminal(folder: &std::path::Path) -> Option<String> {
    let (binary, limit) = (env!("CARGO_BIN_EXE_riposte"), LIMIT.as_secs());
    let top = format!("stty rows 80 cols 170; timeout --foreground {limit} {binary} top --control control.sock --interval 50; echo code $?");
    let mut command = Command::new("script");
    command.args(["-qec", &top, "/dev/null"]).current_dir(folder).env("TERM", "xterm").stdin(Stdio::piped()).stdout(Stdio::piped());
    let Ok(mut script) = command.spawn() else {
        println!("skipped: the_dashboard_shows_...: there is no script, which makes a terminal");
        return None;
    };
    let (mut keys, mut out) = (script.stdin.take()?, script.stdout.take()?);
    let (mut shown, mut bytes) = (Vec::new(), [0; 4096]);
    let mut is_typed = false;
    while let Ok(count) = out.read(&mut bytes) {
        shown.extend(&bytes[..count]);
        if count == 0 {
            break;
        }
        if !is_typed && String::from_utf8_lossy(&shown).contains(LAST) {
            keys.write_all(b"q").expect("somebody reads");
            is_typed = true;
        }
    }
    script.wait().expect("it ends");
    Some(String::from_utf8_lossy(&shown).into_owned())
}
