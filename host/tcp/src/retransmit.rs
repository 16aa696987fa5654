//! When what was sent is sent again: the timer of RFC 6298, in integers.
//!
//! Holds: the wait is never shorter than `min` nor longer than `max`; a round trip is only measured of what was sent once (Karn).
use crate::config::{Times, nanoseconds};
use crate::sequence::is_before;

pub struct Retransmit {
    first_ns: u64,
    min_ns: u64,
    max_ns: u64,
    /// The round trip, smoothed, and how it varies; none was measured yet.
    smoothed: Option<(u64, u64)>,
    /// How often the wait has doubled.
    doubled: u32,
    /// When the wait is over.
    due_ns: Option<u64>,
    /// What is being measured: the sequence number whose acknowledgement ends it, and since when.
    measured: Option<(u32, u64)>,
}

impl Retransmit {
    pub fn new(times: &Times) -> Retransmit {
        let min_ns = nanoseconds(times.retransmit_min).max(1);
        let max_ns = nanoseconds(times.retransmit_max).max(min_ns);
        let first_ns = nanoseconds(times.retransmit_first).clamp(min_ns, max_ns);
        Retransmit { first_ns, min_ns, max_ns, smoothed: None, doubled: 0, due_ns: None, measured: None }
    }

    /// As for a new connection.
    pub fn clear(&mut self) {
        *self = Retransmit { smoothed: None, doubled: 0, due_ns: None, measured: None, ..*self };
    }

    /// How long is waited now.
    pub fn wait_ns(&self) -> u64 {
        let base = self.smoothed.map_or(self.first_ns, |(smoothed, varies)| smoothed.saturating_add(varies.saturating_mul(4).max(1)));
        base.clamp(self.min_ns, self.max_ns).saturating_mul(1 << self.doubled.min(32)).min(self.max_ns)
    }

    pub fn start(&mut self, now_ns: u64) {
        self.due_ns = Some(now_ns.saturating_add(self.wait_ns()));
    }

    pub fn start_if_stopped(&mut self, now_ns: u64) {
        if self.due_ns.is_none() {
            self.start(now_ns);
        }
    }

    pub fn stop(&mut self) {
        self.due_ns = None;
    }

    /// Whether the wait is over. If it is, the next one is twice as long, and nothing is measured.
    pub fn is_over(&mut self, now_ns: u64) -> bool {
        let is_over = self.due_ns.is_some_and(|due_ns| due_ns <= now_ns);
        if is_over {
            self.doubled = self.doubled.saturating_add(1);
            self.start(now_ns);
            self.measured = None;
        }
        is_over
    }

    /// Something was sent for the first time, up to `end`.
    pub fn sent(&mut self, now_ns: u64, end: u32) {
        self.measured.get_or_insert((end, now_ns));
        self.start_if_stopped(now_ns);
    }

    /// Something is sent again: which of both an acknowledgement is for cannot be told.
    pub fn sent_again(&mut self) {
        self.measured = None;
    }

    /// Everything before `acknowledged` has come.
    pub fn acknowledged(&mut self, now_ns: u64, acknowledged: u32) {
        if let Some((end, since_ns)) = self.measured
            && !is_before(acknowledged, end)
        {
            self.measured = None;
            self.doubled = 0;
            let trip_ns = now_ns.saturating_sub(since_ns).min(self.max_ns);
            self.smoothed = Some(match self.smoothed {
                None => (trip_ns, trip_ns / 2),
                // RFC 6298 2.3: both as a moving mean, the variation first, with the old mean.
                Some((smoothed, varies)) => {
                    (smoothed - smoothed / 8 + trip_ns / 8, varies - varies / 4 + smoothed.abs_diff(trip_ns) / 4)
                }
            });
        }
    }
}

/// When the venue is asked whether its window is still closed (RFC 9293 3.8.6.1): as late as something would be sent again, and
/// each time as late again.
#[derive(Default)]
pub struct Probe {
    due_ns: Option<u64>,
    doubled: u32,
}

impl Probe {
    /// There is nothing to ask.
    pub fn stop(&mut self) {
        *self = Probe::default();
    }

    /// Whether it is time to ask.
    pub fn is_due(&mut self, now_ns: u64, retransmit: &Retransmit) -> bool {
        let is_due = self.due_ns.is_some_and(|due_ns| due_ns <= now_ns);
        if is_due || self.due_ns.is_none() {
            self.due_ns = Some(now_ns.saturating_add(retransmit.wait_ns().saturating_mul(1 << self.doubled.min(32)).min(retransmit.max_ns)));
            self.doubled = self.doubled.saturating_add(1);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn the_wait_follows_the_round_trip_and_doubles_up_to_its_limit() {
        let mut timer = Retransmit::new(&Times::default());
        assert_eq!(timer.wait_ns(), 1_000 * MS);
        timer.sent(0, 10);
        timer.acknowledged(400 * MS, 9);
        assert_eq!(timer.wait_ns(), 1_000 * MS);
        timer.acknowledged(400 * MS, 10);
        // 400 + 4 * 200, then 7/8 and 1/8, 3/4 and 1/4.
        assert_eq!(timer.wait_ns(), 1_200 * MS);
        timer.sent(500 * MS, 20);
        timer.acknowledged(1_300 * MS, 20);
        assert_eq!(timer.wait_ns(), (350 + 100 + 4 * (150 + 100)) * MS);
        timer.start(0);
        let waits: Vec<u64> = (1..5).map(|at| (timer.is_over(at * 10_000 * MS), timer.wait_ns()).1 / MS).collect();
        assert_eq!(waits, [2_900, 5_000, 5_000, 5_000]);
    }

    #[test]
    fn a_quick_venue_is_still_given_the_least_wait() {
        let mut timer = Retransmit::new(&Times::default());
        for at in 0..100 {
            timer.sent(at * MS, at as u32);
            timer.acknowledged(at * MS + 1_000, at as u32);
        }
        assert_eq!(timer.wait_ns(), 200 * MS);
    }

    #[test]
    fn what_is_sent_twice_is_not_measured_and_the_long_wait_stays() {
        let mut timer = Retransmit::new(&Times::default());
        timer.sent(0, 10);
        assert!(!timer.is_over(999 * MS) && timer.is_over(1_000 * MS));
        timer.acknowledged(1_001 * MS, 10);
        assert_eq!(timer.wait_ns(), 2_000 * MS);
        timer.sent(2_000 * MS, 20);
        timer.sent_again();
        timer.acknowledged(2_001 * MS, 20);
        assert_eq!(timer.wait_ns(), 2_000 * MS);
        timer.sent(3_000 * MS, 30);
        timer.acknowledged(3_001 * MS, 30);
        assert_eq!(timer.wait_ns(), 200 * MS);
    }
}
