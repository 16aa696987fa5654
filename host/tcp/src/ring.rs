//! Bytes of a stream between two ends that move forward: a buffer of one size, made once.
//!
//! Holds: never more than its room, and no byte moves once it is there.

pub struct Ring {
    bytes: Box<[u8]>,
    /// Where the first byte is.
    start: usize,
    /// How many bytes from there are in order.
    length: usize,
}

impl Ring {
    pub fn new(room: usize) -> Ring {
        Ring { bytes: vec![0; room].into_boxed_slice(), start: 0, length: 0 }
    }

    pub fn clear(&mut self) {
        (self.start, self.length) = (0, 0);
    }

    pub fn len(&self) -> usize {
        self.length
    }

    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Room behind what is in order.
    pub fn room(&self) -> usize {
        self.bytes.len() - self.length
    }

    /// Puts bytes `ahead` bytes behind what is in order, as far as there is room. They are in order when [`Ring::extend`] says so.
    pub fn put(&mut self, ahead: usize, bytes: &[u8]) {
        let count = self.room().saturating_sub(ahead).min(bytes.len());
        if count > 0 {
            let at = (self.start + self.length + ahead) % self.bytes.len();
            let first = count.min(self.bytes.len() - at);
            self.bytes[at..at + first].copy_from_slice(&bytes[..first]);
            self.bytes[..count - first].copy_from_slice(&bytes[first..count]);
        }
    }

    /// So many bytes more are in order.
    pub fn extend(&mut self, count: usize) {
        self.length += count.min(self.room());
    }

    /// Puts as many as there is room for behind what is in order, and says how many.
    pub fn push(&mut self, bytes: &[u8]) -> usize {
        let count = self.room().min(bytes.len());
        self.put(0, &bytes[..count]);
        self.extend(count);
        count
    }

    /// Copies what is in order, from the byte `from` on, and says how many bytes.
    pub fn copy(&self, from: usize, into: &mut [u8]) -> usize {
        let count = self.length.saturating_sub(from).min(into.len());
        if count > 0 {
            let at = (self.start + from) % self.bytes.len();
            let first = count.min(self.bytes.len() - at);
            into[..first].copy_from_slice(&self.bytes[at..at + first]);
            into[first..count].copy_from_slice(&self.bytes[..count - first]);
        }
        count
    }

    /// The first so many bytes go.
    pub fn release(&mut self, count: usize) {
        let count = count.min(self.length);
        self.start = (self.start + count) % self.bytes.len();
        self.length -= count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_out_as_they_went_in_wherever_the_ring_ends() {
        let mut ring = Ring::new(10);
        for start in 0..30u8 {
            assert_eq!(ring.push(&[start, start + 1, start + 2, start + 3]), 4);
            ring.put(2, &[7, 8, 9, 10, 11]);
            ring.put(0, &[5, 6]);
            ring.extend(6);
            let mut out = [0; 12];
            assert_eq!((ring.copy(0, &mut out), ring.room()), (10, 0));
            assert_eq!(out[..10], [start, start + 1, start + 2, start + 3, 5, 6, 7, 8, 9, 10]);
            assert_eq!((ring.copy(7, &mut out), ring.copy(10, &mut out), ring.push(&[1])), (3, 0, 0));
            assert_eq!(out[..3], [8, 9, 10]);
            ring.release(3);
            ring.release(100);
            assert!(ring.is_empty());
        }
    }
}
