//! The journal: an append-only, hash-chained log on disk, its writer, and its recovery.
//!
//! In: records from one producer (`Appender`), which neither allocates nor blocks. Out: segments of records
//! that a reader proves byte for byte (`Reader`), a position up to which all is durable (`Watch`), orders that
//! may leave (`Durable`). A crash at any byte leaves a log that `open` brings back to its last durable record.
//!
//! ```
//! # let folder = std::env::temp_dir().join(format!("riposte-journal-doc-{}", std::process::id()));
//! use riposte_journal::{Entry, Note, Options, open};
//! let (mut appender, journal) = open(Options::new(&folder))?.start()?;
//! let entry = Entry::Note(Note { who: "risk", act: "arm", why: "the morning's checks passed" });
//! appender.append(34_200_000_000_000, &entry).expect("an empty queue has room");
//! let end = journal.finish(appender)?;
//! assert_eq!(open(Options::new(&folder))?.found().end, end);
//! # std::fs::remove_dir_all(&folder).unwrap();
//! # Ok::<(), riposte_journal::Error>(())
//! ```
//!
//! Not here: what the records mean to positions and orders (the engine), who may do what.
#![forbid(unsafe_code)]

mod appender;
mod disk;
mod entry;
mod error;
mod format;
mod key;
mod outbox;
mod prune;
mod read;
mod recover;
mod shared;
mod snapshot;
mod writer;

pub use appender::{Appender, Refused};
pub use disk::{Disk, Files, SegmentFile, now_unix_ns};
pub use entry::{Direction, Entry, Kind, Note, PruneMark, SnapshotMark};
pub use error::{Error, Fault, KeyError, Place};
pub use format::{Chain, PAYLOAD_BYTES_MAX, hex};
pub use key::{KEY_BYTES, Key};
pub use outbox::{Durable, Outbox, Pending};
pub use prune::{prunable, prune};
pub use read::{Contents, Part, Reader, Record, Torn};
pub use recover::{Found, Options, Recovery, create, is_written, open, prove, prove_sealed};
pub use shared::{End, State, Watch};
pub use snapshot::{Snapshot, Unusable};
pub use writer::Journal;
