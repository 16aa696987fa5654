//! A parameter set with other thresholds: the same rows, checked as what is written in a desk.
use crate::price::in_range;
use riposte_map::limits::RULES;
use riposte_map::shm::{Command, Condition, Opcode};
use thiserror::Error;

/// Why a threshold cannot be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unmovable {
    #[error("the set has no rules of instrument {0}")]
    Instrument(u8),
    #[error("instrument {instrument} has no rule {rule} whose first term is on a price")]
    Rule { instrument: u8, rule: u8 },
    #[error("{0} is no price of the venue")]
    Price(u32),
}

/// Puts the threshold of a rule's first term into the rows of a set.
pub fn move_threshold(rows: &mut [Command], instrument: u8, rule: u8, threshold_e4: u32) -> Result<(), Unmovable> {
    let is_it = |row: &&mut Command| {
        let [opcode, of, term] = [row.opcode, row.instrument, row.index];
        [opcode, of, term] == [Opcode::WriteRules as u8, instrument, 0]
    };
    let row = rows.iter_mut().find(is_it).ok_or(Unmovable::Instrument(instrument))?;
    let slot = usize::from(rule);
    let code = if slot < RULES { (row.args[0] >> (8 * slot)) as u8 } else { Condition::Off as u8 };
    if !Condition::from_code(code).is_some_and(Condition::is_price) {
        return Err(Unmovable::Rule { instrument, rule });
    }
    if threshold_e4 == 0 || !in_range(threshold_e4) {
        return Err(Unmovable::Price(threshold_e4));
    }
    let (word, shift) = (&mut row.args[1 + slot / 2], 32 * (slot % 2));
    *word = *word & !(u64::from(u32::MAX) << shift) | u64::from(threshold_e4) << shift;
    Ok(())
}
