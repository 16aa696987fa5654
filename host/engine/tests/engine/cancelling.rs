//! What is to be gone goes: whatever happens to its session, whoever asked for it.
use crate::bench::*;
use riposte_engine::{Body, Change, Limit, Output, Report, Side};

/// Armed; instrument 0 holds 100 that were bought, and an order to buy 10 more rests, whose number this gives.
fn resting() -> (Bench, u32) {
    let mut bench = Bench::armed_with(config());
    let held = bench.card_order(100);
    bench.venue(CARD, accepted(held, 100));
    bench.venue(CARD, Report::Executed { user_ref: held, instrument: 0, side: Side::Buy, quantity: 100, price: PRICE, execution: 900 });
    let order = bench.card_order(10);
    bench.venue(CARD, accepted(order, 10));
    bench.set_limit(Limit::InstrumentLoss, 0, 500);
    bench.give(Body::Mark { instrument: 0, price: PRICE });
    bench.take();
    (bench, order)
}

/// By whom what rests shall be gone: reduce-only, a kill, a guard, a person who cancels.
const SWEEPS: [fn(&mut Bench, u32) -> Vec<Output>; 4] = [
    |bench, _| bench.one(Change::ReduceOnly { instruments: 1, ends: false }),
    |bench, _| bench.one(Change::Kill),
    |bench, _| bench.give(Body::Mark { instrument: 0, price: PRICE - 6 }),
    |bench, order| bench.give(Body::Cancel { session: CARD, user_ref: order }),
];

#[test]
fn what_is_to_be_gone_while_its_session_is_down_is_cancelled_when_it_stands() {
    for sweep in SWEEPS {
        for is_released in [false, true] {
            let (mut bench, order) = resting();
            bench.give(Body::SessionDown { session: CARD });
            assert_eq!(cancels(&sweep(&mut bench, order)), [], "nobody would hear it");
            if is_released {
                bench.both(Change::ClearKill);
            }
            assert_eq!(cancels(&bench.give(Body::SessionUp { session: CARD })), []);
            assert_eq!(cancels(&bench.caught_up(CARD, order + 1)), [order]);
            assert_eq!(cancels(&bench.wait(SECOND)), [], "once");
        }
    }
}

#[test]
fn a_cancel_that_was_under_way_when_its_session_was_lost_is_asked_for_again() {
    for sweep in SWEEPS {
        let (mut bench, order) = resting();
        assert_eq!(cancels(&sweep(&mut bench, order)), [order]);
        bench.give(Body::SessionDown { session: CARD });
        assert_eq!(cancels(&bench.reconnect(CARD, order + 1)), [order]);
        // It has ended before the next loss: nothing to ask for.
        bench.venue(CARD, Report::Cancelled { user_ref: order, quantity: 10 });
        bench.give(Body::SessionDown { session: CARD });
        assert_eq!(cancels(&bench.reconnect(CARD, order + 1)), []);
    }
}

#[test]
fn what_nobody_wants_gone_outlives_its_session() {
    let (mut bench, order) = resting();
    bench.give(Body::SessionDown { session: CARD });
    assert_eq!(cancels(&bench.reconnect(CARD, order + 1)), []);
}

#[test]
fn an_order_that_was_on_its_way_when_others_were_swept_is_cancelled_as_it_is_told_of() {
    for (sweep, closes) in SWEEPS.into_iter().zip([false, true, true]) {
        let (mut bench, order) = resting();
        sweep(&mut bench, order);
        let buys = bench.card_order(5);
        let sells = bench.card_sends(b'S', 5, 0);
        let gone = cancels(&bench.take());
        assert_eq!((gone.contains(&buys), gone.contains(&sells)), (true, closes), "reduce-only leaves what closes: {gone:?}");
    }
}
