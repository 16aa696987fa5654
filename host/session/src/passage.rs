//! What may leave on the wire of the card's orders: the card's own, and of the host's all that is no order.
//!
//! In: frames of the card and of the host before they leave, frames that came. Out: whether a frame may leave.
//!
//! Why: the host owns the connection that the card sends in, so the host writes in it too: it logs in, says that it lives, cancels,
//! and sends again what was lost. Whoever took over the host must not reach the venue with an order that no gate has seen.
//!
//! Holds: the bytes of a connection, in their order from its SYN on, are whole SoupBinTCP packets: the card's orders, and of the
//! host's those that are none (`HEADS`). Every other segment with a payload repeats bytes that have left, exactly. A connection's numbers
//! count from where the venue has taken its SYN, so that no segment is read at another place than it was judged for.
//!
//! Not here: what an order may be (the gate), retransmission (`riposte_tcp`).
use crate::ouch;
use crate::payload::{IP, NotAnOrder, is_tcp, payload, sequence};
use crate::soup::kind;
use riposte_map::wire::{Field, ethernet};
use std::collections::VecDeque;
use thiserror::Error;

/// Bytes that have left and may leave again: more than a window without scaling.
const SENT_BYTES: usize = 1 << 17;
const ETHERTYPE_ARP: u64 = 0x0806;
const TCP: usize = IP + ethernet::IP_HEADER_BYTES;
const TCP_HEADER_BYTES_MIN: usize = 20;
const PORTS: Field = Field::new("ports", 34, 4);
const OFFSET_AND_FLAGS: Field = Field::new("data offset and flags", 46, 2);
const SYN: u64 = 0x02;
const ACK: u64 = 0x10;

/// Why a frame may not leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Withheld {
    #[error("a frame that is neither ARP nor TCP in IPv4, without fragments and options of IPv4")]
    Headers,
    #[error("a SYN with a payload")]
    SynPayload,
    #[error("a segment of a connection that the venue has not opened")]
    Connection,
    #[error("segment {found}, where {wanted} comes next")]
    Sequence { wanted: u32, found: u32 },
    #[error("other bytes than those that have left as segment {0}")]
    Changed(u32),
    #[error("a packet that is not the host's to send, which begins with {0:02x?}")]
    Packet([u8; 4]),
    #[error("an order in the middle of a packet of the host")]
    Middle,
    #[error(transparent)]
    NotAnOrder(#[from] NotAnOrder),
}

/// A segment, as far as it matters here.
struct Segment<'a> {
    /// Addresses and ports, of the sender first.
    ends: [u64; 3],
    sequence: u32,
    acknowledgement: u32,
    flags: u64,
    payload: &'a [u8],
}

/// `None`: not plain TCP in IPv4, or cut off.
fn segment(frame: &[u8]) -> Option<Segment<'_>> {
    if frame.len() < TCP + TCP_HEADER_BYTES_MIN {
        return None;
    }
    let is_plain = is_tcp(frame) && ethernet::IP_FRAGMENT.get(frame) & 0x3fff == 0;
    let end = IP + ethernet::IP_TOTAL_LENGTH.get(frame) as usize;
    let offset_and_flags = OFFSET_AND_FLAGS.get(frame);
    let header_bytes = (offset_and_flags >> 12) as usize * 4;
    if !is_plain || header_bytes < TCP_HEADER_BYTES_MIN {
        return None;
    }
    Some(Segment {
        ends: [ethernet::IP_SOURCE.get(frame), ethernet::IP_DESTINATION.get(frame), PORTS.get(frame)],
        sequence: sequence(frame),
        acknowledgement: ethernet::TCP_ACKNOWLEDGEMENT.get(frame) as u32,
        flags: offset_and_flags & 0x3f,
        // What is behind the end that the header names is padding, and no receiver reads it.
        payload: frame.get(TCP + header_bytes..end)?,
    })
}

/// Where in its packets the stream of a connection is.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    head: [u8; 4],
    /// Bytes of `head` that are there.
    filled: usize,
    /// Bytes to come of a packet that may leave.
    rest: usize,
}

/// How the packets begin that are the host's to send, and how many bytes follow: login, logout, heartbeat, cancel, query. None of them
/// makes or enlarges an order.
const HEADS: [(&[u8], usize); 5] = [
    (&[0, 47, kind::LOGIN], 46), (&[0, 1, kind::LOGOUT], 0), (&[0, 1, kind::CLIENT_HEARTBEAT], 0),
    (&[0, 10, kind::UNSEQUENCED, ouch::CANCEL], 8), (&[0, 2, kind::UNSEQUENCED, ouch::QUERY[0]], 0),
];

impl Place {
    fn is_between(&self) -> bool {
        self.filled == 0 && self.rest == 0
    }

    /// The place behind `bytes` of the host.
    fn behind(mut self, mut bytes: &[u8]) -> Result<Place, Withheld> {
        while let Some((&byte, behind)) = bytes.split_first() {
            if self.rest > 0 {
                let skipped = self.rest.min(bytes.len());
                self.rest -= skipped;
                bytes = &bytes[skipped..];
                continue;
            }
            bytes = behind;
            self.head[self.filled] = byte;
            self.filled += 1;
            let head = &self.head[..self.filled];
            match HEADS.iter().find(|(one, _)| one.starts_with(head)) {
                None => return Err(Withheld::Packet(self.head)),
                Some((one, rest)) if one.len() == head.len() => (self.head, self.filled, self.rest) = ([0; 4], 0, *rest),
                Some(_) => {}
            }
        }
        Ok(self)
    }
}

/// A connection that the venue has taken.
#[derive(Debug)]
struct Connection {
    ends: [u64; 3],
    /// Sequence number of the next byte that has never left.
    next: u32,
    /// The bytes before it.
    sent: VecDeque<u8>,
    place: Place,
}

impl Connection {
    fn is_repeated(&self, sequence: u32, payload: &[u8]) -> bool {
        let behind = self.next.wrapping_sub(sequence) as usize;
        let begin = self.sent.len().checked_sub(behind);
        begin.is_some_and(|begin| self.sent.iter().skip(begin).take(payload.len()).eq(payload))
    }

    fn leave(&mut self, payload: &[u8]) {
        self.next = self.next.wrapping_add(payload.len() as u32);
        self.sent.extend(payload);
        let surplus = self.sent.len().saturating_sub(SENT_BYTES);
        self.sent.drain(..surplus);
    }
}

/// See the module's page.
#[derive(Debug, Default)]
pub struct Passage {
    connection: Option<Connection>,
    /// The newest SYN of the host: its ends, and the number behind it.
    asked: Option<([u64; 3], u32)>,
}

impl Passage {
    /// A frame of the host is about to leave.
    pub fn host(&mut self, frame: &[u8]) -> Result<(), Withheld> {
        if frame.len() > IP && ethernet::ETHERTYPE.get(frame) == ETHERTYPE_ARP {
            return Ok(());
        }
        let Segment { ends, sequence, flags, payload, .. } = segment(frame).ok_or(Withheld::Headers)?;
        if flags & SYN != 0 {
            if !payload.is_empty() {
                return Err(Withheld::SynPayload);
            }
            self.asked = Some((ends, sequence.wrapping_add(1)));
        }
        if payload.is_empty() {
            return Ok(());
        }
        let connection = self.connection.as_mut().filter(|one| one.ends == ends).ok_or(Withheld::Connection)?;
        if sequence == connection.next {
            connection.place = connection.place.behind(payload)?;
            connection.leave(payload);
            return Ok(());
        }
        // Also what is partly new: whoever repeats, repeats what there was.
        let behind = connection.next.wrapping_sub(sequence);
        match connection.is_repeated(sequence, payload) {
            true => Ok(()),
            false if (1..=SENT_BYTES as u32).contains(&behind) => Err(Withheld::Changed(sequence)),
            false => Err(Withheld::Sequence { wanted: connection.next, found: sequence }),
        }
    }

    /// An order of the card is about to leave.
    pub fn order(&mut self, frame: &[u8]) -> Result<(), Withheld> {
        let order = payload(frame)?;
        let Segment { ends, sequence, .. } = segment(frame).ok_or(Withheld::Headers)?;
        let connection = self.connection.as_mut().filter(|one| one.ends == ends).ok_or(Withheld::Connection)?;
        if sequence != connection.next {
            return Err(Withheld::Sequence { wanted: connection.next, found: sequence });
        }
        if !connection.place.is_between() {
            return Err(Withheld::Middle);
        }
        connection.leave(order);
        Ok(())
    }

    /// A frame has come. The venue's answer to a SYN opens the connection, and there its numbers begin.
    pub fn came(&mut self, frame: &[u8]) {
        let Some(Segment { ends: [source, destination, ports], acknowledgement, flags, .. }) = segment(frame) else { return };
        let ends = [destination, source, ports >> 16 | (ports & 0xffff) << 16];
        let is_answer = flags & (SYN | ACK) == SYN | ACK && self.asked == Some((ends, acknowledgement));
        // Said twice, it is the same connection.
        if is_answer {
            self.asked = None;
            self.connection = Some(Connection { ends, next: acknowledgement, sent: VecDeque::new(), place: Place::default() });
        }
    }
}

#[cfg(test)]
mod tests;
