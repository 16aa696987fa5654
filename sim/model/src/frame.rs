//! A received frame: the cycle of each word, and whether it is a packet of the feed.
use crate::wire::{ethernet as at, u16_at, u32_at};
use riposte_map::counter::Counter;

/// The cycles in which the words of one frame are shown.
#[derive(Clone, Copy, Debug)]
pub struct WordClock {
    pub start: u64,
    pub stalls: u64,
}

impl WordClock {
    /// Cycle of word `word`: one idle cycle goes before each word whose bit of `stalls` is set.
    #[inline]
    pub fn cycle(&self, word: usize) -> u64 {
        let mut cycle = self.start + word as u64;
        if self.stalls != 0 {
            let words = word + 1;
            let rest = self.stalls & ((1 << (words % 64)) - 1);
            cycle += (words / 64) as u64 * u64::from(self.stalls.count_ones());
            cycle += u64::from(rest.count_ones());
        }
        cycle
    }
}

/// Destination of the feed. All zero is the state after reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Feed {
    pub address: u32,
    pub port: u16,
}

/// What the headers of a frame of ours say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Headers {
    /// 4 with a VLAN tag, else 0.
    pub shift: usize,
    /// One past the last byte of the UDP payload.
    pub end: usize,
    /// The frame has fewer bytes than its IP header says.
    pub truncated: bool,
}

/// Reads the headers; a frame that is dropped, being not ours or of a UDP length that does not fit, gives
/// the counter that it is dropped under.
pub fn read(bytes: &[u8], feed: Feed) -> Result<Headers, Counter> {
    if bytes.len() < at::BLOCKS {
        return Err(Counter::FramesOther);
    }
    let shift = if u16_at(bytes, at::ETHERTYPE) == 0x8100 { 4 } else { 0 };
    if bytes.len() < at::BLOCKS + shift || u16_at(bytes, at::ETHERTYPE + shift) != 0x0800 {
        return Err(Counter::FramesOther);
    }
    let version = bytes[at::IP + shift];
    if version != 0x45 {
        return Err(if version >> 4 == 4 { Counter::IpOptions } else { Counter::FramesOther });
    }
    if u16_at(bytes, at::IP_FRAGMENT + shift) & 0x3fff != 0 {
        return Err(Counter::IpFragments);
    }
    if bytes[at::IP_PROTOCOL + shift] != 17
        || u32_at(bytes, at::IP_DESTINATION + shift) != feed.address
        || u16_at(bytes, at::UDP_DESTINATION + shift) != feed.port
    {
        return Err(Counter::FramesOther);
    }
    let total = usize::from(u16_at(bytes, at::IP_TOTAL + shift));
    let udp = usize::from(u16_at(bytes, at::UDP_LENGTH + shift));
    if udp < 28 || udp + 20 != total {
        return Err(Counter::UdpLength);
    }
    let end = at::IP + shift + total;
    Ok(Headers { shift, end, truncated: bytes.len() < end })
}
