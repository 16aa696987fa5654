//! The venue's positions as people state them: each instrument a request, what they have it from kept by its content.
use super::calls::{Calls, why_text};
use super::sets::keep_bytes;
use riposte_control::{Answer, Stated};
use riposte_engine::{Body, Change, Engine, Stream};
use riposte_journal::hex;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
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
        let (document, digest) = self.evidence(statement);
        let with_evidence = |change: Change| match change {
            Change::StatePosition { session, instrument, quantity, ours, price, as_of, .. } => {
                Change::StatePosition { session, instrument, quantity, ours, price, as_of, evidence: digest }
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
        let path = folder.join(format!("evidence-{}.json", hex(&digest)));
        if let Err(error) = keep_bytes(&path, document.as_bytes()) {
            return Some(Answer::Refused { why: format!("the evidence cannot be kept: {error:#}") });
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
        if statement.evidence.trim().is_empty() {
            return Err("without evidence nothing is stated: say what you have it from".to_owned());
        }
        let symbols = self.symbols();
        for (at, one) in statement.positions.iter().enumerate() {
            let name = &one.instrument;
            if !symbols.contains(name) {
                return Err(format!("`{name}` is none of the desk's instruments: {}", symbols.join(", ")));
            }
            if statement.positions[..at].iter().any(|before| before.instrument == *name) {
                return Err(format!("`{name}` is stated twice"));
            }
        }
        let next = engine.next_sequence(SESSION, Stream::Session).unwrap_or(1);
        let mut changes = Vec::new();
        for (instrument, symbol) in self.instruments().zip(symbols) {
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

    /// Who, from what, and what: the document that the journal knows by its SHA-256.
    fn evidence(&self, statement: &Statement) -> (String, [u8; 32]) {
        let document = json!({
            "by": self.name(statement.by), "evidence": statement.evidence, "positions": statement.positions,
            "rest_flat": statement.rest_flat,
        });
        let text = format!("{document:#}\n");
        let digest = Sha256::digest(&text).into();
        (text, digest)
    }

    fn row(&self, change: &Change) -> Value {
        let Change::StatePosition { instrument, quantity, ours, as_of, evidence, .. } = change else { return Value::Null };
        json!({
            "instrument": self.symbol(*instrument), "ledger": ours, "stated": quantity, "as_of_report": as_of,
            "evidence": hex(evidence),
        })
    }
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
