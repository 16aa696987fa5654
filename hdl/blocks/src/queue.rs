//! A queue of `2^A` records.
//!
//! In: `push` with `data` at the edge, `pop` removes the head at the edge. Out: `head` (meaningless while
//! `empty`), `empty`, `full`, all of this cycle. Latency: a record pushed in a cycle is visible in the next.
//! Why: the head is a register, so that what looks at it does not wait for a memory; the others stand in the cells,
//! at most all but one, which leaves a cell that may be written in every cycle.
//! Holds: nothing. Whoever pushes sees to it that there is room, or that the head leaves in the same cycle.
use crate::memory::LookupMemory;
use rust_hdl::prelude::*;

#[derive(LogicBlock, Default)]
pub struct Queue<T: Synth, const A: usize, const C: usize> {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub push: Signal<In, bool>,
    pub data: Signal<In, T>,
    pub pop: Signal<In, bool>,
    pub head: Signal<Out, T>,
    pub empty: Signal<Out, bool>,
    pub full: Signal<Out, bool>,
    cells: LookupMemory<T, A>,
    first: DFF<T>,
    write_at: DFF<Bits<A>>,
    read_at: DFF<Bits<A>>,
    count: DFF<Bits<C>>,
    occupied: DFF<bool>,
    /// The same for those outside, which would otherwise share a wire with what moves in here.
    vacant: DFF<bool>,
    /// There is a record behind the head.
    more: DFF<bool>,
    is_full: DFF<bool>,
    grown: Signal<Local, Bits<C>>,
    pops: Signal<Local, bool>,
    stays: Signal<Local, bool>,
}

impl<T: Synth, const A: usize, const C: usize> Logic for Queue<T, A, C> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, first, write_at, read_at, count, occupied, vacant, more, is_full);
        self.cells.clock.next = self.clock.val();
        self.grown.next = self.count.q.val() + 1;
        self.pops.next = self.pop.val() & self.occupied.q.val();
        // Nothing is in the cell written next, so it is written whether or not a record comes.
        self.cells.write.next = true;
        self.cells.write_address.next = self.write_at.q.val();
        self.cells.write_data.next = self.data.val();
        self.cells.read_address.next = self.read_at.q.val();
        if self.pop.val() | !self.occupied.q.val() {
            self.first.d.next = self.data.val();
            if self.more.q.val() {
                self.first.d.next = self.cells.read_data.val();
            }
        }
        // What is pushed stays in its cell unless it becomes the head at once.
        if self.push.val() & self.occupied.q.val() & (!self.pop.val() | self.more.q.val()) {
            self.write_at.d.next = self.write_at.q.val() + 1;
        }
        if self.pop.val() & self.more.q.val() {
            self.read_at.d.next = self.read_at.q.val() + 1;
        }
        if self.push.val() & !self.pops.val() {
            self.count.d.next = self.grown.val();
            // The count is one bit wider than an index: no low bit set, and not empty, is full.
            self.is_full.d.next = self.grown.val().get_bits::<A>(0) == 0;
            self.more.d.next = self.occupied.q.val();
        }
        if self.pops.val() & !self.push.val() {
            self.count.d.next = self.count.q.val() - 1;
            self.is_full.d.next = false;
            self.more.d.next = self.more.q.val() & (self.count.q.val() != 2);
        }
        self.stays.next = self.push.val() | (self.occupied.q.val() & (!self.pop.val() | self.more.q.val()));
        self.occupied.d.next = self.stays.val();
        self.vacant.d.next = !self.stays.val();
        if self.reset.val() {
            self.write_at.d.next = 0.into();
            self.read_at.d.next = 0.into();
            self.count.d.next = 0.into();
            self.occupied.d.next = false;
            self.vacant.d.next = true;
            self.more.d.next = false;
            self.is_full.d.next = false;
        }
        self.head.next = self.first.q.val();
        self.empty.next = self.vacant.q.val();
        self.full.next = self.is_full.q.val();
    }
}
