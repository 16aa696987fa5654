//! How long the engine's thread takes from what it hears to the command that comes of it, by stage, readable while it runs.
//!
//! In: times of its clock. Out: count, sum, longest, and the times that so many of all did not exceed.
//!
//! Holds: counting neither allocates, waits nor calls the system. A bucket is at most 1/32 of its times wide, so what is told for
//! a part of them is never less than the truth and less than 1/32 more; count, sum and the longest are exact.
use riposte_control::overview::{Quantiles, Stage};
use riposte_engine::{Body, Input};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Buckets to a doubling, and its logarithm.
const PARTS: usize = 1 << PARTS_BITS;
const PARTS_BITS: u32 = 5;
/// Longer than 18 minutes is in the last bucket, whose bound is then that of the longest.
const TIME_BITS: u32 = 40;
const BUCKETS: usize = PARTS * (TIME_BITS - PARTS_BITS + 1) as usize;

/// Of one stage. One thread counts, any may read.
pub struct Times {
    buckets: Box<[AtomicU64]>,
    sum_ns: AtomicU64,
    max_ns: AtomicU64,
}

impl Default for Times {
    fn default() -> Times {
        let buckets = (0..BUCKETS).map(|_| AtomicU64::new(0)).collect();
        Times { buckets, sum_ns: AtomicU64::new(0), max_ns: AtomicU64::new(0) }
    }
}

impl Times {
    /// Called by one thread alone.
    pub fn count(&self, ns: u64) {
        let bucket = &self.buckets[bucket(ns)];
        bucket.store(bucket.load(Relaxed) + 1, Relaxed);
        self.sum_ns.store(self.sum_ns.load(Relaxed).saturating_add(ns), Relaxed);
        self.max_ns.store(self.max_ns.load(Relaxed).max(ns), Relaxed);
    }

    /// As it was counted so far; what is counted meanwhile may be in a part of it.
    fn read(&self, name: &str) -> Stage {
        let counts: Vec<u64> = self.buckets.iter().map(|bucket| bucket.load(Relaxed)).collect();
        let longest = self.max_ns.load(Relaxed);
        let bounds = (0..BUCKETS).map(|at| if at == BUCKETS - 1 { longest } else { bound(at).min(longest) });
        Stage {
            stage: name.to_owned(),
            count: counts.iter().sum(),
            ns_sum: self.sum_ns.load(Relaxed),
            ns: Quantiles::of(bounds.zip(counts), longest),
        }
    }
}

fn bucket(ns: u64) -> usize {
    let ns = ns.min((1 << TIME_BITS) - 1);
    let shift = (u64::BITS - ns.leading_zeros()).saturating_sub(PARTS_BITS + 1);
    PARTS * shift as usize + (ns >> shift) as usize
}

/// The longest time of a bucket, nanoseconds.
fn bound(bucket: usize) -> u64 {
    let shift = (bucket / PARTS).saturating_sub(1);
    (((bucket - PARTS * shift + 1) as u64) << shift) - 1
}

/// All stages. An input is here what the card or the venue has said.
#[derive(Default)]
pub struct Stages {
    /// From the time that an input was read to all that comes of it having its place in journal and outbox.
    pub decided: Times,
    /// From there to a command's record being durable, and seen to be.
    pub durable: Times,
    /// From there to the command being in the card's ring.
    pub sent: Times,
    /// All three: from an event of the card, and from a report of the venue, to each command that came of it.
    pub event_to_command: Times,
    pub report_to_command: Times,
}

impl Stages {
    pub fn read(&self) -> Vec<Stage> {
        [
            ("decided", &self.decided), ("durable", &self.durable), ("sent", &self.sent),
            ("event-to-command", &self.event_to_command), ("report-to-command", &self.report_to_command),
        ]
        .map(|(name, times)| times.read(name))
        .into()
    }
}

/// What a command came of, and when it got how far, for `Stages`.
#[derive(Clone, Copy, Debug)]
pub struct Caused {
    is_event: bool,
    heard_ns: u64,
    decided_ns: u64,
    /// 0: not yet seen to be.
    durable_ns: u64,
}

impl Caused {
    /// None: neither the card nor the venue has said it.
    pub fn by(input: &Input, decided_ns: u64) -> Option<Caused> {
        let is_event = matches!(input.body, Body::Card { .. });
        let is_timed = is_event || matches!(input.body, Body::Venue { .. } | Body::DropCopy { .. });
        is_timed.then_some(Caused { is_event, heard_ns: input.time_ns, decided_ns, durable_ns: 0 })
    }

    pub fn is_decided(&self, now_ns: u64, stages: &Stages) {
        stages.decided.count(now_ns.saturating_sub(self.heard_ns));
    }

    /// Looked at again, it was so before.
    pub fn is_durable(&mut self, now_ns: u64) {
        if self.durable_ns == 0 {
            self.durable_ns = now_ns;
        }
    }

    pub fn is_sent(&self, sent_ns: u64, stages: &Stages) {
        stages.durable.count(self.durable_ns.saturating_sub(self.decided_ns));
        stages.sent.count(sent_ns.saturating_sub(self.durable_ns));
        let whole = if self.is_event { &stages.event_to_command } else { &stages.report_to_command };
        whole.count(sent_ns.saturating_sub(self.heard_ns));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_is_in_the_bucket_that_ends_at_most_a_part_of_it_later() {
        let powers = (0..u64::BITS).flat_map(|bit| [(1u64 << bit) - 1, 1 << bit, (1 << bit) + 1, (1 << bit) + (1u64 << bit) / 3]);
        for ns in powers.chain(0..100_000).chain([u64::MAX]) {
            let (at, end) = (bucket(ns), bound(bucket(ns)));
            assert!(at < BUCKETS, "{ns}");
            if ns < 1 << TIME_BITS {
                assert!(end >= ns && (end - ns) * 32 <= ns, "{ns} in {at}, which ends at {end}");
                assert!(at == 0 || bound(at - 1) < ns, "{ns} in {at}");
            }
        }
        assert_eq!((bound(0), bound(BUCKETS - 1)), (0, (1 << TIME_BITS) - 1));
    }

    #[test]
    fn what_is_told_of_the_times_is_what_was_counted() {
        let times = Times::default();
        assert_eq!(times.read("x"), Stage { stage: "x".to_owned(), ..Stage::default() });
        (1..=1000).for_each(|ns| times.count(ns));
        let told = times.read("x");
        assert_eq!((told.count, told.ns_sum), (1000, 500_500));
        let Quantiles { p50, p99, p999, max } = told.ns.expect("times");
        // 500 is in the bucket from 496 to 503, 990 and 999 in that from 976 to 991 and the next, whose end nothing has reached.
        assert_eq!((p50, p99, p999, max), (503, 991, 1000, 1000));
        times.count(u64::MAX);
        times.count(1);
        let told = times.read("x");
        let longest = (1002, Some((1007, u64::MAX)));
        assert_eq!((told.count, told.ns.map(|ns| (ns.p999, ns.max))), longest, "the end of its bucket, and the longest whatever came behind it");
    }
}
