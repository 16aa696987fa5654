//! The gate's checks in their order, and the frame of an order that passed.
use crate::{
    bank::{Gate, Instrument, Template},
    grants::Left,
};
use riposte_map::{
    counter::Counter,
    limits::{IMAGE_WORDS, IMAGE_WORDS_MIN},
    reason::Reason,
    shm::Level,
};

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
    pub host_heard: bool,
    pub armed: bool,
    pub fenced: bool,
    pub book_valid: bool,
    pub trading: bool,
    pub user_ref: u32,
    /// The last order that the rule sent named a later cycle to send in again.
    pub cools: bool,
    pub tokens: u16,
    pub left: Left,
    /// Since the commit of the set in force.
    pub lived_cycles: u64,
    /// It would trade with an order of ours.
    pub meets_own: bool,
}

/// An order that waits for the gate's word.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// Of its decision.
    pub generation: u32,
    /// Bid and ask at its decision.
    pub top: [Level; 2],
    /// From its decisive byte to its first word.
    pub age_cycles: u64,
    /// Its set says for how long the feed may be silent.
    pub feed_is_watched: bool,
    pub limits: &'a Gate,
    pub instrument: &'a Instrument,
    pub template: &'a Template,
}

/// What is asked of orders, and of no mass cancel: it adds nothing, and is most wanted where something is wrong.
const OF_ORDERS: [Reason; 15] = [
    Reason::Fenced, Reason::BookInvalid, Reason::NotTrading, Reason::Quantity, Reason::Value, Reason::Collar, Reason::LiveCollar,
    Reason::Age, Reason::Position, Reason::Exposure, Reason::OpenOrders, Reason::Unacknowledged, Reason::Expired,
    Reason::SelfMatch, Reason::Increment,
];

impl Order<'_> {
    fn side_is_permitted(&self) -> bool {
        match self.template.side {
            b'C' => self.instrument.cancelling && self.template.is_cancel,
            _ if self.template.is_cancel => false,
            b'B' => self.instrument.buying,
            b'S' => self.instrument.selling,
            b'T' | b'E' => self.instrument.selling_short,
            _ => false,
        }
    }

    /// Whether the price lies no further beyond the other side's top than the instrument's reach.
    fn is_within_reach(&self) -> bool {
        let [bid, ask] = self.top;
        let [price, reach] = [self.template.price_e4, self.instrument.reach_e4].map(i64::from);
        match self.instrument.reach_e4 {
            0 => false,
            u32::MAX => true,
            _ if self.template.side == b'B' => ask.quantity != 0 && price <= i64::from(ask.price_e4) + reach,
            _ => bid.quantity != 0 && price >= i64::from(bid.price_e4) - reach,
        }
    }
}

/// The first reason to refuse an order, and its counter; `None` lets it pass.
pub fn refusal(sight: &Sight, order: &Order) -> Option<(Reason, Counter)> {
    let Template { quantity, price_e4, words, last_bytes, cool_down_cycles, lifetime_cycles, .. } = *order.template;
    let Instrument { quantity_max, collar_low_e4, collar_high_e4, value_max, .. } = *order.instrument;
    let value = order.template.value();
    let Left { repeats, quantity: lease, value: credit, open_orders, unacknowledged } = sight.left;
    let age_max = u64::from(order.limits.age_cycles_max);
    let is_collared = (collar_low_e4..=collar_high_e4).contains(&price_e4);
    let has_shape = (IMAGE_WORDS_MIN..=IMAGE_WORDS).contains(&usize::from(words)) && (1..=8).contains(&last_bytes);
    let is_cancel = order.template.is_cancel;
    let kept = if is_cancel { 0 } else { order.limits.kept };
    let is_cooling = cool_down_cycles == 0 || sight.cools;
    let checks = [
        (sight.generation == 0, Reason::NoGeneration, Counter::RefusedNoGeneration),
        (sight.killed, Reason::Killed, Counter::RefusedKilled),
        (!sight.host_heard, Reason::HostSilent, Counter::RefusedHostSilent),
        (!sight.armed, Reason::Disarmed, Counter::RefusedDisarmed),
        (order.generation != sight.generation, Reason::StaleGeneration, Counter::RefusedStaleGeneration),
        (sight.fenced, Reason::Fenced, Counter::RefusedFenced),
        (!sight.book_valid, Reason::BookInvalid, Counter::RefusedBookInvalid),
        (!sight.trading, Reason::NotTrading, Counter::RefusedNotTrading),
        (!order.instrument.enabled, Reason::InstrumentDisabled, Counter::RefusedInstrumentDisabled),
        (!order.side_is_permitted(), Reason::Side, Counter::RefusedSide),
        (quantity == 0 || quantity > quantity_max, Reason::Quantity, Counter::RefusedQuantity),
        (value_max == 0 || value > value_max, Reason::Value, Counter::RefusedValue),
        (collar_high_e4 == 0 || !is_collared, Reason::Collar, Counter::RefusedCollar),
        (!order.is_within_reach(), Reason::LiveCollar, Counter::RefusedLiveCollar),
        (!has_shape, Reason::TemplateUnset, Counter::RefusedTemplateUnset),
        (sight.user_ref == 0, Reason::SessionUnset, Counter::RefusedSessionUnset),
        (!order.feed_is_watched || age_max == 0 || order.age_cycles > age_max, Reason::Age, Counter::RefusedAge),
        (is_cooling, Reason::CoolDown, Counter::RefusedCoolDown),
        (repeats == 0, Reason::Repeated, Counter::RefusedRepeated),
        (sight.tokens <= kept, Reason::Throttle, Counter::RefusedThrottle),
        (lease == 0 || quantity > lease, Reason::Position, Counter::RefusedPosition),
        (credit == 0 || value > credit, Reason::Exposure, Counter::RefusedExposure),
        (open_orders == 0, Reason::OpenOrders, Counter::RefusedOpenOrders),
        (unacknowledged == 0, Reason::Unacknowledged, Counter::RefusedUnacknowledged),
        (sight.lived_cycles >= lifetime_cycles, Reason::Expired, Counter::RefusedExpired),
        (sight.meets_own, Reason::SelfMatch, Counter::RefusedSelfMatch),
        (!order.template.is_whole, Reason::Increment, Counter::RefusedIncrement),
    ];
    let is_asked = |reason: &Reason| !(is_cancel && OF_ORDERS.contains(reason));
    checks.iter().find(|(fails, reason, _)| *fails && is_asked(reason)).map(|&(_, reason, counter)| (reason, counter))
}

/// One's complement sum of 16-bit words.
fn fold(mut sum: u32) -> u16 {
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

/// The template's image with the session's and the order's fields in it: Ethernet, IPv4 and TCP headers
/// of 54 bytes, SoupBinTCP's 3, then OUCH 5.0 Enter Order, or Mass Cancel, of which only the number is filled in. The template is one that `refusal` lets pass.
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
    let fields = if template.is_cancel { &fields[..3] } else { &fields };
    let mut sum = u32::from(template.partial_checksum);
    for &(at, value) in fields {
        // The TCP header starts at an even offset: bytes at even offsets are the high half of a word.
        for (offset, &byte) in (at..).zip(value) {
            sum += u32::from(byte) << if offset % 2 == 0 { 8 } else { 0 };
        }
    }
    let checksum = (!fold(sum)).to_be_bytes();

    let words = usize::from(template.words);
    let mut bytes: Vec<u8> =
        template.image[..words].iter().flat_map(|word| word.to_le_bytes()).collect();
    for (at, value) in fields.iter().copied().chain([(50, &checksum[..])]) {
        for (offset, &byte) in (at..).zip(value) {
            if let Some(place) = bytes.get_mut(offset) {
                *place = byte;
            }
        }
    }
    bytes.truncate(words * 8 - 8 + usize::from(template.last_bytes));
    bytes
}
