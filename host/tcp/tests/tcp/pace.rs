//! How much is sent at once, and what is sent again when.
use crate::peer::{ACK, Bench, SYN, connected, everywhere, seg};
use riposte_tcp::State;

/// Sequence numbers of what is sent now, with data, in segments.
fn segments(bench: &mut Bench) -> Vec<u32> {
    let all = bench.sent();
    all.iter().filter(|one| !one.payload.is_empty()).map(|one| one.sequence / 1_460).collect()
}

#[test]
fn ten_segments_go_at_first_and_two_for_each_that_arrives() {
    everywhere(|mut bench| {
        assert_eq!(bench.connection.write(&[7; 40 * 1_460]), 40 * 1_460);
        assert_eq!(segments(&mut bench), (0..10).collect::<Vec<_>>());
        bench.put(seg(ACK, 0, 1_460, b""));
        assert_eq!(segments(&mut bench), [10, 11]);
        bench.put(seg(ACK, 0, 2 * 1_460, b""));
        assert_eq!(segments(&mut bench), [12, 13]);
        // Nothing comes: the first one alone, then as at the beginning.
        bench.after(200);
        assert_eq!(segments(&mut bench), [2]);
        bench.put(seg(ACK, 0, 7 * 1_460, b""));
        assert_eq!(segments(&mut bench), [7, 8], "what has come is not sent again");
        bench.put(seg(ACK, 0, 14 * 1_460, b""));
        assert_eq!(segments(&mut bench), [14, 15, 16]);
    });
}

#[test]
fn duplicates_count_in_a_row_and_also_right_behind_a_recovery() {
    everywhere(|mut bench| {
        bench.connection.write(&[7; 20 * 1_460]);
        assert_eq!(segments(&mut bench).len(), 10);
        for _ in 0..2 {
            bench.put(seg(ACK, 0, 0, b""));
        }
        bench.put(seg(ACK, 0, 1_460, b""));
        assert_eq!(segments(&mut bench), [10, 11]);
        bench.put(seg(ACK, 0, 1_460, b""));
        assert_eq!(segments(&mut bench), []);
        for _ in 0..2 {
            bench.put(seg(ACK, 0, 1_460, b""));
        }
        assert_eq!(segments(&mut bench), [1]);
        // All that was under way has come; of what goes now, the first is lost.
        bench.put(seg(ACK, 0, 12 * 1_460, b""));
        let fresh = segments(&mut bench);
        assert_eq!(fresh, [12, 13]);
        bench.connection.write(b"x");
        for _ in 0..3 {
            bench.put(seg(ACK, 0, 12 * 1_460, b""));
        }
        assert_eq!(segments(&mut bench)[0], 12);
        assert_eq!(bench.connection.counts().fast_retransmissions, 2);
    });
}

#[test]
fn a_venue_with_a_small_buffer_is_not_asked_as_long_as_half_of_it_is_free() {
    let mut bench = Bench::new(1, 1);
    bench.open();
    bench.sent();
    bench.put(seg(SYN | ACK, u32::MAX, 0, b"").window(1_000));
    bench.sent();
    assert_eq!(bench.lend(), Some((0, 0, 1_000)));
    bench.card(0, &[1; 500]).unwrap();
    bench.put(seg(ACK, 0, 500, b"").window(500));
    for _ in 0..100 {
        bench.after(100);
        bench.quiet();
    }
    bench.card(500, &[1; 1]).unwrap();
    bench.put(seg(ACK, 0, 501, b"").window(499));
    bench.quiet();
    bench.after(200);
    assert_eq!(bench.said(), [(ACK, 500, 0, vec![])]);
}

#[test]
fn a_venue_that_takes_its_window_back_and_answers_is_not_given_up() {
    let mut bench = connected(1, 1);
    bench.connection.write(b"order");
    bench.sent();
    for _ in 0..30 {
        bench.put(seg(ACK, 0, 0, b"").window(0));
        bench.after(5_000);
        assert_eq!(bench.said().len(), 1);
    }
    assert_eq!(bench.connection.state(), State::Open);
}

#[test]
fn a_bad_wire_is_not_taken_for_a_venue_that_is_gone() {
    let mut bench = connected(1, 1);
    for round in 0..10 {
        bench.connection.write(b"order");
        bench.sent();
        for _ in 0..4 {
            bench.after(5_000);
            assert_eq!(bench.said().len(), 1);
        }
        bench.put(seg(ACK, 0, 5 * round + 5, b""));
    }
    assert_eq!((bench.connection.state(), bench.connection.counts().retransmissions), (State::Open, 40));
}

#[test]
fn what_is_sent_again_is_not_measured_and_has_its_own_wait() {
    everywhere(|mut bench| {
        bench.connection.write(&[7; 5 * 1_460]);
        assert_eq!(segments(&mut bench).len(), 5);
        bench.after(190);
        for _ in 0..3 {
            bench.put(seg(ACK, 0, 0, b""));
        }
        assert_eq!(segments(&mut bench), [0]);
        bench.after(190);
        assert_eq!(segments(&mut bench), []);
        bench.put(seg(ACK, 0, 5 * 1_460, b""));
        bench.connection.write(b"next");
        assert_eq!(segments(&mut bench), [5]);
        bench.after(200);
        assert_eq!(segments(&mut bench), [5], "380 ms was no round trip");
    });
    let mut bench = Bench::new(1, 1);
    bench.open();
    bench.sent();
    bench.after(150);
    bench.put(seg(ACK, 5_000, 5_000, b""));
    assert_eq!(bench.sent().len(), 2, "a reset and another SYN");
    bench.after(150);
    bench.put(seg(SYN | ACK, u32::MAX, 0, b""));
    bench.connection.write(b"order");
    assert_eq!(segments(&mut bench), [0]);
    bench.after(999);
    assert_eq!(segments(&mut bench), []);
    bench.after(1);
    assert_eq!(segments(&mut bench), [0]);
}
