//! Parameter sets as the engine sees them: which rows were written, what they add up to, whether one permits less.
//!
//! The engine keeps of each generation its number, a SHA-256 of all rows in the order written, the limits and the rules; rows
//! themselves are in the store of whoever loads them. A set is whole if every row of every table stands in it once, and of
//! each image the words that its template announces. Limits of what the card is lent are rows too: `Lease`, `Repeat`,
//! `Credit` and `Heartbeat` as they would be given to a card after reset whose positions are flat.
use crate::lending::words;
use crate::message::{Field, Sink, fields};
use riposte_map::limits::{INSTRUMENTS, RULES, TERMS};
use riposte_map::shm::{Command, Opcode};
use sha2::digest::common::hazmat::{SerializableState, SerializedState};
use sha2::{Digest, Sha256};
use std::hash::{Hash, Hasher};
use zerocopy::IntoBytes;

/// Earlier generations that a reversion can name.
pub const GENERATIONS: usize = 32;
pub(crate) const RULE_COUNT: usize = INSTRUMENTS * RULES;

/// A rule's number among those of all instruments; `None` if the card has no such.
pub(crate) fn rule_number(instrument: u8, rule: u8) -> Option<usize> {
    let (instrument, rule) = (usize::from(instrument), usize::from(rule));
    (instrument < INSTRUMENTS && rule < RULES).then_some(instrument * RULES + rule)
}

/// A bit a row. Of the first word: feed, gate, credit, heartbeat, then of each instrument its row, lease and rules; of
/// the second the templates, of the third the repeats, of the fourth the further terms of each instrument's rules.
const WHOLE: [u64; 4] =
    [(1 << (4 + 3 * INSTRUMENTS)) - 1, u64::MAX, u64::MAX, (1 << ((TERMS - 1) * INSTRUMENTS)) - 1];
const _: () = assert!(RULE_COUNT == u64::BITS as usize && 4 + 3 * INSTRUMENTS < 64 && (TERMS - 1) * INSTRUMENTS < 64);

/// Limits of an instrument, as `WriteInstrument` and `Lease` have them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Row {
    locate: u16,
    enabled: bool,
    /// Buying, selling, selling short, mass cancels: a bit each.
    sides: u8,
    quantity_max: u32,
    value_max: u64,
    lowest: u32,
    highest: u32,
    reach: u32,
    tick_size: u32,
    lot: u32,
    /// Pieces long and short.
    position: [u32; 2],
}

impl Row {
    fn write(&mut self, command: &Command) {
        *self = Row {
            locate: command.args[0] as u16,
            enabled: command.args[0] >> 16 & 1 == 1,
            sides: (command.args[0] >> 17 & 15) as u8,
            quantity_max: command.args[1] as u32,
            value_max: command.args[3],
            lowest: (command.args[1] >> 32) as u32,
            highest: command.args[2] as u32,
            reach: (command.args[2] >> 32) as u32,
            tick_size: command.args[5] as u32,
            lot: (command.args[5] >> 32) as u32,
            position: self.position,
        };
    }

    /// Permits nothing that `other` does not.
    fn within(&self, other: &Row) -> bool {
        let same = (self.locate, self.tick_size, self.lot) == (other.locate, other.tick_size, other.lot);
        let narrower = same
            && self.sides & !other.sides == 0
            && self.quantity_max <= other.quantity_max
            && self.value_max <= other.value_max
            && self.lowest >= other.lowest
            && self.highest <= other.highest
            && self.reach <= other.reach
            && self.position[0] <= other.position[0]
            && self.position[1] <= other.position[1];
        !self.enabled || (other.enabled && narrower)
    }
}

/// Limits of the card as a whole, as `WriteGate`, `Credit` and `Heartbeat` have them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Gate {
    interval: u32,
    burst: u16,
    /// For mass cancels alone.
    kept: u16,
    age_max: u16,
    /// Price x quantity.
    pub exposure: u64,
    pub open_orders: u32,
    pub unacknowledged: u32,
    /// Cycles for which the host vouches.
    pub heartbeat: u64,
}

impl Gate {
    fn write(&mut self, command: &Command) {
        let [first, second, ..] = command.args;
        match Opcode::from_code(command.opcode) {
            Some(Opcode::WriteGate) => {
                (self.interval, self.burst, self.age_max) = (first as u32, (first >> 32) as u16, (first >> 48) as u16);
                self.kept = second as u16;
            }
            Some(Opcode::Credit) => {
                (self.exposure, self.open_orders, self.unacknowledged) = (first, second as u32, (second >> 32) as u32);
            }
            _ => self.heartbeat = first,
        }
    }

    fn within(&self, other: &Gate) -> bool {
        is_slower(self.interval.into(), other.interval.into())
            && self.burst <= other.burst
            && self.kept >= other.kept
            && self.age_max <= other.age_max
            && self.exposure <= other.exposure
            && self.open_orders <= other.open_orders
            && self.unacknowledged <= other.unacknowledged
            && self.heartbeat <= other.heartbeat
    }
}

/// Of a time between orders, 0 is none at all.
fn is_slower(one: u64, other: u64) -> bool {
    one == 0 || (other != 0 && one >= other)
}

/// Rules of an instrument, as `WriteRules` has their first terms, which are what models move.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rules {
    /// Code of `riposte_map::shm::Condition` each; 0 is off.
    pub conditions: [u8; RULES],
    /// What the metric is compared with, in the venue's integers.
    pub thresholds: [u32; RULES],
}

impl Rules {
    fn of(command: &Command) -> Rules {
        Rules {
            conditions: std::array::from_fn(|rule| (command.args[0] >> (8 * rule)) as u8),
            thresholds: std::array::from_fn(|rule| (command.args[1 + rule / 2] >> (32 * (rule % 2))) as u32),
        }
    }
}

/// What a set is known by: SHA-256 of its rows, whatever their numbers. `None` if they are not exactly one whole set.
pub fn content(rows: &[Command]) -> Option<[u8; 32]> {
    let mut set = Set::new();
    let all = rows.iter().all(|row| set.take(row));
    set.whole(0).filter(|_| all).map(|one| one.content)
}

/// One whole set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Generation {
    pub number: u32,
    pub content: [u8; 32],
    /// What people approved: the content, or that of the set whose thresholds models have moved since.
    pub base: [u8; 32],
    /// Of everything that is neither limit nor a rule's first term: feed, windows, further terms, actions, templates, images.
    rest: [u8; 32],
    rows: [Row; INSTRUMENTS],
    pub rules: [Rules; INSTRUMENTS],
    /// Cycles between two orders of a rule.
    cooldowns: [u64; RULE_COUNT],
    /// Cycles behind the commit for which each template may be sent.
    lifetimes: [u64; RULE_COUNT],
    /// Rules whose orders never rest, a bit each.
    immediate: u64,
    /// Orders of a rule until it is released.
    pub repeats: [u32; RULE_COUNT],
    pub gate: Gate,
}

impl Generation {
    /// Permits nothing that `other` does not. Rules and templates cannot be compared, so they must be equal.
    pub fn within(&self, other: &Generation) -> bool {
        let slower = self.cooldowns.iter().zip(other.cooldowns).all(|(one, other)| is_slower(*one, other));
        let shorter = self.lifetimes.iter().zip(other.lifetimes).all(|(one, other)| *one <= other);
        let fewer = self.repeats.iter().zip(other.repeats).all(|(one, other)| *one <= other);
        let rows = self.rows.iter().zip(&other.rows).all(|(one, other)| one.within(other));
        let acts_alike = self.rest == other.rest && self.rules == other.rules;
        acts_alike && rows && slower && shorter && fewer && self.gate.within(&other.gate)
    }

    /// How far positions may go, long and short.
    pub fn positions(&self) -> [[u32; 2]; INSTRUMENTS] {
        self.rows.map(|row| row.position)
    }

    /// The same but for thresholds of rules.
    pub fn is_moved(&self, other: &Generation) -> bool {
        let conditions = self.rules.iter().zip(&other.rules).all(|(one, other)| one.conditions == other.conditions);
        let limits = self.rows == other.rows && self.gate == other.gate;
        let pace = (self.cooldowns, self.lifetimes, self.repeats) == (other.cooldowns, other.lifetimes, other.repeats);
        self.rest == other.rest && limits && pace && conditions
    }

    /// What its rules are part of: windows, further terms, actions, templates, images and feed.
    pub fn basis(&self) -> [u8; 32] {
        self.rest
    }

    /// Whether what a rule orders never rests.
    pub fn is_immediate(&self, instrument: u8, rule: u8) -> bool {
        rule_number(instrument, rule).is_some_and(|at| self.immediate >> at & 1 == 1)
    }

    /// A price in ticks in 31:0 and a quantity in lots in 63:32, as the card is told of them; `None` if they are none.
    pub fn units(&self, instrument: u8, price: u32, quantity: u32) -> Option<u64> {
        let row = self.rows.get(usize::from(instrument))?;
        let of = |whole: u32, unit: u32| whole.checked_div(unit).filter(|count| count * unit == whole);
        Some(words([of(price, row.tick_size)?, of(quantity, row.lot)?]))
    }

    /// A model has moved it, and people have not seen it.
    pub fn is_calibrated(&self) -> bool {
        self.base != self.content
    }
}

/// The set that is being written into the card's shadow bank.
pub(crate) struct Set {
    all: Sha256,
    rest: Sha256,
    written: [u64; 4],
    broken: bool,
    rows: [Row; INSTRUMENTS],
    rules: [Rules; INSTRUMENTS],
    cooldowns: [u64; RULE_COUNT],
    lifetimes: [u64; RULE_COUNT],
    immediate: u64,
    repeats: [u32; RULE_COUNT],
    gate: Gate,
    /// Words announced and written, of each template.
    words: [(u8, u16); RULE_COUNT],
}

impl Set {
    pub fn new() -> Set {
        Set {
            all: Sha256::new(),
            rest: Sha256::new(),
            written: [0; 4],
            broken: false,
            rows: [Row::default(); INSTRUMENTS],
            rules: [Rules::default(); INSTRUMENTS],
            cooldowns: [0; RULE_COUNT],
            lifetimes: [0; RULE_COUNT],
            immediate: 0,
            repeats: [0; RULE_COUNT],
            gate: Gate::default(),
            words: [(0, 0); RULE_COUNT],
        }
    }

    /// Takes a row in; `false` if it is none, or stands there already.
    pub fn take(&mut self, command: &Command) -> bool {
        let is_new = self.place(command).is_some();
        self.broken |= !is_new;
        if is_new {
            let bare = Command { sequence: 0, ..*command };
            self.all.update(bare.as_bytes());
            match Opcode::from_code(command.opcode) {
                Some(Opcode::WriteFeed | Opcode::WriteImage) => self.rest.update(bare.as_bytes()),
                Some(Opcode::WriteInstrument) if bare.args[4] != 0 => {
                    self.rest.update(Command { args: [0, 0, 0, 0, bare.args[4], 0], ..bare }.as_bytes());
                }
                Some(Opcode::WriteRules) if command.index > 0 => self.rest.update(bare.as_bytes()),
                Some(Opcode::WriteRules) => {
                    self.rest.update(Command { args: [0, 0, 0, bare.args[3], 0, 0], ..bare }.as_bytes());
                }
                Some(Opcode::WriteTemplate) => {
                    let [order, shape, _cooldown, _lifetime, units, _] = bare.args;
                    self.rest.update(Command { args: [order, shape, 0, 0, units, 0], ..bare }.as_bytes());
                }
                _ => {}
            }
        }
        is_new
    }

    /// Takes a row's limits in and marks its place; none if it has none, or something stands there.
    fn place(&mut self, command: &Command) -> Option<()> {
        let at = rule_number(command.instrument, command.rule)?;
        let instrument = usize::from(command.instrument);
        let (word, bit) = match Opcode::from_code(command.opcode)? {
            Opcode::WriteFeed => (0, 0),
            Opcode::WriteGate => (0, 1),
            Opcode::Credit => (0, 2),
            Opcode::Heartbeat => (0, 3),
            Opcode::WriteInstrument => (0, 4 + 3 * instrument),
            Opcode::Lease => (0, 5 + 3 * instrument),
            Opcode::WriteRules if usize::from(command.index) >= TERMS => return None,
            Opcode::WriteRules if command.index > 0 => (3, usize::from(command.index) - 1 + (TERMS - 1) * instrument),
            Opcode::WriteRules => (0, 6 + 3 * instrument),
            Opcode::WriteTemplate => (1, at),
            Opcode::Repeat => (2, at),
            Opcode::WriteImage => {
                let word = 1u16.checked_shl(u32::from(command.index))?;
                let written = self.words[at].1;
                self.words[at].1 = written | word;
                return (written & word == 0).then_some(());
            }
            _ => return None,
        };
        match Opcode::from_code(command.opcode)? {
            Opcode::WriteGate | Opcode::Credit | Opcode::Heartbeat => self.gate.write(command),
            Opcode::WriteInstrument => self.rows[instrument].write(command),
            Opcode::WriteRules if command.index == 0 => self.rules[instrument] = Rules::of(command),
            Opcode::Lease => {
                self.rows[instrument].position = [command.args[0] as u32, (command.args[0] >> 32) as u32];
            }
            Opcode::WriteTemplate => {
                self.words[at].0 = (command.args[1] >> 8 & 0x1f) as u8;
                (self.cooldowns[at], self.lifetimes[at]) = (command.args[2], command.args[3]);
                self.immediate |= (command.args[1] >> 48 & 1) << at;
            }
            Opcode::Repeat => self.repeats[at] = command.value,
            _ => {}
        }
        let is_free = self.written[word] >> bit & 1 == 0;
        self.written[word] |= 1 << bit;
        is_free.then_some(())
    }

    /// The set under a number, if it is whole.
    pub fn whole(&self, number: u32) -> Option<Generation> {
        let images = self.words.iter().all(|(announced, written)| u32::from(*written) == (1 << announced) - 1);
        let is_whole = !self.broken && self.written == WHOLE && images;
        is_whole.then(|| {
            let content = self.all.clone().finalize().into();
            Generation {
                number,
                content,
                base: content,
                rest: self.rest.clone().finalize().into(),
                rows: self.rows,
                rules: self.rules,
                cooldowns: self.cooldowns,
                lifetimes: self.lifetimes,
                immediate: self.immediate,
                repeats: self.repeats,
                gate: self.gate,
            }
        })
    }
}

fields! {
    Row { locate, enabled, sides, quantity_max, value_max, lowest, highest, reach, tick_size, lot, position }
    Rules { conditions, thresholds }
    Gate { interval, burst, kept, age_max, exposure, open_orders, unacknowledged, heartbeat }
    Generation { number, content, base, rest, rows, rules, gate, repeats, cooldowns, lifetimes, immediate }
    Set { all, rest, written, broken, rows, rules, words, gate, repeats, cooldowns, lifetimes, immediate }
}

/// A hash that is under way.
impl Field for Sha256 {
    fn put(&self, to: &mut impl Sink) {
        to.append(&self.serialize());
    }

    fn get(from: &mut &[u8]) -> Option<Sha256> {
        let (state, rest) = from.split_at_checked(size_of::<SerializedState<Sha256>>())?;
        *from = rest;
        // Eight words, then the number of blocks; with more than fit into the length it would panic when it ends.
        let blocks = u64::from_le_bytes(state.get(32..40)?.try_into().ok()?);
        if blocks > u64::MAX / 1024 {
            return None;
        }
        Sha256::deserialize(state.try_into().ok()?).ok()
    }
}

impl Hash for Set {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Limits and rules are of rows that are in the digest.
        (self.written, self.broken, &self.words[..]).hash(state);
        state.write(&self.all.clone().finalize());
    }
}

/// The newest generations that were in force, newest last.
#[derive(Hash)]
pub(crate) struct Generations {
    ring: [Option<Generation>; GENERATIONS],
    next: usize,
}

impl Field for Generations {
    fn put(&self, to: &mut impl Sink) {
        self.ring.put(to);
        self.next.put(to);
    }

    fn get(from: &mut &[u8]) -> Option<Generations> {
        let one = Generations { ring: Field::get(from)?, next: Field::get(from)? };
        (one.next < GENERATIONS).then_some(one)
    }
}

impl Generations {
    pub fn new() -> Generations {
        Generations { ring: [None; GENERATIONS], next: 0 }
    }

    /// Of a run of sets that models have moved only the newest is kept: those that people approved stay.
    pub fn push(&mut self, one: Generation) {
        let last = &mut self.ring[(self.next + GENERATIONS - 1) % GENERATIONS];
        if one.is_calibrated() && last.is_some_and(|last| last.is_calibrated()) {
            *last = Some(one);
            return;
        }
        self.ring[self.next] = Some(one);
        self.next = (self.next + 1) % GENERATIONS;
    }

    pub fn newest(&self) -> u32 {
        self.ring.iter().flatten().map(|one| one.number).max().unwrap_or(0)
    }

    pub fn newest_approved(&self) -> u32 {
        self.ring.iter().flatten().filter(|one| !one.is_calibrated()).map(|one| one.number).max().unwrap_or(0)
    }

    pub fn find_content(&self, content: &[u8; 32]) -> Option<&Generation> {
        self.ring.iter().flatten().find(|one| one.content == *content)
    }

    pub fn find(&self, number: u32) -> Option<&Generation> {
        self.ring.iter().flatten().find(|one| one.number == number)
    }
}
