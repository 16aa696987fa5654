//! Top of book: every operation takes effect here, in order, at most one in two cycles.
//!
//! In: resolved operations; those that need no look-up; the tournament's roots. Out: `committed` with both
//! tops of its instrument, one cycle after the commit K.
//! Why: an operation that leaves the top in place is a compare and an add; one that empties it waits for its
//! root, and what comes behind waits in a queue, so tops are exact for every operation.
//! Holds: operations leave in the order in which they came. Tops are read in the cycle before the commit;
//! commits are two cycles apart, so that read is never stale.
use crate::{bundle::*, konst::Konst, memory::LookupMemory, queue::Queue};
use riposte_map::{limits, reason::Reason, wire::itch};
use rust_hdl::prelude::*;

const _: () = assert!(limits::COMMIT_QUEUE == 1 << 3);

#[derive(LogicBlock, Default)]
pub struct Commit {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub sweep: Signal<In, Bits<9>>,
    /// An operation without look-up, in its issue cycle.
    pub light: Signal<In, bool>,
    pub light_operation: Signal<In, Operation>,
    pub resolved: Signal<In, Resolved>,
    pub resolved_valid: Signal<In, bool>,
    pub root: Signal<In, Slot>,
    pub root_tag: Signal<In, Bits<5>>,
    pub root_valid: Signal<In, bool>,
    pub committed: Signal<Out, Committed>,
    pub bid: Signal<Out, Top>,
    pub ask: Signal<Out, Top>,
    pub valid: Signal<Out, bool>,
    waiting: Queue<Resolved, 3, 4>,
    bids: LookupMemory<Bits<64>, 4>,
    asks: LookupMemory<Bits<64>, 4>,
    roots: LookupMemory<Bits<64>, 5>,
    // The operation whose turn it is, with the tops of its instrument and its root.
    turn: DFF<Resolved>,
    turn_valid: DFF<bool>,
    own_before: DFF<Bits<64>>,
    other_before: DFF<Bits<64>>,
    /// Quarters of the own top's price that equal the operation's.
    same: DFF<Bits<4>>,
    root_ready: DFF<bool>,
    root_found: DFF<Bits<64>>,
    rested: DFF<bool>,
    done: DFF<Bits<32>>,
    record: DFF<Committed>,
    bid_after: DFF<Top>,
    ask_after: DFF<Top>,
    commits: DFF<bool>,
    light_now: Signal<Local, Resolved>,
    arriving: Signal<Local, Resolved>,
    arrives: Signal<Local, bool>,
    take: Signal<Local, bool>,
    free: Signal<Local, bool>,
    may_have_root: Signal<Local, bool>,
    following: Signal<Local, Resolved>,
    ahead_instrument: Signal<Local, Bits<4>>,
    root_bits: Signal<Local, Bits<64>>,
    turn_tag: Signal<Local, Bits<5>>,
    entering: Signal<Local, Bits<32>>,
    leaving: Signal<Local, Bits<32>>,
    price: Signal<Local, Bits<32>>,
    quantity: Signal<Local, Bits<32>>,
    empty: Signal<Local, bool>,
    equal: Signal<Local, bool>,
    above: Signal<Local, bool>,
    below: Signal<Local, bool>,
    replaces: Signal<Local, bool>,
    price_new: Signal<Local, Bits<32>>,
    quantity_new: Signal<Local, Bits<32>>,
    quantity_kept: Signal<Local, Bits<32>>,
    grown: Signal<Local, Bits<32>>,
    own_after: Signal<Local, Bits<64>>,
    ahead_sell: Signal<Local, bool>,
    ahead_price: Signal<Local, Bits<32>>,
    read_price: Signal<Local, Bits<32>>,
    part: [Signal<Local, Bits<4>>; 4],
    sum: Signal<Local, Bits<33>>,
    difference: Signal<Local, Bits<32>>,
    empties: Signal<Local, bool>,
    slow: Signal<Local, bool>,
    price_after: Signal<Local, Bits<32>>,
    quantity_after: Signal<Local, Bits<32>>,
    bid_now: Signal<Local, Bits<64>>,
    ask_now: Signal<Local, Bits<64>>,
    k_full: Konst<32, 0xffff_ffff>,
    k_bit: Konst<32, 1>,
    k_trading: Konst<8, { itch::STATE_TRADING as u64 }>,
    r_none: Konst<8, { Reason::None as u64 }>,
}

impl Logic for Commit {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, turn, turn_valid, own_before, other_before, same, root_ready, root_found, rested, done, record, bid_after,
            ask_after, commits
        );
        clock!(self, clock, waiting, bids, asks, roots);
        self.waiting.reset.next = self.reset.val();
        // ---- what arrives: an operation without look-up in its issue cycle, or a resolved one
        self.light_now.next.tag = self.light_operation.val().tag;
        self.light_now.next.instrument = self.light_operation.val().instrument;
        self.light_now.next.bank = self.light_operation.val().bank;
        self.light_now.next.reason = self.r_none.val();
        self.light_now.next.add = false;
        self.light_now.next.remove = false;
        self.light_now.next.looked_up = false;
        self.light_now.next.evaluated = true;
        self.light_now.next.action = self.light_operation.val().action;
        self.light_now.next.trade = self.light_operation.val().trade;
        self.light_now.next.mark = self.light_operation.val().mark;
        self.light_now.next.sell = false;
        self.light_now.next.level_price = self.light_operation.val().price;
        self.light_now.next.price = self.light_operation.val().price;
        self.light_now.next.shares = self.light_operation.val().shares;
        self.arriving.next = self.resolved.val();
        if self.light.val() {
            self.arriving.next = self.light_now.val();
        }
        self.arrives.next = self.resolved_valid.val() | self.light.val();
        // ---- what it does to its side's top
        self.price.next = self.own_before.q.val().get_bits::<32>(0);
        self.quantity.next = self.own_before.q.val().get_bits::<32>(32);
        self.empty.next = self.quantity.val() == 0;
        self.above.next = self.turn.q.val().level_price > self.price.val();
        self.below.next = self.turn.q.val().level_price < self.price.val();
        self.equal.next = !self.empty.val() & (self.same.q.val() == 0xf);
        self.sum.next = bit_cast::<33, 32>(self.quantity.val()) + bit_cast::<33, 32>(self.turn.q.val().shares);
        self.grown.next = self.sum.val().get_bits::<32>(0);
        if self.sum.val().get_bit(32) {
            self.grown.next = self.k_full.val();
        }
        self.difference.next = self.quantity.val() - self.turn.q.val().shares;
        self.empties.next = self.turn.q.val().shares >= self.quantity.val();
        self.slow.next = self.turn.q.val().remove & self.equal.val() & self.empties.val();
        // An add that beats the top replaces it with itself, a removal of all that is there with its root; else the
        // top's quantity changes, or nothing.
        self.replaces.next = self.slow.val();
        self.price_new.next = self.root_found.q.val().get_bits::<32>(32);
        self.quantity_new.next = self.root_found.q.val().get_bits::<32>(0);
        self.quantity_kept.next = self.quantity.val();
        if self.equal.val() & self.turn.q.val().remove {
            self.quantity_kept.next = self.difference.val();
        }
        if self.turn.q.val().add {
            self.replaces.next = self.empty.val()
                | (self.above.val() & !self.turn.q.val().sell)
                | (self.below.val() & self.turn.q.val().sell);
            self.price_new.next = self.turn.q.val().level_price;
            self.quantity_new.next = self.turn.q.val().shares;
            if self.equal.val() {
                self.quantity_kept.next = self.grown.val();
            }
        }
        self.price_after.next = self.price.val();
        self.quantity_after.next = self.quantity_kept.val();
        if self.replaces.val() {
            self.price_after.next = self.price_new.val();
            self.quantity_after.next = self.quantity_new.val();
        }
        self.own_after.next = (bit_cast::<64, 32>(self.quantity_after.val()) << 32)
            | bit_cast::<64, 32>(self.price_after.val());
        self.bid_now.next = self.own_after.val();
        self.ask_now.next = self.other_before.q.val();
        if self.turn.q.val().sell {
            self.bid_now.next = self.other_before.q.val();
            self.ask_now.next = self.own_after.val();
        }
        self.take.next =
            self.turn_valid.q.val() & !self.rested.q.val() & (!self.slow.val() | self.root_ready.q.val());
        self.rested.d.next = self.take.val();
        // ---- whose turn is next: the turn passes on in the cycle behind a commit; what arrives meanwhile waits in order
        self.free.next = self.rested.q.val() | !self.turn_valid.q.val();
        self.following.next = self.waiting.head.val();
        if self.waiting.empty.val() {
            self.following.next = self.arriving.val();
        }
        self.waiting.push.next = self.arrives.val() & !(self.free.val() & self.waiting.empty.val());
        self.waiting.data.next = self.arriving.val();
        self.waiting.pop.next = self.free.val();
        if self.free.val() {
            self.turn_valid.d.next = self.arrives.val() | !self.waiting.empty.val();
            self.turn.d.next = self.following.val();
        }
        self.bids.write.next = self.take.val() & !self.turn.q.val().sell;
        self.bids.write_address.next = self.turn.q.val().instrument;
        self.bids.write_data.next = self.own_after.val();
        self.asks.write.next = self.take.val() & self.turn.q.val().sell;
        self.asks.write_address.next = self.turn.q.val().instrument;
        self.asks.write_data.next = self.own_after.val();
        // ---- its tops and its root: read while it has the turn and cannot go, or as the turn passes to it
        self.ahead_instrument.next = self.turn.q.val().instrument;
        self.ahead_sell.next = self.turn.q.val().sell;
        self.ahead_price.next = self.turn.q.val().level_price;
        if self.free.val() {
            self.ahead_instrument.next = self.following.val().instrument;
            self.ahead_sell.next = self.following.val().sell;
            self.ahead_price.next = self.following.val().level_price;
        }
        self.turn_tag.next = self.turn.q.val().tag;
        // One that arrives in this cycle cannot have its root, whatever its tag's last user left.
        self.may_have_root.next = true;
        if self.free.val() {
            self.turn_tag.next = self.following.val().tag;
            self.may_have_root.next = !self.waiting.empty.val();
        }
        self.bids.read_address.next = self.ahead_instrument.val();
        self.asks.read_address.next = self.ahead_instrument.val();
        self.own_before.d.next = self.bids.read_data.val();
        self.other_before.d.next = self.asks.read_data.val();
        if self.ahead_sell.val() {
            self.own_before.d.next = self.asks.read_data.val();
            self.other_before.d.next = self.bids.read_data.val();
        }
        // An empty side is price 0, quantity 0.
        // The own top's price is compared in parts as it is read.
        self.read_price.next = self.bids.read_data.val().get_bits::<32>(0);
        if self.ahead_sell.val() {
            self.read_price.next = self.asks.read_data.val().get_bits::<32>(0);
        }
        for i in 0..4 {
            self.part[i].next = 0.into();
            if self.read_price.val().get_bits::<8>(i * 8) == self.ahead_price.val().get_bits::<8>(i * 8) {
                self.part[i].next = 1.into();
            }
        }
        self.same.d.next =
            self.part[0].val() | (self.part[1].val() << 1) | (self.part[2].val() << 2) | (self.part[3].val() << 3);
        self.root_bits.next = 0.into();
        if self.root.val().used {
            self.root_bits.next =
                (bit_cast::<64, 32>(self.root.val().key) << 32) | bit_cast::<64, 32>(self.root.val().quantity);
        }
        self.roots.write.next = self.root_valid.val();
        self.roots.write_address.next = self.root_tag.val();
        self.roots.write_data.next = self.root_bits.val();
        self.roots.read_address.next = self.turn_tag.val();
        self.root_found.d.next = self.roots.read_data.val();
        self.root_ready.d.next = self.may_have_root.val() & self.done.q.val().get_bit(self.turn_tag.val().index());
        if self.root_valid.val() & (self.root_tag.val() == self.turn_tag.val()) {
            self.root_found.d.next = self.root_bits.val();
            self.root_ready.d.next = self.may_have_root.val();
        }
        // A tag's root is there from its end of the tournament until the tag enters again.
        self.leaving.next = 0.into();
        if self.resolved_valid.val() {
            self.leaving.next = self.k_bit.val() << bit_cast::<32, 5>(self.resolved.val().tag);
        }
        self.entering.next = 0.into();
        if self.root_valid.val() {
            self.entering.next = self.k_bit.val() << bit_cast::<32, 5>(self.root_tag.val());
        }
        self.done.d.next = (self.done.q.val() | self.entering.val()) & (!self.leaving.val());
        // ---- out
        self.commits.d.next = self.take.val();
        self.record.d.next.tag = self.turn.q.val().tag;
        self.record.d.next.instrument = self.turn.q.val().instrument;
        self.record.d.next.bank = self.turn.q.val().bank;
        self.record.d.next.reason = self.turn.q.val().reason;
        self.record.d.next.looked_up = self.turn.q.val().looked_up;
        self.record.d.next.evaluated = self.turn.q.val().evaluated;
        self.record.d.next.action = self.turn.q.val().action;
        self.record.d.next.trading = self.turn.q.val().mark == self.k_trading.val();
        self.record.d.next.trade = self.turn.q.val().trade;
        self.record.d.next.price = self.turn.q.val().price;
        self.record.d.next.shares = self.turn.q.val().shares;
        self.bid_after.d.next.price = self.bid_now.val().get_bits::<32>(0);
        self.bid_after.d.next.quantity = self.bid_now.val().get_bits::<32>(32);
        self.ask_after.d.next.price = self.ask_now.val().get_bits::<32>(0);
        self.ask_after.d.next.quantity = self.ask_now.val().get_bits::<32>(32);
        if self.reset.val() {
            self.turn_valid.d.next = false;
            self.rested.d.next = false;
            self.commits.d.next = false;
            self.bids.write.next = true;
            self.bids.write_address.next = self.sweep.val().get_bits::<4>(0);
            self.bids.write_data.next = 0.into();
            self.asks.write.next = true;
            self.asks.write_address.next = self.sweep.val().get_bits::<4>(0);
            self.asks.write_data.next = 0.into();
        }
        self.committed.next = self.record.q.val();
        self.bid.next = self.bid_after.q.val();
        self.ask.next = self.ask_after.q.val();
        self.valid.next = self.commits.q.val();
    }
}
