//! The host's side of an order session: SoupBinTCP 3.00 and OUCH 5.0 over TCP, for orders of the card and of the host, and
//! the same of a drop copy.
//!
//! In: bytes of the venue; what the card has transmitted; the engine's [`HostOrder`](riposte_engine::HostOrder)s. Out:
//! [`Body`](riposte_engine::Body)s for the engine, bytes for the venue.
//!
//! [`Client`] is the session without socket and clock; [`start`] gives it a thread, a socket and two bounded queues: the
//! pinned core holds [`Session`], whoever looks after it holds [`Runner`]. Until the card tracks a TCP session of its own, the
//! host's kernel has the connection, and the payload of what the card transmits goes into it unchanged.
//!
//! Holds: no order goes out but one that the card's gate has passed or, on a session of the host's own, the engine has sent;
//! none goes out that was made before the venue's last word on what it took ([`Session::receive`]). Every report is given
//! once a connection, in order, with the number that it has whenever the stream is read again. No input panics, and
//! every buffer and queue has a limit: a full one makes its writer wait, down to the card.
//!
//! [`Snapshot`] reads the venue's books as they are, for whoever restores those of a card.
//!
//! Not here: what a report means (`riposte_engine`), the journal that an input goes to before it counts.
#![forbid(unsafe_code)]

mod client;
mod config;
mod ouch;
mod payload;
mod reader;
mod runner;
mod snapshot;
mod soup;

pub use client::{Client, Close, Retry};
pub use config::{Config, ConfigError, EnterTerms, Login, Times};
pub use ouch::DecodeError;
pub use payload::{NotAnOrder, PAYLOAD_BYTES_MAX, payload};
pub use reader::{Unreadable, is_unreadable};
pub use runner::{Counts, Notice, Runner, SendError, Session, start};
pub use snapshot::{Piece, Snapshot, SnapshotError};
pub use soup::FrameError;
