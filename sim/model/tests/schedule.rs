//! What comes out depends on what is shown in which cycle alone: not on when commands were scheduled
//! or output was taken. Random frames, good and damaged, with commands among them; nothing panics.
mod support;
use riposte_device::{Card, Frame, Output};
use riposte_map::{
    counter::Counter,
    shm::{Command, EventKind, Opcode},
};
use riposte_model::Model;
use support::*;

/// A frame and the idle cycles behind it.
struct Step {
    bytes: Vec<u8>,
    fcs_good: bool,
    stalls: u64,
    idle: u64,
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 >> 33) % limit
    }

    /// A message that fits the book, but for one in a hundred.
    fn message(&mut self, live: &mut Vec<(u16, u64, u32)>) -> Vec<u8> {
        let locate = LOCATE + self.below(3) as u16;
        let shares = 1 + self.below(50) as u32;
        let side = if self.below(2) == 0 { b'B' } else { b'S' };
        let price = 100_000 + 100 * self.below(5) as u32 + if side == b'S' { 500 } else { 0 };
        let new = self.below(1 << 30);
        match self.below(16) {
            0 => return trade(locate, shares, price),
            1 => return action(locate, if self.below(8) == 0 { b'H' } else { b'T' }),
            2 => return system(b'Q'),
            3 if self.below(6) == 0 => return delete(locate, new),
            _ => {}
        }
        if live.len() < 10 || self.below(2) == 0 {
            live.push((locate, new, shares));
            return add(locate, new, side, shares, price);
        }
        let (locate, reference, open) = live.swap_remove(self.below(live.len() as u64) as usize);
        match self.below(4) {
            0 => executed(locate, reference, open),
            1 => executed_price(locate, reference, open, b'Y', price),
            2 => delete(locate, reference),
            _ => {
                live.push((locate, reference, open));
                cancel(locate, reference, 0)
            }
        }
    }

    /// A frame, damaged or out of sequence now and then.
    fn step(&mut self, sequence: &mut u64, live: &mut Vec<(u16, u64, u32)>) -> Step {
        let count = self.below(12);
        let messages: Vec<_> = (0..count).map(|_| self.message(live)).collect();
        let skipped = if self.below(40) == 0 { self.below(3).wrapping_sub(1) } else { 0 };
        let first = sequence.wrapping_add(skipped).max(1);
        let mut bytes = frame_of(SESSION, first, count as u16, &blocks(&messages));
        *sequence = (*sequence).max(first + count);
        match self.below(100) {
            0 => bytes.truncate(1 + self.below(bytes.len() as u64) as usize),
            1 => {
                let at = self.below(bytes.len() as u64) as usize;
                bytes[at] ^= 1 << self.below(8);
            }
            2..20 => bytes = tagged(&bytes),
            _ => {}
        }
        let stalls = if self.below(4) == 0 { self.below(1 << 31) << self.below(33) } else { 0 };
        let idle = if self.below(3) == 0 { self.below(40) } else { 0 };
        Step { bytes, fcs_good: self.below(50) != 0, stalls, idle }
    }

    fn command(&mut self, generation: &mut u32) -> Command {
        match self.below(26) {
            0 => value(Opcode::Kill, 0),
            1 => value(Opcode::ClearKill, 0),
            2 => value(Opcode::Disarm, 0),
            3..6 => value(Opcode::Arm, 0),
            6 => args(Opcode::Session, &[self.below(1 << 31) << 9, self.below(4)]),
            7 => args(Opcode::Invalidate, &[self.below(4)]),
            8 => args(Opcode::Validate, &[self.below(8)]),
            9 => rules(0, [7, 1, 6, 8], [0, 100_300, 200, u32::MAX]),
            10 => instrument(
                self.below(2) as u8,
                LOCATE,
                true,
                225 + self.below(2) as u32,
                1,
                630_200,
            ),
            11 => Command { opcode: 99, ..Command::default() },
            12 => value(Opcode::Trace, self.below(2) as u32),
            13 if self.below(2) == 0 => {
                let commands = template(0, self.below(3) as u8, 225, 630_200);
                commands[self.below(commands.len() as u64) as usize]
            }
            14 | 15 => {
                *generation += 1;
                value(Opcode::Commit, *generation)
            }
            16 => gate_limits(self.below(200) as u32, self.below(3) as u16, self.below(40) as u16),
            17 => args(Opcode::Fence, &[self.below(4) << (16 * self.below(3)), self.below(8) & self.below(8)]),
            18 => args(Opcode::Lift, &[self.below(1 << 31) << 17 | self.below(1 << 17), self.below(8)]),
            19 => args(Opcode::Lease, &[self.below(1 << 12) << 32 | self.below(1 << 12)]),
            20 => args(Opcode::Credit, &[self.below(1 << 31), self.below(20) << 32 | self.below(20)]),
            21 => Command { rule: self.below(4) as u8, ..value(Opcode::Repeat, self.below(20) as u32) },
            22 => args(Opcode::Heartbeat, &[self.below(300)]),
            23 => resting(630_199 + self.below(3) as u32, u32::MAX, self.below(20) as u32),
            _ => {
                let all = grants();
                all[self.below(all.len() as u64) as usize]
            }
        }
    }
}

/// Shows all steps; commands are scheduled all at once, or each just before it is due.
fn run(
    steps: &[Step],
    commands: &[(u64, Command)],
    at_once: bool,
) -> (Output, [u32; Counter::COUNT]) {
    let mut card = Model::new();
    let mut output = Output::default();
    let mut next = 0;
    for step in steps {
        let words = step.bytes.len().div_ceil(8) as u64;
        let horizon = if at_once { u64::MAX } else { card.cycle() + 2 * words + step.idle };
        while let Some((cycle, command)) = commands.get(next).filter(|c| c.0 <= horizon) {
            card.schedule(*cycle, command);
            next += 1;
        }
        let Step { bytes, fcs_good, stalls, .. } = step;
        card.frame(&Frame { bytes, time_ns: 7, fcs_good: *fcs_good, stalls: *stalls });
        if at_once {
            card.idle(step.idle);
        } else {
            for _ in 0..step.idle {
                card.drain(&mut output);
                card.idle(1);
            }
            card.drain(&mut output);
        }
    }
    for (cycle, command) in &commands[next..] {
        card.schedule(*cycle, command);
    }
    card.idle(5_000);
    card.drain(&mut output);
    (output, card.counters())
}

#[test]
fn output_depends_on_what_is_shown_alone() {
    let mut kinds = [0; 8];
    let mut counters = [0; Counter::COUNT];
    let mut lost = 0;
    for seed in 1..=400 {
        println!("seed {seed}");
        let mut random = Random(seed);
        let (mut sequence, mut generation, mut live) = (1, 2, Vec::new());
        let steps: Vec<_> = (0..40).map(|_| random.step(&mut sequence, &mut live)).collect();
        let mut initial = parameters([7, 1, 6, 0], [0, 100_300, 200, 0]);
        initial.push(value(Opcode::Commit, 1));
        initial.extend(parameters([7, 1, 6, 0], [0, 100_200, 100, 0]));
        initial.push(value(Opcode::Commit, 2));
        initial.extend(grants());
        initial.push(args(Opcode::Validate, &[0xffff]));
        initial.push(args(Opcode::Session, &[1, 1]));
        initial.push(value(Opcode::Arm, 0));
        initial.push(value(Opcode::Trace, 1));
        let mut commands: Vec<(u64, Command)> = (0..).zip(initial).collect();
        let mut cycle = commands.len() as u64 + 200;
        for _ in 0..60 {
            let apart = if random.below(4) == 0 { 120 } else { 6 };
            cycle += 1 + random.below(apart);
            let command = random.command(&mut generation);
            commands.push((cycle, command));
        }
        // The first frame comes when the card is loaded.
        let first = Step { bytes: vec![0], fcs_good: true, stalls: 0, idle: 200 };
        let steps: Vec<_> = std::iter::once(first).chain(steps).collect();
        let one = run(&steps, &commands, true);
        let other = run(&steps, &commands, false);
        let differ = one.0.events.iter().zip(&other.0.events).find(|(a, b)| a != b);
        assert_eq!(differ, None);
        assert!(one == other, "events are equal as far as they go; the rest differs");
        for event in &one.0.events {
            kinds[usize::from(event.kind)] += 1;
        }
        assert!(one.0.events.iter().zip(1..).all(|(event, sequence)| event.sequence == sequence));
        for (total, count) in counters.iter_mut().zip(&one.1) {
            *total += count;
        }
        lost += one.1[Counter::EventsLost as usize];
        let frames = &one.0.transmitted;
        assert!(frames.windows(2).all(|f| f[1].cycle >= f[0].cycle + IMAGE_WORDS + 4));
    }
    println!("events by kind {kinds:?}, lost {lost}");
    assert!(kinds[EventKind::Book as usize..].iter().all(|&count| count > 0), "{kinds:?}");
    let in_time = [
        Counter::RefusedHostSilent, Counter::RefusedFenced, Counter::RefusedAge, Counter::RefusedRepeated,
        Counter::RefusedThrottle, Counter::RefusedPosition, Counter::RefusedExposure, Counter::RefusedOpenOrders,
        Counter::RefusedUnacknowledged, Counter::HostSilences,
    ];
    for counter in in_time {
        assert!(counters[counter as usize] > 0, "{counter:?}");
    }
}
