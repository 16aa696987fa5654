//! What the card knows of an ITCH message type: its length, and how it treats it.
//!
//! In: `code`. Out, in the same cycle: `known` to the specification, its `length`, its `class`.
//! Why: 23 types are a table, not a kernel; both the Verilog and the Rust model are printed from it.
use riposte_map::{counter::Counter, wire::itch};
use rust_hdl::prelude::*;

/// How the card treats a type: 0 for those that only count, else the type's counter, from `SYSTEM` on.
pub mod class {
    use super::{Counter, itch};
    pub const OTHER: u64 = 0;
    pub const SYSTEM: u64 = 1;
    pub const ACTION: u64 = 2;
    pub const ADD: u64 = 3;
    pub const ADD_MPID: u64 = 4;
    pub const EXECUTED: u64 = 5;
    pub const EXECUTED_PRICE: u64 = 6;
    pub const CANCEL: u64 = 7;
    pub const DELETE: u64 = 8;
    pub const REPLACE: u64 = 9;
    pub const TRADE: u64 = 10;
    /// No message, but an order of the host.
    pub const HOST: u64 = 11;
    /// Types of class 1 and up, in the order of their counters.
    pub const CODES: [u8; 10] = [
        itch::system_event::CODE,
        itch::trading_action::CODE,
        itch::add::CODE,
        itch::add_mpid::CODE,
        itch::executed::CODE,
        itch::executed_price::CODE,
        itch::cancel::CODE,
        itch::delete::CODE,
        itch::replace::CODE,
        itch::trade::CODE,
    ];
    const _: () = assert!(Counter::MessagesTrade as usize - Counter::MessagesSystem as usize + 1 == CODES.len());
    pub(super) fn of(code: u8) -> u64 {
        CODES.iter().position(|&known| known == code).map_or(OTHER, |at| at as u64 + 1)
    }
}

#[derive(LogicBlock, Default)]
pub struct TypeTable {
    pub code: Signal<In, Bits<8>>,
    pub known: Signal<Out, bool>,
    pub length: Signal<Out, Bits<8>>,
    pub kind: Signal<Out, Bits<4>>,
}

impl Logic for TypeTable {
    fn update(&mut self) {
        let code = self.code.val().to_u64() as u8;
        let length = itch::index_of(code).map_or(0, |at| itch::MESSAGES[at].length as u64);
        self.known.next = length != 0;
        self.length.next = length.into();
        self.kind.next = class::of(code).into();
    }
    fn connect(&mut self) {
        self.known.connect();
        self.length.connect();
        self.kind.connect();
    }
    fn hdl(&self) -> Verilog {
        let rows: String = itch::MESSAGES
            .iter()
            .map(|message| {
                format!(
                    "  8'd{}: begin known = 1'b1; length = 8'd{}; kind = 4'd{}; end\n",
                    message.code,
                    message.length,
                    class::of(message.code)
                )
            })
            .collect();
        Verilog::Custom(format!(
            "always @(*) begin\n known = 1'b0; length = 8'd0; kind = 4'd0;\n case (code)\n{rows}  default: ;\n endcase\nend\n"
        ))
    }
}
