//! A connection against a venue whose every segment is typed by hand, against smoltcp's socket and against Linux.
mod script;
mod side;
mod trouble;
mod life;
mod linux;
mod lossy;
mod pace;
mod peer;
mod random;
