//! The best of sixteen levels, four at a time.
//!
//! In: slots, one a cycle and place. Out: the best of them, four cycles later; the first of equals.
//! Why: four slots are compared, each with each, in one cycle and the best is chosen in the next, so that neither
//! a comparison nor a wide choice shares its cycle with another.
//! Holds: any level is better than none, a greater key than a smaller.
use rust_hdl::prelude::*;

/// A slot as a memory keeps it: used, key, quantity.
pub const SLOT_BITS: usize = 65;

/// Best of four slots, in the next cycle; the first of equals. Compared in one cycle, chosen in the next.
#[derive(LogicBlock, Default)]
pub struct BestOfFour {
    pub clock: Signal<In, Clock>,
    pub a: Signal<In, Bits<SLOT_BITS>>,
    pub b: Signal<In, Bits<SLOT_BITS>>,
    pub c: Signal<In, Bits<SLOT_BITS>>,
    pub d: Signal<In, Bits<SLOT_BITS>>,
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
    left: Signal<Local, Bits<SLOT_BITS>>,
    right: Signal<Local, Bits<SLOT_BITS>>,
    left_wins: Signal<Local, bool>,
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
        self.left.next = self.slots[1].q.val();
        self.left_wins.next = self.bd.q.val();
        if self.cd.q.val() {
            self.left_wins.next = self.bc.q.val();
        }
        if self.ab.q.val() {
            self.left.next = self.slots[0].q.val();
            self.left_wins.next = self.ad.q.val();
            if self.cd.q.val() {
                self.left_wins.next = self.ac.q.val();
            }
        }
        self.right.next = self.slots[3].q.val();
        if self.cd.q.val() {
            self.right.next = self.slots[2].q.val();
        }
        self.best.next = self.right.val();
        if self.left_wins.val() {
            self.best.next = self.left.val();
        }
    }
}

/// Best of sixteen: four cycles, four groups and then their bests.
#[derive(LogicBlock, Default)]
pub struct BestOfSixteen {
    pub clock: Signal<In, Clock>,
    /// The best is none.
    pub reset: Signal<In, bool>,
    pub slots: [Signal<In, Bits<SLOT_BITS>>; 16],
    pub best: Signal<Out, Bits<SLOT_BITS>>,
    groups: [BestOfFour; 4],
    final_four: BestOfFour,
    group_bests: [DFF<Bits<SLOT_BITS>>; 4],
    winner: DFF<Bits<SLOT_BITS>>,
}

impl Logic for BestOfSixteen {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, winner);
        clock!(self, clock, final_four);
        for i in 0..4 {
            self.groups[i].clock.next = self.clock.val();
            self.groups[i].a.next = self.slots[i * 4].val();
            self.groups[i].b.next = self.slots[i * 4 + 1].val();
            self.groups[i].c.next = self.slots[i * 4 + 2].val();
            self.groups[i].d.next = self.slots[i * 4 + 3].val();
            self.group_bests[i].clock.next = self.clock.val();
            self.group_bests[i].d.next = self.groups[i].best.val();
        }
        self.final_four.a.next = self.group_bests[0].q.val();
        self.final_four.b.next = self.group_bests[1].q.val();
        self.final_four.c.next = self.group_bests[2].q.val();
        self.final_four.d.next = self.group_bests[3].q.val();
        self.winner.d.next = self.final_four.best.val();
        if self.reset.val() {
            self.winner.d.next = 0.into();
        }
        self.best.next = self.winner.q.val();
    }
}
