//! The emitted Verilog of the card, run by Verilator, behind the same trait as every card.
//!
//! Unsafe code is confined to this file: calls of the C++ shim in `shim.cpp`.

use riposte_device::{Card, Frame, Output, Transmitted};
use riposte_map::{
    counter::Counter,
    limits::RESET_CYCLES,
    shm::{Command, Event},
};
use std::{collections::VecDeque, ffi::c_void};

/// Cycles until every counter has been shown with all that was counted up to now.
const COUNTER_CYCLES: usize = 4 + Counter::COUNT;

/// A word of a line, with its frame's receive time; `valid` 0 is none.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Word {
    time_ns: u64,
    data: u64,
    bytes: u8,
    last: u8,
    bad: u8,
    valid: u8,
}

/// What the shim reads in a cycle; `command` is null or points to 16 words.
#[repr(C)]
struct CardInput {
    rx: Word,
    rxb: Word,
    command: *const u32,
    reset: u8,
}

#[repr(C)]
#[derive(Default)]
struct CardOutput {
    tx_data: u64,
    tx_time_ns: u64,
    event: [u32; 16],
    counter: u32,
    tx_bytes: u8,
    tx_last: u8,
    tx_valid: u8,
    event_valid: u8,
    counter_index: u8,
}

/// The C functions of one model; see `shim.cpp`.
#[derive(Clone, Copy)]
struct Functions {
    new: unsafe extern "C" fn() -> *mut c_void,
    free: unsafe extern "C" fn(*mut c_void),
    cycle: unsafe extern "C" fn(*mut c_void, *const CardInput, *mut CardOutput),
    #[cfg_attr(not(any(netlist, feature = "test-models")), allow(dead_code))]
    port: unsafe extern "C" fn(*mut c_void, u32, *mut u32),
}

/// Declares the functions of a model and puts them into a constant.
macro_rules! functions {
    ($constant:ident, $new:ident, $free:ident, $cycle:ident, $port:ident) => {
        unsafe extern "C" {
            fn $new() -> *mut c_void;
            fn $free(model: *mut c_void);
            fn $cycle(model: *mut c_void, input: *const CardInput, output: *mut CardOutput);
            fn $port(model: *mut c_void, index: u32, words: *mut u32);
        }
        const $constant: Functions = Functions { new: $new, free: $free, cycle: $cycle, port: $port };
    };
}

functions!(CARD, riposte_card_new, riposte_card_free, riposte_card_cycle, riposte_card_port);

#[cfg(feature = "test-models")]
mod test_models {
    use super::*;

    functions!(OPEN, riposte_open_new, riposte_open_free, riposte_open_cycle, riposte_open_port);
    functions!(
        KILL, riposte_gate_ignores_kill_new, riposte_gate_ignores_kill_free, riposte_gate_ignores_kill_cycle,
        riposte_gate_ignores_kill_port
    );
    functions!(
        UNPASSED, riposte_order_without_pass_new, riposte_order_without_pass_free, riposte_order_without_pass_cycle,
        riposte_order_without_pass_port
    );
    functions!(
        PRICE, riposte_price_one_byte_off_new, riposte_price_one_byte_off_free, riposte_price_one_byte_off_cycle,
        riposte_price_one_byte_off_port
    );
    functions!(
        CHECKSUM, riposte_checksum_one_off_new, riposte_checksum_one_off_free, riposte_checksum_one_off_cycle,
        riposte_checksum_one_off_port
    );
    functions!(
        WALKER, riposte_walker_one_byte_off_new, riposte_walker_one_byte_off_free, riposte_walker_one_byte_off_cycle,
        riposte_walker_one_byte_off_port
    );

    /// A card with one fault; see `build.rs`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Mutant {
        GateIgnoresKill,
        OrderWithoutPass,
        PriceOneByteOff,
        ChecksumOneOff,
        WalkerOneByteOff,
    }

    impl Verilated {
        pub fn mutant(mutant: Mutant) -> Verilated {
            Verilated::with(match mutant {
                Mutant::GateIgnoresKill => KILL,
                Mutant::OrderWithoutPass => UNPASSED,
                Mutant::PriceOneByteOff => PRICE,
                Mutant::ChecksumOneOff => CHECKSUM,
                Mutant::WalkerOneByteOff => WALKER,
            })
        }

        /// The card with readable ports of its blocks; slow.
        pub fn open() -> Verilated {
            Verilated::with(OPEN)
        }

        /// Value of port `index` (of `riposte_card::block_ports`) behind the last cycle's edge, low word first.
        pub fn port(&mut self, index: usize) -> [u32; 16] {
            let mut words = [0; 16];
            // SAFETY: `model` is live; the shim writes at most 16 words, since no port is wider than 512 bits,
            // and nothing for an index it does not know.
            unsafe { (self.functions.port)(self.model, index as u32, words.as_mut_ptr()) };
            words
        }
    }
}

#[cfg(feature = "test-models")]
pub use test_models::Mutant;

#[cfg(netlist)]
functions!(NETLIST, riposte_netlist_new, riposte_netlist_free, riposte_netlist_cycle, riposte_netlist_port);

/// The Verilated card.
pub struct Verilated {
    functions: Functions,
    model: *mut c_void,
    cycle: u64,
    commands: VecDeque<(u64, Command)>,
    /// Words of line B with the cycle that shows them, ascending.
    words_b: VecDeque<(u64, Word)>,
    output: Output,
    sending: Vec<u8>,
    sending_since: u64,
}

// SAFETY: the model is owned by this value alone, has a Verilator context of its own and no thread-local state;
// every call goes through `&mut self`.
unsafe impl Send for Verilated {}

impl Default for Verilated {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Verilated {
    fn drop(&mut self) {
        // SAFETY: `model` came from these functions' `new` and is freed once, here.
        unsafe { (self.functions.free)(self.model) }
    }
}

impl Verilated {
    /// A card after reset.
    pub fn new() -> Verilated {
        Verilated::with(CARD)
    }

    /// The synthesised card, if this was built with one (`make netlist`); with `fault`, one wrong gate in it.
    #[cfg(netlist)]
    pub fn netlist(fault: bool) -> Option<Verilated> {
        let card = Verilated::with(NETLIST);
        // SAFETY: `model` is live; the netlist's port function takes the index as its fault's switch and writes
        // nothing to `words`.
        unsafe { (card.functions.port)(card.model, fault.into(), std::ptr::null_mut()) };
        Some(card)
    }

    /// The synthesised card, if this was built with one (`make netlist`); with `fault`, one wrong gate in it.
    #[cfg(not(netlist))]
    pub fn netlist(_fault: bool) -> Option<Verilated> {
        None
    }

    fn with(functions: Functions) -> Verilated {
        // SAFETY: no arguments; the shim never returns null (C++ `new` throws and aborts instead).
        let model = unsafe { (functions.new)() };
        let mut card = Verilated {
            functions,
            model,
            cycle: 0,
            commands: VecDeque::new(),
            words_b: VecDeque::new(),
            output: Output::default(),
            sending: Vec::new(),
            sending_since: 0,
        };
        card.reset();
        card
    }

    /// One cycle that shows `part.bytes`, at most eight, as one word of a frame.
    pub fn word(&mut self, part: &Frame, last: bool) {
        self.step(&mut CardInput { rx: word_of(part, last), ..quiet() });
    }

    /// One cycle with `input`, its command apart.
    fn step(&mut self, input: &mut CardInput) -> CardOutput {
        let mut words = [0u32; 16];
        input.command = std::ptr::null();
        if input.reset == 0
            && let Some((_, command)) = self.commands.pop_front_if(|(cycle, _)| *cycle == self.cycle)
        {
            words = record_words(&command);
            input.command = words.as_ptr();
        }
        input.rxb = Word::default();
        if input.reset == 0
            && let Some((_, word)) = self.words_b.pop_front_if(|(cycle, _)| *cycle == self.cycle)
        {
            input.rxb = word;
        }
        let mut output = CardOutput::default();
        // SAFETY: `model` is live, both records have the shim's layout, and `command` is null or points to
        // `words`, which outlives the call.
        unsafe { (self.functions.cycle)(self.model, input, &mut output) };
        let _ = words;
        if input.reset == 0 {
            self.collect(&output);
            self.cycle += 1;
        }
        output
    }

    fn collect(&mut self, shown: &CardOutput) {
        if shown.event_valid != 0 {
            self.output.events.push(event_of(&shown.event));
        }
        if shown.tx_valid != 0 {
            if self.sending.is_empty() {
                self.sending_since = self.cycle;
            }
            let bytes = usize::from(shown.tx_bytes).min(8);
            self.sending.extend_from_slice(&shown.tx_data.to_le_bytes()[..bytes]);
            if shown.tx_last != 0 {
                self.output.transmitted.push(Transmitted {
                    cycle: self.sending_since,
                    time_ns: shown.tx_time_ns,
                    bytes: std::mem::take(&mut self.sending),
                });
            }
        }
    }
}

fn quiet() -> CardInput {
    CardInput {
        rx: Word::default(),
        rxb: Word::default(),
        command: std::ptr::null(),
        reset: 0,
    }
}

/// The word that shows `part.bytes`, at most eight.
fn word_of(part: &Frame, last: bool) -> Word {
    let mut bytes = [0; 8];
    bytes[..part.bytes.len()].copy_from_slice(part.bytes);
    Word {
        time_ns: part.time_ns,
        data: u64::from_le_bytes(bytes),
        bytes: part.bytes.len() as u8,
        last: last.into(),
        bad: (last && !part.fcs_good).into(),
        valid: 1,
    }
}

fn record_words(command: &Command) -> [u32; 16] {
    zerocopy::transmute!(*command)
}

fn event_of(words: &[u32; 16]) -> Event {
    zerocopy::transmute!(*words)
}

impl Card for Verilated {
    fn name(&self) -> &'static str {
        "verilated"
    }

    fn reset(&mut self) {
        for _ in 0..RESET_CYCLES {
            self.step(&mut CardInput { reset: 1, ..quiet() });
        }
        // The card registers its reset: it is awake from the second cycle behind it on.
        self.step(&mut quiet());
        self.cycle = 0;
        self.commands.clear();
        self.words_b.clear();
        self.output = Output::default();
        self.sending.clear();
    }

    fn cycle(&self) -> u64 {
        self.cycle
    }

    fn schedule(&mut self, cycle: u64, command: &Command) {
        let last = self.commands.back().map(|(last, _)| *last);
        assert!(cycle >= self.cycle && last.is_none_or(|last| cycle > last), "command scheduled out of order");
        self.commands.push_back((cycle, *command));
    }

    fn frame(&mut self, frame: &Frame) {
        assert!(!frame.bytes.is_empty(), "a frame has at least one byte");
        let words = frame.bytes.len().div_ceil(8);
        for (index, bytes) in frame.bytes.chunks(8).enumerate() {
            if frame.stalls >> (index % 64) & 1 == 1 {
                self.step(&mut quiet());
            }
            self.word(&Frame { bytes, ..*frame }, index + 1 == words);
        }
    }

    fn frame_b(&mut self, cycle: u64, frame: &Frame) {
        assert!(!frame.bytes.is_empty(), "a frame has at least one byte");
        let last = self.words_b.back().map(|(last, _)| *last);
        assert!(cycle >= self.cycle && last.is_none_or(|last| cycle > last), "a frame of line B out of order");
        let words = frame.bytes.len().div_ceil(8);
        let mut cycle = cycle;
        for (index, bytes) in frame.bytes.chunks(8).enumerate() {
            cycle += frame.stalls >> (index % 64) & 1;
            self.words_b.push_back((cycle, word_of(&Frame { bytes, ..*frame }, index + 1 == words)));
            cycle += 1;
        }
    }

    fn idle(&mut self, cycles: u64) {
        for _ in 0..cycles {
            self.step(&mut quiet());
        }
    }

    fn drain(&mut self, output: &mut Output) {
        output.events.append(&mut self.output.events);
        output.transmitted.append(&mut self.output.transmitted);
    }

    /// The gateware goes on for a few cycles of its own, which the card's clock does not count; whatever comes out in
    /// them belongs to the present cycle.
    fn counters(&mut self) -> [u32; Counter::COUNT] {
        let cycle = self.cycle;
        let mut values = [0; Counter::COUNT];
        for _ in 0..COUNTER_CYCLES {
            let output = self.step(&mut quiet());
            if let Some(value) = values.get_mut(usize::from(output.counter_index)) {
                *value = output.counter;
            }
        }
        self.cycle = cycle;
        values
    }
}
