//! `riposte venue serve`: the simulated exchange on real sockets.

mod account;
pub mod server;

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

use anyhow::{Context, bail};
use clap::Subcommand;
use riposte_capture::Capture;
use riposte_venue::{
    Config, Setup, Venue,
    faults::{self, Fault},
};
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::output::{Outcome, Output};
use server::{Addresses, Server};

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Trade and publish until the market, the script or a signal ends the session.
    Serve(Serve),
}

fn examples() -> String {
    format!(
        "\
Order session and drop copy speak SoupBinTCP 3.00 (the drop copy is read only), orders are OUCH
5.0, the feed is ITCH 5.0 in MoldUDP64, snapshots of the books are GLIMPSE 5.0. The addresses in
use are printed on standard error; port 0 takes any free port. SIGINT and SIGTERM end the session:
the market closes, everybody is told. The account of the session is printed at the end. The same
seed gives the same market; what clients do to it depends on when they do it.

Faults, in a file (--faults) or one by one (--fault):
{}

Examples:
  riposte venue serve --seed 7 --rate 5000
  riposte venue serve --replay morning.itch --rate 2000 --wait-for-login
  riposte venue serve --itch 127.0.0.1:26477 --itch-b 127.0.0.1:26478 --fault 'loss A 0.001'
  riposte venue serve --fault '5s disconnect next 1' --fault '60s end' --json

Exit codes: 0 the session ended · 1 an address cannot be used or a fault is not understood · 2 usage",
        faults::GRAMMAR
    )
}

#[derive(clap::Args)]
#[command(after_help = examples())]
struct Serve {
    /// Seed of market and faults.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Instruments that are listed.
    #[arg(long, default_value_t = 16)]
    instruments: u16,
    /// Messages of the market, opening and close included; the session ends with them.
    #[arg(long, default_value_t = 1 << 40, hide_default_value = true)]
    messages: u64,
    /// Raw ITCH 5.0 that is published instead of a generated market, plain or gzip; clients trade in it.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["messages", "instruments"])]
    replay: Option<PathBuf>,
    /// Messages of the market a second; at 0 only clients move it.
    #[arg(long, default_value_t = 1000)]
    rate: u64,
    /// The market waits for the first login of an order session.
    #[arg(long)]
    wait_for_login: bool,
    /// Where order sessions are accepted.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:26400")]
    ouch: SocketAddr,
    /// Where drop copies are accepted.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:26401")]
    dropcopy: SocketAddr,
    /// Where order sessions of a second account are accepted, with order numbers of its own; without it there is one account.
    #[arg(long, value_name = "ADDR:PORT")]
    second_ouch: Option<SocketAddr>,
    /// Where its drop copies are accepted.
    #[arg(long, value_name = "ADDR:PORT", requires = "second_ouch")]
    second_dropcopy: Option<SocketAddr>,
    /// Where requests for lost messages are answered.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:26402")]
    rerequest: SocketAddr,
    /// Where snapshots of the books are given: GLIMPSE 5.0, a session a snapshot, with the name and password of the others.
    #[arg(long, value_name = "ADDR:PORT")]
    glimpse: Option<SocketAddr>,
    /// Where line A of the feed goes: a group, or one receiver.
    #[arg(long, value_name = "GROUP:PORT", default_value = "233.54.12.111:26477")]
    itch: SocketAddr,
    /// Where line B goes; without it there is one line.
    #[arg(long, value_name = "GROUP:PORT")]
    itch_b: Option<SocketAddr>,
    /// Own address from which the feed is sent; it decides the interface of a group.
    #[arg(long, value_name = "ADDR", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    interface: IpAddr,
    /// User name of order session and drop copy.
    #[arg(long, default_value = "RIPO")]
    username: String,
    /// Their password.
    #[arg(long, default_value = "riposte")]
    password: String,
    /// A fault; may be given many times.
    #[arg(long, value_name = "FAULT")]
    fault: Vec<String>,
    /// A file of faults, one a line.
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
}

pub fn run(args: Args, output: &Output) -> anyhow::Result<Outcome> {
    let Command::Serve(serve) = args.command;
    let config = Config { seed: serve.seed, instruments: serve.instruments, messages: serve.messages };
    let mut setup = Setup::new(config, serve.rate, &serve.username, &serve.password);
    setup.waits_for_login = serve.wait_for_login;
    setup.recording = serve.replay.as_deref().map(recording).transpose()?;
    setup.script = script(&serve)?;
    let addresses = Addresses {
        orders: serve.ouch,
        drop_copy: serve.dropcopy,
        second: [serve.second_ouch, serve.second_dropcopy],
        requests: serve.rerequest,
        snapshots: serve.glimpse,
        lines: [Some(serve.itch), serve.itch_b],
        interface: serve.interface,
    };
    let mut server = Server::new(Venue::new(setup)?, &addresses)?;
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).context("cannot handle signals")?;
    }
    eprintln!("listening: {}", server.listening()?);
    let sent = server.run(&stop)?;
    let report = server.report();
    if output.is_json() {
        output.print_json(&account::json(&report, &sent))?;
    } else {
        output.print(account::text(&report, &sent))?;
    }
    Ok(Outcome::Done)
}

/// The messages of a raw ITCH file.
fn recording(path: &Path) -> anyhow::Result<Vec<Vec<u8>>> {
    match riposte_capture::open(path)? {
        Capture::Messages(messages) => Ok(messages.map(|one| one.map(|one| one.bytes)).collect::<Result<_, _>>()?),
        Capture::Frames(_) => bail!("{}: a capture of frames; --replay takes raw ITCH 5.0", path.display()),
    }
}

/// Faults of the file and of the command line, by their times.
fn script(serve: &Serve) -> anyhow::Result<Vec<(u64, Fault)>> {
    let mut faults = Vec::new();
    if let Some(path) = &serve.faults {
        let text = fs::read_to_string(path).with_context(|| format!("{}: cannot be read", path.display()))?;
        faults.extend(faults::script(&text).with_context(|| path.display().to_string())?);
    }
    for fault in &serve.fault {
        faults.extend(faults::script(fault).context("--fault")?);
    }
    faults.sort_by_key(|(time_ns, _)| *time_ns);
    Ok(faults)
}
