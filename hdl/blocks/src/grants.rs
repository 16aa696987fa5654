//! What the card may still send: leases, credit, repetition, cool-down, throttle.
//!
//! In: grants; the instrument and the rule of an order that may be picked (p); what it is (g); that it passed (g + 1).
//! Out, in g: what speaks against it. Why: a grant is a sum since reset, as is what was sent, so that each has one
//! writer, the host and the card, and a grant that comes twice grants once; what is left is their difference, a
//! register when it is compared. Holds: what was sent only grows, and by no more than was left.
//! Not here: who deserves a grant; the host derives it from the venue's word.
use crate::{bundle::*, konst::Konst, memory::LookupMemory};
use rust_hdl::prelude::*;

#[derive(LogicBlock, Default)]
pub struct Grants {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub sweep: Signal<In, Bits<4>>,
    pub grant: Signal<In, Grant>,
    pub throttle: Signal<In, Throttle>,
    // p
    pub instrument: Signal<In, Bits<4>>,
    pub rule: Signal<In, Bits<2>>,
    pub value: Signal<In, Bits<64>>,
    pub cooldown: Signal<In, Bits<48>>,
    // g
    pub buys: Signal<In, bool>,
    pub quantity: Signal<In, Bits<32>>,
    /// The order of the last cycle passed.
    pub passed: Signal<In, bool>,
    pub cools: Signal<Out, bool>,
    pub repeats: Signal<Out, bool>,
    pub throttled: Signal<Out, bool>,
    pub off_position: Signal<Out, bool>,
    pub off_exposure: Signal<Out, bool>,
    pub off_open: Signal<Out, bool>,
    pub off_unacknowledged: Signal<Out, bool>,
    leased_buys: LookupMemory<Bits<32>, 4>,
    leased_sells: LookupMemory<Bits<32>, 4>,
    sent_buys: LookupMemory<Bits<32>, 4>,
    sent_sells: LookupMemory<Bits<32>, 4>,
    // A memory a rule: the row is read while the rule is still being picked.
    repeated_most: [LookupMemory<Bits<32>, 4>; 4],
    repeated: [LookupMemory<Bits<32>, 4>; 4],
    /// The first cycle in which the rule may send again.
    cooled: [LookupMemory<Bits<48>, 4>; 4],
    credit_value: DFF<Bits<64>>,
    credit_open: DFF<Bits<32>>,
    credit_unacknowledged: DFF<Bits<32>>,
    sent_value: DFF<Bits<64>>,
    sent_orders: DFF<Bits<32>>,
    left_value: DFF<Bits<64>>,
    left_open: DFF<Bits<32>>,
    left_unacknowledged: DFF<Bits<32>>,
    tokens: DFF<Bits<16>>,
    /// Cycles to the next token, and whether there are none.
    due: DFF<Bits<32>>,
    is_due: DFF<bool>,
    /// Cycles since reset, as the next cycle counts them.
    soon: DFF<Bits<48>>,
    // Of the order that may be judged in this cycle.
    instrument1: DFF<Bits<4>>,
    rule1: DFF<Bits<2>>,
    left_buys1: DFF<Bits<32>>,
    left_sells1: DFF<Bits<32>>,
    sent_buys1: DFF<Bits<32>>,
    sent_sells1: DFF<Bits<32>>,
    most1: DFF<Bits<32>>,
    repeated1: DFF<Bits<32>>,
    cooled1: DFF<Bits<48>>,
    now1: DFF<Bits<48>>,
    left_value1: DFF<Bits<64>>,
    none_left1: DFF<bool>,
    off_open1: DFF<bool>,
    off_unacknowledged1: DFF<bool>,
    value1: DFF<Bits<64>>,
    cooldown1: DFF<Bits<48>>,
    // Of the one that was judged in the last: what stands if it passed.
    instrument2: DFF<Bits<4>>,
    rule2: DFF<Bits<2>>,
    buys2: DFF<bool>,
    value2: DFF<Bits<64>>,
    buys_after: DFF<Bits<32>>,
    sells_after: DFF<Bits<32>>,
    repeated_after: DFF<Bits<32>>,
    cooled_after: DFF<Bits<48>>,
    left_repeats: Signal<Local, Bits<32>>,
    most_here: Signal<Local, Bits<32>>,
    repeated_here: Signal<Local, Bits<32>>,
    cooled_here: Signal<Local, Bits<48>>,
    lacks_buys: Signal<Local, bool>,
    lacks_sells: Signal<Local, bool>,
    arrives: Signal<Local, bool>,
    more: Signal<Local, Bits<16>>,
    fewer: Signal<Local, Bits<16>>,
    most_fewer: Signal<Local, Bits<16>>,
    k_one16: Konst<16, 1>,
    k_one32: Konst<32, 1>,
    k_one48: Konst<48, 1>,
}

impl Logic for Grants {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, credit_value, credit_open, credit_unacknowledged, sent_value, sent_orders, left_value,
            left_open, left_unacknowledged, tokens, due, is_due, soon, instrument1, rule1, left_buys1, left_sells1,
            sent_buys1, sent_sells1, most1, repeated1, cooled1, now1, left_value1, none_left1, off_open1, off_unacknowledged1, value1, cooldown1, instrument2, rule2, buys2, value2,
            buys_after, sells_after, repeated_after, cooled_after
        );
        clock!(self, clock, leased_buys, leased_sells, sent_buys, sent_sells);
        // ---- what is granted; the sweep of reset clears every row
        self.leased_buys.write.next = self.grant.val().is_lease;
        self.leased_buys.write_address.next = self.grant.val().instrument;
        self.leased_buys.write_data.next = self.grant.val().buys;
        self.leased_sells.write.next = self.grant.val().is_lease;
        self.leased_sells.write_address.next = self.grant.val().instrument;
        self.leased_sells.write_data.next = self.grant.val().sells;
        if self.grant.val().is_credit {
            self.credit_value.d.next = self.grant.val().value;
            self.credit_open.d.next = self.grant.val().open;
            self.credit_unacknowledged.d.next = self.grant.val().unacknowledged;
        }
        self.soon.d.next = self.soon.q.val() + self.k_one48.val();
        // ---- p: what is left for the instrument and the rule
        self.leased_buys.read_address.next = self.instrument.val();
        self.leased_sells.read_address.next = self.instrument.val();
        self.sent_buys.read_address.next = self.instrument.val();
        self.sent_sells.read_address.next = self.instrument.val();
        self.left_buys1.d.next = self.leased_buys.read_data.val() - self.sent_buys.read_data.val();
        self.left_sells1.d.next = self.leased_sells.read_data.val() - self.sent_sells.read_data.val();
        self.sent_buys1.d.next = self.sent_buys.read_data.val();
        self.sent_sells1.d.next = self.sent_sells.read_data.val();
        self.most_here.next = self.repeated_most[0].read_data.val();
        self.repeated_here.next = self.repeated[0].read_data.val();
        self.cooled_here.next = self.cooled[0].read_data.val();
        match self.rule.val().index() {
            1 => {
                self.most_here.next = self.repeated_most[1].read_data.val();
                self.repeated_here.next = self.repeated[1].read_data.val();
                self.cooled_here.next = self.cooled[1].read_data.val();
            }
            2 => {
                self.most_here.next = self.repeated_most[2].read_data.val();
                self.repeated_here.next = self.repeated[2].read_data.val();
                self.cooled_here.next = self.cooled[2].read_data.val();
            }
            3 => {
                self.most_here.next = self.repeated_most[3].read_data.val();
                self.repeated_here.next = self.repeated[3].read_data.val();
                self.cooled_here.next = self.cooled[3].read_data.val();
            }
            _ => {}
        }
        self.most1.d.next = self.most_here.val();
        self.repeated1.d.next = self.repeated_here.val();
        self.cooled1.d.next = self.cooled_here.val();
        self.now1.d.next = self.soon.q.val();
        self.cooldown1.d.next = self.cooldown.val();
        self.left_value1.d.next = self.left_value.q.val();
        self.none_left1.d.next = (self.left_value.q.val() == 0) | self.left_value.q.val().get_bit(63);
        self.off_open1.d.next = (self.left_open.q.val() == 0) | self.left_open.q.val().get_bit(31);
        self.off_unacknowledged1.d.next =
            (self.left_unacknowledged.q.val() == 0) | self.left_unacknowledged.q.val().get_bit(31);
        self.value1.d.next = self.value.val();
        self.instrument1.d.next = self.instrument.val();
        self.rule1.d.next = self.rule.val();
        // ---- g: what speaks against it. No left is below none.
        self.cools.next = self.now1.q.val() < self.cooled1.q.val();
        self.left_repeats.next = self.most1.q.val() - self.repeated1.q.val();
        self.repeats.next = (self.most1.q.val() == self.repeated1.q.val()) | self.left_repeats.val().get_bit(31);
        self.throttled.next = self.tokens.q.val() == 0;
        self.lacks_buys.next =
            self.left_buys1.q.val().get_bit(31) | (self.quantity.val() > self.left_buys1.q.val());
        self.lacks_sells.next =
            self.left_sells1.q.val().get_bit(31) | (self.quantity.val() > self.left_sells1.q.val());
        self.off_position.next =
            (self.lacks_buys.val() & self.buys.val()) | (self.lacks_sells.val() & !self.buys.val());
        self.off_exposure.next = self.none_left1.q.val() | (self.value1.q.val() > self.left_value1.q.val());
        self.off_open.next = self.off_open1.q.val();
        self.off_unacknowledged.next = self.off_unacknowledged1.q.val();
        self.left_value.d.next = self.credit_value.q.val() - self.sent_value.q.val();
        self.left_open.d.next = self.credit_open.q.val() - self.sent_orders.q.val();
        self.left_unacknowledged.d.next = self.credit_unacknowledged.q.val() - self.sent_orders.q.val();
        self.instrument2.d.next = self.instrument1.q.val();
        self.rule2.d.next = self.rule1.q.val();
        self.buys2.d.next = self.buys.val();
        self.value2.d.next = self.value1.q.val();
        self.buys_after.d.next = self.sent_buys1.q.val() + self.quantity.val();
        self.sells_after.d.next = self.sent_sells1.q.val() + self.quantity.val();
        self.repeated_after.d.next = self.repeated1.q.val() + self.k_one32.val();
        self.cooled_after.d.next = self.now1.q.val() + self.cooldown1.q.val();
        // ---- g + 1: what a pass moves
        self.sent_buys.write.next = self.passed.val() & self.buys2.q.val();
        self.sent_buys.write_address.next = self.instrument2.q.val();
        self.sent_buys.write_data.next = self.buys_after.q.val();
        self.sent_sells.write.next = self.passed.val() & !self.buys2.q.val();
        self.sent_sells.write_address.next = self.instrument2.q.val();
        self.sent_sells.write_data.next = self.sells_after.q.val();
        if self.passed.val() {
            self.sent_value.d.next = self.sent_value.q.val() + self.value2.q.val();
            self.sent_orders.d.next = self.sent_orders.q.val() + self.k_one32.val();
        }
        // ---- the throttle: every outcome is there before it is known which
        self.arrives.next = self.is_due.q.val() & self.throttle.val().runs;
        self.due.d.next = self.due.q.val() - self.k_one32.val();
        self.is_due.d.next = self.due.q.val() == 1;
        if self.is_due.q.val() {
            self.due.d.next = self.throttle.val().interval - self.k_one32.val();
            self.is_due.d.next = !self.throttle.val().runs | self.throttle.val().runs_always;
        }
        self.more.next = self.tokens.q.val() + self.k_one16.val();
        self.fewer.next = self.tokens.q.val() - self.k_one16.val();
        if self.tokens.q.val() == 0 {
            self.fewer.next = 0.into();
        }
        self.most_fewer.next = self.throttle.val().burst - self.k_one16.val();
        if self.throttle.val().burst == 0 {
            self.most_fewer.next = 0.into();
        }
        self.tokens.d.next = self.tokens.q.val();
        if self.arrives.val() & !self.passed.val() {
            self.tokens.d.next = self.more.val();
        }
        if self.passed.val() & !self.arrives.val() {
            self.tokens.d.next = self.fewer.val();
        }
        if !(self.tokens.q.val() < self.throttle.val().burst) {
            self.tokens.d.next = self.throttle.val().burst;
            if self.passed.val() {
                self.tokens.d.next = self.most_fewer.val();
            }
        }
        for i in 0..4 {
            self.repeated_most[i].clock.next = self.clock.val();
            self.repeated_most[i].write.next =
                self.grant.val().is_repeat & (self.grant.val().rule == i.to_bits::<2>());
            self.repeated_most[i].write_address.next = self.grant.val().instrument;
            self.repeated_most[i].write_data.next = self.grant.val().orders;
            self.repeated_most[i].read_address.next = self.instrument.val();
            self.repeated[i].clock.next = self.clock.val();
            self.repeated[i].write.next = self.passed.val() & (self.rule2.q.val() == i.to_bits::<2>());
            self.repeated[i].write_address.next = self.instrument2.q.val();
            self.repeated[i].write_data.next = self.repeated_after.q.val();
            self.repeated[i].read_address.next = self.instrument.val();
            self.cooled[i].clock.next = self.clock.val();
            self.cooled[i].write.next = self.passed.val() & (self.rule2.q.val() == i.to_bits::<2>());
            self.cooled[i].write_address.next = self.instrument2.q.val();
            self.cooled[i].write_data.next = self.cooled_after.q.val();
            self.cooled[i].read_address.next = self.instrument.val();
        }
        if self.reset.val() {
            self.credit_value.d.next = 0.into();
            self.credit_open.d.next = 0.into();
            self.credit_unacknowledged.d.next = 0.into();
            self.sent_value.d.next = 0.into();
            self.sent_orders.d.next = 0.into();
            self.tokens.d.next = 0.into();
            self.is_due.d.next = true;
            self.soon.d.next = self.k_one48.val();
            // The sweep goes through what a pass would write.
            self.instrument2.d.next = self.sweep.val();
            self.buys_after.d.next = 0.into();
            self.sells_after.d.next = 0.into();
            self.repeated_after.d.next = 0.into();
            self.cooled_after.d.next = 0.into();
            self.leased_buys.write.next = true;
            self.leased_buys.write_address.next = self.sweep.val();
            self.leased_buys.write_data.next = 0.into();
            self.leased_sells.write.next = true;
            self.leased_sells.write_address.next = self.sweep.val();
            self.leased_sells.write_data.next = 0.into();
            self.sent_buys.write.next = true;
            self.sent_sells.write.next = true;
            for i in 0..4 {
                self.repeated_most[i].write.next = true;
                self.repeated_most[i].write_address.next = self.sweep.val();
                self.repeated_most[i].write_data.next = 0.into();
                self.repeated[i].write.next = true;
                self.cooled[i].write.next = true;
            }
        }
    }
}
