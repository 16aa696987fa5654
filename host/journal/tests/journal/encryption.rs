//! Encrypted journals: nothing in clear, no nonce twice, keys only from places that are safe.
use crate::{Folder, clear, records, wait, write};
use riposte_journal::{Contents, Entry, Error, Fault, Key, KeyError, Note, Options, Reader, open};
use std::collections::HashSet;
use std::os::unix::fs::PermissionsExt;

fn key(byte: u8) -> Key {
    Key::new(&[byte; 32])
}

fn encrypted(folder: &Folder) -> Options {
    Options { key: Some(key(1)), ..folder.options() }
}

fn opened() -> Contents {
    Contents::Open(Some(key(1)))
}

#[test]
fn what_is_encrypted_comes_back_with_its_key_only() {
    let folder = Folder::new("encrypted");
    let (mut appender, journal) = open(encrypted(&folder)).unwrap().start().unwrap();
    let note = Entry::Note(Note { who: "somebody", act: "confide", why: "the secret of the house" });
    appender.append(1, &note).unwrap();
    wait(|| journal.watch().durable() == 1);
    let mark = journal.watch().snapshot(1, b"the state of the house").unwrap();
    appender.append(2, &Entry::Snapshot(mark)).unwrap();
    journal.finish(appender).unwrap();
    for path in folder.files() {
        let bytes = std::fs::read(path).unwrap();
        assert!(!bytes.windows(5).any(|window| window == b"house"));
    }
    assert_eq!(records(&folder.0, opened())[0].entry(), Some(note));
    assert_eq!(records(&folder.0, Contents::Sealed).len(), 3, "the chain is proven without the key");
    let recovery = open(encrypted(&folder)).unwrap();
    assert_eq!(recovery.found().snapshot.as_ref().unwrap().state, b"the state of the house");
    let fail = |contents| {
        let mut reader = Reader::open(&folder.0, contents).unwrap();
        reader.next_record().expect_err("refused")
    };
    assert!(matches!(fail(Contents::Open(Some(key(2)))), Error::WrongKey { .. }));
    assert!(matches!(fail(clear()), Error::KeyNeeded { .. }));
    let plain = Folder::new("plain");
    write(plain.options(), 1, 2);
    assert!(matches!(open(encrypted(&plain)), Err(Error::KeyNotNeeded { .. })));
}

#[test]
fn no_nonce_serves_twice() {
    let folder = Folder::new("nonces");
    let mut salts = HashSet::new();
    let mut note_salt = || {
        for path in folder.files() {
            salts.insert((path.clone(), std::fs::read(path).unwrap()[80..96].to_vec()));
        }
    };
    // Each time the tail is torn off, so that its positions are given again.
    for round in 0..5 {
        write(encrypted(&folder), 1, 5);
        note_salt();
        let last = folder.files().pop().unwrap();
        let length = std::fs::metadata(&last).unwrap().len();
        let kept = if round % 2 == 0 { 140 } else { length - 150 };
        std::fs::File::options().write(true).open(&last).unwrap().set_len(kept).unwrap();
        note_salt();
    }
    let distinct: HashSet<_> = salts.iter().map(|(_, salt)| salt).collect();
    assert_eq!(distinct.len(), 5, "each opening has a salt of its own");
    assert!(!distinct.contains(&vec![0; 16]));
    let (one, two) = (Folder::new("nonce-1"), Folder::new("nonce-2"));
    write(encrypted(&one), 1, 5);
    write(encrypted(&two), 1, 5);
    let stored = |folder: &Folder| records(&folder.0, Contents::Sealed)[0].payload().to_vec();
    assert_ne!(stored(&one), stored(&two), "the same record twice");
}

#[test]
fn a_sealed_payload_that_was_replaced_is_found_even_with_its_chain_put_right() {
    let (one, two) = (Folder::new("seal-1"), Folder::new("seal-2"));
    for folder in [&one, &two] {
        write(encrypted(folder), 1, 5);
    }
    // The records of another encrypted journal behind this one's header: CRC and chain are right.
    let (target, source) = (&one.files()[0], &two.files()[0]);
    let mut bytes = std::fs::read(target).unwrap();
    let other = std::fs::read(source).unwrap();
    bytes[128..].copy_from_slice(&other[128..]);
    std::fs::write(target, bytes).unwrap();
    let error = Reader::open(&one.0, opened()).unwrap().next_record().expect_err("found");
    assert!(matches!(error, Error::Broken { position: 1, fault: Fault::Seal, .. }), "{error}");
    assert!(error.is_damage());
}

#[test]
fn a_key_comes_from_a_file_of_its_owner_or_from_the_environment() {
    let folder = Folder::new("key");
    let path = folder.0.join("journal.key");
    let rights = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    std::fs::write(&path, format!("{}\n", "01".repeat(32))).unwrap();
    for mode in [0o604, 0o640, 0o666] {
        rights(mode);
        assert!(matches!(Key::from_file(&path), Err(KeyError::Rights { mode: found, .. }) if found == mode));
    }
    rights(0o600);
    let options = Options { key: Some(Key::from_file(&path).unwrap()), ..folder.options() };
    write(options, 1, 2);
    assert_eq!(records(&folder.0, opened()).len(), 3);
    for text in ["", "01", &"0g".repeat(32), &"01".repeat(33)] {
        std::fs::write(&path, text).unwrap();
        assert!(matches!(Key::from_file(&path), Err(KeyError::Malformed { .. })));
    }
    assert!(matches!(Key::from_file(&folder.0.join("absent")), Err(KeyError::Unreadable { .. })));
    assert!(matches!(Key::from_environment("RIPOSTE_NO_SUCH_KEY"), Err(KeyError::Variable { .. })));
    // Whatever the environment has, a path is no key.
    assert!(matches!(Key::from_environment("PATH"), Err(KeyError::Malformed { .. })));
    assert_eq!(format!("{:?}", key(7)), "Key", "a key does not show itself");
}
