//! A parameter set as commands, made from the contract's table by hand, not by the host's configuration code.
use crate::random::Random;
use riposte_map::{
    limits::{INSTRUMENTS, RULES},
    shm::{Command, Condition, Opcode},
};

pub const GROUP: u32 = u32::from_be_bytes([233, 54, 12, 111]);
pub const PORT: u16 = 26_477;

/// One order rule of one instrument.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    pub condition: Condition,
    pub threshold: u32,
    pub side: u8,
    pub quantity: u32,
    pub price_e4: u32,
}

/// Limits and rules of one instrument.
#[derive(Clone, Copy, Debug)]
pub struct Instrument {
    pub locate: u16,
    pub enabled: bool,
    pub quantity_max: u32,
    pub collar_e4: (u32, u32),
    pub rules: [Option<Rule>; RULES],
}

pub fn command(opcode: Opcode, instrument: usize, rule: usize, index: usize, value: u32, args: &[u64]) -> Command {
    let mut command = Command {
        opcode: opcode as u8,
        instrument: instrument as u8,
        rule: rule as u8,
        index: index as u8,
        value,
        ..Command::default()
    };
    command.args[..args.len()].copy_from_slice(args);
    command
}

/// Ethernet, IPv4, TCP, SoupBinTCP and OUCH 5.0 Enter Order with the patched fields zero: 104 bytes. Offsets are
/// from RFC 791, RFC 793 and the exchange's documents.
pub fn image(symbol: &[u8; 8]) -> [u8; 104] {
    let mut frame = [0; 104];
    frame[..12].copy_from_slice(&[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1]);
    frame[12..14].copy_from_slice(&[8, 0]);
    frame[14..34].copy_from_slice(&[
        0x45, 0, 0, 90, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
    ]);
    let header = !sum16(&frame[14..34]);
    frame[24..26].copy_from_slice(&header.to_be_bytes());
    frame[34..38].copy_from_slice(&[0x9c, 0x40, 0x1f, 0x43]);
    frame[46..50].copy_from_slice(&[0x50, 0x18, 0xff, 0xff]);
    frame[54..58].copy_from_slice(&[0, 48, b'U', b'O']);
    frame[67..75].copy_from_slice(symbol);
    frame[83..88].copy_from_slice(b"3YPNN");
    frame[88..102].copy_from_slice(b"RIPOSTE       ");
    frame
}

/// One's complement sum of big-endian 16-bit words, not complemented.
pub fn sum16(bytes: &[u8]) -> u16 {
    let mut sum = 0u32;
    for pair in bytes.chunks(2) {
        sum += u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0));
    }
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

/// Sum of all that the card does not patch: TCP header and payload, and the pseudo header.
pub fn partial_sum(frame: &[u8]) -> u16 {
    let mut bytes = frame[26..34].to_vec();
    bytes.extend_from_slice(&[0, 6]);
    bytes.extend_from_slice(&((frame.len() - 34) as u16).to_be_bytes());
    bytes.extend_from_slice(&frame[34..]);
    sum16(&bytes)
}

fn template(instrument: usize, rule: usize, order: Option<&Rule>) -> Vec<Command> {
    let Some(order) = order else {
        return vec![command(Opcode::WriteTemplate, instrument, rule, 0, 0, &[])];
    };
    let frame = image(b"TEST    ");
    let words = frame.len().div_ceil(8) as u64;
    let last = (frame.len() - (words as usize - 1) * 8) as u64;
    let layout = u64::from(order.side)
        | words << 8
        | last << 16
        | (frame.len() as u64 - 54) << 24
        | u64::from(partial_sum(&frame)) << 32;
    let numbers = u64::from(order.quantity) | u64::from(order.price_e4) << 32;
    let mut commands = vec![command(Opcode::WriteTemplate, instrument, rule, 0, 0, &[numbers, layout])];
    for (index, chunk) in frame.chunks(8).enumerate() {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        commands.push(command(Opcode::WriteImage, instrument, rule, index, 0, &[u64::from_le_bytes(word)]));
    }
    commands
}

/// The whole set, ending with its commit.
pub fn parameters(instruments: &[Instrument], generation: u32) -> Vec<Command> {
    let mut commands =
        vec![command(Opcode::WriteFeed, 0, 0, 0, 0, &[u64::from(GROUP) | u64::from(PORT) << 32])];
    for at in 0..INSTRUMENTS {
        let Some(instrument) = instruments.get(at) else {
            commands.push(command(Opcode::WriteInstrument, at, 0, 0, 0, &[]));
            commands.push(command(Opcode::WriteRules, at, 0, 0, 0, &[]));
            continue;
        };
        let identity = u64::from(instrument.locate) | u64::from(instrument.enabled) << 16;
        let (low, high) = instrument.collar_e4;
        let limits = [identity, u64::from(instrument.quantity_max) | u64::from(low) << 32, u64::from(high)];
        commands.push(command(Opcode::WriteInstrument, at, 0, 0, 0, &limits));
        let mut row = [0u64; 3];
        for (index, rule) in instrument.rules.iter().enumerate() {
            if let Some(rule) = rule {
                row[0] |= (rule.condition as u64) << (8 * index);
                row[1 + index / 2] |= u64::from(rule.threshold) << (32 * (index % 2));
            }
            commands.extend(template(at, index, rule.as_ref()));
        }
        commands.push(command(Opcode::WriteRules, at, 0, 0, 0, &row));
    }
    commands.push(command(Opcode::Commit, 0, 0, 0, generation, &[]));
    commands
}

/// Session, books valid, armed: what a desk does once its parameters are in force.
pub fn opening(instruments: usize) -> Vec<Command> {
    let mask = (1u64 << instruments) - 1;
    vec![
        command(Opcode::Session, 0, 0, 0, 0, &[1000 | 2000 << 32, 1]),
        command(Opcode::Validate, 0, 0, 0, 0, &[mask]),
        command(Opcode::Arm, 0, 0, 0, 0, &[]),
        command(Opcode::Trace, 0, 0, 0, 1, &[]),
    ]
}

const CONDITIONS: [Condition; 8] = [
    Condition::BidAtLeast, Condition::BidAtMost, Condition::AskAtLeast, Condition::AskAtMost,
    Condition::SpreadAtLeast, Condition::SpreadAtMost, Condition::TradeAtLeast, Condition::TradeAtMost,
];

/// Random limits and rules around `price_e4` for each locate.
pub fn random_instruments(random: &mut Random, locates: &[u16], price_e4: u32) -> Vec<Instrument> {
    let near = |random: &mut Random| price_e4 - 1000 + random.below(21) as u32 * 100;
    locates
        .iter()
        .map(|&locate| {
            let rules = std::array::from_fn(|_| {
                let condition = random.pick(&CONDITIONS);
                let is_spread = matches!(condition, Condition::SpreadAtLeast | Condition::SpreadAtMost);
                let threshold = if is_spread { random.below(12) as u32 * 100 } else { near(random) };
                let order = Rule {
                    condition,
                    threshold,
                    side: random.pick(b"BST"),
                    quantity: random.pick(&[0, 1, 100, 300, 900]),
                    price_e4: near(random),
                };
                (!random.once_in(4)).then_some(order)
            });
            Instrument {
                locate,
                enabled: !random.once_in(8),
                quantity_max: random.pick(&[0, 300, 1000, 1000]),
                collar_e4: random.pick(&[(0, 0), (price_e4 - 800, price_e4 + 800), (0, u32::MAX)]),
                rules,
            }
        })
        .collect()
}

/// The same instruments, enabled and without a collar, with every rule firing on every print.
pub fn eager(mut instruments: Vec<Instrument>, quantity_max: u32) -> Vec<Instrument> {
    for one in &mut instruments {
        *one = Instrument { enabled: true, quantity_max, collar_e4: (0, u32::MAX), ..*one };
        for rule in one.rules.iter_mut().flatten() {
            *rule = Rule { condition: Condition::TradeAtLeast, threshold: 0, ..*rule };
        }
    }
    instruments
}
