//! What commands change and grant, and their events.
use super::{Agenda, Pending, RULES_BEFORE_VERDICT, TEMPLATE_BEFORE_GATE, TOUCH_CYCLES, verdicts::Sending};
use crate::{
    bank,
    events::Queue,
    gate::{self, OrderSession},
};
use riposte_map::{
    counter::Counter,
    limits::INSTRUMENTS,
    reason::Reason,
    shm::{Command, Event, EventKind, Opcode},
};

impl Agenda {
    /// Changes what a command changes, visible from `cycle` on, and makes its event.
    pub(super) fn carry_out(&mut self, cycle: u64, command: &Command) {
        self.count(Counter::Commands);
        let opcode = Opcode::from_code(command.opcode);
        let refused = match opcode {
            Some(
                write @ (Opcode::WriteFeed
                | Opcode::WriteInstrument
                | Opcode::WriteRules
                | Opcode::WriteTemplate
                | Opcode::WriteImage
                | Opcode::WriteGate),
            ) => return self.write(cycle, write, command),
            Some(Opcode::Heartbeat) => return self.grant_later(cycle + 1, command),
            Some(Opcode::Row) => match self.row(cycle, command) {
                None => return,
                refused => refused,
            },
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

    /// Carries out a write to the shadow bank, visible from `cycle` on. A message decided before the last
    /// commit may still be on its way through that bank: what it has read by then stays as it was.
    fn write(&mut self, cycle: u64, opcode: Opcode, command: &Command) {
        match opcode {
            Opcode::WriteRules | Opcode::WriteInstrument => {
                let have_read = self.verdicts.iter().take_while(|one| one.cycle < cycle + RULES_BEFORE_VERDICT);
                for Pending { origin, .. } in have_read.skip(self.rules_read.len()) {
                    let set = &self.banks[usize::from(origin.bank)];
                    self.rules_read.push_back(set.rules[usize::from(origin.instrument)]);
                }
            }
            // Limits need no keeping: while their bank is the shadow the generation is stale, which is
            // found first. Of the template the event of the refusal tells.
            Opcode::WriteTemplate => self.keep_template(cycle),
            Opcode::WriteImage => self.write_sending(cycle, command),
            _ => {}
        }
        self.banks[1 - self.in_force].write(opcode, command);
    }

    /// Before a template changes in `cycle`, keeps what the gate has read of one by then.
    pub(super) fn keep_template(&mut self, cycle: u64) {
        if self.gate_cycle().is_none_or(|gate| gate >= cycle + TEMPLATE_BEFORE_GATE) {
            return;
        }
        if let Some([bank, instrument, rule]) = self.decisions.front().map(|decision| decision.order()) {
            self.template_read.get_or_insert(self.banks[bank].templates[instrument][rule]);
        }
    }

    /// Changes the word of an image also in the order that is being sent from it, if that word is read
    /// in `cycle` or later.
    fn write_sending(&mut self, cycle: u64, command: &Command) {
        let [instrument, rule, word] = bank::place(command);
        let written = [1 - self.in_force, instrument, rule];
        let Some(Sending { pick, order, template, session }) = &mut self.sending else { return };
        if *order != written || cycle > *pick + word as u64 || word >= usize::from(template.words) {
            return;
        }
        template.image[word] = command.args[0];
        if let Some((_, frame)) = self.transmitted.back_mut() {
            frame.bytes = gate::patch(template, session);
        }
    }

    /// Carries out a command that is no write, or says why not.
    fn act(&mut self, cycle: u64, opcode: Opcode, command: &Command) -> Option<Reason> {
        let mask = command.args[0] as u16;
        match opcode {
            Opcode::Commit if command.value <= self.generation => {
                return Some(Reason::OldGeneration);
            }
            Opcode::Commit => {
                // Up to here the throttle has run with the parameters that were in force.
                self.tokens(cycle);
                (self.generation, self.committed) = (command.value, cycle);
                self.in_force = 1 - self.in_force;
                self.held = [0; INSTRUMENTS];
            }
            Opcode::Arm => self.armed = true,
            Opcode::Disarm => self.armed = false,
            Opcode::Kill => self.killed = true,
            Opcode::ClearKill => self.killed = false,
            // What is refused is decided in the cycle before it would be visible.
            Opcode::Validate if self.restoration.is_aside() => return Some(Reason::Restoring),
            Opcode::Validate => {
                let touched = |instrument: usize| {
                    mask >> instrument & 1 == 1
                        && self.touched[instrument] <= cycle - TOUCH_CYCLES
                };
                if (0..INSTRUMENTS).any(touched) {
                    return Some(Reason::BookNotClean);
                }
                self.make_valid(cycle, self.valid | mask);
            }
            Opcode::Invalidate => {
                self.make_valid(cycle, self.valid & !mask);
                self.sound &= !mask;
            }
            Opcode::Clear => return self.clear(cycle),
            Opcode::Resume => return self.resume(cycle, command),
            Opcode::Order => return self.take_order(cycle, command),
            Opcode::Session => {
                self.session = OrderSession {
                    sequence: command.args[0] as u32,
                    acknowledgement: (command.args[0] >> 32) as u32,
                    user_ref: command.args[1] as u32,
                };
            }
            Opcode::Trace => self.trace = command.value & 1 == 1,
            Opcode::Lease | Opcode::Repeat | Opcode::Credit | Opcode::Resting => self.grant_later(cycle + 2, command),
            Opcode::Fence => {
                self.fenced[0] |= command.args[0];
                self.fenced[1] |= command.args[1];
            }
            // A halt that is visible in the same cycle stays.
            Opcode::Lift => {
                let halted = self.halted.filter(|(from, _)| *from == cycle).map_or(0, |(_, bit)| bit);
                self.fenced[0] = self.fenced[0] & !command.args[0] | u64::from(halted);
                self.fenced[1] &= !command.args[1];
            }
            _ => unreachable!("{opcode:?} is a write or a heartbeat"),
        }
        None
    }

    /// What was granted is visible to the gate later than what commands change else: it is subtracted from and compared
    /// before the gate.
    fn grant_later(&mut self, cycle: u64, command: &Command) {
        self.granted.push_back((cycle, *command));
        self.due(cycle);
    }

    /// Makes a grant or a heartbeat visible from `cycle` on.
    pub(super) fn grant(&mut self, cycle: u64, command: &Command) {
        match Opcode::from_code(command.opcode) {
            Some(Opcode::Heartbeat) => {
                // One of no cycles ends what an earlier one said, if that has not ended yet.
                let cycles = bank::cycles48(command.args[0]);
                if cycles != 0 || self.silence.is_some() {
                    self.silence = Some(cycle + cycles);
                }
            }
            Some(Opcode::Resting) => self.resting.tell(command),
            Some(opcode) => self.grants.grant(opcode, command),
            None => unreachable!("only grants and heartbeats wait"),
        }
    }

    /// Tokens of the throttle in `cycle`, the parameters in force not having changed since the last call.
    pub(super) fn tokens(&mut self, cycle: u64) -> u16 {
        self.throttle.tokens(cycle, &self.banks[self.in_force].gate)
    }
}
