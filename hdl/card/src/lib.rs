//! The card: blocks wired together, and the Verilog that comes out.
//!
//! In: the receive stream, commands, the time. Out: the transmit stream, events, the counters in turns. Latency and behaviour:
//! `hdl/README.md`. Holds: reset must last `RESET_CYCLES`, in which every table is swept. Not here: anything clever.
#![forbid(unsafe_code)]

use riposte_blocks::{
    channel::Channel, commit::Commit, control::Control, counters::{COUNTERS, Counters}, events::Events, gate::Gate,
    headers::Headers, issue::Issue, konst::Konst, lanes::LaneReverse, levels::Levels, lines::Lines, orders::Orders,
    parity::Parity, restore::Restore, session::Session, silence::Silence, verdict::Verdict, walker::Walker,
};
use rust_hdl::core::atom::{Atom, AtomKind};
use rust_hdl::prelude::*;

/// Name of the top module.
pub const TOP: &str = "riposte_card";

#[derive(LogicBlock, Default)]
pub struct RiposteCard {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub time_ns: Signal<In, Bits<64>>,
    pub rx_data: Signal<In, Bits<64>>,
    pub rx_bytes: Signal<In, Bits<4>>,
    pub rx_last: Signal<In, bool>,
    pub rx_bad: Signal<In, bool>,
    pub rx_valid: Signal<In, bool>,
    // Line B.
    pub rxb_data: Signal<In, Bits<64>>,
    pub rxb_bytes: Signal<In, Bits<4>>,
    pub rxb_last: Signal<In, bool>,
    pub rxb_bad: Signal<In, bool>,
    pub rxb_valid: Signal<In, bool>,
    pub rxb_time_ns: Signal<In, Bits<64>>,
    pub command: Signal<In, Bits<512>>,
    pub command_valid: Signal<In, bool>,
    pub tx_data: Signal<Out, Bits<64>>,
    pub tx_bytes: Signal<Out, Bits<4>>,
    pub tx_last: Signal<Out, bool>,
    pub tx_valid: Signal<Out, bool>,
    /// Receive time of the frame that caused the one being sent.
    pub tx_time_ns: Signal<Out, Bits<64>>,
    pub event_record: Signal<Out, Bits<512>>,
    pub event_valid: Signal<Out, bool>,
    /// One counter after another, and which.
    pub counter: Signal<Out, Bits<32>>,
    pub counter_index: Signal<Out, Bits<7>>,
    rx_lanes: LaneReverse,
    rxb_lanes: LaneReverse,
    tx_lanes: LaneReverse,
    image_lanes: LaneReverse,
    lines: Lines,
    headers: Headers,
    session: Session,
    silence: Silence,
    walker: Walker,
    issue: Issue,
    orders: Orders,
    levels: Levels,
    commit: Commit,
    verdict: Verdict,
    gate: Gate,
    control: Control,
    channel: Channel,
    events: Events,
    counters: Counters,
    parity: Parity,
    restore: Restore,
    /// Reset as the blocks see it: one register, so that the pin drives nothing else.
    resetting: DFF<bool>,
    /// Reset as the books see it: they are emptied without one too.
    emptying: DFF<bool>,
    cleared: DFF<bool>,
    cycle: DFF<Bits<16>>,
    /// The cycle in which what is shown now was on its port, if it goes straight.
    port_cycle: DFF<Bits<16>>,
    sweep: DFF<Bits<9>>,
    system_sequence: Signal<Local, Bits<64>>,
    is_truncated: Signal<Local, bool>,
    tallies: [Signal<Local, Bits<COUNTERS>>; 31],
    k_cycle: Konst<16, 1>,
    k_sweep: Konst<9, 1>,
}

impl Logic for RiposteCard {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, resetting, emptying, cleared, cycle, port_cycle, sweep);
        self.resetting.d.next = self.reset.val();
        self.emptying.d.next = self.reset.val() | self.restore.sweeps.val();
        clock!(
            self, clock, lines, headers, session, silence, walker, issue, orders, levels, commit, verdict, gate, control, channel,
            events, counters, parity, restore
        );
        self.cycle.d.next = self.cycle.q.val() + self.k_cycle.val();
        self.port_cycle.d.next = self.cycle.q.val();
        self.sweep.d.next = self.sweep.q.val() + self.k_sweep.val();
        if self.resetting.q.val() {
            self.cycle.d.next = 0.into();
        }
        self.lines.reset.next = self.resetting.q.val();
        self.headers.reset.next = self.resetting.q.val();
        self.headers.forget.next = self.lines.forget.val();
        self.session.reset.next = self.resetting.q.val();
        self.silence.reset.next = self.resetting.q.val();
        self.walker.reset.next = self.resetting.q.val() | self.lines.forget.val();
        self.issue.reset.next = self.resetting.q.val();
        self.orders.reset.next = self.emptying.q.val();
        self.orders.sweep.next = self.sweep.q.val();
        self.levels.reset.next = self.emptying.q.val();
        self.levels.sweep.next = self.sweep.q.val();
        self.commit.reset.next = self.emptying.q.val();
        self.commit.sweep.next = self.sweep.q.val();
        self.verdict.reset.next = self.resetting.q.val();
        self.gate.reset.next = self.resetting.q.val();
        self.control.reset.next = self.resetting.q.val();
        self.channel.reset.next = self.resetting.q.val();
        self.events.reset.next = self.resetting.q.val();
        self.counters.reset.next = self.resetting.q.val();
        self.counters.sweep.next = self.sweep.q.val().get_bits::<7>(0);
        self.parity.reset.next = self.resetting.q.val();
        self.restore.reset.next = self.resetting.q.val();

        // ---- frame, session, messages
        self.rx_lanes.word.next = self.rx_data.val();
        self.lines.word_a.data.next = self.rx_lanes.reversed.val();
        self.lines.word_a.bytes.next = self.rx_bytes.val();
        self.lines.word_a.last.next = self.rx_last.val();
        self.lines.word_a.bad.next = self.rx_bad.val();
        self.lines.word_a.valid.next = self.rx_valid.val();
        self.lines.time_a.next = self.time_ns.val();
        self.rxb_lanes.word.next = self.rxb_data.val();
        self.lines.word_b.data.next = self.rxb_lanes.reversed.val();
        self.lines.word_b.bytes.next = self.rxb_bytes.val();
        self.lines.word_b.last.next = self.rxb_last.val();
        self.lines.word_b.bad.next = self.rxb_bad.val();
        self.lines.word_b.valid.next = self.rxb_valid.val();
        self.lines.time_b.next = self.rxb_time_ns.val();
        self.lines.feed_in_force.next = self.control.feed.val();
        self.lines.known.next = self.session.knows.val();
        self.lines.known_session.next = self.session.session_known.val();
        self.lines.expected.next = self.session.expects.val();
        self.lines.fresh.next = self.session.is_fresh.val();
        self.lines.judged.next = self.headers.done.val();
        self.headers.word.data.next = self.lines.word.data.val();
        self.headers.word.bytes.next = self.lines.word.bytes.val();
        self.headers.word.last.next = self.lines.word.last.val();
        self.headers.word.bad.next = self.lines.word.bad.val();
        self.headers.word.valid.next = self.lines.word.valid.val();
        self.headers.time_now.next = self.lines.time_now.val();
        self.headers.group.next = self.lines.group.val();
        self.headers.port.next = self.lines.port.val();
        self.headers.trusted.next = self.lines.trusted.val();
        self.session.done.next = self.headers.done.val();
        self.session.session.next = self.headers.session.val();
        self.session.first_sequence.next = self.headers.first_sequence.val();
        self.session.count.next = self.headers.count.val();
        self.session.aside.next = self.restore.aside.val();
        self.session.restart.next = self.control.clear.val();
        self.session.asked.next = self.control.sequence_asked.val();
        self.session.resume.next = self.control.resume.val();
        self.walker.word.data.next = self.lines.word.data.val();
        self.walker.word.bytes.next = self.lines.word.bytes.val();
        self.walker.word.last.next = self.lines.word.last.val();
        self.walker.word.bad.next = self.lines.word.bad.val();
        self.walker.word.valid.next = self.lines.word.valid.val();
        self.walker.at_six.next = self.headers.at_six.val();
        self.walker.has_tag.next = self.headers.has_tag.val();
        self.walker.starts.next = self.headers.starts.val();
        self.walker.was_ours.next = self.headers.was_ours.val();
        self.walker.payload_end.next = self.headers.payload_end.val();
        self.walker.cut.next = self.headers.cut.val();
        self.walker.deliver.next = self.session.deliver.val();
        self.walker.skip.next = self.session.skip.val();
        self.walker.cycle.next = self.port_cycle.q.val();
        self.control.locate.next = self.walker.locate.val();
        self.walker.rows_found.next = self.control.rows_found.val();
        self.walker.bank.next = self.control.bank.val();
        self.walker.generation.next = self.control.generation.val();

        // ---- operations on books
        self.issue.valid.next = self.walker.valid.val();
        self.issue.message.next = self.walker.message.val();
        self.issue.instrument.next = self.walker.message_instrument.val();
        self.issue.bank.next = self.walker.message_bank.val();
        self.issue.generation.next = self.walker.message_generation.val();
        self.issue.first_sequence.next = self.headers.first_sequence.val();
        self.issue.index.next = self.walker.message_index.val();
        self.issue.frame_time.next = self.headers.frame_time.val();
        self.issue.stamp.next = self.walker.stamp.val();
        self.issue.row.next = self.control.row.val();
        self.issue.row_data.next = self.control.row_data.val();
        self.issue.row_bank.next = self.control.bank.val();
        self.issue.host_waits.next = self.control.order_waits.val();
        self.issue.host_order.next = self.control.order.val();
        self.issue.cycle.next = self.cycle.q.val();
        self.control.order_enters.next = self.issue.host_enters.val();
        self.control.order_judged.next = self.gate.host_judged.val() | self.verdict.host_dropped.val();
        self.orders.issue.next = self.issue.looks_up.val();
        self.orders.operation.next = self.issue.operation.val();
        self.orders.bucket0.next = self.issue.bucket0.val();
        self.orders.bucket1.next = self.issue.bucket1.val();
        self.levels.resolved.next = self.orders.resolved.val();
        self.levels.valid.next = self.orders.valid.val() & self.orders.resolved.val().looked_up;
        self.commit.goes_short.next = self.issue.goes_short.val();
        self.commit.short_operation.next = self.issue.operation.val();
        self.commit.resolved.next = self.orders.resolved.val();
        self.commit.resolved_valid.next = self.orders.valid.val();
        self.commit.overflow.next = self.levels.overflow.val();
        self.commit.overflow_tag.next = self.levels.overflow_tag.val();
        self.commit.overflow_instrument.next = self.levels.overflow_instrument.val();
        self.commit.root.next = self.levels.root.val();
        self.commit.root_valid.next = self.levels.root_valid.val();

        // ---- rules and gate
        self.verdict.valid.next = self.commit.valid.val();
        self.verdict.committed.next = self.commit.committed.val();
        self.verdict.row.next = self.commit.row.val();
        self.verdict.bid.next = self.commit.bid.val();
        self.verdict.ask.next = self.commit.ask.val();
        self.verdict.context_write.next = self.issue.context_write.val();
        self.verdict.context_tag.next = self.issue.context_tag.val();
        self.verdict.message_context.next = self.issue.message_context.val();
        self.verdict.overflow.next = self.levels.overflow.val();
        self.verdict.overflow_instrument.next = self.levels.overflow_instrument.val();
        self.verdict.looked_up.next = self.orders.valid.val();
        self.verdict.looked_up_tag.next = self.orders.resolved.val().tag;
        self.verdict.looked_up_reason.next = self.orders.resolved.val().reason;
        self.verdict.rules_write.next = self.control.rules_write.val();
        self.verdict.rules_address.next = self.control.row_address.val();
        self.verdict.rules_data.next = self.control.rules_data.val();
        self.verdict.actions_data.next = self.control.actions_data.val();
        self.verdict.window_write.next = self.control.limits_write.val();
        self.verdict.window_data.next = self.control.window_data.val();
        self.verdict.empties.next = self.emptying.q.val();
        self.verdict.sweep.next = self.sweep.q.val().get_bits::<4>(0);
        self.verdict.forget.next = self.control.forget.val();
        self.verdict.books_valid.next = self.control.books_valid.val();
        self.verdict.trace.next = self.control.trace.val();
        self.verdict.queue_full.next = self.gate.queue_full.val();
        self.gate.sweep.next = self.sweep.q.val().get_bits::<4>(0);
        self.gate.cycle.next = self.cycle.q.val();
        self.gate.decided.next = self.verdict.decided.val();
        self.gate.decision.next = self.verdict.decision.val();
        self.gate.decision_row.next = self.verdict.decision_row.val();
        self.gate.limits_write.next = self.control.limits_write.val();
        self.gate.limits_address.next = self.control.row_address.val();
        self.gate.limits_data.next = self.control.limits_data.val();
        self.gate.template_write.next = self.control.template_write.val();
        self.gate.template_address.next = self.control.template_address.val();
        self.gate.template_data.next = self.control.template_data.val();
        self.gate.terms_write.next = self.control.terms_write.val();
        self.gate.counting.next = self.control.counting.val();
        self.gate.image_write.next = self.control.image_write.val();
        self.gate.image_address.next = self.control.image_address.val();
        self.image_lanes.word.next = self.control.image_data.val();
        self.gate.image_data.next = self.image_lanes.reversed.val();
        self.gate.session_write.next = self.control.session_write.val();
        self.gate.session_sequence.next = self.control.session_sequence.val();
        self.gate.session_acknowledgement.next = self.control.session_acknowledgement.val();
        self.gate.session_user_ref.next = self.control.session_user_ref.val();
        self.gate.generation.next = self.control.generation.val();
        self.gate.commits.next = self.control.forget.val();
        self.gate.armed.next = self.control.armed.val();
        self.gate.killed.next = self.control.killed.val();
        self.gate.heard.next = self.control.heard.val();
        self.gate.fenced.next = self.control.fenced.val();
        self.gate.grant.next = self.control.grant.val();
        self.gate.throttle.next = self.control.throttle.val();
        self.gate.feed_is_watched.next = self.control.feed.val().has_silence;
        self.gate.books_valid.next = self.control.books_valid.val();
        self.gate.trading.next = self.verdict.trading.val();
        self.tx_lanes.word.next = self.gate.tx.data.val();
        self.tx_data.next = self.tx_lanes.reversed.val();
        self.tx_bytes.next = self.gate.tx.bytes.val();
        self.tx_last.next = self.gate.tx.last.val();
        self.tx_valid.next = self.gate.tx.valid.val();
        self.tx_time_ns.next = self.gate.tx_time.val();

        // ---- commands and validity
        self.control.command.next = self.command.val();
        self.control.command_valid.next = self.command_valid.val();
        self.control.invalidate_all.next = self.channel.invalidate.val();
        self.control.invalidate.next = self.verdict.invalidate.val();
        self.control.halts.next = self.verdict.halts.val();
        self.control.issue.next = self.issue.issue.val();
        self.control.issue_instrument.next = self.issue.operation.val().instrument;
        self.parity.passed.next = self.gate.count_sent.val();
        self.parity.valid.next = self.gate.tx.valid.val();
        self.parity.last.next = self.gate.tx.last.val();
        self.control.fault.next = self.events.lost.val() | self.parity.broken.val();
        self.control.stage.next = self.restore.stage.val();
        self.control.cleared.next = self.restore.cleared.val();
        self.control.may_resume.next = self.session.may_resume.val();
        self.silence.packet.next = self.session.count_packet.val();
        self.silence.ends.next = self.session.count_end.val();
        self.silence.cycles.next = self.control.feed.val().silence;
        self.silence.listens.next = self.control.feed.val().has_silence;
        self.control.feed_heard.next = self.silence.heard.val();
        self.restore.word_valid.next = self.lines.word.valid.val();
        self.restore.word_last.next = self.lines.word.last.val();
        self.restore.forget.next = self.lines.forget.val();
        self.restore.clear.next = self.control.clear.val();
        self.restore.row.next = self.control.row.val();
        self.restore.resume.next = self.control.resume.val();

        // ---- events
        self.system_sequence.next =
            self.headers.first_sequence.val() + bit_cast::<64, 16>(self.walker.message_index.val());
        self.channel.system.next = self.walker.system.val();
        self.channel.system_code.next = self.walker.system_code.val();
        self.channel.system_sequence.next = self.system_sequence.val();
        self.channel.system_time.next = self.headers.frame_time.val();
        self.channel.gap.next = self.session.gap.val();
        self.channel.session_change.next = self.session.session_change.val();
        self.channel.session_end.next = self.session.session_end.val();
        self.channel.overload.next = self.issue.overload.val();
        self.channel.expected.next = self.session.expected_was.val();
        self.channel.received.next = self.session.received.val();
        self.channel.bad_length.next = self.walker.bad_length.val();
        self.channel.malformed.next = self.walker.malformed.val();
        self.channel.bad_frame.next = self.headers.bad_frame.val();
        self.channel.cut.next = self.headers.cut.val();
        self.channel.quiet.next = self.silence.silence.val();
        self.channel.silence.next = self.control.silence.val();
        self.channel.broken.next = self.parity.broken.val();
        self.cleared.d.next = self.restore.cleared.val();
        self.channel.cleared.next = self.cleared.q.val();
        self.channel.frame_time_now.next = self.headers.time_late.val();
        self.channel.generation.next = self.control.generation.val();
        self.events.channel.next = self.channel.note.val();
        self.events.channel_valid.next = self.channel.noted.val();
        self.events.command.next = self.control.note.val();
        self.events.command_valid.next = self.control.noted.val();
        self.events.order.next = self.gate.note.val();
        self.events.order_valid.next = self.gate.noted.val();
        self.events.verdict.next = self.verdict.note.val();
        self.events.verdict_valid.next = self.verdict.noted.val();
        self.event_record.next = self.events.event_record.val();
        self.event_valid.next = self.events.valid.val();

        // ---- counters, bit n for counter n
        self.tallies[0].next = bit_cast::<COUNTERS, 1>(self.headers.count_frame.val().into());
        self.tallies[1].next = bit_cast::<COUNTERS, 1>(self.headers.count_other.val().into()) << 1;
        self.tallies[2].next = bit_cast::<COUNTERS, 1>(self.headers.count_bad.val().into()) << 2;
        self.is_truncated.next = self.headers.cut.val() & !self.headers.bad_frame.val();
        self.tallies[3].next =
            bit_cast::<COUNTERS, 1>(self.is_truncated.val().into()) << 3;
        self.tallies[4].next = bit_cast::<COUNTERS, 1>(self.headers.count_options.val().into()) << 4;
        self.tallies[5].next = bit_cast::<COUNTERS, 1>(self.headers.count_fragment.val().into()) << 5;
        self.tallies[6].next = bit_cast::<COUNTERS, 1>(self.headers.count_udp_length.val().into()) << 6;
        self.tallies[7].next = bit_cast::<COUNTERS, 1>(self.session.count_packet.val().into()) << 7;
        self.tallies[8].next = bit_cast::<COUNTERS, 1>(self.session.count_heartbeat.val().into()) << 8;
        self.tallies[9].next = bit_cast::<COUNTERS, 1>(self.session.count_end.val().into()) << 9;
        self.tallies[10].next = bit_cast::<COUNTERS, 1>(self.session.gap.val().into()) << 10;
        self.tallies[11].next = bit_cast::<COUNTERS, 1>(self.session.count_duplicate.val().into()) << 11;
        self.tallies[12].next = bit_cast::<COUNTERS, 1>(self.session.count_overlap.val().into()) << 12;
        self.tallies[13].next = bit_cast::<COUNTERS, 1>(self.session.session_change.val().into()) << 13;
        self.tallies[14].next = bit_cast::<COUNTERS, 1>(self.walker.malformed.val().into()) << 14;
        self.tallies[15].next = bit_cast::<COUNTERS, 1>(self.walker.bad_length.val().into()) << 15;
        self.tallies[16].next = bit_cast::<COUNTERS, 1>(self.walker.count_unknown.val().into()) << 16;
        self.tallies[17].next = bit_cast::<COUNTERS, 11>(self.walker.count_class.val()) << 17;
        self.tallies[18].next = bit_cast::<COUNTERS, 1>(self.walker.count_unwatched.val().into()) << 28;
        self.tallies[19].next = bit_cast::<COUNTERS, 1>(self.verdict.count_invalidation.val().into()) << 29;
        self.tallies[20].next = bit_cast::<COUNTERS, 1>(self.verdict.decided.val().into()) << 30;
        self.tallies[21].next = bit_cast::<COUNTERS, 1>(self.verdict.count_dropped.val().into()) << 31;
        self.tallies[22].next = (bit_cast::<COUNTERS, 1>(self.gate.count_sent.val().into()) << 32)
            | (bit_cast::<COUNTERS, 1>(self.gate.count_refused.val().into()) << 33);
        self.tallies[23].next = bit_cast::<COUNTERS, 1>(self.control.count_command.val().into()) << 34;
        self.tallies[24].next = bit_cast::<COUNTERS, 1>(self.control.count_refused.val().into()) << 35;
        self.tallies[25].next = bit_cast::<COUNTERS, 1>(self.events.lost.val().into()) << 36;
        self.tallies[26].next = (bit_cast::<COUNTERS, 26>(self.gate.count_reason.val().get_bits::<26>(0)) << 37)
            | (bit_cast::<COUNTERS, 1>(self.gate.count_reason.val().get_bits::<1>(26)) << 81);
        self.tallies[27].next = bit_cast::<COUNTERS, 1>(self.control.silence.val().into()) << 63;
        self.tallies[28].next = bit_cast::<COUNTERS, 7>(self.lines.count_a.val()) << 64;
        self.tallies[29].next = bit_cast::<COUNTERS, 7>(self.lines.count_b.val()) << 71;
        self.tallies[30].next = (bit_cast::<COUNTERS, 1>(self.parity.began.val().into()) << 78)
            | (bit_cast::<COUNTERS, 1>(self.parity.broken.val().into()) << 79)
            | (bit_cast::<COUNTERS, 1>(self.silence.silence.val().into()) << 80);
        self.counters.count.next = (self.tallies[0].val() | self.tallies[1].val() | self.tallies[2].val() | self.tallies[3].val() | self.tallies[4].val())
            | (self.tallies[5].val() | self.tallies[6].val() | self.tallies[7].val() | self.tallies[8].val() | self.tallies[9].val())
            | (self.tallies[10].val() | self.tallies[11].val() | self.tallies[12].val() | self.tallies[13].val() | self.tallies[14].val())
            | (self.tallies[15].val() | self.tallies[16].val() | self.tallies[17].val() | self.tallies[18].val() | self.tallies[19].val())
            | (self.tallies[20].val() | self.tallies[21].val() | self.tallies[22].val() | self.tallies[23].val() | self.tallies[24].val())
            | (self.tallies[25].val() | self.tallies[26].val() | self.tallies[27].val() | self.tallies[28].val() | self.tallies[29].val())
            | self.tallies[30].val();
        self.counter.next = self.counters.value.val();
        self.counter_index.next = self.counters.index.val();
    }
}

/// A card with its wires connected, as every user of its structure wants it.
pub fn card() -> RiposteCard {
    let mut card = RiposteCard::default();
    card.connect_all();
    card
}

/// Verilog of a block under a name of its own. Panics when rust-hdl's own checks find a fault in its wiring:
/// a programmer's error.
pub fn verilog_of<B: Block>(name: &str, block: &B) -> String {
    if let Err(fault) = check_all(block) {
        panic!("{name}: {fault:?}");
    }
    let mut modules = ModuleDefines::default();
    block.accept(name, &mut modules);
    straight_clocks(&modules.defines())
}

/// rust-hdl hands the clock down through every block's combinational process, as `part$clock = clock;`. Simulators
/// then see a derived clock per register; here each part takes its parent's clock port directly.
fn straight_clocks(verilog: &str) -> String {
    let mut straight = String::with_capacity(verilog.len());
    for line in verilog.lines() {
        let text = line.trim();
        let is_handed_down = text.ends_with("$clock = clock;") || (text.starts_with("reg ") && text.ends_with("$clock;"));
        if is_handed_down {
            continue;
        }
        match text.strip_prefix(".clock(") {
            Some(rest) => {
                straight.push_str("        .clock(clock)");
                straight.push_str(if rest.ends_with(',') { ",\n" } else { "\n" });
            }
            None => {
                straight.push_str(line);
                straight.push('\n');
            }
        }
    }
    straight
}

/// Verilog of the whole card.
pub fn verilog() -> String {
    verilog_of(TOP, &card())
}

/// Collects the ports of a card's blocks.
#[derive(Default)]
struct PortProbe {
    depth: usize,
    path: Vec<String>,
    found: Vec<(String, VerilogLiteral, usize)>,
}

impl Probe for PortProbe {
    fn visit_start_scope(&mut self, name: &str, _: &dyn Block) {
        self.depth += 1;
        self.path.push(name.into());
    }
    fn visit_end_scope(&mut self, _: &str, _: &dyn Block) {
        self.depth -= 1;
        self.path.pop();
    }
    fn visit_start_namespace(&mut self, name: &str, _: &dyn Block) {
        self.path.push(name.into());
    }
    fn visit_end_namespace(&mut self, _: &str, _: &dyn Block) {
        self.path.pop();
    }
    fn visit_atom(&mut self, name: &str, atom: &dyn Atom) {
        if self.depth == 2 && matches!(atom.kind(), AtomKind::OutputParameter) {
            let name = format!("{}${name}", self.path[1..].join("$"));
            self.found.push((name, atom.verilog(), atom.bits()));
        }
    }
}

/// Value of every output port of every block of `card` now, with its name in the top module and its width.
pub fn block_port_values(card: &RiposteCard) -> Vec<(String, VerilogLiteral, usize)> {
    let mut probe = PortProbe::default();
    card.accept(TOP, &mut probe);
    probe.found
}

/// Names and widths of every output port of every block, as the top module has them.
pub fn block_ports() -> Vec<(String, usize)> {
    block_port_values(&card()).into_iter().map(|(name, _, width)| (name, width)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use riposte_blocks::audit::audit;

    #[test]
    fn every_kernel_of_the_card_passes_the_audit() {
        let findings = audit(TOP, &card());
        assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
    }

    #[test]
    fn the_card_is_wired_and_prints_one_top() {
        let verilog = verilog();
        assert_eq!(verilog.matches(&format!("\nmodule {TOP}(")).count(), 1);
    }
}
