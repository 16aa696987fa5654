//! Walks the message blocks of a packet and cuts out each message as its decisive byte arrives.
//!
//! In: the receive stream, word index and header fields, the session's verdict on the packet. Out: `message`
//! one cycle after the word that holds its decisive byte; errors; counter strobes.
//! Why: the length of a block is read a word or more before its decisive byte, so lane and word of the
//! decision are registers when it comes; what is left then is one 8:1 rotation. The only loop is
//! `position = byte at position + position - 6`.
//! Holds: at most one prefix a word, since no block is shorter than the common head of a message; one word
//! a cycle for ever. Not here: what a message does to a book.
//! Long: the loop, the plan and the rotation share every register; cut apart they would be three lists of ports.
use crate::{bundle::*, check::Check, konst::Konst, types::{TypeTable, class}};
use riposte_map::{limits, wire::{Field, itch}};
use rust_hdl::prelude::*;

/// Bytes of a message that the card looks at.
const BODY_BYTES: usize = 40;
const fn body(field: Field) -> u64 {
    assert!(field.end() <= BODY_BYTES);
    8 * (BODY_BYTES - field.end()) as u64
}

#[derive(LogicBlock, Default)]
pub struct Walker {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub word: WordSink,
    pub at_six: Signal<In, bool>,
    pub starts: Signal<In, bool>,
    pub has_tag: Signal<In, bool>,
    /// In the cycle behind a frame's last word: what was accepted is long enough to be a packet.
    pub was_ours: Signal<In, bool>,
    pub payload_end: Signal<In, Bits<17>>,
    pub cut: Signal<In, bool>,
    pub deliver: Signal<In, bool>,
    pub skip: Signal<In, Bits<16>>,
    pub cycle: Signal<In, Bits<16>>,
    /// Locate of the message just classified, and what the instrument table says to it at once.
    pub locate: Signal<Out, Bits<16>>,
    pub rows_found: Signal<In, Bits<16>>,
    pub bank: Signal<In, bool>,
    pub generation: Signal<In, Bits<32>>,
    pub message: Signal<Out, Message>,
    pub valid: Signal<Out, bool>,
    pub message_instrument: Signal<Out, Bits<4>>,
    pub message_bank: Signal<Out, bool>,
    pub message_generation: Signal<Out, Bits<32>>,
    /// Index of the message in its packet.
    pub message_index: Signal<Out, Bits<16>>,
    pub stamp: Signal<Out, Bits<16>>,
    pub system: Signal<Out, bool>,
    pub system_code: Signal<Out, Bits<8>>,
    pub malformed: Signal<Out, bool>,
    pub bad_length: Signal<Out, bool>,
    pub count_unknown: Signal<Out, bool>,
    pub count_unwatched: Signal<Out, bool>,
    /// Bit of the class of a message that counts; bit 0 is the other known types.
    pub count_class: Signal<Out, Bits<11>>,
    // The loop.
    position: DFF<Bits<9>>,
    near: DFF<bool>,
    /// Blocks that the packet promised are still to come.
    more: DFF<bool>,
    /// What began in the last word promises none: a heartbeat or the end of the session.
    no_blocks: DFF<bool>,
    left: DFF<Bits<16>>,
    remaining: DFF<Bits<18>>,
    // The block found last.
    hit: DFF<bool>,
    lane: DFF<Bits<3>>,
    /// Its complement.
    lane_not: DFF<Bits<3>>,
    length: DFF<Bits<8>>,
    length_high: DFF<bool>,
    length_low: DFF<bool>,
    room: DFF<Bits<18>>,
    stopped: DFF<bool>,
    alive: DFF<bool>,
    since: DFF<Bits<3>>,
    plan: DFF<Bits<9>>,
    // Classification.
    head: DFF<Bits<64>>,
    head_length: DFF<Bits<8>>,
    classified: DFF<bool>,
    block_index: DFF<Bits<16>>,
    blocks: DFF<Bits<16>>,
    /// Which fours of `was_rows` have a row.
    was_watched: DFF<Bits<4>>,
    was_rows: DFF<Bits<16>>,
    was_bank: DFF<bool>,
    was_generation: DFF<Bits<32>>,
    counted: DFF<bool>,
    counted_index: DFF<Bits<16>>,
    counted_known: DFF<bool>,
    counted_kind: DFF<Bits<4>>,
    // The message.
    previous: DFF<Bits<64>>,
    part1: DFF<Bits<64>>,
    part2: DFF<Bits<64>>,
    part3: DFF<Bits<64>>,
    decided: DFF<bool>,
    decided_system: DFF<bool>,
    system_event: DFF<Bits<8>>,
    record: DFF<Message>,
    executed_shares: DFF<Bits<32>>,
    replace_shares: DFF<Bits<32>>,
    replace_price: DFF<Bits<32>>,
    takes_shares: DFF<bool>,
    replaces: DFF<bool>,
    /// Its type is an operation, and it is none that came before.
    operates: DFF<bool>,
    decided_at: DFF<Bits<16>>,
    last: DFF<bool>,
    missing: DFF<bool>,
    is_malformed: DFF<bool>,
    is_bad_length: DFF<bool>,
    types: TypeTable,
    alignment: Check,
    bytes8: [Signal<Local, Bits<8>>; 8],
    count_now: Signal<Local, Bits<16>>,
    count_good: Signal<Local, bool>,
    left_now: Signal<Local, Bits<16>>,
    here: Signal<Local, bool>,
    is_light: Signal<Local, bool>,
    at: Signal<Local, Bits<3>>,
    length_now: Signal<Local, Bits<8>>,
    high_now: Signal<Local, Bits<8>>,
    next_position: Signal<Local, Bits<9>>,
    bad_block: Signal<Local, bool>,
    wrong_length: Signal<Local, bool>,
    stop: Signal<Local, bool>,
    decisive: Signal<Local, Bits<9>>,
    pair: Signal<Local, Bits<128>>,
    upper4: Signal<Local, Bits<128>>,
    upper2: Signal<Local, Bits<128>>,
    lower4: Signal<Local, Bits<64>>,
    lower2: Signal<Local, Bits<64>>,
    upper: Signal<Local, Bits<64>>,
    lower: Signal<Local, Bits<64>>,
    body1: Signal<Local, Bits<64>>,
    body2: Signal<Local, Bits<64>>,
    body3: Signal<Local, Bits<64>>,
    body4: Signal<Local, Bits<64>>,
    body: Signal<Local, Bits<320>>,
    found: Signal<Local, Message>,
    in_word: Signal<Local, bool>,
    decides: Signal<Local, bool>,
    decides_early: Signal<Local, bool>,
    fresh: Signal<Local, bool>,
    fours: [Signal<Local, Bits<4>>; 4],
    rows: [Signal<Local, Bits<4>>; 4],
    row_found: [Signal<Local, Bits<2>>; 4],
    is_new: Signal<Local, bool>,
    counts: Signal<Local, bool>,
    k_first: Konst<4, 1>,
    k_eight: Konst<9, 8>,
    k_six: Konst<9, 6>,
    k_first_untagged: Konst<9, 7>,
    k_first_tagged: Konst<9, 11>,
    k_end: Konst<16, 0xffff>,
    k_none: Konst<16, 0>,
    k_one: Konst<16, 1>,
    k_word: Konst<18, 8>,
    k_walk_base: Konst<18, 56>,
    k_room: Konst<18, 6>,
    k_min: Konst<8, { limits::BLOCK_BYTES_MIN as u64 }>,
    k_system: Konst<8, { itch::system_event::CODE as u64 }>,
    k_system_length: Konst<8, { itch::system_event::LENGTH as u64 }>,
    k_trade_length: Konst<8, { itch::trade::LENGTH as u64 }>,
    k_mpid_length: Konst<8, { itch::add_mpid::LENGTH as u64 }>,
    k_executed_length: Konst<8, { itch::executed::LENGTH as u64 }>,
    k_trade_cut: Konst<9, { (itch::trade::LENGTH - itch::decisive_bytes(itch::trade::LENGTH)) as u64 }>,
    k_mpid_cut: Konst<9, { (itch::add_mpid::LENGTH - itch::decisive_bytes(itch::add_mpid::LENGTH)) as u64 }>,
    k_executed_cut: Konst<9, { (itch::executed::LENGTH - itch::decisive_bytes(itch::executed::LENGTH)) as u64 }>,
    k_printable: Konst<8, { itch::PRINTABLE as u64 }>,
    c_system: Konst<4, { class::SYSTEM }>,
    c_action: Konst<4, { class::ACTION }>,
    c_trade: Konst<4, { class::TRADE }>,
    c_add: Konst<4, { class::ADD }>,
    c_add_mpid: Konst<4, { class::ADD_MPID }>,
    c_executed: Konst<4, { class::EXECUTED }>,
    c_executed_price: Konst<4, { class::EXECUTED_PRICE }>,
    c_cancel: Konst<4, { class::CANCEL }>,
    c_replace: Konst<4, { class::REPLACE }>,
    c_other: Konst<4, { class::OTHER }>,
    o_locate: Konst<6, { 64 - 8 * itch::add::LOCATE.end() as u64 }>,
    o_event: Konst<9, { body(itch::system_event::EVENT) }>,
    o_mark: Konst<9, { body(itch::add::SIDE) }>,
    o_reference: Konst<9, { body(itch::add::REFERENCE) }>,
    o_new_reference: Konst<9, { body(itch::replace::NEW_REFERENCE) }>,
    o_shares: Konst<9, { body(itch::add::SHARES) }>,
    o_executed_shares: Konst<9, { body(itch::executed::SHARES) }>,
    o_replace_shares: Konst<9, { body(itch::replace::SHARES) }>,
    o_printable: Konst<9, { body(itch::executed_price::PRINTABLE) }>,
    o_price: Konst<9, { body(itch::add::PRICE) }>,
    o_replace_price: Konst<9, { body(itch::replace::PRICE) }>,
}

// One offset serves several types: the tables say so.
const _: () = {
    assert!(itch::trade::PRICE.offset == itch::add::PRICE.offset);
    assert!(itch::executed_price::PRICE.offset == itch::add::PRICE.offset);
    assert!(itch::add_mpid::PRICE.offset == itch::add::PRICE.offset);
    assert!(itch::trading_action::STATE.offset == itch::add::SIDE.offset);
    assert!(itch::cancel::SHARES.offset == itch::executed::SHARES.offset);
    assert!(itch::executed_price::SHARES.offset == itch::executed::SHARES.offset);
    assert!(itch::trade::SHARES.offset == itch::add::SHARES.offset);
    assert!(itch::replace::REFERENCE.offset == itch::add::REFERENCE.offset);
    assert!(itch::delete::REFERENCE.offset == itch::add::REFERENCE.offset);
};

impl Logic for Walker {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, position, near, more, no_blocks, left, remaining, hit, lane, lane_not, length, length_high, length_low, room,
            stopped, alive, since, plan, head, head_length, classified, block_index, blocks, was_watched, was_rows,
            was_bank, was_generation, counted, counted_index, counted_known, counted_kind, previous, part1, part2,
            part3, decided, decided_system, system_event, record, executed_shares, replace_shares, replace_price, takes_shares, replaces, operates, decided_at, last, missing, is_malformed,
            is_bad_length
        );
        // ---- what is known of the last block: does it fit, is its type's length right?
        // In the cycle behind a prefix, `position` is lane + length - 6 and `room` what is left less those 6.
        self.bad_block.next = self.hit.q.val()
            & !self.stopped.q.val()
            & !self.no_blocks.q.val()
            & (self.length_high.q.val()
                | self.length_low.q.val()
                | self.room.q.val().get_bit(17)
                | !(self.room.q.val() > bit_cast::<18, 9>(self.position.q.val())));
        self.types.code.next = self.head.q.val().get_bits::<8>(56);
        self.wrong_length.next = self.classified.q.val()
            & !self.stopped.q.val()
            & self.types.known.val()
            & (self.types.length.val() != self.head_length.q.val());
        self.stop.next = self.bad_block.val() | self.wrong_length.val();
        self.is_malformed.d.next = self.bad_block.val() & !self.wrong_length.val();
        self.is_bad_length.d.next = self.wrong_length.val();

        // ---- the loop: where is the next prefix?
        for i in 0..8 {
            self.bytes8[i].next = self.word.data.val().get_bits::<8>(56 - (i * 8));
        }
        self.at.next = self.position.q.val().get_bits::<3>(0);
        self.length_now.next = self.bytes8[0].val();
        self.high_now.next = self.previous.q.val().get_bits::<8>(0);
        match self.at.val().index() {
            1 => {
                self.length_now.next = self.bytes8[1].val();
                self.high_now.next = self.bytes8[0].val();
            }
            2 => {
                self.length_now.next = self.bytes8[2].val();
                self.high_now.next = self.bytes8[1].val();
            }
            3 => {
                self.length_now.next = self.bytes8[3].val();
                self.high_now.next = self.bytes8[2].val();
            }
            4 => {
                self.length_now.next = self.bytes8[4].val();
                self.high_now.next = self.bytes8[3].val();
            }
            5 => {
                self.length_now.next = self.bytes8[5].val();
                self.high_now.next = self.bytes8[4].val();
            }
            6 => {
                self.length_now.next = self.bytes8[6].val();
                self.high_now.next = self.bytes8[5].val();
            }
            7 => {
                self.length_now.next = self.bytes8[7].val();
                self.high_now.next = self.bytes8[6].val();
            }
            _ => {}
        }
        self.next_position.next = bit_cast::<9, 8>(self.length_now.val())
            + (bit_cast::<9, 3>(self.at.val()) - self.k_six.val());
        self.count_now.next = self.word.data.val().get_bits::<16>(16);
        if self.has_tag.val() {
            self.count_now.next = self.word.data.val().get_bits::<16>(48);
        }
        self.count_good.next =
            (self.count_now.val() != self.k_none.val()) & (self.count_now.val() != self.k_end.val());
        self.left_now.next = self.left.q.val();
        if self.starts.val() {
            self.left_now.next = self.count_now.val();
        }
        self.here.next = self.near.q.val()
            & (self.starts.val() | self.more.q.val())
            & (!self.word.last.val() | (bit_cast::<4, 3>(self.at.val()) < self.word.bytes.val()))
            & !self.last.q.val();
        self.hit.d.next = false;
        self.no_blocks.d.next = false;
        self.last.d.next = false;
        if self.word.valid.val() {
            self.previous.d.next = self.word.data.val();
            self.remaining.d.next = self.remaining.q.val() - self.k_word.val();
            self.position.d.next = self.position.q.val() - self.k_eight.val();
            self.near.d.next = (self.position.q.val().get_bits::<5>(4) == 0) & self.position.q.val().get_bit(3);
            if self.starts.val() {
                self.more.d.next = true;
                self.no_blocks.d.next = !self.count_good.val();
                self.left.d.next = self.left_now.val();
                self.blocks.d.next = 0.into();
            }
            if self.here.val() {
                self.position.d.next = self.next_position.val();
                self.near.d.next = self.next_position.val().get_bits::<6>(3) == 0;
                self.left.d.next = self.left_now.val() - self.k_one.val();
                self.more.d.next = self.left_now.val() != self.k_one.val();
                self.hit.d.next = true;
                self.lane.d.next = self.at.val();
                self.lane_not.d.next = !self.at.val();
                self.length.d.next = self.length_now.val();
                self.length_high.d.next = self.high_now.val() != 0;
                self.length_low.d.next = self.length_now.val() < self.k_min.val();
                self.room.d.next = self.remaining.q.val() - self.k_room.val();
            }
            if self.at_six.val() {
                self.position.d.next = self.k_first_untagged.val();
                self.near.d.next = !self.has_tag.val();
                if self.has_tag.val() {
                    self.position.d.next = self.k_first_tagged.val();
                }
                self.remaining.d.next = bit_cast::<18, 17>(self.payload_end.val()) - self.k_walk_base.val();
                self.stopped.d.next = false;
            }
            self.last.d.next = self.word.last.val();
        }
        // A fault ends the packet. What was found meanwhile is masked by `stopped` where it is used, a cycle later.
        if self.stop.val() | self.no_blocks.q.val() {
            self.stopped.d.next = true;
        }
        // The frame is over and a block that its packet promised was not reached.
        self.missing.d.next = self.last.q.val()
            & self.was_ours.val()
            & self.more.q.val()
            & !self.no_blocks.q.val()
            & !self.stop.val()
            & !self.stopped.q.val();
        if self.last.q.val() {
            self.more.d.next = false;
        }

        // ---- the decisive byte of the block: so many words after its prefix, in that lane
        self.decisive.next = bit_cast::<9, 8>(self.length.q.val()) + bit_cast::<9, 3>(self.lane.q.val());
        if self.hit.q.val() {
            self.plan.d.next = self.decisive.val();
            if self.length.q.val() == self.k_trade_length.val() {
                self.plan.d.next = self.decisive.val() - self.k_trade_cut.val();
            }
            if self.length.q.val() == self.k_executed_length.val() {
                self.plan.d.next = self.decisive.val() - self.k_executed_cut.val();
            }
            if self.length.q.val() == self.k_mpid_length.val() {
                self.plan.d.next = self.decisive.val() - self.k_mpid_cut.val();
            }
        }
        self.in_word.next =
            !self.word.last.val() | (bit_cast::<4, 3>(self.plan.q.val().get_bits::<3>(0)) < self.word.bytes.val());
        self.decides.next = self.word.valid.val()
            & self.alive.q.val()
            & (self.since.q.val() != 1)
            & (self.plan.q.val().get_bits::<6>(3) == bit_cast::<6, 3>(self.since.q.val()))
            & self.in_word.val();
        // A system event is so short that its last byte may be in the word behind its prefix.
        self.decides_early.next = self.word.valid.val()
            & self.alive.q.val()
            & (self.since.q.val() == 1)
            & (self.length.q.val() == self.k_system_length.val())
            & !self.lane.q.val().get_bit(2)
            & (!self.word.last.val()
                | ((bit_cast::<4, 3>(self.lane.q.val()) | 4) < self.word.bytes.val()));

        // ---- the message, turned so that its first byte is on top
        self.pair.next =
            (bit_cast::<128, 64>(self.previous.q.val()) << 64) | bit_cast::<128, 64>(self.word.data.val());
        // By 8 to 64 bits, a bit of the lane at a time; each half of the window has a lane of its own to be told by.
        self.upper4.next = self.pair.val() << 8;
        if self.lane.q.val().get_bit(2) {
            self.upper4.next = self.pair.val() << 40;
        }
        self.upper2.next = self.upper4.val();
        if self.lane.q.val().get_bit(1) {
            self.upper2.next = self.upper4.val() << 16;
        }
        self.upper.next = self.upper2.val().get_bits::<64>(64);
        if self.lane.q.val().get_bit(0) {
            self.upper.next = self.upper2.val().get_bits::<64>(56);
        }
        self.lower4.next = self.word.data.val() << 8;
        if !self.lane_not.q.val().get_bit(2) {
            self.lower4.next = self.word.data.val() << 40;
        }
        self.lower2.next = self.lower4.val();
        if !self.lane_not.q.val().get_bit(1) {
            self.lower2.next = self.lower4.val() << 16;
        }
        self.lower.next = self.lower2.val();
        if !self.lane_not.q.val().get_bit(0) {
            self.lower.next = self.lower2.val() << 8;
        }
        self.body1.next = self.part1.q.val();
        self.body2.next = self.part2.q.val();
        self.body3.next = self.part3.q.val();
        self.body4.next = self.upper.val();
        match self.since.q.val().index() {
            1 => {
                self.body1.next = self.lower.val();
            }
            2 => {
                self.body1.next = self.upper.val();
                self.body2.next = self.lower.val();
            }
            3 => {
                self.body2.next = self.upper.val();
                self.body3.next = self.lower.val();
            }
            4 => {
                self.body3.next = self.upper.val();
                self.body4.next = self.lower.val();
            }
            _ => {}
        }
        self.body.next = (bit_cast::<320, 64>(self.head.q.val()) << 256)
            | (bit_cast::<320, 64>(self.body1.val()) << 192)
            | (bit_cast::<320, 64>(self.body2.val()) << 128)
            | (bit_cast::<320, 64>(self.body3.val()) << 64)
            | bit_cast::<320, 64>(self.body4.val());
        self.classified.d.next = false;
        if self.word.valid.val() {
            match self.since.q.val().index() {
                1 => {
                    if self.alive.q.val() {
                        self.head.d.next = self.upper.val();
                        self.head_length.d.next = self.length.q.val();
                        self.classified.d.next = true;
                        self.block_index.d.next = self.blocks.q.val();
                        self.blocks.d.next = self.blocks.q.val() + self.k_one.val();
                    }
                }
                2 => { self.part1.d.next = self.upper.val(); }
                3 => { self.part2.d.next = self.upper.val(); }
                4 => { self.part3.d.next = self.upper.val(); }
                _ => {}
            }
            if self.since.q.val() != 7 {
                self.since.d.next = self.since.q.val() + 1;
            }
            if self.here.val() {
                self.since.d.next = 1.into();
            }
        }
        if self.word.valid.val() & self.word.last.val() {
            self.alive.d.next = false;
        }
        if self.word.valid.val() & self.here.val() {
            self.alive.d.next = !self.word.last.val();
        }
        self.decided.d.next = self.decides.val();
        self.decided_system.d.next = (self.decides.val() & (self.types.kind.val() == self.c_system.val()))
            | (self.decides_early.val() & (self.upper.val().get_bits::<8>(56) == self.k_system.val()));
        self.system_event.d.next = self.body.val().get_bits::<8>(self.o_event.val().index());
        self.decided_at.d.next = self.cycle.val();
        self.record.d.next.code = self.head.q.val().get_bits::<8>(56);
        self.record.d.next.kind = self.types.kind.val();
        self.is_light.next =
            (self.types.kind.val() == self.c_action.val()) | (self.types.kind.val() == self.c_trade.val());
        self.record.d.next.light = self.is_light.val();
        self.record.d.next.straight = self.is_light.val()
            | (self.types.kind.val() == self.c_add.val())
            | (self.types.kind.val() == self.c_add_mpid.val());
        self.record.d.next.tag = 0.into();
        self.record.d.next.instrument = 0.into();
        self.record.d.next.bank = false;
        self.record.d.next.bucket0 = 0.into();
        self.record.d.next.bucket1 = 0.into();
        self.record.d.next.mark = self.body.val().get_bits::<8>(self.o_mark.val().index());
        self.record.d.next.printable =
            self.body.val().get_bits::<8>(self.o_printable.val().index()) == self.k_printable.val();
        self.record.d.next.reference = self.body.val().get_bits::<64>(self.o_reference.val().index());
        self.record.d.next.new_reference = self.body.val().get_bits::<64>(self.o_new_reference.val().index());
        self.record.d.next.shares = self.body.val().get_bits::<32>(self.o_shares.val().index());
        self.record.d.next.price = self.body.val().get_bits::<32>(self.o_price.val().index());
        // What lies elsewhere in some types is kept beside; the type chooses in the next cycle.
        self.executed_shares.d.next = self.body.val().get_bits::<32>(self.o_executed_shares.val().index());
        self.replace_shares.d.next = self.body.val().get_bits::<32>(self.o_replace_shares.val().index());
        self.replace_price.d.next = self.body.val().get_bits::<32>(self.o_replace_price.val().index());
        self.takes_shares.d.next = (self.types.kind.val() == self.c_executed.val())
            | (self.types.kind.val() == self.c_executed_price.val())
            | (self.types.kind.val() == self.c_cancel.val());
        self.replaces.d.next = self.types.kind.val() == self.c_replace.val();
        // That it is new is known a word before its decisive byte.
        self.is_new.next = self.deliver.val() & !(self.block_index.q.val() < self.skip.val());
        self.operates.d.next = self.is_new.val()
            & (self.types.kind.val() != self.c_other.val())
            & (self.types.kind.val() != self.c_system.val());
        self.found.next = self.record.q.val();
        if self.takes_shares.q.val() {
            self.found.next.shares = self.executed_shares.q.val();
        }
        if self.replaces.q.val() {
            self.found.next.shares = self.replace_shares.q.val();
            self.found.next.price = self.replace_price.q.val();
        }

        // ---- classified: the instrument table answers in this cycle, the counters count in the next
        self.counted.d.next = self.classified.q.val() & !self.wrong_length.val() & !self.stopped.q.val();
        self.counted_index.d.next = self.block_index.q.val();
        self.counted_known.d.next = self.types.known.val();
        self.counted_kind.d.next = self.types.kind.val();
        for i in 0..4 {
            self.fours[i].next = 0.into();
            if self.rows_found.val().get_bits::<4>(i * 4) != 0 {
                self.fours[i].next = self.k_first.val() << i.to_bits::<4>();
            }
        }
        if self.classified.q.val() {
            self.was_watched.d.next =
                self.fours[0].val() | self.fours[1].val() | self.fours[2].val() | self.fours[3].val();
            self.was_rows.d.next = self.rows_found.val();
            self.was_bank.d.next = self.bank.val();
            self.was_generation.d.next = self.generation.val();
        }
        self.counts.next =
            self.counted.q.val() & self.deliver.val() & !(self.counted_index.q.val() < self.skip.val());
        self.count_unknown.next = self.counts.val() & !self.counted_known.q.val();
        self.count_unwatched.next = self.counts.val()
            & (self.was_watched.q.val() == 0)
            & (self.counted_kind.q.val() != self.c_other.val())
            & (self.counted_kind.q.val() != self.c_system.val());
        self.count_class.next = 0.into();
        if self.counts.val() & self.counted_known.q.val() {
            match self.counted_kind.q.val().index() {
                0 => { self.count_class.next = 1.into(); }
                1 => { self.count_class.next = 2.into(); }
                2 => { self.count_class.next = 4.into(); }
                3 => { self.count_class.next = 8.into(); }
                4 => { self.count_class.next = 16.into(); }
                5 => { self.count_class.next = 32.into(); }
                6 => { self.count_class.next = 64.into(); }
                7 => { self.count_class.next = 128.into(); }
                8 => { self.count_class.next = 256.into(); }
                9 => { self.count_class.next = 512.into(); }
                10 => { self.count_class.next = 1024.into(); }
                _ => {}
            }
        }
        if self.reset.val() {
            self.more.d.next = false;
            self.no_blocks.d.next = false;
            self.alive.d.next = false;
            self.stopped.d.next = false;
            self.hit.d.next = false;
            self.classified.d.next = false;
            self.decided.d.next = false;
            self.decided_system.d.next = false;
            self.counted.d.next = false;
            self.last.d.next = false;
            self.missing.d.next = false;
            self.is_malformed.d.next = false;
            self.is_bad_length.d.next = false;
        }
        self.alignment.clock.next = self.clock.val();
        self.alignment.ok.next = !self.more.q.val()
            | (self.near.q.val() == (self.position.q.val().get_bits::<6>(3) == 0));
        self.fresh.next = self.is_new.val() & !self.stopped.q.val();
        self.locate.next = self.head.q.val().get_bits::<16>(self.o_locate.val().index());
        self.message.next = self.found.val();
        self.valid.next = self.decided.q.val()
            & self.operates.q.val()
            & !self.stopped.q.val()
            & (self.was_watched.q.val() != 0);
        // The lowest row: of the first group of four that has one.
        for i in 0..4 {
            self.rows[i].next = self.was_rows.q.val().get_bits::<4>(i * 4);
            self.row_found[i].next = 3.into();
            if self.rows[i].val().get_bit(2) {
                self.row_found[i].next = 2.into();
            }
            if self.rows[i].val().get_bit(1) {
                self.row_found[i].next = 1.into();
            }
            if self.rows[i].val().get_bit(0) {
                self.row_found[i].next = 0.into();
            }
        }
        self.message_instrument.next = bit_cast::<4, 2>(self.row_found[3].val()) | 12;
        if self.rows[2].val() != 0 {
            self.message_instrument.next = bit_cast::<4, 2>(self.row_found[2].val()) | 8;
        }
        if self.rows[1].val() != 0 {
            self.message_instrument.next = bit_cast::<4, 2>(self.row_found[1].val()) | 4;
        }
        if self.rows[0].val() != 0 {
            self.message_instrument.next = bit_cast::<4, 2>(self.row_found[0].val());
        }
        self.message_bank.next = self.was_bank.q.val();
        self.message_generation.next = self.was_generation.q.val();
        self.message_index.next = self.block_index.q.val();
        self.stamp.next = self.decided_at.q.val();
        self.system.next = self.decided_system.q.val() & self.fresh.val();
        self.system_code.next = self.system_event.q.val();
        self.malformed.next = (self.is_malformed.q.val() | (self.missing.q.val() & !self.cut.val())) & !self.reset.val();
        self.bad_length.next = self.is_bad_length.q.val();
    }
}
