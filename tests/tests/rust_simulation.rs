//! Kernels mean the same in Rust and in Verilog: rust-hdl's simulation of the whole card against Verilator, every
//! output port of every block compared in every cycle. What the audit does not know would show here.
use riposte_card::{RiposteCard, block_port_values, block_ports, card};
use riposte_device::{Card, Frame};
use riposte_map::{limits::{CLEAR_CYCLES, RESET_CYCLES, RESUME_CYCLES, ROW_CYCLES}, shm::{Command, Opcode}};
use riposte_tests::{
    lines::to_line_b,
    parameters::{GROUP_B, PORT_B, command, opening, parameters, random_instruments},
    random::Random,
    traffic::{Faults, Traffic},
};
use riposte_verilated::Verilated;
use rust_hdl::prelude::*;
use std::collections::VecDeque;

/// Data, bytes, last, bad.
type Word = (u64, u8, bool, bool);
/// Receive time of every frame of line B.
const TIME_B_NS: u64 = 34_200_000_000_001;

/// Both simulations of one card.
struct Pair {
    rust: Box<RiposteCard>,
    verilated: Verilated,
    /// Words of line B that are still to be shown, with their cycle.
    words_b: VecDeque<(u64, Word)>,
    names: Vec<(String, usize)>,
    cycle: u64,
    compared: u64,
}

impl Pair {
    /// After a reset whose sweep ends at the same place in both.
    fn new() -> Pair {
        let mut pair =
            Pair {
                rust: Box::new(card()),
                verilated: Verilated::open(),
                words_b: VecDeque::new(),
                names: block_ports(),
                cycle: 0,
                compared: 0,
            };
        pair.rust.reset.next = true;
        while pair.cycle < RESET_CYCLES || pair.sweeps().0 != pair.sweeps().1 {
            pair.edge();
            pair.cycle += 1;
        }
        pair.rust.reset.next = false;
        pair.edge();
        pair.cycle = 0;
        pair
    }

    /// Where the sweeps are: that of Verilator, a cycle ahead, as it was then.
    fn sweeps(&mut self) -> (u64, u64) {
        let index = self.names.iter().position(|(name, _)| name == "sweep$q").expect("the card has a sweep");
        let (_, literal, _) = &block_port_values(&self.rust)[index];
        let rust = u64::from_str_radix(&hexadecimal(&format!("{literal:x}")), 16).unwrap();
        (rust, (u64::from(self.verilated.port(index)[0]) + 511) % 512)
    }

    /// Inputs were set; the clock falls and rises.
    fn edge(&mut self) {
        self.rust.clock.next = false.into();
        assert!(simulate(self.rust.as_mut(), 200), "rust-hdl's simulation settles");
        self.rust.clock.next = true.into();
        assert!(simulate(self.rust.as_mut(), 200), "rust-hdl's simulation settles");
    }

    fn step(&mut self, word: Option<Word>, time_ns: u64) {
        let (data, bytes, last, bad) = word.unwrap_or_default();
        let word_b = self.words_b.pop_front_if(|(cycle, _)| *cycle == self.cycle).map(|(_, word)| word);
        let (data_b, bytes_b, last_b, bad_b) = word_b.unwrap_or_default();
        self.rust.rxb_valid.next = word_b.is_some();
        self.rust.rxb_data.next = data_b.into();
        self.rust.rxb_bytes.next = u64::from(bytes_b).into();
        self.rust.rxb_last.next = last_b;
        self.rust.rxb_bad.next = bad_b;
        self.rust.rxb_time_ns.next = TIME_B_NS.into();
        if word_b.is_none() {
            self.rust.rxb_time_ns.next = 0.into();
        }
        self.rust.rx_valid.next = word.is_some();
        self.rust.rx_data.next = data.into();
        self.rust.rx_bytes.next = u64::from(bytes).into();
        self.rust.rx_last.next = last;
        self.rust.rx_bad.next = bad;
        self.rust.time_ns.next = time_ns.into();
        self.edge();
        self.rust.command_valid.next = false;
        self.cycle += 1;
    }

    fn command(&mut self, one: &Command) {
        let mut bits: Bits<512> = 0.into();
        for (at, word) in words_of(one).into_iter().enumerate() {
            let word: Bits<64> = word.into();
            bits = bits | (bit_cast::<512, 64>(word) << (64 * at as u64));
        }
        self.rust.command.next = bits;
        self.rust.command_valid.next = true;
        self.verilated.schedule(self.verilated.cycle(), one);
        self.idle();
    }

    fn idle(&mut self) {
        self.step(None, 0);
        self.verilated.idle(1);
        self.compare();
    }

    fn frame(&mut self, bytes: &[u8], time_ns: u64, fcs_good: bool) {
        // Word by word, so that both can be compared after each.
        let chunks: Vec<&[u8]> = bytes.chunks(8).collect();
        for (at, chunk) in chunks.iter().enumerate() {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            let last = at + 1 == chunks.len();
            let data = u64::from_le_bytes(word);
            self.step(Some((data, chunk.len() as u8, last, last && !fcs_good)), time_ns);
            self.verilated.word(&Frame { fcs_good, ..Frame::new(chunk, time_ns) }, last);
            self.compare();
        }
    }

    /// A frame on line B, from now on if that is free.
    fn frame_b(&mut self, bytes: &[u8]) {
        let start = self.words_b.back().map_or(self.cycle, |(last, _)| last + 1);
        self.verilated.frame_b(start, &Frame::new(bytes, TIME_B_NS));
        for (cycle, chunk) in (start..).zip(bytes.chunks(8)) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            let last = cycle - start + 1 == bytes.len().div_ceil(8) as u64;
            self.words_b.push_back((cycle, (u64::from_le_bytes(word), chunk.len() as u8, last, false)));
        }
    }

    fn compare(&mut self) {
        let values = block_port_values(&self.rust);
        for (index, ((name, width), (_, literal, _))) in self.names.clone().iter().zip(&values).enumerate() {
            let words = self.verilated.port(index);
            let rust = hexadecimal(&format!("{literal:x}"));
            let verilated = hexadecimal(&words_text(&words, *width));
            assert_eq!(rust, verilated, "{name} differs in cycle {}: rust-hdl left, Verilator right", self.cycle);
            self.compared += 1;
        }
    }
}

fn words_of(command: &Command) -> [u64; 8] {
    let mut words = [0; 8];
    words[0] = command.sequence;
    words[1] = u64::from(command.opcode)
        | u64::from(command.instrument) << 8
        | u64::from(command.rule) << 16
        | u64::from(command.index) << 24
        | u64::from(command.value) << 32;
    words[2..].copy_from_slice(&command.args);
    words
}

/// Digits of a Verilog literal without size and leading zeros.
fn hexadecimal(text: &str) -> String {
    let digits = text.rsplit('h').next().unwrap_or(text).trim_start_matches('0');
    if digits.is_empty() { "0".into() } else { digits.to_lowercase() }
}

fn words_text(words: &[u32; 16], width: usize) -> String {
    let used = width.div_ceil(32);
    words[..used].iter().rev().map(|word| format!("{word:08x}")).collect()
}

#[test]
fn every_port_of_every_block_is_equal_in_every_cycle() {
    let locates = [7, 10];
    let mut random = Random::new(5);
    let mut pair = Pair::new();
    for mut one in parameters(&random_instruments(&mut random, &locates, 1_500_000), 1) {
        if one.opcode == Opcode::WriteFeed as u8 {
            one.args[1] = u64::from(GROUP_B) | u64::from(PORT_B) << 32;
            one.args[2] = 200;
        }
        // Rows of instruments that are not used cost time and show nothing.
        if usize::from(one.instrument) < locates.len() || one.opcode == Opcode::Commit as u8 {
            pair.command(&one);
        }
    }
    for one in opening(locates.len()) {
        pair.command(&one);
    }
    let mut traffic = Traffic::new(4, &locates, 1_500_000, Faults::MANY);
    let first = traffic.opening();
    pair.frame(&first.bytes, first.time_ns, true);
    while pair.cycle < 6000 {
        let piece = traffic.piece();
        for _ in 0..piece.gap.min(3) {
            pair.idle();
        }
        // Either line loses one in four.
        if !random.once_in(4) {
            pair.frame_b(&to_line_b(&piece.bytes));
        }
        if !random.once_in(4) {
            pair.frame(&piece.bytes, piece.time_ns, piece.fcs_good);
        }
        if random.once_in(10) {
            pair.command(&command(Opcode::Disarm, 0, 0, 0, 0, &[]));
        }
    }
    while !pair.words_b.is_empty() {
        pair.idle();
    }
    // The books once more, from the host.
    pair.command(&command(Opcode::Clear, 0, 0, 0, 0, &[]));
    for _ in 0..CLEAR_CYCLES + 10 {
        pair.idle();
    }
    let (sequence, rows) = traffic.snapshot();
    for row in rows.iter().take(20) {
        pair.command(row);
        (1..ROW_CYCLES).for_each(|_| pair.idle());
    }
    (0..RESUME_CYCLES).for_each(|_| pair.idle());
    pair.command(&command(Opcode::Resume, 0, 0, 0, 0, &[0b11, sequence]));
    let last = traffic.piece();
    pair.frame(&last.bytes, last.time_ns, last.fcs_good);
    println!("{} ports of {} blocks' outputs compared over {} cycles", pair.compared, pair.names.len(), pair.cycle);
    assert!(pair.names.len() > 100 && pair.compared > 100_000);
}
