//! Bars: a histogram of cycles, and counts by name. Coordinates are whole pixels of the view box.
use super::escape;
use crate::replay::summary::{grouped, nanoseconds};
use std::collections::BTreeMap;
use std::fmt::Write;

const WIDTH: u64 = 520;

/// Orders by tick-to-trade cycles, one bar a cycle, or a few cycles a bar where the range is wide.
pub fn histogram(counts: &BTreeMap<u16, u64>) -> String {
    const HEIGHT: u64 = 220;
    const BARS_MAX: u64 = 40;
    let (Some((&low, _)), Some((&high, _))) = (counts.first_key_value(), counts.last_key_value()) else {
        return String::new();
    };
    let (low, high) = (u64::from(low).saturating_sub(1), u64::from(high) + 1);
    let per_bar = (high - low + 1).div_ceil(BARS_MAX);
    let bars = (high - low + 1).div_ceil(per_bar);
    let mut heights = vec![0_u64; bars as usize];
    for (&cycles, &count) in counts {
        heights[((u64::from(cycles) - low) / per_bar) as usize] += count;
    }
    let top = heights.iter().copied().max().unwrap_or(1).max(1);
    let total: u64 = counts.values().sum();
    let (left, bottom, plot) = (10, HEIGHT - 30, HEIGHT - 56);
    let step = (WIDTH - 2 * left) / bars;
    let mut svg = open(HEIGHT, &format!("Histogram of tick-to-trade cycles of {total} orders"));
    // About ten labels, or all when there are few bars.
    let every = bars.div_ceil(12);
    for (at, &count) in (0..).zip(&heights) {
        let (x, height) = (left + at * step, (count * plot).div_ceil(top));
        let first = low + at * per_bar;
        let name = if per_bar == 1 { first.to_string() } else { format!("{first}–{}", first + per_bar - 1) };
        if count > 0 {
            let _ = write!(
                svg,
                "<rect class=\"bar\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{height}\"><title>{name} cycles ({} up): {} orders</title></rect>",
                x + 1, bottom - height, step.saturating_sub(2).max(1), nanoseconds(first as u16), grouped(count),
            );
            if step >= 36 || count == top {
                let _ = write!(svg, "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>", x + step / 2, bottom - height - 5, grouped(count));
            }
        }
        if at % every == 0 {
            let _ = write!(svg, "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{first}</text>", x + step / 2, bottom + 16);
        }
    }
    let _ = write!(svg, "<line class=\"axis\" x1=\"{left}\" x2=\"{}\" y1=\"{bottom}\" y2=\"{bottom}\"/></svg>", WIDTH - left);
    svg
}

/// One bar a name, the longest first.
pub fn bars(counts: &[(String, u64)], what: &str) -> String {
    if counts.is_empty() {
        return String::new();
    }
    let mut counts = counts.to_vec();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let row = 44;
    let top = counts[0].1.max(1);
    let mut svg = open(row * counts.len() as u64 + 6, &format!("Bars: {what}"));
    for (at, (name, count)) in (0..).zip(&counts) {
        let y = at * row;
        let width = (count * (WIDTH - 90)).div_ceil(top).max(2);
        let _ = write!(
            svg,
            "<text class=\"label\" x=\"0\" y=\"{}\">{}</text><rect class=\"bar\" x=\"0\" y=\"{}\" width=\"{width}\" height=\"14\"/>\
             <text x=\"{}\" y=\"{}\">{}</text>",
            y + 14, escape(name), y + 20, width + 8, y + 32, grouped(*count),
        );
    }
    svg + "</svg>"
}

fn open(height: u64, title: &str) -> String {
    let title = escape(title);
    format!("<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{title}\"><title>{title}</title>")
}
