//! A connection as its user has it: opened, written to, read, lent and closed.
use crate::config::{Config, nanoseconds};
use crate::counts::Counts;
use crate::incoming::{Incoming, WINDOW_BYTES_MAX};
use crate::outgoing::Outgoing;
use crate::retransmit::{Probe, Retransmit};
use crate::sequence::is_before;
use crate::wire::{Asker, FRAME_BYTES_MAX, Received, receive};
use thiserror::Error;

/// Where a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not opened, or over: [`Connection::ended`] tells why.
    Closed,
    /// A SYN is on its way.
    Connecting,
    Open,
    /// The venue has closed its side; ours is still open (CLOSE-WAIT).
    PeerClosed,
    /// We close ours; what was written before still goes out, and what the venue sends can still be read.
    Closing,
    /// Both sides are closed, ours was first: what comes late is still answered (TIME-WAIT).
    TimeWait,
}

/// Why a connection is over. What came before can still be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum End {
    #[error("the venue refuses the connection")]
    Refused,
    #[error("the venue has reset the connection")]
    Reset,
    #[error("the venue does not answer")]
    TimeOut,
    /// It has closed its side, and everything before that has been read.
    #[error("the venue has closed the connection")]
    Peer,
    #[error("closed by us, in order")]
    Closed,
    #[error("given up by us")]
    Aborted,
}

/// What somebody who sends in our place goes on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lent {
    /// Of the next byte.
    pub sequence: u32,
    /// What we have of the venue.
    pub acknowledgement: u32,
    /// Bytes from `sequence` to the right edge of the venue's window.
    pub window: u32,
    /// The window to announce with this acknowledgement. More is not there; a venue that sends it has sent it in vain, and some
    /// cope badly with a window that shrinks.
    pub own_window: u16,
}

/// A segment that cannot have been sent in our place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotNext {
    #[error("a segment was sent at sequence number {told}, where {next} is next")]
    Sequence { next: u32, told: u32 },
    #[error("a segment of {bytes} bytes was sent where the venue can take {room} at most")]
    Room { bytes: usize, room: usize },
    #[error("a segment was sent on a connection that was not lent")]
    NotLent,
}

/// Somebody who sends in our place has not told of everything yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the venue has acknowledged up to sequence number {acknowledged}, but only what is before {next} is known to have been sent")]
pub struct Unheard {
    pub next: u32,
    pub acknowledged: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Closed,
    Connecting,
    Synchronised,
    Lingering,
}

/// A reset to send: its sequence number and, if it needs one, its acknowledgement.
pub(crate) type Reset = (u32, Option<u32>);

pub struct Connection {
    pub(crate) config: Config,
    pub(crate) phase: Phase,
    pub(crate) end: Option<End>,
    pub(crate) outgoing: Outgoing,
    pub(crate) incoming: Incoming,
    pub(crate) timer: Retransmit,
    pub(crate) probe: Probe,
    /// Waits in a row that nobody has answered.
    pub(crate) attempts: u32,
    /// When connecting, or lingering, ends.
    pub(crate) deadline_ns: u64,
    pub(crate) initial: u32,
    pub(crate) syn_due: bool,
    /// Acknowledgements to send. More than one only of segments out of order: each asks for what is missing.
    pub(crate) acknowledgements: u8,
    /// The last one may have had a number that is too old by now, since somebody sends in our place.
    pub(crate) is_unsure: bool,
    pub(crate) reset: Option<Reset>,
    pub(crate) asker: Option<Asker>,
    /// Since when answers to what cannot be of this connection were counted, and how many were given.
    pub(crate) challenges: (u64, u32),
    pub(crate) is_lent: bool,
    /// We were asked to close.
    pub(crate) is_closing: bool,
    /// The venue closed before we were asked to.
    pub(crate) peer_was_first: bool,
    pub(crate) counts: Counts,
}

impl Connection {
    pub fn new(config: &Config) -> Connection {
        Connection {
            config: config.clone(),
            phase: Phase::Closed,
            end: None,
            outgoing: Outgoing::new(),
            incoming: Incoming::new(),
            timer: Retransmit::new(&config.times),
            probe: Probe::default(),
            attempts: 0,
            deadline_ns: 0,
            initial: 0,
            syn_due: false,
            acknowledgements: 0,
            is_unsure: false,
            reset: None,
            asker: None,
            challenges: (0, 0),
            is_lent: false,
            is_closing: false,
            peer_was_first: false,
            counts: Counts::default(),
        }
    }

    /// Begins anew, whatever was before. `initial` should be as hard to guess as RFC 6528 wants it.
    pub fn open(&mut self, now_ns: u64, initial: u32) {
        (self.phase, self.end) = (Phase::Connecting, None);
        self.incoming.start(0);
        self.outgoing.start(initial, 1, 0, 0);
        self.timer.clear();
        self.probe.stop();
        self.deadline_ns = now_ns.saturating_add(nanoseconds(self.config.times.connect));
        (self.initial, self.syn_due, self.attempts, self.acknowledgements) = (initial, true, 0, 0);
        (self.is_lent, self.is_closing, self.peer_was_first, self.is_unsure) = (false, false, false, false);
    }

    /// Takes any frame that came.
    pub fn frame(&mut self, now_ns: u64, frame: &[u8]) {
        self.counts.frames += 1;
        match receive(&self.config, frame, &mut self.counts.ignored) {
            Received::Segment(segment) => {
                self.counts.segments += 1;
                self.segment(now_ns, &segment);
            }
            Received::Question(asker) => self.asker = Some(asker),
            Received::Nothing => {}
        }
    }

    /// The next frame to send, if there is one: to be called until there is none, after each frame that came and whenever time has passed.
    pub fn poll<'a>(&mut self, now_ns: u64, out: &'a mut [u8; FRAME_BYTES_MAX]) -> Option<&'a [u8]> {
        let bytes = self.next_frame(now_ns, out)?;
        out.get(..bytes)
    }

    pub fn state(&self) -> State {
        match self.phase {
            Phase::Closed => State::Closed,
            Phase::Connecting => State::Connecting,
            Phase::Lingering => State::TimeWait,
            Phase::Synchronised if self.is_closing => State::Closing,
            Phase::Synchronised if self.incoming.is_finished() => State::PeerClosed,
            Phase::Synchronised => State::Open,
        }
    }

    /// Why the connection is over, as far as the venue's side goes: of [`End::Peer`] ours may still be open, and wants to be closed.
    pub fn ended(&self) -> Option<End> {
        let is_read = self.incoming.is_empty();
        match self.end {
            Some(End::Peer) => is_read.then_some(End::Peer),
            None if self.peer_was_first && is_read => Some(End::Peer),
            end => end,
        }
    }

    fn may_write(&self) -> bool {
        self.phase == Phase::Synchronised && !self.is_closing && !self.is_lent
    }

    /// Takes bytes to send, as many as there is room for, and says how many. It takes none while the connection is lent.
    pub fn write(&mut self, bytes: &[u8]) -> usize {
        if self.may_write() { self.outgoing.write(bytes) } else { 0 }
    }

    /// Bytes that were written and not sent yet.
    pub fn unsent(&self) -> usize {
        self.outgoing.unsent()
    }

    /// Bytes that were sent, by us or in our place, and not acknowledged yet; a FIN is one.
    pub fn unacknowledged(&self) -> usize {
        self.outgoing.in_flight()
    }

    /// Gives the venue's bytes in order, and says how many.
    pub fn read(&mut self, into: &mut [u8]) -> usize {
        let count = self.incoming.read(into);
        if self.phase == Phase::Synchronised && self.incoming.must_tell() {
            self.acknowledgements = self.acknowledgements.max(1);
        }
        count
    }

    /// No more is written. A FIN follows what was, and waits while the connection is lent.
    pub fn close(&mut self) {
        match self.phase {
            Phase::Connecting => self.over(End::Closed),
            Phase::Synchronised if !self.is_closing => {
                self.is_closing = true;
                self.outgoing.finish();
            }
            _ => {}
        }
    }

    /// Ends at once, with a reset.
    pub fn abort(&mut self) {
        if self.phase == Phase::Synchronised {
            self.reset = Some((self.outgoing.front(), Some(self.incoming.next())));
        }
        if self.phase != Phase::Closed {
            self.over(End::Aborted);
        }
    }

    pub(crate) fn over(&mut self, end: End) {
        (self.phase, self.is_lent, self.acknowledgements) = (Phase::Closed, false, 0);
        self.end.get_or_insert(end);
        self.timer.stop();
    }

    /// Lends the sequence space to somebody who sends in our place, if the connection is open and everything written was sent. What
    /// came of it is told by [`Connection::sent`]; acknowledging, sending again and reading stay here.
    pub fn lend(&mut self) -> Option<Lent> {
        if self.state() != State::Open || self.is_lent || self.outgoing.unsent() > 0 {
            return None;
        }
        self.is_lent = true;
        self.lent()
    }

    /// What it goes on from now, if it is lent.
    pub fn lent(&self) -> Option<Lent> {
        self.is_lent.then(|| Lent {
            sequence: self.outgoing.next(),
            acknowledgement: self.incoming.next(),
            window: self.outgoing.usable() as u32,
            own_window: self.incoming.known_window().min(WINDOW_BYTES_MAX) as u16,
        })
    }

    pub fn is_lent(&self) -> bool {
        self.is_lent
    }

    /// A segment has been put on the wire in our place. From now on it is ours to look after, until it is acknowledged.
    pub fn sent(&mut self, now_ns: u64, sequence: u32, payload: &[u8]) -> Result<(), NotNext> {
        if !self.is_lent {
            return Err(NotNext::NotLent);
        }
        let (next, room) = (self.outgoing.next(), self.outgoing.room());
        if sequence != next {
            return Err(NotNext::Sequence { next, told: sequence });
        }
        if payload.len() > room {
            return Err(NotNext::Room { bytes: payload.len(), room });
        }
        if payload.is_empty() {
            return Ok(());
        }
        self.outgoing.sent(payload);
        let end = self.outgoing.next();
        if is_before(self.outgoing.unacknowledged(), end) {
            self.timer.sent(now_ns, end);
        }
        // An acknowledgement from before this was told, which the venue may have taken for an old one: once more.
        if std::mem::take(&mut self.is_unsure) {
            self.acknowledgements = self.acknowledgements.max(1);
        }
        Ok(())
    }

    /// Nobody sends in our place any more, and everything that was sent has been told: we write again.
    pub fn give_back(&mut self) -> Result<(), Unheard> {
        match self.outgoing.unheard() {
            Some(acknowledged) if self.is_lent => Err(Unheard { next: self.outgoing.next(), acknowledged }),
            _ => {
                self.is_lent = false;
                Ok(())
            }
        }
    }

    pub fn counts(&self) -> Counts {
        self.counts
    }
}
