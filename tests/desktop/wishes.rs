//! What a person wishes by the way: an address to take along, a quick press, and that the app be there after the next
//! login.

use lamplighter_endurance::bus::run;
use lamplighter_endurance::desktop::notices::hasty;
use lamplighter_endurance::desktop::window::{Reins, Window};
use lamplighter_endurance::desktop::{Desktop, Furniture};
use lamplighter_endurance::foreign::Servers;
use lamplighter_endurance::patience::until;
use lamplighter_endurance::product::{NAME, Product};

use crate::stage::Stage;

#[tokio::test]
async fn a_copied_address_outlives_the_window() {
    let (desktop, servers) = tokio::join!(Desktop::start(Furniture::ALL), Servers::start(3600));
    let mut product = desktop.product();
    let reins = Reins::on(&mut product);
    let app = desktop.start_hidden(&product);
    let tray = desktop.tray().await;
    product.sign_in(&servers.mcp).await;
    product.done(&["add", "other", &servers.mcp]).await;
    tray.until_status_line("other needs you to sign in").await;

    // By the menu, without any window.
    tray.press(&["● tools", "Copy address"]).await;
    until_copied(&product, &product.address(NAME).await).await;

    // By the window, which is gone then.
    tray.press(&["Open Lamplighter"]).await;
    let window = reins.take(&product).await;
    window.press("other").await;
    window.press("Copy the address of other").await;
    window.until_reads("Copied").await;
    let copied = product.address("other").await;
    until_copied(&product, &copied).await;
    let screen = desktop.screen.as_ref().unwrap();
    screen.close(&screen.until_window("Lamplighter").await).await;
    assert_eq!(clipboard(&product).await, copied);

    assert_eq!(app.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn a_button_may_be_pressed_as_soon_as_it_is_there() {
    let furniture = Furniture { notices: false, ..Furniture::ALL };
    let (desktop, servers) = tokio::join!(Desktop::start(furniture), Servers::start(3600));
    hasty(&desktop.bus, "sign-in").await;
    let product = desktop.product();
    let app = desktop.start_hidden(&product);
    product.until_engine().await;
    product.sign_in(&servers.mcp).await;
    servers.control("revoke=all").await;
    product.done(&["retry", NAME]).await;
    until("the sign-in", async || (servers.count("sign_ins").await == 2).then_some(())).await;
    assert_eq!(app.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn the_switch_for_the_start_at_login_shows_what_is_on_the_disk() {
    let Stage { servers: _servers, mut product, tray: _tray, app, desktop: _desktop } = Stage::set().await;
    // What is installed on this machine is not what this is about.
    product.set("XDG_CONFIG_DIRS", product.profile().with_file_name("nothing"));
    let entry = product.profile().with_file_name("XDG_CONFIG_HOME").join("autostart/lamplighter.desktop");
    let window = Window::open(&product, &["--screen", "settings"]).await;
    window.turn("Start at login", true).await;
    let whole = |text: &String| text.ends_with('\n');
    let text = until("the entry", async || std::fs::read_to_string(&entry).ok().filter(whole)).await;
    assert!(text.contains("lamplighter-desktop\" --hidden\n"), "it starts hidden: {text}");
    window.until_turned("Start at login", true).await;

    // Somebody else takes it away, and the settings are looked at again.
    std::fs::remove_file(&entry).unwrap();
    window.press("Lamplighter").await;
    window.until_reads("No server yet").await;
    window.press("Settings").await;
    window.turn("Start at login", true).await;
    until("the entry to be back", async || entry.is_file().then_some(())).await;
    window.turn("Start at login", false).await;
    until("the entry to be gone", async || (!entry.exists()).then_some(())).await;
    window.until_turned("Start at login", false).await;

    window.close().await;
    assert_eq!(app.terminate().await.code(), Some(0));
}

async fn until_copied(product: &Product, text: &str) {
    until(&format!("{text} on the clipboard"), async || (clipboard(product).await == text).then_some(())).await;
}

/// What is on the clipboard, as other programs get it.
async fn clipboard(product: &Product) -> String {
    run(product.in_its_environment("xclip").args(["-selection", "clipboard", "-out"])).await
}
