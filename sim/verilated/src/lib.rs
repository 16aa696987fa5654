//! The emitted Verilog of the card, run by Verilator, behind the same trait as every card.
//!
//! Unsafe code is confined to this file: calls of the C++ shim in `shim.cpp`.

use riposte_device::{Card, Frame, Output, Transmitted};
use riposte_map::{
    counter::Counter,
    shm::{Command, Event},
};
use std::collections::VecDeque;

/// Cycles for which reset is held; the card sweeps its tables in them.
const RESET_CYCLES: u64 = 520;
/// Cycles from an index on the port to its counter's value.
const COUNTER_CYCLES: u64 = 4;

/// What the shim reads in a cycle; `command` is null or points to 16 words.
#[repr(C)]
struct CardInput {
    time_ns: u64,
    rx_data: u64,
    command: *const u32,
    rx_bytes: u8,
    rx_last: u8,
    rx_bad: u8,
    rx_valid: u8,
    reset: u8,
    counter_index: u8,
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
}

#[repr(C)]
struct CardModel {
    _opaque: [u8; 0],
}

unsafe extern "C" {
    fn riposte_card_new() -> *mut CardModel;
    fn riposte_card_free(model: *mut CardModel);
    fn riposte_card_cycle(model: *mut CardModel, input: *const CardInput, output: *mut CardOutput);
}

/// The Verilated card.
pub struct Verilated {
    model: *mut CardModel,
    cycle: u64,
    commands: VecDeque<(u64, Command)>,
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
        // SAFETY: `model` came from `riposte_card_new` and is freed once, here.
        unsafe { riposte_card_free(self.model) }
    }
}

impl Verilated {
    /// A card after reset.
    pub fn new() -> Verilated {
        // SAFETY: no arguments; the shim never returns null (C++ `new` throws and aborts instead).
        let model = unsafe { riposte_card_new() };
        let mut card = Verilated {
            model,
            cycle: 0,
            commands: VecDeque::new(),
            output: Output::default(),
            sending: Vec::new(),
            sending_since: 0,
        };
        card.reset();
        card
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
        let mut output = CardOutput::default();
        // SAFETY: `model` is live, both records have the shim's layout, and `command` is null or points to
        // `words`, which outlives the call.
        unsafe { riposte_card_cycle(self.model, input, &mut output) };
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
        time_ns: 0,
        rx_data: 0,
        command: std::ptr::null(),
        rx_bytes: 0,
        rx_last: 0,
        rx_bad: 0,
        rx_valid: 0,
        reset: 0,
        counter_index: 0,
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
        self.cycle = 0;
        self.commands.clear();
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
        for (index, chunk) in frame.bytes.chunks(8).enumerate() {
            if frame.stalls >> (index % 64) & 1 == 1 {
                self.step(&mut quiet());
            }
            let mut bytes = [0; 8];
            bytes[..chunk.len()].copy_from_slice(chunk);
            let last = index + 1 == words;
            self.step(&mut CardInput {
                time_ns: frame.time_ns,
                rx_data: u64::from_le_bytes(bytes),
                rx_bytes: chunk.len() as u8,
                rx_last: last.into(),
                rx_bad: (last && !frame.fcs_good).into(),
                rx_valid: 1,
                ..quiet()
            });
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

    fn counters(&mut self) -> [u32; Counter::COUNT] {
        let mut values = [0; Counter::COUNT];
        for (index, value) in values.iter_mut().enumerate() {
            for _ in 0..COUNTER_CYCLES {
                let output = self.step(&mut CardInput { counter_index: index as u8, ..quiet() });
                *value = output.counter;
            }
        }
        values
    }
}
