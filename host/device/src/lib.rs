//! The card as a trait: reference model, Verilated gateware and, later, a PCIe card implement it, and
//! the same test bodies run on each.
//!
//! Time is the card's clock cycle. Whoever drives a card decides which cycle shows which word, so a run
//! depends on its inputs alone. A card that runs by itself, in another process or on a bus, is spoken to over a [`link`]; a port that
//! runs in a process of its own has a [`wire`] to its card.
#![forbid(unsafe_code)]

mod frames;
pub mod link;
mod pause;
pub mod wire;

pub use frames::TakenFrame;
pub use pause::pause;

use riposte_map::{
    counter::Counter,
    shm::{Command, Event},
};

/// A received frame, Ethernet header to last payload byte, without its FCS.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    pub bytes: &'a [u8],
    /// Receive time, nanoseconds; the card stamps what it sees in this frame with it.
    pub time_ns: u64,
    /// What the MAC found when it checked the FCS.
    pub fcs_good: bool,
    /// Bit `i % 64` set: one idle cycle before word `i`. 0 is a frame without holes.
    pub stalls: u64,
}

impl<'a> Frame<'a> {
    /// A good frame without idle cycles.
    pub fn new(bytes: &'a [u8], time_ns: u64) -> Frame<'a> {
        Frame { bytes, time_ns, fcs_good: true, stalls: 0 }
    }
}

/// A frame on the transmit stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmitted {
    /// Cycle in which the first word is on the stream.
    pub cycle: u64,
    /// Receive time of the frame that caused it, nanoseconds.
    pub time_ns: u64,
    pub bytes: Vec<u8>,
}

/// Everything that the card has put out since it was last asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    pub events: Vec<Event>,
    pub transmitted: Vec<Transmitted>,
}

/// A card. Frames and idle cycles move its clock; nothing else does.
pub trait Card {
    /// Name for reports: `model`, `verilated`.
    fn name(&self) -> &'static str;

    /// Back to the state after power-up: no parameters, disarmed, every book empty and invalid, and
    /// cycle 0 again. What was not yet taken by `drain` is gone.
    fn reset(&mut self);

    /// The cycle that the next word will be shown in.
    fn cycle(&self) -> u64;

    /// Shows `command` on the command port in cycle `cycle`, which must not be past, nor at or before
    /// that of a command scheduled earlier. Panics otherwise: the schedule is the driver's own.
    fn schedule(&mut self, cycle: u64, command: &Command);

    /// Shows the words of `frame` on line A, one a cycle from the present cycle on. Panics on an empty frame.
    fn frame(&mut self, frame: &Frame);

    /// Shows `frame` on line B of the feed, word by word from cycle `cycle` on, whatever `frame` and `idle` show on line A
    /// meanwhile. Panics if that cycle is past or not behind the last word of the frame given before.
    fn frame_b(&mut self, cycle: u64, frame: &Frame);

    /// Lets `cycles` cycles pass without a word on line A.
    fn idle(&mut self, cycles: u64);

    /// Appends what came out, in order, to `output`.
    fn drain(&mut self, output: &mut Output);

    /// All counters, indexed by `Counter`.
    fn counters(&mut self) -> [u32; Counter::COUNT];
}
