//! Gateware blocks, one file a block, and what they are made with: constants of exact width, checks,
//! memories, and the audit that every kernel must pass.
//!
//! A kernel is Rust that rust-hdl both runs and prints as Verilog. It knows neither `let` nor calls, and
//! some expressions mean two different things in the two worlds; `audit` refuses those.
#![forbid(unsafe_code)]
#![allow(clippy::precedence, clippy::collapsible_else_if, clippy::collapsible_if, clippy::collapsible_match)]
// Not less, not greater: see `best`, where synthesis tells them from the simpler form.
#![allow(clippy::nonminimal_bool)]

pub mod arguments;
pub mod audit;
pub mod best;
pub mod bucket;
pub mod bundle;
pub mod channel;
pub mod check;
pub mod checksum;
pub mod commit;
pub mod control;
pub mod counters;
pub mod entry;
pub mod events;
pub mod fits;
pub mod gate;
pub mod grants;
pub mod headers;
pub mod heartbeat;
pub mod increments;
pub mod issue;
pub mod konst;
pub mod lanes;
pub mod levels;
pub mod line;
pub mod lines;
pub mod memory;
pub mod orders;
pub mod outcome;
pub mod pace;
pub mod parity;
pub mod product;
pub mod queue;
pub mod refusal;
pub mod resting;
pub mod restore;
pub mod rule;
pub mod session;
pub mod silence;
pub mod transmit;
pub mod types;
pub mod validity;
pub mod verdict;
pub mod walker;
