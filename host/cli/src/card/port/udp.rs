//! A live feed through the kernel's UDP: lines A and B, each on the card's line of that name.
//!
//! In: datagrams. Out: the frames that they came in, or would have: Ethernet, IPv4 and UDP around the same payload, with their
//! line's group and port.
//!
//! Holds: of what waits on both lines the older comes first, as the sockets give no time by which they could be told. What comes twice is
//! the card's to drop, what one line lost its to take from the other. Nothing is waited for. What the card sends goes nowhere.
use super::{Line, Port, Received};
use anyhow::Context;
use riposte_capture::{Channel, Record, frame_of};
use riposte_device::Transmitted;
use riposte_map::wire::{ethernet, mold};
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with, sockopt};
use std::io::ErrorKind;
use std::net::{SocketAddr, SocketAddrV4, UdpSocket};
use std::time::{SystemTime, UNIX_EPOCH};

/// What an Ethernet frame of 1,500 bytes holds; more would come in fragments, which a card drops.
const PAYLOAD_BYTES_MAX: usize = 1500 - ethernet::IP_HEADER_BYTES - ethernet::UDP_HEADER_BYTES;
/// Asked of the system for each line, so that a burst waits there while the card stands still.
const BUFFER_BYTES: usize = 32 << 20;

/// The oldest datagram of a line, as a frame.
struct Waiting {
    sequence: u64,
    frame: Record,
}

struct Socket {
    line: Line,
    socket: UdpSocket,
    waiting: Option<Waiting>,
}

pub struct UdpPort {
    sockets: Vec<Socket>,
    identification: u16,
    too_long: u64,
    buffer: Box<[u8; PAYLOAD_BYTES_MAX + 1]>,
}

impl UdpPort {
    pub fn open(lines: &[Line]) -> anyhow::Result<UdpPort> {
        let sockets = lines.iter().map(|&line| {
            let socket = socket_of(line).with_context(|| {
                format!(
                    "udp:{}: cannot be received; give a group or an own address, a port that is free, and behind @ an own \
                     address on the interface", line.to
                )
            })?;
            anyhow::Ok(Socket { line, socket, waiting: None })
        });
        let sockets: Vec<Socket> = sockets.collect::<Result<_, _>>()?;
        Ok(UdpPort { sockets, identification: 0, too_long: 0, buffer: Box::new([0; PAYLOAD_BYTES_MAX + 1]) })
    }

    /// Takes the next datagram of a line that has none waiting.
    fn fill(&mut self, at: usize) -> anyhow::Result<()> {
        let Socket { line, socket, waiting } = &mut self.sockets[at];
        while waiting.is_none() {
            let (bytes, from) = match socket.recv_from(&mut self.buffer[..]) {
                Ok(received) => received,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error).with_context(|| format!("udp:{}: no datagram can be received", line.to)),
            };
            if bytes > PAYLOAD_BYTES_MAX {
                self.too_long += 1;
                if self.too_long == 1 {
                    let to = line.to;
                    eprintln!("riposte: warning: udp:{to}: a datagram longer than a frame is dropped, as a card drops fragments");
                }
                continue;
            }
            let payload = &self.buffer[..bytes];
            let sequence = if bytes < mold::HEADER_BYTES { 0 } else { mold::SEQUENCE.get(payload) };
            let mut channel = Channel { group: *line.to.ip(), port: line.to.port(), ..Channel::default() };
            if let SocketAddr::V4(from) = from {
                channel.source = *from.ip();
            }
            let bytes = frame_of(&channel, self.identification, payload);
            self.identification = self.identification.wrapping_add(1);
            let time_ns = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos() as u64);
            let frame = Record { time_ns, original_length: bytes.len() as u32, bytes };
            *waiting = Some(Waiting { sequence, frame });
        }
        Ok(())
    }
}

fn socket_of(line: Line) -> anyhow::Result<UdpSocket> {
    let socket = socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC, None)?;
    // Other programs may listen to the same group.
    sockopt::set_socket_reuseaddr(&socket, line.to.ip().is_multicast())?;
    // Beyond the system's limit only for a privileged process; what the system gives is enough for a calm feed.
    if sockopt::set_socket_recv_buffer_size_force(&socket, BUFFER_BYTES).is_err() {
        sockopt::set_socket_recv_buffer_size(&socket, BUFFER_BYTES)?;
    }
    // Bound to the group, it gets nothing that is sent to this port of another.
    bind(&socket, &SocketAddrV4::new(*line.to.ip(), line.to.port()))?;
    let socket = UdpSocket::from(socket);
    if line.to.ip().is_multicast() {
        socket.join_multicast_v4(line.to.ip(), &line.interface)?;
    }
    Ok(socket)
}

impl Port for UdpPort {
    fn receive(&mut self, _: u64) -> anyhow::Result<Received> {
        for at in 0..self.sockets.len() {
            self.fill(at)?;
        }
        let waiting = |at: &usize| self.sockets[*at].waiting.as_ref().map(|waiting| waiting.sequence);
        let oldest = (0..self.sockets.len()).filter(|at| waiting(at).is_some()).min_by_key(waiting);
        Ok(match oldest.and_then(|at| Some((at, self.sockets[at].waiting.take()?.frame))) {
            None => Received::Nothing,
            Some((0, frame)) => Received::Frame(frame),
            Some((_, frame)) => Received::FrameB(frame),
        })
    }

    fn transmit(&mut self, _: &Transmitted) -> anyhow::Result<()> {
        Ok(())
    }

    fn lost(&mut self) -> anyhow::Result<u64> {
        Ok(self.too_long)
    }
}
