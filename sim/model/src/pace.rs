//! What came of an instrument within its window: how many messages, and how its tops stood before.
//!
//! In: counted operations with their commit cycles, in their order; from when on which books are valid. Out: what the metrics over
//! time are made of. Holds: an operation is known behind what was visible in its verdict cycle, and a window may be closed
//! only by what was visible before its commit; so a window keeps the cycle from which on it is closed.
use riposte_map::{limits::INSTRUMENTS, shm::Level};
use std::collections::VecDeque;

/// An operation is known so many cycles behind its commit, at most.
const KNOWN_AFTER_COMMIT: u64 = 3;

/// Of a window, as an operation finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Messages in it.
    pub rate: u32,
    /// Tops before its first one.
    pub before: [Level; 2],
}

impl Pace {
    /// Price of a side before the window, if it was there.
    pub fn before(&self, side: usize) -> Option<u32> {
        Some(self.before[side]).filter(|level| level.quantity != 0).map(|level| level.price_e4)
    }
}

/// The last window of an instrument.
#[derive(Clone, Debug, Default)]
struct Window {
    /// Commit cycles of its operations.
    commits: Vec<u64>,
    before: [Level; 2],
    /// First commit cycle that finds it closed.
    end: u64,
}

#[derive(Clone, Debug, Default)]
pub struct Paces {
    windows: [Window; INSTRUMENTS],
    /// Tops behind the last counted operation.
    tops: [[Level; 2]; INSTRUMENTS],
    /// Which books are valid from a cycle on, as far back as an operation may ask; before the first: none.
    valid: VecDeque<(u64, u16)>,
}

impl Paces {
    /// From `cycle` on these books are valid.
    pub fn make_valid(&mut self, cycle: u64, valid: u16) {
        self.valid.push_back((cycle, valid));
        while self.valid.get(1).is_some_and(|(next, _)| next + 2 * KNOWN_AFTER_COMMIT < cycle) {
            self.valid.pop_front();
        }
        for window in self.windows.iter_mut().enumerate().filter(|(at, _)| valid >> at & 1 == 0).map(|(_, window)| window) {
            window.end = window.end.min(cycle + 1);
        }
    }

    /// Every book is empty.
    pub fn empty(&mut self) {
        self.tops = Default::default();
    }

    /// Counts the operation committed in `commit` that left these tops, with a window of so many cycles.
    pub fn count(&mut self, commit: u64, instrument: usize, cycles: u32, top: [Level; 2]) -> Option<Pace> {
        let before = std::mem::replace(&mut self.tops[instrument], top);
        if cycles == 0 {
            self.windows[instrument].end = 0;
            return None;
        }
        if commit >= self.windows[instrument].end {
            let closed = self.invalid_from(instrument, commit + 1).map_or(u64::MAX, |cycle| cycle + 1);
            let window = &mut self.windows[instrument];
            window.commits.clear();
            window.before = before;
            window.end = closed.min(commit + u64::from(cycles));
        }
        let window = &mut self.windows[instrument];
        window.commits.push(commit);
        Some(Pace { rate: window.commits.len() as u32, before: window.before })
    }

    /// The first cycle from `cycle` on in which the book is known not to be valid.
    fn invalid_from(&self, instrument: usize, cycle: u64) -> Option<u64> {
        let is_valid = |mask: u16| mask >> instrument & 1 == 1;
        let Some(&(first, _)) = self.valid.front() else { return Some(cycle) };
        if first > cycle {
            return Some(cycle);
        }
        let until = |at: usize| self.valid.get(at + 1).map_or(u64::MAX, |(next, _)| *next);
        let spans = self.valid.iter().enumerate().map(|(at, (from, mask))| (*from, until(at), *mask));
        spans.filter(|(from, until, mask)| from < until && *until > cycle && !is_valid(*mask)).map(|(from, ..)| from.max(cycle)).next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOP: [Level; 2] = [Level { price_e4: 100, quantity: 1 }, Level { price_e4: 110, quantity: 1 }];

    fn valid() -> Paces {
        let mut paces = Paces::default();
        paces.make_valid(1, 1);
        paces
    }

    fn rates(paces: &mut Paces, commits: &[u64], cycles: u32) -> Vec<u32> {
        commits.iter().map(|&commit| paces.count(commit, 0, cycles, TOP).map_or(0, |pace| pace.rate)).collect()
    }

    #[test]
    fn a_window_is_over_at_its_length_and_not_a_cycle_before() {
        assert_eq!(rates(&mut valid(), &[100, 102, 149, 150, 152, 199, 200], 50), [1, 2, 3, 1, 2, 3, 1]);
        assert_eq!(rates(&mut valid(), &[100, 102, 104, 107], 2), [1, 1, 1, 1]);
        assert_eq!(rates(&mut valid(), &[100, 102], 0), [0, 0]);
    }

    #[test]
    fn tops_before_are_those_that_the_operation_before_the_window_left() {
        let top = |price_e4| [Level { price_e4, quantity: 1 }, Level::default()];
        let mut paces = valid();
        let before = |paces: &mut Paces, commit, price| paces.count(commit, 0, 50, top(price)).unwrap().before(0);
        assert_eq!(before(&mut paces, 100, 7), None);
        assert_eq!(before(&mut paces, 110, 8), None);
        assert_eq!(before(&mut paces, 150, 9), Some(8));
        assert_eq!(before(&mut paces, 199, 10), Some(8));
        assert_eq!(before(&mut paces, 200, 11), Some(10));
        paces.empty();
        assert_eq!(before(&mut paces, 250, 11), None);
    }

    #[test]
    fn a_book_that_was_not_valid_closes_its_window_for_those_behind() {
        let mut paces = valid();
        assert_eq!(rates(&mut paces, &[100, 102], 50), [1, 2]);
        paces.make_valid(107, 0);
        // In flight when it became invalid, and the first one that does not find it.
        assert_eq!(rates(&mut paces, &[105, 107, 108, 110], 50), [3, 4, 1, 1]);
        paces.make_valid(112, 1);
        assert_eq!(rates(&mut paces, &[113, 115], 50), [1, 2]);
    }

    #[test]
    fn a_window_that_opens_on_a_book_that_is_not_valid_closes_at_once() {
        let mut paces = Paces::default();
        assert_eq!(rates(&mut paces, &[100, 102], 50), [1, 1]);
        paces.make_valid(105, 1);
        // Opened in 102 and 104: the first sees it invalid in 103, the other is open from 105 on.
        assert_eq!(rates(&mut paces, &[104, 106], 50), [1, 2]);
    }
}
