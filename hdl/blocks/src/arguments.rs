//! What a command's arguments are to the tables that they are written to.
//!
//! In: a command. Out, in the same cycle: a row of rules, an instrument's limits, a template, the gate's parameters, the feed, a row
//! of a book; whoever writes takes the one that the opcode is for. Not here: where it goes, and whether it does.
use crate::{bundle::*, konst::Konst};
use riposte_map::{limits, shm::{Action, Condition, MASS_CANCEL, Row, bits::command}};
use rust_hdl::prelude::*;

// A condition's number less one: bit 0 is "at most", bits 1 and 2 say of what, bit 4 that it is a size, with bit 3 one over
// time.
const _: () = {
    assert!(Condition::BidAtLeast as u64 == 1 && Condition::BidAtMost as u64 == 2);
    assert!(Condition::AskAtLeast as u64 == 3 && Condition::AskAtMost as u64 == 4);
    assert!(Condition::SpreadAtLeast as u64 == 5 && Condition::SpreadAtMost as u64 == 6);
    assert!(Condition::TradeAtLeast as u64 == 7 && Condition::TradeAtMost as u64 == 8);
    assert!(Condition::BidSizeAtLeast as u64 == 17 && Condition::BidSizeAtMost as u64 == 18);
    assert!(Condition::AskSizeAtLeast as u64 == 19 && Condition::AskSizeAtMost as u64 == 20);
    assert!(Condition::TradeSizeAtLeast as u64 == 23 && Condition::TradeSizeAtMost as u64 == 24);
    assert!(Condition::RateAtLeast as u64 == 25 && Condition::RateAtMost as u64 == 26);
    assert!(Condition::RiseAtLeast as u64 == 27 && Condition::RiseAtMost as u64 == 28);
    assert!(Condition::FallAtLeast as u64 == 29 && Condition::FallAtMost as u64 == 30);
    assert!(limits::HOST_RULE == 3);
};

/// A condition's number and its threshold, as `rule` compares them.
#[derive(LogicBlock, Default)]
pub struct TermOf {
    pub code: Signal<In, Bits<8>>,
    pub threshold: Signal<In, Bits<32>>,
    pub term: Signal<Out, Term>,
    from0: Signal<Local, Bits<8>>,
    inverse: Signal<Local, Bits<32>>,
    is_there: Signal<Local, bool>,
    of_price: Signal<Local, bool>,
    of_size: Signal<Local, bool>,
    of_time: Signal<Local, bool>,
    of_bid: Signal<Local, bool>,
    of_ask: Signal<Local, bool>,
    of_trade: Signal<Local, bool>,
    it: Signal<Local, Term>,
    k_full: Konst<32, 0xffff_ffff>,
    k_size: Konst<5, 0b10>,
    k_time: Konst<5, 0b11>,
    k_bid: Konst<2, 0b00>,
    k_ask: Konst<2, 0b01>,
    k_spread: Konst<2, 0b10>,
    k_trade: Konst<2, 0b11>,
    k_rate: Konst<2, 0b00>,
    k_rise: Konst<2, 0b01>,
    k_fall: Konst<2, 0b10>,
}

impl Logic for TermOf {
    #[hdl_gen]
    fn update(&mut self) {
        self.from0.next = self.code.val() - 1;
        self.inverse.next = 0.into();
        if self.from0.val().get_bit(0) {
            self.inverse.next = self.k_full.val();
        }
        self.is_there.next = self.code.val() != 0;
        self.it.next.is_there = self.is_there.val();
        self.it.next.threshold = 0.into();
        if self.is_there.val() {
            self.it.next.threshold = self.threshold.val() ^ self.inverse.val();
        }
        self.it.next.at_most = self.from0.val().get_bit(0);
        // Numbers from 1 to 8 are of prices; those 16 above them of sizes, but for the spread.
        self.of_price.next = self.from0.val().get_bits::<5>(3) == 0;
        self.of_size.next = self.from0.val().get_bits::<5>(3) == self.k_size.val();
        self.of_time.next = self.from0.val().get_bits::<5>(3) == self.k_time.val();
        self.of_bid.next = self.from0.val().get_bits::<2>(1) == self.k_bid.val();
        self.of_ask.next = self.from0.val().get_bits::<2>(1) == self.k_ask.val();
        self.of_trade.next = self.from0.val().get_bits::<2>(1) == self.k_trade.val();
        self.it.next.bid_price = self.of_price.val() & self.of_bid.val();
        self.it.next.ask_price = self.of_price.val() & self.of_ask.val();
        self.it.next.trade_price = self.of_price.val() & self.of_trade.val();
        self.it.next.spread = self.of_price.val() & (self.from0.val().get_bits::<2>(1) == self.k_spread.val());
        self.it.next.bid_size = self.of_size.val() & self.of_bid.val();
        self.it.next.ask_size = self.of_size.val() & self.of_ask.val();
        self.it.next.trade_size = self.of_size.val() & self.of_trade.val();
        self.it.next.rate = self.of_time.val() & (self.from0.val().get_bits::<2>(1) == self.k_rate.val());
        self.it.next.rise = self.of_time.val() & (self.from0.val().get_bits::<2>(1) == self.k_rise.val());
        self.it.next.fall = self.of_time.val() & (self.from0.val().get_bits::<2>(1) == self.k_fall.val());
        self.term.next = self.it.val();
    }
}

#[derive(LogicBlock, Default)]
pub struct Arguments {
    pub command: Signal<In, Bits<512>>,
    pub rules: Signal<Out, TermRow>,
    /// Bit r: rule r has no order; bit 4 + r: it halts.
    pub actions: Signal<Out, Bits<8>>,
    /// Bit t: they are term t.
    pub term: Signal<Out, Bits<3>>,
    /// Of its rules, the last is none, but a place for orders of the host.
    pub has_place: Signal<Out, bool>,
    pub limits: Signal<Out, Limits>,
    pub instrument_window: Signal<Out, Window>,
    pub template: Signal<Out, Template>,
    pub counting: Signal<Out, Counting>,
    pub throttle: Signal<Out, Throttle>,
    pub feed: Signal<Out, Feed>,
    pub book_row: Signal<Out, BookRow>,
    arg0: Signal<Local, Bits<64>>,
    arg1: Signal<Local, Bits<64>>,
    arg2: Signal<Local, Bits<64>>,
    kind: Signal<Local, Bits<4>>,
    number: Signal<Local, Bits<2>>,
    arg3: Signal<Local, Bits<64>>,
    arg4: Signal<Local, Bits<64>>,
    arg5: Signal<Local, Bits<64>>,
    action: [Signal<Local, Bits<8>>; 4],
    flags: [Signal<Local, Bits<8>>; 4],
    terms: [TermOf; 4],
    row: Signal<Local, TermRow>,
    limit: Signal<Local, Limits>,
    reach: Signal<Local, Bits<32>>,
    length: Signal<Local, Bits<32>>,
    span: Signal<Local, Window>,
    order: Signal<Local, Template>,
    count: Signal<Local, Counting>,
    interval: Signal<Local, Bits<32>>,
    gate: Signal<Local, Throttle>,
    lines: Signal<Local, Feed>,
    window: Signal<Local, Bits<32>>,
    quiet: Signal<Local, Bits<32>>,
    book: Signal<Local, BookRow>,
    k_host: Konst<8, { Condition::Host as u64 }>,
    k_cancel: Konst<8, { MASS_CANCEL as u64 }>,
    k_full: Konst<32, 0xffff_ffff>,
    k_three: Konst<32, 3>,
    k_term: Konst<3, 1>,
    k_halt: Konst<8, { Action::Halt as u64 }>,
    k_silent: Konst<8, 1>,
    k_halts: Konst<8, 0x11>,
    k_remove: Konst<4, { Row::Remove as u64 }>,
    k_state: Konst<4, { Row::State as u64 }>,
    o_instrument: Konst<9, { command::INSTRUMENT.lsb }>,
    o_index: Konst<9, { command::INDEX.lsb }>,
    o_arg0: Konst<9, { command::ARGS.lsb }>,
    o_arg1: Konst<9, { command::ARGS.lsb + 64 }>,
    o_arg2: Konst<9, { command::ARGS.lsb + 128 }>,
    o_arg3: Konst<9, { command::ARGS.lsb + 192 }>,
    o_arg4: Konst<9, { command::ARGS.lsb + 256 }>,
    o_arg5: Konst<9, { command::ARGS.lsb + 320 }>,
}

impl Logic for Arguments {
    #[hdl_gen]
    fn update(&mut self) {
        self.arg0.next = self.command.val().get_bits::<64>(self.o_arg0.val().index());
        self.arg1.next = self.command.val().get_bits::<64>(self.o_arg1.val().index());
        self.arg2.next = self.command.val().get_bits::<64>(self.o_arg2.val().index());
        for i in 0..4 {
            self.terms[i].code.next = self.arg0.val().get_bits::<8>(i * 8);
        }
        self.terms[0].threshold.next = self.arg1.val().get_bits::<32>(0);
        self.terms[1].threshold.next = self.arg1.val().get_bits::<32>(32);
        self.terms[2].threshold.next = self.arg2.val().get_bits::<32>(0);
        self.terms[3].threshold.next = self.arg2.val().get_bits::<32>(32);
        self.row.next.rule0 = self.terms[0].term.val();
        self.row.next.rule1 = self.terms[1].term.val();
        self.row.next.rule2 = self.terms[2].term.val();
        self.row.next.rule3 = self.terms[3].term.val();
        self.arg3.next = self.command.val().get_bits::<64>(self.o_arg3.val().index());
        for i in 0..4 {
            self.action[i].next = self.arg3.val().get_bits::<8>(i * 8);
            self.flags[i].next = 0.into();
            if self.action[i].val() != 0 {
                self.flags[i].next = self.k_silent.val() << i.to_bits::<8>();
            }
            if self.action[i].val() == self.k_halt.val() {
                self.flags[i].next = self.k_halts.val() << i.to_bits::<8>();
            }
        }
        self.actions.next =
            self.flags[0].val() | self.flags[1].val() | self.flags[2].val() | self.flags[3].val();
        self.number.next = self.command.val().get_bits::<2>(self.o_index.val().index());
        self.term.next = self.k_term.val() << bit_cast::<3, 2>(self.number.val());
        self.rules.next = self.row.val();
        self.has_place.next = self.arg0.val().get_bits::<8>(24) == self.k_host.val();
        self.limit.next.enabled = self.arg0.val().get_bit(16);
        self.limit.next.may_buy = self.arg0.val().get_bit(17);
        self.limit.next.may_sell = self.arg0.val().get_bit(18);
        self.limit.next.may_short = self.arg0.val().get_bit(19);
        self.limit.next.may_cancel = self.arg0.val().get_bit(20);
        self.limit.next.quantity_max = self.arg1.val().get_bits::<32>(0);
        self.limit.next.collar_low = self.arg1.val().get_bits::<32>(32);
        self.limit.next.collar_high = self.arg2.val().get_bits::<32>(0);
        self.reach.next = self.arg2.val().get_bits::<32>(32);
        self.limit.next.reach = self.reach.val();
        self.limit.next.has_reach = self.reach.val() != 0;
        self.limit.next.is_open = self.reach.val() == self.k_full.val();
        self.limit.next.value_max = self.arg3.val();
        self.limits.next = self.limit.val();
        self.arg4.next = self.command.val().get_bits::<64>(self.o_arg4.val().index());
        self.length.next = self.arg4.val().get_bits::<32>(0);
        self.span.next.is_there = self.length.val() != 0;
        self.span.next.is_brief = self.length.val() < self.k_three.val();
        self.span.next.cycles = self.length.val() - self.k_three.val();
        self.instrument_window.next = self.span.val();
        self.order.next.quantity = self.arg0.val().get_bits::<32>(0);
        self.order.next.price = self.arg0.val().get_bits::<32>(32);
        self.order.next.side = self.arg1.val().get_bits::<8>(0);
        self.order.next.words = self.arg1.val().get_bits::<5>(8);
        self.order.next.last_bytes = self.arg1.val().get_bits::<4>(16);
        self.order.next.payload_bytes = self.arg1.val().get_bits::<8>(24);
        self.order.next.checksum = self.arg1.val().get_bits::<16>(32);
        self.order.next.cooldown = self.arg2.val().get_bits::<48>(0);
        self.order.next.lifetime = self.arg3.val().get_bits::<48>(0);
        self.order.next.cancels = self.arg1.val().get_bits::<8>(0) == self.k_cancel.val();
        self.order.next.immediate = self.arg1.val().get_bit(48);
        self.template.next = self.order.val();
        self.arg5.next = self.command.val().get_bits::<64>(self.o_arg5.val().index());
        self.count.next.tick = self.arg5.val().get_bits::<32>(0);
        self.count.next.lot = self.arg5.val().get_bits::<32>(32);
        self.count.next.ticks = self.arg4.val().get_bits::<32>(0);
        self.count.next.lots = self.arg4.val().get_bits::<32>(32);
        self.counting.next = self.count.val();
        self.interval.next = self.arg0.val().get_bits::<32>(0);
        self.gate.next.interval = self.interval.val();
        self.gate.next.runs = self.interval.val() != 0;
        self.gate.next.runs_always = self.interval.val() == 1;
        self.gate.next.burst = self.arg0.val().get_bits::<16>(32);
        self.gate.next.age_max = self.arg0.val().get_bits::<16>(48);
        self.gate.next.kept = self.arg1.val().get_bits::<16>(0);
        self.throttle.next = self.gate.val();
        self.lines.next.group = self.arg0.val().get_bits::<32>(0);
        self.lines.next.port = self.arg0.val().get_bits::<16>(32);
        self.lines.next.group_b = self.arg1.val().get_bits::<32>(0);
        self.lines.next.port_b = self.arg1.val().get_bits::<16>(32);
        self.lines.next.has_b = self.arg1.val().get_bits::<48>(0) != 0;
        self.window.next = self.arg2.val().get_bits::<32>(0);
        self.lines.next.window = self.window.val();
        self.lines.next.has_window = self.window.val() != 0;
        self.quiet.next = self.arg3.val().get_bits::<32>(0);
        self.lines.next.silence = self.quiet.val();
        self.lines.next.has_silence = self.quiet.val() != 0;
        self.feed.next = self.lines.val();
        self.kind.next = self.command.val().get_bits::<4>(self.o_index.val().index());
        self.book.next.instrument = self.command.val().get_bits::<4>(self.o_instrument.val().index());
        self.book.next.reference = self.arg0.val();
        self.book.next.shares = self.arg1.val().get_bits::<32>(0);
        self.book.next.price = self.arg1.val().get_bits::<32>(32);
        self.book.next.mark = self.arg2.val().get_bits::<8>(0);
        self.book.next.removes = self.kind.val() == self.k_remove.val();
        self.book.next.is_state = self.kind.val() == self.k_state.val();
        self.book_row.next = self.book.val();
    }
}
