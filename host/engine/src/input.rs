//! What the engine is told: one input after another, each with the host's time.
//!
//! Whoever runs the engine journals an input before it applies it; inputs that are read back from the journal bring
//! an engine to the same state. Numbers of sessions, instruments and people are indices that configuration gives.
use crate::fence::Fence;
use crate::message::{Encoded, decode, fields, messages};
use crate::output::Stream;
use riposte_map::shm::{Command, Event};

messages! {
    /// Which way an order or a trade goes.
    Side {
        Buy = 66;
        Sell = 83;
    }
}

impl Side {
    /// `quantity` as a change of position.
    pub fn signed(self, quantity: u32) -> i64 {
        match self {
            Side::Buy => i64::from(quantity),
            Side::Sell => -i64::from(quantity),
        }
    }
}

messages! {
    /// A venue's word on an order, from its session or from its drop copy. Orders are known by session and
    /// UserRefNum; prices are the venue's integers.
    Report {
        /// The venue has the order.
        Accepted = 1 { user_ref: u32, instrument: u8, side: Side, quantity: u32, price: i64 };
        /// `original` is gone; `user_ref` stands in its place with `quantity` open.
        Replaced = 2 { original: u32, user_ref: u32, quantity: u32, price: i64 };
        /// A trade. Instrument and side count where the order is not ours. `execution` is unique for each of our sides: where
        /// a venue numbers the match (OUCH), whoever reads it adds the side, since both may be ours.
        Executed = 3 { user_ref: u32, instrument: u8, side: Side, quantity: u32, price: i64, execution: u64 };
        /// `quantity` of what was open will not trade, whoever asked for that.
        Cancelled = 4 { user_ref: u32, quantity: u32 };
        /// The venue does not take the order; `reason` is the venue's code.
        Rejected = 5 { user_ref: u32, reason: u16 };
        /// A trade does not count.
        Broken = 6 { execution: u64 };
    }
}

messages! {
    /// A limit of the host's controls, in book value (price integer x quantity x multiplier) unless it says otherwise.
    /// 0 is unset and blocks, but for what says otherwise.
    Limit {
        /// C20: loss of the whole book.
        Loss = 1;
        /// C20: loss of instrument `index`.
        InstrumentLoss = 2;
        /// C20: fall of the book's result below its best.
        Drawdown = 3;
        /// C24: gross exposure at venue `index`: positions at their marks and everything that may still trade.
        Exposure = 4;
        /// C25: messages to venue `index` that need no trade.
        FreeMessages = 5;
        /// C25: messages to venue `index` for each of our trades there.
        MessagesPerTrade = 6;
        /// Largest position of instrument `index`, in pieces, that a hedge may lead to.
        Hedge = 7;
        /// C21: sums over the underlyings. Delta must be set; of the others 0 permits none.
        Delta = 8;
        /// Change of delta with 1 %.
        Gamma = 9;
        /// Of one point of volatility.
        Vega = 10;
        /// Of one day.
        Theta = 11;
        /// C23: loss in the worst of the desk's scenarios.
        ScenarioLoss = 12;
        /// C22: what venue `index` holds for us, without the result of our positions: margin must stay within both.
        Collateral = 13;
        /// C24: what venue `index` may owe us: collateral and result, lost if it fails.
        Counterparty = 14;
        /// C17: pieces of instrument `index`, bought and sold, that may trade within a window. 0 limits nothing.
        ProtectionPieces = 15;
        /// C17: bought less sold of the whole book within a window. 0 limits nothing.
        ProtectionNet = 16;
    }
}

impl Limit {
    /// Those of a book with a venue without which the card cannot be armed.
    pub const NEEDED: [Limit; 10] = [
        Limit::Loss, Limit::InstrumentLoss, Limit::Drawdown, Limit::Exposure, Limit::FreeMessages, Limit::MessagesPerTrade, Limit::Delta,
        Limit::ScenarioLoss, Limit::Collateral, Limit::Counterparty,
    ];

    /// Whether `value` permits no more than `now` does. Of a protection 0 is none, of all others nothing.
    pub fn is_within(self, value: u64, now: u64) -> bool {
        let permits = |value: u64| if matches!(self, Limit::ProtectionPieces | Limit::ProtectionNet) { value.wrapping_sub(1) } else { value };
        permits(value) <= permits(now)
    }

    /// What it is a limit of.
    pub fn scope(self) -> Scope {
        match self {
            Limit::InstrumentLoss | Limit::Hedge | Limit::ProtectionPieces => Scope::Instrument,
            Limit::Exposure | Limit::FreeMessages | Limit::MessagesPerTrade | Limit::Collateral | Limit::Counterparty => Scope::Venue,
            Limit::Loss | Limit::Drawdown | Limit::Delta | Limit::Gamma | Limit::Vega | Limit::Theta | Limit::ScenarioLoss
            | Limit::ProtectionNet => Scope::Book,
        }
    }
}

/// What has a limit of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Book,
    Instrument,
    Venue,
}

messages! {
    /// What a person may want. What takes risk away acts at once; what permits more needs a second person.
    Change {
        Arm = 1;
        Disarm = 2;
        /// Stops the card until `ClearKill`, and cancels everything that is open.
        Kill = 3;
        /// Also releases what controls have latched.
        ClearKill = 4;
        SetLimit = 5 { limit: Limit, index: u8, value: u64 };
        /// Makes the whole set that was written since `BeginSet` the one in force. `content` is its SHA-256, so that
        /// the second person approves what the first has seen.
        Commit = 6 { generation: u32, content: [u8; 32] };
        /// Reversion PARAM: a new generation with the content of an earlier one.
        RevertParameters = 7 { target: u32 };
        /// Reversion ORDERS: none of ours is live on the instruments of the mask.
        RevertOrders = 8 { instruments: u16 };
        /// The venue's position is right and ours is not: books the difference as a trade at the venue's price.
        Adopt = 9 { instrument: u8 };
        /// The books of these instruments are right as they stand; the card refuses it once they were touched.
        Validate = 10 { instruments: u16 };
        /// What people or a reversion have fenced of this may leave again.
        Lift = 11 { fence: Fence };
        /// C07: a rule that has sent as many orders as it may begins anew.
        Release = 12 { instrument: u8, rule: u8 };
        /// The venue's position, with everything up to report `as_of` of its session, is `quantity` where the ledger has `ours`.
        /// A difference is booked at `price`. `evidence` is the SHA-256 of what the person has it from.
        StatePosition = 13 {
            session: u8, instrument: u8, quantity: i64, ours: i64, price: i64, as_of: u64, evidence: [u8; 32],
        };
        /// Model `model` may move the thresholds of two rules of an instrument (`NONE` is none), each within a corridor, by a
        /// step at a time, no more often than `interval_ns`, for `for_ns` from the approval on.
        Mandate = 14 {
            model: u8, instrument: u8, lower: u8, upper: u8, lowest: u32, highest: u32, step: u32, interval_ns: u64, for_ns: u64,
        };
        EndMandate = 15 { model: u8 };
        /// What is held elsewhere in derivatives on an instrument, in book value as in `Greeks`, at `price` of it.
        StateGreeks = 16 { instrument: u8, delta: i64, gamma: i64, vega: i64, theta: i64, price: i64, evidence: [u8; 32] };
        /// No order of this leaves until it is lifted; what is open stays.
        Fence = 17 { fence: Fence };
        /// C19: orders of these instruments make their positions smaller and never turn them, and what is open is cancelled; or that ends.
        ReduceOnly = 18 { instruments: u16, ends: bool };
    }
}

/// What runs on the other side, as it announced itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Deployment {
    /// Hash of the gateware's image.
    pub gateware: [u8; 32],
    /// Hash of what the host was started with.
    pub configuration: [u8; 32],
    /// `riposte_map::identity::TABLE_HASH` of the card.
    pub tables: u64,
}

fields!(Deployment { gateware, configuration, tables });

messages! {
    /// Why a book was not hedged.
    Unhedged {
        /// An instrument has no book, or a position that cannot be.
        Holding = 1;
        /// Too little is known of how the instruments move together.
        Covariance = 2;
        /// No position within the bounds can be reached.
        Infeasible = 3;
        /// The solver has not ended within its iterations.
        Iterations = 4;
        Solver = 5;
    }
}

messages! {
    /// Why books were not restored; what is told of it in full stands on the host's standard error.
    Unrestored {
        /// The card did not say in time that its books are empty.
        Card = 1;
        /// The venue's snapshot server cannot be reached, does not let us in, or says nothing.
        Unreachable = 2;
        /// What it says is no snapshot, or not one of the feed.
        Malformed = 3;
        /// A snapshot that contradicts itself or the feed.
        Wrong = 4;
        /// More orders than the card has room for.
        Overflow = 5;
        /// What the feed brought since is not to be had.
        Requests = 6;
        /// The card holds a book of these rows for wrong.
        Refused = 7;
        /// The feed was elsewhere each time, for too long.
        Elsewhere = 8;
    }
}

messages! {
    /// What happened.
    Body {
        Card = 1 { event: Event };
        /// A card after reset, with what it announced.
        CardUp = 2 { deployment: Deployment };
        /// A report with its number in the session's stream; the first is 1.
        Venue = 3 { session: u8, sequence: u64, report: Report };
        /// The same of the drop copy's own stream.
        DropCopy = 4 { session: u8, sequence: u64, report: Report };
        /// Logged in; what was missed is on its way.
        SessionUp = 5 { session: u8 };
        /// The venue has nothing more that it told while we were away. It expects `next_sequence` to be the next of its
        /// stream and has taken no order with `next_user_ref` or above.
        CaughtUp = 6 { session: u8, next_sequence: u64, next_user_ref: u32 };
        SessionDown = 7 { session: u8 };
        /// The venue ends the day.
        SessionEnd = 8 { session: u8 };
        Heartbeat = 9 { session: u8 };
        /// The venue will cancel everything at `until_ns` unless the timer is renewed.
        TimerSet = 10 { session: u8, until_ns: u64 };
        /// The venue's position, with everything up to report `as_of`; `price` is its average or settlement price.
        Position = 11 { session: u8, instrument: u8, quantity: i64, price: i64, as_of: u64 };
        /// A mark of the venue or of a model, which needs no confirmation.
        Mark = 12 { instrument: u8, price: i64 };
        Propose = 13 { request: u64, by: u16, change: Change };
        Approve = 14 { request: u64, by: u16 };
        /// A parameter set begins; its rows follow.
        BeginSet = 15;
        Row = 16 { command: Command };
        Cancel = 18 { session: u8, user_ref: u32 };
        /// A person or an adapter has claimed at the venue.
        Claimed = 19 { session: u8, execution: u64 };
        Tick = 20;
        /// The host was started again, and the engine has been given everything that was journaled.
        Restarted = 21;
        /// The card's order session is connected: its next TCP sequence number, acknowledgement and UserRefNum.
        CardSession = 22 { sequence: u32, acknowledgement: u32, user_ref: u32 };
        /// The card is gone; every event that it gave was taken.
        CardLost = 23;
        /// The host has joined a card's link: commands have numbers of its ring from here on.
        Linked = 24 { next_command: u64 };
        /// The stream's report with this number is one that nobody here can read.
        Unreadable = 25 { session: u8, stream: Stream, sequence: u64 };
        /// A model wants its rules at these thresholds; 0 where it has no rule. Numbers increase: an older one is no news.
        Candidate = 26 { number: u64, model: u8, lower: u32, upper: u32 };
        /// The rows of the set that the candidate asked for follow.
        BeginCandidate = 27 { number: u64 };
        Unhedged = 29 { why: Unhedged };
        /// Books are wrong and the venue's snapshot can be asked for. Numbers increase: an older one is no news.
        Restore = 30 { number: u64 };
        /// Rows for these books, with the SHA-256 of all of this restoration, wait for the card; behind them the feed's message
        /// `sequence` is next. The first rows are the snapshot's.
        Rows = 31 { number: u64, instruments: u16, sequence: u64, rows: u32, digest: [u8; 32] };
        /// No more rows go before the engine says so: where they stand by now, how many of the restoration there were, their SHA-256.
        Chased = 32 { number: u64, sequence: u64, rows: u32, digest: [u8; 32] };
        Unrestored = 33 { number: u64, why: Unrestored };
        /// The card may send in the connection of its orders, from this TCP sequence number and acknowledgement on; its next
        /// UserRefNum is what is known to be free, and at least this.
        Delegate = 34 { session: u8, sequence: u32, acknowledgement: u32, user_ref: u32 };
        /// The host has bytes of its own for that connection, and waits for `Output::Reclaimed`.
        Reclaim = 35 { session: u8 };
        /// An order of a hedge, through the card's gate. Numbers increase: an older one is no news.
        Hedge = 36 { number: u64, instrument: u8, side: Side, quantity: u32, price: u32 };
    }
}

/// One input. `time_ns` is the host's clock when it was taken; a step back does not turn the engine's time back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Input {
    pub time_ns: u64,
    pub body: Body,
}

fields!(Input { time_ns, body });

impl Input {
    pub fn encode(&self) -> Encoded {
        Encoded::of(self)
    }

    /// `None` if the bytes are not exactly one input.
    pub fn decode(bytes: &[u8]) -> Option<Input> {
        decode(bytes)
    }
}
