//! One line of the feed: its frames as they pass, and a store for those that may be of use later.
//!
//! In: the line's port; which of its frames goes straight; what the session expects. Out: what its headers say in time to
//! put a straight packet off (`put_off`, cycle E); the head of the store, as it was looked at a cycle ago, and its words.
//! Latency: a packet is stored three cycles behind its last word. Why: every frame is written to the ring, since whether it is wanted
//! is known when it is over; so late a word is written that the place is given back by then.
//! Holds: what is stored is whole and good; the ring is without holes. Not here: which line leads, what is let go.
use crate::{bundle::*, headers::Headers, konst::Konst, memory::BlockMemory};
use riposte_map::limits;
use rust_hdl::prelude::*;

const _: () = assert!(limits::LINE_WORDS == 1 << 10 && limits::LINE_FRAMES == 1 << 6 && limits::LINE_FRAME_WORDS < 1 << 8);

/// Of a packet in the store.
const PACKET_BITS: usize = LinePacket::BITS;

#[derive(LogicBlock, Default)]
pub struct Line {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub word: WordSink,
    pub time_now: Signal<In, Bits<64>>,
    /// There is such a line.
    pub is_set: Signal<In, bool>,
    pub group: Signal<In, Bits<32>>,
    pub port: Signal<In, Bits<16>>,
    pub cycle: Signal<In, Bits<32>>,
    pub window: Signal<In, Bits<32>>,
    /// A cycle ago there was a window; nothing came since a restart.
    pub waited: Signal<In, bool>,
    pub was_fresh: Signal<In, bool>,
    pub known: Signal<In, bool>,
    pub known_session: Signal<In, Bits<80>>,
    pub expected: Signal<In, Bits<64>>,
    /// The frame that begins goes straight.
    pub straight: Signal<In, bool>,
    /// The head leaves the store, and is shown.
    pub pops: Signal<In, bool>,
    pub shows: Signal<In, bool>,
    /// A word of the line, and whether it is a frame's first.
    pub comes: Signal<Out, bool>,
    pub begins: Signal<Out, bool>,
    /// A straight packet may still be put off.
    pub deciding: Signal<Out, bool>,
    pub put_off: Signal<Out, bool>,
    /// A frame that did not begin straight is not yet in the store.
    pub pending: Signal<Out, bool>,
    pub has: Signal<Out, bool>,
    pub old: Signal<Out, bool>,
    pub ahead: Signal<Out, bool>,
    pub expired: Signal<Out, bool>,
    /// Of the head now.
    pub head_sequence: Signal<Out, Bits<64>>,
    pub head_time: Signal<Out, Bits<64>>,
    /// Words of the store that are shown next.
    pub stored_data: Signal<Out, Bits<64>>,
    pub stored_bytes: Signal<Out, Bits<4>>,
    pub stored_last: Signal<Out, bool>,
    pub reading: Signal<Out, bool>,
    pub count_frame: Signal<Out, bool>,
    pub count_straight: Signal<Out, bool>,
    pub count_overflow: Signal<Out, bool>,
    pub count_dropped: Signal<Out, bool>,
    headers: Headers,
    ring: BlockMemory<64, 10, false>,
    packets: BlockMemory<PACKET_BITS, 6, false>,
    /// The packet behind the head, as it was read; the one that was stored last. Both, and the head, are some cycles old: packets
    /// come eight apart at least, and leave two apart.
    second: DFF<Bits<PACKET_BITS>>,
    latest: DFF<LinePacket>,
    first: DFF<LinePacket>,
    /// The head left in the last cycle; the head is the one that was stored last.
    moved: DFF<bool>,
    is_only: DFF<bool>,
    mid: DFF<bool>,
    taken: DFF<bool>,
    is_straight: DFF<bool>,
    straight_seven: DFF<bool>,
    puts_off: DFF<bool>,
    was_put_off: DFF<bool>,
    // The frame, one to three cycles late.
    word1: DFF<Bits<64>>,
    word2: DFF<Bits<64>>,
    word3: DFF<Bits<64>>,
    bytes1: DFF<Bits<4>>,
    bytes2: DFF<Bits<4>>,
    bytes3: DFF<Bits<4>>,
    comes1: DFF<bool>,
    comes2: DFF<bool>,
    comes3: DFF<bool>,
    begins1: DFF<bool>,
    begins2: DFF<bool>,
    begins3: DFF<bool>,
    ends1: DFF<bool>,
    ends2: DFF<bool>,
    ends3: DFF<bool>,
    // It ended, and did not begin straight.
    aside1: DFF<bool>,
    aside2: DFF<bool>,
    aside3: DFF<bool>,
    aside4: DFF<bool>,
    is_packet: DFF<bool>,
    is_spoilt: DFF<bool>,
    is_other: DFF<bool>,
    reach: DFF<Bits<64>>,
    straight_behind: DFF<Bits<64>>,
    index: DFF<Bits<8>>,
    has_place: DFF<bool>,
    tail: DFF<Bits<10>>,
    head_at: DFF<Bits<10>>,
    read_at: DFF<Bits<10>>,
    left: DFF<Bits<8>>,
    /// Words are left; just one. A packet has eight at least.
    is_reading: DFF<bool>,
    is_final: DFF<bool>,
    last_bytes: DFF<Bits<4>>,
    held: DFF<Bits<11>>,
    stored: DFF<Bits<7>>,
    put_at: DFF<Bits<6>>,
    take_at: DFF<Bits<6>>,
    // The head, as it stood a cycle ago.
    was_there: DFF<bool>,
    behind: DFF<Bits<64>>,
    beyond: DFF<Bits<64>>,
    overdue: DFF<Bits<32>>,
    was_other: DFF<bool>,
    is_first: Signal<Local, bool>,
    takes: Signal<Local, bool>,
    here: Signal<Local, bool>,
    straight_now: Signal<Local, bool>,
    ends: Signal<Local, bool>,
    told: Signal<Local, bool>,
    is_early: Signal<Local, bool>,
    is_wanted: Signal<Local, bool>,
    is_good: Signal<Local, bool>,
    place: Signal<Local, bool>,
    fits: Signal<Local, bool>,
    pushes: Signal<Local, bool>,
    words: Signal<Local, Bits<8>>,
    more_held: Signal<Local, Bits<11>>,
    held_kept: Signal<Local, Bits<11>>,
    held_less: Signal<Local, Bits<11>>,
    stored_kept: Signal<Local, Bits<7>>,
    stored_less: Signal<Local, Bits<7>>,
    packet: Signal<Local, LinePacket>,
    head: Signal<Local, LinePacket>,
    address: Signal<Local, Bits<10>>,
    k_one: Konst<8, 1>,
    k_two: Konst<8, 2>,
    k_address: Konst<10, 1>,
    k_place: Konst<6, 1>,
    k_count: Konst<7, 1>,
    k_pair: Konst<7, 2>,
    k_eight: Konst<4, 8>,
    k_most: Konst<8, { limits::LINE_FRAME_WORDS as u64 - 1 }>,
    k_index: Konst<8, 0xff>,
    k_room: Konst<11, { (limits::LINE_WORDS - limits::LINE_FRAME_WORDS) as u64 }>,
}

impl Logic for Line {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, mid, taken, is_straight, straight_seven, puts_off, was_put_off, word1, word2, word3, bytes1, bytes2, bytes3, comes1,
            comes2, comes3, begins1, begins2, begins3, ends1, ends2, ends3, aside1, aside2, aside3, aside4, is_packet, is_spoilt,
            is_other, reach, straight_behind, index, has_place, tail, head_at, read_at, left, is_reading, is_final, last_bytes, held, stored, put_at,
            take_at, second, latest, first, moved, is_only, was_there, behind, beyond, overdue, was_other
        );
        clock!(self, clock, headers, ring, packets);
        // ---- the port
        self.is_first.next = self.word.valid.val() & !self.mid.q.val();
        self.takes.next = self.taken.q.val();
        if self.is_first.val() {
            self.takes.next = self.is_set.val();
        }
        self.here.next = self.word.valid.val() & self.takes.val();
        self.straight_now.next = self.is_straight.q.val();
        if self.is_first.val() {
            self.straight_now.next = self.straight.val();
        }
        if self.word.valid.val() {
            self.mid.d.next = !self.word.last.val();
            self.taken.d.next = self.takes.val();
            self.is_straight.d.next = self.straight_now.val();
        }
        self.ends.next = self.here.val() & self.word.last.val();
        self.headers.reset.next = self.reset.val();
        self.headers.forget.next = false;
        self.headers.word.data.next = self.word.data.val();
        self.headers.word.bytes.next = self.word.bytes.val();
        self.headers.word.last.next = self.word.last.val();
        self.headers.word.bad.next = self.word.bad.val();
        self.headers.word.valid.next = self.here.val();
        self.headers.time_now.next = self.time_now.val();
        self.headers.group.next = self.group.val();
        self.headers.port.next = self.port.val();
        self.headers.trusted.next = false;
        // ---- E - 1: is the straight packet ahead of what was expected in E - 2?
        self.straight_seven.d.next = self.headers.plain_header.val() & self.is_straight.q.val();
        self.told.next = self.straight_seven.q.val() | (self.headers.tagged_header.val() & self.is_straight.q.val());
        self.straight_behind.d.next = self.expected.val() - self.headers.first_sequence.val();
        self.is_other.d.next = self.known.val() & (self.known_session.val() != self.headers.session.val());
        self.is_early.next = self.straight_behind.q.val().get_bit(63)
            & !self.is_other.q.val()
            & !self.was_fresh.val()
            & self.waited.val();
        self.puts_off.d.next = self.told.val() & self.is_early.val();
        // ---- the frame, until it is known whether it is kept
        self.word1.d.next = self.word.data.val();
        self.word2.d.next = self.word1.q.val();
        self.word3.d.next = self.word2.q.val();
        self.bytes1.d.next = self.word.bytes.val();
        self.bytes2.d.next = self.bytes1.q.val();
        self.bytes3.d.next = self.bytes2.q.val();
        self.comes1.d.next = self.here.val();
        self.comes2.d.next = self.comes1.q.val();
        self.comes3.d.next = self.comes2.q.val();
        self.begins1.d.next = self.here.val() & self.is_first.val();
        self.begins2.d.next = self.begins1.q.val();
        self.begins3.d.next = self.begins2.q.val();
        self.ends1.d.next = self.ends.val();
        self.ends2.d.next = self.ends1.q.val();
        self.ends3.d.next = self.ends2.q.val();
        self.aside1.d.next = self.ends.val() & !self.straight_now.val();
        self.aside2.d.next = self.aside1.q.val();
        self.aside3.d.next = self.aside2.q.val();
        self.aside4.d.next = self.aside3.q.val();
        if self.headers.done.val() {
            self.is_packet.d.next = true;
        }
        if self.puts_off.q.val() {
            self.was_put_off.d.next = true;
        }
        self.is_spoilt.d.next = self.headers.cut.val() | self.headers.bad_frame.val();
        self.reach.d.next = self.headers.first_sequence.val() + bit_cast::<64, 16>(self.headers.count.val());
        // ---- the store
        self.place.next = self.has_place.q.val();
        if self.begins3.q.val() {
            self.place.next = !(self.held.q.val() > self.k_room.val()) & !self.stored.q.val().get_bit(6);
        }
        self.has_place.d.next = self.place.val();
        self.fits.next = !(self.index.q.val() > self.k_most.val());
        self.words.next = self.index.q.val() + self.k_one.val();
        self.is_wanted.next =
            self.ends3.q.val() & (self.aside3.q.val() | self.was_put_off.q.val() | self.puts_off.q.val());
        self.is_good.next = self.is_packet.q.val() & !self.is_spoilt.q.val();
        self.pushes.next = self.is_wanted.val() & self.is_good.val() & self.place.val() & self.fits.val();
        self.ring.write.next = self.comes3.q.val() & self.place.val() & self.fits.val();
        self.ring.write_address.next = self.tail.q.val() + bit_cast::<10, 8>(self.index.q.val());
        self.ring.write_data.next = self.word3.q.val();
        if self.comes3.q.val() & (self.index.q.val() != self.k_index.val()) {
            self.index.d.next = self.words.val();
        }
        if self.ends3.q.val() {
            self.index.d.next = 0.into();
            self.is_packet.d.next = false;
            self.was_put_off.d.next = false;
        }
        self.packet.next.words = self.words.val();
        self.packet.next.bytes = self.bytes3.q.val();
        self.packet.next.sequence = self.headers.first_sequence.val();
        self.packet.next.reach = self.reach.q.val();
        self.packet.next.time = self.headers.time_late.val();
        self.packet.next.deadline = self.cycle.val() + self.window.val();
        self.packet.next.other = self.is_other.q.val();
        self.packets.write.next = self.pushes.val();
        self.packets.write_address.next = self.put_at.q.val();
        self.packets.write_data.next = bit_cast::<PACKET_BITS, 64>(self.packet.val().sequence)
            | (bit_cast::<PACKET_BITS, 64>(self.packet.val().reach) << 64)
            | (bit_cast::<PACKET_BITS, 64>(self.packet.val().time) << 128)
            | (bit_cast::<PACKET_BITS, 32>(self.packet.val().deadline) << 192)
            | (bit_cast::<PACKET_BITS, 8>(self.packet.val().words) << 224)
            | (bit_cast::<PACKET_BITS, 4>(self.packet.val().bytes) << 232)
            | (bit_cast::<PACKET_BITS, 1>(self.packet.val().other.into()) << 236);
        self.packets.read_address.next = self.take_at.q.val() + self.k_place.val();
        self.second.d.next = self.packets.read_data.val();
        self.head.next = self.first.q.val();
        if self.moved.q.val() {
            self.head.next.sequence = self.second.q.val().get_bits::<64>(0);
            self.head.next.reach = self.second.q.val().get_bits::<64>(64);
            self.head.next.time = self.second.q.val().get_bits::<64>(128);
            self.head.next.deadline = self.second.q.val().get_bits::<32>(192);
            self.head.next.words = self.second.q.val().get_bits::<8>(224);
            self.head.next.bytes = self.second.q.val().get_bits::<4>(232);
            self.head.next.other = self.second.q.val().get_bit(236);
        }
        if self.is_only.q.val() {
            self.head.next = self.latest.q.val();
        }
        self.first.d.next = self.head.val();
        self.moved.d.next = self.pops.val();
        if self.pushes.val() {
            self.latest.d.next = self.packet.val();
        }
        // As many as one, behind this cycle.
        self.is_only.d.next = self.stored.q.val() == self.k_count.val();
        if self.pushes.val() & !self.pops.val() {
            self.is_only.d.next = self.stored.q.val() == 0;
        }
        if self.pops.val() & !self.pushes.val() {
            self.is_only.d.next = self.stored.q.val() == self.k_pair.val();
        }
        // All that may become of them, and then which: whether the head leaves is known late.
        self.more_held.next = self.held.q.val() + bit_cast::<11, 8>(self.words.val());
        self.held_kept.next = self.held.q.val();
        self.held_less.next = self.held.q.val() - bit_cast::<11, 8>(self.first.q.val().words);
        self.stored_kept.next = self.stored.q.val();
        self.stored_less.next = self.stored.q.val() - self.k_count.val();
        if self.pushes.val() {
            self.tail.d.next = self.tail.q.val() + bit_cast::<10, 8>(self.words.val());
            self.put_at.d.next = self.put_at.q.val() + self.k_place.val();
            self.held_kept.next = self.more_held.val();
            self.held_less.next = self.more_held.val() - bit_cast::<11, 8>(self.first.q.val().words);
            self.stored_kept.next = self.stored.q.val() + self.k_count.val();
            self.stored_less.next = self.stored.q.val();
        }
        self.held.d.next = self.held_kept.val();
        self.stored.d.next = self.stored_kept.val();
        if self.pops.val() {
            self.head_at.d.next = self.head_at.q.val() + bit_cast::<10, 8>(self.first.q.val().words);
            self.take_at.d.next = self.take_at.q.val() + self.k_place.val();
            self.held.d.next = self.held_less.val();
            self.stored.d.next = self.stored_less.val();
        }
        // ---- its head, looked at
        self.was_there.d.next = self.stored.q.val() != 0;
        self.behind.d.next = self.expected.val() - self.head.val().sequence;
        self.beyond.d.next = self.expected.val() - self.head.val().reach;
        self.overdue.d.next = self.cycle.val() - self.head.val().deadline;
        self.was_other.d.next = self.head.val().other;
        // ---- its words, as they are shown: word 1 comes behind the choice. Nobody looks at what is shown as word 0, which holds no more
        // than the frame's destination.
        self.address.next = self.head_at.q.val() + self.k_address.val();
        self.left.d.next = self.first.q.val().words - self.k_one.val();
        if self.is_reading.q.val() {
            self.address.next = self.read_at.q.val();
            self.left.d.next = self.left.q.val() - self.k_one.val();
        } else {
            self.last_bytes.d.next = self.first.q.val().bytes;
        }
        self.is_reading.d.next = self.shows.val() | (self.is_reading.q.val() & !self.is_final.q.val());
        self.is_final.d.next = self.is_reading.q.val() & (self.left.q.val() == self.k_two.val());
        self.read_at.d.next = self.address.val() + self.k_address.val();
        self.ring.read_address.next = self.address.val();
        if self.reset.val() {
            self.mid.d.next = false;
            self.taken.d.next = false;
            self.straight_seven.d.next = false;
            self.puts_off.d.next = false;
            self.was_put_off.d.next = false;
            self.comes1.d.next = false;
            self.comes2.d.next = false;
            self.comes3.d.next = false;
            self.begins1.d.next = false;
            self.begins2.d.next = false;
            self.begins3.d.next = false;
            self.ends1.d.next = false;
            self.ends2.d.next = false;
            self.ends3.d.next = false;
            self.aside1.d.next = false;
            self.aside2.d.next = false;
            self.aside3.d.next = false;
            self.aside4.d.next = false;
            self.is_packet.d.next = false;
            self.index.d.next = 0.into();
            self.tail.d.next = 0.into();
            self.head_at.d.next = 0.into();
            self.is_reading.d.next = false;
            self.is_final.d.next = false;
            self.held.d.next = 0.into();
            self.stored.d.next = 0.into();
            self.put_at.d.next = 0.into();
            self.take_at.d.next = 0.into();
            self.was_there.d.next = false;
            self.is_only.d.next = false;
        }
        self.comes.next = self.here.val();
        self.begins.next = self.here.val() & self.is_first.val();
        self.deciding.next = (self.headers.plain_header.val() & self.is_straight.q.val()) | self.told.val();
        self.put_off.next = self.puts_off.q.val();
        self.pending.next = self.aside1.q.val() | self.aside2.q.val() | self.aside3.q.val() | self.aside4.q.val();
        self.has.next = self.was_there.q.val();
        self.old.next = !self.beyond.q.val().get_bit(63) & !self.was_other.q.val() & !self.was_fresh.val();
        self.ahead.next = self.behind.q.val().get_bit(63) & !self.was_other.q.val() & !self.was_fresh.val();
        self.expired.next = !self.overdue.q.val().get_bit(31);
        self.head_sequence.next = self.head.val().sequence;
        self.head_time.next = self.first.q.val().time;
        self.stored_data.next = self.ring.read_data.val();
        self.stored_last.next = self.is_final.q.val();
        self.stored_bytes.next = self.k_eight.val();
        if self.is_final.q.val() {
            self.stored_bytes.next = self.last_bytes.q.val();
        }
        self.reading.next = self.is_reading.q.val();
        self.count_frame.next = self.ends1.q.val();
        self.count_straight.next = self.told.val() & !self.is_early.val();
        self.count_overflow.next = self.is_wanted.val() & self.is_good.val() & !(self.place.val() & self.fits.val());
        self.count_dropped.next = self.is_wanted.val() & !self.is_good.val();
    }
}
