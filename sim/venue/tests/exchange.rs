//! A client in the market: its orders rest, trade and leave by price and time, and every account of them agrees.
#![forbid(unsafe_code)]

mod reader;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use reader::{Reader, number};
use riposte_venue::{Config, ConfigError, Exchange, Market, exchange::Counts, ouch::*};

const AAPL: [u8; 8] = *b"AAPL    ";
const AMD: [u8; 8] = *b"AMD     ";
const MARKET: u64 = MARKET_PRICE_E4;

fn enter(user_ref: u32, side: u8, quantity: u32, price_e4: u64) -> EnterOrder {
    let client_order_id = *b"an order      ";
    EnterOrder { client_order_id, ..EnterOrder::plain(user_ref, side, quantity, AAPL, price_e4) }
}

fn replace(original_ref: u32, user_ref: u32, quantity: u32, price_e4: u64) -> ReplaceOrder {
    let EnterOrder { time_in_force, display, sweep, client_order_id, options, .. } = enter(0, b'B', 0, 0);
    ReplaceOrder { original_ref, user_ref, quantity, price_e4, time_in_force, display, sweep, client_order_id, options }
}

fn cancel(user_ref: u32, quantity: u32) -> CancelOrder {
    CancelOrder { user_ref, quantity, options: Options::default() }
}

/// What a client that only reads its own messages knows of an order.
#[derive(Clone, Debug)]
struct Known {
    side: u8,
    symbol: [u8; 8],
    left: u32,
}

/// The client's account of its orders, by the exchange's messages alone.
#[derive(Default)]
struct Ledger {
    live: BTreeMap<u32, Known>,
    /// Side and symbol of every number that was ever live.
    all: BTreeMap<u32, Known>,
    trades: BTreeMap<(u64, u32), i64>,
    positions: BTreeMap<[u8; 8], i64>,
    /// References that its orders had.
    references: BTreeSet<u64>,
    lines: Vec<Outbound>,
}

impl Ledger {
    fn take(&mut self, message: Outbound) {
        match &message {
            Outbound::Accepted(a) => {
                self.references.insert(a.order_ref);
                self.open(a.user_ref, a.side, a.symbol, a.quantity);
            }
            Outbound::Replaced(r) => {
                self.live.remove(&r.original_ref).expect("a live order is replaced");
                self.references.insert(r.order_ref);
                self.open(r.user_ref, r.side, r.symbol, r.quantity);
            }
            Outbound::Canceled(c) => self.reduce(c.user_ref, c.quantity),
            Outbound::Executed(e) => {
                let Known { side, symbol, .. } = self.all[&e.user_ref];
                let signed = if side == b'B' { i64::from(e.quantity) } else { -i64::from(e.quantity) };
                assert_eq!(self.trades.insert((e.match_number, e.user_ref), signed), None, "a match number twice");
                *self.positions.entry(symbol).or_default() += signed;
                self.reduce(e.user_ref, e.quantity);
            }
            Outbound::BrokenTrade(b) => {
                let signed = self.trades.remove(&(b.match_number, b.user_ref)).expect("a trade is broken once");
                *self.positions.get_mut(&self.all[&b.user_ref].symbol).unwrap() -= signed;
            }
            Outbound::Modified(m) => self.live.get_mut(&m.user_ref).unwrap().left = m.quantity,
            _ => {}
        }
        self.lines.push(message);
    }

    fn open(&mut self, user_ref: u32, side: u8, symbol: [u8; 8], left: u32) {
        assert!(left > 0 && !self.all.contains_key(&user_ref), "number {user_ref} is new");
        let known = Known { side, symbol, left };
        self.live.insert(user_ref, known.clone());
        self.all.insert(user_ref, known);
    }

    fn reduce(&mut self, user_ref: u32, by: u32) {
        let order = self.live.get_mut(&user_ref).expect("a live order");
        order.left = order.left.checked_sub(by).expect("no more than it had");
        if order.left == 0 {
            self.live.remove(&user_ref);
        }
    }

    /// Type letters of the messages so far.
    fn letters(&self) -> String {
        self.lines.iter().map(|line| char::from(line.encode()[0])).collect()
    }
}

/// An exchange with a reader of its feed and a client's ledger.
struct Floor {
    exchange: Exchange,
    reader: Reader,
    ledger: Ledger,
}

impl Floor {
    fn new(seed: u64, messages: u64) -> Floor {
        Floor::of(Exchange::new(Config { seed, instruments: 2, messages }).unwrap(), false)
    }

    /// A generated market, recorded and replayed. Prints of hidden orders are left out: they were between quotes that
    /// the client may have changed.
    fn replayed(seed: u64, messages: u64) -> Floor {
        let recording = Market::new(Config { seed, instruments: 2, messages }).unwrap();
        let market = Market::replay(seed, recording.filter(|message| message[0] != b'P').collect()).unwrap();
        Floor::of(Exchange::of(market), true)
    }

    fn of(exchange: Exchange, is_replay: bool) -> Floor {
        let reader = Reader { is_replay, ..Reader::default() };
        let mut floor = Floor { exchange, reader, ledger: Ledger::default() };
        floor.settle();
        floor
    }

    /// Some way into the market.
    fn open(seed: u64) -> Floor {
        let mut floor = Floor::new(seed, 20_000);
        floor.run(2_000);
        floor
    }

    fn run(&mut self, messages: usize) {
        for _ in 0..messages {
            if let Some(message) = self.exchange.next_message() {
                self.read(&message);
            }
            self.settle();
        }
    }

    fn read(&mut self, message: &[u8]) {
        let is_ours = || self.ledger.references.contains(&number(message, 11, 8));
        assert!(message[0] != b'C' || !is_ours(), "an order of the client trades at its own price");
        self.reader.read(message);
    }

    fn give(&mut self, message: impl Into<Inbound>) {
        self.exchange.take(&message.into());
        self.settle();
    }

    fn settle(&mut self) {
        while let Some(message) = self.exchange.written_message() {
            self.read(&message);
        }
        while let Some(message) = self.exchange.outbound() {
            self.ledger.take(message);
        }
    }

    /// Letters of what the exchange answers to one message.
    fn answer(&mut self, message: impl Into<Inbound>) -> String {
        let before = self.ledger.lines.len();
        self.give(message);
        self.ledger.letters()[before..].into()
    }

    fn last(&self) -> &Outbound {
        self.ledger.lines.last().unwrap()
    }

    /// Best bid and ask of an instrument, prices in 1e-4 dollars.
    fn best(&self, locate: u64) -> (u64, u64) {
        let [bids, asks] = &self.reader.stocks[&locate].sides;
        (*bids.last_key_value().unwrap().0, *asks.first_key_value().unwrap().0)
    }

    fn aapl(&self) -> (u64, u64) {
        self.best(13)
    }

    /// Every account of the client's orders says the same.
    fn check(&self) {
        let open: BTreeMap<u32, u32> = self.exchange.open_orders().collect();
        let known: BTreeMap<u32, u32> = self.ledger.live.iter().map(|(user_ref, known)| (*user_ref, known.left)).collect();
        assert_eq!(open, known);
        let held = |positions: &BTreeMap<[u8; 8], i64>| {
            positions.clone().into_iter().filter(|(_, shares)| *shares != 0).collect::<BTreeMap<_, _>>()
        };
        assert_eq!(held(&self.exchange.positions()), held(&self.ledger.positions));
        let references = self.ledger.lines.iter().filter_map(|line| match line {
            Outbound::Accepted(a) => Some((a.user_ref, a.order_ref)),
            Outbound::Replaced(r) => Some((r.user_ref, r.order_ref)),
            _ => None,
        });
        for (user_ref, reference) in references {
            assert_eq!(self.reader.live.contains_key(&reference), open.contains_key(&user_ref), "{user_ref} in the feed");
        }
    }
}

#[test]
fn a_market_without_a_client_is_the_generated_one() {
    let config = Config { seed: 1, instruments: 16, messages: 20_000 };
    let mut exchange = Exchange::new(config).unwrap();
    let published: Vec<_> = std::iter::from_fn(|| exchange.next_message()).collect();
    assert!(published.iter().eq(riposte_venue::Market::new(config).unwrap().collect::<Vec<_>>().iter()));
}

#[test]
fn an_order_rests_fills_in_turn_and_is_cancelled() {
    let mut floor = Floor::open(3);
    let (bid, ask) = floor.aapl();
    assert_eq!(floor.answer(enter(1, b'B', 700, bid)), "A");
    let Outbound::Accepted(accepted) = floor.last().clone() else { panic!() };
    let (_, side, price) = floor.reader.live[&accepted.order_ref];
    assert_eq!((side, price), (0, bid), "the order is in the feed's book");
    // The reader asserts that whatever trades is the oldest of the best price: the order waits for its turn.
    let mut fills = 0;
    for _ in 0..5_000 {
        floor.run(1);
        fills = floor.ledger.letters().matches('E').count();
        if fills > 0 {
            break;
        }
    }
    assert!(fills > 0, "the market came to the order");
    floor.check();
    // Takes the other side away up to two cents, and what is left stays.
    assert_eq!(floor.aapl().1 > floor.aapl().0, ask > bid);
    let (_, ask) = floor.aapl();
    let resting: u64 = floor.reader.stocks[&13].sides[1].range(..=ask + 200).flat_map(|(_, level)| level.values()).sum();
    let answer = floor.answer(enter(2, b'B', resting as u32 + 50, ask + 200));
    assert!(answer.starts_with("AE") && answer[1..].chars().all(|letter| letter == 'E'), "{answer}");
    assert_eq!(floor.aapl().0, ask + 200);
    let halved = floor.ledger.live[&2].left / 2;
    assert_eq!(floor.answer(cancel(2, resting as u32 + halved)), "C");
    assert_eq!(floor.ledger.live[&2].left, halved);
    floor.check();
    assert_eq!(floor.answer(cancel(2, 0)), "C");
    assert_eq!(floor.answer(cancel(2, 0)), "", "superfluous cancels are ignored");
    floor.check();
}

#[test]
fn immediate_market_and_post_only_orders_leave_nothing_behind() {
    let mut floor = Floor::open(4);
    let (bid, ask) = floor.aapl();
    let immediate = EnterOrder { time_in_force: b'3', ..enter(1, b'B', 10, bid) };
    assert_eq!(floor.answer(immediate), "AC");
    assert!(matches!(floor.last(), Outbound::Canceled(c) if c.reason == canceled::IMMEDIATE_OR_CANCEL));
    let post = Options::default().with(tag::POST_ONLY, b"P");
    assert_eq!(floor.answer(EnterOrder { options: post, ..enter(2, b'B', 10, ask) }), "AC");
    assert!(matches!(floor.last(), Outbound::Canceled(c) if c.reason == canceled::POST_ONLY));
    let answer = floor.answer(enter(3, b'S', 999_999, MARKET));
    assert!(answer.starts_with("AE") && answer.ends_with("EC"), "{answer}");
    assert!(matches!(floor.last(), Outbound::Canceled(c) if c.reason == canceled::COLLAR));
    assert!(floor.reader.stocks[&13].sides[0].is_empty(), "the whole side was taken");
    floor.check();
    floor.run(3_000);
    assert!(!floor.reader.stocks[&13].sides[0].is_empty(), "the market recovers");
}

#[test]
fn a_replacement_moves_the_order_counts_what_was_executed_and_may_trade() {
    let mut floor = Floor::open(5);
    let (bid, ask) = floor.aapl();
    floor.give(enter(1, b'B', 500, bid - 300));
    assert_eq!(floor.answer(replace(1, 2, 400, bid - 200)), "U");
    assert!(matches!(floor.last(), Outbound::Replaced(r) if (r.original_ref, r.user_ref, r.quantity) == (1, 2, 400)));
    floor.check();
    assert_eq!(floor.answer(replace(1, 3, 400, bid)), "", "the original is gone");
    assert_eq!(floor.answer(replace(2, 2, 400, bid)), "", "the number is used");
    assert_eq!(floor.answer(replace(2, 4, 0, bid)), "J");
    assert_eq!(floor.ledger.live.keys().collect::<Vec<_>>(), [&2], "a rejected replacement leaves the original");
    let level: u64 = floor.reader.stocks[&13].sides[1][&ask].values().sum();
    let answer = floor.answer(replace(2, 5, level as u32 + 30, ask));
    assert!(answer.starts_with("UE"), "{answer}");
    assert_eq!(floor.ledger.live[&5].left, 30);
    floor.check();
    // 30 are left of `level + 30`; a total of what was executed leaves nothing.
    assert_eq!(floor.answer(replace(5, 6, level as u32, ask)), "C");
    assert!(floor.ledger.live.is_empty());
    floor.check();
}

#[test]
fn sides_are_modified_and_orders_mass_cancelled() {
    let mut floor = Floor::open(6);
    let (bid, ask) = floor.aapl();
    let options = Options::default();
    let firm = |name: &[u8]| Options::default().with(tag::FIRM, name);
    floor.give(EnterOrder { options: firm(b"ONE "), ..enter(1, b'S', 100, ask + 900) });
    floor.give(EnterOrder { options: firm(b"TWO "), ..enter(2, b'B', 100, bid - 900) });
    floor.give(EnterOrder { options: firm(b"ONE "), symbol: AMD, ..enter(3, b'B', 100, 100) });
    let modify = |side, quantity| ModifyOrder { user_ref: 1, side, quantity, options: Options::default() };
    assert_eq!(floor.answer(modify(b'E', 60)), "M");
    assert_eq!(floor.answer(modify(b'S', 60)), "", "exempt does not become long");
    assert_eq!(floor.answer(modify(b'T', 61)), "", "no modification adds shares");
    floor.check();
    let mass = |user_ref, firm, symbol| MassCancel { user_ref, firm, symbol, options: Options::default() };
    assert_eq!(floor.answer(mass(4, *b"ONE ", AMD)), "XC");
    assert_eq!(floor.ledger.live.keys().collect::<Vec<_>>(), [&1, &2]);
    assert_eq!(floor.answer(mass(5, *b"    ", *b"        ")), "XCC");
    assert_eq!(floor.answer(mass(5, *b"    ", *b"        ")), "", "the number is used");
    floor.check();
    assert_eq!(floor.answer(AccountQuery { options }), "Q");
    assert!(matches!(floor.last(), Outbound::AccountQueryResponse(q) if q.next_user_ref == 6));
}

#[test]
fn what_is_not_offered_is_rejected_with_its_reason() {
    let mut floor = Floor::open(7);
    let (bid, _) = floor.aapl();
    let good = || enter(0, b'B', 100, bid);
    let with = |tag: u8, value: &[u8]| EnterOrder { options: Options::default().with(tag, value), ..good() };
    let cases = [
        (EnterOrder { symbol: *b"NONE    ", ..good() }, reject::INVALID_SYMBOL),
        (EnterOrder { side: b'X', ..good() }, reject::INVALID_SIDE),
        (EnterOrder { quantity: 0, ..good() }, reject::INVALID_QUANTITY),
        (EnterOrder { quantity: QUANTITY_LIMIT, ..good() }, reject::INVALID_QUANTITY),
        (EnterOrder { price_e4: 0, ..good() }, reject::INVALID_PRICE),
        (EnterOrder { price_e4: bid + 1, ..good() }, reject::INVALID_PRICE),
        (EnterOrder { display: b'N', ..good() }, reject::INVALID_DISPLAY),
        (EnterOrder { cross_type: b'O', ..good() }, reject::INVALID_CROSS_ORDER),
        (EnterOrder { capacity: 0, ..good() }, reject::OTHER),
        (EnterOrder { sweep: 0, ..good() }, reject::OTHER),
        (EnterOrder { time_in_force: b'6', ..good() }, reject::OTHER),
        (EnterOrder { time_in_force: 0xff, ..good() }, reject::OTHER),
        (with(tag::EXPIRE_TIME, &[0; 4]), reject::OTHER),
        (with(tag::MIN_QUANTITY, &[0, 0, 0, 1]), reject::INVALID_MIN_QUANTITY),
        (with(tag::PRICE_TYPE, b"P"), reject::PEGGING_NOT_ALLOWED),
        (with(tag::PEG_OFFSET, &[1; 4]), reject::PEGGING_NOT_ALLOWED),
        (with(tag::ROUTE, b"SCAN"), reject::ROUTING_NOT_ALLOWED),
        (with(tag::MAX_FLOOR, &[1; 4]), reject::OTHER),
    ];
    for (number, (order, reason)) in (1..).zip(cases) {
        assert_eq!(floor.answer(EnterOrder { user_ref: number, ..order.clone() }), "J", "{order:?}");
        assert!(matches!(floor.last(), Outbound::Rejected(j) if (j.user_ref, j.reason) == (number, reason)), "{order:?}");
    }
    let used = floor.exchange.counts().entered as u32;
    assert_eq!(floor.answer(enter(used, b'B', 100, bid)), "", "a number that was rejected is used");
    floor.exchange.refuse(&enter(used + 1, b'B', 100, bid).into());
    floor.settle();
    assert!(matches!(floor.last(), Outbound::Rejected(j) if j.reason == reject::PROCESSING_ERROR));
    // As many orders as the card has room for besides the market's own.
    let placed = (used + 2..).find(|&number| floor.answer(enter(number, b'B', 1, bid - 1_000)) == "J").unwrap();
    assert_eq!(placed - used - 2, 3200);
    assert!(matches!(floor.last(), Outbound::Rejected(j) if j.reason == reject::AGGREGATE_EXPOSURE));
    floor.check();
}

#[test]
fn a_broken_trade_is_told_on_both_feeds_and_leaves_the_position() {
    let mut floor = Floor::open(8);
    let (_, ask) = floor.aapl();
    assert_eq!(floor.exchange.bust(None), None);
    floor.give(enter(1, b'B', 1, ask));
    floor.give(enter(2, b'B', 1, ask + 500));
    let [first, second] = floor.exchange.executions() else { panic!("two trades") };
    let (first, second) = (first.match_number, second.match_number);
    assert_eq!(floor.exchange.bust(Some(first)), Some(first));
    assert_eq!(floor.exchange.bust(None), Some(second));
    assert_eq!((floor.exchange.bust(None), floor.exchange.bust(Some(first))), (None, None), "broken once");
    let broken = floor.reader.counts.get(&'B').copied().unwrap_or(0);
    floor.settle();
    assert_eq!(floor.reader.counts[&'B'] - broken, 2);
    assert_eq!(floor.exchange.positions().values().sum::<i64>(), 0);
    floor.check();
}

#[test]
fn a_trade_with_oneself_has_two_sides_and_breaks_whole() {
    let mut floor = Floor::open(9);
    let (bid, ask) = floor.aapl();
    // Alone inside the spread, or first at its edge: nobody stands between the two orders.
    assert!(ask - bid > 100, "seed 9 has a spread of some cents");
    floor.give(enter(1, b'S', 100, bid + 100));
    assert_eq!(floor.answer(enter(2, b'B', 100, bid + 100)), "AEE");
    assert_eq!(floor.exchange.positions()[&AAPL], 0);
    floor.exchange.bust(None);
    floor.settle();
    assert!(floor.ledger.letters().ends_with("BB"));
    floor.check();
}

#[test]
fn a_halted_instrument_takes_orders_but_does_not_trade_until_it_resumes() {
    let mut floor = Floor::open(10);
    assert!(!floor.exchange.halt(b"NONE    ") && !floor.exchange.resume(&AAPL));
    assert!(floor.exchange.halt(&AAPL) && !floor.exchange.halt(&AAPL));
    floor.settle();
    let (bid, ask) = floor.aapl();
    assert_eq!(floor.answer(enter(1, b'B', 100, bid)), "A");
    assert_eq!(floor.answer(enter(2, b'B', 100, ask)), "AC");
    assert!(matches!(floor.last(), Outbound::Canceled(c) if c.reason == canceled::HALTED));
    // The reader asserts that nothing trades while halted.
    floor.run(4_000);
    let states = |floor: &Floor| -> String {
        floor.reader.states.iter().filter(|(locate, _)| *locate == 13).map(|(_, state)| *state).collect()
    };
    assert!(states(&floor).ends_with("TH"), "halted until told");
    assert!(floor.exchange.resume(&AAPL));
    floor.run(4_000);
    assert!(states(&floor).contains("THQT"), "{}", states(&floor));
    floor.check();
}

#[test]
fn orders_with_a_time_expire_and_the_close_cancels_the_rest() {
    let mut floor = Floor::open(11);
    let (bid, _) = floor.aapl();
    let soon = Options::default().with(tag::EXPIRE_TIME, &(9 * 3600 + 30 * 60 + 1u32).to_be_bytes());
    floor.give(EnterOrder { time_in_force: b'6', options: soon, ..enter(1, b'B', 100, bid - 2_000) });
    floor.give(enter(2, b'B', 100, bid - 2_000));
    floor.run(12_000);
    assert!(!floor.ledger.live.contains_key(&1) && floor.ledger.live.contains_key(&2));
    floor.exchange.close();
    floor.run(2_000);
    assert!(floor.exchange.is_closed() && floor.ledger.live.is_empty() && floor.reader.live.is_empty());
    assert_eq!(floor.reader.events, "OSQMEC");
    let letters = floor.ledger.letters();
    assert!(letters.starts_with('S') && letters.ends_with("CS"), "{letters}");
    assert_eq!(floor.answer(enter(9, b'B', 100, bid)), "J");
    assert!(matches!(floor.last(), Outbound::Rejected(j) if j.reason == reject::DESTINATION_CLOSED));
    floor.check();
}

/// A client that does anything, between any messages of the market.
fn wild(mut floor: Floor, steps: &[(u8, u32, u8, u8)]) -> (Floor, Counts) {
    floor.run(300);
    for (number, &(what, shares, price, run)) in (1..).zip(steps) {
        let (bid, ask) = match &floor.reader.stocks[&13].sides {
            [bids, asks] if bids.is_empty() || asks.is_empty() => (1_864_000, 1_864_100),
            _ => floor.aapl(),
        };
        let near = |best: u64| (best + 100 * u64::from(price % 16)).saturating_sub(800).max(100);
        let other = number - u32::from(run) % number;
        match what % 8 {
            0 | 1 => floor.give(enter(number, b'B', shares, near(bid))),
            2 | 3 => floor.give(enter(number, b'S', shares, near(ask))),
            4 => floor.give(EnterOrder { time_in_force: b'3', ..enter(number, b'B', shares, near(ask)) }),
            5 => floor.give(cancel(other, shares % 200)),
            6 => floor.give(replace(other, number, shares, near(bid))),
            _ if shares % 16 == 0 => floor.exchange.close(),
            _ => _ = floor.exchange.bust(None),
        }
        floor.settle();
        floor.check();
        floor.run(usize::from(run));
        floor.check();
    }
    floor.run(8_000);
    let counts = floor.exchange.counts();
    (floor, counts)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_account_of_a_wild_client_agrees(
        seed: u64,
        steps in prop::collection::vec((any::<u8>(), 1u32..3_000, any::<u8>(), 0u8..60), 1..80),
    ) {
        let (floor, counts) = wild(Floor::new(seed, 6_000), &steps);
        prop_assert!(floor.exchange.is_closed() && floor.reader.live.is_empty());
        prop_assert_eq!(&floor.reader.events, "OSQMEC");
        prop_assert_eq!(floor.exchange.open_orders().count(), 0);
        let (again, counts_again) = wild(Floor::new(seed, 6_000), &steps);
        prop_assert_eq!(counts, counts_again);
        prop_assert_eq!(floor.ledger.lines, again.ledger.lines, "the same seed and messages give the same answers");
    }

    #[test]
    fn every_account_of_a_wild_client_in_a_recorded_market_agrees(
        seed: u64,
        steps in prop::collection::vec((any::<u8>(), 1u32..3_000, any::<u8>(), 0u8..60), 1..80),
    ) {
        let (floor, _) = wild(Floor::replayed(seed, 6_000), &steps);
        prop_assert!(floor.exchange.is_closed());
        prop_assert_eq!(floor.exchange.open_orders().count(), 0);
    }
}

#[test]
fn executions_in_the_feed_and_to_the_client_have_the_same_match_numbers() {
    let mut exchange = Exchange::new(Config { seed: 12, instruments: 1, messages: 5_000 }).unwrap();
    let mut published = Vec::new();
    for number in 1..4_000 {
        published.extend(exchange.next_message());
        if number % 50 == 0 {
            exchange.take(&EnterOrder { symbol: AAPL, ..enter(number, b"BS"[number as usize / 50 % 2], 50, MARKET) }.into());
        }
    }
    published.extend(std::iter::from_fn(|| exchange.written_message()));
    let feed: Vec<u64> = published.iter().filter(|m| m[0] == b'E').map(|m| number(m, 23, 8)).collect();
    assert!(exchange.executions().len() > 50);
    assert!(exchange.executions().iter().all(|execution| feed.contains(&execution.match_number)));
}

#[test]
fn a_recording_without_a_client_is_published_as_it_is() {
    let recording: Vec<_> = Market::new(Config { seed: 3, instruments: 4, messages: 20_000 }).unwrap().collect();
    let replayed: Vec<_> = Market::replay(1, recording.clone()).unwrap().collect();
    assert!(recording == replayed);
    for (broken, error) in [
        (vec![], ConfigError::Unlisted),
        (vec![recording[0].clone()], ConfigError::Unlisted),
        (vec![recording[1].clone(), vec![]], ConfigError::Recording(2)),
        (vec![recording[1][1..].to_vec()], ConfigError::Recording(1)),
        (vec![recording[1].clone(), vec![b'?'; 36]], ConfigError::Recording(2)),
    ] {
        assert_eq!(Market::replay(1, broken).err(), Some(error));
    }
}

#[test]
fn a_client_in_a_recorded_market_trades_in_turn_with_what_was_recorded() {
    let mut floor = Floor::replayed(13, 20_000);
    floor.run(3_000);
    let (bid, ask) = floor.aapl();
    floor.give(enter(1, b'B', 300, bid));
    floor.give(enter(2, b'S', 300, ask));
    for _ in 0..10_000 {
        floor.run(1);
    }
    assert!(floor.ledger.letters().matches('E').count() > 0, "the recording came to the orders");
    // What the client takes is gone, and what the recording says of it later is left out: the reader would see it.
    let (_, ask) = floor.aapl();
    assert!(floor.answer(enter(3, b'B', 5_000, ask + 1_000)).starts_with("AE"));
    assert!(floor.exchange.halt(&AAPL));
    floor.settle();
    assert!(floor.exchange.resume(&AAPL));
    floor.run(20_000);
    floor.check();
    assert!(floor.exchange.is_closed() && floor.exchange.open_orders().count() == 0);
}

#[test]
fn what_a_client_causes_comes_on_top_of_the_messages_asked_for() {
    let mut exchange = Exchange::new(Config { seed: 14, instruments: 1, messages: 5_000 }).unwrap();
    let mut published = 0;
    for number in 1..=6_000 {
        published += usize::from(exchange.next_message().is_some());
        if number <= 10 {
            exchange.take(&enter(number, b'B', 100, 100).into());
        }
    }
    // An add each, and a delete at the close.
    assert_eq!(published, 5_020);
}
