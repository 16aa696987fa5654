//! The best of sixteen levels, four at a time, and of one more that comes later.
//!
//! In: slots, one a cycle and place; one cycle later which of them do not count; two cycles later the entrant. Out: the best of those that
//! count, four cycles behind the slots. Why: four slots are compared, each with each, in one cycle and the best is chosen in the next, so that
//! neither a comparison nor a wide choice shares its cycle with another. What has changed a slot since it was read need not
//! have come before the comparison: the slot does not count, and what it is now is the entrant.
//! Holds: any level is better than none, a greater key than a smaller.
use rust_hdl::prelude::*;

/// A slot as a memory keeps it: used, key, quantity.
pub const SLOT_BITS: usize = 65;

/// Best of four slots, in the next cycle. Compared in one cycle, chosen in the next among those that are not masked.
#[derive(LogicBlock, Default)]
pub struct BestOfFour {
    pub clock: Signal<In, Clock>,
    pub a: Signal<In, Bits<SLOT_BITS>>,
    pub b: Signal<In, Bits<SLOT_BITS>>,
    pub c: Signal<In, Bits<SLOT_BITS>>,
    pub d: Signal<In, Bits<SLOT_BITS>>,
    /// In the next cycle.
    pub masked: Signal<In, Bits<4>>,
    /// 0 if all are masked.
    pub best: Signal<Out, Bits<SLOT_BITS>>,
    // `used` on top of the key: any level is better than none.
    a_key: Signal<Local, Bits<33>>,
    b_key: Signal<Local, Bits<33>>,
    c_key: Signal<Local, Bits<33>>,
    d_key: Signal<Local, Bits<33>>,
    slots: [DFF<Bits<SLOT_BITS>>; 4],
    ab: DFF<bool>,
    ac: DFF<bool>,
    ad: DFF<bool>,
    bc: DFF<bool>,
    bd: DFF<bool>,
    cd: DFF<bool>,
    out_a: Signal<Local, bool>,
    out_b: Signal<Local, bool>,
    out_c: Signal<Local, bool>,
    out_d: Signal<Local, bool>,
    only_a: Signal<Local, Bits<SLOT_BITS>>,
    only_b: Signal<Local, Bits<SLOT_BITS>>,
    only_c: Signal<Local, Bits<SLOT_BITS>>,
    only_d: Signal<Local, Bits<SLOT_BITS>>,
}

impl Logic for BestOfFour {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, ab, ac, ad, bc, bd, cd);
        self.a_key.next = self.a.val().get_bits::<33>(32);
        self.b_key.next = self.b.val().get_bits::<33>(32);
        self.c_key.next = self.c.val().get_bits::<33>(32);
        self.d_key.next = self.d.val().get_bits::<33>(32);
        // Synthesis makes "not less" of a borrow, but "greater or equal" of a subtraction and a search for zero.
        self.ab.d.next = !(self.a_key.val() < self.b_key.val());
        self.ac.d.next = !(self.a_key.val() < self.c_key.val());
        self.ad.d.next = !(self.a_key.val() < self.d_key.val());
        self.bc.d.next = !(self.b_key.val() < self.c_key.val());
        self.bd.d.next = !(self.b_key.val() < self.d_key.val());
        self.cd.d.next = !(self.c_key.val() < self.d_key.val());
        self.slots[0].clock.next = self.clock.val();
        self.slots[0].d.next = self.a.val();
        self.slots[1].clock.next = self.clock.val();
        self.slots[1].d.next = self.b.val();
        self.slots[2].clock.next = self.clock.val();
        self.slots[2].d.next = self.c.val();
        self.slots[3].clock.next = self.clock.val();
        self.slots[3].d.next = self.d.val();
        // ---- the next cycle: of two that count the lesser does not win, so one wins, or none counts
        self.out_a.next = self.masked.val().get_bit(0);
        self.out_b.next = self.masked.val().get_bit(1);
        self.out_c.next = self.masked.val().get_bit(2);
        self.out_d.next = self.masked.val().get_bit(3);
        self.only_a.next = 0.into();
        if !self.out_a.val()
            & (self.ab.q.val() | self.out_b.val())
            & (self.ac.q.val() | self.out_c.val())
            & (self.ad.q.val() | self.out_d.val())
        {
            self.only_a.next = self.slots[0].q.val();
        }
        self.only_b.next = 0.into();
        if !self.out_b.val()
            & (!self.ab.q.val() | self.out_a.val())
            & (self.bc.q.val() | self.out_c.val())
            & (self.bd.q.val() | self.out_d.val())
        {
            self.only_b.next = self.slots[1].q.val();
        }
        self.only_c.next = 0.into();
        if !self.out_c.val()
            & (!self.ac.q.val() | self.out_a.val())
            & (!self.bc.q.val() | self.out_b.val())
            & (self.cd.q.val() | self.out_d.val())
        {
            self.only_c.next = self.slots[2].q.val();
        }
        self.only_d.next = 0.into();
        if !self.out_d.val()
            & (!self.ad.q.val() | self.out_a.val())
            & (!self.bd.q.val() | self.out_b.val())
            & (!self.cd.q.val() | self.out_c.val())
        {
            self.only_d.next = self.slots[3].q.val();
        }
        self.best.next = (self.only_a.val() | self.only_b.val()) | (self.only_c.val() | self.only_d.val());
    }
}

/// Best of sixteen and the entrant: four cycles, four groups and then their bests.
#[derive(LogicBlock, Default)]
pub struct BestOfSixteen {
    pub clock: Signal<In, Clock>,
    /// The best is none.
    pub reset: Signal<In, bool>,
    pub slots: [Signal<In, Bits<SLOT_BITS>>; 16],
    /// One cycle later: slots that do not count.
    pub masked: Signal<In, Bits<16>>,
    /// Two cycles later: one more.
    pub entrant: Signal<In, Bits<SLOT_BITS>>,
    pub best: Signal<Out, Bits<SLOT_BITS>>,
    groups: [BestOfFour; 4],
    final_four: BestOfFour,
    group_bests: [DFF<Bits<SLOT_BITS>>; 4],
    entrant_key: Signal<Local, Bits<33>>,
    /// No group's best is better than the entrant.
    enters: DFF<bool>,
    last_entrant: DFF<Bits<SLOT_BITS>>,
    winner: DFF<Bits<SLOT_BITS>>,
}

impl Logic for BestOfSixteen {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, enters, last_entrant, winner);
        clock!(self, clock, final_four);
        self.entrant_key.next = self.entrant.val().get_bits::<33>(32);
        for i in 0..4 {
            self.groups[i].clock.next = self.clock.val();
            self.groups[i].a.next = self.slots[i * 4].val();
            self.groups[i].b.next = self.slots[i * 4 + 1].val();
            self.groups[i].c.next = self.slots[i * 4 + 2].val();
            self.groups[i].d.next = self.slots[i * 4 + 3].val();
            self.groups[i].masked.next = self.masked.val().get_bits::<4>(i * 4);
            self.group_bests[i].clock.next = self.clock.val();
            self.group_bests[i].d.next = self.groups[i].best.val();
        }
        self.enters.d.next = !(self.entrant_key.val() < self.group_bests[0].q.val().get_bits::<33>(32))
            & !(self.entrant_key.val() < self.group_bests[1].q.val().get_bits::<33>(32))
            & !(self.entrant_key.val() < self.group_bests[2].q.val().get_bits::<33>(32))
            & !(self.entrant_key.val() < self.group_bests[3].q.val().get_bits::<33>(32));
        self.last_entrant.d.next = self.entrant.val();
        self.final_four.a.next = self.group_bests[0].q.val();
        self.final_four.b.next = self.group_bests[1].q.val();
        self.final_four.c.next = self.group_bests[2].q.val();
        self.final_four.d.next = self.group_bests[3].q.val();
        self.final_four.masked.next = 0.into();
        self.winner.d.next = self.final_four.best.val();
        if self.enters.q.val() {
            self.winner.d.next = self.last_entrant.q.val();
        }
        if self.reset.val() {
            self.winner.d.next = 0.into();
        }
        self.best.next = self.winner.q.val();
    }
}
