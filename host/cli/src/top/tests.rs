//! Each panel as a terminal shows it, from an overview that is made up.
use super::page::{page, text};
use super::{Meant, meant, show};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyModifiers};
use riposte_control::overview::{
    Bucket, Card, Counts, Instrument, Journal, Latency, Overview, Quantiles, Queue, Refusals, Restorations, Rule, Session, Side, Stage, Trading,
};
use riposte_map::counter::Counter;

fn counts(of: &[(&str, u64)]) -> Counts {
    of.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

fn overview() -> Overview {
    let rules = vec![Rule { name: "lift a cheap offer".to_owned(), sent: 7, refused: 2 }];
    let aapl = Instrument {
        symbol: "AAPL".to_owned(), bid: Side { price_e4: 1_863_500, quantity: 300 }, ask: Side::default(), valid: Some(true),
        updates: 9, position: -40, confirmed: false, result_e4: "-12345600".to_owned(), rules, ..Instrument::default()
    };
    let msft = Instrument {
        symbol: "MSFT".to_owned(), valid: Some(false), invalid: Some("gap".to_owned()), result_e4: "0".to_owned(), confirmed: true,
        ..Instrument::default()
    };
    let buckets = vec![Bucket { cycles_max: Some(8), orders: 3 }, Bucket { cycles_max: Some(10), orders: 0 }, Bucket { cycles_max: None, orders: 1 }];
    let cycles = Some(Quantiles { p50: 8, p99: 2000, p999: 2000, max: 2000 });
    Overview {
        time_ns: 1_700_000_123_000_000_000,
        started_ns: 1_700_000_000_000_000_000,
        engine: Trading {
            armed: true, generation: 7, arming: "possible".to_owned(), session: Some("current".to_owned()), open_orders: 2, executions: 5,
            result_e4: "90000".to_owned(), proposals: 1,
            restorations: Restorations { done: 3, failed: 1, last_ms: 42, now: Some("resuming".to_owned()), ..Restorations::default() },
            ..Trading::default()
        },
        orders: counts(&[("filled", 5), ("live", 2)]),
        instruments: vec![aapl, msft],
        gate_refusals: vec![Refusals { code: 9, reason: "outside the collar".to_owned(), count: 2 }],
        request_refusals: counts(&[("SamePerson", 1)]),
        connection_refusals: counts(&[("expired", 3)]),
        latency: Latency { orders: 4, cycles_sum: 2023, cycles, ps: cycles.map(|cycles| cycles.times(6400)), buckets },
        host_latency: vec![
            Stage { stage: "report-to-command".to_owned(), count: 7, ns_sum: 9, ns: Some(Quantiles { p50: 812, p99: 40_127, p999: 3_000_000, max: 3_000_001 }) },
            Stage { stage: "sent".to_owned(), ..Stage::default() },
        ],
        card: Some(Card { peer: "alive".to_owned(), feed: "running".to_owned(), counters: counts(&[("gaps", 17), ("frames", 4000)]), ..Card::default() }),
        sessions: vec![Session { stream: "drop-copy".to_owned(), counts: counts(&[("messages", 11)]) }],
        queues: vec![Queue { name: "card-events".to_owned(), used: 3, capacity: 65_536 }],
        journal: Journal { appended: 120, durable: 100, halts: 1, ..Journal::default() },
        last_alarms: vec!["CardLost: older".to_owned(), "Gap: newer".to_owned()],
        ..Overview::default()
    }
}

/// What a terminal of this size shows, from a line of the page on.
fn shown(of: &Overview, width: u16, height: u16, offset: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal");
    terminal.draw(|frame| show(&page(of, width), offset, frame.buffer_mut())).expect("a frame");
    text(terminal.backend().buffer())
}

/// The lines of a panel, on a terminal that has room for all of them.
fn panel(of: &Overview, title: &str) -> Vec<String> {
    let all = shown(of, 80, 120, 0);
    let mut lines = all.lines().skip_while(|line| !line.starts_with(&format!("┌{title}─")));
    assert!(lines.next().is_some(), "no {title} in\n{all}");
    let inside = lines.take_while(|line| !line.starts_with('└'));
    inside.map(|line| line.trim_matches('│').trim_end().to_owned()).collect()
}

fn has(lines: &[String], wanted: &[&str]) {
    for one in wanted {
        assert!(lines.iter().any(|line| line == one), "no {one:?} in\n{lines:#?}");
    }
}

#[test]
fn the_first_line_says_whether_it_trades() {
    let first = |of: &Overview| shown(of, 120, 1, 0);
    let of = overview();
    assert_eq!(first(&of), " riposte  ARMED  generation 7  session current  card alive, feed running  journal runs  22:15:23 UTC");
    let mut stopped = of.clone();
    (stopped.engine.killed, stopped.card, stopped.journal.halted) = (true, None, Some("no space".to_owned()));
    assert!(first(&stopped).starts_with(" riposte  KILLED  generation 7  session current  no card  journal HALTED"), "{}", first(&stopped));
    stopped.engine = Trading::default();
    assert!(first(&stopped).starts_with(" riposte  disarmed  generation 0  session none"));
}

#[test]
fn health_tells_arming_money_journal_and_time() {
    let mut of = overview();
    has(&panel(&of, "Health"), &[
        "arming            possible", "result            $9.00", "open orders       2", "executions        5", "proposals         1",
        "reversion         none", "fenced            nothing", "restorations      3 done, 1 failed, the last took 42 ms, one is resuming", "journal           100 durable, 20 behind, 1 halts", "up for            123 s",
    ]);
    (of.journal.halted, of.engine.reversion) = (Some("no space".to_owned()), Some("Fenced".to_owned()));
    of.engine.fenced = Some("the buys of AAPL".to_owned());
    has(&panel(&of, "Health"), &["halted            no space", "reversion         Fenced", "fenced            the buys of AAPL"]);
}

#[test]
fn books_tell_both_sides_the_position_and_whether_they_are_right() {
    let lines = panel(&overview(), "Books and positions");
    assert_eq!(lines.len(), 3, "{lines:#?}");
    assert_eq!(lines[1], "AAPL           186.35 x 300                 -     -40?    -1234.56  right");
    assert_eq!(lines[2], "MSFT                      -                 -        0        0.00  gap");
}

#[test]
fn rules_tell_what_became_of_their_orders() {
    has(&panel(&overview(), "Rules"), &["AAPL     lift a cheap offer                    7        2"]);
}

#[test]
fn latency_is_a_line_and_a_bar_for_each_bucket_with_orders() {
    let lines = panel(&overview(), "Tick to trade");
    assert_eq!(lines, [
        "4 orders                         p50       p99     p99.9        max",
        "                    cycles         8      2000      2000       2000",
        "                        ns      51.2   12800.0   12800.0    12800.0",
        "    <= 8 ######################## 3", "    more ########                 1",
    ]);
    assert_eq!(panel(&Overview::default(), "Tick to trade")[1], "                    cycles         -         -         -          -");
}

#[test]
fn each_stage_of_the_host_is_a_line_of_nanoseconds() {
    assert_eq!(panel(&overview(), "Host, to a command"), [
        "ns                   count       p50       p99     p99.9        max",
        "report-to-command        7       812     40127   3000000    3000001",
        "sent                     0         -         -         -          -",
    ]);
}

#[test]
fn orders_and_refusals_are_counted_by_state_and_reason() {
    assert_eq!(panel(&overview(), "Orders and refusals"), [
        "5 filled, 2 live", "        2  gate: outside the collar", "        1  request: SamePerson", "        3  control connection: expired",
    ]);
    assert_eq!(panel(&Overview::default(), "Orders and refusals"), ["no order today"]);
}

#[test]
fn the_feed_is_told_by_counters_that_the_card_has() {
    let mut of = overview();
    let text = panel(&of, "Lines and feed").concat();
    assert!(text.contains("gaps                   17") && text.contains("frames               4000"), "{text}");
    // Every count that is shown is one of the card's.
    let all = Counter::ALL.iter().map(|counter| (counter.text().to_owned(), 123_456)).collect();
    of.card = Some(Card { counters: all, ..Card::default() });
    let text = panel(&of, "Lines and feed").concat();
    assert_eq!(text.matches("123456").count(), super::page::FEED.len(), "{text}");
    assert_eq!(panel(&Overview::default(), "Lines and feed"), ["no card"]);
}

#[test]
fn queues_and_sessions_tell_how_full_they_are_and_what_came() {
    has(&panel(&overview(), "Queues and sessions"), &["card-events       3 of 65536", "drop-copy         11 messages"]);
}

#[test]
fn the_newest_alarm_is_the_first() {
    assert_eq!(panel(&overview(), "Last alarms"), ["Gap: newer", "CardLost: older"]);
    assert_eq!(panel(&Overview::default(), "Last alarms"), ["none"]);
}

#[test]
fn a_page_is_whole_at_any_width_and_a_small_terminal_sees_a_part_of_it() {
    let of = overview();
    for width in [1, 20, 60, 80, 120, 169, 170, 250] {
        let whole = text(&page(&of, width));
        for title in
            ["Health", "Books and positions", "Rules", "Tick to trade", "Orders and refusals", "Lines and feed", "Queues and sessions", "Last alarms"]
        {
            assert!(whole.contains(&format!("┌{title}─")), "no {title} at {width}:\n{whole}");
        }
    }
    let whole = text(&page(&of, 80));
    let lines: Vec<&str> = whole.lines().collect();
    assert_eq!(shown(&of, 80, 3, 2).lines().collect::<Vec<_>>(), lines[2..5]);
    assert_eq!(shown(&of, 10, 1, 0), lines[0][..10].trim_end());
    assert_eq!(shown(&of, 80, 3, lines.len() as u16 - 1).lines().next(), lines.last().copied(), "behind the end there is nothing");
}

#[test]
fn nothing_is_cut_off_at_any_width() {
    let mut of = overview();
    of.last_alarms = vec!["CardLost: ".to_owned() + &"0123456789".repeat(20)];
    of.engine.armed = false;
    of.instruments[0].rules[0].name = "lift a cheap offer of the index, early".to_owned();
    of.instruments[1].invalid = Some("end of session".to_owned());
    // Every character in order, whatever the rows that it is in.
    let dense = |text: &str| text.chars().filter(|one| !one.is_whitespace() && *one != '│').collect::<String>();
    for width in [60, 79, 80, 120, 169] {
        let whole = dense(&text(&page(&of, width)));
        for wanted in
            ["disarmed  generation 7  session current  card alive, feed running  journal runs  22:15:23 UTC", "-40? -1234.56 right", "of the index, early 7 2"]
        {
            assert!(whole.contains(&dense(wanted)), "no {wanted} at {width}: {whole}");
        }
        assert!(whole.contains(&dense(&of.last_alarms[0])), "the alarm at {width}: {whole}");
    }
    for width in [170, 180, 250] {
        let whole = text(&page(&of, width));
        assert!(whole.contains("-1234.56  right") && whole.contains("  end of session"), "at {width}:\n{whole}");
    }
}

#[test]
fn keys_end_and_scroll() {
    let of = |code: KeyCode| meant(code.into());
    for (code, wanted) in [
        (KeyCode::Char('q'), Some(Meant::End)), (KeyCode::Esc, Some(Meant::End)), (KeyCode::Up, Some(Meant::Scroll(-1))),
        (KeyCode::Down, Some(Meant::Scroll(1))), (KeyCode::PageUp, Some(Meant::Scroll(-20))), (KeyCode::PageDown, Some(Meant::Scroll(20))),
        (KeyCode::Char('c'), None), (KeyCode::Char('x'), None), (KeyCode::Enter, None),
    ] {
        assert_eq!(of(code), wanted, "{code:?}");
    }
    let interrupt = ratatui::crossterm::event::KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(meant(interrupt), Some(Meant::End));
}
