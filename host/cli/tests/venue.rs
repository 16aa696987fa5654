//! `riposte venue serve` as its peers meet it: kernel TCP and UDP on the loopback interface, signals, exit codes.
//!
//! No test waits for a time to pass: each reads until what it waits for is there; the limit on a read only ends a
//! test that fails.
#![forbid(unsafe_code)]
mod support;

use std::{
    collections::BTreeMap,
    env, fs,
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket},
    path::Path,
    time::Duration,
};
use support::{LIMIT as PATIENCE, Process, riposte};

use riposte_venue::ouch::*;
use serde_json::Value;

const LIMIT: Option<Duration> = Some(PATIENCE);

/// A venue of its own process; killed when a test fails.
struct Venue {
    process: Process,
    addresses: BTreeMap<String, SocketAddr>,
    /// Receivers of line A and B.
    lines: [UdpSocket; 2],
}

impl Venue {
    fn start(options: &[&str]) -> Venue {
        let lines = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
        lines.iter().for_each(|line| line.set_read_timeout(LIMIT).unwrap());
        let [a, b] = [&lines[0], &lines[1]].map(|line| line.local_addr().unwrap().to_string());
        let (process, addresses) = start(&[&["--itch", &a, "--itch-b", &b], options].concat());
        Venue { process, addresses, lines }
    }

    fn log_in(&self, port: &str, next: usize) -> Client {
        let mut client = self.connect(port);
        client.write(&login("RIPO", "riposte", next));
        let (kind, payload) = client.packet().expect("an answer");
        assert_eq!((kind, &payload[10..]), (b'A', format!("{next:>20}").as_bytes()));
        client
    }

    fn connect(&self, port: &str) -> Client {
        let socket = TcpStream::connect(self.addresses[port]).unwrap();
        socket.set_read_timeout(LIMIT).unwrap();
        socket.set_nodelay(true).unwrap();
        Client { socket }
    }

    /// The next packet of a line.
    fn datagram(&self, line: usize) -> Vec<u8> {
        let mut bytes = [0; 2048];
        let (count, _) = self.lines[line].recv_from(&mut bytes).expect("a packet within the limit");
        bytes[..count].to_vec()
    }
}

/// Starts a venue and reads where it listens.
fn start(options: &[&str]) -> (Process, BTreeMap<String, SocketAddr>) {
    let mut process = Process::start(riposte(&env::temp_dir(), &[&support::venue::SERVE, options].concat()));
    let addresses = process.listening();
    (process, addresses)
}

/// A client of SoupBinTCP, by the specification's bytes.
struct Client {
    socket: TcpStream,
}

fn soup(kind: u8, payload: &[u8]) -> Vec<u8> {
    [&(payload.len() as u16 + 1).to_be_bytes(), &[kind][..], payload].concat()
}

fn login(username: &str, password: &str, next: usize) -> Vec<u8> {
    soup(b'L', format!("{username:<6}{password:<10}{:10}{next:>20}", "").as_bytes())
}

impl Client {
    fn write(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).unwrap();
    }

    fn order(&mut self, message: impl Into<Inbound>) {
        self.write(&soup(b'U', &message.into().encode()));
    }

    /// The next packet but heartbeats; `None` at the end of the connection.
    fn packet(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            let mut length = [0; 2];
            match self.socket.read_exact(&mut length) {
                Ok(()) => {}
                Err(error) if matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) => return None,
                Err(error) => panic!("{error}"),
            }
            let mut body = vec![0; usize::from(u16::from_be_bytes(length))];
            // A connection may end within a packet.
            self.socket.read_exact(&mut body).ok()?;
            if body[0] != b'H' {
                return Some((body[0], body[1..].to_vec()));
            }
        }
    }

    fn message(&mut self) -> Outbound {
        let (kind, payload) = self.packet().expect("a message");
        assert_eq!(kind, b'S');
        Outbound::decode(&payload).unwrap()
    }

    /// Messages until the connection ends, and the last packet that was none.
    fn rest(&mut self) -> (Vec<Outbound>, Option<(u8, Vec<u8>)>) {
        let (mut messages, mut last) = (Vec::new(), None);
        while let Some((kind, payload)) = self.packet() {
            match kind {
                b'S' => messages.push(Outbound::decode(&payload).unwrap()),
                _ => last = Some((kind, payload)),
            }
        }
        (messages, last)
    }
}

/// Takes shares of AAPL from the other side at any price.
fn take(user_ref: u32, side: u8, quantity: u32) -> EnterOrder {
    EnterOrder { time_in_force: b'3', ..EnterOrder::plain(user_ref, side, quantity, *b"AAPL    ", MARKET_PRICE_E4) }
}

fn letters(messages: &[Outbound]) -> String {
    messages.iter().map(|message| char::from(message.encode()[0])).collect()
}

/// Shares bought less shares sold of one symbol, broken trades left out; sides as the messages tell them.
fn position(messages: &[Outbound]) -> i64 {
    let (mut sides, mut trades) = (BTreeMap::new(), BTreeMap::new());
    for message in messages {
        match message {
            Outbound::Accepted(a) => _ = sides.insert(a.user_ref, if a.side == b'B' { 1 } else { -1 }),
            Outbound::Executed(e) => {
                let signed = sides[&e.user_ref] * i64::from(e.quantity);
                assert!(trades.insert((e.match_number, e.user_ref), signed).is_none());
            }
            Outbound::BrokenTrade(b) => assert!(trades.remove(&(b.match_number, b.user_ref)).is_some()),
            _ => {}
        }
    }
    trades.values().sum()
}

/// Blocks of a MoldUDP64 packet with their sequence numbers; whether it ends the session.
fn blocks(packet: &[u8]) -> (Vec<(u64, Vec<u8>)>, bool) {
    let number = |at: usize, size: usize| packet[at..at + size].iter().fold(0, |n, &byte| n << 8 | u64::from(byte));
    let (first, count) = (number(10, 8), number(18, 2));
    let is_end = count == 0xffff;
    let (mut at, mut found) = (20, Vec::new());
    for sequence in first..first + if is_end { 0 } else { count } {
        let length = number(at, 2) as usize;
        found.push((sequence, packet[at + 2..at + 2 + length].to_vec()));
        at += 2 + length;
    }
    assert_eq!(at, packet.len());
    (found, is_end)
}

#[test]
fn an_order_sent_byte_by_byte_is_answered_copied_and_published_and_a_signal_ends_it_all() {
    let mut venue = Venue::start(&["--seed", "3", "--rate", "0", "--instruments", "1"]);
    let (mut orders, mut copy) = (venue.log_in("ouch", 1), venue.log_in("dropcopy", 1));
    for byte in soup(b'U', &Inbound::from(take(1, b'B', 1)).encode()) {
        orders.write(&[byte]);
    }
    let answers: Vec<Outbound> = (0..3).map(|_| orders.message()).collect();
    assert_eq!(letters(&answers), "SAE");
    let Outbound::Executed(executed) = &answers[2] else { panic!() };
    // Line B has the execution with the same match number.
    let published: Vec<_> = std::iter::repeat_with(|| blocks(&venue.datagram(1)).0).find(|found| !found.is_empty()).unwrap();
    let is_ours = |message: &[u8]| message[0] == b'E' && message[23..31] == executed.match_number.to_be_bytes();
    let mut found = published.iter().any(|(_, message)| is_ours(message));
    while !found {
        found = blocks(&venue.datagram(1)).0.iter().any(|(_, message)| is_ours(message));
    }
    orders.order(EnterOrder { time_in_force: b'0', price_e4: 100, ..take(2, b'B', 1) });
    assert_eq!(orders.message().encode()[0], b'A');
    venue.process.signal("TERM");
    let (rest, last) = orders.rest();
    assert_eq!((letters(&rest).as_str(), last), ("CS", Some((b'Z', vec![]))), "the close cancels, then the end");
    let (copied, last) = copy.rest();
    assert_eq!((letters(&copied).as_str(), last), ("SAEACS", Some((b'Z', vec![]))));
    while !blocks(&venue.datagram(0)).1 {}
    let account = venue.process.summary();
    assert_eq!((&account["positions"]["AAPL"], &account["orders"]["executions"]), (&1.into(), &1.into()));
    assert_eq!(account["sessions"]["closed"]["the session has ended"], 2);
}

#[test]
fn what_both_lines_lost_is_asked_for_again() {
    // Line A loses everything, line B every other packet or so; the rest comes from the re-request server.
    let options = ["--rate", "100000", "--messages", "20000", "--wait-for-login", "--fault", "loss A 1", "--fault"];
    let mut venue = Venue::start(&[&options[..], &["loss B 0.5"]].concat());
    let mut orders = venue.log_in("ouch", 1);
    // The venue may be over before the last answer: requests go out while the session lives.
    let (requester, mut have, mut asked) = (UdpSocket::bind("127.0.0.1:0").unwrap(), BTreeMap::new(), 0);
    requester.set_read_timeout(LIMIT).unwrap();
    let mut next = 1;
    while next < 2_000 {
        let (found, _) = blocks(&venue.datagram(1));
        let Some((first, _)) = found.first() else { continue };
        while next < *first {
            let request = [&b"VENUE00001"[..], &next.to_be_bytes(), &((*first - next) as u16).to_be_bytes()].concat();
            requester.send_to(&request, venue.addresses["rerequest"]).unwrap();
            let mut answer = [0; 2048];
            let (count, _) = requester.recv_from(&mut answer).unwrap();
            asked += 1;
            for (sequence, message) in blocks(&answer[..count]).0 {
                have.insert(sequence, message);
                next = sequence + 1;
            }
        }
        for (sequence, message) in found {
            have.insert(sequence, message);
            next = next.max(sequence + 1);
        }
    }
    let generated = riposte_venue::Market::new(riposte_venue::Config { messages: 20_000, ..Default::default() }).unwrap();
    assert!(have.into_iter().eq((1..).zip(generated.take(next as usize - 1))), "every message, as generated");
    venue.process.signal("INT");
    orders.rest();
    let account = venue.process.summary();
    assert!(asked > 0 && account["sessions"]["requests"].as_u64() >= Some(asked));
    assert_eq!(account["lines"]["a"]["sent"].as_u64(), account["lines"]["a"]["packets"].as_u64());
    assert!(account["lines"]["b"]["lost"].as_u64() > Some(0));
}

#[test]
fn a_client_that_is_cut_off_comes_back_and_both_sessions_tell_the_same_position() {
    let faults = ["disconnect 0.2", "partial 0.3", "slow-ack 1ms 0.3", "reject 0.1", "bust 0.2"];
    let faults: Vec<&str> = faults.into_iter().flat_map(|fault| ["--fault", fault]).collect();
    let mut venue = Venue::start(&[&["--rate", "2000", "--seed", "9"][..], &faults].concat());
    let mut copy = venue.log_in("dropcopy", 1);
    let mut session = Session { orders: venue.log_in("ouch", 1), seen: Vec::new(), returns: 0 };
    for user_ref in 1..=120 {
        let side = if user_ref % 3 == 0 { b'S' } else { b'B' };
        session.ask(&venue, take(user_ref, side, user_ref), |message| is_final_for(message, user_ref));
    }
    let query = AccountQuery { options: Options::default() };
    session.ask(&venue, query, |message| matches!(message, Outbound::AccountQueryResponse(_)));
    venue.process.signal("TERM");
    let Session { mut orders, mut seen, returns } = session;
    seen.extend(orders.rest().0);
    let (copied, last) = copy.rest();
    assert_eq!(last, Some((b'Z', vec![])));
    assert_eq!(seen, copied, "message for message");
    let account = venue.process.summary();
    assert_eq!(account["positions"]["AAPL"].as_i64().unwrap_or(0), position(&seen));
    assert_eq!(account["faults"]["disconnects"].as_u64(), Some(returns));
    assert!(returns > 3, "{returns} returns");
    for fault in ["partials", "slow_acks", "rejects", "busts"] {
        assert!(account["faults"][fault].as_u64() > Some(0), "{fault}");
    }
}

/// An order session that goes on after it was cut off.
struct Session {
    orders: Client,
    seen: Vec<Outbound>,
    returns: u64,
}

impl Session {
    /// Sends a message and reads until it is answered. After a return it is sent again: whether it had arrived is not
    /// known, and if it had, it is ignored.
    fn ask(&mut self, venue: &Venue, message: impl Into<Inbound>, is_answer: impl Fn(&Outbound) -> bool) {
        let request = soup(b'U', &message.into().encode());
        // A write to a connection that the venue has cut off may fail; the read tells.
        let _ = self.orders.socket.write_all(&request);
        while !self.seen.iter().any(&is_answer) {
            match self.orders.packet() {
                Some((b'S', payload)) => self.seen.push(Outbound::decode(&payload).unwrap()),
                Some(other) => panic!("{other:?}"),
                None => {
                    self.orders = venue.log_in("ouch", self.seen.len() + 1);
                    self.returns += 1;
                    let _ = self.orders.socket.write_all(&request);
                }
            }
        }
    }
}

/// The last message about an immediate order: rejected, or canceled, or its execution in full.
fn is_final_for(message: &Outbound, number: u32) -> bool {
    match message {
        Outbound::Rejected(rejected) => rejected.user_ref == number,
        Outbound::Canceled(canceled) => canceled.user_ref == number,
        Outbound::Executed(executed) => executed.user_ref == number,
        _ => false,
    }
}

#[test]
fn bad_input_is_answered_or_ends_the_connection_and_the_venue_lives() {
    let mut venue = Venue::start(&["--rate", "0"]);
    let wrong_name = login("NOBODY", "riposte", 1);
    let too_far = login("RIPO", "riposte", 99);
    for (bytes, answer, reason) in [
        (wrong_name, (b'J', b"A".to_vec()), "user name or password is wrong"),
        (too_far, (b'J', b"S".to_vec()), "the sequence number asked for is not a number or beyond the next one"),
    ] {
        let mut client = venue.connect("ouch");
        client.write(&bytes);
        assert_eq!(client.rest().1, Some(answer), "{reason}");
    }
    for (bytes, reason) in [
        (vec![0xff, 0xff, b'U'], "a packet of 65535 bytes where at most 1024 are taken"),
        (vec![0, 0], "a packet without a type"),
        (soup(b'U', b"O"), "a message 'O' of 1 bytes where 47 are the least"),
        (soup(b'U', b"~"), "unknown message type '~'"),
        (soup(b'?', b""), "packet type '?' is none of a client"),
    ] {
        let mut client = venue.log_in("ouch", 1);
        client.write(&bytes);
        assert_eq!(client.rest().1, Some((b'+', reason.into())));
    }
    let mut copy = venue.log_in("dropcopy", 1);
    copy.order(take(1, b'B', 1));
    assert_eq!(copy.rest().1, Some((b'+', b"a message on a session that is read only".to_vec())));
    // A message that is cut by the end of the connection is none.
    let mut cut = venue.log_in("ouch", 1);
    let whole = soup(b'U', &Inbound::from(take(1, b'B', 1)).encode());
    cut.write(&whole[..30]);
    drop(cut);
    // Requests that are none are not answered; a good one behind them is.
    let requester = UdpSocket::bind("127.0.0.1:0").unwrap();
    requester.set_read_timeout(LIMIT).unwrap();
    let mut client = venue.log_in("ouch", 1);
    client.order(take(1, b'B', 1));
    (0..3).for_each(|_| _ = client.message());
    let good = [&b"VENUE00001"[..], &1u64.to_be_bytes(), &1u16.to_be_bytes()].concat();
    for request in [&[0; 5][..], &[0; 64], &good] {
        requester.send_to(request, venue.addresses["rerequest"]).unwrap();
    }
    let mut answer = [0; 2048];
    let (count, _) = requester.recv_from(&mut answer).unwrap();
    assert_eq!(blocks(&answer[..count]).0.len(), 1);
    venue.process.signal("TERM");
    client.rest();
    let account = venue.process.summary();
    assert_eq!(account["orders"]["entered"], 1);
    assert_eq!(account["sessions"]["requests_refused"], 2);
    let closed: u64 = account["sessions"]["closed"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert_eq!(Some(closed), account["sessions"]["connections"].as_u64(), "every connection has its reason");
}

#[test]
fn a_recording_is_published_with_the_clients_orders_in_it() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("recording.itch");
    let config = riposte_venue::Config { seed: 5, instruments: 1, messages: 3_000 };
    let recording = riposte_venue::Market::new(config).unwrap();
    let blocks_of = |message: Vec<u8>| [&(message.len() as u16).to_be_bytes(), &message[..]].concat();
    fs::write(&path, recording.flat_map(blocks_of).collect::<Vec<u8>>()).unwrap();
    let options = ["--replay", path.to_str().unwrap(), "--rate", "20000", "--wait-for-login"];
    let mut venue = Venue::start(&options);
    let mut orders = venue.log_in("ouch", 1);
    let resting = EnterOrder { time_in_force: b'0', price_e4: 100, ..take(1, b'B', 1) };
    orders.order(EnterOrder { symbol: *b"AAPL    ", ..resting });
    let (messages, last) = orders.rest();
    assert_eq!((letters(&messages).as_str(), last), ("SACS", Some((b'Z', vec![]))), "the recording ends the session");
    // The recording, the order, and its end at the close.
    assert_eq!(venue.process.summary()["published"], 3_002);
}

#[test]
fn the_feed_goes_to_a_multicast_group() {
    let group = Ipv4Addr::new(233, 54, 12, 119);
    let receiver = UdpSocket::bind((group, 0)).unwrap();
    let joined = receiver.join_multicast_v4(&group, &Ipv4Addr::LOCALHOST);
    if let Err(error) = joined {
        println!("skipped: the loopback interface takes no group: {error}");
        return;
    }
    receiver.set_read_timeout(LIMIT).unwrap();
    let to = format!("{group}:{}", receiver.local_addr().unwrap().port());
    let (process, addresses) = start(&["--itch", &to, "--rate", "1000"]);
    let lines = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
    let mut venue = Venue { process, addresses, lines };
    let mut packet = [0; 2048];
    let (count, _) = receiver.recv_from(&mut packet).unwrap();
    assert!(packet[..count].starts_with(b"VENUE00001"));
    venue.process.signal("INT");
    assert_eq!(venue.process.summary()["lines"]["b"]["sent"], 0, "there is no line B");
}

#[test]
fn a_command_line_that_cannot_be_says_what_to_do() {
    for (options, code, says) in [
        (&["--fault", "5s los A 1"][..], 1, "no fault named \"los\"; there are loss"),
        (&["--faults", "no-such-file"], 1, "no-such-file: cannot be read"),
        (&["--ouch", "192.0.2.1:1"], 1, "--ouch 192.0.2.1:1: cannot be used; give an address of this machine"),
        (&["--username", "TOOLONG"], 1, "user names have 1 to 6 characters"),
        (&["--rate", "2000000"], 1, "at most a million"),
        (&["--instruments", "0"], 1, "0 instruments where 1 to"),
        (&["--replay", "no-such-file"], 1, "no-such-file"),
        (&["--ouch", "here"], 2, "invalid value 'here'"),
    ] {
        let output = riposte(&env::temp_dir(), &[&["venue", "serve", "--json"], options].concat()).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(code) && errors.contains(says), "{options:?}: {errors}");
    }
    let help = riposte(&env::temp_dir(), &["venue", "serve", "--help"]).output().unwrap();
    assert!(String::from_utf8_lossy(&help.stdout).contains("riposte venue serve --seed 7"));
}

/// Oracle: the host's own book of the market as it is generated.
#[test]
fn a_snapshot_over_tcp_is_the_book_of_all_messages_in_front_of_its_number() {
    let venue = Venue::start(&["--seed", "5", "--rate", "20000", "--instruments", "1", "--glimpse", "127.0.0.1:0"]);
    while blocks(&venue.datagram(0)).0.first().is_none_or(|(first, _)| *first < 5_000) {}
    let mut client = venue.log_in("glimpse", 1);
    let mut book = riposte_capture::Book::new(13);
    let next = loop {
        let (kind, message) = client.packet().expect("a message");
        assert_eq!(kind, b'S');
        if message[0] == b'G' {
            break std::str::from_utf8(&message[1..]).unwrap().parse::<usize>().unwrap();
        }
        book.apply(&message).expect("a message that can be applied");
    };
    client.write(&soup(b'O', b""));
    assert_eq!(client.packet(), None, "a session that is logged out ends");
    let mut whole = riposte_capture::Book::new(13);
    let market = riposte_venue::Config { seed: 5, instruments: 1, messages: 1 << 40 };
    for message in riposte_venue::Market::new(market).unwrap().take(next - 1) {
        whole.apply(&message).unwrap();
    }
    assert!(next > 5_000 && whole.live() > 10, "{next}");
    assert_eq!((book.live(), book.state()), (whole.live(), whole.state()));
    for side in [riposte_capture::Side::Buy, riposte_capture::Side::Sell] {
        assert_eq!(book.levels(side), whole.levels(side));
    }
}
