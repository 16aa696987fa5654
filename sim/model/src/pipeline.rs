//! When an operation is issued, committed and judged: recurrences over the operations before it.
use riposte_map::limits::OPERATION_QUEUE;

/// Cycles between commit and verdict.
const VERDICT_AFTER_COMMIT: u64 = 3;

/// Least cycles from issue to commit: of an operation on the short way and of an add on it, of one through the order table,
/// and of one that waits for the best level behind the top that it emptied.
const SHORT_COMMIT: u64 = 1;
const ADD_COMMIT: u64 = 2;
const COMMIT: u64 = 5;
const SLOW_COMMIT: u64 = 15;

/// How an operation may go to its commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Without a look-up.
    Light,
    /// An add of a message: ahead of its look-up, if it can.
    Add,
    Table,
    /// Behind the best level that takes the place of the top.
    Slow,
}

#[derive(Clone, Debug, Default)]
pub struct Pipeline {
    /// First cycle that an operation may be issued in.
    issue_free: u64,
    /// First issue cycle in which an operation on the short way cannot overtake one in the order table's pipeline.
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

    /// Whether the short way is free for an operation issued in cycle `issued`.
    pub fn is_straight(&self, issued: u64) -> bool {
        issued >= self.short_free
    }

    /// Verdict cycle of the operation issued in cycle `issued`.
    pub fn verdict(&mut self, issued: u64, way: Way) -> u64 {
        let delay = match way {
            Way::Light if self.is_straight(issued) => SHORT_COMMIT,
            Way::Add if self.is_straight(issued) => ADD_COMMIT,
            _ => {
                self.short_free = issued + COMMIT;
                if way == Way::Slow { SLOW_COMMIT } else { COMMIT }
            }
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
        assert_eq!(pipeline.verdict(100, Way::Light), 104);
        assert_eq!(pipeline.verdict(110, Way::Table), 118);
        assert_eq!(pipeline.verdict(114, Way::Light), 122, "through the order table");
        assert_eq!(pipeline.verdict(116, Way::Light), 124, "and behind one that went there");
        assert_eq!(pipeline.verdict(121, Way::Light), 126, "five cycles behind: the short way, in its turn");
    }

    #[test]
    fn an_add_takes_the_short_way_too_and_keeps_nobody_from_it() {
        let mut pipeline = Pipeline::default();
        assert_eq!(pipeline.verdict(100, Way::Add), 105);
        assert_eq!(pipeline.verdict(102, Way::Light), 107, "in its turn");
        assert_eq!(pipeline.verdict(104, Way::Add), 109);
        assert_eq!(pipeline.verdict(106, Way::Table), 114);
        assert_eq!(pipeline.verdict(110, Way::Add), 118, "behind one in the order table it goes there");
        assert_eq!(pipeline.verdict(115, Way::Add), 120, "five cycles behind it does not, in its turn");
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
        assert_eq!(pipeline.verdict(100, Way::Slow), 118);
        assert_eq!(pipeline.verdict(102, Way::Table), 120);
        assert_eq!(pipeline.verdict(105, Way::Light), 122);
        assert_eq!(pipeline.verdict(130, Way::Table), 138);
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
