//! Ethernet (one VLAN tag or none), IPv4, UDP and MoldUDP64 headers: is the frame ours, where does its
//! payload end, what is its sequence number?
//!
//! In: a stream of frames, the group and port in force. Out: `starts` (the first block is due, and no check has failed),
//! header fields as their bytes arrive, `done` one cycle after word 8 (two after word 7 of a frame that ends there), the
//! frame errors two cycles after the last word, one strobe per counter.
//! Why: fields are compared in a view of the stream that is shifted by the tag, so each check is written once;
//! nothing here is between a message and its order.
//! Holds: one strobe of the fates per frame. Not here: IP and UDP checksums (the FCS covers the frame).
use crate::{bundle::WordSink, konst::Konst};
use riposte_map::wire::{Field, ethernet, mold};
use rust_hdl::prelude::*;

/// Bit position of a big-endian field inside its 8-byte word, first byte in the top lane.
pub const fn lsb(frame_offset: usize, bytes: usize) -> u64 {
    assert!(frame_offset % 8 + bytes <= 8);
    64 - 8 * (frame_offset % 8 + bytes) as u64
}
const fn field_lsb(field: Field) -> u64 {
    lsb(field.offset, field.bytes)
}

#[derive(LogicBlock, Default)]
pub struct Headers {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    /// The frame under way is none, and what was to be told of it now is not.
    pub forget: Signal<In, bool>,
    pub word: WordSink,
    pub time_now: Signal<In, Bits<64>>,
    pub group: Signal<In, Bits<32>>,
    pub port: Signal<In, Bits<16>>,
    /// It was ours when it came, whatever group and port are in force.
    pub trusted: Signal<In, bool>,
    /// Word 6 is shown, or comes next.
    pub at_six: Signal<Out, bool>,
    /// The same of the word in which the first block of a packet of ours begins.
    pub starts: Signal<Out, bool>,
    pub has_tag: Signal<Out, bool>,
    /// In the cycle behind a frame's last word: it was accepted to its end, and long enough for a packet's header.
    pub was_ours: Signal<Out, bool>,
    /// Position one past the UDP payload.
    pub payload_end: Signal<Out, Bits<17>>,
    pub session: Signal<Out, Bits<80>>,
    pub first_sequence: Signal<Out, Bits<64>>,
    pub count: Signal<Out, Bits<16>>,
    /// Receive time of the frame; `time_late` two cycles behind, for what is reported after its end.
    pub frame_time: Signal<Out, Bits<64>>,
    pub time_late: Signal<Out, Bits<64>>,
    pub done: Signal<Out, bool>,
    /// The same in the cycle behind word 7, and of a frame with a tag behind word 8.
    pub plain_header: Signal<Out, bool>,
    pub tagged_header: Signal<Out, bool>,
    /// Two cycles after the last word: the frame was ours and shorter than its headers say.
    pub cut: Signal<Out, bool>,
    pub bad_frame: Signal<Out, bool>,
    pub count_frame: Signal<Out, bool>,
    pub count_bad: Signal<Out, bool>,
    pub count_other: Signal<Out, bool>,
    pub count_options: Signal<Out, bool>,
    pub count_fragment: Signal<Out, bool>,
    pub count_udp_length: Signal<Out, bool>,
    position: DFF<Bits<14>>,
    /// Bit n: word n is shown next, or now; none behind word 8.
    at: DFF<Bits<9>>,
    at_start: DFF<bool>,
    // What was checked in the last cycle, and what came of it. A frame that ends with such a word is too short anyway.
    checked1: DFF<bool>,
    checked2: DFF<bool>,
    checked3: DFF<bool>,
    checked4: DFF<bool>,
    udp_bytes_was: DFF<Bits<17>>,
    is_ipv4: DFF<bool>,
    is_plain: DFF<bool>,
    is_version: DFF<bool>,
    is_whole: DFF<bool>,
    is_udp: DFF<bool>,
    is_group_high: DFF<bool>,
    is_group_low: DFF<bool>,
    is_port: DFF<bool>,
    previous: DFF<Bits<64>>,
    is_tagged: DFF<bool>,
    other: DFF<bool>,
    options: DFF<bool>,
    fragment: DFF<bool>,
    udp_length: DFF<bool>,
    ip_length: DFF<Bits<17>>,
    frame_need: DFF<Bits<18>>,
    end_position: DFF<Bits<17>>,
    session_id: DFF<Bits<80>>,
    sequence_number: DFF<Bits<64>>,
    message_count: DFF<Bits<16>>,
    // The feed in force when the frame began.
    group_here: DFF<Bits<32>>,
    port_here: DFF<Bits<16>>,
    is_trusted: DFF<bool>,
    is_plain_header: DFF<bool>,
    is_tagged_header: DFF<bool>,
    // What a frame counts is told a cycle later, when it may have been forgotten.
    ended: DFF<bool>,
    ended_bad: DFF<bool>,
    time0: DFF<Bits<64>>,
    time1: DFF<Bits<64>>,
    time2: DFF<Bits<64>>,
    ends_at_seven: DFF<bool>,
    header_done: DFF<bool>,
    last: DFF<bool>,
    last_bad: DFF<bool>,
    last_ours: DFF<bool>,
    frame_bytes: DFF<Bits<18>>,
    is_cut: DFF<bool>,
    is_bad_ours: DFF<bool>,
    counted_other: DFF<bool>,
    counted_options: DFF<bool>,
    counted_fragment: DFF<bool>,
    counted_udp_length: DFF<bool>,
    view: Signal<Local, Bits<64>>,
    view_at: Signal<Local, Bits<9>>,
    is_tag: Signal<Local, bool>,
    clean: Signal<Local, bool>,
    ip_bytes: Signal<Local, Bits<17>>,
    udp_bytes: Signal<Local, Bits<17>>,
    ip_expected: Signal<Local, Bits<17>>,
    short: Signal<Local, bool>,
    tag_bytes: Signal<Local, Bits<17>>,
    too_short: Signal<Local, bool>,
    k_tag: Konst<16, { ethernet::ETHERTYPE_VLAN }>,
    k_ipv4: Konst<16, { ethernet::ETHERTYPE_IPV4 }>,
    k_version: Konst<8, { ethernet::IP_VERSION_LENGTH }>,
    k_udp: Konst<8, { ethernet::IP_PROTOCOL_UDP }>,
    k_position_max: Konst<14, 0x3fff>,
    k_one: Konst<14, 1>,
    k_udp_min: Konst<17, { (ethernet::UDP_HEADER_BYTES + mold::HEADER_BYTES) as u64 }>,
    k_ip_header: Konst<17, { ethernet::IP_HEADER_BYTES as u64 }>,
    k_payload: Konst<17, { (ethernet::UDP_PAYLOAD - ethernet::UDP_HEADER_BYTES) as u64 }>,
    k_ip_at: Konst<18, { ethernet::IP_VERSION.offset as u64 }>,
    k_tag_bytes: Konst<17, { ethernet::VLAN_BYTES as u64 }>,
    o_ethertype: Konst<6, { field_lsb(ethernet::ETHERTYPE) }>,
    o_version: Konst<6, { field_lsb(ethernet::IP_VERSION) }>,
    o_ip_length: Konst<6, { field_lsb(ethernet::IP_TOTAL_LENGTH) }>,
    o_fragment: Konst<6, { field_lsb(ethernet::IP_FRAGMENT) }>,
    o_protocol: Konst<6, { field_lsb(ethernet::IP_PROTOCOL) }>,
    o_group_high: Konst<6, { lsb(ethernet::IP_DESTINATION.offset, 2) }>,
    o_group_low: Konst<6, { lsb(ethernet::IP_DESTINATION.offset + 2, 2) }>,
    o_port: Konst<6, { field_lsb(ethernet::UDP_PORT) }>,
    o_udp_length: Konst<6, { field_lsb(ethernet::UDP_LENGTH) }>,
    o_session_5: Konst<6, { lsb(ethernet::UDP_PAYLOAD, 6) }>,
    o_session_6: Konst<6, { lsb(ethernet::UDP_PAYLOAD + 6, 4) }>,
    o_sequence_6: Konst<6, { lsb(ethernet::UDP_PAYLOAD + mold::SEQUENCE.offset, 4) }>,
    o_sequence_7: Konst<6, { lsb(ethernet::UDP_PAYLOAD + mold::SEQUENCE.offset + 4, 4) }>,
    o_count: Konst<6, { lsb(ethernet::UDP_PAYLOAD + mold::COUNT.offset, 2) }>,
}

impl Logic for Headers {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, position, at, at_start, udp_bytes_was, is_ipv4, is_plain, is_version, is_whole, is_udp, is_group_high,
            is_group_low, is_port, checked1, checked2, checked3, checked4, previous, is_tagged, other, options, fragment, udp_length, ip_length, frame_need,
            end_position, session_id, sequence_number, message_count, group_here, port_here, is_trusted, is_plain_header, is_tagged_header, ended, ended_bad, time0, time1, time2, ends_at_seven, header_done,
            last, last_bad, last_ours, frame_bytes, is_cut, is_bad_ours, counted_other, counted_options,
            counted_fragment, counted_udp_length
        );
        // The frame without its tag: word n of it is there when word n, or with a tag n + 1, is shown.
        self.is_tag.next = self.at.q.val().get_bit(1)
            & (self.word.data.val().get_bits::<16>(self.o_ethertype.val().index()) == self.k_tag.val());
        self.view.next = self.word.data.val();
        self.view_at.next = self.at.q.val();
        self.tag_bytes.next = 0.into();
        if self.is_tagged.q.val() {
            self.view.next = (bit_cast::<64, 32>(self.previous.q.val().get_bits::<32>(0)) << 32)
                | bit_cast::<64, 32>(self.word.data.val().get_bits::<32>(32));
            self.view_at.next = self.at.q.val() >> 1;
            self.tag_bytes.next = self.k_tag_bytes.val();
        }
        self.clean.next =
            !(self.other.q.val() | self.options.q.val() | self.fragment.q.val() | self.udp_length.q.val());
        // ---- the checks, and in the next cycle what follows from them
        self.ip_bytes.next = bit_cast::<17, 16>(self.view.val().get_bits::<16>(self.o_ip_length.val().index()));
        self.udp_bytes.next = bit_cast::<17, 16>(self.view.val().get_bits::<16>(self.o_udp_length.val().index()));
        self.udp_bytes_was.d.next = self.udp_bytes.val();
        self.is_ipv4.d.next = self.view.val().get_bits::<16>(self.o_ethertype.val().index()) == self.k_ipv4.val();
        self.is_plain.d.next = self.view.val().get_bits::<8>(self.o_version.val().index()) == self.k_version.val();
        self.is_version.d.next = self.view.val().get_bits::<4>(12) == self.k_version.val().get_bits::<4>(4);
        self.is_whole.d.next = self.view.val().get_bits::<14>(self.o_fragment.val().index()) == 0;
        self.is_udp.d.next = self.view.val().get_bits::<8>(self.o_protocol.val().index()) == self.k_udp.val();
        self.is_group_high.d.next = (self.view.val().get_bits::<16>(self.o_group_high.val().index())
            == self.group_here.q.val().get_bits::<16>(16))
            | self.is_trusted.q.val();
        self.is_group_low.d.next = (self.view.val().get_bits::<16>(self.o_group_low.val().index())
            == self.group_here.q.val().get_bits::<16>(0))
            | self.is_trusted.q.val();
        self.is_port.d.next =
            (self.view.val().get_bits::<16>(self.o_port.val().index()) == self.port_here.q.val()) | self.is_trusted.q.val();
        self.checked1.d.next =
            self.word.valid.val() & !self.word.last.val() & self.view_at.val().get_bit(1) & !self.is_tag.val();
        self.checked2.d.next = self.word.valid.val() & !self.word.last.val() & self.view_at.val().get_bit(2);
        self.checked3.d.next = self.word.valid.val() & !self.word.last.val() & self.view_at.val().get_bit(3);
        self.checked4.d.next = self.word.valid.val() & !self.word.last.val() & self.view_at.val().get_bit(4);
        self.ip_expected.next = self.udp_bytes_was.q.val() + self.k_ip_header.val();
        if self.checked1.q.val() {
            self.options.d.next = self.is_ipv4.q.val() & !self.is_plain.q.val() & self.is_version.q.val();
            self.other.d.next = !self.is_ipv4.q.val() | !self.is_version.q.val();
        }
        if self.checked2.q.val() & self.clean.val() {
            self.fragment.d.next = !self.is_whole.q.val();
            self.other.d.next = self.is_whole.q.val() & !self.is_udp.q.val();
        }
        if self.checked3.q.val() & self.clean.val() {
            self.other.d.next = !self.is_group_high.q.val();
        }
        if self.checked4.q.val() & self.clean.val() {
            self.other.d.next = !self.is_group_low.q.val() | !self.is_port.q.val();
            self.udp_length.d.next = self.is_group_low.q.val()
                & self.is_port.q.val()
                & ((self.udp_bytes_was.q.val() < self.k_udp_min.val())
                    | (self.ip_expected.val() != self.ip_length.q.val()));
        }
        // ---- the fields
        if self.word.valid.val() {
            if self.view_at.val().get_bit(2) {
                self.ip_length.d.next = self.ip_bytes.val();
            }
            if self.view_at.val().get_bit(3) {
                self.frame_need.d.next = bit_cast::<18, 17>(self.ip_length.q.val())
                    + bit_cast::<18, 17>(self.tag_bytes.val())
                    + self.k_ip_at.val();
            }
            if self.view_at.val().get_bit(4) {
                self.end_position.d.next = self.udp_bytes.val() + self.k_payload.val() + self.tag_bytes.val();
            }
            if self.view_at.val().get_bit(5) {
                self.session_id.d.next =
                    bit_cast::<80, 48>(self.view.val().get_bits::<48>(self.o_session_5.val().index())) << 32;
            }
            if self.view_at.val().get_bit(6) {
                self.session_id.d.next = self.session_id.q.val()
                    | bit_cast::<80, 32>(self.view.val().get_bits::<32>(self.o_session_6.val().index()));
                self.sequence_number.d.next =
                    bit_cast::<64, 32>(self.view.val().get_bits::<32>(self.o_sequence_6.val().index())) << 32;
            }
            if self.view_at.val().get_bit(7) {
                self.message_count.d.next = self.view.val().get_bits::<16>(self.o_count.val().index());
            }
            // The sequence number ends in word 7 with a tag or without.
            if self.at.q.val().get_bit(7) {
                if self.is_tagged.q.val() {
                    self.sequence_number.d.next = self.word.data.val();
                } else {
                    self.sequence_number.d.next = self.sequence_number.q.val()
                        | bit_cast::<64, 32>(self.word.data.val().get_bits::<32>(self.o_sequence_7.val().index()));
                }
            }
            if self.at.q.val().get_bit(0) {
                self.time0.d.next = self.time_now.val();
                self.group_here.d.next = self.group.val();
                self.port_here.d.next = self.port.val();
                self.is_trusted.d.next = self.trusted.val();
            }
            if self.is_tag.val() {
                self.is_tagged.d.next = true;
            }
            self.previous.d.next = self.word.data.val();
            self.at.d.next = self.at.q.val() << 1;
            self.at_start.d.next = self.at.q.val().get_bit(6) & self.clean.val();
            if self.is_tagged.q.val() {
                self.at_start.d.next = self.at.q.val().get_bit(7) & self.clean.val();
            }
            if self.position.q.val() != self.k_position_max.val() {
                self.position.d.next = self.position.q.val() + self.k_one.val();
            }
        }
        self.time1.d.next = self.time0.q.val();
        self.time2.d.next = self.time1.q.val();

        // ---- end of the header: what a MoldUDP64 header needs is there with word 8, or with word 7 if that is all
        self.short.next = (self.at.q.val().get_bits::<7>(0) != 0)
            | (self.at.q.val().get_bit(7) & (self.is_tagged.q.val() | (self.word.bytes.val() < 6)));
        self.too_short.next = self.short.val()
            | (self.at.q.val().get_bit(8) & self.is_tagged.q.val() & (self.word.bytes.val() < 2));
        self.ends_at_seven.d.next = self.word.valid.val()
            & self.word.last.val()
            & self.at.q.val().get_bit(7)
            & !self.too_short.val()
            & self.clean.val();
        self.header_done.d.next = self.ends_at_seven.q.val()
            | (self.word.valid.val()
                & self.at.q.val().get_bit(8)
                & !(self.word.last.val() & self.too_short.val())
                & self.clean.val());

        self.is_plain_header.d.next = self.word.valid.val()
            & self.at.q.val().get_bit(7)
            & !self.is_tagged.q.val()
            & !(self.word.last.val() & self.too_short.val())
            & self.clean.val();
        self.is_tagged_header.d.next = self.word.valid.val()
            & self.at.q.val().get_bit(8)
            & self.is_tagged.q.val()
            & !(self.word.last.val() & self.too_short.val())
            & self.clean.val();

        // ---- end of the frame: whose it was, whether it is whole
        self.last.d.next = self.word.valid.val() & self.word.last.val();
        self.last_bad.d.next = self.word.bad.val();
        self.last_ours.d.next = self.clean.val() & !self.too_short.val();
        self.frame_bytes.d.next =
            (bit_cast::<18, 14>(self.position.q.val()) << 3) + bit_cast::<18, 4>(self.word.bytes.val());
        self.counted_other.d.next = self.too_short.val() | self.other.q.val();
        self.counted_options.d.next = self.options.q.val() & !self.too_short.val();
        self.counted_fragment.d.next = self.fragment.q.val() & !self.too_short.val();
        self.counted_udp_length.d.next = self.udp_length.q.val() & !self.too_short.val();
        if self.word.valid.val() & self.word.last.val() {
            self.position.d.next = 0.into();
            self.at.d.next = 1.into();
            self.at_start.d.next = false;
            self.is_tagged.d.next = false;
            self.other.d.next = false;
            self.options.d.next = false;
            self.fragment.d.next = false;
            self.udp_length.d.next = false;
        }
        self.is_cut.d.next = self.last.q.val()
            & self.last_ours.q.val()
            & (self.frame_bytes.q.val() < self.frame_need.q.val());
        self.is_bad_ours.d.next = self.last.q.val() & self.last_ours.q.val() & self.last_bad.q.val();
        self.ended.d.next = self.last.q.val();
        self.ended_bad.d.next = self.last.q.val() & self.last_bad.q.val();
        if self.reset.val() | self.forget.val() {
            self.position.d.next = 0.into();
            self.at.d.next = 1.into();
            self.at_start.d.next = false;
            self.is_tagged.d.next = false;
            self.other.d.next = false;
            self.options.d.next = false;
            self.fragment.d.next = false;
            self.udp_length.d.next = false;
            self.checked1.d.next = false;
            self.checked2.d.next = false;
            self.checked3.d.next = false;
            self.checked4.d.next = false;
            self.header_done.d.next = false;
            self.ends_at_seven.d.next = false;
            self.last.d.next = false;
            self.is_plain_header.d.next = false;
            self.is_tagged_header.d.next = false;
            self.is_cut.d.next = false;
            self.is_bad_ours.d.next = false;
            self.ended.d.next = false;
            self.ended_bad.d.next = false;
        }
        self.at_six.next = self.at.q.val().get_bit(6);
        self.starts.next = self.at_start.q.val();
        self.has_tag.next = self.is_tagged.q.val();
        self.was_ours.next = self.last_ours.q.val();
        self.payload_end.next = self.end_position.q.val();
        self.session.next = self.session_id.q.val();
        self.first_sequence.next = self.sequence_number.q.val();
        self.count.next = self.message_count.q.val();
        self.frame_time.next = self.time0.q.val();
        self.time_late.next = self.time2.q.val();
        self.done.next = self.header_done.q.val() & !self.forget.val();
        self.cut.next = self.is_cut.q.val() & !self.forget.val();
        self.bad_frame.next = self.is_bad_ours.q.val() & !self.forget.val();
        self.plain_header.next = self.is_plain_header.q.val();
        self.tagged_header.next = self.is_tagged_header.q.val();
        self.count_frame.next = self.ended.q.val() & !self.forget.val();
        self.count_bad.next = self.ended_bad.q.val() & !self.forget.val();
        self.count_other.next = self.last.q.val() & self.counted_other.q.val();
        self.count_options.next = self.last.q.val() & self.counted_options.q.val();
        self.count_fragment.next = self.last.q.val() & self.counted_fragment.q.val();
        self.count_udp_length.next = self.last.q.val() & self.counted_udp_length.q.val();
    }
}
