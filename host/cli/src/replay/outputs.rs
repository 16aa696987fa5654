//! Files that a replay writes: whole under their name, or not there at all.
//!
//! Each is written beside its name with `.partial` behind it and renamed when all are complete; if the run
//! ends before, the partial file is removed. A device or pipe, such as `/dev/stdout`, is written as it is.
use anyhow::Context;
use riposte_capture::PcapWriter;
use riposte_desk::Desk;
use riposte_device::Output;
use riposte_map::shm::{Event, EventKind};
use serde::Serialize;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file under its partial name; none for what is no regular file.
pub struct Partial {
    path: PathBuf,
    partial: Option<PathBuf>,
}

impl Partial {
    pub fn create(path: &Path) -> anyhow::Result<(Partial, BufWriter<File>)> {
        let mut name = path.as_os_str().to_owned();
        name.push(".partial");
        let is_device = path.metadata().is_ok_and(|metadata| !metadata.is_file());
        let partial = (!is_device).then(|| PathBuf::from(name));
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).with_context(|| format!("{}: cannot be made", folder.display()))?;
        }
        let target = partial.as_deref().unwrap_or(path);
        let file = File::options().write(true).create(true).truncate(!is_device).open(target);
        let file = file.with_context(|| format!("{}: cannot be written", path.display()))?;
        Ok((Partial { path: path.to_owned(), partial }, BufWriter::new(file)))
    }

    pub fn keep(&self) -> anyhow::Result<()> {
        let Some(partial) = &self.partial else { return Ok(()) };
        std::fs::rename(partial, &self.path).with_context(|| format!("{}: cannot be written", self.path.display()))
    }
}

impl Drop for Partial {
    /// After `keep` nothing is there any more to remove.
    fn drop(&mut self) {
        if let Some(partial) = &self.partial {
            let _ = std::fs::remove_file(partial);
        }
    }
}

/// The streams of a run, each if it was asked for.
pub struct Outputs {
    orders: Option<(Partial, PcapWriter<BufWriter<File>>)>,
    events: Option<(Partial, BufWriter<File>)>,
    report: Option<(Partial, BufWriter<File>)>,
}

impl Outputs {
    /// Makes all files at once, so that an unwritable one is found before the work is done.
    pub fn create(orders: Option<&Path>, events: Option<&Path>, report: Option<&Path>) -> anyhow::Result<Outputs> {
        let create = |path: Option<&Path>| path.map(Partial::create).transpose();
        let orders = match create(orders)? {
            None => None,
            Some((file, writer)) => {
                let writer = PcapWriter::new(writer).with_context(|| failed(&file))?;
                Some((file, writer))
            }
        };
        Ok(Outputs { orders, events: create(events)?, report: create(report)? })
    }

    pub fn write(&mut self, output: &Output, desk: &Desk) -> anyhow::Result<()> {
        if let Some((file, writer)) = &mut self.orders {
            for frame in &output.transmitted {
                writer.write(frame.time_ns, &frame.bytes).with_context(|| failed(file))?;
            }
        }
        if let Some((file, writer)) = &mut self.events {
            for event in &output.events {
                let line = serde_json::to_string(&EventLine::new(event, desk))?;
                writeln!(writer, "{line}").with_context(|| failed(file))?;
            }
        }
        Ok(())
    }

    /// Writes the report, if one was asked for, then gives every file its name.
    pub fn finish(mut self, report: impl FnOnce() -> String) -> anyhow::Result<()> {
        if let Some((file, writer)) = &mut self.report {
            writer.write_all(report().as_bytes()).and_then(|()| writer.flush()).with_context(|| failed(file))?;
        }
        let mut files = Vec::new();
        if let Some((file, writer)) = self.orders {
            writer.finish().with_context(|| failed(&file))?;
            files.push(file);
        }
        if let Some((file, mut writer)) = self.events {
            writer.flush().with_context(|| failed(&file))?;
            files.push(file);
        }
        files.extend(self.report.map(|(file, _)| file));
        files.iter().try_for_each(Partial::keep)
    }
}

fn failed(file: &Partial) -> String {
    format!("{}: cannot be written; what was written is removed", file.path.display())
}

/// An event as one line of JSON. Prices are 1e-4 dollars.
#[derive(Serialize)]
struct EventLine<'a> {
    sequence: u64,
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instrument: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'a str>,
    generation: u32,
    time_ns: u64,
    feed_sequence: u64,
    bid: [u32; 2],
    ask: [u32; 2],
    price_e4: u32,
    quantity: u32,
    user_ref: u32,
    cycles: u16,
    detail: u16,
}

impl EventLine<'_> {
    fn new<'a>(event: &Event, desk: &'a Desk) -> EventLine<'a> {
        // A command that concerns no instrument has 0 there, which would read as the first one.
        let named = event.kind() != Some(EventKind::Command);
        let instrument = desk.instruments.get(usize::from(event.instrument)).filter(|_| named);
        let reason = event.reason().map_or("unknown", |reason| reason.text());
        EventLine {
            sequence: event.sequence,
            kind: event.kind().map_or(format!("unknown {}", event.kind), |kind: EventKind| format!("{kind:?}")),
            reason: Some(reason).filter(|_| event.reason != 0),
            instrument: instrument.map(|instrument| instrument.symbol.as_str()),
            rule: desk.rule(event.instrument, event.rule).filter(|_| named).map(|rule| rule.name.as_str()),
            generation: event.generation,
            time_ns: event.time_ns,
            feed_sequence: event.feed_sequence,
            bid: [event.bid.price_e4, event.bid.quantity],
            ask: [event.ask.price_e4, event.ask.quantity],
            price_e4: event.price_e4,
            quantity: event.quantity,
            user_ref: event.user_ref,
            cycles: event.cycles,
            detail: event.detail,
        }
    }
}
