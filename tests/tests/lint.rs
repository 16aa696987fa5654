//! What is emitted for every block is clean Verilog: Verilator's lint without a warning but those that rust-hdl's way
//! of printing makes by construction. The audit finds every trap that it names.
use riposte_blocks as blocks;
use riposte_card::verilog_of;
use rust_hdl::prelude::*;
use std::{fs, path::Path, process::Command};

/// Widths: literals are printed with 32 bits, slice offsets with 64; real width errors are the audit's job. Names:
/// a file holds the modules of one block. Unused: parts of buses and constants that a block takes whole. Circular
/// logic: a kernel is one process, so it seems to feed itself through its parts; rust-hdl checks for real loops.
const WAIVED: [&str; 8] = [
    "-Wno-UNOPTFLAT",
    "-Wno-WIDTH", "-Wno-DECLFILENAME", "-Wno-UNUSEDSIGNAL", "-Wno-UNUSEDPARAM", "-Wno-UNUSED", "-Wno-VARHIDDEN",
    "-Wno-UNDRIVEN",
];

fn lint<B: Block>(name: &str, mut block: B) {
    block.connect_all();
    let findings = blocks::audit::audit(name, &block);
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("lint_{name}.v"));
    fs::write(&path, verilog_of(name, &block)).unwrap();
    let binary = std::env::var("VERILATOR_BIN").unwrap_or_else(|_| "/usr/bin/verilator_bin".into());
    let root = std::env::var("VERILATOR_ROOT").unwrap_or_else(|_| "/usr/share/verilator".into());
    let said = Command::new(binary)
        .env("VERILATOR_ROOT", root)
        .args(["--lint-only", "-Wall", "--top-module", name])
        .args(WAIVED)
        .arg(&path)
        .output()
        .expect("Verilator is installed");
    assert!(said.status.success(), "{name}:\n{}", String::from_utf8_lossy(&said.stderr));
}

macro_rules! lints {
    ($($test:ident: $block:ty;)*) => { $(
        #[test]
        fn $test() {
            lint(stringify!($test), <$block>::default());
        }
    )* };
}

lints! {
    lane_reverse_is_clean: blocks::lanes::LaneReverse;
    headers_is_clean: blocks::headers::Headers;
    line_is_clean: blocks::line::Line;
    lines_is_clean: blocks::lines::Lines;
    restore_is_clean: blocks::restore::Restore;
    session_is_clean: blocks::session::Session;
    validity_is_clean: blocks::validity::Validity;
    types_is_clean: blocks::types::TypeTable;
    walker_is_clean: blocks::walker::Walker;
    issue_is_clean: blocks::issue::Issue;
    orders_is_clean: blocks::orders::Orders;
    levels_is_clean: blocks::levels::Levels;
    commit_is_clean: blocks::commit::Commit;
    pace_is_clean: blocks::pace::Pace;
    verdict_is_clean: blocks::verdict::Verdict;
    gate_is_clean: blocks::gate::Gate;
    fits_is_clean: blocks::fits::Fits;
    grants_is_clean: blocks::grants::Grants;
    product_is_clean: blocks::product::Product;
    increments_is_clean: blocks::increments::Increments;
    refusal_is_clean: blocks::refusal::Refusal;
    transmit_is_clean: blocks::transmit::Transmit;
    heartbeat_is_clean: blocks::heartbeat::Heartbeat;
    control_is_clean: blocks::control::Control;
    channel_is_clean: blocks::channel::Channel;
    events_is_clean: blocks::events::Events;
    counters_is_clean: blocks::counters::Counters;
    card_is_clean: riposte_card::RiposteCard;
}
