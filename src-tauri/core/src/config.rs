//! Settings parsed into valid values: parse, do not validate.
//!
//! Environment beats file, and what is said of one workload beats what is said of all. Every error
//! names the place, the key, the value, what is allowed, an example and what to do; no error holds a
//! secret. This room reads no file and no variable: it is handed both.

mod address;
mod arguments;
mod desktop;
mod duration;
mod error;
mod name;
mod table;
mod times;
mod word;
mod workload;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};
use url::Url;

pub use self::arguments::{
    parse_client_id, parse_duration, parse_grant, parse_header, parse_issuer, parse_resource, parse_scope, parse_url,
};
pub use self::desktop::{Desktop, Theme};
pub use self::error::ConfigError;
pub use self::name::{Name, RESERVED};
pub use self::times::{SettingSource, TokenSetting, TokenValue, parse_token_setting};
pub use self::workload::WorkloadConfig;

use self::error::Fault;
pub use self::error::nearest;
use self::table::{Section, Source};
use self::times::Times;
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
    /// The same one by one, and who said them.
    pub token_settings: Vec<TokenSetting>,
    /// How the tray app shows itself.
    pub desktop: Desktop,
    /// In the order of the file.
    pub workloads: Vec<WorkloadConfig>,
    /// Things to say and go on, such as an unknown `LAMPLIGHTER_*`.
    pub warnings: Vec<String>,
}

/// Where secrets are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecretStoreKind {
    /// The platform's keychain.
    #[default]
    Keychain,
    /// An encrypted file.
    File,
    /// Nowhere: gone when the engine stops.
    Memory,
}

/// How a grant is obtained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrantKind {
    /// RFC 6749 section 4.1, by a person in a browser.
    #[default]
    AuthorizationCode,
    /// RFC 6749 section 4.4.
    ClientCredentials,
    /// A token that somebody pasted.
    Bearer,
}

impl GrantKind {
    /// The word for it in `config.toml` and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::ClientCredentials => "client_credentials",
            Self::Bearer => "bearer",
        }
    }
}

/// `resource` of RFC 8707.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Resource {
    /// The one that the server's metadata names, else the workload's address.
    #[default]
    Discovered,
    /// This one, to the letter.
    Fixed(String),
    /// None is sent; `resource = false` in `config.toml`.
    Omitted,
}

/// Environment variables, as the settings see them.
pub type Environment = BTreeMap<String, String>;

const KEYS: [&str; 6] = ["listen", "secret_store", "client_metadata_url", "token", "desktop", "workload"];

const PREFIX: &str = "LAMPLIGHTER_";

/// Variables without their prefix, beside the token settings. `HOME` and `EXTRA_CA_CERTS` are read elsewhere,
/// `BEARER` and `CLIENT_SECRET` by `lamplighter add`.
const VARIABLES: [&str; 8] =
    ["HOME", "LOG", "LISTEN", "SECRET_STORE", "CLIENT_METADATA_URL", "EXTRA_CA_CERTS", "BEARER", "CLIENT_SECRET"];

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 4114)),
            secret_store: SecretStoreKind::default(),
            client_metadata_url: None,
            log: None,
            token: Policy::default(),
            token_settings: Times::default().settings(),
            desktop: Desktop::default(),
            workloads: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

impl Config {
    /// Parses the text of `config.toml` (called `file` in errors) under `environment`.
    ///
    /// # Errors
    /// On the first setting that is wrong or unknown.
    pub fn parse(file: &str, text: &str, environment: &Environment) -> Result<Self, ConfigError> {
        let source = Source::new(file, text);
        let document = source.document()?;
        let root = Section::new(source, "this file", document.as_table(), None, &KEYS)?;
        let default = Self::default();

        let listen = root.text("listen", "listen = \"127.0.0.1:4114\"", address::listen)?;
        let store = root.text("secret_store", "secret_store = \"keychain\"", word::secret_store)?;
        let example = "client_metadata_url = \"https://example.com/lamplighter.json\"";
        let metadata = root.text("client_metadata_url", example, address::client_metadata)?;
        let times = Times::default()
            .with_table(root.table("token", "[token]", &times::keys())?)?
            .with_environment(environment)?;

        Ok(Self {
            listen: variable(environment, "listen", address::listen)?.or(listen).unwrap_or(default.listen),
            secret_store: variable(environment, "secret_store", word::secret_store)?.or(store).unwrap_or_default(),
            client_metadata_url: variable(environment, "client_metadata_url", address::client_metadata)?.or(metadata),
            log: environment.get("LAMPLIGHTER_LOG").cloned(),
            token: times.policy()?,
            token_settings: times.settings(),
            desktop: Desktop::read(root.table("desktop", "[desktop]", &desktop::KEYS)?)?,
            workloads: workloads(&root, &times)?,
            warnings: warnings(environment),
        })
    }
}

/// The value of `key` in the environment, read by `read`.
fn variable<T>(
    environment: &Environment,
    key: &str,
    read: impl FnOnce(&str) -> Result<T, Fault>,
) -> Result<Option<T>, ConfigError> {
    let variable = format!("{PREFIX}{}", key.to_ascii_uppercase());
    let Some(value) = environment.get(&variable) else { return Ok(None) };
    read(value).map(Some).map_err(|fault| fault.in_environment(&variable, key))
}

fn workloads(root: &Section<'_>, times: &Times) -> Result<Vec<WorkloadConfig>, ConfigError> {
    let mut sections: BTreeMap<Name, Section<'_>> = BTreeMap::new();
    let mut workloads = Vec::new();
    for section in root.tables("workload", &workload::KEYS)? {
        let workload = WorkloadConfig::read(section, times)?;
        if let Some(first) = sections.get(&workload.name) {
            let predicate = format!("is the name of another workload too, at {}", first.place_of("name"));
            let hint = format!("every workload has a name of its own; for example name = \"{}-2\"", workload.name);
            return Err(Fault::of(workload.name.as_str(), predicate, hint).in_file(section.place_of("name"), "name"));
        }
        sections.insert(workload.name.clone(), section);
        workloads.push(workload);
    }
    Ok(workloads)
}

/// One sentence for each `LAMPLIGHTER_*` that means nothing. Its value is not shown: nobody knows what it is.
fn warnings(environment: &Environment) -> Vec<String> {
    let known = || VARIABLES.into_iter().chain(times::variables());
    let words = environment.keys().filter_map(|variable| variable.strip_prefix(PREFIX));
    let unknown = words.filter(|word| !known().any(|known| known == *word));
    unknown
        .map(|word| match nearest(word, known()) {
            Some(meant) => format!(
                "environment variable {PREFIX}{word} means nothing and is not used; did you mean {PREFIX}{meant}?"
            ),
            None => format!("environment variable {PREFIX}{word} means nothing and is not used"),
        })
        .collect()
}
