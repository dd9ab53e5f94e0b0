//! What the doctor found, as people read it.

use lamplighter_engine::api::Check;

use super::table::{Cell, table};
use super::{Scene, Style};

/// What is well in a line each, what is not with what to do; a count at the end.
pub(crate) fn checks(checks: &[Check], scene: &Scene) -> String {
    let rows: Vec<Vec<Cell>> = checks.iter().map(line).collect();
    let amiss = checks.iter().filter(|check| !check.ok).count();
    let verdict = match amiss {
        0 => scene.paint("All is well.", Style::Good),
        1 => scene.paint("1 thing needs attention.", Style::Alarm),
        _ => scene.paint(&format!("{amiss} things need attention."), Style::Alarm),
    };
    format!("{}\n\n{verdict}", table(&rows, scene))
}

fn line(check: &Check) -> Vec<Cell> {
    let (shape, style) = if check.ok { ("✓", Style::Good) } else { ("✗", Style::Alarm) };
    let text = match check.remedy.as_ref().filter(|_| !check.ok) {
        Some(remedy) => format!("{} {remedy}", check.text),
        None => check.text.clone(),
    };
    vec![Cell::new(shape, style), Cell::plain(&check.title), Cell::plain(text)]
}
