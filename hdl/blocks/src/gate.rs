//! The gate and the transmitter: an order leaves whole and unchanged from what was checked, or not at all.
//!
//! In: decisions. Out: order frames on the transmit stream, an event for every order that left or was refused.
//! Latency: a decision visible in cycle p is picked in p, judged in p + 1, its first word is shown in p + 2.
//! Why: limits, template and state are registers when the gate looks; all checks are made at once. The frame is
//! an image from memory whose price, quantity, side and number are overwritten with those that
//! were checked; its checksum is ready four words before it is due.
//! Holds: no word of a frame without the gate's pass for that order; an unset limit refuses.
//! Not here: retransmission and the venue's answers.
use crate::{bundle::*, check::Check, checksum::SegmentChecksum, konst::Konst, memory::{BlockMemory, LookupMemory}, queue::Queue};
use riposte_map::{limits, reason::Reason, shm::EventKind, wire::{ethernet, ouch, soup}};
use rust_hdl::prelude::*;

// Where the overwritten fields lie: the word numbers and lanes below are these.
const PAYLOAD: usize = ethernet::TCP_PAYLOAD + soup::HEADER_BYTES;
const _: () = {
    assert!(ethernet::TCP_SEQUENCE.offset == 4 * 8 + 6);
    assert!(ethernet::TCP_ACKNOWLEDGEMENT.offset == 5 * 8 + 2);
    assert!(ethernet::TCP_CHECKSUM.offset == 6 * 8 + 2);
    assert!(PAYLOAD + ouch::enter_order::USER_REF.offset == 7 * 8 + 2);
    assert!(PAYLOAD + ouch::enter_order::SIDE.offset == 7 * 8 + 6);
    assert!(PAYLOAD + ouch::enter_order::QUANTITY.offset == 7 * 8 + 7);
    assert!(PAYLOAD + ouch::enter_order::PRICE.offset == 9 * 8 + 3);
    assert!(ouch::enter_order::PRICE.bytes == 8);
    assert!(limits::DECISION_QUEUE == 1 << 4 && limits::IMAGE_WORD_BITS == 4);
};

#[derive(LogicBlock, Default)]
pub struct Gate {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub cycle: Signal<In, Bits<16>>,
    pub decided: Signal<In, bool>,
    pub decision: Signal<In, Decision>,
    pub queue_full: Signal<Out, bool>,
    // Parameters.
    pub limits_write: Signal<In, bool>,
    pub limits_address: Signal<In, Bits<5>>,
    pub limits_data: Signal<In, Limits>,
    pub template_write: Signal<In, bool>,
    pub template_address: Signal<In, Bits<7>>,
    pub template_data: Signal<In, Template>,
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
    pub books_valid: Signal<In, Bits<16>>,
    pub trading: Signal<In, Bits<16>>,
    // Out.
    pub tx: WordSource,
    pub tx_time: Signal<Out, Bits<64>>,
    pub note: Signal<Out, Note>,
    pub noted: Signal<Out, bool>,
    pub count_sent: Signal<Out, bool>,
    pub count_refused: Signal<Out, bool>,
    decisions: Queue<Decision, 4, 5>,
    limit_rows: LookupMemory<Limits, 5>,
    /// A memory a rule: the row is read while the rule is still being picked.
    templates: [LookupMemory<Template, 5>; 4],
    images: BlockMemory<64, 11, true>,
    checksum: SegmentChecksum,
    /// The verdict and its reason are computed apart and must agree.
    consistent: Check,
    // Whether the oldest decision lost rules already, and what is left of them.
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
    was_no_session: DFF<bool>,
    was_no_template: DFF<bool>,
    was_off_collar: DFF<bool>,
    was_off_quantity: DFF<bool>,
    was_disabled: DFF<bool>,
    was_not_trading: DFF<bool>,
    was_no_book: DFF<bool>,
    was_stale: DFF<bool>,
    was_disarmed: DFF<bool>,
    was_killed: DFF<bool>,
    was_no_generation: DFF<bool>,
    passed: DFF<bool>,
    moves: DFF<bool>,
    picked: DFF<Decision>,
    own: DFF<Bits<16>>,
    /// Its generation is not the one in force; there is none in force.
    stale: DFF<bool>,
    no_generation: DFF<bool>,
    /// One cycle before its decisive byte.
    since: DFF<Bits<16>>,
    cycles_was: DFF<Bits<16>>,
    rule: DFF<Bits<2>>,
    limit: DFF<Limits>,
    template: DFF<Template>,
    tcp_sequence: DFF<Bits<32>>,
    acknowledgement: DFF<Bits<32>>,
    user_ref: DFF<Bits<32>>,
    /// It is not 0.
    has_session: DFF<bool>,
    // The frame that is being sent.
    sending: DFF<bool>,
    word: DFF<Bits<4>>,
    last_word: DFF<Bits<4>>,
    last_bytes: DFF<Bits<4>>,
    image_base: DFF<Bits<7>>,
    sent_sequence: DFF<Bits<32>>,
    sent_acknowledgement: DFF<Bits<32>>,
    sent_user_ref: DFF<Bits<32>>,
    sent_template: DFF<Template>,
    sent_time: DFF<Bits<64>>,
    out_data: DFF<Bits<64>>,
    out_bytes: DFF<Bits<4>>,
    out_last: DFF<bool>,
    out_valid: DFF<bool>,
    out_time: DFF<Bits<64>>,
    row: Signal<Local, Bits<5>>,
    template_now: Signal<Local, Template>,
    is_last_rule: Signal<Local, bool>,
    current: Signal<Local, Decision>,
    mask: Signal<Local, Bits<4>>,
    no_template: Signal<Local, bool>,
    off_collar: Signal<Local, bool>,
    off_quantity: Signal<Local, bool>,
    not_trading: Signal<Local, bool>,
    no_book: Signal<Local, bool>,
    lowest: Signal<Local, Bits<4>>,
    pick_rule: Signal<Local, Bits<2>>,
    template_at: Signal<Local, Bits<7>>,
    picks: Signal<Local, bool>,
    reason: Signal<Local, Bits<8>>,
    passes: Signal<Local, bool>,
    running: Signal<Local, bool>,
    image_at: Signal<Local, Bits<11>>,
    next_word: Signal<Local, Bits<4>>,
    words_less: Signal<Local, Bits<5>>,
    is_last: Signal<Local, bool>,
    quantity: Signal<Local, Bits<32>>,
    price: Signal<Local, Bits<32>>,
    image: Signal<Local, Bits<64>>,
    patched: Signal<Local, Bits<64>>,
    report: Signal<Local, Note>,
    k_bit: Konst<16, 1>,
    k_rule: Konst<4, 1>,
    k_gap: Konst<5, { limits::TRANSMIT_GAP_WORDS as u64 - 3 }>,
    k_eight: Konst<4, 8>,
    k_last_ref: Konst<32, 0xffff_ffff>,
    k_words: Konst<5, { limits::IMAGE_WORDS as u64 }>,
    k_words_min: Konst<5, { limits::IMAGE_WORDS_MIN as u64 }>,
    k_sent: Konst<8, { EventKind::OrderSent as u64 }>,
    k_refused: Konst<8, { EventKind::OrderRefused as u64 }>,
    r_none: Konst<8, { Reason::None as u64 }>,
    r_generation: Konst<8, { Reason::NoGeneration as u64 }>,
    r_killed: Konst<8, { Reason::Killed as u64 }>,
    r_disarmed: Konst<8, { Reason::Disarmed as u64 }>,
    r_stale: Konst<8, { Reason::StaleGeneration as u64 }>,
    r_book: Konst<8, { Reason::BookInvalid as u64 }>,
    r_trading: Konst<8, { Reason::NotTrading as u64 }>,
    r_instrument: Konst<8, { Reason::InstrumentDisabled as u64 }>,
    r_quantity: Konst<8, { Reason::Quantity as u64 }>,
    r_collar: Konst<8, { Reason::Collar as u64 }>,
    r_template: Konst<8, { Reason::TemplateUnset as u64 }>,
    r_session: Konst<8, { Reason::SessionUnset as u64 }>,
}

impl Logic for Gate {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, started, remaining, next_rule, stale, no_generation, since, cycles_was, holdoff, judging, clear, leaves, passed, moves, judged,
            was_no_session, was_no_template, was_off_collar, was_off_quantity, was_disabled, was_not_trading, was_no_book,
            was_stale, was_disarmed, was_killed, was_no_generation, picked, own, rule, limit, template, tcp_sequence, acknowledgement, user_ref, has_session,
            sending, word, last_word, last_bytes, image_base, sent_sequence, sent_acknowledgement,
            sent_user_ref, sent_template, sent_time, out_data, out_bytes, out_last, out_valid, out_time
        );
        clock!(self, clock, decisions, limit_rows, images, checksum);
        self.decisions.reset.next = self.reset.val();
        self.decisions.data.next = self.decision.val();
        self.decisions.push.next = self.decided.val();
        self.queue_full.next = self.decisions.full.val();
        self.current.next = self.decisions.head.val();
        self.limit_rows.write.next = self.limits_write.val();
        self.limit_rows.write_address.next = self.limits_address.val();
        self.limit_rows.write_data.next = self.limits_data.val();
        self.row.next = (bit_cast::<5, 1>(self.current.val().bank.into()) << 4)
            | bit_cast::<5, 4>(self.current.val().instrument);
        for i in 0..4 {
            self.templates[i].clock.next = self.clock.val();
            self.templates[i].write.next = self.template_write.val()
                & (self.template_address.val().get_bits::<2>(0) == i.to_bits::<2>());
            self.templates[i].write_address.next = self.template_address.val().get_bits::<5>(2);
            self.templates[i].write_data.next = self.template_data.val();
            self.templates[i].read_address.next = self.row.val();
        }
        self.images.write.next = self.image_write.val();
        self.images.write_address.next = self.image_address.val();
        self.images.write_data.next = self.image_data.val();
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
        self.template_now.next = self.templates[0].read_data.val();
        match self.pick_rule.val().index() {
            1 => { self.template_now.next = self.templates[1].read_data.val(); }
            2 => { self.template_now.next = self.templates[2].read_data.val(); }
            3 => { self.template_now.next = self.templates[3].read_data.val(); }
            _ => {}
        }
        self.template_at.next = (bit_cast::<7, 5>(self.row.val()) << 2) | bit_cast::<7, 2>(self.pick_rule.val());
        self.picks.next = !self.decisions.empty.val() & self.clear.q.val() & !self.passed.q.val();
        self.clear.d.next =
            !self.picks.val() & !self.passed.q.val() & (self.holdoff.q.val().get_bits::<4>(1) == 0);
        self.is_last_rule.next = self.mask.val() == self.lowest.val();
        if self.picks.val() {
            self.remaining.d.next = self.mask.val() ^ self.lowest.val();
            self.started.d.next = !self.is_last_rule.val();
            self.picked.d.next = self.current.val();
            self.own.d.next = self.k_bit.val() << bit_cast::<16, 4>(self.current.val().instrument);
            self.rule.d.next = self.pick_rule.val();
            self.image_base.d.next = self.template_at.val();
        }
        self.leaves.d.next = self.picks.val() & self.is_last_rule.val();
        self.decisions.pop.next = self.leaves.q.val();
        if self.holdoff.q.val() != 0 {
            self.holdoff.d.next = self.holdoff.q.val() - 1;
        }
        self.judging.d.next = self.picks.val();
        self.limit_rows.read_address.next = self.row.val();
        // As it will be in the next cycle: a commit only ever raises the number, so what was decided before is stale.
        self.stale.d.next = (self.current.val().generation != self.generation.val()) | self.commits.val();
        self.no_generation.d.next = (self.generation.val() == 0) & !self.commits.val();
        self.since.d.next = self.current.val().stamp - 1;
        self.limit.d.next = self.limit_rows.read_data.val();
        self.template.d.next = self.template_now.val();
        // ---- g: the gate
        self.no_template.next = (self.template.q.val().words < self.k_words_min.val())
            | (self.template.q.val().words > self.k_words.val())
            | (self.template.q.val().last_bytes == 0)
            | (self.template.q.val().last_bytes > self.k_eight.val());
        self.off_collar.next = (self.limit.q.val().collar_high == 0)
            | (self.template.q.val().price < self.limit.q.val().collar_low)
            | (self.template.q.val().price > self.limit.q.val().collar_high);
        self.off_quantity.next = (self.template.q.val().quantity == 0)
            | (self.template.q.val().quantity > self.limit.q.val().quantity_max);
        self.not_trading.next = (self.trading.val() & self.own.q.val()) == 0;
        self.no_book.next = (self.books_valid.val() & self.own.q.val()) == 0;
        self.passes.next = self.judging.q.val()
            & !(!self.has_session.q.val() | self.no_template.val() | self.off_collar.val() | self.off_quantity.val())
            & !(self.not_trading.val() | self.no_book.val() | self.stale.q.val() | self.no_generation.q.val())
            & self.limit.q.val().enabled
            & self.armed.val()
            & !self.killed.val();
        self.words_less.next = self.template.q.val().words - 1;
        // What a pass moves is moved a cycle later, before anything may be picked: the verdict has enough to drive.
        // A session that is written beats it.
        self.passed.d.next = self.passes.val();
        self.moves.d.next = self.passes.val() & !self.session_write.val();
        if self.passed.q.val() {
            self.holdoff.d.next = self.sent_template.q.val().words + self.k_gap.val();
        }
        if self.moves.q.val() {
            self.tcp_sequence.d.next =
                self.tcp_sequence.q.val() + bit_cast::<32, 8>(self.sent_template.q.val().payload_bytes);
            self.user_ref.d.next = self.user_ref.q.val() + 1;
            self.has_session.d.next = self.user_ref.q.val() != self.k_last_ref.val();
        }
        // No frame is being sent while an order is judged, so these may change whether or not it passes.
        if self.judging.q.val() {
            self.last_word.d.next = self.words_less.val().get_bits::<4>(0);
            self.last_bytes.d.next = self.template.q.val().last_bytes;
            self.sent_sequence.d.next = self.tcp_sequence.q.val();
            self.sent_acknowledgement.d.next = self.acknowledgement.q.val();
            self.sent_user_ref.d.next = self.user_ref.q.val();
            self.sent_template.d.next = self.template.q.val();
            self.sent_time.d.next = self.picked.q.val().time;
        }
        if self.session_write.val() {
            self.tcp_sequence.d.next = self.session_sequence.val();
            self.acknowledgement.d.next = self.session_acknowledgement.val();
            self.user_ref.d.next = self.session_user_ref.val();
            self.has_session.d.next = self.session_user_ref.val() != 0;
        }
        // ---- g and on: the words of the image, one a cycle, behind the gate's pass
        // `word` is 0 unless a frame is being sent, so the first word needs no choice.
        self.running.next = self.passes.val() | self.sending.q.val();
        self.next_word.next = self.word.q.val() + 1;
        self.is_last.next = self.sending.q.val() & (self.word.q.val() == self.last_word.q.val());
        self.sending.d.next = self.passes.val() | (self.sending.q.val() & !self.is_last.val());
        self.word.d.next = 0.into();
        if self.running.val() & !self.is_last.val() {
            self.word.d.next = self.next_word.val();
        }
        // Word 0 of what may be picked, unless a frame goes on.
        self.image_at.next =
            (bit_cast::<11, 7>(self.image_base.q.val()) << 4) | bit_cast::<11, 4>(self.next_word.val());
        if self.clear.q.val() & !self.passed.q.val() {
            self.image_at.next = bit_cast::<11, 7>(self.template_at.val()) << 4;
        }
        self.images.read_address.next = self.image_at.val();
        self.checksum.partial.next = self.sent_template.q.val().checksum;
        self.checksum.tcp_sequence.next = self.sent_sequence.q.val();
        self.checksum.acknowledgement.next = self.sent_acknowledgement.q.val();
        self.checksum.user_ref.next = self.sent_user_ref.q.val();
        self.checksum.side.next = self.sent_template.q.val().side;
        self.checksum.quantity.next = self.sent_template.q.val().quantity;
        self.checksum.price.next = self.sent_template.q.val().price;
        self.quantity.next = self.sent_template.q.val().quantity;
        self.price.next = self.sent_template.q.val().price;
        self.image.next = self.images.read_data.val();
        self.patched.next = self.image.val();
        match self.word.q.val().index() {
            4 => {
                self.patched.next = (bit_cast::<64, 48>(self.image.val().get_bits::<48>(16)) << 16)
                    | bit_cast::<64, 16>(self.sent_sequence.q.val().get_bits::<16>(16));
            }
            5 => {
                self.patched.next = (bit_cast::<64, 16>(self.sent_sequence.q.val().get_bits::<16>(0)) << 48)
                    | (bit_cast::<64, 32>(self.sent_acknowledgement.q.val()) << 16)
                    | bit_cast::<64, 16>(self.image.val().get_bits::<16>(0));
            }
            6 => {
                self.patched.next = (bit_cast::<64, 16>(self.image.val().get_bits::<16>(48)) << 48)
                    | (bit_cast::<64, 16>(self.checksum.checksum.val()) << 32)
                    | bit_cast::<64, 32>(self.image.val().get_bits::<32>(0));
            }
            7 => {
                self.patched.next = (bit_cast::<64, 16>(self.image.val().get_bits::<16>(48)) << 48)
                    | (bit_cast::<64, 32>(self.sent_user_ref.q.val()) << 16)
                    | (bit_cast::<64, 8>(self.sent_template.q.val().side) << 8)
                    | bit_cast::<64, 8>(self.quantity.val().get_bits::<8>(24));
            }
            8 => {
                self.patched.next = (bit_cast::<64, 24>(self.quantity.val().get_bits::<24>(0)) << 40)
                    | bit_cast::<64, 40>(self.image.val().get_bits::<40>(0));
            }
            9 => {
                self.patched.next = (bit_cast::<64, 24>(self.image.val().get_bits::<24>(40)) << 40)
                    | bit_cast::<64, 8>(self.price.val().get_bits::<8>(24));
            }
            10 => {
                self.patched.next = (bit_cast::<64, 24>(self.price.val().get_bits::<24>(0)) << 40)
                    | bit_cast::<64, 40>(self.image.val().get_bits::<40>(0));
            }
            _ => {}
        }
        self.out_valid.d.next = self.running.val();
        self.out_last.d.next = self.is_last.val();
        self.out_bytes.d.next = self.k_eight.val();
        if self.is_last.val() {
            self.out_bytes.d.next = self.last_bytes.q.val();
        }
        self.out_data.d.next = self.patched.val();
        self.out_time.d.next = self.sent_time.q.val();
        if self.judging.q.val() {
            self.out_time.d.next = self.picked.q.val().time;
        }
        // ---- g + 1: the event. The picked decision and what was kept for sending stand for this cycle at least.
        self.judged.d.next = self.judging.q.val();
        self.was_no_session.d.next = !self.has_session.q.val();
        self.was_no_template.d.next = self.no_template.val();
        self.was_off_collar.d.next = self.off_collar.val();
        self.was_off_quantity.d.next = self.off_quantity.val();
        self.was_disabled.d.next = !self.limit.q.val().enabled;
        self.was_not_trading.d.next = self.not_trading.val();
        self.was_no_book.d.next = self.no_book.val();
        self.was_stale.d.next = self.stale.q.val();
        self.was_disarmed.d.next = !self.armed.val();
        self.was_killed.d.next = self.killed.val();
        self.was_no_generation.d.next = self.no_generation.q.val();
        // The last reason written is the first of the contract's order.
        self.reason.next = self.r_none.val();
        if self.was_no_session.q.val() {
            self.reason.next = self.r_session.val();
        }
        if self.was_no_template.q.val() {
            self.reason.next = self.r_template.val();
        }
        if self.was_off_collar.q.val() {
            self.reason.next = self.r_collar.val();
        }
        if self.was_off_quantity.q.val() {
            self.reason.next = self.r_quantity.val();
        }
        if self.was_disabled.q.val() {
            self.reason.next = self.r_instrument.val();
        }
        if self.was_not_trading.q.val() {
            self.reason.next = self.r_trading.val();
        }
        if self.was_no_book.q.val() {
            self.reason.next = self.r_book.val();
        }
        if self.was_stale.q.val() {
            self.reason.next = self.r_stale.val();
        }
        if self.was_disarmed.q.val() {
            self.reason.next = self.r_disarmed.val();
        }
        if self.was_killed.q.val() {
            self.reason.next = self.r_killed.val();
        }
        if self.was_no_generation.q.val() {
            self.reason.next = self.r_generation.val();
        }
        self.consistent.clock.next = self.clock.val();
        self.consistent.ok.next =
            !self.judged.q.val() | (self.passed.q.val() == (self.reason.val() == self.r_none.val()));
        self.cycles_was.d.next = self.cycle.val() - self.since.q.val();
        self.report.next.kind = self.k_refused.val();
        self.report.next.user_ref = 0.into();
        if self.passed.q.val() {
            self.report.next.kind = self.k_sent.val();
            self.report.next.user_ref = self.sent_user_ref.q.val();
        }
        self.report.next.reason = self.reason.val();
        self.report.next.instrument = bit_cast::<8, 4>(self.picked.q.val().instrument);
        self.report.next.rule = bit_cast::<8, 2>(self.rule.q.val());
        self.report.next.generation = self.picked.q.val().generation;
        self.report.next.time = self.picked.q.val().time;
        self.report.next.feed_sequence = self.picked.q.val().sequence;
        self.report.next.bid = (bit_cast::<64, 32>(self.picked.q.val().bid_quantity) << 32)
            | bit_cast::<64, 32>(self.picked.q.val().bid_price);
        self.report.next.ask = (bit_cast::<64, 32>(self.picked.q.val().ask_quantity) << 32)
            | bit_cast::<64, 32>(self.picked.q.val().ask_price);
        self.report.next.price = self.sent_template.q.val().price;
        self.report.next.quantity = self.sent_template.q.val().quantity;
        self.report.next.cycles = self.cycles_was.q.val();
        self.report.next.detail = bit_cast::<16, 8>(self.sent_template.q.val().side);
        if self.reset.val() {
            self.started.d.next = false;
            self.holdoff.d.next = 0.into();
            self.judging.d.next = false;
            self.clear.d.next = false;
            self.leaves.d.next = false;
            self.passed.d.next = false;
            self.judged.d.next = false;
            self.moves.d.next = false;
            self.sending.d.next = false;
            self.word.d.next = 0.into();
            self.out_valid.d.next = false;
            self.user_ref.d.next = 0.into();
            self.has_session.d.next = false;
        }
        self.note.next = self.report.val();
        self.noted.next = self.judged.q.val();
        self.count_sent.next = self.passed.q.val();
        self.count_refused.next = self.judged.q.val() & !self.passed.q.val();
        self.tx.data.next = self.out_data.q.val();
        self.tx.bytes.next = self.out_bytes.q.val();
        self.tx.last.next = self.out_last.q.val();
        self.tx.bad.next = false;
        self.tx.valid.next = self.out_valid.q.val();
        self.tx_time.next = self.out_time.q.val();
    }
}
