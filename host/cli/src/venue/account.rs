//! The account of a session, as text and as JSON.

use std::fmt::Write;

use riposte_venue::{LineCounts, Report};
use serde_json::{Map, Value, json};

use super::server::Sent;

fn symbol(padded: &[u8]) -> String {
    String::from_utf8_lossy(padded).trim_end().to_owned()
}

pub fn json(report: &Report, sent: &Sent) -> Value {
    let Report { orders, sessions, faults, .. } = report;
    let line = |at: usize| {
        let LineCounts { sent: arrived, lost, duplicated, reordered, delayed } = report.lines[at];
        json!({
            "packets": arrived, "lost": lost, "duplicated": duplicated, "reordered": reordered, "delayed": delayed,
            "sent": sent.packets[at], "refused_by_system": sent.refused[at],
        })
    };
    let positions: Map<_, _> =
        report.positions.iter().map(|(name, shares)| (symbol(name), Value::from(*shares))).collect();
    json!({
        "session": symbol(&report.session),
        "published": report.published,
        "lines": { "a": line(0), "b": line(1) },
        "orders": {
            "entered": orders.entered, "replaced": orders.replaced, "cancels": orders.cancels,
            "mass_cancels": orders.mass_cancels,
            "ignored": orders.ignored, "accepted": orders.accepted, "rejected": orders.rejected,
            "executions": orders.executions, "executed_shares": orders.executed_shares, "broken": orders.broken,
            "open": report.open_orders, "sequenced": report.sequenced,
        },
        "positions": positions,
        "sessions": {
            "connections": sessions.connections, "logins": sessions.logins, "closed": sessions.closed,
            "requests": sessions.requests, "requests_refused": sessions.requests_refused, "late": sessions.late,
        },
        "faults": {
            "slow_acks": faults.slow_acks, "rejects": faults.rejects, "disconnects": faults.disconnects,
            "partials": faults.partials, "busts": faults.busts, "halts": faults.halts, "resumes": faults.resumes,
            "ends": faults.ends, "without_effect": faults.without_effect,
        },
    })
}

pub fn text(report: &Report, sent: &Sent) -> String {
    let Report { orders, sessions, faults, .. } = report;
    let mut text = format!("session {}: {} messages published\n", symbol(&report.session), report.published);
    for (at, name) in ["A", "B"].into_iter().enumerate() {
        let LineCounts { lost, duplicated, reordered, delayed, .. } = report.lines[at];
        let _ = writeln!(
            text,
            "line {name}: {} packets sent, {} refused by the system, {lost} lost, {duplicated} duplicated, \
             {reordered} reordered, {delayed} delayed",
            sent.packets[at], sent.refused[at]
        );
    }
    let _ = writeln!(
        text,
        "orders: {} entered, {} replaced, {} cancels, {} mass cancels, {} ignored; {} accepted, {} rejected, {} executions of {} \
         shares, {} broken, {} open",
        orders.entered,
        orders.replaced,
        orders.cancels,
        orders.mass_cancels,
        orders.ignored,
        orders.accepted,
        orders.rejected,
        orders.executions,
        orders.executed_shares,
        orders.broken,
        report.open_orders
    );
    for (name, shares) in report.positions.iter().filter(|(_, shares)| **shares != 0) {
        let _ = writeln!(text, "position: {} {shares}", symbol(name));
    }
    let _ = writeln!(
        text,
        "sessions: {} connections, {} logins, {} requests answered, {} refused, {} messages behind the end",
        sessions.connections, sessions.logins, sessions.requests, sessions.requests_refused, sessions.late
    );
    for (reason, count) in &sessions.closed {
        let _ = writeln!(text, "  {count} closed: {reason}");
    }
    let _ = write!(
        text,
        "faults: {} slow answers, {} rejects, {} disconnects, {} partial segments, {} busts, {} halts, {} resumes, \
         {} ends, {} without effect",
        faults.slow_acks,
        faults.rejects,
        faults.disconnects,
        faults.partials,
        faults.busts,
        faults.halts,
        faults.resumes,
        faults.ends,
        faults.without_effect
    );
    text
}
