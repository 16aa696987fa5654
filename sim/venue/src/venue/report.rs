//! What a venue counted.

use std::collections::BTreeMap;

use crate::{exchange::Counts, line::LineCounts};

/// Faults that came about. Those of the lines are counted there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FaultCounts {
    pub slow_acks: u64,
    pub rejects: u64,
    pub disconnects: u64,
    pub partials: u64,
    pub busts: u64,
    pub halts: u64,
    pub resumes: u64,
    pub ends: u64,
    /// Ordered and impossible: no such instrument, no trade to break.
    pub without_effect: u64,
}

/// Connections and requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionCounts {
    pub connections: u64,
    pub logins: u64,
    /// Why connections ended, and how many.
    pub closed: BTreeMap<String, u64>,
    /// Requests for lost messages: answered, and not.
    pub requests: u64,
    pub requests_refused: u64,
    /// Messages of clients that came behind the end of the session and were not taken.
    pub late: u64,
}

/// The account of a venue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub session: [u8; 10],
    /// Messages of the feed.
    pub published: u64,
    /// Line A and B.
    pub lines: [LineCounts; 2],
    pub orders: Counts,
    /// Messages of the order session, which are those of the drop copy.
    pub sequenced: u64,
    pub open_orders: u64,
    /// Shares by symbol, sold ones negative.
    pub positions: BTreeMap<[u8; 8], i64>,
    pub sessions: SessionCounts,
    pub faults: FaultCounts,
}
