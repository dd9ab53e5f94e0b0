//! Whether this desktop has a place for the lamp.

use lamplighter_core::condition::HostTrouble;

use super::Troubles;

/// Whether the library is there that draws the lamp. It is loaded when it is first needed, and where it is missing that
/// is a panic: here is where it is caught.
#[cfg(target_os = "linux")]
pub(crate) fn tray_library() -> bool {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let loaded = std::panic::catch_unwind(|| {
        let _ = &*libappindicator_sys::LIB;
    });
    std::panic::set_hook(hook);
    if loaded.is_err() {
        tracing::warn!("there is no lamp in the tray: install libayatana-appindicator3-1");
    }
    loaded.is_ok()
}

/// Elsewhere the tray is part of the system.
#[cfg(not(target_os = "linux"))]
pub(crate) fn tray_library() -> bool {
    true
}

/// Tells of it whether the desktop shows the lamp, as hosts of trays come and go. `drawn`: whether there is one to show.
#[cfg(target_os = "linux")]
pub(crate) async fn watch_for_tray(troubles: Troubles, drawn: bool) {
    if !drawn {
        troubles.raise(HostTrouble::NoTrayHost);
        return;
    }
    if let Err(error) = linux::watch(&troubles).await {
        tracing::warn!(%error, "whether the lamp is shown cannot be told without a session bus");
        troubles.raise(HostTrouble::NoTrayHost);
    }
}

/// Elsewhere there is always one.
#[cfg(not(target_os = "linux"))]
pub(crate) async fn watch_for_tray(troubles: Troubles, drawn: bool) {
    if !drawn {
        troubles.raise(HostTrouble::NoTrayHost);
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use futures_util::StreamExt;
    use lamplighter_core::condition::HostTrouble;
    use zbus::fdo::DBusProxy;
    use zbus::names::BusName;
    use zbus::proxy::CacheProperties;
    use zbus::{Connection, Proxy};

    use super::Troubles;

    /// Who knows the hosts of trays, by the specification of `StatusNotifierItem`.
    const WATCHER: &str = "org.kde.StatusNotifierWatcher";
    const PATH: &str = "/StatusNotifierWatcher";

    /// Goes on until the bus is gone.
    pub(super) async fn watch(troubles: &Troubles) -> zbus::Result<()> {
        let bus = Connection::session().await?;
        let owners = DBusProxy::new(&bus).await?;
        let watcher: Proxy<'_> = zbus::proxy::Builder::new(&bus)
            .destination(WATCHER)?
            .path(PATH)?
            .interface(WATCHER)?
            .cache_properties(CacheProperties::No)
            .build()
            .await?;
        let mut came_or_went = owners.receive_name_owner_changed_with_args(&[(0, WATCHER)]).await?;
        let mut registered = watcher.receive_signal("StatusNotifierHostRegistered").await?;
        let mut unregistered = watcher.receive_signal("StatusNotifierHostUnregistered").await?;
        loop {
            if is_shown(&owners, &watcher).await {
                troubles.clear(&HostTrouble::NoTrayHost);
            } else if troubles.raise(HostTrouble::NoTrayHost) {
                tracing::info!("this desktop shows no tray icons; the lamp waits until it does");
            }
            let more = tokio::select! {
                change = came_or_went.next() => change.is_some(),
                change = registered.next() => change.is_some(),
                change = unregistered.next() => change.is_some(),
            };
            if !more {
                return Ok(());
            }
        }
    }

    /// Whether a host is there just now. Nobody is started by being asked.
    async fn is_shown(owners: &DBusProxy<'_>, watcher: &Proxy<'_>) -> bool {
        let Ok(name) = BusName::try_from(WATCHER) else { return false };
        match owners.name_has_owner(name).await {
            Ok(true) => watcher.get_property("IsStatusNotifierHostRegistered").await.unwrap_or(false),
            Ok(false) | Err(_) => false,
        }
    }
}
