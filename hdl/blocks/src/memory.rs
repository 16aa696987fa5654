//! Memories, which kernels cannot express: one write port, one read port, one clock.
//!
//! `BlockMemory` reads in one cycle (block RAM); `LookupMemory` reads in the same cycle (distributed RAM). Both start as zeros, so 0 must mean "nothing".
//! Two descriptions (Rust model, Verilog) of one thing: the lockstep test of this file compares them.
use rust_hdl::core::timing::TimingInfo;
use rust_hdl::prelude::*;

/// In: `write` stores `write_data` at `write_address` at the edge. Out: `read_data` is, one cycle later, what
/// `read_address` held before that edge. Block RAM cannot do that where both ports meet: with `OLD` logic around it does,
/// else whoever reads must know and not look, and in simulation finds the contrary of what was there.
#[derive(LogicBlock)]
pub struct BlockMemory<const W: usize, const A: usize, const OLD: bool> {
    pub clock: Signal<In, Clock>,
    pub write: Signal<In, bool>,
    pub write_address: Signal<In, Bits<A>>,
    pub write_data: Signal<In, Bits<W>>,
    pub read_address: Signal<In, Bits<A>>,
    pub read_data: Signal<Out, Bits<W>>,
    _cells: Vec<Bits<W>>,
}

impl<const W: usize, const A: usize, const OLD: bool> Default for BlockMemory<W, A, OLD> {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            write: Default::default(),
            write_address: Default::default(),
            write_data: Default::default(),
            read_address: Default::default(),
            read_data: Default::default(),
            _cells: vec![Bits::default(); 1 << A],
        }
    }
}

impl<const W: usize, const A: usize, const OLD: bool> Logic for BlockMemory<W, A, OLD> {
    fn update(&mut self) {
        if self.clock.pos_edge() {
            self.read_data.next = self._cells[self.read_address.val().index()];
            if !OLD && self.write.val() && self.write_address.val() == self.read_address.val() {
                self.read_data.next = !self._cells[self.read_address.val().index()];
            }
            if self.write.val() {
                self._cells[self.write_address.val().index()] = self.write_data.val();
            }
        }
    }
    fn connect(&mut self) {
        self.read_data.connect();
    }
    fn hdl(&self) -> Verilog {
        let (unchecked, contrary) = if OLD {
            ("", "")
        } else {
            (
                ", no_rw_check",
                "\n`ifndef SYNTHESIS\n  if (write && write_address == read_address) read_data <= ~cells[read_address];\n`endif",
            )
        };
        Verilog::Custom(format!(
            "(* ram_style = \"block\"{unchecked} *) reg [{top}:0] cells [0:{last}];\n\
             integer i;\n\
             initial begin\n  for (i = 0; i <= {last}; i = i + 1) cells[i] = {width}'d0;\n  read_data = {width}'d0;\nend\n\
             always @(posedge clock) begin\n  read_data <= cells[read_address];{contrary}\n\
             \x20 if (write) cells[write_address] <= write_data;\nend\n",
            top = W - 1,
            last = (1usize << A) - 1,
            width = W,
        ))
    }
    fn timing(&self) -> Vec<TimingInfo> {
        vec![TimingInfo {
            name: "memory".into(),
            clock: "clock".into(),
            inputs: ["write", "write_address", "write_data", "read_address"].map(String::from).to_vec(),
            outputs: vec!["read_data".into()],
        }]
    }
}

/// In: as `BlockMemory`. Out: `read_data` is what `read_address` holds in this cycle.
#[derive(LogicBlock)]
pub struct LookupMemory<T: Synth, const A: usize> {
    pub clock: Signal<In, Clock>,
    pub write: Signal<In, bool>,
    pub write_address: Signal<In, Bits<A>>,
    pub write_data: Signal<In, T>,
    pub read_address: Signal<In, Bits<A>>,
    pub read_data: Signal<Out, T>,
    _cells: Vec<T>,
}

impl<T: Synth, const A: usize> Default for LookupMemory<T, A> {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            write: Default::default(),
            write_address: Default::default(),
            write_data: Default::default(),
            read_address: Default::default(),
            read_data: Default::default(),
            _cells: vec![T::default(); 1 << A],
        }
    }
}

impl<T: Synth, const A: usize> Logic for LookupMemory<T, A> {
    fn update(&mut self) {
        if self.clock.pos_edge() && self.write.val() {
            self._cells[self.write_address.val().index()] = self.write_data.val();
        }
        self.read_data.next = self._cells[self.read_address.val().index()];
    }
    fn connect(&mut self) {
        self.read_data.connect();
    }
    fn hdl(&self) -> Verilog {
        Verilog::Custom(format!(
            "(* ram_style = \"distributed\" *) reg [{top}:0] cells [0:{last}];\n\
             integer i;\n\
             initial for (i = 0; i <= {last}; i = i + 1) cells[i] = {width}'d0;\n\
             always @(posedge clock) if (write) cells[write_address] <= write_data;\n\
             always @(*) read_data = cells[read_address];\n",
            top = T::BITS - 1,
            last = (1usize << A) - 1,
            width = T::BITS,
        ))
    }
}
