//! Cycles a second of the Verilated card alone on one core, on a file of market data repeated.
//!
//! `cargo run --release -p riposte-tests --example card_speed -- FILE [LAPS]`. A lap resets the card, loads a
//! parameter set with one watched instrument (locate 13) and shows the file's frames back to back, tracing off.
use riposte_capture::{Channel, open};
use riposte_device::{Card, Frame, Output};
use riposte_map::shm::Opcode;
use riposte_tests::parameters::{command, opening, parameters, random_instruments};
use riposte_tests::random::Random;
use riposte_verilated::Verilated;
use std::{error::Error, time::Instant};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("usage: card_speed FILE [LAPS]")?;
    let laps: u32 = arguments.next().map_or(Ok(20), |text| text.parse())?;
    let frames = open(&file)?.into_frames(Channel::default())?.collect::<Result<Vec<_>, _>>()?;
    let mut commands = parameters(&random_instruments(&mut Random::new(1), &[13], 3_200_000), 1);
    commands.extend(opening(1));
    commands.push(command(Opcode::Trace, 0, 0, 0, 0, &[]));
    let mut card = Verilated::new();
    let mut output = Output::default();
    let mut cycles = 0;
    let start = Instant::now();
    for _ in 0..laps {
        card.reset();
        for (cycle, command) in (0..).zip(&commands) {
            card.schedule(cycle, command);
        }
        card.idle(commands.len() as u64 + 4);
        for record in &frames {
            card.frame(&Frame::new(&record.bytes, record.time_ns));
        }
        card.idle(64);
        card.drain(&mut output);
        cycles += card.cycle();
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "verilated: {:.0} cycles/s ({cycles} cycles in {:.0} ms of wall time, one core)",
        cycles as f64 / seconds,
        seconds * 1e3
    );
    Ok(())
}
