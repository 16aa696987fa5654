//! The house rules, as tests: crates and arrows, `unsafe`, names, lengths, what may lie in git.
//!
//! Each rule is a function of a text, so that `each_rule_can_fail` shows it a text that breaks it.
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Crates with their folders, and what each may depend on. A crate that is not here fails the test.
const ARROWS: &[(&str, &str, &[&str])] = &[
    ("riposte-map", "hdl/map", &[]),
    ("riposte-blocks", "hdl/blocks", &["riposte-map"]),
    ("riposte-card", "hdl/card", &["riposte-map", "riposte-blocks"]),
    ("riposte-model", "sim/model", &["riposte-map", "riposte-device"]),
    ("riposte-verilated", "sim/verilated", &["riposte-map", "riposte-device", "riposte-card"]),
    ("riposte-venue", "sim/venue", &["riposte-map"]),
    ("riposte-ring", "host/ring", &[]),
    ("riposte-device", "host/device", &["riposte-map", "riposte-ring"]),
    ("dpdk-sys", "host/dpdk-sys", &[]),
    ("riposte-dpdk-port", "host/dpdk-port", &["riposte-device", "dpdk-sys"]),
    ("riposte-capture", "host/capture", &["riposte-map"]),
    ("riposte-desk", "host/desk", &["riposte-map"]),
    ("riposte-engine", "host/engine", &["riposte-map"]),
    ("riposte-models", "host/models", &["riposte-map"]),
    ("riposte-journal", "host/journal", &["riposte-map"]),
    ("riposte-control", "host/control", &["riposte-desk", "riposte-engine", "riposte-signature"]),
    ("riposte-signature", "host/signature", &["riposte-map", "riposte-desk"]),
    ("riposte-session", "host/session", &["riposte-map", "riposte-engine", "riposte-tcp"]),
    ("riposte-tcp", "host/tcp", &[]),
    (
        "riposte",
        "host/cli",
        &[
            "riposte-map", "riposte-capture", "riposte-control", "riposte-desk", "riposte-device", "riposte-engine", "riposte-journal",
            "riposte-model", "riposte-models", "riposte-session", "riposte-signature",
            "riposte-venue", "riposte-verilated", "riposte-card",
        ],
    ),
    ("riposte-tests", "tests", ALL),
];
const ALL: &[&str] = &[
    "riposte-control", "riposte-models",
    "riposte-map", "riposte-blocks", "riposte-card", "riposte-model", "riposte-verilated", "riposte-venue",
    "riposte-ring", "riposte-device", "riposte-capture", "riposte-desk", "riposte-engine", "riposte-journal", "riposte-session", "riposte-signature",
    "riposte-tcp", "riposte",
];
/// Tests of a crate may use what makes input for it, but never what it must not know of.
const NEVER_IN_TESTS: &[(&str, &[&str])] = &[
    ("riposte-model", &["riposte-blocks", "riposte-card", "riposte-verilated", "riposte"]),
    ("riposte-blocks", &["riposte-model", "riposte-desk", "riposte-capture", "riposte"]),
    ("riposte-desk", &["riposte-blocks", "riposte-card", "riposte"]),
    ("riposte-capture", &["riposte-blocks", "riposte-card", "riposte"]),
    ("riposte-venue", &["riposte-blocks", "riposte-card", "riposte"]),
    ("riposte-journal", &["riposte-blocks", "riposte-card", "riposte"]),
    ("riposte-models", &["riposte-blocks", "riposte-card", "riposte"]),
    ("riposte-engine", &["riposte-blocks", "riposte-card", "riposte"]),
    ("riposte-session", &["riposte-blocks", "riposte-card", "riposte"]),
    ("riposte-signature", &["riposte-blocks", "riposte-card", "riposte"]),
    ("riposte-tcp", &["riposte-blocks", "riposte-card", "riposte"]),
];
/// Where a foreign function or memory that others write makes `unsafe` necessary.
const MAY_BE_UNSAFE: &[&str] = &["sim/verilated", "host/ring", "host/dpdk-sys"];
const LINES_MAX: usize = 500;
/// With a line `//! Long: ...` in the header that says why.
const LINES_MAX_WITH_REASON: usize = 700;
const FUNCTION_LINES_MAX: usize = 70;
const FILE_BYTES_MAX: u64 = 300_000;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace is there")
}

/// Files of the project, as paths from its root.
fn files() -> Vec<PathBuf> {
    const SKIPPED: &[&str] = &["target", ".git", ".tools", "out"];
    let (root, mut found) = (root(), Vec::new());
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root.join(&folder)).expect("a folder of the project") {
            let entry = entry.expect("an entry of it");
            let path = folder.join(entry.file_name());
            let skipped = SKIPPED.iter().any(|name| path == Path::new(name));
            match entry.file_type().expect("a file type") {
                kind if kind.is_dir() && !skipped => folders.push(path),
                kind if kind.is_file() => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

/// Applies `rule` to every Rust file and fails with all findings.
fn on_rust_files(rule: impl Fn(&Path, &str) -> Vec<String>) {
    let mut findings = Vec::new();
    for path in files().into_iter().filter(|path| has_extension(path, "rs")) {
        // A file may vanish while somebody edits; git tells what belongs.
        let Ok(text) = std::fs::read_to_string(root().join(&path)) else { continue };
        findings.extend(rule(&path, &text).into_iter().map(|finding| format!("{}:{finding}", path.display())));
    }
    assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
}

/// `line: text` for each line that `wrong` names a fault of.
fn lines(text: &str, wrong: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let found = text.lines().enumerate().filter_map(|(at, line)| wrong(line).map(|fault| (at + 1, fault)));
    found.map(|(line, fault)| format!("{line}: {fault}")).collect()
}

fn header(_: &Path, text: &str) -> Vec<String> {
    if text.starts_with("//! ") { Vec::new() } else { vec!["1: the file must open with a `//!` line that says what it does".into()] }
}

fn names(path: &Path, _: &str) -> Vec<String> {
    const FORBIDDEN: &[&str] = &["utils", "util", "common", "manager", "helpers", "misc"];
    let stems = path.iter().filter_map(|part| Path::new(part).file_stem()?.to_str());
    let bad = |stem: &&str| {
        let word = |word: &str| FORBIDDEN.contains(&word);
        let versioned = stem.rsplit_once("_v").is_some_and(|(_, number)| number.parse::<u32>().is_ok());
        stem.split(['_', '-']).any(word) || versioned
    };
    stems.filter(bad).map(|stem| format!("1: `{stem}` names no thing of the domain")).collect()
}

/// A float whose name says that it is a price, a quantity or a time.
fn floats(_: &Path, text: &str) -> Vec<String> {
    const EXACT: &[&str] = &["price", "quantity", "shares", "time", "_ns", "_e4", "notional"];
    lines(text, |line| {
        let code = line.split("//").next().unwrap_or_default();
        for float in [": f64", ": f32", ": Option<f64>", ": Option<f32>", ": Vec<f64>", ": Vec<f32>"] {
            for (at, _) in code.match_indices(float) {
                let name = code[..at].rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
                if EXACT.iter().any(|exact| name.to_lowercase().contains(exact)) {
                    return Some(format!("`{name}` must not be a float"));
                }
            }
        }
        None
    })
}

/// Marks of unfinished work. Spelled in halves, so that this file passes.
fn unfinished(_: &Path, text: &str) -> Vec<String> {
    const MARKS: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("todo", "!("), concat!("unimpl", "emented!(")];
    lines(text, |line| MARKS.iter().find(|&&mark| line.contains(mark)).map(|mark| format!("`{mark}`: finish it or leave it out")))
}

fn machine_paths(_: &Path, text: &str) -> Vec<String> {
    const PLACES: &[&str] = &[concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/wo", "rk/"), concat!("/Us", "ers/"), concat!("/tm", "p/")];
    let starts = |line: &str, place: &str| {
        line.match_indices(place).any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-})$".contains(c)))
    };
    lines(text, |line| PLACES.iter().find(|&&place| starts(line, place)).map(|place| format!("a path of one machine: {place}")))
}

fn is_test_code(path: &Path) -> bool {
    path.iter().any(|part| part == "tests" || part == "tests.rs" || part == "benches" || part == "examples")
}

fn length(path: &Path, text: &str) -> Vec<String> {
    if is_test_code(path) {
        return Vec::new();
    }
    let count = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).count();
    let limit = if text.lines().any(|line| line.starts_with("//! Long: ")) { LINES_MAX_WITH_REASON } else { LINES_MAX };
    if count > limit { vec![format!("{count}: {count} lines without tests, at most {limit}")] } else { Vec::new() }
}

/// A block's `update` is one circuit, and rust-hdl wants it in one function.
fn function_length(path: &Path, text: &str) -> Vec<String> {
    if is_test_code(path) || path.starts_with("hdl/blocks") || path.starts_with("hdl/card") {
        return Vec::new();
    }
    let all: Vec<&str> = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).collect();
    let mut findings = Vec::new();
    for (at, line) in all.iter().enumerate() {
        let code = line.trim_start();
        let indent = &line[..line.len() - code.len()];
        let words = ["pub ", "pub(crate) ", "pub(super) ", "const "];
        let bare = words.iter().fold(code, |code, word| code.strip_prefix(word).unwrap_or(code));
        if !bare.starts_with("fn ") || code.ends_with(['}', ';']) {
            continue;
        }
        let end = format!("{indent}}}");
        let count = all[at..].iter().position(|line| *line == end).map_or(0, |length| length + 1);
        if count > FUNCTION_LINES_MAX {
            findings.push(format!("{}: a function of {count} lines, at most {FUNCTION_LINES_MAX}", at + 1));
        }
    }
    findings
}

/// `unsafe` as code, not as a word in a comment or in an attribute.
fn unsafe_code(path: &Path, text: &str) -> Vec<String> {
    if MAY_BE_UNSAFE.iter().any(|folder| path.starts_with(folder)) {
        return Vec::new();
    }
    const KEYWORD: &str = concat!("un", "safe");
    lines(text, |line| {
        let code = line.split("//").next().unwrap_or_default();
        let after = code.split(KEYWORD).skip(1);
        let uses = after.map(str::trim_start).any(|rest| rest.starts_with(['{']) || ["fn ", "impl ", "extern", "trait "].iter().any(|w| rest.starts_with(w)));
        uses.then(|| format!("{KEYWORD} code outside {}", MAY_BE_UNSAFE.join(", ")))
    })
}

#[test]
fn every_file_says_what_it_does() {
    on_rust_files(header);
}

#[test]
fn names_are_of_the_domain() {
    on_rust_files(names);
}

#[test]
fn prices_quantities_and_times_are_no_floats() {
    on_rust_files(floats);
}

#[test]
fn nothing_is_left_unfinished() {
    on_rust_files(unfinished);
}

#[test]
fn files_and_functions_are_short() {
    on_rust_files(|path, text| [length(path, text), function_length(path, text)].concat());
}

#[test]
fn unsafe_is_only_where_it_must_be() {
    on_rust_files(unsafe_code);
    for (_, folder, _) in ARROWS.iter().filter(|(_, folder, _)| !MAY_BE_UNSAFE.contains(folder)) {
        for name in ["src/lib.rs", "src/main.rs"] {
            let path = root().join(folder).join(name);
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let forbids = text.contains(concat!("#![forbid(un", "safe_code)]"));
            assert!(forbids, "{folder}/{name} must forbid it for the compiler to check");
        }
    }
}

#[test]
fn nothing_names_a_place_on_one_machine() {
    let text_files = ["rs", "md", "toml", "lpf", "v", "sby", "cpp", "css"];
    let mut findings = Vec::new();
    for path in files() {
        let is_script = path.starts_with("tools") || path.starts_with(".ci") || path == Path::new("Makefile");
        if is_script || text_files.iter().any(|extension| has_extension(&path, extension)) {
            let Ok(text) = std::fs::read_to_string(root().join(&path)) else { continue };
            findings.extend(machine_paths(&path, &text).into_iter().map(|finding| format!("{}:{finding}", path.display())));
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

fn metadata() -> Value {
    let output = Command::new(env!("CARGO")).args(["metadata", "--format-version=1", "--no-deps"]).current_dir(root()).output();
    let output = output.expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo prints JSON")
}

/// Forbidden dependencies of a package: (to whom, of what kind).
fn forbidden(package: &Value) -> Vec<String> {
    let name = package["name"].as_str().expect("a package has a name");
    let Some((_, _, allowed)) = ARROWS.iter().find(|(known, ..)| *known == name) else {
        return vec![format!("{name}: a new crate needs its arrows here and a line in ARCHITECTURE.md")];
    };
    let never = NEVER_IN_TESTS.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, never)| never);
    let mut findings = Vec::new();
    for dependency in package["dependencies"].as_array().into_iter().flatten() {
        let to = dependency["name"].as_str().expect("a dependency has a name");
        let wrong = if dependency["kind"] == "dev" { never.contains(&to) } else { !allowed.contains(&to) };
        let is_ours = ARROWS.iter().any(|(known, ..)| *known == to);
        if (to.starts_with("riposte") || is_ours) && wrong {
            findings.push(format!("{name} must not know {to}"));
        }
    }
    findings
}

#[test]
fn arrows_point_one_way() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("packages");
    assert_eq!(packages.len(), ARROWS.len(), "every crate of the workspace and no other");
    let findings: Vec<String> = packages.iter().flat_map(forbidden).collect();
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn every_crate_has_its_line_in_the_architecture() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    for (name, folder, _) in ARROWS {
        let row = text.lines().any(|line| line.starts_with(&format!("| `{folder}` |")));
        assert!(row, "{name}: no line `| `{folder}` |` in ARCHITECTURE.md");
    }
}

/// What git holds beyond text: captures, waveforms, bitstreams, objects; what a fuzzer found is bytes.
fn is_product(path: &Path, bytes: &[u8]) -> bool {
    const PRODUCTS: &[&str] = &["pcap", "pcapng", "itch", "gz", "vcd", "fst", "bit", "bin", "config", "o", "a", "so", "elf", "pyc", "html"];
    let named = PRODUCTS.iter().any(|extension| has_extension(path, extension));
    let is_bytes = bytes.contains(&0) && !path.starts_with("fuzz/findings");
    named || is_bytes || bytes.len() as u64 > FILE_BYTES_MAX
}

#[test]
fn git_holds_sources_only() {
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output();
    let Some(listed) = listed.ok().filter(|output| output.status.success()) else {
        println!("skipped: git_holds_sources_only: this is no git working tree");
        return;
    };
    let listed = String::from_utf8(listed.stdout).expect("names are UTF-8");
    for name in listed.split('\0').filter(|name| !name.is_empty()) {
        let Ok(bytes) = std::fs::read(root().join(name)) else { continue };
        assert!(!is_product(Path::new(name), &bytes), "{name}: no product of a build, capture or large file in git");
    }
}

#[test]
fn each_rule_can_fail() {
    let path = Path::new("host/cli/src/replay.rs");
    let long = |lines: usize| format!("//! A.\n{}", "const A: u8 = 0;\n".repeat(lines));
    type Rule = fn(&Path, &str) -> Vec<String>;
    let cases: &[(Rule, &str, &str)] = &[
        (header, "//! Says.\nfn a() {}", "fn a() {}"),
        (floats, "let ratio: f64 = 1.0; // price: f64", concat!("let price_usd: f", "64 = 1.0;")),
        (floats, "fn f(x: f64)", concat!("fn f(x: u8, latency_ns: Option<f", "32>)")),
        (unfinished, "// done", concat!("// TO", "DO later")),
        (machine_paths, "see ../shared/data and out/tmp/x", concat!("see /ho", "me/me/x")),
        (unsafe_code, concat!("// un", "safe { }"), concat!("un", "safe { f() }")),
        (unsafe_code, concat!("#![forbid(un", "safe_code)]"), concat!("pub un", "safe fn f()")),
        (function_length, "fn a() {\n}\n", Box::leak(format!("fn a() {{\n{}}}\n", "    b();\n".repeat(69)).into_boxed_str())),
        (length, Box::leak(long(499).into_boxed_str()), Box::leak(long(500).into_boxed_str())),
    ];
    for (at, (rule, good, bad)) in cases.iter().enumerate() {
        assert!(rule(path, good).is_empty(), "case {at}: {:?}", rule(path, good));
        assert!(!rule(path, bad).is_empty(), "case {at} passes what it must not");
    }
    assert!(names(Path::new("host/x/src/price.rs"), "").is_empty());
    for bad in ["host/x/src/utils.rs", "host/common/src/a.rs", "host/x/src/book_v2.rs", "a/order_manager.rs"] {
        assert!(!names(Path::new(bad), "").is_empty(), "{bad}");
    }
    assert!(is_product(Path::new("a.pcap"), b"") && is_product(Path::new("a.rs"), b"\0") && !is_product(Path::new("a.rs"), b"a"));
    assert!(!is_product(Path::new("fuzz/findings/desk/one"), b"\0"));
    let package = |name: &str, to: &str, kind: Value| serde_json::json!({ "name": name, "dependencies": [{ "name": to, "kind": kind }] });
    assert!(forbidden(&package("riposte-desk", "riposte-map", Value::Null)).is_empty());
    assert!(!forbidden(&package("riposte-desk", "riposte-blocks", Value::Null)).is_empty());
    assert!(!forbidden(&package("riposte-model", "riposte-card", "dev".into())).is_empty());
    assert!(!forbidden(&package("riposte-verilated", "riposte-blocks", "build".into())).is_empty());
    assert!(!forbidden(&package("riposte", "dpdk-sys", Value::Null)).is_empty());
    assert!(!forbidden(&package("riposte-new", "riposte-map", Value::Null)).is_empty());
}
