//! The session and its document in the secret store: read, written whole, never taken for newer than what is held.

use std::time::Duration;

use lamplighter_core::condition::StoreFault;
use secrecy::ExposeSecret;

use super::Session;
use crate::grant::Secrets;
use crate::ports::StoreError;

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
        let stored = match self.read().await {
            Ok(stored) => stored.unwrap_or_default(),
            Err(StoreFault::Failed) if self.held().known => {
                self.write_again().await;
                return Ok(());
            }
            Err(fault) => return Err(fault),
        };
        let mut held = self.held();
        if held.revision == revision {
            held.secrets = stored;
            held.known = true;
        }
        Ok(())
    }

    /// The document went bad under the engine, which still holds what was in it: that goes on, and back to the store.
    async fn write_again(&self) {
        self.held().revision += 1;
        // What cannot be written now is behind, and goes with the next write.
        let _ = self.write().await;
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
        let read = self.store.read(&self.document).await.and_then(|document| {
            let Some(document) = document else { return Ok(None) };
            let secrets = Secrets::decode(document.expose_secret());
            secrets.map(Some).ok_or_else(|| StoreError {
                fault: StoreFault::Failed,
                message: format!("the document {} in the secret store is none of ours", self.document),
            })
        });
        self.note(&read);
        read.map_err(|error| error.fault)
    }

    /// Keeps what is wrong with the store, and says it in the log when that changes: it is asked again and again.
    fn note<T>(&self, answer: &Result<T, StoreError>) {
        let now = answer.as_ref().err().cloned();
        let before = std::mem::replace(&mut self.held().trouble, now.clone());
        let Some(error) = now else { return };
        if before.is_some_and(|before| before.message == error.message) {
            tracing::debug!(document = self.document, %error, "the secret store still cannot be used");
        } else {
            tracing::warn!(document = self.document, %error, "the secret store cannot be used");
        }
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
        self.note(&written);
        written.map_err(|error| error.fault)
    }
}
