//! Orders of the host go through the gate as those of rules do, on the reference model and on the gateware.
use riposte_device::{Output, Transmitted};
use riposte_map::{
    counter::Counter,
    limits::HOST_RULE,
    reason::Reason,
    shm::{Command, Condition, Event, EventKind, NONE, Opcode},
};
use riposte_tests::{
    bench::{Bench, LOCATE, ON_TRADE, instrument, is_order, on_each_card, orders, reason, reasons},
    messages::{action, add, trade},
    parameters::{Gate, Instrument, Rule, command, credit, heartbeat, lease, order, parameters, parameters_within, repeat, units},
};

const PRICE_E4: u32 = 640_000;
const BUY: u8 = b'B';
/// From its command to its first word where no message is in the way: x + 3 it waits, x + 4 it is issued, x + 8 judged by
/// its verdict, x + 10 by the gate.
const COMMAND_TO_WORD_CYCLES: u64 = 11;

/// What its order is made of stands in the last rule's template; the rule itself never fires.
const PLACE: Rule = Rule { condition: Condition::Host, threshold: 0, quantity: 7, price_e4: 1, ..Rule::WIDE };

fn with_place(rules: &[Rule]) -> Instrument {
    let mut one = instrument(rules);
    one.rules[HOST_RULE] = Some(PLACE);
    one
}

/// A card whose first instrument takes orders of the host.
fn bench(card: &mut dyn riposte_device::Card) -> Bench<'_> {
    Bench::new(card, &[with_place(&[])])
}

/// What the card says to a command, and what becomes of the orders.
fn told(bench: &mut Bench<'_>, commands: &[Command]) -> (Vec<Reason>, Vec<Reason>) {
    bench.settle();
    bench.commands(commands);
    let output = bench.settle();
    (reasons(&output, EventKind::Command), orders(&output))
}

/// The reason for which an order of the host is refused behind these commands; `None`: it leaves.
fn judged(bench: &mut Bench<'_>, before: &[Command], one: Command) -> Reason {
    if !before.is_empty() {
        bench.commands(before);
    }
    let (said, orders) = told(bench, &[one]);
    assert_eq!(said, [Reason::None]);
    let [reason] = orders[..] else { panic!("one order: {orders:?}") };
    reason
}

#[test]
fn an_order_of_the_host_is_whole_ticks_and_lots_too() {
    on_each_card(|card| {
        let mut bench = Bench::new(card, &[Instrument { tick_e4: 100, lot: 50, ..with_place(&[]) }]);
        for (price_e4, quantity, [ticks, lots], expected) in [
            (PRICE_E4, 250, [6_400, 5], Reason::None), (PRICE_E4, 250, [6_400, 4], Reason::Increment),
            (PRICE_E4 + 100, 250, [6_401, 5], Reason::None), (PRICE_E4 + 1, 250, [6_400, 5], Reason::Increment),
            (PRICE_E4, 251, [6_400, 5], Reason::Increment), (PRICE_E4, 50, [6_400, 1], Reason::None),
        ] {
            let mut one = order(0, BUY, quantity, price_e4);
            one.args[4] = units(ticks, lots);
            assert_eq!(judged(&mut bench, &[], one), expected, "{quantity} at {price_e4}");
        }
    });
}

fn host_event(output: &Output) -> Event {
    *output.events.iter().find(|event| is_order(event)).expect("an order")
}

#[test]
fn an_order_of_the_host_leaves_with_its_terms_and_its_event_says_which_command_it_was() {
    on_each_card(|card| {
        let mut bench = bench(card);
        bench.show(&[add(LOCATE, 1, b'B', 300, 630_000), add(LOCATE, 2, b'S', 200, 650_000)]);
        bench.settle();
        let asked = bench.card.cycle();
        let mut one = order(0, BUY, 250, PRICE_E4);
        one.sequence = 77;
        bench.commands(&[one]);
        let output = bench.settle();
        let [Transmitted { cycle, bytes, .. }] = &output.transmitted[..] else { panic!("one frame") };
        assert_eq!(*cycle, asked + COMMAND_TO_WORD_CYCLES);
        // OUCH 5.0, Enter Order, behind 54 bytes of headers and SoupBinTCP's three: UserRefNum, side, quantity, price.
        assert_eq!(bytes[58..63], [0, 0, 0, 1, BUY]);
        assert_eq!(bytes[63..67], 250_u32.to_be_bytes());
        assert_eq!(bytes[75..83], u64::from(PRICE_E4).to_be_bytes());
        let event = host_event(&output);
        assert_eq!((event.kind(), event.rule, event.feed_sequence, event.time_ns), (Some(EventKind::OrderSent), HOST_RULE as u8, 77, 0));
        assert_eq!((event.quantity, event.price_e4, event.user_ref, event.generation), (250, PRICE_E4, 1, 1));
        assert_eq!((event.bid.price_e4, event.bid.quantity), (630_000, 300), "the top when it was decided");
        assert_eq!((event.ask.price_e4, event.ask.quantity), (650_000, 200));
        assert_eq!(u64::from(event.cycles), COMMAND_TO_WORD_CYCLES - 3, "since it went among the messages");
    });
}

#[test]
fn each_control_that_refuses_a_rules_order_refuses_the_hosts() {
    let simple = |opcode| command(opcode, 0, 0, 0, 0, &[]);
    let good = order(0, BUY, 100, PRICE_E4);
    let cases: [(&str, Vec<Command>, Command, Reason); 16] = [
        ("nothing in the way", vec![], good, Reason::None),
        ("a sale", vec![], order(0, b'S', 100, PRICE_E4), Reason::None),
        ("killed", vec![simple(Opcode::Kill)], good, Reason::Killed),
        ("silent", vec![heartbeat(0)], good, Reason::HostSilent),
        ("disarmed", vec![simple(Opcode::Disarm)], good, Reason::Disarmed),
        ("fenced", vec![command(Opcode::Fence, 0, 0, 0, 0, &[1])], good, Reason::Fenced),
        ("invalid", vec![command(Opcode::Invalidate, 0, 0, 0, 0, &[1])], good, Reason::BookInvalid),
        ("no side", vec![], order(0, b'X', 100, PRICE_E4), Reason::Side),
        ("nothing", vec![], order(0, BUY, 0, PRICE_E4), Reason::Quantity),
        ("much", vec![], order(0, BUY, 501, PRICE_E4), Reason::Quantity),
        ("dear", vec![], order(0, BUY, 100, 700_001), Reason::Collar),
        ("no session", vec![command(Opcode::Session, 0, 0, 0, 0, &[1, 0])], good, Reason::SessionUnset),
        ("repeats", vec![repeat(0, HOST_RULE, 0)], good, Reason::Repeated),
        ("position", vec![lease(0, 99, 1000)], good, Reason::Position),
        ("exposure", vec![credit(100 * u64::from(PRICE_E4) - 1, 9, 9)], good, Reason::Exposure),
        ("unacknowledged", vec![credit(u64::MAX >> 1, 9, 0)], good, Reason::Unacknowledged),
    ];
    on_each_card(|card| {
        for (name, before, one, expected) in &cases {
            assert_eq!(judged(&mut bench(card), before, *one), *expected, "{name}");
        }
    });
}

#[test]
fn limits_of_its_set_hold_for_it_too() {
    let far = Instrument { reach_e4: 100, ..with_place(&[]) };
    let slow = Gate { saved_max: 0, ..Gate::WIDE };
    let old = Gate { age_cycles_max: 7, ..Gate::WIDE };
    let cheap = Instrument { value_max: 100 * u64::from(PRICE_E4) - 1, ..with_place(&[]) };
    let off = Instrument { enabled: false, ..with_place(&[]) };
    let cases = [
        (Gate::WIDE, far, Reason::LiveCollar),
        (slow, with_place(&[]), Reason::Throttle),
        (old, with_place(&[]), Reason::Age),
        (Gate { age_cycles_max: 8, ..Gate::WIDE }, with_place(&[]), Reason::None),
        (Gate::WIDE, cheap, Reason::Value),
        (Gate::WIDE, off, Reason::InstrumentDisabled),
    ];
    on_each_card(|card| {
        for (gate, instrument, expected) in &cases {
            let mut bench = bench(card);
            bench.show(&[add(LOCATE, 1, b'S', 100, PRICE_E4 - 101)]);
            let set = parameters_within(gate, &[*instrument], 2);
            assert_eq!(judged(&mut bench, &set, order(0, BUY, 100, PRICE_E4)), *expected);
        }
    });
}

#[test]
fn it_does_not_trade_what_does_not_trade() {
    on_each_card(|card| {
        let mut bench = bench(card);
        bench.show(&[action(LOCATE, b'H')]);
        assert_eq!(judged(&mut bench, &[], order(0, BUY, 100, PRICE_E4)), Reason::NotTrading);
    });
}

#[test]
fn it_cools_down_as_its_template_says() {
    on_each_card(|card| {
        let mut one = with_place(&[]);
        one.rules[HOST_RULE] = Some(Rule { cool_down_cycles: 5_000, ..PLACE });
        let mut bench = Bench::new(card, &[one]);
        let good = order(0, BUY, 100, PRICE_E4);
        assert_eq!(judged(&mut bench, &[], good), Reason::None);
        assert_eq!(judged(&mut bench, &[], good), Reason::CoolDown);
        bench.card.idle(5_000);
        assert_eq!(judged(&mut bench, &[], good), Reason::None);
    });
}

#[test]
fn it_has_a_place_of_its_own_and_never_a_rules() {
    let refused = (vec![Reason::NoPlace], vec![]);
    let other = order(0, b'S', 499, PRICE_E4 - 1);
    on_each_card(|card| {
        let mut bare = Bench::bare(card);
        assert_eq!(told(&mut bare, &[other]), refused, "no set is in force");
        let mut bench = Bench::new(card, &[instrument(&[ON_TRADE; 4])]);
        assert_eq!(told(&mut bench, &[other]), refused);
        bench.show(&[trade(LOCATE, 100, PRICE_E4)]);
        let output = bench.settle();
        let terms: Vec<_> = output.transmitted.iter().map(|frame| (frame.bytes[62], frame.bytes[66])).collect();
        assert_eq!(terms, [(b'B', 100); 4], "the rules' terms are what they were");
        // The next set has one, the one behind it none again.
        let set = |bench: &mut Bench<'_>, one, generation| bench.commands(&parameters(&[one], generation));
        set(&mut bench, with_place(&[]), 2);
        assert_eq!(judged(&mut bench, &[], other), Reason::None);
        set(&mut bench, instrument(&[ON_TRADE; 4]), 3);
        assert_eq!(told(&mut bench, &[other]), refused);
        set(&mut bench, with_place(&[]), 4);
        assert_eq!(judged(&mut bench, &[], other), Reason::None);
        assert_eq!(told(&mut bench, &[order(1, BUY, 1, PRICE_E4)]), refused, "another instrument");
    });
}

#[test]
fn there_is_one_at_a_time_until_the_gate_has_judged_it() {
    // The gate judges it in x + 10; a command of y is decided in y + 2.
    for (behind, expected) in [(1, Reason::TooSoon), (8, Reason::TooSoon), (9, Reason::None)] {
        on_each_card(|card| {
            let mut bench = bench(card);
            bench.command(0, order(0, BUY, 100, PRICE_E4));
            bench.command(behind, order(0, b'S', 200, PRICE_E4));
            let output = bench.settle();
            assert_eq!(reasons(&output, EventKind::Command), [Reason::None, expected], "{behind} cycles behind");
            let sent: Vec<u8> = output.transmitted.iter().map(|frame| frame.bytes[62]).collect();
            assert_eq!(sent, if expected == Reason::None { &b"BS"[..] } else { b"B" });
            assert!(output.transmitted[0].bytes[63..67] == 100_u32.to_be_bytes(), "what is refused changes no terms");
        });
    }
}

#[test]
fn one_that_finds_no_place_among_the_decisions_is_told_and_the_next_may_come() {
    on_each_card(|card| {
        let mut bench = Bench::new(card, &[with_place(&[ON_TRADE; 3])]);
        // Each print is three orders, each of them a frame: the queue fills.
        let prints: Vec<_> = (0..18).map(|_| trade(LOCATE, 100, PRICE_E4)).collect();
        bench.show(&prints);
        bench.commands(&[order(0, BUY, 100, PRICE_E4)]);
        let output = bench.settle();
        let full = output.events.iter().filter(|event| reason(event) == Reason::QueueFull);
        let full: Vec<_> = full.map(|event| (event.rule, event.detail, event.time_ns == 0)).collect();
        assert_eq!(full.last(), Some(&(NONE, 1 << HOST_RULE, true)), "{full:?}");
        assert_eq!(bench.count(Counter::DecisionsDropped), full.len() as u32);
        bench.card.idle(10_000);
        assert_eq!(judged(&mut bench, &[], order(0, BUY, 100, PRICE_E4)), Reason::None);
    });
}

#[test]
fn a_set_that_is_committed_behind_it_does_not_send_it_and_does_not_know_its_terms() {
    on_each_card(|card| {
        let mut bench = bench(card);
        let mut set = parameters(&[with_place(&[])], 2);
        let commit = set.pop().expect("a commit");
        bench.commands(&set);
        bench.command(0, order(0, BUY, 100, PRICE_E4));
        bench.command(1, commit);
        assert_eq!(orders(&bench.settle()), [Reason::StaleGeneration]);
        let mut bare = parameters(&[with_place(&[])], 3);
        bare.retain(|one| one.opcode != Opcode::WriteTemplate as u8 || usize::from(one.rule) != HOST_RULE);
        bench.commands(&bare);
        assert_eq!(judged(&mut bench, &[], order(0, BUY, 100, PRICE_E4)), Reason::None, "its image and shape are the set's");
    });
}

#[test]
fn it_is_refused_while_books_are_restored() {
    on_each_card(|card| {
        let mut bench = bench(card);
        bench.commands(&[command(Opcode::Clear, 0, 0, 0, 0, &[])]);
        let one = order(0, BUY, 100, PRICE_E4);
        assert_eq!(told(&mut bench, &[one]), (vec![Reason::Restoring], vec![]), "the books are open");
        bench.commands(&[command(Opcode::Clear, 0, 0, 0, 0, &[])]);
        bench.command(0, one);
        assert_eq!(reasons(&bench.settle(), EventKind::Command), [Reason::None, Reason::Restoring], "they are being emptied");
    });
}

/// No message is lost, late or out of order for it, and it finds a cycle however thick they come.
#[test]
fn messages_go_first() {
    let mut waits = Vec::new();
    on_each_card(|card| {
        let mut bench = Bench::new(card, &[with_place(&[ON_TRADE])]);
        let adds: Vec<_> = (1..=200).map(|at| add(LOCATE, at, b'B', 100, 600_000 + at as u32)).collect();
        let started = bench.card.cycle();
        for ahead in (0..800).step_by(50) {
            bench.command(ahead, order(0, BUY, 1, PRICE_E4));
        }
        bench.show(&adds);
        let output = bench.settle();
        let books: Vec<_> = output.events.iter().filter(|event| event.kind() == Some(EventKind::Book)).collect();
        assert_eq!(books.len(), 200);
        assert_eq!(books.last().expect("the last").bid.price_e4, 600_200);
        assert_eq!(bench.count(Counter::Invalidations), 0);
        let hosts: Vec<_> = output.events.iter().filter(|event| is_order(event)).collect();
        assert_eq!(hosts.len(), 16);
        for (sent, asked) in output.transmitted.iter().zip((0..).map(|at| started + 50 * at)) {
            assert!((COMMAND_TO_WORD_CYCLES..COMMAND_TO_WORD_CYCLES + 12).contains(&(sent.cycle - asked)), "{}", sent.cycle - asked);
        }
        let first_words = output.transmitted.iter().map(|frame| frame.cycle - started);
        waits.push(first_words.zip(hosts.iter().map(|event| (event.cycles, event.bid.price_e4))).collect::<Vec<_>>());
        // Each tells the top of its own time: the books do not wait for it, nor it for them.
        assert!(hosts.windows(2).all(|pair| pair[0].bid.price_e4 <= pair[1].bid.price_e4));
    });
    let waited = waits[0].iter().any(|(_, (cycles, _))| u64::from(*cycles) > COMMAND_TO_WORD_CYCLES - 3);
    assert!(waited && waits[0] == waits[1], "{waits:?}");
}

#[test]
fn a_rule_in_force_does_not_fire_for_an_order_of_the_host() {
    on_each_card(|card| {
        let on_bid = Rule { condition: Condition::BidAtLeast, threshold: 1, ..ON_TRADE };
        let mut bench = Bench::new(card, &[with_place(&[on_bid, ON_TRADE])]);
        assert_eq!(judged(&mut bench, &[], order(0, BUY, 100, PRICE_E4)), Reason::None);
        bench.show(&[add(LOCATE, 1, b'B', 300, 630_000)]);
        assert_eq!(bench.orders(), [Reason::None], "the rule on the bid has not held yet");
        assert_eq!(judged(&mut bench, &[], order(0, BUY, 100, PRICE_E4)), Reason::None);
        bench.show(&[add(LOCATE, 2, b'B', 300, 631_000)]);
        assert_eq!(bench.orders(), [], "it holds, and the host's order has not made it forget");
    });
}
