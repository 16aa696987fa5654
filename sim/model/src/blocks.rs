//! Walks the message blocks of one packet: messages and channel errors, each with its cycles.
use crate::{
    frame::WordClock,
    wire::{decisive_bytes, itch, itch_length, u16_at},
};
use riposte_map::limits::{BLOCK_BYTES_MAX, BLOCK_BYTES_MIN};

/// One packet under way.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// The whole frame.
    pub bytes: &'a [u8],
    pub words: WordClock,
    pub time_ns: u64,
    /// One past the last byte of the UDP payload.
    pub end: usize,
    pub truncated: bool,
}

/// What is found at a block's length prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// The frame was cut before the prefix, or before the word behind it, which would show the block's
    /// type and locate: the walk ends without a word.
    Cut,
    /// The block does not fit; visible in the cycle.
    Malformed(u64),
    /// A known type with another length than its own; visible in the cycle.
    BadLength(u64),
    /// A type that ITCH 5.0 does not have.
    Unknown {
        length: usize,
    },
    Known {
        code: u8,
        length: usize,
    },
}

impl<'a> Packet<'a> {
    fn last_word(&self) -> usize {
        (self.bytes.len() - 1) / 8
    }

    /// Cycle of word `word`; the one after the last word if the frame does not have it.
    #[inline]
    pub fn cycle(&self, word: usize) -> u64 {
        let last = self.last_word();
        if word > last { self.words.cycle(last) + 1 } else { self.words.cycle(word) }
    }

    /// Cycle in which an error of the whole frame is visible.
    pub fn end_error_cycle(&self) -> u64 {
        self.words.cycle(self.last_word()) + 2
    }

    /// Reads the block whose prefix has its low byte at `low`.
    #[inline]
    pub fn block(&self, low: usize) -> Block {
        if low >= self.bytes.len() {
            return if self.truncated {
                Block::Cut
            } else {
                Block::Malformed(self.end_error_cycle())
            };
        }
        let length = usize::from(u16_at(self.bytes, low - 1));
        if !(BLOCK_BYTES_MIN..=BLOCK_BYTES_MAX).contains(&length) || low + length >= self.end {
            return Block::Malformed(self.words.cycle(low / 8) + 2);
        }
        if low / 8 == self.last_word() {
            return Block::Cut;
        }
        let code = self.bytes[low + 1];
        match itch_length(code) {
            None => Block::Unknown { length },
            Some(own) if own == length => Block::Known { code, length },
            Some(_) => Block::BadLength(self.words.cycle(low / 8 + 1) + 2),
        }
    }

    /// Stock locate of the message behind `low`, whose block is not `Cut`, and the cycle in which it is
    /// looked up. What lies past the end of the frame reads as 0.
    #[inline]
    pub fn locate(&self, low: usize) -> (u16, u64) {
        let at = low + 1 + itch::LOCATE;
        let byte = |at: usize| self.bytes.get(at).copied().unwrap_or(0);
        (u16::from_be_bytes([byte(at), byte(at + 1)]), self.words.cycle(low / 8 + 1) + 1)
    }

    /// The decisive bytes of the message behind `low` and the cycle that shows the last of them; `None`
    /// if the frame was cut before.
    #[inline]
    pub fn decisive(&self, low: usize, length: usize) -> Option<(&'a [u8], u64)> {
        let last = low + decisive_bytes(length);
        let message = self.bytes.get(low + 1..=last)?;
        Some((message, self.words.cycle(last / 8)))
    }
}
