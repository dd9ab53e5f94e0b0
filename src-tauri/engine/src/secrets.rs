//! Where secrets are kept: the platform's keychain, an encrypted folder, or memory. Knows documents by name and
//! never what is in them.
//!
//! Names in use: `workload/NAME`, `registration/ISSUER`, `key/endpoint`.

use std::sync::Arc;

use lamplighter_core::condition::StoreFault;
use lamplighter_core::config::SecretStoreKind;
use secrecy::SecretSlice;

use crate::ports::{Clock, SecretStore, StoreError};
use crate::profile::Profile;

mod folder;
mod keychain;
mod memory;
#[cfg(any(windows, test))]
mod split;
mod worker;

/// The store of this kind for this profile. Nothing is touched before the first call, and what goes wrong then is
/// that call's answer: an absent keychain is never replaced by another kind of store.
#[must_use]
pub fn open(kind: SecretStoreKind, profile: &Profile, clock: Arc<dyn Clock>) -> Arc<dyn SecretStore> {
    match kind {
        SecretStoreKind::Keychain => {
            let keychain = keychain::vault(profile.tag(), clock.clone());
            Arc::new(worker::Worker::start(keychain, clock))
        }
        SecretStoreKind::File => {
            let folder = folder::Folder::new(profile.data_dir.join("secrets"), clock.clone());
            Arc::new(worker::Worker::start(folder, clock))
        }
        SecretStoreKind::Memory => Arc::new(memory::Memory::default()),
    }
}

/// A store that blocks its caller, for as long as it likes.
trait Vault: Send + 'static {
    fn read(&mut self, name: &str) -> Result<Option<SecretSlice<u8>>, StoreError>;
    fn write(&mut self, name: &str, document: &[u8]) -> Result<(), StoreError>;
    fn delete(&mut self, name: &str) -> Result<(), StoreError>;
}

fn failed(message: String) -> StoreError {
    StoreError { fault: StoreFault::Failed, message }
}
