//! What the tests share: seeded traffic, parameter sets made byte by byte, and the comparison of two cards.
#![forbid(unsafe_code)]

pub mod lockstep;
pub mod parameters;
pub mod random;
pub mod traffic;
