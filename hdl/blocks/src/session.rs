//! MoldUDP64 session: which packets, and which messages of a packet, are new?
//!
//! In: header fields and `done` (cycle V). Out: in V + 1, for the whole packet, `skip` (messages to drop)
//! and `deliver`; the strobes of its errors, with the sequence numbers expected and received.
//! Why: a 64-bit difference and its verdict take a cycle each; the shortest message is ready one later.
//! Holds: after a gap the expected number follows the feed; only the host can make books valid again, and only where the
//! feed is.
//! Not here: two lines and the reorder window (`lines`).
use crate::konst::Konst;
use riposte_map::wire::mold;
use rust_hdl::prelude::*;

#[derive(LogicBlock, Default)]
pub struct Session {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub done: Signal<In, bool>,
    pub session: Signal<In, Bits<80>>,
    pub first_sequence: Signal<In, Bits<64>>,
    pub count: Signal<In, Bits<16>>,
    /// Messages are dropped.
    pub aside: Signal<In, bool>,
    /// From the next cycle on the session is whichever comes, wherever it is.
    pub restart: Signal<In, bool>,
    /// Whether the feed goes on with `asked` (cycle x + 1), said in x + 2; then perhaps `resume`.
    pub asked: Signal<In, Bits<64>>,
    pub may_resume: Signal<Out, bool>,
    pub resume: Signal<In, bool>,
    pub deliver: Signal<Out, bool>,
    pub skip: Signal<Out, Bits<16>>,
    pub gap: Signal<Out, bool>,
    pub session_change: Signal<Out, bool>,
    pub session_end: Signal<Out, bool>,
    pub expected_was: Signal<Out, Bits<64>>,
    pub received: Signal<Out, Bits<64>>,
    // What it knows, the last verdict included.
    pub knows: Signal<Out, bool>,
    pub session_known: Signal<Out, Bits<80>>,
    pub expects: Signal<Out, Bits<64>>,
    pub is_fresh: Signal<Out, bool>,
    pub count_packet: Signal<Out, bool>,
    pub count_heartbeat: Signal<Out, bool>,
    pub count_end: Signal<Out, bool>,
    pub count_duplicate: Signal<Out, bool>,
    pub count_overlap: Signal<Out, bool>,
    known: DFF<bool>,
    known_session: DFF<Bits<80>>,
    expected: DFF<Bits<64>>,
    advances: DFF<bool>,
    reaches: DFF<Bits<64>>,
    has_ended: DFF<bool>,
    /// No packet came since a restart.
    fresh: DFF<bool>,
    is_where_asked: DFF<bool>,
    judged1: DFF<bool>,
    judged2: DFF<bool>,
    /// Expected minus received, of this cycle's registers one cycle ago.
    behind: DFF<Bits<64>>,
    other_session: DFF<bool>,
    delivers: DFF<bool>,
    skips: DFF<Bits<16>>,
    is_gap: DFF<bool>,
    is_change: DFF<bool>,
    is_end: DFF<bool>,
    was_expected: DFF<Bits<64>>,
    was_received: DFF<Bits<64>>,
    is_packet: DFF<bool>,
    is_heartbeat: DFF<bool>,
    is_end_packet: DFF<bool>,
    is_duplicate: DFF<bool>,
    is_overlap: DFF<bool>,
    next_expected: Signal<Local, Bits<64>>,
    heartbeat: Signal<Local, bool>,
    ends: Signal<Local, bool>,
    ahead: Signal<Local, bool>,
    near: Signal<Local, bool>,
    level: Signal<Local, bool>,
    covers: Signal<Local, bool>,
    k_end: Konst<16, { mold::END_OF_SESSION }>,
    k_heartbeat: Konst<16, { mold::HEARTBEAT }>,
    k_first: Konst<64, 1>,
}

impl Logic for Session {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, known, known_session, expected, advances, reaches, has_ended, fresh, is_where_asked,
            judged1, judged2, behind, other_session, delivers, skips, is_gap, is_change, is_end,
            was_expected, was_received, is_packet, is_heartbeat, is_end_packet, is_duplicate, is_overlap
        );
        self.behind.d.next = self.expected.q.val() - self.first_sequence.val();
        self.next_expected.next = self.first_sequence.val() + bit_cast::<64, 16>(self.count.val());
        self.heartbeat.next = self.count.val() == self.k_heartbeat.val();
        self.ends.next = self.count.val() == self.k_end.val();
        // Of the cycle before V too: the session's name is there a word before the count.
        self.other_session.d.next = self.known.q.val() & (self.known_session.q.val() != self.session.val());
        self.ahead.next = self.behind.q.val().get_bit(63);
        self.near.next = self.behind.q.val().get_bits::<48>(16) == 0;
        self.level.next = self.near.val() & (self.behind.q.val().get_bits::<16>(0) == 0);
        // The packet reaches past what is expected: some of its messages are new.
        self.covers.next = self.near.val() & (self.behind.q.val().get_bits::<16>(0) < self.count.val());
        // What is expected next moves a cycle behind the verdict; the next packet is many away.
        self.advances.d.next = false;
        self.reaches.d.next = self.next_expected.val();
        if self.advances.q.val() {
            self.expected.d.next = self.reaches.q.val();
        }
        self.is_gap.d.next = false;
        self.is_change.d.next = false;
        self.is_end.d.next = false;
        self.is_packet.d.next = self.done.val();
        self.is_heartbeat.d.next = false;
        self.is_end_packet.d.next = false;
        self.is_duplicate.d.next = false;
        self.is_overlap.d.next = false;
        if self.done.val() {
            self.was_expected.d.next = self.expected.q.val();
            self.was_received.d.next = self.first_sequence.val();
            self.delivers.d.next = false;
            self.skips.d.next = 0.into();
            if self.other_session.q.val() & self.known.q.val() {
                self.is_change.d.next = true;
            } else {
                self.known.d.next = true;
                self.known_session.d.next = self.session.val();
                if self.ends.val() {
                    self.is_end_packet.d.next = true;
                    self.is_end.d.next = !self.has_ended.q.val();
                    self.has_ended.d.next = true;
                } else {
                    self.is_heartbeat.d.next = self.heartbeat.val();
                    self.is_gap.d.next = self.ahead.val() & !self.fresh.q.val();
                    self.fresh.d.next = false;
                    if self.ahead.val() | self.level.val() | self.fresh.q.val() {
                        self.advances.d.next = true;
                        self.delivers.d.next = !self.aside.val();
                    } else {
                        if self.covers.val() {
                            self.advances.d.next = true;
                            self.delivers.d.next = !self.aside.val();
                            self.skips.d.next = self.behind.q.val().get_bits::<16>(0);
                            self.is_overlap.d.next = true;
                        } else {
                            self.is_duplicate.d.next = !self.heartbeat.val();
                        }
                    }
                }
            }
        }
        self.is_where_asked.d.next = self.expected.q.val() == self.asked.val();
        self.judged1.d.next = self.done.val();
        self.judged2.d.next = self.judged1.q.val();
        self.may_resume.next = self.is_where_asked.q.val()
            & !self.done.val()
            & !self.judged1.q.val()
            & !self.judged2.q.val();
        if self.resume.val() {
            self.fresh.d.next = false;
        }
        if self.restart.val() {
            self.known.d.next = false;
            self.has_ended.d.next = false;
            self.fresh.d.next = true;
        }
        if self.reset.val() {
            self.fresh.d.next = false;
            self.known.d.next = false;
            self.advances.d.next = false;
            self.expected.d.next = self.k_first.val();
            self.has_ended.d.next = false;
            self.delivers.d.next = false;
            self.is_gap.d.next = false;
            self.is_change.d.next = false;
            self.is_end.d.next = false;
        }
        self.knows.next = self.known.q.val();
        self.session_known.next = self.known_session.q.val();
        self.expects.next = self.expected.q.val();
        if self.advances.q.val() {
            self.expects.next = self.reaches.q.val();
        }
        self.is_fresh.next = self.fresh.q.val();
        self.deliver.next = self.delivers.q.val();
        self.skip.next = self.skips.q.val();
        self.gap.next = self.is_gap.q.val();
        self.session_change.next = self.is_change.q.val();
        self.session_end.next = self.is_end.q.val();
        self.expected_was.next = self.was_expected.q.val();
        self.received.next = self.was_received.q.val();
        self.count_packet.next = self.is_packet.q.val();
        self.count_heartbeat.next = self.is_heartbeat.q.val();
        self.count_end.next = self.is_end_packet.q.val();
        self.count_duplicate.next = self.is_duplicate.q.val();
        self.count_overlap.next = self.is_overlap.q.val();
    }
}
