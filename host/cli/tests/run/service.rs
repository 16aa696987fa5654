//! The host as a service: what it tells systemd, which a datagram socket stands for, its unit, and its lines as JSON.
use super::{Process, wait_for};
use serde_json::Value;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const UNIT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/riposte.service");

/// The next word on the socket that is `wanted`; others are passed over.
fn hear(socket: &UnixDatagram, wanted: &str) -> String {
    let (start, mut bytes) = (Instant::now(), [0; 256]);
    while start.elapsed() < Duration::from_secs(120) {
        let Ok(count) = socket.recv(&mut bytes) else { continue };
        let told = String::from_utf8_lossy(&bytes[..count]).into_owned();
        if told.lines().any(|line| line == wanted) {
            return told;
        }
    }
    panic!("{wanted} is not told");
}

#[test]
fn systemd_is_told_of_a_start_of_life_and_of_the_end() {
    let folder = super::folder("service", 2_000);
    let socket = UnixDatagram::bind(folder.0.join("notify")).expect("a socket");
    socket.set_read_timeout(Some(Duration::from_millis(100))).expect("a limit");
    let mut command = folder.host_command(&["--rehearse"]);
    command.env("NOTIFY_SOCKET", folder.0.join("notify")).env("WATCHDOG_USEC", "200000");
    let mut host = Process::start(command);
    let process = host.id();
    assert!(hear(&socket, "READY=1").contains(&format!("MAINPID={process}")));
    hear(&socket, "WATCHDOG=1");
    hear(&socket, "WATCHDOG=1");
    // Stopped as a whole it is silent, and lives on when it may.
    host.signal("STOP");
    let mut bytes = [0; 256];
    wait_for("silence", || socket.recv(&mut bytes).is_err().then_some(()));
    assert!(socket.recv(&mut bytes).is_err());
    host.signal("CONT");
    hear(&socket, "WATCHDOG=1");
    let ends = std::thread::spawn(move || host.end());
    hear(&socket, "STOPPING=1");
    ends.join().expect("an end in order");
}

#[test]
fn a_watchdog_that_is_for_another_process_is_not_petted() {
    let folder = super::folder("other", 2_000);
    let socket = UnixDatagram::bind(folder.0.join("notify")).expect("a socket");
    let mut command = folder.host_command(&["--rehearse"]);
    command.env("NOTIFY_SOCKET", folder.0.join("notify")).env("WATCHDOG_USEC", "1000").env("WATCHDOG_PID", "1");
    let mut host = Process::start(command);
    hear(&socket, "READY=1");
    let ends = std::thread::spawn(move || host.end());
    let mut bytes = [0; 256];
    let count = socket.recv(&mut bytes).expect("a word");
    assert_eq!(&bytes[..count], b"STOPPING=1");
    ends.join().expect("an end in order");
}

#[test]
fn the_unit_is_good_and_its_command_is_understood() {
    let unit = std::fs::read_to_string(UNIT).expect("the unit");
    let command = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/riposte ")).expect("a command");
    let mut riposte = Command::new(env!("CARGO_BIN_EXE_riposte"));
    assert!(riposte.args(command.split(' ')).arg("--help").output().expect("the binary runs").status.success());
    for line in ["Type=notify", "WatchdogSec=10", "Restart=on-failure"] {
        assert!(unit.lines().any(|one| one == line), "{line}");
    }
    let here = unit.replace("/usr/local/bin/riposte", env!("CARGO_BIN_EXE_riposte")).replace("User=riposte\nGroup=riposte\n", "");
    let folder = super::folder("unit", 1_000);
    std::fs::write(folder.0.join("riposte.service"), here).expect("a unit");
    let Ok(output) = Command::new("systemd-analyze").arg("verify").arg(folder.0.join("riposte.service")).output() else {
        println!("skipped: the_unit_is_good_...: there is no systemd-analyze here");
        return;
    };
    let told = String::from_utf8_lossy(&output.stderr);
    // Of this unit alone: a machine without systemd's own units has more to complain of.
    let ours: Vec<&str> = told.lines().filter(|line| line.contains("riposte.service")).collect();
    assert_eq!(ours, [""; 0], "{told}");
}

#[test]
fn lines_are_json_objects_if_the_desk_says_so() {
    let folder = super::folder("json", 2_000);
    let desk = std::fs::read_to_string(folder.0.join("desk.toml")).expect("a desk");
    std::fs::write(folder.0.join("desk.toml"), format!("{desk}log = \"json\"\n")).expect("a desk");
    let lines = |path: &Path| -> Vec<Value> {
        let text = std::fs::read_to_string(path).expect("lines");
        text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
    };
    let log = folder.0.join("host.log");
    let card = folder.card();
    let mut command = folder.host_command(&["--rehearse"]);
    command.stderr(Stdio::from(std::fs::File::create(&log).expect("a file")));
    let mut host = Process::start(command);
    folder.orders(1);
    card.kill();
    let has = |event: &str| wait_for(event, || lines(&log).into_iter().find(|line| line["event"] == event));
    let lost = has("CardLost");
    assert_eq!(lost["level"], "alarm");
    assert_eq!(has("configuration")["level"], "warning", "nobody is trusted in this desk");
    has("card-joined");
    host.end();
    for line in lines(&log) {
        let text = |name: &str| line[name].as_str().is_some_and(|text| !text.is_empty());
        assert!(text("time") && text("level") && text("event") && text("text") && line["fields"].is_object(), "{line}");
        assert_eq!(line["time"].as_str().map(|time| (time.len(), time.ends_with('Z'))), Some((30, true)), "{line}");
    }
}
