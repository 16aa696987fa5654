//! Fields and the table that makes a struct, its decoder and its encoder of one list.

use super::{DecodeError, Options};

/// A field as bytes, big-endian.
pub(super) trait Wire: Sized {
    const BYTES: usize;
    fn put(&self, out: &mut Vec<u8>);
    /// `bytes` is `BYTES` long.
    fn take(bytes: &[u8]) -> Self;
}

macro_rules! integers {
    ($($type:ty)*) => { $(impl Wire for $type {
        const BYTES: usize = size_of::<$type>();
        fn put(&self, out: &mut Vec<u8>) {
            out.extend_from_slice(&self.to_be_bytes());
        }
        fn take(bytes: &[u8]) -> $type {
            bytes.iter().fold(0, |value, &byte| value.wrapping_shl(8) | <$type>::from(byte))
        }
    })* };
}
integers!(u16 u32 u64);

impl Wire for u8 {
    const BYTES: usize = 1;
    fn put(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }
    fn take(bytes: &[u8]) -> u8 {
        bytes[0]
    }
}

impl<const N: usize> Wire for [u8; N] {
    const BYTES: usize = N;
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
    fn take(bytes: &[u8]) -> [u8; N] {
        let mut text = [0; N];
        text.copy_from_slice(bytes);
        text
    }
}

/// Takes fields off a message whose fixed part is known to be there.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Behind the type byte of a message of at least `least` bytes.
    pub fn new(message: &'a [u8], least: usize) -> Result<Reader<'a>, DecodeError> {
        match message {
            [] => Err(DecodeError::Empty),
            [_, rest @ ..] if message.len() >= least => Ok(Reader { rest }),
            [code, ..] => Err(DecodeError::Short { code: *code, bytes: message.len(), least }),
        }
    }

    pub fn field<T: Wire>(&mut self) -> T {
        let (field, rest) = self.rest.split_at(T::BYTES);
        self.rest = rest;
        T::take(field)
    }

    /// What follows the fixed part; nothing at all is an appendage that was left out.
    pub fn options(self) -> Result<Options, DecodeError> {
        match self.rest {
            [] => Ok(Options::default()),
            [high, low, rest @ ..] => {
                let told = usize::from(u16::from_be_bytes([*high, *low]));
                if told != rest.len() {
                    return Err(DecodeError::Appendage { told, found: rest.len() });
                }
                Options::decode(rest)
            }
            [_] => Err(DecodeError::Appendage { told: 0, found: 1 }),
        }
    }
}

/// Whether the appendage's length is written when there are no options.
#[allow(non_upper_case_globals, reason = "words of the table")]
pub(super) mod tail {
    /// Always, and it counts to the length of the fixed part.
    pub const appended: usize = 2;
    /// Only with options; the later revision allows that.
    pub const bare: usize = 0;
}

/// Messages of one direction: name, type code, length of the fixed part, tail, fields in their order.
macro_rules! messages {
    ($direction:ident: $($(#[$doc:meta])* $name:ident $code:literal $length:literal $tail:ident {
        $($field:ident: $type:ty),* $(,)?
    })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Eq)]
            pub struct $name { $(pub $field: $type,)* pub options: Options }
            const _: () = assert!($length == 1 $(+ <$type as Wire>::BYTES)* + wire::tail::$tail);
        )*

        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $direction { $($name($name)),* }

        impl $direction {
            /// Reads one whole message.
            pub fn decode(message: &[u8]) -> Result<$direction, DecodeError> {
                match message.first() {
                    None => Err(DecodeError::Empty),
                    $(Some($code) => {
                        #[allow(unused_mut, reason = "a message without fields")]
                        let mut reader = Reader::new(message, $length)?;
                        Ok($direction::$name($name { $($field: reader.field(),)* options: reader.options()? }))
                    })*
                    Some(&code) => Err(DecodeError::Unknown(code)),
                }
            }

            /// The message's bytes.
            pub fn encode(&self) -> Vec<u8> {
                match self {
                    $($direction::$name(message) => {
                        let mut out = Vec::with_capacity($length + message.options.bytes());
                        out.push($code);
                        $(message.$field.put(&mut out);)*
                        if wire::tail::$tail > 0 || !message.options.is_empty() {
                            message.options.encode(&mut out);
                        }
                        out
                    })*
                }
            }

            /// The message's name, as the specification has it but for spaces.
            pub fn name(&self) -> &'static str {
                match self { $($direction::$name(_) => stringify!($name)),* }
            }
        }

        $(impl From<$name> for $direction {
            fn from(message: $name) -> $direction { $direction::$name(message) }
        })*
    };
}
pub(super) use messages;
