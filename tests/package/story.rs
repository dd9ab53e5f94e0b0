//! The package on a machine that somebody works at.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use lamplighter_endurance::child::Child;
use lamplighter_endurance::desktop::tray::Tray;
use lamplighter_endurance::desktop::window::Window;
use lamplighter_endurance::desktop::{Desktop, Furniture};
use lamplighter_endurance::foreign::Servers;
use lamplighter_endurance::patience::until;
use lamplighter_endurance::product::{NAME, Product};

use crate::machine::{AUTOSTART_ENTRY, MENU_ENTRY, Machine, value};

/// A session that has just begun on a machine on which the package was installed.
struct Stage {
    servers: Servers,
    product: Product,
    tray: Tray,
    app: Child,
    machine: Machine,
    desktop: Desktop,
}

impl Stage {
    async fn set() -> Self {
        let (desktop, servers) = tokio::join!(Desktop::start(Furniture::ALL), Servers::start(3600));
        let machine = Machine::new();
        machine.install();
        let mut product = desktop.product();
        machine.furnish(&mut product);
        let app = machine.start(AUTOSTART_ENTRY, &product);
        let tray = desktop.tray().await;
        Self { servers, product, tray, app, machine, desktop }
    }
}

#[tokio::test]
async fn it_starts_with_the_session_and_everything_that_came_with_it_works() {
    let Stage { servers, product, tray, app, machine, desktop } = Stage::set().await;
    assert_eq!(running(&app), machine.path("usr/bin/lamplighter-desktop"));
    let screen = desktop.screen.as_ref().unwrap();
    tray.until_lamp("unlit").await;

    // The command line that came with it speaks to it.
    product.sign_in(&servers.mcp).await;
    tray.until_lamp("lit").await;
    assert_eq!(screen.windows("Lamplighter").await, [""; 0], "a session begins without its window");

    // The desktop knows by the menu's entry whose notices and whose windows it shows.
    let entry = std::fs::read_to_string(machine.path(MENU_ENTRY)).unwrap();
    servers.control("outage=forbidden").await;
    product.done(&["retry", NAME]).await;
    let notice = desktop.notices().until_shown("a notice", 0, |_| true).await;
    assert_eq!(notice.desktop_entry.as_deref(), Path::new(MENU_ENTRY).file_stem().and_then(OsStr::to_str));
    assert_eq!(machine.start(MENU_ENTRY, &product).ended().await.code(), Some(0));
    let window = screen.until_window("Lamplighter").await;
    assert_eq!(screen.class(&window).await, value(&entry, "StartupWMClass"));
    screen.close(&window).await;
    assert_eq!(app.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn the_settings_know_that_it_starts_with_the_session_and_can_end_that() {
    let Stage { servers: _servers, product, tray: _tray, app, machine, desktop: _desktop } = Stage::set().await;
    let own = product.folder("XDG_CONFIG_HOME").join("autostart/lamplighter.desktop");
    let installed = std::fs::read_to_string(machine.path(AUTOSTART_ENTRY)).unwrap();
    let window = Window::open(&product, &["--screen", "settings"]).await;
    window.turn("Start at login", false).await;
    until("an entry that hides the package's", async || {
        std::fs::read_to_string(&own).ok()?.contains("\nHidden=true\n").then_some(())
    })
    .await;
    window.turn("Start at login", true).await;
    until("the package's entry to count again", async || (!own.exists()).then_some(())).await;
    window.close().await;
    assert_eq!(std::fs::read_to_string(machine.path(AUTOSTART_ENTRY)).unwrap(), installed);
    assert_eq!(app.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn it_is_upgraded_and_taken_away_under_the_running_app() {
    let Stage { servers, product, tray, mut app, machine, desktop } = Stage::set().await;
    product.sign_in(&servers.mcp).await;
    let before = running(&app);

    // Whoever administers the machine has switched it off for everybody.
    let entry = machine.path(AUTOSTART_ENTRY);
    std::fs::write(&entry, "[Desktop Entry]\nHidden=true\n").unwrap();
    machine.install();
    assert!(std::fs::read_to_string(&entry).unwrap().contains("Hidden=true"), "an upgrade leaves that as it is");
    assert_ne!(running(&app), before, "it still runs the program that was replaced");
    product.refresh().await;
    tray.press(&["Open Lamplighter"]).await;
    let screen = desktop.screen.as_ref().unwrap();
    let window = screen.until_window("Lamplighter").await;
    screen.close(&window).await;

    servers.control("outage=forbidden").await;
    product.done(&["retry", NAME]).await;
    tray.until_lamp("retrying").await;
    machine.purge();
    assert_eq!(machine.places(), [""; 0], "nothing stays behind");
    servers.control("outage=none").await;
    tray.until_lamp("lit").await;
    tray.press(&["Open Lamplighter"]).await;
    tray.press(&["Quit"]).await;
    assert_eq!(app.ended().await.code(), Some(0));
    assert!(!app.said().contains("panicked"), "{}", app.said());

    // Installed again it goes on where it was.
    machine.install();
    let app = machine.start(AUTOSTART_ENTRY, &product);
    desktop.tray().await.until_lamp("lit").await;
    product.refresh().await;
    assert_eq!(servers.count("sign_ins").await, 1, "nobody signs in twice");
    assert_eq!(app.terminate().await.code(), Some(0));
    machine.purge();
    assert_eq!(machine.places(), [""; 0], "nothing stays behind");
}

/// The program that a process runs, by its file.
fn running(process: &Child) -> PathBuf {
    std::fs::read_link(format!("/proc/{}/exe", process.id())).unwrap()
}
