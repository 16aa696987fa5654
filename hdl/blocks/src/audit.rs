//! Static audit of kernels: refuses what means one thing in Rust and another in Verilog.
//!
//! rust-hdl simulates the Rust code but prints its syntax tree without parentheses and without the
//! widths of results. This walks the tree of every kernel below a block and reports, as `path: what`:
//! operators whose precedence differs in the two languages; arithmetic that Verilog computes wider than
//! Rust (widening casts, compares with literals, right shifts, assignments); slices of expressions; names
//! that do not exist in Verilog or are reserved there; outputs and locals that some path leaves unassigned (latches).
//! Not here: hand-written Verilog (`memory`, `types`, `refusal`), which lockstep tests compare.
use rust_hdl::core::ast::*;
use rust_hdl::core::atom::{Atom, AtomKind};
use rust_hdl::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

/// Reserved words of SystemVerilog 2017, sorted.
#[rustfmt::skip]
const KEYWORDS: &[&str] = &[
    "accept_on", "alias", "always", "always_comb", "always_ff", "always_latch", "and", "assert",
    "assign", "assume", "automatic", "before", "begin", "bind", "bins", "binsof", "bit", "break",
    "buf", "bufif0", "bufif1", "byte", "case", "casex", "casez", "cell", "chandle", "checker",
    "class", "clocking", "cmos", "config", "const", "constraint", "context", "continue", "cover",
    "covergroup", "coverpoint", "cross", "deassign", "default", "defparam", "design", "disable",
    "dist", "do", "edge", "else", "end", "endcase", "endchecker", "endclass", "endclocking",
    "endconfig", "endfunction", "endgenerate", "endgroup", "endinterface", "endmodule",
    "endpackage", "endprimitive", "endprogram", "endproperty", "endspecify", "endsequence",
    "endtable", "endtask", "enum", "event", "eventually", "expect", "export", "extends", "extern",
    "final", "first_match", "for", "force", "foreach", "forever", "fork", "forkjoin", "function",
    "generate", "genvar", "global", "highz0", "highz1", "if", "iff", "ifnone", "ignore_bins",
    "illegal_bins", "implements", "implies", "import", "incdir", "include", "initial", "inout",
    "input", "inside", "instance", "int", "integer", "interconnect", "interface", "intersect",
    "join", "join_any", "join_none", "large", "let", "liblist", "library", "local", "localparam",
    "logic", "longint", "macromodule", "matches", "medium", "modport", "module", "nand", "negedge",
    "nettype", "new", "nexttime", "nmos", "nor", "noshowcancelled", "not", "notif0", "notif1",
    "null", "or", "output", "package", "packed", "parameter", "pmos", "posedge", "primitive",
    "priority", "program", "property", "protected", "pull0", "pull1", "pulldown", "pullup",
    "pulsestyle_ondetect", "pulsestyle_onevent", "pure", "rand", "randc", "randcase",
    "randsequence", "rcmos", "real", "realtime", "ref", "reg", "reject_on", "release", "repeat",
    "restrict", "return", "rnmos", "rpmos", "rtran", "rtranif0", "rtranif1", "s_always",
    "s_eventually", "s_nexttime", "s_until", "s_until_with", "scalared", "sequence", "shortint",
    "shortreal", "showcancelled", "signed", "small", "soft", "solve", "specify", "specparam",
    "static", "string", "strong", "strong0", "strong1", "struct", "super", "supply0", "supply1",
    "sync_accept_on", "sync_reject_on", "table", "tagged", "task", "this", "throughout", "time",
    "timeprecision", "timeunit", "tran", "tranif0", "tranif1", "tri", "tri0", "tri1", "triand",
    "trior", "trireg", "type", "typedef", "union", "unique", "unique0", "unsigned", "until",
    "until_with", "untyped", "use", "uwire", "var", "vectored", "virtual", "void", "wait",
    "wait_order", "wand", "weak", "weak0", "weak1", "while", "wildcard", "wire", "with", "within",
    "wor", "xnor", "xor",
];

/// A block with the width of each of its names and its kernel, if it has one.
#[derive(Default)]
struct Module {
    path: String,
    widths: BTreeMap<String, usize>,
    kernel: Option<VerilogBlock>,
    keywords: Vec<String>,
    namespaces: Vec<String>,
}

#[derive(Default)]
struct Collector {
    open: Vec<Module>,
    closed: Vec<Module>,
}

fn flat(name: &str) -> String {
    name.replace('[', "$").replace(']', "")
}

fn enum_names(descriptor: &TypeDescriptor, names: &mut Vec<String>) {
    match &descriptor.kind {
        TypeKind::Enum(variants) => names.extend(variants.iter().map(|variant| variant.replace("::", "$"))),
        TypeKind::Composite(fields) => fields.iter().for_each(|field| enum_names(&field.kind, names)),
        _ => {}
    }
}

impl Probe for Collector {
    fn visit_start_scope(&mut self, name: &str, node: &dyn Block) {
        let path = self.open.last().map_or(name.into(), |parent| format!("{}.{name}", parent.path));
        let kernel = if let Verilog::Combinatorial(block) = node.hdl() { Some(block) } else { None };
        let keywords = if KEYWORDS.binary_search(&name).is_ok() { vec![name.into()] } else { vec![] };
        self.open.push(Module { path, kernel, keywords, ..Default::default() });
    }

    fn visit_end_scope(&mut self, _: &str, _: &dyn Block) {
        self.closed.extend(self.open.pop());
    }

    fn visit_start_namespace(&mut self, name: &str, _: &dyn Block) {
        if let Some(module) = self.open.last_mut() {
            module.namespaces.push(name.into());
        }
    }

    fn visit_end_namespace(&mut self, _: &str, _: &dyn Block) {
        if let Some(module) = self.open.last_mut() {
            module.namespaces.pop();
        }
    }

    fn visit_atom(&mut self, name: &str, atom: &dyn Atom) {
        let depth = self.open.len();
        let module = &mut self.open[depth - 1];
        let mut parts = module.namespaces.clone();
        parts.push(name.into());
        let local = parts.join("$");
        if KEYWORDS.binary_search(&local.as_str()).is_ok() {
            module.keywords.push(local.clone());
        }
        let width = atom.bits();
        let mut variants = vec![];
        enum_names(&atom.descriptor(), &mut variants);
        module.widths.insert(local.clone(), width);
        module.widths.extend(variants.iter().map(|variant| (variant.clone(), width)));
        let child = module.path.rsplit('.').next().unwrap_or_default().to_string();
        let is_port = matches!(
            atom.kind(),
            AtomKind::InputParameter | AtomKind::OutputParameter | AtomKind::InOutParameter
        );
        if depth >= 2 && is_port {
            let parent = &mut self.open[depth - 2];
            parent.widths.insert(format!("{}${local}", flat(&child)), width);
            parent.widths.extend(variants.into_iter().map(|variant| (variant, width)));
        }
    }
}

fn is_comparison(op: &VerilogOp) -> bool {
    matches!(op, VerilogOp::Eq | VerilogOp::Ne | VerilogOp::Lt | VerilogOp::Le | VerilogOp::Gt | VerilogOp::Ge)
}

fn without_parentheses(expression: &VerilogExpression) -> &VerilogExpression {
    if let VerilogExpression::Paren(inner) = expression { without_parentheses(inner) } else { expression }
}

/// Names assigned on every path so far, and on any.
#[derive(Clone, Default)]
struct Assigned {
    surely: BTreeSet<String>,
    perhaps: BTreeSet<String>,
}

struct Auditor<'a> {
    module: &'a Module,
    findings: Vec<String>,
    loops: Vec<(String, usize)>,
}

impl Auditor<'_> {
    fn find(&mut self, what: impl Display) {
        self.findings.push(format!("{}: {what}", self.module.path));
    }

    /// The name as Verilog has it: loop variables inside `[..]` become their values, as rust-hdl does it.
    fn verilog_name(&self, name: &str) -> String {
        let mut name = name.trim_end_matches("$next").trim_start_matches('.').to_string();
        while let (Some(open), Some(close)) = (name.find('['), name.find(']')) {
            let index = self.index_value(name[open + 1..close].trim_matches(|c| c == '(' || c == ')'));
            name = format!("{}${index}{}", &name[..open], &name[close + 1..]);
        }
        name
    }

    /// `i`, `i+1`, `i*4`, `i*4+1` with the present values of the loops, else the text as it is.
    fn index_value(&self, text: &str) -> String {
        let mut sum = 0;
        for term in text.split('+') {
            let mut product = 1;
            for factor in term.split('*') {
                let factor = factor.trim().trim_matches(|c| c == '(' || c == ')');
                let value = self.loops.iter().find(|(name, _)| name == factor).map(|(_, value)| *value);
                match value.or_else(|| factor.parse().ok()) {
                    Some(value) => product *= value,
                    None => return text.to_string(),
                }
            }
            sum += product;
        }
        sum.to_string()
    }

    fn width_of(&self, name: &str) -> Option<usize> {
        if self.loops.iter().any(|(variable, _)| variable == name) {
            return Some(32);
        }
        self.module.widths.get(&self.verilog_name(name)).copied()
    }

    /// Width as the Rust types have it; `None` for a literal, which adapts.
    fn width(&self, expression: &VerilogExpression) -> Option<usize> {
        use VerilogExpression as E;
        match expression {
            E::Signal(name) => self.width_of(name),
            E::Literal(_) => None,
            E::Cast(_, width) | E::Slice(_, width, _) => Some(*width),
            E::Paren(inner) | E::Signed(inner) | E::Unsigned(inner) => self.width(inner),
            E::Binary(_, op, _)
                if is_comparison(op) || matches!(op, VerilogOp::LogicalAnd | VerilogOp::LogicalOr) =>
            {
                Some(1)
            }
            E::Binary(left, VerilogOp::Shl | VerilogOp::Shr, _) => self.width(left),
            E::Binary(left, VerilogOp::Mul, right) => Some(self.width(left)? + self.width(right)?),
            E::Binary(left, _, right) => self.width(left).or(self.width(right)),
            E::Unary(VerilogOpUnary::Not | VerilogOpUnary::Neg, inner) => self.width(inner),
            E::Unary(..) | E::Index(..) => Some(1),
            E::IndexReplace(inner, ..) => self.width(inner),
        }
    }

    /// Whether the value can change when Verilog evaluates it in a wider context.
    fn grows(&self, expression: &VerilogExpression) -> bool {
        use VerilogExpression as E;
        match without_parentheses(expression) {
            E::Binary(left, op, right) => match op {
                VerilogOp::Add | VerilogOp::Sub | VerilogOp::Mul | VerilogOp::Shl => true,
                VerilogOp::BitAnd | VerilogOp::BitOr | VerilogOp::BitXor => self.grows(left) || self.grows(right),
                VerilogOp::Shr => self.grows(left),
                _ => false,
            },
            E::Unary(VerilogOpUnary::Not | VerilogOpUnary::Neg, _) => true,
            _ => false,
        }
    }

    fn expression(&mut self, expression: &VerilogExpression) {
        use VerilogExpression as E;
        match expression {
            E::Signal(name) => {
                if self.width_of(name).is_none() {
                    let name = self.verilog_name(name);
                    self.find(format!("`{name}` does not exist in the Verilog (a Rust const? use Konst)"));
                }
            }
            E::Literal(_) => {}
            E::Cast(inner, width) => {
                if self.grows(inner) && self.width(inner).is_none_or(|narrow| *width > narrow) {
                    self.find(format!("Verilog computes the operand of bit_cast in {width} bits; go through a Local"));
                }
                self.expression(inner);
            }
            E::Paren(inner) | E::Signed(inner) | E::Unsigned(inner) => self.expression(inner),
            E::Unary(op, inner) => {
                if matches!((op, &**inner), (VerilogOpUnary::Not | VerilogOpUnary::Neg, E::Binary(..))) {
                    self.find("unary operator on a binary one without parentheses");
                }
                self.expression(inner);
            }
            E::Binary(left, op, right) => self.binary(left, op, right),
            E::Slice(base, _, offset) | E::Index(base, offset) => {
                if !matches!(**base, E::Signal(_)) {
                    self.find("bit select of an expression is not Verilog; go through a Local");
                }
                self.expression(base);
                self.expression(offset);
            }
            E::IndexReplace(base, index, value) => {
                self.find("replace_bit shifts a 32-bit 1; use a masked OR");
                [base, index, value].into_iter().for_each(|part| self.expression(part));
            }
        }
    }

    fn binary(&mut self, left: &VerilogExpression, op: &VerilogOp, right: &VerilogExpression) {
        for (side, is_left) in [(left, true), (right, false)] {
            if let VerilogExpression::Binary(_, inner, _) = side {
                let same = std::mem::discriminant(op) == std::mem::discriminant(inner) && !is_comparison(op);
                let sums = matches!(op, VerilogOp::Add | VerilogOp::Sub)
                    && matches!(inner, VerilogOp::Add | VerilogOp::Sub);
                if !(is_left && (same || sums)) {
                    self.find(format!("{inner:?} under {op:?} without parentheses: precedence differs"));
                }
            }
        }
        if is_comparison(op) && (self.grows(left) || self.grows(right)) {
            let widths = (self.width(left), self.width(right));
            if widths.0.is_none() || widths.0 != widths.1 {
                self.find(format!("{op:?} of arithmetic with a literal, which is 32 bits wide; go through a Local"));
            }
        }
        if matches!(op, VerilogOp::Shr) && self.grows(left) {
            self.find("right shift of an expression that can carry out; go through a Local");
        }
        self.expression(left);
        self.expression(right);
    }

    fn block(&mut self, block: &VerilogBlock, mut assigned: Assigned) -> Assigned {
        for statement in block {
            assigned = self.statement(statement, assigned);
        }
        assigned
    }

    fn statement(&mut self, statement: &VerilogStatement, mut assigned: Assigned) -> Assigned {
        match statement {
            VerilogStatement::Assignment(target, value) => self.assignment(target, value, &mut assigned),
            VerilogStatement::SliceAssignment { base, replacement, offset, .. } => {
                [base, replacement, offset].into_iter().for_each(|part| self.expression(part));
                if let VerilogExpression::Signal(name) = base {
                    // A field: either a default of the whole came first, or all fields are written here.
                    let name = self.verilog_name(name);
                    assigned.perhaps.insert(name.clone());
                    assigned.surely.insert(name);
                }
            }
            VerilogStatement::If(conditional) => {
                self.expression(&conditional.test);
                let then = self.block(&conditional.then, assigned.clone());
                let otherwise = match &conditional.otherwise {
                    VerilogBlockOrConditional::Block(block) => self.block(block, assigned),
                    VerilogBlockOrConditional::Conditional(inner) => self.statement(inner, assigned),
                    VerilogBlockOrConditional::None => assigned,
                };
                assigned = either(then, otherwise);
            }
            VerilogStatement::Match(choice) => assigned = self.choice(choice, assigned),
            VerilogStatement::Loop(repeat) => {
                for index in repeat.from.as_usize()..repeat.to.as_usize() {
                    self.loops.push((repeat.index.clone(), index));
                    assigned = self.block(&repeat.block, assigned);
                    self.loops.pop();
                }
            }
            VerilogStatement::Macro(block) => assigned = self.block(block, assigned),
            VerilogStatement::Link(_) | VerilogStatement::Comment(_) => {}
        }
        assigned
    }

    fn assignment(&mut self, target: &VerilogExpression, value: &VerilogExpression, assigned: &mut Assigned) {
        self.expression(target);
        self.expression(value);
        if let VerilogExpression::Signal(name) = target {
            let name = self.verilog_name(name);
            if let (Some(to), Some(from)) = (self.width_of(&name), self.width(value))
                && self.grows(value)
                && to != from
            {
                self.find(format!("`{name}` ({to} bits) takes a {from}-bit arithmetic result"));
            }
            assigned.perhaps.insert(name.clone());
            assigned.surely.insert(name);
        }
    }

    fn choice(&mut self, choice: &VerilogMatch, assigned: Assigned) -> Assigned {
        self.expression(&choice.test);
        let mut merged: Option<Assigned> = None;
        let mut has_default = false;
        for case in &choice.cases {
            let is_number = case.condition.starts_with(|c: char| c.is_ascii_digit());
            if case.condition == "default" {
                has_default = true;
            } else if !is_number && self.width_of(&case.condition).is_none() {
                self.find(format!("match arm `{}` does not exist in the Verilog", case.condition));
            }
            let arm = self.block(&case.block, assigned.clone());
            merged = Some(merged.map_or(arm.clone(), |others| either(others, arm)));
        }
        match merged {
            Some(merged) if has_default => merged,
            Some(merged) => either(merged, assigned),
            None => assigned,
        }
    }
}

/// After two paths that meet again.
fn either(a: Assigned, b: Assigned) -> Assigned {
    Assigned {
        surely: a.surely.intersection(&b.surely).cloned().collect(),
        perhaps: a.perhaps.union(&b.perhaps).cloned().collect(),
    }
}

/// Every finding below `block`, as `path: what`.
pub fn audit<B: Block>(name: &str, block: &B) -> Vec<String> {
    let mut collector = Collector::default();
    block.accept(name, &mut collector);
    let mut findings = vec![];
    for module in &collector.closed {
        for keyword in &module.keywords {
            findings.push(format!("{}: `{keyword}` is a reserved word of SystemVerilog", module.path));
        }
        let Some(kernel) = &module.kernel else { continue };
        let mut auditor = Auditor { module, findings: vec![], loops: vec![] };
        let assigned = auditor.block(kernel, Assigned::default());
        for name in assigned.perhaps.difference(&assigned.surely) {
            auditor.find(format!("`{name}` is not assigned on every path: a latch"));
        }
        findings.append(&mut auditor.findings);
    }
    findings
}
