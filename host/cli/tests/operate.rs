//! `docs/operate.md` against the program: its desk is a good one, its commands are understood, no alarm or guard is missing.
use std::collections::BTreeSet;
use std::process::{Command, Output};

const PAGE: &str = include_str!("../../../docs/operate.md");
const ENGINE: &str = include_str!("../../engine/src/output.rs");

fn riposte(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_riposte")).args(args).output().expect("the binary runs")
}

/// Fenced blocks of a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    PAGE.split(&fence).skip(1).map(|rest| rest.split("```").next().expect("an end")).collect()
}

/// First cells of the table under a heading.
fn listed(heading: &str) -> BTreeSet<&'static str> {
    let (_, section) = PAGE.split_once(&format!("\n## {heading}\n")).expect("the heading");
    let section = section.split("\n## ").next().expect("a section");
    section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect()
}

/// Names of an enumeration, out of its table in the source: `Name = 1 {…};` each.
fn named(enumeration: &str) -> BTreeSet<&'static str> {
    let (_, body) = ENGINE.split_once(&format!("\n    {enumeration} {{\n")).expect("the enumeration");
    let body = body.split("\n    }\n").next().expect("its end");
    body.lines().filter(|line| !line.trim_start().starts_with("//")).filter_map(|line| Some(line.split_once(" = ")?.0.trim())).collect()
}

#[test]
fn every_alarm_and_guard_is_on_the_page_and_no_other() {
    for (heading, enumeration, some) in [("Alarms", "Alarm", "CardSilenced"), ("Guards", "Guard", "Unbooked")] {
        assert!(named(enumeration).contains(some));
        assert_eq!(listed(heading), named(enumeration), "{heading}");
    }
}

#[test]
fn the_desk_on_the_page_is_a_good_one() {
    let [desk] = blocks("toml")[..] else { panic!("one desk") };
    let file = std::env::temp_dir().join(format!("riposte-operate-{}.toml", std::process::id()));
    std::fs::write(&file, desk).expect("a file");
    let output = riposte(&["config", "check", file.to_str().expect("a path"), "--json"]);
    let _ = std::fs::remove_file(&file);
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&told["errors"], &told["warnings"]), (&0.into(), &0.into()), "{told}");
    for section in ["feed", "session", "sessions", "defaults", "gate", "instrument", "rule", "limits", "host", "remote", "person"] {
        assert!(desk.contains(&format!("[{section}]")), "{section} is in the desk");
        assert!(PAGE.contains(&format!("[{section}]`")) || PAGE.contains(&format!("[{section}]]`")), "{section} is explained");
    }
}

/// As a shell takes a line apart that has single quotes and no others.
fn words(line: &str) -> Vec<String> {
    let mut is_quoted = false;
    let bare = |one: char| {
        is_quoted ^= one == '\'';
        one == ' ' && !is_quoted
    };
    line.split(bare).filter(|word| !word.is_empty()).map(|word| word.replace('\'', "")).collect()
}

#[test]
fn every_command_on_the_page_is_understood() {
    let lines = blocks("sh").into_iter().flat_map(str::lines);
    let commands: Vec<Vec<String>> = lines
        .filter_map(|line| line.split('#').next()?.trim().strip_prefix("riposte "))
        .map(words)
        .collect();
    assert!(commands.len() > 20, "{commands:?}");
    for command in commands {
        // What stands before `--help` is checked first.
        let output = riposte(&command.iter().map(String::as_str).chain(["--help"]).collect::<Vec<_>>());
        assert!(output.status.success(), "riposte {}: {}", command.join(" "), String::from_utf8_lossy(&output.stderr));
    }
}
