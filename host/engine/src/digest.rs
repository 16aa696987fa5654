//! SHA-256 of a state, field by field, through `Hash`.
//!
//! Equal states of the same build have equal digests on every machine: integers are fed little-endian and lengths as
//! 64 bits. Another build may order fields differently, so a digest is compared within one build only.
use sha2::{Digest, Sha256};
use std::hash::Hasher;

#[derive(Default)]
pub(crate) struct StateHasher(Sha256);

impl StateHasher {
    pub fn digest(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

macro_rules! little_endian {
    ($($name:ident: $type:ty),*) => {$(
        fn $name(&mut self, one: $type) {
            self.0.update(one.to_le_bytes());
        }
    )*};
}

impl Hasher for StateHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    little_endian!(write_u8: u8, write_u16: u16, write_u32: u32, write_u64: u64, write_u128: u128);
    little_endian!(write_i8: i8, write_i16: i16, write_i32: i32, write_i64: i64, write_i128: i128);

    fn write_usize(&mut self, one: usize) {
        self.write_u64(one as u64);
    }

    fn write_isize(&mut self, one: isize) {
        self.write_i64(one as i64);
    }

    /// Not the digest: that has 32 bytes.
    fn finish(&self) -> u64 {
        0
    }
}
