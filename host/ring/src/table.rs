//! A table that one side writes and the other reads, each without ever waiting for the other.
//!
//! In memory: a line with the words `LATEST` and `INDEX`, a line with the word `READING`, then two pairs of copies, a
//! generation each. It is the four-slot mechanism of H. R. Simpson ("Four-slot fully asynchronous communication mechanism",
//! IEE Proceedings E 137, 1990): the writer stays out of the pair that the reader has announced, and in each pair out
//! of the copy that was last completed.
//!
//! Holds: `read` takes a fixed number of steps however fast the writer is, and gives the newest generation that was
//! complete when it began, or a newer one, whole. One that a writer had begun when it died is never seen. A
//! reader that died leaves a pair announced, which costs nothing.
use crate::{Broken, LINE_WORDS, Memory};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};

/// Generations that are kept.
pub const COPIES: usize = 4;
/// Pair of the newest generation.
const LATEST: usize = 0;
/// Copy of the newest generation of either pair.
const INDEX: [usize; 2] = [1, 2];
/// Pair that the reader has announced.
const READING: usize = LINE_WORDS;

/// Words that a table of `width` words takes.
pub const fn table_words(width: usize) -> usize {
    2 * LINE_WORDS + COPIES * copy_words(width)
}

/// Copies begin with a line of their own: the generation, then the content.
const fn copy_words(width: usize) -> usize {
    (width + 1).next_multiple_of(LINE_WORDS)
}

/// Words of shared memory hold anything; pair and copy are one bit of theirs.
fn copy_word(pair: u64, index: u64, width: usize) -> usize {
    2 * LINE_WORDS + (2 * (pair & 1) + (index & 1)) as usize * copy_words(width)
}

fn check_shape(memory: &impl Memory, width: usize) -> Result<(), Broken> {
    let (wanted, found) = (table_words(width), memory.words());
    if found == wanted { Ok(()) } else { Err(Broken::Table { width, wanted, found }) }
}

/// The end that writes generations.
#[derive(Debug)]
pub struct TableWriter<M> {
    memory: M,
    width: usize,
    generation: u64,
}

impl<M: Memory> TableWriter<M> {
    /// Goes on behind the newest complete generation. The caller answers for there being no other writer.
    pub fn attach(memory: M, width: usize) -> Result<TableWriter<M>, Broken> {
        check_shape(&memory, width)?;
        // Only writers write these words, and the last one is gone: Relaxed is enough.
        let pair = memory.load(LATEST, Relaxed) & 1;
        let index = memory.load(INDEX[pair as usize], Relaxed);
        let generation = memory.load(copy_word(pair, index, width), Relaxed);
        Ok(TableWriter { memory, width, generation })
    }

    /// Makes `content` the newest generation; gives its number. Panics on another width: that is the caller's own.
    pub fn write(&mut self, content: &[u64]) -> u64 {
        assert_eq!(content.len(), self.width, "content of the table's width");
        // With the fence in `TableReader::read`: of the reader's announcement and this writer's last choice of a copy, at
        // least one side sees the other's. Acquire pairs with the reader's Release: it has left the other pair.
        self.memory.fence(SeqCst);
        let pair = !self.memory.load(READING, Acquire) & 1;
        let index = !self.memory.load(INDEX[pair as usize], Relaxed) & 1;
        self.generation += 1;
        let first = copy_word(pair, index, self.width);
        self.memory.store(first, self.generation, Relaxed);
        for (at, &value) in content.iter().enumerate() {
            self.memory.store(first + 1 + at, value, Relaxed);
        }
        // Both pair with what `TableReader::read` loads: whoever sees the choice sees the content, and whoever sees the
        // pair sees its choice.
        self.memory.store(INDEX[pair as usize], index, Release);
        self.memory.store(LATEST, pair, Release);
        self.generation
    }
}

/// The end that reads the newest generation.
#[derive(Debug)]
pub struct TableReader<M> {
    memory: M,
    width: usize,
}

impl<M: Memory> TableReader<M> {
    /// The caller answers for there being no other reader.
    pub fn attach(memory: M, width: usize) -> Result<TableReader<M>, Broken> {
        check_shape(&memory, width)?;
        Ok(TableReader { memory, width })
    }

    /// Copies the newest generation into `content`; gives its number, 0 before the first. Panics on another width.
    pub fn read(&mut self, content: &mut [u64]) -> u64 {
        assert_eq!(content.len(), self.width, "content of the table's width");
        // The fence below makes an Acquire of it, for the Release of the same word.
        let pair = self.memory.load(LATEST, Relaxed) & 1;
        // Release pairs with the writer's Acquire: what was read from the other pair is read.
        self.memory.store(READING, pair, Release);
        // See the fence in `TableWriter::write`.
        self.memory.fence(SeqCst);
        // Pairs with the Release of the same word.
        let index = self.memory.load(INDEX[pair as usize], Acquire);
        let first = copy_word(pair, index, self.width);
        for (at, value) in content.iter_mut().enumerate() {
            *value = self.memory.load(first + 1 + at, Relaxed);
        }
        self.memory.load(first, Relaxed)
    }
}
