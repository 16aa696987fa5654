//! ITCH 5.0 messages typed from the exchange's document (PROTOCOLS.md, 5.3), not from the contract's tables.

fn head(code: u8, locate: u16) -> Vec<u8> {
    let mut message = vec![code];
    message.extend(locate.to_be_bytes());
    message.extend([0; 8]);
    message
}

pub fn add(locate: u16, reference: u64, side: u8, shares: u32, price_e4: u32) -> Vec<u8> {
    let mut message = head(b'A', locate);
    message.extend(reference.to_be_bytes());
    message.push(side);
    message.extend(shares.to_be_bytes());
    message.extend(b"TEST    ");
    message.extend(price_e4.to_be_bytes());
    message
}

pub fn add_mpid(locate: u16, reference: u64, side: u8, shares: u32, price_e4: u32) -> Vec<u8> {
    let mut message = add(locate, reference, side, shares, price_e4);
    message[0] = b'F';
    message.extend(b"LIME");
    message
}

pub fn executed(locate: u16, reference: u64, shares: u32) -> Vec<u8> {
    let mut message = head(b'E', locate);
    message.extend(reference.to_be_bytes());
    message.extend(shares.to_be_bytes());
    message.extend([0; 8]);
    message
}

pub fn executed_price(locate: u16, reference: u64, shares: u32, printable: u8, price_e4: u32) -> Vec<u8> {
    let mut message = executed(locate, reference, shares);
    message[0] = b'C';
    message.push(printable);
    message.extend(price_e4.to_be_bytes());
    message
}

pub fn cancel(locate: u16, reference: u64, shares: u32) -> Vec<u8> {
    let mut message = head(b'X', locate);
    message.extend(reference.to_be_bytes());
    message.extend(shares.to_be_bytes());
    message
}

pub fn delete(locate: u16, reference: u64) -> Vec<u8> {
    let mut message = head(b'D', locate);
    message.extend(reference.to_be_bytes());
    message
}

pub fn replace(locate: u16, reference: u64, new: u64, shares: u32, price_e4: u32) -> Vec<u8> {
    let mut message = head(b'U', locate);
    message.extend(reference.to_be_bytes());
    message.extend(new.to_be_bytes());
    message.extend(shares.to_be_bytes());
    message.extend(price_e4.to_be_bytes());
    message
}

pub fn trade(locate: u16, shares: u32, price_e4: u32) -> Vec<u8> {
    let mut message = add(locate, 0, b'B', shares, price_e4);
    message[0] = b'P';
    message.extend([0; 8]);
    message
}

pub fn action(locate: u16, state: u8) -> Vec<u8> {
    let mut message = head(b'H', locate);
    message.extend(b"TEST    ");
    message.extend([state, b' ', b' ', b' ', b' ', b' ']);
    message
}

pub fn system(code: u8) -> Vec<u8> {
    let mut message = head(b'S', 0);
    message.push(code);
    message
}

/// A message of a type that ITCH 5.0 does not have.
pub fn unknown(length: usize) -> Vec<u8> {
    let mut message = head(b'!', 0);
    message.resize(length, 0);
    message
}

/// Bytes of a message after which it can be decided on: up to the price, or the shares, or the end.
pub fn needed_bytes(message: &[u8]) -> usize {
    match message[0] {
        b'A' | b'F' | b'C' | b'P' => 36,
        b'E' | b'X' => 23,
        b'U' => 35,
        b'D' => 19,
        _ => message.len(),
    }
}

/// Message blocks: length and data each.
pub fn blocks(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut body = Vec::new();
    for message in messages {
        body.extend((message.len() as u16).to_be_bytes());
        body.extend(message);
    }
    body
}
