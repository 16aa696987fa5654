//! A stream of the venue's messages as reports for the engine.
//!
//! Why reports are numbered here: a stream holds messages that tell nothing of an order, and one message may tell two things. A
//! report's number counts reports from the stream's first message on, so it is the same whenever the stream is read again.
use crate::ouch::{DecodeError, Message};
use riposte_engine::{Body, Report, Side, Stream};
use riposte_map::limits::INSTRUMENTS;
use riposte_map::shm::NONE;
use std::collections::HashMap;
use thiserror::Error;

/// Why the host does not know what a message has changed. The engine is told so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unreadable {
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error("order {user_ref} on side {:?}", char::from(*.side))]
    Side { user_ref: u32, side: u8 },
    #[error("order {user_ref} at price {price}, which is above every price")]
    Price { user_ref: u32, price: u64 },
    #[error("a trade of order {user_ref}, which was never accepted")]
    Order { user_ref: u32 },
    #[error("match number {0}, and the highest bit is used for the side")]
    Match(u64),
    #[error("more orders than the {0} that are remembered")]
    Orders(usize),
    #[error("an order was modified, and nobody here asks for that")]
    Modified,
}

/// Whether `body` says that a message could not be read: the engine then knows that its book may be wrong, and stops.
pub fn is_unreadable(body: &Body) -> bool {
    matches!(body, Body::Unreadable { .. })
}

/// What a message led to.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// At most two.
    pub reports: [Option<Body>; 2],
    /// The answer to a query.
    pub next_user_ref: Option<u32>,
    pub unreadable: Option<Unreadable>,
}

#[derive(Debug)]
pub(crate) struct Reader {
    session: u8,
    stream: Stream,
    symbols: [Option<[u8; 8]>; INSTRUMENTS],
    /// Instrument and side of every order that was accepted, since a trade names neither.
    orders: HashMap<u32, (u8, Side)>,
    orders_max: usize,
    next_report: u64,
}

impl Reader {
    pub fn new(session: u8, stream: Stream, symbols: [Option<[u8; 8]>; INSTRUMENTS], orders_max: usize) -> Reader {
        Reader { session, stream, symbols, orders: HashMap::new(), orders_max, next_report: 1 }
    }

    /// As if nothing had been read.
    pub fn restart(&mut self) {
        self.orders.clear();
        self.next_report = 1;
    }

    /// Number of the report that comes next.
    pub fn next_report(&self) -> u64 {
        self.next_report
    }

    /// Reads the next message of the stream.
    pub fn read(&mut self, message: &[u8]) -> Told {
        let mut told = Told::default();
        let message = Message::decode(message).map_err(Unreadable::from);
        told.reports = match message.and_then(|message| self.reports(message, &mut told)) {
            Ok((first, second)) => [first, second].map(|report| report.map(|report| self.numbered(report))),
            Err(why) => {
                told.unreadable = Some(why);
                let (session, stream) = (self.session, self.stream);
                [Some(Body::Unreadable { session, stream, sequence: self.number() }), None]
            }
        };
        told
    }

    fn number(&mut self) -> u64 {
        self.next_report += 1;
        self.next_report - 1
    }

    fn numbered(&mut self, report: Report) -> Body {
        let (session, sequence) = (self.session, self.number());
        match self.stream {
            Stream::Session => Body::Venue { session, sequence, report },
            Stream::DropCopy => Body::DropCopy { session, sequence, report },
        }
    }

    fn reports(&mut self, message: Message, told: &mut Told) -> Result<(Option<Report>, Option<Report>), Unreadable> {
        let one = match message {
            Message::Accepted { user_ref, side, quantity, symbol, price, is_dead } => {
                let (instrument, side) = self.remember(user_ref, side, symbol)?;
                let price = price_of(user_ref, price)?;
                let accepted = Report::Accepted { user_ref, instrument, side, quantity, price };
                return Ok((Some(accepted), ended(is_dead, user_ref, quantity)));
            }
            Message::Replaced { original, user_ref, side, quantity, symbol, price, is_dead } => {
                self.remember(user_ref, side, symbol)?;
                let replaced = Report::Replaced { original, user_ref, quantity, price: price_of(user_ref, price)? };
                return Ok((Some(replaced), ended(is_dead, user_ref, quantity)));
            }
            Message::Executed { user_ref, quantity, price, match_number } => {
                let &(instrument, side) = self.orders.get(&user_ref).ok_or(Unreadable::Order { user_ref })?;
                let (price, execution) = (price_of(user_ref, price)?, execution(match_number, side)?);
                Report::Executed { user_ref, instrument, side, quantity, price, execution }
            }
            Message::Broken { user_ref, match_number } => {
                let &(_, side) = self.orders.get(&user_ref).ok_or(Unreadable::Order { user_ref })?;
                Report::Broken { execution: execution(match_number, side)? }
            }
            Message::Canceled { user_ref, quantity } => Report::Cancelled { user_ref, quantity },
            Message::Rejected { user_ref, reason } => Report::Rejected { user_ref, reason },
            Message::Modified => return Err(Unreadable::Modified),
            Message::NextUserRef(next) => {
                told.next_user_ref = Some(next);
                return Ok((None, None));
            }
            Message::Other => return Ok((None, None)),
        };
        Ok((Some(one), None))
    }

    fn remember(&mut self, user_ref: u32, side: u8, symbol: [u8; 8]) -> Result<(u8, Side), Unreadable> {
        let side = match side {
            b'B' => Side::Buy,
            // Sold, sold short, and sold short exempt.
            b'S' | b'T' | b'E' => Side::Sell,
            side => return Err(Unreadable::Side { user_ref, side }),
        };
        let instrument = self.symbols.iter().position(|known| *known == Some(symbol));
        let entry = (instrument.map_or(NONE, |at| at as u8), side);
        if self.orders.len() >= self.orders_max && !self.orders.contains_key(&user_ref) {
            return Err(Unreadable::Orders(self.orders_max));
        }
        self.orders.insert(user_ref, entry);
        Ok(entry)
    }
}

/// An order that came to its end as it was accepted leaves no other message.
fn ended(is_dead: bool, user_ref: u32, quantity: u32) -> Option<Report> {
    is_dead.then_some(Report::Cancelled { user_ref, quantity })
}

fn price_of(user_ref: u32, price: u64) -> Result<i64, Unreadable> {
    i64::try_from(price).map_err(|_| Unreadable::Price { user_ref, price })
}

/// The venue numbers a match, of which both sides may be ours.
fn execution(match_number: u64, side: Side) -> Result<u64, Unreadable> {
    if match_number >> 63 != 0 {
        return Err(Unreadable::Match(match_number));
    }
    Ok(match_number << 1 | u64::from(side == Side::Sell))
}
