//! What becomes of a request.
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Answer {
    /// What was asked for.
    Told { value: Value },
    /// It is done, and durable; `card` if it took a command.
    Done { request: u64, #[serde(default, skip_serializing_if = "Option::is_none")] card: Option<Card> },
    /// It waits for a second person.
    Proposed { request: u64 },
    /// It is done here, and durable, but the card has not said that it has carried out command `command`.
    Silent { request: u64, command: u64, why: String },
    /// Nothing has changed, and why.
    Refused { why: String },
}

/// The card's part of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "card", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Card {
    /// Its event `event` says that it has carried out command `command`, at its cycle `cycle` or before.
    CarriedOut { command: u64, event: u64, cycle: u64 },
    /// There is none.
    Absent {},
}
