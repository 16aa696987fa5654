//! What real systems suffer from, one scripted case each.
use crate::bench::*;
use riposte_engine::{Alarm, Body, Change, Guard, Origin, Output, Refusal, Report, Side, Standing, State, Stream};
use riposte_map::shm::Opcode;

fn state(bench: &Bench, session: u8, user_ref: u32) -> State {
    bench.engine.order(session, user_ref).expect("an order").state
}

fn alarmed(said: &[Output], alarm: impl Fn(&Alarm) -> bool) -> bool {
    said.iter().any(|one| matches!(one, Output::Alarm(one) if alarm(one)))
}

#[test]
fn a_restart_with_working_orders_assumes_nothing_and_ends_at_the_venues_word() {
    let mut bench = Bench::armed();
    let (live, sent, lost) = (bench.live(100), bench.enter(Side::Buy, 50, PRICE), bench.enter(Side::Buy, 60, PRICE));
    bench.give(Body::Restarted);
    for order in [live, sent, lost] {
        assert_eq!(state(&bench, CARD, order), State::Unknown);
    }
    assert!(!bench.engine.is_confirmed(0) && !bench.engine.is_permitted());
    assert!(opcodes(&bench.take()).contains(&Opcode::Disarm));
    bench.wait(500 * SECOND);
    assert_eq!(state(&bench, CARD, sent), State::Unknown, "no clock decides");
    bench.give(Body::SessionUp { session: CARD });
    bench.venue(CARD, accepted(sent, 50));
    assert_eq!(state(&bench, CARD, sent), State::Unknown, "an old word, until everything was told");
    bench.venue(CARD, executed(live, 30, 1));
    bench.caught_up(CARD, lost);
    assert_eq!(state(&bench, CARD, live), State::Live);
    assert_eq!(state(&bench, CARD, sent), State::Live);
    assert_eq!(state(&bench, CARD, lost), State::NotReceived);
    assert_eq!(bench.both(Change::Arm), Some(Refusal::Unconfirmed));
    bench.confirm(0, 30);
    bench.confirm(1, 0);
    assert_eq!(bench.both(Change::Arm), None);
    assert_eq!(commands(&bench.take(), Opcode::Order), [], "nothing is asked for twice");
}

#[test]
fn a_restart_disarms_a_card_that_nobody_remembers_arming() {
    let mut bench = Bench::ready(config());
    assert_eq!(opcodes(&bench.give(Body::Restarted)), [Opcode::Disarm]);
    assert!(!bench.engine.is_confirmed(0) && !bench.engine.is_confirmed(1));
}

#[test]
fn fills_while_disconnected_are_booked_once_from_the_replay() {
    let mut bench = Bench::armed();
    let order = bench.live(100);
    bench.give(Body::SessionDown { session: CARD });
    bench.drop_copy(CARD, executed(order, 70, 1));
    assert_eq!((bench.quantity(0), state(&bench, CARD, order)), (70, State::Live), "the drop copy has spoken");
    bench.give(Body::SessionUp { session: CARD });
    bench.venue(CARD, executed(order, 70, 1));
    let missing = bench.numbers[usize::from(CARD)][0];
    let said = bench.give(Body::CaughtUp { session: CARD, next_sequence: missing + 1, next_user_ref: order + 1 });
    assert!(said.contains(&Output::Replay { session: CARD, stream: Stream::Session, from: missing }));
    assert_eq!(bench.engine.standing(CARD), Some(Standing::Replaying), "one report is not here yet");
    bench.venue(CARD, executed(order, 30, 2));
    bench.caught_up(CARD, order + 1);
    bench.drop_copy(CARD, executed(order, 30, 2));
    assert_eq!((bench.quantity(0), state(&bench, CARD, order)), (100, State::Filled));
    assert!(!bench.engine.is_confirmed(0));
    bench.confirm(0, 100);
    assert!(bench.engine.is_confirmed(0));
}

#[test]
fn a_statement_counts_only_with_the_report_that_was_read_last() {
    let mut bench = Bench::armed();
    let order = bench.live(100);
    let stated = |as_of| Body::Position { session: CARD, instrument: 0, quantity: 0, price: PRICE, as_of };
    bench.venue(CARD, executed(order, 30, 1));
    let read = bench.numbers[usize::from(CARD)][0] - 1;
    for as_of in [read - 1, read + 1] {
        assert!(bench.give(stated(as_of)).is_empty(), "it is of another moment");
    }
    bench.give(Body::SessionDown { session: CARD });
    bench.take();
    assert!(bench.confirm(0, 30).is_empty() && !bench.engine.is_confirmed(0), "nor does it while reports may be missing");
    bench.reconnect(CARD, order + 1);
    bench.confirm(0, 30);
    assert!(bench.engine.is_confirmed(0));
}

#[test]
fn split_fills_with_missing_frames_are_asked_for_and_counted_once() {
    let mut bench = Bench::armed();
    let order = bench.live(100);
    bench.venue(CARD, executed(order, 30, 1));
    let missing = bench.number(CARD, Stream::Session);
    let said = bench.venue(CARD, executed(order, 50, 3));
    assert!(said.contains(&Output::Replay { session: CARD, stream: Stream::Session, from: missing }));
    assert!(alarmed(&said, |one| matches!(one, Alarm::Gap { .. })));
    assert!(!bench.engine.is_permitted(), "nothing new on a position that is not known");
    let said = bench.venue(CARD, Report::Cancelled { user_ref: order, quantity: 1 });
    assert!(said.is_empty(), "asked once: {said:?}");
    assert_eq!((bench.quantity(0), bench.engine.is_confirmed(0)), (30, false), "nothing is taken out of order");
    let cancelled = Report::Cancelled { user_ref: order, quantity: 1 };
    for (at, report) in (missing..).zip([executed(order, 19, 2), executed(order, 50, 3), cancelled]) {
        bench.give(Body::Venue { session: CARD, sequence: at, report });
    }
    assert_eq!((bench.quantity(0), state(&bench, CARD, order)), (99, State::Cancelled));
}

#[test]
fn an_order_that_timed_out_but_lives_is_unknown_until_the_venue_speaks() {
    let mut bench = Bench::armed();
    let order = bench.enter(Side::Buy, 100, PRICE);
    bench.wait(SECOND - 1);
    assert_eq!(state(&bench, CARD, order), State::Sent);
    bench.wait(1);
    assert_eq!(state(&bench, CARD, order), State::Unknown);
    assert_eq!((bench.both(Change::ClearKill), bench.both(Change::Arm)), (None, Some(Refusal::UnknownOrders)));
    assert!(bench.engine.exposure(0) == 100 * i128::from(PRICE), "it counts as if it lived");
    for _ in 0..100 {
        bench.wait(600 * SECOND / 100);
    }
    assert_eq!(state(&bench, CARD, order), State::Unknown);
    bench.venue(CARD, executed(order, 100, 1));
    assert_eq!((state(&bench, CARD, order), bench.quantity(0)), (State::Filled, 100));
}

#[test]
fn replayed_fills_change_nothing() {
    let mut bench = Bench::armed();
    let order = bench.live(100);
    bench.venue(CARD, executed(order, 40, 1));
    bench.venue(CARD, executed(order, 60, 2));
    let before = (bench.quantity(0), *bench.engine.order(CARD, order).unwrap());
    for sequence in 1..4 {
        let said = bench.give(Body::Venue { session: CARD, sequence, report: executed(order, 40, 1) });
        assert!(said.is_empty());
    }
    // A venue that numbers a resent fill anew.
    bench.venue(CARD, executed(order, 40, 1));
    bench.drop_copy(CARD, executed(order, 60, 2));
    assert_eq!((bench.quantity(0), *bench.engine.order(CARD, order).unwrap()), before);
    let other = Report::Executed { user_ref: order, instrument: 0, side: Side::Buy, quantity: 41, price: PRICE, execution: 1 };
    assert!(alarmed(&bench.venue(CARD, other), |one| matches!(one, Alarm::ExecutionDiffers { .. })));
    assert!(!bench.engine.is_permitted());
}

#[test]
fn an_outside_cancel_closes_the_order_and_is_told() {
    let mut bench = Bench::armed();
    let [ours, theirs] = [bench.card_order(100), bench.card_order(100)];
    for order in [ours, theirs] {
        bench.venue(CARD, accepted(order, 100));
    }
    bench.give(Body::Cancel { session: CARD, user_ref: ours });
    assert!(!alarmed(&bench.venue(CARD, Report::Cancelled { user_ref: ours, quantity: 100 }), |_| true));
    let said = bench.venue(CARD, Report::Cancelled { user_ref: theirs, quantity: 100 });
    assert!(alarmed(&said, |one| *one == Alarm::OutsideCancel { session: CARD, user_ref: theirs, quantity: 100 }));
    // The drop copy tells both again.
    bench.drop_copy(CARD, Report::Cancelled { user_ref: ours, quantity: 100 });
    assert!(!alarmed(&bench.drop_copy(CARD, Report::Cancelled { user_ref: theirs, quantity: 100 }), |_| true));
    assert_eq!([ours, theirs].map(|one| state(&bench, CARD, one)), [State::Cancelled; 2]);
    assert!(bench.engine.is_permitted());
}

#[test]
fn a_trade_made_by_hand_is_booked_and_told() {
    let mut bench = Bench::armed();
    let trade = Report::Executed { user_ref: 900, instrument: 1, side: Side::Sell, quantity: 7, price: 500, execution: 44 };
    let said = bench.drop_copy(CARD, trade);
    assert!(alarmed(&said, |one| *one == Alarm::HandTrade { session: CARD, execution: 44, instrument: 1 }));
    assert_eq!((bench.quantity(1), bench.engine.position(1).unwrap().cash), (-7, 3500));
    bench.drop_copy(CARD, trade);
    assert_eq!(bench.quantity(1), -7);
}

#[test]
fn a_stream_that_looks_alive_but_is_not_stops_trading() {
    // A session that still has a heartbeat but answers no order.
    let mut bench = Bench::armed();
    bench.enter(Side::Buy, 1, PRICE);
    bench.now_ns += SECOND;
    bench.give(Body::Heartbeat { session: CARD });
    assert!(bench.engine.is_permitted());
    let said = bench.wait(0);
    assert!(alarmed(&said, |one| matches!(one, Alarm::Unknown { session: CARD, orders: 1 })));
    assert_eq!((bench.tripped(Guard::Stream), bench.engine.is_permitted()), (1, false));
    // A feed that is connected but says nothing any more about what we hold.
    let mut config = config();
    config.times.mark_age_ns = 10 * SECOND;
    let mut bench = Bench::armed_with(config);
    bench.book(0, 999, 1001);
    let order = bench.live(5);
    bench.venue(CARD, executed(order, 5, 1));
    bench.wait(9 * SECOND);
    bench.book(0, 999, 1001);
    for _ in 0..9 {
        bench.wait(SECOND);
    }
    assert!(bench.engine.is_permitted());
    bench.wait(SECOND);
    assert_eq!((bench.tripped(Guard::StaleMark), bench.engine.is_permitted()), (1, false));
    // A session without a word at all is lost.
    let mut config = crate::bench::config();
    config.times.silence_ns = 10 * SECOND;
    let mut bench = Bench::armed_with(config);
    let order = bench.live(5);
    bench.wait(10 * SECOND - 1);
    assert_eq!(state(&bench, CARD, order), State::Live);
    bench.wait(1);
    assert_eq!((state(&bench, CARD, order), bench.engine.is_permitted()), (State::Unknown, false));
}

#[test]
fn a_bust_makes_the_position_what_it_would_be_without_the_trade() {
    let trades = [(Side::Buy, 100, 1000), (Side::Sell, 30, 1010), (Side::Buy, 50, 990), (Side::Sell, 200, 1005)];
    let play = |skipped: Option<usize>, broken: Option<u64>| {
        let mut bench = Bench::armed();
        for (at, (side, quantity, price)) in trades.into_iter().enumerate().filter(|(at, _)| Some(*at) != skipped) {
            let execution = at as u64;
            bench.drop_copy(CARD, Report::Executed { user_ref: 0, instrument: 0, side, quantity, price, execution });
        }
        if let Some(execution) = broken {
            bench.drop_copy(CARD, Report::Broken { execution });
            bench.venue(CARD, Report::Broken { execution });
        }
        *bench.engine.position(0).unwrap()
    };
    for at in 0..trades.len() {
        assert_eq!(play(None, Some(at as u64)), play(Some(at), None), "trade {at}");
    }
    // The bust overtakes its trade.
    let mut bench = Bench::armed();
    let order = bench.live(20);
    bench.drop_copy(CARD, Report::Broken { execution: 5 });
    bench.venue(CARD, executed(order, 10, 5));
    bench.drop_copy(CARD, executed(order, 10, 5));
    assert_eq!((bench.quantity(0), bench.engine.order(CARD, order).unwrap().open()), (0, 10), "it took its pieces, once");
}

#[test]
fn a_word_of_the_venue_that_overtakes_the_cards_event_is_believed() {
    let mut bench = Bench::armed();
    let (accepted_first, rejected_first) = (bench.user_ref + 1, bench.user_ref + 2);
    bench.venue(CARD, accepted(accepted_first, 30));
    assert!(alarmed(&bench.venue(CARD, Report::Rejected { user_ref: rejected_first, reason: 7 }), |one| matches!(one, Alarm::Rejected { .. })));
    assert_eq!(state(&bench, CARD, rejected_first), State::Rejected);
    assert_eq!((bench.card_order(30), bench.card_order(40)), (accepted_first, rejected_first));
    assert_eq!((state(&bench, CARD, accepted_first), state(&bench, CARD, rejected_first)), (State::Live, State::Rejected));
    let order = bench.engine.order(CARD, rejected_first).expect("an order");
    assert_eq!((order.origin, order.instrument, order.quantity, order.price), (Origin::Card, 0, 40, PRICE));
    assert_eq!(bench.engine.open_orders().count(), 1);
}
