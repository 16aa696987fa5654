//! Logical packets: a 16-bit length of what follows it, a type, a payload; cut anywhere by TCP.

use thiserror::Error;

/// Types of packets.
pub mod kind {
    pub const DEBUG: u8 = b'+';
    /// From the server.
    pub const ACCEPTED: u8 = b'A';
    pub const REJECTED: u8 = b'J';
    pub const SEQUENCED: u8 = b'S';
    pub const SERVER_HEARTBEAT: u8 = b'H';
    pub const END_OF_SESSION: u8 = b'Z';
    /// From the client.
    pub const LOGIN: u8 = b'L';
    pub const UNSEQUENCED: u8 = b'U';
    pub const CLIENT_HEARTBEAT: u8 = b'R';
    pub const LOGOUT: u8 = b'O';
}

/// Longest packet that is taken, by its length field: several times the longest message with every option.
pub const PACKET_BYTES_MAX: usize = 1024;
const LENGTH_BYTES: usize = 2;

/// Why bytes are no packet. The stream cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FrameError {
    #[error("a packet without a type")]
    Empty,
    #[error("a packet of {0} bytes where at most {PACKET_BYTES_MAX} are taken")]
    Long(usize),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    pub kind: u8,
    pub payload: Vec<u8>,
}

/// A packet as bytes. Payloads are below 65,535 bytes.
pub fn packet(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = ((payload.len() + 1) as u16).to_be_bytes().to_vec();
    bytes.push(kind);
    bytes.extend_from_slice(payload);
    bytes
}

/// Puts packets together of bytes in any cut. Holds less than one packet of them.
#[derive(Clone, Debug, Default)]
pub struct Framer {
    bytes: Vec<u8>,
    at: usize,
}

impl Framer {
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.at);
        self.at = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole packet. An impossible length is told as soon as it is there.
    pub fn packet(&mut self) -> Result<Option<Packet>, FrameError> {
        let rest = &self.bytes[self.at..];
        let [high, low, rest @ ..] = rest else { return Ok(None) };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        match length {
            0 => return Err(FrameError::Empty),
            1..=PACKET_BYTES_MAX => {}
            _ => return Err(FrameError::Long(length)),
        }
        let Some(body) = rest.get(..length) else { return Ok(None) };
        let packet = Packet { kind: body[0], payload: body[1..].to_vec() };
        self.at += LENGTH_BYTES + length;
        Ok(Some(packet))
    }

    /// Whether a packet has begun and is not whole.
    pub fn is_amid_packet(&self) -> bool {
        self.at < self.bytes.len()
    }
}
