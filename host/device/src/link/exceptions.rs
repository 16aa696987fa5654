//! Frames on a card's wire that are not the card's own business: what came for the host, and what the host sends.
//!
//! Holds: a host hears nothing that came for another, and nothing of what a dead host sent in part is taken for a frame.
//! Not here: which frames those are, and which of the host's may leave (`riposte card serve`).
use super::card::PublishError;
use super::layout::host_line;
use crate::frames::{FrameError, FrameReader, FrameWriter, TakenFrame};
use riposte_ring::{Broken, Memory, Shared};
use std::ops::Range;
use std::sync::atomic::Ordering::{Acquire, Relaxed};

/// The card's end.
#[derive(Debug)]
pub(super) struct CardExceptions {
    region: Shared,
    received: FrameWriter<Shared>,
    sent: FrameReader<Shared>,
}

impl CardExceptions {
    pub fn attach(region: &Shared, received: Range<usize>, sent: Range<usize>, slots: usize) -> Result<CardExceptions, Broken> {
        Ok(CardExceptions {
            received: FrameWriter::attach(region.part(received), slots)?,
            sent: FrameReader::attach(region.part(sent), slots, 0)?,
            region: region.clone(),
        })
    }

    pub fn give(&mut self, time_ns: u64, bytes: &[u8]) -> Result<(), PublishError> {
        let number = self.region.load(host_line::NUMBER, Relaxed);
        // Nobody is there who would make room, or wants it.
        if number == 0 || self.region.load(host_line::HEARS, Relaxed) != number {
            return Err(PublishError::Full);
        }
        self.received.push(number, &TakenFrame { cycle: 0, time_ns, bytes })
    }

    pub fn next(&mut self) -> Result<Option<TakenFrame<'_>>, FrameError> {
        // Pairs with the Release in `HostEnd::attach`: where its frames begin is told before its number.
        let number = self.region.load(host_line::NUMBER, Acquire);
        if number != self.sent.reader() {
            self.sent.restart(number, self.region.load(host_line::SENDS_FROM, Relaxed))?;
        }
        self.sent.read()
    }

    pub fn release(&mut self) {
        self.sent.release();
    }
}

/// The host's end; for one thread, which need not be the one that has the rest of the link.
#[derive(Debug)]
pub struct Exceptions {
    received: FrameReader<Shared>,
    sent: FrameWriter<Shared>,
    /// Of this host.
    number: u64,
}

impl Exceptions {
    /// For host `number`, which tells where its frames begin.
    pub(super) fn attach(region: &Shared, received: Range<usize>, sent: Range<usize>, slots: usize, number: u64) -> Result<Exceptions, Broken> {
        let sent = FrameWriter::attach(region.part(sent), slots)?;
        region.store(host_line::SENDS_FROM, sent.next_record(), Relaxed);
        Ok(Exceptions { received: FrameReader::attach(region.part(received), slots, number)?, sent, number })
    }

    /// The next frame that came for the host, with its receive time. It keeps its place until it is released.
    pub fn frame(&mut self) -> Result<Option<TakenFrame<'_>>, FrameError> {
        self.received.read()
    }

    /// Lets go of every frame that was read.
    pub fn release(&mut self) {
        self.received.release();
    }

    /// Gives the card a frame that is to leave, if it may.
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), PublishError> {
        self.sent.push(self.number, &TakenFrame { cycle: 0, time_ns: 0, bytes })
    }
}
