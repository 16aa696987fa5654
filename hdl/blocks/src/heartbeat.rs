//! Whether the host is heard: it vouches for so many cycles, and then again.
//!
//! In: a heartbeat and its cycles (x + 2). Out: `heard`, from x + 4 on for as many cycles; `silence`, the first cycle in
//! which it is not heard any more. Holds: nobody is heard after reset; a new heartbeat replaces what the last one left.
use crate::konst::Konst;
use rust_hdl::prelude::*;

#[derive(LogicBlock, Default)]
pub struct Heartbeat {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub beat: Signal<In, bool>,
    pub cycles: Signal<In, Bits<48>>,
    pub heard: Signal<Out, bool>,
    pub silence: Signal<Out, bool>,
    remaining: DFF<Bits<48>>,
    is_heard: DFF<bool>,
    was_heard: DFF<bool>,
    k_one: Konst<48, 1>,
}

impl Logic for Heartbeat {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, remaining, is_heard, was_heard);
        if self.remaining.q.val() != 0 {
            self.remaining.d.next = self.remaining.q.val() - self.k_one.val();
        }
        if self.beat.val() {
            self.remaining.d.next = self.cycles.val();
        }
        self.is_heard.d.next = self.remaining.q.val() != 0;
        self.was_heard.d.next = self.is_heard.q.val();
        if self.reset.val() {
            self.remaining.d.next = 0.into();
            self.is_heard.d.next = false;
            self.was_heard.d.next = false;
        }
        self.heard.next = self.is_heard.q.val();
        self.silence.next = self.was_heard.q.val() & !self.is_heard.q.val();
    }
}
