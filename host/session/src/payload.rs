//! What the card transmits down to what a TCP connection carries of it.
//!
//! Why so strict: the card sends one order or mass cancel a frame, in one segment. What is anything else did not come from its gate, or is
//! torn, and must not reach the venue.
use crate::ouch::{OF_THE_CARD, USER_REF};
use crate::soup::{LENGTH_BYTES, kind};
use riposte_map::limits::IMAGE_WORDS;
use riposte_map::wire::{Field, ethernet};
use thiserror::Error;

/// The longest payload that a card's template holds.
pub const PAYLOAD_BYTES_MAX: usize = IMAGE_WORDS * 8 - ethernet::TCP_PAYLOAD;
/// Five 32-bit words of TCP header.
const DATA_OFFSET: Field = Field::new("data offset", 46, 1);
const PLAIN_HEADER: u64 = 0x50;
/// Where the IPv4 header begins.
pub(crate) const IP: usize = 14;

/// Why a frame is not an order of the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotAnOrder {
    #[error("a frame of {0} bytes, which is too short or too long for an order")]
    Length(usize),
    #[error("a frame that is not TCP in IPv4, both without options")]
    Headers,
    #[error("a frame of {bytes} bytes whose IPv4 header says {told}")]
    TotalLength { bytes: usize, told: usize },
    #[error("a payload that is not one packet of unsequenced data")]
    Packet,
    #[error("a message that is neither an Enter Order nor a Mass Cancel with a number")]
    Message,
}

/// The number of the order in a payload of `payload`.
pub fn user_ref(payload: &[u8]) -> u32 {
    payload[LENGTH_BYTES + 1 + USER_REF..][..4].iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

/// Whether the headers are those of TCP in IPv4 without options of its own. The frame must hold both.
pub(crate) fn is_tcp(frame: &[u8]) -> bool {
    let is = |field: Field, value: u64| field.get(frame) == value;
    is(ethernet::ETHERTYPE, ethernet::ETHERTYPE_IPV4)
        && is(ethernet::IP_VERSION, ethernet::IP_VERSION_LENGTH)
        && is(ethernet::IP_PROTOCOL, ethernet::IP_PROTOCOL_TCP)
}

/// The TCP sequence number of such a frame.
pub(crate) fn sequence(frame: &[u8]) -> u32 {
    ethernet::TCP_SEQUENCE.get(frame) as u32
}

/// The payload of a frame of the card: one SoupBinTCP packet with one Enter Order or Mass Cancel.
pub fn payload(frame: &[u8]) -> Result<&[u8], NotAnOrder> {
    let bytes = frame.len();
    let payload = frame.get(ethernet::TCP_PAYLOAD..).ok_or(NotAnOrder::Length(bytes))?;
    let shortest = OF_THE_CARD.iter().map(|(_, bytes)| *bytes).min().unwrap_or(0);
    if payload.len() < LENGTH_BYTES + 1 + shortest || payload.len() > PAYLOAD_BYTES_MAX {
        return Err(NotAnOrder::Length(bytes));
    }
    if !is_tcp(frame) || DATA_OFFSET.get(frame) != PLAIN_HEADER {
        return Err(NotAnOrder::Headers);
    }
    let told = ethernet::IP_TOTAL_LENGTH.get(frame) as usize;
    if IP + told != bytes {
        return Err(NotAnOrder::TotalLength { bytes, told });
    }
    let (length, packet) = payload.split_at(LENGTH_BYTES);
    if usize::from(length[0]) << 8 | usize::from(length[1]) != packet.len() || packet[0] != kind::UNSEQUENCED {
        return Err(NotAnOrder::Packet);
    }
    let message = &packet[1..];
    let is_known = OF_THE_CARD.iter().any(|&(code, bytes)| message[0] == code && message.len() >= bytes);
    if !is_known || message[USER_REF..][..4].iter().all(|&byte| byte == 0) {
        return Err(NotAnOrder::Message);
    }
    Ok(payload)
}
