//! A session on a thread of its own, over the kernel's TCP.
//!
//! Why no poll of the system: the pinned core makes no system call, so nothing could wake a thread that sleeps in one. The
//! thread looks at its queues and its socket in turns, at first on its core, then behind others, then with short sleeps.
use crate::client::{Client, Close, Retry};
use crate::config::{Config, ConfigError, EnterTerms, Times};
use crate::ouch::{self, ENTER_BYTES, Enter};
use crate::payload::{NotAnOrder, PAYLOAD_BYTES_MAX, payload, user_ref};
use crate::reader::Unreadable;
use crate::soup::{LENGTH_BYTES, kind};
use riposte_engine::{Body, HostOrder, Side, Stream};
use riposte_map::limits::INSTRUMENTS;
use riposte_map::wire::ouch::{MARKET_PRICE_E4, QUANTITY_LIMIT};
use rtrb::{Consumer, Producer, RingBuffer};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use thiserror::Error;

/// Notices that nobody has read; more are not kept.
const NOTICES: usize = 256;
const READ_BYTES: usize = 16 * 1024;
/// How long the venue has for the last bytes of a connection that ends in order.
const FLUSH: Duration = Duration::from_millis(200);

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
    #[error("orders of this session are the card's; on it the host only cancels")]
    Card,
    #[error("OUCH has no timer that could be renewed; set timer_renew to 0")]
    Timer,
    #[error("instrument {0} has no symbol in this session")]
    Symbol(u8),
    #[error("order {user_ref}: its number, quantity or price cannot be")]
    Field { user_ref: u32 },
    #[error("order {user_ref}: the venue has said that it never took it")]
    Settled { user_ref: u32 },
}

/// A packet for the venue, with the epoch in which it was made.
struct Outgoing {
    epoch: u32,
    length: u8,
    bytes: [u8; PAYLOAD_BYTES_MAX],
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

/// The pinned core's end: it makes no system call, allocates nothing and never waits.
pub struct Session {
    number: u8,
    stream: Stream,
    enters: Option<EnterTerms>,
    symbols: [Option<[u8; 8]>; INSTRUMENTS],
    outgoing: Producer<Outgoing>,
    bodies: Consumer<Body>,
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

    /// Sends the order in a frame that the card has transmitted. On `Full` the frame stays with the caller, who gives it again.
    pub fn forward(&mut self, frame: &[u8]) -> Result<(), SendError> {
        if self.stream == Stream::DropCopy {
            return Err(SendError::DropCopy);
        }
        let payload = payload(frame)?;
        self.unsettled(user_ref(payload))?;
        let mut bytes = [0; PAYLOAD_BYTES_MAX];
        bytes[..payload.len()].copy_from_slice(payload);
        self.push(Outgoing { epoch: self.epoch, length: payload.len() as u8, bytes })
    }

    /// Sends an order of the engine.
    pub fn order(&mut self, order: &HostOrder) -> Result<(), SendError> {
        let (HostOrder::Enter { session, .. } | HostOrder::Cancel { session, .. } | HostOrder::RenewTimer { session }) = *order;
        if session != self.number {
            return Err(SendError::Session(session));
        }
        if self.stream == Stream::DropCopy {
            return Err(SendError::DropCopy);
        }
        match *order {
            HostOrder::Enter { user_ref, instrument, side, quantity, price, .. } => {
                self.enter(user_ref, instrument, side, quantity, price)
            }
            HostOrder::Cancel { user_ref, .. } => self.push(Outgoing::message(self.epoch, &ouch::cancel(user_ref))),
            HostOrder::RenewTimer { .. } => Err(SendError::Timer),
        }
    }

    fn enter(&mut self, user_ref: u32, instrument: u8, side: Side, quantity: u32, price: i64) -> Result<(), SendError> {
        let terms = self.enters.ok_or(SendError::Card)?;
        let symbol = self.symbols.get(usize::from(instrument)).copied().flatten();
        let symbol = symbol.ok_or(SendError::Symbol(instrument))?;
        // What the venue takes as a market order is no price.
        let price = u64::try_from(price).ok().filter(|&price| price > 0 && price < u64::from(MARKET_PRICE_E4));
        let (Some(price), true) = (price, user_ref > 0 && quantity > 0 && quantity < QUANTITY_LIMIT) else {
            return Err(SendError::Field { user_ref });
        };
        self.unsettled(user_ref)?;
        let mut message = [0; ENTER_BYTES + 6];
        let length = ouch::enter(&Enter { user_ref, side, quantity, symbol, price, terms: &terms }, &mut message);
        self.push(Outgoing::message(self.epoch, &message[..length]))
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
struct Shared {
    stop: AtomicBool,
    reread: AtomicBool,
    is_over: AtomicBool,
    connections: AtomicU64,
    messages: AtomicU64,
    unreadable: AtomicU64,
    sent: AtomicU64,
    unsent: AtomicU64,
}

/// Whoever looks after a session. Dropping it ends the session in order.
pub struct Runner {
    shared: Arc<Shared>,
    notices: Receiver<Notice>,
    thread: Option<JoinHandle<()>>,
}

impl Runner {
    /// The next notice, if there is one.
    pub fn notice(&self) -> Option<Notice> {
        self.notices.try_recv().ok()
    }

    /// Reads the whole stream again on a new connection: what `Output::Replay` asks for. Reports keep their numbers.
    pub fn reread(&self) {
        self.shared.reread.store(true, Relaxed);
    }

    /// Whether no connection is tried any more.
    pub fn is_over(&self) -> bool {
        self.shared.is_over.load(Relaxed)
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
    let (to_core, bodies) = RingBuffer::new(config.queue);
    let (tell, notices) = sync_channel(NOTICES);
    let shared = Arc::new(Shared::default());
    let worker = Worker {
        client,
        config: config.clone(),
        orders,
        to_core,
        tell,
        shared: Arc::clone(&shared),
        start: Instant::now(),
        socket: None,
        lost: None,
        retry_at: Instant::now(),
        retry_after: config.times.retry_min,
    };
    let name = format!("session-{}", config.session);
    let thread = std::thread::Builder::new().name(name).spawn(move || worker.run());
    let thread = thread.map_err(|error| ConfigError::Thread(error.to_string()))?;
    let session = Session {
        number: config.session,
        stream: config.stream,
        enters: config.enters,
        symbols: config.padded_symbols(),
        outgoing,
        bodies,
        epoch: 0,
        settled: 0,
    };
    Ok((session, Runner { shared, notices, thread: Some(thread) }))
}

/// The thread's state.
struct Worker {
    client: Client,
    config: Config,
    orders: Consumer<Outgoing>,
    to_core: Producer<Body>,
    tell: SyncSender<Notice>,
    shared: Arc<Shared>,
    start: Instant,
    socket: Option<TcpStream>,
    /// The connection has ended; what came of it is still to be read.
    lost: Option<Close>,
    retry_at: Instant,
    retry_after: Duration,
}

impl Worker {
    fn run(mut self) {
        let mut waits = 0;
        let mut is_over = false;
        while !is_over {
            let is_stopping = self.shared.stop.load(Relaxed);
            if is_stopping {
                self.client.close(Close::Stopped);
            } else if self.shared.reread.swap(false, Relaxed) {
                self.client.close(Close::Reread);
            }
            let mut any = self.hand_over();
            any |= self.take_orders();
            is_over = match self.socket {
                Some(_) => {
                    any |= self.exchange();
                    self.end()
                }
                None if is_stopping || self.shared.is_over.load(Relaxed) => is_stopping,
                None => {
                    any |= self.connect();
                    false
                }
            };
            self.count();
            waits = if any { 0 } else { waits + 1 };
            pause(waits);
        }
        self.hand_over();
        self.count();
    }

    fn now_ns(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Gives the engine what it has room for. What it has none for stays in the client, and then in the socket.
    fn hand_over(&mut self) -> bool {
        let now_ns = self.now_ns();
        let (mut any, was_current) = (false, self.client.is_current());
        while !self.to_core.is_full()
            && let Some(body) = self.client.next(now_ns)
        {
            any |= self.to_core.push(body).is_ok();
        }
        if self.client.is_current() && !was_current {
            self.retry_after = self.config.times.retry_min;
            self.notice(Notice::Current);
        }
        if let Some((number, why)) = self.client.take_unreadable() {
            self.notice(Notice::Unreadable { number, why });
        }
        any
    }

    fn take_orders(&mut self) -> bool {
        let now_ns = self.now_ns();
        let mut any = false;
        // Also without a connection, so that nothing stale waits for the next one.
        while self.client.send_room() >= PAYLOAD_BYTES_MAX
            && let Ok(Outgoing { epoch, length, bytes }) = self.orders.pop()
        {
            any = true;
            let before = self.client.unsent();
            let sent = self.client.send(now_ns, epoch, &bytes[..usize::from(length)]).is_ok();
            self.shared.sent.fetch_add(u64::from(sent && self.client.unsent() == before), Relaxed);
        }
        any
    }

    fn connect(&mut self) -> bool {
        if Instant::now() < self.retry_at {
            return false;
        }
        let ready = TcpStream::connect_timeout(&self.config.address, self.config.times.connect).and_then(|socket| {
            socket.set_nodelay(true)?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        });
        match ready {
            Ok(socket) => {
                self.shared.connections.fetch_add(1, Relaxed);
                self.socket = Some(socket);
                self.client.connected(self.now_ns());
            }
            Err(error) => self.over(Close::Unreachable(error.to_string())),
        }
        true
    }

    /// Writes and reads what can be, now. Whether anything went either way.
    fn exchange(&mut self) -> bool {
        let now_ns = self.now_ns();
        self.client.tick(now_ns);
        let Some(socket) = &mut self.socket else { return false };
        let mut any = false;
        while !self.client.output().is_empty() && self.lost.is_none() {
            match socket.write(self.client.output()) {
                Ok(count) => {
                    self.client.written(count);
                    any = true;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => {
                    // What the venue has said before is still to be read; the read tells why it ended.
                    let rest = self.client.output().len();
                    self.client.written(rest);
                }
            }
        }
        let mut bytes = [0; READ_BYTES];
        let room = self.client.room().min(READ_BYTES);
        if room == 0 || self.lost.is_some() {
            return any;
        }
        match socket.read(&mut bytes[..room]) {
            Ok(0) => self.lost = Some(Close::Peer),
            Ok(count) => {
                self.client.receive(now_ns, &bytes[..count]);
                any = true;
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(error) => self.lost = Some(Close::Broken(error.to_string())),
        }
        any
    }

    /// Ends a connection that is over, once everything that came of it is handed over. Whether the thread is to end.
    fn end(&mut self) -> bool {
        if self.lost.is_some() {
            self.hand_over();
        }
        // Bytes that are left now wait for room in the engine's queue.
        let why = match (self.client.closing(), &self.lost) {
            (Some(why), _) => why.clone(),
            (None, Some(why)) if !self.to_core.is_full() => why.clone(),
            _ => return false,
        };
        self.flush();
        self.socket = None;
        self.lost = None;
        self.client.disconnected();
        let is_stopped = why == Close::Stopped;
        self.over(why);
        self.hand_over();
        is_stopped
    }

    /// Writes what is left of a connection that ends in order.
    fn flush(&mut self) {
        let Some(socket) = &mut self.socket else { return };
        if self.lost.is_none() && !self.client.output().is_empty() {
            let _ = socket.set_nonblocking(false);
            let _ = socket.set_write_timeout(Some(FLUSH));
            let _ = socket.write_all(self.client.output());
        }
        let _ = socket.shutdown(std::net::Shutdown::Both);
    }

    /// Decides what comes behind a connection that was none or has ended.
    fn over(&mut self, why: Close) {
        let retry = why.retry();
        match retry {
            Retry::Now => self.retry_at = Instant::now(),
            Retry::Later => {
                let Times { retry_min, retry_max, .. } = self.config.times;
                self.retry_at = Instant::now() + self.retry_after;
                self.retry_after = (self.retry_after * 2).clamp(retry_min, retry_max.max(retry_min));
            }
            Retry::Never => self.shared.is_over.store(true, Relaxed),
        }
        if why != Close::Probed {
            self.notice(Notice::Closed { why, retry });
        }
    }

    fn notice(&self, notice: Notice) {
        // Who does not read them does not miss them: the counts tell.
        let _ = self.tell.try_send(notice);
    }

    fn count(&self) {
        self.shared.messages.store(self.client.messages(), Relaxed);
        self.shared.unreadable.store(self.client.unreadable(), Relaxed);
        self.shared.unsent.store(self.client.unsent(), Relaxed);
    }
}

fn pause(rounds: u32) {
    match rounds {
        0 => {}
        1..=64 => std::hint::spin_loop(),
        65..=1024 => std::thread::yield_now(),
        _ => std::thread::sleep(Duration::from_micros(50)),
    }
}
