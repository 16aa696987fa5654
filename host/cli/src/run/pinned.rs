//! The engine's thread: events, people and sessions in, journal, commands and orders out.
//!
//! In: a joined link, inputs of other threads. Out: records and inputs to the journal, commands to the card once all that
//! was written before them is durable, and each input, once it is carried out, to the mirror.
//!
//! Holds:
//! - An input is journaled before it is applied, and applied in the order of the journal.
//! - Nothing is taken while the last input's outputs have no place: journal, outbox and mirror are waited for, and the
//!   card's ring keeps what comes meanwhile. Nothing is lost, and nothing is done twice.
//! - An event is released only when it is durable.
//! - While the journal is halted, or nothing becomes durable, the host's heart stands still, so that the card's watchdog
//!   silences the card: no command could leave, since each waits for its record.
//! - In steady state nothing here allocates, locks, formats or calls the system.
use super::chase::{Chase, Ring};
use super::clock::Clock;
use super::joined::Joined;
use super::noted::Noted;
use super::sessions::CARD;
use super::stages::Caused;
use super::stall::Stall;
use super::{HOST, Shared};
use riposte_device::link::{FRAME_BYTES_MAX, HostEnd};
use riposte_engine::{Body, Change, Engine, HostMessage, Input, Output, Outputs};
use riposte_journal::{Appender, Entry, Outbox, SnapshotMark, Watch};
use riposte_map::shm::{Command, Event, EventKind};
use riposte_session::{SendError, Session};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// Inputs between two looks at everything else.
const BATCH: usize = 64;
/// Effects that wait for their records: a whole parameter set, and more than one input ever causes.
const OUTBOX: usize = 1 << 12;
/// How long the card is waited for when the host leaves.
const LEAVE_NS: u64 = 5_000_000_000;
/// How often it is asked for the connection then.
const RECLAIM_NS: u64 = 50_000_000;

/// What leaves once its record is durable.
#[derive(Clone, Copy, Debug)]
enum Effect {
    Command(Command, Option<Caused>),
    Message(HostMessage),
    /// See `Output::Reclaimed`.
    Reclaimed { session: u8, orders: u32 },
    /// See `Output::Restore`.
    Restore { number: u64, instruments: u16, first: u64, rows: u32 },
}

/// An input that was carried out: every record up to `through` tells of it or of what was before.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    pub through: u64,
    pub input: Input,
}

/// Ways to and from other threads; each is bounded.
pub struct Lines {
    pub inputs: rtrb::Consumer<Body>,
    /// For the journal; each is in front of the inputs that were given after it.
    pub notes: rtrb::Consumer<Noted>,
    /// The order session and its drop copy, if there is a venue.
    pub sessions: Vec<Session>,
    /// Rows of restorations.
    pub chase: Chase,
    pub links: rtrb::Consumer<HostEnd>,
    /// Links of cards that are gone, for another thread to close.
    pub left: rtrb::Producer<HostEnd>,
    pub mirror: rtrb::Producer<Told>,
    /// Of snapshots that were written.
    pub marks: rtrb::Consumer<SnapshotMark>,
}

/// What the thread begins with.
pub struct Terms {
    /// The engine was recovered from a journal.
    pub is_restart: bool,
    /// What a card after reset is announced with.
    pub card_up: Body,
    pub clock: Clock,
    pub tick_ns: u64,
    /// For how long records may wait to be durable before the heart stops.
    pub sync_ns: u64,
}

/// See the module's page.
pub struct Pinned {
    engine: Engine,
    out: Outputs,
    /// The next output to carry out, and of which input; none if all are.
    carrying: Option<(usize, Input)>,
    journal: Appender,
    watch: Watch,
    stall: Stall,
    outbox: Outbox<Effect>,
    /// Found no room where it goes.
    stuck: Option<Effect>,
    card: Option<Joined>,
    /// Of a card that is gone; closed when its last event is durable.
    leaving: Option<(HostEnd, u64)>,
    lines: Lines,
    /// What this thread itself has to tell the engine, first.
    owed: VecDeque<Body>,
    /// Taken, and refused by the journal.
    held: Option<Body>,
    on_first_link: Option<Body>,
    card_up: Body,
    clock: Clock,
    tick_ns: u64,
    ticked_ns: u64,
    leave_by_ns: Option<u64>,
    /// When the connection is asked for next.
    reclaim_ns: u64,
    /// A frame of the card on its way to the session, and how long it is; 0 is none.
    frame: Box<[u8; FRAME_BYTES_MAX]>,
    frame_bytes: usize,
    inputs: u64,
    shared: Arc<Shared>,
}

/// What is left when the thread has ended.
pub struct Ended {
    pub engine: Engine,
    pub journal: Appender,
    pub inputs: u64,
    pub link: Option<HostEnd>,
}

impl Pinned {
    pub fn new(engine: Engine, journal: Appender, lines: Lines, terms: Terms, shared: Arc<Shared>) -> Pinned {
        let Terms { is_restart, card_up, clock, tick_ns, sync_ns } = terms;
        Pinned {
            engine,
            out: Outputs::default(),
            carrying: None,
            watch: journal.watch(),
            stall: Stall::new(sync_ns, clock.now_ns()),
            journal,
            outbox: Outbox::new(OUTBOX),
            stuck: None,
            card: None,
            leaving: None,
            lines,
            owed: VecDeque::with_capacity(8),
            held: None,
            on_first_link: is_restart.then_some(Body::Restarted),
            card_up,
            clock,
            tick_ns,
            ticked_ns: 0,
            leave_by_ns: None,
            reclaim_ns: 0,
            frame: Box::new([0; FRAME_BYTES_MAX]),
            frame_bytes: 0,
            inputs: 0,
            shared,
        }
    }

    /// Runs until it is told to stop and everything is done. `rest` is called after each turn with the number of turns
    /// in which nothing has happened.
    pub fn run(mut self, rest: impl Fn(u32)) -> Ended {
        let mut idle = 0;
        loop {
            idle = if self.turn() { 0 } else { idle + 1 };
            if self.has_left() {
                let link = self.card.map(|card| card.link);
                return Ended { engine: self.engine, journal: self.journal, inputs: self.inputs, link };
            }
            rest(idle);
        }
    }

    /// One round; whether anything happened in it.
    pub fn turn(&mut self) -> bool {
        let sent = self.send();
        self.forward();
        self.release();
        self.join();
        self.mark();
        let mut taken = 0;
        while taken < BATCH && self.carry() && self.lines.mirror.slots() > 0 {
            let now_ns = self.clock.now_ns();
            let Some(body) = self.next(now_ns) else { break };
            if !self.take(now_ns, body) {
                break;
            }
            taken += 1;
        }
        self.beat();
        self.shared.tell(self.journal.last(), self.card.as_ref().map(|card| (card.newest, card.released, card.sent)));
        sent || taken > 0
    }

    fn beat(&mut self) {
        let is_stalled = self.stall.look(self.clock.now_ns(), self.watch.durable(), self.journal.last());
        self.shared.is_stalled.store(is_stalled, Relaxed);
        if let Some(card) = self.card.as_mut().filter(|_| !is_stalled && !self.watch.is_halted()) {
            card.link.beat();
        }
    }

    /// The next input: what was refused before, then people and sessions, then the card, then time.
    fn next(&mut self, now_ns: u64) -> Option<Body> {
        if let Some(body) = self.held.take().or_else(|| self.owed.pop_front()) {
            return Some(body);
        }
        // Looked at before the notes: those that were given before this input are then seen.
        if !self.lines.inputs.is_empty() {
            return if self.note(now_ns) { self.lines.inputs.pop().ok() } else { None };
        }
        if let Some(body) = self.venue() {
            return Some(body);
        }
        if let Some(event) = self.event() {
            return Some(Body::Card { event });
        }
        if let Some(body) = self.owed.pop_front() {
            return Some(body);
        }
        if now_ns.saturating_sub(self.ticked_ns) >= self.tick_ns {
            self.ticked_ns = now_ns;
            return Some(Body::Tick);
        }
        None
    }

    /// What the venue says next, once the engine knows that the host was started again. Before the venue's word on what it has
    /// taken come the events of all orders whose frames were taken from the card, by this host or by the one before: they are
    /// in the ring before their frames. An order of which the engine heard later would be waited for until somebody asks.
    fn venue(&mut self) -> Option<Body> {
        if self.on_first_link.is_some() {
            return None;
        }
        if self.lines.sessions.iter().any(Session::catches_up)
            && let Some(event) = self.event()
        {
            return Some(Body::Card { event });
        }
        let body = self.lines.sessions.iter_mut().find_map(Session::receive)?;
        if let Body::CaughtUp { session, .. } = body {
            let known = self.engine.next_user_ref(session).saturating_sub(1);
            self.lines.sessions.iter_mut().for_each(|one| one.settle(session, known));
        }
        Some(body)
    }

    /// Writes down what is to be noted. False if the journal has no room for it yet.
    fn note(&mut self, time_ns: u64) -> bool {
        while let Ok(noted) = self.lines.notes.peek() {
            if self.journal.append(time_ns, &noted.entry()).is_err() {
                return false;
            }
            let _ = self.lines.notes.pop();
        }
        true
    }

    /// The card's next event. When it is gone and has told everything, that is owed to the engine.
    fn event(&mut self) -> Option<Event> {
        // Looked at before the ring: what was in it when the card was found gone is still read.
        let is_lost = self.shared.is_card_lost();
        let card = self.card.as_mut()?;
        let received = card.link.receive();
        if let Ok(Some(event)) = received {
            card.newest = event.sequence;
            if event.kind() == Some(EventKind::Command) {
                card.answered = card.answered.max(event.feed_sequence);
                // It is told behind the event itself, and in front of all that the card tells then.
                self.lines.chase.answered(&event);
                self.owed.extend(self.lines.chase.told());
            }
            return Some(event);
        }
        if is_lost || received.is_err() {
            self.owed.push_back(Body::CardLost);
            self.lines.chase.forget();
            let Joined { link, newest, .. } = self.card.take()?;
            self.leaving = Some((link, newest));
        }
        None
    }

    /// Journals an input, applies it, and begins to carry out what comes of it. False if the journal has no room.
    fn take(&mut self, time_ns: u64, body: Body) -> bool {
        let input = Input { time_ns, body };
        if self.journal.append(time_ns, &Entry::Input(input.encode().bytes())).is_err() {
            self.held = Some(body);
            return false;
        }
        self.engine.apply(&input, &mut self.out);
        self.carrying = Some((0, input));
        self.inputs += 1;
        true
    }

    /// Gives outputs to journal and outbox in their order. False if something has no place yet.
    fn carry(&mut self) -> bool {
        let Some((mut at, input)) = self.carrying else { return true };
        let caused = Caused::by(&input, self.clock.now_ns());
        while let Some(output) = self.out.as_slice().get(at) {
            let is_placed = match *output {
                Output::Record(record) => self.journal.append(input.time_ns, &Entry::Record(record.encode().bytes())).is_ok(),
                Output::Command(command) => self.put(Effect::Command(command, caused)),
                Output::Message(message) => self.put(Effect::Message(message)),
                Output::Reclaimed { session, orders } => self.put(Effect::Reclaimed { session, orders }),
                Output::Restore { number, instruments, first, rows } => self.put(Effect::Restore { number, instruments, first, rows }),
                // The mirror finds them too, and has the time to carry them out.
                Output::Alarm(_) | Output::Replay { .. } | Output::AskPosition { .. } | Output::LoadSet { .. }
                | Output::LoadCandidate { .. } | Output::Claim { .. } => true,
            };
            if !is_placed {
                self.carrying = Some((at, input));
                return false;
            }
            at += 1;
        }
        self.carrying = None;
        caused.iter().for_each(|caused| caused.is_decided(self.clock.now_ns(), &self.shared.stages));
        // There is a place: one was free before the input was taken, and this thread alone fills them.
        let _ = self.lines.mirror.push(Told { through: self.journal.last(), input });
        true
    }

    /// Has something happen when all that was written before is durable. False if there is no room for it yet.
    fn put(&mut self, effect: Effect) -> bool {
        self.outbox.push(self.journal.behind(effect)).is_ok()
    }

    /// Lets go of what is durable. A command without a card is dropped: whatever card comes is one after reset, or is
    /// disarmed first.
    fn send(&mut self) -> bool {
        let mut any = false;
        while let Some(mut effect) = self.stuck.take().or_else(|| self.outbox.pop().map(|durable| durable.into_inner())) {
            if let Effect::Command(_, Some(caused)) = &mut effect {
                caused.is_durable(self.clock.now_ns());
            }
            if !self.effect(&effect) {
                self.stuck = Some(effect);
                break;
            }
            any = true;
        }
        any |= self.chase();
        any
    }

    /// Lets one thing happen. False if it has no room where it goes.
    fn effect(&mut self, effect: &Effect) -> bool {
        if let Effect::Message(message) = effect {
            // What cannot be sent at all stays unknown to the venue, and its answer is waited for in vain: an alarm.
            let mut tried = self.lines.sessions.iter_mut().map(|session| session.send(message));
            let sent = tried.find(|sent| !matches!(sent, Err(SendError::Session(_) | SendError::DropCopy)));
            return !matches!(sent, Some(Err(SendError::Full)));
        }
        if let Effect::Reclaimed { session, orders } = *effect {
            return !self.lines.sessions.iter_mut().any(|one| one.reclaimed(session, orders) == Err(SendError::Full));
        }
        let Some(card) = &mut self.card else { return true };
        let chase = &mut self.lines.chase;
        let mut ring = card.ring(&self.shared);
        // The places that were set aside stand in front of it.
        let is_closed = chase.close(&mut ring);
        self.owed.extend(chase.told());
        match *effect {
            _ if !is_closed => return false,
            Effect::Restore { number, instruments, first, rows } => chase.begin(number, instruments, first, rows),
            Effect::Command(command, caused) if ring.send(&command, command.sequence).is_some() => {
                caused.iter().for_each(|caused| caused.is_sent(self.clock.now_ns(), &self.shared.stages));
                chase.hear(&command);
            }
            _ => return false,
        }
        true
    }

    /// Rows of a restoration, while nothing else waits.
    fn chase(&mut self) -> bool {
        let Some(card) = self.card.as_mut().filter(|_| self.stuck.is_none()) else { return false };
        let any = self.lines.chase.go(self.clock.now_ns(), &mut card.ring(&self.shared));
        self.owed.extend(self.lines.chase.told());
        any
    }

    /// Gives the venue what the card has transmitted, through the order session. The events of these orders are in the event
    /// ring, which keeps them until they are durable.
    fn forward(&mut self) {
        let Some(session) = self.lines.sessions.first_mut() else { return };
        loop {
            if self.frame_bytes == 0 {
                let Some(card) = &mut self.card else { return };
                let Ok(Some(frame)) = card.link.frame() else { return };
                self.frame_bytes = frame.bytes.len().min(self.frame.len());
                self.frame[..self.frame_bytes].copy_from_slice(&frame.bytes[..self.frame_bytes]);
                card.link.release_frames();
            }
            match session.forward(&self.frame[..self.frame_bytes]) {
                Err(SendError::Full) => return,
                sent => self.shared.unsent.fetch_add(u64::from(sent.is_err()), Relaxed),
            };
            self.frame_bytes = 0;
        }
    }

    /// Releases events that are durable, as many at a time as have become so.
    fn release(&mut self) {
        let (durable, last) = (self.watch.durable(), self.journal.last());
        if let Some(card) = &mut self.card {
            if let Some((_, newest)) = card.releasing.take_if(|(position, _)| durable >= *position) {
                card.link.release_to(newest);
                card.released = newest;
            }
            // An event that was read and is held has no record yet.
            if card.releasing.is_none() && card.newest > 0 && self.held.is_none() {
                card.releasing = Some((last, card.newest));
            }
        }
        if durable >= last
            && self.held.is_none()
            && let Some((mut link, newest)) = self.leaving.take()
        {
            link.release_to(newest);
            if let Err(rtrb::PushError::Full(link)) = self.lines.left.push(link) {
                self.leaving = Some((link, newest));
            }
        }
    }

    /// Makes a snapshot count. Without room in the journal it waits: there is another one soon.
    fn mark(&mut self) {
        let Ok(mark) = self.lines.marks.peek().copied() else { return };
        if self.journal.append(self.clock.now_ns(), &Entry::Snapshot(mark)).is_ok() {
            let _ = self.lines.marks.pop();
        }
    }

    /// Takes a link that another thread has joined, when nothing is on its way to the card before.
    fn join(&mut self) {
        let is_clear = self.card.is_none() && self.leaving.is_none() && self.outbox.is_empty() && self.stuck.is_none();
        if !is_clear || self.carrying.is_some() || !self.owed.is_empty() || self.held.is_some() {
            return;
        }
        let Ok(mut link) = self.lines.links.pop() else {
            // A host that comes back before any card knows as little as one that finds it.
            if self.shared.has_no_card() {
                self.owed.extend(self.on_first_link.take());
            }
            return;
        };
        if !self.lines.sessions.is_empty() {
            link.take_frames();
        }
        let next_command = link.next_command();
        self.owed.push_back(Body::Linked { next_command });
        self.owed.extend(self.on_first_link.take());
        // Nobody has told this card anything: it is as it was after reset.
        if next_command == 1 {
            self.owed.push_back(self.card_up);
        }
        self.card = Some(Joined::new(link));
    }

    /// Disarms once told to stop; true when that is durable and the card has answered, or does not.
    fn has_left(&mut self) -> bool {
        if !self.shared.is_stopping() {
            return false;
        }
        let now_ns = self.clock.now_ns();
        let Some(leave_by_ns) = self.leave_by_ns else {
            self.leave_by_ns = Some(now_ns + LEAVE_NS);
            self.owed.push_back(Body::Propose { request: now_ns, by: HOST, change: Change::Disarm });
            self.lines.sessions.iter().for_each(Session::leave);
            return false;
        };
        // So that the session can log out. It may have lent the card the connection once more before it heard of the end.
        let is_back = self.lines.sessions.iter().all(Session::is_back);
        if !is_back && now_ns >= self.reclaim_ns {
            self.reclaim_ns = now_ns + RECLAIM_NS;
            self.owed.push_back(Body::Reclaim { session: CARD });
        }
        let is_idle = self.owed.is_empty() && self.held.is_none() && self.carrying.is_none() && self.outbox.is_empty();
        let is_done = is_idle && self.stuck.is_none() && self.leaving.is_none() && self.watch.durable() >= self.journal.last();
        let is_answered = self.card.as_ref().is_none_or(|card| card.answered >= card.sent);
        if now_ns < leave_by_ns && !(is_done && is_answered && is_back) {
            return false;
        }
        if let Some(card) = self.card.as_mut().filter(|_| is_done) {
            card.link.release_to(card.newest);
        }
        true
    }
}
