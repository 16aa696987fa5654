//! Engine and card together, on model and gateware: what the engine commands, the card does; what the card tells, the
//! engine knows. The same day gives the same state on both cards.
use riposte_engine::{
    Body, Change, Config, Deployment, Engine, Fence, Guard, Input, Instrument as Traded, Limit, Output, Outputs, Report, RiskTerms,
    Session, Side, State, Step, Times,
};
use riposte_map::{
    identity::TABLE_HASH,
    limits::INSTRUMENTS,
    reason::Reason,
    shm::{Command, NONE, Opcode},
};
use riposte_tests::{
    bench::{Bench, LOCATE, ON_TRADE, instrument, on_each_card, orders},
    messages::{action, trade},
    parameters::{Instrument, grants, lease, parameters},
};

const SECOND: u64 = 1_000_000_000;
const PRICE_E4: u32 = 650_000;

fn config() -> Config {
    let traded = Traded { venue: 0, multiplier: 1, erroneous_bp: 1000 };
    let mut instruments = [Traded { venue: NONE, ..traded }; INSTRUMENTS];
    instruments[0] = traded;
    let session = Session { venue: 0, cancel_on_disconnect: true, timer_renew_ns: 0, drop_copy: true };
    Config {
        instruments,
        sessions: [session],
        risk: RiskTerms::default(),
        times: Times {
            protection_ns: SECOND,
            answer_ns: SECOND,
            silence_ns: 60 * SECOND,
            mark_window_ns: SECOND,
            mark_age_ns: 60 * SECOND,
            drop_copy_ns: 60 * SECOND,
            bust_window_ns: 60 * SECOND,
            claim_ns: 60 * SECOND,
            approval_ns: 60 * SECOND,
            reversion_ns: 60 * SECOND,
        },
        approved: Deployment { tables: TABLE_HASH, ..Deployment::default() },
        orders: 256,
        executions: 256,
        requests: 256,
    }
}

/// Rows of a whole set, every instrument but the first disabled; `quantity_max` of the first. All is lent.
fn rows(quantity_max: u32) -> Vec<Command> {
    let disabled = |at: usize| Instrument { locate: LOCATE + at as u16, enabled: false, ..instrument(&[]) };
    let mut all: Vec<_> = (0..INSTRUMENTS).map(disabled).collect();
    all[0] = Instrument { quantity_max, ..instrument(&[ON_TRADE]) };
    let mut rows = parameters(&all, 0);
    rows.pop();
    rows.extend(grants(INSTRUMENTS).into_iter().filter(|one| one.opcode != Opcode::Resting as u8));
    rows
}

/// Of the first instrument only so much may be bought, and nothing sold.
fn rows_lending(pieces: u32) -> Vec<Command> {
    let mut rows = rows(500);
    let first = rows.iter_mut().find(|row| row.opcode == Opcode::Lease as u8 && row.instrument == 0);
    *first.expect("a lease") = lease(0, pieces, 0);
    rows
}

/// A card, and the engine that is the only one to command it.
struct Desk<'a> {
    bench: Bench<'a>,
    engine: Engine,
    out: Outputs,
    now_ns: u64,
    reports: u64,
    requests: u64,
    said: Vec<Output>,
}

impl<'a> Desk<'a> {
    /// Generation 1 in force, armed, trading, nothing held.
    fn armed(bench: Bench<'a>) -> Desk<'a> {
        let engine = Engine::new(config()).expect("a sound configuration");
        let out = Outputs::default();
        let mut desk = Desk { bench, engine, out, now_ns: SECOND, reports: 0, requests: 0, said: vec![] };
        desk.give(Body::CardUp { deployment: config().approved });
        for limit in Limit::NEEDED {
            // What the venue may owe us is more than what it holds.
            let value = if limit == Limit::Counterparty { 2_000_000_000 } else { 1_000_000_000 };
            desk.both(Change::SetLimit { limit, index: 0, value });
        }
        desk.load(&rows(500), 1);
        desk.give(Body::CardSession { sequence: 1000, acknowledgement: 2000, user_ref: 1 });
        desk.give(Body::SessionUp { session: 0 });
        desk.give(Body::CaughtUp { session: 0, next_sequence: 1, next_user_ref: 1 });
        desk.give(Body::Position { session: 0, instrument: 0, quantity: 0, price: 0, as_of: 0 });
        desk.both(Change::Validate { instruments: 1 });
        desk.both(Change::Arm);
        assert!(desk.engine.is_permitted(), "{:?}", desk.said);
        desk.bench.show(&[action(LOCATE, b'T')]);
        desk.pump();
        desk
    }

    /// One input; its commands reach the card, and what the card says reaches the engine.
    fn give(&mut self, body: Body) {
        let commands = self.apply(body);
        self.carry(&commands);
        self.pump();
    }

    fn apply(&mut self, body: Body) -> Vec<Command> {
        self.engine.apply(&Input { time_ns: self.now_ns, body }, &mut self.out);
        self.said.extend(self.out.iter());
        let command = |one: &Output| if let Output::Command(command) = one { Some(*command) } else { None };
        self.out.iter().filter_map(command).collect()
    }

    fn carry(&mut self, commands: &[Command]) {
        if !commands.is_empty() {
            self.bench.commands(commands);
        }
    }

    /// Verdicts on orders, after the engine has heard of everything.
    fn pump(&mut self) -> Vec<Reason> {
        let mut verdicts = Vec::new();
        loop {
            let output = self.bench.settle();
            verdicts.extend(orders(&output));
            if output.events.is_empty() {
                return verdicts;
            }
            for event in output.events {
                let commands = self.apply(Body::Card { event });
                self.carry(&commands);
            }
        }
    }

    fn one(&mut self, change: Change) {
        self.requests += 1;
        self.give(Body::Propose { request: self.requests, by: 1, change });
    }

    fn both(&mut self, change: Change) {
        self.one(change);
        self.give(Body::Approve { request: self.requests, by: 2 });
    }

    fn write(&mut self, rows: &[Command]) {
        let mut commands = self.apply(Body::BeginSet);
        for row in rows {
            commands.extend(self.apply(Body::Row { command: *row }));
        }
        self.carry(&commands);
        self.pump();
    }

    fn load(&mut self, rows: &[Command], generation: u32) {
        self.write(rows);
        let content = self.engine.written().expect("a whole set");
        self.both(Change::Commit { generation, content });
    }

    fn report(&mut self, report: Report) {
        self.reports += 1;
        self.give(Body::Venue { session: 0, sequence: self.reports, report });
    }

    /// What a print does to the rule on prints.
    fn print(&mut self) -> Vec<Reason> {
        self.bench.show(&[trade(LOCATE, 1, PRICE_E4)]);
        self.pump()
    }
}

/// The same day on both cards; they must leave the same state.
fn on_both(day: impl Fn(&mut Desk)) {
    let mut digests = Vec::new();
    on_each_card(|card| {
        let mut desk = Desk::armed(Bench::bare(card));
        day(&mut desk);
        digests.push(desk.engine.digest());
    });
    assert_eq!(digests[0], digests[1], "model and gateware");
}

#[test]
fn an_order_of_the_card_is_booked_and_its_loss_silences_the_card() {
    on_both(|desk| {
        assert_eq!(desk.print(), [Reason::None]);
        assert_eq!(desk.engine.order(0, 1).expect("the card's order").state, State::Sent);
        let (side, quantity, price) = (Side::Buy, ON_TRADE.quantity, i64::from(PRICE_E4));
        desk.report(Report::Accepted { user_ref: 1, instrument: 0, side, quantity, price });
        desk.report(Report::Executed { user_ref: 1, instrument: 0, side, quantity, price, execution: 1 });
        assert_eq!(desk.engine.position(0).expect("an instrument").quantity, i64::from(quantity));
        desk.one(Change::SetLimit { limit: Limit::Loss, index: 0, value: 100 * u64::from(quantity) });
        desk.give(Body::Mark { instrument: 0, price: price - 100 });
        assert_eq!(desk.print(), [Reason::None], "at the limit");
        desk.give(Body::Mark { instrument: 0, price: price - 101 });
        assert_eq!(desk.engine.trips(Guard::Loss), 1);
        assert_eq!(desk.print(), [Reason::Killed]);
    });
}

#[test]
fn a_reversion_of_parameters_brings_the_old_limits_back_on_the_card() {
    on_both(|desk| {
        desk.load(&rows(ON_TRADE.quantity - 1), 2);
        assert_eq!(desk.print(), [Reason::Quantity]);
        desk.both(Change::RevertParameters { target: 1 });
        assert_eq!(desk.print(), [Reason::Disarmed], "fenced");
        let asked = desk.said.iter().any(|one| matches!(one, Output::LoadSet { generation: 3, .. }));
        assert!(asked, "{:?}", desk.said);
        desk.write(&rows(500));
        assert_eq!(desk.engine.reversion().map(|one| one.step), Some(Step::Committed));
        assert_eq!(desk.print(), [Reason::Disarmed], "the fence stays");
        desk.both(Change::Arm);
        assert_eq!(desk.print(), [Reason::None]);
    });
}

#[test]
fn the_card_sends_what_the_engine_lends_and_the_venues_word_lends_anew() {
    on_both(|desk| {
        let (side, quantity, price) = (Side::Buy, ON_TRADE.quantity, i64::from(PRICE_E4));
        desk.load(&rows_lending(2 * quantity), 2);
        assert_eq!(desk.engine.room(0), [2 * quantity, 0]);
        assert_eq!((desk.print(), desk.print()), (vec![Reason::None], vec![Reason::None]));
        assert_eq!(desk.print(), [Reason::Position]);
        for user_ref in [1, 2] {
            desk.report(Report::Accepted { user_ref, instrument: 0, side, quantity, price });
        }
        assert_eq!(desk.print(), [Reason::Position], "accepted, and open");
        desk.report(Report::Cancelled { user_ref: 1, quantity });
        assert_eq!((desk.print(), desk.print()), (vec![Reason::None], vec![Reason::Position]));
        desk.report(Report::Executed { user_ref: 2, instrument: 0, side, quantity, price, execution: 1 });
        assert_eq!(desk.print(), [Reason::Position], "what was bought is held");
        desk.report(Report::Broken { execution: 1 });
        assert_eq!(desk.print(), [Reason::None], "and is not, if the trade does not count");
    });
}

#[test]
fn what_people_fence_does_not_leave_the_card_and_nothing_else_stays() {
    on_both(|desk| {
        // The rule is a buy.
        let rule = Fence::of_rule(0, 0).expect("a rule");
        let others = Fence { instruments: !1, buys: !1, sells: u16::MAX, rules: !rule.rules };
        desk.one(Change::Fence { fence: others });
        assert_eq!(desk.print(), [Reason::None]);
        for one in [Fence::of(1), Fence { buys: 1, ..Fence::NONE }, rule] {
            desk.one(Change::Fence { fence: one });
            assert_eq!(desk.print(), [Reason::Fenced], "{one:?}");
            desk.both(Change::Lift { fence: one });
            assert_eq!(desk.print(), [Reason::None], "{one:?}");
        }
        assert_eq!(desk.engine.fenced(), others);
    });
}

#[test]
fn a_reduce_only_instrument_opens_nothing_until_two_people_let_it() {
    on_both(|desk| {
        assert_eq!(desk.print(), [Reason::None]);
        let reduce_only = |ends| Change::ReduceOnly { instruments: 1, ends };
        desk.one(reduce_only(false));
        assert_eq!(desk.print(), [Reason::Position]);
        desk.one(reduce_only(true));
        assert_eq!(desk.print(), [Reason::Position], "one person");
        desk.both(reduce_only(true));
        assert_eq!(desk.print(), [Reason::None]);
    });
}

#[test]
fn a_reverted_instrument_is_fenced_on_the_card_until_two_people_lift_it() {
    on_both(|desk| {
        assert_eq!(desk.print(), [Reason::None]);
        let (side, quantity, price) = (Side::Buy, ON_TRADE.quantity, i64::from(PRICE_E4));
        desk.report(Report::Accepted { user_ref: 1, instrument: 0, side, quantity, price });
        desk.one(Change::RevertOrders { instruments: 1 });
        assert_eq!(desk.print(), [Reason::Fenced]);
        desk.report(Report::Cancelled { user_ref: 1, quantity });
        desk.give(Body::Position { session: 0, instrument: 0, quantity: 0, price: 0, as_of: desk.reports });
        assert_eq!(desk.engine.reversion().map(|one| one.step), Some(Step::Committed));
        assert_eq!(desk.print(), [Reason::Fenced], "the fence stays");
        desk.both(Change::Lift { fence: Fence::of(1) });
        assert_eq!(desk.print(), [Reason::None], "its book was never closed");
    });
}
