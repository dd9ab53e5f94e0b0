//! The Credential Manager of Windows.

use std::sync::Arc;

use keyring_core::{CredentialStore, Error, Result};
use lamplighter_core::condition::StoreFault;

use super::Keychain;
use crate::secrets::Vault;
use crate::secrets::split::Split;

/// `CRED_MAX_CREDENTIAL_BLOB_SIZE`.
const ITEM_LIMIT: usize = 2_560;

/// Opens the Credential Manager of this logon session.
pub(super) fn open() -> Result<Arc<CredentialStore>> {
    Ok(windows_native_keyring_store::Store::new()?)
}

/// The Credential Manager is never locked.
pub(super) fn is_locked() -> bool {
    false
}

/// Items are small: longer documents are split.
pub(super) fn fit(keychain: Keychain) -> impl Vault {
    Split::new(keychain, ITEM_LIMIT)
}

/// A login belongs to this machine: it must not roam.
pub(super) fn modifiers(_: &str) -> [(&'static str, String); 1] {
    [("persistence", "Local".to_owned())]
}

/// What an error of the keychain means for the store.
pub(super) fn fault(error: &Error) -> StoreFault {
    // ERROR_NO_SUCH_LOGON_SESSION: a service or a network logon has no Credential Manager.
    if matches!(error, Error::NoStorageAccess(_)) { StoreFault::Absent } else { StoreFault::Failed }
}
