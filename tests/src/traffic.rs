//! Random ITCH traffic that keeps a card busy: few prices, dense references, faults as ratios.
use crate::{
    messages::blocks,
    parameters::{GROUP, PORT, command},
    random::Random,
};
use riposte_map::{
    limits::{level_row, order_bucket},
    shm::{Command, Opcode, Row},
};

/// How often what goes wrong: once in so many messages or packets; 0 never.
#[derive(Clone, Copy, Debug)]
pub struct Faults {
    pub lost_packet: u64,
    pub repeated_packet: u64,
    pub overlapping_packet: u64,
    pub bad_fcs: u64,
    pub cut_frame: u64,
    pub broken_header: u64,
    pub broken_block: u64,
    pub wrong_reference: u64,
    /// An order on the wrong side of the mid price, which crosses the book or fills it from both sides.
    pub crossing_order: u64,
    /// A message one byte shorter or longer than its type.
    pub wrong_length: u64,
    pub end_of_session: u64,
    pub heartbeat: u64,
    /// A heartbeat that tells of packets that were lost, or one that is late.
    pub wrong_heartbeat: u64,
    /// A packet that comes behind the next one.
    pub reordered_packet: u64,
    pub other_session: u64,
    /// An order of so many shares that its level saturates.
    pub huge_order: u64,
    pub stalled_frame: u64,
}

impl Faults {
    pub const NONE: Faults = Faults {
        lost_packet: 0,
        repeated_packet: 0,
        overlapping_packet: 0,
        bad_fcs: 0,
        cut_frame: 0,
        broken_header: 0,
        broken_block: 0,
        wrong_reference: 0,
        crossing_order: 0,
        wrong_length: 0,
        end_of_session: 0,
        heartbeat: 0,
        wrong_heartbeat: 0,
        reordered_packet: 0,
        other_session: 0,
        huge_order: 0,
        stalled_frame: 0,
    };
    pub const MANY: Faults = Faults {
        lost_packet: 60,
        repeated_packet: 30,
        overlapping_packet: 30,
        bad_fcs: 40,
        cut_frame: 40,
        broken_header: 20,
        broken_block: 40,
        wrong_reference: 100,
        crossing_order: 200,
        wrong_length: 600,
        end_of_session: 120,
        heartbeat: 20,
        wrong_heartbeat: 100,
        reordered_packet: 60,
        other_session: 200,
        huge_order: 400,
        stalled_frame: 4,
    };

    /// What makes one book invalid and leaves the channel alone.
    pub const BOOK: Faults =
        Faults { wrong_reference: 300, crossing_order: 600, huge_order: 100, stalled_frame: 4, ..Faults::NONE };

    /// About half of the faults of `MANY`: which of them, `random` says.
    pub fn some(random: &mut Random) -> Faults {
        let mut faults = Faults::MANY;
        let Faults {
            lost_packet, repeated_packet, overlapping_packet, bad_fcs, cut_frame, broken_header, broken_block,
            wrong_reference, crossing_order, wrong_length, end_of_session, heartbeat, wrong_heartbeat,
            reordered_packet, other_session, huge_order, stalled_frame,
        } = &mut faults;
        for fault in [
            lost_packet, repeated_packet, overlapping_packet, bad_fcs, cut_frame, broken_header, broken_block,
            wrong_reference, crossing_order, wrong_length, end_of_session, heartbeat, wrong_heartbeat,
            reordered_packet, other_session, huge_order, stalled_frame,
        ] {
            if random.once_in(2) {
                *fault = 0;
            }
        }
        faults
    }
}

/// Types of ITCH 5.0 that change no book, with their lengths (PROTOCOLS.md, 5.3).
const PASSED_OVER: [(u8, usize); 13] = [
    (b'R', 39), (b'Y', 20), (b'L', 26), (b'V', 35), (b'W', 12), (b'K', 28), (b'J', 35), (b'h', 21), (b'Q', 40),
    (b'B', 19), (b'I', 50), (b'N', 20), (b'O', 48),
];
/// The session of the feed, and one that is not.
const SESSION: &[u8; 10] = b"RIPOSTE001";
const OTHER_SESSION: &[u8; 10] = b"RIPOSTE002";

/// A frame with what the card's driver needs beside its bytes.
#[derive(Clone, Debug)]
pub struct Piece {
    pub bytes: Vec<u8>,
    pub time_ns: u64,
    pub fcs_good: bool,
    pub stalls: u64,
    /// Idle cycles before it.
    pub gap: u64,
}

struct Live {
    locate: u16,
    reference: u64,
    shares: u32,
    buys: bool,
    price_e4: u32,
}

/// An endless source of packets on a few instruments around one price.
pub struct Traffic {
    random: Random,
    locates: Vec<u16>,
    price_e4: u32,
    /// Prices of orders, in steps around `price_e4`.
    prices: Vec<u32>,
    /// If any, references are drawn from these.
    references: Vec<u64>,
    /// Twelfths of the messages that are prints.
    prints: u64,
    /// What takes shares off an order: E, C, X, D, U.
    changes: &'static [u8],
    /// Whether frames follow each other without an idle cycle.
    back_to_back: bool,
    faults: Faults,
    live: Vec<Live>,
    live_max: usize,
    next_reference: u64,
    sequence: u64,
    time_ns: u64,
    tagged: bool,
    last_packet: Vec<u8>,
    /// A packet that comes behind the next one.
    held: Option<Vec<u8>>,
}

fn happens(random: &mut Random, once_in: u64) -> bool {
    once_in != 0 && random.once_in(once_in)
}

impl Traffic {
    pub fn new(seed: u64, locates: &[u16], price_e4: u32, faults: Faults) -> Traffic {
        Traffic {
            random: Random::new(seed),
            locates: locates.to_vec(),
            price_e4,
            prices: (0..21).map(|step| price_e4 - 1000 + step * 100).collect(),
            references: Vec::new(),
            prints: 1,
            changes: b"ECXDDDU",
            back_to_back: false,
            faults,
            live: Vec::new(),
            live_max: 300,
            next_reference: seed % 97 + 1,
            sequence: 1,
            time_ns: 34_200_000_000_000,
            tagged: seed % 2 == 1,
            last_packet: Vec::new(),
            held: None,
        }
    }

    /// References of one bucket in both banks: the order table overflows.
    pub fn crowd_orders(mut self) -> Traffic {
        self.references = alike(1, 40);
        self
    }

    /// Prices of one row of the level table, more than it has room for.
    pub fn crowd_levels(mut self) -> Traffic {
        let row = level_row(self.price_e4);
        let near = self.price_e4 - 3000..self.price_e4 + 3000;
        self.prices = near.filter(|price| price % 4 == 0 && level_row(*price) == row).collect();
        self
    }

    /// Nearly every message is a print.
    pub fn mostly_prints(mut self) -> Traffic {
        self.prints = 10;
        self
    }

    /// Orders are replaced, and replaced again.
    pub fn mostly_replaces(mut self) -> Traffic {
        self.changes = b"UUUUUUUUXD";
        self
    }

    /// No idle cycle between frames nor inside one.
    pub fn back_to_back(mut self) -> Traffic {
        self.back_to_back = true;
        self
    }

    fn head(&mut self, code: u8, locate: u16, length: usize) -> Vec<u8> {
        let mut message = vec![0; length];
        message[0] = code;
        message[1..3].copy_from_slice(&locate.to_be_bytes());
        message[5..11].copy_from_slice(&self.time_ns.to_be_bytes()[2..]);
        message
    }

    fn price(&mut self) -> u32 {
        self.random.pick(&self.prices)
    }

    /// A price that rests on this side without crossing, as far as the faults allow.
    fn side_price(&mut self, buys: bool) -> u32 {
        let crosses = happens(&mut self.random, self.faults.crossing_order);
        loop {
            let price = self.price();
            if price == self.price_e4 || (price < self.price_e4) == (buys != crosses) {
                return price;
            }
        }
    }

    fn fresh_reference(&mut self) -> u64 {
        if !self.references.is_empty() && self.random.once_in(2) {
            let crowded = self.random.pick(&self.references);
            if self.live.iter().all(|live| live.reference != crowded) {
                return crowded;
            }
        }
        self.next_reference += 1 + self.random.below(9);
        if self.random.once_in(50) { self.next_reference << 32 | self.next_reference } else { self.next_reference }
    }

    fn add(&mut self) -> Vec<u8> {
        let locate = self.random.pick(&self.locates);
        let reference = if happens(&mut self.random, self.faults.wrong_reference) && !self.live.is_empty() {
            self.live[0].reference
        } else {
            self.fresh_reference()
        };
        let with_mpid = self.random.once_in(10);
        let shares: u32 = if happens(&mut self.random, self.faults.wrong_reference * 4) {
            0
        } else if happens(&mut self.random, self.faults.huge_order) {
            u32::MAX - self.random.below(3) as u32
        } else {
            self.random.pick(&[1, 100, 200, 500])
        };
        let buys = self.random.once_in(2);
        let price = self.side_price(buys);
        let mut message = self.head(if with_mpid { b'F' } else { b'A' }, locate, if with_mpid { 40 } else { 36 });
        message[11..19].copy_from_slice(&reference.to_be_bytes());
        message[19] = if buys { b'B' } else { b'S' };
        message[20..24].copy_from_slice(&shares.to_be_bytes());
        message[24..32].copy_from_slice(b"TEST    ");
        message[32..36].copy_from_slice(&price.to_be_bytes());
        self.live.push(Live { locate, reference, shares, buys, price_e4: price });
        message
    }

    /// Takes shares off a live order: E, C, X or D; or replaces it.
    fn change(&mut self) -> Vec<u8> {
        let at = self.random.below(self.live.len() as u64) as usize;
        let Live { locate, reference, shares: open, buys, .. } = self.live[at];
        let code = self.random.pick(self.changes);
        let wrong = happens(&mut self.random, self.faults.wrong_reference);
        let reference = if wrong { reference ^ 0x5000 } else { reference };
        let length = match code {
            b'E' => 31,
            b'C' => 36,
            b'X' => 23,
            b'D' => 19,
            _ => 35,
        };
        let mut message = self.head(code, locate, length);
        message[11..19].copy_from_slice(&reference.to_be_bytes());
        let whole = self.random.once_in(3);
        let taken = if whole { open } else { open / 2 };
        match code {
            b'E' | b'C' | b'X' => {
                let extra = u32::from(happens(&mut self.random, self.faults.wrong_reference));
                message[19..23].copy_from_slice(&taken.saturating_add(extra).to_be_bytes());
                if code == b'C' {
                    message[31] = self.random.pick(b"YYN");
                    let price = self.price();
                    message[32..36].copy_from_slice(&price.to_be_bytes());
                }
                self.live[at].shares -= taken;
                if self.live[at].shares == 0 {
                    self.live.swap_remove(at);
                }
            }
            b'U' => {
                let (fresh, price) = (self.fresh_reference(), self.side_price(buys));
                let shares = self.random.pick(&[1u32, 100, 300]);
                message[19..27].copy_from_slice(&fresh.to_be_bytes());
                message[27..31].copy_from_slice(&shares.to_be_bytes());
                message[31..35].copy_from_slice(&price.to_be_bytes());
                self.live[at] = Live { locate, reference: fresh, shares, buys, price_e4: price };
            }
            _ => drop(self.live.swap_remove(at)),
        }
        message
    }

    fn other(&mut self) -> Vec<u8> {
        let locate = self.random.pick(&self.locates);
        match self.random.below(6) {
            0 => {
                let mut message = self.head(b'S', 0, 12);
                message[11] = self.random.pick(b"OSQMEC");
                message
            }
            1 => {
                let mut message = self.head(b'H', locate, 25);
                message[11..19].copy_from_slice(b"TEST    ");
                message[19] = self.random.pick(b"TTTTHPQ");
                message
            }
            2 | 3 => {
                let (code, length) = self.random.pick(&PASSED_OVER);
                self.head(code, locate, length)
            }
            4 => {
                let length = 12 + self.random.below(200) as usize;
                self.head(b'!', locate, length)
            }
            _ => self.head(b'A', 60_000, 36),
        }
    }

    fn trade(&mut self) -> Vec<u8> {
        let locate = self.random.pick(&self.locates);
        let mut message = self.head(b'P', locate, 44);
        message[19] = b'B';
        message[20..24].copy_from_slice(&100u32.to_be_bytes());
        let price = self.price();
        message[32..36].copy_from_slice(&price.to_be_bytes());
        message
    }

    fn message(&mut self) -> Vec<u8> {
        let adds = self.live.len() < self.live_max && (self.live.len() < 4 || self.random.once_in(2));
        match self.random.below(12) {
            0 => self.other(),
            part if part <= self.prints => self.trade(),
            _ if adds => self.add(),
            _ => self.change(),
        }
    }

    /// The books as they stand in front of the next packet, as rows of a restoration; and that packet's sequence number.
    pub fn snapshot(&mut self) -> (u64, Vec<Command>) {
        self.held = None;
        let row = |instrument: usize, what: Row, args: &[u64]| command(Opcode::Row, instrument, 0, what as usize, 0, args);
        let states = (0..self.locates.len()).map(|at| row(at, Row::State, &[0, 0, b'T'.into()]));
        let orders = self.live.iter().map(|order| {
            let at = self.locates.iter().position(|locate| *locate == order.locate).expect("one of them");
            let numbers = u64::from(order.shares) | u64::from(order.price_e4) << 32;
            row(at, Row::Add, &[order.reference, numbers, if order.buys { b'B' } else { b'S' }.into()])
        });
        (self.sequence, states.chain(orders).collect())
    }

    /// A row that removes one of the live orders, which is then not there any more.
    pub fn removal(&mut self) -> Option<Command> {
        let order = self.live.pop()?;
        let at = self.locates.iter().position(|locate| *locate == order.locate)?;
        Some(command(Opcode::Row, at, 0, Row::Remove as usize, 0, &[order.reference]))
    }

    /// The first packet: every instrument trades.
    pub fn opening(&mut self) -> Piece {
        let locates = self.locates.clone();
        let trading = |locate| {
            let mut message = self.head(b'H', locate, 25);
            message[19] = b'T';
            message
        };
        let messages: Vec<Vec<u8>> = locates.into_iter().map(trading).collect();
        let bytes = self.frame(1, messages.len() as u16, &blocks(&messages));
        self.sequence += messages.len() as u64;
        Piece { bytes, time_ns: self.time_ns, fcs_good: true, stalls: 0, gap: 40 }
    }

    pub fn frame(&self, sequence: u64, count: u16, body: &[u8]) -> Vec<u8> {
        packet(self.tagged, sequence, count, body)
    }

    /// The next packet, with whatever happens to it on the way.
    pub fn piece(&mut self) -> Piece {
        self.time_ns += self.random.below(2000);
        let mut piece = Piece {
            bytes: self.bytes(),
            time_ns: self.time_ns,
            fcs_good: !happens(&mut self.random, self.faults.bad_fcs),
            stalls: 0,
            gap: if self.back_to_back { 0 } else { self.random.pick(&[0, 0, 1, 3, 30]) },
        };
        if happens(&mut self.random, self.faults.stalled_frame) {
            piece.stalls = self.random.draw() & self.random.draw();
        }
        if happens(&mut self.random, self.faults.cut_frame) {
            let length = 1 + self.random.below(piece.bytes.len() as u64) as usize;
            piece.bytes.truncate(length);
        }
        if happens(&mut self.random, self.faults.broken_header) {
            let at = self.random.pick(&[12, 14, 16, 17, 20, 21, 23, 30, 33, 36, 38, 39, 45, 59, 60, 61]);
            if let Some(byte) = piece.bytes.get_mut(at) {
                *byte ^= 1 << self.random.below(8);
            }
        }
        piece
    }

    fn bytes(&mut self) -> Vec<u8> {
        if let Some(held) = self.held.take() {
            return held;
        }
        if happens(&mut self.random, self.faults.heartbeat) {
            return self.frame(self.sequence, 0, &[]);
        }
        if happens(&mut self.random, self.faults.wrong_heartbeat) {
            let told = self.sequence - 1 + self.random.below(4);
            self.sequence = self.sequence.max(told);
            return self.frame(told, 0, &[]);
        }
        if happens(&mut self.random, self.faults.other_session) {
            let at = 42 + if self.tagged { 4 } else { 0 };
            let before = self.sequence;
            let mut frame = self.next_packet();
            self.sequence = before;
            frame[at..at + 10].copy_from_slice(OTHER_SESSION);
            return frame;
        }
        if happens(&mut self.random, self.faults.reordered_packet) {
            self.held = Some(self.next_packet());
        }
        self.next_packet()
    }

    /// The next packet, the last one again, or the end of the session.
    fn next_packet(&mut self) -> Vec<u8> {
        if happens(&mut self.random, self.faults.end_of_session) {
            return self.frame(self.sequence, 0xffff, &[]);
        }
        if happens(&mut self.random, self.faults.repeated_packet) && !self.last_packet.is_empty() {
            return self.last_packet.clone();
        }
        let count = 1 + self.random.below(12);
        let mut body = vec![];
        for _ in 0..count {
            let mut message = self.message();
            if happens(&mut self.random, self.faults.wrong_length) {
                let length = message.len() - 1 + 2 * self.random.below(2) as usize;
                message.resize(length, 0);
            }
            push_block(&mut body, &message);
        }
        if happens(&mut self.random, self.faults.broken_block) {
            let at = self.random.below(body.len() as u64) as usize;
            body[at] = self.random.draw() as u8;
        }
        let mut first = self.sequence;
        if happens(&mut self.random, self.faults.lost_packet) {
            first += 1 + self.random.below(4);
        } else if happens(&mut self.random, self.faults.overlapping_packet) {
            first -= self.random.below(4.min(first));
        }
        self.sequence = self.sequence.max(first + count);
        self.last_packet = self.frame(first, count as u16, &body);
        self.last_packet.clone()
    }
}

/// References, `first` and those behind it, that share its buckets in both banks: more than its `ORDER_BANKS * ORDER_WAYS` slots overflow the order table.
pub fn alike(first: u64, count: usize) -> Vec<u64> {
    let buckets = |reference| [order_bucket(0, reference), order_bucket(1, reference)];
    (first..).filter(|&reference| buckets(reference) == buckets(first)).take(count).collect()
}

pub fn push_block(body: &mut Vec<u8>, message: &[u8]) {
    body.extend_from_slice(&(message.len() as u16).to_be_bytes());
    body.extend_from_slice(message);
}

/// Ethernet, perhaps a VLAN tag, IPv4, UDP and MoldUDP64 around `body`.
pub fn packet(tagged: bool, sequence: u64, count: u16, body: &[u8]) -> Vec<u8> {
    let mut frame = vec![1, 0, 0x5e, 0x36, 12, 111, 2, 0, 0, 0, 0, 9];
    if tagged {
        frame.extend_from_slice(&[0x81, 0, 0, 141]);
    }
    let udp_bytes = 28 + body.len() as u16;
    frame.extend_from_slice(&[8, 0, 0x45, 0]);
    frame.extend_from_slice(&(udp_bytes + 20).to_be_bytes());
    frame.extend_from_slice(&[0, 1, 0x40, 0, 16, 17, 0, 0, 10, 1, 1, 1]);
    frame.extend_from_slice(&GROUP.to_be_bytes());
    frame.extend_from_slice(&[0x9c, 0x40]);
    frame.extend_from_slice(&PORT.to_be_bytes());
    frame.extend_from_slice(&udp_bytes.to_be_bytes());
    frame.extend_from_slice(&[0, 0]);
    frame.extend_from_slice(SESSION);
    frame.extend_from_slice(&sequence.to_be_bytes());
    frame.extend_from_slice(&count.to_be_bytes());
    frame.extend_from_slice(body);
    frame
}
