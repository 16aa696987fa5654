//! Counts what durable inputs tell since this process began, in bounded memory: for dashboard and metrics.
use super::alarms::sentence;
use riposte_control::overview::{Bucket, Counts, Latency, Refusals, Rule, Side};
use riposte_engine::{Alarm, Body, Input, Output, Outputs, Record, Refusal};
use riposte_map::limits::{INSTRUMENTS, RULES};
use riposte_map::reason::Reason;
use riposte_map::shm::{Command, Event, EventKind, Level, Opcode};
use std::collections::VecDeque;

/// Upper bounds of the buckets, cycles; what the card does undisturbed takes 8 to 27, what waits behind others more.
const BOUNDS: [u16; 18] = [8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 64, 96, 128, 192, 256, 512, 1024];
const LAST_ALARMS: usize = 16;
/// Commands that declare books right or wrong and whose answer has not come; the card answers in order.
const DECLARED: usize = 64;

#[derive(Clone, Copy, Default)]
pub struct Watched {
    pub bid: Level,
    pub ask: Level,
    pub valid: Option<bool>,
    pub invalid: Option<Reason>,
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
    /// Number, mask, whether these books are right.
    declared: VecDeque<(u64, u64, bool)>,
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
            declared: VecDeque::new(),
        }
    }
}

impl Counting {
    /// A durable input and what came of it; the symbols are those of the desk.
    pub fn take(&mut self, input: &Input, out: &Outputs, symbols: &[String]) {
        match &input.body {
            Body::Card { event } => self.event(event),
            // A card after reset holds no book for right; one that is gone holds none.
            Body::CardUp { .. } | Body::CardLost => self.close(0, None),
            _ => {}
        }
        for one in out.iter() {
            match one {
                Output::Alarm(alarm) => self.alarm(alarm, symbols),
                Output::Record(Record::Refused { why, .. }) => count(&mut self.request_refusals, &reason(*why)),
                Output::Command(command) => self.command(command),
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
            (EventKind::Invalid, Some(watched)) => (watched.valid, watched.invalid) = (Some(false), Reason::from_code(event.reason)),
            (EventKind::Channel, _) => self.close(event.reason, Some(false)),
            (EventKind::Command, _) => self.answer(event),
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

    /// What went wrong on the channel concerns every book.
    fn close(&mut self, reason: u8, valid: Option<bool>) {
        for watched in &mut self.instruments {
            (watched.valid, watched.invalid) = (valid, Reason::from_code(reason).filter(|reason| *reason != Reason::None));
        }
        if valid.is_none() {
            self.declared.clear();
        }
    }

    fn command(&mut self, command: &Command) {
        let is_right = match Opcode::from_code(command.opcode) {
            Some(Opcode::Validate) => true,
            Some(Opcode::Invalidate) => false,
            _ => return,
        };
        if self.declared.len() == DECLARED {
            self.declared.pop_front();
        }
        self.declared.push_back((command.sequence, command.args[0], is_right));
    }

    fn answer(&mut self, event: &Event) {
        let Some(at) = self.declared.iter().position(|(number, ..)| *number == event.feed_sequence) else { return };
        let Some((_, mask, is_right)) = self.declared.remove(at) else { return };
        if event.reason != Reason::None as u8 {
            return;
        }
        for (_, watched) in self.instruments.iter_mut().enumerate().filter(|(at, _)| mask >> at & 1 == 1) {
            (watched.valid, watched.invalid) = (Some(is_right), (!is_right).then_some(Reason::Host));
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
    fn a_book_is_right_from_its_validation_on_until_it_is_told_wrong() {
        let mut counting = Counting::default();
        assert_eq!(counting.instruments[1].valid, None, "nobody has said");
        counting.command(&Command { sequence: 7, opcode: Opcode::Validate as u8, args: [0b110, 0, 0, 0, 0, 0], ..Command::default() });
        assert_eq!(counting.instruments[1].valid, None, "the card has not done it");
        let done = Event { kind: EventKind::Command as u8, feed_sequence: 7, ..Event::default() };
        told(&mut counting, done);
        let valid = |counting: &Counting| counting.instruments.map(|one| one.valid)[..3].to_vec();
        assert_eq!(valid(&counting), [None, Some(true), Some(true)]);
        told(&mut counting, Event { kind: EventKind::Invalid as u8, instrument: 2, reason: Reason::Crossed as u8, ..Event::default() });
        assert_eq!(valid(&counting), [None, Some(true), Some(false)]);
        assert_eq!(counting.instruments[2].invalid, Some(Reason::Crossed));
        told(&mut counting, Event { kind: EventKind::Channel as u8, instrument: 255, reason: Reason::Gap as u8, ..Event::default() });
        assert_eq!(valid(&counting), [Some(false); 3]);
        counting.take(&Input { time_ns: 0, body: Body::CardLost }, &Outputs::default(), &[]);
        assert_eq!(valid(&counting), [None; 3]);
    }

    #[test]
    fn a_refused_validation_changes_nothing_and_refusals_are_counted_by_their_reason() {
        let mut counting = Counting::default();
        counting.command(&Command { sequence: 7, opcode: Opcode::Validate as u8, args: [1, 0, 0, 0, 0, 0], ..Command::default() });
        let refused = Event { kind: EventKind::Command as u8, feed_sequence: 7, reason: Reason::BookNotClean as u8, ..Event::default() };
        told(&mut counting, refused);
        assert_eq!(counting.instruments[0].valid, None);
        for instrument in [0, 255] {
            told(&mut counting, Event { kind: EventKind::OrderRefused as u8, instrument, reason: 9, ..Event::default() });
        }
        let [Refusals { code: 9, count: 2, reason }] = &counting.gate_refusals()[..] else { panic!("{:?}", counting.gate_refusals()) };
        assert_eq!(reason, Reason::Collar.text());
    }
}
