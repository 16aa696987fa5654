//! Two cards see the same frames and commands; every event, byte and counter is compared.
use crate::{coverage::{Bins, Observer}, traffic::Piece};
use riposte_device::{Card, Frame, Output};
use riposte_map::{
    counter::Counter,
    reason::Reason,
    shm::{Command, Event, EventKind},
};
use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    hash::{DefaultHasher as Digest, Hash, Hasher},
};

/// Frames that the report of a difference shows.
const RECENT: usize = 3;
/// Longer than a full decision queue of full rules takes to leave.
pub const SETTLE_CYCLES: u64 = 1500;

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

/// The first thing in which two cards differ, and the frames before it.
#[derive(Clone, Debug)]
pub struct Difference(String);

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Difference {}

/// A run that came to its end without a difference.
pub struct Ended {
    pub coverage: Coverage,
    pub cycles: u64,
    /// Of every event and every transmitted frame with its cycle; equal for equal runs of one build.
    pub digest: u64,
    /// Of functional coverage, if the run was observed.
    pub bins: Bins,
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
    observer: Option<Observer>,
}

impl Lockstep {
    /// As `new`, and counts functional coverage.
    pub fn observed(cards: Vec<Box<dyn Card>>) -> Lockstep {
        Lockstep { observer: Some(Observer::default()), ..Lockstep::new(cards) }
    }

    pub fn new(cards: Vec<Box<dyn Card>>) -> Lockstep {
        Lockstep {
            cards,
            coverage: Coverage::default(),
            digest: Digest::new(),
            last_event: None,
            next_command: 0,
            sequence: 0,
            recent: VecDeque::new(),
            observer: None,
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
        if let Some(observer) = &mut self.observer {
            observer.command(&command);
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
        if let Some(observer) = &mut self.observer {
            observer.frame(self.cards[0].cycle(), piece);
        }
        for card in &mut self.cards {
            card.frame(&frame);
        }
    }

    /// Shows a frame on line B from `cycle` on; gives the cycle of its last word.
    pub fn frame_b(&mut self, cycle: u64, piece: &Piece) -> u64 {
        let frame =
            Frame { bytes: &piece.bytes, time_ns: piece.time_ns, fcs_good: piece.fcs_good, stalls: piece.stalls };
        for card in &mut self.cards {
            card.frame_b(cycle, &frame);
        }
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back((cycle, piece.clone()));
        let words = piece.bytes.len().div_ceil(8) as u64;
        let holes = (0..words).filter(|word| piece.stalls >> (word % 64) & 1 == 1).count();
        cycle + words - 1 + holes as u64
    }

    /// Takes what has come out and compares it; panics at the first difference, naming `seed`.
    pub fn compare(&mut self, seed: u64) {
        self.check().unwrap_or_else(|difference| panic!("seed {seed}: {difference}"));
    }

    /// Lets everything come out and compares it and the counters; panics at a difference, naming `seed`.
    pub fn finish(self, seed: u64) -> Ended {
        self.end().unwrap_or_else(|difference| panic!("seed {seed}: {difference}"))
    }

    /// Takes what has come out and compares it.
    pub fn check(&mut self) -> Result<(), Difference> {
        let mut outputs = self.cards.iter_mut().map(|card| {
            let mut output = Output::default();
            card.drain(&mut output);
            output
        });
        let one = outputs.next().expect("a card");
        let others: Vec<Output> = outputs.collect();
        for other in &others {
            self.check_pair(&one, other)?;
        }
        for event in &one.events {
            self.coverage.event(event);
            event.hash(&mut self.digest);
            if let Some(observer) = &mut self.observer {
                observer.event(event);
            }
        }
        for order in &one.transmitted {
            self.digest.write_u64(order.cycle);
            self.digest.write_u64(order.time_ns);
            self.digest.write(&order.bytes);
        }
        self.last_event = one.events.last().copied().or(self.last_event);
        Ok(())
    }

    fn check_pair(&self, one: &Output, other: &Output) -> Result<(), Difference> {
        let [first, second] = [self.cards[0].name(), self.cards[1].name()];
        for at in 0..one.events.len().max(other.events.len()) {
            let (a, b) = (one.events.get(at), other.events.get(at));
            let before = if at == 0 { self.last_event } else { one.events.get(at - 1).copied() };
            if a != b {
                let what = format!("an event differs\n{first}: {a:?}\n{second}: {b:?}\nbefore: {before:?}");
                return Err(self.difference(&what));
            }
        }
        for at in 0..one.transmitted.len().max(other.transmitted.len()) {
            let (a, b) = (one.transmitted.get(at), other.transmitted.get(at));
            if a != b {
                return Err(self.difference(&format!("a frame differs\n{first}: {a:?}\n{second}: {b:?}")));
            }
        }
        Ok(())
    }

    fn difference(&self, what: &str) -> Difference {
        let mut text = format!("{what}\ncycle {}\nlast frames:", self.cycle());
        for (cycle, piece) in &self.recent {
            let (good, stalls, bytes) = (piece.fcs_good, piece.stalls, &piece.bytes);
            text += &format!("\ncycle {cycle} fcs {good} stalls {stalls:x} {bytes:02x?}");
        }
        Difference(text)
    }

    /// Lets everything come out and compares it and the counters.
    pub fn end(mut self) -> Result<Ended, Difference> {
        // Commands may be scheduled beyond the last frame.
        self.idle(self.next_command.saturating_sub(self.cycle()) + SETTLE_CYCLES);
        self.check()?;
        let cycles = self.cycle();
        let counters: Vec<_> = self.cards.iter_mut().map(|card| card.counters()).collect();
        let differs = |counter: &&Counter| counters.iter().any(|of| of[**counter as usize] != counters[0][**counter as usize]);
        let values = |counter: &Counter| counters.iter().map(|of| of[*counter as usize]).collect::<Vec<_>>();
        let told: Vec<_> =
            Counter::ALL.iter().filter(differs).map(|counter| format!("counter {} differs: {:?}", counter.text(), values(counter))).collect();
        if !told.is_empty() {
            return Err(self.difference(&told.join("\n")));
        }
        for counter in Counter::ALL {
            let at = *counter as usize;
            self.coverage.counters.insert(*counter, u64::from(counters[0][at]));
            self.digest.write_u32(counters[0][at]);
        }
        let bins = self.observer.take().map(|observer| observer.end(&counters[0])).unwrap_or_else(|| Bins::counted(&counters[0]));
        Ok(Ended { coverage: self.coverage, cycles, digest: self.digest.finish(), bins })
    }
}
