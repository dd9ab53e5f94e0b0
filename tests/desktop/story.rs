//! One story from the first server to the last sign-in, seen through window, tray and notices.

use lamplighter_endurance::desktop::notices::Shown;
use lamplighter_endurance::desktop::window::Window;
use lamplighter_endurance::product::NAME;

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
    let Stage { servers, product, tray, app, desktop } = Stage::set().await;
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
    assert_eq!(app.terminate().await.code(), Some(0));
}

fn asks(shown: &Shown) -> bool {
    shown.has_button("Sign in")
}
