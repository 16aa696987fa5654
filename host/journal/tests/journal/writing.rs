//! Appender, writer, outbox: what is taken is durable in order, and costs the producer nothing.
use crate::disks::{Faults, Faulty};
use crate::{Folder, clear, records, wait, with_entry, write};
use riposte_journal::{Entry, Error, Kind, Note, Outbox, PAYLOAD_BYTES_MAX, Options, Refused, create, open};
use riposte_map::shm::Event;

#[test]
fn every_kind_comes_back_as_it_was_in_order() {
    let folder = Folder::new("kinds");
    let end = write(folder.options(), 1, 60);
    let records = records(&folder.0, clear());
    assert_eq!(records.len(), 61);
    for (number, record) in (1..).zip(&records[..60]) {
        assert_eq!((record.position, record.time_ns), (number, number * 10));
        with_entry(number, |entry| assert_eq!(record.entry().as_ref(), Some(entry)));
    }
    let last = &records[60];
    assert_eq!((last.kind, last.position, last.chain), (Kind::Closed, 61, end.chain));
    assert_eq!(end.position, 61);
}

#[test]
fn the_same_records_give_the_same_chain_however_they_are_batched() {
    let (one, two) = (Folder::new("chain-1"), Folder::new("chain-2"));
    let end = write(one.options(), 1, 500);
    let (mut appender, journal) = open(Options { segment_bytes: 3000, ..two.options() }).unwrap().start().unwrap();
    for number in 1..=500 {
        with_entry(number, |entry| appender.append_waiting(number * 10, entry)).unwrap();
        wait(|| number % 7 != 0 || appender.watch().durable() >= number);
    }
    assert_eq!(journal.finish(appender).unwrap(), end);
    assert!(two.files().len() > 10, "segments turn by size");
    assert_eq!(records(&one.0, clear()).len(), records(&two.0, clear()).len());
    let other = Folder::new("chain-3");
    assert_ne!(write(other.options(), 2, 501).chain, end.chain);
}

#[test]
fn a_journal_goes_on_where_it_ended() {
    let folder = Folder::new("goes-on");
    for round in 0..5 {
        write(folder.options(), round * 10 + 1, round * 10 + 10);
    }
    let records = records(&folder.0, clear());
    assert_eq!(records.len(), 55);
    assert!((1..).zip(&records).all(|(position, record)| record.position == position));
    assert_eq!(folder.files().len(), 5);
    for _ in 0..3 {
        // As a kill before the first record leaves it: the empty segment is replaced, not added to.
        write(folder.options(), 51, 51);
        let last = folder.files().pop().unwrap();
        std::fs::File::options().write(true).open(last).unwrap().set_len(128).unwrap();
        assert_eq!(folder.files().len(), 6);
    }
    assert!(matches!(create(folder.options()), Err(Error::NotNew { .. })));
}

#[test]
fn one_process_writes_at_a_time() {
    let folder = Folder::new("lock");
    let (appender, journal) = open(folder.options()).unwrap().start().unwrap();
    assert!(matches!(open(folder.options()), Err(Error::Locked { .. })));
    assert!(riposte_journal::is_written(&folder.0));
    journal.finish(appender).unwrap();
    assert!(!riposte_journal::is_written(&folder.0));
    open(folder.options()).expect("the lock went with the writer");
}

#[test]
fn a_full_queue_is_told_and_counted_and_nothing_that_was_taken_is_lost() {
    let folder = Folder::new("full-queue");
    let faults = Faults::shared();
    faults.lock().unwrap().sync_fails = true;
    let options = Options { queue_bytes: 70_000, ..folder.options() };
    let (mut appender, journal) = open(options).unwrap().start_on(Faulty::boxed(&faults)).unwrap();
    let entry = Entry::Event(Event::default());
    let mut taken = 0;
    let refused = loop {
        match appender.append(5, &entry) {
            Ok(position) => {
                taken += 1;
                assert_eq!(position, taken);
            }
            Err(refused) if taken > 100 => break refused,
            Err(_) => {}
        }
    };
    assert!(matches!(refused, Refused::Full | Refused::Halted));
    assert!(appender.refused() > 0);
    let before = appender.refused();
    let long = vec![0; PAYLOAD_BYTES_MAX];
    assert_eq!(appender.append(5, &Entry::HostOrder { order: 1, bytes: &long }), Err(Refused::TooLong(PAYLOAD_BYTES_MAX + 8)));
    assert_eq!(appender.refused(), before + 1);
    faults.lock().unwrap().sync_fails = false;
    let end = journal.finish(appender).unwrap();
    assert_eq!(end.position, taken + 1);
    assert_eq!(records(&folder.0, clear()).len() as u64, taken + 1);
    assert!(matches!(open(Options { queue_bytes: 100, ..folder.options() }), Err(Error::QueueTooSmall { .. })));
}

#[test]
fn the_longest_record_fits() {
    let folder = Folder::new("longest");
    let (mut appender, journal) = open(Options { segment_bytes: 1000, ..folder.options() }).unwrap().start().unwrap();
    let bytes: Vec<u8> = (0..PAYLOAD_BYTES_MAX - 8).map(|at| at as u8).collect();
    for order in 1..=4 {
        appender.append_waiting(1, &Entry::HostOrder { order, bytes: &bytes }).unwrap();
    }
    journal.finish(appender).unwrap();
    let records = records(&folder.0, clear());
    assert_eq!(records[3].entry(), Some(Entry::HostOrder { order: 4, bytes: &bytes }));
}

#[test]
fn appending_does_not_allocate() {
    let folder = Folder::new("allocations");
    let (mut appender, journal) = open(folder.options()).unwrap().start().unwrap();
    let mut outbox = Outbox::new(16);
    let counted = allocation_counter::measure(|| {
        let event = Entry::Event(Event::default());
        let note = Entry::Note(Note { who: "a", act: "b", why: "c" });
        for time in 0..1000 {
            appender.append(time, &event).expect("room");
            appender.append(time, &note).expect("room");
        }
        for order in 0..16 {
            let pending = appender.hold(1, &Entry::HostOrder { order, bytes: b"order" }, order).expect("room");
            outbox.push(pending).expect("room");
        }
        while let Some(durable) = outbox.pop() {
            std::hint::black_box(durable.into_inner());
        }
        assert!(!appender.watch().is_halted());
    });
    assert_eq!(counted.count_total, 0);
    journal.finish(appender).unwrap();
}

#[test]
fn no_order_leaves_before_its_record_is_durable() {
    let folder = Folder::new("outbox");
    let faults = Faults::shared();
    faults.lock().unwrap().sync_fails = true;
    let (mut appender, journal) = open(folder.options()).unwrap().start_on(Faulty::boxed(&faults)).unwrap();
    let mut outbox = Outbox::new(2);
    for order in [11, 12] {
        assert!(outbox.has_room());
        let entry = Entry::HostOrder { order, bytes: b"enter order" };
        outbox.push(appender.hold(1, &entry, order).unwrap()).unwrap();
    }
    let third = appender.hold(1, &Entry::HostOrder { order: 13, bytes: b"" }, 13).unwrap();
    let third = outbox.push(third).expect_err("the outbox is full");
    wait(|| appender.watch().is_halted());
    assert!(outbox.pop().is_none(), "it was written, and not synced");
    let third = third.release().expect_err("not durable");
    faults.lock().unwrap().sync_fails = false;
    wait(|| appender.watch().durable() == 3);
    let popped: Vec<_> = std::iter::from_fn(|| outbox.pop()).map(|durable| (durable.position(), durable.into_inner())).collect();
    assert_eq!(popped, [(1, 11), (2, 12)]);
    assert_eq!(third.release().expect("durable").into_inner(), 13);
    assert!(outbox.is_empty());
    journal.finish(appender).unwrap();
}

#[test]
fn folder_and_files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("rights");
    let options = Options { folder: folder.0.join("journal"), ..folder.options() };
    write(options.clone(), 1, 3);
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&options.folder), 0o700);
    for entry in std::fs::read_dir(&options.folder).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}
