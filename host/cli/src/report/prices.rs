//! Best bid and ask over time, with the orders on them. Coordinates are tenths of a pixel, whole numbers.
use super::escape;
use crate::replay::tally::{Mark, Point, Watched};
use crate::rules;
use riposte_desk::price_text;
use std::fmt::Write;

const WIDTH: i64 = 10_800;
const HEIGHT: i64 = 3_000;
const LEFT: i64 = 720;
const RIGHT: i64 = 10_700;
const TOP: i64 = 360;
const BOTTOM: i64 = 2_700;
const NS_PER_S: u64 = 1_000_000_000;

/// The plot of one instrument with at least two points.
pub fn plot(symbol: &str, watched: &Watched) -> String {
    let scale = Scale::new(&watched.prices.items, &watched.marks.items);
    let title = format!("Best bid and ask of {} over time, with orders sent and refused", escape(symbol));
    let mut svg = format!(
        "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{title}\"><title>{title}</title>\
         <defs><clipPath id=\"clip-{id}\"><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/></clipPath></defs>",
        px(WIDTH), px(HEIGHT), px(LEFT), px(TOP), px(RIGHT - LEFT), px(BOTTOM - TOP), id = escape(symbol),
    );
    svg += &axes(&scale);
    let _ = write!(svg, "<g clip-path=\"url(#clip-{})\">", escape(symbol));
    let _ = write!(svg, "<path class=\"bid\" d=\"{}\"/>", path(&watched.prices.items, &scale, |point| point.bid_e4));
    let _ = write!(svg, "<path class=\"ask\" d=\"{}\"/></g>", path(&watched.prices.items, &scale, |point| point.ask_e4));
    for mark in &watched.marks.items {
        svg += &mark_shape(mark, &scale);
    }
    svg + &legend() + "</svg>"
}

/// A tenth of a pixel as a decimal.
fn px(tenths: i64) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

struct Scale {
    first_ns: u64,
    last_ns: u64,
    low_e4: u32,
    high_e4: u32,
}

impl Scale {
    /// Prices from the middle 96 % of the points: a stub quote far away must not flatten the rest.
    fn new(points: &[Point], marks: &[Mark]) -> Scale {
        let mut prices: Vec<u32> = points.iter().flat_map(|p| [p.bid_e4, p.ask_e4]).filter(|&price| price > 0).collect();
        prices.sort_unstable();
        let at = |share: usize| prices.get(prices.len().saturating_sub(1) * share / 100).copied().unwrap_or(0);
        let (mut low, mut high) = (at(2), at(98));
        let reach = (high - low).max(100);
        for mark in marks.iter().filter(|mark| mark.price_e4 > 0) {
            if mark.price_e4.abs_diff(low) < reach || mark.price_e4.abs_diff(high) < reach {
                (low, high) = (low.min(mark.price_e4), high.max(mark.price_e4));
            }
        }
        let pad = ((high - low) / 12).max(100);
        let times = || points.iter().map(|p| p.time_ns).chain(marks.iter().map(|m| m.time_ns));
        Scale {
            first_ns: times().min().unwrap_or(0),
            last_ns: times().max().unwrap_or(0),
            low_e4: low.saturating_sub(pad),
            high_e4: high.saturating_add(pad),
        }
    }

    fn x(&self, time_ns: u64) -> i64 {
        let span = u128::from(self.last_ns - self.first_ns).max(1);
        let along = u128::from(time_ns.saturating_sub(self.first_ns)) * (RIGHT - LEFT) as u128 / span;
        LEFT + (along as i64).min(RIGHT - LEFT)
    }

    /// Not clamped: the caller clips.
    fn y(&self, price_e4: u32) -> i64 {
        let span = i64::from(self.high_e4 - self.low_e4).max(1);
        BOTTOM - (i64::from(price_e4) - i64::from(self.low_e4)) * (BOTTOM - TOP) / span
    }
}

/// Steps: a price holds until the next point; an empty side is a hole.
fn path(points: &[Point], scale: &Scale, price: impl Fn(&Point) -> u32) -> String {
    let mut d = String::new();
    let mut drawn: Option<u32> = None;
    for point in points {
        let (x, now) = (px(scale.x(point.time_ns)), price(point));
        let y = |price_e4| px(scale.y(price_e4).clamp(TOP - 200, BOTTOM + 200));
        match (drawn, now) {
            (None, 0) => {}
            (None, _) => _ = write!(d, "M{x} {}", y(now)),
            (Some(_), 0) => _ = write!(d, "H{x}"),
            (Some(before), _) if before == now => continue,
            (Some(_), _) => _ = write!(d, "H{x}V{}", y(now)),
        }
        drawn = (now > 0).then_some(now);
    }
    if drawn.is_some() {
        _ = write!(d, "H{}", px(RIGHT));
    }
    d
}

fn axes(scale: &Scale) -> String {
    let mut svg = String::new();
    let step = price_step(scale.high_e4 - scale.low_e4);
    let mut price = scale.low_e4.div_ceil(step) * step;
    while price <= scale.high_e4 {
        let y = scale.y(price);
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{}\" x2=\"{}\" y1=\"{}\" y2=\"{}\"/><text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            px(LEFT), px(RIGHT), px(y), px(y), px(LEFT - 80), px(y + 40), price_text(price),
        );
        price += step;
    }
    for tick in 0..=6 {
        let time_ns = scale.first_ns + (scale.last_ns - scale.first_ns) / 6 * tick;
        let anchor = match tick {
            0 => "start",
            6 => "end",
            _ => "middle",
        };
        let text = clock(time_ns, scale.last_ns - scale.first_ns);
        let _ = write!(svg, "<text x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\">{text}</text>", px(scale.x(time_ns)), px(BOTTOM + 200));
    }
    let _ = write!(svg, "<line class=\"axis\" x1=\"{}\" x2=\"{}\" y1=\"{}\" y2=\"{}\"/>", px(LEFT), px(RIGHT), px(BOTTOM), px(BOTTOM));
    svg
}

/// 1, 2 or 5 times a power of ten, for about six lines.
fn price_step(range_e4: u32) -> u32 {
    let wanted = (range_e4 / 6).max(1);
    let mut power = 1;
    while power <= wanted / 10 {
        power *= 10;
    }
    [1, 2, 5, 10].map(|factor| factor * power).into_iter().find(|&step| step >= wanted).unwrap_or(wanted)
}

/// Time of day, with as many decimals as the span needs.
fn clock(time_ns: u64, span_ns: u64) -> String {
    let seconds = time_ns / NS_PER_S % 86_400;
    let text = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    let below = format!("{:09}", time_ns % NS_PER_S);
    match span_ns {
        0..10_000_000 => format!("{text}.{}", &below[..6]),
        10_000_000..20_000_000_000 => format!("{text}.{}", &below[..3]),
        _ => text,
    }
}

/// Up for buys, down for sells; filled when sent, hollow when refused.
fn mark_shape(mark: &Mark, scale: &Scale) -> String {
    let (x, y) = (scale.x(mark.time_ns), scale.y(mark.price_e4).clamp(TOP, BOTTOM));
    let tip = if mark.side == b'B' { -55 } else { 55 };
    let (class, word) = if mark.sent { ("sent", "sent") } else { ("refused", "refused") };
    format!(
        "<path class=\"{class}\" d=\"M{} {}L{} {}L{} {}Z\"><title>{} at {} {word}, {} (bid {}, ask {})</title></path>",
        px(x), px(y + tip), px(x - 50), px(y - tip), px(x + 50), px(y - tip),
        rules::side(mark.side), price_text(mark.price_e4), clock(mark.time_ns, 0),
        price_text(mark.bid_e4), price_text(mark.ask_e4),
    )
}

fn legend() -> String {
    let line = |class: &str, x: i64, name: &str| {
        format!(
            "<line class=\"{class}\" x1=\"{}\" x2=\"{}\" y1=\"15\" y2=\"15\"/><text x=\"{}\" y=\"19\">{name}</text>",
            px(x), px(x + 220), px(x + 280),
        )
    };
    let shape = |class: &str, x: i64, y: [i64; 2], name: &str| {
        format!(
            "<path class=\"{class}\" d=\"M{} {}L{} {}L{} {}Z\"/><text x=\"{}\" y=\"19\">{name}</text>",
            px(x), px(y[0]), px(x - 50), px(y[1]), px(x + 50), px(y[1]), px(x + 100),
        )
    };
    line("bid", LEFT, "bid")
        + &line("ask", LEFT + 700, "ask")
        + &shape("sent", LEFT + 1500, [95, 205], "buy sent")
        + &shape("sent", LEFT + 2500, [205, 95], "sell sent")
        + &shape("refused", LEFT + 3500, [95, 205], "buy refused")
        + &shape("refused", LEFT + 4700, [205, 95], "sell refused")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_give_a_handful_of_round_lines() {
        for range in [1, 99, 100, 12_345, 500_000, 1_999_999_999] {
            let step = price_step(range);
            assert!(range / step <= 7, "{range} by {step}");
        }
        assert_eq!(price_step(600), 100);
        assert_eq!(price_step(7_000), 2_000);
    }

    #[test]
    fn a_line_has_holes_where_a_side_is_empty() {
        let point = |time_ns, bid_e4| Point { time_ns, bid_e4, ask_e4: 0 };
        let points = [point(0, 100), point(1, 0), point(2, 200), point(3, 200)];
        let scale = Scale::new(&points, &[]);
        let d = path(&points, &scale, |point| point.bid_e4);
        assert_eq!(d.matches('M').count(), 2);
        assert_eq!(d.matches('V').count(), 0);
        assert!(d.ends_with(&format!("H{}", px(RIGHT))));
    }

    #[test]
    fn times_read_as_a_clock() {
        assert_eq!(clock(34_200 * NS_PER_S + 123_456_789, 3600 * NS_PER_S), "09:30:00");
        assert_eq!(clock(34_200 * NS_PER_S + 123_456_789, 1), "09:30:00.123456");
    }
}
