//! `riposte journal`: proves, shows, exports and prunes the log of a run.
//!
//! Not here: what a journal promises and how it is laid out (`riposte_journal`).
mod export;
mod fields;
mod orders;
mod parquet;
#[cfg(test)]
mod tests;

use crate::output::{Outcome, Output};
use anyhow::bail;
use fields::fields;
use riposte_engine::Engine;
use riposte_journal::{Contents, Error, Files, Found, Key, Kind, Note, Options, Part, Reader, Record, Torn};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  riposte replay day.pcap --config desk.toml --journal day.journal
  riposte journal verify day.journal
  riposte journal show day.journal --kind transmitted --from 1000
  riposte journal export day.journal --format parquet --out day.parquet
  riposte journal prune day.journal --keep-days 30 --dry-run";
const VERIFY_EXAMPLES: &str = "\
A tail that a crash tore is told, and cut off when the journal is next written. The chain cannot tell that whole
records are missing at its end: compare the head with one that was written down elsewhere (--expect).

Examples:
  riposte journal verify day.journal
  riposte journal verify day.journal --json | jq -r .head
  riposte journal verify day.journal --key-file journal.key

Exit codes: 0 every byte is proven · 1 it cannot be read · 3 it is damaged, ends torn, or has another head";
const SHOW_EXAMPLES: &str = "\
Examples:
  riposte journal show day.journal | less
  riposte journal show day.journal --kind note --kind command
  riposte journal show day.journal --from 5000 --limit 20 --json | jq '.[].why'";
const ORDERS_EXAMPLES: &str = "\
Examples:
  riposte journal orders day.journal
  riposte journal orders day.journal --json | jq .generations

Exit codes: 0 each order is what its generation makes · 1 it cannot be read · 3 one is not";
const EXPORT_EXAMPLES: &str = "\
One row or line a record; a column that the record's kind does not have is null (Parquet) or absent (JSON lines).

Examples:
  riposte journal export day.journal --format parquet --out day.parquet
  riposte journal export day.journal --format jsonl --out /dev/stdout | jq 'select(.kind == \"note\")'";
const PRUNE_EXAMPLES: &str = "\
Only whole segments go, from the oldest on, whose records are all in the newest snapshot that holds; the last segment
never. The journal tells who removed what, and why, before it is removed.

Examples:
  riposte journal prune day.journal --keep-days 30 --dry-run
  riposte journal prune day.journal --keep-days 30 --why \"monthly\"";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Prove every byte: CRCs, hash chain, seals, snapshots.
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify {
        /// Folder of the journal.
        dir: PathBuf,
        /// Head that the chain must have, 64 hexadecimal digits.
        #[arg(long, value_name = "HEAD")]
        expect: Option<String>,
        #[command(flatten)]
        key: KeyArgs,
    },
    /// Print records.
    #[command(after_help = SHOW_EXAMPLES)]
    Show {
        /// Folder of the journal.
        dir: PathBuf,
        /// First position to show.
        #[arg(long, value_name = "N", default_value_t = 1)]
        from: u64,
        /// Only records of this kind; may be given several times.
        #[arg(long, value_name = "KIND", value_parser = kind())]
        kind: Vec<String>,
        /// At most so many records.
        #[arg(long, value_name = "N", default_value_t = u64::MAX, hide_default_value = true)]
        limit: u64,
        #[command(flatten)]
        key: KeyArgs,
    },
    /// Hold every order of the card against the parameter set whose number it carries.
    #[command(after_help = ORDERS_EXAMPLES)]
    Orders {
        /// Folder of the journal.
        dir: PathBuf,
        #[command(flatten)]
        key: KeyArgs,
    },
    /// Write all records as Parquet or JSON lines.
    #[command(after_help = EXPORT_EXAMPLES)]
    Export {
        /// Folder of the journal.
        dir: PathBuf,
        #[arg(long, value_enum)]
        format: export::Format,
        /// File to write; it appears whole or not at all.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        #[command(flatten)]
        key: KeyArgs,
    },
    /// Remove old segments that a snapshot stands for.
    #[command(after_help = PRUNE_EXAMPLES)]
    Prune {
        /// Folder of the journal.
        dir: PathBuf,
        /// Keep segments with records of the last N days.
        #[arg(long, value_name = "N")]
        keep_days: u32,
        /// Only say what would go.
        #[arg(long)]
        dry_run: bool,
        /// Why, for the journal.
        #[arg(long, default_value = "retention")]
        why: String,
        #[command(flatten)]
        key: KeyArgs,
    },
}

/// Where the key of an encrypted journal is.
#[derive(Default, clap::Args)]
pub struct KeyArgs {
    /// File with the journal's key: 64 hexadecimal digits, readable by its owner only.
    #[arg(long, value_name = "FILE", conflicts_with = "key_env")]
    key_file: Option<PathBuf>,
    /// Environment variable with the journal's key.
    #[arg(long, value_name = "NAME")]
    key_env: Option<String>,
}

impl KeyArgs {
    pub fn load(&self) -> anyhow::Result<Option<Key>> {
        Ok(match (&self.key_file, &self.key_env) {
            (Some(path), _) => Some(Key::from_file(path)?),
            (None, Some(variable)) => Some(Key::from_environment(variable)?),
            (None, None) => None,
        })
    }
}

fn kind() -> clap::builder::PossibleValuesParser {
    clap::builder::PossibleValuesParser::new(Kind::ALL.map(Kind::text))
}

pub fn run(args: Args, output: &Output) -> anyhow::Result<Outcome> {
    match args.verb {
        Verb::Verify { dir, expect, key } => verify(&dir, expect.as_deref(), key.load()?, output),
        Verb::Show { dir, from, kind, limit, key } => {
            let kinds: Vec<_> = kind.iter().filter_map(|text| Kind::from_text(text)).collect();
            show(&dir, from, &kinds, limit, Contents::Open(key.load()?), output)
        }
        Verb::Orders { dir, key } => orders::run(&dir, &key, output),
        Verb::Export { dir, format, out, key } => {
            let records = export::export(&dir, Contents::Open(key.load()?), format, &out, output)?;
            if output.is_json() {
                output.print_json(&json!({ "records": records, "file": out }))?;
            } else if out.metadata().is_ok_and(|metadata| metadata.is_file()) {
                output.print(format!("{records} records in {}", out.display()))?;
            }
            Ok(Outcome::Done)
        }
        Verb::Prune { dir, keep_days, dry_run, why, key } => prune(&dir, keep_days, dry_run, &why, key.load()?, output),
    }
}

/// Bytes of all segments, for a progress bar.
fn size(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let segments = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("segment-"));
    segments.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum()
}

/// What a verification found.
struct Proof {
    found: Found,
    kinds: BTreeMap<&'static str, u64>,
    /// The contents were not looked at, for want of a key.
    is_sealed: bool,
}

fn proof(dir: &Path, key: Option<&Key>, output: &Output) -> Result<Proof, Error> {
    let bar = output.progress(Some(size(dir)), "bytes");
    let mut kinds = BTreeMap::new();
    let mut bytes = 0;
    let mut count = |record: &Record| {
        *kinds.entry(record.kind.text()).or_insert(0) += 1;
        bytes += 64 + record.payload().len() as u64;
        bar.set_position(bytes);
    };
    let mut is_sealed = false;
    let found = match riposte_journal::prove(dir, key, &mut count) {
        Err(Error::KeyNeeded { .. }) => {
            is_sealed = true;
            riposte_journal::prove_sealed(dir, &mut count)
        }
        found => found,
    };
    bar.finish_and_clear();
    Ok(Proof { found: found?, kinds, is_sealed })
}

fn verify(dir: &Path, expect: Option<&str>, key: Option<Key>, output: &Output) -> anyhow::Result<Outcome> {
    let proof = match proof(dir, key.as_ref(), output) {
        Ok(proof) => proof,
        Err(error) if error.is_damage() => {
            eprintln!("riposte: {error}");
            if output.is_json() {
                output.print_json(&json!({ "whole": false, "error": error.to_string() }))?;
            }
            return Ok(Outcome::CheckFailed);
        }
        Err(error) => return Err(error.into()),
    };
    let found = &proof.found;
    let head = found.end.head();
    let is_expected = expect.is_none_or(|wanted| wanted.eq_ignore_ascii_case(&head));
    let is_written = riposte_journal::is_written(dir);
    let is_whole = is_expected && found.passed_over.is_empty() && (found.torn.is_none() || is_written);
    if output.is_json() {
        output.print_json(&proof_json(&proof, is_whole, is_written))?;
    } else {
        output.print(proof_text(&proof))?;
    }
    if let Some(torn) = &found.torn {
        eprintln!("riposte: {}", torn_text(torn, is_written));
    }
    for (position, why) in &found.passed_over {
        eprintln!("riposte: {}: the snapshot at {position} {why}", dir.display());
    }
    if let Some(wanted) = expect.filter(|_| !is_expected) {
        let why = "records are missing at the end, or it is another journal";
        eprintln!("riposte: {}: the head is {head}, not {wanted}: {why}", dir.display());
    }
    Ok(if is_whole { Outcome::Done } else { Outcome::CheckFailed })
}

fn proof_json(proof: &Proof, is_whole: bool, is_written: bool) -> Value {
    let found = &proof.found;
    json!({
        "whole": is_whole, "head": found.end.head(), "position": found.end.position, "time_ns": found.end.time_ns,
        "records": proof.kinds, "segments": found.parts.len(),
        "first_segment": found.parts.first().map(|part| part.number),
        "encrypted": found.parts.last().is_some_and(|part| part.is_encrypted), "sealed": proof.is_sealed,
        "snapshot": found.snapshot.as_ref().map(|snapshot| snapshot.position),
        "torn": found.torn.as_ref().map(|torn| json!({
            "file": torn.path, "offset": torn.offset, "bytes": torn.bytes, "records": torn.records,
        })),
        "being_written": is_written,
    })
}

fn proof_text(proof: &Proof) -> String {
    let found = &proof.found;
    let kinds: Vec<_> = proof.kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let first = found.parts.first().map_or(1, |part| part.first);
    let mut text = format!(
        "Records  {first} to {} in {} segments: {}\nHead     {}", found.end.position, found.parts.len(),
        kinds.join(", "), found.end.head()
    );
    if let Some(snapshot) = &found.snapshot {
        text += &format!("\nSnapshot at {}, {} bytes", snapshot.position, snapshot.state.len());
    }
    if proof.is_sealed {
        text += "\nSealed   the chain is proven; contents and snapshots need the key";
    }
    text
}

fn torn_text(torn: &Torn, is_written: bool) -> String {
    let Torn { path, offset, bytes, records, fault } = torn;
    let place = format!("{}: byte {offset}", path.display());
    let what = format!("{place}: {bytes} bytes are no durable record ({fault}; {records} whole ones behind)");
    match is_written {
        true => format!("{what}; a process is writing the journal"),
        false => format!("{what}; a crash left them, and they are cut off when the journal is next written"),
    }
}

fn show(dir: &Path, from: u64, kinds: &[Kind], limit: u64, contents: Contents, output: &Output) -> anyhow::Result<Outcome> {
    let mut reader = Reader::open(dir, contents)?;
    reader.skip_to(from)?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut shown = 0;
    while shown < limit && let Some(record) = reader.next_record()? {
        if record.position < from || !(kinds.is_empty() || kinds.contains(&record.kind)) {
            continue;
        }
        if output.is_json() {
            let before = if shown == 0 { "[" } else { "," };
            write!(out, "{before}\n{}", export::json(&record))?;
        } else {
            writeln!(out, "{}", text(&record))?;
        }
        shown += 1;
    }
    if output.is_json() {
        writeln!(out, "{}", if shown == 0 { "[]" } else { "\n]" })?;
    }
    out.flush()?;
    warn_of_torn(dir, &reader);
    Ok(Outcome::Done)
}

fn warn_of_torn(dir: &Path, reader: &Reader) {
    if let Some(torn) = reader.torn() {
        eprintln!("riposte: warning: {}", torn_text(torn, riposte_journal::is_written(dir)));
    }
}

/// `17 34200000000000 event sequence=4 event=OrderSent …`
fn text(record: &Record) -> String {
    let mut line = format!("{:>9} {:>15} {:<11}", record.position, record.time_ns, record.kind);
    for (name, value) in fields(record) {
        line += &format!(" {name}={value}");
    }
    line
}

fn prune(dir: &Path, keep_days: u32, dry_run: bool, why: &str, key: Option<Key>, output: &Output) -> anyhow::Result<Outcome> {
    const DAY_NS: u64 = 86_400_000_000_000;
    let now = riposte_journal::now_unix_ns();
    let until = now.saturating_sub(u64::from(keep_days) * DAY_NS);
    let (parts, has_snapshot) = if dry_run {
        let mut found = riposte_journal::prove(dir, key.as_ref(), |_| {})?;
        found.accept(dir, key.as_ref(), Engine::decode)?;
        (riposte_journal::prunable(&found, until).to_vec(), found.snapshot.is_some())
    } else {
        // Opening would make a journal where there is none.
        if size(dir) == 0 {
            bail!(Error::NoJournal { folder: dir.to_owned() });
        }
        let mut recovery = riposte_journal::open(Options { key, ..Options::new(dir) })?;
        // What no engine of this build can go on from stands for nothing.
        recovery.accept(Engine::decode)?;
        let has_snapshot = recovery.found().snapshot.is_some();
        let (who, act) = (whoami(), format!("prune --keep-days {keep_days}"));
        let note = Note { who: &who, act: &act, why };
        (riposte_journal::prune(recovery, Box::new(Files), until, note)?, has_snapshot)
    };
    let bytes: u64 = parts.iter().map(|part| part.bytes).sum();
    if output.is_json() {
        let names: Vec<_> = parts.iter().map(|part| &part.path).collect();
        output.print_json(&json!({ "dry_run": dry_run, "segments": names, "bytes": bytes, "snapshot": has_snapshot }))?;
    } else {
        parts.iter().try_for_each(|part| output.print(part_text(part)))?;
        let verb = if dry_run { "would go" } else { "are gone" };
        let reason = match (parts.is_empty(), has_snapshot) {
            (true, false) => ": there is no snapshot to stand for them",
            (true, true) => ": none is both old enough and in the newest snapshot",
            _ => "",
        };
        output.print(format!("{} segments, {bytes} bytes {verb}{reason}", parts.len()))?;
    }
    Ok(Outcome::Done)
}

fn part_text(part: &Part) -> String {
    format!("{}  records {} to {}, {} bytes", part.path.display(), part.first, part.last, part.bytes)
}

/// `root (uid 0)`: the name is what the environment says, the number what the kernel says.
fn whoami() -> String {
    let name = std::env::var("USER").unwrap_or_else(|_| "unknown".to_owned());
    std::fs::metadata("/proc/self").map_or(name.clone(), |process| format!("{name} (uid {})", process.uid()))
}
