//! `riposte risk`: sensitivities, scenarios and margin beside their limits, and `risk state`: derivatives that are held elsewhere.
use super::{Place, say};
use crate::output::{Outcome, Output};
use anyhow::{Context, ensure};
use riposte_control::{Request, StatedGreeks};
use riposte_desk::price_e4;

const EXAMPLES: &str = "\
Examples:
  riposte risk --control day.journal/control.sock --json
  riposte risk state --instrument AAPL --delta -250000 --gamma 1200 --vega 800 --theta -450 --price 186.40 --evidence \"risk desk 09:10\"";

const STATE_EXAMPLES: &str = "\
All in dollars, negative if short: delta is the value of the underlying that moves as much, gamma how much delta changes when the
underlying moves 1 %, vega is of one point of volatility, theta of one day. The new statement of an instrument takes the place of
the one before. It counts when a second person has approved it; the evidence is kept beside the journal as evidence-SHA256.json.

Examples:
  riposte risk state --instrument AAPL --delta -250000 --price 186.40 --evidence \"risk desk 09:10\" --dry-run
  riposte risk state --instrument AAPL --delta 0 --price 186.40 --evidence \"options expired\"

Exit codes: 0 proposed · 1 no host answers · 2 usage · 3 the host refuses";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Risk {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    place: Place,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// State the sensitivities of derivatives on an instrument that are held elsewhere; needs a second person.
    State(State),
}

#[derive(clap::Args)]
#[command(after_help = STATE_EXAMPLES, allow_negative_numbers = true)]
struct State {
    /// The underlying, a symbol of the desk.
    #[arg(long, value_name = "SYMBOL")]
    instrument: String,
    #[arg(long, value_name = "DOLLARS")]
    delta: String,
    #[arg(long, value_name = "DOLLARS", default_value = "0")]
    gamma: String,
    #[arg(long, value_name = "DOLLARS", default_value = "0")]
    vega: String,
    #[arg(long, value_name = "DOLLARS", default_value = "0")]
    theta: String,
    /// Of the underlying when these were computed.
    #[arg(long, value_name = "DOLLARS")]
    price: String,
    /// What you have it from, so that somebody else can look it up.
    #[arg(long, value_name = "TEXT")]
    evidence: String,
    /// Only say what would happen.
    #[arg(long)]
    dry_run: bool,
}

pub fn risk(args: Risk, output: &Output) -> anyhow::Result<Outcome> {
    let place = args.place;
    let Some(Verb::State(state)) = args.verb else { return say(&place, &Request::Risk {}, output) };
    ensure!(!state.evidence.trim().is_empty(), "--evidence is empty: say what you have it from");
    let greeks = StatedGreeks {
        instrument: state.instrument,
        delta_e4: signed_e4("--delta", &state.delta)?,
        gamma_e4: signed_e4("--gamma", &state.gamma)?,
        vega_e4: signed_e4("--vega", &state.vega)?,
        theta_e4: signed_e4("--theta", &state.theta)?,
        price_e4: price_e4(&state.price).context("--price")?,
    };
    say(&place, &Request::StateGreeks { greeks, evidence: state.evidence, dry_run: state.dry_run }, output)
}

/// Dollars with at most four decimals and a sign, in 1e-4 dollars.
fn signed_e4(option: &str, text: &str) -> anyhow::Result<i64> {
    riposte_desk::signed_e4(text).with_context(|| format!("{option}: `{text}` must be dollars such as -2500.00, with at most four decimals"))
}

#[cfg(test)]
mod tests {
    use super::signed_e4;

    #[test]
    fn dollars_have_a_sign_and_four_decimals() {
        for (text, wanted) in [("-2500.5", -25_005_000), ("0", 0), ("0.00", 0), ("-0", 0), ("0.0001", 1), ("12", 120_000)] {
            assert_eq!(signed_e4("--delta", text).ok(), Some(wanted), "{text}");
        }
        for text in ["", "-", "+1", "--1", "1.00001", "1e3", "NaN", "99999999999999999999", "0x1", "0.0.0"] {
            let why = format!("{:#}", signed_e4("--delta", text).unwrap_err());
            assert!(why.starts_with("--delta: ") && why.contains("at most four decimals"), "{text}: {why}");
        }
    }
}
