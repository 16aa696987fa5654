//! What a signal finds: the terminal is left as it was found, and then the signal does what it always does.
//!
//! Why a thread: whoever draws may wait for a host that does not answer, or for keys.
use ratatui::crossterm::terminal::disable_raw_mode;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use std::sync::{Arc, Mutex, TryLockError};
use std::time::{Duration, Instant};

/// For a page that is being drawn: a terminal that takes nothing keeps nobody alive.
const PATIENCE: Duration = Duration::from_secs(1);

/// Hears signals from now on. Who draws holds what is given: behind a signal nothing is drawn.
pub fn on_signals() -> std::io::Result<Arc<Mutex<()>>> {
    let drawing = Arc::new(Mutex::new(()));
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
    let drawn = Arc::clone(&drawing);
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            leave(&drawn, signal);
        }
    })?;
    Ok(drawing)
}

fn leave(drawing: &Mutex<()>, signal: i32) {
    let until = Instant::now() + PATIENCE;
    let held = loop {
        match drawing.try_lock() {
            Ok(held) => break Some(held),
            // Who drew has panicked, and draws no more.
            Err(TryLockError::Poisoned(held)) => break Some(held.into_inner()),
            Err(TryLockError::WouldBlock) if Instant::now() >= until => break None,
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    // A terminal that has gone cannot be restored, and nobody sees it.
    let _ = if held.is_some() { ratatui::try_restore() } else { disable_raw_mode() };
    let _ = emulate_default_handler(signal);
}
