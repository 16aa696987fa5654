//! When an operation is issued, committed and judged: recurrences over the operations before it.
use riposte_map::limits::OPERATION_QUEUE;

/// Cycles between commit and verdict.
const VERDICT_AFTER_COMMIT: u64 = 3;

/// Least cycles from issue to commit: of an operation on the short way, of one through the order table, and of one
/// that waits for the best level behind the top that it emptied.
const SHORT_COMMIT: u64 = 1;
const COMMIT: u64 = 5;
const SLOW_COMMIT: u64 = 20;

#[derive(Clone, Debug, Default)]
pub struct Pipeline {
    /// First cycle that an operation may be issued in.
    issue_free: u64,
    /// First issue cycle in which an operation without look-up cannot overtake one in the order table's pipeline.
    short_free: u64,
    commit_free: u64,
    /// Issue cycles of the last messages, as many as can wait.
    issued: [u64; OPERATION_QUEUE],
    oldest: usize,
}

impl Pipeline {
    /// First cycle in which no message waits or is issued, of those that are known.
    pub fn idle_from(&self) -> u64 {
        let newest = (self.oldest + OPERATION_QUEUE - 1) % OPERATION_QUEUE;
        self.issued[newest] + 1
    }

    /// Whether a message ready in cycle `ready` finds the queue full: all that can wait still do.
    pub fn is_full(&self, ready: u64) -> bool {
        self.issued[self.oldest] > ready
    }

    /// Issue cycle of the operation of a message, or of its first half.
    pub fn issue(&mut self, ready: u64) -> u64 {
        let cycle = ready.max(self.issue_free);
        self.issued[self.oldest] = cycle;
        self.oldest = (self.oldest + 1) % OPERATION_QUEUE;
        self.issue_free = cycle + 2;
        cycle
    }

    /// Issue cycle of the second half of the operation issued in cycle `first`.
    pub fn issue_second(&mut self, first: u64) -> u64 {
        self.issue_free = first + 4;
        first + 2
    }

    /// Verdict cycle of the operation issued in cycle `issued`.
    pub fn verdict(&mut self, issued: u64, light: bool, slow: bool) -> u64 {
        let delay = if light && issued >= self.short_free {
            SHORT_COMMIT
        } else {
            self.short_free = issued + COMMIT;
            if slow { SLOW_COMMIT } else { COMMIT }
        };
        let commit = (issued + delay).max(self.commit_free);
        self.commit_free = commit + 2;
        commit + VERDICT_AFTER_COMMIT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_without_look_up_does_not_overtake() {
        let mut pipeline = Pipeline::default();
        assert_eq!(pipeline.verdict(100, true, false), 104);
        assert_eq!(pipeline.verdict(110, false, false), 118);
        assert_eq!(pipeline.verdict(114, true, false), 122, "through the order table");
        assert_eq!(pipeline.verdict(116, true, false), 124, "and behind one that went there");
        assert_eq!(pipeline.verdict(121, true, false), 126, "five cycles behind: the short way, in its turn");
    }

    #[test]
    fn operations_are_two_cycles_apart_and_nothing_parts_the_halves_of_a_replace() {
        let mut pipeline = Pipeline::default();
        assert_eq!(pipeline.issue(100), 100);
        assert_eq!(pipeline.issue(101), 102);
        assert_eq!(pipeline.issue_second(102), 104);
        assert_eq!(pipeline.issue(103), 106);
    }

    #[test]
    fn a_slow_commit_holds_up_those_behind_it() {
        let mut pipeline = Pipeline::default();
        assert_eq!(pipeline.verdict(100, false, true), 123);
        assert_eq!(pipeline.verdict(102, false, false), 125);
        assert_eq!(pipeline.verdict(105, true, false), 127);
        assert_eq!(pipeline.verdict(130, false, false), 138);
    }

    #[test]
    fn the_fifth_message_that_would_wait_finds_the_queue_full() {
        let mut pipeline = Pipeline::default();
        for _ in 0..5 {
            assert!(!pipeline.is_full(10));
            pipeline.issue(10);
        }
        // Issued in 10, 12, 14, 16, 18: in 10 four wait, in 12 the second does not wait any more.
        assert!(pipeline.is_full(10) && pipeline.is_full(11));
        assert!(!pipeline.is_full(12));
    }
}
