//! Two lines of one feed: which of their frames the rest of the card sees, and when.
//!
//! In: what comes over both ports. Out: frames that are let go, each with the cycle of its first word. Why: nothing is stepped cycle by cycle
//! unless a store holds something; else only what may happen to a frame is looked at.
use crate::{
    Model,
    frame::{self, Headers, WordClock},
    session::{Header, View},
    walk::Walk,
    wire::{ethernet, u16_at, u64_at},
};
use riposte_device::Frame;
use riposte_map::{
    counter::Counter,
    limits::{LINE_FRAME_WORDS, LINE_FRAMES, LINE_WORDS},
};
use std::collections::VecDeque;

/// A frame on its port.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub bytes: Box<[u8]>,
    pub words: WordClock,
    pub time_ns: u64,
    pub fcs_good: bool,
}

impl Arrival {
    pub fn new(start: u64, frame: &Frame) -> Arrival {
        assert!(!frame.bytes.is_empty(), "a frame has at least one byte");
        let words = WordClock { start, stalls: frame.stalls };
        Arrival { bytes: frame.bytes.into(), words, time_ns: frame.time_ns, fcs_good: frame.fcs_good }
    }

    fn word_count(&self) -> usize {
        self.bytes.len().div_ceil(8)
    }

    /// Cycle of its last word.
    pub fn last(&self) -> u64 {
        self.words.cycle(self.word_count() - 1)
    }
}

/// A packet's headers.
#[derive(Clone, Copy, Debug)]
struct Packet {
    headers: Headers,
    header: Header,
}

impl Packet {
    /// The page's E, of a straight packet.
    fn decided(&self, words: &WordClock) -> u64 {
        if self.headers.shift == 0 { words.cycle(7) + 3 } else { words.cycle(8) + 2 }
    }
}

/// A frame of which is not known yet what becomes of it.
#[derive(Clone, Debug)]
struct Open {
    arrival: Arrival,
    packet: Option<Packet>,
    /// It may still be put off, in this cycle.
    decided: Option<u64>,
    has_place: bool,
}

impl Open {
    /// The page's S.
    fn stored(&self) -> u64 {
        self.arrival.last() + 3
    }
}

/// A packet in a store.
#[derive(Clone, Debug)]
struct Stored {
    arrival: Arrival,
    packet: Packet,
    /// In which cycle it was stored.
    since: u64,
    deadline: u32,
    /// Of another session than the one known.
    other: bool,
}

impl Stored {
    fn is_old(&self, view: &View) -> bool {
        let Header { sequence, count, .. } = self.packet.header;
        !self.other && !view.fresh && sequence + u64::from(count) <= view.expected
    }

    fn is_ahead(&self, view: &View) -> bool {
        !self.other && !view.fresh && self.packet.header.sequence > view.expected
    }

    /// Numbers of cycles have 32 bits here.
    fn is_expired(&self, cycle: u64) -> bool {
        (cycle as u32).wrapping_sub(self.deadline) >> 31 == 0
    }
}

#[derive(Clone, Debug, Default)]
struct Line {
    coming: VecDeque<Arrival>,
    open: VecDeque<Open>,
    store: VecDeque<Stored>,
    /// Last word of the last frame that did not begin straight.
    aside: Option<u64>,
    /// When its store's head left last.
    left: Option<u64>,
}

impl Line {
    /// The head of its store as it stood in `cycle`, of which nothing has left since.
    fn head(&self, cycle: u64) -> Option<&Stored> {
        self.store.front().filter(|head| head.since < cycle)
    }

    /// Whether nothing in its store would come before a frame that begins now. Nothing has left the store yet in this cycle.
    fn is_clear(&self, now: &Now) -> bool {
        let before = now.cycle.saturating_sub(1);
        let held = self.left == Some(before) || self.head(before).is_some();
        !held || now.settled && self.head(before).is_some_and(|head| head.is_ahead(&now.view))
    }

    fn next(&self) -> Option<u64> {
        let coming = self.coming.front().map(|arrival| arrival.words.start);
        let open = self.open.iter().map(|open| open.decided.map_or(open.stored(), |decided| decided - 1));
        open.chain(coming).min()
    }
}

/// Counters of a line.
#[derive(Clone, Copy)]
struct Counts {
    frames: Counter,
    used: Counter,
    duplicates: Counter,
    held: Counter,
    given_up: Counter,
    overflows: Counter,
    dropped: Counter,
}

const COUNTS: [Counts; 2] = [
    Counts {
        frames: Counter::LineAFrames,
        used: Counter::LineAUsed,
        duplicates: Counter::LineADuplicates,
        held: Counter::LineAHeld,
        given_up: Counter::LineAGivenUp,
        overflows: Counter::LineAOverflows,
        dropped: Counter::LineADropped,
    },
    Counts {
        frames: Counter::LineBFrames,
        used: Counter::LineBUsed,
        duplicates: Counter::LineBDuplicates,
        held: Counter::LineBHeld,
        given_up: Counter::LineBGivenUp,
        overflows: Counter::LineBOverflows,
        dropped: Counter::LineBDropped,
    },
];

#[derive(Clone, Debug, Default)]
pub struct Lines {
    lines: [Line; 2],
    leads_b: bool,
    /// The first cycle that was not looked at.
    at: u64,
    /// The parser is taken by a frame until here.
    busy: Option<u64>,
    /// Until when a straight packet may be put off.
    decided: Option<u64>,
    /// From when on the session has judged what was let go; `None`: it is not known yet.
    settled: Option<u64>,
    popped: Option<u64>,
}

/// What holds in a cycle.
struct Now {
    cycle: u64,
    view: View,
    free: bool,
    settled: bool,
    looks: bool,
}

impl Lines {
    pub fn new() -> Lines {
        Lines { settled: Some(0), ..Lines::default() }
    }

    pub fn comes(&mut self, line: usize, arrival: Arrival) {
        self.lines[line].coming.push_back(arrival);
    }

    /// The next cycle in which something may happen.
    pub fn next(&self) -> Option<u64> {
        if self.lines.iter().any(|line| !line.store.is_empty()) {
            return Some(self.at);
        }
        self.lines.iter().filter_map(Line::next).min().map(|cycle| cycle.max(self.at))
    }
}

impl Model {
    /// What happens to the lines in `cycle`.
    pub(crate) fn arbitrate(&mut self, cycle: u64) {
        self.lines.at = cycle + 1;
        // What is decided reads the state before this cycle's.
        let before = cycle.saturating_sub(1);
        self.agenda.see(before);
        let waited = self.agenda.bank().window != 0;
        let view = self.agenda.session_view(before);
        for line in 0..2 {
            self.decide(line, cycle, waited, &view);
        }
        self.agenda.see(cycle);
        let waits = self.agenda.bank().window != 0;
        for line in &mut self.lines.lines {
            let held: usize = line.store.iter().map(|stored| stored.arrival.word_count()).sum();
            for open in line.open.iter_mut().filter(|open| open.arrival.words.cycle(0) + 3 == cycle) {
                open.has_place = held <= LINE_WORDS - LINE_FRAME_WORDS && line.store.len() < LINE_FRAMES;
            }
        }
        let lines = &self.lines;
        let deciding =
            (waits || waited) && lines.decided.is_some_and(|decided| (decided - 2..decided).contains(&cycle));
        let looks = lines.popped.is_none_or(|popped| popped != before || cycle == 0);
        let now = Now {
            cycle,
            view,
            free: lines.busy.is_none_or(|busy| busy < cycle) && !deciding,
            settled: lines.settled.is_some_and(|settled| settled <= cycle) && looks,
            looks,
        };
        let is_clear = [0, 1].map(|line| self.lines.lines[line].is_clear(&now));
        let chooses = self.let_go(&now);
        let leads_b = self.lines.leads_b && self.agenda.bank().feeds[1] != frame::Feed::default();
        for (line, is_clear) in is_clear.into_iter().enumerate() {
            let starts = |arrival: &mut Arrival| arrival.words.cycle(0) == cycle;
            if let Some(arrival) = self.lines.lines[line].coming.pop_front_if(starts) {
                let leads = (line == 1) == leads_b;
                self.begin(line, arrival, &now, leads && !chooses && is_clear);
            }
        }
        if let Some(line) = chooses.then_some(self.lines.popped_line(cycle)).flatten() {
            self.lines.leads_b = line == 1;
        }
        for line in 0..2 {
            self.store(line, cycle, &view);
        }
    }

    /// In E-1 of a straight packet: it is put off, or goes on.
    fn decide(&mut self, line: usize, cycle: u64, waited: bool, view: &View) {
        let open = &mut self.lines.lines[line].open;
        let Some(at) = open.iter().position(|open| open.decided == Some(cycle + 1)) else { return };
        let Some(packet) = open[at].packet else { return };
        let Header { session, sequence, .. } = packet.header;
        let other = view.known.is_some_and(|known| known != session);
        if waited && !other && !view.fresh && sequence > view.expected {
            open[at].decided = None;
            let ends = cycle + 1;
            self.lines.settled = Some(ends + 2);
            self.lines.busy = self.lines.busy.map(|busy| busy.min(ends));
            self.agenda.restoration.put_off(ends);
            return;
        }
        if let Some(open) = open.remove(at) {
            self.agenda.count(COUNTS[line].used);
            self.show(open.arrival, packet, None);
        }
    }

    /// Drops what is old, lets go what fits or has waited too long; says whether something was let go.
    fn let_go(&mut self, now: &Now) -> bool {
        if !now.looks {
            return false;
        }
        let before = now.cycle.saturating_sub(1);
        let mut dropped = false;
        for (line, counts) in COUNTS.iter().enumerate() {
            if self.lines.lines[line].head(before).is_some_and(|head| head.is_old(&now.view)) {
                self.agenda.count(counts.duplicates);
                self.lines.pop(line, now.cycle);
                dropped = true;
            }
        }
        if dropped || !now.free || !now.settled {
            return false;
        }
        let heads = [0, 1].map(|line| self.lines.lines[line].head(before));
        let sequence = |line: usize| heads[line].map(|head| head.packet.header.sequence);
        let line = match (sequence(0), sequence(1)) {
            (None, None) => return false,
            (Some(a), Some(b)) => usize::from(b < a),
            (a, _) => usize::from(a.is_none()),
        };
        let ahead = heads[line].is_some_and(|head| head.is_ahead(&now.view));
        if ahead && !heads.iter().flatten().any(|head| head.is_expired(before)) {
            return false;
        }
        let Some(stored) = self.lines.pop(line, now.cycle) else { return false };
        self.agenda.count(COUNTS[line].used);
        self.agenda.count(COUNTS[line].held);
        if ahead {
            self.agenda.count(COUNTS[line].given_up);
        }
        self.lines.busy = Some(now.cycle + stored.arrival.word_count() as u64 - 1);
        let first = now.cycle + 1;
        self.agenda.restoration.frame(first, now.cycle + stored.arrival.word_count() as u64);
        self.show(stored.arrival, stored.packet, Some(first));
        true
    }

    /// A frame begins on a line; it may go straight.
    fn begin(&mut self, line: usize, arrival: Arrival, now: &Now, may: bool) {
        let feed = self.agenda.bank().feeds[line];
        if line == 1 && feed == frame::Feed::default() {
            return;
        }
        self.agenda.count(COUNTS[line].frames);
        let headers = frame::read(&arrival.bytes, feed);
        let packet = headers.ok().map(|headers| {
            let at = |offset: usize| offset + headers.shift;
            let bytes = &arrival.bytes;
            let header = Header {
                session: bytes[at(ethernet::SESSION)..][..10].try_into().expect("ten bytes"),
                sequence: u64_at(bytes, at(ethernet::SEQUENCE)),
                count: u16_at(bytes, at(ethernet::COUNT)),
            };
            Packet { headers, header }
        });
        let own = &self.lines.lines[line];
        let straight = may && now.free && own.aside.is_none_or(|last| now.cycle > last + 4);
        if !straight {
            self.lines.lines[line].aside = Some(arrival.last());
            let open = Open { arrival, packet, decided: None, has_place: true };
            return self.lines.lines[line].open.push_back(open);
        }
        self.lines.busy = Some(arrival.last());
        self.agenda.restoration.frame(now.cycle + 1, arrival.last() + 1);
        match (packet, headers) {
            (Some(packet), _) => {
                let decided = packet.decided(&arrival.words);
                self.lines.decided = Some(decided);
                self.lines.settled = None;
                let open = Open { arrival, packet: Some(packet), decided: Some(decided), has_place: true };
                self.lines.lines[line].open.push_back(open);
            }
            (None, Err(counter)) => {
                self.lines.settled = Some(arrival.last() + 1 + 4);
                self.agenda.count(Counter::Frames);
                if !arrival.fcs_good {
                    self.agenda.count(Counter::FramesBad);
                }
                self.agenda.count(counter);
            }
            (None, Ok(_)) => unreachable!("what has headers is a packet"),
        }
    }

    /// Shows a packet, from a cycle on if it comes from a store.
    fn show(&mut self, arrival: Arrival, packet: Packet, stored: Option<u64>) {
        self.agenda.count(Counter::Frames);
        if !arrival.fcs_good {
            self.agenda.count(Counter::FramesBad);
        }
        self.agenda.count(Counter::Packets);
        let start = stored.unwrap_or(arrival.words.start + 1);
        let walk = Walk::new(arrival, packet.headers, packet.header, start, stored.is_some());
        self.lines.settled = Some(walk.judged() + 2);
        self.walks.push_back(walk);
    }

    /// In S of a frame that was not shown: it is stored, or dropped.
    fn store(&mut self, line: usize, cycle: u64, view: &View) {
        let own = &mut self.lines.lines[line];
        let ends = |open: &mut Open| open.decided.is_none() && open.stored() == cycle;
        let Some(open) = own.open.pop_front_if(ends) else { return };
        let packet = open.packet.filter(|packet| open.arrival.fcs_good && !packet.headers.truncated);
        let Some(packet) = packet else { return self.agenda.count(COUNTS[line].dropped) };
        if !open.has_place || open.arrival.word_count() > LINE_FRAME_WORDS {
            return self.agenda.count(COUNTS[line].overflows);
        }
        let other = view.known.is_some_and(|known| known != packet.header.session);
        let deadline = (cycle as u32).wrapping_add(self.agenda.bank().window);
        own.store.push_back(Stored { arrival: open.arrival, packet, since: cycle, deadline, other });
    }
}

impl Lines {
    fn pop(&mut self, line: usize, cycle: u64) -> Option<Stored> {
        self.popped = Some(cycle);
        self.lines[line].left = Some(cycle);
        self.lines[line].store.pop_front()
    }

    /// The line whose head left in `cycle`.
    fn popped_line(&self, cycle: u64) -> Option<usize> {
        self.lines.iter().position(|line| line.left == Some(cycle))
    }
}
