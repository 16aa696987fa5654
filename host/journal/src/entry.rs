//! What a record tells: the kinds of records and their payloads.
//!
//! Holds: encoding does not allocate; decoding never panics, whatever the bytes.
use riposte_map::shm::{Command, Event};
use std::fmt;
use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Kinds of records; the numbers are on disk and never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    Event = 1,
    Command = 2,
    Transmitted = 3,
    HostOrder = 4,
    Session = 5,
    Note = 6,
    Snapshot = 7,
    Pruned = 8,
    Closed = 9,
    Input = 10,
    Record = 11,
    Configuration = 12,
}

impl Kind {
    pub const ALL: [Kind; 12] = [
        Kind::Event, Kind::Command, Kind::Transmitted, Kind::HostOrder, Kind::Session, Kind::Note, Kind::Snapshot,
        Kind::Pruned, Kind::Closed, Kind::Input, Kind::Record, Kind::Configuration,
    ];

    pub fn from_code(code: u8) -> Option<Kind> {
        Kind::ALL.get(usize::from(code).checked_sub(1)?).copied()
    }

    pub fn text(self) -> &'static str {
        match self {
            Kind::Event => "event",
            Kind::Command => "command",
            Kind::Transmitted => "transmitted",
            Kind::HostOrder => "host-order",
            Kind::Session => "session",
            Kind::Note => "note",
            Kind::Snapshot => "snapshot",
            Kind::Pruned => "pruned",
            Kind::Closed => "closed",
            Kind::Input => "input",
            Kind::Record => "record",
            Kind::Configuration => "configuration",
        }
    }

    /// The kind with this text.
    pub fn from_text(text: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.text() == text)
    }
}

/// Which way a session message went, from the host's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Direction {
    Received = 1,
    Sent = 2,
}

/// An act of a person or of a part of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note<'a> {
    pub who: &'a str,
    /// What was done: `arm`, `kill`, `replay`…
    pub act: &'a str,
    pub why: &'a str,
}

/// That the state up to `position` is in a snapshot file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct SnapshotMark {
    /// Position of the last record whose effect the state holds.
    pub position: U64,
    /// SHA-256 of the state.
    pub digest: [u8; 32],
}

/// That old segments were removed, or are about to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct PruneMark {
    /// The last segment removed, and the last position in it.
    pub segment: U32,
    pub position: U64,
    /// Chain after that position.
    pub chain: [u8; 32],
}

/// The content of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// An event of the card.
    Event(Event),
    /// A command to the card.
    Command(Command),
    /// A frame that the card transmitted; its first word was on the stream in `cycle`.
    Transmitted { cycle: u64, bytes: &'a [u8] },
    /// An order that the host is about to send, under the host's own number.
    HostOrder { order: u64, bytes: &'a [u8] },
    /// A message of a venue's session, without the framing of the session.
    Session { session: u32, direction: Direction, bytes: &'a [u8] },
    Note(Note<'a>),
    Snapshot(SnapshotMark),
    /// Who removed segments and why is in the note.
    Pruned(PruneMark, Note<'a>),
    /// The writer ended in good order; nothing was in its queue.
    Closed,
    /// What the engine was given, as its `Input` encodes itself.
    Input(&'a [u8]),
    /// What the engine wrote down before it had an effect, as its `Record` encodes itself.
    Record(&'a [u8]),
    /// What the engine runs under from here on, as its `Config` encodes itself.
    Configuration(&'a [u8]),
}

/// Where a payload is written; it has room for `Entry::length` bytes.
pub(crate) trait Sink {
    fn put(&mut self, bytes: &[u8]);
}

impl Entry<'_> {
    pub fn kind(&self) -> Kind {
        match self {
            Entry::Event(_) => Kind::Event,
            Entry::Command(_) => Kind::Command,
            Entry::Transmitted { .. } => Kind::Transmitted,
            Entry::HostOrder { .. } => Kind::HostOrder,
            Entry::Session { .. } => Kind::Session,
            Entry::Note(_) => Kind::Note,
            Entry::Snapshot(_) => Kind::Snapshot,
            Entry::Pruned(..) => Kind::Pruned,
            Entry::Closed => Kind::Closed,
            Entry::Input(_) => Kind::Input,
            Entry::Record(_) => Kind::Record,
            Entry::Configuration(_) => Kind::Configuration,
        }
    }

    /// Bytes of the payload.
    pub fn length(&self) -> usize {
        let note = |note: &Note| [note.who, note.act, note.why].iter().map(|text| 4 + text.len()).sum::<usize>();
        match self {
            Entry::Event(_) => size_of::<Event>(),
            Entry::Command(_) => size_of::<Command>(),
            Entry::Transmitted { bytes, .. } | Entry::HostOrder { bytes, .. } => 8 + bytes.len(),
            Entry::Session { bytes, .. } => 5 + bytes.len(),
            Entry::Note(one) => note(one),
            Entry::Snapshot(_) => size_of::<SnapshotMark>(),
            Entry::Pruned(_, one) => size_of::<PruneMark>() + note(one),
            Entry::Closed => 0,
            Entry::Input(bytes) | Entry::Record(bytes) | Entry::Configuration(bytes) => bytes.len(),
        }
    }

    /// Writes exactly `length` bytes.
    pub(crate) fn put(&self, sink: &mut impl Sink) {
        match self {
            Entry::Event(event) => sink.put(event.as_bytes()),
            Entry::Command(command) => sink.put(command.as_bytes()),
            Entry::Transmitted { cycle: number, bytes } | Entry::HostOrder { order: number, bytes } => {
                sink.put(&number.to_le_bytes());
                sink.put(bytes);
            }
            Entry::Session { session, direction, bytes } => {
                sink.put(&session.to_le_bytes());
                sink.put(&[*direction as u8]);
                sink.put(bytes);
            }
            Entry::Note(note) => put_note(note, sink),
            Entry::Snapshot(mark) => sink.put(mark.as_bytes()),
            Entry::Pruned(mark, note) => {
                sink.put(mark.as_bytes());
                put_note(note, sink);
            }
            Entry::Closed => {}
            Entry::Input(bytes) | Entry::Record(bytes) | Entry::Configuration(bytes) => sink.put(bytes),
        }
    }

    /// `None` if the payload is none of its kind.
    pub fn decode(kind: Kind, payload: &[u8]) -> Option<Entry<'_>> {
        Some(match kind {
            Kind::Event => Entry::Event(Event::read_from_bytes(payload).ok()?),
            Kind::Command => Entry::Command(Command::read_from_bytes(payload).ok()?),
            Kind::Transmitted => {
                let (cycle, bytes) = U64::read_from_prefix(payload).ok()?;
                Entry::Transmitted { cycle: cycle.get(), bytes }
            }
            Kind::HostOrder => {
                let (order, bytes) = U64::read_from_prefix(payload).ok()?;
                Entry::HostOrder { order: order.get(), bytes }
            }
            Kind::Session => {
                let (session, rest) = U32::read_from_prefix(payload).ok()?;
                let (&code, bytes) = rest.split_first()?;
                let direction = [Direction::Received, Direction::Sent].into_iter().find(|one| *one as u8 == code)?;
                Entry::Session { session: session.get(), direction, bytes }
            }
            Kind::Note => Entry::Note(note(payload)?),
            Kind::Snapshot => Entry::Snapshot(SnapshotMark::read_from_bytes(payload).ok()?),
            Kind::Pruned => {
                let (mark, rest) = PruneMark::read_from_prefix(payload).ok()?;
                Entry::Pruned(mark, note(rest)?)
            }
            Kind::Closed => payload.is_empty().then_some(Entry::Closed)?,
            Kind::Input => Entry::Input(payload),
            Kind::Record => Entry::Record(payload),
            Kind::Configuration => Entry::Configuration(payload),
        })
    }
}

fn put_note(note: &Note, sink: &mut impl Sink) {
    for text in [note.who, note.act, note.why] {
        // No text is longer than a payload, which is far below 2^32.
        sink.put(&(text.len() as u32).to_le_bytes());
        sink.put(text.as_bytes());
    }
}

fn note(payload: &[u8]) -> Option<Note<'_>> {
    let mut rest = payload;
    let mut text = || {
        let (length, behind) = U32::read_from_prefix(rest).ok()?;
        let (text, behind) = behind.split_at_checked(length.get() as usize)?;
        rest = behind;
        std::str::from_utf8(text).ok()
    };
    let note = Note { who: text()?, act: text()?, why: text()? };
    rest.is_empty().then_some(note)
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(self.text())
    }
}
