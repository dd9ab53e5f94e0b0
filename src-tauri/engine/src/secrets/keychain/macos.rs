//! The login keychain of macOS.

use std::sync::Arc;

use keyring_core::{CredentialStore, Error, Result};
use lamplighter_core::condition::StoreFault;

use super::Keychain;
use crate::secrets::Vault;

/// Opens the login keychain. (The protected-data store would need a provisioning profile.)
pub(super) fn open() -> Result<Arc<CredentialStore>> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

/// There is no way to ask that does not prompt.
pub(super) fn is_locked() -> bool {
    true
}

/// Items hold documents of any length.
pub(super) fn fit(keychain: Keychain) -> impl Vault {
    keychain
}

/// Keychain Access shows the service and the account; there is nothing to add.
pub(super) fn modifiers(_: &str) -> [(&'static str, String); 0] {
    []
}

/// What an error of the keychain means for the store.
pub(super) fn fault(error: &Error) -> StoreFault {
    // SecBase.h
    const USER_CANCELED: i32 = -128;
    const NOT_AVAILABLE: i32 = -25_291;
    const AUTH_FAILED: i32 = -25_293;
    const NO_SUCH_KEYCHAIN: i32 = -25_294;
    const NO_DEFAULT_KEYCHAIN: i32 = -25_307;
    const INTERACTION_NOT_ALLOWED: i32 = -25_308;
    const INTERACTION_REQUIRED: i32 = -25_315;
    let (Error::PlatformFailure(cause) | Error::NoStorageAccess(cause)) = error else { return StoreFault::Failed };
    match cause.downcast_ref::<security_framework::base::Error>().map(|error| error.code()) {
        Some(USER_CANCELED | AUTH_FAILED | INTERACTION_NOT_ALLOWED | INTERACTION_REQUIRED) => StoreFault::Locked,
        Some(NOT_AVAILABLE | NO_SUCH_KEYCHAIN | NO_DEFAULT_KEYCHAIN) => StoreFault::Absent,
        Some(_) | None => StoreFault::Failed,
    }
}
