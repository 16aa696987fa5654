//! Files of a link: made and opened for their owner alone, and locked by who uses them.
use super::error::LinkError;
use rustix::fs::OFlags;
use rustix::io::Errno;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A watch holds a lock for the moment in which it looks; one that is held longer is held by a peer.
const LOCK_PATIENCE: Duration = Duration::from_millis(200);
const OWNER_ONLY: u32 = 0o600;

fn options() -> OpenOptions {
    let mut options = File::options();
    options.read(true).write(true).mode(OWNER_ONLY).custom_flags(OFlags::NOFOLLOW.bits() as i32);
    options
}

/// Opens what is there, if it belongs to this user alone.
pub(super) fn open(path: &Path) -> Result<File, LinkError> {
    let file = options().open(path).map_err(|source| match source {
        source if source.kind() == io::ErrorKind::NotFound => LinkError::NoCard { path: path.to_owned() },
        source if source.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => LinkError::NoFile { path: path.to_owned() },
        source if source.kind() == io::ErrorKind::IsADirectory => LinkError::NoFile { path: path.to_owned() },
        source => failed(path, source),
    })?;
    check_owner(path, &file)?;
    Ok(file)
}

/// Opens a file, or makes an empty one.
pub(super) fn open_or_make(path: &Path) -> Result<File, LinkError> {
    let file = options().create(true).truncate(false).open(path).map_err(|source| failed(path, source))?;
    check_owner(path, &file)?;
    Ok(file)
}

/// A new file with `content`, all of whose memory is there: a full /dev/shm is an error now and not a signal later.
pub(super) fn make(path: &Path, content: impl io::Read) -> Result<File, LinkError> {
    let make = || {
        remove(path)?;
        let mut file = options().create_new(true).open(path)?;
        io::copy(&mut { content }, &mut file)?;
        Ok(file)
    };
    make().map_err(|source| failed(path, source))
}

pub(super) fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// What is open is checked, not what the name stands for by now.
fn check_owner(path: &Path, file: &File) -> Result<(), LinkError> {
    let metadata = file.metadata().map_err(|source| failed(path, source))?;
    let (path, own) = (path.to_owned(), rustix::process::geteuid().as_raw());
    if !metadata.is_file() {
        return Err(LinkError::NoFile { path });
    }
    if metadata.uid() != own {
        return Err(LinkError::Owner { path, owner: metadata.uid(), own });
    }
    let mode = metadata.mode() & 0o777;
    if mode & !OWNER_ONLY != 0 { Err(LinkError::Rights { path, mode }) } else { Ok(()) }
}

/// Locks a file until it is closed, by whatever way the process ends. `who` holds it otherwise.
pub(super) fn lock(path: &Path, file: &File, who: &'static str) -> Result<(), LinkError> {
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(source)) => return Err(failed(path, source)),
            Err(TryLockError::WouldBlock) if start.elapsed() > LOCK_PATIENCE => {
                return Err(LinkError::InUse { path: path.to_owned(), who });
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}

/// Whether somebody holds the lock of a file of which `file` is an opening of its own.
pub(super) fn is_locked(file: &File) -> io::Result<bool> {
    match file.try_lock_shared() {
        Ok(()) => file.unlock().map(|()| false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// `path` with `ending` behind its name.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

pub(super) fn failed(path: &Path, source: io::Error) -> LinkError {
    LinkError::Io { path: path.to_owned(), source }
}
