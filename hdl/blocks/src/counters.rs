//! Counters: one bit of `count` a cycle each, read by index.
//!
//! In: strobes, bit n for counter n; the index to read. Out: its value in the next cycle but one.
//! Holds: 32 bits, wrapping; reset clears. Why: strobes are registered first, so that no counter is on a path.
use crate::konst::Konst;
use riposte_map::counter::Counter;
use rust_hdl::prelude::*;

const _: () = assert!(Counter::COUNT == 78);

#[derive(LogicBlock, Default)]
pub struct CounterCell {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub up: Signal<In, bool>,
    pub value: Signal<Out, Bits<32>>,
    number: DFF<Bits<32>>,
    k_one: Konst<32, 1>,
}

impl Logic for CounterCell {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, number);
        if self.up.val() {
            self.number.d.next = self.number.q.val() + self.k_one.val();
        }
        if self.reset.val() {
            self.number.d.next = 0.into();
        }
        self.value.next = self.number.q.val();
    }
}

#[derive(LogicBlock)]
pub struct Counters {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub count: Signal<In, Bits<78>>,
    pub index: Signal<In, Bits<7>>,
    pub value: Signal<Out, Bits<32>>,
    strobes: DFF<Bits<78>>,
    cells: [CounterCell; 78],
    chosen: [DFF<Bits<32>>; 78],
    out: DFF<Bits<32>>,
    sum: [Signal<Local, Bits<32>>; 79],
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            reset: Default::default(),
            count: Default::default(),
            index: Default::default(),
            value: Default::default(),
            strobes: Default::default(),
            cells: std::array::from_fn(|_| Default::default()),
            chosen: std::array::from_fn(|_| Default::default()),
            out: Default::default(),
            sum: std::array::from_fn(|_| Default::default()),
        }
    }
}

impl Logic for Counters {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, strobes, out);
        self.strobes.d.next = self.count.val();
        self.sum[0].next = 0.into();
        for i in 0..78 {
            self.cells[i].clock.next = self.clock.val();
            self.cells[i].reset.next = self.reset.val();
            self.cells[i].up.next = self.strobes.q.val().get_bit(i);
            self.chosen[i].clock.next = self.clock.val();
            self.chosen[i].d.next = 0.into();
            if self.index.val() == i.to_bits::<7>() {
                self.chosen[i].d.next = self.cells[i].value.val();
            }
            self.sum[i + 1].next = self.sum[i].val() | self.chosen[i].q.val();
        }
        self.out.d.next = self.sum[78].val();
        if self.reset.val() {
            self.strobes.d.next = 0.into();
        }
        self.value.next = self.out.q.val();
    }
}
