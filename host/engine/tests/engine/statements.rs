//! People state the venue's position: agreement is one person's word, a difference is booked by two.
use super::bench::{ALICE, BOB, Bench, CARD, PRICE, executed, refusal};
use riposte_engine::{Alarm, Body, Change, Guard, Output, Record, Refusal, Report, Stream};

/// A position as of all that the bench's venue has told, where the ledger is as it is.
fn stated(bench: &Bench, instrument: u8, quantity: i64) -> Change {
    let as_of = bench.numbers[usize::from(CARD)][0] - 1;
    Change::StatePosition { session: CARD, instrument, quantity, ours: bench.quantity(instrument), price: PRICE, as_of, evidence: [7; 32] }
}

/// All but armed, behind a session that was lost: positions are doubtful.
fn unstated() -> Bench {
    let mut bench = Bench::ready(super::bench::config());
    bench.give(Body::SessionDown { session: CARD });
    bench.reconnect(CARD, 1);
    assert_eq!(bench.engine.arming(), Err(Refusal::Unconfirmed));
    bench
}

fn filled(quantity: u32) -> Bench {
    let mut bench = Bench::armed();
    let order = bench.live(quantity);
    for stream in [Stream::Session, Stream::DropCopy] {
        let sequence = bench.number(CARD, stream);
        let report = executed(order, quantity, 1);
        let body = match stream {
            Stream::Session => Body::Venue { session: CARD, sequence, report },
            Stream::DropCopy => Body::DropCopy { session: CARD, sequence, report },
        };
        bench.give(body);
    }
    bench
}

#[test]
fn one_person_confirms_what_the_ledger_says_and_the_desk_can_be_armed() {
    let mut bench = unstated();
    for instrument in [0, 1] {
        let change = stated(&bench, instrument, 0);
        assert_eq!(bench.engine.preview(&change), Ok(false));
        let said = bench.one(change);
        assert!(said.iter().any(|one| matches!(one, Output::Record(Record::Confirmed { quantity: 0, .. }))));
        let done = said.iter().find_map(|one| match one {
            Output::Record(Record::Done { by, second, change, .. }) => Some((*by, *second, *change)),
            _ => None,
        });
        assert_eq!(done, Some((ALICE, 0, change)), "who said so, and from what, is recorded");
    }
    assert_eq!(bench.engine.arming(), Ok(()));
}

#[test]
fn a_difference_is_booked_with_its_price_by_two_and_not_by_one() {
    let mut bench = Bench::new(super::bench::config());
    bench.reconnect(CARD, 1);
    let change = stated(&bench, 0, 100);
    assert_eq!(bench.engine.preview(&change), Ok(true));
    let request = bench.request();
    bench.give(Body::Propose { request, by: ALICE, change });
    assert_eq!((bench.quantity(0), bench.engine.is_confirmed(0)), (0, false), "one person books nothing");
    assert_eq!(bench.tripped(Guard::DropCopy), 0, "nothing that was confirmed is doubted");
    assert_eq!(refusal(&bench.give(Body::Approve { request, by: ALICE })), Some(Refusal::SamePerson));
    let said = bench.give(Body::Approve { request, by: BOB });
    assert!(said.iter().any(|one| matches!(one, Output::Record(Record::Booked { quantity: 100, price: PRICE, .. }))));
    assert_eq!((bench.quantity(0), bench.engine.is_confirmed(0)), (100, true));
    // Short, too; and the result of what was brought along begins at 0.
    bench.both(stated(&bench, 1, -30));
    bench.give(Body::Mark { instrument: 1, price: PRICE });
    assert_eq!((bench.quantity(1), bench.engine.result(1)), (-30, 0));
}

#[test]
fn a_difference_to_what_was_confirmed_disarms_at_once() {
    let mut bench = filled(10);
    assert!(bench.engine.is_permitted());
    let request = bench.request();
    let said = bench.give(Body::Propose { request, by: ALICE, change: stated(&bench, 0, 12) });
    assert!(said.iter().any(|one| matches!(one, Output::Alarm(Alarm::PositionDiffers { instrument: 0, ours: 10, theirs: 12 }))));
    assert_eq!((bench.engine.is_permitted(), bench.engine.is_confirmed(0), bench.tripped(Guard::DropCopy)), (false, false, 1));
    assert_eq!(refusal(&bench.give(Body::Approve { request, by: BOB })), None);
    assert_eq!((bench.quantity(0), bench.engine.is_confirmed(0)), (12, true));
    assert_eq!(bench.both(Change::ClearKill), None);
    assert_eq!(bench.both(Change::Arm), None);
}

#[test]
fn a_statement_counts_only_while_it_is_of_now() {
    let mut bench = filled(10);
    let old = stated(&bench, 0, 12);
    let request = bench.request();
    bench.give(Body::Propose { request, by: ALICE, change: old });
    // A trade behind the statement: neither approved nor stated again as it was.
    let order = bench.user_ref;
    let sequence = bench.number(CARD, Stream::Session);
    let late = Report::Executed { user_ref: order + 90, instrument: 0, side: riposte_engine::Side::Buy, quantity: 1, price: PRICE, execution: 9 };
    bench.give(Body::Venue { session: CARD, sequence, report: late });
    assert_eq!(bench.quantity(0), 11);
    assert_eq!(refusal(&bench.give(Body::Approve { request, by: BOB })), Some(Refusal::Moved));
    assert_eq!(refusal(&bench.one(old)), Some(Refusal::Moved));
    assert_eq!(bench.quantity(0), 11);
    // A newer word replaces the older one that still waits.
    let (first, second) = (bench.request(), bench.request());
    bench.give(Body::Propose { request: first, by: ALICE, change: stated(&bench, 0, 12) });
    bench.give(Body::Propose { request: second, by: ALICE, change: stated(&bench, 0, 13) });
    assert_eq!(refusal(&bench.give(Body::Approve { request: first, by: BOB })), Some(Refusal::Moved));
    assert_eq!(refusal(&bench.give(Body::Approve { request: second, by: BOB })), None);
    assert_eq!(bench.quantity(0), 13);
    // What could not be read may have been a fill.
    let request = bench.request();
    bench.give(Body::Propose { request, by: ALICE, change: stated(&bench, 0, 14) });
    let sequence = bench.number(CARD, Stream::Session);
    bench.give(Body::Unreadable { session: CARD, stream: Stream::Session, sequence });
    assert_eq!(refusal(&bench.give(Body::Approve { request, by: BOB })), Some(Refusal::Moved));
}

#[test]
fn what_cannot_be_a_statement_is_refused() {
    let mut bench = filled(10);
    let Change::StatePosition { session, ours, price, as_of, evidence, .. } = stated(&bench, 0, 10) else { panic!() };
    let good = |instrument, quantity| Change::StatePosition { session, instrument, quantity, ours, price, as_of, evidence };
    let free = Change::StatePosition { session, instrument: 0, quantity: 11, ours, price: 0, as_of, evidence };
    let early = Change::StatePosition { session, instrument: 0, quantity: 10, ours, price, as_of: as_of + 1, evidence };
    let elsewhere = Change::StatePosition { session: 9, instrument: 0, quantity: 10, ours, price, as_of, evidence };
    for (change, why) in [
        (good(2, 10), Refusal::BadField), (good(99, 10), Refusal::BadField), (good(0, i64::MIN), Refusal::BadField),
        (free, Refusal::BadField), (elsewhere, Refusal::BadField), (early, Refusal::Moved), (good(1, 0), Refusal::Moved),
    ] {
        assert_eq!(refusal(&bench.one(change)), Some(why), "{change:?}");
        assert_eq!(bench.engine.preview(&change), Err(why));
    }
    assert!(bench.engine.is_permitted(), "nothing that cannot be stops a desk");
    bench.give(Body::SessionDown { session: CARD });
    assert_eq!(refusal(&bench.one(good(0, 10))), Some(Refusal::Session));
}
