//! What people say to a host that runs, and who may say it: one JSON line a request, one an answer.
//!
//! In: bytes of a connection, in any cut. Out: [`Request`]s; the [`Role`] that each needs; [`Answer`]s as lines.
//!
//! Holds: a line is at most [`LINE_BYTES_MAX`] long, an unknown word or field is an error and never ignored, and no bytes
//! panic. What takes risk away needs an operator, what permits more and every approval needs the role of risk; that it
//! also needs a second person the engine decides.
//! Not here: the socket, who is at its other end, what the engine makes of it.
#![forbid(unsafe_code)]

mod answer;
pub mod overview;

pub use answer::{Answer, Card};

use riposte_desk::Role;
use riposte_engine::{Change, Fence, Limit};
use riposte_signature::{Signature, Token};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Longest line, without its end: a parameter set is pushed in one.
pub const LINE_BYTES_MAX: usize = 1 << 18;
/// Longest reason for an act: a note of the journal holds it with who and from where.
pub const WHY_BYTES_MAX: usize = 256;
/// Orders of one answer: a line holds them whatever their names.
pub const ORDERS_PAGE: usize = 512;

/// What somebody wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    Status {},
    /// Everything that a dashboard shows: an [`overview::Overview`].
    Overview {},
    /// A page of them: at most `ORDERS_PAGE`, and where the next one begins.
    Orders {
        /// Also those that are over.
        all: bool,
        /// Orders of the day to leave out: 0, then what the last page says.
        #[serde(default)]
        from: u64,
    },
    Positions {},
    /// The venue's positions, as somebody has them from it.
    State {
        positions: Vec<Stated>,
        /// Instruments that are not named are flat.
        rest_flat: bool,
        /// What the person has it from: kept beside the journal, its SHA-256 in it.
        evidence: String,
        dry_run: bool,
    },
    /// What stands against the limits of sensitivities, scenarios and margin.
    Risk {},
    /// What is held elsewhere in derivatives on an instrument, as somebody has it from who computes it.
    StateGreeks {
        greeks: StatedGreeks,
        /// As in `State`.
        evidence: String,
        dry_run: bool,
    },
    /// Executions so far from the market that a claim is due at the venue.
    Claims {},
    /// A person has filed the claim of an execution at the venue.
    Filed {
        execution: u64,
        dry_run: bool,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        why: String,
    },
    /// The generation in force, those remembered, and what waits for approval.
    Params {},
    Wish {
        wish: Wish,
        /// The same number twice is one wish.
        request: Option<u64>,
        dry_run: bool,
        /// For the journal, as in all that follow; empty: not said.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        why: String,
    },
    /// Grants the mandate of a model as the desk has it, or ends it.
    Mandate {
        model: String,
        is_end: bool,
        request: Option<u64>,
        dry_run: bool,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        why: String,
    },
    /// Makes a desk configuration's parameter set a proposal; the host takes none that is not signed.
    Push {
        configuration: String,
        signature: Option<Signature>,
        token: Option<Token>,
        dry_run: bool,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        why: String,
    },
    /// A new generation with the content of an earlier one, which needs a token for exactly that one.
    Rollback {
        generation: u32,
        token: Option<Token>,
        request: Option<u64>,
        dry_run: bool,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        why: String,
    },
    /// Approves one proposal, or all that wait.
    Approve {
        request: Option<u64>,
        dry_run: bool,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        why: String,
    },
    /// Approves a proposed parameter set, the only one if none is named, and nothing else.
    Commit {
        request: Option<u64>,
        dry_run: bool,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        why: String,
    },
    /// The newest reversion.
    Reversion {},
}

/// A position of the venue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stated {
    /// As the desk names it.
    pub instrument: String,
    /// Pieces, negative if short.
    pub quantity: i64,
    /// Average or settlement price, 1e-4 dollars: a difference is booked at it.
    pub price_e4: Option<u32>,
}

/// Sensitivities of derivatives on one instrument, in 1e-4 dollars: delta is the value of underlying that moves as much, gamma
/// how much delta changes with 1 %, vega is of one point of volatility, theta of one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatedGreeks {
    /// The underlying, as the desk names it.
    pub instrument: String,
    pub delta_e4: i64,
    pub gamma_e4: i64,
    pub vega_e4: i64,
    pub theta_e4: i64,
    /// Of the underlying when they were computed.
    pub price_e4: u32,
}

/// A change that the engine can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Wish {
    Arm,
    Disarm,
    Kill,
    ClearKill,
    Limit { limit: LimitName, index: u8, value: u64 },
    RevertOrders { instruments: u16 },
    Adopt { instrument: u8 },
    Validate { instruments: u16 },
    Fence { of: FenceOf },
    Lift { of: FenceOf },
    ReduceOnly { instruments: u16, ends: bool },
    Release { instrument: u8, rule: u8 },
}

/// Of which no order is to leave: masks have a bit per instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum FenceOf {
    Instruments { mask: u16 },
    Buys { mask: u16 },
    Sells { mask: u16 },
    Rule { instrument: u8, rule: u8 },
}

impl FenceOf {
    /// Of a rule that the card has not, none.
    pub fn fence(self) -> Fence {
        match self {
            FenceOf::Instruments { mask } => Fence::of(mask),
            FenceOf::Buys { mask } => Fence { buys: mask, ..Fence::NONE },
            FenceOf::Sells { mask } => Fence { sells: mask, ..Fence::NONE },
            FenceOf::Rule { instrument, rule } => Fence::of_rule(instrument, rule).unwrap_or(Fence::NONE),
        }
    }
}

/// Limits by name; money in 1e-4 dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LimitName {
    Loss,
    InstrumentLoss,
    Drawdown,
    Exposure,
    FreeMessages,
    MessagesPerTrade,
    /// Pieces of a position that a hedge may lead to.
    Hedge,
    Delta,
    Gamma,
    Vega,
    Theta,
    ScenarioLoss,
    Collateral,
    Counterparty,
    /// Pieces that may trade within a window.
    ProtectionPieces,
    ProtectionNet,
}

impl LimitName {
    pub const ALL: [LimitName; 16] = [
        LimitName::Loss, LimitName::InstrumentLoss, LimitName::Drawdown, LimitName::Exposure, LimitName::FreeMessages,
        LimitName::MessagesPerTrade, LimitName::Hedge, LimitName::Delta, LimitName::Gamma, LimitName::Vega, LimitName::Theta,
        LimitName::ScenarioLoss, LimitName::Collateral, LimitName::Counterparty, LimitName::ProtectionPieces, LimitName::ProtectionNet,
    ];

    pub fn text(self) -> &'static str {
        [
            "loss", "instrument-loss", "drawdown", "exposure", "free-messages", "messages-per-trade", "hedge", "delta", "gamma", "vega",
            "theta", "scenario-loss", "collateral", "counterparty", "protection-pieces", "protection-net",
        ][self as usize]
    }

    /// Whether it is an amount of money.
    pub fn is_money(self) -> bool {
        !matches!(self, LimitName::FreeMessages | LimitName::MessagesPerTrade | LimitName::Hedge | LimitName::ProtectionPieces)
    }

    pub fn limit(self) -> Limit {
        match self {
            LimitName::Loss => Limit::Loss,
            LimitName::InstrumentLoss => Limit::InstrumentLoss,
            LimitName::Drawdown => Limit::Drawdown,
            LimitName::Exposure => Limit::Exposure,
            LimitName::FreeMessages => Limit::FreeMessages,
            LimitName::MessagesPerTrade => Limit::MessagesPerTrade,
            LimitName::Hedge => Limit::Hedge,
            LimitName::Delta => Limit::Delta,
            LimitName::Gamma => Limit::Gamma,
            LimitName::Vega => Limit::Vega,
            LimitName::Theta => Limit::Theta,
            LimitName::ScenarioLoss => Limit::ScenarioLoss,
            LimitName::Collateral => Limit::Collateral,
            LimitName::Counterparty => Limit::Counterparty,
            LimitName::ProtectionPieces => Limit::ProtectionPieces,
            LimitName::ProtectionNet => Limit::ProtectionNet,
        }
    }
}

impl Wish {
    fn word(self) -> &'static str {
        match self {
            Wish::Arm => "arm",
            Wish::Disarm => "disarm",
            Wish::Kill => "kill",
            Wish::ClearKill => "clear-kill",
            Wish::Limit { .. } => "limit",
            Wish::RevertOrders { .. } => "revert",
            Wish::Adopt { .. } => "adopt",
            Wish::Validate { .. } => "validate",
            Wish::Fence { .. } => "fence",
            Wish::Lift { .. } => "lift",
            Wish::ReduceOnly { ends: false, .. } => "reduce-only",
            Wish::ReduceOnly { ends: true, .. } => "end-reduce-only",
            Wish::Release { .. } => "release",
        }
    }

    pub fn change(self) -> Change {
        match self {
            Wish::Arm => Change::Arm,
            Wish::Disarm => Change::Disarm,
            Wish::Kill => Change::Kill,
            Wish::ClearKill => Change::ClearKill,
            Wish::Limit { limit, index, value } => Change::SetLimit { limit: limit.limit(), index, value },
            Wish::RevertOrders { instruments } => Change::RevertOrders { instruments },
            Wish::Adopt { instrument } => Change::Adopt { instrument },
            Wish::Validate { instruments } => Change::Validate { instruments },
            Wish::Fence { of } => Change::Fence { fence: of.fence() },
            Wish::Lift { of } => Change::Lift { fence: of.fence() },
            Wish::ReduceOnly { instruments, ends } => Change::ReduceOnly { instruments, ends },
            Wish::Release { instrument, rule } => Change::Release { instrument, rule },
        }
    }
}

impl Request {
    /// The least role that may say this.
    pub fn role(&self) -> Role {
        match self {
            Request::Status {} | Request::Overview {} | Request::Orders { .. } | Request::Positions {} | Request::Params {}
            | Request::Reversion {} | Request::Risk {} | Request::Claims {} => Role::Viewer,
            Request::Approve { .. } | Request::Commit { .. } | Request::Rollback { .. }
            | Request::Mandate { is_end: false, .. } => Role::Risk,
            Request::Push { .. } | Request::State { .. } | Request::StateGreeks { .. } | Request::Filed { .. } | Request::Mandate { is_end: true, .. } => Role::Operator,
            Request::Wish { wish, .. } => match wish {
                Wish::Arm | Wish::Disarm | Wish::Kill | Wish::Fence { .. } | Wish::RevertOrders { .. }
                | Wish::ReduceOnly { ends: false, .. } => Role::Operator,
                Wish::ClearKill | Wish::Limit { .. } | Wish::Adopt { .. } | Wish::Validate { .. } | Wish::Lift { .. }
                | Wish::Release { .. } | Wish::ReduceOnly { ends: true, .. } => Role::Risk,
            },
        }
    }
}

impl Request {
    /// The word for what is done; none if nothing is, whatever the answer.
    pub fn act(&self) -> Option<&'static str> {
        let (word, is_dry_run) = match self {
            Request::Status {} | Request::Overview {} | Request::Orders { .. } | Request::Positions {} | Request::Params {}
            | Request::Reversion {} | Request::Risk {} | Request::Claims {} => return None,
            Request::State { dry_run, .. } => ("state", dry_run),
            Request::StateGreeks { dry_run, .. } => ("state-greeks", dry_run),
            Request::Filed { dry_run, .. } => ("filed", dry_run),
            Request::Wish { wish, dry_run, .. } => (wish.word(), dry_run),
            Request::Mandate { is_end: false, dry_run, .. } => ("grant", dry_run),
            Request::Mandate { is_end: true, dry_run, .. } => ("end", dry_run),
            Request::Push { dry_run, .. } => ("push", dry_run),
            Request::Rollback { dry_run, .. } => ("rollback", dry_run),
            Request::Approve { dry_run, .. } => ("approve", dry_run),
            Request::Commit { dry_run, .. } => ("commit", dry_run),
        };
        (!is_dry_run).then_some(word)
    }

    /// The reason that was given; empty if none was.
    pub fn why(&self) -> &str {
        match self {
            Request::State { evidence, .. } | Request::StateGreeks { evidence, .. } => evidence.lines().next().unwrap_or_default(),
            Request::Wish { why, .. } | Request::Mandate { why, .. } | Request::Push { why, .. } | Request::Rollback { why, .. }
            | Request::Approve { why, .. } | Request::Commit { why, .. } | Request::Filed { why, .. } => why,
            Request::Status {} | Request::Overview {} | Request::Orders { .. } | Request::Positions {} | Request::Params {}
            | Request::Reversion {} | Request::Risk {} | Request::Claims {} => "",
        }
    }
}

/// Why a line is no request.
#[derive(Debug, Error)]
pub enum LineError {
    #[error("a line of more than {LINE_BYTES_MAX} bytes")]
    TooLong,
    #[error("no request: {0}")]
    Malformed(#[from] serde_json::Error),
}

/// Puts the bytes of a connection together to lines.
#[derive(Debug, Default)]
pub struct Lines {
    bytes: Vec<u8>,
}

impl Lines {
    /// Takes what was read; more than a line is kept for `take`.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole line as what it should be. After an error the connection is of no more use.
    pub fn take<T: for<'a> Deserialize<'a>>(&mut self) -> Result<Option<T>, LineError> {
        let Some(end) = self.bytes.iter().position(|byte| *byte == b'\n') else {
            return if self.bytes.len() > LINE_BYTES_MAX { Err(LineError::TooLong) } else { Ok(None) };
        };
        if end > LINE_BYTES_MAX {
            return Err(LineError::TooLong);
        }
        let line: Vec<u8> = self.bytes.drain(..=end).collect();
        Ok(Some(serde_json::from_slice(&line)?))
    }
}

/// A request or an answer as a line with its end.
pub fn line(one: &impl Serialize) -> Vec<u8> {
    // These types have neither maps with other keys than text nor anything else that JSON has not.
    let mut bytes = serde_json::to_vec(one).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}
