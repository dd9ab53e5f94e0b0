//! Secrets that end with the engine.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use secrecy::SecretSlice;

use crate::ports::{SecretStore, StoreError};

/// A store without a disk.
#[derive(Default)]
pub(super) struct Memory {
    documents: Mutex<HashMap<String, SecretSlice<u8>>>,
}

impl Memory {
    fn documents(&self) -> MutexGuard<'_, HashMap<String, SecretSlice<u8>>> {
        self.documents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SecretStore for Memory {
    fn read<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<SecretSlice<u8>>, StoreError>> {
        async { Ok(self.documents().get(name).cloned()) }.boxed()
    }

    fn write<'a>(&'a self, name: &'a str, document: SecretSlice<u8>) -> BoxFuture<'a, Result<(), StoreError>> {
        async {
            self.documents().insert(name.to_owned(), document);
            Ok(())
        }
        .boxed()
    }

    fn delete<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        async {
            self.documents().remove(name);
            Ok(())
        }
        .boxed()
    }
}
