//! What the engine wants done, in order.
//!
//! Holds: what has an effect outside (a command, an order, a claim, a set to load) stands behind the record that says
//! so; whoever carries outputs out lets an effect happen only once every record before it is durable. A bounded list:
//! what finds no room kills the card, for which room is kept.
use crate::input::{Change, Limit, Unhedged, Unrestored};
use crate::message::{Encoded, decode, messages};
use crate::order::State;
use riposte_map::shm::Command;

/// Most outputs of one input: every guard of every instrument at once, with all that a tick finds.
pub const OUTPUTS: usize = 320;
/// Kept free for what stops the card: a record, an alarm, a command and one to spare.
const RESERVED: usize = 4;

messages! {
    /// A message of the host to the venue. None of them is an order: whoever wants one asks the card, whose gate is the only way.
    HostMessage {
        Cancel = 2 { session: u8, user_ref: u32 };
        /// C27: sets the venue's timer anew.
        RenewTimer = 3 { session: u8 };
    }
}

messages! {
    /// A stream of reports.
    Stream {
        Session = 1;
        DropCopy = 2;
    }
}

messages! {
    /// What watches, and stops trading when it trips. Numbers below 100 are those of the control matrix.
    Guard {
        /// Of an instrument, or of the book.
        Protection = 17;
        Loss = 20;
        VenueCap = 24;
        OrderToTrade = 25;
        CancelOnDisconnect = 26;
        DeadManTimer = 27;
        DropCopy = 34;
        Deployment = 36;
        Bust = 38;
        Erroneous = 39;
        /// Marks have become too old where there is a position or an order.
        StaleMark = 101;
        /// A session that is there but does not answer.
        Stream = 102;
        /// Orders, executions or requests have filled their table but for an eighth.
        Room = 103;
        /// The card's events have a hole, or outputs found no room.
        Events = 104;
        /// A report for which there is no book entry: our position is not known.
        Unbooked = 105;
        /// A rule on the card has halted its instrument.
        Rule = 106;
        /// C21: delta, gamma, vega, theta; index 4: what was stated of them is too old.
        Greeks = 107;
        /// C22: what a venue demands for our positions, or, behind the venues, the distance to its liquidation.
        Margin = 108;
        /// C23.
        Scenario = 109;
    }
}

messages! {
    /// Why something that a person or a model wants is not done.
    Refusal {
        /// Not the approved gateware, tables and configuration, or none announced (C36).
        Deployment = 1;
        Killed = 2;
        /// A guard has tripped and nobody has released it.
        Latched = 3;
        /// A reversion is under way.
        Fenced = 4;
        /// A session is not up, not caught up, or has orders whose end is not proven (C26).
        Session = 5;
        /// The venue's timer is not set (C27).
        Timer = 6;
        /// A position is not confirmed by the venue.
        Unconfirmed = 7;
        UnknownOrders = 8;
        /// A limit is unset.
        Unset = 9;
        /// A limit would be exceeded.
        LimitReached = 10;
        NoGeneration = 11;
        NotArmed = 12;
        /// Instrument, session, price or quantity is none that can be.
        BadField = 13;
        /// The same person twice, or nobody (C32).
        SamePerson = 14;
        NotProposed = 15;
        Expired = 16;
        /// The set is not whole, or not the one that was proposed.
        BadSet = 17;
        OldGeneration = 18;
        /// No such generation is remembered.
        NoTarget = 19;
        NoRoom = 20;
        /// The venue has stated no position that could be adopted.
        NoStatement = 21;
        /// No reversion has fenced these instruments.
        NotFenced = 22;
        /// Reports have come, or the position is another, since it was stated.
        Moved = 23;
        /// The model has no mandate, or one for other rules than those in force.
        NoMandate = 24;
        /// A threshold outside the corridor of the mandate.
        Corridor = 25;
        /// A threshold further away than one step.
        TooFar = 26;
        TooSoon = 27;
        /// Another set is on its way, or waits for its second person.
        Busy = 28;
    }
}

messages! {
    /// States of a reversion; see the design. Nothing is compensated in PARAM and ORDERS, so nothing is planned.
    Step {
        Requested = 1;
        Validated = 2;
        Rejected = 3;
        Fenced = 4;
        Drained = 5;
        Reconciled = 6;
        RolledBack = 7;
        Verifying = 8;
        Committed = 9;
        Escalated = 10;
    }
}

messages! {
    /// What is written down before it has an effect.
    Record {
        Order = 1 { session: u8, user_ref: u32, state: State, filled: u32, cancelled: u32 };
        Booked = 2 { session: u8, execution: u64, instrument: u8, quantity: i64, price: i64 };
        Broken = 3 { session: u8, execution: u64, instrument: u8 };
        /// `orders` of a session have become unknown together.
        SessionLost = 4 { session: u8, orders: u32 };
        /// After replay: how many of the unknown are live, how many the venue never took, how many stay unknown.
        CaughtUp = 5 { session: u8, live: u32, never: u32, unknown: u32 };
        /// C26: every order of the lost session has its end.
        DisconnectProven = 6 { session: u8 };
        Confirmed = 7 { instrument: u8, quantity: i64 };
        Unconfirmed = 8 { instruments: u16 };
        Sending = 9 { message: HostMessage };
        /// A command that is not a row is about to be given.
        Commanding = 10 { command: Command };
        Tripped = 11 { guard: Guard, index: u8 };
        Proposed = 12 { request: u64, by: u16, change: Change };
        Done = 13 { request: u64, by: u16, second: u16, change: Change };
        Refused = 14 { request: u64, why: Refusal };
        /// `racing`: pieces that were executed since the fence.
        Reversion = 15 { request: u64, step: Step, racing: u32 };
        Claim = 16 { session: u8, execution: u64, until_ns: u64 };
        LimitSet = 17 { limit: Limit, index: u8, value: u64 };
        /// What was asked of a stream, a venue or a loader.
        Asking = 18 { session: u8, instrument: u8, generation: u32 };
        /// A candidate is within its mandate: its set is asked for under this generation.
        Candidate = 19 { number: u64, model: u8, generation: u32, lower: u32, upper: u32 };
        /// The set is whole, the one that was asked for, and about to be committed.
        Calibrated = 20 { number: u64, model: u8, generation: u32, content: [u8; 32] };
        /// A mandate is in force until then; 0: it is over.
        Mandate = 21 { model: u8, until_ns: u64 };
        /// Rows are about to be given, as commands from `first` on, and places behind them are set aside.
        Restoring = 22 { number: u64, instruments: u16, sequence: u64, rows: u32, digest: [u8; 32], first: u64 };
        /// The card has taken these books as right where the feed's message `sequence` was next.
        Restored = 23 { number: u64, instruments: u16, sequence: u64, rows: u32, digest: [u8; 32] };
        /// What is held elsewhere in derivatives on an instrument counts as two people stated it.
        GreeksStated = 24 { instrument: u8 };
    }
}

impl Record {
    pub fn encode(&self) -> Encoded {
        Encoded::of(self)
    }

    /// `None` if the bytes are not exactly one record.
    pub fn decode(bytes: &[u8]) -> Option<Record> {
        decode(bytes)
    }
}

messages! {
    /// What a person must see.
    Alarm {
        Tripped = 1 { guard: Guard, index: u8 };
        /// Reports are missing; they were asked for.
        Gap = 2 { session: u8, stream: Stream, expected: u64, received: u64 };
        /// Orders whose outcome nobody here knows.
        Unknown = 3 { session: u8, orders: u32 };
        /// A trade under no order of ours, by hand or by somebody else: booked.
        HandTrade = 4 { session: u8, execution: u64, instrument: u8 };
        /// The same execution told with another content, or one that only one side tells (C34).
        ExecutionDiffers = 5 { session: u8, execution: u64 };
        ExecutionMissing = 6 { session: u8, execution: u64, from: Stream };
        /// More pieces than the order had, or on an order that was over: booked, it is the venue's word.
        LateOrOver = 7 { session: u8, user_ref: u32 };
        /// Cancelled without our asking.
        OutsideCancel = 8 { session: u8, user_ref: u32, quantity: u32 };
        Broken = 9 { session: u8, execution: u64, late: u8 };
        /// The venue states another position than ours.
        PositionDiffers = 10 { instrument: u8, ours: i64, theirs: i64 };
        BadReport = 11 { session: u8, sequence: u64 };
        /// A report on an order that nobody told us of.
        UnknownOrder = 12 { session: u8, user_ref: u32 };
        /// A claim must be filed until then (C39).
        ClaimDue = 13 { session: u8, execution: u64, until_ns: u64 };
        ClaimMissed = 14 { session: u8, execution: u64 };
        Refused = 15 { request: u64, why: Refusal };
        /// The card has refused a command, with its reason.
        CommandRefused = 16 { opcode: u8, reason: u8 };
        Escalated = 17 { request: u64 };
        SessionSilent = 18 { session: u8 };
        Rejected = 19 { session: u8, user_ref: u32, reason: u16 };
        EventsMissing = 20 { expected: u64, received: u64 };
        CardLost = 21;
        /// The card's watchdog has killed it: a host was gone, or hung.
        CardSilenced = 22;
        /// The card heard nothing of us in time and has disarmed itself (C28).
        HostSilent = 23;
        /// What a model wants is refused; told once a reason until one is taken again.
        Candidate = 24 { model: u8, why: Refusal };
        /// The book was not hedged.
        Unhedged = 25 { why: Unhedged };
        /// The card does not hold these books for right any more; no order of theirs leaves.
        BooksInvalid = 26 { instruments: u16, reason: u8 };
        /// They stay so, until it is tried again.
        Unrestored = 27 { number: u64, why: Unrestored };
        /// Rules that only tell have fired: a bit each.
        Noticed = 28 { instrument: u8, rules: u8 };
        /// A rule has had the venue cancel everything of an instrument. With a reason the gate let it not, and the host cancels.
        MassCancel = 29 { instrument: u8, rule: u8, reason: u8 };
    }
}

/// One thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    Record(Record),
    Command(Command),
    /// For the venue.
    Message(HostMessage),
    /// So many rows of this restoration, as commands from `first` on; then, in [`PLACES`](crate::PLACES) more, rows and `Resume` of
    /// these books wherever the rows stand.
    Restore { number: u64, instruments: u16, first: u64, rows: u32 },
    Alarm(Alarm),
    /// The card sends in the session's connection no more; so many orders it has sent since it could.
    Reclaimed { session: u8, orders: u32 },
    /// Ask the venue for reports from this number on.
    Replay { session: u8, stream: Stream, from: u64 },
    /// Ask the venue for its position.
    AskPosition { instrument: u8 },
    /// Write the set with this content, from `BeginSet` on.
    LoadSet { generation: u32, content: [u8; 32] },
    /// Write the rows of `Engine::calibration` from `BeginCandidate` on.
    LoadCandidate { number: u64 },
    /// File a claim at the venue (C39).
    Claim { session: u8, execution: u64, until_ns: u64 },
}

/// Outputs of one input. Allocates when it is made and never again.
#[derive(Debug)]
pub struct Outputs {
    list: Vec<Output>,
    overflowed: bool,
}

impl Default for Outputs {
    fn default() -> Outputs {
        Outputs { list: Vec::with_capacity(OUTPUTS), overflowed: false }
    }
}

impl Outputs {
    pub fn as_slice(&self) -> &[Output] {
        &self.list
    }

    pub fn iter(&self) -> impl Iterator<Item = &Output> {
        self.list.iter()
    }

    pub(crate) fn clear(&mut self) {
        self.list.clear();
        self.overflowed = false;
    }

    /// Places left but for the reserved ones.
    pub(crate) fn room(&self) -> usize {
        (OUTPUTS - RESERVED).saturating_sub(self.list.len())
    }

    pub(crate) fn overflowed(&self) -> bool {
        self.overflowed
    }

    pub(crate) fn push(&mut self, one: Output) {
        if self.room() > 0 {
            self.list.push(one);
        } else {
            self.overflowed = true;
        }
    }

    /// Takes one of the reserved places.
    pub(crate) fn push_reserved(&mut self, one: Output) {
        if self.list.len() < OUTPUTS {
            self.list.push(one);
        }
    }

    pub(crate) fn record(&mut self, record: Record) {
        self.push(Output::Record(record));
    }

    pub(crate) fn alarm(&mut self, alarm: Alarm) {
        self.push(Output::Alarm(alarm));
    }
}
