//! The cards that a run can use.
use riposte_device::Card;

/// What `--card` can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum CardKind {
    /// The reference model: fast.
    Model,
    /// The gateware, run by Verilator: exact.
    Verilated,
    /// Model and gateware side by side, compared in every event, frame and counter.
    Lockstep,
}

/// One card, or two to compare.
pub fn make(kind: CardKind) -> Vec<Box<dyn Card>> {
    let model = || Box::new(riposte_model::Model::new()) as Box<dyn Card>;
    let verilated = || Box::new(riposte_verilated::Verilated::new()) as Box<dyn Card>;
    match kind {
        CardKind::Model => vec![model()],
        CardKind::Verilated => vec![verilated()],
        CardKind::Lockstep => vec![model(), verilated()],
    }
}
