//! Verdicts and the gate: from an operation that is done to an event, a decision, an order.
use super::{Agenda, Origin, Pending, RULES_BEFORE_VERDICT, event_of};
use crate::{
    bank::{Rules, Template},
    book::Add,
    events::Queue,
    gate::{self, Order, OrderSession, Sight},
    rules::{self, Scene},
};
use riposte_device::Transmitted;
use riposte_map::{
    counter::Counter,
    limits::{DECISION_QUEUE, HOST_RULE, RULES},
    reason::Reason,
    shm::{Event, EventKind, Level},
};

/// Cycles from the issue of an add to the last in which a book is valid whose level table it overflowed, and to the one in which that is
/// told, or the next.
const OVERFLOW_AFTER_ISSUE: u64 = 9;
const TOLD_AFTER_ISSUE: u64 = 12;

/// What waits for a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An operation of a message, or a row.
    Operation,
    /// An order of the host, which is no message.
    HostOrder,
    /// An overflow of the level table: it closes the book, and is told of some cycles behind.
    Overflow,
    OverflowTold,
}

/// Rules of one verdict that fired and wait for the gate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decision {
    pub(super) cycle: u64,
    origin: Origin,
    mask: u8,
    is_host: bool,
    top: [Level; 2],
}

impl Decision {
    /// Bank, instrument and rule of the order that the gate looks at next.
    pub(super) fn order(&self) -> [usize; 3] {
        let rule = self.mask.trailing_zeros() as usize;
        [usize::from(self.origin.bank), usize::from(self.origin.instrument), rule]
    }
}

/// An order that passed the gate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sending {
    /// Pick cycle; word `j` of the image is read `j` cycles later.
    pub(super) pick: u64,
    /// Bank, instrument and rule.
    pub(super) order: [usize; 3],
    pub(super) template: Template,
    /// What the order carries.
    pub(super) session: OrderSession,
}

impl Agenda {
    /// Adds an operation; calls come in the order of their verdicts.
    #[inline]
    pub fn judge_later(&mut self, pending: Pending) {
        self.verdicts.push_back(pending);
    }

    /// The add of an operation that was issued in cycle `issued`; its error, of which an overflow of the level table is none.
    pub fn add(&mut self, origin: &Origin, issued: u64, add: &Add, is_early: bool) -> Option<Reason> {
        let error = self.books.add(usize::from(origin.instrument), add, is_early).err();
        if error != Some(Reason::LevelOverflow) {
            return error;
        }
        for (after, kind) in [(OVERFLOW_AFTER_ISSUE, Kind::Overflow), (TOLD_AFTER_ISSUE, Kind::OverflowTold)] {
            let at = self.overflows.partition_point(|other| other.0 <= issued + after);
            self.overflows.insert(at, (issued + after, kind, *origin));
            self.due(issued + after);
        }
        None
    }

    /// What comes of an overflow in `cycle`, which is now: behind the verdict on an operation in this cycle, and told of in the next
    /// one if there is such.
    pub(super) fn judge_overflow(&mut self, cycle: u64, kind: Kind, origin: Origin) {
        let at = self.verdicts.iter().take_while(|other| other.cycle <= cycle).count();
        let waits = kind == Kind::OverflowTold && at > 0;
        let pending = Pending {
            cycle: cycle + u64::from(waits),
            origin,
            error: None,
            evaluated: false,
            kind,
            trading: None,
            is_print: false,
            top: Default::default(),
            price_e4: 0,
            quantity: 0,
        };
        self.verdicts.insert(at, pending);
        // It reads no rules.
        if at < self.rules_read.len() {
            self.rules_read.insert(at, Rules::default());
        }
    }

    pub(super) fn verdict(&mut self, pending: &Pending) {
        let origin = &pending.origin;
        let instrument = usize::from(origin.instrument);
        let bit = 1 << instrument;
        let rules_read = self.rules_read.pop_front();
        if pending.kind != Kind::Operation {
            return self.other_verdict(pending);
        }
        let present = self.banks[usize::from(origin.bank)].rules[instrument];
        let rules = rules_read.unwrap_or(present);
        let pace = if pending.evaluated {
            self.paces.count(pending.cycle - RULES_BEFORE_VERDICT, instrument, rules.window, pending.top)
        } else {
            None
        };
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
        let [bid, ask] = pending.top;
        let crossed = bid.quantity != 0 && ask.quantity != 0 && bid.price_e4 > ask.price_e4;
        if crossed && self.trading & bit != 0 {
            return self.invalidate(pending, Reason::Crossed);
        }
        if self.valid & bit == 0 {
            self.held[instrument] = 0;
            return;
        }
        let told = Level { price_e4: pending.price_e4, quantity: pending.quantity };
        let print = pending.is_print.then_some(told);
        let holding = rules::judge(&rules, &Scene { top: pending.top, print, pace });
        let fired = holding.book & !self.held[instrument] | holding.trade;
        self.held[instrument] = holding.book;
        let (asked, silent, halting) = (fired & !rules.silent, fired & rules.silent, fired & rules.halting);
        if halting != 0 {
            self.fenced[0] |= u64::from(bit);
            self.halted = Some((pending.cycle + 1, bit));
        }
        let is_full = asked != 0 && !self.decide(pending, asked);
        let code = u16::from(origin.code);
        let (kind, reason, detail) = if silent != 0 {
            let reason = if is_full { Reason::QueueFull } else { Reason::None };
            (EventKind::Notice, reason, code | u16::from(silent) << 8 | u16::from(halting) << 12)
        } else if is_full {
            return self.tell_full(pending, asked);
        } else if self.trace {
            (EventKind::Book, Reason::None, code)
        } else {
            return;
        };
        let (price_e4, quantity) = (pending.price_e4, pending.quantity);
        let event = Event { bid, ask, price_e4, quantity, detail, ..event_of(kind, reason, origin) };
        self.push(Queue::Verdict, pending.cycle + 1, event);
    }

    /// Of what is no operation on a book.
    fn other_verdict(&mut self, pending: &Pending) {
        let instrument = usize::from(pending.origin.instrument);
        let bit = 1 << instrument;
        match pending.kind {
            Kind::Operation => {}
            Kind::HostOrder => {
                if !self.decide(pending, 1 << HOST_RULE) {
                    self.tell_full(pending, 1 << HOST_RULE);
                    self.order_is_judged(pending.cycle);
                }
            }
            Kind::Overflow => {
                self.overflowed |= self.valid & bit;
                self.close(pending);
            }
            Kind::OverflowTold => {
                self.held[instrument] = 0;
                if self.overflowed & bit != 0 {
                    self.overflowed &= !bit;
                    self.tell_invalid(pending, Reason::LevelOverflow);
                }
            }
        }
    }

    fn invalidate(&mut self, pending: &Pending, reason: Reason) {
        self.held[usize::from(pending.origin.instrument)] = 0;
        if self.valid & 1 << pending.origin.instrument != 0 {
            self.tell_invalid(pending, reason);
        }
        self.close(pending);
    }

    /// A book is neither valid nor sound from the next cycle on.
    fn close(&mut self, pending: &Pending) {
        let bit = 1 << pending.origin.instrument;
        self.sound &= !bit;
        if self.valid & bit != 0 {
            self.make_valid(pending.cycle + 1, self.valid & !bit);
        }
    }

    fn tell_invalid(&mut self, pending: &Pending, reason: Reason) {
        self.count(Counter::Invalidations);
        let detail = u16::from(pending.origin.code);
        let event = Event { detail, ..event_of(EventKind::Invalid, reason, &pending.origin) };
        self.push(Queue::Verdict, pending.cycle + 1, event);
    }

    /// Queues a decision for the gate; `false` when its queue is full.
    fn decide(&mut self, pending: &Pending, mask: u8) -> bool {
        let Pending { cycle, origin, top, .. } = *pending;
        // One that leaves in this cycle still has its place.
        if self.decisions.len() + usize::from(self.last_left == cycle) == DECISION_QUEUE {
            self.count(Counter::DecisionsDropped);
            return false;
        }
        self.count(Counter::Decisions);
        self.decisions.push_back(Decision { cycle, origin, mask, is_host: pending.kind == Kind::HostOrder, top });
        if let Some(gate) = self.gate_cycle() {
            self.due(gate);
        }
        true
    }

    /// Tells that a decision found its queue full.
    fn tell_full(&mut self, pending: &Pending, mask: u8) {
        let [bid, ask] = pending.top;
        let refused = event_of(EventKind::OrderRefused, Reason::QueueFull, &pending.origin);
        self.push(Queue::Verdict, pending.cycle + 1, Event { bid, ask, detail: mask.into(), ..refused });
    }

    /// Whether an instrument, a side of it or a rule is fenced.
    fn is_fenced(&self, instrument: usize, rule: usize, side: u8) -> bool {
        let of_side = if side == b'B' { 16 } else { 32 };
        let bits = [(0, instrument), (0, of_side + instrument), (1, instrument * RULES + rule)];
        bits.iter().any(|&(word, bit)| self.fenced[word] >> bit & 1 == 1)
    }

    /// Lets the gate look at the first rule of the first decision, in cycle `cycle`.
    pub(super) fn pass_gate(&mut self, cycle: u64) {
        let Some(decision) = self.decisions.front_mut() else { return };
        let order @ [bank, instrument, rule] = decision.order();
        decision.mask &= decision.mask - 1;
        let Decision { origin, top: [bid, ask], mask, is_host, .. } = *decision;
        // The rows of the next decision are read once this one has left.
        let mut next_pick = cycle + 1;
        if mask == 0 {
            self.decisions.pop_front();
            self.last_left = cycle;
            next_pick = cycle + 2;
        }
        let age_cycles = cycle + 1 - origin.came;
        let tokens = self.tokens(cycle);
        let bank = &self.banks[bank];
        let template = self.template_read.take().unwrap_or(bank.templates[instrument][rule]);
        let sight = Sight {
            generation: self.generation,
            killed: self.killed,
            // Silence in this cycle has been told before the gate looks.
            host_heard: self.silence.is_some(),
            armed: self.armed,
            fenced: self.is_fenced(instrument, rule, template.side),
            book_valid: self.valid >> instrument & 1 == 1,
            trading: self.trading >> instrument & 1 == 1,
            user_ref: self.session.user_ref,
            cools: cycle < self.cooled[instrument][rule],
            tokens,
            left: self.grants.left(instrument, rule, &template),
            lived_cycles: cycle - self.committed,
            meets_own: self.resting.meets(instrument, &template),
        };
        let refusal = gate::refusal(&sight, &Order {
            generation: origin.generation,
            top: [bid, ask],
            age_cycles,
            feed_is_watched: bank.silence_cycles != 0,
            limits: &bank.gate,
            instrument: &bank.instruments[instrument],
            template: &template,
        });
        if is_host {
            self.order_is_judged(cycle);
        }
        let kind = if refusal.is_none() { EventKind::OrderSent } else { EventKind::OrderRefused };
        let reason = refusal.map_or(Reason::None, |(reason, _)| reason);
        let mut event = Event {
            rule: rule as u8,
            bid,
            ask,
            price_e4: template.price_e4,
            quantity: template.quantity,
            cycles: age_cycles as u16,
            detail: u16::from(template.side),
            ..event_of(kind, reason, &origin)
        };
        if let Some((_, counter)) = refusal {
            self.gate_free = next_pick;
            self.count(Counter::OrdersRefused);
            self.count(counter);
        } else {
            event.user_ref = self.session.user_ref;
            self.send(cycle, order, &template, origin.time_ns);
        }
        self.push(Queue::Order, cycle + 1, event);
    }

    /// Sends an order that has passed the gate in cycle `cycle`.
    fn send(&mut self, cycle: u64, order: [usize; 3], template: &Template, time_ns: u64) {
        let words = u64::from(template.words);
        let session = self.session;
        let frame = Transmitted { cycle: cycle + 1, time_ns, bytes: gate::patch(template, &session) };
        self.transmitted.push_back((cycle + words, frame));
        self.sending = Some(Sending { pick: cycle - 1, order, template: *template, session });
        self.session.sequence = session.sequence.wrapping_add(u32::from(template.payload_bytes));
        self.session.user_ref = session.user_ref.wrapping_add(1);
        self.gate_free = cycle + words + 3;
        self.count(Counter::OrdersSent);
        self.count(Counter::WireOrders);
        let [_, instrument, rule] = order;
        self.cooled[instrument][rule] = cycle + template.cool_down_cycles;
        self.throttle.take(cycle);
        self.grants.send(instrument, rule, template);
        self.resting.send(instrument, template);
    }
}
