//! What the lines of the menu say, and when the next of them reads differently.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lamplighter_core::condition::{Condition, Severity, capitalised, lacking};
use lamplighter_core::config::GrantKind;
use lamplighter_core::status::Workload;
use lamplighter_core::{Phase, Snapshot};

use super::{problems_first, shown};
use crate::tray::lamp::Lamp;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
/// From here on, time is told in hours.
const LONG: i64 = 2 * HOUR;

/// The first line: how it stands with all of them.
pub(super) fn status(snapshot: &Snapshot) -> String {
    if let Some(condition) = of_all(snapshot) {
        return condition.title.clone();
    }
    let lamp = Lamp::of_all(snapshot);
    let worst: Vec<_> = problems_first(snapshot).into_iter().filter(|workload| Lamp::of(workload) == lamp).collect();
    match (lamp, worst.as_slice()) {
        (Lamp::NeedsYou, [only]) => asks(only),
        (Lamp::NeedsYou, _) => format!("{} need you", count(worst.len(), "server")),
        (Lamp::Offline, _) => "Offline: waiting for the network".to_owned(),
        (Lamp::Retrying, [only]) => format!("Trying again: {}", only.name),
        (Lamp::Retrying, _) => format!("Trying again: {}", count(worst.len(), "server")),
        (Lamp::Lit, _) => format!("All is well: {}", of_those_running(worst.len())),
        (Lamp::Unlit, []) => "No servers yet".to_owned(),
        (Lamp::Unlit, _) if worst.iter().any(|workload| workload.status == Phase::Starting) => "Starting".to_owned(),
        (Lamp::Unlit, _) => "All servers are stopped".to_owned(),
    }
}

/// What is wrong with all of them at once, and asks for the person.
pub(super) fn of_all(snapshot: &Snapshot) -> Option<&Condition> {
    snapshot.conditions.iter().find(|condition| condition.severity == Severity::Error)
}

/// What `workload` asks of the person.
fn asks(workload: &Workload) -> String {
    let name = &workload.name;
    if workload.signing_in {
        return format!("{name} waits for your browser");
    }
    match (workload.status, error_of(workload)) {
        (Phase::Unauthenticated, _) => format!("{name} {}", lacking(workload.grant)),
        (_, Some(title)) => format!("{name}: {}", in_a_sentence(title)),
        (_, None) => format!("{name} cannot run"),
    }
}

/// The line of `workload`: its mark, its name, how it stands and when it is tried next.
pub(super) fn standing(workload: &Workload, now: Timestamp) -> String {
    let mark = match Lamp::of(workload) {
        Lamp::NeedsYou => "!",
        Lamp::Retrying | Lamp::Offline => "~",
        Lamp::Lit => "●",
        Lamp::Unlit => "○",
    };
    format!("{mark} {} — {}", workload.name, state(workload, now))
}

fn state(workload: &Workload, now: Timestamp) -> String {
    if workload.signing_in {
        return "waiting for your browser…".to_owned();
    }
    let state = match workload.status {
        Phase::Starting => "starting",
        Phase::Running => "running",
        Phase::AuthRetrying => return next_try(workload, now),
        Phase::Unauthenticated => match workload.grant {
            GrantKind::AuthorizationCode => "sign-in needed",
            GrantKind::ClientCredentials => "not signed in",
            GrantKind::Bearer => "new token needed",
        },
        Phase::Unhealthy if counts_down(workload) => return format!("out of reach, {}", next_try(workload, now)),
        Phase::Unhealthy => "out of reach",
        Phase::Stopping => "stopping",
        Phase::Stopped => "stopped",
        Phase::Error => "cannot run",
        Phase::Removing => "being removed",
        Phase::Unknown => "not known yet",
        Phase::PolicyStopped => "stopped by policy",
    };
    match error_of(workload) {
        Some(title) if workload.status != Phase::Unauthenticated => in_a_sentence(title),
        _ => state.to_owned(),
    }
}

/// Why `workload` is as it is, in a sentence; nothing where all is well.
pub(super) fn note(workload: &Workload) -> Option<String> {
    let worst = workload.conditions.iter().rev().max_by_key(|condition| condition.severity);
    match (&workload.reason, worst) {
        (Some(reason), _) => Some(format!("{}.", capitalised(reason))),
        (None, Some(condition)) => Some(condition.text.clone()),
        (None, None) => None,
    }
}

/// The title of what asks for the person.
fn error_of(workload: &Workload) -> Option<&str> {
    let worst = workload.conditions.iter().find(|condition| condition.severity == Severity::Error);
    worst.map(|condition| condition.title.as_str())
}

/// Whether the line of `workload` tells when it is tried next: where that is what is waited for.
fn counts_down(workload: &Workload) -> bool {
    let waits =
        workload.status == Phase::AuthRetrying || (workload.status == Phase::Unhealthy && error_of(workload).is_none());
    waits && !workload.signing_in
}

fn next_try(workload: &Workload, now: Timestamp) -> String {
    match workload.next_attempt_at.map(|at| seconds_until(at, now)) {
        None | Some(..=0) => "trying now".to_owned(),
        Some(..=MINUTE) => "next try in a minute".to_owned(),
        Some(left @ ..=LONG) => format!("next try in {} min", covering(left, MINUTE)),
        Some(left) => format!("next try in {} h", covering(left, HOUR)),
    }
}

/// When a line of the menu of `snapshot` reads differently from how it reads at `now`, if nothing happens until then.
#[must_use]
pub(crate) fn changes_at(snapshot: &Snapshot, now: Timestamp) -> Option<Timestamp> {
    let counting = shown(snapshot).filter(|workload| counts_down(workload));
    counting.filter_map(|workload| next_change(workload.next_attempt_at?, now)).min()
}

fn next_change(attempt: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let left = seconds_until(attempt, now);
    if left <= 0 {
        return None;
    }
    // The last minute is one text.
    let unit = if left <= LONG { MINUTE } else { HOUR };
    let before = (covering(left, unit) - 1) * unit;
    attempt.checked_sub(Duration::from_secs(before.unsigned_abs())).ok()
}

/// Whole seconds, begun ones included.
fn seconds_until(at: Timestamp, now: Timestamp) -> i64 {
    let left = at.duration_since(now);
    left.as_secs() + i64::from(left > SignedDuration::from_secs(left.as_secs()))
}

/// How many of `unit` cover `seconds`: what is left is never said to be less than it is.
const fn covering(seconds: i64, unit: i64) -> i64 {
    (seconds + unit - 1) / unit
}

/// `3 servers`.
pub(super) fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

fn of_those_running(number: usize) -> String {
    if number == 1 { "1 server runs".to_owned() } else { format!("{number} servers run") }
}

/// `title` with a small letter at its beginning, to stand after a colon.
fn in_a_sentence(title: &str) -> String {
    let mut characters = title.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}
