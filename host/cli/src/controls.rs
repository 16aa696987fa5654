//! `riposte controls`: the control matrix, from the contract's table and, if there is one, a log of `cargo test`.
use crate::output::{Outcome, Output};
use anyhow::{Context, bail};
use clap::ValueEnum;
use riposte_map::controls::{CONTROLS, Control, State};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

const EXAMPLES: &str = "\
Examples:
  riposte controls > controls.md
  make test | tee test.log; riposte controls --results test.log
  riposte controls --format json | jq '.controls[] | select(.state != \"in force\") | .id'

Exit codes: 0 done · 1 the log cannot be read or holds no test · 2 usage · 3 a control claims a test that the log does
not hold, or that failed";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// How the matrix is printed; `--json` is the same as `--format json`.
    #[arg(long, value_enum, default_value_t = Format::Md)]
    format: Format,
    /// Output of `cargo test` (`make test`), from which the last result of each control is taken.
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table in Markdown.
    Md,
    Json,
}

pub fn run(args: Args, output: &Output) -> anyhow::Result<Outcome> {
    let results = args.results.as_deref().map(load).transpose()?;
    let last: Vec<Option<Last>> = CONTROLS.iter().map(|control| Some(Last::of(control, results.as_ref()?))).collect();
    if args.format == Format::Json || output.is_json() {
        let controls: Vec<_> = CONTROLS.iter().zip(&last).map(|(control, last)| row_json(control, last)).collect();
        output.print_json(&json!({ "results": args.results, "controls": controls }))?;
    } else {
        output.print(matrix(&last))?;
    }
    let mut good = true;
    for (control, last) in CONTROLS.iter().zip(&last) {
        let Some(Last { failed, missing, .. }) = last else { continue };
        for (tests, what) in [(failed, "failed"), (missing, "is not in the log")] {
            for test in tests {
                good = false;
                eprintln!("riposte: {} ({}): test `{test}` {what}", control.id, control.name);
            }
        }
    }
    Ok(if good { Outcome::Done } else { Outcome::CheckFailed })
}

/// Whether each test of a log passed, by the last part of its name; a name that stands twice passed if both did.
type Results = BTreeMap<String, bool>;

fn load(path: &Path) -> anyhow::Result<Results> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{}: cannot be read as text", path.display()))?;
    let results = parse(&text);
    if results.is_empty() {
        bail!("{}: holds no line `test NAME ... ok`; give it the output of `cargo test`", path.display());
    }
    Ok(results)
}

fn parse(log: &str) -> Results {
    let mut results = Results::new();
    for line in log.lines() {
        let Some((name, verdict)) = line.strip_prefix("test ").and_then(|rest| rest.split_once(" ... ")) else { continue };
        let passed = match verdict.split_whitespace().next() {
            Some("ok") => true,
            Some("FAILED") => false,
            _ => continue,
        };
        let name = name.rsplit("::").next().unwrap_or(name).to_owned();
        *results.entry(name).or_insert(true) &= passed;
    }
    results
}

/// What a log says of a control's tests.
struct Last {
    tests: usize,
    failed: Vec<&'static str>,
    missing: Vec<&'static str>,
}

impl Last {
    fn of(control: &Control, results: &Results) -> Last {
        let tests: BTreeSet<_> = control.trips.iter().chain(control.passes).copied().collect();
        let with = |result: Option<bool>| tests.iter().copied().filter(|test| results.get(*test).copied() == result).collect();
        Last { tests: tests.len(), failed: with(Some(false)), missing: with(None) }
    }

    fn text(&self) -> String {
        match self {
            Last { tests: 0, .. } => "-".into(),
            Last { failed, .. } if !failed.is_empty() => format!("failed: {}", failed.join(", ")),
            Last { missing, .. } if !missing.is_empty() => format!("not in the log: {}", missing.join(", ")),
            Last { tests, .. } => format!("{tests} passed"),
        }
    }
}

fn matrix(last: &[Option<Last>]) -> String {
    let count = |text| CONTROLS.iter().filter(|control| control.state.text() == text).count();
    let mut text = format!(
        "# Controls\n\n{} in force, {} in part, {} not yet built.\n\n\
         | control | rule | where | state | shows by | tests that trip it | tests in which it just does not | last result |\n\
         |---|---|---|---|---|---|---|---|\n",
        count("in force"),
        count("in part"),
        count("not yet built"),
    );
    let tests = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    for (control, last) in CONTROLS.iter().zip(last) {
        let state = match control.state {
            State::InPart(missing) => format!("in part: {missing}"),
            state => state.text().into(),
        };
        let reasons: Vec<_> = control.reasons.iter().map(|reason| format!("{} {}", *reason as u8, reason.text())).collect();
        let separator = if reasons.is_empty() { "" } else { ": " };
        text += &format!(
            "| {} {} | {} | {} | {state} | {}{separator}{} | {} | {} | {} |\n",
            control.id,
            control.name,
            control.rule,
            control.place.text(),
            control.shows,
            reasons.join("; "),
            tests(control.trips),
            tests(control.passes),
            last.as_ref().map_or("-".into(), Last::text),
        );
    }
    text.trim_end().to_owned()
}

fn row_json(control: &Control, last: &Option<Last>) -> Value {
    let reasons = control.reasons.iter().map(|reason| json!({ "code": *reason as u8, "text": reason.text() }));
    json!({
        "id": control.id,
        "name": control.name,
        "rule": control.rule,
        "where": control.place.text(),
        "state": control.state.text(),
        "missing": control.state.missing(),
        "reasons": reasons.collect::<Vec<_>>(),
        "shows": control.shows,
        "trips": control.trips,
        "passes": control.passes,
        "last": last.as_ref().map(Last::text),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_gives_each_test_its_result() {
        let log = "running 3 tests\ntest a::b ... ok\ntest c ... FAILED\ntest d ... ignored, slow\ntest e - should panic ... ok\n\
                   test twice ... ok\ntest x::twice ... FAILED\ntest result: ok. 3 passed\n";
        let expected = [("b", true), ("c", false), ("e - should panic", true), ("twice", false)];
        assert_eq!(parse(log), expected.map(|(name, passed)| (name.to_owned(), passed)).into());
    }

    #[test]
    fn a_test_that_the_log_lacks_or_that_failed_is_told() {
        let control = CONTROLS.iter().find(|control| control.id == "C16").expect("the trading phase");
        let text = |log| Last::of(control, &parse(log)).text();
        assert_eq!(text("test an_instrument_must_trade ... ok"), "1 passed");
        assert_eq!(text("test an_instrument_must_trade ... FAILED"), "failed: an_instrument_must_trade");
        assert_eq!(text("test another ... ok"), "not in the log: an_instrument_must_trade");
        let unbuilt = CONTROLS.iter().find(|control| control.trips.is_empty()).expect("a control that is not built");
        assert_eq!(Last::of(unbuilt, &parse("test another ... ok")).text(), "-", "not built, no claim");
    }

    #[test]
    fn the_matrix_has_a_line_a_control() {
        let last: Vec<_> = CONTROLS.iter().map(|_| None).collect();
        let text = matrix(&last);
        for control in &CONTROLS {
            assert_eq!(text.lines().filter(|line| line.starts_with(&format!("| {} ", control.id))).count(), 1);
        }
        let columns = text.lines().filter(|line| line.starts_with('|')).map(|line| line.matches('|').count());
        assert_eq!(columns.collect::<BTreeSet<_>>(), [9].into());
    }
}
