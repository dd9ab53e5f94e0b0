//! What every face may show: derived, whole, and free of secrets.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::condition::shared::shared;
use crate::condition::{Cause, Condition, HostTrouble};
use crate::config::GrantKind;
use crate::lease::LeaseId;
use crate::time::{Moment, Reading};

/// What the monitor of a workload is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The stored grant is being loaded.
    Starting,
    /// Requests pass.
    Running,
    /// A refresh failed for a passing reason and is tried again.
    AuthRetrying,
    /// Only a sign-in helps, or what stands in for one (a new token, the person's `retry` of client credentials).
    Unauthenticated,
    /// The upstream cannot be reached while the token is fine.
    Unhealthy,
    /// An exchange under way is being finished.
    Stopping,
    /// Stopped by the person.
    Stopped,
    /// The workload cannot be run as it is configured.
    Error,
    /// Being removed.
    Removing,
    /// Not known yet.
    Unknown,
    /// Stopped by policy.
    PolicyStopped,
}

/// What becomes of a request.
///
/// A request that finds the lease of [`Status::usable`] still valid always passes with it, whatever the gate
/// says; the gate decides over the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// It passes: with the usable lease, or without a token where [`Status::usable`] is `None`. Where the usable
    /// lease has expired just now, treat it as [`Gate::Wait`]: the monitor is about to say so.
    Open,
    /// A load or refresh is under way or due: wait for the next change of the status, bounded, then refuse.
    Wait,
    /// Refuse at once.
    Refuse,
}

/// Everything about one workload that its monitor decides. Equal as long as nothing has happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// How the grant is obtained: what can be asked of the person hangs on it.
    pub grant: GrantKind,
    /// What the monitor is doing.
    pub phase: Phase,
    /// Why, where there is a why.
    pub cause: Option<Cause>,
    /// Since when, on the wall clock.
    pub since: Timestamp,
    /// What becomes of a request that has no valid lease to carry.
    pub gate: Gate,
    /// The lease that requests may carry until it expires; `None` where none is held, or the one held was rejected or
    /// ended. A credential may be injected only while its lease has this id.
    pub usable: Option<LeaseId>,
    /// The next attempt.
    pub next_attempt: Option<Moment>,
    /// When the ceiling ends the episode, if the machine stays awake.
    pub ends: Option<Moment>,
    /// When the access token expires.
    pub expires: Option<Moment>,
    /// The last refresh or sign-in that succeeded.
    pub last_success: Option<Timestamp>,
    /// Whether a sign-in is under way.
    pub signing_in: bool,
    /// Whether the grant is being loaded or refreshed: how that ends is a change of this status.
    pub under_way: bool,
    /// Whether a refresh may bring what the person would get of a sign-in: there is a refresh token that nobody has ended,
    /// or client credentials, and neither more access nor a fresh login is what the server wants.
    pub mends_quietly: bool,
    /// What is wrong.
    pub conditions: Vec<Condition>,
}

/// What the engine knows of a workload besides its monitor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The workload's name.
    pub name: String,
    /// The upstream's address.
    pub url: String,
    /// The local address.
    pub endpoint: String,
    /// Who is signed in, where the authorization server tells.
    pub account: Option<String>,
    /// The authorization server's issuer, where known.
    pub issuer: Option<String>,
}

/// One workload as `GET /api/v1/workloads` gives it. Fields are always there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[expect(missing_docs, reason = "named and explained by the HTTP contract")]
pub struct Workload {
    pub name: String,
    pub url: String,
    pub endpoint: String,
    #[schema(inline)]
    pub grant: GrantKind,
    pub status: Phase,
    pub reason_code: Option<String>,
    pub reason: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_attempt_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ends_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_success_at: Option<Timestamp>,
    pub account: Option<String>,
    pub issuer: Option<String>,
    /// Whether a sign-in waits for the person.
    pub signing_in: bool,
    pub conditions: Vec<Condition>,
    /// What to click or type, where something is asked of the person.
    pub remedy: Option<String>,
}

/// All workloads at one moment, in the order of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Snapshot {
    /// One for each workload.
    pub workloads: Vec<Workload>,
    /// What concerns all of them and no single one.
    #[serde(default)]
    #[schema(required = true)]
    pub conditions: Vec<Condition>,
}

impl Snapshot {
    /// `workloads`, on a host with these troubles; what the workloads say alike is said of all.
    #[must_use]
    pub fn new(workloads: Vec<Workload>, host: &[HostTrouble]) -> Self {
        let conditions = shared(&workloads).chain(host.iter().map(HostTrouble::describe)).collect();
        Self { workloads, conditions }
    }
}

impl Status {
    /// The public shape, with moments turned into wall-clock times as the wall clock stands at `now`
    /// (whole seconds: finer would only flicker).
    #[must_use]
    pub fn describe(&self, identity: &Identity, now: &Reading) -> Workload {
        let wall = |moment: Moment| {
            let at = now.wall_at(moment);
            Timestamp::from_second(at.as_second()).unwrap_or(at)
        };
        Workload {
            name: identity.name.clone(),
            url: identity.url.clone(),
            endpoint: identity.endpoint.clone(),
            grant: self.grant,
            status: self.phase,
            reason_code: self.cause.as_ref().map(Cause::code),
            reason: self.cause.as_ref().map(Cause::sentence),
            since: self.since,
            next_attempt_at: self.next_attempt.map(wall),
            ends_at: self.ends.map(wall),
            expires_at: self.expires.map(wall),
            last_success_at: self.last_success,
            account: identity.account.clone(),
            issuer: identity.issuer.clone(),
            signing_in: self.signing_in,
            conditions: self.conditions.clone(),
            remedy: crate::condition::remedy(
                &identity.name,
                self.grant,
                self.phase,
                self.cause.as_ref(),
                &self.conditions,
            ),
        }
    }
}
