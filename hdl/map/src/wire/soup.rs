//! SoupBinTCP 3.00: a length (of type and payload), a type, a payload.
use super::Field;

pub const LENGTH: Field = Field::new("packet length", 0, 2);
pub const TYPE: Field = Field::new("packet type", 2, 1);
pub const HEADER_BYTES: usize = 3;
pub const UNSEQUENCED_DATA: u8 = b'U';
