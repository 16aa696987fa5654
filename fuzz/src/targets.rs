//! What is fuzzed: each reader of bytes that others write, as a function that must come back.
//!
//! In: any bytes. Out: nothing; a panic, a hang, or what was read and does not read back equal is a finding. Both the fuzzers and
//! `tests/tests/fuzz.rs` run these, the test on seeds and on what the fuzzers have found.
#[path = "connection.rs"]
pub mod connection;

use riposte_capture::{Capture, Channel, open, wire};
use riposte_control::{Answer, Lines, Request, line};
use riposte_engine::{Body, Config, Engine, Input, Instrument, Outputs, Record, RiskTerms, SESSIONS, Session, Times};
use riposte_map::limits::INSTRUMENTS;
use riposte_session::{Client, payload};
use riposte_venue::ouch::{Inbound, Outbound};
use riposte_venue::soup::{Connection, Event, Stream, Terms};

/// A name, and what it runs.
pub type Target = (&'static str, fn(&[u8]));

pub const TARGETS: &[Target] = &[
    ("capture", capture), ("wire", frame), ("session", session), ("venue", venue), ("control", control), ("desk", desk),
    ("engine", engine), ("tcp", connection::tcp),
];

/// A file: pcap, pcapng, raw ITCH, or any of these in gzip.
fn capture(bytes: &[u8]) {
    let path = std::env::temp_dir().join(format!("riposte-fuzz-{}-{:?}", std::process::id(), std::thread::current().id()));
    std::fs::write(&path, bytes).expect("a file of the fuzzer's own");
    if let Ok(capture) = open(&path) {
        let is_frames = matches!(capture, Capture::Frames(_));
        let frames = capture.into_frames(Channel::default()).expect("a sound channel");
        for record in frames.take(10_000) {
            match record {
                Ok(record) => frame(&record.bytes),
                // What comes behind the first fault is nothing, of frames as of messages.
                Err(_) if is_frames => break,
                Err(_) => {}
            }
        }
    }
    let _ = std::fs::remove_file(&path);
}

/// A frame down to its messages, and the other way: what a card's frame holds for the venue.
fn frame(bytes: &[u8]) {
    if let Ok(datagram) = wire::datagram(bytes)
        && let Ok(packet) = wire::packet(datagram.payload)
    {
        packet.messages().take(1 << 16).for_each(|message| _ = message.is_ok_and(|(_, one)| wire::kind(one).is_ok()));
    }
    if let Ok(inside) = payload(bytes) {
        assert!(inside.len() <= bytes.len());
    }
}

/// What a venue sends, in pieces as the first byte says, over two connections.
fn session(bytes: &[u8]) {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], 1));
    let mut config = riposte_session::Config { orders: 64, queue: 64, ..riposte_session::Config::new(address, "RIPO", "riposte") };
    config.symbols[0] = "AAPL".to_owned();
    let mut client = Client::new(&config).expect("a sound configuration");
    let (one, other) = bytes.split_at(bytes.len() * usize::from(first >> 4) / 16);
    for part in [one, other] {
        client.connected(0);
        let mut now_ns = 0;
        for mut piece in part.chunks(1 + usize::from(first & 15) * 7) {
            while !piece.is_empty() && client.closing().is_none() {
                let taken = client.receive(now_ns, piece);
                piece = &piece[taken..];
                let bodies = std::iter::from_fn(|| client.next(now_ns)).count();
                assert!(taken > 0 || bodies > 0 || client.closing().is_some(), "it neither takes nor gives");
            }
            now_ns += 1_000_000;
            client.tick(now_ns);
            let written = client.output().len();
            client.written(written);
        }
        client.disconnected();
    }
}

/// What a client sends to the venue, and messages both ways.
fn venue(bytes: &[u8]) {
    if let Ok(message) = Inbound::decode(bytes) {
        assert_eq!(Inbound::decode(&message.encode()), Ok(message), "it reads back");
    }
    if let Ok(message) = Outbound::decode(bytes) {
        assert_eq!(Outbound::decode(&message.encode()), Ok(message), "it reads back");
    }
    let (terms, stream) = (Terms::new(*b"VENUE00001", "RIPO", "riposte", false), Stream::default());
    let (mut connection, mut out) = (Connection::new(0), Vec::new());
    let mut event = connection.receive(0, bytes, &terms, &stream, &mut out);
    while let Some(one) = event {
        if let Event::Data(message) = one {
            let _ = Inbound::decode(&message);
        }
        event = connection.receive(1, &[], &terms, &stream, &mut out);
    }
    connection.pump(2, &terms, &stream, 4096, &mut out);
}

/// What people say to a host, and what it answers.
fn control(bytes: &[u8]) {
    for piece in [1, 7, bytes.len().max(1)] {
        let mut lines = Lines::default();
        for part in bytes.chunks(piece) {
            lines.push(part);
            while let Ok(Some(request)) = lines.take::<Request>() {
                let mut again = Lines::default();
                again.push(&line(&request));
                assert_eq!(again.take::<Request>().expect("its own line"), Some(request));
            }
        }
    }
    let mut lines = Lines::default();
    lines.push(bytes);
    while let Ok(Some(_)) = lines.take::<Answer>() {}
}

/// A configuration, and what is made of one that is sound.
fn desk(bytes: &[u8]) {
    let check = riposte_desk::check(&String::from_utf8_lossy(bytes));
    check.problems.iter().for_each(|problem| assert!(!problem.to_string().is_empty()));
    if let Some(desk) = check.desk {
        let mut rows = desk.commands(1, 1);
        rows.pop().expect("the commit");
        rows.extend(desk.grants(1));
        assert!(riposte_engine::content(&rows).is_some(), "a checked desk makes a whole set");
    }
}

/// Inputs as a journal has them, one behind its length each.
fn engine(bytes: &[u8]) {
    let (mut engine, mut out) = (Engine::new(small()).expect("a sound configuration"), Outputs::default());
    let mut rest = bytes;
    while let Some((&length, behind)) = rest.split_first() {
        let (one, behind) = behind.split_at(behind.len().min(usize::from(length)));
        rest = behind;
        if let Some(record) = Record::decode(one) {
            assert_eq!(record.encode().bytes(), one);
        }
        let Some(input) = Input::decode(one) else { continue };
        assert_eq!(input.encode().bytes(), one, "{input:?}");
        engine.apply(&input, &mut out);
        if matches!(input.body, Body::Tick) {
            engine = Engine::decode(&engine.encode()).expect("its own state");
        }
    }
    let _ = (Config::decode(bytes), Engine::decode(bytes).is_ok());
}

fn small() -> Config {
    let minute = 60_000_000_000;
    Config {
        instruments: [Instrument { venue: 0, multiplier: 1, erroneous_bp: 1000 }; INSTRUMENTS],
        sessions: [Session { venue: 0, cancel_on_disconnect: true, timer_renew_ns: minute, drop_copy: true }; SESSIONS],
        risk: RiskTerms::default(),
        times: Times {
            protection_ns: minute, answer_ns: minute, silence_ns: minute, mark_window_ns: minute, mark_age_ns: minute, drop_copy_ns: minute,
            bust_window_ns: minute, claim_ns: minute, approval_ns: minute, reversion_ns: minute,
        },
        approved: Default::default(),
        orders: 32, executions: 32, requests: 32,
    }
}
