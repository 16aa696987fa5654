//! Orders of the host, from their command until the gate has judged them: one at a time.
use super::{Agenda, Kind, NEVER, Origin, Pending};
use crate::pipeline::Way;
use riposte_map::{
    limits::{HOST_RULE, INSTRUMENTS},
    reason::Reason,
    shm::Command,
};

#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    /// What waits for a cycle without a message, and from when on.
    waiting: Option<(u64, Origin)>,
    /// First cycle from which on a command may be decided to bring another one; `NEVER` while there is one.
    free: u64,
}

impl Agenda {
    /// Takes an order of the host, visible from `cycle` on, or says why not.
    pub(super) fn take_order(&mut self, cycle: u64, command: &Command) -> Option<Reason> {
        if self.restoration.is_aside() {
            return Some(Reason::Restoring);
        }
        if cycle - 1 < self.entry.free {
            return Some(Reason::TooSoon);
        }
        let instrument = usize::from(command.instrument) % INSTRUMENTS;
        if !self.banks[self.in_force].has_place(instrument) {
            return Some(Reason::NoPlace);
        }
        self.keep_template(cycle);
        let bank = &mut self.banks[self.in_force];
        let template = &mut bank.templates[instrument][HOST_RULE];
        let [terms, counts] = [command.args[0], command.args[4]].map(crate::bank::halves);
        template.set_terms(&bank.instruments[instrument], terms, counts);
        template.side = command.args[1] as u8;
        let origin = Origin {
            code: 0,
            instrument: instrument as u8,
            bank: self.in_force as u8,
            generation: self.generation,
            time_ns: 0,
            sequence: command.sequence,
            came: cycle,
        };
        self.entry = Entry { waiting: Some((cycle, origin)), free: NEVER };
        self.due(cycle);
        None
    }

    /// The gate has judged it in `cycle`, or it was dropped in front of it.
    pub(super) fn order_is_judged(&mut self, cycle: u64) {
        self.entry.free = cycle + 1;
    }

    /// The first cycle in which no message becomes ready and none waits, as far as messages are known.
    pub(super) fn entering(&self) -> Option<u64> {
        self.entry.waiting.map(|(since, _)| since.max(self.pipeline.idle_from()))
    }

    /// Before a message that is ready in cycle `ready` goes whatever enters earlier.
    #[inline]
    pub fn enter_before(&mut self, ready: u64) {
        self.see(ready);
        if self.entering().is_some_and(|enters| enters < ready) {
            self.settle(ready);
        }
    }

    /// It goes among the messages, in cycle `cycle`.
    pub(super) fn enter_order(&mut self, cycle: u64) {
        let Some((_, origin)) = self.entry.waiting.take() else { return };
        let origin = Origin { came: cycle, ..origin };
        let instrument = usize::from(origin.instrument);
        let issued = self.pipeline.issue(cycle + 1);
        self.touch(instrument, issued);
        let judged = self.pipeline.verdict(issued, Way::Light);
        self.judge_later(Pending {
            cycle: judged,
            origin,
            error: None,
            evaluated: false,
            kind: Kind::HostOrder,
            trading: None,
            is_print: false,
            top: self.books.top(instrument),
            price_e4: 0,
            quantity: 0,
        });
    }
}
