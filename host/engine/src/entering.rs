//! Orders of the host that go through the card's gate: one is under way at a time, and one waits for each instrument.
//!
//! The card gives them their numbers, so an order is one of ours when its event says that it has left; until then it counts
//! where what is open counts. Holds: what was asked for is never asked for again; a card that is gone, or a host that was
//! started again, has none under way.
use crate::card::CARD;
use crate::engine::Engine;
use crate::input::Side;
use crate::lending::words;
use crate::message::fields;
use crate::output::{Alarm, Outputs, Refusal};
use crate::position::value;
use crate::session::Standing;
use riposte_map::limits::{HOST_RULE, INSTRUMENTS};
use riposte_map::shm::{Command, Condition, Event, EventKind, NONE, Opcode};

/// An order that the card is to judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Wish {
    pub number: u64,
    pub instrument: u8,
    pub side: Side,
    pub quantity: u32,
    pub price: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Asked {
    /// Number of the command.
    command: u64,
    wish: Wish,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Entry {
    asked: Option<Asked>,
    waiting: [Option<Wish>; INSTRUMENTS],
}

fields! {
    Wish { number, instrument, side, quantity, price }
    Asked { command, wish }
    Entry { asked, waiting }
}

impl Entry {
    /// All that has not left yet, first what is under way.
    pub fn wishes(&self) -> impl Iterator<Item = Wish> {
        self.asked.map(|asked| asked.wish).into_iter().chain(self.waiting.into_iter().flatten())
    }
}

impl Engine {
    /// Whether the set in force has a place for orders of the host in this instrument.
    pub fn has_place(&self, instrument: u8) -> bool {
        self.rules(instrument).is_some_and(|rules| rules.conditions[HOST_RULE] == Condition::Host as u8)
    }

    /// Whether the card may be asked for an order now. Its gate decides again, by what it holds then.
    pub(crate) fn may_enter(&self, wish: &Wish) -> Result<(), Refusal> {
        let Wish { instrument, side, quantity, price, .. } = *wish;
        let one = self.config.instruments.get(usize::from(instrument)).ok_or(Refusal::BadField)?;
        let venue = self.config.sessions[usize::from(CARD)].venue;
        let is_order = quantity != 0 && price != 0 && self.units(wish).is_some();
        if venue == NONE || venue != one.venue || !is_order || !self.has_place(instrument) {
            return Err(Refusal::BadField);
        }
        if self.latches.any() {
            return Err(Refusal::Latched);
        }
        if !self.card.permitted {
            return Err(Refusal::NotArmed);
        }
        if self.sessions[usize::from(CARD)].standing != Standing::Current {
            return Err(Refusal::Session);
        }
        if !self.holdings[usize::from(instrument)].confirmed {
            return Err(Refusal::Unconfirmed);
        }
        if self.card.fenced().stops(instrument, HOST_RULE as u8, side) {
            return Err(Refusal::Fenced);
        }
        // C09: from here on the card has what is left. What it sent before it hears of that comes on top.
        if self.room(instrument)[usize::from(side == Side::Sell)] < quantity {
            return Err(Refusal::LimitReached);
        }
        let more = value(price.into(), quantity.into(), one.multiplier);
        if self.fits(usize::from(venue), more, 1) && self.has_margin(instrument, more) { Ok(()) } else { Err(Refusal::LimitReached) }
    }

    /// C15: its price in ticks and its quantity in lots of the set in force, as the card is told of them.
    fn units(&self, wish: &Wish) -> Option<u64> {
        self.in_force()?.units(wish.instrument, wish.price, wish.quantity)
    }

    /// Asks the card for an order that may be sent, now or when those before it are judged.
    pub(crate) fn ask_card(&mut self, wish: Wish, out: &mut Outputs) {
        let Some(waiting) = self.entry.waiting.get_mut(usize::from(wish.instrument)) else { return };
        if self.entry.asked.is_none() {
            self.bring(wish, out);
        } else if waiting.is_none() {
            *waiting = Some(wish);
        } else {
            self.refuse(wish.number, Refusal::Busy, out);
        }
    }

    fn bring(&mut self, wish: Wish, out: &mut Outputs) {
        let numbers = words([wish.quantity, wish.price]);
        let side = match wish.side {
            Side::Buy => b'B',
            Side::Sell if i64::from(wish.quantity) <= self.sellable(wish.instrument) => b'S',
            Side::Sell => b'T',
        };
        let order = Command { opcode: Opcode::Order as u8, instrument: wish.instrument, ..Command::default() };
        let units = self.units(&wish).unwrap_or_default();
        let command = self.tell(Command { args: [numbers, side.into(), 0, 0, units, 0], ..order }, out);
        self.entry.asked = Some(Asked { command, wish });
    }

    /// Pieces that can be sold and are held: beyond them a sale is short.
    fn sellable(&self, instrument: u8) -> i64 {
        let holding = self.holdings.get(usize::from(instrument));
        holding.map_or(0, |holding| holding.position.quantity.saturating_sub(holding.open_pieces[1]))
    }

    /// The card has judged an order of ours, or has not taken it: the next one may go.
    pub(crate) fn on_judged(&mut self, event: &Event, out: &mut Outputs) {
        if self.entry.asked.take_if(|asked| asked.command == event.feed_sequence).is_none() {
            return;
        }
        if event.kind() == Some(EventKind::OrderRefused) {
            out.alarm(Alarm::CommandRefused { opcode: Opcode::Order as u8, reason: event.reason });
        }
        while self.entry.asked.is_none()
            && let Some(wish) = self.entry.waiting.iter_mut().find_map(Option::take)
        {
            match self.may_enter(&wish).and_then(|()| self.may_hedge(&wish)) {
                Ok(()) => self.bring(wish, out),
                Err(why) => self.refuse(wish.number, why, out),
            }
        }
    }

    /// What is under way is heard of only if it has left, and what waits is not asked for any more.
    pub(crate) fn forget_entry(&mut self, out: &mut Outputs) {
        for wish in std::mem::take(&mut self.entry).wishes() {
            self.refuse(wish.number, Refusal::NotArmed, out);
        }
    }
}
