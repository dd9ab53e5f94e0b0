//! Columns that line up, and lines that stay within the terminal.

use unicode_width::UnicodeWidthStr;

use super::{Scene, Style};

/// A piece of text in a style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) style: Style,
}

impl Cell {
    pub(super) fn new(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style }
    }

    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self::new(text, Style::Plain)
    }
}

/// Rows in columns two blanks apart. Where the terminal is too narrow the last column is wrapped, and stays a column.
pub(super) fn table(rows: &[Vec<Cell>], scene: &Scene) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.text.width()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let lines = rows.iter().flat_map(|row| lines(row, &widths, scene));
    lines.collect::<Vec<_>>().join("\n")
}

fn lines(row: &[Cell], widths: &[usize], scene: &Scene) -> Vec<String> {
    let Some((last, head)) = row.split_last() else { return vec![String::new()] };
    let mut line = String::new();
    for (cell, width) in head.iter().zip(widths) {
        line.push_str(&scene.paint(&cell.text, cell.style));
        line.push_str(&" ".repeat(width.saturating_sub(cell.text.width()) + 2));
    }
    let indent: usize = widths.iter().take(head.len()).map(|width| width + 2).sum();
    let pieces = wrap(&last.text, scene.width.map(|width| width.saturating_sub(indent)));
    let blank = " ".repeat(indent);
    let painted = pieces.iter().enumerate().map(|(number, piece)| {
        let start = if number == 0 { &line } else { &blank };
        format!("{start}{}", scene.paint(piece, last.style)).trim_end().to_owned()
    });
    painted.collect()
}

/// `text` in lines of at most `width` columns, broken at blanks; a longer word keeps a line to itself.
pub(super) fn wrap(text: &str, width: Option<usize>) -> Vec<String> {
    /// Below this, wrapping does more harm than the terminal's own.
    const NARROWEST: usize = 20;
    let Some(width) = width.filter(|width| *width >= NARROWEST) else { return vec![text.to_owned()] };
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.width() + 1 + word.width() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    use super::*;

    fn scene(width: Option<usize>, colour: bool) -> Scene {
        Scene { now: Timestamp::UNIX_EPOCH, zone: TimeZone::UTC, width, colour }
    }

    fn row(cells: &[&str]) -> Vec<Cell> {
        cells.iter().map(|text| Cell::plain(*text)).collect()
    }

    #[test]
    fn columns_line_up_by_what_is_seen_not_by_bytes() {
        let rows = [row(&["●", "linear", "running"]), row(&["!", "日本", "sign-in needed"])];
        assert_eq!(table(&rows, &scene(None, false)), "●  linear  running\n!  日本    sign-in needed");
    }

    #[test]
    fn the_last_column_wraps_within_the_terminal() {
        let rows = [row(&["linear", "the sign-in server answered with a web page"])];
        let shown = table(&rows, &scene(Some(34), false));
        assert_eq!(shown, "linear  the sign-in server\n        answered with a web page");
    }

    #[test]
    fn nothing_wraps_where_the_output_is_no_terminal() {
        let rows = [row(&["a", &"word ".repeat(100)])];
        assert_eq!(table(&rows, &scene(None, false)).lines().count(), 1);
    }

    #[test]
    fn colours_do_not_move_columns() {
        let rows = [vec![Cell::new("ab", Style::Good), Cell::plain("c")], vec![Cell::plain("abc"), Cell::plain("d")]];
        assert_eq!(table(&rows, &scene(None, true)), "\u{1b}[32mab\u{1b}[0m   c\nabc  d");
    }
}
