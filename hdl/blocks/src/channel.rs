//! Reports what concerns the whole channel, and makes every book invalid when it must.
//!
//! In: strobes of errors and system events (cycle X). Out: `invalidate` in X; three cycles later the event of the first
//! that waits; the others follow a cycle each. Holds: an error invalidates in the cycle in which it is seen,
//! whether or not its event has to wait.
use crate::{bundle::*, konst::Konst};
use riposte_map::{reason::Reason, shm::{EventKind, NONE}};
use rust_hdl::prelude::*;

#[derive(LogicBlock, Default)]
pub struct Channel {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub system: Signal<In, bool>,
    pub system_code: Signal<In, Bits<8>>,
    pub system_sequence: Signal<In, Bits<64>>,
    pub system_time: Signal<In, Bits<64>>,
    pub gap: Signal<In, bool>,
    pub session_change: Signal<In, bool>,
    pub session_end: Signal<In, bool>,
    pub overload: Signal<In, bool>,
    pub expected: Signal<In, Bits<64>>,
    pub received: Signal<In, Bits<64>>,
    pub bad_length: Signal<In, bool>,
    pub malformed: Signal<In, bool>,
    pub bad_frame: Signal<In, bool>,
    pub cut: Signal<In, bool>,
    /// No packet came in time.
    pub quiet: Signal<In, bool>,
    /// The wire does not show what the gate has passed: told, and nothing else.
    pub broken: Signal<In, bool>,
    /// The host is no longer heard: told, and nothing else.
    pub silence: Signal<In, bool>,
    /// All books are empty: told, and nothing else.
    pub cleared: Signal<In, bool>,
    pub frame_time_now: Signal<In, Bits<64>>,
    pub generation: Signal<In, Bits<32>>,
    pub invalidate: Signal<Out, bool>,
    pub note: Signal<Out, Note>,
    pub noted: Signal<Out, bool>,
    // What came in the last cycle.
    was_system: DFF<bool>,
    was_code: DFF<Bits<8>>,
    was_sequence: DFF<Bits<64>>,
    was_system_time: DFF<Bits<64>>,
    was_header: DFF<Bits<8>>,
    was_expected: DFF<Bits<64>>,
    was_received: DFF<Bits<64>>,
    was_length: DFF<bool>,
    was_block: DFF<bool>,
    was_frame: DFF<Bits<8>>,
    was_quiet: DFF<bool>,
    was_broken: DFF<bool>,
    was_silence: DFF<bool>,
    was_cleared: DFF<bool>,
    was_time: DFF<Bits<64>>,
    was_generation: DFF<Bits<32>>,
    // Which is told, and what only a system event has.
    tells_system: DFF<bool>,
    tells_header: DFF<bool>,
    tells_length: DFF<bool>,
    tells_block: DFF<bool>,
    tells_frame: DFF<bool>,
    tells_quiet: DFF<bool>,
    tells_broken: DFF<bool>,
    tells_silence: DFF<bool>,
    tells_cleared: DFF<bool>,
    reason: DFF<Bits<8>>,
    system_code_kept: DFF<Bits<8>>,
    system_sequence_kept: DFF<Bits<64>>,
    system_time_kept: DFF<Bits<64>>,
    generation_kept: DFF<Bits<32>>,
    told: DFF<Note>,
    tells: DFF<bool>,
    header_waits: DFF<Bits<8>>,
    header_expected: DFF<Bits<64>>,
    header_received: DFF<Bits<64>>,
    header_time: DFF<Bits<64>>,
    length_waits: DFF<bool>,
    length_time: DFF<Bits<64>>,
    block_waits: DFF<bool>,
    block_time: DFF<Bits<64>>,
    frame_waits: DFF<Bits<8>>,
    quiet_waits: DFF<bool>,
    broken_waits: DFF<bool>,
    silence_waits: DFF<bool>,
    cleared_waits: DFF<bool>,
    frame_time: DFF<Bits<64>>,
    header: Signal<Local, Bits<8>>,
    header_now: Signal<Local, Bits<8>>,
    length: Signal<Local, bool>,
    block: Signal<Local, bool>,
    frame: Signal<Local, Bits<8>>,
    frame_now: Signal<Local, Bits<8>>,
    is_quiet: Signal<Local, bool>,
    breaks: Signal<Local, bool>,
    silent: Signal<Local, bool>,
    is_cleared: Signal<Local, bool>,
    // Nothing up to this waits.
    behind_system: Signal<Local, bool>,
    behind_header: Signal<Local, bool>,
    behind_length: Signal<Local, bool>,
    behind_block: Signal<Local, bool>,
    behind_frame: Signal<Local, bool>,
    behind_quiet: Signal<Local, bool>,
    behind_broken: Signal<Local, bool>,
    behind_silence: Signal<Local, bool>,
    report: Signal<Local, Note>,
    k_none: Konst<8, { NONE as u64 }>,
    k_channel: Konst<8, { EventKind::Channel as u64 }>,
    k_system: Konst<8, { EventKind::System as u64 }>,
    r_gap: Konst<8, { Reason::Gap as u64 }>,
    r_change: Konst<8, { Reason::SessionChange as u64 }>,
    r_end: Konst<8, { Reason::EndOfSession as u64 }>,
    r_overload: Konst<8, { Reason::Overload as u64 }>,
    r_length: Konst<8, { Reason::BadLength as u64 }>,
    r_block: Konst<8, { Reason::MalformedBlock as u64 }>,
    r_frame: Konst<8, { Reason::BadFrame as u64 }>,
    r_cut: Konst<8, { Reason::Truncated as u64 }>,
    r_quiet: Konst<8, { Reason::FeedSilent as u64 }>,
    r_parity: Konst<8, { Reason::WireParity as u64 }>,
    r_silent: Konst<8, { Reason::HostSilent as u64 }>,
    r_cleared: Konst<8, { Reason::Cleared as u64 }>,
}

impl Logic for Channel {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, tells_system, tells_header, tells_length, tells_block, tells_frame, tells_quiet, tells_broken, tells_silence,
            tells_cleared, reason, system_code_kept, system_sequence_kept, system_time_kept, generation_kept, told, tells, was_system, was_code,
            was_sequence, was_system_time, was_header, was_expected, was_received, was_length, was_block, was_frame,
            was_quiet, was_broken, was_silence, was_cleared, was_time, was_generation, header_waits, header_expected, header_received, header_time,
            length_waits, length_time, block_waits, block_time, frame_waits, frame_time, quiet_waits, broken_waits,
            silence_waits, cleared_waits
        );
        self.header_now.next = 0.into();
        if self.overload.val() {
            self.header_now.next = self.r_overload.val();
        }
        if self.session_end.val() {
            self.header_now.next = self.r_end.val();
        }
        if self.session_change.val() {
            self.header_now.next = self.r_change.val();
        }
        if self.gap.val() {
            self.header_now.next = self.r_gap.val();
        }
        self.frame_now.next = 0.into();
        if self.cut.val() {
            self.frame_now.next = self.r_cut.val();
        }
        if self.bad_frame.val() {
            self.frame_now.next = self.r_frame.val();
        }
        self.invalidate.next = self.gap.val()
            | self.session_change.val()
            | self.session_end.val()
            | self.overload.val()
            | self.bad_length.val()
            | self.malformed.val()
            | self.bad_frame.val()
            | self.cut.val()
            | self.quiet.val();
        self.was_header.d.next = self.header_now.val();
        self.was_frame.d.next = self.frame_now.val();
        self.was_system.d.next = self.system.val();
        self.was_code.d.next = self.system_code.val();
        self.was_sequence.d.next = self.system_sequence.val();
        self.was_system_time.d.next = self.system_time.val();
        self.was_expected.d.next = self.expected.val();
        self.was_received.d.next = self.received.val();
        self.was_length.d.next = self.bad_length.val();
        self.was_block.d.next = self.malformed.val();
        self.was_quiet.d.next = self.quiet.val();
        self.was_broken.d.next = self.broken.val();
        self.was_silence.d.next = self.silence.val();
        self.was_cleared.d.next = self.cleared.val();
        self.was_time.d.next = self.frame_time_now.val();
        self.was_generation.d.next = self.generation.val();
        // ---- X + 1: what came is kept; the first that waits, of an earlier cycle or of this one, is chosen
        self.header.next = self.header_waits.q.val() | self.was_header.q.val();
        self.length.next = self.length_waits.q.val() | self.was_length.q.val();
        self.block.next = self.block_waits.q.val() | self.was_block.q.val();
        self.frame.next = self.frame_waits.q.val() | self.was_frame.q.val();
        self.is_quiet.next = self.quiet_waits.q.val() | self.was_quiet.q.val();
        self.breaks.next = self.broken_waits.q.val() | self.was_broken.q.val();
        self.silent.next = self.silence_waits.q.val() | self.was_silence.q.val();
        self.is_cleared.next = self.cleared_waits.q.val() | self.was_cleared.q.val();
        if self.was_header.q.val() != 0 {
            self.header_time.d.next = self.was_time.q.val();
            self.header_expected.d.next = self.was_expected.q.val();
            self.header_received.d.next = self.was_received.q.val();
            if self.was_header.q.val() == self.r_overload.val() {
                self.header_expected.d.next = 0.into();
                self.header_received.d.next = 0.into();
            }
        }
        if self.was_length.q.val() {
            self.length_time.d.next = self.was_time.q.val();
        }
        if self.was_block.q.val() {
            self.block_time.d.next = self.was_time.q.val();
        }
        if self.was_frame.q.val() != 0 {
            self.frame_time.d.next = self.was_time.q.val();
        }
        self.system_code_kept.d.next = self.was_code.q.val();
        self.system_sequence_kept.d.next = self.was_sequence.q.val();
        self.system_time_kept.d.next = self.was_system_time.q.val();
        self.generation_kept.d.next = self.was_generation.q.val();
        self.tells_system.d.next = self.was_system.q.val();
        // Each is told if nothing before it waits; what is not told waits on.
        self.behind_system.next = !self.was_system.q.val();
        self.behind_header.next = self.behind_system.val() & (self.header.val() == 0);
        self.behind_length.next = self.behind_header.val() & !self.length.val();
        self.behind_block.next = self.behind_length.val() & !self.block.val();
        self.behind_frame.next = self.behind_block.val() & (self.frame.val() == 0);
        self.behind_quiet.next = self.behind_frame.val() & !self.is_quiet.val();
        self.behind_broken.next = self.behind_quiet.val() & !self.breaks.val();
        self.behind_silence.next = self.behind_broken.val() & !self.silent.val();
        self.tells_header.d.next = self.behind_system.val() & (self.header.val() != 0);
        self.tells_length.d.next = self.behind_header.val() & self.length.val();
        self.tells_block.d.next = self.behind_length.val() & self.block.val();
        self.tells_frame.d.next = self.behind_block.val() & (self.frame.val() != 0);
        self.tells_quiet.d.next = self.behind_frame.val() & self.is_quiet.val();
        self.tells_broken.d.next = self.behind_quiet.val() & self.breaks.val();
        self.tells_silence.d.next = self.behind_broken.val() & self.silent.val();
        self.tells_cleared.d.next = self.behind_silence.val() & self.is_cleared.val();
        self.header_waits.d.next = 0.into();
        self.frame_waits.d.next = 0.into();
        self.length_waits.d.next = self.length.val() & !self.behind_header.val();
        self.block_waits.d.next = self.block.val() & !self.behind_length.val();
        self.quiet_waits.d.next = self.is_quiet.val() & !self.behind_frame.val();
        self.broken_waits.d.next = self.breaks.val() & !self.behind_quiet.val();
        self.silence_waits.d.next = self.silent.val() & !self.behind_broken.val();
        self.cleared_waits.d.next = self.is_cleared.val() & !self.behind_silence.val();
        self.reason.d.next = 0.into();
        if self.is_cleared.val() {
            self.reason.d.next = self.r_cleared.val();
        }
        if self.silent.val() {
            self.reason.d.next = self.r_silent.val();
        }
        if self.breaks.val() {
            self.reason.d.next = self.r_parity.val();
        }
        if self.is_quiet.val() {
            self.reason.d.next = self.r_quiet.val();
        }
        if self.frame.val() != 0 {
            self.reason.d.next = self.frame.val();
        }
        if self.block.val() {
            self.reason.d.next = self.r_block.val();
        }
        if self.length.val() {
            self.reason.d.next = self.r_length.val();
        }
        if self.header.val() != 0 {
            self.reason.d.next = self.header.val();
        }
        if self.was_system.q.val() {
            self.header_waits.d.next = self.header.val();
            self.reason.d.next = 0.into();
        }
        if !self.behind_block.val() {
            self.frame_waits.d.next = self.frame.val();
        }
        // ---- X + 2: its event
        self.report.next.kind = self.k_channel.val();
        self.report.next.reason = self.reason.q.val();
        self.report.next.instrument = self.k_none.val();
        self.report.next.rule = self.k_none.val();
        self.report.next.generation = self.generation_kept.q.val();
        self.report.next.time = self.frame_time.q.val();
        self.report.next.feed_sequence = 0.into();
        self.report.next.bid = 0.into();
        self.report.next.ask = 0.into();
        self.report.next.price = 0.into();
        self.report.next.quantity = 0.into();
        self.report.next.user_ref = 0.into();
        self.report.next.cycles = 0.into();
        self.report.next.detail = 0.into();
        if self.tells_quiet.q.val() | self.tells_broken.q.val() | self.tells_silence.q.val() | self.tells_cleared.q.val() {
            self.report.next.time = 0.into();
        }
        if self.tells_block.q.val() {
            self.report.next.time = self.block_time.q.val();
        }
        if self.tells_length.q.val() {
            self.report.next.time = self.length_time.q.val();
        }
        if self.tells_header.q.val() {
            self.report.next.time = self.header_time.q.val();
            self.report.next.bid = self.header_expected.q.val();
            self.report.next.ask = self.header_received.q.val();
        }
        if self.tells_system.q.val() {
            self.report.next.kind = self.k_system.val();
            self.report.next.time = self.system_time_kept.q.val();
            self.report.next.feed_sequence = self.system_sequence_kept.q.val();
            self.report.next.detail = bit_cast::<16, 8>(self.system_code_kept.q.val());
        }
        self.told.d.next = self.report.val();
        self.tells.d.next = self.tells_system.q.val()
            | self.tells_header.q.val()
            | self.tells_length.q.val()
            | self.tells_block.q.val()
            | self.tells_frame.q.val()
            | self.tells_quiet.q.val()
            | self.tells_broken.q.val()
            | self.tells_silence.q.val()
            | self.tells_cleared.q.val();
        if self.reset.val() {
            self.tells_system.d.next = false;
            self.tells_header.d.next = false;
            self.tells_length.d.next = false;
            self.tells_block.d.next = false;
            self.tells_frame.d.next = false;
            self.tells_quiet.d.next = false;
            self.tells_broken.d.next = false;
            self.tells_silence.d.next = false;
            self.tells_cleared.d.next = false;
            self.tells.d.next = false;
            self.was_system.d.next = false;
            self.was_header.d.next = 0.into();
            self.was_length.d.next = false;
            self.was_block.d.next = false;
            self.was_frame.d.next = 0.into();
            self.was_quiet.d.next = false;
            self.was_broken.d.next = false;
            self.was_silence.d.next = false;
            self.was_cleared.d.next = false;
            self.header_waits.d.next = 0.into();
            self.length_waits.d.next = false;
            self.block_waits.d.next = false;
            self.frame_waits.d.next = 0.into();
            self.quiet_waits.d.next = false;
            self.broken_waits.d.next = false;
            self.silence_waits.d.next = false;
            self.cleared_waits.d.next = false;
        }
        self.note.next = self.told.q.val();
        self.noted.next = self.tells.q.val();
    }
}
