//! What the venue has not acknowledged, or not been sent: one sequence space for the host's bytes and the card's.
//!
//! Holds: bytes stay, unchanged, until they are acknowledged; a retransmission takes them from here, whoever has sent them first.
//! Segments may be cut otherwise than they first were.
use crate::congestion::{Acknowledged, Congestion};
use crate::incoming::WINDOW_BYTES_MAX;
use crate::ring::Ring;
use crate::sequence::{after, distance, is_before, later};

/// A whole window, and one byte.
const ROOM: usize = WINDOW_BYTES_MAX + 1;

/// Our FIN: it takes the sequence number behind the last byte.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fin {
    None,
    Wanted,
    Sent,
    Acknowledged,
}

/// Bytes to send, and whether a FIN goes with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    pub sequence: u32,
    pub bytes: usize,
    pub fin: bool,
}

impl Piece {
    pub fn end(&self) -> u32 {
        after(self.sequence, self.bytes + usize::from(self.fin))
    }
}

pub struct Outgoing {
    /// From the first byte that is not acknowledged.
    ring: Ring,
    /// What is not acknowledged yet begins here (SND.UNA).
    unacknowledged: u32,
    /// What was not sent yet begins here (SND.NXT).
    next: u32,
    /// The venue has acknowledged bytes up to here that nobody has told us of.
    ahead: Option<u32>,
    /// Right edge of the venue's window, now and at its furthest.
    edge: u32,
    edge_max: u32,
    window_max: usize,
    /// Sequence number and acknowledgement of the segment that told the window (SND.WL1, SND.WL2).
    told: (u32, u32),
    segment_bytes: usize,
    fin: Fin,
    congestion: Congestion,
}

impl Outgoing {
    pub fn new() -> Outgoing {
        Outgoing {
            ring: Ring::new(ROOM),
            unacknowledged: 0,
            next: 0,
            ahead: None,
            edge: 0,
            edge_max: 0,
            window_max: 0,
            told: (0, 0),
            segment_bytes: 1,
            fin: Fin::None,
            congestion: Congestion::new(1),
        }
    }

    /// A new stream whose first byte has this number, to a venue with such a window, told in its segment `sequence`.
    pub fn start(&mut self, first: u32, segment_bytes: usize, sequence: u32, window: u32) {
        self.ring.clear();
        (self.unacknowledged, self.next, self.ahead) = (first, first, None);
        self.edge = after(first, window as usize);
        (self.edge_max, self.window_max, self.told) = (self.edge, window as usize, (sequence, first));
        (self.segment_bytes, self.fin, self.congestion) = (segment_bytes, Fin::None, Congestion::new(segment_bytes));
    }

    pub fn next(&self) -> u32 {
        self.next
    }

    /// What the venue expects next, as far as we can know: the sequence number of a segment without bytes.
    pub fn front(&self) -> u32 {
        self.ahead.map_or(self.next, |ahead| later(ahead, self.next))
    }

    pub fn unacknowledged(&self) -> u32 {
        self.unacknowledged
    }

    pub fn in_flight(&self) -> usize {
        distance(self.unacknowledged, self.next)
    }

    pub fn unsent(&self) -> usize {
        self.ring.len() - self.in_flight().min(self.ring.len())
    }

    /// Bytes from the next one to the right edge of the venue's window.
    pub fn usable(&self) -> usize {
        if is_before(self.next, self.edge) { distance(self.next, self.edge) } else { 0 }
    }

    pub fn room(&self) -> usize {
        self.ring.room()
    }

    pub fn write(&mut self, bytes: &[u8]) -> usize {
        self.ring.push(bytes)
    }

    pub fn copy(&self, sequence: u32, into: &mut [u8]) -> usize {
        self.ring.copy(distance(self.unacknowledged, sequence), into)
    }

    pub fn finish(&mut self) {
        if self.fin == Fin::None {
            self.fin = Fin::Wanted;
        }
    }

    pub fn is_finished(&self) -> bool {
        self.fin == Fin::Acknowledged
    }

    /// The venue has acknowledged what nobody has told us to have been sent.
    pub fn unheard(&self) -> Option<u32> {
        self.ahead.filter(|&ahead| is_before(self.next, ahead))
    }

    /// Bytes that somebody else has sent at exactly the next number.
    pub fn sent(&mut self, bytes: &[u8]) {
        let count = self.ring.push(bytes);
        self.next = after(self.next, count);
        if let Some(ahead) = self.ahead {
            let is_reached = !is_before(self.next, ahead);
            self.release(if is_reached { ahead } else { self.next });
            self.ahead = self.ahead.filter(|_| !is_reached);
        }
    }

    /// Whether a number can be acknowledged: what was sent, or may have been by whom it is lent to.
    pub fn may_be_acknowledged(&self, number: u32, is_lent: bool) -> bool {
        let last = if is_lent { later(self.edge_max, self.next) } else { self.next };
        !is_before(last, number)
    }

    /// Whether an acknowledgement is older than any that may still be under way (RFC 5961 5.2).
    pub fn is_too_old(&self, number: u32) -> bool {
        is_before(number, self.unacknowledged) && distance(number, self.unacknowledged) > self.window_max
    }

    /// An acknowledgement that [`Outgoing::may_be_acknowledged`], with the window that comes with it. `is_bare`: the segment
    /// brought nothing else, so that it may be one of three that ask for a segment again.
    pub fn acknowledge(&mut self, number: u32, sequence: u32, window: u32, is_bare: bool) -> Acknowledged {
        if is_before(number, self.unacknowledged) {
            return Acknowledged::Nothing;
        }
        let edge = after(number, window as usize);
        let is_same_window = edge == self.edge;
        // SND.WL1 and SND.WL2: an old segment does not tell the window.
        let is_newer = is_before(self.told.0, sequence) || self.told.0 == sequence && !is_before(number, self.told.1);
        if is_newer {
            (self.edge, self.edge_max, self.told) = (edge, later(self.edge_max, edge), (sequence, number));
            self.window_max = self.window_max.max(window as usize);
        }
        if is_before(self.next, number) {
            self.ahead = Some(self.ahead.map_or(number, |ahead| later(ahead, number)));
        }
        let known = if is_before(self.next, number) { self.next } else { number };
        if known == self.unacknowledged {
            if is_bare && is_same_window && self.in_flight() > 0 && number == known {
                return self.congestion.duplicate(self.unacknowledged, self.next);
            }
            return Acknowledged::Nothing;
        }
        let flight = self.in_flight();
        let count = self.release(known);
        self.congestion.acknowledged(known, count, flight);
        Acknowledged::New
    }

    /// Everything before `known` is acknowledged.
    fn release(&mut self, known: u32) -> usize {
        let count = distance(self.unacknowledged, known);
        if self.fin == Fin::Sent && known == self.next {
            self.fin = Fin::Acknowledged;
        }
        self.ring.release(count);
        self.unacknowledged = known;
        count
    }

    /// No answer came in time: everything is sent again, one segment at first (RFC 5681 3.1, 5).
    pub fn time_out(&mut self) {
        self.congestion.time_out(self.unacknowledged, self.next);
    }

    /// What is to be sent again next.
    pub fn again(&mut self) -> Option<Piece> {
        let (sequence, limit) = self.congestion.again(self.unacknowledged)?;
        let piece = self.piece(sequence, self.segment_bytes.min(limit));
        self.congestion.sent_again(piece.end());
        Some(piece)
    }

    fn piece(&self, sequence: u32, limit: usize) -> Piece {
        let from = distance(self.unacknowledged, sequence);
        let sent = self.in_flight().min(self.ring.len());
        let bytes = sent.saturating_sub(from).min(limit);
        let is_last = from + bytes == self.ring.len();
        Piece { sequence, bytes, fin: is_last && matches!(self.fin, Fin::Sent) }
    }

    /// What of our own bytes may be sent now. `is_urgent`: also less than a segment of what waits (RFC 9293 3.8.6.2.1).
    pub fn fresh(&mut self, is_urgent: bool) -> Option<Piece> {
        let (unsent, wants_fin) = (self.unsent(), self.fin == Fin::Wanted);
        if unsent == 0 && !wants_fin {
            return None;
        }
        let free = self.congestion.window().saturating_sub(self.in_flight());
        let usable = self.usable().min(free);
        let bytes = unsent.min(self.segment_bytes).min(usable);
        let fin = wants_fin && bytes == unsent && usable > bytes;
        let is_worth = is_urgent || bytes == unsent.min(self.segment_bytes) || bytes >= self.window_max / 2;
        if !fin && (bytes == 0 || !is_worth) {
            return None;
        }
        let piece = Piece { sequence: self.next, bytes, fin };
        if fin {
            self.fin = Fin::Sent;
        }
        self.next = piece.end();
        Some(piece)
    }

    /// Whether something waits for the venue's window alone, and no acknowledgement can come that would tell of it. Of whom the
    /// numbers are lent to we only know that they may wait.
    pub fn is_blocked(&self, is_lent: bool) -> bool {
        if self.in_flight() > 0 {
            return false;
        }
        let waits = if is_lent { self.segment_bytes } else { self.unsent() + usize::from(self.fin == Fin::Wanted) };
        self.usable() < waits.min(self.segment_bytes).min((self.window_max / 2).max(1))
    }

    /// Whether the venue has closed its window.
    pub fn is_shut(&self) -> bool {
        self.usable() == 0 && !is_before(self.unacknowledged, self.edge)
    }
}
