//! OUCH 5.0 (April/May 2023, and the messages of the later revision): the venue's messages to what is in them, and the host's
//! messages to bytes. Big-endian; prices have four decimals.
use thiserror::Error;

/// What the card sends: Enter Order and Mass Cancel, with the bytes of each without options, an appendage's length included.
pub(crate) const OF_THE_CARD: [(u8, usize); 2] = [(b'O', 47), (b'C', 17)];
/// Where the number is in both.
pub(crate) const USER_REF: usize = 1;

/// Why bytes are no message of the venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    #[error("a message without a byte")]
    Empty,
    #[error("unknown message type {:?}", char::from(*.0))]
    Unknown(u8),
    #[error("{name} of {found} bytes, and it has {wanted}")]
    Short { name: &'static str, found: usize, wanted: usize },
    #[error("{name} whose options say {told} bytes and have {found}")]
    Appendage { name: &'static str, told: usize, found: usize },
    #[error("{name} with an option that does not end within it")]
    Option { name: &'static str },
}

/// What the host reads in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    Accepted { user_ref: u32, side: u8, quantity: u32, symbol: [u8; 8], price: u64, is_dead: bool },
    Replaced { original: u32, user_ref: u32, side: u8, quantity: u32, symbol: [u8; 8], price: u64, is_dead: bool },
    /// Also for reasons of self-match prevention.
    Canceled { user_ref: u32, quantity: u32 },
    Executed { user_ref: u32, quantity: u32, price: u64, match_number: u64 },
    Broken { user_ref: u32, match_number: u64 },
    Rejected { user_ref: u32, reason: u16 },
    Modified,
    NextUserRef(u32),
    /// Changes neither what is open nor what was traded.
    Other,
}

/// Type, name, bytes before the options, whether a length of options always follows.
const MESSAGES: [(u8, &str, usize, bool); 17] = [
    (b'S', "System Event", 10, false),
    (b'A', "Order Accepted", 62, true),
    (b'U', "Order Replaced", 66, true),
    (b'C', "Order Canceled", 18, false),
    (b'D', "AIQ Canceled", 32, false),
    (b'E', "Order Executed", 34, true),
    (b'B', "Broken Trade", 36, false),
    (b'J', "Rejected", 29, false),
    (b'P', "Cancel Pending", 13, false),
    (b'I', "Cancel Reject", 13, false),
    (b'T', "Order Priority Update", 30, false),
    (b'M', "Order Modified", 18, false),
    (b'R', "Order Restated", 14, true),
    (b'Q', "Account Query Response", 13, false),
    (b'X', "Mass Cancel Response", 25, false),
    (b'G', "Disable Order Entry Response", 17, false),
    (b'K', "Enable Order Entry Response", 17, false),
];

impl Message {
    /// Reads one whole message.
    pub fn decode(message: &[u8]) -> Result<Message, DecodeError> {
        let code = *message.first().ok_or(DecodeError::Empty)?;
        let known = MESSAGES.iter().find(|known| known.0 == code).ok_or(DecodeError::Unknown(code))?;
        let &(_, name, bytes, has_options) = known;
        let wanted = bytes + if has_options { 2 } else { 0 };
        if message.len() < wanted {
            return Err(DecodeError::Short { name, found: message.len(), wanted });
        }
        check_options(name, &message[bytes..])?;
        let (u32_at, u64_at) = (|at| u32_at(message, at), |at| u64_at(message, at));
        let symbol_at = |at: usize| std::array::from_fn(|letter| message[at + letter]);
        Ok(match code {
            b'A' => Message::Accepted {
                user_ref: u32_at(9),
                side: message[13],
                quantity: u32_at(14),
                symbol: symbol_at(18),
                price: u64_at(26),
                is_dead: message[47] == b'D',
            },
            b'U' => Message::Replaced {
                original: u32_at(9),
                user_ref: u32_at(13),
                side: message[17],
                quantity: u32_at(18),
                symbol: symbol_at(22),
                price: u64_at(30),
                is_dead: message[51] == b'D',
            },
            b'C' | b'D' => Message::Canceled { user_ref: u32_at(9), quantity: u32_at(13) },
            b'E' => Message::Executed {
                user_ref: u32_at(9),
                quantity: u32_at(13),
                price: u64_at(17),
                match_number: u64_at(26),
            },
            b'B' => Message::Broken { user_ref: u32_at(9), match_number: u64_at(13) },
            b'J' => Message::Rejected { user_ref: u32_at(9), reason: u16::from_be_bytes([message[13], message[14]]) },
            b'M' => Message::Modified,
            b'Q' => Message::NextUserRef(u32_at(9)),
            _ => Message::Other,
        })
    }
}

fn u32_at(message: &[u8], at: usize) -> u32 {
    message[at..at + 4].iter().fold(0, |value, &byte| value << 8 | u32::from(byte))
}

fn u64_at(message: &[u8], at: usize) -> u64 {
    message[at..at + 8].iter().fold(0, |value, &byte| value << 8 | u64::from(byte))
}

/// What follows the fixed part: nothing, or the length of the options and each with its own.
fn check_options(name: &'static str, rest: &[u8]) -> Result<(), DecodeError> {
    let mut options = match rest {
        [] => return Ok(()),
        [one] => return Err(DecodeError::Appendage { name, told: usize::from(*one), found: 0 }),
        [high, low, options @ ..] => {
            let told = usize::from(u16::from_be_bytes([*high, *low]));
            if told != options.len() {
                return Err(DecodeError::Appendage { name, told, found: options.len() });
            }
            options
        }
    };
    while let [length, rest @ ..] = options {
        if *length == 0 || rest.len() < usize::from(*length) {
            return Err(DecodeError::Option { name });
        }
        options = &rest[usize::from(*length)..];
    }
    Ok(())
}

/// Type of a Cancel Order.
pub(crate) const CANCEL: u8 = b'X';

/// The message Cancel Order, for all of what is open.
pub(crate) fn cancel(user_ref: u32) -> [u8; 9] {
    let [a, b, c, d] = user_ref.to_be_bytes();
    [CANCEL, a, b, c, d, 0, 0, 0, 0]
}

/// The message Account Query.
pub(crate) const QUERY: [u8; 1] = [b'Q'];
