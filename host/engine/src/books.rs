//! The card's books: which of them are right, why the others are not and since when, and how a restoration goes on.
//!
//! In: the card's events, what the host has fetched of the venue. Out: the commands of a restoration, in their order.
//!
//! A restoration is `Clear`, the card's word that it is empty, the rows of the venue's snapshot, and `Resume` where the feed is. Rows
//! come from another thread and are not journaled one by one: what is, before the first goes, is how many there are, their digest
//! and where they stand. The feed goes on meanwhile, so places for commands are set aside behind them: rows of what the
//! feed has brought since, and `Resume` again wherever they stand then, until one meets the feed; where that was is told behind it.
//!
//! Holds: a book is right only by the card's word; where two of its words could have crossed, it counts as wrong. Not here: when
//! a restoration begins, and what the venue says.
use crate::engine::Engine;
use crate::input::Unrestored;
use crate::lending::words;
use crate::message::{fields, messages};
use crate::output::{Alarm, Output, Outputs, Record};
use riposte_map::limits::INSTRUMENTS;
use riposte_map::reason::Reason;
use riposte_map::shm::{Event, Opcode};

/// Validations whose answer has not come; the card answers in order, and what is older than these is not waited for.
const DECLARED: usize = 8;
/// Commands that are set aside behind the rows of a snapshot.
pub const PLACES: u32 = 64;
/// No feed gets there.
const NEVER: u64 = u64::MAX;

messages! {
    /// How far a restoration is.
    Restoring {
        Idle = 0;
        /// The card was told to empty its books.
        Clearing = 1;
        /// They are empty.
        Cleared = 2;
        /// Rows are on their way, and the command that ends it.
        Resuming = 3;
        /// The places that were set aside are used up; more rows may come.
        Waiting = 4;
        /// The card holds the rows for wrong.
        Refused = 5;
    }
}

/// A restoration, the last one or the one under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Restoration {
    pub number: u64,
    pub step: Restoring,
    /// Bit per instrument.
    pub instruments: u16,
    /// The feed's next message where the rows stand, how many there were, and the SHA-256 of all of them.
    pub sequence: u64,
    pub rows: u32,
    pub digest: [u8; 32],
    pub began_ns: u64,
    /// Why the card refused it; 0 if it did not.
    pub refused: u8,
}

/// Restorations of the day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Restorations {
    pub begun: u64,
    pub done: u64,
    pub failed: u64,
    /// From `Clear` to the card's word, of the last one and of all.
    pub last_ns: u64,
    pub sum_ns: u64,
}

/// One book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Book {
    /// None while nobody has said anything.
    pub valid: Option<bool>,
    pub why: Option<Reason>,
    pub since_ns: u64,
}

#[derive(Clone, Copy, Hash)]
pub(crate) struct Books {
    /// Bit per instrument.
    valid: u16,
    /// Why a book is not valid, 0 if nobody has said; and since when.
    why: [u8; INSTRUMENTS],
    since_ns: [u64; INSTRUMENTS],
    /// Numbers and masks of validations.
    declared: [(u64, u64); DECLARED],
    restoration: Restoration,
    restorations: Restorations,
    /// Number of the first command of the rows under way, and whether the card has resumed behind it.
    first: u64,
    has_resumed: bool,
    /// Something is wrong with the feed from this message on, as far as the card has told since the rows went.
    doubt: u64,
    doubt_why: u8,
    /// The feed was here at least, as far as gaps have told.
    seen: u64,
}

fields! {
    Restoration { number, step, instruments, sequence, rows, digest, began_ns, refused }
    Restorations { begun, done, failed, last_ns, sum_ns }
    Books { valid, why, since_ns, declared, restoration, restorations, first, has_resumed, doubt, doubt_why, seen }
}

impl Books {
    pub const NEW: Books = Books {
        valid: 0,
        why: [0; INSTRUMENTS],
        since_ns: [0; INSTRUMENTS],
        declared: [(0, 0); DECLARED],
        restoration: Restoration {
            number: 0, step: Restoring::Idle, instruments: 0, sequence: 0, rows: 0, digest: [0; 32], began_ns: 0, refused: 0,
        },
        restorations: Restorations { begun: 0, done: 0, failed: 0, last_ns: 0, sum_ns: 0 },
        first: 0,
        has_resumed: false,
        doubt: NEVER,
        doubt_why: 0,
        seen: 0,
    };

    /// Another card, or none.
    pub fn forget(&mut self) {
        (self.valid, self.why, self.since_ns, self.declared) = (0, [0; INSTRUMENTS], [0; INSTRUMENTS], [(0, 0); DECLARED]);
        self.seen = 0;
        self.abandon();
    }

    /// Who fetched the rows is gone, and they with him.
    pub fn abandon(&mut self) {
        if !matches!(self.restoration.step, Restoring::Idle) {
            self.restoration.step = Restoring::Idle;
            self.restorations.failed += 1;
        }
    }

    /// These books are not right any more; gives those of which that is news.
    fn close(&mut self, instruments: u16, why: u8, now_ns: u64) -> u16 {
        let were = self.valid & instruments;
        self.valid &= !instruments;
        for at in (0..INSTRUMENTS).filter(|at| instruments >> at & 1 == 1) {
            if were >> at & 1 == 1 || self.why[at] == 0 {
                self.since_ns[at] = now_ns;
            }
            self.why[at] = why;
        }
        were
    }

    /// The card's word, or what follows from it.
    fn open(&mut self, instruments: u16, now_ns: u64) {
        for at in (0..INSTRUMENTS).filter(|at| instruments & !self.valid >> at & 1 == 1) {
            (self.why[at], self.since_ns[at]) = (0, now_ns);
        }
        self.valid |= instruments;
    }
}

/// Whether what a `Resume` was refused for passes, so that it goes again.
pub fn goes_again(answer: &Event) -> bool {
    matches!(answer.reason(), Some(Reason::Elsewhere | Reason::TooSoon | Reason::FeedSilent))
}

impl Engine {
    /// A book as the card holds it.
    pub fn card_book(&self, instrument: u8) -> Book {
        let at = usize::from(instrument).min(INSTRUMENTS - 1);
        let is_valid = self.books.valid >> at & 1 == 1;
        let why = self.books.why[at];
        Book {
            valid: (is_valid || why != 0).then_some(is_valid),
            why: Reason::from_code(why).filter(|why| !is_valid && *why != Reason::None),
            since_ns: self.books.since_ns[at],
        }
    }

    pub fn restoration(&self) -> &Restoration {
        &self.books.restoration
    }

    /// The feed was at this message at least; 0 if the card has told of none.
    pub fn feed_seen(&self) -> u64 {
        self.books.seen
    }

    pub fn restorations(&self) -> Restorations {
        self.books.restorations
    }

    /// People hold these books for right; the card will say whether it does.
    pub(crate) fn validate(&mut self, instruments: u16, out: &mut Outputs) {
        let number = self.command(Opcode::Validate, 0, [instruments.into(), 0], out);
        self.books.declared.rotate_right(1);
        self.books.declared[0] = (number, instruments.into());
    }

    /// Something is wrong with the feed: with it every book.
    pub(crate) fn on_channel(&mut self, event: &Event, out: &mut Outputs) {
        if event.reason() == Some(Reason::Cleared) {
            if self.books.restoration.step == Restoring::Clearing {
                self.books.restoration.step = Restoring::Cleared;
            }
            return;
        }
        self.holdings.iter_mut().for_each(|holding| holding.invalid());
        // A validation that the card has not answered may have come before it.
        self.books.declared = [(0, 0); DECLARED];
        let counts = matches!(event.reason(), Some(Reason::Gap | Reason::SessionChange | Reason::EndOfSession));
        let expected = words([event.bid.price_e4, event.bid.quantity]);
        let from = if counts { expected } else { NEVER - 1 };
        let received = words([event.ask.price_e4, event.ask.quantity]);
        match event.reason() {
            Some(Reason::Gap) => self.books.seen = self.books.seen.max(received),
            Some(Reason::SessionChange) => self.books.seen = 0,
            _ => {}
        }
        if self.books.doubt == NEVER || from > self.books.doubt {
            (self.books.doubt, self.books.doubt_why) = (from, event.reason);
        }
        self.lose_books(u16::MAX, event.reason, out);
    }

    pub(crate) fn lose_books(&mut self, instruments: u16, why: u8, out: &mut Outputs) {
        let lost = self.books.close(instruments, why, self.now_ns);
        // Every day ends so.
        if lost != 0 && why != Reason::EndOfSession as u8 {
            out.alarm(Alarm::BooksInvalid { instruments: lost, reason: why });
        }
    }

    /// Empties every book.
    pub(crate) fn on_restore(&mut self, number: u64, out: &mut Outputs) {
        if !self.card.approved || self.card.generation == 0 || number <= self.books.restoration.number {
            return;
        }
        self.books.abandon();
        self.books.restorations.begun += 1;
        self.books.restoration = Restoration { number, step: Restoring::Clearing, began_ns: self.now_ns, ..Books::NEW.restoration };
        self.books.declared = [(0, 0); DECLARED];
        let were = self.books.valid;
        self.books.close(were, Reason::Restoring as u8, self.now_ns);
        self.holdings.iter_mut().for_each(|holding| holding.invalid());
        self.books.first = self.command(Opcode::Clear, 0, [0; 2], out);
    }

    /// Rows for these books are there; they bring them to where the feed's message `sequence` is next.
    pub(crate) fn on_rows(&mut self, (number, instruments, sequence): (u64, u16, u64), rows: u32, digest: [u8; 32], out: &mut Outputs) {
        let one = &mut self.books.restoration;
        if number != one.number || !matches!(one.step, Restoring::Cleared | Restoring::Waiting) {
            return;
        }
        if one.step == Restoring::Cleared {
            (one.rows, one.instruments) = (rows, instruments);
        }
        (one.step, one.sequence, one.digest) = (Restoring::Resuming, sequence, digest);
        let first = self.card.next_command;
        self.card.next_command = first.wrapping_add(u64::from(rows) + u64::from(PLACES));
        (self.books.first, self.books.has_resumed, self.books.doubt) = (first, false, NEVER);
        out.record(Record::Restoring { number, instruments, sequence, rows, digest, first });
        out.push(Output::Restore { number, instruments, first, rows });
    }

    /// The places that were set aside are used up, or not needed any more: so far the rows have come.
    pub(crate) fn on_chased(&mut self, (number, sequence): (u64, u64), rows: u32, digest: [u8; 32], out: &mut Outputs) {
        let books = &mut self.books;
        let one = &mut books.restoration;
        if number != one.number || one.step != Restoring::Resuming {
            return;
        }
        (one.sequence, one.rows, one.digest) = (sequence, rows, digest);
        if !books.has_resumed {
            one.step = if one.refused == 0 { Restoring::Waiting } else { Restoring::Refused };
            return;
        }
        one.step = Restoring::Idle;
        let (instruments, took_ns) = (one.instruments, self.now_ns.saturating_sub(one.began_ns));
        let totals = &mut books.restorations;
        (totals.done, totals.last_ns, totals.sum_ns) = (totals.done + 1, took_ns, totals.sum_ns.saturating_add(took_ns));
        books.open(instruments, self.now_ns);
        out.record(Record::Restored { number, instruments, sequence, rows, digest });
        if books.doubt != NEVER && books.doubt >= sequence {
            let why = books.doubt_why;
            self.lose_books(u16::MAX, why, out);
        }
    }

    pub(crate) fn on_unrestored(&mut self, number: u64, why: Unrestored, out: &mut Outputs) {
        if number == self.books.restoration.number {
            self.books.abandon();
            out.alarm(Alarm::Unrestored { number, why });
        }
    }

    /// What the card says to a command that concerns books; whether the refusal is nothing that a person need see.
    pub(crate) fn on_book_command(&mut self, event: &Event, opcode: Opcode) -> bool {
        let done = event.reason() == Some(Reason::None);
        let books = &mut self.books;
        match opcode {
            Opcode::Validate if done => {
                let found = books.declared.iter().find(|(number, _)| *number == event.feed_sequence);
                if let Some(&(_, instruments)) = found {
                    books.open(instruments as u16, self.now_ns);
                }
                false
            }
            Opcode::Clear if !done && event.feed_sequence == books.first => {
                books.abandon();
                false
            }
            Opcode::Row | Opcode::Resume => {
                let is_ours = event.feed_sequence >= books.first && books.restoration.step == Restoring::Resuming;
                let is_early = opcode == Opcode::Resume && goes_again(event);
                if is_ours && done {
                    books.has_resumed = true;
                } else if is_ours && !is_early && !books.has_resumed {
                    books.restoration.refused = event.reason;
                }
                true
            }
            _ => false,
        }
    }
}
