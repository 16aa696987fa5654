//! The bytes of a journal: file names, segment header, record header, CRC and chain.
//!
//! A segment is a header of 128 bytes and records; a record is a header of 32 bytes, its payload as stored
//! (sealed, if the journal is encrypted) and 32 bytes of chain. All numbers are little-endian.
//!
//! Holds: every byte is under a CRC-32. The chain after a record is the SHA-256 of the chain before it, the
//! record's header without `crc` and `unsynced`, and the stored payload, so that it depends on what was
//! journaled and not on how the disk was faring. A segment begins with the chain that the one before it
//! ended with; the chain before the first record of all is zeros.
use riposte_map::identity;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// `RIPOJRN1` as little-endian bytes.
pub const SEGMENT_MAGIC: u64 = u64::from_le_bytes(*b"RIPOJRN1");
/// Of segments and snapshots: counts up with every change of a layout in this crate.
pub const FORMAT: u32 = 1;
/// Longest payload of a record, before it is sealed.
pub const PAYLOAD_BYTES_MAX: usize = 1 << 16;
pub const SEGMENT_HEADER_BYTES: usize = size_of::<SegmentHeader>();
pub const RECORD_HEADER_BYTES: usize = size_of::<RecordHeader>();
/// What a record takes beside its payload.
pub const RECORD_OVERHEAD_BYTES: usize = RECORD_HEADER_BYTES + size_of::<Chain>();
/// The tag that seals a payload of an encrypted journal.
pub const TAG_BYTES: usize = 16;
pub const ENCRYPTED: u32 = 1;

/// SHA-256 over everything up to a record.
pub type Chain = [u8; 32];

/// First bytes of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct SegmentHeader {
    pub magic: U64,
    pub format: U32,
    /// `ENCRYPTED` or 0.
    pub flags: U32,
    /// `identity::VERSION` and `TABLE_HASH` of the contract whose records are inside.
    pub contract_version: U32,
    /// From 1, without a hole.
    pub segment: U32,
    pub contract_hash: U64,
    /// Position of the first record.
    pub first: U64,
    /// Wall clock when the segment was begun, nanoseconds since 1970 UTC. Only retention looks at it.
    pub created_unix_ns: U64,
    /// Chain before the first record.
    pub chain: Chain,
    /// Random; with a record's position, the nonce of that record. Zeros if not encrypted.
    pub salt: [u8; 16],
    /// Seals the bytes before it, so that a wrong key is known before the first record.
    pub key_tag: [u8; TAG_BYTES],
    pub reserved: [u8; 12],
    /// CRC-32 of all bytes before it.
    pub crc: U32,
}

/// First bytes of a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct RecordHeader {
    /// Bytes of the payload as stored.
    pub length: U32,
    /// CRC-32 of all other bytes of the record: the rest of this header, payload, chain.
    pub crc: U32,
    /// From 1, over all segments, without a hole.
    pub position: U64,
    pub time_ns: U64,
    pub kind: u8,
    pub reserved: [u8; 3],
    /// How many positions back the newest record was that was known to be durable when this one was
    /// written: tells a tail that a crash tore from damage to what had been durable.
    pub unsynced: U32,
}

const _: () = assert!(SEGMENT_HEADER_BYTES == 128 && RECORD_HEADER_BYTES == 32);

impl SegmentHeader {
    /// A header without seal and CRC.
    pub fn new(segment: u32, first: u64, chain: Chain, created_unix_ns: u64) -> SegmentHeader {
        SegmentHeader {
            magic: SEGMENT_MAGIC.into(),
            format: FORMAT.into(),
            flags: 0.into(),
            contract_version: identity::VERSION.into(),
            segment: segment.into(),
            contract_hash: identity::TABLE_HASH.into(),
            first: first.into(),
            created_unix_ns: created_unix_ns.into(),
            chain,
            salt: [0; 16],
            key_tag: [0; TAG_BYTES],
            reserved: [0; 12],
            crc: 0.into(),
        }
    }

    pub fn is_encrypted(&self) -> bool {
        self.flags.get() & ENCRYPTED != 0
    }

    pub fn compute_crc(&self) -> u32 {
        crc32fast::hash(&self.as_bytes()[..SEGMENT_HEADER_BYTES - size_of::<U32>()])
    }

    /// The bytes that `key_tag` seals.
    pub fn sealed_bytes(&self) -> &[u8] {
        &self.as_bytes()[..SEGMENT_HEADER_BYTES - 32]
    }
}

impl RecordHeader {
    /// What chain and seal cover of this header.
    pub fn lasting(&self) -> RecordHeader {
        RecordHeader { crc: 0.into(), unsynced: 0.into(), ..*self }
    }

    /// All bytes of the record, for a plausible length.
    pub fn record_bytes(&self) -> usize {
        RECORD_OVERHEAD_BYTES + self.length.get() as usize
    }

    /// The newest position that was known to be durable when this record was written.
    pub fn durable(&self) -> u64 {
        self.position.get().saturating_sub(self.unsynced.get().into())
    }

    /// `behind` is everything behind the header: payload and chain.
    pub fn compute_crc(&self, behind: &[u8]) -> u32 {
        let mut crc = crc32fast::Hasher::new();
        crc.update(RecordHeader { crc: 0.into(), ..*self }.as_bytes());
        crc.update(behind);
        crc.finalize()
    }

    pub fn compute_chain(&self, before: &Chain, payload: &[u8]) -> Chain {
        let mut hash = Sha256::new();
        hash.update(before);
        hash.update(self.lasting().as_bytes());
        hash.update(payload);
        hash.finalize().into()
    }
}

pub fn segment_path(folder: &Path, segment: u32) -> PathBuf {
    folder.join(format!("segment-{segment:010}.rj"))
}

pub fn snapshot_path(folder: &Path, position: u64) -> PathBuf {
    folder.join(format!("snapshot-{position:020}.rj"))
}

/// The number in `segment-0000000001.rj`, if the name is one.
pub fn segment_number(name: &str) -> Option<u32> {
    name.strip_prefix("segment-")?.strip_suffix(".rj")?.parse().ok()
}

/// The position in `snapshot-00000000000000000001.rj`, if the name is one.
pub fn snapshot_position(name: &str) -> Option<u64> {
    name.strip_prefix("snapshot-")?.strip_suffix(".rj")?.parse().ok()
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
