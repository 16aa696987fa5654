//! Guards: what stops trading, and the clockwork that finds it.
//!
//! A guard that has tripped is latched: it acts once, blocks arming, and stays so until two people clear it
//! (`ClearKill`). What is still wrong then trips again at once.
use crate::config::{SESSIONS, VENUES};
use crate::engine::Engine;
use crate::execution::ADOPTED;
use crate::fence::Fence;
use crate::input::{Limit, Scope};
use crate::message::{Field, Sink, fields};
use crate::order::State;
use crate::protection::Bursts;
use crate::output::{Alarm, Guard, HostMessage, Output, Outputs, Record, Stream};
use crate::session::Standing;
use riposte_map::limits::INSTRUMENTS;
use riposte_map::shm::{NONE, Opcode};
use std::hash::Hash;

/// Claims that can wait at the same time.
const CLAIMS: usize = 16;
/// Index of the `Loss` and `Protection` guards for the whole book, and for its drawdown; below are instruments.
pub const BOOK: u8 = INSTRUMENTS as u8;
pub const DRAWDOWN: u8 = BOOK + 1;
/// A tick leaves this much room to what else it may have to say.
const TICK_ROOM: usize = 48;

/// What a guard does when it trips.
#[derive(Clone, Copy)]
pub(crate) enum Effect {
    /// No new orders.
    Disarm,
    /// No new orders, and everything open is cancelled.
    Kill,
    /// The card sends no order of these instruments, and those that are open are cancelled; their books go on.
    Fence(u16),
}

#[derive(Clone, Copy, Default, Hash)]
struct Latch {
    trips: u64,
    /// Bit per index.
    held: u32,
}

/// One latch a guard.
#[derive(Hash)]
pub(crate) struct Latches([Latch; GUARDS]);

const GUARDS: usize = Guard::Scenario as usize + 1;

impl Latches {
    pub fn new() -> Latches {
        Latches([Latch::default(); GUARDS])
    }

    pub fn is_held(&self, guard: Guard, index: u8) -> bool {
        self.0[guard as usize].held >> (index & 31) & 1 == 1
    }

    pub fn hold(&mut self, guard: Guard, index: u8) {
        let latch = &mut self.0[guard as usize];
        latch.held |= 1 << (index & 31);
        latch.trips += 1;
    }

    pub fn any(&self) -> bool {
        self.0.iter().any(|latch| latch.held != 0)
    }

    pub fn release(&mut self) {
        for latch in &mut self.0 {
            latch.held = 0;
        }
    }

    pub fn trips(&self, guard: Guard) -> u64 {
        self.0[guard as usize].trips
    }
}

/// Limits in force; 0 is unset.
#[derive(Default, Hash)]
pub(crate) struct Limits {
    loss: u64,
    drawdown: u64,
    instrument_loss: [u64; INSTRUMENTS],
    exposure: [u64; VENUES],
    free_messages: [u64; VENUES],
    messages_per_trade: [u64; VENUES],
    hedge: [u64; INSTRUMENTS],
    /// Delta, gamma, vega, theta.
    greeks: [u64; 4],
    scenario_loss: u64,
    collateral: [u64; VENUES],
    counterparty: [u64; VENUES],
    protection_pieces: [u64; INSTRUMENTS],
    protection_net: u64,
}

impl Limits {
    /// `None` if there is no such limit.
    pub fn get(&self, limit: Limit, index: u8) -> Option<u64> {
        let index = usize::from(index);
        match limit {
            Limit::Loss => (index == 0).then_some(self.loss),
            Limit::Drawdown => (index == 0).then_some(self.drawdown),
            Limit::InstrumentLoss => self.instrument_loss.get(index).copied(),
            Limit::Exposure => self.exposure.get(index).copied(),
            Limit::FreeMessages => self.free_messages.get(index).copied(),
            Limit::MessagesPerTrade => self.messages_per_trade.get(index).copied(),
            Limit::Hedge => self.hedge.get(index).copied(),
            Limit::Delta => (index == 0).then_some(self.greeks[0]),
            Limit::Gamma => (index == 0).then_some(self.greeks[1]),
            Limit::Vega => (index == 0).then_some(self.greeks[2]),
            Limit::Theta => (index == 0).then_some(self.greeks[3]),
            Limit::ScenarioLoss => (index == 0).then_some(self.scenario_loss),
            Limit::Collateral => self.collateral.get(index).copied(),
            Limit::Counterparty => self.counterparty.get(index).copied(),
            Limit::ProtectionPieces => self.protection_pieces.get(index).copied(),
            Limit::ProtectionNet => (index == 0).then_some(self.protection_net),
        }
    }

    /// As `get`, to be set.
    pub fn get_mut(&mut self, limit: Limit, index: u8) -> Option<&mut u64> {
        let index = usize::from(index);
        match limit {
            Limit::Loss => (index == 0).then_some(&mut self.loss),
            Limit::Drawdown => (index == 0).then_some(&mut self.drawdown),
            Limit::InstrumentLoss => self.instrument_loss.get_mut(index),
            Limit::Exposure => self.exposure.get_mut(index),
            Limit::FreeMessages => self.free_messages.get_mut(index),
            Limit::MessagesPerTrade => self.messages_per_trade.get_mut(index),
            Limit::Hedge => self.hedge.get_mut(index),
            Limit::Delta => (index == 0).then_some(&mut self.greeks[0]),
            Limit::Gamma => (index == 0).then_some(&mut self.greeks[1]),
            Limit::Vega => (index == 0).then_some(&mut self.greeks[2]),
            Limit::Theta => (index == 0).then_some(&mut self.greeks[3]),
            Limit::ScenarioLoss => (index == 0).then_some(&mut self.scenario_loss),
            Limit::Collateral => self.collateral.get_mut(index),
            Limit::Counterparty => self.counterparty.get_mut(index),
            Limit::ProtectionPieces => self.protection_pieces.get_mut(index),
            Limit::ProtectionNet => (index == 0).then_some(&mut self.protection_net),
        }
    }
}

/// C25: of one venue.
#[derive(Clone, Copy, Default, Hash)]
pub(crate) struct Traffic {
    messages: u64,
    trades: u64,
}

#[derive(Clone, Copy, Hash)]
struct Claim {
    session: u8,
    execution: u64,
    until_ns: u64,
}

/// C39: claims that are to be filed.
#[derive(Default, Hash)]
pub(crate) struct Claims([Option<Claim>; CLAIMS]);

impl Claims {
    pub fn filed(&mut self, session: u8, execution: u64) {
        for one in &mut self.0 {
            if one.is_some_and(|one| (one.session, one.execution) == (session, execution)) {
                *one = None;
            }
        }
    }
}

fields! {
    Latch { trips, held }
    Limits {
        loss, drawdown, instrument_loss, exposure, free_messages, messages_per_trade, hedge, greeks, scenario_loss, collateral, counterparty,
        protection_pieces, protection_net,
    }
    Traffic { messages, trades }
    Claim { session, execution, until_ns }
}

impl Field for Latches {
    fn put(&self, to: &mut impl Sink) {
        self.0.put(to);
    }

    fn get(from: &mut &[u8]) -> Option<Latches> {
        Field::get(from).map(Latches)
    }
}

impl Field for Claims {
    fn put(&self, to: &mut impl Sink) {
        self.0.put(to);
    }

    fn get(from: &mut &[u8]) -> Option<Claims> {
        Field::get(from).map(Claims)
    }
}

impl Engine {
    pub(crate) fn trip(&mut self, guard: Guard, index: u8, effect: Effect, out: &mut Outputs) {
        if self.latches.is_held(guard, index) {
            return;
        }
        self.latches.hold(guard, index);
        out.record(Record::Tripped { guard, index });
        out.alarm(Alarm::Tripped { guard, index });
        match effect {
            Effect::Disarm => self.disarm(out),
            Effect::Kill => self.kill(out),
            Effect::Fence(mask) => {
                self.card.guarded |= mask;
                self.fence(Fence::of(mask), out);
                self.sweep(mask);
            }
        }
    }

    fn venue_of(&self, session: u8) -> Option<usize> {
        let venue = usize::from(self.config.sessions.get(usize::from(session))?.venue);
        (venue < VENUES).then_some(venue)
    }

    pub(crate) fn count_message(&mut self, session: u8) {
        if let Some(venue) = self.venue_of(session) {
            self.traffic[venue].messages += 1;
            self.dirty = true;
        }
    }

    pub(crate) fn count_trade(&mut self, session: u8) {
        if let Some(venue) = self.venue_of(session) {
            self.traffic[venue].trades += 1;
        }
    }

    /// C24, C25: whether `more` value and messages still fit.
    pub(crate) fn fits(&self, venue: usize, value: i128, messages: u64) -> bool {
        let Traffic { messages: sent, trades } = self.traffic[venue];
        let earned = self.limits.messages_per_trade[venue].saturating_mul(trades);
        let most = earned.saturating_add(self.limits.free_messages[venue]);
        self.exposure(venue) + value <= self.limits.exposure[venue].into() && sent + messages <= most
    }

    /// C24: gross exposure at a venue, in book value.
    pub fn exposure(&self, venue: usize) -> i128 {
        let here = self.holdings.iter().zip(&self.config.instruments).filter(|(_, one)| usize::from(one.venue) == venue);
        here.map(|(holding, one)| holding.exposure(one.multiplier)).sum()
    }

    /// Every limit of what is configured has a value.
    pub(crate) fn limits_are_set(&self) -> bool {
        let is_set = |limit, index| self.limits.get(limit, index).is_some_and(|value| value != 0);
        let traded = (0..).zip(&self.config.instruments).filter(|(_, one)| one.venue != NONE);
        let mut each = traded.flat_map(|(instrument, one)| {
            Limit::NEEDED.map(|limit| match limit.scope() {
                Scope::Book => (limit, 0),
                Scope::Instrument => (limit, instrument),
                Scope::Venue => (limit, one.venue),
            })
        });
        is_set(Limit::Loss, 0) && is_set(Limit::Drawdown, 0) && each.all(|(limit, index)| is_set(limit, index))
    }

    /// C20 to C25, after anything that they depend on. An unset limit does not trip: it blocks arming.
    pub(crate) fn check_limits(&mut self, out: &mut Outputs) {
        if !std::mem::replace(&mut self.dirty, false) {
            return;
        }
        let beyond = |result: i128, limit: u64| limit != 0 && -result > i128::from(limit);
        for instrument in 0..INSTRUMENTS as u8 {
            if beyond(self.result(instrument), self.limits.instrument_loss[usize::from(instrument)]) {
                self.trip(Guard::Loss, instrument, Effect::Fence(1 << instrument), out);
            }
        }
        let result = self.book_result();
        self.best = self.best.max(result);
        if beyond(result, self.limits.loss) {
            self.trip(Guard::Loss, BOOK, Effect::Kill, out);
        }
        if beyond(result - self.best, self.limits.drawdown) {
            self.trip(Guard::Loss, DRAWDOWN, Effect::Kill, out);
        }
        for venue in 0..VENUES {
            let cap = self.limits.exposure[venue];
            if cap != 0 && self.exposure(venue) > cap.into() {
                self.trip(Guard::VenueCap, venue as u8, Effect::Disarm, out);
            }
            let Traffic { messages, trades } = self.traffic[venue];
            let (free, ratio) = (self.limits.free_messages[venue], self.limits.messages_per_trade[venue]);
            if free != 0 && messages > ratio.saturating_mul(trades).saturating_add(free) {
                self.trip(Guard::OrderToTrade, venue as u8, Effect::Disarm, out);
            }
        }
        self.check_risk(out);
    }

    /// Tables keep room for what is on its way; nothing new is begun when they are nearly full.
    pub(crate) fn watch_room(&mut self, out: &mut Outputs) {
        let full = [self.orders.table.is_nearly_full(), self.executions.is_nearly_full(), self.requests.is_nearly_full()];
        for (index, _) in (0..).zip(full).filter(|(_, full)| *full) {
            self.trip(Guard::Room, index, Effect::Disarm, out);
        }
    }

    /// C39: is an execution too far from the mark?
    pub(crate) fn watch_price(&mut self, at: usize, out: &mut Outputs) {
        let execution = *self.executions.get(at);
        let instrument = usize::from(execution.instrument);
        let Some(mark) = self.holdings[instrument].mark else { return };
        let twice = i128::from(mark.bid) + i128::from(mark.ask);
        let away = (2 * i128::from(execution.price) - twice).abs() * 10_000;
        if away < i128::from(self.config.instruments[instrument].erroneous_bp) * twice.abs() {
            return;
        }
        let until_ns = self.now_ns.saturating_add(self.config.times.claim_ns);
        let claim = Claim { session: execution.session, execution: execution.id, until_ns };
        if let Some(free) = self.claims.0.iter_mut().find(|one| one.is_none()) {
            *free = Some(claim);
        }
        let Claim { session, execution: id, .. } = claim;
        out.record(Record::Claim { session, execution: id, until_ns });
        out.push(Output::Claim { session, execution: id, until_ns });
        out.alarm(Alarm::ClaimDue { session, execution: id, until_ns });
        self.trip(Guard::Erroneous, execution.instrument, Effect::Disarm, out);
    }

    /// C39: claims that are to be filed: session, execution, until when.
    pub fn claims(&self) -> impl Iterator<Item = (u8, u64, u64)> {
        self.claims.0.iter().flatten().map(|one| (one.session, one.execution, one.until_ns))
    }

    /// Everything that only time finds.
    pub(crate) fn on_tick(&mut self, out: &mut Outputs) {
        self.lending.is_due = true;
        self.tick_marks(out);
        self.tick_greeks(out);
        self.tick_orders(out);
        for session in 0..SESSIONS as u8 {
            self.tick_session(session, out);
        }
        self.tick_executions(out);
        self.tick_claims(out);
        self.tick_reversion(out);
        self.tick_calibration(out);
    }

    fn tick_marks(&mut self, out: &mut Outputs) {
        let times = self.config.times;
        if self.now_ns >= self.window_ns {
            self.window_ns = self.now_ns.saturating_add(times.mark_window_ns);
            self.holdings.iter_mut().for_each(|holding| holding.confirm());
            self.dirty = true;
        }
        for instrument in 0..INSTRUMENTS as u8 {
            let holding = &mut self.holdings[usize::from(instrument)];
            if holding.position.quantity == 0 && holding.open_orders == 0 {
                holding.idle_ns = self.now_ns;
            } else if self.now_ns.saturating_sub(holding.mark_ns.max(holding.idle_ns)) >= times.mark_age_ns {
                self.trip(Guard::StaleMark, instrument, Effect::Disarm, out);
            }
        }
    }

    /// An order without an answer becomes unknown, and stays so; a session that does not answer is not to be trusted.
    fn tick_orders(&mut self, out: &mut Outputs) {
        let mut unknown = [0; SESSIONS];
        // From the end, since an order that is closed, having nothing left, is replaced by the last one.
        for place in (0..self.orders.open.len()).rev() {
            let at = self.orders.open[place] as usize;
            let order = *self.orders.table.get(at);
            let waited_ns = self.now_ns.saturating_sub(order.sent_ns);
            if order.state == State::Sent && waited_ns >= self.config.times.answer_ns && out.room() > TICK_ROOM {
                self.change_told(at, out, |order| order.state = State::Unknown);
                unknown[usize::from(order.session)] += 1;
            }
        }
        for (session, orders) in (0..).zip(unknown).filter(|(_, orders)| *orders > 0) {
            self.alarm_unknown(session, orders, out);
            self.trip(Guard::Stream, session, Effect::Disarm, out);
        }
    }

    fn tick_session(&mut self, session: u8, out: &mut Outputs) {
        let (now_ns, times, rule) = (self.now_ns, self.config.times, self.config.sessions[usize::from(session)]);
        let one = &mut self.sessions[usize::from(session)];
        if !matches!(one.standing, Standing::Current | Standing::Replaying) {
            return;
        }
        if now_ns.saturating_sub(one.heard_ns) >= times.silence_ns {
            out.alarm(Alarm::SessionSilent { session });
            return self.on_session_lost(session, Standing::Down, out);
        }
        if rule.timer_renew_ns == 0 || one.standing != Standing::Current {
            return;
        }
        if one.timer_until_ns != 0 && one.timer_until_ns <= now_ns {
            // C27: by now the venue has cancelled everything.
            one.timer_until_ns = 0;
            self.trip(Guard::DeadManTimer, session, Effect::Disarm, out);
            for place in 0..self.orders.open.len() {
                let order = self.orders.table.get_mut(self.orders.open[place] as usize);
                if order.session == session {
                    order.state = State::Unknown;
                }
            }
        }
        let one = &mut self.sessions[usize::from(session)];
        if one.timer_asked_ns == 0 || now_ns.saturating_sub(one.timer_asked_ns) >= rule.timer_renew_ns {
            one.timer_asked_ns = now_ns;
            self.send(HostMessage::RenewTimer { session }, out);
        }
    }

    /// C38: what the venue can no longer break is firm. C34: what only one of both has told is missing.
    fn tick_executions(&mut self, out: &mut Outputs) {
        let times = self.config.times;
        while self.firm < self.executions.len() {
            let one = *self.executions.get(self.firm);
            if self.now_ns.saturating_sub(one.time_ns) < times.bust_window_ns {
                break;
            }
            self.firm += 1;
            if !one.broken && one.session != ADOPTED {
                self.holdings[usize::from(one.instrument)].provisional -= one.signed();
            }
        }
        while self.matched < self.executions.len() && out.room() > TICK_ROOM {
            let one = self.executions.get_mut(self.matched);
            if one.told != [true; 2] {
                if self.now_ns.saturating_sub(one.time_ns) < times.drop_copy_ns {
                    break;
                }
                one.missed = true;
                let (session, execution, instrument) = (one.session, one.id, one.instrument);
                let from = if one.told[0] { Stream::DropCopy } else { Stream::Session };
                out.alarm(Alarm::ExecutionMissing { session, execution, from });
                self.unconfirm(1 << instrument, out);
                self.trip(Guard::DropCopy, instrument, Effect::Disarm, out);
            }
            self.matched += 1;
        }
    }

    fn tick_claims(&mut self, out: &mut Outputs) {
        for one in &mut self.claims.0 {
            if let Some(Claim { session, execution, until_ns }) = *one
                && until_ns <= self.now_ns
            {
                *one = None;
                out.alarm(Alarm::ClaimMissed { session, execution });
            }
        }
    }

    /// Two people have said that what tripped is dealt with.
    pub(crate) fn release(&mut self, out: &mut Outputs) {
        let fenced = std::mem::take(&mut self.card.guarded);
        self.card.killed = false;
        self.latches.release();
        self.bursts = Bursts::default();
        self.lending.release_all();
        self.dirty = true;
        self.command(Opcode::ClearKill, 0, [0; 2], out);
        // What is still wrong trips again before a fence is lifted.
        self.check_limits(out);
        self.lift(Fence::of(fenced), out);
        self.watch_room(out);
    }

    /// Lifts what nobody needs any more of this.
    pub(crate) fn lift(&mut self, fence: Fence, out: &mut Outputs) {
        let lifted = fence.without(self.card.fenced());
        if !lifted.is_none() {
            self.command(Opcode::Lift, 0, lifted.args(), out);
        }
    }
}
