//! How a desk measures what its book may lose: margins of the venue, what moves at once in a scenario.
//!
//! Every part may be left out; the host has margins and scenarios of its own then.
use crate::field::{Placed, Section, code, decimal, whole};
use crate::host::signed_e4;
use crate::problem::Log;
use crate::Instrument;
use crate::models::instrument;
use riposte_map::limits::INSTRUMENTS;
use std::collections::HashMap;
use toml::de::DeValue;

/// Scenarios that the engine has room for.
const SCENARIOS: usize = 32;
const HOUR_NS: u64 = 3_600_000_000_000;
/// Of a percent, or of a point: 1e-2 of it is the finest.
const HUNDREDTH_E4: i64 = 100;

/// Without a value: what the host has by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Risk {
    pub margin: Option<Margin>,
    /// Of instruments that have one of their own, by index.
    pub margins: Vec<(u8, Margin)>,
    /// Smallest move of all prices against the book that may bring it to its maintenance margin, hundredths of a percent.
    pub distance_bp: Option<u32>,
    /// For how long stated sensitivities are known.
    pub greeks_age_ns: Option<u64>,
    /// None: the host's own.
    pub scenarios: Vec<Scenario>,
}

/// What the venue demands for a position, hundredths of a percent of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Margin {
    pub initial_bp: u32,
    pub maintenance_bp: u32,
}

/// Prices and volatilities as they might be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    pub name: String,
    /// Of each instrument of the card, hundredths of a percent.
    pub spot_bp: [i32; INSTRUMENTS],
    /// Hundredths of a point.
    pub volatility_e2: i32,
}

pub(crate) fn read_risk(root: &mut Section, log: &mut Log, book: &[Placed<Instrument>]) -> Risk {
    let mut risk = Risk::default();
    if let Some(mut section) = root.section(log, "risk") {
        risk.margin = section.section(log, "margin").and_then(|mut margin| read_margin(&mut margin, log).inspect(|_| margin.finish(log)));
        for mut margin in section.sections(log, "margin_of") {
            let of = instrument(&mut margin, log, "instrument", book);
            if of.is_some_and(|of| risk.margins.iter().any(|(other, _)| *other == of)) {
                log.error(&margin.span, "this instrument has its margin already");
            }
            risk.margins.extend(of.zip(read_margin(&mut margin, log)));
            margin.finish(log);
        }
        risk.distance_bp = section.optional(log, "distance", hundredths(1, 10_000)).map(|one| one.value as u32);
        risk.greeks_age_ns = section.optional(log, "greeks_hours", whole(1, 24 * 31)).map(|one| u64::from(one.value) * HOUR_NS);
        section.finish(log);
    }
    let mut names = HashMap::new();
    for mut section in root.sections(log, "scenario") {
        if let Some(name) = section.required(log, "name", code(32)) {
            crate::field::once(log, &mut names, &name, &format!("scenario `{}`", name.value));
            risk.scenarios.extend(read_scenario(&mut section, log, name.value, book));
        }
        if risk.scenarios.len() == SCENARIOS + 1 {
            log.error(&section.span, format!("too many scenarios: at most {SCENARIOS}"));
        }
        section.finish(log);
    }
    risk
}

fn read_margin(section: &mut Section, log: &mut Log) -> Option<Margin> {
    let initial = section.required(log, "initial", hundredths(1, 100_000));
    let maintenance = section.required(log, "maintenance", hundredths(1, 10_000));
    let margin = Margin { initial_bp: initial?.value as u32, maintenance_bp: maintenance?.value as u32 };
    if margin.initial_bp < margin.maintenance_bp {
        log.error(&section.span, "`initial` must not be below `maintenance`: a position that was just opened would be liquidated");
    }
    Some(margin)
}

fn read_scenario(section: &mut Section, log: &mut Log, name: String, book: &[Placed<Instrument>]) -> Option<Scenario> {
    let spot = section.required(log, "spot", hundredths(-10_000, 100_000));
    let volatility = section.optional(log, "volatility", hundredths(-100_000, 100_000));
    let mut scenario = Scenario { name, spot_bp: [spot?.value; INSTRUMENTS], volatility_e2: volatility.map_or(0, |one| one.value) };
    for mut section in section.sections(log, "move") {
        let of = instrument(&mut section, log, "instrument", book);
        let spot = section.required(log, "spot", hundredths(-10_000, 100_000));
        if let Some((of, spot)) = of.zip(spot) {
            scenario.spot_bp[usize::from(of)] = spot.value;
        }
        section.finish(log);
    }
    Some(scenario)
}

/// A decimal with a sign and at most two places, in hundredths from `low` to `high`.
fn hundredths(low: i32, high: i32) -> impl Fn(&DeValue) -> Result<i32, String> {
    move |value| {
        let text = decimal(value, "a number such as -12.5")?;
        let found = signed_e4(text).filter(|e4| e4 % HUNDREDTH_E4 == 0).and_then(|e4| i32::try_from(e4 / HUNDREDTH_E4).ok());
        found.filter(|found| (low..=high).contains(found)).ok_or_else(|| {
            let [low, high] = [low, high].map(|one| f64::from(one) / 100.0);
            format!("`{text}` must be {low} to {high} with at most two decimals")
        })
    }
}
