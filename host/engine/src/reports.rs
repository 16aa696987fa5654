//! The venue's word: reports of a session and of its drop copy, each counted once.
//!
//! Why both streams go the same way: an execution is known by its id and a cancelled quantity by its stream, so whoever
//! tells first is believed, and the second changes nothing.
use crate::card::CARD;
use crate::config::PRICE_MAX;
use crate::engine::Engine;
use crate::execution::{ADOPTED, Execution};
use crate::guards::Effect;
use crate::input::{Report, Side};
use crate::order::{Cancel, Order, Origin, State};
use crate::output::{Alarm, Guard, Output, Outputs, Record, Stream};
use crate::session::{Place, Standing};
use riposte_map::limits::INSTRUMENTS;
use riposte_map::shm::NONE;

/// A trade as it was told.
#[derive(Clone, Copy)]
struct Told {
    user_ref: u32,
    instrument: u8,
    side: Side,
    quantity: u32,
    price: i64,
    execution: u64,
}

fn is_sane(report: &Report) -> bool {
    let price = match *report {
        Report::Accepted { price, .. } | Report::Replaced { price, .. } | Report::Executed { price, .. } => price,
        _ => 0,
    };
    let pieces = match *report {
        Report::Accepted { quantity, .. }
        | Report::Replaced { quantity, .. }
        | Report::Executed { quantity, .. }
        | Report::Cancelled { quantity, .. } => quantity,
        _ => 1,
    };
    price.unsigned_abs() <= PRICE_MAX as u64 && pieces > 0
}

impl Engine {
    /// A report with its place in its stream: only the next one counts.
    /// None is a report that whoever reads the stream could not read.
    pub(crate) fn on_numbered(&mut self, session: u8, stream: Stream, sequence: u64, report: Option<&Report>, out: &mut Outputs) {
        let used = self.config.sessions.get(usize::from(session)).is_some_and(|rule| rule.venue != NONE);
        let Some(one) = self.sessions.get_mut(usize::from(session)).filter(|_| used) else {
            return out.alarm(Alarm::BadReport { session, sequence });
        };
        if stream == Stream::Session {
            one.heard_ns = self.now_ns;
        }
        let expected = one.numbers[stream as usize].expected;
        match one.numbers[stream as usize].place(sequence) {
            Place::Next => match report.filter(|report| is_sane(report)) {
                Some(report) => self.on_report(session, stream, report, out),
                None => {
                    // Something happened that we cannot read, so what we hold is not known.
                    out.alarm(Alarm::BadReport { session, sequence });
                    self.unbooked(session, out);
                }
            },
            Place::Again => {}
            Place::Gap(first) => {
                if first {
                    out.alarm(Alarm::Gap { session, stream, expected, received: sequence });
                    self.unconfirm(self.instruments_of(session), out);
                    if self.card.permitted || self.card.arming.is_some() {
                        self.disarm(out);
                    }
                    self.ask_replay(session, stream, out);
                }
            }
        }
    }

    pub(crate) fn ask_replay(&self, session: u8, stream: Stream, out: &mut Outputs) {
        let from = self.next_sequence(session, stream).unwrap_or(1);
        out.record(Record::Asking { session, instrument: NONE, generation: 0 });
        out.push(Output::Replay { session, stream, from });
    }

    /// Something about this session's orders is not in our book.
    pub(crate) fn unbooked(&mut self, session: u8, out: &mut Outputs) {
        let doubtful = self.instruments_of(session);
        // What was stated does not tell of it.
        self.holdings.iter_mut().enumerate().filter(|(at, _)| doubtful >> at & 1 == 1).for_each(|(_, one)| one.statement = None);
        self.unconfirm(doubtful, out);
        self.trip(Guard::Unbooked, session, Effect::Disarm, out);
    }

    fn on_report(&mut self, session: u8, stream: Stream, report: &Report, out: &mut Outputs) {
        match *report {
            Report::Accepted { user_ref, instrument, side, quantity, price } => {
                let order = Order::new((session, user_ref), Origin::Outside, instrument, side, (quantity, price), self.now_ns);
                self.on_accepted(order, stream, out);
            }
            Report::Replaced { original, user_ref, quantity, price } => {
                self.on_replaced(session, stream, original, (user_ref, quantity, price), out);
            }
            Report::Executed { user_ref, instrument, side, quantity, price, execution } => {
                self.on_executed(session, stream, Told { user_ref, instrument, side, quantity, price, execution }, out);
            }
            Report::Cancelled { user_ref, quantity } => self.on_cancelled(session, stream, user_ref, quantity, out),
            Report::Rejected { user_ref, reason } => self.on_rejected(session, user_ref, reason, out),
            Report::Broken { execution } => self.on_broken(session, execution, out),
        }
    }

    fn is_current(&self, session: u8) -> bool {
        self.sessions[usize::from(session)].standing == Standing::Current
    }

    /// The state of an open order of which `stream` has just spoken. While a session replays, its words are old.
    fn believed(&self, session: u8, stream: Stream) -> State {
        if self.is_current(session) || stream == Stream::DropCopy { State::Live } else { State::Unknown }
    }

    fn on_accepted(&mut self, told: Order, stream: Stream, out: &mut Outputs) {
        let state = self.believed(told.session, stream);
        let Some(at) = self.orders.find(told.session, told.user_ref) else {
            let one = &mut self.sessions[usize::from(told.session)];
            one.next_user_ref = one.next_user_ref.max(told.user_ref.saturating_add(1));
            // Told of in the replay, it is from before the loss, and should have been cancelled with the others.
            let at_loss = self.config.sessions[usize::from(told.session)].cancel_on_disconnect && !self.is_current(told.session);
            if self.add_order(Order { state, at_loss, accepted: true, ..told }, out).is_none() {
                return self.unbooked(told.session, out);
            }
            let one = &mut self.sessions[usize::from(told.session)];
            one.at_loss += u32::from(at_loss);
            one.proving |= at_loss;
            return;
        };
        if self.orders.table.get(at).state == State::NotReceived {
            // It said before that it never took it.
            out.alarm(Alarm::LateOrOver { session: told.session, user_ref: told.user_ref });
            return self.unbooked(told.session, out);
        }
        self.change_told(at, out, |order| {
            if !order.accepted {
                (order.quantity, order.price) = (told.quantity, told.price);
            }
            order.accepted = true;
            if order.state.is_open() {
                order.state = state;
            }
        });
    }

    fn on_replaced(&mut self, session: u8, stream: Stream, original: u32, new: (u32, u32, i64), out: &mut Outputs) {
        let Some(at) = self.orders.find(session, original) else {
            out.alarm(Alarm::UnknownOrder { session, user_ref: original });
            return self.unbooked(session, out);
        };
        let old = *self.orders.table.get(at);
        self.change_told(at, out, |order| {
            if order.state.is_open() {
                order.state = State::Replaced;
            }
        });
        let (user_ref, quantity, price) = new;
        let order = Order::new((session, user_ref), old.origin, old.instrument, old.side, (quantity, price), self.now_ns);
        self.on_accepted(order, stream, out);
    }

    fn on_executed(&mut self, session: u8, stream: Stream, told: Told, out: &mut Outputs) {
        if let Some(at) = self.executions.find((session, told.execution)) {
            let known = self.executions.get_mut(at);
            known.told[stream as usize] = true;
            let same = known.quantity == i64::from(told.quantity) && known.price == told.price;
            if known.quantity != 0 {
                if !same {
                    out.alarm(Alarm::ExecutionDiffers { session, execution: told.execution });
                    let instrument = known.instrument;
                    self.unconfirm(1 << (instrument & 15), out);
                    self.trip(Guard::DropCopy, instrument, Effect::Disarm, out);
                }
                return;
            }
        }
        let order = self.orders.find(session, told.user_ref);
        let (instrument, side) = order.map_or((told.instrument, told.side), |at| {
            let order = self.orders.table.get(at);
            (order.instrument, order.side)
        });
        if usize::from(instrument) >= INSTRUMENTS {
            out.alarm(Alarm::UnknownOrder { session, user_ref: told.user_ref });
            return self.unbooked(session, out);
        }
        if order.is_none() {
            out.alarm(Alarm::HandTrade { session, execution: told.execution, instrument });
        }
        self.book(session, stream, Told { instrument, side, ..told }, out);
        if let Some(at) = order {
            self.fill(at, stream, told.quantity, out);
        }
    }

    /// Books an execution that is not booked, unless it was broken before it was told.
    fn book(&mut self, session: u8, stream: Stream, told: Told, out: &mut Outputs) {
        let has_drop_copy = self.config.sessions[usize::from(session)].drop_copy;
        let mut execution = Execution {
            session,
            id: told.execution,
            user_ref: told.user_ref,
            instrument: told.instrument,
            side: told.side,
            quantity: i64::from(told.quantity),
            price: told.price,
            time_ns: self.now_ns,
            told: [false, !has_drop_copy],
            broken: false,
            missed: false,
        };
        execution.told[stream as usize] = true;
        let Some(at) = self.executions.insert(execution) else { return self.unbooked(session, out) };
        self.watch_room(out);
        let known = self.executions.get_mut(at);
        if known.broken {
            // Its bust came first, with nothing but the id.
            *known = Execution { broken: true, told: [true; 2], ..execution };
            return;
        }
        self.count_trade(session);
        self.book_at(at, out);
        self.watch_price(at, out);
        self.watch_burst(at, out);
    }

    /// Puts an entry of the table into its position.
    pub(crate) fn book_at(&mut self, at: usize, out: &mut Outputs) {
        let execution = *self.executions.get(at);
        let instrument = usize::from(execution.instrument);
        let multiplier = self.config.instruments[instrument].multiplier;
        let holding = &mut self.holdings[instrument];
        holding.position.trade(execution.signed(), execution.price, multiplier);
        if execution.session != ADOPTED {
            holding.provisional += execution.signed();
            // What the venue said of the position was before this.
            holding.statement = None;
        }
        (self.dirty, self.lending.is_due) = (true, true);
        out.record(Record::Booked {
            session: execution.session,
            execution: execution.id,
            instrument: execution.instrument,
            quantity: execution.signed(),
            price: execution.price,
        });
    }

    fn fill(&mut self, at: usize, stream: Stream, quantity: u32, out: &mut Outputs) {
        let order = *self.orders.table.get(at);
        if !order.state.is_open() || quantity > order.open() {
            out.alarm(Alarm::LateOrOver { session: order.session, user_ref: order.user_ref });
        }
        self.count_racing(order.instrument, quantity);
        let state = self.believed(order.session, stream);
        self.change_told(at, out, |order| {
            order.filled = order.filled.saturating_add(quantity);
            order.accepted = true;
            if order.state.is_open() {
                order.state = state;
            }
        });
    }

    fn on_cancelled(&mut self, session: u8, stream: Stream, user_ref: u32, quantity: u32, out: &mut Outputs) {
        let Some(at) = self.orders.find(session, user_ref) else {
            out.alarm(Alarm::UnknownOrder { session, user_ref });
            return self.unbooked(session, out);
        };
        let order = *self.orders.table.get(at);
        let other = order.cancelled[1 - stream as usize];
        let news = order.cancelled[stream as usize].saturating_add(quantity) > other;
        let is_asked = order.cancel != Cancel::Unwanted || self.is_mass_cancelled(&order);
        if news && !is_asked && !order.at_loss && order.origin != Origin::Host {
            out.alarm(Alarm::OutsideCancel { session, user_ref, quantity });
        }
        let state = self.believed(session, stream);
        self.change_told(at, out, |order| {
            let cancelled = &mut order.cancelled[stream as usize];
            *cancelled = cancelled.saturating_add(quantity);
            order.accepted = true;
            if order.state.is_open() {
                order.state = state;
            }
        });
    }

    fn on_rejected(&mut self, session: u8, user_ref: u32, reason: u16, out: &mut Outputs) {
        let known = self.orders.find(session, user_ref);
        // The venue may be faster than the card's ring: its order is over before we hear of it.
        let overtaken = Order::new((session, user_ref), Origin::Outside, NONE, Side::Buy, (0, 0), self.now_ns);
        let known = if known.is_none() && session == CARD { self.add_order(overtaken, out) } else { known };
        let Some(at) = known else {
            return out.alarm(Alarm::UnknownOrder { session, user_ref });
        };
        if self.orders.table.get(at).state.is_open() {
            out.alarm(Alarm::Rejected { session, user_ref, reason });
            self.change_told(at, out, |order| order.state = State::Rejected);
        }
    }

    /// C38: a trade does not count. The position becomes what it would be had it never happened.
    fn on_broken(&mut self, session: u8, execution: u64, out: &mut Outputs) {
        let Some(at) = self.executions.find((session, execution)) else {
            // Remembered, so that the trade is not booked when it is told late.
            let empty = Told { user_ref: 0, instrument: 0, side: Side::Buy, quantity: 0, price: 0, execution };
            return self.remember_broken(session, empty, out);
        };
        let known = self.executions.get_mut(at);
        if std::mem::replace(&mut known.broken, true) {
            return;
        }
        let (instrument, told_ns) = (known.instrument, known.time_ns);
        let late = self.now_ns.saturating_sub(told_ns) >= self.config.times.bust_window_ns;
        self.rebuild(instrument);
        out.record(Record::Broken { session, execution, instrument });
        out.alarm(Alarm::Broken { session, execution, late: late.into() });
        if late {
            self.trip(Guard::Bust, instrument, Effect::Disarm, out);
        }
    }

    fn remember_broken(&mut self, session: u8, told: Told, out: &mut Outputs) {
        let empty = Execution {
            session,
            id: told.execution,
            user_ref: told.user_ref,
            instrument: told.instrument,
            side: told.side,
            quantity: 0,
            price: 0,
            time_ns: self.now_ns,
            told: [true; 2],
            broken: true,
            missed: false,
        };
        if self.executions.insert(empty).is_none() {
            self.unbooked(session, out);
        }
        out.alarm(Alarm::Broken { session, execution: told.execution, late: 0 });
        self.watch_room(out);
    }

    /// Books everything of an instrument anew, in the order in which it was heard.
    fn rebuild(&mut self, instrument: u8) {
        let multiplier = self.config.instruments[usize::from(instrument)].multiplier;
        let holding = &mut self.holdings[usize::from(instrument)];
        (holding.position, holding.provisional, holding.statement) = Default::default();
        for (at, execution) in self.executions.iter().enumerate() {
            if execution.instrument == instrument && !execution.broken {
                holding.position.trade(execution.signed(), execution.price, multiplier);
                if at >= self.firm && execution.session != ADOPTED {
                    holding.provisional += execution.signed();
                }
            }
        }
        (self.dirty, self.lending.is_due) = (true, true);
    }
}
