//! Reversion: each step recorded before what it causes, the same request once, a restart in every step.
use crate::bench::*;
use riposte_engine::{Alarm, Body, Change, HostMessage, Output, Record, Refusal, Report, Step};
use proptest::prelude::*;
use riposte_engine::{Engine, Input, Outputs};
use riposte_map::shm::Opcode;

fn steps(said: &[Output]) -> Vec<Step> {
    let step = |one: &Output| match one {
        Output::Record(Record::Reversion { step, .. }) => Some(*step),
        _ => None,
    };
    said.iter().filter_map(step).collect()
}

fn step(bench: &Bench) -> Step {
    bench.engine.reversion().expect("a reversion").step
}

/// Position of an output, and that of the record of a step.
fn at(said: &[Output], is: impl Fn(&Output) -> bool) -> usize {
    said.iter().position(is).expect("it was said")
}

fn loads(said: &[Output]) -> Option<(u32, [u8; 32])> {
    said.iter().find_map(|one| match one {
        Output::LoadSet { generation, content } => Some((*generation, *content)),
        _ => None,
    })
}

/// Generation 2 in force, armed; generation 1 was stricter.
fn second_generation() -> Bench {
    let mut bench = Bench::ready(config());
    bench.load(&set(800, 1), 2);
    assert_eq!(bench.both(Change::Arm), None);
    bench.take();
    bench
}

const PARAMETERS: [Step; 8] = [
    Step::Requested, Step::Validated, Step::Fenced, Step::Drained, Step::Reconciled, Step::RolledBack, Step::Verifying,
    Step::Committed,
];

#[test]
fn parameters_go_back_as_a_new_generation_with_the_old_content() {
    let mut bench = second_generation();
    let said = bench.one(Change::RevertParameters { target: 1 });
    assert_eq!(steps(&said), PARAMETERS[..5], "stricter, so one person may");
    assert_eq!(loads(&said), Some((3, content(&set(500, 1)))));
    let is = |one: &Output, wanted| matches!(one, Output::Record(Record::Reversion { step, .. }) if *step == wanted);
    let recorded = |wanted: Step| at(&said, |one| is(one, wanted));
    let disarms = |one: &Output| commanded(one).is_some_and(|one| one.opcode == Opcode::Disarm as u8);
    assert!(recorded(Step::Validated) < at(&said, disarms));
    assert!(recorded(Step::Reconciled) < at(&said, |one| matches!(one, Output::LoadSet { .. })));
    bench.write(&set(501, 1));
    assert_eq!(step(&bench), Step::Reconciled, "another content is not committed");
    bench.take();
    bench.write(&set(500, 1));
    let said = bench.take();
    assert_eq!(steps(&said), PARAMETERS[5..]);
    let commit = at(&said, |one| commanded(one).is_some_and(|one| one.opcode == Opcode::Commit as u8 && one.value == 3));
    assert!(at(&said, |one| matches!(one, Output::Record(Record::Reversion { step: Step::RolledBack, .. }))) < commit);
    assert!(!bench.engine.is_permitted(), "the fence stays");
    assert_eq!(bench.both(Change::Arm), None, "until two people arm");
    // Back to the looser one: two people.
    assert_eq!(steps(&bench.one(Change::RevertParameters { target: 2 })), []);
    assert_eq!(bench.both(Change::RevertParameters { target: 77 }), Some(Refusal::NoTarget));
    assert_eq!(bench.both(Change::RevertParameters { target: 2 }), None);
    bench.write(&set(800, 1));
    assert_eq!(step(&bench), Step::Committed);
}

#[test]
fn orders_end_by_the_venues_word_and_positions_by_its_statement() {
    let mut bench = Bench::armed();
    let (first, second, card) = (bench.live(100), bench.live(50), bench.card_order(30));
    bench.venue(CARD, accepted(card, 30));
    let said = bench.one(Change::RevertOrders { instruments: u16::MAX });
    assert_eq!(steps(&said), PARAMETERS[..3]);
    assert_eq!(cancels(&said), [first, second, card]);
    assert!(at(&said, |one| matches!(one, Output::Record(Record::Reversion { step: Step::Fenced, .. })))
        < at(&said, |one| matches!(one, Output::Message(HostMessage::Cancel { .. }))));
    bench.venue(CARD, Report::Cancelled { user_ref: first, quantity: 100 });
    bench.venue(CARD, Report::Cancelled { user_ref: card, quantity: 30 });
    assert_eq!(step(&bench), Step::Fenced);
    bench.take();
    bench.venue(CARD, executed(second, 20, 1));
    bench.venue(CARD, Report::Cancelled { user_ref: second, quantity: 30 });
    assert_eq!(step(&bench), Step::Drained);
    let racing = |one: &Output| matches!(one, Output::Record(Record::Reversion { step: Step::Drained, racing: 20, .. }));
    assert!(bench.take().iter().any(racing), "a racing fill is listed");
    bench.confirm(0, 20);
    assert_eq!(step(&bench), Step::Drained);
    bench.confirm(1, 0);
    assert_eq!(step(&bench), Step::Committed);
    assert_eq!(bench.both(Change::Arm), None);
}

#[test]
fn a_scope_of_one_instrument_leaves_the_others_alone() {
    let mut bench = Bench::armed();
    let order = bench.live(10);
    let said = bench.one(Change::RevertOrders { instruments: 2 });
    assert_eq!((cancels(&said), opcodes(&said)), (vec![], vec![Opcode::Fence]));
    assert!(bench.engine.is_permitted());
    assert_eq!(step(&bench), Step::Drained);
    bench.confirm(1, 0);
    assert_eq!(step(&bench), Step::Committed);
    assert!(bench.engine.order(CARD, order).unwrap().state.is_open());
    assert_eq!(refusal(&bench.one(Change::RevertOrders { instruments: 0 })), Some(Refusal::BadField));
}

#[test]
fn many_orders_are_cancelled_over_several_inputs() {
    let mut bench = Bench::armed();
    let orders: Vec<_> = (0..100).map(|_| bench.live(1)).collect();
    bench.take();
    bench.one(Change::RevertOrders { instruments: 1 });
    while bench.wait(1).iter().any(|one| matches!(one, Output::Message(_))) {}
    let mut asked = cancels(&bench.take());
    asked.sort_unstable();
    assert_eq!(asked, orders, "each once");
}

#[test]
fn the_same_request_again_does_nothing_in_any_step() {
    let mut bench = Bench::armed();
    let order = bench.live(100);
    let request = bench.request();
    let again = |bench: &mut Bench| {
        let digest = bench.engine.digest();
        let body = Body::Propose { request, by: BOB, change: Change::RevertOrders { instruments: 1 } };
        assert!(bench.give(body).is_empty() && bench.give(Body::Approve { request, by: BOB }).is_empty());
        assert_eq!(bench.engine.digest(), digest);
    };
    bench.give(Body::Propose { request, by: ALICE, change: Change::RevertOrders { instruments: 1 } });
    again(&mut bench);
    bench.venue(CARD, Report::Cancelled { user_ref: order, quantity: 100 });
    again(&mut bench);
    bench.confirm(0, 0);
    assert_eq!(step(&bench), Step::Committed);
    again(&mut bench);
}

#[test]
fn a_second_reversion_waits_for_the_first() {
    let mut bench = Bench::armed();
    bench.live(1);
    bench.one(Change::RevertOrders { instruments: 1 });
    assert_eq!(refusal(&bench.one(Change::RevertOrders { instruments: 2 })), Some(Refusal::Fenced));
    assert_eq!(bench.both(Change::Commit { generation: 9, content: [0; 32] }), Some(Refusal::Fenced));
    assert_eq!(refusal(&bench.try_enter(riposte_engine::Side::Buy, 1, PRICE)), Some(Refusal::Fenced));
}

#[test]
fn what_does_not_drain_in_time_escalates_and_stays_fenced() {
    let mut bench = Bench::armed();
    bench.live(1);
    bench.one(Change::RevertOrders { instruments: u16::MAX });
    bench.wait(30 * SECOND - 1);
    assert_eq!(step(&bench), Step::Fenced);
    let said = bench.wait(1);
    assert!(said.iter().any(|one| matches!(one, Output::Alarm(Alarm::Escalated { .. }))));
    assert_eq!((step(&bench), bench.engine.is_permitted()), (Step::Escalated, false));
}

#[test]
fn a_position_that_is_not_confirmed_in_time_takes_no_order() {
    let mut bench = Bench::armed();
    bench.one(Change::RevertOrders { instruments: 1 });
    assert_eq!(step(&bench), Step::Drained);
    bench.wait(30 * SECOND);
    assert_eq!((step(&bench), bench.engine.is_permitted()), (Step::Escalated, true), "the card still trades the others");
    assert_eq!(refusal(&bench.try_enter(riposte_engine::Side::Buy, 1, PRICE)), Some(Refusal::Unconfirmed));
}

#[test]
fn the_fence_is_the_cards_answer_to_the_fencing_command() {
    let mut bench = Bench::armed();
    bench.answers = false;
    let said = bench.one(Change::RevertOrders { instruments: u16::MAX });
    let fence = said.iter().find_map(commanded).expect("a fencing command");
    bench.answer(&riposte_map::shm::Command { sequence: fence.sequence + 1, ..fence });
    assert_eq!(step(&bench), Step::Validated, "another command's answer");
    bench.answer(&fence);
    assert_eq!(step(&bench), Step::Drained);
}

/// What the world does until a reversion ends, whatever step the engine is in.
fn finish(bench: &mut Bench, order: u32) {
    bench.reconnect(CARD, order + 1);
    let known = *bench.engine.order(CARD, order).expect("the order");
    if known.state.is_open() && !cancels(&bench.said).is_empty() {
        bench.venue(CARD, Report::Cancelled { user_ref: order, quantity: 100 });
    }
    bench.confirm(0, 0);
    bench.confirm(1, 0);
    if loads(&bench.said).is_some() {
        bench.write(&set(500, 1));
    }
}

#[test]
fn a_restart_in_any_step_gives_its_effects_again_and_ends_the_same() {
    for change in [Change::RevertParameters { target: 1 }, Change::RevertOrders { instruments: 1 }] {
        // Whether the card carried out the fence, and whether rows were on their way.
        for reached in 0..4 {
            let mut bench = second_generation();
            let order = bench.live(100);
            bench.answers = reached > 0;
            bench.one(change);
            if reached > 1 && loads(&bench.said).is_some() {
                bench.answers = reached > 2;
                bench.write(&set(500, 1));
            }
            // What was said before is lost with the process.
            bench.take();
            bench.answers = true;
            bench.give(Body::Restarted);
            finish(&mut bench, order);
            assert_eq!(step(&bench), Step::Committed, "{change:?} after {reached}");
            assert_eq!(bench.engine.open_orders().count(), usize::from(change == Change::RevertParameters { target: 1 }));
        }
    }
}

/// A reversion of either kind from its request to its end, among other things that happen; what was asked is asked again after
/// every input, by anybody.
fn reverted(parameters: bool, again: impl Fn(usize) -> usize) -> Bench {
    let mut bench = second_generation();
    let order = bench.live(100);
    let request = bench.request();
    let change = if parameters { Change::RevertParameters { target: 1 } } else { Change::RevertOrders { instruments: 1 } };
    let steps: [&dyn Fn(&mut Bench); 7] = [
        &|bench| drop(bench.give(Body::Propose { request, by: ALICE, change })),
        &|bench| drop(bench.wait(1)),
        &|bench| drop(bench.venue(CARD, executed(order, 30, 1))),
        &|bench| drop(bench.venue(CARD, Report::Cancelled { user_ref: order, quantity: 70 })),
        &|bench| drop(bench.confirm(0, 30)),
        &|bench| if parameters { bench.write(&set(500, 1)) },
        &|bench| drop(bench.wait(1)),
    ];
    for (at, step) in steps.iter().enumerate() {
        step(&mut bench);
        for copy in 0..again(at) {
            let by = if copy % 2 == 0 { ALICE } else { BOB };
            let said = bench.give(Body::Propose { request, by, change });
            assert!(said.is_empty(), "again after {at}: {said:?}");
            let said = bench.give(Body::Approve { request, by: BOB });
            assert!(said.is_empty(), "approved again after {at}: {said:?}");
        }
    }
    assert_eq!(step(&bench), Step::Committed);
    bench
}

/// Records and effects of a day in their order.
fn journal(bench: &Bench) -> Vec<Output> {
    bench.said.iter().filter(|one| !matches!(one, Output::Alarm(_))).copied().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_same_request_any_number_of_times_in_any_interleaving_gives_the_same_journal_and_orders(
        parameters in any::<bool>(), copies in prop::collection::vec(0usize..4, 7),
    ) {
        let once = reverted(parameters, |_| 0);
        let often = reverted(parameters, |at| copies[at]);
        prop_assert_eq!(journal(&often), journal(&once));
        prop_assert_eq!(often.engine.digest(), once.engine.digest());
    }
}

/// Reads a journal of inputs back, cut after `bytes`: whole inputs only, as a torn tail is cut off.
fn read_back(journal: &[Vec<u8>], bytes: usize) -> Vec<Input> {
    let (mut inputs, mut left) = (Vec::new(), bytes);
    for record in journal {
        if left < record.len() {
            // A torn record is none.
            assert!(left == 0 || Input::decode(&record[..left]).is_none());
            break;
        }
        left -= record.len();
        inputs.push(Input::decode(record).expect("an input"));
    }
    inputs
}

#[test]
fn killed_at_every_byte_of_the_journal_a_reversion_comes_to_the_same_end() {
    for parameters in [false, true] {
        let whole = reverted(parameters, |_| 0);
        let journal: Vec<Vec<u8>> = whole.inputs.iter().map(|input| input.encode().bytes().to_vec()).collect();
        let begun = whole.inputs.iter().position(|input| matches!(
            input.body, Body::Propose { change: Change::RevertParameters { .. } | Change::RevertOrders { .. }, .. }
        ));
        let begun: usize = journal[..begun.expect("a request")].iter().map(Vec::len).sum();
        let total: usize = journal.iter().map(Vec::len).sum();
        let (mut ends, mut last) = (0, usize::MAX);
        for bytes in begun..=total {
            let inputs = read_back(&journal, bytes);
            // Bytes of a torn record change nothing: the same recovery.
            if std::mem::replace(&mut last, inputs.len()) == inputs.len() {
                continue;
            }
            let mut bench = Bench::recovered(&inputs);
            let request = whole.engine.reversion().expect("a reversion").request;
            bench.give(Body::Restarted);
            let change = if parameters { Change::RevertParameters { target: 1 } } else { Change::RevertOrders { instruments: 1 } };
            // Whoever asked may not know whether it was heard, and asks again.
            bench.give(Body::Propose { request, by: ALICE, change });
            bench.the_world_goes_on(&set(500, 1));
            assert_eq!(step(&bench), Step::Committed, "parameters {parameters}, {bytes} bytes");
            assert_eq!((bench.engine.open_orders().count(), bench.quantity(0)), (0, 30), "{bytes} bytes");
            assert_eq!(bench.engine.content(), whole.engine.content());
            assert!(!bench.engine.is_permitted(), "the fence stays, or a restart disarms");
            ends += 1;
        }
        assert!(ends > 5, "{ends} different recoveries");
    }
}

/// An engine as the inputs before left it, applied by nobody else.
fn engine_of(inputs: &[Input]) -> Engine {
    let (mut engine, mut out) = (Engine::new(config()).expect("a sound configuration"), Outputs::default());
    inputs.iter().for_each(|input| engine.apply(input, &mut out));
    engine
}

impl Bench {
    /// The world as it is when a host comes back: the card knows what was committed, the venue what it told.
    fn recovered(inputs: &[Input]) -> Bench {
        let mut bench = Bench::new(config());
        bench.inputs = inputs.to_vec();
        bench.engine = engine_of(inputs);
        bench.now_ns = inputs.last().map_or(0, |input| input.time_ns);
        bench.catch_up(inputs);
        bench
    }

    /// Sessions return, what the venue knows is told, positions are stated, a set that is asked for is written.
    fn the_world_goes_on(&mut self, rows: &[riposte_map::shm::Command]) {
        let next = self.engine.next_user_ref(CARD);
        self.reconnect(CARD, next);
        let order = self.engine.orders().next().copied().expect("the order");
        if self.engine.executions().count() == 0 {
            self.venue(CARD, executed(order.user_ref, 30, 1));
        }
        if self.engine.order(CARD, order.user_ref).is_some_and(|order| order.state.is_open()) {
            self.venue(CARD, Report::Cancelled { user_ref: order.user_ref, quantity: 70 });
        }
        self.confirm(0, 30);
        self.confirm(1, 0);
        if loads(&self.said).is_some() {
            self.write(rows);
        }
        self.wait(1);
    }
}
