//! The tray's menu as a value. Pure: a snapshot and a time in, entries out; compared before anything is drawn.
//!
//! All that a person needs is here, since not every desktop shows a tooltip or takes a left click.

mod lines;

#[cfg(target_os = "linux")]
use std::iter;

use jiff::Timestamp;
use lamplighter_core::config::GrantKind;
use lamplighter_core::status::Workload;
use lamplighter_core::{Phase, Snapshot};

use self::lines::{count, note, of_all, standing, status};
use crate::order::Order;
use crate::tray::lamp::Lamp;

pub(crate) use self::lines::changes_at;

/// As many workloads are shown at most.
const SHOWN: usize = 10;

/// The whole menu, from its first entry to Quit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Menu {
    /// From the top down.
    pub(crate) entries: Vec<Entry>,
}

/// One line of the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Says something.
    Line(String),
    /// Does something.
    Button {
        /// What it says.
        text: String,
        /// What it does.
        order: Order,
    },
    /// Leads to further entries.
    Submenu {
        /// What it says.
        text: String,
        /// Where it leads.
        entries: Vec<Entry>,
    },
    /// Keeps what is above apart from what is below.
    Separator,
}

impl Menu {
    /// The menu of `snapshot` as it reads at `now`.
    #[must_use]
    pub(crate) fn of(snapshot: &Snapshot, now: Timestamp) -> Self {
        let sorted = problems_first(snapshot);
        let mut entries = vec![Entry::Line(status(snapshot))];
        entries.extend(what_matters(snapshot));
        entries.push(Entry::Separator);
        if !sorted.is_empty() {
            entries.extend(
                sorted
                    .iter()
                    .take(SHOWN)
                    .map(|workload| Entry::Submenu { text: standing(workload, now), entries: choices(workload) }),
            );
            if sorted.len() > SHOWN {
                entries.push(button(format!("More… ({} in all)", sorted.len()), Order::Open(None)));
            }
            entries.push(Entry::Separator);
        }
        entries.extend([
            button("Add server…", Order::AddServer),
            button("Open Lamplighter", Order::Open(None)),
            button("Settings…", Order::Settings),
            Entry::Separator,
            button(quit(snapshot), Order::Quit),
        ]);
        Self { entries }
    }

    /// What a press of each entry does, from the top down, what a submenu holds behind it. Linux draws the entries by
    /// their places: they must not be pressed any more once this has changed.
    #[cfg(target_os = "linux")]
    #[must_use]
    pub(crate) fn orders(&self) -> Vec<Option<&Order>> {
        self.entries.iter().flat_map(Entry::orders).collect()
    }
}

impl Entry {
    /// What it says; nothing where it only keeps others apart.
    #[must_use]
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Line(text) | Self::Button { text, .. } | Self::Submenu { text, .. } => text,
            Self::Separator => "",
        }
    }

    #[cfg(target_os = "linux")]
    fn orders(&self) -> Vec<Option<&Order>> {
        match self {
            Self::Button { order, .. } => vec![Some(order)],
            Self::Submenu { entries, .. } => iter::once(None).chain(entries.iter().flat_map(Self::orders)).collect(),
            Self::Line(_) | Self::Separator => vec![None],
        }
    }
}

/// The workloads, those with the worst problem first; the person's own order within.
fn problems_first(snapshot: &Snapshot) -> Vec<&Workload> {
    let mut workloads: Vec<_> = snapshot.workloads.iter().collect();
    workloads.sort_by_key(|workload| std::cmp::Reverse(Lamp::of(workload)));
    workloads
}

/// The workloads that [`Menu::of`] shows of `snapshot`.
fn shown(snapshot: &Snapshot) -> impl Iterator<Item = &Workload> {
    problems_first(snapshot).into_iter().take(SHOWN)
}

/// The one action that matters, where one does.
fn what_matters(snapshot: &Snapshot) -> Option<Entry> {
    if of_all(snapshot).is_some() {
        // No single sign-in helps where something stands against all of them.
        return retry_of(snapshot);
    }
    let mut asking = snapshot.workloads.iter().filter(|workload| Lamp::of(workload) == Lamp::NeedsYou);
    // Whoever waits for the browser has been answered already, as far as that can be done here.
    if let Some(workload) = asking.clone().find(|workload| !workload.signing_in).or_else(|| asking.next()) {
        let name = &workload.name;
        return Some(match (workload.grant, workload.status) {
            _ if workload.signing_in => {
                button(format!("Cancel signing in to {name}"), Order::CancelSignIn(name.clone()))
            }
            (_, Phase::Error) | (GrantKind::Bearer, _) => {
                button(format!("Show {name}…"), Order::Open(Some(name.clone())))
            }
            (GrantKind::AuthorizationCode, _) => button(format!("Sign in to {name}…"), Order::SignIn(name.clone())),
            (GrantKind::ClientCredentials, _) => button(format!("Try {name} now"), Order::Retry(name.clone())),
        });
    }
    retry_of(snapshot)
}

/// One try of everything that does not work.
fn retry_of(snapshot: &Snapshot) -> Option<Entry> {
    let waiting: Vec<_> = snapshot.workloads.iter().filter(|workload| may_be_retried(workload)).collect();
    match waiting.as_slice() {
        [] => None,
        [only] => Some(button(format!("Try {} now", only.name), Order::Retry(only.name.clone()))),
        _ => Some(button(format!("Try all {} now", waiting.len()), Order::RetryAll)),
    }
}

/// Whether `workload` does not work and a try may change that.
#[must_use]
pub(crate) fn may_be_retried(workload: &Workload) -> bool {
    is_live(workload.status) && !matches!(Lamp::of(workload), Lamp::Lit | Lamp::Unlit)
}

/// What can be done about one workload.
fn choices(workload: &Workload) -> Vec<Entry> {
    let name = || workload.name.clone();
    let mut entries: Vec<_> = note(workload).map(Entry::Line).into_iter().collect();
    let well = workload.status == Phase::Running && workload.conditions.is_empty();
    let live = is_live(workload.status);
    if workload.signing_in {
        entries.push(button("Cancel", Order::CancelSignIn(name())));
    } else if live && !well && workload.grant == GrantKind::AuthorizationCode {
        entries.push(button("Sign in…", Order::SignIn(name())));
    }
    if live && !well {
        entries.push(button("Try now", Order::Retry(name())));
    }
    entries.push(button("Copy address", Order::CopyAddress(name())));
    match workload.status {
        Phase::Stopped => entries.push(button("Start", Order::Start(name()))),
        Phase::Starting
        | Phase::Running
        | Phase::AuthRetrying
        | Phase::Unauthenticated
        | Phase::Unhealthy
        | Phase::Error => entries.push(button("Stop", Order::Stop(name()))),
        Phase::Stopping | Phase::Removing | Phase::Unknown | Phase::PolicyStopped => {}
    }
    entries
}

/// Quit, worded by what it does.
fn quit(snapshot: &Snapshot) -> String {
    match snapshot.workloads.iter().filter(|workload| is_live(workload.status)).count() {
        0 => "Quit".to_owned(),
        lost => format!("Quit (clients lose {})", count(lost, "server")),
    }
}

/// Whether a workload in this phase serves clients, or would as soon as it can.
const fn is_live(phase: Phase) -> bool {
    match phase {
        Phase::Starting | Phase::Running | Phase::AuthRetrying | Phase::Unauthenticated | Phase::Unhealthy => true,
        Phase::Stopping | Phase::Stopped | Phase::Error | Phase::Removing | Phase::Unknown | Phase::PolicyStopped => {
            false
        }
    }
}

fn button(text: impl Into<String>, order: Order) -> Entry {
    Entry::Button { text: text.into(), order }
}

#[cfg(test)]
mod tests;
