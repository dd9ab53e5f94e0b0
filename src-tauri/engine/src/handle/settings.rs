//! Settings that faces read and change.

use std::sync::Arc;

use lamplighter_core::config::{ConfigError, Desktop};
use tokio::sync::watch;

use super::{Handle, joined};
use crate::configfile::EditError;
use crate::control::ControlError;
use crate::settings::{ChangedSettings, Settings};

impl Handle {
    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.0.settings.describe(self.0.address)
    }

    /// How the tray app is to show itself, and every change of that.
    #[must_use]
    pub fn desktop_settings(&self) -> watch::Receiver<Desktop> {
        self.0.settings.desktop()
    }

    /// Keeps `changes` in `config.toml` and has them hold at once, whole even when nobody waits. Workloads with times of
    /// their own keep them.
    ///
    /// # Errors
    /// When a change is not allowed, contradicts another setting, or cannot be written; nothing is changed then.
    pub async fn change_settings(&self, changes: ChangedSettings) -> Result<Settings, ControlError> {
        let this = self.clone();
        self.whole(async move { this.change(changes).await }).await
    }

    async fn change(&self, changes: ChangedSettings) -> Result<Settings, ControlError> {
        let _turn = self.0.editing.lock().await;
        let edit = self.0.settings.permit(changes)?;
        let keys: Vec<String> = edit.token.iter().map(|(key, _)| key.clone()).collect();
        let file = Arc::clone(&self.0.config_file);
        let edited = joined(tokio::task::spawn_blocking(move || file.change(&edit))).await;
        let config = edited.map_err(|error| match error {
            EditError::Invalid(error) => ControlError::Invalid(of_change(error, &keys)),
            error @ (EditError::Read { .. }
            | EditError::Write { .. }
            | EditError::Broken(_)
            | EditError::Emptied(_)
            | EditError::NameTaken(_)
            | EditError::NoSuchWorkload(_)) => ControlError::Config(error),
        })?;
        self.0.settings.adopt(&config);
        for entry in self.0.workloads.registry.all() {
            let own = config.workloads.iter().find(|workload| workload.name == entry.config.name);
            entry.set_times(own.map_or(config.token, |workload| workload.token)).await;
        }
        Ok(self.settings())
    }
}

/// A value that is right by itself can only contradict another time; at fault is the one of the two that was changed, by
/// one of `keys`.
fn of_change(error: ConfigError, keys: &[String]) -> ConfigError {
    let changed = error.field.as_ref().filter(|field| keys.contains(field)).or(keys.first());
    ConfigError { field: changed.map(|key| format!("token.{key}")), ..error }
}
