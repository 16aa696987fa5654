//! A constant of exact width for kernels, whose value comes from a Rust `const`.
//!
//! Why: a bare Rust const in a kernel simulates in Rust and comes out as an undeclared name in
//! Verilog; rust-hdl's own `Constant` has no `Default`. `Konst<16, { wire::PORT }>` becomes a
//! `localparam` of 16 bits and lets its block derive `Default`.
//! Not here: constants inside nested blocks, which the kernel language cannot name.
use rust_hdl::core::{
    atom::{Atom, AtomKind},
    block::Block,
    constraint::PinConstraint,
    logic::Logic,
    signal::get_signal_id,
};
use rust_hdl::prelude::*;

#[derive(Clone, Debug)]
pub struct Konst<const W: usize, const V: u64> {
    id: usize,
}

impl<const W: usize, const V: u64> Default for Konst<W, V> {
    fn default() -> Self {
        assert!(W >= 64 || V < (1u64 << W), "constant {V:#x} does not fit {W} bits");
        Konst { id: get_signal_id() }
    }
}

impl<const W: usize, const V: u64> Konst<W, V> {
    #[inline(always)]
    pub fn val(&self) -> Bits<W> {
        Bits::<W>::from(V)
    }
}

impl<const W: usize, const V: u64> Logic for Konst<W, V> {
    fn update(&mut self) {}
}

impl<const W: usize, const V: u64> Atom for Konst<W, V> {
    fn bits(&self) -> usize {
        W
    }
    fn connected(&self) -> bool {
        true
    }
    fn changed(&self) -> bool {
        false
    }
    fn kind(&self) -> AtomKind {
        AtomKind::Constant
    }
    fn descriptor(&self) -> TypeDescriptor {
        Bits::<W>::descriptor()
    }
    fn vcd(&self) -> VCDValue {
        self.val().vcd()
    }
    fn verilog(&self) -> VerilogLiteral {
        self.val().into()
    }
    fn id(&self) -> usize {
        self.id
    }
    fn constraints(&self) -> Vec<PinConstraint> {
        vec![]
    }
}

impl<const W: usize, const V: u64> Block for Konst<W, V> {
    fn connect_all(&mut self) {}
    fn update_all(&mut self) {}
    fn has_changed(&self) -> bool {
        false
    }
    fn accept(&self, name: &str, probe: &mut dyn Probe) {
        probe.visit_atom(name, self);
    }
}
