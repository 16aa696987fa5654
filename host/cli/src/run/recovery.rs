//! The engine as the journal left it: the newest snapshot that can be used, and the inputs behind it.
//!
//! Holds: with a snapshot, with an older one and without any it is the same engine, since the configuration under which inputs
//! were taken stands among them. What a snapshot is passed over for is said.
use anyhow::{Context, bail};
use riposte_engine::{Config, Engine, Input, Outputs};
use riposte_journal::{Entry, Record, Recovery};

#[cfg(test)]
mod tests;

/// An engine, and how it came about.
pub struct Recovered {
    pub engine: Engine,
    pub time_ns: u64,
    /// Inputs that were applied again.
    pub inputs: u64,
    /// Position of the snapshot that they are behind.
    pub behind: Option<u64>,
    /// Its configuration is not the one that the journal knows.
    pub is_reconfigured: bool,
}

impl Recovered {
    /// A host was there before.
    pub fn is_restart(&self) -> bool {
        self.inputs > 0 || self.behind.is_some()
    }
}

/// Applies what was journaled. What came of it then is not done again.
pub fn recover(recovery: &mut Recovery, config: Config) -> anyhow::Result<Recovered> {
    let state = recovery.accept(Engine::decode)?;
    let found = recovery.found();
    for (position, why) in &found.passed_over {
        eprintln!("riposte: warning: the snapshot at {position} {why}; an earlier one is taken, or the whole journal");
    }
    let (behind, time_ns) = (found.snapshot.as_ref().map(|snapshot| snapshot.position), found.end.time_ns);
    let mut is_known = state.is_some();
    let mut engine = state.map_or_else(|| Engine::new(config.clone()), Ok)?;
    let (mut out, mut inputs, mut wrong) = (Outputs::default(), 0, None);
    recovery.replay(|record| {
        if wrong.is_none() {
            wrong = take(&mut engine, &record, &mut out, &mut inputs, &mut is_known).err();
        }
    })?;
    if let Some(wrong) = wrong {
        return Err(wrong);
    }
    let is_reconfigured = !is_known || *engine.config() != config;
    if *engine.config() != config {
        engine.reconfigure(config).context("the desk cannot go on with this journal")?;
    }
    Ok(Recovered { engine, time_ns, inputs, behind, is_reconfigured })
}

fn take(engine: &mut Engine, record: &Record, out: &mut Outputs, inputs: &mut u64, is_known: &mut bool) -> anyhow::Result<()> {
    match record.entry() {
        Some(Entry::Input(bytes)) => match Input::decode(bytes) {
            Some(input) => {
                engine.apply(&input, out);
                *inputs += 1;
            }
            None => bail!(unreadable(record.position, "an input")),
        },
        Some(Entry::Configuration(bytes)) => match Config::decode(bytes) {
            Some(config) if config == *engine.config() => *is_known = true,
            Some(config) => {
                engine.reconfigure(config)?;
                *is_known = true;
            }
            None => bail!(unreadable(record.position, "a configuration")),
        },
        _ => {}
    }
    Ok(())
}

fn unreadable(position: u64, what: &str) -> String {
    format!(
        "record {position} of the journal is {what} of another version: use the riposte that wrote it, or begin a journal in \
         another folder"
    )
}
