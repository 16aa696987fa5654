//! OUCH 5.0 against captured bytes, the contract's own table and every cut of every message.
#![forbid(unsafe_code)]

use proptest::prelude::*;
use riposte_map::wire::ouch::enter_order;
use riposte_venue::ouch::*;

/// Messages of a production capture (`PROTOCOLS.md`, 5.4), without their SoupBinTCP header.
const ENTER: &str =
    "4f0000007154000000e143564c54202020200000000000099db83059414e4e4838465542384956202020202020000605024c494d45";
const CANCEL: &str = "5800752e7100000000";
const CANCELED: &str = "430000289b4d68131700753a8d0000002855";
const ACCEPTED: &str = "410000289b4d64af8700753a8d42000000284144424520202020000000000048e7483559000000000f56b4f5414e4e4c\
                        3736383237303120202020202020000905024d4c524f021230";

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter_map(|digit| char::from(digit).to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn text<const N: usize>(text: &str) -> [u8; N] {
    let mut padded = [b' '; N];
    padded[..text.len()].copy_from_slice(text.as_bytes());
    padded
}

#[test]
fn captured_inbound_messages_decode_and_encode() {
    let enter = EnterOrder {
        user_ref: 113,
        side: b'T',
        quantity: 225,
        symbol: text("CVLT"),
        price_e4: 630_200,
        time_in_force: b'0',
        display: b'Y',
        capacity: b'A',
        sweep: b'N',
        cross_type: b'N',
        client_order_id: text("H8FUB8IV"),
        options: Options::default().with(tag::FIRM, b"LIME"),
    };
    assert_eq!(Inbound::decode(&bytes(ENTER)), Ok(enter.clone().into()));
    assert_eq!(Inbound::from(enter).encode(), bytes(ENTER));
    let cancel = CancelOrder { user_ref: 0x0075_2e71, quantity: 0, options: Options::default() };
    assert_eq!(Inbound::decode(&bytes(CANCEL)), Ok(cancel.clone().into()));
    assert_eq!(Inbound::from(cancel).encode(), bytes(CANCEL));
}

#[test]
fn captured_outbound_messages_decode_and_encode() {
    let canceled = Canceled {
        time_ns: 0x289b_4d68_1317,
        user_ref: 0x0075_3a8d,
        quantity: 40,
        reason: canceled::USER,
        options: Options::default(),
    };
    assert_eq!(Outbound::decode(&bytes(CANCELED)), Ok(canceled.clone().into()));
    assert_eq!(Outbound::from(canceled).encode(), bytes(CANCELED));
    let accepted = Accepted {
        time_ns: 0x289b_4d64_af87,
        user_ref: 0x0075_3a8d,
        side: b'B',
        quantity: 40,
        symbol: text("ADBE"),
        price_e4: 4_777_800,
        time_in_force: b'5',
        display: b'Y',
        order_ref: 0x0f56_b4f5,
        capacity: b'A',
        sweep: b'N',
        cross_type: b'N',
        state: b'L',
        client_order_id: text("7682701"),
        options: Options::default().with(tag::FIRM, b"MLRO").with(18, b"0"),
    };
    assert_eq!(Outbound::decode(&bytes(ACCEPTED)), Ok(accepted.clone().into()));
    assert_eq!(Outbound::from(accepted).encode(), bytes(ACCEPTED));
}

#[test]
fn the_contracts_enter_order_is_read_as_it_was_written() {
    let mut message = vec![0; enter_order::LENGTH];
    for (field, value) in [
        (enter_order::TYPE, u64::from(enter_order::CODE)),
        (enter_order::USER_REF, 7),
        (enter_order::SIDE, u64::from(b'S')),
        (enter_order::QUANTITY, 300),
        (enter_order::SYMBOL, u64::from_be_bytes(text("AAPL"))),
        (enter_order::PRICE, 1_864_200),
        (enter_order::TIME_IN_FORCE, u64::from(b'3')),
        (enter_order::DISPLAY, u64::from(b'Y')),
        (enter_order::CAPACITY, u64::from(b'P')),
        (enter_order::INTERMARKET_SWEEP, u64::from(b'N')),
        (enter_order::CROSS_TYPE, u64::from(b'N')),
    ] {
        field.put(&mut message, value);
    }
    let Ok(Inbound::EnterOrder(order)) = Inbound::decode(&message) else { panic!("no enter order") };
    assert_eq!((order.user_ref, order.side, order.quantity, order.price_e4), (7, b'S', 300, 1_864_200));
    assert_eq!((order.symbol, order.time_in_force, order.capacity), (text("AAPL"), b'3', b'P'));
}

/// Each type, and the length of its fixed part as the specification's tables have it.
const INBOUND: &[(u8, usize)] = &[(b'O', 47), (b'U', 40), (b'X', 9), (b'M', 10), (b'Q', 1), (b'C', 17)];
const OUTBOUND: &[(u8, usize)] = &[
    (b'S', 10), (b'A', 64), (b'U', 68), (b'C', 18), (b'D', 32), (b'E', 36), (b'B', 36), (b'J', 29), (b'P', 13),
    (b'I', 13), (b'T', 30), (b'M', 18), (b'R', 16), (b'Q', 13), (b'X', 25),
];

/// Decodes and encodes again; `None` if the bytes are no message.
type Codec = fn(&[u8]) -> Result<Vec<u8>, DecodeError>;
const BOTH: [(&[(u8, usize)], Codec); 2] = [
    (INBOUND, |bytes| Ok(Inbound::decode(bytes)?.encode())),
    (OUTBOUND, |bytes| Ok(Outbound::decode(bytes)?.encode())),
];

#[test]
fn every_message_has_its_length_and_no_shorter_one_is_taken() {
    for (messages, codec) in BOTH {
        for &(code, length) in messages {
            let mut message = vec![0; length];
            message[0] = code;
            assert_eq!(codec(&message).as_ref(), Ok(&message), "{}", char::from(code));
            for cut in 1..length {
                let short = DecodeError::Short { code, bytes: cut, least: length };
                assert_eq!(codec(&message[..cut]), Err(short));
            }
            message.push(0);
            assert!(codec(&message).is_err(), "a byte too many in {}", char::from(code));
        }
        for code in (0..=255).filter(|code| messages.iter().all(|(known, _)| known != code)) {
            assert_eq!(codec(&[code; 64]), Err(DecodeError::Unknown(code)));
        }
        assert_eq!(codec(&[]), Err(DecodeError::Empty));
    }
}

#[test]
fn every_cut_of_an_appendage_is_refused() {
    let whole = bytes(ACCEPTED);
    for cut in 64..whole.len() {
        assert!(Outbound::decode(&whole[..cut]).is_err(), "cut at {cut}");
    }
    let decode = |tail: &[u8]| Inbound::decode(&[&bytes(CANCEL), tail].concat());
    assert_eq!(decode(&[0, 1, 0]), Err(DecodeError::OptionLength { length: 0, left: 0 }));
    assert_eq!(decode(&[0, 3, 9, 2, 2]), Err(DecodeError::OptionLength { length: 9, left: 2 }));
    assert_eq!(decode(&[0, 3, 2, 2, 2]), Err(DecodeError::OptionSize { tag: 2, bytes: 1, size: 4 }));
    // A tag of a later revision passes.
    assert!(decode(&[0, 3, 2, 99, 2]).is_ok());
}

proptest! {
    #[test]
    fn whatever_decodes_encodes_to_the_same_bytes(mut message in prop::collection::vec(any::<u8>(), 1..90), code: usize) {
        for (messages, codec) in BOTH {
            message[0] = messages[code % messages.len()].0;
            if let Ok(again) = codec(&message) {
                // An appendage of length 0 may be written or left out.
                prop_assert!(again == message || [again, vec![0, 0]].concat() == message);
            }
        }
    }
}
