//! The host's side of an order session: SoupBinTCP 3.00 and OUCH 5.0 over TCP, for orders of the card, and the same of a drop copy.
//!
//! In: bytes of the venue; what the card has transmitted; the engine's [`HostMessage`](riposte_engine::HostMessage)s. Out:
//! [`Body`](riposte_engine::Body)s for the engine, bytes for the venue.
//!
//! [`Client`] is the session without socket and clock; [`start`] gives it a thread, a socket and two bounded queues: the
//! pinned core holds [`Session`], whoever looks after it holds [`Runner`]. The connection is the kernel's, and the payload of what the card
//! transmits goes into it unchanged; or it goes over the card's own [`Wire`], and the card sends in it itself ([`Card`]).
//!
//! Holds: no order goes out but one that the card's gate has passed: nothing here can write one. None goes out that was made
//! before the venue's last word on what it took ([`Session::receive`]). Every report is given once a connection, in order, with
//! the number that it has whenever the stream is read again. No input panics, and every buffer and queue has a limit: a full one
//! makes its writer wait, down to the card.
//!
//! [`Passage`] says what may leave where card and host send in one connection. [`Snapshot`] reads the venue's books as they are, for whoever restores those of a card.
//!
//! Not here: what a report means (`riposte_engine`), the journal that an input goes to before it counts.
#![forbid(unsafe_code)]

mod card_line;
mod client;
mod config;
mod line;
mod ouch;
mod passage;
mod payload;
mod reader;
mod runner;
mod snapshot;
mod soup;
mod worker;

pub use card_line::{WIRE_BYTES_MAX, Wire};
pub use client::{Client, Close, Retry};
pub use config::{Card, Config, ConfigError, Login, Times};
pub use ouch::DecodeError;
pub use passage::{Passage, Withheld};
pub use payload::{NotAnOrder, PAYLOAD_BYTES_MAX, payload};
pub use reader::{Unreadable, is_unreadable};
pub use runner::{Counts, Notice, Runner, SendError, Session, start};
pub use snapshot::{Piece, Snapshot, SnapshotError};
pub use soup::FrameError;
