//! Commands, parameter banks, and the state that every order depends on: generation, arm, kill.
//!
//! In: a command (cycle x), who invalidates what. Out: writes to the shadow bank in x + 2; state that has changed is visible in x + 3;
//! an acknowledgement in that cycle. Why: parameters are written beside those in force and exchanged with them by one write. A
//! command is decoded into registers first, since one bit of it may move a thousand.
//! Holds: reset leaves generation 0, disarmed, the host unheard; kill stays until it is cleared; a silent host disarms.
use crate::{arguments::Arguments, bundle::*, entry::Entry, heartbeat::Heartbeat, konst::Konst, validity::Validity};
use riposte_map::{limits, reason::Reason, shm::{EventKind, Opcode, bits::command}};
use rust_hdl::prelude::*;

#[derive(LogicBlock, Default)]
pub struct Control {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub command: Signal<In, Bits<512>>,
    pub command_valid: Signal<In, bool>,
    pub invalidate_all: Signal<In, bool>,
    pub invalidate: Signal<In, Bits<16>>,
    /// Instruments that a rule halts.
    pub halts: Signal<In, Bits<16>>,
    pub issue: Signal<In, bool>,
    pub issue_instrument: Signal<In, Bits<4>>,
    /// What a sound card never does has happened: kills.
    pub fault: Signal<In, bool>,
    pub stage: Signal<In, Stage>,
    pub cleared: Signal<In, bool>,
    /// The feed is where the command says.
    pub may_resume: Signal<In, bool>,
    /// Packets of the feed come in time, if they have to.
    pub feed_heard: Signal<In, bool>,
    pub locate: Signal<In, Bits<16>>,
    /// Instrument table: the rows with this locate, bit n for row n.
    pub rows_found: Signal<Out, Bits<16>>,
    // State.
    pub bank: Signal<Out, bool>,
    pub generation: Signal<Out, Bits<32>>,
    pub armed: Signal<Out, bool>,
    pub killed: Signal<Out, bool>,
    pub heard: Signal<Out, bool>,
    /// The first cycle in which the host is not heard.
    pub silence: Signal<Out, bool>,
    /// As the arguments of Fence, which are 48 and 64 bits.
    pub fenced: Signal<Out, Bits<112>>,
    pub throttle: Signal<Out, Throttle>,
    pub trace: Signal<Out, bool>,
    pub books_valid: Signal<Out, Bits<16>>,
    pub clear: Signal<Out, bool>,
    pub resume: Signal<Out, bool>,
    /// Where the feed is to be (x + 1).
    pub sequence_asked: Signal<Out, Bits<64>>,
    pub row: Signal<Out, bool>,
    pub row_data: Signal<Out, BookRow>,
    // An order of the host.
    pub order_enters: Signal<In, bool>,
    pub order_judged: Signal<In, bool>,
    pub order_waits: Signal<Out, bool>,
    pub order: Signal<Out, HostOrder>,
    pub feed: Signal<Out, Feed>,
    /// New parameters come into force with the next cycle.
    pub forget: Signal<Out, bool>,
    // Writes.
    /// Bit t: term t of an instrument's rules.
    pub rules_write: Signal<Out, Bits<3>>,
    pub rules_data: Signal<Out, TermRow>,
    pub actions_data: Signal<Out, Bits<8>>,
    pub limits_write: Signal<Out, bool>,
    pub limits_data: Signal<Out, Limits>,
    /// Of the limits' row.
    pub window_data: Signal<Out, Window>,
    pub row_address: Signal<Out, Bits<5>>,
    pub template_write: Signal<Out, bool>,
    pub template_data: Signal<Out, Template>,
    pub template_address: Signal<Out, Bits<7>>,
    pub terms_write: Signal<Out, bool>,
    pub counting: Signal<Out, Counting>,
    pub image_write: Signal<Out, bool>,
    pub image_address: Signal<Out, Bits<11>>,
    /// First byte on the wire in the low lane.
    pub image_data: Signal<Out, Bits<64>>,
    pub grant: Signal<Out, Grant>,
    pub session_write: Signal<Out, bool>,
    pub session_sequence: Signal<Out, Bits<32>>,
    pub session_acknowledgement: Signal<Out, Bits<32>>,
    pub session_user_ref: Signal<Out, Bits<32>>,
    pub note: Signal<Out, Note>,
    pub noted: Signal<Out, bool>,
    pub count_command: Signal<Out, bool>,
    pub count_refused: Signal<Out, bool>,
    came: DFF<Bits<512>>,
    came_valid: DFF<bool>,
    /// It is a row of the instrument table.
    came_instrument: DFF<bool>,
    held: DFF<Bits<512>>,
    held_valid: DFF<bool>,
    // The command that is held, decoded: bit n for opcode n.
    does: DFF<Bits<32>>,
    /// It is a commit, and of a generation above the one in force.
    does_commit: DFF<bool>,
    /// The row of the instrument table that it writes, if it does.
    locate_row: DFF<Bits<16>>,
    /// Its opcode is one of the contract's.
    is_known: DFF<bool>,
    told: DFF<Note>,
    tells: DFF<bool>,
    refuses: DFF<bool>,
    in_force: DFF<bool>,
    number: DFF<Bits<32>>,
    is_armed: DFF<bool>,
    is_killed: DFF<bool>,
    is_traced: DFF<bool>,
    arguments: Arguments,
    heartbeat: Heartbeat,
    entry: Entry,
    fences: DFF<Bits<112>>,
    throttle_now: DFF<Throttle>,
    throttle_shadow: DFF<Throttle>,
    validity: Validity,
    feed_now: DFF<Feed>,
    feed_shadow: DFF<Feed>,
    // The instrument table; a row whose locate is 0 is not used.
    locate_now: [DFF<Bits<16>>; 16],
    used_now: [DFF<bool>; 16],
    locate_shadow: [DFF<Bits<16>>; 16],
    used_shadow: [DFF<bool>; 16],
    opcode_came: Signal<Local, Bits<8>>,
    row_came: Signal<Local, Bits<4>>,
    value_came: Signal<Local, Bits<32>>,
    opcode: Signal<Local, Bits<8>>,
    table_row: Signal<Local, Bits<4>>,
    rule: Signal<Local, Bits<2>>,
    word: Signal<Local, Bits<4>>,
    value: Signal<Local, Bits<32>>,
    arg0: Signal<Local, Bits<64>>,
    arg1: Signal<Local, Bits<64>>,
    shadow: Signal<Local, Bits<1>>,
    template_bank: Signal<Local, Bits<1>>,
    template_rule: Signal<Local, Bits<2>>,
    order_asked: Signal<Local, HostOrder>,
    granted: Signal<Local, Grant>,
    throttle_unset: Signal<Local, Throttle>,
    feed_unset: Signal<Local, Feed>,
    hit: [Signal<Local, Bits<16>>; 16],
    mask: Signal<Local, Bits<16>>,
    scopes: Signal<Local, Bits<112>>,
    fenced_next: Signal<Local, Bits<112>>,
    is_new: Signal<Local, bool>,
    is_silent: Signal<Local, bool>,
    reason: Signal<Local, Bits<8>>,
    generation_after: Signal<Local, Bits<32>>,
    report: Signal<Local, Note>,
    k_bit: Konst<16, 1>,
    k_opcode: Konst<32, 1>,
    k_host: Konst<2, { limits::HOST_RULE as u64 }>,
    k_command: Konst<8, { EventKind::Command as u64 }>,
    o_sequence: Konst<9, { command::SEQUENCE.lsb }>,
    o_opcode: Konst<9, { command::OPCODE.lsb }>,
    o_instrument: Konst<9, { command::INSTRUMENT.lsb }>,
    o_rule: Konst<9, { command::RULE.lsb }>,
    o_index: Konst<9, { command::INDEX.lsb }>,
    o_value: Konst<9, { command::VALUE.lsb }>,
    o_arg0: Konst<9, { command::ARGS.lsb }>,
    o_arg1: Konst<9, { command::ARGS.lsb + 64 }>,
    c_feed: Konst<8, { Opcode::WriteFeed as u64 }>,
    c_instrument: Konst<8, { Opcode::WriteInstrument as u64 }>,
    c_rules: Konst<8, { Opcode::WriteRules as u64 }>,
    c_template: Konst<8, { Opcode::WriteTemplate as u64 }>,
    c_image: Konst<8, { Opcode::WriteImage as u64 }>,
    c_commit: Konst<8, { Opcode::Commit as u64 }>,
    c_arm: Konst<8, { Opcode::Arm as u64 }>,
    c_disarm: Konst<8, { Opcode::Disarm as u64 }>,
    c_kill: Konst<8, { Opcode::Kill as u64 }>,
    c_clear_kill: Konst<8, { Opcode::ClearKill as u64 }>,
    c_validate: Konst<8, { Opcode::Validate as u64 }>,
    c_invalidate: Konst<8, { Opcode::Invalidate as u64 }>,
    c_session: Konst<8, { Opcode::Session as u64 }>,
    c_trace: Konst<8, { Opcode::Trace as u64 }>,
    c_gate: Konst<8, { Opcode::WriteGate as u64 }>,
    c_lease: Konst<8, { Opcode::Lease as u64 }>,
    c_credit: Konst<8, { Opcode::Credit as u64 }>,
    c_repeat: Konst<8, { Opcode::Repeat as u64 }>,
    c_resting: Konst<8, { Opcode::Resting as u64 }>,
    c_heartbeat: Konst<8, { Opcode::Heartbeat as u64 }>,
    c_fence: Konst<8, { Opcode::Fence as u64 }>,
    c_lift: Konst<8, { Opcode::Lift as u64 }>,
    c_clear: Konst<8, { Opcode::Clear as u64 }>,
    c_row: Konst<8, { Opcode::Row as u64 }>,
    c_resume: Konst<8, { Opcode::Resume as u64 }>,
    c_order: Konst<8, { Opcode::Order as u64 }>,
    r_none: Konst<8, { Reason::None as u64 }>,
    r_opcode: Konst<8, { Reason::BadOpcode as u64 }>,
    r_generation: Konst<8, { Reason::OldGeneration as u64 }>,
}

const _: () = assert!(Opcode::ALL.len() == Opcode::Resting as usize && Opcode::ALL.len() < 32);

impl Logic for Control {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, came, came_valid, came_instrument, held, held_valid, does, does_commit, locate_row, is_known,
            told, tells, refuses, in_force, number, is_armed, is_killed, is_traced, fences, throttle_now,
            throttle_shadow, feed_now, feed_shadow
        );
        for i in 0..16 {
            self.locate_now[i].clock.next = self.clock.val();
            self.locate_now[i].d.next = self.locate_now[i].q.val();
            self.locate_shadow[i].clock.next = self.clock.val();
            self.locate_shadow[i].d.next = self.locate_shadow[i].q.val();
            self.used_now[i].clock.next = self.clock.val();
            self.used_now[i].d.next = self.used_now[i].q.val();
            self.used_shadow[i].clock.next = self.clock.val();
            self.used_shadow[i].d.next = self.used_shadow[i].q.val();
        }
        self.came.d.next = self.command.val();
        self.came_valid.d.next = self.command_valid.val();
        self.came_instrument.d.next = self.command_valid.val()
            & (self.command.val().get_bits::<8>(self.o_opcode.val().index()) == self.c_instrument.val());
        // ---- x + 1: the command, decoded
        self.held.d.next = self.came.q.val();
        self.held_valid.d.next = self.came_valid.q.val();
        self.opcode_came.next = self.came.q.val().get_bits::<8>(self.o_opcode.val().index());
        self.row_came.next = self.came.q.val().get_bits::<4>(self.o_instrument.val().index());
        self.value_came.next = self.came.q.val().get_bits::<32>(self.o_value.val().index());
        self.is_known.d.next =
            (self.opcode_came.val() != 0) & (self.opcode_came.val() <= self.c_resting.val());
        self.does.d.next = 0.into();
        self.locate_row.d.next = 0.into();
        if self.came_valid.q.val() & (self.opcode_came.val().get_bits::<3>(5) == 0) {
            self.does.d.next = self.k_opcode.val() << bit_cast::<32, 8>(self.opcode_came.val());
        }
        if self.came_instrument.q.val() {
            self.locate_row.d.next = self.k_bit.val() << bit_cast::<16, 4>(self.row_came.val());
        }
        // The command before it may be a commit that has its effect in this cycle.
        self.value.next = self.held.q.val().get_bits::<32>(self.o_value.val().index());
        self.is_new.next = self.value_came.val() > self.number.q.val();
        if self.does_commit.q.val() {
            self.is_new.next = self.value_came.val() > self.value.val();
        }
        self.does_commit.d.next = self.came_valid.q.val()
            & (self.opcode_came.val() == self.c_commit.val())
            & self.is_new.val();
        // ---- the instrument table
        for i in 0..16 {
            self.hit[i].next = 0.into();
            if self.used_now[i].q.val() & (self.locate_now[i].q.val() == self.locate.val()) {
                self.hit[i].next = self.k_bit.val() << i.to_bits::<16>();
            }
        }
        self.rows_found.next = (self.hit[0].val() | self.hit[1].val() | self.hit[2].val() | self.hit[3].val())
            | (self.hit[4].val() | self.hit[5].val() | self.hit[6].val() | self.hit[7].val())
            | (self.hit[8].val() | self.hit[9].val() | self.hit[10].val() | self.hit[11].val())
            | (self.hit[12].val() | self.hit[13].val() | self.hit[14].val() | self.hit[15].val());
        // ---- x + 2: the command
        self.opcode.next = self.held.q.val().get_bits::<8>(self.o_opcode.val().index());
        self.table_row.next = self.held.q.val().get_bits::<4>(self.o_instrument.val().index());
        self.rule.next = self.held.q.val().get_bits::<2>(self.o_rule.val().index());
        self.word.next = self.held.q.val().get_bits::<4>(self.o_index.val().index());
        self.arg0.next = self.held.q.val().get_bits::<64>(self.o_arg0.val().index());
        self.arg1.next = self.held.q.val().get_bits::<64>(self.o_arg1.val().index());
        self.mask.next = self.arg0.val().get_bits::<16>(0);
        self.shadow.next = (!self.in_force.q.val()).into();
        self.is_silent.next = ((self.opcode.val() != 0) & (self.opcode.val() <= self.c_image.val()))
            | self.does.q.val().get_bit(self.c_gate.val().index())
            | self.does.q.val().get_bit(self.c_heartbeat.val().index())
            | self.validity.row.val();
        self.validity.clock.next = self.clock.val();
        self.validity.reset.next = self.reset.val();
        self.validity.mask.next = self.mask.val();
        self.validity.wants_valid.next = self.does.q.val().get_bit(self.c_validate.val().index());
        self.validity.wants_invalid.next = self.does.q.val().get_bit(self.c_invalidate.val().index());
        self.validity.wants_clear.next = self.does.q.val().get_bit(self.c_clear.val().index());
        self.validity.wants_row.next = self.does.q.val().get_bit(self.c_row.val().index());
        self.validity.wants_resume.next = self.does.q.val().get_bit(self.c_resume.val().index());
        self.validity.stage.next = self.stage.val();
        self.validity.may_resume.next = self.may_resume.val();
        self.validity.feed_silent.next = self.feed_now.q.val().has_silence & !self.feed_heard.val();
        self.validity.cleared.next = self.cleared.val();
        self.validity.invalidate_all.next = self.invalidate_all.val();
        self.validity.invalidate.next = self.invalidate.val();
        self.validity.issue.next = self.issue.val();
        self.validity.issue_instrument.next = self.issue_instrument.val();
        self.clear.next = self.validity.clear.val();
        self.resume.next = self.validity.resume.val();
        self.sequence_asked.next = self.came.q.val().get_bits::<64>(self.o_arg1.val().index());
        self.row.next = self.validity.row.val();
        self.row_data.next = self.arguments.book_row.val();
        self.arguments.command.next = self.held.q.val();
        self.entry.clock.next = self.clock.val();
        self.entry.reset.next = self.reset.val();
        self.entry.row_came.next = self.row_came.val();
        self.entry.asks.next = self.does.q.val().get_bit(self.c_order.val().index());
        self.entry.aside.next = self.stage.val().clearing | self.stage.val().open;
        self.entry.rules_write.next =
            self.does.q.val().get_bit(self.c_rules.val().index()) & self.arguments.term.val().get_bit(0);
        self.entry.rules_row.next = self.table_row.val();
        self.entry.has_place.next = self.arguments.has_place.val();
        self.entry.commits.next = self.does_commit.q.val();
        self.entry.enters.next = self.order_enters.val();
        self.entry.judged.next = self.order_judged.val();
        self.order_asked.next.instrument = self.table_row.val();
        self.order_asked.next.bank = self.in_force.q.val();
        self.order_asked.next.generation = self.number.q.val();
        self.order_asked.next.sequence = self.held.q.val().get_bits::<64>(self.o_sequence.val().index());
        self.entry.asked.next = self.order_asked.val();
        self.order_waits.next = self.entry.waits.val();
        self.order.next = self.entry.order.val();
        // Not both: they are of different opcodes.
        self.reason.next = self.validity.refusal.val() | self.entry.refusal.val();
        if !self.is_known.q.val() {
            self.reason.next = self.r_opcode.val();
        }
        if self.does.q.val().get_bit(self.c_commit.val().index()) & !self.does_commit.q.val() {
            self.reason.next = self.r_generation.val();
        }
        self.generation_after.next = self.number.q.val();
        if self.does.q.val().get_bit(self.c_feed.val().index()) {
            self.feed_shadow.d.next = self.arguments.feed.val();
        }
        self.throttle_unset.next.interval = 0.into();
        self.throttle_unset.next.runs = false;
        self.throttle_unset.next.runs_always = false;
        self.throttle_unset.next.burst = 0.into();
        self.throttle_unset.next.age_max = 0.into();
        self.throttle_unset.next.kept = 0.into();
        self.feed_unset.next.group = 0.into();
        self.feed_unset.next.port = 0.into();
        self.feed_unset.next.group_b = 0.into();
        self.feed_unset.next.port_b = 0.into();
        self.feed_unset.next.window = 0.into();
        self.feed_unset.next.has_b = false;
        self.feed_unset.next.has_window = false;
        self.feed_unset.next.silence = 0.into();
        self.feed_unset.next.has_silence = false;
        if self.does.q.val().get_bit(self.c_gate.val().index()) {
            self.throttle_shadow.d.next = self.arguments.throttle.val();
        }
        for i in 0..16 {
            if self.locate_row.q.val().get_bit(i) {
                self.locate_shadow[i].d.next = self.arg0.val().get_bits::<16>(0);
                self.used_shadow[i].d.next = self.arg0.val().get_bits::<16>(0) != 0;
            }
        }
        if self.does.q.val().get_bit(self.c_arm.val().index()) {
            self.is_armed.d.next = true;
        }
        if self.does.q.val().get_bit(self.c_disarm.val().index()) {
            self.is_armed.d.next = false;
        }
        if self.does.q.val().get_bit(self.c_kill.val().index()) {
            self.is_killed.d.next = true;
        }
        if self.does.q.val().get_bit(self.c_clear_kill.val().index()) {
            self.is_killed.d.next = false;
        }
        self.scopes.next = bit_cast::<112, 48>(self.arg0.val().get_bits::<48>(0)) | (bit_cast::<112, 64>(self.arg1.val()) << 48);
        self.fenced_next.next = self.fences.q.val();
        if self.does.q.val().get_bit(self.c_fence.val().index()) {
            self.fenced_next.next = self.fences.q.val() | self.scopes.val();
        }
        if self.does.q.val().get_bit(self.c_lift.val().index()) {
            self.fenced_next.next = self.fences.q.val() & (!self.scopes.val());
        }
        // A halt beats a lift.
        self.fences.d.next = self.fenced_next.val() | bit_cast::<112, 16>(self.halts.val());
        self.heartbeat.clock.next = self.clock.val();
        self.heartbeat.reset.next = self.reset.val();
        self.heartbeat.beat.next = self.does.q.val().get_bit(self.c_heartbeat.val().index());
        self.heartbeat.cycles.next = self.arg0.val().get_bits::<48>(0);
        if self.heartbeat.silence.val() {
            self.is_armed.d.next = false;
        }
        if self.does.q.val().get_bit(self.c_trace.val().index()) {
            self.is_traced.d.next = self.value.val().get_bit(0);
        }
        if self.does_commit.q.val() {
            self.generation_after.next = self.value.val();
            self.in_force.d.next = !self.in_force.q.val();
            self.feed_now.d.next = self.feed_shadow.q.val();
            self.feed_shadow.d.next = self.feed_now.q.val();
            self.throttle_now.d.next = self.throttle_shadow.q.val();
            self.throttle_shadow.d.next = self.throttle_now.q.val();
            for i in 0..16 {
                self.locate_now[i].d.next = self.locate_shadow[i].q.val();
                self.locate_shadow[i].d.next = self.locate_now[i].q.val();
                self.used_now[i].d.next = self.used_shadow[i].q.val();
                self.used_shadow[i].d.next = self.used_now[i].q.val();
            }
        }
        if self.fault.val() {
            self.is_killed.d.next = true;
        }
        self.number.d.next = self.generation_after.val();
        if self.reset.val() {
            self.came_valid.d.next = false;
            self.came_instrument.d.next = false;
            self.held_valid.d.next = false;
            self.does.d.next = 0.into();
            self.does_commit.d.next = false;
            self.locate_row.d.next = 0.into();
            self.in_force.d.next = false;
            self.number.d.next = 0.into();
            self.is_armed.d.next = false;
            self.is_killed.d.next = false;
            self.is_traced.d.next = false;
            self.feed_now.d.next = self.feed_unset.val();
            self.feed_shadow.d.next = self.feed_unset.val();
            self.fences.d.next = 0.into();
            self.throttle_now.d.next = self.throttle_unset.val();
            self.throttle_shadow.d.next = self.throttle_unset.val();
            for i in 0..16 {
                self.locate_now[i].d.next = 0.into();
                self.locate_shadow[i].d.next = 0.into();
                self.used_now[i].d.next = false;
                self.used_shadow[i].d.next = false;
            }
        }
        // ---- rows of the shadow bank, or the terms of an order in the one in force
        self.rules_write.next = 0.into();
        if self.does.q.val().get_bit(self.c_rules.val().index()) {
            self.rules_write.next = self.arguments.term.val();
        }
        self.rules_data.next = self.arguments.rules.val();
        self.actions_data.next = self.arguments.actions.val();
        self.limits_write.next = self.does.q.val().get_bit(self.c_instrument.val().index());
        self.limits_data.next = self.arguments.limits.val();
        self.window_data.next = self.arguments.instrument_window.val();
        self.row_address.next = (bit_cast::<5, 1>(self.shadow.val()) << 4) | bit_cast::<5, 4>(self.table_row.val());
        self.template_write.next = self.does.q.val().get_bit(self.c_template.val().index());
        self.template_data.next = self.arguments.template.val();
        self.terms_write.next = self.entry.takes.val();
        self.counting.next = self.arguments.counting.val();
        self.template_bank.next = self.shadow.val();
        self.template_rule.next = self.rule.val();
        if self.does.q.val().get_bit(self.c_order.val().index()) {
            self.template_bank.next = self.in_force.q.val().into();
            self.template_rule.next = self.k_host.val();
        }
        self.template_address.next = (bit_cast::<7, 1>(self.template_bank.val()) << 6)
            | (bit_cast::<7, 4>(self.table_row.val()) << 2)
            | bit_cast::<7, 2>(self.template_rule.val());
        self.image_write.next = self.does.q.val().get_bit(self.c_image.val().index());
        self.image_address.next = (bit_cast::<11, 1>(self.shadow.val()) << 10)
            | (bit_cast::<11, 4>(self.table_row.val()) << 6)
            | (bit_cast::<11, 2>(self.rule.val()) << 4)
            | bit_cast::<11, 4>(self.word.val());
        self.image_data.next = self.arg0.val();
        self.granted.next.is_lease = self.does.q.val().get_bit(self.c_lease.val().index());
        self.granted.next.is_credit = self.does.q.val().get_bit(self.c_credit.val().index());
        self.granted.next.is_repeat = self.does.q.val().get_bit(self.c_repeat.val().index());
        self.granted.next.is_resting = self.does.q.val().get_bit(self.c_resting.val().index());
        self.granted.next.instrument = self.table_row.val();
        self.granted.next.rule = self.rule.val();
        self.granted.next.buys = self.arg0.val().get_bits::<32>(0);
        self.granted.next.sells = self.arg0.val().get_bits::<32>(32);
        self.granted.next.value = self.arg0.val();
        self.granted.next.open = self.arg1.val().get_bits::<32>(0);
        self.granted.next.unacknowledged = self.arg1.val().get_bits::<32>(32);
        self.granted.next.orders = self.value.val();
        self.grant.next = self.granted.val();
        self.session_write.next = self.does.q.val().get_bit(self.c_session.val().index());
        self.session_sequence.next = self.arg0.val().get_bits::<32>(0);
        self.session_acknowledgement.next = self.arg0.val().get_bits::<32>(32);
        self.session_user_ref.next = self.arg1.val().get_bits::<32>(0);
        // ---- the acknowledgement
        self.report.next.kind = self.k_command.val();
        self.report.next.reason = self.reason.val();
        self.report.next.instrument = self.held.q.val().get_bits::<8>(self.o_instrument.val().index());
        self.report.next.rule = self.held.q.val().get_bits::<8>(self.o_rule.val().index());
        self.report.next.generation = self.generation_after.val();
        self.report.next.time = 0.into();
        self.report.next.feed_sequence = self.held.q.val().get_bits::<64>(self.o_sequence.val().index());
        self.report.next.bid = 0.into();
        self.report.next.ask = 0.into();
        self.report.next.price = 0.into();
        self.report.next.quantity = 0.into();
        self.report.next.user_ref = 0.into();
        self.report.next.cycles = 0.into();
        self.report.next.detail = bit_cast::<16, 8>(self.opcode.val());
        self.told.d.next = self.report.val();
        self.tells.d.next = self.held_valid.q.val() & !self.is_silent.val() & !self.reset.val();
        self.note.next = self.told.q.val();
        self.noted.next = self.tells.q.val();
        self.count_command.next = self.held_valid.q.val();
        self.refuses.d.next = self.held_valid.q.val() & (self.reason.val() != self.r_none.val());
        self.count_refused.next = self.refuses.q.val();
        self.forget.next = self.does_commit.q.val();
        self.bank.next = self.in_force.q.val();
        self.generation.next = self.number.q.val();
        self.armed.next = self.is_armed.q.val();
        self.killed.next = self.is_killed.q.val();
        self.heard.next = self.heartbeat.heard.val();
        self.silence.next = self.heartbeat.silence.val();
        self.fenced.next = self.fences.q.val();
        self.throttle.next = self.throttle_now.q.val();
        self.trace.next = self.is_traced.q.val();
        self.books_valid.next = self.validity.valid.val();
        self.feed.next = self.feed_now.q.val();
    }
}
