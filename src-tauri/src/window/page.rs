//! The window's own program: one webview, which shows the page that is in the program and nothing else.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use lamplighter_client::Client;
use lamplighter_engine::api::WindowRequest;
use lamplighter_engine::launch;
use lamplighter_engine::profile::Profile;
use tauri::webview::{NewWindowResponse, PageLoadEvent};
use tauri::{AppHandle, Manager, RunEvent, Theme, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder};
use tokio::io::{AsyncBufReadExt, BufReader};
use tracing_subscriber::EnvFilter;

use super::{NO_DISPLAY, Said, Told};
use crate::bridge::{Bridge, BridgeError};
use crate::clipboard::Clipboard;
use crate::{commands, context, give_up, host};

/// The one window's label.
const LABEL: &str = "main";

/// Runs the window at `place` until it is closed. `attached`: as the child of a resident.
pub(crate) fn run(place: WindowRequest, attached: bool) -> ExitCode {
    let filter = EnvFilter::try_from_env("LAMPLIGHTER_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
    if let Err(error) = host::display() {
        return give_up(NO_DISPLAY, &error, host::NoDisplay::hint());
    }
    let profile = Profile::locate(&launch::environment());
    if let Err(error) = Client::of(&profile) {
        return give_up(3, &error, "start `lamplighter-desktop`, or `lamplighter serve`");
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return give_up(1, &error, "try again"),
    };
    tauri::async_runtime::set(runtime.handle().clone());
    let clipboard = Clipboard::default();
    let bridge = Arc::new(Bridge::new(profile, place, move |text| {
        let copied = if attached {
            say(&Said::Copy(text)).map_err(Into::into)
        } else {
            clipboard.copy(text).map_err(Into::into)
        };
        copied.map_err(BridgeError::NoClipboard)
    }));
    let app = tauri::Builder::default().manage(Arc::clone(&bridge)).invoke_handler(commands::all()).build(context());
    let app = match app {
        Ok(app) => app,
        Err(error) => return give_up(1, &error, "where there is no desktop, use `lamplighter`"),
    };
    let theme = runtime.block_on(bridge.theme());
    let told = runtime.handle().clone();
    let code = app.run_return(move |app, event| {
        if let RunEvent::Ready = event {
            if let Err(error) = open(app, &bridge, theme, attached) {
                give_up(1, &error, "see that WebKitGTK is installed (libwebkit2gtk-4.1-0)");
                app.exit(1);
            } else if attached {
                told.spawn(obey(app.clone(), Arc::clone(&bridge)));
            }
        }
    });
    runtime.shutdown_background();
    if code == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn open(app: &AppHandle, bridge: &Arc<Bridge>, theme: Option<Theme>, attached: bool) -> tauri::Result<()> {
    let opener = Arc::clone(bridge);
    let window = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::default())
        .title("Lamplighter")
        .inner_size(880.0, 640.0)
        .min_inner_size(420.0, 360.0)
        .theme(theme)
        // An empty window would flash in the wrong colour: it is seen when there is something to see.
        .visible(false)
        .on_page_load(move |window, load| {
            if load.event() == PageLoadEvent::Finished {
                present_loaded(&window, attached);
            }
        })
        // It keeps nothing from one time to the next.
        .incognito(!is_driven())
        .on_navigation(is_ours)
        .on_new_window(move |address, _| {
            let opener = Arc::clone(&opener);
            tauri::async_runtime::spawn(async move {
                if let Err(error) = opener.open(address.as_str()).await {
                    tracing::warn!(%error, "a link was not opened");
                }
            });
            NewWindowResponse::Deny
        });
    window.build().map(drop)
}

/// Whether a driver of tests may take hold of the page: it can in a session alone that is not private. Tauri looks at the
/// same variable.
fn is_driven() -> bool {
    std::env::var_os("TAURI_WEBVIEW_AUTOMATION").is_some_and(|driven| driven == "true")
}

/// Whether an address is one of the page in the program, as Tauri serves it.
fn is_ours(address: &Url) -> bool {
    address.scheme() == "tauri" || address.host_str() == Some("tauri.localhost")
}

/// Does what the resident tells, and ends with it.
async fn obey(app: AppHandle, bridge: Arc<Bridge>) {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        match serde_json::from_str(&line) {
            Ok(Told::Show { number, place }) => {
                bridge.go(place);
                let window = app.clone();
                // In turn with whatever else befalls the window: one that was closed just now says nothing.
                if let Err(error) = app.run_on_main_thread(move || present(&window, number)) {
                    tracing::debug!(%error, "the window is just closing");
                }
            }
            Err(error) => tracing::error!(%error, "the resident tells something unknown"),
        }
    }
    app.exit(0);
}

/// Shows the window for the first time, and tells the resident so.
fn present_loaded(window: &WebviewWindow, attached: bool) {
    if let Err(error) = window.show().and_then(|()| window.set_focus()) {
        tracing::warn!(%error, "the window does not come to the front");
    }
    if attached {
        say_shown(0);
    }
}

/// Brings the window to the front, if it is there still, and tells the resident so.
fn present(app: &AppHandle, number: u64) {
    let Some(window) = app.get_webview_window(LABEL) else { return };
    if let Err(error) = window.unminimize().and_then(|()| window.show()).and_then(|()| window.set_focus()) {
        tracing::warn!(%error, "the window does not come to the front");
    }
    say_shown(number);
}

fn say_shown(number: u64) {
    // A resident that is gone already takes the window with it in a moment.
    if let Err(error) = say(&Said::Shown(number)) {
        tracing::debug!(%error, "the resident is gone");
    }
}

/// Tells the resident.
fn say(said: &Said) -> io::Result<()> {
    let mut line = serde_json::to_vec(said)?;
    line.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(&line)?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_shown_but_the_page_in_the_program() {
        for ours in ["tauri://localhost/", "tauri://localhost/index.html#add", "http://tauri.localhost/"] {
            assert!(is_ours(&ours.parse().unwrap()), "{ours}");
        }
        for foreign in [
            "https://mcp.linear.app/",
            "http://127.0.0.1:4114/",
            "http://tauri.localhost.example/",
            "file:///etc/passwd",
            "data:text/html,hello",
            "about:blank",
        ] {
            assert!(!is_ours(&foreign.parse().unwrap()), "{foreign}");
        }
    }
}
