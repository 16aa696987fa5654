//! A session without socket and clock: bytes and times in, bytes and bodies out.
//!
//! A connection begins with a login. That of an order session first asks for nothing but new messages, which tells how many
//! there are; unless that is what the host has read, it logs in again from there. When everything is read the host asks the
//! venue for the next order number: its answer stands behind all that was before, and is the venue's word on what it took.
//!
//! Holds: between a login and that answer nothing of the card or the engine goes out, and what was made before
//! never does. The n-th sequenced packet is message n of the stream, whoever counts. Whatever ends a connection is told once.
use crate::config::{Config, ConfigError, Times};
use crate::reader::{Reader, Unreadable};
use crate::runner::SendError;
use crate::soup::{self, FrameError, Framer, kind};
use crate::{ouch, payload::PAYLOAD_BYTES_MAX};
use riposte_engine::{Body, Stream};
use std::collections::VecDeque;
use thiserror::Error;

/// Bytes that may wait to be written.
const OUT_BYTES_MAX: usize = 16 * 1024;

/// Why a connection is over.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Close {
    #[error("no connection: {0}")]
    Unreachable(String),
    #[error("the venue did not answer in time")]
    LoginTime,
    #[error("login rejected: user name or password are wrong; set them right and start again")]
    NotAuthorised,
    #[error("login rejected: the venue has no such session now")]
    NoSession,
    #[error("login rejected with reason {0:?}")]
    Rejected(String),
    #[error("the venue's answer to the login cannot be read")]
    Login,
    #[error("the venue's session is {found:?} and was {known:?}: another day has begun; start the host anew")]
    OtherSession { known: String, found: String },
    #[error("the venue's stream has {theirs} messages, and the host has read {ours}: it is another stream; start the host anew")]
    Shorter { ours: u64, theirs: u64 },
    #[error("the venue begins with message {found}, and {wanted} was asked for")]
    Number { wanted: u64, found: u64 },
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error("packet type {:?} at a moment when it cannot be", char::from(*.0))]
    Kind(u8),
    #[error("nothing heard within the time")]
    Silence,
    #[error("the venue has ended the session")]
    Ended,
    #[error("the venue closed the connection")]
    Peer,
    #[error("the connection is broken: {0}")]
    Broken(String),
    #[error("it is known how much there is to read")]
    Probed,
    #[error("the stream is read from its beginning")]
    Reread,
    #[error("the host stops")]
    Stopped,
}

/// When a connection may be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    Now,
    Later,
    /// A person has to do something.
    Never,
}

impl Close {
    pub fn retry(&self) -> Retry {
        match self {
            Close::Probed | Close::Reread => Retry::Now,
            Close::NotAuthorised | Close::OtherSession { .. } | Close::Shorter { .. } => Retry::Never,
            Close::Ended | Close::Stopped => Retry::Never,
            _ => Retry::Later,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Closed,
    /// Logging in for new messages only.
    Probing,
    LoggingIn,
    Reading,
    /// Everything was read and the venue has said what it took.
    Current,
    /// To be closed behind what is in `out`.
    Closing(Close),
}

/// A session and its stream, over all of its connections.
#[derive(Debug)]
pub struct Client {
    config: Config,
    framer: Framer,
    out: Vec<u8>,
    state: State,
    reader: Reader,
    waiting: VecDeque<Body>,
    /// Number of the next message of the stream.
    next: u64,
    /// Everything below was there when the venue was asked.
    target: u64,
    /// The venue was told that it should say what it took.
    is_queried: bool,
    /// `SessionUp` was told, and no end of it.
    is_up: bool,
    known: Option<[u8; 10]>,
    /// How often the session has become current.
    epoch: u32,
    heard_ns: u64,
    told_ns: u64,
    last_unreadable: Option<(u64, Unreadable)>,
    unreadable: u64,
    unsent: u64,
}

impl Client {
    pub fn new(config: &Config) -> Result<Client, ConfigError> {
        config.check()?;
        Ok(Client {
            framer: Framer::new(),
            out: Vec::with_capacity(OUT_BYTES_MAX),
            state: State::Closed,
            reader: Reader::new(config.session, config.stream, config.padded_symbols(), config.orders),
            waiting: VecDeque::with_capacity(4),
            next: 1,
            target: 0,
            is_queried: false,
            is_up: false,
            known: None,
            epoch: 0,
            heard_ns: 0,
            told_ns: 0,
            last_unreadable: None,
            unreadable: 0,
            unsent: 0,
            config: config.clone(),
        })
    }

    fn has_orders(&self) -> bool {
        self.config.stream == Stream::Session
    }

    /// A connection is there. Its first packet is our login.
    pub fn connected(&mut self, now_ns: u64) {
        self.framer.clear();
        self.out.clear();
        (self.heard_ns, self.told_ns, self.is_queried) = (now_ns, now_ns, false);
        let is_probe = self.has_orders() && self.target < self.next;
        self.state = if is_probe { State::Probing } else { State::LoggingIn };
        soup::put_login(&mut self.out, &self.config.login, if is_probe { 0 } else { self.next });
    }

    /// Takes bytes of the venue; gives how many it had room for. Those that are left are to be given again after `next`.
    pub fn receive(&mut self, now_ns: u64, bytes: &[u8]) -> usize {
        if !bytes.is_empty() {
            self.heard_ns = now_ns;
        }
        self.framer.push(bytes)
    }

    /// Bytes that `receive` takes now.
    pub fn room(&self) -> usize {
        self.framer.room()
    }

    /// What comes next of the bytes that were received, one body a call; `None` when there is no more in them.
    pub fn next(&mut self, now_ns: u64) -> Option<Body> {
        loop {
            if let Some(body) = self.waiting.pop_front() {
                return Some(body);
            }
            if matches!(self.state, State::Closed | State::Closing(_)) {
                return None;
            }
            match self.framer.packet() {
                Ok(None) => return None,
                Ok(Some((kind, place))) => self.packet(now_ns, kind, place),
                Err(error) => self.close(error.into()),
            }
        }
    }

    fn packet(&mut self, now_ns: u64, kind: u8, place: std::ops::Range<usize>) {
        match (kind, &self.state) {
            (kind::DEBUG, _) => {}
            (kind::ACCEPTED, State::Probing | State::LoggingIn) => self.accepted(now_ns, place),
            (kind::REJECTED, State::Probing | State::LoggingIn) => {
                let close = match self.framer.payload(place) {
                    b"A" => Close::NotAuthorised,
                    b"S" => Close::NoSession,
                    other => Close::Rejected(other.escape_ascii().to_string()),
                };
                self.close(close);
            }
            (kind::END_OF_SESSION, _) => {
                if self.has_orders() {
                    self.waiting.push_back(Body::SessionEnd { session: self.config.session });
                }
                self.is_up = false;
                self.close(Close::Ended);
            }
            (kind::SEQUENCED, State::Reading | State::Current) => self.message(now_ns, place),
            (kind::SERVER_HEARTBEAT, State::Reading | State::Current) => {
                if self.has_orders() {
                    self.waiting.push_back(Body::Heartbeat { session: self.config.session });
                }
            }
            (kind::SERVER_HEARTBEAT, _) => {}
            (kind, _) => self.close(Close::Kind(kind)),
        }
    }

    fn accepted(&mut self, now_ns: u64, place: std::ops::Range<usize>) {
        let Some((session, found)) = soup::accepted(self.framer.payload(place)) else { return self.close(Close::Login) };
        if let Some(known) = self.known.filter(|known| *known != session) {
            let text = |name: [u8; 10]| name.escape_ascii().to_string().trim().to_owned();
            return self.close(Close::OtherSession { known: text(known), found: text(session) });
        }
        self.known = Some(session);
        let ours = self.next;
        if self.state == State::Probing {
            if found < ours {
                return self.close(Close::Shorter { ours: ours - 1, theirs: found - 1 });
            }
            self.target = found;
            if found > ours {
                return self.close(Close::Probed);
            }
        } else if found != ours {
            return self.close(Close::Number { wanted: ours, found });
        }
        self.state = State::Reading;
        if self.has_orders() {
            self.is_up = true;
            self.waiting.push_back(Body::SessionUp { session: self.config.session });
            self.query(now_ns);
        }
    }

    /// Asks what the venue has taken, once everything is read that was there when we came.
    fn query(&mut self, now_ns: u64) {
        if !self.is_queried && self.next >= self.target {
            self.is_queried = true;
            self.tell(now_ns, kind::UNSEQUENCED, &ouch::QUERY);
        }
    }

    fn message(&mut self, now_ns: u64, place: std::ops::Range<usize>) {
        let number = self.next;
        self.next += 1;
        let told = self.reader.read(self.framer.payload(place));
        self.waiting.extend(told.reports.into_iter().flatten());
        if let Some(why) = told.unreadable {
            self.unreadable += 1;
            self.last_unreadable = Some((number, why));
        }
        // Answers to older queries are read again with the stream, and ours is asked for behind all of them.
        let is_answer = self.state == State::Reading && self.is_queried;
        if let Some(next_user_ref) = told.next_user_ref.filter(|_| is_answer) {
            self.state = State::Current;
            self.epoch += 1;
            let (session, next_sequence) = (self.config.session, self.reader.next_report());
            self.waiting.push_back(Body::CaughtUp { session, next_sequence, next_user_ref });
        }
        if self.has_orders() && self.state == State::Reading {
            self.query(now_ns);
        }
    }

    /// Bytes that `send` takes now.
    pub fn send_room(&self) -> usize {
        OUT_BYTES_MAX - self.out.len().min(OUT_BYTES_MAX)
    }

    /// Writes a whole packet of the card or the engine, which was made in `epoch`. One of another epoch, or while the session
    /// is not current, is forgotten and counted: the venue has said, or will say, that it never took it.
    pub fn send(&mut self, now_ns: u64, epoch: u32, packet: &[u8]) -> Result<(), SendError> {
        if packet.len() > PAYLOAD_BYTES_MAX || packet.len() > self.send_room() {
            return Err(SendError::Full);
        }
        if !self.is_of(epoch) {
            self.forget();
            return Ok(());
        }
        self.out.extend_from_slice(packet);
        self.told_ns = now_ns;
        Ok(())
    }

    /// Whether what was made in `epoch` belongs to the connection that is there.
    pub(crate) fn is_of(&self, epoch: u32) -> bool {
        self.state == State::Current && epoch == self.epoch
    }

    /// Something of ours has gone to the venue beside `output`.
    pub(crate) fn spoke(&mut self, now_ns: u64) {
        self.told_ns = now_ns;
    }

    /// Something was made for a connection that is no longer there.
    pub(crate) fn forget(&mut self) {
        self.unsent += 1;
    }

    /// Gives the engine something behind all that was read so far.
    pub(crate) fn tell_engine(&mut self, body: Body) {
        self.waiting.push_back(body);
    }

    /// The engine's number of the session.
    pub(crate) fn session(&self) -> u8 {
        self.config.session
    }

    fn tell(&mut self, now_ns: u64, kind: u8, payload: &[u8]) {
        soup::put(&mut self.out, kind, payload);
        self.told_ns = now_ns;
    }

    /// Does what is due by the clock: a heartbeat, or the end of a connection that has gone silent.
    pub fn tick(&mut self, now_ns: u64) {
        let Times { connect, heartbeat, silence, .. } = self.config.times;
        let silent_ns = u128::from(now_ns.saturating_sub(self.heard_ns));
        match self.state {
            State::Closed | State::Closing(_) => {}
            State::Probing | State::LoggingIn if silent_ns >= connect.as_nanos() => self.close(Close::LoginTime),
            State::Reading | State::Current if silent_ns >= silence.as_nanos() => self.close(Close::Silence),
            State::Reading | State::Current if u128::from(now_ns.saturating_sub(self.told_ns)) >= heartbeat.as_nanos() => {
                self.tell(now_ns, kind::CLIENT_HEARTBEAT, &[]);
            }
            _ => {}
        }
    }

    /// Bytes for the venue.
    pub fn output(&self) -> &[u8] {
        &self.out
    }

    /// The first `count` bytes of the output are on their way.
    pub fn written(&mut self, count: usize) {
        self.out.drain(..count);
    }

    /// Why the connection is to be closed, once the output is written or cannot be.
    pub fn closing(&self) -> Option<&Close> {
        match &self.state {
            State::Closing(close) => Some(close),
            _ => None,
        }
    }

    /// Ends the connection, in order where the venue listens.
    pub fn close(&mut self, close: Close) {
        if matches!(self.state, State::Closed | State::Closing(_)) {
            return;
        }
        match close {
            Close::Probed | Close::Reread | Close::Stopped => soup::put(&mut self.out, kind::LOGOUT, &[]),
            // Nobody there who would read it.
            _ => self.out.clear(),
        }
        if close == Close::Reread {
            self.reader.restart();
            (self.next, self.target) = (1, 0);
        }
        self.state = State::Closing(close);
    }

    /// The connection is gone. What the engine has to know of it comes with `next`.
    pub fn disconnected(&mut self) {
        if !matches!(&self.state, State::Closing(Close::Probed)) {
            // How much there is to read is asked anew.
            self.target = 0;
        }
        self.state = State::Closed;
        self.framer.clear();
        self.out.clear();
        if std::mem::take(&mut self.is_up) {
            self.waiting.push_back(Body::SessionDown { session: self.config.session });
        }
    }

    /// Whether the session is current: orders go out.
    pub fn is_current(&self) -> bool {
        self.state == State::Current
    }

    /// How often it has become current.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Messages of the stream that were read.
    pub fn messages(&self) -> u64 {
        self.next - 1
    }

    /// Messages that could not be read.
    pub fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// The last of them since this was asked, with its number.
    pub fn take_unreadable(&mut self) -> Option<(u64, Unreadable)> {
        self.last_unreadable.take()
    }

    /// Packets that were not sent because they were made before the venue's last word, or without a session.
    pub fn unsent(&self) -> u64 {
        self.unsent
    }
}
