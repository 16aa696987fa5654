//! The copier between a card's side and a device that stands in for DPDK's.
use riposte_device::TakenFrame;
use riposte_device::wire::{CardSide, PortSide, WireCounts, WireSizes};
use riposte_dpdk_port::{Copier, Device, DeviceCounts, Sent};
use std::collections::VecDeque;

const SIZES: WireSizes = WireSizes { received_slots: 256, transmit_slots: 64 };

/// Frames to come, with whether they are whole, and those that have left.
#[derive(Default)]
struct Fake {
    coming: VecDeque<(Vec<u8>, bool)>,
    left: Vec<Vec<u8>>,
    /// Refusals before each frame is taken.
    full_for: u32,
    refused: u32,
    longest: usize,
    asked: u32,
    counts: DeviceCounts,
}

impl Device for &mut Fake {
    const BURST: u64 = 4;

    fn receive(&mut self, mut each: impl FnMut(&[u8], bool)) -> usize {
        self.asked += 1;
        let count = self.coming.len().min(4);
        self.coming.drain(..count).for_each(|(bytes, is_whole)| each(&bytes, is_whole));
        count
    }

    fn transmit(&mut self, bytes: &[u8]) -> Sent {
        if bytes.len() > self.longest {
            return Sent::TooLong;
        }
        self.refused += 1;
        if self.refused <= self.full_for {
            return Sent::Full;
        }
        self.refused = 0;
        self.left.push(bytes.to_vec());
        Sent::Taken
    }

    fn counts(&mut self) -> anyhow::Result<DeviceCounts> {
        Ok(self.counts)
    }
}

fn frame(number: usize) -> Vec<u8> {
    (0..60 + number % 1900).map(|at| (at * 7 + number) as u8).collect()
}

fn joined() -> (CardSide, PortSide) {
    let (card, file) = CardSide::make(SIZES).expect("memory");
    let port = PortSide::join(&file).expect("the same");
    (card, port)
}

fn send(card: &mut CardSide, bytes: &[u8]) {
    card.send(&TakenFrame { cycle: 1, time_ns: 2, bytes }).expect("room");
}

#[test]
fn every_frame_crosses_both_ways_byte_for_byte_while_the_other_side_is_slow() {
    let (mut card, port) = joined();
    let coming: Vec<_> = (0..500).map(frame).collect();
    let mut device = Fake { longest: 2000, full_for: 3, ..Fake::default() };
    device.coming = coming.iter().map(|bytes| (bytes.clone(), true)).collect();
    let mut copier = Copier::new(&mut device, port);
    let (mut received, mut sent) = (Vec::new(), 0);
    while received.len() < coming.len() || sent < 500 {
        if sent < 500 && card.has_left() {
            send(&mut card, &frame(1000 + sent));
            sent += 1;
            assert!(!card.has_left(), "it leaves when the device has it");
        }
        copier.turn().expect("a turn");
        // As slow as a card that thinks: one frame a turn, of the four that came.
        if let Some(frame) = card.receive().expect("a whole ring") {
            assert!(frame.time_ns > 0);
            received.push(frame.bytes.to_vec());
        }
        card.release();
    }
    copier.turn().expect("a turn");
    assert!(card.has_left() && received == coming);
    assert_eq!(card.counts(), WireCounts { received: 500, transmitted: 500, ..WireCounts::default() });
    assert!(device.left.iter().cloned().eq((1000..1500).map(frame)));
}

#[test]
fn a_card_that_stands_still_has_the_device_keep_its_frames() {
    let (mut card, port) = joined();
    let mut device = Fake { longest: 2000, ..Fake::default() };
    device.coming = (0..100).map(|_| (frame(1800), true)).collect();
    let mut copier = Copier::new(&mut device, port);
    (0..50).for_each(|_| _ = copier.turn().expect("a turn"));
    let waiting = card.counts().received;
    drop(copier);
    assert!(waiting < 100 && device.asked < 50, "{waiting} in {}", device.asked);
    assert_eq!(device.coming.len() as u64 + waiting, 100, "none is lost");
    let read = std::iter::from_fn(|| card.receive().expect("a whole ring").map(|frame| frame.bytes.len()));
    assert_eq!(read.collect::<Vec<_>>(), vec![frame(1800).len(); waiting as usize]);
}

#[test]
fn what_is_too_long_or_in_pieces_or_lost_by_the_device_is_counted() {
    let (mut card, port) = joined();
    let mut device = Fake { longest: 2000, counts: DeviceCounts { missed: 5, bad: 6, unsent: 0 }, ..Fake::default() };
    device.coming = [(vec![1; 60], true), (vec![2; 2049], true), (vec![3; 60], false), (vec![4; 2048], true)].into();
    let mut copier = Copier::new(&mut device, port);
    copier.turn().expect("a turn");
    copier.count().expect("counts");
    let mut next = || card.receive().expect("a whole ring").map(|frame| frame.bytes.to_vec());
    assert_eq!((next(), next(), next()), (Some(vec![1; 60]), Some(vec![4; 2048]), None));
    let counts = card.counts();
    assert_eq!((counts, counts.lost()), (WireCounts { received: 2, transmitted: 0, missed: 5, bad: 6, too_long: 2 }, 13));
}

#[test]
fn what_cannot_leave_is_an_error_and_stays_unreleased() {
    for (longest, full_for, says) in [(50, 0, "frame of 60 bytes"), (2000, u32::MAX, "no room for a frame")] {
        let (mut card, port) = joined();
        let mut device = Fake { longest, full_for, ..Fake::default() };
        let mut copier = Copier::new(&mut device, port);
        send(&mut card, &[1; 60]);
        let told = copier.turn().expect_err("it cannot leave");
        assert!(format!("{told:#}").contains(says), "{told:#}");
        assert!(!card.has_left());
    }
    let mut device = Fake { counts: DeviceCounts { unsent: 1, ..DeviceCounts::default() }, ..Fake::default() };
    let told = Copier::new(&mut device, joined().1).count().expect_err("a frame is gone");
    assert!(told.to_string().contains("dropped 1 frames"), "{told}");
}
