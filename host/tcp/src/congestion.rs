//! How much may be on its way, and what is sent again: RFC 5681 with the recovery of RFC 6582.
//!
//! Not here: a limit for the card, which sends one small order at a time within the venue's window. Its bytes count as on their
//! way like the host's.
use crate::sequence::{distance, is_before, later};

const WINDOW_MAX: usize = 65_535;
/// RFC 6928: ten segments, or two and what fits into 14,600 bytes.
const FIRST_BYTES: usize = 14_600;
const DUPLICATES: u32 = 3;

/// What came of an acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledged {
    /// Bytes that were not acknowledged before.
    New,
    /// The third of its kind: a segment is sent again.
    Asks,
    Nothing,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Recovery {
    None,
    /// Three duplicates: one segment again, then one for each acknowledgement that is not up to here. Duplicates of before that
    /// say nothing of what comes behind (RFC 6582 3.2).
    Fast(u32),
    /// Nothing came: all again, up to here.
    All(u32),
}

pub struct Congestion {
    segment: usize,
    window: usize,
    threshold: usize,
    duplicates: u32,
    recovery: Recovery,
    /// What is sent again next.
    cursor: Option<u32>,
}

impl Congestion {
    pub fn new(segment: usize) -> Congestion {
        let window = (10 * segment).min(FIRST_BYTES.max(2 * segment));
        Congestion { segment, window, threshold: WINDOW_MAX, duplicates: 0, recovery: Recovery::None, cursor: None }
    }

    pub fn window(&self) -> usize {
        self.window
    }

    fn halve(&mut self, flight: usize) {
        self.threshold = (flight / 2).max(2 * self.segment);
    }

    pub fn acknowledged(&mut self, number: u32, count: usize, flight: usize) {
        self.duplicates = 0;
        match self.recovery {
            Recovery::Fast(end) if is_before(number, end) => {
                self.cursor = Some(number);
                self.window = self.window.saturating_sub(count).max(self.segment);
                return;
            }
            Recovery::Fast(_) => {
                (self.recovery, self.cursor) = (Recovery::None, None);
                self.window = self.threshold.min(flight.saturating_sub(count).max(self.segment) + self.segment);
                return;
            }
            Recovery::All(end) => {
                self.cursor = self.cursor.map(|cursor| later(cursor, number)).filter(|&cursor| is_before(cursor, end));
                if !is_before(number, end) {
                    (self.recovery, self.cursor) = (Recovery::None, None);
                }
            }
            Recovery::None => {}
        }
        let more = if self.window < self.threshold { count.min(self.segment) } else { (self.segment * self.segment / self.window).max(1) };
        self.window = (self.window + more).min(WINDOW_MAX);
    }

    pub fn duplicate(&mut self, unacknowledged: u32, next: u32) -> Acknowledged {
        self.duplicates = self.duplicates.saturating_add(1);
        match self.recovery {
            // Each tells that a segment has left the wire.
            Recovery::Fast(_) => self.window = (self.window + self.segment).min(WINDOW_MAX),
            Recovery::None if self.duplicates == DUPLICATES => {
                self.halve(distance(unacknowledged, next));
                self.window = (self.threshold + 3 * self.segment).min(WINDOW_MAX);
                (self.recovery, self.cursor) = (Recovery::Fast(next), Some(unacknowledged));
                return Acknowledged::Asks;
            }
            _ => {}
        }
        Acknowledged::Nothing
    }

    pub fn time_out(&mut self, unacknowledged: u32, next: u32) {
        self.halve(distance(unacknowledged, next));
        self.window = self.segment;
        self.duplicates = 0;
        (self.recovery, self.cursor) = (Recovery::All(next), Some(unacknowledged));
    }

    /// Where to begin with what is sent again now, and how many numbers at most.
    pub fn again(&self, unacknowledged: u32) -> Option<(u32, usize)> {
        let cursor = self.cursor?;
        let end = match self.recovery {
            Recovery::Fast(end) => end,
            Recovery::All(end) if distance(unacknowledged, cursor) < self.window => end,
            _ => return None,
        };
        is_before(cursor, end).then(|| (cursor, distance(cursor, end)))
    }

    pub fn sent_again(&mut self, end: u32) {
        self.cursor = match self.recovery {
            Recovery::All(last) if is_before(end, last) => Some(end),
            _ => None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequence::after;

    #[test]
    fn the_window_starts_small_doubles_each_trip_and_halves_with_a_loss() {
        let mut congestion = Congestion::new(1_000);
        assert_eq!(congestion.window(), 10_000);
        for at in 0..10 {
            congestion.acknowledged(after(0, (at + 1) * 1_000), 1_000, 10_000);
        }
        assert_eq!(congestion.window(), 20_000);
        for _ in 0..2 {
            assert_eq!(congestion.duplicate(10_000, 30_000), Acknowledged::Nothing);
        }
        assert_eq!(congestion.duplicate(10_000, 30_000), Acknowledged::Asks);
        assert_eq!((congestion.again(10_000), congestion.window()), (Some((10_000, 20_000)), 13_000));
        congestion.sent_again(11_000);
        assert_eq!(congestion.again(10_000), None);
        // A part is missing still: one more, at once.
        congestion.acknowledged(15_000, 5_000, 20_000);
        assert_eq!(congestion.again(15_000), Some((15_000, 15_000)));
        congestion.sent_again(16_000);
        congestion.acknowledged(30_000, 15_000, 15_000);
        assert!(congestion.again(30_000).is_none() && congestion.window() <= 10_000);
    }

    #[test]
    fn after_a_time_out_all_is_sent_again_as_slowly_as_at_first() {
        let mut congestion = Congestion::new(1_000);
        congestion.time_out(0, 5_000);
        assert_eq!(congestion.again(0), Some((0, 5_000)));
        congestion.sent_again(1_000);
        assert_eq!(congestion.again(0), None);
        congestion.acknowledged(1_000, 1_000, 5_000);
        assert_eq!(congestion.again(1_000), Some((1_000, 4_000)));
        congestion.sent_again(2_000);
        congestion.sent_again(3_000);
        assert_eq!(congestion.again(1_000), None);
        // What was not lost need not be sent again.
        congestion.acknowledged(5_000, 4_000, 4_000);
        assert_eq!(congestion.again(5_000), None);
    }
}
