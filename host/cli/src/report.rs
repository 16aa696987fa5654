//! The report of a replay: one HTML page that needs no network, with plots as inline SVG.
//!
//! In: a summary, the tally behind it, the desk. Out: the page. Why by hand: a page that a person keeps beside
//! the capture must open in ten years, and says the same to a screen reader as to the eye.
mod chart;
mod prices;

use crate::replay::summary::{Summary, grouped, message_name, nanoseconds};
use crate::replay::tally::Tally;
use riposte_desk::{Desk, price_text};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Instruments whose price is drawn, the busiest first.
const PLOTTED: usize = 4;
const STYLE: &str = include_str!("report/style.css");

/// The whole page.
pub fn page(summary: &Summary, tally: &Tally, desk: &Desk) -> String {
    let mut body = String::new();
    body += &head(summary);
    body += &price_plots(tally, desk);
    body += "<div class=\"pair\">";
    body += &figure("Tick-to-trade", &latency_caption(summary), &chart::histogram(&tally.cycles));
    let refusals: Vec<(String, u64)> = summary.refusals.iter().map(|(&reason, &count)| (reason.to_owned(), count)).collect();
    let note = if refusals.is_empty() { "No order was refused." } else { "Orders that the gate or a full queue refused, by reason." };
    body += &figure("Refusals", note, &chart::bars(&refusals, "orders refused by reason"));
    body += "</div>";
    body += &rules_table(summary);
    body += &books_table(summary);
    body += "<div class=\"pair\">";
    body += &messages_table(summary);
    body += &counters_table(summary);
    body += "</div>";
    body += &manifest_table(summary);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>Riposte: {}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n",
        escape(&summary.manifest.input),
    )
}

/// Text as it may stand in HTML and in attributes.
pub fn escape(text: &str) -> String {
    let mut safe = String::new();
    for c in text.chars() {
        match c {
            '&' => safe += "&amp;",
            '<' => safe += "&lt;",
            '>' => safe += "&gt;",
            '"' => safe += "&quot;",
            '\'' => safe += "&#39;",
            c => safe.push(c),
        }
    }
    safe
}

fn head(summary: &Summary) -> String {
    let latency = summary.tick_to_trade.map_or("none".to_owned(), |t| format!("{} cycles", t.p50_cycles));
    let figures = [
        ("messages", grouped(summary.message_count())),
        ("orders sent", grouped(summary.orders_sent)),
        ("orders refused", grouped(summary.orders_refused)),
        ("median tick-to-trade", latency),
        ("events", grouped(summary.events)),
    ];
    let tiles: String = figures.iter().map(|(name, value)| format!("<div><dt>{name}</dt><dd>{value}</dd></div>")).collect();
    let agreement = if summary.is_lockstep() {
        "The two cards agreed on every event, transmitted byte and counter. "
    } else {
        ""
    };
    format!(
        "<header><h1>Riposte replay</h1><p>{} through {}, {} cycles. {agreement}</p><dl class=\"tiles\">{tiles}</dl></header>\n",
        escape(&summary.manifest.input), escape(&summary.manifest.card), grouped(summary.cycles),
    )
}

fn price_plots(tally: &Tally, desk: &Desk) -> String {
    let drawable = desk.instruments.iter().zip(&tally.watched).filter(|(_, watched)| watched.prices.items.len() > 1);
    let mut busiest: Vec<_> = drawable.collect();
    busiest.sort_by_key(|(_, watched)| std::cmp::Reverse((watched.marks.total, watched.messages)));
    busiest.truncate(PLOTTED);
    if busiest.is_empty() {
        return "<p>No watched instrument had a valid book, so there is no price to draw.</p>".to_owned();
    }
    let mut text = String::new();
    for (instrument, watched) in busiest {
        let sent: u64 = watched.rules.iter().map(|rule| rule.sent).sum();
        let refused: u64 = watched.rules.iter().map(|rule| rule.refused).sum();
        let caption = format!(
            "Best bid and ask after each of {} messages; {} orders sent, {} refused.",
            grouped(watched.messages), grouped(sent), grouped(refused),
        );
        text += &figure(&instrument.symbol, &caption, &prices::plot(&instrument.symbol, watched));
    }
    text
}

fn figure(title: &str, caption: &str, content: &str) -> String {
    format!("<figure><figcaption><h2>{}</h2><p>{}</p></figcaption>{content}</figure>\n", escape(title), escape(caption))
}

fn latency_caption(summary: &Summary) -> String {
    summary.tick_to_trade.map_or("No order was sent.".to_owned(), |t| {
        let text = |cycles| format!("{cycles} ({})", nanoseconds(cycles));
        format!(
            "Cycles from the last byte needed to the order's first word, at 156.25 MHz: min {}, p50 {}, p99 {}, max {}.",
            text(t.min_cycles), text(t.p50_cycles), text(t.p99_cycles), text(t.max_cycles),
        )
    })
}

/// A table; columns whose head starts with `#` are numbers.
fn table(caption: &str, head: &[&str], rows: &[Vec<String>]) -> String {
    let number = |at: usize| if head[at].starts_with('#') { " class=\"n\"" } else { "" };
    let mut text = format!("<section><h2>{caption}</h2><div class=\"scroll\"><table><thead><tr>");
    for (at, name) in head.iter().enumerate() {
        let _ = write!(text, "<th scope=\"col\"{}>{}</th>", number(at), name.trim_start_matches('#'));
    }
    text += "</tr></thead><tbody>";
    for row in rows {
        text += "<tr>";
        for (at, cell) in row.iter().enumerate() {
            let (open, close) = if at == 0 { ("th scope=\"row\"", "th") } else { ("td", "td") };
            let _ = write!(text, "<{open}{}>{}</{close}>", number(at), escape(cell));
        }
        text += "</tr>";
    }
    text + "</tbody></table></div></section>\n"
}

fn rules_table(summary: &Summary) -> String {
    let row = |r: &crate::replay::summary::RuleSummary| {
        let [fired, sent, refused] = [r.fired, r.sent, r.refused].map(grouped);
        vec![r.name.clone(), r.instrument.clone(), r.when.clone(), fired, sent, refused]
    };
    let rows: Vec<_> = summary.rules.iter().map(row).collect();
    table("Rules", &["rule", "instrument", "when", "#fired", "#sent", "#refused"], &rows)
}

fn books_table(summary: &Summary) -> String {
    use crate::replay::summary::{InstrumentSummary, Side};
    let side = |s: Side| format!("{} × {}", price_text(s.price_e4), s.quantity);
    let row = |i: &InstrumentSummary| {
        let [bid, ask] = i.last_both.map_or(["none", "none"].map(str::to_owned), |both| both.map(side));
        vec![i.symbol.clone(), grouped(i.messages), bid, ask, i.book.to_owned()]
    };
    let rows: Vec<_> = summary.instruments.iter().map(row).collect();
    table("Books", &["instrument", "#messages", "#last bid", "#last ask", "book at the end"], &rows)
}

fn messages_table(summary: &Summary) -> String {
    let row = |(name, &count): (&&str, &u32)| {
        let (code, meaning) = message_name(name);
        vec![meaning, code, grouped(count.into())]
    };
    let rows: Vec<_> = summary.messages.iter().map(row).collect();
    table("Messages by type", &["message", "type", "#count"], &rows)
}

fn counters_table(summary: &Summary) -> String {
    let counters: &BTreeMap<_, _> = &summary.counters;
    let rows: Vec<_> = counters.iter().map(|(name, &count)| vec![name.replace('_', " "), grouped(count.into())]).collect();
    table("Counters above zero", &["counter", "#count"], &rows)
}

fn manifest_table(summary: &Summary) -> String {
    let m = &summary.manifest;
    let seed = m.seed.map_or("none".to_owned(), |seed| seed.to_string());
    let rows = [
        ("input", m.input.clone()),
        ("input SHA-256", m.input_sha256.clone()),
        ("configuration", m.config.clone()),
        ("configuration SHA-256", m.config_sha256.clone()),
        ("card", m.card.clone()),
        ("generation", m.generation.to_string()),
        ("idle cycles between frames", m.gap_cycles.to_string()),
        ("seed", seed),
        ("riposte", m.riposte.to_owned()),
        ("contract version and hash", m.contract.clone()),
        ("digest of events and bytes", summary.digest.clone()),
    ];
    let rows: Vec<_> = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    table("Manifest of the run", &["what", "value"], &rows)
}
