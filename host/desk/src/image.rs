//! The frame of a prepared order or mass cancel: Ethernet, IPv4, TCP, SoupBinTCP, OUCH 5.0 Enter Order or Mass Cancel.
//!
//! Fields that the gate fills in while it sends are zero here, the IP checksum is final, and the TCP checksum
//! is prepared as the one's complement sum of all that the gate does not touch.
use crate::{Order, Session};
use riposte_map::limits::IMAGE_WORDS;
use riposte_map::wire::{Field, ethernet, ouch, ouch::{enter_order, mass_cancel}, soup};

const SOUP: usize = ethernet::TCP_PAYLOAD;
const OUCH: usize = SOUP + soup::HEADER_BYTES;
const IP: usize = 14;
const TCP: usize = IP + ethernet::IP_HEADER_BYTES;

// What RFC 791 and RFC 9293 have that a receiver of market data never looks at.
const IP_TIME_TO_LIVE: Field = Field::new("time to live", 22, 1);
const IP_CHECKSUM: Field = Field::new("header checksum", 24, 2);
const TCP_SOURCE_PORT: Field = Field::new("source port", 34, 2);
const TCP_DESTINATION_PORT: Field = Field::new("destination port", 36, 2);
const TCP_OFFSET_FLAGS: Field = Field::new("data offset and flags", 46, 2);
const TCP_WINDOW: Field = Field::new("window", 48, 2);
/// Do not fragment.
const DONT_FRAGMENT: u64 = 0x4000;
/// Five 32-bit words of header; PSH and ACK.
const PSH_ACK: u64 = 0x5018;

/// What a rule has prepared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The frame without FCS; TCP sequence number, acknowledgement and checksum, UserRefNum, and an order's side, quantity
    /// and price are zero.
    pub bytes: Vec<u8>,
    /// One's complement sum of the TCP pseudo header and segment, with those fields zero. Not inverted.
    pub partial_checksum: u16,
}

impl Template {
    /// The image of `order` for `symbol` in `session`.
    pub fn order(session: &Session, symbol: &str, order: &Order) -> Template {
        let option = session.firm.map_or(0, |firm| 2 + firm.len());
        let mut message = vec![0; enter_order::LENGTH + option];
        put_order(&mut message, session.firm, symbol, order);
        Template::carrying(session, &message)
    }

    /// The image of a mass cancel of all that the session's firm has in `symbol`; of all firms if the session names none.
    pub fn cancel(session: &Session, symbol: &str) -> Template {
        let mut message = vec![0; mass_cancel::LENGTH];
        mass_cancel::TYPE.put(&mut message, u64::from(mass_cancel::CODE));
        let firm = session.firm.unwrap_or([b' '; 4]);
        message[mass_cancel::FIRM.offset..mass_cancel::FIRM.end()].copy_from_slice(&firm);
        put_padded(&mut message, mass_cancel::SYMBOL, symbol);
        Template::carrying(session, &message)
    }

    fn carrying(session: &Session, message: &[u8]) -> Template {
        let mut bytes = vec![0; OUCH];
        bytes.extend_from_slice(message);
        put_headers(&mut bytes, session);
        let partial_checksum = partial_checksum(&bytes);
        Template { bytes, partial_checksum }
    }

    /// Bytes behind the TCP header: what the TCP sequence number moves by.
    pub fn payload_bytes(&self) -> usize {
        self.bytes.len() - SOUP
    }

    /// The image as the card's 8-byte words, the first byte of the wire in the lowest bits.
    pub fn words(&self) -> Vec<u64> {
        let word = |chunk: &[u8]| {
            let mut bytes = [0; 8];
            bytes[..chunk.len()].copy_from_slice(chunk);
            u64::from_le_bytes(bytes)
        };
        self.bytes.chunks(8).map(word).collect()
    }
}

fn put_headers(bytes: &mut [u8], session: &Session) {
    let total = bytes.len();
    bytes[..6].copy_from_slice(&session.destination_mac);
    bytes[6..12].copy_from_slice(&session.source_mac);
    for (field, value) in [
        (ethernet::ETHERTYPE, ethernet::ETHERTYPE_IPV4),
        (ethernet::IP_VERSION, ethernet::IP_VERSION_LENGTH),
        (ethernet::IP_TOTAL_LENGTH, (total - IP) as u64),
        (ethernet::IP_FRAGMENT, DONT_FRAGMENT),
        (IP_TIME_TO_LIVE, 64),
        (ethernet::IP_PROTOCOL, ethernet::IP_PROTOCOL_TCP),
        (ethernet::IP_SOURCE, u64::from(session.source.ip().to_bits())),
        (ethernet::IP_DESTINATION, u64::from(session.destination.ip().to_bits())),
        (TCP_SOURCE_PORT, u64::from(session.source.port())),
        (TCP_DESTINATION_PORT, u64::from(session.destination.port())),
        (TCP_OFFSET_FLAGS, PSH_ACK),
        (TCP_WINDOW, u64::from(session.window)),
    ] {
        field.put(bytes, value);
    }
    let checksum = !fold(sum(&bytes[IP..TCP]));
    IP_CHECKSUM.put(bytes, u64::from(checksum));
    soup::LENGTH.put(&mut bytes[SOUP..], (total - SOUP - soup::LENGTH.bytes) as u64);
    soup::TYPE.put(&mut bytes[SOUP..], u64::from(soup::UNSEQUENCED_DATA));
}

fn put_order(message: &mut [u8], firm: Option<[u8; 4]>, symbol: &str, order: &Order) {
    let sweep = if order.intermarket_sweep { b'Y' } else { b'N' };
    for (field, letter) in [
        (enter_order::TYPE, enter_order::CODE),
        (enter_order::TIME_IN_FORCE, order.time_in_force),
        (enter_order::DISPLAY, order.display),
        (enter_order::CAPACITY, order.capacity),
        (enter_order::INTERMARKET_SWEEP, sweep),
        // Continuous market: rules act on the continuous book only.
        (enter_order::CROSS_TYPE, b'N'),
    ] {
        field.put(message, u64::from(letter));
    }
    put_padded(message, enter_order::SYMBOL, symbol);
    put_padded(message, enter_order::CLIENT_ORDER_ID, &order.client_order_id);
    if let Some(firm) = firm {
        enter_order::APPENDAGE_LENGTH.put(message, 6);
        let option = &mut message[enter_order::LENGTH..];
        // Length of tag and value, tag, value.
        option[..2].copy_from_slice(&[5, ouch::OPTION_FIRM]);
        option[2..].copy_from_slice(&firm);
    }
}

/// Left-justified, spaces behind.
fn put_padded(message: &mut [u8], field: Field, text: &str) {
    let target = &mut message[field.offset..field.end()];
    target.fill(b' ');
    target[..text.len()].copy_from_slice(text.as_bytes());
}

fn partial_checksum(bytes: &[u8]) -> u16 {
    let addresses = sum(&bytes[ethernet::IP_SOURCE.offset..ethernet::IP_DESTINATION.end()]);
    let segment = &bytes[TCP..];
    fold(addresses + ethernet::IP_PROTOCOL_TCP + segment.len() as u64 + sum(segment))
}

/// Sum of big-endian 16-bit words; an odd last byte counts as the upper half of one.
fn sum(bytes: &[u8]) -> u64 {
    let word = |pair: &[u8]| u64::from(pair[0]) << 8 | u64::from(pair.get(1).copied().unwrap_or(0));
    bytes.chunks(2).map(word).sum()
}

/// One's complement: what overflows 16 bits is added in again.
fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

const _: () = assert!(OUCH + enter_order::LENGTH + 6 <= IMAGE_WORDS * 8 - 8, "the longest order fits the image");
