//! Lockstep: the Verilated gateware and the reference model, on random traffic. Oracle: the model, which was
//! written from the card's page and the exchanges' documents.
use riposte_map::{
    counter::Counter,
    limits::RULES,
    reason::Reason,
    shm::{Condition, EventKind, Opcode},
};
use riposte_model::Model;
use riposte_tests::{
    bench::{LOCATE, ON_TRADE, instrument},
    lockstep::{Coverage, Ended, Lockstep},
    messages::{action, add, blocks, cancel, delete, executed},
    parameters::{Instrument, Rule, command, opening, parameters, random_instruments},
    random::Random,
    traffic::{Faults, Piece, Traffic, packet},
};
use riposte_verilated::Verilated;

const PRICE_E4: u32 = 1_500_000;

/// How random traffic is made and what happens beside it.
#[derive(Clone, Copy)]
struct Plan {
    pieces: usize,
    instruments: usize,
    faults: Faults,
    /// Commands and commits in flight.
    commands: bool,
    shape: fn(Traffic) -> Traffic,
    rules: fn(&mut Random, &[u16]) -> Vec<Instrument>,
}

fn any_rules(random: &mut Random, locates: &[u16]) -> Vec<Instrument> {
    random_instruments(random, locates, PRICE_E4)
}

/// Every rule fires on every print, and most orders pass.
fn eager_rules(random: &mut Random, locates: &[u16]) -> Vec<Instrument> {
    let mut instruments = any_rules(random, locates);
    for one in &mut instruments {
        *one = Instrument { enabled: true, quantity_max: 900, collar_e4: (0, u32::MAX), ..*one };
        for rule in one.rules.iter_mut().flatten() {
            *rule = Rule { condition: Condition::TradeAtLeast, threshold: 0, ..*rule };
        }
    }
    instruments
}

const CLEAN: Plan = Plan { pieces: 400, instruments: 16, faults: Faults::NONE, commands: false, shape: |traffic| traffic, rules: any_rules };

fn loaded(instruments: &[Instrument]) -> Lockstep {
    let mut lockstep = Lockstep::new(vec![Box::new(Model::new()), Box::new(Verilated::new())]);
    lockstep.commands(&parameters(instruments, 1));
    lockstep.commands(&opening(instruments.len()));
    lockstep
}

/// A command at a random time within the next frame.
fn interfere(lockstep: &mut Lockstep, random: &mut Random) {
    let simple = random.pick(&[
        Opcode::Arm, Opcode::Arm, Opcode::Arm, Opcode::Disarm, Opcode::Kill, Opcode::ClearKill, Opcode::ClearKill,
        Opcode::ClearKill, Opcode::Invalidate, Opcode::Validate, Opcode::Session, Opcode::Session, Opcode::Trace,
        Opcode::Commit,
    ]);
    let mut one = command(simple, 0, 0, 0, 1, &[1 << random.below(16), random.below(9)]);
    if random.once_in(30) {
        one.opcode = 15 + random.below(241) as u8;
    }
    lockstep.command(random.below(60), one);
}

fn run(seed: u64, plan: Plan) -> Coverage {
    let locates: Vec<u16> = (0..plan.instruments as u16).map(|at| 7 + at * 3).collect();
    let mut random = Random::new(seed ^ 0xc0ffee);
    let mut lockstep = loaded(&(plan.rules)(&mut random, &locates));
    let mut generation = 1;
    let mut traffic = (plan.shape)(Traffic::new(seed, &locates, PRICE_E4, plan.faults));
    let first = traffic.opening();
    lockstep.piece(&first);
    for at in 0..plan.pieces {
        if plan.commands && random.once_in(20) {
            interfere(&mut lockstep, &mut random);
        }
        if plan.commands && random.once_in(40) {
            generation += 1;
            let mut set = parameters(&(plan.rules)(&mut random, &locates), generation);
            for (instrument, rule) in (0..plan.instruments).flat_map(|at| (0..RULES).map(move |rule| (at, rule))) {
                if random.once_in(8) {
                    // No words, but a quantity and a price that pass.
                    let order = [1 | u64::from(PRICE_E4) << 32, 0];
                    set.insert(set.len() - 1, command(Opcode::WriteTemplate, instrument, rule, 0, 0, &order));
                }
            }
            for one in set {
                lockstep.command(0, one);
            }
        }
        let piece = traffic.piece();
        lockstep.piece(&piece);
        if at % 16 == 0 {
            lockstep.compare(seed);
        }
    }
    lockstep.finish(seed).coverage
}

#[test]
fn clean_traffic_on_one_instrument_is_equal() {
    let mut coverage = Coverage::default();
    for seed in 100..106 {
        coverage.add(&run(seed, Plan { instruments: 1, ..CLEAN }));
    }
    assert!(coverage.events(EventKind::OrderSent) > 100);
    assert_eq!((coverage.events(EventKind::Invalid), coverage.events(EventKind::Channel)), (0, 0), "clean is clean");
}

#[test]
fn clean_traffic_on_sixteen_instruments_is_equal() {
    let mut coverage = Coverage::default();
    for seed in 110..116 {
        coverage.add(&run(seed, CLEAN));
    }
    assert!(coverage.events(EventKind::OrderSent) > 300);
    assert_eq!((coverage.events(EventKind::Invalid), coverage.events(EventKind::Channel)), (0, 0), "clean is clean");
}

/// A reason that no input can bring about: with generation 0 in force there is no feed and so no decision; messages
/// come no faster than they are issued; and the host's own invalidations answer with a Command event.
const OUT_OF_REACH: [Reason; 3] = [Reason::NoGeneration, Reason::Overload, Reason::Host];

/// A gap makes every book invalid for good, so many short runs exercise more than a long one.
#[test]
fn faults_and_commands_in_flight_are_equal_and_reach_every_reason() {
    let mut all = Coverage::default();
    let plan = Plan { pieces: 60, faults: Faults::MANY, ..CLEAN };
    for seed in 0..60 {
        all.add(&run(seed, Plan { instruments: 1 + seed as usize % 16, ..plan }));
    }
    for seed in 200..260 {
        all.add(&run(seed, Plan { instruments: 8, commands: true, ..plan }));
    }
    let clean = Plan { commands: true, ..CLEAN };
    for seed in 300..306 {
        all.add(&run(seed, Plan { instruments: 1, shape: Traffic::crowd_orders, ..CLEAN }));
        all.add(&run(seed, Plan { instruments: 1, shape: Traffic::crowd_levels, ..CLEAN }));
        all.add(&run(seed, Plan { instruments: 2, shape: Traffic::mostly_prints, rules: eager_rules, ..clean }));
        all.add(&run(seed, Plan { instruments: 8, ..clean }));
    }
    all.print();
    for reason in Reason::ALL {
        let reached = all.events.keys().any(|(_, of)| of == reason);
        assert_eq!(reached, !OUT_OF_REACH.contains(reason), "{reason:?}");
    }
    // Events are lost only where commands crowd them out, which the gate's tests do.
    for counter in Counter::ALL {
        let reached = all.count(*counter) > 0;
        assert!(reached || *counter == Counter::EventsLost, "{} never counted", counter.text());
    }
}

/// A ladder of bids, each alone on its level, built from below and taken from the top: every message moves the top.
fn ladder(round: u64) -> Vec<Vec<u8>> {
    let price = |at: u64| 600_000 + at as u32 * 100;
    let reference = |at: u64| round * 1000 + at + 1;
    let rises = (0..100).map(|at| add(LOCATE, reference(at), b'B', 100, price(at)));
    let falls = (0..100).rev().flat_map(|at| {
        let part = match at % 3 {
            0 => Some(executed(LOCATE, reference(at), 1)),
            1 => Some(cancel(LOCATE, reference(at), 1)),
            _ => None,
        };
        // In every other round deletes alone: nothing is shorter.
        part.filter(|_| round.is_multiple_of(2)).into_iter().chain([delete(LOCATE, reference(at))])
    });
    rises.chain(falls).collect()
}

/// Shows rounds of the ladder in packets of up to `per_packet` messages without an idle cycle, for 100,000 cycles.
fn line_rate(per_packet: usize, tagged: bool) -> (Ended, usize) {
    let falling = Rule { condition: Condition::BidAtMost, threshold: 605_000, ..ON_TRADE };
    let rising = Rule { condition: Condition::BidAtLeast, threshold: 605_000, ..ON_TRADE };
    let mut lockstep = loaded(&[instrument(&[falling, rising])]);
    let (mut sequence, mut shown, mut round) = (1, 0, 0);
    let mut show = |lockstep: &mut Lockstep, messages: &[Vec<u8>], gap| {
        let bytes = packet(tagged, sequence, messages.len() as u16, &blocks(messages));
        sequence += messages.len() as u64;
        lockstep.piece(&Piece { bytes, time_ns: sequence, fcs_good: true, stalls: 0, gap });
    };
    show(&mut lockstep, &[action(LOCATE, b'T')], 40);
    let start = lockstep.cycle();
    while lockstep.cycle() < start + 100_000 {
        for messages in ladder(round).chunks(per_packet) {
            show(&mut lockstep, messages, 0);
            shown += messages.len();
        }
        round += 1;
        lockstep.compare(round);
    }
    (lockstep.finish(0), shown)
}

#[test]
fn the_smallest_messages_back_to_back_are_all_taken() {
    for (per_packet, tagged) in [(60, false), (60, true), (7, false), (1, true)] {
        let (ended, shown) = line_rate(per_packet, tagged);
        let coverage = ended.coverage;
        println!("{per_packet} messages a packet: {shown} messages in {} cycles", ended.cycles);
        let books = coverage.events(EventKind::Book) as usize;
        assert_eq!(books, shown + 1, "one verdict a message, the trading action's too");
        assert_eq!((coverage.events(EventKind::Channel), coverage.events(EventKind::Invalid)), (0, 0), "no Overload");
        assert_eq!((coverage.count(Counter::EventsLost), coverage.count(Counter::DecisionsDropped)), (0, 0));
        assert!(coverage.events(EventKind::OrderSent) > 100);
    }
}
