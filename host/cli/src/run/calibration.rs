//! From a model's band to a set on the card: a bounded step towards it is a candidate, whose rows are made when the engine asks.
//!
//! Holds: the step, the interval and the mandate are looked at here so that a good model is not refused; that they are kept
//! is the engine's matter. Rows are those of the set that people approved, with thresholds moved by the desk's own check.
use super::admission::Admission;
use anyhow::{Context, ensure};
use riposte_desk::{Model, move_threshold};
use riposte_engine::{Body, Change, Engine, Rules};
use riposte_map::limits::INSTRUMENTS;
use riposte_map::shm::{Command, Condition, NONE};
use riposte_models::Band;
use std::collections::VecDeque;

struct One {
    model: Model,
    band: Option<Band>,
    asked_ns: Option<u64>,
}

pub struct Calibration {
    models: Vec<One>,
    number: u64,
}

impl Calibration {
    pub fn new(models: &[Model]) -> Calibration {
        let models = models.iter().map(|model| One { model: model.clone(), band: None, asked_ns: None }).collect();
        Calibration { models, number: 0 }
    }

    /// A model has found another band.
    pub fn hear(&mut self, model: usize, band: Band) {
        if let Some(one) = self.models.get_mut(model) {
            one.band = Some(band);
        }
    }

    /// Makes candidates of bands that are far enough from what is in force.
    pub fn go_on(&mut self, engine: &Engine, now_ns: u64, to: &mut VecDeque<Body>) {
        let is_free = engine.is_permitted() && engine.calibration().is_none();
        for (model, one) in (0..).zip(&mut self.models) {
            let (Some(band), Some(mandate)) = (one.band, engine.mandate(model)) else { continue };
            let is_due = one.asked_ns.is_none_or(|asked_ns| now_ns.saturating_sub(asked_ns) >= mandate.interval_ns);
            let Some(rules) = engine.rules(mandate.instrument).filter(|_| is_free && is_due) else { continue };
            let Some([lower, upper]) = step(rules, mandate.rules, band, mandate.step, one.model.least_e4) else { continue };
            one.asked_ns = Some(now_ns);
            self.number = now_ns.max(self.number + 1);
            to.push_back(Body::Candidate { number: self.number, model, lower, upper });
            return;
        }
    }

    /// The rows that a candidate has asked for.
    pub fn load(&self, engine: &Engine, admission: &Admission, number: u64, to: &mut VecDeque<Body>) -> anyhow::Result<()> {
        let Some((_, base, rules)) = engine.calibration().filter(|(wanted, ..)| *wanted == number) else { return Ok(()) };
        let rows = moved(admission.rows(&base)?, &rules)?;
        to.push_back(Body::BeginCandidate { number });
        to.extend(rows.into_iter().map(|command| Body::Row { command }));
        Ok(())
    }
}

/// Thresholds a step towards the band; 0 where there is no rule, none if both are near enough.
fn step(rules: &Rules, edges: [u8; 2], band: Band, step: u32, least: u32) -> Option<[u32; 2]> {
    let mut next = [0; 2];
    let mut is_worth = false;
    for ((next, rule), wanted) in next.iter_mut().zip(edges).zip([band.lower, band.upper]) {
        let Some(now) = rules.thresholds.get(usize::from(rule)).copied().filter(|_| rule != NONE) else { continue };
        *next = wanted.clamp(now.saturating_sub(step), now.saturating_add(step));
        is_worth |= now.abs_diff(wanted) >= least;
    }
    is_worth.then_some(next)
}

/// Rows of the set that people approved, with these thresholds.
pub fn moved(mut rows: Vec<Command>, rules: &[Rules; INSTRUMENTS]) -> anyhow::Result<Vec<Command>> {
    for (instrument, rules) in (0..).zip(rules) {
        for (rule, (condition, threshold_e4)) in (0..).zip(rules.conditions.iter().zip(rules.thresholds)) {
            if Condition::from_code(*condition).is_some_and(Condition::is_price) {
                move_threshold(&mut rows, instrument, rule, threshold_e4).context("a model's threshold")?;
            }
        }
    }
    ensure!(riposte_engine::content(&rows).is_some(), "the moved set is not whole");
    Ok(rows)
}

/// What a model of the desk asks two people for.
pub fn mandate(number: u8, model: &Model) -> Change {
    let riposte_desk::Mandate { low_e4, high_e4, step_e4, interval_ns, for_ns } = model.mandate;
    Change::Mandate {
        model: number,
        instrument: model.leg,
        lower: model.lower,
        upper: model.upper,
        lowest: low_e4,
        highest: high_e4,
        step: step_e4,
        interval_ns,
        for_ns,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules { conditions: [4, 1, 0, 0], thresholds: [1000, 2000, 7, 7] };

    fn band(lower: u32, upper: u32) -> Band {
        Band { lower, upper, ratio_e6: 0 }
    }

    #[test]
    fn a_step_goes_towards_the_band_and_no_further() {
        assert_eq!(step(&RULES, [0, 1], band(1500, 1500), 100, 50), Some([1100, 1900]));
        assert_eq!(step(&RULES, [0, 1], band(1060, 2000), 100, 50), Some([1060, 2000]));
        assert_eq!(step(&RULES, [0, 1], band(1, 1), 5000, 50), Some([1, 1]), "down to it, and not below 0");
        assert_eq!(step(&RULES, [NONE, 1], band(1, 2500), 100, 50), Some([0, 2100]));
    }

    #[test]
    fn what_is_near_enough_is_not_worth_a_set() {
        assert_eq!(step(&RULES, [0, 1], band(1049, 1951), 100, 50), None);
        assert_eq!(step(&RULES, [0, 1], band(1050, 1951), 100, 50), Some([1050, 1951]), "one edge takes the other along");
    }
}
