//! Wire formats as this model reads them: Ethernet, IPv4, UDP, MoldUDP64 1.00 and TotalView-ITCH 5.0.
//!
//! Typed from the exchange's documents and not taken from the contract's tables, so that one wrong
//! table cannot make gateware and model agree. All fields are big-endian.
use riposte_map::counter::Counter;

/// Reads `N` bytes at `at` as an unsigned number. Panics beyond the end.
fn number<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("a slice of N bytes")
}

pub fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes(number(bytes, at))
}

pub fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(number(bytes, at))
}

pub fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_be_bytes(number(bytes, at))
}

/// Length of an ITCH 5.0 message by type (specification of 19 February 2026, section 1); `None` for a
/// type that it does not have.
pub fn itch_length(code: u8) -> Option<usize> {
    Some(match code {
        b'S' | b'W' => 12,
        b'D' | b'B' => 19,
        b'Y' | b'N' => 20,
        b'h' => 21,
        b'X' => 23,
        b'H' => 25,
        b'L' => 26,
        b'K' => 28,
        b'E' => 31,
        b'U' | b'J' | b'V' => 35,
        b'A' | b'C' => 36,
        b'R' => 39,
        b'F' | b'Q' => 40,
        b'P' => 44,
        b'O' => 48,
        b'I' => 50,
        _ => return None,
    })
}

/// Counter of a message type that ITCH 5.0 has.
pub fn itch_counter(code: u8) -> Counter {
    match code {
        b'S' => Counter::MessagesSystem,
        b'H' => Counter::MessagesAction,
        b'A' => Counter::MessagesAdd,
        b'F' => Counter::MessagesAddMpid,
        b'E' => Counter::MessagesExecuted,
        b'C' => Counter::MessagesExecutedPrice,
        b'X' => Counter::MessagesCancel,
        b'D' => Counter::MessagesDelete,
        b'U' => Counter::MessagesReplace,
        b'P' => Counter::MessagesTrade,
        _ => Counter::OtherTypes,
    }
}

/// Bytes after which nothing decides any more, by length alone: a trade (44) and an add with MPID (40)
/// end with their price at 36, an execution (31) with its shares at 23.
pub fn decisive_bytes(length: usize) -> usize {
    match length {
        44 | 40 => 36,
        31 => 23,
        _ => length,
    }
}

/// Offsets in the frame, without a VLAN tag.
pub mod ethernet {
    pub const ETHERTYPE: usize = 12;
    pub const IP: usize = 14;
    pub const IP_TOTAL: usize = 16;
    pub const IP_FRAGMENT: usize = 20;
    pub const IP_PROTOCOL: usize = 23;
    pub const IP_DESTINATION: usize = 30;
    pub const UDP_DESTINATION: usize = 36;
    pub const UDP_LENGTH: usize = 38;
    pub const SESSION: usize = 42;
    pub const SEQUENCE: usize = 52;
    pub const COUNT: usize = 60;
    pub const BLOCKS: usize = 62;
}

/// Offsets in an ITCH message.
pub mod itch {
    pub const LOCATE: usize = 1;
    pub const SYSTEM_EVENT: usize = 11;
    pub const REFERENCE: usize = 11;
    pub const ACTION_STATE: usize = 19;
    pub const ADD_SIDE: usize = 19;
    pub const ADD_SHARES: usize = 20;
    pub const ADD_PRICE: usize = 32;
    /// Of E, C and X.
    pub const TAKEN_SHARES: usize = 19;
    pub const PRINTABLE: usize = 31;
    pub const EXECUTED_PRICE: usize = 32;
    pub const NEW_REFERENCE: usize = 19;
    pub const NEW_SHARES: usize = 27;
    pub const NEW_PRICE: usize = 31;
    pub const TRADE_SHARES: usize = 20;
    pub const TRADE_PRICE: usize = 32;
}
