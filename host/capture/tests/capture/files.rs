//! Every format that is read, and every way in which a file can be bad.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use riposte_capture::{Capture, Error, PcapWriter, Record, open};
use riposte_venue::{Config, Market};

use crate::{data, file, raw};

const SECOND: u64 = 1_000_000_000;

fn frames(name: &str, bytes: &[u8]) -> (Vec<Record>, Option<Error>) {
    match open(file(name, bytes)) {
        Ok(Capture::Frames(frames)) => split(frames),
        Ok(Capture::Messages(_)) => panic!("taken for ITCH"),
        Err(e) => (Vec::new(), Some(e)),
    }
}

fn split<T>(items: impl Iterator<Item = Result<T, Error>>) -> (Vec<T>, Option<Error>) {
    let (mut good, mut fault) = (Vec::new(), None);
    for item in items {
        assert!(fault.is_none(), "something follows an error");
        match item {
            Ok(item) => good.push(item),
            Err(e) => fault = Some(e),
        }
    }
    (good, fault)
}

fn messages(name: &str, bytes: &[u8]) -> (Vec<Vec<u8>>, u64, Option<Error>) {
    let Ok(Capture::Messages(mut messages)) = open(file(name, bytes)) else {
        panic!("not taken for ITCH");
    };
    let (good, fault) = split(&mut messages);
    (good.into_iter().map(|one| one.bytes).collect(), messages.empty_prefixes(), fault)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Words of 32 bits in one byte order.
fn words(big: bool, words: &[u32]) -> Vec<u8> {
    let bytes = |word: &u32| if big { word.to_be_bytes() } else { word.to_le_bytes() };
    words.iter().flat_map(bytes).collect()
}

/// A pcap with a packet of 4 and one of 3 bytes, written from the format's description.
fn pcap(big: bool, magic: u32, network: u32) -> Vec<u8> {
    let version = if big { 0x0002_0004 } else { 0x0004_0002 };
    let mut bytes = words(big, &[magic, version, 0, 0, 65_535, network]);
    bytes.extend(words(big, &[7, 123_456, 4, 60]));
    bytes.extend([1, 2, 3, 4]);
    bytes.extend(words(big, &[8, 999_999, 3, 3]));
    bytes.extend([5, 6, 7]);
    bytes
}

/// A pcapng block of this type; `body` is padded to whole words.
fn block(big: bool, kind: u32, mut body: Vec<u8>) -> Vec<u8> {
    body.resize(body.len().next_multiple_of(4), 0);
    let length = body.len() as u32 + 12;
    [words(big, &[kind, length]), body, words(big, &[length])].concat()
}

fn section(big: bool) -> Vec<u8> {
    let version = if big { 0x0001_0000 } else { 0x0000_0001 };
    let order = words(big, &[0x1a2b_3c4d, version, u32::MAX, u32::MAX]);
    block(big, 0x0a0d_0d0a, order)
}

/// With a resolution also an offset of one second.
fn interface(big: bool, link_type: u16, resolution: Option<u8>) -> Vec<u8> {
    let half = |value: u16| if big { value.to_be_bytes() } else { value.to_le_bytes() };
    let mut body = [half(link_type), half(0)].concat();
    body.extend(words(big, &[65_535]));
    if let Some(resolution) = resolution {
        body.extend([half(9), half(1)].concat());
        body.extend([resolution, 0, 0, 0]);
        body.extend([half(14), half(8)].concat());
        body.extend(if big { 1i64.to_be_bytes() } else { 1i64.to_le_bytes() });
        body.extend([0; 4]);
    }
    block(big, 1, body)
}

fn packet(big: bool, interface: u32, units: u64, bytes: &[u8]) -> Vec<u8> {
    let length = bytes.len() as u32;
    let (high, low) = ((units >> 32) as u32, units as u32);
    let mut body = words(big, &[interface, high, low, length, length + 10]);
    body.extend_from_slice(bytes);
    block(big, 6, body)
}

#[test]
fn pcap_of_both_byte_orders_and_resolutions_gives_the_same_times() {
    for (big, magic, unit_ns) in [
        (false, 0xa1b2_c3d4, 1000),
        (true, 0xa1b2_c3d4, 1000),
        (false, 0xa1b2_3c4d, 1),
        (true, 0xa1b2_3c4d, 1),
    ] {
        let (records, fault) = frames(&format!("order-{big}-{unit_ns}"), &pcap(big, magic, 1));
        assert!(fault.is_none(), "{fault:?}");
        let first = Record {
            time_ns: 7 * SECOND + 123_456 * unit_ns,
            bytes: vec![1, 2, 3, 4],
            original_length: 60,
        };
        let second = Record {
            time_ns: 8 * SECOND + 999_999 * unit_ns,
            bytes: vec![5, 6, 7],
            original_length: 3,
        };
        assert_eq!(records, [first, second]);
    }
}

#[test]
fn pcapng_times_follow_each_interface_and_each_section() {
    for big in [false, true] {
        let bytes = [
            section(big),
            interface(big, 1, None),
            interface(big, 1, Some(9)),
            packet(big, 0, 5_000_001, &[1, 2, 3]),
            packet(big, 1, 5_000_000_001, &[4; 8]),
            block(big, 5, vec![0; 12]),
            // A later section may have the other byte order and starts its interfaces anew.
            section(!big),
            interface(!big, 1, Some(0x80 | 10)),
            packet(!big, 0, 1024 * 6 + 512, &[9]),
        ]
        .concat();
        let (records, fault) = frames(&format!("ng-{big}"), &bytes);
        assert!(fault.is_none(), "{fault:?}");
        let times: Vec<_> = records.iter().map(|record| record.time_ns).collect();
        assert_eq!(times, [5 * SECOND + 1000, 6 * SECOND + 1, 7 * SECOND + SECOND / 2]);
        assert_eq!(records[0].bytes, [1, 2, 3]);
        assert_eq!(records[0].original_length, 13);
    }
}

#[test]
fn gzip_is_found_by_content_and_reads_like_the_plain_file() {
    let plain = pcap(false, 0xa1b2_3c4d, 1);
    let (records, fault) = frames("named-wrongly.txt", &gzip(&plain));
    assert!(fault.is_none());
    assert_eq!(records, frames("plain", &plain).0);
    // Two gzip members one after the other are one file, as of `cat a.gz b.gz`.
    let (records, fault) = frames("members", &[gzip(&plain[..30]), gzip(&plain[30..])].concat());
    assert!(fault.is_none());
    assert_eq!(records.len(), 2);
}

#[test]
fn writer_and_reader_agree_on_nanoseconds() {
    let mut writer = PcapWriter::new(Vec::new()).unwrap();
    let records: Vec<_> = (0..5u64)
        .map(|i| Record {
            time_ns: 1_700_000_000_123_456_789 + i,
            bytes: vec![i as u8; 60 + i as usize],
            original_length: 60 + i as u32,
        })
        .collect();
    for record in &records {
        writer.write_record(record).unwrap();
    }
    let too_late = writer.write(u64::MAX, &[0; 60]);
    assert!(too_late.is_err());
    let (read, fault) = frames("written", &writer.finish().unwrap());
    assert!(fault.is_none());
    assert_eq!(read, records);
}

#[test]
fn empty_file_is_an_error_that_says_so() {
    let (_, fault) = frames("empty", &[]);
    let fault = fault.unwrap();
    assert!(matches!(fault, Error::Empty { .. }));
    assert!(fault.to_string().contains("empty: the file is empty"), "{fault}");
    let (_, fault) = frames("empty.gz", &gzip(&[]));
    assert!(matches!(fault, Some(Error::Empty { .. })));
}

#[test]
fn missing_file_is_an_error_with_its_name() {
    let Err(fault) = open("/nowhere/market.pcap") else { panic!("opened") };
    assert!(fault.to_string().starts_with("/nowhere/market.pcap: cannot be read"));
}

#[test]
fn wrong_magic_is_an_error_that_shows_the_first_bytes() {
    let (_, fault) = frames("magic", b"PK\x03\x04 not a capture at all");
    let text = fault.unwrap().to_string();
    assert!(text.contains("begins with 50 4b 03 04") && text.contains("editcap"), "{text}");
    // One byte, and a length without its type: too little to know.
    for short in [&[0u8][..], &[0, 36]] {
        assert!(matches!(frames("short", short).1, Some(Error::UnknownFormat { .. })));
    }
}

#[test]
fn pcap_cut_in_mid_packet_gives_what_is_before_then_the_error() {
    let whole = pcap(false, 0xa1b2_3c4d, 1);
    for cut in 24..whole.len() {
        let (records, fault) = frames("cut", &whole[..cut]);
        let boundary = [24, 44].contains(&cut);
        assert_eq!(records.len(), usize::from(cut >= 44), "{cut}");
        assert_eq!(fault.is_none(), boundary, "{cut}");
    }
    let (_, fault) = frames("cut", &whole[..whole.len() - 1]);
    let text = fault.unwrap().to_string();
    assert!(text.contains("record 2 at byte 44: cut in the middle, 2 of 3 bytes"), "{text}");
    let (_, fault) = frames("cut-header", &whole[..20]);
    assert!(matches!(fault, Some(Error::Cut { wanted: 24, found: 20, .. })));
}

#[test]
fn pcapng_cut_anywhere_gives_what_is_before_then_the_error() {
    let head = [section(false), interface(false, 1, Some(9))].concat();
    let whole = [head.clone(), packet(false, 0, 1, &[1; 9]), packet(false, 0, 2, &[2; 9])].concat();
    let second = whole.len() - (whole.len() - head.len()) / 2;
    for cut in 4..whole.len() {
        let (records, fault) = frames("cut-ng", &whole[..cut]);
        assert_eq!(records.len(), usize::from(cut >= second), "{cut}");
        let boundary = [28, head.len(), second].contains(&cut);
        assert_eq!(fault.is_none(), boundary, "{cut}: {fault:?}");
    }
}

#[test]
fn gzip_cut_in_the_middle_is_named_as_such() {
    // Random bytes do not pack, so that a cut leaves whole packets before it.
    let market = Market::new(Config { messages: 5_000, ..Config::default() }).unwrap();
    let packed = gzip(&raw(market));
    let (good, _, fault) = messages("cut.gz", &packed[..packed.len() / 2]);
    assert!(good.len() > 100, "{}", good.len());
    assert!(matches!(fault, Some(Error::Gzip { .. })), "{fault:?}");
}

#[test]
fn wrong_link_type_is_an_error_that_names_it() {
    let (_, fault) = frames("link", &pcap(false, 0xa1b2_c3d4, 113));
    let text = fault.unwrap().to_string();
    assert!(text.contains("link type 113 (Linux cooked capture)"), "{text}");
    let bytes =
        [section(false), interface(false, 101, None), packet(false, 0, 1, &[0; 60])].concat();
    let (_, fault) = frames("link-ng", &bytes);
    let text = fault.unwrap().to_string();
    assert!(text.contains("record 3") && text.contains("link type 101 (raw IP)"), "{text}");
}

#[test]
fn absurd_lengths_are_refused_before_they_are_believed() {
    let mut bytes = pcap(false, 0xa1b2_3c4d, 1);
    bytes[32..36].copy_from_slice(&0x7fff_ffffu32.to_le_bytes());
    assert!(matches!(frames("absurd", &bytes).1, Some(Error::Length { limit: 262_144, .. })));
    for length in [0u32, 3, 16, 29, 0xffff_fff0] {
        let mut bytes = section(false);
        bytes[4..8].copy_from_slice(&length.to_le_bytes());
        assert!(frames("absurd-ng", &bytes).1.is_some(), "{length}");
    }
    // A captured length beyond its block.
    let mut bytes =
        [section(false), interface(false, 1, None), packet(false, 0, 1, &[0; 60])].concat();
    let at = bytes.len() - 4 - 60 - 8;
    bytes[at..at + 4].copy_from_slice(&100u32.to_le_bytes());
    assert!(matches!(frames("beyond", &bytes).1, Some(Error::Block { .. })));
}

#[test]
fn packets_that_cannot_be_timed_are_errors() {
    let head = [section(false), interface(false, 1, None)].concat();
    let (_, fault) = frames("if", &[head.clone(), packet(false, 3, 1, &[0; 60])].concat());
    assert!(matches!(fault, Some(Error::Interface { interface: 3, .. })));
    let simple = block(false, 3, words(false, &[4, 0]));
    let (_, fault) = frames("simple", &[head.clone(), simple].concat());
    assert!(matches!(fault, Some(Error::NoTime { block_type: 3, .. })));
    let (_, fault) = frames("time", &[head, packet(false, 0, u64::MAX, &[0; 60])].concat());
    assert!(matches!(fault, Some(Error::Time { .. })));
}

#[test]
fn trailing_bytes_are_reported_after_the_last_packet() {
    let bytes = [pcap(false, 0xa1b2_3c4d, 1), vec![0; 5]].concat();
    let (records, fault) = frames("trailing", &bytes);
    assert_eq!(records.len(), 2);
    assert!(matches!(fault, Some(Error::Trailing { bytes: 5, .. })));
}

#[test]
fn real_captures_are_read_to_their_end() {
    for (name, count) in [
        ("deribit_multicast/sample_capture_v1_6.pcapng", 5_066),
        ("cme_mdp3/Cme.Mdp3.Sbe.v8.1.Example.pcap", 10_000),
        ("miax/Miax.Tom.Mach.v1.9.Example.pcap", 20_560),
    ] {
        let Some(path) = data(name) else { continue };
        let Ok(Capture::Frames(frames)) = open(&path) else { panic!("{name}") };
        let (records, fault) = split(frames);
        assert_eq!((records.len(), fault.is_none()), (count, true), "{name}");
        // All were captured between 2015 and 2026: the unit of time is right.
        let years = (1_420_000_000 * SECOND)..(1_790_000_000 * SECOND);
        assert!(records.iter().all(|record| years.contains(&record.time_ns)), "{name}");
    }
}

proptest! {
    #[test]
    fn damaged_files_never_panic(
        kind in 0usize..4,
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<proptest::sample::Index>(),
    ) {
        let mut bytes = match kind {
            0 => pcap(false, 0xa1b2_3c4d, 1),
            1 => pcap(true, 0xa1b2_c3d4, 1),
            2 => raw([event(1), event(2), event(3)]),
            _ => [
                section(true),
                interface(true, 1, Some(9)),
                packet(true, 0, 1, &[1; 61]),
                block(true, 4, vec![0; 20]),
                packet(true, 0, 2, &[2; 60]),
            ]
            .concat(),
        };
        let length = bytes.len();
        damage.iter().for_each(|(at, value)| bytes[at.index(length)] = *value);
        bytes.truncate(cut.index(2 * length) + 1);
        match open(file("damaged", &bytes)) {
            Ok(Capture::Frames(frames)) => drop(split(frames)),
            Ok(Capture::Messages(messages)) => drop(split(messages)),
            Err(_) => {}
        }
    }
}

fn event(time: u8) -> Vec<u8> {
    vec![b'S', 0, 0, 0, 0, 0, 0, 0, 0, 0, time, b'O']
}

#[test]
fn raw_itch_skips_and_counts_empty_prefixes() {
    let one = raw([event(1)]);
    let zeros = [0u8; 6];
    let bytes = [&zeros[..2], &one, &zeros, &one, &zeros[..2]].concat();
    let (good, empty, fault) = messages("zeros", &bytes);
    assert_eq!(good, [event(1), event(1)]);
    assert_eq!(empty, 5);
    assert!(fault.is_none());
    let (good, _, fault) = messages("zeros.gz", &gzip(&bytes));
    assert_eq!((good.len(), fault.is_none()), (2, true));
}

#[test]
fn raw_itch_cut_anywhere_gives_what_is_before_then_the_error() {
    let whole = raw([event(1), event(2)]);
    for cut in 3..whole.len() {
        let (good, _, fault) = messages("cut-itch", &whole[..cut]);
        assert_eq!(good.len(), cut / 14, "{cut}");
        match cut % 14 {
            0 => assert!(fault.is_none()),
            1 => assert!(matches!(fault, Some(Error::Trailing { bytes: 1, .. }))),
            _ => assert!(matches!(fault, Some(Error::Cut { wanted: 12, .. })), "{cut} {fault:?}"),
        }
    }
}

#[test]
fn raw_itch_out_of_step_stops_at_an_absurd_length() {
    let bytes = [raw([event(1)]), b"HTTP/1.1 200 OK".to_vec()].concat();
    let (good, _, fault) = messages("step", &bytes);
    assert_eq!(good.len(), 1);
    let text = fault.unwrap().to_string();
    assert!(text.contains("record 2 at byte 14: a length of 18516 bytes"), "{text}");
}
