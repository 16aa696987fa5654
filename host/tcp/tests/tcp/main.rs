//! A connection against a venue whose every segment is typed by hand, against smoltcp's socket and against Linux.
mod script;
mod side;
mod trouble;
mod linux;
mod lossy;
mod peer;
mod random;
