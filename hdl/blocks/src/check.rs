//! An assertion inside a kernel, for three worlds.
//!
//! In: `ok`, which must hold at every rising edge. It panics in rust-hdl's simulator, is an error under
//! Verilator (`--assert`) and an `assert` under a formal tool (`FORMAL`).
use rust_hdl::prelude::*;

#[derive(LogicBlock, Default)]
pub struct Check {
    pub clock: Signal<In, Clock>,
    pub ok: Signal<In, bool>,
}

impl Logic for Check {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            assert!(self.ok.val(), "gateware check failed");
        }
    }
    fn hdl(&self) -> Verilog {
        Verilog::Custom(
            "`ifdef FORMAL\nalways @(posedge clock) holds: assert (ok);\n`elsif VERILATOR\n\
             always @(posedge clock) holds: assert (ok) else $error(\"gateware check failed: %m\");\n`endif\n"
                .into(),
        )
    }
}
