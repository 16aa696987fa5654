//! Another decoder (crate `itchy`) and another book, by another route, must agree with ours.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
};

use itchy::{Body, Message, MessageStream};
use riposte_capture::{Book, Capture, Level, open, wire};
use riposte_venue::{Config, Market};

use crate::{data, file, raw};

/// Price and shares of each side's best.
type Top = [Option<(u32, u64)>; 2];

/// Every live order of every instrument, without levels: the top is found by looking at all of them.
#[derive(Default)]
struct Oracle {
    orders: HashMap<u16, HashMap<u64, (bool, u32, u32)>>,
    missing: u64,
}

impl Oracle {
    fn apply(&mut self, message: &Message) {
        let orders = self.orders.entry(message.stock_locate).or_default();
        let mut take = |reference: u64, shares: Option<u32>| {
            let Some(order) = orders.get_mut(&reference) else {
                self.missing += 1;
                return None;
            };
            let before = *order;
            order.2 -= shares.unwrap_or(order.2);
            if order.2 == 0 {
                orders.remove(&reference);
            }
            Some(before)
        };
        match &message.body {
            Body::AddOrder(add) => {
                let buy = matches!(add.side, itchy::Side::Buy);
                orders.insert(add.reference, (buy, add.price.raw(), add.shares));
            }
            Body::OrderExecuted { reference, executed, .. }
            | Body::OrderExecutedWithPrice { reference, executed, .. } => {
                take(*reference, Some(*executed));
            }
            Body::OrderCancelled { reference, cancelled } => {
                take(*reference, Some(*cancelled));
            }
            Body::DeleteOrder { reference } => {
                take(*reference, None);
            }
            Body::ReplaceOrder(replace) => {
                if let Some((buy, ..)) = take(replace.old_reference, None) {
                    let order = (buy, replace.price.raw(), replace.shares);
                    orders.insert(replace.new_reference, order);
                }
            }
            _ => {}
        }
    }

    fn top(&self, locate: u16) -> Top {
        let Some(orders) = self.orders.get(&locate) else { return [None; 2] };
        [true, false].map(|buy| {
            let side = || orders.values().filter(move |order| order.0 == buy).map(|order| order.1);
            let best = if buy { side().max() } else { side().min() }?;
            let at_best = orders.values().filter(|order| order.0 == buy && order.1 == best);
            Some((best, at_best.map(|order| u64::from(order.2)).sum()))
        })
    }
}

fn top(book: &Book) -> Top {
    [book.bid(), book.ask()]
        .map(|level| level.map(|Level { price_e4, shares, .. }| (price_e4, shares)))
}

/// Our messages and those of `itchy`, of the same file.
fn both(path: &std::path::Path) -> impl Iterator<Item = (Vec<u8>, Message)> {
    let Ok(Capture::Messages(ours)) = open(path) else { panic!("not ITCH") };
    let theirs = MessageStream::from_file(path).unwrap().map(|message| message.unwrap());
    let ours: Vec<_> = ours.map(|message| message.unwrap().bytes).collect();
    let theirs: Vec<_> = theirs.collect();
    assert_eq!(ours.len(), theirs.len());
    ours.into_iter().zip(theirs)
}

fn count(path: &std::path::Path) -> BTreeMap<char, u64> {
    let mut counts = BTreeMap::new();
    for (ours, theirs) in both(path) {
        assert!(wire::kind(&ours).is_ok());
        assert_eq!(ours[0], theirs.tag);
        assert_eq!(ours[1..3], theirs.stock_locate.to_be_bytes());
        assert_eq!(ours[5..11], theirs.timestamp.to_be_bytes()[2..]);
        *counts.entry(char::from(ours[0])).or_default() += 1;
    }
    counts
}

#[test]
fn real_aapl_morning_has_the_published_counts_and_the_oracles_top_at_every_message() {
    let Some(path) = data("itch/nasdaq_20200130_AAPL_first10k.itch") else { return };
    let published = [
        ('A', 4758),
        ('D', 4083),
        ('E', 849),
        ('P', 240),
        ('L', 52),
        ('U', 7),
        ('X', 6),
        ('F', 2),
        ('R', 1),
        ('H', 1),
        ('Y', 1),
    ];
    assert_eq!(count(&path), BTreeMap::from(published));
    let (mut book, mut oracle) = (Book::new(13), Oracle::default());
    for (number, (ours, theirs)) in both(&path).enumerate() {
        assert_eq!(book.apply(&ours), Ok(true), "message {}", number + 1);
        oracle.apply(&theirs);
        assert_eq!(top(&book), oracle.top(13), "message {}", number + 1);
    }
    assert_eq!((book.live(), oracle.orders[&13].len(), oracle.missing), (215, 215, 0));
    let statistics = book.statistics();
    assert_eq!((statistics.crossed, statistics.unknown_references), (0, 0));
    assert_eq!(statistics.messages, 10_000);
}

#[test]
fn real_stock_directory_has_the_published_counts() {
    let Some(path) = data("itch/nasdaq_first1000.itch") else { return };
    let published = [('R', 993), ('H', 3), ('Y', 3), ('S', 1)];
    assert_eq!(count(&path), BTreeMap::from(published));
}

#[test]
fn real_mold_frames_give_their_messages() {
    let Some(many) = data("moldudp64/Multiple.Packets.pcap") else { return };
    let folder = many.parent().unwrap().to_owned();
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let Ok(Capture::Frames(frames)) = open(&path) else { panic!("{}", path.display()) };
        let mut packets = Vec::new();
        for frame in frames {
            let frame = frame.unwrap();
            let datagram = wire::datagram(&frame.bytes).unwrap();
            assert_eq!((datagram.vlan, datagram.port), (Some(141), 26477));
            assert_eq!(datagram.group.octets(), [233, 54, 12, 111]);
            let packet = wire::packet(datagram.payload).unwrap();
            assert_eq!(&packet.session, b"000010059B");
            let messages: Result<Vec<_>, _> = packet.messages().collect();
            let messages = messages.unwrap();
            assert!(messages.iter().all(|(_, message)| wire::kind(message).is_ok()));
            packets.push(messages.len());
        }
        packets.sort_unstable();
        let expected: &[usize] = if path == many { &[1, 38] } else { &[1] };
        assert_eq!(packets, expected, "{}", path.display());
        files += 1;
    }
    assert_eq!(files, 8);
}

#[test]
fn generated_market_has_the_oracles_top_at_every_message() {
    let config = Config { seed: 11, instruments: 16, messages: 60_000 };
    let market = Market::new(config).unwrap();
    let mut books: HashMap<u16, Book> =
        market.instruments().iter().map(|one| (one.locate, Book::new(one.locate))).collect();
    let path = file("oracle.itch", &raw(market));
    let mut oracle = Oracle::default();
    for (number, (ours, theirs)) in both(&path).enumerate() {
        oracle.apply(&theirs);
        let Some(book) = books.get_mut(&theirs.stock_locate) else { continue };
        assert_eq!(book.apply(&ours), Ok(true), "message {}", number + 1);
        assert_eq!(top(book), oracle.top(theirs.stock_locate), "message {}", number + 1);
    }
    assert_eq!(oracle.missing, 0);
    assert_eq!(count(&path).values().sum::<u64>(), 60_000);
    for book in books.values() {
        let statistics = book.statistics();
        assert_eq!((statistics.crossed, statistics.locked, book.live()), (0, 0, 0));
        assert!(statistics.messages > 100);
    }
}
