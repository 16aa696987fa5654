//! What people say to the host, however they came in: requests of one person, and their answers.
//!
//! Holds: nobody asks for what their role does not permit. A line at a time, whole within a limit of time and length; the
//! engine's thread knows nothing of it.
use super::voice::Voice;
use crate::bounded::{Bounded, Waits};
use riposte_control::overview::Counts;
use riposte_control::{Answer, LINE_BYTES_MAX, Lines, Request, WHY_BYTES_MAX, line};
use riposte_desk::Person;
use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Requests that wait for the host.
const REQUESTS: usize = 64;
/// For a line, for the host's answer, and for the answer to be taken.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// Of one connection: whoever is no longer believed is out by then.
const LIFE: Duration = Duration::from_secs(300);
/// Refused connections that are told one by one, and in which time; more are only counted.
const TOLD: u32 = 10;
const TOLD_IN: Duration = Duration::from_secs(10);

/// A request that may be made, and where its answer goes.
pub struct Call {
    pub request: Request,
    /// Number of the person, from 1.
    pub by: u16,
    /// How the person came in, for the journal.
    pub from: String,
    pub answer: SyncSender<Answer>,
}

/// A connection, whoever is at its other end.
pub trait Talk: Read + Write {
    /// All that follows has this long, together.
    fn allow(&mut self, time: Duration);
}

impl<S: Waits> Talk for Bounded<S> {
    fn allow(&mut self, time: Duration) {
        Bounded::allow(self, time);
    }
}

/// What all ways in have in common.
pub struct Hall {
    people: Vec<Person>,
    calls: SyncSender<Call>,
    voice: Voice,
    refused: Mutex<Refused>,
}

/// Connections that were refused, by why.
struct Refused {
    counts: Counts,
    since: Instant,
    told: u32,
}

impl Hall {
    /// The hall, and what is said in it.
    pub fn new(people: Vec<Person>, voice: Voice) -> (Hall, Receiver<Call>) {
        let (calls, receiver) = sync_channel(REQUESTS);
        let refused = Mutex::new(Refused { counts: Counts::new(), since: Instant::now(), told: 0 });
        (Hall { people, calls, voice, refused }, receiver)
    }

    pub fn people(&self) -> &[Person] {
        &self.people
    }

    pub fn voice(&self) -> &Voice {
        &self.voice
    }

    /// For others who ask: the metrics.
    pub fn caller(&self) -> SyncSender<Call> {
        self.calls.clone()
    }

    /// Counts a connection that is refused, and says so, but for a flood of them: somebody else's alarms need their place.
    pub fn count(&self, word: &'static str, text: impl FnOnce() -> String) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        *refused.counts.entry(word.to_owned()).or_default() += 1;
        if refused.since.elapsed() > TOLD_IN {
            (refused.since, refused.told) = (Instant::now(), 0);
        }
        refused.told = refused.told.saturating_add(1);
        if refused.told <= TOLD {
            self.voice.warn("control-refused", format!("control: {}", text()));
        } else if refused.told == TOLD + 1 {
            self.voice.warn("control-refused", "control: more connections are refused than are told one by one; the metrics count them");
        }
    }

    pub fn refused(&self) -> Counts {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).counts.clone()
    }

    /// One connection of the person at this place of the desk, to its end.
    pub fn converse(&self, stream: &mut impl Talk, at: usize, from: &str) {
        let (person, by) = (&self.people[at], at as u16 + 1);
        let (mut lines, mut bytes) = (Lines::default(), [0; 4096]);
        let begun = Instant::now();
        stream.allow(PATIENCE);
        loop {
            let answer = match lines.take::<Request>() {
                Ok(None) => match stream.read(&mut bytes) {
                    Ok(0) | Err(_) => return,
                    Ok(count) => {
                        lines.push(&bytes[..count]);
                        continue;
                    }
                },
                Err(error) => return refuse(stream, error.to_string()),
                Ok(Some(_)) if begun.elapsed() > LIFE => {
                    return refuse(stream, format!("this connection is older than {} s: connect again", LIFE.as_secs()));
                }
                Ok(Some(request)) => self.ask(request, person, by, from),
            };
            let mut bytes = line(&answer);
            if bytes.len() > LINE_BYTES_MAX {
                let why = format!("the answer has {} bytes, and a line at most {LINE_BYTES_MAX}", bytes.len());
                bytes = line(&Answer::Refused { why });
            }
            stream.allow(PATIENCE);
            if stream.write_all(&bytes).and_then(|()| stream.flush()).is_err() {
                return;
            }
            stream.allow(PATIENCE);
        }
    }

    fn ask(&self, request: Request, person: &Person, by: u16, from: &str) -> Answer {
        if person.role < request.role() {
            let (name, role, needed) = (&person.name, person.role.text(), request.role().text());
            return Answer::Refused { why: format!("{name} is {role}; this needs the role {needed}") };
        }
        if request.act().is_some() && !matches!(request, Request::State { .. }) && request.why().len() > WHY_BYTES_MAX {
            return Answer::Refused { why: format!("a reason of {} bytes, and there is room for {WHY_BYTES_MAX}", request.why().len()) };
        }
        let (answer, answered) = sync_channel(1);
        if self.calls.try_send(Call { request, by, from: from.to_owned(), answer }).is_err() {
            return Answer::Refused { why: "the host is busy or ends; try again".to_owned() };
        }
        let why = "no answer yet: it is not known whether this was done; ask for the status".to_owned();
        answered.recv_timeout(PATIENCE).unwrap_or(Answer::Refused { why })
    }
}

/// The last that a connection hears.
pub fn refuse(stream: &mut impl Talk, why: String) {
    stream.allow(PATIENCE);
    let _ = stream.write_all(&line(&Answer::Refused { why })).and_then(|()| stream.flush());
}
