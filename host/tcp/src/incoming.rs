//! What the venue sends, put in order.
//!
//! In: payloads, as they come. Out: bytes in order, what to acknowledge, what to announce as a window.
//!
//! Holds: no more than one window of bytes and [`PIECES_MAX`] pieces out of order; the right edge of an announced window never
//! moves back (RFC 9293 3.8.6.2.2), nor forward in small steps, which would invite small segments.
use crate::ring::Ring;
use crate::sequence::{after, distance, is_before, later};
use crate::wire::SEGMENT_BYTES_MAX;

/// Without the option of window scaling a window is at most 65,535.
pub const WINDOW_BYTES_MAX: usize = 65_535;
const ROOM: usize = WINDOW_BYTES_MAX + 1;
const PIECES_MAX: usize = 16;

/// Sequence numbers of a piece: the first, and the one behind it.
#[derive(Clone, Copy, Default)]
struct Piece {
    start: u32,
    end: u32,
}

/// What became of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    InOrder,
    /// Kept behind a gap.
    Ahead,
    /// There is nothing behind a FIN.
    Nothing,
}

pub struct Incoming {
    ring: Ring,
    /// The next sequence number that is missing.
    next: u32,
    /// Right edge of the window that the venue knows of.
    announced: u32,
    pieces: [Piece; PIECES_MAX],
    piece_count: usize,
    /// The sequence number of the venue's FIN.
    fin: Option<u32>,
    is_finished: bool,
}

impl Incoming {
    pub fn new() -> Incoming {
        let pieces = [Piece::default(); PIECES_MAX];
        Incoming { ring: Ring::new(ROOM), next: 0, announced: 0, pieces, piece_count: 0, fin: None, is_finished: false }
    }

    /// A new stream whose first byte has this number.
    pub fn start(&mut self, next: u32) {
        self.ring.clear();
        (self.next, self.announced) = (next, after(next, WINDOW_BYTES_MAX));
        (self.piece_count, self.fin, self.is_finished) = (0, None, false);
    }

    pub fn next(&self) -> u32 {
        self.next
    }

    /// Whether the venue has closed its side, and everything before that has come.
    pub fn is_finished(&self) -> bool {
        self.is_finished
    }

    pub fn is_empty(&self) -> bool {
        self.ring.is_empty()
    }

    pub fn has_gap(&self) -> bool {
        self.piece_count > 0 || self.fin.is_some() && !self.is_finished
    }

    pub fn read(&mut self, into: &mut [u8]) -> usize {
        let count = self.ring.copy(0, into);
        self.ring.release(count);
        count
    }

    /// Bytes of the window that the venue knows of, from the next one.
    pub fn known_window(&self) -> usize {
        if is_before(self.next, self.announced) { distance(self.next, self.announced) } else { 0 }
    }

    fn edge(&self) -> u32 {
        after(self.next, self.ring.room().min(WINDOW_BYTES_MAX))
    }

    /// Whether so much has been read since that the venue should hear of it.
    pub fn has_grown(&self) -> bool {
        is_before(self.announced, self.edge()) && distance(self.announced, self.edge()) >= SEGMENT_BYTES_MAX
    }

    /// Whether a new window is worth a segment of its own: the venue may be waiting for it.
    pub fn must_tell(&self) -> bool {
        self.has_grown() && self.known_window() < WINDOW_BYTES_MAX / 2
    }

    /// The window to announce, from the next byte on.
    pub fn announce(&mut self) -> u16 {
        if self.has_grown() {
            self.announced = self.edge();
        }
        self.known_window().min(WINDOW_BYTES_MAX) as u16
    }

    /// Takes what fits and is new, of a segment that does not end before the next number. The second value tells whether something
    /// was dropped for want of room.
    pub fn take(&mut self, sequence: u32, payload: &[u8], fin: bool) -> (Taken, bool) {
        if self.is_finished {
            return (Taken::Nothing, false);
        }
        let end = after(sequence, payload.len());
        let (start, fresh) = match is_before(sequence, self.next) {
            true => (self.next, &payload[distance(sequence, self.next).min(payload.len())..]),
            false => (sequence, payload),
        };
        let ahead = distance(self.next, start);
        let fits = &fresh[..self.ring.room().saturating_sub(ahead).min(fresh.len())];
        let mut is_cut = fits.len() < fresh.len();
        if ahead == 0 {
            self.ring.put(0, fits);
            self.advance(after(start, fits.len()));
        } else if !fits.is_empty() {
            if self.keep(Piece { start, end: after(start, fits.len()) }) {
                self.ring.put(ahead, fits);
            } else {
                is_cut = true;
            }
        }
        if fin {
            self.fin.get_or_insert(end);
        }
        if self.fin == Some(self.next) {
            self.is_finished = true;
            self.next = after(self.next, 1);
        }
        (if ahead == 0 { Taken::InOrder } else { Taken::Ahead }, is_cut)
    }

    /// Everything before `to` is there, and the pieces that this reaches.
    fn advance(&mut self, mut to: u32) {
        while let Some(at) = self.pieces[..self.piece_count].iter().position(|piece| !is_before(to, piece.start)) {
            to = later(to, self.pieces[at].end);
            self.remove(at);
        }
        self.ring.extend(distance(self.next, to));
        self.next = to;
    }

    /// Notes a piece, together with those that it touches; not if that would be one too many.
    fn keep(&mut self, mut piece: Piece) -> bool {
        let touches = |one: &Piece, piece: &Piece| !is_before(one.end, piece.start) && !is_before(piece.end, one.start);
        while let Some(at) = self.pieces[..self.piece_count].iter().position(|one| touches(one, &piece)) {
            let one = self.pieces[at];
            piece.start = if is_before(one.start, piece.start) { one.start } else { piece.start };
            piece.end = later(piece.end, one.end);
            self.remove(at);
        }
        if self.piece_count == PIECES_MAX {
            return false;
        }
        self.pieces[self.piece_count] = piece;
        self.piece_count += 1;
        true
    }

    fn remove(&mut self, at: usize) {
        self.piece_count -= 1;
        self.pieces[at] = self.pieces[self.piece_count];
    }
}
