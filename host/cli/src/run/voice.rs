//! What the host says while it runs: lines on standard error, from a thread that nobody waits for.
//!
//! Out: text for people (`riposte: alarm: …`), or one JSON object a line: `time`, `level`, `event`, `text`, `fields`.
use riposte_desk::LogForm;
use serde_json::{Map, Value, json};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

/// Lines that wait to be printed; more are dropped and counted.
const LINES: usize = 1024;
const DAY_S: u64 = 86_400;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Info,
    Warning,
    /// Somebody must see it.
    Alarm,
}

struct Line {
    unix_ns: u64,
    level: Level,
    event: String,
    text: String,
    fields: Map<String, Value>,
}

/// Says lines. Whoever reads standard error may stop doing so: then lines are dropped, never waited for.
#[derive(Clone)]
pub struct Voice {
    lines: SyncSender<Line>,
    dropped: Arc<AtomicU64>,
}

impl Voice {
    pub fn start(form: LogForm) -> std::io::Result<(Voice, JoinHandle<()>)> {
        let (lines, receiver) = sync_channel(LINES);
        let dropped = Arc::new(AtomicU64::new(0));
        let told = Arc::clone(&dropped);
        let thread = std::thread::Builder::new().name("voice".to_owned()).spawn(move || speak(&receiver, &told, form))?;
        Ok((Voice { lines, dropped }, thread))
    }

    /// `event` is a word for machines, `text` a line for people.
    pub fn say(&self, event: &str, text: impl Into<String>) {
        self.tell(Level::Info, event, text, Map::new());
    }

    pub fn warn(&self, event: &str, text: impl Into<String>) {
        self.tell(Level::Warning, event, text, Map::new());
    }

    pub fn alarm(&self, event: &str, text: impl Into<String>) {
        self.tell(Level::Alarm, event, text, Map::new());
    }

    /// An alarm: its event and fields by what it prints of itself, `Name { field: value, … }`.
    pub fn alarm_of(&self, alarm: &impl std::fmt::Debug, text: String) {
        let (event, fields) = fields(&format!("{alarm:?}"));
        self.tell(Level::Alarm, &event, text, fields);
    }

    fn tell(&self, level: Level, event: &str, text: impl Into<String>, fields: Map<String, Value>) {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let unix_ns = u64::try_from(unix.as_nanos()).unwrap_or(u64::MAX);
        let line = Line { unix_ns, level, event: event.to_owned(), text: text.into(), fields };
        if self.lines.try_send(line).is_err() {
            self.dropped.fetch_add(1, Relaxed);
        }
    }
}

fn speak(lines: &Receiver<Line>, dropped: &AtomicU64, form: LogForm) {
    let mut told = 0;
    for line in lines {
        let lost = dropped.load(Relaxed);
        let mut out = std::io::stderr().lock();
        // If nobody reads there is nobody to tell.
        let _ = writeln!(out, "{}", line.written(form));
        if lost > told {
            let text = format!("{} lines found no room and were not printed", lost - told);
            let fields = Map::from_iter([("lines".to_owned(), (lost - told).into())]);
            let gap = Line { level: Level::Warning, event: "lines-lost".to_owned(), text, fields, ..line };
            let _ = writeln!(out, "{}", gap.written(form));
            told = lost;
        }
    }
}

impl Line {
    fn written(&self, form: LogForm) -> String {
        let Line { unix_ns, level, event, text, fields } = self;
        match (form, level) {
            (LogForm::Text, Level::Info) => format!("riposte: {text}"),
            (LogForm::Text, Level::Warning) => format!("riposte: warning: {text}"),
            (LogForm::Text, Level::Alarm) => format!("riposte: alarm: {text}"),
            (LogForm::Json, _) => {
                let level = format!("{level:?}").to_lowercase();
                json!({ "time": time(*unix_ns), "level": level, "event": event, "text": text, "fields": fields }).to_string()
            }
        }
    }
}

/// As RFC 3339 has it, in UTC.
pub fn time(unix_ns: u64) -> String {
    let (seconds, nanoseconds) = (unix_ns / 1_000_000_000, unix_ns % 1_000_000_000);
    let (days, of_day) = (seconds / DAY_S, seconds % DAY_S);
    // Days counted from March 1st of year 0, so that the leap day is a year's last one; 400 years have 146,097 days.
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanoseconds:09}Z")
}

/// Name and fields of what prints as `Name { field: value, … }`; numbers are numbers, all else is text.
fn fields(text: &str) -> (String, Map<String, Value>) {
    let (name, rest) = text.split_once(" { ").unwrap_or((text, ""));
    let pairs = rest.trim_end_matches(" }").split(", ").filter_map(|pair| pair.split_once(": "));
    let value = |text: &str| {
        let unsigned = text.parse::<u64>().map(Value::from);
        unsigned.or_else(|_| text.parse::<i64>().map(Value::from)).unwrap_or_else(|_| Value::from(text))
    };
    (name.to_owned(), pairs.map(|(field, text)| (field.to_owned(), value(text))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use riposte_engine::{Alarm, Guard};

    #[test]
    fn times_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00"), (951_782_399, "2000-02-28T23:59:59"), (951_782_400, "2000-02-29T00:00:00"),
            (951_868_800, "2000-03-01T00:00:00"), (1_709_164_800, "2024-02-29T00:00:00"), (4_107_542_400, "2100-03-01T00:00:00"),
            (1_767_225_599, "2025-12-31T23:59:59"),
        ] {
            assert_eq!(time(seconds * 1_000_000_000 + 7), format!("{text}.000000007Z"));
        }
    }

    #[test]
    fn an_alarm_keeps_its_fields() {
        let line = |alarm: &Alarm, form| {
            let text = format!("{alarm:?}");
            let (event, fields) = fields(&text);
            Line { unix_ns: 0, level: Level::Alarm, event, text, fields }.written(form)
        };
        let tripped = Alarm::Tripped { guard: Guard::Loss, index: 16 };
        assert_eq!(line(&tripped, LogForm::Text), "riposte: alarm: Tripped { guard: Loss, index: 16 }");
        let object: Value = serde_json::from_str(&line(&tripped, LogForm::Json)).unwrap();
        assert_eq!(object["event"], "Tripped");
        assert_eq!(object["fields"], json!({ "guard": "Loss", "index": 16 }));
        let differs = Alarm::PositionDiffers { instrument: 1, ours: -5, theirs: i64::MAX };
        let object: Value = serde_json::from_str(&line(&differs, LogForm::Json)).unwrap();
        assert_eq!(object["fields"], json!({ "instrument": 1, "ours": -5, "theirs": i64::MAX }));
        let lost: Value = serde_json::from_str(&line(&Alarm::CardLost, LogForm::Json)).unwrap();
        assert_eq!((&lost["event"], &lost["fields"], &lost["level"]), (&"CardLost".into(), &json!({}), &"alarm".into()));
    }
}
