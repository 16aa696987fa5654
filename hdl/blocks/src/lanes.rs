//! Byte lanes of a word turned round: first byte in the low lane (the card's streams) to first byte in
//! the top lane (inside), or back. Wires only; latency 0.
use rust_hdl::prelude::*;

#[derive(LogicBlock, Default)]
pub struct LaneReverse {
    pub word: Signal<In, Bits<64>>,
    pub reversed: Signal<Out, Bits<64>>,
    lanes: [Signal<Local, Bits<8>>; 8],
}

impl Logic for LaneReverse {
    #[hdl_gen]
    fn update(&mut self) {
        for i in 0..8 {
            self.lanes[i].next = self.word.val().get_bits::<8>(i * 8);
        }
        self.reversed.next = (bit_cast::<64, 8>(self.lanes[0].val()) << 56)
            | (bit_cast::<64, 8>(self.lanes[1].val()) << 48)
            | (bit_cast::<64, 8>(self.lanes[2].val()) << 40)
            | (bit_cast::<64, 8>(self.lanes[3].val()) << 32)
            | (bit_cast::<64, 8>(self.lanes[4].val()) << 24)
            | (bit_cast::<64, 8>(self.lanes[5].val()) << 16)
            | (bit_cast::<64, 8>(self.lanes[6].val()) << 8)
            | bit_cast::<64, 8>(self.lanes[7].val());
    }
}
