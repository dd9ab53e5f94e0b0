//! What a server that was just added asks for: found out by looking at it as a client would, and told in words of
//! ours. Signs nobody in, and registers nowhere.

use std::time::Duration;

use http::StatusCode;
use lamplighter_core::Event;
use lamplighter_core::condition::Cause;
use lamplighter_core::config;
use lamplighter_core::status::Gate;

use crate::clock::within;
use crate::control::{Asked, ControlError, Look};
use crate::handle::Handle;
use crate::probe::{self, Seen};
use crate::registry::Entry;
use crate::route::Access;
use crate::workloads::Workloads;

/// How long `add` may wait for the metadata of an authorization server.
const METADATA: Duration = Duration::from_secs(10);

impl Handle {
    /// Where a sign-in to a workload would lead, and what it would ask for; `None` where that cannot be found out now.
    ///
    /// # Errors
    /// When no workload has this name.
    pub async fn asked(&self, name: &str) -> Result<Option<Asked>, ControlError> {
        let entry = self.entry(name)?;
        let workloads = &self.0.workloads;
        let (challenge, config) = (entry.route.last_challenge(), &entry.config);
        let search = crate::oauth::discover(&workloads.http, &config.url, challenge.as_deref(), config.issuer.as_ref());
        let found = match within(&*workloads.clock, METADATA, search).await {
            Some(Ok(found)) => found,
            Some(Err(error)) => {
                tracing::info!(workload = name, %error, "no authorization server was found");
                return Ok(None);
            }
            None => return Ok(None),
        };
        let scopes = if config.scopes.is_empty() { found.scopes } else { config.scopes.clone() };
        // What is no scope (RFC 6749 section 3.3) is not shown.
        let scopes = scopes.into_iter().filter(|scope| config::parse_scope(scope).is_ok()).collect();
        Ok(Some(Asked { issuer: found.server.issuer, scopes }))
    }
}

/// One request, as a client would send it, tells what the server asks for; where it carries a token, a second one
/// without tells whether that token made the difference.
pub(crate) async fn look(workloads: &Workloads, entry: &Entry) -> Look {
    let clock = &*workloads.clock;
    let mut changes = entry.route.changes();
    let started = async { while entry.route.access().status.gate == Gate::Wait && changes.changed().await.is_ok() {} };
    // A store that keeps its person waiting does not keep `add` waiting.
    let _ = within(clock, entry.route.caller_wait(), started).await;
    let access = Access::clone(&entry.route.access());
    let seen = match probe::look(&workloads.http, clock, &entry.config.url, &access).await {
        Ok(seen) => seen,
        Err(fault) => {
            entry.tell(Event::UpstreamFailed(fault)).await;
            return Look::Unreachable(Cause::Upstream(fault).sentence());
        }
    };
    if let Some(challenge) = seen.challenge() {
        entry.route.challenged(challenge);
        let (report, look) = match &access.credential {
            Some(sent) => (Event::Rejected { lease: sent.lease.id, replayed: true }, Look::TokenRefused),
            None => (Event::Challenged, Look::SignInNeeded),
        };
        entry.tell(report).await;
        return look;
    }
    if let Some(how) = unlike_mcp(&seen, access.credential.is_some()) {
        return Look::NotMcp(how);
    }
    if access.credential.is_none() {
        return Look::Open;
    }
    let bare = Access { credential: None, ..access };
    match probe::look(&workloads.http, clock, &entry.config.url, &bare).await {
        Ok(without) if without.challenge().is_some() && seen.status != StatusCode::FORBIDDEN => Look::TokenAccepted,
        Ok(_) | Err(_) => Look::TokenUnverified,
    }
}

/// How the answer is none that an MCP server gives, where it is none. Whoever sent a token may be forbidden things.
fn unlike_mcp(seen: &Seen, token_sent: bool) -> Option<String> {
    let status = seen.status;
    let strange = status.is_server_error() || status.is_redirection() || status == StatusCode::NOT_FOUND;
    let forbids = status == StatusCode::FORBIDDEN && !token_sent;
    let page = if seen.is_page() { " with a web page" } else { "" };
    (strange || forbids || seen.is_page()).then(|| format!("it answered {status}{page}"))
}
