//! Messages as captures and the specification have them, at every length; and what the host writes.
use super::{accepted, canceled, config, current, executed, give, order_accepted, sequenced, soup, venue, written};
use riposte_engine::{Body, Report, Side, Stream};
use riposte_session::{Client, NotAnOrder, PAYLOAD_BYTES_MAX, is_unreadable, payload};

/// Captured, with their SoupBinTCP framing.
const ENTER: &str = "0036554f0000007154000000e143564c54202020200000000000099db83059414e4e4838465542384956202020202020000605024c494d45";
const CANCELED: &str = "001353430000289b4d68131700753a8d0000002855";
const ACCEPTED: &str = "004a53410000289b4d64af8700753a8d42000000284144424520202020000000000048e7483559000000000f56b4f5414e4e4c3736383237303120202020202020000905024d4c524f021230";

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal")).collect()
}

/// The frame around a payload, as a card's template has it.
fn frame(payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0; 54];
    frame[12..15].copy_from_slice(&[8, 0, 0x45]);
    frame[16..18].copy_from_slice(&(40 + payload.len() as u16).to_be_bytes());
    frame[23] = 6;
    frame[46..48].copy_from_slice(&[0x50, 0x18]);
    frame.extend_from_slice(payload);
    frame
}

#[test]
fn captured_answers_are_read() {
    let mut client = current();
    // ADBE is instrument 2 of the configuration; 477.78 dollars.
    let report = Report::Accepted { user_ref: 0x753a8d, instrument: 2, side: Side::Buy, quantity: 40, price: 4_777_800 };
    assert_eq!(give(&mut client, 0, &bytes(ACCEPTED)), [venue(1, report)]);
    let report = Report::Cancelled { user_ref: 0x753a8d, quantity: 40 };
    assert_eq!(give(&mut client, 0, &bytes(CANCELED)), [venue(2, report)]);
}

#[test]
fn each_message_of_the_venue_becomes_what_it_means() {
    let mut client = current();
    let number = |value: u32| value.to_be_bytes();
    let message = |code: &[u8], fields: &[&[u8]]| sequenced(&[code, &[0; 8], &fields.concat()].concat());
    let accepted = |user_ref, side| Report::Accepted { user_ref, instrument: 0, side, quantity: 100, price: 1_860_000 };
    let traded = |user_ref, side, execution| {
        Report::Executed { user_ref, instrument: 0, side, quantity: 30, price: 1_860_000, execution }
    };
    let replaced: [&[u8]; 8] = [
        &number(1), &number(4), b"B", &number(60), b"AAPL    ", &1_870_000u64.to_be_bytes(), b"0Y\0\0\0\0\0\0\0\x08PNN", b"L",
    ];
    let replaced = [&replaced.concat()[..], b"              \0\0"].concat();
    let aiq: [&[u8]; 6] = [&number(3), &number(100), b"Q", &number(100), &[0; 8], b"R1"];
    let cases: Vec<(Vec<u8>, Vec<Report>)> = vec![
        (message(b"S", &[b"S"]), vec![]),
        (order_accepted(1, b'B', 100, b'L'), vec![accepted(1, Side::Buy)]),
        (order_accepted(2, b'S', 100, b'L'), vec![accepted(2, Side::Sell)]),
        (order_accepted(3, b'T', 100, b'L'), vec![accepted(3, Side::Sell)]),
        (executed(1, 30, 500), vec![traded(1, Side::Buy, 1000)]),
        // Both sides of a match may be ours: they are two executions.
        (executed(2, 30, 500), vec![traded(2, Side::Sell, 1001)]),
        (message(b"U", &[&replaced]), vec![Report::Replaced { original: 1, user_ref: 4, quantity: 60, price: 1_870_000 }]),
        (executed(4, 30, 501), vec![traded(4, Side::Buy, 1002)]),
        (message(b"D", &[&aiq.concat()]), vec![Report::Cancelled { user_ref: 3, quantity: 100 }]),
        (message(b"B", &[&number(2), &500u64.to_be_bytes(), b"E", &[b' '; 14]]), vec![Report::Broken { execution: 1001 }]),
        (message(b"J", &[&number(5), &[0, 0x17], &[b' '; 14]]), vec![Report::Rejected { user_ref: 5, reason: 0x17 }]),
        (message(b"P", &[&number(2)]), vec![]),
        (message(b"I", &[&number(2)]), vec![]),
        (message(b"T", &[&number(2), &[0; 8], b"Y", &[0; 8]]), vec![]),
        (message(b"R", &[&number(2), b"R", &[0, 0]]), vec![]),
        (message(b"X", &[&number(9), b"FIRM", b"        "]), vec![]),
        (message(b"G", &[&number(9), b"FIRM"]), vec![]),
        (message(b"K", &[&number(9), b"FIRM"]), vec![]),
        (message(b"Q", &[&number(9)]), vec![]),
        (canceled(2, 70), vec![Report::Cancelled { user_ref: 2, quantity: 70 }]),
        // Dead on arrival: accepted and ended in one message.
        (
            order_accepted(6, b'E', 100, b'D'),
            vec![accepted(6, Side::Sell), Report::Cancelled { user_ref: 6, quantity: 100 }],
        ),
        // The later revision's appendage where there was none.
        ([&[0, 0x18], &canceled(4, 7)[2..], &[0, 3, 2, 28, 1]].concat(), vec![Report::Cancelled { user_ref: 4, quantity: 7 }]),
    ];
    let mut sequence = 0;
    for (at, (packet, reports)) in cases.into_iter().enumerate() {
        let told = give(&mut client, 0, &packet);
        let wanted: Vec<_> = reports.into_iter().map(|report| { sequence += 1; venue(sequence, report) }).collect();
        assert_eq!(told, wanted, "case {at}");
    }
    assert_eq!(client.unreadable(), 0);
}

#[test]
fn what_cannot_be_read_is_counted_told_and_stops_the_engine() {
    let modified = sequenced(&[&b"M"[..], &[0; 8], &1u32.to_be_bytes(), b"E", &[0; 4]].concat());
    let price = {
        let mut packet = order_accepted(7, b'B', 100, b'L');
        packet[3 + 26] = 0x80;
        packet
    };
    let cases = [
        (sequenced(b""), "without a byte"),
        (sequenced(b"zzz"), "unknown message type 'z'"),
        (sequenced(&[b"C", &[0; 16][..]].concat()), "Order Canceled of 17 bytes, and it has 18"),
        (sequenced(&[b"A", &[0; 61][..]].concat()), "Order Accepted of 62 bytes, and it has 64"),
        (sequenced(&[b"C", &[0; 17][..], &[9]].concat()), "options say 9 bytes and have 0"),
        (sequenced(&[b"C", &[0; 17][..], &[0, 4, 1]].concat()), "options say 4 bytes and have 1"),
        (sequenced(&[b"C", &[0; 17][..], &[0, 2, 5, 1]].concat()), "does not end within it"),
        (sequenced(&[b"C", &[0; 17][..], &[0, 1, 0]].concat()), "does not end within it"),
        (order_accepted(1, b'?', 100, b'L'), "order 1 on side '?'"),
        (executed(77, 1, 1), "a trade of order 77, which was never accepted"),
        (modified, "an order was modified"),
        (price, "order 7 at price"),
    ];
    for (at, (packet, says)) in cases.into_iter().enumerate() {
        let mut client = current();
        let told = give(&mut client, 0, &packet);
        assert!(told.len() == 1 && is_unreadable(&told[0]), "case {at}: {told:?}");
        let (number, why) = client.take_unreadable().expect("it is told");
        assert!(number == 2 && why.to_string().contains(says), "case {at}: {why}");
        assert_eq!((client.unreadable(), client.closing()), (1, None), "the stream goes on");
        // The report's number is taken: what follows has the next one.
        let next = give(&mut client, 0, &canceled(1, 5));
        assert_eq!(next, [venue(2, Report::Cancelled { user_ref: 1, quantity: 5 })]);
    }
    let mut client = current();
    give(&mut client, 0, &order_accepted(1, b'B', 9, b'L'));
    assert!(is_unreadable(&give(&mut client, 0, &executed(1, 1, 1 << 63))[0]), "no room for the side");
}

#[test]
fn no_more_orders_are_remembered_than_configured() {
    let mut one = config();
    (one.orders, one.stream) = (16, Stream::DropCopy);
    let mut client = Client::new(&one).expect("a configuration");
    client.connected(0);
    give(&mut client, 0, &accepted(1));
    for user_ref in 1..=16 {
        assert!(!is_unreadable(&give(&mut client, 0, &order_accepted(user_ref, b'B', 9, b'L'))[0]));
    }
    let told = give(&mut client, 0, &order_accepted(17, b'B', 9, b'L'));
    assert!(is_unreadable(&told[0]) && matches!(told[0], Body::Unreadable { stream: Stream::DropCopy, sequence: 17, .. }));
}

#[test]
fn a_truncated_message_of_any_length_is_told_and_nothing_panics() {
    let messages = [order_accepted(1, b'B', 100, b'L'), executed(1, 3, 4), canceled(1, 2), bytes(ACCEPTED), bytes(CANCELED)];
    for message in messages {
        for length in 0..message.len() - 3 {
            let mut client = current();
            give(&mut client, 0, &order_accepted(1, b'B', 100, b'L'));
            let told = give(&mut client, 0, &sequenced(&message[3..3 + length]));
            assert!(told.len() == 1 && is_unreadable(&told[0]), "{length} of {}", message.len() - 3);
        }
    }
}

#[test]
fn the_captured_order_is_what_the_card_may_send_and_nothing_else_is() {
    let order = bytes(ENTER);
    assert_eq!(payload(&frame(&order)), Ok(&order[..]));
    let with = |at: usize, byte: u8| {
        let mut frame = frame(&order);
        frame[at] = byte;
        frame
    };
    let cases = [
        (frame(&order)[..53].to_vec(), NotAnOrder::Length(53)),
        (frame(&order[..19]), NotAnOrder::Length(54 + 19)),
        (frame(&order[..49]), NotAnOrder::Packet),
        (frame(&[&[0, 47], &order[2..49]].concat()), NotAnOrder::Message),
        (frame(&[&order[..], &[0; 30]].concat()), NotAnOrder::Length(54 + 86)),
        (with(12, 9), NotAnOrder::Headers),
        (with(14, 0x46), NotAnOrder::Headers),
        (with(23, 17), NotAnOrder::Headers),
        (with(46, 0x60), NotAnOrder::Headers),
        (with(17, 90), NotAnOrder::TotalLength { bytes: 110, told: 90 }),
        (with(55, 0x35), NotAnOrder::Packet),
        (with(56, b'S'), NotAnOrder::Packet),
        (with(57, b'X'), NotAnOrder::Message),
        (with(61, 0), NotAnOrder::Message),
        // Two orders in one segment.
        (frame(&[&order[..50], &order[..50]].concat()), NotAnOrder::Length(154)),
    ];
    for (at, (frame, why)) in cases.into_iter().enumerate() {
        assert_eq!(payload(&frame), Err(why), "case {at}");
    }
    assert!(order.len() <= PAYLOAD_BYTES_MAX);
}

#[test]
fn an_order_goes_out_as_it_was_made() {
    let mut client = current();
    let order = bytes(ENTER);
    assert_eq!(client.send(0, 1, &order), Ok(()));
    assert_eq!(written(&mut client), order);
    assert_eq!(give(&mut client, 0, &soup(b'H', b"")), [Body::Heartbeat { session: 0 }]);
}
