//! What Riposte needs of DPDK: one process' environment, the devices in it, frames in and out of one.
//!
//! Why a shim in C: DPDK's functions of the fast path are inline and its structures change with each release, so only C sees
//! them. Why behind a feature: who links DPDK needs its libraries, of the same release, to run at all. Without `link` this crate
//! is empty.
//!
//! Not here: which device, and what is done with frames (`riposte-dpdk-port`).
#![cfg(feature = "link")]

mod environment;
mod port;
mod shim;

pub use environment::{Device, Environment};
pub use port::{BURST, Counts, Frame, Port, Unsent};

/// Why DPDK did not do something: in its own words, which are those of the system.
#[derive(Debug)]
pub struct Error {
    pub what: String,
    pub source: std::io::Error,
}

impl std::fmt::Display for Error {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.what, self.source)
    }
}

impl std::error::Error for Error {}

/// What a function of the shim returned: 0, or the number of an error.
fn checked(number: i32, what: impl FnOnce() -> String) -> Result<(), Error> {
    if number == 0 { Ok(()) } else { Err(Error { what: what(), source: std::io::Error::from_raw_os_error(number) }) }
}
