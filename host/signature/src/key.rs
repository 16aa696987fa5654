//! Keys of Ed25519: private ones in files that their owner alone can read, public ones as 64 digits.
use crate::digits::{Digits, digits};
use crate::Untrusted;
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use std::fmt;
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// What a private key's file begins with, so that no other 64 digits are taken for one.
const HEAD: &str = "riposte private key\n";
/// Longer than any private key's file.
const FILE_BYTES_MAX: u64 = 256;

#[derive(Debug, Error)]
pub enum KeyError {
    #[error("{path}: the private key cannot be written; a file that is there is never replaced")]
    Unwritable { path: PathBuf, source: std::io::Error },
    #[error("{path}: the private key cannot be read")]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{path}: has rights {mode:03o}, so others can sign in your name; make a new key, or `chmod 600` it if nobody else has seen it")]
    Rights { path: PathBuf, mode: u32 },
    #[error("{path}: is no private key as `riposte params keygen` writes it")]
    Malformed { path: PathBuf },
    #[error("the system gives no random bytes: {0}")]
    Random(getrandom::Error),
}

/// Signs; does not show itself when printed, and is wiped when dropped.
pub struct PrivateKey(SigningKey);

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("PrivateKey")
    }
}

impl PrivateKey {
    pub fn from_bytes(bytes: &[u8; 32]) -> PrivateKey {
        PrivateKey(SigningKey::from_bytes(bytes))
    }

    /// Makes a key and its file, which must not be there yet.
    pub fn create(path: &Path) -> Result<PrivateKey, KeyError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(KeyError::Random)?;
        let write = || {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
            file.write_all(format!("{HEAD}{}\n", Digits(bytes)).as_bytes())?;
            file.sync_all()
        };
        write().map_err(|source| KeyError::Unwritable { path: path.to_owned(), source })?;
        Ok(PrivateKey::from_bytes(&bytes))
    }

    /// From a file that nobody but its owner may read.
    pub fn from_file(path: &Path) -> Result<PrivateKey, KeyError> {
        let unreadable = |source| KeyError::Unreadable { path: path.to_owned(), source };
        // Rights are those of what was opened, not of what the name means a moment later.
        let file = std::fs::File::open(path).map_err(unreadable)?;
        let mode = file.metadata().map_err(unreadable)?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Rights { path: path.to_owned(), mode });
        }
        let mut text = String::new();
        file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(unreadable)?;
        let bytes = text.strip_prefix(HEAD).and_then(digits).ok_or_else(|| KeyError::Malformed { path: path.to_owned() })?;
        Ok(PrivateKey::from_bytes(&bytes))
    }

    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    pub(crate) fn sign(&self, statement: &[u8]) -> Digits<64> {
        Digits(self.0.sign(statement).to_bytes())
    }
}

/// Tells whether a private key's owner has signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// `None` if the bytes are no key, or one that anybody could sign for.
    pub fn from_bytes(bytes: &[u8; 32]) -> Option<PublicKey> {
        VerifyingKey::from_bytes(bytes).ok().filter(|key| !key.is_weak()).map(PublicKey)
    }

    pub fn digits(&self) -> Digits<32> {
        Digits(self.0.to_bytes())
    }

    /// Strictly: one signature has one form.
    pub(crate) fn verify(&self, statement: &[u8], signature: &Digits<64>) -> Result<(), Untrusted> {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        self.0.verify_strict(statement, &signature).map_err(|_| Untrusted::Altered)
    }
}
