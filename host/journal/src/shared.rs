//! What the writer's thread tells everybody else.
use crate::error::Error;
use crate::format::{Chain, hex};
use crate::key::Key;
use crate::snapshot;
use crate::entry::SnapshotMark;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The end of a log.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// Of the last record; 0 if there is none.
    pub position: u64,
    /// After it.
    pub chain: Chain,
    /// Of the last record; 0 if there is none.
    pub time_ns: u64,
}

impl End {
    /// Of a log without a record.
    pub const NONE: End = End { position: 0, chain: [0; 32], time_ns: 0 };

    /// The chain as 64 hexadecimal digits.
    pub fn head(&self) -> String {
        hex(&self.chain)
    }
}

impl std::fmt::Debug for End {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "End {{ {}, {}, {} ns }}", self.position, self.head(), self.time_ns)
    }
}

/// Whether records become durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Running,
    /// Writing fails; it is tried again until it succeeds. No new risk may be taken.
    Halted { reason: String },
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub folder: PathBuf,
    pub key: Option<Key>,
    durable: AtomicU64,
    is_halted: AtomicBool,
    halts: AtomicU64,
    commits: AtomicU64,
    /// Why it is halted. Only taken by the writer when that changes and by those who ask for the reason.
    reason: Mutex<String>,
}

impl Shared {
    pub fn new(folder: PathBuf, key: Option<Key>, durable: u64) -> Shared {
        let zero = || AtomicU64::new(0);
        let durable = AtomicU64::new(durable);
        Shared { folder, key, durable, is_halted: false.into(), halts: zero(), commits: zero(), reason: Mutex::default() }
    }

    /// Acquire of the Release in `publish`.
    pub fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    /// Release: who reads the new position also sees that the file was synced before it.
    pub fn publish(&self, durable: u64) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.durable.store(durable, Ordering::Release);
    }

    /// Relaxed: the flag guards no other memory, the reason has its lock.
    pub fn is_halted(&self) -> bool {
        self.is_halted.load(Ordering::Relaxed)
    }

    pub fn halt(&self, reason: String) {
        *self.reason.lock().unwrap_or_else(PoisonError::into_inner) = reason;
        if !self.is_halted.swap(true, Ordering::Relaxed) {
            self.halts.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub fn resume(&self) {
        self.is_halted.store(false, Ordering::Relaxed);
    }
}

/// A view of a journal that is written, for any thread.
#[derive(Clone, Debug)]
pub struct Watch(pub(crate) Arc<Shared>);

impl Watch {
    /// Every record up to this position is durable.
    pub fn durable(&self) -> u64 {
        self.0.durable()
    }

    /// Cheap enough for every turn of a polling loop.
    pub fn is_halted(&self) -> bool {
        self.0.is_halted()
    }

    pub fn state(&self) -> State {
        if !self.is_halted() {
            return State::Running;
        }
        State::Halted { reason: self.0.reason.lock().unwrap_or_else(PoisonError::into_inner).clone() }
    }

    /// How often writing has halted.
    pub fn halts(&self) -> u64 {
        self.0.halts.load(Ordering::Relaxed)
    }

    /// How many batches were made durable.
    pub fn commits(&self) -> u64 {
        self.0.commits.load(Ordering::Relaxed)
    }

    /// Writes the state after `position`, whose record must be durable, beside the segments. It counts once
    /// the mark that this returns is journaled, as `Entry::Snapshot`.
    pub fn snapshot(&self, position: u64, state: &[u8]) -> Result<SnapshotMark, Error> {
        let (folder, durable) = (&self.0.folder, self.durable());
        if position > durable {
            return Err(Error::SnapshotAhead { folder: folder.clone(), position, durable });
        }
        snapshot::write(folder, self.0.key.as_ref(), position, state)
    }

    /// Removes the oldest snapshots but for `count`. Keep more than one: a record must name the newest before it counts.
    pub fn keep_snapshots(&self, count: usize) -> Result<(), Error> {
        snapshot::keep(&self.0.folder, count)
    }
}
