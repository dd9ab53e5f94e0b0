//! The one key that `endpoint` prints, kept in the secret store.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lamplighter_core::admission;
use lamplighter_core::condition::StoreFault;
use secrecy::{ExposeSecret, SecretString};

use super::Handle;
use crate::control::ControlError;
use crate::ports::StoreError;

/// The document that keeps the key.
const DOCUMENT: &str = "key/endpoint";
/// The client that this key is for.
const CLIENT: &str = "endpoint";
/// Between two tries to read the key of clients that are locked out without it.
const READMIT_AGAIN: Duration = Duration::from_secs(30);

impl Handle {
    /// What is wrong with the secret store: now, or when a workload last used it.
    pub(crate) async fn store_trouble(&self) -> Option<StoreError> {
        let of_workloads = || self.0.workloads.registry.all().iter().find_map(|entry| entry.session.trouble());
        self.0.workloads.secrets.read(DOCUMENT).await.err().or_else(of_workloads)
    }

    /// Where a `keys.json` is that could not be understood when the engine started.
    pub(crate) fn keys_set_aside(&self) -> Option<&Path> {
        self.0.keyring.set_aside()
    }

    /// The key that `endpoint` prints: stable, made anew only when the secret store no longer has it.
    ///
    /// # Errors
    /// When the secret store cannot be used.
    pub async fn endpoint_key(&self) -> Result<SecretString, ControlError> {
        let refused = |error: &dyn std::fmt::Display| ControlError::Secrets(error.to_string());
        if let Some(key) = self.kept_endpoint_key().await.map_err(|error| refused(&error))? {
            return Ok(key);
        }
        let key = self.0.keyring.mint(CLIENT).map_err(|error| refused(&error))?;
        let document = key.expose_secret().as_bytes().to_vec();
        self.0.workloads.secrets.write(DOCUMENT, document.into()).await.map_err(|error| refused(&error))?;
        Ok(key)
    }

    /// Lets the key that `endpoint` printed open MCP paths again, after its hash was lost with `keys.json`. Tried until
    /// the secret store answers: clients hold that key.
    pub(crate) async fn readmit_endpoint_key(self) {
        let clock = Arc::clone(self.clock());
        while let Err(error) = self.kept_endpoint_key().await {
            tracing::debug!(%error, "the key of `endpoint` is not known yet");
            clock.sleep_until(clock.now().moment + READMIT_AGAIN).await;
        }
    }

    /// The key as the secret store has it. The keyring knows it from then on, if it did not.
    async fn kept_endpoint_key(&self) -> Result<Option<SecretString>, StoreError> {
        let Some(kept) = self.0.workloads.secrets.read(DOCUMENT).await? else { return Ok(None) };
        let Ok(key) = std::str::from_utf8(kept.expose_secret()) else { return Ok(None) };
        if key.is_empty() {
            return Ok(None);
        }
        let key = SecretString::from(key);
        if self.0.keyring.check(key.expose_secret()) == admission::Key::Unknown {
            self.0.keyring.admit(CLIENT, &key).map_err(|error| StoreError {
                fault: StoreFault::Failed,
                message: format!("keys.json cannot be written: {error}"),
            })?;
        }
        Ok(Some(key))
    }
}
