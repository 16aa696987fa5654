//! Counts what a card's output says, as it comes, in bounded memory.
use riposte_device::Output;
use riposte_map::limits::{INSTRUMENTS, RULES};
use riposte_map::reason::Reason;
use riposte_map::shm::{Event, EventKind, Level, NONE};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Points of a price line, and marks, kept an instrument: more than a screen has columns.
const POINTS_MAX: usize = 4096;
const MARKS_MAX: usize = 2048;

/// All that is known of one instrument.
#[derive(Clone, Debug, Default)]
pub struct Watched {
    pub bid: Level,
    pub ask: Level,
    /// The last bid and ask that stood at the same time: at the end of a session books run empty.
    pub last_both: Option<(Level, Level)>,
    /// Why its book became invalid, if it did.
    pub invalid: Option<Reason>,
    /// Messages that changed or confirmed its book.
    pub messages: u64,
    pub rules: [RuleCount; RULES],
    /// Top of book over time, and the orders on it.
    pub prices: Thinned<Point>,
    pub marks: Thinned<Mark>,
}

/// What became of one rule's decisions.
#[derive(Clone, Copy, Debug, Default)]
pub struct RuleCount {
    pub sent: u64,
    pub refused: u64,
    /// Without an order.
    pub told: u64,
}

/// Top of book at a time; a price of 0 is an empty side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    pub time_ns: u64,
    pub bid_e4: u32,
    pub ask_e4: u32,
}

/// An order that left or was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pub time_ns: u64,
    pub price_e4: u32,
    pub side: u8,
    pub sent: bool,
    /// Top of book that triggered it.
    pub bid_e4: u32,
    pub ask_e4: u32,
}

/// A series that keeps every n-th item, n doubling whenever it is full: evenly spread over the whole run,
/// however long.
#[derive(Clone, Debug)]
pub struct Thinned<T> {
    pub items: Vec<T>,
    pub total: u64,
    stride: u64,
    limit: usize,
}

impl<T> Thinned<T> {
    pub fn new(limit: usize) -> Thinned<T> {
        Thinned { items: Vec::new(), total: 0, stride: 1, limit }
    }

    pub fn push(&mut self, item: T) {
        if self.total.is_multiple_of(self.stride) {
            if self.items.len() == self.limit {
                let mut index = 0;
                self.items.retain(|_| {
                    index += 1;
                    index % 2 == 1
                });
                self.stride *= 2;
            }
            if self.total.is_multiple_of(self.stride) {
                self.items.push(item);
            }
        }
        self.total += 1;
    }
}

impl Default for Thinned<Point> {
    fn default() -> Self {
        Thinned::new(POINTS_MAX)
    }
}

impl Default for Thinned<Mark> {
    fn default() -> Self {
        Thinned::new(MARKS_MAX)
    }
}

/// Running counts of one replay.
#[derive(Default)]
pub struct Tally {
    pub events: u64,
    pub transmitted: u64,
    pub watched: [Watched; INSTRUMENTS],
    /// Orders refused by reason; an event whose queue was full counts the rules in its mask.
    pub refusals: BTreeMap<Reason, u64>,
    /// Orders sent by tick-to-trade cycles.
    pub cycles: BTreeMap<u16, u64>,
    /// Channel errors and invalidated books, by reason.
    pub troubles: BTreeMap<Reason, u64>,
    /// Commands that the card refused: opcode and reason.
    pub refused_commands: Vec<(u16, Reason)>,
    /// First and last time that an event names.
    pub span_ns: Option<(u64, u64)>,
    event_bytes: Sha256,
    frame_bytes: Sha256,
}

impl Tally {
    pub fn add(&mut self, output: &Output) {
        for event in &output.events {
            self.event(event);
        }
        for frame in &output.transmitted {
            self.transmitted += 1;
            for part in [&frame.cycle.to_le_bytes(), &frame.time_ns.to_le_bytes(), &(frame.bytes.len() as u64).to_le_bytes()] {
                self.frame_bytes.update(part);
            }
            self.frame_bytes.update(&frame.bytes);
        }
    }

    /// SHA-256 over every event and every transmitted byte with its cycle: two runs that agree here agree on
    /// all that the card did.
    pub fn digest(&self) -> String {
        let mut both = Sha256::new();
        both.update(self.event_bytes.clone().finalize());
        both.update(self.frame_bytes.clone().finalize());
        both.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn event(&mut self, event: &Event) {
        self.events += 1;
        self.event_bytes.update(zerocopy::IntoBytes::as_bytes(event));
        if event.time_ns > 0 {
            let (first, last) = self.span_ns.unwrap_or((event.time_ns, event.time_ns));
            self.span_ns = Some((first.min(event.time_ns), last.max(event.time_ns)));
        }
        let reason = event.reason().unwrap_or(Reason::None);
        match event.kind() {
            Some(EventKind::Book) => self.book(event),
            Some(EventKind::Notice) => {
                self.book(event);
                self.notice(event, reason);
            }
            Some(EventKind::OrderSent) => {
                *self.cycles.entry(event.cycles).or_default() += 1;
                self.order(event, true);
            }
            Some(EventKind::OrderRefused) if event.rule == NONE => self.overflow(event, reason),
            Some(EventKind::OrderRefused) => {
                *self.refusals.entry(reason).or_default() += 1;
                self.order(event, false);
            }
            Some(EventKind::Invalid) => {
                *self.troubles.entry(reason).or_default() += 1;
                if let Some(watched) = self.watched.get_mut(usize::from(event.instrument)) {
                    watched.invalid.get_or_insert(reason);
                }
            }
            Some(EventKind::Channel) => {
                *self.troubles.entry(reason).or_default() += 1;
                if reason != Reason::HostSilent {
                    for watched in &mut self.watched {
                        watched.invalid.get_or_insert(reason);
                    }
                }
            }
            Some(EventKind::Command) if reason != Reason::None => {
                self.refused_commands.push((event.detail, reason));
            }
            Some(EventKind::Command | EventKind::System) | None => {}
        }
    }

    fn book(&mut self, event: &Event) {
        let Some(watched) = self.watched.get_mut(usize::from(event.instrument)) else { return };
        let price = |level: Level| if level.quantity == 0 { 0 } else { level.price_e4 };
        let changed = (price(watched.bid), price(watched.ask)) != (price(event.bid), price(event.ask));
        if changed || watched.messages == 0 {
            let (bid_e4, ask_e4) = (price(event.bid), price(event.ask));
            watched.prices.push(Point { time_ns: event.time_ns, bid_e4, ask_e4 });
        }
        watched.messages += 1;
        (watched.bid, watched.ask) = (event.bid, event.ask);
        if event.bid.quantity > 0 && event.ask.quantity > 0 {
            watched.last_both = Some((event.bid, event.ask));
        }
    }

    /// Rules without an order, and perhaps a decision that found no room.
    fn notice(&mut self, event: &Event, reason: Reason) {
        if reason != Reason::None {
            *self.refusals.entry(reason).or_default() += 1;
        }
        let Some(watched) = self.watched.get_mut(usize::from(event.instrument)) else { return };
        let [fired, _] = event.noticed();
        for (slot, rule) in watched.rules.iter_mut().enumerate() {
            rule.told += u64::from(fired >> slot & 1);
        }
    }

    fn order(&mut self, event: &Event, sent: bool) {
        let Some(watched) = self.watched.get_mut(usize::from(event.instrument)) else { return };
        if let Some(rule) = watched.rules.get_mut(usize::from(event.rule)) {
            *(if sent { &mut rule.sent } else { &mut rule.refused }) += 1;
        }
        if event.is_cancel() {
            return;
        }
        watched.marks.push(Mark {
            time_ns: event.time_ns,
            price_e4: event.price_e4,
            side: event.detail as u8,
            sent,
            bid_e4: if event.bid.quantity == 0 { 0 } else { event.bid.price_e4 },
            ask_e4: if event.ask.quantity == 0 { 0 } else { event.ask.price_e4 },
        });
    }

    /// The decision queue was full: each rule in the mask is an order that was not made.
    fn overflow(&mut self, event: &Event, reason: Reason) {
        let mask = event.detail;
        *self.refusals.entry(reason).or_default() += u64::from(mask.count_ones());
        if let Some(watched) = self.watched.get_mut(usize::from(event.instrument)) {
            for (slot, rule) in watched.rules.iter_mut().enumerate() {
                rule.refused += u64::from(mask >> slot & 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thinned_series_keeps_its_limit_and_spreads_evenly() {
        let mut series = Thinned::new(8);
        for item in 0..100_u64 {
            series.push(item);
        }
        assert_eq!(series.total, 100);
        assert_eq!(series.items, [0, 16, 32, 48, 64, 80, 96]);
    }

    #[test]
    fn a_full_queue_counts_every_rule_of_the_mask() {
        let mut tally = Tally::default();
        let event = Event {
            kind: EventKind::OrderRefused as u8,
            reason: Reason::QueueFull as u8,
            instrument: 2,
            rule: NONE,
            detail: 0b1010,
            ..Event::default()
        };
        tally.add(&Output { events: vec![event], transmitted: Vec::new() });
        assert_eq!(tally.refusals[&Reason::QueueFull], 2);
        assert_eq!(tally.watched[2].rules.map(|rule| rule.refused), [0, 1, 0, 1]);
    }

    #[test]
    fn the_digest_sees_every_bit() {
        let digest = |event: Event| {
            let mut tally = Tally::default();
            tally.add(&Output { events: vec![event], transmitted: Vec::new() });
            tally.digest()
        };
        let event = Event { kind: EventKind::Book as u8, ..Event::default() };
        assert_eq!(digest(event), digest(event));
        assert_ne!(digest(event), digest(Event { detail: 1, ..event }));
    }
}
