//! Where everything is in a region, in words of 64 bits, and the check of what a card announces.
//!
//! Holds: what is announced is copied out once, checked, and never read again. No number from the region is used
//! for an address before it was checked.
use super::error::LinkError;
use super::status::STATUS_WORDS;
use riposte_map::identity::{MAGIC, TABLE_HASH, VERSION};
use riposte_map::limits::{CLOCK_HZ, DECISION_QUEUE, IMAGE_WORDS, INSTRUMENTS, LEVEL_ROWS, LEVEL_WAYS, ORDER_SLOTS, RULES};
use riposte_ring::{LINE_WORDS, Memory, Shared, ring_words, table_words};
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;

const _: () = assert!(cfg!(target_endian = "little"), "records of the boundary are little-endian");

/// Counts up with every change of this file.
const LAYOUT: u64 = 4;
/// Slots of a ring: room for a sum of three rings in any file, and for a parameter set.
const SLOTS_MAX: u64 = 1 << 20;
const SLOTS_MIN: u64 = 2;
/// The longest frame has room in an empty ring.
const FRAME_SLOTS_MIN: u64 = 64;

/// A region begins with a page for announcement and lines.
pub(super) const HEADER_WORDS: usize = 512;
const MAGIC_AT: usize = 0;
const VERSION_AT: usize = 1;
const TABLE_HASH_AT: usize = 2;
const REGION_WORDS_AT: usize = 3;
const COMMAND_SLOTS_AT: usize = 4;
const EVENT_SLOTS_AT: usize = 5;
const KIND_AT: usize = 6;
const CARD_PROCESS_AT: usize = 7;
const GEOMETRY_AT: usize = 8;
/// Behind the geometry, so that its first word, the layout, is where every host looks for it.
const TRANSMIT_SLOTS_AT: usize = GEOMETRY_AT + GEOMETRY.len();
const EXCEPTION_SLOTS_AT: usize = TRANSMIT_SLOTS_AT + 1;
const ANNOUNCED_WORDS: usize = EXCEPTION_SLOTS_AT + 1;

/// What the card's tables can hold, as both sides were built.
const GEOMETRY: [(&str, u64); 9] = [
    ("as the layout of the link", LAYOUT),
    ("instruments", INSTRUMENTS as u64),
    ("rules an instrument", RULES as u64),
    ("slots for orders", ORDER_SLOTS as u64),
    ("rows of levels", LEVEL_ROWS as u64),
    ("levels a row", LEVEL_WAYS as u64),
    ("places in the decision queue", DECISION_QUEUE as u64),
    ("words in an order image", IMAGE_WORDS as u64),
    ("hertz of clock", CLOCK_HZ),
];

/// Lines of their own, two apart, because processors fetch lines in pairs.
pub(super) mod card_line {
    pub const HEARTBEAT: usize = 64;
    pub const FEED: usize = 65;
}
pub(super) mod host_line {
    pub const HEARTBEAT: usize = 96;
    /// Hosts that have joined so far.
    pub const NUMBER: usize = 97;
    pub const PROCESS: usize = 98;
    /// Number of the last host that left in order.
    pub const LEFT: usize = 99;
    /// Number of the host that takes what the card transmits.
    pub const TAKES: usize = 100;
    /// First record of the newest host in the ring of what hosts send.
    pub const SENDS_FROM: usize = 101;
    /// Number of the host that takes what comes for it.
    pub const HEARS: usize = 102;
}

/// What is behind a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerKind {
    /// A process, which holds a lock while it lives.
    Process = 1,
    /// A device, of which only the heartbeat is seen. Its BAR may be larger than the region.
    Device = 2,
}

/// How far the card's port is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feed {
    /// It has not begun.
    Waiting = 0,
    Running = 1,
    /// No frame will come any more; everything that came of them is in the event ring.
    Ended = 2,
    /// The card has ended, in order.
    Gone = 3,
}

impl Feed {
    pub(super) fn from_word(word: u64) -> Feed {
        match word {
            0 => Feed::Waiting,
            1 => Feed::Running,
            2 => Feed::Ended,
            _ => Feed::Gone,
        }
    }
}

/// Slots of the rings, powers of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    pub command_slots: usize,
    pub event_slots: usize,
    /// An order takes three of them.
    pub transmit_slots: usize,
    /// Of each of both rings with frames that are the host's business; 0 if the card has no wire for them.
    pub exception_slots: usize,
}

impl Default for Sizes {
    /// Three whole parameter sets, events for some milliseconds of the busiest feed, a thousand orders.
    fn default() -> Sizes {
        Sizes { command_slots: 1 << 12, event_slots: 1 << 16, transmit_slots: 1 << 12, exception_slots: 0 }
    }
}

/// Where the parts of a region are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    pub commands: Range<usize>,
    pub events: Range<usize>,
    pub frames: Range<usize>,
    /// What came for the host, and what the host sends; empty without a wire.
    pub received: Range<usize>,
    pub sent: Range<usize>,
    pub status: Range<usize>,
}

impl Sizes {
    /// Whether the card has a wire that the host's own frames go over.
    pub fn has_exceptions(&self) -> bool {
        self.exception_slots > 0
    }

    /// Parts of a region of these sizes; none if a size is not allowed.
    pub fn words(&self) -> Option<Words> {
        if self.wrong().is_some() {
            return None;
        }
        let commands = HEADER_WORDS..HEADER_WORDS + ring_words(self.command_slots);
        let events = commands.end..commands.end + ring_words(self.event_slots);
        let frames = events.end..events.end + ring_words(self.transmit_slots);
        let exception_words = if self.has_exceptions() { ring_words(self.exception_slots) } else { 0 };
        let received = frames.end..frames.end + exception_words;
        let sent = received.end..received.end + exception_words;
        let status = sent.end..sent.end + table_words(STATUS_WORDS);
        Some(Words { commands, events, frames, received, sent, status })
    }

    /// The first size that is not allowed: what it is, and what it may be.
    pub(super) fn wrong(&self) -> Option<(&'static str, u64, String)> {
        [
            ("slots for commands", self.command_slots, SLOTS_MIN),
            ("slots for events", self.event_slots, SLOTS_MIN),
            ("slots for frames", self.transmit_slots, FRAME_SLOTS_MIN),
            ("slots for exceptions", if self.has_exceptions() { self.exception_slots } else { FRAME_SLOTS_MIN as usize }, FRAME_SLOTS_MIN),
        ]
        .into_iter()
        .find(|&(_, slots, least)| !slots.is_power_of_two() || !(least..=SLOTS_MAX).contains(&(slots as u64)))
        .map(|(what, slots, least)| (what, slots as u64, format!("a power of two from {least} to {SLOTS_MAX}")))
    }
}

/// What a card announces that is no constant of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Announcement {
    pub sizes: Sizes,
    pub kind: PeerKind,
    pub card_process: u32,
}

/// The first words of a region.
pub(super) fn announce(announcement: &Announcement, words: &Words) -> [u64; ANNOUNCED_WORDS] {
    let mut announced = [0; ANNOUNCED_WORDS];
    announced[MAGIC_AT] = MAGIC;
    announced[VERSION_AT] = VERSION.into();
    announced[TABLE_HASH_AT] = TABLE_HASH;
    announced[REGION_WORDS_AT] = words.status.end as u64;
    announced[COMMAND_SLOTS_AT] = announcement.sizes.command_slots as u64;
    announced[EVENT_SLOTS_AT] = announcement.sizes.event_slots as u64;
    announced[KIND_AT] = announcement.kind as u64;
    announced[CARD_PROCESS_AT] = announcement.card_process.into();
    for (at, (_, value)) in GEOMETRY.iter().enumerate() {
        announced[GEOMETRY_AT + at] = *value;
    }
    announced[TRANSMIT_SLOTS_AT] = announcement.sizes.transmit_slots as u64;
    announced[EXCEPTION_SLOTS_AT] = announcement.sizes.exception_slots as u64;
    announced
}

/// Reads what the card at `path` announces, and refuses what this host does not understand.
pub(super) fn check(path: &Path, region: &Shared) -> Result<(Announcement, Words), LinkError> {
    let path = path.to_owned();
    let announced: [u64; ANNOUNCED_WORDS] = std::array::from_fn(|at| region.load(at, Relaxed));
    if announced[MAGIC_AT] != MAGIC {
        return Err(LinkError::Magic { path, found: announced[MAGIC_AT], wanted: MAGIC });
    }
    if announced[VERSION_AT] != u64::from(VERSION) {
        return Err(LinkError::Version { path, found: announced[VERSION_AT], wanted: VERSION.into() });
    }
    if announced[TABLE_HASH_AT] != TABLE_HASH {
        return Err(LinkError::TableHash { path, found: announced[TABLE_HASH_AT], wanted: TABLE_HASH });
    }
    for (at, &(what, wanted)) in GEOMETRY.iter().enumerate() {
        let found = announced[GEOMETRY_AT + at];
        if found != wanted {
            return Err(LinkError::Geometry { path, what, found, wanted });
        }
    }
    let kind = match announced[KIND_AT] {
        1 => PeerKind::Process,
        2 => PeerKind::Device,
        found => return Err(LinkError::Size { path, what: "as its kind", found, wanted: "1 or 2".to_owned() }),
    };
    let sizes = Sizes {
        command_slots: announced[COMMAND_SLOTS_AT] as usize,
        event_slots: announced[EVENT_SLOTS_AT] as usize,
        transmit_slots: announced[TRANSMIT_SLOTS_AT] as usize,
        exception_slots: announced[EXCEPTION_SLOTS_AT] as usize,
    };
    if let Some((what, found, wanted)) = sizes.wrong() {
        return Err(LinkError::Size { path, what, found, wanted });
    }
    let words = sizes.words().expect("the sizes were checked");
    let (found, needed) = (announced[REGION_WORDS_AT], words.status.end);
    if found != needed as u64 {
        return Err(LinkError::Size { path, what: "words of region", found, wanted: needed.to_string() });
    }
    if region.words() < needed {
        return Err(LinkError::Short { path, found: region.words() as u64 * 8, wanted: found * 8 });
    }
    if kind == PeerKind::Process && region.words() > needed {
        let (found, wanted) = (region.words() as u64, needed.to_string());
        return Err(LinkError::Size { path, what: "words of file", found, wanted });
    }
    // A process number is 22 bits on Linux; it is for messages only.
    let card_process = announced[CARD_PROCESS_AT] as u32;
    Ok((Announcement { sizes, kind, card_process }, words))
}

const _: () = assert!(ANNOUNCED_WORDS <= card_line::HEARTBEAT && card_line::HEARTBEAT.is_multiple_of(2 * LINE_WORDS));
const _: () = assert!(card_line::FEED + 2 * LINE_WORDS <= host_line::HEARTBEAT && host_line::HEARS < HEADER_WORDS);
