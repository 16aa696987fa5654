//! A session's connection over the card's own wire: the host's TCP, in which the card sends its orders itself.
//!
//! In: frames that came on the wire, the session's bytes, what the card has sent. Out: frames for the wire, the venue's bytes, and
//! to the engine when the card may send and when the host has to.
//!
//! The card sends whenever the host has nothing to say. For a heartbeat, a cancel, or to tell the card how far the venue has been
//! read, the host takes the sequence space back, says it, and delegates again.
//!
//! Holds: one sends at a time. Every byte that the card sends is told to the connection, in order, which looks after it until the
//! venue has acknowledged it. A card that does not give back in time, or sends what cannot follow, ends the connection: what
//! the venue took it says when the session is current again.
use crate::client::{Client, Close};
use crate::config::Card;
use crate::line::Line;
use riposte_engine::Body;
use riposte_tcp::{Connection, End, FRAME_BYTES_MAX, State, Times};
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Longest frame that is taken from the wire.
pub const WIRE_BYTES_MAX: usize = 2048;
/// How far the acknowledgement that the card writes may stay behind. A venue believes one that is up to its window old (RFC 5961 5.2).
const BEHIND_BYTES: u32 = 16 * 1024;
/// Bytes that the venue's window must have left for a card to begin, or to go on.
const WINDOW_BEGIN: u32 = 16 * 1024;
const WINDOW_LEAST: u32 = 4 * 1024;
/// Frames between two looks at everything else.
const BATCH: usize = 64;
/// How long the venue has for its side of an end in order.
const LINGER: Duration = Duration::from_millis(200);
const REST: Duration = Duration::from_micros(50);

/// A wire that frames of the host go over.
pub trait Wire: Send {
    /// Puts the next frame that came into `into`, cut off there, and gives its length; 0 if there is none.
    fn receive(&mut self, into: &mut [u8; WIRE_BYTES_MAX]) -> Result<usize, String>;

    /// Whether the frame was taken. One that finds no room is given again.
    fn send(&mut self, frame: &[u8]) -> Result<bool, String>;
}

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sender {
    Host,
    /// The card; so many orders of it were heard of. The acknowledgement is the one that it writes.
    Card { heard: u32, acknowledgement: u32 },
    /// It was asked to give back, and has until then.
    Leaving { heard: u32, until_ns: u64 },
    /// It has, and sent so many orders before.
    Left { heard: u32, orders: u32, until_ns: u64 },
}

pub(crate) struct CardLine {
    card: Card,
    connect: Duration,
    connection: Connection,
    wire: Option<Box<dyn Wire>>,
    sender: Sender,
    /// The host leaves: what it has of the sequence space it keeps.
    is_leaving: bool,
    out: Box<[u8; FRAME_BYTES_MAX]>,
    /// A frame in `out` that the wire had no room for.
    pending: usize,
    into: Box<[u8; WIRE_BYTES_MAX]>,
    /// What has gone wrong with the connection that is there.
    broken: Option<Close>,
}

impl CardLine {
    pub fn new(card: &Card, connect: Duration) -> CardLine {
        let Card { own_mac, venue_mac, own, venue, .. } = *card;
        let times = Times { connect, linger: LINGER, ..Times::default() };
        CardLine {
            connection: Connection::new(&riposte_tcp::Config { own_mac, venue_mac, own, venue, times }),
            card: card.clone(),
            connect,
            wire: None,
            sender: Sender::Host,
            is_leaving: false,
            out: Box::new([0; FRAME_BYTES_MAX]),
            pending: 0,
            into: Box::new([0; WIRE_BYTES_MAX]),
            broken: None,
        }
    }

    /// Decides who sends.
    fn turn(&mut self, now_ns: u64, client: &mut Client) {
        let session = client.session();
        match self.sender {
            Sender::Host if client.is_current() && client.output().is_empty() && !self.is_leaving => {
                let Some(lent) = self.connection.lend() else { return };
                if lent.window < WINDOW_BEGIN {
                    // The venue has to read first.
                    let _ = self.connection.give_back();
                    return;
                }
                let (sequence, acknowledgement) = (lent.sequence, lent.acknowledgement);
                self.sender = Sender::Card { heard: 0, acknowledgement };
                client.tell_engine(Body::Delegate { session, sequence, acknowledgement, user_ref: self.card.first_user_ref });
            }
            Sender::Card { heard, acknowledgement } => {
                let Some(lent) = self.connection.lent() else { return };
                let behind = lent.acknowledgement.wrapping_sub(acknowledgement);
                if !client.output().is_empty() || behind > BEHIND_BYTES || lent.window < WINDOW_LEAST {
                    self.sender = Sender::Leaving { heard, until_ns: now_ns + self.connect.as_nanos() as u64 };
                    client.tell_engine(Body::Reclaim { session });
                }
            }
            Sender::Left { heard, orders, .. } if heard == orders && self.connection.give_back().is_ok() => self.sender = Sender::Host,
            Sender::Leaving { until_ns, .. } | Sender::Left { until_ns, .. } if now_ns >= until_ns => {
                self.broken = Some(Close::Broken("the card does not give the connection back in time".to_owned()));
            }
            _ => {}
        }
    }

    fn take(&mut self, now_ns: u64) -> bool {
        let Some(wire) = &mut self.wire else { return false };
        for taken in 0..BATCH {
            match wire.receive(&mut self.into) {
                Ok(0) => return taken > 0,
                Ok(bytes) => self.connection.frame(now_ns, &self.into[..bytes]),
                Err(why) => {
                    self.broken = Some(Close::Broken(why));
                    return true;
                }
            }
        }
        true
    }

    fn give(&mut self, now_ns: u64) -> bool {
        let Some(wire) = &mut self.wire else { return false };
        let mut any = false;
        loop {
            if self.pending == 0 {
                let Some(frame) = self.connection.poll(now_ns, &mut self.out) else { return any };
                self.pending = frame.len();
            }
            match wire.send(&self.out[..self.pending]) {
                Ok(true) => (self.pending, any) = (0, true),
                Ok(false) => return any,
                Err(why) => {
                    (self.broken, self.pending) = (Some(Close::Broken(why)), 0);
                    return true;
                }
            }
        }
    }

    fn is_over(&self) -> bool {
        matches!(self.connection.state(), State::Closed | State::TimeWait)
    }
}

impl Line for CardLine {
    fn plug(&mut self, wire: Option<Box<dyn Wire>>) {
        self.broken = Some(Close::Broken("the card is gone".to_owned()));
        (self.wire, self.pending) = (wire, 0);
    }

    fn open(&mut self, now_ns: u64) -> Result<bool, Close> {
        if self.wire.is_none() {
            return Ok(false);
        }
        (self.sender, self.is_leaving, self.broken) = (Sender::Host, false, None);
        // Nobody guesses it, which is what RFC 6528 is for.
        self.connection.open(now_ns, RandomState::new().hash_one(now_ns) as u32);
        Ok(true)
    }

    fn is_open(&mut self, now_ns: u64) -> Result<bool, Close> {
        self.take(now_ns);
        self.give(now_ns);
        match (self.broken.take(), self.connection.ended()) {
            (Some(broken), _) => Err(broken),
            (None, Some(end)) => Err(Close::Unreachable(end.to_string())),
            (None, None) => Ok(self.connection.state() == State::Open),
        }
    }

    fn exchange(&mut self, now_ns: u64, client: &mut Client) -> Result<bool, Close> {
        let mut any = self.take(now_ns);
        self.turn(now_ns, client);
        let written = self.connection.write(client.output());
        client.written(written);
        let room = client.room().min(self.into.len());
        let count = self.connection.read(&mut self.into[..room]);
        client.receive(now_ns, &self.into[..count]);
        any |= written > 0;
        any |= self.give(now_ns);
        if count > 0 {
            // Also what the venue has said before an end.
            return Ok(true);
        }
        match (self.broken.take(), self.connection.ended()) {
            (Some(broken), _) => Err(broken),
            (None, Some(End::Peer)) => Err(Close::Peer),
            (None, Some(end)) => Err(Close::Broken(end.to_string())),
            (None, None) => Ok(any),
        }
    }

    /// In order where the host sends, with a reset where the card still does.
    fn close(&mut self, output: &[u8], clock: &dyn Fn() -> u64) {
        if self.sender == Sender::Host && self.broken.is_none() {
            self.connection.write(output);
            self.connection.close();
            let until_ns = clock() + LINGER.as_nanos() as u64;
            while clock() < until_ns && !self.is_over() {
                let now_ns = clock();
                if !(self.take(now_ns) | self.give(now_ns)) {
                    std::thread::sleep(REST);
                }
            }
        }
        if !self.is_over() {
            self.connection.abort();
        }
        self.give(clock());
        (self.sender, self.broken) = (Sender::Host, None);
    }

    fn heard(&mut self, now_ns: u64, sequence: u32, order: &[u8]) {
        let (Sender::Card { heard, .. } | Sender::Leaving { heard, .. } | Sender::Left { heard, .. }) = &mut self.sender else { return };
        *heard += 1;
        if let Err(why) = self.connection.sent(now_ns, sequence, order) {
            self.broken = Some(Close::Broken(format!("the card's own sending: {why}")));
        }
    }

    fn leave(&mut self) -> bool {
        self.is_leaving = true;
        self.sender == Sender::Host
    }

    fn reclaimed(&mut self, orders: u32) {
        match self.sender {
            Sender::Leaving { heard, until_ns } => self.sender = Sender::Left { heard, orders, until_ns },
            // Asked for by a host that leaves, and not here.
            Sender::Card { heard, .. } => self.sender = Sender::Left { heard, orders, until_ns: u64::MAX },
            Sender::Host | Sender::Left { .. } => {}
        }
    }
}
