//! The session and its document in the secret store: read, written whole, never taken for newer than what is held.

use std::time::Duration;

use lamplighter_core::condition::StoreFault;
use secrecy::ExposeSecret;

use super::Session;
use crate::grant::Secrets;

/// Between two tries to store what a sign-out left behind.
const SETTLE: Duration = Duration::from_secs(30);

impl Session {
    /// Deletes the document, headers and all.
    pub(crate) async fn delete(&self) {
        self.replace(Secrets::default());
        let _ = self.write().await;
    }

    /// Whether the store is behind what is held.
    pub(crate) fn unsaved(&self) -> bool {
        self.held().unsaved()
    }

    /// Writes until the store holds what is held: a forgotten login must not come back.
    pub(crate) async fn settle(&self) {
        while self.unsaved() {
            self.clock.sleep_until(self.clock.now().moment + SETTLE).await;
            let _ = self.write().await;
        }
    }

    /// Puts what the person gave with `add` in place, and stores it.
    pub(crate) async fn furnish(&self, secrets: Secrets) -> Result<(), StoreFault> {
        self.replace(secrets);
        self.write().await
    }

    /// Holds `secrets` from now on; the store is not told.
    pub(crate) fn replace(&self, secrets: Secrets) {
        let mut held = self.held();
        held.replace_grant(None);
        held.secrets = secrets;
        held.known = true;
    }

    /// Takes what the store holds, unless something newer is held.
    pub(super) async fn catch_up(&self) -> Result<(), StoreFault> {
        let revision = {
            let held = self.held();
            if held.unsaved() {
                return Ok(());
            }
            held.revision
        };
        let stored = self.read().await?.unwrap_or_default();
        let mut held = self.held();
        if held.revision == revision {
            held.secrets = stored;
            held.known = true;
        }
        Ok(())
    }

    /// Takes account of what the store holds of a workload that was never loaded: a sign-in must not write over
    /// its headers.
    pub(super) async fn learn(&self) -> Result<(), StoreFault> {
        let signed_in = {
            let held = self.held();
            if held.known {
                return Ok(());
            }
            held.secrets.grant.is_some()
        };
        let stored = match self.read().await {
            Ok(stored) => stored.unwrap_or_default(),
            // What cannot be read can only be replaced by a new login.
            Err(StoreFault::Failed) if signed_in => return Ok(()),
            Err(fault) => return Err(fault),
        };
        let mut held = self.held();
        if !held.known {
            let replaced = held.generation > 0;
            let grant = if replaced { held.secrets.grant.take() } else { stored.grant };
            held.secrets = Secrets { grant, ..stored };
            held.known = true;
        }
        Ok(())
    }

    pub(super) async fn read(&self) -> Result<Option<Secrets>, StoreFault> {
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

    pub(super) async fn write(&self) -> Result<(), StoreFault> {
        let _turn = self.writing.lock().await;
        if !self.unsaved() {
            return Ok(());
        }
        self.learn().await?;
        let (revision, document) = {
            let held = self.held();
            (held.revision, (!held.secrets.is_empty()).then(|| held.secrets.encode()))
        };
        let written = match document {
            Some(Ok(document)) => self.store.write(&self.document, document).await,
            Some(Err(error)) => Err(error),
            None => self.store.delete(&self.document).await,
        };
        if written.is_ok() {
            self.held().saved = revision;
        }
        written.map_err(|error| {
            tracing::warn!(document = self.document, %error, "the secret store cannot be written");
            error.fault
        })
    }
}
