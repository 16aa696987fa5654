//! The listed instruments: names as on a US exchange, and what distinguishes their trading. Prices are
//! invented; they only set the scale.

use crate::{
    queue::{Queue, Side},
    random::Random,
};

/// Tick, in 1e-4 dollars: one cent.
pub(crate) const TICK: u32 = 100;

/// Instruments that a market can have at most.
pub const INSTRUMENTS_MAX: u16 = LISTED.len() as u16;

struct Listed {
    symbol: &'static [u8],
    locate: u16,
    /// First fair price, cents.
    price_cents: u32,
    /// Share of the order flow.
    activity: u64,
}

const fn listed(symbol: &'static [u8], locate: u16, price_cents: u32, activity: u64) -> Listed {
    Listed { symbol, locate, price_cents, activity }
}

const LISTED: &[Listed] = &[
    listed(b"AAPL", 13, 18_642, 24),
    listed(b"AMD", 412, 11_915, 14),
    listed(b"AMZN", 436, 13_387, 18),
    listed(b"AVGO", 741, 84_250, 6),
    listed(b"BRKR", 1_120, 6_233, 2),
    listed(b"CSCO", 1_878, 5_410, 7),
    listed(b"GOOG", 3_251, 13_608, 13),
    listed(b"INTC", 3_902, 3_388, 10),
    listed(b"META", 4_881, 29_512, 15),
    listed(b"MSFT", 5_106, 32_788, 20),
    listed(b"NVDA", 5_560, 45_127, 26),
    listed(b"PEP", 6_011, 18_004, 3),
    listed(b"QQQ", 6_449, 36_590, 19),
    listed(b"SIRI", 7_133, 452, 2),
    listed(b"SPY", 7_360, 44_271, 22),
    listed(b"TSLA", 7_788, 23_845, 25),
    listed(b"ADBE", 152, 51_734, 5),
    listed(b"AMGN", 447, 26_022, 3),
    listed(b"BKNG", 1_016, 308_450, 1),
    listed(b"CMCSA", 1_755, 4_588, 5),
    listed(b"COST", 1_822, 55_340, 4),
    listed(b"GILD", 3_218, 7_719, 4),
    listed(b"HON", 3_600, 18_720, 2),
    listed(b"INTU", 3_910, 49_960, 3),
    listed(b"ISRG", 4_012, 29_733, 3),
    listed(b"MRNA", 5_091, 11_274, 4),
    listed(b"MU", 5_233, 6_498, 8),
    listed(b"NFLX", 5_410, 41_855, 8),
    listed(b"QCOM", 6_440, 11_030, 6),
    listed(b"SBUX", 6_960, 9_671, 4),
    listed(b"TXN", 7_893, 16_812, 4),
    listed(b"ZM", 8_866, 6_884, 3),
];

/// A listed instrument of a market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instrument {
    /// Padded with spaces, as in ITCH.
    pub symbol: [u8; 8],
    pub locate: u16,
    /// First fair price, 1e-4 dollars.
    pub price_e4: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Trading,
    /// Halted until this many steps of the market are done; `quoting` once the quotation period runs.
    Halted {
        until_step: u64,
        quoting: bool,
    },
}

/// An instrument with its book and the price that its traders believe in.
#[derive(Clone, Debug)]
pub(crate) struct Traded {
    pub listing: Instrument,
    pub activity: u64,
    pub fair: i64,
    pub phase: Phase,
    pub bids: Queue,
    pub asks: Queue,
}

impl Traded {
    /// The first `count` instruments of the list, at most all.
    pub fn first(count: u16) -> Vec<Traded> {
        let listed = LISTED.iter().take(usize::from(count));
        listed
            .map(|listed| {
                let mut symbol = [b' '; 8];
                symbol[..listed.symbol.len()].copy_from_slice(listed.symbol);
                let price_e4 = listed.price_cents * TICK;
                Traded {
                    listing: Instrument { symbol, locate: listed.locate, price_e4 },
                    activity: listed.activity,
                    fair: i64::from(price_e4),
                    phase: Phase::Trading,
                    bids: Queue::new(Side::Buy),
                    asks: Queue::new(Side::Sell),
                }
            })
            .collect()
    }

    pub fn side(&self, side: Side) -> &Queue {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    pub fn side_mut(&mut self, side: Side) -> &mut Queue {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    /// Live orders of the market's own traders.
    pub fn live(&self) -> usize {
        self.bids.len_of_traders() + self.asks.len_of_traders()
    }

    /// Live orders, those of clients too.
    pub fn resting(&self) -> usize {
        self.bids.len() + self.asks.len()
    }

    /// One step of the fair price: about 0.05 basis points, plus the `drift` of a run on news.
    pub fn walk(&mut self, random: &mut Random, drift: i64) {
        let first = i64::from(self.listing.price_e4);
        let step = random.normal((first / 200_000).max(4)) + drift * i64::from(TICK) / 32;
        // The day stays within half and double: no price nears 0 or the end of its 32 bits.
        self.fair = (self.fair + step).clamp(first / 2, first * 2);
    }

    /// Where a patient trader quotes: on its side of the fair price, mostly near it, and never reaching
    /// the other side's best. 0 if a client's order leaves no price short of it.
    pub fn quote(&self, side: Side, random: &mut Random) -> u32 {
        let depth = match random.below(4) {
            0 | 1 => random.halving(3),
            2 => random.between(1, 8),
            _ => random.between(4, 24),
        };
        let away = i64::from(TICK) * depth as i64;
        let tick = i64::from(TICK);
        let wanted = match side {
            Side::Buy => (self.fair - away - 1).div_euclid(tick) * tick,
            Side::Sell => ((self.fair + away).div_euclid(tick) + 1) * tick,
        };
        let price = u32::try_from(wanted.max(tick)).unwrap_or(u32::MAX / TICK * TICK);
        match self.side(side.other()).best() {
            Some(best) if side.reaches(price, best) => side.short_of(best),
            _ => price,
        }
    }
}

impl Side {
    /// The price one tick short of `best`, the best price of the other side.
    fn short_of(self, best: u32) -> u32 {
        self.other().improve(best, TICK)
    }
}
