//! Driving and comparing, on a card that is only an account of what it was asked, with flaws on demand.
use super::drive::{Drive, Ended, Error, Pacing};
use super::outputs::Outputs;
use super::rig::{Difference, Rig};
use riposte_capture::Record;
use riposte_desk::{Desk, check};
use riposte_device::{Card, Frame, Output, Transmitted};
use riposte_map::counter::Counter;
use riposte_map::shm::{Command, Event, EventKind, Opcode};
use std::cell::RefCell;
use std::rc::Rc;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    None,
    /// Hands out what it has one drain later.
    Late,
    EventField,
    EventMissing,
    FrameByte,
    FrameCycle,
    FrameMissing,
    Counter,
    Clock,
}

/// One Book event a frame and one order every second frame; the flaw shows in frame 4.
struct Fake {
    flaw: Flaw,
    cycle: u64,
    frames: u32,
    ready: Output,
    held: Output,
    commands: Rc<RefCell<Vec<(u64, Command)>>>,
}

impl Fake {
    fn boxed(flaw: Flaw) -> Box<dyn Card> {
        Box::new(Fake::new(flaw))
    }

    fn new(flaw: Flaw) -> Fake {
        Fake { flaw, cycle: 0, frames: 0, ready: Output::default(), held: Output::default(), commands: Rc::default() }
    }
}

impl Card for Fake {
    fn name(&self) -> &'static str {
        if self.flaw == Flaw::None { "right" } else { "wrong" }
    }

    fn reset(&mut self) {
        let commands = self.commands.clone();
        *self = Fake { commands, ..Fake::new(self.flaw) };
    }

    fn cycle(&self) -> u64 {
        self.cycle
    }

    fn schedule(&mut self, cycle: u64, command: &Command) {
        self.commands.borrow_mut().push((cycle, *command));
    }

    fn frame(&mut self, frame: &Frame) {
        self.cycle += frame.bytes.len().div_ceil(8) as u64;
        self.frames += 1;
        let flawed = |flaw| self.flaw == flaw && self.frames == 4;
        let mut event = Event {
            sequence: self.frames.into(),
            kind: EventKind::Book as u8,
            time_ns: frame.time_ns,
            feed_sequence: self.cycle,
            ..Event::default()
        };
        event.quantity += u32::from(flawed(Flaw::EventField));
        if !flawed(Flaw::EventMissing) {
            self.ready.events.push(event);
        }
        if self.frames.is_multiple_of(2) && !flawed(Flaw::FrameMissing) {
            let mut bytes = frame.bytes.to_vec();
            bytes[0] ^= u8::from(flawed(Flaw::FrameByte));
            let cycle = self.cycle + u64::from(flawed(Flaw::FrameCycle));
            self.ready.transmitted.push(Transmitted { cycle, time_ns: frame.time_ns, bytes });
        }
        self.cycle += u64::from(flawed(Flaw::Clock));
    }

    fn frame_b(&mut self, _: u64, _: &Frame) {
        unreachable!("these runs have one line");
    }

    fn idle(&mut self, cycles: u64) {
        self.cycle += cycles;
    }

    fn drain(&mut self, output: &mut Output) {
        if self.flaw == Flaw::Late {
            std::mem::swap(&mut self.ready, &mut self.held);
        }
        output.events.append(&mut self.ready.events);
        output.transmitted.append(&mut self.ready.transmitted);
        if self.flaw == Flaw::Late && self.held.events.is_empty() {
            return;
        }
        // The last frames have idle cycles behind them, and no drain: what is held must come out with them.
        if self.frames == FRAMES {
            output.events.append(&mut self.held.events);
            output.transmitted.append(&mut self.held.transmitted);
        }
    }

    fn counters(&mut self) -> [u32; Counter::COUNT] {
        let mut counters = [0; Counter::COUNT];
        counters[Counter::Frames as usize] = self.frames + u32::from(self.flaw == Flaw::Counter);
        counters
    }
}

const FRAMES: u32 = 9;

fn desk() -> Desk {
    let text = include_str!("../../../desk/tests/desk.toml");
    check(text).desk.expect("the test's configuration is right")
}

fn records() -> impl Iterator<Item = Result<Record, riposte_capture::Error>> {
    (0..FRAMES).map(|at| Ok(Record { time_ns: u64::from(at) * 1000, bytes: vec![at as u8; 70], original_length: 70 }))
}

fn run(cards: Vec<Box<dyn Card>>, pacing: Pacing) -> Result<Ended, Error> {
    Drive::new(Rig::new(cards), pacing, &desk(), 7).run(records(), &mut |_| Ok(()))
}

fn steady() -> Pacing {
    Pacing::new(4, None)
}

fn difference(flaw: Flaw) -> Difference {
    match run(vec![Fake::boxed(Flaw::None), Fake::boxed(flaw)], steady()) {
        Err(Error::Differ(difference)) => *difference,
        Err(Error::Failed(error)) => panic!("{flaw:?}: {error}"),
        Ok(_) => panic!("{flaw:?} was not seen"),
    }
}

#[test]
fn equal_cards_agree_even_if_one_hands_out_later() {
    for flaw in [Flaw::None, Flaw::Late] {
        let ended = run(vec![Fake::boxed(Flaw::None), Fake::boxed(flaw)], steady()).ok().expect("they agree");
        assert_eq!((ended.frames, ended.tally.events, ended.tally.transmitted), (9, 9, 4));
        let alone = run(vec![Fake::boxed(Flaw::None)], steady()).ok().expect("one card agrees with itself");
        assert_eq!(ended.tally.digest(), alone.tally.digest());
    }
}

#[test]
fn every_difference_is_seen_and_placed() {
    for (flaw, what, detail) in [
        (Flaw::EventField, "event 4 after frame 4", Some("quantity: 0 and 1")),
        (Flaw::EventMissing, "event 4 after frame 5", Some("sequence: 4 and 5")),
        (Flaw::FrameByte, "a transmitted frame after frame 4", Some("byte 0: 0x03 and 0x02")),
        (Flaw::FrameMissing, "a transmitted frame after frame 6", Some("time 3000 and 5000 ns")),
        (Flaw::Counter, "counter frames after frame 9", None),
        (Flaw::Clock, "the cycle after frame 4", None),
    ] {
        let found = difference(flaw);
        assert_eq!(found.what, what);
        assert!(detail.is_none_or(|detail| found.details.iter().any(|d| d == detail)), "{flaw:?}: {found}");
        assert_eq!((found.sides[0].0.as_str(), found.sides[1].0.as_str()), ("right", "wrong"));
    }
    let cycle = difference(Flaw::FrameCycle);
    assert!(cycle.details[0].starts_with("cycle "), "{cycle}");
}

#[test]
fn what_only_one_card_has_at_the_end_is_a_difference() {
    let mut rig = Rig::new(vec![Fake::boxed(Flaw::None), Fake::boxed(Flaw::EventMissing)]);
    for _ in 0..4 {
        rig.each(|card| card.frame(&Frame::new(&[1; 64], 0)));
    }
    assert!(rig.collect(&mut Output::default()).is_ok(), "it may still come");
    let found = rig.finish().expect_err("it did not come");
    assert_eq!(found.what, "event 4, which only one has");
    assert_eq!(found.sides[1].1, "none");
}

#[test]
fn a_card_is_loaded_before_the_first_frame() {
    let fake = Fake::new(Flaw::None);
    let commands = fake.commands.clone();
    run(vec![Box::new(fake)], steady()).ok().expect("a card alone");
    let commands = commands.borrow();
    assert!(commands.windows(2).all(|pair| pair[0].0 < pair[1].0), "one command a cycle");
    assert!((1..).zip(commands.iter()).all(|(sequence, (_, command))| command.sequence == sequence));
    let mut order: Vec<u8> = commands.iter().map(|(_, command)| command.opcode).collect();
    order.drain(..order.iter().position(|&opcode| opcode == Opcode::Commit as u8).expect("a commit"));
    let is_told = |wanted: Opcode| order.iter().filter(|&&opcode| opcode == wanted as u8).count();
    assert_eq!((is_told(Opcode::Lease), is_told(Opcode::Repeat)), (16, 64));
    order.retain(|&opcode| ![Opcode::Lease, Opcode::Repeat].map(|one| one as u8).contains(&opcode));
    let wanted = [
        Opcode::Commit, Opcode::Session, Opcode::Trace, Opcode::Validate, Opcode::Credit, Opcode::Heartbeat,
        Opcode::Resting, Opcode::Arm,
    ];
    assert_eq!(order, wanted.map(|opcode| opcode as u8));
    assert!(commands.iter().any(|(_, c)| c.opcode == Opcode::Commit as u8 && c.value == 7));
}

#[test]
fn a_seed_decides_the_pace_and_nothing_else_does() {
    let digest = |seed| run(vec![Fake::boxed(Flaw::None)], Pacing::new(4, seed)).ok().expect("a card alone").tally.digest();
    assert_eq!(digest(Some(1)), digest(Some(1)));
    assert_ne!(digest(Some(1)), digest(Some(2)));
    assert_ne!(digest(Some(1)), digest(None));
}

fn folder(name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("riposte-replay-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn names(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn outputs_appear_whole_or_not_at_all() {
    let folder = folder("whole");
    let [orders, events, report] = ["orders.pcap", "events.jsonl", "report.html"].map(|name| folder.join(name));
    let output = Output {
        events: vec![Event::default(); 3],
        transmitted: vec![Transmitted { cycle: 1, time_ns: 2, bytes: vec![3; 60] }],
    };
    let begin = || {
        let mut files = Outputs::create(Some(&orders), Some(&events), Some(&report)).unwrap();
        files.write(&output, &desk()).unwrap();
        files
    };
    let files = begin();
    assert_eq!(names(&folder), ["events.jsonl.partial", "orders.pcap.partial", "report.html.partial"]);
    drop(files);
    assert!(names(&folder).is_empty(), "a run that ends early leaves nothing");
    begin().finish(|| "page".to_owned()).unwrap();
    assert_eq!(names(&folder), ["events.jsonl", "orders.pcap", "report.html"]);
    assert_eq!(std::fs::read(&orders).unwrap().len(), 24 + 16 + 60);
    assert_eq!(std::fs::read_to_string(&events).unwrap().lines().count(), 3);
    assert_eq!(std::fs::read_to_string(&report).unwrap(), "page");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn an_output_that_cannot_be_made_is_named() {
    let folder = folder("unwritable");
    std::fs::write(folder.join("file"), "").unwrap();
    let path = folder.join("file/orders.pcap");
    let error = Outputs::create(Some(&path), None, None).err().expect("a file is no folder");
    assert!(format!("{error:#}").contains("file: cannot be made"), "{error:#}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_damaged_capture_stops_the_run() {
    let records = || {
        let damage = riposte_capture::Error::Empty { path: "damaged".into() };
        records().take(3).chain([Err(damage)])
    };
    let rig = Rig::new(vec![Fake::boxed(Flaw::None)]);
    let ended = Drive::new(rig, steady(), &desk(), 1).run(records(), &mut |_| Ok(()));
    assert!(matches!(ended, Err(Error::Failed(_))));
}

#[test]
fn a_full_disk_is_an_error() {
    let full = std::path::Path::new("/dev/full");
    if !full.exists() {
        println!("skipped: a_full_disk_is_an_error: no /dev/full");
        return;
    }
    let mut files = Outputs::create(Some(full), Some(full), Some(full)).expect("opening it works");
    let output = Output { events: vec![Event::default(); 10_000], transmitted: Vec::new() };
    let error = files.write(&output, &desk()).expect_err("more than a buffer holds");
    assert!(format!("{error:#}").starts_with("/dev/full: cannot be written"), "{error:#}");
    let files = Outputs::create(None, None, Some(full)).expect("opening it works");
    assert!(files.finish(|| "page".to_owned()).is_err(), "what fits a buffer fails when it is flushed");
}

#[test]
fn a_long_replay_is_heard_from_its_first_beat_to_its_end() {
    let card = Fake::new(Flaw::None);
    let commands = Rc::clone(&card.commands);
    // Half a second between two frames, where the host vouches for a tenth.
    let ended = run(vec![Box::new(card)], Pacing::new(78_125_000, None)).ok().expect("one card agrees with itself");
    let commands = commands.borrow();
    assert!(commands.windows(2).all(|pair| pair[0].0 < pair[1].0), "each in a cycle behind the last one's");
    let is_beat = |command: &Command| command.opcode == Opcode::Heartbeat as u8;
    let beats: Vec<_> = commands.iter().filter(|(_, command)| is_beat(command)).collect();
    let cycles = desk().gate.heartbeat_cycles;
    assert!(beats.iter().all(|(_, command)| command.args[0] == cycles));
    assert!(beats.windows(2).all(|pair| pair[1].0 - pair[0].0 <= cycles / 2), "long before the last one ends");
    assert!(beats.last().expect("a beat").0 + cycles >= ended.cycles);
    let armed = commands.iter().find(|(_, command)| command.opcode == Opcode::Arm as u8).expect("an arm");
    assert!(beats[0].0 < armed.0);
    let renewed: Vec<_> = beats[1..].iter().map(|(_, command)| *command).collect();
    assert_eq!((ended.beats == renewed, renewed.len()), (true, 90));
    assert!(commands.iter().map(|(_, command)| command.sequence).eq(1..=commands.len() as u64));
}
