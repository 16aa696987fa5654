//! Mandates and candidates: what a model may move, what it may not, and that a set is old or new.
use crate::bench::*;
use proptest::prelude::*;
use riposte_engine::{Alarm, Body, Change, Limit, Output, Record, Refusal, Report, Side, Unhedged};
use riposte_map::shm::{Command, Condition, NONE, Opcode};

/// Rule 0 is the lower edge, rule 1 the upper one.
const LOWER: u32 = 950;
const UPPER: u32 = 1050;
const MANDATE: Change = Change::Mandate {
    model: 2, instrument: 0, lower: 0, upper: 1, lowest: 900, highest: 1100, step: 10, interval_ns: SECOND, for_ns: 1000 * SECOND,
};

/// A whole set whose instrument 0 has the rules of a pair at these thresholds.
fn pair_set(lower: u32, upper: u32) -> Vec<Command> {
    let mut rows = set(500, 1);
    let at = rows.iter().position(|row| row.opcode == Opcode::WriteRules as u8).expect("rules");
    rows[at].args[0] = Condition::AskAtMost as u64 | (Condition::BidAtLeast as u64) << 8;
    rows[at].args[1] = u64::from(lower) | u64::from(upper) << 32;
    rows
}

/// Generation 2 has the pair's rules, the model its mandate.
fn mandated() -> Bench {
    let mut bench = Bench::ready(config());
    bench.load(&pair_set(LOWER, UPPER), 2);
    assert_eq!(bench.both(MANDATE), None);
    assert_eq!(bench.both(Change::Arm), None);
    bench.now_ns += SECOND;
    bench.take();
    bench
}

fn candidate(bench: &mut Bench, lower: u32, upper: u32) -> Vec<Output> {
    let number = bench.request();
    bench.give(Body::Candidate { number, model: 2, lower, upper })
}

fn asked(said: &[Output]) -> Option<u64> {
    said.iter().find_map(|one| if let Output::LoadCandidate { number } = one { Some(*number) } else { None })
}

fn alarmed(said: &[Output]) -> Option<Refusal> {
    said.iter().find_map(|one| if let Output::Alarm(Alarm::Candidate { model: 2, why }) = one { Some(*why) } else { None })
}

fn load(bench: &mut Bench, number: u64, rows: &[Command]) -> Vec<Output> {
    let mut said = bench.give(Body::BeginCandidate { number });
    rows.iter().for_each(|row| said.extend(bench.give(Body::Row { command: *row })));
    said
}

fn commits(said: &[Output]) -> Vec<u32> {
    said.iter().filter_map(commanded).filter(|one| one.opcode == Opcode::Commit as u8).map(|one| one.value).collect()
}

/// The state with mandates, and with a candidate on its way, is read back as it was.
fn reads_back(bench: &Bench) {
    let read = riposte_engine::Engine::decode(&bench.engine.encode()).expect("a state");
    assert_eq!((read.digest(), read.mandate(2)), (bench.engine.digest(), bench.engine.mandate(2)));
    assert_eq!(read.calibration(), bench.engine.calibration());
}

/// A candidate from being wanted to being in force.
fn calibrate(bench: &mut Bench, lower: u32, upper: u32) -> Vec<Output> {
    let number = asked(&candidate(bench, lower, upper)).expect("within the mandate");
    reads_back(bench);
    load(bench, number, &pair_set(lower, upper))
}

#[test]
fn a_candidate_within_its_mandate_is_committed_with_one_write_while_armed_and_needs_nobody() {
    let mut bench = mandated();
    let said = calibrate(&mut bench, LOWER + 10, UPPER - 10);
    assert_eq!((commits(&said), bench.engine.generation(), bench.engine.is_permitted()), (vec![3], 3, true));
    let recorded = said.iter().position(|one| matches!(one, Output::Record(Record::Calibrated { model: 2, generation: 3, .. })));
    let written = said.iter().position(|one| commanded(one).is_some_and(|one| one.opcode == Opcode::Commit as u8));
    assert!(recorded.expect("a record") < written.expect("a commit"));
    assert_eq!(bench.engine.rules(0).expect("rules").thresholds[..2], [LOWER + 10, UPPER - 10]);
    assert_eq!(bench.engine.content(), Some(content(&pair_set(LOWER + 10, UPPER - 10))));
    assert_eq!(bench.engine.base(), Some(content(&pair_set(LOWER, UPPER))), "what people approved stays known");
}

#[test]
fn what_is_outside_the_mandate_is_refused_and_alarmed_and_one_unit_inside_is_not() {
    for (lower, upper, why) in [
        (LOWER - 10, UPPER, None),
        (LOWER - 11, UPPER, Some(Refusal::TooFar)),
        (LOWER, UPPER + 11, Some(Refusal::TooFar)),
        (LOWER, UPPER, Some(Refusal::BadField)),
        (0, UPPER, Some(Refusal::Corridor)),
        (LOWER, 1101, Some(Refusal::Corridor)),
        (LOWER, LOWER, Some(Refusal::BadField)),
    ] {
        let mut bench = mandated();
        let said = candidate(&mut bench, lower, upper);
        assert_eq!((refusal(&said), alarmed(&said), asked(&said).is_none()), (why, why, why.is_some()), "{lower} {upper}");
        if why.is_some() {
            // Once a reason, until one is taken.
            assert_eq!((refusal(&candidate(&mut bench, lower, upper)), alarmed(&bench.take())), (why, why));
            assert_eq!(alarmed(&candidate(&mut bench, lower, upper)), None);
            calibrate(&mut bench, LOWER + 1, UPPER);
            bench.wait(SECOND);
            let said = candidate(&mut bench, lower, 1200);
            assert!(alarmed(&said).is_some(), "told anew");
        }
    }
}

#[test]
fn the_corridor_holds_to_the_last_unit() {
    let mut bench = mandated();
    let narrow = Change::Mandate {
        model: 2, instrument: 0, lower: 0, upper: 1, lowest: LOWER - 3, highest: UPPER + 3, step: 10, interval_ns: SECOND,
        for_ns: 900 * SECOND,
    };
    assert!(refusal(&bench.one(narrow)).is_none(), "narrower: one person");
    let said = candidate(&mut bench, LOWER - 4, UPPER);
    assert_eq!(refusal(&said), Some(Refusal::Corridor));
    assert_eq!(refusal(&candidate(&mut bench, LOWER, UPPER + 4)), Some(Refusal::Corridor));
    assert!(asked(&candidate(&mut bench, LOWER - 3, UPPER + 3)).is_some());
}

#[test]
fn a_mandate_needs_two_people_a_narrower_one_and_its_end_one() {
    let mut bench = mandated();
    let with = |step: u32, interval_ns: u64, for_ns: u64, lowest: u32, highest: u32| Change::Mandate {
        model: 2, instrument: 0, lower: 0, upper: 1, lowest, highest, step, interval_ns, for_ns,
    };
    let wider = [
        with(11, SECOND, 1, 900, 1100), with(10, SECOND - 1, 1, 900, 1100), with(10, SECOND, 1001 * SECOND, 900, 1100),
        with(10, SECOND, 1, 899, 1100), with(10, SECOND, 1, 900, 1101),
        Change::Mandate { model: 3, instrument: 0, lower: 0, upper: 1, lowest: 900, highest: 1100, step: 1, interval_ns: SECOND, for_ns: 1 },
    ];
    for change in wider {
        assert_eq!(bench.engine.preview(&change), Ok(true), "{change:?}");
    }
    assert_eq!(bench.engine.preview(&with(10, SECOND, 1, 900, 1100)), Ok(false));
    assert_eq!(bench.engine.preview(&Change::EndMandate { model: 2 }), Ok(false));
    assert!(refusal(&bench.one(Change::EndMandate { model: 2 })).is_none());
    assert_eq!(refusal(&candidate(&mut bench, LOWER + 1, UPPER)), Some(Refusal::NoMandate));
    assert_eq!(refusal(&bench.one(Change::EndMandate { model: 2 })), Some(Refusal::NoMandate));
}

#[test]
fn mandates_that_cannot_be_are_refused() {
    let mut bench = mandated();
    let good = (2, 0, 0, 1, 900, 1100, 10, SECOND, SECOND);
    let with = |(model, instrument, lower, upper, lowest, highest, step, interval_ns, for_ns): (u8, u8, u8, u8, u32, u32, u32, u64, u64)| {
        Change::Mandate { model, instrument, lower, upper, lowest, highest, step, interval_ns, for_ns }
    };
    let (m, i, l, u, low, high, s, every, long) = good;
    for change in [
        (8, i, l, u, low, high, s, every, long), (m, 16, l, u, low, high, s, every, long), (m, i, 4, u, low, high, s, every, long),
        (m, i, 0, 0, low, high, s, every, long), (m, i, NONE, NONE, low, high, s, every, long), (m, i, l, u, 0, high, s, every, long),
        (m, i, l, u, 1101, high, s, every, long), (m, i, l, u, low, high, 0, every, long), (m, i, l, u, low, high, s, 0, long),
        (m, i, l, u, low, high, s, every, 0),
        // A rule whose condition is no lower, or no upper, edge.
        (m, i, 1, 0, low, high, s, every, long), (m, i, 3, NONE, low, high, s, every, long),
    ] {
        assert_eq!(bench.both(with(change)), Some(Refusal::BadField), "{change:?}");
    }
    assert_eq!(bench.both(with((m, i, l, NONE, low, high, s, every, long))), None, "one edge is enough");
    assert!(asked(&candidate(&mut bench, LOWER + 1, 0)).is_some());
}

#[test]
fn a_mandate_ends_by_itself_and_does_not_outlive_its_rules_or_a_reversion() {
    let mut bench = mandated();
    bench.wait(999 * SECOND - 1);
    assert!(asked(&candidate(&mut bench, LOWER + 1, UPPER)).is_some(), "to the last nanosecond");
    let mut bench = mandated();
    bench.wait(999 * SECOND);
    let said = candidate(&mut bench, LOWER + 1, UPPER);
    assert_eq!((refusal(&said), alarmed(&said)), (Some(Refusal::Expired), Some(Refusal::Expired)));
    // Another condition on the same rule, a further term, another action, and another template: not what was approved.
    let mut other_condition = pair_set(LOWER, UPPER);
    let at = other_condition.iter().position(|row| row.opcode == Opcode::WriteRules as u8).expect("rules");
    other_condition[at].args[0] = Condition::TradeAtMost as u64 | (Condition::BidAtLeast as u64) << 8;
    let mut other_template = pair_set(LOWER, UPPER);
    let at = other_template.iter().position(|row| row.opcode == Opcode::WriteTemplate as u8).expect("a template");
    other_template[at].args[0] = 77;
    let mut other_term = pair_set(LOWER, UPPER);
    let at = other_term.iter().position(|row| row.opcode == Opcode::WriteRules as u8 && row.index == 1).expect("further terms");
    other_term[at].args[0] = Condition::BidSizeAtLeast as u64;
    let mut other_action = pair_set(LOWER, UPPER);
    let at = other_action.iter().position(|row| row.opcode == Opcode::WriteRules as u8).expect("rules");
    other_action[at].args[3] = 1;
    for rows in [other_condition, other_term, other_action, other_template] {
        let mut bench = mandated();
        bench.load(&rows, 3);
        assert_eq!(refusal(&candidate(&mut bench, LOWER + 1, UPPER)), Some(Refusal::NoMandate));
    }
    let mut bench = mandated();
    bench.load(&pair_set(LOWER + 20, UPPER), 3);
    assert!(asked(&candidate(&mut bench, LOWER + 21, UPPER)).is_some(), "thresholds may be others");
    let mut bench = mandated();
    assert_eq!(bench.both(Change::RevertParameters { target: 1 }), None);
    assert_eq!(bench.engine.mandates().count(), 0);
}

#[test]
fn candidates_come_no_faster_than_the_mandate_says_and_an_old_number_is_no_news() {
    let mut bench = mandated();
    calibrate(&mut bench, LOWER + 1, UPPER);
    bench.now_ns += SECOND - 1;
    let said = candidate(&mut bench, LOWER + 2, UPPER);
    assert_eq!((refusal(&said), alarmed(&said)), (Some(Refusal::TooSoon), None));
    bench.now_ns += 1;
    let number = bench.request();
    let body = Body::Candidate { number, model: 2, lower: LOWER + 2, upper: UPPER };
    assert!(asked(&bench.give(body)).is_some());
    let digest = bench.engine.digest();
    for number in [number, number - 1, 0] {
        assert!(bench.give(Body::Candidate { number, model: 2, lower: LOWER + 3, upper: UPPER }).is_empty());
    }
    assert_eq!(bench.engine.digest(), digest);
}

#[test]
fn only_the_set_that_was_asked_for_is_committed() {
    let (lower, upper) = (LOWER + 5, UPPER - 5);
    let mut other_rule = pair_set(lower, upper);
    let second = other_rule.iter().rposition(|row| row.opcode == Opcode::WriteRules as u8 && row.index == 0).expect("rules");
    other_rule[second].args[1] += 1;
    let mut other_term = pair_set(lower, upper);
    let last = other_term.iter().rposition(|row| row.opcode == Opcode::WriteRules as u8).expect("terms");
    other_term[last].args[1] += 1;
    let other = |opcode: Opcode, change: fn(&mut Command)| {
        let mut rows = pair_set(lower, upper);
        change(rows.iter_mut().find(|row| row.opcode == opcode as u8).expect("a row"));
        rows
    };
    for (what, rows) in [
        ("a threshold", pair_set(lower, upper - 1)),
        ("another rule", other_rule),
        ("a further term", other_term),
        ("limits of an instrument", other(Opcode::WriteInstrument, |row| row.args[1] += 1)),
        ("a window", other(Opcode::WriteInstrument, |row| row.args[4] += 1)),
        ("a lease", other(Opcode::Lease, |row| row.args[0] -= 1)),
        ("the throttle", other(Opcode::WriteGate, |row| row.args[0] += 1)),
        ("credit", other(Opcode::Credit, |row| row.args[0] -= 1)),
        ("a heartbeat", other(Opcode::Heartbeat, |row| row.args[0] -= 1)),
        ("orders of a rule", other(Opcode::Repeat, |row| row.value -= 1)),
        ("a cool-down", other(Opcode::WriteTemplate, |row| row.args[2] += 1)),
        ("a template", other(Opcode::WriteTemplate, |row| row.args[0] += 1)),
        ("an image", other(Opcode::WriteImage, |row| row.args[0] += 1)),
        ("the feed", other(Opcode::WriteFeed, |row| row.args[0] += 1)),
    ] {
        let mut bench = mandated();
        let number = asked(&candidate(&mut bench, lower, upper)).expect("within the mandate");
        let said = load(&mut bench, number, &rows);
        assert_eq!((commits(&said), refusal(&said), alarmed(&said)), (vec![], Some(Refusal::BadSet), Some(Refusal::BadSet)), "{what}");
        assert_eq!(bench.engine.generation(), 2);
    }
    // One row is missing: nothing is committed, and it is not waited for.
    let mut bench = mandated();
    let number = asked(&candidate(&mut bench, lower, upper)).expect("within the mandate");
    assert!(commits(&load(&mut bench, number, &pair_set(lower, upper)[1..])).is_empty());
    assert_eq!(alarmed(&bench.wait(SECOND)), Some(Refusal::BadSet));
    // Rows that nobody asked for change nothing, also not the set that people have written.
    let mut bench = mandated();
    bench.write(&pair_set(LOWER + 7, UPPER));
    let written = bench.engine.written();
    load(&mut bench, 77, &pair_set(lower, upper));
    assert_eq!((bench.engine.written(), written.is_some()), (written, true));
}

#[test]
fn people_do_not_wait_for_models_and_models_wait_for_people() {
    let mut bench = mandated();
    let rows = pair_set(LOWER + 40, UPPER);
    // Somebody's set waits for a second person: no candidate overwrites it.
    bench.write(&rows);
    let request = bench.request();
    let change = Change::Commit { generation: 3, content: content(&rows) };
    bench.give(Body::Propose { request, by: ALICE, change });
    let said = candidate(&mut bench, LOWER + 1, UPPER);
    assert_eq!((refusal(&said), alarmed(&said)), (Some(Refusal::Busy), None));
    assert_eq!(commits(&bench.give(Body::Approve { request, by: BOB })), [3]);
    // A candidate is on its way when people begin to write theirs: theirs counts.
    let number = asked(&candidate(&mut bench, LOWER + 41, UPPER)).expect("within the mandate");
    let rows = pair_set(LOWER + 50, UPPER);
    bench.write(&rows);
    let request = bench.request();
    bench.give(Body::Propose { request, by: ALICE, change: Change::Commit { generation: 4, content: content(&rows) } });
    assert!(commits(&load(&mut bench, number, &pair_set(LOWER + 41, UPPER))).is_empty());
    assert_eq!(commits(&bench.give(Body::Approve { request, by: BOB })), [4]);
    assert_eq!(bench.engine.rules(0).expect("rules").thresholds[0], LOWER + 50);
}

#[test]
fn nothing_moves_while_killed_latched_or_reverting_and_a_refused_commit_frees_the_way() {
    let mut bench = mandated();
    bench.one(Change::RevertOrders { instruments: 1 });
    assert_eq!(refusal(&candidate(&mut bench, LOWER + 1, UPPER)), Some(Refusal::Fenced));
    bench.confirm(0, 0);
    bench.one(Change::Kill);
    assert_eq!(refusal(&candidate(&mut bench, LOWER + 1, UPPER)), Some(Refusal::Killed));
    assert_eq!(bench.both(Change::ClearKill), None);
    bench.answers = false;
    let said = calibrate(&mut bench, LOWER + 1, UPPER);
    let commit = said.iter().filter_map(commanded).find(|one| one.opcode == Opcode::Commit as u8).expect("a commit");
    bench.now_ns += SECOND;
    assert_eq!(refusal(&candidate(&mut bench, LOWER + 2, UPPER)), Some(Refusal::Busy), "the card has not answered");
    bench.answer(&Command { value: 1, ..commit });
    assert!(asked(&candidate(&mut bench, LOWER + 2, UPPER)).is_some(), "the card has refused it");
    bench.give(Body::CardLost);
    assert_eq!(refusal(&candidate(&mut bench, LOWER + 3, UPPER)), Some(Refusal::Deployment));
}

#[test]
fn what_people_approved_stays_among_the_generations_however_often_a_model_moves_it() {
    let mut bench = mandated();
    for round in 0..200u32 {
        calibrate(&mut bench, LOWER + 1 + round % 2, UPPER);
        bench.now_ns += SECOND;
    }
    assert_eq!((bench.engine.generation(), bench.engine.newest_approved()), (202, 2), "numbers of models are not people's");
    let (newest, rules) = bench.engine.recipe(&bench.engine.content().expect("a set")).expect("it is remembered");
    assert_eq!((newest, rules[0].thresholds[0]), (content(&pair_set(LOWER, UPPER)), LOWER + 2));
    assert_eq!(bench.both(Change::RevertParameters { target: 2 }), None);
    let wanted = |one: &Output| matches!(one, Output::LoadSet { generation: 203, content: found } if *found == content(&pair_set(LOWER, UPPER)));
    assert!(bench.take().iter().any(wanted));
    bench.write(&pair_set(LOWER, UPPER));
    assert_eq!((bench.engine.generation(), bench.engine.base()), (203, bench.engine.content()));
    assert_eq!(bench.engine.newest_approved(), 203);
}

#[test]
fn a_reversion_to_a_set_that_a_model_moved_knows_what_people_approved() {
    let mut bench = mandated();
    calibrate(&mut bench, LOWER + 1, UPPER);
    bench.load(&pair_set(LOWER, UPPER + 9), 4);
    assert_eq!(bench.both(Change::RevertParameters { target: 3 }), None);
    bench.write(&pair_set(LOWER + 1, UPPER));
    assert_eq!((bench.engine.generation(), bench.engine.base()), (5, Some(content(&pair_set(LOWER, UPPER)))));
    assert_eq!(bench.engine.newest_approved(), 4, "what comes back is the model's");
}

#[test]
fn a_hedge_leaves_as_an_order_once_and_to_the_limit_of_the_position() {
    let mut bench = Bench::armed();
    let hedge = |bench: &mut Bench, number: u64, side: Side, quantity: u32| {
        bench.give(Body::Hedge { number, instrument: 0, side, quantity, price: PRICE as u32 })
    };
    let sent = |said: &[Output]| !commands(said, Opcode::Order).is_empty();
    bench.set_limit(Limit::Hedge, 0, 0);
    assert_eq!(refusal(&hedge(&mut bench, 1, Side::Buy, 10)), Some(Refusal::Unset), "unset is blocked");
    bench.set_limit(Limit::Hedge, 0, 100);
    assert!(!sent(&hedge(&mut bench, 1, Side::Buy, 10)), "an old number is no news");
    assert!(sent(&hedge(&mut bench, 2, Side::Buy, 60)));
    assert!(hedge(&mut bench, 2, Side::Buy, 60).is_empty());
    assert_eq!(refusal(&hedge(&mut bench, 3, Side::Buy, 41)), Some(Refusal::LimitReached), "what is open counts");
    assert!(sent(&hedge(&mut bench, 4, Side::Buy, 40)));
    assert_eq!(bench.engine.hedged_position(0), 100);
    assert_eq!(refusal(&hedge(&mut bench, 5, Side::Sell, 101)), Some(Refusal::LimitReached));
    assert!(sent(&hedge(&mut bench, 6, Side::Sell, 100)));
    // Beyond the limit already: only what makes it smaller.
    let mut bench = Bench::armed();
    let order = bench.live(300);
    bench.venue(CARD, executed(order, 300, 1));
    bench.confirm(0, 300);
    bench.set_limit(Limit::Hedge, 0, 100);
    assert_eq!(refusal(&hedge(&mut bench, 7, Side::Buy, 1)), Some(Refusal::LimitReached));
    assert!(sent(&hedge(&mut bench, 8, Side::Sell, 50)));
    assert!(sent(&hedge(&mut bench, 9, Side::Sell, 350)), "250 in all would be held, 100 short are within");
    bench.one(Change::Disarm);
    assert_eq!(refusal(&hedge(&mut bench, 10, Side::Sell, 1)), Some(Refusal::NotArmed), "as any order");
}

#[test]
fn what_of_a_hedge_does_not_trade_ends_by_itself_and_is_no_alarm() {
    let mut bench = Bench::armed();
    bench.set_limit(Limit::Hedge, 0, 100);
    let hedge = bench.enter(Side::Buy, 60, PRICE);
    bench.venue(CARD, accepted(hedge, 60));
    let said = bench.venue(CARD, Report::Cancelled { user_ref: hedge, quantity: 60 });
    assert!(!said.iter().any(|one| matches!(one, Output::Alarm(_))), "{said:?}");
    assert_eq!(bench.engine.hedged_position(0), 0);
    let other = bench.card_order(60);
    bench.venue(CARD, accepted(other, 60));
    let said = bench.venue(CARD, Report::Cancelled { user_ref: other, quantity: 60 });
    assert!(said.iter().any(|one| matches!(one, Output::Alarm(Alarm::OutsideCancel { .. }))));
}

#[test]
fn a_book_that_was_not_hedged_is_alarmed_and_nothing_leaves() {
    let mut bench = Bench::armed();
    let said = bench.give(Body::Unhedged { why: Unhedged::Infeasible });
    assert_eq!(said, [Output::Alarm(Alarm::Unhedged { why: Unhedged::Infeasible })]);
}

proptest! {
    /// Whatever models and people want, in any order: a threshold in force that people did not write is in the corridor, no further
    /// than a step from the last one, and no sooner than the interval.
    #[test]
    fn whatever_is_wanted_no_set_leaves_the_mandate(
        wishes in prop::collection::vec((0u8..8, 880u32..1120, 880u32..1120, 0u64..2 * SECOND), 0..60),
    ) {
        let mut bench = mandated();
        // Near enough to be reached.
        let near = Change::Mandate {
            model: 2, instrument: 0, lower: 0, upper: 1, lowest: LOWER - 5, highest: UPPER + 5, step: 10, interval_ns: SECOND,
            for_ns: 900 * SECOND,
        };
        prop_assert_eq!(refusal(&bench.one(near)), None);
        let (mut generation, mut moved_ns) = (2, 0);
        for (kind, lower, upper, wait_ns) in wishes {
            bench.now_ns += wait_ns;
            let before = bench.engine.rules(0).expect("rules").thresholds;
            let said = match kind {
                0 => bench.give(Body::Restarted),
                1 => bench.wait(SECOND),
                _ => candidate(&mut bench, before[0] + lower % 25 - 12, before[1] + upper % 25 - 12),
            };
            if let Some(number) = asked(&said) {
                let wanted = (before[0] + lower % 25 - 12, before[1] + upper % 25 - 12);
                load(&mut bench, number, &pair_set(wanted.0, wanted.1));
            }
            if bench.engine.generation() != generation {
                generation = bench.engine.generation();
                let after = bench.engine.rules(0).expect("rules").thresholds;
                for (one, other) in before.iter().zip(&after).take(2) {
                    prop_assert!((LOWER - 5..=UPPER + 5).contains(other) && one.abs_diff(*other) <= 10, "{before:?} {after:?}");
                }
                prop_assert!(moved_ns == 0 || bench.now_ns - moved_ns >= SECOND);
                moved_ns = bench.now_ns;
            }
        }
    }
}
