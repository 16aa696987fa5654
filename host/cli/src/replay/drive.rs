//! Starts a card and feeds it frames, cycle by cycle.
use super::pulse::Pulse;
use super::rig::{Difference, Rig};
use super::tally::Tally;
use crate::line_b::LineB;
use riposte_capture::{Record, wire};
use riposte_desk::{Desk, arm, trace, validate};
use riposte_device::{Frame, Output};
use riposte_map::counter::Counter;
use riposte_map::shm::{Command, Opcode};
use std::time::Instant;

/// Idle cycles after the last frame or command: more than the longest path and all queues need.
const SETTLE_CYCLES: u64 = 4096;
/// Words of the largest frame, with an idle cycle before each, fit into this.
const FRAME_CYCLES: u64 = 1 << 15;
/// Events that collect before they are handed on.
const BATCH_EVENTS: usize = 1 << 12;

/// Idle cycles between and inside frames.
pub struct Pacing {
    gap: u64,
    random: Option<u64>,
}

impl Pacing {
    /// Always `gap` cycles and frames without holes; with a seed, 0 to twice `gap`, and holes in every other frame.
    pub fn new(gap: u64, seed: Option<u64>) -> Pacing {
        Pacing { gap, random: seed }
    }

    /// Idle cycles before the next frame, and its stalls.
    fn next(&mut self) -> (u64, u64) {
        let gap = self.gap;
        let Some(state) = &mut self.random else { return (gap, 0) };
        let (first, second, third) = (split_mix(state), split_mix(state), split_mix(state));
        let stalls = if first & 1 == 0 { 0 } else { second & third };
        ((first >> 1) % gap.saturating_mul(2).saturating_add(1), stalls)
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

/// Why a run stopped.
pub enum Error {
    Differ(Box<Difference>),
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Error {
        Error::Failed(error)
    }
}

/// A run that came to its end.
pub struct Ended {
    pub tally: Tally,
    pub frames: u64,
    pub cycles: u64,
    pub elapsed_ms: u64,
    pub counters: [u32; Counter::COUNT],
    /// Heartbeats behind the first.
    pub beats: Vec<Command>,
}

/// A card under way.
pub struct Drive<'a> {
    rig: Rig,
    pacing: Pacing,
    desk: &'a Desk,
    generation: u32,
    batch: Output,
    tally: Tally,
    frames: u64,
    line_b: LineB,
    pulse: Pulse,
}

/// Takes what came out, in order.
pub type Sink<'a> = dyn FnMut(&Output) -> anyhow::Result<()> + 'a;

impl<'a> Drive<'a> {
    pub fn new(rig: Rig, pacing: Pacing, desk: &'a Desk, generation: u32) -> Drive<'a> {
        let pulse = Pulse::new(0, 0, 0);
        Drive { rig, pacing, desk, generation, batch: Output::default(), tally: Tally::default(), frames: 0, line_b: LineB::default(), pulse }
    }

    pub fn card_name(&self) -> String {
        self.rig.name()
    }

    /// Resets the card, loads the desk, arms it and shows it every frame.
    pub fn run(
        mut self, frames: impl Iterator<Item = Result<Record, riposte_capture::Error>>, sink: &mut Sink,
    ) -> Result<Ended, Error> {
        let start = Instant::now();
        self.start();
        self.collect()?;
        for record in frames {
            self.frames += 1;
            let record = record.map_err(anyhow::Error::from)?;
            // An empty record of a damaged capture has no word to show.
            if !record.bytes.is_empty() {
                let (gap, stalls) = self.pacing.next();
                self.vouch(gap.saturating_add(FRAME_CYCLES));
                let frame = Frame { stalls, ..Frame::new(&record.bytes, record.time_ns) };
                self.show(&frame, gap);
            }
            self.collect()?;
            if self.batch.events.len() >= BATCH_EVENTS {
                self.hand_on(sink)?;
            }
        }
        self.vouch(SETTLE_CYCLES);
        self.rig.each(|card| card.idle(SETTLE_CYCLES));
        self.collect()?;
        let cycles = self.rig.cycle();
        let counters = self.rig.finish().map_err(|difference| self.placed(difference))?;
        self.hand_on(sink)?;
        let elapsed_ms = start.elapsed().as_millis() as u64;
        Ok(Ended { tally: self.tally, frames: self.frames, cycles, elapsed_ms, counters, beats: self.pulse.given() })
    }

    /// A frame behind so many idle cycles, on the line that it is sent to. One of line B begins when it is its turn, and
    /// what follows on line A does not wait for its end.
    fn show(&mut self, frame: &Frame, gap: u64) {
        let feed = &self.desk.feed;
        let to = feed.line_b.and_then(|_| wire::datagram(frame.bytes).ok());
        if !to.is_some_and(|to| feed.is_line_b(to.group, to.port)) {
            return self.rig.each(|card| {
                card.idle(gap);
                card.frame(frame);
            });
        }
        let start = self.line_b.begin(self.rig.cycle() + gap, frame);
        self.rig.each(|card| {
            card.idle(start - card.cycle());
            card.frame_b(start, frame);
        });
    }

    /// Parameters, session, tracing, validation, what is lent to flat positions, that nothing rests, arming: all that the card is
    /// told before the first frame, in order. Heartbeats follow.
    pub fn commands(&self) -> Vec<Command> {
        let mut commands = self.desk.commands(self.generation, 1);
        let next = commands.len() as u64 + 1;
        commands.push(self.desk.session_command(next));
        commands.push(trace(next + 1, true));
        commands.push(validate(next + 2, self.desk.mask()));
        commands.extend(self.desk.grants(next + 3));
        commands.extend(self.desk.nothing_rests(commands.len() as u64 + 1));
        commands.push(arm(commands.len() as u64 + 1));
        commands
    }

    /// Reset, then one command a cycle.
    fn start(&mut self) {
        let commands = self.commands();
        self.rig.each(|card| {
            card.reset();
            for (cycle, command) in (card.cycle()..).zip(&commands) {
                card.schedule(cycle, command);
            }
            card.idle(commands.len() as u64 + SETTLE_CYCLES);
        });
        let is_beat = |command: &Command| command.opcode == Opcode::Heartbeat as u8;
        if let Some(at) = commands.iter().position(is_beat) {
            let first_cycle = self.rig.cycle() - SETTLE_CYCLES - (commands.len() - at) as u64;
            self.pulse = Pulse::new(self.desk.gate.heartbeat_cycles, first_cycle, commands.len() as u64 + 1);
        }
    }

    /// Lets the card hear its host in the next so many cycles.
    fn vouch(&mut self, cycles: u64) {
        let until = self.rig.cycle().saturating_add(cycles);
        while let Some((cycle, command)) = self.pulse.beat(until) {
            self.rig.each(|card| card.schedule(cycle, &command));
        }
    }

    fn collect(&mut self) -> Result<(), Error> {
        let collected = self.rig.collect(&mut self.batch);
        collected.map_err(|difference| self.placed(difference))
    }

    /// A difference with the frame that was shown last.
    fn placed(&self, mut difference: Box<Difference>) -> Error {
        difference.what += &match self.frames {
            0 => " before the first frame".to_owned(),
            number => format!(" after frame {number}"),
        };
        Error::Differ(difference)
    }

    fn hand_on(&mut self, sink: &mut Sink) -> Result<(), Error> {
        self.tally.add(&self.batch);
        sink(&self.batch)?;
        self.batch.events.clear();
        self.batch.transmitted.clear();
        Ok(())
    }
}
