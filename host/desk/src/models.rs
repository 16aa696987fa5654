//! What models may do for a desk: pairs whose band moves two rules, and hedges of what is filled.
//!
//! Every section may be left out. A mandate is asked for by being here; it is in force when two people have approved it.
use crate::field::{Placed, Section, choice, code, price, text, whole};
use crate::price::price_text;
use crate::problem::Log;
use crate::{Desk, Instrument};
use riposte_map::limits::INSTRUMENTS;
use riposte_map::shm::{Condition, NONE};
use riposte_map::wire::ouch::QUANTITY_LIMIT;
use toml::de::DeValue;

const MS: u64 = 1_000_000;
const HOUR: u64 = 3_600_000 * MS;
/// Models that the engine has mandates for.
const MODELS: usize = 8;
/// One cent: hedges are priced in whole ones.
const CENT_E4: u32 = 100;

/// A model of kind `pair`: one leg given the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    pub name: String,
    /// Indices of instruments.
    pub given: u8,
    pub leg: u8,
    /// Rules of the leg whose thresholds are the edges of the band; `NONE` is none.
    pub lower: u8,
    pub upper: u8,
    pub ratio_half_life_ns: u64,
    pub spread_half_life_ns: u64,
    pub z_hundredths: u32,
    pub sample_ns: u64,
    pub gap_ns: u64,
    /// Samples before there is a band.
    pub warm: u32,
    /// A smaller move of an edge is not worth a set.
    pub least_e4: u32,
    pub mandate: Mandate,
}

/// What a model asks two people for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mandate {
    pub low_e4: u32,
    pub high_e4: u32,
    pub step_e4: u32,
    pub interval_ns: u64,
    pub for_ns: u64,
}

/// How fills are hedged: by orders that go through the card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hedge {
    pub half_life_ns: u64,
    pub sample_ns: u64,
    pub gap_ns: u64,
    /// How long a book is held, and dollars that a variance of one square dollar is worth, in millionths.
    pub horizon_ns: u64,
    pub aversion_e6: u64,
    /// Of a piece, beyond half the spread.
    pub fee_e4: u32,
    /// How far beyond the other side's best an order may trade.
    pub through_e4: u32,
    /// Between two hedges.
    pub interval_ns: u64,
    pub legs: Vec<HedgeLeg>,
}

/// An instrument that may be traded as a hedge; it has a place for orders of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HedgeLeg {
    pub instrument: u8,
    /// Largest position, in pieces: a limit that people approve.
    pub position: u32,
    pub lot: u32,
    /// Largest order, in pieces.
    pub order: u32,
}

impl Desk {
    /// The model with this name.
    pub fn model(&self, name: &str) -> Option<(u8, &Model)> {
        (0..).zip(&self.models).find(|(_, one)| one.name == name)
    }
}

pub(crate) fn read_models(root: &mut Section, log: &mut Log, book: &[Placed<Instrument>]) -> Vec<Model> {
    let mut models: Vec<Model> = Vec::new();
    for section in root.sections(log, "model") {
        let span = section.span.clone();
        let Some(model) = read_model(section, log, book) else { continue };
        if models.iter().any(|other| other.name == model.name) {
            log.error(&span, format!("model `{}` is there already", model.name));
        }
        let shared = |other: &&Model| {
            let rules = |one: &Model| [one.lower, one.upper].into_iter().filter(|rule| *rule != NONE).collect::<Vec<_>>();
            other.leg == model.leg && rules(other).iter().any(|rule| rules(&model).contains(rule))
        };
        if let Some(other) = models.iter().find(shared) {
            log.error(&span, format!("models `{}` and `{}` would both move the same rule", other.name, model.name));
        }
        models.push(model);
        if models.len() == MODELS + 1 {
            log.error(&span, format!("too many models: at most {MODELS}"));
        }
    }
    models
}

fn read_model(mut section: Section, log: &mut Log, book: &[Placed<Instrument>]) -> Option<Model> {
    let name = section.required(log, "name", code(32));
    section.required(log, "kind", choice(&[("pair", 0)]));
    let given = instrument(&mut section, log, "given", book);
    let leg = instrument(&mut section, log, "leg", book);
    let rules = leg.map_or(&[][..], |leg| &book[usize::from(leg)].value.rules);
    let mut edge = |log: &mut Log, field: &'static str, allowed: [Condition; 3]| {
        let Some(found) = section.optional(log, field, text) else { return NONE };
        let at = rules.iter().position(|rule| rule.name == found.value);
        match at.map(|at| (at, rules[at].terms[0].condition)) {
            Some((at, condition)) if allowed.contains(&condition) => return at as u8,
            Some(_) => log.error(&found.span, format!("`{field}`: the first term of `{}` compares the other way, or no price", found.value)),
            None => log.error(&found.span, format!("`{field}`: the leg has no rule `{}`", found.value)),
        }
        NONE
    };
    let lower = edge(log, "lower", [Condition::BidAtMost, Condition::AskAtMost, Condition::TradeAtMost]);
    let upper = edge(log, "upper", [Condition::BidAtLeast, Condition::AskAtLeast, Condition::TradeAtLeast]);
    if lower == NONE && upper == NONE {
        log.error(&section.span, "a model needs `lower` or `upper`: a rule of its leg whose threshold it moves");
    }
    if given.is_some() && given == leg {
        log.error(&section.span, "`given` and `leg` are the same instrument");
    }
    let mut time = |log: &mut Log, field, default_ms: u64| time(&mut section, log, field, default_ms);
    let (ratio_half_life_ns, spread_half_life_ns) = (time(log, "ratio_half_life_ms", 600_000), time(log, "spread_half_life_ms", 60_000));
    let (sample_ns, gap_ns) = (time(log, "sample_ms", 1000), time(log, "gap_ms", 60_000));
    let z = section.required(log, "z", hundredths);
    let warm = section.optional(log, "warm", whole(2, u32::MAX)).map_or(100, |one| one.value);
    let least_e4 = section.optional(log, "least", amount).map_or(CENT_E4, |one| one.value);
    section.demand(log, "mandate");
    let mandate = section.section(log, "mandate").and_then(|mandate| read_mandate(mandate, log));
    section.finish(log);
    Some(Model {
        name: name?.value, given: given?, leg: leg?, lower, upper, ratio_half_life_ns, spread_half_life_ns,
        z_hundredths: z?.value, sample_ns, gap_ns, warm, least_e4, mandate: mandate?,
    })
}

fn read_mandate(mut section: Section, log: &mut Log) -> Option<Mandate> {
    let low = section.required(log, "low", amount);
    let high = section.required(log, "high", amount);
    let step = section.required(log, "step", amount);
    let interval = section.required(log, "interval_ms", whole(1, u32::MAX));
    let hours = section.required(log, "hours", whole(1, 24));
    let span = section.span.clone();
    section.finish(log);
    let mandate = Mandate {
        low_e4: low?.value,
        high_e4: high?.value,
        step_e4: step?.value,
        interval_ns: u64::from(interval?.value) * MS,
        for_ns: u64::from(hours?.value) * HOUR,
    };
    if mandate.low_e4 > mandate.high_e4 {
        log.error(&span, "`mandate`: `high` must not be below `low`");
    }
    Some(mandate)
}

pub(crate) fn read_hedge(root: &mut Section, log: &mut Log, book: &[Placed<Instrument>]) -> Option<Hedge> {
    let mut section = root.section(log, "hedge")?;
    let mut time = |log: &mut Log, field, default_ms: u64| time(&mut section, log, field, default_ms);
    let (half_life_ns, horizon_ns) = (time(log, "half_life_ms", 600_000), time(log, "horizon_ms", 60_000));
    let (sample_ns, gap_ns) = (time(log, "sample_ms", 1000), time(log, "gap_ms", 60_000));
    let interval_ns = time(log, "interval_ms", 1000);
    let aversion = section.required(log, "aversion", amount);
    let fee_e4 = section.optional(log, "fee", price).map_or(0, |one| one.value);
    let through = section.optional(log, "through", |value| {
        price(value).and_then(|e4| if e4.is_multiple_of(CENT_E4) { Ok(e4) } else { Err("must be whole cents".to_owned()) })
    });
    let mut legs: Vec<HedgeLeg> = Vec::new();
    for leg in section.sections(log, "leg") {
        let span = leg.span.clone();
        let Some(leg) = read_leg(leg, log, book) else { continue };
        let Instrument { symbol, host, limits, .. } = &book[usize::from(leg.instrument)].value;
        if let Some(lot) = limits.lot.filter(|&lot| !leg.lot.is_multiple_of(lot)) {
            log.error(&span, format!("`lot`: {} is no multiple of {lot}, the lot of `{symbol}`", leg.lot));
        }
        if let (Some(tick), Some(through)) = (limits.tick_size_e4, &through)
            && !through.value.is_multiple_of(tick)
        {
            let text = format!("`through`: {} is no multiple of {}, the tick size of `{symbol}`", price_text(through.value), price_text(tick));
            log.error(&through.span, text);
        }
        if host.is_none() {
            let why = "its orders go through the card, in the place of a fourth rule; give the instrument `host_orders = { capacity = \"P\" }`";
            log.error(&span, format!("`{symbol}` has no `host_orders`, and a leg needs it: {why}"));
        }
        if legs.iter().any(|other| other.instrument == leg.instrument) {
            log.error(&span, "this instrument is a leg already");
        }
        legs.push(leg);
    }
    if legs.is_empty() {
        log.error(&section.span, "a hedge needs a [[hedge.leg]]: an instrument that may be traded for it");
    }
    section.finish(log);
    Some(Hedge {
        half_life_ns,
        sample_ns,
        gap_ns,
        horizon_ns,
        aversion_e6: u64::from(aversion?.value) * 100,
        fee_e4,
        through_e4: through.map_or(0, |one| one.value),
        interval_ns,
        legs,
    })
}

fn read_leg(mut section: Section, log: &mut Log, book: &[Placed<Instrument>]) -> Option<HedgeLeg> {
    let instrument = instrument(&mut section, log, "instrument", book);
    let position = section.required(log, "position", whole(1, u32::MAX));
    let smallest = instrument.and_then(|at| book[usize::from(at)].value.limits.lot).unwrap_or(1);
    let lot = section.optional(log, "lot", whole(1, QUANTITY_LIMIT - 1)).map_or(smallest, |one| one.value);
    let order = section.required(log, "order", whole(1, QUANTITY_LIMIT - 1));
    if let Some(order) = order.as_ref().filter(|order| order.value < lot) {
        log.error(&order.span, format!("`order`: {} is less than a lot of {lot}", order.value));
    }
    section.finish(log);
    Some(HedgeLeg { instrument: instrument?, position: position?.value, lot, order: order?.value })
}

pub(crate) fn instrument(section: &mut Section, log: &mut Log, field: &'static str, book: &[Placed<Instrument>]) -> Option<u8> {
    let symbol = section.required(log, field, code(8))?;
    let at = book.iter().take(INSTRUMENTS).position(|placed| placed.value.symbol == symbol.value);
    if at.is_none() {
        log.error(&symbol.span, crate::check::unknown_instrument(&symbol.value, book));
    }
    at.map(|at| at as u8)
}

fn time(section: &mut Section, log: &mut Log, field: &'static str, default_ms: u64) -> u64 {
    section.optional(log, field, whole(1, u32::MAX)).map_or(default_ms, |one| one.value.into()) * MS
}

/// A decimal above 0 with at most four places.
fn amount(value: &DeValue) -> Result<u32, String> {
    price(value).and_then(|e4| if e4 > 0 { Ok(e4) } else { Err("must be above 0".to_owned()) })
}

/// A decimal above 0 with at most two places.
fn hundredths(value: &DeValue) -> Result<u32, String> {
    let e4 = amount(value)?;
    if e4.is_multiple_of(100) { Ok(e4 / 100) } else { Err("must have at most two decimals".to_owned()) }
}
