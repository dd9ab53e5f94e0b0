//! One story from the first server to the last sign-in, seen through window, tray and notices.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use lamplighter_endurance::child::Child;
use lamplighter_endurance::desktop::notices::Shown;
use lamplighter_endurance::desktop::window::{Reins, Window};
use lamplighter_endurance::desktop::{Desktop, Furniture};
use lamplighter_endurance::foreign::{Servers, agree_at, browser};
use lamplighter_endurance::patience::until;
use lamplighter_endurance::product::{NAME, Product};

use crate::stage::Stage;

#[tokio::test]
async fn a_server_is_added_in_the_window_and_looked_after_from_the_tray() {
    let Stage { servers, product, tray, app, desktop } = Stage::set().await;
    let notices = desktop.notices();
    tray.until_lamp("unlit").await;
    tray.until_status_line("No servers yet").await;

    // The first server, by the window.
    let window = Window::open(&product, &[]).await;
    window.press("Add your first server").await;
    window.fill("Address", &servers.mcp).await;
    window.fill("Name", NAME).await;
    window.press("Add").await;
    window.press("Sign in").await;
    window.until_reads("Your clients can use it now").await;
    window.press("Done").await;
    window.until_reads("running").await;
    tray.until_lamp("lit").await;
    tray.until_status_line("All is well: 1 server runs").await;
    assert_eq!(servers.count("sign_ins").await, 1);
    assert_eq!(notices.shown().await, [], "what the person does in the window needs no notice");

    // A firewall comes between: the lamp, the window and one notice say so, and nothing is asked of anybody.
    servers.control("outage=forbidden").await;
    product.done(&["retry", NAME]).await;
    tray.until_lamp("retrying").await;
    tray.until_status_line("Trying again: tools").await;
    window.until_reads("trying again").await;
    let trouble = notices.until_shown("the notice of the trouble", 0, |_| true).await;
    assert_eq!(trouble.summary, "tools is trying again");
    assert!(trouble.body.contains("answered 403 with a web page"), "{trouble:?}");
    assert!(!trouble.has_button("Sign in"), "there is nothing to do: {trouble:?}");

    // It goes away: the recovery takes the place of that notice.
    servers.control("outage=none").await;
    let recovery = notices.until_shown("the notice of the recovery", 1, |_| true).await;
    assert_eq!((recovery.number, recovery.replaces), (trouble.number, true), "{recovery:?}");
    assert_eq!(recovery.summary, "tools works again");
    tray.until_lamp("lit").await;
    window.until_reads("running").await;
    window.close().await;

    // The server ends the login: a notice asks, and its button signs in.
    servers.control("revoke=all").await;
    product.done(&["retry", NAME]).await;
    tray.until_lamp("needs-you").await;
    tray.until_status_line("tools needs you to sign in").await;
    let asked = notices.until_shown("the notice that asks", 2, asks).await;
    assert_eq!(asked.urgency, Some(2), "it stays until it is seen: {asked:?}");
    notices.press(asked.number, asked.button("Sign in")).await;
    tray.until_lamp("lit").await;
    notices.until_shown("what came of it", 3, |shown| shown.summary == "tools is signed in").await;
    assert_eq!(servers.count("sign_ins").await, 2);

    // The same again, and the menu signs in.
    servers.control("revoke=all").await;
    product.done(&["retry", NAME]).await;
    tray.until_lamp("needs-you").await;
    tray.press(&["Sign in to tools"]).await;
    tray.until_lamp("lit").await;
    assert_eq!(servers.count("sign_ins").await, 3);
    assert_eq!(servers.count("reused_refresh_tokens").await, 0);

    let said = app.said();
    assert!(!said.contains("no tray icons"), "there was a tray all the while:\n{said}");
    assert_eq!(app.terminate().await.code(), Some(0), "it ends by draining");
}

#[tokio::test]
async fn a_workload_is_stopped_and_started_by_its_submenu() {
    let Stage { servers, product, tray, app, desktop: _desktop } = Stage::set().await;
    product.sign_in(&servers.mcp).await;
    tray.until_lamp("lit").await;
    tray.press(&["● tools", "Stop"]).await;
    tray.until_lamp("unlit").await;
    tray.until_status_line("All servers are stopped").await;
    product.until_status("it to be stopped", |now| now["status"] == "stopped").await;
    tray.press(&["○ tools", "Start"]).await;
    tray.until_lamp("lit").await;
    assert_eq!(app.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn a_notice_leads_to_a_sign_in_that_can_be_asked_for_again_and_to_the_window() {
    let (desktop, servers) = tokio::join!(Desktop::start(Furniture::ALL), Servers::start(3600));
    let mut product = desktop.product();
    let reins = Reins::on(&mut product);
    let app = desktop.start_hidden(&product);
    let tray = desktop.tray().await;
    product.sign_in(&servers.mcp).await;
    servers.control("person=deny").await;
    servers.control("revoke=all").await;
    product.done(&["retry", NAME]).await;
    let asked = desktop.notices().until_shown("the notice that asks", 0, asks).await;
    desktop.notices().press(asked.number, asked.button("Sign in")).await;
    let told = desktop.notices().until_shown("what came of it", 1, |it| it.summary == "tools is not signed in").await;
    tray.until_lamp("needs-you").await;
    servers.control("person=allow").await;
    desktop.notices().press(told.number, told.button("Sign in")).await;
    let told = desktop.notices().until_shown("the good end", 2, |it| it.summary == "tools is signed in").await;
    tray.until_lamp("lit").await;
    desktop.notices().press(told.number, "default").await;
    desktop.screen.as_ref().unwrap().until_window("Lamplighter").await;
    reins.take(&product).await.until_reads(&product.address(NAME).await).await;
    assert_eq!(app.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn a_sign_in_by_the_menu_is_told_of_where_its_trouble_was_shown() {
    let (desktop, servers) = tokio::join!(Desktop::start(Furniture::ALL), Servers::start(3600));
    let notices = desktop.notices();
    let mut product = desktop.product();
    let (browser, app) = PatientBrowser::of_the_app(&desktop, &mut product);
    let tray = desktop.tray().await;
    product.sign_in(&servers.mcp).await;
    servers.control("outage=forbidden").await;
    product.done(&["retry", NAME]).await;
    let trouble = notices.until_shown("the notice of the trouble", 0, |_| true).await;
    tray.press(&["~ tools", "Sign in"]).await;
    let opened = browser.until_opened(1).await;
    servers.control("outage=none").await;
    agree_at(&opened[0]).await;
    notices.until_shown("what came of it", 1, |shown| shown.summary == "tools is signed in").await;
    notices.until_shown("the recovery", 1, |shown| shown.summary == "tools works again").await;
    let shown = notices.shown().await;
    assert!(shown.iter().all(|shown| shown.number == trouble.number), "one notice on the screen: {shown:?}");
    assert_eq!(app.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn a_sign_in_that_is_asked_for_twice_opens_the_browser_again_and_is_told_of_once() {
    let (desktop, servers) = tokio::join!(Desktop::start(Furniture::ALL), Servers::start(3600));
    let notices = desktop.notices();
    let mut product = desktop.product();
    let (browser, app) = PatientBrowser::of_the_app(&desktop, &mut product);
    let tray = desktop.tray().await;
    product.sign_in(&servers.mcp).await;
    servers.control("revoke=all").await;
    product.done(&["retry", NAME]).await;
    let asked = notices.until_shown("the notice that asks", 0, asks).await;

    tray.press(&["Sign in to tools"]).await;
    browser.until_opened(1).await;
    notices.press(asked.number, asked.button("Sign in")).await;
    let opened = browser.until_opened(2).await;
    assert_eq!(opened[0], opened[1], "it is one sign-in");
    agree_at(&opened[0]).await;
    tray.until_lamp("lit").await;

    servers.control("revoke=all").await;
    product.done(&["retry", NAME]).await;
    notices.until_shown("the next notice that asks", 2, asks).await;
    let told = notices.shown().await.into_iter().filter(|shown| shown.summary == "tools is signed in").count();
    assert_eq!(told, 1, "{:?}", notices.shown().await);
    assert_eq!(app.terminate().await.code(), Some(0));
}

/// A browser that is opened, and waits for its person.
struct PatientBrowser {
    /// Holds the addresses that it was opened at, a line each.
    opened: PathBuf,
}

impl PatientBrowser {
    /// The app of `product`, started with such a browser; whatever else is started has one whose person agrees at once.
    fn of_the_app(desktop: &Desktop, product: &mut Product) -> (Self, Child) {
        let opened = product.profile().with_file_name("opened");
        let program = product.profile().with_file_name("patient-browser");
        let script = format!("#!/bin/sh\necho \"$1\" >> '{}'\n", opened.display());
        let private = Permissions::from_mode(0o700);
        let made = std::fs::write(&program, script).and_then(|()| std::fs::set_permissions(&program, private));
        assert!(made.is_ok(), "{made:?}");
        product.set("BROWSER", program);
        let app = desktop.start_hidden(product);
        product.set("BROWSER", browser());
        (Self { opened }, app)
    }

    /// The addresses, once it was opened so many times.
    async fn until_opened(&self, times: usize) -> Vec<String> {
        let read = || std::fs::read_to_string(&self.opened).unwrap_or_default();
        let addresses = || read().lines().map(str::to_owned).collect::<Vec<_>>();
        until("the browser", async || Some(addresses()).filter(|opened| opened.len() == times)).await
    }
}

fn asks(shown: &Shown) -> bool {
    shown.has_button("Sign in")
}
