//! What lies beside the journal under its content: parameter sets that were proposed, from which a reversion loads an earlier
//! one, and evidence of what people have stated.
use anyhow::{Context, ensure};
use riposte_journal::hex;
use riposte_map::shm::Command;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use zerocopy::{FromBytes, IntoBytes};

fn path(folder: &Path, content: &[u8; 32]) -> PathBuf {
    folder.join(format!("set-{}.rows", hex(content)))
}

/// Keeps a set, durably and whole; one that is kept already stays as it is.
pub fn keep(folder: &Path, content: &[u8; 32], rows: &[Command]) -> anyhow::Result<()> {
    keep_bytes(&path(folder, content), rows.as_bytes()).context("the parameter set cannot be kept")
}

/// Keeps what the journal knows by its content, durably and whole; what is there already stays as it is.
pub fn keep_bytes(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if path.exists() {
        return Ok(());
    }
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
pub fn load(folder: &Path, content: &[u8; 32]) -> anyhow::Result<Vec<Command>> {
    let path = path(folder, content);
    let bytes = std::fs::read(&path).with_context(|| format!("{}: the parameter set is not there", path.display()))?;
    let rows: Vec<Command> = bytes.chunks(size_of::<Command>()).filter_map(|row| Command::read_from_bytes(row).ok()).collect();
    ensure!(riposte_engine::content(&rows) == Some(*content), "{}: is not the set that it is named for", path.display());
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_loaded_as_it_was_kept_or_not_at_all() {
        let folder = std::env::temp_dir().join(format!("riposte-sets-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let desk = riposte_desk::check(include_str!("../../../../demo/desk.toml")).desk.unwrap();
        let rows = super::super::opening::set_of(&desk);
        let content = riposte_engine::content(&rows).unwrap();
        assert!(load(&folder, &content).is_err());
        keep(&folder, &content, &rows).unwrap();
        assert_eq!(load(&folder, &content).unwrap(), rows);
        let mut bytes = std::fs::read(path(&folder, &content)).unwrap();
        bytes[100] ^= 1;
        std::fs::write(path(&folder, &content), &bytes).unwrap();
        assert!(load(&folder, &content).unwrap_err().to_string().contains("is not the set"));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
