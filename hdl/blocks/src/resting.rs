//! What rests of ours: the prices that an order must not reach (C13).
//!
//! In: what the host tells (x + 3); the instrument whose decision may be picked (r); the order that is judged (g) and whether it
//! passed (g + 1). Out, in p = r + 1: the nearest own orders of either side. Latency: what passed in g is read in r = g + 2.
//! Why: told and sent have a table each, so that a word of the host and a pass never meet; which of the two counts is a number:
//! what was told holds from when it knows of all that was sent.
//! Holds: an instrument of which nothing was told since reset has orders at every price. Not here: the comparison.
use crate::{bundle::*, konst::Konst, memory::LookupMemory};
use rust_hdl::prelude::*;

#[derive(LogicBlock, Default)]
pub struct Resting {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub sweep: Signal<In, Bits<4>>,
    pub grant: Signal<In, Grant>,
    // r
    pub instrument: Signal<In, Bits<4>>,
    // p
    pub own: Signal<Out, Own>,
    // g
    pub buys: Signal<In, bool>,
    pub price: Signal<In, Bits<32>>,
    // g + 1: the order passed and may rest; how many have passed, with it.
    pub rests: Signal<In, bool>,
    pub orders: Signal<In, Bits<32>>,
    told_rows: LookupMemory<OwnRow, 4>,
    sent_rows: LookupMemory<OwnRow, 4>,
    instrument1: DFF<Bits<4>>,
    own1: DFF<Own>,
    instrument2: DFF<Bits<4>>,
    own2: DFF<Own>,
    instrument3: DFF<Bits<4>>,
    own3: DFF<Own>,
    told: Signal<Local, OwnRow>,
    sent: Signal<Local, OwnRow>,
    missed: Signal<Local, Bits<32>>,
    now: Signal<Local, Own>,
    mine: Signal<Local, Bits<32>>,
    price_key: Signal<Local, Bits<32>>,
    nearer: Signal<Local, Bits<32>>,
    after: Signal<Local, Own>,
    told_data: Signal<Local, OwnRow>,
    sent_data: Signal<Local, OwnRow>,
    k_full: Konst<32, 0xffff_ffff>,
}

impl Logic for Resting {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, instrument1, own1, instrument2, own2, instrument3, own3);
        clock!(self, clock, told_rows, sent_rows);
        // ---- x + 2: what is told
        self.told_data.next.sells = self.grant.val().sells;
        self.told_data.next.buys = self.grant.val().buys ^ self.k_full.val();
        self.told_data.next.orders = self.grant.val().open;
        self.told_rows.write.next = self.grant.val().is_resting;
        self.told_rows.write_address.next = self.grant.val().instrument;
        // ---- r
        self.told_rows.read_address.next = self.instrument.val();
        self.sent_rows.read_address.next = self.instrument.val();
        self.told.next = self.told_rows.read_data.val();
        self.sent.next = self.sent_rows.read_data.val();
        self.missed.next = self.told.val().orders - self.sent.val().orders;
        self.now.next.sells = self.told.val().sells;
        self.now.next.buys = self.told.val().buys;
        if self.missed.val().get_bit(31) {
            self.now.next.sells = self.sent.val().sells;
            self.now.next.buys = self.sent.val().buys;
        }
        self.own1.d.next = self.now.val();
        self.instrument1.d.next = self.instrument.val();
        // ---- p
        self.own.next = self.own1.q.val();
        self.own2.d.next = self.own1.q.val();
        self.instrument2.d.next = self.instrument1.q.val();
        // ---- g: what rests if it passes
        self.price_key.next = self.price.val();
        self.mine.next = self.own2.q.val().sells;
        if self.buys.val() {
            self.price_key.next = self.price.val() ^ self.k_full.val();
            self.mine.next = self.own2.q.val().buys;
        }
        self.nearer.next = self.mine.val();
        if self.price_key.val() < self.mine.val() {
            self.nearer.next = self.price_key.val();
        }
        self.after.next = self.own2.q.val();
        if self.buys.val() {
            self.after.next.buys = self.nearer.val();
        } else {
            self.after.next.sells = self.nearer.val();
        }
        self.own3.d.next = self.after.val();
        self.instrument3.d.next = self.instrument2.q.val();
        // ---- g + 1
        self.sent_data.next.sells = self.own3.q.val().sells;
        self.sent_data.next.buys = self.own3.q.val().buys;
        self.sent_data.next.orders = self.orders.val();
        self.sent_rows.write.next = self.rests.val();
        self.sent_rows.write_address.next = self.instrument3.q.val();
        if self.reset.val() {
            self.told_rows.write.next = true;
            self.told_rows.write_address.next = self.sweep.val();
            self.told_data.next.sells = 0.into();
            self.told_data.next.buys = 0.into();
            self.told_data.next.orders = 0.into();
            self.sent_rows.write.next = true;
            self.sent_rows.write_address.next = self.sweep.val();
            self.sent_data.next.orders = 0.into();
        }
        self.told_rows.write_data.next = self.told_data.val();
        self.sent_rows.write_data.next = self.sent_data.val();
    }
}
