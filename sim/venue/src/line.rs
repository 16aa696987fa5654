//! One line of the feed as a faulty network carries it: packets get lost, come twice, change places, come late.
//!
//! In: packets with their time. Out: packets with theirs. Holds: without faults every packet goes out at once and in
//! order; what was done to packets is counted.

use std::collections::VecDeque;

use crate::{faults::Dose, random::Random};

/// A packet that changes places waits this long for one to pass it.
const REORDER_NS_MAX: u64 = 10_000_000;

/// What happens to packets of a line, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineCounts {
    /// Packets that went out, copies too.
    pub sent: u64,
    pub lost: u64,
    pub duplicated: u64,
    pub reordered: u64,
    /// Packets that were late because of the line's skew.
    pub delayed: u64,
}

/// A line with its faults.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    pub loss: Dose,
    pub duplicate: Dose,
    pub reorder: Dose,
    /// Every packet is this late.
    pub skew_ns: u64,
    pub counts: LineCounts,
    /// A packet that lets the next one pass, and when it goes at the latest.
    held: Option<(u64, Vec<u8>)>,
    /// Packets under way; times do not decrease.
    under_way: VecDeque<(u64, Vec<u8>)>,
}

impl Line {
    pub fn offer(&mut self, now_ns: u64, packet: &[u8], random: &mut Random) {
        if self.loss.strikes(random) {
            self.counts.lost += 1;
            return;
        }
        if self.held.is_none() && self.reorder.strikes(random) {
            self.counts.reordered += 1;
            self.held = Some((now_ns + REORDER_NS_MAX, packet.to_vec()));
            return;
        }
        self.carry(now_ns, packet.to_vec());
        if self.duplicate.strikes(random) {
            self.counts.duplicated += 1;
            self.carry(now_ns, packet.to_vec());
        }
        if let Some((_, held)) = self.held.take() {
            self.carry(now_ns, held);
        }
    }

    fn carry(&mut self, now_ns: u64, packet: Vec<u8>) {
        self.counts.delayed += u64::from(self.skew_ns > 0);
        let floor = self.under_way.back().map_or(0, |(due_ns, _)| *due_ns);
        self.under_way.push_back(((now_ns + self.skew_ns).max(floor), packet));
    }

    /// The next packet that arrives by `now_ns`.
    pub fn arrive(&mut self, now_ns: u64) -> Option<Vec<u8>> {
        if let Some((due_ns, _)) = self.held
            && due_ns <= now_ns
            && let Some((_, held)) = self.held.take()
        {
            self.carry(now_ns, held);
        }
        let (due_ns, _) = self.under_way.front()?;
        if *due_ns > now_ns {
            return None;
        }
        self.counts.sent += 1;
        self.under_way.pop_front().map(|(_, packet)| packet)
    }

    /// When the next packet arrives.
    pub fn due_ns(&self) -> Option<u64> {
        let held = self.held.as_ref().map(|(due_ns, _)| *due_ns);
        let first = self.under_way.front().map(|(due_ns, _)| *due_ns);
        held.into_iter().chain(first).min()
    }
}
