//! Which books are right.
//!
//! In: commands (x + 2); who invalidates what; operations that are issued; that the books are empty. Out: state, visible one
//! cycle later. A book is clean until an operation touches it; sound while it is restored without an error.
//! Why: a book is declared valid by the host, but only one that cannot be wrong: clean, or sound.
//! Holds: reset leaves every book invalid and clean; an invalidation beats a validation. Not here: what makes a book wrong.
use crate::{bundle::Stage, konst::Konst};
use riposte_map::reason::Reason;
use rust_hdl::prelude::*;

#[derive(LogicBlock, Default)]
pub struct Validity {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    /// Of the command.
    pub mask: Signal<In, Bits<16>>,
    pub wants_valid: Signal<In, bool>,
    pub wants_invalid: Signal<In, bool>,
    pub wants_clear: Signal<In, bool>,
    pub wants_row: Signal<In, bool>,
    pub wants_resume: Signal<In, bool>,
    pub stage: Signal<In, Stage>,
    /// The feed is where the command says.
    pub may_resume: Signal<In, bool>,
    pub feed_silent: Signal<In, bool>,
    /// From the next cycle on all books are empty.
    pub cleared: Signal<In, bool>,
    pub invalidate_all: Signal<In, bool>,
    pub invalidate: Signal<In, Bits<16>>,
    pub issue: Signal<In, bool>,
    pub issue_instrument: Signal<In, Bits<4>>,
    pub valid: Signal<Out, Bits<16>>,
    /// All books become invalid, to be emptied.
    pub clear: Signal<Out, bool>,
    pub row: Signal<Out, bool>,
    /// Books of the mask become valid, as they are sound.
    pub resume: Signal<Out, bool>,
    /// Why the command is not carried out.
    pub refusal: Signal<Out, Bits<8>>,
    valid_now: DFF<Bits<16>>,
    clean: DFF<Bits<16>>,
    sound_now: DFF<Bits<16>>,
    issued: DFF<bool>,
    issued_instrument: DFF<Bits<4>>,
    touched: Signal<Local, Bits<16>>,
    validated: Signal<Local, Bits<16>>,
    dropped: Signal<Local, Bits<16>>,
    made_sound: Signal<Local, Bits<16>>,
    unclean: Signal<Local, Bits<16>>,
    unsound: Signal<Local, Bits<16>>,
    is_clean: Signal<Local, bool>,
    is_sound: Signal<Local, bool>,
    clears: Signal<Local, bool>,
    resumes: Signal<Local, bool>,
    validates: Signal<Local, bool>,
    k_bit: Konst<16, 1>,
    k_all: Konst<16, 0xffff>,
    r_none: Konst<8, { Reason::None as u64 }>,
    r_clean: Konst<8, { Reason::BookNotClean as u64 }>,
    r_restoring: Konst<8, { Reason::Restoring as u64 }>,
    r_too_soon: Konst<8, { Reason::TooSoon as u64 }>,
    r_elsewhere: Konst<8, { Reason::Elsewhere as u64 }>,
    r_silent: Konst<8, { Reason::FeedSilent as u64 }>,
    r_not_cleared: Konst<8, { Reason::NotCleared as u64 }>,
}

impl Logic for Validity {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, valid_now, clean, sound_now, issued, issued_instrument);
        // An operation in the last cycle touched its book.
        self.issued.d.next = self.issue.val();
        self.issued_instrument.d.next = self.issue_instrument.val();
        self.touched.next = 0.into();
        if self.issued.q.val() {
            self.touched.next = self.k_bit.val() << bit_cast::<16, 4>(self.issued_instrument.q.val());
        }
        self.clean.d.next = self.clean.q.val() & (!self.touched.val());
        self.unclean.next = self.mask.val() & (!self.clean.q.val());
        self.unsound.next = self.mask.val() & (!self.sound_now.q.val());
        self.is_clean.next = self.unclean.val() == 0;
        self.is_sound.next = self.unsound.val() == 0;
        self.clears.next = self.wants_clear.val() & !self.stage.val().clearing;
        self.resumes.next = self.wants_resume.val()
            & self.stage.val().open
            & self.is_sound.val()
            & !self.stage.val().resume_is_early
            & self.may_resume.val()
            & !self.feed_silent.val();
        self.validates.next = self.wants_valid.val() & !self.stage.val().clearing & !self.stage.val().open & self.is_clean.val();
        self.refusal.next = self.r_none.val();
        if self.wants_resume.val() & self.feed_silent.val() {
            self.refusal.next = self.r_silent.val();
        }
        if self.wants_resume.val() & !self.may_resume.val() {
            self.refusal.next = self.r_elsewhere.val();
        }
        if (self.wants_resume.val() & self.stage.val().resume_is_early) | (self.wants_row.val() & self.stage.val().row_is_early) {
            self.refusal.next = self.r_too_soon.val();
        }
        if (self.wants_valid.val() & !self.is_clean.val()) | (self.wants_resume.val() & !self.is_sound.val()) {
            self.refusal.next = self.r_clean.val();
        }
        if (self.wants_valid.val() & (self.stage.val().clearing | self.stage.val().open))
            | (self.wants_clear.val() & self.stage.val().clearing)
        {
            self.refusal.next = self.r_restoring.val();
        }
        if (self.wants_resume.val() | self.wants_row.val()) & !self.stage.val().open {
            self.refusal.next = self.r_not_cleared.val();
        }
        self.dropped.next = self.invalidate.val();
        if self.wants_invalid.val() {
            self.dropped.next = self.invalidate.val() | self.mask.val();
        }
        self.validated.next = 0.into();
        if self.validates.val() | self.resumes.val() {
            self.validated.next = self.mask.val();
        }
        self.made_sound.next = self.sound_now.q.val();
        if self.cleared.val() {
            self.made_sound.next = self.k_all.val();
            self.clean.d.next = self.k_all.val();
        }
        self.valid_now.d.next = (self.valid_now.q.val() | self.validated.val()) & (!self.dropped.val());
        self.sound_now.d.next = self.made_sound.val() & (!self.dropped.val());
        if self.invalidate_all.val() | self.clears.val() {
            self.valid_now.d.next = 0.into();
        }
        if self.clears.val() | self.resumes.val() {
            self.sound_now.d.next = 0.into();
        }
        if self.reset.val() {
            self.valid_now.d.next = 0.into();
            self.sound_now.d.next = 0.into();
            self.issued.d.next = false;
            self.clean.d.next = self.k_all.val();
        }
        self.valid.next = self.valid_now.q.val();
        self.clear.next = self.clears.val();
        self.row.next = self.wants_row.val() & self.stage.val().open & !self.stage.val().row_is_early;
        self.resume.next = self.resumes.val();
    }
}
