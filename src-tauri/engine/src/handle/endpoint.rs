//! The one key that `endpoint` prints, kept in the secret store.

use lamplighter_core::admission;
use secrecy::{ExposeSecret, SecretString};

use super::Handle;
use crate::control::ControlError;

/// The document that keeps the key.
const DOCUMENT: &str = "key/endpoint";
/// The client that this key is for.
const CLIENT: &str = "endpoint";

impl Handle {
    /// The key that `endpoint` prints: stable, made anew only when the secret store no longer has it.
    ///
    /// # Errors
    /// When the secret store cannot be used.
    pub async fn endpoint_key(&self) -> Result<SecretString, ControlError> {
        let store = &self.0.workloads.secrets;
        let refused = |error: &dyn std::fmt::Display| ControlError::Secrets(error.to_string());
        if let Some(kept) = store.read(DOCUMENT).await.map_err(|error| refused(&error))?
            && let Ok(key) = std::str::from_utf8(kept.expose_secret())
            && self.0.keyring.check(key) != admission::Key::Unknown
        {
            return Ok(key.into());
        }
        let key = self.0.keyring.mint(CLIENT).map_err(|error| refused(&error))?;
        let document = key.expose_secret().as_bytes().to_vec();
        store.write(DOCUMENT, document.into()).await.map_err(|error| refused(&error))?;
        Ok(key)
    }
}
