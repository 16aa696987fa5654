//! Top of book: every operation takes effect here, in order, at most one in two cycles.
//!
//! In: resolved operations; those that come the short way; the tournament's roots. Out: `committed` with both
//! tops of its instrument, one cycle after the commit K; in K already whose parameters will be needed.
//! Why: an operation that leaves the top in place is a compare and an add; one that empties it waits for its
//! root, and what comes behind waits in a queue, so tops are exact for every operation. Whatever an operation may do to
//! either top is computed in the cycle before its commit, so that the commit only chooses.
//! Holds: operations leave in the order in which they came. Tops are read in the cycle before the commit;
//! commits are two cycles apart, so that read is never stale. What comes the short way is too late for that reading if it
//! leaves at once: it does if it touches no top and nobody's turn is in the way, with the tops as they stand. An add that comes it
//! takes its turn, three cycles ahead of its look-up. That an add found no level is told of behind it, where no operation is.
use crate::{bundle::*, check::Check, konst::Konst, memory::LookupMemory, queue::Queue};
use riposte_map::{limits, reason::Reason, wire::itch};
use rust_hdl::prelude::*;

const _: () = assert!(limits::COMMIT_QUEUE == 1 << 3);

/// A top beside an operation that may change it.
#[derive(Copy, Clone, Debug, PartialEq, Default, LogicStruct)]
pub struct Look {
    /// Quantity, price. An empty side is 0.
    pub top: Bits<64>,
    /// Bytes of the price that are equal.
    pub same: Bits<4>,
    pub is_empty: bool,
    pub is_better: bool,
    pub is_emptied: bool,
    pub sum: Bits<33>,
    pub difference: Bits<32>,
}

/// The tops of one side, one for each instrument, and what an operation would do to its own. In: the operation's
/// instrument, price and shares. Out, in the same cycle: `look`.
#[derive(LogicBlock, Default)]
pub struct TopLook {
    pub clock: Signal<In, Clock>,
    pub write: Signal<In, bool>,
    pub write_address: Signal<In, Bits<4>>,
    pub write_data: Signal<In, Bits<64>>,
    /// The side: lower is better.
    pub asks: Signal<In, bool>,
    pub instrument: Signal<In, Bits<4>>,
    pub price: Signal<In, Bits<32>>,
    pub shares: Signal<In, Bits<32>>,
    pub look: Signal<Out, Look>,
    tops: LookupMemory<Bits<64>, 4>,
    top_price: Signal<Local, Bits<32>>,
    quantity: Signal<Local, Bits<32>>,
    part: [Signal<Local, Bits<4>>; 4],
    rest: Signal<Local, Bits<33>>,
    seen: Signal<Local, Look>,
}

impl Logic for TopLook {
    #[hdl_gen]
    fn update(&mut self) {
        self.tops.clock.next = self.clock.val();
        self.tops.write.next = self.write.val();
        self.tops.write_address.next = self.write_address.val();
        self.tops.write_data.next = self.write_data.val();
        self.tops.read_address.next = self.instrument.val();
        self.top_price.next = self.tops.read_data.val().get_bits::<32>(0);
        self.quantity.next = self.tops.read_data.val().get_bits::<32>(32);
        for i in 0..4 {
            self.part[i].next = 0.into();
            if self.top_price.val().get_bits::<8>(i * 8) == self.price.val().get_bits::<8>(i * 8) {
                self.part[i].next = 1.into();
            }
        }
        self.seen.next.top = self.tops.read_data.val();
        self.seen.next.same =
            self.part[0].val() | (self.part[1].val() << 1) | (self.part[2].val() << 2) | (self.part[3].val() << 3);
        self.seen.next.is_empty = self.quantity.val() == 0;
        self.seen.next.is_better = (self.price.val() > self.top_price.val()) & !self.asks.val();
        if self.asks.val() {
            self.seen.next.is_better = self.price.val() < self.top_price.val();
        }
        // Of a subtraction of its own: with the other one synthesis would look for a difference of zero.
        self.rest.next = bit_cast::<33, 32>(self.shares.val()) - bit_cast::<33, 32>(self.quantity.val());
        self.seen.next.is_emptied = !self.rest.val().get_bit(32);
        self.seen.next.sum = bit_cast::<33, 32>(self.quantity.val()) + bit_cast::<33, 32>(self.shares.val());
        self.seen.next.difference = self.quantity.val() - self.shares.val();
        self.look.next = self.seen.val();
    }
}

/// One side's top, and what an operation makes of it if it is that side's.
///
/// In: the operation that may come next and the one that waits, and which it is. Out, one cycle later and with that
/// operation's `add` or `remove`: the top behind it. Both are looked at, so that nobody waits for the choice.
#[derive(LogicBlock, Default)]
pub struct SideTop {
    pub clock: Signal<In, Clock>,
    /// The next operation finds no top.
    pub reset: Signal<In, bool>,
    pub write: Signal<In, bool>,
    pub write_address: Signal<In, Bits<4>>,
    pub write_data: Signal<In, Bits<64>>,
    pub asks: Signal<In, bool>,
    /// An operation passes on; `waits` if it is the waiting one.
    pub load: Signal<In, bool>,
    pub waits: Signal<In, bool>,
    pub coming: Signal<In, Resolved>,
    pub waiting: Signal<In, Resolved>,
    /// The top of `instrument_now` in this cycle.
    pub instrument_now: Signal<In, Bits<4>>,
    pub now: Signal<Out, Bits<64>>,
    // In the next cycle.
    pub add: Signal<In, bool>,
    pub remove: Signal<In, bool>,
    /// The operation itself as a top, or the best level of its side behind it: quantity, price.
    pub entrant: Signal<In, Bits<64>>,
    pub after: Signal<Out, Bits<64>>,
    /// The operation takes away all of the top.
    pub empties: Signal<Out, bool>,
    look_coming: TopLook,
    look_waiting: TopLook,
    /// The same tops once more, for the other reader.
    tops_now: LookupMemory<Bits<64>, 4>,
    look: DFF<Look>,
    chosen: Signal<Local, Look>,
    was: Signal<Local, Look>,
    top: Signal<Local, Bits<64>>,
    sum: Signal<Local, Bits<33>>,
    equal: Signal<Local, bool>,
    beats: Signal<Local, bool>,
    slow: Signal<Local, bool>,
    grown: Signal<Local, Bits<32>>,
    kept: Signal<Local, Bits<32>>,
    k_full: Konst<32, 0xffff_ffff>,
}

impl Logic for SideTop {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, look);
        clock!(self, clock, look_coming, look_waiting);
        self.look_coming.write.next = self.write.val();
        self.look_coming.write_address.next = self.write_address.val();
        self.look_coming.write_data.next = self.write_data.val();
        self.look_coming.asks.next = self.asks.val();
        self.look_coming.instrument.next = self.coming.val().instrument;
        self.look_coming.price.next = self.coming.val().level_price;
        self.look_coming.shares.next = self.coming.val().shares;
        self.look_waiting.write.next = self.write.val();
        self.look_waiting.write_address.next = self.write_address.val();
        self.look_waiting.write_data.next = self.write_data.val();
        self.look_waiting.asks.next = self.asks.val();
        self.look_waiting.instrument.next = self.waiting.val().instrument;
        self.look_waiting.price.next = self.waiting.val().level_price;
        self.look_waiting.shares.next = self.waiting.val().shares;
        self.tops_now.clock.next = self.clock.val();
        self.tops_now.write.next = self.write.val();
        self.tops_now.write_address.next = self.write_address.val();
        self.tops_now.write_data.next = self.write_data.val();
        self.tops_now.read_address.next = self.instrument_now.val();
        self.now.next = self.tops_now.read_data.val();
        self.chosen.next = self.look_coming.look.val();
        if self.waits.val() {
            self.chosen.next = self.look_waiting.look.val();
        }
        if self.reset.val() {
            self.chosen.next.top = 0.into();
        }
        if self.load.val() {
            self.look.d.next = self.chosen.val();
        }
        // ---- the next cycle: an add that beats the top replaces it with itself, a removal of all that is there with
        // the best level behind it; else the top's quantity changes, or nothing.
        self.was.next = self.look.q.val();
        self.top.next = self.was.val().top;
        self.sum.next = self.was.val().sum;
        self.equal.next = !self.was.val().is_empty & (self.was.val().same == 0xf);
        self.beats.next = self.add.val() & (self.was.val().is_better | self.was.val().is_empty);
        self.slow.next = self.remove.val() & self.equal.val() & self.was.val().is_emptied;
        self.grown.next = self.sum.val().get_bits::<32>(0);
        if self.sum.val().get_bit(32) {
            self.grown.next = self.k_full.val();
        }
        self.kept.next = self.top.val().get_bits::<32>(32);
        if self.equal.val() & self.add.val() {
            self.kept.next = self.grown.val();
        }
        if self.equal.val() & self.remove.val() {
            self.kept.next = self.was.val().difference;
        }
        self.after.next = (bit_cast::<64, 32>(self.kept.val()) << 32)
            | bit_cast::<64, 32>(self.top.val().get_bits::<32>(0));
        if self.beats.val() | self.slow.val() {
            self.after.next = self.entrant.val();
        }
        self.empties.next = self.slow.val();
    }
}

#[derive(LogicBlock, Default)]
pub struct Commit {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub sweep: Signal<In, Bits<9>>,
    /// An operation that comes the short way, in its issue cycle.
    pub goes_short: Signal<In, bool>,
    pub short_operation: Signal<In, Operation>,
    pub resolved: Signal<In, Resolved>,
    pub resolved_valid: Signal<In, bool>,
    /// An add found no place in the level table.
    pub overflow: Signal<In, bool>,
    pub overflow_tag: Signal<In, Bits<5>>,
    pub overflow_instrument: Signal<In, Bits<4>>,
    pub root: Signal<In, Slot>,
    pub root_valid: Signal<In, bool>,
    pub committed: Signal<Out, Committed>,
    /// Of the operation that is committed in this cycle, if one is: bank and instrument.
    pub row: Signal<Out, Bits<5>>,
    pub bid: Signal<Out, Top>,
    pub ask: Signal<Out, Top>,
    pub valid: Signal<Out, bool>,
    waiting: Queue<Resolved, 3, 4>,
    bids: SideTop,
    asks: SideTop,
    /// Roots of operations that wait, oldest first.
    roots: Queue<Bits<64>, 1, 2>,
    /// Neither queue loses what comes.
    room: Check,
    /// Operations that have gone before their root came.
    owed: DFF<Bits<4>>,
    owes: DFF<bool>,
    // The operation whose turn it is.
    turn: DFF<Resolved>,
    turn_valid: DFF<bool>,
    rested: DFF<bool>,
    /// The turn passes on in this cycle; and the contrary, for the sides.
    free: DFF<bool>,
    keeps: DFF<bool>,
    record: DFF<Committed>,
    bid_after: DFF<Top>,
    ask_after: DFF<Top>,
    commits: DFF<bool>,
    /// What came the short way in the last cycle.
    short: DFF<Resolved>,
    short_valid: DFF<bool>,
    short_now: Signal<Local, Resolved>,
    /// It touches no top and finds no other's turn: it goes at once.
    passes_through: Signal<Local, bool>,
    // An overflow that is to be told of.
    overflows: DFF<bool>,
    overflows_tag: DFF<Bits<5>>,
    overflows_instrument: DFF<Bits<4>>,
    goes: Signal<Local, bool>,
    is_resolved: Signal<Local, bool>,
    now: Signal<Local, Resolved>,
    arriving: Signal<Local, Resolved>,
    arrives: Signal<Local, bool>,
    take: Signal<Local, bool>,
    frees: Signal<Local, bool>,
    following: Signal<Local, Resolved>,
    swept: Signal<Local, Resolved>,
    root_bits: Signal<Local, Bits<64>>,
    uses_root: Signal<Local, bool>,
    precedes: Signal<Local, bool>,
    entrant: Signal<Local, Bits<64>>,
    slow: Signal<Local, bool>,
    bid_now: Signal<Local, Bits<64>>,
    ask_now: Signal<Local, Bits<64>>,
    k_trading: Konst<8, { itch::STATE_TRADING as u64 }>,
    k_sell: Konst<8, { itch::SIDE_SELL as u64 }>,
    r_none: Konst<8, { Reason::None as u64 }>,
    r_level: Konst<8, { Reason::LevelOverflow as u64 }>,
}

impl Logic for Commit {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, short, short_valid, turn, turn_valid, owed, owes, rested, free, keeps, record, bid_after, ask_after, commits,
            overflows, overflows_tag, overflows_instrument
        );
        clock!(self, clock, waiting, bids, asks, roots);
        self.waiting.reset.next = self.reset.val();
        self.roots.reset.next = self.reset.val();
        // ---- what arrives: an operation on the short way in the cycle behind its issue, or a resolved one
        self.short_now.next.tag = self.short_operation.val().tag;
        self.short_now.next.instrument = self.short_operation.val().instrument;
        self.short_now.next.bank = self.short_operation.val().bank;
        self.short_now.next.reason = self.r_none.val();
        self.short_now.next.add = self.short_operation.val().early;
        self.short_now.next.remove = false;
        self.short_now.next.looked_up = self.short_operation.val().early;
        self.short_now.next.early = self.short_operation.val().early;
        self.short_now.next.evaluated = self.short_operation.val().evaluated;
        self.short_now.next.action = self.short_operation.val().action;
        self.short_now.next.trade = self.short_operation.val().trade;
        self.short_now.next.mark = self.short_operation.val().mark;
        self.short_now.next.sell = self.short_operation.val().mark == self.k_sell.val();
        self.short_now.next.level_price = self.short_operation.val().price;
        self.short_now.next.price = self.short_operation.val().price;
        self.short_now.next.shares = self.short_operation.val().shares;
        self.short.d.next = self.short_now.val();
        self.short_valid.d.next = self.goes_short.val();
        // Never both: issue sees to it.
        self.is_resolved.next = self.resolved_valid.val() & !self.resolved.val().early;
        self.arriving.next = self.short.q.val();
        if self.is_resolved.val() {
            self.arriving.next = self.resolved.val();
        }
        self.passes_through.next = self.short_valid.q.val() & !self.short.q.val().early & !self.turn_valid.q.val();
        self.arrives.next = self.is_resolved.val()
            | (self.short_valid.q.val() & (self.short.q.val().early | self.turn_valid.q.val()));
        // ---- what it does to its side's top
        self.entrant.next = self.roots.head.val();
        if self.turn.q.val().add {
            self.entrant.next = (bit_cast::<64, 32>(self.turn.q.val().shares) << 32)
                | bit_cast::<64, 32>(self.turn.q.val().level_price);
        }
        self.bids.asks.next = false;
        self.bids.add.next = self.turn.q.val().add;
        self.bids.remove.next = self.turn.q.val().remove;
        self.bids.entrant.next = self.entrant.val();
        self.asks.asks.next = true;
        self.asks.add.next = self.turn.q.val().add;
        self.asks.remove.next = self.turn.q.val().remove;
        self.asks.entrant.next = self.entrant.val();
        self.slow.next = (self.bids.empties.val() & !self.turn.q.val().sell)
            | (self.asks.empties.val() & self.turn.q.val().sell);
        self.bid_now.next = self.bids.now.val();
        self.ask_now.next = self.asks.now.val();
        // What is not looked up changes neither.
        self.now.next = self.short.q.val();
        if self.turn_valid.q.val() {
            self.now.next = self.turn.q.val();
        }
        if self.now.val().looked_up & !self.turn.q.val().sell {
            self.bid_now.next = self.bids.after.val();
        }
        if self.now.val().looked_up & self.turn.q.val().sell {
            self.ask_now.next = self.asks.after.val();
        }
        self.take.next =
            self.turn_valid.q.val() & !self.rested.q.val() & (!self.slow.val() | !self.roots.empty.val());
        self.rested.d.next = self.take.val();
        // ---- whose turn is next: the turn passes on in the cycle behind a commit; what arrives meanwhile waits in order
        // As told a cycle ahead: the last turn was taken, or nobody had one and nobody came.
        self.frees.next = self.take.val() | (self.free.q.val() & !self.arrives.val() & self.waiting.empty.val());
        self.free.d.next = self.frees.val();
        self.keeps.d.next = !self.frees.val();
        self.following.next = self.waiting.head.val();
        if self.waiting.empty.val() {
            self.following.next = self.arriving.val();
        }
        self.waiting.push.next = self.arrives.val() & !(self.free.q.val() & self.waiting.empty.val());
        self.waiting.data.next = self.arriving.val();
        self.waiting.pop.next = self.free.q.val();
        if self.free.q.val() {
            self.turn_valid.d.next = self.arrives.val() | !self.waiting.empty.val();
            self.turn.d.next = self.following.val();
        }
        self.bids.write.next = self.take.val() & self.turn.q.val().looked_up & !self.turn.q.val().sell;
        self.bids.write_address.next = self.turn.q.val().instrument;
        self.bids.write_data.next = self.bids.after.val();
        self.asks.write.next = self.take.val() & self.turn.q.val().looked_up & self.turn.q.val().sell;
        self.asks.write_address.next = self.turn.q.val().instrument;
        self.asks.write_data.next = self.asks.after.val();
        self.bids.reset.next = self.reset.val();
        self.asks.reset.next = self.reset.val();
        // ---- its tops: read as the turn passes to it. Until it goes nothing else changes them.
        self.bids.load.next = !self.keeps.q.val();
        self.bids.waits.next = !self.waiting.empty.val();
        self.bids.coming.next = self.arriving.val();
        self.bids.waiting.next = self.waiting.head.val();
        self.bids.instrument_now.next = self.now.val().instrument;
        self.asks.load.next = !self.keeps.q.val();
        self.asks.waits.next = !self.waiting.empty.val();
        self.asks.coming.next = self.arriving.val();
        self.asks.waiting.next = self.waiting.head.val();
        self.asks.instrument_now.next = self.now.val().instrument;
        self.root_bits.next = 0.into();
        if self.root.val().used {
            self.root_bits.next =
                (bit_cast::<64, 32>(self.root.val().quantity) << 32) | bit_cast::<64, 32>(self.root.val().key);
        }
        // Roots come in the order of the operations, one for each that was looked up. One whose operation has gone is
        // dropped as it comes; the others wait for their turn. They move in the cycle behind the commit, when the turn
        // has not yet passed on.
        self.uses_root.next = self.rested.q.val() & self.turn.q.val().looked_up;
        self.precedes.next = self.uses_root.val() & self.roots.empty.val();
        self.roots.push.next =
            self.root_valid.val() & !self.owes.q.val() & !self.precedes.val();
        self.roots.data.next = self.root_bits.val();
        self.roots.pop.next = self.uses_root.val();
        if self.precedes.val() & !self.root_valid.val() {
            self.owed.d.next = self.owed.q.val() + 1;
            self.owes.d.next = true;
        }
        if self.root_valid.val() & self.owes.q.val() & !self.precedes.val() {
            self.owed.d.next = self.owed.q.val() - 1;
            self.owes.d.next = self.owed.q.val() != 1;
        }
        self.room.clock.next = self.clock.val();
        self.room.ok.next = (!self.waiting.push.val() | !self.waiting.full.val() | self.waiting.pop.val())
            & (!self.roots.push.val() | !self.roots.full.val() | self.roots.pop.val());
        // ---- out
        self.goes.next = self.take.val() | self.passes_through.val();
        self.commits.d.next = self.goes.val() | self.overflows.q.val();
        self.record.d.next.tag = self.now.val().tag;
        self.record.d.next.instrument = self.now.val().instrument;
        self.record.d.next.bank = self.now.val().bank;
        self.record.d.next.reason = self.now.val().reason;
        self.record.d.next.looked_up = self.now.val().looked_up;
        self.record.d.next.early = self.now.val().early;
        self.record.d.next.evaluated = self.now.val().evaluated;
        self.record.d.next.action = self.now.val().action;
        self.record.d.next.trading = self.now.val().mark == self.k_trading.val();
        self.record.d.next.trade = self.now.val().trade;
        self.record.d.next.price = self.now.val().price;
        self.record.d.next.shares = self.now.val().shares;
        self.overflows.d.next = self.overflow.val() | (self.overflows.q.val() & self.goes.val());
        if self.overflow.val() {
            self.overflows_tag.d.next = self.overflow_tag.val();
            self.overflows_instrument.d.next = self.overflow_instrument.val();
        }
        if self.overflows.q.val() & !self.goes.val() {
            self.record.d.next.tag = self.overflows_tag.q.val();
            self.record.d.next.instrument = self.overflows_instrument.q.val();
            self.record.d.next.reason = self.r_level.val();
            self.record.d.next.looked_up = true;
            self.record.d.next.early = false;
            self.record.d.next.evaluated = false;
            self.record.d.next.action = false;
        }
        self.bid_after.d.next.price = self.bid_now.val().get_bits::<32>(0);
        self.bid_after.d.next.quantity = self.bid_now.val().get_bits::<32>(32);
        self.ask_after.d.next.price = self.ask_now.val().get_bits::<32>(0);
        self.ask_after.d.next.quantity = self.ask_now.val().get_bits::<32>(32);
        self.swept.next = self.following.val();
        self.swept.next.instrument = self.sweep.val().get_bits::<4>(0);
        self.swept.next.add = false;
        self.swept.next.remove = false;
        if self.reset.val() {
            self.short_valid.d.next = false;
            self.turn_valid.d.next = false;
            self.rested.d.next = false;
            self.free.d.next = true;
            self.keeps.d.next = false;
            self.owed.d.next = 0.into();
            self.owes.d.next = false;
            self.commits.d.next = false;
            self.overflows.d.next = false;
            // The sweep goes through the turn, which finds nothing there and leaves nothing.
            self.turn.d.next = self.swept.val();
            self.bids.write.next = true;
            self.asks.write.next = true;
        }
        self.row.next = (bit_cast::<5, 1>(self.now.val().bank.into()) << 4) | bit_cast::<5, 4>(self.now.val().instrument);
        self.committed.next = self.record.q.val();
        self.bid.next = self.bid_after.q.val();
        self.ask.next = self.ask_after.q.val();
        self.valid.next = self.commits.q.val();
    }
}
