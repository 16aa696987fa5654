//! The thread over real sockets of this machine: a scripted venue listens, and does what venues do.
use super::{accepted, config, login, next_user_ref, order_accepted, soup, venue};
use riposte_engine::{Body, HostMessage, Report, Side, Stream};
use riposte_session::{Close, Config, Counts, Notice, Retry, Runner, SendError, Session, start};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// Only ends a test that fails.
const LIMIT: Duration = Duration::from_secs(60);

fn listen() -> (TcpListener, Config) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let mut config = Config { address: listener.local_addr().expect("an address"), queue: 64, ..config() };
    // A busy machine is not a silent venue.
    (config.times.silence, config.times.connect) = (LIMIT, LIMIT);
    config.times.retry_min = Duration::from_millis(1);
    (listener, config)
}

fn accept(listener: &TcpListener) -> TcpStream {
    let (socket, _) = listener.accept().expect("a connection");
    socket.set_read_timeout(Some(LIMIT)).expect("a limit");
    socket.set_write_timeout(Some(LIMIT)).expect("a limit");
    socket
}

/// Reads `wanted`, past heartbeats.
fn expect(socket: &mut TcpStream, wanted: &[u8]) {
    loop {
        let packet = read(socket);
        if packet != soup(b'R', b"") {
            assert_eq!(packet, wanted, "{}", packet.escape_ascii());
            return;
        }
    }
}

fn read(socket: &mut TcpStream) -> Vec<u8> {
    let mut packet = vec![0; 2];
    socket.read_exact(&mut packet).expect("a packet within the limit");
    let length = usize::from(u16::from_be_bytes([packet[0], packet[1]]));
    packet.resize(2 + length, 0);
    socket.read_exact(&mut packet[2..]).expect("the rest of it");
    packet
}

fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(start.elapsed() < LIMIT, "{what} does not come");
        std::thread::yield_now();
    }
}

fn next(session: &mut Session) -> Body {
    wait_for("a body", || session.receive().filter(|body| !matches!(body, Body::Heartbeat { .. })))
}

fn notice(runner: &Runner) -> Notice {
    wait_for("a notice", || runner.notice())
}

/// Lets a session log in that has read everything; `messages` are in the stream.
fn admit(listener: &TcpListener, session: &mut Session, messages: u64, number: u32) -> TcpStream {
    let mut socket = accept(listener);
    expect(&mut socket, &login(0));
    socket.write_all(&accepted(messages + 1)).expect("it is there");
    expect(&mut socket, &soup(b'U', b"Q"));
    assert_eq!(next(session), Body::SessionUp { session: 0 });
    socket.write_all(&next_user_ref(number)).expect("it is there");
    assert!(matches!(next(session), Body::CaughtUp { next_user_ref, .. } if next_user_ref == number));
    socket
}

/// A frame with an order of the card.
fn frame(user_ref: u32) -> Vec<u8> {
    let mut frame = vec![0; 54];
    frame[12..15].copy_from_slice(&[8, 0, 0x45]);
    frame[16..18].copy_from_slice(&(40 + 50u16).to_be_bytes());
    frame[23] = 6;
    frame[46..48].copy_from_slice(&[0x50, 0x18]);
    frame.extend(order(user_ref));
    frame
}

fn order(user_ref: u32) -> Vec<u8> {
    soup(b'U', &[&b"O"[..], &user_ref.to_be_bytes(), &[b' '; 40], &[0, 0]].concat())
}

#[test]
fn orders_of_the_card_and_cancels_of_the_engine_go_out_and_answers_come_back() {
    let (listener, config) = listen();
    let (mut session, runner) = start(&config).expect("a session");
    let mut socket = admit(&listener, &mut session, 0, 1);
    assert_eq!(notice(&runner), Notice::Current);
    session.forward(&frame(1)).expect("room");
    expect(&mut socket, &order(1));
    let cancel = HostMessage::Cancel { session: 0, user_ref: 1 };
    session.send(&cancel).expect("room");
    expect(&mut socket, &soup(b'U', b"X\0\0\0\x01\0\0\0\0"));
    socket.write_all(&order_accepted(1, b'B', 9, b'L')).expect("it is there");
    let report = Report::Accepted { user_ref: 1, instrument: 0, side: Side::Buy, quantity: 9, price: 1_860_000 };
    assert_eq!(next(&mut session), venue(1, report));
    assert!(matches!(session.forward(&[0; 60]), Err(SendError::NotAnOrder(_))));
    assert_eq!(session.send(&HostMessage::Cancel { session: 1, user_ref: 1 }), Err(SendError::Session(1)));
    assert_eq!(session.send(&HostMessage::RenewTimer { session: 0 }), Err(SendError::Timer));
    let counts = wait_for("its counts", || Some(runner.counts()).filter(|counts| counts.messages == 2));
    assert_eq!(counts, Counts { connections: 1, messages: 2, unreadable: 0, sent: 2, unsent: 0 });
    drop(runner);
    expect(&mut socket, &soup(b'O', b""));
    assert_eq!(next(&mut session), Body::SessionDown { session: 0 });
}

#[test]
fn a_cut_connection_is_told_and_comes_back_and_nothing_of_before_is_sent() {
    let (listener, config) = listen();
    let (mut session, runner) = start(&config).expect("a session");
    let socket = admit(&listener, &mut session, 0, 1);
    drop(socket);
    // Sent by a core that does not know yet.
    session.forward(&frame(1)).expect("room");
    assert_eq!(next(&mut session), Body::SessionDown { session: 0 });
    session.forward(&frame(2)).expect("room");
    let mut socket = admit(&listener, &mut session, 1, 1);
    session.forward(&frame(3)).expect("room");
    expect(&mut socket, &order(3));
    assert!(runner.counts().unsent >= 1);
    assert_eq!(notice(&runner), Notice::Current);
    assert!(matches!(notice(&runner), Notice::Closed { retry: Retry::Later, .. }));
}

#[test]
fn no_order_goes_out_of_which_the_venues_word_has_told_the_end() {
    let (listener, config) = listen();
    let (mut session, _runner) = start(&config).expect("a session");
    let mut socket = accept(&listener);
    expect(&mut socket, &login(0));
    socket.write_all(&accepted(1)).expect("it is there");
    expect(&mut socket, &soup(b'U', b"Q"));
    assert_eq!(next(&mut session), Body::SessionUp { session: 0 });
    socket.write_all(&next_user_ref(4)).expect("it is there");
    wait_for("the venue's word", || session.catches_up().then_some(()));
    assert!(matches!(session.receive(), Some(Body::CaughtUp { .. })) && !session.catches_up());
    // Order 5 was known; the frame of 4 and 5 is taken from the card's ring too late.
    session.settle(1, 9);
    session.settle(0, 5);
    for user_ref in [4, 5] {
        assert_eq!(session.forward(&frame(user_ref)), Err(SendError::Settled { user_ref }));
    }
    session.forward(&frame(6)).expect("room");
    expect(&mut socket, &order(6));
}

#[test]
fn a_message_that_came_before_the_cut_is_not_lost() {
    let (listener, config) = listen();
    let (mut session, _runner) = start(&config).expect("a session");
    let mut socket = admit(&listener, &mut session, 0, 1);
    let (mut all, half) = (order_accepted(1, b'B', 9, b'L'), order_accepted(2, b'B', 9, b'L'));
    all.extend_from_slice(&half[..30]);
    socket.write_all(&all).expect("it is there");
    drop(socket);
    assert!(matches!(next(&mut session), Body::Venue { sequence: 1, .. }));
    assert_eq!(next(&mut session), Body::SessionDown { session: 0 });
    let mut socket = accept(&listener);
    expect(&mut socket, &login(0));
    socket.write_all(&accepted(4)).expect("it is there");
    expect(&mut socket, &soup(b'O', b""));
    let mut socket = accept(&listener);
    expect(&mut socket, &login(3));
    socket.write_all(&[accepted(3), half].concat()).expect("it is there");
    assert_eq!(next(&mut session), Body::SessionUp { session: 0 });
    assert!(matches!(next(&mut session), Body::Venue { sequence: 2, .. }));
}

#[test]
fn an_engine_that_does_not_read_stops_the_venue_and_loses_nothing() {
    let (listener, config) = listen();
    let (mut session, _runner) = start(&config).expect("a session");
    let mut socket = admit(&listener, &mut session, 0, 1);
    const ORDERS: u32 = 8_000;
    let writer = std::thread::spawn(move || {
        for user_ref in 1..=ORDERS {
            socket.write_all(&order_accepted(user_ref, b'B', 9, b'L')).expect("it is taken in the end");
        }
        socket
    });
    std::thread::sleep(Duration::from_millis(100));
    for number in 1..=u64::from(ORDERS) {
        assert!(matches!(next(&mut session), Body::Venue { sequence, .. } if sequence == number));
    }
    drop(writer.join().expect("it ends"));
}

#[test]
fn what_came_before_the_end_is_told_to_an_engine_that_is_late() {
    let (listener, config) = listen();
    let (mut session, _runner) = start(&config).expect("a session");
    let mut socket = admit(&listener, &mut session, 0, 1);
    // More than the queue takes, then the end of the day, and nobody there any more.
    let orders: Vec<u8> = (1..=200).flat_map(|user_ref| order_accepted(user_ref, b'B', 9, b'L')).collect();
    socket.write_all(&[orders, soup(b'Z', b"")].concat()).expect("it is there");
    drop((socket, listener));
    std::thread::sleep(Duration::from_millis(50));
    for number in 1..=200 {
        assert!(matches!(next(&mut session), Body::Venue { sequence, .. } if sequence == number));
    }
    assert_eq!(next(&mut session), Body::SessionEnd { session: 0 });
}

#[test]
fn a_venue_that_does_not_read_fills_the_queue_and_is_told() {
    let (listener, config) = listen();
    let (mut session, _runner) = start(&config).expect("a session");
    let mut socket = admit(&listener, &mut session, 0, 1);
    let (mut sent, start) = (0u32, Instant::now());
    // Full for so long that it is no matter of turns.
    let mut full_since = None;
    while full_since.is_none_or(|since: Instant| since.elapsed() < Duration::from_millis(200)) {
        assert!(start.elapsed() < LIMIT, "{sent} orders, and never full");
        match session.forward(&frame(sent + 1)) {
            Ok(()) => (sent, full_since) = (sent + 1, None),
            Err(SendError::Full) => _ = full_since.get_or_insert(Instant::now()),
            Err(error) => panic!("{error}"),
        }
    }
    (1..=sent).for_each(|user_ref| expect(&mut socket, &order(user_ref)));
}

#[test]
fn a_rejected_login_is_not_tried_again_and_an_absent_venue_is() {
    let (listener, config) = listen();
    let (_session, runner) = start(&config).expect("a session");
    let mut socket = accept(&listener);
    expect(&mut socket, &login(0));
    socket.write_all(&soup(b'J', b"A")).expect("it is there");
    assert_eq!(notice(&runner), Notice::Closed { why: Close::NotAuthorised, retry: Retry::Never });
    assert!(runner.is_over());
    drop((listener, socket));
    let (mut session, runner) = start(&config).expect("a session");
    for _ in 0..3 {
        assert!(matches!(notice(&runner), Notice::Closed { why: Close::Unreachable(_), retry: Retry::Later }));
    }
    let listener = TcpListener::bind(config.address).expect("the port is free");
    admit(&listener, &mut session, 0, 1);
}

#[test]
fn a_stream_is_read_again_when_asked() {
    let (listener, config) = listen();
    let (mut session, runner) = start(&config).expect("a session");
    let mut socket = admit(&listener, &mut session, 0, 1);
    runner.reread();
    expect(&mut socket, &soup(b'O', b""));
    assert_eq!(next(&mut session), Body::SessionDown { session: 0 });
    let mut socket = accept(&listener);
    expect(&mut socket, &login(0));
    socket.write_all(&accepted(2)).expect("it is there");
    let mut socket = accept(&listener);
    expect(&mut socket, &login(1));
}

#[test]
fn a_drop_copy_takes_no_order() {
    let (listener, mut config) = listen();
    config.stream = Stream::DropCopy;
    let (mut session, _runner) = start(&config).expect("a session");
    let mut socket = accept(&listener);
    expect(&mut socket, &login(1));
    socket.write_all(&[accepted(1), order_accepted(1, b'S', 9, b'L')].concat()).expect("it is there");
    assert!(matches!(next(&mut session), Body::DropCopy { sequence: 1, .. }));
    assert_eq!(session.forward(&frame(1)), Err(SendError::DropCopy));
    assert_eq!(session.send(&HostMessage::Cancel { session: 0, user_ref: 1 }), Err(SendError::DropCopy));
}

#[test]
fn the_pinned_cores_end_does_not_allocate() {
    let (listener, config) = listen();
    let (mut session, _runner) = start(&config).expect("a session");
    let mut socket = admit(&listener, &mut session, 0, 1);
    socket.write_all(&order_accepted(1, b'S', 9, b'L')).expect("it is there");
    let one = frame(1);
    let told = allocation_counter::measure(|| {
        session.forward(&one).expect("room");
        session.send(&HostMessage::Cancel { session: 0, user_ref: 1 }).expect("room");
        while !matches!(session.receive(), Some(Body::Venue { .. })) {
            std::hint::spin_loop();
        }
    });
    assert_eq!(told.count_total, 0);
}
