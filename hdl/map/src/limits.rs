//! Depths, widths and counts of the card. Relations are asserted beside the constants.

/// Instruments watched by the card.
pub const INSTRUMENTS: usize = 16;
/// Bits of an instrument index.
pub const INSTRUMENT_BITS: usize = 4;
/// Rules of one instrument, all evaluated in the same cycle.
pub const RULES: usize = 4;
/// Terms of a rule; all that it has must hold.
pub const TERMS: usize = 3;
/// The place of an instrument's rules that may be for orders of the host.
pub const HOST_RULE: usize = 3;
/// Bits of a rule index.
pub const RULE_BITS: usize = 2;

/// Order table: two banks with a hash each, `ORDER_WAYS` slots a bucket.
pub const ORDER_BANKS: usize = 2;
pub const ORDER_WAYS: usize = 8;
pub const ORDER_BUCKET_BITS: usize = 9;
pub const ORDER_SLOTS: usize = ORDER_BANKS * ORDER_WAYS * (1 << ORDER_BUCKET_BITS);
/// Live orders promised without overflow: half of the slots, where two choices of eight ways practically never run out. With so
/// many live, 400 million adds found both of their buckets full never, and the emptier one with seven in a thousand times.
pub const LIVE_ORDERS: usize = 4096;

/// Price levels of one side of one instrument: `LEVEL_ROWS` rows picked by a hash of the price,
/// `LEVEL_WAYS` levels a row.
pub const LEVEL_ROWS: usize = 16;
pub const LEVEL_ROW_BITS: usize = 4;
pub const LEVEL_WAYS: usize = 16;

/// Messages that wait for the order table; longest queue of operations that wait for a commit.
pub const OPERATION_QUEUE: usize = 4;
pub const COMMIT_QUEUE: usize = 8;
/// Decisions that wait for the gate. A decision that finds the queue full is refused.
pub const DECISION_QUEUE: usize = 16;

/// Largest order segment, Ethernet header to last payload byte, in 8-byte words.
pub const IMAGE_WORDS: usize = 16;
/// Smallest: two words, so that the first is never the last.
pub const IMAGE_WORDS_MIN: usize = 2;
pub const IMAGE_WORD_BITS: usize = 4;
/// Idle words between two transmitted frames: preamble, FCS and inter-frame gap of a 10 Gb/s MAC.
pub const TRANSMIT_GAP_WORDS: usize = 4;

/// Shortest MoldUDP64 message block that the walker follows, in bytes without the length prefix: the
/// common head of every ITCH 5.0 message. Longest: what one byte can say.
pub const BLOCK_BYTES_MIN: usize = 11;
pub const BLOCK_BYTES_MAX: usize = 255;

/// Cycles that reset must be held: the card sweeps its tables in them, a row a cycle. It registers its reset, so that
/// it is awake from the second cycle behind the last of them on.
pub const RESET_CYCLES: u64 = 520;

/// A command to clear the books waits so long for what is under way, from the end of the last frame on; then it sweeps
/// the tables as reset does.
pub const DRAIN_CYCLES: u64 = 128;
pub const CLEAR_CYCLES: u64 = DRAIN_CYCLES + RESET_CYCLES;
/// Cycles from one row of a restoration to the next, and from the last one to the command that ends it, at least.
pub const ROW_CYCLES: u64 = 4;
pub const RESUME_CYCLES: u64 = 64;

/// What a line of the feed keeps of its packets: words and packets at most, and the words of the longest frame that is kept.
pub const LINE_WORDS: usize = 1024;
pub const LINE_FRAMES: usize = 64;
pub const LINE_FRAME_WORDS: usize = 192;

/// Reference clock of the card, in hertz.
pub const CLOCK_HZ: u64 = 156_250_000;
/// One clock in picoseconds.
pub const CLOCK_PS: u64 = 6_400;

const _: () = assert!(INSTRUMENTS == 1 << INSTRUMENT_BITS);
const _: () = assert!(RULES == 1 << RULE_BITS && HOST_RULE < RULES);
const _: () = assert!(LEVEL_ROWS == 1 << LEVEL_ROW_BITS);
const _: () = assert!(IMAGE_WORDS == 1 << IMAGE_WORD_BITS);
const _: () = assert!(ORDER_SLOTS >= 2 * LIVE_ORDERS);
const _: () = assert!(RESET_CYCLES >= 1 << ORDER_BUCKET_BITS);
const _: () = assert!(CLOCK_HZ * CLOCK_PS == 1_000_000_000_000);

/// Bucket of an order reference in bank 0 or 1: the reference folded to `ORDER_BUCKET_BITS` bits.
/// Bank 1 rotates each chunk by a different amount, so that two references that share a bucket in
/// one bank rarely share it in the other.
pub const fn order_bucket(bank: usize, reference: u64) -> usize {
    let mask = (1 << ORDER_BUCKET_BITS) - 1;
    let mut folded = 0;
    let mut chunk = 0;
    while chunk * ORDER_BUCKET_BITS < 64 {
        let bits = (reference >> (chunk * ORDER_BUCKET_BITS)) & mask;
        let turn = (bank * (2 * chunk + 1)) % ORDER_BUCKET_BITS;
        folded ^= ((bits << turn) | (bits >> (ORDER_BUCKET_BITS - turn))) & mask;
        chunk += 1;
    }
    folded as usize
}

/// Row of a price (1e-4 dollars) in the level table: four-bit chunks of the price without its two
/// lowest bits, folded. One-cent ticks are 25 units of four, so neighbours fall into different rows.
pub const fn level_row(price_e4: u32) -> usize {
    let mut bits = price_e4 >> 2;
    let mut folded = 0;
    while bits != 0 {
        folded ^= bits & (LEVEL_ROWS as u32 - 1);
        bits >>= LEVEL_ROW_BITS;
    }
    folded as usize
}
