//! Lockstep in volume: a seed is a run, whatever is in it; many seeds, on several threads, are a soak.
//!
//! In: seeds, and how to make the cards. Out: what all runs exercised, or the first difference with the command that
//! replays its run. A run is a function of its seed alone: fresh cards, nothing shared. A channel error makes every
//! book invalid for good, so faulty runs are short and many.
use crate::{
    coverage::Bins,
    lines::{TwoLines, with_line_b},
    lockstep::{Coverage, Ended, Lockstep, SETTLE_CYCLES},
    parameters::{
        Gate, Instrument, MOST, command, credit, eager, grants, heartbeat, lease, opening, order, parameters_within,
        random_gate, random_instruments, repeat, resting, tightened,
        with_silence,
    },
    random::Random,
    traffic::{Faults, Traffic},
};
use riposte_device::Card;
use riposte_map::{
    limits::{CLEAR_CYCLES, RESUME_CYCLES, ROW_CYCLES, RULES},
    shm::Opcode,
};
use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
};

const PRICE_E4: u32 = 1_500_000;
/// Cycles of a run whose books soon become invalid, and of one whose books stay valid.
const SHORT_CYCLES: u64 = 4_000;
const LONG_CYCLES: u64 = 16_000;
/// Pieces between two comparisons.
const BATCH_PIECES: u64 = 16;

/// Makes the cards of one run.
pub type Cards<'a> = &'a (dyn Fn() -> Vec<Box<dyn Card>> + Sync);

/// How random traffic is made and what happens beside it.
#[derive(Clone, Copy)]
pub struct Plan {
    pub name: &'static str,
    /// The run ends with the first piece behind so many cycles.
    pub cycles: u64,
    pub instruments: usize,
    pub faults: Faults,
    /// Commands and commits in flight.
    pub commands: bool,
    /// Books are cleared and restored.
    pub restorations: bool,
    /// Bursts of a command a cycle, whose events crowd the others out.
    pub floods: bool,
    /// The feed comes over two lines, each with losses of its own.
    pub lines: bool,
    pub shape: fn(Traffic) -> Traffic,
    pub rules: fn(&mut Random, &[u16]) -> Vec<Instrument>,
    pub limits: fn(&mut Random) -> Gate,
}

fn any_rules(random: &mut Random, locates: &[u16]) -> Vec<Instrument> {
    random_instruments(random, locates, PRICE_E4)
}

/// And limits of every kind.
fn tight_rules(random: &mut Random, locates: &[u16]) -> Vec<Instrument> {
    let instruments = any_rules(random, locates);
    tightened(random, instruments, PRICE_E4)
}

/// Every rule fires on every print, and most orders pass.
fn eager_rules(random: &mut Random, locates: &[u16]) -> Vec<Instrument> {
    eager(any_rules(random, locates), 900)
}

impl Plan {
    /// Sixteen instruments, nothing goes wrong.
    pub const CLEAN: Plan = Plan {
        name: "clean",
        cycles: LONG_CYCLES,
        instruments: 16,
        faults: Faults::NONE,
        commands: false,
        restorations: false,
        floods: false,
        lines: false,
        shape: |traffic| traffic,
        rules: any_rules,
        limits: |_| Gate::WIDE,
    };

    /// What the run of a seed is made of.
    pub fn of(seed: u64) -> Plan {
        let mut random = Random::new(seed ^ 0xfa17);
        let clean = Plan { instruments: 1 + random.below(16) as usize, ..Plan::CLEAN };
        let commands = Plan { commands: true, rules: tight_rules, limits: random_gate, ..clean };
        let some = Faults::some(&mut random);
        let restored = Plan { restorations: true, ..commands };
        match seed % 21 {
            0 | 1 => Plan { name: "faults", cycles: SHORT_CYCLES, faults: Faults::MANY, ..clean },
            2 => Plan { name: "faults of books", faults: Faults::BOOK, ..clean },
            3 => Plan { name: "faults of books, commands", faults: Faults::BOOK, ..commands },
            4 | 5 => Plan { name: "some faults", cycles: SHORT_CYCLES, faults: some, ..clean },
            6 | 7 => Plan { name: "faults, commands", cycles: SHORT_CYCLES, faults: some, ..commands },
            8 => Plan { name: "full order buckets", instruments: 1, shape: Traffic::crowd_orders, ..clean },
            9 => Plan { name: "full level rows", instruments: 1, shape: Traffic::crowd_levels, ..clean },
            10 => Plan {
                name: "decisions crowd",
                instruments: 1 + random.below(2) as usize,
                shape: Traffic::mostly_prints,
                rules: eager_rules,
                ..commands
            },
            11 => Plan { name: "events crowd", floods: true, ..commands },
            12 => Plan { name: "replaces", shape: Traffic::mostly_replaces, ..commands },
            13 => Plan { name: "back to back", shape: Traffic::back_to_back, ..clean },
            14 => Plan { name: "one hot instrument", instruments: 1, shape: Traffic::back_to_back, ..commands },
            15 => Plan { name: "restorations", ..restored },
            16 => Plan { name: "faults, restorations", faults: some, ..restored },
            17 => Plan { name: "commands", ..commands },
            18 => Plan { name: "two lines", lines: true, ..clean },
            19 => Plan { name: "two lines, back to back, commands", lines: true, shape: Traffic::back_to_back, ..commands },
            _ => Plan { name: "two lines, faults, restorations", lines: true, faults: some, ..restored },
        }
    }

    fn locates(&self) -> Vec<u16> {
        (0..self.instruments as u16).map(|at| 7 + at * 3).collect()
    }
}

/// Runs a plan on cards alike; the seed decides everything random.
pub fn run(seed: u64, plan: &Plan, cards: Cards) -> Result<Ended, String> {
    // A card that panics has failed as much as one that differs.
    let run = catch_unwind(AssertUnwindSafe(|| drive(seed, plan, cards)));
    run.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        Err(text.or(panic.downcast_ref::<&str>().map(|text| (*text).into())).unwrap_or("a panic".into()))
    })
}

fn drive(seed: u64, plan: &Plan, cards: Cards) -> Result<Ended, String> {
    let locates = plan.locates();
    let mut random = Random::new(seed ^ 0xc0ffee);
    // What two lines bring together no observer of one can tell.
    let mut lockstep = if plan.lines { Lockstep::new(cards()) } else { Lockstep::observed(cards()) };
    let mut lines = TwoLines::default();
    lockstep.commands(&whole_set(&mut random, plan, 1));
    lockstep.commands(&opening(plan.instruments));
    let mut generation = 1;
    let mut traffic = (plan.shape)(Traffic::new(seed, &locates, PRICE_E4, plan.faults));
    let first = traffic.opening();
    lockstep.piece(&first);
    let start = lockstep.cycle();
    for at in 0.. {
        if lockstep.cycle() - start >= plan.cycles {
            break;
        }
        if plan.commands {
            interfere(&mut lockstep, &mut random, plan, &mut generation);
        }
        if plan.restorations && random.once_in(40) {
            restore(&mut lockstep, &mut random, &mut traffic, plan);
        }
        let piece = traffic.piece();
        if plan.lines {
            lines.piece(&mut lockstep, &mut random, piece);
        } else {
            lockstep.piece(&piece);
        }
        if at % BATCH_PIECES == 0 {
            lockstep.check().map_err(|difference| difference.to_string())?;
        }
    }
    lines.end(&mut lockstep);
    lockstep.end().map_err(|difference| difference.to_string())
}

/// Now and then a command, a new parameter set or a flood, which begins somewhere in the next frames.
fn interfere(lockstep: &mut Lockstep, random: &mut Random, plan: &Plan, generation: &mut u32) {
    if random.once_in(20) {
        any_command(lockstep, random);
    }
    if random.once_in(12) {
        lend(lockstep, random, plan);
    }
    if random.once_in(8) {
        trade(lockstep, random, plan);
    }
    if random.once_in(40) {
        *generation += 1;
        for one in parameter_set(random, plan, *generation) {
            lockstep.command(0, one);
        }
    }
    if plan.floods && random.once_in(20) {
        let trace = command(Opcode::Trace, 0, 0, 0, 1, &[]);
        for _ in 0..10 + random.below(120) {
            lockstep.command(0, trace);
        }
    }
}

/// Clears the books, restores them with rows while the feed goes on, and resumes; sometimes too early, or wrong.
fn restore(lockstep: &mut Lockstep, random: &mut Random, traffic: &mut Traffic, plan: &Plan) {
    lockstep.command(random.below(60), command(Opcode::Clear, 0, 0, 0, 0, &[]));
    for _ in 0..random.below(4) {
        lockstep.piece(&traffic.piece());
    }
    lockstep.idle(if random.once_in(4) { random.below(CLEAR_CYCLES + 20) } else { CLEAR_CYCLES + 60 });
    let (mut sequence, mut rows) = traffic.snapshot();
    if random.once_in(2) {
        rows.extend(traffic.removal());
    }
    let stray = random.below(200) as usize;
    for (at, row) in rows.iter().enumerate() {
        if at == stray {
            let opcode = random.pick(&[Opcode::Clear, Opcode::Validate, Opcode::Invalidate, Opcode::Resume, Opcode::Order]);
            lockstep.command(random.below(6), command(opcode, 0, 0, 0, 0, &[1 << random.below(16), sequence]));
        }
        let early = random.once_in(300);
        lockstep.command(0, *row);
        lockstep.idle(if early { random.below(ROW_CYCLES) } else { ROW_CYCLES + random.below(3) });
    }
    lockstep.idle(if random.once_in(8) { random.below(RESUME_CYCLES) } else { RESUME_CYCLES });
    if random.once_in(6) {
        // The feed goes on meanwhile: the books are old by a packet, and the card may see it only now.
        lockstep.piece(&traffic.piece());
        lockstep.idle(random.below(6));
    }
    if random.once_in(8) {
        sequence += 1;
    }
    let mask = if random.once_in(4) { random.below(1 << 16) } else { (1 << plan.instruments) - 1 };
    lockstep.command(random.below(20), command(Opcode::Resume, 0, 0, 0, 0, &[mask, sequence]));
    lockstep.idle(random.pick(&[0, 0, 1, 2, 3, 4, 5, 10, 100]));
}

/// A command at a random time within the next frame.
fn any_command(lockstep: &mut Lockstep, random: &mut Random) {
    let simple = random.pick(&[
        Opcode::Arm, Opcode::Arm, Opcode::Arm, Opcode::Disarm, Opcode::Kill, Opcode::ClearKill, Opcode::ClearKill,
        Opcode::ClearKill, Opcode::Invalidate, Opcode::Validate, Opcode::Session, Opcode::Session, Opcode::Trace,
        Opcode::Commit,
    ]);
    let mut one = command(simple, 0, 0, 0, 1, &[1 << random.below(16), random.below(9)]);
    if random.once_in(30) {
        let unknown = Opcode::ALL.len() as u64 + 1;
        one.opcode = (unknown + random.below(256 - unknown)) as u8;
    }
    lockstep.command(random.below(60), one);
}

/// A grant that is little, what may rest of ours, a fence, a heartbeat that runs out, or the end of all of them, at a random time within the
/// next frame.
fn lend(lockstep: &mut Lockstep, random: &mut Random, plan: &Plan) {
    let instrument = random.below(plan.instruments as u64) as usize;
    let rule = random.below(RULES as u64) as usize;
    let ahead = random.below(60);
    // A total since reset of any size up to so many bits.
    let total = |random: &mut Random, bits: u64| random.draw() >> (63 - random.below(bits));
    let orders = total(random, 9) as u32;
    let price_e4 = |random: &mut Random| PRICE_E4 - 1000 + random.below(21) as u32 * 100;
    let one = match random.below(14) {
        0 => lease(instrument, total(random, 16) as u32, total(random, 16) as u32),
        1 => credit(total(random, 38), MOST, MOST),
        2 | 8 => credit(u64::MAX >> 1, orders, MOST),
        3 | 9 => credit(u64::MAX >> 1, MOST, orders),
        4 => repeat(instrument, rule, random.below(6) as u32),
        5 => heartbeat(random.below(400)),
        6 => command(Opcode::Fence, 0, 0, 0, 0, &scope(random, instrument, rule)),
        7 => command(Opcode::Lift, 0, 0, 0, 0, &scope(random, instrument, rule)),
        10 | 11 => resting(instrument, price_e4(random), price_e4(random), orders),
        _ => return relieve(lockstep, plan),
    };
    lockstep.command(ahead, one);
}

/// What a fence may be of: an instrument, its buys, its sells, or a rule.
fn scope(random: &mut Random, instrument: usize, rule: usize) -> [u64; 2] {
    let of_rule = [0, 1 << (instrument * RULES + rule)];
    random.pick(&[[1 << instrument, 0], [1 << (16 + instrument), 0], [1 << (32 + instrument), 0], of_rule])
}

/// An order of the host, or several that may come too soon.
fn trade(lockstep: &mut Lockstep, random: &mut Random, plan: &Plan) {
    for _ in 0..random.pick(&[1, 1, 1, 2, 3]) {
        let price_e4 = PRICE_E4 - 1000 + random.below(21) as u32 * 100;
        let instrument = random.below(plan.instruments as u64) as usize;
        let (side, quantity) = (random.pick(b"BBSSTXC"), random.pick(&[0, 1, 100, 300, 900]));
        lockstep.command(random.below(60), order(instrument, side, quantity, price_e4));
    }
}

/// The host is heard, everything is granted, nothing is fenced, and the card is armed.
fn relieve(lockstep: &mut Lockstep, plan: &Plan) {
    for one in grants(plan.instruments) {
        lockstep.command(0, one);
    }
    for (opcode, scope) in [(Opcode::Lift, [u64::MAX; 2]), (Opcode::Arm, [0; 2])] {
        lockstep.command(0, command(opcode, 0, 0, 0, 0, &scope));
    }
}

/// A set without the templates that it sometimes lacks.
fn whole_set(random: &mut Random, plan: &Plan, generation: u32) -> Vec<riposte_map::shm::Command> {
    let limits = (plan.limits)(random);
    let mut set = parameters_within(&limits, &(plan.rules)(random, &plan.locates()), generation);
    if plan.lines {
        with_line_b(random, &mut set);
    }
    if plan.commands && random.once_in(8) {
        // All are over when a run has settled: none may end while counters are read, in cycles that only gateware has.
        with_silence(&mut set, random.pick(&[0, 1, 40, 150, 600, SETTLE_CYCLES as u32 - 300]));
    }
    set
}

fn parameter_set(random: &mut Random, plan: &Plan, generation: u32) -> Vec<riposte_map::shm::Command> {
    let mut set = whole_set(random, plan, generation);
    for (instrument, rule) in (0..plan.instruments).flat_map(|at| (0..RULES).map(move |rule| (at, rule))) {
        if random.once_in(8) {
            // No words, but a side, a quantity and a price that pass.
            let order = [1 | u64::from(PRICE_E4) << 32, u64::from(b'B'), 1];
            set.insert(set.len() - 1, command(Opcode::WriteTemplate, instrument, rule, 0, 0, &order));
        }
    }
    set
}

/// A run that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    pub seed: u64,
    pub what: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Failure { seed, what } = self;
        let plan = Plan::of(*seed).name;
        write!(f, "seed {seed} ({plan}): {what}\nthis run again: make soak ARGS=\"--seed {seed} --runs 1\"")
    }
}

impl std::error::Error for Failure {}

/// What all runs of a soak exercised.
#[derive(Default)]
pub struct Totals {
    pub runs: u64,
    pub cycles: u64,
    pub coverage: Coverage,
    pub bins: Bins,
    /// Of all runs, whatever their order; equal for equal seeds and cards.
    pub digest: u64,
}

impl Totals {
    /// Takes those of other seeds.
    pub fn merge(&mut self, other: &Totals) {
        self.runs += other.runs;
        self.cycles += other.cycles;
        self.coverage.add(&other.coverage);
        self.bins.add(&other.bins);
        self.digest = self.digest.wrapping_add(other.digest);
    }

    fn add(&mut self, ended: &Ended) {
        self.runs += 1;
        self.cycles += ended.cycles;
        self.coverage.add(&ended.coverage);
        self.bins.add(&ended.bins);
        self.digest = self.digest.wrapping_add(ended.digest);
    }
}

/// Seeds from `first` on whose runs have `cycles` clock cycles or more together.
pub fn seeds(first: u64, cycles: u64) -> Vec<u64> {
    let mut planned = 0;
    (first..)
        .take_while(|seed| {
            let more = planned < cycles;
            planned += Plan::of(*seed).cycles;
            more
        })
        .collect()
}

/// Hears of something during a soak: of a run's seed when it begins, or of its cycles when it has ended.
pub type Ear<'a> = &'a (dyn Fn(u64) + Sync);

/// Runs the seeds on `jobs` threads. Of several failures the one of the lowest seed is told.
pub fn soak(seeds: &[u64], jobs: usize, cards: Cards, begun: Ear, done: Ear) -> Result<Totals, Failure> {
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (totals, failure) = (Mutex::new(Totals::default()), Mutex::new(None::<Failure>));
    let work = || {
        while let Some(&seed) = seeds.get(next.fetch_add(1, Relaxed))
            && !failed.load(Relaxed)
        {
            begun(seed);
            match run(seed, &Plan::of(seed), cards) {
                Ok(ended) => {
                    totals.lock().expect("no panic holds it").add(&ended);
                    done(ended.cycles);
                }
                Err(what) => {
                    failed.store(true, Relaxed);
                    let mut failure = failure.lock().expect("no panic holds it");
                    if failure.as_ref().is_none_or(|known| seed < known.seed) {
                        *failure = Some(Failure { seed, what });
                    }
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(work);
        }
    });
    match failure.into_inner().expect("no panic holds it") {
        Some(failure) => Err(failure),
        None => Ok(totals.into_inner().expect("no panic holds it")),
    }
}
