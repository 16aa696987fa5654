//! What traders do in a step, and what the exchange publishes of it.

use riposte_map::wire::itch::*;

use super::{EXECUTIONS_MAX, Market};
use crate::{
    instrument::TICK,
    queue::{Resting, Side},
};

impl Market {
    pub(super) fn trade(&mut self, index: usize) {
        let traded = &self.traded[index];
        let fair = traded.fair;
        let buy = traded.asks.best().is_some_and(|ask| fair > i64::from(ask));
        let sell = traded.bids.best().is_some_and(|bid| fair < i64::from(bid));
        // A quote on the wrong side of the fair price is soon withdrawn or taken.
        if buy || sell {
            let side = if buy { Side::Buy } else { Side::Sell };
            match self.random.below(10) {
                0 => return self.take(index, side),
                1..4 => return self.delete(index, side.other(), 0),
                _ => {}
            }
        }
        if self.traded[index].live() < self.live_max() / 4 {
            return self.add_quote(index);
        }
        let side = if self.random.once_in(2) { Side::Buy } else { Side::Sell };
        match self.random.below(1_000) {
            0..450 => self.add_quote(index),
            450..810 => self.delete_some(index),
            810..890 => self.replace(index),
            890..920 => self.cancel(index, side),
            920..960 => self.take(index, side),
            960..985 => self.print_hidden(index),
            _ => self.write_aside(index),
        }
    }

    /// Mostly round lots, small ones more often; now and then an odd lot.
    fn lot(&mut self) -> u32 {
        match self.random.below(10) {
            0 => self.random.between(1, 99) as u32,
            1 => self.random.between(1, 10) as u32 * 10 + 5,
            _ => (1 + self.random.halving(5) + self.random.below(3) / 2) as u32 * 100,
        }
    }

    pub(super) fn add_quote(&mut self, index: usize) {
        let side = if self.random.once_in(2) { Side::Buy } else { Side::Sell };
        let price = self.traded[index].quote(side, &mut self.random);
        if price == 0 {
            return;
        }
        if self.traded[index].live() >= self.live_max() || !self.has_room(index, side, price) {
            return self.delete_some(index);
        }
        let shares = self.lot();
        self.add(index, side, price, shares);
    }

    fn has_room(&self, index: usize, side: Side, price: u32) -> bool {
        self.traded[index].side(side).has_room(price)
    }

    fn add(&mut self, index: usize, side: Side, price: u32, shares: u32) {
        let reference = self.next_reference();
        let symbol = self.traded[index].listing.symbol;
        let attributed = self.random.once_in(25);
        let kind = if attributed { &add_mpid::MESSAGE } else { &add::MESSAGE };
        let draft = self.draft(index, kind).put(add::REFERENCE, reference).side(add::SIDE, side);
        let draft = draft.put(add::SHARES, shares).text(add::STOCK, &symbol);
        let mut draft = draft.put(add::PRICE, price);
        if attributed {
            draft = draft.text(add_mpid::MPID, b"NSDQ");
        }
        self.write(draft);
        self.traded[index].side_mut(side).insert(Resting { reference, price, shares, is_client: false });
    }

    /// Any order of the instrument: its side and its place there.
    fn any_order(&mut self, index: usize) -> Option<(Side, usize)> {
        let bids = self.traded[index].bids.len();
        let resting = self.traded[index].resting();
        let at = self.random.below(resting as u64) as usize;
        match (resting, at.checked_sub(bids)) {
            (0, _) => None,
            (_, Some(at)) => Some((Side::Sell, at)),
            (_, None) => Some((Side::Buy, at)),
        }
    }

    /// Removes an order: any one, or the worst of the fuller side, whose trader has given up.
    pub(super) fn delete_some(&mut self, index: usize) {
        let (bids, asks) = (self.traded[index].bids.len(), self.traded[index].asks.len());
        let worst = if bids > asks { (Side::Buy, bids - 1) } else { (Side::Sell, asks.max(1) - 1) };
        match self.any_order(index) {
            None => self.add_quote(index),
            Some(_) if self.random.once_in(3) => self.delete(index, worst.0, worst.1),
            Some((side, at)) => self.delete(index, side, at),
        }
    }

    pub(super) fn delete(&mut self, index: usize, side: Side, at: usize) {
        if self.traded[index].side(side).get(at).is_none_or(|order| order.is_client) {
            return;
        }
        let order = self.traded[index].side_mut(side).remove(at);
        let draft = self.draft(index, &delete::MESSAGE);
        self.write(draft.put(delete::REFERENCE, order.reference));
    }

    fn cancel(&mut self, index: usize, side: Side) {
        let orders = self.traded[index].side(side).len() as u64;
        let at = self.random.below(orders) as usize;
        match self.traded[index].side(side).get(at) {
            Some(order) if order.is_client => {}
            Some(order) if order.shares > 1 => {
                let most = u64::from(order.shares - 1);
                let any = self.random.between(1, most);
                let shares = if most >= 100 { any.div_ceil(100) * 100 } else { any };
                let shares = shares.min(most) as u32;
                let draft = self.draft(index, &cancel::MESSAGE);
                let draft = draft.put(cancel::REFERENCE, order.reference);
                self.write(draft.put(cancel::SHARES, shares));
                self.traded[index].side_mut(side).reduce(at, shares);
            }
            _ => self.add_quote(index),
        }
    }

    pub(super) fn replace(&mut self, index: usize) {
        let Some((side, at)) = self.any_order(index) else { return self.add_quote(index) };
        let price = self.traded[index].quote(side, &mut self.random);
        if price == 0 || !self.has_room(index, side, price) {
            return self.delete(index, side, at);
        }
        if self.traded[index].side(side).get(at).is_none_or(|order| order.is_client) {
            return;
        }
        let original = self.traded[index].side_mut(side).remove(at);
        let shares = if self.random.once_in(3) { self.lot() } else { original.shares };
        let reference = self.next_reference();
        let draft = self.draft(index, &replace::MESSAGE);
        let draft = draft.put(replace::REFERENCE, original.reference);
        let draft = draft.put(replace::NEW_REFERENCE, reference);
        self.write(draft.put(replace::SHARES, shares).put(replace::PRICE, price));
        self.traded[index].side_mut(side).insert(Resting { reference, price, shares, is_client: false });
    }

    /// An impatient trader: executes against the other side in price-time order up to a limit; what is
    /// left may stay as a quote when the other side has nothing more at that limit.
    fn take(&mut self, index: usize, side: Side) {
        let other = side.other();
        let Some(best) = self.traded[index].side(other).best() else {
            return self.add_quote(index);
        };
        let limit = side.improve(best, TICK * self.random.halving(3) as u32);
        let mut left = self.lot() * (1 + self.random.halving(3) as u32);
        for _ in 0..EXECUTIONS_MAX {
            let Some(order) = self.traded[index].side(other).get(0) else { break };
            if left == 0 || !side.reaches(limit, order.price) {
                break;
            }
            let shares = left.min(order.shares);
            left -= shares;
            self.execute(index, other, order, shares);
            self.tick_clock();
        }
        let heat = self.random.below(40);
        self.heat_up(heat);
        let beyond = self.traded[index].side(other).best();
        let is_clear = beyond.is_none_or(|price| !side.reaches(limit, price));
        let fits = self.traded[index].live() < self.live_max() && self.has_room(index, side, limit);
        if left > 0 && is_clear && fits && self.random.once_in(2) {
            self.add(index, side, limit, left);
        }
    }

    /// Executes `shares` of the first order of a side; sometimes at a better price than its own, or
    /// without a print.
    fn execute(&mut self, index: usize, side: Side, order: Resting, shares: u32) {
        let match_number = self.next_match();
        // A client's order trades at its own price: what is better for its counterpart would break its limit.
        if self.random.once_in(12) && !order.is_client {
            use executed_price as c;
            let inside = TICK / 2 * u32::from(self.random.once_in(2));
            let price = side.improve(order.price, inside);
            let printable = if self.random.once_in(5) { b'N' } else { PRINTABLE };
            let draft = self.draft(index, &c::MESSAGE).put(c::REFERENCE, order.reference);
            let draft = draft.put(c::SHARES, shares).put(c::MATCH, match_number);
            self.write(draft.put(c::PRINTABLE, printable).put(c::PRICE, price));
        } else {
            let draft = self.draft(index, &executed::MESSAGE);
            let draft = draft.put(executed::REFERENCE, order.reference);
            self.write(draft.put(executed::SHARES, shares).put(executed::MATCH, match_number));
        }
        self.traded[index].side_mut(side).reduce(0, shares);
        if order.is_client {
            self.note_resting_fill(&order, shares, match_number);
        }
    }

    /// A trade against a hidden order: between the quotes, or at one of them when they are a tick apart.
    fn print_hidden(&mut self, index: usize) {
        let traded = &self.traded[index];
        let (Some(bid), Some(ask)) = (traded.bids.best(), traded.asks.best()) else {
            return self.add_quote(index);
        };
        let symbol = traded.listing.symbol;
        let steps = u64::from((ask - bid) / (TICK / 2));
        let price = bid + self.random.between(0, steps) as u32 * (TICK / 2);
        let (shares, match_number) = (self.lot(), self.next_match());
        let draft = self.draft(index, &trade::MESSAGE).side(trade::SIDE, Side::Buy);
        let draft = draft.put(trade::SHARES, shares).text(trade::STOCK, &symbol);
        self.write(draft.put(trade::PRICE, price).put(trade::MATCH, match_number));
        let heat = self.random.below(20);
        self.heat_up(heat);
    }

    fn write_aside(&mut self, index: usize) {
        match self.random.below(10) {
            0..6 => self.write_imbalance(index, b'O'),
            6 | 7 => self.write_participant(index),
            8 => {
                let symbol = self.traded[index].listing.symbol;
                let draft = self.draft(index, &rpii::MESSAGE).text(rpii::STOCK, &symbol);
                self.write(draft.put(rpii::INTEREST, b'A'));
            }
            _ => {
                let match_number = self.match_number;
                let draft = self.draft(index, &broken_trade::MESSAGE);
                self.write(draft.put(broken_trade::MATCH, match_number));
            }
        }
    }

    pub(super) fn write_participant(&mut self, index: usize) {
        use participant as l;
        let symbol = self.traded[index].listing.symbol;
        let draft = self.draft(index, &l::MESSAGE).text(l::MPID, b"RIPO").text(l::STOCK, &symbol);
        self.write(draft.put(l::PRIMARY, b'Y').put(l::MODE, b'N').put(l::STATE, b'A'));
    }

    pub(super) fn write_imbalance(&mut self, index: usize, cross: u8) {
        use noii as i;
        let fair = self.traded[index].fair as u32 / TICK * TICK;
        let symbol = self.traded[index].listing.symbol;
        let (paired, imbalance) = (self.random.below(1_000) * 100, self.random.below(300) * 100);
        let direction = if imbalance == 0 { b'N' } else { b'B' };
        let draft = self.draft(index, &i::MESSAGE).put(i::PAIRED, paired);
        let draft = draft.put(i::IMBALANCE, imbalance).put(i::DIRECTION, direction);
        let draft = draft.text(i::STOCK, &symbol).put(i::FAR, fair).put(i::NEAR, fair);
        let draft = draft.put(i::REFERENCE_PRICE, fair).put(i::CROSS_TYPE, cross);
        self.write(draft.put(i::VARIATION, b'L'));
    }
}
