//! Product of two 32-bit numbers.
//!
//! In: `a`, `b`. Out: their product, four cycles later. Why: the way to four of the ECP5's multipliers, they, and the sum of what
//! they give are a cycle each.
use rust_hdl::prelude::*;

#[derive(LogicBlock, Default)]
pub struct Product {
    pub clock: Signal<In, Clock>,
    pub a: Signal<In, Bits<32>>,
    pub b: Signal<In, Bits<32>>,
    pub product: Signal<Out, Bits<64>>,
    a1: DFF<Bits<32>>,
    b1: DFF<Bits<32>>,
    low: DFF<Bits<32>>,
    crossed_a: DFF<Bits<32>>,
    crossed_b: DFF<Bits<32>>,
    high: DFF<Bits<32>>,
    middle: DFF<Bits<33>>,
    ends: DFF<Bits<64>>,
    sum: DFF<Bits<64>>,
    a_low: Signal<Local, Bits<16>>,
    a_high: Signal<Local, Bits<16>>,
    b_low: Signal<Local, Bits<16>>,
    b_high: Signal<Local, Bits<16>>,
}

impl Logic for Product {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, a1, b1, low, crossed_a, crossed_b, high, middle, ends, sum);
        self.a1.d.next = self.a.val();
        self.b1.d.next = self.b.val();
        self.a_low.next = self.a1.q.val().get_bits::<16>(0);
        self.a_high.next = self.a1.q.val().get_bits::<16>(16);
        self.b_low.next = self.b1.q.val().get_bits::<16>(0);
        self.b_high.next = self.b1.q.val().get_bits::<16>(16);
        self.low.d.next = self.a_low.val() * self.b_low.val();
        self.crossed_a.d.next = self.a_high.val() * self.b_low.val();
        self.crossed_b.d.next = self.a_low.val() * self.b_high.val();
        self.high.d.next = self.a_high.val() * self.b_high.val();
        self.middle.d.next =
            bit_cast::<33, 32>(self.crossed_a.q.val()) + bit_cast::<33, 32>(self.crossed_b.q.val());
        self.ends.d.next =
            (bit_cast::<64, 32>(self.high.q.val()) << 32) | bit_cast::<64, 32>(self.low.q.val());
        self.sum.d.next = self.ends.q.val() + (bit_cast::<64, 33>(self.middle.q.val()) << 16);
        self.product.next = self.sum.q.val();
    }
}
