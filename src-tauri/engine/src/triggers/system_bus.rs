//! What is told over the system bus: sleep and the session by logind, the way to the internet by `NetworkManager`. Whoever is
//! not there tells nothing, and is missed by nobody.

mod logind;
mod network_manager;

use std::time::Duration;

use zbus::Connection;
use zbus::connection::Builder;

use crate::machine::Teller;

/// Whoever is there may take so long to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Tells all that is told there, as long as there is a system bus.
pub(super) async fn watch(teller: Teller) {
    let bus = match connect().await {
        Ok(bus) => bus,
        Err(error) => {
            tracing::debug!(%error, "there is no system bus: sleeps are noticed when they are over");
            return;
        }
    };
    let surroundings = teller.surroundings.clone();
    tokio::join!(
        heard("logind", logind::watch(&bus, teller)),
        heard("NetworkManager", network_manager::watch(&bus, surroundings)),
    );
}

async fn connect() -> zbus::Result<Connection> {
    Builder::system()?.method_timeout(PATIENCE).build().await
}

async fn heard(service: &str, telling: impl Future<Output = zbus::Result<()>>) {
    if let Err(error) = telling.await {
        tracing::debug!(service, %error, "it is not heard");
    }
}
