//! Alarms as sentences: the name that docs/operate.md explains, what has happened, and what to do.
use riposte_engine::{Alarm, BOOK, DRAWDOWN, GREEKS_STALE, Guard, Stream, Unhedged, Unrestored, VENUES};
use riposte_map::limits::RULES;
use riposte_map::reason::Reason;
use riposte_map::shm::Opcode;

/// One line for a person. `symbols` are the desk's, in its order.
pub fn sentence(alarm: &Alarm, symbols: &[String]) -> String {
    let named = format!("{alarm:?}");
    let name = named.split([' ', '{']).next().unwrap_or_default();
    format!("{name}: {}", meaning(alarm, symbols))
}

fn meaning(alarm: &Alarm, symbols: &[String]) -> String {
    match *alarm {
        Alarm::Tripped { guard, index } => format!(
            "{}; deal with the cause, then `riposte clear-kill` and a second person (guard {guard:?}, index {index})",
            tripped(guard, index, symbols)
        ),
        Alarm::Gap { session, stream, expected, received } => gap(&teller(session, stream), expected, received),
        Alarm::Unknown { session, orders } => format!(
            "nobody here knows what became of {orders} orders of {}; they count as live: wait for it to return, or ask the venue",
            place(session)
        ),
        Alarm::HandTrade { session, execution, instrument } => hand_trade(execution, &place(session), &symbol(instrument, symbols)),
        Alarm::ExecutionDiffers { session, execution } => format!(
            "{} and its drop copy tell execution {execution} differently: ask the venue which is right", place(session)
        ),
        Alarm::ExecutionMissing { session, execution, from } => {
            format!("{} does not tell execution {execution}, which the other stream did: ask the venue", teller(session, from))
        }
        Alarm::LateOrOver { session, user_ref } => format!(
            "order {user_ref} of {} was executed beyond its quantity or behind its end; it is booked: ask the venue", place(session)
        ),
        Alarm::OutsideCancel { session, user_ref, quantity } => format!(
            "the venue cancelled {quantity} of order {user_ref} of {} without our asking: normal at the day's end, else ask why",
            place(session)
        ),
        Alarm::Broken { session, execution, late } => broken(execution, &place(session), late == 1),
        Alarm::PositionDiffers { instrument, ours, theirs } => format!(
            "the venue has {theirs} {} and the ledger {ours}: reconcile before anything else, then `riposte positions state`",
            symbol(instrument, symbols)
        ),
        Alarm::BadReport { session, sequence } => format!(
            "report {sequence} of {} cannot be read or believed, so the positions are not known: keep the journal and report it",
            place(session)
        ),
        Alarm::UnknownOrder { session, user_ref } => {
            format!("a report on order {user_ref} of {}, of which nobody told us: find out whose it is", place(session))
        }
        Alarm::ClaimDue { session, execution, until_ns } => format!(
            "execution {execution} of {} is at an erroneous price: file the claim at the venue before {until_ns} ns, now", place(session)
        ),
        Alarm::ClaimMissed { session, execution } => {
            format!("the time to claim for execution {execution} of {} has passed: inform the risk desk", place(session))
        }
        Alarm::Refused { request, why } => {
            format!("request {request} was refused, and nothing has changed: {}", super::calls::why_text(why))
        }
        Alarm::CommandRefused { opcode, reason } => command_refused(opcode, reason),
        Alarm::Escalated { request } => escalated(request),
        Alarm::SessionSilent { session } => {
            format!("the venue said nothing on {} for too long, so it counts as lost: wait for its return, check the line", place(session))
        }
        Alarm::Rejected { session, user_ref, reason } => format!(
            "the venue rejected order {user_ref} of {} with its code {reason}: look the code up, and disarm if it repeats", place(session)
        ),
        Alarm::EventsMissing { expected, received } => events_missing(expected, received),
        Alarm::CardLost => "the card is gone; start the next one, and approve what is proposed for it".to_owned(),
        Alarm::HostSilent => host_silent(),
        Alarm::CardSilenced => {
            "the card's watchdog killed it since its host was gone or hung: `riposte clear-kill` and a second person, then arm".to_owned()
        }
        Alarm::Candidate { model, why } => candidate(model, super::calls::why_text(why)),
        Alarm::Unhedged { why } => unhedged(why).to_owned(),
        Alarm::BooksInvalid { instruments, reason } => books_invalid(&named_in(instruments, symbols), reason),
        Alarm::Unrestored { why, .. } => unrestored(why).to_owned(),
        Alarm::Noticed { instrument, rules } => noticed(&symbol(instrument, symbols), rules),
        Alarm::MassCancel { instrument, rule, reason } => mass_cancel(&symbol(instrument, symbols), rule, reason),
    }
}

fn escalated(request: u64) -> String {
    format!("reversion {request} stood still for too long and its fence stays: `riposte revert status` tells what it waited for")
}

fn candidate(model: u8, why: &str) -> String {
    format!(
        "what model {model} wants was refused, and its rules stay: {why}; look at the market and the model, then widen its mandate with \
         two people or end it"
    )
}

fn unhedged(why: Unhedged) -> &'static str {
    match why {
        Unhedged::Holding => "a fill is not hedged yet: an instrument has no book, or a position that no order can end; hedge by hand if it stays",
        Unhedged::Covariance => "a fill is not hedged yet: too little is known of how the instruments move together; hedge by hand if it stays",
        Unhedged::Infeasible => "a fill is not hedged: no position within the bounds helps; look at `riposte limit set hedge` and the positions",
        Unhedged::Iterations => "a fill is not hedged yet: the solver did not come to an end; it is tried again, hedge by hand if it stays",
        Unhedged::Solver => "a fill is not hedged yet: the solver failed on it; it is tried again, hedge by hand if it stays",
    }
}

fn events_missing(expected: u64, received: u64) -> String {
    format!(
        "the card's event {received} came where {expected} is next, so orders may have left unseen; it is killed: keep the journal and \
         report it"
    )
}

fn host_silent() -> String {
    "the card heard nothing of this host in time and has disarmed itself: find out why the host was late, then arm again".to_owned()
}

fn books_invalid(named: &str, reason: u8) -> String {
    let why = reason_text(reason);
    format!(
        "the card does not hold the books of {named} for right any more ({why}), so no order of theirs leaves: they are restored by \
         themselves if the desk names the venue's `snapshot`, else start the card anew before the next session"
    )
}

fn unrestored(why: Unrestored) -> &'static str {
    match why {
        Unrestored::Card => "the books are not restored, since the card does not empty them: it is tried again; look after the card if it stays",
        Unrestored::Unreachable => "the books are not restored, since the venue's snapshot server cannot be reached or is silent: it is tried again; check address and line",
        Unrestored::Malformed => "the books are not restored, since what the venue's snapshot server says is no snapshot: it is tried again; ask the venue",
        Unrestored::Wrong => "the books are not restored, since the venue's snapshot contradicts itself or the feed: it is tried again; ask the venue",
        Unrestored::Overflow => "the books are not restored, since they have more live orders than the card has room for: watch fewer instruments",
        Unrestored::Requests => "the books are not restored, since the venue does not answer requests for messages: it is tried again; check address and line",
        Unrestored::Refused => "the books are not restored, since the card holds a book of the venue's snapshot for wrong: it is tried again; ask the venue",
        Unrestored::Elsewhere => "the books are not restored, since the feed had gone on, or was silent, each time: it is tried again",
    }
}

fn named_in(instruments: u16, symbols: &[String]) -> String {
    let named: Vec<&str> = (0..).zip(symbols).filter(|(at, _)| instruments.checked_shr(*at).unwrap_or(0) & 1 == 1).map(|(_, one)| one.as_str()).collect();
    if named.is_empty() { "instruments that the desk does not name".to_owned() } else { named.join(", ") }
}

fn gap(teller: &str, expected: u64, received: u64) -> String {
    format!("{teller} told report {received} where {expected} is next; what is missing was asked for: wait, and ask the venue if it repeats")
}

fn hand_trade(execution: u64, place: &str, symbol: &str) -> String {
    format!("a trade in {symbol} under no order of ours, execution {execution} of {place}; it is booked: find out who traded")
}

fn broken(execution: u64, place: &str, late: bool) -> String {
    let late = if late { ", after its window" } else { "" };
    format!("the venue broke execution {execution} of {place}{late}; the position is booked anew: inform the risk desk")
}

fn command_refused(opcode: u8, reason: u8) -> String {
    let what = Opcode::from_code(opcode).map_or_else(|| format!("command of kind {opcode}"), |one| format!("command {one:?}"));
    let why = reason_text(reason);
    if opcode == Opcode::Order as u8 {
        return format!("the card refused an order of the host: {why}; a hedge is tried again with the next fill, or trade by hand");
    }
    format!("the card refused the {what}: {why}; look at `riposte status`, and push again what should be in force")
}

/// Rules in the order of the desk, from 1.
fn noticed(instrument: &str, rules: u8) -> String {
    let fired: Vec<String> = (0..RULES).filter(|rule| rules >> rule & 1 == 1).map(|rule| (rule + 1).to_string()).collect();
    format!("of {instrument} fired what only tells (rule {} of the desk): look at the market", fired.join(" and "))
}

fn mass_cancel(instrument: &str, rule: u8, reason: u8) -> String {
    let rule = u32::from(rule) + 1;
    if reason == Reason::None as u8 {
        return format!("rule {rule} of {instrument} had the venue cancel everything there: look at the market");
    }
    let why = reason_text(reason);
    format!("rule {rule} of {instrument} wanted everything there cancelled, and the gate refused ({why}): the host cancels one by one")
}

/// Why the card did something, also for a code that this build does not know.
fn reason_text(code: u8) -> String {
    Reason::from_code(code).map_or_else(|| format!("reason {code}"), |one| one.text().to_owned())
}

/// What a guard has found, and what it did.
fn tripped(guard: Guard, index: u8, symbols: &[String]) -> String {
    let instrument = symbol(index, symbols);
    match guard {
        Guard::Loss if index == BOOK => "the book's loss is beyond its limit; the card is killed".to_owned(),
        Guard::Loss if index == DRAWDOWN => "the book's drawdown is beyond its limit; the card is killed".to_owned(),
        Guard::Loss => format!("the loss of {instrument} is beyond its limit; its book is closed and its orders are cancelled"),
        Guard::VenueCap if index >= VENUES as u8 => {
            "the venue would owe more than its limit if it failed; disarmed: take collateral away, or raise the limit with two people".to_owned()
        }
        Guard::Greeks if index == GREEKS_STALE => "what was stated of derivatives is too old; disarmed: state it anew".to_owned(),
        Guard::Greeks => {
            let of = ["delta", "gamma", "vega", "theta"].get(usize::from(index)).unwrap_or(&"a sensitivity");
            format!("{of} of the book is above its limit; disarmed: hedge, or raise the limit with two people")
        }
        Guard::Margin if index >= VENUES as u8 => {
            "the book is too near to its liquidation; disarmed: reduce, or bring collateral and say so".to_owned()
        }
        Guard::Margin => "collateral does not carry the margin; disarmed: reduce, or bring collateral and say so".to_owned(),
        Guard::Scenario => "the worst scenario loses more than its limit; disarmed: reduce or hedge".to_owned(),
        Guard::VenueCap => "exposure at the venue is above its limit; disarmed: reduce, or raise the limit with two people".to_owned(),
        Guard::OrderToTrade => "too many messages for the trades made; disarmed: look for a rule that fires without trading".to_owned(),
        Guard::CancelOnDisconnect => {
            format!("an order of {} lives that the venue should have cancelled; disarmed: have the venue cancel it", place(index))
        }
        Guard::DeadManTimer => format!("the venue's timer of {} ran out; disarmed, and its orders are unknown", place(index)),
        Guard::DropCopy => format!("the streams or the venue's position disagree in {instrument}; disarmed: reconcile with the venue"),
        Guard::Deployment => "gateware, tables or configuration are not the approved ones; disarmed: start the right ones".to_owned(),
        Guard::Bust => format!("a trade in {instrument} was broken after its window; disarmed: check position and hedge"),
        Guard::Erroneous => format!("an execution in {instrument} is far from its mark; disarmed: file the claim"),
        Guard::StaleMark => format!("{instrument} has a position or order and no fresh mark; disarmed: check the feed"),
        Guard::Stream => format!("an order of {} had no answer in time and is unknown; disarmed: ask the venue", place(index)),
        Guard::Room => {
            let table = ["orders", "executions", "requests"].get(usize::from(index)).unwrap_or(&"a day's entries");
            format!("the room for {table} of a day is nearly used up; disarmed: end the day, or start with more room")
        }
        Guard::Events if index == 3 => {
            "an order was on the wire that the card's gate had not passed, or the other way about; the card has killed itself: \
             cancel what is open at the venue, take the card out of service and report it"
                .to_owned()
        }
        Guard::Events => "the card's events have a hole or tell something impossible; it is killed: keep the journal and report it".to_owned(),
        Guard::Unbooked => format!("something of {} could not be booked, so positions are not known; stopped: reconcile with the venue", place(index)),
        Guard::Protection if index == BOOK => {
            "more was bought or sold at once than the book's protection permits; every instrument is fenced and its orders are cancelled".to_owned()
        }
        Guard::Protection => format!("more of {instrument} traded at once than its protection permits; it is fenced, and its orders are cancelled"),
        Guard::Rule => format!("a rule halted {instrument}: it is fenced, and its orders are cancelled; look at the market"),
    }
}

fn symbol(instrument: u8, symbols: &[String]) -> String {
    symbols.get(usize::from(instrument)).cloned().unwrap_or_else(|| format!("instrument {instrument}"))
}

fn place(session: u8) -> String {
    if session == 0 { "the order session".to_owned() } else { format!("order session {session}") }
}

pub fn teller(session: u8, stream: Stream) -> String {
    match stream {
        Stream::Session => place(session),
        Stream::DropCopy => format!("the drop copy of {}", place(session)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use riposte_engine::{Refusal, Unhedged as Why, Unrestored as No};
    use std::collections::BTreeSet;

    #[test]
    fn an_alarm_is_a_sentence_with_its_name_and_its_values() {
        let symbols = ["AAPL".to_owned(), "SPY".to_owned()];
        let (session, execution, user_ref) = (0, 77, 88);
        for (alarm, wanted) in [
            (Alarm::Tripped { guard: Guard::Loss, index: 1 }, &["Tripped: the loss of SPY", "riposte clear-kill", "guard Loss"][..]),
            (Alarm::Tripped { guard: Guard::Loss, index: BOOK }, &["the book's loss"]),
            (Alarm::Tripped { guard: Guard::Room, index: 2 }, &["requests"]),
            (Alarm::Gap { session, stream: Stream::DropCopy, expected: 5, received: 9 }, &["Gap: the drop copy of the order session", "9", "5"]),
            (Alarm::Unknown { session, orders: 3 }, &["Unknown: ", "3 orders"]),
            (Alarm::HandTrade { session, execution, instrument: 0 }, &["AAPL", "77"]),
            (Alarm::Broken { session, execution, late: 1 }, &["77", "after its window"]),
            (Alarm::PositionDiffers { instrument: 1, ours: -4, theirs: 6 }, &["6 SPY", "-4", "riposte positions state"]),
            (Alarm::BadReport { session, sequence: 12 }, &["report 12"]),
            (Alarm::LateOrOver { session, user_ref }, &["order 88"]),
            (Alarm::Refused { request: 4, why: Refusal::Killed }, &["request 4", "riposte clear-kill"]),
            (Alarm::CommandRefused { opcode: 6, reason: Reason::OldGeneration as u8 }, &["Commit", Reason::OldGeneration.text()]),
            (Alarm::CommandRefused { opcode: Opcode::Order as u8, reason: Reason::Side as u8 }, &["an order of the host", Reason::Side.text()]),
            (Alarm::MassCancel { instrument: 1, rule: 2, reason: 0 }, &["MassCancel: rule 3 of SPY had the venue cancel"]),
            (Alarm::MassCancel { instrument: 1, rule: 2, reason: Reason::Throttle as u8 }, &["refused", Reason::Throttle.text(), "one by one"]),
            (Alarm::CommandRefused { opcode: 200, reason: 250 }, &["kind 200", "reason 250"]),
            (Alarm::CardLost, &["CardLost: "]),
            (Alarm::BooksInvalid { instruments: 0b11, reason: Reason::Gap as u8 }, &["AAPL, SPY", "sequence gap", "`snapshot`"]),
            (Alarm::BooksInvalid { instruments: 0b100, reason: 250 }, &["does not name", "reason 250"]),
            (Alarm::HandTrade { session: 2, execution, instrument: 9 }, &["instrument 9", "order session 2"]),
        ] {
            let told = sentence(&alarm, &symbols);
            assert!(wanted.iter().all(|part| told.contains(part)), "{told}");
            assert!(!told.contains(['{', '}']), "{told}");
        }
    }

    /// Names of an enumeration, out of its table in the engine's source: `Name = 1 {…};` each.
    fn named(enumeration: &str) -> BTreeSet<&'static str> {
        let (_, body) = include_str!("../../../engine/src/output.rs").split_once(&format!("\n    {enumeration} {{\n")).expect("the enumeration");
        let lines = body.split("\n    }\n").next().expect("its end").lines();
        lines.filter(|line| !line.trim_start().starts_with("//")).filter_map(|line| Some(line.split_once(" = ")?.0.trim())).collect()
    }

    fn name(value: &impl std::fmt::Debug) -> String {
        format!("{value:?}").split([' ', '{']).next().unwrap_or_default().to_owned()
    }

    /// One of each alarm; of those with a guard or a reason one of each of these.
    fn all() -> Vec<Alarm> {
        use Alarm::*;
        let (session, stream, execution, user_ref, instrument, request) = (0, Stream::Session, 1, 2, 1, 3);
        let guards = [
            Guard::Loss, Guard::VenueCap, Guard::OrderToTrade, Guard::CancelOnDisconnect, Guard::DeadManTimer, Guard::DropCopy, Guard::Deployment,
            Guard::Bust, Guard::Erroneous, Guard::StaleMark, Guard::Stream, Guard::Room, Guard::Events, Guard::Unbooked,
            Guard::Rule, Guard::Greeks, Guard::Margin, Guard::Scenario, Guard::Protection,
        ];
        let unhedged = [Why::Holding, Why::Covariance, Why::Infeasible, Why::Iterations, Why::Solver];
        let mut all = vec![
            Gap { session, stream, expected: 4, received: 5 }, Unknown { session, orders: 6 }, HandTrade { session, execution, instrument },
            ExecutionDiffers { session, execution }, ExecutionMissing { session, execution, from: stream }, LateOrOver { session, user_ref },
            OutsideCancel { session, user_ref, quantity: 7 }, Broken { session, execution, late: 0 },
            PositionDiffers { instrument, ours: 8, theirs: 9 }, BadReport { session, sequence: 10 }, UnknownOrder { session, user_ref },
            ClaimDue { session, execution, until_ns: 11 }, ClaimMissed { session, execution }, Refused { request, why: Refusal::Killed },
            CommandRefused { opcode: 6, reason: 1 }, BooksInvalid { instruments: 2, reason: 32 }, Escalated { request }, SessionSilent { session }, Rejected { session, user_ref, reason: 12 },
            EventsMissing { expected: 13, received: 14 }, CardLost, CardSilenced, HostSilent, Candidate { model: 2, why: Refusal::Corridor },
            Noticed { instrument, rules: 0b1010 }, MassCancel { instrument, rule: 1, reason: 0 }, MassCancel { instrument, rule: 1, reason: 2 },
        ];
        all.extend(guards.map(|guard| Tripped { guard, index: 1 }));
        all.extend(unhedged.map(|why| Unhedged { why }));
        let unrestored = [
            No::Card, No::Unreachable, No::Malformed, No::Wrong, No::Overflow, No::Requests, No::Refused, No::Elsewhere,
        ];
        all.extend(unrestored.map(|why| Unrestored { number: 1, why }));
        all
    }

    #[test]
    fn each_alarm_and_each_guard_has_a_sentence_of_its_own() {
        let (symbols, all) = (["AAPL".to_owned(), "SPY".to_owned()], all());
        let guards: BTreeSet<String> = all.iter().filter_map(|one| if let Alarm::Tripped { guard, .. } = one { Some(name(guard)) } else { None }).collect();
        assert!(named("Guard").into_iter().eq(guards.iter()), "{guards:?}");
        let alarms: BTreeSet<String> = all.iter().map(name).collect();
        assert!(named("Alarm").into_iter().eq(alarms.iter()), "{alarms:?}");
        let found = |one: &Alarm| match *one {
            Alarm::Tripped { guard, index } => tripped(guard, index, &symbols),
            _ => meaning(one, &symbols),
        };
        let told: BTreeSet<String> = all.iter().map(found).collect();
        assert_eq!(told.len(), all.len(), "no two are the same");
        for (alarm, told) in all.iter().map(|one| (one, sentence(one, &symbols))) {
            let (named, meaning) = told.split_once(": ").expect("a name");
            assert_eq!(named, name(alarm));
            assert!(meaning.split(' ').count() > 6 && !told.contains(['{', '}']), "{told}");
        }
    }
}
