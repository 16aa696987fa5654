//! Functional coverage: what a run has exercised, counted from what a card was shown and what came out of it.
//!
//! In: commands and frames as they are shown, events and counters as they come out. Out: hits of each `Bin`.
//! Why: it reads frames by itself, so that a bin tells of the stimulus and not of a card's opinion; where the card
//! answers with an event, the bin counts only with that event. Not here: what nothing outside a card shows.
use crate::traffic::Piece;
use riposte_map::{
    counter::Counter,
    limits::{BLOCK_BYTES_MAX, BLOCK_BYTES_MIN, INSTRUMENTS, RULES, TERMS},
    reason::Reason,
    shm::{Command, Condition, Event, EventKind, Level, NONE, Opcode},
    wire::itch::{MESSAGES, decisive_bytes, index_of},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// A step of the session's state, as `hdl/README.md` names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    FirstPacket,
    InOrder,
    Gap,
    Duplicate,
    Overlap,
    Heartbeat,
    GapByHeartbeat,
    SessionChange,
    EndOfSession,
    RepeatedEnd,
    /// Messages in order behind the end of the session.
    BehindTheEnd,
}

/// How an operation went through the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// A print or trading action with nothing in front of it.
    Short,
    /// A print or trading action behind an order's operation.
    Long,
    /// An order's operation.
    Order,
    /// An operation that emptied the top of a book.
    Slow,
    /// A replace of an order that a replace made.
    Chain,
}

/// How a frame was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pace {
    /// Its first word in the cycle behind the last word of another.
    BackToBack,
    Behind,
    /// With idle words inside.
    Stalled,
    Whole,
    Tagged,
    Untagged,
}

/// One thing that traffic should bring about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bin {
    /// A message of a type whose first byte is in this lane of a word.
    Message { code: u8, lane: u8 },
    Rule { condition: Condition, fired: bool },
    /// A rule that fired has so many terms.
    Terms(u8),
    /// Rules without an order fired, and one of them halted.
    Notice { halts: bool },
    Refused(Reason),
    /// A mass cancel that the gate judged.
    MassCancel { passed: bool },
    /// An order of the host that the gate judged.
    HostOrder { passed: bool },
    Invalid(Reason),
    Channel(Reason),
    Session(Step),
    /// `Reason::None`: accepted.
    Command { opcode: Opcode, reason: Reason },
    /// Commands of no opcode.
    UnknownCommand,
    Way(Way),
    Pace(Pace),
    Counter(Counter),
}

const STEPS: [Step; 11] = [
    Step::FirstPacket, Step::InOrder, Step::Gap, Step::Duplicate, Step::Overlap, Step::Heartbeat,
    Step::GapByHeartbeat, Step::SessionChange, Step::EndOfSession, Step::RepeatedEnd, Step::BehindTheEnd,
];
const WAYS: [Way; 5] = [Way::Short, Way::Long, Way::Order, Way::Slow, Way::Chain];
const PACES: [Pace; 6] =
    [Pace::BackToBack, Pace::Behind, Pace::Stalled, Pace::Whole, Pace::Tagged, Pace::Untagged];

/// Reasons that no traffic can bring about: with generation 0 in force no message reaches an instrument and so no rule
/// decides, and runs begin with a set; messages come no faster than they are issued; and the host's own invalidations answer with a Command
/// event; and a sound card's wire shows what its gate passed.
pub const OUT_OF_REACH: [Reason; 4] = [Reason::NoGeneration, Reason::Overload, Reason::Host, Reason::WireParity];

impl Bin {
    /// Every bin; all of them can be reached.
    pub fn all() -> Vec<Bin> {
        let mut all = Vec::new();
        for message in MESSAGES {
            all.extend((0..8).map(|lane| Bin::Message { code: message.code, lane }));
        }
        for condition in Condition::ALL {
            all.extend([true, false].map(|fired| Bin::Rule { condition, fired }));
        }
        all.extend((1..=TERMS as u8).map(Bin::Terms));
        all.extend([true, false].map(|halts| Bin::Notice { halts }));
        for &reason in Reason::ALL.iter().filter(|reason| !OUT_OF_REACH.contains(reason)) {
            match reason as u8 {
                1..32 => all.push(Bin::Refused(reason)),
                32..48 => all.push(Bin::Channel(reason)),
                48..64 => all.push(Bin::Invalid(reason)),
                _ => {}
            }
        }
        all.push(Bin::Channel(Reason::HostSilent));
        all.extend(STEPS.map(Bin::Session));
        all.extend(Opcode::ALL.map(|opcode| Bin::Command { opcode, reason: Reason::None }));
        all.push(Bin::Command { opcode: Opcode::Commit, reason: Reason::OldGeneration });
        all.push(Bin::Command { opcode: Opcode::Validate, reason: Reason::BookNotClean });
        all.push(Bin::Command { opcode: Opcode::Validate, reason: Reason::Restoring });
        all.extend([Opcode::Clear, Opcode::Order].map(|opcode| Bin::Command { opcode, reason: Reason::Restoring }));
        all.extend([Reason::TooSoon, Reason::NoPlace].map(|reason| Bin::Command { opcode: Opcode::Order, reason }));
        for passed in [true, false] {
            all.extend([Bin::HostOrder { passed }, Bin::MassCancel { passed }]);
        }
        for reason in [Reason::NotCleared, Reason::TooSoon] {
            all.extend([Opcode::Row, Opcode::Resume].map(|opcode| Bin::Command { opcode, reason }));
        }
        for reason in [Reason::BookNotClean, Reason::Elsewhere, Reason::FeedSilent] {
            all.push(Bin::Command { opcode: Opcode::Resume, reason });
        }
        all.push(Bin::UnknownCommand);
        all.extend(WAYS.map(Bin::Way));
        all.extend(PACES.map(Bin::Pace));
        let out_of_reach = [Counter::RefusedNoGeneration, Counter::WireMismatches];
        let counters = Counter::ALL.iter().filter(|counter| !out_of_reach.contains(counter));
        all.extend(counters.copied().map(Bin::Counter));
        all
    }
}

impl fmt::Display for Bin {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Bin::Message { code, lane } => write!(f, "message {} in lane {lane}", char::from(*code)),
            Bin::Rule { condition, fired: true } => write!(f, "rule {condition:?} fired"),
            Bin::Rule { condition, fired: false } => write!(f, "rule {condition:?} not fired"),
            Bin::Terms(terms) => write!(f, "rule of {terms} terms fired"),
            Bin::Notice { halts: true } => write!(f, "rule halted its instrument"),
            Bin::Notice { halts: false } => write!(f, "rule notified"),
            Bin::Refused(reason) => write!(f, "order refused: {}", reason.text()),
            Bin::MassCancel { passed: true } => write!(f, "mass cancel sent"),
            Bin::MassCancel { passed: false } => write!(f, "mass cancel refused"),
            Bin::HostOrder { passed: true } => write!(f, "order of the host sent"),
            Bin::HostOrder { passed: false } => write!(f, "order of the host refused"),
            Bin::Invalid(reason) => write!(f, "book invalid: {}", reason.text()),
            Bin::Channel(reason) => write!(f, "channel: {}", reason.text()),
            Bin::Session(step) => write!(f, "session {step:?}"),
            Bin::Command { opcode, reason: Reason::None } => write!(f, "command {opcode:?} accepted"),
            Bin::Command { opcode, reason } => write!(f, "command {opcode:?} refused: {}", reason.text()),
            Bin::UnknownCommand => write!(f, "command refused: {}", Reason::BadOpcode.text()),
            Bin::Way(way) => write!(f, "operation {way:?}"),
            Bin::Pace(pace) => write!(f, "frame {pace:?}"),
            Bin::Counter(counter) => write!(f, "counter {}", counter.text()),
        }
    }
}

/// Hits of bins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bins(BTreeMap<Bin, u64>);

impl Bins {
    pub fn add(&mut self, other: &Bins) {
        for (bin, hits) in &other.0 {
            *self.0.entry(*bin).or_default() += hits;
        }
    }

    /// Of what was counted alone.
    pub fn counted(counters: &[u32; Counter::COUNT]) -> Bins {
        let counts = Counter::ALL.iter().map(|counter| (Bin::Counter(*counter), u64::from(counters[*counter as usize])));
        Bins(counts.filter(|(_, count)| *count != 0).collect())
    }

    fn hit(&mut self, bin: Bin) {
        *self.0.entry(bin).or_default() += 1;
    }

    pub fn hits(&self, bin: Bin) -> u64 {
        self.0.get(&bin).copied().unwrap_or_default()
    }

    /// Bins without a hit.
    pub fn missed(&self) -> Vec<Bin> {
        Bin::all().into_iter().filter(|bin| self.hits(*bin) == 0).collect()
    }

    /// Bins that were hit and that are not in the list of all.
    pub fn unlisted(&self) -> Vec<Bin> {
        let all: BTreeSet<Bin> = Bin::all().into_iter().collect();
        self.0.keys().filter(|bin| !all.contains(bin)).copied().collect()
    }

    /// Bin and hits, a line each; the lanes of one message type in one line.
    pub fn table(&self) -> String {
        let mut text = String::from("message        lane 0      1      2      3      4      5      6      7\n");
        for message in MESSAGES {
            let lanes = (0..8).map(|lane| format!("{:>7}", self.hits(Bin::Message { code: message.code, lane })));
            text += &format!("{}            {}\n", char::from(message.code), lanes.collect::<String>());
        }
        for bin in Bin::all().into_iter().filter(|bin| !matches!(bin, Bin::Message { .. })) {
            text += &format!("{:>10} {bin}\n", self.hits(bin));
        }
        let missed = self.missed().len();
        text + &format!("{} bins, {missed} of them without a hit", Bin::all().len())
    }
}

/// What the host has written for one instrument.
#[derive(Clone, Copy, Default)]
struct Row {
    locate: u16,
    has_window: bool,
    /// Of each term of each rule.
    conditions: [[u8; RULES]; TERMS],
}

type Bank = [Row; INSTRUMENTS];

/// A message that was shown and not dropped.
#[derive(Clone, Copy)]
struct Shown {
    code: u8,
    lane: u8,
}

/// A Book event: a verdict of a valid book.
struct Verdict {
    sequence: u64,
    instrument: u8,
    generation: u32,
    code: u8,
    top: [Level; 2],
}

/// Watches a run and counts.
#[derive(Default)]
pub struct Observer {
    bins: Bins,
    // The session as the page has it.
    known: Option<[u8; 10]>,
    /// Expected sequence number less 1.
    past: u64,
    ended: bool,
    // Parameters.
    shadow: Bank,
    in_force: Bank,
    generation: u32,
    banks: BTreeMap<u32, Bank>,
    locates: BTreeSet<u16>,
    // What was shown and what came of it.
    shown: BTreeMap<u64, Shown>,
    replaced: BTreeSet<u64>,
    verdicts: Vec<Verdict>,
    fired: BTreeSet<(u64, u8)>,
    tops: [Option<[Level; 2]>; INSTRUMENTS],
    /// Issue cycles of the last operation, and of the last that did not go the short way.
    last_issue: Option<u64>,
    last_long: Option<u64>,
    frame_end: u64,
    /// From the first command to clear the books on, frames are not looked at: whose messages are dropped, the card says.
    blind: bool,
}

impl Observer {
    /// Takes a command in the order in which commands are shown.
    pub fn command(&mut self, command: &Command) {
        let Some(opcode) = Opcode::from_code(command.opcode) else { return };
        let row = &mut self.shadow[usize::from(command.instrument) % INSTRUMENTS];
        match opcode {
            Opcode::WriteInstrument => {
                row.locate = command.args[0] as u16;
                row.has_window = command.args[4] as u32 != 0;
                self.locates.insert(row.locate);
            }
            Opcode::WriteRules => {
                if let Some(term) = row.conditions.get_mut(usize::from(command.index)) {
                    *term = std::array::from_fn(|at| command.args[0].to_le_bytes()[at]);
                }
            }
            Opcode::Commit if command.value > self.generation => {
                std::mem::swap(&mut self.shadow, &mut self.in_force);
                self.generation = command.value;
                self.banks.insert(self.generation, self.in_force);
            }
            Opcode::Trace => self.tops = Default::default(),
            Opcode::Clear => self.blind = true,
            _ => {}
        }
        // Writes and heartbeats make no event; every one of them is carried out.
        if !opcode.is_told() {
            self.bins.hit(Bin::Command { opcode, reason: Reason::None });
        }
    }

    /// Takes a frame whose first word is shown in cycle `start`, or later if that word stalls.
    pub fn frame(&mut self, start: u64, piece: &Piece) {
        if self.blind {
            return;
        }
        let frame = Headers { bytes: &piece.bytes, shift: 4 * usize::from(half(&piece.bytes, 12) == 0x8100) };
        let words = piece.bytes.len().div_ceil(8);
        let stalled = (0..words).any(|word| piece.stalls >> (word % 64) & 1 == 1);
        self.bins.hit(Bin::Pace(if start == self.frame_end { Pace::BackToBack } else { Pace::Behind }));
        self.bins.hit(Bin::Pace(if stalled { Pace::Stalled } else { Pace::Whole }));
        self.bins.hit(Bin::Pace(if frame.shift == 4 { Pace::Tagged } else { Pace::Untagged }));
        self.frame_end = word_cycle(start, piece, words - 1) + 1;
        if frame.is_packet() {
            let dropped = self.session(&frame);
            self.blocks(&frame, dropped, start, piece);
        }
    }

    /// Takes the packet's header; how many of its messages are dropped.
    fn session(&mut self, frame: &Headers) -> u64 {
        let session: [u8; 10] = frame.bytes[42 + frame.shift..][..10].try_into().expect("ten bytes");
        let (sequence, count) = (frame.sequence(), frame.count());
        let expected = self.past + 1;
        if self.known.is_none() {
            self.bins.hit(Bin::Session(Step::FirstPacket));
        }
        let known = *self.known.get_or_insert(session);
        let (step, dropped) = if known != session {
            (Step::SessionChange, count)
        } else if count == 0xffff {
            (if self.ended { Step::RepeatedEnd } else { Step::EndOfSession }, count)
        } else if count == 0 {
            (if sequence > expected { Step::GapByHeartbeat } else { Step::Heartbeat }, 0)
        } else if sequence > expected {
            (Step::Gap, 0)
        } else if sequence == expected {
            (if self.ended { Step::BehindTheEnd } else { Step::InOrder }, 0)
        } else if sequence + count <= expected {
            (Step::Duplicate, count)
        } else {
            (Step::Overlap, expected - sequence)
        };
        match step {
            Step::SessionChange | Step::RepeatedEnd => {}
            Step::EndOfSession => self.ended = true,
            _ => self.past = self.past.max((sequence + count).saturating_sub(1)),
        }
        self.bins.hit(Bin::Session(step));
        dropped
    }

    fn blocks(&mut self, frame: &Headers, dropped: u64, start: u64, piece: &Piece) {
        let count = if frame.count() == 0xffff { 0 } else { frame.count() };
        // Position of the low byte of the length.
        let mut low = 63 + frame.shift;
        for index in 0..count {
            let length = usize::from(half(frame.bytes, low - 1));
            let fits = low + length < frame.payload_end() && low + 1 < frame.bytes.len();
            if !fits || !(BLOCK_BYTES_MIN..=BLOCK_BYTES_MAX).contains(&length) {
                return;
            }
            let code = byte(frame.bytes, low + 1);
            if index_of(code).is_some_and(|at| MESSAGES[at].length != length) {
                return;
            }
            if index >= dropped {
                let shown = Shown { code, lane: (low + 1) as u8 % 8 };
                self.shown.entry(frame.sequence() + index).or_insert(shown);
                if index_of(code).is_some() && !b"AFECXDUPSH".contains(&code) {
                    self.bins.hit(Bin::Message { code, lane: shown.lane });
                }
                let decisive = (low + decisive_bytes(length)) / 8;
                let watched = self.locates.contains(&half(frame.bytes, low + 2)) && half(frame.bytes, low + 2) != 0;
                if watched && b"AFECXDUPH".contains(&code) && decisive * 8 < frame.bytes.len() {
                    self.operation(code, word_cycle(start, piece, decisive) + 1);
                    self.chain(frame.bytes, low);
                }
            }
            low += length + 2;
        }
    }

    /// An operation that is ready in a cycle, issued as the page says.
    fn operation(&mut self, code: u8, ready: u64) {
        let issue = self.last_issue.map_or(ready, |last| ready.max(last + 2));
        let short = b"PH".contains(&code) && self.last_long.is_none_or(|last| last + 4 < issue);
        let way = match code {
            b'P' | b'H' if short => Way::Short,
            b'P' | b'H' => Way::Long,
            _ => Way::Order,
        };
        let issue = if code == b'U' { issue + 2 } else { issue };
        self.last_issue = Some(issue);
        if !short {
            self.last_long = Some(issue);
        }
        self.bins.hit(Bin::Way(way));
    }

    /// A replace of an order that a replace made.
    fn chain(&mut self, bytes: &[u8], low: usize) {
        if byte(bytes, low + 1) == b'U' {
            if self.replaced.remove(&word(bytes, low + 12)) {
                self.bins.hit(Bin::Way(Way::Chain));
            }
            self.replaced.insert(word(bytes, low + 20));
        }
    }

    /// Takes an event in the order in which events come out.
    pub fn event(&mut self, event: &Event) {
        let reason = event.reason().expect("a reason of the contract");
        if event.is_cancel() && event.time_ns != 0 {
            self.bins.hit(Bin::MassCancel { passed: reason == Reason::None });
        }
        match event.kind().expect("a kind of the contract") {
            EventKind::Book | EventKind::Notice => {
                if event.kind() == Some(EventKind::Notice) {
                    self.bins.hit(Bin::Notice { halts: event.detail >> 12 != 0 });
                    let rules = (0..RULES as u8).filter(|rule| event.detail >> (8 + rule) & 1 == 1);
                    rules.for_each(|rule| self.rule(&Event { rule, ..*event }));
                }
                self.message(event);
                self.top(event);
                self.verdicts.push(Verdict {
                    sequence: event.feed_sequence,
                    instrument: event.instrument,
                    generation: event.generation,
                    code: event.detail as u8,
                    top: [event.bid, event.ask],
                });
            }
            EventKind::System => self.message(event),
            // No frame of the feed has time 0.
            EventKind::OrderSent if event.time_ns == 0 => self.bins.hit(Bin::HostOrder { passed: true }),
            EventKind::OrderSent => self.rule(event),
            EventKind::OrderRefused if event.time_ns == 0 => {
                self.bins.hit(Bin::HostOrder { passed: false });
                self.bins.hit(Bin::Refused(reason));
            }
            EventKind::OrderRefused => {
                self.bins.hit(Bin::Refused(reason));
                if event.rule != NONE {
                    self.rule(event);
                }
            }
            EventKind::Invalid => {
                self.bins.hit(Bin::Invalid(reason));
                self.tops[usize::from(event.instrument) % INSTRUMENTS] = None;
            }
            EventKind::Channel => {
                self.bins.hit(Bin::Channel(reason));
                // A host that falls silent leaves the books as they are.
                if reason != Reason::HostSilent {
                    self.tops = Default::default();
                }
            }
            EventKind::Command => self.bins.hit(match Opcode::from_code(event.detail as u8) {
                Some(opcode) => Bin::Command { opcode, reason },
                None => Bin::UnknownCommand,
            }),
        }
    }

    /// The card answered a message: a System event's `detail` is its code, a Book event's the message's type.
    fn message(&mut self, event: &Event) {
        let Some(shown) = self.shown.get(&event.feed_sequence) else { return };
        let told = if event.kind() == Some(EventKind::System) { b'S' } else { event.detail as u8 };
        if shown.code == told {
            self.bins.hit(Bin::Message { code: shown.code, lane: shown.lane });
        }
    }

    fn top(&mut self, event: &Event) {
        let [bid, ask] = [event.bid, event.ask];
        let before = self.tops[usize::from(event.instrument) % INSTRUMENTS].replace([bid, ask]);
        let Some([bid_before, ask_before]) = before else { return };
        let fell = bid_before.quantity != 0 && (bid.quantity == 0 || bid.price_e4 < bid_before.price_e4);
        let rose = ask_before.quantity != 0 && (ask.quantity == 0 || ask.price_e4 > ask_before.price_e4);
        if fell || rose {
            self.bins.hit(Bin::Way(Way::Slow));
        }
    }

    /// Conditions of a rule's terms.
    fn conditions(&self, generation: u32, instrument: u8, rule: usize) -> Vec<Condition> {
        let row = self.banks.get(&generation).and_then(|bank| bank.get(usize::from(instrument)));
        let codes = row.into_iter().flat_map(|row| row.conditions).filter_map(|term| term.get(rule).copied());
        let known = |code| Condition::ALL.into_iter().find(|condition| *condition as u8 == code);
        codes.filter_map(known).collect()
    }

    fn has_window(&self, generation: u32, instrument: u8) -> bool {
        let row = self.banks.get(&generation).and_then(|bank| bank.get(usize::from(instrument)));
        row.is_some_and(|row| row.has_window)
    }

    fn rule(&mut self, event: &Event) {
        self.fired.insert((event.feed_sequence, event.rule));
        let conditions = self.conditions(event.generation, event.instrument, event.rule.into());
        if !conditions.is_empty() {
            self.bins.hit(Bin::Terms(conditions.len() as u8));
        }
        for condition in conditions {
            self.bins.hit(Bin::Rule { condition, fired: true });
        }
    }

    /// The rules that could have fired and did not, and the counters.
    pub fn end(mut self, counters: &[u32; Counter::COUNT]) -> Bins {
        for verdict in std::mem::take(&mut self.verdicts) {
            for rule in 0..RULES {
                if self.fired.contains(&(verdict.sequence, rule as u8)) {
                    continue;
                }
                for condition in self.conditions(verdict.generation, verdict.instrument, rule) {
                    let has_window = self.has_window(verdict.generation, verdict.instrument);
                    if could_hold(condition, &verdict) && (has_window || !condition.is_over_time()) {
                        self.bins.hit(Bin::Rule { condition, fired: false });
                    }
                }
            }
        }
        self.bins.add(&Bins::counted(counters));
        self.bins
    }
}

/// Whether what the condition looks at is there.
fn could_hold(condition: Condition, verdict: &Verdict) -> bool {
    let [bid, ask] = verdict.top.map(|level| level.quantity != 0);
    match condition {
        Condition::Off | Condition::Host => false,
        Condition::BidAtLeast | Condition::BidAtMost | Condition::BidSizeAtLeast | Condition::BidSizeAtMost => bid,
        Condition::AskAtLeast | Condition::AskAtMost | Condition::AskSizeAtLeast | Condition::AskSizeAtMost => ask,
        Condition::SpreadAtLeast | Condition::SpreadAtMost => bid && ask,
        Condition::TradeAtLeast | Condition::TradeAtMost | Condition::TradeSizeAtLeast | Condition::TradeSizeAtMost => {
            b"PE".contains(&verdict.code)
        }
        // Whether a side was there before the window, no event tells.
        Condition::RateAtLeast | Condition::RateAtMost => true,
        Condition::RiseAtLeast | Condition::RiseAtMost => bid,
        Condition::FallAtLeast | Condition::FallAtMost => ask,
    }
}

/// A frame's headers as the page reads them; lanes past its end are 0.
struct Headers<'a> {
    bytes: &'a [u8],
    /// Bytes of the VLAN tag.
    shift: usize,
}

impl Headers<'_> {
    fn udp_bytes(&self) -> u16 {
        half(self.bytes, 38 + self.shift)
    }

    /// Whether the card takes it for a packet of the feed.
    fn is_packet(&self) -> bool {
        let (bytes, v) = (self.bytes, self.shift);
        let group = [half(bytes, 30 + v), half(bytes, 32 + v)].map(u32::from);
        bytes.len() >= 62 + v
            && half(bytes, 12 + v) == 0x0800
            && byte(bytes, 14 + v) == 0x45
            && half(bytes, 20 + v) & 0x3fff == 0
            && byte(bytes, 23 + v) == 17
            && group[0] << 16 | group[1] == crate::parameters::GROUP
            && half(bytes, 36 + v) == crate::parameters::PORT
            && self.udp_bytes() >= 28
            && half(bytes, 16 + v).checked_sub(20) == Some(self.udp_bytes())
    }

    fn payload_end(&self) -> usize {
        34 + self.shift + usize::from(self.udp_bytes())
    }

    fn sequence(&self) -> u64 {
        word(self.bytes, 52 + self.shift)
    }

    fn count(&self) -> u64 {
        half(self.bytes, 60 + self.shift).into()
    }
}

fn byte(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or_default()
}

fn half(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([byte(bytes, at), byte(bytes, at + 1)])
}

fn word(bytes: &[u8], at: usize) -> u64 {
    (0..8).fold(0, |value, offset| value << 8 | u64::from(byte(bytes, at + offset)))
}

/// Cycle that shows a word of a frame that begins at `start`.
fn word_cycle(start: u64, piece: &Piece, word: usize) -> u64 {
    let stalls = (0..=word).filter(|word| piece.stalls >> (word % 64) & 1 == 1).count();
    start + (word + stalls) as u64
}
