//! How the host is, as one value: gathered beside the engine's thread, from the mirror and from what others tell in passing.
use super::Shared;
use super::counting::side;
use super::deskside::Deskside;
use riposte_control::overview::{Card, Counts, Instrument, Journal, Overview, Queue, Restorations, Session, Trading};
use riposte_device::link::{Feed, Peer, Status, StatusReader};
use riposte_engine::{Engine, Stream};
use riposte_journal::State;
use riposte_map::counter::Counter;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// What the engine's thread tells in passing: each a number of its own, so nothing is ordered by them.
#[derive(Default)]
pub struct Gauges {
    /// Its rounds.
    pub turns: AtomicU64,
    /// Position of the journal's newest record.
    pub appended: AtomicU64,
    /// Numbers of the newest event that was read and that was released, and of the newest command that was sent.
    pub read: AtomicU64,
    pub released: AtomicU64,
    pub sent: AtomicU64,
}

impl Deskside {
    pub fn overview(&mut self) -> Overview {
        let engine = &self.mirror.engine;
        let mut orders = Counts::new();
        for order in engine.orders() {
            *orders.entry(format!("{:?}", order.state).to_lowercase()).or_default() += 1;
        }
        let status = self.cards.status();
        Overview {
            time_ns: self.clock.now_ns(),
            started_ns: self.clock.started_ns(),
            engine: self.trading(),
            orders,
            instruments: self.instruments(),
            gate_refusals: self.counting.gate_refusals(),
            request_refusals: self.counting.request_refusals.clone(),
            connection_refusals: self.hall.refused(),
            latency: self.counting.latency(),
            host_latency: self.shared.stages.read(),
            card: self.cards.there().map(|peer| card(peer, status.as_ref())),
            sessions: self.runners.iter().map(|(stream, runner)| session(*stream, &runner.counts())).collect(),
            queues: self.queues(status.as_ref()),
            journal: self.journal_positions(),
            alarms: self.counting.alarms.clone(),
            guards: self.counting.guards.clone(),
            last_alarms: self.counting.last_alarms.iter().cloned().collect(),
        }
    }

    fn trading(&self) -> Trading {
        let engine = &self.mirror.engine;
        Trading {
            armed: engine.is_permitted(),
            killed: engine.is_killed(),
            card_approved: engine.is_approved(),
            generation: engine.generation(),
            arming: super::calls::arming_text(engine).to_owned(),
            session: engine.standing(0).map(|standing| format!("{standing:?}").to_lowercase()),
            open_orders: engine.open_orders().count() as u64,
            executions: engine.executions().count() as u64,
            result_e4: engine.book_result().to_string(),
            proposals: engine.proposals().count() as u64,
            reversion: engine.reversion().map(|one| format!("{:?}", one.step)),
            fenced: super::wording::held_back(engine, self.calls.desk()),
            restorations: restorations(engine),
        }
    }

    fn instruments(&self) -> Vec<Instrument> {
        let engine = &self.mirror.engine;
        let desk = (0u8..).zip(self.calls.instruments_of_desk());
        let one = |(at, desk): (u8, &riposte_desk::Instrument)| {
            let watched = &self.counting.instruments[usize::from(at)];
            let book = engine.card_book(at);
            Instrument {
                symbol: desk.symbol.clone(),
                bid: side(watched.bid),
                ask: side(watched.ask),
                valid: book.valid,
                invalid: book.why.map(|reason| reason.text().to_owned()),
                invalid_since_ns: book.why.map(|_| book.since_ns),
                updates: watched.updates,
                position: engine.position(at).map_or(0, |position| position.quantity),
                confirmed: engine.is_confirmed(at),
                result_e4: engine.result(at).to_string(),
                rules: self.counting.rules(at.into(), desk.rules.iter().map(|rule| rule.name.clone())),
            }
        };
        desk.map(one).collect()
    }

    fn queues(&self, status: Option<&(Status, StatusSizes)>) -> Vec<Queue> {
        let gauges = &self.shared.gauges;
        let queue = |name: &str, used: usize, capacity: usize| Queue { name: name.to_owned(), used: used as u64, capacity: capacity as u64 };
        let inputs = queue("inputs", super::INPUTS - self.inputs.slots(), super::INPUTS);
        let mut queues = vec![inputs, queue("mirror", self.mirror.behind(), super::MIRROR)];
        if let Some((status, sizes)) = status {
            let (read, released, sent) = (gauges.read.load(Relaxed), gauges.released.load(Relaxed), gauges.sent.load(Relaxed));
            let events = status.events.max(read).saturating_sub(released).min(sizes.events);
            let commands = sent.saturating_sub(status.commands).min(sizes.commands);
            queues.push(Queue { name: "card-events".to_owned(), used: events, capacity: sizes.events });
            queues.push(Queue { name: "card-commands".to_owned(), used: commands, capacity: sizes.commands });
        }
        queues
    }

    fn journal_positions(&self) -> Journal {
        let halted = match self.watch.state() {
            State::Halted { reason } => Some(reason),
            State::Running if self.shared.is_stalled.load(Relaxed) => Some("the disk does not answer".to_owned()),
            State::Running => None,
        };
        // Durable first: what is appended meanwhile makes the lag longer than it is, never negative.
        let durable = self.watch.durable();
        let appended = self.shared.gauges.appended.load(Relaxed).max(durable);
        Journal { appended, durable, halted, halts: self.watch.halts(), commits: self.watch.commits() }
    }
}

/// What became of restorations, and how far one is.
pub fn restorations(engine: &Engine) -> Restorations {
    let all = engine.restorations();
    let step = engine.restoration().step;
    let now = (step != riposte_engine::Restoring::Idle).then(|| format!("{step:?}").to_lowercase());
    let [last_ms, sum_ms] = [all.last_ns, all.sum_ns].map(|ns| ns / 1_000_000);
    Restorations { begun: all.begun, done: all.done, failed: all.failed, last_ms, sum_ms, now }
}

/// Capacity of a card's rings.
#[derive(Clone, Copy)]
pub struct StatusSizes {
    pub events: u64,
    pub commands: u64,
}

/// What the card tells of itself, and the sizes of its rings.
pub fn read(reader: &mut StatusReader) -> Option<(Status, StatusSizes)> {
    let sizes = reader.sizes();
    reader.status().map(|status| (status, StatusSizes { events: sizes.event_slots as u64, commands: sizes.command_slots as u64 }))
}

fn card((peer, feed): (Peer, Feed), status: Option<&(Status, StatusSizes)>) -> Card {
    let status = status.map(|(status, _)| *status).unwrap_or_default();
    let told = [
        ("clock_cycles", status.cycle), ("frames_shown", status.frames), ("commands_taken", status.commands),
        ("events_published", status.events), ("frames_transmitted", status.transmitted), ("frames_taken", status.taken),
        ("frames_unclaimed", status.unclaimed), ("stalls", status.stalls), ("watchdog_kills", status.watchdog_kills),
        ("frames_lost", status.lost), ("exceptions", status.exceptions), ("exceptions_lost", status.exceptions_lost),
        ("frames_withheld", status.withheld),
    ];
    let counters = Counter::ALL.iter().map(|counter| (counter.text().to_owned(), status.counters[*counter as usize].into()));
    let peer = match peer {
        Peer::Alive => "alive",
        Peer::Silent { .. } => "silent",
        Peer::Died { .. } => "died",
        Peer::Left { .. } => "left",
        Peer::Absent => "absent",
    };
    let told = told.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
    Card { peer: peer.to_owned(), feed: format!("{feed:?}").to_lowercase(), told, counters: counters.collect() }
}

fn session(stream: Stream, counts: &riposte_session::Counts) -> Session {
    let riposte_session::Counts { connections, messages, unreadable, sent, unsent } = *counts;
    let counts = [
        ("connections", connections), ("messages", messages), ("unreadable", unreadable), ("sent", sent), ("unsent", unsent),
    ];
    let stream = match stream {
        Stream::Session => "orders",
        Stream::DropCopy => "drop-copy",
    };
    Session { stream: stream.to_owned(), counts: counts.map(|(name, count)| (name.to_owned(), count)).into_iter().collect() }
}

impl Shared {
    /// Told by the engine's thread, once a turn.
    pub fn tell(&self, appended: u64, card: Option<(u64, u64, u64)>) {
        // This thread alone writes it.
        self.gauges.turns.store(self.gauges.turns.load(Relaxed) + 1, Relaxed);
        self.gauges.appended.store(appended, Relaxed);
        let (read, released, sent) = card.unwrap_or_default();
        self.gauges.read.store(read, Relaxed);
        self.gauges.released.store(released, Relaxed);
        self.gauges.sent.store(sent, Relaxed);
    }
}
