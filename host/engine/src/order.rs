//! Orders: what we believe of each, and the bounded table of them.
//!
//! ```text
//!          sent ──► live ──► filled, cancelled, replaced
//!           │ ▲      │ ▲
//!           ▼ │      ▼ │     rejected, not received
//!          unknown ──┴─┴──►  (and each of the above)
//! ```
//! Unknown is entered when an order is not answered in time, its session is lost or the host is started again. No
//! clock leaves it: only the venue's word or the drop copy does.
use crate::input::Side;
use crate::message::{Field, Sink, fields, messages};
use crate::table::{Keyed, Table};
use std::hash::{Hash, Hasher};

messages! {
    /// What we believe of an order.
    State {
        /// On its way, not answered.
        Sent = 1;
        /// Nobody here knows. It counts as live in every limit.
        Unknown = 2;
        Live = 3;
        Filled = 4;
        /// Nothing of it will trade any more.
        Cancelled = 5;
        /// Another order stands in its place.
        Replaced = 6;
        Rejected = 7;
        /// The venue says that it never took it.
        NotReceived = 8;
    }
}

impl State {
    /// Whether it may still trade, for all we know.
    pub fn is_open(self) -> bool {
        matches!(self, State::Sent | State::Unknown | State::Live)
    }
}

messages! {
    /// Who made an order.
    Origin {
        Card = 1;
        /// The host, through the card's gate: what of it does not trade at once ends by itself.
        Host = 2;
        /// Only the venue has told of it.
        Outside = 3;
    }
}

messages! {
    /// Whether we want its end.
    Cancel {
        Unwanted = 1;
        /// To be asked for as soon as its session stands.
        Due = 2;
        Asked = 3;
    }
}

/// One order. Quantities in pieces, prices in the venue's integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Order {
    pub session: u8,
    pub user_ref: u32,
    pub instrument: u8,
    pub side: Side,
    pub origin: Origin,
    pub state: State,
    pub quantity: u32,
    pub price: i64,
    /// Of executions, broken ones too: a broken trade does not bring its order back.
    pub filled: u32,
    /// As the session and as the drop copy tell; both tell the same, so the larger counts.
    pub cancelled: [u32; 2],
    /// The venue has said that it has it.
    pub accepted: bool,
    pub cancel: Cancel,
    /// C26: was open when a session that cancels on disconnect was lost, and its end is not proven.
    pub at_loss: bool,
    /// What of it does not trade at once never rests.
    pub immediate: bool,
    pub sent_ns: u64,
    /// Where it stands among the open ones.
    pub(crate) place: u32,
}

fields!(Order {
    session, user_ref, instrument, side, origin, state, quantity, price, filled, cancelled, accepted, cancel, at_loss, immediate,
    sent_ns,
    place,
});

impl Order {
    /// As it was made; nothing is known of it yet. `key` is session and number, `wanted` quantity and price.
    pub(crate) fn new(key: (u8, u32), origin: Origin, instrument: u8, side: Side, wanted: (u32, i64), sent_ns: u64) -> Order {
        let ((session, user_ref), (quantity, price)) = (key, wanted);
        Order {
            session,
            user_ref,
            instrument,
            side,
            origin,
            state: State::Unknown,
            quantity,
            price,
            filled: 0,
            cancelled: [0; 2],
            accepted: false,
            cancel: Cancel::Unwanted,
            at_loss: false,
            immediate: false,
            sent_ns,
            place: 0,
        }
    }

    pub fn open(&self) -> u32 {
        if !self.state.is_open() {
            return 0;
        }
        self.quantity.saturating_sub(self.filled).saturating_sub(self.cancelled[0].max(self.cancelled[1]))
    }
}

impl Keyed for Order {
    fn key(&self) -> (u8, u64) {
        (self.session, u64::from(self.user_ref))
    }
}

/// All orders of the day, and which of them are open.
pub(crate) struct Orders {
    pub table: Table<Order>,
    /// Positions in the table.
    pub open: Vec<u32>,
}

impl Orders {
    pub fn new(limit: usize) -> Orders {
        Orders { table: Table::new(limit), open: Vec::with_capacity(limit) }
    }

    pub fn find(&self, session: u8, user_ref: u32) -> Option<usize> {
        self.table.find((session, u64::from(user_ref)))
    }

    /// A new order, which is open. `None` if the table is full.
    pub fn insert(&mut self, order: Order) -> Option<usize> {
        let at = self.table.insert(Order { place: self.open.len() as u32, ..order })?;
        self.open.push(at as u32);
        Some(at)
    }

    /// Takes an order that is no longer open off the list of open ones.
    pub fn close(&mut self, at: usize) {
        let place = self.table.get(at).place as usize;
        self.open.swap_remove(place);
        if let Some(&moved) = self.open.get(place) {
            self.table.get_mut(moved as usize).place = place as u32;
        }
    }

    pub fn open(&self) -> impl Iterator<Item = &Order> {
        self.open.iter().map(|at| self.table.get(*at as usize))
    }
}

impl Orders {
    /// The same orders in a table of another size. Allocates.
    pub fn resize(&mut self, limit: usize) {
        self.table.resize(limit);
        self.open.reserve_exact(limit.saturating_sub(self.open.len()));
    }
}

impl Field for Orders {
    fn put(&self, to: &mut impl Sink) {
        self.table.put(to);
        self.open.len().put(to);
        self.open.iter().for_each(|at| at.put(to));
    }

    /// `None` also if the list of the open ones is not that of this table.
    fn get(from: &mut &[u8]) -> Option<Orders> {
        let table = <Table<Order> as Field>::get(from)?;
        let count = usize::get(from)?;
        let mut open = Vec::with_capacity(table.limit());
        for place in 0..count {
            let at = u32::get(from)?;
            let order = table.iter().nth(at as usize).filter(|order| order.state.is_open())?;
            (order.place as usize == place).then(|| open.push(at))?;
        }
        let is_whole = table.iter().filter(|order| order.state.is_open()).count() == count;
        is_whole.then_some(Orders { table, open })
    }
}

impl Hash for Orders {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.table.hash(state);
        self.open.hash(state);
    }
}
