//! TCP checksum of an order: what the gate overwrites in its image, added to the rest.
//!
//! In: the one's complement sum of the template's other bytes, and the overwritten fields. Out: the complement of
//! the whole sum (RFC 1071). Latency: five cycles after they are set.
//! Why: twelve words of 16 bits are too much for a cycle and too little for a memory: three a register, then pairs.
use rust_hdl::prelude::*;

#[derive(LogicBlock, Default)]
pub struct SegmentChecksum {
    pub clock: Signal<In, Clock>,
    pub partial: Signal<In, Bits<16>>,
    pub tcp_sequence: Signal<In, Bits<32>>,
    pub acknowledgement: Signal<In, Bits<32>>,
    pub user_ref: Signal<In, Bits<32>>,
    pub side: Signal<In, Bits<8>>,
    pub quantity: Signal<In, Bits<32>>,
    pub price: Signal<In, Bits<32>>,
    pub checksum: Signal<Out, Bits<16>>,
    sum_a: DFF<Bits<20>>,
    sum_b: DFF<Bits<20>>,
    sum_c: DFF<Bits<20>>,
    sum_d: DFF<Bits<20>>,
    sum_ab: DFF<Bits<20>>,
    sum_cd: DFF<Bits<20>>,
    sum: DFF<Bits<20>>,
    folded: DFF<Bits<17>>,
    side_word: Signal<Local, Bits<16>>,
    quantity_end: Signal<Local, Bits<16>>,
    price_end: Signal<Local, Bits<16>>,
    twice: Signal<Local, Bits<16>>,
}

impl Logic for SegmentChecksum {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, sum_a, sum_b, sum_c, sum_d, sum_ab, sum_cd, sum, folded);
        self.side_word.next = (bit_cast::<16, 8>(self.side.val()) << 8)
            | bit_cast::<16, 8>(self.quantity.val().get_bits::<8>(24));
        self.quantity_end.next = bit_cast::<16, 8>(self.quantity.val().get_bits::<8>(0)) << 8;
        self.price_end.next = bit_cast::<16, 8>(self.price.val().get_bits::<8>(0)) << 8;
        self.sum_a.d.next = bit_cast::<20, 16>(self.partial.val())
            + bit_cast::<20, 16>(self.tcp_sequence.val().get_bits::<16>(16))
            + bit_cast::<20, 16>(self.tcp_sequence.val().get_bits::<16>(0));
        self.sum_b.d.next = bit_cast::<20, 16>(self.acknowledgement.val().get_bits::<16>(16))
            + bit_cast::<20, 16>(self.acknowledgement.val().get_bits::<16>(0))
            + bit_cast::<20, 16>(self.user_ref.val().get_bits::<16>(16));
        self.sum_c.d.next = bit_cast::<20, 16>(self.user_ref.val().get_bits::<16>(0))
            + bit_cast::<20, 16>(self.side_word.val())
            + bit_cast::<20, 16>(self.quantity.val().get_bits::<16>(8));
        self.sum_d.d.next = bit_cast::<20, 16>(self.quantity_end.val())
            + bit_cast::<20, 8>(self.price.val().get_bits::<8>(24))
            + bit_cast::<20, 16>(self.price.val().get_bits::<16>(8))
            + bit_cast::<20, 16>(self.price_end.val());
        self.sum_ab.d.next = self.sum_a.q.val() + self.sum_b.q.val();
        self.sum_cd.d.next = self.sum_c.q.val() + self.sum_d.q.val();
        self.sum.d.next = self.sum_ab.q.val() + self.sum_cd.q.val();
        self.folded.d.next = bit_cast::<17, 16>(self.sum.q.val().get_bits::<16>(0))
            + bit_cast::<17, 4>(self.sum.q.val().get_bits::<4>(16));
        self.twice.next = self.folded.q.val().get_bits::<16>(0) + bit_cast::<16, 1>(self.folded.q.val().get_bits::<1>(16));
        self.checksum.next = !self.twice.val();
    }
}
