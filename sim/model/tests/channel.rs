//! What the card makes of headers, sessions and blocks that are not as they should be.
mod support;
use riposte_device::{Card, Frame};
use riposte_map::{
    counter::Counter,
    reason::Reason,
    shm::{Event, EventKind, Opcode},
};
use support::*;

/// A card whose first rule fires on any trade, with two orders in the book.
fn bench() -> Bench {
    let mut bench = Bench::new([7, 0, 0, 0], [0; 4]);
    bench.show(&[add(LOCATE, 1, b'B', 100, 100_000), add(LOCATE, 2, b'S', 100, 101_000)]);
    bench.events();
    bench
}

fn one_trade(bench: &Bench) -> Vec<u8> {
    frame_of(SESSION, bench.sequence, 1, &blocks(&[trade(LOCATE, 1, 100_500)]))
}

/// The one channel event, with its two sequence words, and proof that no rule fires after it.
fn only_error(bench: &mut Bench) -> (Reason, [u64; 2]) {
    let events = bench.events();
    let [event] = events[..] else { panic!("one event, not {events:?}") };
    assert_eq!(event.kind(), Some(EventKind::Channel));
    assert_eq!((event.instrument, event.rule, event.generation, event.time_ns), (0xff, 0xff, 1, 7));
    let fired = bench.count(Counter::Decisions);
    bench.raw(&frame_of(SESSION, 1 << 40, 1, &blocks(&[trade(LOCATE, 1, 100_500)])));
    bench.events();
    assert_eq!(bench.count(Counter::Decisions), fired, "an invalid instrument fires nothing");
    let word = |e: riposte_map::shm::Level| u64::from(e.price_e4) | u64::from(e.quantity) << 32;
    (event.reason().expect("known"), [word(event.bid), word(event.ask)])
}

#[test]
fn a_good_frame_makes_a_decision_and_no_channel_event() {
    let mut bench = bench();
    let frame = one_trade(&bench);
    bench.raw(&frame);
    assert_eq!(bench.reasons(), [(EventKind::OrderSent, Reason::None)]);
    let mut bench = self::bench();
    bench.raw(&tagged(&frame));
    assert_eq!(bench.reasons(), [(EventKind::OrderSent, Reason::None)], "with a VLAN tag");
}

#[test]
fn a_frame_that_is_not_ours_is_counted_once_by_its_first_failure() {
    let cases: [(usize, u8, Counter); 11] = [
        (12, 0x86, Counter::FramesOther),
        (14, 0x46, Counter::IpOptions),
        (14, 0x44, Counter::IpOptions),
        (14, 0x65, Counter::FramesOther),
        (20, 0x20, Counter::IpFragments),
        (21, 0x01, Counter::IpFragments),
        (23, 6, Counter::FramesOther),
        (33, 0, Counter::FramesOther),
        (37, 0, Counter::FramesOther),
        (39, 27, Counter::UdpLength),
        (17, 47, Counter::UdpLength),
    ];
    for tag in [false, true] {
        for (at, byte, counter) in cases {
            let mut bench = bench();
            let mut frame = one_trade(&bench);
            frame[at] = byte;
            let frame = if tag { tagged(&frame) } else { frame };
            let before = bench.counters();
            bench.raw(&frame);
            assert_eq!(bench.reasons(), [], "byte {at}");
            let mut expected = before;
            expected[Counter::Frames as usize] += 1;
            expected[Counter::LineAFrames as usize] += 1;
            expected[counter as usize] += 1;
            assert_eq!(bench.counters(), expected, "byte {at} = {byte:#x}");
        }
    }
}

#[test]
fn every_frame_shorter_than_its_headers_is_of_others() {
    let bench = bench();
    let frame = one_trade(&bench);
    for (frame, headers) in [(frame.clone(), 62), (tagged(&frame), 66)] {
        for length in 1..headers {
            let mut bench = self::bench();
            let before = bench.count(Counter::FramesOther);
            bench.raw(&frame[..length]);
            assert_eq!(bench.reasons(), []);
            assert_eq!(bench.count(Counter::FramesOther), before + 1, "{length} bytes");
        }
    }
}

#[test]
fn truncation_at_each_length_keeps_what_came_before() {
    let bench = bench();
    let frame = one_trade(&bench);
    for length in 62..frame.len() {
        let mut bench = self::bench();
        bench.raw(&frame[..length]);
        // The books are invalid before the verdict of a message whose last byte came so late.
        assert_eq!(bench.reasons(), [(EventKind::Channel, Reason::Truncated)], "{length} bytes");
        assert_eq!(bench.count(Counter::FramesTruncated), 1);
        assert_eq!(bench.count(Counter::MessagesTrade), u32::from(length > 64), "{length} bytes");
    }
}

#[test]
fn an_order_whose_last_byte_came_before_the_cut_is_in_the_book() {
    let bench = bench();
    let frame =
        frame_of(SESSION, bench.sequence, 1, &blocks(&[delete(LOCATE, 1), delete(LOCATE, 2)]));
    // The first delete ends with byte 63 + 19, the second with 63 + 19 + 2 + 19.
    for length in 62..=frame.len() {
        let mut bench = self::bench();
        bench.raw(&frame[..length]);
        let live = 2 - usize::from(length > 82) - usize::from(length > 103);
        assert_eq!(
            bench.live_orders(),
            if length == frame.len() { 1 } else { live },
            "{length} bytes"
        );
    }
}

#[test]
fn a_block_is_classified_by_the_word_behind_its_prefix_and_reads_zeros_past_the_cut() {
    for unknown in 11..19 {
        let low = 65 + unknown;
        let word = low / 8 + 1;
        for (locate, found_by_its_half) in [(LOCATE, false), (0x010d, true)] {
            let messages = [vec![b'z'; unknown], add(locate, 3, b'B', 1, 90_000)];
            for length in low..low + 38 {
                let mut bench = bench();
                bench.commands(&parameters([0; 4], [0; 4]));
                bench.commands(&[instrument(2, 0x0100, true, 1, 1, 1), value(Opcode::Commit, 2)]);
                bench.events();
                let before = bench.counters();
                bench.raw(&frame_of(SESSION, bench.sequence, 2, &blocks(&messages))[..length]);
                let name = format!("{length} bytes, low byte at {low}, locate {locate}");
                let whole = length == low + 37;
                let errors: &[_] =
                    if whole { &[] } else { &[(EventKind::Channel, Reason::Truncated)] };
                assert_eq!(bench.reasons(), errors, "{name}");
                // Bytes low + 2 and low + 3 are the locate; half of 0x010d is 0x0100, of 13 nothing.
                let counted = length > 8 * word;
                let watched = match length {
                    l if l > low + 3 => locate == LOCATE,
                    l => found_by_its_half && l > low + 2,
                };
                let after = bench.counters();
                let counts = [Counter::UnknownTypes, Counter::MessagesAdd, Counter::Unwatched]
                    .map(|counter| after[counter as usize] - before[counter as usize]);
                assert_eq!(counts, [1, counted.into(), (counted && !watched).into()], "{name}");
                let live = 2 + usize::from(locate == LOCATE && length > low + 36);
                assert_eq!(bench.live_orders(), live, "{name}");
            }
        }
        // A wrong length too is found only when that word is shown.
        let messages = [vec![b'z'; unknown], vec![b'A'; 40]];
        for length in [8 * word, 8 * word + 1] {
            let mut bench = bench();
            bench.raw(&frame_of(SESSION, bench.sequence, 2, &blocks(&messages))[..length]);
            let found = u32::from(length > 8 * word);
            assert_eq!(bench.count(Counter::BadLengths), found, "{length} bytes, low at {low}");
        }
    }
}

#[test]
fn a_frame_dropped_for_its_udp_length_makes_no_channel_error() {
    for (fcs_good, bytes) in [(false, 200), (true, 80), (false, 80)] {
        let mut bench = bench();
        let mut frame = one_trade(&bench);
        frame[39] -= 1;
        frame.truncate(bytes);
        let mut expected = bench.counters();
        bench.card.frame(&Frame { fcs_good, ..Frame::new(&frame, 7) });
        assert_eq!(bench.reasons(), []);
        expected[Counter::Frames as usize] += 1;
        expected[Counter::LineAFrames as usize] += 1;
        expected[Counter::UdpLength as usize] += 1;
        expected[Counter::FramesBad as usize] += u32::from(!fcs_good);
        assert_eq!(bench.counters(), expected);
    }
}

#[test]
fn a_bad_fcs_wins_over_truncation_and_counts_for_every_frame() {
    let mut bench = bench();
    let frame = frame_of(SESSION, bench.sequence, 1, &blocks(&[delete(LOCATE, 1)]));
    bench.card.frame(&Frame { fcs_good: false, ..Frame::new(&frame[..70], 7) });
    assert_eq!(only_error(&mut bench), (Reason::BadFrame, [0, 0]));
    assert_eq!((bench.count(Counter::FramesBad), bench.count(Counter::FramesTruncated)), (1, 0));
    bench.card.frame(&Frame { fcs_good: false, ..Frame::new(&[0; 20], 7) });
    assert_eq!(bench.reasons(), []);
    assert_eq!(bench.count(Counter::FramesBad), 2, "not ours: counted, no event");
}

#[test]
fn a_gap_is_told_with_both_numbers_and_its_messages_are_delivered() {
    let mut bench = bench();
    let expected = bench.sequence;
    bench.sequence += 0x1_0000_0005;
    bench.show(&[delete(LOCATE, 1)]);
    assert_eq!(bench.live_orders(), 1, "delivered");
    assert_eq!(only_error(&mut bench), (Reason::Gap, [expected, expected + 0x1_0000_0005]));
    assert_eq!(bench.count(Counter::Gaps), 2, "the proof's own frame is the second");
}

#[test]
fn duplicates_are_dropped_and_an_overlap_delivers_its_tail() {
    let mut bench = bench();
    let first = bench.sequence;
    let three = [
        add(LOCATE, 3, b'B', 1, 90_000),
        add(LOCATE, 4, b'B', 1, 90_000),
        add(LOCATE, 5, b'B', 1, 90_000),
    ];
    bench.show(&three[..2]);
    bench.raw(&frame_of(SESSION, first, 2, &blocks(&three[..2])));
    assert_eq!((bench.count(Counter::Duplicates), bench.count(Counter::MessagesAdd)), (1, 4));
    bench.raw(&frame_of(SESSION, first, 3, &blocks(&three)));
    assert_eq!((bench.count(Counter::Overlaps), bench.count(Counter::MessagesAdd)), (1, 5));
    assert_eq!(bench.live_orders(), 5);
    bench.sequence = first + 3;
    bench.show(&[delete(LOCATE, 5)]);
    assert_eq!(bench.reasons(), [], "expected moved on");
    // A malformed block of a duplicate is reported all the same, and so is a bad length.
    bench.raw(&frame_of(SESSION, first, 1, &[0, 0]));
    assert_eq!(only_error(&mut bench).0, Reason::MalformedBlock);
}

#[test]
fn heartbeats_close_gaps_and_are_quiet_otherwise() {
    let mut bench = bench();
    bench.raw(&frame_of(SESSION, bench.sequence, 0, &[]));
    bench.raw(&frame_of(SESSION, 1, 0, &[]));
    assert_eq!(bench.reasons(), []);
    assert_eq!((bench.count(Counter::Heartbeats), bench.count(Counter::Gaps)), (2, 0));
    bench.raw(&frame_of(SESSION, bench.sequence + 3, 0, &[]));
    bench.raw(&frame_of(SESSION, bench.sequence + 3, 0, &[]));
    let sequence = bench.sequence;
    assert_eq!(only_error(&mut bench), (Reason::Gap, [sequence, sequence + 3]));
}

#[test]
fn the_end_of_a_session_is_told_once() {
    let mut bench = bench();
    let sequence = bench.sequence;
    bench.raw(&frame_of(SESSION, sequence, 0xffff, &[]));
    bench.raw(&frame_of(SESSION, sequence, 0xffff, &[]));
    assert_eq!(only_error(&mut bench), (Reason::EndOfSession, [sequence, sequence]));
    assert_eq!(
        (bench.count(Counter::EndsOfSession), bench.count(Counter::MalformedBlocks)),
        (2, 0)
    );
}

#[test]
fn another_session_is_told_and_its_messages_dropped() {
    let mut bench = bench();
    let sequence = bench.sequence;
    bench.raw(&frame_of(b"OTHER     ", 99, 1, &blocks(&[delete(LOCATE, 1)])));
    assert_eq!(bench.live_orders(), 2);
    assert_eq!(only_error(&mut bench), (Reason::SessionChange, [sequence, 99]));
    assert_eq!(
        (bench.count(Counter::SessionChanges), bench.count(Counter::MessagesDelete)),
        (1, 0)
    );
}

#[test]
fn a_malformed_block_drops_the_rest_of_its_packet() {
    let good = blocks(&[delete(LOCATE, 1)]);
    let mut long = vec![1, 0];
    long.extend([b'A'; 256]);
    let mut cut = good.clone();
    cut.truncate(20);
    for (name, bad) in
        [("length 0", vec![0, 0]), ("too long", long), ("cut", cut), ("absent", vec![])]
    {
        let mut bench = bench();
        let payload = [good.clone(), bad].concat();
        bench.raw(&frame_of(SESSION, bench.sequence, 3, &payload));
        assert_eq!(bench.live_orders(), 1, "{name}: what was before it is delivered");
        assert_eq!(only_error(&mut bench).0, Reason::MalformedBlock, "{name}");
        assert_eq!(bench.count(Counter::MalformedBlocks), 1, "{name}");
    }
}

#[test]
fn a_known_type_of_another_length_drops_the_rest_and_an_unknown_type_does_not() {
    for (messages, live, expected) in [
        (
            vec![[delete(LOCATE, 1), vec![0]].concat(), delete(LOCATE, 2)],
            2,
            Some(Reason::BadLength),
        ),
        (vec![[&b"z"[..], &[0; 18]].concat(), delete(LOCATE, 2)], 1, None),
    ] {
        let mut bench = bench();
        bench.show(&messages);
        assert_eq!(bench.live_orders(), live);
        if let Some(reason) = expected {
            assert_eq!(only_error(&mut bench).0, reason);
            assert_eq!(
                (bench.count(Counter::BadLengths), bench.count(Counter::MessagesDelete)),
                (1, 0)
            );
        } else {
            assert_eq!(bench.reasons(), []);
            assert_eq!(bench.count(Counter::UnknownTypes), 1);
        }
    }
}

#[test]
fn every_type_has_its_length_and_counter() {
    let lengths = [
        (b'S', 12),
        (b'R', 39),
        (b'H', 25),
        (b'Y', 20),
        (b'L', 26),
        (b'V', 35),
        (b'W', 12),
        (b'K', 28),
        (b'J', 35),
        (b'h', 21),
        (b'A', 36),
        (b'F', 40),
        (b'E', 31),
        (b'C', 36),
        (b'X', 23),
        (b'D', 19),
        (b'U', 35),
        (b'P', 44),
        (b'Q', 40),
        (b'B', 19),
        (b'I', 50),
        (b'N', 20),
        (b'O', 48),
    ];
    let mut bench = bench();
    let before = bench.counters();
    let message = |&(code, length): &(u8, usize)| {
        let mut message = vec![0; length];
        message[0] = code;
        message[2] = 99; // Of nobody.
        message
    };
    bench.show(&lengths.iter().map(message).collect::<Vec<_>>());
    assert_eq!(bench.reasons(), [(EventKind::System, Reason::None)]);
    let after = bench.counters();
    let counted: Vec<u32> = after.iter().zip(before).map(|(a, b)| a - b).collect();
    for counter in Counter::ALL {
        let expected = match counter {
            Counter::OtherTypes => 13,
            Counter::Unwatched => 9,
            Counter::Frames | Counter::Packets | Counter::LineAFrames | Counter::LineAUsed => 1,
            c if c.text().starts_with("messages_") => 1,
            _ => 0,
        };
        assert_eq!(counted[*counter as usize], expected, "{}", counter.text());
    }
}

#[test]
fn a_system_event_carries_code_sequence_and_time() {
    let mut bench = bench();
    bench.show(&[system(b'Q')]);
    let events = bench.events();
    let expected = Event {
        sequence: events[0].sequence,
        kind: EventKind::System as u8,
        instrument: 0xff,
        rule: 0xff,
        generation: 1,
        time_ns: 7,
        feed_sequence: bench.sequence - 1,
        detail: u16::from(b'Q'),
        ..Event::default()
    };
    assert_eq!(events, [expected]);
    bench.raw(&one_trade(&bench));
    assert_eq!(bench.reasons(), [(EventKind::OrderSent, Reason::None)], "nothing became invalid");
}

#[test]
fn of_two_channel_events_in_one_cycle_the_system_event_goes_first() {
    // Byte 12 of the first message is in word 9: ready in cycle 10, as a gap is visible, or one later.
    let mut bench = bench();
    bench.sequence += 1;
    bench.show(&[system(b'Q'), delete(LOCATE, 1)]);
    let expected = [(EventKind::System, Reason::None), (EventKind::Channel, Reason::Gap)];
    assert_eq!(bench.reasons(), expected);
    let mut bench = self::bench();
    bench.sequence += 1;
    bench.show(&[delete(LOCATE, 1), system(b'Q')]);
    let expected = [(EventKind::Channel, Reason::Gap), (EventKind::System, Reason::None)];
    assert_eq!(bench.reasons(), expected);
}

#[test]
fn a_udp_length_below_the_headers_is_refused_even_if_ip_agrees() {
    let mut bench = bench();
    let mut frame = one_trade(&bench);
    (frame[17], frame[39]) = (47, 27);
    bench.raw(&frame);
    assert_eq!((bench.reasons(), bench.count(Counter::UdpLength)), (vec![], 1));
}

#[test]
fn a_block_that_ends_in_the_padding_is_malformed() {
    let mut bench = bench();
    let mut frame = frame_of(SESSION, bench.sequence, 1, &blocks(&[delete(LOCATE, 1)]));
    frame[17] -= 1;
    frame[39] -= 1;
    bench.raw(&frame);
    assert_eq!(only_error(&mut bench).0, Reason::MalformedBlock);
}

#[test]
fn the_feed_is_the_one_in_force_as_a_frame_begins() {
    // Word 0 is shown in cycle 4, or in 5 with an idle cycle before it.
    for (stalls, shown, other) in [(0, 0, 1), (0, 1, 1), (0, 2, 0), (1, 2, 1), (1, 3, 0), (2, 2, 0)]
    {
        let mut bench = bench();
        bench.commands(&parameters([0; 4], [0; 4]));
        let feed = u64::from(GROUP) | u64::from(PORT + 1) << 32;
        bench.commands(&[args(Opcode::WriteFeed, &[feed])]);
        let before = bench.count(Counter::FramesOther);
        bench.card.schedule(bench.card.cycle() + shown, &value(Opcode::Commit, 2));
        bench.card.idle(4);
        let frame = one_trade(&bench);
        bench.card.frame(&Frame { stalls, ..Frame::new(&frame, 7) });
        assert_eq!(bench.count(Counter::FramesOther), before + other, "commit shown in {shown}");
    }
}

/// Cycles after the frame's start in which each event that it causes is shown.
fn shown(sequence_skip: u64, count: u16, payload: &[u8], fcs_good: bool) -> Vec<(EventKind, u64)> {
    let mut bench = bench();
    let frame = frame_of(SESSION, bench.sequence + sequence_skip, count, payload);
    let start = bench.card.cycle();
    bench.card.frame(&Frame { fcs_good, ..Frame::new(&frame, 7) });
    let mut seen = Vec::new();
    for _ in 0..30 {
        bench.card.drain(&mut bench.output);
        let kinds = bench.output.events.drain(..).map(|e| e.kind().expect("known"));
        seen.extend(kinds.map(|kind| (kind, bench.card.cycle() - 1 - start)));
        bench.card.idle(1);
    }
    seen
}

#[test]
fn channel_events_are_shown_six_cycles_after_they_are_visible() {
    use EventKind::{Channel, System};
    // Frame of words 0..=7, shown in 1..=8: the header is judged in cycle 9, the gap visible in 11.
    assert_eq!(shown(1, 0, &[], true), [(Channel, 17)]);
    // Words 0..=9: a bad FCS is visible in 10 + 2.
    assert_eq!(shown(0, 0, &[0; 18], false), [(Channel, 18)]);
    // The last decisive byte is in word 9, so the system event is ready in 11, as the gap is visible.
    let system = blocks(&[system(b'Q')]);
    assert_eq!(shown(1, 1, &system, true), [(System, 17), (Channel, 18)]);
    for unknown in 11..30 {
        // The second prefix has its low byte at 63 + 2 + `unknown`.
        let word = (65 + unknown as u64) / 8;
        let mut payload = blocks(&[vec![b'z'; unknown]]);
        payload.extend([0, 0]);
        let malformed = shown(0, 2, &payload, true);
        assert_eq!(malformed, [(Channel, word + 9)], "length 0 behind {unknown} bytes");
        let payload = blocks(&[vec![b'z'; unknown], vec![b'A'; 12]]);
        let bad_length = shown(0, 2, &payload, true);
        assert_eq!(bad_length, [(Channel, word + 10)], "bad length behind {unknown} bytes");
    }
}
