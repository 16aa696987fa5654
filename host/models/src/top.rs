//! What a model is told, and why it does not take it.
use thiserror::Error;

/// The best prices of a book, in the venue's integers (1e-4 dollars).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Top {
    pub bid: u32,
    pub ask: u32,
}

/// Venue integers of a dollar.
pub(crate) const DOLLAR: f64 = 10_000.0;

impl Top {
    /// Middle in dollars, of a book that has both sides and is not crossed.
    pub(crate) fn middle(self) -> Result<f64, Refused> {
        if self.bid == 0 || self.ask < self.bid {
            return Err(Refused::Book { bid: self.bid, ask: self.ask });
        }
        Ok((f64::from(self.bid) + f64::from(self.ask)) / 2.0 / DOLLAR)
    }
}

/// Why an update was not taken, or nothing comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    #[error("a book of bid {bid} and ask {ask}: a side is empty, or it is crossed")]
    Book { bid: u32, ask: u32 },
    #[error("a value that is no number, or beyond every market")]
    NotFinite,
    #[error("time {now_ns} ns is not behind the last update at {last_ns} ns")]
    Time { last_ns: u64, now_ns: u64 },
    #[error("nothing was heard for {0} ns: the model begins anew from here")]
    Gap(u64),
    #[error("{found} books where {wanted} are watched")]
    Count { found: usize, wanted: usize },
    #[error("a spread that does not move has no band")]
    Flat,
    #[error("a band beyond the prices that the venue has")]
    Range,
}
