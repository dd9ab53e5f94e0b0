//! The engine as the faces see it: start it, read its snapshot, ask it for things.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use lamplighter_core::config::{Config, ConfigError, Environment, GrantKind, Name, Resource};
use lamplighter_core::notice::Toast;
use lamplighter_core::{Snapshot, status::Workload};
use secrecy::SecretString;
use tokio::sync::{broadcast, watch};
use url::Url;

use crate::ports::{Clock, Journal, SecretStore};
use crate::profile::Profile;
use crate::route::Route;

/// The doors that the engine is started with.
pub struct Ports {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Secrets.
    pub secrets: Arc<dyn SecretStore>,
    /// History.
    pub journal: Arc<dyn Journal>,
}

/// The running engine; dropping it does not drain, [`Engine::stop`] does.
pub struct Engine {}

/// What faces hold: cheap to clone.
#[derive(Clone)]
pub struct Handle {}

/// A workload to be added.
#[derive(Debug)]
#[expect(missing_docs, reason = "the fields are those of the `[[workload]]` table")]
pub struct NewWorkload {
    pub name: Name,
    pub url: Url,
    pub client_id: Option<String>,
    pub client_secret: Option<SecretString>,
    pub scopes: Vec<String>,
    pub resource: Resource,
    pub issuer: Option<Url>,
    pub grant: GrantKind,
    pub bearer: Option<SecretString>,
    pub headers: BTreeMap<String, SecretString>,
}

/// What `add` found out by one look at the server.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Look {
    /// It answers without a token.
    Open,
    /// It asks for a sign-in.
    SignInNeeded,
    /// It could not be reached, or answers in a way that is not MCP; the sentence says how.
    Unreachable(String),
}

/// A sign-in that was begun.
#[derive(Debug)]
pub struct SignIn {
    /// What the person opens.
    pub authorization_url: Url,
    /// How it ends.
    pub outcome: watch::Receiver<Option<SignInOutcome>>,
}

/// How a sign-in ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignInOutcome {
    /// The workload is signed in.
    SignedIn,
    /// It is not; the sentence says why.
    Failed(String),
}

/// What the page of the callback says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallbackPage {
    /// This workload is signed in.
    SignedIn(String),
    /// The flow of this workload failed; the sentence says why.
    Failed(String, String),
    /// No flow has this `state`; nothing was changed.
    Unknown,
}

/// How a sign-out went.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Revocation {
    /// The server revoked the tokens (RFC 7009).
    Revoked,
    /// The server offers no revocation; forgotten here.
    NotOffered,
    /// There was nothing to revoke.
    NothingHeld,
    /// The server could not be told; forgotten here all the same. The sentence says why.
    Failed(String),
}

/// Why the engine did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// No workload has this name.
    #[error("no workload is called {name:?}")]
    NoSuchWorkload {
        /// The name asked for.
        name: String,
        /// The nearest one that exists.
        nearest: Option<String>,
    },
    /// The name is taken.
    #[error("a workload called {0:?} exists already")]
    NameTaken(String),
    /// A value is not allowed.
    #[error(transparent)]
    Invalid(#[from] ConfigError),
    /// `config.toml` could not be written.
    #[error("the configuration could not be written: {0}")]
    Config(String),
    /// A secret could not be stored.
    #[error("the secret could not be stored: {0}")]
    Secrets(String),
    /// A sign-in could not be begun. The sentence says why.
    #[error("{0}")]
    SignIn(String),
    /// A sign-in makes no sense here, or would ask again in vain.
    #[error("{0}")]
    NotApplicable(String),
}

/// Why the engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Another engine holds the profile.
    #[error("another engine holds this profile: {0}")]
    Held(crate::profile::Holder),
    /// The address is taken, or cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// A folder or file cannot be used.
    #[error("{path}: {source}")]
    Files {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The HTTP client could not be set up.
    #[error(transparent)]
    Http(#[from] crate::http::SetupError),
}

impl Engine {
    /// Takes the profile's lock, loads every workload, listens, writes `engine.json`, and answers.
    ///
    /// # Errors
    /// When the profile is held, a setting is wrong, or the address cannot be listened on.
    pub async fn start(
        profile: Profile,
        environment: &Environment,
        config: Config,
        ports: Ports,
    ) -> Result<Self, StartError> {
        let _ = (profile, environment, config, ports);
        unimplemented!()
    }

    /// A handle for a face.
    #[must_use]
    pub fn handle(&self) -> Handle {
        unimplemented!()
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> std::net::SocketAddr {
        unimplemented!()
    }

    /// Refuses new requests, finishes exchanges under way (10 s at most), flushes the journal, removes `engine.json`.
    pub async fn stop(self) {
        unimplemented!()
    }
}

#[expect(clippy::unused_async, reason = "signatures first")]
impl Handle {
    /// All workloads now.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        unimplemented!()
    }

    /// All workloads at every change; the first value is whole.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Arc<Snapshot>> {
        unimplemented!()
    }

    /// Desktop notifications as they fall due.
    #[must_use]
    pub fn toasts(&self) -> broadcast::Receiver<Toast> {
        unimplemented!()
    }

    /// One workload now.
    ///
    /// # Errors
    /// When no workload has this name.
    pub fn workload(&self, name: &str) -> Result<Workload, ControlError> {
        let _ = name;
        unimplemented!()
    }

    /// The request path to one workload.
    #[must_use]
    pub fn route(&self, name: &str) -> Option<Arc<Route>> {
        let _ = name;
        unimplemented!()
    }

    /// The journal.
    #[must_use]
    pub fn journal(&self) -> &Arc<dyn Journal> {
        unimplemented!()
    }

    /// Keeps a workload, starts it, and says what its server asks for.
    ///
    /// # Errors
    /// When the name is taken, or it could not be kept.
    pub async fn add(&self, workload: NewWorkload) -> Result<(Workload, Look), ControlError> {
        let _ = workload;
        unimplemented!()
    }

    /// Stops a workload, forgets its secrets, removes it.
    ///
    /// # Errors
    /// When no workload has this name, or the configuration cannot be written.
    pub async fn remove(&self, name: &str) -> Result<Revocation, ControlError> {
        let _ = name;
        unimplemented!()
    }

    /// Begins a sign-in (an earlier one of this workload is cancelled).
    ///
    /// # Errors
    /// When no workload has this name, or discovery, registration or its grant kind stand against it.
    pub async fn login(&self, name: &str, force: bool) -> Result<SignIn, ControlError> {
        let _ = (name, force);
        unimplemented!()
    }

    /// Cancels the sign-in of a workload, if there is one.
    ///
    /// # Errors
    /// When no workload has this name.
    pub async fn cancel_login(&self, name: &str) -> Result<(), ControlError> {
        let _ = name;
        unimplemented!()
    }

    /// The browser came back with this query (RFC 6749 section 4.1.2, RFC 9207).
    pub async fn callback(&self, query: &str) -> CallbackPage {
        let _ = query;
        unimplemented!()
    }

    /// Revokes at the server where it can, forgets here always.
    ///
    /// # Errors
    /// When no workload has this name.
    pub async fn logout(&self, name: &str) -> Result<Revocation, ControlError> {
        let _ = name;
        unimplemented!()
    }

    /// Refreshes now, whatever the state. Answers when it is under way.
    ///
    /// # Errors
    /// When no workload has this name.
    pub async fn retry(&self, name: &str) -> Result<(), ControlError> {
        let _ = name;
        unimplemented!()
    }

    /// Starts a stopped workload (and keeps that in the configuration).
    ///
    /// # Errors
    /// When no workload has this name, or the configuration cannot be written.
    pub async fn start(&self, name: &str) -> Result<(), ControlError> {
        let _ = name;
        unimplemented!()
    }

    /// Stops a workload (and keeps that in the configuration).
    ///
    /// # Errors
    /// When no workload has this name, or the configuration cannot be written.
    pub async fn stop(&self, name: &str) -> Result<(), ControlError> {
        let _ = name;
        unimplemented!()
    }

    /// Reloads the grant, then refreshes it.
    ///
    /// # Errors
    /// When no workload has this name.
    pub async fn restart(&self, name: &str) -> Result<(), ControlError> {
        let _ = name;
        unimplemented!()
    }

    /// The key that `endpoint` prints: stable, made anew only when the secret store no longer has it.
    ///
    /// # Errors
    /// When the secret store cannot be used.
    pub async fn endpoint_key(&self) -> Result<SecretString, ControlError> {
        unimplemented!()
    }
}
