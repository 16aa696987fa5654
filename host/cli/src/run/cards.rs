//! Looks after the card: joins one that is there, tells when it is gone, waits for the next.
//!
//! Why its own: joining and looking are system calls, which the engine's thread does not make.
//! Holds: what a card left when it died is read before the next card is joined, also if it died while no host ran: its
//! region then lies at the link's place, or beside it if another card has taken that.
use super::Shared;
use super::card_wire::CardWire;
use super::overview::{self, StatusSizes};
use super::voice::Voice;
use super::waiting::CardClock;
use riposte_device::link::{CardWatch, Feed, HostEnd, LinkError, Peer, Status, StatusReader};
use riposte_session::Wire;
use std::collections::VecDeque;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// A card whose heart has not beaten for so long hangs.
const PATIENCE_NS: u64 = 1_000_000_000;
/// Between two looks.
const LOOK_NS: u64 = 5_000_000;

enum There {
    Nobody,
    Card { watch: Box<CardWatch>, last: Peer, status: Option<StatusReader> },
    /// It is gone; the engine's thread reads what it left.
    Gone,
}

/// What tells one region from another at the same place.
type Identity = (u64, Option<SystemTime>);

pub struct Cards {
    path: PathBuf,
    /// Regions that cards kept aside, oldest first.
    kept: VecDeque<PathBuf>,
    there: There,
    /// The region that was joined last.
    joined: Option<(PathBuf, Identity)>,
    /// Why the card cannot be joined, as it was said last.
    said: String,
    links: rtrb::Producer<HostEnd>,
    left: rtrb::Consumer<HostEnd>,
    shared: Arc<Shared>,
    voice: Voice,
    /// Only a simulated card may be joined.
    rehearses: bool,
    /// The order session goes over the card's wire.
    over_card: bool,
    /// The wire of a card that has come, or that there is none any more, for the order session.
    wire: Option<Option<Box<dyn Wire>>>,
    looked_ns: u64,
}

impl Cards {
    pub fn new(
        path: PathBuf, links: rtrb::Producer<HostEnd>, left: rtrb::Consumer<HostEnd>, shared: Arc<Shared>, voice: Voice,
        [rehearses, over_card]: [bool; 2],
    ) -> Cards {
        let (kept, said) = (kept(&path), String::new());
        let wire = None;
        Cards { path, kept, there: There::Nobody, joined: None, said, links, left, shared, voice, rehearses, over_card, wire, looked_ns: 0 }
    }

    /// Joins the card if one is there, or what one has left; whether it did.
    pub fn join(&mut self) -> anyhow::Result<bool> {
        let (path, is_kept) = self.kept.pop_front().map_or((self.path.clone(), false), |path| (path, true));
        let Ok(metadata) = std::fs::metadata(&path) else { return Ok(false) };
        let identity = (metadata.ino(), metadata.created().ok());
        let region = (path, identity);
        if self.joined.as_ref() == Some(&region) {
            // Its card is gone and all of it was read.
            return Ok(false);
        }
        let mut link = match HostEnd::attach(&region.0) {
            Err(LinkError::NoCard { .. }) => return Ok(false),
            link => link?,
        };
        if self.rehearses && link.is_device() {
            // Let go of before anything is said to it.
            anyhow::bail!("{}: is a device, and --rehearse arms simulated cards only: start without it", region.0.display());
        }
        let wire = link.take_exceptions();
        if !is_kept && wire.is_some() != self.over_card {
            let (has, wants) = if self.over_card { ("no wire", "with") } else { ("a wire", "without") };
            let over = if self.over_card { "goes over the card" } else { "does not go over the card" };
            anyhow::bail!(
                "{}: the card has {has} for its orders, and the desk's order session {over}: serve the card {wants} --orders, or change \
                 `over` in [sessions]", region.0.display()
            );
        }
        self.there = if is_kept {
            self.voice.say("card-left-unread", format!("reading what a card left in {}", region.0.display()));
            self.shared.lose_card();
            There::Gone
        } else {
            let watch = Box::new(link.watch(PATIENCE_NS)?);
            self.voice.say("card-joined", format!("joined the card at {}", region.0.display()));
            self.shared.find_card();
            self.wire = wire.map(|wire| Some(Box::new(CardWire(wire)) as Box<dyn Wire>));
            There::Card { watch, last: Peer::Alive, status: link.take_status() }
        };
        self.joined = Some(region);
        // There is a place: the last link came back before.
        let _ = self.links.push(link);
        Ok(true)
    }

    /// To be called often; looks when it is time.
    pub fn look(&mut self, now_ns: u64) {
        if now_ns.saturating_sub(self.looked_ns) < LOOK_NS {
            return;
        }
        self.looked_ns = now_ns;
        match &mut self.there {
            There::Gone => self.close(),
            There::Nobody => {
                let said = self.join().map_or_else(|error| error.to_string(), |_| String::new());
                if !said.is_empty() && self.said != said {
                    self.voice.warn("card-refused", &said);
                }
                self.said = said;
            }
            There::Card { watch, last, .. } => {
                let peer = watch.look(now_ns).unwrap_or(Peer::Absent);
                if std::mem::discriminant(&peer) != std::mem::discriminant(last) {
                    self.voice.say("card-peer", text(peer));
                    *last = peer;
                }
                if !matches!(peer, Peer::Alive | Peer::Silent { .. }) {
                    self.there = There::Gone;
                    self.wire = Some(None);
                    self.shared.lose_card();
                }
            }
        }
    }

    /// What is new about the card's wire.
    pub fn take_wire(&mut self) -> Option<Option<Box<dyn Wire>>> {
        self.wire.take()
    }

    /// How the card is, if one is there.
    pub fn there(&self) -> Option<(Peer, Feed)> {
        match &self.there {
            There::Card { last, status, .. } => Some((*last, status.as_ref().map_or(Feed::Waiting, StatusReader::feed))),
            There::Nobody | There::Gone => None,
        }
    }

    /// What the card that is there tells of itself.
    pub fn status(&mut self) -> Option<(Status, StatusSizes)> {
        match &mut self.there {
            There::Card { status, .. } => status.as_mut().and_then(overview::read),
            There::Nobody | There::Gone => None,
        }
    }

    /// How far the card is that is there.
    pub fn clock(&mut self) -> CardClock {
        let is_there = matches!(self.there, There::Card { .. });
        let status = self.status().map(|(status, _)| status).unwrap_or_default();
        CardClock { is_there, events: status.events, cycle: status.cycle }
    }

    /// Lets go of a card's region when the engine's thread has.
    fn close(&mut self) {
        let Ok(link) = self.left.pop() else { return };
        drop(link);
        let kept = self.joined.as_ref().map(|(path, _)| path).filter(|path| **path != self.path);
        if let Some(path) = kept
            && let Err(error) = std::fs::remove_file(path)
        {
            self.voice.warn("card-left-unread", format!("{}: was read and cannot be removed: {error}", path.display()));
        }
        self.there = There::Nobody;
        self.shared.forget_card();
        self.voice.say("card-awaited", format!("waiting for a card at {}", self.path.display()));
    }
}

/// Regions beside `path` that cards kept aside because nobody had read them.
fn kept(path: &Path) -> VecDeque<PathBuf> {
    let prefix = format!("{}.unread-", path.file_name().unwrap_or_default().to_string_lossy());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let named = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix));
    let mut found: Vec<_> = named.map(|entry| (entry.metadata().and_then(|one| one.modified()).ok(), entry.path())).collect();
    found.sort();
    found.into_iter().map(|(_, path)| path).collect()
}

fn text(peer: Peer) -> String {
    match peer {
        Peer::Alive => "the card moves again".to_owned(),
        Peer::Silent { process, for_ns } => format!("card {process} has not moved for {} ms", for_ns / 1_000_000),
        Peer::Died { process } => format!("card {process} died"),
        Peer::Left { process } => format!("card {process} has ended"),
        Peer::Absent => "the card's region cannot be looked at: it counts as gone".to_owned(),
    }
}
