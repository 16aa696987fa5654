//! NASDAQ TotalView-ITCH 5.0 (revision of 19 February 2026): every message of the feed.
//!
//! Prices are 32 bits with four implied decimals (three of V: 64 bits with eight), shares whole, times
//! nanoseconds since midnight Eastern.
use super::{Message, message};

message!(system_event, b'S', "system event", 12, [
    TYPE "message type" 1, LOCATE "stock locate" 2, TRACKING "tracking number" 2,
    TIME_NS "timestamp" 6, EVENT "event code" 1,
]);
message!(stock_directory, b'R', "stock directory", 39, [
    TYPE "message type" 1, LOCATE "stock locate" 2, TRACKING "tracking number" 2,
    TIME_NS "timestamp" 6, STOCK "stock" 8, CATEGORY "market category" 1,
    STATUS "financial status" 1, ROUND_LOT "round lot size" 4, ROUND_LOTS_ONLY "round lots only" 1,
    CLASSIFICATION "issue classification" 1, SUB_TYPE "issue sub-type" 2,
    AUTHENTICITY "authenticity" 1, SHORT_SALE "short sale threshold" 1, IPO "IPO flag" 1,
    LULD_TIER "LULD tier" 1, ETP "ETP flag" 1, ETP_LEVERAGE "ETP leverage" 4, INVERSE "inverse" 1,
]);
message!(trading_action, b'H', "trading action", 25, [
    TYPE "message type" 1, LOCATE "stock locate" 2, TRACKING "tracking number" 2,
    TIME_NS "timestamp" 6, STOCK "stock" 8, STATE "trading state" 1, RESERVED "reserved" 1,
    CAUSE "reason" 4,
]);
message!(reg_sho, b'Y', "Reg SHO restriction", 20, [
    TYPE "message type" 1, LOCATE "stock locate" 2, TRACKING "tracking number" 2,
    TIME_NS "timestamp" 6, STOCK "stock" 8, ACTION "action" 1,
]);
message!(participant, b'L', "market participant position", 26, [
    TYPE "message type" 1, LOCATE "stock locate" 2, TRACKING "tracking number" 2,
    TIME_NS "timestamp" 6, MPID "MPID" 4, STOCK "stock" 8, PRIMARY "primary market maker" 1,
    MODE "market maker mode" 1, STATE "participant state" 1,
]);
message!(mwcb_decline, b'V', "MWCB decline level", 35, [
    TYPE "message type" 1, LOCATE "stock locate" 2, TRACKING "tracking number" 2,
    TIME_NS "timestamp" 6, LEVEL1 "level 1" 8, LEVEL2 "level 2" 8, LEVEL3 "level 3" 8,
]);
message!(mwcb_status, b'W', "MWCB status", 12, [
    TYPE "message type" 1, LOCATE "stock locate" 2, TRACKING "tracking number" 2,
    TIME_NS "timestamp" 6, LEVEL "breached level" 1,
]);
message!(ipo_quoting, b'K', "IPO quoting period", 28, [
    TYPE "message type" 1, LOCATE "stock locate" 2, TRACKING "tracking number" 2,
    TIME_NS "timestamp" 6, STOCK "stock" 8, RELEASE "release time" 4,
    QUALIFIER "release qualifier" 1, PRICE "IPO price" 4,
]);
message!(luld_collar, b'J', "LULD auction collar", 35, [
    TYPE "message type" 1, LOCATE "stock locate" 2, TRACKING "tracking number" 2,
    TIME_NS "timestamp" 6, STOCK "stock" 8, REFERENCE_PRICE "reference price" 4,
    UPPER "upper price" 4, LOWER "lower price" 4, EXTENSION "extension" 4,
]);
message!(operational_halt, b'h', "operational halt", 21, [
    TYPE "message type" 1, LOCATE "stock locate" 2, TRACKING "tracking number" 2,
    TIME_NS "timestamp" 6, STOCK "stock" 8, MARKET "market code" 1, ACTION "halt action" 1,
]);
message!(add, b'A', "add order", 36, [
    TYPE "message type" 1, LOCATE "stock locate" 2, TRACKING "tracking number" 2,
    TIME_NS "timestamp" 6, REFERENCE "order reference" 8, SIDE "side" 1, SHARES "shares" 4,
    STOCK "stock" 8, PRICE "price" 4,
]);
message!(add_mpid, b'F', "add order with MPID", 40, [
    TYPE "message type" 1, LOCATE "stock locate" 2, TRACKING "tracking number" 2,
    TIME_NS "timestamp" 6, REFERENCE "order reference" 8, SIDE "side" 1, SHARES "shares" 4,
    STOCK "stock" 8, PRICE "price" 4, MPID "attribution" 4,
]);
message!(executed, b'E', "order executed", 31, [
    TYPE "message type" 1, LOCATE "stock locate" 2, TRACKING "tracking number" 2,
    TIME_NS "timestamp" 6, REFERENCE "order reference" 8, SHARES "executed shares" 4,
    MATCH "match number" 8,
]);
message!(executed_price, b'C', "order executed with price", 36, [
    TYPE "message type" 1, LOCATE "stock locate" 2, TRACKING "tracking number" 2,
    TIME_NS "timestamp" 6, REFERENCE "order reference" 8, SHARES "executed shares" 4,
    MATCH "match number" 8, PRINTABLE "printable" 1, PRICE "execution price" 4,
]);
message!(cancel, b'X', "order cancel", 23, [
    TYPE "message type" 1, LOCATE "stock locate" 2, TRACKING "tracking number" 2,
    TIME_NS "timestamp" 6, REFERENCE "order reference" 8, SHARES "cancelled shares" 4,
]);
message!(delete, b'D', "order delete", 19, [
    TYPE "message type" 1, LOCATE "stock locate" 2, TRACKING "tracking number" 2,
    TIME_NS "timestamp" 6, REFERENCE "order reference" 8,
]);
message!(replace, b'U', "order replace", 35, [
    TYPE "message type" 1, LOCATE "stock locate" 2, TRACKING "tracking number" 2,
    TIME_NS "timestamp" 6, REFERENCE "original order reference" 8,
    NEW_REFERENCE "new order reference" 8, SHARES "shares" 4, PRICE "price" 4,
]);
message!(trade, b'P', "trade", 44, [
    TYPE "message type" 1, LOCATE "stock locate" 2, TRACKING "tracking number" 2,
    TIME_NS "timestamp" 6, REFERENCE "order reference" 8, SIDE "side" 1, SHARES "shares" 4,
    STOCK "stock" 8, PRICE "price" 4, MATCH "match number" 8,
]);
message!(cross_trade, b'Q', "cross trade", 40, [
    TYPE "message type" 1, LOCATE "stock locate" 2, TRACKING "tracking number" 2,
    TIME_NS "timestamp" 6, SHARES "shares" 8, STOCK "stock" 8, PRICE "cross price" 4,
    MATCH "match number" 8, CROSS_TYPE "cross type" 1,
]);
message!(broken_trade, b'B', "broken trade", 19, [
    TYPE "message type" 1, LOCATE "stock locate" 2, TRACKING "tracking number" 2,
    TIME_NS "timestamp" 6, MATCH "match number" 8,
]);
message!(noii, b'I', "net order imbalance", 50, [
    TYPE "message type" 1, LOCATE "stock locate" 2, TRACKING "tracking number" 2,
    TIME_NS "timestamp" 6, PAIRED "paired shares" 8, IMBALANCE "imbalance shares" 8,
    DIRECTION "imbalance direction" 1, STOCK "stock" 8, FAR "far price" 4, NEAR "near price" 4,
    REFERENCE_PRICE "current reference price" 4, CROSS_TYPE "cross type" 1,
    VARIATION "price variation" 1,
]);
message!(rpii, b'N', "retail price improvement", 20, [
    TYPE "message type" 1, LOCATE "stock locate" 2, TRACKING "tracking number" 2,
    TIME_NS "timestamp" 6, STOCK "stock" 8, INTEREST "interest flag" 1,
]);
message!(dlcr, b'O', "direct listing price discovery", 48, [
    TYPE "message type" 1, LOCATE "stock locate" 2, TRACKING "tracking number" 2,
    TIME_NS "timestamp" 6, STOCK "stock" 8, ELIGIBLE "open eligibility" 1,
    MINIMUM "minimum price" 4, MAXIMUM "maximum price" 4, NEAR "near execution price" 4,
    NEAR_TIME "near execution time" 8, LOWER "lower collar" 4, UPPER "upper collar" 4,
]);

/// All 23 types.
pub const MESSAGES: &[Message] = &[
    system_event::MESSAGE, stock_directory::MESSAGE, trading_action::MESSAGE, reg_sho::MESSAGE,
    participant::MESSAGE, mwcb_decline::MESSAGE, mwcb_status::MESSAGE, ipo_quoting::MESSAGE,
    luld_collar::MESSAGE, operational_halt::MESSAGE, add::MESSAGE, add_mpid::MESSAGE,
    executed::MESSAGE, executed_price::MESSAGE, cancel::MESSAGE, delete::MESSAGE,
    replace::MESSAGE, trade::MESSAGE, cross_trade::MESSAGE, broken_trade::MESSAGE,
    noii::MESSAGE, rpii::MESSAGE, dlcr::MESSAGE,
];

/// Index of a type in `MESSAGES`; `None` for a type that the specification does not have.
pub const fn index_of(code: u8) -> Option<usize> {
    let mut i = 0;
    while i < MESSAGES.len() {
        if MESSAGES[i].code == code {
            return Some(i);
        }
        i += 1;
    }
    None
}

pub const SIDE_BUY: u8 = b'B';
pub const SIDE_SELL: u8 = b'S';
pub const PRINTABLE: u8 = b'Y';
pub const STATE_TRADING: u8 = b'T';

/// Bytes of a message after which the card can decide: what follows (match number, attribution, halt
/// cause) decides nothing.
pub const fn decisive_bytes(length: usize) -> usize {
    if length == trade::LENGTH {
        trade::PRICE.end()
    } else if length == add_mpid::LENGTH {
        add_mpid::PRICE.end()
    } else if length == executed::LENGTH {
        executed::SHARES.end()
    } else {
        length
    }
}

// The walker knows only the length when it plans the decision: types that share a length share the cut.
const _: () = assert!(decisive_bytes(add::LENGTH) == add::PRICE.end());
const _: () = assert!(decisive_bytes(executed_price::LENGTH) == executed_price::PRICE.end());
const _: () = assert!(decisive_bytes(replace::LENGTH) == replace::PRICE.end());
const _: () = assert!(decisive_bytes(delete::LENGTH) == delete::REFERENCE.end());
const _: () = assert!(decisive_bytes(cancel::LENGTH) == cancel::SHARES.end());
