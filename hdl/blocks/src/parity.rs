//! C33: what begins on the wire against what the gate has passed, apart from what sends.
//!
//! In: the gate's word that an order passed (g + 1); the words that leave (their first is shown in g + 1). Out: `began`, a frame's
//! first word, at once; `broken` a cycle later, if one began without that word, or the other way about.
//! Why: the proofs hold for the gateware as it was written, this for the card as it is.
use rust_hdl::prelude::*;

#[derive(LogicBlock, Default)]
pub struct Parity {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub passed: Signal<In, bool>,
    pub valid: Signal<In, bool>,
    pub last: Signal<In, bool>,
    pub began: Signal<Out, bool>,
    pub broken: Signal<Out, bool>,
    in_frame: DFF<bool>,
    differs: DFF<bool>,
    begins: Signal<Local, bool>,
}

impl Logic for Parity {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, in_frame, differs);
        self.begins.next = self.valid.val() & !self.in_frame.q.val();
        if self.valid.val() {
            self.in_frame.d.next = !self.last.val();
        }
        self.differs.d.next = self.begins.val() ^ self.passed.val();
        if self.reset.val() {
            self.in_frame.d.next = false;
            self.differs.d.next = false;
        }
        self.began.next = self.begins.val();
        self.broken.next = self.differs.q.val();
    }
}
