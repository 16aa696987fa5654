//! Everything that happens at a cycle of its own: commands, invalidations, verdicts, gate, events.
//!
//! In: operations with their verdict cycle, channel errors, commands. Out: events and transmitted frames.
//! Why: nothing here is stepped cycle by cycle; what is due is settled in the order of time, and within
//! one cycle whatever becomes visible in it comes before whatever reads it.
//! Holds: `next_other <= ` the cycle of everything that is due except verdicts.
use crate::{
    bank::Bank,
    events::{Events, Queue},
    gate::{self, OrderSession, Sight},
    rules,
};
use riposte_device::{Output, Transmitted};
use riposte_map::{
    counter::Counter,
    limits::{DECISION_QUEUE, INSTRUMENTS},
    reason::Reason,
    shm::{Command, Event, EventKind, Level, NONE, Opcode},
};
use std::collections::VecDeque;

/// A command shown in cycle x acts on what reads state in x + 2.
const COMMAND_CYCLES: u64 = 2;
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
    /// Cycle that showed the decisive byte.
    pub decisive: u64,
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
    /// Of a trading action: whether its state is 'T'.
    pub trading: Option<bool>,
    /// Price of a print.
    pub print_e4: Option<u32>,
    /// Top after the operation.
    pub top: [Level; 2],
    pub price_e4: u32,
    pub quantity: u32,
}

/// Rules of one verdict that fired and wait for the gate.
#[derive(Clone, Copy, Debug)]
struct Decision {
    cycle: u64,
    origin: Origin,
    mask: u8,
    top: [Level; 2],
}

/// What waits to be queued as an event of the channel, first to go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    System,
    Header,
    BadLength,
    MalformedBlock,
    Frame,
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
    armed: bool,
    killed: bool,
    trace: bool,
    session: OrderSession,
    /// One bit an instrument.
    valid: u16,
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
    verdicts: VecDeque<Pending>,
    decisions: VecDeque<Decision>,
    /// First cycle in which the gate may pick.
    gate_free: u64,
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
            armed: false,
            killed: false,
            trace: false,
            session: OrderSession::default(),
            valid: 0,
            trading: 0,
            held: [0; INSTRUMENTS],
            touched: [NEVER; INSTRUMENTS],
            waiting: Vec::new(),
            channel_free: 0,
            invalidations: VecDeque::new(),
            losses: VecDeque::new(),
            verdicts: VecDeque::new(),
            decisions: VecDeque::new(),
            gate_free: 0,
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
            while let Some((_, command)) = self.scheduled.pop_front_if(|c| c.0 + COMMAND_CYCLES <= cycle) {
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
    pub fn channel_error(&mut self, cycle: u64, rank: Rank, reason: Reason, time_ns: u64, sequences: [u64; 2]) {
        let [bid, ask] = sequences
            .map(|s| Level { price_e4: s as u32, quantity: (s >> 32) as u32 });
        let event = Event {
            kind: EventKind::Channel as u8,
            reason: reason as u8,
            instrument: NONE,
            rule: NONE,
            time_ns,
            bid,
            ask,
            ..Event::default()
        };
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

    /// Adds an operation; calls come in the order of their verdicts.
    #[inline]
    pub fn judge_later(&mut self, pending: Pending) {
        self.verdicts.push_back(pending);
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
            self.invalidations.front().copied(),
            self.losses.front().copied(),
            self.gate_cycle(),
            waiting.map(|from| from.max(self.channel_free)),
        ]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(NEVER)
    }

    /// Settles one thing due in `cycle`: what becomes visible in it first, then what reads it.
    fn settle_other(&mut self, cycle: u64) {
        if let Some((_, command)) = self.scheduled.pop_front_if(|c| c.0 + COMMAND_CYCLES <= cycle) {
            self.carry_out(cycle, &command);
        } else if self.invalidations.pop_front_if(|from| *from <= cycle).is_some() {
            self.valid = 0;
        } else if self.losses.pop_front_if(|from| *from <= cycle).is_some() {
            self.killed = true;
        } else if self.gate_cycle().is_some_and(|gate| gate <= cycle) {
            self.pass_gate(cycle);
        } else {
            self.queue_channel_event(cycle);
        }
    }

    /// Cycle in which the gate looks at the first rule of the first decision.
    fn gate_cycle(&self) -> Option<u64> {
        self.decisions.front().map(|decision| self.gate_free.max(decision.cycle + 1) + 1)
    }

    fn push(&mut self, queue: Queue, enters: u64, event: Event) {
        if !self.events.push(queue, enters, event) {
            self.count(Counter::EventsLost);
            self.losses.push_back(enters + 1);
            self.due(enters + 1);
        }
    }

    fn queue_channel_event(&mut self, cycle: u64) {
        let ready = self.waiting.iter().enumerate().filter(|(_, waiting)| waiting.from <= cycle);
        let first = ready.min_by_key(|(_, waiting)| (waiting.rank, waiting.from));
        if let Some((index, _)) = first {
            let mut event = self.waiting.remove(index).event;
            event.generation = self.generation;
            self.channel_free = cycle + 1;
            self.push(Queue::Channel, cycle + 1, event);
        }
    }
}

// Commands.
impl Agenda {
    /// Changes what a command changes, visible from `cycle` on, and makes its event.
    fn carry_out(&mut self, cycle: u64, command: &Command) {
        self.count(Counter::Commands);
        let opcode = Opcode::from_code(command.opcode);
        let refused = match opcode {
            Some(
                write @ (Opcode::WriteFeed
                | Opcode::WriteInstrument
                | Opcode::WriteRules
                | Opcode::WriteTemplate
                | Opcode::WriteImage),
            ) => return self.banks[1 - self.in_force].write(write, command),
            Some(opcode) => self.act(cycle, opcode, command),
            None => Some(Reason::BadOpcode),
        };
        if refused.is_some() {
            self.count(Counter::CommandsRefused);
        }
        let event = Event {
            kind: EventKind::Command as u8,
            reason: refused.unwrap_or(Reason::None) as u8,
            instrument: command.instrument,
            rule: command.rule,
            generation: self.generation,
            feed_sequence: command.sequence,
            detail: u16::from(command.opcode),
            ..Event::default()
        };
        self.push(Queue::Command, cycle, event);
    }

    /// Carries out a command that is no write, or says why not.
    fn act(&mut self, cycle: u64, opcode: Opcode, command: &Command) -> Option<Reason> {
        let mask = command.args[0] as u16;
        match opcode {
            Opcode::Commit if command.value <= self.generation => return Some(Reason::OldGeneration),
            Opcode::Commit => {
                self.generation = command.value;
                self.in_force = 1 - self.in_force;
                self.held = [0; INSTRUMENTS];
            }
            Opcode::Arm => self.armed = true,
            Opcode::Disarm => self.armed = false,
            Opcode::Kill => self.killed = true,
            Opcode::ClearKill => self.killed = false,
            Opcode::Validate => {
                let touched = |instrument: usize| {
                    mask >> instrument & 1 == 1 && self.touched[instrument] <= cycle - COMMAND_CYCLES
                };
                if (0..INSTRUMENTS).any(touched) {
                    return Some(Reason::BookNotClean);
                }
                self.valid |= mask;
            }
            Opcode::Invalidate => self.valid &= !mask,
            Opcode::Session => {
                self.session = OrderSession {
                    sequence: command.args[0] as u32,
                    acknowledgement: (command.args[0] >> 32) as u32,
                    user_ref: command.args[1] as u32,
                };
            }
            Opcode::Trace => self.trace = command.value & 1 == 1,
            _ => unreachable!("{opcode:?} is a write"),
        }
        None
    }
}

// Verdict and gate.
impl Agenda {
    fn verdict(&mut self, pending: &Pending) {
        let origin = &pending.origin;
        let instrument = usize::from(origin.instrument);
        let bit = 1 << instrument;
        if let Some(reason) = pending.error {
            return self.invalidate(pending, reason);
        }
        if !pending.evaluated {
            return;
        }
        match pending.trading {
            Some(true) => self.trading |= bit,
            Some(false) => self.trading &= !bit,
            None => {}
        }
        if self.valid & bit == 0 {
            self.held[instrument] = 0;
            return;
        }
        let [bid, ask] = pending.top;
        let crossed = bid.quantity != 0 && ask.quantity != 0 && bid.price_e4 > ask.price_e4;
        if crossed && self.trading & bit != 0 {
            return self.invalidate(pending, Reason::Crossed);
        }
        let set = &self.banks[usize::from(origin.bank)].rules[instrument];
        let holding = rules::judge(set, pending.top, pending.print_e4);
        let fired = holding.book & !self.held[instrument] | holding.trade;
        self.held[instrument] = holding.book;
        let refused = fired != 0 && !self.decide(pending, fired);
        if self.trace && !refused {
            let event = Event {
                bid,
                ask,
                price_e4: pending.price_e4,
                quantity: pending.quantity,
                detail: u16::from(origin.code),
                ..event_of(EventKind::Book, Reason::None, origin)
            };
            self.push(Queue::Verdict, pending.cycle + 1, event);
        }
    }

    fn invalidate(&mut self, pending: &Pending, reason: Reason) {
        let origin = &pending.origin;
        let bit = 1 << origin.instrument;
        self.held[usize::from(origin.instrument)] = 0;
        if self.valid & bit != 0 {
            self.valid &= !bit;
            self.count(Counter::Invalidations);
            let detail = u16::from(origin.code);
            let event = Event { detail, ..event_of(EventKind::Invalid, reason, origin) };
            self.push(Queue::Verdict, pending.cycle + 1, event);
        }
    }

    /// Queues a decision for the gate; `false` when its queue is full.
    fn decide(&mut self, pending: &Pending, mask: u8) -> bool {
        let Pending { cycle, origin, top, .. } = *pending;
        if self.decisions.len() == DECISION_QUEUE {
            self.count(Counter::DecisionsDropped);
            let [bid, ask] = top;
            let detail = u16::from(mask);
            let refused = event_of(EventKind::OrderRefused, Reason::QueueFull, &origin);
            self.push(Queue::Verdict, cycle + 1, Event { bid, ask, detail, ..refused });
            return false;
        }
        self.count(Counter::Decisions);
        self.decisions.push_back(Decision { cycle, origin, mask, top });
        if let Some(gate) = self.gate_cycle() {
            self.due(gate);
        }
        true
    }

    /// Lets the gate look at the first rule of the first decision, in cycle `cycle`.
    fn pass_gate(&mut self, cycle: u64) {
        let Some(decision) = self.decisions.front_mut() else { return };
        let rule = decision.mask.trailing_zeros() as usize;
        decision.mask &= decision.mask - 1;
        let Decision { origin, top: [bid, ask], mask, .. } = *decision;
        if mask == 0 {
            self.decisions.pop_front();
        }
        let instrument = usize::from(origin.instrument);
        let bank = &self.banks[usize::from(origin.bank)];
        let template = &bank.templates[instrument][rule];
        let sight = Sight {
            generation: self.generation,
            killed: self.killed,
            armed: self.armed,
            book_valid: self.valid >> instrument & 1 == 1,
            trading: self.trading >> instrument & 1 == 1,
            user_ref: self.session.user_ref,
        };
        let refusal = gate::refusal(&sight, origin.generation, &bank.instruments[instrument], template);
        let kind = if refusal.is_none() { EventKind::OrderSent } else { EventKind::OrderRefused };
        let mut event = Event {
            rule: rule as u8,
            bid,
            ask,
            price_e4: template.price_e4,
            quantity: template.quantity,
            cycles: (cycle + 1 - origin.decisive) as u16,
            detail: u16::from(template.side),
            ..event_of(kind, refusal.unwrap_or(Reason::None), &origin)
        };
        if refusal.is_none() {
            let words = u64::from(template.words);
            let bytes = gate::patch(template, &self.session);
            event.user_ref = self.session.user_ref;
            self.session.sequence = self.session.sequence.wrapping_add(u32::from(template.payload_bytes));
            self.session.user_ref = self.session.user_ref.wrapping_add(1);
            let frame = Transmitted { cycle: cycle + 1, time_ns: origin.time_ns, bytes };
            self.transmitted.push_back((cycle + words, frame));
            self.gate_free = cycle + words + 3;
            self.count(Counter::OrdersSent);
        } else {
            self.gate_free = cycle + 1;
            self.count(Counter::OrdersRefused);
        }
        self.push(Queue::Order, cycle + 1, event);
    }
}
