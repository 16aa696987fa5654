//! What people and models ask for. C32: one person takes risk away at once; what permits more waits for a second.
//!
//! Holds: the same request id twice is a no-op, whatever else it says. Who a person is, and whether the role suffices,
//! the control socket has checked.
use crate::engine::Engine;
use crate::fence::Fence;
use crate::generation::{Generation, rule_number};
use crate::input::Change;
use crate::message::fields;
use crate::order::State;
use crate::output::{Alarm, Output, Outputs, Record, Refusal};
use crate::session::Standing;
use crate::table::{Keyed, Table};
use riposte_map::shm::{Command, NONE, Opcode};

/// Requests are of no session.
const ALL: u8 = 0;
const NOBODY: u16 = 0;

#[derive(Clone, Copy, Hash)]
pub(crate) struct Request {
    id: u64,
    by: u16,
    /// Until when it waits for its second person.
    waits: Option<(Change, u64)>,
}

impl Keyed for Request {
    fn key(&self) -> (u8, u64) {
        (ALL, self.id)
    }
}

fields!(Request { id, by, waits });

pub(crate) type Requests = Table<Request>;

impl Engine {
    pub(crate) fn refuse(&self, request: u64, why: Refusal, out: &mut Outputs) {
        out.record(Record::Refused { request, why });
        out.alarm(Alarm::Refused { request, why });
    }

    pub(crate) fn on_propose(&mut self, id: u64, by: u16, change: Change, out: &mut Outputs) {
        if self.requests.find((ALL, id)).is_some() {
            return;
        }
        if by == NOBODY {
            return self.refuse(id, Refusal::SamePerson, out);
        }
        let tightens = self.tightens(&change);
        let waits = (!tightens).then_some((change, self.now_ns.saturating_add(self.config.times.approval_ns)));
        let place = self.requests.insert(Request { id, by, waits });
        self.watch_room(out);
        if tightens {
            // Never refused for want of room: what takes risk away may be done twice.
            self.carry_out(id, (by, NOBODY), change, out);
        } else if place.is_none() {
            self.refuse(id, Refusal::NoRoom, out);
        } else if let Err(why) = self.may(&change) {
            self.close_request(id);
            self.refuse(id, why, out);
        } else {
            out.record(Record::Proposed { request: id, by, change });
            self.await_statement(&change, out);
        }
    }

    pub(crate) fn on_approve(&mut self, id: u64, by: u16, out: &mut Outputs) {
        let Some(at) = self.requests.find((ALL, id)) else { return self.refuse(id, Refusal::NotProposed, out) };
        let request = *self.requests.get(at);
        let Some((change, until_ns)) = request.waits else { return };
        if by == NOBODY || by == request.by {
            return self.refuse(id, Refusal::SamePerson, out);
        }
        self.close_request(id);
        if until_ns <= self.now_ns {
            return self.refuse(id, Refusal::Expired, out);
        }
        self.carry_out(id, (request.by, by), change, out);
    }

    fn close_request(&mut self, id: u64) {
        if let Some(at) = self.requests.find((ALL, id)) {
            self.requests.get_mut(at).waits = None;
        }
    }

    /// Whether a change permits nothing that is not permitted now.
    fn tightens(&self, change: &Change) -> bool {
        match *change {
            Change::Disarm | Change::Kill | Change::Fence { .. } | Change::RevertOrders { .. } => true,
            Change::Arm | Change::ClearKill | Change::Adopt { .. } | Change::Validate { .. } => false,
            Change::Lift { .. } | Change::Release { .. } => false,
            Change::ReduceOnly { ends, .. } => !ends,
            Change::StatePosition { .. } => self.agrees(change),
            Change::EndMandate { .. } => true,
            Change::StateGreeks { .. } => false,
            Change::Mandate { .. } => self.is_within_mandate(change),
            Change::SetLimit { limit, index, value } => self.limits.get(limit, index).is_some_and(|now| limit.is_within(value, now)),
            Change::Commit { generation, content } => {
                self.proposed(generation, content).is_ok_and(|new| self.is_within_force(&new))
            }
            Change::RevertParameters { target } => {
                self.generations.find(target).is_some_and(|old| self.is_within_force(old))
            }
        }
    }

    fn is_within_force(&self, new: &Generation) -> bool {
        self.generations.find(self.card.generation).is_some_and(|now| new.within(now))
    }

    /// The set that was written, if it is whole and the one that is meant.
    fn proposed(&self, number: u32, content: [u8; 32]) -> Result<Generation, Refusal> {
        let whole = self.set.whole(number).filter(|set| set.content == content).ok_or(Refusal::BadSet)?;
        if number <= self.card.generation { Err(Refusal::OldGeneration) } else { Ok(whole) }
    }

    /// Whether a change can be done now.
    fn may(&self, change: &Change) -> Result<(), Refusal> {
        match *change {
            Change::Arm => self.may_arm(),
            Change::Disarm | Change::Kill | Change::ClearKill | Change::Validate { .. } => Ok(()),
            Change::SetLimit { limit, index, .. } => self.limits.get(limit, index).map(|_| ()).ok_or(Refusal::BadField),
            Change::Commit { .. } if self.is_reverting() => Err(Refusal::Fenced),
            Change::Commit { generation, content } => self.proposed(generation, content).map(|_| ()),
            Change::RevertParameters { .. } | Change::RevertOrders { .. } if self.is_reverting() => Err(Refusal::Fenced),
            Change::RevertParameters { target } => self.generations.find(target).map(|_| ()).ok_or(Refusal::NoTarget),
            Change::RevertOrders { instruments: 0 } => Err(Refusal::BadField),
            Change::RevertOrders { .. } => Ok(()),
            Change::Mandate { .. } => self.may_mandate(change),
            Change::EndMandate { model } => self.mandate(model).map(|_| ()).ok_or(Refusal::NoMandate),
            Change::Adopt { instrument } => {
                let holding = self.holdings.get(usize::from(instrument)).ok_or(Refusal::BadField)?;
                holding.statement.map(|_| ()).ok_or(Refusal::NoStatement)
            }
            Change::ReduceOnly { instruments: 0, .. } => Err(Refusal::BadField),
            Change::ReduceOnly { instruments, ends: true } if self.card.reduce_only & instruments == 0 => Err(Refusal::NotFenced),
            Change::ReduceOnly { .. } => Ok(()),
            Change::Fence { fence } => if fence.is_none() { Err(Refusal::BadField) } else { Ok(()) },
            Change::Lift { fence } if self.reverting() & fence.instruments != 0 => Err(Refusal::Fenced),
            Change::Lift { fence } if !self.card.asked.with(Fence::of(self.card.reverted)).meets(fence) => Err(Refusal::NotFenced),
            Change::Lift { fence } if !self.are_confirmed(self.card.reverted & fence.instruments) => Err(Refusal::Unconfirmed),
            Change::Lift { .. } => Ok(()),
            Change::Release { instrument, rule } => rule_number(instrument, rule).map(|_| ()).ok_or(Refusal::BadField),
            Change::StatePosition { .. } => self.may_state(change),
            Change::StateGreeks { .. } => self.may_state_greeks(change),
        }
    }

    /// What would become of a change that somebody wanted now: whether it needs a second person, or why it is refused.
    pub fn preview(&self, change: &Change) -> Result<bool, Refusal> {
        self.may(change).map(|()| !self.tightens(change))
    }

    /// Whether somebody asked for a change under this number before, whatever became of it.
    pub fn knows(&self, request: u64) -> bool {
        self.requests.find((ALL, request)).is_some()
    }

    /// Changes that wait for a second person: request, who wants it, what.
    pub fn proposals(&self) -> impl Iterator<Item = (u64, u16, Change)> {
        let waiting = self.requests.iter().filter_map(|one| one.waits.map(|(change, until_ns)| (one, change, until_ns)));
        waiting.filter(|(_, _, until_ns)| *until_ns > self.now_ns).map(|(one, change, _)| (one.id, one.by, change))
    }

    /// Whether two people could arm the card now; if not, the first thing that forbids it.
    pub fn arming(&self) -> Result<(), Refusal> {
        self.may_arm()
    }

    fn may_arm(&self) -> Result<(), Refusal> {
        let used = || self.sessions.iter().zip(&self.config.sessions).filter(|(_, rule)| rule.venue != NONE);
        let sessions_stand = used().all(|(one, _)| one.standing == Standing::Current && one.at_loss == 0);
        let timers_stand = used().all(|(one, rule)| rule.timer_renew_ns == 0 || one.timer_until_ns > self.now_ns);
        let traded = self.holdings.iter().zip(&self.config.instruments).filter(|(_, one)| one.venue != NONE);
        let confirmed = traded.into_iter().all(|(holding, _)| holding.confirmed);
        let known = self.orders.open().all(|order| order.state != State::Unknown);
        let conditions = [
            (self.card.approved, Refusal::Deployment),
            (!self.card.killed, Refusal::Killed),
            (!self.latches.any(), Refusal::Latched),
            (!self.is_reverting(), Refusal::Fenced),
            (sessions_stand, Refusal::Session),
            (timers_stand, Refusal::Timer),
            (confirmed, Refusal::Unconfirmed),
            (known, Refusal::UnknownOrders),
            (self.limits_are_set(), Refusal::Unset),
            (self.card.generation != 0, Refusal::NoGeneration),
        ];
        conditions.iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, why)| Err(*why))
    }

    /// Does what one person may, or two want.
    fn carry_out(&mut self, request: u64, (by, second): (u16, u16), change: Change, out: &mut Outputs) {
        if let Err(why) = self.may(&change) {
            return self.refuse(request, why, out);
        }
        out.record(Record::Done { request, by, second, change });
        match change {
            Change::Arm => self.card.arming = Some(self.command(Opcode::Arm, 0, [0; 2], out)),
            Change::Disarm => self.disarm(out),
            Change::Kill => self.kill(out),
            Change::ClearKill => self.release(out),
            Change::SetLimit { limit, index, value } => {
                if let Some(now) = self.limits.get_mut(limit, index) {
                    *now = value;
                    self.dirty = true;
                    out.record(Record::LimitSet { limit, index, value });
                }
            }
            Change::Commit { generation, content } => {
                if let Ok(new) = self.proposed(generation, content) {
                    self.commit(new, out);
                }
            }
            Change::RevertParameters { target } => self.begin_reversion(request, Some(target), 0, out),
            Change::RevertOrders { instruments } => self.begin_reversion(request, None, instruments, out),
            Change::Adopt { instrument } => {
                if let Err(why) = self.adopt(instrument, out) {
                    self.refuse(request, why, out);
                }
            }
            Change::Mandate { .. } => {
                if let Err(why) = self.grant(change, out) {
                    self.refuse(request, why, out);
                }
            }
            Change::EndMandate { model } => self.end_mandate(model, out),
            Change::Validate { instruments } => self.validate(instruments, out),
            Change::Fence { fence } => {
                self.card.asked = self.card.asked.with(fence);
                self.fence(fence, out);
            }
            Change::ReduceOnly { instruments, ends } => {
                if ends {
                    self.card.reduce_only &= !instruments;
                } else {
                    self.card.reduce_only |= instruments;
                    self.sweep(instruments);
                }
                self.lending.is_due = true;
            }
            Change::Lift { fence } => {
                self.card.asked = self.card.asked.without(fence);
                self.card.reverted &= !fence.instruments;
                self.lift(fence, out);
            }
            Change::Release { instrument, rule } => self.lending.release(instrument, rule),
            Change::StateGreeks { .. } => self.accept_greeks(&change, out),
            Change::StatePosition { .. } => {
                if let Err(why) = self.accept_statement(&change, out) {
                    self.refuse(request, why, out);
                }
            }
        }
    }

    /// A set waits for its second person.
    pub(crate) fn is_set_proposed(&self) -> bool {
        self.proposals().any(|(_, _, change)| matches!(change, Change::Commit { .. }))
    }

    pub(crate) fn commit(&mut self, new: Generation, out: &mut Outputs) {
        self.card.committing = Some(new);
        self.command(Opcode::Commit, new.number, [0; 2], out);
    }

    /// A row of a set on its way to the shadow bank. A limit of what the card is lent is for the engine alone.
    pub(crate) fn on_row(&mut self, row: &Command, out: &mut Outputs) {
        if self.models.ignores_rows() {
            return;
        }
        if !self.set.take(row) {
            return out.alarm(Alarm::Refused { request: row.sequence, why: Refusal::BadSet });
        }
        if !Opcode::from_code(row.opcode).is_some_and(Opcode::is_write) {
            return;
        }
        let sequence = self.card.next_command;
        self.card.next_command += 1;
        out.push(Output::Command(Command { sequence, ..*row }));
    }
}
