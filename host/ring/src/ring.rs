//! A ring of 64-byte records between one producer and one consumer, each record with its own sequence number.
//!
//! In memory: a line whose first word is the last sequence number that the consumer has released, then `capacity`
//! slots of one line. Record `s` (from 1) lies in slot `(s - 1) % capacity`; its first word is `s`, written last.
//! Zeroed memory is an empty ring.
//!
//! Holds: what is read is whole, in order, once, none left out; a record is visible when its sequence word is, so a producer that
//! dies in the middle of one leaves nothing. Reading and releasing are two steps, so that a consumer can keep
//! a record in the ring until it is durable elsewhere; what was read and not released, a consumer that
//! comes after a crash reads again. Both ends find their place from the memory alone.
use crate::{LINE_WORDS, Memory};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use thiserror::Error;

/// Words of a record; the first is its sequence number.
pub const RECORD_WORDS: usize = LINE_WORDS;
/// Words of a record behind its sequence number.
pub const PAYLOAD_WORDS: usize = RECORD_WORDS - 1;
/// Where the consumer tells what it has released.
const RELEASED: usize = 0;
/// No ring lives to see a higher sequence number.
const LAST: u64 = 1 << 63;

/// A record: sequence number and payload.
pub type Record = [u64; RECORD_WORDS];

/// The consumer has not released enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the ring is full: its consumer has fallen behind")]
pub struct Full;

/// The memory holds what neither end ever writes: it is no ring, another capacity, or somebody else wrote to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Broken {
    #[error("a ring of {capacity} records needs {wanted} words of memory and has {found}; capacities are powers of two")]
    Shape { capacity: usize, wanted: usize, found: usize },
    #[error("a table of {width} words needs {wanted} words of memory and has {found}")]
    Table { width: usize, wanted: usize, found: usize },
    #[error("slot {slot} holds record {found} where record {wanted} belongs")]
    Slot { slot: usize, found: u64, wanted: u64 },
    #[error("the consumer has released record {released}, and record {newest} is the newest there is")]
    Released { released: u64, newest: u64 },
}

/// Words that a ring of `capacity` records takes.
pub const fn ring_words(capacity: usize) -> usize {
    (capacity + 1) * LINE_WORDS
}

/// First word of the slot of record `sequence`.
#[inline(always)]
fn slot_word(sequence: u64, capacity: u64) -> usize {
    (1 + (sequence.wrapping_sub(1) & (capacity - 1)) as usize) * LINE_WORDS
}

fn check_shape(memory: &impl Memory, capacity: usize) -> Result<(), Broken> {
    let (wanted, found) = (ring_words(capacity), memory.words());
    if capacity.is_power_of_two() && found == wanted { Ok(()) } else { Err(Broken::Shape { capacity, wanted, found }) }
}

/// The record that slot `slot` holds while `newest` is the newest; 0 if none was ever there.
fn held(slot: usize, newest: u64, capacity: usize) -> u64 {
    let Some(newest_slot) = newest.checked_sub(1).map(|index| index as usize & (capacity - 1)) else { return 0 };
    newest.saturating_sub((newest_slot.wrapping_sub(slot) & (capacity - 1)) as u64)
}

/// The end that writes records.
#[derive(Debug)]
pub struct Producer<M> {
    memory: M,
    capacity: u64,
    /// Sequence number of the next record.
    next: u64,
    /// As far as it was seen.
    released: u64,
}

impl<M: Memory> Producer<M> {
    /// Goes on where the last producer of this memory ended. The caller answers for there being no other.
    pub fn attach(memory: M, capacity: usize) -> Result<Producer<M>, Broken> {
        check_shape(&memory, capacity)?;
        // Acquire pairs with the consumer's Release of the same word.
        let released = memory.load(RELEASED, Acquire);
        // Only producers write these words, and the last one is gone: Relaxed is enough.
        let found: Vec<u64> = (0..capacity).map(|slot| memory.load((slot + 1) * LINE_WORDS, Relaxed)).collect();
        let newest = found.iter().copied().max().unwrap_or(0);
        for (slot, &found) in found.iter().enumerate() {
            let wanted = held(slot, newest, capacity);
            if found != wanted {
                return Err(Broken::Slot { slot, found, wanted });
            }
        }
        if released > newest || newest - released > capacity as u64 || newest > LAST {
            return Err(Broken::Released { released, newest });
        }
        Ok(Producer { memory, capacity: capacity as u64, next: newest + 1, released })
    }

    /// Sequence number of the record that `push` writes next.
    pub fn next_sequence(&self) -> u64 {
        self.next
    }

    /// Records that can be pushed before the consumer has to release more.
    pub fn room(&mut self) -> u64 {
        // Acquire pairs with the Release in `Consumer::release_to`: what was released has been read.
        // A consumer that releases what was never written gets an empty ring, not one of negative length.
        self.released = self.memory.load(RELEASED, Acquire).clamp(self.released, self.next - 1);
        self.capacity - (self.next - 1 - self.released)
    }

    /// Writes a record; gives its sequence number.
    #[inline]
    pub fn push(&mut self, payload: &[u64; PAYLOAD_WORDS]) -> Result<u64, Full> {
        let sequence = self.next;
        if sequence - self.released > self.capacity && self.room() == 0 {
            return Err(Full);
        }
        let first = slot_word(sequence, self.capacity);
        for (at, &value) in payload.iter().enumerate() {
            self.memory.store(first + 1 + at, value, Relaxed);
        }
        // Pairs with the Acquire in `Consumer::read`: whoever sees the number sees the payload.
        self.memory.store(first, sequence, Release);
        self.next += 1;
        Ok(sequence)
    }
}

/// The end that reads records.
#[derive(Debug)]
pub struct Consumer<M> {
    memory: M,
    capacity: u64,
    /// Sequence number of the next record.
    next: u64,
    released: u64,
}

impl<M: Memory> Consumer<M> {
    /// Goes on behind what the last consumer of this memory released. The caller answers for there being no other.
    pub fn attach(memory: M, capacity: usize) -> Result<Consumer<M>, Broken> {
        check_shape(&memory, capacity)?;
        // Only consumers write this word, and the last one is gone: Relaxed is enough.
        let released = memory.load(RELEASED, Relaxed);
        if released > LAST {
            return Err(Broken::Released { released, newest: LAST });
        }
        Ok(Consumer { memory, capacity: capacity as u64, next: released + 1, released })
    }

    /// Sequence number of the record that `read` gives next.
    pub fn next_sequence(&self) -> u64 {
        self.next
    }

    /// The next record, if there is one. It keeps its place in the ring until it is released.
    #[inline]
    pub fn read(&mut self) -> Result<Option<Record>, Broken> {
        let first = slot_word(self.next, self.capacity);
        // Pairs with the Release in `Producer::push`.
        let found = self.memory.load(first, Acquire);
        if found != self.next {
            return self.nothing(found);
        }
        let mut record = [found; RECORD_WORDS];
        for (at, value) in record.iter_mut().enumerate().skip(1) {
            *value = self.memory.load(first + at, Relaxed);
        }
        self.next += 1;
        Ok(Some(record))
    }

    /// The slot of the next record holds the one a lap before it, or the ring is broken.
    fn nothing(&self, found: u64) -> Result<Option<Record>, Broken> {
        if found == self.next.saturating_sub(self.capacity) {
            return Ok(None);
        }
        let slot = slot_word(self.next, self.capacity) / LINE_WORDS - 1;
        Err(Broken::Slot { slot, found, wanted: self.next })
    }

    /// Gives the places of all records up to `sequence` back to the producer. What was not read is not released.
    #[inline]
    pub fn release_to(&mut self, sequence: u64) {
        let released = sequence.min(self.next - 1);
        if released > self.released {
            self.released = released;
            // Pairs with the Acquire in `Producer::room`: what is read is read before its place is written again.
            self.memory.store(RELEASED, released, Release);
        }
    }

    /// Gives back all that was read.
    #[inline]
    pub fn release(&mut self) {
        self.release_to(self.next - 1);
    }
}
