//! What an engine is built with: who trades where, how long is too long, how much it can hold.
//!
//! Limits that people change while it runs are not here but in the engine's state; they begin unset, which blocks.
use crate::input::Deployment;
use crate::message::{Field, decode, fields};
use crate::risk::Terms;
use riposte_map::limits::INSTRUMENTS;
use riposte_map::shm::NONE;
use thiserror::Error;

pub const VENUES: usize = 4;
/// Order sessions: the card's, which gives its orders their numbers. The host has none of its own.
pub const SESSIONS: usize = 1;
/// Largest absolute price that the engine computes with: 2^47 venue integers. With quantities of 32 bits, multipliers
/// of 16 and 2^24 trades no sum leaves 128 bits.
pub const PRICE_MAX: i64 = 1 << 47;
/// Largest absolute position that a venue may state.
pub const POSITION_MAX: i64 = 1 << 47;
/// Largest table.
pub const ENTRIES_MAX: usize = (1 << 24) - 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instrument {
    /// Index of its venue; `NONE` is an instrument that is not traded.
    pub venue: u8,
    /// Book value of one price unit of one piece.
    pub multiplier: u16,
    /// C39: an execution this many hundredths of a percent away from the mark, or more, is erroneous.
    pub erroneous_bp: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Index of its venue; `NONE` is a session that is not used.
    pub venue: u8,
    /// C26: the venue cancels the session's orders when it is lost.
    pub cancel_on_disconnect: bool,
    /// C27: renewed this often, nanoseconds; 0 if the venue has no such timer.
    pub timer_renew_ns: u64,
    /// C34: the venue tells each execution again on a drop copy.
    pub drop_copy: bool,
}

/// How long is too long, nanoseconds; none may be 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// C17: in which what trades is counted together.
    pub protection_ns: u64,
    /// From sending to the venue's answer; then the order is unknown.
    pub answer_ns: u64,
    /// Without a word on a session; then it is lost.
    pub silence_ns: u64,
    /// C20: a mark is the best price of a window of this length, so that no single print decides.
    pub mark_window_ns: u64,
    /// Without a mark, where there is a position or an order.
    pub mark_age_ns: u64,
    /// C34: between the two words on one execution.
    pub drop_copy_ns: u64,
    /// C38: in which the venue may break a trade.
    pub bust_window_ns: u64,
    /// C39: in which a claim must be filed.
    pub claim_ns: u64,
    /// C32: for which a proposal waits for its second person.
    pub approval_ns: u64,
    /// For which a reversion stays in one state before a person must decide.
    pub reversion_ns: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub instruments: [Instrument; INSTRUMENTS],
    pub sessions: [Session; SESSIONS],
    pub times: Times,
    pub risk: Terms,
    /// C36: what may run together.
    pub approved: Deployment,
    /// Orders, executions and requests of one day; more are not remembered, so trading stops before.
    pub orders: usize,
    pub executions: usize,
    pub requests: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    #[error("instrument {0}: venue must be below {VENUES} or {NONE}, multiplier and erroneous_bp at least 1")]
    Instrument(usize),
    #[error("session {0}: venue must be below {VENUES} or {NONE}")]
    Session(usize),
    #[error("times.{0} is 0: give nanoseconds")]
    Time(&'static str),
    #[error("risk: a margin, a distance, an age or a move is 0 or out of range, or there is no scenario")]
    Risk,
    #[error("{0} must be between 16 and {ENTRIES_MAX}")]
    Entries(&'static str),
    #[error("{0} must not be less than what the day already has, {1}")]
    Fewer(&'static str, usize),
}

fields! {
    Instrument { venue, multiplier, erroneous_bp }
    Session { venue, cancel_on_disconnect, timer_renew_ns, drop_copy }
    Times {
        protection_ns, answer_ns, silence_ns, mark_window_ns, mark_age_ns, drop_copy_ns, bust_window_ns, claim_ns, approval_ns, reversion_ns,
    }
    Config { instruments, sessions, times, risk, approved, orders, executions, requests }
}

impl Config {
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.put(&mut bytes);
        bytes
    }

    /// `None` if the bytes are not exactly one sound configuration.
    pub fn decode(bytes: &[u8]) -> Option<Config> {
        decode::<Config>(bytes).filter(|one| one.check().is_ok())
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let is_venue = |venue: u8| usize::from(venue) < VENUES || venue == NONE;
        for (at, one) in self.instruments.iter().enumerate() {
            if !is_venue(one.venue) || (one.venue != NONE && (one.multiplier == 0 || one.erroneous_bp == 0)) {
                return Err(ConfigError::Instrument(at));
            }
        }
        if let Some(at) = self.sessions.iter().position(|one| !is_venue(one.venue)) {
            return Err(ConfigError::Session(at));
        }
        let times = &self.times;
        for (name, time) in [
            ("protection_ns", times.protection_ns), ("answer_ns", times.answer_ns), ("silence_ns", times.silence_ns), ("mark_window_ns", times.mark_window_ns),
            ("mark_age_ns", times.mark_age_ns), ("drop_copy_ns", times.drop_copy_ns),
            ("bust_window_ns", times.bust_window_ns), ("claim_ns", times.claim_ns),
            ("approval_ns", times.approval_ns), ("reversion_ns", times.reversion_ns),
        ] {
            if time == 0 {
                return Err(ConfigError::Time(name));
            }
        }
        if !self.risk.is_sound() {
            return Err(ConfigError::Risk);
        }
        for (name, entries) in [("orders", self.orders), ("executions", self.executions), ("requests", self.requests)] {
            if !(16..=ENTRIES_MAX).contains(&entries) {
                return Err(ConfigError::Entries(name));
            }
        }
        Ok(())
    }
}
