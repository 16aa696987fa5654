//! The engine as the journal left it.
use anyhow::bail;
use riposte_engine::{Config, Engine, Input, Outputs};
use riposte_journal::{Entry, Recovery};

/// An engine, and how it came about.
pub struct Recovered {
    pub engine: Engine,
    pub time_ns: u64,
    /// Inputs that were applied again.
    pub inputs: u64,
}

/// Applies what was journaled to a new engine. What came of it then is not done again.
pub fn recover(recovery: &Recovery, config: Config) -> anyhow::Result<Recovered> {
    let mut engine = Engine::new(config)?;
    let (mut out, mut inputs, mut unknown) = (Outputs::default(), 0, None);
    recovery.replay(|record| {
        let Some(Entry::Input(bytes)) = record.entry() else { return };
        match Input::decode(bytes) {
            Some(input) => {
                engine.apply(&input, &mut out);
                inputs += 1;
            }
            None => unknown = unknown.or(Some(record.position)),
        }
    })?;
    if let Some(position) = unknown {
        bail!(
            "record {position} of the journal is an input of another version: use the riposte that wrote it, or begin a \
             journal in another folder"
        );
    }
    let end = recovery.found().end;
    Ok(Recovered { engine, time_ns: end.time_ns, inputs })
}
