//! What a session is started with.
use riposte_engine::{SESSIONS, Stream};
use riposte_map::limits::INSTRUMENTS;
use std::fmt;
use std::net::{SocketAddr, SocketAddrV4};
use std::time::Duration;
use thiserror::Error;

/// Who logs in, and where to. Its password is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// 1 to 6 letters or digits; case does not matter to a venue.
    pub username: String,
    /// 1 to 10.
    pub password: String,
    /// At most 10; empty is the venue's current session.
    pub session: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, to: &mut fmt::Formatter) -> fmt::Result {
        write!(to, "Login {{ username: {:?}, session: {:?} }}", self.username, self.session)
    }
}

/// How long is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// From the first packet of a connection to its answer.
    pub connect: Duration,
    /// Without a packet of ours; then a heartbeat goes out.
    pub heartbeat: Duration,
    /// Without a packet of the venue; then the connection is dead.
    pub silence: Duration,
    /// Before a new connection; doubled with every one that brings no login.
    pub retry_min: Duration,
    pub retry_max: Duration,
}

impl Default for Times {
    /// The specification's heartbeat; the venue's silence counts as death after five of them.
    fn default() -> Times {
        Times {
            connect: Duration::from_secs(2),
            heartbeat: Duration::from_secs(1),
            silence: Duration::from_secs(5),
            retry_min: Duration::from_millis(100),
            retry_max: Duration::from_secs(5),
        }
    }
}

/// The connection that a card's orders have in their frames, which the host opens over the card's wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    pub own_mac: [u8; 6],
    pub venue_mac: [u8; 6],
    pub own: SocketAddrV4,
    pub venue: SocketAddrV4,
    /// Least number of the card's next order.
    pub first_user_ref: u32,
}

/// A session. `Config::new` has what most of them are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The engine's number of it.
    pub session: u8,
    pub stream: Stream,
    pub address: SocketAddr,
    /// The connection goes over the card's own wire, and the card sends in it. `None`: the kernel has it.
    pub card: Option<Card>,
    pub login: Login,
    /// The venue's name of each instrument, without padding; empty is none.
    pub symbols: [String; INSTRUMENTS],
    /// Orders of a day that are remembered; what comes beyond cannot be read.
    pub orders: usize,
    /// Places of each queue between session and pinned core.
    pub queue: usize,
    pub times: Times,
}

/// What cannot be, and what can.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    #[error("session {0}: the engine has {SESSIONS}, counted from 0")]
    Session(u8),
    #[error("{what} {text:?}: it has {least} to {most} letters, digits or signs of ASCII, and no space")]
    Text { what: &'static str, text: String, least: usize, most: usize },
    #[error("symbol {0:?} stands for two instruments")]
    Twice(String),
    #[error("{what} {found}: 16 to {most}")]
    Places { what: &'static str, found: usize, most: usize },
    #[error("times.{0} is 0")]
    Time(&'static str),
    #[error("the system gives no thread: {0}")]
    Thread(String),
}

/// Orders that can be remembered, and places of a queue.
const PLACES_MAX: usize = 1 << 24;
const PLACES_MIN: usize = 16;

impl Config {
    /// The card's session, number 0, of no instrument yet.
    pub fn new(address: SocketAddr, username: &str, password: &str) -> Config {
        Config {
            session: 0,
            stream: Stream::Session,
            address,
            card: None,
            login: Login { username: username.into(), password: password.into(), session: String::new() },
            symbols: Default::default(),
            orders: 1 << 20,
            queue: 1 << 12,
            times: Times::default(),
        }
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if usize::from(self.session) >= SESSIONS {
            return Err(ConfigError::Session(self.session));
        }
        let Login { username, password, session } = &self.login;
        check_text("username", username, 1, 6)?;
        // A password is not told.
        check_text("password", password, 1, 10).map_err(|error| match error {
            ConfigError::Text { what, least, most, .. } => ConfigError::Text { what, text: "…".into(), least, most },
            error => error,
        })?;
        check_text("session", session, 0, 10)?;
        for (at, symbol) in self.symbols.iter().enumerate() {
            check_text("symbol", symbol, 0, 8)?;
            if !symbol.is_empty() && self.symbols[..at].contains(symbol) {
                return Err(ConfigError::Twice(symbol.clone()));
            }
        }
        for (what, found) in [("orders", self.orders), ("queue", self.queue)] {
            if !(PLACES_MIN..=PLACES_MAX).contains(&found) {
                return Err(ConfigError::Places { what, found, most: PLACES_MAX });
            }
        }
        let Times { connect, heartbeat, silence, retry_min, retry_max } = self.times;
        let times = [
            ("connect", connect), ("heartbeat", heartbeat), ("silence", silence), ("retry_min", retry_min),
            ("retry_max", retry_max),
        ];
        times.iter().find(|(_, time)| time.is_zero()).map_or(Ok(()), |(name, _)| Err(ConfigError::Time(name)))
    }

    /// The symbols as messages have them: padded with spaces on the right.
    pub(crate) fn padded_symbols(&self) -> [Option<[u8; 8]>; INSTRUMENTS] {
        self.symbols.each_ref().map(|symbol| {
            let mut padded = [b' '; 8];
            padded[..symbol.len()].copy_from_slice(symbol.as_bytes());
            (!symbol.is_empty()).then_some(padded)
        })
    }
}

fn check_text(what: &'static str, text: &str, least: usize, most: usize) -> Result<(), ConfigError> {
    if (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    Err(ConfigError::Text { what, text: text.to_owned(), least, most })
}
