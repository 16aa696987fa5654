//! `riposte claims`: executions so far from the market that a claim is due, and the word that one was filed.
use crate::control::{Place, Reason, say};
use crate::output::{Outcome, Output};
use riposte_control::Request;

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  riposte claims\n  riposte claims filed 81233 --why \"clearly erroneous, case 17\"\n\n\
    A claim is filed at the venue by a person, within the venue's window (`claim_ms` of the desk).\n\
    Exit codes: 0 told · 1 no host answers · 2 usage · 3 the host refuses")]
pub struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    place: Place,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Say that the claim of an execution was filed at the venue.
    Filed {
        execution: u64,
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        reason: Reason,
        #[command(flatten)]
        place: Place,
    },
}

pub fn run(args: Args, output: &Output) -> anyhow::Result<Outcome> {
    match args.verb {
        None => say(&args.place, &Request::Claims {}, output),
        Some(Verb::Filed { execution, dry_run, reason, place }) => {
            say(&place, &Request::Filed { execution, dry_run, why: reason.why }, output)
        }
    }
}
