//! What presses of the tray's menu do, and what they must not.

use std::fs;

use lamplighter_endurance::patience::until;
use lamplighter_endurance::product::NAME;

use crate::stage::Stage;

#[tokio::test]
async fn a_press_of_what_an_open_menu_still_shows_never_does_something_else() {
    let Stage { servers, product, tray, app, desktop: _desktop } = Stage::set().await;
    product.sign_in(&servers.mcp).await;
    tray.until_lamp("lit").await;
    let stop = tray.entry(&["● tools", "Stop"]).await;

    // Start stands in its place now.
    product.done(&["stop", NAME]).await;
    let start = tray.entry(&["○ tools", "Start"]).await;
    tray.press_drawn(&stop).await.unwrap_err();
    tray.until_status_line("All servers are stopped").await;
    assert_eq!(product.status().await["status"], "stopped");

    tray.press_drawn(&start).await.unwrap();
    tray.until_lamp("lit").await;
    assert_eq!(app.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn a_sign_in_leaves_no_process_behind() {
    let Stage { servers, product, tray, app, desktop: _desktop } = Stage::set().await;
    product.sign_in(&servers.mcp).await;
    tray.until_lamp("lit").await;
    // The processes that it began and has not waited for, also those that have ended.
    let children = || -> Vec<String> {
        let threads = fs::read_dir(format!("/proc/{}/task", app.id())).unwrap().flatten();
        let began = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
        began.flat_map(|ids| ids.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
    };
    let alone = children();
    servers.control("revoke=all").await;
    product.done(&["retry", NAME]).await;
    tray.press(&["Sign in to tools"]).await;
    tray.until_lamp("lit").await;
    assert_eq!(servers.count("sign_ins").await, 2);
    until("the browser to be gone", async || (children() == alone).then_some(())).await;
    assert_eq!(app.terminate().await.code(), Some(0));
}
