//! Verdict on every operation, in order: is the book still right, which rules fire?
//!
//! In: the row of an operation's parameters (cycle K), the operation with its tops (K + 1), what its look-up found (K + 2, at the
//! latest). Out, in cycle K + 3: a decision for the gate, the instrument to invalidate; in K + 4 an event. Why: rules are read, then
//! context, then spread and thresholds compared, then judged, a cycle each; all rules of an instrument at once.
//! Holds: nothing fires on a book that is not valid in this cycle. A rule on the book fires when its condition
//! becomes true; a commit of parameters forgets what was true before. Not here: whether an order may leave.
use crate::{bundle::*, konst::Konst, memory::LookupMemory, outcome::Outcome, pace::Pace, rule::RuleTest};
use riposte_map::{limits, reason::Reason, shm::{EventKind, NONE}};
use rust_hdl::prelude::*;

const _: () = assert!(limits::RULES == 4);

#[derive(LogicBlock, Default)]
pub struct Verdict {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub valid: Signal<In, bool>,
    pub committed: Signal<In, Committed>,
    /// Of the operation that comes in the next cycle.
    pub row: Signal<In, Bits<5>>,
    pub bid: Signal<In, Top>,
    pub ask: Signal<In, Top>,
    pub context_write: Signal<In, bool>,
    pub context_tag: Signal<In, Bits<4>>,
    pub message_context: Signal<In, Context>,
    /// An operation was looked up; why it may not act, if it may not.
    pub looked_up: Signal<In, bool>,
    pub looked_up_tag: Signal<In, Bits<5>>,
    pub looked_up_reason: Signal<In, Bits<8>>,
    /// An add found no place in the level table; an operation that has this as its reason tells of it.
    pub overflow: Signal<In, bool>,
    pub overflow_instrument: Signal<In, Bits<4>>,
    /// Bit t: term t of an instrument's rules.
    pub rules_write: Signal<In, Bits<3>>,
    pub rules_address: Signal<In, Bits<5>>,
    pub rules_data: Signal<In, TermRow>,
    /// Of a first term's row: bit r: rule r has no order; bit 4 + r: it halts.
    pub actions_data: Signal<In, Bits<8>>,
    pub window_write: Signal<In, bool>,
    pub window_data: Signal<In, Window>,
    /// The books are emptied, a row in each cycle.
    pub empties: Signal<In, bool>,
    pub sweep: Signal<In, Bits<4>>,
    /// Forget what held: new parameters are in force.
    pub forget: Signal<In, bool>,
    pub books_valid: Signal<In, Bits<16>>,
    pub trace: Signal<In, bool>,
    pub queue_full: Signal<In, bool>,
    pub trading: Signal<Out, Bits<16>>,
    /// Instruments whose book the operation broke, or an overflow.
    pub invalidate: Signal<Out, Bits<16>>,
    /// Instruments that a rule halts.
    pub halts: Signal<Out, Bits<16>>,
    pub decision: Signal<Out, Decision>,
    pub decided: Signal<Out, bool>,
    /// Of the decision, or of what would be one.
    pub decision_row: Signal<Out, Bits<5>>,
    pub note: Signal<Out, Note>,
    pub noted: Signal<Out, bool>,
    pub count_invalidation: Signal<Out, bool>,
    pub count_dropped: Signal<Out, bool>,
    /// It was an order of the host.
    pub host_dropped: Signal<Out, bool>,
    contexts: LookupMemory<Context, 4>,
    outcome: Outcome,
    actions: LookupMemory<Bits<8>, 5>,
    terms: [LookupMemory<TermRow, 5>; 3],
    /// Read from there, a row a term.
    rows: [DFF<TermRow>; 3],
    tests: [RuleTest; 4],
    pace: Pace,
    metrics: Signal<Local, Metrics>,
    presence: Signal<Local, Presence>,
    actions1: DFF<Bits<8>>,
    actions2: DFF<Bits<8>>,
    silent3: DFF<Bits<4>>,
    halts3: DFF<Bits<4>>,
    valid2: DFF<bool>,
    committed2: DFF<Committed>,
    bid2: DFF<Top>,
    ask2: DFF<Top>,
    context2: DFF<Context>,
    has_bid2: DFF<bool>,
    has_ask2: DFF<bool>,
    has_spread2: DFF<bool>,
    crossed2: DFF<bool>,
    valid3: DFF<bool>,
    committed3: DFF<Committed>,
    bid3: DFF<Top>,
    ask3: DFF<Top>,
    context3: DFF<Context>,
    /// The row of its parameters for the gate, as a complement, since synthesis would make it one with the registers here.
    far_row: DFF<Bits<5>>,
    crossed3: DFF<bool>,
    /// One to be judged.
    plain3: DFF<bool>,
    /// One that decides anew what its instrument's rules hold.
    rewrites3: DFF<bool>,
    own: DFF<Bits<16>>,
    was_held: DFF<Bits<4>>,
    /// An order of the host, which is for the gate whatever the book is like.
    is_host3: DFF<bool>,
    failed3: DFF<bool>,
    /// The instrument that had an overflow in the last cycle, and those of which it is not told that it closed their book.
    overflowed: DFF<Bits<16>>,
    closed: DFF<Bits<16>>,
    /// An operation that tells of an overflow.
    tells_overflow3: DFF<bool>,
    holds3: DFF<Bits<4>>,
    prints3: DFF<Bits<4>>,
    is_trading: DFF<Bits<16>>,
    // What the event tells, a cycle behind the verdict.
    told: DFF<bool>,
    tells_invalid: DFF<bool>,
    tells_full: DFF<bool>,
    tells_notice: DFF<bool>,
    noticed4: DFF<Bits<4>>,
    halting4: DFF<Bits<4>>,
    reason4: DFF<Bits<8>>,
    fired4: DFF<Bits<4>>,
    committed4: DFF<Committed>,
    bid4: DFF<Top>,
    ask4: DFF<Top>,
    context4: DFF<Context>,
    held: [DFF<Bits<4>>; 16],
    tag: Signal<Local, Bits<5>>,
    both: Signal<Local, bool>,
    crossed: Signal<Local, bool>,
    crosses: Signal<Local, bool>,
    bit0: Signal<Local, Bits<4>>,
    bit1: Signal<Local, Bits<4>>,
    bit2: Signal<Local, Bits<4>>,
    bit3: Signal<Local, Bits<4>>,
    print0: Signal<Local, Bits<4>>,
    print1: Signal<Local, Bits<4>>,
    print2: Signal<Local, Bits<4>>,
    print3: Signal<Local, Bits<4>>,
    is_host: Signal<Local, bool>,
    holding: Signal<Local, Bits<4>>,
    printing: Signal<Local, Bits<4>>,
    own_next: Signal<Local, Bits<16>>,
    book_valid: Signal<Local, bool>,
    trades: Signal<Local, bool>,
    failed: Signal<Local, bool>,
    closes: Signal<Local, bool>,
    reason: Signal<Local, Bits<8>>,
    broken: Signal<Local, bool>,
    held_here: [Signal<Local, Bits<4>>; 16],
    held_after: Signal<Local, Bits<4>>,
    fired: Signal<Local, Bits<4>>,
    asked: Signal<Local, Bits<4>>,
    noticed: Signal<Local, Bits<4>>,
    halting: Signal<Local, Bits<4>>,
    fires: Signal<Local, bool>,
    notices: Signal<Local, bool>,
    sound: Signal<Local, bool>,
    judges: Signal<Local, bool>,
    full: Signal<Local, bool>,
    choice: Signal<Local, Decision>,
    report: Signal<Local, Note>,
    k_bit: Konst<16, 1>,
    k_host: Konst<4, { 1 << limits::HOST_RULE }>,
    k_none: Konst<8, { NONE as u64 }>,
    k_book: Konst<8, { EventKind::Book as u64 }>,
    k_invalid: Konst<8, { EventKind::Invalid as u64 }>,
    k_notice: Konst<8, { EventKind::Notice as u64 }>,
    k_refused: Konst<8, { EventKind::OrderRefused as u64 }>,
    r_none: Konst<8, { Reason::None as u64 }>,
    r_level: Konst<8, { Reason::LevelOverflow as u64 }>,
    r_crossed: Konst<8, { Reason::Crossed as u64 }>,
    r_full: Konst<8, { Reason::QueueFull as u64 }>,
}

impl Logic for Verdict {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, valid2, committed2, bid2, ask2, context2, has_bid2, has_ask2, has_spread2, crossed2,
            valid3, committed3, bid3, ask3, context3, far_row, crossed3, plain3, rewrites3, own, was_held, is_host3,
            failed3, overflowed, closed, tells_overflow3, holds3, prints3, is_trading, told, tells_invalid, tells_full, reason4, fired4,
            committed4, bid4, ask4, context4, actions1, actions2, silent3, halts3, tells_notice, noticed4, halting4
        );
        clock!(self, clock, contexts, outcome, actions);
        self.contexts.write.next = self.context_write.val();
        self.contexts.write_address.next = self.context_tag.val();
        self.contexts.write_data.next = self.message_context.val();
        self.tag.next = self.committed.val().tag;
        self.contexts.read_address.next = self.tag.val().get_bits::<4>(1);
        // ---- K: rules
        for i in 0..3 {
            self.terms[i].clock.next = self.clock.val();
            self.terms[i].write.next = self.rules_write.val().get_bit(i);
            self.terms[i].write_address.next = self.rules_address.val();
            self.terms[i].write_data.next = self.rules_data.val();
            self.terms[i].read_address.next = self.row.val();
            self.rows[i].clock.next = self.clock.val();
            self.rows[i].d.next = self.terms[i].read_data.val();
        }
        self.actions.write.next = self.rules_write.val().get_bit(0);
        self.actions.write_address.next = self.rules_address.val();
        self.actions.write_data.next = self.actions_data.val();
        self.actions.read_address.next = self.row.val();
        self.actions1.d.next = self.actions.read_data.val();
        self.actions2.d.next = self.actions1.q.val();
        // ---- K and K + 1: metrics over time
        self.pace.clock.next = self.clock.val();
        self.pace.reset.next = self.empties.val();
        self.pace.sweep.next = self.sweep.val();
        self.pace.row.next = self.row.val();
        self.pace.counts.next = self.valid.val() & self.committed.val().evaluated;
        self.pace.instrument.next = self.committed.val().instrument;
        self.pace.bid.next = self.bid.val();
        self.pace.ask.next = self.ask.val();
        self.pace.books_valid.next = self.books_valid.val();
        self.pace.window_write.next = self.window_write.val();
        self.pace.window_address.next = self.rules_address.val();
        self.pace.window_data.next = self.window_data.val();
        // ---- K + 1: context, spread
        self.valid2.d.next = self.valid.val();
        self.committed2.d.next = self.committed.val();
        self.bid2.d.next = self.bid.val();
        self.ask2.d.next = self.ask.val();
        self.context2.d.next = self.contexts.read_data.val();
        self.has_bid2.d.next = self.bid.val().quantity != 0;
        self.has_ask2.d.next = self.ask.val().quantity != 0;
        self.both.next = (self.bid.val().quantity != 0) & (self.ask.val().quantity != 0);
        self.crossed.next = self.both.val() & (self.bid.val().price > self.ask.val().price);
        self.has_spread2.d.next = self.both.val() & !self.crossed.val();
        self.crossed2.d.next = self.crossed.val();
        // ---- K + 1 and K + 2: conditions
        self.tests[0].first.next = self.rows[0].q.val().rule0;
        self.tests[0].second.next = self.rows[1].q.val().rule0;
        self.tests[0].third.next = self.rows[2].q.val().rule0;
        self.tests[1].first.next = self.rows[0].q.val().rule1;
        self.tests[1].second.next = self.rows[1].q.val().rule1;
        self.tests[1].third.next = self.rows[2].q.val().rule1;
        self.tests[2].first.next = self.rows[0].q.val().rule2;
        self.tests[2].second.next = self.rows[1].q.val().rule2;
        self.tests[2].third.next = self.rows[2].q.val().rule2;
        self.tests[3].first.next = self.rows[0].q.val().rule3;
        self.tests[3].second.next = self.rows[1].q.val().rule3;
        self.tests[3].third.next = self.rows[2].q.val().rule3;
        self.metrics.next.bid_price = self.bid.val().price;
        self.metrics.next.ask_price = self.ask.val().price;
        self.metrics.next.trade_price = self.committed.val().price;
        self.metrics.next.bid_size = self.bid.val().quantity;
        self.metrics.next.ask_size = self.ask.val().quantity;
        self.metrics.next.trade_size = self.committed.val().shares;
        self.metrics.next.spread = self.ask.val().price - self.bid.val().price;
        self.metrics.next.rate = self.pace.rate.val();
        self.metrics.next.rise = self.pace.rise.val();
        self.metrics.next.fall = self.pace.fall.val();
        self.presence.next.has_bid = self.has_bid2.q.val();
        self.presence.next.has_ask = self.has_ask2.q.val();
        self.presence.next.has_spread = self.has_spread2.q.val();
        self.presence.next.has_trade = self.committed2.q.val().trade;
        self.presence.next.has_rate = self.pace.has_rate.val();
        self.presence.next.has_rise = self.pace.has_rise.val();
        self.presence.next.has_fall = self.pace.has_fall.val();
        for i in 0..4 {
            self.tests[i].clock.next = self.clock.val();
            self.tests[i].metrics.next = self.metrics.val();
            self.tests[i].presence.next = self.presence.val();
        }
        self.bit0.next = bit_cast::<4, 1>(self.tests[0].holds.val().into());
        self.bit1.next = bit_cast::<4, 1>(self.tests[1].holds.val().into());
        self.bit2.next = bit_cast::<4, 1>(self.tests[2].holds.val().into());
        self.bit3.next = bit_cast::<4, 1>(self.tests[3].holds.val().into());
        self.print0.next = bit_cast::<4, 1>(self.tests[0].on_trade.val().into());
        self.print1.next = bit_cast::<4, 1>(self.tests[1].on_trade.val().into());
        self.print2.next = bit_cast::<4, 1>(self.tests[2].on_trade.val().into());
        self.print3.next = bit_cast::<4, 1>(self.tests[3].on_trade.val().into());
        self.is_host.next = !self.committed2.q.val().evaluated & !self.committed2.q.val().looked_up;
        self.holding.next =
            self.bit0.val() | (self.bit1.val() << 1) | (self.bit2.val() << 2) | (self.bit3.val() << 3);
        self.printing.next =
            self.print0.val() | (self.print1.val() << 1) | (self.print2.val() << 2) | (self.print3.val() << 3);
        // An order of the host is as if the rule in its place fired.
        if self.is_host.val() {
            self.holding.next = self.k_host.val();
            self.printing.next = self.k_host.val();
        }
        self.silent3.d.next = self.actions2.q.val().get_bits::<4>(0);
        self.halts3.d.next = self.actions2.q.val().get_bits::<4>(4);
        if self.is_host.val() {
            self.silent3.d.next = 0.into();
            self.halts3.d.next = 0.into();
        }
        self.holds3.d.next = self.holding.val();
        self.prints3.d.next = self.printing.val();
        self.is_host3.d.next = self.is_host.val() & self.valid2.q.val();
        self.valid3.d.next = self.valid2.q.val();
        self.outcome.ended.next = self.looked_up.val();
        self.outcome.ended_tag.next = self.looked_up_tag.val();
        self.outcome.ended_reason.next = self.looked_up_reason.val();
        self.outcome.tag.next = self.committed2.q.val().tag;
        self.failed.next = self.committed2.q.val().reason != self.r_none.val();
        self.committed3.d.next = self.committed2.q.val();
        if self.committed2.q.val().early {
            self.failed.next = self.outcome.reason.val() != self.r_none.val();
            self.committed3.d.next.reason = self.outcome.reason.val();
        }
        self.bid3.d.next = self.bid2.q.val();
        self.ask3.d.next = self.ask2.q.val();
        self.context3.d.next = self.context2.q.val();
        self.far_row.d.next = !((bit_cast::<5, 1>(self.context2.q.val().bank.into()) << 4)
            | bit_cast::<5, 4>(self.committed2.q.val().instrument));
        // Verdicts are two cycles apart: what the last one left is there now.
        self.own_next.next = self.k_bit.val() << bit_cast::<16, 4>(self.committed2.q.val().instrument);
        self.own.d.next = self.own_next.val();
        self.trades.next = (self.is_trading.q.val() & self.own_next.val()) != 0;
        if self.committed2.q.val().action {
            self.trades.next = self.committed2.q.val().trading;
        }
        self.crosses.next = self.crossed2.q.val() & self.committed2.q.val().evaluated & self.trades.val();
        self.crossed3.d.next = self.crosses.val();
        self.rewrites3.d.next = self.valid2.q.val()
            & (self.committed2.q.val().evaluated | self.failed.val());
        self.plain3.d.next = self.valid2.q.val()
            & self.committed2.q.val().evaluated
            & !self.failed.val()
            & !self.crosses.val();
        self.failed3.d.next = self.failed.val();
        for i in 0..16 {
            self.held_here[i].next = 0.into();
            if self.own_next.val().get_bit(i) {
                self.held_here[i].next = self.held[i].q.val();
            }
        }
        self.was_held.d.next =
            (self.held_here[0].val() | self.held_here[1].val() | self.held_here[2].val() | self.held_here[3].val())
                | (self.held_here[4].val() | self.held_here[5].val() | self.held_here[6].val() | self.held_here[7].val())
                | (self.held_here[8].val() | self.held_here[9].val() | self.held_here[10].val() | self.held_here[11].val())
                | (self.held_here[12].val() | self.held_here[13].val() | self.held_here[14].val() | self.held_here[15].val());
        if self.forget.val() {
            self.was_held.d.next = 0.into();
        }
        self.tells_overflow3.d.next = self.valid2.q.val() & (self.committed2.q.val().reason == self.r_level.val());
        // ---- K + 3: the verdict
        self.book_valid.next = (self.books_valid.val() & self.own.q.val()) != 0;
        if self.committed3.q.val().action & self.valid3.q.val() {
            self.is_trading.d.next = self.is_trading.q.val() & (!self.own.q.val());
            if self.committed3.q.val().trading {
                self.is_trading.d.next = self.is_trading.q.val() | self.own.q.val();
            }
        }
        self.reason.next = self.r_none.val();
        if self.crossed3.q.val() {
            self.reason.next = self.r_crossed.val();
        }
        if self.failed3.q.val() {
            self.reason.next = self.committed3.q.val().reason;
        }
        self.sound.next = !self.failed3.q.val() & !self.crossed3.q.val();
        self.broken.next = self.valid3.q.val() & !self.sound.val();
        self.judges.next = self.plain3.q.val() & self.book_valid.val();
        self.fired.next = self.holds3.q.val() & (self.prints3.q.val() | (!self.was_held.q.val()));
        self.asked.next = self.fired.val() & (!self.silent3.q.val());
        self.noticed.next = self.fired.val() & self.silent3.q.val();
        self.halting.next = self.fired.val() & self.halts3.q.val();
        self.fires.next = (self.judges.val() | self.is_host3.q.val()) & (self.asked.val() != 0);
        self.notices.next = self.judges.val() & (self.noticed.val() != 0);
        self.halts.next = 0.into();
        if self.judges.val() & (self.halting.val() != 0) {
            self.halts.next = self.own.q.val();
        }
        self.held_after.next = 0.into();
        if self.judges.val() {
            self.held_after.next = self.holds3.q.val() & (!self.prints3.q.val());
        }
        for i in 0..16 {
            self.held[i].clock.next = self.clock.val();
            self.held[i].d.next = self.held[i].q.val();
            if self.rewrites3.q.val() & self.own.q.val().get_bit(i) {
                self.held[i].d.next = self.held_after.val();
            }
            if self.forget.val() | self.reset.val() {
                self.held[i].d.next = 0.into();
            }
        }
        // An overflow closes its book at once, and is told of behind.
        self.overflowed.d.next = 0.into();
        if self.overflow.val() {
            self.overflowed.d.next = self.k_bit.val() << bit_cast::<16, 4>(self.overflow_instrument.val());
        }
        self.closed.d.next = self.closed.q.val() | (self.overflowed.q.val() & self.books_valid.val());
        self.closes.next = self.broken.val() & self.book_valid.val();
        if self.tells_overflow3.q.val() {
            self.closes.next = (self.closed.q.val() & self.own.q.val()) != 0;
            self.closed.d.next =
                (self.closed.q.val() & !self.own.q.val()) | (self.overflowed.q.val() & self.books_valid.val());
        }
        self.invalidate.next = self.overflowed.q.val();
        if self.broken.val() {
            self.invalidate.next = self.overflowed.q.val() | self.own.q.val();
        }
        self.full.next = self.fires.val() & self.queue_full.val();
        self.choice.next.mask = self.asked.val();
        self.choice.next.first = 3.into();
        if self.asked.val().get_bit(2) {
            self.choice.next.first = 2.into();
        }
        if self.asked.val().get_bit(1) {
            self.choice.next.first = 1.into();
        }
        if self.asked.val().get_bit(0) {
            self.choice.next.first = 0.into();
        }
        self.choice.next.is_host = self.is_host3.q.val();
        self.choice.next.instrument = self.committed3.q.val().instrument;
        self.choice.next.bank = self.context3.q.val().bank;
        self.choice.next.generation = self.context3.q.val().generation;
        self.choice.next.time = self.context3.q.val().time;
        self.choice.next.sequence = self.context3.q.val().sequence;
        self.choice.next.stamp = self.context3.q.val().stamp;
        self.choice.next.bid_price = self.bid3.q.val().price;
        self.choice.next.bid_quantity = self.bid3.q.val().quantity;
        self.choice.next.ask_price = self.ask3.q.val().price;
        self.choice.next.ask_quantity = self.ask3.q.val().quantity;
        self.decision.next = self.choice.val();
        self.decision_row.next = !self.far_row.q.val();
        self.decided.next = self.fires.val() & !self.queue_full.val();
        // ---- K + 4: the event
        self.told.d.next = self.closes.val()
            | self.full.val()
            | self.notices.val()
            | (self.judges.val() & self.trace.val());
        self.tells_invalid.d.next = self.broken.val();
        self.tells_full.d.next = self.full.val();
        self.reason4.d.next = self.reason.val();
        self.fired4.d.next = self.asked.val();
        self.tells_notice.d.next = self.notices.val();
        self.noticed4.d.next = self.noticed.val();
        self.halting4.d.next = self.halting.val();
        self.committed4.d.next = self.committed3.q.val();
        self.bid4.d.next = self.bid3.q.val();
        self.ask4.d.next = self.ask3.q.val();
        self.context4.d.next = self.context3.q.val();
        self.report.next.kind = self.k_book.val();
        self.report.next.reason = self.reason4.q.val();
        self.report.next.instrument = bit_cast::<8, 4>(self.committed4.q.val().instrument);
        self.report.next.rule = self.k_none.val();
        self.report.next.generation = self.context4.q.val().generation;
        self.report.next.time = self.context4.q.val().time;
        self.report.next.feed_sequence = self.context4.q.val().sequence;
        self.report.next.bid = (bit_cast::<64, 32>(self.bid4.q.val().quantity) << 32)
            | bit_cast::<64, 32>(self.bid4.q.val().price);
        self.report.next.ask = (bit_cast::<64, 32>(self.ask4.q.val().quantity) << 32)
            | bit_cast::<64, 32>(self.ask4.q.val().price);
        self.report.next.price = self.committed4.q.val().price;
        self.report.next.quantity = self.committed4.q.val().shares;
        self.report.next.user_ref = 0.into();
        self.report.next.cycles = 0.into();
        self.report.next.detail = bit_cast::<16, 8>(self.context4.q.val().code);
        if self.tells_full.q.val() {
            self.report.next.kind = self.k_refused.val();
            self.report.next.reason = self.r_full.val();
            self.report.next.price = 0.into();
            self.report.next.quantity = 0.into();
            self.report.next.detail = bit_cast::<16, 4>(self.fired4.q.val());
        }
        // The message's price and quantity too: it stands for the Book event.
        if self.tells_notice.q.val() {
            self.report.next.kind = self.k_notice.val();
            self.report.next.price = self.committed4.q.val().price;
            self.report.next.quantity = self.committed4.q.val().shares;
            self.report.next.detail = bit_cast::<16, 8>(self.context4.q.val().code)
                | (bit_cast::<16, 4>(self.noticed4.q.val()) << 8)
                | (bit_cast::<16, 4>(self.halting4.q.val()) << 12);
        }
        if self.tells_invalid.q.val() {
            self.report.next.kind = self.k_invalid.val();
            self.report.next.bid = 0.into();
            self.report.next.ask = 0.into();
            self.report.next.price = 0.into();
            self.report.next.quantity = 0.into();
        }
        self.note.next = self.report.val();
        self.noted.next = self.told.q.val();
        if self.reset.val() {
            self.valid2.d.next = false;
            self.valid3.d.next = false;
            self.plain3.d.next = false;
            self.is_host3.d.next = false;
            self.rewrites3.d.next = false;
            self.is_trading.d.next = 0.into();
            self.told.d.next = false;
            self.overflowed.d.next = 0.into();
            self.closed.d.next = 0.into();
        }
        self.trading.next = self.is_trading.q.val();
        self.count_invalidation.next = self.closes.val();
        self.count_dropped.next = self.full.val();
        self.host_dropped.next = self.full.val() & self.is_host3.q.val();
    }
}
