//! One connection, segment by segment.
use crate::peer::{ACK, Bench, FIN, MS, PSH, RST, SYN, Segment, connected, everywhere, seg, venue_frame};
use riposte_tcp::{Connection, End, FRAME_BYTES_MAX, NotNext, State, Unheard};

fn said(flags: u8, sequence: u32, acknowledgement: u32, payload: &[u8]) -> (u8, u32, u32, Vec<u8>) {
    (flags, sequence, acknowledgement, payload.to_vec())
}

#[test]
fn a_connection_is_made_with_the_segment_size_told_and_nothing_else_offered() {
    let mut bench = Bench::new(1_000, 5_000);
    bench.quiet();
    assert_eq!((bench.connection.state(), bench.connection.ended()), (State::Closed, None));
    bench.open();
    let sent = bench.sent();
    assert_eq!(sent, [Segment { options: vec![2, 4, 5, 180], ..seg(SYN, u32::MAX, 0, b"") }]);
    assert_eq!((bench.connection.state(), bench.connection.write(b"too early")), (State::Connecting, 0));
    bench.put(seg(SYN | ACK, u32::MAX, 0, b""));
    assert_eq!(bench.said(), [said(ACK, 0, 0, b"")]);
    assert_eq!(bench.connection.state(), State::Open);
    bench.quiet();
}

#[test]
fn bytes_go_both_ways() {
    everywhere(|mut bench| {
        assert_eq!(bench.connection.write(b"login"), 5);
        assert_eq!((bench.connection.unsent(), bench.connection.unacknowledged()), (5, 0));
        assert_eq!(bench.said(), [said(PSH | ACK, 0, 0, b"login")]);
        assert_eq!((bench.connection.unsent(), bench.connection.unacknowledged()), (0, 5));
        bench.put(seg(PSH | ACK, 0, 5, b"accepted"));
        bench.put(seg(PSH | ACK, 8, 5, b"!"));
        assert_eq!(bench.said(), [said(ACK, 5, 9, b"")]);
        assert_eq!((bench.connection.unacknowledged(), bench.read()), (0, b"accepted!".to_vec()));
        bench.quiet();
    });
}

#[test]
fn what_is_long_goes_in_segments_as_large_as_the_venue_takes() {
    for (options, bytes) in [(vec![2, 4, 5, 180], 1_460), (vec![2, 4, 3, 232], 1_000), (vec![1, 1, 1, 0], 536), (vec![2, 4, 0xff, 0xff], 1_460), (vec![2, 4, 0, 0], 64)] {
        let mut bench = Bench::new(1, 1);
        bench.open();
        bench.sent();
        bench.put(Segment { options, ..seg(SYN | ACK, u32::MAX, 0, b"") });
        bench.sent();
        assert_eq!(bench.connection.write(&[7; 3_000]), 3_000);
        assert_eq!(bench.sent()[0].payload.len(), bytes);
    }
}

#[test]
fn a_lent_stream_goes_on_where_the_host_was_and_the_host_goes_on_behind_it() {
    everywhere(|mut bench| {
        bench.connection.write(b"login");
        assert_eq!(bench.lend(), None, "something written is not sent");
        bench.sent();
        bench.put(seg(ACK, 0, 0, b"hi").window(1_000));
        bench.sent();
        assert_eq!(bench.card(5, b"order"), Err(NotNext::NotLent));
        assert_eq!(bench.lend(), Some((5, 2, 995)));
        assert_eq!((bench.connection.is_lent(), bench.lend(), bench.connection.write(b"x")), (true, None, 0));
        assert_eq!(bench.card(5, b"order-1"), Ok(()));
        assert!(matches!(bench.card(5, b"order-1"), Err(NotNext::Sequence { next, told }) if next == told.wrapping_add(7)));
        assert_eq!(bench.card(12, b"order-2"), Ok(()));
        assert_eq!(bench.connection.unacknowledged(), 19);
        bench.quiet();
        bench.put(seg(PSH | ACK, 2, 12, b"report"));
        assert_eq!(bench.said(), [said(ACK, 19, 8, b"")]);
        assert_eq!((bench.connection.unacknowledged(), bench.read()), (7, b"hireport".to_vec()));
        // What we said may have come behind an order that we had not heard of: it is said once more.
        assert_eq!(bench.card(19, b"order-3"), Ok(()));
        assert_eq!(bench.said(), [said(ACK, 26, 8, b"")]);
        assert_eq!(bench.card(26, b"order-4"), Ok(()));
        bench.quiet();
        assert_eq!(bench.connection.give_back(), Ok(()));
        assert_eq!((bench.connection.is_lent(), bench.connection.lent(), bench.connection.write(b"logout")), (false, None, 6));
        assert_eq!(bench.said(), [said(PSH | ACK, 33, 8, b"logout")]);
        assert_eq!(bench.card(39, b"late"), Err(NotNext::NotLent));
    });
}

#[test]
fn both_sides_close_in_order_whoever_begins() {
    everywhere(|mut bench| {
        bench.connection.write(b"logout");
        bench.connection.close();
        assert_eq!((bench.connection.state(), bench.connection.write(b"more")), (State::Closing, 0));
        assert_eq!(bench.said(), [said(FIN | ACK, 0, 0, b"logout")]);
        bench.put(seg(ACK, 0, 7, b"last words"));
        assert_eq!(bench.said(), [said(ACK, 7, 10, b"")]);
        assert_eq!((bench.connection.state(), bench.read()), (State::Closing, b"last words".to_vec()));
        bench.put(seg(FIN | ACK, 10, 7, b""));
        assert_eq!(bench.said(), [said(ACK, 7, 11, b"")]);
        assert_eq!((bench.connection.state(), bench.connection.ended()), (State::TimeWait, Some(End::Closed)));
        // Our last acknowledgement was lost.
        bench.after(30_000);
        bench.put(seg(FIN | ACK, 10, 7, b""));
        assert_eq!(bench.said(), [said(ACK, 7, 11, b"")]);
        bench.after(59_999);
        bench.quiet();
        assert_eq!(bench.connection.state(), State::TimeWait);
        bench.after(1);
        bench.quiet();
        assert_eq!((bench.connection.state(), bench.connection.ended()), (State::Closed, Some(End::Closed)));
    });
    everywhere(|mut bench| {
        bench.put(seg(FIN | ACK, 0, 0, b"good bye"));
        assert_eq!((bench.said(), bench.connection.state()), (vec![said(ACK, 0, 9, b"")], State::PeerClosed));
        assert_eq!((bench.connection.ended(), bench.lend()), (None, None));
        assert_eq!((bench.read(), bench.connection.ended()), (b"good bye".to_vec(), Some(End::Peer)));
        // Half of it is still open.
        assert_eq!(bench.connection.write(b"and you"), 7);
        assert_eq!(bench.said(), [said(PSH | ACK, 0, 9, b"and you")]);
        bench.connection.close();
        assert_eq!(bench.said(), [said(FIN | ACK, 7, 9, b"")]);
        bench.put(seg(ACK, 9, 8, b""));
        bench.quiet();
        assert_eq!((bench.connection.state(), bench.connection.ended()), (State::Closed, Some(End::Peer)));
    });
    // Both at once.
    everywhere(|mut bench| {
        bench.connection.close();
        assert_eq!(bench.said(), [said(FIN | ACK, 0, 0, b"")]);
        bench.put(seg(FIN | ACK, 0, 0, b""));
        assert_eq!((bench.said(), bench.connection.state()), (vec![said(ACK, 1, 1, b"")], State::Closing));
        bench.put(seg(ACK, 1, 1, b""));
        assert_eq!((bench.connection.state(), bench.connection.ended()), (State::TimeWait, Some(End::Closed)));
    });
}

#[test]
fn an_acknowledgement_of_what_nobody_has_told_yet_is_remembered_while_lent() {
    everywhere(|mut bench| {
        assert_eq!(bench.lend(), Some((0, 0, 65_535)));
        bench.put(seg(ACK, 0, 10, b""));
        assert_eq!((bench.said(), bench.connection.unacknowledged()), (vec![], 0));
        assert!(matches!(bench.connection.give_back(), Err(Unheard { next, acknowledged }) if acknowledged == next.wrapping_add(10)));
        assert!(bench.connection.is_lent());
        // What we say meanwhile has a number that the venue takes.
        bench.put(seg(ACK, 0, 10, b"report"));
        assert_eq!(bench.said(), [said(ACK, 10, 6, b"")]);
        assert_eq!((bench.card(0, b"order-1"), bench.connection.unacknowledged()), (Ok(()), 0));
        assert_eq!(bench.said(), [said(ACK, 10, 6, b"")]);
        assert_eq!((bench.card(7, b"order-2"), bench.connection.unacknowledged()), (Ok(()), 4));
        bench.put(seg(ACK, 6, 12, b""));
        assert_eq!((bench.card(14, b"!!"), bench.connection.unacknowledged()), (Ok(()), 4));
        assert_eq!(bench.connection.give_back(), Ok(()));
        bench.put(seg(ACK, 6, 16, b""));
        bench.after(10_000);
        assert_eq!((bench.said(), bench.connection.unacknowledged()), (vec![], 0));
        // Beyond the window nobody can have sent; and what nobody lends nobody sends.
        bench.lend();
        bench.put(seg(ACK, 6, 16 + 65_536, b""));
        assert_eq!(bench.said(), [said(ACK, 16, 6, b"")]);
        bench.connection.give_back().unwrap();
        bench.put(seg(ACK, 6, 17, b""));
        assert_eq!((bench.said(), bench.connection.counts().unacceptable), (vec![said(ACK, 16, 6, b"")], 2));
    });
}

#[test]
fn what_the_card_has_sent_is_sent_again_by_the_host_byte_for_byte() {
    everywhere(|mut bench| {
        bench.connection.write(b"login");
        bench.sent();
        bench.lend().unwrap();
        bench.card(5, b"order-1").unwrap();
        bench.card(12, b"order-2").unwrap();
        bench.put(seg(ACK, 0, 5, b""));
        bench.after(199);
        bench.quiet();
        bench.after(1);
        assert_eq!(bench.said(), [said(PSH | ACK, 5, 0, b"order-1order-2")]);
        // The card has sent one more meanwhile, and the wait is twice as long.
        bench.card(19, b"order-3").unwrap();
        bench.after(399);
        bench.quiet();
        bench.after(1);
        assert_eq!(bench.said(), [said(PSH | ACK, 5, 0, b"order-1order-2order-3")]);
        bench.put(seg(ACK, 0, 26, b""));
        bench.after(10_000);
        assert_eq!((bench.said(), bench.connection.counts().retransmissions), (vec![], 2));
    });
}

#[test]
fn a_reset_ends_with_the_exact_number_alone() {
    everywhere(|mut bench| {
        bench.put(seg(ACK, 0, 0, b"abc"));
        bench.sent();
        for outside in [2, 3 + 65_535] {
            bench.put(seg(RST, outside, 0, b""));
            bench.quiet();
        }
        for inside in [4, 65_530] {
            bench.put(seg(RST, inside, 0, b""));
            assert_eq!((bench.said(), bench.connection.state()), (vec![said(ACK, 0, 3, b"")], State::Open));
        }
        bench.put(seg(RST, 3, 0, b""));
        assert_eq!((bench.connection.state(), bench.connection.ended()), (State::Closed, Some(End::Reset)));
        assert_eq!((bench.said(), bench.read()), (vec![], b"abc".to_vec()));
    });
}

#[test]
fn a_lost_syn_is_sent_again_and_a_venue_that_is_silent_is_given_up() {
    let mut bench = Bench::new(1_000, 5_000);
    bench.open();
    let mut at = Vec::new();
    for ms in 0..10_001 {
        if !bench.sent().is_empty() {
            at.push(ms);
        }
        bench.after(1);
    }
    assert_eq!(at, [0, 1_000, 3_000, 7_000]);
    assert_eq!((bench.connection.state(), bench.connection.ended()), (State::Closed, Some(End::TimeOut)));
    bench.open();
    assert_eq!((bench.connection.state(), bench.connection.ended(), bench.said().len()), (State::Connecting, None, 1));
    bench.put(seg(RST | ACK, 0, 5, b""));
    assert_eq!(bench.connection.state(), State::Connecting, "of another connection");
    bench.put(seg(RST | ACK, 0, 0, b""));
    assert_eq!((bench.connection.state(), bench.connection.ended()), (State::Closed, Some(End::Refused)));
}

#[test]
fn a_venue_that_holds_the_connection_of_before_is_reset_and_asked_again() {
    let mut bench = Bench::new(1_000, 5_000);
    bench.open();
    bench.sent();
    bench.put(seg(ACK, 77, 3_456, b""));
    assert_eq!(bench.said(), [said(RST, 3_456, 0, b""), said(SYN, u32::MAX, 0, b"")]);
    // Once more, but then only when the wait is over.
    bench.put(seg(ACK, 77, 3_456, b""));
    assert_eq!(bench.said(), [said(RST, 3_456, 0, b"")]);
    bench.after(1_000);
    assert_eq!(bench.said(), [said(SYN, u32::MAX, 0, b"")]);
    bench.put(seg(SYN | ACK, u32::MAX, 0, b""));
    assert_eq!((bench.said(), bench.connection.state()), (vec![said(ACK, 0, 0, b"")], State::Open));
    assert_eq!(bench.connection.counts().unacceptable, 2);
}

#[test]
fn what_comes_before_our_syn_does_not_keep_it_back() {
    let mut bench = Bench::new(1_000, 5_000);
    bench.open();
    for _ in 0..3 {
        bench.put(seg(ACK, 77, 3_456, b""));
    }
    assert_eq!(bench.said(), [said(RST, 3_456, 0, b""), said(SYN, u32::MAX, 0, b"")]);
    bench.after(1_000);
    assert_eq!(bench.said(), [said(SYN, u32::MAX, 0, b"")]);
}

#[test]
fn an_open_connection_does_not_allocate() {
    let mut bench = connected(1, 1);
    let mut out = [0; FRAME_BYTES_MAX];
    let (mut read, payload) = ([0; 1_000], [7; 700]);
    let frames: Vec<Vec<u8>> = [0, 1_400, 700, 2_100].map(|at| bench.absolute(seg(ACK, at, 1_400, &payload))).iter().map(venue_frame).collect();
    let Bench { connection, now_ns, .. } = &mut bench;
    let told = allocation_counter::measure(|| {
        let mut turn = |connection: &mut Connection, now_ns: u64| while connection.poll(now_ns, &mut out).is_some() {};
        connection.write(&payload);
        turn(connection, *now_ns);
        let lent = connection.lend().expect("it is open");
        connection.sent(*now_ns, lent.sequence, &payload).expect("the next");
        turn(connection, *now_ns + 200 * MS);
        for frame in &frames {
            connection.frame(*now_ns + 300 * MS, frame);
            turn(connection, *now_ns + 300 * MS);
        }
        connection.give_back().expect("all is told");
        assert_eq!((connection.read(&mut read), connection.unacknowledged()), (1_000, 0));
        connection.close();
        turn(connection, *now_ns + 400 * MS);
    });
    assert_eq!((told.count_total, bench.connection.counts().out_of_order, bench.connection.counts().retransmissions), (0, 1, 1));
}

#[test]
fn a_connection_that_is_aborted_resets_and_answers_no_more() {
    everywhere(|mut bench| {
        bench.lend().unwrap();
        bench.card(0, b"order").unwrap();
        bench.connection.abort();
        assert_eq!(bench.said(), [said(RST | ACK, 5, 0, b"")]);
        assert_eq!((bench.connection.state(), bench.connection.ended(), bench.connection.is_lent()), (State::Closed, Some(End::Aborted), false));
        // The card had sent more, so that the reset was too old: the next one is exact.
        bench.put(seg(ACK, 0, 10, b""));
        assert_eq!(bench.said(), [said(RST, 10, 0, b"")]);
        bench.put(seg(RST, 0, 10, b""));
        bench.after(10_000);
        bench.quiet();
    });
}

#[test]
fn a_venue_that_acknowledges_nothing_is_given_up_after_a_bounded_time() {
    let mut bench = connected(1, 1);
    bench.connection.write(b"login");
    bench.sent();
    let start_ns = bench.now_ns;
    while bench.connection.state() == State::Open {
        bench.after(10);
        let said = bench.said();
        assert!(said.iter().all(|one| one.3 == b"login" || one.0 & RST != 0), "{said:?}");
    }
    assert_eq!((bench.connection.ended(), bench.connection.counts().retransmissions), (Some(End::TimeOut), 8));
    // 0.2, 0.4, 0.8, 1.6, 3.2 and four times 5 seconds.
    assert_eq!(bench.now_ns - start_ns, 26_200 * MS);
}
