//! Inputs and records as bytes and back: one code byte, then the fields, little-endian.
//!
//! Holds: writing does not allocate; reading never panics, whatever the bytes; what was written reads back equal.
use riposte_map::shm::{Command, Event};
use zerocopy::{FromBytes, IntoBytes};

/// Longest input or record, bytes; a test writes the longest.
pub const ENCODED_MAX: usize = 128;

/// An input or a record as bytes.
#[derive(Clone, Copy, Debug)]
pub struct Encoded {
    bytes: [u8; ENCODED_MAX],
    length: usize,
}

impl Encoded {
    pub(crate) fn of(one: &impl Field) -> Encoded {
        let mut encoded = Encoded { bytes: [0; ENCODED_MAX], length: 0 };
        one.put(&mut encoded);
        encoded
    }

    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// Where a message goes.
pub(crate) trait Sink {
    fn append(&mut self, bytes: &[u8]);
}

impl Sink for Encoded {
    fn append(&mut self, bytes: &[u8]) {
        if let Some(room) = self.bytes.get_mut(self.length..self.length + bytes.len()) {
            room.copy_from_slice(bytes);
            self.length += bytes.len();
        }
    }
}

impl Sink for Vec<u8> {
    fn append(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// The whole of `bytes` as one message; `None` if they are none, or more than one.
pub(crate) fn decode<T: Field>(bytes: &[u8]) -> Option<T> {
    let mut rest = bytes;
    let one = T::get(&mut rest)?;
    rest.is_empty().then_some(one)
}

/// What a message is made of.
pub(crate) trait Field: Sized {
    fn put(&self, to: &mut impl Sink);
    fn get(from: &mut &[u8]) -> Option<Self>;
}

macro_rules! integers {
    ($($type:ty),*) => {$(
        impl Field for $type {
            fn put(&self, to: &mut impl Sink) {
                to.append(&self.to_le_bytes());
            }
            fn get(from: &mut &[u8]) -> Option<$type> {
                let (one, rest) = from.split_first_chunk()?;
                *from = rest;
                Some(<$type>::from_le_bytes(*one))
            }
        }
    )*};
}
integers!(u8, u16, u32, u64, u128, i32, i64, i128);

macro_rules! shared_records {
    ($($type:ty),*) => {$(
        impl Field for $type {
            fn put(&self, to: &mut impl Sink) {
                to.append(self.as_bytes());
            }
            fn get(from: &mut &[u8]) -> Option<$type> {
                let (one, rest) = <$type>::read_from_prefix(from).ok()?;
                *from = rest;
                Some(one)
            }
        }
    )*};
}
shared_records!(Event, Command);

impl Field for bool {
    fn put(&self, to: &mut impl Sink) {
        u8::from(*self).put(to);
    }

    fn get(from: &mut &[u8]) -> Option<bool> {
        [false, true].get(usize::from(u8::get(from)?)).copied()
    }
}

impl Field for usize {
    fn put(&self, to: &mut impl Sink) {
        (*self as u64).put(to);
    }

    fn get(from: &mut &[u8]) -> Option<usize> {
        usize::try_from(u64::get(from)?).ok()
    }
}

impl<T: Field> Field for Option<T> {
    fn put(&self, to: &mut impl Sink) {
        self.is_some().put(to);
        if let Some(one) = self {
            one.put(to);
        }
    }

    fn get(from: &mut &[u8]) -> Option<Option<T>> {
        if bool::get(from)? { T::get(from).map(Some) } else { Some(None) }
    }
}

impl<T: Field, U: Field> Field for (T, U) {
    fn put(&self, to: &mut impl Sink) {
        self.0.put(to);
        self.1.put(to);
    }

    fn get(from: &mut &[u8]) -> Option<(T, U)> {
        Some((T::get(from)?, U::get(from)?))
    }
}

impl<T: Field, const N: usize> Field for [T; N] {
    fn put(&self, to: &mut impl Sink) {
        self.iter().for_each(|one| one.put(to));
    }

    fn get(from: &mut &[u8]) -> Option<[T; N]> {
        // Never longer than N, and only allocated where states are read.
        let all: Vec<T> = (0..N).map_while(|_| T::get(from)).collect();
        all.try_into().ok()
    }
}

/// Structs field by field; one that is forgotten does not compile.
macro_rules! fields {
    ($($name:ident { $($field:ident),* $(,)? })*) => {$(
        impl crate::message::Field for $name {
            fn put(&self, to: &mut impl crate::message::Sink) {
                let $name { $($field),* } = self;
                $(crate::message::Field::put($field, to);)*
            }

            fn get(from: &mut &[u8]) -> Option<$name> {
                Some($name { $($field: crate::message::Field::get(from)?),* })
            }
        }
    )*};
}
pub(crate) use fields;

/// An enum of messages. Codes are in journals and never reused.
macro_rules! messages {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$about:meta])* $variant:ident = $code:literal $({ $($field:ident: $type:ty),* $(,)? })?;)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$about])* $variant $({ $($field: $type),* })?),* }

        impl crate::message::Field for $name {
            fn put(&self, to: &mut impl crate::message::Sink) {
                match self {
                    $($name::$variant $({ $($field),* })? => {
                        crate::message::Field::put(&($code as u8), to);
                        $($(crate::message::Field::put($field, to);)*)?
                    })*
                }
            }

            fn get(from: &mut &[u8]) -> Option<$name> {
                match <u8 as crate::message::Field>::get(from)? {
                    $($code => Some($name::$variant $({ $($field: crate::message::Field::get(from)?),* })?),)*
                    _ => None,
                }
            }
        }
    };
}
pub(crate) use messages;
