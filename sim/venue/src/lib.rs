//! A simulated market: seeded ITCH 5.0 order flow of random traders with price-time matching.
//!
//! In: a seed, a number of instruments and of messages (`Config`). Out: the messages of a day part
//! (`Market`, an iterator), from the start of messages to their end, books empty at the end.
//!
//! Why: a card is tested for longer, and with more of what can happen, than a recorded file allows; and
//! a fresh clone has data to run on.
//!
//! Holds: same configuration, same bytes, on every machine (integers only, own generator). No book is
//! ever locked or crossed; references are live when used and increase; time never steps back; all books
//! fit a card of `riposte_map::limits`. Not here: our own orders meeting this market.
#![forbid(unsafe_code)]

mod encode;
mod instrument;
mod market;
pub mod ouch;
mod queue;
mod random;
pub mod soup;

pub use instrument::{INSTRUMENTS_MAX, Instrument};
pub use market::{Config, ConfigError, Market};
