//! The order table: live orders by reference, in two banks of buckets.
//!
//! Holds: a slot with no shares is free. Which bank an order goes to depends on the buckets' occupancy,
//! so the model keeps the card's own geometry.
use riposte_map::limits::{ORDER_BANKS, ORDER_BUCKET_BITS, ORDER_WAYS};

/// Side of the book; as an index 0 is the bid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Bid,
    Ask,
}

impl Side {
    /// Of a message's byte, if it is one (ITCH 5.0, Add Order).
    pub fn of(byte: u8) -> Option<Side> {
        match byte {
            b'B' => Some(Side::Bid),
            b'S' => Some(Side::Ask),
            _ => None,
        }
    }
}

/// A live order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    pub shares: u32,
    pub price_e4: u32,
    pub instrument: u8,
    pub side: Side,
}

const FREE: Order = Order { shares: 0, price_e4: 0, instrument: 0, side: Side::Bid };
const BUCKETS: usize = 1 << ORDER_BUCKET_BITS;

/// For each byte of a reference and each of its values, the bits it flips in the bucket numbers: bank 0
/// in the low half, bank 1 in the high half. Bit `b` belongs to chunk `b / 9` and lands on bit `b % 9` of
/// bank 0's number; for bank 1 its chunk is turned left by `2 * chunk + 1`.
static BUCKET_BITS: [[u32; 256]; 8] = bucket_bits();

const fn bucket_bits() -> [[u32; 256]; 8] {
    let mut table = [[0; 256]; 8];
    let mut bit = 0;
    while bit < 64 {
        let chunk = bit / ORDER_BUCKET_BITS;
        let low = bit % ORDER_BUCKET_BITS;
        let high = (low + 2 * chunk + 1) % ORDER_BUCKET_BITS;
        let mut value = 0;
        while value < 256 {
            if value >> (bit % 8) & 1 == 1 {
                table[bit / 8][value] ^= 1 << low | 1 << (16 + high);
            }
            value += 1;
        }
        bit += 1;
    }
    table
}

/// Bucket of a reference in each bank.
#[inline]
pub fn buckets(reference: u64) -> [usize; ORDER_BANKS] {
    let bytes = reference.to_le_bytes();
    let mut both = 0;
    for (bits, byte) in BUCKET_BITS.iter().zip(bytes) {
        both ^= bits[usize::from(byte)];
    }
    [(both & 0xffff) as usize, (both >> 16) as usize]
}

/// Where a live order is.
#[derive(Clone, Copy, Debug)]
pub struct Slot {
    bucket: usize,
    way: usize,
}

#[derive(Clone, Debug)]
pub struct Orders {
    references: Vec<[u64; ORDER_WAYS]>,
    orders: Vec<[Order; ORDER_WAYS]>,
    live: usize,
}

impl Default for Orders {
    fn default() -> Orders {
        Orders {
            references: vec![[0; ORDER_WAYS]; ORDER_BANKS * BUCKETS],
            orders: vec![[FREE; ORDER_WAYS]; ORDER_BANKS * BUCKETS],
            live: 0,
        }
    }
}

impl Orders {
    /// Number of live orders.
    pub fn live(&self) -> usize {
        self.live
    }

    pub fn clear(&mut self) {
        self.orders.fill([FREE; ORDER_WAYS]);
        self.live = 0;
    }

    /// Finds a live order.
    #[inline]
    pub fn find(&self, reference: u64) -> Option<Slot> {
        for (bank, bucket) in buckets(reference).into_iter().enumerate() {
            let bucket = bank * BUCKETS + bucket;
            for way in 0..ORDER_WAYS {
                if self.references[bucket][way] == reference && self.orders[bucket][way].shares != 0
                {
                    return Some(Slot { bucket, way });
                }
            }
        }
        None
    }

    #[inline]
    pub fn get(&self, slot: Slot) -> Order {
        self.orders[slot.bucket][slot.way]
    }

    /// Takes shares off an order; with none left its slot is free. `shares` is at most what is open.
    #[inline]
    pub fn reduce(&mut self, slot: Slot, shares: u32) {
        let order = &mut self.orders[slot.bucket][slot.way];
        order.shares -= shares;
        self.live -= usize::from(order.shares == 0);
    }

    /// Stores an order whose reference is not live, in the bank whose bucket holds fewer; `false` when
    /// both are full.
    #[inline]
    pub fn insert(&mut self, reference: u64, order: Order) -> bool {
        let [first, second] = buckets(reference);
        let second = second + BUCKETS;
        let held = |bucket: usize| self.orders[bucket].iter().filter(|o| o.shares != 0).count();
        let bucket = if held(first) <= held(second) { first } else { second };
        let Some(way) = self.orders[bucket].iter().position(|o| o.shares == 0) else {
            return false;
        };
        self.references[bucket][way] = reference;
        self.orders[bucket][way] = order;
        self.live += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use riposte_map::limits::order_bucket;

    #[test]
    fn bucket_numbers_equal_the_contract() {
        let mut reference: u64 = 1;
        for _ in 0..10_000 {
            reference =
                reference.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            assert_eq!(
                buckets(reference),
                [order_bucket(0, reference), order_bucket(1, reference)]
            );
            assert_eq!(
                buckets(reference >> 32),
                [order_bucket(0, reference >> 32), order_bucket(1, reference >> 32)]
            );
        }
    }

    #[test]
    fn the_emptier_bucket_takes_an_order_and_bank_zero_takes_a_tie() {
        let mut orders = Orders::default();
        let order = Order { shares: 1, price_e4: 1, instrument: 0, side: Side::Bid };
        assert!(orders.insert(0, order));
        assert!(orders.find(0).expect("live").bucket < BUCKETS, "tie");
        // 1 and 1 << 9 share bank 0's bucket and not bank 1's.
        assert!(orders.insert(1, order) && orders.insert(1 << 9, order));
        assert!(orders.find(1).expect("live").bucket < BUCKETS);
        assert!(orders.find(1 << 9).expect("live").bucket >= BUCKETS);
        assert_eq!(orders.live(), 3);
    }
}
