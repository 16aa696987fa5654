//! Who stands for a parameter set: keys in files, signatures over whole sets, tokens for the way back to an older one.
//!
//! In: a desk, keys. Out: a [`Set`] as its one canonical text of bytes, a [`Signature`] of it, a [`Token`].
//!
//! Holds: a signature covers generation, limits, instruments, what models and hedges may do and every row, and nothing that is
//! signed for one purpose can be taken for another. Decoding is the inverse of encoding: no second text of bytes gives the same set.
//! A private key is written and read only where its owner alone can read it.
//! Not here: whether a set is older than the one in force, whether a token was used (the host knows).
#![forbid(unsafe_code)]

mod digits;
mod key;
mod set;
mod terms;
mod token;

pub use digits::{Digits, digits};
pub use key::{KeyError, PrivateKey, PublicKey};
pub use set::{Set, Signature, SignedSet};
pub use token::{NONCE_BYTES, Token};

/// Why something that was signed is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    #[error("it is signed by a key that this desk does not trust; `trusted` in [host] lists those it does")]
    Unknown,
    #[error("the signature is of something else: it was altered after it was signed, or signed for another generation or other locate codes")]
    Altered,
}
