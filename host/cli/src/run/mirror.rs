//! A second engine behind the first: it takes the same inputs once they are durable, and has time.
//!
//! In: inputs that were carried out. Out: answers about the state, alarms, what is to be asked of others.
//!
//! Why a second one: the engine's thread must neither format nor answer; a copy that takes the same inputs
//! is the same state, so nothing needs a lock, and every answer is about what is durable. That both are equal is checked
//! at the end of a run.
use super::pinned::Told;
use riposte_engine::{Alarm, Engine, Input, Output, Outputs};
use riposte_journal::Watch;

pub struct Mirror {
    pub engine: Engine,
    out: Outputs,
    told: rtrb::Consumer<Told>,
    watch: Watch,
    /// Every record up to here tells of what the engine has taken; 0 before the first input.
    pub position: u64,
}

impl Mirror {
    /// `engine` is where the first one is.
    pub fn new(engine: Engine, told: rtrb::Consumer<Told>, watch: Watch) -> Mirror {
        Mirror { engine, out: Outputs::default(), told, watch, position: 0 }
    }

    /// Takes the next durable input; what came of it is in `said`.
    pub fn next(&mut self) -> Option<Input> {
        let Told { through, input } = *self.told.peek().ok()?;
        if self.watch.durable() < through {
            return None;
        }
        let _ = self.told.pop();
        self.position = through;
        self.engine.apply(&input, &mut self.out);
        Some(input)
    }

    /// What came of the last input.
    pub fn said(&self) -> &Outputs {
        &self.out
    }

    /// No input will come any more.
    pub fn is_abandoned(&self) -> bool {
        self.told.is_abandoned()
    }

    /// Inputs that the mirror has not taken yet.
    pub fn behind(&self) -> usize {
        self.told.slots()
    }

    /// No input will come any more, and all that came was taken.
    pub fn is_done(&self) -> bool {
        self.told.is_abandoned() && self.told.is_empty()
    }
}

/// Alarms among outputs.
pub fn alarms(out: &Outputs) -> impl Iterator<Item = &Alarm> {
    out.iter().filter_map(|one| if let Output::Alarm(alarm) = one { Some(alarm) } else { None })
}
