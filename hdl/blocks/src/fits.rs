//! The orders that an instrument's rules may send, and what of each does not fit.
//!
//! In: limits and templates as they are written; the rows and the tops of the decision that waits and of the one that is told,
//! and which of the two may be picked next (r); then the rule that is picked and what is left of the leases and the credit
//! (p = r + 1). Out, in p: the rule's template, its value, and what of it speaks against sending it, a bit for each entry of
//! the contract's order. Why: everything that is read stands in registers before it is compared, all rules are compared
//! before it is known which is picked, and both live collars are summed before it is known which decision is.
//! Of a mass cancel nothing is asked that is only of orders.
//! Holds: a row that was never written fits nothing. Not here: what may change between p and the gate.
use crate::{bundle::*, increments::Increments, konst::Konst, memory::LookupMemory, product::Product};
use riposte_map::{limits, reason::{GATE_ORDER, Reason}, shm::MASS_CANCEL};
use rust_hdl::prelude::*;

// The places of the bits of `against`.
const _: () = {
    assert!(GATE_ORDER[8] as u8 == Reason::InstrumentDisabled as u8 && GATE_ORDER[9] as u8 == Reason::Side as u8);
    assert!(GATE_ORDER[10] as u8 == Reason::Quantity as u8 && GATE_ORDER[11] as u8 == Reason::Value as u8);
    assert!(GATE_ORDER[12] as u8 == Reason::Collar as u8);
    assert!(GATE_ORDER[14] as u8 == Reason::TemplateUnset as u8 && GATE_ORDER[17] as u8 == Reason::CoolDown as u8);
    assert!(GATE_ORDER[20] as u8 == Reason::Position as u8 && GATE_ORDER[21] as u8 == Reason::Exposure as u8);
    assert!(GATE_ORDER[24] as u8 == Reason::Expired as u8 && GATE_ORDER[25] as u8 == Reason::SelfMatch as u8);
    assert!(GATE_ORDER[26] as u8 == Reason::Increment as u8);
};

/// One rule's template against its limits.
#[derive(LogicBlock, Default)]
pub struct RuleFit {
    pub clock: Signal<In, Clock>,
    pub template_write: Signal<In, bool>,
    pub template_address: Signal<In, Bits<5>>,
    pub template_data: Signal<In, Template>,
    /// Only of what an order of the host brings along.
    pub terms_write: Signal<In, bool>,
    // What was computed of it; or its instrument was written, of which nothing is known any more.
    pub value_write: Signal<In, bool>,
    pub unsets: Signal<In, bool>,
    pub value_address: Signal<In, Bits<5>>,
    pub value_data: Signal<In, Bits<64>>,
    pub whole_data: Signal<In, bool>,
    // r
    pub row: Signal<In, Bits<5>>,
    // p: of the row that was read in the last cycle.
    pub limit: Signal<In, Limits>,
    pub collar: Signal<In, Collar>,
    pub left: Signal<In, Left>,
    pub own: Signal<In, Own>,
    pub lived: Signal<In, Bits<48>>,
    pub order: Signal<Out, Template>,
    pub value: Signal<Out, Bits<64>>,
    pub against: Signal<Out, Bits<27>>,
    pub too_far: Signal<Out, bool>,
    terms: LookupMemory<Terms, 5>,
    shapes: LookupMemory<Shape, 5>,
    /// Price times quantity of each template, some cycles behind it: nobody looks at a bank that is being written.
    values: LookupMemory<Bits<64>, 5>,
    /// It is whole ticks and lots.
    whole: LookupMemory<Bits<1>, 5>,
    template1: DFF<Template>,
    value1: DFF<Bits<64>>,
    whole1: DFF<Bits<1>>,
    terms_data: Signal<Local, Terms>,
    shape_data: Signal<Local, Shape>,
    read: Signal<Local, Template>,
    here: Signal<Local, Template>,
    price: Signal<Local, Bits<33>>,
    price_key: Signal<Local, Bits<32>>,
    others: Signal<Local, Bits<32>>,
    cheapest: Signal<Local, Bits<33>>,
    left_buys: Signal<Local, Bits<32>>,
    left_sells: Signal<Local, Bits<32>>,
    left_value: Signal<Local, Bits<64>>,
    buys: Signal<Local, bool>,
    /// It is a mass cancel, to which nothing of an order applies.
    cancels: Signal<Local, bool>,
    may_send: Signal<Local, bool>,
    off_enabled: Signal<Local, bool>,
    off_side: Signal<Local, bool>,
    off_quantity: Signal<Local, bool>,
    off_value: Signal<Local, bool>,
    off_collar: Signal<Local, bool>,
    off_live: Signal<Local, bool>,
    off_shape: Signal<Local, bool>,
    off_cooldown: Signal<Local, bool>,
    off_position: Signal<Local, bool>,
    off_exposure: Signal<Local, bool>,
    off_lifetime: Signal<Local, bool>,
    off_own: Signal<Local, bool>,
    off_whole: Signal<Local, bool>,
    k_full: Konst<32, 0xffff_ffff>,
    k_buy: Konst<8, { b'B' as u64 }>,
    k_sell: Konst<8, { b'S' as u64 }>,
    k_short: Konst<8, { b'T' as u64 }>,
    k_exempt: Konst<8, { b'E' as u64 }>,
    k_cancel: Konst<8, { MASS_CANCEL as u64 }>,
    k_eight: Konst<4, 8>,
    k_words: Konst<5, { limits::IMAGE_WORDS as u64 }>,
    k_words_min: Konst<5, { limits::IMAGE_WORDS_MIN as u64 }>,
}

impl Logic for RuleFit {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, template1, value1, whole1);
        clock!(self, clock, terms, shapes, values, whole);
        self.terms_data.next.quantity = self.template_data.val().quantity;
        self.terms_data.next.price = self.template_data.val().price;
        self.terms_data.next.side = self.template_data.val().side;
        self.shape_data.next.words = self.template_data.val().words;
        self.shape_data.next.last_bytes = self.template_data.val().last_bytes;
        self.shape_data.next.payload_bytes = self.template_data.val().payload_bytes;
        self.shape_data.next.checksum = self.template_data.val().checksum;
        self.shape_data.next.cooldown = self.template_data.val().cooldown;
        self.shape_data.next.lifetime = self.template_data.val().lifetime;
        self.shape_data.next.cancels = self.template_data.val().cancels;
        self.shape_data.next.immediate = self.template_data.val().immediate;
        self.terms.write.next = self.template_write.val() | self.terms_write.val();
        self.terms.write_address.next = self.template_address.val();
        self.terms.write_data.next = self.terms_data.val();
        self.terms.read_address.next = self.row.val();
        self.shapes.write.next = self.template_write.val();
        self.shapes.write_address.next = self.template_address.val();
        self.shapes.write_data.next = self.shape_data.val();
        self.shapes.read_address.next = self.row.val();
        self.values.write.next = self.value_write.val();
        self.values.write_address.next = self.value_address.val();
        self.values.write_data.next = self.value_data.val();
        self.values.read_address.next = self.row.val();
        self.whole.write.next = self.value_write.val() | self.unsets.val();
        self.whole.write_address.next = self.value_address.val();
        self.whole.write_data.next = (self.whole_data.val() & !self.unsets.val()).into();
        self.whole.read_address.next = self.row.val();
        self.read.next.quantity = self.terms.read_data.val().quantity;
        self.read.next.price = self.terms.read_data.val().price;
        self.read.next.side = self.terms.read_data.val().side;
        self.read.next.words = self.shapes.read_data.val().words;
        self.read.next.last_bytes = self.shapes.read_data.val().last_bytes;
        self.read.next.payload_bytes = self.shapes.read_data.val().payload_bytes;
        self.read.next.checksum = self.shapes.read_data.val().checksum;
        self.read.next.cooldown = self.shapes.read_data.val().cooldown;
        self.read.next.lifetime = self.shapes.read_data.val().lifetime;
        self.read.next.cancels = self.shapes.read_data.val().cancels;
        self.read.next.immediate = self.shapes.read_data.val().immediate;
        self.template1.d.next = self.read.val();
        self.value1.d.next = self.values.read_data.val();
        self.whole1.d.next = self.whole.read_data.val();
        // ---- p
        self.here.next = self.template1.q.val();
        self.buys.next = self.here.val().side == self.k_buy.val();
        self.cancels.next = self.here.val().cancels;
        self.may_send.next = (self.buys.val() & self.limit.val().may_buy)
            | ((self.here.val().side == self.k_sell.val()) & self.limit.val().may_sell)
            | ((self.here.val().side == self.k_short.val()) & self.limit.val().may_short)
            | ((self.here.val().side == self.k_exempt.val()) & self.limit.val().may_short);
        // An order of the host may have written another side over it.
        if self.cancels.val() {
            self.may_send.next = (self.here.val().side == self.k_cancel.val()) & self.limit.val().may_cancel;
        }
        self.off_enabled.next = !self.limit.val().enabled;
        self.off_side.next = !self.may_send.val();
        self.off_quantity.next =
            (self.here.val().quantity == 0) | (self.here.val().quantity > self.limit.val().quantity_max);
        self.off_value.next =
            (self.limit.val().value_max == 0) | (self.value1.q.val() > self.limit.val().value_max);
        self.off_collar.next = (self.limit.val().collar_high == 0)
            | (self.here.val().price < self.limit.val().collar_low)
            | (self.here.val().price > self.limit.val().collar_high);
        self.price.next = bit_cast::<33, 32>(self.here.val().price);
        self.cheapest.next = self.collar.val().cheapest;
        self.left_buys.next = self.left.val().buys;
        self.left_sells.next = self.left.val().sells;
        self.left_value.next = self.left.val().value;
        self.off_live.next = !self.collar.val().has_cheapest
            | (!self.cheapest.val().get_bit(32) & (self.price.val() < self.cheapest.val()));
        self.off_position.next =
            self.left_sells.val().get_bit(31) | (self.here.val().quantity > self.left_sells.val());
        self.price_key.next = self.here.val().price ^ self.k_full.val();
        self.others.next = self.own.val().buys;
        if self.buys.val() {
            self.off_live.next =
                !self.collar.val().has_dearest | (self.price.val() > self.collar.val().dearest);
            self.off_position.next =
                self.left_buys.val().get_bit(31) | (self.here.val().quantity > self.left_buys.val());
            self.price_key.next = self.here.val().price;
            self.others.next = self.own.val().sells;
        }
        self.off_own.next = !(self.price_key.val() < self.others.val());
        self.off_whole.next = self.whole1.q.val() == 0;
        self.off_lifetime.next = !(self.lived.val() < self.here.val().lifetime);
        if self.collar.val().is_open {
            self.off_live.next = false;
        }
        self.off_shape.next = (self.here.val().words < self.k_words_min.val())
            | (self.here.val().words > self.k_words.val())
            | (self.here.val().last_bytes == 0)
            | (self.here.val().last_bytes > self.k_eight.val());
        self.off_cooldown.next = self.here.val().cooldown == 0;
        self.off_exposure.next = (self.left_value.val() == 0)
            | self.left_value.val().get_bit(63)
            | (self.value1.q.val() > self.left_value.val());
        if self.cancels.val() {
            self.off_quantity.next = false;
            self.off_value.next = false;
            self.off_collar.next = false;
            self.off_live.next = false;
            self.off_position.next = false;
            self.off_exposure.next = false;
            self.off_lifetime.next = false;
            self.off_own.next = false;
            self.off_whole.next = false;
        }
        self.against.next = (bit_cast::<27, 1>(self.off_enabled.val().into()) << 8)
            | (bit_cast::<27, 1>(self.off_side.val().into()) << 9)
            | (bit_cast::<27, 1>(self.off_quantity.val().into()) << 10)
            | (bit_cast::<27, 1>(self.off_value.val().into()) << 11)
            | (bit_cast::<27, 1>(self.off_collar.val().into()) << 12)
            | (bit_cast::<27, 1>(self.off_shape.val().into()) << 14)
            | (bit_cast::<27, 1>(self.off_cooldown.val().into()) << 17)
            | (bit_cast::<27, 1>(self.off_position.val().into()) << 20)
            | (bit_cast::<27, 1>(self.off_exposure.val().into()) << 21)
            | (bit_cast::<27, 1>(self.off_lifetime.val().into()) << 24)
            | (bit_cast::<27, 1>(self.off_own.val().into()) << 25)
            | (bit_cast::<27, 1>(self.off_whole.val().into()) << 26);
        self.too_far.next = self.off_live.val();
        self.order.next = self.here.val();
        self.value.next = self.value1.q.val();
    }
}

/// The live collar of a decision that may be picked next.
#[derive(LogicBlock, Default)]
pub struct LiveCollar {
    pub clock: Signal<In, Clock>,
    pub write: Signal<In, bool>,
    pub address: Signal<In, Bits<5>>,
    pub data: Signal<In, Reach>,
    pub row: Signal<In, Bits<5>>,
    pub bid: Signal<In, Top>,
    pub ask: Signal<In, Top>,
    pub collar: Signal<Out, Collar>,
    rows: LookupMemory<Reach, 5>,
    here: Signal<Local, Reach>,
}

impl Logic for LiveCollar {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, rows);
        self.rows.write.next = self.write.val();
        self.rows.write_address.next = self.address.val();
        self.rows.write_data.next = self.data.val();
        self.rows.read_address.next = self.row.val();
        self.here.next = self.rows.read_data.val();
        // The top bit of `cheapest`: below nothing, so that every price is above it.
        self.collar.next.dearest =
            bit_cast::<33, 32>(self.ask.val().price) + bit_cast::<33, 32>(self.here.val().reach);
        self.collar.next.cheapest =
            bit_cast::<33, 32>(self.bid.val().price) - bit_cast::<33, 32>(self.here.val().reach);
        self.collar.next.has_dearest = (self.ask.val().quantity != 0) & self.here.val().has_reach;
        self.collar.next.has_cheapest = (self.bid.val().quantity != 0) & self.here.val().has_reach;
        self.collar.next.is_open = self.here.val().is_open;
    }
}

#[derive(LogicBlock, Default)]
pub struct Fits {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub limits_write: Signal<In, bool>,
    pub limits_address: Signal<In, Bits<5>>,
    pub limits_data: Signal<In, Limits>,
    pub template_write: Signal<In, bool>,
    pub template_address: Signal<In, Bits<7>>,
    pub template_data: Signal<In, Template>,
    pub terms_write: Signal<In, bool>,
    /// Of the instrument or the template that is written.
    pub counting: Signal<In, Counting>,
    // r
    pub waiting_row: Signal<In, Bits<5>>,
    pub waiting_bid: Signal<In, Top>,
    pub waiting_ask: Signal<In, Top>,
    pub told_row: Signal<In, Bits<5>>,
    pub told_bid: Signal<In, Top>,
    pub told_ask: Signal<In, Top>,
    /// None waits: the one that is told may be picked.
    pub none_waits: Signal<In, bool>,
    // p
    pub rule: Signal<In, Bits<2>>,
    pub left: Signal<In, Left>,
    pub own: Signal<In, Own>,
    /// Cycles since the commit, as the next cycle counts them.
    pub lived: Signal<In, Bits<48>>,
    pub order: Signal<Out, Template>,
    pub value: Signal<Out, Bits<64>>,
    pub against: Signal<Out, Bits<27>>,
    /// Of every rule: its price is outside the live collar. The last to be known, it is chosen a cycle later.
    pub too_far: Signal<Out, Bits<4>>,
    limit_rows: LookupMemory<Limits, 5>,
    limit: DFF<Limits>,
    waiting: LiveCollar,
    told: LiveCollar,
    collar: DFF<Collar>,
    rules: [RuleFit; 4],
    product: Product,
    increments: Increments,
    // A template that is being written, or its instrument: where what is known of it goes in three, two, one and no cycles.
    written3: DFF<Bits<7>>,
    writes3: DFF<bool>,
    unsets3: DFF<bool>,
    written2: DFF<Bits<7>>,
    writes2: DFF<bool>,
    unsets2: DFF<bool>,
    written1: DFF<Bits<7>>,
    writes1: DFF<bool>,
    unsets1: DFF<bool>,
    written: DFF<Bits<7>>,
    writes: DFF<bool>,
    unsets: DFF<bool>,
    row: Signal<Local, Bits<5>>,
    reach: Signal<Local, Reach>,
}

impl Logic for Fits {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, limit, collar, written3, writes3, unsets3, written2, writes2, unsets2, written1, writes1, unsets1, written, writes,
            unsets
        );
        clock!(self, clock, limit_rows, waiting, told, product, increments);
        self.row.next = self.waiting_row.val();
        if self.none_waits.val() {
            self.row.next = self.told_row.val();
        }
        self.limit_rows.write.next = self.limits_write.val();
        self.limit_rows.write_address.next = self.limits_address.val();
        self.limit_rows.write_data.next = self.limits_data.val();
        self.limit_rows.read_address.next = self.row.val();
        self.limit.d.next = self.limit_rows.read_data.val();
        self.reach.next.reach = self.limits_data.val().reach;
        self.reach.next.has_reach = self.limits_data.val().has_reach;
        self.reach.next.is_open = self.limits_data.val().is_open;
        self.waiting.write.next = self.limits_write.val();
        self.waiting.address.next = self.limits_address.val();
        self.waiting.data.next = self.reach.val();
        self.waiting.row.next = self.waiting_row.val();
        self.waiting.bid.next = self.waiting_bid.val();
        self.waiting.ask.next = self.waiting_ask.val();
        self.told.write.next = self.limits_write.val();
        self.told.address.next = self.limits_address.val();
        self.told.data.next = self.reach.val();
        self.told.row.next = self.told_row.val();
        self.told.bid.next = self.told_bid.val();
        self.told.ask.next = self.told_ask.val();
        self.collar.d.next = self.waiting.collar.val();
        if self.none_waits.val() {
            self.collar.d.next = self.told.collar.val();
        }
        self.product.a.next = self.template_data.val().price;
        self.product.b.next = self.template_data.val().quantity;
        self.writes3.d.next = self.template_write.val() | self.terms_write.val();
        self.unsets3.d.next = self.limits_write.val();
        self.written3.d.next = self.template_address.val();
        if self.limits_write.val() {
            self.written3.d.next = bit_cast::<7, 5>(self.limits_address.val()) << 2;
        }
        self.writes2.d.next = self.writes3.q.val();
        self.unsets2.d.next = self.unsets3.q.val();
        self.written2.d.next = self.written3.q.val();
        self.writes1.d.next = self.writes2.q.val();
        self.unsets1.d.next = self.unsets2.q.val();
        self.written1.d.next = self.written2.q.val();
        self.writes.d.next = self.writes1.q.val();
        self.unsets.d.next = self.unsets1.q.val();
        self.written.d.next = self.written1.q.val();
        self.increments.write.next = self.limits_write.val();
        self.increments.write_address.next = self.limits_address.val();
        self.increments.counting.next = self.counting.val();
        self.increments.row.next = self.template_address.val().get_bits::<5>(2);
        self.increments.price.next = self.template_data.val().price;
        self.increments.quantity.next = self.template_data.val().quantity;
        // ---- p: the rules
        for i in 0..4 {
            self.rules[i].clock.next = self.clock.val();
            self.rules[i].template_write.next = self.template_write.val()
                & (self.template_address.val().get_bits::<2>(0) == i.to_bits::<2>());
            self.rules[i].terms_write.next = self.terms_write.val()
                & (self.template_address.val().get_bits::<2>(0) == i.to_bits::<2>());
            self.rules[i].template_address.next = self.template_address.val().get_bits::<5>(2);
            self.rules[i].template_data.next = self.template_data.val();
            self.rules[i].value_write.next =
                self.writes.q.val() & (self.written.q.val().get_bits::<2>(0) == i.to_bits::<2>());
            self.rules[i].unsets.next = self.unsets.q.val();
            self.rules[i].whole_data.next = self.increments.counts.val();
            self.rules[i].value_address.next = self.written.q.val().get_bits::<5>(2);
            self.rules[i].value_data.next = self.product.product.val();
            self.rules[i].row.next = self.row.val();
            self.rules[i].limit.next = self.limit.q.val();
            self.rules[i].collar.next = self.collar.q.val();
            self.rules[i].left.next = self.left.val();
            self.rules[i].own.next = self.own.val();
            self.rules[i].lived.next = self.lived.val();
        }
        self.too_far.next = bit_cast::<4, 1>(self.rules[0].too_far.val().into())
            | (bit_cast::<4, 1>(self.rules[1].too_far.val().into()) << 1)
            | (bit_cast::<4, 1>(self.rules[2].too_far.val().into()) << 2)
            | (bit_cast::<4, 1>(self.rules[3].too_far.val().into()) << 3);
        self.order.next = self.rules[0].order.val();
        self.value.next = self.rules[0].value.val();
        self.against.next = self.rules[0].against.val();
        match self.rule.val().index() {
            1 => {
                self.order.next = self.rules[1].order.val();
                self.value.next = self.rules[1].value.val();
                self.against.next = self.rules[1].against.val();
            }
            2 => {
                self.order.next = self.rules[2].order.val();
                self.value.next = self.rules[2].value.val();
                self.against.next = self.rules[2].against.val();
            }
            3 => {
                self.order.next = self.rules[3].order.val();
                self.value.next = self.rules[3].value.val();
                self.against.next = self.rules[3].against.val();
            }
            _ => {}
        }
        if self.reset.val() {
            self.writes3.d.next = false;
            self.writes2.d.next = false;
            self.writes1.d.next = false;
            self.writes.d.next = false;
            self.unsets3.d.next = false;
            self.unsets2.d.next = false;
            self.unsets1.d.next = false;
            self.unsets.d.next = false;
        }
    }
}
