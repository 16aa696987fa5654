//! Logins, returns, heartbeats, silence, and everything that can come in their place.
use super::{accepted, bodies, canceled, config, current, give, login, next_user_ref, order_accepted, sequenced, soup, venue, written};
use riposte_engine::{Body, Report, Side, Stream};
use riposte_session::{Client, Close, ConfigError, FrameError, Retry, SendError};

const SECOND_NS: u64 = 1_000_000_000;
const UP: Body = Body::SessionUp { session: 0 };
const DOWN: Body = Body::SessionDown { session: 0 };

fn caught_up(next_sequence: u64, next_user_ref: u32) -> Body {
    Body::CaughtUp { session: 0, next_sequence, next_user_ref }
}

fn order(user_ref: u32) -> Body {
    venue(user_ref.into(), Report::Accepted { user_ref, instrument: 0, side: Side::Buy, quantity: 9, price: 1_860_000 })
}

#[test]
fn what_was_missed_is_read_before_anything_goes_out() {
    let mut client = Client::new(&config()).expect("a configuration");
    client.connected(0);
    assert_eq!(written(&mut client), login(0));
    // The venue has five messages, two of them answers to queries of a host before this one.
    assert_eq!(give(&mut client, 0, &accepted(6)), []);
    assert_eq!((client.closing(), Close::Probed.retry()), (Some(&Close::Probed), Retry::Now));
    assert_eq!(written(&mut client), soup(b'O', b""));
    client.disconnected();
    assert_eq!(bodies(&mut client, 0), [], "it was never up");
    client.connected(0);
    assert_eq!(written(&mut client), login(1));
    assert_eq!(give(&mut client, 0, &accepted(1)), [UP]);
    assert_eq!(give(&mut client, 0, &[next_user_ref(1), order_accepted(1, b'B', 9, b'L')].concat()), [order(1)]);
    assert_eq!((client.send(0, 0, b"early"), client.send(0, 1, b"early")), (Ok(()), Ok(())));
    assert_eq!(client.unsent(), 2, "nothing goes out before the venue's word");
    let rest = [order_accepted(2, b'B', 9, b'L'), next_user_ref(3)].concat();
    assert_eq!(give(&mut client, 0, &rest), [order(2)], "an answer of another day");
    assert_eq!(written(&mut client), [], "message 5 is still to come");
    assert_eq!(give(&mut client, 0, &sequenced(b"S\0\0\0\0\0\0\0\0S")), []);
    assert_eq!(written(&mut client), soup(b'U', b"Q"), "everything is read: what has it taken?");
    // Something may come before the answer.
    assert_eq!(give(&mut client, 0, &order_accepted(3, b'B', 9, b'L')), [order(3)]);
    assert_eq!(give(&mut client, 0, &next_user_ref(4)), [caught_up(4, 4)]);
    assert!(client.is_current());
    assert_eq!((client.send(0, 1, b"order"), written(&mut client)), (Ok(()), b"order".to_vec()));
}

#[test]
fn a_lost_session_comes_back_where_it_was_and_what_was_made_before_is_never_sent() {
    let mut client = current();
    assert_eq!(give(&mut client, 0, &order_accepted(1, b'B', 9, b'L')), [order(1)]);
    // Half a message, and the end.
    assert_eq!(give(&mut client, 0, &order_accepted(2, b'B', 9, b'L')[..20]), []);
    client.disconnected();
    assert_eq!((client.next(0), client.next(0)), (Some(DOWN), None));
    assert_eq!(client.send(0, 1, b"late"), Ok(()));
    client.connected(0);
    assert_eq!(written(&mut client), login(0));
    give(&mut client, 0, &accepted(5));
    client.disconnected();
    client.connected(0);
    assert_eq!(written(&mut client), login(3), "the answer to the query was message 1");
    assert_eq!(give(&mut client, 0, &accepted(3)), [UP]);
    let missed = [order_accepted(2, b'B', 9, b'L'), canceled(2, 9)].concat();
    assert_eq!(give(&mut client, 0, &missed), [order(2), venue(3, Report::Cancelled { user_ref: 2, quantity: 9 })]);
    assert_eq!(written(&mut client), soup(b'U', b"Q"));
    assert_eq!(give(&mut client, 0, &next_user_ref(3)), [caught_up(4, 3)]);
    assert_eq!((client.send(0, 1, b"late"), client.unsent()), (Ok(()), 2));
    assert_eq!((client.send(0, client.epoch(), b"new"), written(&mut client)), (Ok(()), b"new".to_vec()));
}

#[test]
fn a_connection_that_is_lost_between_two_logins_asks_again() {
    let mut client = Client::new(&config()).expect("a configuration");
    for _ in 0..3 {
        client.connected(0);
        assert_eq!(written(&mut client), login(0));
        client.disconnected();
    }
    client.connected(0);
    give(&mut client, 0, &accepted(3));
    client.disconnected();
    client.connected(0);
    written(&mut client);
    give(&mut client, 0, &accepted(1));
    client.disconnected();
    assert_eq!(bodies(&mut client, 0), [DOWN]);
    client.connected(0);
    assert_eq!(written(&mut client), login(0), "more may have come meanwhile");
}

#[test]
fn bytes_in_any_cut_give_the_same() {
    let stream = [
        accepted(1), next_user_ref(1), order_accepted(1, b'B', 9, b'L'), soup(b'H', b""), soup(b'+', b"a word"), canceled(1, 9),
    ];
    let stream = stream.concat();
    let whole = |cuts: &[usize]| {
        let mut client = Client::new(&config()).expect("a configuration");
        client.connected(0);
        let (mut told, mut from) = (Vec::new(), 0);
        for &cut in cuts.iter().chain([&stream.len()]) {
            told.extend(give(&mut client, 0, &stream[from..cut]));
            from = cut;
        }
        told
    };
    let wanted = whole(&[]);
    assert_eq!(wanted.len(), 5);
    for cut in 1..stream.len() {
        assert_eq!(whole(&[cut]), wanted, "cut at {cut}");
    }
    assert_eq!(whole(&(1..stream.len()).collect::<Vec<_>>()), wanted, "byte by byte");
}

#[test]
fn heartbeats_go_out_when_nothing_else_does_and_silence_is_an_end() {
    let mut client = current();
    client.tick(SECOND_NS - 1);
    assert_eq!(written(&mut client), []);
    client.tick(SECOND_NS);
    client.tick(SECOND_NS + 1);
    assert_eq!(written(&mut client), soup(b'R', b""), "one");
    client.send(SECOND_NS * 3 / 2, 1, b"x").expect("room");
    written(&mut client);
    client.tick(SECOND_NS * 5 / 2 - 1);
    assert_eq!(written(&mut client), [], "an order is a sign of life");
    // The venue is heard at 4 s, and then no more.
    assert_eq!(give(&mut client, 4 * SECOND_NS, &soup(b'H', b"")), [Body::Heartbeat { session: 0 }]);
    client.tick(9 * SECOND_NS - 1);
    assert_eq!(client.closing(), None);
    client.tick(9 * SECOND_NS);
    assert_eq!(client.closing(), Some(&Close::Silence));
    client.disconnected();
    assert_eq!(bodies(&mut client, 0), [DOWN]);
}

#[test]
fn a_venue_that_never_answers_a_login_is_left() {
    let mut client = Client::new(&config()).expect("a configuration");
    client.connected(7);
    client.tick(7 + 2 * SECOND_NS - 1);
    assert_eq!(client.closing(), None);
    client.tick(7 + 2 * SECOND_NS);
    assert_eq!(client.closing(), Some(&Close::LoginTime));
}

#[test]
fn each_end_says_whether_to_come_back() {
    let long = [&4097u16.to_be_bytes()[..], b"S"].concat();
    let cases: [(Vec<u8>, Close, Retry); 9] = [
        (soup(b'J', b"A"), Close::NotAuthorised, Retry::Never),
        (soup(b'J', b"S"), Close::NoSession, Retry::Later),
        (soup(b'J', b"\x01?"), Close::Rejected("\\x01?".into()), Retry::Later),
        (soup(b'A', b"short"), Close::Login, Retry::Later),
        (soup(b'A', format!("{:>10}{:>20}", "DAY1", 0).as_bytes()), Close::Login, Retry::Later),
        (soup(b'A', format!("{:>10}{:>20}", "DAY1", "+4").as_bytes()), Close::Login, Retry::Later),
        (sequenced(b"early"), Close::Kind(b'S'), Retry::Later),
        (vec![0, 0], Close::Frame(FrameError::Empty), Retry::Later),
        (long, Close::Frame(FrameError::Long(4097)), Retry::Later),
    ];
    for (packet, close, retry) in cases {
        let mut client = Client::new(&config()).expect("a configuration");
        client.connected(0);
        assert_eq!(give(&mut client, 0, &packet), [], "{close}");
        assert_eq!((client.closing(), close.retry()), (Some(&close), retry));
        assert_eq!(give(&mut client, 0, &accepted(1)), [], "nothing is read behind the end");
    }
    // What cannot be once it is current: another login's answer, a packet of a client, another type.
    for packet in [accepted(1), soup(b'J', b"A"), soup(b'U', b"Q"), soup(b'x', b"")] {
        let mut client = current();
        assert_eq!(give(&mut client, 0, &packet), []);
        assert_eq!(client.closing(), Some(&Close::Kind(packet[2])));
    }
}

#[test]
fn the_end_of_the_session_is_told_once_and_for_all() {
    let mut client = current();
    assert_eq!(give(&mut client, 0, &soup(b'Z', b"")), [Body::SessionEnd { session: 0 }]);
    assert_eq!(client.closing(), Some(&Close::Ended));
    client.disconnected();
    assert_eq!((bodies(&mut client, 0), Close::Ended.retry()), (vec![], Retry::Never));
}

#[test]
fn another_day_and_a_stream_that_has_shrunk_are_no_return() {
    let mut client = current();
    client.disconnected();
    client.connected(0);
    assert_eq!(give(&mut client, 0, &soup(b'A', format!("{:>10}{:>20}", "DAY2", 2).as_bytes())), [DOWN]);
    assert!(matches!(client.closing(), Some(Close::OtherSession { known, found }) if known == "DAY1" && found == "DAY2"));
    let mut client = current();
    client.disconnected();
    client.connected(0);
    give(&mut client, 0, &accepted(1));
    assert_eq!(client.closing(), Some(&Close::Shorter { ours: 1, theirs: 0 }));
    let mut client = Client::new(&config()).expect("a configuration");
    client.connected(0);
    give(&mut client, 0, &accepted(9));
    client.disconnected();
    client.connected(0);
    assert_eq!(give(&mut client, 0, &accepted(4)), [], "messages 1 to 3 would be missing");
    assert_eq!(client.closing(), Some(&Close::Number { wanted: 1, found: 4 }));
}

#[test]
fn a_stream_that_is_read_again_gives_the_same_numbers() {
    let mut client = current();
    give(&mut client, 0, &order_accepted(1, b'B', 9, b'L'));
    client.close(Close::Reread);
    assert_eq!(written(&mut client), soup(b'O', b""));
    client.disconnected();
    assert_eq!(bodies(&mut client, 0), [DOWN]);
    client.connected(0);
    give(&mut client, 0, &accepted(3));
    client.disconnected();
    client.connected(0);
    assert_eq!(written(&mut client), login(1));
    let again = [accepted(1), next_user_ref(1), order_accepted(1, b'B', 9, b'L')].concat();
    assert_eq!(give(&mut client, 0, &again), [UP, order(1)]);
    assert_eq!(give(&mut client, 0, &next_user_ref(2)), [caught_up(2, 2)]);
}

#[test]
fn a_drop_copy_logs_in_once_tells_reports_and_sends_nothing() {
    let copy = riposte_session::Config { stream: Stream::DropCopy, ..config() };
    let mut client = Client::new(&copy).expect("a configuration");
    client.connected(0);
    assert_eq!(written(&mut client), login(1));
    let stream = [accepted(1), order_accepted(1, b'B', 9, b'L'), soup(b'H', b""), next_user_ref(2)].concat();
    let report = Report::Accepted { user_ref: 1, instrument: 0, side: Side::Buy, quantity: 9, price: 1_860_000 };
    assert_eq!(give(&mut client, 0, &stream), [Body::DropCopy { session: 0, sequence: 1, report }]);
    assert_eq!((client.send(0, 0, b"x"), client.unsent(), written(&mut client)), (Ok(()), 1, vec![]));
    client.disconnected();
    client.connected(0);
    assert_eq!(written(&mut client), login(3));
    assert_eq!(give(&mut client, 0, &[accepted(3), soup(b'Z', b"")].concat()), []);
    assert_eq!(client.closing(), Some(&Close::Ended));
}

#[test]
fn what_waits_has_a_limit_both_ways() {
    let mut client = current();
    let packet = [7; 74];
    let taken = (0..).take_while(|_| client.send(0, 1, &packet).is_ok()).count();
    assert_eq!((taken, client.send(0, 1, &packet)), (16 * 1024 / 74, Err(SendError::Full)));
    assert_eq!(client.send(0, 1, &[0; 75]), Err(SendError::Full), "no packet is so long");
    written(&mut client);
    assert_eq!(client.send(0, 1, &packet), Ok(()));
    let flood = soup(b'H', b"").repeat(30_000);
    let room = client.room();
    assert_eq!((client.receive(0, &flood), client.room()), (room, 0));
    assert!(room < flood.len());
    assert_eq!((client.receive(0, &flood), bodies(&mut client, 0).len()), (0, room / 3));
}

#[test]
fn no_bytes_make_it_panic() {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let seeds = [accepted(1), next_user_ref(9), order_accepted(1, b'B', 9, b'L'), canceled(1, 9), soup(b'Z', b"")];
    for _ in 0..20_000 {
        let mut client = if random(2) == 0 { current() } else { Client::new(&config()).expect("a configuration") };
        client.connected(0);
        for _ in 0..random(6) {
            let mut bytes = seeds[random(5) as usize].clone();
            for _ in 0..random(4) {
                let at = random(bytes.len() as u64) as usize;
                bytes[at] = random(256) as u8;
            }
            bytes.truncate(1 + random(bytes.len() as u64 * 2) as usize);
            give(&mut client, 0, &bytes);
        }
        client.disconnected();
        bodies(&mut client, 0);
    }
}

#[test]
fn a_configuration_that_cannot_be_is_refused_and_no_password_is_shown() {
    let told = |change: fn(&mut riposte_session::Config)| {
        let mut config = config();
        change(&mut config);
        Client::new(&config).map(|_| ()).unwrap_err().to_string()
    };
    assert!(told(|config| config.login.username = "TOOLONG".into()).contains("1 to 6"));
    assert!(told(|config| config.login.username = String::new()).contains("1 to 6"));
    let password = told(|config| config.login.password = "secret word".into());
    assert!(password.contains("1 to 10") && !password.contains("secret"), "{password}");
    assert!(told(|config| config.login.session = "12345678901".into()).contains("0 to 10"));
    assert!(told(|config| config.symbols[3] = "TOO LONG!".into()).contains("symbol"));
    assert!(told(|config| config.symbols[3] = "AAPL".into()).contains("two instruments"));
    assert!(told(|config| config.session = 1).contains("counted from 0"));
    assert!(told(|config| config.orders = 15).contains("orders 15"));
    assert!(told(|config| config.queue = 1 << 25).contains("queue"));
    assert_eq!(told(|config| config.times.silence = std::time::Duration::ZERO), ConfigError::Time("silence").to_string());
    assert!(!format!("{:?}", config()).contains("riposte\""));
}
