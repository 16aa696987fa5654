//! MoldUDP64 1.00 downstream packet, offsets in the UDP payload.
use super::Field;

pub const SESSION: Field = Field::new("session", 0, 10);
pub const SEQUENCE: Field = Field::new("sequence number", 10, 8);
pub const COUNT: Field = Field::new("message count", 18, 2);
pub const HEADER_BYTES: usize = 20;
/// Message count of a heartbeat.
pub const HEARTBEAT: u64 = 0;
/// Message count that ends the session.
pub const END_OF_SESSION: u64 = 0xffff;
/// Bytes of the length before each message block.
pub const LENGTH_BYTES: usize = 2;
