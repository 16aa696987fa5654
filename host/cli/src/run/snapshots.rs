//! Snapshots of the engine: the mirror's state, written beside the journal by a thread that nobody waits for.
//!
//! In: the mirror, behind durable inputs. Out: a file, and a mark that the engine's thread journals, which makes the file count.
//!
//! Holds: the engine's thread only puts the mark into its queue. One snapshot is written at a time; while a disk is slow the next
//! one is left out. A crash anywhere leaves a file without a mark, or a part of one, and neither is ever read.
use super::mirror::Mirror;
use super::voice::Voice;
use anyhow::Context;
use riposte_journal::{Appender, Entry, SnapshotMark, Watch};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Snapshots that are kept: should the newest not hold, an older one does.
const KEPT: usize = 4;
/// Marks that wait for the engine's thread.
const MARKS: usize = 4;

/// Gives states to the thread that writes them.
pub struct Snapshots {
    states: SyncSender<(u64, Vec<u8>)>,
    /// Inputs between two snapshots.
    every: u64,
    since: u64,
    writer: JoinHandle<()>,
}

impl Snapshots {
    /// Also gives where the marks come out.
    pub fn start(watch: Watch, every: u64, voice: Voice) -> anyhow::Result<(Snapshots, rtrb::Consumer<SnapshotMark>)> {
        // No place: a state is only taken by a thread that waits for one.
        let (states, wanted) = sync_channel(0);
        let (marks, marks_out) = rtrb::RingBuffer::new(MARKS);
        let write = move || write(&watch, &wanted, marks, &voice);
        let writer = std::thread::Builder::new().name("snapshots".to_owned()).spawn(write).context("no thread for snapshots")?;
        Ok((Snapshots { states, every, since: 0, writer }, marks_out))
    }

    /// The mirror has taken an input; when it is time, its state goes to be written.
    pub fn count(&mut self, mirror: &Mirror) {
        self.since += 1;
        if self.since < self.every {
            return;
        }
        self.since = 0;
        // Who is still writing the last one does not get this one.
        let _ = self.states.try_send((mirror.position, mirror.engine.encode()));
    }

    /// Waits for the snapshot that is being written.
    pub fn finish(self) {
        drop(self.states);
        self.writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    }
}

fn write(watch: &Watch, states: &Receiver<(u64, Vec<u8>)>, mut marks: rtrb::Producer<SnapshotMark>, voice: &Voice) {
    for (position, state) in states {
        if marks.slots() == 0 {
            continue;
        }
        match watch.snapshot(position, &state) {
            Ok(mark) => {
                // There is a place, as was just seen.
                let _ = marks.push(mark);
                if let Err(error) = watch.keep_snapshots(KEPT) {
                    voice.warn("old-snapshots", format!("old snapshots stay: {error}"));
                }
            }
            Err(error) => voice.warn("no-snapshot", format!("no snapshot at {position}: {error}")),
        }
    }
}

/// The state at the end, so that the next start need not apply anything again.
pub fn last(mirror: &Mirror, appender: &mut Appender, time_ns: u64) -> anyhow::Result<()> {
    if mirror.position > 0 {
        let mark = appender.watch().snapshot(mirror.position, &mirror.engine.encode())?;
        appender.append_waiting(time_ns, &Entry::Snapshot(mark))?;
    }
    Ok(())
}
