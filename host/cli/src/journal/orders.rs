//! `riposte journal orders`: every order and mass cancel of the card against the parameter set whose number it carries, and how far positions went.
//!
//! In: inputs and records of a journal. Out: how many orders each generation explains, and which it does not: its rule did not
//! hold on the book of the decision, or the order is not its template's. Sets are put together from the rows as they were
//! written, so that a decision under half a set, or under another one, would be seen.
//!
//! Not here: the print of a rule on trades, which the card's event does not hold; of such an order only the template is checked.
use super::{KeyArgs, warn_of_torn};
use crate::output::{Outcome, Output};
use riposte_engine::{Body, Input, Record};
use riposte_journal::{Contents, Entry, Reader};
use riposte_map::limits::{INSTRUMENTS, RULES, TERMS};
use riposte_map::shm::{Action, Command, Condition, Event, EventKind, Opcode};
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// What the card decides with: rules and templates, each (instrument, rule).
#[derive(Clone)]
struct Set {
    /// Of each term of the rules.
    rules: [[Command; TERMS]; INSTRUMENTS],
    templates: [Command; INSTRUMENTS * RULES],
}

impl Set {
    fn new() -> Set {
        Set { rules: [[Command::default(); TERMS]; INSTRUMENTS], templates: [Command::default(); INSTRUMENTS * RULES] }
    }

    fn take(&mut self, row: &Command) {
        let (instrument, rule) = (usize::from(row.instrument), usize::from(row.rule));
        let place = match Opcode::from_code(row.opcode) {
            Some(Opcode::WriteRules) => self.rules.get_mut(instrument).and_then(|terms| terms.get_mut(usize::from(row.index))),
            Some(Opcode::WriteTemplate) => self.templates.get_mut(instrument * RULES + rule),
            _ => None,
        };
        if let Some(place) = place {
            *place = *row;
        }
    }

    /// Whether this set makes that order of that book.
    fn explains(&self, event: &Event) -> bool {
        let (instrument, rule) = (usize::from(event.instrument), usize::from(event.rule));
        if instrument >= INSTRUMENTS || rule >= RULES {
            return false;
        }
        let terms = self.rules[instrument].map(|row| {
            let threshold = (row.args[1 + rule / 2] >> (32 * (rule % 2))) as u32;
            ((row.args[0] >> (8 * rule)) as u8, threshold)
        });
        let (first, _) = terms[0];
        if event.is_host_order() {
            return first == Condition::Host as u8;
        }
        if (self.rules[instrument][0].args[3] >> (8 * rule)) as u8 != Action::Order as u8 {
            return false;
        }
        let is_off = |code: u8| code == Condition::Off as u8;
        let holds = !is_off(first) && terms.iter().all(|&(code, threshold)| is_off(code) || meets(event, code, threshold));
        let template = &self.templates[instrument * RULES + rule];
        let made = (template.args[0] as u32, (template.args[0] >> 32) as u32, (template.args[1] & 0xff) as u16);
        holds && made == (event.quantity, event.price_e4, event.detail)
    }
}

/// Whether the book of an order's decision meets a condition; a print is not in the event, nor what came before: it may have.
fn meets(event: &Event, code: u8, threshold: u32) -> bool {
    let [bid, ask] = [event.bid, event.ask].map(|level| Some(level).filter(|level| level.quantity > 0));
    let Some(condition) = Condition::from_code(code) else { return false };
    let (metric, is_least) = match condition {
        Condition::BidAtLeast | Condition::BidAtMost => (bid.map(|bid| bid.price_e4), condition == Condition::BidAtLeast),
        Condition::AskAtLeast | Condition::AskAtMost => (ask.map(|ask| ask.price_e4), condition == Condition::AskAtLeast),
        Condition::SpreadAtLeast | Condition::SpreadAtMost => {
            let spread = bid.zip(ask).and_then(|(bid, ask)| ask.price_e4.checked_sub(bid.price_e4));
            (spread, condition == Condition::SpreadAtLeast)
        }
        Condition::BidSizeAtLeast | Condition::BidSizeAtMost => (bid.map(|bid| bid.quantity), condition == Condition::BidSizeAtLeast),
        Condition::AskSizeAtLeast | Condition::AskSizeAtMost => (ask.map(|ask| ask.quantity), condition == Condition::AskSizeAtLeast),
        other => return other.is_trade() || other.is_over_time(),
    };
    metric.is_some_and(|metric| if is_least { metric >= threshold } else { metric <= threshold })
}

/// What a journal tells.
#[derive(Default)]
struct Account {
    orders: u64,
    unexplained: Vec<u32>,
    /// Orders whose set was written in a part that is pruned.
    unknown: u64,
    /// Orders by the generation that they carry.
    generations: BTreeMap<u32, u64>,
    calibrated: u64,
    hedges: u64,
    /// Not among the orders.
    mass_cancels: u64,
    /// Position of each instrument: now, least, most.
    positions: BTreeMap<u8, [i64; 3]>,
}

struct Reading {
    /// As people and as a model wrote it.
    written: [Set; 2],
    /// Who writes now.
    by_model: bool,
    /// The next commit is of a model's set.
    is_calibrated: bool,
    sets: HashMap<u32, Set>,
    /// Orders that the host asked the card for, by their commands: instrument and terms.
    asked: HashMap<u64, (u8, [u64; 2])>,
    /// The journal's beginning is pruned, so not every set is in it.
    is_cut: bool,
    /// A host that was killed had not let go of what it had read, so the next one reads it again.
    next_event: u64,
    account: Account,
}

impl Reading {
    fn new() -> Reading {
        Reading {
            written: [Set::new(), Set::new()], by_model: false, is_calibrated: false, sets: HashMap::new(), asked: HashMap::new(), is_cut: false, next_event: 1,
            account: Account::default(),
        }
    }
}

pub fn run(dir: &Path, key: &KeyArgs, output: &Output) -> anyhow::Result<Outcome> {
    let mut reader = Reader::open(dir, Contents::Open(key.load()?))?;
    let (mut reading, mut is_first) = (Reading::new(), true);
    while let Some(record) = reader.next_record()? {
        reading.is_cut |= std::mem::take(&mut is_first) && record.position > 1;
        match record.entry() {
            Some(Entry::Input(bytes)) => Input::decode(bytes).iter().for_each(|input| reading.input(&input.body)),
            Some(Entry::Record(bytes)) => Record::decode(bytes).iter().for_each(|record| reading.record(record)),
            _ => {}
        }
    }
    warn_of_torn(dir, &reader);
    let account = reading.account;
    print(&account, output)?;
    if account.unexplained.is_empty() {
        return Ok(Outcome::Done);
    }
    eprintln!("riposte: {} orders are not what their generation makes: keep the journal and report it", account.unexplained.len());
    Ok(Outcome::CheckFailed)
}

impl Reading {
    fn input(&mut self, body: &Body) {
        match body {
            Body::BeginSet => self.begin(false),
            Body::BeginCandidate { .. } => self.begin(true),
            Body::Row { command } => self.written[usize::from(self.by_model)].take(command),
            Body::CardUp { .. } => {
                self.sets.clear();
                self.next_event = 1;
            }
            Body::Card { event } if event.sequence >= self.next_event => {
                self.next_event = event.sequence.saturating_add(1);
                self.event(event);
            }
            _ => {}
        }
    }

    fn event(&mut self, event: &Event) {
        if event.kind() != Some(EventKind::OrderSent) {
            return;
        }
        *(if event.is_cancel() { &mut self.account.mass_cancels } else { &mut self.account.orders }) += 1;
        self.account.hedges += u64::from(event.is_host_order());
        *self.account.generations.entry(event.generation).or_default() += 1;
        match self.sets.get(&event.generation) {
            Some(set) if set.explains(event) && self.is_asked(event) => {}
            None if self.is_cut => self.account.unknown += 1,
            _ => self.account.unexplained.push(event.user_ref),
        }
    }

    /// An order of the host is one that it has asked for, and no other.
    fn is_asked(&self, event: &Event) -> bool {
        let terms = [u64::from(event.quantity) | u64::from(event.price_e4) << 32, event.detail.into()];
        !event.is_host_order() || self.asked.get(&event.feed_sequence) == Some(&(event.instrument, terms))
    }

    fn begin(&mut self, by_model: bool) {
        self.by_model = by_model;
        self.written[usize::from(by_model)] = Set::new();
    }

    fn record(&mut self, record: &Record) {
        match *record {
            Record::Calibrated { .. } => {
                self.is_calibrated = true;
                self.account.calibrated += 1;
            }
            Record::Commanding { command } if command.opcode == Opcode::Order as u8 => {
                self.asked.insert(command.sequence, (command.instrument, [command.args[0], command.args[1]]));
            }
            Record::Commanding { command } if command.opcode == Opcode::Commit as u8 => {
                let by_model = std::mem::take(&mut self.is_calibrated);
                self.sets.insert(command.value, self.written[usize::from(by_model)].clone());
            }
            Record::Booked { instrument, quantity, .. } => {
                let [now, least, most] = self.account.positions.entry(instrument).or_default();
                *now += quantity;
                (*least, *most) = ((*least).min(*now), (*most).max(*now));
            }
            _ => {}
        }
    }
}

fn print(account: &Account, output: &Output) -> anyhow::Result<()> {
    let Account { orders, unexplained, unknown, generations, calibrated, hedges, mass_cancels, positions } = account;
    if output.is_json() {
        let position = |(instrument, [now, least, most]): (&u8, &[i64; 3])| {
            json!({ "instrument": instrument, "quantity": now, "least": least, "most": most })
        };
        return output.print_json(&json!({
            "orders": orders, "unexplained": unexplained, "unknown": unknown, "generations": generations, "calibrated": calibrated,
            "host_orders": hedges, "mass_cancels": mass_cancels, "positions": positions.iter().map(position).collect::<Vec<_>>(),
        }));
    }
    output.print(format!(
        "{orders} orders of the card under {} generations, {} of them not what their generation makes, {unknown} of sets \
         that are pruned\n{calibrated} sets of models, \
         {hedges} orders of the host, {mass_cancels} mass cancels", generations.len(), unexplained.len()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use riposte_map::limits::HOST_RULE;
    use riposte_map::shm::Level;

    fn set(threshold: u32) -> Set {
        let mut set = Set::new();
        let rules = Command { opcode: Opcode::WriteRules as u8, instrument: 2, args: [4 << 8, u64::from(threshold) << 32, 0, 0, 0, 0], ..Command::default() };
        let made = [100 | 990 << 32, u64::from(b'B'), 0, 0, 0, 0];
        let template = Command { opcode: Opcode::WriteTemplate as u8, instrument: 2, rule: 1, args: made, ..Command::default() };
        [rules, template].iter().for_each(|row| set.take(row));
        set
    }

    #[test]
    fn an_order_is_explained_by_its_rule_and_its_template_and_by_nothing_else() {
        let event = Event {
            kind: EventKind::OrderSent as u8, instrument: 2, rule: 1, ask: Level { price_e4: 1000, quantity: 5 }, price_e4: 990, quantity: 100,
            detail: b'B'.into(), ..Event::default()
        };
        assert!(set(1000).explains(&event) && !set(999).explains(&event), "ask <= threshold");
        let others = [
            Event { rule: 0, ..event }, Event { instrument: 3, ..event }, Event { price_e4: 991, ..event }, Event { quantity: 99, ..event },
            Event { detail: b'S'.into(), ..event }, Event { ask: Level { price_e4: 1000, quantity: 0 }, ..event },
            Event { instrument: 16, ..event }, Event { rule: 4, ..event },
        ];
        assert!(others.iter().all(|other| !set(1000).explains(other)));
        // A second term, "at least 5 are asked for", and a third on a print, of which the event does not tell.
        let with = |index: u8, code: Condition, threshold: u64| {
            let mut set = set(1000);
            let args = [(code as u64) << 8, threshold << 32, 0, 0, 0, 0];
            set.take(&Command { opcode: Opcode::WriteRules as u8, instrument: 2, index, args, ..Command::default() });
            set.explains(&event)
        };
        assert!(with(1, Condition::AskSizeAtLeast, 5) && !with(1, Condition::AskSizeAtLeast, 6));
        let mut quiet = set(1000);
        quiet.rules[2][0].args[3] = (Action::Notify as u64) << 8;
        assert!(!quiet.explains(&event), "a rule without an order");
        assert!(with(2, Condition::TradeSizeAtLeast, 7) && !with(2, Condition::BidAtLeast, 0));
        assert!(with(1, Condition::RateAtLeast, 7) && with(2, Condition::FallAtMost, 7), "nor of what came before it");
    }

    #[test]
    fn an_order_of_the_host_is_one_that_it_asked_for_in_a_place_of_its_own() {
        let mut reading = Reading::new();
        reading.input(&Body::BeginSet);
        let rules = |condition: Condition| Body::Row {
            command: Command {
                opcode: Opcode::WriteRules as u8, instrument: 2, args: [(condition as u64) << (8 * HOST_RULE), 0, 0, 0, 0, 0], ..Command::default()
            },
        };
        reading.input(&rules(Condition::Host));
        reading.record(&Record::Commanding { command: Command { opcode: Opcode::Commit as u8, value: 1, ..Command::default() } });
        reading.input(&Body::BeginSet);
        reading.input(&rules(Condition::Off));
        reading.record(&Record::Commanding { command: Command { opcode: Opcode::Commit as u8, value: 2, ..Command::default() } });
        let asked = Command { sequence: 40, opcode: Opcode::Order as u8, instrument: 2, args: [100 | 990 << 32, b'S'.into(), 0, 0, 0, 0], ..Command::default() };
        reading.record(&Record::Commanding { command: asked });
        let event = Event {
            kind: EventKind::OrderSent as u8, instrument: 2, rule: HOST_RULE as u8, price_e4: 990, quantity: 100, detail: b'S'.into(), generation: 1,
            feed_sequence: 40, ..Event::default()
        };
        let others = [
            Event { feed_sequence: 41, ..event }, Event { instrument: 1, ..event }, Event { price_e4: 991, ..event },
            Event { quantity: 1, ..event }, Event { detail: b'B'.into(), ..event }, Event { generation: 2, ..event },
        ];
        for (at, other) in (1..).zip(std::iter::once(event).chain(others)) {
            reading.input(&Body::Card { event: Event { sequence: at, ..other } });
        }
        assert_eq!((reading.account.orders, reading.account.hedges, reading.account.unexplained.len()), (7, 7, 6));
    }

    #[test]
    fn an_order_is_held_against_the_set_that_was_committed_under_its_number() {
        let mut reading = Reading::new();
        let commit = |value: u32| Record::Commanding { command: Command { opcode: Opcode::Commit as u8, value, ..Command::default() } };
        let write = |reading: &mut Reading, by_model: bool, threshold: u32| {
            reading.input(&if by_model { Body::BeginCandidate { number: 1 } } else { Body::BeginSet });
            let rows = set(threshold);
            for row in [rows.rules[2][0], rows.templates[2 * RULES + 1]] {
                reading.input(&Body::Row { command: row });
            }
        };
        let order = |reading: &mut Reading, generation: u32, ask: u32| {
            let ask = Level { price_e4: ask, quantity: 5 };
            let event = Event {
                kind: EventKind::OrderSent as u8, instrument: 2, rule: 1, ask, price_e4: 990, quantity: 100, detail: b'B'.into(), generation,
                sequence: reading.next_event, ..Event::default()
            };
            reading.input(&Body::Card { event });
            // Read again by the next host.
            reading.input(&Body::Card { event });
            reading.account.unexplained.len()
        };
        write(&mut reading, false, 1000);
        reading.record(&commit(1));
        // A model's rows that are not committed count for nothing.
        write(&mut reading, true, 2000);
        assert_eq!(order(&mut reading, 1, 1000), 0);
        assert_eq!(order(&mut reading, 1, 1001), 1);
        reading.record(&Record::Calibrated { number: 1, model: 0, generation: 2, content: [0; 32] });
        reading.record(&commit(2));
        assert_eq!(order(&mut reading, 2, 2000), 1);
        assert_eq!(order(&mut reading, 1, 2000), 2, "old is old");
        assert_eq!(order(&mut reading, 3, 1), 3, "nobody has committed this one");
        reading.is_cut = true;
        assert_eq!((order(&mut reading, 3, 1), reading.account.unknown), (3, 1), "its set is pruned");
        assert_eq!(reading.account.orders, 6, "each once");
        reading.input(&Body::CardUp { deployment: Default::default() });
        order(&mut reading, 3, 1);
        assert_eq!((reading.account.orders, reading.next_event), (7, 2), "the next card counts anew");
    }
}
