//! The venue's sockets: one thread that waits for all of them and for the time.
//!
//! In: connections, datagrams, a flag that asks for the end. Out: what the venue says. Holds: no client makes another
//! wait; what a client does not take is bounded, since the venue holds back what comes behind it. Not here: what any
//! of it means (`riposte_venue`).

use std::{
    collections::HashMap,
    fmt::Display,
    io::{self, ErrorKind, Read, Write},
    net::{IpAddr, Shutdown, SocketAddr, UdpSocket},
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use anyhow::Context;
use mio::{
    Events, Interest, Poll, Token,
    net::{TcpListener, TcpStream, UdpSocket as RequestSocket},
};
use riposte_venue::{Output, Port, Report, Venue, soup::Close};

const ORDERS: Token = Token(0);
const DROP_COPY: Token = Token(1);
const REQUESTS: Token = Token(2);
const SECOND_ORDERS: Token = Token(3);
const SECOND_DROP_COPY: Token = Token(4);
const SNAPSHOTS: Token = Token(5);
/// Tokens of clients begin here.
const CLIENTS: usize = 16;
/// A signal that comes just before the wait is seen after this long.
const WAIT_MAX: Duration = Duration::from_millis(100);
/// A client that has not taken this much gets nothing more until it has.
const PENDING_MAX: usize = 256 * 1024;
/// A client that was told its end may take this long to read it.
const LINGER: Duration = Duration::from_millis(500);
/// Hops of the feed.
const TIME_TO_LIVE: u32 = 16;

/// Where the venue is.
pub struct Addresses {
    pub orders: SocketAddr,
    pub drop_copy: SocketAddr,
    /// Of the second account.
    pub second: [Option<SocketAddr>; 2],
    pub requests: SocketAddr,
    pub snapshots: Option<SocketAddr>,
    pub lines: [Option<SocketAddr>; 2],
    pub interface: IpAddr,
}

/// What the sockets of the feed did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sent {
    pub packets: [u64; 2],
    /// Packets that the system refused.
    pub refused: [u64; 2],
}

/// A client's socket, and what it has not taken yet.
struct Peer {
    socket: TcpStream,
    pending: Vec<u8>,
    is_closing: bool,
    /// Set when everything was written and our side is closed. What the client still sends is read and forgotten: to
    /// close before would make the system discard what the client has not read.
    gone_at: Option<Instant>,
}

/// The venue and its sockets.
pub struct Server {
    poll: Poll,
    venue: Venue,
    started: Instant,
    orders: TcpListener,
    drop_copy: TcpListener,
    second: [Option<TcpListener>; 2],
    requests: RequestSocket,
    snapshots: Option<TcpListener>,
    lines: [Option<(UdpSocket, SocketAddr)>; 2],
    peers: HashMap<u64, Peer>,
    sent: Sent,
}

impl Server {
    /// Opens every socket.
    pub fn new(venue: Venue, addresses: &Addresses) -> anyhow::Result<Server> {
        let poll = Poll::new().context("cannot wait for sockets")?;
        let listen = |option: &str, address: SocketAddr, token: Token| -> anyhow::Result<TcpListener> {
            let mut listener = TcpListener::bind(address).with_context(|| in_use(option, address))?;
            poll.registry().register(&mut listener, token, Interest::READABLE)?;
            Ok(listener)
        };
        let orders = listen("ouch", addresses.orders, ORDERS)?;
        let drop_copy = listen("dropcopy", addresses.drop_copy, DROP_COPY)?;
        let second = |at: usize, option: &str, token: Token| addresses.second[at].map(|to| listen(option, to, token)).transpose();
        let second = [second(0, "second-ouch", SECOND_ORDERS)?, second(1, "second-dropcopy", SECOND_DROP_COPY)?];
        let snapshots = addresses.snapshots.map(|to| listen("glimpse", to, SNAPSHOTS)).transpose()?;
        let requests = RequestSocket::bind(addresses.requests);
        let mut requests = requests.with_context(|| in_use("rerequest", addresses.requests))?;
        poll.registry().register(&mut requests, REQUESTS, Interest::READABLE)?;
        let line = |address: Option<SocketAddr>| address.map(|to| open_line(addresses.interface, to)).transpose();
        let lines = [line(addresses.lines[0])?, line(addresses.lines[1])?];
        let started = Instant::now();
        let (peers, sent) = (HashMap::new(), Sent::default());
        Ok(Server { poll, venue, started, orders, drop_copy, second, requests, snapshots, lines, peers, sent })
    }

    /// The addresses in use, as one line.
    pub fn listening(&self) -> io::Result<impl Display> {
        let mut text = format!("ouch {}", self.orders.local_addr()?);
        text += &format!(" dropcopy {}", self.drop_copy.local_addr()?);
        text += &format!(" rerequest {}", self.requests.local_addr()?);
        if let Some(listener) = &self.snapshots {
            text += &format!(" glimpse {}", listener.local_addr()?);
        }
        for (name, line) in ["itch", "itch-b"].into_iter().zip(&self.lines) {
            if let Some((_, to)) = line {
                text += &format!(" {name} {to}");
            }
        }
        for (name, listener) in ["second-ouch", "second-dropcopy"].into_iter().zip(&self.second) {
            if let Some(listener) = listener {
                text += &format!(" {name} {}", listener.local_addr()?);
            }
        }
        Ok(text)
    }

    pub fn report(&self) -> Report {
        self.venue.report()
    }

    /// Serves until the session has ended; `stop` ends it.
    pub fn run(&mut self, stop: &AtomicBool) -> anyhow::Result<Sent> {
        let mut events = Events::with_capacity(256);
        loop {
            let now_ns = self.now_ns();
            if stop.load(Ordering::Relaxed) {
                self.venue.end(now_ns);
            }
            self.venue.advance(now_ns);
            self.deliver();
            let now = Instant::now();
            if self.venue.is_over() {
                // Whoever is still there, or has just come, has this long.
                self.peers.values_mut().for_each(|peer| _ = peer.gone_at.get_or_insert(now));
            }
            self.peers.retain(|_, peer| peer.gone_at.is_none_or(|gone_at| now < gone_at + LINGER));
            if self.venue.is_over() && self.peers.is_empty() {
                return Ok(self.sent);
            }
            let due_ns = self.venue.due_ns().saturating_sub(self.now_ns());
            let wait = Duration::from_nanos(due_ns).min(WAIT_MAX);
            match self.poll.poll(&mut events, Some(wait)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                result => result.context("waiting for sockets failed")?,
            }
            for event in &events {
                match event.token() {
                    ORDERS => self.accept(Port::Orders),
                    DROP_COPY => self.accept(Port::DropCopy),
                    SECOND_ORDERS => self.accept(Port::SecondOrders),
                    SECOND_DROP_COPY => self.accept(Port::SecondDropCopy),
                    SNAPSHOTS => self.accept(Port::Snapshot),
                    REQUESTS => self.answer(),
                    Token(token) => self.read((token - CLIENTS) as u64),
                }
                if event.is_writable() && event.token().0 >= CLIENTS {
                    self.flush((event.token().0 - CLIENTS) as u64);
                }
            }
            self.deliver();
        }
    }

    fn now_ns(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn accept(&mut self, port: Port) {
        loop {
            let listener = match port {
                Port::Orders => Some(&self.orders),
                Port::DropCopy => Some(&self.drop_copy),
                Port::SecondOrders => self.second[0].as_ref(),
                Port::SecondDropCopy => self.second[1].as_ref(),
                Port::Snapshot => self.snapshots.as_ref(),
            };
            let Some(listener) = listener else { return };
            // A connection that broke before it was taken, or a lack of descriptors, is no reason to end.
            let Ok((mut socket, _)) = listener.accept() else { return };
            let id = self.venue.connect(self.now_ns(), port);
            let both = Interest::READABLE | Interest::WRITABLE;
            let ready = socket.set_nodelay(true).and_then(|()| {
                self.poll.registry().register(&mut socket, Token(CLIENTS + id as usize), both)
            });
            match ready {
                Ok(()) => _ = self.peers.insert(id, Peer { socket, pending: Vec::new(), is_closing: false, gone_at: None }),
                Err(_) => self.venue.disconnected(id, Close::Broken),
            }
        }
    }

    fn read(&mut self, id: u64) {
        let mut bytes = [0; 64 * 1024];
        while let Some(peer) = self.peers.get_mut(&id) {
            match peer.socket.read(&mut bytes) {
                Ok(0) => return self.drop_peer(id, Close::Client),
                Ok(_) if peer.gone_at.is_some() => {}
                Ok(count) => {
                    let now_ns = self.now_ns();
                    self.venue.receive(now_ns, id, &bytes[..count]);
                    self.deliver();
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return self.drop_peer(id, Close::Broken),
            }
        }
    }

    fn drop_peer(&mut self, id: u64, close: Close) {
        self.peers.remove(&id);
        self.venue.disconnected(id, close);
    }

    fn answer(&mut self) {
        let mut request = [0; 64];
        loop {
            match self.requests.recv_from(&mut request) {
                Ok((count, from)) => {
                    if let Ok(answer) = self.venue.request(&request[..count]) {
                        // The requester asks again if this one gets lost.
                        let _ = self.requests.send_to(&answer, from);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // Such as an answer that nobody was there to take: the next request may be a good one.
                Err(_) => {}
            }
        }
    }

    /// Does what the venue wants done.
    fn deliver(&mut self) {
        while let Some(output) = self.venue.output() {
            match output {
                Output::Packet { line, bytes } => self.publish(line, &bytes),
                Output::Bytes { client, bytes } => {
                    if let Some(peer) = self.peers.get_mut(&client) {
                        peer.pending.extend_from_slice(&bytes);
                        self.flush(client);
                    }
                }
                Output::Close { client } => {
                    if let Some(peer) = self.peers.get_mut(&client) {
                        peer.is_closing = true;
                        self.flush(client);
                    }
                }
            }
        }
    }

    fn publish(&mut self, line: usize, bytes: &[u8]) {
        let Some((socket, to)) = &self.lines[line] else { return };
        match socket.send_to(bytes, to) {
            Ok(_) => self.sent.packets[line] += 1,
            Err(_) => self.sent.refused[line] += 1,
        }
    }

    /// Writes what the client takes; a connection that is to end ends behind the last byte.
    fn flush(&mut self, id: u64) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let (mut written, mut is_broken) = (0, false);
        while written < peer.pending.len() {
            match peer.socket.write(&peer.pending[written..]) {
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    is_broken = error.kind() != ErrorKind::WouldBlock;
                    break;
                }
            }
        }
        peer.pending.drain(..written);
        if is_broken {
            return self.drop_peer(id, Close::Broken);
        }
        if peer.is_closing && peer.gone_at.is_none() && peer.pending.is_empty() {
            peer.gone_at = Some(Instant::now());
            // A connection that is gone already needs no end.
            let _ = peer.socket.shutdown(Shutdown::Write);
        }
        self.venue.hold(id, peer.pending.len() > PENDING_MAX);
    }
}

fn in_use(option: &str, address: SocketAddr) -> String {
    format!("--{option} {address}: cannot be used; give an address of this machine and a free port, or port 0 for any")
}

/// A socket that sends to `to`. The system takes the interface of a group from the address that it is bound to.
fn open_line(interface: IpAddr, to: SocketAddr) -> anyhow::Result<(UdpSocket, SocketAddr)> {
    let describe = || format!("--interface {interface}: no socket to {to}; give an address of this machine of its kind");
    let socket = UdpSocket::bind((interface, 0)).with_context(describe)?;
    if to.ip().is_multicast() {
        socket.set_multicast_ttl_v4(TIME_TO_LIVE).with_context(describe)?;
    }
    // A full queue of the interface loses a packet; it must not stop the clients.
    socket.set_nonblocking(true).with_context(describe)?;
    Ok((socket, to))
}
