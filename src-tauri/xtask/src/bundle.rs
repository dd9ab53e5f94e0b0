//! What people install: the tray app, the command line, and what starts the app with the session.

use anyhow::Result;

use crate::process::{cargo, command, run, say, top};
use crate::{tools, ui};

/// Builds the packages of this platform: on Linux a `.deb`.
///
/// # Errors
/// With the first step that fails.
pub(crate) fn bundle() -> Result<()> {
    tools::prepare_build()?;
    tools::prepare_bundle()?;
    ui::ui()?;
    run(&mut cargo(["build", "--release", "--package", "lamplighter-cli"]))?;
    let bundler = "src-tauri/bundle/node_modules/@tauri-apps/cli/tauri.js";
    run(&mut command("node", [bundler, "build", "--ci"]))?;
    say("The packages are below target/release/bundle.");
    Ok(())
}
