//! What a host has journaled: its inputs and what it decided, and what must hold of both.
use riposte_engine::{Body, Change, Input, Record as Decided, Report};
use riposte_journal::{Contents, Entry, Reader};
use riposte_map::reason::Reason;
use riposte_map::shm::{Event, EventKind, Opcode};
use std::path::Path;

#[derive(Default)]
pub struct Journaled {
    pub inputs: Vec<Input>,
    pub decided: Vec<Decided>,
    pub notes: Vec<Noted>,
}

/// A note, and behind how many inputs it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    pub who: String,
    pub act: String,
    pub why: String,
    pub behind: usize,
}

impl Journaled {
    /// Nothing, if there is no journal yet.
    pub fn read(journal: &Path) -> Journaled {
        let mut found = Journaled::default();
        let Ok(mut reader) = Reader::open(journal, Contents::Open(None)) else { return found };
        while let Ok(Some(record)) = reader.next_record() {
            match record.entry() {
                Some(Entry::Input(bytes)) => found.inputs.push(Input::decode(bytes).expect("an input")),
                Some(Entry::Record(bytes)) => found.decided.push(Decided::decode(bytes).expect("a record")),
                Some(Entry::Note(note)) => {
                    let [who, act, why] = [note.who, note.act, note.why].map(str::to_owned);
                    found.notes.push(Noted { who, act, why, behind: found.inputs.len() });
                }
                _ => {}
            }
        }
        found
    }

    /// Each event of each card once: what a killed host had journaled and not released, the next one reads again.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        let mut next = 1;
        self.inputs.iter().filter_map(move |input| match &input.body {
            Body::CardUp { .. } => {
                next = 1;
                None
            }
            Body::Card { event } if event.sequence >= next => {
                next = event.sequence + 1;
                Some(event)
            }
            _ => None,
        })
    }

    pub fn count(&self, kind: EventKind) -> usize {
        self.events().filter(|event| event.kind() == Some(kind)).count()
    }

    /// Of the order session.
    pub fn reports(&self, wanted: fn(&Report) -> bool) -> u64 {
        self.inputs.iter().filter(|input| matches!(&input.body, Body::Venue { report, .. } if wanted(report))).count() as u64
    }

    pub fn holds(&self, wanted: impl Fn(&Body) -> bool) -> bool {
        self.inputs.iter().any(|input| wanted(&input.body))
    }

    /// Carried out by the card, of the host's commands.
    pub fn done(&self, opcode: Opcode) -> usize {
        let is_it = |event: &&Event| event.kind() == Some(EventKind::Command) && event.detail == opcode as u16;
        self.events().filter(is_it).filter(|event| event.reason == Reason::None as u8 && event.feed_sequence > 0).count()
    }

    /// Each event of each card is there once and in order, and no command reached a card twice or undecided; time goes on.
    pub fn check(&self) {
        let (mut next, mut answered, mut time_ns) = (1, 0, 0);
        for input in &self.inputs {
            assert!(input.time_ns >= time_ns, "time went back");
            time_ns = input.time_ns;
            match input.body {
                Body::CardUp { .. } => (next, answered) = (1, 0),
                Body::Card { event } if event.sequence >= next => {
                    assert_eq!(event.sequence, next, "an event is missing");
                    next += 1;
                    if event.kind() == Some(EventKind::Command) && event.feed_sequence > 0 {
                        assert!(event.feed_sequence > answered, "command {} twice", event.feed_sequence);
                        answered = event.feed_sequence;
                    }
                }
                _ => {}
            }
        }
        for (opcode, change) in [(Opcode::Arm, Change::Arm), (Opcode::ClearKill, Change::ClearKill)] {
            let decided = self.decided.iter().filter(|one| matches!(one, Decided::Done { change: done, .. } if *done == change));
            assert!(self.done(opcode) <= decided.count(), "{opcode:?} without its decision");
        }
    }
}
