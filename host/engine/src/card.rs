//! The card's events.
use crate::delegation::Sender;
use crate::engine::{ALL, Engine};
use crate::guards::Effect;
use crate::holding::Quote;
use crate::input::{Deployment, Side};
use crate::order::{Order, Origin, State};
use crate::output::{Alarm, Guard, Outputs};
use crate::session::Standing;
use riposte_map::identity::TABLE_HASH;
use riposte_map::limits::INSTRUMENTS;
use riposte_map::reason::Reason;
use riposte_map::shm::{Event, EventKind, Level, Opcode};

/// The card's order session.
pub(crate) const CARD: u8 = 0;
/// Number of the commands that a card, or what serves it, gives itself; those of a host count from 1.
const OWN_COMMAND: u64 = 0;

impl Engine {
    pub(crate) fn on_card(&mut self, event: &Event, out: &mut Outputs) {
        let expected = self.card.next_event;
        if event.sequence < expected {
            return;
        }
        self.card.next_event = event.sequence.saturating_add(1);
        if event.sequence > expected {
            // Orders may have left that nobody told us of.
            out.alarm(Alarm::EventsMissing { expected, received: event.sequence });
            self.trip(Guard::Events, 0, Effect::Kill, out);
        }
        let now_ns = self.now_ns;
        let holding = self.holdings.get_mut(usize::from(event.instrument));
        match event.kind() {
            Some(EventKind::Book | EventKind::Notice) => {
                if let Some(holding) = holding {
                    holding.quote(quote(event.bid, event.ask), now_ns);
                }
                if event.kind() == Some(EventKind::Notice) {
                    self.on_notice(event, out);
                }
            }
            Some(EventKind::OrderSent | EventKind::OrderRefused) if event.is_cancel() => self.on_mass_cancel(event, out),
            Some(EventKind::OrderSent) => self.on_order_sent(event, out),
            Some(EventKind::Invalid) => {
                if let Some(holding) = holding {
                    holding.invalid();
                    self.lose_books(1 << event.instrument, event.reason, out);
                }
            }
            Some(EventKind::Channel) if event.reason() == Some(Reason::HostSilent) => self.on_host_silent(out),
            // C33: the card has killed itself.
            Some(EventKind::Channel) if event.reason() == Some(Reason::WireParity) => self.trip(Guard::Events, 3, Effect::Kill, out),
            Some(EventKind::Channel) => self.on_channel(event, out),
            Some(EventKind::Command) => self.on_command(event, out),
            Some(EventKind::OrderRefused | EventKind::System) => {}
            None => self.trip(Guard::Events, 2, Effect::Kill, out),
        }
        if event.is_host_order() {
            self.on_judged(event, out);
        }
    }

    /// Rules without an order have fired. The card has fenced the instrument already if one of them halts; what is open is
    /// cancelled by us.
    fn on_notice(&mut self, event: &Event, out: &mut Outputs) {
        let instrument = event.instrument;
        let [fired, halting] = event.noticed();
        if fired != halting {
            out.alarm(Alarm::Noticed { instrument, rules: fired & !halting });
        }
        if halting != 0 && usize::from(instrument) < INSTRUMENTS {
            self.trip(Guard::Rule, instrument, Effect::Fence(1 << instrument), out);
        }
    }

    /// C18: a rule wants an instrument's orders cancelled. Where the gate has refused it the host does that, one by one, but so
    /// soon behind the last one that it cools down.
    fn on_mass_cancel(&mut self, event: &Event, out: &mut Outputs) {
        let Event { instrument, rule, reason, .. } = *event;
        let at = usize::from(instrument);
        if event.kind() == Some(EventKind::OrderSent) {
            self.on_sent(event);
            if let Some(newest) = self.card.mass_cancels.get_mut(at) {
                *newest = event.user_ref;
            }
        } else if event.reason() != Some(Reason::CoolDown) && self.holdings.get(at).is_some_and(|holding| holding.open_orders > 0) {
            self.sweep(1 << instrument);
        } else {
            return;
        }
        out.alarm(Alarm::MassCancel { instrument, rule, reason });
    }

    fn on_sent(&mut self, event: &Event) {
        self.count_message(CARD);
        self.lending.sent(event);
        self.card.sender.count();
        let one = &mut self.sessions[usize::from(CARD)];
        one.next_user_ref = one.next_user_ref.max(event.user_ref.saturating_add(1));
    }

    /// Whether a mass cancel of the card's may have ended an order.
    pub(crate) fn is_mass_cancelled(&self, order: &Order) -> bool {
        let newest = self.card.mass_cancels.get(usize::from(order.instrument));
        order.session == CARD && newest.is_some_and(|newest| order.user_ref < *newest)
    }

    fn on_order_sent(&mut self, event: &Event, out: &mut Outputs) {
        self.on_sent(event);
        let immediate = self.generations.find(event.generation).is_some_and(|set| set.is_immediate(event.instrument, event.rule));
        if !immediate {
            self.resting.sent(event.instrument, self.lending.orders());
        }
        let side = if event.detail == u16::from(b'B') { Side::Buy } else { Side::Sell };
        let origin = if event.is_host_order() { Origin::Host } else { Origin::Card };
        if let Some(at) = self.orders.find(CARD, event.user_ref) {
            // The venue was faster than the card's ring.
            self.change(at, |order| {
                (order.origin, order.immediate) = (origin, immediate);
                if order.quantity == 0 {
                    // Nothing was told of it but its number.
                    (order.instrument, order.side) = (event.instrument, side);
                    (order.quantity, order.price) = (event.quantity, event.price_e4.into());
                }
            });
            return self.sweep_late(at);
        }
        let stands = self.sessions[usize::from(CARD)].standing == Standing::Current;
        let wanted = (event.quantity, event.price_e4.into());
        let order = Order::new((CARD, event.user_ref), origin, event.instrument, side, wanted, self.now_ns);
        let state = if stands { State::Sent } else { State::Unknown };
        if self.add_order(Order { state, immediate, ..order }, out).is_none() {
            self.trip(Guard::Unbooked, CARD, Effect::Kill, out);
        }
    }

    fn on_command(&mut self, event: &Event, out: &mut Outputs) {
        let opcode = u8::try_from(event.detail).ok().and_then(Opcode::from_code);
        let done = event.reason() == Some(Reason::None);
        self.card.generation = event.generation;
        // Given twice after a restart, a commit is refused although its generation is the one in force.
        let committed = self.card.committing.filter(|one| one.number == event.generation);
        if let Some(one) = committed {
            self.generations.push(one);
            self.card.committing = None;
            self.lending.is_due = true;
        }
        let again = opcode == Some(Opcode::Commit) && committed.is_some();
        if opcode == Some(Opcode::Commit) && !done {
            self.card.committing = None;
        }
        let is_silent = opcode.is_some_and(|opcode| self.on_book_command(event, opcode));
        if !done && !again && !is_silent {
            out.alarm(Alarm::CommandRefused { opcode: event.detail as u8, reason: event.reason });
        }
        if opcode == Some(Opcode::Session) {
            self.on_numbers(event.feed_sequence, out);
        }
        if opcode == Some(Opcode::Order) && !done {
            self.on_judged(event, out);
        }
        if opcode == Some(Opcode::Arm) && done && self.card.arming == Some(event.feed_sequence) {
            self.card.arming = None;
            self.card.permitted = true;
        }
        if opcode == Some(Opcode::Kill) && done && event.feed_sequence == OWN_COMMAND {
            (self.card.permitted, self.card.arming, self.card.killed) = (false, None, true);
            self.sweep(ALL);
            out.alarm(Alarm::CardSilenced);
        }
        if done {
            self.on_fence(event.feed_sequence);
        }
    }

    /// C28: the card heard nothing of us in time and has disarmed itself. An arm that it took before that counts for
    /// nothing either, whichever of both it told first.
    fn on_host_silent(&mut self, out: &mut Outputs) {
        out.alarm(Alarm::HostSilent);
        if self.card.permitted || self.card.arming.is_some() {
            self.disarm(out);
        }
    }

    /// Whatever comes after it is another card, or none.
    pub(crate) fn on_card_lost(&mut self, out: &mut Outputs) {
        (self.card.permitted, self.card.arming, self.card.committing) = (false, None, None);
        self.card.approved = false;
        self.card.sender = Sender::Host;
        self.books.forget();
        self.models.forget();
        self.forget_entry(out);
        self.holdings.iter_mut().for_each(|holding| holding.invalid());
        out.alarm(Alarm::CardLost);
    }

    /// C36: a card after reset. It holds nothing, and is trusted only if it is the approved one.
    pub(crate) fn on_card_up(&mut self, deployment: &Deployment, out: &mut Outputs) {
        self.card.next_event = 1;
        (self.card.permitted, self.card.arming, self.card.committing) = (false, None, None);
        self.card.sender = Sender::Host;
        self.card.generation = 0;
        self.lending.reset();
        self.resting.reset();
        self.forget_entry(out);
        self.books.forget();
        self.models.forget();
        self.card.approved = *deployment == self.config.approved && deployment.tables == TABLE_HASH;
        self.holdings.iter_mut().for_each(|holding| holding.invalid());
        if self.card.approved {
            // Marks come from traced tops.
            self.command(Opcode::Trace, 1, [0; 2], out);
            self.fence_again(out);
        } else {
            self.trip(Guard::Deployment, 0, Effect::Disarm, out);
        }
        if self.card.killed {
            self.kill(out);
        }
    }

    /// A mark of the venue or of a model.
    pub(crate) fn on_mark(&mut self, instrument: u8, price: i64) {
        if price.unsigned_abs() > crate::config::PRICE_MAX as u64 {
            return;
        }
        let now_ns = self.now_ns;
        if let Some(holding) = self.holdings.get_mut(usize::from(instrument)) {
            holding.mark_at(price, now_ns);
            self.dirty = true;
        }
    }
}

fn quote(bid: Level, ask: Level) -> Option<Quote> {
    let there = bid.quantity > 0 && ask.quantity > 0;
    there.then_some(Quote { bid: bid.price_e4.into(), ask: ask.price_e4.into() })
}
