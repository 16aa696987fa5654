//! Frames between a device and a card's wire, as fast as both take them.
//!
//! In: frames of a [`Device`], and of the card's process. Out: the same frames, whole and in order.
//!
//! Holds: while the card's ring has no room the device is not asked, so a device that can wait loses nothing and one that cannot
//! counts what it loses. A frame of the card is released when the device has taken it. One that it does not take within
//! [`PATIENCE`] is an error: the card's host was told that it has left.
#![forbid(unsafe_code)]

use anyhow::{Context, bail};
use riposte_device::link::PublishError;
use riposte_device::wire::{PortSide, WireCounts};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long a device may have no room for a frame.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// What became of a frame that a device was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    Taken,
    /// There is no room now.
    Full,
    TooLong,
}

/// What a device has counted since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceCounts {
    pub missed: u64,
    pub bad: u64,
    /// Frames that it took and did not send.
    pub unsent: u64,
}

/// What has frames: a DPDK port, or what stands in for one.
pub trait Device {
    /// Most frames that one `receive` gives.
    const BURST: u64;

    /// Gives what has come to `each`: the bytes of a frame, and whether they are all of it. How many frames there were.
    fn receive(&mut self, each: impl FnMut(&[u8], bool)) -> usize;

    fn transmit(&mut self, bytes: &[u8]) -> Sent;

    fn counts(&mut self) -> anyhow::Result<DeviceCounts>;
}

/// Both ends, and what went between them.
pub struct Copier<D> {
    device: D,
    side: PortSide,
    counts: WireCounts,
}

impl<D: Device> Copier<D> {
    pub fn new(device: D, side: PortSide) -> Copier<D> {
        Copier { device, side, counts: WireCounts::default() }
    }

    /// The card's side of it.
    pub fn side(&mut self) -> &mut PortSide {
        &mut self.side
    }

    /// One round; whether anything moved.
    pub fn turn(&mut self) -> anyhow::Result<bool> {
        let has_sent = self.send()?;
        let has_received = self.receive()?;
        if has_sent || has_received {
            self.side.write_counts(&self.counts);
        }
        Ok(has_sent || has_received)
    }

    /// Takes over what the device has counted. Fails if it dropped what it had taken to send.
    pub fn count(&mut self) -> anyhow::Result<()> {
        let DeviceCounts { missed, bad, unsent } = self.device.counts()?;
        (self.counts.missed, self.counts.bad) = (missed, bad);
        self.side.write_counts(&self.counts);
        if unsent > 0 {
            bail!("the device has dropped {unsent} frames that it had taken to send");
        }
        Ok(())
    }

    fn send(&mut self) -> anyhow::Result<bool> {
        let mut has_moved = false;
        while let Some(frame) = self.side.take().context("the card's process")? {
            let start = Instant::now();
            loop {
                match self.device.transmit(frame.bytes) {
                    Sent::Taken => break,
                    Sent::Full if start.elapsed() < PATIENCE => std::thread::yield_now(),
                    Sent::Full => bail!("the device has had no room for a frame for {} ms", PATIENCE.as_millis()),
                    Sent::TooLong => bail!("the device does not send a frame of {} bytes", frame.bytes.len()),
                }
            }
            self.side.release();
            self.counts.transmitted += 1;
            has_moved = true;
        }
        Ok(has_moved)
    }

    fn receive(&mut self) -> anyhow::Result<bool> {
        if !self.side.has_room(D::BURST) {
            return Ok(false);
        }
        let mut wrong = None;
        let (side, counts) = (&mut self.side, &mut self.counts);
        let mut time_ns = 0;
        let count = self.device.receive(|bytes, is_whole| {
            // A burst has come at one time, which is asked for once, and not if there is none.
            if time_ns == 0 {
                time_ns = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |time| time.as_nanos() as u64);
            }
            if !is_whole {
                counts.too_long += 1;
                return;
            }
            match side.give(time_ns, bytes) {
                Ok(()) => counts.received += 1,
                Err(PublishError::Length { .. }) => counts.too_long += 1,
                Err(error) => wrong = Some(error),
            }
        });
        match wrong {
            Some(error) => Err(error).context("a frame that has room"),
            None => Ok(count > 0),
        }
    }
}
