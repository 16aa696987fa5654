//! What every generated market holds, checked by a reader that knows only the specification's offsets.
#![forbid(unsafe_code)]

use std::collections::{BTreeMap, HashMap};

use riposte_map::limits::{
    LEVEL_WAYS, LIVE_ORDERS, ORDER_BANKS, ORDER_WAYS, level_row, order_bucket,
};
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

fn number(message: &[u8], at: usize, bytes: usize) -> u64 {
    message[at..at + bytes].iter().fold(0, |value, &byte| value << 8 | u64::from(byte))
}

/// Orders of one side: price, then shares by reference.
type Levels = BTreeMap<u64, BTreeMap<u64, u64>>;

#[derive(Default)]
struct Stock {
    trading: bool,
    sides: [Levels; 2],
}

/// Reads a market and asserts at every message what must hold.
#[derive(Default)]
struct Reader {
    stocks: HashMap<u64, Stock>,
    /// Stock, side and price of every live order.
    live: HashMap<u64, (u64, usize, u64)>,
    buckets: HashMap<(usize, usize), usize>,
    places: HashMap<u64, (usize, usize)>,
    counts: BTreeMap<char, u64>,
    events: String,
    states: Vec<(u64, char)>,
    last_ns: u64,
    last_reference: u64,
    live_max: usize,
    levels_max: usize,
    live_sum: usize,
}

impl Reader {
    fn read(&mut self, message: &[u8]) {
        let (code, stock) = (message[0], number(message, 1, 2));
        let time_ns = number(message, 5, 6);
        assert!(time_ns >= self.last_ns, "time steps back");
        assert!(time_ns >= (9 * 3600 + 29 * 60 + 59) * 1_000_000_000);
        self.last_ns = time_ns;
        *self.counts.entry(char::from(code)).or_default() += 1;
        let trading = self.stocks.get(&stock).is_some_and(|stock| stock.trading);
        match code {
            b'S' => self.events.push(char::from(message[11])),
            b'R' => assert!(self.stocks.insert(stock, Stock::default()).is_none()),
            b'H' => {
                self.states.push((stock, char::from(message[19])));
                self.stocks.get_mut(&stock).unwrap().trading = message[19] == b'T';
            }
            b'A' | b'F' => {
                let side = usize::from(message[19] == b'S');
                assert!(side == 1 || message[19] == b'B');
                self.add(number(message, 11, 8), stock, side, message, [20, 32]);
            }
            b'E' | b'C' => {
                assert!(trading, "an execution while halted");
                self.check_priority(message);
                self.take(message, Some(number(message, 19, 4)));
            }
            b'X' => self.take(message, Some(number(message, 19, 4))),
            b'D' => self.take(message, None),
            b'U' => {
                let (_, side, _) = self.live[&number(message, 11, 8)];
                self.take(message, None);
                self.add(number(message, 19, 8), stock, side, message, [27, 31]);
            }
            b'P' => {
                assert!(trading && message[19] == b'B' && number(message, 11, 8) == 0);
                let [bids, asks] = &self.stocks[&stock].sides;
                let price = number(message, 32, 4);
                assert!(*bids.last_key_value().unwrap().0 <= price, "print below the bid");
                assert!(price <= *asks.first_key_value().unwrap().0, "print above the ask");
            }
            _ => {}
        }
        self.check_book(stock);
    }

    fn add(&mut self, reference: u64, stock: u64, side: usize, message: &[u8], at: [usize; 2]) {
        let [shares, price] = at.map(|at| number(message, at, 4));
        assert!(reference > self.last_reference, "references increase");
        assert!(shares > 0 && price > 0 && price % 100 == 0, "whole cents");
        self.last_reference = reference;
        self.live.insert(reference, (stock, side, price));
        let levels = &mut self.stocks.get_mut(&stock).unwrap().sides[side];
        levels.entry(price).or_default().insert(reference, shares);
        // The card's order table, bank by bank.
        let place = (0..ORDER_BANKS)
            .map(|bank| (bank, order_bucket(bank, reference)))
            .min_by_key(|place| self.buckets.get(place).copied().unwrap_or(0))
            .unwrap();
        let filled = self.buckets.entry(place).or_default();
        *filled += 1;
        assert!(*filled <= ORDER_WAYS, "the card's order table overflows");
        self.places.insert(reference, place);
    }

    fn take(&mut self, message: &[u8], shares: Option<u64>) {
        let reference = number(message, 11, 8);
        let &(stock, side, price) = self.live.get(&reference).expect("a live reference");
        assert_eq!(stock, number(message, 1, 2), "the order's own locate");
        let levels = &mut self.stocks.get_mut(&stock).unwrap().sides[side];
        let level = levels.get_mut(&price).unwrap();
        let open = level.get_mut(&reference).unwrap();
        *open = open.checked_sub(shares.unwrap_or(*open)).expect("open shares");
        if *open == 0 {
            level.remove(&reference);
            if level.is_empty() {
                levels.remove(&price);
            }
            self.live.remove(&reference);
            *self.buckets.get_mut(&self.places.remove(&reference).unwrap()).unwrap() -= 1;
        }
    }

    /// Price, then time: the executed order is the oldest of the best price.
    fn check_priority(&self, message: &[u8]) {
        let reference = number(message, 11, 8);
        let (stock, side, price) = self.live[&reference];
        let [bids, asks] = &self.stocks[&stock].sides;
        let best = [bids.last_key_value(), asks.first_key_value()][side].unwrap();
        assert_eq!(*best.0, price, "an execution away from the best price");
        assert_eq!(*best.1.first_key_value().unwrap().0, reference, "an execution out of turn");
    }

    fn check_book(&mut self, stock: u64) {
        self.live_max = self.live_max.max(self.live.len());
        self.live_sum += self.live.len();
        let Some(Stock { sides: [bids, asks], .. }) = self.stocks.get(&stock) else { return };
        if let (Some((bid, _)), Some((ask, _))) = (bids.last_key_value(), asks.first_key_value()) {
            assert!(bid < ask, "locked or crossed");
        }
        for levels in [bids, asks] {
            self.levels_max = self.levels_max.max(levels.len());
            let mut rows = HashMap::new();
            for price in levels.keys() {
                *rows.entry(level_row(*price as u32)).or_insert(0) += 1;
            }
            assert!(
                rows.values().all(|&count| count <= LEVEL_WAYS),
                "the card's level table overflows"
            );
        }
    }
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
