//! What flows between blocks: streams as interfaces, records as structs.
//!
//! Inside the card the first byte on the wire is in the top lane of a word, so that every big-endian
//! field is a plain slice. Sizes come from `riposte_map`; `tests` below pin the ones typed here.
use riposte_map::{limits, shm};
use rust_hdl::prelude::*;

/// Eight bytes of a frame a cycle. `bytes` counts the valid ones of the last word (1-8), 8 before it;
/// `bad` is the FCS verdict, with the last word.
#[derive(LogicInterface, Clone, Debug, Default)]
#[join = "WordSource"]
pub struct WordSink {
    pub data: Signal<In, Bits<64>>,
    pub bytes: Signal<In, Bits<4>>,
    pub last: Signal<In, bool>,
    pub bad: Signal<In, bool>,
    pub valid: Signal<In, bool>,
}

#[derive(LogicInterface, Clone, Debug, Default)]
#[join = "WordSink"]
pub struct WordSource {
    pub data: Signal<Out, Bits<64>>,
    pub bytes: Signal<Out, Bits<4>>,
    pub last: Signal<Out, bool>,
    pub bad: Signal<Out, bool>,
    pub valid: Signal<Out, bool>,
}

/// A decoded ITCH message that concerns a watched instrument. `mark` is byte 19: side, or trading state.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct Message {
    pub code: Bits<8>,
    /// As in `types::class`.
    pub kind: Bits<4>,
    /// It needs no look-up.
    pub light: bool,
    /// It may go straight to its commit: it is light, or an add.
    pub straight: bool,
    /// Number of the message among those in flight.
    pub tag: Bits<4>,
    pub instrument: Bits<4>,
    pub bank: bool,
    pub mark: Bits<8>,
    pub printable: bool,
    pub reference: Bits<64>,
    pub new_reference: Bits<64>,
    pub shares: Bits<32>,
    pub price: Bits<32>,
    // Of `reference`, in either bank of the order table.
    pub bucket0: Bits<9>,
    pub bucket1: Bits<9>,
}

/// How far a restoration is: the books are being emptied; they take rows; the last row is too near for another one, or for
/// the end.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct Stage {
    pub clearing: bool,
    pub open: bool,
    pub row_is_early: bool,
    pub resume_is_early: bool,
}

/// One row of a book that is being restored: an order, or the instrument's trading state. `mark` is its side, or the state.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct BookRow {
    pub instrument: Bits<4>,
    pub reference: Bits<64>,
    pub shares: Bits<32>,
    pub price: Bits<32>,
    pub mark: Bits<8>,
    pub removes: bool,
    pub is_state: bool,
}

/// An order of the host on its way to its decision; what it is for stands in its template.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct HostOrder {
    pub instrument: Bits<4>,
    pub bank: bool,
    pub generation: Bits<32>,
    /// Its command's.
    pub sequence: Bits<64>,
}

/// Where the packets of line A and of line B are sent to, and for how many cycles a packet may wait for one that comes before it;
/// whether there is a line B (not if its are all 0) and such a window. `silence`: cycles without a packet behind which the feed is
/// silent, and whether it can be.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct Feed {
    pub group: Bits<32>,
    pub port: Bits<16>,
    pub group_b: Bits<32>,
    pub port_b: Bits<16>,
    pub window: Bits<32>,
    pub has_b: bool,
    pub has_window: bool,
    pub silence: Bits<32>,
    pub has_silence: bool,
}

/// A packet in a line's store. `reach` is the number behind its last message, `deadline` the cycle until which it may wait;
/// `other`: it is of another session than the one known.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct LinePacket {
    pub words: Bits<8>,
    pub bytes: Bits<4>,
    pub sequence: Bits<64>,
    pub reach: Bits<64>,
    pub time: Bits<64>,
    pub deadline: Bits<32>,
    pub other: bool,
}

/// What an event tells about the message behind it; follows the message by its tag.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct Context {
    pub code: Bits<8>,
    pub instrument: Bits<4>,
    pub bank: bool,
    pub generation: Bits<32>,
    pub time: Bits<64>,
    pub sequence: Bits<64>,
    /// Low bits of the cycle that showed the decisive byte.
    pub stamp: Bits<16>,
}

/// One step on a book. A replace is two.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct Operation {
    /// Number of the operation; its upper bits are the message's.
    pub tag: Bits<5>,
    pub instrument: Bits<4>,
    pub bank: bool,
    pub add: bool,
    pub remove: bool,
    /// Removes all that is open.
    pub whole: bool,
    /// Second half of a replace: takes side and success from the first.
    pub second: bool,
    /// Last operation of its message: the verdict evaluates it. One that is not and is light is an order of the host.
    pub evaluated: bool,
    /// It needs no look-up: no place in a table.
    pub light: bool,
    /// An add that goes straight to its commit too.
    pub early: bool,
    /// Trading action: byte 19 is the new state.
    pub action: bool,
    /// A print; `own_price`: at the message's price, else at the order's.
    pub trade: bool,
    pub own_price: bool,
    pub mark: Bits<8>,
    pub reference: Bits<64>,
    pub shares: Bits<32>,
    pub price: Bits<32>,
}

/// An operation after its order was looked up.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct Resolved {
    pub tag: Bits<5>,
    pub instrument: Bits<4>,
    pub bank: bool,
    /// 0 if it may act on the book.
    pub reason: Bits<8>,
    pub add: bool,
    pub remove: bool,
    /// It has a place in the tables.
    pub looked_up: bool,
    /// It went to its commit before it was looked up.
    pub early: bool,
    pub evaluated: bool,
    pub action: bool,
    pub trade: bool,
    pub mark: Bits<8>,
    pub sell: bool,
    /// Price of the level it acts on.
    pub level_price: Bits<32>,
    /// Price that the events show: the trade's, else the level's.
    pub price: Bits<32>,
    pub shares: Bits<32>,
}

/// A price level as the tournament sees it: the greater `key` is the better price on either side (asks
/// are complemented). Not `used`: no level.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct Slot {
    pub used: bool,
    pub key: Bits<32>,
    pub quantity: Bits<32>,
}

/// One side of the top of a book; quantity 0 is an empty side.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct Top {
    pub price: Bits<32>,
    pub quantity: Bits<32>,
}

/// An operation that has been committed to the top of its book.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct Committed {
    pub tag: Bits<5>,
    pub instrument: Bits<4>,
    pub bank: bool,
    pub reason: Bits<8>,
    /// It has a place in the tables.
    pub looked_up: bool,
    /// Its reason is what the order table says of its tag.
    pub early: bool,
    pub evaluated: bool,
    pub action: bool,
    pub trading: bool,
    pub trade: bool,
    pub price: Bits<32>,
    pub shares: Bits<32>,
}

/// A term of a rule, as `rule` compares it: one of the bits from `bid_price` on says what. The threshold of "at most" is a
/// complement. One of no known condition has none of them; one that is not there has a threshold of 0 too.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct Term {
    pub threshold: Bits<32>,
    pub is_there: bool,
    pub at_most: bool,
    pub bid_price: bool,
    pub ask_price: bool,
    pub trade_price: bool,
    pub bid_size: bool,
    pub ask_size: bool,
    pub trade_size: bool,
    pub spread: bool,
    pub rate: bool,
    pub rise: bool,
    pub fall: bool,
}

/// One term of each of the four rules of an instrument.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct TermRow {
    pub rule0: Term,
    pub rule1: Term,
    pub rule2: Term,
    pub rule3: Term,
}

/// What a term may compare: prices and sizes of both tops and of the print, the spread, and the metrics over time.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct Metrics {
    pub bid_price: Bits<32>,
    pub ask_price: Bits<32>,
    pub trade_price: Bits<32>,
    pub bid_size: Bits<32>,
    pub ask_size: Bits<32>,
    pub trade_size: Bits<32>,
    pub spread: Bits<32>,
    pub rate: Bits<32>,
    pub rise: Bits<32>,
    pub fall: Bits<32>,
}

/// Which of them are there, a cycle later. There is a spread if both sides are there and the ask is not below the bid.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct Presence {
    pub has_bid: bool,
    pub has_ask: bool,
    pub has_spread: bool,
    pub has_trade: bool,
    pub has_rate: bool,
    pub has_rise: bool,
    pub has_fall: bool,
}

/// How long an instrument's metrics over time look back: cycles less three, of a window that is there and that is not over
/// before the next operation can come.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct Window {
    pub is_there: bool,
    pub is_brief: bool,
    pub cycles: Bits<32>,
}

/// A price of the top of book, if that side is there.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct Quote {
    pub is_there: bool,
    pub price: Bits<32>,
}

/// Limits of an instrument, as the gate reads them.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct Limits {
    pub enabled: bool,
    pub may_buy: bool,
    pub may_sell: bool,
    pub may_short: bool,
    pub quantity_max: Bits<32>,
    pub collar_low: Bits<32>,
    pub collar_high: Bits<32>,
    /// Of the live collar; whether there is one, and whether it lets everything pass.
    pub reach: Bits<32>,
    pub has_reach: bool,
    pub is_open: bool,
    pub value_max: Bits<64>,
    pub may_cancel: bool,
}

/// Smallest steps of an instrument's price and quantity.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct Units {
    pub tick: Bits<32>,
    pub lot: Bits<32>,
}

/// What a command says of them: they themselves of an instrument, how many of a template.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct Counting {
    pub tick: Bits<32>,
    pub lot: Bits<32>,
    pub ticks: Bits<32>,
    pub lots: Bits<32>,
}

/// Of an instrument's limits, what the live collar needs.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct Reach {
    pub reach: Bits<32>,
    pub has_reach: bool,
    pub is_open: bool,
}

/// The live collar around a decision's tops: ask and bid with the reach, and whether they are there; or it lets
/// everything pass.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct Collar {
    pub dearest: Bits<33>,
    pub cheapest: Bits<33>,
    pub has_dearest: bool,
    pub has_cheapest: bool,
    pub is_open: bool,
}

/// What is left of an instrument's leases and of the card's credit; with its top bit set it is below none.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct Left {
    pub buys: Bits<32>,
    pub sells: Bits<32>,
    pub value: Bits<64>,
}

/// The nearest orders of ours, of either side: the price of the cheapest sell, and the complement of the dearest buy's. None is
/// all ones. An order that buys would trade with them if its price is not below `sells`, another one if its complement is not
/// below `buys`.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct Own {
    pub sells: Bits<32>,
    pub buys: Bits<32>,
}

/// The same as it was told or sent, with how many orders of the card are in it.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct OwnRow {
    pub sells: Bits<32>,
    pub buys: Bits<32>,
    pub orders: Bits<32>,
}

/// What the host grants or tells of its orders, and which of it in this cycle.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct Grant {
    pub is_lease: bool,
    pub is_credit: bool,
    pub is_repeat: bool,
    /// Prices in `buys` and `sells`, orders in `open`.
    pub is_resting: bool,
    pub instrument: Bits<4>,
    pub rule: Bits<2>,
    pub buys: Bits<32>,
    pub sells: Bits<32>,
    pub value: Bits<64>,
    pub open: Bits<32>,
    pub unacknowledged: Bits<32>,
    pub orders: Bits<32>,
}

/// The gate's parameters for the whole card.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct Throttle {
    /// Cycles for one order; whether there are any, and just one.
    pub interval: Bits<32>,
    pub runs: bool,
    pub runs_always: bool,
    /// Orders that may be saved up.
    pub burst: Bits<16>,
    /// Greatest age of a decision, in cycles.
    pub age_max: Bits<16>,
    /// Of what is saved up, how many are for mass cancels alone.
    pub kept: Bits<16>,
}

/// Of a template, what an order of the host brings along.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct Terms {
    pub quantity: Bits<32>,
    pub price: Bits<32>,
    pub side: Bits<8>,
}

/// Of a template, what belongs to its image.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct Shape {
    pub words: Bits<5>,
    pub last_bytes: Bits<4>,
    pub payload_bytes: Bits<8>,
    pub checksum: Bits<16>,
    pub cooldown: Bits<48>,
    /// Cycles behind the commit for which it may be sent.
    pub lifetime: Bits<48>,
    /// It is a mass cancel.
    pub cancels: bool,
    /// What of it does not trade at once never rests.
    pub immediate: bool,
}

/// What the gate checks and the transmitter patches into an order's image.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct Template {
    pub quantity: Bits<32>,
    pub price: Bits<32>,
    pub side: Bits<8>,
    pub words: Bits<5>,
    pub last_bytes: Bits<4>,
    pub payload_bytes: Bits<8>,
    pub checksum: Bits<16>,
    pub cooldown: Bits<48>,
    /// Cycles behind the commit for which it may be sent.
    pub lifetime: Bits<48>,
    /// It is a mass cancel.
    pub cancels: bool,
    /// What of it does not trade at once never rests.
    pub immediate: bool,
}

/// Rules that fired at one verdict, with all that their orders' events tell.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct Decision {
    pub mask: Bits<4>,
    pub instrument: Bits<4>,
    pub bank: bool,
    pub generation: Bits<32>,
    pub time: Bits<64>,
    pub sequence: Bits<64>,
    pub stamp: Bits<16>,
    pub bid_price: Bits<32>,
    pub bid_quantity: Bits<32>,
    pub ask_price: Bits<32>,
    pub ask_quantity: Bits<32>,
    /// The lowest rule of `mask`.
    pub first: Bits<2>,
    /// No rule fired: it is an order of the host.
    pub is_host: bool,
}

/// An event before it is numbered; the fields of `riposte_map::shm::Event`.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct Note {
    pub kind: Bits<8>,
    pub reason: Bits<8>,
    pub instrument: Bits<8>,
    pub rule: Bits<8>,
    pub generation: Bits<32>,
    pub time: Bits<64>,
    pub feed_sequence: Bits<64>,
    pub bid: Bits<64>,
    pub ask: Bits<64>,
    pub price: Bits<32>,
    pub quantity: Bits<32>,
    pub user_ref: Bits<32>,
    pub cycles: Bits<16>,
    pub detail: Bits<16>,
}

// Widths that are typed above, because a derive cannot take them from the contract.
const _: () = {
    assert!(shm::bits::RECORD_BITS == 512);
    assert!(limits::INSTRUMENT_BITS == 4 && limits::RULES == 4 && 1 << 4 == limits::LEVEL_WAYS);
    assert!(limits::IMAGE_WORDS < 1 << 5);
    // A tag names one operation in flight.
    assert!(limits::OPERATION_QUEUE + limits::COMMIT_QUEUE <= 1 << 4);
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_the_contract() {
        assert_eq!(Note::BITS, 512 - 64, "an event without its sequence word");
    }
}
