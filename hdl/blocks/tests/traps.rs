//! The audit finds every way known in which a kernel means one thing in Rust and another in Verilog, and says
//! nothing of a kernel that does not.
use riposte_blocks::{audit::audit, konst::Konst};
use rust_hdl::prelude::*;

fn findings<B: Block + Default>() -> String {
    let mut block = B::default();
    block.connect_all();
    audit("trap", &block).join("\n")
}

#[derive(LogicBlock, Default)]
struct Traps {
    pub a: Signal<In, Bits<8>>,
    pub b: Signal<In, Bits<8>>,
    pub c: Signal<In, Bits<8>>,
    pub flag: Signal<In, bool>,
    pub precedence: Signal<Out, bool>,
    pub literal: Signal<Out, bool>,
    pub widened_sum: Signal<Out, Bits<16>>,
    pub widened_not: Signal<Out, Bits<16>>,
    pub widened_flag: Signal<Out, Bits<16>>,
    pub shifted: Signal<Out, Bits<8>>,
    pub undeclared: Signal<Out, bool>,
    pub latched: Signal<Out, Bits<8>>,
}

const BARE: u64 = 5;

impl Logic for Traps {
    #[hdl_gen]
    fn update(&mut self) {
        self.precedence.next = self.a.val() & self.b.val() == self.c.val();
        self.literal.next = (self.a.val() + self.b.val()) == 0x10;
        self.widened_sum.next = bit_cast::<16, 8>(self.a.val() + self.b.val());
        self.widened_not.next = bit_cast::<16, 8>(!self.a.val());
        self.widened_flag.next = bit_cast::<16, 1>((!self.flag.val()).into());
        self.shifted.next = (self.a.val() + self.b.val()) >> 1;
        self.undeclared.next = self.a.val() == BARE;
        if self.flag.val() {
            self.latched.next = self.a.val();
        }
    }
}

#[derive(LogicBlock, Default)]
struct Keyword {
    pub tagged: Signal<In, bool>,
    pub out: Signal<Out, bool>,
}

impl Logic for Keyword {
    #[hdl_gen]
    fn update(&mut self) {
        self.out.next = self.tagged.val();
    }
}

/// The same intents, written so that both worlds agree.
#[derive(LogicBlock, Default)]
struct Sound {
    pub a: Signal<In, Bits<8>>,
    pub b: Signal<In, Bits<8>>,
    pub c: Signal<In, Bits<8>>,
    pub flag: Signal<In, bool>,
    pub precedence: Signal<Out, bool>,
    pub literal: Signal<Out, bool>,
    pub widened: Signal<Out, Bits<16>>,
    pub declared: Signal<Out, bool>,
    pub assigned: Signal<Out, Bits<8>>,
    sum: Signal<Local, Bits<8>>,
    k_bare: Konst<8, 5>,
}

impl Logic for Sound {
    #[hdl_gen]
    fn update(&mut self) {
        self.sum.next = self.a.val() + self.b.val();
        self.precedence.next = (self.a.val() & self.b.val()) == self.c.val();
        self.literal.next = self.sum.val() == 0x10;
        self.widened.next = bit_cast::<16, 8>(self.sum.val());
        self.declared.next = self.a.val() == self.k_bare.val();
        self.assigned.next = self.b.val();
        if self.flag.val() {
            self.assigned.next = self.a.val();
        }
    }
}

#[test]
fn every_known_trap_is_found() {
    let found = findings::<Traps>();
    for what in [
        "without parentheses: precedence differs",
        "Eq of arithmetic with a literal",
        "Verilog computes the operand of bit_cast in 16 bits",
        "right shift of an expression that can carry out",
        "`BARE` does not exist in the Verilog",
        "`latched` is not assigned on every path: a latch",
    ] {
        assert!(found.contains(what), "not found: {what}\n{found}");
    }
    assert_eq!(found.matches("operand of bit_cast").count(), 3, "{found}");
}

#[test]
fn a_reserved_word_is_found() {
    assert!(findings::<Keyword>().contains("`tagged` is a reserved word of SystemVerilog"));
}

#[test]
fn a_sound_kernel_has_no_finding() {
    assert_eq!(findings::<Sound>(), "");
}
