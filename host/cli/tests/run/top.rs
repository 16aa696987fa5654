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
    let line = |start: &str| text.lines().find_map(|line| line.split_once(start)).map(|(_, rest)| rest.to_owned()).expect(start);
    let cycles = overview.latency.cycles.expect("orders");
    let shown = line(" cycles ");
    let [p50, p99, p999, max] = shown.split_whitespace().take(4).collect::<Vec<_>>()[..] else { panic!("{shown}") };
    assert_eq!([p50, p99, p999, max].map(str::parse), [cycles.p50, cycles.p99, cycles.p999, cycles.max].map(Ok));
    assert_eq!(text.lines().filter(|line| line.contains("gate: ")).count(), overview.gate_refusals.len(), "{text}");
    let once = top(&["--once"]);
    assert!(once.status.success());
    let once = String::from_utf8(once.stdout).expect("text");
    // Time passes, and its ticks go through the journal and two queues.
    let moves = |line: &&str| ["│up for ", "│journal ", "│inputs ", "│mirror "].iter().any(|one| line.starts_with(one));
    let but_time = |text: &str| text.lines().skip(1).filter(|line| !moves(line)).map(str::to_owned).collect::<Vec<_>>();
    let expected = page::text(&page::page(&overview, 120));
    assert_eq!(but_time(&once), but_time(&expected));
    let refused = top(&[]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--once"), "there is no terminal here");
    for (end, code) in ENDS {
        let Some(shown) = on_a_terminal(&folder, end) else { break };
        assert!(shown.contains(FIRST) && shown.contains("AAPL"), "{end:?}: {shown}");
        assert!(shown.contains("\u{1b}[?1049h") && shown.contains(&format!("code {code}\r")), "{end:?}: {shown}");
        assert!(shown.rfind("\u{1b}[?1049l") > shown.rfind(FIRST), "{end:?}: the terminal is left as it was found: {shown}");
        let settings = shown.rsplit("code").next().unwrap_or_default();
        assert!(settings.contains(" icanon") && settings.contains(" echo "), "{end:?}: so are its settings: {settings}");
    }
    host.end();
}

/// What ends it, and the code that a shell makes of that.
const ENDS: [(End, u8); 5] =
    [(End::Key, 0), (End::Signal("HUP"), 129), (End::Signal("INT"), 130), (End::Signal("QUIT"), 131), (End::Signal("TERM"), 143)];

#[derive(Clone, Copy, Debug)]
enum End {
    /// Somebody types q.
    Key,
    Signal(&'static str),
}

/// What comes on a terminal of 80 lines until it is ended, and the terminal's settings behind it.
fn on_a_terminal(folder: &super::Folder, end: End) -> Option<String> {
    let (binary, limit) = (env!("CARGO_BIN_EXE_riposte"), LIMIT.as_secs());
    let top = format!(
        "stty rows 80 cols 170; timeout --foreground {limit} sh -c 'echo $$ > top.pid; ulimit -c 0; exec {binary} top \
         --control control.sock --interval 50'; echo code $?; stty -a"
    );
    let mut command = Command::new("script");
    command.args(["-qec", &top, "/dev/null"]).current_dir(&folder.0).env("TERM", "xterm").stdin(Stdio::piped()).stdout(Stdio::piped());
    let Ok(mut script) = command.spawn() else {
        println!("skipped: the_dashboard_shows_...: there is no script, which makes a terminal");
        return None;
    };
    let (mut keys, mut out) = (script.stdin.take()?, script.stdout.take()?);
    let (mut shown, mut bytes) = (Vec::new(), [0; 4096]);
    let mut is_ended = false;
    while let Ok(count) = out.read(&mut bytes) {
        shown.extend(&bytes[..count]);
        if count == 0 {
            break;
        }
        if !is_ended && String::from_utf8_lossy(&shown).contains(LAST) {
            match end {
                End::Key => keys.write_all(b"q").expect("somebody reads"),
                End::Signal(signal) => {
                    let id = std::fs::read_to_string(folder.path("top.pid")).expect("its number");
                    assert!(Command::new("kill").args([&format!("-{signal}"), id.trim()]).status().expect("kill runs").success());
                }
            }
            is_ended = true;
        }
    }
    script.wait().expect("it ends");
    Some(String::from_utf8_lossy(&shown).into_owned())
}
