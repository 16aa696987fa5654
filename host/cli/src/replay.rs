//! `riposte replay FILE`: market data through a card, orders out, and an account of all that happened.
//!
//! In: a capture or raw ITCH, a desk configuration. Out: a summary; on request the orders as pcap, the events
//! as JSON lines and a report. Holds: the same file, configuration, gap and seed give the same digest.
//! Not here: what a card does (`hdl/README.md`), how files are read (`riposte_capture`).
mod cards;
mod drive;
mod journaled;
mod outputs;
mod pulse;
mod rig;
pub mod summary;
pub mod table;
pub mod tally;
#[cfg(test)]
mod tests;

use crate::output::{Outcome, Output};
use crate::{report, rules};
use crate::journal::KeyArgs;
use anyhow::{Context, ensure};
use cards::CardKind;
use drive::{Drive, Ended, Pacing};
use journaled::Journaled;
use outputs::Outputs;
use rig::Rig;
use riposte_capture::{Capture, Channel, Record, wire};
use riposte_desk::Desk;
use riposte_map::identity::{TABLE_HASH, VERSION};
use riposte_map::limits::TRANSMIT_GAP_WORDS;
use riposte_map::wire::itch::system_event::LOCATE;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use summary::{Manifest, Run, Summary};

pub use outputs::Partial;

const EXAMPLES: &str = "\
Examples:
  riposte replay day.pcap --config desk.toml --orders orders.pcap --report report.html
  riposte replay day.itch.gz --config desk.toml --card lockstep
  riposte replay day.pcap --config desk.toml --journal day.journal && riposte journal verify day.journal
  riposte replay day.pcap --config desk.toml --seed 7 --json | jq .digest";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// pcap, pcapng or raw length-prefixed ITCH, plain or gzip; raw ITCH is put into packets of the feed.
    file: PathBuf,
    /// Desk configuration: feed, session, instruments, limits, rules.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// What runs the frames; lockstep runs both and stops at the first difference (exit code 3).
    #[arg(long, value_enum, default_value_t = CardKind::Model)]
    card: CardKind,
    /// Write the transmitted frames as a nanosecond pcap.
    #[arg(long, value_name = "FILE")]
    orders: Option<PathBuf>,
    /// Write a self-contained HTML page with plots and tables.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Write every event as a line of JSON.
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// Journal every command, event and transmitted frame in this new folder; the same run has the same chain head.
    #[arg(long, value_name = "DIR")]
    journal: Option<PathBuf>,
    #[command(flatten)]
    key: KeyArgs,
    /// Idle cycles between two frames.
    #[arg(long, value_name = "CYCLES", default_value_t = TRANSMIT_GAP_WORDS as u64)]
    gap: u64,
    /// Vary the gaps (0 to twice --gap) and put idle cycles into frames, by this seed.
    #[arg(long)]
    seed: Option<u64>,
    /// Number of the parameter set, above 0.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    generation: u32,
}

pub fn run(args: Args, output: &Output) -> anyhow::Result<Outcome> {
    let key = args.key.load()?;
    ensure!(key.is_none() || args.journal.is_some(), "a key is for a journal: add --journal DIR");
    let (mut desk, config) = rules::load(&args.config)?;
    resolve(&mut desk, &args.file)?;
    let input_sha256 = hash_file(&args.file)?;
    let mut files = Outputs::create(args.orders.as_deref(), args.events.as_deref(), args.report.as_deref())?;
    let drive = Drive::new(Rig::new(cards::make(args.card)), Pacing::new(args.gap, args.seed), &desk, args.generation);
    let manifest = manifest(&args, drive.card_name(), input_sha256, &config);
    let capture = riposte_capture::open(&args.file)?;
    let progress = capture.progress();
    let bar = output.progress(Some(progress.file_bytes).filter(|&bytes| bytes > 0), "bytes");
    let frames = capture.into_frames(channel(&desk))?.inspect(|_| bar.set_position(progress.read_bytes()));
    let journal = args.journal.as_deref().map(|folder| Journaled::begin(folder, key, &manifest, &drive.commands()));
    let mut journal = journal.transpose()?;
    let ended = drive.run(frames, &mut |out| {
        files.write(out, &desk)?;
        journal.as_mut().map_or(Ok(()), |journal| journal.write(out))
    });
    bar.finish_and_clear();
    let journal = journal.map(|journal| journal.finish(&ended)).transpose()?;
    let ended = match ended {
        Ok(ended) => ended,
        Err(drive::Error::Differ(difference)) => {
            eprintln!("riposte: {}: {difference}", args.file.display());
            if output.is_json() {
                output.print_json(&serde_json::json!({ "manifest": manifest, "difference": difference }))?;
            }
            return Ok(Outcome::CheckFailed);
        }
        Err(drive::Error::Failed(error)) => return Err(error),
    };
    let Ended { tally, frames, cycles, elapsed_ms, counters, .. } = ended;
    let mut summary = Summary::new(Run { manifest, frames, cycles, elapsed_ms, counters }, &tally, &desk);
    summary.journal = journal;
    files.finish(|| report::page(&summary, &tally, &desk))?;
    if output.is_json() {
        output.print_json(&summary)?;
    } else {
        output.print(summary.text())?;
        for (what, path) in [("Orders", &args.orders), ("Events", &args.events), ("Report", &args.report)] {
            if let Some(path) = path {
                output.print(format!("{what} in {}", path.display()))?;
            }
        }
        if let Some(journal) = &summary.journal {
            output.print(format!("Journal in {}, {} records, head {}", journal.folder, journal.records, journal.head))?;
        }
    }
    Ok(Outcome::Done)
}

/// Raw ITCH is put into packets that the desk's feed filter takes.
fn channel(desk: &Desk) -> Channel {
    Channel { group: desk.feed.group, port: desk.feed.port, ..Channel::default() }
}

fn manifest(args: &Args, card: String, input_sha256: String, config: &str) -> Manifest {
    Manifest {
        input: args.file.display().to_string(),
        input_sha256,
        config: args.config.display().to_string(),
        config_sha256: hex(&Sha256::digest(config)),
        card,
        generation: args.generation,
        gap_cycles: args.gap,
        seed: args.seed,
        riposte: env!("CARGO_PKG_VERSION"),
        contract: format!("{VERSION}, {TABLE_HASH:016x}"),
    }
}

fn hash_file(path: &Path) -> anyhow::Result<String> {
    let mut file = std::fs::File::open(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hex(&hash.finalize())),
            Ok(count) => hash.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error).with_context(|| format!("{}: cannot be read", path.display())),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Looks up locate codes that the configuration leaves open: the first message that names a stock tells.
pub fn resolve(desk: &mut Desk, file: &Path) -> anyhow::Result<()> {
    let mut open: Vec<String> = desk.instruments.iter().filter(|i| i.locate.is_none()).map(|i| i.symbol.clone()).collect();
    let mut found = HashMap::new();
    if open.is_empty() {
        return Ok(());
    }
    // Messages without frames are of no group, whatever the desk listens to.
    let found_in: Box<dyn Iterator<Item = anyhow::Result<Vec<Vec<u8>>>>> = match riposte_capture::open(file)? {
        Capture::Messages(all) => Box::new(all.map(|message| Ok(vec![message?.bytes]))),
        Capture::Frames(frames) => {
            let desk = desk.clone();
            Box::new(frames.map(move |record| Ok(messages(&record?, &desk))))
        }
    };
    for together in found_in {
        for message in together? {
            let Some(stock) = riposte_capture::stock_of(&message) else { continue };
            let symbol = String::from_utf8_lossy(&stock).trim_end().to_owned();
            if let Some(at) = open.iter().position(|wanted| *wanted == symbol) {
                found.insert(open.swap_remove(at), LOCATE.get(&message) as u16);
            }
        }
        if open.is_empty() {
            break;
        }
    }
    for symbol in desk.resolve(|symbol| found.get(symbol).copied()) {
        eprintln!("riposte: warning: {symbol} is never named in {}: it will not be watched", file.display());
    }
    Ok(())
}

/// The well-formed messages that a frame carries for the desk's feed.
fn messages(record: &Record, desk: &Desk) -> Vec<Vec<u8>> {
    let Ok(datagram) = wire::datagram(&record.bytes) else { return Vec::new() };
    let (group, port) = (datagram.group, datagram.port);
    let ours = (group, port) == (desk.feed.group, desk.feed.port) || desk.feed.is_line_b(group, port);
    let packet = wire::packet(datagram.payload).ok().filter(|_| ours);
    let blocks = packet.iter().flat_map(|packet| packet.messages()).map_while(Result::ok);
    blocks.filter(|(_, message)| wire::kind(message).is_ok()).map(|(_, message)| message.to_vec()).collect()
}
