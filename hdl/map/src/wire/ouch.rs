//! OUCH 5.0 (April/May 2023, Mass Cancel of the later revision), inbound messages.
use super::{Message, message};

message!(enter_order, b'O', "enter order", 47, [
    TYPE "message type" 1, USER_REF "UserRefNum" 4, SIDE "side" 1, QUANTITY "quantity" 4, SYMBOL "symbol" 8,
    PRICE "price" 8, TIME_IN_FORCE "time in force" 1, DISPLAY "display" 1, CAPACITY "capacity" 1,
    INTERMARKET_SWEEP "intermarket sweep" 1, CROSS_TYPE "cross type" 1, CLIENT_ORDER_ID "ClOrdID" 14,
    APPENDAGE_LENGTH "appendage length" 2,
]);

// Options would follow; without any, nothing does.
message!(mass_cancel, b'C', "mass cancel", 17, [
    TYPE "message type" 1, USER_REF "UserRefNum" 4, FIRM "firm" 4, SYMBOL "symbol, blank: all" 8,
]);

pub const MESSAGES: &[Message] = &[enter_order::MESSAGE, mass_cancel::MESSAGE];
/// Quantities are below this.
pub const QUANTITY_LIMIT: u32 = 1_000_000;
/// Prices at or above this (1e-4 dollars) mean a market order.
pub const MARKET_PRICE_E4: u32 = 2_000_000_000;
/// Option tag of the Firm appendage, four bytes.
pub const OPTION_FIRM: u8 = 2;
