//! The binary `riposte`: one module per subcommand, each with `Args` and `run`.
//!
//! In: the command line and files. Out: text or, with `--json`, one JSON value on standard output;
//! progress and errors on standard error. The exit code says what happened, see `EXIT_CODES`.
#![forbid(unsafe_code)]

mod book;
mod card;
mod controls;
mod decode;
mod journal;
mod market;
mod output;
mod replay;
mod report;
mod rules;
mod run;
mod venue;

use std::{io, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::output::{Outcome, Output};

const EXIT_CODES: &str = "\
Exit codes:
  0  done, and every check passed
  1  the input or the configuration is bad; standard error says what, where and what to do
  2  the command line is wrong
  3  a check failed (two cards diverged, a promise was broken)";

/// Riposte: an open FPGA-offloaded tick-to-trade appliance.
#[derive(Parser)]
#[command(name = "riposte", version, after_help = EXIT_CODES, max_term_width = 100)]
struct Cli {
    /// Print one JSON value on standard output instead of text.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Count frames, packets and messages of a capture, per channel and type.
    Decode(decode::Args),
    /// Replay the order book of one instrument.
    Book(book::Args),
    /// Generate a seeded, realistic market as a capture or raw ITCH.
    Market(market::Args),
    /// Replay market data through a card: orders, report, digest.
    Replay(replay::Args),
    /// Prove, show, export and prune the journal of a run.
    Journal(journal::Args),
    /// Write the card's Verilog.
    Card(card::Args),
    /// Check a desk configuration.
    Rules(rules::Args),
    /// Print the control matrix: every control, its state, its tests and their last result.
    Controls(controls::Args),
    /// Run the live host: a card, the engine, the journal.
    Run(run::Args),
    /// Run the simulated exchange on real sockets.
    Venue(venue::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.json);
    let result = match cli.command {
        Command::Decode(args) => decode::run(args, &output),
        Command::Book(args) => book::run(args, &output),
        Command::Market(args) => market::run(args, &output),
        Command::Replay(args) => replay::run(args, &output),
        Command::Journal(args) => journal::run(args, &output),
        Command::Card(args) => card::run(args, &output),
        Command::Rules(args) => rules::run(args, &output),
        Command::Controls(args) => controls::run(args, &output),
        Command::Run(args) => run::run(args, &output),
        Command::Venue(args) => venue::run(args, &output),
    };
    match result {
        Ok(outcome) => outcome.into(),
        // Whoever reads our output has seen enough (`| head`): that is no fault of the input.
        Err(error) if is_closed_pipe(&error) => Outcome::Done.into(),
        Err(error) => {
            eprintln!("riposte: {error:#}");
            ExitCode::from(1)
        }
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
