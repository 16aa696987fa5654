//! The tests can fail: cards with one fault each, and the comparison that finds each fault.
//!
//! The faults are put into the emitted Verilog by `sim/verilated/build.rs`. The same run on the sound card passes.
use riposte_map::{
    counter::Counter,
    reason::Reason,
    shm::{EventKind, Opcode},
};
use riposte_model::Model;
use riposte_tests::{
    bench::{Bench, LOCATE, reasons},
    lockstep::{Coverage, Lockstep},
    messages::trade,
    parameters::{Instrument, command, opening, parameters, random_instruments},
    random::Random,
    traffic::{Faults, Traffic},
};
use riposte_verilated::{Mutant, Verilated};
use std::panic::{AssertUnwindSafe, catch_unwind};

const SEED: u64 = 2;

/// A clean run with a kill in its middle; panics at the first difference from the model.
fn lockstep_with_a_kill(card: Verilated) -> Coverage {
    let locates = [7, 10, 13];
    let mut lockstep = Lockstep::new(vec![Box::new(Model::new()), Box::new(card)]);
    // Limits that let everything through, so that orders leave until the kill.
    let instruments = random_instruments(&mut Random::new(SEED), &locates, 1_500_000)
        .into_iter()
        .map(|instrument| Instrument { locate: instrument.locate, rules: instrument.rules, ..Instrument::WIDE })
        .collect::<Vec<_>>();
    lockstep.commands(&parameters(&instruments, 1));
    lockstep.commands(&opening(locates.len()));
    let mut traffic = Traffic::new(SEED, &locates, 1_500_000, Faults::NONE);
    let first = traffic.opening();
    lockstep.piece(&first);
    for at in 0..200 {
        if at == 100 {
            lockstep.command(5, command(Opcode::Kill, 0, 0, 0, 0, &[]));
        }
        let piece = traffic.piece();
        lockstep.piece(&piece);
    }
    lockstep.finish(SEED).coverage
}

/// What the comparison says of a mutant.
fn difference(mutant: Mutant) -> String {
    let run = catch_unwind(AssertUnwindSafe(|| lockstep_with_a_kill(Verilated::mutant(mutant))));
    let Err(panic) = run else { panic!("{mutant:?} was not found") };
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn the_sound_card_equals_the_model_and_sends_orders() {
    let coverage = lockstep_with_a_kill(Verilated::new());
    assert!(coverage.count(Counter::OrdersSent) > 5);
    assert_eq!(coverage.count(Counter::WireOrders), coverage.count(Counter::OrdersSent));
    assert!(coverage.count(Counter::OrdersRefused) > 5);
}

#[test]
fn a_gate_that_ignores_kill_is_found() {
    let said = difference(Mutant::GateIgnoresKill);
    assert!(said.contains("event differs"), "{said}");
}

#[test]
fn a_price_field_one_byte_off_is_found() {
    let said = difference(Mutant::PriceOneByteOff);
    assert!(said.contains("event differs"), "{said}");
}

#[test]
fn a_checksum_one_off_is_found() {
    let said = difference(Mutant::ChecksumOneOff);
    assert!(said.contains("frame differs"), "{said}");
}

#[test]
fn a_walker_one_byte_off_is_found() {
    let said = difference(Mutant::WalkerOneByteOff);
    assert!(said.contains("event differs"), "{said}");
}

/// C33: nothing but the count at the pins knows of it.
#[test]
fn an_order_on_the_wire_that_did_not_pass_kills_the_card_and_is_told() {
    let print = || trade(LOCATE, 1, 650_000);
    let mut card = Verilated::mutant(Mutant::OrderWithoutPass);
    let mut bench = Bench::on_trade(&mut card);
    bench.show(&[print()]);
    assert_eq!(bench.orders(), [Reason::None]);
    let counts = |bench: &mut Bench| [Counter::OrdersSent, Counter::WireOrders, Counter::WireMismatches].map(|one| bench.count(one));
    assert_eq!(counts(&mut bench), [1, 1, 0], "one that passed");
    bench.simple(Opcode::Disarm);
    bench.show(&[print()]);
    let output = bench.settle();
    assert_eq!(reasons(&output, EventKind::OrderRefused), [Reason::Disarmed]);
    assert_eq!(reasons(&output, EventKind::Channel), [Reason::WireParity]);
    assert_eq!(counts(&mut bench), [1, 2, 1]);
    bench.simple(Opcode::Arm);
    bench.show(&[print()]);
    assert_eq!(bench.orders(), [Reason::Killed], "until a person has looked");
}
