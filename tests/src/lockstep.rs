//! Two cards see the same frames and commands; every event, byte and counter is compared.
use crate::traffic::Piece;
use riposte_device::{Card, Frame, Output};
use riposte_map::{
    counter::Counter,
    reason::Reason,
    shm::{Command, Event, EventKind},
};
use std::{
    collections::{BTreeMap, VecDeque},
    hash::{DefaultHasher as Digest, Hash, Hasher},
};

/// Frames that the report of a difference shows.
const RECENT: usize = 3;
/// Longer than a full decision queue of full rules takes to leave.
const SETTLE_CYCLES: u64 = 1500;

/// What a run has exercised: how often each counter counted and each kind of event came with each reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    pub counters: BTreeMap<Counter, u64>,
    pub events: BTreeMap<(EventKind, Reason), u64>,
}

impl Coverage {
    pub fn add(&mut self, other: &Coverage) {
        for (counter, count) in &other.counters {
            *self.counters.entry(*counter).or_default() += count;
        }
        for (event, count) in &other.events {
            *self.events.entry(*event).or_default() += count;
        }
    }

    fn event(&mut self, event: &Event) {
        let kind = event.kind().expect("a kind of the contract");
        let reason = event.reason().expect("a reason of the contract");
        *self.events.entry((kind, reason)).or_default() += 1;
    }

    pub fn count(&self, counter: Counter) -> u64 {
        self.counters.get(&counter).copied().unwrap_or_default()
    }

    pub fn events(&self, kind: EventKind) -> u64 {
        self.events.iter().filter(|((of, _), _)| *of == kind).map(|(_, count)| count).sum()
    }

    pub fn print(&self) {
        for (counter, count) in &self.counters {
            println!("{:>10} {}", count, counter.text());
        }
        for ((kind, reason), count) in &self.events {
            println!("{count:>10} {kind:?} {reason:?}");
        }
    }
}

/// A run that came to its end without a difference.
pub struct Ended {
    pub coverage: Coverage,
    pub cycles: u64,
    /// Of every event and every transmitted frame with its cycle; equal for equal runs of one build.
    pub digest: u64,
}

/// Drives cards alike and compares what comes out. With one card there is nothing to compare, and the digest stands
/// in for the partner of an earlier run.
pub struct Lockstep {
    cards: Vec<Box<dyn Card>>,
    coverage: Coverage,
    digest: Digest,
    /// The last event that was compared, for the report of a difference.
    last_event: Option<Event>,
    next_command: u64,
    sequence: u64,
    /// The last frames, for the report of a difference.
    recent: VecDeque<(u64, Piece)>,
}

impl Lockstep {
    pub fn new(cards: Vec<Box<dyn Card>>) -> Lockstep {
        Lockstep {
            cards,
            coverage: Coverage::default(),
            digest: Digest::new(),
            last_event: None,
            next_command: 0,
            sequence: 0,
            recent: VecDeque::new(),
        }
    }

    pub fn cycle(&self) -> u64 {
        self.cards[0].cycle()
    }

    /// Schedules a command `ahead` cycles from now, or as soon as the ones before it allow.
    pub fn command(&mut self, ahead: u64, command: Command) -> u64 {
        let cycle = (self.cycle() + ahead).max(self.next_command);
        self.next_command = cycle + 1;
        self.sequence += 1;
        for card in &mut self.cards {
            card.schedule(cycle, &Command { sequence: self.sequence, ..command });
        }
        cycle
    }

    /// Commands one a cycle, and time for them to act.
    pub fn commands(&mut self, commands: &[Command]) {
        for command in commands {
            self.command(0, *command);
        }
        let cycles = self.next_command - self.cycle() + 4;
        self.idle(cycles);
    }

    pub fn idle(&mut self, cycles: u64) {
        for card in &mut self.cards {
            card.idle(cycles);
        }
    }

    pub fn piece(&mut self, piece: &Piece) {
        self.idle(piece.gap);
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back((self.cycle(), piece.clone()));
        let frame =
            Frame { bytes: &piece.bytes, time_ns: piece.time_ns, fcs_good: piece.fcs_good, stalls: piece.stalls };
        for card in &mut self.cards {
            card.frame(&frame);
        }
    }

    /// Takes what has come out and compares it; panics at the first difference.
    pub fn compare(&mut self, seed: u64) {
        let mut outputs = self.cards.iter_mut().map(|card| {
            let mut output = Output::default();
            card.drain(&mut output);
            output
        });
        let one = outputs.next().expect("a card");
        let others: Vec<Output> = outputs.collect();
        for other in &others {
            self.compare_pair(seed, &one, other);
        }
        for event in &one.events {
            self.coverage.event(event);
            event.hash(&mut self.digest);
        }
        for order in &one.transmitted {
            self.digest.write_u64(order.cycle);
            self.digest.write_u64(order.time_ns);
            self.digest.write(&order.bytes);
        }
        self.last_event = one.events.last().copied().or(self.last_event);
    }

    fn compare_pair(&self, seed: u64, one: &Output, other: &Output) {
        let names = [self.cards[0].name(), self.cards[1].name()];
        let events = one.events.len().max(other.events.len());
        for at in 0..events {
            let (a, b) = (one.events.get(at), other.events.get(at));
            let before = if at == 0 { self.last_event } else { one.events.get(at - 1).copied() };
            let [first, second] = names;
            assert!(
                a == b,
                "an event differs\n{first}: {a:?}\n{second}: {b:?}\nbefore: {before:?}\n{}",
                self.context(seed)
            );
        }
        let frames = one.transmitted.len().max(other.transmitted.len());
        for at in 0..frames {
            let (a, b) = (one.transmitted.get(at), other.transmitted.get(at));
            let [first, second] = names;
            assert!(a == b, "a frame differs\n{first}: {a:?}\n{second}: {b:?}\n{}", self.context(seed));
        }
    }

    fn context(&self, seed: u64) -> String {
        let mut text = format!("seed {seed}, cycle {}\nlast frames:", self.cycle());
        for (cycle, piece) in &self.recent {
            let (good, stalls, bytes) = (piece.fcs_good, piece.stalls, &piece.bytes);
            text += &format!("\ncycle {cycle} fcs {good} stalls {stalls:x} {bytes:02x?}");
        }
        text
    }

    /// Lets everything come out and compares it and the counters.
    pub fn finish(mut self, seed: u64) -> Ended {
        self.idle(SETTLE_CYCLES);
        self.compare(seed);
        let cycles = self.cycle();
        let counters: Vec<_> = self.cards.iter_mut().map(|card| card.counters()).collect();
        for counter in Counter::ALL {
            let at = *counter as usize;
            let differs = counters.iter().any(|of| of[at] != counters[0][at]);
            assert!(!differs, "counter {} differs, seed {seed}", counter.text());
            self.coverage.counters.insert(*counter, u64::from(counters[0][at]));
            self.digest.write_u32(counters[0][at]);
        }
        Ended { coverage: self.coverage, cycles, digest: self.digest.finish() }
    }
}
