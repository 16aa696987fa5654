//! Counts what durable inputs tell since this process began, in bounded memory: for dashboard and metrics.
use super::alarms::sentence;
use riposte_control::overview::{Bucket, Counts, Latency, Quantiles, Refusals, Rule, Side};
use riposte_engine::{Alarm, Body, Input, Output, Outputs, Record, Refusal};
use riposte_map::limits::{CLOCK_HZ, INSTRUMENTS, RULES};
use riposte_map::reason::Reason;
use riposte_map::shm::{Event, EventKind, Level};
use std::collections::VecDeque;

/// Upper bounds of the buckets, cycles; what the card does undisturbed takes 8 to 27, what waits behind others more.
const BOUNDS: [u16; 18] = [8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 64, 96, 128, 192, 256, 512, 1024];
/// Of a cycle, in whole picoseconds.
const CYCLE_PS: u64 = 1_000_000_000_000 / CLOCK_HZ;
const _: () = assert!(CYCLE_PS * CLOCK_HZ == 1_000_000_000_000, "a cycle is a whole number of picoseconds");
const LAST_ALARMS: usize = 16;

#[derive(Clone, Copy, Default)]
pub struct Watched {
    pub bid: Level,
    pub ask: Level,
    pub updates: u64,
    sent: [u64; RULES],
    refused: [u64; RULES],
}

pub struct Counting {
    pub instruments: [Watched; INSTRUMENTS],
    refused: [u64; 256],
    /// Orders that took so many cycles.
    cycles: Box<[u64]>,
    pub request_refusals: Counts,
    pub alarms: Counts,
    pub guards: Counts,
    pub last_alarms: VecDeque<String>,
}

impl Default for Counting {
    fn default() -> Counting {
        Counting {
            instruments: Default::default(),
            refused: [0; 256],
            cycles: vec![0; 1 << u16::BITS].into(),
            request_refusals: Counts::new(),
            alarms: Counts::new(),
            guards: Counts::new(),
            last_alarms: VecDeque::new(),
        }
    }
}

impl Counting {
    /// A durable input and what came of it; the symbols are those of the desk.
    pub fn take(&mut self, input: &Input, out: &Outputs, symbols: &[String]) {
        if let Body::Card { event } = &input.body {
            self.event(event);
        }
        for one in out.iter() {
            match one {
                Output::Alarm(alarm) => self.alarm(alarm, symbols),
                Output::Record(Record::Refused { why, .. }) => count(&mut self.request_refusals, &reason(*why)),
                _ => {}
            }
        }
    }

    fn event(&mut self, event: &Event) {
        let Some(kind) = event.kind() else { return };
        let watched = self.instruments.get_mut(usize::from(event.instrument));
        let rule = usize::from(event.rule);
        match (kind, watched) {
            (EventKind::Book | EventKind::Notice, Some(watched)) => {
                (watched.bid, watched.ask) = (event.bid, event.ask);
                watched.updates += 1;
            }
            (EventKind::OrderSent, Some(watched)) => {
                watched.sent.get_mut(rule).into_iter().for_each(|count| *count += 1);
                // From a message of the feed: an order of the host has none.
                self.cycles[usize::from(event.cycles)] += u64::from(!event.is_host_order());
            }
            (EventKind::OrderRefused, watched) => {
                let count = watched.and_then(|watched| watched.refused.get_mut(rule));
                count.into_iter().for_each(|count| *count += 1);
                self.refused[usize::from(event.reason)] += 1;
            }
            _ => {}
        }
    }

    fn alarm(&mut self, alarm: &Alarm, symbols: &[String]) {
        count(&mut self.alarms, &name(&format!("{alarm:?}")));
        if let Alarm::Tripped { guard, .. } = alarm {
            count(&mut self.guards, &format!("{guard:?}"));
        }
        if self.last_alarms.len() == LAST_ALARMS {
            self.last_alarms.pop_front();
        }
        self.last_alarms.push_back(sentence(alarm, symbols));
    }

    pub fn rules(&self, instrument: usize, names: impl Iterator<Item = String>) -> Vec<Rule> {
        let Watched { sent, refused, .. } = &self.instruments[instrument];
        names.zip(sent.iter().zip(refused)).map(|(name, (sent, refused))| Rule { name, sent: *sent, refused: *refused }).collect()
    }

    pub fn gate_refusals(&self) -> Vec<Refusals> {
        let text = |code| Reason::from_code(code).map_or("unknown", Reason::text).to_owned();
        let all = (0..=u8::MAX).zip(&self.refused).filter(|(_, count)| **count > 0);
        all.map(|(code, count)| Refusals { code, reason: text(code), count: *count }).collect()
    }

    pub fn latency(&self) -> Latency {
        let taken = || (0u64..).zip(self.cycles.iter().copied()).filter(|(_, orders)| *orders > 0);
        let bounds = BOUNDS.iter().map(|bound| Some(u64::from(*bound))).chain([None]);
        let mut buckets: Vec<Bucket> = bounds.map(|cycles_max| Bucket { cycles_max, orders: 0 }).collect();
        for (cycles, orders) in taken() {
            let at = BOUNDS.iter().position(|bound| cycles <= u64::from(*bound)).unwrap_or(BOUNDS.len());
            buckets[at].orders += orders;
        }
        let cycles = taken().last().and_then(|(max, _)| Quantiles::of(taken(), max));
        Latency {
            orders: taken().map(|(_, orders)| orders).sum(),
            cycles_sum: taken().map(|(cycles, orders)| cycles * orders).sum(),
            cycles,
            ps: cycles.map(|cycles| cycles.times(CYCLE_PS)),
            buckets,
        }
    }
}

pub fn side(level: Level) -> Side {
    Side { price_e4: level.price_e4, quantity: level.quantity }
}

fn reason(why: Refusal) -> String {
    name(&format!("{why:?}"))
}

/// Of what is printed with its fields.
fn name(text: &str) -> String {
    text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}

fn count(counts: &mut Counts, name: &str) {
    *counts.entry(name.to_owned()).or_default() += 1;
}

#[cfg(test)]
mod tests {
    use super::*;
    use riposte_map::limits::HOST_RULE;

    fn told(counting: &mut Counting, event: Event) {
        counting.take(&Input { time_ns: 0, body: Body::Card { event } }, &Outputs::default(), &[]);
    }

    #[test]
    fn an_order_is_in_the_bucket_that_its_cycles_do_not_exceed() {
        let mut counting = Counting::default();
        for cycles in [8, 9, 10, 1024, 1025, u16::MAX] {
            told(&mut counting, Event { kind: EventKind::OrderSent as u8, cycles, rule: 1, ..Event::default() });
        }
        let of_the_host = Event { rule: HOST_RULE as u8, cycles: 9, ..Event::default() };
        told(&mut counting, Event { kind: EventKind::OrderSent as u8, ..of_the_host });
        let latency = counting.latency();
        let cycles = Quantiles { p50: 10, p99: 65_535, p999: 65_535, max: 65_535 };
        assert_eq!((latency.orders, latency.cycles, latency.ps), (6, Some(cycles), Some(cycles.times(6400))));
        assert_eq!(latency.cycles_sum, 8 + 9 + 10 + 1024 + 1025 + 65_535);
        let counts: Vec<u64> = latency.buckets.iter().map(|bucket| bucket.orders).collect();
        assert_eq!((counts[0], counts[1], counts[17], counts[18], counts.len()), (1, 2, 1, 2, 19));
        let rules = counting.rules(0, ["a", "b"].map(str::to_owned).into_iter());
        assert_eq!(rules.iter().map(|rule| rule.sent).collect::<Vec<_>>(), [0, 6]);
    }

    #[test]
    fn quantiles_of_cycles_are_exact_within_a_bucket() {
        let mut counting = Counting::default();
        assert_eq!((counting.latency().cycles, counting.latency().ps), (None, None), "no order");
        // 513 to 1024 are one bucket of the bars.
        for (cycles, orders) in [(600, 500), (700, 490), (801, 9), (1000, 1)] {
            (0..orders).for_each(|_| told(&mut counting, Event { kind: EventKind::OrderSent as u8, cycles, ..Event::default() }));
        }
        let latency = counting.latency();
        assert_eq!(latency.cycles, Some(Quantiles { p50: 600, p99: 700, p999: 801, max: 1000 }));
        assert_eq!(latency.ps, Some(Quantiles { p50: 3_840_000, p99: 4_480_000, p999: 5_126_400, max: 6_400_000 }), "of 6.4 ns");
    }

    #[test]
    fn refusals_are_counted_by_their_reason() {
        let mut counting = Counting::default();
        for instrument in [0, 255] {
            told(&mut counting, Event { kind: EventKind::OrderRefused as u8, instrument, reason: 9, ..Event::default() });
        }
        let [Refusals { code: 9, count: 2, reason }] = &counting.gate_refusals()[..] else { panic!("{:?}", counting.gate_refusals()) };
        assert_eq!(reason, Reason::Collar.text());
    }
}
