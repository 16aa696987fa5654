//! The gate: an order leaves whole and unchanged from what was checked, or not at all.
//!
//! In: decisions. Out: order frames on the transmit stream, an event for every order that left or was refused.
//! Latency: a decision that is told in cycle r finds its rows read in r, is picked in p = r + 1 and judged in g = r + 2; the
//! first word of its order is shown in r + 3.
//! Why: what stands in rows is read in r and compared in p, for all rules at once; g has only what may change up to it.
//! Holds: no word of a frame without the gate's pass for that order; an unset limit refuses.
//! Not here: retransmission and the venue's answers.
use crate::{
    bundle::*, check::Check, fits::Fits, grants::Grants, konst::Konst, queue::Queue, refusal::Refusal, resting::Resting,
    transmit::Transmit,
};
use riposte_map::{limits, reason::{GATE_ORDER, Reason}, shm::EventKind};
use rust_hdl::prelude::*;

const _: () = assert!(limits::DECISION_QUEUE == 1 << 4);

// The places of those bits of `against` that are set here: state from 0 on, then what the picked order lacks.
const _: () = {
    assert!(GATE_ORDER[0] as u8 == Reason::NoGeneration as u8 && GATE_ORDER[7] as u8 == Reason::NotTrading as u8);
    assert!(GATE_ORDER[13] as u8 == Reason::LiveCollar as u8);
    assert!(GATE_ORDER[15] as u8 == Reason::SessionUnset as u8 && GATE_ORDER[16] as u8 == Reason::Age as u8);
    assert!(GATE_ORDER[19] as u8 == Reason::Throttle as u8);
};

#[derive(LogicBlock, Default)]
pub struct Gate {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub sweep: Signal<In, Bits<4>>,
    pub cycle: Signal<In, Bits<16>>,
    pub decided: Signal<In, bool>,
    pub decision: Signal<In, Decision>,
    /// The row of its parameters, of a register near those.
    pub decision_row: Signal<In, Bits<5>>,
    pub queue_full: Signal<Out, bool>,
    // Parameters.
    pub limits_write: Signal<In, bool>,
    pub limits_address: Signal<In, Bits<5>>,
    pub limits_data: Signal<In, Limits>,
    pub template_write: Signal<In, bool>,
    pub template_address: Signal<In, Bits<7>>,
    pub template_data: Signal<In, Template>,
    pub terms_write: Signal<In, bool>,
    pub counting: Signal<In, Counting>,
    pub image_write: Signal<In, bool>,
    pub image_address: Signal<In, Bits<11>>,
    /// First byte on the wire in the top lane.
    pub image_data: Signal<In, Bits<64>>,
    pub session_write: Signal<In, bool>,
    pub session_sequence: Signal<In, Bits<32>>,
    pub session_acknowledgement: Signal<In, Bits<32>>,
    pub session_user_ref: Signal<In, Bits<32>>,
    // State.
    pub generation: Signal<In, Bits<32>>,
    /// The generation is another, and higher, from the next cycle on.
    pub commits: Signal<In, bool>,
    pub armed: Signal<In, bool>,
    pub killed: Signal<In, bool>,
    pub heard: Signal<In, bool>,
    pub fenced: Signal<In, Bits<112>>,
    pub grant: Signal<In, Grant>,
    pub throttle: Signal<In, Throttle>,
    /// The set in force says for how long the feed may be silent.
    pub feed_is_watched: Signal<In, bool>,
    pub books_valid: Signal<In, Bits<16>>,
    pub trading: Signal<In, Bits<16>>,
    // Out.
    pub tx: WordSource,
    pub tx_time: Signal<Out, Bits<64>>,
    pub note: Signal<Out, Note>,
    pub noted: Signal<Out, bool>,
    /// An order of the host, in this cycle.
    pub host_judged: Signal<Out, bool>,
    pub count_sent: Signal<Out, bool>,
    pub count_refused: Signal<Out, bool>,
    /// Of what was refused, its place in the contract's order.
    pub count_reason: Signal<Out, Bits<27>>,
    decisions: Queue<Decision, 4, 5>,
    fits: Fits,
    grants: Grants,
    resting: Resting,
    transmit: Transmit,
    refusal: Refusal,
    /// The verdict and its reason are computed apart and must agree.
    consistent: Check,
    /// The rows of the oldest decision were read in the last cycle.
    ready: DFF<bool>,
    // Whether it lost rules already, and what is left of them.
    started: DFF<bool>,
    remaining: DFF<Bits<4>>,
    next_rule: DFF<Bits<2>>,
    holdoff: DFF<Bits<5>>,
    // The picked order, in the gate.
    judging: DFF<bool>,
    /// Nothing was picked in the last cycle, and no frame is being sent but one that passed in it.
    clear: DFF<bool>,
    /// The last rule of the oldest decision was picked in the last cycle.
    leaves: DFF<bool>,
    // Of the last cycle: an order was judged; what spoke against it; it passed; and no session was written meanwhile.
    judged: DFF<bool>,
    was_against: DFF<Bits<27>>,
    passed: DFF<bool>,
    moves: DFF<bool>,
    picked: DFF<Decision>,
    /// Its instrument, its side of it and its rule, of which none may be fenced; none for a mass cancel.
    scopes: DFF<Bits<112>>,
    /// Of these the instrument, whose book is looked at.
    own: Signal<Local, Bits<16>>,
    /// Its generation is not the one in force; there is none in force.
    stale: DFF<bool>,
    no_generation: DFF<bool>,
    rule: DFF<Bits<2>>,
    image_base: DFF<Bits<7>>,
    template: DFF<Template>,
    /// Its side is B.
    buys: DFF<bool>,
    /// What speaks against it of all that no longer changes.
    fixed: DFF<Bits<27>>,
    too_far: DFF<Bits<4>>,
    /// Cycles from its decisive byte to the pick, and to its first word.
    age: DFF<Bits<16>>,
    cycles: DFF<Bits<16>>,
    tcp_sequence: DFF<Bits<32>>,
    acknowledgement: DFF<Bits<32>>,
    user_ref: DFF<Bits<32>>,
    /// Cycles since the last commit, as the next cycle counts them; it stays at its highest.
    lived: DFF<Bits<48>>,
    /// It is not 0.
    has_session: DFF<bool>,
    row: Signal<Local, Bits<5>>,
    instrument: Signal<Local, Bits<4>>,
    is_last_rule: Signal<Local, bool>,
    current: Signal<Local, Decision>,
    bid: Signal<Local, Top>,
    ask: Signal<Local, Top>,
    told_bid: Signal<Local, Top>,
    told_ask: Signal<Local, Top>,
    mask: Signal<Local, Bits<4>>,
    template_now: Signal<Local, Template>,
    cancels: Signal<Local, bool>,
    is_buy: Signal<Local, bool>,
    instrument_bit: Signal<Local, Bits<16>>,
    rule_bit: Signal<Local, Bits<64>>,
    side_bits: Signal<Local, Bits<32>>,
    aged: Signal<Local, Bits<16>>,
    far: Signal<Local, Bits<4>>,
    off_live: Signal<Local, bool>,
    off_age: Signal<Local, bool>,
    unheard: Signal<Local, bool>,
    disarmed: Signal<Local, bool>,
    no_session: Signal<Local, bool>,
    books_wrong: Signal<Local, Bits<16>>,
    not_trading: Signal<Local, Bits<16>>,
    against: Signal<Local, Bits<27>>,
    lowest: Signal<Local, Bits<4>>,
    pick_rule: Signal<Local, Bits<2>>,
    template_at: Signal<Local, Bits<7>>,
    picks: Signal<Local, bool>,
    passes: Signal<Local, bool>,
    /// Of the order that was judged last.
    sent: Signal<Local, Template>,
    report: Signal<Local, Note>,
    k_bit: Konst<16, 1>,
    k_rule: Konst<4, 1>,
    k_rule_bit: Konst<64, 1>,
    k_gap: Konst<5, { limits::TRANSMIT_GAP_WORDS as u64 - 3 }>,
    k_all: Konst<32, 0xffff_ffff>,
    k_cycle: Konst<48, 1>,
    k_for_ever: Konst<48, 0xffff_ffff_ffff>,
    /// From the pick to the first word.
    k_shown: Konst<16, 2>,
    k_sent: Konst<8, { EventKind::OrderSent as u64 }>,
    k_refused: Konst<8, { EventKind::OrderRefused as u64 }>,
    k_buy: Konst<8, { b'B' as u64 }>,
    r_none: Konst<8, { Reason::None as u64 }>,
}

impl Logic for Gate {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, ready, started, remaining, next_rule, stale, no_generation, holdoff, judging, clear, leaves,
            passed, moves, judged, was_against, picked, scopes, rule, template, buys, fixed, too_far, age, cycles, tcp_sequence,
            acknowledgement, user_ref, has_session, image_base, lived
        );
        clock!(self, clock, decisions, fits, grants, resting, transmit);
        self.decisions.reset.next = self.reset.val();
        self.decisions.data.next = self.decision.val();
        self.decisions.push.next = self.decided.val();
        self.queue_full.next = self.decisions.full.val();
        self.current.next = self.decisions.head.val();
        self.sent.next = self.transmit.sent.val();
        self.row.next = (bit_cast::<5, 1>(self.current.val().bank.into()) << 4)
            | bit_cast::<5, 4>(self.current.val().instrument);
        // ---- r: the rows of the oldest decision, or of the one that is told
        self.fits.waiting_row.next = self.row.val();
        self.bid.next.price = self.current.val().bid_price;
        self.bid.next.quantity = self.current.val().bid_quantity;
        self.ask.next.price = self.current.val().ask_price;
        self.ask.next.quantity = self.current.val().ask_quantity;
        self.fits.waiting_bid.next = self.bid.val();
        self.fits.waiting_ask.next = self.ask.val();
        self.fits.told_row.next = self.decision_row.val();
        self.told_bid.next.price = self.decision.val().bid_price;
        self.told_bid.next.quantity = self.decision.val().bid_quantity;
        self.told_ask.next.price = self.decision.val().ask_price;
        self.told_ask.next.quantity = self.decision.val().ask_quantity;
        self.fits.told_bid.next = self.told_bid.val();
        self.fits.told_ask.next = self.told_ask.val();
        self.fits.none_waits.next = self.decisions.empty.val();
        self.instrument.next = self.current.val().instrument;
        self.ready.d.next = !self.leaves.q.val();
        if self.decisions.empty.val() {
            self.instrument.next = self.decision_row.val().get_bits::<4>(0);
            self.ready.d.next = self.decided.val();
        }
        self.fits.reset.next = self.reset.val();
        self.fits.limits_write.next = self.limits_write.val();
        self.fits.limits_address.next = self.limits_address.val();
        self.fits.limits_data.next = self.limits_data.val();
        self.fits.template_write.next = self.template_write.val();
        self.fits.template_address.next = self.template_address.val();
        self.fits.template_data.next = self.template_data.val();
        self.fits.terms_write.next = self.terms_write.val();
        self.fits.counting.next = self.counting.val();
        self.grants.reset.next = self.reset.val();
        self.grants.sweep.next = self.sweep.val();
        self.grants.grant.next = self.grant.val();
        self.grants.throttle.next = self.throttle.val();
        self.grants.instrument.next = self.instrument.val();
        self.resting.reset.next = self.reset.val();
        self.resting.sweep.next = self.sweep.val();
        self.resting.grant.next = self.grant.val();
        self.resting.instrument.next = self.instrument.val();
        // ---- p: the next order of the oldest decision
        self.mask.next = self.current.val().mask;
        if self.started.q.val() {
            self.mask.next = self.remaining.q.val();
        }
        // The lowest rule of what is left is known a cycle after a pick; the next is two behind it at least.
        self.next_rule.d.next = 3.into();
        if self.remaining.q.val().get_bit(2) {
            self.next_rule.d.next = 2.into();
        }
        if self.remaining.q.val().get_bit(1) {
            self.next_rule.d.next = 1.into();
        }
        if self.remaining.q.val().get_bit(0) {
            self.next_rule.d.next = 0.into();
        }
        self.pick_rule.next = self.current.val().first;
        if self.started.q.val() {
            self.pick_rule.next = self.next_rule.q.val();
        }
        self.lowest.next = self.k_rule.val() << bit_cast::<4, 2>(self.pick_rule.val());
        self.template_at.next = (bit_cast::<7, 5>(self.row.val()) << 2) | bit_cast::<7, 2>(self.pick_rule.val());
        self.picks.next = self.ready.q.val() & self.clear.q.val() & !self.passed.q.val();
        self.clear.d.next =
            !self.picks.val() & !self.passed.q.val() & (self.holdoff.q.val().get_bits::<4>(1) == 0);
        self.is_last_rule.next = self.mask.val() == self.lowest.val();
        self.template_now.next = self.fits.order.val();
        self.cancels.next = self.template_now.val().cancels;
        self.instrument_bit.next = self.k_bit.val() << bit_cast::<16, 4>(self.current.val().instrument);
        self.side_bits.next = bit_cast::<32, 16>(self.instrument_bit.val()) << 16;
        self.is_buy.next = self.template_now.val().side == self.k_buy.val();
        self.buys.d.next = self.is_buy.val();
        if self.is_buy.val() {
            self.side_bits.next = bit_cast::<32, 16>(self.instrument_bit.val());
        }
        self.rule_bit.next = self.k_rule_bit.val()
            << ((bit_cast::<64, 4>(self.current.val().instrument) << 2) | bit_cast::<64, 2>(self.pick_rule.val()));
        if self.picks.val() {
            self.remaining.d.next = self.mask.val() ^ self.lowest.val();
            self.started.d.next = !self.is_last_rule.val();
            self.picked.d.next = self.current.val();
            self.scopes.d.next = bit_cast::<112, 16>(self.instrument_bit.val())
                | (bit_cast::<112, 32>(self.side_bits.val()) << 16)
                | (bit_cast::<112, 64>(self.rule_bit.val()) << 48);
            if self.cancels.val() {
                self.scopes.d.next = 0.into();
            }
            self.rule.d.next = self.pick_rule.val();
            self.image_base.d.next = self.template_at.val();
        }
        self.leaves.d.next = self.picks.val() & self.is_last_rule.val();
        self.decisions.pop.next = self.leaves.q.val();
        if self.holdoff.q.val() != 0 {
            self.holdoff.d.next = self.holdoff.q.val() - 1;
        }
        self.judging.d.next = self.picks.val();
        // As it will be in the next cycle: a commit only ever raises the number, so what was decided before is stale.
        self.stale.d.next = (self.current.val().generation != self.generation.val()) | self.commits.val();
        self.no_generation.d.next = (self.generation.val() == 0) & !self.commits.val();
        self.fits.rule.next = self.pick_rule.val();
        self.fits.left.next = self.grants.left.val();
        self.fits.own.next = self.resting.own.val();
        self.fits.lived.next = self.lived.q.val();
        if self.lived.q.val() != self.k_for_ever.val() {
            self.lived.d.next = self.lived.q.val() + self.k_cycle.val();
        }
        if self.commits.val() {
            self.lived.d.next = self.k_cycle.val();
        }
        self.template.d.next = self.template_now.val();
        self.grants.rule.next = self.pick_rule.val();
        self.grants.value.next = self.fits.value.val();
        self.grants.cooldown.next = self.template_now.val().cooldown;
        self.grants.cancels.next = self.cancels.val();
        self.aged.next = self.cycle.val() - self.current.val().stamp;
        self.age.d.next = self.aged.val();
        // The order's first word is shown two cycles behind the pick.
        self.off_age.next = !self.feed_is_watched.val()
            | (self.throttle.val().age_max == 0)
            | !(self.aged.val() < (self.throttle.val().age_max - 1));
        if self.cancels.val() {
            self.off_age.next = false;
        }
        self.fixed.d.next = self.fits.against.val()
            | self.grants.against.val()
            | (bit_cast::<27, 1>(self.off_age.val().into()) << 16);
        self.too_far.d.next = self.fits.too_far.val();
        // ---- g: the gate
        self.own.next = self.scopes.q.val().get_bits::<16>(0);
        self.far.next = self.too_far.q.val() & (self.k_rule.val() << bit_cast::<4, 2>(self.rule.q.val()));
        self.off_live.next = self.far.val() != 0;
        self.unheard.next = !self.heard.val();
        self.disarmed.next = !self.armed.val();
        self.no_session.next = !self.has_session.q.val();
        self.books_wrong.next = !self.books_valid.val();
        self.not_trading.next = !self.trading.val();
        self.grants.buys.next = self.buys.q.val();
        self.grants.quantity.next = self.template.q.val().quantity;
        self.grants.passed.next = self.passed.q.val();
        self.resting.buys.next = self.buys.q.val();
        self.resting.price.next = self.template.q.val().price;
        self.resting.rests.next = self.grants.sends.val() & !self.sent.val().immediate;
        self.resting.orders.next = self.grants.orders.val();
        self.against.next = self.fixed.q.val()
            | bit_cast::<27, 1>(self.no_generation.q.val().into())
            | (bit_cast::<27, 1>(self.killed.val().into()) << 1)
            | (bit_cast::<27, 1>(self.unheard.val().into()) << 2)
            | (bit_cast::<27, 1>(self.disarmed.val().into()) << 3)
            | (bit_cast::<27, 1>(self.stale.q.val().into()) << 4)
            | (bit_cast::<27, 1>(((self.fenced.val() & self.scopes.q.val()) != 0).into()) << 5)
            | (bit_cast::<27, 1>(((self.books_wrong.val() & self.own.val()) != 0).into()) << 6)
            | (bit_cast::<27, 1>(((self.not_trading.val() & self.own.val()) != 0).into()) << 7)
            | (bit_cast::<27, 1>(self.off_live.val().into()) << 13)
            | (bit_cast::<27, 1>(self.no_session.val().into()) << 15)
            | (bit_cast::<27, 1>(self.grants.throttled.val().into()) << 19);
        self.passes.next = self.judging.q.val() & (self.against.val() == 0);
        // What a pass moves is moved a cycle later, before anything may be picked: the verdict has enough to drive.
        // A session that is written beats it.
        self.passed.d.next = self.passes.val();
        self.moves.d.next = self.passes.val() & !self.session_write.val();
        if self.passed.q.val() {
            self.holdoff.d.next = self.sent.val().words + self.k_gap.val();
        }
        if self.moves.q.val() {
            self.tcp_sequence.d.next =
                self.tcp_sequence.q.val() + bit_cast::<32, 8>(self.sent.val().payload_bytes);
            self.user_ref.d.next = self.user_ref.q.val() + 1;
            self.has_session.d.next = self.user_ref.q.val() != self.k_all.val();
        }
        if self.session_write.val() {
            self.tcp_sequence.d.next = self.session_sequence.val();
            self.acknowledgement.d.next = self.session_acknowledgement.val();
            self.user_ref.d.next = self.session_user_ref.val();
            self.has_session.d.next = self.session_user_ref.val() != 0;
        }
        // ---- the frame
        self.transmit.reset.next = self.reset.val();
        self.transmit.image_write.next = self.image_write.val();
        self.transmit.image_address.next = self.image_address.val();
        self.transmit.image_data.next = self.image_data.val();
        self.transmit.free.next = self.clear.q.val() & !self.passed.q.val();
        self.transmit.following.next = self.template_at.val();
        self.transmit.judging.next = self.judging.q.val();
        self.transmit.passes.next = self.passes.val();
        self.transmit.image.next = self.image_base.q.val();
        self.transmit.order.next = self.template.q.val();
        self.transmit.frame_time.next = self.picked.q.val().time;
        self.transmit.tcp_sequence.next = self.tcp_sequence.q.val();
        self.transmit.acknowledgement.next = self.acknowledgement.q.val();
        self.transmit.user_ref.next = self.user_ref.q.val();
        self.tx.data.next = self.transmit.tx.data.val();
        self.tx.bytes.next = self.transmit.tx.bytes.val();
        self.tx.last.next = self.transmit.tx.last.val();
        self.tx.bad.next = self.transmit.tx.bad.val();
        self.tx.valid.next = self.transmit.tx.valid.val();
        self.tx_time.next = self.transmit.tx_time.val();
        // ---- g + 1: the event. The picked decision and what was kept for sending stand for this cycle at least.
        self.judged.d.next = self.judging.q.val();
        self.was_against.d.next = self.against.val();
        self.refusal.against.next = self.was_against.q.val();
        self.consistent.clock.next = self.clock.val();
        self.consistent.ok.next =
            !self.judged.q.val() | (self.passed.q.val() == (self.refusal.reason.val() == self.r_none.val()));
        self.cycles.d.next = self.age.q.val() + self.k_shown.val();
        self.report.next.kind = self.k_refused.val();
        self.report.next.user_ref = 0.into();
        if self.passed.q.val() {
            self.report.next.kind = self.k_sent.val();
            self.report.next.user_ref = self.transmit.sent_user_ref.val();
        }
        self.report.next.reason = self.refusal.reason.val();
        self.report.next.instrument = bit_cast::<8, 4>(self.picked.q.val().instrument);
        self.report.next.rule = bit_cast::<8, 2>(self.rule.q.val());
        self.report.next.generation = self.picked.q.val().generation;
        self.report.next.time = self.picked.q.val().time;
        self.report.next.feed_sequence = self.picked.q.val().sequence;
        self.report.next.bid = (bit_cast::<64, 32>(self.picked.q.val().bid_quantity) << 32)
            | bit_cast::<64, 32>(self.picked.q.val().bid_price);
        self.report.next.ask = (bit_cast::<64, 32>(self.picked.q.val().ask_quantity) << 32)
            | bit_cast::<64, 32>(self.picked.q.val().ask_price);
        self.report.next.price = self.sent.val().price;
        self.report.next.quantity = self.sent.val().quantity;
        self.report.next.cycles = self.cycles.q.val();
        self.report.next.detail = bit_cast::<16, 8>(self.sent.val().side);
        if self.reset.val() {
            self.ready.d.next = false;
            self.started.d.next = false;
            self.holdoff.d.next = 0.into();
            self.judging.d.next = false;
            self.clear.d.next = false;
            self.leaves.d.next = false;
            self.passed.d.next = false;
            self.judged.d.next = false;
            self.moves.d.next = false;
            self.user_ref.d.next = 0.into();
            self.has_session.d.next = false;
            self.lived.d.next = self.k_for_ever.val();
        }
        self.note.next = self.report.val();
        self.noted.next = self.judged.q.val();
        self.host_judged.next = self.judging.q.val() & self.picked.q.val().is_host;
        self.count_sent.next = self.passed.q.val();
        self.count_refused.next = self.judged.q.val() & !self.passed.q.val();
        self.count_reason.next = 0.into();
        if self.judged.q.val() {
            self.count_reason.next = self.refusal.first.val();
        }
    }
}
