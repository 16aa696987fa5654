//! What was published, as the books that it makes: the source of snapshots.
//!
//! In: the messages of the feed, in order. Out: messages that bring an empty book to where the feed is.
//!
//! Why apart from the market: its books are ahead of the feed by what is written and not yet published, and a snapshot has to
//! stand exactly between two messages. Not here: who asks, and how it is carried (`venue`).
use std::collections::BTreeMap;

use riposte_map::wire::{Field, itch::*};

/// Code and digits of the message that ends a snapshot (GLIMPSE 5.0, End of Snapshot).
const END_OF_SNAPSHOT: u8 = b'G';
const DIGITS: usize = 20;

/// See the module's page.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    published: u64,
    /// The newest message that starts or ends hours of the day, if any.
    system: Option<Vec<u8>>,
    /// By locate: directory and trading action as they were published last.
    directory: BTreeMap<u64, Vec<u8>>,
    actions: BTreeMap<u64, Vec<u8>>,
    /// By reference, each as the message that would add what is left of it.
    orders: BTreeMap<u64, Vec<u8>>,
}

impl Ledger {
    /// Takes the next message of the feed.
    pub fn publish(&mut self, message: &[u8]) {
        self.published += 1;
        let get = |field: Field| field.get(message);
        let locate = get(system_event::LOCATE);
        match message[0] {
            system_event::CODE => self.system = Some(message.to_vec()),
            stock_directory::CODE => _ = self.directory.insert(locate, message.to_vec()),
            trading_action::CODE => _ = self.actions.insert(locate, message.to_vec()),
            add::CODE | add_mpid::CODE => _ = self.orders.insert(get(add::REFERENCE), message.to_vec()),
            executed::CODE => self.reduce(get(executed::REFERENCE), get(executed::SHARES)),
            executed_price::CODE => self.reduce(get(executed_price::REFERENCE), get(executed_price::SHARES)),
            cancel::CODE => self.reduce(get(cancel::REFERENCE), get(cancel::SHARES)),
            delete::CODE => _ = self.orders.remove(&get(delete::REFERENCE)),
            replace::CODE => self.replace(message),
            _ => {}
        }
    }

    fn reduce(&mut self, reference: u64, shares: u64) {
        let Some(order) = self.orders.get_mut(&reference) else { return };
        let left = add::SHARES.get(order).saturating_sub(shares);
        add::SHARES.put(order, left);
        if left == 0 {
            self.orders.remove(&reference);
        }
    }

    /// Side, stock and attribution stay.
    fn replace(&mut self, message: &[u8]) {
        let Some(mut order) = self.orders.remove(&replace::REFERENCE.get(message)) else { return };
        let reference = replace::NEW_REFERENCE.get(message);
        add::TIME_NS.put(&mut order, replace::TIME_NS.get(message));
        add::REFERENCE.put(&mut order, reference);
        add::SHARES.put(&mut order, replace::SHARES.get(message));
        add::PRICE.put(&mut order, replace::PRICE.get(message));
        self.orders.insert(reference, order);
    }

    /// Everything that is live, and the number of the feed's next message.
    pub fn snapshot(&self) -> Vec<Vec<u8>> {
        let stated = self.system.iter().chain(self.directory.values()).chain(self.actions.values());
        let mut messages: Vec<Vec<u8>> = stated.chain(self.orders.values()).cloned().collect();
        let next = self.published + 1;
        messages.push([&[END_OF_SNAPSHOT][..], format!("{next:0DIGITS$}").as_bytes()].concat());
        messages
    }
}
