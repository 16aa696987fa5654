//! A network interface as the card's wire, both ways, whole frames: `af_packet:IF` on one that is there, `tap:NAME` on one that
//! is made for the card, whose other side is this machine's own network.
//!
//! Holds: what the card sends itself it does not hear. A frame that cannot leave ends the card, since its host was told that it has
//! left. Not here: joining the feed's group; the interface has to be told to take it (`ip maddr`, or promiscuous).
use super::{Port, Received};
use anyhow::{Context, bail, ensure};
use nix::sys::socket::{AddressFamily, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType, bind, recvfrom, send, socket};
use riposte_capture::Record;
use riposte_device::Transmitted;
use std::io::{self, ErrorKind};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tappers::{Interface, Tap};

/// Longer than any frame of a feed; what fills it was put together of several by the interface.
const FRAME_BYTES: usize = 2048;
/// `sll_pkttype` of a frame that this machine sends (packet(7)).
const OUTGOING: u8 = 4;
/// How long an interface may have no room for a frame.
pub const PATIENCE: Duration = Duration::from_secs(1);

enum Interfaced {
    Packet(OwnedFd),
    Tap(Tap),
}

pub struct WirePort {
    name: String,
    interface: Interfaced,
    buffer: Box<[u8; FRAME_BYTES]>,
    too_long: u64,
}

impl WirePort {
    /// Takes every frame of an interface that is there.
    pub fn packet(name: &str) -> anyhow::Result<WirePort> {
        let what = format!("af_packet:{name}");
        let interfaces = nix::ifaddrs::getifaddrs().with_context(|| what.clone())?;
        // The address of an interface's link layer names it by its index.
        let link = interfaces.filter(|one| one.interface_name == name).find_map(|one| one.address?.as_link_addr().copied());
        let link = link.with_context(|| format!("{what}: no such interface here; `ip link` lists them"))?;
        let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
        let socket = socket(AddressFamily::Packet, SockType::Raw, flags, SockProtocol::EthAll);
        let socket = socket.map_err(io::Error::from).with_context(|| format!("{what}: {NET_RAW}"))?;
        bind(socket.as_raw_fd(), &link).map_err(io::Error::from).with_context(|| what.clone())?;
        let mut port = WirePort { name: what, interface: Interfaced::Packet(socket), buffer: Box::new([0; FRAME_BYTES]), too_long: 0 };
        // What other interfaces had before the socket was bound to this one.
        while port.take()?.is_some() {}
        Ok(port)
    }

    /// Makes an interface, which goes with the port.
    pub fn tap(name: &str) -> anyhow::Result<WirePort> {
        let what = format!("tap:{name}");
        let make = || {
            let mut tap = Tap::new_named(Interface::new(name)?)?;
            tap.set_nonblocking(true)?;
            tap.set_up()?;
            Ok::<_, io::Error>(tap)
        };
        let tap = make().with_context(|| format!("{what}: {NET_ADMIN}"))?;
        Ok(WirePort { name: what, interface: Interfaced::Tap(tap), buffer: Box::new([0; FRAME_BYTES]), too_long: 0 })
    }

    /// Bytes of the next frame in the buffer; 0 of one that is not for the card.
    fn take(&mut self) -> anyhow::Result<Option<usize>> {
        let received = match &self.interface {
            Interfaced::Packet(socket) => recvfrom::<LinkAddr>(socket.as_raw_fd(), &mut self.buffer[..]).map_err(io::Error::from).map(
                |(bytes, from)| if from.is_some_and(|from| from.pkttype() == OUTGOING) { 0 } else { bytes },
            ),
            Interfaced::Tap(tap) => tap.recv(&mut self.buffer[..]),
        };
        match received {
            Ok(FRAME_BYTES) => {
                self.too_long += 1;
                Ok(Some(0))
            }
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(None),
            Err(error) => Err(error).with_context(|| format!("{}: no frame can be received", self.name)),
        }
    }

    fn give(&self, bytes: &[u8]) -> io::Result<usize> {
        match &self.interface {
            Interfaced::Packet(socket) => Ok(send(socket.as_raw_fd(), bytes, MsgFlags::empty())?),
            Interfaced::Tap(tap) => tap.send(bytes),
        }
    }
}

const NET_RAW: &str = "cannot be opened; it needs the right CAP_NET_RAW";
const NET_ADMIN: &str = "cannot be made; it needs the right CAP_NET_ADMIN, /dev/net/tun and a name of at most 15 letters that is free";

impl Port for WirePort {
    fn receive(&mut self, _: u64) -> anyhow::Result<Received> {
        while let Some(bytes) = self.take()? {
            if bytes > 0 {
                let time_ns = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos() as u64);
                let frame = Record { time_ns, original_length: bytes as u32, bytes: self.buffer[..bytes].to_vec() };
                return Ok(Received::Frame(frame));
            }
        }
        Ok(Received::Nothing)
    }

    fn transmit(&mut self, frame: &Transmitted) -> anyhow::Result<()> {
        let start = Instant::now();
        loop {
            match self.give(&frame.bytes) {
                Ok(bytes) => {
                    ensure!(bytes == frame.bytes.len(), "{}: {bytes} of {} bytes left", self.name, frame.bytes.len());
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock && start.elapsed() < PATIENCE => std::thread::yield_now(),
                Err(error) => bail!("{}: a frame cannot leave: {error}", self.name),
            }
        }
    }

    fn lost(&mut self) -> anyhow::Result<u64> {
        Ok(self.too_long)
    }
}
