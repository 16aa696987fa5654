//! Of all that speaks against an order, the first in the contract's order.
//!
//! In: `against`, bit n for entry n of `reason::GATE_ORDER`. Out, in the same cycle: that bit alone, and the reason; 0 and
//! `None` if nothing speaks against it. Why: the order is a table, not a kernel; Verilog and Rust model are printed from it.
use riposte_map::reason::{GATE_ORDER, Reason};
use rust_hdl::prelude::*;

const GROUP: usize = 7;
const _: () = assert!(GATE_ORDER.len() == 27 && GATE_ORDER.len().div_ceil(GROUP) == 4);

#[derive(LogicBlock, Default)]
pub struct Refusal {
    pub against: Signal<In, Bits<27>>,
    pub first: Signal<Out, Bits<27>>,
    pub reason: Signal<Out, Bits<8>>,
}

impl Logic for Refusal {
    fn update(&mut self) {
        let against = self.against.val().to_u64();
        let first = (against != 0).then(|| against.trailing_zeros() as usize);
        self.first.next = first.map_or(0, |at| 1u64 << at).into();
        self.reason.next = (first.map_or(Reason::None, |at| GATE_ORDER[at]) as u64).into();
    }
    fn connect(&mut self) {
        self.first.connect();
        self.reason.connect();
    }
    fn hdl(&self) -> Verilog {
        // In groups of seven, each with its own first: few levels of logic.
        let code = |at: usize| GATE_ORDER[at] as u8;
        let mut lines = String::new();
        for group in 0..4 {
            let (low, last) = (GROUP * group, (GROUP * group + GROUP).min(GATE_ORDER.len()) - 1);
            let inner: String = (low..last).map(|at| format!("against[{at}] ? 8'd{} : ", code(at))).collect();
            lines += &format!(" some[{group}] = |against[{last}:{low}];\n");
            lines += &format!(" code{group} = {inner}8'd{};\n", code(last));
        }
        for at in 0..27 {
            let (group, low) = (at / GROUP, at / GROUP * GROUP);
            let inside = if at == low { String::new() } else { format!(" & ~|against[{}:{low}]", at - 1) };
            let before = if group == 0 { String::new() } else { format!(" & ~|some[{}:0]", group - 1) };
            lines += &format!(" first[{at}] = against[{at}]{inside}{before};\n");
        }
        Verilog::Custom(format!(
            "reg [3:0] some;\nreg [7:0] code0, code1, code2, code3;\nalways @(*) begin\n{lines} reason = some[0] ? code0 : some[1] ? code1 \
             : some[2] ? code2 : some[3] ? code3 : 8'd0;\nend\n"
        ))
    }
}
