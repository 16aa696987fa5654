//! A wire in another process: frames both ways between a card's process ([`CardSide`]) and one that has its port
//! ([`PortSide`]), over shared memory.
//!
//! Why: what a port links (DPDK) need not be in the card's process, which starts the other one and hands it the region as its
//! standard input. The region is memory without a name, so nobody else finds it, and it goes with the last of the two.
//!
//! | part of the region | written by | holds |
//! |---|---|---|
//! | head | card's process, once | magic, layout, slots, its process number |
//! | port's line | port | how far it is |
//! | card's line | card's process | whether the port is to end |
//! | received ring | port | frames that have come, with their times |
//! | transmit ring | card's process, released by the port | frames that are to leave |
//! | counts | port | [`WireCounts`] |
//!
//! Holds: a frame is there whole or not at all, and in order; one that is released by the port has left. Nothing here waits: a
//! full ring is an answer. No number of the region is used for an address before it was checked.
//!
//! Not here: who starts and looks after whom (`riposte card serve`), and what a port is (`riposte-dpdk-port`).
use crate::frames::{FRAME_BYTES_MAX, FrameError, FrameReader, FrameWriter, TakenFrame};
use crate::link::PublishError;
use riposte_ring::{Broken, LINE_WORDS, Memory, Shared, TableReader, TableWriter, ring_words, table_words};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use thiserror::Error;

/// `RIPWIRE` and how the region is laid out, which counts up with every change of this file or of frames in a ring.
const MAGIC: u64 = u64::from_le_bytes(*b"RIPWIRE\x01");
const HEAD_WORDS: usize = 64;
const MAGIC_AT: usize = 0;
const RECEIVED_SLOTS_AT: usize = 1;
const TRANSMIT_SLOTS_AT: usize = 2;
const PROCESS_AT: usize = 3;
/// Lines of their own, two apart, because processors fetch lines in pairs.
const STATE_AT: usize = 2 * LINE_WORDS;
const CLOSING_AT: usize = 4 * LINE_WORDS;
/// Both rings have one reader for ever, so frames need not say for whom they are.
const READER: u64 = 1;
const SLOTS_MAX: u64 = 1 << 20;
const SLOTS_MIN: u64 = 64;
const COUNT_WORDS: usize = 5;

/// Slots of the rings, powers of two from 64. A frame of a feed takes 2 to 27.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireSizes {
    pub received_slots: usize,
    pub transmit_slots: usize,
}

impl Default for WireSizes {
    /// Room for thousands of frames while a card stands still.
    fn default() -> WireSizes {
        WireSizes { received_slots: 1 << 17, transmit_slots: 1 << 10 }
    }
}

/// What a port has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WireCounts {
    /// Frames given to the card.
    pub received: u64,
    /// Frames that have left.
    pub transmitted: u64,
    /// Frames that found no room or memory, as the device counts them.
    pub missed: u64,
    /// Frames that the device found bad.
    pub bad: u64,
    /// Frames longer than any of a feed, or in pieces.
    pub too_long: u64,
}

impl WireCounts {
    /// Frames that came and were not given to the card.
    pub fn lost(&self) -> u64 {
        self.missed + self.bad + self.too_long
    }

    fn words(&self) -> [u64; COUNT_WORDS] {
        let WireCounts { received, transmitted, missed, bad, too_long } = *self;
        [received, transmitted, missed, bad, too_long]
    }

    fn from_words([received, transmitted, missed, bad, too_long]: [u64; COUNT_WORDS]) -> WireCounts {
        WireCounts { received, transmitted, missed, bad, too_long }
    }
}

/// How far a port is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortState {
    /// Its process has not opened it.
    Opening = 0,
    Open = 1,
    /// It has ended in order.
    Closed = 2,
}

#[derive(Debug, Error)]
pub enum WireError {
    #[error("shared memory for frames cannot be had")]
    Io(#[from] io::Error),
    #[error("this is no region of a card of this release ({0})")]
    Foreign(&'static str),
    #[error(transparent)]
    Broken(#[from] Broken),
}

struct Parts {
    received: Range<usize>,
    transmit: Range<usize>,
    counts: Range<usize>,
}

impl WireSizes {
    /// Where the parts are; none if a size is not allowed.
    fn parts(&self) -> Option<Parts> {
        let is_allowed = |slots: usize| slots.is_power_of_two() && (SLOTS_MIN..=SLOTS_MAX).contains(&(slots as u64));
        if !is_allowed(self.received_slots) || !is_allowed(self.transmit_slots) {
            return None;
        }
        let received = HEAD_WORDS..HEAD_WORDS + ring_words(self.received_slots);
        let transmit = received.end..received.end + ring_words(self.transmit_slots);
        let counts = transmit.end..transmit.end + table_words(COUNT_WORDS);
        Some(Parts { received, transmit, counts })
    }
}

/// What the card's process holds of a wire. Dropping it asks the port to end.
#[derive(Debug)]
pub struct CardSide {
    region: Shared,
    received: FrameReader<Shared>,
    transmit: FrameWriter<Shared>,
    counts: TableReader<Shared>,
    told: WireCounts,
}

impl CardSide {
    /// Makes a region; the file is for the port's process. Panics on a size that is not allowed: that is the caller's own.
    pub fn make(sizes: WireSizes) -> Result<(CardSide, File), WireError> {
        let parts = sizes.parts().expect("allowed sizes");
        let file = File::from(memfd_create("riposte-wire", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).map_err(io::Error::from)?);
        file.set_len(parts.counts.end as u64 * 8)?;
        // A file that shrinks would end both processes by a signal.
        fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL).map_err(io::Error::from)?;
        let region = Shared::map(&file)?;
        region.store(RECEIVED_SLOTS_AT, sizes.received_slots as u64, Relaxed);
        region.store(TRANSMIT_SLOTS_AT, sizes.transmit_slots as u64, Relaxed);
        region.store(PROCESS_AT, std::process::id().into(), Relaxed);
        // The port's process does not exist yet.
        region.store(MAGIC_AT, MAGIC, Relaxed);
        let side = CardSide {
            received: FrameReader::attach(region.part(parts.received), sizes.received_slots, READER)?,
            transmit: FrameWriter::attach(region.part(parts.transmit), sizes.transmit_slots)?,
            counts: TableReader::attach(region.part(parts.counts), COUNT_WORDS)?,
            told: WireCounts::default(),
            region,
        };
        Ok((side, file))
    }

    pub fn state(&self) -> PortState {
        // Acquire pairs with the Release in `PortSide::tell`.
        match self.region.load(STATE_AT, Acquire) {
            0 => PortState::Opening,
            1 => PortState::Open,
            _ => PortState::Closed,
        }
    }

    /// The next frame that has come. It keeps its place until it is released.
    pub fn receive(&mut self) -> Result<Option<TakenFrame<'_>>, FrameError> {
        self.received.read()
    }

    /// Lets go of every frame that was read.
    pub fn release(&mut self) {
        self.received.release();
    }

    /// Gives the port a frame to send.
    pub fn send(&mut self, frame: &TakenFrame) -> Result<(), PublishError> {
        self.transmit.push(READER, frame)
    }

    /// Whether every frame that was given to the port has left.
    pub fn has_left(&mut self) -> bool {
        self.transmit.is_empty()
    }

    pub fn counts(&mut self) -> WireCounts {
        let mut words = [0; COUNT_WORDS];
        if self.counts.read(&mut words) > 0 {
            self.told = WireCounts::from_words(words);
        }
        self.told
    }

    /// Asks the port to send what it has, and to end.
    pub fn close(&mut self) {
        // Pairs with the Acquire in `PortSide::is_closing`: what was sent before is in the ring.
        self.region.store(CLOSING_AT, 1, Release);
    }
}

impl Drop for CardSide {
    fn drop(&mut self) {
        self.close();
    }
}

/// What the port's process holds of a wire.
#[derive(Debug)]
pub struct PortSide {
    region: Shared,
    received: FrameWriter<Shared>,
    transmit: FrameReader<Shared>,
    counts: TableWriter<Shared>,
    card_process: u32,
}

impl PortSide {
    /// Joins the region that a card's process has made.
    pub fn join(file: &File) -> Result<PortSide, WireError> {
        let metadata = file.metadata()?;
        if !metadata.is_file() || metadata.len() < HEAD_WORDS as u64 * 8 {
            return Err(WireError::Foreign("it is no memory of its own"));
        }
        let region = Shared::map(file)?;
        if region.load(MAGIC_AT, Relaxed) != MAGIC {
            return Err(WireError::Foreign("it begins otherwise"));
        }
        let slots = |at| usize::try_from(region.load(at, Relaxed)).unwrap_or(0);
        let sizes = WireSizes { received_slots: slots(RECEIVED_SLOTS_AT), transmit_slots: slots(TRANSMIT_SLOTS_AT) };
        let parts = sizes.parts().filter(|parts| parts.counts.end == region.words());
        let parts = parts.ok_or(WireError::Foreign("its sizes cannot be"))?;
        Ok(PortSide {
            received: FrameWriter::attach(region.part(parts.received), sizes.received_slots)?,
            transmit: FrameReader::attach(region.part(parts.transmit), sizes.transmit_slots, READER)?,
            counts: TableWriter::attach(region.part(parts.counts), COUNT_WORDS)?,
            // A process number is 22 bits on Linux.
            card_process: region.load(PROCESS_AT, Relaxed) as u32,
            region,
        })
    }

    /// The process that the port is for.
    pub fn card_process(&self) -> u32 {
        self.card_process
    }

    pub fn tell(&mut self, state: PortState) {
        self.region.store(STATE_AT, state as u64, Release);
    }

    /// The card's process wants the port to end.
    pub fn is_closing(&self) -> bool {
        self.region.load(CLOSING_AT, Acquire) != 0
    }

    /// Whether so many frames of any length can be given.
    pub fn has_room(&mut self, frames: u64) -> bool {
        self.received.has_room(frames)
    }

    /// Gives the card a frame that came at this time.
    pub fn give(&mut self, time_ns: u64, bytes: &[u8]) -> Result<(), PublishError> {
        self.received.push(READER, &TakenFrame { cycle: 0, time_ns, bytes })
    }

    /// The next frame that is to leave.
    pub fn take(&mut self) -> Result<Option<TakenFrame<'_>>, FrameError> {
        self.transmit.read()
    }

    /// What was taken has left.
    pub fn release(&mut self) {
        self.transmit.release();
    }

    pub fn write_counts(&mut self, counts: &WireCounts) {
        self.counts.write(&counts.words());
    }
}

const _: () = assert!(FRAME_BYTES_MAX < SLOTS_MIN as usize * 7 * 8, "the longest frame has room in an empty ring");
const _: () = assert!(CLOSING_AT + LINE_WORDS <= HEAD_WORDS && PROCESS_AT < STATE_AT);
