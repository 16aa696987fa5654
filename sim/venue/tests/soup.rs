//! The server's side of SoupBinTCP: login, replay, heartbeats, ends, and what is no packet.
#![forbid(unsafe_code)]

use proptest::prelude::*;
use riposte_venue::soup::*;

const SECOND: u64 = 1_000_000_000;
const ALL: usize = usize::MAX / 2;

fn terms() -> Terms {
    Terms::new(*b"RIPOSTE001", "RIPO", "secret", false)
}

fn stream(messages: usize) -> Stream {
    let mut stream = Stream::default();
    (0..messages).for_each(|number| stream.push(vec![number as u8; number % 5 + 1], 0));
    stream
}

fn login(username: &str, password: &str, session: &str, sequence: &str) -> Vec<u8> {
    let request = format!("{username:<6}{password:<10}{session:>10}{sequence:>20}");
    let bytes = packet(kind::LOGIN, request.as_bytes());
    assert_eq!((bytes.len(), &bytes[..3]), (49, &b"\x00\x2fL"[..]));
    bytes
}

/// A connection with its answers.
struct Server {
    connection: Connection,
    terms: Terms,
    stream: Stream,
    out: Vec<u8>,
}

impl Server {
    fn new(messages: usize) -> Server {
        Server { connection: Connection::new(0), terms: terms(), stream: stream(messages), out: Vec::new() }
    }

    fn logged_in(messages: usize, sequence: &str) -> Server {
        let mut server = Server::new(messages);
        assert!(matches!(server.give(0, &login("RIPO", "secret", "", sequence))[..], [Event::LoggedIn { .. }]));
        server
    }

    fn give(&mut self, now_ns: u64, bytes: &[u8]) -> Vec<Event> {
        let Server { connection, terms, stream, out } = self;
        let mut events = Vec::new();
        let mut bytes = bytes;
        while let Some(event) = connection.receive(now_ns, bytes, terms, stream, out) {
            events.push(event);
            bytes = &[];
        }
        events
    }

    fn pump(&mut self, now_ns: u64) -> Option<Close> {
        self.connection.pump(now_ns, &self.terms, &self.stream, ALL, &mut self.out)
    }

    /// Packets written since the last call.
    fn written(&mut self) -> Vec<Packet> {
        let mut framer = Framer::default();
        framer.push(&std::mem::take(&mut self.out));
        let packets = std::iter::from_fn(|| framer.packet().unwrap()).collect();
        assert!(!framer.is_amid_packet());
        packets
    }

    fn kinds(&mut self) -> String {
        self.written().iter().map(|packet| char::from(packet.kind)).collect()
    }
}

#[test]
fn heartbeats_are_as_captured() {
    assert_eq!(packet(kind::SERVER_HEARTBEAT, &[]), [0, 1, b'H']);
    assert_eq!(packet(kind::CLIENT_HEARTBEAT, &[]), [0, 1, b'R']);
}

#[test]
fn a_login_is_answered_with_session_and_next_number() {
    for (asked, next) in [("1", 1), ("3", 3), ("6", 6), ("0", 6)] {
        let mut server = Server::new(5);
        assert_eq!(server.give(0, &login("ripo", "SECRET", "riposte001", asked)), [Event::LoggedIn { next }]);
        let [Packet { kind: kind::ACCEPTED, payload }] = &server.written()[..] else { panic!("no answer") };
        assert_eq!(payload, format!("RIPOSTE001{next:>20}").as_bytes());
        assert_eq!(server.pump(0), None);
        let numbers: Vec<u8> = server.written().iter().map(|packet| packet.payload[0]).collect();
        assert_eq!(numbers, (next as u8 - 1..5).collect::<Vec<_>>(), "messages from {next} on");
    }
}

#[test]
fn a_wrong_login_is_rejected_with_its_reason() {
    for (request, close, reason) in [
        (login("RIPX", "secret", "", "1"), Close::NotAuthorised, b'A'),
        (login("RIPO", "secre", "", "1"), Close::NotAuthorised, b'A'),
        (login("", "", "", "1"), Close::NotAuthorised, b'A'),
        (login("RIPO", "secret", "RIPOSTE002", "1"), Close::NoSession, b'S'),
        (login("RIPO", "secret", "", "7"), Close::Sequence, b'S'),
        (login("RIPO", "secret", "", ""), Close::Sequence, b'S'),
        (login("RIPO", "secret", "", "-1"), Close::Sequence, b'S'),
        (login("RIPO", "secret", "", "99999999999999999999"), Close::Sequence, b'S'),
    ] {
        let mut server = Server::new(5);
        assert_eq!(server.give(0, &request), [Event::Close(close)]);
        assert_eq!(server.written(), [Packet { kind: kind::REJECTED, payload: vec![reason] }], "{close}");
        // Closed is closed: a right login behind it is not read.
        assert_eq!(server.give(0, &login("RIPO", "secret", "", "1")), []);
        assert!(server.pump(60 * SECOND).is_none() && server.out.is_empty());
    }
}

#[test]
fn what_is_no_packet_of_a_client_closes_with_a_reason() {
    let data = packet(kind::UNSEQUENCED, b"x");
    for (bytes, close) in [
        (vec![0, 0], Close::Frame(FrameError::Empty)),
        (vec![0xff, 0xff], Close::Frame(FrameError::Long(65_535))),
        (vec![4, 1], Close::Frame(FrameError::Long(1_025))),
        (packet(b'S', b"x"), Close::Kind(b'S')),
        (packet(0, b""), Close::Kind(0)),
        (login("RIPO", "secret", "", "1"), Close::SecondLogin),
    ] {
        let mut server = Server::logged_in(0, "1");
        server.written();
        assert_eq!(server.give(0, &[&data[..], &bytes].concat()), [Event::Data(b"x".into()), Event::Close(close)]);
        let told = Packet { kind: kind::DEBUG, payload: close.to_string().into_bytes() };
        assert_eq!(server.written(), [told]);
    }
    for (bytes, close) in [
        (data, Close::BeforeLogin(b'U')),
        (packet(kind::LOGIN, &[b' '; 45]), Close::LoginBytes(45)),
        (packet(kind::LOGOUT, b""), Close::BeforeLogin(b'O')),
    ] {
        assert_eq!(Server::new(0).give(0, &bytes), [Event::Close(close)]);
    }
}

#[test]
fn a_read_only_session_takes_no_message() {
    let mut server = Server::logged_in(2, "1");
    server.terms.read_only = true;
    let closed = server.give(0, &packet(kind::UNSEQUENCED, b"x"));
    assert_eq!(closed, [Event::Close(Close::ReadOnly)]);
}

#[test]
fn debug_and_heartbeats_are_ignored_and_a_logout_closes() {
    let mut server = Server::logged_in(0, "1");
    assert_eq!(server.kinds(), "A");
    let ignored = [packet(kind::DEBUG, b"hello"), packet(kind::CLIENT_HEARTBEAT, b"")].concat();
    assert_eq!(server.give(0, &ignored), []);
    assert_eq!(server.give(0, &packet(kind::LOGOUT, b"")), [Event::Close(Close::Logout)]);
    assert_eq!(server.kinds(), "");
}

#[test]
fn heartbeats_go_out_after_a_second_without_a_packet() {
    let mut server = Server::logged_in(0, "1");
    server.written();
    assert_eq!(server.connection.due_ns(&server.terms, &server.stream), Some(SECOND));
    server.pump(SECOND - 1);
    assert_eq!(server.kinds(), "");
    server.pump(SECOND);
    assert_eq!(server.kinds(), "H");
    server.stream.push(b"x".into(), 0);
    server.pump(SECOND + SECOND / 2);
    assert_eq!(server.kinds(), "S");
    server.pump(2 * SECOND);
    assert_eq!(server.kinds(), "", "the message counts as a sign of life");
    server.pump(2 * SECOND + SECOND / 2);
    assert_eq!(server.kinds(), "H");
}

#[test]
fn silent_clients_and_those_that_never_log_in_are_closed() {
    let mut server = Server::logged_in(0, "1");
    assert_eq!(server.give(10 * SECOND, &packet(kind::CLIENT_HEARTBEAT, b"")), []);
    assert_eq!(server.pump(25 * SECOND - 1), None);
    assert_eq!(server.pump(25 * SECOND), Some(Close::Silence));
    let mut server = Server::new(0);
    assert_eq!(server.pump(30 * SECOND - 1), None);
    assert_eq!(server.kinds(), "", "no heartbeat before a login");
    assert_eq!(server.pump(30 * SECOND), Some(Close::LoginTime));
    assert_eq!(server.kinds(), "+");
}

#[test]
fn the_end_of_session_follows_the_last_message() {
    let mut server = Server::logged_in(3, "2");
    server.stream.end();
    assert_eq!(server.pump(0), Some(Close::Ended));
    assert_eq!(server.kinds(), "ASSZ");
}

#[test]
fn messages_wait_for_their_release_and_keep_their_order() {
    let mut server = Server::logged_in(1, "1");
    server.stream.push(b"late".into(), SECOND / 2);
    server.stream.push(b"behind".into(), 0);
    server.pump(SECOND / 2 - 1);
    assert_eq!(server.kinds(), "AS");
    assert_eq!(server.connection.due_ns(&server.terms, &server.stream), Some(SECOND / 2));
    server.pump(SECOND / 2);
    let sent: Vec<_> = server.written().into_iter().map(|packet| packet.payload).collect();
    assert_eq!(sent, [b"late".to_vec(), b"behind".to_vec()]);
}

#[test]
fn a_limit_leaves_the_rest_for_later() {
    let mut server = Server::logged_in(10, "1");
    server.written();
    let Server { connection, terms, stream, out } = &mut server;
    connection.pump(0, terms, stream, 1, out);
    assert!(connection.lacks(0, stream));
    assert_eq!(server.kinds(), "S");
    server.pump(0);
    assert_eq!(server.kinds(), "S".repeat(9));
}

proptest! {
    #[test]
    fn bytes_in_any_cut_give_the_same_events(cuts in prop::collection::vec(1usize..9, 1..60)) {
        let script = [
            login("RIPO", "secret", "", "2"), packet(kind::UNSEQUENCED, b"first"), packet(kind::CLIENT_HEARTBEAT, b""),
            packet(kind::UNSEQUENCED, b""), packet(kind::DEBUG, b"text"), packet(kind::UNSEQUENCED, &[7; 300]),
            packet(kind::LOGOUT, b""),
        ].concat();
        let mut whole = Server::new(4);
        let expected = whole.give(0, &script);
        prop_assert_eq!(expected.len(), 5);
        let (mut cut, mut events, mut rest) = (Server::new(4), Vec::new(), &script[..]);
        for size in cuts.iter().cycle() {
            let (now, behind) = rest.split_at((*size).min(rest.len()));
            events.extend(cut.give(0, now));
            rest = behind;
            if rest.is_empty() { break }
        }
        prop_assert_eq!(events, expected);
        prop_assert_eq!(cut.out, whole.out);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), is_logged_in: bool) {
        let mut server = if is_logged_in { Server::logged_in(3, "1") } else { Server::new(3) };
        let events = server.give(0, &bytes);
        let closes = events.iter().filter(|event| matches!(event, Event::Close(_))).count();
        prop_assert!(closes <= 1 && (closes == 1) == server.connection.is_closed());
    }
}
