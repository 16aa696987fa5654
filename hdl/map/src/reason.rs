//! Why something was refused, dropped or declared invalid. Numbers are unique and never reused.

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $text:literal;)*) => {
        /// One byte of an event record.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Reason { $($(#[$doc])* $name = $number),* }

        impl Reason {
            pub const ALL: &[Reason] = &[$(Reason::$name),*];

            /// A few words for a person.
            pub const fn text(self) -> &'static str { match self { $(Reason::$name => $text),* } }

            pub const fn from_code(code: u8) -> Option<Reason> {
                match code { $($number => Some(Reason::$name),)* _ => None }
            }
        }
    };
}

reasons! {
    None = 0, "none";
    // Gate: an order did not leave.
    NoGeneration = 1, "no parameter set was ever committed";
    Killed = 2, "kill switch is set";
    Disarmed = 3, "card is not armed";
    StaleGeneration = 4, "decided under an older parameter set";
    BookInvalid = 5, "book is not valid";
    NotTrading = 6, "instrument is not in its trading state";
    InstrumentDisabled = 7, "instrument is not enabled";
    Quantity = 8, "quantity is zero or above the limit, or the limit is unset";
    Collar = 9, "price is outside the collar, or the collar is unset";
    TemplateUnset = 10, "no order template";
    SessionUnset = 11, "order session is not set";
    QueueFull = 12, "decision queue is full";
    /// Also of a channel event, when it happens.
    HostSilent = 13, "host was not heard in time";
    Fenced = 14, "instrument is fenced";
    Side = 15, "side is not permitted";
    Value = 16, "value is above the limit, or the limit is unset";
    LiveCollar = 17, "price is too far from the top of book, or there is none";
    Age = 18, "decision is older than the limit, or the limit is unset";
    CoolDown = 19, "rule is cooling down, or its cool-down is unset";
    Repeated = 20, "rule has sent as many orders as it may";
    Throttle = 21, "more orders in a time than the throttle lets pass";
    Position = 22, "quantity is more than is left of the position's lease";
    Exposure = 23, "value is more than is left of the exposure's lease";
    OpenOrders = 24, "as many orders are open as may be";
    Unacknowledged = 25, "as many orders are unacknowledged as may be";
    Expired = 26, "template has expired, or has no expiry";
    SelfMatch = 27, "price would trade with an order of ours, or what rests of ours was never told";
    Increment = 28, "price is no multiple of the tick size or quantity none of the lot, or these are unset";
    // Channel: every instrument becomes invalid.
    Gap = 32, "sequence gap";
    SessionChange = 33, "another MoldUDP64 session";
    EndOfSession = 34, "end of session";
    MalformedBlock = 35, "message block does not fit its packet";
    BadLength = 36, "known message type with a wrong length";
    BadFrame = 37, "frame check sequence is bad";
    Truncated = 38, "frame is shorter than its headers say";
    Overload = 39, "more messages than the pipeline can hold";
    /// Of a channel event that makes nothing invalid.
    Cleared = 40, "books are empty and take rows of the host";
    /// Of a channel event that makes nothing invalid: the card has killed itself.
    WireParity = 41, "an order was on the wire without the gate's pass, or passed and was not on the wire";
    /// Also of a command that is refused for it.
    FeedSilent = 42, "no packet of the feed came in time";
    // Instrument: one book becomes invalid.
    UnknownReference = 48, "order reference is not in the book";
    DuplicateReference = 49, "order reference is already in the book";
    OrderOverflow = 50, "order table is full";
    OverExecution = 51, "more shares than the order has";
    BadOrder = 52, "order with no shares or without a side";
    LevelOverflow = 53, "price level table is full";
    Crossed = 54, "book is crossed";
    Host = 55, "declared invalid by the host";
    // Command refused.
    BadOpcode = 64, "unknown command";
    OldGeneration = 65, "generation is not above the one in force";
    BookNotClean = 66, "book was touched since it was empty, or is not sound; it cannot be declared valid";
    Restoring = 67, "books are being cleared or restored";
    NotCleared = 68, "books are not being restored";
    TooSoon = 69, "the last row, or the host's last order, is not through";
    Elsewhere = 70, "the feed is at another sequence number";
    NoPlace = 71, "the instrument has no place for orders of the host";
}

/// What the gate looks at, in its order: the first that fails is the reason.
pub const GATE_ORDER: [Reason; 27] = [
    Reason::NoGeneration, Reason::Killed, Reason::HostSilent, Reason::Disarmed, Reason::StaleGeneration, Reason::Fenced,
    Reason::BookInvalid, Reason::NotTrading, Reason::InstrumentDisabled, Reason::Side, Reason::Quantity, Reason::Value,
    Reason::Collar, Reason::LiveCollar, Reason::TemplateUnset, Reason::SessionUnset, Reason::Age, Reason::CoolDown,
    Reason::Repeated, Reason::Throttle, Reason::Position, Reason::Exposure, Reason::OpenOrders, Reason::Unacknowledged,
    Reason::Expired, Reason::SelfMatch, Reason::Increment,
];
