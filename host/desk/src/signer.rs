//! Whose parameter sets a host takes: names and public keys.
use crate::field::{Section, code, once, text};
use crate::problem::Log;
use std::collections::HashMap;
use toml::de::DeValue;

/// Somebody who signs parameter sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    pub name: String,
    /// The public key, as `riposte params keygen` tells it.
    pub key: [u8; 32],
}

pub(crate) fn read_trusted(host: &mut Section, log: &mut Log) -> Vec<Signer> {
    let (mut trusted, mut names, mut keys) = (Vec::new(), HashMap::new(), HashMap::new());
    for mut section in host.sections(log, "trusted") {
        let name = section.required(log, "name", code(32));
        let key = section.required(log, "key", public_key);
        section.finish(log);
        let (Some(name), Some(key)) = (name, key) else { continue };
        once(log, &mut names, &name, "a signer of this name");
        once(log, &mut keys, &key, "this key");
        trusted.push(Signer { name: name.value, key: key.value });
    }
    if trusted.is_empty() {
        log.warning(&host.span, "`host`: no `trusted`: outside a rehearsal no parameter set is taken");
    }
    trusted
}

fn public_key(value: &DeValue) -> Result<[u8; 32], String> {
    let found = text(value)?;
    let is_hex = found.len() == 64 && found.bytes().all(|digit| digit.is_ascii_hexdigit());
    let byte = |at: usize| found.get(2 * at..2 * at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes: Option<Vec<u8>> = (0..32).map(byte).collect();
    let bytes = bytes.filter(|_| is_hex).and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| format!("`{found}` is no public key: 64 hexadecimal digits, as `riposte params keygen` tells them"))
}
