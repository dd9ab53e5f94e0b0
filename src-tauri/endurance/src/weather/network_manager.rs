//! `NetworkManager`, played by `python3-dbusmock`: how much of the internet it says can be reached.

use zbus::Proxy;

use super::play;
use crate::bus::SessionBus;
use crate::child::Child;
use crate::patience::{until, within};

const NAME: &str = "org.freedesktop.NetworkManager";
const MOCK: &str = "org.freedesktop.DBus.Mock";

/// A running `NetworkManager`; it ends when this is dropped.
pub struct NetworkManager {
    mock: Proxy<'static>,
    _daemon: Child,
}

/// What can be reached, as `NMConnectivityState` numbers it.
#[derive(Clone, Copy, Debug)]
#[repr(u32)]
pub enum Connectivity {
    /// Nothing.
    None = 1,
    /// A portal, which lets nobody further who has not signed in there.
    Portal = 2,
    /// Somebody, but not the internet.
    Limited = 3,
    /// The internet.
    Full = 4,
}

impl NetworkManager {
    /// Starts one on `bus`, as the system bus.
    pub async fn start(bus: &SessionBus) -> Self {
        let daemon = play("networkmanager", bus);
        bus.until_owned(NAME).await;
        let mock = Proxy::new(bus.connection(), NAME, "/org/freedesktop", MOCK).await.unwrap();
        let manager = Self { mock, _daemon: daemon };
        until("NetworkManager", async || manager.told(Connectivity::Portal).await.ok()).await;
        manager
    }

    /// Finds that so much can be reached from now on.
    pub async fn finds(&self, connectivity: Connectivity) {
        self.told(connectivity).await.unwrap();
    }

    async fn told(&self, connectivity: Connectivity) -> zbus::Result<()> {
        within("NetworkManager", self.mock.call("SetConnectivity", &(connectivity as u32))).await
    }
}
