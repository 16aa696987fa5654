//! What the look-up of an operation found, for who asks by its tag: kept, or told in this very cycle.
//!
//! In: reasons as look-ups end, each with its operation's tag; the tag asked for. Out, in the same cycle: its reason. Why: an
//! add is committed before its look-up ends, and may then wait for its commit for longer. Holds: whoever asks in the cycle
//! of the answer or behind it is told; tags come again only when nobody asks any more.
use crate::memory::LookupMemory;
use rust_hdl::prelude::*;

#[derive(LogicBlock, Default)]
pub struct Outcome {
    pub clock: Signal<In, Clock>,
    /// A look-up has ended.
    pub ended: Signal<In, bool>,
    pub ended_tag: Signal<In, Bits<5>>,
    pub ended_reason: Signal<In, Bits<8>>,
    pub tag: Signal<In, Bits<5>>,
    pub reason: Signal<Out, Bits<8>>,
    reasons: LookupMemory<Bits<8>, 5>,
}

impl Logic for Outcome {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, reasons);
        self.reasons.write.next = self.ended.val();
        self.reasons.write_address.next = self.ended_tag.val();
        self.reasons.write_data.next = self.ended_reason.val();
        self.reasons.read_address.next = self.tag.val();
        self.reason.next = self.reasons.read_data.val();
        if self.ended.val() & (self.ended_tag.val() == self.tag.val()) {
            self.reason.next = self.ended_reason.val();
        }
    }
}
