//! SoupBinTCP 3.00 (22 February 2017), the server's side of a session, as a state machine without a socket.
//!
//! In: bytes of the client in any cut, and the time. Out: bytes for the client, and what happened (`Event`).
//!
//! Holds: the n-th sequenced packet of a session is the n-th message of its `Stream`, whoever asks and whenever; no
//! input panics; after a `Close` nothing is read or written. What ends a session is told: by the packet that the
//! specification has for it, by a debug packet with the reason where it has none. Not here: what a message says.

mod packet;

pub use packet::{FrameError, Framer, PACKET_BYTES_MAX, Packet, kind, packet};
use thiserror::Error;

use crate::ouch::DecodeError;

const SECOND_NS: u64 = 1_000_000_000;
/// Login request: user name, password, session, sequence number.
const USERNAME: std::ops::Range<usize> = 0..6;
const PASSWORD: std::ops::Range<usize> = 6..16;
const SESSION: std::ops::Range<usize> = 16..26;
const SEQUENCE: std::ops::Range<usize> = 26..46;
const SEQUENCE_BYTES: usize = SEQUENCE.end - SEQUENCE.start;

/// Who may log in where, and how long each side waits.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Padded with spaces on the left, as in the login that is accepted.
    pub session: [u8; 10],
    /// At most 6 and 10 characters; case does not matter.
    pub username: String,
    pub password: String,
    /// A heartbeat goes out after this long without another packet.
    pub heartbeat_ns: u64,
    /// A client that has sent nothing for this long is gone.
    pub silence_ns: u64,
    /// A connection without a login for this long is closed.
    pub login_ns: u64,
    /// Whether the client may send messages.
    pub read_only: bool,
}

impl Terms {
    /// The specification's times: heartbeats after 1 second, 15 until a client is gone, 30 for the login.
    pub fn new(session: [u8; 10], username: &str, password: &str, read_only: bool) -> Terms {
        Terms {
            session,
            username: username.into(),
            password: password.into(),
            heartbeat_ns: SECOND_NS,
            silence_ns: 15 * SECOND_NS,
            login_ns: 30 * SECOND_NS,
            read_only,
        }
    }

    fn admits(&self, username: &[u8], password: &[u8]) -> bool {
        let is = |given: &[u8], wanted: &str| given.trim_ascii().eq_ignore_ascii_case(wanted.trim().as_bytes());
        is(username, &self.username) & is(password, &self.password)
    }
}

/// The sequenced messages of a session, the first is number 1.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    messages: Vec<(u64, Vec<u8>)>,
    has_ended: bool,
}

impl Stream {
    /// Appends a message that clients get at `release_ns` at the earliest, and never before one that stands before it.
    pub fn push(&mut self, message: Vec<u8>, release_ns: u64) {
        let floor = self.messages.last().map_or(0, |(release_ns, _)| *release_ns);
        self.messages.push((release_ns.max(floor), message));
    }

    /// Nothing more will come; clients that have everything are told so.
    pub fn end(&mut self) {
        self.has_ended = true;
    }

    pub fn len(&self) -> usize {
        self.messages.len()
    }

    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Every message, oldest first.
    pub fn messages(&self) -> impl Iterator<Item = &[u8]> {
        self.messages.iter().map(|(_, message)| message.as_slice())
    }

    /// Messages that were given out by `now_ns`.
    fn released(&self, now_ns: u64) -> usize {
        self.messages.partition_point(|(release_ns, _)| *release_ns <= now_ns)
    }
}

/// What bytes of the client led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A login was accepted; the number of the next sequenced message that the client gets.
    LoggedIn { next: u64 },
    /// A message of the client.
    Data(Vec<u8>),
    /// The session is over: what was written is to be flushed, then the connection closed.
    Close(Close),
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Close {
    #[error("user name or password is wrong")]
    NotAuthorised,
    #[error("no such session")]
    NoSession,
    #[error("the sequence number asked for is not a number or beyond the next one")]
    Sequence,
    #[error("no login within the time")]
    LoginTime,
    #[error("a login request of {0} bytes where 46 are needed")]
    LoginBytes(usize),
    #[error("a second login")]
    SecondLogin,
    #[error("packet type {:?} before a login", char::from(*.0))]
    BeforeLogin(u8),
    #[error("packet type {:?} is none of a client", char::from(*.0))]
    Kind(u8),
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error("a message on a session that is read only")]
    ReadOnly,
    #[error("{0}")]
    Message(DecodeError),
    #[error("nothing heard within the time")]
    Silence,
    #[error("logged out")]
    Logout,
    #[error("the session has ended")]
    Ended,
    #[error("a newer login took its place")]
    Displaced,
    #[error("the client closed the connection")]
    Client,
    #[error("the connection is broken, or the client does not read")]
    Broken,
    #[error("disconnected by a fault that was ordered")]
    Fault,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Connected,
    LoggedIn,
    Closed,
}

/// One connection of a client.
#[derive(Clone, Debug)]
pub struct Connection {
    framer: Framer,
    state: State,
    /// Messages of the stream that the client has, by what it asked for and what was written since.
    given: usize,
    heard_ns: u64,
    told_ns: u64,
}

impl Connection {
    /// A connection that was accepted now.
    pub fn new(now_ns: u64) -> Connection {
        let state = State::Connected;
        Connection { framer: Framer::default(), state, given: 0, heard_ns: now_ns, told_ns: now_ns }
    }

    pub fn is_logged_in(&self) -> bool {
        self.state == State::LoggedIn
    }

    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// Takes bytes of the client and appends the answers to `out`. Returns what they led to, one event a call, while
    /// there is more to do: call it again without bytes until it returns `None`.
    pub fn receive(
        &mut self,
        now_ns: u64,
        bytes: &[u8],
        terms: &Terms,
        stream: &Stream,
        out: &mut Vec<u8>,
    ) -> Option<Event> {
        if self.is_closed() {
            return None;
        }
        self.framer.push(bytes);
        if !bytes.is_empty() {
            self.heard_ns = now_ns;
        }
        loop {
            let packet = match self.framer.packet() {
                Ok(Some(packet)) => packet,
                Ok(None) => return None,
                Err(error) => return Some(self.close(error.into(), out)),
            };
            match (packet.kind, self.state) {
                (kind::DEBUG, _) => {}
                (kind::LOGIN, State::Connected) => return Some(self.log_in(now_ns, &packet.payload, terms, stream, out)),
                (kind::LOGIN, _) => return Some(self.close(Close::SecondLogin, out)),
                (kind, State::Connected) => return Some(self.close(Close::BeforeLogin(kind), out)),
                (kind::CLIENT_HEARTBEAT, _) => {}
                (kind::LOGOUT, _) => return Some(self.close(Close::Logout, out)),
                (kind::UNSEQUENCED, _) if terms.read_only => return Some(self.close(Close::ReadOnly, out)),
                (kind::UNSEQUENCED, _) => return Some(Event::Data(packet.payload)),
                (kind, _) => return Some(self.close(Close::Kind(kind), out)),
            }
        }
    }

    fn log_in(&mut self, now_ns: u64, request: &[u8], terms: &Terms, stream: &Stream, out: &mut Vec<u8>) -> Event {
        if request.len() < SEQUENCE.end {
            return self.close(Close::LoginBytes(request.len()), out);
        }
        if !terms.admits(&request[USERNAME], &request[PASSWORD]) {
            return self.close(Close::NotAuthorised, out);
        }
        let session = request[SESSION].trim_ascii();
        if !session.is_empty() && !session.eq_ignore_ascii_case(terms.session.trim_ascii()) {
            return self.close(Close::NoSession, out);
        }
        let newest = stream.released(now_ns);
        let asked = std::str::from_utf8(request[SEQUENCE].trim_ascii()).ok().and_then(|text| text.parse::<u64>().ok());
        self.given = match asked {
            Some(0) => newest,
            Some(asked) if asked <= newest as u64 + 1 => asked as usize - 1,
            _ => return self.close(Close::Sequence, out),
        };
        self.state = State::LoggedIn;
        let next = self.given as u64 + 1;
        let accepted = [&terms.session[..], format!("{next:>SEQUENCE_BYTES$}").as_bytes()].concat();
        self.tell(now_ns, kind::ACCEPTED, &accepted, out);
        Event::LoggedIn { next }
    }

    /// Writes what is due: sequenced messages that the client lacks, a heartbeat, the end. At most `limit` bytes are
    /// added, or one packet.
    pub fn pump(&mut self, now_ns: u64, terms: &Terms, stream: &Stream, limit: usize, out: &mut Vec<u8>) -> Option<Close> {
        let silent_ns = now_ns.saturating_sub(self.heard_ns);
        let over = match self.state {
            State::Closed => return None,
            State::Connected if silent_ns >= terms.login_ns => Some(Close::LoginTime),
            State::LoggedIn if silent_ns >= terms.silence_ns => Some(Close::Silence),
            _ => None,
        };
        if let Some(close) = over {
            self.close(close, out);
            return Some(close);
        }
        if self.state == State::Connected {
            return None;
        }
        let (released, end) = (stream.released(now_ns), out.len() + limit);
        while self.given < released && out.len() < end {
            let (_, message) = &stream.messages[self.given];
            self.tell(now_ns, kind::SEQUENCED, message, out);
            self.given += 1;
        }
        if stream.has_ended && self.given == stream.len() {
            self.close(Close::Ended, out);
            return Some(Close::Ended);
        }
        if now_ns.saturating_sub(self.told_ns) >= terms.heartbeat_ns {
            self.tell(now_ns, kind::SERVER_HEARTBEAT, &[], out);
        }
        None
    }

    /// Whether there are messages that the client could have by `now_ns`.
    pub fn lacks(&self, now_ns: u64, stream: &Stream) -> bool {
        self.is_logged_in() && self.given < stream.released(now_ns)
    }

    /// When `pump` has something to do at the latest if nothing else happens; `None` when closed.
    pub fn due_ns(&self, terms: &Terms, stream: &Stream) -> Option<u64> {
        let release_ns = stream.messages.get(self.given).map_or(u64::MAX, |(release_ns, _)| *release_ns);
        match self.state {
            State::Closed => None,
            State::Connected => Some(self.heard_ns + terms.login_ns),
            State::LoggedIn => {
                Some(release_ns.min(self.told_ns + terms.heartbeat_ns).min(self.heard_ns + terms.silence_ns))
            }
        }
    }

    fn tell(&mut self, now_ns: u64, kind: u8, payload: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(&packet(kind, payload));
        self.told_ns = now_ns;
    }

    /// Ends the session with the packet that the specification has for `close`.
    pub fn close(&mut self, close: Close, out: &mut Vec<u8>) -> Event {
        let (kind, payload) = match close {
            Close::NotAuthorised => (kind::REJECTED, "A".into()),
            Close::NoSession | Close::Sequence => (kind::REJECTED, "S".into()),
            Close::Ended => (kind::END_OF_SESSION, String::new()),
            close => (kind::DEBUG, close.to_string()),
        };
        if !matches!(close, Close::Logout | Close::Client | Close::Broken | Close::Fault) {
            out.extend_from_slice(&packet(kind, payload.as_bytes()));
        }
        self.state = State::Closed;
        Event::Close(close)
    }
}
