//! All records of a journal in one file that other tools read.
use super::fields::{Value, columns};
use super::parquet::ParquetWriter;
use crate::output::Output;
use crate::replay::Partial;
use anyhow::Context;
use clap::ValueEnum;
use riposte_journal::{Contents, Reader, Record, hex};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Apache Parquet, Snappy-compressed; numbers as unsigned 64-bit integers.
    Parquet,
    /// A JSON object a line; bytes in hexadecimal.
    Jsonl,
}

enum Writer {
    Parquet(Box<ParquetWriter>),
    Jsonl(BufWriter<File>),
}

/// Writes the file and gives the number of its records.
pub fn export(dir: &Path, contents: Contents, format: Format, out: &Path, output: &Output) -> anyhow::Result<u64> {
    let mut reader = Reader::open(dir, contents)?;
    let bar = output.progress(Some(super::size(dir)), "bytes");
    let failed = || format!("{}: cannot be written", out.display());
    let (partial, file) = Partial::create(out)?;
    let mut writer = match format {
        Format::Parquet => Writer::Parquet(Box::new(ParquetWriter::new(file).with_context(failed)?)),
        Format::Jsonl => Writer::Jsonl(file),
    };
    let (mut records, mut bytes) = (0, 0);
    while let Some(record) = reader.next_record()? {
        match &mut writer {
            Writer::Parquet(writer) => writer.write(columns(&record)).with_context(failed)?,
            Writer::Jsonl(writer) => writeln!(writer, "{}", json(&record)).with_context(failed)?,
        }
        records += 1;
        bytes += 64 + record.payload().len() as u64;
        bar.set_position(bytes);
    }
    reader.prove_beginning()?;
    match writer {
        Writer::Parquet(writer) => writer.finish(&reader.end().head()).with_context(failed)?,
        Writer::Jsonl(mut writer) => writer.flush().with_context(failed)?,
    }
    partial.keep()?;
    bar.finish_and_clear();
    super::warn_of_torn(dir, &reader);
    Ok(records)
}

/// A record as one line of JSON.
pub fn json(record: &Record) -> serde_json::Value {
    let value = |value| match value {
        Value::Number(number) => number.into(),
        Value::Text(text) => text.into(),
        Value::Bytes(bytes) => hex(&bytes).into(),
    };
    serde_json::Value::Object(columns(record).into_iter().map(|(name, one)| (name.to_owned(), value(one))).collect())
}
