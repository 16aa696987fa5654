//! Order table: reference to live order, two banks of hashed buckets of eight slots.
//!
//! In: an operation (cycle i). Out: four cycles later `resolved`: the level it acts on, its shares, or why it
//! may not act. Why: a BRAM read, a 64-bit match, a choice of slot and a 32-bit check take a cycle each.
//! Holds: an operation sees every earlier one, also the one whose write is still under way (at most one is:
//! operations are two cycles apart); a failed operation writes nothing. `sweep` clears the table in reset.
//! Not here: levels and tops.
use crate::{bundle::*, konst::Konst, memory::BlockMemory};
use riposte_map::{reason::Reason, wire::itch};
use rust_hdl::prelude::*;

/// What is kept of an order: shares, price, instrument, side; its reference; whether there is one.
const SLOT_BITS: usize = 134;
const PAYLOAD_BITS: usize = 69;

/// One slot of every bucket of a bank.
#[derive(LogicBlock, Default)]
pub struct OrderWay {
    pub clock: Signal<In, Clock>,
    pub read_address: Signal<In, Bits<9>>,
    pub write_address: Signal<In, Bits<9>>,
    pub write: Signal<In, bool>,
    pub write_data: Signal<In, Bits<SLOT_BITS>>,
    /// Reference to look for, one cycle after `read_address`.
    pub reference: Signal<In, Bits<64>>,
    /// Two cycles after `read_address`.
    pub hit: Signal<Out, bool>,
    pub used: Signal<Out, bool>,
    pub payload: Signal<Out, Bits<PAYLOAD_BITS>>,
    /// This slot was written as it was read, so the memory's answer is nothing, and this is in it: an order or none,
    /// of that reference or another.
    pub met: Signal<In, bool>,
    pub met_payload: Signal<In, Bits<PAYLOAD_BITS>>,
    pub met_lives: Signal<In, bool>,
    pub met_matches: Signal<In, bool>,
    cells: BlockMemory<SLOT_BITS, 9, false>,
    // The match in parts, joined a cycle later.
    equal: DFF<Bits<7>>,
    met_hit: DFF<bool>,
    lives: DFF<bool>,
    found: DFF<Bits<PAYLOAD_BITS>>,
    stored: Signal<Local, Bits<64>>,
    rest: Signal<Local, Bits<56>>,
    wanted: Signal<Local, Bits<56>>,
    part: [Signal<Local, Bits<7>>; 7],
    first: Signal<Local, Bits<7>>,
}

impl Logic for OrderWay {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, equal, met_hit, lives, found);
        self.cells.clock.next = self.clock.val();
        self.cells.read_address.next = self.read_address.val();
        self.cells.write_address.next = self.write_address.val();
        self.cells.write.next = self.write.val();
        self.cells.write_data.next = self.write_data.val();
        // Bits 36 to 44 enter both hashes as they are: in a bucket all else tells them.
        self.stored.next = self.cells.read_data.val().get_bits::<64>(69);
        self.rest.next = (bit_cast::<56, 19>(self.stored.val().get_bits::<19>(45)) << 36)
            | bit_cast::<56, 36>(self.stored.val().get_bits::<36>(0));
        self.wanted.next = (bit_cast::<56, 19>(self.reference.val().get_bits::<19>(45)) << 36)
            | bit_cast::<56, 36>(self.reference.val().get_bits::<36>(0));
        for i in 0..7 {
            self.part[i].next = 0.into();
            if self.rest.val().get_bits::<8>(i * 8) == self.wanted.val().get_bits::<8>(i * 8) {
                self.part[i].next = 1.into();
            }
        }
        self.first.next = self.part[0].val();
        self.lives.d.next = self.cells.read_data.val().get_bit(133);
        self.found.d.next = self.cells.read_data.val().get_bits::<PAYLOAD_BITS>(0);
        if self.met.val() {
            self.first.next = 0.into();
            self.lives.d.next = self.met_lives.val();
            self.found.d.next = self.met_payload.val();
        }
        self.equal.d.next = self.first.val()
            | (self.part[1].val() << 1)
            | (self.part[2].val() << 2)
            | (self.part[3].val() << 3)
            | (self.part[4].val() << 4)
            | (self.part[5].val() << 5)
            | (self.part[6].val() << 6);
        self.met_hit.d.next = self.met.val() & self.met_matches.val() & self.met_lives.val();
        self.hit.next = (self.lives.q.val() & (self.equal.q.val() == 0x7f)) | self.met_hit.q.val();
        self.used.next = self.lives.q.val();
        self.payload.next = self.found.q.val();
    }
}

#[derive(LogicBlock, Default)]
pub struct Orders {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub sweep: Signal<In, Bits<9>>,
    pub issue: Signal<In, bool>,
    pub operation: Signal<In, Operation>,
    /// Where its reference lives in either bank.
    pub bucket0: Signal<In, Bits<9>>,
    pub bucket1: Signal<In, Bits<9>>,
    pub resolved: Signal<Out, Resolved>,
    pub valid: Signal<Out, bool>,
    ways: [OrderWay; 16],
    valid1: DFF<bool>,
    operation1: DFF<Operation>,
    bucket0_1: DFF<Bits<9>>,
    bucket1_1: DFF<Bits<9>>,
    valid2: DFF<bool>,
    operation2: DFF<Operation>,
    bucket0_2: DFF<Bits<9>>,
    bucket1_2: DFF<Bits<9>>,
    same_reference2: DFF<bool>,
    same_bucket0_2: DFF<bool>,
    same_bucket1_2: DFF<bool>,
    valid3: DFF<bool>,
    operation3: DFF<Operation>,
    bucket0_3: DFF<Bits<9>>,
    bucket1_3: DFF<Bits<9>>,
    live3: DFF<bool>,
    room3: DFF<bool>,
    slot3: DFF<Bits<16>>,
    payload3: DFF<Bits<PAYLOAD_BITS>>,
    marked_sell3: DFF<bool>,
    bad3: DFF<bool>,
    resolved4: DFF<Resolved>,
    valid4: DFF<bool>,
    // What the last operation wrote, if anything.
    wrote: DFF<bool>,
    wrote_slot: DFF<Bits<16>>,
    wrote_payload: DFF<Bits<PAYLOAD_BITS>>,
    /// Nothing is left of the order.
    wrote_empties: DFF<bool>,
    // What is written in this cycle, and what was in the last.
    written: DFF<Bits<16>>,
    written_bucket0: DFF<Bits<9>>,
    written_bucket1: DFF<Bits<9>>,
    // Complements: the other half of a bank counts its buckets from the end, so that no wire goes to all of it.
    written_mirror0: DFF<Bits<9>>,
    written_mirror1: DFF<Bits<9>>,
    written_bits: DFF<Bits<SLOT_BITS>>,
    met_slot: DFF<Bits<16>>,
    met_bucket0: DFF<Bits<9>>,
    met_bucket1: DFF<Bits<9>>,
    met_bits: DFF<Bits<SLOT_BITS>>,
    last_reference: DFF<Bits<64>>,
    last_bucket0: DFF<Bits<9>>,
    last_bucket1: DFF<Bits<9>>,
    first_sell: DFF<bool>,
    first_failed: DFF<bool>,
    masked: [Signal<Local, Bits<PAYLOAD_BITS>>; 16],
    hits: [Signal<Local, Bits<16>>; 16],
    uses: [Signal<Local, Bits<16>>; 16],
    hit: Signal<Local, Bits<16>>,
    used_read: Signal<Local, Bits<16>>,
    overlay: Signal<Local, Bits<16>>,
    used: Signal<Local, Bits<16>>,
    met0: Signal<Local, bool>,
    met1: Signal<Local, bool>,
    met_matches: Signal<Local, bool>,
    forward: Signal<Local, bool>,
    free0: Signal<Local, Bits<8>>,
    free1: Signal<Local, Bits<8>>,
    pick0: Signal<Local, Bits<8>>,
    pick1: Signal<Local, Bits<8>>,
    load0: Signal<Local, Bits<4>>,
    load1: Signal<Local, Bits<4>>,
    open: Signal<Local, Bits<32>>,
    order_price: Signal<Local, Bits<32>>,
    order_instrument: Signal<Local, Bits<4>>,
    order_sell: Signal<Local, bool>,
    sell: Signal<Local, bool>,
    over: Signal<Local, bool>,
    foreign: Signal<Local, bool>,
    acts: Signal<Local, bool>,
    shares: Signal<Local, Bits<32>>,
    left: Signal<Local, Bits<32>>,
    reason: Signal<Local, Bits<8>>,
    silent: Signal<Local, bool>,
    writes: Signal<Local, bool>,
    after: Signal<Local, Bits<PAYLOAD_BITS>>,
    empties: Signal<Local, bool>,
    lives: Signal<Local, bool>,
    write_bits: Signal<Local, Bits<SLOT_BITS>>,
    result: Signal<Local, Resolved>,
    k_one: Konst<16, 1>,
    k_buy: Konst<8, { itch::SIDE_BUY as u64 }>,
    k_sell: Konst<8, { itch::SIDE_SELL as u64 }>,
    r_none: Konst<8, { Reason::None as u64 }>,
    r_unknown: Konst<8, { Reason::UnknownReference as u64 }>,
    r_duplicate: Konst<8, { Reason::DuplicateReference as u64 }>,
    r_overflow: Konst<8, { Reason::OrderOverflow as u64 }>,
    r_over: Konst<8, { Reason::OverExecution as u64 }>,
    r_bad: Konst<8, { Reason::BadOrder as u64 }>,
}

impl Logic for Orders {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, valid1, operation1, bucket0_1, bucket1_1, valid2, operation2, bucket0_2, bucket1_2,
            same_reference2, same_bucket0_2, same_bucket1_2, valid3, operation3, bucket0_3, bucket1_3,
            live3, room3, slot3, payload3, marked_sell3, bad3, resolved4, valid4, wrote, wrote_slot,
            wrote_payload, wrote_empties, written, written_bucket0, written_bucket1, written_mirror0, written_mirror1,
            written_bits, met_slot, met_bucket0, met_bucket1, met_bits,
            last_reference, last_bucket0, last_bucket1, first_sell, first_failed
        );
        // ---- i: the buckets are read
        self.valid1.d.next = self.issue.val();
        self.operation1.d.next = self.operation.val();
        self.bucket0_1.d.next = self.bucket0.val();
        self.bucket1_1.d.next = self.bucket1.val();
        // ---- i + 1: the slots match; is the last operation in the way?
        self.valid2.d.next = self.valid1.q.val();
        self.operation2.d.next = self.operation1.q.val();
        self.bucket0_2.d.next = self.bucket0_1.q.val();
        self.bucket1_2.d.next = self.bucket1_1.q.val();
        // What is written goes through a register on its way to the memories, so that it may meet the reading of the
        // operation behind the next.
        self.met0.next = self.bucket0_1.q.val() == self.met_bucket0.q.val();
        self.met1.next = self.bucket1_1.q.val() == self.met_bucket1.q.val();
        self.met_matches.next =
            self.met_bits.q.val().get_bits::<64>(69) == self.operation1.q.val().reference;
        self.same_reference2.d.next = self.operation1.q.val().reference == self.last_reference.q.val();
        self.same_bucket0_2.d.next = self.bucket0_1.q.val() == self.last_bucket0.q.val();
        self.same_bucket1_2.d.next = self.bucket1_1.q.val() == self.last_bucket1.q.val();
        // ---- i + 2: the order, or a free slot in the emptier bucket
        for i in 0..16 {
            self.hits[i].next = 0.into();
            self.uses[i].next = 0.into();
            self.masked[i].next = 0.into();
            if self.ways[i].hit.val() {
                self.hits[i].next = self.k_one.val() << i.to_bits::<16>();
                self.masked[i].next = self.ways[i].payload.val();
            }
            if self.ways[i].used.val() {
                self.uses[i].next = self.k_one.val() << i.to_bits::<16>();
            }
        }
        self.hit.next = (self.hits[0].val() | self.hits[1].val() | self.hits[2].val() | self.hits[3].val())
            | (self.hits[4].val() | self.hits[5].val() | self.hits[6].val() | self.hits[7].val())
            | (self.hits[8].val() | self.hits[9].val() | self.hits[10].val() | self.hits[11].val())
            | (self.hits[12].val() | self.hits[13].val() | self.hits[14].val() | self.hits[15].val());
        self.used_read.next = (self.uses[0].val() | self.uses[1].val() | self.uses[2].val() | self.uses[3].val())
            | (self.uses[4].val() | self.uses[5].val() | self.uses[6].val() | self.uses[7].val())
            | (self.uses[8].val() | self.uses[9].val() | self.uses[10].val() | self.uses[11].val())
            | (self.uses[12].val() | self.uses[13].val() | self.uses[14].val() | self.uses[15].val());
        self.overlay.next = 0.into();
        if self.wrote.q.val() {
            if self.same_bucket0_2.q.val() {
                self.overlay.next = self.wrote_slot.q.val() & 0x00ff;
            }
            if self.same_bucket1_2.q.val() {
                self.overlay.next = self.wrote_slot.q.val() & 0xff00;
            }
            if self.same_bucket0_2.q.val() & self.same_bucket1_2.q.val() {
                self.overlay.next = self.wrote_slot.q.val();
            }
        }
        self.used.next = self.used_read.val() | self.overlay.val();
        if self.wrote_empties.q.val() {
            self.used.next = self.used_read.val() & (!self.overlay.val());
        }
        self.forward.next = self.wrote.q.val() & self.same_reference2.q.val();
        self.live3.d.next = self.hit.val() != 0;
        self.slot3.d.next = self.hit.val();
        self.payload3.d.next = (self.masked[0].val() | self.masked[1].val() | self.masked[2].val() | self.masked[3].val())
            | (self.masked[4].val() | self.masked[5].val() | self.masked[6].val() | self.masked[7].val())
            | (self.masked[8].val() | self.masked[9].val() | self.masked[10].val() | self.masked[11].val())
            | (self.masked[12].val() | self.masked[13].val() | self.masked[14].val() | self.masked[15].val());
        if self.forward.val() {
            self.live3.d.next = !self.wrote_empties.q.val();
            self.slot3.d.next = self.wrote_slot.q.val();
            self.payload3.d.next = self.wrote_payload.q.val();
        }
        self.free0.next = !self.used.val().get_bits::<8>(0);
        self.free1.next = !self.used.val().get_bits::<8>(8);
        self.pick0.next = self.free0.val() & ((!self.free0.val()) + 1);
        self.pick1.next = self.free1.val() & ((!self.free1.val()) + 1);
        self.load0.next = bit_cast::<4, 1>(self.used.val().get_bits::<1>(0))
            + bit_cast::<4, 1>(self.used.val().get_bits::<1>(1))
            + bit_cast::<4, 1>(self.used.val().get_bits::<1>(2))
            + bit_cast::<4, 1>(self.used.val().get_bits::<1>(3))
            + bit_cast::<4, 1>(self.used.val().get_bits::<1>(4))
            + bit_cast::<4, 1>(self.used.val().get_bits::<1>(5))
            + bit_cast::<4, 1>(self.used.val().get_bits::<1>(6))
            + bit_cast::<4, 1>(self.used.val().get_bits::<1>(7));
        self.load1.next = bit_cast::<4, 1>(self.used.val().get_bits::<1>(8))
            + bit_cast::<4, 1>(self.used.val().get_bits::<1>(9))
            + bit_cast::<4, 1>(self.used.val().get_bits::<1>(10))
            + bit_cast::<4, 1>(self.used.val().get_bits::<1>(11))
            + bit_cast::<4, 1>(self.used.val().get_bits::<1>(12))
            + bit_cast::<4, 1>(self.used.val().get_bits::<1>(13))
            + bit_cast::<4, 1>(self.used.val().get_bits::<1>(14))
            + bit_cast::<4, 1>(self.used.val().get_bits::<1>(15));
        self.room3.d.next = (self.free0.val() != 0) | (self.free1.val() != 0);
        if self.operation2.q.val().add {
            self.slot3.d.next = bit_cast::<16, 8>(self.pick0.val());
            if self.load1.val() < self.load0.val() {
                self.slot3.d.next = bit_cast::<16, 8>(self.pick1.val()) << 8;
            }
        }
        self.valid3.d.next = self.valid2.q.val();
        self.operation3.d.next = self.operation2.q.val();
        self.marked_sell3.d.next = self.operation2.q.val().mark == self.k_sell.val();
        self.bad3.d.next = (self.operation2.q.val().shares == 0)
            | (!self.operation2.q.val().second
                & (self.operation2.q.val().mark != self.k_sell.val())
                & (self.operation2.q.val().mark != self.k_buy.val()));
        self.bucket0_3.d.next = self.bucket0_2.q.val();
        self.bucket1_3.d.next = self.bucket1_2.q.val();
        // ---- i + 3: may it act? what is left?
        self.open.next = self.payload3.q.val().get_bits::<32>(0);
        self.order_price.next = self.payload3.q.val().get_bits::<32>(32);
        self.order_instrument.next = self.payload3.q.val().get_bits::<4>(64);
        self.order_sell.next = self.payload3.q.val().get_bit(68);
        self.sell.next = self.marked_sell3.q.val();
        if self.operation3.q.val().second {
            self.sell.next = self.first_sell.q.val();
        }
        self.over.next =
            !self.operation3.q.val().whole & (self.operation3.q.val().shares > self.open.val());
        self.foreign.next = self.order_instrument.val() != self.operation3.q.val().instrument;
        self.shares.next = self.operation3.q.val().shares;
        self.left.next = self.open.val() - self.operation3.q.val().shares;
        if self.operation3.q.val().whole {
            self.shares.next = self.open.val();
            self.left.next = 0.into();
        }
        self.silent.next =
            self.operation3.q.val().light | (self.operation3.q.val().second & self.first_failed.q.val());
        self.reason.next = self.r_none.val();
        if self.operation3.q.val().add {
            if !self.room3.q.val() {
                self.reason.next = self.r_overflow.val();
            }
            if self.bad3.q.val() {
                self.reason.next = self.r_bad.val();
            }
            if self.live3.q.val() {
                self.reason.next = self.r_duplicate.val();
            }
        } else {
            if self.over.val() {
                self.reason.next = self.r_over.val();
            }
            if !self.live3.q.val() | self.foreign.val() {
                self.reason.next = self.r_unknown.val();
            }
        }
        if self.silent.val() {
            self.reason.next = self.r_none.val();
        }
        // As the reason says, without waiting for it.
        self.acts.next = !self.silent.val()
            & ((self.operation3.q.val().add & self.room3.q.val() & !self.bad3.q.val() & !self.live3.q.val())
                | (self.operation3.q.val().remove & self.live3.q.val() & !self.foreign.val() & !self.over.val()));
        self.writes.next = self.valid3.q.val() & self.acts.val();
        self.after.next = bit_cast::<PAYLOAD_BITS, 32>(self.operation3.q.val().shares)
            | (bit_cast::<PAYLOAD_BITS, 32>(self.operation3.q.val().price) << 32)
            | (bit_cast::<PAYLOAD_BITS, 4>(self.operation3.q.val().instrument) << 64)
            | (bit_cast::<PAYLOAD_BITS, 1>(self.sell.val().into()) << 68);
        if self.operation3.q.val().remove {
            self.after.next = (bit_cast::<PAYLOAD_BITS, 37>(self.payload3.q.val().get_bits::<37>(32)) << 32)
                | bit_cast::<PAYLOAD_BITS, 32>(self.left.val());
        }
        self.empties.next = self.operation3.q.val().remove
            & (self.operation3.q.val().whole | (self.operation3.q.val().shares == self.open.val()));
        self.lives.next = !self.empties.val();
        self.write_bits.next = bit_cast::<SLOT_BITS, PAYLOAD_BITS>(self.after.val())
            | (bit_cast::<SLOT_BITS, 64>(self.operation3.q.val().reference) << 69)
            | (bit_cast::<SLOT_BITS, 1>(self.lives.val().into()) << 133);
        if self.valid3.q.val() {
            self.wrote.d.next = self.writes.val();
            self.wrote_slot.d.next = self.slot3.q.val();
            self.wrote_payload.d.next = self.after.val();
            self.wrote_empties.d.next = self.empties.val();
            self.first_sell.d.next = self.order_sell.val();
            self.first_failed.d.next = !self.writes.val();
        }
        if self.valid1.q.val() {
            self.last_reference.d.next = self.operation1.q.val().reference;
            self.last_bucket0.d.next = self.bucket0_1.q.val();
            self.last_bucket1.d.next = self.bucket1_1.q.val();
        }
        self.written.d.next = 0.into();
        if self.writes.val() {
            self.written.d.next = self.slot3.q.val();
        }
        self.written_bucket0.d.next = self.bucket0_3.q.val();
        self.written_bucket1.d.next = self.bucket1_3.q.val();
        self.written_mirror0.d.next = !self.bucket0_3.q.val();
        self.written_mirror1.d.next = !self.bucket1_3.q.val();
        self.written_bits.d.next = self.write_bits.val();
        self.met_slot.d.next = self.written.q.val();
        self.met_bucket0.d.next = self.written_bucket0.q.val();
        self.met_bucket1.d.next = self.written_bucket1.q.val();
        self.met_bits.d.next = self.written_bits.q.val();
        for i in 0..8 {
            self.ways[i].met.next = self.met0.val() & self.met_slot.q.val().get_bit(i);
            self.ways[i + 8].met.next = self.met1.val() & self.met_slot.q.val().get_bit(i + 8);
        }
        for i in 0..4 {
            self.ways[i].read_address.next = self.bucket0.val();
            self.ways[i].write_address.next = self.written_bucket0.q.val();
            self.ways[i + 4].read_address.next = !self.bucket0.val();
            self.ways[i + 4].write_address.next = self.written_mirror0.q.val();
            self.ways[i + 8].read_address.next = self.bucket1.val();
            self.ways[i + 8].write_address.next = self.written_bucket1.q.val();
            self.ways[i + 12].read_address.next = !self.bucket1.val();
            self.ways[i + 12].write_address.next = self.written_mirror1.q.val();
        }
        for i in 0..16 {
            self.ways[i].clock.next = self.clock.val();
            self.ways[i].reference.next = self.operation1.q.val().reference;
            self.ways[i].met_payload.next = self.met_bits.q.val().get_bits::<PAYLOAD_BITS>(0);
            self.ways[i].met_lives.next = self.met_bits.q.val().get_bit(133);
            self.ways[i].met_matches.next = self.met_matches.val();
            self.ways[i].write.next = self.written.q.val().get_bit(i);
            self.ways[i].write_data.next = self.written_bits.q.val();
        }
        if self.reset.val() {
            self.valid1.d.next = false;
            self.valid2.d.next = false;
            self.valid3.d.next = false;
            self.wrote.d.next = false;
            // The sweep goes through the registers of what is written.
            self.written.d.next = 0xffff.into();
            self.written_bucket0.d.next = self.sweep.val();
            self.written_bucket1.d.next = self.sweep.val();
            self.written_mirror0.d.next = self.sweep.val();
            self.written_mirror1.d.next = self.sweep.val();
            self.written_bits.d.next = 0.into();
        }
        self.result.next.tag = self.operation3.q.val().tag;
        self.result.next.instrument = self.operation3.q.val().instrument;
        self.result.next.bank = self.operation3.q.val().bank;
        self.result.next.reason = self.reason.val();
        self.result.next.add = self.operation3.q.val().add & self.acts.val();
        self.result.next.remove = self.operation3.q.val().remove & self.acts.val();
        self.result.next.looked_up = !self.operation3.q.val().light;
        self.result.next.early = self.operation3.q.val().early;
        self.result.next.evaluated = self.operation3.q.val().evaluated;
        self.result.next.action = self.operation3.q.val().action;
        self.result.next.trade = self.operation3.q.val().trade;
        self.result.next.mark = self.operation3.q.val().mark;
        self.result.next.sell = self.sell.val();
        self.result.next.level_price = self.operation3.q.val().price;
        self.result.next.price = self.operation3.q.val().price;
        self.result.next.shares = self.shares.val();
        if self.operation3.q.val().remove {
            self.result.next.sell = self.order_sell.val();
            self.result.next.level_price = self.order_price.val();
            if !self.operation3.q.val().own_price {
                self.result.next.price = self.order_price.val();
            }
        }
        self.resolved4.d.next = self.result.val();
        self.valid4.d.next = self.valid3.q.val() & !self.reset.val();
        self.resolved.next = self.resolved4.q.val();
        self.valid.next = self.valid4.q.val();
    }
}
