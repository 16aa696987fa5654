//! The thread that makes records durable: seals, chains, writes and syncs them in batches, turns segments.
//!
//! Why batches: one fdatasync serves all that came while the one before it ran.
//! Holds: a position is published only when every byte up to it is synced. When writing fails the batch stays
//! in memory; it is tried again from the durable length on, cut first, since after a failed sync nobody knows
//! which pages are on the disk. Nothing is taken from the queue meanwhile.
use crate::appender::Appender;
use crate::disk::{Disk, SegmentFile};
use crate::entry::Kind;
use crate::error::Error;
use crate::format::{
    Chain, ENCRYPTED, PAYLOAD_BYTES_MAX, RECORD_HEADER_BYTES, RECORD_OVERHEAD_BYTES, RecordHeader, SEGMENT_HEADER_BYTES,
    SegmentHeader, TAG_BYTES, segment_path,
};
use crate::shared::{End, Shared, Watch};
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use zerocopy::{FromBytes, IntoBytes};

/// A batch is closed when it has grown to this.
const BATCH_BYTES: usize = 1 << 20;

/// A journal that is being written.
#[derive(Debug)]
pub struct Journal {
    pub(crate) shared: Arc<Shared>,
    pub(crate) thread: JoinHandle<Result<End, Error>>,
}

impl Journal {
    pub fn watch(&self) -> Watch {
        Watch(self.shared.clone())
    }

    /// Writes what is in the queue and a last record that says so. On a disk that fails it is tried once
    /// more, then the error says how many records are not durable.
    pub fn finish(self, appender: Appender) -> Result<End, Error> {
        drop(appender);
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

pub(crate) struct Writer {
    pub consumer: rtrb::Consumer<u8>,
    pub shared: Arc<Shared>,
    pub disk: Box<dyn Disk>,
    pub segment_bytes: u64,
    pub idle: Duration,
    pub retry: Duration,
    /// Held while the thread lives.
    pub lock: File,
    pub segment: Segment,
    /// Records that are encoded and not yet durable.
    pub batch: Vec<u8>,
    /// After the last record in the batch.
    pub end: End,
}

/// The segment under way.
pub(crate) struct Segment {
    file: Box<dyn SegmentFile>,
    number: u32,
    salt: [u8; 16],
    /// Bytes that are durable.
    length: u64,
    /// There may be more in the file than `length`.
    is_dirty: bool,
}

impl Segment {
    /// Begins segment `number` behind `end`.
    pub fn begin(disk: &mut dyn Disk, shared: &Shared, number: u32, end: &End) -> io::Result<Segment> {
        let mut header = SegmentHeader::new(number, end.position + 1, end.chain, disk.now_unix_ns());
        if let Some(key) = &shared.key {
            header.flags = ENCRYPTED.into();
            header.salt = disk.random()?;
            header.key_tag = key.seal(&header.salt, 0, header.sealed_bytes(), &mut []);
        }
        header.crc = header.compute_crc().into();
        let file = disk.create(&segment_path(&shared.folder, number), header.as_bytes())?;
        Ok(Segment { file, number, salt: header.salt, length: SEGMENT_HEADER_BYTES as u64, is_dirty: false })
    }
}

impl Writer {
    pub fn run(mut self) -> Result<End, Error> {
        loop {
            // Asked before the queue is looked at: what was put in before the producer went is still seen.
            let is_last = self.consumer.is_abandoned();
            let waiting = self.fill();
            if !self.batch.is_empty() {
                self.persist(Writer::commit)?;
            } else if waiting {
                self.persist(Writer::turn)?;
            } else if is_last {
                return self.close();
            } else {
                std::thread::sleep(self.idle);
            }
        }
    }

    /// Moves records from the queue to the batch. True if one is left that does not fit the segment.
    fn fill(&mut self) -> bool {
        while self.batch.len() < BATCH_BYTES {
            let Some(header) = self.peek() else { return false };
            let room = self.segment_bytes.saturating_sub(self.segment.length + self.batch.len() as u64);
            let is_empty = self.segment.length == SEGMENT_HEADER_BYTES as u64 && self.batch.is_empty();
            if (header.record_bytes() + TAG_BYTES) as u64 > room && !is_empty {
                return true;
            }
            self.encode(header, |consumer, payload| {
                let header = consumer.pop_entire_slice(&mut [0; RECORD_HEADER_BYTES]);
                header.and_then(|()| consumer.pop_entire_slice(payload)).expect("a record is put into the queue whole");
            });
        }
        false
    }

    /// The header of the next record in the queue.
    fn peek(&mut self) -> Option<RecordHeader> {
        let mut bytes = [0; RECORD_HEADER_BYTES];
        let chunk = self.consumer.read_chunk(RECORD_HEADER_BYTES).ok()?;
        let (first, second) = chunk.as_slices();
        bytes[..first.len()].copy_from_slice(first);
        bytes[first.len()..].copy_from_slice(second);
        RecordHeader::read_from_bytes(&bytes).ok()
    }

    /// Appends a record to the batch, whose payload `take` writes.
    fn encode(&mut self, mut header: RecordHeader, take: impl FnOnce(&mut rtrb::Consumer<u8>, &mut [u8])) {
        assert_eq!(header.position.get(), self.end.position + 1, "the appender numbers without a hole");
        let start = self.batch.len();
        let payload = start + RECORD_HEADER_BYTES;
        self.batch.resize(payload + header.length.get() as usize, 0);
        take(&mut self.consumer, &mut self.batch[payload..]);
        if let Some(key) = &self.shared.key {
            header.length += TAG_BYTES as u32;
            let seal = header.lasting();
            let tag = key.seal(&self.segment.salt, header.position.get(), seal.as_bytes(), &mut self.batch[payload..]);
            self.batch.extend_from_slice(&tag);
        }
        let chain: Chain = header.compute_chain(&self.end.chain, &self.batch[payload..]);
        self.batch.extend_from_slice(&chain);
        let unsynced = header.position.get() - self.shared.durable();
        header.unsynced = u32::try_from(unsynced).unwrap_or(u32::MAX).into();
        header.crc = header.compute_crc(&self.batch[payload..]).into();
        self.batch[start..payload].copy_from_slice(header.as_bytes());
        self.end = End { position: header.position.get(), chain, time_ns: header.time_ns.get() };
    }

    /// Does `act` until it succeeds, halted meanwhile. Gives up when nobody is left to wait for it.
    fn persist(&mut self, act: fn(&mut Writer) -> io::Result<()>) -> Result<(), Error> {
        let mut is_last = false;
        while let Err(error) = act(self) {
            self.shared.halt(error.to_string());
            if is_last {
                let waiting = self.end.position - self.shared.durable() + self.queued();
                return Err(Error::Halted { folder: self.shared.folder.clone(), reason: error.to_string(), waiting });
            }
            is_last = self.consumer.is_abandoned();
            std::thread::sleep(self.retry);
        }
        self.shared.resume();
        Ok(())
    }

    /// Records in the queue, which are given up.
    fn queued(&mut self) -> u64 {
        let mut count = 0;
        while let Some(header) = self.peek() {
            let bytes = RECORD_HEADER_BYTES + header.length.get() as usize;
            self.consumer.read_chunk(bytes).expect("a record is put into the queue whole").commit_all();
            count += 1;
        }
        count
    }

    /// Makes the batch durable.
    fn commit(&mut self) -> io::Result<()> {
        let segment = &mut self.segment;
        if segment.is_dirty {
            segment.file.cut(segment.length)?;
        }
        segment.is_dirty = true;
        segment.file.write(segment.length, &self.batch)?;
        segment.file.sync()?;
        segment.is_dirty = false;
        segment.length += self.batch.len() as u64;
        self.batch.clear();
        self.shared.publish(self.end.position);
        Ok(())
    }

    /// Begins the next segment; the batch is empty.
    fn turn(&mut self) -> io::Result<()> {
        self.segment = Segment::begin(self.disk.as_mut(), &self.shared, self.segment.number + 1, &self.end)?;
        Ok(())
    }

    /// The last record, in a batch of its own: it tells that all before it had been durable.
    fn close(mut self) -> Result<End, Error> {
        let header = RecordHeader {
            position: (self.end.position + 1).into(),
            time_ns: self.end.time_ns.into(),
            kind: Kind::Closed as u8,
            ..RecordHeader::default()
        };
        self.encode(header, |_, _| {});
        self.persist(Writer::commit)?;
        drop(self.lock);
        Ok(self.end)
    }
}

/// The smallest queue that any record fits.
pub(crate) const QUEUE_BYTES_MIN: usize = RECORD_HEADER_BYTES + PAYLOAD_BYTES_MAX;
/// Room for a batch and the record that closes it, so that the writer seldom allocates.
pub(crate) const BATCH_CAPACITY: usize = BATCH_BYTES + PAYLOAD_BYTES_MAX + RECORD_OVERHEAD_BYTES + TAG_BYTES;

/// Opens the path of an error.
pub(crate) fn io_error(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Error {
    let path = path.into();
    move |source| Error::Io { path, source }
}
