//! Why a host and a card do not come together, or come apart; each says what to do.
use riposte_ring::Broken;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

#[derive(Debug, Error)]
pub enum LinkError {
    #[error("{}: no card is here; start one (`riposte card serve`), or name the link it was started with", path.display())]
    NoCard { path: PathBuf },
    #[error("{}: cannot be opened, made or mapped", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{}: is no regular file; a link is a file, and no symbolic link to one", path.display())]
    NoFile { path: PathBuf },
    #[error("{}: belongs to user {owner}, this is user {own}; run card and host as the same user", path.display())]
    Owner { path: PathBuf, owner: u32, own: u32 },
    #[error(
        "{}: has rights {mode:03o}, so others can read or write it and could trade; end the card, remove the file, find out \
         who changed it, and start anew", path.display()
    )]
    Rights { path: PathBuf, mode: u32 },
    #[error("{}: another {who} uses this link; end it first, or name another link", path.display())]
    InUse { path: PathBuf, who: &'static str },
    #[error("{}: has {found} bytes and needs {wanted}; it was cut off, or is no link", path.display())]
    Short { path: PathBuf, found: u64, wanted: u64 },
    #[error("{}: begins with {found:#018x} and not with {wanted:#018x}; it is no card's link", path.display())]
    Magic { path: PathBuf, found: u64, wanted: u64 },
    #[error("{}: the card speaks version {found} of the contract, this host {wanted}; use host and card of one release", path.display())]
    Version { path: PathBuf, found: u64, wanted: u64 },
    #[error(
        "{}: the card's tables have hash {found:016x}, this host's {wanted:016x}; build host and card from the same source",
        path.display()
    )]
    TableHash { path: PathBuf, found: u64, wanted: u64 },
    #[error("{}: the card has {found} {what}, this host knows {wanted}; build host and card from the same source", path.display())]
    Geometry { path: PathBuf, what: &'static str, found: u64, wanted: u64 },
    #[error("{}: the card announces {found} {what}, which cannot be ({wanted}); end the card and start it anew", path.display())]
    Size { path: PathBuf, what: &'static str, found: u64, wanted: String },
    #[error("{}: the link is damaged ({source}); end card and host and start them anew", path.display())]
    Broken { path: PathBuf, source: Broken },
}
