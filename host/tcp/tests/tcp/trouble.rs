//! What a wire and a venue do to a connection: loss, order, overlap, closed windows, damage.
use crate::peer::{
    ACK, Bench, FIN, MS, OWN, OWN_MAC, PSH, RST, SYN, VENUE, VENUE_MAC, checksum, connected, everywhere, frame, seg, sum, venue_frame,
};
use riposte_tcp::{Counts, End, FRAME_BYTES_MAX, Ignored, State};

fn numbers(count: usize) -> Vec<u8> {
    (0..count).map(|at| (at % 251) as u8).collect()
}

/// Sequence numbers and lengths of what is sent now, with data.
fn data(bench: &mut Bench) -> Vec<(u32, usize)> {
    let all = bench.sent();
    all.iter().filter(|one| !one.payload.is_empty()).map(|one| (one.sequence, one.payload.len())).collect()
}

#[test]
fn three_that_ask_for_a_segment_get_it_at_once_and_then_what_is_missing_behind_it() {
    everywhere(|mut bench| {
        bench.connection.write(&numbers(8 * 1_460));
        assert_eq!(data(&mut bench).len(), 8);
        bench.put(seg(ACK, 0, 1_460, b""));
        for _ in 0..2 {
            bench.put(seg(ACK, 0, 1_460, b""));
            bench.quiet();
        }
        // Neither another window nor bytes make a duplicate (RFC 5681 2).
        bench.put(seg(ACK, 0, 1_460, b"").window(65_000));
        bench.put(seg(ACK, 0, 1_460, b"x").window(65_000));
        assert_eq!(data(&mut bench), []);
        bench.put(seg(ACK, 1, 1_460, b"").window(65_000));
        let again = bench.sent();
        assert_eq!((again.len(), again[0].sequence, &again[0].payload[..]), (1, 1_460, &numbers(8 * 1_460)[1_460..2_920]));
        // Only a part has come: the next missing one follows at once.
        bench.put(seg(ACK, 1, 4_380, b"").window(65_000));
        assert_eq!(data(&mut bench), [(4_380, 1_460)]);
        bench.put(seg(ACK, 1, 8 * 1_460, b"").window(65_000));
        bench.after(10_000);
        assert_eq!((data(&mut bench), bench.connection.unacknowledged()), (vec![], 0));
        let counts = bench.connection.counts();
        assert_eq!((counts.retransmissions, counts.fast_retransmissions), (2, 1));
    });
}

#[test]
fn a_lost_tail_is_sent_again_when_the_wait_is_over_and_slowly() {
    everywhere(|mut bench| {
        bench.connection.write(&numbers(5 * 1_460));
        assert_eq!(data(&mut bench).len(), 5);
        bench.put(seg(ACK, 0, 1_460, b""));
        bench.after(200);
        assert_eq!(data(&mut bench), [(1_460, 1_460)]);
        bench.put(seg(ACK, 0, 2_920, b""));
        assert_eq!(data(&mut bench), [(2_920, 1_460), (4_380, 1_460)]);
        // What came after all need not be sent again.
        bench.put(seg(ACK, 0, 5 * 1_460, b""));
        bench.connection.write(b"next");
        assert_eq!(data(&mut bench), [(5 * 1_460, 4)]);
    });
}

#[test]
fn segments_out_of_order_are_kept_and_each_asks_for_what_is_missing() {
    everywhere(|mut bench| {
        bench.put(seg(ACK, 10, 0, b"klmno"));
        bench.put(seg(ACK, 20, 0, b"uvw"));
        assert_eq!(bench.said(), vec![(ACK, 0, 0, vec![]); 2]);
        assert_eq!(bench.read(), b"");
        // With bytes in it, it would not be counted as asking.
        bench.connection.write(b"order");
        bench.put(seg(ACK, 20, 0, b"uvw"));
        assert_eq!(bench.said(), [(ACK, 0, 0, vec![]), (PSH | ACK, 0, 0, b"order".to_vec())]);
        bench.put(seg(ACK, 0, 5, b"abcdefghij"));
        assert_eq!((bench.said(), bench.read()), (vec![(ACK, 5, 15, vec![])], b"abcdefghijklmno".to_vec()));
        bench.put(seg(ACK, 15, 5, b"pqrst"));
        assert_eq!((bench.said(), bench.read()), (vec![(ACK, 5, 23, vec![])], b"pqrstuvw".to_vec()));
        assert_eq!(bench.connection.counts().out_of_order, 3);
        // A FIN that comes before what is in front of it is not lost either.
        bench.put(seg(FIN | ACK, 26, 5, b"end"));
        bench.put(seg(FIN | ACK, 26, 5, b"end"));
        assert_eq!((bench.said().len(), bench.connection.state()), (2, State::Open));
        bench.put(seg(ACK, 23, 5, b"xyz"));
        assert_eq!((bench.said(), bench.read()), (vec![(ACK, 5, 30, vec![])], b"xyzend".to_vec()));
        assert_eq!((bench.connection.state(), bench.connection.ended()), (State::PeerClosed, Some(End::Peer)));
    });
}

#[test]
fn duplicates_are_acknowledged_and_what_overlaps_is_trimmed() {
    everywhere(|mut bench| {
        bench.put(seg(ACK, 0, 0, b"abcde"));
        bench.sent();
        bench.put(seg(ACK, 0, 0, b"abcde"));
        assert_eq!(bench.said(), [(ACK, 0, 5, vec![])]);
        bench.put(seg(ACK, 0, 0, b"ab"));
        assert_eq!(bench.said(), [(ACK, 0, 5, vec![])]);
        bench.put(seg(ACK, 3, 0, b"defg"));
        assert_eq!(bench.said(), [(ACK, 0, 7, vec![])]);
        // Pieces that overlap each other, before and behind.
        bench.put(seg(ACK, 12, 0, b"mnop"));
        bench.put(seg(ACK, 10, 0, b"klmn"));
        bench.put(seg(ACK, 14, 0, b"opqr"));
        bench.put(seg(ACK, 20, 0, b"u"));
        assert_eq!(bench.said(), vec![(ACK, 0, 7, vec![]); 4]);
        bench.put(seg(ACK, 5, 0, b"fghijkl"));
        assert_eq!((bench.said(), bench.read()), (vec![(ACK, 0, 18, vec![])], b"abcdefghijklmnopqr".to_vec()));
        bench.put(seg(ACK, 17, 0, b"rstuvw"));
        assert_eq!((bench.said(), bench.read()), (vec![(ACK, 0, 23, vec![])], b"stuvw".to_vec()));
        bench.put(seg(ACK, 30, 0, b"EFGH"));
        bench.put(seg(ACK, 28, 0, b"CDE"));
        bench.sent();
        bench.put(seg(ACK, 23, 0, b"xyzAB"));
        assert_eq!((bench.said(), bench.read()), (vec![(ACK, 0, 34, vec![])], b"xyzABCDEFGH".to_vec()));
        let counts = bench.connection.counts();
        assert_eq!((counts.duplicates, counts.out_of_order, counts.no_room), (2, 6, 0));
    });
}

#[test]
fn pieces_out_of_order_are_as_many_as_there_is_room_for_and_no_more() {
    everywhere(|mut bench| {
        for at in 0..20 {
            bench.put(seg(ACK, 10 + at * 10, 0, &[at as u8; 5]));
        }
        assert_eq!((bench.sent().len(), bench.connection.counts().no_room), (16, 4));
        // One that joins two makes place again.
        bench.put(seg(ACK, 15, 0, &[0; 5]));
        bench.put(seg(ACK, 170, 0, &[16; 5]));
        bench.put(seg(ACK, 180, 0, &[17; 5]));
        assert_eq!(bench.connection.counts().no_room, 5);
        for at in 0..20 {
            bench.put(seg(ACK, 10 * at, 0, &[7; 10]));
        }
        bench.sent();
        assert_eq!(bench.read().len(), 200);
        // What begins in the window that was announced is taken, what begins behind it is not.
        bench.put(seg(ACK, 65_534, 0, b"a"));
        assert_eq!(bench.connection.counts().no_room, 5);
        bench.put(seg(ACK, 65_535, 0, b"c"));
        assert_eq!((bench.connection.counts().no_room, bench.read()), (6, vec![]));
    });
}

#[test]
fn a_window_closes_when_nobody_reads_and_opens_in_large_steps() {
    everywhere(|mut bench| {
        let bytes = numbers(65_535);
        for (at, chunk) in bytes.chunks(1_000).enumerate() {
            bench.put(seg(ACK, at as u32 * 1_000, 0, chunk));
            let sent = bench.sent();
            assert_eq!(sent[0].acknowledgement + u32::from(sent[0].window), 65_535, "its edge stays");
        }
        assert_eq!((bench.connection.counts().no_room, bench.connection.unacknowledged()), (0, 0));
        // A venue that asks is told, and what it sends with it is not lost on us but for the byte.
        bench.connection.write(b"order");
        bench.sent();
        bench.put(seg(ACK, 65_535, 5, b"xy"));
        let sent = bench.sent();
        assert_eq!((sent.len(), sent[0].acknowledgement, sent[0].window), (1, 65_536, 0), "one byte of room is more than was announced");
        assert_eq!((bench.connection.counts().no_room, bench.connection.unacknowledged()), (1, 0));
        // Small steps are not told, large ones are, at once.
        let mut read = vec![0; 1_000];
        assert_eq!(bench.connection.read(&mut read), 1_000);
        bench.quiet();
        assert_eq!(bench.connection.read(&mut read[..460]), 460);
        let sent = bench.sent();
        assert_eq!((sent.len(), sent[0].acknowledgement, sent[0].window), (1, 65_536, 1_460));
        assert_eq!(bench.read().len(), 65_536 - 1_460);
        assert_eq!(bench.sent().iter().map(|one| one.window).collect::<Vec<_>>(), [65_535]);
        // Where the venue has room enough, reading tells nothing.
        bench.put(seg(ACK, 65_536, 5, &[0; 1_000]));
        assert_eq!(bench.sent().len(), 1);
        bench.read();
        bench.quiet();
    });
}

#[test]
fn a_closed_window_is_asked_for_and_what_waits_goes_when_it_opens() {
    everywhere(|mut bench| {
        bench.put(seg(ACK, 0, 0, b"").window(3));
        bench.connection.write(&numbers(2_000));
        assert_eq!(data(&mut bench), [], "it may open further");
        bench.after(200);
        assert_eq!(data(&mut bench), [(0, 3)]);
        bench.put(seg(ACK, 0, 3, b"").window(0));
        bench.quiet();
        let (start_ns, mut asked) = (bench.now_ns, Vec::new());
        while asked.len() < 20 {
            bench.after(10);
            for (flags, sequence, _, payload) in bench.said() {
                assert_eq!((flags, sequence, payload), (ACK, 2, vec![]), "a number that it has, so it must answer");
                asked.push((bench.now_ns - start_ns) / MS);
                bench.put(seg(ACK, 0, 3, b"").window(0));
            }
        }
        assert_eq!(asked[..7], [200, 600, 1_400, 3_000, 6_200, 11_200, 16_200]);
        assert_eq!((bench.connection.state(), bench.connection.counts().probes), (State::Open, 20), "it answers");
        bench.put(seg(ACK, 0, 3, b"").window(10_000));
        assert_eq!(data(&mut bench), [(3, 1_460), (1_463, 537)]);
        bench.put(seg(ACK, 0, 2_000, b"").window(0));
        // Closed again: the waits begin anew. If nobody answers any more, it is over.
        bench.connection.write(b"more");
        bench.quiet();
        bench.after(200);
        assert_eq!(bench.said().len(), 1);
        while bench.connection.state() == State::Open {
            bench.after(100);
            bench.said();
        }
        assert_eq!((bench.connection.ended(), bench.connection.counts().probes), (Some(End::TimeOut), 28));
    });
}

#[test]
fn a_small_window_is_used_when_nothing_else_comes() {
    everywhere(|mut bench| {
        bench.put(seg(ACK, 0, 0, b"").window(100));
        bench.connection.write(&numbers(2_000));
        assert_eq!(data(&mut bench), []);
        bench.after(200);
        assert_eq!(data(&mut bench), [(0, 100)]);
    });
}

#[test]
fn the_card_is_not_left_in_front_of_a_closed_window() {
    everywhere(|mut bench| {
        bench.put(seg(ACK, 0, 0, b"").window(10));
        assert_eq!(bench.lend(), Some((0, 0, 10)));
        bench.card(0, b"order-0001").unwrap();
        bench.put(seg(ACK, 0, 10, b"").window(0));
        bench.quiet();
        bench.after(200);
        assert_eq!(bench.said(), [(ACK, 9, 0, vec![])]);
        bench.put(seg(ACK, 0, 10, b"").window(5_000));
        assert_eq!(bench.connection.lent().map(|lent| lent.window), Some(5_000));
        // An order that is lost behind that waits no longer than any other.
        bench.card(10, b"order").unwrap();
        bench.after(200);
        assert_eq!(data(&mut bench), [(10, 5)]);
    });
}

#[test]
fn a_reordered_acknowledgement_neither_moves_back_nor_tells_the_window() {
    everywhere(|mut bench| {
        bench.connection.write(b"first second");
        bench.sent();
        bench.put(seg(ACK, 3, 12, b"later").window(5_000));
        bench.put(seg(ACK, 0, 5, b"abc").window(60_000));
        bench.put(seg(ACK, 8, 12, b"").window(4_000));
        bench.put(seg(ACK, 3, 12, b"later").window(50_000));
        assert_eq!((bench.connection.unacknowledged(), bench.read()), (0, b"abclater".to_vec()));
        assert_eq!(bench.lend(), Some((12, 8, 4_000)));
        assert_eq!(bench.connection.counts().unacceptable, 0);
    });
}

#[test]
fn the_syn_of_the_venue_is_acknowledged_again_and_one_of_another_connection_changes_nothing() {
    everywhere(|mut bench| {
        bench.put(seg(SYN | ACK, u32::MAX, 0, b""));
        assert_eq!(bench.said(), [(ACK, 0, 0, vec![])]);
        bench.put(seg(SYN, 1_000, 0, b""));
        assert_eq!((bench.said(), bench.connection.state()), (vec![(ACK, 0, 0, vec![])], State::Open));
        bench.put(seg(SYN, 1_000_000, 0, b""));
        assert_eq!((bench.said().len(), bench.connection.state()), (1, State::Open));
        // A segment without acknowledgement belongs to no connection.
        bench.put(seg(PSH, 0, 0, b"abc"));
        assert_eq!((bench.said(), bench.read()), (vec![], vec![]));
    });
}

#[test]
fn two_ends_that_disagree_are_quiet_soon() {
    everywhere(|mut bench| {
        for round in 1..4 {
            for _ in 0..50 {
                bench.put(seg(ACK, 100_000, 0, b""));
            }
            let mut said = 0;
            for _ in 0..50 {
                bench.put(seg(ACK, 100_000, 0, b""));
                said += bench.said().len();
            }
            assert!(said <= 10, "{said}");
            bench.after(1_000);
            assert_eq!(bench.connection.counts().unanswered, round * 90);
        }
    });
}

#[test]
fn a_connection_that_is_closed_refuses_what_comes() {
    let mut bench = Bench::new(1_000, 5_000);
    bench.put(seg(ACK, 7, 33, b"abc"));
    assert_eq!(bench.said(), [(RST, 33, 0, vec![])]);
    bench.put(seg(SYN, 7, 0, b""));
    assert_eq!(bench.said(), [(RST | ACK, 0u32.wrapping_sub(1_000), 8, vec![])]);
    bench.put(seg(RST, 7, 0, b""));
    bench.quiet();
}

#[test]
fn a_lost_fin_is_sent_again_and_waits_while_lent() {
    everywhere(|mut bench| {
        bench.lend().unwrap();
        bench.card(0, b"order").unwrap();
        bench.connection.close();
        assert_eq!((bench.said(), bench.connection.state()), (vec![], State::Closing));
        bench.card(5, b"order").unwrap();
        bench.connection.give_back().unwrap();
        assert_eq!(bench.said(), [(FIN | ACK, 10, 0, vec![])]);
        bench.after(200);
        assert_eq!(bench.said(), [(FIN | ACK, 0, 0, b"orderorder".to_vec())]);
        bench.put(seg(ACK, 0, 10, b""));
        bench.after(400);
        assert_eq!(bench.said(), [(FIN | ACK, 10, 0, vec![])]);
        bench.put(seg(FIN | ACK, 0, 11, b""));
        assert_eq!((bench.said(), bench.connection.state()), (vec![(ACK, 11, 1, vec![])], State::TimeWait));
    });
}

#[test]
fn a_reset_of_a_connection_while_lent_ends_the_lending() {
    everywhere(|mut bench| {
        bench.lend().unwrap();
        bench.put(seg(RST, 0, 0, b""));
        assert_eq!((bench.connection.is_lent(), bench.connection.lent(), bench.connection.ended()), (false, None, Some(End::Reset)));
        assert!(bench.card(0, b"order").is_err());
    });
}

#[test]
fn what_does_not_belong_to_the_connection_is_ignored_and_counted() {
    let mut bench = connected(1, 1);
    let good = venue_frame(&bench.absolute(seg(PSH | ACK, 0, 0, b"good bytes")));
    let segment = bench.absolute(seg(PSH | ACK, 0, 0, b"good bytes"));
    let base = bench.connection.counts();
    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut frame = good.clone();
        change(&mut frame);
        let check = checksum(sum(&frame[14..24]) + sum(&frame[26..34]));
        frame[24..26].copy_from_slice(&check.to_be_bytes());
        frame
    };
    let mut options = good.clone();
    options.splice(34..34, [1, 1, 1, 0]);
    options[14] = 0x46;
    options[17] += 4;
    let check = checksum(sum(&options[14..24]) + sum(&options[26..38]));
    options[24..26].copy_from_slice(&check.to_be_bytes());
    let (elsewhere, other_mac) = ("10.77.0.3:7001".parse().unwrap(), [2, 0, 0, 0, 0, 9]);
    let macs = (VENUE_MAC, OWN_MAC);
    type Reason = fn(&mut Ignored) -> &mut u64;
    let cases: [(&str, Vec<u8>, Reason); 15] = [
        ("other MAC", frame((VENUE_MAC, other_mac), VENUE, OWN, &segment), |ignored| &mut ignored.other_mac),
        ("IPv6", [&good[..12], &[0x86, 0xdd], &good[14..]].concat(), |ignored| &mut ignored.other_protocol),
        ("from elsewhere", frame(macs, elsewhere, OWN, &segment), |ignored| &mut ignored.other_addresses),
        ("to elsewhere", frame(macs, VENUE, elsewhere, &segment), |ignored| &mut ignored.other_addresses),
        ("UDP", changed(&|frame| frame[23] = 17), |ignored| &mut ignored.other_addresses),
        ("port", frame(macs, "10.77.0.1:7002".parse().unwrap(), OWN, &segment), |ignored| &mut ignored.other_addresses),
        ("own port", frame(macs, VENUE, "10.77.0.2:1".parse().unwrap(), &segment), |ignored| &mut ignored.other_addresses),
        ("options", options, |ignored| &mut ignored.options),
        ("first fragment", changed(&|frame| frame[20] = 0x20), |ignored| &mut ignored.fragments),
        ("last fragment", changed(&|frame| frame[21] = 1), |ignored| &mut ignored.fragments),
        ("IPv4 checksum", { let mut bad = good.clone(); bad[22] ^= 1; bad }, |ignored| &mut ignored.bad_checksums),
        ("TCP checksum", { let mut bad = good.clone(); bad[60] ^= 1; bad }, |ignored| &mut ignored.bad_checksums),
        ("version", changed(&|frame| frame[14] = 0x65), |ignored| &mut ignored.malformed),
        ("long", changed(&|frame| frame[17] += 1), |ignored| &mut ignored.malformed),
        ("data offset", changed(&|frame| frame[46] = 0x40), |ignored| &mut ignored.malformed),
    ];
    let mut wanted = Counts { frames: base.frames, ..base };
    for (name, frame, reason) in cases {
        bench.connection.frame(bench.now_ns, &frame);
        wanted.frames += 1;
        *reason(&mut wanted.ignored) += 1;
        assert_eq!(bench.connection.counts(), wanted, "{name}");
    }
    for length in 0..good.len() {
        bench.connection.frame(bench.now_ns, &good[..length]);
    }
    assert_eq!(bench.connection.counts().ignored.malformed, 3 + good.len() as u64);
    assert_eq!((bench.said(), bench.read()), (vec![], vec![]));
    // Padded, as short frames are, and from the router's other MAC address: taken.
    let mut padded = frame((other_mac, OWN_MAC), VENUE, OWN, &segment);
    padded.extend([0xee; 9]);
    bench.connection.frame(bench.now_ns, &padded);
    assert_eq!((bench.said(), bench.read()), (vec![(ACK, 0, 10, vec![])], b"good bytes".to_vec()));
}

#[test]
fn who_asks_for_our_address_is_answered_whatever_the_connection_does() {
    let mut bench = Bench::new(1, 1);
    let asker = [2, 0, 0, 0, 0, 5];
    let question = |to: [u8; 6], operation: u8, from: [u8; 6], target: [u8; 4]| {
        [&to[..], &from, &[8, 6, 0, 1, 8, 0, 6, 4, 0, operation], &from, &[10, 77, 0, 5], &[0; 6], &target, &[0; 18]].concat()
    };
    let mut out = [0; FRAME_BYTES_MAX];
    for to in [[0xff; 6], OWN_MAC] {
        bench.connection.frame(0, &question(to, 1, asker, [10, 77, 0, 2]));
        let answer = bench.connection.poll(0, &mut out).expect("an answer");
        assert_eq!(answer, [&asker[..], &OWN_MAC, &[8, 6, 0, 1, 8, 0, 6, 4, 0, 2], &OWN_MAC, &[10, 77, 0, 2], &asker, &[10, 77, 0, 5]].concat());
        assert!(bench.connection.poll(0, &mut out).is_none());
    }
    for other in [
        question([0xff; 6], 1, asker, [10, 77, 0, 3]), question(OWN_MAC, 2, asker, [10, 77, 0, 2]), question(VENUE_MAC, 1, asker, [10, 77, 0, 2]),
        question([0xff; 6], 1, [0xff; 6], [10, 77, 0, 2]), question([0xff; 6], 1, asker, [10, 77, 0, 2])[..40].to_vec(),
    ] {
        bench.connection.frame(0, &other);
        assert!(bench.connection.poll(0, &mut out).is_none());
    }
    let counts = bench.connection.counts();
    assert_eq!((counts.answered, counts.ignored.other_addresses, counts.ignored.other_mac, counts.ignored.malformed), (2, 3, 1, 1));
}
