//! The card's end of a link.
use super::error::LinkError;
use super::exceptions::CardExceptions;
use super::file::{self, failed};
use super::layout::{Announcement, Feed, HEADER_WORDS, PeerKind, Sizes, Words, announce, card_line, check, host_line};
use super::status::{STATUS_WORDS, Status};
use super::watch::HostWatch;
use crate::Transmitted;
use crate::frames::{FrameError, FrameWriter, TakenFrame};
use riposte_map::shm::{Command, Event};
use riposte_ring::{Broken, Consumer, Memory, Producer, Shared, TableWriter};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use thiserror::Error;
use zerocopy::{IntoBytes, transmute};

/// Behind a link's name: what its card locks while it lives.
pub(super) const LOCK: &str = ".card";
/// A region that is being made.
const UNFINISHED: &str = ".unfinished";
/// The region of a card that died, with events that no host has released.
const UNREAD: &str = ".unread";

/// Why an event or a frame is not in its ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PublishError {
    /// The host has to release more; nothing is lost as long as the card does not step.
    #[error("a ring is full: its host has fallen behind")]
    Full,
    #[error("the card gave event {found} where event {wanted} comes next")]
    Number { wanted: u64, found: u64 },
    #[error("the card gave a frame of {bytes} bytes, and the link carries 1 to {}", super::FRAME_BYTES_MAX)]
    Length { bytes: usize },
}

/// What the card holds of a link. Dropping it ends the link in order.
#[derive(Debug)]
pub struct CardEnd {
    path: PathBuf,
    region: Shared,
    commands: Consumer<Shared>,
    events: Producer<Shared>,
    frames: FrameWriter<Shared>,
    /// None: the card has no wire for the host.
    exceptions: Option<CardExceptions>,
    status: TableWriter<Shared>,
    beats: u64,
    kept: Option<PathBuf>,
    /// Held, not used.
    _lock: File,
}

impl CardEnd {
    /// Makes the region `path` and takes the card's place in it. The region of a card that died is replaced.
    ///
    /// Fails if a card lives there, if its files belong to or are open to others, or if there is no room.
    pub fn create(path: &Path, sizes: Sizes) -> Result<CardEnd, LinkError> {
        if let Some((what, found, wanted)) = sizes.wrong() {
            return Err(LinkError::Size { path: path.to_owned(), what, found, wanted });
        }
        let words = sizes.words().expect("the sizes were checked");
        let lock_path = file::beside(path, LOCK);
        let lock = file::open_or_make(&lock_path)?;
        file::lock(&lock_path, &lock, "card")?;
        let kept = keep_unread(path)?;
        let announcement = Announcement { sizes, kind: PeerKind::Process, card_process: std::process::id() };
        let announced = announce(&announcement, &words);
        let zeros = io::repeat(0).take(words.status.end as u64 * 8 - announced.as_bytes().len() as u64);
        let unfinished = file::beside(path, UNFINISHED);
        let made = file::make(&unfinished, announced.as_bytes().chain(zeros))?;
        let region = Shared::map(&made).map_err(|source| failed(path, source))?;
        let end = CardEnd::join(path, region, &announcement, &words, kept, lock);
        let end = end.map_err(|source| LinkError::Broken { path: path.to_owned(), source })?;
        // A host finds a whole region or none.
        std::fs::rename(&unfinished, path).map_err(|source| failed(path, source))?;
        Ok(end)
    }

    fn join(
        path: &Path, region: Shared, announcement: &Announcement, words: &Words, kept: Option<PathBuf>, lock: File,
    ) -> Result<CardEnd, Broken> {
        let sizes = announcement.sizes;
        let Sizes { command_slots, event_slots, transmit_slots, exception_slots } = sizes;
        let exceptions = || CardExceptions::attach(&region, words.received.clone(), words.sent.clone(), exception_slots);
        Ok(CardEnd {
            path: path.to_owned(),
            commands: Consumer::attach(region.part(words.commands.clone()), command_slots)?,
            events: Producer::attach(region.part(words.events.clone()), event_slots)?,
            frames: FrameWriter::attach(region.part(words.frames.clone()), transmit_slots)?,
            exceptions: sizes.has_exceptions().then(exceptions).transpose()?,
            status: TableWriter::attach(region.part(words.status.clone()), STATUS_WORDS)?,
            region,
            beats: 0,
            kept,
            _lock: lock,
        })
    }

    /// Where the region of a card that died was kept, because no host had released all of its events.
    pub fn kept(&self) -> Option<&Path> {
        self.kept.as_deref()
    }

    /// The next command of the host. Its place in the ring is free again.
    #[inline]
    pub fn command(&mut self) -> Result<Option<Command>, Broken> {
        let record = self.commands.read()?;
        self.commands.release();
        Ok(record.map(|record| transmute!(record)))
    }

    /// Events that the ring takes before the host has to release some.
    pub fn event_room(&mut self) -> u64 {
        self.events.room()
    }

    /// Gives an event to the host. Its number must be the one that comes next.
    #[inline]
    pub fn publish(&mut self, event: &Event) -> Result<(), PublishError> {
        let wanted = self.events.next_sequence();
        if event.sequence != wanted {
            return Err(PublishError::Number { wanted, found: event.sequence });
        }
        let [_, payload @ ..]: [u64; 8] = transmute!(*event);
        self.events.push(&payload).map(|_| ()).map_err(|_| PublishError::Full)
    }

    /// Whether the host takes what the card transmits.
    pub fn is_taken(&self) -> bool {
        // Acquire pairs with the Release in `HostEnd::attach`: a host that came after has not asked, whatever one before did.
        let number = self.region.load(host_line::NUMBER, Acquire);
        number != 0 && self.region.load(host_line::TAKES, Acquire) == number
    }

    /// Whether `give` has room for a frame of any length.
    pub fn has_room(&mut self) -> bool {
        self.frames.has_room(1)
    }

    /// Gives a frame to the host that takes them, whole or not at all. Its events are to be published before.
    pub fn give(&mut self, frame: &Transmitted) -> Result<(), PublishError> {
        let Transmitted { cycle, time_ns, ref bytes } = *frame;
        self.frames.push(self.region.load(host_line::TAKES, Relaxed), &TakenFrame { cycle, time_ns, bytes })
    }

    /// Gives a frame that came on the card's wire to the host that hears them. Without one, or without a wire, it is told as `Full`.
    pub fn give_exception(&mut self, time_ns: u64, bytes: &[u8]) -> Result<(), PublishError> {
        self.exceptions.as_mut().ok_or(PublishError::Full)?.give(time_ns, bytes)
    }

    /// The next frame that the host wants to send. It keeps its place until it is released.
    pub fn exception(&mut self) -> Result<Option<TakenFrame<'_>>, FrameError> {
        self.exceptions.as_mut().map_or(Ok(None), CardExceptions::next)
    }

    pub fn release_exceptions(&mut self) {
        self.exceptions.iter_mut().for_each(CardExceptions::release);
    }

    pub fn write_status(&mut self, status: &Status) {
        self.status.write(&status.words());
    }

    /// Tells the host that this process still moves.
    #[inline]
    pub fn beat(&mut self) {
        self.beats += 1;
        self.region.store(card_line::HEARTBEAT, self.beats, Relaxed);
    }

    /// Tells how far the port is. Pairs with the Acquire in `HostEnd::feed`: what came before is in ring and table.
    pub fn set_feed(&mut self, feed: Feed) {
        self.region.store(card_line::FEED, feed as u64, Release);
    }

    /// A watch over the host, which calls it silent after `patience_ns` without a heartbeat.
    pub fn watch(&self, patience_ns: u64) -> Result<HostWatch, LinkError> {
        Ok(HostWatch::new(&self.path, self.region.clone(), file::open(&self.path)?, patience_ns))
    }
}

impl Drop for CardEnd {
    fn drop(&mut self) {
        self.set_feed(Feed::Gone);
        // A host that is attached keeps its mapping. If the name cannot be removed, the lock's end tells the same.
        let _ = file::remove(&self.path);
    }
}

/// Moves the region of a card that died aside, if a host has not released all of its events.
fn keep_unread(path: &Path) -> Result<Option<PathBuf>, LinkError> {
    let file = match file::open(path) {
        Err(LinkError::NoCard { .. }) => return Ok(None),
        opened => opened?,
    };
    let metadata = file.metadata().map_err(|source| failed(path, source))?;
    // What is no region of this contract holds no events that anybody could read; a host that is there has them mapped.
    let is_short = metadata.len() < HEADER_WORDS as u64 * 8;
    if is_short || file::is_locked(&file).map_err(|source| failed(path, source))? {
        return Ok(None);
    }
    let region = Shared::map(&file).map_err(|source| failed(path, source))?;
    let Ok((Announcement { sizes, .. }, words)) = check(path, &region) else { return Ok(None) };
    let events = Producer::attach(region.part(words.events), sizes.event_slots);
    if events.is_ok_and(|mut events| events.room() == sizes.event_slots as u64) {
        return Ok(None);
    }
    let kept = file::beside(path, &format!("{UNREAD}-{}", std::process::id()));
    std::fs::rename(path, &kept).map_err(|source| failed(path, source))?;
    Ok(Some(kept))
}
