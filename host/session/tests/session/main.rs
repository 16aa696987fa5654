//! The session as the specifications' bytes have it, as the simulated venue has it, and as a thread over real sockets.
#![forbid(unsafe_code)]

mod client;
mod golden;
mod runner;
mod venue;

use riposte_engine::{Body, Report};
use riposte_session::{Client, Config};

/// The card's session with AAPL, MSFT and two symbols that captures name.
fn config() -> Config {
    let mut config = Config::new("127.0.0.1:1".parse().expect("an address"), "RIPO", "riposte");
    for (to, symbol) in config.symbols.iter_mut().zip(["AAPL", "MSFT", "ADBE", "CVLT"]) {
        *to = symbol.to_owned();
    }
    config
}

/// A packet by the specification.
fn soup(kind: u8, payload: &[u8]) -> Vec<u8> {
    [&(payload.len() as u16 + 1).to_be_bytes(), &[kind][..], payload].concat()
}

fn accepted(next: u64) -> Vec<u8> {
    soup(b'A', format!("{:>10}{next:>20}", "DAY1").as_bytes())
}

fn sequenced(message: &[u8]) -> Vec<u8> {
    soup(b'S', message)
}

/// The answer to an account query.
fn next_user_ref(number: u32) -> Vec<u8> {
    sequenced(&[&b"Q"[..], &[0; 8], &number.to_be_bytes()].concat())
}

/// An order that was accepted, without options.
fn order_accepted(user_ref: u32, side: u8, quantity: u32, state: u8) -> Vec<u8> {
    let fields: [&[u8]; 9] = [
        b"A\0\0\0\0\0\0\0\0", &user_ref.to_be_bytes(), &[side], &quantity.to_be_bytes(), b"AAPL    ",
        &1_860_000u64.to_be_bytes(), b"0Y\0\0\0\0\0\0\0\x07PNN", &[state], b"              \0\0",
    ];
    sequenced(&fields.concat())
}

fn executed(user_ref: u32, quantity: u32, match_number: u64) -> Vec<u8> {
    let fields: [&[u8]; 6] = [
        b"E\0\0\0\0\0\0\0\0", &user_ref.to_be_bytes(), &quantity.to_be_bytes(), &1_860_000u64.to_be_bytes(), b"A",
        &match_number.to_be_bytes(),
    ];
    sequenced(&[&fields.concat()[..], &[0, 0]].concat())
}

fn canceled(user_ref: u32, quantity: u32) -> Vec<u8> {
    sequenced(&[&b"C\0\0\0\0\0\0\0\0"[..], &user_ref.to_be_bytes(), &quantity.to_be_bytes(), b"U"].concat())
}

/// Gives bytes of the venue; what comes of them.
fn give(client: &mut Client, now_ns: u64, bytes: &[u8]) -> Vec<Body> {
    assert_eq!(client.receive(now_ns, bytes), bytes.len(), "room");
    bodies(client, now_ns)
}

fn bodies(client: &mut Client, now_ns: u64) -> Vec<Body> {
    std::iter::from_fn(|| client.next(now_ns)).collect()
}

/// What the client has written.
fn written(client: &mut Client) -> Vec<u8> {
    let bytes = client.output().to_vec();
    client.written(bytes.len());
    bytes
}

fn login(next: u64) -> Vec<u8> {
    soup(b'L', format!("{:<6}{:<10}{:<10}{next:<20}", "RIPO", "riposte", "").as_bytes())
}

/// A client that is current, behind a stream without a message.
fn current() -> Client {
    let mut client = Client::new(&config()).expect("a sound configuration");
    client.connected(0);
    assert_eq!(written(&mut client), login(0));
    assert_eq!(give(&mut client, 0, &accepted(1)), [Body::SessionUp { session: 0 }]);
    assert_eq!(written(&mut client), soup(b'U', b"Q"));
    let caught_up = Body::CaughtUp { session: 0, next_sequence: 1, next_user_ref: 1 };
    assert_eq!(give(&mut client, 0, &next_user_ref(1)), [caught_up]);
    client
}

/// A report of session 0.
fn venue(sequence: u64, report: Report) -> Body {
    Body::Venue { session: 0, sequence, report }
}
