//! What a card tells about itself beside its events, as words of a table, and who reads it.
use super::layout::{Feed, Sizes, card_line};
use riposte_map::counter::Counter;
use riposte_ring::{Memory, Shared, TableReader};
use std::sync::atomic::Ordering::Acquire;

/// Words before the counters.
const FIRST_COUNTER: usize = 13;
pub(super) const STATUS_WORDS: usize = FIRST_COUNTER + Counter::COUNT;

/// How the card is; each field was true at the same moment, the counters at the last one at which the port was quiet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// The card's clock.
    pub cycle: u64,
    /// Frames shown to it.
    pub frames: u64,
    /// Commands taken from the ring.
    pub commands: u64,
    /// Events published.
    pub events: u64,
    /// Frames that it has sent: to the host if one takes them, else to its port.
    pub transmitted: u64,
    /// Of these, frames that the host took.
    pub taken: u64,
    /// Frames that went nowhere: a host took them, and then there was none.
    pub unclaimed: u64,
    /// How often the card stood still because a ring of the host was full.
    pub stalls: u64,
    /// How often it was killed because the host was gone or silent.
    pub watchdog_kills: u64,
    /// Frames that came to its port and not to it: no room, or longer than a frame, as far as the port is told.
    pub lost: u64,
    /// Frames on the wire of its orders that were given to the host, and that found no host or no room.
    pub exceptions: u64,
    pub exceptions_lost: u64,
    /// Frames of host and card that may not leave on that wire.
    pub withheld: u64,
    /// Indexed by `Counter`.
    pub counters: [u32; Counter::COUNT],
}

impl Default for Status {
    fn default() -> Status {
        Status::from_words(&[0; STATUS_WORDS])
    }
}

impl Status {
    pub(super) fn words(&self) -> [u64; STATUS_WORDS] {
        let mut words = [0; STATUS_WORDS];
        let Status {
            cycle, frames, commands, events, transmitted, taken, unclaimed, stalls, watchdog_kills, lost, exceptions, exceptions_lost,
            withheld, counters,
        } = *self;
        let first = [
            cycle, frames, commands, events, transmitted, taken, unclaimed, stalls, watchdog_kills, lost, exceptions, exceptions_lost,
            withheld,
        ];
        words[..FIRST_COUNTER].copy_from_slice(&first);
        for (word, counter) in words[FIRST_COUNTER..].iter_mut().zip(counters) {
            *word = counter.into();
        }
        words
    }

    pub(super) fn from_words(words: &[u64; STATUS_WORDS]) -> Status {
        let [
            cycle, frames, commands, events, transmitted, taken, unclaimed, stalls, watchdog_kills, lost, exceptions, exceptions_lost,
            withheld, ..
        ] = *words;
        let counters = std::array::from_fn(|at| words[FIRST_COUNTER + at] as u32);
        Status {
            cycle, frames, commands, events, transmitted, taken, unclaimed, stalls, watchdog_kills, lost, exceptions, exceptions_lost,
            withheld, counters,
        }
    }
}

/// Reads how the card is, beside the thread that has the rings. There is one: the table has one reader.
#[derive(Debug)]
pub struct StatusReader {
    table: TableReader<Shared>,
    region: Shared,
    sizes: Sizes,
}

impl StatusReader {
    pub(super) fn new(table: TableReader<Shared>, region: Shared, sizes: Sizes) -> StatusReader {
        StatusReader { table, region, sizes }
    }

    /// The newest status, if there is one.
    pub fn status(&mut self) -> Option<Status> {
        read(&mut self.table)
    }

    /// How far the card's port is. Pairs with the Release in `CardEnd::set_feed`.
    pub fn feed(&self) -> Feed {
        Feed::from_word(self.region.load(card_line::FEED, Acquire))
    }

    pub fn sizes(&self) -> Sizes {
        self.sizes
    }
}

pub(super) fn read(table: &mut TableReader<Shared>) -> Option<Status> {
    let mut words = [0; STATUS_WORDS];
    (table.read(&mut words) > 0).then(|| Status::from_words(&words))
}
