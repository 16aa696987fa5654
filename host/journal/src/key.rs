//! The key of an encrypted journal, and how it seals a record.
//!
//! XChaCha20-Poly1305 with a nonce of the segment's random salt (16 bytes) and the record's position (8 bytes).
//!
//! Holds: no nonce seals two things. Positions do not repeat in a segment; every opening of a journal begins a
//! segment with a salt of its own, also after a torn tail, whose positions are given again. Position 0, which
//! no record has, seals the segment's header.
use crate::error::KeyError;
use crate::format::TAG_BYTES;
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{Tag, XChaCha20Poly1305, XNonce};
use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Of the key: 64 hexadecimal digits in its file or variable.
pub const KEY_BYTES: usize = 32;

/// A key; does not show itself when printed, and is wiped when dropped.
#[derive(Clone)]
pub struct Key(XChaCha20Poly1305);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    pub fn new(bytes: &[u8; KEY_BYTES]) -> Key {
        Key(XChaCha20Poly1305::new(bytes.into()))
    }

    /// From a file with 64 hexadecimal digits that nobody but its owner may read.
    pub fn from_file(path: &Path) -> Result<Key, KeyError> {
        let unreadable = |source| KeyError::Unreadable { path: path.to_owned(), source };
        let mode = std::fs::metadata(path).map_err(unreadable)?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Rights { path: path.to_owned(), mode });
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        Key::from_hex(&text).ok_or_else(|| KeyError::Malformed { place: path.display().to_string() })
    }

    /// From an environment variable with 64 hexadecimal digits.
    pub fn from_environment(variable: &str) -> Result<Key, KeyError> {
        let missing = |source| KeyError::Variable { variable: variable.to_owned(), source };
        let text = std::env::var(variable).map_err(missing)?;
        Key::from_hex(&text).ok_or_else(|| KeyError::Malformed { place: format!("environment variable {variable}") })
    }

    /// White space around the digits does not count.
    fn from_hex(text: &str) -> Option<Key> {
        let digits = text.trim().as_bytes();
        let mut bytes = [0; KEY_BYTES];
        if digits.len() != 2 * KEY_BYTES {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |at: usize| char::from(pair[at]).to_digit(16);
            *byte = (digit(0)? << 4 | digit(1)?) as u8;
        }
        Some(Key::new(&bytes))
    }

    /// Encrypts `payload` in place; `header` is authenticated with it.
    pub(crate) fn seal(&self, salt: &[u8; 16], position: u64, header: &[u8], payload: &mut [u8]) -> [u8; TAG_BYTES] {
        let sealed = self.0.encrypt_inout_detached(&nonce(salt, position), header, payload.into());
        // It fails beyond 256 GiB; a payload is at most PAYLOAD_BYTES_MAX, a snapshot fits memory.
        sealed.expect("a message of a length that the cipher takes").into()
    }

    /// Decrypts `payload` in place; false if the key, the header or the payload is another.
    pub(crate) fn open(
        &self, salt: &[u8; 16], position: u64, header: &[u8], payload: &mut [u8], tag: &[u8; TAG_BYTES],
    ) -> bool {
        let tag = Tag::from(*tag);
        self.0.decrypt_inout_detached(&nonce(salt, position), header, payload.into(), &tag).is_ok()
    }
}

fn nonce(salt: &[u8; 16], position: u64) -> XNonce {
    let mut nonce = [0; 24];
    nonce[..16].copy_from_slice(salt);
    nonce[16..].copy_from_slice(&position.to_le_bytes());
    nonce.into()
}
