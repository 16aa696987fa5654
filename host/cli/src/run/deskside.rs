//! The thread beside the engine's: the mirror and all that it leads to, and the look after the card.
//!
//! In: durable inputs, what people say. Out: alarms to the voice, answers, proposals and sets to the engine.
use super::Shared;
use super::admission::Admission;
use super::alarms::{sentence, teller};
use super::calibration::{self, Calibration};
use super::calls::Calls;
use super::cards::Cards;
use super::clock::Clock;
use super::counting::Counting;
use super::conversation::{Call, Hall};
use super::hedger::Hedger;
use super::mirror::{Mirror, alarms};
use super::modelling::{Found, Models, News};
use super::noted::Noted;
use super::opening::Opening;
use super::restoring::Restoring;
use super::service::{Progress, Service};
use super::sessions::CARD;
use super::snapshots::Snapshots;
use super::voice::Voice;
use riposte_control::overview::Latency;
use riposte_control::{Answer, Request};
use riposte_engine::{Body, Output, Refusal, Stream};
use riposte_map::shm::{Command, Event, EventKind};
use riposte_models::Top;
use riposte_journal::{State, Watch};
use riposte_session::Runner;
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

/// Between two statements of positions in a rehearsal.
const STATE_NS: u64 = 50_000_000;
/// How long this thread sleeps when there is nothing to do.
const REST: Duration = Duration::from_micros(500);
/// For how long a halted journal is waited for at the end.
const LEAVE: Duration = Duration::from_secs(2);
/// A journal that becomes durable.
pub const RUNNING: &str = "running";

pub struct Deskside {
    pub mirror: Mirror,
    pub snapshots: Snapshots,
    pub cards: Cards,
    pub opening: Opening,
    pub admission: Admission,
    pub calls: Calls,
    pub counting: Counting,
    pub hall: Arc<Hall>,
    /// What people ask in it.
    pub asked: Receiver<Call>,
    pub service: Service,
    pub runners: Vec<(Stream, Runner)>,
    pub models: Models,
    pub calibration: Calibration,
    pub hedger: Hedger,
    pub restoring: Restoring,
    pub rehearses: bool,
    /// To the journal, each in front of what is proposed on it.
    pub notes: rtrb::Producer<Noted>,
    pub inputs: rtrb::Producer<Body>,
    /// What found no room in `inputs` yet.
    pub outgoing: VecDeque<Body>,
    pub watch: Watch,
    pub clock: Clock,
    pub shared: Arc<Shared>,
    pub voice: Voice,
    /// Of the journal, last.
    pub said: String,
    /// What the engine wants of others than the card and the sessions.
    pub wanted: Vec<Output>,
    pub state_at_ns: u64,
    /// From how many on it is said again that the models' queues were full.
    pub dropped: u64,
}

impl Deskside {
    /// Runs until the engine's thread has ended and everything that it did was taken; gives the mirror.
    pub fn run(mut self) -> Mirror {
        let mut halted = None;
        while !self.mirror.is_done() {
            if self.turn() {
                continue;
            }
            std::thread::sleep(REST);
            // The engine's thread has ended and a full disk stays full: what is left can never become durable.
            let is_over = self.mirror.is_abandoned() && self.watch.is_halted();
            halted = is_over.then(|| halted.unwrap_or_else(Instant::now));
            if halted.is_some_and(|since: Instant| since.elapsed() > LEAVE) {
                break;
            }
        }
        self.snapshots.finish();
        self.mirror
    }

    /// One round; whether anything happened in it.
    fn turn(&mut self) -> bool {
        let now_ns = self.clock.now_ns();
        let mut any = false;
        self.service.look(now_ns, self.progress());
        if self.shared.is_stopping() {
            self.service.stop();
        }
        while let Some(input) = self.mirror.next() {
            any = true;
            self.snapshots.count(&self.mirror);
            let out = self.mirror.said();
            self.calls.hear(&input, out, now_ns);
            self.hedger.hear(out);
            self.counting.take(&input, out, self.calls.symbols());
            for alarm in alarms(out) {
                self.voice.alarm_of(alarm, sentence(alarm, self.calls.symbols()));
            }
            self.wanted.extend(out.iter().copied().filter(is_wanted));
            if let Body::Card { event } = &input.body {
                tell(event, &mut self.models);
            }
            if matches!(input.body, Body::CaughtUp { .. }) {
                self.opening.number(&self.mirror.engine, &mut self.outgoing);
            }
            if matches!(input.body, Body::CardUp { .. } | Body::Restarted) {
                let waiting = self.opening.begin(&self.mirror.engine, &mut self.admission, &self.voice, &mut self.outgoing);
                if waiting > 0 {
                    self.voice.say("proposals-wait", format!("{waiting} proposals wait for a second person: `riposte approve --all`"));
                }
            }
        }
        self.ask();
        if !self.shared.is_stopping() {
            any |= self.go_on(now_ns);
        }
        self.calls.settle(now_ns, self.cards.clock());
        while let Ok(call) = self.asked.try_recv() {
            any = true;
            if matches!(call.request, Request::Overview {} | Request::Status {}) {
                self.show(&call);
                continue;
            }
            let noted = call.request.act().map(|act| self.note(&call, act));
            let before = self.outgoing.len();
            self.calls.take(call, &self.mirror.engine, &mut self.admission, &mut self.outgoing);
            // In front of what the engine is asked, which is journaled as what it is.
            self.admission.notes.extend(noted.filter(|_| self.outgoing.len() > before));
        }
        while let Some(noted) = self.admission.notes.front() {
            if self.notes.push(*noted).is_err() {
                break;
            }
            self.admission.notes.pop_front();
        }
        while self.admission.notes.is_empty()
            && let Some(body) = self.outgoing.pop_front()
        {
            if self.inputs.push(body).is_err() {
                self.outgoing.push_front(body);
                break;
            }
            any = true;
        }
        self.tell_journal();
        self.tell_dropped();
        any
    }

    /// What the host does by itself as time passes; whether anything happened in it.
    fn go_on(&mut self, now_ns: u64) -> bool {
        self.opening.go_on(&self.mirror.engine, now_ns, &mut self.outgoing);
        let any = self.hear_models(now_ns);
        self.restoring.go_on(&self.mirror.engine, now_ns, &mut self.outgoing, &self.voice);
        self.cards.look(now_ns);
        any
    }

    /// Takes what the models have found, and asks them for what is wanted.
    fn hear_models(&mut self, now_ns: u64) -> bool {
        let mut any = false;
        while let Ok(found) = self.models.found.pop() {
            any = true;
            match found {
                Found::Band { model, band } => self.calibration.hear(model, band),
                Found::Refused { model, why } => self.voice.say("model", format!("model {model}: {why}")),
                Found::Hedge(found) => self.hedger.take(found, now_ns, &mut self.outgoing),
            }
        }
        // Behind what waits already: a candidate is for what is in force now.
        if self.outgoing.is_empty() {
            self.calibration.go_on(&self.mirror.engine, now_ns, &mut self.outgoing);
            self.hedger.go_on(&self.mirror.engine, now_ns, &mut self.models);
        }
        any
    }

    /// Who does it, from where, and why.
    fn note(&self, call: &Call, act: &'static str) -> Noted {
        let why = call.request.why();
        let why = if why.is_empty() { "no reason was given" } else { why };
        Noted::new(&self.calls.name(call.by), act, &format!("{}: {why}", call.from))
    }

    fn progress(&self) -> Progress {
        let gauges = &self.shared.gauges;
        let (turns, appended) = (gauges.turns.load(Relaxed), gauges.appended.load(Relaxed));
        Progress { turns, appended, durable: self.watch.durable(), is_full: self.watch.is_halted() }
    }

    fn show(&mut self, call: &Call) {
        let value = if call.request == (Request::Status {}) { self.status() } else { serde_json::to_value(self.overview()) };
        let answer = value.map_or_else(|error| Answer::Refused { why: error.to_string() }, |value| Answer::Told { value });
        let _ = call.answer.try_send(answer);
    }

    /// The short answer; with how long things take, but for the card's buckets.
    fn status(&self) -> serde_json::Result<Value> {
        let latency = Latency { buckets: Vec::new(), ..self.counting.latency() };
        let mut value = self.calls.status(&self.mirror.engine, &self.journal());
        value["latency"] = serde_json::to_value(latency)?;
        value["host_latency"] = serde_json::to_value(self.shared.stages.read())?;
        Ok(value)
    }

    /// Does what the engine wants of others; its record is durable. What sessions have to say is said here too.
    fn ask(&mut self) {
        for one in std::mem::take(&mut self.wanted) {
            match one {
                Output::Replay { stream, .. } => {
                    let meant = self.runners.iter().filter(|(kind, _)| *kind == stream);
                    meant.for_each(|(_, runner)| runner.reread());
                }
                // In a rehearsal it is stated below.
                Output::AskPosition { .. } if self.rehearses => {}
                Output::AskPosition { instrument } => {
                    let symbol = self.calls.symbols().get(usize::from(instrument)).map_or("?", String::as_str);
                    self.voice.say("position-wanted", format!(
                        "the venue's position in {symbol} is wanted: `riposte positions state --instrument {symbol} --quantity N \
                         --evidence TEXT`"
                    ));
                }
                Output::LoadCandidate { number } => {
                    if let Err(error) = self.calibration.load(&self.mirror.engine, &self.admission, number, &mut self.outgoing) {
                        self.voice.alarm("set-lost", format!("a model's set cannot be loaded: {error:#}"));
                    }
                }
                Output::LoadSet { generation, content } => match self.load(generation, &content) {
                    Ok(rows) => {
                        self.outgoing.push_back(Body::BeginSet);
                        self.outgoing.extend(rows.into_iter().map(|command| Body::Row { command }));
                    }
                    Err(error) => {
                        self.voice.alarm("set-lost", format!("generation {generation} cannot be loaded: {error:#}"));
                    }
                },
                Output::Claim { session, execution, until_ns } => {
                    let what = format!("execution {execution} of session {session} before {until_ns}");
                    self.voice.alarm("claim", format!("claim at the venue: {what}"));
                }
                Output::Record(_) | Output::Alarm(_) | Output::Command(_) | Output::Message(_) | Output::Restore { .. }
                | Output::Reclaimed { .. } => {}
            }
        }
        let now_ns = self.clock.now_ns();
        // A reversion waits for the venue's word behind its fence.
        let is_wanted = matches!(self.mirror.engine.arming(), Err(Refusal::Unconfirmed | Refusal::Fenced));
        if self.rehearses && is_wanted && now_ns >= self.state_at_ns {
            self.state_at_ns = now_ns + STATE_NS;
            self.calls.instruments().for_each(|instrument| self.state_position(instrument));
        }
        let is_orders = |(stream, _): &&(Stream, Runner)| *stream == Stream::Session;
        if let Some(wire) = self.cards.take_wire()
            && let Some((_, runner)) = self.runners.iter().find(is_orders)
        {
            runner.plug(wire);
        }
        for (stream, runner) in &self.runners {
            while let Some(notice) = runner.notice() {
                self.voice.say("session", format!("{}: {notice}", teller(CARD, *stream)));
            }
        }
    }

    /// A set that was in force: as it was kept, or as a model has moved it.
    fn load(&mut self, generation: u32, content: &[u8; 32]) -> anyhow::Result<Vec<Command>> {
        match self.mirror.engine.recipe(content) {
            Some((base, rules)) if base != *content => calibration::moved(self.admission.reload(generation, &base)?, &rules),
            _ => self.admission.reload(generation, content),
        }
    }

    /// A simulated venue has no back office: in a rehearsal our own account stands for its word.
    fn state_position(&mut self, instrument: u8) {
        let engine = &self.mirror.engine;
        if engine.is_confirmed(instrument) {
            return;
        }
        let next = engine.next_sequence(CARD, Stream::Session);
        let (Some(position), Some(next)) = (engine.position(instrument), next) else { return };
        let (quantity, as_of) = (position.quantity, next.saturating_sub(1));
        self.outgoing.push_back(Body::Position { session: CARD, instrument, quantity, price: 0, as_of });
    }

    /// Says once, and then each time that it has doubled, that models have missed something.
    fn tell_dropped(&mut self) {
        let dropped = self.models.dropped();
        if dropped > self.dropped {
            self.voice.warn("models-dropped", format!("{dropped} tops or results found no room on their way to or from the models"));
            self.dropped = 2 * dropped;
        }
    }

    /// Says when the journal halts, and when it goes on.
    fn tell_journal(&mut self) {
        let now = self.journal();
        if now == self.said {
            return;
        }
        match now.as_str() {
            RUNNING => self.voice.say("journal-goes-on", "the journal goes on"),
            why => self.voice.alarm("journal-halted", format!("the journal {why}: the card is silenced by its watchdog")),
        }
        self.said = now;
    }

    /// How the journal is, for people.
    fn journal(&self) -> String {
        match self.watch.state() {
            State::Halted { reason } => format!("has halted ({reason})"),
            State::Running if self.shared.is_stalled.load(Relaxed) => "does not become durable".to_owned(),
            State::Running => RUNNING.to_owned(),
        }
    }
}

/// Tells the models of a book.
fn tell(event: &Event, models: &mut Models) {
    let instrument = event.instrument;
    match event.kind() {
        Some(EventKind::Book | EventKind::Notice) if event.bid.quantity > 0 && event.ask.quantity > 0 => {
            let top = Top { bid: event.bid.price_e4, ask: event.ask.price_e4 };
            models.tell(News::Top { time_ns: event.time_ns, instrument, top });
        }
        Some(EventKind::Book | EventKind::Notice | EventKind::Invalid) => models.tell(News::Invalid { instrument }),
        Some(EventKind::Channel) => (0..riposte_map::limits::INSTRUMENTS as u8).for_each(|instrument| models.tell(News::Invalid { instrument })),
        _ => {}
    }
}

/// What is neither journaled, said nor sent by others.
fn is_wanted(one: &Output) -> bool {
    !matches!(
        one,
        Output::Record(_) | Output::Alarm(_) | Output::Command(_) | Output::Message(_) | Output::Restore { .. } | Output::Reclaimed { .. }
    )
}
