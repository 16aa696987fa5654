//! Reference model of the card: exact to the cycle, every event, byte and counter.
//!
//! In: frames, idle cycles, commands. Out: events, transmitted frames, counters, through `Card`.
//! Why: written from `hdl/README.md` and the exchange's documents and never from the gateware, so that
//! lockstep compares two readings of the same page. Tables follow from the order of the operations alone
//! and are changed at once; whatever depends on time waits in the agenda.
//! Not here: depth of book and statistics, which the host keeps itself.
#![forbid(unsafe_code)]

mod agenda;
mod bank;
mod blocks;
mod book;
mod events;
mod frame;
mod gate;
mod grants;
mod levels;
mod orders;
mod pipeline;
mod restoration;
mod rules;
mod session;
mod throttle;
mod wire;

use agenda::{Agenda, Origin, Pending, Rank};
use blocks::{Block, Packet};
use book::Add;
use frame::WordClock;
use orders::Side;
use riposte_device::{Card, Frame, Output};
use riposte_map::{counter::Counter, reason::Reason, shm::Command};
use session::Header;
use wire::{ethernet, itch, itch_counter, u16_at, u32_at, u64_at};

/// The card as a program.
#[derive(Clone, Debug, Default)]
pub struct Model {
    now: u64,
    last_scheduled: Option<u64>,
    agenda: Agenda,
}

impl Model {
    /// A card after power-up.
    pub fn new() -> Model {
        Model::default()
    }

    /// Live orders of all instruments, as decoded so far.
    pub fn live_orders(&self) -> usize {
        self.agenda.books.live()
    }

    fn packet(&mut self, packet: &Packet, shift: usize) {
        let bytes = packet.bytes;
        self.agenda.count(Counter::Packets);
        let session = bytes[ethernet::SESSION + shift..][..10].try_into().expect("ten bytes");
        let header = Header {
            session,
            sequence: u64_at(bytes, ethernet::SEQUENCE + shift),
            count: u16_at(bytes, ethernet::COUNT + shift),
        };
        // The page's V: a cycle before its error would be visible.
        let admission = self.agenda.admit(packet.cycle(8) + 1, &header);
        for counter in admission.counters.into_iter().flatten() {
            self.agenda.count(counter);
        }
        if let Some(reason) = admission.error {
            let sequences = [admission.expected, header.sequence];
            let visible = packet.cycle(8) + 2;
            self.agenda.channel_error(visible, Rank::Header, reason, packet.time_ns, sequences);
        }
        let mut low = ethernet::BLOCKS + shift + 1;
        for index in 0..admission.blocks {
            let dropped = index < admission.dropped;
            let length = match packet.block(low) {
                Block::Cut => return,
                Block::Malformed(visible) => {
                    self.agenda.count(Counter::MalformedBlocks);
                    let (rank, reason) = (Rank::MalformedBlock, Reason::MalformedBlock);
                    return self.agenda.channel_error(
                        visible,
                        rank,
                        reason,
                        packet.time_ns,
                        [0; 2],
                    );
                }
                Block::BadLength(visible) => {
                    self.agenda.count(Counter::BadLengths);
                    let (rank, reason) = (Rank::BadLength, Reason::BadLength);
                    return self.agenda.channel_error(
                        visible,
                        rank,
                        reason,
                        packet.time_ns,
                        [0; 2],
                    );
                }
                Block::Unknown { length } => {
                    if !dropped {
                        self.agenda.count(Counter::UnknownTypes);
                    }
                    length
                }
                Block::Known { code, length } => {
                    if !dropped {
                        let sequence = header.sequence.wrapping_add(index);
                        self.message(packet, low, code, length, sequence);
                    }
                    length
                }
            };
            low += length + 2;
        }
    }

    /// A message of a known type that is not dropped.
    fn message(&mut self, packet: &Packet, low: usize, code: u8, length: usize, sequence: u64) {
        let counter = itch_counter(code);
        self.agenda.count(counter);
        if counter == Counter::OtherTypes {
            return;
        }
        if code == b'S' {
            if let Some((message, decisive)) = packet.decisive(low, length) {
                let event = message[itch::SYSTEM_EVENT];
                self.agenda.system_event(decisive + 1, event, packet.time_ns, sequence);
            }
            return;
        }
        let (locate, looked_up) = packet.locate(low);
        self.agenda.see(looked_up);
        let Some(instrument) = self.agenda.bank().find(locate) else {
            return self.agenda.count(Counter::Unwatched);
        };
        let Some((message, decisive)) = packet.decisive(low, length) else { return };
        let (bank, generation) = self.agenda.in_force();
        let origin = Origin {
            code,
            instrument: instrument as u8,
            bank: bank as u8,
            generation,
            time_ns: packet.time_ns,
            sequence,
            decisive,
        };
        self.agenda.enter_before(decisive + 1);
        if self.agenda.pipeline.is_full(decisive + 1) {
            let (rank, reason) = (Rank::Header, Reason::Overload);
            return self.agenda.channel_error(decisive + 2, rank, reason, packet.time_ns, [0; 2]);
        }
        match code {
            b'P' | b'H' => self.light(origin, message),
            b'U' => self.replace(origin, message),
            b'A' | b'F' => {
                let add = Add {
                    reference: u64_at(message, itch::REFERENCE),
                    side: Side::of(message[itch::ADD_SIDE]),
                    shares: u32_at(message, itch::ADD_SHARES),
                    price_e4: u32_at(message, itch::ADD_PRICE),
                };
                let issued = self.issue(&origin);
                let error = self.agenda.books.add(instrument, &add).err();
                self.finish(origin, issued, Done { error, ..Done::add(&add) });
            }
            _ => self.take_off(origin, message),
        }
    }

    /// Issues the operation of a message, or its first half.
    fn issue(&mut self, origin: &Origin) -> u64 {
        let issued = self.agenda.pipeline.issue(origin.decisive + 1);
        self.agenda.touch(usize::from(origin.instrument), issued);
        issued
    }

    /// P and H.
    fn light(&mut self, origin: Origin, message: &[u8]) {
        let issued = self.issue(&origin);
        let done = if origin.code == b'H' {
            Done { trading: Some(message[itch::ACTION_STATE] == b'T'), ..Done::LIGHT }
        } else {
            let price_e4 = u32_at(message, itch::TRADE_PRICE);
            let quantity = u32_at(message, itch::TRADE_SHARES);
            Done { price_e4, quantity, is_print: true, ..Done::LIGHT }
        };
        self.finish(origin, issued, done);
    }

    /// E, C, X and D.
    fn take_off(&mut self, origin: Origin, message: &[u8]) {
        let issued = self.issue(&origin);
        let reference = u64_at(message, itch::REFERENCE);
        let shares = (origin.code != b'D').then(|| u32_at(message, itch::TAKEN_SHARES));
        let done = match self.agenda.books.remove(usize::from(origin.instrument), reference, shares) {
            Err(error) => Done { error: Some(error), ..Done::HEAVY },
            Ok(removed) => {
                let (price_e4, is_print) = match origin.code {
                    b'C' => {
                        (u32_at(message, itch::EXECUTED_PRICE), message[itch::PRINTABLE] == b'Y')
                    }
                    code => (removed.price_e4, code == b'E'),
                };
                Done {
                    slow: removed.slow,
                    price_e4,
                    quantity: removed.shares,
                    is_print,
                    ..Done::HEAVY
                }
            }
        };
        self.finish(origin, issued, done);
    }

    /// U: remove the original, add the new.
    fn replace(&mut self, origin: Origin, message: &[u8]) {
        let instrument = usize::from(origin.instrument);
        let first = self.issue(&origin);
        let second = self.agenda.pipeline.issue_second(first);
        let removed = self.agenda.books.remove(instrument, u64_at(message, itch::REFERENCE), None);
        let slow = removed.is_ok_and(|removed| removed.slow);
        self.finish(
            origin,
            first,
            Done { error: removed.err(), slow, evaluated: false, ..Done::HEAVY },
        );
        let add = Add {
            reference: u64_at(message, itch::NEW_REFERENCE),
            side: removed.ok().map(|removed| removed.side),
            shares: u32_at(message, itch::NEW_SHARES),
            price_e4: u32_at(message, itch::NEW_PRICE),
        };
        let error = if removed.is_ok() { self.agenda.books.add(instrument, &add).err() } else { None };
        self.finish(origin, second, Done { error, ..Done::add(&add) });
    }

    /// Sends an operation, its effect on the book done, to its verdict.
    #[inline]
    fn finish(&mut self, origin: Origin, issued: u64, done: Done) {
        let cycle = self.agenda.pipeline.verdict(issued, done.light, done.slow);
        self.agenda.judge_later(Pending {
            cycle,
            origin,
            error: done.error,
            evaluated: done.evaluated,
            is_host: false,
            trading: done.trading,
            is_print: done.is_print,
            top: self.agenda.books.top(usize::from(origin.instrument)),
            price_e4: done.price_e4,
            quantity: done.quantity,
        });
    }
}

/// What an operation did.
#[derive(Clone, Copy, Debug)]
struct Done {
    light: bool,
    slow: bool,
    evaluated: bool,
    error: Option<Reason>,
    trading: Option<bool>,
    is_print: bool,
    price_e4: u32,
    quantity: u32,
}

impl Done {
    const HEAVY: Done = Done {
        light: false,
        slow: false,
        evaluated: true,
        error: None,
        trading: None,
        is_print: false,
        price_e4: 0,
        quantity: 0,
    };
    const LIGHT: Done = Done { light: true, ..Done::HEAVY };

    fn add(add: &Add) -> Done {
        Done { price_e4: add.price_e4, quantity: add.shares, ..Done::HEAVY }
    }
}

impl Card for Model {
    fn name(&self) -> &'static str {
        "model"
    }

    fn reset(&mut self) {
        // The tables keep their memory: a reset costs no more than clearing them.
        let mut books = std::mem::take(&mut self.agenda.books);
        books.clear();
        *self = Model::default();
        self.agenda.books = books;
    }

    fn cycle(&self) -> u64 {
        self.now
    }

    fn schedule(&mut self, cycle: u64, command: &Command) {
        assert!(cycle >= self.now, "command for cycle {cycle}, which is past: it is {}", self.now);
        if let Some(last) = self.last_scheduled.replace(cycle) {
            assert!(cycle > last, "command for cycle {cycle} after one for cycle {last}");
        }
        self.agenda.schedule(cycle, *command);
    }

    fn frame(&mut self, frame: &Frame) {
        let bytes = frame.bytes;
        assert!(!bytes.is_empty(), "a frame has at least one byte");
        let words = WordClock { start: self.now, stalls: frame.stalls };
        let mut packet = Packet { bytes, words, time_ns: frame.time_ns, end: 0, truncated: false };
        self.agenda.count(Counter::Frames);
        if !frame.fcs_good {
            self.agenda.count(Counter::FramesBad);
        }
        self.agenda.see(packet.cycle(0));
        self.agenda.restoration.frame(packet.cycle(0), packet.end_error_cycle() - 2);
        match frame::read(bytes, self.agenda.bank().feed) {
            Err(counter) => self.agenda.count(counter),
            Ok(headers) => {
                packet.end = headers.end;
                packet.truncated = headers.truncated;
                self.packet(&packet, headers.shift);
                let reason = match (frame.fcs_good, headers.truncated) {
                    (false, _) => Some(Reason::BadFrame),
                    (true, true) => Some(Reason::Truncated),
                    (true, false) => None,
                };
                if let Some(reason) = reason {
                    if reason == Reason::Truncated {
                        self.agenda.count(Counter::FramesTruncated);
                    }
                    let visible = packet.end_error_cycle();
                    self.agenda.channel_error(visible, Rank::Frame, reason, frame.time_ns, [0; 2]);
                }
            }
        }
        self.now = packet.end_error_cycle() - 1;
        self.agenda.settle(self.now);
    }

    fn idle(&mut self, cycles: u64) {
        self.now += cycles;
        self.agenda.settle(self.now);
    }

    fn drain(&mut self, output: &mut Output) {
        self.agenda.drain(self.now, output);
    }

    fn counters(&mut self) -> [u32; Counter::COUNT] {
        self.agenda.counters()
    }
}
