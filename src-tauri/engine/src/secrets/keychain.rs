//! The platform's keychain: one item a document, updated in place. Knows no platform: those are the files beside.

use std::sync::Arc;
use std::time::Duration;

use keyring_core::{CredentialStore, Entry, Error};
use lamplighter_core::Moment;
use lamplighter_core::condition::StoreFault;
use secrecy::SecretSlice;

use super::Vault;
use crate::ports::{Clock, StoreError};

#[cfg_attr(target_os = "linux", path = "keychain/linux.rs")]
#[cfg_attr(target_os = "macos", path = "keychain/macos.rs")]
#[cfg_attr(windows, path = "keychain/windows.rs")]
mod platform;

/// Who owns our items.
const SERVICE: &str = "lamplighter";

/// How long a person who did not unlock the keychain is left in peace. Every call could bring up a prompt, and every
/// workload has its own calls.
const PEACE: Duration = Duration::from_mins(5);

/// The keychain of the person who runs the engine.
pub(super) struct Keychain {
    /// Tells this profile's items from another's.
    tag: String,
    /// Built at the first call, and anew after a failure: a keychain that was absent may have come, one that was
    /// restarted knows nothing of our session.
    store: Option<Arc<CredentialStore>>,
    /// When the keychain stayed locked although it was asked.
    refused_at: Option<Moment>,
    clock: Arc<dyn Clock>,
}

/// The keychain as a vault for documents of any length.
pub(super) fn vault(tag: String, clock: Arc<dyn Clock>) -> impl Vault {
    platform::fit(Keychain { tag, store: None, refused_at: None, clock })
}

impl Keychain {
    /// Has the item called `name` dealt with, unless that would trouble the person again.
    fn with_item<T>(&mut self, name: &str, act: impl Fn(&Entry) -> Result<T, Error>) -> Result<T, StoreError> {
        let in_peace = self.refused_at.is_some_and(|at| self.clock.now().moment.since(at) < PEACE);
        if in_peace && platform::is_locked() {
            let message = "the keychain is locked, and stayed so when it was last to be unlocked".to_owned();
            return Err(StoreError { fault: StoreFault::Locked, message });
        }
        let done = self.try_item(name, act).map_err(|error| explain(&error));
        let refused = done.as_ref().is_err_and(|error| error.fault == StoreFault::Locked);
        self.refused_at = refused.then(|| self.clock.now().moment);
        done
    }

    /// Has the item dealt with, twice if the first time showed that our session is over.
    fn try_item<T>(&mut self, name: &str, act: impl Fn(&Entry) -> Result<T, Error>) -> Result<T, Error> {
        let user = format!("{}/{name}", self.tag);
        let modifiers = platform::modifiers(name.strip_prefix("workload/").unwrap_or(name));
        let modifiers = modifiers.iter().map(|(key, value)| (*key, value.as_str())).collect();
        loop {
            let (store, fresh) = match self.store.take() {
                Some(store) => (store, false),
                None => (platform::open()?, true),
            };
            let done = store.build(SERVICE, &user, Some(&modifiers)).and_then(|entry| act(&entry));
            let broken = matches!(done, Err(Error::PlatformFailure(_)));
            if !broken {
                self.store = Some(store);
            }
            if fresh || !broken {
                return done;
            }
        }
    }
}

impl Vault for Keychain {
    fn read(&mut self, name: &str) -> Result<Option<SecretSlice<u8>>, StoreError> {
        self.with_item(name, |item| match item.get_secret() {
            Ok(document) => Ok(Some(document.into())),
            Err(Error::NoEntry) => Ok(None),
            // Somebody copied the item; the next write leaves one.
            Err(Error::Ambiguous(items)) => items.first().map(|item| item.get_secret().map(Into::into)).transpose(),
            Err(error) => Err(error),
        })
    }

    fn write(&mut self, name: &str, document: &[u8]) -> Result<(), StoreError> {
        self.with_item(name, |item| match item.set_secret(document) {
            Err(Error::Ambiguous(items)) => {
                let (first, others) = items.split_first().ok_or(Error::NoEntry)?;
                first.set_secret(document)?;
                others.iter().try_for_each(Entry::delete_credential)
            }
            done => done,
        })
    }

    fn delete(&mut self, name: &str) -> Result<(), StoreError> {
        self.with_item(name, |item| match item.delete_credential() {
            Err(Error::NoEntry) => Ok(()),
            Err(Error::Ambiguous(items)) => items.iter().try_for_each(Entry::delete_credential),
            done => done,
        })
    }
}

/// What an error of the keychain means. Errors are classified by type; their text goes to the log alone.
fn explain(error: &Error) -> StoreError {
    StoreError { fault: platform::fault(error), message: format!("the keychain failed: {error}") }
}
