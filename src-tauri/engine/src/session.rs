//! The grant of one workload: the only rooms that hold token text beside the proxy's injecting line. Answers go out
//! as leases and credentials; they must not know what they mean for the workload's state.

mod document;
mod exchange;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{HeaderName, HeaderValue};
use lamplighter_core::config::{GrantKind, WorkloadConfig};
use lamplighter_core::event::Loaded;
use lamplighter_core::{Event, Lease, LeaseId};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::control::Revocation;
use crate::grant::{Grant, Secrets};
use crate::http::HttpClient;
use crate::oauth;
use crate::ports::{Clock, SecretStore, StoreError};
use crate::revocation::Revocations;
use crate::route::Credential;

/// Holds the grant of one workload and keeps its document in the secret store.
pub(crate) struct Session {
    config: WorkloadConfig,
    document: String,
    http: HttpClient,
    store: Arc<dyn SecretStore>,
    clock: Arc<dyn Clock>,
    leases: Arc<AtomicU64>,
    revocations: Arc<Revocations>,
    held: Mutex<Held>,
    /// One at a time exchanges the refresh token, or reads what an exchange may just be replacing.
    turns: tokio::sync::Mutex<()>,
    /// Documents are written one after the other, each as the session is when its turn comes.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Held {
    secrets: Secrets,
    /// Whether `secrets` takes account of all that the store holds.
    known: bool,
    /// Counts replacements of the grant, so that a late answer does not undo a sign-in or a sign-out.
    generation: u64,
    /// The generation that the monitor was last told of by the store or the token endpoint.
    told: u64,
    /// Counts changes of `secrets`.
    revision: u64,
    /// The revision that the store holds.
    saved: u64,
    /// Why the store could not be used when it was last asked.
    trouble: Option<StoreError>,
}

impl Held {
    /// Whether the store is behind: what it holds must not be taken for newer.
    const fn unsaved(&self) -> bool {
        self.revision != self.saved
    }

    /// Puts `grant` in place of whatever was held.
    fn replace_grant(&mut self, grant: Option<Grant>) -> Option<Grant> {
        self.generation += 1;
        self.revision += 1;
        std::mem::replace(&mut self.secrets.grant, grant)
    }
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
        revocations: Arc<Revocations>,
    ) -> Self {
        Self {
            config: config.clone(),
            document: format!("workload/{}", config.name),
            http,
            store,
            clock,
            leases,
            revocations,
            held: Mutex::default(),
            turns: tokio::sync::Mutex::default(),
            writing: tokio::sync::Mutex::default(),
        }
    }

    /// Reads the document; a credential comes with a grant.
    pub(crate) async fn load(&self) -> Outcome {
        let _turn = self.turns.lock().await;
        if let Err(fault) = self.catch_up().await {
            return Outcome { event: Event::Loaded(Loaded::Unavailable(fault)), credential: None };
        }
        let mut held = self.held();
        held.told = held.generation;
        let Some(grant) = &held.secrets.grant else {
            return Outcome { event: Event::Loaded(self.nothing()), credential: None };
        };
        let lease = self.lease(grant);
        let loaded = if grant.ended.is_some() { Loaded::Ended(lease) } else { Loaded::Grant(lease) };
        Outcome { event: Event::Loaded(loaded), credential: credential(lease, grant) }
    }

    /// Puts a signed-in grant in place of whatever was held.
    pub(crate) async fn adopt(&self, grant: Grant) -> Outcome {
        let lease = self.lease(&grant);
        let credential = credential(lease, &grant);
        self.held().replace_grant(Some(grant));
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
            // A sign-in may have brought another since.
            let refused = held.told == held.generation;
            let Some(grant) = held.secrets.grant.as_mut().filter(|_| refused) else { return };
            grant.ended = Some(word.to_owned());
            held.revision += 1;
        }
        let _ = self.write().await;
    }

    /// Revokes the tokens where the server offers it, and forgets the grant whatever it says.
    pub(crate) async fn forget(&self) -> Revocation {
        let generation = self.held().generation;
        // What was never loaded is to be revoked too; where it cannot be read it is forgotten all the same.
        let _ = self.learn().await;
        let grant = {
            let mut held = self.held();
            if held.generation != generation {
                return Revocation::NothingHeld;
            }
            held.replace_grant(None)
        };
        // What cannot be stored now is settled later: see `Settling`.
        let _ = self.write().await;
        let revocation = match grant {
            Some(grant) => self.revocations.revoke(&grant).await,
            None => Revocation::NothingHeld,
        };
        // Idle connections keep in their buffers what was last sent on them.
        self.http.forget_connections();
        revocation
    }

    /// Revokes, without anybody waiting for it, a grant that is not going to be kept.
    pub(crate) fn abandon(&self, grant: Grant) {
        self.revocations.abandon(self.config.name.as_str(), grant);
    }

    /// Forgets the registration that the grant was obtained with.
    pub(crate) async fn forget_registration(&self) {
        let issuer = self.held().secrets.origin().map(|origin| origin.issuer.clone());
        let Some(issuer) = issuer else { return };
        if let Err(error) = self.store.delete(&crate::grant::registration_document(&issuer)).await {
            tracing::warn!(issuer, %error, "a lost registration could not be forgotten");
        }
    }

    /// The secret of a pre-registered client.
    pub(crate) async fn client_secret(&self) -> Option<SecretString> {
        // Where the store cannot be read, the server says that the secret is missing.
        let _ = self.learn().await;
        self.held().secrets.client_secret.clone()
    }

    /// The scope granted so far.
    pub(crate) fn granted_scope(&self) -> Option<String> {
        self.held().secrets.grant.as_ref()?.scope.clone()
    }

    /// Why the store could not be used when it was last asked, where it could not.
    pub(crate) fn trouble(&self) -> Option<StoreError> {
        self.held().trouble.clone()
    }

    /// Where it can be seen whether the authorization server is there, by whoever asks nothing of it; `None` where it is yet to
    /// be found.
    pub(crate) fn sign_in_server(&self) -> Option<Url> {
        let held = self.held();
        match held.secrets.origin() {
            Some(origin) => Some(oauth::public_address(&origin.issuer, &origin.token_endpoint)),
            None => self.config.issuer.as_ref().map(|issuer| oauth::public_address(issuer.as_str(), issuer)),
        }
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
            issued_at: now.moment_at(grant.issued_at).min(now.moment),
            expires_at: grant.expires_at.map(|expiry| {
                // Never farther away than it was at first: the wall clock may have been years ahead then, or be behind.
                let lifetime = expiry.duration_since(grant.issued_at).try_into().unwrap_or_default();
                now.moment_at(expiry).min(now.moment + lifetime)
            }),
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

fn credential(lease: Lease, grant: &Grant) -> Option<Arc<Credential>> {
    let Ok(mut authorization) = HeaderValue::from_str(&format!("Bearer {}", grant.access_token.expose_secret())) else {
        tracing::error!("the authorization server issued an access token that no header can carry");
        return None;
    };
    authorization.set_sensitive(true);
    Some(Arc::new(Credential::new(lease, authorization)))
}
