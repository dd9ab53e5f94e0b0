//! The way to the internet, as `NetworkManager` looks for it: a portal that lets the person through, or a network that leads
//! further than before, changes no address, route or name server here.

use futures_util::StreamExt;
use tokio::sync::watch;
use zbus::Connection;
use zbus::fdo::PropertiesProxy;

use crate::machine::Surroundings;

/// The service and its interface.
const NETWORK_MANAGER: &str = "org.freedesktop.NetworkManager";

/// `NM_CONNECTIVITY_FULL`: the internet was reached.
const FULL: u32 = 4;

/// Counts in `surroundings` how often the internet came within reach, whenever `NetworkManager` runs. It is not started by
/// that. Less than the whole internet makes no try succeed that failed, and is no news.
pub(super) async fn watch(bus: &Connection, surroundings: watch::Sender<Surroundings>) -> zbus::Result<()> {
    let properties = PropertiesProxy::new(bus, NETWORK_MANAGER, "/org/freedesktop/NetworkManager").await?;
    let mut changes = properties.receive_properties_changed_with_args(&[(0, NETWORK_MANAGER)]).await?;
    while let Some(change) = changes.next().await {
        let Ok(change) = change.args() else { continue };
        if change.changed_properties.get("Connectivity").is_some_and(|now| u32::try_from(now) == Ok(FULL)) {
            tracing::debug!("the internet came within reach");
            surroundings.send_modify(|told| told.network += 1);
        }
    }
    Ok(())
}
