//! The host's book of one instrument: every live order, price levels without a limit, exact.
//!
//! In: ITCH 5.0 messages in order, of any instrument. Out: top of book, levels, faults, statistics.
//!
//! Why: it is what the card's book is compared with, so it has none of the card's limits.
//! Holds: a level's shares and order count are the sums over its live orders; a message with a fault
//! changes nothing but the statistics.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
};

use riposte_map::wire::itch;
use thiserror::Error;

use crate::wire;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Buy,
    Sell,
}

/// What rests at one price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// 1e-4 dollars.
    pub price_e4: u32,
    pub shares: u64,
    pub orders: u32,
}

/// Why a message could not be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    #[error("the message has not the length of its type, or a type that ITCH 5.0 does not have")]
    Malformed,
    #[error("order {0} is not live")]
    UnknownReference(u64),
    #[error("order {0} is live already")]
    DuplicateReference(u64),
    #[error("more shares than order {0} has open")]
    OverExecution(u64),
    #[error("order {0} has no shares, or a side that is neither B nor S")]
    BadOrder(u64),
}

/// What was seen so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Messages of the instrument, whatever their type.
    pub messages: u64,
    /// Messages after which the best bid was above the best ask.
    pub crossed: u64,
    /// Messages after which they were equal.
    pub locked: u64,
    pub unknown_references: u64,
    pub duplicate_references: u64,
    pub over_executions: u64,
    pub bad_orders: u64,
    pub malformed: u64,
    pub live_max: usize,
    /// Most price levels on one side.
    pub levels_max: usize,
    /// Shares of E, C (printable) and P.
    pub traded_shares: u64,
}

#[derive(Clone, Copy, Debug)]
struct Order {
    side: Side,
    price_e4: u32,
    shares: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Depth {
    shares: u64,
    orders: u32,
}

/// The book of one instrument.
#[derive(Clone, Debug)]
pub struct Book {
    locate: u16,
    orders: HashMap<u64, Order>,
    bids: BTreeMap<Reverse<u32>, Depth>,
    asks: BTreeMap<u32, Depth>,
    state: Option<u8>,
    statistics: Statistics,
}

impl Book {
    /// An empty book of the instrument with this stock locate.
    pub fn new(locate: u16) -> Book {
        Book {
            locate,
            orders: HashMap::new(),
            bids: BTreeMap::new(),
            asks: BTreeMap::new(),
            state: None,
            statistics: Statistics::default(),
        }
    }

    pub fn locate(&self) -> u16 {
        self.locate
    }

    /// Applies a message. `Ok(false)`: it is of another instrument.
    pub fn apply(&mut self, message: &[u8]) -> Result<bool, Fault> {
        if message.get(1..3).is_none_or(|locate| *locate != self.locate.to_be_bytes()) {
            return Ok(false);
        }
        self.statistics.messages += 1;
        let result = match wire::kind(message) {
            Ok(_) => self.change(message),
            Err(_) => Err(Fault::Malformed),
        };
        let statistics = &mut self.statistics;
        match result {
            Ok(()) => {}
            Err(Fault::Malformed) => statistics.malformed += 1,
            Err(Fault::UnknownReference(_)) => statistics.unknown_references += 1,
            Err(Fault::DuplicateReference(_)) => statistics.duplicate_references += 1,
            Err(Fault::OverExecution(_)) => statistics.over_executions += 1,
            Err(Fault::BadOrder(_)) => statistics.bad_orders += 1,
        }
        statistics.live_max = statistics.live_max.max(self.orders.len());
        let levels = self.bids.len().max(self.asks.len());
        statistics.levels_max = statistics.levels_max.max(levels);
        if let (Some(bid), Some(ask)) = (self.bid(), self.ask()) {
            self.statistics.crossed += u64::from(bid.price_e4 > ask.price_e4);
            self.statistics.locked += u64::from(bid.price_e4 == ask.price_e4);
        }
        result.map(|()| true)
    }

    fn change(&mut self, message: &[u8]) -> Result<(), Fault> {
        let shares_of = |field: riposte_map::wire::Field| field.get(message) as u32;
        match message[0] {
            itch::add::CODE | itch::add_mpid::CODE => {
                let reference = itch::add::REFERENCE.get(message);
                let side = match itch::add::SIDE.get(message) as u8 {
                    itch::SIDE_BUY => Side::Buy,
                    itch::SIDE_SELL => Side::Sell,
                    _ => return Err(Fault::BadOrder(reference)),
                };
                let price_e4 = itch::add::PRICE.get(message) as u32;
                let shares = shares_of(itch::add::SHARES);
                self.check_new(reference, shares)?;
                self.add(reference, Order { side, price_e4, shares });
            }
            itch::executed::CODE => {
                let shares = shares_of(itch::executed::SHARES);
                self.remove(itch::executed::REFERENCE.get(message), Some(shares))?;
                self.statistics.traded_shares += u64::from(shares);
            }
            itch::executed_price::CODE => {
                let shares = shares_of(itch::executed_price::SHARES);
                self.remove(itch::executed_price::REFERENCE.get(message), Some(shares))?;
                let printable = itch::executed_price::PRINTABLE.get(message) as u8;
                if printable == itch::PRINTABLE {
                    self.statistics.traded_shares += u64::from(shares);
                }
            }
            itch::cancel::CODE => {
                let shares = shares_of(itch::cancel::SHARES);
                self.remove(itch::cancel::REFERENCE.get(message), Some(shares))?;
            }
            itch::delete::CODE => {
                self.remove(itch::delete::REFERENCE.get(message), None)?;
            }
            itch::replace::CODE => {
                let original = itch::replace::REFERENCE.get(message);
                let reference = itch::replace::NEW_REFERENCE.get(message);
                let price_e4 = itch::replace::PRICE.get(message) as u32;
                let shares = shares_of(itch::replace::SHARES);
                let unknown = Fault::UnknownReference(original);
                let side = self.orders.get(&original).ok_or(unknown)?.side;
                // The original's reference may be given again: it is gone by then.
                if reference != original {
                    self.check_new(reference, shares)?;
                } else if shares == 0 {
                    return Err(Fault::BadOrder(reference));
                }
                self.remove(original, None)?;
                self.add(reference, Order { side, price_e4, shares });
            }
            itch::trade::CODE => {
                self.statistics.traded_shares += itch::trade::SHARES.get(message);
            }
            itch::trading_action::CODE => {
                self.state = Some(itch::trading_action::STATE.get(message) as u8);
            }
            _ => {}
        }
        Ok(())
    }

    fn check_new(&self, reference: u64, shares: u32) -> Result<(), Fault> {
        if self.orders.contains_key(&reference) {
            return Err(Fault::DuplicateReference(reference));
        }
        if shares == 0 {
            return Err(Fault::BadOrder(reference));
        }
        Ok(())
    }

    fn add(&mut self, reference: u64, order: Order) {
        let depth = match order.side {
            Side::Buy => self.bids.entry(Reverse(order.price_e4)).or_default(),
            Side::Sell => self.asks.entry(order.price_e4).or_default(),
        };
        depth.shares += u64::from(order.shares);
        depth.orders += 1;
        self.orders.insert(reference, order);
    }

    /// Takes `shares` (all if `None`) off a live order.
    fn remove(&mut self, reference: u64, shares: Option<u32>) -> Result<(), Fault> {
        let unknown = Fault::UnknownReference(reference);
        let order = self.orders.get_mut(&reference).ok_or(unknown)?;
        let taken = shares.unwrap_or(order.shares);
        if taken > order.shares {
            return Err(Fault::OverExecution(reference));
        }
        order.shares -= taken;
        let Order { side, price_e4, shares: left } = *order;
        if left == 0 {
            self.orders.remove(&reference);
        }
        let is_empty = |depth: &mut Depth| {
            depth.shares -= u64::from(taken);
            depth.orders -= u32::from(left == 0);
            depth.orders == 0
        };
        match side {
            Side::Buy => {
                if self.bids.get_mut(&Reverse(price_e4)).is_some_and(is_empty) {
                    self.bids.remove(&Reverse(price_e4));
                }
            }
            Side::Sell => {
                if self.asks.get_mut(&price_e4).is_some_and(is_empty) {
                    self.asks.remove(&price_e4);
                }
            }
        }
        Ok(())
    }

    /// Best level of the buyers.
    pub fn bid(&self) -> Option<Level> {
        self.bids.first_key_value().map(|(price, depth)| depth.at(price.0))
    }

    /// Best level of the sellers.
    pub fn ask(&self) -> Option<Level> {
        self.asks.first_key_value().map(|(&price, depth)| depth.at(price))
    }

    /// Levels of one side, best first.
    pub fn levels(&self, side: Side) -> Vec<Level> {
        match side {
            Side::Buy => self.bids.iter().map(|(price, depth)| depth.at(price.0)).collect(),
            Side::Sell => self.asks.iter().map(|(&price, depth)| depth.at(price)).collect(),
        }
    }

    /// Live orders.
    pub fn live(&self) -> usize {
        self.orders.len()
    }

    /// State of the last trading action (`b'T'` is trading); `None` before the first.
    pub fn state(&self) -> Option<u8> {
        self.state
    }

    pub fn statistics(&self) -> Statistics {
        self.statistics
    }
}

impl Depth {
    fn at(&self, price_e4: u32) -> Level {
        Level { price_e4, shares: self.shares, orders: self.orders }
    }
}

/// The stock symbol in a message that has one (8 bytes, padded with spaces); `None` if the type has none
/// or the length is not the type's.
pub fn stock_of(message: &[u8]) -> Option<[u8; 8]> {
    let index = wire::kind(message).ok()?;
    let field = itch::MESSAGES[index].fields.iter().find(|field| field.name == "stock")?;
    message.get(field.offset..field.end())?.try_into().ok()
}
