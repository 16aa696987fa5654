//! Operations on the books: errors, tops against a naive book, and real market data.
mod support;
use riposte_device::{Card, Frame};
use riposte_map::{
    counter::Counter,
    limits::{level_row, order_bucket},
    reason::Reason,
    shm::{EventKind, Level, Opcode},
};
use std::collections::{BTreeMap, HashMap};
use support::*;

fn bench() -> Bench {
    let mut bench = Bench::new([0; 4], [0; 4]);
    bench.show(&[add(LOCATE, 1, b'B', 100, 100_000), add(LOCATE, 2, b'S', 100, 101_000)]);
    assert_eq!(bench.reasons(), []);
    bench
}

/// Shows messages, the last of which must make instrument 0 invalid and only that one.
fn invalid(messages: &[Vec<u8>], reason: Reason) -> Bench {
    let mut bench = bench();
    for message in messages {
        bench.show(std::slice::from_ref(message));
    }
    let events = bench.events();
    let [event] = events[..] else { panic!("one event, not {events:?}") };
    assert_eq!((event.kind(), event.reason()), (Some(EventKind::Invalid), Some(reason)));
    let code = messages.last().expect("a message")[0];
    assert_eq!((event.instrument, event.rule, event.detail), (0, 0xff, u16::from(code)));
    assert_eq!(event.feed_sequence, bench.sequence - 1, "the last message did it");
    assert_eq!(bench.count(Counter::Invalidations), 1);
    bench.commands(&[value(Opcode::Trace, 1)]);
    bench.show(&[trade(LOCATE, 1, 1), trade(OTHER_LOCATE, 1, 1), delete(LOCATE, 99)]);
    let books: Vec<_> = bench
        .events()
        .iter()
        .filter(|e| e.kind() != Some(EventKind::Command))
        .map(|e| (e.kind(), e.instrument))
        .collect();
    assert_eq!(books, [(Some(EventKind::Book), 1)], "invalid is silent, and told once");
    bench
}

#[test]
fn operations_on_orders_that_are_not_live_make_the_book_invalid() {
    let unknown = Reason::UnknownReference;
    invalid(&[delete(LOCATE, 9)], unknown);
    invalid(&[cancel(LOCATE, 9, 1)], unknown);
    invalid(&[executed(LOCATE, 9, 1)], unknown);
    invalid(&[executed_price(LOCATE, 9, 1, b'Y', 1)], unknown);
    invalid(&[executed(LOCATE, 1, 100), delete(LOCATE, 1)], unknown);
    let bench = invalid(&[replace(LOCATE, 9, 10, 1, 1)], unknown);
    assert_eq!(bench.card.live_orders(), 2, "the second half did nothing");
    let bench = invalid(&[add(OTHER_LOCATE, 3, b'B', 1, 1), delete(LOCATE, 3)], unknown);
    assert_eq!(bench.card.live_orders(), 3, "live, but of another instrument");
}

#[test]
fn operations_beyond_an_order_make_the_book_invalid() {
    invalid(&[executed(LOCATE, 1, 101)], Reason::OverExecution);
    invalid(&[cancel(LOCATE, 1, 60), cancel(LOCATE, 1, 41)], Reason::OverExecution);
    invalid(&[add(LOCATE, 1, b'X', 0, 1)], Reason::DuplicateReference);
    invalid(&[add(LOCATE, 3, b'X', 1, 1)], Reason::BadOrder);
    invalid(&[add_mpid(LOCATE, 3, b'B', 0, 1)], Reason::BadOrder);
    let bench = invalid(&[replace(LOCATE, 1, 2, 1, 1)], Reason::DuplicateReference);
    assert_eq!(bench.card.live_orders(), 1, "the original is gone");
    invalid(&[replace(LOCATE, 1, 3, 0, 1)], Reason::BadOrder);
    invalid(&[add(LOCATE, 3, b'B', 1, 101_001)], Reason::Crossed);
}

#[test]
fn a_locked_book_and_one_that_does_not_trade_are_not_crossed() {
    let mut bench = bench();
    bench.show(&[add(LOCATE, 3, b'B', 1, 101_000)]);
    assert_eq!(bench.reasons(), []);
    bench.show(&[action(LOCATE, b'H'), add(LOCATE, 4, b'B', 1, 102_000)]);
    assert_eq!(bench.reasons(), []);
    bench.show(&[action(LOCATE, b'T')]);
    assert_eq!(bench.reasons(), [(EventKind::Invalid, Reason::Crossed)]);
}

#[test]
fn the_order_behind_the_last_slot_of_two_buckets_overflows() {
    let same = |r: &u64| order_bucket(0, *r) == 77 && order_bucket(1, *r) == 78;
    let adds: Vec<_> =
        (1000..).filter(same).take(17).map(|r| add(LOCATE, r, b'B', 1, 90_000)).collect();
    let bench = invalid(&adds, Reason::OrderOverflow);
    assert_eq!(bench.card.live_orders(), 18);
}

#[test]
fn the_seventeenth_price_of_a_row_overflows_and_its_order_lives() {
    let row = level_row(101_000);
    let adds: Vec<_> = (101_001..u32::MAX)
        .filter(|&price| level_row(price) == row)
        .take(16)
        .zip(10..)
        .map(|(price, reference)| add(LOCATE, reference, b'S', 1, price))
        .collect();
    let bench = invalid(&adds, Reason::LevelOverflow);
    assert_eq!(bench.card.live_orders(), 18);
}

/// A book without capacity.
#[derive(Default)]
struct Naive {
    orders: HashMap<u64, (u16, u8, u32, u32)>,
    levels: HashMap<(u16, u8), BTreeMap<u32, u64>>,
}

impl Naive {
    fn add(&mut self, locate: u16, reference: u64, side: u8, shares: u32, price: u32) {
        self.orders.insert(reference, (locate, side, shares, price));
        *self.levels.entry((locate, side)).or_default().entry(price).or_default() +=
            u64::from(shares);
    }

    fn take(&mut self, reference: u64, shares: Option<u32>) -> (u16, u8) {
        let order = self.orders.get_mut(&reference).expect("live");
        let shares = shares.unwrap_or(order.2);
        order.2 -= shares;
        let (locate, side, left, price) = *order;
        if left == 0 {
            self.orders.remove(&reference);
        }
        let levels = self.levels.entry((locate, side)).or_default();
        let level = levels.get_mut(&price).expect("a level");
        *level -= u64::from(shares);
        if *level == 0 {
            levels.remove(&price);
        }
        (locate, side)
    }

    fn top(&self, locate: u16) -> [Level; 2] {
        let level =
            |(&price_e4, &quantity): (&u32, &u64)| Level { price_e4, quantity: quantity as u32 };
        let side = |side: u8| self.levels.get(&(locate, side));
        [
            side(b'B').and_then(|levels| levels.last_key_value()).map(level).unwrap_or_default(),
            side(b'S').and_then(|levels| levels.first_key_value()).map(level).unwrap_or_default(),
        ]
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 >> 33) % limit
    }
}

#[test]
fn the_top_after_every_message_equals_a_naive_book() {
    for seed in 1..=5 {
        println!("seed {seed}");
        let mut random = Random(seed);
        let mut bench = Bench::new([1, 4, 5, 7], [0, u32::MAX, 0, u32::MAX]);
        bench.show(&[action(LOCATE, b'H'), action(OTHER_LOCATE, b'H')]);
        bench.commands(&[value(Opcode::Trace, 1)]);
        bench.events();
        let mut naive = Naive::default();
        let (mut messages, mut tops, mut next) = (Vec::new(), Vec::new(), 1_u64);
        for _ in 0..6_000 {
            let locate = if random.below(3) == 0 { OTHER_LOCATE } else { LOCATE };
            let (shares, price) =
                (1 + random.below(300) as u32, 100_000 + 100 * random.below(60) as u32);
            let side = if random.below(2) == 0 { b'B' } else { b'S' };
            let mut live: Vec<u64> = naive.orders.keys().copied().collect();
            live.sort_unstable();
            let choice = if live.is_empty() || live.len() < 20 { 0 } else { random.below(9) };
            let locate = if choice < 4 {
                naive.add(locate, next, side, shares, price);
                messages.push(if choice == 0 {
                    add(locate, next, side, shares, price)
                } else {
                    add_mpid(locate, next, side, shares, price)
                });
                next += 1 + random.below(5);
                locate
            } else {
                let reference = live[random.below(live.len() as u64) as usize];
                let (locate, side, open, _) = naive.orders[&reference];
                let some = 1 + random.below(u64::from(open)) as u32;
                match choice {
                    4 => messages.push(executed(locate, reference, some)),
                    5 => messages.push(executed_price(locate, reference, some, b'N', price)),
                    6 => messages.push(cancel(locate, reference, some)),
                    7 => messages.push(replace(locate, reference, next, shares, price)),
                    _ => messages.push(delete(locate, reference)),
                }
                naive.take(reference, if choice < 7 { Some(some) } else { None });
                if choice == 7 {
                    naive.add(locate, next, side, shares, price);
                    next += 1;
                }
                locate
            };
            tops.push(naive.top(locate));
        }
        let mut seen = Vec::new();
        for some in messages.chunks(17) {
            bench.show(some);
            let events = bench.events();
            seen.extend(events.into_iter().filter(|e| e.kind() == Some(EventKind::Book)));
        }
        assert_eq!(seen.len(), tops.len(), "no message was an error");
        for (index, (event, top)) in seen.iter().zip(tops).enumerate() {
            assert_eq!([event.bid, event.ask], top, "message {index}");
            assert_eq!(event.detail, u16::from(messages[index][0]));
        }
        assert_eq!(bench.card.live_orders(), naive.orders.len());
    }
}

#[test]
fn a_real_morning_of_aapl_replays_without_an_error() {
    let Some(file) = data("itch/nasdaq_20200130_AAPL_first10k.itch") else { return };
    let mut messages = Vec::new();
    let mut rest = &file[..];
    while let [high, low, tail @ ..] = rest {
        let (message, tail) = tail.split_at(usize::from(*high) << 8 | usize::from(*low));
        messages.push(message.to_vec());
        rest = tail;
    }
    let mut bench = Bench::bare();
    bench.commands(&parameters([0; 4], [0; 4]));
    bench.commands(&[
        value(Opcode::Commit, 1),
        args(Opcode::Validate, &[1]),
        value(Opcode::Trace, 1),
    ]);
    bench.events();
    let mut books = 0;
    for some in messages.chunks(30) {
        bench.show(some);
        for event in bench.events() {
            assert_eq!(event.kind(), Some(EventKind::Book));
            let [bid, ask] = [event.bid, event.ask];
            assert!(
                bid.quantity == 0 || ask.quantity == 0 || bid.price_e4 < ask.price_e4,
                "crossed"
            );
            books += 1;
        }
    }
    // Everything but L, R and Y makes one Book event.
    assert_eq!(books, 10_000 - 52 - 1 - 1);
    assert_eq!(bench.card.live_orders(), 215);
    let expected = [
        (Counter::MessagesAdd, 4758),
        (Counter::MessagesDelete, 4083),
        (Counter::MessagesExecuted, 849),
        (Counter::MessagesTrade, 240),
        (Counter::MessagesReplace, 7),
        (Counter::MessagesCancel, 6),
        (Counter::MessagesAddMpid, 2),
        (Counter::MessagesAction, 1),
        (Counter::OtherTypes, 54),
        (Counter::Invalidations, 0),
        (Counter::Unwatched, 0),
        (Counter::EventsLost, 0),
    ];
    for (counter, count) in expected {
        assert_eq!(bench.count(counter), count, "{}", counter.text());
    }
}

#[test]
fn real_multicast_frames_with_vlan_tags_are_packets_of_the_feed() {
    let Some(file) = data("moldudp64/Multiple.Packets.pcap") else { return };
    let mut bench = Bench::bare();
    bench.commands(&parameters([0; 4], [0; 4]));
    bench.commands(&[value(Opcode::Commit, 1)]);
    let mut at = 24;
    while at < file.len() {
        let length =
            u32::from_le_bytes(file[at + 8..at + 12].try_into().expect("four bytes")) as usize;
        bench.card.frame(&Frame::new(&file[at + 16..at + 16 + length], 0));
        at += 16 + length;
    }
    bench.events();
    let counters = bench.card.counters();
    let of = |counter: Counter| counters[counter as usize];
    assert_eq!((of(Counter::Frames), of(Counter::Packets)), (2, 2));
    let messages = Counter::OtherTypes as usize..Counter::Unwatched as usize;
    assert_eq!(counters[messages].iter().sum::<u32>(), 39);
    let malformed =
        of(Counter::MalformedBlocks) + of(Counter::BadLengths) + of(Counter::UnknownTypes);
    assert_eq!(malformed, 0);
}
