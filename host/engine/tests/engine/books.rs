//! Which books the card holds for right, and how they are restored. Oracle: the card's page.
use crate::bench::*;
use riposte_engine::{Alarm, Body, Change, Engine, Output, Outputs, PLACES, Record, Restoring, Unrestored};
use riposte_map::reason::Reason;
use riposte_map::shm::{Event, EventKind, Level, NONE, Opcode};

const BOTH: u16 = 0b11;
const DIGEST: [u8; 32] = [7; 32];

fn valid(bench: &Bench) -> [Option<bool>; 3] {
    [0, 1, 2].map(|at| bench.engine.card_book(at).valid)
}

fn words(number: u64) -> Level {
    Level { price_e4: number as u32, quantity: (number >> 32) as u32 }
}

impl Bench {
    fn channel(&mut self, reason: Reason, expected: u64, received: u64) -> Vec<Output> {
        let (bid, ask) = (words(expected), words(received));
        self.event(Event { kind: EventKind::Channel as u8, reason: reason as u8, instrument: NONE, bid, ask, ..Event::default() })
    }

    fn answers(&mut self, opcode: Opcode, number: u64, reason: Reason) -> Vec<Output> {
        let (detail, reason) = (opcode as u16, reason as u8);
        self.event(Event { kind: EventKind::Command as u8, reason, detail, feed_sequence: number, ..Event::default() })
    }

    /// Books that are right, and a card that answers when it is told to.
    fn open() -> Bench {
        let mut bench = Bench::armed();
        assert_eq!(bench.both(Change::Validate { instruments: BOTH }), None);
        assert_eq!(valid(&bench), [Some(true), Some(true), None]);
        bench.answers = false;
        bench
    }

    /// Empty books.
    fn cleared(number: u64) -> Bench {
        let mut bench = Bench::open();
        bench.channel(Reason::Gap, 100, 105);
        let said = bench.give(Body::Restore { number });
        let [clear] = commands(&said, Opcode::Clear)[..] else { panic!("{said:?}") };
        bench.answers(Opcode::Clear, clear.sequence, Reason::None);
        bench.channel(Reason::Cleared, 0, 0);
        assert_eq!(bench.engine.restoration().step, Restoring::Cleared);
        bench
    }

    /// The number of the first of these rows.
    fn rows(&mut self, number: u64, sequence: u64, rows: u32) -> u64 {
        let said = self.give(Body::Rows { number, instruments: BOTH, sequence, rows, digest: DIGEST });
        let at = said.iter().position(|one| matches!(one, Output::Restore { .. })).expect("rows go");
        let Output::Restore { first, .. } = said[at] else { unreachable!() };
        let record = Record::Restoring { number, instruments: BOTH, sequence, rows, digest: DIGEST, first };
        assert_eq!((said[at], said[at - 1]), (Output::Restore { number, instruments: BOTH, first, rows }, Output::Record(record)));
        first
    }

    fn chased(&mut self, number: u64, sequence: u64) -> Vec<Output> {
        self.give(Body::Chased { number, sequence, rows: 12, digest: [8; 32] })
    }
}

fn alarms(said: &[Output]) -> Vec<Alarm> {
    said.iter().filter_map(|one| if let Output::Alarm(alarm) = one { Some(*alarm) } else { None }).collect()
}

#[test]
fn a_book_is_right_from_its_validation_on_until_it_is_told_wrong() {
    let mut bench = Bench::armed();
    assert_eq!(valid(&bench), [None; 3], "nobody has said");
    bench.answers = false;
    let request = bench.request();
    bench.give(Body::Propose { request, by: ALICE, change: Change::Validate { instruments: 0b110 } });
    let said = bench.give(Body::Approve { request, by: BOB });
    let [validate] = commands(&said, Opcode::Validate)[..] else { panic!("{said:?}") };
    assert_eq!(valid(&bench), [None; 3], "the card has not done it");
    bench.answers(Opcode::Validate, validate.sequence, Reason::None);
    assert_eq!(valid(&bench), [None, Some(true), Some(true)]);
    bench.now_ns += SECOND;
    let invalid = Event { kind: EventKind::Invalid as u8, instrument: 2, reason: Reason::Crossed as u8, ..Event::default() };
    assert_eq!(alarms(&bench.event(invalid)), [Alarm::BooksInvalid { instruments: 0b100, reason: Reason::Crossed as u8 }]);
    assert_eq!(valid(&bench), [None, Some(true), Some(false)]);
    let book = bench.engine.card_book(2);
    assert_eq!((book.why, book.since_ns), (Some(Reason::Crossed), bench.now_ns));
    // What concerns no book.
    bench.channel(Reason::Cleared, 0, 0);
    bench.channel(Reason::HostSilent, 0, 0);
    assert_eq!(valid(&bench), [None, Some(true), Some(false)]);
    assert_eq!(alarms(&bench.channel(Reason::Gap, 5, 9)), [Alarm::BooksInvalid { instruments: 0b10, reason: Reason::Gap as u8 }]);
    assert_eq!((valid(&bench), bench.engine.feed_seen()), ([Some(false); 3], 9));
    assert_eq!(alarms(&bench.channel(Reason::Gap, 5, 9)), [], "it is known");
    bench.give(Body::CardLost);
    assert_eq!((valid(&bench), bench.engine.feed_seen()), ([None; 3], 0));
}

#[test]
fn a_validation_that_was_refused_or_met_an_error_of_the_feed_opens_nothing() {
    for (reason, gap, opens) in [(Reason::None, false, true), (Reason::BookNotClean, false, false), (Reason::None, true, false)] {
        let mut bench = Bench::armed();
        bench.answers = false;
        let request = bench.request();
        bench.give(Body::Propose { request, by: ALICE, change: Change::Validate { instruments: 1 } });
        let said = bench.give(Body::Approve { request, by: BOB });
        if gap {
            bench.channel(Reason::BadFrame, 0, 0);
        }
        bench.answers(Opcode::Validate, commands(&said, Opcode::Validate)[0].sequence, reason);
        assert_eq!(bench.engine.card_book(0).valid == Some(true), opens, "{reason:?} {gap}");
    }
}

#[test]
fn the_day_s_end_closes_books_without_an_alarm() {
    let mut bench = Bench::open();
    assert_eq!(alarms(&bench.channel(Reason::EndOfSession, 7, 7)), []);
    assert_eq!(valid(&bench)[..2], [Some(false); 2]);
}

#[test]
fn a_restoration_goes_step_by_step_and_its_books_are_right_by_the_card_s_word_alone() {
    let mut bench = Bench::open();
    bench.now_ns += SECOND;
    let said = bench.give(Body::Restore { number: 5 });
    assert_eq!(opcodes(&said), [Opcode::Clear]);
    assert_eq!(valid(&bench)[..2], [Some(false); 2], "from the command on none is");
    assert_eq!(bench.engine.card_book(0).why, Some(Reason::Restoring));
    let rows = Body::Rows { number: 5, instruments: BOTH, sequence: 100, rows: 10, digest: DIGEST };
    assert_eq!(bench.give(rows), [], "they are not empty yet");
    assert_eq!(bench.give(Body::Restore { number: 5 }), [], "it is under way");
    bench.answers(Opcode::Clear, commands(&said, Opcode::Clear)[0].sequence, Reason::None);
    bench.channel(Reason::Cleared, 0, 0);
    assert_eq!(bench.give(Body::Rows { number: 4, instruments: BOTH, sequence: 100, rows: 10, digest: DIGEST }), [], "another one's");
    let first = bench.rows(5, 100, 10);
    // Commands behind have numbers behind the places that were set aside.
    assert_eq!(commands(&bench.one(Change::Disarm), Opcode::Disarm)[0].sequence, first + 10 + u64::from(PLACES));
    let resume = first + 10;
    for (at, reason) in (0..).zip([Reason::Elsewhere, Reason::TooSoon, Reason::FeedSilent]) {
        assert_eq!(alarms(&bench.answers(Opcode::Resume, resume + at, reason)), [], "it goes again");
    }
    bench.chased(5, 104);
    assert_eq!((valid(&bench)[0], bench.engine.restoration().step), (Some(false), Restoring::Waiting));
    let first = bench.rows(5, 104, 0);
    bench.answers(Opcode::Resume, first - 1, Reason::None);
    bench.chased(5, 104);
    assert_eq!(bench.engine.restoration().step, Restoring::Waiting, "the answer to an older command");
    let first = bench.rows(5, 104, 0);
    bench.answers(Opcode::Resume, first + 3, Reason::None);
    assert_eq!(valid(&bench)[0], Some(false), "it is not told where");
    bench.now_ns += SECOND;
    let said = bench.chased(5, 109);
    let restored = Record::Restored { number: 5, instruments: BOTH, sequence: 109, rows: 12, digest: [8; 32] };
    assert!(said.contains(&Output::Record(restored)), "{said:?}");
    assert_eq!(valid(&bench), [Some(true), Some(true), None]);
    let all = bench.engine.restorations();
    assert_eq!((all.begun, all.done, all.failed, all.last_ns, all.sum_ns), (1, 1, 0, SECOND, SECOND));
    assert_eq!(bench.give(Body::Restore { number: 5 }), [], "an old one");
}

#[test]
fn an_error_of_the_feed_behind_the_card_s_word_counts_whichever_was_told_first() {
    for (reason, expected, holds) in [
        (Reason::Gap, 103, true), (Reason::Gap, 104, false), (Reason::Gap, 200, false), (Reason::BadFrame, 0, false),
        (Reason::SessionChange, 104, false), (Reason::FeedSilent, 0, false),
    ] {
        let mut bench = Bench::cleared(1);
        let first = bench.rows(1, 100, 3);
        bench.channel(reason, expected, expected + 1);
        bench.answers(Opcode::Resume, first + 3, Reason::None);
        bench.chased(1, 104);
        assert_eq!(valid(&bench)[0], Some(holds), "{reason:?} {expected}");
    }
    // In front of the rows it is what they make good.
    let mut bench = Bench::cleared(1);
    bench.channel(Reason::BadFrame, 0, 0);
    let first = bench.rows(1, 100, 3);
    bench.answers(Opcode::Resume, first + 3, Reason::None);
    bench.chased(1, 104);
    assert_eq!(valid(&bench)[0], Some(true));
}

#[test]
fn rows_that_the_card_refuses_leave_every_book_wrong() {
    for (opcode, reason) in [(Opcode::Resume, Reason::BookNotClean), (Opcode::Row, Reason::NotCleared), (Opcode::Row, Reason::TooSoon)] {
        let mut bench = Bench::cleared(1);
        let first = bench.rows(1, 100, 3);
        assert_eq!(alarms(&bench.answers(opcode, first + 1, reason)), []);
        bench.chased(1, 100);
        let one = *bench.engine.restoration();
        assert_eq!((valid(&bench)[0], one.step, one.refused), (Some(false), Restoring::Refused, reason as u8));
        let why = Unrestored::Refused;
        assert_eq!(alarms(&bench.give(Body::Unrestored { number: 1, why })), [Alarm::Unrestored { number: 1, why }]);
        assert_eq!((bench.engine.restorations().failed, bench.engine.restoration().step), (1, Restoring::Idle));
        assert_eq!(opcodes(&bench.give(Body::Restore { number: 2 })), [Opcode::Clear], "and anew");
    }
}

#[test]
fn nothing_is_emptied_without_an_approved_card_and_a_generation() {
    let mut bench = Bench::new(config());
    assert_eq!(opcodes(&bench.give(Body::Restore { number: 1 })), []);
    bench.give(Body::CardUp { deployment: approved() });
    assert_eq!(opcodes(&bench.give(Body::Restore { number: 2 })), [], "it watches nothing");
    let mut bench = Bench::open();
    bench.give(Body::CardLost);
    assert_eq!(opcodes(&bench.give(Body::Restore { number: 1 })), []);
}

#[test]
fn a_host_that_comes_back_in_the_middle_begins_anew_and_trading_is_not_touched_by_a_restoration() {
    let mut bench = Bench::cleared(1);
    assert!(bench.engine.is_permitted(), "armed as before");
    let first = bench.rows(1, 100, 3);
    bench.give(Body::Restarted);
    assert_eq!(bench.engine.restoration().step, Restoring::Idle);
    // The card had taken it; the one who knew where is gone.
    bench.answers(Opcode::Resume, first + 3, Reason::None);
    bench.chased(1, 104);
    assert_eq!(valid(&bench)[0], Some(false));
    assert_eq!(opcodes(&bench.give(Body::Restore { number: 2 })), [Opcode::Clear]);
}

#[test]
fn the_same_inputs_are_the_same_state_at_every_step_of_a_restoration_and_from_every_snapshot() {
    let mut bench = Bench::cleared(1);
    let first = bench.rows(1, 100, 3);
    bench.channel(Reason::Gap, 102, 103);
    bench.answers(Opcode::Resume, first + 3, Reason::Elsewhere);
    bench.chased(1, 103);
    let first = bench.rows(1, 103, 0);
    bench.answers(Opcode::Resume, first + 5, Reason::None);
    bench.chased(1, 107);
    bench.give(Body::Unrestored { number: 1, why: Unrestored::Card });
    let mut other = Engine::new(config()).expect("an engine");
    let mut out = Outputs::default();
    for input in &bench.inputs {
        other.apply(input, &mut out);
        other = Engine::decode(&other.encode()).expect("its own state");
        assert_eq!(riposte_engine::Input::decode(input.encode().bytes()), Some(*input));
    }
    assert_eq!(other.digest(), bench.engine.digest());
    assert_eq!(valid(&bench)[0], Some(true));
}
