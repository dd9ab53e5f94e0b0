//! The web UI: what it is made of, whether it holds, and its build in `ui/dist`.

use std::path::PathBuf;

use anyhow::Result;

use crate::process::{npm, run, top};
use crate::tools;

/// Installs, checks, tests and builds it.
///
/// # Errors
/// With the first step that fails.
pub(crate) fn ui() -> Result<()> {
    tools::prepare_ui()?;
    for script in ["check", "test", "build"] {
        npm_run(script)?;
    }
    Ok(())
}

/// Builds it where that was never done: the desktop app cannot be compiled without.
///
/// # Errors
/// When it cannot be built.
pub(crate) fn built() -> Result<()> {
    // What stands in for the page where npm is not at hand has none.
    if folder().join("dist/assets").is_dir() { Ok(()) } else { build() }
}

/// Builds it as it is now.
///
/// # Errors
/// When it cannot be built.
pub(crate) fn build() -> Result<()> {
    tools::prepare_ui()?;
    npm_run("build")
}

/// Tests it in a browser, against the `lamplighter` that is built.
///
/// # Errors
/// With the tests that fail.
pub(crate) fn pages() -> Result<()> {
    npm_run("test:pages")
}

/// Where it is made.
pub(crate) fn folder() -> PathBuf {
    top().join("ui")
}

fn npm_run(script: &str) -> Result<()> {
    run(npm(["run", "--silent", script]).current_dir(folder()))
}
