//! A row of the journal as people read it.

use lamplighter_core::entry::EntryKind;
use lamplighter_engine::ports::Row;

use super::time::stamp;
use super::workload::Told;
use super::{Scene, Style};

/// One line: when, which workload, what, why.
pub(crate) fn row(row: &Row, scene: &Scene) -> String {
    let time = scene.paint(&stamp(row.time, scene), Style::Faint);
    let name = match row.workload.as_str() {
        "" => String::new(),
        name => scene.paint(name, Style::Bold) + "  ",
    };
    let mut what = what(row);
    if let Some(reason) = &row.reason {
        what = format!("{what}: {reason}");
    }
    if let Some(detail) = row.detail.as_ref().filter(|detail| !detail.is_empty()) {
        what = format!("{what} ({detail})");
    }
    format!("{time}  {name}{}", scene.paint(&what, style(row)))
}

fn what(row: &Row) -> String {
    match row.kind {
        EntryKind::Status => match (row.from, row.to) {
            (Some(from), Some(to)) => format!("{} → {}", Told::words(from), Told::words(to)),
            (None, Some(to)) => Told::words(to).to_owned(),
            (_, None) => "status".to_owned(),
        },
        EntryKind::Attempt => {
            let how = match row.verdict.as_deref() {
                Some("ok") => "refreshed".to_owned(),
                Some("transient") => "refresh failed, will try again".to_owned(),
                Some("permanent") => "refresh refused for good".to_owned(),
                Some(_) | None => "refresh".to_owned(),
            };
            match row.http_status {
                Some(status) => format!("{how}, HTTP {status}"),
                None => how,
            }
        }
        EntryKind::Trigger => "trigger".to_owned(),
        EntryKind::Login => "sign-in".to_owned(),
        EntryKind::Notice => "notice".to_owned(),
        EntryKind::Store => "secret store".to_owned(),
        EntryKind::Engine => "engine".to_owned(),
    }
}

fn style(row: &Row) -> Style {
    match (row.verdict.as_deref(), row.to) {
        (Some("transient"), _) | (_, Some(lamplighter_core::Phase::AuthRetrying)) => Style::Warning,
        (Some("permanent"), _) | (_, Some(lamplighter_core::Phase::Unauthenticated)) => Style::Alarm,
        (Some("ok"), _) | (_, Some(lamplighter_core::Phase::Running)) => Style::Good,
        (_, _) => Style::Plain,
    }
}
