//! Opens a journal for writing: proves it, cuts a torn tail, finds the newest snapshot that holds.
//!
//! Holds: recovery is the snapshot's state and the records behind it, and equals what an uninterrupted run
//! had at the last durable record. Every opening begins a segment of its own; one that has no record is
//! replaced, so that segments do not pile up and no salt serves twice.
use crate::appender::Appender;
use crate::disk::{Disk, Files, PARTIAL, sync_folder};
use crate::entry::{Entry, SnapshotMark};
use crate::error::Error;
use crate::key::Key;
use crate::read::{Contents, Part, Reader, Record, Torn, list};
use crate::shared::{End, Shared};
use crate::snapshot::{self, Snapshot, Unusable};
use crate::writer::{BATCH_CAPACITY, Journal, QUEUE_BYTES_MIN, Segment, Writer, io_error};
use std::fmt::Display;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Where and how a journal is written.
#[derive(Clone, Debug)]
pub struct Options {
    pub folder: PathBuf,
    /// Encrypts what is written and opens what is there.
    pub key: Option<Key>,
    /// A segment that would grow beyond this is closed.
    pub segment_bytes: u64,
    /// Room for records between appender and writer.
    pub queue_bytes: usize,
    /// How long the writer sleeps when its queue is empty.
    pub idle: Duration,
    /// How long it waits before it tries again what has failed.
    pub retry: Duration,
}

impl Options {
    /// Segments of 64 MiB, a queue of 4 MiB, no key.
    pub fn new(folder: impl Into<PathBuf>) -> Options {
        Options {
            folder: folder.into(),
            key: None,
            segment_bytes: 64 << 20,
            queue_bytes: 4 << 20,
            idle: Duration::from_micros(50),
            retry: Duration::from_millis(100),
        }
    }

    fn contents(&self) -> Contents {
        Contents::Open(self.key.clone())
    }
}

/// A journal that was proven and is locked, not yet written.
pub struct Recovery {
    options: Options,
    lock: File,
    found: Found,
}

/// What a journal holds.
pub struct Found {
    /// The last record; that of no record for a new journal.
    pub end: End,
    /// What was behind it, and is cut off by now if the journal was opened for writing.
    pub torn: Option<Torn>,
    pub parts: Vec<Part>,
    /// The newest that holds.
    pub snapshot: Option<Snapshot>,
    /// Newer ones that do not, newest first.
    pub passed_over: Vec<(u64, Unusable)>,
    /// Every snapshot that the log names, oldest first.
    marks: Vec<SnapshotMark>,
}

impl Found {
    /// What `take` makes of the newest snapshot that holds and that it can use; others are passed over, and told. None if
    /// there is none, and all records are there.
    pub fn accept<T, E: Display>(
        &mut self, folder: &Path, key: Option<&Key>, mut take: impl FnMut(&[u8]) -> Result<T, E>,
    ) -> Result<Option<T>, Error> {
        while let Some(snapshot) = self.snapshot.take() {
            match take(&snapshot.state) {
                Ok(taken) => {
                    self.snapshot = Some(snapshot);
                    return Ok(Some(taken));
                }
                Err(error) => {
                    self.passed_over.push((snapshot.position, Unusable::Refused(error.to_string())));
                    self.marks.retain(|mark| mark.position.get() < snapshot.position);
                    let (older, passed_over) = newest(folder, key, &self.marks, &self.parts);
                    self.snapshot = older;
                    self.passed_over.extend(passed_over);
                }
            }
        }
        self.state_is_there(folder).map(|()| None)
    }

    /// What was pruned must stand in a snapshot.
    fn state_is_there(&self, folder: &Path) -> Result<(), Error> {
        if self.snapshot.is_some() || self.parts.first().is_none_or(|part| part.number == 1) {
            return Ok(());
        }
        let why: Vec<_> = self.passed_over.iter().map(|(position, why)| format!("that at {position} {why}")).collect();
        Err(Error::StateLost { folder: folder.to_owned(), why: why.join("; ") })
    }
}

/// Proves an encrypted journal without its key: CRCs and chain. Snapshots and what was pruned stay unproven.
pub fn prove_sealed(folder: &Path, mut progress: impl FnMut(&Record)) -> Result<Found, Error> {
    let mut reader = Reader::open(folder, Contents::Sealed)?;
    while let Some(record) = reader.next_record()? {
        progress(&record);
    }
    let (end, torn, parts) = (reader.end(), reader.torn().cloned(), reader.parts().to_vec());
    Ok(Found { end, torn, parts, snapshot: None, passed_over: Vec::new(), marks: Vec::new() })
}

/// Proves a journal from its first byte to its last, and gives each record to `progress`.
pub fn prove(folder: &Path, key: Option<&Key>, mut progress: impl FnMut(&Record)) -> Result<Found, Error> {
    let mut reader = Reader::open(folder, Contents::Open(key.cloned()))?;
    let mut marks = Vec::new();
    while let Some(record) = reader.next_record()? {
        progress(&record);
        if let Some(Entry::Snapshot(mark)) = record.entry() {
            marks.push(mark);
        }
    }
    reader.prove_beginning()?;
    let parts = reader.parts().to_vec();
    let (snapshot, passed_over) = newest(folder, key, &marks, &parts);
    let found = Found { end: reader.end(), torn: reader.torn().cloned(), parts, snapshot, passed_over, marks };
    found.state_is_there(folder).map(|()| found)
}

/// The newest snapshot that holds, and those newer ones that do not.
fn newest(
    folder: &Path, key: Option<&Key>, marks: &[SnapshotMark], parts: &[Part],
) -> (Option<Snapshot>, Vec<(u64, Unusable)>) {
    let mut passed_over = Vec::new();
    for mark in marks.iter().rev() {
        let position = mark.position.get();
        let has_segments = parts.first().is_some_and(|part| part.first <= position.saturating_add(1));
        let read = if has_segments { snapshot::read(folder, key, mark) } else { Err(Unusable::NoSegments) };
        match read {
            Ok(snapshot) => return (Some(snapshot), passed_over),
            Err(unusable) => passed_over.push((position, unusable)),
        }
    }
    (None, passed_over)
}

/// Opens the journal in a folder, or a new one, which makes the folder, for its owner only.
pub fn open(options: Options) -> Result<Recovery, Error> {
    if options.queue_bytes < QUEUE_BYTES_MIN {
        return Err(Error::QueueTooSmall { bytes: options.queue_bytes, wanted: QUEUE_BYTES_MIN });
    }
    let folder = &options.folder;
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(io_error(folder))?;
    let lock = lock(folder)?;
    remove_partials(folder).map_err(io_error(folder))?;
    let found = match list(folder)?.is_empty() {
        true => Found {
            end: End::NONE, torn: None, parts: Vec::new(), snapshot: None, passed_over: Vec::new(), marks: Vec::new(),
        },
        false => prove(folder, options.key.as_ref(), |_| {})?,
    };
    if let Some(Torn { path, offset, .. }) = &found.torn {
        let file = OpenOptions::new().write(true).open(path).map_err(io_error(path))?;
        file.set_len(*offset).and_then(|()| file.sync_all()).map_err(io_error(path))?;
    }
    Ok(Recovery { options, lock, found })
}

/// Opens a new journal; a folder that holds one already is refused.
pub fn create(options: Options) -> Result<Recovery, Error> {
    let folder = options.folder.clone();
    let is_new = !folder.exists() || list(&folder)?.is_empty();
    if is_new { open(options) } else { Err(Error::NotNew { folder }) }
}

/// Whether some process is writing the journal.
pub fn is_written(folder: &Path) -> bool {
    File::open(folder.join(LOCK)).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// The file whose lock a writer holds.
const LOCK: &str = "lock";

fn lock(folder: &Path) -> Result<File, Error> {
    let path = folder.join(LOCK);
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
    let file = file.map_err(io_error(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Locked { folder: folder.to_owned() }),
        Err(TryLockError::Error(source)) => Err(Error::Io { path, source }),
    }
}

/// What a crash left of a segment or snapshot that was being made.
fn remove_partials(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == PARTIAL) {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

impl Recovery {
    pub fn found(&self) -> &Found {
        &self.found
    }

    /// What `take` makes of the newest snapshot that it can use, whose records `replay` then leaves out.
    pub fn accept<T, E: Display>(&mut self, take: impl FnMut(&[u8]) -> Result<T, E>) -> Result<Option<T>, Error> {
        self.found.accept(&self.options.folder, self.options.key.as_ref(), take)
    }

    /// The records behind the snapshot; all of them if there is none.
    pub fn records(&self) -> Result<Vec<Record>, Error> {
        let mut records = Vec::new();
        self.replay(|record| records.push(record)).map(|()| records)
    }

    /// Gives `take` each record behind the snapshot, in order.
    pub fn replay(&self, mut take: impl FnMut(Record)) -> Result<(), Error> {
        if self.found.parts.is_empty() {
            return Ok(());
        }
        let after = self.found.snapshot.as_ref().map_or(0, |snapshot| snapshot.position);
        let mut reader = Reader::open(&self.options.folder, self.options.contents())?;
        reader.skip_to(after.saturating_add(1))?;
        while let Some(record) = reader.next_record()? {
            if record.position > after {
                take(record);
            }
        }
        Ok(())
    }

    /// Begins a segment on the file system, and the thread that writes.
    pub fn start(self) -> Result<(Appender, Journal), Error> {
        self.start_on(Box::new(Files))
    }

    /// As `start`, on another disk.
    pub fn start_on(self, mut disk: Box<dyn Disk>) -> Result<(Appender, Journal), Error> {
        let Recovery { options, lock, found: Found { end, parts, .. } } = self;
        let number = match parts.last() {
            None => 1,
            Some(part) if part.last < part.first => part.number,
            Some(part) => part.number + 1,
        };
        let shared = Arc::new(Shared::new(options.folder.clone(), options.key, end.position));
        let segment = Segment::begin(disk.as_mut(), &shared, number, &end).map_err(io_error(&options.folder))?;
        // The name of the folder itself must outlive a crash, too.
        let parent = options.folder.canonicalize().ok().and_then(|folder| folder.parent().map(Path::to_owned));
        parent.map_or(Ok(()), |parent| sync_folder(&parent)).map_err(io_error(&options.folder))?;
        let (producer, consumer) = rtrb::RingBuffer::new(options.queue_bytes);
        let appender = Appender { producer, next: end.position + 1, refused: 0, shared: shared.clone() };
        let writer = Writer {
            consumer,
            shared: shared.clone(),
            disk,
            segment_bytes: options.segment_bytes,
            idle: options.idle,
            retry: options.retry,
            lock,
            segment,
            batch: Vec::with_capacity(BATCH_CAPACITY),
            end,
        };
        let thread = std::thread::Builder::new().name("journal".to_owned()).spawn(move || writer.run());
        let thread = thread.map_err(io_error(&options.folder))?;
        Ok((appender, Journal { shared, thread }))
    }
}
