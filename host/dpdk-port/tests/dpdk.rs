//! The program on virtual devices of DPDK, with real frames, without hugepages, hardware or rights: alone, and as the wire of
//! `riposte card serve`.
#[allow(dead_code)] // What tests of a host need beside.
#[path = "../../cli/tests/support/desk.rs"]
mod desk;

use riposte_capture::{Channel, PcapWriter};
use riposte_device::TakenFrame;
use riposte_device::link::{HostEnd, LinkError};
use riposte_device::wire::{CardSide, PortState, WireCounts, WireSizes};
use riposte_map::shm::Event;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const LIMIT: Duration = Duration::from_secs(120);
const MACHINE: &str = "--no-huge -m 256 --no-pci --no-telemetry --log-level=error";
const PROGRAM: &str = env!("CARGO_BIN_EXE_riposte-dpdk-port");

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("riposte-dpdk-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a folder for the test");
        Folder(path)
    }

    /// A capture of these frames, a microsecond apart.
    fn capture(&self, name: &str, frames: &[Vec<u8>]) -> PathBuf {
        let path = self.0.join(name);
        let mut writer = PcapWriter::new(std::fs::File::create(&path).expect("a file")).expect("a capture");
        for (at, frame) in (1..).zip(frames) {
            writer.write(at * 1_000, frame).expect("a frame");
        }
        writer.finish().expect("a capture");
        path
    }

    fn frames(&self, name: &str) -> Vec<Vec<u8>> {
        let frames = riposte_capture::open(self.0.join(name)).expect("a capture").into_frames(Channel::default());
        frames.expect("frames").map(|record| record.expect("whole").bytes).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(start.elapsed() < LIMIT, "{what} does not come");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A process that is killed at the end, if it still runs.
struct Process(Child);

impl Process {
    fn start(command: &mut Command) -> Process {
        Process(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts"))
    }

    fn signal(&self, signal: &str, to: &str) {
        assert!(Command::new("kill").args([signal, to]).status().expect("kill runs").success());
    }

    fn ended(&mut self) -> (ExitStatus, String) {
        let status = wait_for("an end", || self.0.try_wait().expect("it is ours"));
        let mut text = String::new();
        std::io::Read::read_to_string(self.0.stderr.as_mut().expect("piped"), &mut text).expect("text");
        (status, text)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The program with these devices, and the card's side of its wire.
fn port(devices: &str) -> (CardSide, Process) {
    let (side, region) = CardSide::make(WireSizes::default()).expect("memory");
    let mut command = Command::new(PROGRAM);
    command.args(MACHINE.split(' ')).args(devices.split(' ')).stdin(region);
    (side, Process::start(&mut command))
}

fn opened(devices: &str) -> (CardSide, Process) {
    let (side, mut process) = port(devices);
    wait_for("an open port", || {
        let ended = process.0.try_wait().expect("it is ours");
        assert!(ended.is_none(), "{:?}", process.ended());
        (side.state() == PortState::Open).then_some(())
    });
    (side, process)
}

/// Ends a port in order.
fn close(mut side: CardSide, mut process: Process) -> WireCounts {
    side.close();
    let (status, text) = process.ended();
    assert!(status.success() && side.state() == PortState::Closed, "{text}");
    side.counts()
}

/// A frame that differs from all others; these of a wire have 14 bytes at least.
fn frame(number: usize, bytes: usize) -> Vec<u8> {
    let header = [2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 8, 0x88, 0xb5];
    let rest = (header.len()..bytes).map(|at| (at * 7 + number + (number >> 8)) as u8);
    header.into_iter().chain(rest).collect()
}

/// Frames of all lengths, the longest of Ethernet too.
fn frames(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|number| frame(number, 60 + number * 13 % 1455)).collect()
}

fn send(side: &mut CardSide, bytes: &[u8]) {
    side.send(&TakenFrame { cycle: 1, time_ns: 1, bytes }).expect("room");
}

fn receive(side: &mut CardSide) -> (u64, Vec<u8>) {
    let frame = wait_for("a frame", || side.receive().expect("a whole ring").map(|frame| (frame.time_ns, frame.bytes.to_vec())));
    side.release();
    frame
}

fn now_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos() as u64
}

#[test]
fn what_a_ring_gives_back_is_what_it_was_given() {
    let (mut side, process) = opened("--vdev=net_ring0");
    let folder = files_of(&process);
    for bytes in frames(2_000) {
        let before_ns = now_ns();
        send(&mut side, &bytes);
        let (time_ns, found) = receive(&mut side);
        assert!(found == bytes && (before_ns..=now_ns()).contains(&time_ns));
    }
    wait_for("an end of sending", || side.has_left().then_some(()));
    let counts = close(side, process);
    assert_eq!(counts, WireCounts { received: 2_000, transmitted: 2_000, ..WireCounts::default() });
    assert!(!folder.exists(), "DPDK's files go with their process");
}

/// Where DPDK keeps what belongs to this process.
fn files_of(process: &Process) -> PathBuf {
    let id = process.0.id();
    let maps = std::fs::read_to_string(format!("/proc/{id}/maps")).expect("it runs");
    let wanted = format!("/riposte-{id}/");
    let file = maps.lines().filter_map(|line| line.split_whitespace().last()).find(|name| name.contains(&wanted));
    Path::new(file.expect("a file of its own")).parent().expect("a folder").to_owned()
}

#[test]
fn what_a_killed_port_left_goes_with_the_next_one() {
    let (side, mut process) = opened("--vdev=net_ring0");
    let folder = files_of(&process);
    process.signal("-KILL", &process.0.id().to_string());
    process.ended();
    assert!(folder.exists(), "it had no time");
    drop(side);
    let (side, process) = opened("--vdev=net_ring0");
    assert!(!folder.exists() && files_of(&process).exists());
    close(side, process);
}

#[test]
fn a_capture_comes_in_and_a_capture_goes_out_byte_for_byte() {
    let folder = Folder::new("pcap");
    let mut coming = frames(5_000);
    // A tag, and what no feed sends.
    coming[7].splice(12..12, [0x81, 0, 0, 5]);
    let mut in_file = coming.clone();
    in_file.insert(9, frame(9, 3_000));
    let from = folder.capture("in.pcap", &in_file);
    let to = folder.0.join("out.pcap");
    let (mut side, process) = opened(&format!("--vdev=net_pcap0,rx_pcap={},tx_pcap={}", from.display(), to.display()));
    for (number, bytes) in coming.iter().enumerate() {
        assert!(receive(&mut side).1 == *bytes, "frame {number}");
    }
    let leaving: Vec<_> = (0..1_000).map(|number| frame(number + 7_000, 60 + number % 1_400)).collect();
    for bytes in &leaving {
        wait_for("room", || side.has_left().then_some(()));
        send(&mut side, bytes);
    }
    // What was sent before it was asked to end still leaves.
    let counts = close(side, process);
    assert_eq!(counts, WireCounts { received: 5_000, transmitted: 1_000, too_long: 1, ..WireCounts::default() });
    assert!(folder.frames("out.pcap") == leaving);
}

#[test]
fn two_interfaces_that_are_joined_are_a_wire() {
    const NAME: &str = "two_interfaces_that_are_joined_are_a_wire";
    if std::env::var_os("RIPOSTE_NETWORK").is_none() {
        let script = "ip link add rip0 type veth peer name rip1 && ip link set rip0 up && ip link set rip1 up || exit 77; \
                      exec \"$0\" --exact \"$1\" --nocapture";
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--net", "sh", "-c", script]).arg(std::env::current_exe().expect("it has a name")).arg(NAME);
        let output = command.env("RIPOSTE_NETWORK", "1").output();
        match output {
            Ok(output) if output.status.success() => assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed")),
            Ok(output) if output.status.code() != Some(77) && !output.stdout.is_empty() => {
                panic!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
            }
            _ => println!("skipped: {NAME}: no network of its own can be made here"),
        }
        return;
    }
    let (mut one, first) = opened("--vdev=net_af_packet0,iface=rip0");
    let (mut other, second) = opened("--vdev=net_af_packet0,iface=rip1");
    let ours = |side: &mut CardSide| loop {
        // An interface that comes up says many things.
        let (_, bytes) = receive(side);
        if bytes[12..14] == [0x88, 0xb5] {
            return bytes;
        }
    };
    for number in 0..500 {
        let (there, back) = (frame(number, 60 + number * 2), frame(number + 500, 1_100 - number * 2));
        send(&mut one, &there);
        assert!(ours(&mut other) == there, "frame {number}");
        send(&mut other, &back);
        assert!(ours(&mut one) == back, "frame {number}, back");
    }
    assert_eq!((close(one, first).lost(), close(other, second).lost()), (0, 0));
}

#[test]
fn what_cannot_be_a_port_is_told() {
    for (devices, says) in [
        ("-v", "leave no device"),
        ("--vdev=net_ring0 --vdev=net_ring1", "leave 2 devices (net_ring0, net_ring1)"),
        ("--vdev=net_pcap0,rx_pcap=nowhere.pcap", "nowhere.pcap: No such file"),
        ("--no-such-argument", "DPDK does not start"),
    ] {
        let (side, mut process) = port(devices);
        let (status, text) = process.ended();
        assert!(status.code() == Some(1) && text.contains(says), "{devices}: {status}: {text}");
        assert_eq!(side.state(), PortState::Opening);
    }
    let mut alone = Process::start(Command::new(PROGRAM).arg("--vdev=net_ring0").stdin(Stdio::null()));
    let (status, text) = alone.ended();
    assert!(status.code() == Some(1) && text.contains("is started by `riposte card serve --port dpdk:ARGS`"), "{text}");
}

// --- As the wire of a card -------------------------------------------------------------------------------------------

/// The binary, which lies beside the port's as it does where it is installed.
fn riposte(folder: &Folder, args: &[&str]) -> Command {
    let binary = Path::new(PROGRAM).with_file_name("riposte");
    assert!(binary.exists(), "{}: build it first (`make test-dpdk` does)", binary.display());
    let mut command = Command::new(binary);
    command.current_dir(&folder.0).args(args);
    command
}

fn serve(folder: &Folder, port: &str) -> Process {
    let args = ["card", "serve", "--port", port, "--link", "./link", "--transmit", "sent.pcap", "--watchdog-ms", "60000", "--json"];
    Process::start(&mut riposte(folder, &args))
}

fn join(folder: &Folder, card: &mut Process) -> HostEnd {
    wait_for("a card", || match HostEnd::attach(&folder.0.join("link")) {
        Err(LinkError::NoCard { .. }) => {
            let ended = card.0.try_wait().expect("it is ours");
            assert!(ended.is_none(), "{:?}", card.ended());
            None
        }
        attached => Some(attached.expect("a link")),
    })
}

#[test]
fn what_links_dpdk_is_its_port_alone() {
    let links = |program: &Path| {
        let output = Command::new("readelf").arg("-d").arg(program).output().expect("readelf runs");
        String::from_utf8_lossy(&output.stdout).contains("librte_")
    };
    let port = Path::new(PROGRAM);
    assert!(links(port) && !links(&port.with_file_name("riposte")));
}

/// Events of a card that has traded the whole market, but for their times, and the frames that it has sent.
fn traded(folder: &Folder, port: &str) -> (Vec<Event>, Vec<Vec<u8>>) {
    let text = desk::Desk::TWO_SIDED.text();
    let desk = riposte_desk::check(&text).desk.expect("a desk");
    let mut commands = desk.commands(1, 1);
    let next = commands.len() as u64 + 1;
    commands.extend([desk.session_command(next), riposte_desk::validate(next + 1, desk.mask())]);
    commands.extend(desk.grants(next + 2));
    commands.extend(desk.nothing_rests(commands.len() as u64 + 1));
    commands.push(riposte_desk::arm(commands.len() as u64 + 1));
    let mut card = serve(folder, port);
    let mut host = join(folder, &mut card);
    commands.iter().for_each(|command| assert_eq!(host.send(command), Ok(command.sequence)));
    let wanted = folder.frames("market.pcap").len() as u64;
    let mut events = Vec::new();
    wait_for("the whole market", || {
        host.beat();
        let status = host.status();
        while let Some(event) = host.receive().expect("a whole ring") {
            host.release_to(event.sequence);
            events.push(Event { time_ns: 0, ..event });
        }
        status.filter(|status| status.frames == wanted && status.events == events.len() as u64 && status.counters[0] > 0)
    });
    host.leave();
    card.signal("-TERM", &card.0.id().to_string());
    let (status, text) = card.ended();
    assert!(status.success(), "{text}");
    (events, folder.frames("sent.pcap"))
}

#[test]
fn a_card_trades_on_a_device_as_it_does_on_the_capture() {
    let folder = Folder::new("card");
    let args = ["market", "--seed", "7", "--messages", "20000", "--out", "market.pcap"];
    assert!(riposte(&folder, &args).status().expect("it runs").success());
    let (wanted, frames) = traded(&folder, "pcap:market.pcap");
    let devices = format!("dpdk:{MACHINE} --vdev=net_pcap0,rx_pcap=market.pcap,tx_pcap=left.pcap");
    let (events, sent) = traded(&folder, &devices);
    assert!(!frames.is_empty() && sent == frames, "{} and {} frames", sent.len(), frames.len());
    assert!(folder.frames("left.pcap") == frames, "what has left is what the card sent");
    let differs = events.iter().zip(&wanted).position(|(one, other)| one != other);
    assert_eq!((differs, events.len()), (None, wanted.len()));
}

/// The process of a card's port.
fn port_of(card: &Process) -> String {
    let id = card.0.id();
    wait_for("a port", || {
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).ok()?;
        children.split_whitespace().next().map(str::to_owned)
    })
}

fn has_ended(process: &str) -> bool {
    // What nobody waits for stays as a name.
    std::fs::read_to_string(format!("/proc/{process}/stat")).map_or(true, |stat| stat.contains(") Z "))
}

#[test]
fn a_port_ends_with_its_card_and_a_card_with_its_port_however_they_end() {
    let folder = Folder::new("ends");
    let name = format!("dpdk:{MACHINE} --vdev=net_ring0");
    let start = || {
        // Of a card that was killed.
        let _ = std::fs::remove_file(folder.0.join("link"));
        let mut card = serve(&folder, &name);
        drop(join(&folder, &mut card));
        let port = port_of(&card);
        (card, port)
    };
    let (mut card, port) = start();
    card.signal("-KILL", &card.0.id().to_string());
    // What it says is not read: a port that lived on would hold the pipe.
    card.0.wait().expect("it is ours");
    wait_for("the port's end", || has_ended(&port).then_some(()));
    // As a service manager ends both at once.
    let (mut card, port) = start();
    card.signal("-TERM", &port);
    // Long enough for one that would end by it.
    std::thread::sleep(Duration::from_millis(100));
    assert!(!has_ended(&port), "its signals are its card's");
    card.signal("-TERM", &card.0.id().to_string());
    let (status, text) = card.ended();
    assert!(status.success() && has_ended(&port), "{text}");
    let (mut card, port) = start();
    card.signal("-KILL", &port);
    let (status, text) = card.ended();
    assert!(status.code() == Some(1) && text.contains("dpdk: the port has ended (signal: 9"), "{status}: {text}");
    let mut card = serve(&folder, &format!("dpdk:{MACHINE}"));
    let (status, text) = card.ended();
    assert!(status.code() == Some(1) && text.contains("leave no device") && text.contains("the port has ended (exit status: 1)"), "{text}");
}
