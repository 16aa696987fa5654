//! Messages to MoldUDP64 frames, so that raw ITCH can be replayed through a card.
//!
//! In: messages in order. Out: Ethernet, IPv4, UDP, MoldUDP64 frames; a frame's time is the timestamp of
//! its last message. Messages share a packet while they are within `window_ns` of its first one and fit.
//!
//! Holds: every message once, in order, sequence numbers without a hole; times of frames never decrease.

use std::{collections::VecDeque, net::Ipv4Addr};

use riposte_map::{
    limits::{BLOCK_BYTES_MAX, BLOCK_BYTES_MIN},
    wire::{ethernet, itch, mold},
};
use thiserror::Error;

use crate::{Error, Messages, Record};

/// Ethernet's 1,500 bytes less the IPv4 and UDP headers.
const PAYLOAD_BYTES_LIMIT: usize = 1472;
const TIME_TO_LIVE: u8 = 16;
const IP_DONT_FRAGMENT: u64 = 0x4000;

/// Where and how messages are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    pub session: [u8; 10],
    /// Sequence number of the first message.
    pub first_sequence: u64,
    pub source: Ipv4Addr,
    /// Destination: a multicast group.
    pub group: Ipv4Addr,
    /// Destination and source port.
    pub port: u16,
    /// Tags frames with this VLAN id.
    pub vlan: Option<u16>,
    /// Largest UDP payload, MoldUDP64 header and blocks.
    pub payload_bytes_max: usize,
    /// A packet takes messages up to this long after its first one, nanoseconds.
    pub window_ns: u64,
    /// Added to the messages' timestamps (nanoseconds since midnight Eastern) to make frame times.
    pub midnight_ns: u64,
    /// After this long without a message a heartbeat is sent, nanoseconds.
    pub heartbeat_ns: Option<u64>,
}

impl Default for Channel {
    /// The group and port of NASDAQ's TotalView-ITCH A line, packets of up to 1,400 bytes and 5
    /// microseconds, no tag, no heartbeats, times since midnight.
    fn default() -> Channel {
        Channel {
            session: *b"RIPOSTE001",
            first_sequence: 1,
            source: Ipv4Addr::new(10, 0, 0, 1),
            group: Ipv4Addr::new(233, 54, 12, 111),
            port: 26477,
            vlan: None,
            payload_bytes_max: 1400,
            window_ns: 5_000,
            midnight_ns: 0,
            heartbeat_ns: None,
        }
    }
}

/// Why a channel or a message cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PacketiseError {
    #[error("{0} is no multicast group; take one of 224.0.0.0/4")]
    Group(Ipv4Addr),
    #[error("VLAN id {0} where at most 4094 can be")]
    Vlan(u16),
    #[error("a payload of at most {0} bytes: it must be 277 to 1472")]
    Payload(usize),
    #[error("a heartbeat interval of 0")]
    Heartbeat,
    #[error("message of {0} bytes where 11 to 255 can be sent")]
    Message(usize),
}

/// Gathers messages into frames.
#[derive(Clone, Debug)]
pub struct Packetiser {
    channel: Channel,
    sequence: u64,
    identification: u16,
    /// MoldUDP64 header, not yet filled in, and the blocks of the packet being gathered.
    payload: Vec<u8>,
    count: u16,
    first_ns: u64,
    last_ns: u64,
    started: bool,
}

impl Packetiser {
    pub fn new(channel: Channel) -> Result<Packetiser, PacketiseError> {
        let payload_min = mold::HEADER_BYTES + mold::LENGTH_BYTES + BLOCK_BYTES_MAX;
        if !channel.group.is_multicast() {
            return Err(PacketiseError::Group(channel.group));
        }
        if let Some(vlan) = channel.vlan.filter(|&vlan| vlan > 4094) {
            return Err(PacketiseError::Vlan(vlan));
        }
        if !(payload_min..=PAYLOAD_BYTES_LIMIT).contains(&channel.payload_bytes_max) {
            return Err(PacketiseError::Payload(channel.payload_bytes_max));
        }
        if channel.heartbeat_ns == Some(0) {
            return Err(PacketiseError::Heartbeat);
        }
        Ok(Packetiser {
            sequence: channel.first_sequence,
            channel,
            identification: 0,
            payload: vec![0; mold::HEADER_BYTES],
            count: 0,
            first_ns: 0,
            last_ns: 0,
            started: false,
        })
    }

    /// Takes one message; appends the frames that are complete by it to `frames`.
    pub fn push(
        &mut self,
        message: &[u8],
        frames: &mut impl Extend<Record>,
    ) -> Result<(), PacketiseError> {
        let bytes = message.len();
        let header_end = itch::system_event::TIME_NS.end();
        if !(header_end.max(BLOCK_BYTES_MIN)..=BLOCK_BYTES_MAX).contains(&bytes) {
            return Err(PacketiseError::Message(bytes));
        }
        let stamp = itch::system_event::TIME_NS.get(message);
        // A timestamp that steps back would make a capture that runs backwards.
        let time_ns = self.channel.midnight_ns.saturating_add(stamp).max(self.last_ns);
        let is_full =
            self.payload.len() + mold::LENGTH_BYTES + bytes > self.channel.payload_bytes_max;
        if self.count > 0 && (is_full || time_ns - self.first_ns > self.channel.window_ns) {
            frames.extend(self.finish());
        }
        if self.count == 0 {
            self.heartbeats(time_ns, frames);
            self.first_ns = time_ns;
        }
        self.payload.extend_from_slice(&(bytes as u16).to_be_bytes());
        self.payload.extend_from_slice(message);
        self.count += 1;
        self.last_ns = time_ns;
        self.started = true;
        Ok(())
    }

    /// The frame of the messages that are still waiting. Call it after the last message.
    pub fn finish(&mut self) -> Option<Record> {
        if self.count == 0 {
            return None;
        }
        let count = self.count;
        let frame = self.frame(u64::from(count), self.last_ns);
        self.sequence = self.sequence.wrapping_add(u64::from(count));
        self.payload.truncate(mold::HEADER_BYTES);
        self.count = 0;
        Some(frame)
    }

    /// The packet that ends the session. Call it after `finish`.
    pub fn end_of_session(&mut self) -> Record {
        self.frame(mold::END_OF_SESSION, self.last_ns)
    }

    fn heartbeats(&mut self, until_ns: u64, frames: &mut impl Extend<Record>) {
        let Some(interval) = self.channel.heartbeat_ns.filter(|_| self.started) else { return };
        while until_ns - self.last_ns > interval {
            self.last_ns += interval;
            frames.extend([self.frame(mold::HEARTBEAT, self.last_ns)]);
        }
    }

    fn frame(&mut self, count: u64, time_ns: u64) -> Record {
        let session = mold::SESSION.offset..mold::SESSION.end();
        self.payload[session].copy_from_slice(&self.channel.session);
        mold::SEQUENCE.put(&mut self.payload, self.sequence);
        mold::COUNT.put(&mut self.payload, count);
        let bytes = frame_of(&self.channel, self.identification, &self.payload);
        self.identification = self.identification.wrapping_add(1);
        Record { time_ns, original_length: bytes.len() as u32, bytes }
    }
}

/// The frame, without FCS, of a UDP datagram on `channel`: its addresses, ports and tag. Panics if `payload` is longer than IPv4
/// takes.
pub fn frame_of(channel: &Channel, identification: u16, payload: &[u8]) -> Vec<u8> {
    let mut header = [0; ethernet::UDP_PAYLOAD];
    let [_, b, c, d] = channel.group.octets();
    header[..6].copy_from_slice(&[0x01, 0x00, 0x5e, b & 0x7f, c, d]);
    // A locally administered address, so that it is nobody's card.
    header[6..12].copy_from_slice(&[0x02, 0, 0, 0, 0, 1]);
    let udp = (ethernet::UDP_HEADER_BYTES + payload.len()) as u64;
    ethernet::ETHERTYPE.put(&mut header, ethernet::ETHERTYPE_IPV4);
    ethernet::IP_VERSION.put(&mut header, ethernet::IP_VERSION_LENGTH);
    ethernet::IP_TOTAL_LENGTH.put(&mut header, udp + ethernet::IP_HEADER_BYTES as u64);
    header[18..20].copy_from_slice(&identification.to_be_bytes());
    ethernet::IP_FRAGMENT.put(&mut header, IP_DONT_FRAGMENT);
    header[22] = TIME_TO_LIVE;
    ethernet::IP_PROTOCOL.put(&mut header, ethernet::IP_PROTOCOL_UDP);
    ethernet::IP_SOURCE.put(&mut header, u64::from(u32::from(channel.source)));
    ethernet::IP_DESTINATION.put(&mut header, u64::from(u32::from(channel.group)));
    let checksum = internet_checksum(&header[14..34]);
    header[24..26].copy_from_slice(&checksum.to_be_bytes());
    header[34..36].copy_from_slice(&channel.port.to_be_bytes());
    ethernet::UDP_PORT.put(&mut header, u64::from(channel.port));
    // The UDP checksum stays 0, which in IPv4 means that there is none.
    ethernet::UDP_LENGTH.put(&mut header, udp);
    let mut bytes = Vec::with_capacity(header.len() + ethernet::VLAN_BYTES + payload.len());
    bytes.extend_from_slice(&header[..12]);
    if let Some(vlan) = channel.vlan {
        bytes.extend_from_slice(&(ethernet::ETHERTYPE_VLAN as u16).to_be_bytes());
        bytes.extend_from_slice(&vlan.to_be_bytes());
    }
    bytes.extend_from_slice(&header[12..]);
    bytes.extend_from_slice(payload);
    bytes
}

/// RFC 1071: complement of the one's complement sum of the 16-bit words.
fn internet_checksum(words: &[u8]) -> u16 {
    let sum: u32 = words.chunks_exact(2).map(|w| u32::from(u16::from_be_bytes([w[0], w[1]]))).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    !((folded & 0xffff) + (folded >> 16)) as u16
}

/// Frames that carry `messages` on `channel`. Ends with the first error of the file.
pub fn packetise(
    messages: Messages,
    channel: Channel,
) -> Result<impl Iterator<Item = Result<Record, Error>> + Send, PacketiseError> {
    let packetiser = Packetiser::new(channel)?;
    Ok(Framed { messages, packetiser, ready: VecDeque::new(), fault: None, done: false })
}

struct Framed {
    messages: Messages,
    packetiser: Packetiser,
    ready: VecDeque<Record>,
    fault: Option<Error>,
    done: bool,
}

impl Iterator for Framed {
    type Item = Result<Record, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.is_empty() && !self.done {
            match self.messages.next() {
                Some(Ok(message)) => {
                    if let Err(e) = self.packetiser.push(&message.bytes, &mut self.ready) {
                        let place = self.messages.place_of(&message);
                        self.fault = Some(Error::Packetise { place, source: e });
                    }
                }
                Some(Err(e)) => self.fault = Some(e),
                None => self.done = true,
            }
            if self.fault.is_some() || self.done {
                // What came before the fault is still sent.
                self.done = true;
                self.ready.extend(self.packetiser.finish());
            }
        }
        self.ready.pop_front().map(Ok).or_else(|| self.fault.take().map(Err))
    }
}
