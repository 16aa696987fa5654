//! Whether the feed is heard: each packet vouches for so many cycles.
//!
//! In: that a packet was judged in the cycle before, whether it ends the session, and the set's cycles. Out: `heard`; `silence`,
//! the first cycle in which it is not heard any more. Latency: a packet judged in V is heard from V + 2 on, and N cycles without
//! another one are told in V + 3 + N. Holds: nobody is heard after reset; a session that ended is silent and nothing is told of it.
use crate::konst::Konst;
use rust_hdl::prelude::*;

#[derive(LogicBlock, Default)]
pub struct Silence {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub packet: Signal<In, bool>,
    pub ends: Signal<In, bool>,
    pub cycles: Signal<In, Bits<32>>,
    /// They are not 0.
    pub listens: Signal<In, bool>,
    pub heard: Signal<Out, bool>,
    pub silence: Signal<Out, bool>,
    // As they were when the packet was judged.
    cycles_then: DFF<Bits<32>>,
    listened: DFF<bool>,
    remaining: DFF<Bits<32>>,
    is_heard: DFF<bool>,
    is_over: DFF<bool>,
    k_one: Konst<32, 1>,
}

impl Logic for Silence {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, cycles_then, listened, remaining, is_heard, is_over);
        self.cycles_then.d.next = self.cycles.val();
        self.listened.d.next = self.listens.val();
        self.remaining.d.next = self.remaining.q.val() - self.k_one.val();
        self.is_over.d.next = false;
        if self.remaining.q.val() == 0 {
            self.is_over.d.next = self.is_heard.q.val();
            self.is_heard.d.next = false;
        }
        if self.packet.val() {
            self.remaining.d.next = self.cycles_then.q.val();
            self.is_heard.d.next = self.listened.q.val() & !self.ends.val();
            self.is_over.d.next = false;
        }
        if self.reset.val() {
            self.is_heard.d.next = false;
            self.is_over.d.next = false;
        }
        self.heard.next = self.is_heard.q.val();
        self.silence.next = self.is_over.q.val() & self.listens.val();
    }
}
