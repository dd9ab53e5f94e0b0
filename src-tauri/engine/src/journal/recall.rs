//! What a monitor must know of its life before the restart, out of rows. Pure.

use std::time::Duration;

use lamplighter_core::Phase;
use lamplighter_core::condition::Cause;
use lamplighter_core::entry::{EntryKind, EpisodeMark};
use lamplighter_core::monitor::Remembered;

use crate::ports::Row;

/// Reads `rows` of one workload, oldest first. `None` when none of them tells how its grant stood, or when the
/// workload was removed since.
#[must_use]
pub fn recall(rows: impl IntoIterator<Item = Row>) -> Option<Remembered> {
    let mut told: Option<(Phase, Option<Cause>, jiff::Timestamp)> = None;
    let mut episode = None;
    let mut last_success = None;
    for row in rows {
        if row.kind == EntryKind::Status && row.to == Some(Phase::Removing) {
            // What follows is another workload of the same name.
            (told, episode, last_success) = (None, None, None);
            continue;
        }
        if let Some(phase) = row.to.filter(|phase| row.kind == EntryKind::Status && tells(*phase)) {
            // A restart in between does not begin it anew.
            let since = told.as_ref().filter(|(before, ..)| *before == phase).map_or(row.time, |(.., since)| *since);
            told = Some((phase, row.reason_code.as_deref().map(Cause::from_code), since));
        }
        if succeeded(&row) {
            last_success = Some(row.time);
        }
        episode = mark(&row).or(episode);
    }
    told.map(|(phase, cause, since)| Remembered { phase, cause, since, episode, last_success })
}

/// Whether a workload in `phase` is known to have a grant or to lack one.
fn tells(phase: Phase) -> bool {
    match phase {
        Phase::Running
        | Phase::AuthRetrying
        | Phase::Unauthenticated
        | Phase::Unhealthy
        | Phase::Error
        | Phase::Unknown
        | Phase::PolicyStopped => true,
        Phase::Starting | Phase::Stopping | Phase::Stopped | Phase::Removing => false,
    }
}

/// Whether `row` tells of a refresh or sign-in that brought a grant.
fn succeeded(row: &Row) -> bool {
    match row.kind {
        EntryKind::Attempt => row.verdict.as_deref() == Some("ok"),
        EntryKind::Login => row.reason_code.as_deref() == Some("signed_in"),
        EntryKind::Status | EntryKind::Trigger | EntryKind::Notice | EntryKind::Store | EntryKind::Engine => false,
    }
}

fn mark(row: &Row) -> Option<EpisodeMark> {
    Some(EpisodeMark {
        number: row.episode?,
        started_at: row.episode_started_at?,
        spent: Duration::from_millis(row.episode_spent_ms?),
    })
}
