//! A frame down to its ITCH messages: Ethernet (one VLAN tag at most), IPv4 without options, UDP,
//! MoldUDP64. Views into the frame; nothing is copied.
//!
//! Why: the host counts what the card counts, by the same conditions and in the same order
//! (`hdl/README.md`, Receive 1 to 5). Offsets come from `riposte_map::wire`.
//!
//! Holds: total, no bytes make it panic. Not here: whether the session goes on (sequence numbers).

use std::net::Ipv4Addr;

use riposte_map::{
    limits::{BLOCK_BYTES_MAX, BLOCK_BYTES_MIN},
    wire::{Field, ethernet, itch, mold},
};
use thiserror::Error;

/// Why a frame is not, or not wholly, a packet of ITCH messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Error)]
pub enum Malformed {
    #[error("frame too short for its headers")]
    ShortFrame,
    #[error("not IPv4")]
    NotIpv4,
    #[error("IPv4 options")]
    IpOptions,
    #[error("IPv4 fragment")]
    IpFragment,
    #[error("not UDP")]
    NotUdp,
    #[error("UDP length differs from the IPv4 total length")]
    UdpLength,
    #[error("frame cut: shorter than its IPv4 total length")]
    Truncated,
    #[error("payload too short for a MoldUDP64 header")]
    ShortPacket,
    #[error("session is not printable ASCII: not MoldUDP64")]
    NotMold,
    #[error("message block with an impossible length, or cut")]
    Block,
    #[error("ITCH message of a known type with another length")]
    MessageLength,
    #[error("type that ITCH 5.0 does not have")]
    MessageType,
}

/// A UDP datagram in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// VLAN id of the tag, if there is one.
    pub vlan: Option<u16>,
    pub source: Ipv4Addr,
    /// Destination address.
    pub group: Ipv4Addr,
    /// Destination port.
    pub port: u16,
    pub payload: &'a [u8],
}

/// The UDP datagram in `frame` (Ethernet header first, no FCS).
pub fn datagram(frame: &[u8]) -> Result<Datagram<'_>, Malformed> {
    let tagged = read(frame, ethernet::ETHERTYPE, 0) == Some(ethernet::ETHERTYPE_VLAN);
    let shift = if tagged { ethernet::VLAN_BYTES } else { 0 };
    let field = |field| read(frame, field, shift).ok_or(Malformed::ShortFrame);
    if field(ethernet::ETHERTYPE)? != ethernet::ETHERTYPE_IPV4 {
        return Err(Malformed::NotIpv4);
    }
    match field(ethernet::IP_VERSION)? {
        ethernet::IP_VERSION_LENGTH => {}
        version if version >> 4 == 4 => return Err(Malformed::IpOptions),
        _ => return Err(Malformed::NotIpv4),
    }
    // Bit 14 is "don't fragment"; the bits below are "more fragments" and the offset.
    if field(ethernet::IP_FRAGMENT)? & 0x3fff != 0 {
        return Err(Malformed::IpFragment);
    }
    if field(ethernet::IP_PROTOCOL)? != ethernet::IP_PROTOCOL_UDP {
        return Err(Malformed::NotUdp);
    }
    let total = field(ethernet::IP_TOTAL_LENGTH)? as usize;
    let udp = field(ethernet::UDP_LENGTH)? as usize;
    if udp < ethernet::UDP_HEADER_BYTES || udp + ethernet::IP_HEADER_BYTES != total {
        return Err(Malformed::UdpLength);
    }
    let start = shift + ethernet::UDP_PAYLOAD;
    let end = start + udp - ethernet::UDP_HEADER_BYTES;
    let payload = frame.get(start..end).ok_or(Malformed::Truncated)?;
    let address = |bits: u64| Ipv4Addr::from(bits as u32);
    Ok(Datagram {
        // The tag control information lies where an untagged frame has its first payload bytes.
        vlan: if tagged { read(frame, VLAN_TAG, 0).map(|tag| tag as u16 & 0x0fff) } else { None },
        source: address(field(ethernet::IP_SOURCE)?),
        group: address(field(ethernet::IP_DESTINATION)?),
        port: field(ethernet::UDP_PORT)? as u16,
        payload,
    })
}

const VLAN_TAG: Field = Field::new("VLAN tag control information", 14, 2);

fn read(frame: &[u8], field: Field, shift: usize) -> Option<u64> {
    frame.get(shift..).filter(|rest| rest.len() >= field.end()).map(|rest| field.get(rest))
}

/// What a MoldUDP64 packet is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Carries this many messages, at least one.
    Messages(u16),
    /// Says which sequence number comes next.
    Heartbeat,
    EndOfSession,
}

/// A MoldUDP64 downstream packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    pub session: [u8; 10],
    /// Sequence number of the first message, or the next one of a heartbeat or end of session.
    pub sequence: u64,
    pub purpose: Purpose,
    blocks: &'a [u8],
}

/// The MoldUDP64 packet in a UDP payload.
pub fn packet(payload: &[u8]) -> Result<Packet<'_>, Malformed> {
    let Some((header, blocks)) = payload.split_at_checked(mold::HEADER_BYTES) else {
        return Err(Malformed::ShortPacket);
    };
    let mut session = [0; 10];
    session.copy_from_slice(&header[mold::SESSION.offset..mold::SESSION.end()]);
    let purpose = match mold::COUNT.get(header) {
        mold::HEARTBEAT => Purpose::Heartbeat,
        mold::END_OF_SESSION => Purpose::EndOfSession,
        count => Purpose::Messages(count as u16),
    };
    Ok(Packet { session, sequence: mold::SEQUENCE.get(header), purpose, blocks })
}

impl<'a> Packet<'a> {
    /// The messages with their sequence numbers. After the first malformed block nothing follows.
    pub fn messages(&self) -> Messages<'a> {
        let left = match self.purpose {
            Purpose::Messages(count) => count,
            Purpose::Heartbeat | Purpose::EndOfSession => 0,
        };
        Messages { sequence: self.sequence, left, rest: self.blocks }
    }
}

/// The messages of one packet.
#[derive(Clone, Debug)]
pub struct Messages<'a> {
    sequence: u64,
    left: u16,
    rest: &'a [u8],
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<(u64, &'a [u8]), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        let Some((message, rest)) = block(self.rest) else {
            self.left = 0;
            return Some(Err(Malformed::Block));
        };
        let sequence = self.sequence;
        self.rest = rest;
        self.left -= 1;
        // A hostile sequence number may be the last of 64 bits.
        self.sequence = sequence.wrapping_add(1);
        Some(Ok((sequence, message)))
    }
}

fn block(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (prefix, rest) = rest.split_first_chunk::<{ mold::LENGTH_BYTES }>()?;
    let length = usize::from(u16::from_be_bytes(*prefix));
    if !(BLOCK_BYTES_MIN..=BLOCK_BYTES_MAX).contains(&length) {
        return None;
    }
    rest.split_at_checked(length)
}

/// Checks that `message` has the length of its type; gives the type's index in `itch::MESSAGES`.
pub fn kind(message: &[u8]) -> Result<usize, Malformed> {
    let code = message.first().ok_or(Malformed::MessageLength)?;
    let index = itch::index_of(*code).ok_or(Malformed::MessageType)?;
    if itch::MESSAGES[index].length != message.len() {
        return Err(Malformed::MessageLength);
    }
    Ok(index)
}

/// Whether the session name is printable ASCII, as MoldUDP64 demands: other feeds on UDP mostly fail here.
pub fn is_session(session: &[u8; 10]) -> bool {
    session.iter().all(|byte| (0x20..0x7f).contains(byte))
}
