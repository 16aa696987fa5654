//! When an operation is issued, committed and judged: recurrences over the operations before it.
use riposte_map::limits::OPERATION_QUEUE;

/// Cycles between commit and verdict.
const VERDICT_AFTER_COMMIT: u64 = 3;

#[derive(Clone, Debug, Default)]
pub struct Pipeline {
    /// First cycle that a non-light operation may be issued in, and a light one.
    issue_free: u64,
    issue_free_light: u64,
    commit_free: u64,
    /// Issue cycles of the last messages, as many as can wait.
    issued: [u64; OPERATION_QUEUE],
    oldest: usize,
}

impl Pipeline {
    /// Whether a message ready in cycle `ready` finds the queue full: all that can wait still do.
    pub fn is_full(&self, ready: u64) -> bool {
        self.issued[self.oldest] > ready
    }

    /// Issue cycle of the operation of a message, or of its first half.
    pub fn issue(&mut self, ready: u64, light: bool) -> u64 {
        let free = if light { self.issue_free_light } else { self.issue_free };
        let cycle = ready.max(free);
        self.issued[self.oldest] = cycle;
        self.oldest = (self.oldest + 1) % OPERATION_QUEUE;
        self.after_issue(cycle, light);
        cycle
    }

    /// Issue cycle of the second half of the operation issued in cycle `first`.
    pub fn issue_second(&mut self, first: u64) -> u64 {
        self.after_issue(first + 2, false);
        first + 2
    }

    fn after_issue(&mut self, cycle: u64, light: bool) {
        self.issue_free = cycle + 2;
        self.issue_free_light = cycle + if light { 2 } else { 4 };
    }

    /// Verdict cycle of the operation issued in cycle `issued`.
    pub fn verdict(&mut self, issued: u64, light: bool, slow: bool) -> u64 {
        let delay = match (light, slow) {
            (true, _) => 1,
            (false, false) => 4,
            (false, true) => 14,
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
    fn a_light_operation_waits_four_cycles_behind_a_heavy_one() {
        let mut pipeline = Pipeline::default();
        assert_eq!(pipeline.issue(100, false), 100);
        assert_eq!(pipeline.issue(100, true), 104);
        assert_eq!(pipeline.issue(100, true), 106);
        assert_eq!(pipeline.issue(100, false), 108);
        assert_eq!(pipeline.issue_second(108), 110);
        assert_eq!(pipeline.issue(100, true), 114);
    }

    #[test]
    fn a_slow_commit_holds_up_those_behind_it() {
        let mut pipeline = Pipeline::default();
        assert_eq!(pipeline.verdict(100, false, true), 117);
        assert_eq!(pipeline.verdict(102, false, false), 119);
        assert_eq!(pipeline.verdict(105, true, false), 121);
        assert_eq!(pipeline.verdict(130, false, false), 137);
    }

    #[test]
    fn the_fifth_message_that_would_wait_finds_the_queue_full() {
        let mut pipeline = Pipeline::default();
        for _ in 0..5 {
            assert!(!pipeline.is_full(10));
            pipeline.issue(10, false);
        }
        // Issued in 10, 12, 14, 16, 18: in 10 four wait, in 12 the second does not wait any more.
        assert!(pipeline.is_full(10) && pipeline.is_full(11));
        assert!(!pipeline.is_full(12));
    }
}
