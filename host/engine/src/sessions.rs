//! Sessions that come, go and come back.
//!
//! A lost session makes each of its open orders unknown and each position of its venue doubtful. Afterwards everything
//! missed is replayed; then the stream itself is the venue's word: what it has accepted and not ended is live, and what
//! it has never numbered, it never took.
use crate::card::CARD;
use crate::engine::Engine;
use crate::guards::Effect;
use crate::order::{Cancel, State};
use crate::output::{Alarm, Guard, Output, Outputs, Record, Stream};
use crate::session::Standing;
use riposte_map::limits::INSTRUMENTS;
use riposte_map::shm::NONE;

impl Engine {
    pub(crate) fn on_session_up(&mut self, session: u8) {
        if let Some(one) = self.sessions.get_mut(usize::from(session)) {
            one.standing = Standing::Replaying;
            one.heard_ns = self.now_ns;
            for numbers in &mut one.numbers {
                numbers.asked = false;
            }
        }
    }

    pub(crate) fn on_session_lost(&mut self, session: u8, standing: Standing, out: &mut Outputs) {
        let Some(one) = self.sessions.get_mut(usize::from(session)) else { return };
        one.standing = standing;
        (one.timer_until_ns, one.timer_asked_ns) = (0, 0);
        let cancels = self.config.sessions[usize::from(session)].cancel_on_disconnect;
        let (mut unknown, mut at_loss) = (0, 0);
        for place in 0..self.orders.open.len() {
            let order = self.orders.table.get_mut(self.orders.open[place] as usize);
            if order.session != session {
                continue;
            }
            order.state = State::Unknown;
            unknown += 1;
            order.at_loss |= cancels;
            at_loss += u32::from(order.at_loss);
        }
        if session == CARD {
            self.end_delegation(out);
        }
        let one = &mut self.sessions[usize::from(session)];
        one.at_loss = at_loss;
        one.proving |= at_loss > 0;
        if self.config.sessions[usize::from(session)].venue == NONE {
            return;
        }
        out.record(Record::SessionLost { session, orders: unknown });
        self.alarm_unknown(session, unknown, out);
        self.unconfirm(self.instruments_of(session), out);
        if self.card.permitted || self.card.arming.is_some() {
            self.disarm(out);
        }
    }

    pub(crate) fn on_caught_up(&mut self, session: u8, next_sequence: u64, next_user_ref: u32, out: &mut Outputs) {
        let Some(one) = self.sessions.get_mut(usize::from(session)) else { return };
        one.heard_ns = self.now_ns;
        if one.standing != Standing::Replaying {
            return;
        }
        let expected = one.numbers[0].expected;
        if expected != next_sequence {
            // Behind: the rest is asked for. Ahead: this is not the stream that we have read.
            out.alarm(Alarm::Gap { session, stream: Stream::Session, expected, received: next_sequence });
            return self.ask_replay(session, Stream::Session, out);
        }
        one.standing = Standing::Current;
        one.next_user_ref = one.next_user_ref.max(next_user_ref);
        let (live, never, unknown) = self.resolve(session, next_user_ref);
        self.cancels_due = true;
        out.record(Record::CaughtUp { session, live, never, unknown });
        self.alarm_unknown(session, unknown, out);
        if self.sessions[usize::from(session)].at_loss > 0 {
            // C26: what the venue should have cancelled lives on.
            self.trip(Guard::CancelOnDisconnect, session, Effect::Disarm, out);
        }
        let traded = self.instruments_of(session);
        for instrument in (0..INSTRUMENTS as u8).filter(|at| traded >> at & 1 == 1) {
            self.ask_position(session, instrument, out);
        }
    }

    /// What the whole stream says of each open order of a session: how many are live, were never taken, stay unknown.
    fn resolve(&mut self, session: u8, next_user_ref: u32) -> (u32, u32, u32) {
        let (mut live, mut never, mut unknown) = (0, 0, 0);
        // From the end, since an order that is closed is replaced by the last one.
        for place in (0..self.orders.open.len()).rev() {
            let at = self.orders.open[place] as usize;
            let order = *self.orders.table.get(at);
            if order.session != session {
                continue;
            }
            let (state, count) = match order {
                order if order.accepted => (State::Live, &mut live),
                order if order.user_ref >= next_user_ref => (State::NotReceived, &mut never),
                _ => (State::Unknown, &mut unknown),
            };
            *count += 1;
            self.change(at, |order| {
                order.state = state;
                // A cancel that was under way may be lost.
                if order.at_loss || order.cancel != Cancel::Unwanted {
                    order.cancel = Cancel::Due;
                }
            });
        }
        (live, never, unknown)
    }

    pub(crate) fn ask_position(&self, session: u8, instrument: u8, out: &mut Outputs) {
        out.record(Record::Asking { session, instrument, generation: 0 });
        out.push(Output::AskPosition { instrument });
    }

    pub(crate) fn on_timer_set(&mut self, session: u8, until_ns: u64) {
        self.hear(session);
        if let Some(one) = self.sessions.get_mut(usize::from(session)) {
            one.timer_until_ns = until_ns;
        }
    }
}
