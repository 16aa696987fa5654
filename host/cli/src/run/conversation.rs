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
        self.converse_by(Instant::now, stream, at, from);
    }

    fn converse_by(&self, now: impl Fn() -> Instant, stream: &mut impl Talk, at: usize, from: &str) {
        let (person, by) = (&self.people[at], at as u16 + 1);
        let (mut lines, mut bytes) = (Lines::default(), [0; 4096]);
        let begun = now();
        let left = || LIFE.saturating_sub(now().saturating_duration_since(begun));
        let is_over = || format!("this connection is older than {} s: connect again", LIFE.as_secs());
        stream.allow(PATIENCE.min(left()));
        loop {
            let answer = match lines.take::<Request>() {
                Ok(None) => match stream.read(&mut bytes) {
                    Err(_) if left().is_zero() => return refuse(stream, is_over()),
                    Ok(0) | Err(_) => return,
                    Ok(count) => {
                        lines.push(&bytes[..count]);
                        continue;
                    }
                },
                Err(error) => return refuse(stream, error.to_string()),
                Ok(Some(_)) if left().is_zero() => return refuse(stream, is_over()),
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
            stream.allow(PATIENCE.min(left()));
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

#[cfg(test)]
mod tests {
    use super::*;
    use riposte_desk::{LogForm, Role};
    use std::cell::Cell;
    use std::io::ErrorKind;

    /// What is said and at what age of the connection, and what is answered; it takes a nanosecond to take an answer.
    struct Said<'a> {
        age: &'a Cell<Duration>,
        until: Duration,
        said: std::vec::IntoIter<(Duration, Vec<u8>)>,
        answers: Vec<u8>,
    }

    impl Read for Said<'_> {
        fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
            match self.said.next().filter(|(at, _)| *at < self.until) {
                Some((at, said)) => {
                    self.age.set(self.age.get().max(at));
                    bytes[..said.len()].copy_from_slice(&said);
                    Ok(said.len())
                }
                None => {
                    self.age.set(self.until);
                    Err(ErrorKind::TimedOut.into())
                }
            }
        }
    }

    impl Write for Said<'_> {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.answers.write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            self.age.set(self.age.get() + Duration::from_nanos(1));
            Ok(())
        }
    }

    impl Talk for Said<'_> {
        fn allow(&mut self, time: Duration) {
            self.until = self.age.get() + time;
        }
    }

    #[test]
    fn nobody_is_heard_beyond_the_life_of_a_connection() {
        let person = Person { name: "vic".to_owned(), uid: None, certificate: None, role: Role::Viewer };
        let (voice, _) = Voice::start(LogForm::Text).expect("a voice");
        let (hall, asked) = Hall::new(vec![person], voice);
        // Refused for the role, without anybody else: a conversation goes on behind it, a life does not.
        let approve = line(&Request::Approve { request: None, dry_run: false, why: String::new() });
        // How many were heard, whether the last word was of the connection's age, and that at which it ended.
        let answers = |said: Vec<(Duration, Vec<u8>)>| {
            let (begun, age) = (Instant::now(), Cell::default());
            let mut stream = Said { age: &age, until: Duration::ZERO, said: said.into_iter(), answers: Vec::new() };
            hall.converse_by(|| begun + age.get(), &mut stream, 0, "here");
            let text = String::from_utf8(stream.answers).expect("text");
            let heard = text.lines().filter(|answer| answer.contains("vic is viewer")).count();
            let is_told = text.lines().last().is_some_and(|answer| answer.contains("older than 300 s: connect again"));
            assert_eq!(text.lines().count(), heard + usize::from(is_told), "{text}");
            (heard, is_told, age.get())
        };
        let (second, nanosecond) = (Duration::from_secs(1), Duration::from_nanos(1));
        let often = |last: &[Duration]| (0..300).step_by(20).map(|at| second * at).chain(last.to_vec()).map(|at| (at, approve.clone())).collect::<Vec<_>>();
        let told = nanosecond;
        assert_eq!(answers(often(&[LIFE - 2 * nanosecond])), (16, true, LIFE + told), "the last that is heard, and an end on time");
        assert_eq!(answers(often(&[LIFE])), (15, true, LIFE + told), "nothing more");
        let twice = [(LIFE - nanosecond, approve.repeat(2))];
        assert_eq!(answers(often(&[]).into_iter().chain(twice).collect()), (16, true, LIFE + told), "not what came with it either");
        assert_eq!(answers(vec![(second, approve.clone())]), (1, false, second + told + PATIENCE), "who is silent is gone before");
        assert!(asked.try_recv().is_err());
    }
}
