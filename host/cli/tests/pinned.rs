//! The engine's thread of a host that has a processor of its own, watched from outside while it trades.
//!
//! That it does not allocate, and stops at every system call if it made one, is in `src/run/tests.rs`; here the whole process
//! is one that a user starts. What this machine does not permit is skipped aloud.
mod support;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use support::{Folder, Process, riposte, venue, wait_for};

const RUN: [&str; 9] = ["run", "-c", "desk.toml", "--link", "./link", "--journal", "journal", "--rehearse", "--json"];
/// Inputs between two looks.
const INPUTS: usize = 2000;
/// What the engine does of itself it does in each of them; that the kernel moves a page under it is seldom.
const LOOKS: usize = 3;

/// The folder of a process's thread with this name.
fn thread(process: u32, name: &str) -> Option<PathBuf> {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).ok()?.flatten().map(|task| task.path());
    tasks.into_iter().find(|task| std::fs::read_to_string(task.join("comm")).is_ok_and(|text| text.trim() == name))
}

fn field(task: &Path, name: &str) -> String {
    let status = std::fs::read_to_string(task.join("status")).expect("a thread that lives");
    let line = status.lines().find(|line| line.starts_with(name)).expect("a field of it");
    line.split_whitespace().nth(1).expect("its value").to_owned()
}

/// Page faults, minor and major.
fn faults(task: &Path) -> (u64, u64) {
    let stat = std::fs::read_to_string(task.join("stat")).expect("a thread that lives");
    // Behind the name, which may hold anything: state, five numbers, flags, and then these.
    let behind: Vec<&str> = stat.rsplit(')').next().expect("fields").split_whitespace().collect();
    let number = |at: usize| behind[at].parse().expect("a number");
    (number(7), number(9))
}

/// The last processor that this test may use, for the engine.
fn core() -> String {
    let allowed = field(Path::new("/proc/self"), "Cpus_allowed_list");
    allowed.rsplit([',', '-']).next().expect("a processor").to_owned()
}

/// The kernel may move even locked pages together, which costs a fault each; without a lock it is a hundred and more.
const MOVED_MOST: u64 = 8;

/// What happened to a thread between two looks.
#[derive(Debug)]
struct Look {
    minor_faults: u64,
    major_faults: u64,
    waits: u64,
}

impl Look {
    fn at(task: &Path) -> Look {
        let (minor_faults, major_faults) = faults(task);
        let waits = field(task, "voluntary_ctxt_switches").parse().expect("a number");
        Look { minor_faults, major_faults, waits }
    }

    fn since(self, before: &Look) -> Look {
        let Look { minor_faults, major_faults, waits } = self;
        Look { minor_faults: minor_faults - before.minor_faults, major_faults: major_faults - before.major_faults, waits: waits - before.waits }
    }
}

fn trade(folder: &Folder, more: usize) {
    let before = folder.journaled().inputs.len();
    wait_for("inputs", || (folder.journaled().inputs.len() >= before + more).then_some(()));
}

#[test]
fn while_it_trades_the_engines_thread_faults_on_no_page_of_its_own_gives_its_core_to_nobody_and_hears_no_signal() {
    let folder = Folder::new("pinned");
    let market = venue::market(&folder, &[], &[]);
    market.desk(&folder, &[]);
    let desk = std::fs::read_to_string(folder.path("desk.toml")).expect("a desk");
    folder.write("desk.toml", desk.replace("[host]\n", &format!("[host]\ncore = {}\n", core())));
    let mut command = riposte(&folder.0, &RUN);
    command.stdout(Stdio::piped()).stderr(File::create(folder.path("host.err")).expect("a file"));
    let mut host = Process::start(command);
    let is_sent = |found: support::Journaled| found.count(riposte_map::shm::EventKind::OrderSent) > 10;
    wait_for("orders", || is_sent(folder.journaled()).then_some(()));
    let task = thread(host.id(), "engine").expect("the engine's thread");
    let said = std::fs::read_to_string(folder.path("host.err")).expect("what it says");
    let is_locked = !said.contains("memory cannot be locked");
    if !is_locked {
        println!("skipped: while_it_trades_...: page faults; memory cannot be locked here");
    }
    let looks = [(); LOOKS].map(|()| {
        let before = Look::at(&task);
        trade(&folder, INPUTS);
        Look::at(&task).since(&before)
    });
    let is_clean = |look: &Look| look.waits == 0 && (!is_locked || (look.minor_faults <= MOVED_MOST && look.major_faults == 0));
    assert!(looks.iter().any(is_clean), "it waited or faulted: {looks:?}");
    let blocked = u64::from_str_radix(&field(&task, "SigBlk"), 16).expect("a mask");
    for signal in [1, 2, 10, 12, 15] {
        assert!(blocked >> (signal - 1) & 1 == 1, "signal {signal} may stop it");
    }
    calls(&folder, &task);
    let summary = host.end();
    assert_eq!(summary["digest"], summary["mirror_digest"]);
}

/// What strace sees the thread ask of the kernel.
fn calls(folder: &Folder, task: &Path) {
    let id = task.file_name().and_then(|name| name.to_str()).expect("a number");
    let (trace, told) = (folder.path("strace.out"), folder.path("strace.err"));
    let mut command = Command::new("strace");
    command.args(["-p", id, "-o"]).arg(&trace).stdout(Stdio::null()).stderr(File::create(&told).expect("a file"));
    let Ok(mut strace) = command.spawn() else {
        return println!("skipped: while_it_trades_...: no strace");
    };
    let said = || std::fs::read_to_string(&told).expect("what strace says");
    wait_for("strace", || (said().contains("attached") || !matches!(strace.try_wait(), Ok(None))).then_some(()));
    if !said().contains("attached") {
        let _ = strace.wait();
        return println!("skipped: while_it_trades_...: strace may not look: {}", said().trim());
    }
    trade(folder, INPUTS);
    assert!(Command::new("kill").args(["-INT", &strace.id().to_string()]).status().is_ok_and(|status| status.success()));
    strace.wait().expect("it ends");
    let seen = std::fs::read_to_string(&trace).expect("a trace");
    let seen: Vec<&str> = seen.lines().filter(|line| !line.contains("detached")).collect();
    assert!(seen.is_empty(), "system calls: {seen:?}");
}
