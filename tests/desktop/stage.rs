//! What the tests share: a desktop, servers, and the app on it.

use lamplighter_endurance::child::Child;
use lamplighter_endurance::desktop::tray::Tray;
use lamplighter_endurance::desktop::{Desktop, Furniture};
use lamplighter_endurance::foreign::Servers;
use lamplighter_endurance::product::Product;

/// The app, running where everything is as it should be.
pub(crate) struct Stage {
    pub(crate) servers: Servers,
    pub(crate) product: Product,
    pub(crate) tray: Tray,
    pub(crate) app: Child,
    /// Last: who lives on it ends first.
    pub(crate) desktop: Desktop,
}

impl Stage {
    /// Everything there, the app started as a session starts it, with no server yet.
    pub(crate) async fn set() -> Self {
        let (desktop, servers) = tokio::join!(Desktop::start(Furniture::ALL), Servers::start(3600));
        let product = desktop.product();
        let app = desktop.start_hidden(&product);
        let tray = desktop.tray().await;
        Self { servers, product, tray, app, desktop }
    }
}
