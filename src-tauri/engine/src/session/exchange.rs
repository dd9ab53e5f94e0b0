//! The session at the token endpoint: refresh, obtain again. A rotated token is stored before it is used.

use std::sync::Arc;
use std::time::Duration;

use lamplighter_core::condition::{StoreFault, Transport};
use lamplighter_core::config::GrantKind;
use lamplighter_core::lease::Attempt;
use lamplighter_core::verdict::{Answer, Content};
use lamplighter_core::{Event, Lease, Moment};
use secrecy::ExposeSecret;

use super::{Outcome, Session, credential};
use crate::clock::within;
use crate::grant::{Grant, Origin, Secrets};
use crate::oauth::{self, Client, TokenFailure, TokenRequest, Tokens};
use crate::probe;
use crate::route::{Credential, Route};

/// One attempt, connecting included.
const ATTEMPT: Duration = Duration::from_secs(30);

/// One attempt at the token endpoint: until when it may go on, and the way to the workload that it is for.
#[derive(Clone, Copy)]
struct Bounds<'a> {
    deadline: Moment,
    route: &'a Route,
}

impl Session {
    /// Exchanges the refresh token. A rotated one is stored before the answer is given.
    pub(crate) async fn renew(&self, attempt: Attempt, route: &Route) -> Outcome {
        match self.exchange(route).await {
            Ok(renewed) => {
                let Renewed { lease, credential, stored, skew } = renewed;
                Outcome { event: Event::Renewed { attempt, lease, stored, skew }, credential }
            }
            Err(failure) => {
                if let Some(excerpt) = &failure.excerpt {
                    tracing::debug!(document = self.document, answer = ?failure.answer, excerpt, "refresh failed");
                }
                let registered = self.held().secrets.origin().is_some_and(|origin| origin.client.registered);
                let TokenFailure { answer, skew, .. } = failure;
                Outcome { event: Event::RenewalFailed { attempt, answer, skew, registered }, credential: None }
            }
        }
    }

    /// What comes of an attempt that was not made, since the machine is about to sleep.
    pub(crate) fn unsent(attempt: Attempt) -> Outcome {
        let TokenFailure { answer, skew, .. } = transport(Transport::Offline);
        Outcome { event: Event::RenewalFailed { attempt, answer, skew, registered: false }, credential: None }
    }

    /// One exchange, and where the store holds a newer token than the one refused, one more with that.
    async fn exchange(&self, route: &Route) -> Result<Renewed, TokenFailure> {
        let _turn = self.turns.lock().await;
        let bounds = Bounds { deadline: self.clock.now().moment + ATTEMPT, route };
        let generation = self.held().generation;
        let mut answer = self.exchange_held(bounds).await;
        if answer.as_ref().is_err_and(|failure| says(&failure.answer, "invalid_grant"))
            && self.take_newer_from_store().await
        {
            answer = self.exchange_held(bounds).await;
        }
        let mut held = self.held();
        if held.generation != generation {
            // A sign-in or sign-out overtook this refresh; its answer speaks of a grant that is nobody's.
            return Err(transport(Transport::Closed));
        }
        held.told = generation;
        answer
    }

    async fn exchange_held(&self, bounds: Bounds<'_>) -> Result<Renewed, TokenFailure> {
        let (generation, earlier) = {
            let held = self.held();
            (held.generation, held.secrets.grant.clone())
        };
        let (tokens, origin) = match self.config.grant {
            GrantKind::ClientCredentials => self.obtain(earlier.as_ref(), bounds).await?,
            GrantKind::AuthorizationCode | GrantKind::Bearer => self.refresh(earlier.as_ref(), bounds.deadline).await?,
        };
        let skew = tokens.skew;
        let issued = Grant::issued(tokens, origin, self.clock.now().wall);
        let next = match &earlier {
            Some(earlier) => issued.after(earlier),
            None => issued,
        };
        let lease = self.lease(&next);
        let credential = credential(lease, &next);
        {
            let mut held = self.held();
            if held.generation != generation {
                // A sign-in has a grant of its own; a sign-out wants none, and what came later must not outlive it.
                if held.secrets.grant.is_none() {
                    self.abandon(next);
                }
                return Err(transport(Transport::Closed));
            }
            held.secrets.grant = Some(next);
            held.revision += 1;
        }
        let stored = self.write().await;
        // Between this line and the one that says that the answer came, a rotated token is nowhere but in memory.
        tracing::debug!(document = self.document, ok = stored.is_ok(), "what the token endpoint gave is stored");
        Ok(Renewed { lease, credential, stored, skew })
    }

    /// RFC 6749 section 6. No scope is sent: the server keeps the one it granted.
    async fn refresh(&self, grant: Option<&Grant>, deadline: Moment) -> Result<(Tokens, Origin), TokenFailure> {
        let grant = grant.filter(|grant| grant.ended.is_none());
        let renewable = grant.and_then(|grant| Some((grant.origin.as_ref()?, grant.refresh_token.as_ref()?)));
        // Core asks only for leases that said they were renewable: the grant went away meanwhile.
        let (origin, refresh_token) = renewable.ok_or_else(|| transport(Transport::Closed))?;
        let tokens = self.request(origin, TokenRequest::Refresh { refresh_token }, deadline).await?;
        Ok((tokens, origin.clone()))
    }

    /// RFC 6749 section 4.4: obtained again instead of renewed; once without the scope when the server
    /// does not know it.
    async fn obtain(&self, grant: Option<&Grant>, bounds: Bounds<'_>) -> Result<(Tokens, Origin), TokenFailure> {
        let origin = match grant.and_then(|grant| grant.origin.clone()) {
            Some(origin) => origin,
            None => self.discover(bounds).await?,
        };
        let scopes = self.config.scopes.as_slice();
        let tokens = match self.request(&origin, TokenRequest::ClientCredentials { scopes }, bounds.deadline).await {
            Err(failure) if !scopes.is_empty() && says(&failure.answer, "invalid_scope") => {
                self.request(&origin, TokenRequest::ClientCredentials { scopes: &[] }, bounds.deadline).await?
            }
            answered => answered?,
        };
        Ok((tokens, origin))
    }

    async fn request(
        &self,
        origin: &Origin,
        request: TokenRequest<'_>,
        deadline: Moment,
    ) -> Result<Tokens, TokenFailure> {
        let resource = origin.resource.as_deref();
        let now = self.clock.now();
        let answer =
            oauth::request_tokens(&self.http, &origin.token_endpoint, &origin.client, resource, request, now.wall);
        match within(&*self.clock, deadline.since(now.moment), answer).await {
            Some(answer) => answer.map_err(|failure| *failure),
            None => Err(transport(Transport::Timeout)),
        }
    }

    /// Where client credentials are taken to: where the server's own challenge leads.
    async fn discover(&self, Bounds { deadline, route }: Bounds<'_>) -> Result<Origin, TokenFailure> {
        let config = &self.config;
        let search = async {
            let challenge = probe::challenge(&self.http, &*self.clock, route).await;
            oauth::discover(&self.http, &config.url, challenge.as_ref(), config.issuer.as_ref()).await
        };
        let found = match within(&*self.clock, deadline.since(self.clock.now().moment), search).await {
            Some(Ok(found)) => found,
            Some(Err(error)) => {
                tracing::warn!(workload = %config.name, %error, "no authorization server was found");
                return Err(transport(Transport::Unreachable));
            }
            None => return Err(transport(Transport::Timeout)),
        };
        let id = config.client_id.clone().unwrap_or_default();
        Ok(Origin {
            issuer: found.server.issuer.clone(),
            token_endpoint: found.server.token_endpoint.clone(),
            revocation_endpoint: found.server.revocation_endpoint.clone(),
            client: Client::preregistered(id, self.client_secret().await, &found.server),
            resource: crate::grant::resource(config, found.resource),
        })
    }

    /// Whether another process has stored a refresh token other than the one in use; it is now held.
    async fn take_newer_from_store(&self) -> bool {
        let revision = self.held().revision;
        let Ok(Some(stored)) = self.read().await else { return false };
        let mut held = self.held();
        let newer = !held.unsaved()
            && held.revision == revision
            && stored.refresh_token().is_some()
            && stored.refresh_token() != held.secrets.refresh_token()
            && stored.grant.as_ref().is_some_and(|grant| grant.ended.is_none());
        if newer {
            held.secrets.grant = stored.grant;
        }
        newer
    }
}

struct Renewed {
    lease: Lease,
    credential: Option<Arc<Credential>>,
    stored: Result<(), StoreFault>,
    skew: Option<jiff::SignedDuration>,
}

impl Grant {
    /// The grant that `tokens` make, issued at `now` on the wall clock.
    pub(crate) fn issued(tokens: Tokens, origin: Origin, now: jiff::Timestamp) -> Self {
        let expires_at = tokens.lifetime.and_then(|lifetime| now.checked_add(lifetime).ok());
        Self {
            access_token: tokens.access_token,
            refresh_token: tokens.refresh_token,
            issued_at: now,
            expires_at,
            scope: tokens.scope,
            ended: None,
            origin: Some(origin),
            account: tokens.account,
        }
    }

    /// What a refresh leaves unsaid stays as it was (RFC 6749 section 6).
    fn after(mut self, earlier: &Self) -> Self {
        self.refresh_token = self.refresh_token.or_else(|| earlier.refresh_token.clone());
        self.scope = self.scope.or_else(|| earlier.scope.clone());
        self.account = self.account.or_else(|| earlier.account.clone());
        self
    }
}

impl Secrets {
    pub(super) fn origin(&self) -> Option<&Origin> {
        self.grant.as_ref()?.origin.as_ref()
    }

    fn refresh_token(&self) -> Option<&str> {
        Some(self.grant.as_ref()?.refresh_token.as_ref()?.expose_secret())
    }
}

fn says(answer: &Answer, error: &str) -> bool {
    matches!(answer, Answer::Http { content: Content::OAuthError(word), .. } if word == error)
}

fn transport(fault: Transport) -> TokenFailure {
    TokenFailure { answer: Answer::Transport(fault), skew: None, excerpt: None }
}
