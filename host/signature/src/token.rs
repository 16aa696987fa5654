//! A statement that one exact older set may come back, once.
use crate::digits::Digits;
use crate::key::{KeyError, PrivateKey, PublicKey};
use crate::Untrusted;
use serde::{Deserialize, Serialize};

/// What the bytes of a token begin with; nothing else that is signed does.
const HEAD: &[u8; 24] = b"riposte rollback token1\n";
/// What tells one token from another for the same set.
pub const NONCE_BYTES: usize = 16;

/// For the set of exactly this generation with exactly this content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    pub generation: u32,
    /// What the engine knows the set by: SHA-256 of its rows.
    pub content: Digits<32>,
    pub nonce: Digits<NONCE_BYTES>,
    pub key: Digits<32>,
    pub signature: Digits<64>,
}

impl Token {
    /// A new one, different from each that was signed before.
    pub fn sign(generation: u32, content: [u8; 32], key: &PrivateKey) -> Result<Token, KeyError> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(KeyError::Random)?;
        let unsigned =
            Token { generation, content: Digits(content), nonce: Digits(nonce), key: key.public().digits(), signature: Digits([0; 64]) };
        Ok(Token { signature: key.sign(&unsigned.statement()), ..unsigned })
    }

    fn statement(&self) -> Vec<u8> {
        [&HEAD[..], &self.generation.to_le_bytes(), &self.content.0, &self.nonce.0].concat()
    }

    /// The place in `trusted` of the key that signed it.
    pub fn verify(&self, trusted: &[PublicKey]) -> Result<usize, Untrusted> {
        let at = trusted.iter().position(|key| key.digits() == self.key).ok_or(Untrusted::Unknown)?;
        trusted[at].verify(&self.statement(), &self.signature).map(|()| at)
    }
}
