//! When books are restored, and what becomes of it: from the card's word that one is wrong to its word that all are right again.
//!
//! In: the mirror's state, what the fetching thread has heard. Out: inputs for the engine, words for people.
//!
//! Holds: one restoration at a time, each with a deadline; after one that failed, or that did not last, the next one waits longer.
//! Without a snapshot server nothing is emptied.
mod fetch;
mod requests;
mod shadow;
#[cfg(test)]
mod tests;

use super::chase::Fed;
use super::voice::Voice;
use fetch::{Fetch, Heard, Terms, Wanted};
use riposte_desk::Desk;
use riposte_engine::{Body, Engine, Restoring as Step, Unrestored};
use riposte_map::reason::Reason;
use riposte_session::Login;
use shadow::Watched;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};

const SECOND_NS: u64 = 1_000_000_000;
/// From the card's first command to the last: what takes longer begins anew.
const DEADLINE_NS: u64 = 60 * SECOND_NS;
/// How long the card may take to empty its books.
const CLEARING_NS: u64 = 10 * SECOND_NS;
/// Before the next restoration; doubled with each that fails, or whose books are wrong again within `LASTING_NS`.
const PAUSE_NS: u64 = SECOND_NS;
const PAUSE_NS_MAX: u64 = 64 * SECOND_NS;
const LASTING_NS: u64 = 60 * SECOND_NS;

/// The thread that fetches, if there is a server.
struct Source {
    wanted: Sender<Wanted>,
    heard: Receiver<Heard>,
    current: Arc<AtomicU64>,
}

/// A restoration under way.
#[derive(Clone, Copy, Debug)]
struct Run {
    number: u64,
    began_ns: u64,
    is_fetching: bool,
    /// Given to the engine, which has not answered it.
    is_asked: bool,
}

/// See the module's page.
pub struct Restoring {
    source: Option<Source>,
    instruments: u16,
    run: Option<Run>,
    number: u64,
    /// No restoration begins before; and how long the next one waits.
    not_before_ns: u64,
    pause_ns: u64,
    done_ns: Option<u64>,
    /// It was said that books stay wrong.
    is_said: bool,
}

impl Restoring {
    /// A thread of its own if the desk names a server. `password` is that of its sessions.
    pub fn start(desk: &Desk, password: Option<&str>, fed: rtrb::Producer<Fed>) -> std::io::Result<Restoring> {
        let named = desk.sessions.as_ref().zip(password).and_then(|(sessions, password)| Some((sessions, sessions.restoring?, password)));
        let source = named.map(|(sessions, from, password)| {
            let watched = (0u8..).zip(&desk.instruments).filter_map(|(instrument, one)| {
                Some(Watched { instrument, locate: one.locate?, symbol: one.symbol.clone() })
            });
            let login = Login { username: sessions.username.clone(), password: password.to_owned(), session: String::new() };
            let terms = Terms { snapshot: from.snapshot, requests: from.requests, login, watched: watched.collect() };
            source(terms, fed)
        });
        Ok(Restoring::new(source.transpose()?, desk.mask() as u16))
    }

    fn new(source: Option<Source>, instruments: u16) -> Restoring {
        Restoring {
            source, instruments, run: None, number: 0, not_before_ns: 0, pause_ns: PAUSE_NS, done_ns: None, is_said: false,
        }
    }

    /// Looks what is to be done next.
    pub fn go_on(&mut self, engine: &Engine, now_ns: u64, to: &mut VecDeque<Body>, voice: &Voice) {
        let Some(run) = self.run else { return self.look(engine, now_ns, to, voice) };
        let heard = self.source.as_ref().and_then(|source| source.heard.try_recv().ok());
        match heard {
            Some(Heard::Rows { number, instruments, mark }) if number == run.number => {
                let (sequence, rows, digest) = (mark.sequence, mark.rows, mark.digest);
                voice.say("snapshot", format!("the venue's snapshot is there: {rows} rows, the feed's message {sequence} is next"));
                to.push_back(Body::Rows { number, instruments, sequence, rows, digest });
                return self.run = Some(Run { is_asked: true, ..run });
            }
            Some(Heard::Failed { number, why, text }) if number == run.number => return self.fail(number, why, &text, now_ns, to, voice),
            _ => {}
        }
        let one = *engine.restoration();
        if one.number != run.number {
            // Refused by the engine, such as for a card that has gone.
            if now_ns.saturating_sub(run.began_ns) > CLEARING_NS {
                self.end(now_ns);
            }
            return;
        }
        let passed_ns = now_ns.saturating_sub(run.began_ns);
        match one.step {
            Step::Cleared if !run.is_fetching => {
                let wanted = Wanted { number: run.number, floor: engine.feed_seen() };
                if let Some(source) = &self.source {
                    source.current.store(run.number, Relaxed);
                    let _ = source.wanted.send(wanted);
                }
                self.run = Some(Run { is_fetching: true, ..run });
            }
            Step::Clearing if passed_ns > CLEARING_NS => {
                self.fail(run.number, Unrestored::Card, "the card does not say that its books are empty", now_ns, to, voice);
            }
            Step::Resuming => self.run = Some(Run { is_asked: false, ..run }),
            Step::Waiting if !run.is_asked => {
                let (number, instruments, sequence, digest) = (one.number, one.instruments, one.sequence, one.digest);
                to.push_back(Body::Rows { number, instruments, sequence, rows: 0, digest });
                self.run = Some(Run { is_asked: true, ..run });
            }
            Step::Refused => {
                let reason = Reason::from_code(one.refused).map_or("for a reason that is none", Reason::text);
                self.fail(run.number, Unrestored::Refused, &format!("the card refused the rows: {reason}"), now_ns, to, voice);
            }
            Step::Idle => self.settle(engine, now_ns, voice),
            _ if passed_ns > DEADLINE_NS => {
                self.fail(run.number, Unrestored::Elsewhere, "the feed was elsewhere, or silent, each time", now_ns, to, voice);
            }
            _ => {}
        }
    }

    /// Whether there is something to restore, and whether it is time.
    fn look(&mut self, engine: &Engine, now_ns: u64, to: &mut VecDeque<Body>, voice: &Voice) {
        while self.source.as_ref().is_some_and(|source| source.heard.try_recv().is_ok()) {}
        let is_lost = (0..16).filter(|at| self.instruments >> at & 1 == 1).any(|at| {
            // The day's end is no fault, and before the first word of people or card there is nothing to restore.
            engine.card_book(at).why.is_some_and(|why| why != Reason::EndOfSession)
        });
        if !is_lost {
            self.is_said = false;
            return;
        }
        if self.source.is_none() {
            if !self.is_said {
                voice.warn("books-stay-invalid", "the books stay invalid for the rest of the session: the desk names no `snapshot` in [sessions]");
                self.is_said = true;
            }
            return;
        }
        if now_ns < self.not_before_ns || !engine.is_approved() || engine.generation() == 0 {
            return;
        }
        if self.done_ns.is_some_and(|done_ns| now_ns.saturating_sub(done_ns) >= LASTING_NS) {
            self.pause_ns = PAUSE_NS;
        }
        // Never again after a restart, since the clock goes on.
        self.number = now_ns.max(self.number + 1);
        voice.say("restoring", "the books are emptied, to be restored from the venue's snapshot");
        to.push_back(Body::Restore { number: self.number });
        self.run = Some(Run { number: self.number, began_ns: now_ns, is_fetching: false, is_asked: false });
    }

    /// The engine has come to an end with it.
    fn settle(&mut self, engine: &Engine, now_ns: u64, voice: &Voice) {
        let one = engine.restoration();
        let is_done = (0..16).all(|at| one.instruments >> at & 1 == 0 || engine.card_book(at).valid == Some(true));
        if is_done && one.instruments != 0 {
            let (rows, sequence, took_ns) = (one.rows, one.sequence, engine.restorations().last_ns);
            let text = format!("the books are right again from the feed's message {sequence} on: {rows} rows, {} ms", took_ns / 1_000_000);
            voice.say("books-restored", text);
            self.done_ns = Some(now_ns);
        }
        self.end(now_ns);
    }

    fn fail(&mut self, number: u64, why: Unrestored, text: &str, now_ns: u64, to: &mut VecDeque<Body>, voice: &Voice) {
        voice.warn("books-not-restored", format!("the books are not restored: {text}; next attempt in {} s", self.pause_ns / SECOND_NS));
        to.push_back(Body::Unrestored { number, why });
        self.end(now_ns);
    }

    fn end(&mut self, now_ns: u64) {
        self.source.iter().for_each(|source| source.current.store(0, Relaxed));
        (self.run, self.not_before_ns) = (None, now_ns + self.pause_ns);
        self.pause_ns = (2 * self.pause_ns).min(PAUSE_NS_MAX);
    }
}

fn source(terms: Terms, fed: rtrb::Producer<Fed>) -> std::io::Result<Source> {
    let ((wanted, wanted_out), (heard_in, heard)) = (channel(), channel());
    let current = Arc::new(AtomicU64::new(0));
    let fetch = Fetch { terms, wanted: wanted_out, current: Arc::clone(&current), fed, heard: heard_in };
    std::thread::Builder::new().name("restoring".to_owned()).spawn(move || fetch.run())?;
    Ok(Source { wanted, heard, current })
}
