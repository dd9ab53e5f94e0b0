//! The tray as someone meets it whose menu is open while things change.

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
