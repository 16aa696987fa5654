//! Card -> Verilog -> `verilator_bin` -> C++ as one translation unit -> static library.
//!
//! Needs Verilator's binary and headers and a C++ compiler; neither perl nor make. `VERILATOR_BIN` and
//! `VERILATOR_ROOT` name another installation than Debian's.
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

const TOP: &str = riposte_card::TOP;

fn main() {
    for name in ["VERILATOR_BIN", "VERILATOR_ROOT"] {
        println!("cargo:rerun-if-env-changed={name}");
    }
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=shim.cpp");
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets OUT_DIR"));
    let root = env::var("VERILATOR_ROOT").unwrap_or_else(|_| "/usr/share/verilator".into());
    let binary = env::var("VERILATOR_BIN").unwrap_or_else(|_| "/usr/bin/verilator_bin".into());
    let verilog = out.join(format!("{TOP}.v"));
    fs::write(&verilog, riposte_card::verilog()).expect("write the Verilog");
    let model = out.join("model");
    let _ = fs::remove_dir_all(&model);
    run_verilator(&binary, &root, &verilog, &model);
    compile(&root, &model, &out);
}

fn run_verilator(binary: &str, root: &str, verilog: &Path, model: &Path) {
    let mut command = Command::new(binary);
    command
        .env("VERILATOR_ROOT", root)
        .args(["--cc", "-O3", "--assert", "--x-assign", "fast", "--x-initial", "fast", "--top-module", TOP])
        // Literals are printed as 32 bits and slice offsets as 64: widths are the audit's job.
        .args(["-Wno-WIDTH", "-Wno-DECLFILENAME", "-Wno-UNUSED", "-Wno-UNOPTFLAT", "--prefix", "Vcard"])
        .arg("--Mdir")
        .arg(model)
        .arg(verilog);
    if env::var_os("CARGO_FEATURE_TRACE").is_some() {
        command.arg("--trace");
    }
    match command.status() {
        Ok(status) if status.success() => {}
        Ok(status) => panic!("{binary} refused the card's Verilog ({status}); its messages are above"),
        Err(error) => {
            panic!("cannot run {binary} ({error}): install Verilator (`make setup`) or set VERILATOR_BIN and VERILATOR_ROOT")
        }
    }
}

fn compile(root: &str, model: &Path, out: &Path) {
    let mut sources: Vec<PathBuf> = fs::read_dir(model)
        .expect("Verilator made a folder")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "cpp"))
        .collect();
    sources.sort();
    let shim = fs::canonicalize("shim.cpp").expect("shim.cpp lies beside build.rs");
    sources.push(shim);
    // One translation unit: Verilator's headers are parsed once and the optimiser sees the whole card.
    let whole: String = sources.iter().map(|path| format!("#include \"{}\"\n", path.display())).collect();
    let unit = out.join("card.cc");
    fs::write(&unit, whole).expect("write the translation unit");
    let mut build = cc::Build::new();
    build
        .cpp(true)
        .std(if root.contains("site-packages") { "c++20" } else { "c++17" })
        .opt_level(2)
        .debug(false)
        .warnings(false)
        .flag_if_supported("-fno-strict-aliasing")
        .define("VL_TIME_CONTEXT", None)
        .include(format!("{root}/include"))
        .include(format!("{root}/include/vltstd"))
        .include(model)
        .file(unit);
    for name in ["verilated.cpp", "verilated_threads.cpp"] {
        let path = format!("{root}/include/{name}");
        if Path::new(&path).exists() {
            build.file(path);
        }
    }
    if env::var_os("CARGO_FEATURE_TRACE").is_some() {
        build.define("RIPOSTE_TRACE", None).file(format!("{root}/include/verilated_vcd_c.cpp"));
    }
    build.compile("riposte_card_model");
}
