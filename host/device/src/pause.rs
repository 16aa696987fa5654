//! How a loop waits that has nothing to do now.
use std::time::Duration;

/// Waits a little: at first on the core, then behind others, then asleep, so that an idle card costs next to nothing.
pub fn pause(rounds: u32) {
    match rounds {
        0 => {}
        1..=64 => std::hint::spin_loop(),
        65..=1024 => std::thread::yield_now(),
        _ => std::thread::sleep(Duration::from_micros(50)),
    }
}
