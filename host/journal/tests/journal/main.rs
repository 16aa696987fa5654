//! What the journal promises: durable prefixes, chains, damage found at its byte, full disks, keys, pruning.
mod damage;
mod disks;
mod encryption;
mod retention;
mod writing;

use riposte_journal::{Contents, Direction, Entry, Note, Options, Reader, Record, open};
use riposte_map::shm::{Command, Event, EventKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("riposte-journal-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a folder for the test");
        Folder(path)
    }

    fn options(&self) -> Options {
        Options { idle: Duration::from_micros(10), retry: Duration::from_millis(2), ..Options::new(&self.0) }
    }

    /// Segments and snapshots, by name.
    fn files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.0).expect("the folder");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        let mut paths: Vec<_> = paths.filter(|path| !path.ends_with("lock")).collect();
        paths.sort();
        paths
    }

    /// A copy to damage.
    fn copy(&self, name: &str) -> Folder {
        let copy = Folder::new(name);
        for path in self.files() {
            std::fs::copy(&path, copy.0.join(path.file_name().expect("a name"))).expect("copied");
        }
        copy
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Record `number`, another kind each time.
fn with_entry<T>(number: u64, use_it: impl FnOnce(&Entry) -> T) -> T {
    let bytes: Vec<u8> = (0..number % 97).map(|at| (at * number) as u8).collect();
    let why = format!("reason {number}, größer");
    use_it(&match number % 6 {
        0 => Entry::Event(Event { sequence: number, kind: EventKind::OrderSent as u8, quantity: 7, ..Event::default() }),
        1 => Entry::Command(Command { sequence: number, opcode: 7, ..Command::default() }),
        2 => Entry::Transmitted { cycle: number * 3, bytes: &bytes },
        3 => Entry::HostOrder { order: number, bytes: &bytes },
        4 => Entry::Session { session: 2, direction: Direction::Received, bytes: &bytes },
        _ => Entry::Note(Note { who: "risk", act: "arm", why: &why }),
    })
}

/// Journals records `from..=to` and closes.
fn write(options: Options, from: u64, to: u64) -> riposte_journal::End {
    let (mut appender, journal) = open(options).expect("it opens").start().expect("it starts");
    for number in from..=to {
        with_entry(number, |entry| appender.append_waiting(number * 10, entry)).expect("taken");
    }
    journal.finish(appender).expect("all durable")
}

fn records(folder: &Path, contents: Contents) -> Vec<Record> {
    let mut reader = Reader::open(folder, contents).expect("a journal");
    let mut records = Vec::new();
    while let Some(record) = reader.next_record().expect("a whole journal") {
        records.push(record);
    }
    assert_eq!(reader.torn(), None);
    reader.prove_beginning().expect("from its beginning");
    records
}

fn clear() -> Contents {
    Contents::Open(None)
}

/// Waits for the writer's thread, but not for ever.
fn wait(mut until: impl FnMut() -> bool) {
    let start = Instant::now();
    while !until() {
        assert!(start.elapsed() < Duration::from_secs(20), "it did not come");
        std::thread::sleep(Duration::from_micros(100));
    }
}
