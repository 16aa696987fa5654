//! What the host says while it runs: lines on standard error, from a thread that nobody waits for.
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Lines that wait to be printed; more are dropped and counted.
const LINES: usize = 1024;

/// Says lines. Whoever reads standard error may stop doing so: then lines are dropped, never waited for.
#[derive(Clone)]
pub struct Voice {
    lines: SyncSender<String>,
    dropped: Arc<AtomicU64>,
}

impl Voice {
    pub fn start() -> std::io::Result<(Voice, JoinHandle<()>)> {
        let (lines, receiver) = sync_channel(LINES);
        let dropped = Arc::new(AtomicU64::new(0));
        let told = Arc::clone(&dropped);
        let thread = std::thread::Builder::new().name("voice".to_owned()).spawn(move || speak(&receiver, &told))?;
        Ok((Voice { lines, dropped }, thread))
    }

    pub fn say(&self, line: impl Into<String>) {
        if self.lines.try_send(line.into()).is_err() {
            self.dropped.fetch_add(1, Relaxed);
        }
    }
}

fn speak(lines: &Receiver<String>, dropped: &AtomicU64) {
    let mut told = 0;
    for line in lines {
        let lost = dropped.load(Relaxed);
        let mut out = std::io::stderr().lock();
        // If nobody reads there is nobody to tell.
        let _ = writeln!(out, "riposte: {line}");
        if lost > told {
            let _ = writeln!(out, "riposte: warning: {} lines found no room and were not printed", lost - told);
            told = lost;
        }
    }
}
