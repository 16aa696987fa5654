//! Mandates: what a model may move without asking, approved once by two people; and the sets that come of it.
//!
//! ```text
//! Candidate ──► within its mandate? ──► LoadCandidate ──► rows ──► whole, and as asked? ──► Commit
//!                 no: refused, alarmed                              no: refused, alarmed
//! ```
//! Why in two steps: the card's shadow bank needs every row, and the engine keeps only what it decides on. Whoever loads the
//! rows is not believed: the set must be the one in force but for the thresholds that were granted.
//!
//! Holds:
//! - A mandate is for the rules as they stood when it was approved: another template, image or condition ends its use, and
//!   so does a reversion of parameters. It ends by itself.
//! - One set at a time: a candidate waits for people, who do not wait for it. Rows of a candidate that nobody asked for
//!   change nothing.
//! - What people approved stays known ([`Engine::base`]), however often models have moved it since.
use crate::engine::Engine;
use crate::generation::{Generation, Rules, Set};
use crate::input::Change;
use crate::message::fields;
use crate::output::{Alarm, Output, Outputs, Record, Refusal};
use riposte_map::limits::{INSTRUMENTS, RULES};
use riposte_map::shm::{Condition, NONE};

/// Models that can have a mandate.
pub const MODELS: usize = 8;

/// What a model may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mandate {
    pub instrument: u8,
    /// Rules whose thresholds are the lower and the upper edge of the model's band; `NONE` is none.
    pub rules: [u8; 2],
    /// The corridor of every threshold, in the venue's integers.
    pub lowest: u32,
    pub highest: u32,
    /// How far a threshold may go at once.
    pub step: u32,
    /// Between two sets.
    pub interval_ns: u64,
    pub until_ns: u64,
    /// When it was last used.
    used_ns: Option<u64>,
    /// What the rules were part of when it was approved.
    basis: [u8; 32],
    conditions: [u8; RULES],
}

/// A candidate whose set is on its way.
#[derive(Clone, Copy, Hash)]
struct Calibrating {
    number: u64,
    model: u8,
    generation: u32,
    instrument: u8,
    rules: Rules,
    since_ns: u64,
    /// Its rows come.
    has_begun: bool,
}

/// What models have brought about.
#[derive(Default, Hash)]
pub(crate) struct Models {
    mandates: [Option<Mandate>; MODELS],
    /// Why the last candidate of each was refused, if an alarm has told so.
    told: [Option<Refusal>; MODELS],
    calibrating: Option<Calibrating>,
    /// Rows come that nobody asked for.
    ignores: bool,
    /// Highest number of a candidate, and of a hedge.
    candidate: u64,
    pub hedged: u64,
}

fields! {
    Mandate { instrument, rules, lowest, highest, step, interval_ns, until_ns, used_ns, basis, conditions }
    Calibrating { number, model, generation, instrument, rules, since_ns, has_begun }
    Models { mandates, told, calibrating, ignores, candidate, hedged }
}

impl Models {
    /// Every index leads somewhere.
    pub fn is_sound(&self) -> bool {
        let is_rule = |rule: &u8| usize::from(*rule) < RULES || *rule == NONE;
        let mandates = || self.mandates.iter().flatten();
        mandates().all(|one| usize::from(one.instrument) < INSTRUMENTS && one.rules.iter().all(is_rule))
            && self.calibrating.iter().all(|one| usize::from(one.instrument) < INSTRUMENTS && usize::from(one.model) < MODELS)
    }

    pub fn ignores_rows(&self) -> bool {
        self.ignores
    }

    /// What was on its way may be lost.
    pub fn forget(&mut self) {
        (self.calibrating, self.ignores) = (None, false);
    }
}

impl Engine {
    pub fn mandate(&self, model: u8) -> Option<&Mandate> {
        self.models.mandates.get(usize::from(model))?.as_ref()
    }

    /// Mandates that have not ended, with their models.
    pub fn mandates(&self) -> impl Iterator<Item = (u8, &Mandate)> {
        let all = (0..).zip(&self.models.mandates).filter_map(|(model, one)| Some((model, one.as_ref()?)));
        all.filter(|(_, one)| one.until_ns > self.now_ns)
    }

    /// Rules of an instrument in force; none without a generation.
    pub fn rules(&self, instrument: u8) -> Option<&Rules> {
        self.generations.find(self.card.generation)?.rules.get(usize::from(instrument))
    }

    /// What people approved of the generation in force: its content but for thresholds that models have moved.
    pub fn base(&self) -> Option<[u8; 32]> {
        self.generations.find(self.card.generation).map(|one| one.base)
    }

    /// How to make the set with this content: what people approved, and the rules to put in.
    pub fn recipe(&self, content: &[u8; 32]) -> Option<([u8; 32], [Rules; INSTRUMENTS])> {
        self.generations.find_content(content).map(|one| (one.base, one.rules))
    }

    /// The same of the set that the present candidate needs.
    pub fn calibration(&self) -> Option<(u64, [u8; 32], [Rules; INSTRUMENTS])> {
        let one = self.models.calibrating.as_ref()?;
        let now = self.generations.find(self.card.generation)?;
        Some((one.number, now.base, one.over(now)))
    }

    /// Whether a mandate permits nothing that the one in force does not.
    pub(crate) fn is_within_mandate(&self, change: &Change) -> bool {
        let Change::Mandate { model, instrument, lower, upper, lowest, highest, step, interval_ns, for_ns } = *change else { return false };
        self.mandate(model).is_some_and(|now| {
            (now.instrument, now.rules) == (instrument, [lower, upper])
                && lowest >= now.lowest
                && highest <= now.highest
                && step <= now.step
                && interval_ns >= now.interval_ns
                && self.now_ns.saturating_add(for_ns) <= now.until_ns
                && self.in_force_or_coming().is_some_and(|set| now.is_for(set))
        })
    }

    pub(crate) fn may_mandate(&self, change: &Change) -> Result<(), Refusal> {
        let Change::Mandate { model, instrument, lower, upper, lowest, highest, step, interval_ns, for_ns } = *change else {
            return Err(Refusal::BadField);
        };
        let is_rule = |rule: u8| usize::from(rule) < RULES || rule == NONE;
        let named = usize::from(model) < MODELS && usize::from(instrument) < INSTRUMENTS;
        let ruled = is_rule(lower) && is_rule(upper) && lower != upper;
        let bounded = 0 < lowest && lowest <= highest && step > 0 && interval_ns > 0 && for_ns > 0;
        if named && ruled && bounded { Ok(()) } else { Err(Refusal::BadField) }
    }

    fn in_force_or_coming(&self) -> Option<&Generation> {
        self.card.committing.as_ref().or_else(|| self.generations.find(self.card.generation))
    }

    /// Puts a mandate in force, for the rules of the set that is in force or about to be.
    pub(crate) fn grant(&mut self, change: Change, out: &mut Outputs) -> Result<(), Refusal> {
        let Change::Mandate { model, instrument, lower, upper, lowest, highest, step, interval_ns, for_ns } = change else {
            return Err(Refusal::BadField);
        };
        let set = self.in_force_or_coming().ok_or(Refusal::NoGeneration)?;
        let conditions = set.rules[usize::from(instrument)].conditions;
        for (rule, lower) in [(lower, true), (upper, false)] {
            if rule != NONE && !is_edge(conditions[usize::from(rule)], lower) {
                return Err(Refusal::BadField);
            }
        }
        let until_ns = self.now_ns.saturating_add(for_ns);
        let used_ns = self.mandate(model).and_then(|old| old.used_ns);
        let (rules, basis) = ([lower, upper], set.basis());
        let mandate = Mandate { instrument, rules, lowest, highest, step, interval_ns, until_ns, used_ns, basis, conditions };
        self.models.mandates[usize::from(model)] = Some(mandate);
        self.models.told[usize::from(model)] = None;
        out.record(Record::Mandate { model, until_ns });
        Ok(())
    }

    pub(crate) fn end_mandate(&mut self, model: u8, out: &mut Outputs) {
        if self.models.mandates.get_mut(usize::from(model)).is_some_and(|one| one.take().is_some()) {
            out.record(Record::Mandate { model, until_ns: 0 });
            if self.models.calibrating.is_some_and(|one| one.model == model) {
                self.drop_calibration(Refusal::NoMandate, out);
            }
        }
    }

    pub(crate) fn end_mandates(&mut self, out: &mut Outputs) {
        (0..MODELS as u8).for_each(|model| self.end_mandate(model, out));
    }

    pub(crate) fn on_candidate(&mut self, number: u64, model: u8, wanted: [u32; 2], out: &mut Outputs) {
        if number <= self.models.candidate {
            return;
        }
        self.models.candidate = number;
        let (instrument, rules) = match self.moved(model, wanted) {
            Ok(moved) => moved,
            Err(why) => return self.refuse_candidate(number, model, why, out),
        };
        let (generation, since_ns) = (self.newest_generation().saturating_add(1), self.now_ns);
        if let Some(mandate) = &mut self.models.mandates[usize::from(model)] {
            mandate.used_ns = Some(since_ns);
        }
        self.models.told[usize::from(model)] = None;
        self.models.calibrating = Some(Calibrating { number, model, generation, instrument, rules, since_ns, has_begun: false });
        out.record(Record::Candidate { number, model, generation, lower: wanted[0], upper: wanted[1] });
        out.record(Record::Asking { session: NONE, instrument: NONE, generation });
        out.push(Output::LoadCandidate { number });
    }

    /// The rules of the mandate's instrument with the thresholds that a model wants, if it may have them now.
    fn moved(&self, model: u8, wanted: [u32; 2]) -> Result<(u8, Rules), Refusal> {
        let mandate = self.mandate(model).ok_or(Refusal::NoMandate)?;
        let now = self.generations.find(self.card.generation).ok_or(Refusal::NoGeneration)?;
        let too_soon = |used_ns: u64| self.now_ns.saturating_sub(used_ns) < mandate.interval_ns;
        let conditions = [
            (mandate.until_ns > self.now_ns, Refusal::Expired),
            (mandate.is_for(now), Refusal::NoMandate),
            (self.card.approved, Refusal::Deployment),
            (!self.card.killed, Refusal::Killed),
            (!self.latches.any(), Refusal::Latched),
            (!self.is_reverting(), Refusal::Fenced),
            (self.card.committing.is_none() && self.models.calibrating.is_none() && !self.is_set_proposed(), Refusal::Busy),
            (!mandate.used_ns.is_some_and(too_soon), Refusal::TooSoon),
            (mandate.rules.contains(&NONE) || wanted[0] < wanted[1], Refusal::BadField),
        ];
        if let Some((_, why)) = conditions.iter().find(|(holds, _)| !holds) {
            return Err(*why);
        }
        let before = now.rules[usize::from(mandate.instrument)];
        let mut after = before;
        for (rule, price) in mandate.rules.into_iter().zip(wanted) {
            if rule == NONE {
                continue;
            }
            let threshold = &mut after.thresholds[usize::from(rule)];
            if !(mandate.lowest..=mandate.highest).contains(&price) {
                return Err(Refusal::Corridor);
            }
            if threshold.abs_diff(price) > mandate.step {
                return Err(Refusal::TooFar);
            }
            *threshold = price;
        }
        if after == before { Err(Refusal::BadField) } else { Ok((mandate.instrument, after)) }
    }

    fn refuse_candidate(&mut self, number: u64, model: u8, why: Refusal, out: &mut Outputs) {
        out.record(Record::Refused { request: number, why });
        // What passes by itself is no alarm.
        let passes = matches!(
            why,
            Refusal::TooSoon | Refusal::Busy | Refusal::Fenced | Refusal::NoGeneration | Refusal::Killed | Refusal::Latched
                | Refusal::Deployment
        );
        let told = self.models.told.get_mut(usize::from(model));
        if !passes && told.is_none_or(|told| told.replace(why) != Some(why)) {
            out.alarm(Alarm::Candidate { model, why });
        }
    }

    /// The set on its way is not to be any more.
    pub(crate) fn drop_calibration(&mut self, why: Refusal, out: &mut Outputs) {
        if let Some(one) = self.models.calibrating.take() {
            self.refuse_candidate(one.number, one.model, why, out);
        }
    }

    /// A set of people begins.
    pub(crate) fn on_begin_set(&mut self, out: &mut Outputs) {
        self.drop_calibration(Refusal::Busy, out);
        self.models.ignores = false;
        self.set = Set::new();
    }

    pub(crate) fn on_begin_candidate(&mut self, number: u64) {
        let is_proposed = self.is_set_proposed();
        let asked = self.models.calibrating.as_mut().filter(|one| one.number == number && !is_proposed);
        self.models.ignores = asked.is_none();
        if let Some(one) = asked {
            one.has_begun = true;
            self.set = Set::new();
        }
    }

    /// Commits the set of a candidate once it is whole, and nothing but what was asked for.
    pub(crate) fn advance_calibration(&mut self, out: &mut Outputs) {
        let Some(one) = self.models.calibrating.filter(|one| one.has_begun && !self.models.ignores) else { return };
        let Some(mut new) = self.set.whole(one.generation) else { return };
        let now = self.generations.find(self.card.generation).copied();
        let Some(now) = now.filter(|now| new.is_moved(now) && new.rules == one.over(now)) else {
            return self.drop_calibration(Refusal::BadSet, out);
        };
        let Calibrating { number, model, generation, .. } = one;
        self.models.calibrating = None;
        out.record(Record::Calibrated { number, model, generation, content: new.content });
        new.base = now.base;
        self.commit(new, out);
    }

    /// Rows that do not come are not waited for.
    pub(crate) fn tick_calibration(&mut self, out: &mut Outputs) {
        let is_late = |one: &Calibrating| self.now_ns.saturating_sub(one.since_ns) >= self.config.times.answer_ns;
        if self.models.calibrating.as_ref().is_some_and(is_late) {
            self.drop_calibration(Refusal::BadSet, out);
        }
    }
}

impl Calibrating {
    /// The rules of a set with those of the candidate.
    fn over(&self, now: &Generation) -> [Rules; INSTRUMENTS] {
        let mut rules = now.rules;
        rules[usize::from(self.instrument)] = self.rules;
        rules
    }
}

impl Mandate {
    /// Whether the rules are those that it was approved for.
    fn is_for(&self, set: &Generation) -> bool {
        set.basis() == self.basis && set.rules[usize::from(self.instrument)].conditions == self.conditions
    }
}

/// Whether a price that falls, or rises, to a threshold meets this condition.
fn is_edge(condition: u8, lower: bool) -> bool {
    let (bid, ask, trade) = if lower {
        (Condition::BidAtMost, Condition::AskAtMost, Condition::TradeAtMost)
    } else {
        (Condition::BidAtLeast, Condition::AskAtLeast, Condition::TradeAtLeast)
    };
    [bid, ask, trade].iter().any(|one| *one as u8 == condition)
}
