//! Wire messages as data: type code, length, fields.
pub mod ethernet;
pub mod itch;
pub mod mold;
pub mod ouch;
pub mod soup;

/// A big-endian field of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: &'static str,
    /// First byte, counted from the start of the message.
    pub offset: usize,
    pub bytes: usize,
}

impl Field {
    pub const fn new(name: &'static str, offset: usize, bytes: usize) -> Field {
        Field { name, offset, bytes }
    }

    /// One past the last byte.
    pub const fn end(&self) -> usize {
        self.offset + self.bytes
    }

    /// Reads the field. Panics if `message` is shorter than `end()`, or the field longer than 8 bytes.
    pub fn get(&self, message: &[u8]) -> u64 {
        message[self.offset..self.end()].iter().fold(0, |value, &byte| value << 8 | u64::from(byte))
    }

    /// Writes the field; upper bits of `value` that do not fit are cut.
    pub fn put(&self, message: &mut [u8], value: u64) {
        let bytes = value.to_be_bytes();
        message[self.offset..self.end()].copy_from_slice(&bytes[8 - self.bytes..]);
    }
}

/// A message type: its fields meet without overlap and their sum is its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    pub code: u8,
    pub name: &'static str,
    pub length: usize,
    pub fields: &'static [Field],
}

/// Whether the fields cover the message exactly, in order.
pub(crate) const fn is_gapless(message: &Message) -> bool {
    let mut at = 0;
    let mut i = 0;
    while i < message.fields.len() {
        if message.fields[i].offset != at {
            return false;
        }
        at = message.fields[i].end();
        i += 1;
    }
    at == message.length
}

/// One message as a module of field constants: module, type code, name, length, then each field with its
/// text and its size. Offsets are summed here, so a field cannot overlap its neighbour.
macro_rules! message {
    ($module:ident, $code:literal, $name:literal, $length:literal, [$($field:ident $text:literal $bytes:literal),* $(,)?]) => {
        pub mod $module {
            use crate::wire::{Field, Message};
            #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
            #[derive(Clone, Copy)]
            enum Index { $($field),* }
            const SIZES: &[usize] = &[$($bytes),*];
            const fn offset(field: Index) -> usize {
                let (mut at, mut i) = (0, 0);
                while i < field as usize { at += SIZES[i]; i += 1; }
                at
            }
            $(pub const $field: Field = Field::new($text, offset(Index::$field), $bytes);)*
            pub const CODE: u8 = $code;
            pub const LENGTH: usize = $length;
            pub const MESSAGE: Message = Message { code: CODE, name: $name, length: LENGTH, fields: &[$($field),*] };
            const _: () = assert!(crate::wire::is_gapless(&MESSAGE));
        }
    };
}
pub(crate) use message;
