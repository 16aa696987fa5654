//! What a card transmits, given to the host that takes it.
use super::{Place, SIZES, event};
use riposte_device::Transmitted;
use riposte_device::link::{CardEnd, FRAME_BYTES_MAX, FrameError, HostEnd, PublishError, Sizes};
use std::fs::File;
use std::os::unix::fs::FileExt;

fn frame(number: u64, bytes: usize) -> Transmitted {
    let bytes = (0..bytes).map(|at| (at as u64 * 7 + number) as u8).collect();
    Transmitted { cycle: number << 33, time_ns: u64::MAX - number, bytes }
}

/// The next frame for `host`, as the card made it.
fn read(host: &mut HostEnd) -> Option<Transmitted> {
    let frame = host.frame().expect("a whole ring")?;
    Some(Transmitted { cycle: frame.cycle, time_ns: frame.time_ns, bytes: frame.bytes.to_vec() })
}

fn taking(place: &Place) -> (CardEnd, HostEnd) {
    let (card, mut host) = (place.card(), place.host());
    host.take_frames();
    (card, host)
}

#[test]
fn frames_of_every_length_cross_whole_and_in_order() {
    let place = Place::new("frames");
    let (mut card, mut host) = taking(&place);
    for bytes in 1..=FRAME_BYTES_MAX {
        let sent = frame(bytes as u64, bytes);
        assert_eq!(card.give(&sent), Ok(()), "{bytes}");
        assert_eq!(read(&mut host), Some(sent));
        assert_eq!(read(&mut host), None);
        host.release_frames();
    }
    for bytes in [0, FRAME_BYTES_MAX + 1] {
        assert_eq!(card.give(&frame(1, bytes)), Err(PublishError::Length { bytes }));
    }
}

#[test]
fn a_full_transmit_ring_is_told_and_nothing_is_lost() {
    let place = Place::new("frames-full");
    let (mut card, mut host) = taking(&place);
    // 64 records, three for an order of 110 bytes.
    let full = (1..).find(|&number| card.give(&frame(number, 110)) == Err(PublishError::Full)).expect("a full ring");
    assert_eq!(full, 22);
    assert_eq!(card.give(&frame(22, 24)), Ok(()), "what fits goes");
    assert_eq!(card.give(&frame(23, 24)), Err(PublishError::Full));
    (1..=2).for_each(|number| assert_eq!(read(&mut host), Some(frame(number, 110))));
    assert_eq!(card.give(&frame(23, 110)), Err(PublishError::Full), "what is read is not yet released");
    host.release_frames();
    (23..=24).for_each(|number| assert_eq!(card.give(&frame(number, 110)), Ok(())));
    assert_eq!(card.give(&frame(25, 110)), Err(PublishError::Full));
    (3..=21).for_each(|number| assert_eq!(read(&mut host), Some(frame(number, 110))));
    assert_eq!(read(&mut host), Some(frame(22, 24)));
    (23..=24).for_each(|number| assert_eq!(read(&mut host), Some(frame(number, 110))));
    assert_eq!(read(&mut host), None);
}

#[test]
fn frames_are_for_a_host_that_asked_and_for_no_other() {
    let place = Place::new("frames-host");
    let mut card = place.card();
    assert!(!card.is_taken(), "nobody is there");
    let mut host = place.host();
    assert!(!card.is_taken(), "it has not asked");
    host.take_frames();
    assert!(card.is_taken());
    (1..=3).for_each(|number| card.give(&frame(number, 100)).expect("room"));
    assert_eq!(read(&mut host), Some(frame(1, 100)));
    drop(host);
    assert!(card.is_taken(), "a host that died is told of by its watch");
    let mut next = place.host();
    assert!(!card.is_taken(), "the next one has not asked");
    next.take_frames();
    card.give(&frame(4, 2000)).expect("room");
    assert_eq!(read(&mut next), Some(frame(4, 2000)), "what the one before left may have been sent");
    next.release_frames();
    (5..=9).for_each(|number| card.give(&frame(number, 300)).expect("all places are free again"));
    next.leave();
    assert!(!card.is_taken(), "it has left");
}

#[test]
fn a_frame_of_which_records_are_missing_is_not_there() {
    let place = Place::new("frames-cut");
    let (mut card, mut host) = taking(&place);
    card.give(&frame(1, 200)).expect("room");
    // The region: page, 5 + 9 lines of rings, then the transmit ring with its own first line; the frame's fifth record.
    let fifth = (512 + (5 + 9 + 1 + 4) * 8) * 8;
    let file = File::options().read(true).write(true).open(place.link()).expect("the region");
    let mut number = [0; 8];
    file.read_exact_at(&mut number, fifth).expect("its number");
    assert_eq!(u64::from_le_bytes(number), 5);
    file.write_all_at(&[0; 8], fifth).expect("a record that is not yet written");
    assert_eq!((read(&mut host), read(&mut host)), (None, None));
    file.write_all_at(&number, fifth).expect("the record");
    assert_eq!(read(&mut host), Some(frame(1, 200)));
    // A length that no card writes.
    card.give(&frame(2, 20)).expect("room");
    file.write_all_at(&4096u64.to_le_bytes(), fifth + 64 + 8).expect("a length");
    assert_eq!(host.frame(), Err(FrameError::Length { record: 6, bytes: 4096 }));
}

#[test]
fn giving_and_taking_frames_do_not_allocate() {
    let place = Place::new("frames-allocation");
    let (mut card, mut host) = taking(&place);
    let sent = frame(1, 110);
    let told = allocation_counter::measure(|| {
        for number in 1..=100 {
            assert!(card.publish(&event(number)).is_ok() && card.give(&sent).is_ok());
            assert!(matches!(host.frame(), Ok(Some(frame)) if frame.bytes == sent.bytes));
            assert!(matches!(host.receive(), Ok(Some(_))));
            host.release_to(number);
            host.release_frames();
        }
    });
    assert_eq!(told.count_total, 0);
}

#[test]
fn the_smallest_transmit_ring_takes_the_longest_frame() {
    assert!(Sizes { transmit_slots: 32, ..SIZES }.words().is_none());
    let place = Place::new("frames-longest");
    let (mut card, _host) = taking(&place);
    assert_eq!(card.give(&frame(1, FRAME_BYTES_MAX)), Ok(()));
}
