//! A Kalman filter for the hedge ratio of two instruments: y = alpha + beta x + noise.
//!
//! The state (alpha, beta) forgets with a half-life: before each update its covariance grows by 2^(passed / half-life),
//! which makes the estimate that of least squares with exponentially fading weights. It never grows beyond what was believed at
//! first, so that a market that stands still does not wind it up. The update is Joseph's form, which keeps the covariance
//! symmetric and positive semidefinite in spite of rounding.
use crate::pace::forgotten;
use crate::top::Refused;

/// Beyond every market; sums of squares of smaller values stay finite.
const LARGEST: f64 = 1e12;
/// Least variance of an observation.
const LEAST_NOISE: f64 = 1e-12;

/// Variance of an observation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Noise {
    Fixed(f64),
    /// The mean of what was left over, with a half-life; begins with a guess.
    Adaptive { guess: f64, half_life_ns: u64 },
}

/// What an observation brought that was not expected: y less its prediction, and the variance of that.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Innovation {
    pub residual: f64,
    pub variance: f64,
}

/// See the module's page.
#[derive(Clone, Debug, PartialEq)]
pub struct HedgeRatio {
    state: [f64; 2],
    covariance: [[f64; 2]; 2],
    noise: f64,
    adapts_ns: Option<u64>,
    /// Half-life of the state; none is a state that is constant.
    half_life_ns: Option<u64>,
    /// Trace of what was believed at first.
    doubt_most: f64,
}

impl HedgeRatio {
    /// Begins at `state` with variances `doubt`.
    pub fn new(state: [f64; 2], doubt: [f64; 2], half_life_ns: Option<u64>, noise: Noise) -> Result<HedgeRatio, Refused> {
        let (noise, adapts_ns) = match noise {
            Noise::Fixed(variance) => (variance, None),
            Noise::Adaptive { guess, half_life_ns } => (guess, Some(half_life_ns)),
        };
        let sound = |value: f64| value.is_finite() && value.abs() <= LARGEST;
        let positive = |value: f64| sound(value) && value > 0.0;
        if !state.into_iter().all(sound) || !doubt.into_iter().all(positive) || !positive(noise) {
            return Err(Refused::NotFinite);
        }
        let covariance = [[doubt[0], 0.0], [0.0, doubt[1]]];
        let noise = noise.max(LEAST_NOISE);
        Ok(HedgeRatio { state, covariance, noise, adapts_ns, half_life_ns, doubt_most: doubt[0] + doubt[1] })
    }

    /// Alpha and beta.
    pub fn state(&self) -> [f64; 2] {
        self.state
    }

    pub fn covariance(&self) -> [[f64; 2]; 2] {
        self.covariance
    }

    /// Variance of an observation, as it is believed now.
    pub fn noise(&self) -> f64 {
        self.noise
    }

    pub fn predict(&self, x: f64) -> f64 {
        self.state[0] + self.state[1] * x
    }

    /// Takes an observation `passed_ns` after the last one. Refused, nothing has changed.
    pub fn update(&mut self, passed_ns: u64, x: f64, y: f64) -> Result<Innovation, Refused> {
        if ![x, y].iter().all(|value| value.is_finite() && value.abs() <= LARGEST) {
            return Err(Refused::NotFinite);
        }
        let prior = self.grown(passed_ns);
        // Covariance times (1, x).
        let reach = [prior[0][0] + prior[0][1] * x, prior[1][0] + prior[1][1] * x];
        let explained = (reach[0] + reach[1] * x).max(0.0);
        let variance = explained + self.noise;
        let residual = y - self.predict(x);
        let gain = reach.map(|one| one / variance);
        let state = [self.state[0] + gain[0] * residual, self.state[1] + gain[1] * residual];
        let covariance = joseph(prior, gain, x, self.noise);
        let noise = self.adapted(passed_ns, y - state[0] - state[1] * x, joseph_reach(covariance, x));
        let all = [state[0], state[1], covariance[0][0], covariance[0][1], covariance[1][1], noise, residual, variance];
        if !all.iter().all(|value| value.is_finite()) {
            return Err(Refused::NotFinite);
        }
        (self.state, self.covariance, self.noise) = (state, covariance, noise);
        Ok(Innovation { residual, variance })
    }

    /// The covariance before an update: the older, the less it is worth.
    fn grown(&self, passed_ns: u64) -> [[f64; 2]; 2] {
        let Some(half_life_ns) = self.half_life_ns else { return self.covariance };
        let trace = self.covariance[0][0] + self.covariance[1][1];
        let by = 1.0 / (1.0 - forgotten(passed_ns, half_life_ns)).max(f64::MIN_POSITIVE);
        let by = by.min(self.doubt_most / trace.max(f64::MIN_POSITIVE)).max(1.0);
        self.covariance.map(|row| row.map(|one| one * by))
    }

    /// The variance of an observation is what is left of it behind the update, and what the state's own doubt adds.
    fn adapted(&self, passed_ns: u64, left: f64, doubt: f64) -> f64 {
        let Some(half_life_ns) = self.adapts_ns else { return self.noise };
        let forgotten = forgotten(passed_ns, half_life_ns);
        ((1.0 - forgotten) * self.noise + forgotten * (left * left + doubt)).clamp(LEAST_NOISE, LARGEST * LARGEST)
    }
}

/// (I - K h) P (I - K h)' + K R K', with h = (1, x), made symmetric.
fn joseph(prior: [[f64; 2]; 2], gain: [f64; 2], x: f64, noise: f64) -> [[f64; 2]; 2] {
    let keep = [[1.0 - gain[0], -gain[0] * x], [-gain[1], 1.0 - gain[1] * x]];
    let product = |row: usize, column: usize| {
        let half = |at: usize| keep[row][0] * prior[0][at] + keep[row][1] * prior[1][at];
        half(0) * keep[column][0] + half(1) * keep[column][1] + gain[row] * noise * gain[column]
    };
    let across = (product(0, 1) + product(1, 0)) / 2.0;
    [[product(0, 0), across], [across, product(1, 1)]]
}

fn joseph_reach(covariance: [[f64; 2]; 2], x: f64) -> f64 {
    (covariance[0][0] + 2.0 * covariance[0][1] * x + covariance[1][1] * x * x).max(0.0)
}
