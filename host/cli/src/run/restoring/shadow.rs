//! The books that the card is to have, and the rows that bring it there.
//!
//! In: the messages of a snapshot, then those of the feed. Out: rows of the card's instruments, counted and hashed.
//!
//! Holds: what contradicts itself is an error and no row; the rows of a message go together, in front of the next mark.
use super::super::chase::Mark;
use riposte_capture::{Book, Fault, wire};
use riposte_map::limits::{INSTRUMENTS, ORDER_SLOTS};
use riposte_map::shm::{Command, Opcode, Row};
use riposte_map::wire::{Field, itch::*};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use thiserror::Error;
use zerocopy::IntoBytes;

/// Why these are no books.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Wrong {
    #[error("a message of type {:?} with {} bytes", char::from(*.code), .bytes)]
    Message { code: u8, bytes: usize },
    #[error("locate {locate} is {found:?} at the venue, and {wanted:?} on the desk")]
    Symbol { locate: u16, found: String, wanted: String },
    #[error("{symbol}: {fault}")]
    Book { symbol: String, fault: Fault },
    #[error("order {0} is live in two books")]
    Twice(u64),
    #[error("{0}: bid above ask while it trades")]
    Crossed(String),
    #[error("more live orders than the {ORDER_SLOTS} for which the card has a place")]
    Overflow,
    #[error("order {0} is not as the messages in front of the snapshot's number have left it")]
    Late(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Live {
    instrument: u8,
    side: u8,
    shares: u32,
    price: u32,
}

/// An instrument that the card watches.
#[derive(Clone, Debug)]
pub struct Watched {
    pub instrument: u8,
    pub locate: u16,
    pub symbol: String,
}

pub struct Shadow {
    watched: Vec<(Watched, Book)>,
    orders: HashMap<u64, Live>,
    hash: Sha256,
    rows: u32,
}

impl Shadow {
    pub fn new(watched: &[Watched]) -> Shadow {
        let watched = watched.iter().map(|one| (one.clone(), Book::new(one.locate))).collect();
        Shadow { watched, orders: HashMap::new(), hash: Sha256::new(), rows: 0 }
    }

    /// Takes a message; `row` gets the rows that it comes to.
    pub fn take(&mut self, message: &[u8], row: &mut impl FnMut(Command)) -> Result<(), Wrong> {
        let code = message.first().copied().unwrap_or(0);
        wire::kind(message).map_err(|_| Wrong::Message { code, bytes: message.len() })?;
        let get = |field: Field| field.get(message);
        let locate = get(system_event::LOCATE) as u16;
        let Some((watched, book)) = self.watched.iter_mut().find(|(one, _)| one.locate == locate) else { return Ok(()) };
        if code == stock_directory::CODE {
            let found = String::from_utf8_lossy(&message[stock_directory::STOCK.offset..stock_directory::STOCK.end()]).trim_end().to_owned();
            let wanted = watched.symbol.clone();
            return if found == wanted { Ok(()) } else { Err(Wrong::Symbol { locate, found, wanted }) };
        }
        book.apply(message).map_err(|fault| Wrong::Book { symbol: watched.symbol.clone(), fault })?;
        let instrument = watched.instrument;
        match code {
            trading_action::CODE => {
                let state = get(trading_action::STATE);
                self.give(instrument, Row::State, [0, 0, state], row);
            }
            add::CODE | add_mpid::CODE => {
                let (side, shares, price) = (get(add::SIDE) as u8, get(add::SHARES) as u32, get(add::PRICE) as u32);
                self.add(get(add::REFERENCE), Live { instrument, side, shares, price }, row)?;
            }
            executed::CODE => self.reduce(get(executed::REFERENCE), get(executed::SHARES), row),
            executed_price::CODE => self.reduce(get(executed_price::REFERENCE), get(executed_price::SHARES), row),
            cancel::CODE => self.reduce(get(cancel::REFERENCE), get(cancel::SHARES), row),
            delete::CODE => self.reduce(get(delete::REFERENCE), u64::MAX, row),
            replace::CODE => {
                let original = get(replace::REFERENCE);
                let side = self.orders.get(&original).map_or(0, |live| live.side);
                self.reduce(original, u64::MAX, row);
                let (shares, price) = (get(replace::SHARES) as u32, get(replace::PRICE) as u32);
                self.add(get(replace::NEW_REFERENCE), Live { instrument, side, shares, price }, row)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn add(&mut self, reference: u64, live: Live, row: &mut impl FnMut(Command)) -> Result<(), Wrong> {
        if self.orders.len() >= ORDER_SLOTS {
            return Err(Wrong::Overflow);
        }
        if self.orders.insert(reference, live).is_some() {
            return Err(Wrong::Twice(reference));
        }
        self.give_order(reference, live, row);
        Ok(())
    }

    /// The card's rows add and remove whole orders.
    fn reduce(&mut self, reference: u64, shares: u64, row: &mut impl FnMut(Command)) {
        // The book has had it.
        let Some(live) = self.orders.remove(&reference) else { return };
        self.give(live.instrument, Row::Remove, [reference, 0, 0], row);
        let left = u64::from(live.shares).saturating_sub(shares) as u32;
        if left > 0 {
            let live = Live { shares: left, ..live };
            self.orders.insert(reference, live);
            self.give_order(reference, live, row);
        }
    }

    fn give_order(&mut self, reference: u64, live: Live, row: &mut impl FnMut(Command)) {
        let pieces = u64::from(live.shares) | u64::from(live.price) << 32;
        self.give(live.instrument, Row::Add, [reference, pieces, live.side.into()], row);
    }

    fn give(&mut self, instrument: u8, what: Row, [first, second, third]: [u64; 3], row: &mut impl FnMut(Command)) {
        let args = [first, second, third, 0, 0, 0];
        let command = Command { opcode: Opcode::Row as u8, instrument, index: what as u8, args, ..Command::default() };
        self.hash.update(command.as_bytes());
        self.rows += 1;
        row(command);
    }

    /// Where the rows stand, if the feed's next message is this.
    pub fn mark(&self, sequence: u64) -> Mark {
        Mark { sequence, rows: self.rows, digest: self.hash.clone().finalize().into() }
    }

    /// Bit per instrument.
    pub fn instruments(&self) -> u16 {
        self.watched.iter().fold(0, |mask, (one, _)| mask | 1u16.checked_shl(one.instrument.into()).unwrap_or(0))
    }

    /// Whether a book that trades can be so.
    pub fn check(&self) -> Result<(), Wrong> {
        let crossed = self.watched.iter().find(|(_, book)| {
            let is_crossed = book.bid().zip(book.ask()).is_some_and(|(bid, ask)| bid.price_e4 > ask.price_e4);
            is_crossed && book.state() == Some(STATE_TRADING)
        });
        crossed.map_or(Ok(()), |(one, _)| Err(Wrong::Crossed(one.symbol.clone())))
    }

    /// Whether the books are behind these messages, the last ones in front of the number that they are said to stand at: what these
    /// have added must be there and what they have taken away must not.
    pub fn confirm(&self, messages: &[Vec<u8>]) -> Result<(), Wrong> {
        // What is left of an order, if that is known.
        let mut left: HashMap<u64, Option<u64>> = HashMap::new();
        for message in messages {
            let get = |field: Field| field.get(message);
            let code = message.first().copied().unwrap_or(0);
            wire::kind(message).map_err(|_| Wrong::Message { code, bytes: message.len() })?;
            let locate = get(system_event::LOCATE) as u16;
            if !self.watched.iter().any(|(one, _)| one.locate == locate) {
                continue;
            }
            let mut reduce = |reference: u64, shares: u64| {
                let known = left.get(&reference).copied().flatten();
                left.insert(reference, known.map(|known| known.saturating_sub(shares)));
            };
            match code {
                add::CODE | add_mpid::CODE => _ = left.insert(get(add::REFERENCE), Some(get(add::SHARES))),
                executed::CODE => reduce(get(executed::REFERENCE), get(executed::SHARES)),
                executed_price::CODE => reduce(get(executed_price::REFERENCE), get(executed_price::SHARES)),
                cancel::CODE => reduce(get(cancel::REFERENCE), get(cancel::SHARES)),
                delete::CODE => _ = left.insert(get(delete::REFERENCE), Some(0)),
                replace::CODE => {
                    left.insert(get(replace::REFERENCE), Some(0));
                    left.insert(get(replace::NEW_REFERENCE), Some(get(replace::SHARES)));
                }
                _ => {}
            }
        }
        let found = |reference: &u64| self.orders.get(reference).map_or(0, |live| u64::from(live.shares));
        let late = left.iter().find(|(reference, left)| left.is_some_and(|left| left != found(reference)));
        late.map_or(Ok(()), |(reference, _)| Err(Wrong::Late(*reference)))
    }
}

const _: () = assert!(INSTRUMENTS <= 16);
