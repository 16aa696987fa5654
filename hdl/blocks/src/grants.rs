//! What the card may still send: leases, credit, repetition, cool-down, throttle.
//!
//! In: grants; the instrument of a decision that may be picked next (r); the rule that is picked, its order's value and
//! cool-down, and whether it is a mass cancel (p = r + 1); the order's side and quantity (g = r + 2); that it passed (g + 1). Out, in p: what is left, and what
//! speaks against the order, a bit for each entry of the contract's order; in g: whether the throttle does. Why: a grant is a
//! sum since reset, as is what was sent, so that each has one writer, the host and the card, and a grant that comes twice
//! grants once; what is left is their difference, a register when it is compared. Holds: what was sent only grows, and
//! by no more than was left. Not here: who deserves a grant; the host derives it from the venue's word.
use crate::{bundle::*, konst::Konst, memory::LookupMemory};
use riposte_map::reason::{GATE_ORDER, Reason};
use rust_hdl::prelude::*;

// The places of the bits of `against`.
const _: () = {
    assert!(GATE_ORDER[17] as u8 == Reason::CoolDown as u8 && GATE_ORDER[18] as u8 == Reason::Repeated as u8);
    assert!(GATE_ORDER[22] as u8 == Reason::OpenOrders as u8 && GATE_ORDER[23] as u8 == Reason::Unacknowledged as u8);
};

/// How often one rule of each instrument may send, and from when on.
#[derive(LogicBlock, Default)]
pub struct RuleGrant {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub sweep: Signal<In, Bits<4>>,
    pub granted: Signal<In, bool>,
    pub granted_to: Signal<In, Bits<4>>,
    pub orders: Signal<In, Bits<32>>,
    // r
    pub instrument: Signal<In, Bits<4>>,
    // p: of the instrument that was read in the last cycle.
    pub now: Signal<In, Bits<48>>,
    pub repeated: Signal<Out, Bits<32>>,
    pub repeats: Signal<Out, bool>,
    pub cools: Signal<Out, bool>,
    // g + 1: an order passed, and what stands from then on; in reset, of the row that is swept.
    pub passed: Signal<In, bool>,
    pub passed_of: Signal<In, Bits<4>>,
    pub repeated_after: Signal<In, Bits<32>>,
    pub cooled_after: Signal<In, Bits<48>>,
    most_rows: LookupMemory<Bits<32>, 4>,
    repeated_rows: LookupMemory<Bits<32>, 4>,
    /// The first cycle in which the rule may send again.
    cooled_rows: LookupMemory<Bits<48>, 4>,
    left1: DFF<Bits<32>>,
    repeated1: DFF<Bits<32>>,
    cooled1: DFF<Bits<48>>,
}

impl Logic for RuleGrant {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, left1, repeated1, cooled1);
        clock!(self, clock, most_rows, repeated_rows, cooled_rows);
        self.most_rows.write.next = self.granted.val();
        self.most_rows.write_address.next = self.granted_to.val();
        self.most_rows.write_data.next = self.orders.val();
        self.most_rows.read_address.next = self.instrument.val();
        self.repeated_rows.write.next = self.passed.val() | self.reset.val();
        self.repeated_rows.write_address.next = self.passed_of.val();
        self.repeated_rows.write_data.next = self.repeated_after.val();
        self.repeated_rows.read_address.next = self.instrument.val();
        self.cooled_rows.write.next = self.passed.val() | self.reset.val();
        self.cooled_rows.write_address.next = self.passed_of.val();
        self.cooled_rows.write_data.next = self.cooled_after.val();
        self.cooled_rows.read_address.next = self.instrument.val();
        self.left1.d.next = self.most_rows.read_data.val() - self.repeated_rows.read_data.val();
        self.repeated1.d.next = self.repeated_rows.read_data.val();
        self.cooled1.d.next = self.cooled_rows.read_data.val();
        if self.reset.val() {
            self.most_rows.write.next = true;
            self.most_rows.write_address.next = self.sweep.val();
            self.most_rows.write_data.next = 0.into();
        }
        self.repeated.next = self.repeated1.q.val();
        self.repeats.next = (self.left1.q.val() == 0) | self.left1.q.val().get_bit(31);
        self.cools.next = self.now.val() < self.cooled1.q.val();
    }
}

#[derive(LogicBlock, Default)]
pub struct Grants {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub sweep: Signal<In, Bits<4>>,
    pub grant: Signal<In, Grant>,
    pub throttle: Signal<In, Throttle>,
    // r
    pub instrument: Signal<In, Bits<4>>,
    // p
    pub rule: Signal<In, Bits<2>>,
    pub value: Signal<In, Bits<64>>,
    pub cooldown: Signal<In, Bits<48>>,
    /// It is a mass cancel: it takes of nothing but its rule's orders and the throttle.
    pub cancels: Signal<In, bool>,
    pub left: Signal<Out, Left>,
    pub against: Signal<Out, Bits<27>>,
    // g
    pub buys: Signal<In, bool>,
    pub quantity: Signal<In, Bits<32>>,
    pub throttled: Signal<Out, bool>,
    /// The order of the last cycle passed.
    pub passed: Signal<In, bool>,
    /// g + 1: it did, and is no mass cancel; how many have, with it.
    pub sends: Signal<Out, bool>,
    pub orders: Signal<Out, Bits<32>>,
    leased_buys: LookupMemory<Bits<32>, 4>,
    leased_sells: LookupMemory<Bits<32>, 4>,
    sent_buys: LookupMemory<Bits<32>, 4>,
    sent_sells: LookupMemory<Bits<32>, 4>,
    rules: [RuleGrant; 4],
    credit_value: DFF<Bits<64>>,
    credit_open: DFF<Bits<32>>,
    credit_unacknowledged: DFF<Bits<32>>,
    sent_value: DFF<Bits<64>>,
    sent_orders: DFF<Bits<32>>,
    left_value: DFF<Bits<64>>,
    left_open: DFF<Bits<32>>,
    left_unacknowledged: DFF<Bits<32>>,
    tokens: DFF<Bits<16>>,
    /// More than are kept for mass cancels; of the gate's parameters as they were a cycle before, under which an order that is
    /// judged in this one was decided, or it is stale.
    spare: DFF<bool>,
    /// Cycles to the next token, and whether there are none.
    due: DFF<Bits<32>>,
    is_due: DFF<bool>,
    /// Cycles since reset, as the next cycle counts them.
    soon: DFF<Bits<48>>,
    // p: of the instrument that was read.
    instrument1: DFF<Bits<4>>,
    left_buys1: DFF<Bits<32>>,
    left_sells1: DFF<Bits<32>>,
    sent_buys1: DFF<Bits<32>>,
    sent_sells1: DFF<Bits<32>>,
    // g: of the order that is judged.
    instrument2: DFF<Bits<4>>,
    rule2: DFF<Bits<2>>,
    sent_buys2: DFF<Bits<32>>,
    sent_sells2: DFF<Bits<32>>,
    repeated2: DFF<Bits<32>>,
    now2: DFF<Bits<48>>,
    value2: DFF<Bits<64>>,
    cooldown2: DFF<Bits<48>>,
    cancels2: DFF<bool>,
    // g + 1: what stands if it passed.
    instrument3: DFF<Bits<4>>,
    rule3: DFF<Bits<2>>,
    buys3: DFF<bool>,
    cancels3: DFF<bool>,
    value3: DFF<Bits<64>>,
    sent_after: DFF<Bits<32>>,
    repeated_after: DFF<Bits<32>>,
    cooled_after: DFF<Bits<48>>,
    repeats: Signal<Local, bool>,
    cools: Signal<Local, bool>,
    off_open: Signal<Local, bool>,
    off_unacknowledged: Signal<Local, bool>,
    rest: Signal<Local, Left>,
    sent: Signal<Local, Bits<32>>,
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
            self, clock, credit_value, credit_open, credit_unacknowledged, sent_value, sent_orders, left_value, left_open,
            left_unacknowledged, tokens, spare, due, is_due, soon, instrument1, left_buys1, left_sells1, sent_buys1, sent_sells1,
            instrument2, rule2, sent_buys2, sent_sells2, repeated2, now2, value2, cooldown2, cancels2, instrument3, rule3,
            buys3, cancels3, value3, sent_after, repeated_after, cooled_after
        );
        clock!(self, clock, leased_buys, leased_sells, sent_buys, sent_sells);
        // ---- what is granted
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
        // ---- r: what is left for the instrument and its rules
        self.leased_buys.read_address.next = self.instrument.val();
        self.leased_sells.read_address.next = self.instrument.val();
        self.sent_buys.read_address.next = self.instrument.val();
        self.sent_sells.read_address.next = self.instrument.val();
        self.left_buys1.d.next = self.leased_buys.read_data.val() - self.sent_buys.read_data.val();
        self.left_sells1.d.next = self.leased_sells.read_data.val() - self.sent_sells.read_data.val();
        self.sent_buys1.d.next = self.sent_buys.read_data.val();
        self.sent_sells1.d.next = self.sent_sells.read_data.val();
        self.instrument1.d.next = self.instrument.val();
        for i in 0..4 {
            self.rules[i].clock.next = self.clock.val();
            self.rules[i].reset.next = self.reset.val();
            self.rules[i].sweep.next = self.sweep.val();
            self.rules[i].granted.next =
                self.grant.val().is_repeat & (self.grant.val().rule == i.to_bits::<2>());
            self.rules[i].granted_to.next = self.grant.val().instrument;
            self.rules[i].orders.next = self.grant.val().orders;
            self.rules[i].instrument.next = self.instrument.val();
            self.rules[i].now.next = self.soon.q.val();
            self.rules[i].passed.next = self.passed.val() & (self.rule3.q.val() == i.to_bits::<2>());
            self.rules[i].passed_of.next = self.instrument3.q.val();
            self.rules[i].repeated_after.next = self.repeated_after.q.val();
            self.rules[i].cooled_after.next = self.cooled_after.q.val();
        }
        // ---- p: what speaks against the rule. No left is below none.
        self.rest.next.buys = self.left_buys1.q.val();
        self.rest.next.sells = self.left_sells1.q.val();
        self.rest.next.value = self.left_value.q.val();
        self.left.next = self.rest.val();
        self.repeats.next = self.rules[0].repeats.val();
        self.cools.next = self.rules[0].cools.val();
        self.repeated2.d.next = self.rules[0].repeated.val();
        match self.rule.val().index() {
            1 => {
                self.repeats.next = self.rules[1].repeats.val();
                self.cools.next = self.rules[1].cools.val();
                self.repeated2.d.next = self.rules[1].repeated.val();
            }
            2 => {
                self.repeats.next = self.rules[2].repeats.val();
                self.cools.next = self.rules[2].cools.val();
                self.repeated2.d.next = self.rules[2].repeated.val();
            }
            3 => {
                self.repeats.next = self.rules[3].repeats.val();
                self.cools.next = self.rules[3].cools.val();
                self.repeated2.d.next = self.rules[3].repeated.val();
            }
            _ => {}
        }
        self.off_open.next = (self.left_open.q.val() == 0) | self.left_open.q.val().get_bit(31);
        self.off_unacknowledged.next =
            (self.left_unacknowledged.q.val() == 0) | self.left_unacknowledged.q.val().get_bit(31);
        if self.cancels.val() {
            self.off_open.next = false;
            self.off_unacknowledged.next = false;
        }
        self.against.next = (bit_cast::<27, 1>(self.cools.val().into()) << 17)
            | (bit_cast::<27, 1>(self.repeats.val().into()) << 18)
            | (bit_cast::<27, 1>(self.off_open.val().into()) << 22)
            | (bit_cast::<27, 1>(self.off_unacknowledged.val().into()) << 23);
        self.instrument2.d.next = self.instrument1.q.val();
        self.rule2.d.next = self.rule.val();
        self.sent_buys2.d.next = self.sent_buys1.q.val();
        self.sent_sells2.d.next = self.sent_sells1.q.val();
        self.now2.d.next = self.soon.q.val();
        self.value2.d.next = self.value.val();
        self.cooldown2.d.next = self.cooldown.val();
        self.cancels2.d.next = self.cancels.val();
        // ---- g: what stands if it passes
        self.throttled.next = !self.spare.q.val();
        if self.cancels2.q.val() {
            self.throttled.next = self.tokens.q.val() == 0;
        }
        self.left_value.d.next = self.credit_value.q.val() - self.sent_value.q.val();
        self.left_open.d.next = self.credit_open.q.val() - self.sent_orders.q.val();
        self.left_unacknowledged.d.next = self.credit_unacknowledged.q.val() - self.sent_orders.q.val();
        self.instrument3.d.next = self.instrument2.q.val();
        self.rule3.d.next = self.rule2.q.val();
        self.buys3.d.next = self.buys.val();
        self.cancels3.d.next = self.cancels2.q.val();
        self.value3.d.next = self.value2.q.val();
        self.sent.next = self.sent_sells2.q.val();
        if self.buys.val() {
            self.sent.next = self.sent_buys2.q.val();
        }
        self.sent_after.d.next = self.sent.val() + self.quantity.val();
        self.repeated_after.d.next = self.repeated2.q.val() + self.k_one32.val();
        self.cooled_after.d.next = self.now2.q.val() + self.cooldown2.q.val();
        // ---- g + 1: what a pass moves
        self.sends.next = self.passed.val() & !self.cancels3.q.val();
        self.orders.next = self.sent_orders.q.val() + self.k_one32.val();
        self.sent_buys.write.next = self.sends.val() & self.buys3.q.val();
        self.sent_buys.write_address.next = self.instrument3.q.val();
        self.sent_buys.write_data.next = self.sent_after.q.val();
        self.sent_sells.write.next = self.sends.val() & !self.buys3.q.val();
        self.sent_sells.write_address.next = self.instrument3.q.val();
        self.sent_sells.write_data.next = self.sent_after.q.val();
        if self.sends.val() {
            self.sent_value.d.next = self.sent_value.q.val() + self.value3.q.val();
            self.sent_orders.d.next = self.orders.val();
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
        self.spare.d.next = self.throttle.val().kept < self.tokens.q.val();
        if self.arrives.val() & !self.passed.val() {
            self.tokens.d.next = self.more.val();
            self.spare.d.next = self.throttle.val().kept < self.more.val();
        }
        if self.passed.val() & !self.arrives.val() {
            self.tokens.d.next = self.fewer.val();
            self.spare.d.next = self.throttle.val().kept < self.fewer.val();
        }
        if !(self.tokens.q.val() < self.throttle.val().burst) {
            self.tokens.d.next = self.throttle.val().burst;
            self.spare.d.next = self.throttle.val().kept < self.throttle.val().burst;
            if self.passed.val() {
                self.tokens.d.next = self.most_fewer.val();
                self.spare.d.next = self.throttle.val().kept < self.most_fewer.val();
            }
        }
        if self.reset.val() {
            self.credit_value.d.next = 0.into();
            self.credit_open.d.next = 0.into();
            self.credit_unacknowledged.d.next = 0.into();
            self.sent_value.d.next = 0.into();
            self.sent_orders.d.next = 0.into();
            self.tokens.d.next = 0.into();
            self.spare.d.next = false;
            self.is_due.d.next = true;
            self.soon.d.next = self.k_one48.val();
            // The sweep goes through what a grant and a pass would write.
            self.instrument3.d.next = self.sweep.val();
            self.sent_after.d.next = 0.into();
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
        }
    }
}
