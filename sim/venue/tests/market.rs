//! What every generated market holds, checked by a reader that knows only the specification's offsets.
#![forbid(unsafe_code)]

mod reader;

use std::collections::{BTreeMap, HashMap};

use reader::{Reader, number};
use riposte_map::limits::LIVE_ORDERS;
use riposte_venue::{Config, ConfigError, INSTRUMENTS_MAX, Market};
use sha2::{Digest, Sha256};

fn market(seed: u64, instruments: u16, messages: u64) -> Market {
    Market::new(Config { seed, instruments, messages }).unwrap()
}

fn digest(market: Market) -> String {
    let mut hash = Sha256::new();
    market.for_each(|message| hash.update(message));
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn read(seed: u64, instruments: u16, messages: u64) -> Reader {
    let mut reader = Reader::default();
    let mut count = 0;
    for message in market(seed, instruments, messages) {
        reader.read(&message);
        count += 1;
    }
    assert_eq!(count, messages);
    assert_eq!(reader.events, "OSQMEC");
    assert!(reader.live.is_empty(), "orders live after the close");
    reader
}

#[test]
fn books_hold_what_they_must_at_every_message() {
    let reader = read(1, 16, 1_000_000);
    assert!(reader.live_max < LIVE_ORDERS.min(900), "{}", reader.live_max);
    assert!(reader.levels_max <= 40, "{}", reader.levels_max);
    let mean = reader.live_sum / 1_000_000;
    assert!((300..900).contains(&mean), "mean live orders {mean}");
    // Every type that the flow has occurs, in proportions of a real feed.
    for code in "AFECXDUPSRHIQJYLNB".chars() {
        assert!(reader.counts.contains_key(&code), "no {code}: {:?}", reader.counts);
    }
    let percent = |code| reader.counts[&code] * 100 / 1_000_000;
    assert!((35..50).contains(&percent('A')), "{:?}", reader.counts);
    assert!((3..15).contains(&percent('E')), "{:?}", reader.counts);
}

#[test]
fn halted_instruments_resume() {
    let reader = read(2, 8, 100_000);
    let mut states: HashMap<u64, String> = HashMap::new();
    for (stock, state) in &reader.states {
        states.entry(*stock).or_default().push(*state);
    }
    assert_eq!(states.len(), 8);
    let mut resumed = 0;
    for text in states.values() {
        assert!(text.starts_with('T'));
        // Halt, quotation, trading; the day may end in between.
        let cycles = text.as_bytes()[1..].chunks(3);
        for cycle in cycles {
            assert!(b"HQT".starts_with(cycle), "{text}");
            resumed += usize::from(cycle == b"HQT");
        }
    }
    assert!(resumed >= 3, "{resumed} halts");
}

#[test]
fn other_seeds_and_sizes_hold_too() {
    for seed in 10..16 {
        read(seed, 16, 40_000);
    }
    for instruments in [1, 2, 5, INSTRUMENTS_MAX] {
        let reader = read(4, instruments, 30_000);
        assert!(reader.live_max < 900);
    }
}

#[test]
fn market_has_exactly_the_messages_asked_for() {
    for instruments in [1, 3, 16] {
        let least = Config { instruments, ..Config::default() }.messages_min();
        for messages in (least..least + 120).chain([1_000, 1_001]) {
            read(5, instruments, messages);
        }
    }
}

#[test]
fn seed_decides_every_byte() {
    let first = digest(market(1, 16, 50_000));
    assert_eq!(first, digest(market(1, 16, 50_000)));
    assert_ne!(first, digest(market(2, 16, 50_000)));
    // A change of this digest changes every recorded result that names a seed.
    assert_eq!(first, "8eeccfd6aba27709");
}

#[test]
fn bursts_come_and_go() {
    let times: Vec<_> =
        market(1, 16, 200_000).map(|message| number(&message, 5, 6) / 1_000_000).collect();
    let mut per_ms: BTreeMap<u64, u64> = BTreeMap::new();
    times.iter().for_each(|time| *per_ms.entry(*time).or_default() += 1);
    let span_ms = times[times.len() - 1] - times[0];
    let mean = 200_000 / span_ms;
    let most = per_ms.values().max().unwrap();
    assert!(mean < 50, "{mean} messages in a millisecond on average");
    assert!(*most > 20 * mean.max(1), "at most {most} in a millisecond, {mean} on average");
}

#[test]
fn market_that_cannot_be_is_refused() {
    for instruments in [0, INSTRUMENTS_MAX + 1] {
        let refused = Market::new(Config { instruments, ..Config::default() }).err();
        assert_eq!(refused, Some(ConfigError::Instruments(instruments)));
    }
    let refused = Market::new(Config { messages: 69, ..Config::default() }).err();
    assert_eq!(refused, Some(ConfigError::Messages { messages: 69, least: 70 }));
}
