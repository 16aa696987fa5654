//! Writes the Verilog of the card and, under names of their own, of the blocks that have proofs: `emit FOLDER`.
//!
//! The queue is emitted as deep as the card's and with narrow records: its proof is about indexes.
use riposte_blocks::{
    best::BestOfSixteen, control::Control, events::Events, fits::Fits, gate::Gate, grants::Grants, parity::Parity,
    queue::Queue, restore::Restore, resting::Resting, verdict::Verdict, walker::Walker,
};
use riposte_card::{TOP, verilog, verilog_of};
use rust_hdl::prelude::*;
use std::{env, fs, io, path::Path, process::ExitCode};

fn block<B: Block>(name: &str, mut block: B) -> (String, String) {
    block.connect_all();
    (name.into(), verilog_of(name, &block))
}

fn write(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let modules = [
        (TOP.into(), verilog()),
        block("best_of_sixteen", BestOfSixteen::default()),
        block("control", Control::default()),
        block("events", Events::default()),
        block("fits", Fits::default()),
        block("gate", Gate::default()),
        block("grants", Grants::default()),
        block("parity", Parity::default()),
        block("queue", Queue::<Bits<8>, 4, 5>::default()),
        block("resting", Resting::default()),
        block("restore", Restore::default()),
        block("verdict", Verdict::default()),
        block("walker", Walker::default()),
    ];
    for (name, verilog) in modules {
        fs::write(folder.join(format!("{name}.v")), verilog)?;
    }
    Ok(())
}

fn main() -> ExitCode {
    let Some(folder) = env::args().nth(1) else {
        eprintln!("emit: which folder? emit FOLDER");
        return ExitCode::from(2);
    };
    match write(Path::new(&folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("emit: {folder}: {error}");
            ExitCode::FAILURE
        }
    }
}
