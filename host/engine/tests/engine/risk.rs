//! C21 to C24: what the book would lose, and what a venue demands for it, to the last unit.
//!
//! Oracle of the scenarios: the same polynomial in floats, of positions that the test counts itself.
use crate::bench::*;
use riposte_engine::*;
use riposte_map::limits::INSTRUMENTS;
use riposte_map::shm::{Event, EventKind};

const SECOND: u64 = 1_000_000_000;

fn stated(instrument: u8, [delta, gamma, vega, theta]: [i64; 4]) -> Change {
    Change::StateGreeks { instrument, delta, gamma, vega, theta, price: PRICE, evidence: [3; 32] }
}

/// Everything that was bought is filled, at `PRICE`.
fn buy(bench: &mut Bench, quantity: u32, execution: u64) {
    let user_ref = bench.card_order(quantity);
    bench.venue(0, accepted(user_ref, quantity));
    bench.venue(0, executed(user_ref, quantity, execution));
}

/// A window in which nothing but this book is seen.
fn mark(bench: &mut Bench, bid: u32, ask: u32) {
    bench.book(0, bid, ask);
    bench.wait(SECOND);
    bench.book(0, bid, ask);
    bench.wait(SECOND);
}

fn with(change: impl FnOnce(&mut RiskTerms)) -> Config {
    let mut config = config();
    change(&mut config.risk);
    config
}

#[test]
fn delta_holds_to_the_last_unit_and_nothing_offsets_across_underlyings() {
    let mut bench = Bench::armed();
    bench.one(Change::SetLimit { limit: Limit::Delta, index: 0, value: 100 * PRICE as u64 });
    bench.card_order(60);
    assert_eq!(bench.both(stated(1, [-40 * PRICE, 0, 0, 0])), None);
    assert!(bench.engine.is_permitted(), "60 that may trade here and 40 short there");
    assert_eq!(bench.engine.sensitivities(), [100 * i128::from(PRICE), 0, 0, 0]);
    bench.card_order(1);
    assert_eq!((bench.tripped(Guard::Greeks), bench.engine.is_permitted()), (1, false));
}

#[test]
fn what_is_sold_counts_as_what_is_bought() {
    let mut bench = Bench::armed();
    bench.one(Change::SetLimit { limit: Limit::Delta, index: 0, value: 100 * PRICE as u64 });
    mark(&mut bench, PRICE as u32, PRICE as u32 + 1);
    let sell = |bench: &mut Bench, quantity| {
        bench.user_ref += 1;
        let (price_e4, detail) = (PRICE as u32, b'S'.into());
        bench.event(Event { kind: EventKind::OrderSent as u8, price_e4, quantity, user_ref: bench.user_ref, detail, ..Event::default() });
    };
    sell(&mut bench, 60);
    bench.card_order(90);
    sell(&mut bench, 40);
    assert!(bench.engine.is_permitted(), "of 90 bought and 100 sold the worse end is 100 short");
    assert_eq!(bench.engine.worst_scenario().0, 20 * i128::from(PRICE), "20 % up");
    sell(&mut bench, 1);
    assert_eq!((bench.tripped(Guard::Greeks), bench.engine.is_permitted()), (1, false));
}

#[test]
fn what_is_held_elsewhere_offsets_what_is_held_here() {
    let mut bench = Bench::armed();
    bench.one(Change::SetLimit { limit: Limit::Delta, index: 0, value: 10 * PRICE as u64 });
    buy(&mut bench, 10, 1);
    assert_eq!(bench.both(stated(0, [-10 * PRICE, 0, 0, 0])), None);
    assert_eq!(bench.engine.sensitivities()[0], 0);
    buy(&mut bench, 10, 2);
    assert!(bench.engine.is_permitted());
    bench.card_order(1);
    assert_eq!(bench.tripped(Guard::Greeks), 1);
}

#[test]
fn gamma_vega_and_theta_hold_to_the_last_unit_and_none_is_permitted_by_itself() {
    for (at, limit) in [Limit::Gamma, Limit::Vega, Limit::Theta].into_iter().enumerate() {
        let greeks = |value: i64| {
            let mut all = [0; 4];
            all[at + 1] = value;
            all
        };
        let mut bench = Bench::armed();
        assert_eq!(bench.both(stated(0, greeks(-1))), None);
        assert_eq!(bench.tripped(Guard::Greeks), 1, "{limit:?} was never permitted");
        let mut bench = Bench::armed();
        bench.set_limit(limit, 0, 500);
        assert_eq!((bench.both(stated(0, greeks(200))), bench.both(stated(1, greeks(-300)))), (None, None));
        assert!(bench.engine.is_permitted(), "{limit:?}");
        assert_eq!(bench.both(stated(1, greeks(-301))), None);
        assert_eq!((bench.tripped(Guard::Greeks), bench.engine.is_permitted()), (1, false), "{limit:?}");
    }
}

#[test]
fn greeks_are_stated_by_two_people_and_only_sane_ones() {
    let mut bench = Bench::ready(config());
    let request = bench.request();
    bench.give(Body::Propose { request, by: 1, change: stated(0, [7, 0, 0, 0]) });
    assert_eq!(bench.engine.greeks(0), Some(&Greeks::default()), "one person's word changes nothing");
    bench.give(Body::Approve { request, by: 1 });
    assert_eq!(bench.engine.greeks(0).map(|one| one.delta), Some(0));
    assert_eq!(bench.both(stated(0, [7, -8, 9, -10])), None);
    let Some(&Greeks { delta: 7, gamma: -8, vega: 9, theta: -10, price: PRICE, .. }) = bench.engine.greeks(0) else { panic!() };
    for bad in [
        stated(2, [1, 0, 0, 0]), stated(200, [1, 0, 0, 0]), stated(0, [i64::MIN, 0, 0, 0]), stated(0, [0, 0, SENSITIVITY_MAX + 1, 0]),
        Change::StateGreeks { instrument: 0, delta: 1, gamma: 0, vega: 0, theta: 0, price: 0, evidence: [0; 32] },
    ] {
        assert_eq!(bench.both(bad), Some(Refusal::BadField), "{bad:?}");
    }
}

#[test]
fn delta_follows_its_underlying_by_gamma() {
    let mut bench = Bench::ready(config());
    mark(&mut bench, PRICE as u32, PRICE as u32 + 1);
    // 2 % of the price later, gamma counts twice.
    assert_eq!(bench.both(stated(0, [5000, 300, 0, 0])), None);
    assert_eq!(bench.engine.sensitivities()[0], 5000);
    mark(&mut bench, 1020, 1021);
    assert_eq!(bench.engine.sensitivities()[0], 5600);
    mark(&mut bench, 800, 801);
    assert_eq!(bench.engine.sensitivities()[0], 1000, "and behind its zero it is short");
}

#[test]
fn greeks_that_are_too_old_disarm() {
    let mut bench = Bench::armed_with(with(|risk| risk.greeks_age_ns = 5 * SECOND));
    bench.wait(6 * SECOND);
    assert!(bench.engine.is_permitted(), "nothing was stated");
    assert_eq!(bench.both(stated(0, [1, 0, 0, 0])), None);
    bench.wait(5 * SECOND - 1);
    assert!(bench.engine.is_permitted());
    bench.wait(1);
    assert_eq!((bench.tripped(Guard::Greeks), bench.engine.is_permitted()), (1, false));
}

#[test]
fn margin_holds_to_the_last_unit_of_collateral_and_result() {
    let mut bench = Bench::armed();
    bench.one(Change::SetLimit { limit: Limit::Collateral, index: 0, value: 50 * PRICE as u64 });
    buy(&mut bench, 60, 1);
    bench.card_order(40);
    assert!(bench.engine.is_permitted(), "half of 100");
    assert_eq!(bench.engine.margins(0).used, 50 * i128::from(PRICE));
    bench.one(Change::SetLimit { limit: Limit::Collateral, index: 0, value: 50 * PRICE as u64 - 1 });
    assert_eq!((bench.tripped(Guard::Margin), bench.engine.is_permitted()), (1, false));
    let mut bench = Bench::armed_with(with(|risk| risk.distance_bp = 1));
    bench.one(Change::SetLimit { limit: Limit::Collateral, index: 0, value: 50 * PRICE as u64 });
    buy(&mut bench, 100, 1);
    mark(&mut bench, PRICE as u32, PRICE as u32 + 1);
    assert!(bench.engine.is_permitted());
    mark(&mut bench, PRICE as u32 - 1, PRICE as u32);
    assert_eq!(bench.tripped(Guard::Margin), 1, "what is lost carries nothing: half of 99,900 and a loss of 100");
}

#[test]
fn an_order_that_its_margin_cannot_carry_is_refused() {
    let mut bench = Bench::armed();
    bench.one(Change::SetLimit { limit: Limit::Collateral, index: 0, value: 50 * PRICE as u64 });
    assert_eq!(refusal(&bench.try_enter(Side::Buy, 2, 50 * PRICE + 1)), Some(Refusal::LimitReached));
    bench.enter(Side::Buy, 2, 50 * PRICE);
    assert!(bench.engine.is_permitted());
}

#[test]
fn the_distance_to_liquidation_holds_to_the_last_basis_point() {
    // 100 pieces of 1000 with 35,000: a quarter is kept, so 10,000 may be lost, a tenth of the price.
    for (collateral, trips) in [(35_000, 0), (34_999, 1)] {
        let margin = Margin { initial_bp: 2500, maintenance_bp: 2500 };
        let mut bench = Bench::armed_with(with(|risk| risk.margins = [margin; INSTRUMENTS]));
        bench.one(Change::SetLimit { limit: Limit::Collateral, index: 0, value: collateral });
        buy(&mut bench, 100, 1);
        assert_eq!(bench.engine.margins(0).distance_bp, Some(if trips == 0 { 1000 } else { 999 }));
        assert_eq!((bench.tripped(Guard::Margin), bench.engine.is_permitted()), (trips, trips == 0), "{collateral}");
    }
}

#[test]
fn what_a_venue_may_owe_holds_to_the_last_unit() {
    let mut bench = Bench::armed();
    bench.one(Change::SetLimit { limit: Limit::Collateral, index: 0, value: 100_000 });
    bench.one(Change::SetLimit { limit: Limit::Counterparty, index: 0, value: 100_100 });
    buy(&mut bench, 100, 1);
    mark(&mut bench, PRICE as u32 + 1, PRICE as u32 + 2);
    assert_eq!((bench.engine.margins(0).equity, bench.engine.is_permitted()), (100_100, true));
    mark(&mut bench, PRICE as u32 + 2, PRICE as u32 + 3);
    assert_eq!((bench.tripped(Guard::VenueCap), bench.engine.is_permitted()), (1, false));
}

#[test]
fn the_worst_scenario_holds_to_the_last_unit() {
    let mut bench = Bench::armed();
    // The default's worst for who is long: 20 % down.
    bench.one(Change::SetLimit { limit: Limit::ScenarioLoss, index: 0, value: 20 * PRICE as u64 });
    buy(&mut bench, 60, 1);
    bench.card_order(40);
    assert_eq!(bench.engine.worst_scenario().0, 20 * i128::from(PRICE));
    assert!(bench.engine.is_permitted());
    bench.one(Change::SetLimit { limit: Limit::ScenarioLoss, index: 0, value: 20 * PRICE as u64 - 1 });
    assert_eq!((bench.tripped(Guard::Scenario), bench.engine.is_permitted()), (1, false));
}

#[test]
fn scenarios_are_those_of_the_desk_and_move_each_instrument_by_itself() {
    let mut spot_bp = [0; INSTRUMENTS];
    (spot_bp[0], spot_bp[1]) = (-1000, 500);
    let mut scenarios = [None; SCENARIOS];
    scenarios[3] = Some(Scenario { spot_bp, volatility_e2: 250 });
    scenarios[9] = Some(Scenario { spot_bp: [1; INSTRUMENTS], volatility_e2: 0 });
    let mut bench = Bench::ready(with(|risk| risk.scenarios = scenarios));
    [Limit::Gamma, Limit::Vega].iter().for_each(|limit| bench.set_limit(*limit, 0, 1 << 50));
    assert_eq!(bench.engine.worst_scenario(), (0, None));
    assert_eq!(bench.both(stated(0, [20_000, 400, -30, 0])), None);
    // -20,000 / 10, 400 * 1000^2 / 2e6, -30 * 2.5
    assert_eq!(bench.engine.worst_scenario(), (2000 - 200 + 75, Some(3)));
    assert_eq!(bench.both(stated(1, [-10_000, 0, 0, 0])), None);
    assert_eq!(bench.engine.worst_scenario(), (2000 - 200 + 75 + 500, Some(3)));
    assert_eq!(bench.both(stated(0, [-1_000_000, 0, 0, 0])), None);
    assert_eq!(bench.engine.worst_scenario(), (100 + 1, Some(9)));
}

proptest::proptest! {
    #[test]
    fn the_worst_of_the_grid_is_that_of_floats(
        quantity in 0u32..1000, delta in -5_000_000i64..5_000_000, gamma in -100_000i64..100_000, vega in -100_000i64..100_000,
    ) {
        let mut bench = Bench::ready(config());
        [Limit::Gamma, Limit::Vega].iter().for_each(|limit| bench.set_limit(*limit, 0, 1 << 50));
        if quantity > 0 {
            buy(&mut bench, quantity, 1);
        }
        assert_eq!(bench.both(stated(0, [delta, gamma, vega, 0])), None);
        let mut worst: f64 = 0.0;
        for percent in [-20.0, -10.0, -5.0, 5.0, 10.0, 20.0f64] {
            for points in [-10.0, 0.0, 10.0] {
                let moved = (f64::from(quantity) * PRICE as f64 + delta as f64) * percent / 100.0;
                worst = worst.max(-(moved + gamma as f64 * percent * percent / 2.0 / 100.0 + vega as f64 * points));
            }
        }
        let found = bench.engine.worst_scenario().0 as f64;
        assert!((found - worst).abs() <= 2.0, "{found}, not {worst}");
    }
}
