//! When a frame begins on line B of a card, beside whatever line A shows.
use riposte_device::Frame;

/// Holds: a frame begins behind the last word of the one before it.
#[derive(Debug, Default)]
pub struct LineB {
    /// First cycle in which it shows nothing.
    free: u64,
}

impl LineB {
    /// The cycle in which `frame` begins, `earliest` or as soon as the line is free; it has the line from then on.
    pub fn begin(&mut self, earliest: u64, frame: &Frame) -> u64 {
        let start = earliest.max(self.free);
        let words = frame.bytes.len().div_ceil(8) as u64;
        let holes = (0..words).filter(|word| frame.stalls >> (word % 64) & 1 == 1).count() as u64;
        self.free = start + words + holes;
        start
    }
}
