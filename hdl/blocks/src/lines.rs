//! Two lines of one feed as one stream of frames.
//!
//! In: both ports, feed and window in force, what the session expects, `judged` (cycle V). Out: a register of words with the frame's
//! receive time and destination; `forget` in cycle E: what is shown of the frame under way was put off.
//! Latency: a straight frame one cycle; one of a store is shown one cycle behind its choice.
//! Why: a frame of the leading line is shown as it comes, so a decision waits for nothing; what does not fit
//! is taken back before anything came of it.
//! Holds: one frame at a time; every packet once, in order, if a line has brought it within the window.
//! Not here: whether a packet is a gap, a duplicate or ours (`line`, `session`).
use crate::{bundle::*, konst::Konst, line::Line};
use rust_hdl::prelude::*;

#[derive(LogicBlock, Default)]
pub struct Lines {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub word_a: WordSink,
    pub word_b: WordSink,
    pub time_a: Signal<In, Bits<64>>,
    pub time_b: Signal<In, Bits<64>>,
    pub feed_in_force: Signal<In, Feed>,
    pub known: Signal<In, bool>,
    pub known_session: Signal<In, Bits<80>>,
    pub expected: Signal<In, Bits<64>>,
    pub fresh: Signal<In, bool>,
    pub judged: Signal<In, bool>,
    pub word: WordSource,
    pub time_now: Signal<Out, Bits<64>>,
    pub group: Signal<Out, Bits<32>>,
    pub port: Signal<Out, Bits<16>>,
    /// The frame was ours when it came.
    pub trusted: Signal<Out, bool>,
    pub forget: Signal<Out, bool>,
    /// Of each line a bit a counter, in the order of `Counter`.
    pub count_a: Signal<Out, Bits<7>>,
    pub count_b: Signal<Out, Bits<7>>,
    a: Line,
    b: Line,
    cycle: DFF<Bits<32>>,
    leads_b: DFF<bool>,
    waited: DFF<bool>,
    was_fresh: DFF<bool>,
    // A straight frame is under way.
    straight_a: DFF<bool>,
    straight_b: DFF<bool>,
    /// The frame let go last was not judged yet.
    unjudged: DFF<bool>,
    /// Cycles since it was let go, up to 8: before that it is another one that is judged.
    since: DFF<Bits<4>>,
    ended1: DFF<bool>,
    ended2: DFF<bool>,
    popped: DFF<bool>,
    is_settled: DFF<bool>,
    difference: DFF<Bits<64>>,
    data: DFF<Bits<64>>,
    bytes: DFF<Bits<4>>,
    last: DFF<bool>,
    bad: DFF<bool>,
    valid: DFF<bool>,
    time_shown: DFF<Bits<64>>,
    group_shown: DFF<Bits<32>>,
    port_shown: DFF<Bits<16>>,
    is_trusted: DFF<bool>,
    has_b: Signal<Local, bool>,
    b_leads: Signal<Local, bool>,
    waits: Signal<Local, bool>,
    free: Signal<Local, bool>,
    settled: Signal<Local, bool>,
    drop_a: Signal<Local, bool>,
    drop_b: Signal<Local, bool>,
    takes_b: Signal<Local, bool>,
    first_ahead: Signal<Local, bool>,
    expired: Signal<Local, bool>,
    chooses: Signal<Local, bool>,
    chooses_a: Signal<Local, bool>,
    chooses_b: Signal<Local, bool>,
    clear_a: Signal<Local, bool>,
    clear_b: Signal<Local, bool>,
    may_a: Signal<Local, bool>,
    may_b: Signal<Local, bool>,
    stays_unjudged: Signal<Local, bool>,
    from_b: Signal<Local, bool>,
    store_b: Signal<Local, bool>,
    straight_data: Signal<Local, Bits<64>>,
    stored_data: Signal<Local, Bits<64>>,
    stored_bytes: Signal<Local, Bits<4>>,
    stored_last: Signal<Local, bool>,
    stored_time: Signal<Local, Bits<64>>,
    starts_a: Signal<Local, bool>,
    starts_b: Signal<Local, bool>,
    goes_a: Signal<Local, bool>,
    goes_b: Signal<Local, bool>,
    lets_go: Signal<Local, bool>,
    counts_a: Signal<Local, Bits<7>>,
    counts_b: Signal<Local, Bits<7>>,
    k_cycle: Konst<32, 1>,
    k_since: Konst<4, 1>,
    k_eight: Konst<4, 8>,
}

impl Logic for Lines {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, cycle, leads_b, waited, was_fresh, straight_a, straight_b, unjudged, since, ended1, ended2,
            popped, is_settled, difference, data, bytes, last, bad, valid, time_shown, group_shown, port_shown, is_trusted
        );
        clock!(self, clock, a, b);
        self.cycle.d.next = self.cycle.q.val() + self.k_cycle.val();
        self.waits.next = self.feed_in_force.val().has_window;
        self.waited.d.next = self.waits.val();
        self.was_fresh.d.next = self.fresh.val();
        self.has_b.next = self.feed_in_force.val().has_b;
        self.a.reset.next = self.reset.val();
        self.a.word.data.next = self.word_a.data.val();
        self.a.word.bytes.next = self.word_a.bytes.val();
        self.a.word.last.next = self.word_a.last.val();
        self.a.word.bad.next = self.word_a.bad.val();
        self.a.word.valid.next = self.word_a.valid.val();
        self.a.time_now.next = self.time_a.val();
        self.a.is_set.next = true;
        self.a.group.next = self.feed_in_force.val().group;
        self.a.port.next = self.feed_in_force.val().port;
        self.a.cycle.next = self.cycle.q.val();
        self.a.window.next = self.feed_in_force.val().window;
        self.a.waited.next = self.waited.q.val();
        self.a.was_fresh.next = self.was_fresh.q.val();
        self.a.known.next = self.known.val();
        self.a.known_session.next = self.known_session.val();
        self.a.expected.next = self.expected.val();
        self.b.reset.next = self.reset.val();
        self.b.word.data.next = self.word_b.data.val();
        self.b.word.bytes.next = self.word_b.bytes.val();
        self.b.word.last.next = self.word_b.last.val();
        self.b.word.bad.next = self.word_b.bad.val();
        self.b.word.valid.next = self.word_b.valid.val();
        self.b.time_now.next = self.time_b.val();
        self.b.is_set.next = self.has_b.val();
        self.b.group.next = self.feed_in_force.val().group_b;
        self.b.port.next = self.feed_in_force.val().port_b;
        self.b.cycle.next = self.cycle.q.val();
        self.b.window.next = self.feed_in_force.val().window;
        self.b.waited.next = self.waited.q.val();
        self.b.was_fresh.next = self.was_fresh.q.val();
        self.b.known.next = self.known.val();
        self.b.known_session.next = self.known_session.val();
        self.b.expected.next = self.expected.val();
        // ---- what the stores may let go
        self.free.next = !(self.straight_a.q.val()
            | self.straight_b.q.val()
            | self.a.reading.val()
            | self.b.reading.val()
            | ((self.a.deciding.val() | self.b.deciding.val()) & (self.waits.val() | self.waited.q.val())));
        self.settled.next = self.is_settled.q.val();
        self.drop_a.next = self.a.has.val() & self.a.old.val() & !self.popped.q.val();
        self.drop_b.next = self.b.has.val() & self.b.old.val() & !self.popped.q.val();
        // The head with the lower sequence number.
        self.difference.d.next = self.b.head_sequence.val() - self.a.head_sequence.val();
        self.takes_b.next = self.b.has.val() & (!self.a.has.val() | self.difference.q.val().get_bit(63));
        self.first_ahead.next = self.a.ahead.val();
        if self.takes_b.val() {
            self.first_ahead.next = self.b.ahead.val();
        }
        self.expired.next =
            (self.a.has.val() & self.a.expired.val()) | (self.b.has.val() & self.b.expired.val());
        self.chooses.next = self.free.val()
            & self.settled.val()
            & (self.a.has.val() | self.b.has.val())
            & !self.drop_a.val()
            & !self.drop_b.val()
            & (!self.first_ahead.val() | self.expired.val());
        self.chooses_a.next = self.chooses.val() & !self.takes_b.val();
        self.chooses_b.next = self.chooses.val() & self.takes_b.val();
        self.a.pops.next = self.drop_a.val() | self.chooses_a.val();
        self.a.shows.next = self.chooses_a.val();
        self.b.pops.next = self.drop_b.val() | self.chooses_b.val();
        self.b.shows.next = self.chooses_b.val();
        self.popped.d.next = self.drop_a.val() | self.drop_b.val() | self.chooses.val();
        // ---- what goes straight
        self.b_leads.next = self.leads_b.q.val() & self.has_b.val();
        self.clear_a.next = !self.a.has.val() | (self.settled.val() & self.a.ahead.val());
        self.clear_b.next = !self.b.has.val() | (self.settled.val() & self.b.ahead.val());
        self.may_a.next =
            self.a.begins.val() & !self.b_leads.val() & !self.a.pending.val() & self.clear_a.val();
        self.may_b.next =
            self.b.begins.val() & self.b_leads.val() & !self.b.pending.val() & self.clear_b.val();
        self.starts_a.next = self.may_a.val() & self.free.val() & !self.chooses.val();
        self.starts_b.next = self.may_b.val() & self.free.val() & !self.chooses.val();
        self.a.straight.next = self.starts_a.val();
        self.b.straight.next = self.starts_b.val();
        self.goes_a.next =
            self.starts_a.val() | (self.straight_a.q.val() & self.a.comes.val() & !self.a.put_off.val());
        self.goes_b.next =
            self.starts_b.val() | (self.straight_b.q.val() & self.b.comes.val() & !self.b.put_off.val());
        if self.goes_a.val() {
            self.straight_a.d.next = !self.word_a.last.val();
        }
        if self.a.put_off.val() & !self.starts_a.val() {
            self.straight_a.d.next = false;
        }
        if self.goes_b.val() {
            self.straight_b.d.next = !self.word_b.last.val();
        }
        if self.b.put_off.val() & !self.starts_b.val() {
            self.straight_b.d.next = false;
        }
        if self.chooses.val() {
            self.leads_b.d.next = self.takes_b.val();
        }
        // ---- has the session judged what was let go last?
        self.lets_go.next = self.chooses.val() | (self.free.val() & (self.may_a.val() | self.may_b.val()));
        if !self.since.q.val().get_bit(3) {
            self.since.d.next = self.since.q.val() + self.k_since.val();
        }
        self.ended1.d.next = self.valid.q.val() & self.last.q.val();
        self.ended2.d.next = self.ended1.q.val();
        self.stays_unjudged.next = self.unjudged.q.val()
            & !((self.judged.val() & self.since.q.val().get_bit(3))
                | (self.ended2.q.val() & (self.since.q.val().get_bits::<3>(1) != 0))
                | self.a.put_off.val()
                | self.b.put_off.val());
        self.unjudged.d.next = self.stays_unjudged.val() | self.lets_go.val();
        if self.lets_go.val() {
            self.since.d.next = 0.into();
        }
        // Judged two cycles ago at least, and nothing left a store in the last one.
        self.is_settled.d.next = !self.stays_unjudged.val()
            & !self.unjudged.q.val()
            & !self.lets_go.val()
            & !self.drop_a.val()
            & !self.drop_b.val();
        // ---- what is shown next
        self.valid.d.next = self.goes_a.val()
            | self.goes_b.val()
            | self.chooses.val()
            | self.a.reading.val()
            | self.b.reading.val();
        // Which line it is of is known before it is known whether anything comes, and of what no word comes nobody looks at.
        self.from_b.next = self.straight_b.q.val() | (self.b_leads.val() & !self.straight_a.q.val());
        self.store_b.next = self.b.reading.val() | (self.takes_b.val() & !self.a.reading.val());
        self.straight_data.next = self.word_a.data.val();
        self.bytes.d.next = self.word_a.bytes.val();
        self.last.d.next = self.word_a.last.val();
        self.bad.d.next = self.word_a.bad.val();
        self.time_shown.d.next = self.time_a.val();
        self.group_shown.d.next = self.feed_in_force.val().group;
        self.port_shown.d.next = self.feed_in_force.val().port;
        if self.from_b.val() {
            self.straight_data.next = self.word_b.data.val();
            self.bytes.d.next = self.word_b.bytes.val();
            self.last.d.next = self.word_b.last.val();
            self.bad.d.next = self.word_b.bad.val();
            self.time_shown.d.next = self.time_b.val();
            self.group_shown.d.next = self.feed_in_force.val().group_b;
            self.port_shown.d.next = self.feed_in_force.val().port_b;
        }
        self.stored_data.next = self.a.stored_data.val();
        self.stored_bytes.next = self.a.stored_bytes.val();
        self.stored_last.next = self.a.stored_last.val();
        self.stored_time.next = self.a.head_time.val();
        if self.store_b.val() {
            self.stored_data.next = self.b.stored_data.val();
            self.stored_bytes.next = self.b.stored_bytes.val();
            self.stored_last.next = self.b.stored_last.val();
            self.stored_time.next = self.b.head_time.val();
        }
        self.data.d.next = self.straight_data.val();
        if self.a.reading.val() | self.b.reading.val() | self.chooses.val() {
            self.data.d.next = self.stored_data.val();
            self.bytes.d.next = self.stored_bytes.val();
            self.last.d.next = self.stored_last.val();
            self.bad.d.next = false;
        }
        // Of the first word.
        if self.chooses.val() {
            self.time_shown.d.next = self.stored_time.val();
        }
        self.is_trusted.d.next = self.chooses.val();
        if self.reset.val() {
            self.leads_b.d.next = false;
            self.waited.d.next = false;
            self.was_fresh.d.next = false;
            self.straight_a.d.next = false;
            self.straight_b.d.next = false;
            self.unjudged.d.next = false;
            self.since.d.next = self.k_eight.val();
            self.ended1.d.next = false;
            self.ended2.d.next = false;
            self.popped.d.next = false;
            self.is_settled.d.next = true;
            self.valid.d.next = false;
        }
        self.word.data.next = self.data.q.val();
        self.word.bytes.next = self.bytes.q.val();
        self.word.last.next = self.last.q.val();
        self.word.bad.next = self.bad.q.val();
        self.word.valid.next = self.valid.q.val();
        self.time_now.next = self.time_shown.q.val();
        self.group.next = self.group_shown.q.val();
        self.port.next = self.port_shown.q.val();
        self.trusted.next = self.is_trusted.q.val();
        self.forget.next = self.a.put_off.val() | self.b.put_off.val();
        self.counts_a.next = bit_cast::<7, 1>(self.a.count_frame.val().into())
            | (bit_cast::<7, 1>((self.a.count_straight.val() | self.chooses_a.val()).into()) << 1)
            | (bit_cast::<7, 1>(self.drop_a.val().into()) << 2)
            | (bit_cast::<7, 1>(self.chooses_a.val().into()) << 3)
            | (bit_cast::<7, 1>((self.chooses_a.val() & self.first_ahead.val()).into()) << 4)
            | (bit_cast::<7, 1>(self.a.count_overflow.val().into()) << 5)
            | (bit_cast::<7, 1>(self.a.count_dropped.val().into()) << 6);
        self.counts_b.next = bit_cast::<7, 1>(self.b.count_frame.val().into())
            | (bit_cast::<7, 1>((self.b.count_straight.val() | self.chooses_b.val()).into()) << 1)
            | (bit_cast::<7, 1>(self.drop_b.val().into()) << 2)
            | (bit_cast::<7, 1>(self.chooses_b.val().into()) << 3)
            | (bit_cast::<7, 1>((self.chooses_b.val() & self.first_ahead.val()).into()) << 4)
            | (bit_cast::<7, 1>(self.b.count_overflow.val().into()) << 5)
            | (bit_cast::<7, 1>(self.b.count_dropped.val().into()) << 6);
        self.count_a.next = self.counts_a.val();
        self.count_b.next = self.counts_b.val();
    }
}
