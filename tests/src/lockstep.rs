//! Two cards see the same frames and commands; every event, byte and counter is compared.
use crate::traffic::Piece;
use riposte_device::{Card, Frame, Output};
use riposte_map::{counter::Counter, shm::Command};

/// Drives both cards alike and compares what comes out.
pub struct Lockstep {
    cards: [Box<dyn Card>; 2],
    outputs: [Output; 2],
    compared: (usize, usize),
    next_command: u64,
    sequence: u64,
    /// The last frames, for the report of a difference.
    recent: Vec<String>,
}

impl Lockstep {
    pub fn new(one: Box<dyn Card>, other: Box<dyn Card>) -> Lockstep {
        Lockstep {
            cards: [one, other],
            outputs: Default::default(),
            compared: (0, 0),
            next_command: 0,
            sequence: 0,
            recent: Vec::new(),
        }
    }

    pub fn cycle(&self) -> u64 {
        self.cards[0].cycle()
    }

    /// Schedules a command `ahead` cycles from now, or as soon as the ones before it allow.
    pub fn command(&mut self, ahead: u64, command: Command) -> u64 {
        let cycle = (self.cycle() + ahead).max(self.next_command);
        self.next_command = cycle + 1;
        self.sequence += 1;
        for card in &mut self.cards {
            card.schedule(cycle, &Command { sequence: self.sequence, ..command });
        }
        cycle
    }

    /// Commands one a cycle, and time for them to act.
    pub fn commands(&mut self, commands: &[Command]) {
        for command in commands {
            self.command(0, *command);
        }
        let cycles = self.next_command - self.cycle() + 4;
        self.idle(cycles);
    }

    pub fn idle(&mut self, cycles: u64) {
        for card in &mut self.cards {
            card.idle(cycles);
        }
    }

    pub fn piece(&mut self, piece: &Piece) {
        self.idle(piece.gap);
        self.recent.push(format!(
            "cycle {} fcs {} stalls {:x} {:02x?}",
            self.cycle(),
            piece.fcs_good,
            piece.stalls,
            piece.bytes
        ));
        if self.recent.len() > 3 {
            self.recent.remove(0);
        }
        let frame =
            Frame { bytes: &piece.bytes, time_ns: piece.time_ns, fcs_good: piece.fcs_good, stalls: piece.stalls };
        for card in &mut self.cards {
            card.frame(&frame);
        }
    }

    /// Takes what has come out and compares it; panics at the first difference.
    pub fn compare(&mut self, seed: u64) {
        for (card, output) in self.cards.iter_mut().zip(&mut self.outputs) {
            card.drain(output);
        }
        let names = [self.cards[0].name(), self.cards[1].name()];
        let [one, other] = &self.outputs;
        let context = || format!("seed {seed}, cycle {}\nlast frames:\n{}", self.cycle(), self.recent.join("\n"));
        let events = one.events.len().max(other.events.len());
        for at in self.compared.0..events {
            let (a, b) = (one.events.get(at), other.events.get(at));
            assert!(
                a == b,
                "event {at} differs\n{}: {a:?}\n{}: {b:?}\nbefore: {:?}\n{}",
                names[0],
                names[1],
                at.checked_sub(1).map(|before| one.events[before]),
                context()
            );
        }
        let frames = one.transmitted.len().max(other.transmitted.len());
        for at in self.compared.1..frames {
            let (a, b) = (one.transmitted.get(at), other.transmitted.get(at));
            assert!(a == b, "frame {at} differs\n{}: {a:?}\n{}: {b:?}\n{}", names[0], names[1], context());
        }
        self.compared = (events, frames);
    }

    /// Lets everything come out, compares it and the counters, and returns events, frames and counters.
    pub fn finish(mut self, seed: u64) -> (Output, [u32; Counter::COUNT]) {
        self.idle(400);
        self.compare(seed);
        let counters = [self.cards[0].counters(), self.cards[1].counters()];
        for counter in Counter::ALL {
            let at = *counter as usize;
            assert_eq!(counters[0][at], counters[1][at], "counter {} differs, seed {seed}", counter.text());
        }
        let [output, _] = self.outputs;
        (output, counters[0])
    }
}
