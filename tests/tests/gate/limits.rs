//! What is fixed by a parameter set: quantity, value, collars, sides, age.
use super::*;

#[test]
fn limits_hold_to_the_last_share_and_tick() {
    let order = |quantity, price_e4| instrument(&[Rule { quantity, price_e4, ..ON_TRADE }]);
    let collar = |low, high| Instrument { collar_e4: (low, high), ..instrument(&[ON_TRADE]) };
    let maximum = |quantity_max| Instrument { quantity_max, ..instrument(&[ON_TRADE]) };
    let cases = [
        (order(500, 650_000), SENT),
        (order(501, 650_000), Reason::Quantity),
        (order(u32::MAX, 650_000), Reason::Quantity),
        (order(1, 650_000), SENT),
        (order(0, 650_000), Reason::Quantity),
        (maximum(100), SENT),
        (maximum(99), Reason::Quantity),
        (maximum(0), Reason::Quantity),
        (order(100, 600_000), SENT),
        (order(100, 599_999), Reason::Collar),
        (order(100, 700_000), SENT),
        (order(100, 700_001), Reason::Collar),
        (collar(650_000, 650_000), SENT),
        (collar(650_001, 700_000), Reason::Collar),
        (collar(600_000, 649_999), Reason::Collar),
        (collar(0, u32::MAX), SENT),
        (collar(0, 0), Reason::Collar),
        (collar(1, 0), Reason::Collar),
        (Instrument { enabled: false, ..instrument(&[ON_TRADE]) }, Reason::InstrumentDisabled),
    ];
    on_each_card(|card| {
        for (index, (one, expected)) in cases.iter().enumerate() {
            let mut bench = Bench::new(card, &[*one]);
            assert_eq!(verdict(&mut bench), *expected, "case {index}: {one:?}");
        }
    });
}

#[test]
fn a_value_one_unit_above_its_maximum_is_refused() {
    let cases = [
        (100, 650_000, 65_000_000, SENT),
        (100, 650_000, 64_999_999, Reason::Value),
        (100, 650_000, 0, Reason::Value),
        (1, 0, 0, Reason::Value),
        (1, 0, 1, SENT),
        // 64 bits, nothing is cut off.
        (0x7fff_ffff, u32::MAX, 0x7fff_fffe_8000_0001, SENT),
        (0x7fff_ffff, u32::MAX, 0x7fff_fffe_8000_0000, Reason::Value),
        (0x1_0000, 0x1_0000, 0xffff_ffff, Reason::Value),
        (0x1_0000, 0x1_0000, 0x1_0000_0000, SENT),
    ];
    on_each_card(|card| {
        for (quantity, price_e4, value_max, expected) in cases {
            // At the highest of all prices there is always somebody of ours to sell to.
            let side = if price_e4 == u32::MAX { b'S' } else { b'B' };
            let mut bench = Bench::new(card, &[Instrument { value_max, ..sending(side, quantity, price_e4) }]);
            assert_eq!(verdict(&mut bench), expected, "{quantity} at {price_e4}, up to {value_max}");
        }
    });
}

#[test]
fn a_price_one_tick_beyond_the_live_collar_is_refused() {
    let bid = |price| add(LOCATE, 1, b'B', 100, price);
    let ask = |price| add(LOCATE, 2, b'S', 100, price);
    // An order at 650,000, the reach, and the book.
    let cases: [(u8, u32, &[Vec<u8>], Reason); 21] = [
        (b'B', 100, &[ask(649_900)], SENT),
        (b'B', 100, &[ask(649_899)], Reason::LiveCollar),
        (b'B', 100, &[ask(u32::MAX)], SENT),
        (b'B', 650_000, &[ask(0)], SENT),
        (b'B', 649_999, &[ask(0)], Reason::LiveCollar),
        (b'B', u32::MAX - 1, &[ask(u32::MAX)], SENT),
        (b'B', u32::MAX - 1, &[bid(650_000)], Reason::LiveCollar),
        (b'B', u32::MAX, &[], SENT),
        (b'B', 0, &[ask(650_000)], Reason::LiveCollar),
        (b'S', 100, &[bid(650_100)], SENT),
        (b'S', 100, &[bid(650_101)], Reason::LiveCollar),
        (b'S', 100, &[bid(1)], SENT),
        (b'S', u32::MAX - 650_000, &[bid(u32::MAX)], SENT),
        (b'S', u32::MAX - 650_001, &[bid(u32::MAX)], Reason::LiveCollar),
        (b'S', u32::MAX - 1, &[ask(650_000)], Reason::LiveCollar),
        (b'S', u32::MAX, &[], SENT),
        (b'S', 0, &[bid(650_000)], Reason::LiveCollar),
        (b'T', 100, &[bid(650_100), ask(650_200)], SENT),
        (b'T', 100, &[bid(650_101), ask(650_200)], Reason::LiveCollar),
        (b'E', 100, &[bid(650_101), ask(650_200)], Reason::LiveCollar),
        (b'B', 100, &[bid(649_000), ask(649_899)], Reason::LiveCollar),
    ];
    on_each_card(|card| {
        for (side, reach_e4, book, expected) in &cases {
            let mut bench = Bench::new(card, &[Instrument { reach_e4: *reach_e4, ..sending(*side, 100, 650_000) }]);
            bench.show(book);
            assert_eq!(verdict(&mut bench), *expected, "{side} {reach_e4} {book:x?}");
        }
        // The tops are the decision's: the ask comes nearer behind the print, while the order waits.
        let two = Rule { price_e4: 650_000, ..ON_TRADE };
        let one = Instrument { reach_e4: 100, rules: instrument(&[two, two]).rules, ..sending(b'B', 100, 650_000) };
        let mut bench = Bench::new(card, &[one]);
        bench.show(&[ask(649_900), print(), add(LOCATE, 3, b'S', 100, 649_000)]);
        assert_eq!(bench.orders(), [SENT, SENT]);
        assert_eq!(verdict_of_first(&mut bench), Reason::LiveCollar);
    });
}

/// What the gate makes of the first rule of one print.
fn verdict_of_first(bench: &mut Bench) -> Reason {
    bench.show(&[print()]);
    bench.orders()[0]
}

#[test]
fn a_side_that_is_not_permitted_is_refused() {
    on_each_card(|card| {
        for side in [b'B', b'S', b'T', b'E', b'C', b'X', 0, b'b', b'B' + 0x80] {
            for sides in 0..=ALL_SIDES {
                let needed = match side {
                    b'B' => BUY,
                    b'S' => SELL,
                    b'T' | b'E' => SELL_SHORT,
                    b'C' => CANCEL,
                    _ => 0,
                };
                let expected = if sides & needed != 0 { SENT } else { Reason::Side };
                let mut bench = Bench::new(card, &[Instrument { sides, ..sending(side, 100, 650_000) }]);
                assert_eq!(verdict(&mut bench), expected, "{side} of {sides:04b}");
            }
        }
    });
}

#[test]
fn a_decision_one_cycle_too_old_is_refused() {
    // Orders of one print: their first words are 9, 26, 43 and 60 cycles behind its decisive byte.
    let four = Instrument { rules: [Some(ON_TRADE); RULES], ..instrument(&[]) };
    let cases = [
        (9, [SENT, Reason::Age, Reason::Age, Reason::Age]),
        (8, [Reason::Age; 4]),
        (26, [SENT, SENT, Reason::Age, Reason::Age]),
        (25, [SENT, Reason::Age, Reason::Age, Reason::Age]),
        (60, [SENT; 4]),
        (59, [SENT, SENT, SENT, Reason::Age]),
        (0, [Reason::Age; 4]),
    ];
    on_each_card(|card| {
        for (age_cycles_max, expected) in cases {
            let mut bench = Bench::new(card, &[four]);
            commit(&mut bench, &Gate { age_cycles_max, ..Gate::WIDE }, &four, 2);
            bench.settle();
            bench.show(&[print()]);
            assert_eq!(bench.orders(), expected, "{age_cycles_max} cycles");
        }
    });
}
