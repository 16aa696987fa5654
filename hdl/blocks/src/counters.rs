//! Counters: one bit of `count` a cycle each, shown one after another, for ever.
//!
//! In: strobes, bit n for counter n. Out: each counter in its turn, a cycle each, behind a reset first two that there are not;
//! what is counted in cycle c is in what is shown from c + 5 on. Why: sums stand in a memory, and each counter keeps only what
//! came since its last turn, which takes half of what 32 bits each would. Strobes are registered first, so that no counter is
//! on a path. Holds: 32 bits, wrapping; nothing is lost, since a turn comes round sooner than 7 bits are full; reset clears.
use crate::{konst::Konst, memory::BlockMemory};
use riposte_map::{counter::Counter, limits::RESET_CYCLES};
use rust_hdl::prelude::*;

pub const COUNTERS: usize = Counter::COUNT;
const _: () = assert!(COUNTERS == 82 && COUNTERS < 127 && RESET_CYCLES >= 1 << 7);

/// What came since a counter's last turn.
#[derive(LogicBlock, Default)]
pub struct CounterCell {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub up: Signal<In, bool>,
    /// It is its turn.
    pub take: Signal<In, bool>,
    /// In the cycle behind its turn; 0 in any other.
    pub taken: Signal<Out, Bits<7>>,
    pending: DFF<Bits<7>>,
    held: DFF<Bits<7>>,
    k_one: Konst<7, 1>,
}

impl Logic for CounterCell {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, pending, held);
        self.held.d.next = 0.into();
        if self.up.val() {
            self.pending.d.next = self.pending.q.val() + self.k_one.val();
        }
        if self.take.val() {
            self.held.d.next = self.pending.q.val();
            self.pending.d.next = bit_cast::<7, 1>(self.up.val().into());
        }
        if self.reset.val() {
            self.pending.d.next = 0.into();
        }
        self.taken.next = self.held.q.val();
    }
}

#[derive(LogicBlock)]
pub struct Counters {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub sweep: Signal<In, Bits<7>>,
    pub count: Signal<In, Bits<COUNTERS>>,
    pub index: Signal<Out, Bits<7>>,
    pub value: Signal<Out, Bits<32>>,
    strobes: DFF<Bits<COUNTERS>>,
    cells: [CounterCell; COUNTERS],
    sums: BlockMemory<32, 7, false>,
    /// Whose turn it is, was, and was before that.
    turn: DFF<Bits<7>>,
    turn1: DFF<Bits<7>>,
    turn2: DFF<Bits<7>>,
    more: DFF<Bits<7>>,
    shown: DFF<Bits<7>>,
    out: DFF<Bits<32>>,
    taken: [Signal<Local, Bits<7>>; COUNTERS + 1],
    sum: Signal<Local, Bits<32>>,
    k_one: Konst<7, 1>,
    k_last: Konst<7, { Counter::COUNT as u64 - 1 }>,
    /// Nobody's turn.
    k_none: Konst<7, 127>,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            sweep: Default::default(),
            count: Default::default(),
            index: Default::default(),
            value: Default::default(),
            strobes: Default::default(),
            cells: std::array::from_fn(|_| Default::default()),
            sums: Default::default(),
            turn: Default::default(),
            turn1: Default::default(),
            turn2: Default::default(),
            more: Default::default(),
            shown: Default::default(),
            out: Default::default(),
            taken: std::array::from_fn(|_| Default::default()),
            sum: Default::default(),
            k_one: Default::default(),
            k_last: Default::default(),
            k_none: Default::default(),
        }
    }
}

impl Logic for Counters {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, strobes, turn, turn1, turn2, more, shown, out);
        clock!(self, clock, sums);
        self.strobes.d.next = self.count.val();
        self.turn.d.next = self.turn.q.val() + self.k_one.val();
        if self.turn.q.val() == self.k_last.val() {
            self.turn.d.next = 0.into();
        }
        self.taken[0].next = 0.into();
        for i in 0..82 {
            self.cells[i].clock.next = self.clock.val();
            self.cells[i].reset.next = self.reset.val();
            self.cells[i].up.next = self.strobes.q.val().get_bit(i);
            self.cells[i].take.next = self.turn.q.val() == i.to_bits::<7>();
            self.taken[i + 1].next = self.taken[i].val() | self.cells[i].taken.val();
        }
        // ---- the cycle behind its turn, and the one behind that
        self.turn1.d.next = self.turn.q.val();
        self.sums.read_address.next = self.turn1.q.val();
        self.more.d.next = self.taken[82].val();
        self.turn2.d.next = self.turn1.q.val();
        self.sum.next = self.sums.read_data.val() + bit_cast::<32, 7>(self.more.q.val());
        self.sums.write.next = self.turn2.q.val() != self.k_none.val();
        self.sums.write_address.next = self.turn2.q.val();
        self.shown.d.next = self.turn2.q.val();
        if self.reset.val() {
            self.strobes.d.next = 0.into();
            self.turn.d.next = 0.into();
            self.turn1.d.next = self.k_none.val();
            self.turn2.d.next = self.k_none.val();
            self.more.d.next = 0.into();
            self.sum.next = 0.into();
            self.sums.write.next = true;
            self.sums.write_address.next = self.sweep.val();
            self.shown.d.next = self.k_none.val();
        }
        self.sums.write_data.next = self.sum.val();
        self.out.d.next = self.sum.val();
        self.index.next = self.shown.q.val();
        self.value.next = self.out.q.val();
    }
}
