//! Tables, as the terminal and `BENCHMARKS.md` show them. Knows nothing of what was measured.

use std::fmt;
use std::io::Write;
use std::time::Duration;

/// All that was measured in one run.
pub(crate) struct Report {
    machine: String,
    tables: Vec<Table>,
}

/// Figures side by side, and what to think of them.
pub(crate) struct Table {
    title: String,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
    remarks: Vec<String>,
}

impl Report {
    pub(crate) fn new(machine: String) -> Self {
        Self { machine, tables: Vec::new() }
    }

    pub(crate) fn add(&mut self, tables: impl IntoIterator<Item = Table>) {
        self.tables.extend(tables);
    }
}

impl Table {
    pub(crate) fn new<const COLUMNS: usize>(title: &str, columns: [&str; COLUMNS]) -> Self {
        let columns = columns.map(str::to_owned).into();
        Self { title: title.to_owned(), columns, rows: Vec::new(), remarks: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// A sentence below the table.
    pub(crate) fn remark(&mut self, text: impl Into<String>) {
        self.remarks.push(text.into());
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "# Benchmarks\n\n{}\n", self.machine)?;
        for table in &self.tables {
            writeln!(out, "{table}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "## {}\n", self.title)?;
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells.chain(&self.columns[column..=column]).map(|cell| cell.chars().count()).max().unwrap_or(0)
            })
            .collect();
        line(out, &self.columns, &widths)?;
        let rule: Vec<String> = widths.iter().enumerate().map(|(column, width)| rule(column, *width)).collect();
        line(out, &rule, &widths)?;
        for row in &self.rows {
            line(out, row, &widths)?;
        }
        for remark in &self.remarks {
            writeln!(out, "\n{remark}")?;
        }
        Ok(())
    }
}

/// The first column is words, the others are figures.
fn rule(column: usize, width: usize) -> String {
    if column == 0 { "-".repeat(width) } else { format!("{}:", "-".repeat(width.saturating_sub(1))) }
}

fn line(out: &mut fmt::Formatter<'_>, cells: &[String], widths: &[usize]) -> fmt::Result {
    for (column, (cell, &width)) in cells.iter().zip(widths).enumerate() {
        if column == 0 {
            write!(out, "| {cell:<width$} ")?;
        } else {
            write!(out, "| {cell:>width$} ")?;
        }
    }
    writeln!(out, "|")
}

/// One line for the person who waits.
pub(crate) fn say(line: &str) {
    // Nobody watches any more: that ends nothing.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The one in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => values[count / 2],
        count => f64::midpoint(values[count / 2 - 1], values[count / 2]),
    }
}

/// In microseconds.
pub(crate) fn micros(span: Duration) -> f64 {
    span.as_secs_f64() * 1e6
}

/// How many times `other` there is in `one`.
#[expect(clippy::cast_precision_loss, reason = "what programs hold is far below 2^52 bytes")]
pub(crate) fn times(one: u64, other: u64) -> f64 {
    one as f64 / other as f64
}

/// In MiB, for people.
#[expect(clippy::cast_precision_loss, reason = "what programs hold is far below 2^52 bytes")]
pub(crate) fn mib(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// In KiB, for people.
#[expect(clippy::cast_precision_loss, reason = "what programs hold is far below 2^52 bytes")]
pub(crate) fn kib(bytes: u64) -> String {
    format!("{:.1} KiB", bytes as f64 / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_markdown_with_figures_to_the_right() {
        let mut table = Table::new("The hop", ["way", "p50"]);
        table.row(["direct".to_owned(), "9 µs".to_owned()]);
        table.row(["nginx".to_owned(), "120 µs".to_owned()]);
        table.remark("Less is better.");
        let expected = "## The hop\n\n| way    |    p50 |\n| ------ | -----: |\n| direct |   9 µs |\n| nginx  | 120 µs |\n\nLess is better.\n";
        assert_eq!(table.to_string(), expected);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!((median(vec![4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < f64::EPSILON);
    }
}
