//! What crash tests need: seeded points, and the engine that no crash ever stopped.
#[path = "../../src/run/engine_config.rs"]
mod engine_config;

use super::Folder;
use riposte_engine::{Deployment, Engine, Input, Outputs};
use riposte_journal::{Contents, Entry, Note, Reader, hex};
use riposte_map::identity::TABLE_HASH;
use sha2::{Digest, Sha256};

/// How many crashes: `RIPOSTE_CRASHES`, or as many as a change is to wait for.
pub fn points(usual: u64) -> u64 {
    std::env::var("RIPOSTE_CRASHES").ok().and_then(|count| count.parse().ok()).unwrap_or(usual)
}

/// Points in days of so many at most, with the number of each day.
pub fn days(points: u64, a_day: u64) -> impl Iterator<Item = (u64, u64)> {
    (0..points.div_ceil(a_day)).map(move |day| (day, a_day.min(points - day * a_day)))
}

/// xorshift, the same numbers in every run of a seed: `RIPOSTE_SEED`, or the usual one.
pub struct Random(u64);

impl Random {
    pub fn new() -> Random {
        let seed = std::env::var("RIPOSTE_SEED").ok().and_then(|seed| seed.parse::<u64>().ok());
        // Zero would give zeros for ever.
        let seed = seed.map_or(0x9e37_79b9_7f4a_7c15, |seed| seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        println!("seed {seed:#x}");
        Random(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// Takes all durable inputs without a break; gives the digest at the end and how many recoveries were compared with it.
pub fn uninterrupted(folder: &Folder) -> (String, usize) {
    let text = std::fs::read_to_string(folder.path("desk.toml")).expect("a desk");
    let desk = riposte_desk::check(&text).desk.expect("a desk");
    let approved = Deployment { gateware: [0; 32], configuration: Sha256::digest(&text).into(), tables: TABLE_HASH };
    let mut engine = Engine::new(engine_config::of(&desk, approved)).expect("a sound configuration");
    let (mut out, mut recoveries) = (Outputs::default(), 0);
    let mut reader = Reader::open(&folder.path("journal"), Contents::Open(None)).expect("a journal");
    while let Some(record) = reader.next_record().expect("a whole journal") {
        match record.entry() {
            Some(Entry::Input(bytes)) => engine.apply(&Input::decode(bytes).expect("an input"), &mut out),
            Some(Entry::Note(Note { act: "begin", why, .. })) => {
                recoveries += 1;
                let recovered = why.rsplit(' ').next().expect("a digest");
                assert_eq!(recovered, hex(&engine.digest()), "recovery {recoveries}, record {}", record.position);
            }
            _ => {}
        }
    }
    (hex(&engine.digest()), recoveries)
}
