//! Every formal proof (`make prove`) is in the plan, and says of what it is, how deep, and which faults it finds.
use std::{fs, path::{Path, PathBuf}};

/// What `tools/prove` reads in a proof's header, and must find there.
const FIELDS: [&str; 4] = ["// blocks: ", "// induction: ", "// cover: ", "// mutant: "];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn proofs() -> Vec<(String, String)> {
    let mut found: Vec<_> = fs::read_dir(root().join("hdl/proofs"))
        .expect("the folder of the proofs")
        .map(|entry| entry.expect("an entry of it").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sv"))
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("a text"))
        })
        .collect();
    found.sort();
    found
}

/// What is missing in a proof or, about it, in the plan.
fn missing(name: &str, proof: &str, plan: &str) -> Vec<String> {
    let mut missing = Vec::new();
    if !plan.contains(&format!("`{name}`")) {
        missing.push(format!("{name} is not in tests/PLAN.md"));
    }
    for field in FIELDS {
        if !proof.lines().any(|line| line.starts_with(field)) {
            missing.push(format!("{name} has no line `{field}`"));
        }
    }
    for part in [&format!("module {name}("), ": assert (", ": cover ("] {
        if !proof.contains(part) {
            missing.push(format!("{name} has no `{part}`"));
        }
    }
    missing
}

#[test]
fn every_proof_is_in_the_plan_with_a_cover_and_a_mutant() {
    let plan = fs::read_to_string(root().join("tests/PLAN.md")).expect("the plan");
    let proofs = proofs();
    assert!(proofs.len() >= 7, "the proofs are there");
    let missing: Vec<_> = proofs.iter().flat_map(|(name, proof)| missing(name, proof, &plan)).collect();
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn a_proof_without_a_mutant_or_a_place_in_the_plan_is_found() {
    let (name, proof) = proofs().remove(0);
    assert!(missing(&name, &proof, &format!("| a promise | `{name}` |")).is_empty());
    assert_eq!(missing(&name, &proof, "").len(), 1);
    let unbroken = proof.replace("// mutant: ", "// ");
    assert_eq!(missing(&name, &unbroken, &format!("`{name}`")), [format!("{name} has no line `// mutant: `")]);
}
