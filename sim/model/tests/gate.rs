//! The gate's limits in time and amount: throttle, age, cool-down, grants, fence and host, each to the cycle and unit.
//!
//! Cycles are counted by hand: a trade alone in a frame that starts in cycle 0 has its decisive byte in word 12, is
//! judged in 17, picked in 18, before the gate in 19, and its order's first word is shown in 20.
mod support;
use riposte_device::{Card, Output};
use riposte_map::{
    counter::Counter,
    reason::Reason,
    shm::{Command, EventKind, Opcode},
};
use support::*;

const GATE: u64 = 19 + SHOWN;
const SENT: Reason = Reason::None;

/// A card whose rule 2 fires on any trade and sells short 225 at 630 200.
fn bench() -> Bench {
    Bench::new([0, 0, 7, 0], [0; 4])
}

/// Generation 2 in force, made of the usual set and what `changes` write over it; its first visible cycle.
fn commit(bench: &mut Bench, changes: &[Command]) -> u64 {
    bench.commands(&parameters([0, 0, 7, 0], [0; 4]));
    bench.commands(changes);
    let shown = bench.card.cycle();
    bench.commands(&[value(Opcode::Commit, 2)]);
    shown + 3
}

fn of_rule(command: Command) -> Command {
    Command { rule: 2, ..command }
}

/// Reasons of the order events.
fn verdicts(bench: &mut Bench) -> Vec<Reason> {
    let is_order = |kind| matches!(kind, EventKind::OrderSent | EventKind::OrderRefused);
    bench.reasons().into_iter().filter(|event| is_order(event.0)).map(|event| event.1).collect()
}

/// What the gate makes of one trade now.
fn verdict(bench: &mut Bench) -> Reason {
    bench.show(&[trade(LOCATE, 1, 100_500)]);
    let verdicts = verdicts(bench);
    assert_eq!(verdicts.len(), 1, "{verdicts:?}");
    verdicts[0]
}

/// Shows a trade whose gate cycle is `gate`.
fn show_for_gate(bench: &mut Bench, gate: u64) {
    bench.card.idle(gate - GATE - bench.card.cycle());
    bench.show(&[trade(LOCATE, 1, 100_500)]);
}

/// What the gate makes of trades before it in the given cycles.
fn verdicts_in(bench: &mut Bench, gates: &[u64]) -> Vec<Reason> {
    for &gate in gates {
        show_for_gate(bench, gate);
    }
    verdicts(bench)
}

/// What the gate makes of a trade while `change` is shown in cycle `shown` after its frame's first word.
fn verdict_with(bench: &mut Bench, shown: u64, change: Command) -> Reason {
    bench.card.schedule(bench.card.cycle() + SHOWN + shown, &change);
    verdict(bench)
}

#[test]
fn a_token_arrives_an_interval_behind_the_one_before() {
    // In force from c on with a token: the wait is 99 in c + 1 and 0 in c + 100, so the next is there in c + 101.
    for (gate, expected) in [(100, Reason::Throttle), (101, SENT)] {
        let mut bench = bench();
        let from = commit(&mut bench, &[gate_limits(100, 1, u16::MAX)]);
        assert_eq!(verdicts_in(&mut bench, &[from + 40, from + gate]), [SENT, expected], "{gate}");
    }
}

#[test]
fn tokens_are_saved_up_to_their_most() {
    for (saved, expected) in [
        (1, [SENT, Reason::Throttle, Reason::Throttle]),
        (2, [SENT, SENT, Reason::Throttle]),
        (3, [SENT, SENT, SENT]),
        (0, [Reason::Throttle; 3]),
    ] {
        let mut bench = bench();
        let from = commit(&mut bench, &[gate_limits(10_000, saved, u16::MAX)]);
        let gates = [from + 40, from + 80, from + 120];
        assert_eq!(verdicts_in(&mut bench, &gates), expected, "{saved} saved");
    }
}

#[test]
fn a_token_may_arrive_as_another_is_taken() {
    // An order that passes in g is taken off in g + 1. Of three saved at most, tokens arrive in c + 100 k; the third
    // order passes in c + 99, so that the fourth token arrives in the cycle that takes its off.
    let mut bench = bench();
    let from = commit(&mut bench, &[gate_limits(100, 3, u16::MAX)]);
    let gates = [40, 70, 99, 130, 160].map(|gate| from + gate);
    assert_eq!(verdicts_in(&mut bench, &gates), [SENT, SENT, SENT, SENT, Reason::Throttle]);
}

#[test]
fn a_commit_of_another_interval_waits_out_the_old_one() {
    // Intervals of 100 from c on and of 50 from c + 60 on: the wait of the first ends in c + 100, the next is 50 behind.
    for (gates, expected) in [
        ([40, 100, 150], [SENT, Reason::Throttle, SENT]),
        ([40, 101, 150], [SENT, SENT, Reason::Throttle]),
        ([40, 101, 151], [SENT, SENT, SENT]),
    ] {
        let mut bench = bench();
        let from = commit(&mut bench, &[gate_limits(100, 1, u16::MAX)]);
        // The shadow is the first set, whole.
        bench.commands(&[gate_limits(50, 1, u16::MAX)]);
        show_for_gate(&mut bench, from + gates[0]);
        bench.card.schedule(from + 57, &value(Opcode::Commit, 3));
        let [second, third] = [gates[1], gates[2]].map(|gate| from + gate);
        assert_eq!(verdicts_in(&mut bench, &[second, third]), expected, "{gates:?}");
    }
}

#[test]
fn without_an_interval_the_wait_runs_out_and_no_token_arrives() {
    // An interval of 100 in c, of 0 from c + 40 on, of 100 again from c + 160 on: by then the wait of the first is over
    // and a token comes at once; had the wait stood still it would be 60 more cycles.
    let mut bench = bench();
    let from = commit(&mut bench, &[gate_limits(100, 1, u16::MAX)]);
    bench.commands(&[gate_limits(0, 1, u16::MAX)]);
    bench.card.schedule(from + 37, &value(Opcode::Commit, 3));
    bench.card.schedule(from + 157, &value(Opcode::Commit, 4));
    let gates = [60, 120, 170].map(|gate| from + gate);
    assert_eq!(verdicts_in(&mut bench, &gates), [SENT, Reason::Throttle, SENT]);
}

#[test]
fn a_decision_may_be_as_old_as_the_limit() {
    // Four rules on a trade: first words 9, 27, 45 and 63 cycles behind the decisive byte, as an image has 14 words.
    for (age, expected) in [
        (8, [Reason::Age; 4]),
        (9, [SENT, Reason::Age, Reason::Age, Reason::Age]),
        (26, [SENT, Reason::Age, Reason::Age, Reason::Age]),
        (27, [SENT, SENT, Reason::Age, Reason::Age]),
        (62, [SENT, SENT, SENT, Reason::Age]),
        (63, [SENT; 4]),
        (0, [Reason::Age; 4]),
    ] {
        let mut bench = Bench::new([7; 4], [0; 4]);
        bench.commands(&parameters([7; 4], [0; 4]));
        bench.commands(&[gate_limits(1, u16::MAX, age), value(Opcode::Commit, 2)]);
        bench.show(&[trade(LOCATE, 1, 100_500)]);
        assert_eq!(verdicts(&mut bench), expected, "{age} cycles");
    }
}

/// The template of rule 2 with a cool-down.
fn cooling(cycles: u64) -> Command {
    let mut command = template(0, 2, 225, 630_200)[0];
    command.args[2] = cycles;
    command
}

#[test]
fn a_rule_cools_down_for_its_cycles() {
    let cases: [(u64, &[u64], &[Reason]); 6] = [
        (100, &[40, 139], &[SENT, Reason::CoolDown]),
        (100, &[40, 140, 239], &[SENT, SENT, Reason::CoolDown]),
        // What is refused does not begin it anew.
        (100, &[40, 100, 140], &[SENT, Reason::CoolDown, SENT]),
        (0, &[40, 200], &[Reason::CoolDown; 2]),
        // 48 bits.
        (1 << 48 | 100, &[40, 139, 200], &[SENT, Reason::CoolDown, SENT]),
        ((1 << 48) - 1, &[40, 9_000], &[SENT, Reason::CoolDown]),
    ];
    for (cycles, gates, expected) in cases {
        let mut bench = bench();
        let from = commit(&mut bench, &[cooling(cycles)]);
        let gates: Vec<u64> = gates.iter().map(|gate| from + gate).collect();
        assert_eq!(verdicts_in(&mut bench, &gates), expected, "{cycles} cycles, {gates:?}");
    }
}

#[test]
fn each_rule_cools_down_by_itself_and_a_commit_does_not_end_it() {
    let mut bench = Bench::new([7, 0, 7, 0], [0; 4]);
    bench.commands(&parameters([7, 0, 7, 0], [0; 4]));
    bench.commands(&[cooling(10_000), value(Opcode::Commit, 2)]);
    let mut both = || {
        bench.show(&[trade(LOCATE, 1, 100_500)]);
        let seen = verdicts(&mut bench);
        let commands = [parameters([7, 0, 7, 0], [0; 4]), vec![cooling(10_000), value(Opcode::Commit, 3)]];
        bench.commands(&commands.concat());
        bench.events();
        seen
    };
    assert_eq!(both(), [SENT, SENT]);
    assert_eq!(both(), [SENT, Reason::CoolDown]);
}

#[test]
fn grants_are_seen_by_a_pick_four_cycles_behind_them_and_heartbeats_three() {
    let all = u64::from(u32::MAX >> 1);
    let cases = [
        (args(Opcode::Lease, &[all << 32]), args(Opcode::Lease, &[all]), Reason::Position),
        (args(Opcode::Credit, &[u64::MAX >> 1, all | all << 32]), args(Opcode::Credit, &[0, all | all << 32]), Reason::Exposure),
        (of_rule(value(Opcode::Repeat, 1)), of_rule(value(Opcode::Repeat, 0)), Reason::Repeated),
        (resting(0, u32::MAX, 0), resting(630_200, 0, 0), Reason::SelfMatch),
        (args(Opcode::Heartbeat, &[99]), args(Opcode::Heartbeat, &[0]), Reason::HostSilent),
    ];
    for (grants, denies, reason) in cases {
        // The pick is in 18.
        let last = if grants.opcode == Opcode::Heartbeat as u8 { 15 } else { 14 };
        for (shown, granted, denied) in [(last, SENT, reason), (last + 1, reason, SENT)] {
            let mut one = bench();
            one.commands(&[denies]);
            one.commands(&[value(Opcode::Arm, 0)]);
            one.events();
            assert_eq!(verdict_with(&mut one, shown, grants), granted, "{reason:?} granted in {shown}");
            let mut one = bench();
            assert_eq!(verdict_with(&mut one, shown, denies), denied, "{reason:?} denied in {shown}");
        }
    }
}

#[test]
fn a_grant_is_a_total_and_told_twice_grants_once() {
    let mut bench = bench();
    let two = of_rule(value(Opcode::Repeat, 2));
    bench.commands(&[two, two]);
    bench.events();
    assert_eq!([(); 3].map(|()| verdict(&mut bench)), [SENT, SENT, Reason::Repeated]);
    bench.commands(&[two]);
    assert_eq!(verdict(&mut bench), Reason::Repeated);
    bench.commands(&[of_rule(value(Opcode::Repeat, 3))]);
    assert_eq!([(); 2].map(|()| verdict(&mut bench)), [SENT, Reason::Repeated]);
    // Below what was sent, and so far above it that the top bit is set.
    for none in [1, 3 + (1 << 31), u32::MAX] {
        bench.commands(&[of_rule(value(Opcode::Repeat, none))]);
        assert_eq!(verdict(&mut bench), Reason::Repeated, "{none}");
    }
    bench.commands(&[of_rule(value(Opcode::Repeat, 2 + (1 << 31)))]);
    assert_eq!(verdict(&mut bench), SENT, "2^31 - 1 are left");
}

/// A card whose rule 2 sends `quantity` at `price_e4` on `side`, without a limit on either.
fn sending(side: u8, quantity: u32, price_e4: u32) -> Bench {
    let mut bench = bench();
    bench.commands(&parameters([0, 0, 7, 0], [0; 4]));
    let mut order = template(0, 2, quantity, price_e4)[0];
    order.args[1] = order.args[1] & !0xff | u64::from(side);
    bench.commands(&[instrument(0, LOCATE, true, u32::MAX, 0, u32::MAX), order, value(Opcode::Commit, 2)]);
    bench.events();
    bench
}

/// The verdict on an order of 225 at 630 200 with the given row and tops, sides as bits of the row's first argument.
fn verdict_of_row(row: [u64; 4], side: u8, top: &[Vec<u8>]) -> Reason {
    let mut bench = bench();
    bench.show(top);
    let mut order = template(0, 2, 225, 630_200)[0];
    order.args[1] = order.args[1] & !0xff | u64::from(side);
    let [sides, quantity, prices, worth] = row;
    let row = args(Opcode::WriteInstrument, &[u64::from(LOCATE) | sides << 16, quantity, prices, worth, 0, UNITS]);
    commit(&mut bench, &[row, order]);
    bench.events();
    verdict(&mut bench)
}

#[test]
fn each_side_needs_its_permission() {
    for side in 0..=255_u8 {
        for sides in 0..8_u64 {
            let bit = match side {
                b'B' => 1,
                b'S' => 2,
                b'T' | b'E' => 4,
                _ => 0,
            };
            let expected = if sides & bit != 0 { SENT } else { Reason::Side };
            let row = [1 | sides << 1, 225, 700_000 | REACH_ALL << 32, u64::MAX];
            assert_eq!(verdict_of_row(row, side, &[]), expected, "{side} with {sides:03b}");
        }
    }
}

#[test]
fn value_holds_to_the_last_unit() {
    // 225 at 63.02 dollars.
    for (worth, expected) in [(141_795_000, SENT), (141_794_999, Reason::Value), (0, Reason::Value)] {
        let row = [0xf, 225, 700_000 | REACH_ALL << 32, worth];
        assert_eq!(verdict_of_row(row, b'B', &[]), expected, "{worth}");
    }
    // 64 bits: 2^32 - 1 at 2^32 - 1.
    let most = u64::from(u32::MAX) * u64::from(u32::MAX);
    for (worth, expected) in [(most, Reason::Position), (most - 1, Reason::Value)] {
        let mut bench = bench();
        let all = u64::from(u32::MAX);
        let row = args(Opcode::WriteInstrument, &[u64::from(LOCATE) | 0xf << 16, all, all | all << 32, worth, 0, UNITS]);
        commit(&mut bench, &[row, template(0, 2, u32::MAX, u32::MAX)[0]]);
        bench.events();
        assert_eq!(verdict(&mut bench), expected, "{worth}");
    }
}

#[test]
fn the_live_collar_reaches_from_the_other_side() {
    let bid = |price| add(LOCATE, 1, b'B', 1, price);
    let ask = |price| add(LOCATE, 2, b'S', 1, price);
    let (tight, wide) = (700_000 | 200 << 32, 700_000 | (REACH_ALL - 1) << 32);
    let cases: [(u8, u64, &[Vec<u8>], Reason); 17] = [
        (b'B', tight, &[ask(630_000)], SENT),
        (b'B', tight, &[ask(629_999)], Reason::LiveCollar),
        (b'B', tight, &[ask(900_000)], SENT),
        (b'B', tight, &[ask(u32::MAX)], SENT),
        (b'B', tight, &[bid(630_200)], Reason::LiveCollar),
        (b'B', wide, &[bid(630_200)], Reason::LiveCollar),
        (b'B', wide, &[ask(1)], SENT),
        (b'S', tight, &[bid(630_400)], SENT),
        (b'S', tight, &[bid(630_401)], Reason::LiveCollar),
        (b'S', tight, &[bid(1)], SENT),
        (b'S', tight, &[ask(630_200)], Reason::LiveCollar),
        (b'T', tight, &[bid(630_401), ask(630_500)], Reason::LiveCollar),
        (b'E', tight, &[bid(630_400), ask(630_500)], SENT),
        (b'S', wide, &[bid(u32::MAX)], SENT),
        (b'S', 700_000, &[bid(630_200), ask(630_200)], Reason::LiveCollar),
        (b'B', 700_000, &[bid(630_200), ask(630_200)], Reason::LiveCollar),
        (b'B', 700_000 | REACH_ALL << 32, &[], SENT),
    ];
    for (side, prices, top, expected) in cases {
        assert_eq!(verdict_of_row([0xf, 225, prices, u64::MAX], side, top), expected, "{side} {prices:x} {top:x?}");
    }
}

#[test]
fn the_lease_of_a_side_holds_to_the_last_share() {
    for side in *b"BSTE" {
        let lease = |shares: u64| match side {
            b'B' => args(Opcode::Lease, &[shares | 0x7fff_ffff << 32]),
            _ => args(Opcode::Lease, &[0x7fff_ffff | shares << 32]),
        };
        let mut bench = sending(side, 100, 630_200);
        bench.commands(&[lease(299)]);
        bench.events();
        assert_eq!([(); 3].map(|()| verdict(&mut bench)), [SENT, SENT, Reason::Position], "{side}");
        bench.commands(&[lease(300)]);
        assert_eq!([(); 2].map(|()| verdict(&mut bench)), [SENT, Reason::Position], "{side}");
        bench.commands(&[Command { instrument: 1, ..lease(1_000) }]);
        assert_eq!(verdict(&mut bench), Reason::Position, "of another instrument");
        bench.commands(&[lease(200)]);
        assert_eq!(verdict(&mut bench), Reason::Position, "100 fewer than were sent");
        bench.commands(&[lease(400)]);
        assert_eq!(verdict(&mut bench), SENT);
    }
}

#[test]
fn quantities_wrap() {
    let mut bench = sending(b'B', 0x7fff_ffff, 1);
    // 2^31 - 1 three times is 2^32 + 2^31 - 3: its low 32 bits are 2^31 - 3.
    for total in [0x7fff_ffff, 0xffff_fffe, 0x7fff_fffd_u64] {
        bench.commands(&[args(Opcode::Lease, &[total - 1])]);
        assert_eq!(verdict(&mut bench), Reason::Position);
        bench.commands(&[args(Opcode::Lease, &[total])]);
        assert_eq!(verdict(&mut bench), SENT);
        assert_eq!(verdict(&mut bench), Reason::Position);
    }
}

#[test]
fn value_is_lent_to_the_last_unit_and_wraps() {
    let all = u64::from(u32::MAX >> 1);
    let credit = |worth: u64| args(Opcode::Credit, &[worth, all | all << 32]);
    let one = u64::from(u32::MAX) * all;
    let mut bench = sending(b'S', u32::MAX >> 1, u32::MAX);
    bench.commands(&[args(Opcode::Lease, &[0x7fff_fffd << 32])]);
    for orders in 1..4_u64 {
        // 2^31 - 1 are sent each time; the third grant has wrapped.
        let lease = (orders * all) as u32;
        bench.commands(&[args(Opcode::Lease, &[u64::from(lease) << 32])]);
        bench.commands(&[credit(orders.wrapping_mul(one).wrapping_sub(1))]);
        assert_eq!(verdict(&mut bench), Reason::Exposure);
        bench.commands(&[credit(orders.wrapping_mul(one))]);
        assert_eq!(verdict(&mut bench), SENT);
    }
    let mut bench = sending(b'B', 5, 0);
    bench.commands(&[credit(0)]);
    assert_eq!(verdict(&mut bench), Reason::Exposure, "nothing lent, not even to an order of no value");
    bench.commands(&[credit(1)]);
    assert_eq!(verdict(&mut bench), SENT);
}

#[test]
fn open_and_unacknowledged_orders_are_bounded_apart() {
    let credit = |open: u64, unacknowledged: u64| args(Opcode::Credit, &[u64::MAX >> 1, open | unacknowledged << 32]);
    for (open, unacknowledged, expected) in [
        (2, 1, [SENT, Reason::Unacknowledged]),
        (1, 2, [SENT, Reason::OpenOrders]),
        (1, 1, [SENT, Reason::OpenOrders]),
        (2, 2, [SENT, SENT]),
        (1 << 31, 2, [Reason::OpenOrders; 2]),
        (2, 1 << 31, [Reason::Unacknowledged; 2]),
    ] {
        let mut bench = bench();
        bench.commands(&[credit(open, unacknowledged)]);
        bench.events();
        assert_eq!([(); 2].map(|()| verdict(&mut bench)), expected, "{open} {unacknowledged}");
    }
}

#[test]
fn an_order_never_reaches_one_of_ours() {
    for (side, at, beyond) in [
        (b'B', resting(0, 630_200, 9), resting(0, 630_201, 9)),
        (b'S', resting(630_200, 0, 9), resting(630_199, 0, 9)),
    ] {
        let mut bench = sending(side, 1, 630_200);
        bench.commands(&[at]);
        assert_eq!(verdict(&mut bench), Reason::SelfMatch, "{side}");
        bench.commands(&[Command { instrument: 1, ..beyond }]);
        assert_eq!(verdict(&mut bench), Reason::SelfMatch, "of another instrument");
        bench.commands(&[beyond]);
        assert_eq!(verdict(&mut bench), SENT);
    }
}

#[test]
fn what_was_sent_rests_until_the_host_knows_of_it() {
    let mut bench = sending(b'B', 1, 630_200);
    assert_eq!(verdict(&mut bench), SENT);
    let mut sale = template(0, 2, 1, 630_200)[0];
    sale.args[1] = sale.args[1] & !0xff | u64::from(b'S');
    bench.commands(&parameters([0, 0, 7, 0], [0; 4]));
    bench.commands(&[sale, value(Opcode::Commit, 3)]);
    bench.events();
    for (known, expected) in [(0, Reason::SelfMatch), (1 + (1 << 31), Reason::SelfMatch), (1 << 31, SENT)] {
        bench.commands(&[resting(0, u32::MAX, known)]);
        assert_eq!(verdict(&mut bench), expected, "{known}");
    }
}

#[test]
fn a_template_expires_so_many_cycles_behind_its_commit() {
    for (cycles, gate, expected) in [
        (100, 99, SENT),
        (100, 100, Reason::Expired),
        (0, 60, Reason::Expired),
        // 48 bits.
        (1 << 48 | 100, 99, SENT),
        (1 << 48 | 100, 100, Reason::Expired),
    ] {
        let mut bench = bench();
        let mut order = template(0, 2, 225, 630_200)[0];
        order.args[3] = cycles;
        let from = commit(&mut bench, &[order]);
        assert_eq!(verdicts_in(&mut bench, &[from + gate]), [expected], "{cycles} cycles, {gate}");
    }
}

#[test]
fn a_fence_stops_its_instruments_up_to_the_gate_until_it_is_lifted() {
    let [fence, lift] = [Opcode::Fence, Opcode::Lift].map(|opcode| move |mask: u64| args(opcode, &[mask]));
    for (shown, expected) in [(16, Reason::Fenced), (17, SENT)] {
        let mut bench = bench();
        assert_eq!(verdict_with(&mut bench, shown, fence(0b11)), expected, "shown in {shown}");
        assert_eq!(verdict(&mut bench), Reason::Fenced);
        assert_eq!(verdict_with(&mut bench, 16, lift(0b10)), Reason::Fenced, "of another instrument");
        assert_eq!(verdict_with(&mut bench, 17, lift(0b01)), Reason::Fenced, "too late");
        assert_eq!(verdict(&mut bench), SENT);
        bench.commands(&[fence(0xfffe)]);
        assert_eq!(verdict(&mut bench), SENT);
    }
}

#[test]
fn a_side_or_a_rule_that_is_fenced_sends_nothing() {
    // The order is a short sale of instrument 0 and rule 2.
    for scope in [[1 << 32, 0], [0, 1 << 2]] {
        let mut bench = bench();
        bench.commands(&[args(Opcode::Fence, &scope)]);
        assert_eq!(verdict(&mut bench), Reason::Fenced, "{scope:x?}");
        bench.commands(&[args(Opcode::Lift, &scope.map(|bits| !bits))]);
        assert_eq!(verdict(&mut bench), Reason::Fenced, "all else is lifted: {scope:x?}");
        bench.commands(&[args(Opcode::Lift, &scope)]);
        assert_eq!(verdict(&mut bench), SENT, "{scope:x?}");
        bench.commands(&[args(Opcode::Fence, &[!1 & !(1 << 32), !(1 << 2)])]);
        assert_eq!(verdict(&mut bench), SENT, "all but {scope:x?}");
    }
}

#[test]
fn a_host_is_heard_for_as_many_cycles_as_it_said() {
    // Shown in 0: heard from 4 to 3 + n, and the gate is in 19.
    for (cycles, expected) in [(16, SENT), (15, Reason::HostSilent)] {
        let mut bench = bench();
        assert_eq!(verdict_with(&mut bench, 0, args(Opcode::Heartbeat, &[cycles])), expected, "{cycles} cycles");
        assert_eq!(bench.count(Counter::HostSilences), 1);
        assert_eq!(verdict(&mut bench), Reason::HostSilent);
        bench.commands(&[args(Opcode::Heartbeat, &[1 << 40])]);
        assert_eq!(verdict(&mut bench), Reason::Disarmed, "silence has disarmed the card");
        bench.commands(&[value(Opcode::Arm, 0)]);
        assert_eq!(verdict(&mut bench), SENT);
        assert_eq!(bench.count(Counter::HostSilences), 1);
    }
}

#[test]
fn silence_is_told_once_and_in_its_cycle() {
    let mut bench = bench();
    let start = bench.card.cycle();
    bench.card.schedule(start, &args(Opcode::Heartbeat, &[10]));
    // Silent in 14: in the event queue from 18 on, shown in 20.
    bench.card.idle(20);
    let mut output = Output::default();
    bench.card.drain(&mut output);
    assert_eq!(output.events, []);
    bench.card.idle(1);
    bench.card.drain(&mut output);
    let [event] = output.events[..] else { panic!("one event, not {:?}", output.events) };
    assert_eq!((event.kind(), event.reason()), (Some(EventKind::Channel), Some(Reason::HostSilent)));
    assert_eq!((event.instrument, event.rule, event.generation, event.time_ns), (0xff, 0xff, 1, 0));
    assert_eq!((event.bid.price_e4, event.ask.quantity, event.feed_sequence, event.detail), (0, 0, 0, 0));
    assert_eq!(bench.events(), []);
    // A heartbeat of no cycles says nothing to a card that does not hear the host; one that ends in the cycle in
    // which the next begins is no silence.
    bench.commands(&[args(Opcode::Heartbeat, &[0])]);
    assert_eq!((bench.events(), bench.count(Counter::HostSilences)), (vec![], 1));
    let start = bench.card.cycle();
    for (shown, cycles) in [(0, 5), (5, 5), (11, 1 << 40)] {
        bench.card.schedule(start + shown, &args(Opcode::Heartbeat, &[cycles]));
    }
    bench.card.idle(100);
    assert_eq!(bench.count(Counter::HostSilences), 2, "in 14 only, before the third is heard in 15");
    assert_eq!(bench.count(Counter::Invalidations), 0);
}

#[test]
fn silence_beats_an_arm_of_the_same_cycle() {
    // Shown in 0, silent in 14, disarmed in 15: an arm that is shown in 12 is visible in 15 too.
    for (shown, expected) in [(12, Reason::Disarmed), (13, SENT)] {
        let mut bench = bench();
        let start = bench.card.cycle();
        for (at, command) in [
            (0, args(Opcode::Heartbeat, &[10])), (shown, value(Opcode::Arm, 0)), (20, args(Opcode::Heartbeat, &[1 << 40])),
        ] {
            bench.card.schedule(start + at, &command);
        }
        bench.card.idle(30);
        bench.events();
        assert_eq!(verdict(&mut bench), expected, "arm shown in {shown}");
    }
}
