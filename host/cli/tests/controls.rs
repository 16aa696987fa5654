//! `riposte controls` from outside: both formats, and a log that lacks a test.
#![forbid(unsafe_code)]
use riposte_map::controls::CONTROLS;
use serde_json::Value;
use std::process::{Command, Output};

fn controls(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_riposte")).arg("controls").args(args).output().expect("the binary runs")
}

/// A log with every test that a control names but `without`, in a file of its own.
fn log(name: &str, without: &str) -> String {
    let path = std::env::temp_dir().join(format!("riposte-controls-{}-{name}.log", std::process::id()));
    let tests = CONTROLS.iter().flat_map(|control| control.trips.iter().chain(control.passes));
    let lines: String = tests.filter(|test| **test != without).map(|test| format!("test {test} ... ok\n")).collect();
    std::fs::write(&path, lines).expect("a file for the test");
    path.into_os_string().into_string().expect("a path as text")
}

#[test]
fn a_whole_log_gives_every_control_its_result() {
    let file = log("whole", "");
    let output = controls(&["--format", "json", "--results", &file]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let value: Value = serde_json::from_slice(&output.stdout).expect("one JSON value");
    let rows = value["controls"].as_array().expect("a list");
    assert_eq!(rows.len(), 40);
    for row in rows {
        let built = row["state"] != "not yet built";
        assert_eq!(row["last"].as_str().is_some_and(|last| last.ends_with(" passed")), built, "{row}");
    }
    std::fs::remove_file(file).expect("it is there");
}

#[test]
fn a_log_that_lacks_a_claimed_test_is_told_with_exit_code_3() {
    let file = log("part", "an_instrument_must_trade");
    let output = controls(&["--results", &file]);
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.trim_end(), "riposte: C16 (trading phase): test `an_instrument_must_trade` is not in the log");
    std::fs::remove_file(file).expect("it is there");
}

#[test]
fn a_log_without_a_test_or_no_log_is_an_error_that_names_it() {
    let output = controls(&["--results", "Cargo.toml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("Cargo.toml: holds no line"));
    assert_eq!(controls(&["--results", "no-such.log"]).status.code(), Some(1));
}
