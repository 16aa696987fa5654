//! A stream whose every byte must have come, or gone, by a time that is set beforehand: a byte now and then keeps nobody waiting.
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// A stream of the system, which can be told how long to wait at most.
pub trait Waits: Read + Write {
    fn wait_at_most(&self, time: Duration) -> std::io::Result<()>;
}

impl Waits for TcpStream {
    fn wait_at_most(&self, time: Duration) -> std::io::Result<()> {
        self.set_read_timeout(Some(time)).and_then(|()| self.set_write_timeout(Some(time)))
    }
}

impl Waits for UnixStream {
    fn wait_at_most(&self, time: Duration) -> std::io::Result<()> {
        self.set_read_timeout(Some(time)).and_then(|()| self.set_write_timeout(Some(time)))
    }
}

pub struct Bounded<S> {
    pub stream: S,
    until: Instant,
}

impl<S: Waits> Bounded<S> {
    /// All that follows has this long, together.
    pub fn new(stream: S, time: Duration) -> Bounded<S> {
        Bounded { stream, until: Instant::now() + time }
    }

    /// All that follows has this long, together, from now on.
    pub fn allow(&mut self, time: Duration) {
        self.until = Instant::now() + time;
    }

    fn prepare(&self) -> std::io::Result<()> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        self.stream.wait_at_most(left)
    }
}

/// The kernel says of a time that has passed that it would block.
fn late(error: std::io::Error) -> std::io::Error {
    if error.kind() == ErrorKind::WouldBlock { ErrorKind::TimedOut.into() } else { error }
}

impl<S: Waits> Read for Bounded<S> {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        self.prepare()?;
        self.stream.read(bytes).map_err(late)
    }
}

impl<S: Waits> Write for Bounded<S> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.prepare()?;
        self.stream.write(bytes).map_err(late)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.stream.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

    const SHORT: Duration = Duration::from_millis(200);

    /// Reads until it cannot; the error.
    fn end(stream: &mut impl Read) -> ErrorKind {
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < 100 * SHORT, "there is no end to it");
            match stream.read(&mut [0; 16]) {
                Ok(0) => panic!("nobody has closed it"),
                Ok(_) => {}
                Err(error) => return error.kind(),
            }
        }
    }

    #[test]
    fn who_drips_or_is_silent_or_takes_nothing_is_late() {
        let (near, mut far) = UnixStream::pair().expect("a pair");
        let mut near = Bounded::new(near, SHORT);
        assert_eq!(end(&mut near), ErrorKind::TimedOut, "silence");
        near.allow(SHORT);
        let is_over = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&is_over);
        let dripping = std::thread::spawn(move || {
            while !told.load(Relaxed) && far.write_all(b".").is_ok() {
                std::thread::sleep(Duration::from_millis(1));
            }
            far
        });
        assert_eq!(end(&mut near), ErrorKind::TimedOut, "a byte now and then");
        is_over.store(true, Relaxed);
        let _far = dripping.join().expect("no panic");
        near.allow(SHORT);
        assert_eq!(near.write_all(&vec![0; 1 << 24]).map_err(|error| error.kind()), Err(ErrorKind::TimedOut), "nobody reads");
    }
}
