//! Exponentially weighted covariance of log returns, aware of time; its diagonal is the variance of each instrument.
//!
//! A return over an interval says that the covariance was `r r' / length` throughout it. The estimate is the mean of
//! that over all of the past, weighted by 2^(-age / half-life): the same however the past is cut into intervals.
use crate::pace::{Pace, forgotten};
use crate::top::{Refused, Top};
use riposte_map::limits::INSTRUMENTS;

const SECOND: f64 = 1e9;

/// Rows and columns beyond the instruments watched are 0.
pub type Matrix = [[f64; INSTRUMENTS]; INSTRUMENTS];

/// See the module's page.
#[derive(Clone, Debug, PartialEq)]
pub struct Covariance {
    count: usize,
    half_life_ns: u64,
    pace: Pace,
    /// Logarithms of the last middles; none before the first update and after a gap.
    last: Option<[f64; INSTRUMENTS]>,
    sum: Matrix,
    weight: f64,
}

impl Covariance {
    /// Of `count` instruments. Silence of more than `gap_ns` is a gap, and no return goes across it.
    pub fn new(count: usize, half_life_ns: u64, gap_ns: u64) -> Covariance {
        let count = count.min(INSTRUMENTS);
        let sum = [[0.0; INSTRUMENTS]; INSTRUMENTS];
        Covariance { count, half_life_ns, pace: Pace::new(gap_ns), last: None, sum, weight: 0.0 }
    }

    /// The books of all instruments at one time.
    pub fn update(&mut self, now_ns: u64, tops: &[Top]) -> Result<(), Refused> {
        if tops.len() != self.count {
            return Err(Refused::Count { found: tops.len(), wanted: self.count });
        }
        let mut logs = [0.0; INSTRUMENTS];
        for (log, top) in logs.iter_mut().zip(tops) {
            *log = top.middle()?.ln();
        }
        let passed_ns = match self.pace.step(now_ns) {
            Err(Refused::Gap(gap)) => {
                self.last = Some(logs);
                return Err(Refused::Gap(gap));
            }
            step => step?,
        };
        let before = self.last.replace(logs);
        let (Some(passed_ns), Some(before)) = (passed_ns, before) else { return Ok(()) };
        let forgotten = forgotten(passed_ns, self.half_life_ns);
        let a_second = forgotten * SECOND / passed_ns as f64;
        for row in 0..self.count {
            for column in 0..self.count {
                let product = (logs[row] - before[row]) * (logs[column] - before[column]);
                self.sum[row][column] = (1.0 - forgotten) * self.sum[row][column] + a_second * product;
            }
        }
        self.weight = (1.0 - forgotten) * self.weight + forgotten;
        Ok(())
    }

    /// Covariance of log returns, a second; none before the first return.
    pub fn a_second(&self) -> Option<Matrix> {
        (self.weight > 0.0).then(|| self.sum.map(|row| row.map(|one| one / self.weight)))
    }

    /// Volatility of an instrument: standard deviation of its log return of a second, in millionths.
    pub fn volatility_e6(&self, instrument: usize) -> Option<u64> {
        let variance = *self.a_second()?.get(instrument)?.get(instrument)?;
        let volatility = (variance.sqrt() * 1e6).round();
        (instrument < self.count && volatility < 1e15).then_some(volatility as u64)
    }
}
