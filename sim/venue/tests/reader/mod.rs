//! A reader of ITCH that knows only the specification's offsets, and asserts at every message what a market holds.

use std::collections::{BTreeMap, HashMap};

use riposte_map::limits::{LEVEL_WAYS, ORDER_BANKS, ORDER_WAYS, level_row, order_bucket};

pub fn number(message: &[u8], at: usize, bytes: usize) -> u64 {
    message[at..at + bytes].iter().fold(0, |value, &byte| value << 8 | u64::from(byte))
}

/// Orders of one side: price, then shares in the order of arrival.
pub type Levels = BTreeMap<u64, BTreeMap<u64, u64>>;

#[derive(Default)]
pub struct Stock {
    trading: bool,
    pub sides: [Levels; 2],
}

/// Reads a market and asserts at every message what must hold.
#[derive(Default)]
pub struct Reader {
    pub stocks: HashMap<u64, Stock>,
    /// Stock, side and price of every live order.
    pub live: HashMap<u64, (u64, usize, u64)>,
    /// The place of each order in the sequence of arrivals.
    pub arrivals: HashMap<u64, u64>,
    /// References of a replayed market need not increase.
    pub is_replay: bool,
    pub buckets: HashMap<(usize, usize), usize>,
    pub places: HashMap<u64, (usize, usize)>,
    pub counts: BTreeMap<char, u64>,
    pub events: String,
    pub states: Vec<(u64, char)>,
    pub last_ns: u64,
    pub last_reference: u64,
    pub live_max: usize,
    pub levels_max: usize,
    pub live_sum: usize,
}

impl Reader {
    pub fn read(&mut self, message: &[u8]) {
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
        assert!(self.is_replay || reference > self.last_reference, "references increase");
        assert!(shares > 0 && price > 0 && price % 100 == 0, "whole cents");
        self.last_reference = reference;
        self.live.insert(reference, (stock, side, price));
        let levels = &mut self.stocks.get_mut(&stock).unwrap().sides[side];
        let arrival = self.arrivals.len() as u64;
        assert!(self.arrivals.insert(reference, arrival).is_none(), "a reference is used once");
        levels.entry(price).or_default().insert(arrival, shares);
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
        let open = level.get_mut(&self.arrivals[&reference]).unwrap();
        *open = open.checked_sub(shares.unwrap_or(*open)).expect("open shares");
        if *open == 0 {
            level.remove(&self.arrivals[&reference]);
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
        assert_eq!(*best.1.first_key_value().unwrap().0, self.arrivals[&reference], "an execution out of turn");
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
