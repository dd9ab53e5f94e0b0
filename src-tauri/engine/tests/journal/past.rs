//! What is asked of the journal for the last day.

use std::time::Duration;

use jiff::SignedDuration;
use lamplighter_core::Phase;
use lamplighter_core::entry::EntryKind;
use lamplighter_engine::ports::{Clock as _, Row};

use super::{Desk, entry, status};

fn engine(desk: &Desk, code: &str) -> Row {
    desk.row("", entry(EntryKind::Engine).saying(code, code))
}

/// Rows in short.
fn told(rows: &[Row]) -> Vec<String> {
    let word = |row: &Row| {
        let what = row.to.map(|to| format!("{to:?}")).or_else(|| row.reason_code.clone()).unwrap_or_default();
        format!("{} {what}", row.workload)
    };
    rows.iter().map(word).collect()
}

#[tokio::test]
async fn what_tells_of_a_day_is_found_and_nothing_else() {
    let desk = Desk::new();
    let journal = desk.open();
    let hours = |hours| desk.clock.advance(Duration::from_hours(hours));
    journal.append(engine(&desk, "engine_started"));
    journal.append(desk.row("a", status(Phase::Stopped, Phase::Starting)));
    journal.append(desk.row("b", status(Phase::Stopped, Phase::Starting)));
    hours(1);
    journal.append(desk.row("a", status(Phase::Starting, Phase::Running)));
    journal.append(desk.row("gone", status(Phase::Stopped, Phase::Running)));
    journal.append(desk.said("asked"));
    hours(30);
    let from = desk.clock.now().wall - SignedDuration::from_hours(24);
    journal.append(desk.row("b", status(Phase::Starting, Phase::Running)));
    journal.append(desk.said("asked"));
    journal.append(desk.said("the last before it was killed"));
    hours(1);
    journal.append(engine(&desk, "engine_started"));
    journal.append(desk.row("a", status(Phase::Stopped, Phase::Starting)));
    journal.append(engine(&desk, "engine_stopped"));

    let names = ["a".to_owned(), "b".to_owned(), "never".to_owned()];
    let rows = journal.past(&names, from).await.unwrap();
    let expected = [
        " engine_started",
        "b Starting",
        "a Running",
        "b Running",
        "linear ",
        " engine_started",
        "a Starting",
        " engine_stopped",
    ];
    assert_eq!(told(&rows), expected);
    assert_eq!(rows[4].reason.as_deref(), Some("the last before it was killed"));
    assert!(rows.is_sorted_by_key(|row| row.id));
}

#[tokio::test]
async fn rows_that_wait_for_the_disk_tell_too() {
    let desk = Desk::new();
    std::fs::create_dir(desk.file()).unwrap();
    let journal = desk.open();
    journal.append(desk.row("a", status(Phase::Stopped, Phase::Starting)));
    journal.flush().await;
    assert!(journal.trouble().is_some());
    let rows = journal.past(&["a".to_owned()], desk.clock.now().wall).await.unwrap();
    assert_eq!(told(&rows), ["a Starting"]);
}
