//! A state in a file beside the segments, so that recovery need not replay the log from its start.
//!
//! Holds: written beside its name and renamed. It counts only if a record of the log names its position and
//! its digest; a file without one, as a crash between the two leaves it, is passed over.
use crate::disk::{random, replace};
use crate::entry::SnapshotMark;
use crate::error::Error;
use crate::format::{ENCRYPTED, FORMAT, TAG_BYTES, snapshot_path, snapshot_position};
use crate::key::Key;
use crate::writer::io_error;
use riposte_map::identity;
use sha2::{Digest, Sha256};
use std::path::Path;
use thiserror::Error;
use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// `RIPOSNP1` as little-endian bytes.
const MAGIC: u64 = u64::from_le_bytes(*b"RIPOSNP1");

/// First bytes of a snapshot; behind them the state, sealed if the journal is encrypted.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Header {
    magic: U64,
    format: U32,
    flags: U32,
    contract_version: U32,
    reserved: [u8; 4],
    contract_hash: U64,
    /// Position of the last record whose effect the state holds.
    position: U64,
    salt: [u8; 16],
    tag: [u8; TAG_BYTES],
}

/// Bytes of the header that the seal covers.
const SEALED_BYTES: usize = size_of::<Header>() - TAG_BYTES;

/// A state and the position after which it was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub position: u64,
    pub state: Vec<u8>,
}

/// Why a snapshot that the log names cannot be used.
#[derive(Debug, Error)]
pub enum Unusable {
    #[error("cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    #[error("is no snapshot of this format and contract")]
    Foreign,
    #[error("is not the state that the log names: its digest is another")]
    Digest,
    #[error("its seal does not hold")]
    Seal,
    #[error("the segments behind it are not all there")]
    NoSegments,
    /// Whoever it is for cannot use it.
    #[error("{0}")]
    Refused(String),
}

pub(crate) fn write(folder: &Path, key: Option<&Key>, position: u64, state: &[u8]) -> Result<SnapshotMark, Error> {
    let mut header = Header {
        magic: MAGIC.into(),
        format: FORMAT.into(),
        flags: 0.into(),
        contract_version: identity::VERSION.into(),
        reserved: [0; 4],
        contract_hash: identity::TABLE_HASH.into(),
        position: position.into(),
        salt: [0; 16],
        tag: [0; TAG_BYTES],
    };
    let mut stored = state.to_vec();
    if let Some(key) = key {
        header.flags = ENCRYPTED.into();
        header.salt = random().map_err(|error| Error::Random(error.to_string()))?;
        header.tag = key.seal(&header.salt, position, &header.as_bytes()[..SEALED_BYTES], &mut stored);
    }
    let path = snapshot_path(folder, position);
    replace(&path, &[header.as_bytes(), &stored]).map_err(io_error(path))?;
    Ok(SnapshotMark { position: position.into(), digest: Sha256::digest(state).into() })
}

/// Removes the oldest snapshots but for `count`.
pub(crate) fn keep(folder: &Path, count: usize) -> Result<(), Error> {
    let mut positions = positions(folder)?;
    positions.sort_unstable();
    let many = positions.len().saturating_sub(count);
    remove(folder, positions.into_iter().take(many))
}

pub(crate) fn positions(folder: &Path) -> Result<Vec<u64>, Error> {
    let entries = std::fs::read_dir(folder).and_then(Iterator::collect::<std::io::Result<Vec<_>>>).map_err(io_error(folder))?;
    Ok(entries.iter().filter_map(|entry| entry.file_name().to_str().and_then(snapshot_position)).collect())
}

pub(crate) fn remove(folder: &Path, positions: impl Iterator<Item = u64>) -> Result<(), Error> {
    for position in positions {
        let path = snapshot_path(folder, position);
        std::fs::remove_file(&path).map_err(io_error(path))?;
    }
    Ok(())
}

/// The state that `mark` names.
pub(crate) fn read(folder: &Path, key: Option<&Key>, mark: &SnapshotMark) -> Result<Snapshot, Unusable> {
    let position = mark.position.get();
    let bytes = std::fs::read(snapshot_path(folder, position))?;
    let (header, state) = Header::read_from_prefix(&bytes).map_err(|_| Unusable::Foreign)?;
    let mut state = state.to_vec();
    let contract = (header.contract_version.get(), header.contract_hash.get());
    let is_format = (header.magic.get(), header.format.get()) == (MAGIC, FORMAT);
    let is_ours = is_format && contract == (identity::VERSION, identity::TABLE_HASH);
    let flags = if key.is_some() { ENCRYPTED } else { 0 };
    if !is_ours || header.position.get() != position || header.flags.get() != flags {
        return Err(Unusable::Foreign);
    }
    if let Some(key) = key {
        let sealed = &header.as_bytes()[..SEALED_BYTES];
        if !key.open(&header.salt, position, sealed, &mut state, &header.tag) {
            return Err(Unusable::Seal);
        }
    }
    let digest: [u8; 32] = Sha256::digest(&state).into();
    if digest == mark.digest { Ok(Snapshot { position, state }) } else { Err(Unusable::Digest) }
}
