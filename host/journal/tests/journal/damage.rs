//! A tail that is cut anywhere is cut off and told; a byte that is changed anywhere is found.
use crate::{Folder, clear, records, write};
use riposte_journal::{Contents, End, Error, Fault, Options, Reader, open};
use std::path::Path;

/// Reads to the end of what holds.
fn read(folder: &Path) -> Result<(End, Option<riposte_journal::Torn>), Error> {
    let mut reader = Reader::open(folder, clear())?;
    while reader.next_record()?.is_some() {}
    reader.prove_beginning()?;
    Ok((reader.end(), reader.torn().cloned()))
}

#[test]
fn a_log_cut_at_any_byte_recovers_the_records_before_it_and_goes_on() {
    let folder = Folder::new("cut");
    write(folder.options(), 1, 8);
    let wanted = records(&folder.0, clear());
    let path = &folder.files()[0];
    let bytes = std::fs::read(path).unwrap();
    for length in 128..bytes.len() {
        let cut = Folder::new("cut-here");
        let file = cut.0.join(path.file_name().unwrap());
        std::fs::write(&file, &bytes[..length]).unwrap();
        let whole = wanted.iter().filter(|record| ends(record) <= length as u64).count();
        let start = if whole == 0 { 128 } else { ends(&wanted[whole - 1]) };
        let recovery = open(cut.options()).unwrap();
        assert_eq!(recovery.found().end.position, whole as u64, "cut at {length}");
        let torn = recovery.found().torn.clone();
        assert_eq!(torn.as_ref().map_or(0, |torn| torn.bytes), length as u64 - start, "cut at {length}");
        assert!(torn.is_none_or(|torn| torn.offset == start && torn.path == file && torn.fault == Fault::Cut));
        assert_eq!(std::fs::metadata(&file).unwrap().len(), start, "the tail is gone from the file");
        assert_eq!(recovery.records().unwrap(), wanted[..whole]);
        drop(recovery);
        // It goes on; syncs take their time, so not behind each byte.
        if length % 8 == 0 {
            write(cut.options(), 100, 101);
            assert_eq!(records(&cut.0, clear()).len(), whole + 3);
        }
    }
}

/// The byte behind a record.
fn ends(record: &riposte_journal::Record) -> u64 {
    record.offset + 64 + record.payload().len() as u64
}

#[test]
fn a_byte_changed_anywhere_is_found_at_its_record() {
    let folder = Folder::new("flip");
    write(folder.options(), 1, 12);
    write(folder.options(), 13, 20);
    let wanted = records(&folder.0, clear());
    for (segment, path) in (1..).zip(folder.files()) {
        let bytes = std::fs::read(&path).unwrap();
        let copy = folder.copy("flipped");
        let target = copy.0.join(path.file_name().unwrap());
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            std::fs::write(&target, &changed).unwrap();
            let record = wanted.iter().find(|record| record.segment == segment && ends(record) > at as u64).unwrap();
            let found = read(&copy.0);
            match found {
                Err(Error::Header { path, .. }) => assert!(at < 128 && path == target, "byte {at}"),
                Err(Error::Broken { place, position, .. } | Error::Damaged { place, position, .. }) => {
                    assert!(at >= 128, "byte {at}");
                    assert_eq!((place.path, place.offset, position), (target.clone(), record.offset, record.position));
                }
                Ok((end, Some(torn))) => {
                    let is_last = record.position == wanted.len() as u64;
                    assert!(is_last && torn.offset == record.offset && end.position == record.position - 1, "byte {at}");
                }
                other => panic!("byte {at} of {}: {other:?}", path.display()),
            }
        }
    }
}

/// Makes CRCs right again, as somebody does who covers up a change.
fn with_crcs(bytes: &mut [u8]) {
    let crc = crc32fast::hash(&bytes[..124]);
    bytes[124..128].copy_from_slice(&crc.to_le_bytes());
    let mut at = 128;
    while at < bytes.len() {
        let length = 64 + u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        bytes[at + 4..at + 8].fill(0);
        let crc = crc32fast::hash(&bytes[at..at + length]);
        bytes[at + 4..at + 8].copy_from_slice(&crc.to_le_bytes());
        at += length;
    }
}

#[test]
fn a_change_with_its_crc_put_right_breaks_the_chain() {
    let folder = Folder::new("tamper");
    write(folder.options(), 1, 12);
    write(folder.options(), 13, 14);
    let wanted = records(&folder.0, clear());
    let path = &folder.files()[0];
    let bytes = std::fs::read(path).unwrap();
    let tampered = |change: &dyn Fn(&mut Vec<u8>)| {
        let copy = folder.copy("tampered");
        let mut bytes = bytes.clone();
        change(&mut bytes);
        with_crcs(&mut bytes);
        std::fs::write(copy.0.join(path.file_name().unwrap()), bytes).unwrap();
        read(&copy.0).expect_err("found")
    };
    let place = |record: &riposte_journal::Record| record.offset as usize;
    for record in &wanted[..13] {
        let error = tampered(&|bytes| bytes[place(record) + 16] ^= 1);
        let Error::Broken { place: at, position, fault: Fault::Chain } = error else { panic!("{error}") };
        assert_eq!((at.offset, position), (record.offset, record.position));
    }
    let removed = tampered(&|bytes| {
        bytes.drain(place(&wanted[4])..place(&wanted[5]));
    });
    assert!(matches!(removed, Error::Broken { position: 5, fault: Fault::Position { found: 6, .. }, .. }), "{removed}");
    let ended = tampered(&|bytes| bytes.truncate(place(&wanted[12])));
    assert!(matches!(ended, Error::Discontinuous { .. }), "the last record of a segment that has a next one: {ended}");
    let chain = tampered(&|bytes| bytes[60] ^= 1);
    assert!(matches!(chain, Error::Broken { position: 1, fault: Fault::Chain, .. }), "{chain}");
    let second = &folder.files()[1];
    let mut bytes = std::fs::read(second).unwrap();
    bytes[60] ^= 1;
    with_crcs(&mut bytes);
    std::fs::write(second, bytes).unwrap();
    assert!(matches!(read(&folder.0), Err(Error::Discontinuous { path }) if path == *second));
}

#[test]
fn damage_in_the_last_segment_is_not_taken_for_a_torn_tail() {
    let folder = Folder::new("not-torn");
    write(folder.options(), 1, 12);
    let path = &folder.files()[0];
    let wanted = records(&folder.0, clear());
    let mut bytes = std::fs::read(path).unwrap();
    // A length that reaches beyond the end of the file looks as a cut does.
    bytes[wanted[3].offset as usize + 1] ^= 0x20;
    std::fs::write(path, &bytes).unwrap();
    let error = open(folder.options()).err().expect("found");
    let Error::Damaged { place, position: 4, fault: Fault::Cut, witness } = &error else { panic!("{error}") };
    assert_eq!((place.offset, *witness), (wanted[3].offset, wanted[12].offset));
    assert_eq!(std::fs::read(path).unwrap(), bytes, "nothing was cut");
    assert!(error.is_damage() && error.to_string().contains("no torn tail") && error.to_string().contains("from a copy"));
}

#[test]
fn missing_and_foreign_segments_are_named() {
    let folder = Folder::new("missing");
    write(Options { segment_bytes: 400, ..folder.options() }, 1, 30);
    let files = folder.files();
    let with = |change: &dyn Fn(&Path)| {
        let copy = folder.copy("lacking");
        change(&copy.0);
        read(&copy.0).expect_err("found").to_string()
    };
    let name = |at: usize| files[at].file_name().unwrap();
    let text = with(&|folder| std::fs::remove_file(folder.join(name(2))).unwrap());
    assert!(text.contains("segments 3 to 3 are missing"), "{text}");
    let text = with(&|folder| std::fs::remove_file(folder.join(name(0))).unwrap());
    assert!(text.contains("begins behind 1 removed segments, and no record tells"), "{text}");
    let text = with(&|folder| std::fs::copy(folder.join(name(0)), folder.join(name(1))).map(|_| ()).unwrap());
    assert!(text.contains("says that it is another segment"), "{text}");
    let text = with(&|folder| std::fs::write(folder.join(name(1)), b"short").unwrap());
    assert!(text.contains("ends inside the segment's header"), "{text}");
    let text = with(&|folder| std::fs::write(folder.join(name(1)), [0; 500]).unwrap());
    assert!(text.contains("another magic"), "{text}");
    let empty = Folder::new("no-journal");
    assert!(matches!(read(&empty.0), Err(Error::NoJournal { .. })));
    assert!(matches!(read(&empty.0.join("absent")), Err(Error::Io { .. })));
}

/// What holds by its CRCs and says nonsense, and what is random, is an error or a torn tail, never a panic.
#[test]
fn no_bytes_make_the_reader_panic() {
    let folder = Folder::new("nonsense");
    write(folder.options(), 1, 6);
    let wanted = records(&folder.0, clear());
    let path = &folder.files()[0];
    let bytes = std::fs::read(path).unwrap();
    let mut seed = 5_u64;
    let mut random = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        seed >> 33
    };
    for round in 0..3000 {
        let mut bytes = bytes.clone();
        let start = if round % 3 == 0 { 8 } else { 128 };
        for _ in 0..=random() % 12 {
            let at = start + random() as usize % (bytes.len() - start);
            bytes[at] = [0, 0xff, 0x7f, random() as u8][random() as usize % 4];
        }
        if round % 2 == 0 {
            let byte = if round % 4 == 0 { 0xff } else { bytes[32] };
            bytes[32..40].fill(byte);
            let crc = crc32fast::hash(&bytes[..124]);
            bytes[124..128].copy_from_slice(&crc.to_le_bytes());
        }
        std::fs::write(path, &bytes).unwrap();
        for contents in [clear(), Contents::Sealed] {
            let mut reader = Reader::open(&folder.0, contents).unwrap();
            let mut count = 0;
            while let Ok(Some(record)) = reader.next_record() {
                assert_eq!(record, wanted[count], "only what was written is given out");
                count += 1;
            }
        }
    }
}

#[test]
fn another_contract_is_refused_but_its_chain_can_be_proven() {
    let folder = Folder::new("contract");
    write(folder.options(), 1, 3);
    let path = &folder.files()[0];
    let mut bytes = std::fs::read(path).unwrap();
    bytes[24] ^= 1;
    with_crcs(&mut bytes);
    std::fs::write(path, bytes).unwrap();
    assert!(matches!(read(&folder.0), Err(Error::Contract { .. })));
    assert_eq!(records(&folder.0, Contents::Sealed).len(), 4);
}
