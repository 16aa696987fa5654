//! The market data feed: MoldUDP64 1.00 packets, heartbeats, the end, and answers to requests for what was missed.
//!
//! In: messages. Out: UDP payloads. Holds: every message has one sequence number, the first is 1; any message that was
//! published can be asked for again, and comes as it was. Not here: which packets a line loses (`line`).

use riposte_map::wire::mold;
use thiserror::Error;

/// UDP payload, so that a frame with a tag fits 1,500 bytes.
pub const PACKET_BYTES_MAX: usize = 1400;
/// A request: session, first sequence number, count.
const REQUEST_BYTES: usize = mold::HEADER_BYTES;

/// Why a request is not answered. The specification has no packet that would say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RequestError {
    #[error("a request of {0} bytes where it has {REQUEST_BYTES}")]
    Bytes(usize),
    #[error("a request for another session")]
    Session,
    #[error("a request for what was never published")]
    Sequence,
}

/// Everything published in a session.
#[derive(Clone, Debug)]
pub struct Feed {
    session: [u8; 10],
    /// Blocks: each message behind its length.
    blocks: Vec<u8>,
    /// Where each block ends.
    ends: Vec<usize>,
    /// Blocks that went out in a packet.
    sent: usize,
}

impl Feed {
    pub fn new(session: [u8; 10]) -> Feed {
        Feed { session, blocks: Vec::new(), ends: Vec::new(), sent: 0 }
    }

    /// Appends a message of at most 255 bytes.
    pub fn push(&mut self, message: &[u8]) {
        self.blocks.extend_from_slice(&(message.len() as u16).to_be_bytes());
        self.blocks.extend_from_slice(message);
        self.ends.push(self.blocks.len());
    }

    /// Messages published so far.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The next packet of messages that did not go out yet.
    pub fn packet(&mut self) -> Option<Vec<u8>> {
        let from = self.sent;
        self.sent = self.fitting(from, self.len());
        (self.sent > from).then(|| self.blocks_packet(from, self.sent))
    }

    /// A packet without messages that tells the next sequence number.
    pub fn heartbeat(&self) -> Vec<u8> {
        self.header(self.sent, mold::HEARTBEAT)
    }

    /// The packet that ends the session.
    pub fn end_of_session(&self) -> Vec<u8> {
        self.header(self.sent, mold::END_OF_SESSION)
    }

    /// The answer to a request: of the messages asked for as many as fit a packet.
    pub fn answer(&self, request: &[u8]) -> Result<Vec<u8>, RequestError> {
        if request.len() != REQUEST_BYTES {
            return Err(RequestError::Bytes(request.len()));
        }
        if request[mold::SESSION.offset..mold::SESSION.end()] != self.session {
            return Err(RequestError::Session);
        }
        let first = usize::try_from(mold::SEQUENCE.get(request)).unwrap_or(usize::MAX);
        let count = mold::COUNT.get(request) as usize;
        match first.checked_sub(1) {
            Some(from) if from < self.sent && count > 0 => {
                let to = self.fitting(from, self.sent.min(from + count));
                Ok(self.blocks_packet(from, to))
            }
            _ => Err(RequestError::Sequence),
        }
    }

    /// One past the last block, at most `to`, of a packet that begins with block `from`.
    fn fitting(&self, from: usize, to: usize) -> usize {
        let first = from.checked_sub(1).map_or(0, |before| self.ends[before]);
        let room = PACKET_BYTES_MAX - mold::HEADER_BYTES;
        from + self.ends[from..to].partition_point(|end| end - first <= room)
    }

    fn blocks_packet(&self, from: usize, to: usize) -> Vec<u8> {
        let first = from.checked_sub(1).map_or(0, |before| self.ends[before]);
        let mut packet = self.header(from, (to - from) as u64);
        packet.extend_from_slice(&self.blocks[first..self.ends[to - 1]]);
        packet
    }

    fn header(&self, from: usize, count: u64) -> Vec<u8> {
        let mut header = vec![0; mold::HEADER_BYTES];
        header[mold::SESSION.offset..mold::SESSION.end()].copy_from_slice(&self.session);
        mold::SEQUENCE.put(&mut header, from as u64 + 1);
        mold::COUNT.put(&mut header, count);
        header
    }
}
