//! Our side of a random run: the host writes and reads, and from time to time lends its numbers to a card, which makes its own
//! frames and is heard of late.
use crate::lossy::{Lossy, bytes, check};
use crate::peer::{ACK, OWN_MAC, PSH, VENUE_MAC, frame, seg};
use riposte_tcp::{Config, Connection, FRAME_BYTES_MAX, Lent, State};
use std::collections::VecDeque;
use std::net::SocketAddrV4;

pub const OURS: u64 = 1;
pub const THEIRS: u64 = 2;
/// Payload of an order of the card, at most.
const ORDER_BYTES: u64 = 80;

/// What the card does while it is lent the numbers.
struct Card {
    sequence: u32,
    /// Orders until it gives back.
    left: u64,
    /// Sent, and not told yet: when it will be, the number, the payload.
    untold: VecDeque<(u64, u32, Vec<u8>)>,
}

pub struct Side {
    pub connection: Connection,
    ends: (SocketAddrV4, SocketAddrV4),
    /// Bytes that we send in all, and have sent.
    pub total: usize,
    pub written: usize,
    pub read: usize,
    /// When we read again.
    reads_at_ns: u64,
    card: Option<Card>,
    pub orders: u64,
    pub lendings: u64,
    seed: u64,
}

/// How late the card is heard of, at most.
const TOLD_LATE_NS: u64 = 3_000_000;

impl Side {
    pub fn new(config: &Config, total: usize, seed: u64) -> Side {
        let (connection, ends) = (Connection::new(config), (config.own, config.venue));
        Side { connection, ends, total, written: 0, read: 0, reads_at_ns: 0, card: None, orders: 0, lendings: 0, seed }
    }

    /// What happens on our side now; what we send goes to `wire`.
    pub fn step(&mut self, now_ns: u64, wire: &mut Lossy) {
        self.read_some(now_ns, wire);
        if self.card.is_some() {
            self.card_step(now_ns, wire);
        } else if matches!(self.connection.state(), State::Open | State::PeerClosed) {
            self.write_some(wire);
        }
        let mut out = [0; FRAME_BYTES_MAX];
        while let Some(frame) = self.connection.poll(now_ns, &mut out) {
            wire.push(now_ns, frame);
        }
    }

    fn read_some(&mut self, now_ns: u64, wire: &mut Lossy) {
        if now_ns < self.reads_at_ns {
            return;
        }
        if wire.random.below(800) == 0 {
            self.reads_at_ns = now_ns + wire.random.below(1_500_000_000);
        }
        let mut into = vec![0; 1 + wire.random.below(8_000) as usize];
        let count = self.connection.read(&mut into);
        self.read = check(THEIRS, self.read, &into[..count], &format!("seed {}, their stream", self.seed));
    }

    fn write_some(&mut self, wire: &mut Lossy) {
        if wire.random.percent(20) && self.connection.unsent() == 0 && self.written < self.total {
            if let Some(Lent { sequence, .. }) = self.connection.lend() {
                self.lendings += 1;
                self.card = Some(Card { sequence, left: 1 + wire.random.below(100), untold: VecDeque::new() });
            }
            return;
        }
        let most = if wire.random.percent(2) { 20_000 } else { 100 };
        let count = (wire.random.below(most) as usize).min(self.total - self.written);
        let taken = self.connection.write(&bytes(OURS, self.written, count));
        self.written += taken;
        if self.written == self.total {
            self.connection.close();
        }
    }

    fn card_step(&mut self, now_ns: u64, wire: &mut Lossy) {
        let Some(card) = &mut self.card else { return };
        let Some(Lent { sequence, acknowledgement, window, own_window }) = self.connection.lent() else {
            assert!(self.connection.ended().is_some(), "seed {}: nobody has asked for it", self.seed);
            self.card = None;
            return;
        };
        // The window is known up to its right edge, whatever was heard of meanwhile.
        let edge = sequence.wrapping_add(window);
        let bytes_left = self.total - self.written;
        for _ in 0..wire.random.below(4) {
            let count = (1 + wire.random.below(ORDER_BYTES) as usize).min(bytes_left.min(self.total - self.written));
            let fits = (edge.wrapping_sub(card.sequence) as i32) >= count as i32;
            if card.left == 0 || count == 0 || !fits {
                break;
            }
            let payload = bytes(OURS, self.written, count);
            let segment = seg(PSH | ACK, card.sequence, acknowledgement, &payload).window(own_window);
            wire.push(now_ns, &frame((OWN_MAC, VENUE_MAC), self.ends.0, self.ends.1, &segment));
            card.untold.push_back((now_ns + wire.random.below(TOLD_LATE_NS), card.sequence, payload));
            card.sequence = card.sequence.wrapping_add(count as u32);
            card.left -= 1;
            self.written += count;
            self.orders += 1;
        }
        while let Some((_, sequence, payload)) = card.untold.pop_front_if(|one| one.0 <= now_ns) {
            self.connection.sent(now_ns, sequence, &payload).unwrap_or_else(|error| panic!("seed {}: {error}", self.seed));
        }
        // It also gives back when it has nothing to send or no place for it.
        let is_over = card.left == 0 || self.written == self.total || wire.random.below(500) == 0;
        if is_over && card.untold.is_empty() {
            self.connection.give_back().unwrap_or_else(|error| panic!("seed {}: {error}", self.seed));
            self.card = None;
        }
    }
}
