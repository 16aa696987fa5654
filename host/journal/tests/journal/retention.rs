//! Snapshots, recovery from them, and the removal of what they stand for.
use crate::disks::{Faults, Faulty};
use crate::{Folder, clear, records, wait, with_entry};
use riposte_journal::{Entry, Error, Files, Note, Options, Recovery, SnapshotMark, Unusable, open, prunable, prove, prune};

/// The state of a toy reducer: the sum of the positions of all records but marks, as text.
fn state(position: u64) -> Vec<u8> {
    format!("sum {}", (1..=position).sum::<u64>()).into_bytes()
}

/// Journals records up to `to` with a snapshot after each of `snapshots`; each needs a mark, which is a record.
fn run(options: Options, to: u64, snapshots: &[u64]) -> Vec<SnapshotMark> {
    let (mut appender, journal) = open(options).unwrap().start().unwrap();
    let watch = journal.watch();
    let mut marks = Vec::new();
    while appender.last() < to {
        let position = with_entry(appender.last() + 1, |entry| appender.append_waiting(1, entry)).unwrap();
        if snapshots.contains(&position) {
            wait(|| watch.durable() == position);
            let mark = watch.snapshot(position, &state(position)).unwrap();
            appender.append_waiting(1, &Entry::Snapshot(mark)).unwrap();
            marks.push(mark);
        }
    }
    journal.finish(appender).unwrap();
    marks
}

fn small(folder: &Folder) -> Options {
    Options { segment_bytes: 1000, ..folder.options() }
}

fn note() -> Note<'static> {
    Note { who: "operator", act: "prune", why: "--keep-days 30" }
}

/// Prunes what is older than the end of time.
fn prune_all(recovery: Recovery) -> usize {
    prune(recovery, Box::new(Files), u64::MAX, note()).unwrap().len()
}

#[test]
fn recovery_is_the_newest_snapshot_and_the_records_behind_it() {
    let folder = Folder::new("snapshots");
    run(small(&folder), 100, &[20, 60]);
    let recovery = open(small(&folder)).unwrap();
    let found = recovery.found();
    let snapshot = found.snapshot.as_ref().unwrap();
    assert_eq!((snapshot.position, &snapshot.state), (60, &state(60)));
    let behind = recovery.records().unwrap();
    assert_eq!((behind[0].position, behind.last().unwrap().position), (61, found.end.position));
    assert_eq!(behind, records(&folder.0, clear())[60..]);
}

#[test]
fn a_snapshot_that_does_not_hold_is_passed_over_and_told() {
    let folder = Folder::new("passed-over");
    let marks = run(small(&folder), 100, &[20, 60]);
    let path = |position: u64| folder.0.join(format!("snapshot-{position:020}.rj"));
    let whole = std::fs::read(path(60)).unwrap();
    let found = || prove(&folder.0, None, |_| {}).unwrap();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        std::fs::write(path(60), changed).unwrap();
        // Salt and tag say nothing in a journal that is not encrypted.
        let says_nothing = (20..24).contains(&at) || (40..72).contains(&at);
        assert_eq!(found().snapshot.unwrap().position, if says_nothing { 60 } else { 20 }, "byte {at}");
    }
    std::fs::write(path(60), &whole[..whole.len() - 1]).unwrap();
    assert!(matches!(found().passed_over[..], [(60, Unusable::Digest)]));
    std::fs::remove_file(path(60)).unwrap();
    assert!(matches!(found().passed_over[..], [(60, Unusable::Unreadable(_))]));
    std::fs::write(path(60), &whole).unwrap();
    assert_eq!(found().snapshot.unwrap().position, 60);
    // A file that the log does not name, as a crash before its mark leaves it.
    std::fs::write(path(90), &whole).unwrap();
    assert_eq!(found().snapshot.unwrap().position, marks[1].position.get());
}

#[test]
fn a_snapshot_stands_for_durable_records_only() {
    let folder = Folder::new("ahead");
    let (appender, journal) = open(folder.options()).unwrap().start().unwrap();
    let error = journal.watch().snapshot(1, b"state").expect_err("nothing is durable");
    assert!(matches!(error, Error::SnapshotAhead { position: 1, durable: 0, .. }));
    journal.finish(appender).unwrap();
}

#[test]
fn pruning_removes_whole_old_segments_behind_a_snapshot_and_tells_the_journal() {
    let folder = Folder::new("prune");
    run(small(&folder), 100, &[20, 60]);
    let before = prove(&folder.0, None, |_| {}).unwrap();
    let may_go = prunable(&before, u64::MAX).len();
    assert!(may_go > 3);
    assert!(before.parts[may_go - 1].last <= 60 && before.parts[may_go].last > 60);
    assert!(prunable(&before, 0).is_empty(), "none is older than the beginning of time");
    let young = before.parts[2].created_unix_ns;
    assert!(prunable(&before, young).len() >= 2 && prunable(&before, before.parts[1].created_unix_ns - 1).is_empty());
    assert_eq!(prune_all(open(small(&folder)).unwrap()), may_go);
    let after = prove(&folder.0, None, |_| {}).unwrap();
    assert_eq!(after.parts[0].number as usize, may_go + 1);
    assert_eq!(after.snapshot, before.snapshot);
    assert_eq!(folder.files().iter().filter(|path| path.to_str().unwrap().contains("snapshot")).count(), 1);
    let told = records(&folder.0, clear()).into_iter().rev().nth(1).unwrap();
    let Some(Entry::Pruned(mark, why)) = told.entry() else { panic!("{told:?}") };
    assert_eq!((mark.segment.get() as usize, why), (may_go, note()));
    assert_eq!(open(small(&folder)).unwrap().records().unwrap()[0].position, 61);
    assert_eq!(prune_all(open(small(&folder)).unwrap()), 0, "nothing is left to go");
}

#[test]
fn a_prune_that_a_crash_interrupted_leaves_a_journal_that_holds() {
    let folder = Folder::new("half-pruned");
    run(small(&folder), 100, &[60]);
    let whole = folder.copy("whole");
    let went = prune_all(open(small(&folder)).unwrap());
    // Put back what a crash would have left, from the newest on.
    for at in (0..went).rev() {
        let path = &whole.files()[at];
        std::fs::copy(path, folder.0.join(path.file_name().unwrap())).unwrap();
        let found = prove(&folder.0, None, |_| {}).unwrap();
        assert_eq!(found.parts[0].number as usize, at + 1);
    }
    assert_eq!(prune_all(open(small(&folder)).unwrap()), went);
}

#[test]
fn without_a_snapshot_that_holds_nothing_goes_and_nothing_is_recovered() {
    let folder = Folder::new("no-snapshot");
    run(small(&folder), 100, &[]);
    let count = folder.files().len();
    assert_eq!(prune_all(open(small(&folder)).unwrap()), 0);
    assert_eq!(folder.files().len(), count);
    run(small(&folder), 200, &[150]);
    assert!(prune_all(open(small(&folder)).unwrap()) > 0);
    std::fs::remove_file(folder.0.join(format!("snapshot-{:020}.rj", 150))).unwrap();
    let error = open(small(&folder)).err().expect("its state is lost");
    assert!(matches!(error, Error::StateLost { .. }), "{error}");
    assert!(error.to_string().contains("that at 150 cannot be read"), "{error}");
}

#[test]
fn nothing_goes_before_the_journal_has_told_of_it() {
    let folder = Folder::new("untold");
    run(small(&folder), 100, &[60]);
    let before = folder.files();
    let faults = Faults::shared();
    // A segment's header fits, the record does not.
    faults.lock().unwrap().room = Some(150);
    let error = prune(open(small(&folder)).unwrap(), Faulty::boxed(&faults), u64::MAX, note()).expect_err("a full disk");
    assert!(matches!(error, Error::Halted { .. }), "{error}");
    assert!(before.iter().all(|path| path.exists()));
    assert!(prune_all(open(small(&folder)).unwrap()) > 3);
}
