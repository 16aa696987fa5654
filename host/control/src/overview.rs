//! How a host that runs is, as one value: what a dashboard shows and what is counted over time.
//!
//! Counts are since this process of the host has started, unless a field says otherwise. Money is in 1e-4 dollars;
//! what may be longer than 64 bits is text.
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// By name.
pub type Counts = BTreeMap<String, u64>;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overview {
    /// Nanoseconds since 1970: now, and when this process began.
    pub time_ns: u64,
    pub started_ns: u64,
    pub engine: Trading,
    /// Of the day, by state.
    pub orders: Counts,
    pub instruments: Vec<Instrument>,
    /// Orders that the card's gate refused.
    pub gate_refusals: Vec<Refusals>,
    /// Requests that the engine refused, by reason.
    pub request_refusals: Counts,
    /// Connections for control that were refused, by why.
    pub connection_refusals: Counts,
    pub latency: Latency,
    /// Of the host, stage by stage.
    pub host_latency: Vec<Stage>,
    /// None: no card is there.
    pub card: Option<Card>,
    pub sessions: Vec<Session>,
    pub queues: Vec<Queue>,
    pub journal: Journal,
    /// By name of the alarm, and of the guard that tripped.
    pub alarms: Counts,
    pub guards: Counts,
    /// The last few, oldest first.
    pub last_alarms: Vec<String>,
}

/// What `riposte status` tells, too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trading {
    pub armed: bool,
    pub killed: bool,
    pub card_approved: bool,
    /// In force on the card; 0 is none.
    pub generation: u32,
    /// `possible`, or the first thing that forbids it.
    pub arming: String,
    pub session: Option<String>,
    pub open_orders: u64,
    /// Of the day.
    pub executions: u64,
    pub result_e4: String,
    pub proposals: u64,
    pub reversion: Option<String>,
    /// Of which no order leaves, in words.
    pub fenced: Option<String>,
    pub restorations: Restorations,
}

/// Of the day: from the command that empties the books to the card's word that they are right again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restorations {
    pub begun: u64,
    pub done: u64,
    pub failed: u64,
    /// Milliseconds of the last one that was done, and of all of them.
    pub last_ms: u64,
    pub sum_ms: u64,
    /// How far the one under way is.
    pub now: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instrument {
    pub symbol: String,
    /// Best bid and ask that the card has told last; a quantity of 0 is an empty side.
    pub bid: Side,
    pub ask: Side,
    /// Whether the card holds its book for right; none while nobody has said.
    pub valid: Option<bool>,
    /// Why it does not, and since when, nanoseconds since 1970.
    pub invalid: Option<String>,
    pub invalid_since_ns: Option<u64>,
    /// Changes of the book that the card has told.
    pub updates: u64,
    pub position: i64,
    pub confirmed: bool,
    pub result_e4: String,
    pub rules: Vec<Rule>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Side {
    pub price_e4: u32,
    pub quantity: u32,
}

/// What became of a rule's decisions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub name: String,
    pub sent: u64,
    pub refused: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusals {
    pub code: u8,
    pub reason: String,
    pub count: u64,
}

/// Cycles from the decisive byte to the order's first word, of each order that left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    pub orders: u64,
    pub cycles_sum: u64,
    /// Exact; none without an order.
    pub cycles: Option<Quantiles>,
    /// The same in picoseconds, which a cycle is whole ones of.
    pub ps: Option<Quantiles>,
    pub buckets: Vec<Bucket>,
}

/// How long a part of the host's way takes, nanoseconds of its clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    pub stage: String,
    pub count: u64,
    pub ns_sum: u64,
    /// The longest is exact, the others less than 1/32 too long; none if nothing was counted.
    pub ns: Option<Quantiles>,
}

/// What 50, 99 and 99.9 of a hundred did not exceed, and the most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quantiles {
    pub p50: u64,
    pub p99: u64,
    pub p999: u64,
    pub max: u64,
}

/// Orders with more cycles than the bucket before, and at most as many as this; none is without a limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    pub cycles_max: Option<u64>,
    pub orders: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// `alive`, `silent`, `died`, `left` or `absent`.
    pub peer: String,
    /// How far its port is.
    pub feed: String,
    /// As the card tells of itself, since its reset; see the link's status.
    pub told: Counts,
    /// Its counters: 32 bits, wrapping.
    pub counters: Counts,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// `orders` or `drop-copy`, of the card's session; `hedges` or `hedges-drop-copy`, of the host's own.
    pub stream: String,
    /// What its thread has done.
    pub counts: Counts,
}

/// Something bounded between two threads or processes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    pub name: String,
    pub used: u64,
    pub capacity: u64,
}

/// Positions of records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journal {
    pub appended: u64,
    pub durable: u64,
    /// Why nothing becomes durable.
    pub halted: Option<String>,
    pub halts: u64,
    pub commits: u64,
}

impl Journal {
    /// Records that are not durable yet.
    pub fn lag(&self) -> u64 {
        self.appended.saturating_sub(self.durable)
    }
}

impl Quantiles {
    /// Out of how many there were of each value, in its order; none if there were none.
    pub fn of(counts: impl Iterator<Item = (u64, u64)>, max: u64) -> Option<Quantiles> {
        let counts: Vec<(u64, u64)> = counts.filter(|(_, count)| *count > 0).collect();
        let all: u64 = counts.iter().map(|(_, count)| count).sum();
        let at = |thousandths: u64| {
            let (rank, mut seen) = (all.saturating_mul(thousandths).div_ceil(1000), 0);
            let found = counts.iter().find(|(_, count)| {
                seen += count;
                seen >= rank
            });
            found.map(|(value, _)| *value)
        };
        Some(Quantiles { p50: at(500)?, p99: at(990)?, p999: at(999)?, max })
    }

    pub fn times(&self, factor: u64) -> Quantiles {
        let Quantiles { p50, p99, p999, max } = *self;
        Quantiles { p50: p50 * factor, p99: p99 * factor, p999: p999 * factor, max: max * factor }
    }
}

/// An integer of 1e-4 dollars, in decimal digits, as dollars.
pub fn dollars(e4: &str) -> String {
    let (sign, digits) = e4.strip_prefix('-').map_or(("", e4), |digits| ("-", digits));
    let digits = format!("{digits:0>5}");
    let (whole, decimals) = digits.split_at(digits.len() - 4);
    format!("{sign}{whole}.{decimals}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_value_that_so_many_do_not_exceed() {
        let of = |counts: &[(u64, u64)]| Quantiles::of(counts.iter().copied(), 99);
        let told = |p50, p99, p999| Some(Quantiles { p50, p99, p999, max: 99 });
        assert_eq!(of(&[(8, 500), (10, 490), (20, 9), (99, 1)]), told(8, 10, 20));
        assert_eq!(of(&[(8, 499), (10, 490), (20, 9), (99, 2)]), told(10, 20, 99), "one more beyond each");
        assert_eq!(of(&[(7, 0), (8, 1), (9, 0)]), told(8, 8, 8), "what did not occur is passed over");
        assert_eq!((of(&[]), of(&[(1, 0)])), (None, None));
        assert_eq!(told(1, 2, 3).map(|one| one.times(6400)), Some(Quantiles { p50: 6400, p99: 12_800, p999: 19_200, max: 633_600 }));
    }
}
