//! Another decoder (crate `itchy`) and a book without levels: the top is found by looking at every order.
use itchy::{Body, Message, MessageStream};
use riposte_capture::{Capture, open};
use riposte_map::shm::Level;
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

/// Live orders of one instrument: side (true buys), price and open shares.
#[derive(Default)]
pub struct Oracle {
    orders: HashMap<u64, (bool, u32, u32)>,
    /// Messages that named an order which is not live.
    pub missing: u64,
}

impl Oracle {
    pub fn live(&self) -> usize {
        self.orders.len()
    }

    fn take(&mut self, reference: u64, shares: Option<u32>) -> Option<(bool, u32, u32)> {
        let Some(order) = self.orders.get_mut(&reference) else {
            self.missing += 1;
            return None;
        };
        let before = *order;
        order.2 -= shares.unwrap_or(order.2);
        if order.2 == 0 {
            self.orders.remove(&reference);
        }
        Some(before)
    }

    /// Applies a message; gives the price and shares that a Book event tells of it.
    pub fn apply(&mut self, message: &Message) -> (u32, u32) {
        match &message.body {
            Body::AddOrder(add) => {
                let buys = matches!(add.side, itchy::Side::Buy);
                self.orders.insert(add.reference, (buys, add.price.raw(), add.shares));
                (add.price.raw(), add.shares)
            }
            Body::OrderExecuted { reference, executed, .. } => {
                (self.take(*reference, Some(*executed)).map_or(0, |order| order.1), *executed)
            }
            Body::OrderExecutedWithPrice { reference, executed, price, .. } => {
                self.take(*reference, Some(*executed));
                (price.raw(), *executed)
            }
            Body::OrderCancelled { reference, cancelled } => {
                (self.take(*reference, Some(*cancelled)).map_or(0, |order| order.1), *cancelled)
            }
            Body::DeleteOrder { reference } => {
                self.take(*reference, None).map_or((0, 0), |(_, price, shares)| (price, shares))
            }
            Body::ReplaceOrder(replace) => {
                if let Some((buys, ..)) = self.take(replace.old_reference, None) {
                    self.orders.insert(replace.new_reference, (buys, replace.price.raw(), replace.shares));
                }
                (replace.price.raw(), replace.shares)
            }
            Body::NonCrossTrade(trade) => (trade.price.raw(), trade.shares),
            _ => (0, 0),
        }
    }

    /// Best bid and ask; an empty side is all zero.
    pub fn top(&self) -> [Level; 2] {
        [true, false].map(|buys| {
            let side = || self.orders.values().filter(move |order| order.0 == buys);
            let prices = side().map(|order| order.1);
            let Some(price_e4) = (if buys { prices.max() } else { prices.min() }) else { return Level::default() };
            let quantity = side().filter(|order| order.1 == price_e4).map(|order| order.2).sum();
            Level { price_e4, quantity }
        })
    }
}

/// The messages of a raw ITCH file, as bytes and as `itchy` reads them.
pub fn messages(path: &Path) -> Vec<(Vec<u8>, Message)> {
    let Ok(Capture::Messages(ours)) = open(path) else { panic!("{} is not raw ITCH", path.display()) };
    let ours: Vec<_> = ours.map(|message| message.expect("a whole message").bytes).collect();
    let stream = MessageStream::from_file(path).expect("the file opens");
    let theirs: Vec<_> = stream.map(|message| message.expect("a message that itchy knows")).collect();
    assert_eq!(ours.len(), theirs.len(), "both see every message");
    ours.into_iter().zip(theirs).collect()
}

/// A file of the real data, or `None`, said aloud, where it is absent.
pub fn data(test: &str, name: &str) -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let path = std::env::var_os("RIPOSTE_DATA").map_or_else(beside, PathBuf::from).join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {test}: {} is absent", path.display());
    None
}
