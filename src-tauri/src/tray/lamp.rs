//! The lamp in the tray: five shapes, and which of them a snapshot lights. Pure; draws nothing.

use lamplighter_core::condition::Severity;
use lamplighter_core::status::Workload;
use lamplighter_core::{Phase, Snapshot};

/// What the lamp says at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lamp {
    /// Hollow: nothing runs, or nothing runs yet.
    Unlit,
    /// Lit: all is well.
    Lit,
    /// With arrows: something fails and is tried again.
    Retrying,
    /// With a slash: this machine has no way to the network. A lamp of all, never of one.
    Offline,
    /// With an exclamation mark: something is asked of the person.
    NeedsYou,
}

impl Lamp {
    /// The lamp of all: problems decide, the one that asks most of the person first.
    #[must_use]
    pub(crate) fn of_all(snapshot: &Snapshot) -> Self {
        let asks = snapshot.conditions.iter().any(|condition| condition.severity == Severity::Error);
        let offline = snapshot.conditions.iter().any(|condition| condition.code == "offline");
        let worst = snapshot.workloads.iter().map(Self::of).max().unwrap_or(Self::Unlit);
        match worst {
            _ if asks => Self::NeedsYou,
            Self::Retrying if offline => Self::Offline,
            Self::Unlit | Self::Lit | Self::Retrying | Self::Offline | Self::NeedsYou => worst,
        }
    }

    /// The lamp of one workload.
    #[must_use]
    pub(crate) fn of(workload: &Workload) -> Self {
        let asks = workload.conditions.iter().any(|condition| condition.severity == Severity::Error);
        match workload.status {
            Phase::Unauthenticated | Phase::Error => Self::NeedsYou,
            Phase::Starting | Phase::Running | Phase::AuthRetrying | Phase::Unhealthy if asks => Self::NeedsYou,
            Phase::AuthRetrying | Phase::Unhealthy => Self::Retrying,
            Phase::Running => Self::Lit,
            Phase::Starting
            | Phase::Stopping
            | Phase::Stopped
            | Phase::Removing
            | Phase::Unknown
            | Phase::PolicyStopped => Self::Unlit,
        }
    }
}

/// What names its pictures where panels fetch them as files.
#[cfg(target_os = "linux")]
impl Lamp {
    /// Every one.
    pub(crate) const ALL: [Self; 5] = [Self::Unlit, Self::Lit, Self::Retrying, Self::Offline, Self::NeedsYou];

    /// A word for it, as in the names of its pictures.
    #[must_use]
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Unlit => "unlit",
            Self::Lit => "lit",
            Self::Retrying => "retrying",
            Self::Offline => "offline",
            Self::NeedsYou => "needs-you",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tray::samples::{condition, snapshot, workload};

    #[test]
    fn nothing_that_runs_leaves_it_unlit() {
        assert_eq!(Lamp::of_all(&snapshot([])), Lamp::Unlit);
        for phase in [Phase::Starting, Phase::Stopping, Phase::Stopped, Phase::PolicyStopped] {
            assert_eq!(Lamp::of_all(&snapshot([workload("notion", phase)])), Lamp::Unlit, "{phase:?}");
        }
    }

    #[test]
    fn one_that_runs_lights_it_whatever_is_stopped_beside_it() {
        let all = snapshot([workload("notion", Phase::Running), workload("linear", Phase::Stopped)]);
        assert_eq!(Lamp::of_all(&all), Lamp::Lit);
    }

    #[test]
    fn the_problem_that_asks_most_decides() {
        let well = workload("notion", Phase::Running);
        let retrying = workload("sentry", Phase::AuthRetrying);
        let signed_out = workload("linear", Phase::Unauthenticated);
        let lamp = |workloads: &[&Workload]| Lamp::of_all(&snapshot(workloads.iter().copied().cloned()));
        assert_eq!(lamp(&[&well, &retrying]), Lamp::Retrying);
        assert_eq!(lamp(&[&signed_out, &retrying, &well]), Lamp::NeedsYou);
    }

    #[test]
    fn it_is_slashed_only_where_the_machine_is_offline() {
        let unresolved = |name| {
            let mut workload = workload(name, Phase::AuthRetrying);
            workload.reason_code = Some("dns".to_owned());
            workload.conditions.push(condition("offline", Severity::Warning));
            workload
        };
        let lamp = |workloads: &[Workload]| Lamp::of_all(&Snapshot::new(workloads.to_vec(), &[]));
        let behind_a_vpn = unresolved("internal");
        assert_eq!(lamp(&[behind_a_vpn.clone(), workload("notion", Phase::Running)]), Lamp::Retrying);
        assert_eq!(lamp(&[behind_a_vpn.clone(), unresolved("notion")]), Lamp::Offline);
        assert_eq!(lamp(&[behind_a_vpn, workload("notion", Phase::Unauthenticated)]), Lamp::NeedsYou);
        let mut all = snapshot([workload("notion", Phase::Running)]);
        all.conditions.push(condition("offline", Severity::Warning));
        assert_eq!(Lamp::of_all(&all), Lamp::Lit, "whoever has a good token runs on");
    }

    #[test]
    fn a_condition_asks_only_where_it_is_an_error() {
        let mut notion = workload("notion", Phase::Running);
        notion.conditions.push(condition("clock_skewed", Severity::Warning));
        assert_eq!(Lamp::of_all(&snapshot([notion.clone()])), Lamp::Lit);
        notion.conditions.push(condition("needs_more_access", Severity::Error));
        assert_eq!(Lamp::of_all(&snapshot([notion.clone()])), Lamp::NeedsYou);
        notion.status = Phase::Stopped;
        assert_eq!(Lamp::of_all(&snapshot([notion])), Lamp::Unlit, "nothing is asked for what is stopped");
    }

    #[test]
    fn what_concerns_all_asks_too() {
        let mut all = snapshot([workload("notion", Phase::Running)]);
        all.conditions.push(condition("no_notification_daemon", Severity::Warning));
        assert_eq!(Lamp::of_all(&all), Lamp::Lit);
        all.conditions.push(condition("store_locked", Severity::Error));
        assert_eq!(Lamp::of_all(&all), Lamp::NeedsYou);
    }
}
