//! An overview as Prometheus reads it: text exposition, version 0.0.4.
//!
//! Holds: each family is declared once and in front of its samples; counters end in `_total`, buckets add up. Money is in
//! dollars, written out of integers: no float is involved.
use riposte_control::overview::{Card, Counts, Instrument, Journal, Latency, Overview, Quantiles, Stage, Trading, dollars};
use std::fmt::{Display, Write};

/// Of the answer's body.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

const STATES: [&str; 8] = ["sent", "unknown", "live", "filled", "cancelled", "replaced", "rejected", "notreceived"];

pub fn text(of: &Overview) -> String {
    let mut page = Page::default();
    page.family("riposte_build_info", Kind::Gauge, "Version of the host; always 1.");
    page.sample(&[("version", env!("CARGO_PKG_VERSION"))], 1);
    page.one("riposte_start_time_seconds", Kind::Gauge, "When this process of the host began, since 1970.", seconds(of.started_ns));
    trading(&mut page, &of.engine);
    page.family("riposte_orders", Kind::Gauge, "Orders of the day by state.");
    for state in STATES {
        page.sample(&[("state", state)], of.orders.get(state).copied().unwrap_or(0));
    }
    instruments(&mut page, &of.instruments);
    page.family("riposte_gate_refusals_total", Kind::Counter, "Orders that the card's gate refused, by reason.");
    for one in &of.gate_refusals {
        page.sample(&[("code", &one.code.to_string()), ("reason", &one.reason)], one.count);
    }
    page.counts("riposte_request_refusals_total", "Requests that the engine refused, by reason.", "reason", &of.request_refusals);
    page.counts(
        "riposte_control_connection_refusals_total", "Connections for control that were refused, by why.", "reason", &of.connection_refusals,
    );
    latency(&mut page, &of.latency);
    stages(&mut page, &of.host_latency);
    card(&mut page, of.card.as_ref());
    page.family("riposte_session_messages_total", Kind::Counter, "What a session's thread has done: messages, packets, connections.");
    for session in &of.sessions {
        session.counts.iter().for_each(|(what, count)| page.sample(&[("stream", &session.stream), ("what", what)], count));
    }
    page.family("riposte_queue_records", Kind::Gauge, "Records in what is bounded between two threads or processes.");
    of.queues.iter().for_each(|queue| page.sample(&[("queue", &queue.name)], queue.used));
    page.family("riposte_queue_capacity_records", Kind::Gauge, "Records for which there is room in all.");
    of.queues.iter().for_each(|queue| page.sample(&[("queue", &queue.name)], queue.capacity));
    journal(&mut page, &of.journal);
    page.counts("riposte_alarms_total", "Alarms of the engine, by name.", "alarm", &of.alarms);
    page.counts("riposte_guard_trips_total", "Guards that have tripped, by name.", "guard", &of.guards);
    page.text
}

fn trading(page: &mut Page, of: &Trading) {
    for (name, help, holds) in [
        ("riposte_armed", "Whether orders may leave the card.", of.armed),
        ("riposte_killed", "Whether the card is killed until two people clear it.", of.killed),
        ("riposte_card_approved", "Whether a card is there that is the approved one.", of.card_approved),
        ("riposte_arming_possible", "Whether two people could arm the card now.", of.arming == "possible"),
    ] {
        page.one(name, Kind::Gauge, help, u8::from(holds));
    }
    page.one("riposte_generation", Kind::Gauge, "Generation of parameters in force on the card; 0 is none.", of.generation);
    page.one("riposte_open_orders", Kind::Gauge, "Orders that may still trade, unknown ones too.", of.open_orders);
    page.one("riposte_executions", Kind::Gauge, "Executions of the day.", of.executions);
    page.one("riposte_result_dollars", Kind::Gauge, "Result of the book: realised and at the marks.", dollars(&of.result_e4));
    page.one("riposte_proposals", Kind::Gauge, "Proposals that wait for a second person.", of.proposals);
    page.one("riposte_reverting", Kind::Gauge, "Whether the newest reversion has not come to its end.", {
        let ends = [None, Some("Committed"), Some("Rejected")];
        u8::from(!ends.contains(&of.reversion.as_deref()))
    });
    page.family("riposte_restorations_total", Kind::Counter, "Restorations of the day's books, by how they ended.");
    for (outcome, count) in [("done", of.restorations.done), ("failed", of.restorations.failed)] {
        page.sample(&[("outcome", outcome)], count);
    }
    page.one("riposte_restoration_milliseconds_total", Kind::Counter, "How long those took that were done.", of.restorations.sum_ms);
    page.one("riposte_restoring", Kind::Gauge, "Whether the books are being restored.", u8::from(of.restorations.now.is_some()));
    page.family("riposte_session_state", Kind::Gauge, "How the order session stands: 1 for the state it is in.");
    page.sample(&[("state", of.session.as_deref().unwrap_or("none"))], 1);
}

fn instruments(page: &mut Page, all: &[Instrument]) {
    let known = || all.iter().filter(|one| one.valid.is_some());
    page.family("riposte_book_valid", Kind::Gauge, "Whether the card holds the book for right; absent while it has not said.");
    known().for_each(|one| page.sample(&[("instrument", &one.symbol)], u8::from(one.valid == Some(true))));
    page.family("riposte_book_invalid_since_seconds", Kind::Gauge, "Since when the card does not hold the book for right, since 1970.");
    for (one, since_ns) in all.iter().filter_map(|one| Some((one, one.invalid_since_ns?))) {
        page.sample(&[("instrument", &one.symbol)], seconds(since_ns));
    }
    page.family("riposte_book_updates_total", Kind::Counter, "Tops of book that the card has told.");
    all.iter().for_each(|one| page.sample(&[("instrument", &one.symbol)], one.updates));
    page.family("riposte_book_price_dollars", Kind::Gauge, "Best price that the card has told last; absent for an empty side.");
    for one in all {
        for (side, level) in [("bid", one.bid), ("ask", one.ask)].into_iter().filter(|(_, level)| level.quantity > 0) {
            page.sample(&[("instrument", &one.symbol), ("side", side)], dollars(&level.price_e4.to_string()));
        }
    }
    page.family("riposte_position_shares", Kind::Gauge, "Position, by what the host has booked.");
    all.iter().for_each(|one| page.sample(&[("instrument", &one.symbol)], one.position));
    page.family("riposte_instrument_result_dollars", Kind::Gauge, "Result of an instrument: realised and at its mark.");
    all.iter().for_each(|one| page.sample(&[("instrument", &one.symbol)], dollars(&one.result_e4)));
    page.family("riposte_rule_orders_total", Kind::Counter, "What became of the orders of a rule.");
    for (one, rule) in all.iter().flat_map(|one| one.rules.iter().map(move |rule| (one, rule))) {
        for (outcome, count) in [("sent", rule.sent), ("refused", rule.refused)] {
            page.sample(&[("instrument", &one.symbol), ("rule", &rule.name), ("outcome", outcome)], count);
        }
    }
}

fn latency(page: &mut Page, of: &Latency) {
    const NAME: &str = "riposte_tick_to_trade_cycles";
    page.family(NAME, Kind::Histogram, "Cycles from the decisive byte to the order's first word, at 156.25 MHz.");
    let mut orders = 0;
    for bucket in &of.buckets {
        orders += bucket.orders;
        let bound = bucket.cycles_max.map_or("+Inf".to_owned(), |cycles| cycles.to_string());
        page.named(&format!("{NAME}_bucket"), &[("le", &bound)], orders);
    }
    page.named(&format!("{NAME}_sum"), &[], of.cycles_sum);
    page.named(&format!("{NAME}_count"), &[], of.orders);
    page.family("riposte_tick_to_trade_quantile_cycles", Kind::Gauge, "Cycles that so many of all orders did not exceed, exactly; 1 is the most.");
    quantiles(of.cycles).for_each(|(part, cycles)| page.sample(&[("quantile", part)], cycles));
    page.family("riposte_tick_to_trade_quantile_nanoseconds", Kind::Gauge, "The same in nanoseconds, of cycles of 6.4.");
    quantiles(of.ps).for_each(|(part, ps)| page.sample(&[("quantile", part)], format!("{}.{:03}", ps / 1000, ps % 1000)));
}

fn stages(page: &mut Page, of: &[Stage]) {
    const NAME: &str = "riposte_host_nanoseconds";
    page.family(NAME, Kind::Summary, "Nanoseconds of a stage from what the engine's thread hears to a command; quantile 1 is the most.");
    for Stage { stage, count, ns_sum, ns } in of {
        quantiles(*ns).for_each(|(part, ns)| page.sample(&[("stage", stage), ("quantile", part)], ns));
        page.named(&format!("{NAME}_sum"), &[("stage", stage)], ns_sum);
        page.named(&format!("{NAME}_count"), &[("stage", stage)], count);
    }
}

fn quantiles(of: Option<Quantiles>) -> impl Iterator<Item = (&'static str, u64)> {
    of.into_iter().flat_map(|Quantiles { p50, p99, p999, max }| [("0.5", p50), ("0.99", p99), ("0.999", p999), ("1", max)])
}

fn card(page: &mut Page, card: Option<&Card>) {
    page.one("riposte_card_present", Kind::Gauge, "Whether a card is joined.", u8::from(card.is_some()));
    let Some(card) = card else { return };
    page.one("riposte_card_alive", Kind::Gauge, "Whether the card's heart beats.", u8::from(card.peer == "alive"));
    page.family("riposte_card_feed_state", Kind::Gauge, "How far the card's port is: 1 for the state it is in.");
    page.sample(&[("state", &card.feed)], 1);
    for (what, count) in &card.told {
        let name = format!("riposte_card_{what}_total");
        page.one(&name, Kind::Counter, "As the card tells of itself, since its reset.", count);
    }
    page.counts("riposte_card_counter_total", "Counters of the gateware: 32 bits, wrapping.", "counter", &card.counters);
}

fn journal(page: &mut Page, of: &Journal) {
    page.one("riposte_journal_appended_records_total", Kind::Counter, "Position of the newest record.", of.appended);
    page.one("riposte_journal_durable_records_total", Kind::Counter, "Position up to which all is durable.", of.durable);
    page.one("riposte_journal_lag_records", Kind::Gauge, "Records that are not durable yet.", of.lag());
    page.one("riposte_journal_halted", Kind::Gauge, "Whether nothing becomes durable.", u8::from(of.halted.is_some()));
    page.one("riposte_journal_halts_total", Kind::Counter, "How often writing has halted.", of.halts);
    page.one("riposte_journal_commits_total", Kind::Counter, "Batches that were made durable.", of.commits);
}

#[derive(Clone, Copy)]
enum Kind {
    Gauge,
    Counter,
    Histogram,
    Summary,
}

#[derive(Default)]
struct Page {
    text: String,
    /// The family that was declared last.
    name: String,
}

impl Page {
    fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Gauge => "gauge",
            Kind::Counter => "counter",
            Kind::Histogram => "histogram",
            Kind::Summary => "summary",
        };
        name.clone_into(&mut self.name);
        // Writing to a text does not fail.
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, labels: &[(&str, &str)], value: impl Display) {
        let name = std::mem::take(&mut self.name);
        self.named(&name, labels, value);
        self.name = name;
    }

    fn named(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<_> = labels.iter().map(|(label, text)| format!("{label}=\"{}\"", escaped(text))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.text, "{name}{labels} {value}");
    }

    fn one(&mut self, name: &str, kind: Kind, help: &str, value: impl Display) {
        self.family(name, kind, help);
        self.sample(&[], value);
    }

    fn counts(&mut self, name: &str, help: &str, label: &str, counts: &Counts) {
        self.family(name, Kind::Counter, help);
        counts.iter().for_each(|(text, count)| self.sample(&[(label, text)], count));
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn seconds(time_ns: u64) -> String {
    format!("{}.{:09}", time_ns / 1_000_000_000, time_ns % 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_out_of_integers() {
        for (e4, text) in [("0", "0.0000"), ("1", "0.0001"), ("-1", "-0.0001"), ("-123456", "-12.3456"), ("90000", "9.0000")] {
            assert_eq!(dollars(e4), text);
        }
        assert_eq!(dollars("170141183460469231731687303715884105727"), "17014118346046923173168730371588410.5727");
    }

    #[test]
    fn quantiles_are_told_in_cycles_and_nanoseconds_by_stage() {
        let quantiles = |p50| Some(Quantiles { p50, p99: 20, p999: 30, max: 41 });
        let told = text(&Overview {
            latency: Latency { cycles: quantiles(8), ps: quantiles(8).map(|one| one.times(6400)), ..Latency::default() },
            host_latency: vec![
                Stage { stage: "decided".to_owned(), count: 7, ns_sum: 99, ns: quantiles(9) },
                Stage { stage: "sent".to_owned(), ..Stage::default() },
            ],
            ..Overview::default()
        });
        for line in [
            "riposte_tick_to_trade_quantile_cycles{quantile=\"0.999\"} 30", "riposte_tick_to_trade_quantile_nanoseconds{quantile=\"0.5\"} 51.200",
            "riposte_tick_to_trade_quantile_nanoseconds{quantile=\"1\"} 262.400", "riposte_host_nanoseconds{stage=\"decided\",quantile=\"0.5\"} 9",
            "riposte_host_nanoseconds{stage=\"decided\",quantile=\"1\"} 41", "riposte_host_nanoseconds_sum{stage=\"decided\"} 99",
            "riposte_host_nanoseconds_count{stage=\"decided\"} 7", "riposte_host_nanoseconds_count{stage=\"sent\"} 0",
        ] {
            assert!(told.lines().any(|one| one == line), "{line} in\n{told}");
        }
        assert!(!told.contains("stage=\"sent\",quantile"), "nothing was counted");
    }

    #[test]
    fn what_people_write_does_not_break_a_line() {
        let rules = vec![riposte_control::overview::Rule { name: "a \"b\"\\\nc".to_owned(), sent: 1, refused: 0 }];
        let instrument = Instrument { symbol: "A".to_owned(), rules, ..Instrument::default() };
        let page = text(&Overview { instruments: vec![instrument], ..Overview::default() });
        assert!(page.contains("rule=\"a \\\"b\\\"\\\\\\nc\",outcome=\"sent\"} 1\n"), "{page}");
    }
}
