//! Frames in a ring of records: what the card transmits, for a host that owns the connection it goes into; what a wire in
//! another process brings and takes.
//!
//! The first record of a frame holds its length in bytes, the number of the host it is for, receive time, cycle and its first
//! bytes; records full of bytes follow.
//!
//! Holds: a frame is there whole or not at all: a card that dies in the middle of one has transmitted nothing of it. A host
//! reads no frame that was meant for another: what a dead host left may have been sent, and only the venue knows.
use crate::link::PublishError;
use riposte_ring::{Broken, Consumer, Memory, PAYLOAD_WORDS, Producer};
use thiserror::Error;

/// Longest frame that the link carries.
pub const FRAME_BYTES_MAX: usize = 2048;
/// Length, host, time, cycle.
const HEAD_WORDS: usize = 4;
const FIRST_BYTES: usize = (PAYLOAD_WORDS - HEAD_WORDS) * 8;
const RECORD_BYTES: usize = PAYLOAD_WORDS * 8;

/// Records that a frame takes.
const fn records(bytes: usize) -> u64 {
    1 + bytes.saturating_sub(FIRST_BYTES).div_ceil(RECORD_BYTES) as u64
}

/// A ring of frames holds what no peer writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FrameError {
    #[error(transparent)]
    Ring(#[from] Broken),
    #[error("record {record} of a ring of frames begins a frame of {bytes} bytes, and 1 to {FRAME_BYTES_MAX} can be")]
    Length { record: u64, bytes: u64 },
}

/// A frame in a ring; of the transmit ring, one that the card has transmitted: its gate has passed the order in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakenFrame<'a> {
    /// Cycle in which the first word was on the transmit stream.
    pub cycle: u64,
    /// Receive time of the frame that caused it, nanoseconds.
    pub time_ns: u64,
    /// Ethernet header to last payload byte.
    pub bytes: &'a [u8],
}

/// Puts up to eight bytes a word, the first in the lowest bits.
fn pack(words: &mut [u64], bytes: &[u8]) {
    for (word, chunk) in words.iter_mut().zip(bytes.chunks(8)) {
        let mut whole = [0; 8];
        whole[..chunk.len()].copy_from_slice(chunk);
        *word = u64::from_le_bytes(whole);
    }
}

fn unpack(bytes: &mut [u8], words: &[u64]) {
    for (chunk, word) in bytes.chunks_mut(8).zip(words) {
        chunk.copy_from_slice(&word.to_le_bytes()[..chunk.len()]);
    }
}

/// The card's end.
#[derive(Debug)]
pub(crate) struct FrameWriter<M> {
    ring: Producer<M>,
    capacity: u64,
}

impl<M: Memory> FrameWriter<M> {
    pub fn attach(memory: M, capacity: usize) -> Result<FrameWriter<M>, Broken> {
        Ok(FrameWriter { ring: Producer::attach(memory, capacity)?, capacity: capacity as u64 })
    }

    /// Whether so many frames of any length have room.
    pub fn has_room(&mut self, frames: u64) -> bool {
        self.ring.room() >= frames * records(FRAME_BYTES_MAX)
    }

    /// Number of the next frame's first record.
    pub fn next_record(&self) -> u64 {
        self.ring.next_sequence()
    }

    /// Whether everything that was pushed is released.
    pub fn is_empty(&mut self) -> bool {
        self.ring.room() == self.capacity
    }

    /// Writes a frame for host number `host`.
    pub fn push(&mut self, host: u64, frame: &TakenFrame) -> Result<(), PublishError> {
        let bytes = frame.bytes.len();
        if !(1..=FRAME_BYTES_MAX).contains(&bytes) {
            return Err(PublishError::Length { bytes });
        }
        if self.ring.room() < records(bytes) {
            return Err(PublishError::Full);
        }
        let (first, rest) = frame.bytes.split_at(bytes.min(FIRST_BYTES));
        let mut record = [bytes as u64, host, frame.time_ns, frame.cycle, 0, 0, 0];
        pack(&mut record[HEAD_WORDS..], first);
        self.ring.push(&record).map_err(|_| PublishError::Full)?;
        for chunk in rest.chunks(RECORD_BYTES) {
            let mut record = [0; PAYLOAD_WORDS];
            pack(&mut record, chunk);
            self.ring.push(&record).map_err(|_| PublishError::Full)?;
        }
        Ok(())
    }
}

/// The host's end. A frame whose records are not all there yet waits in it.
#[derive(Debug)]
pub(crate) struct FrameReader<M> {
    ring: Consumer<M>,
    /// Who reads.
    host: u64,
    bytes: Box<[u8; FRAME_BYTES_MAX]>,
    length: usize,
    filled: usize,
    /// Whom the frame in `bytes` is for.
    owner: u64,
    time_ns: u64,
    cycle: u64,
    /// Last record of the last whole frame.
    read: u64,
}

impl<M: Memory> FrameReader<M> {
    pub fn attach(memory: M, capacity: usize, host: u64) -> Result<FrameReader<M>, Broken> {
        let ring = Consumer::attach(memory, capacity)?;
        let read = ring.next_sequence() - 1;
        let bytes = Box::new([0; FRAME_BYTES_MAX]);
        Ok(FrameReader { ring, host, bytes, length: 0, filled: 0, owner: 0, time_ns: 0, cycle: 0, read })
    }

    /// Whose frames are read.
    pub fn reader(&self) -> u64 {
        self.host
    }

    /// Reads frames of host `host` from here on, whose first record is `first`: what stands before it is of others, and its last
    /// frame need not be whole.
    pub fn restart(&mut self, host: u64, first: u64) -> Result<(), FrameError> {
        (self.host, self.length, self.filled) = (host, 0, 0);
        while self.ring.next_sequence() < first && self.ring.read()?.is_some() {}
        self.read = self.ring.next_sequence() - 1;
        self.release();
        Ok(())
    }

    pub fn read(&mut self) -> Result<Option<TakenFrame<'_>>, FrameError> {
        loop {
            let Some([record, payload @ ..]) = self.ring.read()? else { return Ok(None) };
            if self.filled == self.length {
                self.begin(record, &payload)?;
            } else {
                let end = self.length.min(self.filled + RECORD_BYTES);
                unpack(&mut self.bytes[self.filled..end], &payload);
                self.filled = end;
            }
            if self.filled < self.length {
                continue;
            }
            self.read = record;
            if self.owner == self.host {
                break;
            }
            self.release();
        }
        let bytes = &self.bytes[..self.length];
        Ok(Some(TakenFrame { cycle: self.cycle, time_ns: self.time_ns, bytes }))
    }

    fn begin(&mut self, record: u64, payload: &[u64; PAYLOAD_WORDS]) -> Result<(), FrameError> {
        let [bytes, host, time_ns, cycle, first @ ..] = *payload;
        if !(1..=FRAME_BYTES_MAX as u64).contains(&bytes) {
            return Err(FrameError::Length { record, bytes });
        }
        (self.owner, self.time_ns, self.cycle) = (host, time_ns, cycle);
        self.length = bytes as usize;
        self.filled = self.length.min(FIRST_BYTES);
        unpack(&mut self.bytes[..self.filled], &first);
        Ok(())
    }

    /// Gives the places of all whole frames that were read back to the card.
    pub fn release(&mut self) {
        self.ring.release_to(self.read);
    }
}
