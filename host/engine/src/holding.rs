//! One instrument on the host: its position, what may still trade, and what it is worth.
//!
//! A mark is the best price that a window has seen, per side: the highest bid for a long position, the lowest ask for a
//! short one. So a loss on confirmed marks has lasted a whole window, and one wild print neither makes nor hides it.
use crate::message::fields;
use crate::position::{Position, value};

/// Bid and ask, in the venue's integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Quote {
    pub bid: i64,
    pub ask: i64,
}

impl Quote {
    fn best(self, other: Quote) -> Quote {
        Quote { bid: self.bid.max(other.bid), ask: self.ask.min(other.ask) }
    }
}

/// What the venue last said of our position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Statement {
    pub quantity: i64,
    pub price: i64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Holding {
    pub position: Position,
    /// The venue has said so, and nothing has happened since that makes it doubtful.
    pub confirmed: bool,
    /// A position was ever confirmed; before, the venue's first word is where we start.
    pub begun: bool,
    pub statement: Option<Statement>,
    /// C38: part of the position that the venue may still break.
    pub provisional: i64,
    /// Value of everything that may still trade, and how many orders that is.
    pub open_value: i128,
    pub open_orders: u32,
    /// Pieces of buys and of sells that may still trade.
    pub open_pieces: [i64; 2],
    /// Top of the card's valid book.
    top: Option<Quote>,
    top_ns: u64,
    /// Best of the window that runs.
    window: Option<Quote>,
    pub mark: Option<Quote>,
    pub mark_ns: u64,
    /// When there was last neither a position nor an order, so that no mark was needed.
    pub idle_ns: u64,
}

fields! {
    Quote { bid, ask }
    Statement { quantity, price }
    Holding {
        position, confirmed, begun, statement, provisional, open_value, open_orders, open_pieces, top, top_ns, window, mark, mark_ns, idle_ns,
    }
}

impl Holding {
    /// A top of the card's book, if both sides are there.
    pub fn quote(&mut self, quote: Option<Quote>, now_ns: u64) {
        (self.top, self.top_ns) = (quote, now_ns);
        if let Some(quote) = quote {
            self.window = Some(self.window.map_or(quote, |window| window.best(quote)));
        }
    }

    /// The book is not to be believed: the window confirms nothing.
    pub fn invalid(&mut self) {
        (self.top, self.window) = (None, None);
    }

    /// A window ends; what stands now begins the next one. A mark is as old as the last word of the book.
    pub fn confirm(&mut self) {
        if let Some(window) = std::mem::replace(&mut self.window, self.top) {
            self.mark = Some(window);
            self.mark_ns = self.top_ns;
        }
    }

    pub fn mark_at(&mut self, price: i64, now_ns: u64) {
        self.mark = Some(Quote { bid: price, ask: price });
        self.mark_ns = now_ns;
    }

    /// The price at which the position would be closed; none without a mark.
    pub fn closing_price(&self) -> Option<i64> {
        self.mark.map(|mark| if self.position.quantity < 0 { mark.ask } else { mark.bid })
    }

    /// Realised and unrealised; without a mark, only what is realised.
    pub fn result(&self, multiplier: u16) -> i128 {
        let unrealised = self.closing_price().map_or(0, |price| self.position.unrealised(price, multiplier));
        self.position.realised() + unrealised
    }

    /// Gross: the position at its mark, or at cost, and everything that may still trade.
    pub fn exposure(&self, multiplier: u16) -> i128 {
        let held = self.closing_price().map_or(self.position.cost, |price| value(price, self.position.quantity, multiplier));
        held.abs() + self.open_value
    }
}
