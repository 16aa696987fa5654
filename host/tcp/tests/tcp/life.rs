//! How a connection begins and ends, also the second time.
use crate::peer::{ACK, Bench, FIN, MS, PSH, RST, SYN, connected, everywhere, seg};
use riposte_tcp::{End, NotNext, State};

#[test]
fn a_connection_that_is_opened_again_knows_nothing_of_the_one_before() {
    everywhere(|mut bench| {
        // Pieces, unread bytes, bytes that nobody acknowledges, long waits, lent: then it is given up.
        bench.put(seg(ACK, 0, 0, b"unread"));
        bench.put(seg(FIN | ACK, 50, 0, b"piece"));
        bench.connection.write(b"unanswered");
        bench.sent();
        bench.lend().unwrap();
        while bench.connection.state() != State::Closed {
            bench.after(50);
            bench.said();
        }
        assert_eq!(bench.connection.ended(), Some(End::TimeOut));
        bench.open();
        assert_eq!((bench.connection.ended(), bench.connection.is_lent(), bench.connection.unacknowledged()), (None, false, 0));
        assert_eq!(bench.said(), [(SYN, u32::MAX, 0, vec![])]);
        bench.after(999);
        bench.quiet();
        bench.after(1);
        assert_eq!(bench.said(), [(SYN, u32::MAX, 0, vec![])]);
        bench.put(seg(SYN | ACK, u32::MAX, 0, b""));
        bench.put(seg(ACK, 0, 0, &[7; 50]));
        assert_eq!(bench.said(), [(ACK, 0, 50, vec![])]);
        bench.put(seg(ACK, 50, 0, &[7; 10]));
        assert_eq!(bench.said(), [(ACK, 0, 60, vec![])]);
        bench.connection.write(b"first");
        assert_eq!((bench.said(), bench.read()), (vec![(PSH | ACK, 0, 60, b"first".to_vec())], vec![7; 60]));
        // The venue has closed: nothing of that stays either.
        bench.put(seg(FIN | ACK, 60, 5, b""));
        bench.put(seg(RST, 61, 0, b""));
        bench.open();
        bench.sent();
        bench.put(seg(SYN | ACK, u32::MAX, 0, b""));
        assert_eq!((bench.connection.state(), bench.connection.ended()), (State::Open, None));
        bench.put(seg(ACK, 0, 0, b"again"));
        assert_eq!(bench.read(), b"again");
    });
}

#[test]
fn who_closes_before_the_venue_has_answered_leaves_nothing_behind() {
    let mut bench = Bench::new(1, 1);
    bench.connection.close();
    bench.open();
    bench.sent();
    bench.connection.close();
    assert_eq!((bench.connection.state(), bench.connection.ended()), (State::Closed, Some(End::Closed)));
    bench.quiet();
    bench.put(seg(SYN | ACK, u32::MAX, 0, b""));
    assert_eq!(bench.said(), [(RST, 0, 0, vec![])]);
}

#[test]
fn the_end_is_told_when_what_came_before_has_been_read() {
    everywhere(|mut bench| {
        bench.put(seg(FIN | ACK, 0, 0, b"last words"));
        bench.sent();
        bench.connection.close();
        bench.sent();
        bench.put(seg(ACK, 11, 1, b""));
        assert_eq!((bench.connection.state(), bench.connection.ended()), (State::Closed, None));
        assert_eq!((bench.read(), bench.connection.ended()), (b"last words".to_vec(), Some(End::Peer)));
    });
}

#[test]
fn a_reset_or_an_abort_of_what_is_over_does_not_change_why() {
    let lingering = || {
        let mut bench = connected(1, 1);
        bench.connection.close();
        bench.sent();
        bench.put(seg(FIN | ACK, 0, 1, b""));
        bench.sent();
        assert_eq!(bench.connection.state(), State::TimeWait);
        bench
    };
    let mut bench = lingering();
    bench.put(seg(RST, 1, 0, b""));
    assert_eq!((bench.connection.state(), bench.connection.ended()), (State::Closed, Some(End::Closed)));
    let mut bench = lingering();
    bench.connection.abort();
    bench.quiet();
    assert_eq!((bench.connection.state(), bench.connection.ended()), (State::Closed, Some(End::Closed)));
}

#[test]
fn the_card_cannot_have_sent_more_than_a_window() {
    everywhere(|mut bench| {
        bench.lend().unwrap();
        for at in 0..65 {
            bench.card(at * 1_000, &[1; 1_000]).unwrap();
        }
        assert_eq!(bench.card(65_000, &[1; 537]), Err(NotNext::Room { bytes: 537, room: 536 }));
        bench.card(65_000, &[1; 536]).unwrap();
        bench.put(seg(ACK, 0, 1_000, b""));
        assert_eq!((bench.card(65_536, &[1; 1_000]), bench.card(66_536, b"")), (Ok(()), Ok(())));
    });
}

#[test]
fn a_fin_waits_for_a_window_like_a_byte() {
    everywhere(|mut bench| {
        bench.put(seg(ACK, 0, 0, b"").window(5));
        bench.connection.write(b"order");
        bench.connection.close();
        assert_eq!(bench.said(), [(PSH | ACK, 0, 0, b"order".to_vec())]);
        bench.put(seg(ACK, 0, 5, b"").window(0));
        bench.quiet();
        bench.after(200);
        assert_eq!(bench.said(), [(ACK, 4, 0, vec![])]);
        bench.put(seg(ACK, 0, 5, b"").window(1));
        assert_eq!(bench.said(), [(FIN | ACK, 5, 0, vec![])]);
        assert!(bench.now_ns > MS);
    });
}
