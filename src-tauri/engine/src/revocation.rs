//! Taking grants back at the authorization server (RFC 7009): in a sign-out, which waits for the answer, and in the
//! background for a grant that nobody keeps. Must not know what becomes of the workload.

use std::sync::Arc;
use std::time::Duration;

use lamplighter_core::Entry;
use lamplighter_core::entry::EntryKind;
use tokio_util::task::TaskTracker;

use crate::clock::within;
use crate::control::Revocation;
use crate::grant::Grant;
use crate::http::HttpClient;
use crate::oauth;
use crate::ports::{Clock, Journal, Row};

/// How long each token's revocation may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The way to every revocation endpoint.
pub(crate) struct Revocations {
    http: HttpClient,
    clock: Arc<dyn Clock>,
    journal: Arc<dyn Journal>,
    /// Those that nobody waits for but the engine's stop.
    background: TaskTracker,
}

impl Revocations {
    pub(crate) fn new(http: HttpClient, clock: Arc<dyn Clock>, journal: Arc<dyn Journal>) -> Self {
        Self { http, clock, journal, background: TaskTracker::new() }
    }

    /// Revokes the tokens of `grant` where its server offers it.
    pub(crate) async fn revoke(&self, grant: &Grant) -> Revocation {
        let Some(origin) = &grant.origin else { return Revocation::NothingHeld };
        let Some(endpoint) = &origin.revocation_endpoint else { return Revocation::NotOffered };
        let tokens = grant.refresh_token.iter().map(|token| (token, "refresh_token"));
        for (token, hint) in tokens.chain([(&grant.access_token, "access_token")]) {
            let request = oauth::revoke(&self.http, endpoint, &origin.client, token, hint);
            match within(&*self.clock, PATIENCE, request).await {
                Some(Ok(())) => {}
                Some(Err(error)) => return Revocation::Failed(error.to_string()),
                None => return Revocation::Failed("the sign-in server did not answer".to_owned()),
            }
        }
        Revocation::Revoked
    }

    /// Revokes, beside everything else, what an exchange brought to `workload` after something else had won; the
    /// journal tells how it went.
    pub(crate) fn abandon(self: &Arc<Self>, workload: &str, grant: Grant) {
        let (this, workload) = (Arc::clone(self), workload.to_owned());
        self.background.spawn(async move {
            let entry = match this.revoke(&grant).await {
                Revocation::Revoked => Entry::new(EntryKind::Login)
                    .saying("tokens_revoked", "the tokens of an overtaken exchange were revoked"),
                Revocation::NotOffered | Revocation::NothingHeld => Entry::new(EntryKind::Login).saying(
                    "tokens_not_revoked",
                    "the tokens of an overtaken exchange were dropped: the server revokes none",
                ),
                Revocation::Failed(problem) => Entry::new(EntryKind::Login).saying(
                    "tokens_not_revoked",
                    &format!("the tokens of an overtaken exchange were dropped, but not revoked: {problem}"),
                ),
            };
            this.journal.append(Row::new(this.clock.now().wall, &workload, entry));
        });
    }

    /// Ready when nothing is under way in the background: the engine stops. Not bounded in time: the caller is.
    pub(crate) async fn finish(&self) {
        self.background.close();
        self.background.wait().await;
    }
}
