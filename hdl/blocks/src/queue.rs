//! A queue of `2^A` records.
//!
//! In: `push` with `data` at the edge, `pop` removes the head at the edge. Out: `head` (meaningless while
//! `empty`), `empty`, `full`, all of this cycle. Latency: a record pushed in a cycle is visible in the next.
//! Holds: a push while full is lost, unless the head leaves in the same cycle.
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
    write_at: DFF<Bits<C>>,
    read_at: DFF<Bits<C>>,
    occupied: DFF<bool>,
    held: Signal<Local, Bits<C>>,
    is_full: Signal<Local, bool>,
    pushes: Signal<Local, bool>,
    write_after: Signal<Local, Bits<C>>,
    read_after: Signal<Local, Bits<C>>,
}

impl<T: Synth, const A: usize, const C: usize> Logic for Queue<T, A, C> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, write_at, read_at, occupied);
        self.cells.clock.next = self.clock.val();
        // The counters are one bit wider than an index: equal but for that bit is full.
        self.held.next = self.write_at.q.val() ^ self.read_at.q.val();
        self.is_full.next = (self.held.val().get_bits::<A>(0) == 0) & self.occupied.q.val();
        self.pushes.next = self.push.val() & (!self.is_full.val() | self.pop.val());
        self.cells.write.next = self.pushes.val();
        self.cells.write_address.next = bit_cast::<A, C>(self.write_at.q.val());
        self.cells.write_data.next = self.data.val();
        self.cells.read_address.next = bit_cast::<A, C>(self.read_at.q.val());
        self.write_after.next = self.write_at.q.val();
        if self.pushes.val() {
            self.write_after.next = self.write_at.q.val() + 1;
        }
        self.read_after.next = self.read_at.q.val();
        if self.pop.val() & self.occupied.q.val() {
            self.read_after.next = self.read_at.q.val() + 1;
        }
        self.write_at.d.next = self.write_after.val();
        self.read_at.d.next = self.read_after.val();
        self.occupied.d.next = self.write_after.val() != self.read_after.val();
        if self.reset.val() {
            self.write_at.d.next = 0.into();
            self.read_at.d.next = 0.into();
            self.occupied.d.next = false;
        }
        self.head.next = self.cells.read_data.val();
        self.empty.next = !self.occupied.q.val();
        self.full.next = self.is_full.val();
    }
}
