//! A hedge: trades in a few instruments that make the variance of the whole book least, at a price.
//!
//! Minimised is `aversion x variance over the horizon + cost of trading`, in dollars, within bounds of each position and
//! of each order. A quadratic program gives the real solution (Clarabel, an interior point method). Its pieces are rounded to
//! lots and repaired: a leg moves a few lots, and another one to its best behind it, while that lowers the same objective; no
//! move leaves a bound. What is no better than doing nothing is not done.
use crate::covariance::Matrix;
use crate::top::{DOLLAR, Top};
use clarabel::algebra::CscMatrix;
use clarabel::solver::{DefaultSettings, DefaultSolver, IPSolver, NonnegativeConeT, SolverStatus};
use riposte_map::limits::INSTRUMENTS;
use riposte_map::wire::ouch::MARKET_PRICE_E4;
use thiserror::Error;

/// Pieces beyond which nothing is computed: differences of these are exact in a float.
const PIECES_MAX: i64 = 1 << 47;
/// Rounds of repair; each moves every leg.
const REPAIRS: usize = 1000;
/// Lots by which a leg is moved at once.
const REACH: i64 = 8;

/// One instrument of the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// With what is on its way to be traded as a hedge, in pieces.
    pub position: i64,
    pub top: Top,
    /// Where the position may end; none is an instrument that is held but not traded for a hedge.
    pub bounds: Option<(i64, i64)>,
    /// Pieces that are traded together.
    pub lot: u32,
    /// Largest order, in pieces.
    pub order_max: u32,
    /// Cost of a piece beyond half the spread, 1e-4 dollars.
    pub fee_e4: u32,
}

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// For how long the book is held, nanoseconds.
    pub horizon_ns: u64,
    /// Dollars that a variance of one square dollar is worth, in millionths.
    pub aversion_e6: u64,
    /// How far beyond the other side's best price an order may trade, 1e-4 dollars.
    pub through_e4: u32,
    pub iterations_max: u32,
}

/// Which way an order goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Buy,
    Sell,
}

/// An order that is part of a hedge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Child {
    pub instrument: u8,
    pub side: Side,
    pub quantity: u32,
    pub price: u32,
}

/// Why there is no hedge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unhedged {
    #[error("instrument {0}: no book, or a position or lot that cannot be")]
    Holding(u8),
    #[error("no covariance: too little is known, or it is none")]
    Covariance,
    #[error("no position within the bounds can be reached with whole lots and one order each")]
    Infeasible,
    #[error("the solver has not ended within its iterations")]
    Iterations,
    #[error("the solver has failed")]
    Solver,
}

/// An instrument that may be traded, in lots.
struct Leg {
    instrument: usize,
    lot: f64,
    /// Fewest and most lots to buy; sold ones are negative.
    least: i64,
    most: i64,
    /// Dollars a lot.
    cost: f64,
}

/// The orders that hedge the book; none if it is best as it is.
pub fn hedge(book: &[Holding], covariance: &Matrix, terms: &Terms) -> Result<Vec<Child>, Unhedged> {
    let legs = legs(book)?;
    if legs.is_empty() {
        return Ok(Vec::new());
    }
    let problem = Problem::new(book, &legs, covariance, terms)?;
    let wanted = problem.solve(terms.iterations_max)?;
    let lots = problem.repaired(&wanted);
    let orders = legs.iter().zip(&lots).filter(|(_, lots)| **lots != 0);
    orders.map(|(leg, lots)| child(&book[leg.instrument], leg.instrument, *lots, terms)).collect()
}

fn legs(book: &[Holding]) -> Result<Vec<Leg>, Unhedged> {
    let mut legs = Vec::new();
    for (instrument, one) in book.iter().enumerate().take(INSTRUMENTS) {
        let wrong = Unhedged::Holding(instrument as u8);
        let sane = |pieces: i64| pieces.abs() <= PIECES_MAX;
        if !sane(one.position) || (one.position != 0 && one.top.middle().is_err()) {
            return Err(wrong);
        }
        let Some((lowest, highest)) = one.bounds else { continue };
        let middle = one.top.middle().map_err(|_| wrong)?;
        if one.lot == 0 || !sane(lowest) || !sane(highest) {
            return Err(wrong);
        }
        let lot = i64::from(one.lot);
        let order = i64::from(one.order_max) / lot;
        let least = (lowest - one.position).div_euclid(lot) + i64::from((lowest - one.position).rem_euclid(lot) != 0);
        let most = (highest - one.position).div_euclid(lot);
        let (least, most) = (least.max(-order), most.min(order));
        if least > most {
            return Err(Unhedged::Infeasible);
        }
        let half_spread = middle - f64::from(one.top.bid) / DOLLAR;
        let lot = f64::from(one.lot);
        legs.push(Leg { instrument, lot, least, most, cost: lot * (half_spread + f64::from(one.fee_e4) / DOLLAR) });
    }
    Ok(legs)
}

fn child(one: &Holding, instrument: usize, lots: i64, terms: &Terms) -> Result<Child, Unhedged> {
    let wrong = Unhedged::Holding(instrument as u8);
    let quantity = u32::try_from(lots.unsigned_abs() * u64::from(one.lot)).map_err(|_| wrong)?;
    let (side, price) = if lots > 0 {
        (Side::Buy, one.top.ask.saturating_add(terms.through_e4))
    } else {
        (Side::Sell, one.top.bid.saturating_sub(terms.through_e4))
    };
    let fits = price > 0 && price < MARKET_PRICE_E4;
    fits.then_some(Child { instrument: instrument as u8, side, quantity, price }).ok_or(wrong)
}

/// Half x'Qx + l'x + c'|x| of lots x, in a unit of its own.
struct Problem<'a> {
    legs: &'a [Leg],
    quadratic: Vec<Vec<f64>>,
    linear: Vec<f64>,
    cost: Vec<f64>,
}

impl Problem<'_> {
    fn new<'a>(book: &[Holding], legs: &'a [Leg], covariance: &Matrix, terms: &Terms) -> Result<Problem<'a>, Unhedged> {
        let count = book.len().min(INSTRUMENTS);
        if !is_covariance(covariance, count) {
            return Err(Unhedged::Covariance);
        }
        // Dollars that a piece moves, for each unit of log return; twice the aversion, since the quadratic form is halved.
        let worth = |at: usize| book[at].top.middle().unwrap_or(0.0);
        let by = 2.0 * terms.aversion_e6 as f64 / 1e6 * terms.horizon_ns as f64 / 1e9;
        let between = |one: usize, other: usize| by * covariance[one][other] * worth(one) * worth(other);
        let row = |leg: &Leg| legs.iter().map(|other| between(leg.instrument, other.instrument) * leg.lot * other.lot).collect();
        let pull = |leg: &Leg| (0..count).map(|at| between(leg.instrument, at) * book[at].position as f64).sum::<f64>() * leg.lot;
        let mut quadratic: Vec<Vec<f64>> = legs.iter().map(row).collect();
        let mut linear: Vec<f64> = legs.iter().map(pull).collect();
        let mut cost: Vec<f64> = legs.iter().map(|leg| leg.cost).collect();
        let largest = quadratic.iter().enumerate().map(|(at, row)| row[at]).chain(cost.iter().copied()).fold(0.0, f64::max);
        let unit = 1.0 / largest;
        if !(largest > 0.0 && unit.is_finite()) {
            return Err(Unhedged::Covariance);
        }
        for one in quadratic.iter_mut().flatten().chain(&mut linear).chain(&mut cost) {
            *one *= unit;
        }
        let finite = quadratic.iter().flatten().chain(&linear).all(|one| one.is_finite());
        if finite { Ok(Problem { legs, quadratic, linear, cost }) } else { Err(Unhedged::Covariance) }
    }

    fn value(&self, lots: &[i64]) -> f64 {
        let lots: Vec<f64> = lots.iter().map(|one| *one as f64).collect();
        let halves = self.quadratic.iter().zip(&lots).map(|(row, x)| {
            x * row.iter().zip(&lots).map(|(one, other)| one * other).sum::<f64>() / 2.0
        });
        let rest = self.linear.iter().zip(&self.cost).zip(&lots).map(|((linear, cost), x)| linear * x + cost * x.abs());
        halves.sum::<f64>() + rest.sum::<f64>()
    }

    /// Lots as real numbers. Variables are the lots of the legs that have a choice and, above each, its absolute value.
    fn solve(&self, iterations_max: u32) -> Result<Vec<f64>, Unhedged> {
        let mut found: Vec<f64> = self.legs.iter().map(|leg| leg.least as f64).collect();
        let free: Vec<usize> = (0..found.len()).filter(|&at| self.legs[at].least < self.legs[at].most).collect();
        if free.is_empty() {
            return Ok(found);
        }
        let (count, mut quadratic, mut limits, mut bounds) = (free.len(), Triplets::default(), Triplets::default(), Vec::new());
        let mut linear = vec![0.0; 2 * count];
        for (row, &at) in free.iter().enumerate() {
            let leg = &self.legs[at];
            // Those without a choice pull as what is held does.
            let given = (0..found.len()).filter(|other| !free.contains(other));
            linear[row] = self.linear[at] + given.map(|other| self.quadratic[at][other] * found[other]).sum::<f64>();
            linear[count + row] = self.cost[at];
            for (column, &other) in free.iter().enumerate().skip(row) {
                quadratic.push(row, column, self.quadratic[at][other]);
            }
            // x <= most, -x <= -least, x - |x| <= 0, -x - |x| <= 0.
            for (sign, of_size, bound) in [(1.0, 0.0, leg.most), (-1.0, 0.0, -leg.least), (1.0, -1.0, 0), (-1.0, -1.0, 0)] {
                limits.push(bounds.len(), row, sign);
                limits.push(bounds.len(), count + row, of_size);
                bounds.push(bound as f64);
            }
        }
        let (quadratic, limits) = (quadratic.matrix(2 * count, 2 * count), limits.matrix(bounds.len(), 2 * count));
        let settings = DefaultSettings { verbose: false, max_iter: iterations_max, ..DefaultSettings::default() };
        let cones = [NonnegativeConeT(bounds.len())];
        let solver = DefaultSolver::new(&quadratic, &linear, &limits, &bounds, &cones, settings);
        let mut solver = solver.map_err(|_| Unhedged::Solver)?;
        solver.solve();
        match solver.solution.status {
            SolverStatus::Solved => {}
            SolverStatus::PrimalInfeasible | SolverStatus::AlmostPrimalInfeasible => return Err(Unhedged::Infeasible),
            SolverStatus::MaxIterations => return Err(Unhedged::Iterations),
            _ => return Err(Unhedged::Solver),
        }
        free.iter().zip(&solver.solution.x).for_each(|(&at, x)| found[at] = *x);
        if found.iter().all(|one| one.is_finite()) { Ok(found) } else { Err(Unhedged::Solver) }
    }

    /// Whole lots near `wanted`, within every bound, and no leg that could move a little, with another one brought to its
    /// best behind it, for the better.
    fn repaired(&self, wanted: &[f64]) -> Vec<i64> {
        let clamped = |(leg, x): (&Leg, &f64)| (x.round() as i64).clamp(leg.least, leg.most);
        let mut lots: Vec<i64> = self.legs.iter().zip(wanted).map(clamped).collect();
        let mut best = self.value(&lots);
        for _ in 0..REPAIRS {
            if !self.improve(&mut lots, &mut best) {
                break;
            }
        }
        let may_rest = self.legs.iter().all(|leg| leg.least <= 0 && leg.most >= 0);
        if may_rest && best >= 0.0 { vec![0; lots.len()] } else { lots }
    }

    /// Tries every move once; whether one was better.
    fn improve(&self, lots: &mut [i64], best: &mut f64) -> bool {
        let (mut any, count) = (false, lots.len());
        for first in 0..count {
            for (by, second) in (-REACH..=REACH).flat_map(|by| (0..count).map(move |second| (by, second))) {
                let before = (lots[first], lots[second]);
                lots[first] = (lots[first] + by).clamp(self.legs[first].least, self.legs[first].most);
                if second != first {
                    lots[second] = self.best_of(second, lots);
                }
                let value = self.value(lots);
                // By more than rounding, so that this ends.
                if value < *best - 1e-12 * best.abs() {
                    (*best, any) = (value, true);
                } else {
                    lots[second] = before.1;
                    lots[first] = before.0;
                }
            }
        }
        any
    }

    /// The best place of one leg while the others stand.
    fn best_of(&self, leg: usize, lots: &mut [i64]) -> i64 {
        let others = lots.iter().zip(&self.quadratic[leg]).enumerate().filter(|(at, _)| *at != leg);
        let pull = self.linear[leg] + others.map(|(_, (lots, one))| *lots as f64 * one).sum::<f64>();
        let curve = self.quadratic[leg][leg];
        let (least, most, before) = (self.legs[leg].least, self.legs[leg].most, lots[leg]);
        // Without a curve the cost decides, and nothing is the least that costs.
        let turn = |cost: f64| if curve > 0.0 { (-(pull + cost) / curve).clamp(-1e15, 1e15).floor() as i64 } else { 0 };
        let (bought, sold) = (turn(self.cost[leg]), turn(-self.cost[leg]));
        let places = [bought, bought + 1, sold, sold + 1, 0, before].map(|one| one.clamp(least, most));
        let mut value = |place: i64| {
            lots[leg] = place;
            self.value(lots)
        };
        let best = places.into_iter().map(|place| (value(place), place)).min_by(|one, other| one.0.total_cmp(&other.0));
        lots[leg] = before;
        best.map_or(before, |(_, place)| place)
    }
}

/// Entries of a sparse matrix.
#[derive(Default)]
struct Triplets(Vec<usize>, Vec<usize>, Vec<f64>);

impl Triplets {
    fn push(&mut self, row: usize, column: usize, value: f64) {
        if value != 0.0 {
            self.0.push(row);
            self.1.push(column);
            self.2.push(value);
        }
    }

    fn matrix(self, rows: usize, columns: usize) -> CscMatrix {
        CscMatrix::new_from_triplets(rows, columns, self.0, self.1, self.2)
    }
}

/// Symmetric, finite and positive semidefinite but for rounding, by elimination.
fn is_covariance(matrix: &Matrix, count: usize) -> bool {
    let all = || (0..count).flat_map(|row| (0..count).map(move |column| (row, column)));
    let scale = (0..count).map(|at| matrix[at][at]).fold(0.0, f64::max);
    let rounding = 1e-9 * scale;
    if !all().all(|(row, column)| matrix[row][column].is_finite() && matrix[row][column] == matrix[column][row]) {
        return false;
    }
    let mut rest = *matrix;
    for pivot in 0..count {
        let size = rest[pivot][pivot];
        if size < -rounding || (size <= rounding && (pivot..count).any(|at| rest[pivot][at].abs() > rounding)) {
            return false;
        }
        if size <= rounding {
            continue;
        }
        for row in pivot + 1..count {
            let by = rest[row][pivot] / size;
            let above = rest[pivot];
            for (one, above) in rest[row][pivot..count].iter_mut().zip(&above[pivot..count]) {
                *one -= by * above;
            }
        }
    }
    true
}
