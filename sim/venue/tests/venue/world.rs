//! A venue on a clock of its own, and what each of its clients has seen of it.
use riposte_venue::{
    Config, Output, Port, Setup, Venue,
    faults::script,
    ouch::*,
    soup::{Framer, Packet, kind, packet},
};
use std::collections::BTreeMap;

pub const MS: u64 = 1_000_000;
pub const SECOND: u64 = 1_000 * MS;

pub fn number(bytes: &[u8], at: usize, size: usize) -> u64 {
    bytes[at..at + size].iter().fold(0, |value, &byte| value << 8 | u64::from(byte))
}

/// A client's connection as it sees it.
#[derive(Default)]
pub struct Seen {
    pub framer: Framer,
    pub packets: Vec<Packet>,
    pub chunks: Vec<(u64, Vec<u8>)>,
    pub is_closed: bool,
}

impl Seen {
    pub fn kinds(&self) -> String {
        self.packets.iter().map(|packet| char::from(packet.kind)).collect()
    }

    pub fn sequenced(&self) -> Vec<Outbound> {
        let data = self.packets.iter().filter(|packet| packet.kind == kind::SEQUENCED);
        data.map(|packet| Outbound::decode(&packet.payload).unwrap()).collect()
    }

    /// Type letters of the messages.
    pub fn letters(&self) -> String {
        self.sequenced().iter().map(|message| char::from(message.encode()[0])).collect()
    }
}

/// A venue on a clock that jumps from one thing to do to the next.
pub struct World {
    pub venue: Venue,
    pub now_ns: u64,
    pub seen: BTreeMap<u64, Seen>,
    pub packets: [Vec<(u64, Vec<u8>)>; 2],
}

pub fn setup(seed: u64, rate: u64, faults: &str) -> Setup {
    let config = Config { seed, instruments: 2, messages: 20_000 };
    Setup { script: script(faults).unwrap(), ..Setup::new(config, rate, "RIPO", "riposte") }
}

impl World {
    pub fn new(seed: u64, rate: u64, faults: &str) -> World {
        World::of(setup(seed, rate, faults))
    }

    pub fn of(setup: Setup) -> World {
        let venue = Venue::new(setup).unwrap();
        World { venue, now_ns: 0, seen: BTreeMap::new(), packets: Default::default() }
    }

    pub fn collect(&mut self) {
        while let Some(output) = self.venue.output() {
            match output {
                Output::Packet { line, bytes } => self.packets[line].push((self.now_ns, bytes)),
                Output::Bytes { client, bytes } => {
                    let seen = self.seen.entry(client).or_default();
                    assert!(!seen.is_closed, "bytes behind the end");
                    seen.framer.push(&bytes);
                    seen.packets.extend(std::iter::from_fn(|| seen.framer.packet().unwrap()));
                    seen.chunks.push((self.now_ns, bytes));
                }
                Output::Close { client } => self.seen.entry(client).or_default().is_closed = true,
            }
        }
    }

    pub fn run(&mut self, for_ns: u64) {
        let until_ns = self.now_ns + for_ns;
        loop {
            self.venue.advance(self.now_ns);
            self.collect();
            let due_ns = self.venue.due_ns();
            if due_ns > until_ns {
                break;
            }
            self.now_ns = due_ns.max(self.now_ns);
        }
        self.now_ns = until_ns;
    }

    pub fn run_to_end(&mut self) {
        for _ in 0..10_000 {
            if self.venue.is_over() {
                return;
            }
            self.run(SECOND / 4);
            self.keep_alive();
        }
        panic!("the venue does not end");
    }

    pub fn keep_alive(&mut self) {
        let open: Vec<u64> = self.seen.iter().filter(|(_, seen)| !seen.is_closed).map(|(id, _)| *id).collect();
        open.into_iter().for_each(|id| self.give(id, &packet(kind::CLIENT_HEARTBEAT, b"")));
    }

    pub fn give(&mut self, id: u64, bytes: &[u8]) {
        self.venue.receive(self.now_ns, id, bytes);
        self.collect();
    }

    pub fn log_in(&mut self, port: Port, next: usize) -> u64 {
        let id = self.venue.connect(self.now_ns, port);
        self.seen.entry(id).or_default();
        self.give(id, &packet(kind::LOGIN, format!("{:<6}{:<10}{:10}{next:>20}", "RIPO", "riposte", "").as_bytes()));
        assert!(self.seen[&id].kinds().starts_with('A'), "{:?}", self.seen[&id].packets);
        id
    }

    /// Logs in again if the connection was cut, behind the messages that were seen.
    pub fn come_back(&mut self, id: u64, seen: &mut Vec<Outbound>) -> u64 {
        if !self.seen[&id].is_closed {
            return id;
        }
        seen.extend(self.seen[&id].sequenced());
        self.log_in(Port::Orders, seen.len() + 1)
    }

    pub fn order(&mut self, id: u64, message: impl Into<Inbound>) {
        self.give(id, &packet(kind::UNSEQUENCED, &message.into().encode()));
    }

    /// Messages of a line's packets by sequence number; asserts that nothing comes in two versions.
    pub fn messages(&self, line: usize) -> BTreeMap<u64, Vec<u8>> {
        let mut messages = BTreeMap::new();
        for (_, bytes) in &self.packets[line] {
            for (sequence, message) in blocks(bytes) {
                let before = messages.insert(sequence, message.clone());
                assert!(before.is_none_or(|before| before == message), "two messages {sequence}");
            }
        }
        messages
    }
}

/// Sequence number and message of each block of a packet.
pub fn blocks(packet: &[u8]) -> Vec<(u64, Vec<u8>)> {
    assert!(packet.len() <= 1400 && packet.starts_with(b"VENUE"));
    let (first, count) = (number(packet, 10, 8), number(packet, 18, 2));
    let (mut at, mut found) = (20, Vec::new());
    for sequence in first..first + if count == 0xffff { 0 } else { count } {
        let length = number(packet, at, 2) as usize;
        found.push((sequence, packet[at + 2..at + 2 + length].to_vec()));
        at += 2 + length;
    }
    assert_eq!(at, packet.len());
    found
}

pub fn enter(user_ref: u32, side: u8, quantity: u32, price_e4: u64) -> EnterOrder {
    EnterOrder { time_in_force: b'3', ..EnterOrder::plain(user_ref, side, quantity, *b"AAPL    ", price_e4) }
}

/// Takes the best of the other side.
pub fn take(user_ref: u32, side: u8) -> EnterOrder {
    enter(user_ref, side, 1, MARKET_PRICE_E4)
}
