//! A desk as commands: the parameter set of one generation, and the few commands that start a card.
use crate::limits::CYCLES_MAX;
use crate::{Action, Desk, Feed, Gate, IMMEDIATE, Instrument, Rule, Template};
use riposte_map::limits::{INSTRUMENTS, RULES, TERMS};
use riposte_map::shm::{self, Command, MASS_CANCEL, Opcode};
use std::net::Ipv4Addr;

impl Desk {
    /// The whole parameter set of `generation`, ending with its `Commit`; sequence numbers count up from
    /// `first_sequence`. Every row of every table is written, because the shadow bank still holds what was in
    /// force two generations ago; a row without content blocks.
    pub fn commands(&self, generation: u32, first_sequence: u64) -> Vec<Command> {
        let mut set = vec![write_feed(&self.feed), write_gate(&self.gate)];
        for index in 0..INSTRUMENTS as u8 {
            let instrument = self.instruments.get(usize::from(index));
            set.push(Command { instrument: index, ..write_instrument(instrument) });
            set.extend((0..TERMS as u8).map(|term| Command { instrument: index, ..write_rules(instrument, term) }));
            for slot in 0..RULES as u8 {
                let place = Command { instrument: index, rule: slot, ..Command::default() };
                let rule = instrument.and_then(|one| Some((one, one.rule(usize::from(slot))?)));
                if !rule.is_some_and(|(instrument, rule)| self.write_template(&mut set, place, instrument, rule)) {
                    set.push(Command { opcode: Opcode::WriteTemplate as u8, ..place });
                }
            }
        }
        set.push(Command { value: generation, ..command(Opcode::Commit, &[]) });
        numbered(set, first_sequence)
    }

    /// What the limits lend to a card after reset whose positions are flat: leases, credit, repeats and a first heartbeat,
    /// one of each for every instrument and rule that there can be. They follow the commit.
    pub fn grants(&self, first_sequence: u64) -> Vec<Command> {
        let mut grants = Vec::new();
        for index in 0..INSTRUMENTS as u8 {
            let instrument = self.instruments.get(usize::from(index));
            let lent = instrument.and_then(|instrument| instrument.limits.position).unwrap_or_default();
            let lease = command(Opcode::Lease, &[pair([lent.buy, lent.sell])]);
            grants.push(Command { instrument: index, ..lease });
            for rule in 0..RULES as u8 {
                let value = self.rule(index, rule).and_then(|rule| rule.limits.max_orders).unwrap_or(0);
                grants.push(Command { instrument: index, rule, value, ..command(Opcode::Repeat, &[]) });
            }
        }
        let Gate { open_orders, unacknowledged, exposure_e4, heartbeat_cycles, .. } = self.gate;
        grants.push(command(Opcode::Credit, &[exposure_e4, pair([open_orders, unacknowledged])]));
        grants.push(heartbeat(0, heartbeat_cycles));
        numbered(grants, first_sequence)
    }

    /// Of a card after reset whose session has no order: that nothing rests in any of the desk's instruments.
    pub fn nothing_rests(&self, first_sequence: u64) -> Vec<Command> {
        let none = command(Opcode::Resting, &[pair([0, u32::MAX])]);
        let each = (0..self.instruments.len() as u8).map(|instrument| Command { instrument, ..none });
        numbered(each.collect(), first_sequence)
    }

    /// Whether the rule has a template.
    fn write_template(&self, set: &mut Vec<Command>, place: Command, instrument: &Instrument, rule: &Rule) -> bool {
        let symbol = &instrument.symbol;
        let (template, side, numbers, is_immediate) = match &rule.action {
            Action::Order(order) => {
                let numbers = pair([order.quantity, order.price_e4]);
                (Template::order(&self.session, symbol, order), order.side, numbers, order.time_in_force == IMMEDIATE)
            }
            Action::Cancel => (Template::cancel(&self.session, symbol), MASS_CANCEL, 0, false),
            Action::Notify | Action::Halt => return false,
        };
        let words = template.words();
        let last_bytes = template.bytes.len() - (words.len() - 1) * 8;
        let shape = u64::from(side)
            | (words.len() as u64) << 8
            | (last_bytes as u64) << 16
            | (template.payload_bytes() as u64) << 24
            | u64::from(template.partial_checksum) << 32
            | u64::from(is_immediate) << 48;
        let mut args = [0; 6];
        args[0] = numbers;
        args[1] = shape;
        args[2] = rule.limits.cooldown_cycles.unwrap_or(0);
        args[3] = rule.limits.lifetime_cycles.unwrap_or(CYCLES_MAX);
        args[4] = rule.order().map_or(0, |order| pair(instrument.limits.units(order.price_e4, order.quantity)));
        set.push(Command { opcode: Opcode::WriteTemplate as u8, args, ..place });
        for (index, word) in (0..).zip(words) {
            set.push(Command { index, opcode: Opcode::WriteImage as u8, args: [word, 0, 0, 0, 0, 0], ..place });
        }
        true
    }

    /// The TCP and OUCH session state to start with.
    pub fn session_command(&self, sequence: u64) -> Command {
        let session = &self.session;
        let numbers = pair([session.tcp_sequence, session.acknowledgement]);
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

/// The host vouches for so many cycles.
pub fn heartbeat(sequence: u64, cycles: u64) -> Command {
    Command { sequence, ..command(Opcode::Heartbeat, &[cycles]) }
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

fn numbered(mut commands: Vec<Command>, first_sequence: u64) -> Vec<Command> {
    for (sequence, command) in (first_sequence..).zip(&mut commands) {
        command.sequence = sequence;
    }
    commands
}

/// Two halves of an argument, the low one first.
fn pair([low, high]: [u32; 2]) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

fn write_feed(feed: &Feed) -> Command {
    let line = |group: Ipv4Addr, port: u16| u64::from(group.to_bits()) | u64::from(port) << 32;
    let line_b = feed.line_b.map_or(0, |one| line(one.group, one.port));
    command(Opcode::WriteFeed, &[line(feed.group, feed.port), line_b, feed.reorder_cycles.into(), feed.silence_cycles.into()])
}

fn write_gate(gate: &Gate) -> Command {
    let Gate { interval_cycles, burst, cancel_reserve, max_age_cycles, .. } = *gate;
    let throttle = u64::from(interval_cycles) | u64::from(burst) << 32 | u64::from(max_age_cycles) << 48;
    command(Opcode::WriteGate, &[throttle, cancel_reserve.into()])
}

/// An unset limit is 0, and 0 blocks.
fn write_instrument(instrument: Option<&Instrument>) -> Command {
    let Some(instrument) = instrument else { return command(Opcode::WriteInstrument, &[]) };
    let limits = &instrument.limits;
    let sides = limits.sides.unwrap_or_default();
    let permits = [instrument.enabled, sides.buy, sides.sell, sides.short, sides.cancel];
    let permitted = (16..).zip(permits).fold(0, |bits, (bit, is_permitted)| bits | u64::from(is_permitted) << bit);
    let (low, high) = instrument.collar.map_or((0, 0), |collar| (collar.low_e4, collar.high_e4));
    command(Opcode::WriteInstrument, &[
        u64::from(instrument.locate.unwrap_or(0)) | permitted,
        pair([limits.max_quantity.unwrap_or(0), low]),
        pair([high, limits.live_collar_e4.unwrap_or(0)]),
        limits.max_value_e4.unwrap_or(0),
        u64::from(instrument.window_cycles),
        pair([limits.tick_size_e4, limits.lot].map(Option::unwrap_or_default)),
    ])
}

/// One term of each rule, and with the first one what it does.
fn write_rules(instrument: Option<&Instrument>, index: u8) -> Command {
    let mut args = [0; 4];
    let term = |slot| instrument?.rule(slot)?.terms.get(usize::from(index));
    for (slot, term) in (0..RULES).filter_map(|slot| Some((slot, term(slot)?))) {
        args[0] |= (term.condition as u64) << (8 * slot);
        args[1 + slot / 2] |= u64::from(term.threshold) << (32 * (slot % 2));
    }
    let rules = instrument.into_iter().flat_map(|one| (0..RULES).filter_map(move |slot| Some((slot, one.rule(slot)?))));
    for (slot, rule) in rules.filter(|_| index == 0) {
        let code = match rule.action {
            Action::Order(_) | Action::Cancel => shm::Action::Order,
            Action::Notify => shm::Action::Notify,
            Action::Halt => shm::Action::Halt,
        };
        args[3] |= (code as u64) << (8 * slot);
    }
    Command { index, ..command(Opcode::WriteRules, &args) }
}
