//! Frames of the host's own over the card's wire.
use super::{Place, SIZES};
use riposte_device::link::{CardEnd, Exceptions, PublishError, Sizes};
use std::fs::File;
use std::os::unix::fs::FileExt;

const WIRED: Sizes = Sizes { exception_slots: 64, ..SIZES };

fn bytes(number: u8, length: usize) -> Vec<u8> {
    (0..length).map(|at| (at as u8).wrapping_mul(3) ^ number).collect()
}

fn wired(place: &Place) -> CardEnd {
    CardEnd::create(&place.link(), WIRED).expect("a card")
}

fn read(host: &mut Exceptions) -> Option<(u64, Vec<u8>)> {
    let frame = host.frame().expect("a whole ring")?;
    Some((frame.time_ns, frame.bytes.to_vec()))
}

fn sent(card: &mut CardEnd) -> Option<Vec<u8>> {
    Some(card.exception().expect("a whole ring")?.bytes.to_vec())
}

#[test]
fn frames_cross_whole_both_ways_and_full_is_told() {
    let place = Place::new("exceptions");
    let (mut card, mut host) = (wired(&place), place.host());
    assert_eq!(card.give_exception(7, &bytes(1, 60)), Err(PublishError::Full), "the host has not asked");
    let mut wire = host.take_exceptions().expect("a wire");
    assert!(host.take_exceptions().is_none(), "once");
    for number in 1..=100 {
        let length = usize::from(number) * 20;
        assert_eq!(card.give_exception(u64::from(number), &bytes(number, length)), Ok(()));
        assert_eq!(wire.send(&bytes(!number, length)), Ok(()));
        assert_eq!(read(&mut wire), Some((number.into(), bytes(number, length))));
        assert_eq!((read(&mut wire), sent(&mut card)), (None, Some(bytes(!number, length))));
        wire.release();
        card.release_exceptions();
    }
    let room = (0..).find(|_| wire.send(&bytes(0, 300)) == Err(PublishError::Full));
    assert_eq!(room, Some(64 / 6), "of six records each");
}

#[test]
fn a_card_without_a_wire_has_no_exceptions() {
    let place = Place::new("exceptions-none");
    let (mut card, mut host) = (place.card(), place.host());
    assert!(host.take_exceptions().is_none());
    assert_eq!((card.give_exception(1, &[1]), sent(&mut card)), (Err(PublishError::Full), None));
    for slots in [1, 32, 65, 1 << 21] {
        assert!(Sizes { exception_slots: slots, ..SIZES }.words().is_none(), "{slots}");
    }
}

#[test]
fn what_a_dead_host_sent_in_part_is_no_frame_and_what_came_for_it_is_not_the_next_ones() {
    let place = Place::new("exceptions-dead");
    let mut card = wired(&place);
    let mut dead = place.host();
    let mut wire = dead.take_exceptions().expect("a wire");
    assert_eq!((wire.send(&bytes(1, 60)), sent(&mut card)), (Ok(()), Some(bytes(1, 60))));
    card.release_exceptions();
    card.give_exception(1, &bytes(2, 60)).expect("room");
    wire.send(&bytes(3, 200)).expect("room");
    // It died before the fifth record of that frame, the seventh of the ring: behind page and three rings and the ring that leads to it.
    let words = WIRED.words().expect("sizes").sent.start + 7 * 8;
    let file = File::options().write(true).open(place.link()).expect("the region");
    file.write_all_at(&[0; 8], words as u64 * 8).expect("a record that was not written");
    assert_eq!(sent(&mut card), None, "not whole");
    drop((dead, wire));
    let mut host = place.host();
    let mut wire = host.take_exceptions().expect("a wire");
    assert_eq!(sent(&mut card), None);
    wire.send(&bytes(4, 100)).expect("room");
    assert_eq!(sent(&mut card), Some(bytes(4, 100)));
    assert_eq!(sent(&mut card), None);
    card.give_exception(9, &bytes(5, 60)).expect("room");
    assert_eq!(read(&mut wire), Some((9, bytes(5, 60))));
}
