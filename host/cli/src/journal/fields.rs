//! A record as named values: what `show` prints and what the columns of an export hold.
use riposte_engine::{Config, Input, Record as Decided};
use riposte_journal::{Direction, Entry, Note, Record, hex};
use riposte_map::shm::{Command, Event, NONE, Opcode};
use std::fmt;

/// A value of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Number(u64),
    Text(String),
    Bytes(Vec<u8>),
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    Number,
    Text,
    Bytes,
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Value::Number(number) => write!(f, "{number}"),
            Value::Text(text) if text.contains(|c: char| c.is_whitespace() || c == '"') => write!(f, "{text:?}"),
            Value::Text(text) => f.write_str(text),
            Value::Bytes(bytes) => f.write_str(&hex(bytes)),
        }
    }
}

/// Columns of an export, in order. `bytes` is a frame or message, the rest is named as in the contract.
pub const COLUMNS: &[(&str, Type)] = &[
    ("position", Type::Number),
    ("time_ns", Type::Number),
    ("kind", Type::Text),
    ("sequence", Type::Number),
    ("event", Type::Text),
    ("reason", Type::Text),
    ("instrument", Type::Number),
    ("rule", Type::Number),
    ("generation", Type::Number),
    ("event_time_ns", Type::Number),
    ("feed_sequence", Type::Number),
    ("bid_price_e4", Type::Number),
    ("bid_quantity", Type::Number),
    ("ask_price_e4", Type::Number),
    ("ask_quantity", Type::Number),
    ("price_e4", Type::Number),
    ("quantity", Type::Number),
    ("user_ref", Type::Number),
    ("cycles", Type::Number),
    ("detail", Type::Number),
    ("opcode", Type::Text),
    ("index", Type::Number),
    ("value", Type::Number),
    ("arg_0", Type::Number),
    ("arg_1", Type::Number),
    ("arg_2", Type::Number),
    ("arg_3", Type::Number),
    ("arg_4", Type::Number),
    ("arg_5", Type::Number),
    ("cycle", Type::Number),
    ("order", Type::Number),
    ("session", Type::Number),
    ("direction", Type::Text),
    ("bytes", Type::Bytes),
    ("engine", Type::Text),
    ("who", Type::Text),
    ("act", Type::Text),
    ("why", Type::Text),
    ("snapshot_position", Type::Number),
    ("snapshot_sha256", Type::Bytes),
    ("pruned_segment", Type::Number),
    ("pruned_position", Type::Number),
    ("pruned_chain", Type::Bytes),
    ("chain", Type::Bytes),
];

type Fields = Vec<(&'static str, Value)>;

fn number(value: impl Into<u64>) -> Value {
    Value::Number(value.into())
}

fn text(value: impl Into<String>) -> Value {
    Value::Text(value.into())
}

fn bytes(value: &[u8]) -> Value {
    Value::Bytes(value.to_vec())
}

/// What is particular to the record's kind; none if the journal is read sealed.
pub fn fields(record: &Record) -> Fields {
    match record.entry() {
        None | Some(Entry::Closed) => Vec::new(),
        Some(Entry::Event(event)) => event_fields(&event),
        Some(Entry::Command(command)) => command_fields(&command),
        Some(Entry::Transmitted { cycle, bytes: frame }) => vec![("cycle", number(cycle)), ("bytes", bytes(frame))],
        Some(Entry::HostOrder { order, bytes: message }) => vec![("order", number(order)), ("bytes", bytes(message))],
        Some(Entry::Session { session, direction, bytes: message }) => {
            let direction = if direction == Direction::Sent { "sent" } else { "received" };
            vec![("session", number(session)), ("direction", text(direction)), ("bytes", bytes(message))]
        }
        Some(Entry::Input(message)) => engine_fields(Input::decode(message).map(|one| format!("{:?}", one.body)), message),
        Some(Entry::Record(message)) => engine_fields(Decided::decode(message).map(|one| format!("{one:?}")), message),
        Some(Entry::Configuration(message)) => engine_fields(Config::decode(message).map(|one| format!("{one:?}")), message),
        Some(Entry::Note(note)) => note_fields(&note),
        Some(Entry::Snapshot(mark)) => {
            vec![("snapshot_position", number(mark.position.get())), ("snapshot_sha256", bytes(&mark.digest))]
        }
        Some(Entry::Pruned(mark, note)) => {
            let mut fields = note_fields(&note);
            fields.push(("pruned_segment", number(mark.segment.get())));
            fields.push(("pruned_position", number(mark.position.get())));
            fields.push(("pruned_chain", bytes(&mark.chain)));
            fields
        }
    }
}

/// All columns that the record has.
pub fn columns(record: &Record) -> Fields {
    let mut all = vec![("position", number(record.position)), ("time_ns", number(record.time_ns))];
    all.push(("kind", text(record.kind.text())));
    all.extend(fields(record));
    all.push(("chain", bytes(&record.chain)));
    all
}

fn note_fields(note: &Note) -> Fields {
    vec![("who", text(note.who)), ("act", text(note.act)), ("why", text(note.why))]
}

/// What the engine was given or has decided, as it names it itself; as bytes if another version wrote it.
fn engine_fields(named: Option<String>, message: &[u8]) -> Fields {
    vec![("engine", text(named.unwrap_or_else(|| "unknown".to_owned()))), ("bytes", bytes(message))]
}

/// An instrument or rule, if the record concerns one.
fn concerned(fields: &mut Fields, name: &'static str, index: u8) {
    if index != NONE {
        fields.push((name, number(index)));
    }
}

fn event_fields(event: &Event) -> Fields {
    let kind = event.kind().map_or_else(|| format!("unknown {}", event.kind), |kind| format!("{kind:?}"));
    let reason = event.reason().map_or_else(|| format!("unknown {}", event.reason), |reason| reason.text().to_owned());
    let mut fields = vec![("sequence", number(event.sequence)), ("event", text(kind)), ("reason", text(reason))];
    concerned(&mut fields, "instrument", event.instrument);
    concerned(&mut fields, "rule", event.rule);
    fields.extend([
        ("generation", number(event.generation)),
        ("event_time_ns", number(event.time_ns)),
        ("feed_sequence", number(event.feed_sequence)),
        ("bid_price_e4", number(event.bid.price_e4)),
        ("bid_quantity", number(event.bid.quantity)),
        ("ask_price_e4", number(event.ask.price_e4)),
        ("ask_quantity", number(event.ask.quantity)),
        ("price_e4", number(event.price_e4)),
        ("quantity", number(event.quantity)),
        ("user_ref", number(event.user_ref)),
        ("cycles", number(event.cycles)),
        ("detail", number(event.detail)),
    ]);
    fields
}

fn command_fields(command: &Command) -> Fields {
    const ARGS: [&str; 6] = ["arg_0", "arg_1", "arg_2", "arg_3", "arg_4", "arg_5"];
    let opcode = Opcode::from_code(command.opcode);
    let opcode = opcode.map_or_else(|| format!("unknown {}", command.opcode), |opcode| format!("{opcode:?}"));
    let mut fields = vec![("sequence", number(command.sequence)), ("opcode", text(opcode))];
    concerned(&mut fields, "instrument", command.instrument);
    concerned(&mut fields, "rule", command.rule);
    fields.extend([("index", number(command.index)), ("value", number(command.value))]);
    fields.extend(ARGS.into_iter().zip(command.args.map(number)));
    fields
}
