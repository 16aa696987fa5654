//! `tools/live-demo`, a few seconds of it over loopback sockets: all accounts agree, and a difference is found.
//!
//! The demonstration waits for what it asks for, two minutes at most each time; nothing here waits for a time.
mod support;

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};
use support::Folder;

impl Folder {
    /// None, aloud, on a machine without what the demonstration itself needs.
    fn demo(&self, test: &str, riposte: &str) -> Option<Output> {
        if Command::new("jq").arg("--version").output().is_err() {
            println!("skipped: {test}: there is no jq");
            return None;
        }
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tools/live-demo");
        let mut command = Command::new(script);
        command.arg("model").envs([("SECONDS_TO_RUN", "6"), ("LOOPBACK", "1"), ("RIPOSTE", riposte)]);
        Some(command.env("OUT", self.0.join("out")).env("TMPDIR", &self.0).output().expect("the script runs"))
    }
}

#[test]
fn a_few_seconds_of_the_live_demonstration_end_with_one_account() {
    let name = "a_few_seconds_of_the_live_demonstration_end_with_one_account";
    let folder = Folder::new("whole");
    std::fs::set_permissions(&folder.0, std::fs::Permissions::from_mode(0o755)).expect("rights");
    let Some(output) = folder.demo(name, env!("CARGO_BIN_EXE_riposte")) else { return };
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    for line in ["NO NAMESPACES", "orders accepted", "position AAPL", "engine and mirror", "Head ", "all agreed"] {
        assert!(told.contains(line), "no {line:?} in\n{told}");
    }
    if told.contains("SKIPPED: kill") {
        println!("skipped: {name}: kill, reversions and parameter sets; this user cannot become another");
    } else {
        for line in ["armed by two", "a model has moved", "fills are hedged", "the card had the venue cancel",
            "the books are back", "a set of two people, signed", "killed by one", "orders reverted",
            "lifted the fence", "parameters reverted with a signed token", "host killed"] {
            assert!(told.contains(line), "no {line:?} in\n{told}");
        }
    }
    // What a killed host leaves behind: the venue ends its orders, of which the drop copy may tell first; the next one may want to
    // arm when the reversion begins. A fill may come before enough is known to hedge it. On a busy machine more orders rest than
    // the venue takes, a model wants more than a step at once, or when its mandate has just ended, and the gate refuses a hedge. Books
    // are lost as the venue is told to, and may need a second try.
    const EXPECTED: [&str; 12] = [
        "CardSilenced: ", "Unknown: ", "OutsideCancel: ", "Refused: ", "Unhedged: a fill is not hedged yet: too little",
        "Unhedged: a fill is not hedged yet: an instrument has no book", "with its code 32:",
        "Candidate: ", "BooksInvalid: ", "Unrestored: ", "CommandRefused: the card refused an order of the host",
        "MassCancel: ",
    ];
    let host = std::fs::read_to_string(folder.0.join("out/host.log")).expect("what the host said");
    let alarms = host.lines().filter(|line| line.contains("alarm:") && !EXPECTED.iter().any(|one| line.contains(one)));
    assert_eq!(alarms.collect::<Vec<_>>(), [""; 0]);
    let left: Vec<_> = std::fs::read_dir(&folder.0).expect("the folder").map(|one| one.expect("an entry").file_name()).collect();
    assert_eq!(left, ["out"], "the demonstration leaves nothing but its output");
}

#[test]
fn a_venue_with_another_account_fails_the_demonstration() {
    let name = "a_venue_with_another_account_fails_the_demonstration";
    let folder = Folder::new("differs");
    std::fs::set_permissions(&folder.0, std::fs::Permissions::from_mode(0o755)).expect("rights");
    let liar = folder.0.join("liar");
    let real = env!("CARGO_BIN_EXE_riposte");
    let script = format!(
        "#!/bin/sh\n[ \"$1\" = venue ] || exec {real} \"$@\"\n{real} \"$@\" >account & child=$!\ntrap 'kill $child' TERM\n\
         wait $child; wait $child\nsed 's/\"accepted\": *[0-9]*/\"accepted\": 4321/' account\n"
    );
    std::fs::write(&liar, script).expect("a script");
    let Some(output) = folder.demo(name, liar.to_str().expect("a path")) else { return };
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    let wrong: Vec<&str> = told.lines().filter(|line| line.contains("DIFFERS")).collect();
    let is_found = matches!(wrong[..], [line] if line.contains("orders accepted") && line.contains("4321"));
    assert!(is_found, "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(!told.contains("all agreed"));
}
