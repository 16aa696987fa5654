//! What a client may ask for: entry, replacement, cancellation, modification, mass cancellation.

use super::{Exchange, Key, order::Order};
use crate::{
    market::CLIENT_LIVE_MAX,
    ouch::{
        self, EnterOrder, MARKET_PRICE_E4, MassCancel, ModifyOrder, Options, QUANTITY_LIMIT, ReplaceOrder, canceled,
        reject, tag,
    },
    queue::{Resting, Side},
};

const SECOND_NS: u64 = 1_000_000_000;
/// Prices are whole cents.
const TICK_E4: u64 = 100;
const DAY: u8 = b'0';
const IMMEDIATE_OR_CANCEL: u8 = b'3';
const UNTIL_TIME: u8 = b'6';
/// Good till cancel of the extended day, and after hours: to this market's close, as a day order.
const OTHER_TIMES: [u8; 2] = [b'5', b'E'];
const DISPLAYED: u8 = b'Y';
const ATTRIBUTED: u8 = b'A';
const CONTINUOUS: u8 = b'N';
const BLANK_FIRM: [u8; 4] = *b"    ";
const BLANK_SYMBOL: [u8; 8] = *b"        ";

/// Options that make an order of a kind that is not offered, and the reason that says so.
const NOT_OFFERED: &[(u8, u16)] = &[
    (tag::MIN_QUANTITY, reject::INVALID_MIN_QUANTITY),
    (tag::MAX_FLOOR, reject::OTHER),
    (tag::PEG_OFFSET, reject::PEGGING_NOT_ALLOWED),
    (tag::DISCRETION_PRICE, reject::OTHER),
    (tag::RANDOM_RESERVES, reject::OTHER),
];

impl Exchange {
    pub(super) fn enter(&mut self, enter: &EnterOrder) {
        self.counts.entered += 1;
        if !self.use_ref(enter.user_ref) {
            return;
        }
        let instrument = match self.check(enter) {
            Ok(instrument) => instrument,
            Err(reason) => return self.reject(enter.user_ref, reason, enter.client_order_id),
        };
        let reference = self.market.client_reference();
        let expires_ns = match (enter.time_in_force, enter.options.number(tag::EXPIRE_TIME)) {
            (UNTIL_TIME, Some(seconds)) => seconds.saturating_mul(SECOND_NS),
            _ => u64::MAX,
        };
        let order = Order::new(self.account, enter, instrument, reference, expires_ns);
        self.counts.accepted += 1;
        self.tell(self.account, accepted(self.market.time_ns(), &order));
        self.work(order);
    }

    /// Whether the number is new; if not, the message has been seen and is ignored.
    pub(super) fn use_ref(&mut self, user_ref: u32) -> bool {
        let last_ref = &mut self.last_ref[self.account];
        let is_new = user_ref > *last_ref;
        if is_new {
            *last_ref = user_ref;
        } else {
            self.counts.ignored += 1;
        }
        is_new
    }

    pub(super) fn reject(&mut self, user_ref: u32, reason: u16, client_order_id: [u8; 14]) {
        self.counts.rejected += 1;
        let (time_ns, options) = (self.market.time_ns(), Options::default());
        self.tell(self.account, ouch::Rejected { time_ns, user_ref, reason, client_order_id, options });
    }

    /// The instrument of an order that can be accepted, or the reason why it cannot.
    fn check(&mut self, enter: &EnterOrder) -> Result<usize, u16> {
        let not_offered = |&&(tag, _): &&(u8, u16)| enter.options.number(tag).is_some_and(|value| value != 0);
        let times = [DAY, IMMEDIATE_OR_CANCEL, UNTIL_TIME];
        let time = enter.time_in_force;
        if !self.market.is_open() {
            return Err(reject::DESTINATION_CLOSED);
        }
        let Some(instrument) = self.market.find(&enter.symbol) else { return Err(reject::INVALID_SYMBOL) };
        if !b"BSTE".contains(&enter.side) {
            return Err(reject::INVALID_SIDE);
        }
        check_quantity_price(enter.quantity, enter.price_e4)?;
        if enter.display != DISPLAYED && enter.display != ATTRIBUTED {
            return Err(reject::INVALID_DISPLAY);
        }
        if enter.cross_type != CONTINUOUS {
            return Err(reject::INVALID_CROSS_ORDER);
        }
        if !b"APRO".contains(&enter.capacity) || !b"YN".contains(&enter.sweep) {
            return Err(reject::OTHER);
        }
        let has_expiry = enter.options.get(tag::EXPIRE_TIME).is_some();
        if !(times.contains(&time) || OTHER_TIMES.contains(&time)) || (time == UNTIL_TIME) != has_expiry {
            return Err(reject::OTHER);
        }
        if enter.options.get(tag::ROUTE).is_some_and(|route| !route.trim_ascii().is_empty()) {
            return Err(reject::ROUTING_NOT_ALLOWED);
        }
        if enter.options.get(tag::PRICE_TYPE).is_some_and(|kind| kind != b"L") {
            return Err(reject::PEGGING_NOT_ALLOWED);
        }
        if let Some((_, reason)) = NOT_OFFERED.iter().find(not_offered) {
            return Err(*reason);
        }
        if self.orders.len() >= CLIENT_LIVE_MAX {
            return Err(reject::AGGREGATE_EXPOSURE);
        }
        Ok(instrument)
    }

    /// Lets an accepted order trade and rest.
    fn work(&mut self, order: Order) {
        let (key, reference, index, side) = (order.key(), order.reference, order.instrument, order.side());
        let (limit, shares) = (limit(side, order.price_e4), order.left);
        let is_market = order.price_e4 >= MARKET_PRICE_E4;
        let is_immediate = order.time_in_force == IMMEDIATE_OR_CANCEL;
        let is_post_only = order.options.get(tag::POST_ONLY) == Some(b"P");
        let mpid = (order.display == ATTRIBUTED).then(|| order.options.get(tag::FIRM).unwrap_or(b"RIPO").to_vec());
        self.keys.insert(reference, key);
        self.orders.insert(key, order);
        if self.market.would_trade(index, side, limit) {
            if is_post_only {
                return self.drop_order(key, canceled::POST_ONLY);
            }
            // A book that is halted must not cross.
            if !self.market.is_trading(index) {
                return self.drop_order(key, canceled::HALTED);
            }
        }
        let left = self.market.match_client(index, side, limit, shares, reference);
        self.settle();
        match left {
            0 => {}
            _ if is_immediate => self.drop_order(key, canceled::IMMEDIATE_OR_CANCEL),
            _ if is_market => self.drop_order(key, canceled::COLLAR),
            shares => {
                let resting = Resting { reference, price: limit, shares, is_client: true };
                self.market.rest_client(index, side, resting, mpid.as_deref());
            }
        }
    }

    pub(super) fn replace(&mut self, replace: &ReplaceOrder) {
        self.counts.replaced += 1;
        let Some(original) = self.orders.get(&(self.account, replace.original_ref)).cloned() else {
            self.counts.ignored += 1;
            return;
        };
        if !self.use_ref(replace.user_ref) {
            return;
        }
        let is_displayed = replace.display == DISPLAYED || replace.display == ATTRIBUTED;
        let check = match check_quantity_price(replace.quantity, replace.price_e4) {
            Ok(()) if !is_displayed => Err(reject::INVALID_DISPLAY),
            Ok(()) if ![DAY, IMMEDIATE_OR_CANCEL].contains(&replace.time_in_force) => Err(reject::OTHER),
            check => check,
        };
        if let Err(reason) = check {
            // The order that was to be replaced stays.
            return self.reject(replace.user_ref, reason, replace.client_order_id);
        }
        let Some(left) = replace.quantity.checked_sub(original.executed).filter(|&left| left > 0) else {
            return self.drop_order(original.key(), canceled::USER);
        };
        let reference = self.market.client_reference();
        let order = Order {
            user_ref: replace.user_ref,
            price_e4: replace.price_e4,
            left,
            reference,
            expires_ns: u64::MAX,
            time_in_force: replace.time_in_force,
            display: replace.display,
            sweep: replace.sweep,
            client_order_id: replace.client_order_id,
            ..original.clone()
        };
        self.tell(self.account, replaced(self.market.time_ns(), original.user_ref, &order));
        self.forget(original.key());
        self.move_in_book(&original, order);
    }

    /// A replacement that neither trades nor leaves is one message of the feed; any other is a delete and an entry.
    fn move_in_book(&mut self, original: &Order, order: Order) {
        let (index, side) = (order.instrument, order.side());
        let price = limit(side, order.price_e4);
        let rests = order.time_in_force != IMMEDIATE_OR_CANCEL && order.price_e4 < MARKET_PRICE_E4;
        let same_attribution = order.display == original.display;
        if rests && same_attribution && !self.market.would_trade(index, side, price) {
            let (reference, shares) = (order.reference, order.left);
            let resting = Resting { reference, price, shares, is_client: true };
            self.market.replace_client(index, side, original.reference, resting);
            self.keys.insert(reference, order.key());
            self.orders.insert(order.key(), order);
        } else {
            self.market.withdraw_client(index, side, original.reference);
            self.work(order);
        }
    }

    /// Reduces the order to a total of `quantity`, what was executed included.
    pub(super) fn cancel(&mut self, key: Key, quantity: u32) {
        self.counts.cancels += 1;
        let Some(order) = self.orders.get_mut(&key) else {
            self.counts.ignored += 1;
            return;
        };
        let wanted = quantity.saturating_sub(order.executed);
        if wanted == 0 {
            return self.drop_order(key, canceled::USER);
        }
        if wanted >= order.left {
            self.counts.ignored += 1;
            return;
        }
        let cut = self.cut(key, wanted);
        self.tell_canceled(key, cut, canceled::USER, self.market.time_ns());
    }

    /// Leaves `wanted` open shares, fewer than there are; returns how many went.
    fn cut(&mut self, key: Key, wanted: u32) -> u32 {
        let Some(order) = self.orders.get_mut(&key) else { return 0 };
        let cut = order.left - wanted;
        order.left = wanted;
        let (index, side, reference) = (order.instrument, order.side(), order.reference);
        self.market.reduce_client(index, side, reference, cut);
        cut
    }

    pub(super) fn modify(&mut self, modify: &ModifyOrder) {
        let key = (self.account, modify.user_ref);
        let Some(order) = self.orders.get_mut(&key) else {
            self.counts.ignored += 1;
            return;
        };
        let may = order.side_code == modify.side
            || matches!((order.side_code, modify.side), (b'S', b'E' | b'T') | (b'E', b'T'));
        let wanted = modify.quantity.saturating_sub(order.executed);
        if !may || wanted == 0 || wanted > order.left {
            self.counts.ignored += 1;
            return;
        }
        order.side_code = modify.side;
        if wanted < order.left {
            self.cut(key, wanted);
        }
        let (time_ns, options) = (self.market.time_ns(), Options::default());
        let ModifyOrder { user_ref, side, .. } = *modify;
        self.tell(self.account, ouch::Modified { time_ns, user_ref, side, quantity: wanted, options });
    }

    pub(super) fn mass_cancel(&mut self, mass: &MassCancel) {
        if !self.use_ref(mass.user_ref) {
            return;
        }
        self.counts.mass_cancels += 1;
        let (time_ns, options) = (self.market.time_ns(), Options::default());
        let MassCancel { user_ref, firm, symbol, .. } = *mass;
        self.tell(self.account, ouch::MassCancelResponse { time_ns, user_ref, firm, symbol, options });
        let account = self.account;
        let is_meant = |order: &&Order| {
            let of_firm = firm == BLANK_FIRM || order.options.get(tag::FIRM).unwrap_or(&BLANK_FIRM) == firm;
            order.account == account && of_firm && (symbol == BLANK_SYMBOL || symbol == order.symbol)
        };
        let meant: Vec<Key> = self.orders.values().filter(is_meant).map(Order::key).collect();
        meant.into_iter().for_each(|key| self.drop_order(key, canceled::USER));
    }

    /// Cancels all that is left of an order, whether it rests or not.
    pub(super) fn drop_order(&mut self, key: Key, reason: u8) {
        let Some(order) = self.orders.get(&key) else { return };
        let (index, side, reference, left) = (order.instrument, order.side(), order.reference, order.left);
        self.market.withdraw_client(index, side, reference);
        self.forget(key);
        self.tell_canceled(key, left, reason, self.market.time_ns());
    }
}

fn check_quantity_price(quantity: u32, price_e4: u64) -> Result<(), u16> {
    let is_market = price_e4 >= MARKET_PRICE_E4;
    match quantity {
        0 | QUANTITY_LIMIT.. => Err(reject::INVALID_QUANTITY),
        _ if price_e4 == 0 || !is_market && !price_e4.is_multiple_of(TICK_E4) => Err(reject::INVALID_PRICE),
        _ => Ok(()),
    }
}

/// The worst price at which an order trades. A market order takes any.
fn limit(side: Side, price_e4: u64) -> u32 {
    match (u32::try_from(price_e4), side) {
        (Ok(price), _) if price_e4 < MARKET_PRICE_E4 => price,
        (_, Side::Buy) => u32::MAX,
        (_, Side::Sell) => 0,
    }
}

fn accepted(time_ns: u64, order: &Order) -> ouch::Accepted {
    ouch::Accepted {
        time_ns,
        user_ref: order.user_ref,
        side: order.side_code,
        quantity: order.left,
        symbol: order.symbol,
        price_e4: order.price_e4,
        time_in_force: order.time_in_force,
        display: order.display,
        order_ref: order.reference,
        capacity: order.capacity,
        sweep: order.sweep,
        cross_type: order.cross_type,
        // Live.
        state: b'L',
        client_order_id: order.client_order_id,
        options: order.options.clone(),
    }
}

/// What an acceptance tells, and whose place the order takes.
fn replaced(time_ns: u64, original_ref: u32, order: &Order) -> ouch::Replaced {
    let ouch::Accepted {
        time_ns, user_ref, side, quantity, symbol, price_e4, time_in_force, display, order_ref, capacity, sweep, cross_type, state,
        client_order_id, options,
    } = accepted(time_ns, order);
    ouch::Replaced {
        time_ns, original_ref, user_ref, side, quantity, symbol, price_e4, time_in_force, display, order_ref, capacity, sweep,
        cross_type, state, client_order_id, options,
    }
}
