//! Executions: each counted once, whoever tells it and how often.
use crate::input::Side;
use crate::message::fields;
use crate::table::Keyed;

/// One trade of ours, or an adoption of the venue's position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Execution {
    /// Session, or `ADOPTED` with a number of our own.
    pub session: u8,
    pub id: u64,
    pub user_ref: u32,
    pub instrument: u8,
    pub side: Side,
    /// Pieces; 0 while only its breaking is known.
    pub quantity: i64,
    pub price: i64,
    /// When we first heard of it.
    pub time_ns: u64,
    /// C34: told by the session, told by the drop copy.
    pub told: [bool; 2],
    pub broken: bool,
    /// C34: that one of both has not told it was reported.
    pub missed: bool,
}

fields!(Execution { session, id, user_ref, instrument, side, quantity, price, time_ns, told, broken, missed });

/// In place of a session: a difference that was adopted.
pub const ADOPTED: u8 = 0xfe;

impl Execution {
    /// As a change of position.
    pub fn signed(&self) -> i64 {
        if self.side == Side::Buy { self.quantity } else { -self.quantity }
    }
}

impl Keyed for Execution {
    fn key(&self) -> (u8, u64) {
        (self.session, self.id)
    }
}
