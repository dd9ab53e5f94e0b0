//! What is said about things, as pure functions from values to text. Reads no clock and writes nowhere.

mod added;
mod check;
mod row;
mod style;
mod table;
mod time;
mod workload;

pub(crate) use added::added;
pub(crate) use check::checks;
pub(crate) use row::row;
pub(crate) use style::Style;
pub(crate) use time::span;
pub(crate) use workload::{Told, exit_code, list, shown, status};

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// What a view depends on besides what it shows.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    /// The wall-clock time.
    pub(crate) now: Timestamp,
    /// The zone of the person.
    pub(crate) zone: TimeZone,
    /// Columns to stay within, where there is a limit.
    pub(crate) width: Option<usize>,
    /// Whether colours are shown.
    pub(crate) colour: bool,
}

impl Scene {
    /// `text` in `style`, where colours are shown.
    fn paint(&self, text: &str, style: Style) -> String {
        if self.colour { style.paint(text) } else { text.to_owned() }
    }
}

/// `1 workload`, `2 workloads`.
pub(crate) fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
