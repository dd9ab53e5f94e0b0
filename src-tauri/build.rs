//! What Tauri wants to know when the app is built: the commands that its window may be allowed, and that there is a page.

use std::path::Path;
use std::{fs, io};

use tauri_build::{AppManifest, Attributes};

const COMMANDS: &[&str] = &["call", "events", "open", "copy", "place", "autostart", "set_autostart"];

/// Where the page is, once npm has built it.
const PAGE: &str = "../ui/dist";

fn main() {
    println!("cargo::rerun-if-changed={PAGE}");
    let attributes = Attributes::new().app_manifest(AppManifest::new().commands(COMMANDS));
    let built = stand_in().map_err(Into::into).and_then(|()| tauri_build::try_build(attributes));
    if let Err(error) = built {
        println!("cargo::error={error:#}");
    }
}

/// Where the page was not built yet, another that says so: everything but the window can be worked on without npm.
fn stand_in() -> io::Result<()> {
    let page = Path::new(PAGE).join("index.html");
    if page.exists() {
        return Ok(());
    }
    fs::create_dir_all(PAGE)?;
    fs::write(
        page,
        "<!doctype html>\n<title>Lamplighter</title>\n<p>The page was not built: run npm ci and npm run build in ui.</p>\n",
    )
}
