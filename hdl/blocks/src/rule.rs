//! One rule against the book and the print: up to three terms, all of which must hold.
//!
//! In: its terms, prices and sizes of tops and print (cycle K + 1); what of them is there, and the spread (K + 2). Out, in K + 2:
//! whether it holds, and whether it is a rule on trades. Why: one cycle to choose what is compared, one to compare; all terms at
//! once. Holds: nothing. Not here: whether it held before, and whether it fires.
use crate::{bundle::*, konst::Konst};
use riposte_map::{limits, shm::Condition};
use rust_hdl::prelude::*;

// A term holds its condition as its number less one: bit 0 is "at most", bits 1 and 2 say of what, bit 4 that it is a size.
const _: () = {
    assert!(Condition::BidAtLeast as u64 == 1 && Condition::BidAtMost as u64 == 2);
    assert!(Condition::AskAtLeast as u64 == 3 && Condition::AskAtMost as u64 == 4);
    assert!(Condition::SpreadAtLeast as u64 == 5 && Condition::SpreadAtMost as u64 == 6);
    assert!(Condition::TradeAtLeast as u64 == 7 && Condition::TradeAtMost as u64 == 8);
    assert!(Condition::BidSizeAtLeast as u64 == 17 && Condition::BidSizeAtMost as u64 == 18);
    assert!(Condition::AskSizeAtLeast as u64 == 19 && Condition::AskSizeAtMost as u64 == 20);
    assert!(Condition::TradeSizeAtLeast as u64 == 23 && Condition::TradeSizeAtMost as u64 == 24);
    assert!(limits::TERMS == 3);
};

#[derive(LogicBlock, Default)]
pub struct TermTest {
    pub clock: Signal<In, Clock>,
    pub term: Signal<In, Term>,
    pub metrics: Signal<In, Metrics>,
    /// In the next cycle.
    pub presence: Signal<In, Presence>,
    pub is_there: Signal<Out, bool>,
    pub holds: Signal<Out, bool>,
    pub on_trade: Signal<Out, bool>,
    term2: DFF<Term>,
    metric2: DFF<Bits<32>>,
    at_most: Signal<Local, Bits<32>>,
    at_most2: Signal<Local, Bits<32>>,
    chosen: Signal<Local, Bits<32>>,
    metric: Signal<Local, Bits<32>>,
    has_metric: Signal<Local, bool>,
    k_full: Konst<32, 0xffff_ffff>,
}

impl Logic for TermTest {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, term2, metric2);
        // "At most" is "at least" of both complements; the term holds the threshold's.
        self.at_most.next = 0.into();
        if self.term.val().at_most {
            self.at_most.next = self.k_full.val();
        }
        self.chosen.next = self.metrics.val().bid_price;
        if self.term.val().of_ask {
            self.chosen.next = self.metrics.val().ask_price;
        }
        if self.term.val().of_both {
            self.chosen.next = self.metrics.val().trade_price;
        }
        if self.term.val().is_size {
            self.chosen.next = self.metrics.val().bid_size;
            if self.term.val().of_ask {
                self.chosen.next = self.metrics.val().ask_size;
            }
            if self.term.val().of_both {
                self.chosen.next = self.metrics.val().trade_size;
            }
        }
        self.metric2.d.next = self.chosen.val() ^ self.at_most.val();
        self.term2.d.next = self.term.val();
        // ---- the next cycle
        self.at_most2.next = 0.into();
        if self.term2.q.val().at_most {
            self.at_most2.next = self.k_full.val();
        }
        self.metric.next = self.metric2.q.val();
        self.has_metric.next = self.presence.val().has_bid;
        if self.term2.q.val().of_ask {
            self.has_metric.next = self.presence.val().has_ask;
        }
        if self.term2.q.val().of_both {
            self.has_metric.next = self.presence.val().has_trade;
            if !self.term2.q.val().of_ask {
                self.has_metric.next = self.presence.val().has_spread;
                self.metric.next = self.presence.val().spread ^ self.at_most2.val();
            }
        }
        self.is_there.next = self.term2.q.val().is_there;
        self.holds.next = self.term2.q.val().can_hold
            & self.has_metric.val()
            & !(self.metric.val() < self.term2.q.val().threshold);
        self.on_trade.next = self.term2.q.val().can_hold & self.term2.q.val().of_both & self.term2.q.val().of_ask;
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
        self.holds.next = self.terms[0].is_there.val()
            & self.terms[0].holds.val()
            & (self.terms[1].holds.val() | !self.terms[1].is_there.val())
            & (self.terms[2].holds.val() | !self.terms[2].is_there.val());
        self.on_trade.next =
            self.terms[0].on_trade.val() | self.terms[1].on_trade.val() | self.terms[2].on_trade.val();
    }
}
