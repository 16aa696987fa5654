//! The day part: opening, order flow in steps of random traders, halts, the close.
//!
//! A step picks an instrument, moves its fair price, lets one trader act and writes what the exchange
//! would publish. Time between steps is exponential; its rate rises with every trade and with news, and
//! decays (as a Hawkes process does), so messages come in bursts.

use std::collections::VecDeque;

use riposte_map::{
    limits::LIVE_ORDERS,
    wire::{Message, itch::*},
};
use thiserror::Error;

use crate::{
    encode::Draft,
    instrument::{INSTRUMENTS_MAX, Instrument, Phase, TICK, Traded},
    queue::{Resting, Side},
    random::Random,
};

const SECOND: u64 = 1_000_000_000;
const START_NS: u64 = (9 * 3600 + 29 * 60 + 59) * SECOND;
const OPEN_NS: u64 = START_NS + SECOND;
/// Messages besides the flow: those that list an instrument, and the day's system events.
const FIXED_PER_INSTRUMENT: u64 = 4;
const FIXED_SYSTEM: u64 = 6;
const CLOSING: u64 = 3;
/// No step writes more messages than this.
const STEP_MESSAGES_MAX: u64 = 24;
const EXECUTIONS_MAX: usize = 8;
/// Live orders of the whole market; the card promises `LIVE_ORDERS`.
const LIVE_MAX: usize = LIVE_ORDERS * 7 / 8;
/// Live orders of one instrument, where few instruments share `LIVE_MAX`.
const LIVE_INSTRUMENT_MAX: usize = 112;

/// Mean time between steps in a calm market.
const CALM_NS: u64 = 180_000;
/// Heat that doubles the rate of steps, the time in which heat decays, and its limit.
const HEAT_UNIT: u64 = 256;
const HEAT_DECAY_NS: u64 = 5_000_000;
const HEAT_MAX: u64 = 100_000;

/// What decides a market: the same configuration gives the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    pub seed: u64,
    /// 1 to `INSTRUMENTS_MAX`.
    pub instruments: u16,
    /// Messages of the whole market, `Config::messages_min` at least.
    pub messages: u64,
}

impl Default for Config {
    fn default() -> Config {
        Config { seed: 1, instruments: 16, messages: 1_000_000 }
    }
}

impl Config {
    /// Messages that list the instruments and frame the day.
    pub fn messages_min(&self) -> u64 {
        FIXED_SYSTEM + FIXED_PER_INSTRUMENT * u64::from(self.instruments)
    }
}

/// Why there is no such market.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    #[error("{0} instruments where 1 to {INSTRUMENTS_MAX} can be")]
    Instruments(u16),
    #[error("{messages} messages where the opening and the close alone take {least}")]
    Messages { messages: u64, least: u64 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Opening,
    Flow,
    Close,
}

/// A market's messages, in order, each as its bytes without a length prefix. Exactly
/// `Config::messages` of them.
#[derive(Clone, Debug)]
pub struct Market {
    config: Config,
    random: Random,
    traded: Vec<Traded>,
    activity: u64,
    ready: VecDeque<Vec<u8>>,
    written: u64,
    stage: Stage,
    step: u64,
    time_ns: u64,
    heat: u64,
    /// An instrument with news: its index, the direction of its run and the steps left of it.
    news: Option<(usize, i64, u64)>,
    reference: u64,
    match_number: u64,
}

impl Market {
    pub fn new(config: Config) -> Result<Market, ConfigError> {
        if !(1..=INSTRUMENTS_MAX).contains(&config.instruments) {
            return Err(ConfigError::Instruments(config.instruments));
        }
        let (messages, least) = (config.messages, config.messages_min());
        if messages < least {
            return Err(ConfigError::Messages { messages, least });
        }
        let traded = Traded::first(config.instruments);
        Ok(Market {
            activity: traded.iter().map(|traded| traded.activity).sum(),
            traded,
            random: Random::new(config.seed),
            config,
            ready: VecDeque::new(),
            written: 0,
            stage: Stage::Opening,
            step: 0,
            time_ns: START_NS,
            heat: 0,
            news: None,
            // High enough that all eight bytes of a reference matter.
            reference: 0x0123_4567_89ab_0000,
            match_number: 1_000,
        })
    }

    /// The instruments, in the order of the stock directory.
    pub fn instruments(&self) -> Vec<Instrument> {
        self.traded.iter().map(|traded| traded.listing).collect()
    }

    fn live(&self) -> usize {
        self.traded.iter().map(Traded::live).sum()
    }

    fn live_max(&self) -> usize {
        (LIVE_MAX / self.traded.len()).min(LIVE_INSTRUMENT_MAX)
    }

    /// Messages that may still be written before the close has to begin.
    fn room(&self) -> u64 {
        self.config.messages - self.written - self.live() as u64 - CLOSING
    }

    // ---- writing

    fn draft(&mut self, index: usize, kind: &Message) -> Draft {
        let locate = self.traded[index].listing.locate;
        let tracking = self.random.below(8) as u16 * 2;
        Draft::new(kind, locate, tracking, self.time_ns)
    }

    fn write(&mut self, draft: Draft) {
        self.ready.push_back(draft.done());
        self.written += 1;
    }

    fn write_system(&mut self, event: u8) {
        let draft = Draft::new(&system_event::MESSAGE, 0, 0, self.time_ns);
        self.write(draft.put(system_event::EVENT, event));
    }

    fn write_action(&mut self, index: usize, state: u8, cause: &[u8]) {
        let symbol = self.traded[index].listing.symbol;
        let draft = self.draft(index, &trading_action::MESSAGE);
        let draft = draft.text(trading_action::STOCK, &symbol).put(trading_action::STATE, state);
        let draft = draft.put(trading_action::RESERVED, b' ').text(trading_action::CAUSE, cause);
        self.write(draft);
    }

    fn next_reference(&mut self) -> u64 {
        self.reference += self.random.between(1, 9);
        self.reference
    }

    fn next_match(&mut self) -> u64 {
        self.match_number += self.random.between(1, 3);
        self.match_number
    }

    /// Time between two messages of one event at the exchange.
    fn tick_clock(&mut self) {
        self.time_ns += self.random.between(60, 900);
    }

    // ---- the day

    fn open_day(&mut self) {
        self.write_system(b'O');
        for index in 0..self.traded.len() {
            self.time_ns += self.random.between(2_000, 20_000);
            self.list(index);
        }
        self.time_ns += self.random.between(1_000_000, 5_000_000);
        self.write_system(b'S');
        let rest = self.config.messages - self.config.messages_min();
        // Each order takes a message now and, if it stays, one at the close.
        let resting = (10 * self.traded.len() as u64).min(rest / 4);
        for _ in 0..resting {
            self.time_ns += self.random.exponential(SECOND / 2 / (resting + 1));
            let index = self.pick();
            self.add_quote(index);
        }
        self.time_ns = self.time_ns.max(OPEN_NS);
        self.write_system(b'Q');
        self.stage = Stage::Flow;
    }

    /// Directory, Reg SHO, a market maker and the trading state of one instrument.
    fn list(&mut self, index: usize) {
        let symbol = self.traded[index].listing.symbol;
        use stock_directory as r;
        let draft = self.draft(index, &r::MESSAGE).text(r::STOCK, &symbol);
        let draft = draft.put(r::CATEGORY, b'Q').put(r::STATUS, b'N').put(r::ROUND_LOT, 100u32);
        let draft = draft.put(r::ROUND_LOTS_ONLY, b'N').put(r::CLASSIFICATION, b'C');
        let draft = draft.text(r::SUB_TYPE, b"Z").put(r::AUTHENTICITY, b'P');
        let draft = draft.put(r::SHORT_SALE, b'N').put(r::IPO, b'N').put(r::LULD_TIER, b'1');
        self.write(draft.put(r::ETP, b'N').put(r::ETP_LEVERAGE, 0u32).put(r::INVERSE, b'N'));
        self.tick_clock();
        let draft = self.draft(index, &reg_sho::MESSAGE).text(reg_sho::STOCK, &symbol);
        self.write(draft.put(reg_sho::ACTION, b'0'));
        self.tick_clock();
        self.write_participant(index);
        self.tick_clock();
        self.write_action(index, STATE_TRADING, b"");
    }

    fn close_day(&mut self) {
        // Whatever the steps left room for: imbalance of the closing cross.
        while self.room() > 0 {
            self.time_ns += self.random.between(5_000, 50_000);
            let index = self.pick();
            self.write_imbalance(index, b'C');
        }
        self.tick_clock();
        self.write_system(b'M');
        for index in 0..self.traded.len() {
            for side in [Side::Buy, Side::Sell] {
                while self.traded[index].side(side).len() > 0 {
                    self.time_ns += self.random.between(100, 3_000);
                    self.delete(index, side, 0);
                }
            }
        }
        self.time_ns += self.random.between(1_000_000, 5_000_000);
        self.write_system(b'E');
        self.time_ns += self.random.between(1_000_000, 5_000_000);
        self.write_system(b'C');
        self.stage = Stage::Close;
    }

    /// An instrument by its share of the flow; the one with news most of the time while it has them.
    fn pick(&mut self) -> usize {
        if let Some((index, _, _)) = self.news
            && self.random.below(10) < 6
        {
            return index;
        }
        let mut at = self.random.below(self.activity);
        for (index, traded) in self.traded.iter().enumerate() {
            match at.checked_sub(traded.activity) {
                Some(rest) => at = rest,
                None => return index,
            }
        }
        0
    }

    fn advance_clock(&mut self) {
        let mean = CALM_NS * HEAT_UNIT / (HEAT_UNIT + self.heat);
        let gap = self.random.exponential(mean);
        self.time_ns += gap;
        self.heat -= self.heat.min(self.heat.saturating_mul(gap) / HEAT_DECAY_NS);
    }

    fn heat_up(&mut self, by: u64) {
        self.heat = (self.heat + by).min(HEAT_MAX);
    }

    fn take_step(&mut self) {
        self.step += 1;
        self.advance_clock();
        let index = self.pick();
        let mut drift = 0;
        if let Some((instrument, direction, left)) = self.news {
            self.news = (left > 0).then_some((instrument, direction, left.saturating_sub(1)));
            drift = if instrument == index { direction } else { 0 };
        } else if self.random.once_in(5_000) {
            let direction = if self.random.once_in(2) { 1 } else { -1 };
            self.news = Some((index, direction, self.random.between(200, 1_500)));
            self.heat_up(20_000);
        }
        self.traded[index].walk(&mut self.random, drift);
        match self.traded[index].phase {
            Phase::Trading if self.random.once_in(self.halt_odds()) => self.halt(index),
            Phase::Trading => self.trade(index),
            Phase::Halted { until_step, quoting } => self.wait(index, until_step, quoting),
        }
    }

    /// Steps between two halts: some eight halts in a market of any usual size.
    fn halt_odds(&self) -> u64 {
        (self.config.messages / 8).clamp(500, 40_000)
    }

    fn halt(&mut self, index: usize) {
        let steps = (self.config.messages / 100).clamp(20, 5_000);
        self.write_action(index, b'H', b"T1");
        self.tick_clock();
        let fair = self.traded[index].fair as u32 / TICK * TICK;
        let symbol = self.traded[index].listing.symbol;
        use luld_collar as j;
        let draft = self.draft(index, &j::MESSAGE).text(j::STOCK, &symbol);
        let draft = draft.put(j::REFERENCE_PRICE, fair).put(j::UPPER, fair + fair / 20);
        self.write(draft.put(j::LOWER, fair - fair / 20).put(j::EXTENSION, 0u32));
        let until_step = self.step + self.random.between(steps / 2, steps);
        self.traded[index].phase = Phase::Halted { until_step, quoting: false };
    }

    /// A halted instrument: quotes come and go, nothing trades, then quotation, a cross, trading.
    fn wait(&mut self, index: usize, until_step: u64, quoting: bool) {
        if self.step < until_step {
            return match self.random.below(10) {
                0..4 => self.add_quote(index),
                4..8 => self.delete_some(index),
                8 => self.replace(index),
                _ => self.write_imbalance(index, b'H'),
            };
        }
        if !quoting {
            self.write_action(index, b'Q', b"T3");
            let until_step = until_step.max(self.step) + 10;
            self.traded[index].phase = Phase::Halted { until_step, quoting: true };
            return;
        }
        let fair = self.traded[index].fair as u32 / TICK * TICK;
        let symbol = self.traded[index].listing.symbol;
        let (shares, match_number) = (self.random.between(1, 500) * 100, self.next_match());
        use cross_trade as q;
        let draft = self.draft(index, &q::MESSAGE).put(q::SHARES, shares).text(q::STOCK, &symbol);
        let draft = draft.put(q::PRICE, fair).put(q::MATCH, match_number);
        self.write(draft.put(q::CROSS_TYPE, b'H'));
        self.tick_clock();
        self.write_action(index, STATE_TRADING, b"");
        self.traded[index].phase = Phase::Trading;
    }

    // ---- traders

    fn trade(&mut self, index: usize) {
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

    fn add_quote(&mut self, index: usize) {
        let side = if self.random.once_in(2) { Side::Buy } else { Side::Sell };
        let price = self.traded[index].quote(side, &mut self.random);
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
        self.traded[index].side_mut(side).insert(Resting { reference, price, shares });
    }

    /// Any order of the instrument: its side and its place there.
    fn any_order(&mut self, index: usize) -> Option<(Side, usize)> {
        let bids = self.traded[index].bids.len();
        let at = self.random.below(self.traded[index].live() as u64) as usize;
        match (self.traded[index].live(), at.checked_sub(bids)) {
            (0, _) => None,
            (_, Some(at)) => Some((Side::Sell, at)),
            (_, None) => Some((Side::Buy, at)),
        }
    }

    /// Removes an order: any one, or the worst of the fuller side, whose trader has given up.
    fn delete_some(&mut self, index: usize) {
        let (bids, asks) = (self.traded[index].bids.len(), self.traded[index].asks.len());
        let worst = if bids > asks { (Side::Buy, bids - 1) } else { (Side::Sell, asks.max(1) - 1) };
        match self.any_order(index) {
            None => self.add_quote(index),
            Some(_) if self.random.once_in(3) => self.delete(index, worst.0, worst.1),
            Some((side, at)) => self.delete(index, side, at),
        }
    }

    fn delete(&mut self, index: usize, side: Side, at: usize) {
        let order = self.traded[index].side_mut(side).remove(at);
        let draft = self.draft(index, &delete::MESSAGE);
        self.write(draft.put(delete::REFERENCE, order.reference));
    }

    fn cancel(&mut self, index: usize, side: Side) {
        let orders = self.traded[index].side(side).len() as u64;
        let at = self.random.below(orders) as usize;
        match self.traded[index].side(side).get(at) {
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

    fn replace(&mut self, index: usize) {
        let Some((side, at)) = self.any_order(index) else { return self.add_quote(index) };
        let price = self.traded[index].quote(side, &mut self.random);
        if !self.has_room(index, side, price) {
            return self.delete(index, side, at);
        }
        let original = self.traded[index].side_mut(side).remove(at);
        let shares = if self.random.once_in(3) { self.lot() } else { original.shares };
        let reference = self.next_reference();
        let draft = self.draft(index, &replace::MESSAGE);
        let draft = draft.put(replace::REFERENCE, original.reference);
        let draft = draft.put(replace::NEW_REFERENCE, reference);
        self.write(draft.put(replace::SHARES, shares).put(replace::PRICE, price));
        self.traded[index].side_mut(side).insert(Resting { reference, price, shares });
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
        if self.random.once_in(12) {
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

    // ---- messages that change no book

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

    fn write_participant(&mut self, index: usize) {
        use participant as l;
        let symbol = self.traded[index].listing.symbol;
        let draft = self.draft(index, &l::MESSAGE).text(l::MPID, b"RIPO").text(l::STOCK, &symbol);
        self.write(draft.put(l::PRIMARY, b'Y').put(l::MODE, b'N').put(l::STATE, b'A'));
    }

    fn write_imbalance(&mut self, index: usize, cross: u8) {
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

impl Iterator for Market {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        while self.ready.is_empty() {
            match self.stage {
                Stage::Opening => self.open_day(),
                // Every message of a step may be an add, which takes one more at the close.
                Stage::Flow if self.room() >= 2 * STEP_MESSAGES_MAX => self.take_step(),
                Stage::Flow => self.close_day(),
                Stage::Close => return None,
            }
        }
        self.ready.pop_front()
    }
}
