//! A served card as a process of its own, with hosts that are slow, die, or come after one that died.
mod support;

use riposte_capture::Channel;
use riposte_desk::{Desk, arm, heartbeat, trace, validate};
use riposte_device::link::{Feed, HostEnd, LinkError, Peer, Status};
use riposte_device::{Card, Frame};
use riposte_map::counter::Counter;
use riposte_map::limits::TRANSMIT_GAP_WORDS;
use riposte_map::reason::Reason;
use riposte_map::shm::{Command as CardCommand, Event, EventKind, Opcode};
use std::os::unix::fs::FileExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::{Folder, Process, riposte, wait_for};

const DESK: &str = include_str!("../../../demo/desk.toml");
const WATCH_NS: u64 = 1_000_000_000;
/// Where a region tells how far the card's port is.
const FEED_BYTES: u64 = 65 * 8;
/// Cycles until a served card that nobody has told anything stands still, and between two looks at what it has put out.
const REST_CYCLES: u64 = 4096;
const STEP_CYCLES: u64 = 64;
/// Between the cycle for which the gate looks after the host and the order's first word.
const GATE_TO_WIRE: u64 = 1;
/// For ever, as far as a test is concerned.
const LONG: u64 = 1 << 40;

/// A folder with a market.
fn folder(name: &str, messages: u32) -> Folder {
    let folder = Folder::new(name);
    folder.market(7, messages);
    folder
}

impl Folder {
    /// A card that serves the market.
    fn serve(&self, more: &[&str]) -> Process {
        Process::start(self.serving(more))
    }

    fn serving(&self, more: &[&str]) -> Command {
        let args = ["card", "serve", "--port", "pcap:market.pcap", "--link", "./link", "--transmit", "sent.pcap", "--json"];
        riposte(&self.0, &[&args, more].concat())
    }

    /// The desk of the demonstration with the locate codes of this market.
    fn desk(&self) -> Desk {
        let mut desk = riposte_desk::check(DESK).desk.expect("a desk");
        let frames: Vec<_> = self.frames("market.pcap");
        let mut found = std::collections::HashMap::new();
        for (_, bytes) in &frames {
            let datagram = riposte_capture::wire::datagram(bytes).expect("a datagram");
            let packet = riposte_capture::wire::packet(datagram.payload).expect("a packet");
            for (_, message) in packet.messages().map_while(Result::ok) {
                if let Some(stock) = riposte_capture::stock_of(message) {
                    let symbol = String::from_utf8_lossy(&stock).trim_end().to_owned();
                    found.insert(symbol, u16::from_be_bytes([message[1], message[2]]));
                }
            }
        }
        assert!(desk.resolve(|symbol| found.get(symbol).copied()).is_empty());
        desk
    }

    fn frames(&self, name: &str) -> Vec<(u64, Vec<u8>)> {
        let frames = riposte_capture::open(self.path(name)).expect("a capture").into_frames(Channel::default());
        frames.expect("frames").map(|record| record.expect("whole")).map(|record| (record.time_ns, record.bytes)).collect()
    }

    /// How far the card's port is, out of its line of the region: no second host may join to ask.
    fn has_ended(&self) -> bool {
        let mut word = [0; 8];
        std::fs::File::open(self.path("link")).and_then(|link| link.read_exact_at(&mut word, FEED_BYTES)).expect("a region");
        u64::from_le_bytes(word) == Feed::Ended as u64
    }

    /// What a card in this process does in the very cycles of one that is served: it is told all at once when it has come to rest.
    fn expected_to_the_cycle(&self, commands: &[CardCommand]) -> riposte_device::Output {
        let (mut card, mut output) = (riposte_model::Model::new(), riposte_device::Output::default());
        card.idle(REST_CYCLES);
        for (cycle, command) in (REST_CYCLES..).zip(commands) {
            card.schedule(cycle, command);
        }
        card.idle(commands.len() as u64);
        // The feed waits for the event of an armed card, and the card is looked at so often.
        while !output.events.iter().any(|event| is_command(event, Opcode::Arm)) {
            card.idle(STEP_CYCLES);
            card.drain(&mut output);
        }
        for (time_ns, bytes) in self.frames("market.pcap") {
            card.idle(TRANSMIT_GAP_WORDS as u64);
            card.frame(&Frame::new(&bytes, time_ns));
        }
        card.idle(8192);
        card.drain(&mut output);
        output
    }

    /// What a card in this process makes of the same commands and frames.
    fn expected(&self, commands: &[CardCommand]) -> (Vec<Event>, Vec<Vec<u8>>, [u32; Counter::COUNT]) {
        let mut card = riposte_model::Model::new();
        for (cycle, command) in (0..).zip(commands) {
            card.schedule(cycle, command);
        }
        card.idle(commands.len() as u64 + 4096);
        for (time_ns, bytes) in self.frames("market.pcap") {
            card.idle(4);
            card.frame(&Frame::new(&bytes, time_ns));
        }
        card.idle(8192);
        let mut output = riposte_device::Output::default();
        card.drain(&mut output);
        (output.events, output.transmitted.into_iter().map(|frame| frame.bytes).collect(), card.counters())
    }
}

/// All that a card is told, arming last.
fn commands(desk: &Desk) -> Vec<CardCommand> {
    let mut commands = desk.commands(1, 1);
    let next = commands.len() as u64 + 1;
    commands.extend([desk.session_command(next), trace(next + 1, true), validate(next + 2, desk.mask())]);
    commands.extend(desk.grants(next + 3));
    commands.extend(desk.nothing_rests(commands.len() as u64 + 1));
    commands.push(arm(commands.len() as u64 + 1));
    commands
}

fn send(host: &mut HostEnd, commands: &[CardCommand]) {
    for command in commands {
        assert_eq!(host.send(command), Ok(command.sequence));
    }
}

/// Reads and releases events, with a heartbeat, until `is_last` says so of one, or all are read and the feed has ended.
fn read_until(host: &mut HostEnd, is_last: impl Fn(&Event) -> bool) -> Vec<Event> {
    let (mut events, start) = (Vec::new(), Instant::now());
    loop {
        let has_ended = host.feed() == Feed::Ended;
        host.beat();
        while let Some(event) = host.receive().expect("a whole ring") {
            host.release_to(event.sequence);
            events.push(event);
            if is_last(&event) {
                return events;
            }
        }
        if has_ended {
            return events;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "{} events, and no end", events.len());
        std::thread::yield_now();
    }
}

fn is_command(event: &Event, opcode: Opcode) -> bool {
    event.kind() == Some(EventKind::Command) && event.detail == opcode as u16
}

fn count(events: &[Event], kind: EventKind) -> usize {
    events.iter().filter(|event| event.kind() == Some(kind)).count()
}

/// A whole run of a served card, compared with a card in this process.
fn run_equals(name: &str, card: &str, messages: u32) {
    let folder = folder(name, messages);
    let mut served = folder.serve(&["--card", card, "--watchdog-ms", "60000"]);
    let mut host = folder.join();
    assert_eq!(host.feed(), Feed::Waiting, "the feed waits for an armed card");
    let commands = commands(&folder.desk());
    send(&mut host, &commands);
    let events = read_until(&mut host, |_| false);
    let (wanted, frames, counters) = folder.expected(&commands);
    let differs = events.iter().zip(&wanted).position(|(one, other)| one != other);
    assert_eq!((differs, events.len()), (None, wanted.len()));
    let sent: Vec<_> = folder.frames("sent.pcap").into_iter().map(|(_, bytes)| bytes).collect();
    assert!(!frames.is_empty() && sent == frames, "{} and {} frames", sent.len(), frames.len());
    let status: Status = host.status().expect("a status");
    assert_eq!((status.events, status.transmitted, status.counters), (events.len() as u64, frames.len() as u64, counters));
    assert_eq!((status.commands, status.watchdog_kills, status.stalls), (commands.len() as u64, 0, 0));
    host.leave();
    let summary = served.summary();
    assert_eq!((&summary["events"], &summary["transmitted"]), (&events.len().into(), &frames.len().into()));
    assert_eq!(summary["card"], card);
    assert!(!folder.path("link").exists(), "a link goes with its card");
}

#[test]
fn a_served_model_gives_what_a_card_in_the_process_gives() {
    run_equals("model", "model", 20_000);
}

#[test]
fn served_gateware_gives_what_a_card_in_the_process_gives() {
    run_equals("verilated", "verilated", 6_000);
}

#[test]
fn a_full_event_ring_halts_the_card_and_loses_nothing() {
    let folder = folder("full", 20_000);
    let mut served = folder.serve(&["--event-slots", "64", "--watchdog-ms", "60000"]);
    let mut host = folder.join();
    let commands = commands(&folder.desk());
    send(&mut host, &commands);
    let stalled = |status: &Status| status.stalls == 1 && status.events == 64;
    let before = wait_for("a stall", || host.status().filter(stalled));
    std::thread::sleep(Duration::from_millis(50));
    let after = host.status().expect("a status");
    assert_eq!((after.cycle, after.transmitted), (before.cycle, before.transmitted), "a card that stands still sends nothing");
    // Nothing has left whose event is not in the ring.
    let mut events = Vec::new();
    while let Some(event) = host.receive().expect("a whole ring") {
        events.push(event);
    }
    assert_eq!(events.len(), 64);
    assert!(folder.frames("sent.pcap").len() <= count(&events, EventKind::OrderSent));
    host.release_to(64);
    events.extend(read_until(&mut host, |_| false));
    let (wanted, frames, _) = folder.expected(&commands);
    assert_eq!((events.len(), events == wanted), (wanted.len(), true), "every event, in order, once");
    assert_eq!(folder.frames("sent.pcap").len(), frames.len());
    host.leave();
    assert!(served.summary()["stalls"].as_u64() > Some(1));
}

#[test]
fn no_frame_leaves_before_its_event_is_in_the_ring() {
    let folder = folder("before", 20_000);
    // A ring so small that it is full in the middle of what one frame brings.
    let mut served = folder.serve(&["--event-slots", "2", "--watchdog-ms", "60000"]);
    let mut host = folder.join();
    send(&mut host, &commands(&folder.desk()));
    let (mut sent, start) = (0, Instant::now());
    while sent < 30 {
        let newest = host.next_event() + 1;
        while host.next_event() <= newest {
            match host.receive().expect("a whole ring") {
                Some(event) => sent += usize::from(event.kind() == Some(EventKind::OrderSent)),
                None => std::thread::yield_now(),
            }
            assert!(start.elapsed() < Duration::from_secs(60), "{sent} orders, and no event comes");
        }
        // The ring is full: the next event, whatever it tells, is still with the card.
        std::thread::sleep(Duration::from_micros(200));
        let left = folder.frames("sent.pcap").len();
        assert!(left <= sent, "{left} frames left, {sent} are told of");
        host.release_to(newest);
    }
    served.signal("TERM");
    assert!(served.ended().status.success());
}

#[test]
fn a_host_that_takes_frames_gets_each_behind_its_event_and_a_full_ring_halts_the_card() {
    let folder = folder("taken", 20_000);
    let mut served = folder.serve(&["--transmit-slots", "64", "--watchdog-ms", "60000"]);
    let mut host = folder.join();
    host.take_frames();
    let commands = commands(&folder.desk());
    send(&mut host, &commands);
    let before = wait_for("a stall", || host.status().filter(|status| status.stalls == 1));
    std::thread::sleep(Duration::from_millis(50));
    let after = host.status().expect("a status");
    assert_eq!((after.cycle, after.transmitted), (before.cycle, before.transmitted), "a card that stands still decides nothing");
    let (mut frames, mut told, start) = (Vec::new(), 0, Instant::now());
    loop {
        let has_ended = host.feed() == Feed::Ended;
        let before = frames.len();
        while let Some(frame) = host.frame().expect("a whole ring") {
            frames.push(frame.bytes.to_vec());
        }
        host.release_frames();
        // Read behind the frames: the event of each is there.
        while let Some(event) = host.receive().expect("a whole ring") {
            host.release_to(event.sequence);
            told += usize::from(event.kind() == Some(EventKind::OrderSent));
        }
        assert!(frames.len() <= told, "{} frames, {told} are told of", frames.len());
        if has_ended && frames.len() == before {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "{} frames, and no end", frames.len());
    }
    let (_, wanted, _) = folder.expected(&commands);
    assert!(frames == wanted, "every frame, in order, once: {} and {}", frames.len(), wanted.len());
    let sent: Vec<_> = folder.frames("sent.pcap").into_iter().map(|(_, bytes)| bytes).collect();
    assert!(sent == wanted, "the capture has them too");
    let status = host.status().expect("a status");
    assert_eq!((status.taken, status.unclaimed), (wanted.len() as u64, 0));
    host.leave();
    assert_eq!(served.summary()["taken"], wanted.len());
}

/// What the host of a test does in a process of its own; as a test of its own it does nothing.
#[test]
fn in_a_process_of_its_own() {
    let Some(folder) = std::env::var_os("RIPOSTE_CARD_HOST") else { return };
    let folder = std::mem::ManuallyDrop::new(Folder(folder.into()));
    let mut host = folder.join();
    if let Some(cycles) = std::env::var("RIPOSTE_CARD_VOUCHES").ok().map(|cycles| cycles.parse().expect("cycles")) {
        return vouch_once(&folder, &mut host, cycles);
    }
    send(&mut host, &commands(&folder.desk()));
    // Reads until orders leave, and releases none of it.
    wait_for("an order", || {
        host.beat();
        let event = host.receive().expect("a whole ring");
        event.filter(|event| event.kind() == Some(EventKind::OrderSent))
    });
    folder.write("ready", "");
    loop {
        host.beat();
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A host in a process of its own, which has armed the card and seen an order.
fn armed_host(folder: &Folder) -> Process {
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command.args(["--exact", "in_a_process_of_its_own"]).env("RIPOSTE_CARD_HOST", &folder.0).stdout(Stdio::null());
    let host = Process::start(command);
    wait_for("its first order", || folder.path("ready").exists().then_some(()));
    host
}

/// Arms a card that stands still, tells it last that the host vouches for so many cycles, and never again.
fn vouch_once(folder: &Folder, host: &mut HostEnd, cycles: u64) {
    wait_for("a card at rest", || host.status().filter(|status| status.cycle == REST_CYCLES));
    folder.write("at-rest", "");
    wait_for("a card that is stopped", || folder.path("stopped").exists().then_some(()));
    send(host, &vouched(&folder.desk(), cycles));
    folder.write("ready", "");
    loop {
        host.beat();
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// All that a card is told, the heartbeat last.
fn vouched(desk: &Desk, cycles: u64) -> Vec<CardCommand> {
    let mut commands = commands(desk);
    commands.push(heartbeat(commands.len() as u64 + 1, cycles));
    commands
}

/// Stops a process as `SIGSTOP` does; it has stopped when this returns.
fn stop(process: &Process) {
    process.signal("STOP");
    let stat = format!("/proc/{}/stat", process.id());
    let is_stopped = || std::fs::read_to_string(&stat).expect("a process").rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'));
    wait_for("a stop", || is_stopped().then_some(()));
}

/// All that a served card tells and sends whose host vouches once for so many cycles and is then lost. Card and host are stopped
/// in turns, so the card hears all of it at once and nothing of the host's end is early or late for it.
fn without_host(folder: &Folder, card: &str, cycles: u64, lose: impl FnOnce(Process) -> Option<Process>) -> (Vec<Event>, Vec<Vec<u8>>) {
    for file in ["at-rest", "stopped", "ready"] {
        let _ = std::fs::remove_file(folder.path(file));
    }
    let mut served = folder.serve(&["--card", card, "--watchdog-ms", "60000"]);
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command.args(["--exact", "in_a_process_of_its_own"]).stdout(Stdio::null());
    command.env("RIPOSTE_CARD_HOST", &folder.0).env("RIPOSTE_CARD_VOUCHES", cycles.to_string());
    let host = Process::start(command);
    wait_for("a card at rest", || folder.path("at-rest").exists().then_some(()));
    stop(&served);
    folder.write("stopped", "");
    wait_for("what the host says", || folder.path("ready").exists().then_some(()));
    let lost = lose(host);
    served.signal("CONT");
    wait_for("the feed's end", || folder.has_ended().then_some(()));
    // One that hangs holds its place until it is gone.
    assert_eq!(lost.is_some(), matches!(HostEnd::attach(&folder.path("link")), Err(LinkError::InUse { who: "host", .. })));
    drop(lost);
    let mut next = folder.join();
    let events = read_until(&mut next, |_| false);
    let sent = folder.frames("sent.pcap").into_iter().map(|(_, bytes)| bytes).collect();
    drop(next);
    // Its link goes with it, so that nobody joins this one for the next.
    served.end();
    (events, sent)
}

fn is_silence(event: &Event) -> bool {
    event.kind() == Some(EventKind::Channel) && event.reason == Reason::HostSilent as u8
}

/// Events up to the host's silence, without those of kills and orders.
fn told_before_silence(events: &[Event]) -> Vec<(u8, u64, u8)> {
    assert_eq!(events.iter().filter(|event| is_silence(event)).count(), 1);
    let kept = |event: &&Event| !is_command(event, Opcode::Kill) && !matches!(event.kind(), Some(EventKind::OrderSent | EventKind::OrderRefused));
    events.iter().take_while(|event| !is_silence(event)).filter(kept).map(|event| (event.kind, event.feed_sequence, event.instrument)).collect()
}

/// A host that hangs vouches up to a cycle: the order for which the gate looks in the last such one leaves, and with a cycle
/// less it does not. Nor does anything behind it.
fn hangs_to_the_cycle(card: &str, messages: u32) {
    let folder = folder(&format!("cycle-{card}"), messages);
    let desk = folder.desk();
    let all = folder.expected_to_the_cycle(&vouched(&desk, LONG));
    let nth = all.transmitted.len() / 2;
    assert!(nth > 0, "orders before it and behind it");
    // The heartbeat is the last command, and n cycles are heard up to n + 3 behind its own.
    let shown = REST_CYCLES + vouched(&desk, LONG).len() as u64 - 1;
    let exact = all.transmitted[nth].cycle - GATE_TO_WIRE - (shown + 3);
    for (cycles, orders) in [(exact, nth + 1), (exact - 1, nth)] {
        let wanted = folder.expected_to_the_cycle(&vouched(&desk, cycles));
        assert_eq!(wanted.transmitted, all.transmitted[..orders], "{cycles} cycles");
        let (events, sent) = without_host(&folder, card, cycles, |host| {
            stop(&host);
            Some(host)
        });
        assert!(sent.iter().eq(all.transmitted[..orders].iter().map(|frame| &frame.bytes)), "{} of {orders} orders", sent.len());
        // When the host that hangs is gone the card is killed, behind all of it.
        let told: Vec<Event> = events.into_iter().filter(|event| !is_command(event, Opcode::Kill)).collect();
        let differs = told.iter().zip(&wanted.events).position(|(one, other)| one != other);
        assert_eq!((differs, told.len()), (None, wanted.events.len()), "{cycles} cycles");
        let silent = told.iter().position(is_silence).expect("silence");
        assert_eq!(count(&told[silent..], EventKind::OrderSent), 0);
        assert!(count(&told[silent..], EventKind::OrderRefused) > 0, "rules fire behind it");
    }
}

#[test]
fn a_host_that_hangs_is_heard_for_exactly_the_cycles_that_it_vouched_for() {
    hangs_to_the_cycle("model", 20_000);
}

#[test]
fn a_host_that_hangs_is_heard_for_exactly_these_cycles_by_gateware() {
    hangs_to_the_cycle("verilated", 20_000);
}

#[test]
fn a_host_that_dies_is_heard_for_exactly_the_cycles_that_it_vouched_for() {
    let folder = folder("cycle-dies", 6_000);
    let desk = folder.desk();
    let of = |cycles: u64| folder.expected_to_the_cycle(&vouched(&desk, cycles));
    // Where one more cycle lets one more event come before the silence.
    let before = |cycles: u64| told_before_silence(&of(cycles).events).len();
    let exact = (20_000..).find(|cycles| before(cycles + 1) == before(*cycles) + 1).expect("a boundary");
    for cycles in [exact, exact + 1] {
        // Its process kills the card too, at a time of its own: a command before the feed puts the feed off by its cycle.
        let (events, sent) = loop {
            let (events, sent) = without_host(&folder, "model", cycles, |host| {
                host.kill();
                None
            });
            let mut before = events.iter().take_while(|event| event.kind() != Some(EventKind::Book));
            if !before.any(|event| is_command(event, Opcode::Kill)) {
                break (events, sent);
            }
        };
        let wanted = of(cycles);
        let (told, expected) = (told_before_silence(&events), told_before_silence(&wanted.events));
        assert!(told == expected, "{cycles} cycles: {} events before it, not {}", told.len(), expected.len());
        // Less has left for it, and nothing else.
        assert!(wanted.transmitted.iter().map(|frame| &frame.bytes).zip(&sent).all(|(one, other)| one == other));
        assert!(sent.len() <= wanted.transmitted.len());
        let silent = events.iter().position(is_silence).expect("silence");
        assert_eq!((count(&events, EventKind::OrderSent), count(&events[silent..], EventKind::OrderSent)), (sent.len(), 0));
    }
}

/// The card after its host was lost: killed by itself, so that nothing leaves any more, until the next host clears it.
fn killed_by_watchdog(folder: &Folder, mut host: HostEnd) {
    let events = read_until(&mut host, |event| is_command(event, Opcode::Kill));
    assert_eq!(events[0].sequence, 1, "the host that was lost had released nothing");
    let kill = events.last().expect("a kill");
    assert_eq!((kill.reason, kill.feed_sequence), (Reason::None as u8, 0), "a command of the card's own");
    let sent = count(&events, EventKind::OrderSent);
    assert!(sent > 0);
    let refused = read_until(&mut host, |event| event.kind() == Some(EventKind::OrderRefused) && event.reason == Reason::Killed as u8);
    assert_eq!(refused.last().map(|event| event.reason), Some(Reason::Killed as u8), "rules fire, and the gate refuses");
    assert_eq!(count(&refused, EventKind::OrderSent), 0, "nothing left behind the kill");
    assert_eq!(host.status().expect("a status").watchdog_kills, 1);
    assert_eq!(folder.frames("sent.pcap").len(), sent);
    let clear = CardCommand { opcode: Opcode::ClearKill as u8, ..CardCommand::default() };
    assert!(host.send(&clear).is_ok());
    let behind = read_until(&mut host, |event| event.kind() == Some(EventKind::OrderSent));
    assert_eq!(behind.last().and_then(Event::kind), Some(EventKind::OrderSent), "the next host may trade again");
}

#[test]
fn a_host_that_is_killed_kills_the_card_and_the_next_one_reads_everything() {
    let folder = folder("host-killed", 400_000);
    let _served = folder.serve(&["--watchdog-ms", "60000"]);
    let host = armed_host(&folder);
    host.kill();
    killed_by_watchdog(&folder, folder.join());
}

#[test]
fn a_host_that_hangs_kills_the_card() {
    let folder = folder("host-hangs", 400_000);
    let mut command = folder.serving(&["--watchdog-ms", "1000"]);
    command.stderr(std::fs::File::create(folder.path("card.log")).expect("a file"));
    let mut served = Process::start(command);
    let host = armed_host(&folder);
    host.signal("STOP");
    let told = || std::fs::read_to_string(folder.path("card.log")).expect("what it says");
    wait_for("the watchdog", || told().contains("the card is killed").then_some(()));
    assert!(told().contains("has not moved for"), "{}", told());
    // It holds its place until it is gone.
    assert!(matches!(HostEnd::attach(&folder.path("link")), Err(LinkError::InUse { who: "host", .. })));
    drop(host);
    killed_by_watchdog(&folder, folder.join());
    served.end();
}

#[test]
fn a_card_that_is_killed_is_noticed_and_every_frame_that_left_has_its_event() {
    let folder = folder("card-killed", 400_000);
    let served = folder.serve(&["--watchdog-ms", "60000"]);
    let mut host = folder.join();
    let mut watch = host.watch(WATCH_NS).expect("a watch");
    assert_eq!(watch.look(0).expect("a look"), Peer::Alive);
    send(&mut host, &commands(&folder.desk()));
    let mut events = Vec::new();
    while count(&events, EventKind::OrderSent) < 20 {
        let is_sent = |event: &Event| event.kind() == Some(EventKind::OrderSent);
        events.extend(read_until(&mut host, is_sent));
    }
    let id = served.id();
    served.kill();
    assert_eq!(watch.look(1).expect("a look"), Peer::Died { process: id });
    while let Some(event) = host.receive().expect("a whole ring") {
        events.push(event);
    }
    let numbers: Vec<_> = events.iter().map(|event| event.sequence).collect();
    assert_eq!(numbers, (1..=events.len() as u64).collect::<Vec<_>>(), "no event is missing");
    let sent = folder.frames("sent.pcap").len();
    assert!(sent >= 19 && sent <= count(&events, EventKind::OrderSent), "{sent} frames left");
    // The link is free for the next card; this host keeps what it has.
    host.release_to(u64::MAX);
    let mut next = folder.serve(&[]);
    let mut joined = wait_for("the next card", || HostEnd::attach(&folder.path("link")).ok().filter(|host| host.next_command() == 1));
    assert_eq!(joined.receive(), Ok(None));
    next.signal("TERM");
    assert_eq!(next.summary()["frames"], 0);
    wait_for("its end", || (joined.feed() == Feed::Gone).then_some(()));
}

#[test]
fn what_cannot_be_served_is_told_with_what_to_do() {
    let folder = folder("refused", 5_000);
    let fails = |code: i32, args: &[&str]| {
        let output = folder.run(&[&["card", "serve"], args].concat());
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {told}");
        told
    };
    assert!(fails(2, &["--port", "market.pcap"]).contains("pcap:FILE"));
    assert!(fails(1, &["--port", "pcap:nothing.pcap"]).contains("nothing.pcap"));
    assert!(fails(1, &["--port", "pcap:market.pcap", "--transmit", "market.pcap"]).contains("another file"));
    let slots = ["--port", "pcap:market.pcap", "--link", "./other", "--event-slots", "100"];
    assert!(fails(1, &slots).contains("power of two"));
    let mut served = folder.serve(&["--at-once", "--event-slots", "1024"]);
    let host = folder.join();
    wait_for("the feed, which waits for nobody", || (host.feed() == Feed::Ended).then_some(()));
    assert!(fails(1, &["--port", "pcap:market.pcap", "--link", "./link"]).contains("another card"));
    host.leave();
    assert_eq!(served.summary()["orders_sent"], serde_json::Value::Null);
}
