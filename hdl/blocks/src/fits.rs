//! Whether a template fits the limits of its instrument, known before any order asks.
//!
//! In: rows of limits and templates as they are written (cycle w), a template's value three cycles later; the row of an
//! order that may be picked. Out, in that cycle: for each rule of the row what fits, a bit a check. Why: both are fixed once
//! they are in force, so what only they decide is compared while they are written, and the gate reads the answer.
//! Latency: seven cycles from w; between a write and the first order under it lie a commit and a message.
//! Holds: a row that was never written fits nothing. Not here: what depends on the book or on what was sent.
use crate::{bundle::*, konst::Konst, memory::LookupMemory};
use riposte_map::limits;
use rust_hdl::prelude::*;

/// One rule's template against the row of limits, in the cycle in which both were read.
#[derive(LogicBlock, Default)]
pub struct RuleFit {
    pub clock: Signal<In, Clock>,
    pub template_write: Signal<In, bool>,
    pub template_address: Signal<In, Bits<5>>,
    pub template_data: Signal<In, Template>,
    pub value_write: Signal<In, bool>,
    pub value_address: Signal<In, Bits<5>>,
    pub value_data: Signal<In, Bits<64>>,
    pub row: Signal<In, Bits<5>>,
    /// Of the row that was read in the last cycle.
    pub limit: Signal<In, Limits>,
    /// Bit 0: enabled; then side, quantity, value, collar, template, cool-down.
    pub fits: Signal<Out, Bits<7>>,
    templates: LookupMemory<Template, 5>,
    values: LookupMemory<Bits<64>, 5>,
    template: DFF<Template>,
    value: DFF<Bits<64>>,
    is_enabled: Signal<Local, bool>,
    side: Signal<Local, bool>,
    quantity: Signal<Local, bool>,
    worth: Signal<Local, bool>,
    collar: Signal<Local, bool>,
    whole: Signal<Local, bool>,
    cools: Signal<Local, bool>,
    k_buy: Konst<8, { b'B' as u64 }>,
    k_sell: Konst<8, { b'S' as u64 }>,
    k_short: Konst<8, { b'T' as u64 }>,
    k_exempt: Konst<8, { b'E' as u64 }>,
    k_eight: Konst<4, 8>,
    k_words: Konst<5, { limits::IMAGE_WORDS as u64 }>,
    k_words_min: Konst<5, { limits::IMAGE_WORDS_MIN as u64 }>,
}

impl Logic for RuleFit {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, template, value);
        clock!(self, clock, templates, values);
        self.templates.write.next = self.template_write.val();
        self.templates.write_address.next = self.template_address.val();
        self.templates.write_data.next = self.template_data.val();
        self.templates.read_address.next = self.row.val();
        self.values.write.next = self.value_write.val();
        self.values.write_address.next = self.value_address.val();
        self.values.write_data.next = self.value_data.val();
        self.values.read_address.next = self.row.val();
        self.template.d.next = self.templates.read_data.val();
        self.value.d.next = self.values.read_data.val();
        self.is_enabled.next = self.limit.val().enabled;
        self.side.next = ((self.template.q.val().side == self.k_buy.val()) & self.limit.val().may_buy)
            | ((self.template.q.val().side == self.k_sell.val()) & self.limit.val().may_sell)
            | ((self.template.q.val().side == self.k_short.val()) & self.limit.val().may_short)
            | ((self.template.q.val().side == self.k_exempt.val()) & self.limit.val().may_short);
        self.quantity.next = (self.template.q.val().quantity != 0)
            & !(self.template.q.val().quantity > self.limit.val().quantity_max);
        self.worth.next =
            (self.limit.val().value_max != 0) & !(self.value.q.val() > self.limit.val().value_max);
        self.collar.next = (self.limit.val().collar_high != 0)
            & !(self.template.q.val().price < self.limit.val().collar_low)
            & !(self.template.q.val().price > self.limit.val().collar_high);
        self.whole.next = !(self.template.q.val().words < self.k_words_min.val())
            & !(self.template.q.val().words > self.k_words.val())
            & (self.template.q.val().last_bytes != 0)
            & !(self.template.q.val().last_bytes > self.k_eight.val());
        self.cools.next = self.template.q.val().cooldown != 0;
        self.fits.next = bit_cast::<7, 1>(self.is_enabled.val().into())
            | (bit_cast::<7, 1>(self.side.val().into()) << 1)
            | (bit_cast::<7, 1>(self.quantity.val().into()) << 2)
            | (bit_cast::<7, 1>(self.worth.val().into()) << 3)
            | (bit_cast::<7, 1>(self.collar.val().into()) << 4)
            | (bit_cast::<7, 1>(self.whole.val().into()) << 5)
            | (bit_cast::<7, 1>(self.cools.val().into()) << 6);
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
    pub value_write: Signal<In, bool>,
    pub value_address: Signal<In, Bits<7>>,
    pub value_data: Signal<In, Bits<64>>,
    pub row: Signal<In, Bits<5>>,
    /// Seven bits a rule, as `RuleFit` has them.
    pub fits: Signal<Out, Bits<28>>,
    rules: [RuleFit; 4],
    limit_rows: LookupMemory<Limits, 5>,
    answers: LookupMemory<Bits<28>, 5>,
    // The row that was written, on its way to being looked at: behind its template's value.
    row1: DFF<Bits<5>>,
    row2: DFF<Bits<5>>,
    row3: DFF<Bits<5>>,
    row4: DFF<Bits<5>>,
    row5: DFF<Bits<5>>,
    row6: DFF<Bits<5>>,
    written1: DFF<bool>,
    written2: DFF<bool>,
    written3: DFF<bool>,
    written4: DFF<bool>,
    written5: DFF<bool>,
    written6: DFF<bool>,
    limit: DFF<Limits>,
    found: DFF<Bits<28>>,
}

impl Logic for Fits {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, row1, row2, row3, row4, row5, row6, written1, written2, written3, written4, written5, written6,
            limit, found
        );
        clock!(self, clock, limit_rows, answers);
        self.limit_rows.write.next = self.limits_write.val();
        self.limit_rows.write_address.next = self.limits_address.val();
        self.limit_rows.write_data.next = self.limits_data.val();
        self.limit_rows.read_address.next = self.row4.q.val();
        self.row1.d.next = self.limits_address.val();
        if self.template_write.val() {
            self.row1.d.next = self.template_address.val().get_bits::<5>(2);
        }
        self.written1.d.next = self.limits_write.val() | self.template_write.val();
        self.row2.d.next = self.row1.q.val();
        self.row3.d.next = self.row2.q.val();
        self.row4.d.next = self.row3.q.val();
        self.row5.d.next = self.row4.q.val();
        self.row6.d.next = self.row5.q.val();
        self.written2.d.next = self.written1.q.val();
        self.written3.d.next = self.written2.q.val();
        self.written4.d.next = self.written3.q.val();
        self.written5.d.next = self.written4.q.val();
        self.written6.d.next = self.written5.q.val();
        // ---- w + 4: read; w + 5: compared; w + 6: written
        self.limit.d.next = self.limit_rows.read_data.val();
        for i in 0..4 {
            self.rules[i].clock.next = self.clock.val();
            self.rules[i].template_write.next = self.template_write.val()
                & (self.template_address.val().get_bits::<2>(0) == i.to_bits::<2>());
            self.rules[i].template_address.next = self.template_address.val().get_bits::<5>(2);
            self.rules[i].template_data.next = self.template_data.val();
            self.rules[i].value_write.next = self.value_write.val()
                & (self.value_address.val().get_bits::<2>(0) == i.to_bits::<2>());
            self.rules[i].value_address.next = self.value_address.val().get_bits::<5>(2);
            self.rules[i].value_data.next = self.value_data.val();
            self.rules[i].row.next = self.row4.q.val();
            self.rules[i].limit.next = self.limit.q.val();
        }
        self.found.d.next = bit_cast::<28, 7>(self.rules[0].fits.val())
            | (bit_cast::<28, 7>(self.rules[1].fits.val()) << 7)
            | (bit_cast::<28, 7>(self.rules[2].fits.val()) << 14)
            | (bit_cast::<28, 7>(self.rules[3].fits.val()) << 21);
        self.answers.write.next = self.written6.q.val();
        self.answers.write_address.next = self.row6.q.val();
        self.answers.write_data.next = self.found.q.val();
        self.answers.read_address.next = self.row.val();
        self.fits.next = self.answers.read_data.val();
        if self.reset.val() {
            self.written1.d.next = false;
            self.written2.d.next = false;
            self.written3.d.next = false;
            self.written4.d.next = false;
            self.written5.d.next = false;
            self.written6.d.next = false;
        }
    }
}
