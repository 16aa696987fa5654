//! Where frames come from: the line, or the host while it restores the books.
//!
//! In: words of the line and of the host's port; commands to clear and to resume (cycle x + 2). Out: the words of those frames
//! that are taken, in the same cycle; `sweeps` while the books are emptied; `cleared` in the cycle before the host's
//! frames are taken. Why: a restored book goes the way of every other, and nothing is on its way through the books
//! while they are swept. Holds: a frame is taken whole or not at all; never one of each at a time; nothing is taken
//! between a command to clear and the end of the sweep. Not here: which books are right.
use crate::{bundle::*, konst::Konst};
use riposte_map::limits;
use rust_hdl::prelude::*;

const _: () = assert!(limits::CLEAR_CYCLES - 4 - limits::DRAIN_CYCLES > 1 << limits::ORDER_BUCKET_BITS);

#[derive(LogicBlock, Default)]
pub struct Source {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub line: WordSink,
    pub host: WordSink,
    pub clear: Signal<In, bool>,
    pub clear_sequence: Signal<In, Bits<64>>,
    pub resume: Signal<In, bool>,
    pub word: WordSource,
    pub clearing: Signal<Out, bool>,
    pub sweeps: Signal<Out, bool>,
    pub cleared: Signal<Out, bool>,
    /// The sequence number that the host's frames begin with.
    pub first_sequence: Signal<Out, Bits<64>>,
    pub takes_host: Signal<Out, bool>,
    pub count_missed: Signal<Out, bool>,
    pub count_unwanted: Signal<Out, bool>,
    /// Frames that begin are taken.
    line_open: DFF<bool>,
    host_open: DFF<bool>,
    /// A frame is under way.
    line_mid: DFF<bool>,
    host_mid: DFF<bool>,
    /// The word that may be shown belongs to a frame that is taken.
    line_passes: DFF<bool>,
    host_passes: DFF<bool>,
    from_host: DFF<bool>,
    is_clearing: DFF<bool>,
    is_resuming: DFF<bool>,
    /// Cycles since nothing is under way.
    waited: DFF<Bits<10>>,
    is_sweeping: DFF<bool>,
    kept_sequence: DFF<Bits<64>>,
    missed: DFF<bool>,
    unwanted: DFF<bool>,
    opens_line: Signal<Local, bool>,
    opens_host: Signal<Local, bool>,
    line_between: Signal<Local, bool>,
    host_between: Signal<Local, bool>,
    line_busy: Signal<Local, bool>,
    host_busy: Signal<Local, bool>,
    is_cleared: Signal<Local, bool>,
    k_one: Konst<10, 1>,
    k_drained: Konst<10, { limits::DRAIN_CYCLES }>,
    /// The books see it some cycles later.
    k_swept: Konst<10, { limits::CLEAR_CYCLES - 4 }>,
    k_last: Konst<10, { limits::CLEAR_CYCLES - 1 }>,
}

impl Logic for Source {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, line_open, host_open, line_mid, host_mid, line_passes, host_passes, from_host, is_clearing,
            is_resuming, waited, is_sweeping, kept_sequence, missed, unwanted
        );
        // ---- which port is open
        self.line_busy.next = self.line_mid.q.val() & self.line_passes.q.val();
        self.host_busy.next = self.host_mid.q.val() & self.host_passes.q.val();
        self.opens_line.next = self.line_open.q.val();
        self.opens_host.next = self.host_open.q.val();
        if self.is_resuming.q.val() & !self.host_busy.val() {
            self.opens_line.next = true;
            self.from_host.d.next = false;
            self.is_resuming.d.next = false;
        }
        if self.resume.val() {
            self.opens_host.next = false;
            self.is_resuming.d.next = true;
        }
        self.waited.d.next = self.waited.q.val() + self.k_one.val();
        self.is_sweeping.d.next = self.is_clearing.q.val()
            & !(self.waited.q.val() < self.k_drained.val())
            & (self.waited.q.val() < self.k_swept.val());
        self.is_cleared.next = self.is_clearing.q.val() & (self.waited.q.val() == self.k_last.val());
        if self.line_busy.val() | self.host_busy.val() {
            self.waited.d.next = 0.into();
        }
        if self.is_cleared.val() {
            self.opens_host.next = true;
            self.from_host.d.next = true;
            self.is_clearing.d.next = false;
        }
        if self.clear.val() {
            self.opens_line.next = false;
            self.opens_host.next = false;
            self.is_resuming.d.next = false;
            self.is_clearing.d.next = true;
            self.waited.d.next = 0.into();
            self.kept_sequence.d.next = self.clear_sequence.val();
        }
        if self.reset.val() {
            self.opens_line.next = true;
            self.opens_host.next = false;
            self.from_host.d.next = false;
            self.is_resuming.d.next = false;
            self.is_clearing.d.next = false;
            self.is_sweeping.d.next = false;
        }
        self.line_open.d.next = self.opens_line.val();
        self.host_open.d.next = self.opens_host.val();
        // ---- which frames pass
        self.line_between.next = (self.line.valid.val() & self.line.last.val()) | (!self.line.valid.val() & !self.line_mid.q.val());
        self.host_between.next = (self.host.valid.val() & self.host.last.val()) | (!self.host.valid.val() & !self.host_mid.q.val());
        self.line_mid.d.next = !self.line_between.val() & !self.reset.val();
        self.host_mid.d.next = !self.host_between.val() & !self.reset.val();
        if self.line_between.val() | self.reset.val() {
            self.line_passes.d.next = self.opens_line.val();
        }
        if self.host_between.val() | self.reset.val() {
            self.host_passes.d.next = self.opens_host.val();
        }
        self.word.data.next = self.line.data.val();
        self.word.bytes.next = self.line.bytes.val();
        self.word.last.next = self.line.last.val();
        self.word.bad.next = self.line.bad.val();
        if self.from_host.q.val() {
            self.word.data.next = self.host.data.val();
            self.word.bytes.next = self.host.bytes.val();
            self.word.last.next = self.host.last.val();
            self.word.bad.next = self.host.bad.val();
        }
        self.word.valid.next = (self.line.valid.val() & self.line_passes.q.val())
            | (self.host.valid.val() & self.host_passes.q.val());
        self.missed.d.next = self.line.valid.val() & self.line.last.val() & !self.line_passes.q.val();
        self.unwanted.d.next = self.host.valid.val() & self.host.last.val() & !self.host_passes.q.val();
        self.clearing.next = self.is_clearing.q.val();
        self.sweeps.next = self.is_sweeping.q.val();
        self.cleared.next = self.is_cleared.val();
        self.first_sequence.next = self.kept_sequence.q.val();
        self.takes_host.next = self.host_open.q.val();
        self.count_missed.next = self.missed.q.val();
        self.count_unwanted.next = self.unwanted.q.val();
    }
}
