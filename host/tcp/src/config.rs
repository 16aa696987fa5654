//! Between whom a connection is, and how long it waits for what.
use std::net::SocketAddrV4;
use std::time::Duration;

/// The two ends of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub own_mac: [u8; 6],
    /// Where frames for the venue go: its own address, or that of the router in front of it.
    pub venue_mac: [u8; 6],
    pub own: SocketAddrV4,
    pub venue: SocketAddrV4,
    pub times: Times,
}

/// How long is waited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Times {
    /// For a connection to be made.
    pub connect: Duration,
    /// For an acknowledgement as long as no round trip has been measured (RFC 6298 2.1: one second).
    pub retransmit_first: Duration,
    /// The least that is waited for one. RFC 6298 2.4 wants a second; other systems take 200 ms, since an acknowledgement may be held back so long.
    pub retransmit_min: Duration,
    /// The longest: each time without an answer doubles the wait, up to this.
    pub retransmit_max: Duration,
    /// So many times in a row without an answer, and the connection is given up.
    pub retransmissions: u32,
    /// How long the end that closed first answers for a connection that is over (TIME-WAIT: twice the life of a segment).
    pub linger: Duration,
}

impl Default for Times {
    fn default() -> Times {
        Times {
            connect: Duration::from_secs(10),
            retransmit_first: Duration::from_secs(1),
            retransmit_min: Duration::from_millis(200),
            retransmit_max: Duration::from_secs(5),
            retransmissions: 8,
            linger: Duration::from_secs(60),
        }
    }
}

/// No wait is longer: three years, so that sums of times stay far from their end.
const LONGEST_NS: u64 = 100_000_000_000_000_000;

/// In whole nanoseconds.
pub fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).map_or(LONGEST_NS, |time_ns| time_ns.min(LONGEST_NS))
}
