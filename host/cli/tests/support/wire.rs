//! A cable between a card and this machine's own network: the venue's end has an address, the card's end is its wire.
use super::crash::Random;
use nix::sys::socket::{AddressFamily, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType, bind, recvfrom, send, socket};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Of a frame that this machine sends (packet(7)).
const OUTGOING: u8 = 4;

/// Removed at the end.
pub struct Wire {
    name: String,
    network: [u8; 3],
    bad: Option<Bad>,
}

/// A pair of hands in the middle of a cable.
struct Bad {
    stop: Arc<AtomicBool>,
    dropped: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

fn runs(command: &str) -> bool {
    let mut words = command.split(' ');
    let mut command = Command::new(words.next().expect("a program"));
    command.args(words).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Whether a route of this machine leads there.
fn is_taken([a, b, c]: [u8; 3]) -> bool {
    let routes = Command::new("ip").args(["route", "show", &format!("{a}.{b}.{c}.0/24")]).output();
    routes.is_ok_and(|routes| !routes.stdout.is_empty())
}

impl Wire {
    /// None, and told as skipped, where this user may not make one.
    pub fn new() -> Option<Wire> {
        static NUMBER: AtomicU8 = AtomicU8::new(0);
        let process = std::process::id();
        // A test that was killed leaves its wire, and others have theirs: one on the same network would take the frames of both.
        let (number, network) = loop {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let network = [10, 64 + (process % 128) as u8, number];
            if !is_taken(network) {
                break (number, network);
            }
        };
        let wire = Wire { name: format!("rip{process:x}-{number}"), network, bad: None };
        let Wire { name, .. } = &wire;
        let own = wire.address(0);
        let made = [
            format!("ip link add {name}v type veth peer name {name}"),
            format!("ip address add {}/24 dev {name}v", own.ip()),
            format!("ip link set {name}v address 02:00:00:00:00:02 up"),
            format!("ip link set {name} up"),
            // No card that would fill sums is on the way.
            format!("ethtool -K {name}v tx off"),
        ];
        if made.iter().all(|command| runs(command)) {
            return Some(wire);
        }
        println!("skipped: no wire between a card and this machine, which needs root, iproute2 and ethtool");
        None
    }

    /// As `new`, in the middle of which some frames are dropped, sent twice or behind the next one.
    pub fn bad() -> Option<Wire> {
        let mut wire = Wire::new()?;
        let name = wire.name.clone();
        // Between the venue's cable and a second one, which is the card's.
        assert!(runs(&format!("ip link add {name}m type veth peer name {name}c")) && runs(&format!("ip link set {name}m up")));
        assert!(runs(&format!("ip link set {name}c up")));
        let ends = [packets(&name), packets(&format!("{name}m"))];
        let (stop, dropped) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (of_stop, of_dropped) = (Arc::clone(&stop), Arc::clone(&dropped));
        let thread = std::thread::spawn(move || carry(&ends, &of_stop, &of_dropped));
        wire.bad = Some(Bad { stop, dropped, thread: Some(thread) });
        Some(wire)
    }

    /// Frames that were dropped so far.
    pub fn dropped(&self) -> u64 {
        self.bad.as_ref().map_or(0, |bad| bad.dropped.load(Ordering::Relaxed))
    }

    fn host(&self, last: u8) -> Ipv4Addr {
        let [a, b, c] = self.network;
        Ipv4Addr::new(a, b, c, last)
    }

    /// At the venue's end.
    pub fn address(&self, port: u16) -> SocketAddr {
        (self.host(1), port).into()
    }

    /// What a card is served with.
    pub fn option(&self) -> String {
        format!("af_packet:{}{}", self.name, if self.bad.is_some() { "c" } else { "" })
    }

    /// A desk whose order session goes over this wire to the venue at that address.
    pub fn desk(&self, desk: &str, venue: SocketAddr) -> String {
        desk.replace("source = \"10.0.0.1:40000\"", &format!("source = \"{}:40000\"", self.host(3)))
            .replace("destination = \"10.0.0.2:8003\"", &format!("destination = \"{venue}\""))
            .replace("[sessions]\n", "[sessions]\nover = \"card\"\n")
    }
}

fn packets(name: &str) -> OwnedFd {
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let end = socket(AddressFamily::Packet, SockType::Raw, flags, SockProtocol::EthAll).expect("a packet socket");
    let mut interfaces = nix::ifaddrs::getifaddrs().expect("interfaces").filter(|one| one.interface_name == name);
    let link = interfaces.find_map(|one| one.address?.as_link_addr().copied()).expect("the interface");
    bind(end.as_raw_fd(), &link).expect("bound");
    end
}

fn carry(ends: &[OwnedFd; 2], stop: &AtomicBool, dropped: &AtomicU64) {
    let mut random = Random::new();
    let mut frame = [0; 2048];
    // One each way that waits for the next.
    let mut held: [Option<Vec<u8>>; 2] = [None, None];
    while !stop.load(Ordering::Relaxed) {
        let mut any = false;
        for (at, from) in ends.iter().enumerate() {
            let give = |frame: &[u8]| {
                // What finds no room is lost like the rest.
                let _ = send(ends[1 - at].as_raw_fd(), frame, MsgFlags::empty());
            };
            let Ok((bytes, of)) = recvfrom::<LinkAddr>(from.as_raw_fd(), &mut frame) else { continue };
            any = true;
            if of.is_some_and(|of| of.pkttype() == OUTGOING) {
                continue;
            }
            match random.next() % 32 {
                0 | 1 => {
                    dropped.fetch_add(1, Ordering::Relaxed);
                }
                2 => (0..2).for_each(|_| give(&frame[..bytes])),
                3 if held[at].is_none() => held[at] = Some(frame[..bytes].to_vec()),
                _ => give(&frame[..bytes]),
            }
            if random.next().is_multiple_of(4) {
                held[at].take().iter().for_each(|late| give(late));
            }
        }
        if !any {
            std::thread::sleep(Duration::from_micros(100));
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if let Some(bad) = &mut self.bad {
            bad.stop.store(true, Ordering::Relaxed);
            let _ = bad.thread.take().map(JoinHandle::join);
            runs(&format!("ip link del {}m", self.name));
        }
        runs(&format!("ip link del {}", self.name));
    }
}
