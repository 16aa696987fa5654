//! Fields of one TOML table, read one by one: what is missing, of a wrong kind or unknown goes to the log.
use crate::host::money_e4;
use crate::price::{decimal_text, price_e4};
use crate::problem::Log;
use riposte_map::limits::CLOCK_PS;
use std::collections::HashMap;
use std::hash::Hash;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What the fourth decimal of a microsecond is.
const TENTH_NS_PS: u64 = 100;

/// A value and where it stands in the text.
pub(crate) struct Placed<T> {
    pub value: T,
    pub span: Range<usize>,
}

/// A table under way: remembers which names were asked for, so that `finish` knows the unknown ones.
pub(crate) struct Section<'a> {
    name: &'static str,
    table: &'a DeTable<'a>,
    /// Where the table starts: errors about what is missing point here.
    pub span: Range<usize>,
    known: Vec<&'static str>,
}

impl<'a> Section<'a> {
    pub fn new(name: &'static str, table: &'a DeTable<'a>, span: Range<usize>) -> Section<'a> {
        Section { name, table, span, known: Vec::new() }
    }

    fn get(&mut self, field: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.known.push(field);
        self.table.get(field)
    }

    /// The field, if it is there and `parse` takes it.
    pub fn optional<T>(
        &mut self, log: &mut Log, field: &'static str, parse: impl Fn(&DeValue) -> Result<T, String>,
    ) -> Option<Placed<T>> {
        let found = self.get(field)?;
        match parse(found.get_ref()) {
            Ok(value) => Some(Placed { value, span: found.span() }),
            Err(text) => {
                log.error(&found.span(), format!("`{field}`: {text}"));
                None
            }
        }
    }

    /// As `optional`, and an error when it is absent.
    pub fn required<T>(
        &mut self, log: &mut Log, field: &'static str, parse: impl Fn(&DeValue) -> Result<T, String>,
    ) -> Option<Placed<T>> {
        self.demand(log, field);
        self.optional(log, field, parse)
    }

    /// The field as a table of its own.
    pub fn section(&mut self, log: &mut Log, field: &'static str) -> Option<Section<'a>> {
        let found = self.get(field)?;
        let section = found.get_ref().as_table().map(|table| Section::new(field, table, found.span()));
        if section.is_none() {
            log.error(&found.span(), format!("`{field}` must be a table, not {}", kind(found.get_ref())));
        }
        section
    }

    pub fn has(&self, field: &str) -> bool {
        self.table.get(field).is_some()
    }

    /// Logs the field as missing when it is absent.
    pub fn demand(&self, log: &mut Log, field: &str) {
        if !self.has(field) {
            log.error(&self.span, format!("`{}` has no field `{field}`", self.name));
        }
    }

    /// The field as an array of tables, `[[field]]`; empty when absent.
    pub fn sections(&mut self, log: &mut Log, field: &'static str) -> Vec<Section<'a>> {
        let Some(found) = self.get(field) else { return Vec::new() };
        let Some(array) = found.get_ref().as_array() else {
            log.error(&found.span(), format!("`{field}` must be written [[{field}]]: there may be several"));
            return Vec::new();
        };
        let mut sections = Vec::new();
        for item in array.iter() {
            match item.get_ref().as_table() {
                Some(table) => sections.push(Section::new(field, table, item.span())),
                None => log.error(&item.span(), format!("each `{field}` must be a table")),
            }
        }
        sections
    }

    /// Logs every field that nobody asked for, with the nearest known name.
    pub fn finish(self, log: &mut Log) {
        for key in self.table.keys() {
            let name = key.get_ref().as_ref();
            if self.known.contains(&name) {
                continue;
            }
            let near = self.known.iter().map(|known| (strsim::damerau_levenshtein(name, known), known)).min();
            let hint = match near {
                Some((distance, known)) if distance <= 3 => format!("; did you mean `{known}`?"),
                _ => format!("; known here: {}", self.known.join(", ")),
            };
            log.error(&key.span(), format!("unknown field `{name}` in `{}`{hint}", self.name));
        }
    }
}

/// Logs a value that was seen before, which only one place may have.
pub(crate) fn once<T: Clone + Eq + Hash>(log: &mut Log, seen: &mut HashMap<T, usize>, one: &Placed<T>, what: &str) {
    let line = log.line(one.span.start);
    if let Some(first) = seen.insert(one.value.clone(), line) {
        log.error(&one.span, format!("{what} is already on line {first}"));
    }
}

fn kind(value: &DeValue) -> String {
    let name = value.type_str();
    let article = if name.starts_with(['a', 'i']) { "an" } else { "a" };
    format!("{article} {name}")
}

/// A string.
pub(crate) fn text(value: &DeValue) -> Result<String, String> {
    let found = value.as_str().map(str::to_owned);
    found.ok_or_else(|| format!("must be a string in quotes, not {}", kind(value)))
}

pub(crate) fn boolean(value: &DeValue) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| format!("must be true or false, not {}", kind(value)))
}

/// A whole number from `low` to `high`.
pub(crate) fn whole(low: u32, high: u32) -> impl Fn(&DeValue) -> Result<u32, String> {
    move |value| {
        let found = value.as_integer().ok_or_else(|| format!("must be a whole number, not {}", kind(value)))?;
        let number = i128::from_str_radix(found.as_str(), found.radix()).ok();
        let fits = number.and_then(|n| u32::try_from(n).ok()).filter(|n| (low..=high).contains(n));
        fits.ok_or_else(|| format!("{found} is out of range: it must be {low} to {high}"))
    }
}

/// A decimal, quoted or bare: the text of a bare number is read as it stands, never as a float.
pub(crate) fn decimal<'a>(value: &'a DeValue, what: &str) -> Result<&'a str, String> {
    match value {
        DeValue::String(text) => Ok(text.as_ref()),
        DeValue::Float(float) => Ok(float.as_str()),
        DeValue::Integer(integer) if integer.radix() == 10 => Ok(integer.as_str()),
        _ => Err(format!("must be {what}, not {}", kind(value))),
    }
}

pub(crate) fn price(value: &DeValue) -> Result<u32, String> {
    price_e4(decimal(value, "a price such as \"320.50\"")?).map_err(|error| error.to_string())
}

/// Microseconds as cycles of the reference clock, 1 to `longest`; `rounded` divides, so that a limit gets no looser. One
/// cycle is 0.0064 microseconds, exactly.
pub(crate) fn microseconds(rounded: fn(u64, u64) -> u64, longest: u64) -> impl Fn(&DeValue) -> Result<u64, String> {
    move |value| {
        let text = decimal(value, "microseconds such as 12.5")?;
        let cycles = money_e4(text).and_then(|time_e4| time_e4.checked_mul(TENTH_NS_PS)).map(|time_ps| rounded(time_ps, CLOCK_PS));
        cycles.filter(|cycles| (1..=longest).contains(cycles)).ok_or_else(|| {
            let most = decimal_text(longest * CLOCK_PS / TENTH_NS_PS);
            format!("`{text}` must be 0.0064 to {most} microseconds with at most four decimals")
        })
    }
}

/// What parses from a string, such as an address.
pub(crate) fn parsed<T: std::str::FromStr>(what: &'static str) -> impl Fn(&DeValue) -> Result<T, String> {
    move |value| text(value)?.parse().map_err(|_| format!("{value_text} is not {what}", value_text = quoted(value)))
}

fn quoted(value: &DeValue) -> String {
    format!("`{}`", value.as_str().unwrap_or_default())
}

/// Six bytes in hexadecimal, with colons.
pub(crate) fn mac(value: &DeValue) -> Result<[u8; 6], String> {
    let bytes: Option<Vec<u8>> = text(value)?
        .split(':')
        .map(|part| u8::from_str_radix(part, 16).ok().filter(|_| part.len() == 2 && !part.starts_with('+')))
        .collect();
    let bytes: Option<[u8; 6]> = bytes.and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| format!("{} is not a MAC address such as 02:00:00:00:00:01", quoted(value)))
}

/// Printable ASCII without spaces, 1 to `longest` characters.
pub(crate) fn code(longest: usize) -> impl Fn(&DeValue) -> Result<String, String> {
    move |value| {
        let found = text(value)?;
        if found.is_empty() || found.len() > longest || !found.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(format!("{} must be 1 to {longest} ASCII characters without spaces", quoted(value)));
        }
        Ok(found)
    }
}

/// One of a few words, each with the letter that goes on the wire.
pub(crate) fn choice(words: &'static [(&'static str, u8)]) -> impl Fn(&DeValue) -> Result<u8, String> {
    move |value| {
        let found = text(value)?;
        let letter = words.iter().find(|(word, _)| *word == found).map(|(_, letter)| *letter);
        letter.ok_or_else(|| {
            let all: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            format!("`{found}` is not one of {}", all.join(", "))
        })
    }
}
