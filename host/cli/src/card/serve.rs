//! `riposte card serve`: a card as a process of its own, behind a link in shared memory.
//!
//! In: commands from the host's ring, frames from a port. Out: events to the host's ring, frames to the host if it takes
//! them, else to the port; with a wire of its own for orders, out there and to the host that owns the connection.
//!
//! Holds: an event is in the ring before the frame that it tells of leaves, so nothing leaves that the host cannot know of.
//! While a ring is full the card does not step: it cannot decide, so it takes no new risk, and no event is lost. A port
//! that cannot wait loses frames meanwhile, which the card sees as a gap and closes its books. A card whose host
//! died, left or hangs is killed by this process within a look of its watch; only the next host lifts that.
mod server;
mod wire;

use super::port::{self, PortName};
use wire::Wire;
use super::sent::SentFile;
use crate::output::{Outcome, Output};
use anyhow::Context;
use riposte_device::Card;
use riposte_device::link::{self, CardEnd, Sizes};
use riposte_map::limits::TRANSMIT_GAP_WORDS;
pub use server::{Server, Settings};
use signal_hook::consts::{SIGINT, SIGTERM};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

const EXAMPLES: &str = "\
The card ends when its port has ended and its host has left in order, or by Ctrl-C or SIGTERM. It is killed
(no order leaves) whenever its host dies, leaves or hangs; the next host clears that.

Examples:
  riposte card serve --card model --port pcap:day.pcap --transmit orders.pcap
  riposte card serve --card verilated --port pcap:day.pcap --paced --link desk-1
  riposte card serve --port udp:233.54.12.111:26477@10.0.0.5,233.49.196.111:26477@10.0.1.5
  riposte card serve --port udp:233.54.12.111:26477@10.0.0.5 --orders af_packet:eth1
  riposte card serve --port live:eth1 --filter 'udp dst port 26477'
  riposte card serve --port 'dpdk:-a 0000:01:00.0 -l 2'

With two lines the card sees the group and port of the first. A card on a live feed ends by a signal.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// What runs the frames.
    #[arg(long, value_enum, default_value_t = Served::Model)]
    card: Served,
    /// Where frames come from: `pcap:FILE` (pcap, pcapng or raw ITCH, plain or gzip), or `udp:GROUP:PORT[@ADDRESS]`, a live
    /// feed on the interface with that own address, with `,GROUP:PORT[@ADDRESS]` for its line B; or a wire both ways:
    /// `af_packet:INTERFACE` or `live:INTERFACE` (by libpcap: stamped by the kernel, filtered there, promiscuous), one that is
    /// there, `tap:NAME`, one that is made, or `dpdk:ARGS`, the one device that these arguments of DPDK leave.
    #[arg(long, value_name = "PORT")]
    port: PortName,
    /// A wire of the card's orders: they leave on it as the card made them, in a TCP connection that the host opens and keeps
    /// over the same wire (`af_packet:INTERFACE`, `live:INTERFACE`, `tap:NAME` or `dpdk:ARGS`; it may be that of --port). Nothing of
    /// the host leaves there that is an order. Without it the host sends what the card has transmitted.
    #[arg(long, value_name = "PORT", value_parser = wire_name)]
    orders: Option<PortName>,
    /// Show the card only what this filter lets through, in the language of pcap-filter(7).
    #[arg(long, value_name = "EXPRESSION")]
    filter: Option<String>,
    /// Show each frame when it is due by its time in the capture, not as fast as the card takes them.
    #[arg(long)]
    paced: bool,
    /// Begin with the feed at once, not when the host has armed the card.
    #[arg(long)]
    at_once: bool,
    /// Name in /dev/shm, or path, of the region that the host joins.
    #[arg(long, value_name = "NAME", default_value = "riposte")]
    link: String,
    /// Write what the card transmits, whichever way it leaves, as a nanosecond pcap; an existing file is replaced.
    #[arg(long, value_name = "FILE")]
    transmit: Option<PathBuf>,
    /// Idle cycles between two frames.
    #[arg(long, value_name = "CYCLES", default_value_t = TRANSMIT_GAP_WORDS as u64)]
    gap: u64,
    /// Kill the card after so long without a heartbeat of the host.
    #[arg(long, value_name = "MS", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    watchdog_ms: u64,
    /// Places for commands, a power of two.
    #[arg(long, value_name = "SLOTS", default_value_t = Sizes::default().command_slots)]
    command_slots: usize,
    /// Places for events, a power of two.
    #[arg(long, value_name = "SLOTS", default_value_t = Sizes::default().event_slots)]
    event_slots: usize,
    /// Places for what the card transmits, for a host that takes it: a power of two, three for an order.
    #[arg(long, value_name = "SLOTS", default_value_t = Sizes::default().transmit_slots)]
    transmit_slots: usize,
    /// Places for frames of the wire of --orders, each way: a power of two, two to 27 a frame.
    #[arg(long, value_name = "SLOTS", default_value_t = 1 << 14)]
    exception_slots: usize,
}

fn wire_name(name: &str) -> Result<PortName, String> {
    match name.parse()? {
        PortName::Capture(_) | PortName::Udp(_) => Err("orders leave on a wire: `af_packet:INTERFACE`, `live:INTERFACE`, `tap:NAME` or `dpdk:ARGS`".to_owned()),
        wire => Ok(wire),
    }
}

/// What `--card` can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Served {
    /// The reference model: fast.
    Model,
    /// The gateware, run by Verilator: exact.
    Verilated,
}

impl Served {
    fn make(self) -> Box<dyn Card> {
        match self {
            Served::Model => Box::new(riposte_model::Model::new()),
            Served::Verilated => Box::new(riposte_verilated::Verilated::new()),
        }
    }
}

pub fn run(args: Args, output: &Output) -> anyhow::Result<Outcome> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).context("signals cannot be handled")?;
    }
    let port = port::open(&args.port, args.filter.as_deref(), args.paced)?;
    let wire = args.orders.as_ref().map(|name| port::open(name, None, false)).transpose()?.map(Wire::new);
    let sent = args.transmit.as_deref().map(|path| SentFile::create(path, args.port.file())).transpose()?;
    let card = args.card.make();
    let name = card.name();
    let path = link::place(&args.link);
    let sizes = Sizes {
        command_slots: args.command_slots,
        event_slots: args.event_slots,
        transmit_slots: args.transmit_slots,
        // 0 is for a card without such a wire, and no size that somebody may ask for.
        exception_slots: if wire.is_some() { args.exception_slots.max(1) } else { 0 },
    };
    let end = CardEnd::create(&path, sizes)?;
    if let Some(kept) = end.kept() {
        eprintln!(
            "riposte: warning: a card died here with events that no host had read; they are kept in {}",
            kept.display()
        );
    }
    eprintln!("riposte: {name} card at {}", path.display());
    let settings =
        Settings { gap: args.gap, at_once: args.at_once, watchdog: Duration::from_millis(args.watchdog_ms) };
    let status = Server::new(end, card, port, wire, sent, settings)?.run(&stop)?;
    if output.is_json() {
        output.print_json(&serde_json::json!({
            "link": path, "card": name, "cycles": status.cycle, "frames": status.frames, "commands": status.commands,
            "events": status.events, "transmitted": status.transmitted, "taken": status.taken,
            "unclaimed": status.unclaimed, "stalls": status.stalls, "watchdog_kills": status.watchdog_kills,
            "lost": status.lost, "exceptions": status.exceptions, "exceptions_lost": status.exceptions_lost, "withheld": status.withheld,
        }))?;
    } else {
        output.print(format!(
            "{}: {name} card, {} frames in {} cycles, {} commands, {} events, {} frames transmitted ({} taken by the host, \
             {} unclaimed), {} stalls, {} kills by the watchdog, {} frames lost by the port, {} frames for the host ({} lost), {} withheld",
            path.display(), status.frames, status.cycle, status.commands, status.events, status.transmitted, status.taken,
            status.unclaimed, status.stalls,
            status.watchdog_kills, status.lost, status.exceptions, status.exceptions_lost, status.withheld
        ))?;
    }
    Ok(Outcome::Done)
}
