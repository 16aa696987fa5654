//! The appendage: tagged optional values behind a message.

use super::DecodeError;

/// Tags of options and the size of each value.
pub mod tag {
    pub const FIRM: u8 = 2;
    pub const MIN_QUANTITY: u8 = 3;
    pub const MAX_FLOOR: u8 = 5;
    pub const PRICE_TYPE: u8 = 6;
    pub const PEG_OFFSET: u8 = 7;
    pub const DISCRETION_PRICE: u8 = 9;
    pub const POST_ONLY: u8 = 12;
    pub const RANDOM_RESERVES: u8 = 13;
    pub const ROUTE: u8 = 14;
    pub const EXPIRE_TIME: u8 = 15;

    /// Bytes of the value of each option of the specification.
    pub(super) const SIZES: &[(u8, usize)] = &[
        (1, 8),
        (FIRM, 4),
        (MIN_QUANTITY, 4),
        (4, 1),
        (MAX_FLOOR, 4),
        (PRICE_TYPE, 1),
        (PEG_OFFSET, 4),
        (DISCRETION_PRICE, 8),
        (10, 1),
        (11, 4),
        (POST_ONLY, 1),
        (RANDOM_RESERVES, 4),
        (ROUTE, 4),
        (EXPIRE_TIME, 4),
        (16, 1),
        (17, 1),
        (18, 1),
        (22, 4),
        (23, 8),
        (24, 2),
        (25, 1),
        (26, 4),
        (27, 1),
        (28, 1),
        (29, 1),
        (30, 2),
    ];
}

/// Options in the order in which they came: pairs of tag and value. Tags that the specification does not know are
/// kept, those that it knows have its size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options(Vec<(u8, Vec<u8>)>);

impl Options {
    /// These options with one more. Values are at most 254 bytes.
    pub fn with(mut self, tag: u8, value: &[u8]) -> Options {
        assert!(value.len() < 255, "an option's length is one byte");
        self.0.push((tag, value.to_vec()));
        self
    }

    /// The value of the first option with this tag.
    pub fn get(&self, tag: u8) -> Option<&[u8]> {
        self.0.iter().find(|(other, _)| *other == tag).map(|(_, value)| value.as_slice())
    }

    /// The value as a big-endian integer, of the first 8 bytes at most.
    pub fn number(&self, tag: u8) -> Option<u64> {
        let value = self.get(tag)?;
        Some(value.iter().take(8).fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes of the elements.
    pub(super) fn bytes(&self) -> usize {
        self.0.iter().map(|(_, value)| 2 + value.len()).sum()
    }

    pub(super) fn decode(mut elements: &[u8]) -> Result<Options, DecodeError> {
        let mut options = Vec::new();
        while let [length, rest @ ..] = elements {
            let count = usize::from(*length);
            if count == 0 || count > rest.len() {
                return Err(DecodeError::OptionLength { length: *length, left: rest.len() });
            }
            let (element, behind) = rest.split_at(count);
            let (tag, value) = (element[0], &element[1..]);
            if let Some(&(_, size)) = tag::SIZES.iter().find(|(known, _)| *known == tag)
                && size != value.len()
            {
                return Err(DecodeError::OptionSize { tag, bytes: value.len(), size });
            }
            options.push((tag, value.to_vec()));
            elements = behind;
        }
        Ok(Options(options))
    }

    /// Writes the appendage, its length first.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(self.bytes() as u16).to_be_bytes());
        for (tag, value) in &self.0 {
            out.extend_from_slice(&[value.len() as u8 + 1, *tag]);
            out.extend_from_slice(value);
        }
    }
}
