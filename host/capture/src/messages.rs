//! Raw ITCH 5.0: messages behind their length (u16, big-endian, without itself), as in NASDAQ's day files.

use riposte_map::{limits::BLOCK_BYTES_MAX, wire::itch};

use crate::{
    Error, Place,
    input::{Input, Progress},
};

/// A message of a raw file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawMessage {
    /// Count of messages up to this one, from 1: the sequence number it gets when it is packetised.
    pub number: u64,
    /// Offset of its length prefix in the unpacked file.
    pub offset: u64,
    pub bytes: Vec<u8>,
}

/// The messages of a raw file. Nothing follows an error.
pub struct Messages {
    input: Input,
    number: u64,
    empty_prefixes: u64,
    done: bool,
}

impl Messages {
    /// Whether a file that begins so is raw ITCH: after any empty prefixes comes a known type behind
    /// its own length.
    pub(crate) fn knows(first: &[u8]) -> bool {
        let mut rest = first;
        while let Some(after) = rest.strip_prefix(&[0, 0]) {
            rest = after;
        }
        let [high, low, code, ..] = *rest else { return false };
        let length = usize::from(u16::from_be_bytes([high, low]));
        itch::index_of(code).is_some_and(|index| itch::MESSAGES[index].length == length)
    }

    pub(crate) fn new(input: Input) -> Messages {
        Messages { input, number: 0, empty_prefixes: 0, done: false }
    }

    /// Length prefixes of zero that were skipped so far; some published files have them.
    pub fn empty_prefixes(&self) -> u64 {
        self.empty_prefixes
    }

    pub fn progress(&self) -> Progress {
        self.input.progress.clone()
    }

    /// Where `message`, one of this file, lies.
    pub(crate) fn place_of(&self, message: &RawMessage) -> Place {
        Place::new(&self.input.path, message.number, message.offset)
    }

    fn place(&self, offset: u64) -> Place {
        Place::new(&self.input.path, self.number + 1, offset)
    }

    fn read(&mut self) -> Result<Option<RawMessage>, Error> {
        loop {
            let number = self.number + 1;
            let offset = self.input.offset;
            let mut prefix = [0; 2];
            match self.input.read(number, &mut prefix)? {
                0 => return Ok(None),
                1 => return Err(Error::Trailing { place: self.place(offset), bytes: 1 }),
                _ => {}
            }
            let length = usize::from(u16::from_be_bytes(prefix));
            if length == 0 {
                self.empty_prefixes += 1;
                continue;
            }
            if length > BLOCK_BYTES_MAX {
                let (length, limit) = (length as u64, BLOCK_BYTES_MAX as u64);
                return Err(Error::Length { place: self.place(offset), length, limit });
            }
            let mut bytes = vec![0; length];
            let found = self.input.read(number, &mut bytes)?;
            if found < length {
                let (wanted, found) = (length as u64, found as u64);
                return Err(Error::Cut { place: self.place(offset), wanted, found });
            }
            self.number = number;
            return Ok(Some(RawMessage { number, offset, bytes }));
        }
    }
}

impl Iterator for Messages {
    type Item = Result<RawMessage, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = self.read().transpose();
        self.done = !matches!(next, Some(Ok(_)));
        next
    }
}
