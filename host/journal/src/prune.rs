//! Removes old segments, whole and from the oldest on, once a snapshot stands for them.
//!
//! Holds: only segments before the newest snapshot that holds, never the last one, none younger than asked.
//! The journal tells of it, durably, before the first file goes; a crash in between leaves some of them to
//! the next time.
use crate::disk::{Disk, sync_folder};
use crate::entry::{Entry, Note, PruneMark};
use crate::error::Error;
use crate::read::Part;
use crate::recover::{Found, Recovery};
use crate::snapshot;
use crate::writer::io_error;
use std::path::Path;

/// The segments that may go: all their records are in the snapshot, and the next segment was begun at or
/// before `until_unix_ns`, so that none of their records is younger.
pub fn prunable(found: &Found, until_unix_ns: u64) -> &[Part] {
    let Some(snapshot) = &found.snapshot else { return &[] };
    let pairs = found.parts.windows(2);
    let may_go = |pair: &&[Part]| pair[0].last <= snapshot.position && pair[1].created_unix_ns <= until_unix_ns;
    &found.parts[..pairs.take_while(may_go).count()]
}

/// Removes what `prunable` names and the snapshots that nothing can be replayed on any more. `note` says
/// who and why; its time is the disk's. Gives the segments that went.
pub fn prune(recovery: Recovery, mut disk: Box<dyn Disk>, until_unix_ns: u64, note: Note) -> Result<Vec<Part>, Error> {
    let parts = prunable(recovery.found(), until_unix_ns).to_vec();
    // Behind what goes there is always a segment that stays.
    let stays = recovery.found().parts.get(parts.len()).map(|part| part.first);
    let (Some(last), Some(first)) = (parts.last().cloned(), stays) else { return Ok(parts) };
    let folder = last.path.parent().unwrap_or(Path::new(".")).to_owned();
    let mark = PruneMark { segment: last.number.into(), position: last.last.into(), chain: last.chain };
    let now = disk.now_unix_ns();
    let (mut appender, journal) = recovery.start_on(disk)?;
    let appended = appender.append_waiting(now, &Entry::Pruned(mark, note));
    let finished = journal.finish(appender);
    appended.map_err(|refused| Error::Io { path: folder.clone(), source: std::io::Error::other(refused) })?;
    finished?;
    for part in &parts {
        std::fs::remove_file(&part.path).map_err(io_error(&part.path))?;
    }
    let behind = snapshot::positions(&folder)?;
    snapshot::remove(&folder, behind.into_iter().filter(|position| position.saturating_add(1) < first))?;
    sync_folder(&folder).map_err(io_error(&folder))?;
    Ok(parts)
}
