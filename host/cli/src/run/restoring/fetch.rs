//! The thread that fetches books: the venue's snapshot, then what its feed brings, as rows, until they are not wanted any more.
//!
//! In: which restoration is wanted. Out: rows and marks to the engine's thread, what came of it to the deskside.
//!
//! Holds: nothing here waits without a limit, and another restoration, or none, ends what is under way.
use super::super::chase::{Fed, Mark};
use super::requests::Requests;
use super::shadow::{Shadow, Watched, Wrong};
use riposte_engine::Unrestored;
use riposte_map::shm::Command;
use riposte_session::{Login, Piece, Snapshot};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

/// How long a connection, a word of the server, and a whole snapshot may take.
const CONNECT: Duration = Duration::from_secs(2);
const SILENCE: Duration = Duration::from_secs(3);
const SNAPSHOT: Duration = Duration::from_secs(20);
/// Between two looks at whether it is still wanted.
const LOOK: Duration = Duration::from_millis(50);
/// Messages in front of a snapshot that must be in it, and messages asked for at a time.
const BEHIND: u64 = 256;
const AT_A_TIME: u16 = 1000;
/// How long an answer is waited for that must come, and one that may.
const MUST: Duration = Duration::from_millis(500);
const MAY: Duration = Duration::from_micros(500);
const TRIES: u32 = 6;

/// Where to, as whom, and for which instruments.
#[derive(Clone, Debug)]
pub struct Terms {
    pub snapshot: SocketAddr,
    pub requests: SocketAddr,
    pub login: Login,
    pub watched: Vec<Watched>,
}

/// What has come of a restoration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The rows of the snapshot are there.
    Rows { number: u64, instruments: u16, mark: Mark },
    Failed { number: u64, why: Unrestored, text: String },
}

/// A restoration that is wanted: no snapshot in front of `floor` is one of now.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    pub number: u64,
    pub floor: u64,
}

pub struct Fetch {
    pub terms: Terms,
    pub wanted: Receiver<Wanted>,
    /// Number of the restoration that is under way; 0 is none.
    pub current: Arc<AtomicU64>,
    pub fed: rtrb::Producer<Fed>,
    pub heard: Sender<Heard>,
}

type Failure = (Unrestored, String);

impl Fetch {
    /// Until nobody wants anything any more.
    pub fn run(mut self) {
        while let Ok(wanted) = self.wanted.recv() {
            if let Err((why, text)) = self.fetch(wanted)
                && self.is_wanted(wanted.number)
            {
                let _ = self.heard.send(Heard::Failed { number: wanted.number, why, text });
            }
        }
    }

    fn is_wanted(&self, number: u64) -> bool {
        self.current.load(Relaxed) == number
    }

    fn fetch(&mut self, Wanted { number, floor }: Wanted) -> Result<(), Failure> {
        let mut shadow = Shadow::new(&self.terms.watched);
        let (session, next) = self.snapshot(number, &mut shadow)?;
        let refused = |error| (Unrestored::Requests, format!("{}: {error}", self.terms.requests));
        let mut requests = Requests::open(self.terms.requests, session).map_err(refused)?;
        if next < floor {
            return Err((Unrestored::Wrong, format!("the snapshot stands at {next}, and the card has seen {floor} already")));
        }
        self.confirm(number, &shadow, &mut requests, next)?;
        shadow.check().map_err(wrong)?;
        let mark = shadow.mark(next);
        self.give(number, Fed::Mark(number, mark));
        let _ = self.heard.send(Heard::Rows { number, instruments: shadow.instruments(), mark });
        self.follow(number, &mut shadow, &mut requests, next)
    }

    /// Reads a snapshot to its end; gives the session and the number of the feed's next message.
    fn snapshot(&mut self, number: u64, shadow: &mut Shadow) -> Result<([u8; 10], u64), Failure> {
        let to = self.terms.snapshot;
        let gone = |error: std::io::Error| (Unrestored::Unreachable, format!("{to}: {error}"));
        let mut socket = TcpStream::connect_timeout(&to, CONNECT).map_err(gone)?;
        socket.set_read_timeout(Some(LOOK)).and_then(|()| socket.set_write_timeout(Some(CONNECT))).map_err(gone)?;
        socket.write_all(&Snapshot::login(&self.terms.login)).map_err(gone)?;
        let (start, mut heard_at, mut session) = (Instant::now(), Instant::now(), None);
        let (mut snapshot, mut bytes) = (Snapshot::default(), [0; 16 * 1024]);
        loop {
            let silent = || (Unrestored::Unreachable, format!("{to}: says nothing for too long, or too much"));
            if !self.is_wanted(number) || heard_at.elapsed() > SILENCE || start.elapsed() > SNAPSHOT {
                return Err(silent());
            }
            let count = match socket.read(&mut bytes) {
                Ok(0) => return Err((Unrestored::Malformed, format!("{to}: closes the connection within a snapshot"))),
                Ok(count) => count,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => continue,
                Err(error) => return Err(gone(error)),
            };
            let mut rest = &bytes[..count];
            while !rest.is_empty() {
                rest = &rest[snapshot.push(rest)..];
                while let Some(piece) = snapshot.piece().map_err(|error| (Unrestored::Malformed, format!("{to}: {error}")))? {
                    heard_at = Instant::now();
                    match (piece, session) {
                        (Piece::Session(name), _) => session = Some(name),
                        (Piece::Message(message), _) => self.take(number, shadow, &message)?,
                        (Piece::End { next }, Some(session)) => {
                            // It has told everything.
                            let _ = socket.write_all(&Snapshot::logout());
                            return Ok((session, next));
                        }
                        (Piece::End { .. }, None) => return Err(silent()),
                    }
                }
            }
        }
    }

    /// The messages in front of the snapshot's number were published, and it has them.
    fn confirm(&self, number: u64, shadow: &Shadow, requests: &mut Requests, next: u64) -> Result<(), Failure> {
        let mut from = next.saturating_sub(BEHIND).max(1);
        let mut before = Vec::new();
        let mut tries = 0;
        while from < next {
            let count = u16::try_from(next - from).unwrap_or(AT_A_TIME);
            match requests.ask(from, count, MUST) {
                Some(messages) => {
                    from += messages.len() as u64;
                    before.extend(messages);
                }
                None if tries < TRIES && self.is_wanted(number) => tries += 1,
                None => {
                    let text = format!("{}: does not have message {from}, in front of the snapshot's number {next}", self.terms.requests);
                    return Err((Unrestored::Requests, text));
                }
            }
        }
        shadow.confirm(&before).map_err(wrong)
    }

    /// What the feed brings, as long as it is wanted.
    fn follow(&mut self, number: u64, shadow: &mut Shadow, requests: &mut Requests, mut next: u64) -> Result<(), Failure> {
        while self.is_wanted(number) {
            let Some(messages) = requests.ask(next, AT_A_TIME, MAY) else {
                std::thread::sleep(MAY);
                continue;
            };
            for message in &messages {
                self.take(number, shadow, message)?;
            }
            next += messages.len() as u64;
            self.give(number, Fed::Mark(number, shadow.mark(next)));
        }
        Ok(())
    }

    fn take(&mut self, number: u64, shadow: &mut Shadow, message: &[u8]) -> Result<(), Failure> {
        let mut rows: Vec<Command> = Vec::new();
        shadow.take(message, &mut |row| rows.push(row)).map_err(wrong)?;
        rows.into_iter().for_each(|row| self.give(number, Fed::Row(number, row)));
        Ok(())
    }

    /// Waits for a place while it is wanted.
    fn give(&mut self, number: u64, one: Fed) {
        let mut one = one;
        while self.is_wanted(number) {
            match self.fed.push(one) {
                Ok(()) => return,
                Err(rtrb::PushError::Full(back)) => one = back,
            }
            std::thread::sleep(MAY);
        }
    }
}

fn wrong(error: Wrong) -> Failure {
    let why = if error == Wrong::Overflow { Unrestored::Overflow } else { Unrestored::Wrong };
    (why, error.to_string())
}
