//! Writes ITCH 5.0 messages by the tables of `riposte_map::wire::itch`.

use riposte_map::wire::{Field, Message, itch};

use crate::queue::Side;

/// A message being written: the fields that are not named stay 0.
pub(crate) struct Draft {
    bytes: Vec<u8>,
}

impl Draft {
    /// A message of `kind`; `time_ns` is nanoseconds since midnight.
    pub fn new(kind: &Message, locate: u16, tracking: u16, time_ns: u64) -> Draft {
        let mut bytes = vec![0; kind.length];
        itch::system_event::TYPE.put(&mut bytes, u64::from(kind.code));
        itch::system_event::LOCATE.put(&mut bytes, u64::from(locate));
        itch::system_event::TRACKING.put(&mut bytes, u64::from(tracking));
        itch::system_event::TIME_NS.put(&mut bytes, time_ns);
        Draft { bytes }
    }

    pub fn put(mut self, field: Field, value: impl Into<u64>) -> Draft {
        field.put(&mut self.bytes, value.into());
        self
    }

    pub fn side(self, field: Field, side: Side) -> Draft {
        let code = match side {
            Side::Buy => itch::SIDE_BUY,
            Side::Sell => itch::SIDE_SELL,
        };
        self.put(field, code)
    }

    /// Text of at most the field's size, padded with spaces.
    pub fn text(mut self, field: Field, text: &[u8]) -> Draft {
        let target = &mut self.bytes[field.offset..field.end()];
        target.fill(b' ');
        target.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
        self
    }

    pub fn done(self) -> Vec<u8> {
        self.bytes
    }
}
