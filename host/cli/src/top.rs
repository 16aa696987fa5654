//! `riposte top`: how a host that runs is, on a terminal, as it changes.
//!
//! In: the host's overview, keys. Out: the terminal, which is left as it was found; with `--once` one page as text.
mod leaving;
pub mod page;
#[cfg(test)]
mod tests;

use crate::control::{Place, ask};
use crate::output::{Outcome, Output};
use anyhow::{Context, bail};
use page::page;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use riposte_control::overview::Overview;
use riposte_control::{Answer, Request};
use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

const EXAMPLES: &str = "\
Examples:
  riposte top
  riposte top --once --control day.journal/control.sock
  riposte top --json | jq .latency

Keys: q ends · arrows, page up and page down scroll
Exit codes: 0 done · 1 no host answers, or no terminal and neither --once nor --json · 2 usage · 3 the host refuses";

/// Of a page that no terminal shows.
const WIDTH: u16 = 120;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Print one page as text, and end.
    #[arg(long)]
    once: bool,
    /// Between two looks at the host.
    #[arg(long, value_name = "MS", default_value_t = 500, value_parser = clap::value_parser!(u64).range(50..=60_000))]
    interval: u64,
    #[command(flatten)]
    place: Place,
}

pub fn run(args: &Args, output: &Output) -> anyhow::Result<Outcome> {
    let is_live = !args.once && !output.is_json();
    if is_live && !std::io::stdout().is_terminal() {
        bail!("standard output is no terminal: `--once` prints one page as text, `--json` one value");
    }
    let first = match overview(&args.place)? {
        Ok(overview) => overview,
        Err(why) => {
            eprintln!("riposte: refused: {why}");
            return Ok(Outcome::CheckFailed);
        }
    };
    if output.is_json() {
        output.print_json(&first)?;
    } else if args.once {
        output.print(page::text(&page(&first, WIDTH)))?;
    } else {
        let drawing = leaving::on_signals().context("signals cannot be handled")?;
        // Restored also when something panics; see `ratatui::init`.
        let mut terminal = {
            let _drawing = drawing.lock();
            ratatui::try_init().context("the terminal cannot be used")?
        };
        let ended = live(&mut terminal, &drawing, first, args);
        let restored = ratatui::try_restore();
        ended?;
        restored.context("the terminal cannot be restored: `reset` does that")?;
    }
    Ok(Outcome::Done)
}

fn overview(place: &Place) -> anyhow::Result<Result<Overview, String>> {
    match ask(place, &Request::Overview {})? {
        Answer::Told { value } => Ok(Ok(serde_json::from_value(value).context("the host is of another version")?)),
        Answer::Refused { why } => Ok(Err(why)),
        other => bail!("the host answers something else: {other:?}"),
    }
}

/// Until somebody ends it, or the host does.
fn live(terminal: &mut ratatui::DefaultTerminal, drawing: &Mutex<()>, first: Overview, args: &Args) -> anyhow::Result<()> {
    let (mut shown, mut offset) = (first, 0u16);
    let interval = Duration::from_millis(args.interval);
    // Keys do not put off the next look, however fast they come.
    let mut until = Instant::now() + interval;
    loop {
        {
            let _drawing = drawing.lock();
            terminal.draw(|frame| {
                let page = page(&shown, frame.area().width);
                offset = offset.min(page.area.height.saturating_sub(frame.area().height));
                show(&page, offset, frame.buffer_mut());
            })?;
        }
        while event::poll(until.saturating_duration_since(Instant::now()))? {
            let Event::Key(key) = event::read()? else { break };
            if key.kind == KeyEventKind::Release {
                continue;
            }
            match meant(key) {
                Some(Meant::End) => return Ok(()),
                Some(Meant::Scroll(lines)) => offset = offset.saturating_add_signed(lines),
                None => continue,
            }
            break;
        }
        if Instant::now() >= until {
            shown = overview(&args.place)?.map_err(anyhow::Error::msg)?;
            until = Instant::now() + interval;
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Meant {
    End,
    /// By lines, down the page.
    Scroll(i16),
}

/// What somebody who types a key wants; none: nothing.
fn meant(key: KeyEvent) -> Option<Meant> {
    match key.code {
        KeyCode::Char('q') | KeyCode::Esc => Some(Meant::End),
        // In raw mode the terminal does not make a signal of it.
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Some(Meant::End),
        KeyCode::Up => Some(Meant::Scroll(-1)),
        KeyCode::Down => Some(Meant::Scroll(1)),
        KeyCode::PageUp => Some(Meant::Scroll(-20)),
        KeyCode::PageDown => Some(Meant::Scroll(20)),
        _ => None,
    }
}

/// As much of the page, from a line on, as the terminal has room for.
fn show(page: &Buffer, offset: u16, to: &mut Buffer) {
    let (width, height) = (page.area.width.min(to.area.width), page.area.height.saturating_sub(offset).min(to.area.height));
    for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
        to[(x, y)] = page[(x, y + offset)].clone();
    }
}
