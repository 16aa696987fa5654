//! The exchange: the OUCH messages of one client's accounts against the simulated market.
//!
//! In: messages of the client (`take`, for the account that `account` has named), requests for the next message of the market (`next_message`), and what an
//! operator does (bust, halt, resume, close). Out: ITCH messages, and OUCH messages to each account (`outbound`). An account has
//! order numbers and a stream of its own; positions are the client's.
//!
//! Why: a desk is tested against a counterpart that matches by price and time, and whose word on positions can be
//! compared with the desk's. Holds: time is the market's own, so the same seed and the same messages between the same
//! messages of the market give the same bytes; every order number is used once; what left an order by executions,
//! cancels and the close is what was in it. Not offered, and rejected with the specification's reason: hidden, pegged,
//! routed, reserve, cross and minimum-quantity orders.

mod entry;
mod order;

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::{
    Config, ConfigError, Instrument, Market,
    market::{Fill, Notice},
    ouch::{self, Inbound, Outbound, canceled, liquidity},
    queue::Side,
};
use order::Order;

/// Why an order's broken trade was broken: erroneous.
const BROKEN_ERRONEOUS: u8 = b'E';

/// Accounts of the client: one for its card, one for itself.
pub const ACCOUNTS: usize = 2;

/// An order: its account and UserRefNum.
type Key = (usize, u32);

/// A trade of the client, as it may be broken later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Execution {
    pub match_number: u64,
    pub account: usize,
    pub user_ref: u32,
    pub symbol: [u8; 8],
    /// Shares bought, negative if sold.
    pub signed_shares: i64,
    pub price_e4: u32,
    pub is_broken: bool,
    client_order_id: [u8; 14],
    instrument: usize,
}

/// What the client did, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub entered: u64,
    pub replaced: u64,
    pub cancels: u64,
    pub mass_cancels: u64,
    /// Messages whose number was used already, or whose order is gone: the specification has them ignored.
    pub ignored: u64,
    pub accepted: u64,
    pub rejected: u64,
    pub executions: u64,
    pub executed_shares: u64,
    pub broken: u64,
}

/// The market with a client in it.
#[derive(Clone, Debug)]
pub struct Exchange {
    market: Market,
    /// Live orders, and which of them has a reference in the market.
    orders: BTreeMap<Key, Order>,
    keys: HashMap<u64, Key>,
    last_ref: [u32; ACCOUNTS],
    /// Whose messages are taken.
    account: usize,
    executions: Vec<Execution>,
    out: [VecDeque<Outbound>; ACCOUNTS],
    counts: Counts,
    is_closed: bool,
}

impl Exchange {
    /// Opens the day of a market.
    pub fn new(config: Config) -> Result<Exchange, ConfigError> {
        Ok(Exchange::of(Market::new(config)?))
    }

    /// Opens the day of a generated or a recorded market.
    pub fn of(mut market: Market) -> Exchange {
        market.is_open();
        let mut exchange = Exchange {
            market,
            orders: BTreeMap::new(),
            keys: HashMap::new(),
            last_ref: [0; ACCOUNTS],
            account: 0,
            executions: Vec::new(),
            out: Default::default(),
            counts: Counts::default(),
            is_closed: false,
        };
        exchange.tell_system(b'S');
        exchange
    }

    pub fn instruments(&self) -> Vec<Instrument> {
        self.market.instruments()
    }

    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Every execution of the client, oldest first.
    pub fn executions(&self) -> &[Execution] {
        &self.executions
    }

    /// UserRefNum and open shares of each live order.
    pub fn open_orders(&self) -> impl Iterator<Item = (u32, u32)> {
        self.orders.iter().map(|((_, user_ref), order)| (*user_ref, order.left))
    }

    /// Shares of each instrument that the client traded, sold ones negative, broken trades left out.
    pub fn positions(&self) -> BTreeMap<[u8; 8], i64> {
        let mut positions = BTreeMap::new();
        for execution in self.executions.iter().filter(|execution| !execution.is_broken) {
            *positions.entry(execution.symbol).or_default() += execution.signed_shares;
        }
        positions
    }

    /// Whether the day is over: nothing trades and nothing more is published.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Names the account whose messages are taken and given from here on; at first it is 0.
    pub fn account(&mut self, account: usize) -> &mut Exchange {
        self.account = account.min(ACCOUNTS - 1);
        self
    }

    /// The next message for the account.
    pub fn outbound(&mut self) -> Option<Outbound> {
        self.out[self.account].pop_front()
    }

    /// The next message of the market data feed; lets the market go on if there is none. `None` at the end of the day.
    pub fn next_message(&mut self) -> Option<Vec<u8>> {
        let message = self.market.next();
        self.settle();
        self.expire();
        if message.is_none() && !self.is_closed {
            self.is_closed = true;
            self.tell_system(b'E');
        }
        message
    }

    /// The next message that is written already, such as those of the client's orders. The market stays as it is.
    pub fn written_message(&mut self) -> Option<Vec<u8>> {
        self.market.written_message()
    }

    /// Takes a message of the account.
    pub fn take(&mut self, message: &Inbound) {
        match message {
            Inbound::EnterOrder(enter) => self.enter(enter),
            Inbound::ReplaceOrder(replace) => self.replace(replace),
            Inbound::CancelOrder(cancel) => self.cancel((self.account, cancel.user_ref), cancel.quantity),
            Inbound::ModifyOrder(modify) => self.modify(modify),
            Inbound::AccountQuery(_) => {
                let (time_ns, next_user_ref) = (self.market.time_ns(), self.last_ref[self.account].saturating_add(1));
                self.tell(self.account, ouch::AccountQueryResponse { time_ns, next_user_ref, options: Default::default() });
            }
            Inbound::MassCancel(mass) => self.mass_cancel(mass),
        }
    }

    /// Rejects an entry or a replacement whatever it says, as an exchange in trouble does; takes anything else.
    pub fn refuse(&mut self, message: &Inbound) {
        let (user_ref, client_order_id) = match message {
            Inbound::EnterOrder(enter) => (enter.user_ref, enter.client_order_id),
            Inbound::ReplaceOrder(replace) => (replace.user_ref, replace.client_order_id),
            other => return self.take(other),
        };
        if self.use_ref(user_ref) {
            self.reject(user_ref, ouch::reject::PROCESSING_ERROR, client_order_id);
        }
    }

    /// Breaks the newest execution of the client that is not broken, or the one with `match_number`. Returns the
    /// match number.
    pub fn bust(&mut self, match_number: Option<u64>) -> Option<u64> {
        let wanted = |execution: &&Execution| {
            !execution.is_broken && match_number.is_none_or(|number| number == execution.match_number)
        };
        let found = *self.executions.iter().rev().find(wanted)?;
        self.market.break_trade(found.instrument, found.match_number);
        let time_ns = self.market.time_ns();
        // A trade with oneself has two sides.
        for at in 0..self.executions.len() {
            let execution = &mut self.executions[at];
            if execution.match_number == found.match_number {
                execution.is_broken = true;
                let (account, user_ref, client_order_id) = (execution.account, execution.user_ref, execution.client_order_id);
                let match_number = found.match_number;
                let (reason, options) = (BROKEN_ERRONEOUS, Default::default());
                self.counts.broken += 1;
                self.tell(account, ouch::BrokenTrade { time_ns, user_ref, match_number, reason, client_order_id, options });
            }
        }
        Some(found.match_number)
    }

    /// Halts an instrument until `resume`; `false` if there is none of this name that trades.
    pub fn halt(&mut self, symbol: &[u8; 8]) -> bool {
        self.market.find(symbol).is_some_and(|index| self.market.halt_until_told(index))
    }

    /// Lets a halted instrument come back; `false` if there is none of this name that is halted.
    pub fn resume(&mut self, symbol: &[u8; 8]) -> bool {
        self.market.find(symbol).is_some_and(|index| self.market.resume(index))
    }

    /// Lets the day end: `next_message` gives the close and then nothing more.
    pub fn close(&mut self) {
        self.market.close_soon();
    }

    fn tell(&mut self, account: usize, message: impl Into<Outbound>) {
        self.out[account].push_back(message.into());
    }

    fn tell_system(&mut self, event: u8) {
        let time_ns = self.market.time_ns();
        for account in 0..ACCOUNTS {
            self.tell(account, ouch::SystemEvent { time_ns, event, options: Default::default() });
        }
    }

    fn tell_canceled(&mut self, (account, user_ref): Key, quantity: u32, reason: u8, time_ns: u64) {
        self.tell(account, ouch::Canceled { time_ns, user_ref, quantity, reason, options: Default::default() });
    }

    /// Tells the client what became of its orders.
    fn settle(&mut self) {
        while let Some(notice) = self.market.notice() {
            match notice {
                Notice::Fill(fill) => self.execute(fill),
                Notice::Closed { reference, time_ns } => {
                    if let Some(order) = self.keys.get(&reference).and_then(|key| self.orders.get(key)) {
                        let (key, left) = (order.key(), order.left);
                        self.forget(key);
                        self.tell_canceled(key, left, canceled::TIMEOUT, time_ns);
                    }
                }
            }
        }
    }

    fn execute(&mut self, fill: Fill) {
        let Some(key) = self.keys.get(&fill.reference).copied() else { return };
        let Some(order) = self.orders.get_mut(&key) else { return };
        let (account, user_ref) = key;
        order.left -= fill.shares;
        order.executed += fill.shares;
        let (left, shares) = (order.left, i64::from(fill.shares));
        let execution = Execution {
            match_number: fill.match_number,
            account,
            user_ref,
            symbol: order.symbol,
            signed_shares: if order.side() == Side::Buy { shares } else { -shares },
            price_e4: fill.price_e4,
            is_broken: false,
            client_order_id: order.client_order_id,
            instrument: order.instrument,
        };
        self.executions.push(execution);
        self.counts.executions += 1;
        self.counts.executed_shares += u64::from(fill.shares);
        if left == 0 {
            self.forget(key);
        }
        self.tell(account, ouch::Executed {
            time_ns: fill.time_ns,
            user_ref,
            quantity: fill.shares,
            price_e4: fill.price_e4.into(),
            liquidity: if fill.added { liquidity::ADDED } else { liquidity::REMOVED },
            match_number: fill.match_number,
            options: Default::default(),
        });
    }

    /// The order is dead.
    fn forget(&mut self, key: Key) {
        if let Some(order) = self.orders.remove(&key) {
            self.keys.remove(&order.reference);
        }
    }

    /// Cancels orders whose time has come.
    fn expire(&mut self) {
        let time_ns = self.market.time_ns();
        let over = self.orders.values().filter(|order| order.expires_ns <= time_ns);
        let over: Vec<Key> = over.map(Order::key).collect();
        over.into_iter().for_each(|key| self.drop_order(key, canceled::TIMEOUT));
    }
}
