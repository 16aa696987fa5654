//! Buckets of a reference in the order table: `order_bucket` of the map for both banks.
//!
//! In: `reference`. Out, in the same cycle: `bucket0` and `bucket1`.
//! Why: nine-bit chunks, each turned by an amount of its own and folded, are two levels of logic and spread what
//! exchanges number in sequence. Bank 0 turns none. Chunk 4, which no bank turns, is told by a bucket and the others.
use riposte_map::limits;
use rust_hdl::prelude::*;

#[derive(LogicBlock, Default)]
pub struct BucketHash {
    pub reference: Signal<In, Bits<64>>,
    pub bucket0: Signal<Out, Bits<9>>,
    pub bucket1: Signal<Out, Bits<9>>,
    chunk: [Signal<Local, Bits<9>>; 8],
    turned: [Signal<Local, Bits<9>>; 8],
}

const _: () = assert!(limits::ORDER_BUCKET_BITS == 9 && limits::ORDER_WAYS == 8 && limits::ORDER_BANKS == 2);

impl Logic for BucketHash {
    #[hdl_gen]
    fn update(&mut self) {
        for i in 0..7 {
            self.chunk[i].next = self.reference.val().get_bits::<9>(i * 9);
        }
        self.chunk[7].next = bit_cast::<9, 1>(self.reference.val().get_bits::<1>(63));
        self.bucket0.next = self.chunk[0].val()
            ^ self.chunk[1].val()
            ^ self.chunk[2].val()
            ^ self.chunk[3].val()
            ^ self.chunk[4].val()
            ^ self.chunk[5].val()
            ^ self.chunk[6].val()
            ^ self.chunk[7].val();
        // Turned left by 1, 3, 5, 7, 0, 2, 4 and 6.
        self.turned[0].next = (self.chunk[0].val() << 1) | (self.chunk[0].val() >> 8);
        self.turned[1].next = (self.chunk[1].val() << 3) | (self.chunk[1].val() >> 6);
        self.turned[2].next = (self.chunk[2].val() << 5) | (self.chunk[2].val() >> 4);
        self.turned[3].next = (self.chunk[3].val() << 7) | (self.chunk[3].val() >> 2);
        self.turned[4].next = self.chunk[4].val();
        self.turned[5].next = (self.chunk[5].val() << 2) | (self.chunk[5].val() >> 7);
        self.turned[6].next = (self.chunk[6].val() << 4) | (self.chunk[6].val() >> 5);
        self.turned[7].next = (self.chunk[7].val() << 6) | (self.chunk[7].val() >> 3);
        self.bucket1.next = self.turned[0].val()
            ^ self.turned[1].val()
            ^ self.turned[2].val()
            ^ self.turned[3].val()
            ^ self.turned[4].val()
            ^ self.turned[5].val()
            ^ self.turned[6].val()
            ^ self.turned[7].val();
    }
}
