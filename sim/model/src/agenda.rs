//! Everything that happens at a cycle of its own: commands, invalidations, verdicts, gate, events.
//!
//! In: operations with their verdict cycle, channel errors, commands. Out: events and transmitted frames.
//! Why: nothing here is stepped cycle by cycle; what is due is settled in the order of time, and within
//! one cycle whatever becomes visible in it comes before whatever reads it.
//! Holds: `next_other <= ` the cycle of everything that is due except verdicts.
mod commands;
mod entering;
mod restoring;
mod verdicts;

use crate::{
    bank::{Bank, Rules, Template},
    book::Books,
    events::{Events, Queue},
    gate::OrderSession,
    grants::Grants,
    pace::Paces,
    pipeline::Pipeline,
    restoration::Restoration,
    resting::Resting,
    session::Session,
    throttle::Throttle,
};
use entering::Entry;
use riposte_device::{Output, Transmitted};
use riposte_map::{
    counter::Counter,
    limits::{INSTRUMENTS, RULES},
    reason::Reason,
    shm::{Command, Event, EventKind, Level, NONE},
};
use std::collections::VecDeque;
pub use verdicts::Kind;
use verdicts::{Decision, Sending};

/// A command shown in cycle x acts on what reads state in x + 3.
const COMMAND_CYCLES: u64 = 3;
/// An issue is seen by a command that acts so many cycles later, or more.
const TOUCH_CYCLES: u64 = 3;
/// A verdict reads the rules so many cycles before its own: in K, its cycle being K + 3.
const RULES_BEFORE_VERDICT: u64 = 3;
/// The gate reads a template so many cycles before its own: in r, its cycle being r + 2.
const TEMPLATE_BEFORE_GATE: u64 = 2;
/// Later than anything.
const NEVER: u64 = u64::MAX;

/// The message that an operation came from.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// Type of the message.
    pub code: u8,
    pub instrument: u8,
    /// Parameter bank and generation that the message was looked up under.
    pub bank: u8,
    pub generation: u32,
    pub time_ns: u64,
    pub sequence: u64,
    /// Cycle in which the decisive byte came: the one before it was shown, or in which an order of the host entered.
    pub came: u64,
}

/// An operation that waits for its verdict.
#[derive(Clone, Copy, Debug)]
pub struct Pending {
    /// Verdict cycle.
    pub cycle: u64,
    pub origin: Origin,
    pub error: Option<Reason>,
    /// `false` for the first half of a replace.
    pub evaluated: bool,
    pub kind: Kind,
    /// Of a trading action: whether its state is 'T'.
    pub trading: Option<bool>,
    /// It tells of a trade, at this price and of this quantity.
    pub is_print: bool,
    /// Top after the operation.
    pub top: [Level; 2],
    pub price_e4: u32,
    pub quantity: u32,
}

/// What waits to be queued as an event of the channel, first to go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    System,
    Header,
    BadLength,
    MalformedBlock,
    Frame,
    FeedSilent,
    HostSilent,
    Cleared,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    /// First cycle in which it may be queued.
    from: u64,
    rank: Rank,
    event: Event,
}

#[derive(Clone, Debug)]
pub struct Agenda {
    /// Commands with the cycle that shows them, from which on they act two later.
    scheduled: VecDeque<(u64, Command)>,
    banks: [Bank; 2],
    in_force: usize,
    generation: u32,
    /// The cycle from which it has been.
    committed: u64,
    armed: bool,
    killed: bool,
    trace: bool,
    /// What is fenced, as the arguments of Fence.
    fenced: [u64; 2],
    /// The last instrument that a rule halted, and from which cycle on.
    halted: Option<(u64, u16)>,
    session: OrderSession,
    /// Grants and heartbeats with the cycle in which they are visible, ascending.
    granted: VecDeque<(u64, Command)>,
    grants: Grants,
    resting: Resting,
    throttle: Throttle,
    /// First gate cycle in which each rule may send again.
    cooled: [[u64; RULES]; INSTRUMENTS],
    /// First cycle in which the host is not heard, until that is told.
    silence: Option<u64>,
    /// In which cycles the feed falls silent if no other packet comes; of more than one all but the last are past changing.
    quiet: VecDeque<u64>,
    /// Cycle from which on the card is disarmed, as the host is silent.
    disarming: Option<u64>,
    pub books: Books,
    pub pipeline: Pipeline,
    feed: Session,
    pub restoration: Restoration,
    entry: Entry,
    /// One bit an instrument; changed by `make_valid` alone.
    valid: u16,
    paces: Paces,
    /// Restored without an error so far.
    sound: u16,
    trading: u16,
    /// Rules on the book that held at the last verdict, one byte an instrument.
    held: [u8; INSTRUMENTS],
    /// Cycle of the first issue of each instrument since reset.
    touched: [u64; INSTRUMENTS],
    waiting: Vec<Waiting>,
    channel_free: u64,
    /// Cycles from which on all instruments are invalid, ascending.
    invalidations: VecDeque<u64>,
    /// Cycles from which on the card is killed because an event was lost, ascending.
    losses: VecDeque<u64>,
    /// What is to come of overflows of the level table, in which cycle at the earliest, ascending.
    overflows: VecDeque<(u64, Kind, Origin)>,
    /// Instruments whose book an overflow closed that has not been told of.
    overflowed: u16,
    verdicts: VecDeque<Pending>,
    decisions: VecDeque<Decision>,
    /// Gate cycle of the last decision that has left its queue.
    last_left: u64,
    /// What the next verdicts and the next look of the gate have read, kept from a write that comes
    /// between their reading and themselves.
    rules_read: VecDeque<Rules>,
    template_read: Option<Template>,
    /// The last order that passed the gate.
    sending: Option<Sending>,
    /// First cycle in which the gate may pick.
    gate_free: u64,
    /// Events on their way to their queues, with the cycle in which they meet them, in this order.
    coming: VecDeque<(u64, Queue, Event)>,
    events: Events,
    /// Frames with the cycle of their last word.
    transmitted: VecDeque<(u64, Transmitted)>,
    counters: [u32; Counter::COUNT],
    next_other: u64,
}

impl Default for Agenda {
    fn default() -> Agenda {
        Agenda {
            scheduled: VecDeque::new(),
            banks: Default::default(),
            in_force: 0,
            generation: 0,
            committed: 0,
            armed: false,
            killed: false,
            trace: false,
            fenced: [0; 2],
            halted: None,
            session: OrderSession::default(),
            granted: VecDeque::new(),
            grants: Grants::default(),
            resting: Resting::default(),
            throttle: Throttle::default(),
            cooled: Default::default(),
            silence: None,
            quiet: VecDeque::new(),
            disarming: None,
            books: Books::default(),
            pipeline: Pipeline::default(),
            feed: Session::default(),
            restoration: Restoration::default(),
            entry: Entry::default(),
            valid: 0,
            paces: Paces::default(),
            sound: 0,
            trading: 0,
            held: [0; INSTRUMENTS],
            touched: [NEVER; INSTRUMENTS],
            waiting: Vec::new(),
            channel_free: 0,
            invalidations: VecDeque::new(),
            losses: VecDeque::new(),
            overflows: VecDeque::new(),
            overflowed: 0,
            verdicts: VecDeque::new(),
            decisions: VecDeque::new(),
            last_left: 0,
            rules_read: VecDeque::new(),
            template_read: None,
            sending: None,
            gate_free: 0,
            coming: VecDeque::new(),
            events: Events::default(),
            transmitted: VecDeque::new(),
            counters: [0; Counter::COUNT],
            next_other: NEVER,
        }
    }
}

/// Inserts a cycle into an ascending queue.
fn insert_sorted(queue: &mut VecDeque<u64>, cycle: u64) {
    let at = queue.partition_point(|&other| other <= cycle);
    queue.insert(at, cycle);
}

/// An event about a message, with everything but kind-specific fields.
fn event_of(kind: EventKind, reason: Reason, origin: &Origin) -> Event {
    Event {
        kind: kind as u8,
        reason: reason as u8,
        instrument: origin.instrument,
        rule: NONE,
        generation: origin.generation,
        time_ns: origin.time_ns,
        feed_sequence: origin.sequence,
        ..Event::default()
    }
}

/// An event of the channel, with everything but what the reason adds.
fn channel_event(reason: Reason) -> Event {
    Event {
        kind: EventKind::Channel as u8,
        reason: reason as u8,
        instrument: NONE,
        rule: NONE,
        ..Event::default()
    }
}

// What the receive side asks and tells.
impl Agenda {
    #[inline]
    pub fn count(&mut self, counter: Counter) {
        let value = &mut self.counters[counter as usize];
        *value = value.wrapping_add(1);
    }

    pub fn counters(&self) -> [u32; Counter::COUNT] {
        self.counters
    }

    pub fn schedule(&mut self, cycle: u64, command: Command) {
        self.scheduled.push_back((cycle, command));
        self.due(cycle + COMMAND_CYCLES);
    }

    /// Makes visible what commands have changed by cycle `cycle`; everything before it must be told.
    #[inline]
    pub fn see(&mut self, cycle: u64) {
        if self.scheduled.front().is_some_and(|command| command.0 + COMMAND_CYCLES <= cycle) {
            self.settle(cycle);
            self.empty_books(cycle);
            while let Some((_, command)) =
                self.scheduled.pop_front_if(|c| c.0 + COMMAND_CYCLES <= cycle)
            {
                self.carry_out(cycle, &command);
            }
            self.next_other = self.find_other();
        }
    }

    /// The parameter set in force, by index, and its generation.
    pub fn in_force(&self) -> (usize, u32) {
        (self.in_force, self.generation)
    }

    pub fn bank(&self) -> &Bank {
        &self.banks[self.in_force]
    }

    /// A channel error: visible in `cycle`, all instruments invalid from the next cycle on. `sequences`
    /// are the expected and the received sequence number of a header error.
    pub fn channel_error(
        &mut self,
        cycle: u64,
        rank: Rank,
        reason: Reason,
        time_ns: u64,
        sequences: [u64; 2],
    ) {
        let [bid, ask] =
            sequences.map(|s| Level { price_e4: s as u32, quantity: (s >> 32) as u32 });
        let event = Event { time_ns, bid, ask, ..channel_event(reason) };
        insert_sorted(&mut self.invalidations, cycle + 1);
        self.due(cycle + 1);
        self.wait(cycle, rank, event);
    }

    /// An ITCH system event, ready in `cycle`.
    pub fn system_event(&mut self, cycle: u64, code: u8, time_ns: u64, sequence: u64) {
        let event = Event {
            kind: EventKind::System as u8,
            instrument: NONE,
            rule: NONE,
            time_ns,
            feed_sequence: sequence,
            detail: u16::from(code),
            ..Event::default()
        };
        self.wait(cycle, Rank::System, event);
    }

    fn wait(&mut self, from: u64, rank: Rank, event: Event) {
        self.waiting.push(Waiting { from, rank, event });
        self.due(from.max(self.channel_free));
    }

    /// Notes that an operation of `instrument` is issued in `cycle`.
    #[inline]
    pub fn touch(&mut self, instrument: usize, cycle: u64) {
        let first = &mut self.touched[instrument];
        *first = (*first).min(cycle);
    }

    /// Moves what was on the buses before cycle `now` to `output`.
    pub fn drain(&mut self, now: u64, output: &mut Output) {
        self.events.drain(now, &mut output.events);
        while let Some((_, frame)) = self.transmitted.pop_front_if(|frame| frame.0 < now) {
            output.transmitted.push(frame);
        }
    }
}

// The order of time.
impl Agenda {
    #[inline]
    fn due(&mut self, cycle: u64) {
        self.next_other = self.next_other.min(cycle);
    }

    /// Settles everything due before cycle `limit`.
    pub fn settle(&mut self, limit: u64) {
        loop {
            let verdict = self.verdicts.front().map_or(NEVER, |pending| pending.cycle);
            if self.next_other.min(verdict) >= limit {
                break;
            }
            if self.next_other <= verdict {
                self.settle_other(self.next_other);
                self.next_other = self.find_other();
            } else if let Some(pending) = self.verdicts.pop_front() {
                self.verdict(&pending);
            }
        }
    }

    fn find_other(&self) -> u64 {
        let command = self.scheduled.front().map(|command| command.0 + COMMAND_CYCLES);
        let waiting = self.waiting.iter().map(|waiting| waiting.from).min();
        [
            command,
            self.granted.front().map(|granted| granted.0),
            self.silence,
            self.quiet.front().copied(),
            self.disarming,
            self.restoration.ready(),
            self.invalidations.front().copied(),
            self.losses.front().copied(),
            self.overflows.front().map(|overflow| overflow.0),
            self.coming.front().map(|coming| coming.0),
            self.gate_cycle(),
            self.entering(),
            waiting.map(|from| from.max(self.channel_free)),
        ]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(NEVER)
    }

    /// Settles one thing due in `cycle`: what becomes visible in it first, then what reads it.
    fn settle_other(&mut self, cycle: u64) {
        if self.empty_books(cycle) {
            return;
        }
        if let Some((_, command)) = self.scheduled.pop_front_if(|c| c.0 + COMMAND_CYCLES <= cycle) {
            self.carry_out(cycle, &command);
        } else if let Some((_, command)) = self.granted.pop_front_if(|granted| granted.0 <= cycle) {
            self.grant(cycle, &command);
        } else if self.disarming.take_if(|from| *from <= cycle).is_some() {
            self.armed = false;
        } else if self.silence.take_if(|from| *from <= cycle).is_some() {
            self.fall_silent(cycle);
        } else if self.quiet.pop_front_if(|from| *from <= cycle).is_some() {
            self.miss_packets(cycle);
        } else if self.invalidations.pop_front_if(|from| *from <= cycle).is_some() {
            self.make_valid(cycle, 0);
        } else if self.losses.pop_front_if(|from| *from <= cycle).is_some() {
            self.killed = true;
        } else if let Some((_, kind, origin)) = self.overflows.pop_front_if(|overflow| overflow.0 <= cycle) {
            self.judge_overflow(cycle, kind, origin);
        } else if let Some((told, queue, event)) = self.coming.pop_front_if(|c| c.0 <= cycle) {
            self.enter(told, queue, event);
        } else if self.gate_cycle().is_some_and(|gate| gate <= cycle) {
            self.pass_gate(cycle);
        } else if self.entering().is_some_and(|enters| enters <= cycle) {
            self.enter_order(cycle);
        } else {
            self.queue_channel_event(cycle);
        }
    }

    /// From `cycle` on these books are valid.
    fn make_valid(&mut self, cycle: u64, valid: u16) {
        self.valid = valid;
        self.paces.make_valid(cycle, valid);
    }

    /// Cycle in which the gate looks at the first rule of the first decision.
    fn gate_cycle(&self) -> Option<u64> {
        self.decisions.front().map(|decision| self.gate_free.max(decision.cycle + 1) + 1)
    }

    /// An event that is told in the cycle before `told`: it passes a register on its way to its queue. The ways of
    /// the four sources differ in length, so it waits here until every event that meets its queue earlier has.
    fn push(&mut self, queue: Queue, told: u64, event: Event) {
        let at = self.coming.partition_point(|&(other, ..)| other <= told);
        self.coming.insert(at, (told, queue, event));
        self.due(told);
    }

    /// An event meets its queue in cycle `told`.
    fn enter(&mut self, told: u64, queue: Queue, event: Event) {
        // Several may be lost in one cycle; the counter counts cycles.
        let killed = told + 2;
        if !self.events.push(queue, told + 1, event) && self.losses.back() != Some(&killed) {
            self.count(Counter::EventsLost);
            self.losses.push_back(killed);
        }
    }

    /// The host was heard until the cycle before `cycle`.
    fn fall_silent(&mut self, cycle: u64) {
        self.count(Counter::HostSilences);
        self.wait(cycle, Rank::HostSilent, channel_event(Reason::HostSilent));
        self.disarming = Some(cycle + 1);
        self.due(cycle + 1);
    }

    /// No packet vouches for the feed from `cycle` on.
    fn miss_packets(&mut self, cycle: u64) {
        if self.bank().silence_cycles != 0 {
            self.count(Counter::FeedSilences);
            self.channel_error(cycle, Rank::FeedSilent, Reason::FeedSilent, 0, [0; 2]);
        }
    }

    fn queue_channel_event(&mut self, cycle: u64) {
        let ready = self.waiting.iter().enumerate().filter(|(_, waiting)| waiting.from <= cycle);
        let first = ready.min_by_key(|(_, waiting)| (waiting.rank, waiting.from));
        if let Some((index, _)) = first {
            let mut event = self.waiting.remove(index).event;
            event.generation = self.generation;
            self.channel_free = cycle + 1;
            self.push(Queue::Channel, cycle + 3, event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::QUEUE_EVENTS;

    #[test]
    fn a_lost_event_kills_two_cycles_after_it_found_its_queue_full() {
        let mut agenda = Agenda::default();
        for _ in 0..QUEUE_EVENTS {
            agenda.push(Queue::Order, 10, Event::default());
        }
        agenda.settle(100);
        assert!(!agenda.killed);
        // Told in 9, pushed in 10: lost, killed from 12 on.
        agenda.push(Queue::Order, 10, Event::default());
        agenda.settle(12);
        assert!(!agenda.killed, "as visible in 11");
        agenda.settle(13);
        assert!(agenda.killed, "as visible in 12");
        assert_eq!(agenda.counters()[Counter::EventsLost as usize], 1);
    }
}
