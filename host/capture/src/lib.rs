//! Market data files to frames and messages, messages to frames, and the host's own book.
//!
//! In: pcap, pcapng and raw length-prefixed ITCH, plain or gzip, detected by content (`open`).
//! Out: frames with a time in nanoseconds, or messages; `Packetiser` makes frames of messages,
//! `PcapWriter` writes frames, `wire` reads a frame down to its messages, `Book` replays them.
//!
//! Why: every command that takes a FILE reads it here, so all of them know the same formats and give
//! the same errors. Files are streamed: memory does not grow with their size.
//!
//! Holds: no bytes make a function of this crate panic; what was whole before a fault in a file is
//! delivered, then the fault, then nothing.
#![forbid(unsafe_code)]

mod book;
mod error;
mod frames;
mod input;
mod messages;
mod packetise;
pub mod wire;
mod write;

pub use book::{Book, Fault, Level, Side, Statistics, stock_of};
pub use error::{Error, Place};
pub use frames::Frames;
pub use input::{Capture, Progress, open};
pub use messages::{Messages, RawMessage};
pub use packetise::{Channel, PacketiseError, Packetiser, frame_of, packetise};
pub use write::PcapWriter;

/// One captured frame, Ethernet header to last payload byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Capture time, nanoseconds since 1970 UTC. Of frames made from raw ITCH: since midnight, unless
    /// `Channel::midnight_ns` says otherwise.
    pub time_ns: u64,
    pub bytes: Vec<u8>,
    /// Bytes that were on the wire; more than `bytes.len()` if the capture cut the frame.
    pub original_length: u32,
}
