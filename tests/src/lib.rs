//! What the tests share: seeded traffic, parameter sets made byte by byte, an oracle for books, and the drivers
//! of one card and of two.
#![forbid(unsafe_code)]

pub mod bench;
pub mod coverage;
pub mod lines;
pub mod lockstep;
pub mod messages;
pub mod oracle;
pub mod parameters;
pub mod random;
pub mod soak;
pub mod traffic;
