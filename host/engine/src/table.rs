//! A bounded table with a hash index that never forgets and never allocates after it was made.
//!
//! Holds: entries stay where they are, in the order of insertion; the index has at least twice as many slots as the
//! table has entries, so that a search always ends at an empty slot.
use crate::config::ENTRIES_MAX;
use crate::message::{Field, Sink};
use std::hash::{Hash, Hasher};

/// How an entry is found: session and number.
pub(crate) trait Keyed {
    fn key(&self) -> (u8, u64);
}

pub(crate) struct Table<T> {
    entries: Vec<T>,
    /// Position plus one; 0 is empty.
    slots: Box<[u32]>,
    limit: usize,
}

impl<T: Keyed> Table<T> {
    /// `limit` is below 2^24, which configuration has checked.
    pub fn new(limit: usize) -> Table<T> {
        let slots = (2 * limit).next_power_of_two().max(2);
        Table { entries: Vec::with_capacity(limit), slots: vec![0; slots].into_boxed_slice(), limit }
    }

    fn slot(&self, key: (u8, u64)) -> usize {
        let mixed = (key.1 ^ (u64::from(key.0) << 56)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> (64 - self.slots.len().trailing_zeros())) as usize
    }

    /// Where `key` is, or the empty slot where it would be.
    fn search(&self, key: (u8, u64)) -> Result<usize, usize> {
        let mut slot = self.slot(key);
        loop {
            match self.slots[slot] {
                0 => return Err(slot),
                at if self.entries[at as usize - 1].key() == key => return Ok(at as usize - 1),
                _ => slot = (slot + 1) & (self.slots.len() - 1),
            }
        }
    }

    pub fn find(&self, key: (u8, u64)) -> Option<usize> {
        self.search(key).ok()
    }

    /// Where it is now; `None` if there is no room. What has the same key stays as it is.
    pub fn insert(&mut self, one: T) -> Option<usize> {
        match self.search(one.key()) {
            Ok(at) => Some(at),
            Err(_) if self.entries.len() == self.limit => None,
            Err(slot) => {
                self.entries.push(one);
                self.slots[slot] = self.entries.len() as u32;
                Some(self.entries.len() - 1)
            }
        }
    }

    pub fn get(&self, at: usize) -> &T {
        &self.entries[at]
    }

    pub fn get_mut(&mut self, at: usize) -> &mut T {
        &mut self.entries[at]
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.entries.iter()
    }

    pub fn limit(&self) -> usize {
        self.limit
    }

    /// The same entries with room for others. Allocates.
    pub fn resize(&mut self, limit: usize) {
        assert!(self.entries.len() <= limit, "no entry is forgotten");
        let before = std::mem::replace(self, Table::new(limit));
        before.entries.into_iter().for_each(|one| _ = self.insert(one));
    }

    /// Room for less than an eighth: what is on the way still fits, but nothing new should be begun.
    pub fn is_nearly_full(&self) -> bool {
        self.entries.len() >= self.limit - self.limit / 8
    }
}

impl<T: Keyed + Field> Field for Table<T> {
    fn put(&self, to: &mut impl Sink) {
        self.limit.put(to);
        self.entries.len().put(to);
        self.entries.iter().for_each(|one| one.put(to));
    }

    /// `None` also if two entries have one key, or the index would be none.
    fn get(from: &mut &[u8]) -> Option<Table<T>> {
        let (limit, count) = (usize::get(from)?, usize::get(from)?);
        if limit > ENTRIES_MAX || count > limit {
            return None;
        }
        let mut table = Table::new(limit);
        for at in 0..count {
            (table.insert(T::get(from)?)? == at).then_some(())?;
        }
        Some(table)
    }
}

impl<T: Hash> Hash for Table<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.entries.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Keyed for (u8, u64) {
        fn key(&self) -> (u8, u64) {
            *self
        }
    }

    #[test]
    fn a_full_table_finds_every_entry_and_takes_no_more() {
        let mut table = Table::new(1000);
        let keys = || (0..1000).map(|at| ((at % 3) as u8, at / 3));
        for (at, key) in keys().enumerate() {
            assert_eq!(table.is_nearly_full(), at >= 875);
            assert_eq!((table.find(key), table.insert(key)), (None, Some(at)));
            assert_eq!(table.insert(key), Some(at), "once");
        }
        assert_eq!(table.insert((9, 9)), None);
        assert!(keys().enumerate().all(|(at, key)| table.find(key) == Some(at)));
    }
}
