//! Answers what people ask, from the mirror, and turns what they want into inputs of the engine.
//!
//! Holds: an act is answered when its record is durable, with what the engine made of it.
use super::desk_socket::Call;
use super::opening::set_of;
use super::sets;
use riposte_control::{Answer, LimitName, Request};
use riposte_desk::Desk;
use riposte_engine::{Body, Change, Engine, Order, Output, Outputs, Record, Refusal};
use riposte_map::limits::INSTRUMENTS;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::mpsc::SyncSender;

/// Calls that wait for the engine; more are refused.
const WAITING: usize = 256;

pub struct Calls {
    symbols: Vec<String>,
    names: Vec<String>,
    desk: Desk,
    waiting: Vec<(u64, SyncSender<Answer>)>,
    next_request: u64,
    /// Where sets are kept.
    folder: PathBuf,
}

impl Calls {
    pub fn new(desk: &Desk, folder: PathBuf, first_request: u64) -> Calls {
        let symbols = desk.instruments.iter().map(|one| one.symbol.clone()).collect();
        let names = desk.people.iter().map(|one| one.name.clone()).collect();
        Calls { symbols, names, desk: desk.clone(), waiting: Vec::new(), next_request: first_request, folder }
    }

    /// Takes a call; its answer comes at once or with the engine's.
    pub fn take(&mut self, call: Call, engine: &Engine, journal: &str, to: &mut VecDeque<Body>) {
        let Call { request, by, answer } = call;
        let now = match request {
            Request::Status {} => Some(Answer::Told { value: self.status(engine, journal) }),
            Request::Orders { all } => Some(Answer::Told { value: self.orders(engine, all) }),
            Request::Positions {} => Some(Answer::Told { value: self.positions(engine) }),
            Request::Params {} => Some(Answer::Told { value: self.params(engine) }),
            Request::Wish { wish, request, dry_run: true } => Some(preview(engine, &wish.change(), request)),
            Request::Wish { request: Some(id), dry_run: false, .. } if engine.knows(id) => Some(again(id, engine)),
            Request::Wish { wish, request, dry_run: false } => self.propose(request, by, wish.change(), &answer, to),
            Request::Push { configuration, dry_run } => self.push(&configuration, by, dry_run, engine, &answer, to),
            Request::Approve { request, dry_run } => self.approve(request, by, dry_run, engine, &answer, to),
        };
        if let Some(now) = now {
            let _ = answer.try_send(now);
        }
    }

    /// Answers those whose record is among these.
    pub fn hear(&mut self, out: &Outputs) {
        for one in out.iter() {
            let Output::Record(record) = one else { continue };
            let (request, answer) = match *record {
                Record::Proposed { request, .. } => (request, Answer::Proposed { request }),
                Record::Done { request, .. } => (request, Answer::Done { request }),
                Record::Refused { request, why } => (request, Answer::Refused { why: why_text(why).to_owned() }),
                _ => continue,
            };
            // The same number may wait twice: then it was asked again before the first answer.
            while let Some(at) = self.waiting.iter().position(|(waits, _)| *waits == request) {
                let _ = self.waiting.swap_remove(at).1.try_send(answer.clone());
            }
        }
    }

    fn wait(&mut self, request: u64, answer: &SyncSender<Answer>) -> Option<Answer> {
        if self.waiting.len() >= WAITING {
            return Some(Answer::Refused { why: "too many requests wait for the engine; try again".to_owned() });
        }
        self.waiting.push((request, answer.clone()));
        None
    }

    fn propose(
        &mut self, request: Option<u64>, by: u16, change: Change, answer: &SyncSender<Answer>, to: &mut VecDeque<Body>,
    ) -> Option<Answer> {
        let request = request.unwrap_or_else(|| {
            self.next_request += 1;
            self.next_request
        });
        let refused = self.wait(request, answer);
        if refused.is_none() {
            to.push_back(Body::Propose { request, by, change });
        }
        refused
    }

    fn approve(
        &mut self, request: Option<u64>, by: u16, dry_run: bool, engine: &Engine, answer: &SyncSender<Answer>,
        to: &mut VecDeque<Body>,
    ) -> Option<Answer> {
        let wanted = |id: &u64| request.is_none_or(|one| one == *id);
        let all: Vec<u64> = engine.proposals().map(|(id, ..)| id).filter(wanted).collect();
        let Some(last) = all.last() else {
            return Some(Answer::Refused { why: "no such proposal waits; `riposte params show` lists them".to_owned() });
        };
        if dry_run {
            return Some(Answer::Told { value: json!({ "would_approve": all }) });
        }
        let refused = self.wait(*last, answer);
        if refused.is_none() {
            to.extend(all.iter().map(|request| Body::Approve { request: *request, by }));
        }
        refused
    }

    fn push(
        &mut self, text: &str, by: u16, dry_run: bool, engine: &Engine, answer: &SyncSender<Answer>, to: &mut VecDeque<Body>,
    ) -> Option<Answer> {
        let check = riposte_desk::check(text);
        let Some(mut desk) = check.desk else {
            let errors: Vec<_> = check.problems.iter().map(ToString::to_string).collect();
            return Some(Answer::Refused { why: format!("the configuration cannot be used: {}", errors.join("; ")) });
        };
        let known = &self.desk.instruments;
        desk.resolve(|symbol| known.iter().find(|one| one.symbol == symbol).and_then(|one| one.locate));
        if !desk.instruments.iter().map(|one| &one.symbol).eq(self.symbols.iter()) {
            let why = "its instruments are others, or in another order: positions are kept by their place; start the host anew";
            return Some(Answer::Refused { why: why.to_owned() });
        }
        let rows = set_of(&desk);
        let Some(content) = riposte_engine::content(&rows) else {
            return Some(Answer::Refused { why: "it makes no whole parameter set".to_owned() });
        };
        let generation = engine.newest_generation() + 1;
        if dry_run {
            return Some(Answer::Told { value: json!({ "generation": generation, "content": riposte_journal::hex(&content) }) });
        }
        if let Err(error) = sets::keep(&self.folder, &content, &rows) {
            return Some(Answer::Refused { why: format!("{error:#}") });
        }
        to.push_back(Body::BeginSet);
        to.extend(rows.iter().map(|row| Body::Row { command: *row }));
        self.propose(None, by, Change::Commit { generation, content }, answer, to)
    }

    /// Those of the desk, all of which are traded.
    pub fn instruments(&self) -> Range<u8> {
        0..self.symbols.len().min(INSTRUMENTS) as u8
    }

    fn symbol(&self, instrument: u8) -> Value {
        self.symbols.get(usize::from(instrument)).map_or(Value::from(instrument), |symbol| Value::from(symbol.as_str()))
    }

    fn name(&self, by: u16) -> String {
        let known = usize::from(by).checked_sub(1).and_then(|at| self.names.get(at));
        known.cloned().unwrap_or_else(|| if by >= super::REHEARSAL { "the host".to_owned() } else { format!("person {by}") })
    }

    fn status(&self, engine: &Engine, journal: &str) -> Value {
        json!({
            "armed": engine.is_permitted(), "killed": engine.is_killed(), "card_approved": engine.is_approved(),
            "generation": engine.generation(), "fenced": engine.fenced(),
            "arming": engine.arming().map_or_else(why_text, |()| "possible"),
            "session": engine.standing(0).map(|standing| format!("{standing:?}").to_lowercase()),
            "open_orders": engine.open_orders().count(), "executions": engine.executions().count(),
            "result_e4": engine.book_result().to_string(), "proposals": engine.proposals().count(),
            "journal": journal, "digest": riposte_journal::hex(&engine.digest()),
        })
    }

    fn orders(&self, engine: &Engine, all: bool) -> Value {
        let one = |order: &Order| {
            json!({
                "session": order.session, "user_ref": order.user_ref, "instrument": self.symbol(order.instrument),
                "side": format!("{:?}", order.side).to_lowercase(), "state": format!("{:?}", order.state).to_lowercase(),
                "origin": format!("{:?}", order.origin).to_lowercase(), "quantity": order.quantity, "filled": order.filled,
                "price_e4": order.price,
            })
        };
        if all { engine.orders().map(one).collect() } else { engine.open_orders().map(one).collect() }
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

    fn params(&self, engine: &Engine) -> Value {
        let limit = |name: LimitName| (name.text().to_owned(), engine.limit(name.limit(), 0).into());
        let waiting = engine.proposals().map(|(request, by, change)| {
            json!({ "request": request, "by": self.name(by), "change": change_text(&change) })
        });
        json!({
            "generation": engine.generation(), "content": engine.content().map(|content| riposte_journal::hex(&content)),
            "limits": LimitName::ALL.into_iter().map(limit).collect::<serde_json::Map<String, Value>>(),
            "proposals": waiting.collect::<Vec<_>>(),
            "latched_rules": engine.latched_rules().map(|(instrument, rule)| {
                json!({ "rule": format!("{instrument}.{rule}"), "name": self.desk.rule(instrument, rule).map(|one| &one.name) })
            }).collect::<Vec<_>>(),
            "reversion": engine.reversion().map(|(request, step)| json!({ "request": request, "step": format!("{step:?}") })),
        })
    }
}

/// The engine does nothing for a number that it knows, so no record will tell of it.
fn again(request: u64, engine: &Engine) -> Answer {
    if engine.proposals().any(|(id, ..)| id == request) {
        return Answer::Proposed { request };
    }
    Answer::Told { value: json!({ "request": request, "again": "this number was asked before: nothing was done" }) }
}

fn preview(engine: &Engine, change: &Change, request: Option<u64>) -> Answer {
    match engine.preview(change) {
        Ok(second) => Answer::Told { value: json!({ "would": change_text(change), "needs_second_person": second, "request": request }) },
        Err(why) => Answer::Refused { why: why_text(why).to_owned() },
    }
}

/// A change as a person reads it.
fn change_text(change: &Change) -> String {
    match change {
        Change::Commit { generation, content } => format!("commit generation {generation}, {}", riposte_journal::hex(content)),
        other => format!("{other:?}"),
    }
}

fn why_text(why: Refusal) -> &'static str {
    match why {
        Refusal::Deployment => "no card, or not the approved gateware, tables and configuration",
        Refusal::Killed => "killed: two people clear it with `riposte clear-kill`",
        Refusal::Latched => "a guard has tripped: find out why, then two people release it with `riposte clear-kill`",
        Refusal::Fenced => "a reversion is under way",
        Refusal::Session => "the order session is not up, or orders of a lost one have no proven end",
        Refusal::Timer => "the venue's dead-man timer is not set",
        Refusal::Unconfirmed => "a position is not confirmed by the venue",
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
        Refusal::NoStatement => "the venue has stated no position",
        Refusal::NotFenced => "no reversion has fenced any of these instruments",
    }
}
