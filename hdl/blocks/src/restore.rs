//! How far a restoration is: the books are emptied, take rows of the host, and go back to the feed.
//!
//! In: words of the feed, of which only the frames count; the commands to clear, to write a row and to resume, as they are
//! carried out (cycle x + 2). Out: state, visible one cycle later; `sweeps` while the books are emptied; `cleared` in the
//! cycle before they take rows. Why: nothing may be on its way through the books while they are swept, and no row
//! while they become valid. Holds: no sweep begins before the frame under way has ended and what came of it is done.
//! Not here: which books are right; that the feed's messages are dropped meanwhile.
use crate::{bundle::Stage, konst::Konst};
use riposte_map::limits;
use rust_hdl::prelude::*;

const _: () = assert!(limits::CLEAR_CYCLES - 4 - limits::DRAIN_CYCLES > 1 << limits::ORDER_BUCKET_BITS);
const _: () = assert!(limits::ROW_CYCLES == 4 && limits::RESUME_CYCLES == 64);

#[derive(LogicBlock, Default)]
pub struct Restore {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub word_valid: Signal<In, bool>,
    pub word_last: Signal<In, bool>,
    /// The frame under way was put off.
    pub forget: Signal<In, bool>,
    pub clear: Signal<In, bool>,
    pub row: Signal<In, bool>,
    pub resume: Signal<In, bool>,
    /// The feed's messages are dropped.
    pub aside: Signal<Out, bool>,
    pub stage: Signal<Out, Stage>,
    pub sweeps: Signal<Out, bool>,
    pub cleared: Signal<Out, bool>,
    is_aside: DFF<bool>,
    is_open: DFF<bool>,
    is_clearing: DFF<bool>,
    /// A frame is under way; it was when the command came.
    mid: DFF<bool>,
    under_way: DFF<bool>,
    /// Cycles since nothing is under way.
    waited: DFF<Bits<10>>,
    is_sweeping: DFF<bool>,
    /// Cycles until the last row is through.
    rest: DFF<Bits<6>>,
    reached: Signal<Local, Stage>,
    mid_after: Signal<Local, bool>,
    is_cleared: Signal<Local, bool>,
    k_one: Konst<10, 1>,
    k_rest: Konst<6, { limits::RESUME_CYCLES - 1 }>,
    k_row: Konst<6, { limits::RESUME_CYCLES - limits::ROW_CYCLES }>,
    k_rest_one: Konst<6, 1>,
    k_drained: Konst<10, { limits::DRAIN_CYCLES }>,
    /// The books see it some cycles later.
    k_swept: Konst<10, { limits::CLEAR_CYCLES - 4 }>,
    k_last: Konst<10, { limits::CLEAR_CYCLES - 1 }>,
}

impl Logic for Restore {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, is_aside, is_open, is_clearing, mid, under_way, waited, is_sweeping, rest);
        self.mid_after.next = self.mid.q.val();
        if self.word_valid.val() {
            self.mid_after.next = !self.word_last.val();
        }
        if self.forget.val() {
            self.mid_after.next = false;
        }
        self.mid.d.next = self.mid_after.val();
        self.under_way.d.next = self.under_way.q.val() & self.mid_after.val();
        self.waited.d.next = self.waited.q.val() + self.k_one.val();
        if self.under_way.q.val() {
            self.waited.d.next = 0.into();
        }
        self.is_sweeping.d.next = self.is_clearing.q.val()
            & !(self.waited.q.val() < self.k_drained.val())
            & (self.waited.q.val() < self.k_swept.val());
        self.is_cleared.next = self.is_clearing.q.val() & (self.waited.q.val() == self.k_last.val());
        if self.rest.q.val() != 0 {
            self.rest.d.next = self.rest.q.val() - self.k_rest_one.val();
        }
        if self.row.val() {
            self.rest.d.next = self.k_rest.val();
        }
        if self.is_cleared.val() {
            self.is_clearing.d.next = false;
            self.is_open.d.next = true;
        }
        if self.resume.val() {
            self.is_open.d.next = false;
            self.is_aside.d.next = false;
        }
        if self.clear.val() {
            self.is_clearing.d.next = true;
            self.is_open.d.next = false;
            self.is_aside.d.next = true;
            self.under_way.d.next = self.mid_after.val();
            self.waited.d.next = 0.into();
        }
        if self.reset.val() {
            self.is_aside.d.next = false;
            self.is_open.d.next = false;
            self.is_clearing.d.next = false;
            self.is_sweeping.d.next = false;
            self.mid.d.next = false;
            self.under_way.d.next = false;
            self.rest.d.next = 0.into();
        }
        self.aside.next = self.is_aside.q.val();
        self.sweeps.next = self.is_sweeping.q.val();
        self.cleared.next = self.is_cleared.val();
        self.reached.next.clearing = self.is_clearing.q.val();
        self.reached.next.open = self.is_open.q.val();
        self.reached.next.row_is_early = self.rest.q.val() > self.k_row.val();
        self.reached.next.resume_is_early = self.rest.q.val() != 0;
        self.stage.next = self.reached.val();
    }
}
