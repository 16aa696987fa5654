//! The gate's checks in their order, and the frame of an order that passed.
use crate::bank::{Instrument, Template};
use riposte_map::{limits::{IMAGE_WORDS, IMAGE_WORDS_MIN}, reason::Reason};

/// The order session: what the next segment and order carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OrderSession {
    pub sequence: u32,
    pub acknowledgement: u32,
    /// 0: unset.
    pub user_ref: u32,
}

/// State that the gate looks at, as visible in its cycle.
#[derive(Clone, Copy, Debug)]
pub struct Sight {
    pub generation: u32,
    pub killed: bool,
    pub armed: bool,
    pub book_valid: bool,
    pub trading: bool,
    pub user_ref: u32,
}

/// The first reason to refuse an order decided under `generation`; `None` lets it pass.
pub fn refusal(
    sight: &Sight,
    generation: u32,
    instrument: &Instrument,
    template: &Template,
) -> Option<Reason> {
    let Template { quantity, price_e4, words, last_bytes, .. } = *template;
    let Instrument { quantity_max, collar_low_e4, collar_high_e4, enabled } = *instrument;
    let checks = [
        (sight.generation == 0, Reason::NoGeneration),
        (sight.killed, Reason::Killed),
        (!sight.armed, Reason::Disarmed),
        (generation != sight.generation, Reason::StaleGeneration),
        (!sight.book_valid, Reason::BookInvalid),
        (!sight.trading, Reason::NotTrading),
        (!enabled, Reason::InstrumentDisabled),
        (quantity == 0 || quantity > quantity_max, Reason::Quantity),
        (
            collar_high_e4 == 0 || price_e4 < collar_low_e4 || price_e4 > collar_high_e4,
            Reason::Collar,
        ),
        (
            !(IMAGE_WORDS_MIN..=IMAGE_WORDS).contains(&usize::from(words)) || !(1..=8).contains(&last_bytes),
            Reason::TemplateUnset,
        ),
        (sight.user_ref == 0, Reason::SessionUnset),
    ];
    checks.iter().find(|(fails, _)| *fails).map(|&(_, reason)| reason)
}

/// One's complement sum of 16-bit words.
fn fold(mut sum: u32) -> u16 {
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

/// The template's image with the session's and the order's fields in it: Ethernet, IPv4 and TCP headers
/// of 54 bytes, SoupBinTCP's 3, then OUCH 5.0 Enter Order. The template is one that `refusal` lets pass.
pub fn patch(template: &Template, session: &OrderSession) -> Vec<u8> {
    // Offset in the frame and value of each field but the checksum.
    let fields: [(usize, &[u8]); 6] = [
        (38, &session.sequence.to_be_bytes()),
        (42, &session.acknowledgement.to_be_bytes()),
        (58, &session.user_ref.to_be_bytes()),
        (62, &[template.side]),
        (63, &template.quantity.to_be_bytes()),
        (75, &u64::from(template.price_e4).to_be_bytes()),
    ];
    let mut sum = u32::from(template.partial_checksum);
    for (at, value) in fields {
        // The TCP header starts at an even offset: bytes at even offsets are the high half of a word.
        for (offset, &byte) in (at..).zip(value) {
            sum += u32::from(byte) << if offset % 2 == 0 { 8 } else { 0 };
        }
    }
    let checksum = (!fold(sum)).to_be_bytes();

    let words = usize::from(template.words);
    let mut bytes: Vec<u8> =
        template.image[..words].iter().flat_map(|word| word.to_le_bytes()).collect();
    for (at, value) in fields.into_iter().chain([(50, &checksum[..])]) {
        for (offset, &byte) in (at..).zip(value) {
            if let Some(place) = bytes.get_mut(offset) {
                *place = byte;
            }
        }
    }
    bytes.truncate(words * 8 - 8 + usize::from(template.last_bytes));
    bytes
}
