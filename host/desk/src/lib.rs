//! The desk: what a person writes in TOML (feed, order session, instruments, limits, rules), checked line by
//! line and turned into the commands that fill a card's shadow bank.
//!
//! In: the text of a configuration. Out: a [`Desk`] with a [`Problem`] for everything that is wrong or will
//! be blocked, each with its line and column; from the desk, the full parameter set of one generation.
//! Holds: a price is the venue's integer (1e-4 dollars) from the first character on; no float is involved.
//! Not here: files, locate codes of the day ([`Desk::resolve`] takes them), the card.
#![forbid(unsafe_code)]

mod check;
mod commands;
mod field;
mod gate;
mod host;
mod image;
mod limits;
mod models;
mod moved;
mod outlets;
mod people;
mod price;
mod problem;
mod risk;
mod signer;

use riposte_map::limits::HOST_RULE;
use std::net::{Ipv4Addr, SocketAddrV4};

pub use check::{Check, check};
pub use commands::{arm, disarm, heartbeat, kill, trace, validate};
pub use gate::Gate;
pub use host::{Host, Limits, Restoring, Sessions, Times, money_e4, signed_e4};
pub use image::Template;
pub use limits::{ANY_REACH_E4, InstrumentLimits, PositionLimit, RuleLimits, Sides};
pub use models::{Hedge, HedgeLeg, Mandate, Model};
pub use moved::{Unmovable, move_threshold};
pub use outlets::LogForm;
pub use people::{Person, Remote, Role};
pub use price::{PriceError, decimal_text, price_e4, price_text};
pub use problem::{Problem, Severity};
pub use risk::{Margin, Risk, Scenario};
pub use signer::Signer;

/// A whole, checked configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desk {
    pub feed: Feed,
    pub session: Session,
    pub gate: Gate,
    /// At most `INSTRUMENTS`; the position is the card's index.
    pub instruments: Vec<Instrument>,
    pub host: Host,
    pub limits: Limits,
    /// The position is what the engine and its journal know a person by, counted from 1: new ones go to the end.
    pub people: Vec<Person>,
    /// None: nobody comes in from another machine.
    pub remote: Option<Remote>,
    /// None: there is no venue, and no order of the host.
    pub sessions: Option<Sessions>,
    /// The position is what the engine knows a model by: new ones go to the end.
    pub models: Vec<Model>,
    pub hedge: Option<Hedge>,
    pub risk: Risk,
}

/// The multicast feed that the card listens to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feed {
    /// Of line A.
    pub group: Ipv4Addr,
    pub port: u16,
    /// None: the card's port for line B is ignored.
    pub line_b: Option<LineB>,
    /// How long a packet may wait for one that comes before it; 0: a gap is one at once.
    pub reorder_cycles: u32,
    /// Without a packet for so long it is silent, and no book is right; 0: it never is.
    pub silence_cycles: u32,
}

/// Where the second line of the feed goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineB {
    pub group: Ipv4Addr,
    pub port: u16,
}

impl Feed {
    /// Whether frames to this destination are line B's.
    pub fn is_line_b(&self, group: Ipv4Addr, port: u16) -> bool {
        self.line_b == Some(LineB { group, port })
    }
}

/// The TCP session that orders leave in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub source_mac: [u8; 6],
    pub destination_mac: [u8; 6],
    pub source: SocketAddrV4,
    pub destination: SocketAddrV4,
    /// Next TCP sequence number to send.
    pub tcp_sequence: u32,
    pub acknowledgement: u32,
    /// Receive window announced in every segment, bytes.
    pub window: u16,
    /// UserRefNum of the first order, at least 1.
    pub first_user_ref: u32,
    /// Sent as the OUCH option Firm when present.
    pub firm: Option<[u8; 4]>,
}

/// One tradable thing with its limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instrument {
    /// 1 to 8 characters, as on the feed without its padding.
    pub symbol: String,
    /// Stock locate of the day; `None` until resolved, and then never matched by the card.
    pub locate: Option<u16>,
    /// The gate lets orders pass.
    pub enabled: bool,
    /// `None` blocks every order.
    pub collar: Option<Collar>,
    pub limits: InstrumentLimits,
    /// Window of its metrics over time; 0: it has none.
    pub window_cycles: u32,
    /// At most `RULES`, one less if the host has its place there; the position is the card's rule index.
    pub rules: Vec<Rule>,
    /// What orders of the host through the card are made of, in the place of `HOST_RULE`: quantity, price and side are theirs.
    pub host: Option<Rule>,
}

impl Instrument {
    /// What stands in a place of the card's rules.
    pub fn rule(&self, place: usize) -> Option<&Rule> {
        self.host.as_ref().filter(|_| place == HOST_RULE).or(self.rules.get(place))
    }
}

/// Lowest and highest order price, both allowed, in 1e-4 dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collar {
    pub low_e4: u32,
    pub high_e4: u32,
}

/// A metric, compared with a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    pub condition: riposte_map::shm::Condition,
    /// What the metric is compared with: 1e-4 dollars, shares, or messages.
    pub threshold: u32,
}

/// When all its terms hold, an order, or another action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub name: String,
    /// From one to `TERMS`; a model moves the first one's threshold.
    pub terms: Vec<Term>,
    pub action: Action,
    pub limits: RuleLimits,
}

/// What a rule does when it fires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Order(Order),
    /// Has the venue cancel every order of the session's firm in the instrument.
    Cancel,
    /// Tells of it.
    Notify,
    /// Tells of it, and fences the instrument.
    Halt,
}

impl Rule {
    /// What it sends, if that is an order.
    pub fn order(&self) -> Option<&Order> {
        if let Action::Order(order) = &self.action { Some(order) } else { None }
    }
}

/// Time in force of an order that never rests: what of it does not trade at once is cancelled.
pub const IMMEDIATE: u8 = b'3';

/// An order as it leaves: the fields of OUCH 5.0 Enter Order (section 5.4 of the protocol notes) that a rule
/// decides. One-letter codes are the exchange's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// `B` buy, `S` sell, `T` sell short, `E` sell short exempt.
    pub side: u8,
    /// 1 to 999,999 shares.
    pub quantity: u32,
    pub price_e4: u32,
    /// `0` day, `3` ([`IMMEDIATE`]) immediate or cancel, `5` extended trading, `E` after hours.
    pub time_in_force: u8,
    /// `Y` visible, `N` hidden, `A` attributable.
    pub display: u8,
    /// `A` agency, `P` principal, `R` riskless, `O` other.
    pub capacity: u8,
    pub intermarket_sweep: bool,
    /// At most 14 characters.
    pub client_order_id: String,
}

impl Desk {
    /// Fills in missing locate codes and returns the symbols that `locate_of` does not know.
    pub fn resolve(&mut self, locate_of: impl Fn(&str) -> Option<u16>) -> Vec<String> {
        let mut unknown = Vec::new();
        for instrument in self.instruments.iter_mut().filter(|i| i.locate.is_none()) {
            instrument.locate = locate_of(&instrument.symbol);
            if instrument.locate.is_none() {
                unknown.push(instrument.symbol.clone());
            }
        }
        unknown
    }

    /// The rule that an event names, if the desk has it.
    pub fn rule(&self, instrument: u8, rule: u8) -> Option<&Rule> {
        self.instruments.get(usize::from(instrument))?.rule(usize::from(rule))
    }
}
