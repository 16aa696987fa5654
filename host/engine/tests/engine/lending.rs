//! What the card is lent: grants by hand-computed numbers, whoever is restarted, and fences.
use crate::bench::*;
use proptest::prelude::*;
use riposte_engine::{Alarm, Body, Change, Config, Engine, Fence, Guard, Input, Limit, Output, Outputs, Refusal, Report, Side, Step};
use riposte_map::reason::Reason;
use riposte_map::shm::{Command, Event, EventKind, Opcode};
use std::collections::VecDeque;

/// A set whose rows of an opcode are changed, of `instrument` if they have one.
fn altered(mut rows: Vec<Command>, opcode: Opcode, instrument: u8, change: impl Fn(&mut Command)) -> Vec<Command> {
    let wanted = |row: &&mut Command| row.opcode == opcode as u8 && row.instrument == instrument;
    let found = rows.iter_mut().filter(wanted).map(change).count();
    assert!(found > 0);
    rows
}

fn words(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

/// Instrument 0 may be 100 long and 50 short; 90,000 of value, 5 open orders, 3 unanswered; 4 orders a rule.
fn narrow() -> Vec<Command> {
    let rows = altered(set(500, 1), Opcode::Lease, 0, |row| row.args[0] = words(100, 50));
    let rows = altered(rows, Opcode::Repeat, 0, |row| row.value = 4);
    altered(rows, Opcode::Credit, 0, |row| row.args = [90_000, words(5, 3), 0, 0, 0, 0])
}

/// The card's session has no drop copy.
fn plain() -> Config {
    let mut config = config();
    config.sessions[0].drop_copy = false;
    config
}

fn lent(rows: &[Command]) -> Bench {
    let mut bench = Bench::ready_with(plain(), rows);
    assert_eq!(bench.both(Change::Arm), None);
    bench
}

/// What the card has been granted last of all that was said: buys, sells.
fn lease(said: &[Output]) -> Option<(u32, u32)> {
    let last = commands(said, Opcode::Lease).into_iter().rfind(|one| one.instrument == 0)?;
    Some((last.args[0] as u32, (last.args[0] >> 32) as u32))
}

/// Value, orders as far as open ones and as far as unanswered ones bound them.
fn credit(said: &[Output]) -> Option<(u64, u32, u32)> {
    commands(said, Opcode::Credit).last().map(|last| (last.args[0], last.args[1] as u32, (last.args[1] >> 32) as u32))
}

fn repeat(said: &[Output], rule: u8) -> Option<u32> {
    commands(said, Opcode::Repeat).iter().rfind(|one| (one.instrument, one.rule) == (0, rule)).map(|one| one.value)
}

fn told(bench: &mut Bench, user_ref: u32, side: Side, quantity: u32) {
    bench.venue(CARD, Report::Accepted { user_ref, instrument: 0, side, quantity, price: PRICE });
}

fn fills(bench: &mut Bench, user_ref: u32, side: Side, quantity: u32, price: i64) {
    let execution = bench.request();
    bench.venue(CARD, Report::Executed { user_ref, instrument: 0, side, quantity, price, execution });
}

#[test]
fn a_lease_is_what_was_sent_and_what_the_limit_leaves() {
    let mut bench = lent(&narrow());
    assert_eq!(lease(&bench.take()), Some((100, 50)), "flat: the limit itself");
    let buy = bench.card_sends(b'B', 60, 0);
    assert_eq!(lease(&bench.take()), None, "a send was lent before");
    told(&mut bench, buy, Side::Buy, 60);
    fills(&mut bench, buy, Side::Buy, 40, PRICE);
    // Long 40: so many more may be sold.
    assert_eq!(lease(&bench.take()), Some((100, 90)));
    bench.venue(CARD, Report::Cancelled { user_ref: buy, quantity: 20 });
    assert_eq!(lease(&bench.take()), Some((120, 90)), "60 sent, 40 held: 60 may follow");
    let sell = bench.card_sends(b'T', 70, 1);
    told(&mut bench, sell, Side::Sell, 70);
    assert_eq!(lease(&bench.take()), None);
    fills(&mut bench, sell, Side::Sell, 70, PRICE);
    // Short 30: 130 may be bought, 20 sold; 60 and 70 were sent.
    assert_eq!(lease(&bench.take()), Some((190, 90)));
    assert_eq!(bench.engine.room(0), [130, 20]);
    let rejected = bench.card_sends(b'B', 130, 2);
    bench.take();
    bench.venue(CARD, Report::Rejected { user_ref: rejected, reason: 1 });
    assert_eq!(lease(&bench.take()), Some((320, 90)));
}

#[test]
fn a_lease_wraps_with_what_was_sent() {
    let mut bench = lent(&narrow());
    bench.take();
    // 4,400,000,000 in all, of which 2^32 are lost to the count; none of it is open.
    for quantity in [2_000_000_000, 2_000_000_000, 400_000_000] {
        let user_ref = bench.card_sends(b'B', quantity, 0);
        bench.venue(CARD, Report::Rejected { user_ref, reason: 1 });
    }
    assert_eq!(lease(&bench.take()), Some((105_032_704 + 100, 50)));
}

#[test]
fn whoever_trades_takes_from_the_lease() {
    let mut bench = lent(&narrow());
    bench.take();
    let ours = bench.enter(Side::Buy, 30, PRICE);
    assert_eq!((lease(&bench.take()), bench.engine.room(0)), (None, [70, 50]), "an order of the host was lent before, as any that is sent");
    assert_eq!(refusal(&bench.try_enter(Side::Buy, 71, PRICE)), Some(Refusal::LimitReached));
    assert_eq!(refusal(&bench.try_enter(Side::Sell, 51, PRICE)), Some(Refusal::LimitReached));
    bench.venue(CARD, accepted(ours, 30));
    bench.venue(CARD, Report::Cancelled { user_ref: ours, quantity: 30 });
    assert_eq!(lease(&bench.take()), Some((130, 50)));
    // By hand, and broken afterwards.
    bench.drop_copy(CARD, Report::Executed { user_ref: 0, instrument: 0, side: Side::Buy, quantity: 120, price: PRICE, execution: 9 });
    assert_eq!(lease(&bench.take()), Some((30, 170)), "beyond the limit nothing is lent, and no more than nothing is taken back");
    bench.drop_copy(CARD, Report::Broken { execution: 9 });
    assert_eq!(lease(&bench.take()), Some((130, 50)));
}

#[test]
fn a_position_that_is_not_confirmed_is_lent_nothing() {
    let mut bench = lent(&narrow());
    let buy = bench.card_sends(b'B', 60, 0);
    told(&mut bench, buy, Side::Buy, 60);
    bench.take();
    bench.give(Body::SessionDown { session: CARD });
    assert_eq!(lease(&bench.take()), Some((60, 0)), "what it has sent");
    bench.reconnect(CARD, buy + 1);
    assert_eq!(lease(&bench.take()), None);
    bench.confirm(0, 0);
    assert_eq!(lease(&bench.take()), Some((100, 50)), "60 are open still");
}

#[test]
fn credit_is_what_was_sent_and_what_exposure_and_orders_leave() {
    let mut bench = lent(&narrow());
    assert_eq!(credit(&bench.take()), Some((90_000, 5, 3)));
    let buy = bench.card_sends(b'B', 30, 0);
    assert_eq!(credit(&bench.take()), None);
    told(&mut bench, buy, Side::Buy, 30);
    assert_eq!(credit(&bench.take()), Some((90_000, 5, 4)), "answered");
    // 10 at 990 where 1000 was lent for each: 100 come back.
    fills(&mut bench, buy, Side::Buy, 10, 990);
    assert_eq!(credit(&bench.take()), Some((90_100, 5, 4)));
    bench.venue(CARD, Report::Cancelled { user_ref: buy, quantity: 20 });
    // Exposure is the 9,900 that the position has cost; no order is open.
    assert_eq!(bench.engine.lent_exposure(), 9_900);
    assert_eq!(credit(&bench.take()), Some((30_000 + 90_000 - 9_900, 6, 4)));
    let sell = bench.card_sends(b'S', 10, 1);
    told(&mut bench, sell, Side::Sell, 10);
    assert_eq!(bench.engine.lent_exposure(), 19_900, "gross: a sale counts until it has traded");
    fills(&mut bench, sell, Side::Sell, 10, PRICE);
    assert_eq!(bench.engine.lent_exposure(), 0);
    assert_eq!(credit(&bench.take()), Some((40_000 + 90_000, 7, 5)));
}

#[test]
fn orders_that_are_open_or_unanswered_are_counted_until_the_venue_speaks() {
    let mut bench = lent(&narrow());
    let orders = [0, 1, 2].map(|rule| bench.card_sends(b'B', 1, rule));
    bench.wait(SECOND);
    // Unknown by now: open, and not answered.
    assert_eq!(credit(&bench.take()), Some((90_000, 5, 3)));
    told(&mut bench, orders[0], Side::Buy, 1);
    bench.venue(CARD, Report::Rejected { user_ref: orders[1], reason: 1 });
    assert_eq!(credit(&bench.take()).map(|one| (one.1, one.2)), Some((6, 5)), "one is closed, two have an answer");
}

#[test]
fn a_rule_that_has_sent_its_orders_waits_for_two_people() {
    let mut bench = lent(&narrow());
    assert_eq!(repeat(&bench.take(), 2), Some(4));
    for _ in 0..3 {
        bench.card_sends(b'B', 1, 2);
    }
    assert_eq!(bench.engine.latched_rules().count(), 0);
    bench.card_sends(b'B', 1, 2);
    assert_eq!(bench.engine.latched_rules().collect::<Vec<_>>(), [(0, 2)]);
    let release = Change::Release { instrument: 0, rule: 2 };
    bench.one(release);
    assert_eq!(repeat(&bench.take(), 2), None, "one person is not enough");
    assert_eq!(bench.both(release), None);
    assert_eq!(repeat(&bench.take(), 2), Some(8));
    assert_eq!(bench.engine.latched_rules().count(), 0);
    bench.card_sends(b'B', 1, 2);
    assert_eq!(bench.both(Change::ClearKill), None);
    assert_eq!(repeat(&bench.take(), 2), Some(9), "clearing releases every rule");
    for (instrument, rule) in [(16, 0), (0, 4)] {
        assert_eq!(bench.both(Change::Release { instrument, rule }), Some(Refusal::BadField));
    }
}

#[test]
fn a_card_after_reset_is_lent_anew_and_an_old_one_again_what_it_had() {
    let mut bench = lent(&narrow());
    let buy = bench.card_sends(b'B', 60, 2);
    told(&mut bench, buy, Side::Buy, 60);
    fills(&mut bench, buy, Side::Buy, 40, PRICE);
    let had = bench.take();
    assert_eq!((lease(&had), repeat(&had, 2)), (Some((100, 90)), Some(4)));
    // The host is started again: every grant once more, to the same card.
    bench.give(Body::Linked { next_command: 500 });
    bench.give(Body::Restarted);
    bench.reconnect(CARD, buy + 1);
    bench.confirm(0, 40);
    bench.confirm(1, 0);
    let again = bench.take();
    assert_eq!((lease(&again), credit(&again), repeat(&again, 2)), (Some((100, 90)), Some((90_000, 5, 4)), Some(4)));
    assert_eq!((commands(&again, Opcode::Repeat).len(), commands(&again, Opcode::Heartbeat).len()), (128, 2), "twice: joined, restarted");
    // Another card: it has sent nothing, but 40 are held, 20 open, and the rule has used one.
    bench.give(Body::CardLost);
    assert_eq!(bench.take().len(), 1, "nobody is there to be lent anything");
    bench.give(Body::Linked { next_command: 1 });
    assert_eq!(bench.take(), [], "nor is one that has not announced itself");
    bench.reset_card();
    assert_eq!(lease(&bench.take()), None, "nor without limits in force");
    bench.load(&narrow(), 2);
    let anew = bench.take();
    assert_eq!((lease(&anew), credit(&anew), repeat(&anew, 2)), (Some((40, 90)), Some((30_000, 4, 3)), Some(3)));
}

#[test]
fn what_another_card_was_lent_is_not_for_the_next_one() {
    let mut bench = lent(&narrow());
    bench.card_sends(b'B', 60, 0);
    bench.take();
    // Host and card were both killed: nobody has told the engine that its card is gone.
    bench.give(Body::Linked { next_command: 1 });
    bench.give(Body::Restarted);
    let said = bench.take();
    assert_eq!((lease(&said), credit(&said), commands(&said, Opcode::Heartbeat).len()), (None, None, 0));
}

#[test]
fn the_host_vouches_three_times_in_each_heartbeat_and_only_for_limits_in_force() {
    let mut bench = Bench::new(config());
    bench.give(Body::CardUp { deployment: approved() });
    bench.wait(SECOND);
    assert_eq!(commands(&bench.take(), Opcode::Heartbeat), [], "no limits");
    let mut bench = lent(&narrow());
    let beats = |said: &[Output]| commands(said, Opcode::Heartbeat).iter().map(|one| one.args[0]).collect::<Vec<_>>();
    assert_eq!(beats(&bench.take()), [HEARTBEAT_CYCLES], "at once");
    // 46,875,000 cycles are 300 ms.
    assert_eq!(beats(&bench.wait(99_999_999)), []);
    assert_eq!(beats(&bench.wait(1)), [HEARTBEAT_CYCLES]);
    assert_eq!(beats(&bench.wait(100_000_000)), [HEARTBEAT_CYCLES]);
    bench.give(Body::CardLost);
    assert_eq!(beats(&bench.wait(100_000_000)), []);
}

#[test]
fn a_card_that_did_not_hear_us_is_disarmed_whatever_it_told_first() {
    let silent = Event { kind: EventKind::Channel as u8, reason: Reason::HostSilent as u8, ..Event::default() };
    let mut bench = lent(&narrow());
    bench.book(0, 990, 1010);
    bench.wait(SECOND);
    let said = bench.event(silent);
    assert!(said.contains(&Output::Alarm(Alarm::HostSilent)));
    assert_eq!(opcodes(&said), [Opcode::Disarm]);
    assert!(!bench.engine.is_permitted());
    assert_eq!(bench.both(Change::Arm), None);
    // No book became invalid by it: what stands still confirms a mark.
    bench.take();
    fills(&mut bench, 0, Side::Buy, 10, PRICE);
    bench.wait(SECOND);
    assert_eq!(bench.engine.result(0), 10 * (990 - PRICE as i128));
    let mut bench = Bench::ready(config());
    assert_eq!(opcodes(&bench.event(silent)), [], "not armed: nothing to take back");
}

#[test]
fn a_reverted_instrument_stays_fenced_until_two_people_lift_it() {
    let mut bench = lent(&narrow());
    let lift = Change::Lift { fence: Fence::of(1) };
    assert_eq!(bench.both(lift), Some(Refusal::NotFenced));
    let order = bench.live(10);
    let said = bench.one(Change::RevertOrders { instruments: 1 });
    assert_eq!(opcodes(&said), [Opcode::Fence]);
    assert_eq!(bench.both(lift), Some(Refusal::Fenced), "under way");
    bench.venue(CARD, Report::Cancelled { user_ref: order, quantity: 10 });
    bench.confirm(0, 0);
    assert_eq!(bench.engine.reversion().map(|one| one.step), Some(Step::Committed));
    assert_eq!((bench.engine.fenced(), bench.engine.is_permitted()), (Fence::of(1), true));
    assert_eq!(opcodes(&bench.one(lift)), [], "one person");
    bench.take();
    assert_eq!(bench.both(lift), None);
    let lifts: Vec<_> = commands(&bench.take(), Opcode::Lift).iter().map(|one| one.args[0]).collect();
    assert_eq!((lifts, bench.engine.fenced()), (vec![1], Fence::NONE));
}

#[test]
fn a_fence_outlives_host_and_card() {
    let mut bench = lent(&narrow());
    bench.one(Change::RevertOrders { instruments: 1 });
    bench.confirm(0, 0);
    bench.take();
    bench.give(Body::Restarted);
    let fences = |said: &[Output]| commands(said, Opcode::Fence).iter().map(|one| one.args[0]).collect::<Vec<_>>();
    assert_eq!(fences(&bench.take()), [1]);
    assert_eq!(bench.both(Change::Lift { fence: Fence::of(1) }), Some(Refusal::Unconfirmed));
    bench.give(Body::CardLost);
    bench.reset_card();
    assert_eq!(fences(&bench.take()), [1], "a card after reset has none");
}

#[test]
fn what_people_fence_stays_fenced_until_two_of_them_lift_it() {
    let mut bench = lent(&narrow());
    let args = |said: &[Output], opcode| commands(said, opcode).iter().map(|one| [one.args[0], one.args[1]]).collect::<Vec<_>>();
    let rule = Fence::of_rule(0, 2).expect("a rule");
    let all = Fence { instruments: 1 << 3, buys: 1, sells: 1 << 15, ..rule };
    let words = [1 << 3 | 1 << 16 | 1 << 47, 1 << 2];
    assert_eq!(refusal(&bench.one(Change::Fence { fence: Fence::NONE })), Some(Refusal::BadField));
    assert_eq!(bench.both(Change::Lift { fence: all }), Some(Refusal::NotFenced));
    assert_eq!(args(&bench.one(Change::Fence { fence: all }), Opcode::Fence), [words], "one person");
    assert_eq!((bench.engine.fenced(), bench.engine.is_permitted()), (all, true));
    bench.take();
    bench.give(Body::CardLost);
    bench.reset_card();
    assert_eq!(args(&bench.take(), Opcode::Fence), [words], "a card after reset has none");
    assert_eq!(args(&bench.one(Change::Lift { fence: rule }), Opcode::Lift), [[0; 2]; 0], "one person");
    bench.take();
    assert_eq!(bench.both(Change::Lift { fence: Fence { buys: 1 << 4, ..rule } }), None);
    assert_eq!(args(&bench.take(), Opcode::Lift), [[1 << 20, 1 << 2]]);
    assert_eq!(bench.engine.fenced(), Fence { rules: 0, ..all }, "and no more");
}

#[test]
fn a_reduce_only_instrument_is_lent_what_closes_it_and_no_more() {
    for (ours, theirs, [opens, closes]) in [(Side::Buy, Side::Sell, *b"BS"), (Side::Sell, Side::Buy, *b"TB")] {
        // What may be bought and sold, of what opens and what closes.
        let of = |opens, closes| if ours == Side::Buy { [opens, closes] } else { [closes, opens] };
        // The limit is 100 long and 50 short. 30 are held, and another 10 rest.
        let mut bench = lent(&narrow());
        let filled = |bench: &mut Bench, code, side, quantity| {
            let order = bench.card_sends(code, quantity, 0);
            told(bench, order, side, quantity);
            fills(bench, order, side, quantity, PRICE);
        };
        filled(&mut bench, opens, ours, 30);
        let resting = bench.card_sends(opens, 10, 0);
        told(&mut bench, resting, ours, 10);
        bench.take();
        let said = bench.one(Change::ReduceOnly { instruments: 1, ends: false });
        assert_eq!((bench.engine.room(0), cancels(&said)), (of(0, 30), vec![resting]), "one person");
        let (buys, sells) = lease(&said).expect("a lease");
        assert_eq!([buys, sells], of(40, 30), "nothing on top of what was sent there");
        bench.venue(CARD, Report::Cancelled { user_ref: resting, quantity: 10 });
        let closing = bench.card_sends(closes, 20, 1);
        assert_eq!(bench.engine.room(0), of(0, 10), "what is on its way counts");
        told(&mut bench, closing, theirs, 20);
        fills(&mut bench, closing, theirs, 20, PRICE);
        assert_eq!(bench.engine.room(0), of(0, 10));
        filled(&mut bench, closes, theirs, 10);
        assert_eq!(bench.engine.room(0), [0; 2], "it is closed and does not turn");
        bench.give(Body::Restarted);
        assert_eq!(bench.engine.reduce_only(), 1, "a host that comes back knows of it");
    }
}

#[test]
fn what_a_guard_still_fences_is_not_lifted_by_people_nor_the_other_way_round() {
    let mut bench = lent(&narrow());
    let trip = |bench: &mut Bench| {
        bench.give(Body::Mark { instrument: 0, price: PRICE - 6 });
        assert_eq!(bench.tripped(Guard::Loss), 1);
        bench.give(Body::Mark { instrument: 0, price: PRICE });
    };
    bench.one(Change::SetLimit { limit: Limit::InstrumentLoss, index: 0, value: 500 });
    bench.give(Body::Mark { instrument: 0, price: PRICE });
    fills(&mut bench, 0, Side::Buy, 100, PRICE);
    trip(&mut bench);
    let fence = Fence::of(1);
    bench.one(Change::Fence { fence });
    bench.take();
    assert_eq!(bench.both(Change::ClearKill), None);
    assert_eq!((opcodes(&bench.take()), bench.engine.fenced()), (vec![Opcode::ClearKill], fence), "people's fence stays");
    assert_eq!(bench.both(Change::Lift { fence }), None);
    assert_eq!((opcodes(&bench.take()), bench.engine.fenced()), (vec![Opcode::Lift], Fence::NONE));
}

#[test]
fn a_guards_fence_is_lifted_with_its_release_and_not_if_it_trips_again() {
    let mut bench = lent(&narrow());
    bench.one(Change::SetLimit { limit: Limit::InstrumentLoss, index: 0, value: 500 });
    bench.give(Body::Mark { instrument: 0, price: PRICE });
    fills(&mut bench, 0, Side::Buy, 100, PRICE);
    bench.give(Body::Mark { instrument: 0, price: PRICE - 6 });
    assert_eq!((bench.tripped(Guard::Loss), bench.engine.fenced()), (1, Fence::of(1)));
    bench.take();
    assert_eq!(bench.both(Change::ClearKill), None);
    assert_eq!(opcodes(&bench.take()), [Opcode::ClearKill, Opcode::Fence], "still wrong: never lifted");
    bench.give(Body::Mark { instrument: 0, price: PRICE });
    assert_eq!(bench.both(Change::ClearKill), None);
    assert_eq!(opcodes(&bench.take()), [Opcode::ClearKill, Opcode::Lift]);
    assert_eq!(bench.engine.fenced(), Fence::NONE);
}

/// Whether one person may commit `rows` over `base`.
fn is_narrower(base: &[Command], rows: &[Command]) -> bool {
    let mut bench = lent(base);
    bench.write(rows);
    opcodes(&bench.one(Change::Commit { generation: 2, content: content(rows) })).contains(&Opcode::Commit)
}

#[test]
fn each_limit_of_a_set_is_narrower_or_needs_two_people() {
    let base = narrow();
    assert!(is_narrower(&base, &base));
    // Opcode, word, one unit of the limit in it, and whether more of it permits more.
    for (opcode, word, unit, more) in [
        (Opcode::WriteInstrument, 1, 1, true), (Opcode::WriteInstrument, 2, 1 << 32, true),
        (Opcode::WriteInstrument, 3, 1, true), (Opcode::Lease, 0, 1, true), (Opcode::Lease, 0, 1 << 32, true),
        (Opcode::WriteTemplate, 2, 1, false), (Opcode::WriteTemplate, 3, 1, true), (Opcode::WriteGate, 0, 1, false), (Opcode::WriteGate, 0, 1 << 32, true),
        (Opcode::WriteGate, 0, 1 << 48, true), (Opcode::WriteGate, 1, 1, false), (Opcode::Credit, 0, 1, true), (Opcode::Credit, 1, 1, true),
        (Opcode::Credit, 1, 1 << 32, true), (Opcode::Heartbeat, 0, 1, true),
    ] {
        let wider = altered(base.clone(), opcode, 0, |row| if more { row.args[word] += unit } else { row.args[word] -= unit });
        let narrower = altered(base.clone(), opcode, 0, |row| if more { row.args[word] -= unit } else { row.args[word] += unit });
        assert_eq!((is_narrower(&base, &narrower), is_narrower(&base, &wider)), (true, false), "{opcode:?} {word} {unit:#x}");
    }
    // What rules look back for is none.
    let window = altered(base.clone(), Opcode::WriteInstrument, 0, |row| row.args[4] += 1000);
    let shorter = altered(base.clone(), Opcode::WriteInstrument, 0, |row| row.args[4] += 999);
    for (one, other) in [(&base, &window), (&window, &base), (&window, &shorter), (&shorter, &window)] {
        assert!(!is_narrower(one, other), "a window");
    }
    // Another tick size or lot is neither less nor more.
    for unit in [1, 1 << 32] {
        let other = altered(base.clone(), Opcode::WriteInstrument, 0, |row| row.args[5] += unit);
        assert!(!is_narrower(&base, &other) && !is_narrower(&other, &base), "{unit:#x}");
    }
    for bit in 17..21 {
        let fewer = altered(base.clone(), Opcode::WriteInstrument, 0, |row| row.args[0] &= !(1 << bit));
        assert_eq!((is_narrower(&base, &fewer), is_narrower(&fewer, &base)), (true, false), "side {bit}");
    }
    let fewer = altered(base.clone(), Opcode::Repeat, 0, |row| row.value -= 1);
    assert_eq!((is_narrower(&base, &fewer), is_narrower(&fewer, &base)), (true, false));
    // None at all is the narrowest time between orders.
    for opcode in [Opcode::WriteGate, Opcode::WriteTemplate] {
        let none = altered(base.clone(), opcode, 0, |row| row.args[if opcode == Opcode::WriteGate { 0 } else { 2 }] &= !0xffff_ffff);
        assert_eq!((is_narrower(&base, &none), is_narrower(&none, &base)), (true, false), "{opcode:?}");
    }
    for opcode in [Opcode::WriteGate, Opcode::Credit, Opcode::Heartbeat, Opcode::Lease, Opcode::Repeat] {
        let at = base.iter().position(|row| row.opcode == opcode as u8).expect("a row");
        let hole = [&base[..at], &base[at + 1..]].concat();
        let mut bench = lent(&base);
        bench.write(&hole);
        let change = Change::Commit { generation: 2, content: content(&hole) };
        assert_eq!(bench.both(change), Some(Refusal::BadSet), "without {opcode:?}");
    }
}

/// A card that sends all it can, a venue, and everything between them and the engine that takes time.
struct World {
    late: Late,
    to_card: VecDeque<Command>,
    /// As the card has them: buys, sells; value; orders.
    granted: ([u32; 2], u64, [u32; 2]),
    sent: ([u32; 2], u64, u32),
    /// Of each order, from number 1 on: side, what is open, whether the venue has answered.
    orders: Vec<(Side, u32, bool)>,
    position: i64,
    executions: u64,
}

const LONG: u32 = 100;
const SHORT: u32 = 50;
/// More than either side may hold, and less than both.
const VALUE: u64 = 120_000;
const OPEN: u32 = 5;
const UNANSWERED: u32 = 3;

impl World {
    fn new() -> World {
        let rows = altered(narrow(), Opcode::Repeat, 0, |row| row.value = FAR);
        let bench = lent(&altered(rows, Opcode::Credit, 0, |row| row.args = [VALUE, words(OPEN, UNANSWERED), 0, 0, 0, 0]));
        let mut world = World {
            late: Late::new(bench),
            to_card: VecDeque::new(),
            granted: Default::default(),
            sent: Default::default(),
            orders: Vec::new(),
            position: 0,
            executions: 0,
        };
        world.hear();
        while !world.to_card.is_empty() {
            world.carry_out();
        }
        world
    }

    /// What the engine has said is on its way to the card.
    fn hear(&mut self) {
        let is_grant = |one: &Command| [Opcode::Lease, Opcode::Credit].map(|opcode| opcode as u8).contains(&one.opcode);
        self.to_card.extend(self.late.bench.take().iter().filter_map(commanded).filter(is_grant));
    }

    fn carry_out(&mut self) {
        let Some(command) = self.to_card.pop_front() else { return };
        let [first, second, ..] = command.args;
        match Opcode::from_code(command.opcode) {
            Some(Opcode::Lease) if command.instrument == 0 => self.granted.0 = [first as u32, (first >> 32) as u32],
            Some(Opcode::Credit) => (self.granted.1, self.granted.2) = (first, [second as u32, (second >> 32) as u32]),
            _ => {}
        }
    }

    /// An order, if the gate lets it pass.
    fn send(&mut self, side: Side, quantity: u32) {
        let at = usize::from(side == Side::Sell);
        let value = u64::from(quantity) * PRICE as u64;
        let has = |granted: u32, sent: u32, wanted: u32| (wanted as i32) <= granted.wrapping_sub(sent) as i32;
        let passes = has(self.granted.0[at], self.sent.0[at], quantity)
            && value as i64 <= self.granted.1.wrapping_sub(self.sent.1) as i64
            && self.granted.2.iter().all(|granted| has(*granted, self.sent.2, 1));
        if !passes {
            return;
        }
        self.sent.0[at] += quantity;
        self.sent.1 += value;
        self.sent.2 += 1;
        self.orders.push((side, quantity, false));
        let (kind, user_ref) = (EventKind::OrderSent as u8, self.orders.len() as u32);
        let detail = if side == Side::Buy { b'B' } else { b'S' }.into();
        self.late.events.push_back(Event { kind, price_e4: PRICE as u32, quantity, user_ref, detail, ..Event::default() });
    }

    /// The venue does something with an order that is open.
    fn venue(&mut self, kind: u8, pick: u8, pieces: u8) {
        let open: Vec<usize> = (0..self.orders.len()).filter(|at| self.orders[*at].1 > 0).collect();
        let Some(&at) = usize::from(pick).checked_rem(open.len()).and_then(|at| open.get(at)) else { return };
        let user_ref = at as u32 + 1;
        let (side, open, answered) = &mut self.orders[at];
        let quantity = (1 + u32::from(pieces) % 40).min(*open);
        let side = *side;
        let report = match kind % 4 {
            0 if !*answered => {
                *open = 0;
                Report::Rejected { user_ref, reason: 1 }
            }
            _ if !*answered => Report::Accepted { user_ref, instrument: 0, side, quantity: *open, price: PRICE },
            1 => {
                *open -= quantity;
                Report::Cancelled { user_ref, quantity }
            }
            _ => {
                *open -= quantity;
                self.position += side.signed(quantity);
                self.executions += 1;
                let execution = self.executions;
                Report::Executed { user_ref, instrument: 0, side, quantity, price: PRICE, execution }
            }
        };
        *answered = true;
        self.late.reports.push_back(report);
    }

    /// The host dies with what it had not yet told the card, and the next one goes on.
    fn restart(&mut self) {
        self.to_card.clear();
        self.late.bench.give(Body::Linked { next_command: 10_000 });
        self.late.bench.give(Body::Restarted);
        self.late.bench.give(Body::SessionUp { session: CARD });
        while !self.late.reports.is_empty() {
            self.late.tell_report();
        }
        let next = self.orders.len() as u32 + 1;
        self.late.bench.caught_up(CARD, next);
        self.late.bench.confirm(0, self.position);
    }

    fn step(&mut self, (kind, pick, pieces): (u8, u8, u8)) {
        match kind % 16 {
            0..=4 => self.send(if pick % 2 == 0 { Side::Sell } else { Side::Buy }, 1 + u32::from(pieces) % 30),
            5..=6 => (0..1 + pick % 8).for_each(|_| self.carry_out()),
            7..=8 => self.late.tell_event(),
            9..=10 => self.late.tell_report(),
            11 if pick < 40 => self.restart(),
            11 => drop(self.late.bench.wait(SECOND / 100)),
            _ => self.venue(kind / 16, pick, pieces),
        }
        self.hear();
    }

    fn check(&self) {
        let open = |wanted: Side| self.orders.iter().filter(|one| one.0 == wanted).map(|one| i64::from(one.1)).sum::<i64>();
        let (buys, sells) = (open(Side::Buy), open(Side::Sell));
        assert!(self.position + buys <= LONG.into(), "long {} and {buys} open", self.position);
        assert!(-self.position + sells <= SHORT.into(), "short {} and {sells} open", -self.position);
        assert!((self.position.abs() + buys + sells) * PRICE <= VALUE as i64);
        assert!(self.orders.iter().filter(|one| one.1 > 0).count() <= OPEN as usize);
        assert!(self.orders.iter().filter(|one| !one.2).count() <= UNANSWERED as usize);
    }

    /// Everything that is under way arrives; then what is lent is exactly what the limits leave.
    fn settle(&mut self) {
        while self.late.tell() || !self.to_card.is_empty() {
            self.hear();
            self.carry_out();
        }
        // Reports may have come before their order's event.
        self.restart();
        self.hear();
        while !self.to_card.is_empty() {
            self.carry_out();
        }
        let open = |wanted: Side| self.orders.iter().filter(|one| one.0 == wanted).map(|one| i64::from(one.1)).sum::<i64>();
        let left = |at: usize| i64::from(self.granted.0[at].wrapping_sub(self.sent.0[at]));
        assert_eq!(left(0), i64::from(LONG) - self.position - open(Side::Buy));
        assert_eq!(left(1), i64::from(SHORT) + self.position - open(Side::Sell));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_late_or_is_lost_the_worst_case_stays_within_the_limits(steps in steps()) {
        let mut world = World::new();
        for step in steps {
            world.step(step);
            world.check();
        }
        world.settle();
    }
}

#[test]
fn grants_are_the_same_from_the_journal() {
    let mut world = World::new();
    for step in a_thousand_steps() {
        world.step(step);
        world.check();
    }
    assert!(world.orders.len() > 20 && world.executions > 5, "{} orders, {} executions", world.orders.len(), world.executions);
    let mut engine = Engine::new(plain()).expect("a sound configuration");
    let mut out = Outputs::default();
    world.late.bench.inputs.iter().for_each(|input| engine.apply(input, &mut out));
    assert_eq!(engine.digest(), world.late.bench.engine.digest());
    // And so is what the next host tells the card.
    engine.apply(&Input { time_ns: world.late.bench.now_ns, body: Body::Restarted }, &mut out);
    let said: Vec<_> = out.iter().copied().collect();
    assert_eq!(world.late.bench.give(Body::Restarted), said);
    assert_eq!((commands(&said, Opcode::Lease).len(), commands(&said, Opcode::Credit).len()), (16, 1));
}
