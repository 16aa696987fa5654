//! Words of memory that two sides see: the trait that the algorithms are written on, and mapped files.
//!
//! Why a trait: the same ring and table run on mapped memory and, in the tests, on a model of a weak memory
//! that tries every order the hardware may choose.
use memmap2::{MmapOptions, MmapRaw};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::ptr::NonNull;
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
    /// First of `count` words inside the mapping, beside it because every access needs it.
    words: NonNull<AtomicU64>,
    count: usize,
    _map: Arc<MmapRaw>,
}

// SAFETY: the mapping belongs to no thread, lives as long as this value, and is reached only as `&AtomicU64`, which any
// thread may hold.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    /// Maps all whole words of `file`, with every page in place, so that no later access waits for one.
    pub fn map(file: &File) -> io::Result<Shared> {
        let map = MmapOptions::new().populate().map_raw(file)?;
        let words = NonNull::new(map.as_mut_ptr().cast::<AtomicU64>()).filter(|words| words.is_aligned());
        let words = words.expect("a mapping begins with a page");
        Ok(Shared { words, count: map.len() / 8, _map: Arc::new(map) })
    }

    /// The words `range` of these, numbered from 0. Panics if they are not all there.
    pub fn part(&self, range: Range<usize>) -> Shared {
        assert!(range.start <= range.end && range.end <= self.count, "words {range:?} of {}", self.count);
        // SAFETY: `range.start` is at most `count`, so the result is inside the mapping or just behind it.
        let words = unsafe { self.words.add(range.start) };
        Shared { words, count: range.end - range.start, _map: Arc::clone(&self._map) }
    }

    #[inline(always)]
    fn word(&self, word: usize) -> &AtomicU64 {
        assert!(word < self.count, "a word that is there");
        // SAFETY: `word` is one of `count` whole words that are inside the mapping (`map`, `part`) and aligned, since the
        // mapping is; the mapping lives as long as `self`, which outlives the reference. Nobody in this process reads or
        // writes it but through here, so every access is atomic; other processes are outside of Rust's memory
        // model, and an atomic read of whatever they wrote is a value. A file that shrinks ends the process by SIGBUS:
        // who may do that is checked by who opens it.
        unsafe { self.words.add(word).as_ref() }
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
