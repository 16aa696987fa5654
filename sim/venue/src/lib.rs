//! The simulated exchange: a seeded market with price-time matching, a client's orders in it, and its protocols.
//!
//! In: a seed, a number of instruments and of messages (`Config`) or a recording, the client's bytes, the time. Out:
//! the messages of a day part (`Market` alone, an iterator; `Exchange` with a client; `Venue` with all protocols), from
//! the start of messages to their end, books empty at the end unless a recording leaves them full.
//!
//! Why: a card is tested for longer, and with more of what can happen, than a recorded file allows; and a fresh clone
//! has data to run on and a counterpart to trade with.
//!
//! Holds: same configuration and input, same bytes, on every machine (integers only, own generator). No book is
//! ever locked or crossed; references are live when used and increase; time never steps back; all books of the
//! market's own traders fit a card of `riposte_map::limits`. Not here: clocks and sockets.
#![forbid(unsafe_code)]

mod encode;
pub mod exchange;
pub mod faults;
pub mod feed;
mod instrument;
mod ledger;
mod line;
mod market;
pub mod ouch;
mod queue;
mod random;
pub mod soup;
mod venue;

pub use exchange::Exchange;
pub use instrument::{INSTRUMENTS_MAX, Instrument};
pub use line::LineCounts;
pub use market::{Config, ConfigError, Market};
pub use venue::{FaultCounts, Output, Port, Report, SessionCounts, Setup, SetupError, Venue};
