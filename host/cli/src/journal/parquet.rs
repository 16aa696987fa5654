//! Rows of named values as a Parquet file: a column of `COLUMNS` each, in row groups.
use super::fields::{COLUMNS, Type, Value};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use std::fs::File;
use std::io::BufWriter;
use std::sync::Arc;

/// Rows that collect in memory before they are written.
const GROUP_ROWS: usize = 1 << 16;

/// The values of a column that are not null, and which rows have one.
enum Column {
    Numbers { levels: Vec<i16>, values: Vec<i64> },
    Bytes { levels: Vec<i16>, values: Vec<ByteArray> },
}

impl Column {
    fn new(of: Type) -> Column {
        match of {
            Type::Number => Column::Numbers { levels: Vec::new(), values: Vec::new() },
            Type::Text | Type::Bytes => Column::Bytes { levels: Vec::new(), values: Vec::new() },
        }
    }

    /// A value of another type than the column's is a null; `every_field_has_its_column` keeps it from happening.
    fn push(&mut self, value: Option<Value>) {
        let before = self.count();
        match (&mut *self, value) {
            // Parquet has 64-bit integers with a sign; the logical type tells readers that these have none.
            (Column::Numbers { values, .. }, Some(Value::Number(number))) => values.push(number as i64),
            (Column::Bytes { values, .. }, Some(Value::Text(text))) => values.push(text.into_bytes().into()),
            (Column::Bytes { values, .. }, Some(Value::Bytes(bytes))) => values.push(bytes.into()),
            _ => {}
        }
        let level = i16::from(self.count() > before);
        let (Column::Numbers { levels, .. } | Column::Bytes { levels, .. }) = self;
        levels.push(level);
    }

    fn count(&self) -> usize {
        match self {
            Column::Numbers { values, .. } => values.len(),
            Column::Bytes { values, .. } => values.len(),
        }
    }
}

pub struct ParquetWriter {
    writer: SerializedFileWriter<BufWriter<File>>,
    columns: Vec<Column>,
    rows: usize,
}

impl ParquetWriter {
    pub fn new(file: BufWriter<File>) -> Result<ParquetWriter> {
        let fields: String = COLUMNS.iter().map(|(name, of)| format!("OPTIONAL {};\n", declaration(name, *of))).collect();
        let schema = parse_message_type(&format!("message record {{\n{fields}}}"))?;
        let compression = parquet::basic::Compression::SNAPPY;
        let properties = WriterProperties::builder().set_compression(compression).build();
        let writer = SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties))?;
        Ok(ParquetWriter { writer, columns: empty(), rows: 0 })
    }

    /// One row. Columns that it does not name are null.
    pub fn write(&mut self, mut row: Vec<(&'static str, Value)>) -> Result<()> {
        for ((name, _), column) in COLUMNS.iter().zip(&mut self.columns) {
            let at = row.iter().position(|(found, _)| found == name);
            column.push(at.map(|at| row.swap_remove(at).1));
        }
        self.rows += 1;
        if self.rows == GROUP_ROWS { self.write_group() } else { Ok(()) }
    }

    /// Writes what is left and the file's footer, with the chain's head in it.
    pub fn finish(mut self, head: &str) -> Result<()> {
        if self.rows > 0 {
            self.write_group()?;
        }
        self.writer.append_key_value_metadata(KeyValue::new("riposte.journal.head".to_owned(), head.to_owned()));
        // Closing does not hand on what a buffered writer fails to write when it is dropped.
        self.writer.finish()?;
        std::io::Write::flush(self.writer.inner_mut()).map_err(|error| ParquetError::External(Box::new(error)))
    }

    fn write_group(&mut self) -> Result<()> {
        let mut group = self.writer.next_row_group()?;
        for column in std::mem::replace(&mut self.columns, empty()) {
            let mut writer = group.next_column()?.ok_or_else(|| ParquetError::General("a column too many".to_owned()))?;
            match (writer.untyped(), column) {
                (ColumnWriter::Int64ColumnWriter(writer), Column::Numbers { levels, values }) => {
                    writer.write_batch(&values, Some(&levels), None)?;
                }
                (ColumnWriter::ByteArrayColumnWriter(writer), Column::Bytes { levels, values }) => {
                    writer.write_batch(&values, Some(&levels), None)?;
                }
                _ => return Err(ParquetError::General("a column of another type".to_owned())),
            }
            writer.close()?;
        }
        group.close()?;
        self.rows = 0;
        Ok(())
    }
}

fn empty() -> Vec<Column> {
    COLUMNS.iter().map(|(_, of)| Column::new(*of)).collect()
}

fn declaration(name: &str, of: Type) -> String {
    match of {
        Type::Number => format!("INT64 {name} (INTEGER(64,false))"),
        Type::Text => format!("BYTE_ARRAY {name} (STRING)"),
        Type::Bytes => format!("BYTE_ARRAY {name}"),
    }
}
