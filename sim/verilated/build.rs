//! Card -> Verilog -> `verilator_bin` -> C++ as one translation unit -> static library.
//!
//! Needs Verilator's binary and headers and a C++ compiler; neither perl nor make. `VERILATOR_BIN` and
//! `VERILATOR_ROOT` name another installation than Debian's. With the feature `test-models` it also builds a card
//! whose blocks' ports can be read, and the mutants: cards with one fault each, which tests must find. Where
//! `RIPOSTE_NETLIST` names a synthesised card with the models of its cells (`tools/netlist`), that too is built.
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
};

const TOP: &str = riposte_card::TOP;

/// Name, what stands in the Verilog once, what a fault would put there.
const MUTANTS: [(&str, &str, &str); 5] = [
    ("gate_ignores_kill", "(((killed) & 27'h7ffffff) << 32'h1) | ", ""),
    ("order_without_pass", "running = passes | sending$q;", "running = judging | sending$q;"),
    ("price_one_byte_off", "localparam  o_price = 9'b100000;", "localparam  o_price = 9'b101000;"),
    ("checksum_one_off", "checksum = ~twice;", "checksum = ~twice + 16'h1;"),
    ("walker_one_byte_off", "localparam  k_six = 9'b110;", "localparam  k_six = 9'b101;"),
];

/// Verilator's installation and where to build.
struct Builder {
    root: String,
    binary: String,
    out: PathBuf,
}

/// How one model differs from the plain card.
struct Variant<'a> {
    /// Prefix of its class and of its C functions.
    name: &'a str,
    verilog: &'a str,
    optimisation: u32,
    /// Whether the gateware's own checks end the run; a mutant's fault is for the tests to find.
    checks: bool,
    /// Ports of blocks that the model shows: their Verilog names and widths.
    ports: &'a [(String, usize)],
    /// It is a netlist with a fault that can be switched on: see `with_fault`.
    netlist: bool,
}

impl<'a> Variant<'a> {
    /// Quickly built, without checks or ports to read.
    fn plain(name: &'a str, verilog: &'a str) -> Variant<'a> {
        Variant { name, verilog, optimisation: 0, checks: false, ports: &[], netlist: false }
    }
}

fn main() {
    for name in ["VERILATOR_BIN", "VERILATOR_ROOT"] {
        println!("cargo:rerun-if-env-changed={name}");
    }
    for file in ["build.rs", "shim.cpp"] {
        println!("cargo:rerun-if-changed={file}");
    }
    println!("cargo:rerun-if-env-changed=RIPOSTE_NETLIST");
    println!("cargo:rustc-check-cfg=cfg(netlist)");
    let builder = Builder {
        root: env::var("VERILATOR_ROOT").unwrap_or_else(|_| "/usr/share/verilator".into()),
        binary: env::var("VERILATOR_BIN").unwrap_or_else(|_| "/usr/bin/verilator_bin".into()),
        out: PathBuf::from(env::var("OUT_DIR").expect("cargo sets OUT_DIR")),
    };
    builder.runtime();
    let verilog = riposte_card::verilog();
    let netlist = env::var_os("RIPOSTE_NETLIST").map(|file| {
        println!("cargo:rerun-if-changed={}", Path::new(&file).display());
        println!("cargo:rustc-cfg=netlist");
        with_fault(&fs::read_to_string(&file).expect("RIPOSTE_NETLIST names a Verilog file"))
    });
    let ports = riposte_card::block_ports();
    let mutated = MUTANTS.map(|(name, from, to)| {
        assert_eq!(verilog.matches(from).count(), 1, "mutant {name}: `{from}` must stand in the Verilog once");
        (name, verilog.replace(from, to))
    });
    let mut variants = vec![Variant { optimisation: 3, checks: true, ..Variant::plain("card", &verilog) }];
    variants.extend(netlist.iter().map(|netlist| Variant { netlist: true, ..Variant::plain("netlist", netlist) }));
    if env::var_os("CARGO_FEATURE_TEST_MODELS").is_some() {
        variants.push(Variant { checks: true, ports: &ports, ..Variant::plain("open", &verilog) });
        variants.extend(mutated.iter().map(|(name, verilog)| Variant::plain(name, verilog)));
    }
    builder.models(&variants);
}

impl Builder {
    fn compiler(&self, optimisation: u32) -> cc::Build {
        let mut build = cc::Build::new();
        build
            .cpp(true)
            .std(if self.root.contains("site-packages") { "c++20" } else { "c++17" })
            .opt_level(optimisation)
            .debug(false)
            .warnings(false)
            .flag_if_supported("-fno-strict-aliasing")
            .define("VL_TIME_CONTEXT", None)
            .include(format!("{}/include", self.root))
            .include(format!("{}/include/vltstd", self.root));
        build
    }

    /// Verilator's own library, once for all models. It is linked after them: see `models`.
    fn runtime(&self) {
        let mut build = self.compiler(2);
        for name in ["verilated.cpp", "verilated_threads.cpp"] {
            let path = format!("{}/include/{name}", self.root);
            if Path::new(&path).exists() {
                build.file(path);
            }
        }
        if env::var_os("CARGO_FEATURE_TRACE").is_some() {
            build.file(format!("{}/include/verilated_vcd_c.cpp", self.root));
        }
        build.cargo_metadata(false).compile("riposte_verilator");
    }

    /// Makes as many at a time as cargo has jobs.
    fn models(&self, variants: &[Variant]) {
        let jobs = env::var("NUM_JOBS").ok().and_then(|jobs| jobs.parse().ok()).unwrap_or(1);
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..jobs {
                scope.spawn(|| {
                    while let Some(variant) = variants.get(next.fetch_add(1, Ordering::Relaxed)) {
                        self.model(variant);
                    }
                });
            }
        });
        println!("cargo:rustc-link-search=native={}", self.out.display());
        for variant in variants {
            println!("cargo:rustc-link-lib=static=riposte_model_{}", variant.name);
        }
        println!("cargo:rustc-link-lib=static=riposte_verilator");
        println!("cargo:rustc-link-lib=stdc++");
    }

    fn model(&self, variant: &Variant) {
        let made = self.out.join(format!("{}.made", variant.name));
        let recipe = self.recipe(variant);
        if fs::read_to_string(&made).ok().as_ref() != Some(&recipe) {
            self.make(variant);
            fs::write(made, recipe).expect("write what was made");
        }
    }

    /// All that a model is made from: one that was made from the same is not made again.
    fn recipe(&self, variant: &Variant) -> String {
        let Variant { optimisation, checks, ports, netlist, .. } = variant;
        let trace = env::var_os("CARGO_FEATURE_TRACE").is_some();
        let sources = [include_str!("build.rs"), include_str!("shim.cpp"), variant.verilog].concat();
        format!("{} {} {optimisation} {checks} {trace} {netlist} {ports:?}\n{sources}", self.root, self.binary)
    }

    fn make(&self, variant: &Variant) {
        let folder = self.out.join(variant.name);
        let _ = fs::remove_dir_all(&folder);
        let verilog = self.out.join(format!("{}.v", variant.name));
        fs::write(&verilog, variant.verilog).expect("write the Verilog");
        self.verilate(variant, &verilog, &folder);
        let mut sources: Vec<PathBuf> = fs::read_dir(&folder)
            .expect("Verilator made a folder")
            .map(|entry| entry.expect("readable").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "cpp"))
            .collect();
        sources.sort();
        sources.push(fs::canonicalize("shim.cpp").expect("shim.cpp lies beside build.rs"));
        // One translation unit: Verilator's headers are parsed once and the optimiser sees the whole card.
        let mut unit = format!(
            "#define CARD(name) riposte_{0}_##name\n#define MODEL V{0}\n#include \"V{0}.h\"\n#include \"V{0}___024root.h\"\n",
            variant.name
        );
        unit += &lower_clock(&folder.join(format!("V{}___024root.h", variant.name)));
        unit += &if variant.netlist { FAULT_SWITCH.into() } else { port_table(variant.ports) };
        for path in &sources {
            unit += &format!("#include \"{}\"\n", path.display());
        }
        let file = self.out.join(format!("{}.cc", variant.name));
        fs::write(&file, unit).expect("write the translation unit");
        let mut build = self.compiler(variant.optimisation);
        if env::var_os("CARGO_FEATURE_TRACE").is_some() {
            build.define("RIPOSTE_TRACE", None);
        }
        build.cargo_metadata(false).include(&folder).file(file).compile(&format!("riposte_model_{}", variant.name));
    }

    fn verilate(&self, variant: &Variant, verilog: &Path, folder: &Path) {
        let mut command = Command::new(&self.binary);
        command
            .env("VERILATOR_ROOT", &self.root)
            .args(["--cc", "-O3", "--x-assign", "fast", "--x-initial", "fast", "--top-module", TOP])
            // Literals are printed as 32 bits and slice offsets as 64: widths are the audit's job.
            .args(["-Wno-WIDTH", "-Wno-DECLFILENAME", "-Wno-UNUSED", "-Wno-UNOPTFLAT"])
            .args(["--prefix", &format!("V{}", variant.name)])
            .arg("--Mdir")
            .arg(folder)
            .arg(verilog);
        if variant.checks {
            command.arg("--assert");
        }
        if variant.netlist {
            // Cells' pins that yosys leaves open, delays, and the blackbox of the block RAM behind its model.
            command.args(["-Wno-lint", "-Wno-fatal"]);
        }
        if !variant.ports.is_empty() {
            command.arg("--public-flat-rw");
        }
        if env::var_os("CARGO_FEATURE_TRACE").is_some() {
            command.arg("--trace");
        }
        match command.status() {
            Ok(status) if status.success() => {}
            Ok(status) => panic!("{} refused the Verilog of {} ({status})", self.binary, variant.name),
            Err(error) => panic!(
                "cannot run {} ({error}): install Verilator (`make setup`), or set VERILATOR_BIN and VERILATOR_ROOT",
                self.binary
            ),
        }
    }
}

/// Where a netlist's fault is: the register that drives this net.
const FAULTY_NET: &str = "tx_data[0]";
/// The port function of a netlist does not read a port: index 1 switches the fault on, 0 off.
const FAULT_SWITCH: &str = "#define RIPOSTE_PORT(root, index, words) root->riposte_card__DOT__fault = index;\n";

/// The netlist with a switch that inverts what the register of `FAULTY_NET` takes: a wrong gate in front of it.
fn with_fault(netlist: &str) -> String {
    let drives = format!(".Q({FAULTY_NET})");
    assert_eq!(netlist.matches(&drives).count(), 1, "`{drives}` must stand in the netlist once: name another net");
    let (before, after) = netlist.split_at(netlist.find(&drives).expect("it stands there"));
    let (cells, input) = before.rsplit_once(".DI(").expect("a register has an input");
    let (ports, body) = cells.split_once(");\n").expect("the module's header");
    format!("{ports});\nreg fault /*verilator public_flat_rw*/ = 0;\n{body}.DI(fault ^ {input}{after}")
}

/// How the clock falls. Nothing in the card answers to that edge, but evaluating it runs everything behind the inputs
/// once more, so the model is only made to believe that its clock was low. Its name for that differs with Verilator's
/// version; where neither stands, and where waves are wanted, the edge is evaluated.
fn lower_clock(header: &Path) -> String {
    let declared = fs::read_to_string(header).expect("Verilator made the root's header");
    let known = ["__Vtrigrprev__TOP__clock", "__Vtrigprevexpr___TOP__clock__0"]
        .into_iter()
        .find(|name| env::var_os("CARGO_FEATURE_TRACE").is_none() && declared.contains(&format!("{name};")));
    match known {
        Some(name) => format!("#define LOWER_CLOCK(top) (top).rootp->{name} = 0\n"),
        None => "#define LOWER_CLOCK(top) (top).clock = 0, (top).eval()\n".into(),
    }
}

/// A C function that copies the value of port `index` as 32-bit words.
fn port_table(ports: &[(String, usize)]) -> String {
    let mut table = String::from("#include <cstring>\n#define RIPOSTE_PORT(root, index, words) switch (index) { \\\n");
    for (index, (name, width)) in ports.iter().enumerate() {
        let member = format!("root->{TOP}__DOT__{}", name.replace('$', "__024"));
        let copy = if *width <= 64 {
            format!("{{ uint64_t v = {member}; std::memcpy(words, &v, 8); }}")
        } else {
            format!("std::memcpy(words, &{member}[0], {});", width.div_ceil(32) * 4)
        };
        table += &format!("  case {index}: {copy} break; \\\n");
    }
    table + "  }\n"
}
