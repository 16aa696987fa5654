//! OUCH 5.0 (April/May 2023, Mass Cancel of the later revision): bytes to messages and back, both directions.
//!
//! In: one message as SoupBinTCP carries it. Out: `Inbound` (to the exchange) or `Outbound` (from it), or why the
//! bytes are none. Integers are big-endian; prices have four decimals; times are nanoseconds since midnight; text is
//! padded with spaces on the right.
//!
//! Why: the exchange has its own reading of the document, so that a wrong offset in the order that a card sends is
//! found here and not agreed upon. Holds: what decodes encodes to the same bytes; no input panics. Not here: what a
//! message means (`exchange`).

mod options;
mod wire;

pub use options::{Options, tag};
use thiserror::Error;
use wire::{Reader, Wire, messages};

/// Quantities are below this.
pub const QUANTITY_LIMIT: u32 = 1_000_000;
/// Prices at or above this (1e-4 dollars) mean a market order.
pub const MARKET_PRICE_E4: u64 = 2_000_000_000;

/// Why bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    #[error("a message without a byte")]
    Empty,
    #[error("unknown message type {:?}", char::from(*.0))]
    Unknown(u8),
    #[error("a message {:?} of {bytes} bytes where {least} are the least", char::from(*.code))]
    Short { code: u8, bytes: usize, least: usize },
    #[error("the appendage says {told} bytes and has {found}")]
    Appendage { told: usize, found: usize },
    #[error("an option of length {length} with {left} bytes left")]
    OptionLength { length: u8, left: usize },
    #[error("option {tag} with {bytes} bytes where it has {size}")]
    OptionSize { tag: u8, bytes: usize, size: usize },
}

messages! { Inbound:
    /// A new order.
    EnterOrder b'O' 47 appended {
        user_ref: u32, side: u8, quantity: u32, symbol: [u8; 8], price_e4: u64, time_in_force: u8, display: u8,
        capacity: u8, sweep: u8, cross_type: u8, client_order_id: [u8; 14],
    }
    /// A new price and total quantity (what is executed included) under a new number.
    ReplaceOrder b'U' 40 appended {
        original_ref: u32, user_ref: u32, quantity: u32, price_e4: u64, time_in_force: u8, display: u8, sweep: u8,
        client_order_id: [u8; 14],
    }
    /// Reduces the order to this total quantity; 0 cancels what is left of it.
    CancelOrder b'X' 9 bare { user_ref: u32, quantity: u32 }
    /// Another side (S to E or T, E to T) and a smaller total quantity, priority kept.
    ModifyOrder b'M' 10 bare { user_ref: u32, side: u8, quantity: u32 }
    /// Asks for the next UserRefNum.
    AccountQuery b'Q' 1 bare {}
    /// Cancels every order of the firm in a symbol, or in all if the symbol is blank.
    MassCancel b'C' 17 bare { user_ref: u32, firm: [u8; 4], symbol: [u8; 8] }
}

impl EnterOrder {
    /// Displayed, of the day, as principal, and nothing else.
    pub fn plain(user_ref: u32, side: u8, quantity: u32, symbol: [u8; 8], price_e4: u64) -> EnterOrder {
        EnterOrder {
            user_ref,
            side,
            quantity,
            symbol,
            price_e4,
            time_in_force: b'0',
            display: b'Y',
            capacity: b'P',
            sweep: b'N',
            cross_type: b'N',
            client_order_id: [b' '; 14],
            options: Options::default(),
        }
    }
}

messages! { Outbound:
    /// Start (S) or end (E) of the day.
    SystemEvent b'S' 10 bare { time_ns: u64, event: u8 }
    Accepted b'A' 64 appended {
        time_ns: u64, user_ref: u32, side: u8, quantity: u32, symbol: [u8; 8], price_e4: u64, time_in_force: u8,
        display: u8, order_ref: u64, capacity: u8, sweep: u8, cross_type: u8, state: u8, client_order_id: [u8; 14],
    }
    /// `quantity` is what is left to execute.
    Replaced b'U' 68 appended {
        time_ns: u64, original_ref: u32, user_ref: u32, side: u8, quantity: u32, symbol: [u8; 8], price_e4: u64,
        time_in_force: u8, display: u8, order_ref: u64, capacity: u8, sweep: u8, cross_type: u8, state: u8,
        client_order_id: [u8; 14],
    }
    /// `quantity` is what the order lost now.
    Canceled b'C' 18 bare { time_ns: u64, user_ref: u32, quantity: u32, reason: u8 }
    AiqCanceled b'D' 32 bare {
        time_ns: u64, user_ref: u32, quantity: u32, reason: u8, prevented: u32, price_e4: u64, liquidity: u8,
        strategy: u8,
    }
    Executed b'E' 36 appended {
        time_ns: u64, user_ref: u32, quantity: u32, price_e4: u64, liquidity: u8, match_number: u64,
    }
    BrokenTrade b'B' 36 bare {
        time_ns: u64, user_ref: u32, match_number: u64, reason: u8, client_order_id: [u8; 14],
    }
    Rejected b'J' 29 bare { time_ns: u64, user_ref: u32, reason: u16, client_order_id: [u8; 14] }
    CancelPending b'P' 13 bare { time_ns: u64, user_ref: u32 }
    CancelReject b'I' 13 bare { time_ns: u64, user_ref: u32 }
    PriorityUpdate b'T' 30 bare { time_ns: u64, user_ref: u32, price_e4: u64, display: u8, order_ref: u64 }
    /// `quantity` is what is left to execute.
    Modified b'M' 18 bare { time_ns: u64, user_ref: u32, side: u8, quantity: u32 }
    Restated b'R' 16 appended { time_ns: u64, user_ref: u32, reason: u8 }
    AccountQueryResponse b'Q' 13 bare { time_ns: u64, next_user_ref: u32 }
    MassCancelResponse b'X' 25 bare { time_ns: u64, user_ref: u32, firm: [u8; 4], symbol: [u8; 8] }
}

/// Reasons of `Rejected` (specification's appendix C) that this exchange gives.
pub mod reject {
    pub const DESTINATION_CLOSED: u16 = 0x0002;
    pub const INVALID_DISPLAY: u16 = 0x0003;
    pub const INVALID_SIDE: u16 = 0x0009;
    pub const PROCESSING_ERROR: u16 = 0x000a;
    pub const INVALID_MIN_QUANTITY: u16 = 0x000d;
    pub const OTHER: u16 = 0x000f;
    pub const PEGGING_NOT_ALLOWED: u16 = 0x0011;
    pub const INVALID_QUANTITY: u16 = 0x0013;
    pub const INVALID_CROSS_ORDER: u16 = 0x0014;
    pub const ROUTING_NOT_ALLOWED: u16 = 0x0016;
    pub const INVALID_SYMBOL: u16 = 0x0017;
    pub const INVALID_PRICE: u16 = 0x001d;
    pub const AGGREGATE_EXPOSURE: u16 = 0x0020;
}

/// Reasons of `Canceled` that this exchange gives.
pub mod canceled {
    pub const USER: u8 = b'U';
    pub const IMMEDIATE_OR_CANCEL: u8 = b'I';
    pub const TIMEOUT: u8 = b'T';
    pub const POST_ONLY: u8 = b'F';
    pub const HALTED: u8 = b'H';
    /// What is left of a market order when the other side is empty.
    pub const COLLAR: u8 = b'K';
}

/// Whether an order added liquidity to the book or removed it.
pub mod liquidity {
    pub const ADDED: u8 = b'A';
    pub const REMOVED: u8 = b'R';
}
