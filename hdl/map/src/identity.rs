//! What a card announces about itself, and what a host compares before it speaks to it.
use crate::{counter::Counter, limits, reason::Reason, shm, wire};

/// `RIPOSTE1` as little-endian bytes.
pub const MAGIC: u64 = u64::from_le_bytes(*b"RIPOSTE1");
/// Counts up with every change that a host must know of.
pub const VERSION: u32 = 6;
/// FNV-1a over every table and limit of this crate: a host refuses a card with another value.
pub const TABLE_HASH: u64 = table_hash();

const fn mix(hash: u64, value: u64) -> u64 {
    let bytes = value.to_le_bytes();
    let mut hash = hash;
    let mut i = 0;
    while i < 8 {
        hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        i += 1;
    }
    hash
}

const fn table_hash() -> u64 {
    let mut hash = mix(0xcbf2_9ce4_8422_2325, VERSION as u64);
    let sizes = [
        limits::INSTRUMENTS, limits::RULES, limits::ORDER_SLOTS, limits::LEVEL_ROWS, limits::LEVEL_WAYS,
        limits::DECISION_QUEUE, limits::IMAGE_WORDS, limits::BLOCK_BYTES_MIN, limits::BLOCK_BYTES_MAX,
        Counter::COUNT, Reason::ALL.len(), shm::Opcode::ALL.len(), shm::Condition::ALL.len(),
    ];
    let mut i = 0;
    while i < sizes.len() {
        hash = mix(hash, sizes[i] as u64);
        i += 1;
    }
    i = 0;
    while i < Reason::ALL.len() {
        hash = mix(hash, Reason::ALL[i] as u64);
        i += 1;
    }
    i = 0;
    while i < shm::Condition::ALL.len() {
        hash = mix(hash, shm::Condition::ALL[i] as u64);
        i += 1;
    }
    i = 0;
    while i < wire::itch::MESSAGES.len() {
        let message = wire::itch::MESSAGES[i];
        hash = mix(hash, message.code as u64 | (message.length as u64) << 8);
        let mut f = 0;
        while f < message.fields.len() {
            hash = mix(hash, message.fields[f].offset as u64 | (message.fields[f].bytes as u64) << 32);
            f += 1;
        }
        i += 1;
    }
    hash
}
