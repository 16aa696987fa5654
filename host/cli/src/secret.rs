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
    file.take(BYTES_MAX + 1).read_to_end(&mut bytes).with_context(failed)?;
    ensure!(bytes.len() as u64 <= BYTES_MAX, "{}: {what} has more than {BYTES_MAX} bytes: is it the right file?", path.display());
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_is_too_long_is_refused_and_never_cut() {
        let path = std::env::temp_dir().join(format!("riposte-secret-{}", std::process::id()));
        let file = std::fs::File::create(&path).unwrap();
        file.set_permissions(std::fs::Permissions::from_mode(0o600)).unwrap();
        for (bytes, is_read) in [(BYTES_MAX, true), (BYTES_MAX + 1, false)] {
            file.set_len(bytes).unwrap();
            assert_eq!(read(&path, "a secret").is_ok(), is_read, "{bytes}");
        }
        std::fs::remove_file(path).unwrap();
    }
}
