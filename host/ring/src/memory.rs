//! Words of memory that two sides see: the trait that the algorithms are written on, and mapped files.
//!
//! Why a trait: the same ring and table run on mapped memory and, in the tests, on a model of a weak memory
//! that tries every order the hardware may choose.
use memmap2::{MmapOptions, MmapRaw};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering, fence};

/// Words of 64 bits, numbered from 0. Panics on a word that is not there: that is the caller's own.
pub trait Memory {
    /// Words that are there.
    fn words(&self) -> usize;
    fn load(&self, word: usize, order: Ordering) -> u64;
    fn store(&self, word: usize, value: u64, order: Ordering);
    fn fence(&self, order: Ordering);
}

/// A part of a mapped file. Clones share the mapping, which goes with the last of them.
#[derive(Clone, Debug)]
pub struct Shared {
    map: Arc<MmapRaw>,
    first: usize,
    count: usize,
}

impl Shared {
    /// Maps all whole words of `file`, with every page in place, so that no later access waits for one.
    pub fn map(file: &File) -> io::Result<Shared> {
        let map = MmapOptions::new().populate().map_raw(file)?;
        assert!(map.as_mut_ptr().cast::<AtomicU64>().is_aligned(), "mappings begin with a page");
        let count = map.len() / 8;
        Ok(Shared { map: Arc::new(map), first: 0, count })
    }

    /// The words `range` of these, numbered from 0. Panics if they are not all there.
    pub fn part(&self, range: Range<usize>) -> Shared {
        assert!(range.start <= range.end && range.end <= self.count, "words {range:?} of {}", self.count);
        Shared { map: Arc::clone(&self.map), first: self.first + range.start, count: range.end - range.start }
    }

    #[inline(always)]
    fn word(&self, word: usize) -> &AtomicU64 {
        assert!(word < self.count, "word {word} of {}", self.count);
        // SAFETY: `first + word` is a whole word inside the mapping (checked in `map`, `part` and above) and aligned,
        // since the mapping is; the mapping lives as long as `self.map`, which outlives the reference. Nobody in this
        // process reads or writes it but through here, so every access is atomic; other processes are outside of
        // Rust's memory model, and an atomic read of whatever they wrote is a value. A file that shrinks ends the
        // process by SIGBUS: who may do that is checked by who opens it.
        unsafe { AtomicU64::from_ptr(self.map.as_mut_ptr().cast::<u64>().add(self.first + word)) }
    }
}

impl Memory for Shared {
    fn words(&self) -> usize {
        self.count
    }

    #[inline(always)]
    fn load(&self, word: usize, order: Ordering) -> u64 {
        self.word(word).load(order)
    }

    #[inline(always)]
    fn store(&self, word: usize, value: u64, order: Ordering) {
        self.word(word).store(value, order);
    }

    #[inline(always)]
    fn fence(&self, order: Ordering) {
        fence(order);
    }
}
