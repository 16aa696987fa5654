//! `riposte market`: writes a generated market as raw ITCH or as a capture of MoldUDP64 frames.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use clap::ValueEnum;
use indicatif::ProgressBar;
use riposte_capture::{Channel, Packetiser, PcapWriter};
use riposte_venue::{Config, Market};
use serde_json::json;

use crate::output::{Outcome, Output};

/// Messages between two updates of the progress bar.
const PROGRESS_STEP: u64 = 16_384;

const EXAMPLES: &str = "\
The same seed, instruments and messages give the same bytes on every machine.

Examples:
  riposte market --seed 7 --messages 1000000 --out market.pcap
  riposte market --seed 7 --messages 100000 --instruments 4 --format itch --out market.itch
  riposte book market.itch --instrument NVDA

Exit codes: 0 written · 1 the configuration is bad or the file cannot be written · 2 usage";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Seed of everything random.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Messages of the whole market, opening and close included.
    #[arg(long, default_value_t = 1_000_000)]
    messages: u64,
    /// File to write; an existing one is replaced.
    #[arg(long)]
    out: PathBuf,
    /// Frames with a time, or messages behind their lengths.
    #[arg(long, value_enum, default_value_t = Format::Pcap)]
    format: Format,
    /// Instruments that are listed.
    #[arg(long, default_value_t = 16)]
    instruments: u16,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Nanosecond pcap of MoldUDP64 frames to 233.54.12.111:26477.
    Pcap,
    /// Raw ITCH 5.0, a 16-bit length before each message.
    Itch,
}

pub fn run(args: Args, output: &Output) -> anyhow::Result<Outcome> {
    let Args { seed, messages, instruments, .. } = args;
    let market = Market::new(Config { seed, instruments, messages })?;
    let names = market.instruments();
    let bar = output.progress(Some(messages), "messages");
    let frames = write(market, &args.out, args.format, &bar)
        .with_context(|| format!("{}: cannot be written", args.out.display()))?;
    bar.finish_and_clear();
    let symbols: Vec<_> = names
        .iter()
        .map(|one| String::from_utf8_lossy(&one.symbol).trim_end().to_owned())
        .collect();
    if output.is_json() {
        output.print_json(&json!({
            "file": args.out.display().to_string(),
            "seed": seed,
            "messages": messages,
            "frames": frames,
            "instruments": symbols,
        }))?;
    } else {
        let frames = frames.map_or(String::new(), |frames| format!(" in {frames} frames"));
        let (file, symbols) = (args.out.display(), symbols.join(" "));
        output.print(format!("{file}: seed {seed}, {messages} messages{frames}\n{symbols}"))?;
    }
    Ok(Outcome::Done)
}

/// Writes the market; gives the number of frames, if there are frames.
fn write(
    market: Market,
    path: &Path,
    format: Format,
    bar: &ProgressBar,
) -> anyhow::Result<Option<u64>> {
    let mut out = BufWriter::with_capacity(1 << 18, File::create(path)?);
    let messages = (1u64..).zip(market).inspect(|(number, _)| {
        if number % PROGRESS_STEP == 0 {
            bar.set_position(*number);
        }
    });
    if format == Format::Itch {
        for (_, message) in messages {
            out.write_all(&(message.len() as u16).to_be_bytes())?;
            out.write_all(&message)?;
        }
        out.flush()?;
        return Ok(None);
    }
    let mut pcap = PcapWriter::new(out)?;
    let mut packetiser = Packetiser::new(Channel::default())?;
    let (mut frames, mut ready) = (0, Vec::new());
    for (_, message) in messages {
        packetiser.push(&message, &mut ready)?;
        for frame in ready.drain(..) {
            frames += 1;
            pcap.write_record(&frame)?;
        }
    }
    for frame in packetiser.finish().into_iter().chain([packetiser.end_of_session()]) {
        frames += 1;
        pcap.write_record(&frame)?;
    }
    pcap.finish()?;
    Ok(Some(frames))
}
