//! What concerns all workloads and no single one: what the host lacks, and what the workloads say alike. Pure, so that
//! tray, window and command line agree.

use std::net::SocketAddr;

use super::remedies::store_remedy;
use super::troubles::{STORE_LOCKED, in_the_way};
use super::{Cause, Condition, Obstacle, Severity, StoreFault, Transport, UpstreamFault};
use crate::status::{Phase, Workload};

/// What `lamplighter retry` is told instead of a name.
const ALL: &str = "--all";

/// Obstacles that stand before the whole machine, and not before one server.
const OF_THE_MACHINE: [Obstacle; 2] = [Obstacle::Offline, Obstacle::CaptivePortal];

/// What the host of the engine lacks, as the host itself finds out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostTrouble {
    /// The desktop shows no tray icons.
    NoTrayHost,
    /// The desktop shows no notifications.
    NoNotificationDaemon,
    /// There is no browser to sign in with.
    NoBrowser,
    /// The display that it was started on cannot be reached.
    NoDisplay,
    /// Another program, perhaps another user's Lamplighter, listens where this one was to listen, so that it listens
    /// elsewhere.
    AddressTaken {
        /// The address of the settings.
        wanted: SocketAddr,
    },
}

impl HostTrouble {
    /// The trouble in words.
    #[must_use]
    pub fn describe(&self) -> Condition {
        let (code, severity, title, text, remedy) = match self {
            Self::NoTrayHost => (
                "no_tray_host",
                Severity::Info,
                "No place for the lamp",
                "This desktop shows no tray icons, so the lamp cannot be seen.".to_owned(),
                "Switch on tray icons in the desktop's settings; until then start Lamplighter again to see this window.",
            ),
            Self::NoNotificationDaemon => (
                "no_notification_daemon",
                Severity::Info,
                "No notifications",
                "This desktop shows no notifications, so nothing can be said while this window is closed.".to_owned(),
                "Start the desktop's notification service; until then the lamp and this window tell how it stands.",
            ),
            Self::NoBrowser => (
                "no_browser",
                Severity::Warning,
                "No browser",
                "No browser could be opened, and a sign-in needs one.".to_owned(),
                "Install a browser, or name one in $BROWSER; or copy the sign-in address and open it elsewhere.",
            ),
            Self::NoDisplay => (
                "no_display",
                Severity::Warning,
                "No display",
                "The display that Lamplighter was started on cannot be reached, so neither its window nor a browser \
                 can be shown there."
                    .to_owned(),
                "Quit Lamplighter and start it again from the desktop that you see; until then it serves on.",
            ),
            Self::AddressTaken { wanted } => (
                "address_taken",
                Severity::Warning,
                "Another program has the address",
                format!(
                    "Another program listens on {wanted}, so the local addresses of the servers are different ones."
                ),
                "Stop that program and restart Lamplighter, or choose another address with `listen` in the settings.",
            ),
        };
        Condition { code: code.to_owned(), severity, title: title.to_owned(), text, remedy: remedy.to_owned() }
    }
}

/// What `workloads` say alike, in the words of all of them: the secret store, the machine's way to the network.
pub(crate) fn shared(workloads: &[Workload]) -> impl Iterator<Item = Condition> {
    store_fault(workloads).map(out_of_store).into_iter().chain(obstacle(workloads).map(before_the_machine))
}

/// `obstacle` in words, where it is not one server's.
fn before_the_machine(obstacle: Obstacle) -> Condition {
    let condition = in_the_way(obstacle, ALL);
    match obstacle {
        Obstacle::Offline => Condition { text: "This machine seems to be offline.".to_owned(), ..condition },
        Obstacle::CaptivePortal | Obstacle::CertificateUntrusted | Obstacle::Firewall => condition,
    }
}

/// How the secret store fails those that cannot read their login.
fn store_fault(workloads: &[Workload]) -> Option<StoreFault> {
    workloads.iter().find_map(|workload| {
        let Cause::Store(fault) = Cause::from_code(workload.reason_code.as_deref()?) else { return None };
        Some(fault)
    })
}

fn out_of_store(fault: StoreFault) -> Condition {
    let (title, text) = match fault {
        StoreFault::Locked => {
            ("Your keychain is locked", "Saved logins can be read once it is unlocked; nothing is lost.")
        }
        StoreFault::Absent => ("No keychain answers", "Saved logins can be read once one does; nothing is lost."),
        StoreFault::Failed => {
            ("Secret store out of reach", "It answered with an error, so saved logins cannot be read; nothing is lost.")
        }
    };
    Condition {
        code: STORE_LOCKED.to_owned(),
        severity: Severity::Error,
        title: title.to_owned(),
        text: text.to_owned(),
        remedy: store_remedy(fault, ALL),
    }
}

/// The obstacle that stands before the whole machine: all who do not get through say so, and either nobody is left who
/// may get through, or the machine itself found no way out. Whoever runs with a token that is still good says nothing of
/// the network; but then one name that cannot be looked up says no more than that.
fn obstacle(workloads: &[Workload]) -> Option<Obstacle> {
    let live = workloads.iter().filter(|workload| needs_network(workload.status));
    let (hindered, others): (Vec<_>, Vec<_>) = live.partition(|workload| is_hindered(workload));
    let of_all = others.is_empty() || hindered.iter().any(|workload| found_no_way_out(workload));
    let said_by_each = |obstacle: &Obstacle| hindered.iter().all(|workload| obstacles(workload).eq([*obstacle]));
    OF_THE_MACHINE.into_iter().find(|obstacle| !hindered.is_empty() && of_all && said_by_each(obstacle))
}

/// Whether a workload in this phase reaches its servers, or would like to.
const fn needs_network(phase: Phase) -> bool {
    match phase {
        Phase::Starting | Phase::Running | Phase::AuthRetrying | Phase::Unhealthy => true,
        Phase::Unauthenticated
        | Phase::Stopping
        | Phase::Stopped
        | Phase::Error
        | Phase::Removing
        | Phase::Unknown
        | Phase::PolicyStopped => false,
    }
}

fn is_hindered(workload: &Workload) -> bool {
    matches!(workload.status, Phase::AuthRetrying | Phase::Unhealthy) || obstacles(workload).next().is_some()
}

/// Whether what `workload` fails of is not its server's, but that this machine has no network.
fn found_no_way_out(workload: &Workload) -> bool {
    let cause = workload.reason_code.as_deref().map(Cause::from_code);
    matches!(
        cause,
        Some(Cause::Transport(Transport::Offline) | Cause::Upstream(UpstreamFault::Unreachable(Transport::Offline)))
    )
}

fn obstacles(workload: &Workload) -> impl Iterator<Item = Obstacle> {
    let codes = workload.conditions.iter().map(|condition| condition.code.as_str());
    codes.filter_map(|code| Obstacle::ALL.into_iter().find(|obstacle| obstacle.code() == code))
}
