//! C17: how much trades within a window, to the piece and to the nanosecond. Oracle: sums by hand.
use crate::bench::*;
use riposte_engine::{BOOK, Change, Guard, Limit, Output, Record, Report, Side};
use riposte_map::shm::Opcode;

/// Of the bench's configuration.
const WINDOW_NS: u64 = SECOND;

/// A trade that the venue tells of, by hand or by whomever.
fn trade(bench: &mut Bench, instrument: u8, side: Side, quantity: u32) -> Vec<Output> {
    let execution = bench.request();
    bench.drop_copy(CARD, Report::Executed { user_ref: 0, instrument, side, quantity, price: PRICE, execution })
}

/// The fences that it asks for, if the guard has tripped at `index`.
fn fenced(said: &[Output], index: u8) -> Option<u64> {
    tripped(said, Guard::Protection, index).then(|| commands(said, Opcode::Fence)[0].args[0])
}

fn of_pieces(most: u64) -> Bench {
    let mut bench = Bench::armed();
    bench.one(Change::SetLimit { limit: Limit::ProtectionPieces, index: 0, value: most });
    bench
}

#[test]
fn more_than_may_trade_in_a_window_fences_one_piece_beyond() {
    let mut bench = of_pieces(100);
    let resting = bench.live(10);
    for (side, quantity) in [(Side::Buy, 60), (Side::Sell, 40)] {
        assert_eq!(fenced(&trade(&mut bench, 0, side, quantity), 0), None, "bought and sold, to the limit");
    }
    assert_eq!(fenced(&trade(&mut bench, 1, Side::Buy, 500), 1), None, "another instrument has none");
    let said = trade(&mut bench, 0, Side::Sell, 1);
    assert_eq!((fenced(&said, 0), cancels(&said)), (Some(1), vec![resting]));
    assert!(bench.engine.is_permitted(), "the others go on");
    assert_eq!(fenced(&trade(&mut bench, 0, Side::Sell, 500), 0), None, "it stands");
    assert_eq!(bench.both(Change::ClearKill), None);
    assert_eq!(fenced(&trade(&mut bench, 0, Side::Buy, 100), 0), None, "two people begin anew");
    assert_eq!(fenced(&trade(&mut bench, 0, Side::Buy, 1), 0), Some(1));
}

#[test]
fn one_person_may_protect_more_and_two_less() {
    let mut bench = of_pieces(100);
    let mut set = |value| bench.one(Change::SetLimit { limit: Limit::ProtectionPieces, index: 0, value });
    let is_set = |said: &[Output]| said.iter().any(|one| matches!(one, Output::Record(Record::LimitSet { .. })));
    assert_eq!([100, 99, 100, 0, 99, 1].map(|value| is_set(&set(value))), [true, true, false, false, true, true]);
}

#[test]
fn a_window_begins_with_an_execution_and_ends_to_the_nanosecond() {
    for (gap_ns, expected) in [(WINDOW_NS - 1, Some(1)), (WINDOW_NS, None)] {
        let mut bench = of_pieces(100);
        bench.wait(3 * WINDOW_NS / 2);
        trade(&mut bench, 0, Side::Buy, 100);
        bench.now_ns += gap_ns;
        assert_eq!(fenced(&trade(&mut bench, 0, Side::Buy, 1), 0), expected, "{gap_ns} ns");
    }
}

#[test]
fn an_execution_counts_once_and_a_bust_gives_nothing_back() {
    let mut bench = of_pieces(100);
    let order = bench.live(200);
    let fill = |execution| Report::Executed { user_ref: order, instrument: 0, side: Side::Buy, quantity: 50, price: PRICE, execution };
    for execution in [1, 2] {
        assert_eq!(fenced(&bench.venue(CARD, fill(execution)), 0), None);
        assert_eq!(fenced(&bench.drop_copy(CARD, fill(execution)), 0), None, "told again");
    }
    bench.venue(CARD, Report::Broken { execution: 1 });
    assert_eq!(fenced(&bench.venue(CARD, fill(3)), 0), Some(1));
}

#[test]
fn a_book_that_is_run_over_is_fenced_whole() {
    for (side, opposite) in [(Side::Buy, Side::Sell), (Side::Sell, Side::Buy)] {
        let mut bench = Bench::armed();
        let most = 100 * PRICE as u64;
        bench.one(Change::SetLimit { limit: Limit::ProtectionNet, index: 0, value: most });
        for (instrument, side, quantity) in [(0, side, 60), (1, opposite, 20), (0, side, 60)] {
            assert_eq!(fenced(&trade(&mut bench, instrument, side, quantity), BOOK), None, "what is opposite is taken off");
        }
        assert_eq!(fenced(&trade(&mut bench, 1, side, 1), BOOK), Some(0xffff), "one piece beyond");
    }
}
