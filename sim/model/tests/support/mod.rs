//! A bench for tests of the model: messages, frames and commands typed from the exchange's documents,
//! and a card loaded with two instruments.
#![allow(dead_code)] // Each test file uses its own part.
use riposte_device::{Card, Frame, Output};
use riposte_map::{
    counter::Counter,
    reason::Reason,
    shm::{Command, Event, EventKind, Opcode},
};
use riposte_model::Model;
use std::path::PathBuf;

pub const LOCATE: u16 = 13;
pub const OTHER_LOCATE: u16 = 14;
pub const GROUP: u32 = 0xe936_0c6f;
pub const PORT: u16 = 26477;
/// A frame's first word is shown so many cycles behind its port.
pub const SHOWN: u64 = 1;
/// Words of the order image: 54 bytes of headers and 56 of SoupBinTCP and OUCH.
pub const IMAGE_WORDS: u64 = 14;
pub const PAYLOAD_BYTES: u64 = 56;

/// Enter Order of a real session with its SoupBinTCP framing (PROTOCOLS.md, 5.4): T 225 CVLT @ 63.02,
/// UserRefNum 0x71, Firm LIME.
pub const ENTER: &str = "0036554f0000007154000000e143564c54202020200000000000099db83059414e4e4838465542384956202020202020000605024c494d45";

pub fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&text[i..i + 2], 16).expect("hex"))
        .collect()
}

fn head(code: u8, locate: u16) -> Vec<u8> {
    let mut message = vec![code];
    message.extend(locate.to_be_bytes());
    message.extend([0; 8]);
    message
}

pub fn add(locate: u16, reference: u64, side: u8, shares: u32, price_e4: u32) -> Vec<u8> {
    let mut message = head(b'A', locate);
    message.extend(reference.to_be_bytes());
    message.push(side);
    message.extend(shares.to_be_bytes());
    message.extend(b"AAPL    ");
    message.extend(price_e4.to_be_bytes());
    message
}

pub fn add_mpid(locate: u16, reference: u64, side: u8, shares: u32, price_e4: u32) -> Vec<u8> {
    let mut message = add(locate, reference, side, shares, price_e4);
    message[0] = b'F';
    message.extend(b"LIME");
    message
}

pub fn executed(locate: u16, reference: u64, shares: u32) -> Vec<u8> {
    let mut message = head(b'E', locate);
    message.extend(reference.to_be_bytes());
    message.extend(shares.to_be_bytes());
    message.extend([0; 8]);
    message
}

pub fn executed_price(
    locate: u16,
    reference: u64,
    shares: u32,
    printable: u8,
    price_e4: u32,
) -> Vec<u8> {
    let mut message = executed(locate, reference, shares);
    message[0] = b'C';
    message.push(printable);
    message.extend(price_e4.to_be_bytes());
    message
}

pub fn cancel(locate: u16, reference: u64, shares: u32) -> Vec<u8> {
    let mut message = head(b'X', locate);
    message.extend(reference.to_be_bytes());
    message.extend(shares.to_be_bytes());
    message
}

pub fn delete(locate: u16, reference: u64) -> Vec<u8> {
    let mut message = head(b'D', locate);
    message.extend(reference.to_be_bytes());
    message
}

pub fn replace(locate: u16, reference: u64, new: u64, shares: u32, price_e4: u32) -> Vec<u8> {
    let mut message = head(b'U', locate);
    message.extend(reference.to_be_bytes());
    message.extend(new.to_be_bytes());
    message.extend(shares.to_be_bytes());
    message.extend(price_e4.to_be_bytes());
    message
}

pub fn trade(locate: u16, shares: u32, price_e4: u32) -> Vec<u8> {
    let mut message = add(locate, 0, b'B', shares, price_e4);
    message[0] = b'P';
    message.extend([0; 8]);
    message
}

pub fn action(locate: u16, state: u8) -> Vec<u8> {
    let mut message = head(b'H', locate);
    message.extend(b"AAPL    ");
    message.extend([state, b' ']);
    message.extend(b"    ");
    message
}

pub fn system(code: u8) -> Vec<u8> {
    let mut message = head(b'S', 0);
    message.push(code);
    message
}

/// Message blocks: length and data each.
pub fn blocks(messages: &[Vec<u8>]) -> Vec<u8> {
    let length = |message: &Vec<u8>| (message.len() as u16).to_be_bytes();
    messages.iter().flat_map(|m| length(m).into_iter().chain(m.iter().copied())).collect()
}

/// An untagged frame of the feed.
pub fn frame_of(session: &[u8; 10], sequence: u64, count: u16, blocks: &[u8]) -> Vec<u8> {
    let udp = 28 + blocks.len() as u16;
    let mut bytes = vec![0; 62];
    bytes[12..15].copy_from_slice(&[0x08, 0x00, 0x45]);
    bytes[16..18].copy_from_slice(&(udp + 20).to_be_bytes());
    bytes[20] = 0x40; // Do not fragment.
    bytes[23] = 17;
    bytes[30..34].copy_from_slice(&GROUP.to_be_bytes());
    bytes[36..38].copy_from_slice(&PORT.to_be_bytes());
    bytes[38..40].copy_from_slice(&udp.to_be_bytes());
    bytes[42..52].copy_from_slice(session);
    bytes[52..60].copy_from_slice(&sequence.to_be_bytes());
    bytes[60..62].copy_from_slice(&count.to_be_bytes());
    bytes.extend(blocks);
    bytes
}

/// The same frame with an 802.1Q tag.
pub fn tagged(frame: &[u8]) -> Vec<u8> {
    [&frame[..12], &[0x81, 0x00, 0x00, 0x8d], &frame[12..]].concat()
}

pub const SESSION: &[u8; 10] = b"TESTS     ";

/// A card, what came out of it and the next sequence number of its feed.
pub struct Bench {
    pub card: Model,
    pub output: Output,
    pub sequence: u64,
}

pub fn args(opcode: Opcode, args: &[u64]) -> Command {
    let mut command = Command { opcode: opcode as u8, ..Command::default() };
    command.args[..args.len()].copy_from_slice(args);
    command
}

pub fn value(opcode: Opcode, value: u32) -> Command {
    Command { opcode: opcode as u8, value, ..Command::default() }
}

/// Condition codes of four rules and their thresholds.
pub fn rules(instrument: u8, conditions: [u8; 4], thresholds: [u32; 4]) -> Command {
    let [a, b, c, d] = thresholds.map(u64::from);
    let conditions = u64::from(u32::from_le_bytes(conditions));
    let command = args(Opcode::WriteRules, &[conditions, a | b << 32, c | d << 32]);
    Command { instrument, ..command }
}

/// Of the live collar: permits all.
pub const REACH_ALL: u64 = 0xffff_ffff;

/// Tick size and lot of 1.
pub const UNITS: u64 = units(1, 1);

/// A number of ticks and one of lots, or how large these are.
pub const fn units(tick: u32, lot: u32) -> u64 {
    tick as u64 | (lot as u64) << 32
}

/// Limits of an instrument; those that are not named permit all.
pub fn instrument(
    index: u8,
    locate: u16,
    enabled: bool,
    maximum: u32,
    low: u32,
    high: u32,
) -> Command {
    let sides = 0b111 << 17;
    let first = u64::from(locate) | u64::from(enabled) << 16 | sides;
    let limits = u64::from(maximum) | u64::from(low) << 32;
    Command {
        instrument: index,
        ..args(Opcode::WriteInstrument, &[first, limits, u64::from(high) | REACH_ALL << 32, u64::MAX, 0, UNITS])
    }
}

pub const SOURCE: [u8; 4] = [10, 0, 0, 1];
pub const DESTINATION: [u8; 4] = [10, 0, 0, 2];

/// One's complement sum.
pub fn sum16(bytes: &[u8]) -> u16 {
    let mut sum: u32 =
        bytes.chunks(2).map(|w| u32::from(w[0]) << 8 | u32::from(*w.get(1).unwrap_or(&0))).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

/// Sum of a TCP segment of an order frame and its pseudo-header: 0xffff when its checksum is right.
pub fn tcp_sum(frame: &[u8]) -> u16 {
    let mut bytes =
        [&SOURCE[..], &DESTINATION, &[0, 6], &((frame.len() - 34) as u16).to_be_bytes()].concat();
    bytes.extend(&frame[34..]);
    sum16(&bytes)
}

/// The golden order as a template: headers, payload, and nothing in the fields that the card fills.
pub fn image() -> Vec<u8> {
    let mut image = vec![0; 54];
    image[12..15].copy_from_slice(&[0x08, 0x00, 0x45]);
    image[23] = 6;
    image[26..30].copy_from_slice(&SOURCE);
    image[30..34].copy_from_slice(&DESTINATION);
    image[34..38].copy_from_slice(&[0x30, 0x39, 0x1f, 0x90]);
    image[46..50].copy_from_slice(&[0x50, 0x18, 0xff, 0xff]);
    image.extend(hex(ENTER));
    for field in [38..46, 50..52, 58..67, 75..83] {
        image[field].fill(0);
    }
    image
}

/// Commands that write the golden template with the given fields.
pub fn template(instrument: u8, rule: u8, quantity: u32, price_e4: u32) -> Vec<Command> {
    let image = image();
    let partial = u64::from(tcp_sum(&image));
    let fields = u64::from(b'T') | IMAGE_WORDS << 8 | 6 << 16 | PAYLOAD_BYTES << 24 | partial << 32;
    let order = u64::from(quantity) | u64::from(price_e4) << 32;
    let mut commands = vec![args(Opcode::WriteTemplate, &[order, fields, 1, (1 << 48) - 1, units(price_e4, quantity)])];
    for (index, word) in image.chunks(8).enumerate() {
        let mut bytes = [0xee; 8]; // What lies behind the last byte must not matter.
        bytes[..word.len()].copy_from_slice(word);
        let word = args(Opcode::WriteImage, &[u64::from_le_bytes(bytes)]);
        commands.push(Command { index: index as u8, ..word });
    }
    commands.iter().map(|c| Command { instrument, rule, ..*c }).collect()
}

/// Limits of the gate: one order in `interval` cycles, `saved` of them saved up, decisions as old as `age` cycles.
pub fn gate_limits(interval: u32, saved: u16, age: u16) -> Command {
    args(Opcode::WriteGate, &[u64::from(interval) | u64::from(saved) << 32 | u64::from(age) << 48])
}

/// What rests: the dearest buy, the cheapest sell, and how many orders of the card are in it.
pub fn resting(buy: u32, sell: u32, orders: u32) -> Command {
    args(Opcode::Resting, &[u64::from(buy) | u64::from(sell) << 32, orders.into()])
}

/// Grants of whatever can be granted, and a host that is heard for ever.
pub fn grants() -> Vec<Command> {
    let [orders, worth] = [u64::from(u32::MAX >> 1), u64::MAX >> 1];
    let mut commands = vec![
        args(Opcode::Credit, &[worth, orders | orders << 32]),
        args(Opcode::Heartbeat, &[(1 << 48) - 1]),
    ];
    for instrument in 0..2 {
        let lease = args(Opcode::Lease, &[orders | orders << 32]);
        commands.push(Command { instrument, ..lease });
        commands.push(Command { instrument, ..resting(0, u32::MAX, 0) });
        let repeat = value(Opcode::Repeat, orders as u32);
        commands.extend((0..4).map(|rule| Command { instrument, rule, ..repeat }));
    }
    commands
}

/// One whole parameter set: two instruments, the rules of the first, its templates.
pub fn parameters(conditions: [u8; 4], thresholds: [u32; 4]) -> Vec<Command> {
    let mut commands = vec![
        args(Opcode::WriteFeed, &[u64::from(GROUP) | u64::from(PORT) << 32, 0, 0, u32::MAX.into()]),
        gate_limits(1, u16::MAX, u16::MAX),
        instrument(0, LOCATE, true, 1_000, 1, 2_000_000),
        instrument(1, OTHER_LOCATE, true, 1_000, 1, 2_000_000),
        rules(0, conditions, thresholds),
    ];
    for rule in 0..4 {
        commands.extend(template(0, rule, 225, 630_200));
    }
    commands
}

impl Bench {
    /// A card out of reset.
    pub fn bare() -> Bench {
        Bench { card: Model::new(), output: Output::default(), sequence: 1 }
    }

    /// Loaded as generation 1, valid, armed, session set, both instruments trading; outputs taken.
    pub fn new(conditions: [u8; 4], thresholds: [u32; 4]) -> Bench {
        let mut bench = Bench::bare();
        bench.commands(&parameters(conditions, thresholds));
        bench.commands(&[
            value(Opcode::Commit, 1),
            args(Opcode::Validate, &[0xffff]),
            args(Opcode::Session, &[0x0102_0304_0506_0708, 0x71]),
            value(Opcode::Arm, 0),
        ]);
        bench.commands(&grants());
        bench.show(&[action(LOCATE, b'T'), action(OTHER_LOCATE, b'T')]);
        bench.events();
        bench
    }

    pub fn commands(&mut self, commands: &[Command]) {
        for command in commands {
            self.card.schedule(self.card.cycle(), command);
            self.card.idle(1);
        }
        self.card.idle(4);
    }

    /// Shows messages in one frame, in sequence.
    pub fn show(&mut self, messages: &[Vec<u8>]) {
        let count = messages.len() as u16;
        let frame = frame_of(SESSION, self.sequence, count, &blocks(messages));
        self.sequence += u64::from(count);
        self.card.frame(&Frame::new(&frame, 7));
    }

    /// Shows a frame as it is.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.card.frame(&Frame::new(bytes, 7));
    }

    /// Lets everything settle and takes the events.
    pub fn events(&mut self) -> Vec<Event> {
        self.card.idle(2_000);
        self.card.drain(&mut self.output);
        std::mem::take(&mut self.output.events)
    }

    /// Kind and reason of the events since they were last taken.
    pub fn reasons(&mut self) -> Vec<(EventKind, Reason)> {
        let read =
            |e: &Event| (e.kind().expect("a known kind"), e.reason().expect("a known reason"));
        self.events().iter().map(read).collect()
    }

    pub fn count(&mut self, counter: Counter) -> u32 {
        self.counters()[counter as usize]
    }

    /// As many as there are when what was shown is decoded.
    pub fn live_orders(&mut self) -> usize {
        self.card.idle(4);
        self.card.live_orders()
    }

    /// As they stand when what was shown has counted.
    pub fn counters(&mut self) -> [u32; Counter::COUNT] {
        self.card.idle(4);
        self.card.counters()
    }
}

/// A file of the real data, or `None`, said aloud, where it is absent.
pub fn data(path: &str) -> Option<Vec<u8>> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let file = std::env::var_os("RIPOSTE_DATA").map_or_else(beside, PathBuf::from).join(path);
    let bytes = std::fs::read(&file).ok();
    if bytes.is_none() {
        println!("skipped: {} is absent", file.display());
    }
    bytes
}
