//! Answers what people ask, from the mirror, and turns what they want into inputs of the engine.
//!
//! Holds: an act is answered with what the engine made of it, and the card, if it takes a command (`waiting`).
use super::admission::Admission;
use super::calibration::mandate;
use super::conversation::Call;
use super::risk::Told;
use super::statements::Statement;
use super::waiting::{CardClock, Waiting, all_or_why};
use super::wording;
use riposte_control::{Answer, LimitName, ORDERS_PAGE, Request};
use riposte_desk::{Desk, Instrument};
use riposte_engine::{Body, Change, Engine, Fence, Input, Order, Outputs, Refusal, Scope};
use riposte_map::limits::INSTRUMENTS;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::mpsc::SyncSender;

pub struct Calls {
    symbols: Vec<String>,
    names: Vec<String>,
    desk: Desk,
    /// Somebody trusted stands for all of it.
    is_signed: bool,
    pub(super) waiting: Waiting,
    next_request: u64,
}

impl Calls {
    pub fn new(desk: &Desk, is_signed: bool, first_request: u64) -> Calls {
        let symbols = desk.instruments.iter().map(|one| one.symbol.clone()).collect();
        let names = desk.people.iter().map(|one| one.name.clone()).collect();
        Calls { symbols, names, desk: desk.clone(), is_signed, waiting: Waiting::default(), next_request: first_request }
    }

    /// Takes a call; its answer comes at once or with the engine's.
    pub fn take(&mut self, call: Call, engine: &Engine, admission: &mut Admission, to: &mut VecDeque<Body>) {
        let set = self.take_set(&call, engine, admission, to);
        let Call { request, by, answer, .. } = call;
        let now = match request {
            Request::Orders { all, from } => Some(Answer::Told { value: self.orders(engine, all, from) }),
            Request::Positions {} => Some(Answer::Told { value: self.positions(engine) }),
            Request::Params {} => Some(Answer::Told { value: self.params(engine) }),
            Request::Claims {} => Some(Answer::Told { value: self.claims(engine) }),
            Request::Filed { execution, dry_run, .. } => Some(self.filed(execution, dry_run, engine, to)),
            Request::Risk {} => Some(Answer::Told { value: self.risk(engine) }),
            Request::StateGreeks { greeks, evidence, dry_run } => {
                let told = Told { greeks: &greeks, evidence: &evidence, by, is_dry_run: dry_run };
                self.state_greeks(&told, engine, admission.folder(), &answer, to)
            }
            Request::Reversion {} => Some(Answer::Told { value: wording::reversion(engine, &self.desk) }),
            Request::State { positions, rest_flat, evidence, dry_run: is_dry_run } => {
                let statement = Statement { positions: &positions, rest_flat, evidence: &evidence, by, is_dry_run };
                self.state(&statement, engine, admission.folder(), &answer, to)
            }
            Request::Wish { wish, request, dry_run: true, .. } => Some(self.preview(engine, &wish.change(), request)),
            Request::Wish { request: Some(id), dry_run: false, .. } if engine.knows(id) => Some(again(id, engine)),
            Request::Wish { wish, request, dry_run: false, .. } => self.propose(request, by, wish.change(), &answer, to),
            Request::Push { .. } | Request::Rollback { .. } => set,
            Request::Mandate { model, is_end, request, dry_run, .. } => match self.mandate_of(&model, is_end) {
                Err(why) => Some(Answer::Refused { why }),
                Ok(change) if dry_run => Some(self.preview(engine, &change, request)),
                Ok(_) if request.is_some_and(|id| engine.knows(id)) => request.map(|id| again(id, engine)),
                Ok(change) => self.propose(request, by, change, &answer, to),
            },
            // The deskside's own, which knows more than the mirror.
            Request::Status {} | Request::Overview {} => None,
            Request::Approve { request, dry_run, .. } => {
                let wanted = |id: &u64| request.is_none_or(|one| one == *id);
                let all: Vec<u64> = engine.proposals().map(|(id, ..)| id).filter(wanted).collect();
                self.approve(&all, by, dry_run, &answer, to)
            }
            Request::Commit { request, dry_run, .. } => match self.proposed_set(request, engine) {
                Ok(request) => self.approve(&[request], by, dry_run, &answer, to),
                Err(why) => Some(Answer::Refused { why }),
            },
        };
        if let Some(now) = now {
            let _ = answer.try_send(now);
        }
    }

    /// An input that is durable, and what came of it.
    pub fn hear(&mut self, input: &Input, out: &Outputs, now_ns: u64) {
        self.waiting.hear(input, out, now_ns);
    }

    /// Answers those of whose requests all is known.
    pub fn settle(&mut self, now_ns: u64, card: CardClock) {
        self.waiting.settle(now_ns, card);
    }

    pub(super) fn next_request(&mut self) -> u64 {
        self.next_request += 1;
        self.next_request
    }

    pub(super) fn propose(
        &mut self, request: Option<u64>, by: u16, change: Change, answer: &SyncSender<Answer>, to: &mut VecDeque<Body>,
    ) -> Option<Answer> {
        let request = request.unwrap_or_else(|| self.next_request());
        let refused = self.waiting.push(&[request], answer, Box::new(all_or_why));
        if refused.is_none() {
            to.push_back(Body::Propose { request, by, change });
        }
        refused
    }

    fn approve(
        &mut self, wanted: &[u64], by: u16, dry_run: bool, answer: &SyncSender<Answer>, to: &mut VecDeque<Body>,
    ) -> Option<Answer> {
        if wanted.is_empty() {
            return Some(Answer::Refused { why: "no such proposal waits; `riposte params show` lists them".to_owned() });
        }
        if dry_run {
            return Some(Answer::Told { value: json!({ "would_approve": wanted }) });
        }
        let refused = self.waiting.push(wanted, answer, Box::new(all_or_why));
        if refused.is_none() {
            to.extend(wanted.iter().map(|request| Body::Approve { request: *request, by }));
        }
        refused
    }

    /// The proposed parameter set that is meant; why none is.
    fn proposed_set(&self, wanted: Option<u64>, engine: &Engine) -> Result<u64, String> {
        let is_set = |change: &Change| matches!(change, Change::Commit { .. });
        if let Some(request) = wanted {
            return match engine.proposals().find(|(id, ..)| *id == request) {
                Some((_, _, change)) if is_set(&change) => Ok(request),
                Some((_, _, change)) => {
                    Err(format!("proposal {request} is no parameter set but {}: `riposte approve {request}`", wording::change(&change, &self.desk)))
                }
                None => Err(format!("no proposal {request} waits; `riposte params show` lists them")),
            };
        }
        let sets: Vec<u64> = engine.proposals().filter(|(_, _, change)| is_set(change)).map(|(id, ..)| id).collect();
        match sets[..] {
            [only] => Ok(only),
            [] => Err("no parameter set waits: `riposte params push desk.toml` proposes one".to_owned()),
            _ => Err(format!("{} parameter sets wait, so name one: {}", sets.len(), sets.iter().map(u64::to_string).collect::<Vec<_>>().join(", "))),
        }
    }

    pub(super) fn instruments_of_desk(&self) -> &[Instrument] {
        &self.desk.instruments
    }

    /// What a model is granted is signed with the desk; an end needs nobody's signature.
    fn mandate_of(&self, model: &str, is_end: bool) -> Result<Change, String> {
        let found = self.desk.model(model).ok_or_else(|| format!("the desk has no model `{model}`: {}", self.models()));
        match found? {
            (model, _) if is_end => Ok(Change::EndMandate { model }),
            (number, model) if self.is_signed => Ok(mandate(number, model)),
            _ => Err("nobody whom this desk trusts has signed it as it is: sign it and start the host anew".to_owned()),
        }
    }

    fn models(&self) -> String {
        let names: Vec<&str> = self.desk.models.iter().map(|one| one.name.as_str()).collect();
        if names.is_empty() { "it has none".to_owned() } else { format!("known are {}", names.join(", ")) }
    }

    /// Those of the desk, all of which are traded.
    pub fn instruments(&self) -> Range<u8> {
        0..self.symbols.len().min(INSTRUMENTS) as u8
    }

    /// The instrument with this symbol.
    pub(super) fn named(&self, symbol: &str) -> Result<u8, String> {
        let found = self.instruments().find(|at| self.symbols[usize::from(*at)] == symbol);
        found.ok_or_else(|| format!("`{symbol}` is none of the desk's instruments: {}", self.symbols.join(", ")))
    }

    pub(super) fn symbols(&self) -> &[String] {
        &self.symbols
    }

    pub(super) fn desk(&self) -> &Desk {
        &self.desk
    }

    pub(super) fn has_sessions(&self) -> bool {
        self.desk.sessions.is_some()
    }

    pub(super) fn symbol(&self, instrument: u8) -> Value {
        self.symbols.get(usize::from(instrument)).map_or(Value::from(instrument), |symbol| Value::from(symbol.as_str()))
    }

    pub(super) fn name(&self, by: u16) -> String {
        let known = usize::from(by).checked_sub(1).and_then(|at| self.names.get(at));
        known.cloned().unwrap_or_else(|| if by >= super::REHEARSAL { "the host".to_owned() } else { format!("person {by}") })
    }

    fn mandates(&self, engine: &Engine) -> Value {
        let one = |(model, mandate): (u8, &riposte_engine::Mandate)| {
            let rules = engine.rules(mandate.instrument);
            let threshold = |rule: u8| rules.and_then(|rules| rules.thresholds.get(usize::from(rule)));
            json!({
                "model": wording::model_name(model, &self.desk),
                "instrument": self.symbol(mandate.instrument), "low_e4": mandate.lowest, "high_e4": mandate.highest,
                "step_e4": mandate.step, "interval_ms": mandate.interval_ns / 1_000_000, "until_ns": mandate.until_ns,
                "lower_e4": threshold(mandate.rules[0]), "upper_e4": threshold(mandate.rules[1]),
            })
        };
        engine.mandates().map(one).collect()
    }

    pub fn status(&self, engine: &Engine, journal: &str) -> Value {
        json!({
            "armed": engine.is_permitted(), "killed": engine.is_killed(), "card_approved": engine.is_approved(),
            "generation": engine.generation(), "fenced": fenced(engine.fenced()), "reduce_only": engine.reduce_only(),
            "arming": arming_text(engine),
            "session": engine.standing(0).map(|standing| format!("{standing:?}").to_lowercase()),
            "open_orders": engine.open_orders().count(), "executions": engine.executions().count(),
            "result_e4": engine.book_result().to_string(), "proposals": engine.proposals().count(),
            "invalid_books": self.invalid_books(engine), "restorations": super::overview::restorations(engine),
            "journal": journal, "digest": riposte_journal::hex(&engine.digest()),
        })
    }

    /// Books that the card does not hold for right, why and since when; none of those of which it has said nothing.
    fn invalid_books(&self, engine: &Engine) -> Value {
        let books = self.instruments().map(|at| (at, engine.card_book(at)));
        let wrong = books.filter_map(|(at, book)| {
            Some(json!({ "instrument": self.symbol(at), "why": book.why?.text(), "since_ns": book.since_ns }))
        });
        wrong.collect()
    }

    /// A page of orders, and where the next one begins: they stand in the order in which we heard of them, and stay there.
    fn orders(&self, engine: &Engine, all: bool, from: u64) -> Value {
        let one = |order: &Order| {
            json!({
                "session": order.session, "user_ref": order.user_ref, "instrument": self.symbol(order.instrument),
                "side": format!("{:?}", order.side).to_lowercase(), "state": format!("{:?}", order.state).to_lowercase(),
                "origin": format!("{:?}", order.origin).to_lowercase(), "quantity": order.quantity, "filled": order.filled,
                "price_e4": order.price,
            })
        };
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let rest = engine.orders().enumerate().skip(from).filter(|(_, order)| all || order.state.is_open());
        let mut page: Vec<(usize, &Order)> = rest.take(ORDERS_PAGE + 1).collect();
        let next = page.get(ORDERS_PAGE).map(|(at, _)| *at);
        page.truncate(ORDERS_PAGE);
        json!({ "orders": page.into_iter().map(|(_, order)| one(order)).collect::<Vec<_>>(), "next": next })
    }

    fn positions(&self, engine: &Engine) -> Value {
        let rows = self.instruments().filter_map(|at| engine.position(at).map(|position| (at, position)));
        rows.map(|(at, position)| {
            json!({
                "instrument": self.symbol(at), "quantity": position.quantity, "confirmed": engine.is_confirmed(at),
                "may_buy": engine.room(at)[0], "may_sell": engine.room(at)[1],
                "provisional": engine.provisional(at), "realised_e4": position.realised().to_string(),
                "result_e4": engine.result(at).to_string(),
            })
        })
        .collect()
    }

    fn claims(&self, engine: &Engine) -> Value {
        engine.claims().map(|(session, execution, until_ns)| json!({ "session": session, "execution": execution, "until_ns": until_ns })).collect()
    }

    /// The engine takes the word for it; that it was said, by whom and why, the journal has.
    fn filed(&self, execution: u64, is_dry_run: bool, engine: &Engine, to: &mut VecDeque<Body>) -> Answer {
        let Some((session, ..)) = engine.claims().find(|(_, one, _)| *one == execution) else {
            return Answer::Refused { why: format!("no claim is due for execution {execution}: `riposte claims` lists those that are") };
        };
        if !is_dry_run {
            to.push_back(Body::Claimed { session, execution });
        }
        Answer::Told { value: json!({ "session": session, "execution": execution, "claim": if is_dry_run { "due" } else { "filed" } }) }
    }

    fn params(&self, engine: &Engine) -> Value {
        let waiting = engine.proposals().map(|(request, by, change)| {
            json!({ "request": request, "by": self.name(by), "change": wording::change(&change, &self.desk) })
        });
        json!({
            "generation": engine.generation(), "content": engine.content().map(|content| riposte_journal::hex(&content)),
            "approved_generation": engine.newest_approved(), "approved": engine.base().map(|content| riposte_journal::hex(&content)),
            "limits": self.limits(engine),
            "proposals": waiting.collect::<Vec<_>>(), "mandates": self.mandates(engine),
            "latched_rules": engine.latched_rules().map(|(instrument, rule)| {
                json!({ "rule": format!("{instrument}.{rule}"), "name": self.desk.rule(instrument, rule).map(|one| &one.name) })
            }).collect::<Vec<_>>(),
        })
    }

    /// Every limit of every index that the desk uses; 0 is unset.
    fn limits(&self, engine: &Engine) -> Value {
        let is_of_one = |name: LimitName| name.limit().scope() == Scope::Instrument;
        let indices = |name: LimitName| if is_of_one(name) { self.instruments() } else { 0..1 };
        let rows = LimitName::ALL.into_iter().flat_map(|name| indices(name).map(move |index| (name, index)));
        rows.map(|(name, index)| {
            let mut row = json!({ "limit": name.text(), "index": index, "value": engine.limit(name.limit(), index) });
            if is_of_one(name) {
                row["instrument"] = self.symbol(index);
            }
            row
        })
        .collect()
    }

    pub(super) fn preview(&self, engine: &Engine, change: &Change, request: Option<u64>) -> Answer {
        match engine.preview(change) {
            Ok(second) => {
                Answer::Told { value: json!({ "would": wording::change(change, &self.desk), "needs_second_person": second, "request": request }) }
            }
            Err(why) => Answer::Refused { why: why_text(why).to_owned() },
        }
    }
}

/// Masks have a bit per instrument.
fn fenced(fence: Fence) -> Value {
    let rules = fence.rules().map(|(instrument, rule)| format!("{instrument}.{rule}"));
    json!({ "instruments": fence.instruments, "buys": fence.buys, "sells": fence.sells, "rules": rules.collect::<Vec<_>>() })
}

/// What forbids arming first, or that nothing does.
pub(super) fn arming_text(engine: &Engine) -> &'static str {
    engine.arming().map_or_else(why_text, |()| "possible")
}

/// The engine does nothing for a number that it knows, so no record will tell of it.
pub(super) fn again(request: u64, engine: &Engine) -> Answer {
    if engine.proposals().any(|(id, ..)| id == request) {
        return Answer::Proposed { request };
    }
    Answer::Told { value: json!({ "request": request, "again": "this number was asked before: nothing was done" }) }
}

pub(super) fn why_text(why: Refusal) -> &'static str {
    match why {
        Refusal::Deployment => "no card, or not the approved gateware, tables and configuration",
        Refusal::Killed => "killed: two people clear it with `riposte clear-kill`",
        Refusal::Latched => "a guard has tripped: find out why, then two people release it with `riposte clear-kill`",
        Refusal::Fenced => "a reversion is under way",
        Refusal::Session => "the order session is not up, or orders of a lost one have no proven end",
        Refusal::Timer => "the venue's dead-man timer is not set",
        Refusal::Unconfirmed => "a position is not confirmed by the venue: state what it has with `riposte positions state`",
        Refusal::UnknownOrders => "orders whose outcome nobody here knows",
        Refusal::Unset => "a limit is unset: `riposte limit set`",
        Refusal::LimitReached => "a limit would be exceeded",
        Refusal::NoGeneration => "no parameter set is in force: approve the proposed one",
        Refusal::NotArmed => "the card is not armed",
        Refusal::BadField => "an instrument, session, price, quantity or index that cannot be",
        Refusal::SamePerson => "the same person twice: somebody else has to approve",
        Refusal::NotProposed => "no such proposal",
        Refusal::Expired => "the proposal has expired: propose it again",
        Refusal::BadSet => "the parameter set is not whole, or not the one that was proposed",
        Refusal::OldGeneration => "the generation's number is not above the one in force",
        Refusal::NoTarget => "no such generation is remembered",
        Refusal::NoRoom => "no room for more requests today",
        Refusal::NoMandate => "the model has no mandate, or one for other rules than those in force",
        Refusal::Corridor => "a threshold outside the corridor of the mandate",
        Refusal::TooFar => "a threshold further away than a step of the mandate",
        Refusal::TooSoon => "sooner than the mandate's interval",
        Refusal::Busy => "another parameter set is on its way, or waits for its second person",
        Refusal::NoStatement => "the venue has stated no position",
        Refusal::NotFenced => "neither a person nor a reversion holds any of it back",
        Refusal::Moved => "a report has come, or the position or its newest statement is another, since this was stated: state it again",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use riposte_engine::{Input, Outputs, Report, Side};

    /// An execution far from its mark, which makes a claim due.
    fn with_claim(desk: &Desk) -> Engine {
        let mut engine = Engine::new(crate::run::engine_config::of(desk, Default::default())).expect("a sound configuration");
        let report = Report::Executed { user_ref: 1, instrument: 0, side: Side::Buy, quantity: 10, price: 1_000_000, execution: 77 };
        for body in [
            Body::SessionUp { session: 0 }, Body::CaughtUp { session: 0, next_sequence: 1, next_user_ref: 1 },
            Body::Mark { instrument: 0, price: 1_864_000 }, Body::Venue { session: 0, sequence: 1, report },
        ] {
            engine.apply(&Input { time_ns: 1, body }, &mut Outputs::default());
        }
        engine
    }

    #[test]
    fn a_claim_that_is_due_is_told_and_filed_once() {
        let desk = riposte_desk::check(include_str!("../../../../demo/live.toml")).desk.expect("a desk");
        let (mut engine, calls, mut to) = (with_claim(&desk), Calls::new(&desk, true, 1), VecDeque::new());
        let claims = calls.claims(&engine);
        assert_eq!((&claims[0]["execution"], claims.as_array().map(Vec::len)), (&77.into(), Some(1)));
        let Answer::Told { .. } = calls.filed(77, true, &engine, &mut to) else { panic!("it is due") };
        assert!(to.is_empty(), "a dry run changes nothing");
        let Answer::Told { .. } = calls.filed(77, false, &engine, &mut to) else { panic!("it is due") };
        let body = to.pop_front().expect("an input");
        engine.apply(&Input { time_ns: 2, body }, &mut Outputs::default());
        let Answer::Refused { why } = calls.filed(77, false, &engine, &mut to) else { panic!("it was filed") };
        assert!(why.contains("no claim is due for execution 77") && to.is_empty(), "{why}");
    }
}
