//! The engine's state, and what happens with an input.
use crate::books::Books;
use crate::config::{Config, ConfigError, SESSIONS, VENUES};
use crate::digest::StateHasher;
use crate::entering::{Entry, Wish};
use crate::execution::Execution;
use crate::fence::Fence;
use crate::generation::{Generation, Generations, Set};
use crate::guards::{Claims, Latches, Limits, Traffic};
use crate::holding::{Holding, Statement};
use crate::input::{Body, Input, Side};
use crate::lending::{Lending, words};
use crate::resting::Resting;
use crate::mandate::Models;
use crate::message::fields;
use crate::order::{Order, Orders, State};
use crate::delegation::Sender;
use crate::output::{Alarm, Guard, HostMessage, Output, Outputs, Record, Stream};
use crate::position::value;
use crate::protection::Bursts;
use crate::requests::{Request, Requests};
use crate::reversion::Reversion;
use crate::risk::Greeks;
use crate::session::{Session, Standing};
use crate::table::Table;
use riposte_map::limits::INSTRUMENTS;
use riposte_map::shm::{Command, NONE, Opcode};
use std::hash::{Hash, Hasher};

/// Every instrument.
pub(crate) const ALL: u16 = u16::MAX;

/// What we know of the card.
#[derive(Hash)]
pub(crate) struct CardSide {
    /// The host permits orders, and the card has said that it is armed.
    pub permitted: bool,
    /// Sequence number of an `Arm` that the card has not answered.
    pub arming: Option<u64>,
    pub killed: bool,
    pub generation: u32,
    pub committing: Option<Generation>,
    pub next_event: u64,
    pub next_command: u64,
    /// C36: it is the approved one.
    pub approved: bool,
    /// Instruments that a guard has fenced, and those that a reversion has: bit per instrument. And what people have.
    pub guarded: u16,
    pub reverted: u16,
    pub asked: Fence,
    /// C19: instruments of which nothing may be opened.
    pub reduce_only: u16,
    /// Who sends in the connection of its orders.
    pub sender: Sender,
    /// Of each instrument, the number of its newest mass cancel: what was sent before it was asked to end.
    pub mass_cancels: [u32; INSTRUMENTS],
}

impl CardSide {
    /// Of which no order leaves.
    pub fn fenced(&self) -> Fence {
        self.asked.with(Fence::of(self.guarded | self.reverted))
    }
}

fields!(CardSide { permitted, arming, killed, generation, committing, next_event, next_command, approved, guarded, reverted, asked, reduce_only, sender, mass_cancels });

/// See the crate's page.
pub struct Engine {
    pub(crate) config: Config,
    pub(crate) now_ns: u64,
    pub(crate) sessions: [Session; SESSIONS],
    pub(crate) orders: Orders,
    pub(crate) executions: Table<Execution>,
    pub(crate) holdings: [Holding; INSTRUMENTS],
    pub(crate) traffic: [Traffic; VENUES],
    pub(crate) limits: Limits,
    pub(crate) latches: Latches,
    pub(crate) claims: Claims,
    pub(crate) card: CardSide,
    pub(crate) entry: Entry,
    pub(crate) books: Books,
    pub(crate) lending: Lending,
    pub(crate) resting: Resting,
    pub(crate) requests: Requests,
    pub(crate) set: Set,
    pub(crate) generations: Generations,
    pub(crate) reversion: Option<Reversion>,
    pub(crate) models: Models,
    /// C21: held elsewhere, of each instrument.
    pub(crate) greeks: [Greeks; INSTRUMENTS],
    pub(crate) bursts: Bursts,
    /// Some order's cancel is to be asked for, and its session may stand.
    pub(crate) cancels_due: bool,
    /// C20: the book's best result.
    pub(crate) best: i128,
    pub(crate) window_ns: u64,
    /// C38: the first execution that may still be broken. C34: the first that is not told by both.
    pub(crate) firm: usize,
    pub(crate) matched: usize,
    /// Something changed that limits depend on.
    pub(crate) dirty: bool,
    pub(crate) adopted: u64,
}

impl Engine {
    /// Everything unset, unconfirmed and down. Allocates all that it will ever need.
    pub fn new(config: Config) -> Result<Engine, ConfigError> {
        config.check()?;
        Ok(Engine {
            now_ns: 0,
            sessions: [Session::NEW; SESSIONS],
            orders: Orders::new(config.orders),
            executions: Table::new(config.executions),
            holdings: [Holding::default(); INSTRUMENTS],
            traffic: [Traffic::default(); VENUES],
            limits: Limits::default(),
            latches: Latches::new(),
            claims: Claims::default(),
            card: CardSide {
                permitted: false,
                arming: None,
                killed: false,
                generation: 0,
                committing: None,
                next_event: 1,
                next_command: 1,
                approved: false,
                guarded: 0,
                reverted: 0,
                asked: Fence::NONE,
                reduce_only: 0,
                sender: Sender::Host,
                mass_cancels: [0; INSTRUMENTS],
            },
            entry: Entry::default(),
            books: Books::NEW,
            lending: Lending::NEW,
            resting: Resting::NEW,
            requests: Table::<Request>::new(config.requests),
            set: Set::new(),
            generations: Generations::new(),
            reversion: None,
            models: Models::default(),
            greeks: [Greeks::default(); INSTRUMENTS],
            bursts: Bursts::default(),
            cancels_due: false,
            best: 0,
            window_ns: 0,
            firm: 0,
            matched: 0,
            dirty: false,
            adopted: 0,
            config,
        })
    }

    /// Takes one input. `out` holds what is to be done, and nothing of the inputs before.
    pub fn apply(&mut self, input: &Input, out: &mut Outputs) {
        out.clear();
        self.now_ns = self.now_ns.max(input.time_ns);
        match input.body {
            Body::Card { event } => self.on_card(&event, out),
            Body::CardUp { deployment } => self.on_card_up(&deployment, out),
            Body::Venue { session, sequence, report } => {
                self.on_numbered(session, Stream::Session, sequence, Some(&report), out);
            }
            Body::DropCopy { session, sequence, report } => {
                self.on_numbered(session, Stream::DropCopy, sequence, Some(&report), out);
            }
            Body::Unreadable { session, stream, sequence } => self.on_numbered(session, stream, sequence, None, out),
            Body::SessionUp { session } => self.on_session_up(session),
            Body::CaughtUp { session, next_sequence, next_user_ref } => {
                self.on_caught_up(session, next_sequence, next_user_ref, out);
            }
            Body::SessionDown { session } => self.on_session_lost(session, Standing::Down, out),
            Body::SessionEnd { session } => self.on_session_lost(session, Standing::Ended, out),
            Body::Heartbeat { session } => self.hear(session),
            Body::TimerSet { session, until_ns } => self.on_timer_set(session, until_ns),
            Body::Position { session, instrument, quantity, price, as_of } => {
                self.on_position(session, instrument, Statement { quantity, price }, as_of, out);
            }
            Body::Mark { instrument, price } => self.on_mark(instrument, price),
            Body::Propose { request, by, change } => self.on_propose(request, by, change, out),
            Body::Approve { request, by } => self.on_approve(request, by, out),
            Body::BeginSet => self.on_begin_set(out),
            Body::Candidate { number, model, lower, upper } => self.on_candidate(number, model, [lower, upper], out),
            Body::BeginCandidate { number } => self.on_begin_candidate(number),
            Body::Hedge { number, instrument, side, quantity, price } => {
                self.on_hedge(Wish { number, instrument, side, quantity, price }, out);
            }
            Body::Unhedged { why } => out.alarm(Alarm::Unhedged { why }),
            Body::Row { command } => self.on_row(&command, out),
            Body::Cancel { session, user_ref } => self.on_cancel(session, user_ref),
            Body::Claimed { session, execution } => self.claims.filed(session, execution),
            Body::Tick => self.on_tick(out),
            Body::Restarted => self.on_restarted(out),
            Body::CardSession { sequence, acknowledgement, user_ref } => {
                let numbers = words([sequence, acknowledgement]);
                self.command(Opcode::Session, 0, [numbers, user_ref.into()], out);
            }
            Body::Delegate { session, sequence, acknowledgement, user_ref } => {
                self.on_delegate(session, [sequence, acknowledgement], user_ref, out);
            }
            Body::Reclaim { session } => self.on_reclaim(session, out),
            Body::CardLost => self.on_card_lost(out),
            Body::Restore { number } => self.on_restore(number, out),
            Body::Rows { number, instruments, sequence, rows, digest } => {
                self.on_rows((number, instruments, sequence), rows, digest, out);
            }
            Body::Chased { number, sequence, rows, digest } => self.on_chased((number, sequence), rows, digest, out),
            Body::Unrestored { number, why } => self.on_unrestored(number, why, out),
            Body::Linked { next_command } => {
                self.card.next_command = next_command;
                // Nobody has told this card anything: it is another one, and what the last one was lent is not for it.
                self.card.approved &= next_command != 1;
                self.forget_told();
            }
        }
        self.settle(out);
    }

    /// What follows from every input.
    fn settle(&mut self, out: &mut Outputs) {
        self.check_limits(out);
        for session in 0..SESSIONS as u8 {
            let one = &mut self.sessions[usize::from(session)];
            if one.proving && one.at_loss == 0 && one.standing == Standing::Current {
                one.proving = false;
                out.record(Record::DisconnectProven { session });
            }
        }
        self.advance_reversion(out);
        self.advance_calibration(out);
        self.cancel_due(out);
        // Cancels are messages too.
        self.check_limits(out);
        self.lend(out);
        if out.overflowed() && !self.latches.is_held(Guard::Events, 1) {
            self.latches.hold(Guard::Events, 1);
            let command = self.stop(Opcode::Kill);
            for one in [
                Output::Record(Record::Tripped { guard: Guard::Events, index: 1 }),
                Output::Record(Record::Commanding { command }),
                Output::Command(command),
            ] {
                out.push_reserved(one);
            }
        }
    }

    /// Nobody knows what of all that the card was told has reached it.
    fn forget_told(&mut self) {
        self.lending.forget();
        self.resting.forget();
    }

    /// The host was started again: what it knew may have changed behind its back.
    fn on_restarted(&mut self, out: &mut Outputs) {
        for session in 0..SESSIONS as u8 {
            self.on_session_lost(session, Standing::Down, out);
        }
        // The card may be armed although we never knew.
        self.disarm(out);
        self.forget_told();
        self.forget_entry(out);
        self.fence_again(out);
        self.models.forget();
        self.books.abandon();
        self.restart_reversion(out);
    }

    /// Gives the card a command that is not a row.
    pub(crate) fn command(&mut self, opcode: Opcode, value: u32, args: [u64; 2], out: &mut Outputs) -> u64 {
        let args = [args[0], args[1], 0, 0, 0, 0];
        self.tell(Command { opcode: opcode as u8, value, args, ..Command::default() }, out)
    }

    /// As `command`, of one that is made but for its number.
    pub(crate) fn tell(&mut self, command: Command, out: &mut Outputs) -> u64 {
        let command = self.numbered(command);
        out.record(Record::Commanding { command });
        out.push(Output::Command(command));
        command.sequence
    }

    fn numbered(&mut self, command: Command) -> Command {
        let sequence = self.card.next_command;
        self.card.next_command = sequence.wrapping_add(1);
        Command { sequence, ..command }
    }

    /// Orders of this do not leave; books go on.
    pub(crate) fn fence(&mut self, fence: Fence, out: &mut Outputs) -> u64 {
        self.command(Opcode::Fence, 0, fence.args(), out)
    }

    /// The card may have lost its fences, or never had them.
    pub(crate) fn fence_again(&mut self, out: &mut Outputs) {
        let fence = self.card.fenced();
        if !fence.is_none() {
            self.fence(fence, out);
        }
    }

    fn stop(&mut self, opcode: Opcode) -> Command {
        self.card.permitted = false;
        self.card.arming = None;
        if opcode == Opcode::Kill {
            self.card.killed = true;
            self.sweep(ALL);
        }
        self.numbered(Command { opcode: opcode as u8, ..Command::default() })
    }

    /// No new risk from the card until two people arm it again.
    pub(crate) fn disarm(&mut self, out: &mut Outputs) {
        let command = self.stop(Opcode::Disarm);
        out.record(Record::Commanding { command });
        out.push(Output::Command(command));
    }

    /// As `disarm`, and everything that is open is cancelled; only `ClearKill` takes it back.
    pub(crate) fn kill(&mut self, out: &mut Outputs) {
        let command = self.stop(Opcode::Kill);
        out.record(Record::Commanding { command });
        out.push(Output::Command(command));
    }

    pub(crate) fn send(&mut self, message: HostMessage, out: &mut Outputs) {
        out.record(Record::Sending { message });
        out.push(Output::Message(message));
    }

    /// Changes an order and everything that depends on it; what has nothing left is closed.
    pub(crate) fn change(&mut self, at: usize, change: impl FnOnce(&mut Order)) {
        let order = self.orders.table.get_mut(at);
        let before = *order;
        change(order);
        let left = order.quantity.saturating_sub(order.filled).saturating_sub(order.cancelled[0].max(order.cancelled[1]));
        if order.state.is_open() && left == 0 {
            order.state = if order.filled >= order.quantity { State::Filled } else { State::Cancelled };
        }
        let closes = before.state.is_open() && !order.state.is_open();
        let was_at_loss = before.at_loss;
        if closes {
            order.at_loss = false;
        }
        let after = *order;
        if closes {
            self.orders.close(at);
            if was_at_loss {
                self.sessions[usize::from(after.session)].at_loss -= 1;
            }
        }
        self.weigh(&before, -1);
        self.weigh(&after, 1);
        self.dirty = true;
    }

    /// As `change`, with a record if there is something to record.
    pub(crate) fn change_told(&mut self, at: usize, out: &mut Outputs, change: impl FnOnce(&mut Order)) {
        let before = *self.orders.table.get(at);
        self.change(at, change);
        let after = *self.orders.table.get(at);
        if (before.state, before.filled, before.cancelled) != (after.state, after.filled, after.cancelled) {
            self.record_order(&after, out);
        }
    }

    pub(crate) fn record_order(&self, order: &Order, out: &mut Outputs) {
        let Order { session, user_ref, state, filled, .. } = *order;
        out.record(Record::Order { session, user_ref, state, filled, cancelled: order.cancelled[0].max(order.cancelled[1]) });
    }

    /// A new order, with what it weighs. `None` if there is no room.
    pub(crate) fn add_order(&mut self, order: Order, out: &mut Outputs) -> Option<usize> {
        let at = self.orders.insert(order);
        if let Some(at) = at {
            self.weigh(&order, 1);
            self.dirty = true;
            self.record_order(&order, out);
            self.sweep_late(at);
        }
        self.watch_room(out);
        at
    }

    /// Adds or takes away what an order may still trade.
    fn weigh(&mut self, order: &Order, sign: i64) {
        self.lending.weigh(order, sign);
        self.resting.weigh(order, sign);
        let at = usize::from(order.instrument);
        let Some(holding) = self.holdings.get_mut(at) else { return };
        let open = i64::from(order.open()) * sign;
        holding.open_value += value(order.price.abs(), open, self.config.instruments[at].multiplier);
        holding.open_pieces[usize::from(order.side == Side::Sell)] += open;
        let one = u32::from(order.state.is_open());
        holding.open_orders = if sign > 0 { holding.open_orders + one } else { holding.open_orders - one };
    }

    /// SHA-256 of the whole state but the configuration.
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = StateHasher::default();
        self.hash(&mut hasher);
        hasher.digest()
    }

    pub(crate) fn hear(&mut self, session: u8) {
        if let Some(one) = self.sessions.get_mut(usize::from(session)) {
            one.heard_ns = self.now_ns;
        }
    }

    /// Positions of these instruments are doubtful until the venue states them again.
    pub(crate) fn unconfirm(&mut self, instruments: u16, out: &mut Outputs) {
        let mut doubtful = 0;
        for (at, holding) in self.holdings.iter_mut().enumerate() {
            if instruments >> at & 1 == 1 && std::mem::replace(&mut holding.confirmed, false) {
                doubtful |= 1 << at;
            }
        }
        if doubtful != 0 {
            self.lending.is_due = true;
            out.record(Record::Unconfirmed { instruments: doubtful });
        }
    }

    /// Bit per instrument of a session's venue.
    pub(crate) fn instruments_of(&self, session: u8) -> u16 {
        let used = self.config.sessions.get(usize::from(session)).filter(|one| one.venue != NONE);
        let Some(one) = used else { return 0 };
        let traded = self.config.instruments.iter().enumerate().filter(|(_, other)| other.venue == one.venue);
        traded.fold(0, |mask, (at, _)| mask | 1 << at)
    }

    pub(crate) fn alarm_unknown(&self, session: u8, orders: u32, out: &mut Outputs) {
        if orders > 0 {
            out.alarm(Alarm::Unknown { session, orders });
        }
    }
}

impl Hash for Engine {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let sides = (&self.sessions, &self.orders, &self.executions, &self.holdings, &self.traffic);
        let control = (&self.limits, &self.latches, &self.claims, &self.card, &self.books, &self.entry, &self.requests);
        let told = (&self.lending, &self.resting);
        let sets = (&self.set, &self.generations, &self.reversion, &self.models, &self.greeks, self.cancels_due, self.best);
        let cursors = (self.now_ns, self.window_ns, self.firm, self.matched, self.dirty, self.adopted);
        (sides, control, told, sets, cursors).hash(state);
    }
}
