//! Sound inputs to begin with: what each target reads, made by whoever writes it.
use riposte_capture::{Channel, Packetiser, PcapWriter, frame_of};
use riposte_control::{Request, line};
use riposte_engine::{Body, Change, Input, Report, Side};
use riposte_map::shm::{Event, EventKind, Level};
use riposte_venue::ouch::{EnterOrder, Inbound};
use riposte_venue::soup::packet;

/// A system event and an add of AAPL, as ITCH 5.0 has them.
fn messages() -> Vec<Vec<u8>> {
    let mut system = b"S\0\0\0\0".to_vec();
    system.extend([0; 6]);
    system.push(b'O');
    let mut add = b"A\0\x0d\0\0".to_vec();
    add.extend([0; 6]);
    add.extend(7u64.to_be_bytes());
    add.push(b'B');
    add.extend(100u32.to_be_bytes());
    add.extend(b"AAPL    ");
    add.extend(1_860_000u32.to_be_bytes());
    vec![system, add]
}

fn raw() -> Vec<u8> {
    messages().iter().flat_map(|one| [&(one.len() as u16).to_be_bytes()[..], one].concat()).collect()
}

fn frames() -> Vec<Vec<u8>> {
    let (mut made, mut frames) = (Packetiser::new(Channel::default()).expect("a sound channel"), Vec::new());
    messages().iter().for_each(|message| made.push(message, &mut frames).expect("a sound message"));
    frames.extend(made.finish());
    frames.push(made.end_of_session());
    frames.into_iter().map(|record| record.bytes).collect()
}

fn pcap() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = PcapWriter::new(&mut bytes).expect("memory");
    frames().iter().zip(1..).for_each(|(frame, time_ns)| writer.write(time_ns, frame).expect("memory"));
    bytes
}

/// Login accepted, the account's answer, an order accepted and executed.
fn session() -> Vec<u8> {
    let sequenced = |message: &[u8]| packet(b'S', message);
    let parts = [
        vec![0x88], packet(b'A', b"      DAY1                   1"),
        sequenced(&[&b"Q"[..], &[0; 8], &1u32.to_be_bytes()].concat()),
        sequenced(&[&b"E\0\0\0\0\0\0\0\0"[..], &1u32.to_be_bytes(), &9u32.to_be_bytes(), &100u64.to_be_bytes(), b"A", &[0; 10]].concat()),
        packet(b'H', b""), packet(b'Z', b""),
    ];
    parts.concat()
}

fn venue() -> Vec<Vec<u8>> {
    let order = Inbound::EnterOrder(EnterOrder::plain(1, b'B', 100, *b"AAPL    ", 1_860_000)).encode();
    let login = packet(b'L', format!("{:<6}{:<10}{:<10}{:>20}", "RIPO", "riposte", "", 0).as_bytes());
    vec![[login, packet(b'U', &order), packet(b'O', b"")].concat(), order]
}

fn control() -> Vec<u8> {
    [Request::Status {}, Request::Orders { all: true, from: 0 }, Request::Approve { request: Some(7), dry_run: true, why: String::new() }].iter().flat_map(line).collect()
}

fn engine() -> Vec<u8> {
    let price_e4 = 1_860_000;
    let event = |kind: EventKind, sequence| Event {
        kind: kind as u8, sequence, user_ref: 1, quantity: 100, price_e4, detail: b'B'.into(),
        bid: Level { price_e4, quantity: 1 }, ask: Level { price_e4: price_e4 + 1, quantity: 1 }, ..Event::default()
    };
    let price = price_e4.into();
    let report = |sequence, report| Body::Venue { session: 0, sequence, report };
    let inputs = [
        Body::CardUp { deployment: Default::default() }, Body::SessionUp { session: 0 },
        Body::CaughtUp { session: 0, next_sequence: 1, next_user_ref: 1 }, Body::Card { event: event(EventKind::Book, 1) },
        Body::Card { event: event(EventKind::OrderSent, 2) },
        report(1, Report::Accepted { user_ref: 1, instrument: 0, side: Side::Buy, quantity: 100, price }),
        report(2, Report::Executed { user_ref: 1, instrument: 0, side: Side::Buy, quantity: 60, price, execution: 1 }),
        Body::Propose { request: 1, by: 1, change: Change::RevertOrders { instruments: 1 } }, Body::Tick, Body::SessionDown { session: 0 },
    ];
    let bytes = |(body, time_ns)| {
        let input = Input { time_ns, body }.encode();
        [&[input.bytes().len() as u8][..], input.bytes()].concat()
    };
    inputs.into_iter().zip(1..).flat_map(bytes).collect()
}

/// Seeds of a target.
pub fn of(target: &str) -> Vec<Vec<u8>> {
    match target {
        "capture" => vec![pcap(), raw()],
        "wire" => [frames(), vec![frame_of(&Channel::default(), 1, b"no packet")]].concat(),
        "session" => vec![session()],
        "venue" => venue(),
        "control" => vec![control()],
        "desk" => vec![include_bytes!("../../demo/desk.toml").to_vec()],
        "engine" => vec![engine()],
        "tcp" => super::targets::connection::seeds(),
        _ => Vec::new(),
    }
}
