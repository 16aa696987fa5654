//! Frames down to messages and back: round trip, truncation at each length, random bytes.

use std::net::Ipv4Addr;

use proptest::prelude::*;
use riposte_capture::{
    Book, Channel, PacketiseError, Packetiser, Record, stock_of,
    wire::{self, Malformed, Purpose},
};
use riposte_venue::{Config, Market};

fn market(messages: u64) -> Vec<Vec<u8>> {
    Market::new(Config { seed: 3, instruments: 4, messages }).unwrap().collect()
}

fn packetise(messages: &[Vec<u8>], channel: Channel) -> Vec<Record> {
    let mut packetiser = Packetiser::new(channel).unwrap();
    let mut frames = Vec::new();
    for message in messages {
        packetiser.push(message, &mut frames).unwrap();
    }
    frames.extend(packetiser.finish());
    frames
}

fn time_ns(message: &[u8]) -> u64 {
    message[5..11].iter().fold(0, |time, &byte| time << 8 | u64::from(byte))
}

/// Reads a frame to the end in every way the crate offers.
fn read(frame: &[u8]) -> Result<Vec<(u64, Vec<u8>)>, Malformed> {
    let packet = wire::packet(wire::datagram(frame)?.payload)?;
    packet.messages().map(|one| one.map(|(sequence, bytes)| (sequence, bytes.to_vec()))).collect()
}

#[test]
fn packetised_messages_come_back_with_their_sequence_numbers() {
    let messages = market(20_000);
    for vlan in [None, Some(141)] {
        let channel = Channel { first_sequence: 100, vlan, midnight_ns: 5, ..Channel::default() };
        let frames = packetise(&messages, channel.clone());
        assert!(frames.len() < messages.len());
        let (mut next, mut last_ns) = (100, 0);
        for frame in &frames {
            let datagram = wire::datagram(&frame.bytes).unwrap();
            assert_eq!(datagram.vlan, vlan);
            assert_eq!((datagram.group, datagram.port), (channel.group, channel.port));
            assert!(datagram.payload.len() <= 1400);
            let packet = wire::packet(datagram.payload).unwrap();
            assert_eq!(packet.session, *b"RIPOSTE001");
            assert_eq!(packet.sequence, next);
            let mut first_ns = None;
            for one in packet.messages() {
                let (sequence, bytes) = one.unwrap();
                assert_eq!(sequence, next);
                assert_eq!(bytes, messages[(sequence - 100) as usize]);
                let first_ns = *first_ns.get_or_insert(time_ns(bytes));
                assert!(time_ns(bytes) - first_ns <= channel.window_ns);
                next += 1;
            }
            // The frame's time is that of its last message.
            assert_eq!(frame.time_ns, time_ns(&messages[(next - 101) as usize]) + 5);
            assert!(frame.time_ns >= last_ns);
            last_ns = frame.time_ns;
        }
        assert_eq!(next, 20_100);
    }
}

#[test]
fn frame_headers_are_as_golden_bytes_say() {
    let event = b"S\0\0\0\0\0\0\0\0\x01\0O".to_vec();
    let frames = packetise(&[event], Channel { vlan: Some(141), ..Channel::default() });
    // Addresses, tag, IPv4, UDP, MoldUDP64. The checksum by hand: the words add up to 0x194f5, folded
    // to 0x94f6, complemented to 0x6b09.
    let head = "01005e360c6f 020000000001 8100008d 0800 \
        4500003e00004000 10116b09 0a000001 e9360c6f 676d676d 002a0000 \
        5249504f535445303031 0000000000000001 0001 000c";
    let head: String = head.split_whitespace().collect();
    let shown: String = frames[0].bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(shown[..head.len()], head);
}

#[test]
fn heartbeats_and_end_of_session_tell_the_next_sequence_number() {
    let at = |ns: u64| {
        let mut event = b"S\0\0\0\0\0\0\0\0\0\0O".to_vec();
        event[5..11].copy_from_slice(&ns.to_be_bytes()[2..]);
        event
    };
    let heartbeat_ns = Some(1_000);
    let channel = Channel { heartbeat_ns, window_ns: 0, ..Channel::default() };
    let mut packetiser = Packetiser::new(channel).unwrap();
    let mut frames = Vec::new();
    for time in [10_000, 13_500] {
        packetiser.push(&at(time), &mut frames).unwrap();
    }
    frames.extend(packetiser.finish());
    frames.push(packetiser.end_of_session());
    let seen: Vec<_> = frames
        .iter()
        .map(|frame| {
            let packet = wire::packet(wire::datagram(&frame.bytes).unwrap().payload).unwrap();
            (frame.time_ns, packet.sequence, packet.purpose)
        })
        .collect();
    assert_eq!(
        seen,
        [
            (10_000, 1, Purpose::Messages(1)),
            (11_000, 2, Purpose::Heartbeat),
            (12_000, 2, Purpose::Heartbeat),
            (13_000, 2, Purpose::Heartbeat),
            (13_500, 2, Purpose::Messages(1)),
            (13_500, 3, Purpose::EndOfSession),
        ]
    );
}

#[test]
fn channel_that_cannot_be_is_refused() {
    let channel = Channel::default;
    let refused = |channel| Packetiser::new(channel).err();
    let unicast = Ipv4Addr::new(10, 0, 0, 9);
    assert_eq!(
        refused(Channel { group: unicast, ..channel() }),
        Some(PacketiseError::Group(unicast))
    );
    assert_eq!(
        refused(Channel { vlan: Some(4095), ..channel() }),
        Some(PacketiseError::Vlan(4095))
    );
    for bytes in [276, 1473] {
        let refused = refused(Channel { payload_bytes_max: bytes, ..channel() });
        assert_eq!(refused, Some(PacketiseError::Payload(bytes)));
    }
    let mut packetiser = Packetiser::new(channel()).unwrap();
    for bytes in [0, 10, 256] {
        let pushed = packetiser.push(&vec![b'A'; bytes], &mut Vec::new());
        assert_eq!(pushed, Err(PacketiseError::Message(bytes)));
    }
    assert_eq!(packetiser.finish(), None);
}

#[test]
fn frame_cut_at_any_length_is_refused_for_a_reason() {
    for vlan in [None, Some(7)] {
        let frames = packetise(&market(40), Channel { vlan, ..Channel::default() });
        let frame = &frames.iter().max_by_key(|frame| frame.bytes.len()).unwrap().bytes;
        let udp_end = 42 + if vlan.is_some() { 4 } else { 0 };
        for cut in 0..frame.len() {
            let expected =
                if cut < udp_end - 2 { Malformed::ShortFrame } else { Malformed::Truncated };
            assert_eq!(read(&frame[..cut]), Err(expected), "{cut}");
        }
        // Padding behind the datagram is no part of it.
        assert_eq!(read(&[frame.clone(), vec![0; 30]].concat()), read(frame));
    }
}

#[test]
fn each_header_fault_has_its_own_reason() {
    let frame = packetise(&market(40), Channel::default()).remove(0).bytes;
    let with = |at: usize, value: &[u8]| {
        let mut bytes = frame.clone();
        bytes[at..at + value.len()].copy_from_slice(value);
        read(&bytes).unwrap_err()
    };
    assert_eq!(with(12, &[0x08, 0x06]), Malformed::NotIpv4);
    assert_eq!(with(14, &[0x46]), Malformed::IpOptions);
    assert_eq!(with(14, &[0x65]), Malformed::NotIpv4);
    assert_eq!(with(20, &[0x20, 0]), Malformed::IpFragment);
    assert_eq!(with(20, &[0, 1]), Malformed::IpFragment);
    assert_eq!(with(23, &[6]), Malformed::NotUdp);
    assert_eq!(with(38, &[0, 7]), Malformed::UdpLength);
    assert_eq!(with(38, &[0xff, 0xff]), Malformed::UdpLength);
    // Block length 0, one byte below the least, longer than the packet; more blocks than there are.
    for length in [[0, 0], [0, 5], [1, 0], [0x40, 0]] {
        assert_eq!(with(62, &length), Malformed::Block);
    }
    assert_eq!(with(60, &[0, 99]), Malformed::Block);
}

#[test]
fn message_of_a_wrong_length_or_type_is_told_apart() {
    assert_eq!(wire::kind(&[]), Err(Malformed::MessageLength));
    assert_eq!(wire::kind(&[b'D'; 18]), Err(Malformed::MessageLength));
    assert_eq!(wire::kind(&[b'z'; 18]), Err(Malformed::MessageType));
    assert!(wire::kind(&[b'D'; 19]).is_ok());
}

#[test]
fn stock_is_where_the_type_has_it() {
    let messages = market(2_000);
    let of = |code| messages.iter().find(|message| message[0] == code).unwrap();
    for code in *b"RHYLAF" {
        assert!(stock_of(of(code)).is_some(), "{}", char::from(code));
    }
    assert_eq!(stock_of(of(b'R')), Some(*b"AAPL    "));
    assert_eq!(stock_of(of(b'D')), None);
    assert_eq!(stock_of(b"A"), None);
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes);
        let _ = wire::packet(&bytes).map(|packet| packet.messages().count());
        let _ = wire::kind(&bytes);
        let _ = stock_of(&bytes);
    }

    #[test]
    fn damaged_frames_never_panic(at in 0usize..200, value: u8, cut in 0usize..400) {
        let frames = packetise(&market(60), Channel::default());
        for frame in frames.iter().take(4) {
            let mut bytes = frame.bytes.clone();
            let at = at % bytes.len();
            bytes[at] = value;
            bytes.truncate(cut.max(at + 1));
            let _ = read(&bytes);
        }
    }

    #[test]
    fn damaged_messages_never_panic_a_book(
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), 0usize..40, any::<u8>()), 1..80)
    ) {
        let mut messages = market(600);
        for (index, at, value) in damage {
            let message = index.get_mut(&mut messages);
            let at = at % message.len();
            message[at] = value;
        }
        let mut book = Book::new(13);
        for message in &messages {
            let _ = book.apply(message);
        }
        let _ = (book.bid(), book.ask(), book.live());
    }
}
