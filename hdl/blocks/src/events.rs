//! Merges the four sources of events into one numbered stream.
//!
//! In: an event a cycle from each source. Out: at most one event a cycle, three cycles after it came in if nothing
//! goes before it: channel, command, order, verdict in this order. Why: an event is wide and made late in its cycle, so
//! it is registered before it meets its queue. Holds: numbers have no holes; an event that
//! finds its queue full is counted and `lost`, which kills the card.
use crate::{bundle::*, konst::Konst, queue::Queue};
use riposte_map::shm::bits::{self, event};
use rust_hdl::prelude::*;

const _: () = assert!(bits::RECORD_BITS == 512);

#[derive(LogicBlock, Default)]
pub struct Events {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub channel: Signal<In, Note>,
    pub channel_valid: Signal<In, bool>,
    pub command: Signal<In, Note>,
    pub command_valid: Signal<In, bool>,
    pub order: Signal<In, Note>,
    pub order_valid: Signal<In, bool>,
    pub verdict: Signal<In, Note>,
    pub verdict_valid: Signal<In, bool>,
    pub event_record: Signal<Out, Bits<512>>,
    pub valid: Signal<Out, bool>,
    pub lost: Signal<Out, bool>,
    // What came in.
    channel_in: DFF<Note>,
    command_in: DFF<Note>,
    order_in: DFF<Note>,
    verdict_in: DFF<Note>,
    channel_came: DFF<bool>,
    command_came: DFF<bool>,
    order_came: DFF<bool>,
    verdict_came: DFF<bool>,
    channels: Queue<Note, 4, 5>,
    commands: Queue<Note, 4, 5>,
    orders: Queue<Note, 4, 5>,
    verdicts: Queue<Note, 4, 5>,
    number: DFF<Bits<64>>,
    record: DFF<Bits<512>>,
    shown: DFF<bool>,
    is_lost: DFF<bool>,
    chosen: Signal<Local, Note>,
    any: Signal<Local, bool>,
    next_number: Signal<Local, Bits<64>>,
    k_one: Konst<64, 1>,
}

impl Logic for Events {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, channel_in, command_in, order_in, verdict_in, channel_came, command_came, order_came,
            verdict_came, number, record, shown, is_lost
        );
        clock!(self, clock, channels, commands, orders, verdicts);
        self.channels.reset.next = self.reset.val();
        self.commands.reset.next = self.reset.val();
        self.orders.reset.next = self.reset.val();
        self.verdicts.reset.next = self.reset.val();
        self.channel_in.d.next = self.channel.val();
        self.channel_came.d.next = self.channel_valid.val() & !self.reset.val();
        self.channels.push.next = self.channel_came.q.val() & !self.channels.full.val();
        self.channels.data.next = self.channel_in.q.val();
        self.command_in.d.next = self.command.val();
        self.command_came.d.next = self.command_valid.val() & !self.reset.val();
        self.commands.push.next = self.command_came.q.val() & !self.commands.full.val();
        self.commands.data.next = self.command_in.q.val();
        self.order_in.d.next = self.order.val();
        self.order_came.d.next = self.order_valid.val() & !self.reset.val();
        self.orders.push.next = self.order_came.q.val() & !self.orders.full.val();
        self.orders.data.next = self.order_in.q.val();
        self.verdict_in.d.next = self.verdict.val();
        self.verdict_came.d.next = self.verdict_valid.val() & !self.reset.val();
        self.verdicts.push.next = self.verdict_came.q.val() & !self.verdicts.full.val();
        self.verdicts.data.next = self.verdict_in.q.val();
        self.channels.pop.next = false;
        self.commands.pop.next = false;
        self.orders.pop.next = false;
        self.verdicts.pop.next = false;
        self.any.next = true;
        self.chosen.next = self.channels.head.val();
        if !self.channels.empty.val() {
            self.channels.pop.next = true;
        } else {
            if !self.commands.empty.val() {
                self.commands.pop.next = true;
                self.chosen.next = self.commands.head.val();
            } else {
                if !self.orders.empty.val() {
                    self.orders.pop.next = true;
                    self.chosen.next = self.orders.head.val();
                } else {
                    self.chosen.next = self.verdicts.head.val();
                    self.any.next = !self.verdicts.empty.val();
                    self.verdicts.pop.next = !self.verdicts.empty.val();
                }
            }
        }
        self.is_lost.d.next = (self.channel_came.q.val() & self.channels.full.val())
            | (self.command_came.q.val() & self.commands.full.val())
            | (self.order_came.q.val() & self.orders.full.val())
            | (self.verdict_came.q.val() & self.verdicts.full.val());
        self.next_number.next = self.number.q.val() + self.k_one.val();
        self.shown.d.next = self.any.val();
        if self.any.val() {
            self.number.d.next = self.next_number.val();
        }
        self.record.d.next = bit_cast::<512, 64>(self.next_number.val())
            | (bit_cast::<512, 8>(self.chosen.val().kind) << 64)
            | (bit_cast::<512, 8>(self.chosen.val().reason) << 72)
            | (bit_cast::<512, 8>(self.chosen.val().instrument) << 80)
            | (bit_cast::<512, 8>(self.chosen.val().rule) << 88)
            | (bit_cast::<512, 32>(self.chosen.val().generation) << 96)
            | (bit_cast::<512, 64>(self.chosen.val().time) << 128)
            | (bit_cast::<512, 64>(self.chosen.val().feed_sequence) << 192)
            | (bit_cast::<512, 64>(self.chosen.val().bid) << 256)
            | (bit_cast::<512, 64>(self.chosen.val().ask) << 320)
            | (bit_cast::<512, 32>(self.chosen.val().price) << 384)
            | (bit_cast::<512, 32>(self.chosen.val().quantity) << 416)
            | (bit_cast::<512, 32>(self.chosen.val().user_ref) << 448)
            | (bit_cast::<512, 16>(self.chosen.val().cycles) << 480)
            | (bit_cast::<512, 16>(self.chosen.val().detail) << 496);
        if self.reset.val() {
            self.number.d.next = 0.into();
            self.shown.d.next = false;
            self.is_lost.d.next = false;
        }
        self.event_record.next = self.record.q.val();
        self.valid.next = self.shown.q.val();
        self.lost.next = self.is_lost.q.val();
    }
}

// The shifts above are the contract's.
const _: () = {
    assert!(event::SEQUENCE.lsb == 0 && event::KIND.lsb == 64 && event::REASON.lsb == 72);
    assert!(event::INSTRUMENT.lsb == 80 && event::RULE.lsb == 88 && event::GENERATION.lsb == 96);
    assert!(event::TIME_NS.lsb == 128 && event::FEED_SEQUENCE.lsb == 192 && event::BID.lsb == 256);
    assert!(event::ASK.lsb == 320 && event::PRICE.lsb == 384 && event::QUANTITY.lsb == 416);
    assert!(event::USER_REF.lsb == 448 && event::CYCLES.lsb == 480 && event::DETAIL.lsb == 496);
};
