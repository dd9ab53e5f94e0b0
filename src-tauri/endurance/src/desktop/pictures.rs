//! Pictures of the app on a desktop, as people see it: the lamp with its menu, and notices.

use std::path::Path;
use std::time::Duration;

use http::StatusCode;
use lamplighter_simulator::{Endpoint, Fault, World};

use crate::desktop::screen::{Region, library_program};
use crate::desktop::{Desktop, Furniture};
use crate::patience::pause;
use crate::product::Product;

/// Where Debian keeps the notification daemon, below the folder of the architecture's libraries.
const DAEMON: &str = "xfce4/notifyd/xfce4-notifyd";
/// The servers in the pictures.
const NAMES: [&str; 4] = ["notion", "sentry", "linear", "atlassian"];
/// Menus and notices are drawn by then.
const DRAWN: Duration = Duration::from_secs(2);

/// Where the menu hangs from the panel.
const MENU: Region = Region { left: 0, top: 0, width: 262, height: 296 };
/// Where notices are stacked.
const NOTICES: Region = Region { left: 906, top: 44, width: 362, height: 248 };

/// Puts `tray.png` and `notices.png` into `folder`.
pub async fn take(folder: &Path) {
    let desktop = Desktop::start(Furniture { notices: false, ..Furniture::ALL }).await;
    let screen = desktop.screen.as_ref().unwrap();
    let mut command = desktop.bus.command(&library_program(DAEMON));
    command.env("DISPLAY", screen.name());
    let _daemon = desktop.bus.begin(command);
    desktop.bus.until_owned("org.freedesktop.Notifications").await;

    let world = World::new();
    let mut product = desktop.product();
    product.set("LAMPLIGHTER_TOKEN_AUTH_RETRYING_TICK_INTERVAL", "10m");
    let app = desktop.start_hidden(&product);
    product.until_engine().await;
    for name in NAMES {
        let server = world.server(name).unwrap();
        product.done(&["add", name, server.mcp_url().as_str()]).await;
        product.done(&["login", name]).await;
    }
    let tray = desktop.tray().await;
    tray.until_lamp("lit").await;

    world.server("linear").unwrap().revoke_grants();
    retry(&product, "linear").await;
    tray.until_lamp("needs-you").await;

    world.server("sentry").unwrap().fail(Endpoint::Token, Fault::Page(StatusCode::FORBIDDEN));
    retry(&product, "sentry").await;
    tray.until_status_line("linear needs you to sign in").await;
    screen.click_on_panel().await;
    pause(DRAWN).await;
    screen.picture(MENU, &folder.join("tray.png")).await;
    screen.picture(NOTICES, &folder.join("notices.png")).await;
    assert_eq!(app.terminate().await.code(), Some(0));
}

/// Tries now; that it comes to nothing is what is wanted.
async fn retry(product: &Product, name: &str) {
    product.run(&["retry", name]).await;
}
