//! The contract between card and host, typed once: wire tables, records, limits, reasons, identity.
//!
//! Every crate may read this one and it reads none. Gateware takes its constants from here, the host
//! its record layouts. The reference model and the tests bring their own reading of the exchanges'
//! documents, so that a wrong number here cannot make both sides agree.
#![no_std]
#![forbid(unsafe_code)]

pub mod controls;
pub mod counter;
pub mod identity;
pub mod limits;
pub mod reason;
pub mod shm;
pub mod wire;
