//! Two ends of shared memory: rings of 64-byte records, and tables whose reader never waits.
//!
//! In: [`Memory`], words of 64 bits that two processes, or a process and a card, both see. Out: owned ends, of
//! which each exists once ([`Producer`], [`Consumer`], [`TableWriter`], [`TableReader`]).
//!
//! Why: a record that carries its own sequence number needs no head index: the consumer finds record and news of
//! it in the one cache line that it polls. A table keeps four copies, because a plain seqlock starves its reader.
//!
//! Holds: no function here waits, allocates or makes a system call. All words are read and written as atomics, so a peer that
//! does wrong makes wrong values and never undefined behaviour. Every Acquire names its Release.
//!
//! Not here: what the words mean, who may open them, whether the peer lives (`riposte_device`).

mod memory;
mod ring;
mod table;

pub use memory::{Memory, Shared};
pub use ring::{Broken, Consumer, Full, PAYLOAD_WORDS, Producer, RECORD_WORDS, Record, ring_words};
pub use table::{COPIES, TableReader, TableWriter, table_words};

/// Words of 64 bits in a cache line.
pub const LINE_WORDS: usize = 8;
