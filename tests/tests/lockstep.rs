//! Lockstep: the Verilated gateware and the reference model, on random traffic. Oracle: the model, which was
//! written from the card's page and the exchanges' documents.
use riposte_map::{
    counter::Counter,
    shm::{EventKind, Opcode},
};
use riposte_model::Model;
use riposte_tests::{
    lockstep::Lockstep,
    parameters::{command, opening, parameters, random_instruments},
    random::Random,
    traffic::{Faults, Traffic},
};
use riposte_verilated::Verilated;

const PRICE_E4: u32 = 1_500_000;

fn cards() -> Lockstep {
    Lockstep::new(Box::new(Model::new()), Box::new(Verilated::new()))
}

/// Runs `pieces` random packets, with commands in flight if `commands`.
fn run(seed: u64, pieces: usize, instruments: usize, faults: Faults, commands: bool) -> [u32; Counter::COUNT] {
    let locates: Vec<u16> = (0..instruments as u16).map(|at| 7 + at * 3).collect();
    let mut random = Random::new(seed ^ 0xc0ffee);
    let mut lockstep = cards();
    let mut generation = 1;
    lockstep.commands(&parameters(&random_instruments(&mut random, &locates, PRICE_E4), generation));
    lockstep.commands(&opening(instruments));
    let mut traffic = Traffic::new(seed, &locates, PRICE_E4, faults);
    let first = traffic.opening();
    lockstep.piece(&first);
    for at in 0..pieces {
        if commands && random.once_in(20) {
            let simple = random.pick(&[
                Opcode::Arm, Opcode::Arm, Opcode::Disarm, Opcode::Kill, Opcode::ClearKill, Opcode::ClearKill,
                Opcode::Invalidate, Opcode::Session, Opcode::Trace,
            ]);
            let mut one = command(simple, 0, 0, 0, 1, &[1 << random.below(16), 1 + random.below(99)]);
            if random.once_in(30) {
                one.opcode = random.next() as u8;
            }
            lockstep.command(random.below(60), one);
        }
        if commands && random.once_in(150) {
            generation += 1;
            for one in parameters(&random_instruments(&mut random, &locates, PRICE_E4), generation) {
                lockstep.command(0, one);
            }
        }
        let piece = traffic.piece();
        lockstep.piece(&piece);
        if at % 16 == 0 {
            lockstep.compare(seed);
        }
    }
    let (output, counters) = lockstep.finish(seed);
    let kinds = |kind: EventKind| output.events.iter().filter(|event| event.kind() == Some(kind)).count();
    println!(
        "seed {seed}: {} events ({} books, {} sent, {} refused, {} invalid, {} channel)",
        output.events.len(),
        kinds(EventKind::Book),
        kinds(EventKind::OrderSent),
        kinds(EventKind::OrderRefused),
        kinds(EventKind::Invalid),
        kinds(EventKind::Channel)
    );
    counters
}

#[test]
fn clean_traffic_on_one_instrument_is_equal() {
    let counters = run(2, 300, 1, Faults::NONE, false);
    assert!(counters[Counter::OrdersSent as usize] + counters[Counter::OrdersRefused as usize] > 0);
}

#[test]
fn clean_traffic_on_sixteen_instruments_is_equal() {
    for seed in [3, 4] {
        run(seed, 400, 16, Faults::NONE, false);
    }
}

#[test]
fn traffic_with_every_fault_is_equal() {
    for seed in 10..16 {
        run(seed, 400, 5, Faults::MANY, false);
    }
}

#[test]
fn commands_and_commits_in_flight_are_equal() {
    for seed in 20..26 {
        run(seed, 400, 8, Faults::MANY, true);
    }
}
