//! `riposte run` with a card on a live feed and a venue: four processes over the kernel's UDP and TCP, one account.
//!
//! No test waits for a time to pass; limits only end a test that fails.
use riposte_engine::{Body, Input, Report};
use riposte_journal::{Contents, Entry, Reader};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::net::UdpSocket;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(120);
/// What the generated market opens at, AAPL.
const DESK: &str = r#"
[session]
source_mac = "02:00:00:00:00:01"
destination_mac = "02:00:00:00:00:02"
source = "10.0.0.1:40000"
destination = "10.0.0.2:8003"
firm = "LIME"
[[instrument]]
symbol = "AAPL"
locate = 13
max_quantity = 500
collar = { low = "100.00", high = "300.00" }
enabled = true
[[rule]]
name = "buy the dip"
instrument = "AAPL"
when = "ask <= 186.42"
order = { side = "buy", quantity = 150, price = "186.50", time_in_force = "IOC", capacity = "P" }
[[rule]]
name = "offer the rise"
instrument = "AAPL"
when = "bid >= 186.42"
order = { side = "sell", quantity = 70, price = "186.44", time_in_force = "DAY", capacity = "P" }
[limits]
loss = 1000000
drawdown = 1000000
instrument_loss = 1000000
exposure = 100000000
free_messages = 1000000
messages_per_trade = 1000
[host]
control = "control.sock"
# A busy machine is not a silent venue.
answer_ms = 120000
silence_ms = 120000
mark_age_ms = 120000
drop_copy_ms = 120000
"#;

struct Process(Child);

impl Process {
    fn start(folder: &Path, args: &[&str]) -> Process {
        let mut command = Command::new(env!("CARGO_BIN_EXE_riposte"));
        command.current_dir(folder).args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
        Process(command.spawn().expect("the binary runs"))
    }

    fn terminate(&self) {
        assert!(Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status().expect("kill runs").success());
    }

    /// What it says of itself at its end, which must be a good one.
    fn summary(&mut self) -> Value {
        let mut text = String::new();
        self.0.stdout.take().expect("piped").read_to_string(&mut text).expect("its output");
        assert_eq!(self.0.wait().expect("a child").code(), Some(0));
        serde_json::from_str(&text).expect("JSON")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(start.elapsed() < LIMIT, "{what} does not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Inputs that are durable by now.
fn inputs(folder: &Path) -> Vec<Input> {
    let mut found = Vec::new();
    let Ok(mut reader) = Reader::open(&folder.join("journal"), Contents::Open(None)) else { return found };
    while let Ok(Some(record)) = reader.next_record() {
        if let Some(Entry::Input(bytes)) = record.entry() {
            found.push(Input::decode(bytes).expect("an input"));
        }
    }
    found
}

/// What the host says when it is asked.
fn ask(folder: &Path, verb: &[&str]) -> Option<Value> {
    let mut process = Process::start(folder, &[verb, &["--json", "--control", "control.sock"]].concat());
    let mut text = String::new();
    process.0.stdout.take()?.read_to_string(&mut text).ok()?;
    process.0.wait().ok()?.success().then(|| serde_json::from_str::<Value>(&text).expect("JSON")["value"].take())
}

/// A card on a venue's feed, and a desk with that venue's addresses.
fn world(name: &str, venue_options: &[&str]) -> (PathBuf, Process, Process) {
    let folder = std::env::temp_dir().join(format!("riposte-run-venue-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder for the test");
    let sockets = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").expect("a port"));
    let lines = sockets.map(|socket| socket.local_addr().expect("its address"));
    let port = format!("udp:{},{}", lines[0], lines[1]);
    let card = Process::start(&folder, &["card", "serve", "--port", &port, "--link", "./link", "--watchdog-ms", "60000", "--json"]);
    let [a, b] = lines.map(|line| line.to_string());
    let any = "127.0.0.1:0";
    let venue = [
        "venue", "serve", "--json", "--seed", "21", "--instruments", "1", "--rate", "2000", "--wait-for-login", "--ouch", any,
        "--dropcopy", any, "--rerequest", any, "--itch", &a, "--itch-b", &b,
    ];
    let mut venue = Process::start(&folder, &[&venue, venue_options].concat());
    let mut line = String::new();
    BufReader::new(venue.0.stderr.take().expect("piped")).read_line(&mut line).expect("where it listens");
    let words: Vec<&str> = line.strip_prefix("listening: ").expect(&line).split_whitespace().collect();
    let addresses: BTreeMap<&str, &str> = words.chunks(2).map(|pair| (pair[0], pair[1])).collect();
    let uid = std::fs::metadata(&folder).expect("a folder").uid();
    let desk = format!(
        "[feed]\ngroup = \"{}\"\nport = {}\n{DESK}\n[[person]]\nname = \"me\"\nuid = {uid}\nrole = \"viewer\"\n[sessions]\norders = \"{}\"\n\
         drop_copy = \"{}\"\nusername = \"RIPO\"\npassword_file = \"password\"\n",
        lines[0].ip(), lines[0].port(), addresses["ouch"], addresses["dropcopy"]
    );
    std::fs::write(folder.join("desk.toml"), desk).expect("a desk");
    std::fs::write(folder.join("password"), "riposte\n").expect("a password");
    std::fs::set_permissions(folder.join("password"), std::fs::Permissions::from_mode(0o600)).expect("rights");
    (folder, card, venue)
}

const RUN: [&str; 9] = ["run", "-c", "desk.toml", "--link", "./link", "--journal", "journal", "--rehearse", "--json"];

fn count(inputs: &[Input], wanted: fn(&Report) -> bool) -> u64 {
    inputs.iter().filter(|input| matches!(&input.body, Body::Venue { report, .. } if wanted(report))).count() as u64
}

#[test]
fn orders_of_the_card_trade_at_the_venue_and_both_accounts_are_equal() {
    let (folder, card, mut venue) = world("calm", &["--messages", "16000"]);
    let mut host = Process::start(&folder, &RUN);
    wait_for("the end of the day", || {
        inputs(&folder).iter().any(|input| matches!(input.body, Body::SessionEnd { session: 0 })).then_some(())
    });
    let venue = venue.summary();
    let told = inputs(&folder);
    assert_eq!(venue["orders"]["accepted"], count(&told, |report| matches!(report, Report::Accepted { .. })));
    assert_eq!(venue["orders"]["executions"], count(&told, |report| matches!(report, Report::Executed { .. })));
    // How many depends on when the desk was armed, and on whether the kernel lost a datagram, which ends the books' day.
    assert!(venue["orders"]["executions"].as_u64() > Some(0), "{}", venue["orders"]);
    let positions = wait_for("positions", || ask(&folder, &["positions"]));
    assert_eq!(positions[0]["quantity"].as_i64(), Some(venue["positions"]["AAPL"].as_i64().unwrap_or(0)), "{positions}");
    let orders = wait_for("orders", || ask(&folder, &["orders", "--all"]));
    assert_eq!(Some(orders.as_array().expect("orders").len() as u64), venue["orders"]["accepted"].as_u64());
    host.terminate();
    let summary = host.summary();
    assert_eq!((&summary["digest"], &summary["misnumbered"]), (&summary["mirror_digest"], &0.into()));
    drop(card);
    std::fs::remove_dir_all(&folder).expect("it goes");
}
