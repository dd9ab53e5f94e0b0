//! A workload, and many of them, as people read them.

use lamplighter_core::condition::{Condition, Severity};
use lamplighter_core::config::GrantKind;
use lamplighter_core::status::Workload;
use lamplighter_core::{Phase, Snapshot};
use url::Url;

use super::table::{Cell, table};
use super::time::{clock, relative, since};
use super::{Scene, Style};
use crate::exit::ExitCode;

/// A state in shape and words; the colour only repeats them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) shape: &'static str,
    pub(crate) words: &'static str,
    pub(crate) style: Style,
}

impl Told {
    /// The state of `workload`.
    pub(crate) fn of(workload: &Workload) -> Self {
        if workload.status == Phase::Unauthenticated && workload.signing_in {
            return Self { shape: "!", words: "waiting for your browser", style: Style::Alarm };
        }
        if workload.status == Phase::Running && needs_more_access(workload) {
            return Self { shape: "!", words: "needs more access", style: Style::Alarm };
        }
        let (shape, words, style) = Self::phase(workload.status);
        let words = match (workload.status, workload.grant) {
            (Phase::Unauthenticated, GrantKind::ClientCredentials) => "not signed in",
            (Phase::Unauthenticated, GrantKind::Bearer) => "new token needed",
            (_, _) => words,
        };
        Self { shape, words, style }
    }

    fn phase(phase: Phase) -> (&'static str, &'static str, Style) {
        match phase {
            Phase::Starting => ("○", "starting", Style::Plain),
            Phase::Running => ("●", "running", Style::Good),
            Phase::AuthRetrying => ("↻", "trying again", Style::Warning),
            Phase::Unauthenticated => ("!", "sign-in needed", Style::Alarm),
            Phase::Unhealthy => ("⊘", "server out of reach", Style::Warning),
            Phase::Stopping => ("○", "stopping", Style::Faint),
            Phase::Stopped => ("○", "stopped", Style::Faint),
            Phase::Error => ("✗", "cannot run", Style::Alarm),
            Phase::Removing => ("○", "being removed", Style::Faint),
            Phase::Unknown => ("?", "unknown", Style::Plain),
            Phase::PolicyStopped => ("○", "stopped by policy", Style::Faint),
        }
    }

    /// The words for `phase` alone, whatever the workload's grant.
    pub(super) fn words(phase: Phase) -> &'static str {
        if phase == Phase::Unauthenticated { "needs you" } else { Self::phase(phase).1 }
    }
}

/// What a program learns from the state of `workload`.
pub(crate) fn exit_code(workload: &Workload) -> ExitCode {
    if workload.status == Phase::AuthRetrying {
        ExitCode::TryingAgain
    } else if needs_you(workload) {
        ExitCode::NeedsYou
    } else {
        ExitCode::Done
    }
}

fn needs_you(workload: &Workload) -> bool {
    workload.status == Phase::Unauthenticated || needs_more_access(workload)
}

fn needs_more_access(workload: &Workload) -> bool {
    workload.conditions.iter().any(|condition| condition.code == "needs_more_access")
}

/// What `list` shows without `--all`: everything that is not stopped.
pub(crate) fn shown(snapshot: Snapshot, all: bool) -> Snapshot {
    let workloads = snapshot.workloads.into_iter().filter(|workload| all || !stopped(workload)).collect();
    Snapshot { workloads, ..snapshot }
}

fn stopped(workload: &Workload) -> bool {
    matches!(workload.status, Phase::Stopped | Phase::PolicyStopped)
}

/// A table of workloads; below it, what concerns all of them, what is asked of the person, and how many more `--all` would show.
pub(crate) fn list(snapshot: &Snapshot, hidden: usize, scene: &Scene) -> String {
    let mut parts = Vec::new();
    if !snapshot.workloads.is_empty() {
        let rows: Vec<Vec<Cell>> = snapshot.workloads.iter().map(|workload| line(workload, scene)).collect();
        parts.push(table(&rows, scene));
    }
    let shared = snapshot.conditions.iter().filter(|condition| condition.severity >= Severity::Warning);
    let shared: Vec<Vec<Cell>> = shared
        .map(|Condition { title, text, remedy, .. }| {
            vec![Cell::new(format!("! {title}"), Style::Warning), Cell::plain(format!("{text} {remedy}"))]
        })
        .collect();
    if !shared.is_empty() {
        parts.push(table(&shared, scene));
    }
    let asks = snapshot.workloads.iter().filter(|workload| needs_you(workload) && !workload.signing_in);
    let asks: Vec<Vec<Cell>> = asks
        .filter_map(|workload| {
            let remedy = workload.remedy.clone()?;
            Some(vec![Cell::new(format!("! {}", workload.name), Style::Alarm), Cell::plain(remedy)])
        })
        .collect();
    if !asks.is_empty() {
        parts.push(table(&asks, scene));
    }
    match hidden {
        0 if parts.is_empty() => parts.push("no workloads yet: add one with `lamplighter add NAME URL`".to_owned()),
        0 => {}
        1 => parts.push(scene.paint("1 is stopped: `lamplighter list --all` shows it", Style::Faint)),
        _ => {
            parts
                .push(scene.paint(&format!("{hidden} are stopped: `lamplighter list --all` shows them"), Style::Faint));
        }
    }
    parts.join("\n\n")
}

fn line(workload: &Workload, scene: &Scene) -> Vec<Cell> {
    let told = Told::of(workload);
    let about = match (&workload.reason, workload.status) {
        (Some(reason), Phase::AuthRetrying | Phase::Unauthenticated | Phase::Unhealthy | Phase::Error) => {
            reason.clone()
        }
        (_, _) => server(workload),
    };
    vec![
        Cell::new(told.shape, told.style),
        Cell::new(&workload.name, Style::Bold),
        Cell::new(told.words, told.style),
        Cell::plain(next(workload, scene).unwrap_or_default()),
        Cell::new(about, Style::Faint),
    ]
}

/// Which server it is, and who is signed in there.
fn server(workload: &Workload) -> String {
    let authority = Url::parse(&workload.url).map(|url| url.authority().to_owned());
    let host = authority.unwrap_or_else(|_| workload.url.clone());
    match &workload.account {
        Some(account) => format!("{host} · {account}"),
        None => host,
    }
}

/// What happens next by itself, and when.
fn next(workload: &Workload, scene: &Scene) -> Option<String> {
    let at = workload.next_attempt_at.map(|time| relative(time, scene));
    match workload.status {
        Phase::AuthRetrying => at.map(|at| format!("next try {at}")),
        Phase::Unhealthy => at.map(|at| format!("looked for {at}")),
        Phase::Running | Phase::Starting => at
            .map(|at| format!("renews {at}"))
            .or_else(|| workload.expires_at.map(|expiry| format!("expires {}", relative(expiry, scene)))),
        Phase::Unauthenticated
        | Phase::Stopping
        | Phase::Stopped
        | Phase::Error
        | Phase::Removing
        | Phase::Unknown
        | Phase::PolicyStopped => None,
    }
}

/// Everything about one workload.
pub(crate) fn status(workload: &Workload, scene: &Scene) -> String {
    let told = Told::of(workload);
    let shape = scene.paint(told.shape, told.style);
    let words = scene.paint(told.words, told.style);
    let name = scene.paint(&workload.name, Style::Bold);
    let head = format!("{shape} {name}: {words}, for {}", since(workload.since, scene));
    let both = |time| format!("{} ({})", relative(time, scene), clock(time, scene));
    let lines = [
        ("why", reason(workload)),
        ("next", next(workload, scene)),
        ("gives up", workload.ends_at.map(both)),
        ("token expires", workload.expires_at.map(both)),
        ("last renewed", workload.last_success_at.map(both)),
        ("signed in as", workload.account.clone()),
        ("sign-in server", workload.issuer.clone()),
        ("server", Some(workload.url.clone())),
        ("endpoint", Some(workload.endpoint.clone())),
        ("do", workload.remedy.clone()),
    ];
    let rows: Vec<Vec<Cell>> = lines
        .into_iter()
        .filter_map(|(label, text)| Some(vec![Cell::plain(""), Cell::new(label, Style::Faint), Cell::plain(text?)]))
        .collect();
    let mut parts = vec![format!("{head}\n{}", table(&rows, scene))];
    if !workload.conditions.is_empty() {
        let rows: Vec<Vec<Cell>> = workload.conditions.iter().map(condition).collect();
        parts.push(table(&rows, scene));
    }
    parts.join("\n\n")
}

fn reason(workload: &Workload) -> Option<String> {
    let reason = workload.reason.as_ref()?;
    Some(match &workload.reason_code {
        Some(code) => format!("{reason} ({code})"),
        None => reason.clone(),
    })
}

fn condition(condition: &Condition) -> Vec<Cell> {
    let (shape, style) = match condition.severity {
        Severity::Info => ("i", Style::Plain),
        Severity::Warning => ("△", Style::Warning),
        Severity::Error => ("!", Style::Alarm),
    };
    let text = format!("{} {}", condition.text, condition.remedy);
    vec![Cell::new(shape, style), Cell::new(&condition.title, style), Cell::plain(text.trim_end())]
}
