//! A frame that was let go, as far as it was shown: its session's verdict, its blocks, its end, each in its cycle.
//!
//! Why: what comes of a frame depends on commands that are shown while it is, and of a frame that waited in a store the card's
//! clock has not seen the end when it is let go.
use crate::{
    Model,
    agenda::Rank,
    blocks::{Block, Packet},
    frame::{Headers, WordClock},
    lines::Arrival,
    session::Header,
    wire::{ethernet, itch_counter},
};
use riposte_map::{counter::Counter, reason::Reason};

/// What is looked at next.
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// The prefix of the first block, if there is one.
    First,
    Admission,
    Prefix,
    Type(Block),
    Decisive { code: u8, length: usize, found: Option<Place> },
    End,
    Done,
}

/// Instrument, parameter bank and generation of a message.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub instrument: usize,
    pub bank: usize,
    pub generation: u32,
}

#[derive(Clone, Debug)]
pub struct Walk {
    arrival: Arrival,
    words: WordClock,
    headers: Headers,
    header: Header,
    stage: Stage,
    /// Low byte of the next block's prefix.
    low: usize,
    /// Number of the block in its packet.
    index: u64,
    dropped: u64,
}

impl Walk {
    /// Of a frame of ours whose first word is shown in `start`, its others as on its port, or if it comes from a store, without holes.
    pub fn new(arrival: Arrival, headers: Headers, header: Header, start: u64, stored: bool) -> Walk {
        let stalls = if stored { 0 } else { arrival.words.stalls };
        let words = WordClock { start, stalls };
        let low = ethernet::BLOCKS + headers.shift + 1;
        Walk { arrival, words, headers, header, stage: Stage::First, low, index: 0, dropped: 0 }
    }

    fn packet(&self) -> Packet<'_> {
        Packet {
            bytes: &self.arrival.bytes,
            words: self.words,
            time_ns: self.arrival.time_ns,
            end: self.headers.end,
            truncated: self.headers.truncated,
        }
    }

    /// The page's V: a cycle before an error of the header would be visible.
    pub fn judged(&self) -> u64 {
        self.packet().cycle(8) + 1
    }

    /// Last word.
    pub fn last(&self) -> u64 {
        self.packet().end_error_cycle() - 2
    }

    /// Cycle of the next stage.
    fn due(&self) -> u64 {
        let packet = self.packet();
        let word = self.low / 8;
        match self.stage {
            Stage::First | Stage::Prefix => packet.cycle(word),
            Stage::Admission => self.judged(),
            Stage::Type(_) => packet.cycle(word + 1) + 1,
            Stage::Decisive { length, .. } => {
                // Ready then, and not before: commands of that cycle are seen.
                let ready = packet.decisive(self.low, length).map(|(_, cycle)| cycle + 1);
                ready.unwrap_or(0).max(packet.cycle(word + 1) + 1)
            }
            Stage::End | Stage::Done => self.last(),
        }
    }
}

impl Model {
    /// Does what comes of frames by `cycle`.
    pub(crate) fn walk_until(&mut self, cycle: u64) {
        while let Some(mut walk) = self.walks.pop_front_if(|walk| walk.due() <= cycle) {
            while walk.due() <= cycle && !matches!(walk.stage, Stage::Done) {
                walk.stage = self.walk(&mut walk);
            }
            if !matches!(walk.stage, Stage::Done) {
                self.walks.push_front(walk);
                break;
            }
        }
    }

    /// The next stage of a frame; gives the one behind it.
    fn walk(&mut self, walk: &mut Walk) -> Stage {
        let blocks = walk.header.blocks();
        match walk.stage {
            Stage::First if blocks == 0 => Stage::Admission,
            Stage::First => {
                // Whether it is a type or not is looked at behind the verdict.
                if let Stage::End = self.prefix(walk) {
                    walk.index = blocks;
                }
                Stage::Admission
            }
            Stage::Admission => {
                self.admit(walk);
                if walk.index == blocks { Stage::End } else { Stage::Type(walk.packet().block(walk.low)) }
            }
            Stage::Prefix if walk.index == blocks => Stage::End,
            Stage::Prefix => self.prefix(walk),
            Stage::Type(block) => self.classify(walk, block),
            Stage::Decisive { code, length, found } => {
                let sequence = walk.header.sequence.wrapping_add(walk.index);
                self.message(&walk.packet(), walk.low, code, length, sequence, found);
                walk.next(length)
            }
            Stage::End => {
                self.end(walk);
                Stage::Done
            }
            Stage::Done => Stage::Done,
        }
    }

    fn prefix(&mut self, walk: &Walk) -> Stage {
        match walk.packet().block(walk.low) {
            Block::Cut => Stage::End,
            Block::Malformed(visible) => {
                self.agenda.count(Counter::MalformedBlocks);
                let (rank, reason) = (Rank::MalformedBlock, Reason::MalformedBlock);
                self.agenda.channel_error(visible, rank, reason, walk.arrival.time_ns, [0; 2]);
                Stage::End
            }
            block => Stage::Type(block),
        }
    }

    fn admit(&mut self, walk: &mut Walk) {
        let judged = walk.judged();
        let admission = self.agenda.admit(judged, &walk.header);
        for counter in admission.counters.into_iter().flatten() {
            self.agenda.count(counter);
        }
        walk.dropped = admission.dropped;
        if let Some(reason) = admission.error {
            let sequences = [admission.expected, walk.header.sequence];
            self.agenda.channel_error(judged + 1, Rank::Header, reason, walk.arrival.time_ns, sequences);
        }
    }

    fn classify(&mut self, walk: &mut Walk, block: Block) -> Stage {
        let dropped = walk.index < walk.dropped;
        match block {
            Block::Cut | Block::Malformed(_) => Stage::End,
            Block::BadLength(visible) => {
                self.agenda.count(Counter::BadLengths);
                let (rank, reason) = (Rank::BadLength, Reason::BadLength);
                self.agenda.channel_error(visible, rank, reason, walk.arrival.time_ns, [0; 2]);
                Stage::End
            }
            Block::Unknown { length } => {
                if !dropped {
                    self.agenda.count(Counter::UnknownTypes);
                }
                walk.next(length)
            }
            Block::Known { length, .. } if dropped => walk.next(length),
            Block::Known { code, length } => {
                let counter = itch_counter(code);
                self.agenda.count(counter);
                if counter == Counter::OtherTypes {
                    return walk.next(length);
                }
                let mut found = None;
                if code != b'S' {
                    let (locate, looked_up) = walk.packet().locate(walk.low);
                    self.agenda.see(looked_up);
                    let Some(instrument) = self.agenda.bank().find(locate) else {
                        self.agenda.count(Counter::Unwatched);
                        return walk.next(length);
                    };
                    let (bank, generation) = self.agenda.in_force();
                    found = Some(Place { instrument, bank, generation });
                }
                Stage::Decisive { code, length, found }
            }
        }
    }

    fn end(&mut self, walk: &Walk) {
        let reason = match (walk.arrival.fcs_good, walk.headers.truncated) {
            (false, _) => Reason::BadFrame,
            (true, true) => Reason::Truncated,
            (true, false) => return,
        };
        if reason == Reason::Truncated {
            self.agenda.count(Counter::FramesTruncated);
        }
        let visible = walk.packet().end_error_cycle();
        self.agenda.channel_error(visible, Rank::Frame, reason, walk.arrival.time_ns, [0; 2]);
    }
}

impl Walk {
    /// Behind a block of `length` bytes.
    fn next(&mut self, length: usize) -> Stage {
        self.low += length + 2;
        self.index += 1;
        Stage::Prefix
    }
}
