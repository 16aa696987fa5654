//! A snapshot of the venue's books as a client: GLIMPSE 5.0, sequenced ITCH messages over SoupBinTCP, without socket and clock.
//!
//! In: bytes of the venue in any cut. Out: bytes for the venue, messages, and the number at which the feed goes on.
//!
//! Holds: no input panics; a snapshot is whole only with its End message, and nothing counts before it. Not here: what a message
//! says, how long is too long.
use crate::config::Login;
use crate::soup::{self, FrameError, Framer, kind};
use thiserror::Error;

/// End of Snapshot: a type and the sequence number in digits (GLIMPSE 5.0).
const END_OF_SNAPSHOT: u8 = b'G';
const DIGITS: usize = 20;

/// Why it is none.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SnapshotError {
    #[error("login rejected with reason {0:?}")]
    Rejected(String),
    #[error("the venue's answer to the login cannot be read")]
    Login,
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error("packet type {:?} at a moment when it cannot be", char::from(*.0))]
    Kind(u8),
    #[error("the session ends before the snapshot does")]
    Cut,
    #[error("End of Snapshot without the number of a message")]
    End,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Logged in to this session.
    Session([u8; 10]),
    /// An ITCH message, whatever it is.
    Message(Vec<u8>),
    /// The snapshot is whole, and the feed's next message has this number.
    End { next: u64 },
}

/// A connection, from its login on.
#[derive(Debug)]
pub struct Snapshot {
    framer: Framer,
    is_logged_in: bool,
}

impl Default for Snapshot {
    fn default() -> Snapshot {
        Snapshot { framer: Framer::new(), is_logged_in: false }
    }
}

impl Snapshot {
    /// What the connection begins with.
    pub fn login(login: &Login) -> Vec<u8> {
        let mut out = Vec::new();
        soup::put_login(&mut out, login, 1);
        out
    }

    /// What it ends with.
    pub fn logout() -> Vec<u8> {
        let mut out = Vec::new();
        soup::put(&mut out, kind::LOGOUT, &[]);
        out
    }

    /// Takes bytes of the venue; gives how many it took. What is left is to be given again when pieces were taken.
    pub fn push(&mut self, bytes: &[u8]) -> usize {
        self.framer.push(bytes)
    }

    /// The next piece; none if more bytes are needed.
    pub fn piece(&mut self) -> Result<Option<Piece>, SnapshotError> {
        while let Some((kind, place)) = self.framer.packet()? {
            let payload = self.framer.payload(place);
            match (kind, self.is_logged_in) {
                (kind::DEBUG | kind::SERVER_HEARTBEAT, _) => {}
                (kind::ACCEPTED, false) => {
                    let (session, _) = soup::accepted(payload).filter(|(_, next)| *next == 1).ok_or(SnapshotError::Login)?;
                    self.is_logged_in = true;
                    return Ok(Some(Piece::Session(session)));
                }
                (kind::REJECTED, false) => return Err(SnapshotError::Rejected(String::from_utf8_lossy(payload).into_owned())),
                (kind::SEQUENCED, true) if payload.first() == Some(&END_OF_SNAPSHOT) => {
                    return number(&payload[1..]).map(|next| Some(Piece::End { next })).ok_or(SnapshotError::End);
                }
                (kind::SEQUENCED, true) => return Ok(Some(Piece::Message(payload.to_vec()))),
                (kind::END_OF_SESSION, _) => return Err(SnapshotError::Cut),
                (kind, _) => return Err(SnapshotError::Kind(kind)),
            }
        }
        Ok(None)
    }
}

/// Digits, with spaces before or behind them if there are fewer than twenty.
fn number(text: &[u8]) -> Option<u64> {
    let digits = Some(text).filter(|text| text.len() == DIGITS)?.trim_ascii();
    let text = std::str::from_utf8(digits).ok().filter(|_| digits.iter().all(u8::is_ascii_digit))?;
    text.parse().ok().filter(|number| *number > 0)
}
