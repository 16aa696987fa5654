//! The region between a card's process and its port's: what crosses, what is refused.
use riposte_device::TakenFrame;
use riposte_device::link::{FRAME_BYTES_MAX, PublishError};
use riposte_device::wire::{CardSide, PortSide, PortState, WireCounts, WireError, WireSizes};
use std::fs::File;
use std::os::unix::fs::FileExt;

const SIZES: WireSizes = WireSizes { received_slots: 64, transmit_slots: 64 };

fn joined() -> (CardSide, PortSide, File) {
    let (card, file) = CardSide::make(SIZES).expect("memory");
    let port = PortSide::join(&file).expect("the same");
    (card, port, file)
}

fn bytes(number: usize, length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 7 + number) as u8).collect()
}

#[test]
fn frames_of_every_length_cross_both_ways_whole_and_in_order() {
    let (mut card, mut port, _) = joined();
    for length in 1..=FRAME_BYTES_MAX {
        let (there, back) = (bytes(length, length), bytes(length + 1, FRAME_BYTES_MAX + 1 - length));
        card.send(&TakenFrame { cycle: 7, time_ns: length as u64, bytes: &there }).expect("room");
        assert_eq!(port.take(), Ok(Some(TakenFrame { cycle: 7, time_ns: length as u64, bytes: &there })));
        assert!(!card.has_left(), "what is read has not left");
        port.release();
        assert!(card.has_left());
        port.give(u64::MAX - length as u64, &back).expect("room");
        assert_eq!(card.receive(), Ok(Some(TakenFrame { cycle: 0, time_ns: u64::MAX - length as u64, bytes: &back })));
        card.release();
        assert_eq!((card.receive(), port.take()), (Ok(None), Ok(None)));
    }
    for length in [0, FRAME_BYTES_MAX + 1] {
        let told = Err(PublishError::Length { bytes: length });
        assert_eq!(port.give(1, &bytes(1, length)), told);
        assert_eq!(card.send(&TakenFrame { cycle: 1, time_ns: 1, bytes: &bytes(1, length) }), told);
    }
}

#[test]
fn a_full_ring_is_told_and_loses_nothing() {
    let (mut card, mut port, _) = joined();
    // 64 records, 38 for the longest frame.
    assert!(port.has_room(1) && !port.has_room(2));
    let given = (0..).take_while(|&number| port.give(1, &bytes(number, 100)).is_ok()).count();
    assert_eq!((given, port.has_room(1)), (21, false));
    assert_eq!(port.give(1, &[1]), Ok(()), "what fits goes");
    for number in 0..given {
        assert_eq!(card.receive().expect("a ring").expect("a frame").bytes, bytes(number, 100));
        assert_eq!(port.give(1, &[1]), Err(PublishError::Full), "what is read is not yet released");
    }
    card.release();
    assert!(port.has_room(1) && port.give(1, &[1]).is_ok());
}

#[test]
fn state_counts_and_the_wish_to_end_cross() {
    let (mut card, mut port, _) = joined();
    assert_eq!((card.state(), card.counts(), port.is_closing()), (PortState::Opening, WireCounts::default(), false));
    assert_eq!(port.card_process(), std::process::id());
    for number in 1..5 {
        let counts = WireCounts { received: number, transmitted: 2, missed: 3, bad: 4, too_long: 5 };
        port.write_counts(&counts);
        assert_eq!((card.counts(), card.counts().lost()), (counts, 12));
    }
    for state in [PortState::Open, PortState::Closed] {
        port.tell(state);
        assert_eq!(card.state(), state);
    }
    drop(card);
    assert!(port.is_closing(), "a card that goes asks its port to end");
}

#[test]
fn what_is_no_region_is_refused_and_its_size_stays() {
    let refused = |file: &File| match PortSide::join(file) {
        Err(WireError::Foreign(_) | WireError::Broken(_)) => {}
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it is taken for a region"),
    };
    refused(&File::open("/dev/null").expect("it is there"));
    refused(&File::open("/proc/self/cmdline").expect("it is there"));
    // Magic, slots each way: changed alone, each is found.
    for (at, value) in [(0, 1), (8, 64), (8, 127), (8, 256), (8, 1 << 40), (16, 0), (16, 64), (16, 256), (16, u64::MAX)] {
        let (_card, file) = CardSide::make(WireSizes { received_slots: 128, transmit_slots: 128 }).expect("memory");
        file.write_all_at(&u64::to_le_bytes(value), at).expect("written");
        refused(&file);
    }
    let (_card, port, file) = joined();
    drop(port);
    PortSide::join(&file).expect("nothing is wrong with it");
    let length = file.metadata().expect("a file").len();
    for length in [0, length - 8, length + 8] {
        assert!(file.set_len(length).is_err(), "a mapping must not lose its memory");
    }
}
