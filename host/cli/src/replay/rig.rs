//! One card, or two in lockstep: both see the same cycles, and everything that comes out must be equal.
//!
//! A card may hand out an event before or after its partner does, so the longer side waits; what both have
//! handed out is compared in order, and passed on once.
use riposte_device::{Card, Output, Transmitted};
use riposte_map::counter::Counter;
use riposte_map::shm::Event;
use std::fmt;

/// Events or frames that one card may be ahead of the other before the other is said to lack them.
const AHEAD_MAX: usize = 4096;

pub struct Rig {
    cards: Vec<Box<dyn Card>>,
    waiting: [Output; 2],
}

/// The first thing that two cards do not agree on.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, thiserror::Error)]
pub struct Difference {
    /// `event 17`, `transmitted frame 3`, `counter orders_sent`.
    pub what: String,
    /// Cycle up to which both cards had run.
    pub cycle: u64,
    /// Name of the card and what it had, for both.
    pub sides: [(String, String); 2],
    /// What differs, one line each.
    pub details: Vec<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        writeln!(f, "the cards differ in {}, seen by cycle {}", self.what, self.cycle)?;
        for (name, had) in &self.sides {
            writeln!(f, "  {name}: {had}")?;
        }
        for detail in &self.details {
            writeln!(f, "  differs: {detail}")?;
        }
        Ok(())
    }
}

impl Rig {
    /// One card or two. Panics on any other number: that is the driver's own.
    pub fn new(cards: Vec<Box<dyn Card>>) -> Rig {
        assert!((1..=2).contains(&cards.len()), "a rig has one card or two");
        Rig { cards, waiting: Default::default() }
    }

    /// `model`, or `model = verilated`.
    pub fn name(&self) -> String {
        let names: Vec<_> = self.cards.iter().map(|card| card.name()).collect();
        names.join(" = ")
    }

    pub fn cycle(&self) -> u64 {
        self.cards[0].cycle()
    }

    /// Does the same with every card.
    pub fn each(&mut self, act: impl Fn(&mut dyn Card)) {
        for card in &mut self.cards {
            act(card.as_mut());
        }
    }

    /// Appends what all cards have put out since, and agree on, to `agreed`.
    pub fn collect(&mut self, agreed: &mut Output) -> Result<(), Box<Difference>> {
        let [first, second] = self.cards.as_mut_slice() else {
            self.cards[0].drain(agreed);
            return Ok(());
        };
        let [left, right] = &mut self.waiting;
        first.drain(left);
        second.drain(right);
        if first.cycle() != second.cycle() {
            let sides = [first.cycle().to_string(), second.cycle().to_string()];
            return Err(self.difference("the cycle".to_owned(), sides, Vec::new()));
        }
        let events = left.events.len().min(right.events.len());
        if let Some(at) = (0..events).find(|&at| left.events[at] != right.events[at]) {
            let (one, other) = (left.events[at], right.events[at]);
            return Err(self.difference(
                format!("event {}", one.sequence),
                [format!("{one:?}"), format!("{other:?}")],
                event_differences(&one, &other),
            ));
        }
        let frames = left.transmitted.len().min(right.transmitted.len());
        if let Some(at) = (0..frames).find(|&at| left.transmitted[at] != right.transmitted[at]) {
            let (one, other) = (left.transmitted[at].clone(), right.transmitted[at].clone());
            let details = frame_differences(&one, &other);
            let sides = [frame_text(Some(&one)), frame_text(Some(&other))];
            return Err(self.difference("a transmitted frame".to_owned(), sides, details));
        }
        agreed.events.extend(left.events.drain(..events));
        agreed.transmitted.extend(left.transmitted.drain(..frames));
        right.events.drain(..events);
        right.transmitted.drain(..frames);
        let ahead = |output: &Output| output.events.len().max(output.transmitted.len());
        if ahead(left).max(ahead(right)) > AHEAD_MAX { self.nothing_waits() } else { Ok(()) }
    }

    /// At the end: nothing may be left on one side, and the counters must be equal. Gives the counters.
    pub fn finish(&mut self) -> Result<[u32; Counter::COUNT], Box<Difference>> {
        self.nothing_waits()?;
        let counters = self.cards[0].counters();
        if let Some(second) = self.cards.get_mut(1) {
            let others = second.counters();
            let unequal = Counter::ALL.iter().find(|&&c| counters[c as usize] != others[c as usize]);
            if let Some(&counter) = unequal {
                let sides = [counters, others].map(|values| values[counter as usize].to_string());
                return Err(self.difference(format!("counter {}", counter.text()), sides, Vec::new()));
            }
        }
        Ok(counters)
    }

    /// What one card has put out and the other has not is a difference.
    fn nothing_waits(&self) -> Result<(), Box<Difference>> {
        let event = |output: &Output| output.events.first().copied();
        let [left, right] = &self.waiting;
        if let Some(one) = event(left).or(event(right)) {
            let text = |output| event(output).map_or("none".to_owned(), |event| format!("{event:?}"));
            let what = format!("event {}, which only one has", one.sequence);
            return Err(self.difference(what, [text(left), text(right)], Vec::new()));
        }
        if !left.transmitted.is_empty() || !right.transmitted.is_empty() {
            let sides = [left, right].map(|output| frame_text(output.transmitted.first()));
            return Err(self.difference("a transmitted frame, which only one has".to_owned(), sides, Vec::new()));
        }
        Ok(())
    }

    fn difference(&self, what: String, sides: [String; 2], details: Vec<String>) -> Box<Difference> {
        let [left, right] = sides;
        let name = |at: usize| self.cards[at].name().to_owned();
        Box::new(Difference { what, cycle: self.cycle(), sides: [(name(0), left), (name(1), right)], details })
    }
}

fn frame_text(frame: Option<&Transmitted>) -> String {
    frame.map_or("none".to_owned(), |frame| {
        let bytes: String = frame.bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("cycle {}, time {} ns, {} bytes {bytes}", frame.cycle, frame.time_ns, frame.bytes.len())
    })
}

fn frame_differences(one: &Transmitted, other: &Transmitted) -> Vec<String> {
    let mut details = Vec::new();
    if one.cycle != other.cycle {
        details.push(format!("cycle {} and {}", one.cycle, other.cycle));
    }
    if one.time_ns != other.time_ns {
        details.push(format!("time {} and {} ns", one.time_ns, other.time_ns));
    }
    let at = one.bytes.iter().zip(&other.bytes).position(|(a, b)| a != b);
    if let Some(at) = at {
        details.push(format!("byte {at}: {:#04x} and {:#04x}", one.bytes[at], other.bytes[at]));
    } else if one.bytes.len() != other.bytes.len() {
        details.push(format!("length {} and {}", one.bytes.len(), other.bytes.len()));
    }
    details
}

fn event_differences(one: &Event, other: &Event) -> Vec<String> {
    let fields = |event: &Event| {
        [
            ("sequence", event.sequence),
            ("kind", event.kind.into()),
            ("reason", event.reason.into()),
            ("instrument", event.instrument.into()),
            ("rule", event.rule.into()),
            ("generation", event.generation.into()),
            ("time_ns", event.time_ns),
            ("feed_sequence", event.feed_sequence),
            ("bid price_e4", event.bid.price_e4.into()),
            ("bid quantity", event.bid.quantity.into()),
            ("ask price_e4", event.ask.price_e4.into()),
            ("ask quantity", event.ask.quantity.into()),
            ("price_e4", event.price_e4.into()),
            ("quantity", event.quantity.into()),
            ("user_ref", event.user_ref.into()),
            ("cycles", event.cycles.into()),
            ("detail", event.detail.into()),
        ]
    };
    let pairs = fields(one).into_iter().zip(fields(other));
    let unequal = pairs.filter(|((_, a), (_, b))| a != b);
    unequal.map(|((name, a), (_, b))| format!("{name}: {a} and {b}")).collect()
}
