//! The binary `riposte`: one module per subcommand, each with `Args` and `run`.
//!
//! In: the command line and files. Out: text or, with `--json`, one JSON value on standard output;
//! progress and errors on standard error. The exit code says what happened, see `EXIT_CODES`.
#![forbid(unsafe_code)]

mod book;
mod bounded;
mod card;
mod claims;
mod control;
mod controls;
mod decode;
mod journal;
mod line_b;
mod mandate;
mod market;
mod output;
mod params;
mod replay;
mod report;
mod rules;
mod run;
mod secret;
mod tls;
mod top;
mod venue;

use std::{io, process::ExitCode};

use clap::{Parser, Subcommand};
use riposte_control::Wish;

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
    /// Check a desk configuration: the feed, the rules, the host.
    Config(rules::Args),
    /// Check a desk configuration.
    Rules(rules::Args),
    /// Print the control matrix: every control, its state, its tests and their last result.
    Controls(controls::Args),
    /// Run the live host: a card, the engine, the journal.
    Run(run::Args),
    /// Watch a host that runs: books, rules, orders, refusals, latency, health.
    Top(top::Args),
    /// Show how a host that runs is.
    Status(control::Status),
    /// Show orders that may still trade.
    Orders(control::Orders),
    /// Show positions and results; state the venue's.
    Positions(control::Positions),
    /// Show sensitivities, scenarios and margin beside their limits; state derivatives that are held elsewhere.
    Risk(control::Risk),
    /// Show executions whose claim is due at the venue; say that one was filed.
    Claims(claims::Args),
    /// Let the card send orders; needs a second person.
    Arm(control::Act),
    /// Let the card send no more orders.
    Disarm(control::Act),
    /// Stop the card and cancel everything that is open.
    Kill(control::Act),
    /// Lift a kill and release guards that have tripped; needs a second person.
    ClearKill(control::Act),
    /// Approve what another person has proposed.
    Approve(control::Approve),
    /// Show, sign, verify, push, commit and roll back parameter sets.
    Params(control::Params),
    /// Set limits.
    Limit(control::LimitArgs),
    /// Grant or end what a model may move without asking.
    Mandate(mandate::Args),
    /// Bring parameters or orders back.
    Revert(control::Revert),
    /// Let a rule that has sent all its orders send again; needs a second person.
    Release(control::Release),
    /// Let no order of an instrument, of one side of it or of a rule leave.
    Fence(control::Fencing),
    /// Lift a fence; needs a second person.
    Lift(control::Fencing),
    /// Let orders of instruments make their positions smaller and nothing else.
    ReduceOnly(control::ReduceOnly),
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
        Command::Config(args) | Command::Rules(args) => rules::run(args, &output),
        Command::Controls(args) => controls::run(args, &output),
        Command::Run(args) => run::run(args, &output),
        Command::Top(args) => top::run(&args, &output),
        Command::Status(args) => control::status(&args, &output),
        Command::Orders(args) => control::orders(&args, &output),
        Command::Positions(args) => control::positions(args, &output),
        Command::Claims(args) => claims::run(args, &output),
        Command::Risk(args) => control::risk(args, &output),
        Command::Arm(args) => control::act(Wish::Arm, &args, &output),
        Command::Disarm(args) => control::act(Wish::Disarm, &args, &output),
        Command::Kill(args) => control::act(Wish::Kill, &args, &output),
        Command::ClearKill(args) => control::act(Wish::ClearKill, &args, &output),
        Command::Approve(args) => control::approve(args, &output),
        Command::Params(args) => control::params(args, &output),
        Command::Limit(args) => control::limit(args, &output),
        Command::Mandate(args) => mandate::run(args, &output),
        Command::Revert(args) => control::revert(args, &output),
        Command::Release(args) => control::release(&args, &output),
        Command::Fence(args) => control::fencing(|of| Wish::Fence { of }, &args, &output),
        Command::Lift(args) => control::fencing(|of| Wish::Lift { of }, &args, &output),
        Command::ReduceOnly(args) => control::reduce_only(&args, &output),
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
