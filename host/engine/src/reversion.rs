//! Reversion: bringing a scope back, step by step, each step recorded before what it causes.
//!
//! PARAM fences the card (`Disarm`), has the rows of an earlier generation written again, and commits them under a new
//! number. ORDERS fences (the whole card by `Disarm`, single instruments by `Fence`, which leaves their books as they
//! are), cancels what is open, waits for the venue's word on each, and for its statement of each position. Neither
//! compensates, so nothing is planned or unwound. The fence stays until two people arm the card again, or lift it.
//!
//! Holds: every effect may be repeated (disarming, cancelling, loading, committing the same number), so that after a
//! restart the present step's effects are simply given again.
use crate::engine::{ALL, Engine};
use crate::fence::Fence;
use crate::generation::Set;
use crate::message::fields;
use crate::output::{Alarm, Output, Outputs, Record, Refusal, Step};
use riposte_map::limits::INSTRUMENTS;
use riposte_map::shm::NONE;

/// One that was asked for.
#[derive(Clone, Copy, Hash)]
pub struct Reversion {
    pub request: u64,
    /// PARAM: the generation whose content is wanted.
    pub target: Option<u32>,
    content: [u8; 32],
    /// PARAM: the new number.
    generation: u32,
    /// ORDERS: the scope.
    pub instruments: u16,
    pub step: Step,
    /// What the present step causes was given out.
    given: bool,
    /// Sequence number of the fencing command, and whether the card has carried it out.
    fence: u64,
    fenced: bool,
    /// When the present step began.
    pub since_ns: u64,
    /// Pieces executed since it was requested.
    pub racing: u32,
}

fields!(Reversion {
    request, target, content, generation, instruments, step, given, fence, fenced, since_ns, racing,
});

impl Engine {
    pub(crate) fn begin_reversion(&mut self, request: u64, target: Option<u32>, instruments: u16, out: &mut Outputs) {
        let content = target.and_then(|number| self.generations.find(number)).map_or([0; 32], |one| one.content);
        if target.is_some() {
            // Who goes back wants it to stay there.
            self.end_mandates(out);
        }
        self.drop_calibration(Refusal::Fenced, out);
        self.reversion = Some(Reversion {
            request,
            target,
            content,
            generation: self.newest_generation().saturating_add(1),
            instruments,
            step: Step::Requested,
            given: false,
            fence: 0,
            fenced: false,
            since_ns: self.now_ns,
            racing: 0,
        });
        out.record(Record::Reversion { request, step: Step::Requested, racing: 0 });
    }

    /// SHA-256 of the set written since `BeginSet`, if it is whole: what a person proposes to commit.
    pub fn written(&self) -> Option<[u8; 32]> {
        self.set.whole(0).map(|set| set.content)
    }

    /// The newest one.
    pub fn reversion(&self) -> Option<&Reversion> {
        self.reversion.as_ref()
    }

    pub(crate) fn is_reverting(&self) -> bool {
        let done = |one: &Reversion| matches!(one.step, Step::Committed | Step::Escalated | Step::Rejected);
        self.reversion.as_ref().is_some_and(|one| !done(one))
    }

    /// Instruments whose orders a reversion removes.
    pub(crate) fn reverting(&self) -> u16 {
        self.reversion.as_ref().filter(|_| self.is_reverting()).map_or(0, |one| one.instruments)
    }

    pub(crate) fn count_racing(&mut self, instrument: u8, quantity: u32) {
        if self.reverting().checked_shr(instrument.into()).is_some_and(|mask| mask & 1 == 1)
            && let Some(one) = &mut self.reversion
        {
            one.racing = one.racing.saturating_add(quantity);
        }
    }

    /// The card has carried out the command with this number.
    pub(crate) fn on_fence(&mut self, sequence: u64) {
        if let Some(one) = &mut self.reversion {
            one.fenced |= one.given && one.step == Step::Validated && one.fence == sequence;
        }
    }

    /// What the present step causes may have been lost with the process; rows may have reached the card in part, so a
    /// set is loaded again before it is committed.
    pub(crate) fn restart_reversion(&mut self, out: &mut Outputs) {
        self.set = Set::new();
        if self.is_reverting()
            && let Some(mut one) = self.reversion
        {
            one.given = false;
            if one.target.is_some() && matches!(one.step, Step::RolledBack | Step::Verifying) {
                self.enter_step(&mut one, Step::Reconciled, out);
            }
            self.reversion = Some(one);
        }
    }

    pub(crate) fn tick_reversion(&mut self, out: &mut Outputs) {
        if self.is_reverting()
            && let Some(mut one) = self.reversion
            && self.now_ns.saturating_sub(one.since_ns) >= self.config.times.reversion_ns
        {
            self.enter_step(&mut one, Step::Escalated, out);
            out.alarm(Alarm::Escalated { request: one.request });
            self.reversion = Some(one);
        }
    }

    fn enter_step(&self, one: &mut Reversion, step: Step, out: &mut Outputs) {
        (one.step, one.given, one.since_ns) = (step, false, self.now_ns);
        out.record(Record::Reversion { request: one.request, step, racing: one.racing });
    }

    /// Goes as many steps as there is nothing to wait for.
    pub(crate) fn advance_reversion(&mut self, out: &mut Outputs) {
        while self.is_reverting()
            && let Some(mut one) = self.reversion
        {
            if !std::mem::replace(&mut one.given, true) {
                self.give(&mut one, out);
            }
            let next = self.next_step(&one);
            if let Some(step) = next {
                self.enter_step(&mut one, step, out);
            }
            self.reversion = Some(one);
            if next.is_none() {
                return;
            }
        }
    }

    /// What a step causes, behind its record.
    fn give(&mut self, one: &mut Reversion, out: &mut Outputs) {
        match one.step {
            Step::Validated if one.target.is_some() || one.instruments == ALL => {
                one.fence = self.card.next_command;
                self.disarm(out);
            }
            Step::Validated => {
                self.card.reverted |= one.instruments;
                one.fence = self.fence(Fence::of(one.instruments), out);
            }
            Step::Fenced => self.sweep(one.instruments),
            Step::Drained => {
                // The position is what the venue says after the last order has ended.
                self.unconfirm(one.instruments, out);
                for instrument in 0..INSTRUMENTS as u8 {
                    let traded = self.config.instruments[usize::from(instrument)].venue != NONE;
                    if traded && one.instruments >> instrument & 1 == 1 {
                        self.ask_position(NONE, instrument, out);
                    }
                }
            }
            Step::Reconciled if one.target.is_some() => {
                out.record(Record::Asking { session: NONE, instrument: NONE, generation: one.generation });
                out.push(Output::LoadSet { generation: one.generation, content: one.content });
            }
            Step::RolledBack => {
                if let Some(mut set) = self.set.whole(one.generation) {
                    set.base = self.generations.find_content(&set.content).map_or(set.content, |known| known.base);
                    self.commit(set, out);
                }
            }
            _ => {}
        }
    }

    /// The next step, if what it needs is there.
    fn next_step(&mut self, one: &Reversion) -> Option<Step> {
        match one.step {
            Step::Requested => Some(Step::Validated),
            Step::Validated => one.fenced.then_some(Step::Fenced),
            Step::Fenced => (!self.has_open(one.instruments)).then_some(Step::Drained),
            Step::Drained => self.are_confirmed(one.instruments).then_some(Step::Reconciled),
            Step::Reconciled if one.target.is_none() => Some(Step::Verifying),
            Step::Reconciled => {
                let loaded = self.set.whole(one.generation).is_some_and(|set| set.content == one.content);
                loaded.then_some(Step::RolledBack)
            }
            Step::RolledBack => Some(Step::Verifying),
            Step::Verifying if one.target.is_none() => (!self.has_open(one.instruments)).then_some(Step::Committed),
            Step::Verifying => {
                let in_force = self.generations.find(one.generation).is_some_and(|now| now.content == one.content);
                in_force.then_some(Step::Committed)
            }
            _ => None,
        }
    }

    fn has_open(&self, instruments: u16) -> bool {
        self.orders.open().any(|order| instruments.checked_shr(order.instrument.into()).is_some_and(|mask| mask & 1 == 1))
    }

    pub(crate) fn are_confirmed(&self, instruments: u16) -> bool {
        let scope = self.holdings.iter().zip(&self.config.instruments).enumerate();
        let mut traded = scope.filter(|(at, (_, one))| instruments >> at & 1 == 1 && one.venue != NONE);
        traded.all(|(_, (holding, _))| holding.confirmed)
    }
}
