//! `riposte rules check FILE`: every mistake in a desk configuration, on its line, and what it sets up.
use crate::output::{Outcome, Output};
use crate::replay::table::Table;
use crate::run::admission::trusted;
use anyhow::{Context, bail};
use riposte_desk::{ANY_REACH_E4, Action, Check, Desk, Gate, Problem, Severity, Term, decimal_text, price_text};
use riposte_map::limits::CLOCK_PS;
use riposte_map::shm::{Condition, MASS_CANCEL};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  riposte rules check desk.toml
  riposte rules check desk.toml --json | jq .problems
  riposte config check desk.toml --json | jq -r .sha256";

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Check a desk configuration and show the instruments and rules it sets up.
    #[command(after_help = EXAMPLES)]
    Check {
        /// Configuration in TOML.
        file: PathBuf,
    },
}

/// Exit code 1 when the configuration cannot be used; warnings alone do not count.
pub fn run(args: Args, output: &Output) -> anyhow::Result<Outcome> {
    let Verb::Check { file } = args.verb;
    let text = read(&file)?;
    let Check { desk, problems } = riposte_desk::check(&text);
    let sha256 = riposte_journal::hex(&Sha256::digest(&text));
    let count = |severity| problems.iter().filter(|problem| problem.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    if output.is_json() {
        output.print_json(&json!({
            "file": file, "sha256": sha256, "errors": errors, "warnings": warnings,
            "problems": problems.iter().map(problem_json).collect::<Vec<_>>(),
            "remote": desk.as_ref().and_then(remote_json), "instruments": desk.as_ref().map(instruments_json), "gate": desk.as_ref().map(|desk| gate_json(&desk.gate)),
        }))?;
    } else {
        print_problems(&file, &problems);
        if let Some(Err(problem)) = desk.as_ref().and_then(remote) {
            eprintln!("{}: warning: [remote] cannot be served with the files as they are here: {problem:#}", file.display());
        }
        if let Some(desk) = &desk {
            output.print(desk_text(desk))?;
            output.print(format!("{}: usable, {}, SHA-256 {sha256}", file.display(), counted(warnings, "warning")))?;
        }
    }
    desk.as_ref().map(trusted).transpose()?;
    if errors > 0 {
        bail!("{}: {}; correct the lines named", file.display(), counted(errors, "error"));
    }
    Ok(Outcome::Done)
}

/// A checked configuration and its text; findings go to standard error.
pub fn load(file: &Path) -> anyhow::Result<(Desk, String)> {
    let (desk, text, warnings) = load_quietly(file)?;
    print_problems(file, &warnings);
    Ok((desk, text))
}

/// As `load`, but warnings are given to the caller.
pub fn load_quietly(file: &Path) -> anyhow::Result<(Desk, String, Vec<Problem>)> {
    let text = read(file)?;
    let Check { desk, problems } = riposte_desk::check(&text);
    if desk.is_none() {
        print_problems(file, &problems);
    }
    match desk {
        Some(desk) => {
            trusted(&desk)?;
            Ok((desk, text, problems))
        }
        None => bail!("{}: the configuration cannot be used; correct the lines named", file.display()),
    }
}

fn read(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("{}: cannot be read as text", file.display()))
}

fn print_problems(file: &Path, problems: &[Problem]) {
    for problem in problems {
        eprintln!("{}:{problem}", file.display());
    }
}

/// `1 warning`, `2 warnings`.
fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// The terms of a rule as they are written in a configuration.
pub fn when(terms: &[Term]) -> String {
    terms.iter().map(term).collect::<Vec<_>>().join(" and ")
}

fn term(&Term { condition, threshold }: &Term) -> String {
    let text = match condition {
        Condition::Off | Condition::Host => return "never".to_owned(),
        Condition::BidAtLeast => "bid >=",
        Condition::BidAtMost => "bid <=",
        Condition::AskAtLeast => "ask >=",
        Condition::AskAtMost => "ask <=",
        Condition::SpreadAtLeast => "spread >=",
        Condition::SpreadAtMost => "spread <=",
        Condition::TradeAtLeast => "trade >=",
        Condition::TradeAtMost => "trade <=",
        Condition::BidSizeAtLeast => "bid_size >=",
        Condition::BidSizeAtMost => "bid_size <=",
        Condition::AskSizeAtLeast => "ask_size >=",
        Condition::AskSizeAtMost => "ask_size <=",
        Condition::TradeSizeAtLeast => "trade_size >=",
        Condition::TradeSizeAtMost => "trade_size <=",
        Condition::RateAtLeast => "rate >=",
        Condition::RateAtMost => "rate <=",
        Condition::RiseAtLeast => "rise >=",
        Condition::RiseAtMost => "rise <=",
        Condition::FallAtLeast => "fall >=",
        Condition::FallAtMost => "fall <=",
    };
    if condition.is_size() || condition.is_rate() { format!("{text} {threshold}") } else { format!("{text} {}", price_text(threshold)) }
}

/// What a rule does, as it is written in a configuration.
fn action(action: &Action) -> &'static str {
    match action {
        Action::Order(_) => "order",
        Action::Cancel => "cancel",
        Action::Notify => "notify",
        Action::Halt => "halt",
    }
}

/// The side as it is written in a configuration.
pub fn side(letter: u8) -> &'static str {
    match letter {
        b'B' => "buy",
        b'S' => "sell",
        b'T' => "short",
        b'E' => "short exempt",
        MASS_CANCEL => "mass cancel",
        _ => "unknown side",
    }
}

fn desk_text(desk: &Desk) -> String {
    let mut instruments = Table::new(&[
        "#", "instrument", "locate", "enabled", "max quantity", "max value", "collar", "live collar", "sides", "position", "tick size",
        "lot",
    ]);
    let mut rules = Table::new(&["instrument", "rule", "when", "order", "cool-down", "lifetime", "orders"]);
    for (index, instrument) in desk.instruments.iter().enumerate() {
        let collar = |c: riposte_desk::Collar| format!("{} to {}", price_text(c.low_e4), price_text(c.high_e4));
        let limits = &instrument.limits;
        instruments.row([
            index.to_string(),
            instrument.symbol.clone(),
            instrument.locate.map_or("from the feed".to_owned(), |locate| locate.to_string()),
            if instrument.enabled { "yes".to_owned() } else { "no: blocked".to_owned() },
            or_blocked(limits.max_quantity.map(|quantity| quantity.to_string())),
            or_blocked(limits.max_value_e4.map(decimal_text)),
            or_blocked(instrument.collar.map(collar)),
            or_blocked(limits.live_collar_e4.map(|reach| if reach == ANY_REACH_E4 { "off".to_owned() } else { price_text(reach) })),
            or_blocked(limits.sides.map(riposte_desk::Sides::text)),
            or_blocked(limits.position.map(|position| format!("{} long, {} short", position.buy, position.sell))),
            or_blocked(limits.tick_size_e4.map(price_text)),
            or_blocked(limits.lot.map(|lot| lot.to_string())),
        ]);
        for rule in &instrument.rules {
            let condition = when(&rule.terms);
            let action = match &rule.action {
                Action::Order(order) => format!("{} {} at {}", side(order.side), order.quantity, price_text(order.price_e4)),
                Action::Cancel => "cancel all".to_owned(),
                other => action(other).to_owned(),
            };
            let sends = !matches!(rule.action, Action::Notify | Action::Halt);
            let if_sent = |limit: Option<String>| if sends { or_blocked(limit) } else { String::new() };
            let cooldown = if_sent(rule.limits.cooldown_cycles.map(microseconds));
            let lifetime = rule.limits.lifetime_cycles.filter(|_| sends).map_or(String::new(), microseconds);
            let orders = if_sent(rule.limits.max_orders.map(|orders| orders.to_string()));
            rules.row([instrument.symbol.clone(), rule.name.clone(), condition, action, cooldown, lifetime, orders]);
        }
    }
    format!("{instruments}\n{rules}\n{}", gate_text(&desk.gate))
}

fn or_blocked(limit: Option<String>) -> String {
    limit.unwrap_or_else(|| "not set: blocked".to_owned())
}

/// Cycles of the reference clock.
fn microseconds(cycles: u64) -> String {
    // One cycle is 64 tenths of a nanosecond.
    format!("{} us", decimal_text(cycles * CLOCK_PS / 100))
}

fn gate_text(gate: &Gate) -> Table {
    let mut table = Table::new(&["gate", ""]);
    let set = |is_set: bool, text: String| or_blocked(Some(text).filter(|_| is_set));
    for (name, text) in [
        ("one order in", set(gate.interval_cycles > 0, microseconds(gate.interval_cycles.into()))),
        ("burst", set(gate.burst > 0, gate.burst.to_string())),
        ("kept for mass cancels", gate.cancel_reserve.to_string()),
        ("greatest age", set(gate.max_age_cycles > 0, microseconds(gate.max_age_cycles.into()))),
        ("exposure", set(gate.exposure_e4 > 0, decimal_text(gate.exposure_e4))),
        ("open orders", set(gate.open_orders > 0, gate.open_orders.to_string())),
        ("unacknowledged", set(gate.unacknowledged > 0, gate.unacknowledged.to_string())),
        ("heartbeat", set(gate.heartbeat_cycles > 0, microseconds(gate.heartbeat_cycles))),
    ] {
        table.row([name.to_owned(), text]);
    }
    table
}

fn problem_json(problem: &Problem) -> Value {
    let severity = if problem.severity == Severity::Error { "error" } else { "warning" };
    json!({ "line": problem.line, "column": problem.column, "severity": severity, "text": problem.text })
}

fn gate_json(gate: &Gate) -> Value {
    json!({
        "interval_cycles": gate.interval_cycles, "burst": gate.burst, "cancel_reserve": gate.cancel_reserve, "max_age_cycles": gate.max_age_cycles,
        "exposure_e4": gate.exposure_e4, "open_orders": gate.open_orders, "unacknowledged": gate.unacknowledged,
        "heartbeat_cycles": gate.heartbeat_cycles,
    })
}

/// Whether the files of [remote] can be used: here, that is; a desk may be checked elsewhere than it is run.
fn remote(desk: &Desk) -> Option<anyhow::Result<()>> {
    desk.remote.as_ref().map(crate::run::remote::check)
}

fn remote_json(desk: &Desk) -> Option<Value> {
    let problem = remote(desk)?.err().map(|error| format!("{error:#}"));
    Some(json!({ "listen": desk.remote.as_ref()?.listen, "problem": problem }))
}

fn instruments_json(desk: &Desk) -> Vec<Value> {
    let rule_json = |rule: &riposte_desk::Rule| {
        json!({
            "name": rule.name, "when": when(&rule.terms), "action": action(&rule.action),
            "side": rule.order().map(|order| side(order.side)), "quantity": rule.order().map(|order| order.quantity),
            "price_e4": rule.order().map(|order| order.price_e4),
            "cooldown_cycles": rule.limits.cooldown_cycles, "lifetime_cycles": rule.limits.lifetime_cycles, "max_orders": rule.limits.max_orders,
        })
    };
    let instrument_json = |instrument: &riposte_desk::Instrument| {
        json!({
            "symbol": instrument.symbol, "locate": instrument.locate, "enabled": instrument.enabled,
            "max_quantity": instrument.limits.max_quantity,
            "max_value_e4": instrument.limits.max_value_e4,
            "collar_e4": instrument.collar.map(|collar| [collar.low_e4, collar.high_e4]),
            "live_collar_e4": instrument.limits.live_collar_e4,
            "sides": instrument.limits.sides.map(riposte_desk::Sides::text),
            "position": instrument.limits.position.map(|position| json!({ "buy": position.buy, "sell": position.sell })),
            "tick_size_e4": instrument.limits.tick_size_e4,
            "lot": instrument.limits.lot,
            "rules": instrument.rules.iter().map(rule_json).collect::<Vec<_>>(),
        })
    };
    desk.instruments.iter().map(instrument_json).collect()
}
