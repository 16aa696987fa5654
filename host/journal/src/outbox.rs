//! What must not leave before its record is durable: a host's orders.
//!
//! `Pending` is made with the record, `Durable` only from a `Pending` whose record is durable. Whoever sends
//! takes a `Durable`, so that an order around the journal does not compile:
//!
//! ```compile_fail
//! let order = riposte_journal::Durable { position: 1, what: "an order" };
//! ```
use crate::shared::Shared;
use std::collections::VecDeque;
use std::sync::Arc;

/// Waits for its record.
#[derive(Debug)]
#[must_use = "what is pending never leaves if it is dropped"]
pub struct Pending<T> {
    pub(crate) position: u64,
    pub(crate) what: T,
    pub(crate) shared: Arc<Shared>,
}

/// Its record is durable.
#[derive(Debug)]
pub struct Durable<T> {
    position: u64,
    what: T,
}

impl<T> Pending<T> {
    /// Gives itself back while the record is not durable.
    pub fn release(self) -> Result<Durable<T>, Pending<T>> {
        if self.is_durable() { Ok(Durable { position: self.position, what: self.what }) } else { Err(self) }
    }

    fn is_durable(&self) -> bool {
        self.shared.durable() >= self.position
    }
}

impl<T> Durable<T> {
    /// Position of the record.
    pub fn position(&self) -> u64 {
        self.position
    }

    pub fn into_inner(self) -> T {
        self.what
    }
}

/// A bounded queue of what is pending, in the order of its records. Does not allocate after `new`.
#[derive(Debug)]
pub struct Outbox<T> {
    queue: VecDeque<Pending<T>>,
    capacity: usize,
}

impl<T> Outbox<T> {
    pub fn new(capacity: usize) -> Outbox<T> {
        Outbox { queue: VecDeque::with_capacity(capacity), capacity }
    }

    /// Whether `push` would take one more. Ask before journaling: what is journaled should leave.
    pub fn has_room(&self) -> bool {
        self.queue.len() < self.capacity
    }

    /// Gives it back when there is no room.
    pub fn push(&mut self, pending: Pending<T>) -> Result<(), Pending<T>> {
        if !self.has_room() {
            return Err(pending);
        }
        self.queue.push_back(pending);
        Ok(())
    }

    /// The oldest, if its record is durable.
    pub fn pop(&mut self) -> Option<Durable<T>> {
        self.queue.front().filter(|pending| pending.is_durable())?;
        self.queue.pop_front()?.release().ok()
    }

    pub fn len(&self) -> usize {
        self.queue.len()
    }

    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}
