//! The link between a host and a card that runs by itself: commands in, events out, a status, over shared memory.
//!
//! In and out: a region, which is a file in `/dev/shm` for a card in another process, or a BAR of a device. The card
//! makes it ([`CardEnd`]), the host joins it ([`HostEnd`]), each looks after the other ([`HostWatch`], [`CardWatch`]).
//!
//! | part of the region | written by | holds |
//! |---|---|---|
//! | announcement | card, once | magic, version, hash of all tables, sizes, geometry |
//! | card's line | card | heartbeat, how far the feed is |
//! | host's line | host | heartbeat, process, whether it left in order |
//! | command ring | host, released by the card | `Command`, numbered by the ring |
//! | event ring | card, released by the host | `Event`, whose own number is the ring's |
//! | transmit ring | card, released by the host | frames for a host that takes them, in records of 64 bytes |
//! | exception rings | card and host | frames on the card's wire that are the host's business, both ways ([`Exceptions`]) |
//! | status table | card | [`Status`] |
//!
//! Why owner-only: who can write the region can trade.
//!
//! Holds: one card and one host at a time, by a lock that goes with its process, however that ends. An event stays
//! in the ring until the host releases it, which it does when the event is durable elsewhere; a host that comes after a
//! crash reads it again. A card that finds the region of one that died keeps it aside if it holds unread events.
//! Nothing is lost and nothing waits: a full ring is an answer.
//!
//! Not here: what the card does meanwhile (`riposte card serve`), what the host makes of it.
mod card;
mod error;
mod exceptions;
mod file;
mod host;
mod layout;
mod status;
mod watch;

use std::path::PathBuf;

pub use card::{CardEnd, PublishError};
pub use error::LinkError;
pub use exceptions::Exceptions;
pub use crate::frames::{FRAME_BYTES_MAX, FrameError, TakenFrame};
pub use host::HostEnd;
pub use layout::{Feed, PeerKind, Sizes, Words};
pub use status::{Status, StatusReader};
pub use watch::{CardWatch, HostWatch, Peer};

/// Where a link lies that a person named: in shared memory, unless the name is a path.
pub fn place(name: &str) -> PathBuf {
    if name.contains('/') { PathBuf::from(name) } else { PathBuf::from("/dev/shm").join(name) }
}
