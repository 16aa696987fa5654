//! Parameter sets as the engine sees them: which rows were written, what they add up to, whether one permits less.
//!
//! The engine keeps of each generation its number, a SHA-256 of all rows in the order written, and the limits of each
//! instrument; rows themselves are in the store of whoever loads them. A set is whole if every row of every table stands
//! in it once, and of each image the words that its template announces.
use crate::message::{Field, Sink, fields};
use riposte_map::limits::{INSTRUMENTS, RULES};
use riposte_map::shm::{Command, Opcode};
use sha2::digest::common::hazmat::{SerializableState, SerializedState};
use sha2::{Digest, Sha256};
use std::hash::{Hash, Hasher};
use zerocopy::IntoBytes;

/// Earlier generations that a reversion can name.
pub const GENERATIONS: usize = 32;
/// Feed; instruments; rules; templates.
const ROWS: u32 = (1 + 2 * INSTRUMENTS + INSTRUMENTS * RULES) as u32;
const INSTRUMENT_ROWS: u32 = 1;
const RULE_ROWS: u32 = INSTRUMENT_ROWS + INSTRUMENTS as u32;
const TEMPLATE_ROWS: u32 = RULE_ROWS + INSTRUMENTS as u32;

/// Limits of an instrument, as `WriteInstrument` has them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Row {
    locate: u16,
    enabled: bool,
    quantity_max: u32,
    lowest: u32,
    highest: u32,
}

impl Row {
    fn of(command: &Command) -> Row {
        Row {
            locate: command.args[0] as u16,
            enabled: command.args[0] >> 16 & 1 == 1,
            quantity_max: command.args[1] as u32,
            lowest: (command.args[1] >> 32) as u32,
            highest: command.args[2] as u32,
        }
    }

    /// Permits nothing that `other` does not.
    fn within(&self, other: &Row) -> bool {
        let narrower = self.locate == other.locate
            && self.quantity_max <= other.quantity_max
            && self.lowest >= other.lowest
            && self.highest <= other.highest;
        !self.enabled || (other.enabled && narrower)
    }
}

/// What a set is known by: SHA-256 of its rows, whatever their numbers. `None` if they are not exactly one whole set.
pub fn content(rows: &[Command]) -> Option<[u8; 32]> {
    let mut set = Set::new();
    let all = rows.iter().all(|row| set.take(row));
    set.whole(0).filter(|_| all).map(|one| one.content)
}

/// One whole set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Generation {
    pub number: u32,
    pub content: [u8; 32],
    /// Of everything but the instruments' limits: feed, rules, templates, images.
    rest: [u8; 32],
    rows: [Row; INSTRUMENTS],
}

impl Generation {
    /// Permits nothing that `other` does not. Rules and templates cannot be compared, so they must be equal.
    pub fn within(&self, other: &Generation) -> bool {
        self.rest == other.rest && self.rows.iter().zip(&other.rows).all(|(one, other)| one.within(other))
    }
}

/// The set that is being written into the card's shadow bank.
pub(crate) struct Set {
    all: Sha256,
    rest: Sha256,
    written: u128,
    broken: bool,
    rows: [Row; INSTRUMENTS],
    /// Words announced and written, of each template.
    words: [(u8, u16); INSTRUMENTS * RULES],
}

impl Set {
    pub fn new() -> Set {
        Set {
            all: Sha256::new(),
            rest: Sha256::new(),
            written: 0,
            broken: false,
            rows: [Row::default(); INSTRUMENTS],
            words: [(0, 0); INSTRUMENTS * RULES],
        }
    }

    /// Takes a row in; `false` if it is none, or stands there already.
    pub fn take(&mut self, command: &Command) -> bool {
        let place = self.place(command);
        self.broken |= place.is_none();
        let Some(row) = place else { return false };
        let bare = Command { sequence: 0, ..*command };
        self.all.update(bare.as_bytes());
        if row.is_none_or(|row| !(INSTRUMENT_ROWS..RULE_ROWS).contains(&row)) {
            self.rest.update(bare.as_bytes());
        }
        self.written |= row.map_or(0, |row| 1 << row);
        true
    }

    /// Number of the row, none inside for a word of an image.
    fn place(&mut self, command: &Command) -> Option<Option<u32>> {
        let (instrument, rule) = (usize::from(command.instrument), usize::from(command.rule));
        if instrument >= INSTRUMENTS || rule >= RULES {
            return None;
        }
        let template = instrument * RULES + rule;
        let row = match Opcode::from_code(command.opcode)? {
            Opcode::WriteFeed => 0,
            Opcode::WriteInstrument => {
                self.rows[instrument] = Row::of(command);
                INSTRUMENT_ROWS + instrument as u32
            }
            Opcode::WriteRules => RULE_ROWS + instrument as u32,
            Opcode::WriteTemplate => {
                self.words[template].0 = (command.args[1] >> 8 & 0x1f) as u8;
                TEMPLATE_ROWS + template as u32
            }
            Opcode::WriteImage => {
                let word = 1u16.checked_shl(u32::from(command.index))?;
                let written = self.words[template].1;
                self.words[template].1 = written | word;
                return (written & word == 0).then_some(None);
            }
            _ => return None,
        };
        (self.written >> row & 1 == 0).then_some(Some(row))
    }

    /// The set under a number, if it is whole.
    pub fn whole(&self, number: u32) -> Option<Generation> {
        let images = self.words.iter().all(|(announced, written)| u32::from(*written) == (1 << announced) - 1);
        let whole = !self.broken && self.written == (1 << ROWS) - 1 && images;
        whole.then(|| Generation {
            number,
            content: self.all.clone().finalize().into(),
            rest: self.rest.clone().finalize().into(),
            rows: self.rows,
        })
    }
}

fields! {
    Row { locate, enabled, quantity_max, lowest, highest }
    Generation { number, content, rest, rows }
    Set { all, rest, written, broken, rows, words }
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
        (self.written, self.broken, self.rows, &self.words[..]).hash(state);
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

    pub fn push(&mut self, one: Generation) {
        self.ring[self.next] = Some(one);
        self.next = (self.next + 1) % GENERATIONS;
    }

    pub fn newest(&self) -> u32 {
        self.ring.iter().flatten().map(|one| one.number).max().unwrap_or(0)
    }

    pub fn find(&self, number: u32) -> Option<&Generation> {
        self.ring.iter().flatten().find(|one| one.number == number)
    }
}
