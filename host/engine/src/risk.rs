//! The book's risk: sensitivities (C21), margin and the distance to liquidation (C22), scenarios (C23), in integers.
//!
//! In: positions and open orders at their marks, what is held elsewhere in derivatives as people stated it, and the desk's
//! margins and scenarios. Out: what stands against each limit. Everything that is open may trade, so an instrument's value lies
//! between two ends; each figure takes the worse of them, and nothing offsets across underlyings.
//!
//! Values are book value. Of a relative move r of its underlying, in basis points, and a move v of volatility, in hundredths of a
//! point, what is held elsewhere makes `delta r / 1e4 + gamma r^2 / 2e6 + vega v / 100`: delta is the value of underlying that
//! would move as much, gamma how much delta changes with 1 %, vega is of one point, theta of one day.
use crate::config::VENUES;
use crate::engine::Engine;
use crate::guards::Effect;
use crate::input::{Change, Limit};
use crate::message::fields;
use crate::output::{Guard, Outputs, Record, Refusal};
use crate::position::value;
use riposte_map::limits::INSTRUMENTS;

/// Scenarios that a desk can have.
pub const SCENARIOS: usize = 32;
/// Largest absolute value of a sensitivity.
pub const SENSITIVITY_MAX: i64 = 1 << 52;
/// Largest absolute move of a scenario: ten times the price.
pub const MOVE_MAX_BP: i32 = 100_000;
/// Indices of `Guard::Greeks`, behind those of the four sums.
pub const GREEKS_STALE: u8 = 4;

/// What a venue demands for a position, hundredths of a percent of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Margin {
    pub initial_bp: u32,
    pub maintenance_bp: u32,
}

/// Prices and volatilities as they might be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Of each instrument, hundredths of a percent.
    pub spot_bp: [i32; INSTRUMENTS],
    /// Hundredths of a point.
    pub volatility_e2: i32,
}

/// How risk is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    pub margins: [Margin; INSTRUMENTS],
    /// C22: smallest move of all prices against the book, hundredths of a percent, that may bring it to its maintenance margin.
    pub distance_bp: u32,
    /// C21: sensitivities that people stated longer ago are not known any more, nanoseconds.
    pub greeks_age_ns: u64,
    pub scenarios: [Option<Scenario>; SCENARIOS],
}

impl Default for Terms {
    /// Half of a position's value, a quarter of it to keep it, a tenth until then; one day; every price 20, 10 and 5 % down and up
    /// with volatility 10 points down, as it is, and 10 up.
    fn default() -> Terms {
        let mut scenarios = [None; SCENARIOS];
        let grid = [-2000, -1000, -500, 500, 1000, 2000].into_iter().flat_map(|spot| [-1000, 0, 1000].map(|volatility| (spot, volatility)));
        for (place, (spot_bp, volatility_e2)) in scenarios.iter_mut().zip(grid) {
            *place = Some(Scenario { spot_bp: [spot_bp; INSTRUMENTS], volatility_e2 });
        }
        Terms {
            margins: [Margin { initial_bp: 5000, maintenance_bp: 2500 }; INSTRUMENTS],
            distance_bp: 1000,
            greeks_age_ns: 86_400_000_000_000,
            scenarios,
        }
    }
}

impl Terms {
    pub(crate) fn is_sound(&self) -> bool {
        let margin = |one: &Margin| (1..=10_000).contains(&one.maintenance_bp) && (one.maintenance_bp..=100_000).contains(&one.initial_bp);
        let moves = |one: &Scenario| {
            one.spot_bp.iter().all(|bp| (-10_000..=MOVE_MAX_BP).contains(bp)) && one.volatility_e2.unsigned_abs() <= MOVE_MAX_BP as u32
        };
        self.margins.iter().all(margin)
            && (1..=10_000).contains(&self.distance_bp)
            && self.greeks_age_ns > 0
            && self.scenarios.iter().any(Option::is_some)
            && self.scenarios.iter().flatten().all(moves)
    }
}

/// Sensitivities of what is held elsewhere in derivatives on an instrument.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Greeks {
    pub delta: i64,
    pub gamma: i64,
    pub vega: i64,
    pub theta: i64,
    /// Of the underlying when they were computed; its moves since then change delta by gamma.
    pub price: i64,
    pub time_ns: u64,
}

/// So many hundredths of a percent of a value.
fn share(value: i128, bp: i128) -> i128 {
    value.saturating_mul(bp) / 10_000
}

fields! {
    Margin { initial_bp, maintenance_bp }
    Scenario { spot_bp, volatility_e2 }
    Terms { margins, distance_bp, greeks_age_ns, scenarios }
    Greeks { delta, gamma, vega, theta, price, time_ns }
}

impl Greeks {
    fn is_flat(&self) -> bool {
        (self.delta, self.gamma, self.vega, self.theta) == (0, 0, 0, 0)
    }

    /// Delta at another price of the underlying.
    fn delta_at(&self, price: i64) -> i128 {
        let (delta, gamma, base) = (i128::from(self.delta), i128::from(self.gamma), i128::from(self.price));
        if base == 0 { delta } else { delta + gamma * (i128::from(price) - base) * 100 / base }
    }
}

/// What stands against the limits of a venue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Margins {
    /// Demanded for positions and everything that may still trade.
    pub used: i128,
    /// Collateral and result.
    pub equity: i128,
    /// Move of all prices against the book that brings it to its maintenance margin, hundredths of a percent; none without a position.
    pub distance_bp: Option<i128>,
}

/// An instrument that is worth something, or may be, or on which something is held elsewhere.
#[derive(Clone, Copy, Default)]
struct Exposure {
    at: usize,
    /// The least and the most that it may be worth once all that is open has traded, with the delta held elsewhere.
    ends: [i128; 2],
    greeks: Greeks,
}

/// All of them; most of a book's instruments are flat.
struct Exposures {
    rows: [Exposure; INSTRUMENTS],
    count: usize,
}

impl Exposures {
    fn iter(&self) -> std::slice::Iter<'_, Exposure> {
        self.rows[..self.count].iter()
    }

    /// C21: delta, gamma, vega, theta, each the sum of its absolute values over the underlyings.
    fn sensitivities(&self) -> [i128; 4] {
        self.iter().fold([0; 4], |sums, Exposure { ends, greeks, .. }| {
            let delta = ends[0].abs().max(ends[1].abs());
            let [gamma, vega, theta] = [greeks.gamma, greeks.vega, greeks.theta].map(|one| i128::from(one).abs());
            [sums[0] + delta, sums[1] + gamma, sums[2] + vega, sums[3] + theta]
        })
    }

    /// C23: the largest loss of all scenarios, and which one it is; 0 if none loses.
    fn worst_of(&self, scenarios: &[Option<Scenario>; SCENARIOS]) -> (i128, Option<usize>) {
        let mut worst = (0, None);
        for (number, scenario) in scenarios.iter().enumerate() {
            let Some(Scenario { spot_bp, volatility_e2 }) = scenario else { continue };
            let result = |Exposure { at, ends, greeks }: &Exposure| {
                let spot = i128::from(spot_bp[*at]);
                let straight = ends.map(|end| share(end, spot));
                let curved = i128::from(greeks.gamma) * spot * spot / 2_000_000;
                straight[0].min(straight[1]) + curved + i128::from(greeks.vega) * i128::from(*volatility_e2) / 100
            };
            let loss = -self.iter().map(result).sum::<i128>();
            if loss > worst.0 {
                worst = (loss, Some(number));
            }
        }
        worst
    }
}

impl Engine {
    /// What an instrument may be worth once all that is open has traded: the least and the most, in book value at its mark, or
    /// at cost without one.
    fn ends(&self, at: usize) -> [i128; 2] {
        let (holding, multiplier) = (&self.holdings[at], self.config.instruments[at].multiplier);
        let ([buys, sells], held) = (holding.open_pieces, holding.position.quantity);
        match holding.closing_price() {
            Some(price) => [value(price, held - sells, multiplier), value(price, held + buys, multiplier)],
            None => [holding.position.cost - holding.open_value, holding.position.cost + holding.open_value],
        }
    }

    fn exposures(&self) -> Exposures {
        let mut exposures = Exposures { rows: [Exposure::default(); INSTRUMENTS], count: 0 };
        for (at, greeks) in self.greeks.iter().enumerate() {
            let ends = self.ends(at);
            if ends == [0; 2] && greeks.is_flat() {
                continue;
            }
            let delta = greeks.delta_at(self.holdings[at].closing_price().unwrap_or(greeks.price));
            exposures.rows[exposures.count] = Exposure { at, ends: ends.map(|end| end + delta), greeks: *greeks };
            exposures.count += 1;
        }
        exposures
    }

    /// C21: delta, gamma, vega, theta, each the sum of its absolute values over the underlyings.
    pub fn sensitivities(&self) -> [i128; 4] {
        self.exposures().sensitivities()
    }

    /// C23: the largest loss of all scenarios, and which one it is; 0 if none loses.
    pub fn worst_scenario(&self) -> (i128, Option<usize>) {
        self.exposures().worst_of(&self.config.risk.scenarios)
    }

    pub fn greeks(&self, instrument: u8) -> Option<&Greeks> {
        self.greeks.get(usize::from(instrument))
    }

    /// C22: of one venue.
    pub fn margins(&self, venue: usize) -> Margins {
        let (mut margins, mut gross, mut kept) = (Margins::default(), 0, 0);
        margins.equity = self.limits.get(Limit::Collateral, venue as u8).unwrap_or(0).into();
        let here = self.config.instruments.iter().enumerate().filter(|(_, one)| usize::from(one.venue) == venue);
        for (at, one) in here {
            let [low, high] = self.ends(at);
            let Margin { initial_bp, maintenance_bp } = self.config.risk.margins[at];
            let held = self.holdings[at].exposure(one.multiplier) - self.holdings[at].open_value;
            margins.used += share(low.abs().max(high.abs()), initial_bp.into());
            margins.equity += self.holdings[at].result(one.multiplier);
            gross += held;
            kept += share(held, maintenance_bp.into());
        }
        margins.distance_bp = (gross > 0).then(|| (margins.equity - kept).saturating_mul(10_000) / gross);
        margins
    }

    /// C21 to C23 and the counterparty's part of C24, after anything that they depend on.
    pub(crate) fn check_risk(&mut self, out: &mut Outputs) {
        let exposures = self.exposures();
        let limit = |engine: &Engine, limit, index| i128::from(engine.limits.get(limit, index).unwrap_or(0));
        let greeks = [Limit::Delta, Limit::Gamma, Limit::Vega, Limit::Theta];
        for ((index, sum), kind) in (0..).zip(exposures.sensitivities()).zip(greeks) {
            let most = limit(self, kind, 0);
            // Without a limit of delta the card cannot be armed; of the others none is permitted that nobody has permitted.
            if sum > most && !(kind == Limit::Delta && most == 0) {
                self.trip(Guard::Greeks, index, Effect::Disarm, out);
            }
        }
        let most = limit(self, Limit::ScenarioLoss, 0);
        if most != 0 && exposures.worst_of(&self.config.risk.scenarios).0 > most {
            self.trip(Guard::Scenario, 0, Effect::Disarm, out);
        }
        for venue in 0..VENUES as u8 {
            if limit(self, Limit::Collateral, venue) == 0 {
                continue;
            }
            let Margins { used, equity, distance_bp } = self.margins(usize::from(venue));
            if used > equity.max(0) {
                self.trip(Guard::Margin, venue, Effect::Disarm, out);
            }
            if distance_bp.is_some_and(|distance| distance < self.config.risk.distance_bp.into()) {
                self.trip(Guard::Margin, VENUES as u8 + venue, Effect::Disarm, out);
            }
            let owed = limit(self, Limit::Counterparty, venue);
            if owed != 0 && equity > owed {
                self.trip(Guard::VenueCap, VENUES as u8 + venue, Effect::Disarm, out);
            }
        }
    }

    /// C22: whether an order of this value may be added to what a venue's margin must carry.
    pub(crate) fn has_margin(&self, instrument: u8, value: i128) -> bool {
        let at = usize::from(instrument);
        let Margins { used, equity, .. } = self.margins(usize::from(self.config.instruments[at].venue));
        used + share(value, self.config.risk.margins[at].initial_bp.into()) <= equity
    }

    /// Sensitivities that nobody has stated anew are not to be believed.
    pub(crate) fn tick_greeks(&mut self, out: &mut Outputs) {
        let is_old = |one: &Greeks| !one.is_flat() && self.now_ns.saturating_sub(one.time_ns) >= self.config.risk.greeks_age_ns;
        if self.greeks.iter().any(is_old) {
            self.trip(Guard::Greeks, GREEKS_STALE, Effect::Disarm, out);
        }
    }

    pub(crate) fn may_state_greeks(&self, change: &Change) -> Result<(), Refusal> {
        let Change::StateGreeks { instrument, delta, gamma, vega, theta, price, .. } = *change else { return Ok(()) };
        let traded = self.config.instruments.get(usize::from(instrument)).is_some_and(|one| usize::from(one.venue) < VENUES);
        let sane = [delta, gamma, vega, theta].iter().all(|one| one.unsigned_abs() <= SENSITIVITY_MAX as u64);
        let priced = (1..=crate::config::PRICE_MAX).contains(&price);
        if traded && sane && priced { Ok(()) } else { Err(Refusal::BadField) }
    }

    pub(crate) fn accept_greeks(&mut self, change: &Change, out: &mut Outputs) {
        let Change::StateGreeks { instrument, delta, gamma, vega, theta, price, .. } = *change else { return };
        self.greeks[usize::from(instrument)] = Greeks { delta, gamma, vega, theta, price, time_ns: self.now_ns };
        self.dirty = true;
        out.record(Record::GreeksStated { instrument });
    }
}
