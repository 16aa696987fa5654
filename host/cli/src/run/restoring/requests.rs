//! The venue's server for messages of the feed that were missed: MoldUDP64 1.00 requests.
//!
//! Holds: an answer is believed only if it is of the session and of the message that was asked for; what is not answered is
//! asked for again by whoever needs it, since the server says nothing about what it does not have.
use riposte_capture::wire;
use riposte_map::wire::mold;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// Longer than any packet of the feed.
const ANSWER_BYTES: usize = 9216;

pub struct Requests {
    socket: UdpSocket,
    session: [u8; 10],
    buffer: Box<[u8; ANSWER_BYTES]>,
}

impl Requests {
    pub fn open(to: SocketAddr, session: [u8; 10]) -> io::Result<Requests> {
        let any: SocketAddr = if to.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
        let socket = UdpSocket::bind(any)?;
        socket.connect(to)?;
        Ok(Requests { socket, session, buffer: Box::new([0; ANSWER_BYTES]) })
    }

    /// Asks for messages from `first` on; none if no answer with them comes in time.
    pub fn ask(&mut self, first: u64, count: u16, patience: Duration) -> Option<Vec<Vec<u8>>> {
        let mut request = [0; mold::HEADER_BYTES];
        request[mold::SESSION.offset..mold::SESSION.end()].copy_from_slice(&self.session);
        mold::SEQUENCE.put(&mut request, first);
        mold::COUNT.put(&mut request, count.into());
        // What cannot be sent, or is refused by a server that is gone, is not answered.
        self.socket.send(&request).ok()?;
        let until = Instant::now() + patience;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            self.socket.set_read_timeout(Some(left)).ok()?;
            let bytes = self.socket.recv(&mut self.buffer[..]).ok()?;
            if let Some(messages) = answer(&self.buffer[..bytes], self.session, first) {
                return Some(messages);
            }
        }
    }
}

/// The messages of an answer; none if it is another, or not whole.
fn answer(payload: &[u8], session: [u8; 10], first: u64) -> Option<Vec<Vec<u8>>> {
    let packet = wire::packet(payload).ok().filter(|packet| packet.session == session && packet.sequence == first)?;
    let messages: Vec<Vec<u8>> = packet.messages().map(|one| one.map(|(_, message)| message.to_vec())).collect::<Result<_, _>>().ok()?;
    (!messages.is_empty()).then_some(messages)
}
