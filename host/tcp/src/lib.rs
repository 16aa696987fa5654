//! The host's own TCP, as a client with one connection, so that its sequence space can be lent to the card: the host connects,
//! acknowledges, sends again and closes, the card sends orders in between.
//!
//! In: frames that came, times, our bytes, what the card has put on the wire. Out: frames to send, the venue's bytes in order.
//!
//! Why not the kernel's or smoltcp's: neither shows its sequence numbers nor takes bytes that somebody else has sent. Headers
//! are smoltcp's; what happens when is RFC 9293, with the timer of RFC 6298, the congestion control of RFC 5681 and 6582, and
//! the checks of RFC 5961 against segments of others.
//!
//! How it is lent: [`Connection::lend`] says where the card goes on; what it sends is told by [`Connection::sent`], in its order; from
//! [`Connection::lent`] the card hears as it goes which acknowledgement and window to put into its frames, and how far the venue's
//! window reaches. When the card has stopped and everything that it has sent is told, and not before, [`Connection::give_back`].
//!
//! Holds: no socket, thread or clock inside. Every buffer has a limit, no input panics, nothing allocates once a connection is made.
//! A byte that was sent is never sent with another value; what the venue gets is what was written, in one order with what the
//! card has sent. What does not belong to the connection is ignored and counted by reason.
//!
//! Not here: options but the segment size (no window scaling, so at most 65,535 bytes are on their way each way; no selective
//! acknowledgements, no time stamps), the simultaneous open, urgent data (read like any other), keep-alives (the session has
//! heartbeats), the delay of small segments (RFC 896: an order does not wait), a limit on how long the venue may leave its side open.
#![forbid(unsafe_code)]

mod config;
mod congestion;
mod connection;
mod counts;
mod incoming;
mod outgoing;
mod retransmit;
mod ring;
mod segments;
mod sequence;
mod wire;

pub use config::{Config, Times};
pub use connection::{Connection, End, Lent, NotNext, State, Unheard};
pub use counts::{Counts, Ignored};
pub use wire::{FRAME_BYTES_MAX, SEGMENT_BYTES_MAX};
