//! The same engine from a snapshot, from an older one and from the whole journal, wherever the journal ends.
use super::{Recovered, recover};
use crate::run::engine_config;
use riposte_engine::{Body, Change, Config, Engine, Input, Limit, Outputs, Report, Side};
use riposte_journal::{Contents, Entry, Options, Reader, hex, open};
use riposte_map::shm::{Event, EventKind, Level};
use std::path::{Path, PathBuf};

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("riposte-recovery-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Folder(path)
    }

    /// Where nothing waits for a disk, if there is such a place.
    fn in_memory(name: &str) -> Folder {
        let shared = Path::new("/dev/shm");
        let parent = if shared.is_dir() { shared.to_owned() } else { std::env::temp_dir() };
        let folder = Folder(parent.join(format!("riposte-recovery-{}-{name}", std::process::id())));
        std::fs::create_dir_all(&folder.0).unwrap();
        folder
    }

    fn files(&self, prefix: &str) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path());
        let mut found: Vec<_> =
            entries.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(prefix)).collect();
        found.sort();
        found
    }

    /// As it was, its one segment cut to `bytes`, with the snapshots that `wanted` leaves.
    fn cut(&self, name: &str, bytes: usize, wanted: impl Fn(usize, &Path) -> bool) -> Folder {
        let copy = Folder::new(name);
        std::fs::create_dir_all(&copy.0).unwrap();
        let segment = std::fs::read(&self.files("segment")[0]).unwrap();
        std::fs::write(copy.0.join(self.files("segment")[0].file_name().unwrap()), &segment[..bytes]).unwrap();
        for (at, path) in self.files("snapshot").iter().enumerate().filter(|(at, path)| wanted(*at, path)) {
            let _ = at;
            std::fs::copy(path, copy.0.join(path.file_name().unwrap())).unwrap();
        }
        copy
    }

    fn recover(&self, config: &Config) -> anyhow::Result<Recovered> {
        recover(&mut open(Options::new(&self.0))?, config.clone())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn config() -> Config {
    let text = format!("{}\n[sessions]\norders = \"127.0.0.1:1\"\nusername = \"RIPO\"\npassword_file = \"none\"\n", include_str!("../../../../../demo/desk.toml"));
    let desk = riposte_desk::check(&text).desk.expect("a desk");
    Config { orders: 512, executions: 512, requests: 128, ..engine_config::of(&desk, Default::default()) }
}

/// Inputs of a busy morning: books, orders of the card, what became of them, people, lost sessions.
fn inputs(count: u64) -> Vec<Input> {
    let mut seed = 0x9e37_79b9_7f4a_7c15u64;
    let mut pick = |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    let (mut event_number, mut orders, mut reports) = (0, 0, 0);
    let mut all = vec![Body::CardUp { deployment: Default::default() }, Body::SessionUp { session: 0 }];
    while (all.len() as u64) < count {
        let mut event = |event: Event| {
            event_number += 1;
            Body::Card { event: Event { sequence: event_number, ..event } }
        };
        let instrument = pick(4) as u8;
        let price = 1_000_000 + pick(100) as u32;
        all.push(match pick(12) {
            0..4 => {
                let level = |price_e4| Level { price_e4, quantity: 100 };
                event(Event { kind: EventKind::Book as u8, instrument, bid: level(price), ask: level(price + 1), ..Event::default() })
            }
            4 | 5 => {
                orders += 1;
                let (detail, user_ref) = (u16::from(b'B'), orders);
                event(Event { kind: EventKind::OrderSent as u8, instrument, detail, user_ref, quantity: 100, price_e4: price, ..Event::default() })
            }
            6..9 => {
                reports += 1;
                let (user_ref, quantity, price) = (1 + pick(u64::from(orders) + 1) as u32, 1 + pick(60) as u32, price.into());
                let report = match pick(3) {
                    0 => Report::Accepted { user_ref, instrument, side: Side::Buy, quantity: 100, price },
                    1 => Report::Cancelled { user_ref, quantity },
                    _ => Report::Executed { user_ref, instrument, side: Side::Buy, quantity, price, execution: reports },
                };
                Body::Venue { session: 0, sequence: reports, report }
            }
            9 => Body::Tick,
            10 => Body::Propose { request: pick(60), by: 1, change: Change::SetLimit { limit: Limit::Loss, index: 0, value: pick(1 << 40) } },
            _ => [Body::SessionDown { session: 0 }, Body::SessionUp { session: 0 }, Body::Approve { request: pick(60), by: 2 }][pick(3) as usize],
        });
    }
    (1..).map(|number| number * 1_000_000).zip(all).map(|(time_ns, body)| Input { time_ns, body }).collect()
}

/// Journals inputs with a snapshot after each `every`, and another configuration in the middle; gives its digest at each record.
fn journal(folder: &Folder, inputs: &[Input], every: usize) -> Engine {
    let (mut appender, journal) = open(Options::new(&folder.0)).unwrap().start().unwrap();
    let (mut engine, mut out) = (Engine::new(config()).unwrap(), Outputs::default());
    appender.append_waiting(1, &Entry::Configuration(&config().encode())).unwrap();
    for (at, input) in inputs.iter().enumerate() {
        if at == inputs.len() / 2 {
            engine.reconfigure(other()).unwrap();
            appender.append_waiting(input.time_ns, &Entry::Configuration(&other().encode())).unwrap();
        }
        let position = appender.append_waiting(input.time_ns, &Entry::Input(input.encode().bytes())).unwrap();
        engine.apply(input, &mut out);
        if at % every == every - 1 {
            while appender.watch().durable() < position {
                std::thread::yield_now();
            }
            let mark = appender.watch().snapshot(position, &engine.encode()).unwrap();
            appender.append_waiting(input.time_ns, &Entry::Snapshot(mark)).unwrap();
        }
    }
    journal.finish(appender).unwrap();
    engine
}

/// Another patience, with which the same inputs lead elsewhere.
fn other() -> Config {
    let mut other = config();
    other.times.answer_ns = 1;
    Config { orders: 1024, ..other }
}

/// Where each record ends, and the digest of an engine that took it and all before without a break, under the newest desk.
fn uninterrupted(folder: &Folder) -> Vec<(usize, [u8; 32])> {
    let (mut engine, mut out, mut found) = (Engine::new(config()).unwrap(), Outputs::default(), Vec::new());
    let mut reader = Reader::open(&folder.0, Contents::Open(None)).unwrap();
    while let Some(record) = reader.next_record().unwrap() {
        match record.entry() {
            Some(Entry::Input(bytes)) => engine.apply(&Input::decode(bytes).unwrap(), &mut out),
            Some(Entry::Configuration(bytes)) => configure(&mut engine, Config::decode(bytes).unwrap()),
            _ => {}
        }
        let mut newest = Engine::decode(&engine.encode()).unwrap();
        configure(&mut newest, other());
        found.push((record.offset as usize + 64 + record.payload().len(), newest.digest()));
    }
    found
}

/// A configuration that is in force already is none to change.
fn configure(engine: &mut Engine, config: Config) {
    if *engine.config() != config {
        engine.reconfigure(config).unwrap();
    }
}

#[test]
fn cut_at_any_byte_of_its_tail_it_is_the_engine_that_took_what_is_left_without_a_break() {
    /// Snapshots, the change of the desk and every kind of input are among them.
    const TAIL_RECORDS: usize = 48;
    let folder = Folder::new("cuts");
    let engine = journal(&folder, &inputs(160), 23);
    let wanted = uninterrupted(&folder);
    let (length, last) = *wanted.last().unwrap();
    assert_eq!(hex(&last), hex(&engine.digest()));
    assert_eq!(std::fs::metadata(&folder.files("segment")[0]).unwrap().len(), length as u64);
    let segment = folder.files("segment").remove(0);
    let bytes = std::fs::read(&segment).unwrap();
    // Both in memory, since what is cut off is cut off durably.
    let places = [true, false].map(|has_snapshots| {
        let place = Folder::in_memory(if has_snapshots { "with" } else { "without" });
        let snapshots = folder.files("snapshot").into_iter().filter(|_| has_snapshots);
        snapshots.for_each(|path| _ = std::fs::copy(&path, place.0.join(path.file_name().unwrap())).unwrap());
        place
    });
    let (mut skipped, mut cuts) = (0, 0);
    let mut check = |length: usize, has_snapshots: bool| {
        let whole = wanted.partition_point(|&(end, _)| end <= length);
        let place = &places[usize::from(!has_snapshots)];
        std::fs::write(place.0.join(segment.file_name().unwrap()), &bytes[..length]).unwrap();
        let recovered = place.recover(&other()).unwrap();
        assert_eq!(hex(&recovered.engine.digest()), hex(&wanted[whole - 1].1), "cut to {length} bytes, snapshots: {has_snapshots}");
        assert!(recovered.behind.is_none() || has_snapshots && recovered.inputs <= 23);
        skipped += whole as u64 - recovered.inputs.min(whole as u64);
        cuts += 1;
    };
    let tail = wanted[wanted.len() - TAIL_RECORDS].0;
    (tail..=length).for_each(|length| check(length, true));
    // Without a snapshot all of the journal is taken, so only where a record begins, and beside it.
    for &(end, _) in &wanted[..wanted.len() - 1] {
        [end - 1, end, end + 1].into_iter().filter(|&length| length >= wanted[0].0).for_each(|length| check(length, false));
    }
    assert!(cuts > 3_000 && skipped > cuts * 20, "{cuts} cuts, snapshots stood for {skipped} records");
}

#[test]
fn a_snapshot_that_is_bad_missing_or_of_another_version_falls_back_to_the_one_before_and_at_last_to_the_whole_journal() {
    let folder = Folder::new("bad");
    let engine = journal(&folder, &inputs(300), 60);
    let length = std::fs::read(&folder.files("segment")[0]).unwrap().len();
    let snapshots = folder.files("snapshot");
    assert_eq!(snapshots.len(), 5);
    let mut before = u64::MAX;
    for bad in 0..=snapshots.len() {
        let copy = folder.cut("worse", length, |_, _| true);
        for (at, path) in copy.files("snapshot").iter().rev().take(bad).enumerate() {
            let mut bytes = std::fs::read(path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            if at % 2 == 0 { std::fs::write(path, bytes).unwrap() } else { std::fs::remove_file(path).unwrap() }
        }
        let recovered = copy.recover(&other()).unwrap();
        assert_eq!(recovered.engine.digest(), engine.digest(), "{bad} bad ones");
        assert!(recovered.behind.unwrap_or(0) < before);
        assert_eq!(recovered.behind.is_none(), bad == snapshots.len());
        before = recovered.behind.unwrap_or(0);
    }
    // One that the log names, but that this build does not read.
    let (mut appender, journal) = open(Options::new(&folder.0)).unwrap().start().unwrap();
    let end = appender.watch().durable();
    let mark = appender.watch().snapshot(end, b"\x09\0\0\0 of tomorrow").unwrap();
    appender.append_waiting(u64::MAX, &Entry::Snapshot(mark)).unwrap();
    journal.finish(appender).unwrap();
    let mut recovery = open(Options::new(&folder.0)).unwrap();
    let recovered = recover(&mut recovery, other()).unwrap();
    assert_eq!((recovered.engine.digest(), recovered.inputs), (engine.digest(), 0), "the one before is taken");
    assert_eq!(recovery.found().passed_over[0].0, end);
}

#[test]
fn a_desk_that_does_not_hold_the_day_is_refused_and_one_that_differs_is_told_apart() {
    let folder = Folder::new("other-desk");
    journal(&folder, &inputs(300), 60);
    assert!(!folder.recover(&other()).unwrap().is_reconfigured);
    assert!(folder.recover(&config()).unwrap().is_reconfigured);
    let small = folder.recover(&Config { orders: 16, ..config() }).err().expect("too small");
    assert!(format!("{small:#}").contains("orders must not be less"), "{small:#}");
}
