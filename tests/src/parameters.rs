//! A parameter set as commands, made from the contract's table by hand, not by the host's configuration code.
use crate::random::Random;
use riposte_map::{
    limits::{HOST_RULE, INSTRUMENTS, RULES, TERMS},
    shm::{Action, Command, Condition, Opcode},
};

pub const GROUP: u32 = u32::from_be_bytes([233, 54, 12, 111]);
pub const PORT: u16 = 26_477;
/// Of line B.
pub const GROUP_B: u32 = 0xe936_0d6f;
pub const PORT_B: u16 = 26478;

/// What the whole card may do in a time.
#[derive(Clone, Copy, Debug)]
pub struct Gate {
    /// Cycles for one order of the throttle, and orders that may be saved up.
    pub interval_cycles: u32,
    pub saved_max: u16,
    /// Of these, how many are for mass cancels alone.
    pub kept: u16,
    pub age_cycles_max: u16,
}

impl Gate {
    /// Permits all that can be permitted.
    pub const WIDE: Gate = Gate { interval_cycles: 1, saved_max: u16::MAX, kept: 0, age_cycles_max: u16::MAX };
}

/// One order rule of one instrument.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    pub condition: Condition,
    pub threshold: u32,
    /// Second and third term; off: there is none.
    pub further: [(Condition, u32); TERMS - 1],
    pub action: Action,
    /// `C`: a mass cancel.
    pub side: u8,
    pub quantity: u32,
    pub price_e4: u32,
    pub cool_down_cycles: u64,
    pub lifetime_cycles: u64,
    /// What of it does not trade at once never rests.
    pub is_immediate: bool,
}

impl Rule {
    /// Never holds and sends nothing; may send at any time.
    pub const WIDE: Rule = Rule {
        condition: Condition::Off,
        threshold: 0,
        further: [(Condition::Off, 0); TERMS - 1],
        action: Action::Order,
        side: b'B',
        quantity: 0,
        price_e4: 0,
        cool_down_cycles: 1,
        lifetime_cycles: FOR_EVER_CYCLES,
        is_immediate: false,
    };

    fn term(&self, index: usize) -> (Condition, u32) {
        if index == 0 { (self.condition, self.threshold) } else { self.further[index - 1] }
    }
}

/// Bits of the sides that an instrument permits.
pub const BUY: u8 = 1;
pub const SELL: u8 = 2;
pub const SELL_SHORT: u8 = 4;
pub const CANCEL: u8 = 8;
pub const ALL_SIDES: u8 = BUY | SELL | SELL_SHORT | CANCEL;
/// Reach of a live collar that permits all.
pub const ANY_REACH: u32 = u32::MAX;

/// Limits and rules of one instrument.
#[derive(Clone, Copy, Debug)]
pub struct Instrument {
    pub locate: u16,
    pub enabled: bool,
    pub sides: u8,
    pub quantity_max: u32,
    pub collar_e4: (u32, u32),
    pub reach_e4: u32,
    pub value_max: u64,
    pub tick_e4: u32,
    pub lot: u32,
    /// Cycles of the window of its metrics over time; 0: it has none.
    pub window_cycles: u32,
    pub rules: [Option<Rule>; RULES],
}

impl Instrument {
    /// Permits all that can be permitted, and has no rule.
    pub const WIDE: Instrument = Instrument {
        locate: 0,
        enabled: true,
        sides: ALL_SIDES,
        quantity_max: u32::MAX,
        collar_e4: (0, u32::MAX),
        reach_e4: ANY_REACH,
        value_max: u64::MAX,
        tick_e4: 1,
        lot: 1,
        window_cycles: 0,
        rules: [None; RULES],
    };
    /// What a reset leaves.
    pub const UNSET: Instrument = Instrument {
        enabled: false,
        sides: 0,
        quantity_max: 0,
        collar_e4: (0, 0),
        reach_e4: 0,
        value_max: 0,
        tick_e4: 0,
        lot: 0,
        ..Instrument::WIDE
    };
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

/// As `image`, with a Mass Cancel of firm LIME in `symbol`, which has no appendage: 74 bytes.
pub fn cancel_image(symbol: &[u8; 8]) -> [u8; 74] {
    let mut frame = [0; 74];
    frame[..54].copy_from_slice(&image(symbol)[..54]);
    frame[16..18].copy_from_slice(&[0, 60]);
    frame[24..26].fill(0);
    let header = !sum16(&frame[14..34]);
    frame[24..26].copy_from_slice(&header.to_be_bytes());
    frame[54..58].copy_from_slice(&[0, 18, b'U', b'C']);
    frame[62..66].copy_from_slice(b"LIME");
    frame[66..].copy_from_slice(symbol);
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

/// In whole units of tick size and lot, as far as its price and quantity are.
fn template(instrument: usize, rule: usize, [tick_e4, lot]: [u32; 2], order: Option<&Rule>) -> Vec<Command> {
    let Some(order) = order else {
        return vec![command(Opcode::WriteTemplate, instrument, rule, 0, 0, &[])];
    };
    let frame = if order.side == b'C' { cancel_image(b"TEST    ").to_vec() } else { image(b"TEST    ").to_vec() };
    let words = frame.len().div_ceil(8) as u64;
    let last = (frame.len() - (words as usize - 1) * 8) as u64;
    let layout = u64::from(order.side)
        | words << 8
        | last << 16
        | (frame.len() as u64 - 54) << 24
        | u64::from(partial_sum(&frame)) << 32
        | u64::from(order.is_immediate) << 48;
    let numbers = u64::from(order.quantity) | u64::from(order.price_e4) << 32;
    let units = units(order.price_e4.checked_div(tick_e4).unwrap_or(0), order.quantity.checked_div(lot).unwrap_or(0));
    let row = [numbers, layout, order.cool_down_cycles, order.lifetime_cycles, units];
    let mut commands = vec![command(Opcode::WriteTemplate, instrument, rule, 0, 0, &row)];
    for (index, chunk) in frame.chunks(8).enumerate() {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        commands.push(command(Opcode::WriteImage, instrument, rule, index, 0, &[u64::from_le_bytes(word)]));
    }
    commands
}

/// Every term of an instrument's rules.
fn write_rules(at: usize, rules: &[Option<Rule>; RULES]) -> impl Iterator<Item = Command> {
    (0..TERMS).map(move |term| {
        let mut row = [0u64; 4];
        for (index, rule) in rules.iter().enumerate() {
            if let Some(rule) = rule {
                let (condition, threshold) = rule.term(term);
                row[0] |= (condition as u64) << (8 * index);
                row[1 + index / 2] |= u64::from(threshold) << (32 * (index % 2));
                row[3] |= (rule.action as u64) << (8 * index);
            }
        }
        command(Opcode::WriteRules, at, 0, term, 0, &row)
    })
}

pub fn write_gate(limits: &Gate) -> Command {
    let Gate { interval_cycles, saved_max, kept, age_cycles_max } = *limits;
    let row = u64::from(interval_cycles) | u64::from(saved_max) << 32 | u64::from(age_cycles_max) << 48;
    command(Opcode::WriteGate, 0, 0, 0, 0, &[row, kept.into()])
}

/// The whole set without a limit in time, ending with its commit.
pub fn parameters(instruments: &[Instrument], generation: u32) -> Vec<Command> {
    parameters_within(&Gate::WIDE, instruments, generation)
}

/// The whole set, ending with its commit.
pub fn parameters_within(limits: &Gate, instruments: &[Instrument], generation: u32) -> Vec<Command> {
    let mut commands = vec![
        command(Opcode::WriteFeed, 0, 0, 0, 0, &[u64::from(GROUP) | u64::from(PORT) << 32, 0, 0, u32::MAX.into()]),
        write_gate(limits),
    ];
    for at in 0..INSTRUMENTS {
        let Some(instrument) = instruments.get(at) else {
            commands.push(command(Opcode::WriteInstrument, at, 0, 0, 0, &[]));
            commands.extend(write_rules(at, &[None; RULES]));
            continue;
        };
        let permitted = u64::from(instrument.enabled) << 16 | u64::from(instrument.sides) << 17;
        let (low, high) = instrument.collar_e4;
        let limits = [
            u64::from(instrument.locate) | permitted,
            u64::from(instrument.quantity_max) | u64::from(low) << 32,
            u64::from(high) | u64::from(instrument.reach_e4) << 32,
            instrument.value_max,
            u64::from(instrument.window_cycles),
            u64::from(instrument.tick_e4) | u64::from(instrument.lot) << 32,
        ];
        commands.push(command(Opcode::WriteInstrument, at, 0, 0, 0, &limits));
        for (index, rule) in instrument.rules.iter().enumerate() {
            commands.extend(template(at, index, [instrument.tick_e4, instrument.lot], rule.as_ref()));
        }
        commands.extend(write_rules(at, &instrument.rules));
    }
    commands.push(command(Opcode::Commit, 0, 0, 0, generation, &[]));
    commands
}

/// The feed of a set is silent behind so many cycles without a packet.
pub fn with_silence(set: &mut [Command], cycles: u32) {
    for row in set.iter_mut().filter(|row| row.opcode == Opcode::WriteFeed as u8) {
        row.args[3] = cycles.into();
    }
}

/// The most that can be left of a grant of 32 bits.
pub const MOST: u32 = u32::MAX >> 1;
/// Longer than any test.
const FOR_EVER_CYCLES: u64 = (1 << 48) - 1;

/// Price in ticks and quantity in lots, as commands have them.
pub fn units(ticks: u32, lots: u32) -> u64 {
    u64::from(ticks) | u64::from(lots) << 32
}

/// An order of the host, with ticks and lots of 1.
pub fn order(instrument: usize, side: u8, quantity: u32, price_e4: u32) -> Command {
    let terms = u64::from(quantity) | u64::from(price_e4) << 32;
    command(Opcode::Order, instrument, 0, 0, 0, &[terms, u64::from(side), 0, 0, units(price_e4, quantity)])
}

/// Buys and sells that an instrument may have sent.
pub fn lease(instrument: usize, buys: u32, sells: u32) -> Command {
    command(Opcode::Lease, instrument, 0, 0, 0, &[u64::from(buys) | u64::from(sells) << 32])
}

/// Value and orders, for the open and for the unacknowledged ones, that the card may have sent.
pub fn credit(value: u64, open: u32, unacknowledged: u32) -> Command {
    command(Opcode::Credit, 0, 0, 0, 0, &[value, u64::from(open) | u64::from(unacknowledged) << 32])
}

/// Orders that a rule may have sent.
pub fn repeat(instrument: usize, rule: usize, orders: u32) -> Command {
    command(Opcode::Repeat, instrument, rule, 0, orders, &[])
}

/// Where orders of ours rest: the dearest buy, the cheapest sell, and how many orders of the card are in it.
pub fn resting(instrument: usize, buy: u32, sell: u32, orders: u32) -> Command {
    command(Opcode::Resting, instrument, 0, 0, 0, &[u64::from(buy) | u64::from(sell) << 32, orders.into()])
}

pub fn heartbeat(cycles: u64) -> Command {
    command(Opcode::Heartbeat, 0, 0, 0, 0, &[cycles])
}

/// Everything that can be granted, nothing that rests whatever is sent, and a host that is heard for ever.
pub fn grants(instruments: usize) -> Vec<Command> {
    let mut commands = vec![heartbeat(FOR_EVER_CYCLES), credit(u64::MAX >> 1, MOST, MOST)];
    for at in 0..instruments {
        commands.extend([lease(at, MOST, MOST), resting(at, 0, u32::MAX, MOST)]);
        commands.extend((0..RULES).map(|rule| repeat(at, rule, MOST)));
    }
    commands
}

/// Session, books valid, everything granted, armed: what a desk does once its parameters are in force.
pub fn opening(instruments: usize) -> Vec<Command> {
    let mask = (1u64 << instruments) - 1;
    let mut commands = grants(instruments);
    commands.extend([
        command(Opcode::Session, 0, 0, 0, 0, &[1000 | 2000 << 32, 1]),
        command(Opcode::Validate, 0, 0, 0, 0, &[mask]),
        command(Opcode::Arm, 0, 0, 0, 0, &[]),
        command(Opcode::Trace, 0, 0, 0, 1, &[]),
    ]);
    commands
}

/// Random limits in time: wide, tight or unset.
pub fn random_gate(random: &mut Random) -> Gate {
    Gate {
        interval_cycles: random.pick(&[1, 1, 1, 1, 20, 100, 700, 0]),
        saved_max: random.pick(&[u16::MAX, u16::MAX, 9, 3, 1, 1, 1, 0]),
        kept: random.pick(&[0, 0, 0, 0, 0, 1, 2, 8, u16::MAX]),
        age_cycles_max: random.pick(&[u16::MAX, u16::MAX, u16::MAX, 200, 30, 12, 8, 0]),
    }
}

/// Random quantities, collars and rules around `price_e4` for each locate, wide in everything else.
pub fn random_instruments(random: &mut Random, locates: &[u16], price_e4: u32) -> Vec<Instrument> {
    let near = |random: &mut Random| price_e4 - 1000 + random.below(21) as u32 * 100;
    let term = |random: &mut Random| {
        let condition = random.pick(&Condition::ALL);
        let threshold = match condition {
            Condition::SpreadAtLeast | Condition::SpreadAtMost => random.below(12) as u32 * 100,
            _ if condition.is_rate() => 1 + random.below(8) as u32,
            _ if condition.is_over_time() => random.below(6) as u32 * 100,
            _ if condition.is_size() => random.pick(&[0, 1, 99, 100, 200, 300, 500, u32::MAX]),
            _ => near(random),
        };
        (condition, threshold)
    };
    locates
        .iter()
        .map(|&locate| {
            let rules = std::array::from_fn(|_| {
                let (condition, threshold) = term(random);
                let further = std::array::from_fn(|_| if random.once_in(3) { term(random) } else { (Condition::Off, 0) });
                let order = Rule {
                    condition,
                    threshold,
                    further,
                    action: random.pick(&[Action::Order, Action::Order, Action::Order, Action::Order, Action::Notify]),
                    side: random.pick(b"BSTBSTBSTC"),
                    quantity: random.pick(&[0, 1, 100, 300, 900]),
                    price_e4: near(random),
                    ..Rule::WIDE
                };
                (!random.once_in(4)).then_some(order)
            });
            Instrument {
                locate,
                enabled: !random.once_in(8),
                quantity_max: random.pick(&[0, 300, 1000, 1000]),
                collar_e4: random.pick(&[(0, 0), (price_e4 - 800, price_e4 + 800), (0, u32::MAX)]),
                window_cycles: random.pick(&[0, 1, 2, 3, 4, 9, 25, 80, 300, 300, 1000, 1000, 4000, u32::MAX]),
                rules,
                ..Instrument::WIDE
            }
        })
        .collect()
}

/// The same instruments with random limits of every other kind, wide, tight or unset, and sides that there are not.
pub fn tightened(random: &mut Random, mut instruments: Vec<Instrument>, price_e4: u32) -> Vec<Instrument> {
    for one in &mut instruments {
        if let Some(last) = &mut one.rules[HOST_RULE]
            && random.once_in(2)
        {
            last.condition = Condition::Host;
        }
        if let Some(first) = &mut one.rules[0]
            && random.once_in(4)
        {
            first.action = Action::Halt;
        }
        one.sides = random.pick(&[ALL_SIDES, ALL_SIDES, ALL_SIDES, BUY, SELL, BUY | SELL, SELL_SHORT, CANCEL, 0]);
        one.reach_e4 = random.pick(&[ANY_REACH, ANY_REACH, ANY_REACH, ANY_REACH, ANY_REACH - 1, 700, 200, 0]);
        one.value_max = random.pick(&[u64::MAX, u64::MAX, u64::MAX, 300 * u64::from(price_e4), 0]);
        (one.tick_e4, one.lot) = random.pick(&[(1, 1), (1, 1), (1, 1), (1, 1), (100, 100), (100, 1), (1, 200), (250, 1), (0, 1), (1, 0)]);
        for rule in one.rules.iter_mut().flatten() {
            rule.side = random.pick(&[rule.side, rule.side, rule.side, rule.side, rule.side, b'E', b'E', b'X']);
            rule.cool_down_cycles = random.pick(&[1, 1, 1, 1, 20, 150, 3_000, 0]);
            rule.lifetime_cycles = random.pick(&[FOR_EVER_CYCLES, FOR_EVER_CYCLES, FOR_EVER_CYCLES, FOR_EVER_CYCLES, 2_000, 0]);
            rule.is_immediate = random.once_in(2);
        }
    }
    instruments
}

/// The same instruments with no other limit than on the quantity, with every rule firing on every print.
pub fn eager(mut instruments: Vec<Instrument>, quantity_max: u32) -> Vec<Instrument> {
    for one in &mut instruments {
        *one = Instrument { quantity_max, locate: one.locate, rules: one.rules, ..Instrument::WIDE };
        for rule in one.rules.iter_mut().flatten() {
            *rule = Rule { condition: Condition::TradeAtLeast, threshold: 0, further: Rule::WIDE.further, ..*rule };
        }
    }
    instruments
}
