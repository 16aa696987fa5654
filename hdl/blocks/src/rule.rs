//! One rule against the book and the print: up to three terms, all of which must hold.
//!
//! In: its terms, prices and sizes of tops and print, the spread, metrics over time (cycle K + 1); what of them is there (K + 2). Out, in K + 2:
//! whether it holds, and whether it is a rule on trades. Why: one cycle to choose what is compared, one to compare; all terms at
//! once. Holds: nothing. Not here: whether it held before, and whether it fires.
use crate::{bundle::*, konst::Konst};
use rust_hdl::prelude::*;

const _: () = assert!(riposte_map::limits::TERMS == 3);

#[derive(LogicBlock, Default)]
pub struct TermTest {
    pub clock: Signal<In, Clock>,
    pub term: Signal<In, Term>,
    pub metrics: Signal<In, Metrics>,
    /// In the next cycle.
    pub presence: Signal<In, Presence>,
    /// All that it compares is there; it may still be below its threshold.
    pub has_metric: Signal<Out, bool>,
    pub is_below: Signal<Out, bool>,
    pub is_there: Signal<Out, bool>,
    pub on_trade: Signal<Out, bool>,
    metric2: DFF<Bits<32>>,
    threshold2: DFF<Bits<32>>,
    is_there2: DFF<bool>,
    of_bid2: DFF<bool>,
    of_ask2: DFF<bool>,
    of_trade2: DFF<bool>,
    of_spread2: DFF<bool>,
    of_rate2: DFF<bool>,
    of_rise2: DFF<bool>,
    of_fall2: DFF<bool>,
    at_most: Signal<Local, Bits<32>>,
    bid_price: Signal<Local, Bits<32>>,
    ask_price: Signal<Local, Bits<32>>,
    trade_price: Signal<Local, Bits<32>>,
    bid_size: Signal<Local, Bits<32>>,
    ask_size: Signal<Local, Bits<32>>,
    trade_size: Signal<Local, Bits<32>>,
    spread: Signal<Local, Bits<32>>,
    rate: Signal<Local, Bits<32>>,
    rise: Signal<Local, Bits<32>>,
    fall: Signal<Local, Bits<32>>,
    k_full: Konst<32, 0xffff_ffff>,
}

impl Logic for TermTest {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, metric2, threshold2, is_there2, of_bid2, of_ask2, of_trade2, of_spread2, of_rate2, of_rise2, of_fall2
        );
        // "At most" is "at least" of both complements; the term holds the threshold's.
        self.at_most.next = 0.into();
        if self.term.val().at_most {
            self.at_most.next = self.k_full.val();
        }
        self.bid_price.next = 0.into();
        if self.term.val().bid_price {
            self.bid_price.next = self.metrics.val().bid_price;
        }
        self.ask_price.next = 0.into();
        if self.term.val().ask_price {
            self.ask_price.next = self.metrics.val().ask_price;
        }
        self.trade_price.next = 0.into();
        if self.term.val().trade_price {
            self.trade_price.next = self.metrics.val().trade_price;
        }
        self.bid_size.next = 0.into();
        if self.term.val().bid_size {
            self.bid_size.next = self.metrics.val().bid_size;
        }
        self.ask_size.next = 0.into();
        if self.term.val().ask_size {
            self.ask_size.next = self.metrics.val().ask_size;
        }
        self.trade_size.next = 0.into();
        if self.term.val().trade_size {
            self.trade_size.next = self.metrics.val().trade_size;
        }
        self.spread.next = 0.into();
        if self.term.val().spread {
            self.spread.next = self.metrics.val().spread;
        }
        self.rate.next = 0.into();
        if self.term.val().rate {
            self.rate.next = self.metrics.val().rate;
        }
        self.rise.next = 0.into();
        if self.term.val().rise {
            self.rise.next = self.metrics.val().rise;
        }
        self.fall.next = 0.into();
        if self.term.val().fall {
            self.fall.next = self.metrics.val().fall;
        }
        // Spread, rise and fall are differences of this cycle, so they come last.
        self.metric2.d.next = (((self.bid_price.val() | self.ask_price.val())
            | (self.trade_price.val() | self.bid_size.val())
            | (self.ask_size.val() | self.trade_size.val() | self.rate.val()))
            ^ self.at_most.val())
            ^ (self.spread.val() | self.rise.val() | self.fall.val());
        self.threshold2.d.next = self.term.val().threshold;
        self.is_there2.d.next = self.term.val().is_there;
        self.of_bid2.d.next = self.term.val().bid_price | self.term.val().bid_size;
        self.of_ask2.d.next = self.term.val().ask_price | self.term.val().ask_size;
        self.of_trade2.d.next = self.term.val().trade_price | self.term.val().trade_size;
        self.of_spread2.d.next = self.term.val().spread;
        self.of_rate2.d.next = self.term.val().rate;
        self.of_rise2.d.next = self.term.val().rise;
        self.of_fall2.d.next = self.term.val().fall;
        // ---- the next cycle
        self.has_metric.next = (self.of_bid2.q.val() & self.presence.val().has_bid)
            | (self.of_ask2.q.val() & self.presence.val().has_ask)
            | (self.of_trade2.q.val() & self.presence.val().has_trade)
            | (self.of_spread2.q.val() & self.presence.val().has_spread)
            | (self.of_rate2.q.val() & self.presence.val().has_rate)
            | (self.of_rise2.q.val() & self.presence.val().has_rise)
            | (self.of_fall2.q.val() & self.presence.val().has_fall);
        // Nothing is below the threshold of one that is not there.
        self.is_below.next = self.metric2.q.val() < self.threshold2.q.val();
        self.is_there.next = self.is_there2.q.val();
        self.on_trade.next = self.of_trade2.q.val();
    }
}

#[derive(LogicBlock, Default)]
pub struct RuleTest {
    pub clock: Signal<In, Clock>,
    pub first: Signal<In, Term>,
    pub second: Signal<In, Term>,
    pub third: Signal<In, Term>,
    pub metrics: Signal<In, Metrics>,
    /// In the next cycle.
    pub presence: Signal<In, Presence>,
    pub holds: Signal<Out, bool>,
    pub on_trade: Signal<Out, bool>,
    terms: [TermTest; 3],
    has_all: Signal<Local, bool>,
}

impl Logic for RuleTest {
    #[hdl_gen]
    fn update(&mut self) {
        self.terms[0].term.next = self.first.val();
        self.terms[1].term.next = self.second.val();
        self.terms[2].term.next = self.third.val();
        for i in 0..3 {
            self.terms[i].clock.next = self.clock.val();
            self.terms[i].metrics.next = self.metrics.val();
            self.terms[i].presence.next = self.presence.val();
        }
        self.has_all.next = self.terms[0].has_metric.val()
            & (self.terms[1].has_metric.val() | !self.terms[1].is_there.val())
            & (self.terms[2].has_metric.val() | !self.terms[2].is_there.val());
        self.holds.next = self.has_all.val()
            & !self.terms[0].is_below.val()
            & !self.terms[1].is_below.val()
            & !self.terms[2].is_below.val();
        self.on_trade.next =
            self.terms[0].on_trade.val() | self.terms[1].on_trade.val() | self.terms[2].on_trade.val();
    }
}
