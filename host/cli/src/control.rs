//! What people say to a host that runs: `riposte status`, `arm`, `kill`… over its control socket, or over TLS.
//!
//! In: the command line. Out: the host's answer, as text or JSON. Exit code 3 when the host refuses.
mod place;
mod positions;
mod risk;

use crate::output::{Outcome, Output};
use crate::params;
use anyhow::{Context, bail};
use clap::builder::PossibleValuesParser;
use riposte_control::{Answer, Card, FenceOf, LimitName, Request, Wish};
use riposte_desk::money_e4;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What every change has.
#[derive(clap::Args)]
pub struct Acting {
    /// Only say what would happen, and whether it needs a second person.
    #[arg(long)]
    pub dry_run: bool,
    /// Number of the request; the same number twice is one request.
    #[arg(long, value_name = "N")]
    pub request: Option<u64>,
    #[command(flatten)]
    pub reason: Reason,
    #[command(flatten)]
    pub place: Place,
}

/// Of an act.
#[derive(clap::Args)]
pub struct Reason {
    /// Why: it goes to the journal with your name.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub why: String,
}

#[derive(clap::Args)]
#[command(after_help = "Example:\n  riposte status --control day.journal/control.sock --json | jq .arming")]
pub struct Status {
    #[command(flatten)]
    place: Place,
}

#[derive(clap::Args)]
#[command(after_help = "Example:\n  riposte orders --all --control day.journal/control.sock")]
pub struct Orders {
    /// Also those that are over.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  riposte arm --dry-run\n  riposte kill --control day.journal/control.sock\n\n\
    Disarming and killing act at once; arming and clearing wait for a second person (`riposte approve`).\n\
    Exit codes: 0 done or proposed · 1 no host answers · 2 usage · 3 the host refuses")]
pub struct Act {
    #[command(flatten)]
    acting: Acting,
}

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  riposte approve 1795233042749205432\n  riposte approve --all --dry-run")]
pub struct Approve {
    /// Number of the proposal, as `riposte params show` lists it.
    #[arg(value_name = "N", required_unless_present = "all", conflicts_with = "all")]
    proposal: Option<u64>,
    /// All that wait.
    #[arg(long)]
    all: bool,
    /// Only say which.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    reason: Reason,
    #[command(flatten)]
    place: Place,
}

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  riposte params show\n  riposte params push desk.toml --dry-run\n  riposte params rollback 3")]
pub struct Params {
    #[command(subcommand)]
    verb: ParamsVerb,
}

#[derive(clap::Subcommand)]
enum ParamsVerb {
    /// The generation in force, the limits, and what waits for approval.
    Show {
        #[command(flatten)]
        place: Place,
    },
    /// Make a key to sign parameter sets with.
    Keygen(params::Keygen),
    /// Sign the parameter set of a configuration.
    Sign(params::Sign),
    /// Tell who signed the parameter set of a configuration, and whether it is still the same.
    Verify(params::Verify),
    /// Sign the way back to an older generation.
    Token(params::TokenArgs),
    /// Propose the parameter set of a configuration, which must be signed.
    Push {
        file: PathBuf,
        /// Signature of its set; FILE.signature if not named.
        #[arg(long, value_name = "FILE")]
        signature: Option<PathBuf>,
        /// Rollback token, for a set that is older than the one in force.
        #[arg(long, value_name = "FILE")]
        token: Option<PathBuf>,
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        reason: Reason,
        #[command(flatten)]
        place: Place,
    },
    /// Put a proposed set in force: approves its proposal, and no other kind, and says which generation is in force then.
    Commit {
        /// Number of the proposal; the only parameter set that waits, if none is named.
        #[arg(value_name = "N")]
        proposal: Option<u64>,
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        reason: Reason,
        #[command(flatten)]
        place: Place,
    },
    /// A new generation with the content of an earlier one.
    Rollback {
        generation: u32,
        /// Rollback token for this generation, as `riposte params token` makes it.
        #[arg(long, value_name = "FILE")]
        token: Option<PathBuf>,
        #[command(flatten)]
        acting: Acting,
    },
}

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  riposte limit set loss 25000.00\n  riposte limit set instrument-loss 500 --index 2 --dry-run")]
pub struct LimitArgs {
    #[command(subcommand)]
    verb: LimitVerb,
}

#[derive(clap::Subcommand)]
enum LimitVerb {
    /// Set a limit: lower at once, higher with a second person.
    Set {
        #[arg(value_parser = PossibleValuesParser::new(LimitName::ALL.map(LimitName::text)))]
        limit: String,
        /// Dollars, or a number of messages.
        value: String,
        /// Instrument, or venue.
        #[arg(long, default_value_t = 0)]
        index: u8,
        #[command(flatten)]
        acting: Acting,
    },
}

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  riposte revert plan orders --instruments 3\n  riposte revert apply params --generation 2\n  riposte revert status")]
pub struct Revert {
    #[command(subcommand)]
    verb: RevertVerb,
}

#[derive(clap::Subcommand)]
enum RevertVerb {
    /// What a reversion would need.
    Plan(Reversion),
    /// Begin it.
    Apply(Reversion),
    /// The step that the newest one is in, and what it waits for.
    Status {
        #[command(flatten)]
        place: Place,
    },
}

#[derive(clap::Args)]
struct Reversion {
    #[arg(value_parser = ["params", "orders"])]
    kind: String,
    /// Of `params`: the generation whose content is wanted.
    #[arg(long, required_if_eq("kind", "params"))]
    generation: Option<u32>,
    /// Of `params`: the rollback token for that generation.
    #[arg(long, value_name = "FILE", conflicts_with = "instruments")]
    token: Option<PathBuf>,
    /// Of `orders`: bit mask of the instruments.
    #[arg(long, required_if_eq("kind", "orders"))]
    instruments: Option<u16>,
    #[command(flatten)]
    acting: Acting,
}

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  riposte release --rule 0.2 --dry-run\n\n\
    It waits for a second person. `riposte params show` lists the rules that have sent all they may.")]
pub struct Release {
    /// The rule, as the numbers of its instrument and of itself.
    #[arg(long, value_name = "I.R", value_parser = rule_number)]
    rule: (u8, u8),
    #[command(flatten)]
    acting: Acting,
}

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  riposte fence --rule 0.2\n  riposte fence --instruments 3 --side buy --dry-run\n  \
    riposte lift --instruments 1\n\n\
    A fence acts at once, and what is open stays (`riposte revert apply orders` cancels it); mass cancels leave all the same.\n\
    Lifting it waits for a second person. `riposte status` shows what is fenced.")]
pub struct Fencing {
    /// Bit mask of instruments.
    #[arg(long, value_name = "MASK", required_unless_present = "rule", conflicts_with = "rule")]
    instruments: Option<u16>,
    /// Only their buys, or only their sells.
    #[arg(long, value_parser = ["buy", "sell"], requires = "instruments")]
    side: Option<String>,
    /// A rule, as the numbers of its instrument and of itself.
    #[arg(long, value_name = "I.R", value_parser = rule_number)]
    rule: Option<(u8, u8)>,
    #[command(flatten)]
    acting: Acting,
}

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  riposte reduce-only --instruments 3\n  riposte reduce-only --instruments 3 --end --dry-run\n\n\
    It begins at once, and what is open is cancelled; its end waits for a second person. `riposte positions` shows what may still\n\
    be bought and sold.")]
pub struct ReduceOnly {
    /// Bit mask of instruments.
    #[arg(long, value_name = "MASK")]
    instruments: u16,
    /// Let them open positions again.
    #[arg(long)]
    end: bool,
    #[command(flatten)]
    acting: Acting,
}

impl Fencing {
    fn of(&self) -> anyhow::Result<FenceOf> {
        Ok(match (self.instruments, self.side.as_deref(), self.rule) {
            (Some(mask), None, None) => FenceOf::Instruments { mask },
            (Some(mask), Some("buy"), None) => FenceOf::Buys { mask },
            (Some(mask), Some("sell"), None) => FenceOf::Sells { mask },
            (None, None, Some((instrument, rule))) => FenceOf::Rule { instrument, rule },
            _ => bail!("give --instruments, with or without --side, or --rule"),
        })
    }
}

/// `0.2`: rule 2 of instrument 0.
fn rule_number(text: &str) -> Result<(u8, u8), String> {
    let numbers = text.split_once('.').and_then(|(one, other)| Some((one.parse().ok()?, other.parse().ok()?)));
    numbers.ok_or_else(|| "must be the numbers of an instrument and of its rule, such as 0.2".to_owned())
}

pub fn status(args: &Status, output: &Output) -> anyhow::Result<Outcome> {
    say(&args.place, &Request::Status {}, output)
}

pub fn orders(args: &Orders, output: &Output) -> anyhow::Result<Outcome> {
    let (mut found, mut from) = (Vec::new(), 0);
    loop {
        let answer = ask(&args.place, &Request::Orders { all: args.all, from })?;
        let Answer::Told { mut value } = answer else { return print(answer, output) };
        if let Value::Array(page) = value["orders"].take() {
            found.extend(page);
        }
        match value["next"].as_u64().filter(|next| *next > from) {
            Some(next) => from = next,
            None => return print(Answer::Told { value: Value::Array(found) }, output),
        }
    }
}

pub use place::{Place, ask};
pub use positions::{Positions, positions};
pub use risk::{Risk, risk};

/// Arm, disarm, kill, clear.
pub fn act(wish: Wish, args: &Act, output: &Output) -> anyhow::Result<Outcome> {
    wish_for(wish, &args.acting, output)
}

pub fn approve(args: Approve, output: &Output) -> anyhow::Result<Outcome> {
    say(&args.place, &Request::Approve { request: args.proposal, dry_run: args.dry_run, why: args.reason.why }, output)
}

pub fn params(args: Params, output: &Output) -> anyhow::Result<Outcome> {
    match args.verb {
        ParamsVerb::Show { place } => say(&place, &Request::Params {}, output),
        ParamsVerb::Keygen(args) => params::keygen(&args, output),
        ParamsVerb::Sign(args) => params::sign(&args, output),
        ParamsVerb::Verify(args) => params::verify(&args, output),
        ParamsVerb::Token(args) => params::token(&args, output),
        ParamsVerb::Push { file, signature, token, dry_run, reason, place } => {
            let configuration = std::fs::read_to_string(&file).with_context(|| format!("{}: cannot be read", file.display()))?;
            let signature = params::signature(&file, signature.as_deref())?;
            let token = token.as_deref().map(params::read_token).transpose()?;
            say(&place, &Request::Push { configuration, signature, token, dry_run, why: reason.why }, output)
        }
        ParamsVerb::Commit { proposal, dry_run, reason, place } => {
            let outcome = say(&place, &Request::Commit { request: proposal, dry_run, why: reason.why }, output)?;
            if outcome == Outcome::Done && !dry_run && !output.is_json() {
                in_force(&place, output)?;
            }
            Ok(outcome)
        }
        ParamsVerb::Rollback { generation, token, acting } => roll_back(generation, token.as_deref(), &acting, output),
    }
}

pub fn limit(args: LimitArgs, output: &Output) -> anyhow::Result<Outcome> {
    let LimitVerb::Set { limit, value, index, acting } = args.verb;
    let name = LimitName::ALL.into_iter().find(|name| name.text() == limit).context("no such limit")?;
    let parsed = if name.is_money() { money_e4(&value) } else { value.parse().ok().filter(|&count: &u64| count > 0) };
    let Some(value) = parsed else {
        bail!("`{value}` is not a value of {limit}: give dollars such as 25000.00, or a whole number of messages, above 0");
    };
    wish_for(Wish::Limit { limit: name, index, value }, &acting, output)
}

pub fn revert(args: Revert, output: &Output) -> anyhow::Result<Outcome> {
    let (reversion, is_plan) = match args.verb {
        RevertVerb::Status { place } => return say(&place, &Request::Reversion {}, output),
        RevertVerb::Plan(reversion) => (reversion, true),
        RevertVerb::Apply(reversion) => (reversion, false),
    };
    let acting = Acting { dry_run: reversion.acting.dry_run || is_plan, ..reversion.acting };
    match (reversion.generation, reversion.instruments) {
        (Some(generation), None) => roll_back(generation, reversion.token.as_deref(), &acting, output),
        (None, Some(instruments)) => wish_for(Wish::RevertOrders { instruments }, &acting, output),
        _ => bail!("give --generation for params, or --instruments for orders, not both"),
    }
}

fn roll_back(generation: u32, token: Option<&Path>, acting: &Acting, output: &Output) -> anyhow::Result<Outcome> {
    let token = token.map(params::read_token).transpose()?;
    let (request, why) = (acting.request, acting.reason.why.clone());
    say(&acting.place, &Request::Rollback { generation, token, request, dry_run: acting.dry_run, why }, output)
}

pub fn release(args: &Release, output: &Output) -> anyhow::Result<Outcome> {
    let (instrument, rule) = args.rule;
    wish_for(Wish::Release { instrument, rule }, &args.acting, output)
}

/// Fence and lift.
pub fn fencing(wish: fn(FenceOf) -> Wish, args: &Fencing, output: &Output) -> anyhow::Result<Outcome> {
    wish_for(wish(args.of()?), &args.acting, output)
}

pub fn reduce_only(args: &ReduceOnly, output: &Output) -> anyhow::Result<Outcome> {
    wish_for(Wish::ReduceOnly { instruments: args.instruments, ends: args.end }, &args.acting, output)
}

fn wish_for(wish: Wish, acting: &Acting, output: &Output) -> anyhow::Result<Outcome> {
    let (request, why) = (acting.request, acting.reason.why.clone());
    say(&acting.place, &Request::Wish { wish, request, dry_run: acting.dry_run, why }, output)
}

/// Says it, and prints the answer.
pub fn say(place: &Place, request: &Request, output: &Output) -> anyhow::Result<Outcome> {
    print(ask(place, request)?, output)
}

/// Which parameter set is in force now.
fn in_force(place: &Place, output: &Output) -> anyhow::Result<()> {
    if let Answer::Told { value } = ask(place, &Request::Params {})? {
        output.print(format!("generation {} is in force: {}", value["generation"], text(&value["content"], 0)))?;
    }
    Ok(())
}

fn print(answer: Answer, output: &Output) -> anyhow::Result<Outcome> {
    if output.is_json() {
        output.print_json(&answer)?;
    }
    match answer {
        Answer::Refused { why } => {
            eprintln!("riposte: refused: {why}");
            return Ok(Outcome::CheckFailed);
        }
        Answer::Silent { request, why, .. } => {
            eprintln!("riposte: request {request}: {why}");
            return Ok(Outcome::CheckFailed);
        }
        _ if output.is_json() => {}
        Answer::Told { value } => output.print(text(&value, 0))?,
        Answer::Done { request, card } => output.print(format!("done (request {request}){}", card.map_or(String::new(), card_text)))?,
        Answer::Proposed { request } => {
            output.print(format!("proposed: a second person approves with `riposte approve {request}`"))?;
        }
    }
    Ok(Outcome::Done)
}

fn card_text(card: Card) -> String {
    match card {
        Card::CarriedOut { command, event, cycle } => {
            format!(": the card has carried it out, as its event {event} says (command {command}, at its cycle {cycle} or before)")
        }
        Card::Absent {} => ": no card is there, so nothing can leave; the next one is disarmed after reset".to_owned(),
    }
}

/// One line a value; nested ones are indented.
fn text(value: &Value, depth: usize) -> String {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(map) => {
            let line = |(name, value): (&String, &Value)| match value {
                Value::Object(_) | Value::Array(_) => format!("{indent}{name}\n{}", text(value, depth + 1)),
                other => format!("{indent}{name:<20} {}", text(other, 0)),
            };
            map.iter().map(line).collect::<Vec<_>>().join("\n")
        }
        Value::Array(all) if all.is_empty() => format!("{indent}none"),
        Value::Array(all) => {
            let row = |one: &Value| match one {
                Value::Object(map) => map.iter().map(|(name, value)| format!("{name}={}", text(value, 0))).collect::<Vec<_>>().join(" "),
                other => text(other, 0),
            };
            all.iter().map(|one| format!("{indent}{}", row(one))).collect::<Vec<_>>().join("\n")
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
