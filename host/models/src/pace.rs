//! Time between updates: what is too soon, too late, and how much of the past is kept.
use crate::top::Refused;

/// When a model was last updated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pace {
    last_ns: Option<u64>,
    gap_ns: u64,
}

impl Pace {
    pub fn new(gap_ns: u64) -> Pace {
        Pace { last_ns: None, gap_ns }
    }

    /// Nanoseconds since the last update; none for the first. After a gap the time is that of a first update.
    pub fn step(&mut self, now_ns: u64) -> Result<Option<u64>, Refused> {
        let Some(last_ns) = self.last_ns else {
            self.last_ns = Some(now_ns);
            return Ok(None);
        };
        if now_ns <= last_ns {
            return Err(Refused::Time { last_ns, now_ns });
        }
        self.last_ns = Some(now_ns);
        let passed_ns = now_ns - last_ns;
        if passed_ns > self.gap_ns { Err(Refused::Gap(passed_ns)) } else { Ok(Some(passed_ns)) }
    }
}

/// What is forgotten of a memory with this half-life: 1 - 2^(-passed / half-life), exact also where it is small.
pub(crate) fn forgotten(passed_ns: u64, half_life_ns: u64) -> f64 {
    -(-std::f64::consts::LN_2 * passed_ns as f64 / half_life_ns.max(1) as f64).exp_m1()
}
