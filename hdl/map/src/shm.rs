//! Records of 64 bytes that cross the boundary: events from the card, commands to it.
//!
//! Little-endian, one cache line, no padding. The first word is the record's own sequence number, so
//! that a ring of them needs no head index. Prices are the venue's integers (NASDAQ: 1e-4 dollars),
//! times are nanoseconds since midnight of the feed's day.
use crate::{limits::HOST_RULE, reason::Reason, wire::ouch::mass_cancel};
use core::mem::{offset_of, size_of};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// `instrument` or `rule` of an event that concerns none.
pub const NONE: u8 = 0xff;
/// In place of a template's side: it is a mass cancel, OUCH's type of it.
pub const MASS_CANCEL: u8 = mass_cancel::CODE;

/// What an event tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum EventKind {
    /// Top of book after a message (only while tracing is on).
    Book = 1,
    /// The first word of an order, or of a mass cancel, is on the transmit stream; of the host's, `feed_sequence` is its command's and `time_ns` 0.
    OrderSent = 2,
    /// The gate, or a full queue, refused one.
    OrderRefused = 3,
    /// One instrument's book became invalid.
    Invalid = 4,
    /// The channel: a gap, an end of session, a bad frame…
    Channel = 5,
    /// A command was carried out or refused.
    Command = 6,
    /// An ITCH system event; `detail` is its code.
    System = 7,
    /// Rules without an order fired; stands in place of the message's Book event, and comes without tracing too.
    Notice = 8,
}

impl EventKind {
    pub const fn from_code(code: u8) -> Option<EventKind> {
        Some(match code {
            1 => EventKind::Book,
            2 => EventKind::OrderSent,
            3 => EventKind::OrderRefused,
            4 => EventKind::Invalid,
            5 => EventKind::Channel,
            6 => EventKind::Command,
            7 => EventKind::System,
            8 => EventKind::Notice,
            _ => return None,
        })
    }
}

/// One side of the top of a book; a quantity of 0 is an empty side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Level {
    pub price_e4: u32,
    pub quantity: u32,
}

/// One event.
///
/// | kind | `bid`, `ask` | `price_e4`, `quantity` | `user_ref` | `cycles` | `detail` |
/// |---|---|---|---|---|---|
/// | Book | top after the message | of the message: order or trade | 0 | 0 | message type |
/// | OrderSent, OrderRefused | top at the decision | of the order | UserRefNum, 0 if refused | tick-to-trade, or to the refusal | side, or [`MASS_CANCEL`] |
/// | OrderRefused, QueueFull | top at the decision | 0 | 0 | 0 | mask of the rules that fired |
/// | Invalid | 0 | 0 | 0 | 0 | message type |
/// | Channel | expected, then received sequence number, as 64-bit words | 0 | 0 | 0 | 0 |
/// | Command | 0 | 0 | 0 | 0 | opcode |
/// | System | 0 | 0 | 0 | 0 | event code |
/// | Notice | top after the message | of the message: order or trade | 0 | 0 | message type in 7:0, mask of the rules in 11:8, of those that halt in 15:12 |
///
/// `feed_sequence` is the MoldUDP64 sequence number of the message, for Command the command's own
/// sequence number, for Channel 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Event {
    pub sequence: u64,
    pub kind: u8,
    pub reason: u8,
    pub instrument: u8,
    pub rule: u8,
    pub generation: u32,
    pub time_ns: u64,
    pub feed_sequence: u64,
    pub bid: Level,
    pub ask: Level,
    pub price_e4: u32,
    pub quantity: u32,
    pub user_ref: u32,
    pub cycles: u16,
    pub detail: u16,
}

/// What a command asks for. Writes go to the shadow bank; `Commit` makes it the one in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Opcode {
    /// `args[0]`: line A's group address in bits 31:0, UDP port in 47:32; `args[1]`: line B's, 0: there is none; `args[2]`: cycles
    /// for which a packet may wait for one before it in 31:0; `args[3]`: cycles without a packet behind which the feed is silent in
    /// 31:0, 0: it never is, and no order leaves.
    WriteFeed = 1,
    /// `args[0]`: locate in 15:0, enabled in 16, buying permitted in 17, selling in 18, selling short in 19, mass cancels in 20;
    /// `args[1]`: maximum quantity in 31:0, lower collar price in 63:32; `args[2]`: upper collar price in 31:0, reach of the live
    /// collar in 63:32; `args[3]`: maximum value, price times quantity; `args[4]`: window of its metrics over time, cycles, in 31:0,
    /// 0: it has none; `args[5]`: tick size in 31:0, lot in 63:32. Unsets what its templates say of these, so it comes before them.
    WriteInstrument = 2,
    /// Term `index` of each rule of an instrument; `args[0]`: condition of rule r in byte r; `args[1]`, `args[2]`: four 32-bit
    /// thresholds; `args[3]`, with term 0: action of rule r in byte r, as in [`Action`].
    WriteRules = 3,
    /// `args[0]`: quantity in 31:0, price in 63:32; `args[1]`: side (ASCII), or [`MASS_CANCEL`], in 7:0, image words in
    /// 12:8, bytes of the last word in 19:16, payload bytes in 31:24, partial checksum in 47:32; `args[2]`: cool-down in
    /// cycles in 47:0; `args[3]`: cycles behind the commit of its set for which it may be sent in 47:0; `args[4]`: the price in ticks
    /// in 31:0, the quantity in lots in 63:32.
    WriteTemplate = 4,
    /// One word of a template's image; `index` is the word, `args[0]` its eight bytes.
    WriteImage = 5,
    /// `value`: the new generation.
    Commit = 6,
    Arm = 7,
    Disarm = 8,
    Kill = 9,
    ClearKill = 10,
    /// `args[0]`: mask of the instruments whose book is right as it stands (untouched since it was empty).
    Validate = 11,
    /// `args[0]`: mask of the instruments to declare invalid.
    Invalidate = 12,
    /// `args[0]`: next TCP sequence number in 31:0, acknowledgement in 63:32; `args[1]`: next
    /// UserRefNum in 31:0.
    Session = 13,
    /// `value`: 1 turns Book events on, 0 off.
    Trace = 14,
    /// `args[0]`: cycles for one order of the throttle in 31:0, orders that may be saved up in 47:32, greatest age of a
    /// decision in cycles in 63:48; `args[1]`: of what is saved up, how many are kept for mass cancels in 15:0. A write, for the
    /// whole card.
    WriteGate = 15,
    /// Quantities that one instrument may have sent since reset: `args[0]`: of buys in 31:0, of sells in 63:32.
    Lease = 16,
    /// What the card may have sent since reset: `args[0]`: value; `args[1]`: orders as far as the open ones bound them in
    /// 31:0, as far as the unacknowledged ones do in 63:32.
    Credit = 17,
    /// `value`: orders that one rule may have sent since reset.
    Repeat = 18,
    /// `args[0]`: cycles for which the host vouches in 47:0. Makes no event.
    Heartbeat = 19,
    /// Fences, from now on: `args[0]`: instruments, a bit each, in 15:0, their buys alone in 31:16, what is no buy alone in 47:32;
    /// `args[1]`: rules, bit `RULES` * instrument + rule. What is fenced already stays so.
    Fence = 20,
    /// Ends what [`Opcode::Fence`] says of the same bits, and of no others.
    Lift = 21,
    /// Empties every book, to be restored with rows; the feed's messages are dropped meanwhile.
    Clear = 22,
    /// One row of a book that is being restored; `index`: what it is, see [`Row`]. `args[0]`: order reference; `args[1]`: shares in
    /// 31:0, price in 63:32; `args[2]`: side, or trading state (ASCII) in 7:0. Makes no event when it is carried out.
    Row = 23,
    /// `args[0]`: mask of the instruments whose restored book is right; `args[1]`: the sequence number of the feed's next message,
    /// which is the first that the books take again.
    Resume = 24,
    /// Sends an order of the host through the gate, on the template of [`HOST_RULE`](crate::limits::HOST_RULE) in force, of which
    /// it overwrites: `args[0]`: quantity in 31:0, price in 63:32; `args[1]`: side (ASCII) in 7:0; `args[4]` as in
    /// [`Opcode::WriteTemplate`].
    Order = 25,
    /// Prices at which orders of ours rest in an instrument: `args[0]`: of the dearest buy in 31:0, 0 if there is none, of the
    /// cheapest sell in 63:32, all ones if there is none; `args[1]`: how many orders of the card, counted since reset, are in it
    /// as far as they rest, in 31:0.
    Resting = 26,
}

impl Opcode {
    pub const ALL: [Opcode; 26] = [
        Opcode::WriteFeed, Opcode::WriteInstrument, Opcode::WriteRules, Opcode::WriteTemplate,
        Opcode::WriteImage, Opcode::Commit, Opcode::Arm, Opcode::Disarm, Opcode::Kill,
        Opcode::ClearKill, Opcode::Validate, Opcode::Invalidate, Opcode::Session, Opcode::Trace,
        Opcode::WriteGate, Opcode::Lease, Opcode::Credit, Opcode::Repeat, Opcode::Heartbeat, Opcode::Fence, Opcode::Lift,
        Opcode::Clear, Opcode::Row, Opcode::Resume, Opcode::Order, Opcode::Resting,
    ];

    pub const fn from_code(code: u8) -> Option<Opcode> {
        if code >= 1 && code as usize <= Self::ALL.len() { Some(Self::ALL[code as usize - 1]) } else { None }
    }

    /// It fills the shadow bank.
    pub const fn is_write(self) -> bool {
        self as u8 <= Opcode::WriteImage as u8 || self as u8 == Opcode::WriteGate as u8
    }

    /// It makes a Command event when it is carried out.
    pub const fn is_told(self) -> bool {
        !self.is_write() && self as u8 != Opcode::Heartbeat as u8 && self as u8 != Opcode::Row as u8
    }
}

/// What a row of a restoration does to its instrument's book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Row {
    /// Adds an order.
    Add = 0,
    /// Removes all of an order.
    Remove = 1,
    /// Sets the trading state.
    State = 2,
}

/// One command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Command {
    pub sequence: u64,
    pub opcode: u8,
    pub instrument: u8,
    pub rule: u8,
    pub index: u8,
    pub value: u32,
    pub args: [u64; 6],
}

/// What a rule does when it fires.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Action {
    /// Asks the gate for what its template is: an order, or a mass cancel.
    #[default]
    Order = 0,
    /// Tells of it, as every code does that is not listed here.
    Notify = 1,
    /// Tells of it, and fences the instrument.
    Halt = 2,
}

/// Condition of a term of a rule: which metric, compared which way with the term's threshold.
///
/// A condition on the book holds only while the sides it needs are present. A rule holds if it has a first term and all
/// that it has hold. With a term on trades it fires on every print that meets it, else when it begins to hold. Prices are the
/// venue's integers, sizes are shares: of the top's level, or of the print. Metrics over time are those of the instrument's
/// window: its messages, and how far the bid has risen and the ask has fallen. Codes have holes, so that their bits say what
/// is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Condition {
    Off = 0,
    BidAtLeast = 1,
    BidAtMost = 2,
    AskAtLeast = 3,
    AskAtMost = 4,
    SpreadAtLeast = 5,
    SpreadAtMost = 6,
    TradeAtLeast = 7,
    TradeAtMost = 8,
    /// Never holds. First term in the place of [`HOST_RULE`](crate::limits::HOST_RULE): it is for orders of the host.
    Host = 9,
    BidSizeAtLeast = 17,
    BidSizeAtMost = 18,
    AskSizeAtLeast = 19,
    AskSizeAtMost = 20,
    TradeSizeAtLeast = 23,
    TradeSizeAtMost = 24,
    RateAtLeast = 25,
    RateAtMost = 26,
    RiseAtLeast = 27,
    RiseAtMost = 28,
    FallAtLeast = 29,
    FallAtMost = 30,
}

impl Condition {
    /// All that may hold.
    pub const ALL: [Condition; 20] = [
        Condition::BidAtLeast, Condition::BidAtMost, Condition::AskAtLeast, Condition::AskAtMost,
        Condition::SpreadAtLeast, Condition::SpreadAtMost, Condition::TradeAtLeast, Condition::TradeAtMost,
        Condition::BidSizeAtLeast, Condition::BidSizeAtMost, Condition::AskSizeAtLeast, Condition::AskSizeAtMost,
        Condition::TradeSizeAtLeast, Condition::TradeSizeAtMost, Condition::RateAtLeast, Condition::RateAtMost,
        Condition::RiseAtLeast, Condition::RiseAtMost, Condition::FallAtLeast, Condition::FallAtMost,
    ];

    /// The one that may hold with this number.
    pub fn from_code(code: u8) -> Option<Condition> {
        Condition::ALL.into_iter().find(|condition| *condition as u8 == code)
    }

    /// Its metric is a number of shares.
    pub const fn is_size(self) -> bool {
        self as u8 >= Condition::BidSizeAtLeast as u8 && self as u8 <= Condition::TradeSizeAtMost as u8
    }

    /// Its metric is a number of messages.
    pub const fn is_rate(self) -> bool {
        matches!(self, Condition::RateAtLeast | Condition::RateAtMost)
    }

    /// Its metric is one over time, and there only in an instrument that has a window.
    pub const fn is_over_time(self) -> bool {
        self as u8 >= Condition::RateAtLeast as u8 && self as u8 <= Condition::FallAtMost as u8
    }

    /// Its metric is a price, and no difference of prices.
    pub const fn is_price(self) -> bool {
        let is_spread = matches!(self, Condition::SpreadAtLeast | Condition::SpreadAtMost);
        self as u8 != Condition::Off as u8 && (self as u8) < Condition::Host as u8 && !is_spread
    }

    /// Its metric is of a print.
    pub const fn is_trade(self) -> bool {
        let is_size = matches!(self, Condition::TradeSizeAtLeast | Condition::TradeSizeAtMost);
        is_size || matches!(self, Condition::TradeAtLeast | Condition::TradeAtMost)
    }
}

/// Bit offsets of the fields inside a record, for the gateware.
pub mod bits {
    /// A field of a 512-bit record: `lsb` and width, both in bits.
    #[derive(Clone, Copy, Debug)]
    pub struct Field {
        pub lsb: u64,
        pub width: usize,
    }
    const fn field(offset: usize, bytes: usize) -> Field {
        Field { lsb: offset as u64 * 8, width: bytes * 8 }
    }
    pub const RECORD_BITS: usize = 512;
    pub mod event {
        use super::{Field, field};
        use crate::shm::Event;
        use core::mem::offset_of;
        pub const SEQUENCE: Field = field(offset_of!(Event, sequence), 8);
        pub const KIND: Field = field(offset_of!(Event, kind), 1);
        pub const REASON: Field = field(offset_of!(Event, reason), 1);
        pub const INSTRUMENT: Field = field(offset_of!(Event, instrument), 1);
        pub const RULE: Field = field(offset_of!(Event, rule), 1);
        pub const GENERATION: Field = field(offset_of!(Event, generation), 4);
        pub const TIME_NS: Field = field(offset_of!(Event, time_ns), 8);
        pub const FEED_SEQUENCE: Field = field(offset_of!(Event, feed_sequence), 8);
        pub const BID: Field = field(offset_of!(Event, bid), 8);
        pub const ASK: Field = field(offset_of!(Event, ask), 8);
        pub const PRICE: Field = field(offset_of!(Event, price_e4), 4);
        pub const QUANTITY: Field = field(offset_of!(Event, quantity), 4);
        pub const USER_REF: Field = field(offset_of!(Event, user_ref), 4);
        pub const CYCLES: Field = field(offset_of!(Event, cycles), 2);
        pub const DETAIL: Field = field(offset_of!(Event, detail), 2);
    }
    pub mod command {
        use super::{Field, field};
        use crate::shm::Command;
        use core::mem::offset_of;
        pub const SEQUENCE: Field = field(offset_of!(Command, sequence), 8);
        pub const OPCODE: Field = field(offset_of!(Command, opcode), 1);
        pub const INSTRUMENT: Field = field(offset_of!(Command, instrument), 1);
        pub const RULE: Field = field(offset_of!(Command, rule), 1);
        pub const INDEX: Field = field(offset_of!(Command, index), 1);
        pub const VALUE: Field = field(offset_of!(Command, value), 4);
        pub const ARGS: Field = field(offset_of!(Command, args), 48);
    }
}

const _: () = {
    assert!(size_of::<Event>() == 64 && size_of::<Command>() == 64);
    assert!(offset_of!(Event, kind) == 8 && offset_of!(Event, reason) == 9);
    assert!(offset_of!(Event, instrument) == 10 && offset_of!(Event, rule) == 11);
    assert!(offset_of!(Event, generation) == 12 && offset_of!(Event, time_ns) == 16);
    assert!(offset_of!(Event, feed_sequence) == 24 && offset_of!(Event, bid) == 32);
    assert!(offset_of!(Event, ask) == 40 && offset_of!(Event, price_e4) == 48);
    assert!(offset_of!(Event, quantity) == 52 && offset_of!(Event, user_ref) == 56);
    assert!(offset_of!(Event, cycles) == 60 && offset_of!(Event, detail) == 62);
    assert!(offset_of!(Command, opcode) == 8 && offset_of!(Command, value) == 12);
    assert!(offset_of!(Command, args) == 16);
};

impl Event {
    pub fn kind(&self) -> Option<EventKind> {
        EventKind::from_code(self.kind)
    }

    pub fn reason(&self) -> Option<Reason> {
        Reason::from_code(self.reason)
    }

    /// Whether it shows the top of a book behind a message.
    pub fn is_top(&self) -> bool {
        matches!(self.kind(), Some(EventKind::Book | EventKind::Notice))
    }

    /// Rules of a Notice, a bit each: those that fired, and of them those that halt.
    pub const fn noticed(&self) -> [u8; 2] {
        [(self.detail >> 8 & 0xf) as u8, (self.detail >> 12) as u8]
    }

    /// Whether it tells of a mass cancel, which is no order.
    pub fn is_cancel(&self) -> bool {
        let is_told = matches!(self.kind(), Some(EventKind::OrderSent | EventKind::OrderRefused));
        is_told && self.rule != NONE && self.detail == u16::from(MASS_CANCEL)
    }

    /// Whether it tells what became of an order of the host: no rule made it, and no frame of the feed.
    pub fn is_host_order(&self) -> bool {
        let is_order = matches!(self.kind(), Some(EventKind::OrderSent | EventKind::OrderRefused));
        let is_dropped = self.rule == NONE && self.detail == 1 << HOST_RULE;
        is_order && self.time_ns == 0 && (usize::from(self.rule) == HOST_RULE || is_dropped)
    }
}
