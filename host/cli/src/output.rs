//! Where a subcommand writes: text or JSON to standard output, progress to a terminal on standard error.
//!
//! Nothing here panics when the reader of a pipe goes away: the error travels up to `main`.

use std::{
    fmt::Display,
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

/// How a subcommand that could do its work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Exit code 0.
    Done,
    /// Exit code 3: the work was done and what it checked does not hold.
    CheckFailed,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> ExitCode {
        match outcome {
            Outcome::Done => ExitCode::SUCCESS,
            Outcome::CheckFailed => ExitCode::from(3),
        }
    }
}

/// The global options that shape what is printed.
pub struct Output {
    json: bool,
    progress: bool,
}

impl Output {
    /// Progress is shown only when standard error is a terminal.
    pub fn new(json: bool) -> Output {
        Output { json, progress: io::stderr().is_terminal() }
    }

    /// Whether the caller should print one JSON value instead of text.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Prints `value` as indented JSON.
    pub fn print_json(&self, value: &impl Serialize) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        serde_json::to_writer_pretty(&mut out, value).map_err(io::Error::from)?;
        writeln!(out)?;
        Ok(())
    }

    /// Prints text and a line end.
    pub fn print(&self, text: impl Display) -> anyhow::Result<()> {
        writeln!(io::stdout().lock(), "{text}")?;
        Ok(())
    }

    /// A progress bar over `length` of `unit` ("messages", "bytes"), or a spinner that counts when the
    /// length is not known. Hidden, and nearly free, when standard error is no terminal. Call
    /// `set_position` with the count so far and `finish_and_clear` at the end.
    pub fn progress(&self, length: Option<u64>, unit: &str) -> ProgressBar {
        if !self.progress {
            return ProgressBar::hidden();
        }
        let template = match length {
            Some(_) => format!("{{bar:40}} {{human_pos}}/{{human_len}} {unit} {{eta}}"),
            None => format!("{{spinner}} {{human_pos}} {unit} {{elapsed}}"),
        };
        let style = ProgressStyle::with_template(&template);
        let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
        bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
    }
}
