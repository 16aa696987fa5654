//! Counts what durable inputs tell since this process began, in bounded memory: for dashboard and metrics.
use super::alarms::sentence;
use riposte_control::overview::{Bucket, Counts, Latency, Refusals, Rule, Side};
use riposte_engine::{Alarm, Body, Input, Output, Outputs, Record, Refusal};
use riposte_map::limits::{INSTRUMENTS, RULES};
use riposte_map::reason::Reason;
use riposte_map::shm::{Event, EventKind, Level};
use std::collections::VecDeque;

/// Upper bounds of the buckets, cycles; what the card does undisturbed takes 8 to 27, what waits behind others more.
const BOUNDS: [u16; 18] = [8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 64, 96, 128, 192, 256, 512, 1024];
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
    buckets: [u64; BOUNDS.len() + 1],
    latency: Latency,
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
            buckets: Default::default(),
            latency: Latency::default(),
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
            (EventKind::Book, Some(watched)) => {
                (watched.bid, watched.ask) = (event.bid, event.ask);
                watched.updates += 1;
            }
            (EventKind::OrderSent, Some(watched)) => {
                watched.sent.get_mut(rule).into_iter().for_each(|count| *count += 1);
                self.sent(event.cycles);
            }
            (EventKind::OrderRefused, watched) => {
                let count = watched.and_then(|watched| watched.refused.get_mut(rule));
                count.into_iter().for_each(|count| *count += 1);
                self.refused[usize::from(event.reason)] += 1;
            }
            _ => {}
        }
    }

    fn sent(&mut self, cycles: u16) {
        let at = BOUNDS.iter().position(|bound| cycles <= *bound).unwrap_or(BOUNDS.len());
        self.buckets[at] += 1;
        self.latency.orders += 1;
        self.latency.cycles_sum += u64::from(cycles);
        self.latency.cycles_max = self.latency.cycles_max.max(cycles.into());
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
        let bounds = BOUNDS.iter().map(|bound| Some(u64::from(*bound))).chain([None]);
        let buckets = bounds.zip(self.buckets).map(|(cycles_max, orders)| Bucket { cycles_max, orders }).collect();
        Latency { buckets, ..self.latency.clone() }
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

    fn told(counting: &mut Counting, event: Event) {
        counting.take(&Input { time_ns: 0, body: Body::Card { event } }, &Outputs::default(), &[]);
    }

    #[test]
    fn an_order_is_in_the_bucket_that_its_cycles_do_not_exceed() {
        let mut counting = Counting::default();
        for cycles in [8, 9, 10, 1024, 1025, u16::MAX] {
            told(&mut counting, Event { kind: EventKind::OrderSent as u8, cycles, rule: 1, ..Event::default() });
        }
        let latency = counting.latency();
        assert_eq!((latency.orders, latency.cycles_max), (6, 65_535));
        assert_eq!(latency.cycles_sum, 8 + 9 + 10 + 1024 + 1025 + 65_535);
        let counts: Vec<u64> = latency.buckets.iter().map(|bucket| bucket.orders).collect();
        assert_eq!((counts[0], counts[1], counts[17], counts[18], counts.len()), (1, 2, 1, 2, 19));
        let rules = counting.rules(0, ["a", "b"].map(str::to_owned).into_iter());
        assert_eq!(rules.iter().map(|rule| rule.sent).collect::<Vec<_>>(), [0, 6]);
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
