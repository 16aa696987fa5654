//! The host's clock: nanoseconds since 1970, which a step of the system's clock does not move while the host runs.
use std::time::{Instant, SystemTime, UNIX_EPOCH};

#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
    start_ns: u64,
}

impl Clock {
    /// Reads the system's clock once; it never gives a time before `not_before_ns`, that of the journal's last record.
    pub fn new(not_before_ns: u64) -> Clock {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let start_ns = u64::try_from(unix.as_nanos()).unwrap_or(u64::MAX / 2).max(not_before_ns);
        Clock { start: Instant::now(), start_ns }
    }

    /// When it was made.
    pub fn started_ns(&self) -> u64 {
        self.start_ns
    }

    /// Costs no system call.
    #[inline]
    pub fn now_ns(&self) -> u64 {
        self.start_ns + self.start.elapsed().as_nanos() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_clock_that_was_set_back_before_a_start_sets_no_time_of_the_journal_back() {
        let an_hour_ns = 3_600_000_000_000;
        let last_ns = Clock::new(0).now_ns() + an_hour_ns;
        let clock = Clock::new(last_ns);
        let times = [(); 3].map(|()| clock.now_ns());
        assert!(times.is_sorted() && times[0] >= last_ns, "{times:?} behind {last_ns}");
        assert!(times[2] < last_ns + an_hour_ns, "it goes on from there");
        let free = Clock::new(last_ns - 2 * an_hour_ns).now_ns();
        assert!(free < last_ns, "a journal of the past holds nothing up");
    }
}
