//! Recovery and the venue's truth: any cut, any order of telling, no allocation.
use crate::bench::*;
use proptest::prelude::*;
use riposte_engine::{
    Body, Change, Config, Engine, Guard, Input, Output, Outputs, Record, Report, Side, State, Step, Stream,
};
use riposte_map::shm::{Command, Event};
use std::collections::BTreeMap;

/// Orders that the host sends before anything happens: 1 to this.
const ORDERS: u32 = 6;

/// What a venue knows: the reports of its stream, in order, and what they add up to.
#[derive(Default, Debug)]
struct Truth {
    reports: Vec<Report>,
    /// Open pieces of each order.
    open: BTreeMap<u32, u32>,
    quantity: i64,
    cash: i128,
    /// Signed pieces and price.
    trades: Vec<(i64, i64)>,
}

impl Truth {
    /// `choice` makes the next report, whatever it is.
    fn next(&mut self, choice: (u8, u32, u32)) {
        let (kind, pick, pieces) = choice;
        let user_ref = 1 + pick % self.next_user_ref().saturating_sub(1).max(ORDERS);
        let Some(&open) = self.open.get(&user_ref) else {
            self.open.insert(user_ref, 100);
            return self.reports.push(accepted(user_ref, 100));
        };
        let quantity = 1 + pieces % 60;
        match kind % 5 {
            4 if open > 0 => {
                let new = self.next_user_ref().max(ORDERS + 1);
                self.open.extend([(user_ref, 0), (new, quantity)]);
                self.reports.push(Report::Replaced { original: user_ref, user_ref: new, quantity, price: PRICE });
            }
            3 if !self.trades.is_empty() => {
                let at = pick as usize % self.trades.len();
                let (signed, price) = std::mem::take(&mut self.trades[at]);
                self.quantity -= signed;
                self.cash += i128::from(signed * price);
                self.reports.push(Report::Broken { execution: at as u64 });
            }
            2 if open > 0 => {
                let quantity = quantity.min(open);
                self.open.insert(user_ref, open - quantity);
                self.reports.push(Report::Cancelled { user_ref, quantity });
            }
            _ if open > 0 => {
                let (quantity, price) = (quantity.min(open), PRICE + i64::from(pick % 7));
                self.open.insert(user_ref, open - quantity);
                self.quantity += i64::from(quantity);
                self.cash -= i128::from(i64::from(quantity) * price);
                let execution = self.trades.len() as u64;
                self.trades.push((quantity.into(), price));
                self.reports.push(Report::Executed { user_ref, instrument: 0, side: Side::Buy, quantity, price, execution });
            }
            _ => {}
        }
    }

    fn next_user_ref(&self) -> u32 {
        self.open.keys().next_back().map_or(1, |last| last + 1)
    }

    fn check(&self, bench: &Bench) {
        let position = bench.engine.position(0).expect("an instrument");
        assert_eq!((position.quantity, position.cash), (self.quantity, self.cash));
        for (user_ref, open) in &self.open {
            let order = bench.engine.order(CARD, *user_ref).expect("an order");
            assert_eq!((order.open(), order.state == State::Live), (*open, *open > 0), "{order:?}");
        }
        // What the venue has never named stays unknown if it may have taken it, and only then.
        for user_ref in (1..=ORDERS).filter(|one| !self.open.contains_key(one)) {
            let order = bench.engine.order(CARD, user_ref).expect("an order");
            let state = if user_ref < self.next_user_ref() { State::Unknown } else { State::NotReceived };
            assert_eq!(order.state, state, "{order:?}");
        }
    }
}

fn truth(choices: &[(u8, u32, u32)]) -> Truth {
    let mut truth = Truth::default();
    choices.iter().for_each(|one| truth.next(*one));
    truth
}

fn choices() -> impl Strategy<Value = Vec<(u8, u32, u32)>> {
    prop::collection::vec((any::<u8>(), any::<u32>(), any::<u32>()), 0..60)
}

/// Tells `truth` with everything that goes wrong on the way, then all of it.
fn tell(bench: &mut Bench, truth: &Truth, faults: &[(u8, usize)]) {
    // The host has sent six orders, whose answers the stream holds or not.
    for _ in 0..ORDERS {
        bench.enter(Side::Buy, 100, PRICE);
    }
    let report = |bench: &mut Bench, stream: Stream, at: usize| {
        let Some(report) = truth.reports.get(at) else { return };
        let (session, sequence, report) = (CARD, at as u64 + 1, *report);
        bench.give(match stream {
            Stream::Session => Body::Venue { session, sequence, report },
            Stream::DropCopy => Body::DropCopy { session, sequence, report },
        });
    };
    for &(fault, at) in faults {
        let place = at % (truth.reports.len() + 1);
        let next = |bench: &Bench, stream| bench.engine.next_sequence(CARD, stream).unwrap() as usize - 1;
        match fault % 8 {
            0 => report(bench, Stream::Session, place),
            1 => report(bench, Stream::DropCopy, place),
            2 => drop(bench.give(Body::SessionDown { session: CARD })),
            3 => drop(bench.give(Body::SessionUp { session: CARD })),
            4 => drop(bench.wait(SECOND)),
            5 => drop(bench.give(Body::Restarted)),
            6 => report(bench, Stream::DropCopy, next(bench, Stream::DropCopy)),
            _ => report(bench, Stream::Session, next(bench, Stream::Session)),
        }
    }
    bench.give(Body::SessionUp { session: CARD });
    for at in 0..truth.reports.len() {
        report(bench, Stream::Session, at);
        report(bench, Stream::DropCopy, at);
    }
    bench.numbers[usize::from(CARD)] = [truth.reports.len() as u64 + 1; 2];
    bench.caught_up(CARD, truth.next_user_ref());
}

/// Applies inputs one after another to a fresh engine; what it says of each.
fn replay(config: &Config, inputs: &[Input]) -> (Engine, Vec<Vec<Output>>) {
    let mut engine = Engine::new(config.clone()).expect("a sound configuration");
    let mut out = Outputs::default();
    let mut all = Vec::new();
    for input in inputs {
        // As it comes from a journal: through its bytes.
        let read = Input::decode(input.encode().bytes()).expect("an input");
        assert_eq!(read, *input);
        engine.apply(&read, &mut out);
        all.push(out.iter().copied().collect());
    }
    (engine, all)
}

/// A day with a bit of everything.
pub fn day() -> Bench {
    let mut bench = Bench::armed();
    let (first, second) = (bench.live(100), bench.enter(Side::Sell, 50, PRICE));
    bench.book(0, 999, 1001);
    let card = bench.card_order(30);
    bench.venue(CARD, accepted(card, 30));
    bench.venue(CARD, executed(first, 40, 1));
    bench.drop_copy(CARD, executed(first, 40, 1));
    bench.wait(SECOND);
    bench.give(Body::SessionDown { session: CARD });
    bench.drop_copy(CARD, executed(first, 20, 2));
    bench.reconnect(CARD, second);
    bench.venue(CARD, Report::Broken { execution: 1 });
    bench.one(Change::RevertOrders { instruments: 1 });
    bench.venue(CARD, Report::Cancelled { user_ref: first, quantity: 40 });
    bench.give(Body::Restarted);
    bench.reconnect(CARD, card + 1);
    bench.venue(CARD, Report::Cancelled { user_ref: card, quantity: 30 });
    bench.confirm(0, 20);
    bench.one(Change::RevertParameters { target: 1 });
    bench.write(&set(500, 1));
    bench.wait(600 * SECOND);
    bench
}

#[test]
fn a_recovery_from_every_cut_goes_on_as_if_nothing_had_happened() {
    let bench = day();
    assert_eq!(bench.engine.reversion().map(|one| one.step), Some(Step::Committed));
    let mut whole = Engine::new(config()).unwrap();
    let mut out = Outputs::default();
    for cut in 0..=bench.inputs.len() {
        let (mut recovered, _) = replay(&config(), &bench.inputs[..cut]);
        assert_eq!(recovered.digest(), whole.digest(), "cut at {cut}");
        // Every seventh goes on to the end: the rest is a replay of what was just shown to be equal.
        if cut % 7 == 0 {
            let mut said = Outputs::default();
            bench.inputs[cut..].iter().for_each(|input| recovered.apply(input, &mut said));
            assert_eq!(recovered.digest(), bench.engine.digest(), "cut at {cut}");
        }
        if let Some(input) = bench.inputs.get(cut) {
            let before = whole.digest();
            whole.apply(input, &mut out);
            let is_new = input.body != Body::BeginSet;
            assert_eq!(whole.digest() != before, is_new, "{input:?}");
        }
    }
}

#[test]
fn an_input_that_is_cut_or_longer_is_none() {
    for input in &day().inputs {
        let bytes = input.encode();
        let bytes = bytes.bytes();
        assert!((0..bytes.len()).all(|length| Input::decode(&bytes[..length]).is_none()), "{input:?}");
        assert_eq!(Input::decode(&[bytes, &[0]].concat()), None);
    }
    let change = Change::Commit { generation: 1, content: [7; 32] };
    for record in [Record::Done { request: 1, by: 2, second: 3, change }, Record::Commanding { command: Command::default() }] {
        assert_eq!(Record::decode(record.encode().bytes()), Some(record));
    }
}

#[test]
fn applying_does_not_allocate() {
    let inputs = day().inputs;
    let mut engine = Engine::new(config()).unwrap();
    let mut out = Outputs::default();
    let counted = allocation_counter::measure(|| {
        inputs.iter().for_each(|input| engine.apply(input, &mut out));
        std::hint::black_box(engine.digest());
    });
    assert_eq!(counted.count_total, 0);
}

#[test]
fn configurations_that_cannot_be_are_refused() {
    let wrong = |change: fn(&mut Config)| {
        let mut one = config();
        change(&mut one);
        Engine::new(one).map(|_| ()).expect_err("it is wrong").to_string()
    };
    assert!(wrong(|one| one.instruments[1].venue = 4).contains("instrument 1"));
    assert!(wrong(|one| one.instruments[0].multiplier = 0).contains("instrument 0"));
    assert!(wrong(|one| one.sessions[0].venue = 9).contains("session 0"));
    assert!(wrong(|one| one.times.claim_ns = 0).contains("claim_ns"));
    assert!(wrong(|one| one.orders = 1).contains("orders"));
    assert!(wrong(|one| one.executions = 1 << 24).contains("executions"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_is_told_twice_lost_or_late_ends_at_the_venues_truth(
        choices in choices(), faults in prop::collection::vec((any::<u8>(), any::<usize>()), 0..80),
    ) {
        let truth = truth(&choices);
        let mut bench = Bench::armed();
        tell(&mut bench, &truth, &faults);
        truth.check(&bench);
        prop_assert_eq!(bench.engine.exposure(0) >= 0, true);
        bench.confirm(0, truth.quantity);
        prop_assert!(bench.engine.is_confirmed(0));
    }

    #[test]
    fn a_cut_anywhere_in_any_day_recovers_to_the_same_digest(
        choices in choices(), faults in prop::collection::vec((any::<u8>(), any::<usize>()), 0..40),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bench = Bench::armed();
        tell(&mut bench, &truth(&choices), &faults);
        let cut = cut.index(bench.inputs.len());
        let (mut recovered, said) = replay(&config(), &bench.inputs[..cut]);
        let mut out = Outputs::default();
        let mut all: Vec<Output> = said.concat();
        for input in &bench.inputs[cut..] {
            recovered.apply(input, &mut out);
            all.extend(out.iter());
        }
        prop_assert_eq!(recovered.digest(), bench.engine.digest());
        prop_assert_eq!(all, bench.said, "and says the same");
    }

    #[test]
    fn no_input_panics_and_none_loses_an_output(
        bytes in prop::collection::vec(prop::collection::vec(any::<u8>(), 90), 0..200),
    ) {
        let mut bench = Bench::armed();
        for one in bytes {
            if let Some(input) = wild(&one) {
                bench.give(input);
            }
        }
        let lost = Output::Record(Record::Tripped { guard: Guard::Events, index: 1 });
        prop_assert!(!bench.said.contains(&lost));
    }
}

/// An input made of any bytes: small numbers where an index is meant, so that much of it hits.
fn wild(bytes: &[u8]) -> Option<Body> {
    let small = |at: usize| bytes[at] % 5;
    let wide = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
    let (session, instrument) = (small(1), small(2));
    let (user_ref, quantity) = (u32::from(small(3)), wide(10) as u32 >> (small(4) * 7));
    let price = wide(18) as i64 >> (small(5) * 15);
    let side = if bytes[6] < 128 { Side::Buy } else { Side::Sell };
    let report = match bytes[7] % 6 {
        0 => Report::Accepted { user_ref, instrument, side, quantity, price },
        1 => Report::Replaced { original: user_ref, user_ref: u32::from(small(8)), quantity, price },
        2 => Report::Cancelled { user_ref, quantity },
        3 => Report::Rejected { user_ref, reason: 1 },
        4 => Report::Broken { execution: small(8).into() },
        _ => Report::Executed { user_ref, instrument, side, quantity, price, execution: small(8).into() },
    };
    let sequence = u64::from(small(9));
    let event = Event { kind: bytes[30] % 9, instrument, user_ref, quantity, price_e4: price as u32, ..Event::default() };
    Some(match bytes[0] % 21 {
        16 => {
            let (quantity, ours, as_of, evidence) = (wide(50) as i64, i64::from(small(46)), sequence, [bytes[47]; 32]);
            let change = Change::StatePosition { session, instrument, quantity, ours, price, as_of, evidence };
            Body::Propose { request: wide(60), by: small(41).into(), change }
        }
        20 => {
            let (delta, gamma, vega, theta, evidence) = (wide(50) as i64 >> 12, price, wide(58) as i64 >> 40, -price, [bytes[47]; 32]);
            let change = Change::StateGreeks { instrument, delta, gamma, vega, theta, price, evidence };
            Body::Propose { request: wide(60), by: small(41).into(), change }
        }
        18 => Body::Delegate { session, sequence: wide(50) as u32, acknowledgement: wide(54) as u32, user_ref },
        19 => Body::Reclaim { session },
        17 => Body::Unreadable { session, stream: if bytes[40] < 128 { Stream::Session } else { Stream::DropCopy }, sequence },
        0 | 1 => Body::Venue { session, sequence: sequence + u64::from(bytes[40] % 30), report },
        2 | 3 => Body::DropCopy { session, sequence: sequence + u64::from(bytes[40] % 30), report },
        4 => Body::SessionUp { session },
        5 => Body::CaughtUp { session, next_sequence: sequence + u64::from(bytes[40] % 30), next_user_ref: user_ref },
        6 => Body::SessionDown { session },
        7 => Body::Position { session, instrument, quantity: wide(50) as i64, price, as_of: sequence },
        8 => Body::Mark { instrument, price },
        9 => Body::Hedge { number: wide(60) >> (bytes[48] % 60), instrument, side, quantity: bytes[10].into(), price: bytes[18].into() },
        10 => Body::Card { event: Event { sequence: wide(70) >> (bytes[78] % 60), ..event } },
        11 => Body::TimerSet { session, until_ns: wide(60) },
        12 => {
            let change = Change::RevertOrders { instruments: wide(70) as u16 };
            Body::Propose { request: wide(60), by: small(41).into(), change }
        }
        13 => {
            let change = if bytes[42] < 128 { Change::Adopt { instrument } } else { Change::Disarm };
            Body::Propose { request: wide(60), by: small(41).into(), change }
        }
        14 => {
            let row = Command { opcode: bytes[42] % 20, index: bytes[43], args: [wide(50); 6], ..Command::default() };
            Body::Row { command: row }
        }
        _ => Body::Tick,
    })
}
