//! Whether a price is whole ticks and a quantity whole lots.
//!
//! In: tick size and lot of an instrument as they are written; price and quantity of a template as it is, and how many ticks and lots
//! they are said to be. Out, four cycles later: whether they are. Why: to multiply takes four cycles, to divide would take
//! more; who says the number need not be believed. Holds: of an instrument whose tick size or lot is 0, nothing is.
use crate::{bundle::*, memory::LookupMemory, product::Product};
use rust_hdl::prelude::*;

#[derive(LogicBlock, Default)]
pub struct Increments {
    pub clock: Signal<In, Clock>,
    pub write: Signal<In, bool>,
    pub write_address: Signal<In, Bits<5>>,
    pub counting: Signal<In, Counting>,
    /// The template's instrument and bank.
    pub row: Signal<In, Bits<5>>,
    pub price: Signal<In, Bits<32>>,
    pub quantity: Signal<In, Bits<32>>,
    pub counts: Signal<Out, bool>,
    units: LookupMemory<Units, 5>,
    ticks: Product,
    lots: Product,
    /// Quantity, price, and whether there are units, of one to four cycles ago.
    terms: [DFF<Bits<65>>; 4],
    here: Signal<Local, Units>,
    unit: Signal<Local, Units>,
    is_set: Signal<Local, bool>,
    price_then: Signal<Local, Bits<64>>,
    quantity_then: Signal<Local, Bits<64>>,
}

impl Logic for Increments {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, units, ticks, lots);
        self.unit.next.tick = self.counting.val().tick;
        self.unit.next.lot = self.counting.val().lot;
        self.units.write.next = self.write.val();
        self.units.write_address.next = self.write_address.val();
        self.units.write_data.next = self.unit.val();
        self.units.read_address.next = self.row.val();
        self.here.next = self.units.read_data.val();
        self.is_set.next = (self.here.val().tick != 0) & (self.here.val().lot != 0);
        self.ticks.a.next = self.here.val().tick;
        self.ticks.b.next = self.counting.val().ticks;
        self.lots.a.next = self.here.val().lot;
        self.lots.b.next = self.counting.val().lots;
        for i in 0..4 {
            self.terms[i].clock.next = self.clock.val();
        }
        for i in 0..3 {
            self.terms[i + 1].d.next = self.terms[i].q.val();
        }
        self.terms[0].d.next = (bit_cast::<65, 1>(self.is_set.val().into()) << 64)
            | (bit_cast::<65, 32>(self.price.val()) << 32)
            | bit_cast::<65, 32>(self.quantity.val());
        self.price_then.next = bit_cast::<64, 32>(self.terms[3].q.val().get_bits::<32>(32));
        self.quantity_then.next = bit_cast::<64, 32>(self.terms[3].q.val().get_bits::<32>(0));
        self.counts.next = self.terms[3].q.val().get_bit(64)
            & (self.ticks.product.val() == self.price_then.val())
            & (self.lots.product.val() == self.quantity_then.val());
    }
}
