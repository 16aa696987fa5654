//! The states of an order, each by the word that leads to it.
use crate::bench::*;
use riposte_engine::{Alarm, Body, Guard, Origin, Output, Report, Side, State, Stream};

fn state(bench: &Bench, session: u8, user_ref: u32) -> State {
    bench.engine.order(session, user_ref).expect("an order").state
}

#[test]
fn an_order_is_what_the_venue_last_said_of_it() {
    let mut bench = Bench::armed();
    let order = bench.enter(Side::Buy, 100, PRICE);
    assert_eq!(state(&bench, CARD, order), State::Sent);
    bench.venue(CARD, accepted(order, 100));
    assert_eq!(state(&bench, CARD, order), State::Live);
    bench.venue(CARD, executed(order, 40, 1));
    assert_eq!(bench.engine.order(CARD, order).unwrap().open(), 60);
    let replacing = order + 100;
    bench.venue(CARD, Report::Replaced { original: order, user_ref: replacing, quantity: 60, price: PRICE + 1 });
    assert_eq!((state(&bench, CARD, order), state(&bench, CARD, replacing)), (State::Replaced, State::Live));
    bench.venue(CARD, executed(replacing, 10, 2));
    bench.venue(CARD, Report::Cancelled { user_ref: replacing, quantity: 20 });
    assert_eq!(state(&bench, CARD, replacing), State::Live);
    bench.venue(CARD, Report::Cancelled { user_ref: replacing, quantity: 30 });
    assert_eq!(state(&bench, CARD, replacing), State::Cancelled);
    let filled = bench.live(5);
    bench.venue(CARD, executed(filled, 5, 3));
    assert_eq!(state(&bench, CARD, filled), State::Filled);
    let rejected = bench.enter(Side::Sell, 5, PRICE);
    bench.venue(CARD, Report::Rejected { user_ref: rejected, reason: 0x21 });
    assert_eq!(state(&bench, CARD, rejected), State::Rejected);
    assert_eq!(bench.quantity(0), 55);
    assert_eq!(bench.engine.open_orders().count(), 0);
    assert_eq!(bench.engine.exposure(0), 55 * i128::from(PRICE), "nothing open is left in the exposure");
}

#[test]
fn the_same_hedge_twice_is_one_order() {
    let mut bench = Bench::armed();
    let body = Body::Hedge { number: 500, instrument: 0, side: Side::Buy, quantity: 1, price: PRICE as u32 };
    assert!(!bench.give(body).is_empty());
    assert!(bench.give(body).is_empty());
    bench.give(Body::Restarted);
    assert!(bench.give(body).is_empty(), "not after a restart either");
    assert_eq!(bench.engine.open_orders().count(), 1);
}

#[test]
fn an_order_of_the_card_is_one_order_whoever_tells_first() {
    let mut bench = Bench::armed();
    let order = bench.card_order(100);
    assert_eq!(state(&bench, CARD, order), State::Sent);
    bench.venue(CARD, accepted(order, 100));
    bench.venue(CARD, accepted(order + 1, 100));
    assert_eq!(bench.engine.order(CARD, order + 1).unwrap().origin, Origin::Outside);
    bench.card_order(100);
    let both = [order, order + 1].map(|one| *bench.engine.order(CARD, one).unwrap());
    assert!(both.iter().all(|one| one.origin == Origin::Card && one.state == State::Live));
    assert_eq!(bench.engine.open_orders().count(), 2);
}

#[test]
fn an_event_of_the_card_counts_once() {
    let mut bench = Bench::armed();
    bench.card_order(100);
    let again = bench.inputs.last().expect("the event").body;
    let digest = bench.engine.digest();
    assert!(bench.give(again).is_empty());
    assert_eq!(bench.engine.digest(), digest);
}

#[test]
fn a_bad_input_is_told_and_changes_no_order() {
    let mut bench = Bench::armed();
    let order = bench.live(100);
    for body in [
        Body::Venue { session: 9, sequence: 1, report: accepted(1, 1) },
        Body::Position { session: CARD, instrument: 200, quantity: 1, price: 1, as_of: 0 },
        Body::Position { session: CARD, instrument: 0, quantity: i64::MIN, price: 1, as_of: 0 },
        Body::Hedge { number: 77, instrument: 200, side: Side::Buy, quantity: 1, price: 1 },
        Body::Hedge { number: 78, instrument: 0, side: Side::Buy, quantity: 0, price: 1 },
        Body::Hedge { number: 79, instrument: 0, side: Side::Buy, quantity: 1, price: 0 },
        Body::Approve { request: 12345, by: BOB },
    ] {
        assert!(bench.give(body).iter().any(|one| matches!(one, Output::Alarm(_))), "{body:?}");
    }
    for body in [
        Body::SessionUp { session: 99 }, Body::CaughtUp { session: 99, next_sequence: 0, next_user_ref: 0 },
        Body::SessionDown { session: 99 }, Body::Heartbeat { session: 99 }, Body::TimerSet { session: 99, until_ns: 0 },
        Body::Mark { instrument: 99, price: 1 }, Body::Mark { instrument: 0, price: i64::MIN },
        Body::Cancel { session: 99, user_ref: 0 }, Body::Claimed { session: 99, execution: 0 },
    ] {
        bench.give(body);
    }
    assert_eq!(state(&bench, CARD, order), State::Live);
    for stream in [Stream::Session, Stream::DropCopy] {
        let mut bench = Bench::armed();
        let sequence = bench.number(CARD, stream);
        let said = bench.give(Body::Unreadable { session: CARD, stream, sequence });
        assert!(said.iter().any(|one| matches!(one, Output::Alarm(Alarm::BadReport { session: CARD, .. }))));
        assert_eq!((bench.engine.is_permitted(), bench.engine.is_confirmed(0), bench.tripped(Guard::Unbooked)), (false, false, 1));
        // What comes behind it is taken, and it counts once.
        assert!(bench.give(Body::Unreadable { session: CARD, stream, sequence }).is_empty());
        assert_eq!(bench.engine.next_sequence(CARD, stream), Some(sequence + 1));
    }
    let price = i64::MAX;
    let unreadable = Report::Executed { user_ref: order, instrument: 0, side: Side::Buy, quantity: 1, price, execution: 1 };
    let said = bench.venue(CARD, unreadable);
    assert!(said.iter().any(|one| matches!(one, Output::Alarm(Alarm::BadReport { .. }))));
    assert!(!bench.engine.is_permitted() && !bench.engine.is_confirmed(0), "what cannot be read may be a fill");
}

#[test]
fn an_order_of_nothing_is_over_when_no_answer_comes_and_the_others_are_unknown() {
    let mut bench = Bench::armed();
    let nothing = bench.card_order(0);
    let orders = [bench.card_order(1), bench.card_order(2)];
    bench.wait(SECOND);
    assert!(!state(&bench, CARD, nothing).is_open());
    assert!(orders.iter().all(|order| state(&bench, CARD, *order) == State::Unknown));
}
