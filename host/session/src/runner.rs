//! A session as the pinned core has it, and as whoever looks after it does.
use crate::card_line::Wire;
use crate::client::{Client, Close, Retry};
use crate::config::{Config, ConfigError};
use crate::ouch;
use crate::payload::{NotAnOrder, PAYLOAD_BYTES_MAX, payload, sequence, user_ref};
use crate::reader::Unreadable;
use crate::soup::{LENGTH_BYTES, kind};
use crate::worker::{Ways, Worker};
use riposte_engine::{Body, HostMessage, Stream};
use rtrb::{Consumer, Producer, RingBuffer};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::{Acquire, Relaxed}};
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::thread::JoinHandle;
use thiserror::Error;

/// Notices that nobody has read; more are not kept.
const NOTICES: usize = 256;

/// Why nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SendError {
    #[error("the session's queue is full: the venue does not take what was sent")]
    Full,
    #[error("not sent: {0}")]
    NotAnOrder(#[from] NotAnOrder),
    #[error("session {0} is another one")]
    Session(u8),
    #[error("a drop copy takes nothing")]
    DropCopy,
    #[error("OUCH has no timer that could be renewed; set timer_renew to 0")]
    Timer,
    #[error("order {user_ref}: the venue has said that it never took it")]
    Settled { user_ref: u32 },
}

/// A packet for the venue, with the epoch in which it was made.
pub(crate) struct Outgoing {
    pub epoch: u32,
    pub length: u8,
    pub bytes: [u8; PAYLOAD_BYTES_MAX],
}

impl Outgoing {
    /// A packet of unsequenced data.
    fn message(epoch: u32, message: &[u8]) -> Outgoing {
        let mut bytes = [0; PAYLOAD_BYTES_MAX];
        let length = LENGTH_BYTES + 1 + message.len();
        bytes[..LENGTH_BYTES].copy_from_slice(&(message.len() as u16 + 1).to_be_bytes());
        bytes[LENGTH_BYTES] = kind::UNSEQUENCED;
        bytes[LENGTH_BYTES + 1..length].copy_from_slice(message);
        Outgoing { epoch, length: length as u8, bytes }
    }
}

/// What the card has done in the connection, on a wire of its own.
pub(crate) enum Told {
    /// An order has left: its segment, with the epoch in which it was heard of.
    Sent { epoch: u32, sequence: u32, length: u8, bytes: [u8; PAYLOAD_BYTES_MAX] },
    /// It sends no more, and has sent so many.
    Reclaimed { epoch: u32, orders: u32 },
}

/// The pinned core's end: it makes no system call, allocates nothing and never waits.
pub struct Session {
    number: u8,
    stream: Stream,
    outgoing: Producer<Outgoing>,
    told: Producer<Told>,
    /// The card's orders leave on its own wire.
    by_card: bool,
    bodies: Consumer<Body>,
    shared: Arc<Shared>,
    /// How many `CaughtUp` were received.
    epoch: u32,
    /// What became of every order up to this number was decided when the last one was.
    settled: u32,
}

impl Session {
    /// The next thing that happened. What is sent before a `CaughtUp` is received never goes out behind it: by then the venue
    /// has said what it took.
    pub fn receive(&mut self) -> Option<Body> {
        let body = self.bodies.pop().ok()?;
        self.epoch += u32::from(matches!(body, Body::CaughtUp { .. }));
        Some(body)
    }

    /// Whether a `CaughtUp` is received next. Who forwards frames first hears of every order in those that it took: what
    /// becomes of an order that nobody has heard of is not decided by it.
    pub fn catches_up(&self) -> bool {
        matches!(self.bodies.peek(), Ok(Body::CaughtUp { .. }))
    }

    /// A `CaughtUp` was received, and orders up to `user_ref` were known then: none of them goes out behind it.
    pub fn settle(&mut self, session: u8, user_ref: u32) {
        if session == self.number {
            self.settled = self.settled.max(user_ref);
        }
    }

    fn unsettled(&self, user_ref: u32) -> Result<(), SendError> {
        if user_ref > self.settled { Ok(()) } else { Err(SendError::Settled { user_ref }) }
    }

    /// Takes the order in a frame that the card has transmitted: sends it, or, where the card has sent it itself, sees that it arrives.
    /// On `Full` the frame stays with the caller, who gives it again.
    pub fn forward(&mut self, frame: &[u8]) -> Result<(), SendError> {
        if self.stream == Stream::DropCopy {
            return Err(SendError::DropCopy);
        }
        let payload = payload(frame)?;
        self.unsettled(user_ref(payload))?;
        let mut bytes = [0; PAYLOAD_BYTES_MAX];
        bytes[..payload.len()].copy_from_slice(payload);
        let (epoch, length) = (self.epoch, payload.len() as u8);
        if self.by_card {
            return self.tell(Told::Sent { epoch, sequence: sequence(frame), length, bytes });
        }
        self.push(Outgoing { epoch, length, bytes })
    }

    /// The card sends in the connection no more, and has sent so many orders since it could.
    pub fn reclaimed(&mut self, session: u8, orders: u32) -> Result<(), SendError> {
        if session != self.number || self.stream == Stream::DropCopy {
            return Err(SendError::Session(session));
        }
        self.tell(Told::Reclaimed { epoch: self.epoch, orders })
    }

    /// The host leaves: the card is lent the connection no more.
    pub fn leave(&self) {
        self.shared.leaves.store(true, Relaxed);
    }

    /// Whether the host has the connection for good, since it leaves.
    pub fn is_back(&self) -> bool {
        self.shared.is_back.load(Relaxed)
    }

    fn tell(&mut self, told: Told) -> Result<(), SendError> {
        self.told.push(told).map_err(|_| SendError::Full)
    }

    /// Sends a message of the engine.
    pub fn send(&mut self, message: &HostMessage) -> Result<(), SendError> {
        let (HostMessage::Cancel { session, .. } | HostMessage::RenewTimer { session }) = *message;
        if session != self.number {
            return Err(SendError::Session(session));
        }
        if self.stream == Stream::DropCopy {
            return Err(SendError::DropCopy);
        }
        match *message {
            HostMessage::Cancel { user_ref, .. } => self.push(Outgoing::message(self.epoch, &ouch::cancel(user_ref))),
            HostMessage::RenewTimer { .. } => Err(SendError::Timer),
        }
    }

    fn push(&mut self, outgoing: Outgoing) -> Result<(), SendError> {
        self.outgoing.push(outgoing).map_err(|_| SendError::Full)
    }
}

/// What a person may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Logged in and current.
    Current,
    /// A connection is over; another is tried if `retry` says so.
    Closed { why: Close, retry: Retry },
    /// Message `number` of the stream could not be read; the engine knows.
    Unreadable { number: u64, why: Unreadable },
}

impl std::fmt::Display for Notice {
    fn fmt(&self, to: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Notice::Current => write!(to, "logged in, and everything is read"),
            Notice::Closed { why, retry: Retry::Never } => write!(to, "{why}; not tried again"),
            Notice::Closed { why, .. } => write!(to, "{why}"),
            Notice::Unreadable { number, why } => write!(to, "message {number} of the venue cannot be read: {why}"),
        }
    }
}

/// What a session has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// TCP connections that were made.
    pub connections: u64,
    /// Messages of the stream that were read.
    pub messages: u64,
    /// Of these, those that could not be read.
    pub unreadable: u64,
    /// Packets that went to the venue's connection: orders of the card and messages of the engine.
    pub sent: u64,
    /// Packets that did not, because they were made without a session or before the venue's last word.
    pub unsent: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub stop: AtomicBool,
    pub reread: AtomicBool,
    pub leaves: AtomicBool,
    pub is_back: AtomicBool,
    pub is_over: AtomicBool,
    pub connections: AtomicU64,
    pub messages: AtomicU64,
    pub unreadable: AtomicU64,
    pub sent: AtomicU64,
    pub unsent: AtomicU64,
}

/// Whoever looks after a session. Dropping it ends the session in order.
pub struct Runner {
    shared: Arc<Shared>,
    notices: Receiver<Notice>,
    wires: Sender<Option<Box<dyn Wire>>>,
    thread: Option<JoinHandle<()>>,
}

impl Runner {
    /// The next notice, if there is one.
    pub fn notice(&self) -> Option<Notice> {
        self.notices.try_recv().ok()
    }

    /// Gives a session over a card's wire that of the card that is there now, or takes it away with the card.
    pub fn plug(&self, wire: Option<Box<dyn Wire>>) {
        // A thread that is gone needs none.
        let _ = self.wires.send(wire);
    }

    /// Reads the whole stream again on a new connection: what `Output::Replay` asks for. Reports keep their numbers.
    pub fn reread(&self) {
        self.shared.reread.store(true, Relaxed);
    }

    /// Whether no connection is tried any more.
    pub fn is_over(&self) -> bool {
        self.shared.is_over.load(Acquire)
    }

    pub fn counts(&self) -> Counts {
        let Shared { connections, messages, unreadable, sent, unsent, .. } = &*self.shared;
        let [connections, messages, unreadable, sent, unsent] =
            [connections, messages, unreadable, sent, unsent].map(|count| count.load(Relaxed));
        Counts { connections, messages, unreadable, sent, unsent }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.shared.stop.store(true, Relaxed);
        // A thread that panicked has told so itself.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Starts a session's thread. It connects, logs in, and comes back whenever the connection is lost.
pub fn start(config: &Config) -> Result<(Session, Runner), ConfigError> {
    let client = Client::new(config)?;
    let (outgoing, orders) = RingBuffer::new(config.queue);
    let (tell_line, told) = RingBuffer::new(config.queue);
    let (to_core, bodies) = RingBuffer::new(config.queue);
    let (wires, plugged) = channel();
    let (tell, notices) = sync_channel(NOTICES);
    let shared = Arc::new(Shared::default());
    let ways = Ways { orders, told, to_core, plugged, tell, shared: Arc::clone(&shared) };
    let worker = Worker::new(client, config, ways);
    let name = format!("session-{}", config.session);
    let thread = std::thread::Builder::new().name(name).spawn(move || worker.run());
    let thread = thread.map_err(|error| ConfigError::Thread(error.to_string()))?;
    let session = Session {
        number: config.session,
        stream: config.stream,
        outgoing,
        told: tell_line,
        by_card: config.card.is_some(),
        bodies,
        shared: Arc::clone(&shared),
        epoch: 0,
        settled: 0,
    };
    Ok((session, Runner { shared, notices, wires, thread: Some(thread) }))
}
