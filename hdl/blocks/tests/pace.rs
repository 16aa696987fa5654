//! Metrics over time in rust-hdl's simulation, against the definition of hdl/README.md read over the whole history: no state is
//! kept but what came.
use riposte_blocks::{
    bundle::{Top, Window},
    pace::Pace,
};
use rust_hdl::prelude::*;

const CYCLES: u64 = 6_000;
const INSTRUMENTS: u64 = 3;

/// One operation, committed in cycle `commit`.
#[derive(Clone, Copy, Debug)]
struct Operation {
    commit: u64,
    bank: u64,
    instrument: u64,
    counts: bool,
    /// Price and quantity of bid and ask.
    top: [(u64, u64); 2],
}

/// A stream of numbers from a seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }

    fn pick(&mut self, choices: &[u64]) -> u64 {
        choices[self.below(choices.len() as u64) as usize]
    }
}

/// What an operation finds.
#[derive(Debug, PartialEq)]
struct Found {
    rate: Option<u64>,
    rise: Option<u64>,
    fall: Option<u64>,
}

/// All that came: operations, the windows that they found in their set, books that were valid in each cycle.
#[derive(Default)]
struct History {
    operations: Vec<(Operation, u64)>,
    valid: Vec<u64>,
}

impl History {
    /// Metrics of the last operation.
    fn found(&self) -> Found {
        let (last, cycles) = *self.operations.last().expect("one");
        let none = Found { rate: None, rise: None, fall: None };
        if cycles == 0 {
            return none;
        }
        let counted = |one: &Operation| one.instrument == last.instrument && one.counts;
        let earlier = &self.operations[..self.operations.len() - 1];
        let mut own: Vec<_> = earlier.iter().filter(|(one, _)| counted(one)).collect();
        let itself = (last, cycles);
        own.push(&itself);
        let mut opened = 0;
        for at in 1..own.len() {
            let ((first, length), (one, _)) = (own[opened], own[at]);
            let was_valid = (first.commit + 1..one.commit).all(|cycle| self.valid[cycle as usize] >> one.instrument & 1 == 1);
            if *length == 0 || own[at - 1].1 == 0 || one.commit >= first.commit + length || !was_valid {
                opened = at;
            }
        }
        let before = if opened == 0 { [(0, 0); 2] } else { own[opened - 1].0.top };
        let there = |(price, quantity): (u64, u64)| Some(price).filter(|_| quantity != 0);
        let [(bid, ask), (bid_before, ask_before)] = [last.top, before].map(|[bid, ask]| (there(bid), there(ask)));
        Found {
            rate: Some((own.len() - opened) as u64),
            rise: bid.zip(bid_before).and_then(|(now, then)| now.checked_sub(then)),
            fall: ask.zip(ask_before).and_then(|(now, then)| then.checked_sub(now)),
        }
    }
}

fn top((price, quantity): (u64, u64)) -> Top {
    Top { price: price.into(), quantity: quantity.into() }
}

struct Simulation {
    pace: Box<Pace>,
    history: History,
    windows: [u64; 32],
    /// What the last operation, and the one before it, must have found.
    expected: [Option<Found>; 2],
}

impl Simulation {
    fn new() -> Simulation {
        let mut pace = Box::new(Pace::default());
        pace.connect_all();
        let mut one = Simulation { pace, history: History::default(), windows: [0; 32], expected: [None, None] };
        one.pace.reset.next = true;
        for row in 0..16u64 {
            one.pace.sweep.next = row.into();
            one.settle();
            one.edge();
        }
        one.pace.reset.next = false;
        one
    }

    fn settle(&mut self) {
        self.pace.clock.next = false.into();
        assert!(simulate(self.pace.as_mut(), 100));
    }

    fn edge(&mut self) {
        self.pace.clock.next = true.into();
        assert!(simulate(self.pace.as_mut(), 100));
    }

    fn write(&mut self, row: u64, cycles: u64) {
        self.pace.window_write.next = true;
        self.pace.window_address.next = row.into();
        let less_three = cycles.wrapping_sub(3) & 0xffff_ffff;
        self.pace.window_data.next =
            Window { is_there: cycles != 0, is_brief: cycles < 3, cycles: less_three.into() };
        self.windows[row as usize] = cycles;
    }

    /// One cycle in which these books are valid, `commits` is committed and `last` was in the cycle before.
    fn cycle(&mut self, valid: u64, commits: Option<&Operation>, last: Option<&Operation>) {
        self.pace.books_valid.next = valid.into();
        self.history.valid.push(valid);
        if let Some(one) = commits {
            let row = one.bank << 4 | one.instrument;
            self.pace.row.next = row.into();
        }
        self.pace.counts.next = last.is_some_and(|one| one.counts);
        if let Some(one) = last {
            self.pace.instrument.next = one.instrument.into();
            self.pace.bid.next = top(one.top[0]);
            self.pace.ask.next = top(one.top[1]);
        }
        self.settle();
        self.compare();
        self.edge();
        self.pace.window_write.next = false;
    }

    /// Values in the cycle behind the commit; what of them is there in the next.
    fn compare(&mut self) {
        let [last, earlier] = &self.expected;
        if let Some(found) = last {
            let values = [(found.rate, &self.pace.rate), (found.rise, &self.pace.rise), (found.fall, &self.pace.fall)];
            for (value, port) in values {
                assert!(value.is_none_or(|value| port.val() == Bits::<32>::from(value)), "{found:?}: {:?}", port.val());
            }
        }
        if let Some(found) = earlier {
            let there = [self.pace.has_rate.val(), self.pace.has_rise.val(), self.pace.has_fall.val()];
            assert_eq!(there, [found.rate.is_some(), found.rise.is_some(), found.fall.is_some()], "{found:?}");
        }
    }
}

fn operation(numbers: &mut Numbers, commit: u64) -> Operation {
    let mut side = |base| (base + numbers.below(5), numbers.pick(&[0, 1, 1, 1, 1 << 31]));
    let top = [side(1000), side(1100)];
    Operation { commit, bank: numbers.below(2), instrument: numbers.below(INSTRUMENTS), counts: numbers.below(8) != 0, top }
}

#[test]
fn every_operation_finds_what_the_definition_says() {
    let mut simulation = Simulation::new();
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let mut valid = 0xffff;
    let (mut last, mut next): (Option<Operation>, u64) = (None, 2);
    let mut seen = [0; 4];
    for cycle in 0..CYCLES {
        let windows = simulation.windows;
        if numbers.below(150) == 0 {
            let row = numbers.below(2) << 4 | numbers.below(INSTRUMENTS);
            let cycles = numbers.pick(&[0, 1, 2, 3, 4, 5, 8, 20, 20, 61, 200, 200, 0xffff_ffff]);
            simulation.write(row, cycles);
        }
        if numbers.below(60) == 0 {
            valid ^= 1 << numbers.below(INSTRUMENTS);
        } else if numbers.below(20) == 0 {
            valid = 0xffff;
        }
        let commits = (cycle == next).then(|| operation(&mut numbers, cycle));
        let expected = last.map(|_| simulation.history.found());
        if let (Some(found), Some(_)) = (&expected, last) {
            let reached = [
                found.rate.is_some_and(|rate| rate > 2), found.rise.is_some_and(|rise| rise > 0),
                found.fall.is_some_and(|fall| fall > 0), found.rate.is_none(),
            ];
            for (count, reached) in seen.iter_mut().zip(reached) {
                *count += u32::from(reached);
            }
        }
        let [behind, _] = std::mem::take(&mut simulation.expected);
        simulation.expected = [expected, behind];
        simulation.cycle(valid, commits.as_ref(), last.as_ref());
        if let Some(one) = commits {
            // The row is written at the edge: what is read in this cycle is what was there.
            let row = (one.bank << 4 | one.instrument) as usize;
            simulation.history.operations.push((one, windows[row]));
            next = cycle + numbers.pick(&[2, 2, 2, 3, 4, 9, 30]);
        }
        last = commits;
    }
    assert!(seen.iter().all(|count| *count > 50), "{seen:?}");
}
