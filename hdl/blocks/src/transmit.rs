//! The transmitter: the frame of what passed, an order with what was checked written over its image, or a mass cancel with its
//! number.
//!
//! In: what may be picked (p); the order that is judged and whether it passes (g). Out: its words, the first in g + 1.
//! Why: the frame is an image from memory whose price, quantity, side and numbers are overwritten with those that were
//! checked; its checksum is ready four words before it is due. Holds: no word without a pass; a frame that has begun
//! goes on to its last word. Not here: when the next may be picked.
use crate::{bundle::*, checksum::SegmentChecksum, konst::Konst, memory::BlockMemory};
use riposte_map::{limits, wire::{ethernet, ouch, soup}};
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
    assert!(ouch::mass_cancel::USER_REF.offset == ouch::enter_order::USER_REF.offset);
    assert!(limits::IMAGE_WORD_BITS == 4);
};

#[derive(LogicBlock, Default)]
pub struct Transmit {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub image_write: Signal<In, bool>,
    pub image_address: Signal<In, Bits<11>>,
    /// First byte on the wire in the top lane.
    pub image_data: Signal<In, Bits<64>>,
    // p: an order may be picked, and its image.
    pub free: Signal<In, bool>,
    pub following: Signal<In, Bits<7>>,
    // g: the order that is judged.
    pub judging: Signal<In, bool>,
    pub passes: Signal<In, bool>,
    pub image: Signal<In, Bits<7>>,
    pub order: Signal<In, Template>,
    pub frame_time: Signal<In, Bits<64>>,
    pub tcp_sequence: Signal<In, Bits<32>>,
    pub acknowledgement: Signal<In, Bits<32>>,
    pub user_ref: Signal<In, Bits<32>>,
    /// The template and the number of the order that was judged last.
    pub sent: Signal<Out, Template>,
    pub sent_user_ref: Signal<Out, Bits<32>>,
    pub tx: WordSource,
    pub tx_time: Signal<Out, Bits<64>>,
    images: BlockMemory<64, 11, true>,
    checksum: SegmentChecksum,
    sending: DFF<bool>,
    word: DFF<Bits<4>>,
    last_word: DFF<Bits<4>>,
    last_bytes: DFF<Bits<4>>,
    kept_sequence: DFF<Bits<32>>,
    kept_acknowledgement: DFF<Bits<32>>,
    kept_user_ref: DFF<Bits<32>>,
    kept: DFF<Template>,
    kept_time: DFF<Bits<64>>,
    out_data: DFF<Bits<64>>,
    out_bytes: DFF<Bits<4>>,
    out_last: DFF<bool>,
    out_valid: DFF<bool>,
    out_time: DFF<Bits<64>>,
    running: Signal<Local, bool>,
    image_at: Signal<Local, Bits<11>>,
    next_word: Signal<Local, Bits<4>>,
    words_less: Signal<Local, Bits<5>>,
    is_last: Signal<Local, bool>,
    quantity: Signal<Local, Bits<32>>,
    price: Signal<Local, Bits<32>>,
    plain: Signal<Local, Bits<64>>,
    patched: Signal<Local, Bits<64>>,
    cancels: Signal<Local, bool>,
    /// Side and quantity where they meet in a word.
    terms: Signal<Local, Bits<16>>,
    k_eight: Konst<4, 8>,
}

impl Logic for Transmit {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, sending, word, last_word, last_bytes, kept_sequence, kept_acknowledgement, kept_user_ref, kept,
            kept_time, out_data, out_bytes, out_last, out_valid, out_time
        );
        clock!(self, clock, images, checksum);
        self.images.write.next = self.image_write.val();
        self.images.write_address.next = self.image_address.val();
        self.images.write_data.next = self.image_data.val();
        // No frame is being sent while an order is judged, so these may change whether or not it passes.
        self.words_less.next = self.order.val().words - 1;
        if self.judging.val() {
            self.last_word.d.next = self.words_less.val().get_bits::<4>(0);
            self.last_bytes.d.next = self.order.val().last_bytes;
            self.kept_sequence.d.next = self.tcp_sequence.val();
            self.kept_acknowledgement.d.next = self.acknowledgement.val();
            self.kept_user_ref.d.next = self.user_ref.val();
            self.kept.d.next = self.order.val();
            self.kept_time.d.next = self.frame_time.val();
        }
        // ---- g and on: the words of the image, one a cycle, behind the gate's pass
        // `word` is 0 unless a frame is being sent, so the first word needs no choice. It moves on as if every order that
        // is judged passed, which is known too late, and back in the next cycle.
        self.running.next = self.passes.val() | self.sending.q.val();
        self.next_word.next = self.word.q.val() + 1;
        self.is_last.next = self.sending.q.val() & (self.word.q.val() == self.last_word.q.val());
        self.sending.d.next = self.passes.val() | (self.sending.q.val() & !self.is_last.val());
        self.word.d.next = 0.into();
        if self.judging.val() | (self.sending.q.val() & !self.is_last.val()) {
            self.word.d.next = self.next_word.val();
        }
        // Word 0 of what may be picked, unless a frame goes on.
        self.image_at.next = (bit_cast::<11, 7>(self.image.val()) << 4) | bit_cast::<11, 4>(self.next_word.val());
        if self.free.val() {
            self.image_at.next = bit_cast::<11, 7>(self.following.val()) << 4;
        }
        self.images.read_address.next = self.image_at.val();
        self.checksum.partial.next = self.kept.q.val().checksum;
        self.checksum.tcp_sequence.next = self.kept_sequence.q.val();
        self.checksum.acknowledgement.next = self.kept_acknowledgement.q.val();
        self.checksum.user_ref.next = self.kept_user_ref.q.val();
        self.cancels.next = self.kept.q.val().cancels;
        self.checksum.side.next = self.kept.q.val().side;
        self.checksum.quantity.next = self.kept.q.val().quantity;
        self.checksum.price.next = self.kept.q.val().price;
        if self.cancels.val() {
            self.checksum.side.next = 0.into();
            self.checksum.quantity.next = 0.into();
            self.checksum.price.next = 0.into();
        }
        self.quantity.next = self.kept.q.val().quantity;
        self.price.next = self.kept.q.val().price;
        self.plain.next = self.images.read_data.val();
        self.terms.next = (bit_cast::<16, 8>(self.kept.q.val().side) << 8)
            | bit_cast::<16, 8>(self.quantity.val().get_bits::<8>(24));
        if self.cancels.val() {
            self.terms.next = self.plain.val().get_bits::<16>(0);
        }
        self.patched.next = self.plain.val();
        match self.word.q.val().index() {
            4 => {
                self.patched.next = (bit_cast::<64, 48>(self.plain.val().get_bits::<48>(16)) << 16)
                    | bit_cast::<64, 16>(self.kept_sequence.q.val().get_bits::<16>(16));
            }
            5 => {
                self.patched.next = (bit_cast::<64, 16>(self.kept_sequence.q.val().get_bits::<16>(0)) << 48)
                    | (bit_cast::<64, 32>(self.kept_acknowledgement.q.val()) << 16)
                    | bit_cast::<64, 16>(self.plain.val().get_bits::<16>(0));
            }
            6 => {
                self.patched.next = (bit_cast::<64, 16>(self.plain.val().get_bits::<16>(48)) << 48)
                    | (bit_cast::<64, 16>(self.checksum.checksum.val()) << 32)
                    | bit_cast::<64, 32>(self.plain.val().get_bits::<32>(0));
            }
            7 => {
                self.patched.next = (bit_cast::<64, 16>(self.plain.val().get_bits::<16>(48)) << 48)
                    | (bit_cast::<64, 32>(self.kept_user_ref.q.val()) << 16)
                    | bit_cast::<64, 16>(self.terms.val());
            }
            8 => {
                self.patched.next = (bit_cast::<64, 24>(self.quantity.val().get_bits::<24>(0)) << 40)
                    | bit_cast::<64, 40>(self.plain.val().get_bits::<40>(0));
            }
            9 => {
                self.patched.next = (bit_cast::<64, 24>(self.plain.val().get_bits::<24>(40)) << 40)
                    | bit_cast::<64, 8>(self.price.val().get_bits::<8>(24));
            }
            10 => {
                self.patched.next = (bit_cast::<64, 24>(self.price.val().get_bits::<24>(0)) << 40)
                    | bit_cast::<64, 40>(self.plain.val().get_bits::<40>(0));
            }
            _ => {}
        }
        if self.cancels.val() & self.word.q.val().get_bit(3) {
            self.patched.next = self.plain.val();
        }
        self.out_valid.d.next = self.running.val();
        self.out_last.d.next = self.is_last.val();
        self.out_bytes.d.next = self.k_eight.val();
        if self.is_last.val() {
            self.out_bytes.d.next = self.last_bytes.q.val();
        }
        self.out_data.d.next = self.patched.val();
        self.out_time.d.next = self.kept_time.q.val();
        if self.judging.val() {
            self.out_time.d.next = self.frame_time.val();
        }
        if self.reset.val() {
            self.sending.d.next = false;
            self.word.d.next = 0.into();
            self.out_valid.d.next = false;
        }
        self.sent.next = self.kept.q.val();
        self.sent_user_ref.next = self.kept_user_ref.q.val();
        self.tx.data.next = self.out_data.q.val();
        self.tx.bytes.next = self.out_bytes.q.val();
        self.tx.last.next = self.out_last.q.val();
        self.tx.bad.next = false;
        self.tx.valid.next = self.out_valid.q.val();
        self.tx_time.next = self.out_time.q.val();
    }
}
