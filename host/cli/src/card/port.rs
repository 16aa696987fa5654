//! Where a served card's frames come from and go to.
mod capture;
mod dpdk;
mod filter;
mod live;
mod udp;
mod wire;

use anyhow::ensure;
use capture::CapturePort;
pub use dpdk::DpdkPort;
use filter::Filtered;
use live::LivePort;
use riposte_capture::Record;
use riposte_device::Transmitted;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};
use udp::UdpPort;
use wire::WirePort;

/// What a port has for the card at this moment.
#[derive(Debug, PartialEq, Eq)]
pub enum Received {
    Frame(Record),
    /// One of line B of the feed.
    FrameB(Record),
    /// Nothing now.
    Nothing,
    /// Nothing, for ever.
    Ended,
}

/// A wire, both ways.
pub trait Port {
    /// The next frame, if it is due at `now_ns` of the server's clock.
    fn receive(&mut self, now_ns: u64) -> anyhow::Result<Received>;

    /// Sends a frame; it has left when this returns. A port that only receives forgets it.
    fn transmit(&mut self, frame: &Transmitted) -> anyhow::Result<()>;

    /// Frames that came and found no room, or were longer than a frame, as far as the port is told. An error if it is gone.
    fn lost(&mut self) -> anyhow::Result<u64> {
        Ok(0)
    }
}

/// A line of a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// A multicast group with its port, or an own address with a port that the feed is sent to.
    pub to: SocketAddrV4,
    /// Own address on the interface on which the group is joined; unspecified is the system's choice.
    pub interface: Ipv4Addr,
}

impl std::str::FromStr for Line {
    type Err = String;

    fn from_str(text: &str) -> Result<Line, String> {
        let (to, interface) = text.split_once('@').unwrap_or((text, "0.0.0.0"));
        let what = |what: &str, given: &str| format!("{given:?} is no {what}; a line is GROUP:PORT or GROUP:PORT@ADDRESS");
        let to: SocketAddrV4 = to.parse().map_err(|_| what("address with a port", to))?;
        let interface = interface.parse().map_err(|_| what("address of this machine", interface))?;
        Ok(Line { to, interface })
    }
}

/// Which port, as the command line names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortName {
    /// `pcap:FILE`.
    Capture(PathBuf),
    /// `udp:LINE[,LINE]`: line A of a feed, and its line B.
    Udp(Vec<Line>),
    /// `af_packet:INTERFACE`.
    Packet(String),
    /// `live:INTERFACE`.
    Live(String),
    /// `tap:NAME`.
    Tap(String),
    /// `dpdk:ARGS`: arguments of DPDK.
    Dpdk(String),
}

const NAMES: &str = "a port is `pcap:FILE`, a capture or raw ITCH; `udp:GROUP:PORT[@ADDRESS][,GROUP:PORT…]`, a feed; \
                     `af_packet:INTERFACE` or `live:INTERFACE`, a wire that is there; `tap:NAME`, one that is made; or `dpdk:ARGS`, a device of DPDK";
/// Lines of a feed: A and B.
const LINES_MAX: usize = 2;

impl std::str::FromStr for PortName {
    type Err = String;

    fn from_str(name: &str) -> Result<PortName, String> {
        match name.split_once(':') {
            Some(("pcap", file)) if !file.is_empty() => Ok(PortName::Capture(file.into())),
            Some(("udp", lines)) => {
                let lines: Vec<Line> = lines.split(',').map(str::parse).collect::<Result<_, _>>()?;
                if lines.len() > LINES_MAX {
                    return Err(format!("{} lines; a feed has line A and at most line B", lines.len()));
                }
                Ok(PortName::Udp(lines))
            }
            Some(("af_packet", interface)) if !interface.is_empty() => Ok(PortName::Packet(interface.to_owned())),
            Some(("live", interface)) if !interface.is_empty() => Ok(PortName::Live(interface.to_owned())),
            Some(("tap", interface)) if !interface.is_empty() => Ok(PortName::Tap(interface.to_owned())),
            Some(("dpdk", arguments)) => Ok(PortName::Dpdk(arguments.to_owned())),
            _ => Err(NAMES.to_owned()),
        }
    }
}

impl PortName {
    /// The file that the port reads.
    pub fn file(&self) -> Option<&Path> {
        match self {
            PortName::Capture(file) => Some(file),
            _ => None,
        }
    }
}

/// Opens the port that a name stands for; the card sees the frames that `filter` lets through.
pub fn open(name: &PortName, filter: Option<&str>, is_paced: bool) -> anyhow::Result<Box<dyn Port>> {
    ensure!(!is_paced || name.file().is_some(), "--paced: only a capture has a pace of its own; leave it out");
    let port: Box<dyn Port> = match name {
        // The kernel filters, before it copies.
        PortName::Live(interface) => return Ok(Box::new(LivePort::open(interface, filter)?)),
        PortName::Capture(file) => Box::new(CapturePort::open(file, is_paced)?),
        PortName::Udp(lines) => Box::new(UdpPort::open(lines)?),
        PortName::Packet(interface) => Box::new(WirePort::packet(interface)?),
        PortName::Tap(name) => Box::new(WirePort::tap(name)?),
        PortName::Dpdk(arguments) => Box::new(DpdkPort::open(arguments)?),
    };
    Ok(match filter {
        Some(filter) => Box::new(Filtered::new(port, filter)?),
        None => port,
    })
}
