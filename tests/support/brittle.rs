//! A secret store that can be made to panic, as code of others does at times.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use lamplighter_engine::ports::{SecretStore, StoreError};
use secrecy::{ExposeSecret, SecretSlice};
use tokio::sync::watch;

/// A real store, and whether it breaks at the next document.
pub(crate) struct Brittle {
    store: Arc<dyn SecretStore>,
    breaks: watch::Sender<bool>,
}

impl Brittle {
    pub(crate) fn new(store: Arc<dyn SecretStore>) -> Self {
        Self { store, breaks: watch::Sender::new(false) }
    }

    pub(crate) fn break_next(&self) {
        self.breaks.send_replace(true);
    }

    /// Ready when it broke.
    pub(crate) async fn broken(&self) {
        // The sender is here.
        let _ = self.breaks.subscribe().wait_for(|breaks| !breaks).await;
    }
}

impl SecretStore for Brittle {
    fn read<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<SecretSlice<u8>>, StoreError>> {
        self.store.read(name)
    }

    fn write<'a>(&'a self, name: &'a str, document: SecretSlice<u8>) -> BoxFuture<'a, Result<(), StoreError>> {
        let length = document.expose_secret().len();
        assert!(!self.breaks.send_replace(false), "broken by {length} bytes");
        self.store.write(name, document)
    }

    fn delete<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        self.store.delete(name)
    }
}
