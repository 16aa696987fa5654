//! Connections of clients to the order session, the drop copy and snapshots, and what faults do to them.

use std::collections::VecDeque;

use super::{Ending, Output, PORTS, Port, Venue};
use crate::{
    ouch::Inbound,
    soup::{Close, Connection, Event, Stream, Terms},
};

/// Bytes of sequenced messages written to a client in one go.
const PUMP_BYTES: usize = 64 * 1024;
/// Pause between the two segments of an answer that was cut.
const SEGMENT_PAUSE_NS: u64 = 3_000_000;

#[derive(Clone, Debug)]
pub(super) struct Client {
    port: Port,
    connection: Connection,
    /// A snapshot, from the login on: each client has its own. All others have the stream of their port.
    snapshot: Option<Stream>,
    /// Bytes with the time at which they go; times do not decrease.
    out: VecDeque<(u64, Vec<u8>)>,
    /// Set when the connection ends behind what is in `out`.
    is_closing: bool,
    /// Set while the client does not take what it was sent.
    is_held: bool,
}

impl Client {
    pub fn due_ns(&self, terms: &[Terms; PORTS], streams: &[Stream; PORTS]) -> Option<u64> {
        match self.out.front() {
            Some((due_ns, _)) => Some(*due_ns),
            None if self.is_closing => Some(0),
            None if self.is_held => None,
            None => self.connection.due_ns(&terms[self.port as usize], self.stream(streams)),
        }
    }

    fn stream<'a>(&'a self, streams: &'a [Stream; PORTS]) -> &'a Stream {
        self.snapshot.as_ref().unwrap_or(&streams[self.port as usize])
    }

    /// Nothing more comes of the day; a stream of its port ends for itself.
    pub fn end(&mut self) {
        self.snapshot.as_mut().into_iter().for_each(Stream::end);
    }

    /// Bytes go behind those that are waiting.
    fn write(&mut self, now_ns: u64, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            let floor = self.out.back().map_or(0, |(due_ns, _)| *due_ns);
            self.out.push_back((now_ns.max(floor), bytes));
        }
    }
}

impl Venue {
    /// A client has connected; returns its number.
    pub fn connect(&mut self, now_ns: u64, port: Port) -> u64 {
        self.clients_ever += 1;
        self.sessions.connections += 1;
        let client = Client {
            port,
            connection: Connection::new(now_ns),
            snapshot: None,
            out: VecDeque::new(),
            is_closing: false,
            is_held: false,
        };
        self.clients.insert(self.clients_ever, client);
        self.clients_ever
    }

    /// A client's connection is gone; a packet that was not whole is gone with it.
    pub fn disconnected(&mut self, id: u64, close: Close) {
        if let Some(client) = self.clients.remove(&id)
            && !client.is_closing
        {
            self.count_close(close);
        }
    }

    /// Holds back what the client gets until it has taken what was sent.
    pub fn hold(&mut self, id: u64, is_held: bool) {
        if let Some(client) = self.clients.get_mut(&id) {
            client.is_held = is_held;
        }
    }

    /// Takes bytes of a client.
    pub fn receive(&mut self, now_ns: u64, id: u64, bytes: &[u8]) {
        let mut bytes = bytes;
        loop {
            let Some(client) = self.clients.get_mut(&id) else { return };
            let (at, mut out) = (client.port as usize, Vec::new());
            let stream = client.snapshot.as_ref().unwrap_or(&self.streams[at]);
            let event = client.connection.receive(now_ns, bytes, &self.terms[at], stream, &mut out);
            client.write(now_ns, out);
            bytes = &[];
            match event {
                None => break,
                Some(Event::LoggedIn { .. }) => self.logged_in(now_ns, id),
                Some(Event::Data(message)) if self.ending == Ending::Open => self.message(now_ns, id, &message),
                // Whoever was told already that the session has ended would never hear of it.
                Some(Event::Data(_)) => self.sessions.late += 1,
                Some(Event::Close(close)) => self.closing(id, close),
            }
        }
        self.carry(now_ns);
        self.serve(now_ns);
    }

    fn logged_in(&mut self, now_ns: u64, id: u64) {
        self.sessions.logins += 1;
        let Some(client) = self.clients.get_mut(&id) else { return };
        let port = client.port;
        if port == Port::Snapshot {
            let mut snapshot = Stream::default();
            self.ledger.snapshot().into_iter().for_each(|message| snapshot.push(message, now_ns));
            client.snapshot = Some(snapshot);
            if self.ending != Ending::Open {
                client.end();
            }
            return;
        }
        if port.is_drop_copy() {
            return;
        }
        // A client that comes back must not wait until its dead connection times out.
        let older = self.clients.iter().filter(|(other, client)| is_older(**other, client, (id, port)));
        let older: Vec<u64> = older.map(|(other, _)| *other).collect();
        older.into_iter().for_each(|other| self.close(now_ns, other, Close::Displaced));
        if self.began_ns.is_none() {
            self.began_ns = Some(now_ns);
        }
    }

    /// An OUCH message: the exchange takes it, and faults may strike.
    fn message(&mut self, now_ns: u64, id: u64, message: &[u8]) {
        let message = match Inbound::decode(message) {
            Ok(message) => message,
            Err(error) => return self.close(now_ns, id, Close::Message(error)),
        };
        let Some(account) = self.clients.get(&id).map(|client| client.port.account()) else { return };
        let is_order = matches!(message, Inbound::EnterOrder(_) | Inbound::ReplaceOrder(_));
        if is_order && self.reject.strikes(&mut self.random) {
            self.faults.rejects += 1;
            self.exchange.account(account).refuse(&message);
        } else {
            self.exchange.account(account).take(&message);
        }
        self.settle(now_ns);
        if is_order && self.disconnect.strikes(&mut self.random) {
            self.faults.disconnects += 1;
            self.cut(now_ns, id);
        }
    }

    /// Writes some of the answer, perhaps half a packet, and ends the connection.
    fn cut(&mut self, now_ns: u64, id: u64) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        let (at, mut out) = (client.port as usize, Vec::new());
        client.connection.pump(now_ns, &self.terms[at], &self.streams[at], PUMP_BYTES, &mut out);
        out.truncate(self.random.below(out.len() as u64 + 1) as usize);
        client.write(now_ns, out);
        client.connection.close(Close::Fault, &mut Vec::new());
        self.closing(id, Close::Fault);
    }

    fn close(&mut self, now_ns: u64, id: u64, close: Close) {
        if let Some(client) = self.clients.get_mut(&id) {
            let mut out = Vec::new();
            client.connection.close(close, &mut out);
            client.write(now_ns, out);
            self.closing(id, close);
        }
    }

    fn closing(&mut self, id: u64, close: Close) {
        if let Some(client) = self.clients.get_mut(&id)
            && !client.is_closing
        {
            client.is_closing = true;
            self.count_close(close);
        }
    }

    fn count_close(&mut self, close: Close) {
        *self.sessions.closed.entry(close.to_string()).or_default() += 1;
    }

    /// Writes what clients are owed by now.
    pub(super) fn serve(&mut self, now_ns: u64) {
        let ids: Vec<u64> = self.clients.keys().copied().collect();
        for id in ids {
            self.serve_one(now_ns, id);
        }
    }

    fn serve_one(&mut self, now_ns: u64, id: u64) {
        self.hand_out(now_ns, id);
        self.pump(now_ns, id);
        self.hand_out(now_ns, id);
        if self.clients.get(&id).is_some_and(|client| client.is_closing && client.out.is_empty()) {
            self.clients.remove(&id);
            self.outputs.push_back(Output::Close { client: id });
        }
    }

    /// Lets the session say what it has to say, unless the client has not yet got what it said before.
    fn pump(&mut self, now_ns: u64, id: u64) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        if client.is_held || client.is_closing || !client.out.is_empty() {
            return;
        }
        let (at, mut out) = (client.port as usize, Vec::new());
        let stream = client.snapshot.as_ref().unwrap_or(&self.streams[at]);
        let is_data = client.connection.lacks(now_ns, stream);
        // Also at the end: who has just come back may have missed what was told before it.
        let closed = client.connection.pump(now_ns, &self.terms[at], stream, PUMP_BYTES, &mut out);
        let takes_orders = !client.port.is_drop_copy() && client.port != Port::Snapshot;
        if takes_orders && is_data && self.partial.strikes(&mut self.random) {
            self.faults.partials += 1;
            let rest = out.split_off(1 + self.random.below(out.len() as u64 - 1) as usize);
            client.write(now_ns, out);
            client.out.push_back((now_ns + SEGMENT_PAUSE_NS, rest));
        } else {
            client.write(now_ns, out);
        }
        if let Some(close) = closed {
            self.closing(id, close);
        }
    }

    /// Hands out bytes whose time has come.
    fn hand_out(&mut self, now_ns: u64, id: u64) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        while let Some((_, bytes)) = client.out.pop_front_if(|(due_ns, _)| *due_ns <= now_ns) {
            self.outputs.push_back(Output::Bytes { client: id, bytes });
        }
    }

    /// Ends connections that did not end by themselves.
    pub(super) fn cut_off_all(&mut self) {
        for (id, client) in std::mem::take(&mut self.clients) {
            if !client.is_closing {
                self.count_close(Close::Broken);
            }
            self.outputs.push_back(Output::Close { client: id });
        }
    }
}

/// Whether `client`, numbered `other`, is an order session of the same account that was logged in before `id`.
fn is_older(other: u64, client: &Client, (id, port): (u64, Port)) -> bool {
    other != id && client.port == port && client.connection.is_logged_in()
}
