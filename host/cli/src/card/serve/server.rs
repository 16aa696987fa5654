//! The loop of a served card: commands, frames, events, and a look after the host.
use super::super::port::{Port, Received};
use super::super::sent::SentFile;
use super::wire::Wire;
use crate::line_b::LineB;
use anyhow::Context;
use riposte_device::link::{CardEnd, Feed, HostWatch, Peer, PublishError, Status};
use riposte_device::{Card, Frame, Output, pause};
use riposte_map::limits::{RESUME_CYCLES, ROW_CYCLES};
use riposte_map::reason::Reason;
use riposte_map::shm::{Command, EventKind, Opcode};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Cycles after the last word or command in which something may still come of it: more than all queues need.
const SETTLE_CYCLES: u64 = 4096;
/// Of these, how many pass between two looks at the rings.
const STEP_CYCLES: u64 = 64;
/// Between two looks after the host: the bar of the watchdog, behind a death.
const LOOK_NS: u64 = 1_000_000;
/// Number of the commands that this process gives its card by itself; those of a host count from 1.
const OWN_COMMAND: u64 = 0;

/// How a card is served.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Idle cycles before each frame.
    pub gap: u64,
    /// The feed begins at once, not when the card is armed.
    pub at_once: bool,
    /// A host that does not move for so long hangs.
    pub watchdog: Duration,
}

/// A card with its link and its port.
pub struct Server {
    link: CardEnd,
    watch: HostWatch,
    card: Box<dyn Card>,
    port: Box<dyn Port>,
    /// Where orders leave that a host has made ready for; without one they go to the host, or out by the port.
    wire: Option<Wire>,
    /// Takes every frame that leaves, whichever way.
    sent: Option<SentFile>,
    settings: Settings,
    start: Instant,
    feed: Feed,
    status: Status,
    /// What the card has put out, and ring and port have not yet taken.
    pending: Output,
    /// Commands that the card has not been shown; of the ring's, none while the card stands still.
    own_commands: VecDeque<Command>,
    line_b: LineB,
    /// First cycle that no command is scheduled for.
    free_cycle: u64,
    /// First cycles in which the card takes another row of a restoration, and the command that ends it.
    row_cycle: u64,
    resume_cycle: u64,
    /// Idle cycles since the last word or command, up to `SETTLE_CYCLES`.
    quiet: u64,
    is_stalled: bool,
    /// A host has taken frames; from then on none leaves by the port, where an order would go out a second way.
    is_taken: bool,
    /// The host has said something since the card was last killed by the watchdog.
    is_told: bool,
    last_peer: Peer,
    looked_ns: u64,
}

impl Server {
    pub fn new(
        link: CardEnd, mut card: Box<dyn Card>, port: Box<dyn Port>, wire: Option<Wire>, sent: Option<SentFile>, settings: Settings,
    ) -> anyhow::Result<Server> {
        card.reset();
        let watch = link.watch(settings.watchdog.as_nanos() as u64)?;
        Ok(Server {
            link,
            watch,
            card,
            port,
            wire,
            sent,
            settings,
            start: Instant::now(),
            feed: Feed::Waiting,
            status: Status::default(),
            pending: Output::default(),
            own_commands: VecDeque::new(),
            line_b: LineB::default(),
            free_cycle: 0,
            row_cycle: 0,
            resume_cycle: 0,
            quiet: 0,
            is_stalled: false,
            is_taken: false,
            is_told: false,
            last_peer: Peer::Absent,
            looked_ns: 0,
        })
    }

    /// Serves until `stop` is set, or the feed has ended and the host has left in order.
    pub fn run(mut self, stop: &AtomicBool) -> anyhow::Result<Status> {
        let mut waits = 0;
        while !stop.load(Ordering::Relaxed) && !self.is_done() {
            let now_ns = self.start.elapsed().as_nanos() as u64;
            waits = if self.turn(now_ns)? { 0 } else { waits + 1 };
            pause(waits);
        }
        self.count_lost()?;
        self.hand_on()?;
        if !self.pending.events.is_empty() {
            eprintln!("riposte: warning: {} events found no place in the ring, and their orders did not leave", self.pending.events.len());
        }
        Ok(self.status)
    }

    fn is_done(&self) -> bool {
        self.feed == Feed::Ended && matches!(self.last_peer, Peer::Left { .. })
    }

    /// One round; whether anything happened in it.
    fn turn(&mut self, now_ns: u64) -> anyhow::Result<bool> {
        self.link.beat();
        self.look_after_host(now_ns)?;
        // Also while the card stands still: a connection whose host is heard of by nobody would be lost.
        let Server { wire, link, status, .. } = self;
        let is_exchanged = wire.as_mut().map_or(Ok(false), |wire| wire.exchange(now_ns, link, status))?;
        if !self.hand_on()? {
            return Ok(is_exchanged);
        }
        let is_told = self.take_commands()?;
        let is_shown = self.feed_card(now_ns)?;
        let is_moving = is_told || is_shown || self.quiet < SETTLE_CYCLES;
        if is_moving {
            self.settle(is_told || is_shown)?;
            self.status.cycle = self.card.cycle();
            self.hand_on()?;
        }
        Ok(is_moving || is_exchanged)
    }

    /// Kills the card if nobody watches over it any more.
    fn look_after_host(&mut self, now_ns: u64) -> anyhow::Result<()> {
        if now_ns < self.looked_ns + LOOK_NS {
            return Ok(());
        }
        self.looked_ns = now_ns;
        self.count_lost()?;
        let peer = self.watch.look(now_ns)?;
        let is_there = matches!(peer, Peer::Alive | Peer::Absent);
        if self.is_told && !is_there {
            eprintln!("riposte: {}: the card is killed", lost_text(peer));
            self.is_told = false;
            self.status.watchdog_kills += 1;
            let kill = Command { sequence: OWN_COMMAND, opcode: Opcode::Kill as u8, ..Command::default() };
            self.own_commands.push_back(kill);
        }
        self.last_peer = peer;
        Ok(())
    }

    fn count_lost(&mut self) -> anyhow::Result<()> {
        let before = std::mem::replace(&mut self.status.lost, self.port.lost()?);
        if before == 0 && self.status.lost > 0 {
            eprintln!("riposte: warning: the port loses frames ({} so far); the card sees gaps and closes its books", self.status.lost);
        }
        Ok(())
    }

    /// Gives events to the ring and, when all are there, frames to the host or the port. False if the card has to stand still.
    fn hand_on(&mut self) -> anyhow::Result<bool> {
        let is_full = !self.publish()? || !self.transmit()?;
        if is_full && !self.is_stalled {
            self.status.stalls += 1;
        }
        self.is_stalled = is_full;
        self.link.write_status(&self.status);
        Ok(!is_full)
    }

    /// Whether all events have found their place.
    fn publish(&mut self) -> anyhow::Result<bool> {
        let mut taken = 0;
        let mut is_full = false;
        for event in &self.pending.events {
            match self.link.publish(event) {
                Ok(()) => taken += 1,
                Err(PublishError::Full) => {
                    is_full = true;
                    break;
                }
                Err(error) => return Err(error).context("the card does not number its events"),
            }
        }
        self.pending.events.drain(..taken);
        self.status.events += taken as u64;
        Ok(!is_full)
    }

    /// Whether all frames have left.
    fn transmit(&mut self) -> anyhow::Result<bool> {
        if self.pending.transmitted.is_empty() {
            return Ok(true);
        }
        let is_taken = self.link.is_taken();
        self.is_taken |= is_taken;
        let mut left = 0;
        let mut is_full = false;
        for frame in &self.pending.transmitted {
            if is_taken {
                // On a wire of its own an order has left when the host hears of it; one that may not leave it does not hear of.
                if let Some(wire) = &mut self.wire {
                    if !self.link.has_room() {
                        is_full = true;
                        break;
                    }
                    if !wire.order(frame, &mut self.status)? {
                        left += 1;
                        continue;
                    }
                }
                match self.link.give(frame) {
                    Ok(()) => self.status.taken += 1,
                    Err(PublishError::Full) => {
                        is_full = true;
                        break;
                    }
                    Err(error) => return Err(error).context("the card's frame cannot be given to the host"),
                }
            } else if self.is_taken || self.wire.is_some() {
                self.status.unclaimed += 1;
            } else {
                self.port.transmit(frame)?;
            }
            if let Some(file) = &mut self.sent {
                file.write(frame)?;
            }
            left += 1;
        }
        self.pending.transmitted.drain(..left);
        self.status.transmitted += left as u64;
        Ok(!is_full)
    }

    /// Schedules what the host, or the watchdog, has for the card: a command a cycle. True if there was any.
    fn take_commands(&mut self) -> anyhow::Result<bool> {
        let mut any = false;
        while let Some(command) = self.own_commands.pop_front() {
            self.schedule(&command);
            any = true;
        }
        while let Some(command) = self.link.command()? {
            self.schedule(&command);
            self.status.commands += 1;
            self.is_told = true;
            any = true;
        }
        Ok(any)
    }

    fn schedule(&mut self, command: &Command) {
        let opcode = Opcode::from_code(command.opcode);
        let ready = match opcode {
            Some(Opcode::Row) => self.row_cycle,
            Some(Opcode::Resume) => self.resume_cycle,
            _ => 0,
        };
        let cycle = ready.max(self.free_cycle).max(self.card.cycle());
        self.card.schedule(cycle, command);
        if opcode == Some(Opcode::Row) {
            (self.row_cycle, self.resume_cycle) = (cycle + ROW_CYCLES, cycle + RESUME_CYCLES);
        }
        self.free_cycle = cycle + 1;
    }

    /// Shows the card the next frame, if one is due.
    fn feed_card(&mut self, now_ns: u64) -> anyhow::Result<bool> {
        if self.feed == Feed::Waiting && self.settings.at_once {
            self.set_feed(Feed::Running);
        }
        if self.feed != Feed::Running {
            return Ok(false);
        }
        match self.port.receive(now_ns)? {
            Received::Nothing => Ok(false),
            Received::Frame(record) => {
                self.card.idle(self.settings.gap);
                self.card.frame(&Frame::new(&record.bytes, record.time_ns));
                self.status.frames += 1;
                Ok(true)
            }
            Received::FrameB(record) => {
                // What follows on line A does not wait for its end.
                let frame = Frame::new(&record.bytes, record.time_ns);
                let start = self.line_b.begin(self.card.cycle() + self.settings.gap, &frame);
                self.card.idle(start - self.card.cycle());
                self.card.frame_b(start, &frame);
                self.status.frames += 1;
                Ok(true)
            }
            Received::Ended => {
                // Nothing comes of the last frame any more, and the ring has taken what came.
                if self.quiet >= SETTLE_CYCLES {
                    self.set_feed(Feed::Ended);
                }
                Ok(false)
            }
        }
    }

    /// Lets the card go on without a word while something may still come of the last one, and takes what came out.
    fn settle(&mut self, is_disturbed: bool) -> anyhow::Result<()> {
        if is_disturbed {
            self.quiet = 0;
        } else {
            self.card.idle(STEP_CYCLES);
            self.quiet += STEP_CYCLES;
        }
        // Commands wait for their cycle; without a frame, cycles pass only here.
        self.card.idle(self.free_cycle.saturating_sub(self.card.cycle()));
        if self.quiet >= SETTLE_CYCLES {
            // Reading them takes cycles that no clock counts, which disturbs nobody now.
            self.status.counters = self.card.counters();
        }
        let before = self.pending.events.len();
        self.card.drain(&mut self.pending);
        let is_armed = self.pending.events[before..].iter().any(|event| {
            let is_arm = event.kind() == Some(EventKind::Command) && event.detail == Opcode::Arm as u16;
            is_arm && event.reason == Reason::None as u8
        });
        if is_armed && self.feed == Feed::Waiting {
            self.set_feed(Feed::Running);
        }
        Ok(())
    }

    fn set_feed(&mut self, feed: Feed) {
        self.feed = feed;
        self.link.set_feed(feed);
    }
}

fn lost_text(peer: Peer) -> String {
    match peer {
        Peer::Died { process } => format!("host {process} died"),
        Peer::Left { process } => format!("host {process} left"),
        Peer::Silent { process, for_ns } => format!("host {process} has not moved for {} ms", for_ns / 1_000_000),
        Peer::Alive | Peer::Absent => "the host is there".to_owned(),
    }
}
