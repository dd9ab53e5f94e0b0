//! The grant of one workload: the only room that exchanges tokens. Answers go out as leases and
//! credentials; it must not know what they mean for the workload's state.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use lamplighter_core::condition::{StoreFault, Transport};
use lamplighter_core::config::{GrantKind, WorkloadConfig};
use lamplighter_core::event::Loaded;
use lamplighter_core::verdict::{Answer, Content};
use lamplighter_core::{Event, Lease, LeaseId, lease::Attempt};
use secrecy::{ExposeSecret, SecretString};

use crate::clock::within;
use crate::engine::Revocation;
use crate::grant::{Grant, Origin, Secrets};
use crate::http::HttpClient;
use crate::oauth::{self, Client, TokenFailure, TokenRequest, Tokens};
use crate::ports::{Clock, SecretStore};
use crate::route::Credential;

/// One attempt, connecting included.
const ATTEMPT: Duration = Duration::from_secs(30);
/// Between two tries to store what a sign-out left behind.
const SETTLE: Duration = Duration::from_secs(30);
/// How long each token's revocation may take.
const REVOCATION: Duration = Duration::from_secs(5);

/// Holds the grant of one workload and keeps its document in the secret store.
pub(crate) struct Session {
    config: WorkloadConfig,
    document: String,
    http: HttpClient,
    store: Arc<dyn SecretStore>,
    clock: Arc<dyn Clock>,
    leases: Arc<AtomicU64>,
    held: Mutex<Held>,
    /// Documents are written one after the other, each as the session is when its turn comes.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Held {
    secrets: Secrets,
    /// Counts replacements of the grant, so that a late answer does not undo a sign-in or a sign-out.
    generation: u64,
    /// Whether the store is behind: what it holds must not be taken for newer.
    unsaved: bool,
}

/// What an errand brings back to the driver.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) event: Event,
    /// The credential that goes with the event's lease.
    pub(crate) credential: Option<Arc<Credential>>,
}

impl Session {
    pub(crate) fn new(
        config: &WorkloadConfig,
        http: HttpClient,
        store: Arc<dyn SecretStore>,
        clock: Arc<dyn Clock>,
        leases: Arc<AtomicU64>,
    ) -> Self {
        Self {
            config: config.clone(),
            document: format!("workload/{}", config.name),
            http,
            store,
            clock,
            leases,
            held: Mutex::default(),
            writing: tokio::sync::Mutex::default(),
        }
    }

    /// Reads the document; a credential comes with a grant.
    pub(crate) async fn load(&self) -> Outcome {
        if !self.unsaved() {
            match self.read().await {
                Ok(secrets) => self.replace(secrets.unwrap_or_default()),
                Err(fault) => return Outcome { event: Event::Loaded(Loaded::Unavailable(fault)), credential: None },
            }
        }
        let held = self.held();
        let Some(grant) = &held.secrets.grant else {
            return Outcome { event: Event::Loaded(self.nothing()), credential: None };
        };
        let lease = self.lease(grant);
        let loaded = if grant.ended.is_some() { Loaded::Ended(lease) } else { Loaded::Grant(lease) };
        Outcome { event: Event::Loaded(loaded), credential: credential(lease, grant) }
    }

    /// Exchanges the refresh token. A rotated one is stored before the answer is given.
    pub(crate) async fn renew(&self, attempt: Attempt) -> Outcome {
        match self.exchange().await {
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

    /// Puts a signed-in grant in place of whatever was held.
    pub(crate) async fn adopt(&self, grant: Grant) -> Outcome {
        let lease = self.lease(&grant);
        let credential = credential(lease, &grant);
        {
            let mut held = self.held();
            held.generation += 1;
            held.secrets.grant = Some(grant);
        }
        let stored = self.write().await;
        Outcome { event: Event::SignedIn { lease, stored }, credential }
    }

    /// Writes the document once more.
    pub(crate) async fn store(&self) -> Outcome {
        Outcome { event: Event::Stored(self.write().await), credential: None }
    }

    /// Notes, in the store too, that the authorization server ended the refresh token with `word`.
    pub(crate) async fn retire(&self, word: &str) {
        {
            let mut held = self.held();
            let Some(grant) = &mut held.secrets.grant else { return };
            grant.ended = Some(word.to_owned());
        }
        let _ = self.write().await;
    }

    /// Revokes the tokens where the server offers it, and forgets the grant whatever it says.
    pub(crate) async fn forget(&self) -> Revocation {
        let grant = {
            let mut held = self.held();
            held.generation += 1;
            held.secrets.grant.take()
        };
        // What cannot be stored now is settled later: see `settle`.
        let _ = self.write().await;
        match grant {
            Some(grant) => self.revoke(&grant).await,
            None => Revocation::NothingHeld,
        }
    }

    /// Deletes the document, headers and all.
    pub(crate) async fn delete(&self) {
        self.replace(Secrets::default());
        let _ = self.write().await;
    }

    /// Whether the store is behind what is held.
    pub(crate) fn unsaved(&self) -> bool {
        self.held().unsaved
    }

    /// Writes until the store holds what is held: a forgotten login must not come back.
    pub(crate) async fn settle(&self) {
        while self.unsaved() {
            self.clock.sleep_until(self.clock.now().moment + SETTLE).await;
            let _ = self.write().await;
        }
    }

    /// Forgets the registration that the grant was obtained with.
    pub(crate) async fn forget_registration(&self) {
        let issuer = self.held().secrets.origin().map(|origin| origin.issuer.clone());
        let Some(issuer) = issuer else { return };
        if let Err(error) = self.store.delete(&crate::signin::registration_document(&issuer)).await {
            tracing::warn!(issuer, %error, "a lost registration could not be forgotten");
        }
    }

    /// Puts what the person gave with `add` in place, and stores it.
    pub(crate) async fn furnish(&self, secrets: Secrets) -> Result<(), StoreFault> {
        self.replace(secrets);
        self.write().await
    }

    /// The secret of a pre-registered client.
    pub(crate) fn client_secret(&self) -> Option<SecretString> {
        self.held().secrets.client_secret.clone()
    }

    /// The scope granted so far.
    pub(crate) fn granted_scope(&self) -> Option<String> {
        self.held().secrets.grant.as_ref()?.scope.clone()
    }

    /// The account and issuer of the grant.
    pub(crate) fn identity(&self) -> (Option<String>, Option<String>) {
        let held = self.held();
        let account = held.secrets.grant.as_ref().and_then(|grant| grant.account.clone());
        (account, held.secrets.origin().map(|origin| origin.issuer.clone()))
    }

    /// The headers that the person gave.
    pub(crate) fn headers(&self) -> Arc<[(HeaderName, HeaderValue)]> {
        let held = self.held();
        held.secrets
            .headers
            .iter()
            .filter_map(|(name, value)| {
                let mut value = HeaderValue::from_str(value.expose_secret()).ok()?;
                value.set_sensitive(true);
                Some((HeaderName::try_from(name).ok()?, value))
            })
            .collect()
    }

    async fn exchange(&self) -> Result<Renewed, TokenFailure> {
        let failure = match self.exchange_held().await {
            Ok(renewed) => return Ok(renewed),
            Err(failure) => failure,
        };
        if says(&failure.answer, "invalid_grant") && self.take_newer_from_store().await {
            return self.exchange_held().await;
        }
        Err(failure)
    }

    async fn exchange_held(&self) -> Result<Renewed, TokenFailure> {
        let (generation, earlier) = {
            let held = self.held();
            (held.generation, held.secrets.grant.clone())
        };
        let (tokens, origin) = match self.config.grant {
            GrantKind::ClientCredentials => self.obtain(earlier.as_ref()).await?,
            GrantKind::AuthorizationCode | GrantKind::Bearer => self.refresh(earlier.as_ref()).await?,
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
                // A sign-in or sign-out overtook this refresh; its tokens are nobody's.
                return Err(transport(Transport::Closed));
            }
            held.secrets.grant = Some(next);
        }
        let stored = self.write().await;
        Ok(Renewed { lease, credential, stored, skew })
    }

    /// RFC 6749 section 6. No scope is sent: the server keeps the one it granted.
    async fn refresh(&self, grant: Option<&Grant>) -> Result<(Tokens, Origin), TokenFailure> {
        let renewable = grant.and_then(|grant| Some((grant.origin.as_ref()?, grant.refresh_token.as_ref()?)));
        // Core asks only for leases that said they were renewable: the grant went away meanwhile.
        let (origin, refresh_token) = renewable.ok_or_else(|| transport(Transport::Closed))?;
        let tokens = self.request(origin, TokenRequest::Refresh { refresh_token }).await?;
        Ok((tokens, origin.clone()))
    }

    /// RFC 6749 section 4.4: obtained again instead of renewed; once without the scope when the server
    /// does not know it.
    async fn obtain(&self, grant: Option<&Grant>) -> Result<(Tokens, Origin), TokenFailure> {
        let origin = match grant.and_then(|grant| grant.origin.clone()) {
            Some(origin) => origin,
            None => self.discover().await?,
        };
        let scopes = self.config.scopes.as_slice();
        let tokens = match self.request(&origin, TokenRequest::ClientCredentials { scopes }).await {
            Err(failure) if !scopes.is_empty() && says(&failure.answer, "invalid_scope") => {
                self.request(&origin, TokenRequest::ClientCredentials { scopes: &[] }).await?
            }
            answered => answered?,
        };
        Ok((tokens, origin))
    }

    async fn request(&self, origin: &Origin, request: TokenRequest<'_>) -> Result<Tokens, TokenFailure> {
        let resource = origin.resource.as_deref();
        let wall = self.clock.now().wall;
        let answer = oauth::request_tokens(&self.http, &origin.token_endpoint, &origin.client, resource, request, wall);
        match within(&*self.clock, ATTEMPT, answer).await {
            Some(answer) => answer.map_err(|failure| *failure),
            None => Err(transport(Transport::Timeout)),
        }
    }

    /// Where client credentials are taken to.
    async fn discover(&self) -> Result<Origin, TokenFailure> {
        let config = &self.config;
        let search = oauth::discover(&self.http, &config.url, None, config.issuer.as_ref());
        let found = match within(&*self.clock, ATTEMPT, search).await {
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
            client: Client::preregistered(id, self.client_secret(), &found.server),
            resource: crate::signin::resource(config, found.resource),
        })
    }

    /// Whether another process has stored a refresh token other than the one in use; it is now held.
    async fn take_newer_from_store(&self) -> bool {
        let Ok(Some(stored)) = self.read().await else { return false };
        let mut held = self.held();
        let newer = !held.unsaved
            && stored.refresh_token().is_some()
            && stored.refresh_token() != held.secrets.refresh_token()
            && stored.grant.as_ref().is_some_and(|grant| grant.ended.is_none());
        if newer {
            held.secrets.grant = stored.grant;
        }
        newer
    }

    async fn revoke(&self, grant: &Grant) -> Revocation {
        let Some(origin) = &grant.origin else { return Revocation::NothingHeld };
        let Some(endpoint) = &origin.revocation_endpoint else { return Revocation::NotOffered };
        let tokens = grant.refresh_token.iter().map(|token| (token, "refresh_token"));
        for (token, hint) in tokens.chain([(&grant.access_token, "access_token")]) {
            let request = oauth::revoke(&self.http, endpoint, &origin.client, token, hint);
            match within(&*self.clock, REVOCATION, request).await {
                Some(Ok(())) => {}
                Some(Err(error)) => return Revocation::Failed(error.to_string()),
                None => return Revocation::Failed("the sign-in server did not answer".to_owned()),
            }
        }
        Revocation::Revoked
    }

    fn replace(&self, secrets: Secrets) {
        let mut held = self.held();
        held.generation += 1;
        held.secrets = secrets;
    }

    async fn read(&self) -> Result<Option<Secrets>, StoreFault> {
        let document = self.store.read(&self.document).await.map_err(|error| {
            tracing::warn!(document = self.document, %error, "the secret store cannot be read");
            error.fault
        })?;
        let Some(document) = document else { return Ok(None) };
        let secrets = Secrets::decode(document.expose_secret());
        if secrets.is_none() {
            tracing::error!(document = self.document, "the secret store holds a document that is none of ours");
            return Err(StoreFault::Failed);
        }
        Ok(secrets)
    }

    async fn write(&self) -> Result<(), StoreFault> {
        let _turn = self.writing.lock().await;
        let document = {
            let held = self.held();
            (!held.secrets.is_empty()).then(|| held.secrets.encode())
        };
        let written = match document {
            Some(document) => self.store.write(&self.document, document).await,
            None => self.store.delete(&self.document).await,
        };
        self.held().unsaved = written.is_err();
        written.map_err(|error| {
            tracing::warn!(document = self.document, %error, "the secret store cannot be written");
            error.fault
        })
    }

    /// What holding no grant means: client credentials are a grant that is yet to be obtained.
    fn nothing(&self) -> Loaded {
        match self.config.grant {
            GrantKind::ClientCredentials => {
                let now = self.clock.now().moment;
                Loaded::Grant(Lease { id: self.next_lease(), issued_at: now, expires_at: Some(now), renewable: true })
            }
            GrantKind::AuthorizationCode | GrantKind::Bearer => Loaded::Nothing,
        }
    }

    fn lease(&self, grant: &Grant) -> Lease {
        let now = self.clock.now();
        let renewable = match self.config.grant {
            GrantKind::ClientCredentials => true,
            GrantKind::AuthorizationCode => grant.refresh_token.is_some() && grant.origin.is_some(),
            GrantKind::Bearer => false,
        };
        Lease {
            id: self.next_lease(),
            issued_at: now.moment_at(grant.issued_at),
            expires_at: grant.expires_at.map(|expiry| now.moment_at(expiry)),
            renewable: renewable && grant.ended.is_none(),
        }
    }

    fn next_lease(&self) -> LeaseId {
        LeaseId(self.leases.fetch_add(1, Ordering::Relaxed))
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
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
    fn origin(&self) -> Option<&Origin> {
        self.grant.as_ref()?.origin.as_ref()
    }

    fn refresh_token(&self) -> Option<&str> {
        Some(self.grant.as_ref()?.refresh_token.as_ref()?.expose_secret())
    }
}

fn credential(lease: Lease, grant: &Grant) -> Option<Arc<Credential>> {
    let Ok(mut authorization) = HeaderValue::from_str(&format!("Bearer {}", grant.access_token.expose_secret())) else {
        tracing::error!("the authorization server issued an access token that no header can carry");
        return None;
    };
    authorization.set_sensitive(true);
    Some(Arc::new(Credential::new(lease, authorization)))
}

fn says(answer: &Answer, error: &str) -> bool {
    matches!(answer, Answer::Http { content: Content::OAuthError(word), .. } if word == error)
}

fn transport(fault: Transport) -> TokenFailure {
    TokenFailure { answer: Answer::Transport(fault), skew: None, excerpt: None }
}
