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
mod lines;
mod orders;
mod pace;
mod pipeline;
mod restoration;
mod resting;
mod rules;
mod session;
mod throttle;
mod walk;
mod wire;

use agenda::{Agenda, Kind, Origin, Pending, Rank};
use blocks::Packet;
use book::Add;
use lines::{Arrival, Lines};
use orders::Side;
use pipeline::Way;
use riposte_device::{Card, Frame, Output};
use riposte_map::{counter::Counter, reason::Reason, shm::Command};
use std::collections::VecDeque;
use walk::{Place, Walk};
use wire::{itch, u32_at, u64_at};

/// The card as a program.
#[derive(Clone, Debug)]
pub struct Model {
    now: u64,
    last_scheduled: Option<u64>,
    /// Last word of the last frame that was given for line B.
    last_b: Option<u64>,
    lines: Lines,
    /// Frames that are shown, as far as the clock is.
    walks: VecDeque<Walk>,
    agenda: Agenda,
}

impl Default for Model {
    fn default() -> Model {
        Model {
            now: 0,
            last_scheduled: None,
            last_b: None,
            lines: Lines::new(),
            walks: VecDeque::new(),
            agenda: Agenda::default(),
        }
    }
}

impl Model {
    /// A card after power-up.
    pub fn new() -> Model {
        Model::default()
    }

    /// Goes on to cycle `now`; what is due before it is settled.
    fn advance(&mut self, now: u64) {
        while let Some(cycle) = self.lines.next().filter(|&cycle| cycle < now) {
            self.walk_until(cycle);
            self.arbitrate(cycle);
        }
        self.walk_until(now);
        self.now = now;
        self.agenda.settle(now);
    }

    /// Live orders of all instruments, as decoded so far.
    pub fn live_orders(&self) -> usize {
        self.agenda.books.live()
    }

    /// A message whose type is known and which is not dropped, in the cycle in which it is ready or behind it.
    fn message(&mut self, packet: &Packet, low: usize, code: u8, length: usize, sequence: u64, found: Option<Place>) {
        let Some((message, decisive)) = packet.decisive(low, length) else { return };
        let Some(Place { instrument, bank, generation }) = found else {
            let event = message[itch::SYSTEM_EVENT];
            return self.agenda.system_event(decisive + 1, event, packet.time_ns, sequence);
        };
        let origin = Origin {
            code,
            instrument: instrument as u8,
            bank: bank as u8,
            generation,
            time_ns: packet.time_ns,
            sequence,
            came: decisive - 1,
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
                let is_early = self.agenda.pipeline.is_straight(issued);
                let error = self.agenda.add(&origin, issued, &add, is_early);
                self.finish(origin, issued, Done { way: Way::Add, error, ..Done::add(&add) });
            }
            _ => self.take_off(origin, message),
        }
    }

    /// Issues the operation of a message, or its first half.
    fn issue(&mut self, origin: &Origin) -> u64 {
        let issued = self.agenda.pipeline.issue(origin.came + 2);
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
                    way: removed.way,
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
        let way = removed.map_or(Way::Table, |removed| removed.way);
        self.finish(origin, first, Done { way, error: removed.err(), evaluated: false, ..Done::HEAVY });
        let add = Add {
            reference: u64_at(message, itch::NEW_REFERENCE),
            side: removed.ok().map(|removed| removed.side),
            shares: u32_at(message, itch::NEW_SHARES),
            price_e4: u32_at(message, itch::NEW_PRICE),
        };
        let error = if removed.is_ok() { self.agenda.add(&origin, second, &add, false) } else { None };
        self.finish(origin, second, Done { error, ..Done::add(&add) });
    }

    /// Sends an operation, its effect on the book done, to its verdict.
    #[inline]
    fn finish(&mut self, origin: Origin, issued: u64, done: Done) {
        let cycle = self.agenda.pipeline.verdict(issued, done.way);
        self.agenda.judge_later(Pending {
            cycle,
            origin,
            error: done.error,
            evaluated: done.evaluated,
            kind: Kind::Operation,
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
    way: Way,
    evaluated: bool,
    error: Option<Reason>,
    trading: Option<bool>,
    is_print: bool,
    price_e4: u32,
    quantity: u32,
}

impl Done {
    const HEAVY: Done = Done {
        way: Way::Table,
        evaluated: true,
        error: None,
        trading: None,
        is_print: false,
        price_e4: 0,
        quantity: 0,
    };
    const LIGHT: Done = Done { way: Way::Light, ..Done::HEAVY };

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
        let arrival = Arrival::new(self.now, frame);
        let end = arrival.last() + 1;
        self.lines.comes(0, arrival);
        self.advance(end);
    }

    fn frame_b(&mut self, cycle: u64, frame: &Frame) {
        assert!(cycle >= self.now, "a frame of line B for cycle {cycle}, which is past: it is {}", self.now);
        let arrival = Arrival::new(cycle, frame);
        if let Some(last) = self.last_b.replace(arrival.last()) {
            assert!(cycle > last, "a frame of line B for cycle {cycle}, and another one ends in cycle {last}");
        }
        self.lines.comes(1, arrival);
    }

    fn idle(&mut self, cycles: u64) {
        self.advance(self.now + cycles);
    }

    fn drain(&mut self, output: &mut Output) {
        self.agenda.drain(self.now, output);
    }

    fn counters(&mut self) -> [u32; Counter::COUNT] {
        self.agenda.counters()
    }
}
