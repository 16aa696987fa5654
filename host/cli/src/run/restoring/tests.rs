//! What is fetched, of a server that is one and of those that are none. Oracles: the host's own book; bytes by the specifications.
use super::super::chase::{FED, Fed, Mark};
use super::fetch::{Heard, Terms, Wanted};
use super::shadow::{Shadow, Watched, Wrong};
use super::{Source, source};
use riposte_capture::{Book, Side};
use riposte_engine::Unrestored;
use riposte_map::limits::ORDER_SLOTS;
use riposte_map::shm::{Command, Row};
use riposte_session::Login;
use riposte_venue::{Config, Market};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(60);
const LOCATE: u16 = 13;

fn watched() -> Vec<Watched> {
    vec![Watched { instrument: 2, locate: LOCATE, symbol: "AAPL".to_owned() }]
}

fn market(messages: usize) -> Vec<Vec<u8>> {
    Market::new(Config { seed: 9, instruments: 2, messages: 1 << 30 }).expect("a market").take(messages).collect()
}

fn add(reference: u64, side: u8, shares: u32, price: u32) -> Vec<u8> {
    let head = [&[b'A'][..], &LOCATE.to_be_bytes(), &[0; 8], &reference.to_be_bytes(), &[side]].concat();
    [&head[..], &shares.to_be_bytes(), b"AAPL    ", &price.to_be_bytes()].concat()
}

fn trading() -> Vec<u8> {
    [&[b'H'][..], &LOCATE.to_be_bytes(), &[0; 8], b"AAPL    T     "].concat()
}

fn soup(kind: u8, payload: &[u8]) -> Vec<u8> {
    [&(payload.len() as u16 + 1).to_be_bytes(), &[kind][..], payload].concat()
}

fn accepted() -> Vec<u8> {
    soup(b'A', format!("VENUE00009{:>20}", 1).as_bytes())
}

fn end(next: &str) -> Vec<u8> {
    soup(b'S', format!("G{next}").as_bytes())
}

/// A whole snapshot of these messages.
fn snapshot(messages: &[Vec<u8>], next: usize) -> Vec<u8> {
    let said: Vec<Vec<u8>> = messages.iter().map(|message| soup(b'S', message)).collect();
    [accepted(), said.concat(), end(&format!("{next:020}"))].concat()
}

/// What of these messages is still there behind all of them: an Add of each live order, and the last trading action.
fn live(messages: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut shadow = Shadow::new(&watched());
    let (mut rows, mut orders) = (Vec::new(), BTreeMap::new());
    messages.iter().for_each(|message| shadow.take(message, &mut |row| rows.push(row)).expect("a market"));
    rows.iter().for_each(|row| _ = apply(&mut orders, row));
    orders.into_iter().map(|(reference, (side, shares, price))| add(reference, side, shares, price)).chain([trading()]).collect()
}

/// Orders as rows leave them: side, shares, price.
type Orders = BTreeMap<u64, (u8, u32, u32)>;

fn apply(orders: &mut Orders, row: &Command) -> bool {
    let [reference, pieces, third, ..] = row.args;
    match row.index {
        index if index == Row::Add as u8 => orders.insert(reference, (third as u8, pieces as u32, (pieces >> 32) as u32)).is_none(),
        index if index == Row::Remove as u8 => orders.remove(&reference).is_some(),
        index => index == Row::State as u8,
    }
}

/// A server that says this to whoever logs in, and then nothing more, or hangs up.
fn server(says: Vec<u8>, hangs_up: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().expect("a client");
        let mut login = [0; 49];
        socket.read_exact(&mut login).expect("a login");
        assert_eq!(&login[..19], b"\0\x2fLRIPO  riposte   ");
        // In cuts that meet no packet's end.
        says.chunks(1000).for_each(|part| _ = socket.write_all(part));
        if !hangs_up {
            let _ = socket.read(&mut [0; 64]);
            std::thread::sleep(LIMIT);
        }
    });
    address
}

/// A server that gives these messages again, twenty at a time.
fn requests(published: Vec<Vec<u8>>) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("its address");
    std::thread::spawn(move || {
        let mut request = [0; 64];
        while let Ok((20, from)) = socket.recv_from(&mut request) {
            let first = u64::from_be_bytes(request[10..18].try_into().expect("8 bytes")) as usize;
            let count = usize::from(u16::from_be_bytes([request[18], request[19]])).min(20);
            let found = &published[published.len().min(first - 1)..published.len().min(first - 1 + count)];
            if found.is_empty() || request[..10] != *b"VENUE00009" {
                continue;
            }
            let blocks: Vec<Vec<u8>> = found.iter().map(|one| [&(one.len() as u16).to_be_bytes(), &one[..]].concat()).collect();
            let answer = [&request[..18], &(found.len() as u16).to_be_bytes(), &blocks.concat()].concat();
            let _ = socket.send_to(&answer, from);
        }
    });
    address
}

struct World {
    source: Source,
    fed: rtrb::Consumer<Fed>,
}

impl World {
    fn new(snapshot: SocketAddr, requests: SocketAddr, floor: u64) -> World {
        let login = Login { username: "RIPO".to_owned(), password: "riposte".to_owned(), session: String::new() };
        let (fed, fed_out) = rtrb::RingBuffer::new(FED);
        let source = source(Terms { snapshot, requests, login, watched: watched() }, fed).expect("a thread");
        source.current.store(1, Relaxed);
        source.wanted.send(Wanted { number: 1, floor }).expect("it listens");
        World { source, fed: fed_out }
    }

    fn heard(&self) -> Heard {
        self.source.heard.recv_timeout(LIMIT).expect("a word in time")
    }

    /// Rows up to the mark of this message.
    fn rows_to(&mut self, sequence: u64) -> (Vec<Command>, Mark) {
        let (start, mut rows) = (Instant::now(), Vec::new());
        loop {
            assert!(start.elapsed() < LIMIT, "{} rows, no mark", rows.len());
            match self.fed.pop() {
                Ok(Fed::Row(1, row)) => rows.push(row),
                Ok(Fed::Mark(1, mark)) if mark.sequence == sequence => return (rows, mark),
                Ok(Fed::Mark(1, mark)) => assert!(mark.sequence < sequence, "{mark:?}"),
                Ok(other) => panic!("{other:?}"),
                Err(_) => std::thread::yield_now(),
            }
        }
    }
}

#[test]
fn a_snapshot_and_the_feed_behind_it_are_the_rows_of_the_whole_book() {
    let published = market(6_000);
    let next = 4_001;
    let mut world = World::new(server(snapshot(&live(&published[..next - 1]), next), false), requests(published.clone()), 4_000);
    let (mut rows, mark) = world.rows_to(next as u64);
    let Heard::Rows { number: 1, instruments: 0b100, mark: told } = world.heard() else { panic!("no rows") };
    assert_eq!((told, mark.rows as usize), (mark, rows.len()));
    let (more, last) = world.rows_to(6_001);
    assert!(rows.len() > 20 && more.len() > 500, "{} {}", rows.len(), more.len());
    rows.extend(more);
    assert_eq!((last.rows as usize, last.digest), (rows.len(), sha256(&rows)));
    let mut orders = Orders::new();
    for row in &rows {
        assert!(apply(&mut orders, row) && row.instrument == 2, "{row:?}");
    }
    let mut book = Book::new(LOCATE);
    published.iter().for_each(|message| _ = book.apply(message).expect("a market"));
    for (side, code) in [(Side::Buy, b'B'), (Side::Sell, b'S')] {
        let mut levels = BTreeMap::<u32, u64>::new();
        let of_side = orders.values().filter(|(of, ..)| *of == code);
        of_side.for_each(|(_, shares, price)| *levels.entry(*price).or_default() += u64::from(*shares));
        let wanted: BTreeMap<u32, u64> = book.levels(side).iter().map(|level| (level.price_e4, level.shares)).collect();
        assert_eq!(levels, wanted);
    }
}

fn sha256(rows: &[Command]) -> [u8; 32] {
    use sha2::Digest;
    let mut hash = sha2::Sha256::new();
    rows.iter().for_each(|row| hash.update(zerocopy::IntoBytes::as_bytes(row)));
    hash.finalize().into()
}

/// What the fetching says of a server and a feed, and that it gives no mark.
fn fails(says: Vec<u8>, hangs_up: bool, published: Vec<Vec<u8>>, floor: u64) -> Unrestored {
    let mut world = World::new(server(says, hangs_up), requests(published), floor);
    let Heard::Failed { number: 1, why, text } = world.heard() else { panic!("rows") };
    println!("{text}");
    while let Ok(one) = world.fed.pop() {
        assert!(matches!(one, Fed::Row(..)), "what stands nowhere is never given to the card: {one:?}");
    }
    why
}

#[test]
fn a_server_that_says_no_snapshot_gives_none() {
    let whole = snapshot(&live(&market(900)), 901);
    for (says, hangs_up) in [
        (soup(b'J', b"A"), false),
        (whole[..whole.len() - 3].to_vec(), true),
        ([accepted(), soup(b'Z', b"")].concat(), false),
        (soup(b'S', b"G"), false),
        ([accepted(), accepted()].concat(), false),
        ([accepted(), end("0000000000000000000x")].concat(), false),
        ([accepted(), end("00000000000000000000")].concat(), false),
        ([accepted(), end("1")].concat(), false),
        ([accepted(), vec![0, 0]].concat(), false),
    ] {
        assert_eq!(fails(says, hangs_up, market(1_000), 0), Unrestored::Malformed);
    }
}

#[test]
fn a_server_that_is_not_there_or_says_nothing_is_given_up() {
    let nobody = UdpSocket::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address");
    let world = World::new(nobody, nobody, 0);
    assert!(matches!(world.heard(), Heard::Failed { why: Unrestored::Unreachable, .. }));
    assert_eq!(fails(accepted(), false, Vec::new(), 0), Unrestored::Unreachable);
}

#[test]
fn a_snapshot_that_contradicts_itself_is_refused() {
    let directory = |symbol: &[u8; 8]| [&[b'R'][..], &LOCATE.to_be_bytes(), &[0; 8], symbol, &[b' '; 20]].concat();
    let bids = |count: u32| (1..=count).map(|at| add(at.into(), b'B', 1, 100)).collect::<Vec<_>>();
    for (messages, why) in [
        (vec![add(1, b'B', 10, 100)[..35].to_vec()], Unrestored::Wrong),
        (vec![add(1, b'B', 10, 100), add(1, b'B', 10, 100)], Unrestored::Wrong),
        (vec![add(1, b'B', 0, 100)], Unrestored::Wrong),
        (vec![add(1, b'x', 1, 100)], Unrestored::Wrong),
        (vec![trading(), add(1, b'B', 1, 101), add(2, b'S', 1, 100)], Unrestored::Wrong),
        (vec![directory(b"MSFT    ")], Unrestored::Wrong),
        (bids(ORDER_SLOTS as u32 + 1), Unrestored::Overflow),
    ] {
        assert_eq!(fails(snapshot(&messages, 1), false, Vec::new(), 0), why, "{messages:?}");
    }
    // As it is while it does not trade, and as its name is.
    let good = snapshot(&[directory(b"AAPL    "), add(1, b'B', 1, 101), add(2, b'S', 1, 100)], 1);
    assert!(matches!(World::new(server(good, false), requests(Vec::new()), 0).heard(), Heard::Rows { .. }));
}

#[test]
fn a_snapshot_at_a_number_that_cannot_be_its_own_is_refused() {
    let published = market(3_000);
    let at = |messages: usize, next: usize| snapshot(&live(&published[..messages]), next);
    assert_eq!(fails(at(2_000, 3_002), false, published.clone(), 0), Unrestored::Requests, "the feed is not there yet");
    assert_eq!(fails(at(2_000, 2_001), false, published.clone(), 2_002), Unrestored::Wrong, "the card has seen more");
    assert_eq!(fails(at(2_000, 2_100), false, published.clone(), 0), Unrestored::Wrong, "it lacks messages in front of it");
    // It has messages behind it: found where they come again.
    let mut world = World::new(server(at(2_100, 2_001), false), requests(published), 0);
    let first = world.heard();
    let last = if matches!(first, Heard::Failed { .. }) { first } else { world.heard() };
    assert!(matches!(last, Heard::Failed { why: Unrestored::Wrong, .. }), "{last:?}");
    let told = |fed: &mut rtrb::Consumer<Fed>| std::iter::from_fn(|| fed.pop().ok()).any(|one| matches!(one, Fed::Mark(_, mark) if mark.sequence > 2_100));
    assert!(!told(&mut world.fed));
}

#[test]
fn what_a_message_says_of_an_order_decides_whether_a_snapshot_is_behind_it() {
    let mut shadow = Shadow::new(&watched());
    shadow.take(&add(1, b'B', 60, 100), &mut |_| {}).expect("a book");
    let message = |kind: u8, rest: &[u8]| [&[kind][..], &LOCATE.to_be_bytes(), &[0; 8], rest].concat();
    let cancel = |reference: u64, shares: u32| message(b'X', &[&reference.to_be_bytes()[..], &shares.to_be_bytes()].concat());
    let delete = |reference: u64| message(b'D', &reference.to_be_bytes());
    let replace = |old: u64, new: u64, shares: u32| {
        message(b'U', &[&old.to_be_bytes()[..], &new.to_be_bytes(), &shares.to_be_bytes(), &100u32.to_be_bytes()].concat())
    };
    for (messages, late) in [
        (vec![add(1, b'B', 100, 100), cancel(1, 40)], None),
        (vec![cancel(1, 40)], None),
        (vec![add(1, b'B', 100, 100)], Some(1)),
        (vec![delete(1)], Some(1)),
        (vec![delete(2)], None),
        (vec![add(3, b'B', 5, 100), delete(3)], None),
        (vec![add(3, b'B', 5, 100)], Some(3)),
        (vec![replace(9, 1, 60)], None),
        (vec![replace(9, 1, 61)], Some(1)),
        (vec![replace(1, 8, 60), delete(8)], Some(1)),
    ] {
        assert_eq!(shadow.confirm(&messages).err(), late.map(Wrong::Late), "{messages:?}");
    }
}
