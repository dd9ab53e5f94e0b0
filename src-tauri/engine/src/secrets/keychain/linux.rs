//! The Secret Service of the desktop (of GNOME or KDE, say), over D-Bus.

use std::sync::Arc;

use keyring_core::{CredentialStore, Error, Result};
use lamplighter_core::condition::StoreFault;
use secret_service::EncryptionType;
use secret_service::blocking::SecretService;
use zbus::DBusError as _;

use super::Keychain;
use crate::secrets::Vault;

/// Opens a session with whoever owns `org.freedesktop.secrets` now.
pub(super) fn open() -> Result<Arc<CredentialStore>> {
    Ok(zbus_secret_service_keyring_store::Store::new()?)
}

/// Whether the collection that holds our items is locked, found out without a prompt. (The store's own calls unlock.)
pub(super) fn is_locked() -> bool {
    let look = || SecretService::connect(EncryptionType::Plain)?.get_default_collection()?.is_locked();
    look().unwrap_or(false)
}

/// Items hold documents of any length.
pub(super) fn fit(keychain: Keychain) -> impl Vault {
    keychain
}

/// What the person sees in Seahorse and its kin.
pub(super) fn modifiers(document: &str) -> [(&'static str, String); 1] {
    [("label", format!("Lamplighter: {document}"))]
}

/// What an error of the keychain means for the store.
pub(super) fn fault(error: &Error) -> StoreFault {
    use secret_service::Error as Cause;
    let (Error::PlatformFailure(cause) | Error::NoStorageAccess(cause)) = error else { return StoreFault::Failed };
    match cause.downcast_ref::<Cause>() {
        Some(Cause::Locked | Cause::Prompt | Cause::PromptDisconnected) => StoreFault::Locked,
        Some(Cause::Unavailable) => StoreFault::Absent,
        Some(Cause::Zbus(error)) => bus_fault(error),
        Some(Cause::ZbusFdo(error)) => named_fault(error.name().as_str()),
        // Among them `NoResult`: there is no default collection to keep items in.
        Some(_) | None => StoreFault::Failed,
    }
}

fn bus_fault(error: &zbus::Error) -> StoreFault {
    if let zbus::Error::MethodError(name, ..) = error {
        return named_fault(name.as_str());
    }
    if let zbus::Error::FDO(error) = error {
        return named_fault(error.name().as_str());
    }
    let bus_is_gone =
        matches!(error, zbus::Error::InputOutput(_) | zbus::Error::Connection(..) | zbus::Error::Address(_));
    if bus_is_gone { StoreFault::Absent } else { StoreFault::Failed }
}

/// What an error means by the name that it has on the bus.
fn named_fault(name: &str) -> StoreFault {
    match name {
        "org.freedesktop.Secret.Error.IsLocked" => StoreFault::Locked,
        "org.freedesktop.DBus.Error.ServiceUnknown"
        | "org.freedesktop.DBus.Error.NameHasNoOwner"
        | "org.freedesktop.DBus.Error.NoServer"
        | "org.freedesktop.DBus.Error.NoReply"
        | "org.freedesktop.DBus.Error.Disconnected"
        | "org.freedesktop.DBus.Error.Spawn.ExecFailed"
        | "org.freedesktop.DBus.Error.Spawn.ForkFailed"
        | "org.freedesktop.DBus.Error.Spawn.ChildExited"
        | "org.freedesktop.DBus.Error.Spawn.ChildSignaled"
        | "org.freedesktop.DBus.Error.Spawn.Failed"
        | "org.freedesktop.DBus.Error.Spawn.ServiceNotFound" => StoreFault::Absent,
        _ => StoreFault::Failed,
    }
}
