//! What happened in a replay, as a person, a program and the report read it.
use super::table::Table;
use super::tally::{RuleCount, Tally, Watched};
use crate::rules;
use riposte_desk::{Desk, price_text};
use riposte_map::counter::Counter;
use riposte_map::limits::CLOCK_PS;
use riposte_map::reason::Reason;
use riposte_map::shm::{Level, Opcode};
use riposte_map::wire::itch;
use serde::Serialize;
use std::collections::BTreeMap;

/// Where a run came from: with these, it can be repeated to the byte.
#[derive(Clone, Debug, Serialize)]
pub struct Manifest {
    pub input: String,
    pub input_sha256: String,
    pub config: String,
    pub config_sha256: String,
    pub card: String,
    pub generation: u32,
    pub gap_cycles: u64,
    pub seed: Option<u64>,
    pub riposte: &'static str,
    /// Version and hash of the contract between host and card.
    pub contract: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    pub manifest: Manifest,
    pub frames: u64,
    pub cycles: u64,
    pub events: u64,
    pub elapsed_ms: u64,
    pub messages: BTreeMap<&'static str, u32>,
    pub instruments: Vec<InstrumentSummary>,
    pub rules: Vec<RuleSummary>,
    pub orders_sent: u64,
    pub orders_refused: u64,
    pub refusals: BTreeMap<&'static str, u64>,
    pub tick_to_trade: Option<TickToTrade>,
    /// Channel errors and invalid books by reason.
    pub troubles: BTreeMap<&'static str, u64>,
    pub refused_commands: Vec<String>,
    pub counters: BTreeMap<&'static str, u32>,
    pub digest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journal: Option<JournalSummary>,
}

/// The log of a run. The same run has the same head, on every card.
#[derive(Clone, Debug, Serialize)]
pub struct JournalSummary {
    pub folder: String,
    pub records: u64,
    /// Hash chain after the last record.
    pub head: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct InstrumentSummary {
    pub symbol: String,
    pub messages: u64,
    pub bid: Option<Side>,
    pub ask: Option<Side>,
    /// The last bid and ask that stood at the same time.
    pub last_both: Option<[Side; 2]>,
    /// `valid`, or why not.
    pub book: &'static str,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Side {
    pub price_e4: u32,
    pub quantity: u32,
}

#[derive(Clone, Debug, Serialize)]
pub struct RuleSummary {
    pub instrument: String,
    pub name: String,
    pub when: String,
    pub fired: u64,
    pub sent: u64,
    pub refused: u64,
}

/// Cycles from the last byte needed to the order's first word, by nearest rank over all orders sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TickToTrade {
    pub min_cycles: u16,
    pub p50_cycles: u16,
    pub p99_cycles: u16,
    pub max_cycles: u16,
    pub clock_ps: u64,
}

impl TickToTrade {
    /// `None` without orders.
    pub fn of(counts: &BTreeMap<u16, u64>) -> Option<TickToTrade> {
        let total: u64 = counts.values().sum();
        let rank = |percent: u64| {
            let wanted = (total * percent).div_ceil(100).max(1);
            let mut seen = 0;
            counts.iter().find(|&(_, &count)| {
                seen += count;
                seen >= wanted
            })
        };
        let at = |percent| rank(percent).map(|(&cycles, _)| cycles);
        Some(TickToTrade {
            min_cycles: *counts.keys().next()?,
            p50_cycles: at(50)?,
            p99_cycles: at(99)?,
            max_cycles: *counts.keys().next_back()?,
            clock_ps: CLOCK_PS,
        })
    }
}

/// `32.0 ns` of 5 cycles at the reference clock.
pub fn nanoseconds(cycles: u16) -> String {
    let tenths = u64::from(cycles) * CLOCK_PS / 100;
    format!("{}.{} ns", tenths / 10, tenths % 10)
}

/// Figures of a run that the card's events do not hold.
pub struct Run {
    pub manifest: Manifest,
    pub frames: u64,
    pub cycles: u64,
    pub elapsed_ms: u64,
    pub counters: [u32; Counter::COUNT],
}

impl Summary {
    pub fn new(run: Run, tally: &Tally, desk: &Desk) -> Summary {
        let counters = |wanted: fn(&str) -> bool| {
            let all = Counter::ALL.iter().map(|&c| (c.text(), run.counters[c as usize]));
            all.filter(|&(name, value)| wanted(name) && value > 0).collect::<BTreeMap<_, _>>()
        };
        let watched = || desk.instruments.iter().zip(&tally.watched);
        let by_reason = |counts: &BTreeMap<Reason, u64>| {
            counts.iter().map(|(reason, &count)| (reason.text(), count)).collect::<BTreeMap<_, _>>()
        };
        let refused = |&(opcode, reason): &(u16, Reason)| {
            let name = Opcode::from_code(opcode as u8).map_or(format!("command {opcode}"), |name| format!("{name:?}"));
            format!("{name}: {}", reason.text())
        };
        Summary {
            frames: run.frames,
            cycles: run.cycles,
            events: tally.events,
            elapsed_ms: run.elapsed_ms,
            messages: counters(|name| name.starts_with("messages_") || name.ends_with("_types")),
            instruments: watched().map(|(instrument, watched)| instrument_summary(&instrument.symbol, watched)).collect(),
            rules: watched().flat_map(|(instrument, watched)| rule_summaries(instrument, &watched.rules)).collect(),
            orders_sent: tally.transmitted,
            orders_refused: tally.refusals.values().sum(),
            refusals: by_reason(&tally.refusals),
            tick_to_trade: TickToTrade::of(&tally.cycles),
            troubles: by_reason(&tally.troubles),
            refused_commands: tally.refused_commands.iter().map(refused).collect(),
            counters: counters(|name| !name.starts_with("messages_")),
            digest: tally.digest(),
            journal: None,
            manifest: run.manifest,
        }
    }

    /// Messages of ITCH that the card took in, watched or not.
    pub fn message_count(&self) -> u64 {
        let typed = self.messages.iter().filter(|(name, _)| **name != "messages_unwatched");
        typed.map(|(_, &count)| u64::from(count)).sum()
    }

    /// Whether two cards ran, and agreed: a run in which they do not has no summary.
    pub fn is_lockstep(&self) -> bool {
        self.manifest.card.contains('=')
    }

    /// Messages a second of wall time.
    pub fn messages_per_second(&self) -> u64 {
        self.message_count() * 1000 / self.elapsed_ms.max(1)
    }

    pub fn cycles_per_second(&self) -> u64 {
        self.cycles * 1000 / self.elapsed_ms.max(1)
    }

    /// Several tables for a terminal.
    pub fn text(&self) -> String {
        let mut parts = vec![self.head_text(), self.messages_text(), self.books_text(), self.rules_text()];
        parts.push(self.orders_text());
        parts.push(self.trouble_text());
        parts.push(format!("Digest   {}\n", self.digest));
        parts.retain(|part| !part.is_empty());
        parts.join("\n")
    }

    fn head_text(&self) -> String {
        let agreed = if self.is_lockstep() { "; both agreed on every event, transmitted byte and counter" } else { "" };
        format!(
            "Card     {}, generation {}{agreed}\nInput    {} ({} frames, {} messages)\nRun      {} cycles in {}.{:03} s: {} messages/s, {} cycles/s\n",
            self.manifest.card, self.manifest.generation, self.manifest.input, grouped(self.frames),
            grouped(self.message_count()), grouped(self.cycles), self.elapsed_ms / 1000, self.elapsed_ms % 1000,
            grouped(self.messages_per_second()), grouped(self.cycles_per_second()),
        )
    }

    fn messages_text(&self) -> String {
        let mut table = Table::new(&["messages", "", "count"]);
        for (name, &count) in &self.messages {
            let (code, meaning) = message_name(name);
            table.row([code, meaning, count.to_string()]);
        }
        table.to_string()
    }

    fn books_text(&self) -> String {
        let side = |s: Side| format!("{} x {}", price_text(s.price_e4), s.quantity);
        let mut table = Table::new(&["instrument", "messages", "last bid", "last ask", "book"]);
        for i in &self.instruments {
            let [bid, ask] = i.last_both.map_or(["-", "-"].map(str::to_owned), |both| both.map(side));
            table.row([i.symbol.clone(), i.messages.to_string(), bid, ask, i.book.to_owned()]);
        }
        table.to_string()
    }

    fn rules_text(&self) -> String {
        let mut table = Table::new(&["instrument", "rule", "when", "fired", "sent", "refused"]);
        for r in &self.rules {
            let [fired, sent, refused] = [r.fired, r.sent, r.refused].map(|count| count.to_string());
            table.row([r.instrument.clone(), r.name.clone(), r.when.clone(), fired, sent, refused]);
        }
        table.to_string()
    }

    fn orders_text(&self) -> String {
        let mut text = format!("Orders   {} sent, {} refused\n", self.orders_sent, self.orders_refused);
        for (reason, count) in &self.refusals {
            text += &format!("           {count:>8}  {reason}\n");
        }
        if let Some(t) = self.tick_to_trade {
            text += "\nTick-to-trade, from the last byte needed to the order's first word, at 156.25 MHz\n";
            for (name, cycles) in [("min", t.min_cycles), ("p50", t.p50_cycles), ("p99", t.p99_cycles), ("max", t.max_cycles)] {
                text += &format!("  {name}  {cycles:>4} cycles  {:>9}\n", nanoseconds(cycles));
            }
        }
        text
    }

    fn trouble_text(&self) -> String {
        let mut text = String::new();
        for refused in &self.refused_commands {
            text += &format!("Refused command  {refused}\n");
        }
        for (reason, count) in &self.troubles {
            text += &format!("Invalid          {count:>8}  {reason}\n");
        }
        let ordinary = ["frames", "packets", "orders_sent", "orders_on_the_wire", "orders_refused", "rules_fired", "commands", "heartbeats", "other_types"];
        let lines = ["line_a_frames", "line_a_packets_used", "line_b_frames", "line_b_packets_used", "line_a_duplicates", "line_b_duplicates"];
        // Refusals by reason stand above.
        let told = |name: &str| ordinary.contains(&name) || lines.contains(&name) || name.starts_with("refused_");
        for (name, count) in self.counters.iter().filter(|(name, _)| !told(name)) {
            text += &format!("Counter          {count:>8}  {name}\n");
        }
        text
    }
}

/// Type code and meaning of a message counter.
pub fn message_name(counter: &str) -> (String, String) {
    let code = counter.strip_prefix("messages_").filter(|code| code.len() == 1);
    match code.and_then(|code| itch::MESSAGES.iter().find(|message| message.code == code.as_bytes()[0])) {
        Some(message) => ((message.code as char).to_string(), message.name.to_owned()),
        None => ("-".to_owned(), counter.strip_prefix("messages_").unwrap_or(counter).replace('_', " ")),
    }
}

/// Thousands apart: `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn instrument_summary(symbol: &str, watched: &Watched) -> InstrumentSummary {
    let known = |level: Level| Side { price_e4: level.price_e4, quantity: level.quantity };
    let side = |level: Level| Some(known(level)).filter(|side| side.quantity > 0);
    InstrumentSummary {
        symbol: symbol.to_owned(),
        messages: watched.messages,
        bid: side(watched.bid),
        ask: side(watched.ask),
        last_both: watched.last_both.map(|(bid, ask)| [bid, ask].map(known)),
        book: watched.invalid.map_or("valid", Reason::text),
    }
}

fn rule_summaries<'a>(
    instrument: &'a riposte_desk::Instrument, counts: &'a [RuleCount],
) -> impl Iterator<Item = RuleSummary> + 'a {
    instrument.rules.iter().zip(counts).map(|(rule, count)| RuleSummary {
        instrument: instrument.symbol.clone(),
        name: rule.name.clone(),
        when: rules::when(&rule.terms),
        fired: count.sent + count.refused + count.told,
        sent: count.sent,
        refused: count.refused,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_nearest_and_exact() {
        assert_eq!(TickToTrade::of(&BTreeMap::new()), None);
        let times = TickToTrade::of(&BTreeMap::from([(4, 50), (6, 49), (9, 1)])).unwrap();
        assert_eq!((times.min_cycles, times.p50_cycles, times.p99_cycles, times.max_cycles), (4, 4, 6, 9));
        let one = TickToTrade::of(&BTreeMap::from([(7, 1)])).unwrap();
        assert_eq!((one.min_cycles, one.p50_cycles, one.p99_cycles, one.max_cycles), (7, 7, 7, 7));
    }

    #[test]
    fn figures_read_well() {
        assert_eq!(nanoseconds(5), "32.0 ns");
        assert_eq!(nanoseconds(8), "51.2 ns");
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(message_name("messages_A"), ("A".into(), "add order".into()));
        assert_eq!(message_name("messages_unwatched"), ("-".into(), "unwatched".into()));
    }
}
