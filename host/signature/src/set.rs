//! A parameter set as the one text of bytes that is signed, and its signature.
use crate::digits::Digits;
use crate::key::{PrivateKey, PublicKey};
use crate::{Untrusted, terms};
use riposte_desk::Desk;
use riposte_map::limits::INSTRUMENTS;
use riposte_map::shm::Command;
use serde::{Deserialize, Serialize};
use zerocopy::{FromBytes, IntoBytes};

/// What the bytes of a set begin with; nothing else that is signed does.
const HEAD: &[u8; 24] = b"riposte parameter set 5\n";
const SYMBOL_BYTES: usize = 8;
/// More rows than any set has, and more terms.
const ROWS_MAX: usize = 1 << 16;

/// Everything that a signature stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    pub generation: u32,
    /// In the order of the card, padded with spaces.
    pub symbols: Vec<[u8; SYMBOL_BYTES]>,
    /// The host's limits, what models may move, what hedges may do and how risk is measured: fields of the desk in their order there.
    pub terms: Vec<u64>,
    /// Without numbers and without a commit.
    pub rows: Vec<Command>,
}

impl Set {
    pub fn of(desk: &Desk, generation: u32) -> Set {
        let mut rows = desk.commands(generation, 1);
        // Its commit is the engine's.
        rows.pop();
        // With what the limits lend to the card, which follows the commit.
        rows.extend(desk.grants(1));
        rows.iter_mut().for_each(|row| row.sequence = 0);
        let symbols = desk.instruments.iter().map(|one| {
            let mut symbol = [b' '; SYMBOL_BYTES];
            symbol.iter_mut().zip(one.symbol.bytes()).for_each(|(to, byte)| *to = byte);
            symbol
        });
        Set { generation, symbols: symbols.collect(), terms: terms::of(desk), rows }
    }

    /// Head, generation, count and symbols, count and terms, count and rows; numbers little-endian.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = HEAD.to_vec();
        bytes.extend(self.generation.to_le_bytes());
        bytes.extend((self.symbols.len() as u32).to_le_bytes());
        self.symbols.iter().for_each(|symbol| bytes.extend(symbol));
        bytes.extend((self.terms.len() as u32).to_le_bytes());
        self.terms.iter().for_each(|term| bytes.extend(term.to_le_bytes()));
        bytes.extend((self.rows.len() as u32).to_le_bytes());
        self.rows.iter().for_each(|row| bytes.extend(row.as_bytes()));
        bytes
    }

    /// `None` if these are not exactly the bytes of one set.
    pub fn decode(mut bytes: &[u8]) -> Option<Set> {
        let from = &mut bytes;
        take::<24>(from).filter(|head| head == HEAD)?;
        let generation = u32::from_le_bytes(take(from)?);
        let symbols = (0..count(from, INSTRUMENTS)?).map(|_| take(from)).collect::<Option<_>>()?;
        let terms = (0..count(from, ROWS_MAX)?).map(|_| take(from).map(u64::from_le_bytes)).collect::<Option<_>>()?;
        let rows = (0..count(from, ROWS_MAX)?).map(|_| {
            let row = Command::read_from_bytes(&take::<{ size_of::<Command>() }>(from)?).ok()?;
            (row.sequence == 0).then_some(row)
        });
        let rows = rows.collect::<Option<_>>()?;
        from.is_empty().then_some(Set { generation, symbols, terms, rows })
    }

    pub fn sign(&self, key: &PrivateKey) -> Signature {
        let signature = key.sign(&self.encode());
        Signature { generation: self.generation, key: key.public().digits(), signature }
    }
}

/// How many of something follow, if so many may.
fn count(from: &mut &[u8], most: usize) -> Option<usize> {
    let count = u32::from_le_bytes(take(from)?) as usize;
    (count <= most).then_some(count)
}

fn take<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = from.split_first_chunk()?;
    *from = rest;
    Some(*taken)
}

/// Beside a configuration: which generation its set is, and who stands for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    pub generation: u32,
    pub key: Digits<32>,
    pub signature: Digits<64>,
}

impl Signature {
    /// The place in `trusted` of the key that signed this set.
    pub fn verify(&self, set: &Set, trusted: &[PublicKey]) -> Result<usize, Untrusted> {
        let at = trusted.iter().position(|key| key.digits() == self.key).ok_or(Untrusted::Unknown)?;
        if set.generation != self.generation {
            return Err(Untrusted::Altered);
        }
        trusted[at].verify(&set.encode(), &self.signature).map(|()| at)
    }
}

/// A set with its signature, as the host keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedSet {
    pub set: Set,
    pub signature: Signature,
}

impl SignedSet {
    pub fn encode(&self) -> Vec<u8> {
        let Signature { key, signature, .. } = &self.signature;
        [&key.0[..], &signature.0, &self.set.encode()].concat()
    }

    pub fn decode(mut bytes: &[u8]) -> Option<SignedSet> {
        let (key, signature) = (Digits(take(&mut bytes)?), Digits(take(&mut bytes)?));
        let set = Set::decode(bytes)?;
        let signature = Signature { generation: set.generation, key, signature };
        Some(SignedSet { set, signature })
    }

    /// As [`Signature::verify`].
    pub fn verify(&self, trusted: &[PublicKey]) -> Result<usize, Untrusted> {
        self.signature.verify(&self.set, trusted)
    }
}
