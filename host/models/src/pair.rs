//! Two legs: the hedge ratio of one given the other, the spread that is left, and the band around it as prices of the leg.
//!
//! The spread is what a prediction missed: the leg's middle less what the filter expected of it before it saw it. The
//! band is that expectation, plus the spread's mean, and z standard deviations to either side; both are weighted by 2^(-age /
//! half-life).
use crate::kalman::{HedgeRatio, Noise};
use crate::pace::{Pace, forgotten};
use crate::top::{DOLLAR, Refused, Top};
use riposte_map::wire::ouch::MARKET_PRICE_E4;

/// What a pair is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Of the hedge ratio.
    pub ratio_half_life_ns: u64,
    /// Of the spread's mean and deviation.
    pub spread_half_life_ns: u64,
    /// Width of the band to either side, in hundredths of a standard deviation.
    pub z_hundredths: u32,
    /// Updates closer than this are one.
    pub sample_ns: u64,
    /// Silence for longer than this is a gap.
    pub gap_ns: u64,
    /// Updates without a gap before there is a band.
    pub warm: u32,
}

/// Prices of the leg at the edges of the band, in the venue's integers, rounded outwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    pub lower: u32,
    pub upper: u32,
    /// Pieces of the other leg that hedge one of this, in millionths.
    pub ratio_e6: i64,
}

/// See the module's page.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    terms: Terms,
    pace: Pace,
    ratio: Option<HedgeRatio>,
    /// The other leg's middle when it began: the filter sees differences from it, since its two numbers are then less
    /// alike.
    origin: f64,
    spread: Spread,
    seen: u32,
    last_ns: Option<u64>,
}

impl Pair {
    pub fn new(terms: Terms) -> Pair {
        let (pace, spread) = (Pace::new(terms.gap_ns), Spread::default());
        Pair { terms, pace, ratio: None, origin: 0.0, spread, seen: 0, last_ns: None }
    }

    /// The books of `given` and `leg` at one time. None while it is too soon, or too little is known.
    pub fn update(&mut self, now_ns: u64, given: Top, leg: Top) -> Result<Option<Band>, Refused> {
        let (x, y) = (given.middle()?, leg.middle()?);
        if self.last_ns.is_some_and(|last_ns| now_ns >= last_ns && now_ns - last_ns < self.terms.sample_ns) {
            return Ok(None);
        }
        let step = self.pace.step(now_ns);
        if !matches!(step, Err(Refused::Time { .. })) {
            self.last_ns = Some(now_ns);
        }
        if matches!(step, Err(Refused::Gap(_))) {
            self.seen = 0;
        }
        let Some(passed_ns) = step? else { return self.begin(x, y).map(|()| None) };
        let Some(ratio) = &mut self.ratio else { return self.begin(x, y).map(|()| None) };
        let innovation = ratio.update(passed_ns, x - self.origin, y)?;
        self.spread.update(forgotten(passed_ns, self.terms.spread_half_life_ns), innovation.residual);
        self.seen = self.seen.saturating_add(1);
        if self.seen < self.terms.warm { Ok(None) } else { self.band(x).map(Some) }
    }

    /// Alpha is the leg's price where we begin, with a doubt of a hundredth of it; beta is any of that size.
    fn begin(&mut self, x: f64, y: f64) -> Result<(), Refused> {
        let tick = 1.0 / DOLLAR;
        let noise = Noise::Adaptive { guess: (y * 1e-4 + tick).powi(2), half_life_ns: self.terms.spread_half_life_ns };
        let doubt = [(y * 1e-2 + tick).powi(2), (y / x).powi(2)];
        self.ratio = Some(HedgeRatio::new([y, 0.0], doubt, Some(self.terms.ratio_half_life_ns), noise)?);
        self.origin = x;
        Ok(())
    }

    fn band(&self, x: f64) -> Result<Band, Refused> {
        let Some(ratio) = &self.ratio else { return Err(Refused::Flat) };
        let width = f64::from(self.terms.z_hundredths) / 100.0 * self.spread.variance.sqrt() * DOLLAR;
        let centre = (ratio.predict(x - self.origin) + self.spread.mean) * DOLLAR;
        if width.is_nan() || width <= 0.0 {
            return Err(Refused::Flat);
        }
        let (lower, upper, ratio_e6) = ((centre - width).floor(), (centre + width).ceil(), (ratio.state()[1] * 1e6).round());
        // Also false where one of them is no number.
        let fits = lower >= 1.0 && upper < f64::from(MARKET_PRICE_E4) && ratio_e6.abs() < 1e15;
        if !fits {
            return Err(Refused::Range);
        }
        Ok(Band { lower: lower as u32, upper: upper as u32, ratio_e6: ratio_e6 as i64 })
    }

    /// Mean and variance of the spread, in dollars.
    pub fn spread(&self) -> (f64, f64) {
        (self.spread.mean, self.spread.variance)
    }

    /// The filter, once there is one.
    pub fn ratio(&self) -> Option<&HedgeRatio> {
        self.ratio.as_ref()
    }
}

/// Weighted mean and variance, without a difference of squares.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Spread {
    mean: f64,
    variance: f64,
    weight: f64,
}

impl Spread {
    fn update(&mut self, forgotten: f64, value: f64) {
        self.weight = (1.0 - forgotten) * self.weight + forgotten;
        let share = forgotten / self.weight;
        let away = value - self.mean;
        self.mean += share * away;
        self.variance = (1.0 - share) * (self.variance + share * away * away);
    }
}
