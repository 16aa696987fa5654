//! Metrics over time of an instrument: how many of its messages came, and how far bid and ask moved, within a window.
//!
//! In: the row of an operation's parameters (cycle K); whether it counts, and its tops (K + 1). Out, in K + 1: `rate`, `rise`, `fall`;
//! which of them are there in K + 2. Why: what an operation needs to know of those before it is read and chosen in K, so that
//! one subtraction is left for K + 1. Each instrument counts its window's cycles down by itself: whether it is over is a bit
//! that is there in K, to the cycle.
//! Holds: operations come two cycles apart, so what the last one wrote is there. A window opens with an operation, and is over
//! for good when its cycles are, or when the book is not valid. Nothing overflows: there are fewer operations than cycles.
//! Not here: which operations count.
use crate::{bundle::*, konst::Konst, memory::LookupMemory};
use rust_hdl::prelude::*;

#[derive(LogicBlock, Default)]
pub struct Pace {
    pub clock: Signal<In, Clock>,
    /// The books are emptied, a row in each cycle.
    pub reset: Signal<In, bool>,
    pub sweep: Signal<In, Bits<4>>,
    /// Of the operation that is committed in this cycle, if one is: bank and instrument.
    pub row: Signal<In, Bits<5>>,
    // Of the operation in the next cycle.
    pub counts: Signal<In, bool>,
    pub instrument: Signal<In, Bits<4>>,
    pub bid: Signal<In, Top>,
    pub ask: Signal<In, Top>,
    pub books_valid: Signal<In, Bits<16>>,
    pub window_write: Signal<In, bool>,
    pub window_address: Signal<In, Bits<5>>,
    pub window_data: Signal<In, Window>,
    /// Operations in the window, this one included.
    pub rate: Signal<Out, Bits<32>>,
    /// How far the bid is above, and the ask below, what it was before the window.
    pub rise: Signal<Out, Bits<32>>,
    pub fall: Signal<Out, Bits<32>>,
    // In the cycle behind: it is there.
    pub has_rate: Signal<Out, bool>,
    pub has_rise: Signal<Out, bool>,
    pub has_fall: Signal<Out, bool>,
    windows: LookupMemory<Window, 5>,
    /// What the rate is, if the window is still open.
    rates: LookupMemory<Bits<32>, 4>,
    /// Tops before the window.
    bids_before: LookupMemory<Quote, 4>,
    asks_before: LookupMemory<Quote, 4>,
    /// Tops behind the last operation.
    bids_left: LookupMemory<Quote, 4>,
    asks_left: LookupMemory<Quote, 4>,
    /// Instruments whose window is open.
    open: DFF<Bits<16>>,
    /// Cycles that each has left; below none once it is over.
    left: [DFF<Bits<33>>; 16],
    // ---- K + 1
    window2: DFF<Window>,
    opens2: DFF<bool>,
    rate2: DFF<Bits<32>>,
    bid_before2: DFF<Quote>,
    ask_before2: DFF<Quote>,
    // ---- K + 2
    has_rate3: DFF<bool>,
    has_rise3: DFF<bool>,
    has_fall3: DFF<bool>,
    place: Signal<Local, Bits<4>>,
    is_open: Signal<Local, bool>,
    bid_now: Signal<Local, Quote>,
    ask_now: Signal<Local, Quote>,
    nothing: Signal<Local, Quote>,
    own: Signal<Local, Bits<16>>,
    opens: Signal<Local, bool>,
    fewer: [Signal<Local, Bits<33>>; 16],
    over: [Signal<Local, Bits<16>>; 16],
    ended: Signal<Local, Bits<16>>,
    kept: Signal<Local, Bits<16>>,
    running: Signal<Local, Bits<16>>,
    k_bit: Konst<16, 1>,
    k_one: Konst<32, 1>,
    k_cycle: Konst<33, 1>,
}

impl Logic for Pace {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, open, window2, opens2, rate2, bid_before2, ask_before2, has_rate3, has_rise3, has_fall3
        );
        clock!(self, clock, windows, rates, bids_before, asks_before, bids_left, asks_left);
        self.windows.write.next = self.window_write.val();
        self.windows.write_address.next = self.window_address.val();
        self.windows.write_data.next = self.window_data.val();
        // ---- K: what was before, as the window is open or this operation would open one
        self.place.next = self.row.val().get_bits::<4>(0);
        self.windows.read_address.next = self.row.val();
        self.rates.read_address.next = self.place.val();
        self.bids_before.read_address.next = self.place.val();
        self.asks_before.read_address.next = self.place.val();
        self.bids_left.read_address.next = self.place.val();
        self.asks_left.read_address.next = self.place.val();
        self.is_open.next = self.open.q.val().get_bit(self.place.val().index());
        self.window2.d.next = self.windows.read_data.val();
        self.opens2.d.next = !self.is_open.val();
        self.rate2.d.next = self.k_one.val();
        self.bid_before2.d.next = self.bids_left.read_data.val();
        self.ask_before2.d.next = self.asks_left.read_data.val();
        if self.is_open.val() {
            self.rate2.d.next = self.rates.read_data.val();
            self.bid_before2.d.next = self.bids_before.read_data.val();
            self.ask_before2.d.next = self.asks_before.read_data.val();
        }
        // ---- K + 1: the metrics
        self.bid_now.next.is_there = self.bid.val().quantity != 0;
        self.bid_now.next.price = self.bid.val().price;
        self.ask_now.next.is_there = self.ask.val().quantity != 0;
        self.ask_now.next.price = self.ask.val().price;
        self.rate.next = self.rate2.q.val();
        self.rise.next = self.bid.val().price - self.bid_before2.q.val().price;
        self.fall.next = self.ask_before2.q.val().price - self.ask.val().price;
        self.has_rate3.d.next = self.window2.q.val().is_there;
        self.has_rise3.d.next = self.window2.q.val().is_there
            & self.bid_now.val().is_there
            & self.bid_before2.q.val().is_there
            & !(self.bid.val().price < self.bid_before2.q.val().price);
        self.has_fall3.d.next = self.window2.q.val().is_there
            & self.ask_now.val().is_there
            & self.ask_before2.q.val().is_there
            & !(self.ask_before2.q.val().price < self.ask.val().price);
        // ---- K + 1: what the next one finds
        self.rates.write.next = self.counts.val();
        self.rates.write_address.next = self.instrument.val();
        self.rates.write_data.next = self.rate2.q.val() + self.k_one.val();
        self.bids_before.write.next = self.counts.val();
        self.bids_before.write_address.next = self.instrument.val();
        self.bids_before.write_data.next = self.bid_before2.q.val();
        self.asks_before.write.next = self.counts.val();
        self.asks_before.write_address.next = self.instrument.val();
        self.asks_before.write_data.next = self.ask_before2.q.val();
        self.nothing.next.is_there = false;
        self.nothing.next.price = 0.into();
        self.bids_left.write.next = self.counts.val();
        self.bids_left.write_address.next = self.instrument.val();
        self.bids_left.write_data.next = self.bid_now.val();
        self.asks_left.write.next = self.counts.val();
        self.asks_left.write_address.next = self.instrument.val();
        self.asks_left.write_data.next = self.ask_now.val();
        // A window of one or two cycles is over before the next operation can come; one of three is when it comes then.
        self.own.next = self.k_bit.val() << bit_cast::<16, 4>(self.instrument.val());
        self.opens.next = self.counts.val() & self.opens2.q.val();
        for i in 0..16 {
            self.left[i].clock.next = self.clock.val();
            self.fewer[i].next = self.left[i].q.val() - self.k_cycle.val();
            self.left[i].d.next = self.fewer[i].val();
            if self.opens.val() & self.own.val().get_bit(i) {
                self.left[i].d.next = bit_cast::<33, 32>(self.window2.q.val().cycles);
            }
            self.over[i].next = 0.into();
            if self.fewer[i].val().get_bit(32) {
                self.over[i].next = self.k_bit.val() << i.to_bits::<16>();
            }
        }
        self.ended.next = (self.over[0].val() | self.over[1].val() | self.over[2].val() | self.over[3].val())
            | (self.over[4].val() | self.over[5].val() | self.over[6].val() | self.over[7].val())
            | (self.over[8].val() | self.over[9].val() | self.over[10].val() | self.over[11].val())
            | (self.over[12].val() | self.over[13].val() | self.over[14].val() | self.over[15].val());
        self.kept.next = self.open.q.val() & (!self.ended.val());
        self.running.next = self.kept.val();
        if self.opens.val() & !self.window2.q.val().is_brief {
            self.running.next = self.kept.val() | self.own.val();
        }
        if self.counts.val() & !self.window2.q.val().is_there {
            self.running.next = self.kept.val() & (!self.own.val());
        }
        self.open.d.next = self.running.val() & self.books_valid.val();
        if self.reset.val() {
            self.open.d.next = 0.into();
            self.bids_left.write.next = true;
            self.bids_left.write_address.next = self.sweep.val();
            self.bids_left.write_data.next = self.nothing.val();
            self.asks_left.write.next = true;
            self.asks_left.write_address.next = self.sweep.val();
            self.asks_left.write_data.next = self.nothing.val();
        }
        self.has_rate.next = self.has_rate3.q.val();
        self.has_rise.next = self.has_rise3.q.val();
        self.has_fall.next = self.has_fall3.q.val();
    }
}
