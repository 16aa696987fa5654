//! SoupBinTCP 3.00 (22 February 2017), the client's packets: a 16-bit length of what follows it, a type, a payload.
use crate::config::Login;
use std::ops::Range;
use thiserror::Error;

/// Types of packets.
pub(crate) mod kind {
    pub const DEBUG: u8 = b'+';
    pub const ACCEPTED: u8 = b'A';
    pub const REJECTED: u8 = b'J';
    pub const SEQUENCED: u8 = b'S';
    pub const SERVER_HEARTBEAT: u8 = b'H';
    pub const END_OF_SESSION: u8 = b'Z';
    pub const LOGIN: u8 = b'L';
    pub const UNSEQUENCED: u8 = b'U';
    pub const CLIENT_HEARTBEAT: u8 = b'R';
    pub const LOGOUT: u8 = b'O';
}

/// Bytes of the length.
pub(crate) const LENGTH_BYTES: usize = 2;
/// Longest packet that is taken, by its length field: far more than a message with every option.
pub(crate) const PACKET_BYTES_MAX: usize = 4096;
/// Bytes that wait to be read.
const BUFFER_BYTES: usize = 64 * 1024;

/// Why bytes are no packet. The stream cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FrameError {
    #[error("a packet without a type")]
    Empty,
    #[error("a packet of {0} bytes where at most {PACKET_BYTES_MAX} are taken")]
    Long(usize),
}

/// Appends a packet.
pub(crate) fn put(out: &mut Vec<u8>, kind: u8, payload: &[u8]) {
    out.extend_from_slice(&(payload.len() as u16 + 1).to_be_bytes());
    out.push(kind);
    out.extend_from_slice(payload);
}

/// Appends a login that asks for messages from number `next` on; 0 is only what is new.
pub(crate) fn put_login(out: &mut Vec<u8>, login: &Login, next: u64) {
    let Login { username, password, session } = login;
    put(out, kind::LOGIN, format!("{username:<6}{password:<10}{session:<10}{next:<20}").as_bytes());
}

/// Session and next number of a login that was accepted; `None` if it is not that.
pub(crate) fn accepted(payload: &[u8]) -> Option<([u8; 10], u64)> {
    let (session, next) = payload.split_first_chunk::<10>()?;
    let next = std::str::from_utf8(next).ok().filter(|text| text.len() == 20)?.trim();
    // What `parse` takes beyond digits is a sign.
    let next = next.parse::<u64>().ok().filter(|&number| number > 0 && next.as_bytes()[0].is_ascii_digit())?;
    Some((*session, next))
}

/// Puts packets together of bytes in any cut.
#[derive(Debug)]
pub(crate) struct Framer {
    bytes: Vec<u8>,
    at: usize,
}

impl Framer {
    pub fn new() -> Framer {
        Framer { bytes: Vec::with_capacity(BUFFER_BYTES), at: 0 }
    }

    pub fn clear(&mut self) {
        self.bytes.clear();
        self.at = 0;
    }

    /// Bytes that can be pushed now. It is 0 only while whole packets wait, since none is as long as the buffer.
    pub fn room(&self) -> usize {
        BUFFER_BYTES - (self.bytes.len() - self.at)
    }

    /// Takes at most `room` bytes; gives how many it took.
    pub fn push(&mut self, bytes: &[u8]) -> usize {
        self.bytes.drain(..self.at);
        self.at = 0;
        let taken = bytes.len().min(self.room());
        self.bytes.extend_from_slice(&bytes[..taken]);
        taken
    }

    /// Type and place of the next whole packet's payload. An impossible length is told as soon as it is there.
    pub fn packet(&mut self) -> Result<Option<(u8, Range<usize>)>, FrameError> {
        let [high, low, rest @ ..] = &self.bytes[self.at..] else { return Ok(None) };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        match length {
            0 => return Err(FrameError::Empty),
            1..=PACKET_BYTES_MAX => {}
            _ => return Err(FrameError::Long(length)),
        }
        let Some(&kind) = rest.first().filter(|_| rest.len() >= length) else { return Ok(None) };
        let start = self.at + LENGTH_BYTES + 1;
        self.at += LENGTH_BYTES + length;
        Ok(Some((kind, start..self.at)))
    }

    /// The payload that `packet` gave the place of; until the next `push`.
    pub fn payload(&self, place: Range<usize>) -> &[u8] {
        &self.bytes[place]
    }
}
