//! The engine from outside: inputs in, outputs and state out.
#![forbid(unsafe_code)]
mod bench;
mod books;
mod cancelling;
mod controls;
mod delegation;
mod entering;
mod lending;
mod models;
mod orders;
mod pain;
mod protection;
mod recovery;
mod resting;
mod reversion;
mod risk;
mod snapshots;
mod statements;
