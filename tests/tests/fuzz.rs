//! What `make fuzz` runs, on its seeds, on thousands of seeded changes of them, and on everything that it has found.
#[path = "../../fuzz/src/seeds.rs"]
mod seeds;
#[path = "../../fuzz/src/targets.rs"]
mod targets;

use std::path::Path;

/// Changes of a seed: bytes set, flipped, cut, doubled and put elsewhere, the same in every run.
fn changed(seed: &[u8], number: u64) -> Vec<u8> {
    let mut random = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut below = |limit: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % limit.max(1) as u64) as usize
    };
    let mut bytes = seed.to_vec();
    for _ in 0..=below(4) {
        let length = bytes.len();
        let (at, to) = (below(length), below(length));
        let part = at.min(to)..at.max(to);
        match below(6) {
            0 => bytes[at] ^= 1 << below(8),
            1 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][below(5)],
            2 => bytes.truncate(at.max(1)),
            3 => bytes.extend_from_within(part),
            4 => bytes.copy_within(part.clone(), at.min(length - part.len())),
            _ => bytes[at] = below(256) as u8,
        }
    }
    bytes
}

#[test]
fn every_target_takes_its_seeds_a_thousand_changes_of_each_and_whatever_was_found() {
    for (name, target) in targets::TARGETS {
        let seeds = seeds::of(name);
        assert!(!seeds.is_empty(), "{name} has no seed");
        for seed in &seeds {
            target(seed);
            (1..=1000).for_each(|number| target(&changed(seed, number)));
        }
        let findings = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/findings").join(name);
        for finding in std::fs::read_dir(findings).into_iter().flatten() {
            target(&std::fs::read(finding.expect("an entry").path()).expect("a finding"));
        }
    }
}

#[test]
fn seeds_reach_what_they_are_for() {
    let frames = seeds::of("wire");
    let datagram = riposte_capture::wire::datagram(&frames[0]).expect("a datagram");
    assert!(riposte_capture::wire::packet(datagram.payload).is_ok_and(|packet| packet.messages().count() > 0));
    assert!(seeds::of("desk").iter().all(|text| riposte_desk::check(&String::from_utf8_lossy(text)).desk.is_some()));
    assert!(seeds::of("venue").iter().any(|bytes| riposte_venue::ouch::Inbound::decode(bytes).is_ok()));
    let engine = &seeds::of("engine")[0];
    let first = &engine[1..=usize::from(engine[0])];
    assert!(riposte_engine::Input::decode(first).is_some());
}
