//! `riposte positions`: what the host holds, and `positions state`: what the venue says that we hold.
//!
//! In: one position on the command line, or a statement as a file, CSV or JSON, told apart by its first character.
use super::{Place, say};
use crate::output::{Outcome, Output};
use anyhow::{Context, bail, ensure};
use riposte_control::{LINE_BYTES_MAX, Request, Stated};
use riposte_desk::price_e4;
use serde::Deserialize;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  riposte positions --control day.journal/control.sock --json
  riposte positions state --instrument AAPL --quantity 100 --price 185.20 --evidence \"clearing statement of 2026-11-20\"";

const STATE_EXAMPLES: &str = "\
A statement that agrees with the ledger confirms the position at once. A difference disarms if the position was confirmed, and
is booked when a second person approves exactly it. The evidence is kept beside the journal as evidence-SHA256.json, and the
journal holds that SHA-256, who stated it and who approved it.

A file has a header and a row a position, or is a JSON list of objects with these names; a quantity is negative if short, a price
is text with at most four decimals and may be left out where the ledger agrees:

  instrument,quantity,price
  AAPL,100,185.20
  SPY,-40,441.07

Examples:
  riposte positions state --rest-flat --evidence \"no positions, clearing statement of 2026-11-20\"
  riposte positions state --instrument AAPL --quantity -40 --price 185.20 --evidence \"J. Smith, prime broker, by telephone 09:12\"
  riposte positions state --file statement.csv --rest-flat --evidence \"clearing, 2026-11-20\" --dry-run

Exit codes: 0 confirmed or proposed · 1 the statement cannot be read, or no host answers · 2 usage · 3 the host refuses";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Positions {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    place: Place,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// State what the venue or the clearing house says that we hold.
    State(State),
}

#[derive(clap::Args)]
#[command(after_help = STATE_EXAMPLES)]
#[command(group(clap::ArgGroup::new("what").args(["instrument", "file", "rest_flat"]).required(true).multiple(true)))]
struct State {
    /// Symbol of the desk.
    #[arg(long, value_name = "SYMBOL", requires = "quantity", conflicts_with = "file")]
    instrument: Option<String>,
    /// Pieces, negative if short.
    #[arg(long, value_name = "N", requires = "instrument", allow_negative_numbers = true)]
    quantity: Option<i64>,
    /// Average or settlement price: needed where the ledger has another quantity.
    #[arg(long, value_name = "DOLLARS", requires = "instrument")]
    price: Option<String>,
    /// A statement of several positions, CSV or JSON.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Every instrument of the desk that is not named is flat.
    #[arg(long)]
    rest_flat: bool,
    /// What you have it from, so that somebody else can look it up.
    #[arg(long, value_name = "TEXT")]
    evidence: String,
    /// Only say what would happen, and what needs a second person.
    #[arg(long)]
    dry_run: bool,
}

pub fn positions(args: Positions, output: &Output) -> anyhow::Result<Outcome> {
    let place = args.place;
    let Some(Verb::State(state)) = args.verb else { return say(&place, &Request::Positions {}, output) };
    let State { instrument, quantity, price, file, rest_flat, mut evidence, dry_run } = state;
    ensure!(!evidence.trim().is_empty(), "--evidence is empty: say what you have it from");
    let mut positions = Vec::new();
    if let (Some(instrument), Some(quantity)) = (instrument, quantity) {
        let price_e4 = price.as_deref().map(price_e4).transpose().context("--price")?;
        positions.push(Stated { instrument, quantity, price_e4 });
    }
    if let Some(file) = file {
        let text = std::fs::read_to_string(&file).with_context(|| format!("{}: cannot be read as text", file.display()))?;
        ensure!(text.len() < LINE_BYTES_MAX / 4, "{}: has {} bytes, too many for a statement", file.display(), text.len());
        positions = read(&file, &text)?;
        evidence = format!("{evidence}\n--- {}\n{text}", file.display());
    }
    say(&place, &Request::State { positions, rest_flat, evidence, dry_run }, output)
}

fn read(file: &Path, text: &str) -> anyhow::Result<Vec<Stated>> {
    let positions = if text.trim_start().starts_with(['[', '{']) { json(text) } else { csv(text) };
    positions.with_context(|| format!("{}: is no statement", file.display()))
}

/// A row of a JSON statement.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    instrument: String,
    quantity: i64,
    #[serde(default)]
    price: Option<String>,
}

fn json(text: &str) -> anyhow::Result<Vec<Stated>> {
    let rows: Vec<Row> = serde_json::from_str(text).context("a list of objects with `instrument`, `quantity` and, as text, `price`")?;
    let stated = |row: Row| {
        let price_e4 = row.price.as_deref().map(price_e4).transpose().with_context(|| row.instrument.clone())?;
        Ok(Stated { instrument: row.instrument, quantity: row.quantity, price_e4 })
    };
    rows.into_iter().map(stated).collect()
}

fn csv(text: &str) -> anyhow::Result<Vec<Stated>> {
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let (_, header) = lines.next().context("it is empty")?;
    let names: Vec<&str> = header.trim_start_matches('\u{feff}').split(',').map(str::trim).collect();
    for (at, name) in names.iter().enumerate() {
        ensure!(["instrument", "quantity", "price"].contains(name), "line 1: unknown column `{name}`; there are instrument, quantity, price");
        ensure!(!names[..at].contains(name), "line 1: `{name}` twice");
    }
    let column = |name: &str| names.iter().position(|one| *one == name);
    let (Some(instrument), Some(quantity)) = (column("instrument"), column("quantity")) else {
        bail!("line 1: the columns `instrument` and `quantity` are needed");
    };
    let row = |(line, text): (usize, &str)| {
        let fields: Vec<&str> = text.split(',').map(str::trim).collect();
        ensure!(fields.len() == names.len(), "line {line}: {} fields where the header has {}", fields.len(), names.len());
        let number = fields[quantity].parse().ok().with_context(|| format!("line {line}: `{}` is no whole number of pieces", fields[quantity]))?;
        let price = column("price").map(|at| fields[at]).filter(|price| !price.is_empty());
        let price_e4 = price.map(price_e4).transpose().with_context(|| format!("line {line}"))?;
        Ok(Stated { instrument: fields[instrument].to_owned(), quantity: number, price_e4 })
    };
    lines.map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stated(instrument: &str, quantity: i64, price_e4: Option<u32>) -> Stated {
        Stated { instrument: instrument.to_owned(), quantity, price_e4 }
    }

    #[test]
    fn a_statement_is_read_from_csv_and_json_alike() {
        let wanted = vec![stated("AAPL", 100, Some(1_852_000)), stated("SPY", -40, None)];
        for text in [
            "instrument,quantity,price\nAAPL,100,185.20\nSPY,-40,\n", "price, quantity ,instrument\r\n185.2,100,AAPL\r\n\r\n,-40,SPY\r\n",
            "\u{feff}instrument,quantity,price\nAAPL,+100,185.2000\nSPY,-40,",
            r#"[{"instrument":"AAPL","quantity":100,"price":"185.20"},{"instrument":"SPY","quantity":-40}]"#,
        ] {
            assert_eq!(read(Path::new("s"), text).unwrap(), wanted, "{text}");
        }
    }

    #[test]
    fn a_statement_that_cannot_be_says_where_and_why() {
        for (text, says) in [
            ("", "it is empty"), ("AAPL,100\n", "unknown column `AAPL`"), ("instrument,quantity,quantity\n", "`quantity` twice"),
            ("instrument,price\n", "`instrument` and `quantity` are needed"), ("instrument,quantity\nAAPL\n", "line 2: 1 fields where"),
            ("instrument,quantity\n\nAAPL,1.5\n", "line 3: `1.5` is no whole number"),
            ("instrument,quantity,price\nAAPL,1,185.20001\n", "line 2"), ("[{\"instrument\":\"AAPL\",\"quantity\":1.5}]", "a list of objects"),
            ("[{\"instrument\":\"AAPL\",\"quantity\":1,\"price\":185.2}]", "a list of objects"), ("{}", "a list of objects"),
        ] {
            let why = format!("{:#}", read(Path::new("statement"), text).unwrap_err());
            assert!(why.starts_with("statement: is no statement: ") && why.contains(says), "{text:?}: {why}");
        }
    }
}
