//! What can be wrong with a journal: each case says where it is and what to do about it.
use std::fmt;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// A byte of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub path: PathBuf,
    pub offset: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}: byte {}", self.path.display(), self.offset)
    }
}

/// What is wrong with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    #[error("the file ends inside it")]
    Cut,
    #[error("its CRC does not match")]
    Crc,
    #[error("it has position {found}, position {wanted} belongs here")]
    Position { wanted: u64, found: u64 },
    #[error("its hash chain does not match: it, or a record before it, was replaced")]
    Chain,
    #[error("its kind is {0}, which this version does not know")]
    Kind(u8),
    #[error("its payload is none of its kind")]
    Payload,
    #[error("its seal does not hold: it was replaced")]
    Seal,
}

/// Why a key cannot be used.
#[derive(Debug, Error)]
pub enum KeyError {
    #[error("{}: the key file cannot be read", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error(
        "{}: a key file with rights {mode:03o} can be read by others; `chmod 600` it, and make a new key if \
         somebody may have seen it", path.display()
    )]
    Rights { path: PathBuf, mode: u32 },
    #[error("environment variable {variable}: no key in it")]
    Variable { variable: String, source: std::env::VarError },
    #[error("{place}: a key is 64 hexadecimal digits; make one with `openssl rand -hex 32`")]
    Malformed { place: String },
}

/// Why a journal cannot be read or written.
#[derive(Debug, Error)]
pub enum Error {
    #[error("{}: cannot be read or written", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{}: no journal is here (no file is named segment-…)", folder.display())]
    NoJournal { folder: PathBuf },
    #[error("{}: holds a journal already; name another folder", folder.display())]
    NotNew { folder: PathBuf },
    #[error("{}: another process writes this journal; end it first", folder.display())]
    Locked { folder: PathBuf },
    #[error(
        "{}: segments {first} to {last} are missing; put them back from a copy. Without them nothing behind \
         them is proven", folder.display()
    )]
    Missing { folder: PathBuf, first: u32, last: u32 },
    #[error("{}: {detail}; {}", path.display(), advice())]
    Header { path: PathBuf, detail: String },
    #[error(
        "{}: written under contract {found}, this is {wanted}; read it with the riposte that wrote it, or begin \
         a journal in another folder", path.display()
    )]
    Contract { path: PathBuf, found: String, wanted: String },
    #[error("{place}: record {position} is broken: {fault}; {}", advice())]
    Broken { place: Place, position: u64, fault: Fault },
    #[error(
        "{place}: record {position} is broken: {fault}. A record behind it, at byte {witness}, was written when \
         it had been durable, so this is no torn tail; {}", advice()
    )]
    Damaged { place: Place, position: u64, fault: Fault, witness: u64 },
    #[error(
        "{}: does not continue the segment before it: its chain or position is another; {}", path.display(), advice()
    )]
    Discontinuous { path: PathBuf },
    #[error(
        "{}: begins behind {removed} removed segments, and no record tells that they were pruned; put them back \
         from a copy", path.display()
    )]
    Beheaded { path: PathBuf, removed: u32 },
    #[error(
        "{}: its first segments were pruned, and no snapshot that stands for them holds ({why}); put one back from \
         a copy", folder.display()
    )]
    StateLost { folder: PathBuf, why: String },
    #[error("{}: is encrypted; give its key", path.display())]
    KeyNeeded { path: PathBuf },
    #[error("{}: the key is not the one that it was encrypted with (or its header was replaced)", path.display())]
    WrongKey { path: PathBuf },
    #[error("{}: is not encrypted, and a key was given; leave the key away", path.display())]
    KeyNotNeeded { path: PathBuf },
    #[error("{0}")]
    Key(#[from] KeyError),
    #[error("no random numbers for an encrypted segment: {0}")]
    Random(String),
    #[error("{}: writing has halted: {reason}. {waiting} records are not durable", folder.display())]
    Halted { folder: PathBuf, reason: String, waiting: u64 },
    #[error("a queue of {bytes} bytes cannot hold the longest record; {wanted} are needed")]
    QueueTooSmall { bytes: usize, wanted: usize },
    #[error("{}: cannot be a snapshot at position {position}: the log is durable to {durable}", folder.display())]
    SnapshotAhead { folder: PathBuf, position: u64, durable: u64 },
}

impl Error {
    /// What the journal promises does not hold, in contrast to a wrong path, key or setting.
    pub fn is_damage(&self) -> bool {
        use Error::{Beheaded, Broken, Damaged, Discontinuous, Header, Missing, StateLost};
        let is_broken = matches!(self, Header { .. } | Broken { .. } | Damaged { .. } | Discontinuous { .. });
        is_broken || matches!(self, Missing { .. } | Beheaded { .. } | StateLost { .. })
    }
}

fn advice() -> &'static str {
    "what is before it is whole. Keep the file as it is, put it back from a copy, and check with `riposte journal verify`"
}
