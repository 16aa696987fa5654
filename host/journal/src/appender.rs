//! The producer's end: gives records their positions and puts them into the writer's queue.
//!
//! Why one: the order of the records is the order in which the engine took its inputs, and it has one thread.
//! Holds: does not allocate, block, or call the system, but for `append_waiting`.
use crate::entry::{Entry, Sink};
use crate::format::{PAYLOAD_BYTES_MAX, RECORD_HEADER_BYTES, RecordHeader};
use crate::outbox::Pending;
use crate::shared::{Shared, Watch};
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use zerocopy::IntoBytes;

/// How long `append_waiting` sleeps between two attempts.
const WAIT: Duration = Duration::from_micros(50);

/// Why a record was not taken. It has no position and is in no queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    #[error("the journal's queue is full: take no new risk until its writer has caught up")]
    Full,
    #[error("the journal's queue is full and writing has halted: make room on its disk")]
    Halted,
    #[error("a record of {0} bytes is longer than the {PAYLOAD_BYTES_MAX} that a journal takes")]
    TooLong(usize),
    #[error("the journal's writer has ended")]
    Ended,
}

pub struct Appender {
    pub(crate) producer: rtrb::Producer<u8>,
    pub(crate) next: u64,
    pub(crate) refused: u64,
    pub(crate) shared: Arc<Shared>,
}

/// The two halves of a chunk that may wrap around the end of the queue.
struct Halves<'a>(&'a mut [u8], &'a mut [u8]);

impl Sink for Halves<'_> {
    fn put(&mut self, bytes: &[u8]) {
        let (first, second) = bytes.split_at(bytes.len().min(self.0.len()));
        for (half, part) in [(&mut self.0, first), (&mut self.1, second)] {
            let (target, rest) = std::mem::take(half).split_at_mut(part.len());
            target.copy_from_slice(part);
            *half = rest;
        }
    }
}

impl Appender {
    /// Puts a record into the queue and gives its position. `time_ns` is the input's own time.
    pub fn append(&mut self, time_ns: u64, entry: &Entry) -> Result<u64, Refused> {
        let result = self.try_append(time_ns, entry);
        self.refused += u64::from(result.is_err());
        result
    }

    /// As `append`, for what must not leave before its record is durable.
    pub fn hold<T>(&mut self, time_ns: u64, entry: &Entry, what: T) -> Result<Pending<T>, (Refused, T)> {
        match self.append(time_ns, entry) {
            Ok(position) => Ok(Pending { position, what, shared: self.shared.clone() }),
            Err(refused) => Err((refused, what)),
        }
    }

    /// Holds `what` until every record up to the last that was taken is durable.
    pub fn behind<T>(&self, what: T) -> Pending<T> {
        Pending { position: self.last(), what, shared: self.shared.clone() }
    }

    /// As `append`, but waits for room as long as the writer gets on. Not for a pinned core.
    pub fn append_waiting(&mut self, time_ns: u64, entry: &Entry) -> Result<u64, Refused> {
        loop {
            match self.try_append(time_ns, entry) {
                Err(Refused::Full) => std::thread::sleep(WAIT),
                result => {
                    self.refused += u64::from(result.is_err());
                    return result;
                }
            }
        }
    }

    fn try_append(&mut self, time_ns: u64, entry: &Entry) -> Result<u64, Refused> {
        let length = entry.length();
        if length > PAYLOAD_BYTES_MAX {
            return Err(Refused::TooLong(length));
        }
        if self.producer.is_abandoned() {
            return Err(Refused::Ended);
        }
        let Ok(mut chunk) = self.producer.write_chunk(RECORD_HEADER_BYTES + length) else {
            return Err(if self.shared.is_halted() { Refused::Halted } else { Refused::Full });
        };
        let header = RecordHeader {
            length: (length as u32).into(),
            position: self.next.into(),
            time_ns: time_ns.into(),
            kind: entry.kind() as u8,
            ..RecordHeader::default()
        };
        let (first, second) = chunk.as_mut_slices();
        let mut halves = Halves(first, second);
        halves.put(header.as_bytes());
        entry.put(&mut halves);
        chunk.commit_all();
        self.next += 1;
        Ok(self.next - 1)
    }

    /// Records that were refused since the start.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Position of the last record that was taken; 0 if there is none.
    pub fn last(&self) -> u64 {
        self.next - 1
    }

    pub fn watch(&self) -> Watch {
        Watch(self.shared.clone())
    }
}
