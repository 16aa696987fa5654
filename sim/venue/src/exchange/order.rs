//! A live order of the client.

use super::Key;
use crate::{
    ouch::{EnterOrder, Options},
    queue::Side,
};

#[derive(Clone, Debug)]
pub(super) struct Order {
    pub account: usize,
    pub user_ref: u32,
    pub instrument: usize,
    pub symbol: [u8; 8],
    /// B, S, T or E.
    pub side_code: u8,
    pub price_e4: u64,
    /// Open shares, and shares that were executed under this number and those that it replaced.
    pub left: u32,
    pub executed: u32,
    /// In the market.
    pub reference: u64,
    /// Nanoseconds since midnight; orders without such a time last to the close.
    pub expires_ns: u64,
    pub time_in_force: u8,
    pub display: u8,
    pub capacity: u8,
    pub sweep: u8,
    pub cross_type: u8,
    pub client_order_id: [u8; 14],
    pub options: Options,
}

impl Order {
    /// The order that a valid message enters.
    pub fn new(account: usize, enter: &EnterOrder, instrument: usize, reference: u64, expires_ns: u64) -> Order {
        Order {
            account,
            user_ref: enter.user_ref,
            instrument,
            symbol: enter.symbol,
            side_code: enter.side,
            price_e4: enter.price_e4,
            left: enter.quantity,
            executed: 0,
            reference,
            expires_ns,
            time_in_force: enter.time_in_force,
            display: enter.display,
            capacity: enter.capacity,
            sweep: enter.sweep,
            cross_type: enter.cross_type,
            client_order_id: enter.client_order_id,
            options: enter.options.clone(),
        }
    }

    pub fn key(&self) -> Key {
        (self.account, self.user_ref)
    }

    pub fn side(&self) -> Side {
        if self.side_code == b'B' { Side::Buy } else { Side::Sell }
    }
}
