//! Orders of clients in the market's books: they rest in price-time order among those of the random traders, trade
//! with them and with each other, and are published like any order.
//!
//! Holds: a market without clients is the same to the byte; messages that clients or faults cause do not count to
//! those that were asked for.

use riposte_map::{limits::LIVE_ORDERS, wire::itch::*};

use super::{CLOSING, LIVE_MAX, Market, Stage};
use crate::{
    encode::Draft,
    instrument::Phase,
    queue::{Resting, Side},
};

/// Live orders of clients: what the card has room for besides the traders.
pub(crate) const CLIENT_LIVE_MAX: usize = LIVE_ORDERS - LIVE_MAX;

/// A trade of a client's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fill {
    /// The client's order.
    pub reference: u64,
    pub shares: u32,
    pub price_e4: u32,
    pub match_number: u64,
    pub time_ns: u64,
    /// Whether the order rested, or took.
    pub added: bool,
}

/// What the market tells about a client's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    Fill(Fill),
    /// The day is over for an order that still rested.
    Closed {
        reference: u64,
        time_ns: u64,
    },
}

impl Market {
    /// Nanoseconds since midnight at the exchange.
    pub(crate) fn time_ns(&self) -> u64 {
        self.time_ns
    }

    pub(crate) fn find(&self, symbol: &[u8; 8]) -> Option<usize> {
        self.traded.iter().position(|traded| traded.listing.symbol == *symbol)
    }

    /// Whether orders can be entered: from the opening, which this brings about, to the close.
    pub(crate) fn is_open(&mut self) -> bool {
        if self.stage == Stage::Opening {
            self.open_day();
        }
        matches!(self.stage, Stage::Flow | Stage::Replay)
    }

    pub(crate) fn is_trading(&self, index: usize) -> bool {
        self.traded[index].phase == Phase::Trading
    }

    /// The next thing that happened to a client's order.
    pub(crate) fn notice(&mut self) -> Option<Notice> {
        self.notices.pop_front()
    }

    /// A message that is already written, without a step of the market.
    pub(crate) fn written_message(&mut self) -> Option<Vec<u8>> {
        self.ready.pop_front()
    }

    /// The reference of an order that a client enters now.
    pub(crate) fn client_reference(&mut self) -> u64 {
        self.tick_clock();
        self.next_reference()
    }

    /// Whether an order would trade at once.
    pub(crate) fn would_trade(&self, index: usize, side: Side, limit: u32) -> bool {
        let best = self.traded[index].side(side.other()).best();
        best.is_some_and(|price| side.reaches(limit, price))
    }

    /// Trades a client's order against the other side in price-time order up to `limit`; returns the shares left.
    pub(crate) fn match_client(&mut self, index: usize, side: Side, limit: u32, shares: u32, reference: u64) -> u32 {
        let other = side.other();
        let mut left = shares;
        while let Some(order) = self.traded[index].side(other).get(0)
            && left > 0
            && side.reaches(limit, order.price)
        {
            let shares = left.min(order.shares);
            left -= shares;
            self.tick_clock();
            let match_number = self.next_match();
            let draft = self.draft(index, &executed::MESSAGE).put(executed::REFERENCE, order.reference);
            self.write_caused(draft.put(executed::SHARES, shares).put(executed::MATCH, match_number));
            self.traded[index].side_mut(other).reduce(0, shares);
            if order.is_client {
                self.note_resting_fill(&order, shares, match_number);
            }
            let (price_e4, time_ns) = (order.price, self.time_ns);
            let fill = Fill { reference, shares, price_e4, match_number, time_ns, added: false };
            self.notices.push_back(Notice::Fill(fill));
        }
        left
    }

    /// Puts what is left of a client's order into the book; `mpid` attributes it.
    pub(crate) fn rest_client(&mut self, index: usize, side: Side, order: Resting, mpid: Option<&[u8]>) {
        let symbol = self.traded[index].listing.symbol;
        let kind = if mpid.is_some() { &add_mpid::MESSAGE } else { &add::MESSAGE };
        let draft = self.draft(index, kind).put(add::REFERENCE, order.reference).side(add::SIDE, side);
        let draft = draft.put(add::SHARES, order.shares).text(add::STOCK, &symbol);
        let draft = draft.put(add::PRICE, order.price);
        self.write_caused(match mpid {
            Some(mpid) => draft.text(add_mpid::MPID, mpid),
            None => draft,
        });
        self.traded[index].side_mut(side).insert(order);
    }

    /// Takes a resting order of a client out of the book, and says so.
    pub(crate) fn withdraw_client(&mut self, index: usize, side: Side, reference: u64) {
        if let Some(at) = self.traded[index].side(side).find(reference) {
            self.traded[index].side_mut(side).remove(at);
            self.tick_clock();
            let draft = self.draft(index, &delete::MESSAGE).put(delete::REFERENCE, reference);
            self.write_caused(draft);
        }
    }

    /// Takes `shares` off a resting order of a client, less than it has.
    pub(crate) fn reduce_client(&mut self, index: usize, side: Side, reference: u64, shares: u32) {
        if let Some(at) = self.traded[index].side(side).find(reference) {
            self.traded[index].side_mut(side).reduce(at, shares);
            self.tick_clock();
            let draft = self.draft(index, &cancel::MESSAGE).put(cancel::REFERENCE, reference);
            self.write_caused(draft.put(cancel::SHARES, shares));
        }
    }

    /// Replaces a resting order of a client by one that does not trade at once.
    pub(crate) fn replace_client(&mut self, index: usize, side: Side, original: u64, order: Resting) {
        if let Some(at) = self.traded[index].side(side).find(original) {
            self.traded[index].side_mut(side).remove(at);
            let draft = self.draft(index, &replace::MESSAGE).put(replace::REFERENCE, original);
            let draft = draft.put(replace::NEW_REFERENCE, order.reference).put(replace::SHARES, order.shares);
            self.write_caused(draft.put(replace::PRICE, order.price));
            self.traded[index].side_mut(side).insert(order);
        }
    }

    pub(super) fn note_resting_fill(&mut self, order: &Resting, shares: u32, match_number: u64) {
        let (reference, price_e4, time_ns) = (order.reference, order.price, self.time_ns);
        let fill = Fill { reference, shares, price_e4, match_number, time_ns, added: true };
        self.notices.push_back(Notice::Fill(fill));
    }

    /// The close: orders of clients leave the books first.
    pub(super) fn drop_client_orders(&mut self) {
        for index in 0..self.traded.len() {
            for side in [Side::Buy, Side::Sell] {
                while let Some(at) = self.traded[index].side(side).first_of_clients() {
                    let reference = self.traded[index].side(side).get(at).map_or(0, |order| order.reference);
                    self.withdraw_client(index, side, reference);
                    self.notices.push_back(Notice::Closed { reference, time_ns: self.time_ns });
                }
            }
        }
    }

    /// Publishes that a trade is broken.
    pub(crate) fn break_trade(&mut self, index: usize, match_number: u64) {
        self.tick_clock();
        let draft = self.draft(index, &broken_trade::MESSAGE).put(broken_trade::MATCH, match_number);
        self.write_caused(draft);
    }

    /// Halts an instrument until `resume`; `false` if it does not trade.
    pub(crate) fn halt_until_told(&mut self, index: usize) -> bool {
        let trades = self.is_trading(index) && self.is_open();
        if trades {
            let written = self.written;
            self.halt(index);
            self.traded[index].phase = Phase::Halted { until_step: u64::MAX, quoting: false };
            self.budget += self.written - written;
        }
        trades
    }

    /// Lets a halted instrument come back by the usual way: quotation, a cross, trading. `false` if it is not halted.
    pub(crate) fn resume(&mut self, index: usize) -> bool {
        match self.traded[index].phase {
            // A recording has no steps in which an instrument could come back by itself.
            Phase::Halted { .. } if self.stage == Stage::Replay => {
                let written = self.written;
                self.write_action(index, STATE_TRADING, b"");
                self.budget += self.written - written;
                self.traded[index].phase = Phase::Trading;
                true
            }
            Phase::Halted { quoting: false, .. } => {
                self.traded[index].phase = Phase::Halted { until_step: 0, quoting: false };
                true
            }
            _ => false,
        }
    }

    /// Lets the day end with the next message that is asked for.
    pub(crate) fn close_soon(&mut self) {
        if self.stage == Stage::Replay {
            // The rest of the recording is not published.
            self.recording = Vec::new().into_iter();
        } else if self.is_open() {
            self.budget = self.written + self.live() as u64 + CLOSING;
        }
    }

    /// Writes a message that nobody asked for in the configuration.
    fn write_caused(&mut self, draft: Draft) {
        self.budget += 1;
        self.write(draft);
    }
}
