//! The app as processes: a window that costs nothing when it is closed, one app a profile, and an end that drains.

use lamplighter_endurance::desktop::processes::Tree;
use lamplighter_endurance::desktop::window::Reins;
use lamplighter_endurance::desktop::{Desktop, Furniture};
use lamplighter_endurance::foreign::Servers;
use lamplighter_endurance::patience::until;
use lamplighter_endurance::product::NAME;

use crate::stage::Stage;

/// What the window is called.
const TITLE: &str = "Lamplighter";

#[tokio::test]
async fn the_window_is_a_process_that_closing_ends() {
    let desktop = Desktop::start(Furniture::ALL).await;
    let mut product = desktop.product();
    let reins = Reins::on(&mut product);
    let app = desktop.start_hidden(&product);
    let tray = desktop.tray().await;
    let screen = desktop.screen.as_ref().unwrap();
    let tree = Tree::below(app.id());
    assert_eq!(screen.windows(TITLE).await, [""; 0], "it was started hidden");
    assert_eq!(tree.count(), 1, "{:?}", tree.names());
    let loaded = tree.libraries();
    let toolkit =
        |file: &&String| ["libgtk", "libwebkit", "libjavascriptcore"].iter().any(|name| file.starts_with(name));
    assert_eq!(loaded.iter().find(toolkit), None, "what only a window needs is loaded by the window: {loaded:?}");

    tray.press(&["Open Lamplighter"]).await;
    let window = screen.until_window(TITLE).await;
    let has_a_webview = async || tree.names().iter().any(|name| name.starts_with("WebKitWeb")).then_some(());
    until("the webview's processes", has_a_webview).await;
    let page = reins.take(&product).await;
    page.until_reads("No server yet").await;
    tray.press(&["Settings"]).await;
    page.until_reads("Start at login").await;
    tray.press(&["Add server"]).await;
    page.until_reads("Where the server speaks MCP").await;
    assert_eq!(screen.windows(TITLE).await, [window.as_str()], "there is one window");
    drop(page);

    screen.close(&window).await;
    until("the end of the window's processes", async || (tree.count() == 1).then_some(())).await;
    assert!(tray.is_there().await, "the lamp stays");
    tray.press(&["Open Lamplighter"]).await;
    screen.until_window(TITLE).await;

    assert_eq!(app.terminate().await.code(), Some(0));
    until("the window to end with the app", async || screen.windows(TITLE).await.is_empty().then_some(())).await;
}

#[tokio::test]
async fn a_second_start_shows_the_window_of_the_first() {
    let Stage { servers: _servers, product, tray: _tray, app, desktop } = Stage::set().await;
    let screen = desktop.screen.as_ref().unwrap();
    assert_eq!(product.desktop(&["--hidden"]).ended().await.code(), Some(0));
    assert_eq!(screen.windows(TITLE).await, [""; 0], "nobody asked for it");
    assert_eq!(product.desktop(&[]).ended().await.code(), Some(0));
    screen.until_window(TITLE).await;
    let running = product.engine_file();
    assert_eq!(running["pid"], app.id(), "the first one still has the profile: {running}");
    assert_eq!(app.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn the_command_line_and_the_app_share_one_engine() {
    let Stage { servers, product, tray, app, desktop: _desktop } = Stage::set().await;
    let refused = product.run(&["serve"]).await;
    assert_ne!(refused.code, 0, "one engine a profile: {refused:?}");
    product.sign_in(&servers.mcp).await;
    tray.until_lamp("lit").await;
    let endpoint = product.done(&["endpoint", NAME, "--json"]).await;
    let mut client = servers.client(&endpoint, 1);
    assert_eq!(client.ended().await.code(), Some(0), "a client is served");
    product.done(&["rm", NAME]).await;
    tray.until_lamp("unlit").await;
    assert_eq!(app.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn quitting_finishes_a_refresh_that_is_under_way() {
    let Stage { servers, product, tray, app, desktop } = Stage::set().await;
    product.sign_in(&servers.mcp).await;
    servers.control("delay=1500").await;
    let mut exchanges = servers.exchanges().await;
    product.done(&["retry", NAME]).await;
    let came = exchanges.recv().await.unwrap();
    assert!(came.contains("came"), "{came}");
    tray.press(&["Quit"]).await;
    let mut app = app;
    assert_eq!(app.ended().await.code(), Some(0));
    assert_eq!(servers.count("refreshes").await, 1, "it was waited for");

    // What it brought was kept: nobody signs in again.
    servers.control("delay=0").await;
    let app = desktop.start_hidden(&product);
    product.until_engine().await;
    product.refresh().await;
    let counts = servers.counts().await;
    assert_eq!((&counts["sign_ins"], &counts["reused_refresh_tokens"]), (&1.into(), &0.into()), "{counts}");
    assert_eq!(app.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn a_start_while_the_one_before_ends_takes_its_place() {
    let Stage { servers, product, tray: _tray, mut app, desktop } = Stage::set().await;
    product.sign_in(&servers.mcp).await;
    for (round, arguments) in [&["--hidden"][..], &[]].into_iter().enumerate() {
        let tray = desktop.tray().await;
        tray.until_lamp("lit").await;
        servers.control("delay=3000").await;
        let mut exchanges = servers.exchanges().await;
        product.done(&["retry", NAME]).await;
        let came = exchanges.recv().await.unwrap();
        assert!(came.contains("came"), "{came}");
        tray.press(&["Quit"]).await;
        let engine = product.profile().join("engine.json");
        until("the engine to begin its end", async || (!engine.exists()).then_some(())).await;
        let next = product.desktop(arguments);
        assert_eq!(app.ended().await.code(), Some(0));
        servers.control("delay=0").await;
        product.until_engine().await;
        assert_eq!(product.engine_file()["pid"], next.id(), "round {round}");
        app = next;
    }
    desktop.screen.as_ref().unwrap().until_window(TITLE).await;
    assert_eq!(servers.count("sign_ins").await, 1, "nothing was lost");
    assert_eq!(app.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn where_serve_runs_the_app_becomes_a_window_on_it() {
    let (desktop, servers) = tokio::join!(Desktop::start(Furniture::ALL), Servers::start(3600));
    let product = desktop.product();
    let engine = product.serve().await;
    product.sign_in(&servers.mcp).await;
    let mut app = product.desktop(&[]);
    let screen = desktop.screen.as_ref().unwrap();
    let window = screen.until_window(TITLE).await;
    screen.close(&window).await;
    assert_eq!(app.ended().await.code(), Some(0));
    assert_eq!(product.status().await["status"], "running", "the engine goes on");
    assert_eq!(engine.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn panels_keep_up_with_a_menu_that_changes_all_the_time() {
    let Stage { servers, product, tray, app, desktop } = Stage::set().await;
    product.sign_in(&servers.mcp).await;
    let panel = Tree::below(desktop.panel.as_ref().unwrap().id());
    let plugins = panel.count();
    for _ in 0..25 {
        product.done(&["stop", NAME]).await;
        product.done(&["start", NAME]).await;
    }
    tray.until_lamp("lit").await;
    tray.until_status_line("All is well: 1 server runs").await;
    assert_eq!(panel.count(), plugins, "{:?}", panel.names());
    assert_eq!(app.terminate().await.code(), Some(0));
}
