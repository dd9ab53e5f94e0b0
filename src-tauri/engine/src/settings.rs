//! The settings that may change while the engine runs, and the others beside them. What is allowed is decided by the
//! configuration's own parser.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use lamplighter_core::Policy;
use lamplighter_core::config::{
    Config, ConfigError, Desktop, SecretStoreKind, SettingSource, Theme, TokenSetting, TokenValue, parse_token_setting,
};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::profile::Profile;

/// Settings as they are in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Settings {
    /// The times of all workloads that have none of their own.
    pub token: Vec<TokenSetting>,
    /// How the tray app shows itself.
    pub desktop: Desktop,
    /// Where the engine listens.
    pub listen: String,
    /// Where secrets are kept.
    pub secret_store: SecretStoreKind,
    /// Where what is kept.
    pub files: Files,
    /// The engine's version.
    pub version: String,
}

/// Where a profile keeps what a person may want to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Files {
    /// `config.toml`.
    pub config: String,
    /// `journal.db`.
    pub journal: String,
    /// The folder of the log.
    pub log: String,
    /// `engine.json`.
    pub engine: String,
}

/// Settings to change. What is left out stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChangedSettings {
    /// Times by their keys in `[token]`, written as there (`"10m"`, `"5"`); `null` for the default.
    #[serde(default)]
    pub token: BTreeMap<String, Option<String>>,
    /// How the tray app shows itself.
    #[schema(inline)]
    pub desktop: Option<ChangedDesktop>,
}

/// What is to change in how the tray app shows itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChangedDesktop {
    /// Whether notices are shown by the desktop.
    pub notifications: Option<bool>,
    /// The colours of the window.
    #[schema(inline)]
    pub theme: Option<Theme>,
}

/// A change of settings, each valid in itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsEdit {
    /// Times; `None` for the default.
    pub token: Vec<(String, Option<TokenValue>)>,
    /// How the tray app shows itself.
    pub desktop: ChangedDesktop,
}

/// What is in force, shared by whoever needs to know.
pub(crate) struct InForce {
    token: ArcSwap<(Policy, Vec<TokenSetting>)>,
    desktop: watch::Sender<Desktop>,
    secret_store: SecretStoreKind,
    files: Files,
}

impl InForce {
    pub(crate) fn new(config: &Config, profile: &Profile) -> Self {
        let shown = |path: &Path| path.display().to_string();
        Self {
            token: ArcSwap::from_pointee((config.token, config.token_settings.clone())),
            desktop: watch::Sender::new(config.desktop),
            secret_store: config.secret_store,
            files: Files {
                config: shown(&profile.config_file()),
                journal: shown(&profile.journal_file()),
                log: shown(&profile.log_folder()),
                engine: shown(&profile.engine_file()),
            },
        }
    }

    /// The times of a workload that has none of its own.
    pub(crate) fn policy(&self) -> Policy {
        self.token.load().0
    }

    pub(crate) fn desktop(&self) -> watch::Receiver<Desktop> {
        self.desktop.subscribe()
    }

    pub(crate) fn describe(&self, listen: SocketAddr) -> Settings {
        Settings {
            token: self.token.load().1.clone(),
            desktop: *self.desktop.borrow(),
            listen: listen.to_string(),
            secret_store: self.secret_store,
            files: self.files.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// The edit that `changes` ask for.
    ///
    /// # Errors
    /// When a key or value is not allowed, or the environment has the last word on it.
    pub(crate) fn permit(&self, changes: ChangedSettings) -> Result<SettingsEdit, ConfigError> {
        let present = self.token.load();
        let edit = |(key, text): (String, Option<String>)| {
            let setting = present.1.iter().find(|setting| setting.key == key);
            if let Some(TokenSetting { source: SettingSource::Environment, variable, .. }) = setting {
                return Err(ruled(&key, variable));
            }
            let value = match text {
                None if setting.is_some() => None,
                // Of a key that there is not, `null` is as wrong as any value.
                text => Some(parse_token_setting(&key, text.as_deref().unwrap_or_default())?),
            };
            Ok((key, value))
        };
        let token = changes.token.into_iter().map(edit).collect::<Result<_, _>>()?;
        Ok(SettingsEdit { token, desktop: changes.desktop.unwrap_or_default() })
    }

    /// From now on it is as `config` says, as far as that may change while the engine runs.
    pub(crate) fn adopt(&self, config: &Config) {
        self.token.store(Arc::new((config.token, config.token_settings.clone())));
        let desktop = config.desktop;
        self.desktop.send_if_modified(|held| std::mem::replace(held, desktop) != desktop);
    }
}

/// The environment has the last word on `key`.
fn ruled(key: &str, variable: &str) -> ConfigError {
    ConfigError {
        place: format!("environment variable {variable}"),
        problem: format!("it is set by the environment variable {variable}, which beats the settings"),
        hint: format!("take {variable} out of the environment and restart Lamplighter, then change it here"),
        field: Some(format!("token.{key}")),
    }
}
