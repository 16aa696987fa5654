//! What runs out and comes back: throttle, cool-down, lifetime, orders of a rule, leases, credit.
use super::*;

/// What the gate makes of prints that are before it in the given cycles: 20 behind the first word of their frames.
fn verdicts_in(bench: &mut Bench, gates: &[u64]) -> Vec<Reason> {
    for gate in gates {
        let cycles = gate - 20 - bench.card.cycle();
        bench.card.idle(cycles);
        bench.show(&[print()]);
    }
    bench.orders()
}

/// Verdicts on as many prints, one after the other.
fn verdicts<const N: usize>(bench: &mut Bench) -> [Reason; N] {
    [(); N].map(|()| verdict(bench))
}

#[test]
fn the_throttle_lets_pass_as_many_as_it_has_saved() {
    on_each_card(|card| {
        for saved_max in 0..4 {
            let mut bench = Bench::on_trade(card);
            let limits = Gate { interval_cycles: 100_000, saved_max, ..Gate::WIDE };
            let from = commit(&mut bench, &limits, &instrument(&[ON_TRADE]), 2);
            let mut expected = [Reason::Throttle; 4];
            expected[..usize::from(saved_max)].fill(SENT);
            assert_eq!(verdicts_in(&mut bench, &[40, 80, 120, 160].map(|gate| from + gate)), expected);
        }
        let mut bench = Bench::new(card, &[instrument(&[ON_TRADE])]);
        let from = commit(&mut bench, &Gate { interval_cycles: 0, ..Gate::WIDE }, &instrument(&[ON_TRADE]), 2);
        assert_eq!(verdicts_in(&mut bench, &[from + 40]), [SENT], "what was saved is not taken away");
    });
}

#[test]
fn a_throttle_without_an_interval_never_lets_pass() {
    on_each_card(|card| {
        let mut bench = Bench::bare(card);
        bench.commands(&parameters_within(&Gate { interval_cycles: 0, ..Gate::WIDE }, &[instrument(&[ON_TRADE])], 1));
        bench.commands(&opening(1));
        bench.show(&[action(LOCATE, b'T')]);
        assert_eq!(verdicts(&mut bench), [Reason::Throttle; 2]);
    });
}

#[test]
fn a_token_comes_in_its_cycle_and_not_one_before() {
    // In force from c on, with what was saved before: the first wait begins in c, and its token is seen in c + 101.
    on_each_card(|card| {
        let one = instrument(&[ON_TRADE]);
        for (gate, expected) in [(100, Reason::Throttle), (101, SENT)] {
            let mut bench = Bench::new(card, &[one]);
            let from = commit(&mut bench, &Gate { interval_cycles: 100, saved_max: 1, ..Gate::WIDE }, &one, 2);
            assert_eq!(verdicts_in(&mut bench, &[from + 40, from + gate]), [SENT, expected], "{gate}");
        }
        // A token that comes in the cycle in which an order's is taken off, its own behind its gate, is not lost:
        // three are saved, a fourth comes for the order of c + 99.
        let mut bench = Bench::new(card, &[one]);
        let from = commit(&mut bench, &Gate { interval_cycles: 100, saved_max: 3, ..Gate::WIDE }, &one, 2);
        let gates = [40, 70, 99, 130, 160].map(|gate| from + gate);
        assert_eq!(verdicts_in(&mut bench, &gates), [SENT, SENT, SENT, SENT, Reason::Throttle]);
    });
}

#[test]
fn another_interval_begins_behind_the_wait_of_the_old_one() {
    // 100 cycles from c on and 50 from c + 60 on: tokens are seen in c + 101 and c + 151.
    let cases = [
        ([40, 100, 150], [SENT, Reason::Throttle, SENT]),
        ([40, 101, 150], [SENT, SENT, Reason::Throttle]),
        ([40, 101, 151], [SENT, SENT, SENT]),
    ];
    on_each_card(|card| {
        let one = instrument(&[ON_TRADE]);
        for (gates, expected) in cases {
            let mut bench = Bench::new(card, &[one]);
            let limits = Gate { interval_cycles: 100, saved_max: 1, ..Gate::WIDE };
            let from = commit(&mut bench, &limits, &one, 2);
            // The shadow is the first set, whole.
            bench.commands(&[write_gate(&Gate { interval_cycles: 50, ..limits })]);
            let gates = gates.map(|gate| from + gate);
            let ahead = from + 57 - bench.card.cycle();
            bench.command(ahead, command(Opcode::Commit, 0, 0, 0, 3, &[]));
            assert_eq!(verdicts_in(&mut bench, &gates), expected);
        }
    });
}

#[test]
fn a_rule_cools_down_to_the_last_cycle() {
    let cases: [(u64, &[u64], &[Reason]); 6] = [
        (100, &[40, 139], &[SENT, Reason::CoolDown]),
        (100, &[40, 140], &[SENT, SENT]),
        // Refusals do not begin it anew.
        (100, &[40, 100, 140], &[SENT, Reason::CoolDown, SENT]),
        (0, &[40], &[Reason::CoolDown]),
        (70_000, &[40, 70_039], &[SENT, Reason::CoolDown]),
        (70_000, &[40, 70_040], &[SENT, SENT]),
    ];
    on_each_card(|card| {
        for (cool_down_cycles, gates, expected) in cases {
            let one = instrument(&[Rule { cool_down_cycles, ..ON_TRADE }]);
            let mut bench = Bench::new(card, &[one]);
            let from = bench.card.cycle();
            let gates: Vec<u64> = gates.iter().map(|gate| from + gate).collect();
            assert_eq!(verdicts_in(&mut bench, &gates), expected, "{cool_down_cycles}");
        }
        // It is the cool-down of the template that sent that counts, not of the decision's.
        for (first, second, expected) in [(1 << 40, 1, Reason::CoolDown), (1, 1 << 40, SENT)] {
            let [one, other] = [first, second].map(|cool_down_cycles| instrument(&[Rule { cool_down_cycles, ..ON_TRADE }]));
            let mut bench = Bench::new(card, &[one]);
            assert_eq!(verdict(&mut bench), SENT);
            commit(&mut bench, &Gate::WIDE, &other, 2);
            assert_eq!(verdict(&mut bench), expected, "{first}, then {second}");
        }
        // The other rules do not cool down with it, and a commit does not end it.
        let one = instrument(&[Rule { cool_down_cycles: 1 << 47, ..ON_TRADE }, ON_TRADE]);
        let mut bench = Bench::new(card, &[one]);
        bench.show(&[print()]);
        assert_eq!(bench.orders(), [SENT, SENT]);
        commit(&mut bench, &Gate::WIDE, &one, 2);
        bench.show(&[print()]);
        assert_eq!(bench.orders(), [Reason::CoolDown, SENT]);
    });
}

#[test]
fn a_template_expires_to_the_last_cycle() {
    on_each_card(|card| {
        for (lifetime_cycles, at, expected) in [
            (100, 99, SENT),
            (100, 100, Reason::Expired),
            (100, 70_000, Reason::Expired),
            (70_000, 69_999, SENT),
            (70_000, 70_000, Reason::Expired),
            (0, 90, Reason::Expired),
        ] {
            let [lasting, brief] = [1 << 47, lifetime_cycles].map(|lifetime_cycles| Rule { lifetime_cycles, ..ON_TRADE });
            let mut bench = Bench::new(card, &[instrument(&[lasting])]);
            let from = commit(&mut bench, &Gate::WIDE, &instrument(&[brief]), 2);
            assert_eq!(verdicts_in(&mut bench, &[from + at]), [expected], "{lifetime_cycles} cycles, in {at}");
            // It is the set's time: the next one begins anew.
            commit(&mut bench, &Gate::WIDE, &instrument(&[Rule { lifetime_cycles: 400, ..ON_TRADE }]), 3);
            assert_eq!(verdict(&mut bench), SENT);
        }
    });
}

#[test]
fn a_rule_sends_as_many_orders_as_it_was_granted() {
    on_each_card(|card| {
        let mut bench = Bench::on_trade(card);
        bench.commands(&[repeat(0, 0, 2), repeat(0, 0, 2), repeat(0, 1, 9), repeat(1, 0, 9)]);
        assert_eq!(verdicts(&mut bench), [SENT, SENT, Reason::Repeated]);
        bench.commands(&[repeat(0, 0, 2)]);
        assert_eq!(verdict(&mut bench), Reason::Repeated, "told twice, granted once");
        bench.commands(&[bare(Opcode::Arm), command(Opcode::Commit, 0, 0, 0, 2, &[])]);
        bench.commands(&parameters(&[instrument(&[ON_TRADE])], 3));
        assert_eq!(verdict(&mut bench), Reason::Repeated, "nothing else grants");
        bench.commands(&[repeat(0, 0, 3)]);
        assert_eq!(verdicts(&mut bench), [SENT, Reason::Repeated]);
        // Three were sent: fewer granted, or more by half of all numbers, is none.
        for none in [2, 0, 3 + (1 << 31), u32::MAX] {
            bench.commands(&[repeat(0, 0, none)]);
            assert_eq!(verdict(&mut bench), Reason::Repeated, "{none}");
        }
        bench.commands(&[repeat(0, 0, 2 + (1 << 31))]);
        assert_eq!(verdict(&mut bench), SENT, "the most that can be left");
    });
}

#[test]
fn a_lease_holds_to_the_last_share_of_its_side() {
    on_each_card(|card| {
        for side in *b"BSTE" {
            let of_side = |shares| if side == b'B' { lease(0, shares, MOST) } else { lease(0, MOST, shares) };
            let mut bench = Bench::new(card, &[sending(side, 100, 650_000)]);
            bench.commands(&[of_side(299)]);
            assert_eq!(verdicts(&mut bench), [SENT, SENT, Reason::Position]);
            bench.commands(&[of_side(300), of_side(300), lease(1, MOST, MOST)]);
            assert_eq!(verdicts(&mut bench), [SENT, Reason::Position], "told twice, granted once");
            bench.commands(&[of_side(200)]);
            assert_eq!(verdict(&mut bench), Reason::Position, "lowered below what was sent");
            bench.commands(&[of_side(399)]);
            assert_eq!(verdict(&mut bench), Reason::Position);
            bench.commands(&[of_side(400)]);
            assert_eq!(verdict(&mut bench), SENT);
        }
    });
}

#[test]
fn leases_wrap() {
    on_each_card(|card| {
        let mut bench = Bench::new(card, &[sending(b'B', MOST, 1)]);
        // After each order 2^31 - 1 more, in 32 bits.
        for total in [0x7fff_ffff, 0xffff_fffe, 0x7fff_fffd] {
            bench.commands(&[lease(0, total - 1, 0)]);
            assert_eq!(verdict(&mut bench), Reason::Position);
            bench.commands(&[lease(0, total, 0)]);
            assert_eq!(verdicts(&mut bench), [SENT, Reason::Position]);
        }
    });
}

#[test]
fn leases_make_an_instrument_reduce_only() {
    let sale = Rule { side: b'S', ..ON_TRADE };
    on_each_card(|card| {
        let mut bench = Bench::new(card, &[instrument(&[ON_TRADE, sale])]);
        let mut both = |leased| {
            bench.commands(&[leased]);
            bench.show(&[print()]);
            bench.orders()
        };
        let opening = lease(0, 300, 0);
        assert_eq!(both(opening), [SENT, Reason::Position]);
        assert_eq!(both(opening), [SENT, Reason::Position]);
        // 200 were bought and are held: no more may be, and at most 200 are sold.
        let reducing = lease(0, 200, 200);
        assert_eq!(both(reducing), [Reason::Position, SENT]);
        assert_eq!(both(reducing), [Reason::Position, SENT]);
        assert_eq!(both(reducing), [Reason::Position; 2], "it is closed and does not turn");
    });
}

#[test]
fn value_holds_to_the_last_unit_that_was_lent_and_wraps() {
    on_each_card(|card| {
        let value = |worth| credit(worth, MOST, MOST);
        let mut bench = Bench::on_trade(card);
        bench.commands(&[value(129_999_999)]);
        assert_eq!(verdicts(&mut bench), [SENT, Reason::Exposure]);
        bench.commands(&[value(130_000_000), value(130_000_000)]);
        assert_eq!(verdicts(&mut bench), [SENT, Reason::Exposure]);
        bench.commands(&[value(65_000_000)]);
        assert_eq!(verdict(&mut bench), Reason::Exposure, "below what was sent");
        // Sells of nearly 2^63 each; the third grant has wrapped.
        let one = u64::from(MOST) * u64::from(u32::MAX);
        let mut bench = Bench::new(bench.card, &[sending(b'S', MOST, u32::MAX)]);
        for orders in 1..4_u32 {
            let total = one.wrapping_mul(orders.into());
            bench.commands(&[lease(0, 0, MOST.wrapping_mul(orders)), value(total - 1)]);
            assert_eq!(verdict(&mut bench), Reason::Exposure);
            bench.commands(&[value(total)]);
            assert_eq!(verdict(&mut bench), SENT);
        }
        let mut bench = Bench::new(bench.card, &[sending(b'B', 100, 0)]);
        bench.commands(&[value(0)]);
        assert_eq!(verdict(&mut bench), Reason::Exposure, "nothing is lent, not even to an order without value");
        bench.commands(&[value(1)]);
        assert_eq!(verdict(&mut bench), SENT);
    });
}

/// As many orders pass as `most` of `credit` grants, on one instrument or two.
fn orders_are_capped(most: fn(u32) -> Command, reason: Reason) {
    let other = Instrument { locate: LOCATE + 1, ..instrument(&[ON_TRADE]) };
    on_each_card(|card| {
        let mut bench = Bench::new(card, &[instrument(&[ON_TRADE]), other]);
        let prints = [print(), trade(LOCATE + 1, 1, 650_000)];
        bench.commands(&[most(3), most(3)]);
        bench.show(&[prints.clone(), prints.clone()].concat());
        assert_eq!(bench.orders(), [SENT, SENT, SENT, reason]);
        bench.commands(&[most(4)]);
        bench.show(&prints);
        assert_eq!(bench.orders(), [SENT, reason]);
        for none in [3, 4 + (1 << 31)] {
            bench.commands(&[most(none)]);
            assert_eq!(verdict(&mut bench), reason, "{none}");
        }
        bench.commands(&[most(3 + (1 << 31))]);
        assert_eq!(verdict(&mut bench), SENT);
    });
}

#[test]
fn open_orders_are_capped() {
    orders_are_capped(|orders| credit(u64::MAX >> 1, orders, MOST), Reason::OpenOrders);
}

#[test]
fn unacknowledged_orders_are_capped() {
    orders_are_capped(|orders| credit(u64::MAX >> 1, MOST, orders), Reason::Unacknowledged);
}
