//! A desk as commands: the parameter set of one generation, and the few commands that start a card.
use crate::{Desk, Instrument, Rule, Template};
use riposte_map::limits::{INSTRUMENTS, RULES};
use riposte_map::shm::{Command, Opcode};

impl Desk {
    /// The whole parameter set of `generation`, ending with its `Commit`; sequence numbers count up from
    /// `first_sequence`. Every row of every table is written, because the shadow bank still holds what was in
    /// force two generations ago; a row without content blocks.
    pub fn commands(&self, generation: u32, first_sequence: u64) -> Vec<Command> {
        let group = u64::from(self.feed.group.to_bits());
        let mut set = vec![command(Opcode::WriteFeed, &[group | u64::from(self.feed.port) << 32])];
        for index in 0..INSTRUMENTS as u8 {
            let instrument = self.instruments.get(usize::from(index));
            set.push(Command { instrument: index, ..write_instrument(instrument) });
            let rules = instrument.map_or(&[][..], |instrument| &instrument.rules);
            set.push(Command { instrument: index, ..write_rules(rules) });
            for slot in 0..RULES as u8 {
                let place = Command { instrument: index, rule: slot, ..Command::default() };
                match rules.get(usize::from(slot)) {
                    Some(rule) => self.write_template(&mut set, place, &self.instruments[usize::from(index)], rule),
                    None => set.push(Command { opcode: Opcode::WriteTemplate as u8, ..place }),
                }
            }
        }
        set.push(Command { value: generation, ..command(Opcode::Commit, &[]) });
        for (sequence, command) in (first_sequence..).zip(&mut set) {
            command.sequence = sequence;
        }
        set
    }

    fn write_template(&self, set: &mut Vec<Command>, place: Command, instrument: &Instrument, rule: &Rule) {
        let order = &rule.order;
        let template = Template::new(&self.session, &instrument.symbol, order);
        let words = template.words();
        let last_bytes = template.bytes.len() - (words.len() - 1) * 8;
        let shape = u64::from(order.side)
            | (words.len() as u64) << 8
            | (last_bytes as u64) << 16
            | (template.payload_bytes() as u64) << 24
            | u64::from(template.partial_checksum) << 32;
        let mut args = [0; 6];
        args[0] = u64::from(order.quantity) | u64::from(order.price_e4) << 32;
        args[1] = shape;
        set.push(Command { opcode: Opcode::WriteTemplate as u8, args, ..place });
        for (index, word) in (0..).zip(words) {
            set.push(Command { index, opcode: Opcode::WriteImage as u8, args: [word, 0, 0, 0, 0, 0], ..place });
        }
    }

    /// The TCP and OUCH session state to start with.
    pub fn session_command(&self, sequence: u64) -> Command {
        let session = &self.session;
        let numbers = u64::from(session.tcp_sequence) | u64::from(session.acknowledgement) << 32;
        Command { sequence, ..command(Opcode::Session, &[numbers, u64::from(session.first_user_ref)]) }
    }

    /// Bit per configured instrument, as `Validate` and `Invalidate` take it.
    pub fn mask(&self) -> u64 {
        (1 << self.instruments.len()) - 1
    }
}

/// Declares the books of the instruments in `mask` right as they stand.
pub fn validate(sequence: u64, mask: u64) -> Command {
    Command { sequence, ..command(Opcode::Validate, &[mask]) }
}

pub fn arm(sequence: u64) -> Command {
    Command { sequence, ..command(Opcode::Arm, &[]) }
}

pub fn disarm(sequence: u64) -> Command {
    Command { sequence, ..command(Opcode::Disarm, &[]) }
}

/// Nothing leaves from here on, until `ClearKill`.
pub fn kill(sequence: u64) -> Command {
    Command { sequence, ..command(Opcode::Kill, &[]) }
}

/// Turns Book events on or off.
pub fn trace(sequence: u64, on: bool) -> Command {
    Command { sequence, value: u32::from(on), ..command(Opcode::Trace, &[]) }
}

fn command(opcode: Opcode, args: &[u64]) -> Command {
    let mut command = Command { opcode: opcode as u8, ..Command::default() };
    command.args[..args.len()].copy_from_slice(args);
    command
}

/// An unset limit is 0, and 0 blocks.
fn write_instrument(instrument: Option<&Instrument>) -> Command {
    let Some(instrument) = instrument else { return command(Opcode::WriteInstrument, &[]) };
    let identity = u64::from(instrument.locate.unwrap_or(0)) | u64::from(instrument.enabled) << 16;
    let (low, high) = instrument.collar.map_or((0, 0), |collar| (collar.low_e4, collar.high_e4));
    let limits = u64::from(instrument.max_quantity.unwrap_or(0)) | u64::from(low) << 32;
    command(Opcode::WriteInstrument, &[identity, limits, u64::from(high)])
}

fn write_rules(rules: &[Rule]) -> Command {
    let mut args = [0; 3];
    for (slot, rule) in rules.iter().enumerate() {
        args[0] |= (rule.condition as u64) << (8 * slot);
        args[1 + slot / 2] |= u64::from(rule.threshold_e4) << (32 * (slot % 2));
    }
    command(Opcode::WriteRules, &args)
}
