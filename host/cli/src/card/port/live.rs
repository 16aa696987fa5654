//! A live capture as the card's wire, both ways: `live:IF`, whole frames of an interface that is there, through libpcap.
//!
//! Why beside `af_packet:IF`: the kernel stamps each frame, in nanoseconds, keeps its VLAN tag, filters before it copies, puts
//! frames into a buffer of ours, and tells how many found no room in it. The interface is promiscuous while the port is open.
//!
//! Holds: what leaves from here, the card's or others', the card does not hear. A frame that cannot leave ends the card, since its host was told that it has
//! left. Not here: joining the feed's group, without which a switch may send none of it.
use super::wire::PATIENCE;
use super::{Port, Received};
use anyhow::{Context, bail, ensure};
use pcap::{Active, Capture, Direction, Linktype, Precision};
use riposte_capture::Record;
use riposte_device::Transmitted;
use std::time::Instant;

/// Longer than any frame of a feed; what is longer still was put together of several by the interface.
const FRAME_BYTES: i32 = 2048;
/// Where frames wait while the card stands still.
const BUFFER_BYTES: i32 = 32 << 20;
const SECOND_NS: u64 = 1_000_000_000;

pub struct LivePort {
    name: String,
    capture: Capture<Active>,
    too_long: u64,
    /// Without room, as last told: a count of 32 bits, and all of it so far.
    dropped: (u32, u64),
}

impl LivePort {
    /// Takes every frame of an interface that `filter`, if there is one, lets through.
    pub fn open(interface: &str, filter: Option<&str>) -> anyhow::Result<LivePort> {
        let name = format!("live:{interface}");
        let capture = Capture::from_device(interface).with_context(|| name.clone())?;
        let capture = capture.snaplen(FRAME_BYTES).buffer_size(BUFFER_BYTES).promisc(true);
        // A frame is there when it has come, not when a block of them is full.
        let capture = capture.immediate_mode(true).precision(Precision::Nano);
        let capture = capture.open().with_context(|| {
            format!("{name}: cannot be opened; `ip link` lists interfaces, the right CAP_NET_RAW opens one, and it must be up")
        })?;
        let link = capture.get_datalink();
        ensure!(link == Linktype::ETHERNET, "{name}: its frames are {}, and a card knows Ethernet", named(link));
        let mut capture = capture.setnonblock().with_context(|| name.clone())?;
        capture.direction(Direction::In).with_context(|| name.clone())?;
        if let Some(filter) = filter {
            capture.filter(filter, true).with_context(|| super::filter::no_filter(filter))?;
        }
        Ok(LivePort { name, capture, too_long: 0, dropped: (0, 0) })
    }
}

fn named(link: Linktype) -> String {
    link.get_name().unwrap_or_else(|_| format!("of link type {}", link.0))
}

impl Port for LivePort {
    fn receive(&mut self, _: u64) -> anyhow::Result<Received> {
        loop {
            let packet = match self.capture.next_packet() {
                Ok(packet) => packet,
                Err(pcap::Error::TimeoutExpired) => return Ok(Received::Nothing),
                Err(error) => return Err(error).with_context(|| format!("{}: no frame can be received", self.name)),
            };
            if packet.header.len > packet.header.caplen {
                self.too_long += 1;
                continue;
            }
            // The field is named for microseconds; with the precision asked for it counts nanoseconds.
            let (seconds, ns) = (packet.header.ts.tv_sec as u64, packet.header.ts.tv_usec as u64);
            let time_ns = seconds.wrapping_mul(SECOND_NS).wrapping_add(ns);
            return Ok(Received::Frame(Record { time_ns, original_length: packet.header.len, bytes: packet.data.to_vec() }));
        }
    }

    fn transmit(&mut self, frame: &Transmitted) -> anyhow::Result<()> {
        let start = Instant::now();
        loop {
            match self.capture.sendpacket(&frame.bytes[..]) {
                Ok(()) => return Ok(()),
                // libpcap tells by text alone why, so what will never leave waits as long as what only has no room.
                Err(_) if start.elapsed() < PATIENCE => std::thread::yield_now(),
                Err(error) => bail!("{}: a frame cannot leave: {error}", self.name),
            }
        }
    }

    fn lost(&mut self) -> anyhow::Result<u64> {
        let stat = self.capture.stats().with_context(|| format!("{}: its losses cannot be counted", self.name))?;
        let (last, all) = self.dropped;
        self.dropped = (stat.dropped, all + u64::from(stat.dropped.wrapping_sub(last)));
        Ok(self.too_long + self.dropped.1)
    }
}
