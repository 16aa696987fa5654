//! The synthesised card: yosys' netlist for the ECP5, run with the models of its cells, against the reference model.
//!
//! `make netlist` synthesises, builds and runs this. Without a netlist it skips.
use riposte_map::{counter::Counter, shm::{EventKind, Opcode}};
use riposte_model::Model;
use riposte_tests::{
    lockstep::{Coverage, Lockstep},
    parameters::{Instrument, command, eager, opening, parameters, random_instruments},
    random::Random,
    traffic::{Faults, Traffic},
};
use riposte_verilated::Verilated;
use std::panic::{AssertUnwindSafe, catch_unwind};

const SEED: u64 = 7;
const PRICE_E4: u32 = 1_500_000;
const PIECES: usize = 120;

/// Prints fire every rule of three instruments, whose limits let most orders pass.
fn instruments(locates: &[u16], quantity_max: u32) -> Vec<Instrument> {
    eager(random_instruments(&mut Random::new(SEED), locates, PRICE_E4), quantity_max)
}

/// A recording of packets from a random market, with a kill, its end, a commit and a disarm; panics at the first
/// event, byte or counter that differs.
fn recording(card: Verilated) -> Coverage {
    let locates = [7, 10, 13];
    let mut lockstep = Lockstep::new(vec![Box::new(Model::new()), Box::new(card)]);
    lockstep.commands(&parameters(&instruments(&locates, 900), 1));
    lockstep.commands(&opening(locates.len()));
    let mut traffic = Traffic::new(SEED, &locates, PRICE_E4, Faults::NONE);
    let first = traffic.opening();
    lockstep.piece(&first);
    for at in 0..PIECES {
        match at {
            30 => _ = lockstep.command(5, command(Opcode::Kill, 0, 0, 0, 0, &[])),
            45 => _ = lockstep.command(5, command(Opcode::ClearKill, 0, 0, 0, 0, &[])),
            60 => lockstep.commands(&parameters(&instruments(&locates, 100), 2)),
            105 => _ = lockstep.command(5, command(Opcode::Disarm, 0, 0, 0, 0, &[])),
            _ => {}
        }
        let piece = traffic.piece();
        lockstep.piece(&piece);
        lockstep.compare(SEED);
    }
    lockstep.finish(SEED).coverage
}

#[test]
fn the_netlist_equals_the_model_in_every_event_byte_and_counter() {
    let Some(card) = Verilated::netlist(false) else {
        println!("skipped: this was built without a netlist: `make netlist`");
        return;
    };
    let coverage = recording(card);
    coverage.print();
    assert!(coverage.count(Counter::OrdersSent) > 5);
    assert!(coverage.count(Counter::OrdersRefused) > 5);
    assert!(coverage.events(EventKind::Command) > 3);
    assert!(coverage.events(EventKind::Book) > 100);
    assert_eq!(coverage.count(Counter::EventsLost), 0, "the recording is to go on to its end");
}

#[test]
fn one_wrong_gate_in_the_netlist_is_found() {
    let Some(card) = Verilated::netlist(true) else {
        println!("skipped: this was built without a netlist: `make netlist`");
        return;
    };
    let run = catch_unwind(AssertUnwindSafe(|| recording(card)));
    let Err(panic) = run else { panic!("the fault was not found") };
    let said = panic.downcast_ref::<String>().cloned().unwrap_or_default();
    assert!(said.contains("frame differs"), "{said}");
}
