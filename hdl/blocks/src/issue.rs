//! Turns messages into operations and spaces them, so that no stage behind needs to wait.
//!
//! In: a message when it is ready. Out: in the same cycle if nothing is in the way, else from a short queue,
//! `operation` with `issue`, with `goes_short` if it goes straight to its commit, and with `looks_up` if it goes through the
//! order table: an add may do both; the message's context for whoever reports on it; `overload` one cycle after a message was lost.
//! Why: a replace takes two operations; messages arrive every 2.6 cycles, operations leave every two.
//! Holds: operations at least two cycles apart; one takes the short way only if none is in the order table's pipeline that has
//! its commit before it, so that it cannot overtake; the second half of a replace is exactly two cycles behind
//! the first.
use crate::{bucket::BucketHash, bundle::*, konst::Konst, queue::Queue, types::class};
use rust_hdl::prelude::*;

#[derive(LogicBlock, Default)]
pub struct Issue {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub valid: Signal<In, bool>,
    pub message: Signal<In, Message>,
    pub instrument: Signal<In, Bits<4>>,
    pub bank: Signal<In, bool>,
    pub generation: Signal<In, Bits<32>>,
    pub first_sequence: Signal<In, Bits<64>>,
    pub index: Signal<In, Bits<16>>,
    pub frame_time: Signal<In, Bits<64>>,
    pub stamp: Signal<In, Bits<16>>,
    /// A row of the host, while no message comes (cycle x + 2).
    pub row: Signal<In, bool>,
    pub row_data: Signal<In, BookRow>,
    pub row_bank: Signal<In, bool>,
    /// An order of the host waits for a cycle without messages, and `cycle` for its age.
    pub host_waits: Signal<In, bool>,
    pub host_order: Signal<In, HostOrder>,
    pub cycle: Signal<In, Bits<16>>,
    /// It went among them.
    pub host_enters: Signal<Out, bool>,
    pub operation: Signal<Out, Operation>,
    pub issue: Signal<Out, bool>,
    /// `issue`, of one that goes straight to its commit.
    pub goes_short: Signal<Out, bool>,
    /// `issue`, of one that goes through the order table.
    pub looks_up: Signal<Out, bool>,
    /// Where the operation's reference lives in either bank of the order table.
    pub bucket0: Signal<Out, Bits<9>>,
    pub bucket1: Signal<Out, Bits<9>>,
    pub message_context: Signal<Out, Context>,
    pub context_tag: Signal<Out, Bits<4>>,
    pub context_write: Signal<Out, bool>,
    pub overload: Signal<Out, bool>,
    waiting: Queue<Message, 2, 3>,
    // What waits has its buckets with it, and the second half of a replace in registers.
    incoming_hash: BucketHash,
    replace_hash: BucketHash,
    replace_bucket0: DFF<Bits<9>>,
    replace_bucket1: DFF<Bits<9>>,
    tag: DFF<Bits<4>>,
    /// An operation was issued in the last cycle, or the second half of a replace is due in this.
    busy: DFF<bool>,
    /// One that is committed behind the order table was issued in the last four cycles, but for the last.
    behind: DFF<bool>,
    long1: DFF<bool>,
    long2: DFF<bool>,
    long3: DFF<bool>,
    second1: DFF<bool>,
    second2: DFF<bool>,
    replace: DFF<Message>,
    /// In place of a replace there is a row: it is no second half; it removes, or sets the state.
    is_row: DFF<bool>,
    row_removes: DFF<bool>,
    row_sets: DFF<bool>,
    /// An order of the host that is in front of whatever comes; what it is.
    host_is_next: DFF<bool>,
    host_tag: DFF<Bits<4>>,
    host_instrument: DFF<Bits<4>>,
    host_bank: DFF<bool>,
    lost: DFF<bool>,
    // Nobody reads it before the commit.
    noted: DFF<Context>,
    written_tag: DFF<Bits<4>>,
    written: DFF<bool>,
    incoming: Signal<Local, Message>,
    enters: Signal<Local, bool>,
    injected: Signal<Local, Message>,
    head: Signal<Local, Message>,
    have: Signal<Local, bool>,
    take: Signal<Local, bool>,
    seconds: Signal<Local, bool>,
    is_short: Signal<Local, bool>,
    long: Signal<Local, bool>,
    refuses: Signal<Local, bool>,
    step: Signal<Local, Operation>,
    about: Signal<Local, Context>,
    k_tag: Konst<4, 1>,
    c_action: Konst<4, { class::ACTION }>,
    c_add: Konst<4, { class::ADD }>,
    c_add_mpid: Konst<4, { class::ADD_MPID }>,
    c_executed: Konst<4, { class::EXECUTED }>,
    c_executed_price: Konst<4, { class::EXECUTED_PRICE }>,
    c_cancel: Konst<4, { class::CANCEL }>,
    c_delete: Konst<4, { class::DELETE }>,
    c_replace: Konst<4, { class::REPLACE }>,
    c_trade: Konst<4, { class::TRADE }>,
    c_host: Konst<4, { class::HOST }>,
}

const _: () = assert!(riposte_map::limits::OPERATION_QUEUE == 1 << 2);

impl Logic for Issue {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, tag, busy, behind, long1, long2, long3, second1, second2, replace, is_row, row_removes,
            row_sets, replace_bucket0, replace_bucket1, host_is_next, host_tag, host_instrument,
            host_bank, lost, noted, written_tag, written
        );
        clock!(self, clock, waiting);
        self.waiting.reset.next = self.reset.val();
        self.incoming.next = self.message.val();
        self.incoming.next.tag = self.tag.q.val();
        self.incoming.next.instrument = self.instrument.val();
        self.incoming.next.bank = self.bank.val();
        self.incoming_hash.reference.next = self.message.val().reference;
        self.incoming.next.bucket0 = self.incoming_hash.bucket0.val();
        self.incoming.next.bucket1 = self.incoming_hash.bucket1.val();
        self.head.next = self.waiting.head.val();
        if self.waiting.empty.val() {
            self.head.next = self.incoming.val();
        }
        if self.host_is_next.q.val() {
            self.head.next.kind = self.c_host.val();
            self.head.next.light = true;
            self.head.next.straight = true;
            self.head.next.tag = self.host_tag.q.val();
            self.head.next.instrument = self.host_instrument.q.val();
            self.head.next.bank = self.host_bank.q.val();
        }
        self.have.next = self.valid.val() | !self.waiting.empty.val() | self.host_is_next.q.val();
        self.seconds.next = self.second2.q.val();
        self.take.next = self.have.val() & !self.busy.q.val();
        self.is_short.next = self.take.val() & self.head.val().straight & !self.long1.q.val() & !self.behind.q.val();
        // Said of registers where it can be: `take` comes late.
        self.refuses.next = self.valid.val() & self.waiting.full.val() & self.busy.q.val();
        self.waiting.push.next = self.valid.val()
            & ((self.busy.q.val() & !self.waiting.full.val())
                | (!self.busy.q.val() & (!self.waiting.empty.val() | self.host_is_next.q.val())));
        // An order of the host enters where no message comes and none waits: it needs no look-up either. It waits in a register
        // of its own, since whether a message comes is known late.
        self.enters.next = self.host_waits.val() & !self.valid.val() & self.waiting.empty.val();
        if !self.host_is_next.q.val() {
            self.host_tag.d.next = self.tag.q.val();
            self.host_instrument.d.next = self.host_order.val().instrument;
            self.host_bank.d.next = self.host_order.val().bank;
        }
        if !self.busy.q.val() {
            self.host_is_next.d.next = false;
        }
        if self.enters.val() {
            self.host_is_next.d.next = true;
        }
        self.waiting.data.next = self.incoming.val();
        self.waiting.pop.next =
            !self.waiting.empty.val() & !self.busy.q.val() & !self.host_is_next.q.val();
        self.lost.d.next = self.refuses.val();
        if (self.valid.val() & !self.refuses.val()) | self.row.val() | self.enters.val() {
            self.tag.d.next = self.tag.q.val() + self.k_tag.val();
        }
        // ---- the operation
        self.step.next.tag = bit_cast::<5, 4>(self.head.val().tag) << 1;
        self.step.next.instrument = self.head.val().instrument;
        self.step.next.bank = self.head.val().bank;
        self.step.next.add =
            (self.head.val().kind == self.c_add.val()) | (self.head.val().kind == self.c_add_mpid.val());
        self.step.next.remove = (self.head.val().kind == self.c_executed.val())
            | (self.head.val().kind == self.c_executed_price.val())
            | (self.head.val().kind == self.c_cancel.val())
            | (self.head.val().kind == self.c_delete.val())
            | (self.head.val().kind == self.c_replace.val());
        self.step.next.whole =
            (self.head.val().kind == self.c_delete.val()) | (self.head.val().kind == self.c_replace.val());
        self.step.next.second = false;
        self.step.next.evaluated =
            (self.head.val().kind != self.c_replace.val()) & (self.head.val().kind != self.c_host.val());
        self.step.next.light = self.head.val().light;
        self.step.next.early =
            self.head.val().straight & !self.head.val().light & !self.long1.q.val() & !self.behind.q.val();
        self.step.next.action = self.head.val().kind == self.c_action.val();
        self.step.next.trade = (self.head.val().kind == self.c_executed.val())
            | (self.head.val().kind == self.c_trade.val())
            | ((self.head.val().kind == self.c_executed_price.val()) & self.head.val().printable);
        self.step.next.own_price =
            (self.head.val().kind == self.c_trade.val()) | (self.head.val().kind == self.c_executed_price.val());
        self.step.next.mark = self.head.val().mark;
        self.step.next.reference = self.head.val().reference;
        self.step.next.shares = self.head.val().shares;
        self.step.next.price = self.head.val().price;
        if self.head.val().kind == self.c_action.val() {
            self.step.next.shares = 0.into();
            self.step.next.price = 0.into();
        }
        if self.seconds.val() {
            self.step.next.tag = (bit_cast::<5, 4>(self.replace.q.val().tag) << 1) | 1;
            self.step.next.instrument = self.replace.q.val().instrument;
            self.step.next.bank = self.replace.q.val().bank;
            self.step.next.add = !self.row_removes.q.val() & !self.row_sets.q.val();
            self.step.next.remove = self.row_removes.q.val();
            self.step.next.whole = self.row_removes.q.val();
            self.step.next.second = !self.is_row.q.val();
            self.step.next.evaluated = true;
            self.step.next.light = self.row_sets.q.val();
            self.step.next.early = false;
            self.step.next.action = self.row_sets.q.val();
            self.step.next.mark = self.replace.q.val().mark;
            self.step.next.trade = false;
            self.step.next.own_price = false;
            self.step.next.reference = self.replace.q.val().new_reference;
            self.step.next.shares = self.replace.q.val().shares;
            self.step.next.price = self.replace.q.val().price;
        }
        self.replace_hash.reference.next = self.replace.q.val().new_reference;
        self.replace_bucket0.d.next = self.replace_hash.bucket0.val();
        self.replace_bucket1.d.next = self.replace_hash.bucket1.val();
        self.bucket0.next = self.head.val().bucket0;
        self.bucket1.next = self.head.val().bucket1;
        if self.seconds.val() {
            self.bucket0.next = self.replace_bucket0.q.val();
            self.bucket1.next = self.replace_bucket1.q.val();
        }
        self.second1.d.next = self.take.val() & (self.head.val().kind == self.c_replace.val());
        self.second2.d.next = self.second1.q.val();
        // Whatever is taken may be one: it stands until its second half has gone.
        if !self.second1.q.val() & !self.second2.q.val() {
            self.replace.d.next = self.head.val();
            self.is_row.d.next = self.row.val();
            self.row_removes.d.next = self.row.val() & self.row_data.val().removes;
            self.row_sets.d.next = self.row.val() & self.row_data.val().is_state;
        }
        // A row goes the way of a second half, which has nothing before it.
        self.injected.next = self.message.val();
        self.injected.next.tag = self.tag.q.val();
        self.injected.next.instrument = self.row_data.val().instrument;
        self.injected.next.bank = self.row_bank.val();
        self.injected.next.new_reference = self.row_data.val().reference;
        self.injected.next.shares = self.row_data.val().shares;
        self.injected.next.price = self.row_data.val().price;
        self.injected.next.mark = self.row_data.val().mark;
        if self.row.val() {
            self.replace.d.next = self.injected.val();
            self.second1.d.next = true;
        }
        self.long.next = (self.take.val() & !self.is_short.val()) | self.seconds.val();
        self.busy.d.next = self.take.val() | self.seconds.val() | self.second1.q.val();
        self.behind.d.next = self.long1.q.val() | self.long2.q.val() | self.long3.q.val();
        self.long1.d.next = self.long.val();
        self.long2.d.next = self.long1.q.val();
        self.long3.d.next = self.long2.q.val();
        if self.reset.val() {
            self.second1.d.next = false;
            self.second2.d.next = false;
            self.busy.d.next = false;
            self.behind.d.next = false;
            self.long1.d.next = false;
            self.long2.d.next = false;
            self.long3.d.next = false;
            self.tag.d.next = 0.into();
            self.lost.d.next = false;
            self.host_is_next.d.next = false;
        }
        self.operation.next = self.step.val();
        self.issue.next = self.take.val() | self.seconds.val();
        self.goes_short.next = self.is_short.val();
        self.looks_up.next = self.long.val() | (self.take.val() & !self.head.val().light);
        // ---- the context
        self.about.next.code = self.message.val().code;
        self.about.next.instrument = self.instrument.val();
        self.about.next.bank = self.bank.val();
        self.about.next.generation = self.generation.val();
        self.about.next.time = self.frame_time.val();
        self.about.next.sequence = self.first_sequence.val() + bit_cast::<64, 16>(self.index.val());
        self.about.next.stamp = self.stamp.val();
        if !self.valid.val() {
            self.about.next.code = 0.into();
            self.about.next.instrument = self.host_order.val().instrument;
            self.about.next.bank = self.host_order.val().bank;
            self.about.next.generation = self.host_order.val().generation;
            self.about.next.time = 0.into();
            self.about.next.sequence = self.host_order.val().sequence;
            self.about.next.stamp = self.cycle.val();
        }
        self.noted.d.next = self.about.val();
        self.written_tag.d.next = self.tag.q.val();
        self.written.d.next = self.valid.val() | self.enters.val();
        self.message_context.next = self.noted.q.val();
        self.context_tag.next = self.written_tag.q.val();
        self.context_write.next = self.written.q.val();
        self.overload.next = self.lost.q.val();
        self.host_enters.next = self.enters.val();
    }
}
