//! What faces may ask of the engine, and what it answers.

use std::collections::BTreeMap;
use std::time::Duration;

use lamplighter_core::config::{ConfigError, GrantKind, Name, Resource};
use secrecy::SecretString;
use tokio::sync::watch;
use url::Url;

use crate::oauth::SignInError;

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
    /// It takes the token that was sent, and asks for one where none is.
    TokenAccepted,
    /// It refuses the token that was sent.
    TokenRefused,
    /// Its answer does not tell whether it takes the token that was sent.
    TokenUnverified,
    /// It answers, but not as an MCP server does; the sentence says how.
    NotMcp(String),
    /// It could not be reached; the sentence says how.
    Unreachable(String),
}

/// What a sign-in would lead to.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Asked {
    /// The authorization server (RFC 8414 `issuer`).
    pub issuer: String,
    /// The scopes that it will be asked for; none where neither server nor person names any.
    pub scopes: Vec<String>,
}

/// A sign-in that was begun.
#[derive(Debug)]
pub struct SignIn {
    /// What the person opens.
    pub authorization_url: Url,
    /// How it ends.
    pub outcome: watch::Receiver<Option<SignInOutcome>>,
}

/// How a login was renewed at the person's word.
#[derive(Debug)]
pub enum Reauthentication {
    /// A refresh did it.
    SignedIn,
    /// The person is needed.
    SignIn(SignIn),
}

/// A sign-in on another device that was begun (RFC 8628).
#[derive(Debug)]
pub struct DeviceSignIn {
    /// What the person enters there.
    pub user_code: String,
    /// Where they enter it.
    pub verification_uri: Url,
    /// The same with the code in it, where the server gives that.
    pub verification_uri_complete: Option<Url>,
    /// How long the code is good for.
    pub expires_in: Duration,
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
    #[error(transparent)]
    Config(#[from] crate::configfile::EditError),
    /// A secret could not be stored.
    #[error("the secret could not be stored: {0}")]
    Secrets(String),
    /// A sign-in could not be begun. The sentence says why.
    #[error(transparent)]
    SignIn(SignInError),
    /// There is no web UI to be opened.
    #[error("this build has no web UI")]
    NoWebUi,
    /// It is stopped, and only the person starts it again.
    #[error("{0} is stopped, so there is nothing to refresh")]
    Stopped(String),
    /// The program around the engine has no window.
    #[error("the engine runs without a window")]
    NoWindow,
    /// The program around the engine has no simulated server.
    #[error("the engine runs without a simulated server")]
    NoSimulator,
    /// A sign-in makes no sense here, or would ask again in vain.
    #[error("{0}")]
    NotApplicable(String),
}
