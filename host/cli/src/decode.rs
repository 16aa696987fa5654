//! `riposte decode`: what is in a capture, counted: frames, packets, messages by type, channels, faults.
//!
//! Sequence rules are the card's (`hdl/README.md`, Receive 3), but a channel starts with its first
//! packet, and packets with sequence number 0 stay outside: published samples carry it as "unknown".

use std::{collections::BTreeMap, error::Error, fmt::Write, net::Ipv4Addr, path::PathBuf};

use riposte_capture::{
    Capture, Record, open,
    wire::{self, Malformed, Purpose},
};
use riposte_map::wire::itch;
use serde::Serialize;
use serde_json::{Value, json};

use crate::output::{Outcome, Output};

/// Gaps that are listed one by one; the count goes on.
const GAPS_LISTED: usize = 20;
/// Records between two updates of the progress bar.
const PROGRESS_STEP: u64 = 4096;

const EXAMPLES: &str = "\
FILE is pcap, pcapng or raw ITCH (each message behind a 16-bit length), plain or gzip; its \
content decides, not its name.

Examples:
  riposte decode market.pcap
  riposte decode --json 01302020.NASDAQ_ITCH50.gz | jq .messages_by_type

Exit codes: 0 all was read · 1 the file cannot be read, or not to its end (what came before is \
printed) · 2 usage";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Capture or ITCH file.
    file: PathBuf,
}

pub fn run(args: Args, output: &Output) -> anyhow::Result<Outcome> {
    let mut tally = Tally::default();
    let capture = open(&args.file)?;
    let progress = capture.progress();
    let bar = output.progress(Some(progress.file_bytes), "bytes");
    let fault = match capture {
        Capture::Frames(frames) => take_all(frames, |record| {
            tally.frame(&record);
            if tally.frames % PROGRESS_STEP == 0 {
                bar.set_position(progress.read_bytes());
            }
        }),
        Capture::Messages(mut messages) => {
            let fault = take_all(&mut messages, |message| {
                tally.message(&message.bytes);
                if message.number % PROGRESS_STEP == 0 {
                    bar.set_position(progress.read_bytes());
                }
            });
            tally.empty_prefixes = messages.empty_prefixes();
            fault
        }
    };
    bar.finish_and_clear();
    if output.is_json() {
        output.print_json(&tally.json(fault.as_ref().map(with_causes)))?;
    } else {
        output.print(tally.text()?.trim_end())?;
    }
    match fault {
        Some(fault) => Err(fault.into()),
        None => Ok(Outcome::Done),
    }
}

/// The error and what caused it, on one line.
fn with_causes(fault: &riposte_capture::Error) -> String {
    let (mut text, mut cause) = (fault.to_string(), fault.source());
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}

/// Gives everything before the first fault to `take`.
fn take_all<T, E>(items: impl Iterator<Item = Result<T, E>>, mut take: impl FnMut(T)) -> Option<E> {
    for item in items {
        match item {
            Ok(item) => take(item),
            Err(fault) => return Some(fault),
        }
    }
    None
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct ChannelKey {
    group: Ipv4Addr,
    port: u16,
    session: [u8; 10],
}

#[derive(Default, Serialize)]
struct ChannelTally {
    packets: u64,
    messages: u64,
    first_sequence: Option<u64>,
    last_sequence: Option<u64>,
    #[serde(skip)]
    expected: Option<u64>,
    gaps: u64,
    missing_messages: u64,
    /// First and last missing number of the first gaps.
    gap_ranges: Vec<(u64, u64)>,
    duplicate_packets: u64,
    overlapping_packets: u64,
    heartbeats: u64,
    ends_of_session: u64,
    /// Packets with sequence number 0, outside the sequence.
    unsequenced_packets: u64,
}

impl ChannelTally {
    /// Notes a packet of `count` messages from `sequence` on; says how many of them are old.
    fn sequence(&mut self, sequence: u64, count: u16) -> u16 {
        if sequence == 0 {
            self.unsequenced_packets += u64::from(count > 0);
            return 0;
        }
        let next = sequence.saturating_add(u64::from(count));
        let expected = *self.expected.get_or_insert(sequence);
        if sequence > expected {
            self.gaps += 1;
            self.missing_messages = self.missing_messages.saturating_add(sequence - expected);
            if self.gap_ranges.len() < GAPS_LISTED {
                self.gap_ranges.push((expected, sequence - 1));
            }
        }
        self.expected = Some(expected.max(next));
        if count == 0 {
            return 0;
        }
        self.first_sequence.get_or_insert(sequence);
        self.last_sequence = Some(self.last_sequence.unwrap_or(0).max(next - 1));
        if sequence >= expected {
            return 0;
        }
        if next <= expected {
            self.duplicate_packets += 1;
            return count;
        }
        self.overlapping_packets += 1;
        (expected - sequence) as u16
    }
}

#[derive(Default)]
struct Tally {
    frames: u64,
    packets: u64,
    messages: u64,
    by_type: [u64; itch::MESSAGES.len()],
    malformed: BTreeMap<Malformed, u64>,
    channels: BTreeMap<ChannelKey, ChannelTally>,
    vlan_frames: u64,
    empty_prefixes: u64,
}

impl Tally {
    fn frame(&mut self, record: &Record) {
        self.frames += 1;
        if let Err(reason) = self.packet(&record.bytes) {
            self.fault(reason);
        }
    }

    fn packet(&mut self, frame: &[u8]) -> Result<(), Malformed> {
        let datagram = wire::datagram(frame)?;
        self.vlan_frames += u64::from(datagram.vlan.is_some());
        let packet = wire::packet(datagram.payload)?;
        if !wire::is_session(&packet.session) {
            return Err(Malformed::NotMold);
        }
        self.packets += 1;
        let (group, port, session) = (datagram.group, datagram.port, packet.session);
        let channel = self.channels.entry(ChannelKey { group, port, session }).or_default();
        channel.packets += 1;
        let old = match packet.purpose {
            Purpose::Messages(count) => channel.sequence(packet.sequence, count),
            Purpose::Heartbeat => {
                channel.heartbeats += 1;
                channel.sequence(packet.sequence, 0)
            }
            Purpose::EndOfSession => {
                channel.ends_of_session += 1;
                0
            }
        };
        let mut delivered = 0;
        let mut result = Ok(());
        for (index, message) in packet.messages().enumerate() {
            let message = match message {
                Ok((_, message)) => message,
                Err(reason) => {
                    result = Err(reason);
                    break;
                }
            };
            if index >= usize::from(old) {
                delivered += 1;
                self.message(message);
            }
        }
        if let Some(channel) = self.channels.get_mut(&ChannelKey { group, port, session }) {
            channel.messages += delivered;
        }
        result
    }

    fn message(&mut self, message: &[u8]) {
        self.messages += 1;
        match wire::kind(message) {
            Ok(index) => self.by_type[index] += 1,
            Err(reason) => self.fault(reason),
        }
    }

    fn fault(&mut self, reason: Malformed) {
        *self.malformed.entry(reason).or_default() += 1;
    }

    /// Types that occur, most frequent first.
    fn types(&self) -> Vec<(char, &'static str, u64)> {
        let counted = itch::MESSAGES.iter().zip(self.by_type).filter(|(_, count)| *count > 0);
        let mut types: Vec<_> =
            counted.map(|(kind, count)| (char::from(kind.code), kind.name, count)).collect();
        types.sort_by_key(|&(code, _, count)| (std::cmp::Reverse(count), code));
        types
    }

    fn json(&self, error: Option<String>) -> Value {
        let channels = self.channels.iter().map(|(key, channel)| {
            let mut value = json!(channel);
            value["group"] = json!(key.group.to_string());
            value["port"] = json!(key.port);
            value["session"] = json!(session_text(&key.session));
            value
        });
        let by_type: serde_json::Map<_, _> =
            self.types().iter().map(|&(code, _, count)| (code.to_string(), json!(count))).collect();
        let malformed: serde_json::Map<_, _> =
            self.malformed.iter().map(|(why, count)| (why.to_string(), json!(count))).collect();
        json!({
            "frames": self.frames,
            "vlan_frames": self.vlan_frames,
            "packets": self.packets,
            "messages": self.messages,
            "messages_by_type": by_type,
            "channels": channels.collect::<Vec<_>>(),
            "malformed": malformed,
            "empty_prefixes": self.empty_prefixes,
            "error": error,
        })
    }

    fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        if self.frames > 0 || self.messages == 0 {
            writeln!(
                text,
                "frames    {:>12}   ({} with a VLAN tag)",
                self.frames, self.vlan_frames
            )?;
            writeln!(text, "packets   {:>12}", self.packets)?;
        }
        writeln!(text, "messages  {:>12}", self.messages)?;
        for (code, name, count) in self.types() {
            writeln!(text, "  {code} {name:<28} {count:>12}")?;
        }
        for (key, channel) in &self.channels {
            writeln!(text)?;
            let session = session_text(&key.session);
            writeln!(text, "channel {}:{} session '{session}'", key.group, key.port)?;
            channel_text(&mut text, channel)?;
        }
        if !self.malformed.is_empty() {
            writeln!(text, "\nmalformed")?;
        }
        for (why, count) in &self.malformed {
            writeln!(text, "  {:<56} {count:>12}", why.to_string())?;
        }
        if self.empty_prefixes > 0 {
            writeln!(text, "\nempty length prefixes skipped  {}", self.empty_prefixes)?;
        }
        Ok(text)
    }
}

fn session_text(session: &[u8; 10]) -> String {
    session.iter().map(|&byte| char::from(byte)).collect()
}

fn channel_text(text: &mut String, channel: &ChannelTally) -> std::fmt::Result {
    let number = |value: Option<u64>| value.map_or("-".to_owned(), |value| value.to_string());
    writeln!(text, "  packets {}  messages {}", channel.packets, channel.messages)?;
    let (first, last) = (number(channel.first_sequence), number(channel.last_sequence));
    writeln!(text, "  first sequence {first}  last sequence {last}")?;
    writeln!(text, "  gaps {} ({} messages missing)", channel.gaps, channel.missing_messages)?;
    for (from, to) in &channel.gap_ranges {
        writeln!(text, "    {from} to {to}")?;
    }
    if channel.gaps > channel.gap_ranges.len() as u64 {
        writeln!(text, "    and {} more", channel.gaps - channel.gap_ranges.len() as u64)?;
    }
    let (duplicate, overlap) = (channel.duplicate_packets, channel.overlapping_packets);
    writeln!(text, "  duplicate packets {duplicate}  overlapping packets {overlap}")?;
    let (heartbeats, ends) = (channel.heartbeats, channel.ends_of_session);
    writeln!(text, "  heartbeats {heartbeats}  ends of session {ends}")?;
    if channel.unsequenced_packets > 0 {
        writeln!(text, "  packets with sequence 0 (outside it) {}", channel.unsequenced_packets)?;
    }
    Ok(())
}
