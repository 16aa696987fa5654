//! Bytes as hexadecimal digits, in files and on the wire.
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Bytes that are written as twice as many digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digits<const N: usize>(pub [u8; N]);

/// Exactly N bytes; white space around the digits does not count.
pub fn digits<const N: usize>(text: &str) -> Option<[u8; N]> {
    let text = text.trim().as_bytes();
    let mut bytes = [0; N];
    if text.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        let digit = |at: usize| char::from(pair[at]).to_digit(16);
        *byte = (digit(0)? << 4 | digit(1)?) as u8;
    }
    Some(bytes)
}

impl<const N: usize> fmt::Display for Digits<N> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl<const N: usize> fmt::Debug for Digits<N> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const N: usize> Serialize for Digits<N> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'a, const N: usize> Deserialize<'a> for Digits<N> {
    fn deserialize<D: Deserializer<'a>>(from: D) -> Result<Digits<N>, D::Error> {
        let text = String::deserialize(from)?;
        let bytes = digits(&text).ok_or_else(|| D::Error::custom(format!("must be {} hexadecimal digits", 2 * N)))?;
        Ok(Digits(bytes))
    }
}
