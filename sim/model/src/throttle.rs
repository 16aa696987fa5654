//! Tokens of the throttle: one arrives in every interval, an order takes one.
//!
//! In: cycles and the parameters visible in them, orders that passed. Out: the tokens of a cycle. Why: the page says what
//! happens in each cycle; here a stretch of cycles with the same parameters is one step.
//! Holds: `now` is the first cycle that is not stepped yet.
use crate::bank::Gate;

#[derive(Clone, Debug, Default)]
pub struct Throttle {
    now: u64,
    /// As visible in `now`.
    tokens: u16,
    wait: u32,
    /// The cycle in which an order that passed in the one before is taken off.
    taking: Option<u64>,
}

impl Throttle {
    /// Tokens in `cycle`, `limits` being the parameters visible since the last call.
    pub fn tokens(&mut self, cycle: u64, limits: &Gate) -> u16 {
        if let Some(taking) = self.taking.take_if(|taking| *taking < cycle) {
            self.stretch(taking + 1, limits);
            self.tokens = self.tokens.saturating_sub(1);
        }
        self.stretch(cycle, limits);
        self.tokens
    }

    /// An order passes in `cycle`, whose tokens were asked for.
    pub fn take(&mut self, cycle: u64) {
        self.taking = Some(cycle + 1);
    }

    /// Steps all cycles before `end`.
    fn stretch(&mut self, end: u64, limits: &Gate) {
        let cycles = end.saturating_sub(self.now);
        if cycles == 0 {
            return;
        }
        self.now = end;
        let wait = u64::from(self.wait);
        let interval = u64::from(limits.interval_cycles);
        let mut arrivals = 0;
        if cycles <= wait || interval == 0 {
            self.wait = wait.saturating_sub(cycles) as u32;
        } else {
            // The first arrives when the wait has run out, the others an interval apart.
            let behind_first = cycles - wait - 1;
            arrivals = 1 + behind_first / interval;
            self.wait = (interval - 1 - behind_first % interval) as u32;
        }
        let saved_max = u64::from(limits.saved_max);
        self.tokens = (u64::from(self.tokens).min(saved_max) + arrivals).min(saved_max) as u16;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page's sentences, a cycle at a time.
    #[derive(Default)]
    struct Stepped {
        tokens: u16,
        wait: u32,
        passed_before: bool,
    }

    impl Stepped {
        fn step(&mut self, limits: &Gate, passes: bool) {
            let mut arrives = false;
            if self.wait == 0 && limits.interval_cycles != 0 {
                arrives = true;
                self.wait = limits.interval_cycles - 1;
            } else if self.wait > 0 {
                self.wait -= 1;
            }
            let kept = self.tokens.min(limits.saved_max);
            let with = if arrives && kept < limits.saved_max { kept + 1 } else { kept };
            self.tokens = if self.passed_before { with.saturating_sub(1) } else { with };
            self.passed_before = passes;
        }
    }

    #[test]
    fn a_stretch_of_cycles_is_what_its_cycles_are() {
        let mut seed = 1_u64;
        let mut random = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        let mut passed = 0;
        for _ in 0..300 {
            let (mut throttle, mut stepped) = (Throttle::default(), Stepped::default());
            let mut limits = Gate::default();
            let mut last_pass = 0;
            for cycle in 0..400 {
                if random(40) == 0 {
                    throttle.tokens(cycle, &limits);
                    limits.interval_cycles = [0, 1, 2, 3, 7, 30, 90][random(7) as usize];
                    limits.saved_max = [0, 1, 2, 5][random(4) as usize];
                }
                let mut passes = false;
                if random(6) == 0 {
                    let tokens = throttle.tokens(cycle, &limits);
                    assert_eq!(tokens, stepped.tokens, "cycle {cycle}");
                    // Two orders are never nearer, as the shortest image and the gap take longer.
                    passes = tokens > 0 && cycle >= last_pass + 5;
                    if passes {
                        throttle.take(cycle);
                        last_pass = cycle;
                        passed += 1;
                    }
                }
                stepped.step(&limits, passes);
            }
        }
        assert!(passed > 1_000, "{passed}");
    }
}
