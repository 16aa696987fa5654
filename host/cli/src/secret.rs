//! Files that only their owner may read.
use anyhow::{Context, ensure};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

const BYTES_MAX: u64 = 1 << 20;

/// What is in it; `what` it is, for whom it may concern.
pub fn read(path: &Path, what: &str) -> anyhow::Result<Vec<u8>> {
    let failed = || format!("{}: {what} cannot be read", path.display());
    // Rights are those of what was opened, not of what the name means a moment later.
    let file = std::fs::File::open(path).with_context(failed)?;
    let mode = file.metadata().with_context(failed)?.mode() & 0o777;
    ensure!(mode & 0o077 == 0, "{}: has rights {mode:03o}, so others can read {what}; `chmod 600` it", path.display());
    let mut bytes = Vec::new();
    file.take(BYTES_MAX).read_to_end(&mut bytes).with_context(failed)?;
    Ok(bytes)
}
