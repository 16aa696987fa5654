//! Messages a second of the reference model on one core, on a raw ITCH file repeated.
//!
//! `cargo run --release -p riposte-model --example speed -- FILE [LAPS]`. A lap resets the card, loads the
//! parameters and shows the whole file as MoldUDP64 frames of 30 messages back to back, tracing off, four
//! rules on the instrument of the file's first message.
use riposte_device::{Card, Frame, Output};
use riposte_map::{
    counter::Counter,
    shm::{Command, Opcode},
};
use riposte_model::Model;
use std::{env, fs, process::ExitCode, time::Instant};

const GROUP: [u8; 4] = [233, 54, 12, 111];
const PORT: u16 = 26477;
const MESSAGES_A_FRAME: usize = 30;

/// Messages of a file of u16 big-endian lengths and data.
fn messages(mut file: &[u8]) -> Option<Vec<&[u8]>> {
    let mut messages = Vec::new();
    while let [high, low, rest @ ..] = file {
        let (message, rest) = rest.split_at_checked(usize::from(*high) << 8 | usize::from(*low))?;
        messages.push(message);
        file = rest;
    }
    file.is_empty().then_some(messages)
}

/// A whole Ethernet frame; `sequence` is of the first message.
fn frame(sequence: u64, messages: &[&[u8]]) -> Vec<u8> {
    let blocks: Vec<u8> = messages
        .iter()
        .flat_map(|message| {
            (message.len() as u16).to_be_bytes().into_iter().chain(message.iter().copied())
        })
        .collect();
    let udp = (28 + blocks.len()) as u16;
    let mut bytes = vec![0; 62];
    bytes[12..15].copy_from_slice(&[0x08, 0x00, 0x45]);
    bytes[16..18].copy_from_slice(&(udp + 20).to_be_bytes());
    bytes[23] = 17;
    bytes[30..34].copy_from_slice(&GROUP);
    bytes[36..38].copy_from_slice(&PORT.to_be_bytes());
    bytes[38..40].copy_from_slice(&udp.to_be_bytes());
    bytes[42..52].copy_from_slice(b"SPEED     ");
    bytes[52..60].copy_from_slice(&sequence.to_be_bytes());
    bytes[60..62].copy_from_slice(&(messages.len() as u16).to_be_bytes());
    bytes.extend(blocks);
    bytes
}

/// Feed, one instrument without a limit on its rules, trading as the file says.
fn load(card: &mut Model, locate: u16) {
    let group = u64::from(u32::from_be_bytes(GROUP));
    let command = |opcode: Opcode, value: u32, args: [u64; 3]| {
        let [a, b, c] = args;
        Command { opcode: opcode as u8, value, args: [a, b, c, 0, 0, 0], ..Command::default() }
    };
    let commands = [
        command(Opcode::WriteFeed, 0, [group | u64::from(PORT) << 32, 0, 0]),
        command(Opcode::WriteInstrument, 0, [u64::from(locate), 0, 0]),
        // Bid at least, ask at most, spread at most, trade at least: the last never fires.
        command(
            Opcode::WriteRules,
            0,
            [0x0706_0401, 3_200_000 | 3_200_000 << 32, 100 | 4_000_000 << 32],
        ),
        command(Opcode::Commit, 1, [0; 3]),
        command(Opcode::Validate, 0, [1, 0, 0]),
    ];
    for (cycle, command) in commands.iter().enumerate() {
        card.schedule(cycle as u64, command);
    }
    card.idle(10);
}

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let Some(path) = arguments.next() else {
        eprintln!("usage: speed FILE [LAPS]: FILE is raw ITCH 5.0 with length prefixes");
        return ExitCode::from(2);
    };
    let laps = arguments.next().and_then(|laps| laps.parse().ok()).unwrap_or(1_000_u32);
    let file = match fs::read(&path) {
        Ok(file) => file,
        Err(error) => {
            eprintln!("{path}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let Some(messages) = messages(&file).filter(|messages| !messages.is_empty()) else {
        eprintln!(
            "{path}: not raw ITCH: a length prefix reaches beyond the end, or the file is empty"
        );
        return ExitCode::FAILURE;
    };
    let locate = messages[0].get(1..3).map_or(0, |bytes| u16::from_be_bytes([bytes[0], bytes[1]]));
    let frames: Vec<Vec<u8>> = messages
        .chunks(MESSAGES_A_FRAME)
        .enumerate()
        .map(|(index, messages)| frame((index * MESSAGES_A_FRAME + 1) as u64, messages))
        .collect();

    let mut card = Model::new();
    let mut output = Output::default();
    let start = Instant::now();
    for _ in 0..laps {
        card.reset();
        load(&mut card, locate);
        for (index, bytes) in frames.iter().enumerate() {
            card.frame(&Frame::new(bytes, index as u64));
            output.events.clear();
            card.drain(&mut output);
        }
    }
    let elapsed = start.elapsed();
    let total = messages.len() as u128 * u128::from(laps);
    let rate = total * 1_000_000_000 / elapsed.as_nanos().max(1);
    println!(
        "model: {rate} messages/s ({total} messages in {} ms of wall time, one core)",
        elapsed.as_millis()
    );
    println!(
        "last lap: {} live orders, {} rules fired, {} cycles",
        card.live_orders(),
        card.counters()[Counter::Decisions as usize],
        card.cycle()
    );
    ExitCode::SUCCESS
}
