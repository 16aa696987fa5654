//! The host's controls: for each, what trips it, and what just does not.
use crate::bench::*;
use riposte_engine::{
    Alarm, BOOK, Body, Change, DRAWDOWN, Deployment, Fence, Guard, HostMessage, Limit, Output, Record, Refusal, Report, Session,
    Side, State,
};
use riposte_map::reason::Reason;
use riposte_map::shm::{Event, EventKind, Level, NONE, Opcode};

/// A trade of instrument 0 that the drop copy tells.
fn trade(bench: &mut Bench, side: Side, quantity: u32, price: i64) -> u64 {
    let execution = bench.request();
    bench.drop_copy(CARD, Report::Executed { user_ref: 0, instrument: 0, side, quantity, price, execution });
    execution
}

fn mark(bench: &mut Bench, price: i64) -> Vec<Output> {
    bench.give(Body::Mark { instrument: 0, price })
}

#[test]
fn a_loss_kills_one_unit_beyond_its_limit() {
    let mut bench = Bench::armed();
    bench.one(Change::SetLimit { limit: Limit::Loss, index: 0, value: 500 });
    let resting = bench.live(10);
    trade(&mut bench, Side::Buy, 100, 1000);
    mark(&mut bench, 995);
    assert_eq!((bench.engine.book_result(), bench.engine.is_permitted()), (-500, true), "exactly the limit");
    trade(&mut bench, Side::Buy, 1, 1000);
    trade(&mut bench, Side::Sell, 101, 995);
    let said = bench.take();
    assert_eq!(bench.engine.book_result(), -505);
    assert!(tripped(&said, Guard::Loss, BOOK) && opcodes(&said).contains(&Opcode::Kill));
    assert_eq!(cancels(&said), [resting]);
    assert!(!bench.engine.is_permitted());
    assert_eq!(bench.both(Change::Arm), Some(Refusal::Killed), "until two people clear it");
    assert_eq!(bench.both(Change::ClearKill), None);
    assert_eq!(bench.tripped(Guard::Loss), 2, "still wrong: it trips again at once");
}

#[test]
fn an_instruments_loss_fences_it_one_unit_beyond_its_limit() {
    let mut bench = Bench::armed();
    bench.one(Change::SetLimit { limit: Limit::InstrumentLoss, index: 0, value: 500 });
    let resting = bench.live(10);
    trade(&mut bench, Side::Buy, 100, 1000);
    assert!(opcodes(&mark(&mut bench, 995)).is_empty());
    trade(&mut bench, Side::Sell, 1, 994);
    let said = bench.take();
    assert!(tripped(&said, Guard::Loss, 0) && commands(&said, Opcode::Fence)[0].args[0] == 1);
    assert_eq!(cancels(&said), [resting]);
}

/// The card tells of rules of instrument 0 that have no order.
fn notice(bench: &mut Bench, fired: u16, halting: u16) -> Vec<Output> {
    let detail = u16::from(b'A') | fired << 8 | halting << 12;
    let level = |price_e4| Level { price_e4, quantity: 100 };
    let (bid, ask) = (level(999), level(1001));
    bench.event(Event { kind: EventKind::Notice as u8, rule: NONE, detail, bid, ask, ..Event::default() })
}

#[test]
fn a_rule_that_halts_fences_its_instrument_and_cancels_what_is_open_until_two_people_clear_it() {
    let mut bench = Bench::armed();
    let resting = bench.live(10);
    bench.take();
    let said = notice(&mut bench, 0b0110, 0b0100);
    assert!(tripped(&said, Guard::Rule, 0) && said.contains(&Output::Alarm(Alarm::Noticed { instrument: 0, rules: 0b0010 })));
    assert_eq!(commands(&said, Opcode::Fence)[0].args[0], 1, "also for a card that comes after this one");
    assert_eq!((cancels(&said), bench.engine.fenced(), bench.engine.is_permitted()), (vec![resting], Fence::of(1), true));
    assert!(!opcodes(&notice(&mut bench, 0b0100, 0b0100)).contains(&Opcode::Fence), "it stands");
    assert_eq!(bench.both(Change::ClearKill), None);
    assert_eq!((opcodes(&bench.take()).contains(&Opcode::Lift), bench.engine.fenced()), (true, Fence::NONE));
    assert!(tripped(&notice(&mut bench, 0b0100, 0b0100), Guard::Rule, 0), "and again");
}

#[test]
fn a_rule_that_notifies_is_told_and_changes_nothing_else() {
    let mut bench = Bench::armed();
    bench.live(10);
    bench.take();
    let said = notice(&mut bench, 0b1001, 0);
    assert_eq!(said, [Output::Alarm(Alarm::Noticed { instrument: 0, rules: 0b1001 })]);
    assert_eq!((bench.engine.fenced(), bench.tripped(Guard::Rule)), (Fence::NONE, 0));
}

#[test]
fn what_a_mass_cancel_of_the_card_ends_is_no_outside_cancel_and_nothing_else_changes() {
    let mut bench = Bench::armed();
    let order = |bench: &mut Bench| {
        let order = bench.card_order(10);
        bench.venue(CARD, accepted(order, 10));
        order
    };
    let [first, second] = [order(&mut bench), order(&mut bench)];
    let open = bench.engine.room(0);
    bench.take();
    let said = bench.mass_cancel(Reason::None);
    assert!(said.contains(&Output::Alarm(Alarm::MassCancel { instrument: 0, rule: 1, reason: 0 })) && cancels(&said).is_empty());
    assert_eq!((bench.engine.room(0), bench.engine.is_permitted(), bench.engine.fenced()), (open, true, Fence::NONE), "it is no order");
    let repeat = commands(&said, Opcode::Repeat);
    assert_eq!(repeat.iter().map(|one| (one.instrument, one.rule)).collect::<Vec<_>>(), [], "what a rule may send is not made more");
    let behind = order(&mut bench);
    assert_eq!(behind, second + 2, "it has a number");
    for (order, is_outside) in [(first, false), (second, false), (behind, true)] {
        let said = bench.venue(CARD, Report::Cancelled { user_ref: order, quantity: 10 });
        let outside = Output::Alarm(Alarm::OutsideCancel { session: CARD, user_ref: order, quantity: 10 });
        assert_eq!(said.contains(&outside), is_outside, "{order}");
        assert_eq!(bench.engine.order(CARD, order).map(|one| one.state), Some(State::Cancelled));
    }
}

#[test]
fn a_mass_cancel_that_the_gate_refuses_is_carried_out_by_the_host() {
    let mut bench = Bench::armed();
    assert_eq!(bench.mass_cancel(Reason::Throttle), [], "there is nothing to cancel");
    let open = [bench.live(10), bench.live(10)];
    bench.take();
    assert_eq!(bench.mass_cancel(Reason::CoolDown), [], "one has just gone out");
    let said = bench.mass_cancel(Reason::Throttle);
    assert!(said.contains(&Output::Alarm(Alarm::MassCancel { instrument: 0, rule: 1, reason: Reason::Throttle as u8 })));
    assert_eq!(cancels(&said), open);
}

#[test]
fn a_drawdown_kills_one_unit_beyond_its_limit() {
    let mut bench = Bench::armed();
    bench.one(Change::SetLimit { limit: Limit::Drawdown, index: 0, value: 300 });
    trade(&mut bench, Side::Buy, 100, 1000);
    mark(&mut bench, 1007);
    mark(&mut bench, 1004);
    assert!(bench.engine.is_permitted(), "from 700 down to 400");
    assert!(tripped(&mark(&mut bench, 1003), Guard::Loss, DRAWDOWN));
}

#[test]
fn a_loss_counts_only_on_marks_that_lasted_a_window() {
    let mut bench = Bench::armed();
    bench.one(Change::SetLimit { limit: Limit::Loss, index: 0, value: 500 });
    trade(&mut bench, Side::Buy, 100, 1000);
    bench.wait(SECOND);
    bench.book(0, 999, 1001);
    bench.book(0, 1, 1001);
    bench.wait(SECOND);
    assert_eq!(bench.engine.book_result(), -100, "one wild bid is not a mark");
    bench.event(Event { kind: EventKind::Invalid as u8, ..Event::default() });
    bench.wait(SECOND);
    assert_eq!(bench.engine.book_result(), -100, "nor is a book that may be wrong");
    bench.book(0, 990, 1001);
    bench.wait(SECOND);
    assert_eq!((bench.engine.book_result(), bench.tripped(Guard::Loss)), (-1000, 1), "what stayed a whole window is");
}

#[test]
fn the_venue_cap_holds_to_the_last_unit() {
    let mut bench = Bench::armed();
    bench.one(Change::SetLimit { limit: Limit::Exposure, index: 0, value: 100 * PRICE as u64 });
    assert_eq!(refusal(&bench.try_enter(Side::Buy, 101, PRICE)), Some(Refusal::LimitReached));
    let order = bench.live(60);
    let last = bench.enter(Side::Buy, 40, PRICE);
    bench.venue(CARD, Report::Rejected { user_ref: last, reason: 1 });
    bench.venue(CARD, executed(order, 20, 1));
    bench.confirm(0, 20);
    bench.card_order(40);
    assert!(bench.engine.is_permitted());
    assert_eq!(refusal(&bench.try_enter(Side::Sell, 1, 1)), Some(Refusal::LimitReached), "gross: a sale does not make room");
    bench.card_order(1);
    let said = bench.take();
    assert!(tripped(&said, Guard::VenueCap, 0) && opcodes(&said).contains(&Opcode::Disarm));
    assert_eq!(bench.both(Change::Arm), Some(Refusal::Latched), "until two people release it");
}

#[test]
fn messages_stay_within_what_trades_earn() {
    let mut bench = Bench::armed();
    bench.one(Change::SetLimit { limit: Limit::FreeMessages, index: 0, value: 2 });
    bench.one(Change::SetLimit { limit: Limit::MessagesPerTrade, index: 0, value: 1 });
    let order = bench.live(5);
    bench.card_order(1);
    assert_eq!(refusal(&bench.try_enter(Side::Buy, 1, PRICE)), Some(Refusal::LimitReached));
    bench.venue(CARD, executed(order, 1, 1));
    bench.confirm(0, 1);
    bench.enter(Side::Buy, 1, PRICE);
    assert!(bench.engine.is_permitted());
    assert_eq!(cancels(&bench.give(Body::Cancel { session: CARD, user_ref: order })), [order], "a cancel is never refused");
    assert_eq!(bench.tripped(Guard::OrderToTrade), 1);
    let mut bench = Bench::armed();
    bench.one(Change::SetLimit { limit: Limit::FreeMessages, index: 0, value: 2 });
    bench.card_order(1);
    bench.card_order(1);
    assert_eq!(bench.tripped(Guard::OrderToTrade), 0);
    bench.card_order(1);
    assert_eq!((bench.tripped(Guard::OrderToTrade), bench.engine.is_permitted()), (1, false), "the card's orders count too");
}

#[test]
fn an_order_that_survives_its_disconnect_trips_and_is_cancelled() {
    let mut bench = Bench::armed_with(cancelling());
    let order = bench.card_order(100);
    bench.venue(CARD, accepted(order, 100));
    bench.give(Body::SessionDown { session: CARD });
    let said = bench.reconnect(CARD, order + 1);
    assert!(tripped(&said, Guard::CancelOnDisconnect, CARD));
    assert_eq!(cancels(&said), [order]);
    assert_eq!(bench.both(Change::ClearKill), None);
    assert_eq!(bench.both(Change::Arm), Some(Refusal::Session), "not proven");
    let said = bench.venue(CARD, Report::Cancelled { user_ref: order, quantity: 100 });
    assert!(said.contains(&Output::Record(Record::DisconnectProven { session: CARD })));
}

#[test]
fn an_order_that_only_the_replay_tells_of_must_have_ended_too() {
    let mut bench = Bench::armed_with(cancelling());
    bench.give(Body::SessionDown { session: CARD });
    bench.give(Body::SessionUp { session: CARD });
    bench.venue(CARD, accepted(1, 100));
    let said = bench.caught_up(CARD, 2);
    assert!(tripped(&said, Guard::CancelOnDisconnect, CARD));
    assert_eq!(cancels(&said), [1]);
}

#[test]
fn orders_that_the_venue_cancelled_on_disconnect_are_proven_gone() {
    let mut bench = Bench::armed_with(cancelling());
    let orders = [bench.card_order(100), bench.card_order(50)];
    bench.venue(CARD, accepted(orders[0], 100));
    bench.give(Body::SessionDown { session: CARD });
    bench.give(Body::SessionUp { session: CARD });
    bench.venue(CARD, Report::Cancelled { user_ref: orders[0], quantity: 100 });
    // The second order never reached the venue.
    let said = bench.caught_up(CARD, orders[1]);
    assert!(said.contains(&Output::Record(Record::DisconnectProven { session: CARD })));
    assert_eq!(bench.tripped(Guard::CancelOnDisconnect), 0);
    assert_eq!(bench.engine.order(CARD, orders[1]).unwrap().state, State::NotReceived);
    bench.confirm(0, 0);
    bench.confirm(1, 0);
    assert_eq!(bench.both(Change::Arm), None);
}

fn with_timer() -> Bench {
    let mut config = config();
    config.sessions[usize::from(CARD)] = Session { timer_renew_ns: 10 * SECOND, ..config.sessions[usize::from(CARD)] };
    Bench::ready(config)
}

#[test]
fn the_venues_timer_is_renewed_and_needed_to_arm() {
    let mut bench = with_timer();
    assert_eq!(bench.both(Change::Arm), Some(Refusal::Timer));
    let renews = |said: &[Output]| said.contains(&Output::Message(HostMessage::RenewTimer { session: CARD }));
    assert!(renews(&bench.wait(0)));
    bench.give(Body::TimerSet { session: CARD, until_ns: bench.now_ns + 30 * SECOND });
    assert_eq!(bench.both(Change::Arm), None);
    assert!(!renews(&bench.wait(10 * SECOND - 1)));
    assert!(renews(&bench.wait(1)));
}

#[test]
fn a_timer_that_ran_out_makes_its_orders_unknown_at_that_nanosecond() {
    let mut bench = with_timer();
    bench.give(Body::TimerSet { session: CARD, until_ns: bench.now_ns + 30 * SECOND });
    assert_eq!(bench.both(Change::Arm), None);
    let order = bench.live(10);
    bench.wait(30 * SECOND - 1);
    assert_eq!((bench.engine.order(CARD, order).unwrap().state, bench.engine.is_permitted()), (State::Live, true));
    let said = bench.wait(1);
    assert!(tripped(&said, Guard::DeadManTimer, CARD));
    assert_eq!((bench.engine.order(CARD, order).unwrap().state, bench.engine.is_permitted()), (State::Unknown, false));
}

#[test]
fn one_person_tightens_and_two_loosen() {
    let mut bench = Bench::armed();
    let change = |value| Change::SetLimit { limit: Limit::Loss, index: 0, value };
    let done = |said: &[Output]| said.iter().any(|one| matches!(one, Output::Record(Record::LimitSet { .. })));
    assert!(done(&bench.one(change(999))), "lower: at once");
    assert!(!done(&bench.one(change(1000))), "higher: waits");
    let request = bench.request();
    bench.give(Body::Propose { request, by: ALICE, change: change(1000) });
    assert_eq!(refusal(&bench.give(Body::Approve { request, by: ALICE })), Some(Refusal::SamePerson));
    assert_eq!(refusal(&bench.give(Body::Approve { request, by: 0 })), Some(Refusal::SamePerson));
    assert!(done(&bench.give(Body::Approve { request, by: BOB })));
    assert!(bench.give(Body::Approve { request, by: BOB }).is_empty(), "once");
    assert!(bench.give(Body::Propose { request, by: ALICE, change: change(0) }).is_empty(), "an id is one request");
    assert_eq!(refusal(&bench.give(Body::Approve { request: 4321, by: BOB })), Some(Refusal::NotProposed));
    assert_eq!(bench.both(Change::SetLimit { limit: Limit::Exposure, index: 9, value: 1 }), Some(Refusal::BadField));
    for act in [Change::Disarm, Change::Kill] {
        assert!(!opcodes(&bench.one(act)).is_empty(), "{act:?} needs one person");
    }
    for act in [Change::ClearKill, Change::Arm] {
        assert!(opcodes(&bench.one(act)).is_empty(), "{act:?} needs two");
    }
}

#[test]
fn a_proposal_waits_to_its_last_nanosecond() {
    let mut bench = Bench::armed();
    for (waited_ns, why) in [(60 * SECOND - 1, None), (60 * SECOND, Some(Refusal::Expired))] {
        let request = bench.request();
        let change = Change::SetLimit { limit: Limit::Loss, index: 0, value: 2_000_000_000 + waited_ns };
        bench.give(Body::Propose { request, by: ALICE, change });
        bench.now_ns += waited_ns;
        assert_eq!(refusal(&bench.give(Body::Approve { request, by: BOB })), why);
    }
}

#[test]
fn a_set_that_permits_less_needs_one_person_and_any_other_two() {
    let mut bench = Bench::armed();
    let mut generation = 1;
    let mut commits_alone = |rows: &[riposte_map::shm::Command]| {
        generation += 1;
        bench.write(rows);
        let said = bench.one(Change::Commit { generation, content: content(rows) });
        let commits = opcodes(&said).contains(&Opcode::Commit);
        if commits {
            bench.load(&set(500, 1), generation + 1);
            generation += 1;
        }
        commits
    };
    assert!(commits_alone(&set(499, 1)));
    assert!(commits_alone(&set(500, 1)), "the same again");
    assert!(!commits_alone(&set(501, 1)));
    assert!(!commits_alone(&set(499, 2)), "another rule cannot be compared");
    let mut wider = set(499, 1);
    for row in wider.iter_mut().filter(|row| row.opcode == Opcode::WriteInstrument as u8) {
        row.args[2] += 1;
    }
    assert!(!commits_alone(&wider), "a wider collar");
    // A set with a hole, with a row twice, with an image that lacks a word, or another than was seen.
    let mut bench = Bench::armed();
    let whole = set(499, 1);
    let without = |at: usize| [&whole[..at], &whole[at + 1..]].concat();
    let twice = [&whole[..], &whole[1..2]].concat();
    let image = whole.iter().position(|row| row.opcode == Opcode::WriteImage as u8).expect("an image");
    for rows in [without(0), without(1), without(2), without(3), without(image), twice] {
        bench.write(&rows);
        assert_eq!(bench.both(Change::Commit { generation: 9, content: content(&rows) }), Some(Refusal::BadSet));
    }
    bench.write(&[&whole[..], &set(9999, 1)[1..2]].concat());
    assert_eq!(bench.both(Change::Commit { generation: 9, content: content(&whole) }), Some(Refusal::BadSet), "a row twice");
    bench.write(&whole);
    assert_eq!(bench.both(Change::Commit { generation: 9, content: content(&set(1, 1)) }), Some(Refusal::BadSet));
    assert_eq!(bench.both(Change::Commit { generation: 1, content: content(&whole) }), Some(Refusal::OldGeneration));
}

#[test]
fn an_execution_that_only_one_side_tells_trips_when_its_time_is_over() {
    let mut config = config();
    config.times.drop_copy_ns = 5 * SECOND;
    let mut bench = Bench::armed_with(config);
    let order = bench.live(100);
    bench.venue(CARD, executed(order, 10, 1));
    bench.wait(5 * SECOND - 1);
    bench.drop_copy(CARD, executed(order, 10, 1));
    bench.confirm(0, 10);
    assert!(!opcodes(&bench.wait(SECOND)).contains(&Opcode::Disarm), "told in time");
    bench.venue(CARD, executed(order, 20, 2));
    bench.confirm(0, 30);
    bench.wait(5 * SECOND - 1);
    assert_eq!((bench.tripped(Guard::DropCopy), bench.engine.is_confirmed(0)), (0, true));
    assert!(tripped(&bench.wait(1), Guard::DropCopy, 0));
    assert!(!bench.engine.is_confirmed(0));
}

#[test]
fn a_session_without_a_drop_copy_waits_for_none() {
    let mut config = config();
    config.sessions[usize::from(CARD)].drop_copy = false;
    let mut bench = Bench::armed_with(config);
    let order = bench.live(100);
    bench.venue(CARD, executed(order, 10, 1));
    bench.give(Body::Heartbeat { session: CARD });
    bench.wait(999 * SECOND);
    bench.give(Body::Mark { instrument: 0, price: PRICE });
    bench.give(Body::Heartbeat { session: CARD });
    bench.wait(SECOND);
    assert_eq!(bench.tripped(Guard::DropCopy), 0);
}

#[test]
fn another_position_than_the_venues_trips_and_two_adopt_it() {
    let mut bench = Bench::armed();
    trade(&mut bench, Side::Buy, 10, 1000);
    bench.confirm(0, 10);
    assert_eq!(bench.tripped(Guard::DropCopy), 0);
    assert!(tripped(&bench.confirm(0, 11), Guard::DropCopy, 0));
    assert_eq!(bench.both(Change::Adopt { instrument: 1 }), None, "nothing differs there");
    assert_eq!(bench.both(Change::Adopt { instrument: 0 }), None);
    assert_eq!((bench.quantity(0), bench.engine.is_confirmed(0), bench.engine.result(0)), (11, true, 0));
    // What was said before a trade is not adopted after it.
    trade(&mut bench, Side::Buy, 1, 1000);
    assert_eq!(bench.both(Change::Adopt { instrument: 0 }), Some(Refusal::NoStatement));
}

#[test]
fn only_the_approved_parts_run_together() {
    let good = approved();
    let wrong = [
        Deployment { gateware: [9; 32], ..good }, Deployment { configuration: [9; 32], ..good },
        Deployment { tables: good.tables ^ 1, ..good },
    ];
    for deployment in wrong {
        let mut bench = Bench::armed();
        assert!(tripped(&bench.give(Body::CardUp { deployment }), Guard::Deployment, 0));
        assert_eq!((bench.both(Change::ClearKill), bench.both(Change::Arm)), (None, Some(Refusal::Deployment)));
    }
    // Approved, but compiled against another contract.
    let mut config = config();
    config.approved.tables ^= 1;
    let deployment = config.approved;
    let mut bench = Bench::new(config);
    assert!(tripped(&bench.give(Body::CardUp { deployment }), Guard::Deployment, 0));
    assert_eq!(Bench::new(crate::bench::config()).both(Change::Arm), Some(Refusal::Deployment), "none announced");
}

#[test]
fn the_approved_parts_are_taken() {
    let bench = Bench::armed();
    assert_eq!((bench.tripped(Guard::Deployment), bench.engine.is_permitted()), (0, true));
}

#[test]
fn a_trade_is_provisional_until_its_bust_window_ends() {
    let mut bench = Bench::armed();
    trade(&mut bench, Side::Buy, 10, 1000);
    bench.wait(599 * SECOND);
    trade(&mut bench, Side::Buy, 5, 1000);
    bench.wait(SECOND - 1);
    assert_eq!(bench.engine.provisional(0), 15);
    bench.wait(1);
    assert_eq!((bench.engine.provisional(0), bench.quantity(0)), (5, 15));
    let broken = trade(&mut bench, Side::Sell, 1, 1000);
    bench.drop_copy(CARD, Report::Broken { execution: broken });
    assert_eq!((bench.engine.provisional(0), bench.quantity(0)), (5, 15), "what is firm stays firm");
}

#[test]
fn a_bust_behind_its_window_is_mirrored_and_trips() {
    let mut bench = Bench::armed();
    let (first, second) = (trade(&mut bench, Side::Buy, 10, 1000), trade(&mut bench, Side::Buy, 5, 1000));
    bench.wait(600 * SECOND - 1);
    bench.drop_copy(CARD, Report::Broken { execution: first });
    assert_eq!((bench.quantity(0), bench.engine.provisional(0), bench.tripped(Guard::Bust)), (5, 5, 0));
    bench.now_ns += 1;
    let said = bench.drop_copy(CARD, Report::Broken { execution: second });
    assert!(tripped(&said, Guard::Bust, 0));
    assert_eq!((bench.quantity(0), bench.engine.is_permitted()), (0, false));
    bench.wait(0);
    assert_eq!(bench.engine.provisional(0), 0);
}

#[test]
fn an_erroneous_price_is_claimed_and_one_tick_less_is_not() {
    let mut bench = Bench::armed();
    mark(&mut bench, 1000);
    trade(&mut bench, Side::Buy, 1, 1099);
    trade(&mut bench, Side::Buy, 1, 901);
    assert_eq!(bench.tripped(Guard::Erroneous), 0);
    let execution = trade(&mut bench, Side::Buy, 1, 1100);
    let until_ns = bench.now_ns + 480 * SECOND;
    let said = bench.take();
    assert!(tripped(&said, Guard::Erroneous, 0));
    assert!(said.contains(&Output::Claim { session: CARD, execution, until_ns }));
    assert!(!bench.engine.is_permitted());
    let filed = trade(&mut bench, Side::Sell, 1, 900);
    bench.give(Body::Claimed { session: CARD, execution: filed });
    let missed = |one: &Output| matches!(one, Output::Alarm(Alarm::ClaimMissed { .. }));
    assert!(!bench.wait(480 * SECOND - 1).iter().any(missed));
    let said: Vec<_> = bench.wait(1).into_iter().filter(missed).collect();
    assert_eq!(said, [Output::Alarm(Alarm::ClaimMissed { session: CARD, execution })]);
}

#[test]
fn an_answer_to_an_arm_that_was_taken_back_permits_nothing() {
    let mut bench = Bench::ready(config());
    bench.answers = false;
    assert_eq!(bench.both(Change::Arm), None);
    let commands: Vec<_> = bench.one(Change::Disarm).iter().chain(&bench.take()).filter_map(commanded).collect();
    let arm = commands.iter().find(|one| one.opcode == Opcode::Arm as u8).expect("an arm");
    bench.answer(arm);
    assert!(!bench.engine.is_permitted());
}

#[test]
fn a_host_order_needs_an_armed_card() {
    let mut bench = Bench::ready(config());
    assert_eq!(refusal(&bench.try_enter(Side::Buy, 1, PRICE)), Some(Refusal::NotArmed));
    assert_eq!(bench.both(Change::Arm), None);
    bench.enter(Side::Buy, 1, PRICE);
    bench.one(Change::Disarm);
    assert_eq!(refusal(&bench.try_enter(Side::Buy, 1, PRICE)), Some(Refusal::NotArmed));
}

#[test]
fn an_unset_limit_blocks_arming() {
    for limit in [
        Limit::Loss, Limit::Drawdown, Limit::InstrumentLoss, Limit::Exposure, Limit::FreeMessages, Limit::MessagesPerTrade, Limit::Delta,
        Limit::ScenarioLoss, Limit::Collateral, Limit::Counterparty,
    ] {
        let mut bench = Bench::ready(config());
        bench.one(Change::SetLimit { limit, index: 0, value: 0 });
        assert_eq!(bench.both(Change::Arm), Some(Refusal::Unset), "{limit:?}");
        bench.set_limit(limit, 0, if limit == Limit::Counterparty { 1 << 60 } else { 1_000_000 });
        assert_eq!(bench.both(Change::Arm), None, "{limit:?}");
    }
}

#[test]
fn a_hole_in_the_cards_events_kills() {
    let mut bench = Bench::armed();
    bench.card_order(1);
    assert!(bench.engine.is_permitted());
    bench.lose_event();
    bench.card_order(1);
    let said = bench.take();
    assert!(tripped(&said, Guard::Events, 0) && opcodes(&said).contains(&Opcode::Kill));
}

/// C33: the card is killed by itself; what is open is cancelled, and nobody arms before two people have looked.
#[test]
fn a_card_whose_wire_is_not_its_gates_stops_everything_and_loses_no_book() {
    let mut bench = Bench::armed();
    bench.card_order(1);
    let (kind, reason) = (EventKind::Channel as u8, Reason::WireParity as u8);
    let said = bench.event(Event { kind, reason, instrument: NONE, ..Event::default() });
    assert!(tripped(&said, Guard::Events, 3) && opcodes(&said).contains(&Opcode::Kill));
    assert!(!bench.engine.is_permitted() && bench.engine.is_killed());
    assert!(!said.iter().any(|one| matches!(one, Output::Alarm(Alarm::BooksInvalid { .. }))), "the feed is right");
}

#[test]
fn a_table_stops_trading_while_it_still_has_room() {
    let mut config = config();
    config.orders = 16;
    let mut bench = Bench::armed_with(config);
    for _ in 0..13 {
        bench.card_order(1);
    }
    assert!(bench.engine.is_permitted());
    bench.card_order(1);
    assert_eq!((bench.tripped(Guard::Room), bench.engine.is_permitted()), (1, false));
    bench.card_order(1);
    bench.card_order(1);
    assert_eq!((bench.engine.open_orders().count(), bench.tripped(Guard::Unbooked)), (16, 0), "those on the way have room");
    bench.card_order(1);
    assert_eq!(bench.tripped(Guard::Unbooked), 1, "and one without room kills");
}

#[test]
fn a_card_that_is_lost_or_silenced_by_its_watchdog_is_not_armed() {
    let mut bench = Bench::armed();
    let kill = |feed_sequence| Event {
        kind: EventKind::Command as u8, detail: Opcode::Kill as u16, feed_sequence, ..Event::default()
    };
    let said = bench.event(kill(0));
    assert!(said.contains(&Output::Alarm(Alarm::CardSilenced)));
    assert!(!bench.engine.is_permitted() && bench.engine.is_killed());
    assert_eq!(bench.engine.arming(), Err(Refusal::Killed));
    assert_eq!(bench.both(Change::Arm), Some(Refusal::Killed));
    assert_eq!((bench.both(Change::ClearKill), bench.both(Change::Arm)), (None, None));
    let said = bench.give(Body::CardLost);
    assert_eq!(said, [Output::Alarm(Alarm::CardLost)]);
    assert!(!bench.engine.is_permitted() && !bench.engine.is_approved());
    assert_eq!(bench.both(Change::Arm), Some(Refusal::Deployment));
}

#[test]
fn commands_have_the_numbers_of_the_ring_that_was_joined() {
    let mut bench = Bench::armed();
    bench.take();
    bench.give(Body::Linked { next_command: 7 });
    bench.give(Body::Propose { request: 900, by: ALICE, change: Change::Disarm });
    let said = bench.take();
    let numbers: Vec<u64> = said.iter().filter_map(commanded).map(|one| one.sequence).collect();
    assert!(numbers.iter().copied().eq(7..7 + numbers.len() as u64), "{numbers:?}");
    assert_eq!(commanded(said.last().unwrap()).map(|one| one.opcode), Some(Opcode::Disarm as u8));
}

#[test]
fn a_preview_says_what_a_proposal_meets_and_changes_nothing() {
    let mut bench = Bench::armed();
    let before = bench.engine.digest();
    assert_eq!(bench.engine.preview(&Change::Kill), Ok(false));
    assert_eq!(bench.engine.preview(&Change::SetLimit { limit: Limit::Loss, index: 0, value: 1 }), Ok(false));
    assert_eq!(bench.engine.preview(&Change::SetLimit { limit: Limit::Loss, index: 0, value: u64::MAX }), Ok(true));
    assert_eq!(bench.engine.preview(&Change::SetLimit { limit: Limit::Loss, index: 1, value: 1 }), Err(Refusal::BadField));
    assert_eq!(bench.engine.preview(&Change::RevertParameters { target: 99 }), Err(Refusal::NoTarget));
    assert_eq!(bench.engine.digest(), before);
    bench.give(Body::Propose { request: 901, by: ALICE, change: Change::ClearKill });
    assert_eq!(bench.engine.proposals().collect::<Vec<_>>(), [(901, ALICE, Change::ClearKill)]);
    bench.give(Body::Approve { request: 901, by: BOB });
    assert_eq!(bench.engine.proposals().count(), 0);
}
