//! Restoration of the books: they are emptied, take rows and go back to the feed.
use super::{Agenda, Kind, NEVER, Origin, Pending, Rank, channel_event};
use crate::{
    book::Add,
    orders::Side,
    pipeline::Way,
    session::{Admission, Header, View},
};
use riposte_map::{
    counter::Counter,
    limits::INSTRUMENTS,
    reason::Reason,
    shm::{Command, Row},
};

impl Agenda {
    /// Takes the header of a packet, which is judged in `cycle`.
    pub fn admit(&mut self, cycle: u64, header: &Header) -> Admission {
        self.see(cycle);
        let admission = self.feed.admit(cycle, header, self.restoration.is_aside());
        // What is told in the next cycle is too late for this packet.
        self.quiet.retain(|from| *from <= cycle + 1);
        let cycles = u64::from(self.bank().silence_cycles);
        if cycles != 0 && admission.counters[0] != Some(Counter::EndsOfSession) {
            self.quiet.push_back(cycle + 3 + cycles);
            self.due(cycle + 3 + cycles);
        }
        admission
    }

    /// What the session knew in `cycle`.
    pub fn session_view(&mut self, cycle: u64) -> View {
        self.feed.view(cycle)
    }

    /// If from `cycle` on every book is empty and takes rows, makes it known.
    pub(super) fn empty_books(&mut self, cycle: u64) -> bool {
        if self.restoration.ready().is_none_or(|ready| ready > cycle) {
            return false;
        }
        self.books.clear();
        self.paces.empty();
        self.restoration.open(cycle);
        self.sound = u16::MAX;
        self.touched = [NEVER; INSTRUMENTS];
        self.wait(cycle, Rank::Cleared, channel_event(Reason::Cleared));
        true
    }

    /// Clear, visible in `cycle`.
    pub(super) fn clear(&mut self, cycle: u64) -> Option<Reason> {
        if self.restoration.is_clearing(cycle) {
            return Some(Reason::Restoring);
        }
        self.make_valid(cycle, 0);
        self.sound = 0;
        self.feed.restart(cycle);
        self.restoration.clear(cycle);
        self.due(self.restoration.ready().unwrap_or(NEVER));
        None
    }

    /// Resume, visible in `cycle`.
    pub(super) fn resume(&mut self, cycle: u64, command: &Command) -> Option<Reason> {
        let mask = command.args[0] as u16;
        if !self.restoration.is_open(cycle) {
            Some(Reason::NotCleared)
        } else if mask & !self.sound != 0 {
            Some(Reason::BookNotClean)
        } else if self.restoration.resume_is_early(cycle) {
            Some(Reason::TooSoon)
        } else if !self.feed.may_resume(cycle, command.args[1]) {
            Some(Reason::Elsewhere)
        } else if self.bank().silence_cycles != 0 && self.quiet.is_empty() {
            Some(Reason::FeedSilent)
        } else {
            self.make_valid(cycle, self.valid | mask);
            self.sound = 0;
            self.feed.resume(cycle);
            self.restoration.resume();
            None
        }
    }

    /// A row, which acts in `cycle`; its operation is issued one cycle later.
    pub(super) fn row(&mut self, cycle: u64, command: &Command) -> Option<Reason> {
        if !self.restoration.is_open(cycle) {
            return Some(Reason::NotCleared);
        }
        if self.restoration.row_is_early(cycle) {
            return Some(Reason::TooSoon);
        }
        self.restoration.row(cycle);
        let instrument = usize::from(command.instrument) % INSTRUMENTS;
        let issued = self.pipeline.issue(cycle + 1);
        self.touch(instrument, issued);
        // Nothing tells of a row: no book is valid.
        let origin = Origin {
            code: 0,
            instrument: instrument as u8,
            bank: self.in_force as u8,
            generation: 0,
            time_ns: 0,
            sequence: 0,
            came: cycle,
        };
        let [reference, numbers, mark, ..] = command.args;
        let (mut way, mut error, mut trading) = (Way::Table, None, None);
        if command.index & 0xf == Row::Remove as u8 {
            match self.books.remove(instrument, reference, None) {
                Ok(removed) => way = removed.way,
                Err(reason) => error = Some(reason),
            }
        } else if command.index & 0xf == Row::State as u8 {
            trading = Some(mark as u8 == b'T');
        } else {
            let add = Add { reference, side: Side::of(mark as u8), shares: numbers as u32, price_e4: (numbers >> 32) as u32 };
            error = self.add(&origin, issued, &add, false);
        }
        let judged = self.pipeline.verdict(issued, way);
        self.judge_later(Pending {
            cycle: judged,
            origin,
            error,
            evaluated: true,
            kind: Kind::Operation,
            trading,
            is_print: false,
            top: self.books.top(instrument),
            price_e4: 0,
            quantity: 0,
        });
        None
    }
}
