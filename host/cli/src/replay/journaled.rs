//! The journal of a replay: every command, event and transmitted frame.
//!
//! Holds: the same run gives the same records, so the same chain head, on every card and however its output was
//! batched: times are those of the frames, a frame stands behind the event that told of its order, and heartbeats
//! behind the first stand at the end.
use super::drive::{Ended, Error};
use super::summary::{JournalSummary, Manifest};
use riposte_device::{Output, Transmitted};
use riposte_journal::{Appender, Entry, Journal, Key, Note, Options, State, create};
use riposte_map::shm::{Command, Event, EventKind};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};

const WHO: &str = "riposte replay";

pub struct Journaled {
    folder: PathBuf,
    appender: Appender,
    journal: Journal,
    /// Events that stand behind a frame that the card has not handed out yet.
    events: VecDeque<Event>,
    frames: VecDeque<Transmitted>,
    /// An event told of an order whose frame is still to come.
    is_owed: bool,
    /// Of the newest record; commands have none of their own.
    time_ns: u64,
}

impl Journaled {
    /// Begins a journal in a new folder with what makes the run what it is, and the commands it starts with.
    pub fn begin(folder: &Path, key: Option<Key>, manifest: &Manifest, commands: &[Command]) -> anyhow::Result<Journaled> {
        let (appender, journal) = create(Options { key, ..Options::new(folder) })?.start()?;
        let (folder, events, frames) = (folder.to_owned(), VecDeque::new(), VecDeque::new());
        let mut journaled = Journaled { folder, appender, journal, events, frames, is_owed: false, time_ns: 0 };
        let seed = manifest.seed.map_or("none".to_owned(), |seed| seed.to_string());
        // Neither names of files nor the card: they do not change what happens.
        let why = format!(
            "input {}, configuration {}, generation {}, gap {}, seed {seed}, contract {}",
            manifest.input_sha256, manifest.config_sha256, manifest.generation, manifest.gap_cycles, manifest.contract
        );
        journaled.append(&Entry::Note(Note { who: WHO, act: "begin", why: &why }))?;
        commands.iter().try_for_each(|command| journaled.append(&Entry::Command(*command)))?;
        Ok(journaled)
    }

    pub fn write(&mut self, output: &Output) -> anyhow::Result<()> {
        self.events.extend(&output.events);
        self.frames.extend(output.transmitted.iter().cloned());
        loop {
            if self.is_owed {
                let Some(frame) = self.frames.pop_front() else { return Ok(()) };
                self.frame(&frame)?;
                self.is_owed = false;
            }
            let Some(event) = self.events.pop_front() else { return Ok(()) };
            self.event(&event)?;
            self.is_owed = event.kind() == Some(EventKind::OrderSent);
        }
    }

    /// Notes how the run ended, and waits until all is durable.
    pub fn finish(mut self, ended: &Result<Ended, Error>) -> anyhow::Result<JournalSummary> {
        // Nothing is left of a run without fault; of another, all that came is still journaled.
        for event in std::mem::take(&mut self.events) {
            self.event(&event)?;
        }
        for frame in std::mem::take(&mut self.frames) {
            self.frame(&frame)?;
        }
        let (act, why) = match ended {
            Ok(Ended { frames, cycles, tally, .. }) => {
                ("end", format!("{frames} frames, {cycles} cycles, digest {}", tally.digest()))
            }
            Err(Error::Differ(difference)) => ("stop", difference.to_string()),
            Err(Error::Failed(error)) => ("stop", format!("{error:#}")),
        };
        // Where they fell among the events depends on how the card hands those out.
        for command in ended.iter().flat_map(|ended| &ended.beats) {
            self.append(&Entry::Command(*command))?;
        }
        self.append(&Entry::Note(Note { who: WHO, act, why: &why }))?;
        let end = self.journal.finish(self.appender)?;
        Ok(JournalSummary { folder: self.folder.display().to_string(), records: end.position, head: end.head() })
    }

    fn event(&mut self, event: &Event) -> anyhow::Result<()> {
        self.time_ns = if event.time_ns == 0 { self.time_ns } else { event.time_ns };
        self.append(&Entry::Event(*event))
    }

    fn frame(&mut self, frame: &Transmitted) -> anyhow::Result<()> {
        self.time_ns = frame.time_ns;
        self.append(&Entry::Transmitted { cycle: frame.cycle, bytes: &frame.bytes })
    }

    fn append(&mut self, entry: &Entry) -> anyhow::Result<()> {
        let Err(refused) = self.appender.append_waiting(self.time_ns, entry) else { return Ok(()) };
        let error = match self.appender.watch().state() {
            State::Halted { reason } => anyhow::Error::from(refused).context(reason),
            State::Running => refused.into(),
        };
        Err(error.context(format!("{}: the journal takes no more", self.folder.display())))
    }
}
