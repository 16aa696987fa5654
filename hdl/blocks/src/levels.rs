//! Price levels and, by a tournament over them, the best one after every operation.
//!
//! In: a resolved operation (cycle j). Out: four cycles later `overflow` if it found no place; ten cycles later `root`, the best
//! level of its instrument and side as of this operation. One operation every two cycles, for ever.
//! Why: when an operation empties the top level, the next best must be found among up to 256: the best of its row of 16, then of that
//! and the 16 rows' bests, four at a time. Both races begin before the operation is known in them: what it changes does not count, and what it
//! makes of it enters last.
//! Holds: an operation sees every earlier one, also those whose writes are under way. Prices are keys, asks
//! complemented, so that greater is better on both sides.
use crate::{best::{BestOfSixteen, SLOT_BITS}, bundle::*, konst::Konst, memory::BlockMemory};
use riposte_map::limits;
use rust_hdl::prelude::*;

const _: () = assert!(limits::LEVEL_ROW_BITS == 4 && limits::LEVEL_WAYS == 16 && limits::INSTRUMENT_BITS == 4);

/// One slot of every row, on its way through the pipeline.
#[derive(LogicBlock, Default)]
pub struct LevelWay {
    pub clock: Signal<In, Clock>,
    pub read_address: Signal<In, Bits<9>>,
    pub write_address: Signal<In, Bits<9>>,
    pub write: Signal<In, bool>,
    pub write_data: Signal<In, Bits<SLOT_BITS>>,
    /// Key to look for, two cycles behind the address.
    pub key: Signal<In, Bits<32>>,
    /// This slot is the one written last, so the memory's answer may be old or nothing, and this is in it; there is a
    /// level of that key, or not.
    pub met: Signal<In, bool>,
    pub met_data: Signal<In, Bits<SLOT_BITS>>,
    pub met_matches: Signal<In, bool>,
    // Three cycles behind the address.
    pub hit: Signal<Out, bool>,
    pub slot: Signal<Out, Bits<SLOT_BITS>>,
    cells: BlockMemory<SLOT_BITS, 9, false>,
    read: DFF<Bits<SLOT_BITS>>,
    found: DFF<Bits<SLOT_BITS>>,
    agrees: DFF<bool>,
}

impl Logic for LevelWay {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, read, found, agrees);
        self.cells.clock.next = self.clock.val();
        self.cells.read_address.next = self.read_address.val();
        self.cells.write_address.next = self.write_address.val();
        self.cells.write.next = self.write.val();
        self.cells.write_data.next = self.write_data.val();
        self.read.d.next = self.cells.read_data.val();
        self.found.d.next = self.read.q.val();
        self.agrees.d.next =
            self.read.q.val().get_bit(64) & (self.read.q.val().get_bits::<32>(32) == self.key.val());
        if self.met.val() {
            self.found.d.next = self.met_data.val();
            self.agrees.d.next = self.met_matches.val();
        }
        self.hit.next = self.agrees.q.val();
        self.slot.next = self.found.q.val();
    }
}

#[derive(LogicBlock, Default)]
pub struct Levels {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub sweep: Signal<In, Bits<9>>,
    pub resolved: Signal<In, Resolved>,
    pub valid: Signal<In, bool>,
    /// In cycle j + 4, and whose.
    pub overflow: Signal<Out, bool>,
    pub overflow_tag: Signal<Out, Bits<5>>,
    pub overflow_instrument: Signal<Out, Bits<4>>,
    /// In cycle j + 10.
    pub root: Signal<Out, Slot>,
    pub root_valid: Signal<Out, bool>,
    ways: [LevelWay; 16],
    row_best: BestOfSixteen,
    bests: [BlockMemory<SLOT_BITS, 5, false>; 16],
    best_slots: [DFF<Bits<SLOT_BITS>>; 16],
    /// The row whose best is new.
    best_row: DFF<Bits<16>>,
    /// The best of a row in the cycle behind `winner`.
    last_winner: DFF<Bits<SLOT_BITS>>,
    /// The row whose best came too late for reading a side's, since it is there in this cycle, or was in the last.
    late_row: DFF<Bits<16>>,
    is_late_now: DFF<bool>,
    side_best: BestOfSixteen,
    // The operation in each stage, numbered by cycles behind j.
    valid1: DFF<bool>, valid2: DFF<bool>, valid3: DFF<bool>, valid4: DFF<bool>,
    tag1: DFF<Bits<5>>, tag2: DFF<Bits<5>>, tag3: DFF<Bits<5>>, tag4: DFF<Bits<5>>,
    address1: DFF<Bits<9>>, address2: DFF<Bits<9>>, address3: DFF<Bits<9>>, address4: DFF<Bits<9>>,
    // Element k: k + 5 cycles behind j.
    valids: [DFF<bool>; 6],
    addresses: [DFF<Bits<9>>; 6],
    add1: DFF<bool>, add2: DFF<bool>, add3: DFF<bool>, add4: DFF<bool>,
    remove1: DFF<bool>, remove2: DFF<bool>, remove3: DFF<bool>, remove4: DFF<bool>,
    key1: DFF<Bits<32>>, key2: DFF<Bits<32>>, key3: DFF<Bits<32>>, key4: DFF<Bits<32>>,
    shares1: DFF<Bits<32>>, shares2: DFF<Bits<32>>, shares3: DFF<Bits<32>>, shares4: DFF<Bits<32>>,
    same_row3: DFF<bool>,
    same_key3: DFF<bool>,
    /// The last operation's key is the better one.
    above3: DFF<bool>,
    above4: DFF<bool>,
    /// The slot of this row that the last operation changed, and whether this one leaves a level in it.
    stale4: DFF<Bits<16>>,
    keeps4: DFF<bool>,
    acts4: DFF<bool>,
    /// The better one of what this operation and the last one made of their levels.
    entrant: DFF<Bits<SLOT_BITS>>,
    present4: DFF<bool>,
    room4: DFF<bool>,
    quantity4: DFF<Bits<32>>,
    way4: DFF<Bits<16>>,
    // What the last operation wrote, if anything.
    wrote: DFF<bool>,
    wrote_way: DFF<Bits<16>>,
    wrote_slot: DFF<Bits<SLOT_BITS>>,
    // What is written in this cycle, and what was last.
    is_written: DFF<bool>,
    written: DFF<Bits<16>>,
    written_address: DFF<Bits<9>>,
    written_slot: DFF<Bits<SLOT_BITS>>,
    met_way: DFF<Bits<16>>,
    met_address: DFF<Bits<9>>,
    met_slot: DFF<Bits<SLOT_BITS>>,
    /// Whom it meets in cycle j + 2.
    meets: DFF<Bits<16>>,
    met_matches: DFF<bool>,
    last_address: DFF<Bits<9>>,
    last_key: DFF<Bits<32>>,
    last_way: Signal<Local, Bits<16>>,
    last_written: Signal<Local, Bits<9>>,
    last_slot: Signal<Local, Bits<SLOT_BITS>>,
    same_row: Signal<Local, Bits<16>>,
    key: Signal<Local, Bits<32>>,
    row: Signal<Local, Bits<4>>,
    folded: Signal<Local, Bits<32>>,
    address: Signal<Local, Bits<9>>,
    hits: [Signal<Local, Bits<16>>; 16],
    uses: [Signal<Local, Bits<16>>; 16],
    masked: [Signal<Local, Bits<32>>; 16],
    hit: Signal<Local, Bits<16>>,
    used_read: Signal<Local, Bits<16>>,
    used: Signal<Local, Bits<16>>,
    free: Signal<Local, Bits<16>>,
    free_pick: Signal<Local, Bits<16>>,
    sum: Signal<Local, Bits<33>>,
    difference: Signal<Local, Bits<32>>,
    quantity: Signal<Local, Bits<32>>,
    stays: Signal<Local, bool>,
    leaves: Signal<Local, bool>,
    writes: Signal<Local, bool>,
    new_slot: Signal<Local, Bits<SLOT_BITS>>,
    winner: Signal<Local, Bits<SLOT_BITS>>,
    own: Signal<Local, Bits<16>>,
    late: Signal<Local, Bits<SLOT_BITS>>,
    nearest: Signal<Local, Bits<9>>,
    is_near: Signal<Local, bool>,
    result: Signal<Local, Slot>,
    k_full: Konst<32, 0xffff_ffff>,
    k_one16: Konst<16, 1>,
}

impl Logic for Levels {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, valid1, valid2, valid3, valid4, tag1, tag2, tag3, tag4, address1, address2, address3,
            address4, add1, add2, add3, add4, remove1, remove2, remove3, remove4, key1, key2, key3, key4, shares1,
            shares2, shares3, shares4, same_row3, same_key3, present4, room4, quantity4, way4, wrote, wrote_way,
            wrote_slot, is_written, written, written_address, written_slot, met_way, met_address, met_slot, meets, met_matches,
            last_address, last_key, best_row, last_winner, late_row, is_late_now, above3, above4, stale4, keeps4, acts4, entrant
        );
        clock!(self, clock, row_best, side_best);
        // ---- j: the row of the price
        self.key.next = self.resolved.val().level_price;
        if self.resolved.val().sell {
            self.key.next = self.resolved.val().level_price ^ self.k_full.val();
        }
        self.folded.next = self.resolved.val().level_price >> 2;
        self.row.next = self.folded.val().get_bits::<4>(0)
            ^ self.folded.val().get_bits::<4>(4)
            ^ self.folded.val().get_bits::<4>(8)
            ^ self.folded.val().get_bits::<4>(12)
            ^ self.folded.val().get_bits::<4>(16)
            ^ self.folded.val().get_bits::<4>(20)
            ^ self.folded.val().get_bits::<4>(24)
            ^ self.folded.val().get_bits::<4>(28);
        self.address.next = (bit_cast::<9, 4>(self.resolved.val().instrument) << 5)
            | (bit_cast::<9, 1>(self.resolved.val().sell.into()) << 4)
            | bit_cast::<9, 4>(self.row.val());
        self.valid1.d.next = self.valid.val();
        self.tag1.d.next = self.resolved.val().tag;
        self.address1.d.next = self.address.val();
        self.add1.d.next = self.resolved.val().add;
        self.remove1.d.next = self.resolved.val().remove;
        self.key1.d.next = self.key.val();
        self.shares1.d.next = self.resolved.val().shares;
        // ---- j + 1: the row is read. What the operation before the last wrote may come too late for that, or meet it: what
        // is written last by the next cycle is then laid over.
        self.last_way.next = self.met_way.q.val();
        self.last_written.next = self.met_address.q.val();
        self.last_slot.next = self.met_slot.q.val();
        if self.is_written.q.val() {
            self.last_way.next = self.written.q.val();
            self.last_written.next = self.written_address.q.val();
            self.last_slot.next = self.written_slot.q.val();
        }
        self.met_way.d.next = self.last_way.val();
        self.met_address.d.next = self.last_written.val();
        self.met_slot.d.next = self.last_slot.val();
        // A mask, not a choice: synthesis would make that a reset of the registers, whose wires are slow.
        self.same_row.next = 0.into();
        if self.address1.q.val() == self.last_written.val() {
            self.same_row.next = 0xffff.into();
        }
        self.meets.d.next = self.last_way.val() & self.same_row.val();
        self.met_matches.d.next =
            self.last_slot.val().get_bit(64) & (self.last_slot.val().get_bits::<32>(32) == self.key1.q.val());
        self.valid2.d.next = self.valid1.q.val();
        self.tag2.d.next = self.tag1.q.val();
        self.address2.d.next = self.address1.q.val();
        self.add2.d.next = self.add1.q.val();
        self.remove2.d.next = self.remove1.q.val();
        self.key2.d.next = self.key1.q.val();
        self.shares2.d.next = self.shares1.q.val();
        // ---- j + 2: the slots match; is the last operation in the way?
        self.valid3.d.next = self.valid2.q.val();
        self.tag3.d.next = self.tag2.q.val();
        self.address3.d.next = self.address2.q.val();
        self.add3.d.next = self.add2.q.val();
        self.remove3.d.next = self.remove2.q.val();
        self.key3.d.next = self.key2.q.val();
        self.shares3.d.next = self.shares2.q.val();
        self.same_row3.d.next = self.address2.q.val() == self.last_address.q.val();
        self.same_key3.d.next = self.key2.q.val() == self.last_key.q.val();
        self.above3.d.next = self.key2.q.val() < self.last_key.q.val();
        if self.valid2.q.val() {
            self.last_address.d.next = self.address2.q.val();
            self.last_key.d.next = self.key2.q.val();
        }
        // ---- j + 3: the level, or a free slot
        for i in 0..16 {
            self.hits[i].next = 0.into();
            self.uses[i].next = 0.into();
            self.masked[i].next = 0.into();
            if self.ways[i].hit.val() {
                self.hits[i].next = self.k_one16.val() << i.to_bits::<16>();
                self.masked[i].next = self.ways[i].slot.val().get_bits::<32>(0);
            }
            if self.ways[i].slot.val().get_bit(64) {
                self.uses[i].next = self.k_one16.val() << i.to_bits::<16>();
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
        self.used.next = self.used_read.val();
        if self.wrote.q.val() & self.same_row3.q.val() {
            self.used.next = self.used_read.val() | self.wrote_way.q.val();
            if !self.wrote_slot.q.val().get_bit(64) {
                self.used.next = self.used_read.val() & (!self.wrote_way.q.val());
            }
        }
        self.free.next = !self.used.val();
        self.free_pick.next = self.free.val() & ((!self.free.val()) + 1);
        self.room4.d.next = self.free.val() != 0;
        self.present4.d.next = self.hit.val() != 0;
        self.quantity4.d.next =
            (self.masked[0].val() | self.masked[1].val() | self.masked[2].val() | self.masked[3].val())
                | (self.masked[4].val() | self.masked[5].val() | self.masked[6].val() | self.masked[7].val())
                | (self.masked[8].val() | self.masked[9].val() | self.masked[10].val() | self.masked[11].val())
                | (self.masked[12].val() | self.masked[13].val() | self.masked[14].val() | self.masked[15].val());
        self.way4.d.next = self.hit.val();
        if self.hit.val() == 0 {
            self.way4.d.next = self.free_pick.val();
        }
        if self.wrote.q.val() & self.same_row3.q.val() & self.same_key3.q.val() {
            self.present4.d.next = self.wrote_slot.q.val().get_bit(64);
            self.quantity4.d.next = self.wrote_slot.q.val().get_bits::<32>(0);
            self.way4.d.next = self.wrote_way.q.val();
            if !self.wrote_slot.q.val().get_bit(64) {
                self.way4.d.next = self.free_pick.val();
            }
        }
        self.stale4.d.next = 0.into();
        if self.wrote.q.val() & self.same_row3.q.val() {
            self.stale4.d.next = self.wrote_way.q.val();
        }
        self.acts4.d.next = self.add3.q.val() | self.remove3.q.val();
        self.keeps4.d.next = self.wrote.q.val()
            & self.same_row3.q.val()
            & self.wrote_slot.q.val().get_bit(64)
            & !(self.same_key3.q.val() & (self.add3.q.val() | self.remove3.q.val()));
        self.above4.d.next = self.above3.q.val();
        self.valid4.d.next = self.valid3.q.val();
        self.tag4.d.next = self.tag3.q.val();
        self.address4.d.next = self.address3.q.val();
        self.add4.d.next = self.add3.q.val();
        self.remove4.d.next = self.remove3.q.val();
        self.key4.d.next = self.key3.q.val();
        self.shares4.d.next = self.shares3.q.val();
        // ---- j + 4: what becomes of the level
        self.sum.next = bit_cast::<33, 32>(self.quantity4.q.val()) + bit_cast::<33, 32>(self.shares4.q.val());
        self.difference.next = self.quantity4.q.val() - self.shares4.q.val();
        self.quantity.next = self.shares4.q.val();
        self.stays.next = true;
        if self.present4.q.val() {
            self.quantity.next = self.sum.val().get_bits::<32>(0);
            if self.sum.val().get_bit(32) {
                self.quantity.next = self.k_full.val();
            }
        }
        if self.remove4.q.val() {
            self.quantity.next = self.difference.val();
            self.stays.next = self.quantity4.q.val() > self.shares4.q.val();
        }
        self.writes.next = self.valid4.q.val()
            & ((self.add4.q.val() & (self.present4.q.val() | self.room4.q.val()))
                | (self.remove4.q.val() & self.present4.q.val()));
        self.leaves.next = self.writes.val() & self.stays.val();
        self.new_slot.next = bit_cast::<SLOT_BITS, 32>(self.quantity.val())
            | (bit_cast::<SLOT_BITS, 32>(self.key4.q.val()) << 32)
            | (bit_cast::<SLOT_BITS, 1>(self.leaves.val().into()) << 64);
        // Of the last operation and this one, each with a slot of its own, the better enters.
        self.entrant.d.next = self.new_slot.val();
        if self.keeps4.q.val() & (self.above4.q.val() | !self.leaves.val()) {
            self.entrant.d.next = self.wrote_slot.q.val();
        }
        self.written.d.next = 0.into();
        if self.writes.val() {
            self.written.d.next = self.way4.q.val();
        }
        self.written_address.d.next = self.address4.q.val();
        self.written_slot.d.next = self.new_slot.val();
        self.is_written.d.next = self.writes.val();
        if self.valid4.q.val() {
            self.wrote.d.next = self.writes.val();
            self.wrote_way.d.next = self.way4.q.val();
            self.wrote_slot.d.next = self.new_slot.val();
        }
        for i in 0..16 {
            self.ways[i].clock.next = self.clock.val();
            self.ways[i].read_address.next = self.address.val();
            self.ways[i].key.next = self.key2.q.val();
            self.ways[i].met.next = self.meets.q.val().get_bit(i);
            self.ways[i].met_data.next = self.met_slot.q.val();
            self.ways[i].met_matches.next = self.met_matches.q.val();
            self.ways[i].write.next = self.written.q.val().get_bit(i);
            self.ways[i].write_address.next = self.written_address.q.val();
            self.ways[i].write_data.next = self.written_slot.q.val();
        }
        // ---- j + 3 to j + 6: best of the row
        for i in 0..6 {
            self.valids[i].clock.next = self.clock.val();
            self.addresses[i].clock.next = self.clock.val();
        }
        for i in 0..5 {
            self.valids[i + 1].d.next = self.valids[i].q.val();
            self.addresses[i + 1].d.next = self.addresses[i].q.val();
        }
        self.valids[0].d.next = self.valid4.q.val();
        self.addresses[0].d.next = self.address4.q.val();
        for i in 0..16 {
            self.row_best.slots[i].next = self.ways[i].slot.val();
        }
        self.own.next = 0.into();
        if self.acts4.q.val() {
            self.own.next = self.way4.q.val();
        }
        self.row_best.masked.next = self.stale4.q.val() | self.own.val();
        self.row_best.entrant.next = self.entrant.q.val();
        // ---- j + 4: the bests of the side's rows are read. That of the operation before comes in the next cycle, or is written in this one.
        self.winner.next = self.row_best.best.val();
        self.last_winner.d.next = self.winner.val();
        self.is_late_now.d.next = self.valids[1].q.val();
        self.nearest.next = self.addresses[2].q.val();
        self.is_near.next = self.valids[2].q.val();
        if self.valids[1].q.val() {
            self.nearest.next = self.addresses[1].q.val();
            self.is_near.next = true;
        }
        self.late_row.d.next = 0.into();
        if self.is_near.val() & (self.nearest.val().get_bits::<5>(4) == self.address4.q.val().get_bits::<5>(4)) {
            self.late_row.d.next = self.k_one16.val() << bit_cast::<16, 4>(self.nearest.val().get_bits::<4>(0));
        }
        // ---- j + 5
        self.late.next = self.last_winner.q.val();
        if self.is_late_now.q.val() {
            self.late.next = self.winner.val();
        }
        // ---- j + 7: the row's own best is written, and does not count among those that were read
        self.best_row.d.next = 0.into();
        if self.valids[1].q.val() {
            self.best_row.d.next =
                self.k_one16.val() << bit_cast::<16, 4>(self.addresses[1].q.val().get_bits::<4>(0));
        }
        for i in 0..16 {
            self.bests[i].clock.next = self.clock.val();
            self.bests[i].read_address.next = self.address4.q.val().get_bits::<5>(4);
            self.bests[i].write_address.next = self.addresses[2].q.val().get_bits::<5>(4);
            self.bests[i].write_data.next = self.winner.val();
            self.bests[i].write.next = self.best_row.q.val().get_bit(i);
            self.best_slots[i].clock.next = self.clock.val();
            self.best_slots[i].d.next = self.bests[i].read_data.val();
            if self.late_row.q.val().get_bit(i) {
                self.best_slots[i].d.next = self.late.val();
            }
            self.side_best.slots[i].next = self.best_slots[i].q.val();
        }
        // ---- j + 6 to j + 9: best of the side
        self.side_best.masked.next = self.best_row.q.val();
        self.side_best.entrant.next = self.last_winner.q.val();
        self.row_best.reset.next = self.reset.val();
        self.side_best.reset.next = self.reset.val();
        // The sweep goes through the registers of what is written.
        if self.reset.val() {
            self.valid1.d.next = false;
            self.valid2.d.next = false;
            self.valid3.d.next = false;
            self.valid4.d.next = false;
            self.wrote.d.next = false;
            self.is_written.d.next = false;
            self.written.d.next = 0xffff.into();
            self.written_address.d.next = self.sweep.val();
            self.written_slot.d.next = 0.into();
            self.met_way.d.next = 0.into();
            for i in 0..6 {
                self.valids[i].d.next = false;
            }
            self.best_row.d.next = 0xffff.into();
            self.addresses[2].d.next = bit_cast::<9, 5>(self.sweep.val().get_bits::<5>(0)) << 4;
        }
        self.overflow.next =
            self.valid4.q.val() & self.add4.q.val() & !self.present4.q.val() & !self.room4.q.val();
        self.overflow_tag.next = self.tag4.q.val();
        self.overflow_instrument.next = self.address4.q.val().get_bits::<4>(5);
        self.result.next.used = self.side_best.best.val().get_bit(64);
        self.result.next.quantity = self.side_best.best.val().get_bits::<32>(0);
        self.result.next.key = self.side_best.best.val().get_bits::<32>(32);
        if self.addresses[5].q.val().get_bit(4) {
            self.result.next.key = self.side_best.best.val().get_bits::<32>(32) ^ self.k_full.val();
        }
        self.root.next = self.result.val();
        self.root_valid.next = self.valids[5].q.val();
    }
}
