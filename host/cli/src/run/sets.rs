//! What lies beside the journal under its content: parameter sets that were taken, with their signatures, from which a
//! reversion or the next card gets an earlier one, and evidence of what people have stated. Tokens that were spent lie here too.
use anyhow::Context;
use riposte_journal::hex;
use riposte_signature::{SignedSet, Token};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

fn path(folder: &Path, content: &[u8; 32]) -> PathBuf {
    folder.join(format!("set-{}.signed", hex(content)))
}

/// Keeps a set, durably and whole, with its newest signature.
pub fn keep(folder: &Path, content: &[u8; 32], set: &SignedSet) -> anyhow::Result<()> {
    write(&path(folder, content), &set.encode()).context("the parameter set cannot be kept")
}

/// What a statement rests on, as the document that the journal knows by its SHA-256.
pub struct Evidence {
    document: String,
    pub digest: [u8; 32],
}

impl Evidence {
    pub fn of(document: &Value) -> Evidence {
        let document = format!("{document:#}\n");
        Evidence { digest: Sha256::digest(&document).into(), document }
    }

    /// Keeps it under its content, durably and whole; what is there already stays as it is.
    pub fn keep(&self, folder: &Path) -> Result<(), String> {
        let path = folder.join(format!("evidence-{}.json", hex(&self.digest)));
        let kept = if path.exists() { Ok(()) } else { write(&path, self.document.as_bytes()) };
        kept.map_err(|error| format!("the evidence cannot be kept: {error:#}"))
    }
}

/// Beside its name and then renamed, so that a file is there whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let partial = path.with_extension("partial");
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&partial, path)?;
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    write().with_context(|| format!("{}: cannot be written", path.display()))
}

/// A set that was kept, exactly as its content says.
pub fn load(folder: &Path, content: &[u8; 32]) -> anyhow::Result<SignedSet> {
    let path = path(folder, content);
    let bytes = std::fs::read(&path).with_context(|| format!("{}: the parameter set is not there", path.display()))?;
    let set = SignedSet::decode(&bytes).filter(|one| riposte_engine::content(&one.set.rows) == Some(*content));
    set.with_context(|| format!("{}: is not the set that it is named for", path.display()))
}

/// Spends a token, durably; false if it was spent before.
pub fn spend(folder: &Path, token: &Token) -> anyhow::Result<bool> {
    let path = folder.join(format!("token-{}.spent", token.nonce));
    // The name alone spends it; made exclusively, so two requests at once cannot both have it.
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        made => {
            let sync = |file: File| file.sync_all().and_then(|()| File::open(folder)?.sync_all());
            made.and_then(sync).with_context(|| format!("{}: the token cannot be spent", path.display()))?;
            Ok(true)
        }
    }
}

/// Whether a token was spent.
pub fn is_spent(folder: &Path, token: &Token) -> anyhow::Result<bool> {
    let path = folder.join(format!("token-{}.spent", token.nonce));
    path.try_exists().with_context(|| format!("{}: cannot be looked at", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use riposte_signature::{PrivateKey, Set};

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("riposte-sets-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn a_set_is_loaded_as_it_was_kept_or_not_at_all() {
        let folder = folder("kept");
        let desk = riposte_desk::check(include_str!("../../../../demo/desk.toml")).desk.unwrap();
        let signed = |generation| {
            let set = Set::of(&desk, generation);
            SignedSet { signature: set.sign(&PrivateKey::from_bytes(&[1; 32])), set }
        };
        let content = riposte_engine::content(&signed(1).set.rows).unwrap();
        assert!(load(&folder, &content).is_err());
        keep(&folder, &content, &signed(1)).unwrap();
        keep(&folder, &content, &signed(2)).unwrap();
        assert_eq!(load(&folder, &content).unwrap(), signed(2), "with its newest signature");
        let bytes = std::fs::read(path(&folder, &content)).unwrap();
        let mut altered = bytes.clone();
        *altered.last_mut().unwrap() ^= 1;
        for bad in [&altered[..], &bytes[1..], &bytes[..bytes.len() - 1], b""] {
            std::fs::write(path(&folder, &content), bad).unwrap();
            assert!(load(&folder, &content).unwrap_err().to_string().contains("is not the set"));
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_token_is_spent_once() {
        let folder = folder("token");
        let token = || Token::sign(1, [1; 32], &PrivateKey::from_bytes(&[1; 32])).unwrap();
        let (one, other) = (token(), token());
        assert!(!is_spent(&folder, &one).unwrap());
        assert!(spend(&folder, &one).unwrap() && is_spent(&folder, &one).unwrap());
        assert!(!spend(&folder, &one).unwrap());
        assert!(spend(&folder, &other).unwrap(), "each token is its own");
        assert!(spend(&folder.join("nowhere"), &token()).is_err(), "what cannot be written down is not spent");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
