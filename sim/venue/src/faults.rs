//! Faults and their script: what goes wrong, how often or when.
//!
//! In: lines of text, `[TIME] FAULT ...`. Out: faults in the order of their times. A fault of many chances is given as
//! a ratio (`loss A 0.01`) or for the next of them (`reject next 20`); ratios are drawn from the venue's seed.

use thiserror::Error;

use crate::random::Random;

const MILLION: u64 = 1_000_000;

/// What a line of a script may say.
pub const GRAMMAR: &str = concat!(
    "  [TIME] loss|duplicate|reorder A|B|both HOW   packets of a line of the feed\n",
    "  [TIME] skew A|B|both TIME                    every packet of the line is this late\n",
    "  [TIME] slow-ack TIME HOW                     answers to the order session come later\n",
    "  [TIME] reject HOW                            orders are rejected\n",
    "  [TIME] disconnect HOW                        cut off while an order is answered\n",
    "  [TIME] partial HOW                           answers in two segments, a pause between\n",
    "  [TIME] bust HOW | bust newest                executions are broken\n",
    "  [TIME] halt|resume SYMBOL                    an instrument\n",
    "  [TIME] end                                   the session\n",
    "  HOW: a ratio (0.01, at most six decimals), `next N` (the next N chances) or `off`.\n",
    "  TIME: a number with ns, us, ms or s; in front it counts from the venue's start.\n",
    "  A line without a time in front is in force from the start; # begins a comment.",
);

/// How often a fault strikes: a ratio of its chances, and the next so many of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dose {
    /// Of a million chances.
    pub parts_per_million: u32,
    pub next: u64,
}

impl Dose {
    /// Whether the fault strikes at this chance.
    pub(crate) fn strikes(&mut self, random: &mut Random) -> bool {
        if self.next > 0 {
            self.next -= 1;
            return true;
        }
        // No draw where there is no fault: a script without one leaves the others' draws as they are.
        self.parts_per_million > 0 && random.below(MILLION) < u64::from(self.parts_per_million)
    }
}

/// Lines of the feed that a fault is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    A,
    B,
    Both,
}

impl Lines {
    /// Whether line 0 (A) or 1 (B) is meant.
    pub(crate) fn has(self, line: usize) -> bool {
        match self {
            Lines::A => line == 0,
            Lines::B => line == 1,
            Lines::Both => true,
        }
    }
}

/// Something that goes wrong from now on, or once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Loss(Lines, Dose),
    Duplicate(Lines, Dose),
    Reorder(Lines, Dose),
    Skew(Lines, u64),
    /// Delay in nanoseconds.
    SlowAck(u64, Dose),
    Reject(Dose),
    Disconnect(Dose),
    Partial(Dose),
    Bust(Dose),
    BustNewest,
    Halt([u8; 8]),
    Resume([u8; 8]),
    End,
}

/// Why a line of a script is none.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}, {text:?}: {problem}")]
pub struct ScriptError {
    /// Counted from 1.
    pub line: usize,
    pub text: String,
    pub problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    #[error(
        "no fault named {0:?}; there are loss, duplicate, reorder, skew, slow-ack, reject, disconnect, partial, bust, \
         halt, resume, end"
    )]
    Fault(String),
    #[error("a time is a number with ns, us, ms or s, such as 250ms; found {0:?}")]
    Time(String),
    #[error("how often is a ratio from 0 to 1 with at most six decimals, `next N` or `off`; found {0:?}")]
    Dose(String),
    #[error("a line of the feed is A, B or both; found {0:?}")]
    Lines(String),
    #[error("a symbol has 1 to 8 letters; found {0:?}")]
    Symbol(String),
    #[error("{0:?} is too much")]
    Rest(String),
}

/// Faults with the nanoseconds since the venue's start from which they are in force, in that order.
pub fn script(text: &str) -> Result<Vec<(u64, Fault)>, ScriptError> {
    let mut faults = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let code = line.split('#').next().unwrap_or_default();
        if code.trim().is_empty() {
            continue;
        }
        let fault = parse(code).map_err(|problem| ScriptError { line: number, text: line.trim().into(), problem })?;
        faults.push(fault);
    }
    faults.sort_by_key(|(time_ns, _)| *time_ns);
    Ok(faults)
}

fn parse(code: &str) -> Result<(u64, Fault), Problem> {
    let mut words = code.split_whitespace().peekable();
    let starts_with_time = words.peek().is_some_and(|word| word.starts_with(|first: char| first.is_ascii_digit()));
    let time_ns = if starts_with_time { time(words.next())? } else { 0 };
    let name = words.next().unwrap_or_default();
    let fault = match name {
        "loss" => Fault::Loss(lines(words.next())?, dose(&mut words)?),
        "duplicate" => Fault::Duplicate(lines(words.next())?, dose(&mut words)?),
        "reorder" => Fault::Reorder(lines(words.next())?, dose(&mut words)?),
        "skew" => Fault::Skew(lines(words.next())?, time(words.next())?),
        "slow-ack" => Fault::SlowAck(time(words.next())?, dose(&mut words)?),
        "reject" => Fault::Reject(dose(&mut words)?),
        "disconnect" => Fault::Disconnect(dose(&mut words)?),
        "partial" => Fault::Partial(dose(&mut words)?),
        "bust" if words.peek() == Some(&"newest") => {
            words.next();
            Fault::BustNewest
        }
        "bust" => Fault::Bust(dose(&mut words)?),
        "halt" => Fault::Halt(symbol(words.next())?),
        "resume" => Fault::Resume(symbol(words.next())?),
        "end" => Fault::End,
        other => return Err(Problem::Fault(other.into())),
    };
    match words.next() {
        Some(rest) => Err(Problem::Rest(rest.into())),
        None => Ok((time_ns, fault)),
    }
}

fn time(word: Option<&str>) -> Result<u64, Problem> {
    let word = word.unwrap_or_default();
    let problem = || Problem::Time(word.into());
    let (digits, unit) = word.split_at(word.find(|letter: char| !letter.is_ascii_digit()).ok_or_else(problem)?);
    let unit_ns = match unit {
        "ns" => 1,
        "us" => 1_000,
        "ms" => MILLION,
        "s" => 1_000 * MILLION,
        _ => return Err(problem()),
    };
    // Times are added to each other: a bound far below the end of their 64 bits keeps that safe.
    let time_ns = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit_ns));
    time_ns.filter(|time_ns| *time_ns < 1 << 60).ok_or_else(problem)
}

fn dose<'a>(words: &mut impl Iterator<Item = &'a str>) -> Result<Dose, Problem> {
    let word = words.next().unwrap_or_default();
    match word {
        "off" => Ok(Dose::default()),
        "next" => {
            let count = words.next().unwrap_or_default();
            let next = count.parse().map_err(|_| Problem::Dose(format!("next {count}")))?;
            Ok(Dose { parts_per_million: 0, next })
        }
        ratio => parts_per_million(ratio)
            .map(|parts_per_million| Dose { parts_per_million, next: 0 })
            .ok_or_else(|| Problem::Dose(ratio.into())),
    }
}

/// Exact, and a ratio below the smallest step is an error and not silently never.
fn parts_per_million(ratio: &str) -> Option<u32> {
    let (whole, decimals) = ratio.split_once('.').unwrap_or((ratio, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() != 1 || decimals.len() > 6 || !is_number(whole) || !is_number(decimals) {
        return None;
    }
    let parts = format!("{whole}{decimals:0<6}").parse().ok()?;
    (parts <= MILLION as u32).then_some(parts)
}

fn lines(word: Option<&str>) -> Result<Lines, Problem> {
    match word.unwrap_or_default() {
        "A" => Ok(Lines::A),
        "B" => Ok(Lines::B),
        "both" => Ok(Lines::Both),
        other => Err(Problem::Lines(other.into())),
    }
}

fn symbol(word: Option<&str>) -> Result<[u8; 8], Problem> {
    let word = word.unwrap_or_default();
    if word.is_empty() || word.len() > 8 || !word.is_ascii() {
        return Err(Problem::Symbol(word.into()));
    }
    let mut symbol = [b' '; 8];
    symbol[..word.len()].copy_from_slice(word.as_bytes());
    Ok(symbol)
}
