//! Workloads to test faces with.

use jiff::Timestamp;
use lamplighter_core::condition::{Condition, Severity};
use lamplighter_core::config::GrantKind;
use lamplighter_core::status::Workload;
use lamplighter_core::{Phase, Snapshot};

/// When all of it happens.
pub(crate) const NOON: &str = "2026-11-21T12:00:00Z";

pub(crate) fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

pub(crate) fn workload(name: &str, status: Phase) -> Workload {
    Workload {
        name: name.to_owned(),
        url: format!("https://mcp.{name}.app/mcp"),
        endpoint: format!("http://127.0.0.1:4114/{name}/mcp"),
        grant: GrantKind::AuthorizationCode,
        status,
        reason_code: None,
        reason: None,
        since: at(NOON),
        next_attempt_at: None,
        ends_at: None,
        expires_at: None,
        last_success_at: None,
        account: None,
        issuer: None,
        signing_in: false,
        conditions: Vec::new(),
        remedy: None,
    }
}

pub(crate) fn condition(code: &str, severity: Severity) -> Condition {
    Condition {
        code: code.to_owned(),
        severity,
        title: code.replace('_', " "),
        text: format!("This is what {code} means."),
        remedy: "Do this.".to_owned(),
    }
}

pub(crate) fn snapshot(workloads: impl IntoIterator<Item = Workload>) -> Snapshot {
    Snapshot { workloads: workloads.into_iter().collect(), ..Snapshot::default() }
}
