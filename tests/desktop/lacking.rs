//! Desktops that lack something: each is a sentence where the person looks, and never a crash or a hang.

use lamplighter_endurance::child::Child;
use lamplighter_endurance::desktop::processes::Tree;
use lamplighter_endurance::desktop::screen::{Panel, Screen};
use lamplighter_endurance::desktop::window::Window;
use lamplighter_endurance::desktop::{Desktop, Furniture, Vault};
use lamplighter_endurance::foreign::Servers;
use lamplighter_endurance::patience::until;
use lamplighter_endurance::product::{NAME, Product, Program, has};

/// The app on a desktop of this `furniture`, once its engine can be asked.
async fn started(furniture: Furniture) -> (Desktop, Product, Child) {
    let desktop = Desktop::start(furniture).await;
    let product = desktop.product();
    let app = desktop.start_hidden(&product);
    product.until_engine().await;
    (desktop, product, app)
}

#[tokio::test]
async fn without_a_tray_the_window_says_so_and_the_lamp_comes_with_the_tray() {
    let (desktop, product, app) = started(Furniture { tray: false, ..Furniture::ALL }).await;
    let window = Window::open(&product, &[]).await;
    window.until_reads("This desktop shows no tray icons").await;
    let panel = Panel::start(&desktop.bus, desktop.screen.as_ref().unwrap()).await;
    let tray = desktop.tray().await;
    tray.until_lamp("unlit").await;
    window.until_reads_no_more("This desktop shows no tray icons").await;
    panel.end().await;
    window.until_reads("This desktop shows no tray icons").await;
    window.close().await;
    assert_eq!(app.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn without_a_notification_daemon_the_window_says_so_once_there_was_something_to_say() {
    let servers = Servers::start(3600).await;
    let (desktop, product, app) = started(Furniture { notices: false, ..Furniture::ALL }).await;
    product.sign_in(&servers.mcp).await;
    for _ in 0..2 {
        servers.control("outage=unavailable").await;
        product.done(&["retry", NAME]).await;
        product.until_status("the trouble", |now| now["status"] == "auth_retrying").await;
        servers.control("outage=none").await;
        product.until_status("the recovery", |now| now["status"] == "running").await;
    }
    let window = Window::open(&product, &[]).await;
    window.until_reads("This desktop shows no notifications").await;
    window.close().await;
    let said = app.said();
    assert_eq!(said.matches("this desktop shows no notifications").count(), 1, "once in the log:\n{said}");
    desktop.tray().await.until_lamp("lit").await;
    assert_eq!(app.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn without_a_keyring_it_goes_on_and_says_what_is_lacking() {
    Box::pin(out_of_reach(Vault::Absent, "No keychain answers")).await;
}

#[tokio::test]
async fn a_keyring_that_is_locked_at_the_start_is_waited_for() {
    Box::pin(out_of_reach(Vault::Locked, "Your keychain is locked")).await;
}

/// A login was stored; then the session begins with the keyring as `vault`, and later it can be read.
async fn out_of_reach(vault: Vault, sentence: &str) {
    let servers = Servers::start(3600).await;
    let (desktop, product, app) = started(Furniture::ALL).await;
    product.sign_in(&servers.mcp).await;
    assert_eq!(app.terminate().await.code(), Some(0));

    let mut desktop = desktop;
    match vault {
        Vault::Absent => desktop.lose_keyring().await,
        Vault::Locked => desktop.keyring().lock().await,
        Vault::Unlocked => {}
    }
    let app = desktop.start_hidden(&product);
    let tray = desktop.tray().await;
    tray.until_status_line(sentence).await;
    tray.until_lamp("needs-you").await;
    let window = Window::open(&product, &[]).await;
    window.until_reads(sentence).await;
    window.close().await;

    match vault {
        Vault::Absent => desktop.find_keyring().await,
        Vault::Locked => desktop.keyring().unlock().await,
        Vault::Unlocked => {}
    }
    product.done(&["retry", NAME]).await;
    tray.until_lamp("lit").await;
    assert_eq!(servers.count("sign_ins").await, 1, "nothing was lost");
    assert_eq!(app.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn without_a_browser_the_sign_in_can_be_opened_by_hand() {
    let servers = Servers::start(3600).await;
    let desktop = Desktop::start(Furniture::ALL).await;
    let mut product = desktop.product();
    product.set("BROWSER", "/no/browser/here");
    let path = std::env::var_os("PATH").unwrap();
    product.set("PATH", "/nowhere");
    let app = desktop.start_hidden(&product);
    product.set("PATH", path);
    let tray = desktop.tray().await;
    let added = product.run(&["add", NAME, &servers.mcp]).await;
    assert_eq!(added.code, 0, "{added:?}");
    tray.press(&["Sign in to tools"]).await;
    desktop.notices().until_shown("a word about it", 0, |shown| shown.summary == "No browser").await;
    tray.until_status_line("tools waits for your browser").await;
    let window = Window::open(&product, &[]).await;
    window.until_reads("No browser could be opened").await;
    window.press("Open it here").await;
    window.until_reads("Sign-in address").await;
    window.close().await;
    tray.press(&["Cancel signing in to tools"]).await;
    tray.until_status_line("tools needs you to sign in").await;
    assert_eq!(app.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn where_another_user_has_the_address_it_goes_on_at_another_one() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let desktop = Desktop::start(Furniture::ALL).await;
    let mut product = desktop.product();
    product.set("LAMPLIGHTER_LISTEN", &address);
    let app = desktop.start_hidden(&product);
    desktop.tray().await.until_status_line("No servers yet").await;
    let window = Window::open(&product, &[]).await;
    window.until_reads(&format!("Another program listens on {address}")).await;
    window.close().await;
    assert_eq!(app.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn without_a_desktop_session_it_says_what_to_do_instead() {
    let desktop = Desktop::start(Furniture { screen: false, tray: false, ..Furniture::ALL }).await;
    let product = desktop.product();
    for (program, arguments) in [(Program::App, &["--hidden"][..]), (Program::App, &[]), (Program::Window, &[])] {
        let mut started = product.begin_program(program, arguments);
        assert_ne!(started.ended().await.code(), Some(0), "{program:?} {arguments:?}");
        let said = started.said();
        assert!(said.contains("lamplighter serve"), "{program:?} {arguments:?}: {said}");
        assert!(!said.contains("panicked"), "{program:?} {arguments:?}: {said}");
    }
}

#[tokio::test]
async fn a_display_that_goes_away_takes_nothing_with_it_but_the_window() {
    let servers = Servers::start(3600).await;
    let (mut desktop, mut product, app) = started(Furniture::ALL).await;
    product.sign_in(&servers.mcp).await;
    let tray = desktop.tray().await;
    tray.click().await;
    desktop.screen.as_ref().unwrap().until_window("Lamplighter").await;
    servers.control("delay=1500").await;
    let mut exchanges = servers.exchanges().await;
    product.done(&["retry", NAME]).await;
    let came = exchanges.recv().await.unwrap();
    assert!(came.contains("came"), "{came}");

    let other = Screen::start(&desktop.bus).await;
    desktop.screen.as_mut().unwrap().tear_away();
    servers.control("delay=0").await;
    product.until_status("the renewal to end", |now| now["status"] == "running" && !has(now, "not_stored")).await;
    let tree = Tree::below(app.id());
    until("the end of the window", async || (tree.count() == 1).then_some(())).await;
    tray.press(&["Open Lamplighter"]).await;
    desktop.notices().until_shown("a word about it", 0, |it| it.summary == "The window cannot be shown").await;

    // The person is back, at another screen.
    let panel = Panel::start(&desktop.bus, &other).await;
    desktop.tray().await.until_lamp("lit").await;
    product.set("DISPLAY", other.name());
    let mut again = product.desktop(&[]);
    let window = other.until_window("Lamplighter").await;
    other.close(&window).await;
    assert_eq!(again.ended().await.code(), Some(0), "the second start was a window where the first could show none");
    let window = Window::open(&product, &[]).await;
    window.until_reads("The display that Lamplighter was started on cannot be reached").await;
    window.close().await;
    assert_eq!(servers.count("sign_ins").await, 1, "nothing was lost");
    assert_eq!(servers.count("reused_refresh_tokens").await, 0);
    assert!(!app.said().contains("panicked"), "{}", app.said());
    assert_eq!(app.terminate().await.code(), Some(0));
    panel.end().await;
}

#[tokio::test]
async fn the_end_of_the_session_ends_the_app_by_draining() {
    let (desktop, product, mut app) = started(Furniture::ALL).await;
    desktop.tray().await.until_status_line("No servers yet").await;
    drop(desktop);
    assert_eq!(app.ended().await.code(), Some(0), "{}", app.said());
    let engine = product.serve().await;
    assert_eq!(engine.terminate().await.code(), Some(0), "the profile was free for the next session");
}
