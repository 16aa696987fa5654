//! An engine with a card that answers its commands, a venue whose reports number themselves, and everything that was
//! said, kept.
use proptest::prelude::*;
use riposte_engine::{
    Alarm, Body, Change, Config, Deployment, Engine, Guard, HostMessage, Input, Instrument, Limit, Output, Outputs, Record, Refusal,
    Report, RiskTerms, SESSIONS, Session, Side, Stream, Times,
};
use riposte_map::identity::TABLE_HASH;
use riposte_map::limits::{HOST_RULE, INSTRUMENTS, RULES, TERMS};
use riposte_map::reason::Reason;
use riposte_map::shm::{Command, Condition, Event, EventKind, Level, MASS_CANCEL, NONE, Opcode};
use std::collections::VecDeque;
use zerocopy::IntoBytes;

pub const SECOND: u64 = 1_000_000_000;
/// The card's session, at venue 0, which trades instruments 0 and 1.
pub const CARD: u8 = 0;
pub const ALICE: u16 = 1;
pub const BOB: u16 = 2;
pub const PRICE: i64 = 1000;

pub fn approved() -> Deployment {
    Deployment { gateware: [1; 32], configuration: [2; 32], tables: TABLE_HASH }
}

pub fn config() -> Config {
    let unused = Instrument { venue: NONE, multiplier: 1, erroneous_bp: 1 };
    let mut instruments = [unused; INSTRUMENTS];
    instruments[..2].fill(Instrument { venue: 0, multiplier: 1, erroneous_bp: 1000 });
    let session = Session { venue: 0, cancel_on_disconnect: false, timer_renew_ns: 0, drop_copy: true };
    Config {
        instruments,
        sessions: [session],
        times: Times {
            protection_ns: SECOND,
            answer_ns: SECOND,
            silence_ns: 1000 * SECOND,
            mark_window_ns: SECOND,
            mark_age_ns: 1000 * SECOND,
            drop_copy_ns: 1000 * SECOND,
            bust_window_ns: 600 * SECOND,
            claim_ns: 480 * SECOND,
            approval_ns: 60 * SECOND,
            reversion_ns: 30 * SECOND,
        },
        risk: RiskTerms::default(),
        approved: approved(),
        orders: 1024,
        executions: 1024,
        requests: 1024,
    }
}

/// Of every instrument, pieces long and short; of every rule, orders; of the card, value and orders.
pub const FAR: u32 = 1 << 28;
pub const HEARTBEAT_CYCLES: u64 = 46_875_000;
/// Of every template.
pub const LIFETIME_CYCLES: u64 = 1 << 40;

/// As `config`, at a venue that cancels what is open when the session is lost.
pub fn cancelling() -> Config {
    let mut config = config();
    config.sessions[usize::from(CARD)].cancel_on_disconnect = true;
    config
}

/// A whole parameter set; `quantity_max` of every instrument and the threshold of its rules, all else far away. The first two
/// instruments have a place for orders of the host.
pub fn set(quantity_max: u64, threshold: u64) -> Vec<Command> {
    let row = |opcode: Opcode, at: usize| Command { opcode: opcode as u8, instrument: at as u8, ..Command::default() };
    let with = |opcode: Opcode, first: u64, second: u64| Command { args: [first, second, 0, 0, 0, 0], ..row(opcode, 0) };
    let both = u64::from(FAR) | u64::from(FAR) << 32;
    let mut rows = vec![
        row(Opcode::WriteFeed, 0), with(Opcode::WriteGate, 1000 | 8 << 32 | 500 << 48, 2),
        with(Opcode::Credit, 1 << 40, both), with(Opcode::Heartbeat, HEARTBEAT_CYCLES, 0),
    ];
    for at in 0..INSTRUMENTS {
        let limits = [(at as u64 + 1) | (0x1f << 16), quantity_max | 900 << 32, 1100 | 50 << 32, 1 << 40, 0, 1 | 1 << 32];
        rows.push(Command { args: limits, ..row(Opcode::WriteInstrument, at) });
        rows.push(Command { args: [both, 0, 0, 0, 0, 0], ..row(Opcode::Lease, at) });
        let host = if at < 2 { (Condition::Host as u64) << (8 * HOST_RULE) } else { 0 };
        rows.push(Command { args: [1 | host, threshold, 0, 0, 0, 0], ..row(Opcode::WriteRules, at) });
        rows.extend((1..TERMS as u8).map(|index| Command { index, ..row(Opcode::WriteRules, at) }));
        for rule in 0..RULES as u8 {
            rows.push(Command { rule, value: FAR, ..row(Opcode::Repeat, at) });
            rows.push(Command { rule, args: [0, 2 << 8, 1000, LIFETIME_CYCLES, 0, 0], ..row(Opcode::WriteTemplate, at) });
            for index in 0..2 {
                rows.push(Command { rule, index, args: [7; 6], ..row(Opcode::WriteImage, at) });
            }
        }
    }
    rows
}

/// What a set is known by: SHA-256 of its rows, without their numbers.
pub fn content(rows: &[Command]) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    rows.iter().for_each(|row| hash.update(Command { sequence: 0, ..*row }.as_bytes()));
    hash.finalize().into()
}

pub struct Bench {
    pub engine: Engine,
    out: Outputs,
    pub now_ns: u64,
    pub inputs: Vec<Input>,
    /// Everything since it was last taken.
    pub said: Vec<Output>,
    next_event: u64,
    generation: u32,
    /// Next report, of each session and its drop copy.
    pub numbers: [[u64; 2]; SESSIONS],
    next_request: u64,
    next_hedge: u64,
    /// The card answers commands at once.
    pub answers: bool,
    /// Its gate lets each order of the host through at once.
    pub passes: bool,
    pub user_ref: u32,
}

impl Bench {
    /// Nothing set, nothing up.
    pub fn new(config: Config) -> Bench {
        Bench {
            engine: Engine::new(config).expect("a sound configuration"),
            out: Outputs::default(),
            now_ns: SECOND,
            inputs: Vec::new(),
            said: Vec::new(),
            next_event: 1,
            generation: 0,
            numbers: [[1; 2]; SESSIONS],
            next_request: 1,
            next_hedge: 1,
            answers: true,
            passes: true,
            user_ref: 0,
        }
    }

    /// Everything is as it must be, and the card is armed.
    pub fn armed() -> Bench {
        Bench::armed_with(config())
    }

    pub fn armed_with(config: Config) -> Bench {
        let mut bench = Bench::ready(config);
        assert_eq!(bench.both(Change::Arm), None);
        assert!(bench.engine.is_permitted());
        bench
    }

    /// All but armed: limits that are far, generation 1, sessions current, positions confirmed flat.
    pub fn ready(config: Config) -> Bench {
        Bench::ready_with(config, &set(500, 1))
    }

    /// As `ready`, with another set.
    pub fn ready_with(config: Config, rows: &[Command]) -> Bench {
        let mut bench = Bench::new(config);
        bench.give(Body::CardUp { deployment: approved() });
        for (limit, last) in [
            (Limit::Loss, 0), (Limit::Drawdown, 0), (Limit::InstrumentLoss, 1), (Limit::Exposure, 0),
            (Limit::FreeMessages, 0), (Limit::MessagesPerTrade, 0), (Limit::Hedge, 1),
        ] {
            for index in 0..=last {
                bench.set_limit(limit, index, 1_000_000_000);
            }
        }
        for (limit, far) in [(Limit::Delta, 60), (Limit::ScenarioLoss, 60), (Limit::Collateral, 59), (Limit::Counterparty, 60)] {
            bench.set_limit(limit, 0, 1 << far);
        }
        bench.load(rows, 1);
        bench.reconnect(CARD, 1);
        bench.confirm(0, 0);
        bench.confirm(1, 0);
        bench
    }

    /// One input, and what the card answers to it.
    pub fn give(&mut self, body: Body) -> Vec<Output> {
        let input = Input { time_ns: self.now_ns, body };
        self.inputs.push(input);
        let is_permitted = self.engine.is_permitted();
        self.engine.apply(&input, &mut self.out);
        let mut said: Vec<_> = self.out.iter().copied().collect();
        check_order(&said);
        self.check_gate(&said, is_permitted);
        self.said.extend(&said);
        if self.answers {
            for command in said.clone().iter().filter_map(commanded) {
                said.extend(self.answer(&command));
            }
        }
        said
    }

    /// An order is asked of a card that is armed and has a place for it, and of nobody else: what goes to the venue is none.
    fn check_gate(&self, said: &[Output], is_permitted: bool) {
        for one in said {
            match one {
                Output::Command(one) if one.opcode == Opcode::Order as u8 => {
                    assert!(is_permitted && self.engine.has_place(one.instrument), "{one:?}");
                }
                // Whatever else a host might say to a venue does not compile here.
                Output::Message(message) => match *message {
                    HostMessage::Cancel { session, user_ref } => assert!(self.engine.order(session, user_ref).is_some(), "{one:?}"),
                    HostMessage::RenewTimer { session } => assert_eq!(session, CARD),
                },
                _ => {}
            }
        }
    }

    /// The card carries a command out.
    pub fn answer(&mut self, command: &Command) -> Vec<Output> {
        if !Opcode::from_code(command.opcode).is_some_and(Opcode::is_told) {
            return Vec::new();
        }
        if command.opcode == Opcode::Order as u8 {
            return if self.passes { self.pass(command) } else { Vec::new() };
        }
        let mut reason = 0;
        if command.opcode == Opcode::Commit as u8 {
            if command.value > self.generation { self.generation = command.value } else { reason = 65 }
        }
        let (detail, feed_sequence) = (command.opcode.into(), command.sequence);
        self.event(Event { kind: EventKind::Command as u8, reason, detail, feed_sequence, ..Event::default() })
    }

    /// The gate lets an order of the host through.
    fn pass(&mut self, command: &Command) -> Vec<Output> {
        self.user_ref += 1;
        self.event(Event {
            kind: EventKind::OrderSent as u8,
            instrument: command.instrument,
            rule: HOST_RULE as u8,
            feed_sequence: command.sequence,
            price_e4: (command.args[0] >> 32) as u32,
            quantity: command.args[0] as u32,
            user_ref: self.user_ref,
            detail: command.args[1] as u16,
            ..Event::default()
        })
    }

    pub fn event(&mut self, event: Event) -> Vec<Output> {
        let event = Event { sequence: self.next_event, generation: self.generation, ..event };
        self.next_event += 1;
        self.give(Body::Card { event })
    }

    /// A card after reset numbers its events and knows no generation.
    pub fn reset_card(&mut self) {
        (self.next_event, self.generation) = (1, 0);
        self.give(Body::CardUp { deployment: approved() });
    }

    pub fn lose_event(&mut self) {
        self.next_event += 1;
    }

    pub fn book(&mut self, instrument: u8, bid: u32, ask: u32) {
        let level = |price_e4| Level { price_e4, quantity: 100 };
        self.event(Event { kind: EventKind::Book as u8, instrument, bid: level(bid), ask: level(ask), ..Event::default() });
    }

    /// The card sends an order of instrument 0 to buy at `PRICE`.
    pub fn card_order(&mut self, quantity: u32) -> u32 {
        self.card_sends(b'B', quantity, 0)
    }

    /// The card sends an order of a rule of instrument 0 at `PRICE`; gives its number.
    pub fn card_sends(&mut self, side: u8, quantity: u32, rule: u8) -> u32 {
        self.user_ref += 1;
        self.event(Event {
            kind: EventKind::OrderSent as u8,
            rule,
            price_e4: PRICE as u32,
            quantity,
            user_ref: self.user_ref,
            detail: side.into(),
            ..Event::default()
        });
        self.user_ref
    }

    /// Rule 1 of instrument 0 wants all of its orders cancelled; the gate lets it, or not.
    pub fn mass_cancel(&mut self, reason: Reason) -> Vec<Output> {
        let passes = reason == Reason::None;
        self.user_ref += u32::from(passes);
        let kind = if passes { EventKind::OrderSent } else { EventKind::OrderRefused };
        let user_ref = if passes { self.user_ref } else { 0 };
        self.event(Event { kind: kind as u8, reason: reason as u8, rule: 1, user_ref, detail: MASS_CANCEL.into(), ..Event::default() })
    }

    /// An order of the host, of instrument 0, that must leave; gives its number.
    pub fn enter(&mut self, side: Side, quantity: u32, price: i64) -> u32 {
        let said = self.try_enter(side, quantity, price);
        assert_eq!(commands(&said, Opcode::Order).len(), 1, "no order: {said:?}");
        self.user_ref
    }

    pub fn try_enter(&mut self, side: Side, quantity: u32, price: i64) -> Vec<Output> {
        let (number, price) = (self.next_hedge, u32::try_from(price).expect("a price of the card"));
        self.next_hedge += 1;
        self.give(Body::Hedge { number, instrument: 0, side, quantity, price })
    }

    /// An order of the host that the venue has accepted.
    pub fn live(&mut self, quantity: u32) -> u32 {
        let user_ref = self.enter(Side::Buy, quantity, PRICE);
        self.venue(CARD, accepted(user_ref, quantity));
        user_ref
    }

    pub fn venue(&mut self, session: u8, report: Report) -> Vec<Output> {
        let sequence = self.number(session, Stream::Session);
        self.give(Body::Venue { session, sequence, report })
    }

    pub fn drop_copy(&mut self, session: u8, report: Report) -> Vec<Output> {
        let sequence = self.number(session, Stream::DropCopy);
        self.give(Body::DropCopy { session, sequence, report })
    }

    /// Takes the next number of a stream.
    pub fn number(&mut self, session: u8, stream: Stream) -> u64 {
        let next = &mut self.numbers[usize::from(session)][stream as usize];
        *next += 1;
        *next - 1
    }

    /// Logged in and caught up.
    pub fn reconnect(&mut self, session: u8, next_user_ref: u32) -> Vec<Output> {
        self.give(Body::SessionUp { session });
        self.caught_up(session, next_user_ref)
    }

    pub fn caught_up(&mut self, session: u8, next_user_ref: u32) -> Vec<Output> {
        let next_sequence = self.numbers[usize::from(session)][0];
        self.give(Body::CaughtUp { session, next_sequence, next_user_ref })
    }

    /// The venue states a position.
    pub fn confirm(&mut self, instrument: u8, quantity: i64) -> Vec<Output> {
        let as_of = self.numbers[usize::from(CARD)][0] - 1;
        self.give(Body::Position { session: CARD, instrument, quantity, price: PRICE, as_of })
    }

    pub fn request(&mut self) -> u64 {
        self.next_request += 1;
        self.next_request - 1
    }

    /// Proposed by one person and approved by another; why it was refused, if it was.
    pub fn both(&mut self, change: Change) -> Option<Refusal> {
        let request = self.request();
        let mut said = self.give(Body::Propose { request, by: ALICE, change });
        said.extend(self.give(Body::Approve { request, by: BOB }));
        refusal(&said)
    }

    pub fn one(&mut self, change: Change) -> Vec<Output> {
        let request = self.request();
        self.give(Body::Propose { request, by: ALICE, change })
    }

    pub fn set_limit(&mut self, limit: Limit, index: u8, value: u64) {
        assert_eq!(self.both(Change::SetLimit { limit, index, value }), None);
    }

    pub fn write(&mut self, rows: &[Command]) {
        self.give(Body::BeginSet);
        for row in rows {
            self.give(Body::Row { command: *row });
        }
    }

    pub fn load(&mut self, rows: &[Command], generation: u32) {
        self.write(rows);
        assert_eq!(self.both(Change::Commit { generation, content: content(rows) }), None);
    }

    /// Lets time pass and ticks once.
    pub fn wait(&mut self, time_ns: u64) -> Vec<Output> {
        self.now_ns += time_ns;
        self.give(Body::Tick)
    }

    /// Numbers of a world that has lived through these inputs.
    pub fn catch_up(&mut self, inputs: &[Input]) {
        for input in inputs {
            match input.body {
                Body::Card { event } => {
                    (self.next_event, self.generation) = (event.sequence + 1, event.generation);
                }
                Body::Venue { session, sequence, .. } => self.numbers[usize::from(session)][0] = sequence + 1,
                Body::DropCopy { session, sequence, .. } => self.numbers[usize::from(session)][1] = sequence + 1,
                _ => {}
            }
        }
    }

    pub fn take(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.said)
    }

    pub fn quantity(&self, instrument: u8) -> i64 {
        self.engine.position(instrument).expect("an instrument").quantity
    }

    pub fn tripped(&self, guard: Guard) -> u64 {
        self.engine.trips(guard)
    }
}

/// Steps of a world, by which it decides what happens.
pub fn steps() -> impl Strategy<Value = Vec<(u8, u8, u8)>> {
    prop::collection::vec((any::<u8>(), any::<u8>(), any::<u8>()), 0..250)
}

/// A thousand of them, always the same.
pub fn a_thousand_steps() -> impl Iterator<Item = (u8, u8, u8)> {
    let next = |random: &u64| Some(random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
    let all = std::iter::successors(next(&1), next).take(1000);
    all.map(|random| ((random >> 40) as u8, (random >> 48) as u8, (random >> 56) as u8))
}

/// A bench whose card and venue are heard late.
pub struct Late {
    pub bench: Bench,
    pub events: VecDeque<Event>,
    pub reports: VecDeque<Report>,
}

impl Late {
    /// The card answers no command by itself.
    pub fn new(mut bench: Bench) -> Late {
        bench.answers = false;
        Late { bench, events: VecDeque::new(), reports: VecDeque::new() }
    }

    /// An event and a report, if there are any.
    pub fn tell(&mut self) -> bool {
        let any = !(self.events.is_empty() && self.reports.is_empty());
        self.tell_event();
        self.tell_report();
        any
    }

    pub fn tell_event(&mut self) {
        if let Some(event) = self.events.pop_front() {
            self.bench.event(event);
        }
    }

    pub fn tell_report(&mut self) {
        if let Some(report) = self.reports.pop_front() {
            self.bench.venue(CARD, report);
        }
    }
}

/// The guard has tripped, and it is recorded and told.
pub fn tripped(said: &[Output], guard: Guard, index: u8) -> bool {
    said.contains(&Output::Record(Record::Tripped { guard, index }))
        && said.contains(&Output::Alarm(Alarm::Tripped { guard, index }))
}

pub fn accepted(user_ref: u32, quantity: u32) -> Report {
    Report::Accepted { user_ref, instrument: 0, side: Side::Buy, quantity, price: PRICE }
}

pub fn executed(user_ref: u32, quantity: u32, execution: u64) -> Report {
    Report::Executed { user_ref, instrument: NONE, side: Side::Buy, quantity, price: PRICE, execution }
}

pub fn commanded(output: &Output) -> Option<Command> {
    match output {
        Output::Command(command) => Some(*command),
        _ => None,
    }
}

/// What the card is told to do; not what it is lent.
pub fn opcodes(said: &[Output]) -> Vec<Opcode> {
    let all = said.iter().filter_map(commanded).filter_map(|command| Opcode::from_code(command.opcode));
    all.filter(|opcode| !is_grant(*opcode)).collect()
}

fn is_grant(opcode: Opcode) -> bool {
    matches!(opcode, Opcode::Lease | Opcode::Repeat | Opcode::Credit | Opcode::Heartbeat | Opcode::Resting)
}

/// Those of one opcode.
pub fn commands(said: &[Output], opcode: Opcode) -> Vec<Command> {
    said.iter().filter_map(commanded).filter(|command| command.opcode == opcode as u8).collect()
}

pub fn cancels(said: &[Output]) -> Vec<u32> {
    let cancelled = |one: &Output| match one {
        Output::Message(HostMessage::Cancel { user_ref, .. }) => Some(*user_ref),
        _ => None,
    };
    said.iter().filter_map(cancelled).collect()
}

pub fn refusal(said: &[Output]) -> Option<Refusal> {
    said.iter().find_map(|one| match one {
        Output::Record(Record::Refused { why, .. }) => Some(*why),
        _ => None,
    })
}

/// What has an effect stands directly behind its record.
fn check_order(said: &[Output]) {
    for (at, one) in said.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| said[at]);
        match one {
            Output::Command(command) if !Opcode::from_code(command.opcode).is_some_and(Opcode::is_write) => {
                assert_eq!(before, Some(Output::Record(Record::Commanding { command: *command })));
            }
            Output::Message(message) => assert_eq!(before, Some(Output::Record(Record::Sending { message: *message }))),
            Output::Replay { .. } | Output::AskPosition { .. } | Output::LoadSet { .. } | Output::LoadCandidate { .. } => {
                assert!(matches!(before, Some(Output::Record(Record::Asking { .. }))), "{before:?}");
            }
            Output::Claim { .. } => assert!(matches!(before, Some(Output::Record(Record::Claim { .. }))), "{before:?}"),
            Output::Restore { .. } => assert!(matches!(before, Some(Output::Record(Record::Restoring { .. }))), "{before:?}"),
            Output::Command(_) | Output::Record(_) | Output::Alarm(_) | Output::Reclaimed { .. } => {}
        }
    }
}
