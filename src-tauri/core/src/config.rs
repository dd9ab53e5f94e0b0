//! Settings parsed into valid values: parse, do not validate.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use url::Url;

use crate::policy::Policy;

/// Everything the engine is told, valid.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Where to listen: loopback only.
    pub listen: SocketAddr,
    /// Where secrets are kept.
    pub secret_store: SecretStoreKind,
    /// A Client ID Metadata Document.
    pub client_metadata_url: Option<Url>,
    /// A tracing filter.
    pub log: Option<String>,
    /// Times for every workload.
    pub token: Policy,
    /// In the order of the file.
    pub workloads: Vec<WorkloadConfig>,
    /// Things to say and go on, such as an unknown `LAMPLIGHTER_*`.
    pub warnings: Vec<String>,
}

/// Where secrets are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SecretStoreKind {
    /// The platform's keychain.
    #[default]
    Keychain,
    /// An encrypted file.
    File,
    /// Nowhere: gone when the engine stops.
    Memory,
}

/// A workload's name: `[a-z0-9-]{1,40}` and none of the reserved words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

/// How a grant is obtained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum GrantKind {
    /// RFC 6749 section 4.1, by a person in a browser.
    #[default]
    AuthorizationCode,
    /// RFC 6749 section 4.4.
    ClientCredentials,
    /// A token that somebody pasted.
    Bearer,
}

/// `resource` of RFC 8707.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Resource {
    /// The one that the server's metadata names, else the workload's address.
    #[default]
    Discovered,
    /// This one, to the letter.
    Fixed(String),
    /// None is sent.
    Omitted,
}

/// One `[[workload]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkloadConfig {
    /// Its name.
    pub name: Name,
    /// https, or http on loopback.
    pub url: Url,
    /// A pre-registered client.
    pub client_id: Option<String>,
    /// Scopes to ask for, instead of those that the server names.
    pub scopes: Vec<String>,
    /// `resource` of RFC 8707.
    pub resource: Resource,
    /// The authorization server, where the person knows better than discovery.
    pub issuer: Option<Url>,
    /// How a grant is obtained.
    pub grant: GrantKind,
    /// Names of headers whose values are kept as secrets.
    pub headers: Vec<String>,
    /// Not started with the engine.
    pub stopped: bool,
    /// Its times: what is said of one workload beats what is said of all.
    pub token: Policy,
}

/// Environment variables, as the settings see them.
pub type Environment = BTreeMap<String, String>;

/// What is wrong with a setting: where, what, what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct ConfigError {
    /// The file with line and column, or the environment variable, or the argument.
    pub place: String,
    /// The setting that is wrong, with its value.
    pub problem: String,
    /// What is allowed, an example, what to do.
    pub hint: String,
    /// The key at fault (`url`, `name`, …).
    pub field: Option<String>,
}

impl Name {
    /// Parses a name.
    ///
    /// # Errors
    /// When it is empty, too long, reserved, or has other characters.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let _ = text;
        unimplemented!()
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Config {
    /// Parses the text of `config.toml` (called `file` in errors) under `environment`.
    ///
    /// # Errors
    /// On the first setting that is wrong or unknown.
    pub fn parse(file: &str, text: &str, environment: &Environment) -> Result<Self, ConfigError> {
        let _ = (file, text, environment);
        unimplemented!()
    }
}
