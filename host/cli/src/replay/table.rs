//! Plain tables for a terminal: columns as wide as their longest cell, numbers to the right.
use std::fmt;

/// Rows of text under a head.
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(head: &[&str]) -> Table {
        Table { rows: vec![head.iter().map(|&cell| cell.to_owned()).collect()] }
    }

    /// Adds a row; it has as many cells as the head.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        debug_assert_eq!(N, self.rows[0].len(), "one cell a column");
        self.rows.push(cells.into());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let columns = self.rows[0].len();
        let number = |cell: &str| cell.starts_with(|c: char| c.is_ascii_digit()) && !cell.contains(' ');
        let shape = |column: usize| {
            let width = self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
            let cells = &self.rows[1..];
            let right = !cells.is_empty() && cells.iter().all(|row| row[column] == "-" || number(&row[column]));
            (width, right)
        };
        let shapes: Vec<_> = (0..columns).map(shape).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, &(width, right)) in row.iter().zip(&shapes) {
                line += &if right { format!("{cell:>width$}  ") } else { format!("{cell:<width$}  ") };
            }
            writeln!(f, "  {}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn numbers_stand_right_and_text_left() {
        let mut table = Table::new(&["name", "count"]);
        table.row(["a".into(), "5".into()]);
        table.row(["longer".into(), "1000".into()]);
        assert_eq!(table.to_string(), "  name    count\n  a           5\n  longer   1000\n");
    }
}
