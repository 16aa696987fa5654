//! An order of the host, from its command until the gate has judged it: one at a time.
//!
//! In: the instrument of what may be one (x + 1), the command (x + 2), whether the feed is aside; first terms of rules as they
//! are written, which say where there is a place for one, and commits; that the order went among the messages (h), and that
//! it was judged or dropped. Out, in x + 2: why it is refused, or that it is taken; from x + 3 to h that it waits, with all
//! that its decision tells. Why: it has one place in the template's table, which must stand until the gate has read it.
//! Holds: it waits for messages, and no message for it but the one that comes in the cycle behind. Not here: whether it may
//! leave.
use crate::{bundle::HostOrder, konst::Konst};
use riposte_map::reason::Reason;
use rust_hdl::prelude::*;

#[derive(LogicBlock, Default)]
pub struct Entry {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub row_came: Signal<In, Bits<4>>,
    pub asks: Signal<In, bool>,
    pub asked: Signal<In, HostOrder>,
    pub aside: Signal<In, bool>,
    pub rules_write: Signal<In, bool>,
    pub rules_row: Signal<In, Bits<4>>,
    pub has_place: Signal<In, bool>,
    pub commits: Signal<In, bool>,
    pub enters: Signal<In, bool>,
    pub judged: Signal<In, bool>,
    pub refusal: Signal<Out, Bits<8>>,
    pub takes: Signal<Out, bool>,
    pub waits: Signal<Out, bool>,
    pub order: Signal<Out, HostOrder>,
    held: DFF<HostOrder>,
    is_waiting: DFF<bool>,
    is_under_way: DFF<bool>,
    /// Instruments that have a place for one.
    places_now: DFF<Bits<16>>,
    places_shadow: DFF<Bits<16>>,
    written: Signal<Local, Bits<16>>,
    /// The instrument of the command has one; looked up a cycle before, with the commit that may be in front.
    is_place: DFF<bool>,
    places_next: Signal<Local, Bits<16>>,
    here: Signal<Local, Bits<16>>,
    taken: Signal<Local, bool>,
    k_bit: Konst<16, 1>,
    r_none: Konst<8, { Reason::None as u64 }>,
    r_restoring: Konst<8, { Reason::Restoring as u64 }>,
    r_no_place: Konst<8, { Reason::NoPlace as u64 }>,
    r_too_soon: Konst<8, { Reason::TooSoon as u64 }>,
}

impl Logic for Entry {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, held, is_waiting, is_under_way, places_now, places_shadow, is_place);
        self.written.next = self.k_bit.val() << bit_cast::<16, 4>(self.rules_row.val());
        if self.rules_write.val() {
            self.places_shadow.d.next = self.places_shadow.q.val() & (!self.written.val());
            if self.has_place.val() {
                self.places_shadow.d.next = self.places_shadow.q.val() | self.written.val();
            }
        }
        self.places_next.next = self.places_now.q.val();
        if self.commits.val() {
            self.places_next.next = self.places_shadow.q.val();
            self.places_shadow.d.next = self.places_now.q.val();
        }
        self.places_now.d.next = self.places_next.val();
        self.here.next = self.k_bit.val() << bit_cast::<16, 4>(self.row_came.val());
        self.is_place.d.next = (self.places_next.val() & self.here.val()) != 0;
        self.taken.next =
            self.asks.val() & self.is_place.q.val() & !self.aside.val() & !self.is_under_way.q.val();
        self.refusal.next = self.r_none.val();
        if self.asks.val() & !self.is_place.q.val() {
            self.refusal.next = self.r_no_place.val();
        }
        if self.asks.val() & self.is_under_way.q.val() {
            self.refusal.next = self.r_too_soon.val();
        }
        if self.asks.val() & self.aside.val() {
            self.refusal.next = self.r_restoring.val();
        }
        if self.enters.val() {
            self.is_waiting.d.next = false;
        }
        if self.judged.val() {
            self.is_under_way.d.next = false;
        }
        // What is refused does not wait, whatever stands here.
        if !self.is_under_way.q.val() {
            self.held.d.next = self.asked.val();
        }
        if self.taken.val() {
            self.is_waiting.d.next = true;
            self.is_under_way.d.next = true;
        }
        if self.reset.val() {
            self.is_waiting.d.next = false;
            self.is_under_way.d.next = false;
            self.is_place.d.next = false;
            self.places_now.d.next = 0.into();
            self.places_shadow.d.next = 0.into();
        }
        self.takes.next = self.taken.val();
        self.waits.next = self.is_waiting.q.val();
        self.order.next = self.held.q.val();
    }
}
