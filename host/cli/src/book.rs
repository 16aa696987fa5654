//! `riposte book`: replays the order book of one instrument and prints its top, depth and statistics.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use riposte_capture::{Book, Capture, Level, Side, Statistics, open, stock_of, wire};
use riposte_map::wire::itch;
use serde::Serialize;
use serde_json::{Value, json};

use crate::output::{Outcome, Output};

/// Messages between two updates of the progress bar.
const PROGRESS_STEP: u64 = 16_384;

const EXAMPLES: &str = "\
Lines of the top of book, after each message of the instrument, in this order: sequence number \
(of raw ITCH: number of the message in the file), time in nanoseconds since midnight Eastern (the \
message's own), type, bid price, bid size, ask price, ask size. Prices are exact decimals; a side \
without orders is empty. With --csv they go to standard output and the summary to standard error; \
with --json they are objects, one a line, and the summary is the last line.

Examples:
  riposte book market.pcap --instrument NVDA
  riposte book 01302020.NASDAQ_ITCH50.gz --instrument 13 --top aapl.csv --levels 5
  riposte book market.pcap --instrument AAPL --csv | head

Exit codes: 0 done · 1 the file cannot be read to its end, or does not have the instrument · 2 \
usage";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Capture or ITCH file.
    file: PathBuf,
    /// Symbol, or stock locate code.
    #[arg(long, short)]
    instrument: String,
    /// Print the top of book as CSV lines on standard output.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Also write the top of book to this file, as CSV.
    #[arg(long, value_name = "FILE")]
    top: Option<PathBuf>,
    /// Levels a side in the final table.
    #[arg(long, default_value_t = 8)]
    levels: usize,
}

pub fn run(args: Args, output: &Output) -> anyhow::Result<Outcome> {
    let mut replay = Replay {
        wanted: args.instrument.trim().to_uppercase(),
        book: args.instrument.parse().ok().map(Book::new),
        lines: Lines::new(&args, output)?,
        faults: Vec::new(),
    };
    let fault =
        each_message(&args.file, output, |sequence, message| replay.message(sequence, message))?;
    replay.lines.flush()?;
    let Some(book) = replay.book.filter(|book| book.statistics().messages > 0) else {
        if let Some(fault) = fault {
            return Err(fault.into());
        }
        let file = args.file.display();
        bail!(
            "{file}: no message of instrument {}; `riposte decode` shows what is in it",
            args.instrument
        );
    };
    if output.is_json() {
        writeln!(io::stdout().lock(), "{}", summary_json(&book, args.levels, &replay.faults))?;
    } else if args.csv {
        eprint!("{}", summary_text(&book, args.levels, &replay.faults));
    } else {
        output.print(summary_text(&book, args.levels, &replay.faults).trim_end())?;
    }
    match fault {
        Some(fault) => Err(fault.into()),
        None => Ok(Outcome::Done),
    }
}

/// Gives every message once, in order, with its sequence number: of two lines of a session the first
/// copy counts. Ends at the first fault of the file, which it gives back; malformed frames are passed over.
fn each_message(
    path: &Path,
    output: &Output,
    mut take: impl FnMut(u64, &[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<Option<riposte_capture::Error>> {
    let capture = open(path)?;
    let progress = capture.progress();
    let bar = output.progress(Some(progress.file_bytes), "bytes");
    let mut fault = None;
    match capture {
        Capture::Messages(messages) => {
            for message in messages {
                let message = match message {
                    Ok(message) => message,
                    Err(e) => {
                        fault = Some(e);
                        break;
                    }
                };
                take(message.number, &message.bytes)?;
                if message.number % PROGRESS_STEP == 0 {
                    bar.set_position(progress.read_bytes());
                }
            }
        }
        Capture::Frames(frames) => {
            let mut expected: HashMap<[u8; 10], u64> = HashMap::new();
            for (record, number) in frames.zip(1u64..) {
                let record = match record {
                    Ok(record) => record,
                    Err(e) => {
                        fault = Some(e);
                        break;
                    }
                };
                let packet =
                    wire::datagram(&record.bytes).and_then(|one| wire::packet(one.payload));
                let Ok(packet) = packet else { continue };
                let next = expected.entry(packet.session).or_default();
                for (sequence, message) in packet.messages().map_while(Result::ok) {
                    // Sequence number 0 means "unknown" in published samples.
                    if sequence == 0 || sequence >= *next {
                        take(sequence, message)?;
                        *next = sequence.saturating_add(1).max(*next);
                    }
                }
                if number % PROGRESS_STEP == 0 {
                    bar.set_position(progress.read_bytes());
                }
            }
        }
    }
    bar.finish_and_clear();
    Ok(fault)
}

/// Faults that are shown one by one; all are counted.
const FAULTS_SHOWN: usize = 10;

struct Replay {
    wanted: String,
    book: Option<Book>,
    lines: Lines,
    faults: Vec<String>,
}

impl Replay {
    fn message(&mut self, sequence: u64, message: &[u8]) -> anyhow::Result<()> {
        if self.book.is_none()
            && stock_of(message).is_some_and(|stock| stock.trim_ascii() == self.wanted.as_bytes())
        {
            let locate = itch::system_event::LOCATE.get(message) as u16;
            self.book = Some(Book::new(locate));
        }
        let Some(book) = &mut self.book else { return Ok(()) };
        match book.apply(message) {
            Ok(false) => return Ok(()),
            Ok(true) => {}
            Err(fault) if self.faults.len() < FAULTS_SHOWN => {
                self.faults.push(format!("message {sequence}: {fault}"));
            }
            Err(_) => {}
        }
        self.lines.write(sequence, message, book)
    }
}

/// Where the top of book goes.
struct Lines {
    json: Option<Box<dyn Write>>,
    csv: Vec<Box<dyn Write>>,
}

#[derive(Serialize)]
struct TopLine {
    sequence: u64,
    time_ns: u64,
    r#type: char,
    bid_price: Option<String>,
    bid_size: Option<u64>,
    ask_price: Option<String>,
    ask_size: Option<u64>,
}

impl Lines {
    fn new(args: &Args, output: &Output) -> anyhow::Result<Lines> {
        let stdout = || Box::new(BufWriter::new(io::stdout().lock())) as Box<dyn Write>;
        let mut csv: Vec<Box<dyn Write>> = Vec::new();
        if args.csv {
            csv.push(stdout());
        }
        if let Some(path) = &args.top {
            let file = File::create(path)
                .with_context(|| format!("{}: cannot be written", path.display()))?;
            csv.push(Box::new(BufWriter::new(file)));
        }
        for out in &mut csv {
            writeln!(out, "sequence,time_ns,type,bid_price,bid_size,ask_price,ask_size")?;
        }
        Ok(Lines { json: output.is_json().then(stdout), csv })
    }

    fn write(&mut self, sequence: u64, message: &[u8], book: &Book) -> anyhow::Result<()> {
        if self.json.is_none() && self.csv.is_empty() || wire::kind(message).is_err() {
            return Ok(());
        }
        let price = |level: Option<Level>| level.map(|level| decimal(level.price_e4));
        let size = |level: Option<Level>| level.map(|level| level.shares);
        let line = TopLine {
            sequence,
            time_ns: itch::system_event::TIME_NS.get(message),
            r#type: char::from(message[0]),
            bid_price: price(book.bid()),
            bid_size: size(book.bid()),
            ask_price: price(book.ask()),
            ask_size: size(book.ask()),
        };
        if let Some(out) = &mut self.json {
            serde_json::to_writer(&mut *out, &line).map_err(io::Error::from)?;
            writeln!(out)?;
        }
        for out in &mut self.csv {
            let TopLine { sequence, time_ns, r#type, .. } = line;
            write!(out, "{sequence},{time_ns},{type}")?;
            for (price, size) in
                [(&line.bid_price, line.bid_size), (&line.ask_price, line.ask_size)]
            {
                match (price, size) {
                    (Some(price), Some(size)) => write!(out, ",{price},{size}")?,
                    _ => write!(out, ",,")?,
                }
            }
            writeln!(out)?;
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.csv.iter_mut().chain(&mut self.json).try_for_each(|out| out.flush())?;
        // The summary needs standard output, which these hold locked.
        self.json = None;
        self.csv.clear();
        Ok(())
    }
}

/// A price of 1e-4 dollars as an exact decimal.
fn decimal(price_e4: u32) -> String {
    format!("{}.{:04}", price_e4 / 10_000, price_e4 % 10_000)
}

fn summary_text(book: &Book, levels: usize, faults: &[String]) -> String {
    let (bids, asks) = (book.levels(Side::Buy), book.levels(Side::Sell));
    let mut text = format!(
        "{:>7} {:>10} {:>13} | {:<13} {:<10} {:<7}\n",
        "orders", "shares", "bid", "ask", "shares", "orders"
    );
    for row in 0..levels.min(bids.len().max(asks.len())) {
        let left = bids.get(row).map_or(" ".repeat(32), |level| {
            format!("{:>7} {:>10} {:>13}", level.orders, level.shares, decimal(level.price_e4))
        });
        let right = asks.get(row).map_or(String::new(), |level| {
            format!("{:<13} {:<10} {}", decimal(level.price_e4), level.shares, level.orders)
        });
        text += format!("{left} | {right}").trim_end();
        text += "\n";
    }
    text += "\n";
    for (name, value) in figures(book) {
        text += &format!("{:<22} {value:>12}\n", name.replace('_', " "));
    }
    let state = book.state().map_or("unknown".to_owned(), |state| char::from(state).to_string());
    text += &format!("{:<22} {state:>12}\n", "trading state");
    for fault in faults {
        text += &format!("fault: {fault}\n");
    }
    text
}

fn figures(book: &Book) -> Vec<(&'static str, u64)> {
    let Statistics {
        messages,
        crossed,
        locked,
        unknown_references,
        duplicate_references,
        over_executions,
        bad_orders,
        malformed,
        live_max,
        levels_max,
        traded_shares,
    } = book.statistics();
    vec![
        ("locate", u64::from(book.locate())),
        ("messages", messages),
        ("live_orders", book.live() as u64),
        ("live_orders_max", live_max as u64),
        ("bid_levels", book.levels(Side::Buy).len() as u64),
        ("ask_levels", book.levels(Side::Sell).len() as u64),
        ("levels_a_side_max", levels_max as u64),
        ("traded_shares", traded_shares),
        ("crossed", crossed),
        ("locked", locked),
        ("missing_references", unknown_references),
        ("duplicate_references", duplicate_references),
        ("over_executions", over_executions),
        ("bad_orders", bad_orders),
        ("malformed", malformed),
    ]
}

fn summary_json(book: &Book, levels: usize, faults: &[String]) -> Value {
    let side = |side| {
        let rows = book.levels(side).into_iter().take(levels);
        rows.map(|level| {
            json!({
                "price": decimal(level.price_e4),
                "shares": level.shares,
                "orders": level.orders,
            })
        })
        .collect::<Vec<_>>()
    };
    let figures: serde_json::Map<_, _> =
        figures(book).into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
    json!({
        "bids": side(Side::Buy),
        "asks": side(Side::Sell),
        "statistics": figures,
        "state": book.state().map(|state| char::from(state).to_string()),
        "faults": faults,
    })
}
