//! What is signed is what is taken: every byte counts, keys are their owner's, a token is for one set.
use riposte_desk::{Desk, check};
use riposte_signature::{Digits, KeyError, PrivateKey, PublicKey, Set, Signature, SignedSet, Token, Untrusted, digits};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;

const DESK: &str = include_str!("../../../demo/live.toml");

fn desk() -> Desk {
    check(DESK).desk.expect("a good desk")
}

fn key(seed: u8) -> PrivateKey {
    PrivateKey::from_bytes(&[seed; 32])
}

fn signed() -> (SignedSet, [PublicKey; 2]) {
    let set = Set::of(&desk(), 3);
    let signature = set.sign(&key(1));
    (SignedSet { set, signature }, [key(2).public(), key(1).public()])
}

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("riposte-signature-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a folder for the test");
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_signed_set_is_verified_by_its_key_and_no_other() {
    let (signed, trusted) = signed();
    assert_eq!(signed.verify(&trusted), Ok(1));
    assert_eq!(signed.verify(&trusted[..1]), Err(Untrusted::Unknown));
    assert_eq!(signed.verify(&[]), Err(Untrusted::Unknown));
    let forged = Signature { key: trusted[0].digits(), ..signed.signature };
    assert_eq!(forged.verify(&signed.set, &trusted), Err(Untrusted::Altered), "another key's name on it");
    let renumbered = Signature { generation: 4, ..signed.signature };
    assert_eq!(renumbered.verify(&signed.set, &trusted), Err(Untrusted::Altered));
    assert_eq!(renumbered.verify(&Set { generation: 4, ..signed.set }, &trusted), Err(Untrusted::Altered));
}

#[test]
fn every_byte_of_a_set_is_under_its_signature() {
    let (signed, trusted) = signed();
    let bytes = signed.encode();
    assert_eq!(SignedSet::decode(&bytes).as_ref(), Some(&signed));
    // One bit of each byte; of the rows each seventh byte, which meets every field of a row in some row.
    for at in (0..bytes.len()).filter(|at| *at < 400 || at % 7 == 0) {
        let mut altered = bytes.clone();
        altered[at] ^= 1 << (at % 8);
        let taken = SignedSet::decode(&altered).map(|one| one.verify(&trusted));
        assert!(taken.is_none_or(|verified| verified.is_err()), "byte {at} altered and taken");
    }
    for cut in (0..bytes.len()).step_by(61) {
        assert_eq!(SignedSet::decode(&bytes[..cut]), None, "cut at {cut}");
    }
    assert_eq!(SignedSet::decode(&[&bytes[..], &[0]].concat()), None, "more than a set");
}

#[test]
fn every_part_of_a_desk_that_trades_is_under_the_signature() {
    let (signed, trusted) = signed();
    for (from, to) in [
        ("max_quantity = 300", "max_quantity = 301"), ("low = \"180.00\"", "low = \"179.99\""), ("ask <= 186.36", "ask <= 186.37"),
        ("quantity = 150", "quantity = 151"), ("locate = 13", "locate = 14"), ("port = 26477", "port = 26478"),
        ("loss = 25000", "loss = 25001"), ("messages_per_trade = 100", "messages_per_trade = 101"), ("\"AAPL\"", "\"AAPM\""),
        ("10.77.0.3:40000", "10.77.0.3:40001"), ("firm = \"LIVE\"", "firm = \"LIVF\""),
        ("high = \"125.00\"", "high = \"125.01\""), ("step = \"0.20\"", "step = \"0.21\""), ("interval_ms = 300", "interval_ms = 299"),
        ("hours = 8", "hours = 9"), ("z = \"1.00\"", "z = \"0.99\""), ("aversion = \"0.05\"", "aversion = \"0.06\""),
        ("through = \"0.05\"", "through = \"0.06\""), ("delta = 10000000", "delta = 10000001"), ("spot = -20", "spot = -19"), ("maintenance = 25", "maintenance = 24"),
        ("distance = 10", "distance = 9"), ("volatility = 15", "volatility = 14"), ("position = 3000", "position = 3001"), ("order = 200", "order = 201"),
        ("[[hedge.leg]]\ninstrument = \"AAPL\"\nposition = 3000\nlot = 10\norder = 200\n", ""),
    ] {
        assert!(DESK.contains(from), "{from}");
        let other = check(&DESK.replace(from, to)).desk.expect("another desk");
        assert_eq!(signed.signature.verify(&Set::of(&other, 3), &trusted), Err(Untrusted::Altered), "{to}");
    }
    let same = check(&format!("# A remark.\n{DESK}")).desk.expect("a desk");
    assert_eq!(signed.signature.verify(&Set::of(&same, 3), &trusted), Ok(1), "how it is written does not count");
}

#[test]
fn a_token_is_for_one_set_and_no_set_is_a_token() {
    let trusted = [key(1).public()];
    let token = Token::sign(3, [7; 32], &key(1)).expect("a token");
    assert_eq!(token.verify(&trusted), Ok(0));
    assert_ne!(token.nonce, Token::sign(3, [7; 32], &key(1)).expect("a token").nonce, "each is another");
    for other in [
        Token { generation: 2, ..token }, Token { content: Digits([8; 32]), ..token }, Token { nonce: Digits([0; 16]), ..token },
    ] {
        assert_eq!(other.verify(&trusted), Err(Untrusted::Altered));
    }
    assert_eq!(token.verify(&[key(2).public()]), Err(Untrusted::Unknown));
}

#[test]
fn a_private_key_is_its_owners_alone() {
    let folder = Folder::new("key");
    let path = folder.0.join("ann.key");
    let made = PrivateKey::create(&path).expect("a key");
    assert_eq!(std::fs::metadata(&path).expect("a file").mode() & 0o777, 0o600);
    assert_eq!(PrivateKey::from_file(&path).expect("the key").public(), made.public());
    assert!(matches!(PrivateKey::create(&path), Err(KeyError::Unwritable { .. })), "it is not replaced");
    for mode in [0o604, 0o640, 0o644, 0o601] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("rights");
        assert!(matches!(PrivateKey::from_file(&path), Err(KeyError::Rights { mode: told, .. }) if told == mode), "{mode:o}");
    }
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("rights");
    for text in ["", "riposte private key\n", "riposte private key\n12\n", &"0".repeat(64), "é"] {
        std::fs::write(&path, text).expect("a file");
        assert!(matches!(PrivateKey::from_file(&path), Err(KeyError::Malformed { .. })), "{text:?}");
    }
    assert!(!format!("{made:?}").contains('1'));
}

#[test]
fn keys_that_anybody_could_sign_for_are_none() {
    // The neutral point: every signature of zeros would hold.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    assert_eq!(PublicKey::from_bytes(&neutral), None);
    assert_eq!(digits::<2>(" 0aFf\n"), Some([10, 255]));
    assert_eq!((digits::<2>("0a"), digits::<2>("0aFg"), digits::<2>("+aFf")), (None, None, None));
}
