//! The host's end of a link.
use super::error::LinkError;
use super::exceptions::Exceptions;
use super::file::{self, failed};
use super::layout::{Feed, HEADER_WORDS, PeerKind, Sizes, card_line, check, host_line};
use super::status::{STATUS_WORDS, Status, StatusReader, read};
use super::watch::CardWatch;
use crate::frames::{FrameError, FrameReader, TakenFrame};
use riposte_map::shm::{Command, Event};
use riposte_ring::{Broken, Consumer, Full, Memory, Producer, Shared, TableReader};
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use zerocopy::transmute;

/// What the host holds of a link. All but `attach`, `watch` and `leave` is for the pinned core: no call of the system, no
/// allocation, no wait.
#[derive(Debug)]
pub struct HostEnd {
    path: PathBuf,
    region: Shared,
    commands: Producer<Shared>,
    events: Consumer<Shared>,
    frames: FrameReader<Shared>,
    /// None: another thread has it, or the card has no wire for it.
    exceptions: Option<Exceptions>,
    /// None: another thread reads it.
    status: Option<TableReader<Shared>>,
    sizes: Sizes,
    kind: PeerKind,
    card_process: u32,
    beats: u64,
    number: u64,
    /// Locked while this host lives.
    file: File,
}

impl HostEnd {
    /// Takes the host's place in the region `path`: a file that a card has made, or the BAR of a device. The card may have
    /// died: what it left can be read, and `watch` tells.
    ///
    /// Fails, with what to do, if no card was there, another host is, others could open it, or the card is built otherwise.
    pub fn attach(path: &Path) -> Result<HostEnd, LinkError> {
        let file = file::open(path)?;
        file::lock(path, &file, "host")?;
        let metadata = file.metadata().map_err(|source| failed(path, source))?;
        if metadata.len() < HEADER_WORDS as u64 * 8 {
            let (found, wanted) = (metadata.len(), HEADER_WORDS as u64 * 8);
            return Err(LinkError::Short { path: path.to_owned(), found, wanted });
        }
        let region = Shared::map(&file).map_err(|source| failed(path, source))?;
        let (announcement, words) = check(path, &region)?;
        let sizes = announcement.sizes;
        let broken = |source| LinkError::Broken { path: path.to_owned(), source };
        // Only hosts write this line, and this is the only one: Relaxed is enough.
        let number = region.load(host_line::NUMBER, Relaxed) + 1;
        let exceptions = || Exceptions::attach(&region, words.received, words.sent, sizes.exception_slots, number);
        let exceptions = sizes.has_exceptions().then(exceptions).transpose().map_err(broken)?;
        let end = HostEnd {
            path: path.to_owned(),
            commands: Producer::attach(region.part(words.commands), sizes.command_slots).map_err(broken)?,
            events: Consumer::attach(region.part(words.events), sizes.event_slots).map_err(broken)?,
            frames: FrameReader::attach(region.part(words.frames), sizes.transmit_slots, number).map_err(broken)?,
            exceptions,
            status: Some(TableReader::attach(region.part(words.status), STATUS_WORDS).map_err(broken)?),
            sizes,
            kind: announcement.kind,
            card_process: announcement.card_process,
            beats: region.load(host_line::HEARTBEAT, Relaxed),
            number,
            file,
            region,
        };
        end.region.store(host_line::PROCESS, std::process::id().into(), Relaxed);
        // Pairs with the Acquire in `HostWatch::look`.
        end.region.store(host_line::NUMBER, number, Release);
        Ok(end)
    }

    /// The card is no process of a simulation: what it transmits is on a wire.
    pub fn is_device(&self) -> bool {
        self.kind == PeerKind::Device
    }

    /// Number that the next command gets; it is also in the event that answers it.
    pub fn next_command(&self) -> u64 {
        self.commands.next_sequence()
    }

    /// Gives a command to the card under the next number, whatever number it has; gives that number.
    #[inline]
    pub fn send(&mut self, command: &Command) -> Result<u64, Full> {
        let [_, payload @ ..]: [u64; 8] = transmute!(*command);
        self.commands.push(&payload)
    }

    /// The next event. It stays in the ring until it is released.
    #[inline]
    pub fn receive(&mut self) -> Result<Option<Event>, Broken> {
        Ok(self.events.read()?.map(|record| transmute!(record)))
    }

    /// Number of the event that `receive` gives next.
    pub fn next_event(&self) -> u64 {
        self.events.next_sequence()
    }

    /// Lets go of all events up to number `sequence`: they are durable elsewhere, or not needed.
    #[inline]
    pub fn release_to(&mut self, sequence: u64) {
        self.events.release_to(sequence);
    }

    /// From now on this host takes what the card transmits, and the card's port gets none of it.
    pub fn take_frames(&mut self) {
        // Pairs with the Acquire in `CardEnd::is_taken`.
        self.region.store(host_line::TAKES, self.number, Release);
    }

    /// The next frame that the card has transmitted for this host; what a host before left unread is passed over, since
    /// nobody knows whether it was sent. Its events are in the event ring. It stays in its ring until it is released.
    #[inline]
    pub fn frame(&mut self) -> Result<Option<TakenFrame<'_>>, FrameError> {
        self.frames.read()
    }

    /// Lets go of every frame that was read.
    #[inline]
    pub fn release_frames(&mut self) {
        self.frames.release();
    }

    /// The newest status, if there is one and no other thread reads it.
    pub fn status(&mut self) -> Option<Status> {
        self.status.as_mut().and_then(read)
    }

    /// Gives the card's status to another thread; once.
    pub fn take_status(&mut self) -> Option<StatusReader> {
        self.status.take().map(|table| StatusReader::new(table, self.region.clone(), self.sizes))
    }

    /// Gives the card's wire to the thread that sends the host's own frames over it; once, and nothing if the card has none.
    pub fn take_exceptions(&mut self) -> Option<Exceptions> {
        let exceptions = self.exceptions.take()?;
        self.region.store(host_line::HEARS, self.number, Relaxed);
        Some(exceptions)
    }

    /// How far the card's port is. Pairs with the Release in `CardEnd::set_feed`.
    pub fn feed(&self) -> Feed {
        Feed::from_word(self.region.load(card_line::FEED, Acquire))
    }

    /// Tells the card that this host still moves.
    #[inline]
    pub fn beat(&mut self) {
        self.beats = self.beats.wrapping_add(1);
        self.region.store(host_line::HEARTBEAT, self.beats, Relaxed);
    }

    /// A watch over the card, which calls it silent after `patience_ns` without a heartbeat.
    pub fn watch(&self, patience_ns: u64) -> Result<CardWatch, LinkError> {
        let metadata = self.file.metadata().map_err(|source| failed(&self.path, source))?;
        let inode = (self.kind == PeerKind::Process).then(|| metadata.ino());
        CardWatch::new(&self.path, self.region.clone(), self.card_process, inode, patience_ns)
    }

    /// Leaves in order. A host that is dropped otherwise counts as one that died.
    pub fn leave(self) {
        self.region.store(host_line::TAKES, 0, Relaxed);
        self.region.store(host_line::LEFT, self.number, Relaxed);
    }
}

impl Drop for HostEnd {
    fn drop(&mut self) {
        // Closing is not enough while a watch maps the region: a mapping holds the opening, and with it the lock.
        let _ = self.file.unlock();
    }
}
