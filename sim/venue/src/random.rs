//! The market's random numbers: SplitMix64 (Steele, Lea, Flood 2014), so that a seed means the same
//! bytes for ever. No floats: distributions come from sums and comparisons of uniform integers.

/// SplitMix64. Period 2^64; every seed is a good one.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    pub fn new(seed: u64) -> Random {
        Random { state: seed }
    }

    /// Uniform over all 64-bit numbers.
    pub fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform over `0..bound`; 0 if `bound` is 0. The bias is below `bound / 2^64`.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.draw()) * u128::from(bound)) >> 64) as u64
    }

    /// Uniform over `low..=high`.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// True once in `n` times on average.
    pub fn once_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// Nearly normal with mean 0 and standard deviation `sigma`: the sum of twelve uniform bytes, whose
    /// own deviation is 256.
    pub fn normal(&mut self, sigma: i64) -> i64 {
        let (a, b) = (self.draw().to_le_bytes(), self.draw().to_le_bytes());
        let sum: i64 = a.iter().chain(&b[..4]).map(|&byte| i64::from(byte)).sum();
        (sum - 12 * 255 / 2) * sigma / 256
    }

    /// Exponential with this mean: von Neumann's method, which only compares uniform numbers.
    pub fn exponential(&mut self, mean: u64) -> u64 {
        let mut whole = 0u64;
        loop {
            let first = self.draw() >> 32;
            let (mut last, mut run) = (first, 1);
            loop {
                let next = self.draw() >> 32;
                if next >= last {
                    break;
                }
                last = next;
                run += 1;
            }
            if run % 2 == 1 {
                let units = u128::from(whole << 32 | first);
                return ((u128::from(mean) * units) >> 32) as u64;
            }
            whole += 1;
        }
    }

    /// 0 with probability 1/2, 1 with 1/4, and so on, at most `limit`.
    pub fn halving(&mut self, limit: u64) -> u64 {
        u64::from(self.draw().trailing_zeros()).min(limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generator_gives_the_published_numbers_of_splitmix64() {
        let mut random = Random::new(1_234_567);
        let expected = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        assert_eq!([(); 5].map(|()| random.draw()), expected);
    }

    #[test]
    fn distributions_have_their_mean_and_deviation() {
        let mut random = Random::new(7);
        let n = 200_000;
        let mean = (0..n).map(|_| random.exponential(10_000)).sum::<u64>() / n;
        assert!((9_900..10_100).contains(&mean), "exponential mean {mean}");
        let samples: Vec<i64> = (0..n).map(|_| random.normal(1_000)).collect();
        let mean = samples.iter().sum::<i64>() / n as i64;
        let variance = samples.iter().map(|x| x * x).sum::<i64>() / n as i64;
        assert!(mean.abs() < 10, "normal mean {mean}");
        assert!((980_000..1_020_000).contains(&variance), "normal variance {variance}");
        assert!((0..n).all(|_| random.below(10) < 10));
    }
}
