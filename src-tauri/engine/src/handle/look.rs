//! One look at a workload's server: what does it ask for?

use lamplighter_core::Event;
use lamplighter_core::condition::{Cause, UpstreamFault};
use lamplighter_core::status::Gate;

use super::Handle;
use crate::clock::within;
use crate::control::Look;
use crate::probe;
use crate::registry::Entry;

impl Handle {
    /// One request, as a client would send it, tells what the server asks for.
    pub(super) async fn look(&self, entry: &Entry) -> Look {
        let workloads = &self.0.workloads;
        let clock = &*workloads.clock;
        let mut changes = entry.route.changes();
        let started =
            async { while entry.route.access().status.gate == Gate::Wait && changes.changed().await.is_ok() {} };
        // A store that keeps its person waiting does not keep `add` waiting.
        let _ = within(clock, entry.route.caller_wait, started).await;
        let access = entry.route.access().clone();
        let seen = match probe::look(&workloads.http, clock, &entry.config.url, &access).await {
            Ok(seen) => seen,
            Err(fault) => {
                entry.tell(Event::UpstreamFailed(fault)).await;
                return Look::Unreachable(Cause::Upstream(fault).sentence());
            }
        };
        if let Some(challenge) = seen.challenge() {
            entry.route.challenged(challenge);
            let report = match &access.credential {
                Some(credential) => Event::Rejected { lease: credential.lease.id, replayed: true },
                None => Event::Challenged,
            };
            entry.tell(report).await;
            return Look::SignInNeeded;
        }
        if seen.status.is_server_error() {
            let fault = UpstreamFault::ServerError(seen.status.as_u16());
            return Look::Unreachable(Cause::Upstream(fault).sentence());
        }
        if seen.is_page() || seen.status.is_redirection() || seen.status == http::StatusCode::NOT_FOUND {
            return Look::Unreachable(format!("it answered {}, which is not how an MCP server answers", seen.status));
        }
        Look::Open
    }
}
