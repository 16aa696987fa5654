//! `make soak`: model and Verilated card in lockstep on seeded traffic, for 100 million clock cycles.
//!
//! `cargo run --release -p riposte-tests --example soak -- [OPTIONS]`. Prints functional coverage; the exit code is 0
//! when nothing differed and every bin was hit, 3 otherwise.
use clap::{Parser, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use riposte_device::Card;
use riposte_model::Model;
use riposte_tests::soak::{Plan, seeds, soak};
use riposte_verilated::{Mutant, Verilated};
use std::{io::IsTerminal, process::ExitCode, thread::available_parallelism, time::Instant};

/// Cycles below which a bin without a hit is no failure.
const COVERED_CYCLES: u64 = 5_000_000;

/// Model and Verilated card in lockstep on seeded traffic. Not one event, byte or counter may differ.
#[derive(Parser)]
#[command(name = "soak", max_term_width = 100, after_help = "\
Every seed is one run of 4,000 or 16,000 cycles; consecutive seeds are run until their cycles reach --cycles.
From 5 million cycles on, every bin of functional coverage must be hit.

Examples:
  make soak
  make soak ARGS=\"--cycles 1000000000 --seed 1000000\"
  make soak ARGS=\"--seed 4711 --runs 1\"       one run again

Exit codes: 0 no difference · 2 usage · 3 a difference, or a bin without a hit")]
struct Args {
    /// Clock cycles of all runs together.
    #[arg(long, default_value_t = 100_000_000)]
    cycles: u64,
    /// Seed of the first run.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// So many runs, whatever their cycles.
    #[arg(long)]
    runs: Option<u64>,
    /// Threads; the result does not depend on them. By default one a core.
    #[arg(long)]
    jobs: Option<usize>,
    /// Name each run when it begins: should a card abort the process, the last ones named are under suspicion.
    #[arg(long)]
    verbose: bool,
    /// Put a card with a known fault beside the model; the soak must find it.
    #[arg(long, value_enum)]
    mutant: Option<Fault>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Fault {
    Kill,
    Price,
    Checksum,
    Walker,
}

fn card(mutant: Option<Fault>) -> Verilated {
    match mutant {
        None => Verilated::new(),
        Some(Fault::Kill) => Verilated::mutant(Mutant::GateIgnoresKill),
        Some(Fault::Price) => Verilated::mutant(Mutant::PriceOneByteOff),
        Some(Fault::Checksum) => Verilated::mutant(Mutant::ChecksumOneOff),
        Some(Fault::Walker) => Verilated::mutant(Mutant::WalkerOneByteOff),
    }
}

/// Hidden when standard error is no terminal.
fn progress(cycles: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} cycles {eta}");
    ProgressBar::new(cycles).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn main() -> ExitCode {
    let args = Args::parse();
    let seeds = match args.runs {
        Some(runs) => (args.seed..args.seed.saturating_add(runs)).collect(),
        None => seeds(args.seed, args.cycles),
    };
    let jobs = args.jobs.unwrap_or_else(|| available_parallelism().map_or(1, |cores| cores.get()));
    let bar = progress(seeds.iter().map(|seed| Plan::of(*seed).cycles).sum());
    let cards = || -> Vec<Box<dyn Card>> { vec![Box::new(Model::new()), Box::new(card(args.mutant))] };
    let begin = |seed: u64| {
        if args.verbose {
            eprintln!("seed {seed} ({})", Plan::of(seed).name);
        }
    };
    let start = Instant::now();
    let soaked = soak(&seeds, jobs, &cards, &begin, &|cycles| bar.inc(cycles));
    bar.finish_and_clear();
    let totals = match soaked {
        Ok(totals) => totals,
        Err(failure) => {
            eprintln!("{failure}");
            return ExitCode::from(3);
        }
    };
    println!("{}", totals.bins.table());
    let (seconds, missed) = (start.elapsed().as_secs_f64(), totals.bins.missed());
    println!(
        "{} runs from seed {}, {} clock cycles in {seconds:.0} s of wall time on {jobs} threads, digest {:016x}",
        totals.runs, args.seed, totals.cycles, totals.digest
    );
    if totals.cycles >= COVERED_CYCLES && !missed.is_empty() {
        for bin in missed {
            eprintln!("without a hit: {bin}");
        }
        return ExitCode::from(3);
    }
    println!("model = verilated: not one event, byte or counter differs");
    ExitCode::SUCCESS
}
