//! Looks after the peer of a link: whether it lives, and whether it still moves.
//!
//! Why two signs: a lock tells that a process ended, at once and surely, but not that it hangs; a heartbeat tells
//! that it hangs, but only after a while, and a device has no lock. Looking makes system calls: not for a pinned core.
use super::error::LinkError;
use super::file::{self, failed};
use super::layout::{Feed, card_line, host_line};
use riposte_ring::{Memory, Shared};
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::{Acquire, Relaxed};

/// How the other side is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// It lives, and its heart beat within the patience of the watch.
    Alive,
    /// Nobody has been there yet.
    Absent,
    /// It lives, or may, and has not moved for so long.
    Silent { process: u32, for_ns: u64 },
    /// It ended without a word.
    Died { process: u32 },
    /// It ended in order.
    Left { process: u32 },
}

/// When a heartbeat was last seen to change.
#[derive(Debug)]
struct Pulse {
    patience_ns: u64,
    beat: Option<(u64, u64)>,
}

impl Pulse {
    /// For how long the heartbeat has been the same, if that is longer than the patience.
    fn silent_for(&mut self, beat: u64, now_ns: u64) -> Option<u64> {
        match self.beat {
            Some((last, since_ns)) if last == beat => {
                Some(now_ns.saturating_sub(since_ns)).filter(|&for_ns| for_ns > self.patience_ns)
            }
            _ => {
                self.beat = Some((beat, now_ns));
                None
            }
        }
    }
}

/// The card's view of the host.
#[derive(Debug)]
pub struct HostWatch {
    path: PathBuf,
    region: Shared,
    /// An opening of the region of its own: the host locks it.
    file: File,
    pulse: Pulse,
    /// Number and process of the host that was seen last.
    seen: (u64, u32),
}

impl HostWatch {
    pub(super) fn new(path: &Path, region: Shared, file: File, patience_ns: u64) -> HostWatch {
        HostWatch { path: path.to_owned(), region, file, pulse: Pulse { patience_ns, beat: None }, seen: (0, 0) }
    }

    /// How the host is at `now_ns` of any clock that does not go back. Of a host that ended and was followed by another
    /// since the last look, its end is told first.
    pub fn look(&mut self, now_ns: u64) -> Result<Peer, LinkError> {
        // Acquire pairs with the Release in `HostEnd::attach`: a host that has a number has taken its lock.
        let number = self.region.load(host_line::NUMBER, Acquire);
        let before = std::mem::replace(&mut self.seen, (number, self.region.load(host_line::PROCESS, Relaxed) as u32));
        if number == 0 {
            return Ok(Peer::Absent);
        }
        let is_locked = file::is_locked(&self.file).map_err(|source| failed(&self.path, source))?;
        if before.0 != number {
            self.pulse.beat = None;
        }
        let (ended, process) = if before.0 != 0 && before.0 != number { before } else { self.seen };
        if ended != number || !is_locked {
            let has_left = self.region.load(host_line::LEFT, Relaxed) == ended;
            return Ok(if has_left { Peer::Left { process } } else { Peer::Died { process } });
        }
        let beat = self.region.load(host_line::HEARTBEAT, Relaxed);
        Ok(self.pulse.silent_for(beat, now_ns).map_or(Peer::Alive, |for_ns| Peer::Silent { process, for_ns }))
    }
}

/// The host's view of the card.
#[derive(Debug)]
pub struct CardWatch {
    path: PathBuf,
    region: Shared,
    process: u32,
    /// What the card locks, if it is a process, and the region's inode: a card that comes after makes another.
    lock: Option<(File, u64)>,
    pulse: Pulse,
}

impl CardWatch {
    pub(super) fn new(
        path: &Path, region: Shared, process: u32, inode: Option<u64>, patience_ns: u64,
    ) -> Result<CardWatch, LinkError> {
        let lock = inode.map(|inode| file::open(&file::beside(path, super::card::LOCK)).map(|file| (file, inode)));
        let (path, pulse) = (path.to_owned(), Pulse { patience_ns, beat: None });
        Ok(CardWatch { path, region, process, lock: lock.transpose()?, pulse })
    }

    /// How the card is at `now_ns` of any clock that does not go back.
    pub fn look(&mut self, now_ns: u64) -> Result<Peer, LinkError> {
        let process = self.process;
        // Acquire pairs with the Release in `CardEnd::set_feed`.
        if Feed::from_word(self.region.load(card_line::FEED, Acquire)) == Feed::Gone {
            return Ok(Peer::Left { process });
        }
        if let Some((file, inode)) = &self.lock {
            let is_locked = file::is_locked(file).map_err(|source| failed(&self.path, source))?;
            let is_there = std::fs::metadata(&self.path).is_ok_and(|metadata| metadata.ino() == *inode);
            if !is_locked || !is_there {
                return Ok(Peer::Died { process });
            }
        }
        let beat = self.region.load(card_line::HEARTBEAT, Relaxed);
        Ok(self.pulse.silent_for(beat, now_ns).map_or(Peer::Alive, |for_ns| Peer::Silent { process, for_ns }))
    }
}
