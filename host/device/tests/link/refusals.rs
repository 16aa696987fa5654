//! Each way in which a file is not the link of this host, and what it is told.
use super::{Place, SIZES, command};
use riposte_device::link::{CardEnd, HostEnd, LinkError, Peer, Sizes};
use riposte_map::identity::{MAGIC, TABLE_HASH, VERSION};
use std::fs::{File, Permissions};
use std::os::unix::fs::{FileExt, PermissionsExt, chown, symlink};

/// Puts `value` into a word of the region.
fn poke(place: &Place, word: u64, value: u64) {
    let file = File::options().write(true).open(place.link()).expect("the region");
    file.write_all_at(&value.to_le_bytes(), word * 8).expect("a word of it");
}

fn peek(place: &Place, word: u64) -> u64 {
    let mut bytes = [0; 8];
    File::open(place.link()).and_then(|file| file.read_exact_at(&mut bytes, word * 8)).expect("a word");
    u64::from_le_bytes(bytes)
}

/// What a host is told by a region of which one word is another; the word is put right again.
fn told_with(place: &Place, word: u64, value: u64) -> LinkError {
    let before = peek(place, word);
    assert_ne!(before, value);
    poke(place, word, value);
    let told = HostEnd::attach(&place.link()).expect_err("a wrong word is refused");
    poke(place, word, before);
    drop(place.host());
    told
}

#[test]
fn no_card_is_told() {
    let place = Place::new("none");
    let told = HostEnd::attach(&place.link()).unwrap_err();
    assert!(matches!(told, LinkError::NoCard { .. }), "{told}");
    assert!(told.to_string().contains("riposte card serve"), "{told}");
}

#[test]
fn another_magic_version_and_hash_are_refused() {
    let place = Place::new("identity");
    let _card = place.card();
    let told = told_with(&place, 0, 17);
    assert!(matches!(told, LinkError::Magic { found: 17, wanted: MAGIC, .. }), "{told}");
    let told = told_with(&place, 1, u64::from(VERSION) + 1);
    assert!(matches!(told, LinkError::Version { found, .. } if found == u64::from(VERSION) + 1), "{told}");
    let told = told_with(&place, 2, TABLE_HASH ^ 1);
    assert!(matches!(told, LinkError::TableHash { found, wanted: TABLE_HASH, .. } if found == TABLE_HASH ^ 1), "{told}");
    assert!(told.to_string().contains("from the same source"), "{told}");
}

#[test]
fn another_geometry_is_refused_by_name() {
    let place = Place::new("geometry");
    let _card = place.card();
    let names = [
        "layout", "instruments", "rules", "slots for orders", "rows of levels", "levels a row", "decision queue", "order image", "clock",
    ];
    for (word, name) in (8..).zip(names) {
        let told = told_with(&place, word, 5_000_000_000);
        assert!(matches!(told, LinkError::Geometry { found: 5_000_000_000, .. }), "{told}");
        assert!(told.to_string().contains(name), "{name}: {told}");
    }
}

#[test]
fn sizes_that_cannot_be_are_refused() {
    let place = Place::new("sizes");
    let _card = place.card();
    // Words 3 to 6: the region's length, slots for commands, slots for events, kind. 17: slots for frames.
    let words = [(3, [0, 1, u64::MAX]), (4, [0, 3, 1 << 40]), (5, [1, 12, u64::MAX]), (6, [0, 3, 4]), (17, [0, 32, 65])];
    for (word, values) in words {
        for value in values {
            let told = told_with(&place, word, value);
            assert!(matches!(told, LinkError::Size { found, .. } if found == value), "{word}: {told}");
        }
    }
    // Allowed, and not those of this region.
    let told = told_with(&place, 5, 16);
    assert!(matches!(told, LinkError::Size { what: "words of region", .. }), "{told}");
    for wrong in [Sizes { command_slots: 3, ..SIZES }, Sizes { event_slots: 0, ..SIZES }, Sizes { transmit_slots: 32, ..SIZES }] {
        let told = CardEnd::create(&place.0.join("other"), wrong).unwrap_err();
        assert!(matches!(told, LinkError::Size { .. }) && told.to_string().contains("power of two"), "{told}");
    }
}

#[test]
fn a_short_and_a_long_file_are_refused() {
    let place = Place::new("length");
    drop(place.card());
    let whole = {
        let _card = place.card();
        std::fs::read(place.link()).expect("the region")
    };
    for length in [0, 1, 8, 4095, 4096, 4104, whole.len() - 8, whole.len() + 8] {
        let mut bytes = whole.clone();
        bytes.resize(length, 0);
        std::fs::write(place.link(), bytes).expect("a file");
        std::fs::set_permissions(place.link(), Permissions::from_mode(0o600)).expect("its rights");
        let told = HostEnd::attach(&place.link()).unwrap_err();
        let is_right = if length < whole.len() {
            matches!(told, LinkError::Short { found, .. } if found == length as u64)
        } else {
            matches!(told, LinkError::Size { what: "words of file", .. })
        };
        assert!(is_right, "{length}: {told}");
    }
}

#[test]
fn files_that_others_could_open_are_refused() {
    let place = Place::new("others");
    let _card = place.card();
    for mode in [0o601, 0o602, 0o604, 0o610, 0o620, 0o640, 0o666, 0o777, 0o700] {
        std::fs::set_permissions(place.link(), Permissions::from_mode(mode)).expect("rights");
        let told = HostEnd::attach(&place.link()).unwrap_err();
        assert!(matches!(told, LinkError::Rights { mode: found, .. } if found == mode), "{told}");
        assert!(told.to_string().contains(&format!("{mode:o}")), "{told}");
    }
    std::fs::set_permissions(place.link(), Permissions::from_mode(0o600)).expect("rights");
    drop(place.host());
    let lock = place.0.join("open.card");
    File::create(&lock).and_then(|file| file.set_permissions(Permissions::from_mode(0o644))).expect("a file");
    let told = CardEnd::create(&place.0.join("open"), SIZES).unwrap_err();
    assert!(matches!(told, LinkError::Rights { mode: 0o644, .. }), "{told}");
}

#[test]
fn files_of_another_user_are_refused() {
    let place = Place::new("owner");
    let _card = place.card();
    if chown(place.link(), Some(4242), None).is_err() {
        println!("skipped: files_of_another_user_are_refused: only root can give a file away");
        return;
    }
    let told = HostEnd::attach(&place.link()).unwrap_err();
    assert!(matches!(told, LinkError::Owner { owner: 4242, own: 0, .. }), "{told}");
}

#[test]
fn links_and_folders_are_refused() {
    let place = Place::new("nofile");
    let _card = place.card();
    let (other, folder) = (place.0.join("symbolic"), place.0.join("folder"));
    symlink(place.link(), &other).expect("a symbolic link");
    std::fs::create_dir(&folder).expect("a folder");
    for path in [other, folder] {
        let told = HostEnd::attach(&path).unwrap_err();
        assert!(matches!(told, LinkError::NoFile { .. }), "{told}");
    }
}

#[test]
fn a_second_card_and_a_second_host_are_refused() {
    let place = Place::new("second");
    let (mut card, mut host) = (place.card(), place.host());
    let told = CardEnd::create(&place.link(), SIZES).unwrap_err();
    assert!(matches!(told, LinkError::InUse { who: "card", .. }), "{told}");
    let told = HostEnd::attach(&place.link()).unwrap_err();
    assert!(matches!(told, LinkError::InUse { who: "host", .. }), "{told}");
    assert_eq!(host.send(&command(0)), Ok(1), "the first ones go on");
    assert!(matches!(card.command(), Ok(Some(_))));
}

#[test]
fn a_ring_that_somebody_wrote_to_is_refused() {
    let place = Place::new("damage");
    let _card = place.card();
    // First slot of the command ring, behind the page of the announcement and the line of what is released.
    let told = told_with(&place, 512 + 8, 3);
    assert!(matches!(told, LinkError::Broken { .. }), "{told}");
    let told = told_with(&place, 512, 1);
    assert!(matches!(told, LinkError::Broken { .. }), "{told}");
}

/// What a device shows: a region in a BAR, which is longer, with no lock beside it.
#[test]
fn a_host_joins_a_region_in_a_bar_and_sees_its_heart_stop() {
    let place = Place::new("bar");
    let mut bar = {
        let _card = place.card();
        std::fs::read(place.link()).expect("the region")
    };
    bar.resize(bar.len().next_power_of_two(), 0xff);
    bar[6 * 8] = 2;
    std::fs::remove_file(place.0.join("link.card")).expect("the lock");
    std::fs::write(place.link(), bar).expect("a file that stands in for a BAR");
    std::fs::set_permissions(place.link(), Permissions::from_mode(0o600)).expect("its rights");
    let mut host = place.host();
    assert_eq!(host.send(&command(77)), Ok(1));
    // Number, then opcode and value, as the device would find them.
    assert_eq!((peek(&place, 520), peek(&place, 521) >> 32), (1, 77));
    let mut watch = host.watch(1_000).expect("a watch");
    assert_eq!(watch.look(0).unwrap(), Peer::Alive);
    assert_eq!(watch.look(1_000).unwrap(), Peer::Alive);
    assert!(matches!(watch.look(1_001).unwrap(), Peer::Silent { for_ns: 1_001, .. }));
    poke(&place, 64, 1);
    assert_eq!(watch.look(1_002).unwrap(), Peer::Alive);
}

#[test]
fn no_room_for_a_region_is_an_error_and_leaves_no_link() {
    const TEST: &str = "refusals::no_room_for_a_region_is_an_error_and_leaves_no_link";
    let Some(disk) = std::env::var_os("RIPOSTE_SMALL_DISK") else {
        let place = Place::new("room");
        let script = "mount -t tmpfs -o size=64k small \"$RIPOSTE_SMALL_DISK\" || exit 77; exec \"$0\" --exact \"$1\" --nocapture";
        let mut command = std::process::Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]).arg(std::env::current_exe().unwrap()).arg(TEST);
        match command.env("RIPOSTE_SMALL_DISK", &place.0).output() {
            Ok(output) if output.status.success() => {}
            Ok(output) if output.status.code() != Some(77) && !output.stdout.is_empty() => {
                panic!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
            }
            _ => println!("skipped: {TEST}: no file system of its own can be mounted here"),
        }
        return;
    };
    let path = std::path::Path::new(&disk).join("link");
    let told = CardEnd::create(&path, Sizes { event_slots: 1 << 12, ..SIZES }).unwrap_err();
    assert!(matches!(&told, LinkError::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull), "{told}");
    assert!(!path.exists());
    assert!(CardEnd::create(&path, SIZES).is_ok(), "a smaller one has room");
}
