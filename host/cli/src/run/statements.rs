//! The venue's positions as people state them: each instrument a request, what they have it from kept by its content.
use super::calls::{Calls, why_text};
use super::sets::Evidence;
use riposte_control::{Answer, Stated};
use riposte_engine::{Body, Change, Engine, Stream};
use riposte_journal::hex;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::mpsc::SyncSender;

/// The session whose reports a statement is compared with: the desk's only one.
const SESSION: u8 = 0;

/// What somebody states.
pub struct Statement<'a> {
    pub positions: &'a [Stated],
    pub rest_flat: bool,
    pub evidence: &'a str,
    pub by: u16,
    pub is_dry_run: bool,
}

impl Calls {
    pub fn state(
        &mut self, statement: &Statement, engine: &Engine, folder: &Path, answer: &SyncSender<Answer>, to: &mut VecDeque<Body>,
    ) -> Option<Answer> {
        let changes = match self.stated(statement, engine) {
            Ok(changes) => changes,
            Err(why) => return Some(Answer::Refused { why }),
        };
        let evidence = self.evidence(statement);
        let with_evidence = |change: Change| match change {
            Change::StatePosition { session, instrument, quantity, ours, price, as_of, .. } => {
                Change::StatePosition { session, instrument, quantity, ours, price, as_of, evidence: evidence.digest }
            }
            other => other,
        };
        let changes: Vec<Change> = changes.into_iter().map(with_evidence).collect();
        let rows: Vec<Value> = changes.iter().map(|change| self.row(change)).collect();
        if statement.is_dry_run {
            let previews = changes.iter().map(|change| match engine.preview(change) {
                Ok(second) => json!({ "needs_second_person": second }),
                Err(why) => json!({ "refused": why_text(why) }),
            });
            return Some(Answer::Told { value: merged(rows, previews) });
        }
        if let Err(why) = evidence.keep(folder) {
            return Some(Answer::Refused { why });
        }
        let requests: Vec<u64> = changes.iter().map(|_| self.next_request()).collect();
        let compose = Box::new(move |answers: Vec<Answer>| told(rows, &answers));
        let refused = self.waiting.push(&requests, answer, compose);
        if refused.is_none() {
            let by = statement.by;
            to.extend(requests.iter().zip(changes).map(|(&request, change)| Body::Propose { request, by, change }));
        }
        refused
    }

    /// Each position as a change, in the order of the desk; or why one cannot be.
    fn stated(&self, statement: &Statement, engine: &Engine) -> Result<Vec<Change>, String> {
        if !self.has_sessions() {
            return Err("this desk has no [sessions]: there is no venue whose word would count".to_owned());
        }
        rests_on(statement.evidence)?;
        for (at, one) in statement.positions.iter().enumerate() {
            let name = &one.instrument;
            self.named(name)?;
            if statement.positions[..at].iter().any(|before| before.instrument == *name) {
                return Err(format!("`{name}` is stated twice"));
            }
        }
        let next = engine.next_sequence(SESSION, Stream::Session).unwrap_or(1);
        let mut changes = Vec::new();
        for (instrument, symbol) in self.instruments().zip(self.symbols()) {
            let named = statement.positions.iter().find(|one| one.instrument == *symbol);
            let (quantity, price_e4) = match named {
                Some(one) => (one.quantity, one.price_e4),
                None if statement.rest_flat => (0, None),
                None => continue,
            };
            let ours = engine.position(instrument).map_or(0, |position| position.quantity);
            if quantity != ours && price_e4.is_none() {
                return Err(format!(
                    "{symbol}: the ledger has {ours} and the statement {quantity}; a difference is booked at a price, so give the \
                     average or settlement price"
                ));
            }
            let (price, as_of) = (i64::from(price_e4.unwrap_or(0)), next.saturating_sub(1));
            changes.push(Change::StatePosition { session: SESSION, instrument, quantity, ours, price, as_of, evidence: [0; 32] });
        }
        if changes.is_empty() { Err("no position is stated".to_owned()) } else { Ok(changes) }
    }

    /// Who, from what, and what.
    fn evidence(&self, statement: &Statement) -> Evidence {
        Evidence::of(&json!({
            "by": self.name(statement.by), "evidence": statement.evidence, "positions": statement.positions,
            "rest_flat": statement.rest_flat,
        }))
    }

    fn row(&self, change: &Change) -> Value {
        let Change::StatePosition { instrument, quantity, ours, as_of, evidence, .. } = change else { return Value::Null };
        json!({
            "instrument": self.symbol(*instrument), "ledger": ours, "stated": quantity, "as_of_report": as_of,
            "evidence": hex(evidence),
        })
    }
}

/// Whether somebody has said what a statement rests on.
pub fn rests_on(evidence: &str) -> Result<(), String> {
    if evidence.trim().is_empty() { Err("without evidence nothing is stated: say what you have it from".to_owned()) } else { Ok(()) }
}

/// Each row with what became of it; refused as a whole if one was.
fn told(rows: Vec<Value>, answers: &[Answer]) -> Answer {
    let refused = rows.iter().zip(answers).filter_map(|(row, one)| match one {
        Answer::Refused { why } => Some(format!("{}: {why}", row["instrument"].as_str().unwrap_or_default())),
        _ => None,
    });
    let refused: Vec<String> = refused.collect();
    if !refused.is_empty() {
        return Answer::Refused { why: format!("{} of {} were refused: {}", refused.len(), rows.len(), refused.join("; ")) };
    }
    let outcomes = answers.iter().map(|one| match one {
        Answer::Proposed { request } => json!({ "proposed": request }),
        _ => json!({ "confirmed": true }),
    });
    Answer::Told { value: merged(rows, outcomes) }
}

fn merged(rows: Vec<Value>, more: impl Iterator<Item = Value>) -> Value {
    let merge = |(mut row, more): (Value, Value)| {
        if let (Value::Object(row), Value::Object(more)) = (&mut row, more) {
            row.extend(more);
        }
        row
    };
    rows.into_iter().zip(more).map(merge).collect()
}
