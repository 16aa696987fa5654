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
