//! The dashboard as a page of panels: an overview in, cells of a terminal out.
//!
//! Holds: everything that there is is on the page, whatever the terminal's size; who shows it scrolls. No clock, no terminal.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Widget};
use riposte_control::overview::{Instrument, Latency, Overview, Quantiles, Restorations, Side, Stage, dollars};

/// Narrower terminals show the panels one below the other.
const TWO_COLUMNS: u16 = 170;
/// Narrower terminals see the left part of a page. Lines that are longer than their panel go on in the next row.
const WIDTH_MIN: u16 = 60;
/// Counters of the card that tell how lines and feed are.
pub const FEED: [(&str, &str); 20] = [
    ("frames", "frames"), ("packets", "packets"), ("heartbeats", "heartbeats"), ("duplicate_packets", "duplicates"),
    ("overlapping_packets", "overlaps"), ("gaps", "gaps"), ("session_changes", "other sessions"), ("frames_bad_fcs", "bad frames"),
    ("frames_truncated", "cut frames"), ("malformed_blocks", "malformed"), ("unknown_types", "unknown types"),
    ("ends_of_session", "ends of session"), ("line_a_packets_used", "used of line A"), ("line_b_packets_used", "used of line B"),
    ("line_a_held", "waited on A"), ("line_b_held", "waited on B"), ("line_a_given_up", "given up on A"),
    ("line_b_given_up", "given up on B"), ("line_a_overflows", "no place on A"), ("line_b_overflows", "no place on B"),
];

struct Panel {
    title: &'static str,
    lines: Vec<Line<'static>>,
}

/// The whole page, as wide as told and as long as it needs.
pub fn page(of: &Overview, width: u16) -> Buffer {
    let width = width.max(WIDTH_MIN);
    let head = wrapped(headline(of), width.into());
    let left = vec![health(of), books(&of.instruments), rules(&of.instruments)];
    let right = vec![latency(&of.latency), stages(&of.host_latency), orders(of), feed(of), queues(of), alarms(of)];
    let mut columns: Vec<Vec<Panel>> =
        if width < TWO_COLUMNS { vec![left.into_iter().chain(right).collect()] } else { vec![left, right] };
    let column_width = width / columns.len() as u16;
    for panel in columns.iter_mut().flatten() {
        panel.lines = std::mem::take(&mut panel.lines).into_iter().flat_map(|line| wrapped(line, usize::from(column_width) - 2)).collect();
    }
    let rows = |panels: &Vec<Panel>| panels.iter().map(|panel| panel.lines.len() as u16 + 2).sum::<u16>();
    let top = head.len() as u16;
    let height = top + columns.iter().map(rows).max().unwrap_or(0);
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    Paragraph::new(head).render(Rect::new(0, 0, width, top), &mut buffer);
    for (x, panels) in (0..).step_by(column_width.into()).zip(columns) {
        let mut y = top;
        for Panel { title, lines } in panels {
            let area = Rect::new(x, y, column_width, lines.len() as u16 + 2);
            Paragraph::new(lines).block(Block::bordered().title(title)).render(area, &mut buffer);
            y += area.height;
        }
    }
    buffer
}

/// A line as rows of a width; nothing is cut off.
fn wrapped(line: Line<'static>, width: usize) -> Vec<Line<'static>> {
    if line.width() <= width {
        return vec![line];
    }
    let style = line.style;
    let styled = |span: &Span| (span.content.chars().collect::<Vec<_>>(), style.patch(span.style));
    let cells: Vec<Span> =
        line.spans.iter().map(styled).flat_map(|(text, style)| text.into_iter().map(move |one| Span::styled(one.to_string(), style))).collect();
    cells.chunks(width).map(|cells| Line::from(cells.to_vec())).collect()
}

/// A page as plain text.
pub fn text(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width);
    let line = |cells: &[ratatui::buffer::Cell]| cells.iter().map(ratatui::buffer::Cell::symbol).collect::<String>().trim_end().to_owned();
    buffer.content.chunks(width).map(line).collect::<Vec<_>>().join("\n")
}

fn good(holds: bool) -> Style {
    Style::new().fg(if holds { Color::Green } else { Color::Red }).add_modifier(Modifier::BOLD)
}

fn headline(of: &Overview) -> Line<'static> {
    let engine = &of.engine;
    let state = if engine.killed { "KILLED" } else if engine.armed { "ARMED" } else { "disarmed" };
    let card = of.card.as_ref().map_or("no card".to_owned(), |card| format!("card {}, feed {}", card.peer, card.feed));
    let session = engine.session.as_deref().unwrap_or("none");
    let journal = if of.journal.halted.is_some() { "journal HALTED" } else { "journal runs" };
    let of_day = of.time_ns / 1_000_000_000 % 86_400;
    let time = format!("{:02}:{:02}:{:02} UTC", of_day / 3600, of_day / 60 % 60, of_day % 60);
    let rest = format!("  generation {}  session {session}  {card}  {journal}  {time}", engine.generation);
    Line::from(vec![Span::raw(" riposte  "), Span::styled(state, good(engine.armed && !engine.killed)), Span::raw(rest)])
}

fn pair(name: &str, value: impl Into<String>) -> Line<'static> {
    Line::from(format!("{name:<18}{}", value.into()))
}

fn health(of: &Overview) -> Panel {
    let engine = &of.engine;
    let possible = engine.arming == "possible";
    let mut lines = vec![
        Line::from(vec![Span::raw(format!("{:<18}", "arming")), Span::styled(engine.arming.clone(), good(possible || engine.armed))]),
        pair("result", format!("${}", cents(&engine.result_e4))),
        pair("open orders", engine.open_orders.to_string()),
        pair("executions", engine.executions.to_string()),
        pair("proposals", engine.proposals.to_string()),
        pair("reversion", engine.reversion.clone().unwrap_or_else(|| "none".to_owned())),
        pair("fenced", engine.fenced.clone().unwrap_or_else(|| "nothing".to_owned())),
        pair("restorations", restorations(&engine.restorations)),
        pair("journal", format!("{} durable, {} behind, {} halts", of.journal.durable, of.journal.lag(), of.journal.halts)),
        pair("up for", format!("{} s", of.time_ns.saturating_sub(of.started_ns) / 1_000_000_000)),
    ];
    lines.extend(of.journal.halted.iter().map(|why| Line::styled(format!("{:<18}{why}", "halted"), good(false))));
    Panel { title: "Health", lines }
}

fn restorations(of: &Restorations) -> String {
    let now = of.now.as_ref().map_or(String::new(), |now| format!(", one is {now}"));
    format!("{} done, {} failed, the last took {} ms{now}", of.done, of.failed, of.last_ms)
}

fn books(all: &[Instrument]) -> Panel {
    let head = format!("{:<9}{:>18}{:>18}{:>9}{:>12}  book", "", "bid", "ask", "position", "result $");
    let level = |side: Side| {
        if side.quantity == 0 { "-".to_owned() } else { format!("{} x {}", cents(&side.price_e4.to_string()), side.quantity) }
    };
    let row = |one: &Instrument| {
        let (book, style) = match (one.valid, &one.invalid) {
            (Some(true), _) => ("right".to_owned(), good(true)),
            (Some(false), why) => (why.clone().unwrap_or_else(|| "wrong".to_owned()), good(false)),
            (None, _) => ("not told".to_owned(), Style::new()),
        };
        let position = format!("{}{}", one.position, if one.confirmed { "" } else { "?" });
        let text = format!("{:<9}{:>18}{:>18}{position:>9}{:>12}  ", one.symbol, level(one.bid), level(one.ask), cents(&one.result_e4));
        Line::from(vec![Span::raw(text), Span::styled(book, style)])
    };
    Panel { title: "Books and positions", lines: [Line::from(head)].into_iter().chain(all.iter().map(row)).collect() }
}

fn rules(all: &[Instrument]) -> Panel {
    let head = Line::from(format!("{:<9}{:<30}{:>9}{:>9}", "", "rule", "sent", "refused"));
    let rows = all.iter().flat_map(|one| one.rules.iter().map(move |rule| (one, rule))).map(|(one, rule)| {
        Line::from(format!("{:<9}{:<29} {:>9}{:>9}", one.symbol, rule.name, rule.sent, rule.refused))
    });
    Panel { title: "Rules", lines: [head].into_iter().chain(rows).collect() }
}

fn latency(of: &Latency) -> Panel {
    const BAR: u64 = 24;
    let ns = |ps: u64| format!("{}.{}", ps / 1000, ps / 100 % 10);
    let mut lines = vec![
        row(&format!("{} orders", of.orders), "", PARTS.map(str::to_owned)),
        row("", "cycles", parts(of.cycles, |cycles| cycles.to_string())),
        row("", "ns", parts(of.ps, ns)),
    ];
    let most = of.buckets.iter().map(|bucket| bucket.orders).max().unwrap_or(0);
    for bucket in of.buckets.iter().filter(|bucket| bucket.orders > 0) {
        let bound = bucket.cycles_max.map_or("more".to_owned(), |cycles| format!("<= {cycles}"));
        let bar = "#".repeat((bucket.orders * BAR).div_ceil(most) as usize);
        lines.push(Line::from(format!("{bound:>8} {bar:<24} {}", bucket.orders)));
    }
    Panel { title: "Tick to trade", lines }
}

/// What the columns of a latency are.
const PARTS: [&str; 4] = ["p50", "p99", "p99.9", "max"];

fn parts(of: Option<Quantiles>, text: impl Fn(u64) -> String) -> [String; 4] {
    let none = || PARTS.map(|_| "-".to_owned());
    of.map_or_else(none, |Quantiles { p50, p99, p999, max }| [p50, p99, p999, max].map(text))
}

fn row(name: &str, what: &str, [p50, p99, p999, max]: [String; 4]) -> Line<'static> {
    Line::from(format!("{name:<17} {what:>8} {p50:>9} {p99:>9} {p999:>9} {max:>10}"))
}

fn stages(of: &[Stage]) -> Panel {
    let head = row("ns", "count", PARTS.map(str::to_owned));
    let one = |stage: &Stage| row(&stage.stage, &stage.count.to_string(), parts(stage.ns, |ns| ns.to_string()));
    Panel { title: "Host, to a command", lines: [head].into_iter().chain(of.iter().map(one)).collect() }
}

fn orders(of: &Overview) -> Panel {
    let states = of.orders.iter().map(|(state, count)| format!("{count} {state}")).collect::<Vec<_>>().join(", ");
    let mut lines = vec![Line::from(if states.is_empty() { "no order today".to_owned() } else { states })];
    lines.extend(of.gate_refusals.iter().map(|one| Line::from(format!("{:>9}  gate: {}", one.count, one.reason))));
    lines.extend(of.request_refusals.iter().map(|(why, count)| Line::from(format!("{count:>9}  request: {why}"))));
    lines.extend(of.connection_refusals.iter().map(|(why, count)| Line::from(format!("{count:>9}  control connection: {why}"))));
    Panel { title: "Orders and refusals", lines }
}

fn feed(of: &Overview) -> Panel {
    let Some(card) = &of.card else { return Panel { title: "Lines and feed", lines: vec![Line::from("no card")] } };
    let count = |name: &str| card.counters.get(name).copied().unwrap_or(0);
    let cells: Vec<String> = FEED.iter().map(|(name, text)| format!("{text:<16}{:>9}", count(name))).collect();
    let lines = cells.chunks(2).map(|pair| Line::from(pair.join("   "))).collect();
    Panel { title: "Lines and feed", lines }
}

fn queues(of: &Overview) -> Panel {
    let row = |queue: &riposte_control::overview::Queue| pair(&queue.name, format!("{} of {}", queue.used, queue.capacity));
    let sessions = of.sessions.iter().map(|one| {
        let counts = one.counts.iter().map(|(what, count)| format!("{count} {what}")).collect::<Vec<_>>().join(", ");
        pair(&one.stream, counts)
    });
    Panel { title: "Queues and sessions", lines: of.queues.iter().map(row).chain(sessions).collect() }
}

fn alarms(of: &Overview) -> Panel {
    let last = of.last_alarms.iter().rev().map(|alarm| Line::from(alarm.clone()));
    let lines: Vec<_> = if of.last_alarms.is_empty() { vec![Line::from("none")] } else { last.collect() };
    Panel { title: "Last alarms", lines }
}

/// With two decimals, as a person reads it; the rest is cut off.
fn cents(e4: &str) -> String {
    let text = dollars(e4);
    text[..text.len() - 2].to_owned()
}
