//! Tests of riposte-capture against bytes made by hand, real captures, and other people's decoders.
#![forbid(unsafe_code)]

mod files;
mod frames;
mod oracle;
mod tshark;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// A file of the real data beside the project; says so aloud and gives `None` where it is absent.
fn data(name: &str) -> Option<PathBuf> {
    let root = env::var_os("RIPOSTE_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = root.join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is absent (set RIPOSTE_DATA)", path.display());
    None
}

/// Writes a file for one test; `name` is unique among the tests.
fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, bytes).unwrap();
    path
}

/// Messages behind their lengths.
fn raw(messages: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for message in messages {
        bytes.extend_from_slice(&(message.len() as u16).to_be_bytes());
        bytes.extend_from_slice(&message);
    }
    bytes
}
