//! A wire that loses, repeats, delays and damages, by a seed; and streams that are known at each byte.

/// xorshift, the same numbers in every run of a seed.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }

    pub fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }
}

/// Chances in percent; delays in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub lost: u64,
    pub twice: u64,
    pub damaged: u64,
    pub late: u64,
    pub delay_ns: u64,
    pub late_ns: u64,
}

#[derive(Default, Debug)]
pub struct Done {
    pub frames: u64,
    pub lost: u64,
    pub twice: u64,
    pub damaged: u64,
    pub late: u64,
}

/// One direction.
pub struct Lossy {
    plan: Plan,
    pub random: Random,
    under_way: Vec<(u64, u64, Vec<u8>)>,
    pub done: Done,
}

impl Lossy {
    pub fn new(plan: Plan, seed: u64) -> Lossy {
        Lossy { plan, random: Random::new(seed), under_way: Vec::new(), done: Done::default() }
    }

    pub fn push(&mut self, now_ns: u64, frame: &[u8]) {
        let Plan { lost, twice, damaged, late, delay_ns, late_ns } = self.plan;
        self.done.frames += 1;
        if self.random.percent(lost) {
            self.done.lost += 1;
            return;
        }
        let copies = 1 + u64::from(self.random.percent(twice));
        self.done.twice += copies - 1;
        for _ in 0..copies {
            let mut frame = frame.to_vec();
            // ARP has no checksum that would tell, nor has an Ethernet header here.
            if frame[12..14] == [8, 0] && self.random.percent(damaged) {
                let bit = self.random.below((frame.len() as u64 - 14) * 8) as usize;
                frame[14 + bit / 8] ^= 1 << (bit % 8);
                self.done.damaged += 1;
            }
            let is_late = self.random.percent(late);
            self.done.late += u64::from(is_late);
            let delay_ns = delay_ns + if is_late { self.random.below(late_ns.max(1)) } else { 0 };
            self.under_way.push((now_ns + delay_ns, self.done.frames, frame));
        }
    }

    /// The next frame that has arrived by now.
    pub fn pop(&mut self, now_ns: u64) -> Option<Vec<u8>> {
        let next = (0..self.under_way.len()).min_by_key(|&at| (self.under_way[at].0, self.under_way[at].1))?;
        (self.under_way[next].0 <= now_ns).then(|| self.under_way.remove(next).2)
    }
}

/// Byte `at` of a stream that has a number.
pub fn byte(stream: u64, at: usize) -> u8 {
    let mixed = (at as u64 ^ stream << 40).wrapping_mul(0xd134_2543_de82_ef95);
    (mixed >> 56) as u8
}

pub fn bytes(stream: u64, from: usize, count: usize) -> Vec<u8> {
    (from..from + count).map(|at| byte(stream, at)).collect()
}

/// Counts what is right of a stream, from `from` on.
pub fn check(stream: u64, from: usize, read: &[u8], what: &str) -> usize {
    let wrong = read.iter().enumerate().position(|(at, &one)| one != byte(stream, from + at));
    assert_eq!(wrong.map(|at| from + at), None, "{what}: the first wrong byte");
    from + read.len()
}
