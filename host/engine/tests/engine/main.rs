//! The engine from outside: inputs in, outputs and state out.
#![forbid(unsafe_code)]
mod bench;
mod orders;
mod pain;
