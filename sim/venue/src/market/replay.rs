//! A recorded market with clients in it: recorded orders come and go as they did, and meet the clients' on the way.
//!
//! A recorded order that reaches a client's trades with it first. A recorded execution goes first to the clients'
//! orders that stand before the one it names, which then leaves the book as a cancel. What a client has taken away is
//! not there any more: later messages about it shrink or are left out. What the traders would have done otherwise had
//! they met the client, no recording tells.
//!
//! Holds: without clients what is published is the recording, byte for byte; with them no book is crossed, and every
//! reference is live when used. Not here: prints of hidden orders and crosses at a client's price, which pass it by.

use riposte_map::wire::itch::*;

use super::{Config, ConfigError, Market, Stage};
use crate::{
    instrument::{Instrument, Phase, Traded},
    queue::{Queue, Resting, Side},
};

/// References of clients' orders begin here: far above those of an exchange's day.
const CLIENT_REFERENCES: u64 = 1 << 62;

impl Market {
    /// A market that publishes `recording`: ITCH 5.0 messages in their order, the listed instruments among them.
    pub fn replay(seed: u64, recording: Vec<Vec<u8>>) -> Result<Market, ConfigError> {
        let mut traded = Vec::new();
        for (number, message) in (1..).zip(&recording) {
            let kind = MESSAGES.iter().find(|kind| message.first() == Some(&kind.code));
            if kind.is_none_or(|kind| kind.length != message.len()) {
                return Err(ConfigError::Recording(number));
            }
            if message[0] == stock_directory::CODE {
                traded.push(listed(message));
            }
        }
        if traded.is_empty() {
            return Err(ConfigError::Unlisted);
        }
        let mut market = Market::new(Config { seed, instruments: 1, messages: u64::MAX >> 8 })?;
        market.traded = traded;
        market.stage = Stage::Replay;
        market.time_ns = 0;
        market.reference = CLIENT_REFERENCES;
        market.match_number = CLIENT_REFERENCES;
        market.recording = recording.into_iter();
        Ok(market)
    }

    /// Publishes the next recorded message, as far as it still applies.
    pub(super) fn replay_step(&mut self) {
        let Some(mut message) = self.recording.next() else {
            self.drop_client_orders();
            self.stage = Stage::Close;
            return;
        };
        self.time_ns = self.time_ns.max(system_event::TIME_NS.get(&message));
        system_event::TIME_NS.put(&mut message, self.time_ns);
        let locate = system_event::LOCATE.get(&message);
        let Some(index) = self.traded.iter().position(|traded| u64::from(traded.listing.locate) == locate) else {
            return self.ready.push_back(message);
        };
        match message[0] {
            add::CODE | add_mpid::CODE => self.replay_add(index, message),
            executed::CODE | executed_price::CODE => self.replay_execution(index, message),
            cancel::CODE => self.replay_cancel(index, message),
            delete::CODE => {
                if let Some((side, at)) = self.recorded(index, delete::REFERENCE.get(&message)) {
                    self.traded[index].side_mut(side).remove(at);
                    self.ready.push_back(message);
                }
            }
            replace::CODE => self.replay_replace(index, message),
            trading_action::CODE => {
                let trades = trading_action::STATE.get(&message) == u64::from(STATE_TRADING);
                let halted = Phase::Halted { until_step: u64::MAX, quoting: true };
                self.traded[index].phase = if trades { Phase::Trading } else { halted };
                self.ready.push_back(message);
            }
            _ => self.ready.push_back(message),
        }
    }

    /// Side and place of a recorded order that is still there.
    fn recorded(&self, index: usize, reference: u64) -> Option<(Side, usize)> {
        let sides = [Side::Buy, Side::Sell].into_iter();
        sides.filter_map(|side| Some((side, self.traded[index].side(side).find(reference)?))).next()
    }

    fn replay_add(&mut self, index: usize, mut message: Vec<u8>) {
        let side = if add::SIDE.get(&message) == u64::from(SIDE_BUY) { Side::Buy } else { Side::Sell };
        let (price, shares) = (add::PRICE.get(&message) as u32, add::SHARES.get(&message) as u32);
        // What a halt that is ordered says of the price.
        self.traded[index].fair = price.into();
        let left = self.meet_clients(index, side, price, shares);
        if left > 0 {
            add::SHARES.put(&mut message, left.into());
            let reference = add::REFERENCE.get(&message);
            self.ready.push_back(message);
            let order = Resting { reference, price, shares: left, is_client: false };
            self.traded[index].side_mut(side).insert(order);
        }
    }

    /// What clients' orders ahead of the recorded one get of its execution, it loses all the same: it does not live
    /// longer than it did, or the recording's later orders would cross it.
    fn replay_execution(&mut self, index: usize, mut message: Vec<u8>) {
        let Some((side, mut at)) = self.recorded(index, executed::REFERENCE.get(&message)) else { return };
        let open = self.traded[index].side(side).get(at).map_or(0, |order| order.shares);
        let wanted = executed::SHARES.get(&message) as u32;
        let mut left = if self.is_halted_by_order(index) { 0 } else { wanted };
        while self.is_trading(index)
            && left > 0
            && let Some(ahead) = self.traded[index].side(side).first_of_clients().filter(|&ahead| ahead < at)
        {
            let (taken, is_gone) = self.fill_client(index, side, ahead, left);
            left -= taken;
            at -= usize::from(is_gone);
        }
        let (executed, lost) = (left.min(open), wanted.min(open) - left.min(open));
        if executed > 0 {
            executed::SHARES.put(&mut message, executed.into());
            self.ready.push_back(message);
            self.traded[index].side_mut(side).reduce(at, executed);
        }
        if lost > 0 {
            let reference = self.traded[index].side(side).get(at).map_or(0, |order| order.reference);
            let draft = self.draft(index, &cancel::MESSAGE).put(cancel::REFERENCE, reference);
            self.ready.push_back(draft.put(cancel::SHARES, lost).done());
            self.traded[index].side_mut(side).reduce(at, lost);
        }
    }

    /// Halted by a fault, not by the recording.
    fn is_halted_by_order(&self, index: usize) -> bool {
        matches!(self.traded[index].phase, Phase::Halted { quoting: false, .. })
    }

    fn replay_cancel(&mut self, index: usize, mut message: Vec<u8>) {
        let Some((side, at)) = self.recorded(index, cancel::REFERENCE.get(&message)) else { return };
        let open = self.traded[index].side(side).get(at).map_or(0, |order| order.shares);
        let shares = open.min(cancel::SHARES.get(&message) as u32);
        cancel::SHARES.put(&mut message, shares.into());
        self.ready.push_back(message);
        self.traded[index].side_mut(side).reduce(at, shares);
    }

    fn replay_replace(&mut self, index: usize, mut message: Vec<u8>) {
        let original = replace::REFERENCE.get(&message);
        let Some((side, at)) = self.recorded(index, original) else { return };
        let (price, shares) = (replace::PRICE.get(&message) as u32, replace::SHARES.get(&message) as u32);
        let left = self.meet_clients(index, side, price, shares);
        self.traded[index].side_mut(side).remove(at);
        if left == 0 {
            let draft = self.draft(index, &delete::MESSAGE).put(delete::REFERENCE, original);
            return self.ready.push_back(draft.done());
        }
        replace::SHARES.put(&mut message, left.into());
        let reference = replace::NEW_REFERENCE.get(&message);
        self.ready.push_back(message);
        let order = Resting { reference, price, shares: left, is_client: false };
        self.traded[index].side_mut(side).insert(order);
    }

    /// Trades a recorded order with the clients' that it reaches; returns the shares left. None are left while the
    /// instrument is halted: the order would cross the book.
    fn meet_clients(&mut self, index: usize, side: Side, limit: u32, shares: u32) -> u32 {
        let (other, mut left) = (side.other(), shares);
        while left > 0
            && let Some(first) = self.traded[index].side(other).get(0)
            && first.is_client
            && side.reaches(limit, first.price)
        {
            if !self.is_trading(index) {
                return 0;
            }
            left -= self.fill_client(index, other, 0, left).0;
        }
        left
    }

    /// Executes up to `shares` of a client's order: how many, and whether it is gone.
    fn fill_client(&mut self, index: usize, side: Side, at: usize, shares: u32) -> (u32, bool) {
        let Some(order) = self.traded[index].side(side).get(at) else { return (shares, false) };
        let taken = shares.min(order.shares);
        let match_number = self.next_match();
        let draft = self.draft(index, &executed::MESSAGE).put(executed::REFERENCE, order.reference);
        self.ready.push_back(draft.put(executed::SHARES, taken).put(executed::MATCH, match_number).done());
        self.traded[index].side_mut(side).reduce(at, taken);
        self.note_resting_fill(&order, taken, match_number);
        (taken, taken == order.shares)
    }
}

/// An instrument of a stock directory message, its book empty.
fn listed(message: &[u8]) -> Traded {
    let mut symbol = [b' '; 8];
    symbol.copy_from_slice(&message[stock_directory::STOCK.offset..stock_directory::STOCK.end()]);
    Traded {
        listing: Instrument { symbol, locate: stock_directory::LOCATE.get(message) as u16, price_e4: 0 },
        activity: 1,
        fair: 0,
        phase: Phase::Trading,
        bids: Queue::new(Side::Buy),
        asks: Queue::new(Side::Sell),
    }
}
