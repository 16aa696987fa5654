//! Every field of every kind reaches its column, in both formats; pruning by command is told.
use super::export::{Format, export, json};
use super::fields::{COLUMNS, Type, Value, columns};
use super::{Args, KeyArgs, Verb, run};
use crate::output::{Outcome, Output};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use riposte_engine::{Engine, Body, Input, Record as Decided};
use riposte_journal::{Contents, Direction, Entry, Note, Options, PruneMark, Reader, Record, SnapshotMark, create, hex};
use riposte_map::shm::{Command, Event, Level, NONE};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("riposte-export-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A record of each kind, with numbers that need all 64 bits.
fn journal(folder: &Path) -> Vec<Record> {
    let event = Event {
        sequence: u64::MAX, kind: 2, reason: 3, instrument: 4, rule: 1, generation: 6, time_ns: 7, feed_sequence: 8,
        bid: Level { price_e4: 9, quantity: 10 }, ask: Level { price_e4: 11, quantity: 12 }, price_e4: 13, quantity: 14,
        user_ref: 15, cycles: 16, detail: 17,
    };
    let command = Command { sequence: 1, opcode: 6, instrument: 2, rule: 3, index: 4, value: 5, args: [1, 2, 3, 4, 5, u64::MAX] };
    let note = Note { who: "operator", act: "arm", why: "it is \"time\", größer" };
    let mark = PruneMark { segment: 0.into(), position: 0.into(), chain: [0; 32] };
    let input = Input { time_ns: 1, body: Body::Card { event } }.encode();
    let decided = Decided::DisconnectProven { session: 1 }.encode();
    let entries = [
        Entry::Event(event),
        Entry::Event(Event { kind: 99, reason: 250, instrument: NONE, rule: NONE, ..event }),
        Entry::Command(command),
        Entry::Command(Command { opcode: 77, ..command }),
        Entry::Transmitted { cycle: 1 << 63, bytes: &[0xff, 0x00] },
        Entry::HostOrder { order: 4, bytes: b"enter order" },
        Entry::Session { session: 1, direction: Direction::Sent, bytes: b"" },
        Entry::Session { session: 1, direction: Direction::Received, bytes: b"accepted" },
        Entry::Note(note),
        Entry::Snapshot(SnapshotMark { position: 3.into(), digest: [7; 32] }),
        Entry::Pruned(mark, note),
        Entry::Input(input.bytes()),
        Entry::Record(decided.bytes()),
        Entry::Input(b"of another version"),
    ];
    let (mut appender, journal) = create(Options::new(folder)).unwrap().start().unwrap();
    for (time, entry) in (1000..).zip(&entries) {
        appender.append_waiting(time, entry).unwrap();
    }
    journal.finish(appender).unwrap();
    let mut reader = Reader::open(folder, Contents::Open(None)).unwrap();
    std::iter::from_fn(|| reader.next_record().unwrap()).collect()
}

#[test]
fn every_field_has_its_column_and_every_column_a_field() {
    let folder = Folder::new("columns");
    let records = journal(&folder.0.join("journal"));
    let mut seen = BTreeSet::new();
    for (name, value) in records.iter().flat_map(columns) {
        let of = COLUMNS.iter().find(|(column, _)| *column == name).unwrap_or_else(|| panic!("{name} has no column")).1;
        let found = match value {
            Value::Number(_) => Type::Number,
            Value::Text(_) => Type::Text,
            Value::Bytes(_) => Type::Bytes,
        };
        assert_eq!(found, of, "{name}");
        seen.insert(name);
    }
    assert_eq!(seen.len(), COLUMNS.len(), "a column that no kind fills");
    for record in &records {
        let names: Vec<_> = columns(record).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "a name twice");
    }
    let unknown = json(&records[1]);
    assert_eq!((unknown["event"].as_str(), unknown.get("instrument")), (Some("unknown 99"), None));
    assert_eq!(json(&records[0])["sequence"], u64::MAX);
}

#[test]
fn parquet_holds_what_the_records_hold() {
    let folder = Folder::new("parquet");
    let (dir, file) = (folder.0.join("journal"), folder.0.join("out.parquet"));
    let records = journal(&dir);
    let count = export(&dir, Contents::Open(None), Format::Parquet, &file, &Output::new(false)).unwrap();
    assert_eq!(count as usize, records.len());
    let reader = SerializedFileReader::new(std::fs::File::open(&file).unwrap()).unwrap();
    let metadata = reader.metadata().file_metadata().key_value_metadata().unwrap();
    assert!(metadata.iter().any(|pair| pair.value == Some(hex(&records.last().unwrap().chain))));
    let mut rows = 0;
    for (row, record) in reader.get_row_iter(None).unwrap().zip(&records) {
        let found: serde_json::Map<_, _> = row.unwrap().into_columns().into_iter().filter_map(|(name, field)| {
            let value = match field {
                Field::Null => return None,
                Field::ULong(number) => number.into(),
                Field::Str(text) => text.into(),
                Field::Bytes(bytes) => hex(bytes.data()).into(),
                other => panic!("{name}: {other}"),
            };
            Some((name, value))
        }).collect();
        assert_eq!(serde_json::Value::Object(found), json(record));
        rows += 1;
    }
    assert_eq!(rows, records.len());
}

#[test]
fn json_lines_hold_what_the_records_hold_and_a_damaged_journal_leaves_no_file() {
    let folder = Folder::new("jsonl");
    let (dir, file) = (folder.0.join("journal"), folder.0.join("out.jsonl"));
    let records = journal(&dir);
    let write = || export(&dir, Contents::Open(None), Format::Jsonl, &file, &Output::new(false));
    write().unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, records.iter().map(json).collect::<Vec<_>>());
    std::fs::remove_file(&file).unwrap();
    let segment = dir.join("segment-0000000001.rj");
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[200] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    assert!(write().unwrap_err().to_string().contains("byte 128: record 1 is broken"));
    let left: Vec<_> = std::fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["journal"]);
}

#[test]
fn pruning_goes_by_days_says_who_and_leaves_what_is_young() {
    let folder = Folder::new("prune");
    let dir = folder.0.join("journal");
    let options = Options { segment_bytes: 600, ..Options::new(&dir) };
    let (mut appender, journal) = create(options).unwrap().start().unwrap();
    for time in 0..40 {
        appender.append_waiting(time, &Entry::HostOrder { order: time, bytes: b"enter order" }).unwrap();
    }
    while journal.watch().durable() < 40 {
        std::thread::yield_now();
    }
    let desk = riposte_desk::check(include_str!("../../../../demo/desk.toml")).desk.unwrap();
    let config = crate::run::engine_config::of(&desk, Default::default());
    let state = Engine::new(config).unwrap().encode();
    let mark = journal.watch().snapshot(40, &state).unwrap();
    appender.append_waiting(40, &Entry::Snapshot(mark)).unwrap();
    journal.finish(appender).unwrap();
    let segments = || std::fs::read_dir(&dir).unwrap().filter(|entry| entry.as_ref().unwrap().file_name().to_str().unwrap().starts_with("segment")).count();
    let prune = |keep_days, dry_run| {
        let key = KeyArgs { key_file: None, key_env: None };
        let verb = Verb::Prune { dir: dir.clone(), keep_days, dry_run, why: "monthly".to_owned(), key };
        assert_eq!(run(Args { verb }, &Output::new(true)).unwrap(), Outcome::Done);
        segments()
    };
    let before = segments();
    assert!(before > 4);
    assert_eq!((prune(0, true), prune(1, false)), (before, before), "only said; too young");
    assert_eq!(prune(0, false), 2, "the segment with the mark, and that of the note");
    let found = riposte_journal::prove(&dir, None, |record| {
        let Some(Entry::Pruned(_, note)) = record.entry() else { return };
        assert!(note.who.contains("uid") && (note.act, note.why) == ("prune --keep-days 0", "monthly"));
    });
    assert_eq!(found.unwrap().snapshot.unwrap().state, state);
    // A state that no engine of this build can go on from stands for nothing, although it is what the log names.
    let foreign = Folder::new("foreign-state");
    let dir = foreign.0.join("journal");
    let options = || Options { segment_bytes: 600, ..Options::new(&dir) };
    let (mut appender, journal) = create(options()).unwrap().start().unwrap();
    (0..40).for_each(|time| _ = appender.append_waiting(time, &Entry::HostOrder { order: time, bytes: b"enter order" }).unwrap());
    while journal.watch().durable() < 40 {
        std::thread::yield_now();
    }
    let mark = journal.watch().snapshot(40, b"state").unwrap();
    appender.append_waiting(40, &Entry::Snapshot(mark)).unwrap();
    journal.finish(appender).unwrap();
    let mut recovery = riposte_journal::open(options()).unwrap();
    assert!(recovery.found().snapshot.is_some());
    assert!(recovery.accept(Engine::decode).unwrap().is_none());
    assert_eq!(recovery.found().passed_over[0].0, 40);
    assert!(riposte_journal::prunable(recovery.found(), u64::MAX).is_empty());
}
