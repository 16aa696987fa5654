//! Whether records become durable in time.
//!
//! Why: a disk that fails says so, and the journal halts; one that does not answer says nothing. Each command waits for its
//! record, so a card whose host cannot write any more would trade on with nobody who could stop it.

/// When something was last seen to become durable, or nothing to be waited for.
#[derive(Debug)]
pub struct Stall {
    patience_ns: u64,
    durable: u64,
    since_ns: u64,
}

impl Stall {
    pub fn new(patience_ns: u64, now_ns: u64) -> Stall {
        Stall { patience_ns, durable: 0, since_ns: now_ns }
    }

    /// True while records up to `last` have waited for longer than the patience and none has become durable.
    pub fn look(&mut self, now_ns: u64, durable: u64, last: u64) -> bool {
        if durable >= last || durable > self.durable {
            (self.durable, self.since_ns) = (durable, now_ns);
        }
        now_ns.saturating_sub(self.since_ns) > self.patience_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stalls_one_nanosecond_beyond_the_patience_and_goes_on_with_the_first_durable_record() {
        let mut stall = Stall::new(100, 0);
        assert!(!stall.look(1000, 5, 5), "nothing waits");
        assert!(!stall.look(1100, 5, 6) && stall.look(1101, 5, 7));
        assert!(!stall.look(1102, 6, 7), "it moves");
        assert!(!stall.look(1202, 6, 9) && stall.look(1203, 6, 9) && !stall.look(1204, 9, 9));
    }
}
