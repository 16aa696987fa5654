//! The engine: orders, positions, the host's controls and reversion, as a reducer of inputs.
//!
//! In: one [`Input`] after another, through [`Engine::apply`]: the card's events, the venue's reports and those of its
//! drop copy, what people ask for, ticks. Out: [`Outputs`]: commands to the card, orders, records for the journal, alarms.
//!
//! Why: what decides about orders must be the same function of its inputs today, in a test, and in a recovery.
//!
//! Holds:
//! - The state is a function of the inputs: no clock, no input or output, no float, no randomness. Inputs that are read
//!   back from a journal give an equal [`Engine::digest`].
//! - Nothing allocates after [`Engine::new`]; every table has a limit, and trading stops before it is reached.
//! - No input panics, whatever it holds.
//! - An order that nobody knows about is `Unknown` until the venue or its drop copy speaks; no time-out decides.
//! - Nothing is assumed flat: a position is unconfirmed until the venue states it, and unconfirmed blocks.
//! - What has an effect outside stands behind its record in [`Outputs`].
//!
//! Money: prices are the venue's integers, quantities pieces; value is price x quantity x the instrument's multiplier in
//! `i128`, exactly. All instruments of a book are in one currency. Average cost; see [`Position`].
//!
//! Not here: the journal, sockets and their protocols, who a person is, models.
#![forbid(unsafe_code)]

mod books;
mod cancelling;
mod card;
mod delegation;
mod config;
mod digest;
mod engine;
mod entering;
mod execution;
mod fence;
mod generation;
mod guards;
mod hedging;
mod holding;
mod input;
mod lending;
mod mandate;
mod message;
mod order;
mod output;
mod position;
mod protection;
mod reports;
mod requests;
mod resting;
mod reversion;
mod risk;
mod session;
mod sessions;
mod state;
mod statement;
mod table;
mod view;

pub use books::{Book, PLACES, Restoration, Restorations, Restoring, goes_again};
pub use config::{Config, ConfigError, ENTRIES_MAX, Instrument, POSITION_MAX, PRICE_MAX, SESSIONS, Session, Times, VENUES};
pub use engine::Engine;
pub use execution::{ADOPTED, Execution};
pub use fence::Fence;
pub use generation::{GENERATIONS, Rules, content};
pub use guards::{BOOK, DRAWDOWN};
pub use input::{Body, Change, Deployment, Input, Limit, Report, Scope, Side, Unhedged, Unrestored};
pub use mandate::{MODELS, Mandate};
pub use message::{ENCODED_MAX, Encoded};
pub use order::{Cancel, Order, Origin, State};
pub use output::{Alarm, Guard, HostMessage, OUTPUTS, Output, Outputs, Record, Refusal, Step, Stream};
pub use position::Position;
pub use reversion::Reversion;
pub use risk::{GREEKS_STALE, Greeks, MOVE_MAX_BP, Margin, Margins, SCENARIOS, SENSITIVITY_MAX, Scenario, Terms as RiskTerms};
pub use session::Standing;
pub use state::StateError;
