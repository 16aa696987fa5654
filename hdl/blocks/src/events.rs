//! Merges the four sources of events into one numbered stream.
//!
//! In: an event a cycle from each source. Out: at most one event a cycle, three cycles after it came in if nothing
//! goes before it: channel, command, order, verdict in this order. Why: an event is wide, so that no wire decides over
//! it and moves it in the same cycle: the source is picked, each queue's oldest is read, and then one of the four is
//! shown. Holds: numbers have no holes; an event that finds its queue full is counted and `lost`, which kills the card.
use crate::{bundle::*, konst::Konst, memory::LookupMemory};
use riposte_map::shm::bits::{self, event};
use rust_hdl::prelude::*;

const _: () = assert!(bits::RECORD_BITS == 512);

/// Sixteen events of one source. `data` is the oldest of the last cycle, `pop` removes it at the edge.
#[derive(LogicBlock, Default)]
pub struct EventQueue {
    pub clock: Signal<In, Clock>,
    pub reset: Signal<In, bool>,
    pub push: Signal<In, bool>,
    pub note: Signal<In, Note>,
    pub pop: Signal<In, bool>,
    pub data: Signal<Out, Note>,
    pub occupied: Signal<Out, bool>,
    /// An event comes and there is no place.
    pub loses: Signal<Out, bool>,
    cells: LookupMemory<Note, 4>,
    oldest: DFF<Note>,
    write_at: DFF<Bits<4>>,
    read_at: DFF<Bits<4>>,
    count: DFF<Bits<5>>,
    some: DFF<bool>,
    full: DFF<bool>,
    pushes: Signal<Local, bool>,
    k_fill: Konst<5, 15>,
}

impl Logic for EventQueue {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, oldest, write_at, read_at, count, some, full);
        self.cells.clock.next = self.clock.val();
        self.pushes.next = self.push.val() & !self.full.q.val();
        // The cell written next is empty unless the queue is full.
        self.cells.write.next = !self.full.q.val();
        self.cells.write_address.next = self.write_at.q.val();
        self.cells.write_data.next = self.note.val();
        self.cells.read_address.next = self.read_at.q.val();
        self.oldest.d.next = self.cells.read_data.val();
        if self.pushes.val() {
            self.write_at.d.next = self.write_at.q.val() + 1;
        }
        if self.pop.val() {
            self.read_at.d.next = self.read_at.q.val() + 1;
        }
        if self.pushes.val() & !self.pop.val() {
            self.count.d.next = self.count.q.val() + 1;
            self.full.d.next = self.count.q.val() == self.k_fill.val();
        }
        if self.pop.val() & !self.pushes.val() {
            self.count.d.next = self.count.q.val() - 1;
            self.full.d.next = false;
        }
        self.some.d.next = self.pushes.val() | (self.some.q.val() & !(self.pop.val() & (self.count.q.val() == 1)));
        if self.reset.val() {
            self.write_at.d.next = 0.into();
            self.read_at.d.next = 0.into();
            self.count.d.next = 0.into();
            self.some.d.next = false;
            self.full.d.next = false;
        }
        self.data.next = self.oldest.q.val();
        self.occupied.next = self.some.q.val();
        self.loses.next = self.push.val() & self.full.q.val();
    }
}

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
    channels: EventQueue,
    commands: EventQueue,
    orders: EventQueue,
    verdicts: EventQueue,
    // The source picked in the last cycle.
    is_channel: DFF<bool>,
    is_command: DFF<bool>,
    is_order: DFF<bool>,
    is_verdict: DFF<bool>,
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
            self, clock, is_channel, is_command, is_order, is_verdict, number, record, shown, is_lost
        );
        clock!(self, clock, channels, commands, orders, verdicts);
        self.channels.reset.next = self.reset.val();
        self.commands.reset.next = self.reset.val();
        self.orders.reset.next = self.reset.val();
        self.verdicts.reset.next = self.reset.val();
        self.channels.push.next = self.channel_valid.val();
        self.channels.note.next = self.channel.val();
        self.commands.push.next = self.command_valid.val();
        self.commands.note.next = self.command.val();
        self.orders.push.next = self.order_valid.val();
        self.orders.note.next = self.order.val();
        self.verdicts.push.next = self.verdict_valid.val();
        self.verdicts.note.next = self.verdict.val();
        // ---- the pick
        self.channels.pop.next = self.channels.occupied.val();
        self.commands.pop.next = self.commands.occupied.val() & !self.channels.occupied.val();
        self.orders.pop.next =
            self.orders.occupied.val() & !self.channels.occupied.val() & !self.commands.occupied.val();
        self.verdicts.pop.next = self.verdicts.occupied.val()
            & !self.channels.occupied.val()
            & !self.commands.occupied.val()
            & !self.orders.occupied.val();
        self.is_channel.d.next = self.channels.pop.val();
        self.is_command.d.next = self.commands.pop.val();
        self.is_order.d.next = self.orders.pop.val();
        self.is_verdict.d.next = self.verdicts.pop.val();
        // ---- the record
        self.chosen.next = self.verdicts.data.val();
        if self.is_order.q.val() {
            self.chosen.next = self.orders.data.val();
        }
        if self.is_command.q.val() {
            self.chosen.next = self.commands.data.val();
        }
        if self.is_channel.q.val() {
            self.chosen.next = self.channels.data.val();
        }
        self.any.next =
            self.is_channel.q.val() | self.is_command.q.val() | self.is_order.q.val() | self.is_verdict.q.val();
        self.is_lost.d.next = self.channels.loses.val()
            | self.commands.loses.val()
            | self.orders.loses.val()
            | self.verdicts.loses.val();
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
            self.is_channel.d.next = false;
            self.is_command.d.next = false;
            self.is_order.d.next = false;
            self.is_verdict.d.next = false;
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
