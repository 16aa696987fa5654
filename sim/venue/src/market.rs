//! The day part: opening, order flow in steps of random traders, halts, the close.
//!
//! A step picks an instrument, moves its fair price, lets one trader act and writes what the exchange
//! would publish. Time between steps is exponential; its rate rises with every trade and with news, and
//! decays (as a Hawkes process does), so messages come in bursts.

mod clients;
mod flow;
mod replay;

pub(crate) use clients::{CLIENT_LIVE_MAX, Fill, Notice};

use std::{collections::VecDeque, vec};

use riposte_map::{
    limits::LIVE_ORDERS,
    wire::{Message, itch::*},
};
use thiserror::Error;

use crate::{
    encode::Draft,
    instrument::{INSTRUMENTS_MAX, Instrument, Phase, TICK, Traded},
    queue::Side,
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
/// Live orders of the whole market's traders; clients have what is left of `LIVE_ORDERS`, which the card promises.
const LIVE_MAX: usize = 896;
const _: () = assert!(LIVE_MAX < LIVE_ORDERS);
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
    #[error("message {0} of the recording has no type or not the length of ITCH 5.0")]
    Recording(u64),
    #[error("the recording lists no instrument (ITCH message R)")]
    Unlisted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Opening,
    Flow,
    /// A recording instead of opening, flow and close.
    Replay,
    Close,
}

/// A market's messages, in order, each as its bytes without a length prefix. Exactly
/// `Config::messages` of them, if no client causes more.
#[derive(Clone, Debug)]
pub struct Market {
    config: Config,
    /// Messages of the whole market: those asked for, and what clients and faults caused.
    budget: u64,
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
    notices: VecDeque<Notice>,
    recording: vec::IntoIter<Vec<u8>>,
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
            budget: config.messages,
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
            notices: VecDeque::new(),
            recording: Vec::new().into_iter(),
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
        self.budget - self.written - self.live() as u64 - CLOSING
    }

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
        self.drop_client_orders();
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
                Stage::Replay => self.replay_step(),
                Stage::Close => return None,
            }
        }
        self.ready.pop_front()
    }
}
