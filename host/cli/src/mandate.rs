//! `riposte mandate`: what the models of a desk may move without asking, granted by two people and ended by one.
use crate::control::{Acting, say};
use crate::output::{Outcome, Output};
use riposte_control::Request;

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  riposte mandate grant AMD-AAPL --dry-run\n  riposte mandate end AMD-AAPL\n\n\
    What a mandate permits is in the desk's [[model]]; `riposte params show` lists those in force.\n\
    Exit codes: 0 done or proposed · 1 no host answers · 2 usage · 3 the host refuses")]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    /// Ask for the mandate of a model, as the desk has it; needs a second person.
    Grant(Named),
    /// End a mandate: its rules stay where they are.
    End(Named),
}

#[derive(clap::Args)]
struct Named {
    /// Name of the model in the desk.
    model: String,
    #[command(flatten)]
    acting: Acting,
}

pub fn run(args: Args, output: &Output) -> anyhow::Result<Outcome> {
    let (Named { model, acting }, is_end) = match args.verb {
        Verb::Grant(named) => (named, false),
        Verb::End(named) => (named, true),
    };
    let request = Request::Mandate { model, is_end, request: acting.request, dry_run: acting.dry_run, why: acting.reason.why };
    say(&acting.place, &request, output)
}
